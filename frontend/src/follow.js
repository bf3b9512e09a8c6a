// One weight, followed through the step: where it takes part, its gradient, what is made of that, and its new value.
//
// A weight is [update, ...cell]: its place in trace.updates, and the place of the number in the parameter.

import { exampleCell } from "./cells.js";
import { derive } from "./derive.js";
import { box } from "./derive/operands.js";
import { operandValues, resultValues } from "./trace.js";
import { chain } from "./update.js";

const TRIES = 256; // numbers of a result that are looked through for one that the weight took part in,
const TERMS = 20000; // as long as they don't have more terms than these together

const same = (a, b) => a.length === b.length && a.every((k, i) => k === b[i]);

/** A weight of the trace; null for what is none. */
export function weightIn(trace, weight) {
  const [i, ...cell] = Array.isArray(weight) ? weight : [null];
  const one = trace.updates[i];
  return one && trace.array(one.before).has(cell) ? weight : null;
}

/** What an update is called: by its parameter, and which it is of several of that, by several optimizers. */
export function updateName({ updates }, i) {
  const { name } = updates[i];
  const before = updates.slice(0, i).filter((one) => one.name === name).length;
  return before ? `${name} (update ${before + 1})` : name;
}

/** `layer.weight[3, 5]`, by its name. */
export const weightText = (trace, [i, ...cell]) => `${updateName(trace, i)}[${cell.join(",")}]`;

/** The weight that such a text names, spaces or none; null where there is none. */
export function weightOfText(trace, text) {
  const [, name, cell] = /^([^]*)\[([\d, ]*)\]$/.exec(text) ?? [];
  const i = trace.updates.findIndex((_, k) => updateName(trace, k) === name);
  return i < 0 ? null : weightIn(trace, [i, ...cell.split(",").filter(Boolean).map(Number)]);
}

const owners = new WeakMap(); // trace → number of a value → the update whose parameter it belongs to

/** The place in trace.updates of the parameter that a value belongs to: itself, its gradient or a part of that, its moments;
 *  -1 where it belongs to none. */
export function ownerOf(trace, number) {
  if (!owners.has(trace)) {
    const found = new Map();
    trace.updates.forEach(({ before, gradient, clipped, after, state }, i) => {
      for (const n of [before, gradient, clipped, after, ...Object.values(state).flat()])
        if (Number.isInteger(n) && !found.has(n)) found.set(n, i);
    });
    const of = new Map(trace.updates.map(({ before }, i) => [before, i]));
    for (const value of trace.values)
      if (value.role === "gradient" && of.has(value.of)) found.set(value.number, of.get(value.of));
    for (const { kind, operands, result } of trace.operations)
      if (kind === "hand" && found.has(operands.before?.value) && !found.has(result))
        found.set(result, found.get(operands.before.value));
    owners.set(trace, found);
  }
  return owners.get(trace).get(number) ?? -1;
}

/** The place of a number of a value for an example: of a parameter, and of what belongs to one, that whose gradient is the
 *  farthest from 0, so that all views have the same; of another value its own farthest from 0. Null where it's empty. */
export function exampleIn(trace, number) {
  const one = trace.updates[ownerOf(trace, number)];
  const told = one && exampleCell(trace.array(one.gradient));
  return told && trace.array(number).has(told) ? told : exampleCell(trace.array(number));
}

/** What to look at in an operation while a weight is followed: {value, cell}. Its own number where the operation made one;
 *  a number that it took part in; else what the weight, or its gradient, has come to so far. */
export function lookAt(trace, weight, operation) {
  const [i, ...cell] = weight;
  const one = trace.updates[i];
  const made = resultValues(operation).map(([, n]) => n);
  const own = (n) => trace.updates[ownerOf(trace, n)]?.name === one.name;
  const mine = made.includes(one.after) ? one.after : made.find(own);
  if (mine !== undefined && trace.array(mine).has(cell)) return { value: mine, cell };
  const read = operandValues(operation).find(([, n]) => own(n))?.[1];
  if (read !== undefined && operation.kind !== "after" && operation.result !== null) {
    const at = partTaken(trace, operation, read, cell);
    if (at) return { value: operation.result, cell: at };
  }
  const states = Object.values(one.state).map(([, after]) => after);
  const changed = chain(trace, one).map(({ made }) => made);
  const latest = [one.after, ...states, ...changed.reverse(), one.gradient].find(
    (n) => trace.maker(n) && trace.maker(n).number < operation.number,
  );
  return { value: latest ?? one.before, cell };
}

/** A cell of the operation's result whose derivation names this cell of an operand, at best in a term that isn't 0; null
 *  where none is found. */
export function partTaken(trace, operation, value, cell) {
  const { shape } = trace.array(operation.result);
  const last = shape.length - 1;
  const column = cell.at(-1);
  const across = shape.length && shape[last] === trace.values[value].shape.at(-1);
  const spans = shape.map((n, axis) => (axis === last && across ? [column, column + 1] : [0, n]));
  let [tries, terms, found] = [0, 0, null];
  for (const at of box(spans)) {
    if (tries++ === TRIES || terms > TERMS) break;
    const derivation = derive(trace, operation.result, at, operation);
    terms += derivation?.stages.reduce((n, stage) => n + stage.count, 0) ?? 0;
    const term = termWith(derivation, value, cell);
    if (term?.value) return at;
    if (term) found ??= at;
  }
  return found;
}

function termWith(derivation, value, cell) {
  const is = (part) => part?.value === value && (part.cell === null || same(part.cell, cell));
  for (const { terms } of derivation?.stages ?? []) {
    const term = terms.find(({ parts }) => parts.some(is));
    if (term) return term;
  }
  return null;
}

/**
 * The stations of a weight's way, in their order: [{name, number, op, value, cell}]; `number` is the weight's there,
 * and `before`, where its gradient is clipped or changed, what that was.
 * What didn't happen in this step has no station.
 */
export function stations(trace, weight) {
  const [i, ...cell] = weight;
  const one = trace.updates[i];
  const at = (number) => trace.array(number).get(cell);
  const reads = ({ operation, name }) => operation.kind === "forward" && name && operation.phase !== "backward";
  const first = trace.readers[one.before].find(reads)?.operation;
  const moments = Object.values(one.state)[0]?.[1];
  const stepped = trace.operations.find(({ phase, result }) => phase === "update" && result === one.after);
  const ended = trace.operations.find((op) => op.kind === "after" && Object.hasOwn(op.operands, one.name));
  const now = ended && (Object.hasOwn(ended.also ?? {}, one.name) ? ended.also[one.name] : ended.result);
  const changes = chain(trace, one).map(({ operation, from, made }) => ({
    ...{ name: operation.kind === "hand" ? "changed" : "clipped", operation },
    ...{ before: at(from), number: at(made) },
  }));
  const found = [
    { name: "forward", number: at(one.before), operation: first },
    { name: "gradient", number: at(one.gradient), operation: trace.maker(one.gradient) },
    ...changes,
    { name: "moments", number: moments === undefined ? null : at(moments), operation: trace.maker(moments ?? -1) },
    { name: "step", number: at(one.after) - at(one.before), operation: stepped },
    { name: "new value", number: ended && at(now), operation: ended },
  ];
  return found
    .filter(({ operation }) => operation)
    .map(({ operation, ...station }) => ({ ...station, op: operation.number, ...lookAt(trace, weight, operation) }));
}

/** Which station one stands at: the last that has been reached. */
export const reached = (list, op) => list.findLastIndex((station) => station.op <= op);

/** The weight that the ledger has, which one follows who hasn't chosen another. */
export function suggested(store) {
  const { trace, update, state } = store;
  if (update === null) return null;
  const one = trace.updates[update];
  const chosen = state.cell && ownerOf(trace, store.value) === update ? state.cell : null;
  const cell = chosen ?? exampleCell(trace.array(one.gradient));
  return cell && [update, ...cell];
}

/** Whether the store follows this weight. */
export const isFollowed = ({ state }, weight) => state.weight !== null && state.weight.join() === weight.join();

/** On to the station after this one, or (-1) back to the one before; where none is followed, one begins. */
export function toStation(store, by) {
  const { trace, state } = store;
  if (state.weight === null) {
    const weight = suggested(store);
    if (weight) store.followWeight(weight);
    return;
  }
  const list = stations(trace, state.weight);
  const at = reached(list, state.op);
  const next = by < 0 && list[at]?.op < state.op ? at : at + by;
  const station = list[Math.min(Math.max(next, 0), list.length - 1)];
  if (station) goTo(store, station);
}

export const goTo = (store, { op, value, cell }) => store.set({ op, value, cell, playing: false });
