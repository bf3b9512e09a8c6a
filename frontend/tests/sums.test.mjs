import assert from "node:assert/strict";
import { test } from "node:test";
import { derive } from "../src/derive.js";
import { Matrix } from "../src/matrix.js";
import { Trace } from "../src/trace.js";

const WIDE = 4000; // columns: two rows of them are more terms than are told one by one
const numbers = (n, rule) => Array.from({ length: n }, (_, i) => rule(i));

/** y = a · b, b one number for all of a; what goes back to b; and the mean of y. `kept` rows of the batch are stored. */
function example(kept = 2) {
  const [a, g] = [numbers(2 * WIDE, (i) => Math.sin(i)), numbers(2 * WIDE, (i) => Math.cos(i / 7))];
  const data = [];
  const value = (name, role, shape, list, more = {}) => {
    const at = 8 * data.length;
    data.push(...list);
    const whole = shape.length === 2 && kept < 2 ? { kept: [kept, shape[1]] } : {};
    return {
      name,
      role,
      shape,
      dtype: "float64",
      data: { at, type: "float64" },
      of: null,
      by: null,
      ...whole,
      ...more,
    };
  };
  const rows = (list) => list.slice(0, kept * WIDE);
  const values = [
    value("a", "input", [2, WIDE], rows(a)),
    value("b", "parameter", [1], [3]),
    value("y", "activation", [2, WIDE], rows(a.map((x) => 3 * x)), { by: 0 }),
    value("g", "gradient", [2, WIDE], rows(g), { of: 2 }),
    value("∂b", "gradient", [1], [a.reduce((sum, x, i) => sum + x * g[i], 0)], { of: 1, by: 2 }),
    value("mean", "activation", [], [a.reduce((sum, x) => sum + 3 * x, 0) / (2 * WIDE)], { by: 1 }),
  ];
  const operation = (kind, name, operands, result, more = {}) => ({
    ...{ phase: "forward", kind, name, module: "", result, operands, ...more },
  });
  const operations = [
    operation("forward", "multiply", { a: { value: 0 }, b: { value: 1 } }, 2),
    operation("forward", "mean", { a: { value: 2 } }, 5, { static: { axis: null, keepdims: false } }),
    operation("adjoint", "multiply.b", { g: { value: 3 }, a: { value: 0 } }, 4, { of: 0 }),
  ];
  return new Trace({ operations, values, updates: [], modules: {} }, new Float64Array(data).buffer);
}

test("sums of more terms than are told are whole", () => {
  const trace = example();
  for (const [number, cell] of [
    [4, [0]],
    [5, []],
  ]) {
    const { value, recorded, stages, missing } = derive(trace, number, cell);
    assert.ok(Math.abs(value - recorded) < 1e-9, `${value}, recorded ${recorded}`);
    assert.equal(stages[0].count, 2 * WIDE);
    assert.ok(stages[0].terms.length < 2 * WIDE);
    assert.equal(missing, 0);
  }
});

test("what isn't kept of them is counted", () => {
  const trace = example(1);
  for (const [number, cell] of [
    [4, [0]],
    [5, []],
  ])
    assert.equal(derive(trace, number, cell).missing, WIDE);
});

test("a matrix is made small by the largest sizes, turned or not", () => {
  const matrix = new Matrix([1, -5, 2, 0, 3, -3.5, 4, 0.5], 2, 4);
  assert.deepEqual([...matrix.reduced(1, 2)], [-5, 4]);
  assert.deepEqual([...matrix.reduced(2, 4)], matrix.data);
  const turned = matrix.turned();
  assert.deepEqual([turned.get(0, 0), turned.get(3, 0), turned.get(0, 1)], [0, 1, 0.5]);
  assert.deepEqual([...turned.reduced(4, 1)], [0.5, 4, -5, 3]);
  assert.ok(Number.isNaN(new Matrix([1, NaN, 9], 1, 3).reduced(1, 1)[0]));
  assert.deepEqual([...matrix.less(new Matrix([1, 1, 1, 1, 1, 1, 1, 1], 2, 4)).data], [0, -6, 1, -1, 2, -4.5, 3, -0.5]);
});
