import assert from "node:assert/strict";
import { test } from "node:test";
import { axisNames } from "../src/cells.js";
import { sentenceText } from "../src/sentences.js";
import { Trace } from "../src/trace.js";

const value = (name, role, shape, more = {}) => ({
  ...{ name, role, shape, dtype: "float64", shown: "matrix", of: null, by: null, data: { at: 0, type: "float64" } },
  ...more,
});

function traceOf(values, operations, updates = []) {
  const all = operations.map((operation) => ({ phase: "forward", kind: "forward", module: "", ...operation }));
  return new Trace({ values, operations: all, updates, modules: {} }, new Float64Array(64).buffer);
}

/** What is said of an operation of `error` and `other`, and of its way back to an input. */
function told(name, operands, input = "a", shape = [4]) {
  const values = [
    value("error", "activation", [4]),
    value("other", "activation", shape),
    value("made", "activation", [4], { by: 0 }),
    value("∂L/∂made", "gradient", [4], { of: 2 }),
    value("∂L/∂it", "gradient", input === "b" ? shape : [4], { of: input === "b" ? 1 : 0, by: 1 }),
  ];
  const back = { ...operands, g: { value: 3 }, y: { value: 2 } };
  const trace = traceOf(values, [
    { name, operands, result: 2 },
    { phase: "backward", kind: "adjoint", name: `${name}.${input}`, operands: back, result: 4, of: 0 },
  ]);
  return trace.operations.map((operation) => sentenceText(operation, trace));
}

test("a squared error is told in words, forward and back", () => {
  const [forward, back] = told("power", { a: { value: 0 }, n: { plain: 2 } });
  assert.equal(forward, "Each number of error is squared, multiplied with itself. That makes made.");
  assert.match(
    back,
    /^Back through power to error: ∂L\/∂made is multiplied with twice the number itself, error, the slope/,
  );
});

test("what has no words of its own is told by its formula, in the step's names", () => {
  const [forward, back] = told("power", { a: { value: 0 }, n: { plain: 3 } });
  assert.equal(forward, "Each number of error is raised to the power 3. That makes made.");
  assert.match(back, /: ∂L\/∂made · 3 · error \^ \(3 − 1\)\. That makes/);
  assert.equal(told("rsqrt", { a: { value: 0 } })[0], "Number by number: made = 1 / √error.");
  const [, divided] = told("divide", { a: { value: 0 }, b: { value: 1 } }, "b", [1]);
  assert.match(divided, /: −∂L\/∂made · made \/ other, summed where one number had met several\. That makes/);
});

test("no operation on each number is left without a sentence", () => {
  const ones = ["negative", "exp", "log", "sqrt", "abs", "square", "sin", "gelu", "softplus", "relu", "tanh", "erf"];
  const twos = ["add", "subtract", "multiply", "divide", "maximum", "minimum", "hypot"];
  const all = [
    ...ones.map((name) => [name, { a: { value: 0 } }]),
    ...twos.flatMap((name) => ["a", "b"].map((input) => [name, { a: { value: 0 }, b: { value: 1 } }, input])),
  ];
  for (const one of all) {
    const [forward, back] = told(...one);
    assert.doesNotMatch(forward, / makes made from|undefined/, one[0]);
    assert.doesNotMatch(back, /follows how L|undefined|, ,/, one[0]);
  }
});

test("the examples of a batch are only spoken of where the inputs agree on them", () => {
  const given = (...shapes) => {
    const values = shapes.map((shape, by) => value(`x${by}`, "input", shape, { by }));
    const trace = traceOf(
      values,
      shapes.map((_, result) => ({ phase: "data", kind: "data", name: "x", operands: {}, result })),
    );
    return trace.operations.map((operation) => sentenceText(operation, trace));
  };
  const [x, labels] = given([4, 2], [4]);
  assert.match(x, /The first axis counts the 4 examples/);
  assert.match(labels, /One for each example/);
  for (const said of given([27], [4], [4, 3])) assert.doesNotMatch(said, /example/); // the n-grams of 4 texts
});

test("a new weight has the axes of the old", () => {
  const values = [
    value("x", "input", [4, 2]),
    value("w", "parameter", [2, 3]),
    value("y", "activation", [4, 3], { by: 0 }),
    value("new w", "parameter", [2, 3], { by: 1 }),
  ];
  const trace = traceOf(
    values,
    [
      { name: "linear", operands: { x: { value: 0 }, w: { value: 1 } }, result: 2 },
      { kind: "update", phase: "update", name: "descent", operands: { parameter: { value: 1 } }, result: 3 },
    ],
    [{ name: "w", before: 1, after: 3, gradient: 1, clipped: null, state: {} }],
  );
  assert.deepEqual(axisNames(trace.values[3], trace), ["input", "unit"]);
  assert.deepEqual(axisNames(trace.values[1], trace), ["input", "unit"]);
});

test("one parameter's gradient isn't all of several", () => {
  const values = [value("∂L/∂w", "gradient", [2]), value("norm", "gradient", [], { by: 0 })];
  const trace = traceOf(values, [{ kind: "norm", name: "norm", operands: { w: { value: 0 } }, result: 1 }]);
  assert.match(
    sentenceText(trace.operations[0], trace),
    /^The gradient of the one parameter, as an arrow, has the length/,
  );
});

test("of parameters it's told how many of them all", () => {
  const parameters = ["a", "b", "c", "d"].map((name) => value(name, "parameter", [2]));
  const values = [...parameters, ...parameters.map(({ name }) => value(`new ${name}`, "parameter", [2], { by: 0 }))];
  const after = (n, all = 4) => {
    const names = parameters.slice(0, n).map(({ name }, i) => [name, { value: i }]);
    const operation = { kind: "after", name: "after", operands: Object.fromEntries(names), result: 4 };
    const trace = traceOf(
      values.filter((_, i) => i < all || i >= 4),
      [operation],
    );
    return sentenceText(trace.operations[0], trace).split(".")[0];
  };
  assert.equal(after(4), "All 4 parameters have their new values");
  assert.equal(after(2), "2 of the 4 parameters have their new values");
  assert.equal(after(1), "One of the 4 parameters has its new value");
  assert.equal(after(2, 2), "Both parameters have their new values");
});

test("a slice is a part that is taken, a list of rows is looked up", () => {
  const values = [value("gates", "activation", [4, 15]), value("part", "activation", [4, 5], { by: 0 })];
  const said = (index) => {
    const operation = { name: "getitem", operands: { a: { value: 0 } }, result: 1, static: { index } };
    const trace = traceOf(values, [operation]);
    return sentenceText(trace.operations[0], trace);
  };
  assert.equal(said(["slice(None, None, None)", "slice(5, 15, None)"]), "A part of gates is taken. That makes part.");
  assert.match(said([0, 2, 1]), /looked up by their number/);
});
