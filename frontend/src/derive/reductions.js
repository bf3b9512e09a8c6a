// Many numbers to one: sums, means, extremes along axes, and pooling over windows; and what goes back to each.

import { box } from "./operands.js";
import { logsumexp } from "./rows.js";
import { constant, line, Stage, sumOf } from "./terms.js";

/** Which axes are taken together, of an array of this shape. */
function reduced({ op, operands }, shape) {
  const axis = op.static && "axis" in op.static ? op.static.axis : (operands.axis?.plain ?? operands.axis ?? null);
  const axes =
    axis === null || axis === undefined
      ? shape.map((_, i) => i)
      : [axis].flat().map((i) => (i < 0 ? i + shape.length : i));
  const keepdims = Boolean(op.static?.keepdims ?? operands.keepdims?.plain ?? operands.keepdims);
  return { axes: new Set(axes), keepdims };
}

/** The cells of `shape` that were reduced to this cell. */
const from = (about, shape, cell) => box(spansOf(about, shape, cell));

/** The same as a box: [first, end] of each axis. */
function spansOf(about, shape, cell) {
  const { axes, keepdims } = reduced(about, shape);
  const rest = keepdims ? cell.filter((_, i) => !axes.has(i)) : [...cell];
  return shape.map((n, i) => (axes.has(i) ? [0, n] : ((k) => [k, k + 1])(rest.shift())));
}

/** The cell to which this cell of `shape` was reduced. */
function to(about, shape, cell) {
  const { axes, keepdims } = reduced(about, shape);
  return cell.flatMap((k, i) => (axes.has(i) ? (keepdims ? [0] : []) : [k]));
}

const count = (about, shape) => [...reduced(about, shape).axes].reduce((n, axis) => n * shape[axis], 1);

const WORDS = {
  sum: ["sum", "y = Σ a", "All of them added up."],
  mean: ["mean", "y = Σ a / n", "All of them added up, over how many they are."],
  max: ["max", "y = the largest a", "The largest of them."],
  min: ["min", "y = the smallest a", "The smallest of them."],
  prod: ["product", "y = Π a", "All of them multiplied."],
};

export function reduction(about) {
  const {
    op,
    operands: { a },
    cell,
  } = about;
  if (op.name === "logsumexp") return logsumexp(about, (at) => from(about, a.shape, at));
  const [join, formula, say] = WORDS[op.name],
    stage = new Stage(join, say);
  stage.numbersOf(a, spansOf(about, a.shape, cell));
  return { formula, stages: [stage] };
}

export function reductionAdjoint(about) {
  const { op, operands, cell, shape } = about,
    { g, a, y } = operands,
    name = op.name.split(".")[0];
  const at = to(about, shape, cell),
    arrived = g.at(at);
  const extreme = name === "max" || name === "min";
  if (name === "sum")
    return {
      formula: "∂a = g",
      stages: [
        line(
          "Each number of a sum moves it as much as it moves itself: the gradient goes back to all alike.",
          "g",
          { g: arrived },
          (v) => v.g,
        ),
      ],
    };
  if (name === "mean")
    return {
      formula: "∂a = g / n",
      stages: [
        line(
          "Each of the n numbers moves the mean by 1/n of what it moves itself.",
          "g / n",
          { g: arrived, n: count(about, shape) },
          (v) => v.g / v.n,
        ),
      ],
    };
  if (name === "logsumexp")
    return {
      formula: "∂a = g · exp(a − y)",
      stages: [
        line("", "g · exp(a − y)", { g: arrived, a: a.at(cell), y: y.at(at) }, (v) => v.g * Math.exp(v.a - v.y)),
      ],
    };
  if (extreme) {
    const ties = [...from(about, shape, at)].filter((place) => a.number(place) === y.number(at)).length;
    return {
      formula: "∂a = g where a is y, shared among equals; else 0",
      stages: [
        line(
          a.number(cell) === y.number(at)
            ? "This is the one that was taken."
            : "Another one was taken, so this one changes nothing.",
          `g where a is y, else 0${ties > 1 ? ` (shared among ${ties})` : ""}`,
          { g: arrived, a: a.at(cell), y: y.at(at) },
          (v) => (v.a === v.y ? v.g / ties : 0),
        ),
      ],
    };
  }
  const others = new Stage("product", "The product of all the others.");
  for (const place of from(about, shape, at)) if (place.some((k, i) => k !== cell[i])) others.product(a.at(place));
  return {
    formula: "∂a = g · the product of the others",
    stages: [others, line("", "g · others", { g: arrived, others: others.value }, (v) => v.g * v.others)],
  };
}

/** The length of a vector, (Σ |a|ᵖ)^(1/p). */
export function norm(about) {
  const {
      op,
      operands: { a },
      cell,
    } = about,
    p = op.static.ord,
    stage = new Stage("sum", `The sizes to the power ${p}, added up.`);
  for (const at of from(about, a.shape, cell)) {
    const one = a.at(at);
    stage.add(Math.abs(one.number) ** p, () => ["|", one, `|^${p}`]);
  }
  return {
    formula: "y = (Σ |a|^p)^(1/p)",
    stages: [stage, line("", "total ^ (1/p)", { total: stage.value, p }, (v) => v.total ** (1 / v.p))],
  };
}

export function normAdjoint(about) {
  const {
      operands: { g, a, y, ord },
      cell,
      shape,
    } = about,
    at = to(about, shape, cell),
    p = ord?.plain ?? 2;
  return {
    formula: "∂a = g · sign(a) · (|a| / y)^(p − 1)",
    stages: [
      line(
        "",
        "g · sign(a) · (|a| / y) ^ (p − 1)",
        { g: g.at(at), a: a.at(cell), y: y.at(at), p },
        (v) => v.g * Math.sign(v.a) * (Math.abs(v.a) / (v.y || 1)) ** (v.p - 1),
      ),
    ],
  };
}

/** Running sums along an axis; what goes back to each is what arrives at all behind it. */
export function cumsum({ op, operands, cell }) {
  const back = op.kind === "adjoint",
    x = back ? operands.g : operands.a,
    given = op.static?.axis ?? operands.axis?.plain;
  if (given === null || given === undefined) return null;
  const axis = given < 0 ? given + cell.length : given;
  const spans = cell.map((k, i) => (i === axis ? (back ? [k, x.shape[axis]] : [0, k + 1]) : [k, k + 1]));
  return back
    ? {
        formula: "∂a[j] = Σ of g[i] over i ≥ j",
        stages: [
          sumOf(
            "It is part of every sum from here on.",
            [...box(spans)].map((at) => [x.at(at)]),
          ),
        ],
      }
    : {
        formula: "y[i] = Σ of a[j] over j ≤ i",
        stages: [
          sumOf(
            "All up to here.",
            [...box(spans)].map((at) => [x.at(at)]),
          ),
        ],
      };
}

// Pooling: windows of (batch, height, width, channels)

const settings = ({ op, operands }) =>
  ["size", "stride", "padding"].map((name) => op.static?.[name] ?? operands[name]?.plain ?? operands[name]);

function* windowOf([n, p, q, c], [size, stride, padding], shape) {
  for (const [u, v] of box([
    [0, size[0]],
    [0, size[1]],
  ])) {
    const i = p * stride[0] + u - padding[0],
      j = q * stride[1] + v - padding[1];
    if (i >= 0 && j >= 0 && i < shape[1] && j < shape[2]) yield [n, i, j, c];
  }
}

/** The windows (p, q) in which a pixel lies. */
function* windowsOver([n, i, j, c], [size, stride, padding], shape) {
  for (const [u, v] of box([
    [0, size[0]],
    [0, size[1]],
  ])) {
    const p = (i + padding[0] - u) / stride[0],
      q = (j + padding[1] - v) / stride[1];
    if (Number.isInteger(p) && Number.isInteger(q) && p >= 0 && q >= 0 && p < shape[1] && q < shape[2])
      yield [n, p, q, c];
  }
}

export function pool(about) {
  const {
      op,
      operands: { x, bias },
      cell,
    } = about,
    how = settings(about);
  const stage = new Stage(
    op.name === "average_pool2d" ? "sum" : "max",
    op.name === "average_pool2d" ? "The window's numbers, added up." : "The largest of the window.",
  );
  for (const at of windowOf(cell, how, x.shape)) {
    if (bias) {
      const one = x.at(at),
        more = bias.at([at[3]]);
      stage.add(one.number + more.number, () => [one, " + ", more]);
    } else stage.product(x.at(at));
  }
  if (op.name === "average_pool2d") {
    const n = how[0][0] * how[0][1];
    return {
      formula: "y = Σ x / n, n the size of the window",
      stages: [stage, line("", "total / n", { total: stage.value, n }, (v) => v.total / v.n)],
    };
  }
  const stages = [stage];
  if (op.static?.activation === "relu")
    stages.push(line("What is below 0 becomes 0.", "max(z, 0)", { z: stage.value }, (v) => Math.max(v.z, 0)));
  return { formula: bias ? "y = the largest x + bias of the window" : "y = the largest x of the window", stages };
}

export function poolAdjoint(about) {
  const {
      op,
      operands: { g, x, bias, y, activation },
      cell,
      shape,
    } = about,
    how = settings(about),
    input = op.name.split(".")[1];
  if (op.name.startsWith("average_pool2d")) {
    const n = how[0][0] * how[0][1];
    return {
      formula: "∂x = Σ of g / n over the windows it lay in",
      stages: [
        sumOf(
          "Each window that it lay in sends back its gradient, over the window's size.",
          [...windowsOver(cell, how, g.shape)].map((at) => [g.at(at), constant("1/n", 1 / n)]),
        ),
      ],
    };
  }
  if (input === "bias") {
    const stage = new Stage("sum", "The bias was added everywhere in its channel.");
    for (const at of box(g.shape.map((k, i) => (i === 3 ? [cell[0], cell[0] + 1] : [0, k])))) {
      if (activation !== "relu" || y.number(at) > 0) stage.product(g.at(at));
    }
    return { formula: "∂bias = Σ g", stages: [stage] };
  }
  const stage = new Stage(
    "sum",
    "Every window in which this number was the largest sends its gradient back here; all others nothing.",
  );
  for (const at of windowsOver(cell, how, g.shape)) {
    const first = [...windowOf(at, how, shape)].reduce((best, place) =>
      x.number(place) > x.number(best) ? place : best,
    );
    const open = activation !== "relu" || x.number(cell) + (bias?.number([cell[3]]) ?? 0) > 0;
    if (first.every((k, i) => k === cell[i]) && open) stage.product(g.at(at));
  }
  return { formula: "∂x = Σ of g over the windows in which x was the largest", stages: [stage] };
}
