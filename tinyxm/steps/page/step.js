/* Built from frontend/ by `npm ci && npm run build`: change it there. */
/* What is bundled, and its licences, are in licences.txt. */
// src/dom.js
function make(tag, attributes = {}, ...children) {
  return furnish(document.createElement(tag), attributes, children);
}
function furnish(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === void 0 || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== void 0));
  return element;
}
function fill(element, ...children) {
  element.replaceChildren(...children.flat().filter((child) => child !== null && child !== void 0));
}
function reveal(child, parent) {
  const [inner, outer] = [child.getBoundingClientRect(), parent.getBoundingClientRect()];
  const margin = Math.min(40, outer.height / 4);
  if (inner.top < outer.top + margin) parent.scrollTop += inner.top - outer.top - margin;
  else if (inner.bottom > outer.bottom - margin) parent.scrollTop += inner.bottom - outer.bottom + margin;
  if (inner.left < outer.left) parent.scrollLeft += inner.left - outer.left - 8;
  else if (inner.right > outer.right) parent.scrollLeft += inner.right - outer.right + 8;
}
var last = 0;
var unique = (name) => `tinyxm-${name}-${++last}`;

// src/keys.js
var PACE = 700;
function bindKeys(element, store, { everywhere }) {
  const target = everywhere ? document : element;
  const listener = (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || takesKeys(event.target, event.key)) return;
    const act = {
      ArrowRight: () => pausedStep(store, 1),
      ArrowLeft: () => pausedStep(store, -1),
      Home: () => store.set({ op: 0, playing: false }),
      End: () => store.set({ op: store.trace.operations.length - 1, playing: false }),
      " ": () => store.set({ playing: !store.state.playing }),
      "/": () => element.querySelector('input[type="search"]')?.focus()
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  };
  target.addEventListener("keydown", listener);
  const pause = play(store);
  return () => {
    target.removeEventListener("keydown", listener);
    pause();
  };
}
function pausedStep(store, by) {
  store.set({ op: store.state.op + by, playing: false });
}
function takesKeys(target, key) {
  if (!target.closest) return false;
  if (target.closest("input, textarea, select, [contenteditable], [role=slider], [role=grid], [role=tree], [role=radiogroup]")) return true;
  return key === " " && target.closest("button, summary, a, [role=button], [role=option]") !== null;
}
function play(store) {
  let timer = null;
  const stop = () => {
    clearInterval(timer);
    timer = null;
  };
  store.subscribe(({ playing, op }, changed) => {
    const last2 = store.trace.operations.length - 1;
    if (changed.has("playing") && playing && timer === null) {
      if (op >= last2) queueMicrotask(() => store.set({ op: 0 }));
      timer = setInterval(() => {
        if (store.state.op >= last2) store.set({ playing: false });
        else store.step(1);
      }, PACE);
    } else if (!playing) stop();
  });
  return stop;
}

// src/state.js
var WAIT = 250;
var Store = class {
  constructor(trace) {
    this.trace = trace;
    this.state = { op: 0, value: null, cell: null, update: null, playing: false };
    this.listeners = /* @__PURE__ */ new Set();
  }
  /** Called with (state, what changed) now, with everything, and at every change. */
  subscribe(listener) {
    this.listeners.add(listener);
    listener(this.state, new Set(Object.keys(this.state)));
    return () => this.listeners.delete(listener);
  }
  /** Change some of it. Another operation is looked at afresh: its result, and no cell, unless they are given too. */
  set(changes) {
    const next = { ...this.state, ..."op" in changes && changes.op !== this.state.op ? FRESH : {}, ...changes };
    this.adopt(this.valid(next));
  }
  adopt(next) {
    const changed = new Set(Object.keys(next).filter((key) => !same(next[key], this.state[key])));
    if (!changed.size) return;
    this.state = next;
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
    if (this.state.update !== null) return this.state.update;
    const numbers = [this.state.value, this.operation?.result, ...Object.values(this.operation?.operands ?? {}).map((o) => o.value)];
    for (const number2 of numbers) {
      const i = updates.findIndex((u) => [u.before, u.gradient, u.clipped, u.after].includes(number2) || u.before === values[number2]?.of);
      if (number2 !== null && number2 !== void 0 && i >= 0) return i;
    }
    return updates.length ? 0 : null;
  }
  /** The same within bounds: an address may say anything. */
  valid({ op, value, cell, update, ...more }) {
    const { operations: operations2, values, updates } = this.trace;
    const place = whole(op) ? Math.min(Math.max(op, 0), Math.max(operations2.length - 1, 0)) : 0;
    const chosen = whole(value) && values[value] ? value : null;
    const number2 = chosen ?? operations2[place]?.result ?? null;
    const shape = number2 === null ? null : values[number2].kept ?? values[number2].shape;
    const within = Array.isArray(cell) && shape?.length === cell.length && cell.every((k, i) => whole(k) && k >= 0 && k < shape[i]);
    return { ...more, op: place, value: chosen, cell: within ? cell : null, update: whole(update) && updates[update] ? update : null };
  }
};
var FRESH = { value: null, cell: null, update: null };
var whole = (x) => Number.isInteger(x);
var same = (a, b) => a === b || Array.isArray(a) && Array.isArray(b) && a.length === b.length && a.every((x, i) => x === b[i]);
function toAddress({ op, value, cell, update }) {
  const parts = [`op=${op}`];
  if (value !== null) parts.push(`value=${value}`);
  if (cell !== null) parts.push(`cell=${cell.join(",")}`);
  if (update !== null) parts.push(`update=${update}`);
  return `#${parts.join("&")}`;
}
function fromAddress(hash) {
  const parameters = new URLSearchParams(hash.replace(/^#/, ""));
  const read = (name) => /^\d+$/.test(parameters.get(name) ?? "") ? Number(parameters.get(name)) : null;
  const cell = parameters.get("cell");
  return { op: read("op") ?? 0, value: read("value"), cell: cell === null ? null : cell.split(",").filter(Boolean).map(Number), update: read("update") };
}
function bindAddress(store, view = window) {
  let timer = null;
  let written = 0;
  let from = store.state.op;
  const write = () => {
    timer = null;
    const address = toAddress(store.state);
    if (address === view.location.hash) return;
    const leap = Math.abs(store.state.op - from) > 1 || Date.now() - written > 4 * WAIT;
    written = Date.now();
    from = store.state.op;
    try {
      view.history[leap ? "pushState" : "replaceState"](null, "", address);
    } catch {
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

// src/trace.js
var FORMAT = "tinyxm-trace/1";
var Numbers = class {
  constructor(data, shape, dtype) {
    this.data = data;
    this.shape = shape;
    this.dtype = dtype;
    this.size = data.length;
    this.strides = strides(shape);
  }
  /** The number at a place, such as [3, 5]. */
  get(cell) {
    return this.data[this.offset(cell)];
  }
  /** Where a place lies in `data`. */
  offset(cell) {
    return cell.reduce((sum, k, axis) => sum + k * this.strides[axis], 0);
  }
  /** The place that lies at this offset. */
  place(offset) {
    return this.strides.map((stride, axis) => Math.floor(offset / stride) % this.shape[axis]);
  }
  /** Whether a place lies within. */
  has(cell) {
    return cell.length === this.shape.length && cell.every((k, axis) => Number.isInteger(k) && k >= 0 && k < this.shape[axis]);
  }
  /** Rows by columns, two axes of it, where `fixed` says the place on every other axis. */
  matrix(rows, columns2, fixed) {
    const [n, m] = [rows, columns2].map((axis) => axis === null ? 1 : this.shape[axis]);
    const start = fixed.reduce((sum, k, axis) => axis === rows || axis === columns2 ? sum : sum + k * this.strides[axis], 0);
    const [down, right] = [rows, columns2].map((axis) => axis === null ? 0 : this.strides[axis]);
    const out = new Float64Array(n * m);
    for (let i = 0; i < n; i++) for (let j = 0; j < m; j++) out[i * m + j] = this.data[start + i * down + j * right];
    return { data: out, rows: n, columns: m };
  }
};
function strides(shape) {
  const found = Array(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) found[axis] = found[axis + 1] * Math.max(shape[axis + 1], 1);
  return found;
}
var Trace = class {
  constructor(json, blob) {
    Object.assign(this, json);
    this.blob = blob;
    this.operations = json.operations.map((operation, number2) => ({ ...operation, number: number2 }));
    this.values = json.values.map((value, number2) => ({ ...value, number: number2 }));
    this.read = /* @__PURE__ */ new Map();
    this.readers = this.values.map(() => []);
    for (const operation of this.operations) {
      for (const [name, value] of operandValues(operation)) this.readers[value]?.push({ operation, name });
    }
    this.adjoints = this.operations.map(() => []);
    for (const operation of this.operations) {
      if (operation.of !== void 0) this.adjoints[operation.of]?.push(operation);
    }
  }
  /** The array of a value, by its number. */
  array(number2) {
    if (!this.read.has(number2)) {
      const value = this.values[number2];
      const shape = value.kept ?? value.shape;
      this.read.set(number2, new Numbers(decode(this.blob, value.data, product(shape)), shape, value.dtype));
    }
    return this.read.get(number2);
  }
  /** The operation that made a value, or null. */
  maker(number2) {
    const by = this.values[number2].by;
    return by === null || by === void 0 ? null : this.operations[by];
  }
};
function operandValues(operation) {
  return Object.entries(operation.operands).flatMap(([name, operand]) => {
    if (operand.value !== void 0) return [[name, operand.value]];
    return (operand.values ?? []).flatMap((value, i) => value === null ? [] : [[`${name}[${i}]`, value]]);
  });
}
var product = (shape) => shape.reduce((n, k) => n * k, 1);
var TYPES = { float64: Float64Array, float32: Float32Array, int32: Int32Array, uint8: Uint8Array };
function decode(blob, { at, type, scale = 1 }, size) {
  if (type === "float16") {
    const halves = new Uint16Array(blob, at, size);
    return Float32Array.from(halves, (bits) => half(bits) * scale);
  }
  const data = new TYPES[type](blob, at, size);
  return scale === 1 ? data : Float64Array.from(data, (x) => x * scale);
}
function half(bits) {
  const sign = bits & 32768 ? -1 : 1;
  const exponent = bits >> 10 & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return exponent ? sign * 2 ** (exponent - 15) * (1 + fraction / 1024) : sign * 2 ** -24 * fraction;
}
async function openTrace(json) {
  if (json?.format !== FORMAT) throw new Error(`This is ${String(json?.format)}; expected ${FORMAT}.`);
  const packed = Uint8Array.from(atob(json.blob), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Trace(json, await new Response(stream).arrayBuffer());
}

// src/views/code.js
function code() {
  return false;
}

// src/views/contrast.js
function contrast() {
  return false;
}

// src/views/derivation.js
function derivation() {
  return false;
}

// src/views/diagnoses.js
function diagnoses() {
  return false;
}

// src/views/graph.js
function graph() {
  return false;
}

// src/views/ledger.js
function ledger() {
  return false;
}

// src/views/tensor.js
function tensor() {
  return false;
}

// src/views/theme.js
var CHOICES = [
  ["", "as the system"],
  ["light", "light"],
  ["dark", "dark"]
];
function theme(element) {
  const select = make(
    "select",
    {
      onchange: () => {
        const root = element.closest(".tinyxm-step");
        if (select.value) root.dataset.theme = select.value;
        else delete root.dataset.theme;
      }
    },
    ...CHOICES.map(([value, text]) => make("option", { value }, text))
  );
  element.append(make("label", {}, "Colours ", select));
}

// src/numbers.js
var MINUS = "−";
var number = (x) => typeof x === "string" ? Number(x) : x;
function signed(text) {
  return text.replace("Infinity", "∞").replaceAll("-", MINUS);
}
function brief(x, digits = 4) {
  if (x === null || x === void 0) return "";
  if (typeof x === "boolean") return String(x);
  if (!Number.isFinite(x)) return signed(String(x));
  if (Number.isInteger(x) && Math.abs(x) < 1e6) return signed(String(x));
  const size = Math.abs(x);
  if (size !== 0 && (size < 1e-4 || size >= 1e6)) {
    const [mantissa, exponent] = x.toExponential(digits - 1).split("e");
    return signed(`${Number(mantissa)}e${Number(exponent)}`);
  }
  return signed(String(Number(x.toPrecision(digits))));
}
var shapeText = (shape) => shape.length ? shape.join(" × ") : "one number";
function count(n) {
  for (const [size, word] of [
    [1e9, "billion"],
    [1e6, "million"],
    [1e3, "thousand"]
  ]) {
    if (n >= size) return `${Number((n / size).toPrecision(3))} ${word}`;
  }
  return String(n);
}
function duration(seconds) {
  if (seconds >= 1) return `${brief(seconds, 3)} s`;
  return seconds >= 1e-3 ? `${brief(seconds * 1e3, 3)} ms` : `${brief(seconds * 1e6, 3)} µs`;
}

// src/sentences.js
var PHASES = {
  data: "The examples that this step learns from.",
  forward: "The network computes its answer from the data, layer by layer.",
  loss: "The answer is compared with what was wanted. One number, the loss L, says how wrong it was.",
  backward: "From the loss back to the first layer: how much would L change if each number changed a little? That is its gradient.",
  "gradient norm": "How large are all gradients together?",
  clip: "Gradients that are too large together are made smaller, all by the same factor.",
  moments: "The optimizer remembers earlier gradients, for each weight on its own.",
  update: "Each weight moves a little, in the direction that makes the loss smaller.",
  after: "The step is done: every weight has its new value."
};
function sentence(operation, trace) {
  const value = (number2) => number2 === null || number2 === void 0 ? "nothing" : { value: number2 };
  const operand = (name) => {
    const given = operation.operands[name];
    if (given === void 0) return null;
    if (given.value !== void 0) return value(given.value);
    return given.values ? listed(given.values.map(value)) : plain(given.plain);
  };
  const context = { operation, trace, value, operand, result: value(operation.result) };
  const told = (TELL[operation.kind] ?? TELL.forward)(context);
  return told.flat(Infinity).filter((part) => part !== null && part !== void 0);
}
function sentenceText(operation, trace) {
  return sentence(operation, trace).map((part) => typeof part === "string" ? part : trace.values[part.value].name).join("");
}
var TELL = {
  data: ({ operation, trace, result }) => {
    const { shape, shown } = trace.values[operation.result];
    const what = { tokens: "text as numbers, one for each word or letter", picture: "pictures", waveform: "sound", spectrogram: "sound as a spectrogram", video: "moving pictures" }[shown];
    return [result, ` is given: ${what ?? "numbers"}, ${shapeText(shape)}.`, shape.length > 1 ? ` The first axis counts the ${shape[0]} examples of this batch.` : ""];
  },
  forward: (context) => {
    const said = FORWARD[context.operation.name]?.(context);
    return said ?? made(context);
  },
  adjoint: (context) => {
    const { operation, trace, operand, result, value } = context;
    const input = operation.name.slice(operation.name.lastIndexOf(".") + 1);
    const forward = trace.operations[operation.of];
    const of = trace.values[operation.result]?.of;
    const whose = of === null || of === void 0 ? input : value(of);
    const through = forward ? forward.name : operation.name.slice(0, operation.name.lastIndexOf("."));
    const how = ADJOINT[operation.name]?.(context);
    if (operation.operands.g?.value === operation.result) return ["Back through ", through, ": the gradient that arrived, ", result, ", goes on to ", whose, " as it is."];
    return ["Back through ", through, " to ", whose, ": ", ...how ?? ["from ", operand("g"), " follows how L would change with each of its numbers"], ". That makes ", result, "."];
  },
  accumulate: ({ operand, result, operation, trace, value }) => {
    const of = trace.values[operation.result]?.of;
    return [of === null || of === void 0 ? "A value" : value(of), " was used more than once, so it changes the loss along several ways. Their gradients add: ", operand("total"), " + ", operand("g"), " = ", result, "."];
  },
  hook: ({ result, operand }) => ["A function of yours (a hook) changed the gradient ", operand("g"), " into ", result, "."],
  norm: ({ operation, trace }) => [
    `All ${operandValues(operation).length} gradients of the parameters, taken as one long arrow, have the length `,
    { value: operation.result },
    `, ${brief(trace.array(operation.result).data[0])}: the root of the sum of all their squares.`
  ],
  clip: ({ operation, operand, result, trace }) => {
    const { limit, norm } = operation.static ?? {};
    if (norm === void 0) return [operand("gradient"), ` is clipped: what lies outside ±${brief(number(limit))} is brought to it. That makes `, result, "."];
    const [length, most] = [number(norm), number(limit)];
    const all = `All gradients together have the length ${brief(length)}`;
    if (length <= most) return [`${all}, which isn't over the limit ${brief(most)}: `, operand("gradient"), " stays as it is."];
    return [`${all}, over the limit ${brief(most)}. So `, operand("gradient"), ` is multiplied by ${brief(most)} / ${brief(length)} = ${brief(most / length)}, as every other gradient is. That makes `, result, "."];
  },
  update: ({ operation, operand, result, value }) => {
    if (operation.phase === "moments") {
      const others = Object.keys(operation.operands).filter((name) => name !== "gradient");
      const fresh = [result, ...Object.values(operation.also ?? {}).map(value)];
      return ["The optimizer brings ", listed(others.map(operand)), " up to date with ", operand("gradient"), ": now ", listed(fresh), "."];
    }
    if (operation.operands.parameter) {
      const { lr } = operation.static ?? {};
      const by = Object.keys(operation.operands).filter((name) => name !== "parameter");
      const rate = lr === void 0 ? "" : `, at the learning rate ${brief(number(lr))}`;
      const wanted = by.filter((name) => name !== "gradient").length ? by.filter((name) => name !== "gradient") : by;
      return [operand("parameter"), " takes its step, by ", listed(wanted.map(operand)), rate, ": it becomes ", result, "."];
    }
    return ["The layer writes down ", operand("value"), " for later, in place of ", operand("target"), "."];
  },
  after: ({ operation }) => {
    const n = operandValues(operation).length;
    return [`${n === 1 ? "The parameter has its new value" : `All ${n} parameters have their new values`}. Training is this step, again and again, with other examples.`];
  }
};
var FORWARD = {
  linear: ({ operand, result, operation }) => [
    "Each row of ",
    operand("x"),
    " is multiplied with each column of the weights ",
    operand("w"),
    " and summed",
    operation.operands.bias?.value === void 0 ? "" : ["; ", operand("bias"), " is added"],
    ". That makes ",
    result,
    "."
  ],
  matmul: ({ operand, result }) => ["Each row of ", operand("a"), " is multiplied with each column of ", operand("b"), " and summed. That makes ", result, "."],
  conv2d: ({ operand, result }) => ["The kernel ", operand("w"), " slides over ", operand("x"), "; at each place, what lies under it is multiplied with it and summed. That makes ", result, "."],
  relu: ({ operand, result }) => ["Of ", operand("a"), " negative numbers become 0, the others stay. That makes ", result, "."],
  tanh: ({ operand, result }) => ["Each number of ", operand("a"), " is bent into the range −1 to 1. That makes ", result, "."],
  sigmoid: ({ operand, result }) => ["Each number of ", operand("a"), " is bent into the range 0 to 1. That makes ", result, "."],
  softmax: ({ operand, result }) => [operand("a"), " becomes shares: each number positive, those of a row together 1. That makes ", result, "."],
  add: ({ operand, result }) => [operand("a"), " and ", operand("b"), " are added, number by number. That makes ", result, "."],
  subtract: ({ operand, result }) => [operand("b"), " is taken from ", operand("a"), ", number by number. That makes ", result, "."],
  multiply: ({ operand, result }) => [operand("a"), " and ", operand("b"), " are multiplied, number by number. That makes ", result, "."],
  divide: ({ operand, result }) => [operand("a"), " is divided by ", operand("b"), ", number by number. That makes ", result, "."],
  mean: ({ operand, result }) => [operand("a"), " is averaged. That makes ", result, "."],
  sum: ({ operand, result }) => [operand("a"), " is summed. That makes ", result, "."],
  reshape: ({ operand, result, trace, operation }) => ["The same numbers of ", operand("a"), ` in another shape, ${shapeText(trace.values[operation.result].shape)}: `, result, "."],
  swapaxes: ({ operand, result }) => ["The same numbers of ", operand("a"), ", two of its axes exchanged: ", result, "."],
  getitem: ({ operand, result, operation }) => Array.isArray(operation.static?.index) ? ["Rows or parts of ", operand("a"), " are looked up by their number. That makes ", result, "."] : ["A part of ", operand("a"), " is taken. That makes ", result, "."],
  embedding: ({ operand, result }) => ["For each token its row of the table ", operand("table") ?? operand("w"), " is looked up. That makes ", result, "."],
  cross_entropies: ({ operand, result }) => ["How surprised the network is by the right answer: ", operand("logits"), " become probabilities, and of that of the right class in ", operand("labels"), " −ln is taken. That makes ", result, ", one number for each example."],
  max_pool2d: ({ operand, result }) => ["Of each small window of ", operand("x"), " the largest number is kept. That makes ", result, "."],
  average_pool2d: ({ operand, result }) => ["Of each small window of ", operand("x"), " the mean is kept. That makes ", result, "."],
  group_statistics: ({ operand, result }) => ["Mean and variance of ", operand("x"), ", group by group. That makes ", result, "."],
  group_norm: ({ operand, result }) => [operand("x"), " is brought to mean 0 and variance 1, group by group, then scaled by ", operand("scale"), " and shifted by ", operand("shift"), ". That makes ", result, "."],
  layer_norm: ({ operand, result }) => ["Each row of ", operand("x"), " is brought to mean 0 and variance 1, then scaled by ", operand("scale"), " and shifted by ", operand("shift"), ". That makes ", result, "."],
  attention: ({ operand, result }) => ["Each query of ", operand("q"), " asks how well it fits each key of ", operand("k"), "; by these shares the values ", operand("v"), " are mixed. That makes ", result, "."],
  unit_length: ({ operand, result }) => ["Each row of ", operand("x"), " is scaled to the length 1, so that a product of two tells their angle. That makes ", result, "."],
  where: ({ operand, result }) => ["Where ", operand("condition"), " holds, ", operand("a"), " is taken, elsewhere ", operand("b"), ". That makes ", result, "."]
};
var ADJOINT = {
  "linear.x": ({ operand }) => ["each number of it reached every output through a weight, so ", operand("g"), " comes back through the same weights ", operand("w")],
  "linear.w": ({ operand }) => ["a weight matters as much as what went into it, so ", operand("x"), " is multiplied with ", operand("g"), " and summed over the examples"],
  "linear.bias": ({ operand }) => ["it was added to every example, so ", operand("g"), " is summed over the examples"],
  "matmul.a": ({ operand }) => ["each number of it reached the result through a number of ", operand("b"), ", so ", operand("g"), " comes back through the same ones"],
  "matmul.b": ({ operand }) => ["each number of it reached the result through a number of ", operand("a"), ", so ", operand("g"), " comes back through the same ones"],
  "conv2d.w": ({ operand }) => ["each weight of the kernel met every place, so the places of ", operand("x"), " are multiplied with ", operand("g"), " and summed"],
  "conv2d.x": ({ operand }) => ["each number was seen by the kernel at several places, so ", operand("g"), " comes back through the kernel ", operand("w")],
  "relu.a": ({ operand }) => [operand("g"), " goes on where the number was positive, and is 0 where it was cut off"],
  "tanh.a": ({ operand }) => [operand("g"), " is multiplied with the slope of tanh, 1 − y²"],
  "sigmoid.a": ({ operand }) => [operand("g"), " is multiplied with the slope of the sigmoid, y(1 − y)"],
  "mean.a": ({ operand }) => ["each number has an equal share in the mean, so each gets ", operand("g"), " divided by their count"],
  "sum.a": ({ operand }) => ["each number counts once in the sum, so each gets ", operand("g")],
  "cross_entropies.logits": ({ operand }) => ["the probability that was given to each class, less 1 for the right one, times ", operand("g")],
  "max_pool2d.x": ({ operand }) => [operand("g"), " goes to the number of each window that was the largest; the others get 0"],
  "multiply.a": ({ operand }) => [operand("g"), " times the other factor, ", operand("b")],
  "multiply.b": ({ operand }) => [operand("g"), " times the other factor, ", operand("a")],
  "reshape.a": ({ operand }) => [operand("g"), " is put back into the shape from before"],
  "swapaxes.a": ({ operand }) => ["the axes of ", operand("g"), " are exchanged back"],
  "getitem.a": ({ operand }) => [operand("g"), " goes to the parts that were taken; all others get 0"],
  "add.b": ({ operand }) => [operand("g"), " goes on, summed where one number had been added to several"]
};
function made({ operation, operand, result }) {
  const names = Object.keys(operation.operands).filter((name) => operation.operands[name].plain === void 0);
  const from = names.length ? [" from ", listed(names.map(operand))] : [];
  return [operation.name, " makes ", result, ...from, "."];
}
function listed(parts) {
  return parts.flatMap((part, i) => [i === 0 ? "" : i === parts.length - 1 ? " and " : ", ", part]);
}
function plain(x) {
  const read = typeof x === "string" && /^(NaN|-?Infinity)$/.test(x) ? Number(x) : x;
  return typeof read === "number" ? brief(read) : JSON.stringify(read);
}

// src/views/timeline.js
function phases(element, store, trace) {
  const buttons = trace.phases.map((phase) => {
    const numbers = trace.operations.filter((operation) => operation.phase === phase).map(({ number: number2 }) => number2);
    const track = make("span", { class: "track" }, make("span", { class: "done" }));
    const label = numbers.length ? `${phase}: ${plural(numbers.length, "operation")}` : `${phase}: nothing in this step`;
    const button = make(
      "button",
      { type: "button", disabled: !numbers.length, title: PHASES[phase] ?? null, "aria-label": label, onclick: () => store.set({ op: numbers[0], playing: false }) },
      ...[make("span", { class: "name" }, phase), make("span", { class: "count" }, String(numbers.length)), track]
    );
    button.dataset.phase = phase;
    return { phase, numbers, button, done: track.firstChild };
  });
  fill(element, make("div", { role: "group", "aria-label": "The nine phases of a training step" }, ...buttons.map(({ button }) => button)));
  store.subscribe(({ op }) => {
    for (const { phase, numbers, button, done } of buttons) {
      const passed = numbers.filter((number2) => number2 <= op).length;
      done.style.width = numbers.length ? `${100 * passed / numbers.length}%` : "0";
      if (phase === store.operation?.phase) {
        button.setAttribute("aria-current", "step");
        reveal(button, element.firstChild);
      } else button.removeAttribute("aria-current");
    }
  });
}
var BUTTONS = [
  ["first", "|◀", "first operation (Home)"],
  ["back", "◀", "one operation back (left arrow)"],
  ["play", "▶ play", "play or pause (space)"],
  ["forward", "▶", "one operation forward (right arrow)"],
  ["last", "▶|", "last operation (End)"]
];
function transport(element, store, trace) {
  const last2 = trace.operations.length - 1;
  const acts = {
    first: () => store.set({ op: 0, playing: false }),
    back: () => store.set({ op: store.state.op - 1, playing: false }),
    play: () => store.set({ playing: !store.state.playing }),
    forward: () => store.set({ op: store.state.op + 1, playing: false }),
    last: () => store.set({ op: last2, playing: false })
  };
  const made2 = BUTTONS.map(([name, sign, label]) => make("button", { type: "button", class: name, title: label, "aria-label": label, onclick: acts[name] }, sign));
  const slider = make("input", { type: "range", min: 0, max: Math.max(last2, 0), "aria-label": "operation", oninput: () => store.set({ op: Number(slider.value), playing: false }) });
  const place = make("output", { class: "place" });
  const keys = make("span", { class: "keys" }, make("kbd", {}, "←"), " ", make("kbd", {}, "→"), " step, ", make("kbd", {}, "space"), " plays");
  fill(element, make("div", { role: "group", "aria-label": "Step through the operations" }, ...made2), slider, place, keys);
  store.subscribe(({ op, playing }) => {
    slider.value = op;
    slider.setAttribute("aria-valuetext", `${op + 1} of ${last2 + 1}: ${store.operation?.name ?? ""}`);
    place.textContent = `${op + 1} of ${last2 + 1}`;
    const play2 = made2[2];
    play2.textContent = playing ? "❚❚ pause" : "▶ play";
    play2.setAttribute("aria-pressed", String(Boolean(playing)));
    for (const [i, end] of [[0, 0], [1, 0], [3, last2], [4, last2]]) made2[i].setAttribute("aria-disabled", String(op === end));
  });
}
function story(element, store, trace) {
  const heading = make("p", { class: "where" });
  const text = make("p", { class: "sentence" });
  const facts = make("p", { class: "facts" });
  const live = make("p", { class: "unseen", "aria-live": "polite" });
  fill(element, heading, text, facts, live);
  store.subscribe((state, changed) => {
    const operation = store.operation;
    if (!operation || !(changed.has("op") || changed.has("value"))) return;
    if (changed.has("op")) {
      fill(heading, make("strong", {}, operation.phase), `: ${PHASES[operation.phase] ?? ""}`);
      facts.textContent = factsOf(operation, trace);
      live.textContent = `${operation.number + 1}, ${operation.phase}. ${sentenceText(operation, trace)}`;
    }
    fill(text, ...sentence(operation, trace).map((part) => typeof part === "string" ? part : valueButton(part.value, store, trace)));
  });
}
function valueButton(number2, store, trace) {
  const value = trace.values[number2];
  const shown = store.value === number2;
  const label = `show ${value.name}, ${shapeText(value.shape)}`;
  return make("button", { type: "button", class: `value ${value.role}`, title: label, "aria-pressed": String(shown), onclick: () => store.set({ value: number2, cell: null }) }, value.name);
}
function factsOf({ name, kind, module, seconds, flops, bytes, random }, trace) {
  const where = module ? ` in ${module} (${trace.modules[module] ?? "?"})` : "";
  const did = kind === "adjoint" ? "adjoint " : "";
  const cost = [seconds ? `took ${duration(seconds)}` : "", flops ? plural(flops, "floating-point operation") : "", bytes ? `${plural(bytes, "byte")} read and written` : ""];
  return [`${did}${name}${where}`, ...cost].filter(Boolean).join(", ");
}
var plural = (n, what) => `${count(n)} ${what}${n === 1 ? "" : "s"}`;
function operations(element, store, trace) {
  const search = make("input", { type: "search", placeholder: "search by name", "aria-label": "Search the operations by name", spellcheck: "false", autocomplete: "off" });
  const found = make("span", { class: "found", role: "status" });
  const list = make("div", { class: "list", role: "listbox", tabindex: 0, "aria-label": "Operations of this step, in their order" });
  const rows = [];
  for (const phase of trace.phases) {
    const within = trace.operations.filter((operation) => operation.phase === phase);
    if (!within.length) continue;
    const id = unique("phase");
    const group = make("div", { role: "group", "aria-labelledby": id }, make("div", { class: "phase", id, role: "presentation" }, phase));
    for (const operation of within) {
      const row = make(
        "div",
        { role: "option", id: unique("operation"), "aria-selected": "false", "data-op": operation.number },
        ...[make("span", { class: "number" }, String(operation.number + 1)), make("span", { class: "name" }, titleOf(operation, trace))]
      );
      rows[operation.number] = { row, text: haystack(operation, trace) };
      group.append(row);
    }
    list.append(group);
  }
  list.addEventListener("click", (event) => {
    const row = event.target.closest("[data-op]");
    if (row) store.set({ op: Number(row.dataset.op), playing: false });
  });
  list.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    let next = store.state.op + by;
    while (rows[next]?.row.hidden) next += by;
    if (rows[next]) store.set({ op: next, playing: false });
  });
  const look = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let n = 0;
    for (const { row, text } of rows) {
      row.hidden = !words.every((word) => text.includes(word));
      n += row.hidden ? 0 : 1;
    }
    for (const group of list.children) group.hidden = [...group.querySelectorAll("[role=option]")].every((row) => row.hidden);
    found.textContent = words.length ? `${n} of ${rows.length}` : "";
  };
  search.addEventListener("input", look);
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      const after = rows.findIndex(({ row }, i) => i > store.state.op && !row.hidden);
      const next = after >= 0 ? after : rows.findIndex(({ row }) => !row.hidden);
      if (next >= 0) store.set({ op: next, playing: false });
    } else if (event.key === "Escape") {
      search.value = "";
      look();
      list.focus();
    } else return;
    event.preventDefault();
  });
  fill(element, make("div", { class: "search" }, search, found), list);
  let present = null;
  store.subscribe(({ op }, changed) => {
    if (!changed.has("op") || !rows[op]) return;
    present?.setAttribute("aria-selected", "false");
    present = rows[op].row;
    present.setAttribute("aria-selected", "true");
    list.setAttribute("aria-activedescendant", present.id);
    reveal(present, list);
  });
}
function titleOf(operation, trace) {
  const name = (number2) => trace.values[number2]?.name ?? "";
  if (operation.kind === "data") return operation.name;
  if (operation.kind === "forward") return `${operation.name} → ${name(operation.result)}`;
  if (operation.kind === "adjoint") return `${operation.name} → ${name(operation.result)}`;
  if (operation.kind === "accumulate") return `add up ${name(operation.result)}`;
  if (operation.kind === "clip") return name(operation.operands.gradient?.value);
  if (operation.phase === "moments") return name(trace.values[operation.result]?.of) || operation.name;
  if (operation.kind === "update") return name(operation.operands.parameter?.value ?? operation.result);
  return operation.name;
}
function haystack(operation, trace) {
  const names = [operation.name, operation.module, trace.modules[operation.module] ?? "", operation.phase, operation.kind, titleOf(operation, trace)];
  return names.join(" ").toLowerCase();
}

// src/main.js
var PANELS = [
  { name: "operations", title: "Every operation", view: operations, column: "left" },
  { name: "graph", title: "The network", view: graph, column: "left" },
  { name: "tensor", title: "The numbers", view: tensor, column: "middle" },
  { name: "derivation", title: "Where this number comes from", view: derivation, column: "middle" },
  { name: "ledger", title: "How one weight changes", view: ledger, column: "middle" },
  { name: "contrast", title: "Which belongs to which", view: contrast, column: "middle" },
  { name: "code", title: "The code that did it", view: code, column: "right" },
  { name: "diagnoses", title: "What to watch", view: diagnoses, column: "right" }
];
async function mount(element, json, { address = false } = {}) {
  element.classList.add("tinyxm-step");
  let trace;
  try {
    trace = await openTrace(json);
  } catch (error) {
    fill(element, make("p", { class: "failure", role: "alert" }, `This trace can't be shown. ${error.message}`));
    return () => fill(element);
  }
  const store = new Store(trace);
  fill(element, header(store, trace), columns(store, trace));
  const endings = [bindKeys(element, store, { everywhere: address })];
  if (address) endings.push(bindAddress(store));
  element.dataset.ready = "true";
  return () => {
    for (const end of endings) end();
    fill(element);
  };
}
function header(store, trace) {
  const places = [phases, transport, story].map((view) => {
    const place = make("div", { class: view.name });
    view(place, store, trace);
    return place;
  });
  const title = make("div", { class: "title" }, make("h1", {}, trace.title), make("div", { class: "theme" }));
  theme(title.lastChild);
  return make("header", {}, title, kept(trace), ...places);
}
function kept({ kept: kept2 }) {
  if (!kept2) return null;
  const samples = `${kept2.samples.length} of the ${kept2.of} samples of each batch`;
  return make("p", { class: "kept" }, `This step is large: of arrays with a batch, the numbers of ${samples} are kept here. Their statistics are of all.`);
}
function columns(store, trace) {
  const found = { left: [], middle: [], right: [] };
  for (const { name, title, view, column } of PANELS) {
    const id = unique(name);
    const body = make("div", { class: `body ${name}` });
    if (view(body, store, trace) === false) continue;
    found[column].push(make("section", { class: "panel", "aria-labelledby": id, "data-panel": name }, make("h2", { id }, title), body));
  }
  return make("main", {}, ...Object.entries(found).map(([name, panels]) => make("div", { class: `column ${name}` }, ...panels)));
}
async function render({ model, el }) {
  return mount(el, model.get("trace"));
}
var main_default = { render };
var beside = globalThis.document?.getElementById("tinyxm-trace");
if (beside) mount(document.getElementById("tinyxm-step"), JSON.parse(beside.textContent), { address: true });
export {
  main_default as default,
  mount
};
