// Cells of arrays, and the operands of an operation as its derivations read them.

import { named } from "../trace.js";

export const size = (shape) => shape.reduce((n, k) => n * k, 1);

/** The place of a cell in row-major order. */
export function flat(shape, cell) {
  let at = 0;
  for (let i = 0; i < shape.length; i++) at = at * shape[i] + cell[i];
  return at;
}

/** The cell at this place in row-major order. */
export function cellAt(shape, at) {
  const cell = new Array(shape.length);
  for (let i = shape.length - 1; i >= 0; i--) {
    cell[i] = at % shape[i];
    at = Math.floor(at / shape[i]);
  }
  return cell;
}

/** Every cell of a box, row by row; `spans` are [first, end] of each axis. */
export function* box(spans) {
  for (const cell of walk(spans)) yield [...cell];
}

/** The same, but one and the same array is given at each turn. */
export function* walk(spans) {
  if (spans.some(([first, end]) => first >= end)) return;
  const cell = spans.map(([first]) => first);
  for (;;) {
    yield cell;
    let axis = cell.length - 1;
    for (; axis >= 0; axis--) {
      if (++cell[axis] < spans[axis][1]) break;
      cell[axis] = spans[axis][0];
    }
    if (axis < 0) return;
  }
}

/** Calls `visit(offset, n)` for every row of a box in an array of this shape, in their order: its n numbers lie together,
 *  the first at this place. */
export function eachRun(shape, spans, visit) {
  const rank = shape.length;
  if (spans.some(([first, end]) => first >= end)) return;
  const step = shape.map((_, axis) => size(shape.slice(axis + 1)));
  const cell = spans.map(([first]) => first);
  for (;;) {
    let start = 0;
    for (let axis = 0; axis < rank; axis++) start += cell[axis] * step[axis];
    const along = rank ? spans[rank - 1][1] - spans[rank - 1][0] : 1;
    visit(start, along);
    let axis = rank - 2;
    for (; axis >= 0; axis--) {
      if (++cell[axis] < spans[axis][1]) break;
      cell[axis] = spans[axis][0];
    }
    if (axis < 0) return;
  }
}

export const cells = (shape) => box(shape.map((n) => [0, n]));

/** The cell of an operand of this shape that broadcasting puts at this cell of the result. */
export const underneath = (shape, cell) => shape.map((n, i) => (n === 1 ? 0 : cell[cell.length - shape.length + i]));

/** The box of an array of shape `full` to whose cells broadcasting takes this cell of an operand. */
export function spansAbove(shape, cell, full) {
  const more = full.length - shape.length;
  return full.map((n, i) =>
    i < more || (shape[i - more] === 1 && n !== 1) ? [0, n] : [cell[i - more], cell[i - more] + 1],
  );
}

/** Its cells, one by one. */
export const above = (shape, cell, full) => box(spansAbove(shape, cell, full));

/** A function of a cell of the result: where in an operand's data broadcasting finds its number. */
export function placeUnder(shape) {
  const step = shape.map((n, axis) => (n === 1 ? 0 : size(shape.slice(axis + 1))));
  const rank = shape.length;
  return (cell) => {
    let at = 0;
    for (let i = 0, from = cell.length - rank; i < rank; i++) at += cell[from + i] * step[i];
    return at;
  };
}

/** One array that an operation reads: `at(cell)` is its number there, with where it stands. */
export class Operand {
  constructor(trace, name, number) {
    const { shape } = trace.values[number];
    const { data, shape: kept } = trace.array(number);
    Object.assign(this, { name, value: number, shape, kept, data });
  }

  /** Whether this cell was kept: of a large batch only two samples are. */
  has(cell) {
    return this.kept.every((n, i) => cell[i] < n);
  }

  number(cell) {
    return this.has(cell) ? this.data[flat(this.kept, cell)] : NaN;
  }

  at(cell) {
    return { name: this.name, value: this.value, cell, number: this.number(cell), kept: this.has(cell) };
  }

  /** The number that broadcasting puts at this cell of the result. */
  under(cell) {
    return this.at(underneath(this.shape, cell));
  }
}

/** A number that was given as such. */
export class Plain {
  constructor(name, number) {
    Object.assign(this, { name, shape: [], kept: [], plain: Number(number) });
  }

  has() {
    return true;
  }

  number() {
    return this.plain;
  }

  at() {
    return { name: this.name, value: null, cell: [], number: this.plain, kept: true };
  }

  under() {
    return this.at();
  }
}

/** The operands of an operation by the rule's letters: an Operand, a list of them, a Plain number, or what else was given;
 *  `names` are what to call them. */
export function operandsOf(trace, op, names = named()) {
  const found = named();
  for (const [name, given] of Object.entries(op.operands)) {
    if (given.value !== undefined && given.value !== null)
      found[name] = new Operand(trace, names[name] ?? name, earlier(trace, op, given.value));
    else if (given.values)
      found[name] = given.values.map((n, i) => (n === null ? null : new Operand(trace, `${name}[${i}]`, n)));
    else found[name] = isNumber(given.plain) ? new Plain(name, given.plain) : given.plain;
  }
  return found;
}

const isNumber = (x) => typeof x === "number" || typeof x === "boolean" || ["NaN", "Infinity", "-Infinity"].includes(x);

/** What hands its operand on unchanged may bear its result's number: then the gradient of the same that came before. */
function earlier(trace, op, number) {
  if (op.kind !== "adjoint" || op.result !== number) return number;
  const { of, by } = trace.values[number];
  const before = trace.values.findIndex(
    (v, i) => i !== number && v.role === "gradient" && v.of === of && v.by !== null && v.by < by,
  );
  return trace.operations[by] === op && before >= 0 ? before : number;
}
