import assert from "node:assert/strict";
import { test } from "node:test";
import { around, concerns, foldedAtFirst, network, visible } from "../src/graph/model.js";
import { Trace } from "../src/trace.js";

/** x → a.in (w) → a.out → loss, and x is added to the result of a.in: used twice. */
function small() {
  const value = (name, role, by = null, of = null) => ({ name, role, by, of, shape: [2] });
  return new Trace({
    values: [
      ...[
        value("a.in.w", "parameter"),
        value("x", "input", 0),
        value("h", "activation", 1),
        value("s", "activation", 2),
        value("y", "activation", 3),
      ],
      ...[
        value("∂y", "gradient", null, 4),
        value("∂s", "gradient", 4, 3),
        value("∂x", "gradient", 5, 1),
        value("∂h", "gradient", 6, 2),
        value("∂w", "gradient", 7, 0),
        value("∂x", "gradient", 8, 1),
        value("∂x", "gradient", 9, 1),
      ],
    ],
    operations: [
      { kind: "data", phase: "data", name: "x", module: "", operands: {}, result: 1 },
      {
        kind: "forward",
        phase: "forward",
        name: "linear",
        module: "a.in",
        operands: { x: { value: 1 }, w: { value: 0 } },
        result: 2,
      },
      {
        kind: "forward",
        phase: "forward",
        name: "add",
        module: "a",
        operands: { a: { value: 1 }, b: { value: 2 } },
        result: 3,
      },
      { kind: "forward", phase: "loss", name: "sum", module: "", operands: { a: { value: 3 } }, result: 4 },
      {
        kind: "adjoint",
        phase: "backward",
        name: "sum.a",
        module: "",
        operands: { g: { value: 5 } },
        result: 6,
        of: 3,
      },
      {
        kind: "adjoint",
        phase: "backward",
        name: "add.a",
        module: "a",
        operands: { g: { value: 6 } },
        result: 7,
        of: 2,
      },
      {
        kind: "adjoint",
        phase: "backward",
        name: "add.b",
        module: "a",
        operands: { g: { value: 6 } },
        result: 8,
        of: 2,
      },
      {
        kind: "adjoint",
        phase: "backward",
        name: "linear.w",
        module: "a.in",
        operands: { g: { value: 8 }, x: { value: 1 } },
        result: 9,
        of: 1,
      },
      {
        kind: "adjoint",
        phase: "backward",
        name: "linear.x",
        module: "a.in",
        operands: { g: { value: 8 }, w: { value: 0 } },
        result: 10,
        of: 1,
      },
      {
        kind: "accumulate",
        phase: "backward",
        name: "add",
        module: "",
        operands: { total: { value: 7 }, g: { value: 10 } },
        result: 11,
      },
    ],
    modules: { "": "Model", a: "Block", "a.in": "Linear" },
    updates: [],
  });
}

test("boxes are operations and what comes from outside; every arrow knows its gradient", () => {
  const { nodes, edges, groups } = network(small());
  assert.deepEqual([...nodes.keys()].sort(), ["o0", "o1", "o2", "o3", "v0"]);
  assert.deepEqual(
    edges.map(({ from, to, adjoint }) => [from, to, adjoint]),
    [
      ["o0", "o1", 8],
      ["v0", "o1", 7],
      ["o0", "o2", 5],
      ["o1", "o2", 6],
      ["o2", "o3", 4],
    ],
  );
  assert.deepEqual(
    [...groups.values()].map(({ key, parent, size }) => [key, parent, size]),
    [
      ["a", null, 3],
      ["a.in", "a", 2],
    ],
  );
});

test("a folded module is one box, with the arrows that cross its frame", () => {
  const trace = small();
  const whole = network(trace);
  const inner = visible(whole, new Set(["a.in"]));
  assert.deepEqual([...inner.boxes.keys()].sort(), ["ma.in", "o0", "o2", "o3"]);
  assert.equal(inner.boxes.get("ma.in").frame, "a");
  const outer = visible(whole, new Set(["a", "a.in"]));
  assert.deepEqual([...outer.boxes.keys()].sort(), ["ma", "o0", "o3"]);
  assert.deepEqual(
    outer.arrows.map(({ from, to, adjoints }) => [from, to, adjoints]),
    [
      ["o0", "ma", [8, 5]],
      ["ma", "o3", [4]],
    ],
  );
  assert.deepEqual([...outer.frames], []);
});

test("a value that was used twice shows where its gradients add", () => {
  const trace = small();
  const { boxes } = visible(network(trace), new Set());
  assert.equal(boxes.get("o0").branches, 2);
  assert.equal(boxes.get("o1").branches, undefined);
});

test("only as much is folded as it takes", () => {
  const trace = small();
  const whole = network(trace);
  assert.deepEqual([...foldedAtFirst(whole, 5)], []);
  assert.deepEqual([...foldedAtFirst(whole, 4)], ["a.in"]);
  assert.deepEqual([...foldedAtFirst(whole, 3)], ["a.in", "a"]);
});

test("every operation concerns a box, and runs one way", () => {
  const trace = small();
  const at = (number) => concerns(trace.operations[number], trace);
  assert.deepEqual(at(1), { boxes: ["o1"], way: "forward" });
  assert.deepEqual(at(7), { boxes: ["o1"], way: "backward" });
  assert.deepEqual(at(9), { boxes: ["o0"], way: "backward" }); // where x was made
});

test("of a long network the part around a box is seen, with what it is given", () => {
  const trace = small();
  const all = visible(network(trace), new Set());
  const part = around(all, "o2", 1);
  assert.deepEqual([...part.boxes.keys()], ["o2"]);
  assert.equal(part.arrows.length, 0);
  assert.deepEqual([...part.frames.keys()], ["a"]);
  assert.equal(part.left, all.boxes.size - 1);
  const two = around(all, "v0", 2); // a weight is shown where it is read
  assert.deepEqual(new Set(two.boxes.keys()), new Set(["o0", "o1", "v0"]));
  assert.deepEqual(two.arrows.map(({ from, to }) => `${from} ${to}`).sort(), ["o0 o1", "v0 o1"]);
  assert.equal(around(all, "nowhere", 99).left, 0);
});

/** h ← tanh(x[t] + h), five times, x and h from outside; the fifth h is the result of "cell", too. */
function loop(module) {
  const values = [{ name: "h", role: "input", by: null, shape: [2] }];
  const operations = [];
  const operation = (name, operands, where = module) => {
    values.push({ name, role: "activation", by: operations.length, of: null, shape: [2] });
    operations.push({
      ...{ kind: "forward", phase: "forward", name, module: where, result: values.length - 1 },
      operands: Object.fromEntries(Object.entries(operands).map(([key, value]) => [key, { value }])),
    });
    return values.length - 1;
  };
  const xs = [0, 1, 2, 3, 4].map(() => operation("getitem", { a: 0 }, ""));
  let h = 0;
  for (const x of xs) h = operation("tanh", { a: operation("add", { a: x, b: h }) });
  operation("sum", { a: h }, "");
  const repeats = [{ first: 5, last: 14, starts: [5, 7, 9, 11, 13], module }];
  return new Trace({
    values,
    operations,
    repeats,
    modules: { "": "Model", cell: "Cell", other: "Linear" },
    updates: [],
  });
}

test("a loop folds to one box, which tells how often and what", () => {
  const whole = network(loop(""));
  assert.deepEqual(
    [...whole.groups.values()].map(({ key, name, said, size, parent }) => [key, name, said, size, parent]),
    [["#5", "5 times", "add, tanh", 10, null]],
  );
  const { boxes, arrows } = visible(whole, new Set(["#5"]));
  assert.deepEqual(boxes.get("m#5").operations, [5, 6, 7, 8, 9, 10, 11, 12, 13, 14]);
  assert.deepEqual(
    new Set(arrows.filter(({ to }) => to === "m#5").map(({ from, values }) => `${from} ${values}`)),
    new Set(["v0 0", "o0 1", "o1 2", "o2 3", "o3 4", "o4 5"]),
  );
  assert.deepEqual([...foldedAtFirst(whole, 16)], ["#5"]);
  assert.deepEqual([...foldedAtFirst(whole, 17)], []);
});

test("a layer that runs over and over is one box, and says how often", () => {
  const whole = network(loop("cell"));
  assert.deepEqual(
    [...whole.groups.values()].map(({ key, name, said }) => [key, name, said]),
    [["cell", "cell", "Cell, 5 times"]],
  );
});

test("a layer that runs outside a loop, too, has a box of its own within", () => {
  const trace = loop("");
  for (const i of [0, 1, 6, 8, 10, 12, 14]) trace.operations[i].module = "other";
  const whole = network(trace);
  assert.deepEqual(
    [...whole.groups.values()].map(({ key, name, parent, size }) => [key, name, parent, size]),
    [
      ["other", "other", null, 3],
      ["#5", "5 times", null, 10],
      ["#5 other", "other", "#5", 5],
    ],
  );
  const { boxes, frames } = visible(whole, new Set(["#5 other"]));
  assert.equal(boxes.get("m#5 other").frame, "#5");
  assert.deepEqual([...frames.keys()].sort(), ["#5", "other"]);
});

test("many values from one box to another go by one arrow", () => {
  const trace = loop("cell");
  for (const i of [0, 1, 2, 3, 4]) trace.operations[i].module = "other";
  const { arrows } = visible(network(trace), new Set(["cell", "other"]));
  const [many] = arrows.filter(({ from, to }) => from === "mother" && to === "mcell");
  assert.deepEqual(many.values, [1, 0, 2, 3, 4, 5]); // h of before, too, which "other" reads
  assert.deepEqual(new Set(many.readers), new Set([5, 7, 9, 11, 13]));
});
