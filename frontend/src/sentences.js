// What an operation does, in one sentence for someone who has never seen backpropagation.

import { isBatch } from "./cells.js";
import { formulaOf } from "./derive/elementwise.js";
import { NAME } from "./derive/names.js";
import { brief, number, shapeText } from "./numbers.js";
import { BACK } from "./sentences/back.js";
import { FORWARD } from "./sentences/forward.js";
import { operandValues } from "./trace.js";
import { wordsOf } from "./words.js";

/** What each phase of a training step is for. */
export const PHASES = {
  data: "The examples that this step learns from.",
  forward: "The network computes its answer from the data, layer by layer.",
  loss: "The answer is compared with what was wanted. One number, the loss L, says how wrong it was.",
  backward:
    "From the loss back to the first layer: how much would L change if each number changed a little? That is its gradient: above 0, L grows with the number; below 0, it falls.",
  "gradient norm": "How large are all gradients together?",
  clip: "Before they are used, gradients that are too large are made smaller; or your own code changes them.",
  moments: "The optimizer remembers earlier gradients, for each weight on its own.",
  update: "Each weight moves a little, in the direction that makes the loss smaller.",
  after: "The step is done: every weight has its new value.",
};

/** The sentence, as pieces: texts, {value} where a value is named, which the reader can go to, and {operation}, a name. */
export function sentence(operation, trace) {
  const value = (number) => (number === null || number === undefined ? "nothing" : { value: number });
  const operand = (name) => {
    const given = operation.operands[name];
    if (given === undefined) return null;
    if (given.value !== undefined) return value(given.value);
    return given.values ? listed(given.values.map(value)) : plain(given.plain);
  };
  const context = { operation, trace, value, operand, result: value(operation.result) };
  const told = (TELL[operation.kind] ?? TELL.forward)(context);
  return told.flat(Infinity).filter((part) => part !== null && part !== undefined);
}

/** The same as one text. */
export function sentenceText(operation, trace) {
  return sentence(operation, trace)
    .map((part) => (typeof part === "string" ? part : (part.operation ?? trace.values[part.value].name)))
    .join("");
}

/** What came of nudging a weight, beside a number of its gradient: {fine, text}. */
export function checkText({ gradient, difference, error, sides }) {
  const [own, slope] = [number(gradient), number(difference)];
  const says = `The gradient says ${brief(own, 6)}`;
  if (!Number.isFinite(own) || !Number.isFinite(slope))
    return { fine: false, text: `It can't be checked by nudging the weight: the loss isn't a finite number. ${says}.` };
  const fine = number(error) < 1e-3;
  if (sides) {
    const [below, above] = sides.map((x) => brief(number(x), 6));
    const kink = `Here the loss has a kink, as where what goes into a relu is 0: with this number a little smaller its slope is ${below}, a little larger ${above}.`;
    return fine
      ? { fine, text: `Checked. ${kink} The gradient may be any number between; it says ${brief(own, 6)}.` }
      : { fine, text: `Checked, and it doesn't agree. ${kink} ${says}, which isn't between.` };
  }
  return {
    fine,
    text: `${fine ? "Checked" : "Checked, and it doesn't agree"}: with this number a little larger and a little smaller, the loss changes at a rate of ${brief(slope, 6)}. ${says}.`,
  };
}

const TELL = {
  data: ({ operation, trace, result }) => {
    const { shape, shown: said } = trace.values[operation.result];
    const words = wordsOf(trace, operation.result);
    const shown = words ? "tokens" : said;
    const what =
      {
        tokens: "text, a number for each word or letter",
        picture: "pictures",
        waveform: "sound",
        spectrogram: "sound as a spectrogram",
        video: "moving pictures",
      }[shown] ?? "numbers";
    const examples = isBatch(trace.values[operation.result], trace)
      ? shape.length > 1
        ? ` The first axis counts the ${shape[0]} examples of this batch.`
        : words
          ? ""
          : " One for each example."
      : "";
    return ["Given: ", result, `, ${what}, ${shapeText(shape)}.${examples}`];
  },
  forward: (context) => {
    const said = FORWARD[context.operation.name]?.(context);
    return said ?? computed(context) ?? made(context);
  },
  adjoint: (context) => {
    const { operation, trace, operand, result, value } = context;
    const input = operation.name.slice(operation.name.lastIndexOf(".") + 1);
    const forward = trace.operations[operation.of];
    const of = forward?.operands[input]?.value ?? trace.values[operation.result]?.of;
    const whose = of === null || of === undefined ? input : value(of);
    const through = forward ? forward.name : operation.name.slice(0, operation.name.lastIndexOf("."));
    const how = BACK[operation.name]?.(context) ?? byFormula(context, input);
    if (operation.operands.g?.value === operation.result)
      return [
        "Back through ",
        { operation: through },
        ": the gradient that arrived, ",
        result,
        ", goes on to ",
        whose,
        " as it is.",
      ];
    return [
      "Back through ",
      { operation: through },
      " to ",
      whose,
      ": ",
      ...(how ?? ["from ", operand("g"), " follows how L would change with each of its numbers"]),
      spread(context) ? ", summed where one number had met several" : null,
      ". That makes ",
      result,
      ".",
    ];
  },
  accumulate: said,
  hook: ({ result, operand }) => [
    "A function of yours (a hook) changed the gradient ",
    operand("g"),
    " into ",
    result,
    ".",
  ],
  hand: said,
  norm: ({ operation, trace, result }) => {
    const n = operandValues(operation).length;
    return [
      n === 1
        ? `The gradient of ${parametersOf(n, trace)}, as an arrow, has`
        : `The gradients of ${parametersOf(n, trace)}, put together into one long arrow, have`,
      " the length ",
      result,
      ` = ${brief(trace.array(operation.result).data[0])}: the root of the sum of all squares.`,
    ];
  },
  clip: said,
  update: ({ operation, operand, result, value }) => {
    if (operation.phase === "moments") {
      const others = Object.keys(operation.operands).filter((name) => name !== "gradient");
      const fresh = [result, ...Object.values(operation.also ?? {}).map(value)];
      return [
        "The optimizer brings ",
        listed(others.map(operand)),
        " up to date with ",
        operand("gradient"),
        ": now ",
        listed(fresh),
        ".",
      ];
    }
    if (operation.operands.parameter) {
      const { lr } = operation.static ?? {};
      const by = Object.keys(operation.operands).filter((name) => name !== "parameter");
      const rate = lr === undefined ? "" : `, at the learning rate ${brief(number(lr))}`;
      const wanted = by.filter((name) => name !== "gradient").length ? by.filter((name) => name !== "gradient") : by;
      return [
        operand("parameter"),
        " takes its step, by ",
        listed(wanted.map(operand)),
        rate,
        ": it becomes ",
        result,
        ".",
      ];
    }
    if (operation.phase === "update" && operation.operands.value)
      return [
        "Your code wrote to ",
        operand("target"),
        " in place (",
        { operation: operation.name },
        "), by ",
        operand("value"),
        ": it becomes ",
        result,
        ".",
      ];
    if (!operation.operands.value)
      return ["An optimizer that the recording doesn't know makes ", result, " of ", operand("target"), "."];
    return ["The layer writes down ", operand("value"), " for later, in place of ", operand("target"), "."];
  },
  after: ({ operation, trace }) => {
    const n = operandValues(operation).length;
    const whose = parametersOf(n, trace);
    return [
      `${whose[0].toUpperCase()}${whose.slice(1)} ${n === 1 ? "has its new value" : "have their new values"}. Training is this step, again and again, with other examples.`,
    ];
  },
};

/** What the trace says itself, and what that makes. */
function said({ operation, result }) {
  return [operation.says, " That makes ", result, "."];
}

/** So many parameters, of those that the step has: "both parameters", "2 of the 4 parameters". */
function parametersOf(n, trace) {
  const all = trace.values.filter(({ role, by }) => role === "parameter" && !Number.isInteger(by)).length;
  if (n < all) return `${n === 1 ? "one" : n} of the ${all} parameters`;
  return n === 1 ? "the one parameter" : n === 2 ? "both parameters" : `all ${n} parameters`;
}

/** What is computed number by number, as its formula. */
function computed(context) {
  const formula = byFormula(context);
  return formula && ["Number by number: ", context.result, " = ", formula, "."];
}

/** The formula of an operation on each number, or of its gradient to an input, with the values in place of its letters. */
function byFormula({ operation, trace, operand, value }, input = "y") {
  const formula = formulaOf(operation.name, input);
  if (!formula) return null;
  const forward = trace.operations[operation.of] ?? operation;
  const told = (letter) => {
    if (letter === "y" && forward.kind === "forward") return value(forward.result);
    const fixed = operation.static?.[letter];
    return operand(letter) ?? (typeof fixed === "number" ? brief(fixed) : null);
  };
  let end = 0;
  const pieces = [...formula.matchAll(NAME)].flatMap(({ 0: letter, index }) => {
    const before = formula.slice(end, index);
    end = index + letter.length;
    return [before, told(letter) ?? letter];
  });
  return [...pieces, formula.slice(end)];
}

/** Whether a number of an input was used at several places of an operation that works number by number. */
function spread({ operation, trace }) {
  const { name, operands, result } = operation;
  const g = trace.values[operands.g?.value];
  return Boolean(g && formulaOf(name, "y")) && g.shape.join() !== trace.values[result].shape.join();
}

function made({ operation, operand, result }) {
  const names = Object.keys(operation.operands).filter((name) => operation.operands[name].plain === undefined);
  const from = names.length ? [" from ", listed(names.map(operand))] : [];
  return [{ operation: operation.name }, " makes ", result, ...from, "."];
}

function listed(parts) {
  return parts.flatMap((part, i) => [i === 0 ? "" : i === parts.length - 1 ? " and " : ", ", part]);
}

function plain(x) {
  const read = typeof x === "string" && /^(NaN|-?Infinity)$/.test(x) ? Number(x) : x;
  return typeof read === "number" ? brief(read) : JSON.stringify(read);
}
