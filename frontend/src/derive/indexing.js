// Where a[index] takes a number from, by the forms of index that a trace can tell.

import { flat } from "./operands.js";

/** A place counted from the end, from the start. */
export const wrapped = (k, n) => (k < 0 ? k + n : k);

/** Whole numbers that say where: an operand, or a list that was told. */
export function places(about, name) {
  const found = about.operands[name] ?? about.op.static?.[name];
  if (found?.number) return found;
  return Array.isArray(found) ? listed(found) : typeof found === "number" ? listed(found) : null;
}

function listed(list) {
  const shape = [];
  for (let part = list; Array.isArray(part); part = part[0]) shape.push(part.length);
  const data = [list].flat(Infinity).map(Number);
  const number = (cell) => data[flat(shape, cell)];
  return {
    shape,
    number,
    under: (cell) => ({ number: number(shape.map((n, i) => (n === 1 ? 0 : cell[cell.length - shape.length + i]))) }),
  };
}

const SLICE = /^slice\((None|-?\d+), (None|-?\d+), (None|-?\d+)\)$/;

/** a[index] of NumPy, by integers, slices, ... and None, or by one array of integers; null for what is more than that. */
export function indexed(about, a, y) {
  const index = about.operands.index?.number ? about.operands.index : (about.op.static?.index ?? about.operands.index);
  if (index?.number) return byRows(index, a);
  const parts = Array.isArray(index) ? index : [index];
  const basic = parts.every(
    (part) =>
      typeof part === "number" ||
      part === null ||
      part === "Ellipsis" ||
      (typeof part === "string" && SLICE.test(part)),
  );
  const found = basic ? basicIndex(parts, a, y) : null;
  if (found) return found;
  const list =
    Array.isArray(index) && [index].flat(Infinity).every((k) => typeof k === "number") ? listed(index) : null;
  return list && list.shape.length + a.length - 1 === y.length ? byRows(list, a) : null;
}

const byRows = (index, a) => {
  const n = index.shape.length;
  return (cell) => [wrapped(index.number(cell.slice(0, n)), a[0]), ...cell.slice(n)];
};

function basicIndex(parts, a, y) {
  const taken = parts.filter((part) => part !== null && part !== "Ellipsis").length;
  const at = parts.includes("Ellipsis") ? parts.indexOf("Ellipsis") : parts.length;
  const all = Array(Math.max(a.length - taken, 0)).fill("slice(None, None, None)");
  const full = [...parts.slice(0, at), ...all, ...parts.slice(at + 1)];
  const steps = [];
  let axis = 0,
    made = 0;
  for (const part of full) {
    if (part === null) made++;
    else if (typeof part === "number") steps.push({ fixed: wrapped(part, a[axis++]) });
    else {
      const [start, , step] = SLICE.exec(part)
        .slice(1)
        .map((text) => (text === "None" ? null : Number(text)));
      const by = step ?? 1,
        n = a[axis++];
      const first =
        start === null
          ? by > 0
            ? 0
            : n - 1
          : Math.min(Math.max(wrapped(start, n), by > 0 ? 0 : -1), by > 0 ? n : n - 1);
      steps.push({ first, by, from: made++ });
    }
  }
  if (axis !== a.length || made !== y.length) return null;
  return (cell) => steps.map(({ fixed, first, by, from }) => fixed ?? first + by * cell[from]);
}
