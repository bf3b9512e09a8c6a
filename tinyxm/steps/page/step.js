/* Built from frontend/ by `npm ci && npm run build`: change it there. */
/* What is bundled, and its licences, are in licences.txt. */
// src/dom.js
function make(tag, attributes = {}, ...children2) {
  return furnish(document.createElement(tag), attributes, children2);
}
function draw(tag, attributes = {}, ...children2) {
  return furnish(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children2);
}
function furnish(element, attributes, children2) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === void 0 || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children2.flat().filter((child) => child !== null && child !== void 0));
  return element;
}
function fill(element, ...children2) {
  element.replaceChildren(...children2.flat().filter((child) => child !== null && child !== void 0));
}
function reveal(child, parent, across = false) {
  const [inner, outer] = [child.getBoundingClientRect(), parent.getBoundingClientRect()];
  const margin = Math.min(40, outer.height / 4);
  if (inner.top < outer.top + margin) parent.scrollTop += inner.top - outer.top - margin;
  else if (inner.bottom > outer.bottom - margin) parent.scrollTop += inner.bottom - outer.bottom + margin;
  if (!across) return;
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
    const at2 = this.trace.maker(value) ?? this.trace.readers[value]?.[0]?.operation;
    this.set({ op: at2 ? at2.number : this.state.op, value, cell });
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
    const within = Array.isArray(cell) && shape?.length === cell.length && cell.every((k2, i) => whole(k2) && k2 >= 0 && k2 < shape[i]);
    return { ...more, op: place, value: chosen, cell: within ? cell : null, update: whole(update) && updates[update] ? update : null };
  }
};
var FRESH = { value: null, cell: null, update: null };
var whole = (x2) => Number.isInteger(x2);
var same = (a2, b) => a2 === b || Array.isArray(a2) && Array.isArray(b) && a2.length === b.length && a2.every((x2, i) => x2 === b[i]);
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
    return cell.reduce((sum, k2, axis) => sum + k2 * this.strides[axis], 0);
  }
  /** The place that lies at this offset. */
  place(offset) {
    return this.strides.map((stride, axis) => Math.floor(offset / stride) % this.shape[axis]);
  }
  /** Whether a place lies within. */
  has(cell) {
    return cell.length === this.shape.length && cell.every((k2, axis) => Number.isInteger(k2) && k2 >= 0 && k2 < this.shape[axis]);
  }
  /** Rows by columns, two axes of it, where `fixed` says the place on every other axis. */
  matrix(rows, columns2, fixed) {
    const [n, m] = [rows, columns2].map((axis) => axis === null ? 1 : this.shape[axis]);
    const start = fixed.reduce((sum, k2, axis) => axis === rows || axis === columns2 ? sum : sum + k2 * this.strides[axis], 0);
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
var product = (shape) => shape.reduce((n, k2) => n * k2, 1);
var TYPES = { float64: Float64Array, float32: Float32Array, int32: Int32Array, uint8: Uint8Array };
function decode(blob, { at: at2, type, scale = 1 }, size) {
  if (type === "float16") {
    const halves = new Uint16Array(blob, at2, size);
    return Float32Array.from(halves, (bits) => half(bits) * scale);
  }
  const data = new TYPES[type](blob, at2, size);
  return scale === 1 ? data : Float64Array.from(data, (x2) => x2 * scale);
}
function half(bits) {
  const sign2 = bits & 32768 ? -1 : 1;
  const exponent = bits >> 10 & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign2 * Infinity;
  return exponent ? sign2 * 2 ** (exponent - 15) * (1 + fraction / 1024) : sign2 * 2 ** -24 * fraction;
}
async function openTrace(json) {
  if (json?.format !== FORMAT) throw new Error(`This is ${String(json?.format)}; expected ${FORMAT}.`);
  const packed = Uint8Array.from(atob(json.blob), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Trace(json, await new Response(stream).arrayBuffer());
}

// src/python.js
var TOKEN = /(?<comment>#[^\n]*)|(?<text>[rbfRBF]{0,2}(?:"""[\s\S]*?(?:"""|$)|'''[\s\S]*?(?:'''|$)|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?))|(?<keyword>\b(?:and|as|assert|async|await|break|class|continue|def|del|elif|else|except|False|finally|for|from|global|if|import|in|is|lambda|None|nonlocal|not|or|pass|raise|return|True|try|while|with|yield)\b)|(?<number>\b\d[\w.]*)|(?<decorator>^[ \t]*@[\w.]+)/gm;
function pythonLines(source) {
  const lines = [[]];
  const push = (text, kind) => {
    text.split("\n").forEach((part, i) => {
      if (i) lines.push([]);
      if (part) lines.at(-1).push({ kind, text: part });
    });
  };
  let end = 0;
  for (const match of source.matchAll(TOKEN)) {
    push(source.slice(end, match.index), "");
    const kind = Object.keys(match.groups).find((name) => match.groups[name] !== void 0);
    push(match[0], kind);
    end = match.index + match[0].length;
  }
  push(source.slice(end), "");
  return lines;
}
function splitRule(source) {
  const lines = source.split("\n");
  const at2 = lines.findIndex((line2) => /^def /.test(line2));
  return at2 > 0 ? { adjoints: lines.slice(0, at2).join("\n"), forward: lines.slice(at2).join("\n") } : { adjoints: "", forward: source };
}
function argumentLines(source, name) {
  const lines = source.split("\n");
  const says = new RegExp(`(^|[\\s(,])${name.replace(/[^\w]/g, "")}=`);
  const first = lines.findIndex((line2) => says.test(line2));
  if (first < 0) return null;
  const depth = (line2) => line2.search(/\S/);
  let last2 = first;
  while (last2 + 1 < lines.length && depth(lines[last2 + 1]) > depth(lines[first])) last2++;
  return [first, last2];
}
function bodyLines(source) {
  const lines = source.split("\n");
  let first = lines.findIndex((line2) => /:\s*(#.*)?$/.test(line2)) + 1;
  if (/^\s*[rR]?"""/.test(lines[first] ?? "")) {
    const closed = (line2) => (line2.match(/"""/g) ?? []).length;
    if (closed(lines[first]) < 2) do
      first++;
    while (first < lines.length && !closed(lines[first]));
    first++;
  }
  return first < lines.length ? [first, lines.length - 1] : [0, lines.length - 1];
}

// src/views/code.js
function code(element, store, trace) {
  const { lines, rules } = trace.code;
  if (!lines.length && !Object.keys(rules).length) return false;
  const blocks = { yours: block(), forward: block(), back: block() };
  fill(element, ...Object.values(blocks).map(({ whole: whole2 }) => whole2));
  let told2 = {};
  store.subscribe((state, changed) => {
    const operation = store.operation;
    if (!operation || !changed.has("op")) return;
    const next = { yours: yours(operation, trace), ...rule(operation, trace) };
    for (const [name, { whole: whole2, title, note, listing }] of Object.entries(blocks)) {
      const shown = next[name];
      whole2.hidden = !shown;
      if (!shown) continue;
      title.textContent = shown.title;
      note.textContent = shown.note ?? "";
      note.hidden = !shown.note;
      whole2.dataset.present = String(shown.present);
      if (told2[name]?.source !== shown.source || told2[name]?.start !== shown.start) list(listing, shown);
      mark(listing, shown.marked);
    }
    told2 = next;
  });
}
function block() {
  const [title, note] = [make("h3"), make("p", { class: "note" })];
  const listing = make("pre", { tabindex: 0, role: "group", "aria-label": "source" });
  return { whole: make("div", { class: "block" }, title, note, listing), title, note, listing };
}
var NOTES = {
  adjoint: "This line ran forward before; now the gradient goes back through it.",
  accumulate: "No rule of an operation's: where a value was used twice, the tape adds what comes back."
};
function yours(operation, trace) {
  const at2 = trace.code.lines[operation.line];
  if (!at2) return null;
  const numbers = Object.keys(at2.text).map(Number).sort((a2, b) => a2 - b);
  const title = `Your line: ${at2.file}, line ${at2.line}, in ${at2.function}`;
  const note = NOTES[operation.kind] ?? null;
  const source = numbers.map((number2) => at2.text[number2]).join("\n");
  return { title, note, source, start: numbers[0], marked: [at2.line - numbers[0], at2.line - numbers[0]], present: true };
}
function rule(operation, trace) {
  const { rules } = trace.code;
  if (operation.kind === "accumulate") return { forward: null, back: null };
  const back = operation.kind === "adjoint";
  const input = back ? operation.name.slice(operation.name.lastIndexOf(".") + 1) : null;
  const name = back ? operation.name.slice(0, operation.name.lastIndexOf(".")) : operation.name;
  const own = rules[name];
  const adjoint = back ? rules[operation.name]?.code : null;
  if (!own?.code && !adjoint) return { forward: null, back: null };
  const { adjoints, forward } = splitRule(own?.code ?? "");
  const after = adjoints || (adjoint && adjoint !== own?.code ? adjoint : "");
  const marked = back ? argumentLines(after, input) ?? [0, after.split("\n").length - 1] : null;
  return {
    forward: forward ? { title: `${name}: the way forward`, note: own.formula || null, source: forward, start: 1, marked: back ? null : bodyLines(forward), present: !back } : null,
    back: after ? { title: back ? `${name}: the way back, to ${input}` : `${name}: its way back, later`, note: "One rule for each input: from g, the gradient that arrives, to the input's own.", source: after, start: 1, marked, present: back } : null
  };
}
function list(listing, { source, start }) {
  const numbered = pythonLines(source).map(
    (tokens, i) => make("span", { class: "line" }, make("span", { class: "number", "aria-hidden": true }, String(start + i)), make("span", {}, ...tokens.map(({ kind, text }) => kind ? make("span", { class: kind }, text) : text), "\n"))
  );
  fill(listing, ...numbered);
}
function mark(listing, marked) {
  [...listing.children].forEach((line2, i) => {
    const here = marked !== null && i >= marked[0] && i <= marked[1];
    line2.classList.toggle("here", here);
    if (here) line2.setAttribute("aria-current", "true");
    else line2.removeAttribute("aria-current");
  });
  const first = listing.querySelector(".here");
  if (first) reveal(first, listing);
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

// node_modules/@dagrejs/dagre/dist/dagre.esm.js
var Te = Object.defineProperty;
var Sn = (e, n, t) => n in e ? Te(e, n, { enumerable: true, configurable: true, writable: true, value: t }) : e[n] = t;
var Mn = (e, n) => {
  for (var t in n) Te(e, t, { get: n[t], enumerable: true });
};
var je = (e, n, t) => Sn(e, typeof n != "symbol" ? n + "" : n, t);
var ie = {};
Mn(ie, { Graph: () => T, alg: () => H });
var Pn = Object.defineProperty;
var Se = (e, n) => {
  for (var t in n) Pn(e, t, { get: n[t], enumerable: true });
};
var Q = class {
  constructor(e) {
    this._isDirected = true, this._isMultigraph = false, this._isCompound = false, this._nodes = {}, this._in = {}, this._preds = {}, this._out = {}, this._sucs = {}, this._edgeObjs = {}, this._edgeLabels = {}, this._nodeCount = 0, this._edgeCount = 0, this._defaultNodeLabelFn = () => {
    }, this._defaultEdgeLabelFn = () => {
    }, e && (this._isDirected = "directed" in e ? e.directed : true, this._isMultigraph = "multigraph" in e ? e.multigraph : false, this._isCompound = "compound" in e ? e.compound : false), this._isCompound && (this._parent = {}, this._children = {}, this._children["\0"] = {});
  }
  isDirected() {
    return this._isDirected;
  }
  isMultigraph() {
    return this._isMultigraph;
  }
  isCompound() {
    return this._isCompound;
  }
  setGraph(e) {
    return this._label = e, this;
  }
  graph() {
    return this._label;
  }
  setDefaultNodeLabel(e) {
    return typeof e != "function" ? this._defaultNodeLabelFn = () => e : this._defaultNodeLabelFn = e, this;
  }
  nodeCount() {
    return this._nodeCount;
  }
  nodes() {
    return Object.keys(this._nodes);
  }
  sources() {
    return this.nodes().filter((e) => Object.keys(this._in[e]).length === 0);
  }
  sinks() {
    return this.nodes().filter((e) => Object.keys(this._out[e]).length === 0);
  }
  setNodes(e, n) {
    return e.forEach((t) => {
      n !== void 0 ? this.setNode(t, n) : this.setNode(t);
    }), this;
  }
  setNode(e, n) {
    return e in this._nodes ? (arguments.length > 1 && (this._nodes[e] = n), this) : (this._nodes[e] = arguments.length > 1 ? n : this._defaultNodeLabelFn(e), this._isCompound && (this._parent[e] = "\0", this._children[e] = {}, this._children["\0"][e] = true), this._in[e] = {}, this._preds[e] = {}, this._out[e] = {}, this._sucs[e] = {}, ++this._nodeCount, this);
  }
  node(e) {
    return this._nodes[e];
  }
  hasNode(e) {
    return e in this._nodes;
  }
  removeNode(e) {
    if (e in this._nodes) {
      let n = (t) => this.removeEdge(this._edgeObjs[t]);
      delete this._nodes[e], this._isCompound && (this._removeFromParentsChildList(e), delete this._parent[e], this.children(e).forEach((t) => {
        this.setParent(t);
      }), delete this._children[e]), Object.keys(this._in[e]).forEach(n), delete this._in[e], delete this._preds[e], Object.keys(this._out[e]).forEach(n), delete this._out[e], delete this._sucs[e], --this._nodeCount;
    }
    return this;
  }
  setParent(e, n) {
    if (!this._isCompound) throw new Error("Cannot set parent in a non-compound graph");
    if (n === void 0) n = "\0";
    else {
      n += "";
      for (let t = n; t !== void 0; t = this.parent(t)) if (t === e) throw new Error("Setting " + n + " as parent of " + e + " would create a cycle");
      this.setNode(n);
    }
    return this.setNode(e), this._removeFromParentsChildList(e), this._parent[e] = n, this._children[n][e] = true, this;
  }
  parent(e) {
    if (this._isCompound) {
      let n = this._parent[e];
      if (n !== "\0") return n;
    }
  }
  children(e = "\0") {
    if (this._isCompound) {
      let n = this._children[e];
      if (n) return Object.keys(n);
    } else {
      if (e === "\0") return this.nodes();
      if (this.hasNode(e)) return [];
    }
    return [];
  }
  predecessors(e) {
    let n = this._preds[e];
    if (n) return Object.keys(n);
  }
  successors(e) {
    let n = this._sucs[e];
    if (n) return Object.keys(n);
  }
  neighbors(e) {
    let n = this.predecessors(e);
    if (n) {
      let t = new Set(n), r = this.successors(e);
      if (r) for (let o of r) t.add(o);
      return Array.from(t.values());
    }
  }
  isLeaf(e) {
    var n;
    let t;
    return this.isDirected() ? t = this.successors(e) : t = this.neighbors(e), ((n = t == null ? void 0 : t.length) != null ? n : 0) === 0;
  }
  filterNodes(e) {
    let n = new this.constructor({ directed: this._isDirected, multigraph: this._isMultigraph, compound: this._isCompound });
    n.setGraph(this.graph()), Object.entries(this._nodes).forEach(([o, i]) => {
      e(o) && n.setNode(o, i);
    }), Object.values(this._edgeObjs).forEach((o) => {
      n.hasNode(o.v) && n.hasNode(o.w) && n.setEdge(o, this.edge(o));
    });
    let t = {}, r = (o) => {
      let i = this.parent(o);
      return !i || n.hasNode(i) ? (t[o] = i, i) : i in t ? t[i] : r(i);
    };
    return this._isCompound && n.nodes().forEach((o) => n.setParent(o, r(o))), n;
  }
  setDefaultEdgeLabel(e) {
    return typeof e != "function" ? this._defaultEdgeLabelFn = () => e : this._defaultEdgeLabelFn = e, this;
  }
  edgeCount() {
    return this._edgeCount;
  }
  edges() {
    return Object.values(this._edgeObjs);
  }
  setPath(e, n) {
    return e.reduce((t, r) => (n !== void 0 ? this.setEdge(t, r, n) : this.setEdge(t, r), r)), this;
  }
  setEdge(e, n, t, r) {
    let o, i, s2, a2, l = false;
    typeof e == "object" && e !== null && "v" in e ? (o = e.v, i = e.w, s2 = e.name, arguments.length === 2 && (a2 = n, l = true)) : (o = e, i = n, s2 = r, arguments.length > 2 && (a2 = t, l = true)), o = "" + o, i = "" + i, s2 !== void 0 && (s2 = "" + s2);
    let u = z(this._isDirected, o, i, s2);
    if (u in this._edgeLabels) return l && (this._edgeLabels[u] = a2), this;
    if (s2 !== void 0 && !this._isMultigraph) throw new Error("Cannot set a named edge when isMultigraph = false");
    this.setNode(o), this.setNode(i), this._edgeLabels[u] = l ? a2 : this._defaultEdgeLabelFn(o, i, s2);
    let d = Fn(this._isDirected, o, i, s2);
    return o = d.v, i = d.w, Object.freeze(d), this._edgeObjs[u] = d, Re(this._preds[i], o), Re(this._sucs[o], i), this._in[i][u] = d, this._out[o][u] = d, this._edgeCount++, this;
  }
  edge(e, n, t) {
    let r = arguments.length === 1 ? oe(this._isDirected, e) : z(this._isDirected, e, n, t);
    return this._edgeLabels[r];
  }
  edgeAsObj(e, n, t) {
    let r = arguments.length === 1 ? this.edge(e) : this.edge(e, n, t);
    return typeof r != "object" || r === null ? { label: r } : r;
  }
  hasEdge(e, n, t) {
    return (arguments.length === 1 ? oe(this._isDirected, e) : z(this._isDirected, e, n, t)) in this._edgeLabels;
  }
  removeEdge(e, n, t) {
    let r = arguments.length === 1 ? oe(this._isDirected, e) : z(this._isDirected, e, n, t), o = this._edgeObjs[r];
    if (o) {
      let i = o.v, s2 = o.w;
      delete this._edgeLabels[r], delete this._edgeObjs[r], Ie(this._preds[s2], i), Ie(this._sucs[i], s2), delete this._in[s2][r], delete this._out[i][r], this._edgeCount--;
    }
    return this;
  }
  inEdges(e, n) {
    return this.isDirected() ? this.filterEdges(this._in[e], e, n) : this.nodeEdges(e, n);
  }
  outEdges(e, n) {
    return this.isDirected() ? this.filterEdges(this._out[e], e, n) : this.nodeEdges(e, n);
  }
  nodeEdges(e, n) {
    if (e in this._nodes) return this.filterEdges({ ...this._in[e], ...this._out[e] }, e, n);
  }
  _removeFromParentsChildList(e) {
    delete this._children[this._parent[e]][e];
  }
  filterEdges(e, n, t) {
    if (!e) return;
    let r = Object.values(e);
    return t ? r.filter((o) => o.v === n && o.w === t || o.v === t && o.w === n) : r;
  }
};
function Re(e, n) {
  e[n] ? e[n]++ : e[n] = 1;
}
function Ie(e, n) {
  e[n] !== void 0 && !--e[n] && delete e[n];
}
function z(e, n, t, r) {
  let o = "" + n, i = "" + t;
  if (!e && o > i) {
    let s2 = o;
    o = i, i = s2;
  }
  return o + "" + i + "" + (r === void 0 ? "\0" : r);
}
function Fn(e, n, t, r) {
  let o = "" + n, i = "" + t;
  if (!e && o > i) {
    let a2 = o;
    o = i, i = a2;
  }
  let s2 = { v: o, w: i };
  return r && (s2.name = r), s2;
}
function oe(e, n) {
  return z(e, n.v, n.w, n.name);
}
var Dn = {};
Se(Dn, { read: () => Bn, write: () => An });
function An(e) {
  let n = { options: { directed: e.isDirected(), multigraph: e.isMultigraph(), compound: e.isCompound() }, nodes: Vn(e), edges: Yn(e) }, t = e.graph();
  return t !== void 0 && (n.value = structuredClone(t)), n;
}
function Vn(e) {
  return e.nodes().map((n) => {
    let t = e.node(n), r = e.parent(n), o = { v: n };
    return t !== void 0 && (o.value = t), r !== void 0 && (o.parent = r), o;
  });
}
function Yn(e) {
  return e.edges().map((n) => {
    let t = e.edge(n), r = { v: n.v, w: n.w };
    return n.name !== void 0 && (r.name = n.name), t !== void 0 && (r.value = t), r;
  });
}
function Bn(e) {
  let n = new Q(e.options);
  return e.value !== void 0 && n.setGraph(e.value), e.nodes.forEach((t) => {
    n.setNode(t.v, t.value), t.parent && n.setParent(t.v, t.parent);
  }), e.edges.forEach((t) => {
    n.setEdge({ v: t.v, w: t.w, name: t.name }, t.value);
  }), n;
}
var H = {};
Se(H, { CycleException: () => K, bellmanFord: () => Me, components: () => zn, dijkstra: () => J, dijkstraAll: () => $n, findCycles: () => Un, floydWarshall: () => Kn, isAcyclic: () => Zn, postorder: () => nt, preorder: () => tt, prim: () => rt, shortestPaths: () => ot, tarjan: () => Fe, topsort: () => De });
var Wn = () => 1;
function Me(e, n, t, r) {
  return Xn(e, String(n), t || Wn, r || function(o) {
    var i;
    return (i = e.outEdges(o)) != null ? i : [];
  });
}
function Xn(e, n, t, r) {
  let o = {}, i, s2 = 0, a2 = e.nodes(), l = function(c) {
    let f = o[c.v], h = o[c.w];
    if (!f || !h) return;
    let g = t(c);
    f.distance + g < h.distance && (o[c.w] = { distance: f.distance + g, predecessor: c.v }, i = true);
  }, u = function() {
    a2.forEach(function(c) {
      r(c).forEach(function(f) {
        let h = f.v === c ? f.v : f.w, g = h === f.v ? f.w : f.v;
        l({ v: h, w: g });
      });
    });
  };
  a2.forEach(function(c) {
    let f = c === n ? 0 : Number.POSITIVE_INFINITY;
    o[c] = { distance: f, predecessor: "" };
  });
  let d = a2.length;
  for (let c = 1; c < d && (i = false, s2++, u(), !!i); c++) ;
  if (s2 === d - 1 && (i = false, u(), i)) throw new Error("The graph contains a negative weight cycle");
  return o;
}
function zn(e) {
  let n = {}, t = [], r;
  function o(i) {
    var s2, a2;
    i in n || (n[i] = true, r.push(i), (s2 = e.successors(i)) == null || s2.forEach(o), (a2 = e.predecessors(i)) == null || a2.forEach(o));
  }
  return e.nodes().forEach(function(i) {
    r = [], o(i), r.length && t.push(r);
  }), t;
}
var Pe = class {
  constructor() {
    this._arr = [], this._keyIndices = {};
  }
  size() {
    return this._arr.length;
  }
  keys() {
    return this._arr.map((e) => e.key);
  }
  has(e) {
    return e in this._keyIndices;
  }
  priority(e) {
    let n = this._keyIndices[e];
    if (n !== void 0) return this._arr[n].priority;
  }
  min() {
    if (this.size() === 0) throw new Error("Queue underflow");
    return this._arr[0].key;
  }
  add(e, n) {
    let t = this._keyIndices, r = String(e);
    if (!(r in t)) {
      let o = this._arr, i = o.length;
      return t[r] = i, o.push({ key: r, priority: n }), this._decrease(i), true;
    }
    return false;
  }
  removeMin() {
    if (this.size() === 0) throw new Error("Queue underflow");
    this._swap(0, this._arr.length - 1);
    let e = this._arr.pop();
    return delete this._keyIndices[e.key], this._heapify(0), e.key;
  }
  decrease(e, n) {
    let t = this._keyIndices[e];
    if (t === void 0) throw new Error(`Key not found: ${e}`);
    let r = this._arr[t].priority;
    if (n > r) throw new Error(`New priority is greater than current priority. Key: ${e} Old: ${r} New: ${n}`);
    this._arr[t].priority = n, this._decrease(t);
  }
  _heapify(e) {
    let n = this._arr, t = 2 * e, r = t + 1, o = e;
    t < n.length && (o = n[t].priority < n[o].priority ? t : o, r < n.length && (o = n[r].priority < n[o].priority ? r : o), o !== e && (this._swap(e, o), this._heapify(o)));
  }
  _decrease(e) {
    let n = this._arr, t = n[e].priority, r;
    for (; e !== 0 && (r = e >> 1, !(n[r].priority < t)); ) this._swap(e, r), e = r;
  }
  _swap(e, n) {
    let t = this._arr, r = this._keyIndices, o = t[e], i = t[n];
    t[e] = i, t[n] = o, r[i.key] = e, r[o.key] = n;
  }
};
var Hn = () => 1;
function J(e, n, t, r) {
  let o = function(i) {
    var s2;
    return (s2 = e.outEdges(i)) != null ? s2 : [];
  };
  return qn(e, String(n), t || Hn, r || o);
}
function qn(e, n, t, r) {
  let o = {}, i = new Pe(), s2, a2, l = function(u) {
    let d = u.v !== s2 ? u.v : u.w, c = o[d];
    if (!c) return;
    let f = t(u), h = a2.distance + f;
    if (f < 0) throw new Error("dijkstra does not allow negative edge weights. Bad edge: " + u + " Weight: " + f);
    h < c.distance && (c.distance = h, c.predecessor = s2, i.decrease(d, h));
  };
  for (e.nodes().forEach(function(u) {
    let d = u === n ? 0 : Number.POSITIVE_INFINITY;
    o[u] = { distance: d, predecessor: "" }, i.add(u, d);
  }); i.size() > 0; ) {
    s2 = i.removeMin();
    let u = o[s2];
    if (!u || u.distance === Number.POSITIVE_INFINITY) break;
    a2 = u, r(s2).forEach(l);
  }
  return o;
}
function $n(e, n, t) {
  return e.nodes().reduce(function(r, o) {
    return r[o] = J(e, o, n, t), r;
  }, {});
}
function Fe(e) {
  let n = 0, t = [], r = {}, o = [];
  function i(s2) {
    var a2;
    let l = r[s2] = { onStack: true, lowlink: n, index: n++ };
    if (t.push(s2), (a2 = e.successors(s2)) == null || a2.forEach(function(u) {
      if (u in r) {
        let d = r[u];
        d != null && d.onStack && (l.lowlink = Math.min(l.lowlink, d.index));
      } else {
        i(u);
        let d = r[u];
        d && (l.lowlink = Math.min(l.lowlink, d.lowlink));
      }
    }), l.lowlink === l.index) {
      let u = [], d;
      do {
        d = t.pop();
        let c = r[d];
        c && (c.onStack = false), u.push(d);
      } while (s2 !== d);
      o.push(u);
    }
  }
  return e.nodes().forEach(function(s2) {
    s2 in r || i(s2);
  }), o;
}
function Un(e) {
  return Fe(e).filter(function(n) {
    var t;
    let r = n[0];
    return r ? n.length > 1 || n.length === 1 && ((t = e.outEdges(r, r)) != null ? t : []).length > 0 : false;
  });
}
var Jn = () => 1;
function Kn(e, n, t) {
  return Qn(e, n || Jn, t || function(r) {
    var o;
    return (o = e.outEdges(r)) != null ? o : [];
  });
}
function Qn(e, n, t) {
  let r = {}, o = e.nodes();
  return o.forEach(function(i) {
    let s2 = {};
    r[i] = s2, s2[i] = { distance: 0, predecessor: "" }, o.forEach(function(a2) {
      i !== a2 && (s2[a2] = { distance: Number.POSITIVE_INFINITY, predecessor: "" });
    }), t(i).forEach(function(a2) {
      let l = a2.v === i ? a2.w : a2.v, u = n(a2);
      s2[l] = { distance: u, predecessor: i };
    });
  }), o.forEach(function(i) {
    let s2 = r[i];
    s2 && o.forEach(function(a2) {
      let l = r[a2];
      l && o.forEach(function(u) {
        let d = l[i], c = s2[u], f = l[u];
        if (d && c && f) {
          let h = d.distance + c.distance;
          h < f.distance && (f.distance = h, f.predecessor = c.predecessor);
        }
      });
    });
  }), r;
}
var K = class extends Error {
  constructor(e) {
    super(e), this.name = "CycleException";
  }
};
function De(e) {
  let n = {}, t = {}, r = [];
  function o(i) {
    var s2;
    if (i in t) throw new K();
    i in n || (t[i] = true, n[i] = true, (s2 = e.predecessors(i)) == null || s2.forEach(o), delete t[i], r.push(i));
  }
  if (e.sinks().forEach(o), Object.keys(n).length !== e.nodeCount()) throw new K();
  return r;
}
function Zn(e) {
  try {
    De(e);
  } catch (n) {
    if (n instanceof K) return false;
    throw n;
  }
  return true;
}
function et(e, n, t, r, o) {
  Array.isArray(n) || (n = [n]);
  let i = ((a2) => {
    var l;
    return (l = e.isDirected() ? e.successors(a2) : e.neighbors(a2)) != null ? l : [];
  }), s2 = {};
  return n.forEach(function(a2) {
    if (!e.hasNode(a2)) throw new Error("Graph does not have node: " + a2);
    o = Ae(e, a2, t === "post", s2, i, r, o);
  }), o;
}
function Ae(e, n, t, r, o, i, s2) {
  return n in r || (r[n] = true, t || (s2 = i(s2, n)), o(n).forEach(function(a2) {
    s2 = Ae(e, a2, t, r, o, i, s2);
  }), t && (s2 = i(s2, n))), s2;
}
function Ve(e, n, t) {
  return et(e, n, t, function(r, o) {
    return r.push(o), r;
  }, []);
}
function nt(e, n) {
  return Ve(e, n, "post");
}
function tt(e, n) {
  return Ve(e, n, "pre");
}
function rt(e, n) {
  var t;
  let r = new Q(), o = {}, i = new Pe(), s2;
  function a2(d) {
    let c = d.v === s2 ? d.w : d.v, f = i.priority(c);
    if (f !== void 0) {
      let h = n(d);
      h < f && (o[c] = s2, i.decrease(c, h));
    }
  }
  if (e.nodeCount() === 0) return r;
  e.nodes().forEach(function(d) {
    i.add(d, Number.POSITIVE_INFINITY), r.setNode(d);
  });
  let l = e.nodes()[0];
  l !== void 0 && i.decrease(l, 0);
  let u = false;
  for (; i.size() > 0; ) {
    if (s2 = i.removeMin(), s2 in o) r.setEdge(s2, o[s2]);
    else {
      if (u) throw new Error("Input graph is not connected: " + e);
      u = true;
    }
    (t = e.nodeEdges(s2)) == null || t.forEach(a2);
  }
  return r;
}
function ot(e, n, t, r) {
  return it(e, n, t, r != null ? r : ((o) => {
    var i;
    return (i = e.outEdges(o)) != null ? i : [];
  }));
}
function it(e, n, t, r) {
  if (t === void 0) return J(e, n, t, r);
  let o = false, i = e.nodes();
  for (let s2 = 0; s2 < i.length; s2++) {
    let a2 = i[s2];
    if (a2 === void 0) continue;
    let l = r(a2);
    for (let u = 0; u < l.length; u++) {
      let d = l[u];
      if (!d) continue;
      let c = d.v === a2 ? d.v : d.w, f = c === d.v ? d.w : d.v;
      t({ v: c, w: f }) < 0 && (o = true);
    }
    if (o) return Me(e, n, t, r);
  }
  return J(e, n, t, r);
}
var T = Q;
function M(e, n, t, r) {
  let o = r;
  for (; e.hasNode(o); ) o = $(r);
  return t.dummy = n, e.setNode(o, t), o;
}
function Ye(e) {
  let n = new T().setGraph(e.graph());
  return e.nodes().forEach((t) => n.setNode(t, e.node(t))), e.edges().forEach((t) => {
    let r = n.edge(t.v, t.w) || { weight: 0, minlen: 1 }, o = e.edge(t);
    n.setEdge(t.v, t.w, { weight: r.weight + o.weight, minlen: Math.max(r.minlen, o.minlen) });
  }), n;
}
function Z(e) {
  let n = new T({ multigraph: e.isMultigraph() }).setGraph(e.graph());
  return e.nodes().forEach((t) => {
    e.children(t).length || n.setNode(t, e.node(t));
  }), e.edges().forEach((t) => {
    n.setEdge(t, e.edge(t));
  }), n;
}
function se(e, n) {
  let t = e.x, r = e.y, o = n.x - t, i = n.y - r, s2 = e.width / 2, a2 = e.height / 2;
  if (!o && !i) throw new Error("Not possible to find intersection inside of the rectangle");
  let l, u;
  return o === 0 || Math.abs(i) * s2 > Math.abs(o) * a2 ? (i < 0 && (a2 = -a2), l = a2 * o / i, u = a2) : (o < 0 && (s2 = -s2), l = s2, u = s2 * i / o), { x: t + l, y: r + u };
}
function P(e) {
  let n = D(de(e) + 1).map(() => []);
  return e.nodes().forEach((t) => {
    let r = e.node(t), o = r.rank;
    o !== void 0 && (n[o] || (n[o] = []), n[o][r.order] = t);
  }), n;
}
function Be(e) {
  let n = e.nodes().map((r) => {
    let o = e.node(r).rank;
    return o === void 0 ? Number.MAX_VALUE : o;
  }), t = S(Math.min, n);
  e.nodes().forEach((r) => {
    let o = e.node(r);
    Object.hasOwn(o, "rank") && (o.rank -= t);
  });
}
function We(e) {
  let n = e.nodes().map((s2) => e.node(s2).rank).filter((s2) => s2 !== void 0), t = S(Math.min, n), r = [];
  e.nodes().forEach((s2) => {
    let a2 = e.node(s2).rank - t;
    r[a2] || (r[a2] = []), r[a2].push(s2);
  });
  let o = 0, i = e.graph().nodeRankFactor;
  Array.from(r).forEach((s2, a2) => {
    s2 === void 0 && a2 % i !== 0 ? --o : s2 !== void 0 && o && s2.forEach((l) => e.node(l).rank += o);
  });
}
function ae(e, n, t, r) {
  let o = { width: 0, height: 0 };
  return arguments.length >= 4 && (o.rank = t, o.order = r), M(e, "border", o, n);
}
function st(e, n = Xe) {
  let t = [];
  for (let r = 0; r < e.length; r += n) {
    let o = e.slice(r, r + n);
    t.push(o);
  }
  return t;
}
var Xe = 65535;
function S(e, n) {
  if (n.length > Xe) {
    let t = st(n);
    return e(...t.map((r) => e(...r)));
  } else return e(...n);
}
function de(e) {
  let t = e.nodes().map((r) => {
    let o = e.node(r).rank;
    return o === void 0 ? Number.MIN_VALUE : o;
  });
  return S(Math.max, t);
}
function ze(e, n) {
  let t = { lhs: [], rhs: [] };
  return e.forEach((r) => {
    n(r) ? t.lhs.push(r) : t.rhs.push(r);
  }), t;
}
function q(e, n) {
  return n();
}
var at = 0;
function $(e) {
  let n = ++at;
  return e + ("" + n);
}
function D(e, n, t = 1) {
  n == null && (n = e, e = 0);
  let r = (i) => i < n;
  t < 0 && (r = (i) => n < i);
  let o = [];
  for (let i = e; r(i); i += t) o.push(i);
  return o;
}
function W(e, n) {
  let t = {};
  for (let r of n) e[r] !== void 0 && (t[r] = e[r]);
  return t;
}
function X(e, n) {
  let t;
  return typeof n == "string" ? t = (r) => r[n] : t = n, Object.entries(e).reduce((r, [o, i]) => (r[o] = t(i, o), r), {});
}
function He(e, n) {
  return e.reduce((t, r, o) => (t[r] = n[o], t), {});
}
var V = "\0";
function ee(e, n, t) {
  var u, d, c, f, h, g;
  if (!(e && n && t && n.dummy === "edge" && t.dummy === "edge" && n.edgeObj && t.edgeObj && e[n.edgeObj.v] && e[t.edgeObj.v] && e[n.edgeObj.w] && e[t.edgeObj.w])) return 0;
  let r = true;
  n.edgeObj.w === t.edgeObj.w && (r = false);
  let o = r ? (d = (u = e[n.edgeObj.v]) == null ? void 0 : u.rank) != null ? d : NaN + 1 : (f = (c = e[n.edgeObj.w]) == null ? void 0 : c.rank) != null ? f : NaN - 1, i = Object.entries(e).find((m) => {
    var L, y2;
    return ((L = m[1].edgeObj) == null ? void 0 : L.v) === n.edgeObj.v && ((y2 = m[1].edgeObj) == null ? void 0 : y2.w) === n.edgeObj.w && m[1].rank === o;
  }), s2 = Object.entries(e).find((m) => {
    var L, y2;
    return ((L = m[1].edgeObj) == null ? void 0 : L.v) === t.edgeObj.v && ((y2 = m[1].edgeObj) == null ? void 0 : y2.w) === t.edgeObj.w && m[1].rank === o;
  });
  if (!i || !s2) return 0;
  let a2 = (h = i[1].order) != null ? h : NaN, l = (g = s2[1].order) != null ? g : NaN;
  return isNaN(a2 - l) ? 0 : a2 - l;
}
var ce = class {
  constructor() {
    je(this, "_sentinel");
    let n = {};
    n._next = n._prev = n, this._sentinel = n;
  }
  dequeue() {
    let n = this._sentinel, t = n._prev;
    if (t !== n) return qe(t), t;
  }
  enqueue(n) {
    let t = this._sentinel;
    n._prev && n._next && qe(n), n._next = t._next, t._next._prev = n, t._next = n, n._prev = t;
  }
  toString() {
    let n = [], t = this._sentinel, r = t._prev;
    for (; r !== t; ) n.push(JSON.stringify(r, dt)), r = r._prev;
    return "[" + n.join(", ") + "]";
  }
};
function qe(e) {
  e._prev._next = e._next, e._next._prev = e._prev, delete e._next, delete e._prev;
}
function dt(e, n) {
  if (e !== "_next" && e !== "_prev") return n;
}
var $e = ce;
var lt = () => 1;
function be(e, n) {
  if (e.nodeCount() <= 1) return [];
  let t = ct(e, n || lt);
  return ut(t.graph, t.buckets, t.zeroIdx).flatMap((o) => e.outEdges(o.v, o.w) || []);
}
function ut(e, n, t) {
  var a2;
  let r = [], o = n[n.length - 1], i = n[0], s2;
  for (; e.nodeCount(); ) {
    for (; s2 = i.dequeue(); ) fe(e, n, t, s2);
    for (; s2 = o.dequeue(); ) fe(e, n, t, s2);
    if (e.nodeCount()) {
      for (let l = n.length - 2; l > 0; --l) if (s2 = (a2 = n[l]) == null ? void 0 : a2.dequeue(), s2) {
        r = r.concat(fe(e, n, t, s2, true) || []);
        break;
      }
    }
  }
  return r;
}
function fe(e, n, t, r, o) {
  let i = [], s2 = o ? i : void 0;
  return (e.inEdges(r.v) || []).forEach((a2) => {
    let l = e.edge(a2), u = e.node(a2.v);
    o && i.push({ v: a2.v, w: a2.w }), u.out -= l, he(n, t, u);
  }), (e.outEdges(r.v) || []).forEach((a2) => {
    let l = e.edge(a2), u = a2.w, d = e.node(u);
    d.in -= l, he(n, t, d);
  }), e.removeNode(r.v), s2;
}
function ct(e, n) {
  let t = new T(), r = 0, o = 0;
  e.nodes().forEach((a2) => {
    t.setNode(a2, { v: a2, in: 0, out: 0 });
  }), e.edges().forEach((a2) => {
    let l = t.edge(a2.v, a2.w) || 0, u = n(a2), d = l + u;
    t.setEdge(a2.v, a2.w, d);
    let c = t.node(a2.v), f = t.node(a2.w);
    o = Math.max(o, c.out += u), r = Math.max(r, f.in += u);
  });
  let i = ft(o + r + 3).map(() => new $e()), s2 = r + 1;
  return t.nodes().forEach((a2) => {
    he(i, s2, t.node(a2));
  }), { graph: t, buckets: i, zeroIdx: s2 };
}
function he(e, n, t) {
  var r, o, i;
  t.out ? t.in ? (i = e[t.out - t.in + n]) == null || i.enqueue(t) : (o = e[e.length - 1]) == null || o.enqueue(t) : (r = e[0]) == null || r.enqueue(t);
}
function ft(e) {
  let n = [];
  for (let t = 0; t < e; t++) n.push(t);
  return n;
}
function Ue(e, n) {
  (e.graph().acyclicer === "greedy" ? be(e, r(e)) : ht(e, n != null ? n : null)).forEach((o) => {
    let i = e.edge(o);
    e.removeEdge(o), i.forwardName = o.name, i.reversed = true, e.setEdge(o.w, o.v, i, $("rev"));
  });
  function r(o) {
    return (i) => o.edge(i).weight;
  }
}
function ht(e, n) {
  let t = [], r = {}, o = {};
  function i(l) {
    Object.hasOwn(o, l) || (o[l] = true, r[l] = true, e.outEdges(l).forEach((u) => {
      Object.hasOwn(r, u.w) ? t.push(u) : i(u.w);
    }), delete r[l]);
  }
  function s2(l) {
    var u;
    Object.hasOwn(o, l) || (o[l] = true, r[l] = true, (u = e.outEdges(l)) == null || u.forEach((d) => {
      var c, f;
      Object.hasOwn(r, d.w) || ((c = n.node(l)) == null ? void 0 : c.rank) > ((f = n.node(d.w)) == null ? void 0 : f.rank) && bt(e, d.w, d) ? t.push(d) : s2(d.w);
    }), delete r[l]);
  }
  let a2 = i;
  return n && typeof n.node == "function" && (a2 = s2), e.sources().forEach(a2), e.nodes().forEach(a2), t;
}
function Je(e) {
  e.edges().forEach((n) => {
    let t = e.edge(n);
    if (t.reversed) {
      e.removeEdge(n);
      let r = t.forwardName;
      delete t.reversed, delete t.forwardName, e.setEdge(n.w, n.v, t, r);
    }
  });
}
function bt(e, n, t) {
  let r = /* @__PURE__ */ new Set();
  function o(i) {
    var s2;
    if (e.sources().includes(i)) return true;
    r.add(i);
    for (let a2 of (s2 = e.inEdges(i)) != null ? s2 : []) if (!(a2.v === t.v && a2.w === t.w) && !r.has(a2.v) && o(a2.v)) return true;
    return false;
  }
  return o(n);
}
function Ke(e) {
  e.graph().dummyChains = [], e.edges().forEach((n) => pt(e, n));
}
function pt(e, n) {
  let t = n.v, r = e.node(t).rank, o = n.w, i = e.node(o).rank, s2 = n.name, a2 = e.edge(n), l = a2.labelRank;
  if (i === r + 1) return;
  e.removeEdge(n);
  let u, d, c;
  for (c = 0, ++r; r < i; ++c, ++r) a2.points = [], d = { width: 0, height: 0, edgeLabel: a2, edgeObj: n, rank: r }, u = M(e, "edge", d, "_d"), r === l && (d.width = a2.width, d.height = a2.height, d.dummy = "edge-label", d.labelpos = a2.labelpos), e.setEdge(t, u, { weight: a2.weight }, s2), c === 0 && e.graph().dummyChains.push(u), t = u;
  e.setEdge(t, o, { weight: a2.weight }, s2);
}
function Qe(e) {
  e.graph().dummyChains.forEach((n) => {
    let t = e.node(n), r = t.edgeLabel, o;
    for (e.setEdge(t.edgeObj, r); t.dummy; ) o = e.successors(n)[0], e.removeNode(n), r.points.push({ x: t.x, y: t.y }), t.dummy === "edge-label" && (r.x = t.x, r.y = t.y, r.width = t.width, r.height = t.height), n = o, t = e.node(n);
  });
}
function U(e) {
  let n = {};
  function t(r) {
    let o = e.node(r);
    if (Object.hasOwn(n, r)) return o.rank;
    n[r] = true;
    let i = e.outEdges(r), s2 = i ? i.map((l) => l == null ? Number.POSITIVE_INFINITY : t(l.w) - e.edge(l).minlen) : [], a2 = S(Math.min, s2);
    return a2 === Number.POSITIVE_INFINITY && (a2 = 0), o.rank = a2;
  }
  e.sources().forEach(t);
}
function A(e, n) {
  return e.node(n.w).rank - e.node(n.v).rank - e.edge(n).minlen;
}
var ne = Et;
function Et(e) {
  let n = new T({ directed: false }), t = e.nodes();
  if (t.length === 0) throw new Error("Graph must have at least one node");
  let r = t[0], o = e.nodeCount();
  n.setNode(r, {});
  let i, s2;
  for (; Lt(n, e) < o && (i = yt(n, e), !!i); ) s2 = n.hasNode(i.v) ? A(e, i) : -A(e, i), wt(n, e, s2);
  return n;
}
function Lt(e, n) {
  function t(r) {
    let o = n.nodeEdges(r);
    o && o.forEach((i) => {
      let s2 = i.v, a2 = r === s2 ? i.w : s2;
      !e.hasNode(a2) && !A(n, i) && (e.setNode(a2, {}), e.setEdge(r, a2, {}), t(a2));
    });
  }
  return e.nodes().forEach(t), e.nodeCount();
}
function yt(e, n) {
  return n.edges().reduce((r, o) => {
    let i = Number.POSITIVE_INFINITY;
    return e.hasNode(o.v) !== e.hasNode(o.w) && (i = A(n, o)), i < r[0] ? [i, o] : r;
  }, [Number.POSITIVE_INFINITY, null])[1];
}
function wt(e, n, t) {
  e.nodes().forEach((r) => n.node(r).rank += t);
}
var { preorder: Nt, postorder: Gt } = H;
var en = Y;
Y.initLowLimValues = pe;
Y.initCutValues = ge;
Y.calcCutValue = nn;
Y.leaveEdge = rn;
Y.enterEdge = on;
Y.exchangeEdges = sn;
function Y(e) {
  e = Ye(e), U(e);
  let n = ne(e);
  pe(n), ge(n, e);
  let t, r;
  for (; t = rn(n); ) r = on(n, e, t), sn(n, e, t, r);
}
function ge(e, n) {
  let t = Gt(e, e.nodes());
  t = t.slice(0, t.length - 1), t.forEach((r) => vt(e, n, r));
}
function vt(e, n, t) {
  let o = e.node(t).parent, i = e.edge(t, o);
  i.cutvalue = nn(e, n, t);
}
function nn(e, n, t) {
  let o = e.node(t).parent, i = true, s2 = n.edge(t, o), a2 = 0;
  s2 || (i = false, s2 = n.edge(o, t)), a2 = s2.weight;
  let l = n.nodeEdges(t);
  return l && l.forEach((u) => {
    let d = u.v === t, c = d ? u.w : u.v;
    if (c !== o) {
      let f = d === i, h = n.edge(u).weight;
      if (a2 += f ? h : -h, xt(e, t, c)) {
        let m = e.edge(t, c).cutvalue;
        a2 += f ? -m : m;
      }
    }
  }), a2;
}
function pe(e, n) {
  arguments.length < 2 && (n = e.nodes()[0]), tn(e, {}, 1, n);
}
function tn(e, n, t, r, o) {
  let i = t, s2 = e.node(r);
  n[r] = true;
  let a2 = e.neighbors(r);
  return a2 && a2.forEach((l) => {
    Object.hasOwn(n, l) || (t = tn(e, n, t, l, r));
  }), s2.low = i, s2.lim = t++, o ? s2.parent = o : delete s2.parent, t;
}
function rn(e) {
  return e.edges().find((n) => e.edge(n).cutvalue < 0);
}
function on(e, n, t) {
  let r = t.v, o = t.w;
  n.hasEdge(r, o) || (r = t.w, o = t.v);
  let i = e.node(r), s2 = e.node(o), a2 = i, l = false;
  return i.lim > s2.lim && (a2 = s2, l = true), n.edges().filter((d) => l === Ze(e, e.node(d.v), a2) && l !== Ze(e, e.node(d.w), a2)).reduce((d, c) => A(n, c) < A(n, d) ? c : d);
}
function sn(e, n, t, r) {
  let o = t.v, i = t.w;
  e.removeEdge(o, i), e.setEdge(r.v, r.w, {}), pe(e), ge(e, n), kt(e, n);
}
function kt(e, n) {
  let t = e.nodes().find((o) => !e.node(o).parent);
  if (!t) return;
  let r = Nt(e, [t]);
  r = r.slice(1), r.forEach((o) => {
    let s2 = e.node(o).parent, a2 = n.edge(o, s2), l = false;
    a2 || (a2 = n.edge(s2, o), l = true), n.node(o).rank = n.node(s2).rank + (l ? a2.minlen : -a2.minlen);
  });
}
function xt(e, n, t) {
  return e.hasEdge(n, t);
}
function Ze(e, n, t) {
  return t.low <= n.lim && n.lim <= t.lim;
}
var dn = _t;
function _t(e) {
  let n = e.graph().ranker;
  if (typeof n == "function") return n(e);
  switch (n) {
    case "network-simplex":
      an(e);
      break;
    case "tight-tree":
      Ct(e);
      break;
    case "longest-path":
      Ot(e);
      break;
    case "none":
      break;
    default:
      an(e);
  }
}
var Ot = U;
function Ct(e) {
  U(e), ne(e);
}
function an(e) {
  en(e);
}
var ln = Tt;
function Tt(e) {
  let n = Rt(e), t = e.graph();
  if (!Array.isArray(t.dummyChains)) return;
  t.dummyChains.forEach((o) => {
    let i = e.node(o), s2 = i.edgeObj, a2 = jt(e, n, s2.v, s2.w), l = a2.path, u = a2.lca, d = 0, c = l[d], f = true;
    for (; o !== s2.w; ) {
      if (i = e.node(o), f) {
        for (; (c = l[d]) !== u && e.node(c).maxRank < i.rank; ) d++;
        c === u && (f = false);
      }
      if (!f) {
        for (; d < l.length - 1 && e.node(l[d + 1]).minRank <= i.rank; ) d++;
        c = l[d];
      }
      c !== void 0 && e.setParent(o, c), o = e.successors(o)[0];
    }
  });
}
function jt(e, n, t, r) {
  let o = [], i = [], s2 = Math.min(n[t].low, n[r].low), a2 = Math.max(n[t].lim, n[r].lim), l;
  l = t;
  do
    l = e.parent(l), o.push(l);
  while (l && (n[l].low > s2 || a2 > n[l].lim));
  let u = l, d = r;
  for (; (d = e.parent(d)) !== u; ) i.push(d);
  return { path: o.concat(i.reverse()), lca: u };
}
function Rt(e) {
  let n = {}, t = 0;
  function r(o) {
    let i = t;
    e.children(o).forEach(r), n[o] = { low: i, lim: t++ };
  }
  return e.children(V).forEach(r), n;
}
function un(e) {
  let n = M(e, "root", {}, "_root"), t = It(e), r = Object.values(t), o = S(Math.max, r) - 1, i = 2 * o + 1;
  e.graph().nestingRoot = n, e.edges().forEach((a2) => e.edge(a2).minlen *= i);
  let s2 = St(e) + 1;
  e.children(V).forEach((a2) => {
    cn(e, n, i, s2, o, t, a2);
  }), e.graph().nodeRankFactor = i;
}
function cn(e, n, t, r, o, i, s2) {
  var c;
  let a2 = e.children(s2);
  if (!a2.length) {
    s2 !== n && e.setEdge(n, s2, { weight: 0, minlen: t });
    return;
  }
  let l = ae(e, "_bt"), u = ae(e, "_bb"), d = e.node(s2);
  e.setParent(l, s2), d.borderTop = l, e.setParent(u, s2), d.borderBottom = u, a2.forEach((f) => {
    var b;
    cn(e, n, t, r, o, i, f);
    let h = e.node(f), g = h.borderTop ? h.borderTop : f, m = h.borderBottom ? h.borderBottom : f, L = h.borderTop ? r : 2 * r, y2 = g !== m ? 1 : o - ((b = i[s2]) != null ? b : 0) + 1;
    e.setEdge(l, g, { weight: L, minlen: y2, nestingEdge: true }), e.setEdge(m, u, { weight: L, minlen: y2, nestingEdge: true });
  }), e.parent(s2) || e.setEdge(n, l, { weight: 0, minlen: o + ((c = i[s2]) != null ? c : 0) });
}
function It(e) {
  let n = {};
  function t(r, o) {
    let i = e.children(r);
    i && i.length && i.forEach((s2) => t(s2, o + 1)), n[r] = o;
  }
  return e.children(V).forEach((r) => t(r, 1)), n;
}
function St(e) {
  return e.edges().reduce((n, t) => n + e.edge(t).weight, 0);
}
function fn(e) {
  let n = e.graph();
  e.removeNode(n.nestingRoot), delete n.nestingRoot, e.edges().forEach((t) => {
    e.edge(t).nestingEdge && e.removeEdge(t);
  });
}
var bn = Pt;
function Pt(e) {
  function n(t) {
    let r = e.children(t), o = e.node(t);
    if (r.length && r.forEach(n), o && Object.hasOwn(o, "minRank")) {
      o.borderLeft = [], o.borderRight = [];
      for (let i = o.minRank, s2 = o.maxRank + 1; i < s2; ++i) hn(e, "borderLeft", "_bl", t, o, i), hn(e, "borderRight", "_br", t, o, i);
    }
  }
  e.children(V).forEach(n);
}
function hn(e, n, t, r, o, i) {
  let s2 = { width: 0, height: 0, rank: i, borderType: n }, a2 = o[n][i - 1], l = M(e, "border", s2, t);
  o[n][i] = l, e.setParent(l, r), a2 && e.setEdge(a2, l, { weight: 1 });
}
function pn(e) {
  var t;
  let n = (t = e.graph().rankdir) == null ? void 0 : t.toLowerCase();
  (n === "lr" || n === "rl") && En(e);
}
function mn(e) {
  var t;
  let n = (t = e.graph().rankdir) == null ? void 0 : t.toLowerCase();
  (n === "bt" || n === "rl") && Ft(e), (n === "lr" || n === "rl") && (Dt(e), En(e));
}
function En(e) {
  e.nodes().forEach((n) => gn(e.node(n))), e.edges().forEach((n) => gn(e.edge(n)));
}
function gn(e) {
  let n = e.width;
  e.width = e.height, e.height = n;
}
function Ft(e) {
  e.nodes().forEach((n) => me(e.node(n))), e.edges().forEach((n) => {
    var r;
    let t = e.edge(n);
    (r = t.points) == null || r.forEach(me), Object.hasOwn(t, "y") && me(t);
  });
}
function me(e) {
  e.y = -e.y;
}
function Dt(e) {
  e.nodes().forEach((n) => Ee(e.node(n))), e.edges().forEach((n) => {
    var r;
    let t = e.edge(n);
    (r = t.points) == null || r.forEach(Ee), Object.hasOwn(t, "x") && Ee(t);
  });
}
function Ee(e) {
  let n = e.x;
  e.x = e.y, e.y = n;
}
function Le(e, n = null) {
  let t = {}, r = e.nodes().filter((d) => !e.children(d).length), o = r.map((d) => e.node(d).rank), i = S(Math.max, o), s2 = D(i + 1).map(() => []);
  function a2(d) {
    if (t[d]) return;
    t[d] = true;
    let c = e.node(d);
    s2[c.rank].push(d);
    let f = e.successors(d);
    f && [...f].sort((g, m) => u(g, m)).forEach(a2);
  }
  r.sort((d, c) => e.node(d).rank - e.node(c).rank).forEach(a2);
  function u(d, c) {
    let f = e.node(d), h = e.node(c);
    return ee(n, f, h);
  }
  return s2;
}
function ye(e, n) {
  let t = 0;
  for (let r = 1; r < n.length; ++r) t += Vt(e, n[r - 1], n[r]);
  return t;
}
function Vt(e, n, t) {
  let r = He(t, t.map((u, d) => d)), o = n.flatMap((u) => {
    let d = e.outEdges(u);
    return d ? d.map((c) => ({ pos: r[c.w], weight: e.edge(c).weight })).sort((c, f) => c.pos - f.pos) : [];
  }), i = 1;
  for (; i < t.length; ) i <<= 1;
  let s2 = 2 * i - 1;
  i -= 1;
  let a2 = new Array(s2).fill(0), l = 0;
  return o.forEach((u) => {
    let d = u.pos + i;
    a2[d] += u.weight;
    let c = 0;
    for (; d > 0; ) d % 2 && (c += a2[d + 1]), d = d - 1 >> 1, a2[d] += u.weight;
    l += u.weight * c;
  }), l;
}
function we(e, n = []) {
  return n.map((t) => {
    let r = e.inEdges(t);
    if (!r || !r.length) return { v: t };
    {
      let o = r.reduce((i, s2) => {
        let a2 = e.edge(s2), l = e.node(s2.v);
        return { sum: i.sum + a2.weight * l.order, weight: i.weight + a2.weight };
      }, { sum: 0, weight: 0 });
      return { v: t, barycenter: o.sum / o.weight, weight: o.weight };
    }
  });
}
function Ne(e, n) {
  let t = {};
  e.forEach((o, i) => {
    let s2 = { indegree: 0, in: [], out: [], vs: [o.v], i };
    o.barycenter !== void 0 && (s2.barycenter = o.barycenter, s2.weight = o.weight), t[o.v] = s2;
  }), n.edges().forEach((o) => {
    let i = t[o.v], s2 = t[o.w];
    i !== void 0 && s2 !== void 0 && (s2.indegree++, i.out.push(s2));
  });
  let r = Object.values(t).filter((o) => !o.indegree);
  return Yt(r);
}
function Yt(e) {
  let n = [];
  function t(o) {
    return (i) => {
      i.merged || (i.barycenter === void 0 || o.barycenter === void 0 || i.barycenter >= o.barycenter) && Bt(o, i);
    };
  }
  function r(o) {
    return (i) => {
      i.in.push(o), --i.indegree === 0 && e.push(i);
    };
  }
  for (; e.length; ) {
    let o = e.pop();
    n.push(o), o.in.reverse().forEach(t(o)), o.out.forEach(r(o));
  }
  return n.filter((o) => !o.merged).map((o) => W(o, ["vs", "i", "barycenter", "weight"]));
}
function Bt(e, n) {
  let t = 0, r = 0;
  e.weight && (t += e.barycenter * e.weight, r += e.weight), n.weight && (t += n.barycenter * n.weight, r += n.weight), e.vs = n.vs.concat(e.vs), e.barycenter = t / r, e.weight = r, e.i = Math.min(n.i, e.i), n.merged = true;
}
function Ge(e, n, t, r, o) {
  let i = {}, s2 = null, a2 = null, l = o;
  typeof n == "boolean" ? (l = n, i = {}) : n && (i = n, s2 = t != null ? t : null, a2 = r != null ? r : null);
  let u = ze(e, (y2) => Object.hasOwn(y2, "barycenter")), d = u.lhs, c = u.rhs.sort((y2, b) => b.i - y2.i), f = [], h = 0, g = 0, m = 0;
  d.sort(Wt(a2, s2, !!l));
  for (let [y2, b] of Object.entries(i)) {
    let p = d.findIndex((E) => E.vs[0] === y2);
    d.splice(p + 1, 0, b);
  }
  m = Ln(f, c, m), d.forEach((y2) => {
    m += y2.vs.length, f.push(y2.vs), h += y2.barycenter * y2.weight, g += y2.weight, m = Ln(f, c, m);
  });
  let L = { vs: f.flat(1) };
  return g && (L.barycenter = h / g, L.weight = g), L;
}
function Ln(e, n, t) {
  let r;
  for (; n.length && (r = n[n.length - 1]).i <= t; ) n.pop(), e.push(r.vs), t++;
  return t;
}
function Wt(e, n, t) {
  return (r, o) => {
    if (r.barycenter < o.barycenter) return -1;
    if (r.barycenter > o.barycenter) return 1;
    if (e && (typeof r.vs[0] == "string" || typeof o.vs[0] == "string")) {
      let i = e.node(r.vs[0]), s2 = e.node(o.vs[0]), a2 = ee(n, i, s2);
      if (a2 !== 0) return a2;
    }
    return t ? o.i - r.i : r.i - o.i;
  };
}
function te(e, n, t, r, o) {
  var y2, b, p, E, w, k2, _, O, j, R, I;
  let i = null, s2 = o;
  typeof r == "boolean" ? (s2 = r, i = null) : r !== void 0 && (i = r);
  let a2 = e.children(n), l = e.node(n), u = l ? l.borderLeft : void 0, d = l ? l.borderRight : void 0, c = {};
  u && (a2 = a2.filter((v) => v !== u && v !== d));
  let f = we(e, a2);
  f.forEach((v) => {
    if (e.children(v.v).length) {
      let { result: x2 } = te(e, v.v, t, i, s2);
      c[v.v] = x2, Object.hasOwn(x2, "barycenter") && zt(v, x2);
    }
  });
  let h = Ne(f, t);
  Xt(h, c);
  let g = {}, m = false;
  for (let v = 0; v < h.length; v++) for (let x2 = v + 1; x2 < h.length; x2++) if (!(!h[v] || !h[x2] || !((y2 = h[v]) != null && y2.barycenter) || !((b = h[x2]) != null && b.barycenter)) && ((p = h[v]) == null ? void 0 : p.barycenter) === h[x2].barycenter) {
    let G = (w = (E = h[v]) == null ? void 0 : E.vs[0]) != null ? w : "", N = (_ = (k2 = h[x2]) == null ? void 0 : k2.vs[0]) != null ? _ : "", C = e.node(G), B = e.node(N);
    if (C.dummy === "edge" && B.dummy === "edge" && ((O = C.edgeObj) == null ? void 0 : O.v) === ((j = B.edgeObj) == null ? void 0 : j.v) && ((R = C.edgeObj) == null ? void 0 : R.w) === ((I = B.edgeObj) == null ? void 0 : I.w)) if (C.edgeLabel.reversed) {
      g[N] = h[v], h.splice(v, 1), v--;
      break;
    } else g[G] || (g[G] = h[x2], h.splice(x2, 1), x2--);
    else m = true;
  }
  let L = Ge(h, g, i, e, s2);
  if (u && d) {
    L.vs = [u, L.vs, d].flat(1);
    let v = e.predecessors(u);
    if (v && v.length) {
      let x2 = e.node(v[0]), G = e.predecessors(d), N = e.node(G[0]);
      Object.hasOwn(L, "barycenter") || (L.barycenter = 0, L.weight = 0), L.barycenter = (L.barycenter * L.weight + x2.order + N.order) / (L.weight + 2), L.weight += 2;
    }
  }
  return Object.defineProperty(L, "result", { value: L, enumerable: false, configurable: true, writable: true }), Object.defineProperty(L, "usedBias", { value: m, enumerable: false, configurable: true, writable: true }), L;
}
function Xt(e, n) {
  e.forEach((t) => {
    t.vs = t.vs.flatMap((r) => n[r] ? n[r].vs : r);
  });
}
function zt(e, n) {
  e.barycenter !== void 0 ? (e.barycenter = (e.barycenter * e.weight + n.barycenter * n.weight) / (e.weight + n.weight), e.weight += n.weight) : (e.barycenter = n.barycenter, e.weight = n.weight);
}
function ve(e, n, t, r) {
  r || (r = e.nodes());
  let o = Ht(e), i = new T({ compound: true }).setGraph({ root: o }).setDefaultNodeLabel((s2) => e.node(s2));
  return r.forEach((s2) => {
    let a2 = e.node(s2), l = e.parent(s2);
    if (a2.rank === n || a2.minRank <= n && n <= a2.maxRank) {
      i.setNode(s2), i.setParent(s2, l || o);
      let u = e[t](s2);
      u && u.forEach((d) => {
        let c = d.v === s2 ? d.w : d.v, f = i.edge(c, s2), h = f !== void 0 ? f.weight : 0;
        i.setEdge(c, s2, { weight: e.edge(d).weight + h });
      }), Object.hasOwn(a2, "minRank") && i.setNode(s2, { borderLeft: a2.borderLeft[n], borderRight: a2.borderRight[n] });
    }
  }), i;
}
function Ht(e) {
  let n;
  for (; e.hasNode(n = $("_root")); ) ;
  return n;
}
function ke(e, n, t) {
  let r = {}, o;
  t.forEach((i) => {
    let s2 = e.parent(i), a2, l;
    for (; s2; ) {
      if (a2 = e.parent(s2), a2 ? (l = r[a2], r[a2] = s2) : (l = o, o = s2), l && l !== s2) {
        n.setEdge(l, s2);
        return;
      }
      s2 = a2;
    }
  });
}
function re(e, n = {}, t = null) {
  if (typeof n.customOrder == "function") {
    n.customOrder(e, re);
    return;
  }
  let r = de(e), o = yn(e, D(1, r + 1), "inEdges"), i = yn(e, D(r - 1, -1, -1), "outEdges"), s2 = Le(e, t);
  if (wn(e, s2), n.disableOptimalOrderHeuristic) return;
  let a2 = Number.POSITIVE_INFINITY, l, u = n.constraints || [];
  for (let d = 0, c = 0; c < 4; ++d, ++c) {
    qt(d % 2 ? o : i, d % 4 >= 2, u, t), s2 = P(e);
    let f = ye(e, s2);
    f < a2 ? (c = 0, l = Object.assign({}, s2), a2 = f) : f === a2 && (l = structuredClone(s2));
  }
  wn(e, l);
}
function yn(e, n, t) {
  let r = /* @__PURE__ */ new Map(), o = (i, s2) => {
    r.has(i) || r.set(i, []), r.get(i).push(s2);
  };
  for (let i of e.nodes()) {
    let s2 = e.node(i);
    if (typeof s2.rank == "number" && o(s2.rank, i), typeof s2.minRank == "number" && typeof s2.maxRank == "number") for (let a2 = s2.minRank; a2 <= s2.maxRank; a2++) a2 !== s2.rank && o(a2, i);
  }
  return n.map(function(i) {
    return ve(e, i, t, r.get(i) || []);
  });
}
function qt(e, n, t, r) {
  let o = true, i = new T();
  e.forEach(function(s2) {
    t.forEach((d) => i.setEdge(d.left, d.right));
    let a2 = s2.graph().root, { result: l, usedBias: u } = te(s2, a2, i, r, o);
    n && u && (o = !o), l.vs.forEach((d, c) => s2.node(d).order = c), ke(s2, i, l.vs);
  });
}
function wn(e, n) {
  Object.values(n).forEach((t) => t.forEach((r, o) => e.node(r).order = o));
}
function $t(e, n) {
  let t = {};
  function r(o, i) {
    let s2 = 0, a2 = 0, l = o.length, u = i[i.length - 1];
    return i.forEach((d, c) => {
      let f = Jt(e, d), h = f ? e.node(f).order : l;
      (f || d === u) && (i.slice(a2, c + 1).forEach((g) => {
        let m = e.predecessors(g);
        m && m.forEach((L) => {
          let y2 = e.node(L), b = y2.order;
          (b < s2 || h < b) && !(y2.dummy && e.node(g).dummy) && Gn(t, L, g);
        });
      }), a2 = c + 1, s2 = h);
    }), i;
  }
  return n.length && n.reduce(r), t;
}
function Ut(e, n) {
  let t = {};
  function r(a2) {
    var l;
    return ((l = e.node(a2)) == null ? void 0 : l.dummy) === "border";
  }
  if (!e.nodes().some(r)) return t;
  function i(a2, l, u, d, c) {
    D(l, u).forEach((f) => {
      let h = a2[f];
      if (h !== void 0 && e.node(h).dummy) {
        let g = e.predecessors(h);
        g && g.forEach((m) => {
          if (m === void 0) return;
          let L = e.node(m);
          L.dummy && (L.order < d || L.order > c) && Gn(t, m, h);
        });
      }
    });
  }
  function s2(a2, l) {
    let u = -1, d = -1, c = 0;
    return l.forEach((f, h) => {
      if (r(f)) {
        let g = e.predecessors(f);
        if (g && g.length) {
          let m = g[0];
          if (m === void 0) return;
          d = e.node(m).order, i(l, c, h, u, d), c = h, u = d;
        }
      }
      i(l, c, l.length, d, a2.length);
    }), l;
  }
  return n.length && n.reduce(s2), t;
}
function Jt(e, n) {
  if (e.node(n).dummy) {
    let t = e.predecessors(n);
    if (t) return t.find((r) => e.node(r).dummy);
  }
}
function Gn(e, n, t) {
  if (n > t) {
    let o = n;
    n = t, t = o;
  }
  let r = e[n];
  r || (e[n] = r = {}), r[t] = true;
}
function Kt(e, n, t) {
  if (n > t) {
    let o = n;
    n = t, t = o;
  }
  let r = e[n];
  return r !== void 0 && Object.hasOwn(r, t);
}
function Qt(e, n, t, r, o) {
  let i = {}, s2 = {}, a2 = {};
  return n.forEach((l) => {
    l.forEach((u, d) => {
      i[u] = u, s2[u] = u, a2[u] = d;
    });
  }), n.forEach((l) => {
    let u = -1, d = -1, c = false, f = l, h = l.findIndex((g) => (o == null ? void 0 : o.includes(g)) || Nn(g, e, o));
    h > 0 && (f = [l[h], ...l.slice(0, h), ...l.slice(h + 1)], c = true), f.forEach((g) => {
      var L;
      let m = r(g);
      if (m && m.length) {
        o != null && o.includes(g) && (m = m.filter((p) => Nn(p, e, o)));
        let y2 = m.sort((p, E) => {
          let w = a2[p], k2 = a2[E];
          return (w !== void 0 ? w : 0) - (k2 !== void 0 ? k2 : 0);
        }), b = (y2.length - 1) / 2;
        for (let p = Math.floor(b), E = Math.ceil(b); p <= E; ++p) {
          let w = y2[p];
          if (w === void 0) continue;
          let k2 = a2[w];
          if (k2 !== void 0 && s2[g] === g && u < k2 && a2[w] !== d && !Kt(t, g, w)) {
            let _ = i[w];
            _ !== void 0 && (s2[w] = g, s2[g] = i[g] = _, u = k2, c && (u = -1, d = (L = a2[w]) != null ? L : -1, c = false));
          }
        }
      }
    });
  }), { root: i, align: s2 };
}
function Zt(e, n, t, r, o = false) {
  let i = {}, s2 = er(e, n, t, o), a2 = o ? "borderLeft" : "borderRight";
  function l(h, g) {
    let m = s2.nodes().slice(), L = {}, y2 = m.pop();
    for (; y2; ) {
      if (L[y2]) h(y2);
      else {
        L[y2] = true, m.push(y2);
        for (let b of g(y2)) m.push(b);
      }
      y2 = m.pop();
    }
  }
  function u(h) {
    let g = s2.inEdges(h);
    g ? i[h] = g.reduce((m, L) => {
      var p;
      let y2 = (p = i[L.v]) != null ? p : 0, b = s2.edge(L);
      return Math.max(m, y2 + (b !== void 0 ? b : 0));
    }, 0) : i[h] = 0;
  }
  function d(h) {
    let g = s2.outEdges(h), m = Number.POSITIVE_INFINITY;
    g && (m = g.reduce((y2, b) => {
      let p = i[b.w], E = s2.edge(b);
      return Math.min(y2, (p !== void 0 ? p : 0) - (E !== void 0 ? E : 0));
    }, Number.POSITIVE_INFINITY));
    let L = e.node(h);
    m !== Number.POSITIVE_INFINITY && L.borderType !== a2 && (i[h] = Math.max(i[h] !== void 0 ? i[h] : 0, m));
  }
  function c(h) {
    return s2.predecessors(h) || [];
  }
  function f(h) {
    return s2.successors(h) || [];
  }
  return l(u, c), l(d, f), Object.keys(r).forEach((h) => {
    var m;
    let g = t[h];
    g !== void 0 && (i[h] = (m = i[g]) != null ? m : 0);
  }), i;
}
function er(e, n, t, r) {
  let o = new T(), i = e.graph(), s2 = or(i.nodesep, i.edgesep, r);
  return n.forEach((a2) => {
    let l;
    a2.forEach((u) => {
      let d = t[u];
      if (d !== void 0) {
        if (o.setNode(d), l !== void 0) {
          let c = t[l];
          if (c !== void 0) {
            let f = o.edge(c, d);
            o.setEdge(c, d, Math.max(s2(e, u, l), f || 0));
          }
        }
        l = u;
      }
    });
  }), o;
}
function nr(e, n) {
  return Object.values(n).reduce((t, r) => {
    let o = Number.NEGATIVE_INFINITY, i = Number.POSITIVE_INFINITY;
    Object.entries(r).forEach(([a2, l]) => {
      let u = ir(e, a2) / 2;
      o = Math.max(l + u, o), i = Math.min(l - u, i);
    });
    let s2 = o - i;
    return s2 < t[0] && (t = [s2, r]), t;
  }, [Number.POSITIVE_INFINITY, null])[1];
}
function tr(e, n) {
  let t = Object.values(n), r = S(Math.min, t), o = S(Math.max, t);
  ["u", "d"].forEach((i) => {
    ["l", "r"].forEach((s2) => {
      let a2 = i + s2, l = e[a2];
      if (!l || l === n) return;
      let u = Object.values(l), d = r - S(Math.min, u);
      s2 !== "l" && (d = o - S(Math.max, u)), d && (e[a2] = X(l, (c) => c + d));
    });
  });
}
function rr(e, n = void 0) {
  let t = e.ul;
  return t ? X(t, (r, o) => {
    var s2, a2;
    if (n) {
      let l = n.toLowerCase(), u = e[l];
      if (u && u[o] !== void 0) return u[o];
    }
    let i = Object.values(e).map((l) => {
      let u = l[o];
      return u !== void 0 ? u : 0;
    }).sort((l, u) => l - u);
    return (((s2 = i[1]) != null ? s2 : 0) + ((a2 = i[2]) != null ? a2 : 0)) / 2;
  }) : {};
}
function vn(e, n) {
  let t = P(e), r = Object.assign($t(e, t), Ut(e, t)), o = {}, i;
  ["u", "d"].forEach((a2) => {
    i = a2 === "u" ? t : Object.values(t).reverse(), ["l", "r"].forEach((l) => {
      l === "r" && (i = i.map((f) => Object.values(f).reverse()));
      let d = Qt(e, i, r, (f) => (a2 === "u" ? e.predecessors(f) : e.successors(f)) || [], n), c = Zt(e, i, d.root, d.align, l === "r");
      l === "r" && (c = X(c, (f) => -f)), o[a2 + l] = c;
    });
  });
  let s2 = nr(e, o);
  return tr(o, s2), rr(o, e.graph().align);
}
function or(e, n, t) {
  return (r, o, i) => {
    let s2 = r.node(o), a2 = r.node(i), l = 0, u;
    if (l += s2.width / 2, Object.hasOwn(s2, "labelpos")) switch (s2.labelpos.toLowerCase()) {
      case "l":
        u = -s2.width / 2;
        break;
      case "r":
        u = s2.width / 2;
        break;
    }
    if (u && (l += t ? u : -u), u = void 0, l += (s2.dummy ? n : e) / 2, l += (a2.dummy ? n : e) / 2, l += a2.width / 2, Object.hasOwn(a2, "labelpos")) switch (a2.labelpos.toLowerCase()) {
      case "l":
        u = a2.width / 2;
        break;
      case "r":
        u = -a2.width / 2;
        break;
    }
    return u && (l += t ? u : -u), l;
  };
}
function ir(e, n) {
  return e.node(n).width;
}
function Nn(e, n, t) {
  var s2;
  if (!t) return false;
  let r = (s2 = n.node(e)) == null ? void 0 : s2.edgeObj;
  if (!r || n.node(e).edgeLabel.reversed) return false;
  let o = t.indexOf(r == null ? void 0 : r.v), i = t.indexOf(r == null ? void 0 : r.w);
  return o !== -1 && i !== -1 && o === (i + 1) % t.length || o === (i - 1) % t.length;
}
function kn(e, n) {
  e = Z(e), sr(e), Object.entries(vn(e, n)).forEach(([t, r]) => e.node(t).x = r);
}
function sr(e) {
  let n = P(e), t = e.graph(), r = t.ranksep, o = t.rankalign, i = 0;
  n.forEach((s2) => {
    let a2 = s2.reduce((l, u) => {
      var c;
      let d = (c = e.node(u).height) != null ? c : 0;
      return l > d ? l : d;
    }, 0);
    s2.forEach((l) => {
      let u = e.node(l);
      o === "top" ? u.y = i + u.height / 2 : o === "bottom" ? u.y = i + a2 - u.height / 2 : u.y = i + a2 / 2;
    }), i += a2 + r;
  });
}
var xn = /* @__PURE__ */ new WeakMap();
function Oe(e, n = {}) {
  return In(e, q, n), e;
}
function _n(e, n, t) {
  let r = n;
  for (; r !== void 0; ) {
    let o = e.parent(r);
    if (o === t) return r;
    r = o;
  }
}
function In(e, n, t) {
  var y2;
  let r = e.nodes().filter((b) => e.children(b).length), o = {};
  r.forEach((b) => {
    let p = e.node(b);
    if (p && p.rankdir) {
      let E = new T({ multigraph: true, compound: true });
      E.setGraph({ rankdir: p.rankdir });
      let w = e.children(b);
      w.forEach((G) => {
        let N = { ...e.node(G) };
        E.setNode(G, N);
        let C = e.parent(G);
        C && C !== b && w.includes(C) && E.setParent(G, C);
      });
      let k2 = /* @__PURE__ */ new Set();
      e.edges().forEach((G) => {
        let N = _n(e, G.v, b), C = _n(e, G.w, b);
        if (N === G.v && C === G.w) E.setEdge(G, { ...e.edge(G) });
        else if (N && C && N !== C) {
          let B = `${N}\0${C}`;
          k2.has(B) || (k2.add(B), E.setEdge(N, C, { ...e.edge(G) }));
        }
      }), In(E, n, t);
      let _ = Rn(E);
      Cn(_, n, t, null), Tn(E, _);
      let O = 1 / 0, j = 1 / 0, R = -1 / 0, I = -1 / 0;
      E.nodes().forEach((G) => {
        if (G === b) return;
        let N = E.node(G);
        N && typeof N.x == "number" && typeof N.y == "number" && typeof N.width == "number" && typeof N.height == "number" && (O = Math.min(O, N.x - N.width / 2), R = Math.max(R, N.x + N.width / 2), j = Math.min(j, N.y - N.height / 2), I = Math.max(I, N.y + N.height / 2));
      }), (!isFinite(O) || !isFinite(j) || !isFinite(R) || !isFinite(I)) && (O = j = 0, R = I = 0);
      let v = R - O, x2 = I - j;
      o[b] = { minX: O, minY: j, maxX: R, maxY: I, width: v, height: x2, offsetX: O, offsetY: j }, p._dagreClusterSubgraph = E;
    }
  });
  let i = [], s2 = (b) => {
    let p = [], E = (e.children(b) || []).filter((w) => w !== b);
    for (; E.length > 0; ) {
      let w = E.shift();
      p.push(w), (e.children(w) || []).filter((k2) => k2 !== w).forEach((k2) => E.push(k2));
    }
    return p;
  }, a2 = /* @__PURE__ */ new Map();
  r.forEach((b) => {
    let p = e.node(b);
    p && p.rankdir && o[b] && a2.set(b, (e.children(b) || []).filter((E) => E !== b));
  });
  let l = new Set([...a2.values()].flat()), u = /* @__PURE__ */ new Map();
  a2.forEach((b, p) => {
    l.has(p) || u.set(p, s2(p));
  });
  let d = new Set([...u.values()].flat()), c = (b) => {
    for (let [p, E] of u) if (E.includes(b)) return p;
    return b;
  }, f = [];
  e.edges().forEach((b) => {
    (d.has(b.v) || d.has(b.w)) && f.push({ edge: b, label: e.edge(b) });
  });
  let h = /* @__PURE__ */ new Map();
  d.forEach((b) => {
    let p = e.parent(b);
    h.set(b, typeof p == "string" ? p : void 0);
  }), u.forEach((b, p) => {
    let E = e.node(p), w = [];
    b.forEach((O) => {
      let j = e.node(O);
      j && (w.push({ id: O, node: j, parent: h.get(O) }), e.removeNode(O));
    });
    let k2 = f.filter(({ edge: O }) => b.includes(O.v) || b.includes(O.w)), _ = o[p];
    E && (i.push({ clusterId: p, subgraph: E._dagreClusterSubgraph, bounds: _, children: b, removedNodes: w, removedEdges: k2 }), E.width = _.width, E.height = _.height);
  });
  let g = /* @__PURE__ */ new Set();
  f.forEach(({ edge: b, label: p }) => {
    let E = c(b.v), w = c(b.w);
    if (E !== w && e.hasNode(E) && e.hasNode(w)) {
      let k2 = `${E}\0${w}`;
      g.has(k2) || (g.add(k2), e.setEdge(E, w, { ...p, width: 0, height: 0 }));
    }
  });
  let m = Rn(e), L = Cn(m, n, t, (y2 = xn.get(e)) != null ? y2 : null);
  xn.set(e, L), Tn(e, m), g.forEach((b) => {
    let p = b.indexOf("\0"), E = b.slice(0, p), w = b.slice(p + 1);
    e.hasEdge(E, w) && e.removeEdge(E, w);
  }), i.forEach(({ clusterId: b, subgraph: p, bounds: E, removedNodes: w, removedEdges: k2 }) => {
    var v, x2;
    let _ = e.node(b), O = (v = _ == null ? void 0 : _.x) != null ? v : 0, j = (x2 = _ == null ? void 0 : _.y) != null ? x2 : 0, R = (E.minX + E.maxX) / 2, I = (E.minY + E.maxY) / 2;
    w.forEach(({ id: G, node: N, parent: C }) => {
      e.setNode(G, N), C !== void 0 && e.setParent(G, C);
    }), k2.forEach(({ edge: G, label: N }) => {
      e.setEdge(G, N);
    }), p.nodes().forEach((G) => {
      if (G === b) return;
      let N = p.node(G), C = e.node(G);
      C && N && typeof N.x == "number" && typeof N.y == "number" && (C.x = O + (N.x - R), C.y = j + (N.y - I));
    }), On(e, p, O - R, j - I), delete _._dagreClusterSubgraph;
  }), r.forEach((b) => {
    var w, k2;
    let p = e.node(b), E = o[b];
    if (p && p.rankdir && p._dagreClusterSubgraph && E) {
      let _ = p._dagreClusterSubgraph, O = (w = p.x) != null ? w : 0, j = (k2 = p.y) != null ? k2 : 0, R = (E.minX + E.maxX) / 2, I = (E.minY + E.maxY) / 2;
      _.nodes().forEach((v) => {
        if (v === b) return;
        let x2 = _.node(v), G = e.node(v);
        if (G && x2 && typeof x2.x == "number" && typeof x2.y == "number") {
          let N = x2.x - R, C = x2.y - I;
          G.x = O + N, G.y = j + C;
        }
      }), On(e, _, O - R, j - I), delete p._dagreClusterSubgraph;
    }
  });
}
function On(e, n, t, r) {
  n.edges().forEach((o) => {
    if (!e.hasEdge(o)) return;
    let i = n.edge(o), s2 = e.edge(o);
    s2.points = i.points.map((a2) => ({ x: a2.x + t, y: a2.y + r })), Object.hasOwn(i, "x") && (s2.x = i.x + t, s2.y = i.y + r);
  });
}
function Cn(e, n, t, r = null) {
  var l, u;
  let o = (t == null ? void 0 : t.useDynamic) !== false, i = o && (l = r == null ? void 0 : r.graph) != null ? l : null, s2 = o && (u = r == null ? void 0 : r.rawNodes) != null ? u : null;
  n("    makeSpaceForEdgeLabels", () => br(e)), n("    removeSelfEdges", () => Gr(e)), n("    acyclic", () => Ue(e, i)), n("    nestingGraph.run", () => un(e)), n("    rank", () => dn(Z(e))), n("    injectEdgeLabelProxies", () => gr(e)), n("    removeEmptyRanks", () => We(e)), n("    nestingGraph.cleanup", () => fn(e)), n("    normalizeRanks", () => Be(e)), n("    assignRankMinMax", () => pr(e)), n("    removeEdgeLabelProxies", () => mr(e)), n("    normalize.run", () => Ke(e)), n("    parentDummyChains", () => ln(e)), n("    addBorderSegments", () => bn(e)), n("    order", () => re(e, t, s2)), n("    insertSelfEdges", () => vr(e)), n("    adjustCoordinateSystem", () => pn(e)), n("    position", () => kn(e, t.corePath)), n("    positionSelfEdges", () => kr(e));
  let a2 = JSON.parse(JSON.stringify(e._nodes));
  return n("    removeBorderNodes", () => Nr(e)), n("    normalize.undo", () => Qe(e)), n("    fixupEdgeLabelCoords", () => yr(e)), n("    undoCoordinateSystem", () => mn(e)), n("    translateGraph", () => Er(e)), n("    assignNodeIntersects", () => Lr(e)), n("    reversePoints", () => wr(e)), n("    acyclic.undo", () => Je(e)), { graph: e, rawNodes: a2 };
}
function Tn(e, n) {
  e.nodes().forEach((t) => {
    let r = e.node(t), o = n.node(t);
    r && (r.x = o.x, r.y = o.y, r.order = o.order, r.rank = o.rank, n.children(t).length && (r.width = o.width, r.height = o.height));
  }), e.edges().forEach((t) => {
    let r = e.edge(t), o = n.edge(t);
    r.points = o.points, Object.hasOwn(o, "x") && (r.x = o.x, r.y = o.y);
  }), e.graph().width = n.graph().width, e.graph().height = n.graph().height;
}
var ar = ["nodesep", "edgesep", "ranksep", "marginx", "marginy"];
var dr = { ranksep: 50, edgesep: 20, nodesep: 50, rankdir: "TB", rankalign: "center" };
var lr = ["acyclicer", "ranker", "rankdir", "align", "rankalign"];
var ur = ["width", "height", "rank"];
var jn = { width: 0, height: 0 };
var cr = ["minlen", "weight", "width", "height", "labeloffset"];
var fr = { minlen: 1, weight: 1, width: 0, height: 0, labeloffset: 10, labelpos: "r" };
var hr = ["labelpos"];
function Rn(e) {
  let n = new T({ multigraph: true, compound: true }), t = _e(e.graph());
  return n.setGraph(Object.assign({}, dr, xe(t, ar), W(t, lr))), e.nodes().forEach((r) => {
    let o = _e(e.node(r)), i = xe(o, ur);
    Object.keys(jn).forEach((a2) => {
      i[a2] === void 0 && (i[a2] = jn[a2]);
    }), n.setNode(r, i);
    let s2 = e.parent(r);
    s2 !== void 0 && n.setParent(r, s2);
  }), e.edges().forEach((r) => {
    let o = _e(e.edge(r));
    n.setEdge(r, Object.assign({}, fr, xe(o, cr), W(o, hr)));
  }), n;
}
function br(e) {
  let n = e.graph();
  n.ranksep /= 2, e.edges().forEach((t) => {
    var o;
    let r = e.edge(t);
    r.minlen *= 2, ((o = r.labelpos) != null ? o : "r").toLowerCase() !== "c" && (n.rankdir === "TB" || n.rankdir === "BT" ? r.width += r.labeloffset : r.height += r.labeloffset);
  });
}
function gr(e) {
  e.edges().forEach((n) => {
    let t = e.edge(n);
    if (t.width && t.height) {
      let r = e.node(n.v), i = { rank: (e.node(n.w).rank - r.rank) / 2 + r.rank, e: n };
      M(e, "edge-proxy", i, "_ep");
    }
  });
}
function pr(e) {
  let n = 0;
  e.nodes().forEach((t) => {
    let r = e.node(t);
    r.borderTop && (r.minRank = e.node(r.borderTop).rank, r.maxRank = e.node(r.borderBottom).rank, n = Math.max(n, r.maxRank));
  }), e.graph().maxRank = n;
}
function mr(e) {
  e.nodes().forEach((n) => {
    let t = e.node(n);
    if (t.dummy === "edge-proxy") {
      let r = t;
      e.edge(r.e).labelRank = t.rank, e.removeNode(n);
    }
  });
}
function Er(e) {
  let n = Number.POSITIVE_INFINITY, t = 0, r = Number.POSITIVE_INFINITY, o = 0, i = e.graph(), s2 = i.marginx || 0, a2 = i.marginy || 0;
  function l(u) {
    let d = u.x, c = u.y, f = u.width, h = u.height;
    n = Math.min(n, d - f / 2), t = Math.max(t, d + f / 2), r = Math.min(r, c - h / 2), o = Math.max(o, c + h / 2);
  }
  e.nodes().forEach((u) => l(e.node(u))), e.edges().forEach((u) => {
    let d = e.edge(u);
    Object.hasOwn(d, "x") && l(d);
  }), n -= s2, r -= a2, e.nodes().forEach((u) => {
    let d = e.node(u);
    d.x -= n, d.y -= r;
  }), e.edges().forEach((u) => {
    let d = e.edge(u);
    d.points.forEach((c) => {
      c.x -= n, c.y -= r;
    }), Object.hasOwn(d, "x") && (d.x -= n), Object.hasOwn(d, "y") && (d.y -= r);
  }), i.width = t - n + s2, i.height = o - r + a2;
}
function Lr(e) {
  e.edges().forEach((n) => {
    if (n.v === n.w) return;
    let t = e.edge(n), r = e.node(n.v), o = e.node(n.w), i, s2;
    t.points ? (i = t.points[0], s2 = t.points[t.points.length - 1]) : (t.points = [], i = o, s2 = r), t.points.unshift(se(r, i)), t.points.push(se(o, s2));
  });
}
function yr(e) {
  e.edges().forEach((n) => {
    let t = e.edge(n);
    if (Object.hasOwn(t, "x")) switch ((t.labelpos === "l" || t.labelpos === "r") && (t.width -= t.labeloffset), t.labelpos) {
      case "l":
        t.x -= t.width / 2 + t.labeloffset;
        break;
      case "r":
        t.x += t.width / 2 + t.labeloffset;
        break;
    }
  });
}
function wr(e) {
  e.edges().forEach((n) => {
    let t = e.edge(n);
    t.reversed && t.points.reverse();
  });
}
function Nr(e) {
  e.nodes().forEach((n) => {
    if (e.children(n).length) {
      let t = e.node(n), r = e.node(t.borderTop), o = e.node(t.borderBottom), i = e.node(t.borderLeft[t.borderLeft.length - 1]), s2 = e.node(t.borderRight[t.borderRight.length - 1]);
      t.width = Math.abs(s2.x - i.x), t.height = Math.abs(o.y - r.y), t.x = i.x + t.width / 2, t.y = r.y + t.height / 2;
    }
  }), e.nodes().forEach((n) => {
    e.node(n).dummy === "border" && e.removeNode(n);
  });
}
function Gr(e) {
  e.edges().forEach((n) => {
    if (n.v === n.w) {
      let t = e.node(n.v);
      t.selfEdges || (t.selfEdges = []), t.selfEdges.push({ e: n, label: e.edge(n) }), e.removeEdge(n);
    }
  });
}
function vr(e) {
  P(e).forEach((t) => {
    let r = 0;
    t.forEach((o, i) => {
      let s2 = e.node(o);
      typeof s2.rank != "number" && (s2.rank = 0), s2.order = i + r, (s2.selfEdges || []).forEach((a2) => {
        M(e, "selfedge", { width: a2.label.width, height: a2.label.height, rank: s2.rank, order: i + ++r, e: a2.e, edgeLabel: a2.label }, "_se"), (!Array.isArray(a2.label.points) || a2.label.points.length !== 7) && (a2.label.points = [{ x: 0, y: -10 }, { x: 0, y: -10 }, { x: 0, y: 0 }, { x: 0, y: 10 }, { x: 0, y: 10 }, { x: 0, y: 0 }, { x: 0, y: 0 }]);
      }), delete s2.selfEdges;
    });
  });
}
function kr(e) {
  e.nodes().forEach((n) => {
    let t = e.node(n), r = (o) => typeof o == "number" && isFinite(o);
    if (t.dummy === "selfedge") {
      let o = t, i = e.node(o.e.v), s2 = r(i == null ? void 0 : i.x) ? i.x : 0, a2 = r(i == null ? void 0 : i.y) ? i.y : 0, l = r(i == null ? void 0 : i.width) ? i.width : 0, u = r(i == null ? void 0 : i.height) ? i.height : 0, d = r(t.x) ? t.x : s2, c = r(t.y) ? t.y : a2, f = l / 2, h = u / 2;
      o.edgeLabel.points = [{ x: d + f, y: c - h }, { x: d + f, y: c - h }, { x: d, y: c }, { x: d - f, y: c + h }, { x: d - f, y: c + h }, { x: d, y: c }, { x: d, y: c }], o.edgeLabel.x = d, o.edgeLabel.y = c, e.setEdge(o.e, o.edgeLabel), e.removeNode(n);
    } else t && Array.isArray(t.selfEdges) && t.selfEdges.forEach((o) => {
      if (!Array.isArray(o.label.points) || o.label.points.length !== 7) {
        let i = r(t.x) ? t.x : 0, s2 = r(t.y) ? t.y : 0, a2 = r(t.width) ? t.width : 0, l = r(t.height) ? t.height : 0, u = a2 / 2, d = l / 2;
        o.label.points = [{ x: i + u, y: s2 - d }, { x: i + u, y: s2 - d }, { x: i, y: s2 }, { x: i - u, y: s2 + d }, { x: i - u, y: s2 + d }, { x: i, y: s2 }, { x: i, y: s2 }];
      }
    });
  });
}
function xe(e, n) {
  return X(W(e, n), Number);
}
function _e(e) {
  let n = {};
  return e && Object.entries(e).forEach(([t, r]) => {
    typeof t == "string" && (t = t.toLowerCase()), n[t] = r;
  }), n;
}

// node_modules/d3-selection/dist/d3-selection.mjs
var xhtml = "http://www.w3.org/1999/xhtml";
var namespaces = {
  svg: "http://www.w3.org/2000/svg",
  xhtml,
  xlink: "http://www.w3.org/1999/xlink",
  xml: "http://www.w3.org/XML/1998/namespace",
  xmlns: "http://www.w3.org/2000/xmlns/"
};
function namespace(name) {
  var prefix = name += "", i = prefix.indexOf(":");
  if (i >= 0 && (prefix = name.slice(0, i)) !== "xmlns") name = name.slice(i + 1);
  return namespaces.hasOwnProperty(prefix) ? { space: namespaces[prefix], local: name } : name;
}
function creatorInherit(name) {
  return function() {
    var document2 = this.ownerDocument, uri = this.namespaceURI;
    return uri === xhtml && document2.documentElement.namespaceURI === xhtml ? document2.createElement(name) : document2.createElementNS(uri, name);
  };
}
function creatorFixed(fullname) {
  return function() {
    return this.ownerDocument.createElementNS(fullname.space, fullname.local);
  };
}
function creator(name) {
  var fullname = namespace(name);
  return (fullname.local ? creatorFixed : creatorInherit)(fullname);
}
function none() {
}
function selector(selector2) {
  return selector2 == null ? none : function() {
    return this.querySelector(selector2);
  };
}
function selection_select(select2) {
  if (typeof select2 !== "function") select2 = selector(select2);
  for (var groups = this._groups, m = groups.length, subgroups = new Array(m), j = 0; j < m; ++j) {
    for (var group = groups[j], n = group.length, subgroup = subgroups[j] = new Array(n), node, subnode, i = 0; i < n; ++i) {
      if ((node = group[i]) && (subnode = select2.call(node, node.__data__, i, group))) {
        if ("__data__" in node) subnode.__data__ = node.__data__;
        subgroup[i] = subnode;
      }
    }
  }
  return new Selection(subgroups, this._parents);
}
function array(x2) {
  return x2 == null ? [] : Array.isArray(x2) ? x2 : Array.from(x2);
}
function empty() {
  return [];
}
function selectorAll(selector2) {
  return selector2 == null ? empty : function() {
    return this.querySelectorAll(selector2);
  };
}
function arrayAll(select2) {
  return function() {
    return array(select2.apply(this, arguments));
  };
}
function selection_selectAll(select2) {
  if (typeof select2 === "function") select2 = arrayAll(select2);
  else select2 = selectorAll(select2);
  for (var groups = this._groups, m = groups.length, subgroups = [], parents = [], j = 0; j < m; ++j) {
    for (var group = groups[j], n = group.length, node, i = 0; i < n; ++i) {
      if (node = group[i]) {
        subgroups.push(select2.call(node, node.__data__, i, group));
        parents.push(node);
      }
    }
  }
  return new Selection(subgroups, parents);
}
function matcher(selector2) {
  return function() {
    return this.matches(selector2);
  };
}
function childMatcher(selector2) {
  return function(node) {
    return node.matches(selector2);
  };
}
var find = Array.prototype.find;
function childFind(match) {
  return function() {
    return find.call(this.children, match);
  };
}
function childFirst() {
  return this.firstElementChild;
}
function selection_selectChild(match) {
  return this.select(match == null ? childFirst : childFind(typeof match === "function" ? match : childMatcher(match)));
}
var filter = Array.prototype.filter;
function children() {
  return Array.from(this.children);
}
function childrenFilter(match) {
  return function() {
    return filter.call(this.children, match);
  };
}
function selection_selectChildren(match) {
  return this.selectAll(match == null ? children : childrenFilter(typeof match === "function" ? match : childMatcher(match)));
}
function selection_filter(match) {
  if (typeof match !== "function") match = matcher(match);
  for (var groups = this._groups, m = groups.length, subgroups = new Array(m), j = 0; j < m; ++j) {
    for (var group = groups[j], n = group.length, subgroup = subgroups[j] = [], node, i = 0; i < n; ++i) {
      if ((node = group[i]) && match.call(node, node.__data__, i, group)) {
        subgroup.push(node);
      }
    }
  }
  return new Selection(subgroups, this._parents);
}
function sparse(update) {
  return new Array(update.length);
}
function selection_enter() {
  return new Selection(this._enter || this._groups.map(sparse), this._parents);
}
function EnterNode(parent, datum2) {
  this.ownerDocument = parent.ownerDocument;
  this.namespaceURI = parent.namespaceURI;
  this._next = null;
  this._parent = parent;
  this.__data__ = datum2;
}
EnterNode.prototype = {
  constructor: EnterNode,
  appendChild: function(child) {
    return this._parent.insertBefore(child, this._next);
  },
  insertBefore: function(child, next) {
    return this._parent.insertBefore(child, next);
  },
  querySelector: function(selector2) {
    return this._parent.querySelector(selector2);
  },
  querySelectorAll: function(selector2) {
    return this._parent.querySelectorAll(selector2);
  }
};
function constant(x2) {
  return function() {
    return x2;
  };
}
function bindIndex(parent, group, enter, update, exit, data) {
  var i = 0, node, groupLength = group.length, dataLength = data.length;
  for (; i < dataLength; ++i) {
    if (node = group[i]) {
      node.__data__ = data[i];
      update[i] = node;
    } else {
      enter[i] = new EnterNode(parent, data[i]);
    }
  }
  for (; i < groupLength; ++i) {
    if (node = group[i]) {
      exit[i] = node;
    }
  }
}
function bindKey(parent, group, enter, update, exit, data, key) {
  var i, node, nodeByKeyValue = /* @__PURE__ */ new Map(), groupLength = group.length, dataLength = data.length, keyValues = new Array(groupLength), keyValue;
  for (i = 0; i < groupLength; ++i) {
    if (node = group[i]) {
      keyValues[i] = keyValue = key.call(node, node.__data__, i, group) + "";
      if (nodeByKeyValue.has(keyValue)) {
        exit[i] = node;
      } else {
        nodeByKeyValue.set(keyValue, node);
      }
    }
  }
  for (i = 0; i < dataLength; ++i) {
    keyValue = key.call(parent, data[i], i, data) + "";
    if (node = nodeByKeyValue.get(keyValue)) {
      update[i] = node;
      node.__data__ = data[i];
      nodeByKeyValue.delete(keyValue);
    } else {
      enter[i] = new EnterNode(parent, data[i]);
    }
  }
  for (i = 0; i < groupLength; ++i) {
    if ((node = group[i]) && nodeByKeyValue.get(keyValues[i]) === node) {
      exit[i] = node;
    }
  }
}
function datum(node) {
  return node.__data__;
}
function selection_data(value, key) {
  if (!arguments.length) return Array.from(this, datum);
  var bind = key ? bindKey : bindIndex, parents = this._parents, groups = this._groups;
  if (typeof value !== "function") value = constant(value);
  for (var m = groups.length, update = new Array(m), enter = new Array(m), exit = new Array(m), j = 0; j < m; ++j) {
    var parent = parents[j], group = groups[j], groupLength = group.length, data = arraylike(value.call(parent, parent && parent.__data__, j, parents)), dataLength = data.length, enterGroup = enter[j] = new Array(dataLength), updateGroup = update[j] = new Array(dataLength), exitGroup = exit[j] = new Array(groupLength);
    bind(parent, group, enterGroup, updateGroup, exitGroup, data, key);
    for (var i0 = 0, i1 = 0, previous, next; i0 < dataLength; ++i0) {
      if (previous = enterGroup[i0]) {
        if (i0 >= i1) i1 = i0 + 1;
        while (!(next = updateGroup[i1]) && ++i1 < dataLength) ;
        previous._next = next || null;
      }
    }
  }
  update = new Selection(update, parents);
  update._enter = enter;
  update._exit = exit;
  return update;
}
function arraylike(data) {
  return typeof data === "object" && "length" in data ? data : Array.from(data);
}
function selection_exit() {
  return new Selection(this._exit || this._groups.map(sparse), this._parents);
}
function selection_join(onenter, onupdate, onexit) {
  var enter = this.enter(), update = this, exit = this.exit();
  if (typeof onenter === "function") {
    enter = onenter(enter);
    if (enter) enter = enter.selection();
  } else {
    enter = enter.append(onenter + "");
  }
  if (onupdate != null) {
    update = onupdate(update);
    if (update) update = update.selection();
  }
  if (onexit == null) exit.remove();
  else onexit(exit);
  return enter && update ? enter.merge(update).order() : update;
}
function selection_merge(context) {
  var selection2 = context.selection ? context.selection() : context;
  for (var groups0 = this._groups, groups1 = selection2._groups, m0 = groups0.length, m1 = groups1.length, m = Math.min(m0, m1), merges = new Array(m0), j = 0; j < m; ++j) {
    for (var group0 = groups0[j], group1 = groups1[j], n = group0.length, merge = merges[j] = new Array(n), node, i = 0; i < n; ++i) {
      if (node = group0[i] || group1[i]) {
        merge[i] = node;
      }
    }
  }
  for (; j < m0; ++j) {
    merges[j] = groups0[j];
  }
  return new Selection(merges, this._parents);
}
function selection_order() {
  for (var groups = this._groups, j = -1, m = groups.length; ++j < m; ) {
    for (var group = groups[j], i = group.length - 1, next = group[i], node; --i >= 0; ) {
      if (node = group[i]) {
        if (next && node.compareDocumentPosition(next) ^ 4) next.parentNode.insertBefore(node, next);
        next = node;
      }
    }
  }
  return this;
}
function selection_sort(compare) {
  if (!compare) compare = ascending;
  function compareNode(a2, b) {
    return a2 && b ? compare(a2.__data__, b.__data__) : !a2 - !b;
  }
  for (var groups = this._groups, m = groups.length, sortgroups = new Array(m), j = 0; j < m; ++j) {
    for (var group = groups[j], n = group.length, sortgroup = sortgroups[j] = new Array(n), node, i = 0; i < n; ++i) {
      if (node = group[i]) {
        sortgroup[i] = node;
      }
    }
    sortgroup.sort(compareNode);
  }
  return new Selection(sortgroups, this._parents).order();
}
function ascending(a2, b) {
  return a2 < b ? -1 : a2 > b ? 1 : a2 >= b ? 0 : NaN;
}
function selection_call() {
  var callback = arguments[0];
  arguments[0] = this;
  callback.apply(null, arguments);
  return this;
}
function selection_nodes() {
  return Array.from(this);
}
function selection_node() {
  for (var groups = this._groups, j = 0, m = groups.length; j < m; ++j) {
    for (var group = groups[j], i = 0, n = group.length; i < n; ++i) {
      var node = group[i];
      if (node) return node;
    }
  }
  return null;
}
function selection_size() {
  let size = 0;
  for (const node of this) ++size;
  return size;
}
function selection_empty() {
  return !this.node();
}
function selection_each(callback) {
  for (var groups = this._groups, j = 0, m = groups.length; j < m; ++j) {
    for (var group = groups[j], i = 0, n = group.length, node; i < n; ++i) {
      if (node = group[i]) callback.call(node, node.__data__, i, group);
    }
  }
  return this;
}
function attrRemove(name) {
  return function() {
    this.removeAttribute(name);
  };
}
function attrRemoveNS(fullname) {
  return function() {
    this.removeAttributeNS(fullname.space, fullname.local);
  };
}
function attrConstant(name, value) {
  return function() {
    this.setAttribute(name, value);
  };
}
function attrConstantNS(fullname, value) {
  return function() {
    this.setAttributeNS(fullname.space, fullname.local, value);
  };
}
function attrFunction(name, value) {
  return function() {
    var v = value.apply(this, arguments);
    if (v == null) this.removeAttribute(name);
    else this.setAttribute(name, v);
  };
}
function attrFunctionNS(fullname, value) {
  return function() {
    var v = value.apply(this, arguments);
    if (v == null) this.removeAttributeNS(fullname.space, fullname.local);
    else this.setAttributeNS(fullname.space, fullname.local, v);
  };
}
function selection_attr(name, value) {
  var fullname = namespace(name);
  if (arguments.length < 2) {
    var node = this.node();
    return fullname.local ? node.getAttributeNS(fullname.space, fullname.local) : node.getAttribute(fullname);
  }
  return this.each((value == null ? fullname.local ? attrRemoveNS : attrRemove : typeof value === "function" ? fullname.local ? attrFunctionNS : attrFunction : fullname.local ? attrConstantNS : attrConstant)(fullname, value));
}
function defaultView(node) {
  return node.ownerDocument && node.ownerDocument.defaultView || node.document && node || node.defaultView;
}
function styleRemove(name) {
  return function() {
    this.style.removeProperty(name);
  };
}
function styleConstant(name, value, priority) {
  return function() {
    this.style.setProperty(name, value, priority);
  };
}
function styleFunction(name, value, priority) {
  return function() {
    var v = value.apply(this, arguments);
    if (v == null) this.style.removeProperty(name);
    else this.style.setProperty(name, v, priority);
  };
}
function selection_style(name, value, priority) {
  return arguments.length > 1 ? this.each((value == null ? styleRemove : typeof value === "function" ? styleFunction : styleConstant)(name, value, priority == null ? "" : priority)) : styleValue(this.node(), name);
}
function styleValue(node, name) {
  return node.style.getPropertyValue(name) || defaultView(node).getComputedStyle(node, null).getPropertyValue(name);
}
function propertyRemove(name) {
  return function() {
    delete this[name];
  };
}
function propertyConstant(name, value) {
  return function() {
    this[name] = value;
  };
}
function propertyFunction(name, value) {
  return function() {
    var v = value.apply(this, arguments);
    if (v == null) delete this[name];
    else this[name] = v;
  };
}
function selection_property(name, value) {
  return arguments.length > 1 ? this.each((value == null ? propertyRemove : typeof value === "function" ? propertyFunction : propertyConstant)(name, value)) : this.node()[name];
}
function classArray(string) {
  return string.trim().split(/^|\s+/);
}
function classList(node) {
  return node.classList || new ClassList(node);
}
function ClassList(node) {
  this._node = node;
  this._names = classArray(node.getAttribute("class") || "");
}
ClassList.prototype = {
  add: function(name) {
    var i = this._names.indexOf(name);
    if (i < 0) {
      this._names.push(name);
      this._node.setAttribute("class", this._names.join(" "));
    }
  },
  remove: function(name) {
    var i = this._names.indexOf(name);
    if (i >= 0) {
      this._names.splice(i, 1);
      this._node.setAttribute("class", this._names.join(" "));
    }
  },
  contains: function(name) {
    return this._names.indexOf(name) >= 0;
  }
};
function classedAdd(node, names) {
  var list2 = classList(node), i = -1, n = names.length;
  while (++i < n) list2.add(names[i]);
}
function classedRemove(node, names) {
  var list2 = classList(node), i = -1, n = names.length;
  while (++i < n) list2.remove(names[i]);
}
function classedTrue(names) {
  return function() {
    classedAdd(this, names);
  };
}
function classedFalse(names) {
  return function() {
    classedRemove(this, names);
  };
}
function classedFunction(names, value) {
  return function() {
    (value.apply(this, arguments) ? classedAdd : classedRemove)(this, names);
  };
}
function selection_classed(name, value) {
  var names = classArray(name + "");
  if (arguments.length < 2) {
    var list2 = classList(this.node()), i = -1, n = names.length;
    while (++i < n) if (!list2.contains(names[i])) return false;
    return true;
  }
  return this.each((typeof value === "function" ? classedFunction : value ? classedTrue : classedFalse)(names, value));
}
function textRemove() {
  this.textContent = "";
}
function textConstant(value) {
  return function() {
    this.textContent = value;
  };
}
function textFunction(value) {
  return function() {
    var v = value.apply(this, arguments);
    this.textContent = v == null ? "" : v;
  };
}
function selection_text(value) {
  return arguments.length ? this.each(value == null ? textRemove : (typeof value === "function" ? textFunction : textConstant)(value)) : this.node().textContent;
}
function htmlRemove() {
  this.innerHTML = "";
}
function htmlConstant(value) {
  return function() {
    this.innerHTML = value;
  };
}
function htmlFunction(value) {
  return function() {
    var v = value.apply(this, arguments);
    this.innerHTML = v == null ? "" : v;
  };
}
function selection_html(value) {
  return arguments.length ? this.each(value == null ? htmlRemove : (typeof value === "function" ? htmlFunction : htmlConstant)(value)) : this.node().innerHTML;
}
function raise() {
  if (this.nextSibling) this.parentNode.appendChild(this);
}
function selection_raise() {
  return this.each(raise);
}
function lower() {
  if (this.previousSibling) this.parentNode.insertBefore(this, this.parentNode.firstChild);
}
function selection_lower() {
  return this.each(lower);
}
function selection_append(name) {
  var create = typeof name === "function" ? name : creator(name);
  return this.select(function() {
    return this.appendChild(create.apply(this, arguments));
  });
}
function constantNull() {
  return null;
}
function selection_insert(name, before) {
  var create = typeof name === "function" ? name : creator(name), select2 = before == null ? constantNull : typeof before === "function" ? before : selector(before);
  return this.select(function() {
    return this.insertBefore(create.apply(this, arguments), select2.apply(this, arguments) || null);
  });
}
function remove() {
  var parent = this.parentNode;
  if (parent) parent.removeChild(this);
}
function selection_remove() {
  return this.each(remove);
}
function selection_cloneShallow() {
  var clone = this.cloneNode(false), parent = this.parentNode;
  return parent ? parent.insertBefore(clone, this.nextSibling) : clone;
}
function selection_cloneDeep() {
  var clone = this.cloneNode(true), parent = this.parentNode;
  return parent ? parent.insertBefore(clone, this.nextSibling) : clone;
}
function selection_clone(deep) {
  return this.select(deep ? selection_cloneDeep : selection_cloneShallow);
}
function selection_datum(value) {
  return arguments.length ? this.property("__data__", value) : this.node().__data__;
}
function contextListener(listener) {
  return function(event) {
    listener.call(this, event, this.__data__);
  };
}
function parseTypenames(typenames) {
  return typenames.trim().split(/^|\s+/).map(function(t) {
    var name = "", i = t.indexOf(".");
    if (i >= 0) name = t.slice(i + 1), t = t.slice(0, i);
    return { type: t, name };
  });
}
function onRemove(typename) {
  return function() {
    var on2 = this.__on;
    if (!on2) return;
    for (var j = 0, i = -1, m = on2.length, o; j < m; ++j) {
      if (o = on2[j], (!typename.type || o.type === typename.type) && o.name === typename.name) {
        this.removeEventListener(o.type, o.listener, o.options);
      } else {
        on2[++i] = o;
      }
    }
    if (++i) on2.length = i;
    else delete this.__on;
  };
}
function onAdd(typename, value, options) {
  return function() {
    var on2 = this.__on, o, listener = contextListener(value);
    if (on2) for (var j = 0, m = on2.length; j < m; ++j) {
      if ((o = on2[j]).type === typename.type && o.name === typename.name) {
        this.removeEventListener(o.type, o.listener, o.options);
        this.addEventListener(o.type, o.listener = listener, o.options = options);
        o.value = value;
        return;
      }
    }
    this.addEventListener(typename.type, listener, options);
    o = { type: typename.type, name: typename.name, value, listener, options };
    if (!on2) this.__on = [o];
    else on2.push(o);
  };
}
function selection_on(typename, value, options) {
  var typenames = parseTypenames(typename + ""), i, n = typenames.length, t;
  if (arguments.length < 2) {
    var on2 = this.node().__on;
    if (on2) for (var j = 0, m = on2.length, o; j < m; ++j) {
      for (i = 0, o = on2[j]; i < n; ++i) {
        if ((t = typenames[i]).type === o.type && t.name === o.name) {
          return o.value;
        }
      }
    }
    return;
  }
  on2 = value ? onAdd : onRemove;
  for (i = 0; i < n; ++i) this.each(on2(typenames[i], value, options));
  return this;
}
function dispatchEvent(node, type, params) {
  var window2 = defaultView(node), event = window2.CustomEvent;
  if (typeof event === "function") {
    event = new event(type, params);
  } else {
    event = window2.document.createEvent("Event");
    if (params) event.initEvent(type, params.bubbles, params.cancelable), event.detail = params.detail;
    else event.initEvent(type, false, false);
  }
  node.dispatchEvent(event);
}
function dispatchConstant(type, params) {
  return function() {
    return dispatchEvent(this, type, params);
  };
}
function dispatchFunction(type, params) {
  return function() {
    return dispatchEvent(this, type, params.apply(this, arguments));
  };
}
function selection_dispatch(type, params) {
  return this.each((typeof params === "function" ? dispatchFunction : dispatchConstant)(type, params));
}
function* selection_iterator() {
  for (var groups = this._groups, j = 0, m = groups.length; j < m; ++j) {
    for (var group = groups[j], i = 0, n = group.length, node; i < n; ++i) {
      if (node = group[i]) yield node;
    }
  }
}
var root = [null];
function Selection(groups, parents) {
  this._groups = groups;
  this._parents = parents;
}
function selection() {
  return new Selection([[document.documentElement]], root);
}
function selection_selection() {
  return this;
}
Selection.prototype = selection.prototype = {
  constructor: Selection,
  select: selection_select,
  selectAll: selection_selectAll,
  selectChild: selection_selectChild,
  selectChildren: selection_selectChildren,
  filter: selection_filter,
  data: selection_data,
  enter: selection_enter,
  exit: selection_exit,
  join: selection_join,
  merge: selection_merge,
  selection: selection_selection,
  order: selection_order,
  sort: selection_sort,
  call: selection_call,
  nodes: selection_nodes,
  node: selection_node,
  size: selection_size,
  empty: selection_empty,
  each: selection_each,
  attr: selection_attr,
  style: selection_style,
  property: selection_property,
  classed: selection_classed,
  text: selection_text,
  html: selection_html,
  raise: selection_raise,
  lower: selection_lower,
  append: selection_append,
  insert: selection_insert,
  remove: selection_remove,
  clone: selection_clone,
  datum: selection_datum,
  on: selection_on,
  dispatch: selection_dispatch,
  [Symbol.iterator]: selection_iterator
};
function select(selector2) {
  return typeof selector2 === "string" ? new Selection([[document.querySelector(selector2)]], [document.documentElement]) : new Selection([[selector2]], root);
}
var nextId = 0;
function local() {
  return new Local();
}
function Local() {
  this._ = "@" + (++nextId).toString(36);
}
Local.prototype = local.prototype = {
  constructor: Local,
  get: function(node) {
    var id = this._;
    while (!(id in node)) if (!(node = node.parentNode)) return;
    return node[id];
  },
  set: function(node, value) {
    return node[this._] = value;
  },
  remove: function(node) {
    return this._ in node && delete node[this._];
  },
  toString: function() {
    return this._;
  }
};

// node_modules/d3-path/dist/d3-path.mjs
var pi = Math.PI;
var tau = 2 * pi;
var epsilon = 1e-6;
var tauEpsilon = tau - epsilon;
function append(strings) {
  this._ += strings[0];
  for (let i = 1, n = strings.length; i < n; ++i) {
    this._ += arguments[i] + strings[i];
  }
}
function appendRound(digits) {
  let d = Math.floor(digits);
  if (!(d >= 0)) throw new Error(`invalid digits: ${digits}`);
  if (d > 15) return append;
  const k2 = 10 ** d;
  return function(strings) {
    this._ += strings[0];
    for (let i = 1, n = strings.length; i < n; ++i) {
      this._ += Math.round(arguments[i] * k2) / k2 + strings[i];
    }
  };
}
function equal(x0, y0, x1, y1) {
  return x0 === x1 && y0 === y1;
}
function equalRound(digits) {
  const d = Math.floor(digits);
  if (!(d <= 15)) return equal;
  const k2 = 10 ** d;
  const r = function(value) {
    return Math.round(value * k2);
  };
  return function(x0, y0, x1, y1) {
    return r(x0) === r(x1) && r(y0) === r(y1);
  };
}
var Path = class {
  constructor(digits) {
    this._x0 = this._y0 = // start of current subpath
    this._x1 = this._y1 = null;
    this._ = "";
    this._append = digits == null ? append : appendRound(digits);
    this._equal = digits == null ? equal : equalRound(digits);
  }
  moveTo(x2, y2) {
    this._append`M${this._x0 = this._x1 = +x2},${this._y0 = this._y1 = +y2}`;
  }
  closePath() {
    if (this._x1 !== null) {
      this._x1 = this._x0, this._y1 = this._y0;
      this._append`Z`;
    }
  }
  lineTo(x2, y2) {
    this._append`L${this._x1 = +x2},${this._y1 = +y2}`;
  }
  quadraticCurveTo(x1, y1, x2, y2) {
    this._append`Q${+x1},${+y1},${this._x1 = +x2},${this._y1 = +y2}`;
  }
  bezierCurveTo(x1, y1, x2, y2, x3, y3) {
    this._append`C${+x1},${+y1},${+x2},${+y2},${this._x1 = +x3},${this._y1 = +y3}`;
  }
  arcTo(x1, y1, x2, y2, r) {
    x1 = +x1, y1 = +y1, x2 = +x2, y2 = +y2, r = +r;
    if (r < 0) throw new Error(`negative radius: ${r}`);
    let x0 = this._x1, y0 = this._y1, x21 = x2 - x1, y21 = y2 - y1, x01 = x0 - x1, y01 = y0 - y1, l01_2 = x01 * x01 + y01 * y01;
    if (this._x1 === null) {
      this._append`M${this._x1 = x1},${this._y1 = y1}`;
    } else if (!(l01_2 > epsilon)) ;
    else if (!(Math.abs(y01 * x21 - y21 * x01) > epsilon) || !r) {
      this._append`L${this._x1 = x1},${this._y1 = y1}`;
    } else {
      let x20 = x2 - x0, y20 = y2 - y0, l21_2 = x21 * x21 + y21 * y21, l20_2 = x20 * x20 + y20 * y20, l21 = Math.sqrt(l21_2), l01 = Math.sqrt(l01_2), l = r * Math.tan((pi - Math.acos((l21_2 + l01_2 - l20_2) / (2 * l21 * l01))) / 2), t01 = l / l01, t21 = l / l21;
      if (Math.abs(t01 - 1) > epsilon) {
        this._append`L${x1 + t01 * x01},${y1 + t01 * y01}`;
      }
      this._append`A${r},${r},0,0,${+(y01 * x20 > x01 * y20)},${this._x1 = x1 + t21 * x21},${this._y1 = y1 + t21 * y21}`;
    }
  }
  arc(x2, y2, r, a0, a1, ccw) {
    x2 = +x2, y2 = +y2, r = +r, ccw = !!ccw;
    if (r < 0) throw new Error(`negative radius: ${r}`);
    let dx = r * Math.cos(a0), dy = r * Math.sin(a0), x0 = x2 + dx, y0 = y2 + dy, cw = 1 ^ ccw, da = ccw ? a0 - a1 : a1 - a0;
    if (this._x1 === null) {
      this._append`M${x0},${y0}`;
    } else if (Math.abs(this._x1 - x0) > epsilon || Math.abs(this._y1 - y0) > epsilon) {
      this._append`L${x0},${y0}`;
    }
    if (!r) return;
    if (da < 0) da = da % tau + tau;
    if (da > tauEpsilon) {
      this._append`A${r},${r},0,1,${cw},${x2 - dx},${y2 - dy}A${r},${r},0,1,${cw},${this._x1 = x0},${this._y1 = y0}`;
    } else if (da > epsilon) {
      const x1 = x2 + r * Math.cos(a1);
      const y1 = y2 + r * Math.sin(a1);
      if (da >= pi && this._equal(x0, y0, x1, y1)) {
        da /= 2;
        let a00 = a0 + da;
        this._append`A${r},${r},0,${+(da >= pi)},${cw},${x2 + r * Math.cos(a00)},${y2 + r * Math.sin(a00)}`;
      }
      this._append`A${r},${r},0,${+(da >= pi)},${cw},${this._x1 = x1},${this._y1 = y1}`;
    }
  }
  rect(x2, y2, w, h) {
    this._append`M${this._x0 = this._x1 = +x2},${this._y0 = this._y1 = +y2}h${w = +w}v${+h}h${-w}Z`;
  }
  toString() {
    return this._;
  }
};
function path() {
  return new Path();
}
path.prototype = Path.prototype;

// node_modules/d3-shape/dist/d3-shape.mjs
function constant2(x2) {
  return function constant3() {
    return x2;
  };
}
var cos = Math.cos;
var sin = Math.sin;
var sqrt = Math.sqrt;
var epsilon2 = 1e-12;
var pi2 = Math.PI;
var halfPi = pi2 / 2;
var tau2 = 2 * pi2;
function withPath(shape) {
  let digits = 3;
  shape.digits = function(_) {
    if (!arguments.length) return digits;
    if (_ == null) {
      digits = null;
    } else {
      const d = Math.floor(_);
      if (!(d >= 0)) throw new RangeError(`invalid digits: ${_}`);
      digits = d;
    }
    return shape;
  };
  return () => new Path(digits);
}
var slice = Array.prototype.slice;
function array2(x2) {
  return typeof x2 === "object" && "length" in x2 ? x2 : Array.from(x2);
}
function Linear(context) {
  this._context = context;
}
Linear.prototype = {
  areaStart: function() {
    this._line = 0;
  },
  areaEnd: function() {
    this._line = NaN;
  },
  lineStart: function() {
    this._point = 0;
  },
  lineEnd: function() {
    if (this._line || this._line !== 0 && this._point === 1) this._context.closePath();
    this._line = 1 - this._line;
  },
  point: function(x2, y2) {
    x2 = +x2, y2 = +y2;
    switch (this._point) {
      case 0:
        this._point = 1;
        this._line ? this._context.lineTo(x2, y2) : this._context.moveTo(x2, y2);
        break;
      case 1:
        this._point = 2;
      // falls through
      default:
        this._context.lineTo(x2, y2);
        break;
    }
  }
};
function curveLinear(context) {
  return new Linear(context);
}
function x(p) {
  return p[0];
}
function y(p) {
  return p[1];
}
function line(x$1, y$1) {
  var defined = constant2(true), context = null, curve2 = curveLinear, output = null, path2 = withPath(line2);
  x$1 = typeof x$1 === "function" ? x$1 : x$1 === void 0 ? x : constant2(x$1);
  y$1 = typeof y$1 === "function" ? y$1 : y$1 === void 0 ? y : constant2(y$1);
  function line2(data) {
    var i, n = (data = array2(data)).length, d, defined0 = false, buffer;
    if (context == null) output = curve2(buffer = path2());
    for (i = 0; i <= n; ++i) {
      if (!(i < n && defined(d = data[i], i, data)) === defined0) {
        if (defined0 = !defined0) output.lineStart();
        else output.lineEnd();
      }
      if (defined0) output.point(+x$1(d, i, data), +y$1(d, i, data));
    }
    if (buffer) return output = null, buffer + "" || null;
  }
  line2.x = function(_) {
    return arguments.length ? (x$1 = typeof _ === "function" ? _ : constant2(+_), line2) : x$1;
  };
  line2.y = function(_) {
    return arguments.length ? (y$1 = typeof _ === "function" ? _ : constant2(+_), line2) : y$1;
  };
  line2.defined = function(_) {
    return arguments.length ? (defined = typeof _ === "function" ? _ : constant2(!!_), line2) : defined;
  };
  line2.curve = function(_) {
    return arguments.length ? (curve2 = _, context != null && (output = curve2(context)), line2) : curve2;
  };
  line2.context = function(_) {
    return arguments.length ? (_ == null ? context = output = null : output = curve2(context = _), line2) : context;
  };
  return line2;
}
var curveRadialLinear = curveRadial(curveLinear);
function Radial(curve2) {
  this._curve = curve2;
}
Radial.prototype = {
  areaStart: function() {
    this._curve.areaStart();
  },
  areaEnd: function() {
    this._curve.areaEnd();
  },
  lineStart: function() {
    this._curve.lineStart();
  },
  lineEnd: function() {
    this._curve.lineEnd();
  },
  point: function(a2, r) {
    this._curve.point(r * Math.sin(a2), r * -Math.cos(a2));
  }
};
function curveRadial(curve2) {
  function radial(context) {
    return new Radial(curve2(context));
  }
  radial._curve = curve2;
  return radial;
}
var sqrt3$2 = sqrt(3);
var tan30 = sqrt(1 / 3);
var tan30_2 = tan30 * 2;
var kr2 = sin(pi2 / 10) / sin(7 * pi2 / 10);
var kx = sin(tau2 / 10) * kr2;
var ky = -cos(tau2 / 10) * kr2;
var sqrt3$1 = sqrt(3);
var sqrt3 = sqrt(3);
var s = sqrt(3) / 2;
var k = 1 / sqrt(12);
var a = (k / 2 + 1) * 3;
function noop() {
}
function point$3(that, x2, y2) {
  that._context.bezierCurveTo(
    (2 * that._x0 + that._x1) / 3,
    (2 * that._y0 + that._y1) / 3,
    (that._x0 + 2 * that._x1) / 3,
    (that._y0 + 2 * that._y1) / 3,
    (that._x0 + 4 * that._x1 + x2) / 6,
    (that._y0 + 4 * that._y1 + y2) / 6
  );
}
function Basis(context) {
  this._context = context;
}
Basis.prototype = {
  areaStart: function() {
    this._line = 0;
  },
  areaEnd: function() {
    this._line = NaN;
  },
  lineStart: function() {
    this._x0 = this._x1 = this._y0 = this._y1 = NaN;
    this._point = 0;
  },
  lineEnd: function() {
    switch (this._point) {
      case 3:
        point$3(this, this._x1, this._y1);
      // falls through
      case 2:
        this._context.lineTo(this._x1, this._y1);
        break;
    }
    if (this._line || this._line !== 0 && this._point === 1) this._context.closePath();
    this._line = 1 - this._line;
  },
  point: function(x2, y2) {
    x2 = +x2, y2 = +y2;
    switch (this._point) {
      case 0:
        this._point = 1;
        this._line ? this._context.lineTo(x2, y2) : this._context.moveTo(x2, y2);
        break;
      case 1:
        this._point = 2;
        break;
      case 2:
        this._point = 3;
        this._context.lineTo((5 * this._x0 + this._x1) / 6, (5 * this._y0 + this._y1) / 6);
      // falls through
      default:
        point$3(this, x2, y2);
        break;
    }
    this._x0 = this._x1, this._x1 = x2;
    this._y0 = this._y1, this._y1 = y2;
  }
};
function BasisClosed(context) {
  this._context = context;
}
BasisClosed.prototype = {
  areaStart: noop,
  areaEnd: noop,
  lineStart: function() {
    this._x0 = this._x1 = this._x2 = this._x3 = this._x4 = this._y0 = this._y1 = this._y2 = this._y3 = this._y4 = NaN;
    this._point = 0;
  },
  lineEnd: function() {
    switch (this._point) {
      case 1: {
        this._context.moveTo(this._x2, this._y2);
        this._context.closePath();
        break;
      }
      case 2: {
        this._context.moveTo((this._x2 + 2 * this._x3) / 3, (this._y2 + 2 * this._y3) / 3);
        this._context.lineTo((this._x3 + 2 * this._x2) / 3, (this._y3 + 2 * this._y2) / 3);
        this._context.closePath();
        break;
      }
      case 3: {
        this.point(this._x2, this._y2);
        this.point(this._x3, this._y3);
        this.point(this._x4, this._y4);
        break;
      }
    }
  },
  point: function(x2, y2) {
    x2 = +x2, y2 = +y2;
    switch (this._point) {
      case 0:
        this._point = 1;
        this._x2 = x2, this._y2 = y2;
        break;
      case 1:
        this._point = 2;
        this._x3 = x2, this._y3 = y2;
        break;
      case 2:
        this._point = 3;
        this._x4 = x2, this._y4 = y2;
        this._context.moveTo((this._x0 + 4 * this._x1 + x2) / 6, (this._y0 + 4 * this._y1 + y2) / 6);
        break;
      default:
        point$3(this, x2, y2);
        break;
    }
    this._x0 = this._x1, this._x1 = x2;
    this._y0 = this._y1, this._y1 = y2;
  }
};
function BasisOpen(context) {
  this._context = context;
}
BasisOpen.prototype = {
  areaStart: function() {
    this._line = 0;
  },
  areaEnd: function() {
    this._line = NaN;
  },
  lineStart: function() {
    this._x0 = this._x1 = this._y0 = this._y1 = NaN;
    this._point = 0;
  },
  lineEnd: function() {
    if (this._line || this._line !== 0 && this._point === 3) this._context.closePath();
    this._line = 1 - this._line;
  },
  point: function(x2, y2) {
    x2 = +x2, y2 = +y2;
    switch (this._point) {
      case 0:
        this._point = 1;
        break;
      case 1:
        this._point = 2;
        break;
      case 2:
        this._point = 3;
        var x0 = (this._x0 + 4 * this._x1 + x2) / 6, y0 = (this._y0 + 4 * this._y1 + y2) / 6;
        this._line ? this._context.lineTo(x0, y0) : this._context.moveTo(x0, y0);
        break;
      case 3:
        this._point = 4;
      // falls through
      default:
        point$3(this, x2, y2);
        break;
    }
    this._x0 = this._x1, this._x1 = x2;
    this._y0 = this._y1, this._y1 = y2;
  }
};
function Bundle(context, beta) {
  this._basis = new Basis(context);
  this._beta = beta;
}
Bundle.prototype = {
  lineStart: function() {
    this._x = [];
    this._y = [];
    this._basis.lineStart();
  },
  lineEnd: function() {
    var x2 = this._x, y2 = this._y, j = x2.length - 1;
    if (j > 0) {
      var x0 = x2[0], y0 = y2[0], dx = x2[j] - x0, dy = y2[j] - y0, i = -1, t;
      while (++i <= j) {
        t = i / j;
        this._basis.point(
          this._beta * x2[i] + (1 - this._beta) * (x0 + t * dx),
          this._beta * y2[i] + (1 - this._beta) * (y0 + t * dy)
        );
      }
    }
    this._x = this._y = null;
    this._basis.lineEnd();
  },
  point: function(x2, y2) {
    this._x.push(+x2);
    this._y.push(+y2);
  }
};
var bundle = (function custom(beta) {
  function bundle2(context) {
    return beta === 1 ? new Basis(context) : new Bundle(context, beta);
  }
  bundle2.beta = function(beta2) {
    return custom(+beta2);
  };
  return bundle2;
})(0.85);
function point$2(that, x2, y2) {
  that._context.bezierCurveTo(
    that._x1 + that._k * (that._x2 - that._x0),
    that._y1 + that._k * (that._y2 - that._y0),
    that._x2 + that._k * (that._x1 - x2),
    that._y2 + that._k * (that._y1 - y2),
    that._x2,
    that._y2
  );
}
function Cardinal(context, tension) {
  this._context = context;
  this._k = (1 - tension) / 6;
}
Cardinal.prototype = {
  areaStart: function() {
    this._line = 0;
  },
  areaEnd: function() {
    this._line = NaN;
  },
  lineStart: function() {
    this._x0 = this._x1 = this._x2 = this._y0 = this._y1 = this._y2 = NaN;
    this._point = 0;
  },
  lineEnd: function() {
    switch (this._point) {
      case 2:
        this._context.lineTo(this._x2, this._y2);
        break;
      case 3:
        point$2(this, this._x1, this._y1);
        break;
    }
    if (this._line || this._line !== 0 && this._point === 1) this._context.closePath();
    this._line = 1 - this._line;
  },
  point: function(x2, y2) {
    x2 = +x2, y2 = +y2;
    switch (this._point) {
      case 0:
        this._point = 1;
        this._line ? this._context.lineTo(x2, y2) : this._context.moveTo(x2, y2);
        break;
      case 1:
        this._point = 2;
        this._x1 = x2, this._y1 = y2;
        break;
      case 2:
        this._point = 3;
      // falls through
      default:
        point$2(this, x2, y2);
        break;
    }
    this._x0 = this._x1, this._x1 = this._x2, this._x2 = x2;
    this._y0 = this._y1, this._y1 = this._y2, this._y2 = y2;
  }
};
var cardinal = (function custom2(tension) {
  function cardinal2(context) {
    return new Cardinal(context, tension);
  }
  cardinal2.tension = function(tension2) {
    return custom2(+tension2);
  };
  return cardinal2;
})(0);
function CardinalClosed(context, tension) {
  this._context = context;
  this._k = (1 - tension) / 6;
}
CardinalClosed.prototype = {
  areaStart: noop,
  areaEnd: noop,
  lineStart: function() {
    this._x0 = this._x1 = this._x2 = this._x3 = this._x4 = this._x5 = this._y0 = this._y1 = this._y2 = this._y3 = this._y4 = this._y5 = NaN;
    this._point = 0;
  },
  lineEnd: function() {
    switch (this._point) {
      case 1: {
        this._context.moveTo(this._x3, this._y3);
        this._context.closePath();
        break;
      }
      case 2: {
        this._context.lineTo(this._x3, this._y3);
        this._context.closePath();
        break;
      }
      case 3: {
        this.point(this._x3, this._y3);
        this.point(this._x4, this._y4);
        this.point(this._x5, this._y5);
        break;
      }
    }
  },
  point: function(x2, y2) {
    x2 = +x2, y2 = +y2;
    switch (this._point) {
      case 0:
        this._point = 1;
        this._x3 = x2, this._y3 = y2;
        break;
      case 1:
        this._point = 2;
        this._context.moveTo(this._x4 = x2, this._y4 = y2);
        break;
      case 2:
        this._point = 3;
        this._x5 = x2, this._y5 = y2;
        break;
      default:
        point$2(this, x2, y2);
        break;
    }
    this._x0 = this._x1, this._x1 = this._x2, this._x2 = x2;
    this._y0 = this._y1, this._y1 = this._y2, this._y2 = y2;
  }
};
var cardinalClosed = (function custom3(tension) {
  function cardinal2(context) {
    return new CardinalClosed(context, tension);
  }
  cardinal2.tension = function(tension2) {
    return custom3(+tension2);
  };
  return cardinal2;
})(0);
function CardinalOpen(context, tension) {
  this._context = context;
  this._k = (1 - tension) / 6;
}
CardinalOpen.prototype = {
  areaStart: function() {
    this._line = 0;
  },
  areaEnd: function() {
    this._line = NaN;
  },
  lineStart: function() {
    this._x0 = this._x1 = this._x2 = this._y0 = this._y1 = this._y2 = NaN;
    this._point = 0;
  },
  lineEnd: function() {
    if (this._line || this._line !== 0 && this._point === 3) this._context.closePath();
    this._line = 1 - this._line;
  },
  point: function(x2, y2) {
    x2 = +x2, y2 = +y2;
    switch (this._point) {
      case 0:
        this._point = 1;
        break;
      case 1:
        this._point = 2;
        break;
      case 2:
        this._point = 3;
        this._line ? this._context.lineTo(this._x2, this._y2) : this._context.moveTo(this._x2, this._y2);
        break;
      case 3:
        this._point = 4;
      // falls through
      default:
        point$2(this, x2, y2);
        break;
    }
    this._x0 = this._x1, this._x1 = this._x2, this._x2 = x2;
    this._y0 = this._y1, this._y1 = this._y2, this._y2 = y2;
  }
};
var cardinalOpen = (function custom4(tension) {
  function cardinal2(context) {
    return new CardinalOpen(context, tension);
  }
  cardinal2.tension = function(tension2) {
    return custom4(+tension2);
  };
  return cardinal2;
})(0);
function point$1(that, x2, y2) {
  var x1 = that._x1, y1 = that._y1, x22 = that._x2, y22 = that._y2;
  if (that._l01_a > epsilon2) {
    var a2 = 2 * that._l01_2a + 3 * that._l01_a * that._l12_a + that._l12_2a, n = 3 * that._l01_a * (that._l01_a + that._l12_a);
    x1 = (x1 * a2 - that._x0 * that._l12_2a + that._x2 * that._l01_2a) / n;
    y1 = (y1 * a2 - that._y0 * that._l12_2a + that._y2 * that._l01_2a) / n;
  }
  if (that._l23_a > epsilon2) {
    var b = 2 * that._l23_2a + 3 * that._l23_a * that._l12_a + that._l12_2a, m = 3 * that._l23_a * (that._l23_a + that._l12_a);
    x22 = (x22 * b + that._x1 * that._l23_2a - x2 * that._l12_2a) / m;
    y22 = (y22 * b + that._y1 * that._l23_2a - y2 * that._l12_2a) / m;
  }
  that._context.bezierCurveTo(x1, y1, x22, y22, that._x2, that._y2);
}
function CatmullRom(context, alpha) {
  this._context = context;
  this._alpha = alpha;
}
CatmullRom.prototype = {
  areaStart: function() {
    this._line = 0;
  },
  areaEnd: function() {
    this._line = NaN;
  },
  lineStart: function() {
    this._x0 = this._x1 = this._x2 = this._y0 = this._y1 = this._y2 = NaN;
    this._l01_a = this._l12_a = this._l23_a = this._l01_2a = this._l12_2a = this._l23_2a = this._point = 0;
  },
  lineEnd: function() {
    switch (this._point) {
      case 2:
        this._context.lineTo(this._x2, this._y2);
        break;
      case 3:
        this.point(this._x2, this._y2);
        break;
    }
    if (this._line || this._line !== 0 && this._point === 1) this._context.closePath();
    this._line = 1 - this._line;
  },
  point: function(x2, y2) {
    x2 = +x2, y2 = +y2;
    if (this._point) {
      var x23 = this._x2 - x2, y23 = this._y2 - y2;
      this._l23_a = Math.sqrt(this._l23_2a = Math.pow(x23 * x23 + y23 * y23, this._alpha));
    }
    switch (this._point) {
      case 0:
        this._point = 1;
        this._line ? this._context.lineTo(x2, y2) : this._context.moveTo(x2, y2);
        break;
      case 1:
        this._point = 2;
        break;
      case 2:
        this._point = 3;
      // falls through
      default:
        point$1(this, x2, y2);
        break;
    }
    this._l01_a = this._l12_a, this._l12_a = this._l23_a;
    this._l01_2a = this._l12_2a, this._l12_2a = this._l23_2a;
    this._x0 = this._x1, this._x1 = this._x2, this._x2 = x2;
    this._y0 = this._y1, this._y1 = this._y2, this._y2 = y2;
  }
};
var catmullRom = (function custom5(alpha) {
  function catmullRom2(context) {
    return alpha ? new CatmullRom(context, alpha) : new Cardinal(context, 0);
  }
  catmullRom2.alpha = function(alpha2) {
    return custom5(+alpha2);
  };
  return catmullRom2;
})(0.5);
function CatmullRomClosed(context, alpha) {
  this._context = context;
  this._alpha = alpha;
}
CatmullRomClosed.prototype = {
  areaStart: noop,
  areaEnd: noop,
  lineStart: function() {
    this._x0 = this._x1 = this._x2 = this._x3 = this._x4 = this._x5 = this._y0 = this._y1 = this._y2 = this._y3 = this._y4 = this._y5 = NaN;
    this._l01_a = this._l12_a = this._l23_a = this._l01_2a = this._l12_2a = this._l23_2a = this._point = 0;
  },
  lineEnd: function() {
    switch (this._point) {
      case 1: {
        this._context.moveTo(this._x3, this._y3);
        this._context.closePath();
        break;
      }
      case 2: {
        this._context.lineTo(this._x3, this._y3);
        this._context.closePath();
        break;
      }
      case 3: {
        this.point(this._x3, this._y3);
        this.point(this._x4, this._y4);
        this.point(this._x5, this._y5);
        break;
      }
    }
  },
  point: function(x2, y2) {
    x2 = +x2, y2 = +y2;
    if (this._point) {
      var x23 = this._x2 - x2, y23 = this._y2 - y2;
      this._l23_a = Math.sqrt(this._l23_2a = Math.pow(x23 * x23 + y23 * y23, this._alpha));
    }
    switch (this._point) {
      case 0:
        this._point = 1;
        this._x3 = x2, this._y3 = y2;
        break;
      case 1:
        this._point = 2;
        this._context.moveTo(this._x4 = x2, this._y4 = y2);
        break;
      case 2:
        this._point = 3;
        this._x5 = x2, this._y5 = y2;
        break;
      default:
        point$1(this, x2, y2);
        break;
    }
    this._l01_a = this._l12_a, this._l12_a = this._l23_a;
    this._l01_2a = this._l12_2a, this._l12_2a = this._l23_2a;
    this._x0 = this._x1, this._x1 = this._x2, this._x2 = x2;
    this._y0 = this._y1, this._y1 = this._y2, this._y2 = y2;
  }
};
var catmullRomClosed = (function custom6(alpha) {
  function catmullRom2(context) {
    return alpha ? new CatmullRomClosed(context, alpha) : new CardinalClosed(context, 0);
  }
  catmullRom2.alpha = function(alpha2) {
    return custom6(+alpha2);
  };
  return catmullRom2;
})(0.5);
function CatmullRomOpen(context, alpha) {
  this._context = context;
  this._alpha = alpha;
}
CatmullRomOpen.prototype = {
  areaStart: function() {
    this._line = 0;
  },
  areaEnd: function() {
    this._line = NaN;
  },
  lineStart: function() {
    this._x0 = this._x1 = this._x2 = this._y0 = this._y1 = this._y2 = NaN;
    this._l01_a = this._l12_a = this._l23_a = this._l01_2a = this._l12_2a = this._l23_2a = this._point = 0;
  },
  lineEnd: function() {
    if (this._line || this._line !== 0 && this._point === 3) this._context.closePath();
    this._line = 1 - this._line;
  },
  point: function(x2, y2) {
    x2 = +x2, y2 = +y2;
    if (this._point) {
      var x23 = this._x2 - x2, y23 = this._y2 - y2;
      this._l23_a = Math.sqrt(this._l23_2a = Math.pow(x23 * x23 + y23 * y23, this._alpha));
    }
    switch (this._point) {
      case 0:
        this._point = 1;
        break;
      case 1:
        this._point = 2;
        break;
      case 2:
        this._point = 3;
        this._line ? this._context.lineTo(this._x2, this._y2) : this._context.moveTo(this._x2, this._y2);
        break;
      case 3:
        this._point = 4;
      // falls through
      default:
        point$1(this, x2, y2);
        break;
    }
    this._l01_a = this._l12_a, this._l12_a = this._l23_a;
    this._l01_2a = this._l12_2a, this._l12_2a = this._l23_2a;
    this._x0 = this._x1, this._x1 = this._x2, this._x2 = x2;
    this._y0 = this._y1, this._y1 = this._y2, this._y2 = y2;
  }
};
var catmullRomOpen = (function custom7(alpha) {
  function catmullRom2(context) {
    return alpha ? new CatmullRomOpen(context, alpha) : new CardinalOpen(context, 0);
  }
  catmullRom2.alpha = function(alpha2) {
    return custom7(+alpha2);
  };
  return catmullRom2;
})(0.5);
function LinearClosed(context) {
  this._context = context;
}
LinearClosed.prototype = {
  areaStart: noop,
  areaEnd: noop,
  lineStart: function() {
    this._point = 0;
  },
  lineEnd: function() {
    if (this._point) this._context.closePath();
  },
  point: function(x2, y2) {
    x2 = +x2, y2 = +y2;
    if (this._point) this._context.lineTo(x2, y2);
    else this._point = 1, this._context.moveTo(x2, y2);
  }
};
function sign(x2) {
  return x2 < 0 ? -1 : 1;
}
function slope3(that, x2, y2) {
  var h0 = that._x1 - that._x0, h1 = x2 - that._x1, s0 = (that._y1 - that._y0) / (h0 || h1 < 0 && -0), s1 = (y2 - that._y1) / (h1 || h0 < 0 && -0), p = (s0 * h1 + s1 * h0) / (h0 + h1);
  return (sign(s0) + sign(s1)) * Math.min(Math.abs(s0), Math.abs(s1), 0.5 * Math.abs(p)) || 0;
}
function slope2(that, t) {
  var h = that._x1 - that._x0;
  return h ? (3 * (that._y1 - that._y0) / h - t) / 2 : t;
}
function point(that, t0, t1) {
  var x0 = that._x0, y0 = that._y0, x1 = that._x1, y1 = that._y1, dx = (x1 - x0) / 3;
  that._context.bezierCurveTo(x0 + dx, y0 + dx * t0, x1 - dx, y1 - dx * t1, x1, y1);
}
function MonotoneX(context) {
  this._context = context;
}
MonotoneX.prototype = {
  areaStart: function() {
    this._line = 0;
  },
  areaEnd: function() {
    this._line = NaN;
  },
  lineStart: function() {
    this._x0 = this._x1 = this._y0 = this._y1 = this._t0 = NaN;
    this._point = 0;
  },
  lineEnd: function() {
    switch (this._point) {
      case 2:
        this._context.lineTo(this._x1, this._y1);
        break;
      case 3:
        point(this, this._t0, slope2(this, this._t0));
        break;
    }
    if (this._line || this._line !== 0 && this._point === 1) this._context.closePath();
    this._line = 1 - this._line;
  },
  point: function(x2, y2) {
    var t1 = NaN;
    x2 = +x2, y2 = +y2;
    if (x2 === this._x1 && y2 === this._y1) return;
    switch (this._point) {
      case 0:
        this._point = 1;
        this._line ? this._context.lineTo(x2, y2) : this._context.moveTo(x2, y2);
        break;
      case 1:
        this._point = 2;
        break;
      case 2:
        this._point = 3;
        point(this, slope2(this, t1 = slope3(this, x2, y2)), t1);
        break;
      default:
        point(this, this._t0, t1 = slope3(this, x2, y2));
        break;
    }
    this._x0 = this._x1, this._x1 = x2;
    this._y0 = this._y1, this._y1 = y2;
    this._t0 = t1;
  }
};
function MonotoneY(context) {
  this._context = new ReflectContext(context);
}
(MonotoneY.prototype = Object.create(MonotoneX.prototype)).point = function(x2, y2) {
  MonotoneX.prototype.point.call(this, y2, x2);
};
function ReflectContext(context) {
  this._context = context;
}
ReflectContext.prototype = {
  moveTo: function(x2, y2) {
    this._context.moveTo(y2, x2);
  },
  closePath: function() {
    this._context.closePath();
  },
  lineTo: function(x2, y2) {
    this._context.lineTo(y2, x2);
  },
  bezierCurveTo: function(x1, y1, x2, y2, x3, y3) {
    this._context.bezierCurveTo(y1, x1, y2, x2, y3, x3);
  }
};
function monotoneY(context) {
  return new MonotoneY(context);
}
function Natural(context) {
  this._context = context;
}
Natural.prototype = {
  areaStart: function() {
    this._line = 0;
  },
  areaEnd: function() {
    this._line = NaN;
  },
  lineStart: function() {
    this._x = [];
    this._y = [];
  },
  lineEnd: function() {
    var x2 = this._x, y2 = this._y, n = x2.length;
    if (n) {
      this._line ? this._context.lineTo(x2[0], y2[0]) : this._context.moveTo(x2[0], y2[0]);
      if (n === 2) {
        this._context.lineTo(x2[1], y2[1]);
      } else {
        var px = controlPoints(x2), py = controlPoints(y2);
        for (var i0 = 0, i1 = 1; i1 < n; ++i0, ++i1) {
          this._context.bezierCurveTo(px[0][i0], py[0][i0], px[1][i0], py[1][i0], x2[i1], y2[i1]);
        }
      }
    }
    if (this._line || this._line !== 0 && n === 1) this._context.closePath();
    this._line = 1 - this._line;
    this._x = this._y = null;
  },
  point: function(x2, y2) {
    this._x.push(+x2);
    this._y.push(+y2);
  }
};
function controlPoints(x2) {
  var i, n = x2.length - 1, m, a2 = new Array(n), b = new Array(n), r = new Array(n);
  a2[0] = 0, b[0] = 2, r[0] = x2[0] + 2 * x2[1];
  for (i = 1; i < n - 1; ++i) a2[i] = 1, b[i] = 4, r[i] = 4 * x2[i] + 2 * x2[i + 1];
  a2[n - 1] = 2, b[n - 1] = 7, r[n - 1] = 8 * x2[n - 1] + x2[n];
  for (i = 1; i < n; ++i) m = a2[i] / b[i - 1], b[i] -= m, r[i] -= m * r[i - 1];
  a2[n - 1] = r[n - 1] / b[n - 1];
  for (i = n - 2; i >= 0; --i) a2[i] = (r[i] - a2[i + 1]) / b[i];
  b[n - 1] = (x2[n] + a2[n - 1]) / 2;
  for (i = 0; i < n - 1; ++i) b[i] = 2 * x2[i + 1] - a2[i + 1];
  return [a2, b];
}
function Step(context, t) {
  this._context = context;
  this._t = t;
}
Step.prototype = {
  areaStart: function() {
    this._line = 0;
  },
  areaEnd: function() {
    this._line = NaN;
  },
  lineStart: function() {
    this._x = this._y = NaN;
    this._point = 0;
  },
  lineEnd: function() {
    if (0 < this._t && this._t < 1 && this._point === 2) this._context.lineTo(this._x, this._y);
    if (this._line || this._line !== 0 && this._point === 1) this._context.closePath();
    if (this._line >= 0) this._t = 1 - this._t, this._line = 1 - this._line;
  },
  point: function(x2, y2) {
    x2 = +x2, y2 = +y2;
    switch (this._point) {
      case 0:
        this._point = 1;
        this._line ? this._context.lineTo(x2, y2) : this._context.moveTo(x2, y2);
        break;
      case 1:
        this._point = 2;
      // falls through
      default: {
        if (this._t <= 0) {
          this._context.lineTo(this._x, y2);
          this._context.lineTo(x2, y2);
        } else {
          var x1 = this._x * (1 - this._t) + x2 * this._t;
          this._context.lineTo(x1, this._y);
          this._context.lineTo(x1, y2);
        }
        break;
      }
    }
    this._x = x2, this._y = y2;
  }
};

// src/graph/model.js
function network(trace) {
  const nodes = /* @__PURE__ */ new Map();
  const add = (node) => nodes.set(node.id, node);
  const drawn2 = trace.operations.filter((operation) => operation.kind === "data" || operation.kind === "forward" || isWrite(operation));
  for (const operation of drawn2) {
    const { number: number2, module, name, kind } = operation;
    const made2 = trace.values[operation.result];
    add({ id: `o${number2}`, kind: kind === "data" ? "input" : "operation", op: number2, module, name, made: kind === "data" ? "" : told(made2, operation) });
  }
  const edges = [];
  for (const reader of drawn2) {
    for (const [operand, value] of operandValues(reader)) {
      const from = source(value, reader);
      if (from === `o${reader.number}`) continue;
      const adjoint = trace.adjoints[reader.number].find(({ kind, name, operands }) => kind === "adjoint" && name === `${reader.name}.${operand}` && operands.g)?.number ?? null;
      edges.push({ from, to: `o${reader.number}`, value, operand, reader: reader.number, adjoint });
    }
  }
  return { nodes, edges, modules: moduleTree(trace, nodes) };
  function source(value, reader) {
    const maker = trace.maker(value);
    if (maker && nodes.has(`o${maker.number}`) && maker.number < reader.number) return `o${maker.number}`;
    const id = `v${value}`;
    const { name, role } = trace.values[value];
    if (!nodes.has(id)) add({ id, kind: role, value, module: home(name, role) ?? reader.module, name: short(name, role), made: "" });
    return id;
  }
  function home(name, role) {
    const path2 = name.slice(0, Math.max(name.lastIndexOf("."), 0));
    return role === "parameter" && path2 in trace.modules ? path2 : null;
  }
}
var isWrite = ({ kind, phase }) => kind === "update" && (phase === "forward" || phase === "loss");
var short = (name, role) => role === "parameter" ? name.slice(name.lastIndexOf(".") + 1) : name;
function told(value, { name, module }) {
  if (!value) return "";
  const plain2 = value.name.replace(/ \d+$/, "");
  return plain2 === name || plain2 === `${module} ${name}` ? "" : value.name;
}
function moduleTree(trace, nodes) {
  const sizes = /* @__PURE__ */ new Map();
  for (const { module } of nodes.values()) for (const path2 of lineage(module, trace.modules)) sizes.set(path2, (sizes.get(path2) ?? 0) + 1);
  const modules = /* @__PURE__ */ new Map();
  for (const [path2, size] of sizes) if (size > 1) modules.set(path2, { path: path2, kind: trace.modules[path2], size });
  for (const module of modules.values()) module.parent = lineage(module.path, trace.modules).filter((path2) => path2 !== module.path && modules.has(path2)).at(-1) ?? null;
  return modules;
}
function lineage(path2, modules) {
  const parts = path2 ? path2.split(".") : [];
  return parts.map((_, i) => parts.slice(0, i + 1).join(".")).filter((prefix) => prefix in modules);
}
function foldedAtFirst({ nodes, modules }, trace, most = 32) {
  const depth = ({ path: path2 }) => path2.split(".").length;
  const alike = /* @__PURE__ */ new Map();
  for (const module of modules.values()) {
    const key = `${depth(module)} ${module.kind}`;
    alike.set(key, [...alike.get(key) ?? [], module]);
  }
  const weight = (group) => group.reduce((sum, { size }) => sum + size - 1, 0);
  const inward = [...alike.values()].sort((a2, b) => depth(b[0]) - depth(a2[0]) || weight(b) - weight(a2));
  const folded = /* @__PURE__ */ new Set();
  const seen = () => new Set([...nodes.values()].map((node) => shownAs(node, folded, modules, trace))).size;
  for (const group of inward) {
    if (seen() <= most) break;
    for (const { path: path2 } of group) folded.add(path2);
  }
  return folded;
}
function shownAs(node, folded, modules, trace) {
  const outermost = lineage(node.module, trace.modules).find((path2) => folded.has(path2) && modules.has(path2));
  return outermost === void 0 ? node.id : `m${outermost}`;
}
function visible(whole2, folded, trace) {
  const { nodes, edges, modules } = whole2;
  const shown = new Map([...nodes.values()].map((node) => [node.id, shownAs(node, folded, modules, trace)]));
  const boxes = /* @__PURE__ */ new Map();
  const frames = /* @__PURE__ */ new Map();
  for (const node of nodes.values()) {
    const id = shown.get(node.id);
    const path2 = id.slice(1);
    if (!boxes.has(id)) {
      const box = id === node.id ? node : { id, kind: "module", path: path2, name: modules.get(path2).kind, module: path2 };
      const around = lineage(node.module, trace.modules).filter((one) => modules.has(one) && !folded.has(one));
      const within = (id === node.id ? around : around.filter((one) => path2.startsWith(`${one}.`))).at(-1) ?? null;
      boxes.set(id, { ...box, frame: within, operations: [] });
    }
    if (node.op !== void 0) boxes.get(id).operations.push(node.op);
  }
  for (const { frame } of boxes.values()) for (let path2 = frame; path2 !== null; path2 = modules.get(path2).parent) frames.set(path2, modules.get(path2));
  const arrows = /* @__PURE__ */ new Map();
  for (const edge of edges) {
    const [from, to] = [shown.get(edge.from), shown.get(edge.to)];
    if (from === to) continue;
    const key = `${from} ${to} ${edge.value}`;
    const arrow = arrows.get(key) ?? { key, from, to, value: edge.value, readers: [], adjoints: [] };
    arrow.readers.push(edge.reader);
    if (edge.adjoint !== null) arrow.adjoints.push(edge.adjoint);
    arrows.set(key, arrow);
  }
  const sums = /* @__PURE__ */ new Map();
  for (const edge of edges) {
    if (edge.adjoint === null) continue;
    const box = boxes.get(shown.get(edge.from));
    sums.set(`${box.id} ${edge.value}`, (sums.get(`${box.id} ${edge.value}`) ?? 0) + 1);
  }
  for (const [key, n] of sums) {
    const box = boxes.get(key.slice(0, key.lastIndexOf(" ")));
    if (n > 1) box.branches = Math.max(box.branches ?? 0, n);
  }
  return { boxes, frames, arrows: [...arrows.values()], shown };
}
function concerns(operation, trace) {
  const parameter = (value) => [`v${value}`];
  const of = (value) => trace.values[value]?.of ?? null;
  const { kind, phase, number: number2, operands } = operation;
  if (kind === "data" || kind === "forward" || isWrite(operation)) return { boxes: [`o${number2}`], way: "forward" };
  if (kind === "adjoint" || kind === "accumulate" || kind === "hook") {
    const target = of(operation.result);
    const maker = target === null ? null : trace.maker(target);
    if (kind === "adjoint" && operation.of !== void 0) return { boxes: [`o${operation.of}`], way: "backward" };
    return { boxes: maker ? [`o${maker.number}`] : target === null ? [] : parameter(target), way: "backward" };
  }
  if (kind === "clip") return { boxes: parameter(of(operands.gradient?.value)), way: "backward" };
  if (phase === "moments") return { boxes: parameter(of(operation.result)), way: "update" };
  if (operands.parameter) return { boxes: parameter(operands.parameter.value), way: "update" };
  const all = operandValues(operation).map(([, value]) => trace.values[value].role === "gradient" ? of(value) : value);
  return { boxes: all.flatMap(parameter), way: kind === "norm" ? "backward" : "update" };
}

// src/numbers.js
var MINUS = "−";
var number = (x2) => typeof x2 === "string" ? Number(x2) : x2;
function signed(text) {
  return text.replace("Infinity", "∞").replaceAll("-", MINUS);
}
function brief(x2, digits = 4) {
  if (x2 === null || x2 === void 0) return "";
  if (typeof x2 === "boolean") return String(x2);
  if (!Number.isFinite(x2)) return signed(String(x2));
  if (Number.isInteger(x2) && Math.abs(x2) < 1e6) return signed(String(x2));
  const size = Math.abs(x2);
  if (size !== 0 && (size < 1e-4 || size >= 1e6)) {
    const [mantissa, exponent] = x2.toExponential(digits - 1).split("e");
    return signed(`${Number(mantissa)}e${Number(exponent)}`);
  }
  return signed(String(Number(x2.toPrecision(digits))));
}
var shapeText = (shape) => shape.length ? shape.join(" × ") : "one number";
var shortShape = (shape) => shape.join("×");
function count(n) {
  for (const [size, word] of [
    [1e9, "billion"],
    [1e6, "million"]
  ]) {
    if (n >= size) return `${Number((n / size).toPrecision(3))} ${word}`;
  }
  return n.toLocaleString("en");
}
function duration(seconds) {
  if (seconds >= 1) return `${brief(seconds, 3)} s`;
  return seconds >= 1e-3 ? `${brief(seconds * 1e3, 3)} ms` : `${brief(seconds * 1e6, 3)} µs`;
}

// src/views/graph.js
var LINE = 16;
var HEAD = 20;
var APART = 5;
var ZOOMS = [0.4, 0.55, 0.7, 0.85, 1, 1.25, 1.5];
var SMALLEST = 0.7;
function graph(element, store, trace) {
  const whole2 = network(trace);
  if (!whole2.edges.length) return false;
  let folded = foldedAtFirst(whole2, trace);
  let zoom = null;
  let seen;
  const scroll = make("div", { class: "scroll", role: "group", "aria-label": "The network. Up and down go from box to box; Enter goes to its operation, or folds and unfolds a module" });
  const fold = (paths) => {
    folded = new Set(paths);
    redraw();
  };
  const tools = make(
    "div",
    { class: "tools", role: "group", "aria-label": "The graph" },
    ...whole2.modules.size ? [button("fold all", "Fold all modules", () => fold(whole2.modules.keys())), button("unfold all", "Unfold all modules", () => fold([]))] : [],
    button("−", "Smaller", () => magnify(-1)),
    button("+", "Larger", () => magnify(1)),
    button("fit", "Fit into the width", () => magnify(0))
  );
  fill(element, tools, scroll, legend());
  function redraw(focus = null) {
    seen = drawn(visible(whole2, folded, trace), trace);
    fill(scroll, seen.svg);
    resize();
    select(seen.svg).selectAll("[data-box]").on("click", (event) => act(event.currentTarget)).on("keydown", (event) => key(event));
    follow(store.state);
    if (focus) rove(seen.buttons.get(focus) ?? first(), true);
    else rove(first(), false);
  }
  function act(target) {
    const id = target.dataset.box;
    const path2 = id.slice(1);
    if (id[0] === "m") {
      folded.delete(path2);
      redraw(`f${path2}`);
    } else if (id[0] === "f") {
      folded.add(path2);
      redraw(`m${path2}`);
    } else if (id[0] === "o") store.set({ op: Number(path2), playing: false });
    else store.follow(Number(path2));
  }
  function key(event) {
    if (event.key === "Enter" || event.key === " ") act(event.currentTarget);
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const order = [...seen.buttons.values()];
      const next = order[order.indexOf(event.currentTarget) + (event.key === "ArrowDown" ? 1 : -1)];
      if (next) rove(next, true);
    } else return;
    event.preventDefault();
  }
  const first = () => seen.buttons.values().next().value;
  function rove(target, focus) {
    for (const one of seen.buttons.values()) one.setAttribute("tabindex", one === target ? 0 : -1);
    if (focus) target.focus({ preventScroll: true });
    if (focus) centre(target, scroll);
  }
  function resize() {
    const room = scroll.clientWidth - 2;
    const scale = zoom ?? Math.min(1, Math.max(SMALLEST, room / seen.width));
    seen.svg.setAttribute("width", seen.width * scale);
    seen.svg.setAttribute("height", seen.height * scale);
    return scale;
  }
  function magnify(by) {
    const present = resize();
    const next = by > 0 ? ZOOMS.find((z2) => z2 > present + 0.01) : ZOOMS.findLast((z2) => z2 < present - 0.01);
    zoom = by === 0 ? null : next ?? present;
    resize();
    follow(store.state);
  }
  function follow({ op }) {
    const operation = store.operation;
    if (!operation) return;
    const { boxes, way } = concerns(operation, trace);
    const present = new Set(boxes.map((id) => seen.shown.get(id)));
    for (const [id, box] of seen.buttons) {
      const here = present.has(id);
      box.classList.toggle("present", here);
      box.dataset.way = here ? way : "";
      if (here) box.setAttribute("aria-current", "step");
      else box.removeAttribute("aria-current");
      box.classList.toggle("passed", seen.boxes.get(id)?.operations.every((number2) => number2 <= op) ?? true);
    }
    for (const { arrow, forward, backward } of seen.lines) {
      forward.classList.toggle("passed", arrow.readers.some((number2) => number2 <= op));
      forward.classList.toggle("present", arrow.readers.includes(op));
      if (!backward) continue;
      backward.classList.toggle("passed", arrow.adjoints.some((number2) => number2 <= op));
      backward.classList.toggle("present", arrow.adjoints.includes(op));
    }
    for (const [id, sum] of seen.sums) sum.classList.toggle("present", operation.kind === "accumulate" && present.has(id));
    const target = [...present].map((id) => seen.buttons.get(id)).find(Boolean);
    if (target && present.size < 3) centre(target, scroll);
  }
  redraw();
  store.subscribe((state, changed) => changed.has("op") && follow(state));
  new ResizeObserver(() => zoom === null && scroll.clientWidth && resize()).observe(scroll);
}
var button = (text, label, onclick) => make("button", { type: "button", "aria-label": label, title: label, onclick }, text);
function legend() {
  const sample = (kind) => draw("svg", { class: `graph-sample ${kind}`, width: 34, height: 12, "aria-hidden": true }, draw("g", { class: `arrow ${kind} passed` }, draw("path", { d: "M1 6H26" }), draw("path", { class: "tip", d: "M25 2L33 6L25 10Z" })));
  return make(
    "p",
    { class: "legend" },
    ...[sample("forward"), " values, on their way to the loss; ", sample("backward"), " gradients, on their way back; "],
    ...[make("span", { class: "sum" }, "Σ"), " a value that was used several times: here its gradients add up."]
  );
}
function drawn({ boxes, frames, arrows, shown }, trace) {
  const layout = laidOut(boxes, frames, arrows, trace);
  const { width, height } = layout.graph();
  const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "Boxes and arrows" });
  const buttons = /* @__PURE__ */ new Map();
  const outward = [...frames.values()].sort((a2, b) => a2.path.length - b.path.length);
  const framed = new Map(outward.map((frame) => [frame.path, draw("g", { class: "frame" })]));
  svg.append(...framed.values());
  const lines = arrows.map((arrow) => lineOf(arrow, layout.edge(arrow.from, arrow.to, arrow.key), trace));
  svg.append(...lines.flatMap(({ elements }) => elements));
  const sums = /* @__PURE__ */ new Map();
  const rows = [
    ...[...boxes.values()].map((box) => ({ id: box.id, at: layout.node(box.id), box })),
    ...outward.map((frame) => ({ id: `f${frame.path}`, at: layout.node(`f${frame.path}`), frame }))
  ].sort((a2, b) => a2.at.y - a2.at.height / 2 - (b.at.y - b.at.height / 2) || a2.at.x - b.at.x);
  for (const { id, at: at2, box, frame } of rows) {
    const made2 = box ? boxOf(box, at2, trace) : headOf(frame, at2);
    if (frame) framed.get(frame.path).append(draw("rect", rectangle(at2, { rx: 8 })));
    svg.append(made2);
    buttons.set(id, made2);
    if (!box?.branches) continue;
    const sum = draw("g", { class: "sum", transform: `translate(${at2.x + at2.width / 2 - 2} ${at2.y + at2.height / 2 - 2})` }, draw("circle", { r: 9 }), draw("text", { y: 4.5, "text-anchor": "middle" }, "Σ"));
    sum.append(draw("title", {}, `used ${box.branches} times: its gradients add up here`));
    svg.append(sum);
    sums.set(id, sum);
  }
  return { svg, width, height, buttons, lines, sums, boxes, shown };
}
function laidOut(boxes, frames, arrows, trace) {
  const layout = new ie.Graph({ multigraph: true, compound: true });
  layout.setGraph({ rankdir: "TB", nodesep: 14, edgesep: 12, ranksep: 15, marginx: 8, marginy: 8 });
  for (const box of boxes.values()) {
    const lines = textOf(box);
    const width = Math.max(48, ...lines.map((text, i) => wide(text, i === 0))) + 18;
    layout.setNode(box.id, { width, height: lines.length * LINE + 10 });
  }
  for (const { path: path2 } of frames.values()) layout.setNode(`f${path2}`, {});
  for (const box of boxes.values()) if (box.frame !== null) layout.setParent(box.id, `f${box.frame}`);
  for (const { path: path2, parent } of frames.values()) if (parent !== null) layout.setParent(`f${path2}`, `f${parent}`);
  for (const { key, from, to, value } of arrows) {
    layout.setEdge(from, to, { width: wide(shortShape(trace.values[value].shape)) + 14, height: 14, labelpos: "c" }, key);
  }
  Oe(layout);
  wrap(layout, boxes, frames);
  return layout;
}
function wrap(layout, boxes, frames) {
  const inward = [...frames.values()].sort((a2, b) => b.path.length - a2.path.length);
  for (const { path: path2, kind } of inward) {
    const held = [...boxes.values()].filter((box) => box.frame === path2).map((box) => layout.node(box.id));
    held.push(...[...frames.values()].filter((frame) => frame.parent === path2).map((frame) => layout.node(`f${frame.path}`)));
    const left2 = Math.min(...held.map((at2) => at2.x - at2.width / 2)) - 8;
    const right = Math.max(...held.map((at2) => at2.x + at2.width / 2), left2 + wide(`▾ ${path2} ${kind}`, true) + 16) + 8;
    const top2 = Math.min(...held.map((at2) => at2.y - at2.height / 2)) - HEAD - 2;
    const bottom = Math.max(...held.map((at2) => at2.y + at2.height / 2)) + 8;
    Object.assign(layout.node(`f${path2}`), { x: (left2 + right) / 2, y: (top2 + bottom) / 2, width: right - left2, height: bottom - top2 });
  }
  const all = layout.nodes().map((id) => layout.node(id));
  const left = Math.min(0, ...all.map((at2) => at2.x - at2.width / 2 - 6));
  const top = Math.min(0, ...all.map((at2) => at2.y - at2.height / 2 - 6));
  const move = (at2) => Object.assign(at2, { x: at2.x - left, y: at2.y - top });
  all.forEach(move);
  for (const edge of layout.edges()) {
    const { points, ...label } = layout.edge(edge);
    points.forEach(move);
    Object.assign(layout.edge(edge), { x: label.x - left, y: label.y - top });
  }
  const graph2 = layout.graph();
  graph2.width = Math.max(graph2.width - left, ...all.map((at2) => at2.x + at2.width / 2 + 6));
  graph2.height = Math.max(graph2.height - top, ...all.map((at2) => at2.y + at2.height / 2 + 6));
}
function textOf({ kind, name, made: made2, path: path2 }) {
  if (kind === "module") return [`▸ ${path2}`, name];
  return made2 ? [name, made2] : [name];
}
var ruler = null;
function wide(text, bold = false) {
  ruler ??= document.createElement("canvas").getContext("2d");
  ruler.font = `${bold ? 600 : 400} 13px system-ui, "Segoe UI", Roboto, Arial, "DejaVu Sans", sans-serif`;
  return Math.ceil(ruler.measureText(text).width);
}
function boxOf(box, at2, trace) {
  const texts = textOf(box).map((text, i, all) => draw("text", { class: i ? "second" : "first", x: at2.x, y: at2.y + (i - (all.length - 1) / 2) * LINE + 4.5, "text-anchor": "middle" }, i ? ` ${text}` : text));
  const round = { operation: 6, module: 6, parameter: at2.height / 2, input: 0 }[box.kind] ?? 0;
  return draw("g", { class: `box ${box.kind}`, role: "button", tabindex: -1, "data-box": box.id, "aria-label": labelOf(box, trace) }, draw("rect", rectangle(at2, { rx: round })), ...texts);
}
function labelOf(box, trace) {
  const seen = textOf(box).join(" ");
  const adds = box.branches ? `; used ${box.branches} times, its gradients add up` : "";
  if (box.kind === "module") return `${seen}: a module, folded${adds}`;
  if (box.op !== void 0) return `${seen}: operation ${box.op + 1}${adds}`;
  const { name, role, shape } = trace.values[box.value];
  return `${seen}: ${role} ${name}, ${shapeText(shape)}`;
}
function headOf({ path: path2, kind }, at2) {
  const [x2, y2] = [at2.x - at2.width / 2, at2.y - at2.height / 2];
  return draw(
    "g",
    { class: "head", role: "button", tabindex: -1, "data-box": `f${path2}`, "aria-expanded": "true", "aria-label": `▾ ${path2} ${kind}: a module, unfolded` },
    ...[draw("rect", { x: x2 + 2, y: y2 + 2, width: at2.width - 4, height: HEAD - 3, rx: 6 }), draw("text", { x: x2 + 8, y: y2 + 15 }, `▾ ${path2} `, draw("tspan", { class: "second" }, kind))]
  );
}
var rectangle = ({ x: x2, y: y2, width, height }, more) => ({ x: x2 - width / 2, y: y2 - height / 2, width, height, ...more });
var curve = line(({ x: x2 }) => x2, ({ y: y2 }) => y2).curve(monotoneY);
function lineOf(arrow, { points, x: x2, y: y2 }, trace) {
  const both = arrow.adjoints.length > 0;
  const moved = (by) => points.map((point2) => ({ x: point2.x + by, y: point2.y }));
  const down = moved(both ? -APART : 0);
  const value = trace.values[arrow.value];
  const forward = draw("g", { class: "arrow forward" }, draw("path", { d: curve(down) }), tip(down));
  forward.append(draw("title", {}, `${value.name}, ${shapeText(value.shape)}`));
  let backward = null;
  if (both) {
    const up = moved(APART).reverse();
    backward = draw("g", { class: "arrow backward" }, draw("path", { d: curve(up) }), tip(up));
    backward.append(draw("title", {}, `∂L/∂${value.name}, ${shapeText(value.shape)}`));
  }
  const shape = shortShape(value.shape);
  const width = wide(shape) + 4;
  const label = shape ? draw("g", { class: "shape" }, draw("rect", { x: x2 - width / 2, y: y2 - 8, width, height: 15, rx: 3 }), draw("text", { x: x2, y: y2 + 3.5, "text-anchor": "middle" }, shape)) : null;
  return { arrow, forward, backward, elements: [forward, backward, label].filter(Boolean) };
}
function tip(points) {
  const [before, end] = points.slice(-2);
  const angle = Math.atan2(end.y - before.y, end.x - before.x) * 180 / Math.PI;
  return draw("path", { class: "tip", d: "M0 0L-8 -3.5L-8 3.5Z", transform: `translate(${end.x} ${end.y}) rotate(${Math.abs(angle) > 60 ? 90 * Math.sign(angle) : angle})` });
}
function centre(box, scroll) {
  const [inner, outer] = [box.getBoundingClientRect(), scroll.getBoundingClientRect()];
  const [right, down] = [inner.left + inner.width / 2 - outer.left - outer.width / 2, inner.top + inner.height / 2 - outer.top - outer.height / 2];
  if (Math.abs(right) > outer.width / 3) scroll.scrollLeft += right;
  if (Math.abs(down) > outer.height / 4) scroll.scrollTop += down;
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
  const select2 = make(
    "select",
    {
      onchange: () => {
        const root2 = element.closest(".tinyxm-step");
        if (select2.value) root2.dataset.theme = select2.value;
        else delete root2.dataset.theme;
      }
    },
    ...CHOICES.map(([value, text]) => make("option", { value }, text))
  );
  element.append(make("label", {}, "Colours ", select2));
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
  const told2 = (TELL[operation.kind] ?? TELL.forward)(context);
  return told2.flat(Infinity).filter((part) => part !== null && part !== void 0);
}
function sentenceText(operation, trace) {
  return sentence(operation, trace).map((part) => typeof part === "string" ? part : part.operation ?? trace.values[part.value].name).join("");
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
    if (operation.operands.g?.value === operation.result) return ["Back through ", { operation: through }, ": the gradient that arrived, ", result, ", goes on to ", whose, " as it is."];
    return ["Back through ", { operation: through }, " to ", whose, ": ", ...how ?? ["from ", operand("g"), " follows how L would change with each of its numbers"], ". That makes ", result, "."];
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
      const { lr: lr2 } = operation.static ?? {};
      const by = Object.keys(operation.operands).filter((name) => name !== "parameter");
      const rate = lr2 === void 0 ? "" : `, at the learning rate ${brief(number(lr2))}`;
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
  return [{ operation: operation.name }, " makes ", result, ...from, "."];
}
function listed(parts) {
  return parts.flatMap((part, i) => [i === 0 ? "" : i === parts.length - 1 ? " and " : ", ", part]);
}
function plain(x2) {
  const read = typeof x2 === "string" && /^(NaN|-?Infinity)$/.test(x2) ? Number(x2) : x2;
  return typeof read === "number" ? brief(read) : JSON.stringify(read);
}

// src/views/timeline.js
function phases(element, store, trace) {
  const buttons = trace.phases.map((phase) => {
    const numbers = trace.operations.filter((operation) => operation.phase === phase).map(({ number: number2 }) => number2);
    const track = make("span", { class: "track" }, make("span", { class: "done" }));
    const n = make("span", { class: "count" }, String(numbers.length), make("span", { class: "unseen" }, " operations"));
    const button2 = make(
      "button",
      { type: "button", disabled: !numbers.length, title: PHASES[phase] ?? null, onclick: () => store.set({ op: numbers[0], playing: false }) },
      ...[make("span", { class: "name" }, phase), " ", n, track]
    );
    button2.dataset.phase = phase;
    return { phase, numbers, button: button2, done: track.firstChild };
  });
  fill(element, make("div", { role: "group", "aria-label": "The nine phases of a training step" }, ...buttons.map(({ button: button2 }) => button2)));
  store.subscribe(({ op }) => {
    for (const { phase, numbers, button: button2, done } of buttons) {
      const passed = numbers.filter((number2) => number2 <= op).length;
      done.style.width = numbers.length ? `${100 * passed / numbers.length}%` : "0";
      if (phase === store.operation?.phase) {
        button2.setAttribute("aria-current", "step");
        reveal(button2, element.firstChild, true);
      } else button2.removeAttribute("aria-current");
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
  const made2 = BUTTONS.map(([name, sign2, label]) => make("button", { type: "button", class: name, title: label, "aria-label": label, onclick: acts[name] }, sign2));
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
    fill(text, ...sentence(operation, trace).map((part) => piece(part, store, trace)));
  });
}
function piece(part, store, trace) {
  if (typeof part === "string") return part;
  return part.operation === void 0 ? valueButton(part.value, store, trace) : make("code", {}, part.operation);
}
function valueButton(number2, store, trace) {
  const value = trace.values[number2];
  const shown = store.value === number2;
  const label = `show ${value.name}, ${shapeText(value.shape)}`;
  return make("button", { type: "button", class: `value ${value.role}`, title: label, "aria-pressed": String(shown), onclick: () => store.set({ value: number2, cell: null }) }, value.name);
}
function factsOf({ name, kind, module, seconds, flops, bytes }, trace) {
  const where = module ? ` in ${module} (${trace.modules[module] ?? "?"})` : "";
  const did = kind === "adjoint" ? "adjoint " : "";
  const cost = [seconds ? `took ${duration(seconds)}` : "", flops ? plural(flops, "floating-point operation") : "", bytes ? `${plural(bytes, "byte")} read and written` : ""];
  return [`${did}${name}${where}`, ...cost].filter(Boolean).join(", ");
}
var plural = (n, what) => `${count(n)} ${what}${n === 1 ? "" : "s"}`;
function operations(element, store, trace) {
  const search = make("input", { type: "search", placeholder: "search by name", "aria-label": "Search the operations by name", spellcheck: "false", autocomplete: "off" });
  const found = make("span", { class: "found", role: "status" });
  const list2 = make("div", { class: "list", role: "listbox", tabindex: 0, "aria-label": "Operations of this step, in their order" });
  const rows = [];
  for (const { title, within, mixed } of stretches(trace)) {
    const id = unique("phase");
    const group = make("div", { role: "group", "aria-labelledby": id }, make("div", { class: "phase", id, role: "presentation" }, title));
    for (const operation of within) {
      const name = mixed ? `${operation.phase}: ${titleOf(operation, trace)}` : titleOf(operation, trace);
      const row = make(
        "div",
        { role: "option", id: unique("operation"), "aria-selected": "false", "data-op": operation.number },
        ...[make("span", { class: "number" }, String(operation.number + 1)), make("span", { class: "name" }, name)]
      );
      rows[operation.number] = { row, text: haystack(operation, trace) };
      group.append(row);
    }
    list2.append(group);
  }
  list2.addEventListener("click", (event) => {
    const row = event.target.closest("[data-op]");
    if (row) store.set({ op: Number(row.dataset.op), playing: false });
  });
  list2.addEventListener("keydown", (event) => {
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
    for (const group of list2.children) group.hidden = [...group.querySelectorAll("[role=option]")].every((row) => row.hidden);
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
      list2.focus();
    } else return;
    event.preventDefault();
  });
  fill(element, make("div", { class: "search" }, search, found), list2);
  let present = null;
  store.subscribe(({ op }, changed) => {
    if (!changed.has("op") || !rows[op]) return;
    present?.setAttribute("aria-selected", "false");
    present = rows[op].row;
    present.setAttribute("aria-selected", "true");
    list2.setAttribute("aria-activedescendant", present.id);
    reveal(present, list2);
  });
}
function stretches(trace) {
  const turns = ({ phase }) => phase === "moments" || phase === "update" ? "moments and update" : phase;
  const found = [];
  for (const operation of trace.operations) {
    if (found.at(-1)?.title !== turns(operation)) found.push({ title: turns(operation), within: [] });
    found.at(-1).within.push(operation);
  }
  for (const stretch of found) {
    const phases2 = new Set(stretch.within.map(({ phase }) => phase));
    stretch.mixed = phases2.size > 1;
    if (!stretch.mixed) [stretch.title] = phases2;
  }
  return found;
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
