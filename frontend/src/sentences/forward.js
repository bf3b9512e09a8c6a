// What an operation does on the way forward, of each that has a sentence of its own.

import { brief, shapeText } from "../numbers.js";
import { each } from "./each.js";

/** name → what the operation does; told with the names of its operands, and of what it makes. */
export const FORWARD = {
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
  ...Object.fromEntries(
    [
      ["softmax", ""],
      ["masked_softmax", "; what the mask leaves out gets none"],
    ].map(([name, masked]) => [
      name,
      ({ operand, result }) => [
        operand("a"),
        ` becomes shares: each number positive, those of a row together 1${masked}. That makes `,
        result,
        ".",
      ],
    ]),
  ),
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
  reshape: ({ operand, result, trace, operation }) => [
    "The same numbers of ",
    operand("a"),
    ` in another shape, ${shapeText(trace.values[operation.result].shape)}: `,
    result,
    ".",
  ],
  getitem: ({ operand, result, operation, trace }) =>
    trace.modules[operation.module] === "Embedding"
      ? ["For each token its row of the table ", operand("a"), " is looked up. That makes ", result, "."]
      : Array.isArray(operation.static?.index) && !operation.static.index.some((part) => /^slice|^Ellipsis/.test(part))
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
  power: ({ operand, result, operation }) =>
    operation.operands.n.plain === 2
      ? squared(operand, result)
      : ["Each number of ", operand("a"), " is raised to the power ", operand("n"), ". That makes ", result, "."],
  square: ({ operand, result }) => squared(operand, result),
  concatenate: ({ operand, result, operation }) => [
    operand("arrays"),
    ` are put one behind the other${along(operation)}. That makes `,
    result,
    ".",
  ],
  stack: ({ operand, result }) => [operand("arrays"), " are laid side by side on a new axis. That makes ", result, "."],
  embedding_bag: ({ operand, result }) => [
    "Of the table ",
    operand("weight"),
    " the rows that belong to an example are looked up, each times its weight, and added. That makes ",
    result,
    ".",
  ],
  binary_cross_entropies: ({ operand, result }) => [
    "How surprised is the network by the right answers, yes or no? ",
    operand("logits"),
    " are turned into probabilities; of the one that the right answer got, which ",
    operand("targets"),
    " tells, −ln is taken. That makes ",
    result,
    ".",
  ],
  ...each(
    {
      negative: "changes its sign",
      exp: "becomes the exponent of e = 2.718…",
      abs: "loses its sign",
    },
    (does) =>
      ({ operand, result }) => ["Each number of ", operand("a"), ` ${does}. That makes `, result, "."],
  ),
  ...each({ log: "natural logarithm", sqrt: "square root" }, (what) => ({ operand, result }) => [
    "Of each number of ",
    operand("a"),
    ` the ${what} is taken. That makes `,
    result,
    ".",
  ]),
  ...each({ maximum: "larger", minimum: "smaller" }, (which) => ({ operand, result }) => [
    "Of ",
    operand("a"),
    " and ",
    operand("b"),
    ` the ${which} is kept, number by number. That makes `,
    result,
    ".",
  ]),
  ...each(
    {
      mean: "is averaged",
      sum: "is summed",
      prod: "is multiplied together",
      cumsum: "is summed, each number with all before it",
      log_softmax: "becomes shares, those of a row together 1, of which the logarithm is taken",
      logsumexp: "becomes the logarithm of the sum of e to each of its numbers",
    },
    (does) =>
      ({ operand, result, operation }) => [operand("a"), ` ${does}${along(operation)}. That makes `, result, "."],
  ),
  ...each(
    { max: "largest number", min: "smallest number", norm: "length, the root of the sum of the squares," },
    (what) =>
      ({ operand, result, operation }) => [
        "Of ",
        operand("a"),
        ` the ${what} is taken${along(operation)}. That makes `,
        result,
        ".",
      ],
  ),
  ...each(
    {
      swapaxes: "two of its axes exchanged",
      transpose: "its axes in another order",
      moveaxis: "one of its axes at another place",
      expand_dims: "with one axis more, of length 1",
      squeeze: "without axes of length 1",
      flip: "in reverse",
      roll: "moved along, the last to the front",
      broadcast_to: "repeated to this shape",
      tile: "repeated as a whole",
      repeat: "each repeated",
    },
    (how) =>
      ({ operand, result }) => ["The same numbers of ", operand("a"), `, ${how}: `, result, "."],
  ),
};

function squared(operand, result) {
  return ["Each number of ", operand("a"), " is squared, multiplied with itself. That makes ", result, "."];
}

/** Of a reduction the axes that it goes along, where it was told any. */
function along({ static: told }) {
  const axes = told?.axis === null || told?.axis === undefined ? [] : [told.axis].flat();
  return axes.length ? `, along axis ${axes.map((axis) => brief(axis)).join(" and ")}` : "";
}
