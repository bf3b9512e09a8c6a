import assert from "node:assert/strict";
import test from "node:test";
import { erf } from "../src/derive/elementwise.js";
import { parts } from "../src/derive/terms.js";
import { half } from "../src/trace.js";
import { lines } from "../src/update.js";

const near = (a, b, tolerance = 1e-12) =>
  assert.ok(Math.abs(a - b) <= tolerance * Math.max(1, Math.abs(b)), `${a}, expected ${b}`);
const last = (...given) => lines(...given).at(-1).value;

test("Adam's first step is as long as the learning rate, whatever the gradient", () => {
  const settings = { lr: 0.1, betas: [0.9, 0.999], eps: 1e-8, weight_decay: 0, step: 1 };
  for (const g of [1e-3, 5, -200])
    near(last("adam_update", { θ: 1, g, m: 0, v: 0 }, settings), 1 - 0.1 * Math.sign(g), 1e-5);
});

test("momentum by hand: u = 0.9·2 + 1, θ = 3 − 0.5·2.8", () => {
  const settings = { lr: 0.5, momentum: 0.9, weight_decay: 0 };
  near(last("momentum_update", { θ: 3, g: 1, u: 2 }, settings), 1.6);
  near(last("momentum_update", { θ: 3, g: 1, u: 2 }, { ...settings, nesterov: true }), 3 - 0.5 * (1 + 0.9 * 2.8));
});

test("clipping shortens by limit over norm, and leaves what is shorter", () => {
  const settings = { lr: 1, weight_decay: 0 };
  near(last("gradient_descent_update", { θ: 0, g: 3 }, settings, [{ name: "clip_by_norm", limit: 1, norm: 6 }]), -0.5);
  near(last("gradient_descent_update", { θ: 0, g: 3 }, settings, [{ name: "clip_by_norm", limit: 9, norm: 6 }]), -3);
  near(last("gradient_descent_update", { θ: 0, g: -3 }, settings, [{ name: "clip_by_value", limit: 2, norm: 6 }]), 2);
  near(last("gradient_descent_update", { θ: 1, g: 0 }, settings, [{ name: "clip_by_norm", limit: 1, norm: 0 }]), 1);
});

test("changes of a gradient follow one another, each of what the one before it made", () => {
  const changes = [
    { made: 1, name: "clip_by_value", limit: 4, norm: 6 },
    { made: 2, name: "hand", changed: 3 },
    { made: 3, name: "clip_by_norm", limit: 1, norm: 6 },
    { made: 4, name: "clip_by_norm", limit: 0.1, norm: 1 },
  ];
  const found = lines("gradient_descent_update", { θ: 0, g: 5 }, { lr: 1, weight_decay: 0 }, changes);
  assert.deepEqual(
    found.slice(0, 4).map(({ made }) => made),
    [1, 2, 3, 4],
  );
  [4, 3, 0.5, 0.05, 0.05, -0.05].forEach((x, i) => near(found[i].value, x));
});

test("a method that isn't known has no lines", () => assert.deepEqual(lines("another_update", { θ: 1, g: 1 }, {}), []));

test("erf, as tables have it", () => {
  for (const [x, y] of [
    [0, 0],
    [0.5, 0.5204998778130465],
    [2, 0.9953222650189527],
    [2.6, 0.9997639655834707],
    [-1, -0.8427007929497149],
    [9, 1],
  ])
    near(erf(x), y, 1e-14);
});

test("names give way to numbers, and y² to y and a ²", () => {
  const y = { name: "y", value: 3, cell: [0], number: 2 };
  assert.deepEqual(parts("g · (1 − y²)", { y }), ["g · (1 − ", y, "²)"]);
  assert.equal(parts("β₁ · m̂", { m̂: 1, m: 2, β: 3 })[1].name, "m̂");
});

test("halves", () => {
  for (const [bits, x] of [
    [0x3c00, 1],
    [0xc000, -2],
    [0x0001, 2 ** -24],
    [0x7bff, 65504],
    [0x7c00, Infinity],
    [0xfc00, -Infinity],
  ])
    assert.equal(half(bits), x);
  assert.ok(Number.isNaN(half(0x7e00)));
});
