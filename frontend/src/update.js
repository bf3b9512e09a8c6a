// Every optimizer's update of one weight, line by line, as tinyxm_kernels/updates/reference.py has it: from the gradient to
// the new weight. Symbols are those of tinyxm/optim.

import { numbers, parts } from "./derive/terms.js";

const { sqrt, max, min } = Math;

// Each line: the symbol that it makes, what that is, its formula, and the rule on numbers. A name that is made again stands
// for the old number on the right and for the new one from the next line on.

const DECAY = ["g", "gradient, with weight decay", "g + λ · θ", (v) => v.g + v.λ * v.θ];
const NEW = (formula, rule) => ["θ", "new weight", formula, rule];

const METHODS = {
  gradient_descent_update: () => [
    DECAY,
    ["step", "how far the weight moves", "η · g", (v) => v.η * v.g],
    NEW("θ − step", (v) => v.θ - v.step),
  ],
  momentum_update: ({ nesterov }) => [
    DECAY,
    ["u", "velocity: past gradients, each weighing μ times the next", "μ · u + g", (v) => v.μ * v.u + v.g],
    nesterov
      ? ["step", "how far the weight moves, looking ahead", "η · (g + μ · u)", (v) => v.η * (v.g + v.μ * v.u)]
      : ["step", "how far the weight moves", "η · u", (v) => v.η * v.u],
    NEW("θ − step", (v) => v.θ - v.step),
  ],
  adagrad_update: () => [
    DECAY,
    ["s", "sum of all squared gradients", "s + g²", (v) => v.s + v.g ** 2],
    [
      "step",
      "how far the weight moves: less where gradients were large",
      "η · g / (√s + ε)",
      (v) => (v.η * v.g) / (sqrt(v.s) + v.ε),
    ],
    NEW("θ − step", (v) => v.θ - v.step),
  ],
  adadelta_update: () => [
    DECAY,
    ["v", "running mean of the squared gradient", "ρ · v + (1 − ρ) · g²", (x) => x.ρ * x.v + (1 - x.ρ) * x.g ** 2],
    [
      "d",
      "change: in the unit of the weight",
      "g · √(w + ε) / √(v + ε)",
      (x) => (x.g * sqrt(x.w + x.ε)) / sqrt(x.v + x.ε),
    ],
    ["w", "running mean of the squared change", "ρ · w + (1 − ρ) · d²", (x) => x.ρ * x.w + (1 - x.ρ) * x.d ** 2],
    ["step", "how far the weight moves", "η · d", (x) => x.η * x.d],
    NEW("θ − step", (x) => x.θ - x.step),
  ],
  rmsprop_update: ({ centered, momentum }) => [
    DECAY,
    ["v", "running mean of the squared gradient", "α · v + (1 − α) · g²", (x) => x.α * x.v + (1 - x.α) * x.g ** 2],
    ...(centered
      ? [
          ["m", "running mean of the gradient", "α · m + (1 − α) · g", (x) => x.α * x.m + (1 - x.α) * x.g],
          ["s", "its variance: how much the gradient varies", "v − m²", (x) => max(x.v - x.m ** 2, 0)],
          ["d", "change: the gradient over its deviation", "g / (√s + ε)", (x) => x.g / (sqrt(x.s) + x.ε)],
        ]
      : [["d", "change: the gradient over its usual size", "g / (√v + ε)", (x) => x.g / (sqrt(x.v) + x.ε)]]),
    ...(momentum ? [["u", "velocity", "μ · u + d", (x) => x.μ * x.u + x.d]] : []),
    momentum
      ? ["step", "how far the weight moves", "η · u", (x) => x.η * x.u]
      : ["step", "how far the weight moves", "η · d", (x) => x.η * x.d],
    NEW("θ − step", (x) => x.θ - x.step),
  ],
  adam_update: ({ decoupled, largest }) => [
    ...(decoupled ? [["θ", "weight, decayed by itself", "θ − η · λ · θ", (x) => x.θ - x.η * x.λ * x.θ]] : [DECAY]),
    [
      "m",
      "first moment: running mean of the gradient",
      "β₁ · m + (1 − β₁) · g",
      (x) => x["β₁"] * x.m + (1 - x["β₁"]) * x.g,
    ],
    [
      "v",
      "second moment: running mean of its square",
      "β₂ · v + (1 − β₂) · g²",
      (x) => x["β₂"] * x.v + (1 - x["β₂"]) * x.g ** 2,
    ],
    ...(largest ? [["ṽ", "the largest second moment so far", "the larger of ṽ and v", (x) => max(x.ṽ, x.v)]] : []),
    ["m̂", "first moment, corrected for its start at 0", "m / (1 − β₁ ^ t)", (x) => x.m / (1 - x["β₁"] ** x.t)],
    largest
      ? ["v̂", "second moment, corrected for its start at 0", "ṽ / (1 − β₂ ^ t)", (x) => x.ṽ / (1 - x["β₂"] ** x.t)]
      : ["v̂", "second moment, corrected for its start at 0", "v / (1 − β₂ ^ t)", (x) => x.v / (1 - x["β₂"] ** x.t)],
    [
      "step",
      "how far the weight moves: η times the mean gradient over its usual size",
      "η · m̂ / (√v̂ + ε)",
      (x) => (x.η * x["m̂"]) / (sqrt(x["v̂"]) + x.ε),
    ],
    NEW("θ − step", (x) => x.θ - x.step),
  ],
};

/** The symbols of an optimizer's state, as the formulas have them. */
const STATE = {
  __proto__: null, // an optimizer of the user's names its state as it likes
  velocity: "u",
  square_sum: "s",
  square: "v",
  change_square: "w",
  mean: "m",
  largest: "ṽ",
};

// What was done to the gradient before it was used; `hand`: by your own code, of which only what it made is known.
const CLIPS = {
  hand: ["g", "changed by your code, by hand", "changed", (v) => v.changed],
  clip_by_norm: [
    "g",
    "clipped: all gradients together are no longer than the limit",
    "g · min(1, limit / norm)",
    (v) => v.g * min(1, v.limit / v.norm),
  ],
  clip_by_layer: [
    "g",
    "clipped: this array's gradient is no longer than the limit",
    "g · min(1, limit / norm)",
    (v) => v.g * min(1, v.limit / v.norm),
  ],
  clip_by_value: [
    "g",
    "clipped: held within the limit",
    "min(max(g, −limit), limit)",
    (v) => min(max(v.g, -v.limit), v.limit),
  ],
};

/** The settings of an update by their symbols. */
function symbols({ lr, momentum, weight_decay, alpha, rho, eps, betas, step }) {
  return {
    η: lr,
    λ: weight_decay ?? 0,
    μ: momentum ?? 0,
    α: alpha,
    ρ: rho,
    ε: eps,
    "β₁": betas?.[0],
    "β₂": betas?.[1],
    t: step,
  };
}

/** Whether this page knows the method of an update. */
export const isKnown = (update) => Object.hasOwn(METHODS, update.operation);

/**
 * The lines of one weight's update: [{symbol, words, formula, parts, value}], from its gradient to the new weight.
 *
 * `given` has "θ", "g" and the state by its symbols, numbers or references with one; `changes` are those of the gradient
 * before, in their order, as `changesOf` has them: the line of one has its `made`.
 * Of ‖g‖ = 0 nothing is left to clip. No lines where the method isn't known.
 */
export function lines(operation, given, settings, changes = []) {
  const method = METHODS[operation];
  if (!method) return [];
  const variant = {
    ...settings,
    centered: settings.centered && "m" in given,
    momentum: settings.momentum && "u" in given,
    largest: "ṽ" in given,
  };
  const known = { ...given, ...symbols(settings) };
  const found = [];
  const run = ([symbol, words, formula, rule], made) => {
    const value = rule(numbers(known));
    found.push({ symbol, words, formula, parts: parts(formula, known), value, made });
    known[symbol] = value;
  };
  for (const { name, made, ...told } of changes) {
    Object.assign(known, told);
    if (known.norm === 0) known.norm = Number.MIN_VALUE;
    if (CLIPS[name]) run(CLIPS[name], made);
  }
  for (const line of method(variant)) if (line !== DECAY || known.λ) run(line);
  return found;
}

/** The state that an update reads, by symbol → [its name, number before, number after]. */
export const stateOf = (update) =>
  Object.entries(update.state).flatMap(([name, [before, after]]) =>
    STATE[name] ? [[STATE[name], name, before, after]] : [],
  );

/** One weight of an update, as references: θ, the gradient that came back, and the state before. */
export function weightOf(trace, update, cell) {
  const given = [["θ", update.before], ["g", update.gradient], ...stateOf(update).map(([s, , before]) => [s, before])];
  return Object.fromEntries(given.map(([symbol, number]) => [symbol, at(trace, symbol, number, cell)]));
}

const at = (trace, name, value, cell) => ({ name, value, cell, number: trace.array(value).get(cell), kept: true });

/** What became of the gradient between the backward pass and the update, in its order: [{operation, from, made}], the clips
 *  and the changes by your code, with the numbers of the values before and after each. */
export function chain(trace, { gradient, clipped }) {
  const found = [];
  let made = clipped ?? gradient;
  while (made !== gradient) {
    const operation = trace.maker(made);
    if (!operation || operation.number >= found[0]?.operation.number) break; // no trace of ours
    const from = (operation.operands.gradient ?? operation.operands.before)?.value ?? gradient;
    found.unshift({ operation, from, made });
    made = from;
  }
  return found;
}

/** The same for one weight, as `lines` takes it: {made, name, limit, norm}, or {made, name: "hand", changed}. */
export function changesOf(trace, update, cell) {
  return chain(trace, update).map(({ operation: { kind, name, static: told }, made }) =>
    kind === "hand"
      ? { made, name: kind, changed: at(trace, "changed", made, cell) }
      : { made, name, limit: Number(told.limit), norm: Number(told.norm) },
  );
}

/** The update's settings, as numbers. */
export function settingsOf({ settings }) {
  const plain = (x) => (Array.isArray(x) ? x.map(Number) : typeof x === "string" ? Number(x) : x);
  return Object.fromEntries(Object.entries(settings).map(([name, x]) => [name, plain(x)]));
}
