// One store for all views: where the reader stands. A view reads `store.state`, subscribes, and sets; it knows no other view.
//
//   op      the operation, by its number
//   value   the value looked at, by its number; null: the operation's result
//   cell    the place in it, such as [3, 5]; null: none chosen
//   update  the parameter whose update is looked at, by its place in trace.updates; null: the operation's own, or the first
//   weight  the weight that is followed, [update, ...cell] (follow.js): every operation is looked at for its sake; or null
//   frame   the step of a film, by its place in trace.frames; 0 where there is but one
//   playing whether it steps by itself
//
// All but the last stand in the address, so that a place can be sent to another and back and forward work.

import { lookAt, stations, weightIn, weightOfText, weightText } from "./follow.js";

const WAIT = 250; // ms between two entries of the address: browsers throttle more than some seven a second

export class Store {
  constructor(trace) {
    this.trace = trace;
    this.state = { op: 0, value: null, cell: null, update: null, weight: null, frame: 0, playing: false };
    this.listeners = new Set();
  }

  /** Called with (state, what changed) now, with everything, and at every change. */
  subscribe(listener) {
    this.listeners.add(listener);
    listener(this.state, new Set(Object.keys(this.state)));
    return () => this.listeners.delete(listener);
  }

  /** Change some of it. Another operation is looked at afresh: its result, and no cell, unless they are given too; and
   *  where a weight is followed, for that. */
  set(changes) {
    const next = { ...this.state, ...("op" in changes && changes.op !== this.state.op ? FRESH : {}), ...changes };
    this.adopt(this.valid(next));
  }

  adopt(next) {
    let changed = new Set(Object.keys(next).filter((key) => !same(next[key], this.state[key])));
    if (!changed.size) return;
    this.state = next;
    if (changed.has("frame")) {
      this.trace.show(next.frame);
      changed = new Set(Object.keys(next)); // every number is another
    }
    for (const listener of this.listeners) listener(next, changed);
  }

  /** So many operations on, or back. */
  step(by) {
    this.set({ op: this.state.op + by });
  }

  /** Look at a value where it was made, with a cell of it. What nothing made is looked at where it was first read. */
  follow(value, cell = null) {
    const at = this.trace.maker(value) ?? this.trace.readers[value]?.[0]?.operation;
    this.set({ op: at ? at.number : this.state.op, value, cell });
  }

  /** Follow a weight, at the first of its stations that an operation from `op` on is; null: follow none any more. */
  followWeight(weight, op = 0) {
    const list = weight === null ? [] : stations(this.trace, weight);
    const { name, number, ...place } = list.find((station) => station.op >= op) ?? list.at(-1) ?? {};
    this.set({ ...place, weight, playing: false });
  }

  get operation() {
    return this.trace.operations[this.state.op];
  }

  /** The number of the value looked at: what was chosen, else the operation's result; null where there is none. */
  get value() {
    return this.state.value ?? this.operation?.result ?? null;
  }

  /** The place in trace.updates that is looked at; null where nothing was updated. */
  get update() {
    const { updates, values } = this.trace;
    if (this.state.weight !== null) return this.state.weight[0];
    if (this.state.update !== null) return this.state.update;
    const numbers = [
      this.state.value,
      this.operation?.result,
      ...Object.values(this.operation?.operands ?? {}).map((o) => o.value),
    ];
    for (const number of numbers) {
      const i = updates.findIndex(
        (u) => [u.before, u.gradient, u.clipped, u.after].includes(number) || u.before === values[number]?.of,
      );
      if (number !== null && number !== undefined && i >= 0) return i;
    }
    return updates.length ? 0 : null;
  }

  /** The same within bounds: an address may say anything. */
  valid({ op, value, cell, update, weight, frame, ...more }) {
    const { operations, values, updates, frames } = this.trace;
    const followed = weightIn(this.trace, typeof weight === "string" ? weightOfText(this.trace, weight) : weight);
    if (followed !== null && op === null) op = stations(this.trace, followed)[0]?.op;
    const place = whole(op) ? Math.min(Math.max(op, 0), Math.max(operations.length - 1, 0)) : 0;
    const chosen = whole(value) && values[value] ? value : null;
    const number = chosen ?? operations[place]?.result ?? null;
    const shape = number === null ? null : (values[number].kept ?? values[number].shape);
    const within =
      Array.isArray(cell) && shape?.length === cell.length && cell.every((k, i) => whole(k) && k >= 0 && k < shape[i]);
    const known = { op: place, value: chosen, cell: within ? cell : null, weight: followed };
    if (followed !== null && chosen === null && !within)
      Object.assign(known, lookAt(this.trace, followed, operations[place]));
    return {
      ...more,
      ...known,
      update: whole(update) && updates[update] ? update : null,
      frame: whole(frame) && frames?.[frame] ? frame : 0,
    };
  }
}

const FRESH = { value: null, cell: null, update: null };
const whole = (x) => Number.isInteger(x);
const same = (a, b) =>
  a === b || (Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((x, i) => x === b[i]));

/** `#op=17&cell=3,5&weight=0.weight[3,5]` */
export function toAddress({ op, value, cell, update, weight, frame }, trace = null) {
  const parts = [`op=${op}`];
  if (value !== null) parts.push(`value=${value}`);
  if (cell !== null) parts.push(`cell=${cell.join(",")}`);
  if (update !== null) parts.push(`update=${update}`);
  if (weight)
    parts.push(`weight=${encodeURIComponent(weightText(trace, weight)).replace(/%(5B|5D|2C)/g, decodeURIComponent)}`);
  if (frame) parts.push(`frame=${frame}`);
  return `#${parts.join("&")}`;
}

export function fromAddress(hash) {
  const parameters = new URLSearchParams(hash.replace(/^#/, ""));
  const read = (name) => (/^\d+$/.test(parameters.get(name) ?? "") ? Number(parameters.get(name)) : null);
  const cell = parameters.get("cell");
  return {
    op: read("op"), // null: where nothing else is said, the first
    value: read("value"),
    cell: cell === null ? null : cell.split(",").filter(Boolean).map(Number),
    update: read("update"),
    weight: parameters.get("weight"),
    frame: read("frame") ?? 0,
  };
}

/** Keep the address and the store in step; where the address says nothing, it begins at the place `first`. Steps that follow
 *  quickly on one another make one entry of the history, a leap makes its own. Returns what ends it. */
export function bindAddress(store, first = "", view = window) {
  let timer = null;
  let written = 0;
  let from = store.state.op;
  const write = () => {
    timer = null;
    const address = toAddress(store.state, store.trace);
    if (address === view.location.hash) return;
    const leap = Math.abs(store.state.op - from) > 1 || Date.now() - written > 4 * WAIT;
    written = Date.now();
    from = store.state.op;
    try {
      view.history[leap ? "pushState" : "replaceState"](null, "", address);
    } catch {
      // a frame without an address of its own: the place is kept in the page alone
    }
  };
  const readAddress = () => {
    clearTimeout(timer);
    timer = null;
    store.adopt(store.valid({ ...store.state, ...fromAddress(view.location.hash) }));
    clearTimeout(timer);
    timer = null;
    from = store.state.op;
  };
  if (view.location.hash) readAddress();
  else if (first) store.adopt(store.valid({ ...store.state, ...fromAddress(first) }));
  const unsubscribe = store.subscribe(() => {
    timer ??= setTimeout(write, WAIT);
  });
  view.addEventListener("popstate", readAddress);
  view.addEventListener("hashchange", readAddress);
  return () => {
    unsubscribe();
    clearTimeout(timer);
    view.removeEventListener("popstate", readAddress);
    view.removeEventListener("hashchange", readAddress);
  };
}
