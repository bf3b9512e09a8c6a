// Operations that move numbers and change none: of each cell of the result, which cell it came from. What goes back goes
// the same way; where a number was taken several times, its gradients are added.

import { indexed, places, wrapped } from "./indexing.js";
import { cellAt, cells, flat, size } from "./operands.js";
import { line, Stage, sumOf } from "./terms.js";

const positive = (axis, n) => (axis < 0 ? axis + n : axis);
const given = ({ op, operands }, name) =>
  op.static && name in op.static ? op.static[name] : (operands[name]?.plain ?? operands[name]);

function permuted(about, name, n) {
  if (name === "swapaxes") {
    const order = Array.from({ length: n }, (_, i) => i);
    const [i, j] = [positive(given(about, "axis1"), n), positive(given(about, "axis2"), n)];
    [order[i], order[j]] = [order[j], order[i]];
    return order;
  }
  if (name === "transpose")
    return given(about, "axes")?.map((axis) => positive(axis, n)) ?? Array.from({ length: n }, (_, i) => n - 1 - i);
  const from = [given(about, "source")].flat().map((axis) => positive(axis, n)),
    to = [given(about, "destination")].flat().map((axis) => positive(axis, n));
  const rest = Array.from({ length: n }, (_, i) => i).filter((axis) => !from.includes(axis));
  return Array.from({ length: n }, (_, i) => (to.includes(i) ? from[to.indexOf(i)] : rest.shift()));
}

/** Where a result's cell came from, as [operand, cell] or null, by a function of the cell; null where it isn't known. */
const SOURCES = {
  reshape: sameOrder,
  expand_dims: sameOrder,
  squeeze: sameOrder,
  swapaxes: reordered,
  transpose: reordered,
  moveaxis: reordered,
  broadcast_to: (about, a) => (cell) => a.map((n, i) => (n === 1 ? 0 : cell[cell.length - a.length + i])),
  flip: (about, a) => {
    const axes =
      given(about, "axis") === null
        ? a.map((_, i) => i)
        : [given(about, "axis")].flat().map((axis) => positive(axis, a.length));
    return (cell) => cell.map((k, i) => (axes.includes(i) ? a[i] - 1 - k : k));
  },
  roll: (about, a) => {
    const axis = given(about, "axis"),
      shifts = [given(about, "shift")].flat();
    if (axis === null) return (cell) => cellAt(a, (((flat(a, cell) - shifts[0]) % size(a)) + size(a)) % size(a));
    const axes = [axis].flat().map((i) => positive(i, a.length));
    return (cell) =>
      cell.map((k, i) =>
        axes.reduce((at, one, j) => (one === i ? (((at - shifts[j % shifts.length]) % a[i]) + a[i]) % a[i] : at), k),
      );
  },
  tile: (about, a) => (cell) => a.map((n, i) => cell[cell.length - a.length + i] % n),
  repeat: (about, a) => {
    const repeats = given(about, "repeats"),
      axis = given(about, "axis");
    if (typeof repeats !== "number") return null;
    if (axis === null) return (cell) => cellAt(a, Math.floor(cell[0] / repeats));
    return (cell) => cell.map((k, i) => (i === positive(axis, a.length) ? Math.floor(k / repeats) : k));
  },
  pad: (about, a) => {
    const widths = given(about, "widths");
    return (cell) => {
      const at = cell.map((k, i) => k - widths[i][0]);
      return at.every((k, i) => k >= 0 && k < a[i]) ? at : null;
    };
  },
  spread: (about, a) => {
    const axis = given(about, "axis"),
      keepdims = given(about, "keepdims");
    return (cell) => {
      const axes = axis === null ? cell.map((_, i) => i) : [axis].flat().map((i) => positive(i, cell.length));
      return cell.flatMap((k, i) => (axes.includes(i) ? (keepdims ? [0] : []) : [k])).slice(0, a.length || undefined);
    };
  },
  take: (about, a) => {
    const indices = places(about, "indices"),
      axis = given(about, "axis");
    if (!indices) return null;
    if (axis === null) return (cell) => cellAt(a, wrapped(indices.number(cell), size(a)));
    const first = positive(axis, a.length),
      n = indices.shape.length;
    return (cell) => [
      ...cell.slice(0, first),
      wrapped(indices.number(cell.slice(first, first + n)), a[first]),
      ...cell.slice(first + n),
    ];
  },
  take_along_axis: (about, a) => {
    const indices = places(about, "indices"),
      axis = positive(given(about, "axis"), a.length);
    return indices && ((cell) => cell.map((k, i) => (i === axis ? wrapped(indices.under(cell).number, a[i]) : k)));
  },
  diagonal: (about, a) => {
    const [offset, one, two] = ["offset", "axis1", "axis2"].map((name) => given(about, name));
    const [i, j] = [positive(one, a.length), positive(two, a.length)];
    return (cell) => {
      const rest = cell.slice(0, -1),
        k = cell.at(-1);
      return a.map((_, axis) =>
        axis === i ? k + Math.max(-offset, 0) : axis === j ? k + Math.max(offset, 0) : rest.shift(),
      );
    };
  },
  frames: (about) => (cell) => [...cell.slice(0, -2), cell.at(-2) * given(about, "hop") + cell.at(-1)],
  getitem: indexed,
};

function sameOrder(about, a, y) {
  return (cell) => cellAt(a, flat(y, cell));
}

function reordered(about, a) {
  const order = permuted(about, about.op.name.split(".")[0], a.length);
  return (cell) => {
    const at = Array(a.length);
    order.forEach((axis, i) => (at[axis] = cell[i]));
    return at;
  };
}

export const isMove = (name) => Object.hasOwn(SOURCES, name.split(".")[0]);

const WORDS = {
  getitem: (a) => `Taken out of ${a}, unchanged.`,
  pad: (a) => `Taken from ${a}, or 0 (the padding) where that ends.`,
};

export function move(about) {
  const {
      op,
      operands: { a },
      cell,
      shape,
    } = about,
    source = SOURCES[op.name](about, a.shape, shape);
  if (!source) return null;
  const at = source(cell),
    formula = "y = a, at another place";
  if (!at)
    return {
      formula,
      stages: [
        line("This is padding.", "padding", { padding: about.op.static?.constant_values ?? 0 }, (v) => v.padding),
      ],
    };
  return {
    formula,
    stages: [line(WORDS[op.name]?.(a.name) ?? "The same number, at another place.", "a", { a: a.at(at) }, (v) => v.a)],
  };
}

/** What goes back to a cell: the gradient from every place that it went to. */
export function moveAdjoint(about) {
  const {
      op,
      operands: { g },
      cell,
      shape,
    } = about,
    name = op.name.split(".")[0];
  const formula = "∂a = g, at the place where it came from";
  if (["reshape", "expand_dims", "squeeze"].includes(name)) {
    return {
      formula,
      stages: [
        line(
          "The gradient goes back to where the number came from.",
          "g",
          { g: g.at(cellAt(g.shape, flat(shape, cell))) },
          (v) => v.g,
        ),
      ],
    };
  }
  const source = SOURCES[name](about, shape, g.shape);
  if (!source) return null;
  const found = [];
  let missing = 0;
  for (const at of cells(g.shape)) {
    const from = source(at);
    if (from?.some(Number.isNaN))
      missing++; // where it went isn't kept
    else if (from?.every((k, i) => k === cell[i])) found.push(at);
  }
  if (found.length === 1 && !missing)
    return {
      formula,
      stages: [line("The gradient goes back to where the number came from.", "g", { g: g.at(found[0]) }, (v) => v.g)],
    };
  const say = found.length
    ? `It was used ${found.length} times; what comes back from each is added up.`
    : "It was never used in this step, so nothing comes back.";
  const stage = sumOf(
    say,
    found.map((at) => [g.at(at)]),
  );
  stage.missing += missing;
  return { formula: "∂a = Σ of g over the places it went to", stages: [stage] };
}

// Sequences: end to end, or side by side

export function joined({ op, operands: { arrays }, cell }) {
  const axis = positive(op.static.axis, cell.length);
  if (op.name === "stack") {
    const array = arrays[cell[axis]];
    return {
      formula: "y = the arrays side by side",
      stages: [
        line(`Out of array ${cell[axis]}.`, "a", { a: array.at(cell.filter((_, i) => i !== axis)) }, (v) => v.a),
      ],
    };
  }
  let k = cell[axis];
  const i = arrays.findIndex((array) => k < array.shape[axis] || ((k -= array.shape[axis]), false));
  return {
    formula: "y = the arrays end to end",
    stages: [
      line(`Out of array ${i}.`, "a", { a: arrays[i].at(cell.map((n, j) => (j === axis ? k : n))) }, (v) => v.a),
    ],
  };
}

export function joinedAdjoint({ op, operands, cell }) {
  const { g } = operands,
    i = operands.i?.plain ?? op.static?.i,
    rank = g.shape.length,
    axis = positive(operands.axis?.plain ?? op.static?.axis, rank);
  if (i === undefined || Number.isNaN(axis)) return null;
  if (op.name.startsWith("stack")) {
    return {
      formula: "∂aᵢ = the i-th slice of g",
      stages: [line("", "g", { g: g.at([...cell.slice(0, axis), i, ...cell.slice(axis)]) }, (v) => v.g)],
    };
  }
  const shapes = operands.arrays_shape ?? op.static?.arrays_shape;
  if (!Array.isArray(shapes)) return null;
  const start = shapes.slice(0, i).reduce((sum, shape) => sum + shape[axis], 0);
  return {
    formula: "∂aᵢ = the part of g where aᵢ lies",
    stages: [line("", "g", { g: g.at(cell.map((k, j) => (j === axis ? k + start : k))) }, (v) => v.g)],
  };
}

/** Bags of rows: Σ weights_i · weight[indices_i] over the entries i of a bag. */
export function embeddingBag({ op, operands: { weight, indices, offsets, weights, g }, cell, shape }) {
  const entries = size(indices.shape),
    bags = size(offsets.shape),
    formula = "y = Σ over the bag of weights · its row of the table";
  const bagOf = (i) => Array.from({ length: bags }, (_, b) => b).findLast((b) => offsets.number([b]) <= i);
  const all = Array.from({ length: entries }, (_, i) => i);
  if (op.kind === "forward") {
    const own = all.filter((i) => bagOf(i) === cell[0]);
    return {
      formula,
      stages: [
        sumOf(
          "Every word of the bag: its row of the table, by its weight.",
          own.map((i) => [weights.at([i]), weight.at([indices.number([i]), cell[1]])]),
        ),
      ],
    };
  }
  if (op.name.endsWith(".weights")) {
    const columns = Array.from({ length: g.shape[1] }, (_, c) => [
      g.at([bagOf(cell[0]), c]),
      weight.at([indices.number(cell), c]),
    ]);
    return {
      formula: "∂weights_i = Σ g_b · weight[indices_i]",
      stages: [sumOf("What the bag's gradient says of this row.", columns)],
    };
  }
  const used = all.filter((i) => indices.number([i]) === cell[0]);
  return {
    formula: "∂weight[r] = Σ weights_i · g_b where indices_i = r",
    stages: [
      sumOf(
        `Row ${cell[0]} of ${shape[0]} was used ${used.length} times.`,
        used.map((i) => [weights.at([i]), g.at([bagOf(i), cell[1]])]),
      ),
    ],
  };
}

/** zeros with a added at the index: every place of a whose index is this cell. */
export function scatterAdd(about) {
  const {
    op,
    operands: { a },
    cell,
    shape,
  } = about;
  const source = indexed({ ...about, op }, shape, a.shape);
  if (!source) return null;
  const stage = new Stage("sum", "Every number that is put here is added.");
  for (const at of cells(a.shape)) if (source(at).every((k, i) => k === cell[i])) stage.product(a.at(at));
  return { formula: "y = zeros, with a added at the index", stages: [stage] };
}
