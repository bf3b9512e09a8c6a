// What looks at a whole row or group to make one number: softmax, cross-entropy, and what goes back through them.

import { constant, line, Stage } from "./terms.js";

const along = (cell, axis, k) => [...cell.slice(0, axis), k, ...cell.slice(axis + 1)];
const axisOf = ({ op, operands }, shape) => {
  const axis = Number(op.static?.axis ?? operands.axis?.plain ?? -1);
  return axis < 0 ? axis + shape.length : axis;
};

/** exp(a − m) of a row: its stage, and the row as references. */
function exponentials(a, cell, axis, allowed = () => true) {
  const row = Array.from({ length: a.shape[axis] }, (_, k) => a.at(along(cell, axis, k)));
  const open = row.filter((x) => allowed(x.cell));
  const largest = open.reduce((m, x) => (Number.isNaN(x.number) ? NaN : Math.max(m, x.number)), -Infinity);
  const stage = new Stage(
    "sum",
    "exp makes every number of the row positive, the larger the more. (The largest is taken off first: the shares stay, and nothing overflows.)",
  );
  for (const x of open)
    stage.add(Math.exp(x.number - largest), () => ["exp(", x, " − ", constant("largest", largest), ")"]);
  return { row, stage, largest, of: (x) => (allowed(x.cell) ? Math.exp(x.number - largest) : 0) };
}

export function softmax(about) {
  const {
      op,
      operands: { a, mask },
      cell,
    } = about,
    axis = axisOf(about, a.shape);
  const allowed = mask?.under ? (place) => mask.under(place).number !== 0 : undefined;
  const { stage, of } = exponentials(a, cell, axis, allowed);
  const own = of(a.at(cell));
  const share =
    op.name === "log_softmax"
      ? line("And the logarithm of its own share.", "ln(own / total)", { own, total: stage.value }, (v) =>
          Math.log(v.own / v.total),
        )
      : line("Its own share of that sum.", "own / total", { own, total: stage.value }, (v) =>
          v.total ? v.own / v.total : 0,
        );
  return {
    formula: op.name === "log_softmax" ? "y = ln(exp(a) / Σ exp(a))" : "y = exp(a) / Σ exp(a)",
    stages: [stage, share],
  };
}

export function softmaxAdjoint(about) {
  const {
      op,
      operands: { g, y },
      cell,
    } = about,
    axis = axisOf(about, g.shape);
  const row = Array.from({ length: g.shape[axis] }, (_, k) => along(cell, axis, k));
  if (op.name.startsWith("log_softmax")) {
    const total = new Stage("sum", "The gradients that arrive at the row, added up.");
    for (const at of row) total.product(g.at(at));
    return {
      formula: "∂a = g − exp(y) · Σ g",
      stages: [
        total,
        line(
          "From its own gradient goes its share of the sum.",
          "g − exp(y) · total",
          { g: g.at(cell), y: y.at(cell), total: total.value },
          (v) => v.g - Math.exp(v.y) * v.total,
        ),
      ],
    };
  }
  const mean = new Stage("sum", "The mean gradient of the row, each by its share y.");
  for (const at of row) mean.product(g.at(at), y.at(at));
  return {
    formula: "∂a = y · (g − Σ g · y)",
    stages: [
      mean,
      line(
        "Shares always add up to 1: only what differs from the mean moves them.",
        "y · (g − mean)",
        { g: g.at(cell), y: y.at(cell), mean: mean.value },
        (v) => v.y * (v.g - v.mean),
      ),
    ],
  };
}

export function crossEntropies({ operands: { logits, labels }, cell }) {
  const label = labels.at(cell),
    { stage, of } = exponentials(logits, [...cell, 0], cell.length);
  const own = of(logits.at([...cell, label.number]));
  return {
    formula: "y = −ln(exp(logits[label]) / Σ exp(logits))",
    stages: [
      stage,
      line(
        `The right class is ${label.number}. Its share of the sum is how probable the model says it is; the loss is minus the logarithm: 0 if it is sure and right.`,
        "−ln(own / total) for label",
        { own, total: stage.value, label },
        (v) => -Math.log(v.own / v.total),
      ),
    ],
  };
}

export function crossEntropiesAdjoint({ operands: { g, logits, labels }, cell }) {
  const place = cell.slice(0, -1),
    k = cell.at(-1),
    label = labels.at(place);
  const { stage, of } = exponentials(logits, cell, cell.length - 1);
  const right = label.number === k ? 1 : 0;
  return {
    formula: "∂logits[k] = g · (softmax(logits)[k] − 1 where k is the label, else 0)",
    stages: [
      stage,
      line(
        `The probability of class ${k}, minus what it should be: ${right ? "1, as it is the label" : `0, as the label is ${label.number}`}.`,
        `g · (own / total − ${right})`,
        { g: g.at(place), own: of(logits.at(cell)), total: stage.value },
        (v) => v.g * (v.own / v.total - right),
      ),
    ],
  };
}

export function logsumexp({ op, operands, cell }, members) {
  const { a } = operands,
    all = [...members(cell)].map((at) => a.at(at));
  const largest = Math.max(...all.map((x) => x.number)),
    m = Number.isFinite(largest) ? largest : 0;
  const stage = new Stage("sum", "The exponentials, without their largest, which is added again below.");
  for (const x of all) stage.add(Math.exp(x.number - m), () => ["exp(", x, " − ", constant("largest", m), ")"]);
  return {
    formula: `y = ln Σ exp(a)`,
    stages: [
      stage,
      line("", "ln(total) + largest", { total: stage.value, largest: m }, (v) => Math.log(v.total) + v.largest),
    ],
    op,
  };
}
