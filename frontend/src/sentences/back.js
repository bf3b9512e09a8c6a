// How a gradient comes back through an operation, to each input of it that has a sentence of its own.

import { each } from "./each.js";

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

/** operation.input → how the gradient comes back to it, behind “Back through operation to input: ”. */
export const BACK = {
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
  "tanh.a": ({ operand }) => [operand("g"), " is multiplied with the slope of tanh, 1 − ", operand("y"), "²"],
  "sigmoid.a": ({ operand }) => [
    operand("g"),
    " is multiplied with the slope of the sigmoid, ",
    operand("y"),
    " · (1 − ",
    operand("y"),
    ")",
  ],
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
  "getitem.a": ({ operand }) => [operand("g"), " goes to the parts that were taken; all others get 0"],
  ...Object.fromEntries(
    ["group_norm", "layer_norm", "standardise"].flatMap((norm) =>
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
  ...each(["add.a", "add.b", "subtract.a"], () => ({ operand }) => [operand("g"), " goes on as it is"]),
  "subtract.b": ({ operand }) => ["as it was taken away, ", operand("g"), " changes its sign"],
  "negative.a": ({ operand }) => [operand("g"), " changes its sign"],
  "divide.a": ({ operand }) => [operand("g"), " is divided by the same ", operand("b")],
  "square.a": squared,
  "power.a": (context) => (context.operation.operands.n?.plain === 2 ? squared(context) : null),
  "exp.a": ({ operand }) => [
    operand("g"),
    " is multiplied with what exp made, ",
    operand("y"),
    ", which is its slope, too",
  ],
  "log.a": ({ operand }) => [
    operand("g"),
    " is divided by ",
    operand("a"),
    ": the logarithm of a large number grows slowly",
  ],
  "sqrt.a": ({ operand }) => [operand("g"), " is divided by twice the root, ", operand("y")],
  "abs.a": ({ operand }) => [
    operand("g"),
    " goes on where the number was positive, and changes its sign where it was negative",
  ],
  "softmax.a": share,
  "masked_softmax.a": share,
  "log_softmax.a": ({ operand }) => [
    operand("g"),
    " goes on, less its sum over the row times each share: where one share grows, the others of the row fall",
  ],
  "average_pool2d.x": ({ operand }) => ["each number of a window gets an equal share of ", operand("g")],
  "embedding_bag.weight": ({ operand }) => [operand("g"), " goes to the rows that were looked up; all others get 0"],
  "norm.a": ({ operand }) => [operand("g"), " is multiplied with each number's share of the length"],
  ...each(
    { max: "largest", min: "smallest" },
    (which) =>
      ({ operand }) => [operand("g"), ` goes to the ${which} number; the others get 0`],
    ".a",
  ),
  ...each(["maximum.a", "maximum.b", "minimum.a", "minimum.b", "where.a", "where.b"], () => ({ operand }) => [
    operand("g"),
    " goes on where this was taken; elsewhere it's 0",
  ]),
  ...each(["take.a", "take_along_axis.a", "diagonal.a"], () => ({ operand }) => [
    operand("g"),
    " goes to the parts that were taken; all others get 0",
  ]),
  ...each(
    ["swapaxes.a", "transpose.a", "moveaxis.a", "expand_dims.a", "squeeze.a", "flip.a", "roll.a"],
    () =>
      ({ operand }) => ["the numbers of ", operand("g"), " are put back in the order from before"],
  ),
  ...each(["broadcast_to.a", "tile.a", "repeat.a"], () => ({ operand }) => [
    operand("g"),
    " is summed over the repetitions",
  ]),
  ...each(["concatenate.arrays", "stack.arrays"], () => ({ operand }) => [
    "from ",
    operand("g"),
    " comes the part that this one was",
  ]),
};

function squared({ operand }) {
  return [operand("g"), " is multiplied with twice the number itself, ", operand("a"), ", the slope of a square"];
}

function share({ operand }) {
  return [
    operand("g"),
    ", less its mean over the row by the shares, is multiplied with each share ",
    operand("y"),
    ": where one grows, the others of the row fall",
  ];
}
