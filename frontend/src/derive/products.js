// Products and their sums: matrices, layers, convolutions. Of each what it makes, and what goes back to its operands.

import { geluOf } from "./elementwise.js";
import { above, box } from "./operands.js";
import { line, sumOf } from "./terms.js";

const range = (n) => Array.from({ length: n }, (_, i) => i);
const brackets = (cell) => cell.join(", ");

// matmul: Y(…, n, m) = A(…, n, k) B(…, k, m)

export function matmul({ operands: { a, b }, cell }) {
  const batch = cell.slice(0, -2),
    [i, j] = cell.slice(-2);
  const rows = range(a.shape.at(-1)).map((k) => [a.under([...batch, i, k]), b.under([...batch, k, j])]);
  return {
    formula: "y[i, j] = Σ over k of a[i, k] · b[k, j]",
    stages: [
      sumOf(
        `Row ${i} of ${a.name} meets column ${j} of ${b.name}: number by number they are multiplied, and the products added.`,
        rows,
      ),
    ],
  };
}

export function matmulAdjoint({ op, operands, names, cell, shape }) {
  const { g, a, b } = operands,
    input = op.name.split(".")[1];
  const [i, j] = cell.slice(-2),
    inner = g.shape.at(input === "a" ? -1 : -2);
  const lead = shape.slice(0, -2),
    full = g.shape.slice(0, -2);
  const rows = function* () {
    for (const batch of above(lead, cell.slice(0, -2), full)) {
      for (const k of range(inner)) {
        yield input === "a"
          ? [g.under([...batch, i, k]), b.under([...batch, j, k])]
          : [a.under([...batch, k, i]), g.under([...batch, k, j])];
      }
    }
  };
  return input === "a"
    ? {
        formula: "∂a[i, k] = Σ over j of g[i, j] · b[k, j]",
        stages: [
          sumOf(
            `${names.a}[${i}, ${j}] went into every number of row ${i} of the result, each time multiplied by a number of row ${j} of ${names.b}. Each sends its gradient back, times that number.`,
            rows(),
          ),
        ],
      }
    : {
        formula: "∂b[k, j] = Σ over i of a[i, k] · g[i, j]",
        stages: [
          sumOf(
            `${names.b}[${i}, ${j}] went into every number of column ${j} of the result, each time multiplied by a number of column ${i} of ${names.a}. Each sends its gradient back, times that number.`,
            rows(),
          ),
        ],
      };
}

// linear: y = x W + b

export function linear({ op, operands: { x, w, bias }, cell }) {
  const row = cell.slice(0, -1),
    j = cell.at(-1);
  const stage = sumOf(
    `${row.length ? `Row ${brackets(row)} of ${x.name}` : x.name} meets column ${j} of ${w.name}, the weights of this unit: number by number they are multiplied, and the products added${bias ? "; then the bias is added" : ""}.`,
    range(w.shape[0]).map((k) => [x.at([...row, k]), w.at([k, j])]),
  );
  if (bias) stage.product(bias.at([j]));
  const stages = [stage];
  const activation = op.static?.activation ?? "none";
  if (activation === "relu")
    stages.push(line("What is below 0 becomes 0.", "max(z, 0)", { z: stage.value }, (v) => Math.max(v.z, 0)));
  if (activation === "gelu")
    stages.push(line("Then the activation.", "z · Φ(z)", { z: stage.value }, (v) => geluOf(v.z)));
  return { formula: `y[j] = Σ over k of x[k] · w[k, j]${bias ? " + bias[j]" : ""}`, stages };
}

export function linearAdjoint({ op, operands: { g, x, w }, names, cell }) {
  const input = op.name.split(".")[1];
  if (input === "x") {
    const row = cell.slice(0, -1),
      k = cell.at(-1);
    return {
      formula: "∂x[k] = Σ over j of g[j] · w[k, j]",
      stages: [
        sumOf(
          `${names.x}[${brackets(cell)}] went into every unit j of the result, each time multiplied by the weight ${names.w}[${k}, j]. Each sends its gradient back, times that weight.`,
          range(w.shape[1]).map((j) => [g.at([...row, j]), w.at([k, j])]),
        ),
      ],
    };
  }
  const places = () => box(g.shape.slice(0, -1).map((n) => [0, n]));
  const rows = function* () {
    const j = cell.at(-1);
    for (const row of places())
      yield input === "bias" ? [g.at([...row, j])] : [x.at([...row, cell[0]]), g.at([...row, j])];
  };
  if (input === "bias") {
    return {
      formula: "∂bias[j] = Σ over all rows of g[j]",
      stages: [
        sumOf(
          `${names.bias}[${cell[0]}] was added in every row, so its gradient is the sum of what arrives in column ${cell[0]}.`,
          rows(),
        ),
      ],
    };
  }
  return {
    formula: "∂w[k, j] = Σ over all rows of x[k] · g[j]",
    stages: [
      sumOf(
        `${names.w}[${brackets(cell)}] was multiplied by ${names.x}[…, ${cell[0]}] in every row. So each row says: the gradient of its result, times what the weight was multiplied by.`,
        rows(),
      ),
    ],
  };
}

// Convolutions: y[n, p, q, o] = Σ over u, v, c of x[n, p·s + u·d − padding, q·s + v·d − padding, c]·w[u, v, c, o]

/** Which channels of x the output channel o sees: those of its group. */
const firstChannel = (o, [, , inner, outer], groups) => Math.floor(o / (outer / groups)) * inner;

const settings = ({ op, operands }) =>
  Object.fromEntries(
    ["stride", "padding", "dilation", "groups"].map((name) => {
      const given = op.static?.[name] ?? operands[name];
      return [name, given?.plain ?? given ?? (name === "groups" ? 1 : [1, 1])];
    }),
  );

function convolution(x, w, cell, { stride, padding, dilation, groups }) {
  const [n, p, q, o] = cell,
    first = firstChannel(o, w.shape, groups);
  let outside = 0;
  const rows = [];
  for (const [u, v, c] of box(w.shape.slice(0, 3).map((k) => [0, k]))) {
    const i = p * stride[0] + u * dilation[0] - padding[0],
      j = q * stride[1] + v * dilation[1] - padding[1];
    if (i >= 0 && i < x.shape[1] && j >= 0 && j < x.shape[2])
      rows.push([x.at([n, i, j, first + c]), w.at([u, v, c, o])]);
    else outside++;
  }
  const edge = outside ? ` ${outside} numbers of the kernel hang over the edge, where ${x.name} counts as 0.` : "";
  return sumOf(
    `The kernel of output channel ${o} lies on the patch of ${x.name} at row ${p * stride[0] - padding[0]}, column ${q * stride[1] - padding[1]}: number by number they are multiplied, and the products added.${edge}`,
    rows,
  );
}

function inputGradient(g, w, cell, { stride, padding, dilation, groups }) {
  const [n, i, j, c] = cell,
    [height, width, inner, outer] = w.shape;
  const group = Math.floor(c / inner),
    each = outer / groups;
  const rows = [];
  for (const [u, v] of box([
    [0, height],
    [0, width],
  ])) {
    const p = (i + padding[0] - u * dilation[0]) / stride[0],
      q = (j + padding[1] - v * dilation[1]) / stride[1];
    if (!Number.isInteger(p) || !Number.isInteger(q) || p < 0 || q < 0 || p >= g.shape[1] || q >= g.shape[2]) continue;
    for (let o = group * each; o < (group + 1) * each; o++)
      rows.push([g.at([n, p, q, o]), w.at([u, v, c - group * inner, o])]);
  }
  return rows;
}

/** Of each window of every image that is kept the pixel under this number of the kernel, and the window's gradient. */
function weightGradient(say, g, x, cell, shape, { stride, padding, dilation, groups }) {
  const [u, v, c, o] = cell,
    first = firstChannel(o, shape, groups),
    kept = Math.min(g.kept[0], x.kept[0]);
  const stage = sumOf(say, windows());
  stage.missing += (g.shape[0] - kept) * (stage.count / kept || 0);
  return stage;

  function* windows() {
    for (const [n, p, q] of box([kept, g.shape[1], g.shape[2]].map((k) => [0, k]))) {
      const i = p * stride[0] + u * dilation[0] - padding[0],
        j = q * stride[1] + v * dilation[1] - padding[1];
      if (i >= 0 && i < x.shape[1] && j >= 0 && j < x.shape[2]) yield [x.at([n, i, j, first + c]), g.at([n, p, q, o])];
    }
  }
}

const CONV = "y[n, p, q, o] = Σ over u, v, c of x[n, p·stride + u·dilation − padding, …, c] · w[u, v, c, o]";
const TO_X =
  "∂x[n, i, j, c] = Σ g[n, p, q, o] · w[u, v, c, o] over every window (p, q) in which x[n, i, j] lay, under w[u, v]";
const TO_W = "∂w[u, v, c, o] = Σ over n, p, q of x[n, p·stride + u·dilation − padding, …, c] · g[n, p, q, o]";

export const conv2d = (about) => ({
  formula: CONV,
  stages: [convolution(about.operands.x, about.operands.w, about.cell, settings(about))],
});

export function conv2dAdjoint(about) {
  const {
    op,
    operands: { g, x, w },
    cell,
    shape,
  } = about;
  return op.name.endsWith(".x")
    ? {
        formula: TO_X,
        stages: [
          sumOf(
            "This number lay under the kernel in several windows. Each sends its gradient back, times the kernel's number that lay on it.",
            inputGradient(g, w, cell, settings(about)),
          ),
        ],
      }
    : {
        formula: TO_W,
        stages: [
          weightGradient(
            "This number of the kernel was used at every window of every image. Each sends back its gradient, times the pixel that lay under.",
            ...[g, x, cell, shape, settings(about)],
          ),
        ],
      };
}

/** A transposed convolution, and what goes back through it. */
export function transposedConvolution(about) {
  const {
    operands: { g_y, w },
    cell,
  } = about;
  return {
    formula:
      "y[n, i, j, c] = Σ g_y[n, p, q, o] · w[u, v, c, o] over every p·stride + u·dilation − padding = i, and alike for j",
    stages: [
      sumOf(
        "Every number of the small image that reaches this place, times the kernel's number that takes it here.",
        inputGradient(g_y, w, cell, settings(about)),
      ),
    ],
  };
}

export function transposedConvolutionAdjoint(about) {
  const {
    op,
    operands: { g, g_y, w },
    cell,
    shape,
  } = about;
  if (op.name.endsWith(".w"))
    return {
      formula: TO_W,
      stages: [
        weightGradient(
          "Every place where this number of the kernel was used.",
          ...[g_y, g, cell, shape, settings(about)],
        ),
      ],
    };
  return {
    formula: "∂g_y = the convolution of g with w",
    stages: [convolution(rename(g, "g"), w, cell, settings(about))],
  };
}

const rename = (operand, name) => Object.assign(Object.create(Object.getPrototypeOf(operand)), operand, { name });
