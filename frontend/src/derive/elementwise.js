// Operations on each element: of each the formula with its operands, and of each operand its share of the gradient.

import { placeUnder, spansAbove, walk } from "./operands.js";
import { line, parts, Stage } from "./terms.js";

const { abs, sqrt, exp, log, sin, cos, tanh, sign, max, min, hypot } = Math;
const sigmoid = (a) => 1 / (1 + exp(-a));
const softplus = (a) => max(a, 0) + Math.log1p(exp(-abs(a)));
const held = (x, low, high) => min(max(x, low ?? -Infinity), high ?? Infinity);
const replaced = ({ a, posinf, neginf }) =>
  a > 0 ? (posinf ?? 3.4028234663852886e38) : (neginf ?? -3.4028234663852886e38);
const half = (a, b) => (a > b ? 1 : a === b ? 0.5 : 0);

/** erf: a series near 0, a continued fraction beyond. */
export function erf(x) {
  const a = abs(x);
  if (a > 6) return sign(x);
  if (a < 2.5) {
    let sum = x,
      part = x;
    for (let n = 1; abs(part) > 1e-17 * abs(sum) && n < 200; n++) {
      part *= (-x * x) / n;
      sum += part / (2 * n + 1);
    }
    return (2 / sqrt(Math.PI)) * sum;
  }
  let fraction = 0;
  for (let k = 80; k > 0; k--) fraction = k / 2 / (a + fraction);
  return sign(x) * (1 - exp(-a * a) / sqrt(Math.PI) / (a + fraction));
}

const phi = (a) => exp((-a * a) / 2) / sqrt(2 * Math.PI);
const Phi = (a) => 0.5 * (1 + erf(a / Math.SQRT2));
const inner = (a) => sqrt(2 / Math.PI) * (a + 0.044715 * a ** 3);
export const geluOf = (a, kind) => (kind === "tanh" ? (a * (1 + tanh(inner(a)))) / 2 : a * Phi(a));

function geluSlope(a, kind) {
  if (kind !== "tanh") return Phi(a) + a * phi(a);
  const t = tanh(inner(a)),
    slope = sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * a * a);
  return (1 + t) / 2 + (a * (1 - t * t) * slope) / 2;
}

/** name → what it makes (y) and, by operand, what goes back: the text, and the rule on numbers. */
const RULES = {
  add: { y: ["a + b", (v) => v.a + v.b], a: ["g", (v) => v.g], b: ["g", (v) => v.g] },
  subtract: { y: ["a − b", (v) => v.a - v.b], a: ["g", (v) => v.g], b: ["−g", (v) => -v.g] },
  multiply: { y: ["a · b", (v) => v.a * v.b], a: ["g · b", (v) => v.g * v.b], b: ["g · a", (v) => v.g * v.a] },
  divide: {
    y: ["a / b", (v) => v.a / v.b],
    a: ["g / b", (v) => v.g / v.b],
    b: ["−g · y / b", (v) => (-v.g * v.y) / v.b],
  },
  positive: { y: ["a", (v) => v.a], a: ["g", (v) => v.g] },
  negative: { y: ["−a", (v) => -v.a], a: ["−g", (v) => -v.g] },
  power: {
    y: ["a ^ n", (v) => v.a ** v.n],
    a: ["g · n · a ^ (n − 1)", (v) => (v.n === 0 ? 0 : v.g * v.n * v.a ** (v.n - 1))],
    n: ["g · y · ln(a)", (v) => (v.a > 0 ? v.g * v.y * log(v.a) : 0)],
  },
  square: { y: ["a²", (v) => v.a ** 2], a: ["2 · g · a", (v) => 2 * v.g * v.a] },
  sqrt: { y: ["√a", (v) => sqrt(v.a)], a: ["g / (2 · y)", (v) => v.g / (2 * v.y)] },
  rsqrt: { y: ["1 / √a", (v) => 1 / sqrt(v.a)], a: ["−g · y³ / 2", (v) => (-v.g * v.y ** 3) / 2] },
  exp: { y: ["exp(a)", (v) => exp(v.a)], a: ["g · y", (v) => v.g * v.y] },
  expm1: { y: ["exp(a) − 1", (v) => Math.expm1(v.a)], a: ["g · exp(a)", (v) => v.g * exp(v.a)] },
  exp2: { y: ["2 ^ a", (v) => 2 ** v.a], a: ["g · y · ln(2)", (v) => v.g * v.y * Math.LN2] },
  log: { y: ["ln(a)", (v) => log(v.a)], a: ["g / a", (v) => v.g / v.a] },
  log1p: { y: ["ln(1 + a)", (v) => Math.log1p(v.a)], a: ["g / (1 + a)", (v) => v.g / (1 + v.a)] },
  log2: { y: ["ln(a) / ln(2)", (v) => Math.log2(v.a)], a: ["g / (a · ln(2))", (v) => v.g / v.a / Math.LN2] },
  log10: { y: ["ln(a) / ln(10)", (v) => Math.log10(v.a)], a: ["g / (a · ln(10))", (v) => v.g / v.a / Math.LN10] },
  logaddexp: {
    y: ["ln(exp(a) + exp(b))", (v) => max(v.a, v.b) + Math.log1p(exp(-abs(v.a - v.b)))],
    a: ["g · exp(a − y)", (v) => v.g * exp(v.a - v.y)],
    b: ["g · exp(b − y)", (v) => v.g * exp(v.b - v.y)],
  },
  sin: { y: ["sin(a)", (v) => sin(v.a)], a: ["g · cos(a)", (v) => v.g * cos(v.a)] },
  cos: { y: ["cos(a)", (v) => cos(v.a)], a: ["−g · sin(a)", (v) => -v.g * sin(v.a)] },
  tan: { y: ["tan(a)", (v) => Math.tan(v.a)], a: ["g · (1 + y²)", (v) => v.g * (1 + v.y ** 2)] },
  arcsin: { y: ["arcsin(a)", (v) => Math.asin(v.a)], a: ["g / √(1 − a²)", (v) => v.g / sqrt(1 - v.a ** 2)] },
  arccos: { y: ["arccos(a)", (v) => Math.acos(v.a)], a: ["−g / √(1 − a²)", (v) => -v.g / sqrt(1 - v.a ** 2)] },
  arctan2: {
    y: ["the angle of (b, a)", (v) => Math.atan2(v.a, v.b)],
    a: ["g · b / (a² + b²)", (v) => (v.g * v.b) / (v.a ** 2 + v.b ** 2 || 1)],
    b: ["−g · a / (a² + b²)", (v) => (-v.g * v.a) / (v.a ** 2 + v.b ** 2 || 1)],
  },
  hypot: {
    y: ["√(a² + b²)", (v) => hypot(v.a, v.b)],
    a: ["g · a / y", (v) => (v.g * v.a) / (v.y || 1)],
    b: ["g · b / y", (v) => (v.g * v.b) / (v.y || 1)],
  },
  tanh: { y: ["tanh(a)", (v) => tanh(v.a)], a: ["g · (1 − y²)", (v) => v.g * (1 - v.y ** 2)] },
  sinh: { y: ["sinh(a)", (v) => Math.sinh(v.a)], a: ["g · cosh(a)", (v) => v.g * Math.cosh(v.a)] },
  cosh: { y: ["cosh(a)", (v) => Math.cosh(v.a)], a: ["g · sinh(a)", (v) => v.g * Math.sinh(v.a)] },
  arcsinh: { y: ["arcsinh(a)", (v) => Math.asinh(v.a)], a: ["g / √(a² + 1)", (v) => v.g / sqrt(v.a ** 2 + 1)] },
  arccosh: { y: ["arccosh(a)", (v) => Math.acosh(v.a)], a: ["g / √(a² − 1)", (v) => v.g / sqrt(v.a ** 2 - 1)] },
  arctanh: { y: ["arctanh(a)", (v) => Math.atanh(v.a)], a: ["g / (1 − a²)", (v) => v.g / (1 - v.a ** 2)] },
  sign: { y: ["sign of a", (v) => sign(v.a)], a: ["0 · g", () => 0] },
  abs: { y: ["|a|", (v) => abs(v.a)], a: ["g · sign of a", (v) => v.g * sign(v.a)] },
  maximum: {
    y: ["the larger of a and b", (v) => (v.a > v.b ? v.a : v.b)],
    a: ["g where a > b: a, b, g", (v) => v.g * half(v.a, v.b)],
    b: ["g where b > a: b, a, g", (v) => v.g * half(v.b, v.a)],
  },
  minimum: {
    y: ["the smaller of a and b", (v) => (v.a < v.b ? v.a : v.b)],
    a: ["g where a < b: a, b, g", (v) => v.g * half(v.b, v.a)],
    b: ["g where b < a: b, a, g", (v) => v.g * half(v.a, v.b)],
  },
  clip: {
    y: ["a held between a_min and a_max", (v) => held(v.a, v.a_min, v.a_max)],
    a: [
      "g where a is between a_min and a_max",
      (v) => (v.a >= (v.a_min ?? -Infinity) && v.a <= (v.a_max ?? Infinity) ? v.g : 0),
    ],
  },
  where: {
    y: ["a where condition holds, else b", (v) => (v.condition ? v.a : v.b)],
    a: ["g where condition holds, else 0", (v) => (v.condition ? v.g : 0)],
    b: ["0 where condition holds, else g", (v) => (v.condition ? 0 : v.g)],
  },
  nan_to_num: {
    y: [
      "a where finite, else what stands for it",
      (v) => (Number.isFinite(v.a) ? v.a : Number.isNaN(v.a) ? (v.nan ?? 0) : replaced(v)),
    ],
    a: ["g where a is finite, else 0", (v) => (Number.isFinite(v.a) ? v.g : 0)],
  },
  erf: {
    y: ["erf(a)", (v) => erf(v.a)],
    a: ["g · 2/√π · exp(−a²)", (v) => ((v.g * 2) / sqrt(Math.PI)) * exp(-(v.a ** 2))],
  },
  astype: { y: ["a", (v) => v.a], a: ["g", (v) => v.g] },
  sigmoid: { y: ["1 / (1 + exp(−a))", (v) => sigmoid(v.a)], a: ["g · y · (1 − y)", (v) => v.g * v.y * (1 - v.y)] },
  relu: { y: ["max(a, 0)", (v) => max(v.a, 0)], a: ["g where y > 0, else 0", (v) => (v.y > 0 ? v.g : 0)] },
  leaky_relu: {
    y: ["a where above 0, else slope · a", (v) => (v.a > 0 ? v.a : v.slope * v.a)],
    a: ["g where a > 0, else slope · g", (v) => (v.a > 0 ? v.g : v.slope * v.g)],
  },
  elu: {
    y: ["a where above 0, else alpha · (exp(a) − 1)", (v) => (v.a > 0 ? v.a : v.alpha * Math.expm1(v.a))],
    a: ["g where a > 0, else g · alpha · exp(a)", (v) => (v.a > 0 ? v.g : v.g * v.alpha * exp(v.a))],
  },
  gelu: {
    y: ["a · Φ(a)", (v) => geluOf(v.a, v.approximate)],
    a: ["g · (Φ(a) + a · φ(a))", (v) => v.g * geluSlope(v.a, v.approximate)],
  },
  softplus: { y: ["ln(1 + exp(a))", (v) => softplus(v.a)], a: ["g · σ(a)", (v) => v.g * sigmoid(v.a)] },
  huber: {
    y: [
      "c · (d − c/2), c = d held within ±delta",
      (v) => held(v.d, -v.delta, v.delta) * (v.d - held(v.d, -v.delta, v.delta) / 2),
    ],
    d: ["g · (d held within ±delta)", (v) => v.g * held(v.d, -v.delta, v.delta)],
  },
  binary_cross_entropies: {
    y: [
      "weight · targets · ln(1 + exp(−logits)) + (1 − targets) · ln(1 + exp(logits))",
      (v) => v.weight * v.targets * softplus(-v.logits) + (1 - v.targets) * softplus(v.logits),
    ],
    logits: [
      "g · ((1 − targets) · σ(logits) − weight · targets · σ(−logits))",
      (v) => v.g * ((1 - v.targets) * sigmoid(v.logits) - v.weight * v.targets * sigmoid(-v.logits)),
    ],
  },
};

const KEPT_AS_IS = { a_min: null, a_max: null, approximate: "none" };

export const isElementwise = (name) => Object.hasOwn(RULES, name.split(".")[0]);

/** What such an operation makes ("y"), or what goes back to an input, as a formula of its letters; null where it's none. */
export function formulaOf(name, input) {
  const rules = isElementwise(name) ? RULES[name.split(".")[0]] : {};
  return Object.hasOwn(rules, input) ? rules[input][0].replace(/:.*/, "") : null;
}

/** y = f(its operands at the same place), broadcast. */
export function elementwise({ op, operands, cell }) {
  const rule = RULES[op.name].y;
  if (!rule) return null;
  const known = at(operands, op, cell);
  return { formula: `y = ${rule[0]}`, stages: [one("", rule, known)] };
}

/** What goes back to one operand: one number, or the sum over all places to which broadcasting took it. */
export function elementwiseAdjoint({ op, operands, names, cell, shape }) {
  const [name, input] = op.name.split(".");
  const rule = RULES[name][input];
  const full = operands.g?.shape;
  if (!rule || !full) return null;
  const formula = `∂${input} = ${rule[0]}`;
  if (full.length === shape.length && full.every((n, i) => n === shape[i])) {
    return { formula, stages: [one("", rule, at(operands, op, cell))] };
  }
  const stage = new Stage(
    "sum",
    `${names[input] ?? input} was used at several places (broadcast), so what comes back from each is added up.`,
  );
  sumOver(stage, rule, operands, op, spansAbove(shape, cell, full));
  return { formula: `${formula}, summed over the places where ${input} was used`, stages: [stage] };
}

const one = (say, [text, rule], known) => line(say, text, known, (v) => rule({ ...KEPT_AS_IS, ...v }));

/** Join what a rule makes of the operands at every place of a box. */
function sumOver(stage, [text, rule], operands, op, spans) {
  const v = { ...KEPT_AS_IS, ...at({}, op, []) };
  const arrays = [];
  for (const [name, operand] of Object.entries(operands)) {
    if (operand?.data) arrays.push({ name, data: operand.data, place: placeUnder(operand.kept), start: 0, step: 0 });
    else if (operand?.under) v[name] = operand.number();
    else if (typeof operand === "string") v[name] = operand;
  }
  const [first, end] = spans.at(-1);
  const { kept } = operands.g;
  const along = end - first;
  for (const cell of walk([...spans.slice(0, -1), [first, first + 1]])) {
    const there = kept.every((n, i) => cell[i] < n);
    for (const one of arrays) {
      one.start = one.place(cell);
      cell[cell.length - 1]++;
      one.step = one.place(cell) - one.start;
      cell[cell.length - 1]--;
    }
    const to = there ? Math.max(Math.min(end, kept.at(-1)) - first, 0) : 0;
    const told = Math.min(stage.room, to);
    for (let k = 0; k < told; k++) {
      const place = [...cell.slice(0, -1), first + k];
      stage.add(sumOfRun(rule, v, arrays, k, k + 1), () => parts(text, at(operands, op, place)));
    }
    stage.joinOnly(sumOfRun(rule, v, arrays, told, to), to - told);
    stage.missing += along - to;
  }
}

/** The sum of what a rule makes of arrays, at places of a row. Setting a field takes long where its name varies, so the usual
 *  names have a line of their own. */
function sumOfRun(rule, v, arrays, from, to) {
  const [g, a, b] = ["g", "a", "b"].map((name) => arrays.find((one) => one.name === name));
  const others = arrays.filter((one) => ![g, a, b].includes(one));
  let sum = 0;
  for (let k = from; k < to; k++) {
    if (g) v.g = g.data[g.start + k * g.step];
    if (a) v.a = a.data[a.start + k * a.step];
    if (b) v.b = b.data[b.start + k * b.step];
    for (const { name, data, start, step } of others) v[name] = data[start + k * step];
    sum += rule(v);
  }
  return sum;
}

/** Every operand at this place of the result, and the static arguments. */
function at(operands, op, place) {
  const known = {};
  for (const [name, value] of Object.entries(op.static ?? {})) if (value !== null) known[name] = value;
  for (const [name, operand] of Object.entries(operands)) {
    if (operand?.under) known[name] = operand.under(place);
    else if (typeof operand === "string") known[name] = operand;
  }
  return known;
}
