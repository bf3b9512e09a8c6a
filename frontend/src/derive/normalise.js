// Normalisation: y = scale · (x − μ) / √(σ² + ε) + shift, unit length, and what goes back through them.

import { box } from "./operands.js";
import { constant, line, parts, Stage } from "./terms.js";

/** The cells of x that share their statistics with this one, and how many there are; `statistics` where they were recorded. */
function groupOf({ op, operands, trace }, cell) {
  const { x } = operands,
    name = op.name.split(".")[0];
  if (name === "layer_norm") {
    const spans = x.shape.map((n, i) => (i < x.shape.length - 1 ? [cell[i], cell[i] + 1] : [0, n]));
    return { spans, size: x.shape.at(-1), statistics: null };
  }
  const statistics = operands.statistics?.at ? operands.statistics : recorded(trace, op, operands);
  const samples = statistics?.shape[1] ?? x.shape[0];
  const groups = statistics?.shape[2] ?? Number(op.static?.groups ?? operands.groups?.plain);
  const width = x.shape.at(-1) / groups,
    group = Math.floor(cell.at(-1) / width);
  const sample = samples === 1 ? [0, x.shape[0]] : [cell[0], cell[0] + 1];
  const spans = [sample, ...x.shape.slice(1, -1).map((n) => [0, n]), [group * width, (group + 1) * width]];
  return {
    spans,
    size: spans.reduce((n, [a, b]) => n * (b - a), 1),
    statistics,
    where: [samples === 1 ? 0 : cell[0], group],
  };
}

/** The result of group_statistics of the same x, where it was recorded apart. */
function recorded(trace, op, operands) {
  const found = trace.operations.find((o) => o.name === "group_statistics" && o.operands.x?.value === operands.x.value);
  return found ? new operands.x.constructor(trace, "statistics", found.result) : null;
}

const members = (group) => box(group.spans);

/** μ and σ² of the group: stages that compute them, or references where the trace has them and not all of x. */
function statistics(about, cell) {
  const group = groupOf(about, cell),
    { x } = about.operands;
  const mean = new Stage("mean", `The mean μ of the ${group.size} numbers that are normalised together.`);
  for (const at of members(group)) mean.product(x.at(at));
  if (mean.missing && group.statistics) {
    const [μ, variance] = [0, 1].map((which) => group.statistics.at([which, ...group.where]));
    return { group, μ, variance, stages: [] };
  }
  const μ = mean.value,
    variance = new Stage("mean", "The variance σ²: the mean of the squared distances to μ.");
  for (const at of members(group)) {
    const one = x.at(at);
    if (one.kept) variance.add((one.number - μ) ** 2, () => ["(", one, " − ", constant("μ", μ), ")²"]);
    else variance.missing++;
  }
  return { group, μ, variance: variance.value, stages: [mean, variance] };
}

const epsilon = ({ op, operands }) => Number(op.static?.eps ?? operands.eps?.plain ?? 1e-5);

export function normalise(about) {
  const {
      operands: { x, scale, shift },
      cell,
    } = about,
    eps = epsilon(about),
    found = statistics(about, cell);
  const known = { x: x.at(cell), μ: found.μ, variance: found.variance, ε: eps };
  const text = scale ? "scale · (x − μ) / √(variance + ε) + shift" : "(x − μ) / √(variance + ε)";
  if (scale) Object.assign(known, { scale: scale.under(cell), shift: shift.under(cell) });
  const rule = (v) => ((v.scale ?? 1) * (v.x - v.μ)) / Math.sqrt(v.variance + v.ε) + (v.shift ?? 0);
  return {
    formula: `y = ${text.replace("variance", "σ²")}`,
    stages: [...found.stages, line("Less the mean, over the spread.", text, known, rule)],
  };
}

export function groupStatistics(about) {
  const {
      operands: { x },
      cell,
      shape,
    } = about,
    [which, sample, group] = cell;
  const width = x.shape.at(-1) / shape[2],
    first = [shape[1] === 1 ? 0 : sample, ...x.shape.slice(1, -1).map(() => 0), group * width];
  const alike = {
    ...about,
    op: { ...about.op, name: "group_norm" },
    operands: {
      x,
      statistics: { shape, at: (at) => ({ cell: at, number: NaN, kept: false, value: null, name: "statistics" }) },
    },
  };
  const found = statistics(alike, first);
  const formula = which === 0 ? "μ = Σ x / n" : "σ² = Σ (x − μ)² / n";
  if (!found.stages.length)
    return {
      formula,
      stages: [
        Object.assign(new Stage("mean", `Of ${found.group.size} numbers, not all of which are kept.`), { missing: 1 }),
      ],
    };
  return { formula, stages: which === 0 ? found.stages.slice(0, 1) : found.stages };
}

export function normaliseAdjoint(about) {
  const {
      op,
      operands: { g, x, scale },
      cell,
    } = about,
    eps = epsilon(about),
    input = op.name.split(".")[1];
  if (input === "shift") {
    const stage = new Stage(
      "sum",
      "shift was added at every place of its channel, so its gradient is the sum of what arrives there.",
    );
    for (const at of box(g.shape.map((n, i) => (i === g.shape.length - 1 ? [cell[0], cell[0] + 1] : [0, n]))))
      stage.product(g.at(at));
    return { formula: "∂shift = Σ g", stages: [stage] };
  }
  const cache = new Map();
  const spread = (at) => {
    const key = groupOf(about, at).spans.join(";");
    if (!cache.has(key)) cache.set(key, statistics(about, at));
    return cache.get(key);
  };
  const standard = (at) => {
    const { μ, variance } = spread(at);
    return (x.number(at) - (μ.number ?? μ)) / Math.sqrt((variance.number ?? variance) + eps);
  };
  if (input === "scale") {
    const stage = new Stage(
      "sum",
      "scale multiplied the normalised x̂ at every place of its channel. Each sends its gradient back, times x̂.",
    );
    for (const at of box(g.shape.map((n, i) => (i === g.shape.length - 1 ? [cell[0], cell[0] + 1] : [0, n])))) {
      if (g.has(at)) stage.product(g.at(at), constant("x̂", standard(at)));
      else stage.missing++;
    }
    return { formula: "∂scale = Σ g · x̂, x̂ = (x − μ) / √(σ² + ε)", stages: [stage] };
  }
  const { group, variance } = spread(cell);
  const h = (at) => g.number(at) * (scale ? scale.under(at).number : 1);
  const means = new Stage("mean", "x moved the mean of its group, so the mean of all h = g · scale comes off.");
  const products = new Stage("mean", "And it moved the spread: the mean of h · x̂.");
  for (const at of members(group)) {
    if (!g.has(at) || !x.has(at)) {
      means.missing++;
      products.missing++;
      continue;
    }
    const known = scale ? { g: g.at(at), scale: scale.under(at), x̂: standard(at) } : { g: g.at(at), x̂: standard(at) };
    means.add(h(at), () => parts(scale ? "g · scale" : "g", known));
    products.add(h(at) * known.x̂, () => parts(scale ? "g · scale · x̂" : "g · x̂", known));
  }
  const known = {
    h: h(cell),
    mean: means.value,
    x̂: standard(cell),
    product: products.value,
    variance: variance.number ?? variance,
    ε: eps,
  };
  return {
    formula: "∂x = (h − mean h − x̂ · mean(h · x̂)) / √(σ² + ε), h = g · scale",
    stages: [
      means,
      products,
      line(
        "What is left of h, over the spread.",
        "(h − mean − x̂ · product) / √(variance + ε)",
        known,
        (v) => (v.h - v.mean - v.x̂ * v.product) / Math.sqrt(v.variance + v.ε),
      ),
    ],
  };
}

// Unit length: y = x / √(Σ x² + ε) along the last axis

function lengthOf(x, cell, eps) {
  const stage = new Stage("sum", "The squares of the row: their sum is its length, squared.");
  for (let k = 0; k < x.shape.at(-1); k++) {
    const one = x.at([...cell.slice(0, -1), k]);
    stage.add(one.number ** 2, () => [one, "²"]);
  }
  return { stage, length: Math.sqrt(stage.value + eps) };
}

export function unitLength(about) {
  const {
      operands: { x },
      cell,
    } = about,
    { stage } = lengthOf(x, cell, epsilon(about));
  return {
    formula: "y = x / √(Σ x² + ε)",
    stages: [
      stage,
      line(
        "Over its length, so that the row has length 1.",
        "x / √(total + ε)",
        { x: x.at(cell), total: stage.value, ε: epsilon(about) },
        (v) => v.x / Math.sqrt(v.total + v.ε),
      ),
    ],
  };
}

export function unitLengthAdjoint(about) {
  const {
      operands: { g, x, y },
      cell,
    } = about,
    { length } = lengthOf(x, cell, epsilon(about));
  const along = new Stage(
    "sum",
    "How much of the gradient points along the row: its length is held at 1, so that part can't act.",
  );
  for (let k = 0; k < x.shape.at(-1); k++)
    along.product(g.at([...cell.slice(0, -1), k]), y.at([...cell.slice(0, -1), k]));
  return {
    formula: "∂x = (g − y · Σ g · y) / √(Σ x² + ε)",
    stages: [
      along,
      line(
        "What is left, over the row's length before.",
        "(g − y · along) / length",
        { g: g.at(cell), y: y.at(cell), along: along.value, length },
        (v) => (v.g - v.y * v.along) / v.length,
      ),
    ],
  };
}
