import assert from "node:assert/strict";
import { test } from "node:test";
import { fromAddress, Store, toAddress } from "../src/state.js";

const trace = () => ({
  operations: [
    { number: 0, result: 0, operands: {} },
    { number: 1, result: 1, operands: { x: { value: 0 } } },
    { number: 2, result: null, operands: {} },
  ],
  values: [{ shape: [2, 3] }, { shape: [2], kept: [1] }],
  updates: [],
  readers: [[], []],
  maker: (number) => ({ number }),
});

test("an address says the place, and is read again", () => {
  const place = { op: 17, value: 3, cell: [3, 5], update: 2, weight: null, frame: 1 };
  assert.equal(toAddress(place), "#op=17&value=3&cell=3,5&update=2&frame=1");
  assert.deepEqual(fromAddress(toAddress(place)), place);
  assert.deepEqual(fromAddress(""), { op: null, value: null, cell: null, update: null, weight: null, frame: 0 });
  assert.deepEqual(fromAddress("#cell=").cell, []); // the one number of an array without axes
});

test("what isn't within the trace is not adopted", () => {
  const store = new Store(trace());
  store.set({ op: 99, value: 7, cell: [0], update: 4, frame: 3 });
  assert.deepEqual(store.state, {
    op: 2,
    value: null,
    cell: null,
    update: null,
    weight: null,
    frame: 0,
    playing: false,
  });
  store.set({ op: 0, cell: [1, 2] });
  assert.deepEqual(store.state.cell, [1, 2]);
  store.set({ cell: [1, 3] });
  assert.equal(store.state.cell, null);
  store.set({ op: 1, cell: [1] }); // only the first was kept
  assert.equal(store.state.cell, null);
});

test("another operation is looked at afresh", () => {
  const store = new Store(trace());
  store.set({ value: 0, cell: [0, 0] });
  store.step(1);
  assert.deepEqual([store.state.value, store.state.cell, store.value], [null, null, 1]);
  store.set({ op: 0, value: 0, cell: [1, 1] });
  assert.deepEqual([store.state.value, store.state.cell], [0, [1, 1]]);
});

test("a listener hears at once, at every change, and no more when it leaves", () => {
  const [store, heard] = [new Store(trace()), []];
  const leave = store.subscribe((state, changed) => heard.push([state.op, [...changed].sort()]));
  store.set({ op: 1 });
  store.set({ op: 1 });
  store.set({ playing: true });
  leave();
  store.set({ op: 2 });
  assert.equal(heard.length, 3);
  assert.deepEqual(heard.slice(1), [
    [1, ["op"]],
    [1, ["playing"]],
  ]);
});
