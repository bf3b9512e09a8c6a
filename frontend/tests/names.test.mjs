import assert from "node:assert/strict";
import { test } from "node:test";
import { deflateSync } from "node:zlib";
import { derive } from "../src/derive.js";
import { sentenceText } from "../src/sentences.js";
import { openFilm, Trace } from "../src/trace.js";
import { rowWords } from "../src/words.js";

/** A parameter and its gradient, data and an operation of the user's, all called as what every object has by itself. */
function inherited() {
  const value = (name, role, at, more = {}) => ({
    ...{ name, role, shape: [2], dtype: "float64", shown: "matrix", data: { at, type: "float64" }, of: null, by: null },
    ...more,
  });
  return new Trace(
    {
      values: [
        value("constructor", "parameter", 0),
        value("∂L/∂constructor", "gradient", 16, { of: 0 }),
        value("norm", "gradient", 32, { shape: [], by: 1 }),
        value("mean", "input", 0, { by: 0 }),
        value("y", "activation", 0, { by: 2 }),
      ],
      operations: [
        { phase: "data", kind: "data", name: "mean", module: "", operands: {}, result: 3 },
        { phase: "gradient norm", kind: "norm", name: "norm", operands: { constructor: { value: 1 } }, result: 2 },
        { phase: "forward", kind: "forward", name: "constructor", operands: { a: { value: 3 } }, result: 4 },
        { phase: "forward", kind: "forward", name: "mean", operands: { a: { value: 3 } }, result: 4 },
      ],
      modules: { "": "Net" },
      words: { table: ["one", "two"] },
      updates: [],
      code: { lines: [], rules: { mean: { code: "def mean(a): ..." } } },
    },
    new Float64Array([1, 2, 3, 4, 5]).buffer,
  );
}

test("what is called as every object's own is found only where the user put it", () => {
  const trace = inherited();
  assert.equal("toString" in trace.modules, false);
  assert.equal(rowWords(trace, 0), null);
  const [{ name }] = derive(trace, 2, []).stages[0].terms[0].parts.filter((part) => part.name);
  assert.equal(name, "∂L/∂constructor");
  assert.match(sentenceText(trace.operations[2], trace), /^constructor makes y/);
});

test("data has no rule, whatever it's called", () => {
  const trace = inherited();
  assert.equal(trace.rule(trace.operations[0]), undefined);
  assert.equal(trace.rule(trace.operations[3]).code, "def mean(a): ...");
});

test("steps that are compared are called by titles of their own, those of a training by their numbers", async () => {
  const blob = deflateSync(new Uint8Array(0)).toString("base64");
  const step = (title) => ({ format: "tinyxm-trace/1", title, values: [], operations: [], updates: [], blob });
  const film = (...titles) =>
    openFilm({ title: "film", at: titles.map((_, i) => 1 + 10 * i), frames: titles.map(step) });
  assert.deepEqual((await film("lr 0.1", "lr 0.5")).called, ["lr 0.1", "lr 0.5"]);
  assert.deepEqual((await film("emoji", "emoji")).called, ["training step 1", "training step 11"]);
});

test("a rule's letter that is also a name in the trace is written as another, and told so", () => {
  const value = (name, role, at, more = {}) => ({
    ...{ name, role, shape: [2], dtype: "float64", shown: "matrix", data: { at, type: "float64" }, of: null, by: null },
    ...more,
  });
  const values = [value("guess", "input", 0), value("y", "input", 16), value("subtract", "activation", 32, { by: 0 })];
  const operands = { a: { value: 0 }, b: { value: 1 } };
  const operation = { phase: "forward", kind: "forward", name: "subtract", module: "", operands, result: 2 };
  const trace = (one) =>
    new Trace(
      { values: [values[0], { ...values[1], name: one }, values[2]], operations: [operation], updates: [] },
      new Float64Array([3, 4, 1, 1, 2, 3]).buffer,
    );
  const { formula, legend } = derive(trace("y"), 2, [0]);
  assert.equal(formula, "y′ = guess − y");
  assert.deepEqual(legend, [["y′", "subtract"]]);
  assert.equal(derive(trace("wanted"), 2, [0]).formula, "y = guess − wanted");
});
