// What an operation does, in one sentence for someone who has never seen backpropagation.

import { brief, number, shapeText } from "./numbers.js";
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
  clip: "Gradients that are too large are made smaller before they are used.",
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
    const examples =
      shape.length > 1
        ? ` The first axis counts the ${shape[0]} examples of this batch.`
        : shape.length && !words
          ? " One for each example."
          : "";
    return ["Given: ", result, `, ${what}, ${shapeText(shape)}.${examples}`];
  },
  forward: (context) => {
    const said = FORWARD[context.operation.name]?.(context);
    return said ?? made(context);
  },
  adjoint: (context) => {
    const { operation, trace, operand, result, value } = context;
    const input = operation.name.slice(operation.name.lastIndexOf(".") + 1);
    const forward = trace.operations[operation.of];
    const of = forward?.operands[input]?.value ?? trace.values[operation.result]?.of;
    const whose = of === null || of === undefined ? input : value(of);
    const through = forward ? forward.name : operation.name.slice(0, operation.name.lastIndexOf("."));
    const how = ADJOINT[operation.name]?.(context);
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
      ". That makes ",
      result,
      ".",
    ];
  },
  accumulate: ({ operation, operand, result, trace, value }) => {
    if (operation.says) return [operation.says, " That makes ", result, "."];
    const of = trace.values[operation.result]?.of;
    return [
      of === null || of === undefined ? "A value" : value(of),
      " was used more than once, so it changes the loss along several ways. Their gradients add: what came before, ",
      operand("total"),
      ", and what comes now, ",
      operand("g"),
      ", make ",
      result,
      ".",
    ];
  },
  hook: ({ result, operand }) => [
    "A function of yours (a hook) changed the gradient ",
    operand("g"),
    " into ",
    result,
    ".",
  ],
  norm: ({ operation, trace, result }) => [
    `The gradients of all ${operandValues(operation).length} parameters, put together into one long arrow, have the length `,
    result,
    ` = ${brief(trace.array(operation.result).data[0])}: the root of the sum of all their squares.`,
  ],
  clip: ({ operation, operand, result }) =>
    operation.says
      ? [operation.says, " That makes ", result, "."]
      : [operand("gradient"), " is clipped. That makes ", result, "."],
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
    if (!operation.operands.value)
      return ["An optimizer that the recording doesn't know makes ", result, " of ", operand("target"), "."];
    return ["The layer writes down ", operand("value"), " for later, in place of ", operand("target"), "."];
  },
  after: ({ operation }) => {
    const n = operandValues(operation).length;
    return [
      `${n === 1 ? "The parameter has its new value" : `All ${n} parameters have their new values`}. Training is this step, again and again, with other examples.`,
    ];
  },
};

const FORWARD = {
  __proto__: null, // an operation of the user's may be called "constructor"
  linear: ({ operand, result, operation }) => [
    "Each row of ",
    operand("x"),
    " is multiplied with each column of the weights ",
    operand("w"),
    " and summed",
    operation.operands.bias?.value === undefined ? "" : ["; ", operand("bias"), " is added"],
    ". That makes ",
    result,
    ".",
  ],
  matmul: ({ operand, result }) => [
    "Each row of ",
    operand("a"),
    " is multiplied with each column of ",
    operand("b"),
    " and summed. That makes ",
    result,
    ".",
  ],
  conv2d: ({ operand, result }) => [
    "The kernel ",
    operand("w"),
    " slides over ",
    operand("x"),
    "; at each place, what lies under it is multiplied with it and summed. That makes ",
    result,
    ".",
  ],
  relu: ({ operand, result }) => [
    "Of ",
    operand("a"),
    " negative numbers become 0, the others stay. That makes ",
    result,
    ".",
  ],
  tanh: ({ operand, result }) => [
    "Each number of ",
    operand("a"),
    " is bent into the range −1 to 1. That makes ",
    result,
    ".",
  ],
  sigmoid: ({ operand, result }) => [
    "Each number of ",
    operand("a"),
    " is bent into the range 0 to 1. That makes ",
    result,
    ".",
  ],
  softmax: ({ operand, result }) => [
    operand("a"),
    " becomes shares: each number positive, those of a row together 1. That makes ",
    result,
    ".",
  ],
  add: ({ operand, result }) => [
    operand("a"),
    " and ",
    operand("b"),
    " are added, number by number. That makes ",
    result,
    ".",
  ],
  subtract: ({ operand, result }) => [
    operand("b"),
    " is taken from ",
    operand("a"),
    ", number by number. That makes ",
    result,
    ".",
  ],
  multiply: ({ operand, result }) => [
    operand("a"),
    " and ",
    operand("b"),
    " are multiplied, number by number. That makes ",
    result,
    ".",
  ],
  divide: ({ operand, result }) => [
    operand("a"),
    " is divided by ",
    operand("b"),
    ", number by number. That makes ",
    result,
    ".",
  ],
  mean: ({ operand, result }) => [operand("a"), " is averaged. That makes ", result, "."],
  sum: ({ operand, result }) => [operand("a"), " is summed. That makes ", result, "."],
  reshape: ({ operand, result, trace, operation }) => [
    "The same numbers of ",
    operand("a"),
    ` in another shape, ${shapeText(trace.values[operation.result].shape)}: `,
    result,
    ".",
  ],
  swapaxes: ({ operand, result }) => [
    "The same numbers of ",
    operand("a"),
    ", two of its axes exchanged: ",
    result,
    ".",
  ],
  getitem: ({ operand, result, operation, trace }) =>
    trace.modules[operation.module] === "Embedding"
      ? ["For each token its row of the table ", operand("a"), " is looked up. That makes ", result, "."]
      : Array.isArray(operation.static?.index)
        ? ["Rows or parts of ", operand("a"), " are looked up by their number. That makes ", result, "."]
        : ["A part of ", operand("a"), " is taken. That makes ", result, "."],
  embedding: ({ operand, result }) => [
    "For each token its row of the table ",
    operand("table") ?? operand("w"),
    " is looked up. That makes ",
    result,
    ".",
  ],
  cross_entropies: ({ operand, result }) => [
    "How surprised is the network by the right answer? ",
    operand("logits"),
    " are turned into probabilities; of the one that the right class got, which ",
    operand("labels"),
    " tells, −ln is taken. That makes ",
    result,
    ", one number for each example.",
  ],
  max_pool2d: ({ operand, result }) => [
    "Of each small window of ",
    operand("x"),
    " the largest number is kept. That makes ",
    result,
    ".",
  ],
  average_pool2d: ({ operand, result }) => [
    "Of each small window of ",
    operand("x"),
    " the mean is kept. That makes ",
    result,
    ".",
  ],
  group_statistics: ({ operand, result }) => [
    "Mean and variance of ",
    operand("x"),
    ", group by group. That makes ",
    result,
    ".",
  ],
  group_norm: ({ operand, result }) => [
    operand("x"),
    " is brought to mean 0 and variance 1, group by group, then scaled by ",
    operand("scale"),
    " and shifted by ",
    operand("shift"),
    ". That makes ",
    result,
    ".",
  ],
  layer_norm: ({ operand, result }) => [
    "Each row of ",
    operand("x"),
    " is brought to mean 0 and variance 1, then scaled by ",
    operand("scale"),
    " and shifted by ",
    operand("shift"),
    ". That makes ",
    result,
    ".",
  ],
  attention: ({ operand, result }) => [
    "Each query of ",
    operand("q"),
    " asks how well it fits each key of ",
    operand("k"),
    "; by these shares the values ",
    operand("v"),
    " are mixed. That makes ",
    result,
    ".",
  ],
  unit_length: ({ operand, result }) => [
    "Each row of ",
    operand("x"),
    " is scaled to the length 1, so that a product of two tells their angle. That makes ",
    result,
    ".",
  ],
  where: ({ operand, result }) => [
    "Where ",
    operand("condition"),
    " holds, ",
    operand("a"),
    " is taken, elsewhere ",
    operand("b"),
    ". That makes ",
    result,
    ".",
  ],
};

const NORMALISED = {
  x: ({ operand }) => [
    operand("g"),
    " comes back through the scaling; and as every number moves the mean and the variance, each has a share in what these changed",
  ],
  scale: ({ operand }) => [
    "it multiplied each normalised number, so these are multiplied with ",
    operand("g"),
    " and summed",
  ],
  shift: ({ operand }) => ["it was added to each example, so ", operand("g"), " is summed over them"],
};

const ADJOINT = {
  __proto__: null,
  "linear.x": ({ operand }) => [
    "each number of it reached every output through a weight, so ",
    operand("g"),
    " comes back through the same weights ",
    operand("w"),
  ],
  "linear.w": ({ operand }) => [
    "a weight matters as much as what went into it, so ",
    operand("x"),
    " is multiplied with ",
    operand("g"),
    " and summed over the examples",
  ],
  "linear.bias": ({ operand }) => ["it was added to every example, so ", operand("g"), " is summed over the examples"],
  "matmul.a": ({ operand }) => [
    "each number of it reached the result through a number of ",
    operand("b"),
    ", so ",
    operand("g"),
    " comes back through the same ones",
  ],
  "matmul.b": ({ operand }) => [
    "each number of it reached the result through a number of ",
    operand("a"),
    ", so ",
    operand("g"),
    " comes back through the same ones",
  ],
  "conv2d.w": ({ operand }) => [
    "each weight of the kernel met every place, so the places of ",
    operand("x"),
    " are multiplied with ",
    operand("g"),
    " and summed",
  ],
  "conv2d.x": ({ operand }) => [
    "each number was seen by the kernel at several places, so ",
    operand("g"),
    " comes back through the kernel ",
    operand("w"),
  ],
  "relu.a": ({ operand }) => [operand("g"), " goes on where the number was positive, and is 0 where it was cut off"],
  "tanh.a": ({ operand }) => [operand("g"), " is multiplied with the slope of tanh, 1 − y²"],
  "sigmoid.a": ({ operand }) => [operand("g"), " is multiplied with the slope of the sigmoid, y(1 − y)"],
  "mean.a": ({ operand }) => [
    "each number has an equal share in the mean, so each gets ",
    operand("g"),
    " divided by their count",
  ],
  "sum.a": ({ operand }) => ["each number counts once in the sum, so each gets ", operand("g")],
  "cross_entropies.logits": ({ operand }) => [
    "the probability that each class got, less 1 for the right class, times ",
    operand("g"),
  ],
  "max_pool2d.x": ({ operand }) => [
    operand("g"),
    " goes to the number of each window that was the largest; the others get 0",
  ],
  "multiply.a": ({ operand }) => [operand("g"), " times the other factor, ", operand("b")],
  "multiply.b": ({ operand }) => [operand("g"), " times the other factor, ", operand("a")],
  "reshape.a": ({ operand }) => [operand("g"), " is put back into the shape from before"],
  "swapaxes.a": ({ operand }) => ["the axes of ", operand("g"), " are exchanged back"],
  "getitem.a": ({ operand }) => [operand("g"), " goes to the parts that were taken; all others get 0"],
  "where.a": ({ operand }) => [operand("g"), " goes on where this was taken; elsewhere it's 0"],
  "where.b": ({ operand }) => [operand("g"), " goes on where this was taken; elsewhere it's 0"],
  ...Object.fromEntries(
    ["group_norm", "layer_norm"].flatMap((norm) =>
      Object.entries(NORMALISED).map(([input, told]) => [`${norm}.${input}`, told]),
    ),
  ),
  "unit_length.x": ({ operand }) => [
    "a longer row would make no difference, as its length is brought to 1; so only that part of ",
    operand("g"),
    " counts that turns the row",
  ],
  "attention.q": ({ operand }) => [
    "from ",
    operand("g"),
    " follows how L changes with each share that a query gives, and so with the query, by the keys ",
    operand("k"),
  ],
  "attention.k": ({ operand }) => [
    "from ",
    operand("g"),
    " follows how L changes with each share that a key gets, and so with the key, by the queries ",
    operand("q"),
  ],
  "attention.v": ({ operand }) => [
    "each value was mixed into the results by its share, so ",
    operand("g"),
    " comes back by the same shares",
  ],
  "add.b": ({ operand }) => [operand("g"), " goes on, summed where one number had been added to several"],
};

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
