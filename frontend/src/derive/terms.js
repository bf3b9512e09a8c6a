// What a derivation is made of: stages, each some terms that are joined to one number, in text with its numbers.

import { cellAt, eachRun } from "./operands.js";

const NAME = /[\p{L}_][\p{L}\p{M}\p{Nd}_₀-₉]*/gu; // y² is y, and a ² behind it
const KEPT = 5000; // terms of a sum that are told one by one

/** A number with a name, that stands in no array. */
export const constant = (name, number) => ({ name, value: null, cell: null, number, kept: true });

/** A text as parts: each name that `known` has gives way to what it stands for, a reference to a cell, or a constant. */
export function parts(text, known) {
  const found = [];
  let from = 0;
  for (const match of text.matchAll(NAME)) {
    if (!Object.hasOwn(known, match[0])) continue;
    if (match.index > from) found.push(text.slice(from, match.index));
    found.push(typeof known[match[0]] === "number" ? constant(match[0], known[match[0]]) : known[match[0]]);
    from = match.index + match[0].length;
  }
  if (from < text.length) found.push(text.slice(from));
  return found;
}

/** The numbers of references, by name, for a rule to compute with. */
export function numbers(known) {
  return Object.fromEntries(
    Object.entries(known).map(([name, x]) => [name, typeof x === "object" && x ? x.number : x]),
  );
}

const JOINS = {
  sum: { start: 0, add: (a, b) => a + b },
  mean: { start: 0, add: (a, b) => a + b },
  product: { start: 1, add: (a, b) => a * b },
  max: { start: -Infinity, add: (a, b) => (Number.isNaN(a) || Number.isNaN(b) ? NaN : Math.max(a, b)) },
  min: { start: Infinity, add: (a, b) => (Number.isNaN(a) || Number.isNaN(b) ? NaN : Math.min(a, b)) },
};

/** What a run of an array comes to, joined to `x`. */
function joinRun(join, x, data, from, end) {
  if (join === "sum" || join === "mean") for (let i = from; i < end; i++) x += data[i];
  else for (let i = from; i < end; i++) x = JOINS[join].add(x, data[i]);
  return x;
}

/** Terms that are joined: all are counted in, the first thousands told one by one, and what isn't kept is counted. */
export class Stage {
  constructor(join, say) {
    Object.assign(this, { join, say, terms: [], count: 0, missing: 0, joined: JOINS[join]?.start ?? 0 });
  }

  /** How many more terms are told one by one. */
  get room() {
    return Math.max(KEPT - this.count, 0);
  }

  /** Join a sum of n numbers, of which no more is told. */
  joinOnly(sum, n) {
    this.joined += sum;
    this.count += n;
  }

  /** Join a term whose parts are made where they are asked for. */
  add(value, make) {
    if (this.join !== "list") this.joined = JOINS[this.join].add(this.joined, value);
    if (this.count++ < KEPT) {
      this.terms.push({
        value,
        get parts() {
          return make();
        },
      });
    }
  }

  /** One product of references, unless an operand of it wasn't kept. */
  product(...factors) {
    if (factors.some((x) => x.kept === false)) this.missing++;
    else
      this.add(
        factors.reduce((n, x) => n * (x.number ?? x), 1),
        () => factors.flatMap((x, i) => (i ? [" · ", x] : [x])),
      );
  }

  /** Join the numbers of a box of an array, each by itself; of many, without a thing for each. */
  numbersOf(operand, spans) {
    const there = spans.map(([first, end], axis) => [first, Math.min(end, operand.kept[axis])]);
    const count = (box) => box.reduce((n, [first, end]) => n * Math.max(end - first, 0), 1);
    this.missing += count(spans) - count(there);
    const { data, kept } = operand;
    eachRun(kept, there, (start, n) => {
      const told = Math.min(n, this.room);
      for (let i = start; i < start + told; i++) this.add(data[i], () => [operand.at(cellAt(kept, i))]);
      this.joined = joinRun(this.join, this.joined, data, start + told, start + n);
      this.count += n - told;
    });
  }

  get value() {
    return this.join === "mean" ? this.joined / this.count : this.joined;
  }
}

/** A stage of one line that has been worked out. */
export function single(say, text, value, missing = 0) {
  return Object.assign(new Stage("", say), { terms: [{ value, parts: text }], count: 1, joined: value, missing });
}

/** A stage of one line: the text with its names put in. */
export function line(say, text, known, rule) {
  const missing = Object.values(known).some((x) => x?.kept === false) ? 1 : 0;
  return single(say, parts(text, known), rule(numbers(known)), missing);
}

/** A sum over cells of one product each. */
export function sumOf(say, rows) {
  const stage = new Stage("sum", say);
  for (const factors of rows) stage.product(...factors);
  return stage;
}
