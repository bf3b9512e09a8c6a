// What happens around the tape: gradients that meet are added, measured, clipped; the optimizer's moments, and its update.

import { isKnown, lines, settingsOf, stateOf, weightOf } from "../update.js";
import { Operand } from "./operands.js";
import { line, single, Stage } from "./terms.js";

export function accumulate({ trace, op, operands: { total, g }, cell }) {
  const [say, formula] = op.gathers
    ? [
        "The gradient held something from before this backward pass: that, and what this pass brought.",
        "gradient ← what it held + what this pass brought",
      ]
    : [
        "The value was used more than once. Each use sends a gradient back, and they add up: this is the sum so far, and the next one.",
        "∂L/∂x = Σ over its uses of what each sends back",
      ];
  const stage = new Stage("sum", say);
  for (const x of [total, g].map((one) => one.at(cell))) stage.product({ ...x, name: trace.values[x.value].name });
  return { formula, stages: [stage] };
}

/** What was written in place: running statistics, say. */
export function write({ operands: { value }, cell }) {
  return {
    formula: "target ← value",
    stages: [line("Written over what stood there.", "value", { value: value.under(cell) }, (v) => v.value)],
  };
}

const IN_PLACE = {
  "add in place": ["target + value", (v) => v.target + v.value],
  "subtract in place": ["target − value", (v) => v.target - v.value],
  "multiply in place": ["target · value", (v) => v.target * v.value],
  "divide in place": ["target / value", (v) => v.target / v.value],
};

export const isInPlace = (name) => Object.hasOwn(IN_PLACE, name);

/** What your code computed in place: w −= 0.1 * w.grad. */
export function inPlace({ op, operands: { target, value }, cell }) {
  const [formula, rule] = IN_PLACE[op.name];
  const known = { target: target.at(cell), value: value.under(cell) };
  return { formula: `target ← ${formula}`, stages: [line("Written over what stood there.", formula, known, rule)] };
}

/** √Σ g² over all gradients. */
export function totalNorm({ trace, operands }) {
  const stage = new Stage("sum", "Of each gradient the squares, added up.");
  for (const g of Object.values(operands)) {
    const { name } = trace.values[g.value];
    const sum = g.data.reduce((n, x) => n + x * x, 0);
    stage.add(sum, () => ["Σ ", { name, value: g.value, cell: null, number: null, kept: true }, "²"]);
  }
  return {
    formula: "norm = √Σ g², over every number of every gradient",
    stages: [
      stage,
      line("The root of it is their length together.", "√total", { total: stage.value }, (v) => Math.sqrt(v.total)),
    ],
  };
}

const CLIPS = {
  clip_by_norm:
    "All gradients together are as long as the norm. Where that is more than the limit, all are shortened alike, so that the direction stays.",
  clip_by_layer: "This array's gradient is as long as the norm. Where that is more than the limit it is shortened.",
  clip_by_value: "What is beyond the limit is cut off there, each number by itself.",
};

export function clip({ op, operands: { gradient }, names, cell }) {
  const known = {
    g: { ...gradient.at(cell), name: names.g },
    limit: Number(op.static.limit),
    norm: Number(op.static.norm),
  };
  return op.name === "clip_by_value"
    ? {
        formula: "g ← min(max(g, −limit), limit)",
        stages: [
          line(CLIPS[op.name], "min(max(g, −limit), limit)", known, (v) => Math.min(Math.max(v.g, -v.limit), v.limit)),
        ],
      }
    : {
        formula: "g ← g · min(1, limit / norm)",
        stages: [
          line(
            CLIPS[op.name],
            "g · min(1, limit / norm)",
            known,
            (v) => v.g * (v.norm > 0 ? Math.min(1, v.limit / v.norm) : 1),
          ),
        ],
      };
}

/** A moment, or the new weight: the lines of the update up to the one that makes it. */
export function update({ trace, op, cell, number }) {
  const one = trace.updates.find(
    (u) => u.after === number || Object.values(u.state).some(([, after]) => after === number),
  );
  if (!one || !isKnown(one)) return null;
  const state = stateOf(one).find(([, , , after]) => after === number);
  const symbol = op.phase === "moments" ? state?.[0] : "θ";
  const weight = weightOf(trace, one, cell);
  const clipped = one.clipped ?? one.gradient;
  weight.g = new Operand(trace, "g", clipped).at(cell);
  const all = lines(one.operation, weight, settingsOf(one));
  const last = all.findLastIndex((l) => l.symbol === symbol);
  const made = all.slice(0, last + 1);
  const stages = made.map(({ symbol: name, words, parts, value }) => single(`${name}, ${words}`, parts, value));
  const formula = made.map((l) => `${l.symbol} ← ${l.formula}`).join(",  ");
  const legend = [
    ["θ", one.name],
    ["g", trace.values[clipped].name],
  ];
  return { formula, stages, legend };
}
