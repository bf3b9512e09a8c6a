// What an operation's formula calls its arrays: by the names that the trace has for them, "w" and "∂L/∂w", instead of the
// rule's own "b" and "g". What nobody gave a name keeps the rule's letter, and is told apart: "y is mean 2"; where
// something else has that name, "y′ is mean 2".

import { named, saysMaker } from "../trace.js";

export const NAME = /(∂?)([\p{L}_][\p{L}\p{M}\p{Nd}_₀-₉]*)/gu;
const ONE_WORD = /^\S+$/;

/** The name that a value was given; null for one that says only what made it, which no formula can be written with. */
function given(trace, number) {
  const value = trace.values[number];
  if (!value) return null;
  if (["clip", "hand"].includes(trace.maker(number)?.kind)) return null; // it's no ∂L/∂w any more
  if (value.role === "gradient") return Number.isInteger(value.of) ? gradientOf(given(trace, value.of)) : null;
  const made = trace.maker(number);
  const only = made && made.kind !== "data" && !made.module && saysMaker(value.name, made);
  return ONE_WORD.test(value.name) && !only ? value.name : null;
}

const known = new WeakMap(); // the values of a trace → all their names

function namesIn({ values }) {
  if (!known.has(values)) known.set(values, new Set(values.map(({ name }) => name)));
  return known.get(values);
}

const gradientOf = (name) => (name === null ? null : `∂L/∂${name}`);

/** {names, unnamed}: by the rule's letters, the names to write; and of those that have none, what the trace calls them. */
export function namesOf(trace, op) {
  const [names, unnamed] = [named(), named()];
  const put = (letter, number) => {
    if (!Number.isInteger(number)) return;
    const name = given(trace, number);
    names[letter] = name ?? (namesIn(trace).has(letter) ? `${letter}′` : letter);
    if (name === null) unnamed[letter] = trace.values[number].name;
  };
  const forward = op.kind === "adjoint" ? trace.operations[op.of] : op;
  for (const { operands } of [forward, op]) {
    for (const [letter, { value }] of Object.entries(operands ?? {})) if (!(letter in names)) put(letter, value);
  }
  if (op.kind === "adjoint") {
    const input = op.name.slice(op.name.lastIndexOf(".") + 1);
    if (!(input in names)) put(input, trace.values[op.result]?.of);
  }
  if (forward?.kind === "forward") put("y", forward.result);
  if (op.kind === "adjoint" && "g" in unnamed) {
    names.g = gradientOf(names.y ?? "y"); // of what the operation made
    delete unnamed.g;
  }
  if (op.kind === "clip") put("g", op.operands.gradient?.value);
  return { names, unnamed };
}

/** A formula with its letters written as names, and what the letters that are left stand for: {text, legend}. */
export function written(formula, { names, unnamed }) {
  const legend = new Map();
  const text = formula.replace(NAME, (whole, sign, letter) => {
    if (!(letter in names)) return whole;
    const one = names[letter] === gradientOf(names.y ?? "y") ? "y" : letter;
    if (one in unnamed) legend.set(names[one], unnamed[one]);
    return sign ? gradientOf(names[letter]) : names[letter];
  });
  return { text, legend: [...legend] };
}
