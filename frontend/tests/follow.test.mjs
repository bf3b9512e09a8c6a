import assert from "node:assert/strict";
import { test } from "node:test";
import { derive } from "../src/derive.js";
import { lookAt, ownerOf, stations, weightIn, weightOfText, weightText } from "../src/follow.js";
import { fromAddress, Store, toAddress } from "../src/state.js";
import { Trace } from "../src/trace.js";
import { changesOf, lines, weightOf } from "../src/update.js";

// y = x w, a square as the loss, clipped, gradient descent with momentum: of one weight w[1, 0]
function example() {
  const data = [];
  const value = (name, role, shape, numbers, more = {}) => {
    const at = 8 * data.length;
    data.push(...numbers);
    return { name, role, shape, dtype: "float64", data: { at, type: "float64" }, of: null, by: null, ...more };
  };
  const values = [
    value("x", "input", [1, 2], [3, 2], { by: 0 }),
    value("layer w", "parameter", [2, 2], [1, 2, 0.5, 4]),
    value("y", "activation", [1, 2], [4, 14], { by: 1 }),
    value("∂L/∂y", "gradient", [1, 2], [8, 28], { of: 2, by: 2 }),
    value("∂L/∂layer w", "gradient", [2, 2], [24, 84, 16, 56], { of: 1, by: 3 }),
    value("clipped", "gradient", [2, 2], [0.24, 0.84, 0.16, 0.56], { of: 1, by: 4 }),
    value("velocity", "state", [2, 2], [0, 0, 0, 0], { of: 1 }),
    value("new velocity", "state", [2, 2], [0.24, 0.84, 0.16, 0.56], { of: 1, by: 5 }),
    value("new w", "parameter", [2, 2], [0.976, 1.916, 0.484, 3.944], { by: 6 }),
  ];
  const operation = (phase, kind, name, operands, result, more = {}) => ({
    ...{ phase, kind, name, module: "", result, ...more },
    operands: Object.fromEntries(Object.entries(operands).map(([key, n]) => [key, { value: n }])),
  });
  const operations = [
    operation("data", "data", "x", {}, 0),
    operation("forward", "forward", "matmul", { a: 0, b: 1 }, 2),
    operation("backward", "adjoint", "square.a", { y: 2 }, 3),
    operation("backward", "adjoint", "matmul.b", { g: 3, a: 0 }, 4, { of: 1 }),
    operation("clip", "clip", "clip_by_norm", { gradient: 4 }, 5, { static: { limit: 1, norm: 100 } }),
    operation("moments", "update", "momentum_update", { gradient: 5, velocity: 6 }, 7),
    operation("update", "update", "momentum_update", { parameter: 1, gradient: 5, velocity: 7 }, 8),
    operation("after", "after", "weights", { "layer w": 1 }, 8),
  ];
  const update = { name: "layer w", before: 1, gradient: 4, clipped: 5, after: 8, state: { velocity: [6, 7] } };
  const updates = [{ ...update, settings: { lr: 0.1, momentum: 0.9 }, operation: "momentum_update" }];
  return new Trace({ operations, values, updates, modules: {} }, new Float64Array(data).buffer);
}

test("a weight passes its stations in their order, with its number at each", () => {
  const found = stations(example(), [0, 1, 0]);
  assert.deepEqual(
    found.map(({ name, op }) => [name, op]),
    [
      ["forward", 1],
      ["gradient", 3],
      ["clipped", 4],
      ["moments", 5],
      ["step", 6],
      ["new value", 7],
    ],
  );
  const numbers = found.map(({ number }) => Number(number.toFixed(6)));
  assert.deepEqual(numbers, [0.5, 16, 0.16, 0.16, -0.016, 0.484]);
});

test("where it takes part, a number that it is in is looked at; else what it has come to so far", () => {
  const trace = example();
  const at = (k, weight = [0, 1, 0]) => lookAt(trace, weight, trace.operations[k]);
  assert.deepEqual(at(1), { value: 2, cell: [0, 0] });
  assert.deepEqual(at(1, [0, 1, 1]), { value: 2, cell: [0, 1] });
  assert.deepEqual(at(0), { value: 1, cell: [1, 0] });
  assert.deepEqual(at(2), { value: 1, cell: [1, 0] });
  assert.deepEqual(
    [at(3), at(4), at(5), at(6)].map(({ value }) => value),
    [4, 5, 7, 8],
  );
  assert.equal(ownerOf(trace, 4), 0);
  assert.equal(ownerOf(trace, 3), -1);
});

test("a weight that is followed stays while one steps, and in the address", () => {
  const trace = example();
  const store = new Store(trace);
  store.followWeight([0, 1, 0]);
  assert.equal(store.state.op, 1);
  for (let k = 2; k < 8; k++) {
    store.step(1);
    assert.deepEqual(store.state.weight, [0, 1, 0]);
    assert.equal(ownerOf(trace, store.value), 0);
    assert.deepEqual(store.state.cell, [1, 0]);
    assert.equal(store.update, 0);
  }
  const address = toAddress(store.state, trace);
  assert.equal(address, "#op=7&value=8&cell=1,0&weight=layer%20w[1,0]");
  const other = new Store(trace);
  other.adopt(other.valid({ ...other.state, ...fromAddress(address) }));
  assert.deepEqual(other.state, store.state);
  other.adopt(other.valid({ ...other.state, ...fromAddress("#weight=layer w[1,0]") }));
  assert.deepEqual([other.state.op, other.value, other.state.cell], [1, 2, [0, 0]]);
  store.followWeight(null);
  store.step(-1);
  assert.equal(store.state.cell, null);
});

test("what is no weight isn't followed", () => {
  const trace = example();
  assert.equal(weightText(trace, [0, 1, 0]), "layer w[1,0]");
  for (const text of ["layer w[2,0]", "layer w[1]", "layer w", "w[0,0]", "layer w[x]", "", "[]"])
    assert.equal(weightOfText(trace, text), null, text);
  for (const weight of [null, [], [1, 0, 0], [0, 0], [0, 0, 0.5], "layer w[0,0]"])
    assert.equal(weightIn(trace, weight), null);
});

test("of two updates of one parameter each has a name of its own, which the address knows", () => {
  const trace = example();
  trace.updates.push({ ...trace.updates[0], before: 8, clipped: null, state: {} });
  assert.equal(weightText(trace, [1, 1, 0]), "layer w (update 2)[1,0]");
  assert.deepEqual(weightOfText(trace, "layer w (update 2)[1,0]"), [1, 1, 0]);
  assert.deepEqual(weightOfText(trace, "layer w[1,0]"), [0, 1, 0]);
});

test("a gradient that was changed by hand is a station of its own, and so told in the ledger", () => {
  const trace = example();
  Object.assign(trace.operations[4], { kind: "hand", name: "changed by hand", static: undefined });
  trace.operations[4].operands = { before: { value: 4 } };
  const found = stations(trace, [0, 1, 0]).map(({ name, number }) => [name, number]);
  assert.deepEqual(found.slice(1, 3), [
    ["gradient", 16],
    ["changed", 0.16],
  ]);
  const [one] = trace.updates;
  const [line] = lines(
    "gradient_descent_update",
    weightOf(trace, one, [1, 0]),
    { lr: 1 },
    changesOf(trace, one, [1, 0]),
  );
  assert.deepEqual([line.symbol, line.value], ["g", 0.16]);
  assert.equal(weightOf(trace, one, [1, 0]).g.number, 16);
});

test("changed by hand, then clipped: one chain for the stations, the ledger and the clip's own derivation", () => {
  const trace = example();
  const [one] = trace.updates;
  // value 7 of the same shape stands for what the hand made: 0.16 → clipped by 0.1 / 1
  trace.values.push({ ...trace.values[7], role: "gradient", name: "changed ∂L/∂layer w", by: 4, number: 9, of: 1 });
  trace.values.push({ ...trace.values[5], name: "clipped ∂L/∂layer w", by: 5, number: 10 });
  const { operations } = trace;
  const [hand, clip] = [operations[4], { ...operations[4], operands: { gradient: { value: 9 } }, result: 10 }];
  Object.assign(hand, { kind: "hand", name: "changed by hand", operands: { before: { value: 4 } }, result: 9 });
  operations.splice(5, 0, clip);
  operations.forEach((operation, number) => (operation.number = number));
  for (const value of trace.values.slice(6, 9)) if (value.by !== null) value.by += 1;
  one.clipped = 10;
  const way = stations(trace, [0, 1, 0]).map(({ name, before, op }) => [name, before, op]);
  assert.deepEqual(way.slice(1, 4), [
    ["gradient", undefined, 3],
    ["changed", 16, 4],
    ["clipped", 0.16, 5],
  ]);
  const made = changesOf(trace, one, [1, 0]).map(({ name, made }) => [name, made]);
  assert.deepEqual(made, [
    ["hand", 9],
    ["clip_by_norm", 10],
  ]);
  const { formula, legend, stages } = derive(trace, 10, [1, 0]);
  assert.equal(formula, "g ← g · min(1, limit / norm)");
  assert.deepEqual(legend, [["g", "changed ∂L/∂layer w"]]);
  const [{ name, value }] = stages[0].terms[0].parts.filter((part) => part.name);
  assert.deepEqual([name, value], ["g", 9]);
});
