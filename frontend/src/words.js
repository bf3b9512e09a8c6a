// What the numbers of a vocabulary stand for: words, letters, n-grams, as the trace tells of a table's rows.

import { ownerOf } from "./follow.js";

const known = new WeakMap(); // trace → number of a value → words

/** The words that a value's numbers stand for, by number: of what looks up rows of a table that has words, or says which of
 *  them is right. Null where they are no words. */
export function wordsOf(trace, number) {
  if (!known.has(trace)) known.set(trace, found(trace));
  return known.get(trace).get(number) ?? null;
}

/** The words that stand for the rows of a table, its gradient or its moments; null where it's no such table. */
export function rowWords(trace, number) {
  const owner = trace.updates[ownerOf(trace, number)];
  return trace.words[owner?.name ?? trace.values[number].name] ?? null;
}

function found(trace) {
  const told = new Map();
  const tables = trace.words;
  const lists = Object.values(tables);
  if (!lists.length) return told;
  for (const { number, name, role } of trace.values)
    if (role === "input" && name in tables) told.set(number, tables[name]);
  for (const operation of trace.operations) {
    const { operands } = operation.of === undefined ? operation : trace.operations[operation.of];
    const table = tables[trace.values[(operands.a ?? operands.weight)?.value]?.name];
    const index = (operation.operands.index ?? operation.operands.indices)?.value;
    if (table && index !== undefined) told.set(index, table);
    const { labels } = operation.operands;
    const classes = trace.values[operands.logits?.value]?.shape.at(-1);
    const fits = lists.find((words) => words.length === classes);
    if (fits && labels?.value !== undefined) told.set(labels.value, fits);
  }
  return told;
}
