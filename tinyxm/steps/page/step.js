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
  for (const [name, value2] of Object.entries(attributes)) {
    if (value2 === null || value2 === void 0 || value2 === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value2);
    else element.setAttribute(name, value2 === true ? "" : value2);
  }
  element.append(...children2.flat().filter((child) => child !== null && child !== void 0));
  return element;
}
function fill(element, ...children2) {
  element.replaceChildren(...children2.flat().filter((child) => child !== null && child !== void 0));
}
var waiting = [];
function afterwards(task) {
  if (!waiting.length) queueMicrotask(() => waiting.splice(0).forEach((one3) => one3()));
  waiting.push(task);
}
var reveal = (child, parent, across = false) => afterwards(() => revealed(child, parent, across));
function revealed(child, parent, across) {
  const [inner2, outer] = [child.getBoundingClientRect(), parent.getBoundingClientRect()];
  const margin = Math.min(40, outer.height / 4);
  if (inner2.top < outer.top + margin) parent.scrollTop += inner2.top - outer.top - margin;
  else if (inner2.bottom > outer.bottom - margin) parent.scrollTop += inner2.bottom - outer.bottom + margin;
  if (!across) return;
  if (inner2.left < outer.left) parent.scrollLeft += inner2.left - outer.left - 8;
  else if (inner2.right > outer.right) parent.scrollLeft += inner2.right - outer.right + 8;
}
var last = 0;
var unique = (name) => `tinyxm-${name}-${++last}`;

// src/matrix.js
var Matrix = class _Matrix {
  /** The number at row i and column j is data[start + i · down + j · right]. */
  constructor(data, rows, columns2, { start = 0, down = columns2, right = 1 } = {}) {
    Object.assign(this, { data, rows, columns: columns2, start, down, right });
  }
  get(row2, column) {
    return this.data[this.start + row2 * this.down + column * this.right];
  }
  /** A quarter turn: what went down goes to the right, and what went to the right goes up. */
  turned() {
    const { data, rows, columns: columns2, start, down, right } = this;
    return new _Matrix(data, columns2, rows, { start: start + (columns2 - 1) * right, down: -right, right: down });
  }
  /** Every number less that of another matrix of the same shape. */
  less(other) {
    const data = new Float64Array(this.rows * this.columns);
    for (let i = 0, at4 = 0; i < this.rows; i++)
      for (let j = 0; j < this.columns; j++) data[at4++] = this.get(i, j) - other.get(i, j);
    return new _Matrix(data, this.rows, this.columns);
  }
  /** n × m numbers, row by row, each the one of the greatest size among those that lie under it. It's kept. */
  reduced(n, m) {
    const { data, rows, columns: columns2, start, down, right } = this;
    const key = [n, m, rows, columns2, start, down, right].join();
    if (!kept.has(data)) kept.set(data, /* @__PURE__ */ new Map());
    const known3 = kept.get(data);
    if (!known3.has(key)) {
      if (known3.size === KEPT) known3.delete(known3.keys().next().value);
      known3.set(key, this.reduce(n, m));
    }
    return known3.get(key);
  }
  reduce(n, m) {
    const { data, rows, columns: columns2, start, down, right } = this;
    const found2 = new Float64Array(n * m);
    const edges = (parts2, whole2) => Array.from({ length: parts2 + 1 }, (_, k2) => Math.floor(k2 * whole2 / parts2));
    const [tops, lefts] = [edges(n, rows), edges(m, columns2)];
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < m; j++) {
        let best = data[start + tops[i] * down + lefts[j] * right];
        for (let row2 = tops[i]; row2 < tops[i + 1] && best === best; row2++) {
          const end = start + row2 * down + lefts[j + 1] * right;
          for (let at4 = start + row2 * down + lefts[j] * right; at4 !== end; at4 += right) {
            const x2 = data[at4];
            if (x2 !== x2) {
              best = x2;
              break;
            }
            if (Math.abs(x2) > Math.abs(best)) best = x2;
          }
        }
        found2[i * m + j] = best;
      }
    }
    return found2;
  }
};
var KEPT = 6;
var kept = /* @__PURE__ */ new WeakMap();

// src/trace.js
var FORMAT = "tinyxm-trace/1";
var FILM = "tinyxm-film/1";
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
    const start = fixed.reduce(
      (sum, k2, axis) => axis === rows || axis === columns2 ? sum : sum + k2 * this.strides[axis],
      0
    );
    const [down, right] = [rows, columns2].map((axis) => axis === null ? 0 : this.strides[axis]);
    return new Matrix(this.data, n, m, { start, down, right });
  }
};
function strides(shape) {
  const found2 = Array(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) found2[axis] = found2[axis + 1] * Math.max(shape[axis + 1], 1);
  return found2;
}
var Trace = class {
  constructor(json, blob) {
    Object.assign(this, json);
    this.blob = blob;
    this.operations = json.operations.map((operation, number4) => ({ ...operation, number: number4 }));
    this.values = json.values.map((value2, number4) => ({ ...value2, number: number4 }));
    this.repeats = json.repeats ?? [];
    this.modules = named(json.modules);
    this.words = named(json.words);
    this.rules = named(json.code?.rules);
    this.read = /* @__PURE__ */ new Map();
    this.readers = this.values.map(() => []);
    for (const operation of this.operations) {
      for (const [name, value2] of operandValues(operation)) this.readers[value2]?.push({ operation, name });
    }
    this.adjoints = this.operations.map(() => []);
    for (const operation of this.operations) {
      if (operation.of !== void 0) this.adjoints[operation.of]?.push(operation);
    }
  }
  /** The array of a value, by its number. */
  array(number4) {
    if (!this.read.has(number4)) {
      const value2 = this.values[number4];
      const shape = value2.kept ?? value2.shape;
      this.read.set(number4, new Numbers(decode(this.blob, value2.data, product(shape)), shape, value2.dtype));
    }
    return this.read.get(number4);
  }
  /** What is told of an operation's rule; nothing where it has none, as data, whatever that is called. */
  rule({ kind, name, rule: rule2 = name }) {
    return RULED.has(kind) ? this.rules[rule2] : void 0;
  }
  /** The operation that made a value, or null. */
  maker(number4) {
    return this.operations[this.values[number4]?.by] ?? null;
  }
};
var RULED = /* @__PURE__ */ new Set(["forward", "adjoint", "clip", "update"]);
var named = (table) => Object.assign(/* @__PURE__ */ Object.create(null), table);
function saysMaker(valueName, { module, name }) {
  return valueName.replace(/ \d+$/, "") === (module ? `${module}.${name}` : name);
}
function operandValues(operation) {
  return Object.entries(operation.operands).flatMap(([name, operand2]) => {
    if (operand2.value !== void 0) return [[name, operand2.value]];
    return (operand2.values ?? []).flatMap((value2, i) => value2 === null ? [] : [[`${name}[${i}]`, value2]]);
  });
}
function resultValues(operation) {
  const first = operation.result === null ? [] : [["", operation.result]];
  return [...first, ...Object.entries(operation.also ?? {})];
}
var product = (shape) => shape.reduce((n, k2) => n * k2, 1);
var TYPES = { float64: Float64Array, float32: Float32Array, int32: Int32Array, uint8: Uint8Array };
var BYTES = { float64: 8, float32: 4, float16: 2, int32: 4, uint8: 1 };
var halfTable = null;
function decode(blob, { at: at4, type, scale = 1 }, size2) {
  if (type === "float16") {
    const [halves, numbers2] = [new Uint16Array(blob, at4, size2), new Float32Array(size2)];
    halfTable ??= Float32Array.from({ length: 65536 }, (_, bits) => half(bits));
    for (let i = 0; i < size2; i++) numbers2[i] = halfTable[halves[i]] * scale;
    return numbers2;
  }
  const data = new TYPES[type](blob, at4, size2);
  return scale === 1 ? data : Float64Array.from(data, (x2) => x2 * scale);
}
function half(bits) {
  const sign4 = bits & 32768 ? -1 : 1;
  const exponent2 = bits >> 10 & 31;
  const fraction = bits & 1023;
  if (exponent2 === 31) return fraction ? NaN : sign4 * Infinity;
  return exponent2 ? sign4 * 2 ** (exponent2 - 15) * (1 + fraction / 1024) : sign4 * 2 ** -24 * fraction;
}
async function openTrace(json) {
  if (json?.format !== FORMAT) throw new Error(`This is ${String(json?.format)}; expected ${FORMAT}.`);
  const trace = new Trace(json, json.blob instanceof ArrayBuffer ? json.blob : await inflate(json.blob));
  for (const { name, shape, kept: kept3 = shape, data } of trace.values) {
    const end = data.at + product(kept3) * BYTES[data.type];
    if (!(data.at % 8 === 0 && end <= trace.blob.byteLength)) throw new Error(`The array ${name} isn't all there.`);
  }
  return trace;
}
async function unpack({ packed, blob, ends }) {
  const json = JSON.parse(new TextDecoder().decode(await inflate(packed)));
  if (!ends) return { ...json, blob };
  const all = await inflate(blob);
  json.frames.forEach((frame, i) => frame.blob = all.slice(ends[i - 1] ?? 0, ends[i]));
  return json;
}
async function inflate(text2) {
  const stream = new Blob([bytesOf(text2)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}
function bytesOf(text2) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text2);
  const letters = atob(text2);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = letters.charCodeAt(i);
  return bytes;
}
async function openFilm(json) {
  const frames = await Promise.all(json.frames.map(openTrace));
  const [first, ...others2] = frames;
  if (!first) throw new Error("This film has no step.");
  const film2 = Object.create(Trace.prototype);
  film2.show = (frame) => Object.assign(film2, frames[frame], { title: json.title });
  film2.show(0);
  const titles = frames.map(({ title: title2 }) => title2);
  const own2 = titles.length > 1 && new Set(titles).size === titles.length;
  const called = own2 ? titles : json.at.map((number4) => `training step ${number4}`);
  return Object.assign(film2, { frames, at: json.at, called, alike: others2.every((other) => alike(first, other)) });
}
var isFilm = (json) => json?.format === FILM;
function alike(one3, other) {
  const what = (trace) => JSON.stringify([
    trace.operations.map(({ name, phase, operands }) => [name, phase, operandValues({ operands })]),
    trace.values.map(({ shape }) => shape),
    trace.updates.map(({ name }) => name)
  ]);
  return what(one3) === what(other);
}

// src/cells.js
var largest = /* @__PURE__ */ new WeakMap();
function exampleCell(numbers2) {
  const { data, size: size2 } = numbers2;
  if (!size2) return null;
  if (!largest.has(numbers2)) {
    let best = 0;
    for (let i = 1; i < size2; i++) {
      if (Math.abs(data[i]) > Math.abs(data[best]) || Number.isNaN(data[best])) best = i;
    }
    largest.set(numbers2, best);
  }
  return numbers2.place(largest.get(numbers2));
}
var isKernel = (value2, trace) => value2.shape.length === 4 && (value2.role === "parameter" || trace.values[value2.of]?.role === "parameter");
var IMAGES = /^(_?conv|max_pool|average_pool|bias_max_pool|group_norm)/;
var shapes = /* @__PURE__ */ new WeakMap();
function isOf(kind, value2, trace) {
  if (!shapes.has(trace)) {
    const found2 = { images: /* @__PURE__ */ new Set(), heads: /* @__PURE__ */ new Set() };
    for (const operation of trace.operations) {
      const into = IMAGES.test(operation.name) ? found2.images : operation.name.startsWith("attention") ? found2.heads : null;
      for (const [, n] of into ? [...operandValues(operation), ...resultValues(operation)] : [])
        into.add(trace.values[n].shape.join());
    }
    shapes.set(trace, found2);
  }
  return shapes.get(trace)[kind].has(value2.shape.join());
}
var NAMES = {
  picture: ["example", "row", "column", "channel"],
  maps: ["example", "row", "column", "channel"],
  heads: ["example", "head", "place", "feature"],
  video: ["example", "frame", "row", "column", "channel"],
  waveform: ["example", "sample", "channel"],
  spectrogram: ["example", "time", "frequency", "channel"],
  lying: ["example", "", "time", "frequency"],
  // a spectrogram as conv1d reads it
  tokens: ["example", "place"]
};
function layout(value2, trace) {
  if (value2.shown === "spectrogram" && value2.shape.length === 4 && value2.shape[1] === 1 && value2.shape[3] > 1)
    return "lying";
  if (value2.shown !== "maps") return value2.shown;
  if (isOf("heads", value2, trace)) return "heads";
  return isOf("images", value2, trace) ? "maps" : "matrix";
}
function axisNames(value2, trace) {
  const { shape } = value2, shown2 = layout(value2, trace), n = shape.length;
  if (isKernel(value2, trace)) return ["kernel row", "kernel column", "from channel", "to channel"];
  if (NAMES[shown2] && n <= NAMES[shown2].length && n > 1) return NAMES[shown2].slice(0, n);
  const [first, own2] = [isBatch(value2, trace) ? "example" : null, readBy(value2, trace, "linear", "w")];
  if (n === 2) return own2 ? ["input", "unit"] : [first ?? "row", "column"];
  if (n === 3) return [first ?? "layer", "row", "column"];
  return shape.map((_, i) => i === 0 && first ? first : n === 1 ? "place" : `axis ${i}`);
}
function readBy(value2, trace, name, operand2) {
  const before = trace.updates.find(({ after }) => after === value2.number)?.before;
  const number4 = before ?? (value2.role === "parameter" ? value2.number : value2.of);
  return trace.readers[number4]?.some(({ operation, name: as }) => operation.name === name && as === operand2) ?? false;
}
function isBatch(value2, trace) {
  const original = value2.role === "gradient" ? trace.values[value2.of] : value2;
  if (!original || original.role === "parameter" || original.role === "state") return false;
  const sizes = trace.values.filter((v) => v.role === "input" && v.shape.length).map((v) => v.shape[0]);
  return sizes.length > 0 && sizes.every((n) => n === sizes[0]) && value2.shape[0] === sizes[0];
}
function firstAxes(value2, trace) {
  const n = value2.shape.length;
  if (n < 2) return { rows: null, columns: n ? 0 : null };
  if (isKernel(value2, trace)) return { rows: 0, columns: 1 };
  if (["picture", "maps"].includes(layout(value2, trace)) && n === 4) return { rows: 1, columns: 2 };
  if (value2.shown === "video" && n === 5) return { rows: 2, columns: 3 };
  if (layout(value2, trace) === "lying") return { rows: 2, columns: 3 };
  if (["spectrogram", "waveform"].includes(value2.shown) && n > 2) return { rows: 1, columns: 2 };
  return { rows: n - 2, columns: n - 1 };
}

// src/derive/operands.js
var size = (shape) => shape.reduce((n, k2) => n * k2, 1);
function flat(shape, cell) {
  let at4 = 0;
  for (let i = 0; i < shape.length; i++) at4 = at4 * shape[i] + cell[i];
  return at4;
}
function cellAt(shape, at4) {
  const cell = new Array(shape.length);
  for (let i = shape.length - 1; i >= 0; i--) {
    cell[i] = at4 % shape[i];
    at4 = Math.floor(at4 / shape[i]);
  }
  return cell;
}
function* box(spans) {
  for (const cell of walk(spans)) yield [...cell];
}
function* walk(spans) {
  if (spans.some(([first, end]) => first >= end)) return;
  const cell = spans.map(([first]) => first);
  for (; ; ) {
    yield cell;
    let axis = cell.length - 1;
    for (; axis >= 0; axis--) {
      if (++cell[axis] < spans[axis][1]) break;
      cell[axis] = spans[axis][0];
    }
    if (axis < 0) return;
  }
}
function eachRun(shape, spans, visit) {
  const rank = shape.length;
  if (spans.some(([first, end]) => first >= end)) return;
  const step = shape.map((_, axis) => size(shape.slice(axis + 1)));
  const cell = spans.map(([first]) => first);
  for (; ; ) {
    let start = 0;
    for (let axis2 = 0; axis2 < rank; axis2++) start += cell[axis2] * step[axis2];
    const along3 = rank ? spans[rank - 1][1] - spans[rank - 1][0] : 1;
    visit(start, along3);
    let axis = rank - 2;
    for (; axis >= 0; axis--) {
      if (++cell[axis] < spans[axis][1]) break;
      cell[axis] = spans[axis][0];
    }
    if (axis < 0) return;
  }
}
var cells = (shape) => box(shape.map((n) => [0, n]));
var underneath = (shape, cell) => shape.map((n, i) => n === 1 ? 0 : cell[cell.length - shape.length + i]);
function spansAbove(shape, cell, full) {
  const more = full.length - shape.length;
  return full.map(
    (n, i) => i < more || shape[i - more] === 1 && n !== 1 ? [0, n] : [cell[i - more], cell[i - more] + 1]
  );
}
var above = (shape, cell, full) => box(spansAbove(shape, cell, full));
function placeUnder(shape) {
  const step = shape.map((n, axis) => n === 1 ? 0 : size(shape.slice(axis + 1)));
  const rank = shape.length;
  return (cell) => {
    let at4 = 0;
    for (let i = 0, from2 = cell.length - rank; i < rank; i++) at4 += cell[from2 + i] * step[i];
    return at4;
  };
}
var Operand = class {
  constructor(trace, name, number4) {
    const { shape } = trace.values[number4];
    const { data, shape: kept3 } = trace.array(number4);
    Object.assign(this, { name, value: number4, shape, kept: kept3, data });
  }
  /** Whether this cell was kept: of a large batch only two samples are. */
  has(cell) {
    return this.kept.every((n, i) => cell[i] < n);
  }
  number(cell) {
    return this.has(cell) ? this.data[flat(this.kept, cell)] : NaN;
  }
  at(cell) {
    return { name: this.name, value: this.value, cell, number: this.number(cell), kept: this.has(cell) };
  }
  /** The number that broadcasting puts at this cell of the result. */
  under(cell) {
    return this.at(underneath(this.shape, cell));
  }
};
var Plain = class {
  constructor(name, number4) {
    Object.assign(this, { name, shape: [], kept: [], plain: Number(number4) });
  }
  has() {
    return true;
  }
  number() {
    return this.plain;
  }
  at() {
    return { name: this.name, value: null, cell: [], number: this.plain, kept: true };
  }
  under() {
    return this.at();
  }
};
function operandsOf(trace, op, names = named()) {
  const found2 = named();
  for (const [name, given3] of Object.entries(op.operands)) {
    if (given3.value !== void 0 && given3.value !== null)
      found2[name] = new Operand(trace, names[name] ?? name, earlier(trace, op, given3.value));
    else if (given3.values)
      found2[name] = given3.values.map((n, i) => n === null ? null : new Operand(trace, `${name}[${i}]`, n));
    else found2[name] = isNumber(given3.plain) ? new Plain(name, given3.plain) : given3.plain;
  }
  return found2;
}
var isNumber = (x2) => typeof x2 === "number" || typeof x2 === "boolean" || ["NaN", "Infinity", "-Infinity"].includes(x2);
function earlier(trace, op, number4) {
  if (op.kind !== "adjoint" || op.result !== number4) return number4;
  const { of, by } = trace.values[number4];
  const before = trace.values.findIndex(
    (v, i) => i !== number4 && v.role === "gradient" && v.of === of && v.by !== null && v.by < by
  );
  return trace.operations[by] === op && before >= 0 ? before : number4;
}

// src/derive/terms.js
var NAME = /[\p{L}_][\p{L}\p{M}\p{Nd}_₀-₉]*/gu;
var KEPT2 = 5e3;
var constant = (name, number4) => ({ name, value: null, cell: null, number: number4, kept: true });
function parts(text2, known3) {
  const found2 = [];
  let from2 = 0;
  for (const match of text2.matchAll(NAME)) {
    if (!Object.hasOwn(known3, match[0])) continue;
    if (match.index > from2) found2.push(text2.slice(from2, match.index));
    found2.push(typeof known3[match[0]] === "number" ? constant(match[0], known3[match[0]]) : known3[match[0]]);
    from2 = match.index + match[0].length;
  }
  if (from2 < text2.length) found2.push(text2.slice(from2));
  return found2;
}
function numbers(known3) {
  return Object.fromEntries(
    Object.entries(known3).map(([name, x2]) => [name, typeof x2 === "object" && x2 ? x2.number : x2])
  );
}
var JOINS = {
  sum: { start: 0, add: (a2, b) => a2 + b },
  mean: { start: 0, add: (a2, b) => a2 + b },
  product: { start: 1, add: (a2, b) => a2 * b },
  max: { start: -Infinity, add: (a2, b) => Number.isNaN(a2) || Number.isNaN(b) ? NaN : Math.max(a2, b) },
  min: { start: Infinity, add: (a2, b) => Number.isNaN(a2) || Number.isNaN(b) ? NaN : Math.min(a2, b) }
};
function joinRun(join, x2, data, from2, end) {
  if (join === "sum" || join === "mean") for (let i = from2; i < end; i++) x2 += data[i];
  else for (let i = from2; i < end; i++) x2 = JOINS[join].add(x2, data[i]);
  return x2;
}
var Stage = class {
  constructor(join, say) {
    Object.assign(this, { join, say, terms: [], count: 0, missing: 0, joined: JOINS[join]?.start ?? 0 });
  }
  /** How many more terms are told one by one. */
  get room() {
    return Math.max(KEPT2 - this.count, 0);
  }
  /** Join a sum of n numbers, of which no more is told. */
  joinOnly(sum, n) {
    this.joined += sum;
    this.count += n;
  }
  /** Join a term whose parts are made where they are asked for. */
  add(value2, make2) {
    if (this.join !== "list") this.joined = JOINS[this.join].add(this.joined, value2);
    if (this.count++ < KEPT2) {
      this.terms.push({
        value: value2,
        get parts() {
          return make2();
        }
      });
    }
  }
  /** One product of references, unless an operand of it wasn't kept. */
  product(...factors) {
    if (factors.some((x2) => x2.kept === false)) this.missing++;
    else
      this.add(
        factors.reduce((n, x2) => n * (x2.number ?? x2), 1),
        () => factors.flatMap((x2, i) => i ? [" · ", x2] : [x2])
      );
  }
  /** Join the numbers of a box of an array, each by itself; of many, without a thing for each. */
  numbersOf(operand2, spans) {
    const there = spans.map(([first, end], axis) => [first, Math.min(end, operand2.kept[axis])]);
    const count3 = (box2) => box2.reduce((n, [first, end]) => n * Math.max(end - first, 0), 1);
    this.missing += count3(spans) - count3(there);
    const { data, kept: kept3 } = operand2;
    eachRun(kept3, there, (start, n) => {
      const told2 = Math.min(n, this.room);
      for (let i = start; i < start + told2; i++) this.add(data[i], () => [operand2.at(cellAt(kept3, i))]);
      this.joined = joinRun(this.join, this.joined, data, start + told2, start + n);
      this.count += n - told2;
    });
  }
  get value() {
    return this.join === "mean" ? this.joined / this.count : this.joined;
  }
};
function single(say, text2, value2, missing2 = 0) {
  return Object.assign(new Stage("", say), { terms: [{ value: value2, parts: text2 }], count: 1, joined: value2, missing: missing2 });
}
function line(say, text2, known3, rule2) {
  const missing2 = Object.values(known3).some((x2) => x2?.kept === false) ? 1 : 0;
  return single(say, parts(text2, known3), rule2(numbers(known3)), missing2);
}
function sumOf(say, rows) {
  const stage = new Stage("sum", say);
  for (const factors of rows) stage.product(...factors);
  return stage;
}

// src/derive/attention.js
var range = (n) => Array.from({ length: n }, (_, i) => i);
function shares({ q: q2, k: k2, mask }, { causal, scale }, batch, i) {
  const scores = range(k2.shape.at(-2)).map((j) => {
    const allowed = (!causal || j <= i) && (!mask?.under || mask.under([...batch, i, j]).number);
    if (!allowed) return -Infinity;
    return scale * range(q2.shape.at(-1)).reduce(
      (sum, n) => sum + q2.under([...batch, i, n]).number * k2.under([...batch, j, n]).number,
      0
    );
  });
  const largest2 = Math.max(...scores.filter((x2) => !(x2 === -Infinity)), -Infinity);
  const e = scores.map((x2) => x2 === -Infinity ? 0 : Math.exp(x2 - largest2));
  const total = e.reduce((a2, b) => a2 + b, 0);
  return { scores, shares: e.map((x2) => total > 0 ? x2 / total : 0) };
}
var attentionSettings = ({ op, operands }) => ({
  causal: Boolean(op.static?.causal ?? operands.causal?.plain ?? operands.causal),
  scale: Number(op.static?.scale ?? operands.scale?.plain ?? operands.scale)
});
function attention(about) {
  const { operands, cell } = about, { v } = operands, how = attentionSettings(about);
  const batch = cell.slice(0, -2), [i, c] = cell.slice(-2);
  const found2 = shares(operands, how, batch, i);
  const agree = new Stage(
    "list",
    `First: how well does query ${i} agree with each key? The sum of their products, times the scale ${how.scale}; a softmax makes shares of these scores.`
  );
  found2.scores.forEach((score, j) => agree.add(found2.shares[j], () => [`key ${j}: score `, score, ", share "]));
  return {
    formula: "y = Σ over keys j of p[j] · v[j], p = softmax(scale · q · k[j])",
    stages: [
      agree,
      sumOf(
        "Then: the values, each by its key's share.",
        found2.shares.map((share3, j) => [constant(`p[${j}]`, share3), v.under([...batch, j, c])])
      )
    ]
  };
}
function attentionAdjoint(about) {
  const { op, operands, cell } = about, { g, q: q2, k: k2, v } = operands, how = attentionSettings(about), input = op.name.split(".")[1];
  const batch = cell.slice(0, -2), [row2, column] = cell.slice(-2);
  const queries = range(q2.shape.at(-2)), keys = range(k2.shape.at(-2)), width = range(v.shape.at(-1));
  const slopes = (i) => {
    const p = shares(operands, how, batch, i).shares;
    const d = keys.map(
      (j) => width.reduce((sum, c) => sum + g.under([...batch, i, c]).number * v.under([...batch, j, c]).number, 0)
    );
    const mean = p.reduce((sum, share3, j) => sum + share3 * d[j], 0);
    return p.map((share3, j) => how.scale * share3 * (d[j] - mean));
  };
  if (input === "v") {
    return {
      formula: "∂v[j] = Σ over queries i of p[i, j] · g[i]",
      stages: [
        sumOf(
          `Value ${row2} went to every query, by the share that the query gave to its key. Each sends its gradient back, times that share.`,
          queries.map((i) => [
            constant(`p[${i}, ${row2}]`, shares(operands, how, batch, i).shares[row2]),
            g.under([...batch, i, column])
          ])
        )
      ]
    };
  }
  if (input === "q") {
    const s2 = slopes(row2);
    return {
      formula: "∂q[i] = Σ over keys j of s[i, j] · k[j], s = scale · p · (g · v[j] − their mean by p)",
      stages: [
        sumOf(
          `How the loss moves with each of query ${row2}'s scores, times the key that the score was made with.`,
          keys.map((j) => [constant(`s[${row2}, ${j}]`, s2[j]), k2.under([...batch, j, column])])
        )
      ]
    };
  }
  return {
    formula: "∂k[j] = Σ over queries i of s[i, j] · q[i], s = scale · p · (g · v[j] − their mean by p)",
    stages: [
      sumOf(
        `How the loss moves with each score that key ${row2} took part in, times the query that the score was made with.`,
        queries.map((i) => [constant(`s[${i}, ${row2}]`, slopes(i)[row2]), q2.under([...batch, i, column])])
      )
    ]
  };
}

// src/derive/elementwise.js
var { abs, sqrt, exp, log, sin, cos, tanh, sign, max, min, hypot } = Math;
var sigmoid = (a2) => 1 / (1 + exp(-a2));
var softplus = (a2) => max(a2, 0) + Math.log1p(exp(-abs(a2)));
var held = (x2, low, high) => min(max(x2, low ?? -Infinity), high ?? Infinity);
var replaced = ({ a: a2, posinf, neginf }) => a2 > 0 ? posinf ?? 34028234663852886e22 : neginf ?? -34028234663852886e22;
var half2 = (a2, b) => a2 > b ? 1 : a2 === b ? 0.5 : 0;
function erf(x2) {
  const a2 = abs(x2);
  if (a2 > 6) return sign(x2);
  if (a2 < 2.5) {
    let sum = x2, part = x2;
    for (let n = 1; abs(part) > 1e-17 * abs(sum) && n < 200; n++) {
      part *= -x2 * x2 / n;
      sum += part / (2 * n + 1);
    }
    return 2 / sqrt(Math.PI) * sum;
  }
  let fraction = 0;
  for (let k2 = 80; k2 > 0; k2--) fraction = k2 / 2 / (a2 + fraction);
  return sign(x2) * (1 - exp(-a2 * a2) / sqrt(Math.PI) / (a2 + fraction));
}
var phi = (a2) => exp(-a2 * a2 / 2) / sqrt(2 * Math.PI);
var Phi = (a2) => 0.5 * (1 + erf(a2 / Math.SQRT2));
var inner = (a2) => sqrt(2 / Math.PI) * (a2 + 0.044715 * a2 ** 3);
var geluOf = (a2, kind) => kind === "tanh" ? a2 * (1 + tanh(inner(a2))) / 2 : a2 * Phi(a2);
function geluSlope(a2, kind) {
  if (kind !== "tanh") return Phi(a2) + a2 * phi(a2);
  const t = tanh(inner(a2)), slope = sqrt(2 / Math.PI) * (1 + 3 * 0.044715 * a2 * a2);
  return (1 + t) / 2 + a2 * (1 - t * t) * slope / 2;
}
var RULES = {
  add: { y: ["a + b", (v) => v.a + v.b], a: ["g", (v) => v.g], b: ["g", (v) => v.g] },
  subtract: { y: ["a − b", (v) => v.a - v.b], a: ["g", (v) => v.g], b: ["−g", (v) => -v.g] },
  multiply: { y: ["a · b", (v) => v.a * v.b], a: ["g · b", (v) => v.g * v.b], b: ["g · a", (v) => v.g * v.a] },
  divide: {
    y: ["a / b", (v) => v.a / v.b],
    a: ["g / b", (v) => v.g / v.b],
    b: ["−g · y / b", (v) => -v.g * v.y / v.b]
  },
  positive: { y: ["a", (v) => v.a], a: ["g", (v) => v.g] },
  negative: { y: ["−a", (v) => -v.a], a: ["−g", (v) => -v.g] },
  power: {
    y: ["a ^ n", (v) => v.a ** v.n],
    a: ["g · n · a ^ (n − 1)", (v) => v.n === 0 ? 0 : v.g * v.n * v.a ** (v.n - 1)],
    n: ["g · y · ln(a)", (v) => v.a > 0 ? v.g * v.y * log(v.a) : 0]
  },
  square: { y: ["a²", (v) => v.a ** 2], a: ["2 · g · a", (v) => 2 * v.g * v.a] },
  sqrt: { y: ["√a", (v) => sqrt(v.a)], a: ["g / (2 · y)", (v) => v.g / (2 * v.y)] },
  rsqrt: { y: ["1 / √a", (v) => 1 / sqrt(v.a)], a: ["−g · y³ / 2", (v) => -v.g * v.y ** 3 / 2] },
  exp: { y: ["exp(a)", (v) => exp(v.a)], a: ["g · y", (v) => v.g * v.y] },
  expm1: { y: ["exp(a) − 1", (v) => Math.expm1(v.a)], a: ["g · exp(a)", (v) => v.g * exp(v.a)] },
  exp2: { y: ["2 ^ a", (v) => 2 ** v.a], a: ["g · y · ln(2)", (v) => v.g * v.y * Math.LN2] },
  log: { y: ["ln(a)", (v) => log(v.a)], a: ["g / a", (v) => v.g / v.a] },
  log1p: { y: ["ln(1 + a)", (v) => Math.log1p(v.a)], a: ["g / (1 + a)", (v) => v.g / (1 + v.a)] },
  log2: { y: ["ln(a) / ln(2)", (v) => Math.log2(v.a)], a: ["g / (a · ln(2))", (v) => v.g / v.a / Math.LN2] },
  log10: { y: ["ln(a) / ln(10)", (v) => Math.log10(v.a)], a: ["g / (a · ln(10))", (v) => v.g / v.a / Math.LN10] },
  logaddexp: {
    y: ["ln(exp(a) + exp(b))", (v) => max(v.a, v.b) + Math.log1p(exp(-abs(v.a - v.b)))],
    a: ["g · exp(a − y)", (v) => v.g * exp(v.a - v.y)],
    b: ["g · exp(b − y)", (v) => v.g * exp(v.b - v.y)]
  },
  sin: { y: ["sin(a)", (v) => sin(v.a)], a: ["g · cos(a)", (v) => v.g * cos(v.a)] },
  cos: { y: ["cos(a)", (v) => cos(v.a)], a: ["−g · sin(a)", (v) => -v.g * sin(v.a)] },
  tan: { y: ["tan(a)", (v) => Math.tan(v.a)], a: ["g · (1 + y²)", (v) => v.g * (1 + v.y ** 2)] },
  arcsin: { y: ["arcsin(a)", (v) => Math.asin(v.a)], a: ["g / √(1 − a²)", (v) => v.g / sqrt(1 - v.a ** 2)] },
  arccos: { y: ["arccos(a)", (v) => Math.acos(v.a)], a: ["−g / √(1 − a²)", (v) => -v.g / sqrt(1 - v.a ** 2)] },
  arctan2: {
    y: ["the angle of (b, a)", (v) => Math.atan2(v.a, v.b)],
    a: ["g · b / (a² + b²)", (v) => v.g * v.b / (v.a ** 2 + v.b ** 2 || 1)],
    b: ["−g · a / (a² + b²)", (v) => -v.g * v.a / (v.a ** 2 + v.b ** 2 || 1)]
  },
  hypot: {
    y: ["√(a² + b²)", (v) => hypot(v.a, v.b)],
    a: ["g · a / y", (v) => v.g * v.a / (v.y || 1)],
    b: ["g · b / y", (v) => v.g * v.b / (v.y || 1)]
  },
  tanh: { y: ["tanh(a)", (v) => tanh(v.a)], a: ["g · (1 − y²)", (v) => v.g * (1 - v.y ** 2)] },
  sinh: { y: ["sinh(a)", (v) => Math.sinh(v.a)], a: ["g · cosh(a)", (v) => v.g * Math.cosh(v.a)] },
  cosh: { y: ["cosh(a)", (v) => Math.cosh(v.a)], a: ["g · sinh(a)", (v) => v.g * Math.sinh(v.a)] },
  arcsinh: { y: ["arcsinh(a)", (v) => Math.asinh(v.a)], a: ["g / √(a² + 1)", (v) => v.g / sqrt(v.a ** 2 + 1)] },
  arccosh: { y: ["arccosh(a)", (v) => Math.acosh(v.a)], a: ["g / √(a² − 1)", (v) => v.g / sqrt(v.a ** 2 - 1)] },
  arctanh: { y: ["arctanh(a)", (v) => Math.atanh(v.a)], a: ["g / (1 − a²)", (v) => v.g / (1 - v.a ** 2)] },
  sign: { y: ["sign of a", (v) => sign(v.a)], a: ["0 · g", () => 0] },
  abs: { y: ["|a|", (v) => abs(v.a)], a: ["g · sign of a", (v) => v.g * sign(v.a)] },
  maximum: {
    y: ["the larger of a and b", (v) => v.a > v.b ? v.a : v.b],
    a: ["g where a > b: a, b, g", (v) => v.g * half2(v.a, v.b)],
    b: ["g where b > a: b, a, g", (v) => v.g * half2(v.b, v.a)]
  },
  minimum: {
    y: ["the smaller of a and b", (v) => v.a < v.b ? v.a : v.b],
    a: ["g where a < b: a, b, g", (v) => v.g * half2(v.b, v.a)],
    b: ["g where b < a: b, a, g", (v) => v.g * half2(v.a, v.b)]
  },
  clip: {
    y: ["a held between a_min and a_max", (v) => held(v.a, v.a_min, v.a_max)],
    a: [
      "g where a is between a_min and a_max",
      (v) => v.a >= (v.a_min ?? -Infinity) && v.a <= (v.a_max ?? Infinity) ? v.g : 0
    ]
  },
  where: {
    y: ["a where condition holds, else b", (v) => v.condition ? v.a : v.b],
    a: ["g where condition holds, else 0", (v) => v.condition ? v.g : 0],
    b: ["0 where condition holds, else g", (v) => v.condition ? 0 : v.g]
  },
  nan_to_num: {
    y: [
      "a where finite, else what stands for it",
      (v) => Number.isFinite(v.a) ? v.a : Number.isNaN(v.a) ? v.nan ?? 0 : replaced(v)
    ],
    a: ["g where a is finite, else 0", (v) => Number.isFinite(v.a) ? v.g : 0]
  },
  erf: {
    y: ["erf(a)", (v) => erf(v.a)],
    a: ["g · 2/√π · exp(−a²)", (v) => v.g * 2 / sqrt(Math.PI) * exp(-(v.a ** 2))]
  },
  astype: { y: ["a", (v) => v.a], a: ["g", (v) => v.g] },
  sigmoid: { y: ["1 / (1 + exp(−a))", (v) => sigmoid(v.a)], a: ["g · y · (1 − y)", (v) => v.g * v.y * (1 - v.y)] },
  relu: { y: ["max(a, 0)", (v) => max(v.a, 0)], a: ["g where y > 0, else 0", (v) => v.y > 0 ? v.g : 0] },
  leaky_relu: {
    y: ["a where above 0, else slope · a", (v) => v.a > 0 ? v.a : v.slope * v.a],
    a: ["g where a > 0, else slope · g", (v) => v.a > 0 ? v.g : v.slope * v.g]
  },
  elu: {
    y: ["a where above 0, else alpha · (exp(a) − 1)", (v) => v.a > 0 ? v.a : v.alpha * Math.expm1(v.a)],
    a: ["g where a > 0, else g · alpha · exp(a)", (v) => v.a > 0 ? v.g : v.g * v.alpha * exp(v.a)]
  },
  gelu: {
    y: ["a · Φ(a)", (v) => geluOf(v.a, v.approximate)],
    a: ["g · (Φ(a) + a · φ(a))", (v) => v.g * geluSlope(v.a, v.approximate)]
  },
  softplus: { y: ["ln(1 + exp(a))", (v) => softplus(v.a)], a: ["g · σ(a)", (v) => v.g * sigmoid(v.a)] },
  huber: {
    y: [
      "c · (d − c/2), c = d held within ±delta",
      (v) => held(v.d, -v.delta, v.delta) * (v.d - held(v.d, -v.delta, v.delta) / 2)
    ],
    d: ["g · (d held within ±delta)", (v) => v.g * held(v.d, -v.delta, v.delta)]
  },
  binary_cross_entropies: {
    y: [
      "weight · targets · ln(1 + exp(−logits)) + (1 − targets) · ln(1 + exp(logits))",
      (v) => v.weight * v.targets * softplus(-v.logits) + (1 - v.targets) * softplus(v.logits)
    ],
    logits: [
      "g · ((1 − targets) · σ(logits) − weight · targets · σ(−logits))",
      (v) => v.g * ((1 - v.targets) * sigmoid(v.logits) - v.weight * v.targets * sigmoid(-v.logits))
    ]
  }
};
var KEPT_AS_IS = { a_min: null, a_max: null, approximate: "none" };
var isElementwise = (name) => Object.hasOwn(RULES, name.split(".")[0]);
function formulaOf(name, input) {
  const rules = isElementwise(name) ? RULES[name.split(".")[0]] : {};
  return Object.hasOwn(rules, input) ? rules[input][0].replace(/:.*/, "") : null;
}
function elementwise({ op, operands, cell }) {
  const rule2 = RULES[op.name].y;
  if (!rule2) return null;
  const known3 = at(operands, op, cell);
  return { formula: `y = ${rule2[0]}`, stages: [one("", rule2, known3)] };
}
function elementwiseAdjoint({ op, operands, names, cell, shape }) {
  const [name, input] = op.name.split(".");
  const rule2 = RULES[name][input];
  const full = operands.g?.shape;
  if (!rule2 || !full) return null;
  const formula = `∂${input} = ${rule2[0]}`;
  if (full.length === shape.length && full.every((n, i) => n === shape[i])) {
    return { formula, stages: [one("", rule2, at(operands, op, cell))] };
  }
  const stage = new Stage(
    "sum",
    `${names[input] ?? input} was used at several places (broadcast), so what comes back from each is added up.`
  );
  sumOver(stage, rule2, operands, op, spansAbove(shape, cell, full));
  return { formula: `${formula}, summed over the places where ${input} was used`, stages: [stage] };
}
var one = (say, [text2, rule2], known3) => line(say, text2, known3, (v) => rule2({ ...KEPT_AS_IS, ...v }));
function sumOver(stage, [text2, rule2], operands, op, spans) {
  const v = { ...KEPT_AS_IS, ...at({}, op, []) };
  const arrays = [];
  for (const [name, operand2] of Object.entries(operands)) {
    if (operand2?.data) arrays.push({ name, data: operand2.data, place: placeUnder(operand2.kept), start: 0, step: 0 });
    else if (operand2?.under) v[name] = operand2.number();
    else if (typeof operand2 === "string") v[name] = operand2;
  }
  const [first, end] = spans.at(-1);
  const { kept: kept3 } = operands.g;
  const along3 = end - first;
  for (const cell of walk([...spans.slice(0, -1), [first, first + 1]])) {
    const there = kept3.every((n, i) => cell[i] < n);
    for (const one3 of arrays) {
      one3.start = one3.place(cell);
      cell[cell.length - 1]++;
      one3.step = one3.place(cell) - one3.start;
      cell[cell.length - 1]--;
    }
    const to2 = there ? Math.max(Math.min(end, kept3.at(-1)) - first, 0) : 0;
    const told2 = Math.min(stage.room, to2);
    for (let k2 = 0; k2 < told2; k2++) {
      const place = [...cell.slice(0, -1), first + k2];
      stage.add(sumOfRun(rule2, v, arrays, k2, k2 + 1), () => parts(text2, at(operands, op, place)));
    }
    stage.joinOnly(sumOfRun(rule2, v, arrays, told2, to2), to2 - told2);
    stage.missing += along3 - to2;
  }
}
function sumOfRun(rule2, v, arrays, from2, to2) {
  const [g, a2, b] = ["g", "a", "b"].map((name) => arrays.find((one3) => one3.name === name));
  const others2 = arrays.filter((one3) => ![g, a2, b].includes(one3));
  let sum = 0;
  for (let k2 = from2; k2 < to2; k2++) {
    if (g) v.g = g.data[g.start + k2 * g.step];
    if (a2) v.a = a2.data[a2.start + k2 * a2.step];
    if (b) v.b = b.data[b.start + k2 * b.step];
    for (const { name, data, start, step } of others2) v[name] = data[start + k2 * step];
    sum += rule2(v);
  }
  return sum;
}
function at(operands, op, place) {
  const known3 = {};
  for (const [name, value2] of Object.entries(op.static ?? {})) if (value2 !== null) known3[name] = value2;
  for (const [name, operand2] of Object.entries(operands)) {
    if (operand2?.under) known3[name] = operand2.under(place);
    else if (typeof operand2 === "string") known3[name] = operand2;
  }
  return known3;
}

// src/derive/indexing.js
var wrapped = (k2, n) => k2 < 0 ? k2 + n : k2;
function places(about, name) {
  const found2 = about.operands[name] ?? about.op.static?.[name];
  if (found2?.number) return found2;
  return Array.isArray(found2) ? listed(found2) : typeof found2 === "number" ? listed(found2) : null;
}
function listed(list2) {
  const shape = [];
  for (let part = list2; Array.isArray(part); part = part[0]) shape.push(part.length);
  const data = [list2].flat(Infinity).map(Number);
  const number4 = (cell) => data[flat(shape, cell)];
  return {
    shape,
    number: number4,
    under: (cell) => ({ number: number4(shape.map((n, i) => n === 1 ? 0 : cell[cell.length - shape.length + i])) })
  };
}
var SLICE = /^slice\((None|-?\d+), (None|-?\d+), (None|-?\d+)\)$/;
function indexed(about, a2, y2) {
  const index = about.operands.index?.number ? about.operands.index : about.op.static?.index ?? about.operands.index;
  if (index?.number) return byRows(index, a2);
  const parts2 = Array.isArray(index) ? index : [index];
  const basic = parts2.every(
    (part) => typeof part === "number" || part === null || part === "Ellipsis" || typeof part === "string" && SLICE.test(part)
  );
  const found2 = basic ? basicIndex(parts2, a2, y2) : null;
  if (found2) return found2;
  const list2 = Array.isArray(index) && [index].flat(Infinity).every((k2) => typeof k2 === "number") ? listed(index) : null;
  return list2 && list2.shape.length + a2.length - 1 === y2.length ? byRows(list2, a2) : null;
}
var byRows = (index, a2) => {
  const n = index.shape.length;
  return (cell) => [wrapped(index.number(cell.slice(0, n)), a2[0]), ...cell.slice(n)];
};
function basicIndex(parts2, a2, y2) {
  const taken = parts2.filter((part) => part !== null && part !== "Ellipsis").length;
  const at4 = parts2.includes("Ellipsis") ? parts2.indexOf("Ellipsis") : parts2.length;
  const all = Array(Math.max(a2.length - taken, 0)).fill("slice(None, None, None)");
  const full = [...parts2.slice(0, at4), ...all, ...parts2.slice(at4 + 1)];
  const steps = [];
  let axis = 0, made3 = 0;
  for (const part of full) {
    if (part === null) made3++;
    else if (typeof part === "number") steps.push({ fixed: wrapped(part, a2[axis++]) });
    else {
      const [start, , step] = SLICE.exec(part).slice(1).map((text2) => text2 === "None" ? null : Number(text2));
      const by = step ?? 1, n = a2[axis++];
      const first = start === null ? by > 0 ? 0 : n - 1 : Math.min(Math.max(wrapped(start, n), by > 0 ? 0 : -1), by > 0 ? n : n - 1);
      steps.push({ first, by, from: made3++ });
    }
  }
  if (axis !== a2.length || made3 !== y2.length) return null;
  return (cell) => steps.map(({ fixed, first, by, from: from2 }) => fixed ?? first + by * cell[from2]);
}

// src/derive/moves.js
var positive = (axis, n) => axis < 0 ? axis + n : axis;
var given = ({ op, operands }, name) => op.static && name in op.static ? op.static[name] : operands[name]?.plain ?? operands[name];
function permuted(about, name, n) {
  if (name === "swapaxes") {
    const order = Array.from({ length: n }, (_, i2) => i2);
    const [i, j] = [positive(given(about, "axis1"), n), positive(given(about, "axis2"), n)];
    [order[i], order[j]] = [order[j], order[i]];
    return order;
  }
  if (name === "transpose")
    return given(about, "axes")?.map((axis) => positive(axis, n)) ?? Array.from({ length: n }, (_, i) => n - 1 - i);
  const from2 = [given(about, "source")].flat().map((axis) => positive(axis, n)), to2 = [given(about, "destination")].flat().map((axis) => positive(axis, n));
  const rest = Array.from({ length: n }, (_, i) => i).filter((axis) => !from2.includes(axis));
  return Array.from({ length: n }, (_, i) => to2.includes(i) ? from2[to2.indexOf(i)] : rest.shift());
}
var SOURCES = {
  reshape: sameOrder,
  expand_dims: sameOrder,
  squeeze: sameOrder,
  swapaxes: reordered,
  transpose: reordered,
  moveaxis: reordered,
  broadcast_to: (about, a2) => (cell) => a2.map((n, i) => n === 1 ? 0 : cell[cell.length - a2.length + i]),
  flip: (about, a2) => {
    const axes = given(about, "axis") === null ? a2.map((_, i) => i) : [given(about, "axis")].flat().map((axis) => positive(axis, a2.length));
    return (cell) => cell.map((k2, i) => axes.includes(i) ? a2[i] - 1 - k2 : k2);
  },
  roll: (about, a2) => {
    const axis = given(about, "axis"), shifts = [given(about, "shift")].flat();
    if (axis === null) return (cell) => cellAt(a2, ((flat(a2, cell) - shifts[0]) % size(a2) + size(a2)) % size(a2));
    const axes = [axis].flat().map((i) => positive(i, a2.length));
    return (cell) => cell.map(
      (k2, i) => axes.reduce((at4, one3, j) => one3 === i ? ((at4 - shifts[j % shifts.length]) % a2[i] + a2[i]) % a2[i] : at4, k2)
    );
  },
  tile: (about, a2) => (cell) => a2.map((n, i) => cell[cell.length - a2.length + i] % n),
  repeat: (about, a2) => {
    const repeats = given(about, "repeats"), axis = given(about, "axis");
    if (typeof repeats !== "number") return null;
    if (axis === null) return (cell) => cellAt(a2, Math.floor(cell[0] / repeats));
    return (cell) => cell.map((k2, i) => i === positive(axis, a2.length) ? Math.floor(k2 / repeats) : k2);
  },
  pad: (about, a2) => {
    const widths = given(about, "widths");
    return (cell) => {
      const at4 = cell.map((k2, i) => k2 - widths[i][0]);
      return at4.every((k2, i) => k2 >= 0 && k2 < a2[i]) ? at4 : null;
    };
  },
  spread: (about, a2) => {
    const axis = given(about, "axis"), keepdims = given(about, "keepdims");
    return (cell) => {
      const axes = axis === null ? cell.map((_, i) => i) : [axis].flat().map((i) => positive(i, cell.length));
      return cell.flatMap((k2, i) => axes.includes(i) ? keepdims ? [0] : [] : [k2]).slice(0, a2.length || void 0);
    };
  },
  take: (about, a2) => {
    const indices = places(about, "indices"), axis = given(about, "axis");
    if (!indices) return null;
    if (axis === null) return (cell) => cellAt(a2, wrapped(indices.number(cell), size(a2)));
    const first = positive(axis, a2.length), n = indices.shape.length;
    return (cell) => [
      ...cell.slice(0, first),
      wrapped(indices.number(cell.slice(first, first + n)), a2[first]),
      ...cell.slice(first + n)
    ];
  },
  take_along_axis: (about, a2) => {
    const indices = places(about, "indices"), axis = positive(given(about, "axis"), a2.length);
    return indices && ((cell) => cell.map((k2, i) => i === axis ? wrapped(indices.under(cell).number, a2[i]) : k2));
  },
  diagonal: (about, a2) => {
    const [offset, one3, two] = ["offset", "axis1", "axis2"].map((name) => given(about, name));
    const [i, j] = [positive(one3, a2.length), positive(two, a2.length)];
    return (cell) => {
      const rest = cell.slice(0, -1), k2 = cell.at(-1);
      return a2.map(
        (_, axis) => axis === i ? k2 + Math.max(-offset, 0) : axis === j ? k2 + Math.max(offset, 0) : rest.shift()
      );
    };
  },
  frames: (about) => (cell) => [...cell.slice(0, -2), cell.at(-2) * given(about, "hop") + cell.at(-1)],
  getitem: indexed
};
function sameOrder(about, a2, y2) {
  return (cell) => cellAt(a2, flat(y2, cell));
}
function reordered(about, a2) {
  const order = permuted(about, about.op.name.split(".")[0], a2.length);
  return (cell) => {
    const at4 = Array(a2.length);
    order.forEach((axis, i) => at4[axis] = cell[i]);
    return at4;
  };
}
var isMove = (name) => Object.hasOwn(SOURCES, name.split(".")[0]);
var WORDS = {
  getitem: (a2) => `Taken out of ${a2}, unchanged.`,
  pad: (a2) => `Taken from ${a2}, or 0 (the padding) where that ends.`
};
function move(about) {
  const {
    op,
    operands: { a: a2 },
    cell,
    shape
  } = about, source = SOURCES[op.name](about, a2.shape, shape);
  if (!source) return null;
  const at4 = source(cell), formula = "y = a, at another place";
  if (!at4)
    return {
      formula,
      stages: [
        line("This is padding.", "padding", { padding: about.op.static?.constant_values ?? 0 }, (v) => v.padding)
      ]
    };
  return {
    formula,
    stages: [line(WORDS[op.name]?.(a2.name) ?? "The same number, at another place.", "a", { a: a2.at(at4) }, (v) => v.a)]
  };
}
function moveAdjoint(about) {
  const {
    op,
    operands: { g },
    cell,
    shape
  } = about, name = op.name.split(".")[0];
  const formula = "∂a = g, at the place where it came from";
  if (["reshape", "expand_dims", "squeeze"].includes(name)) {
    return {
      formula,
      stages: [
        line(
          "The gradient goes back to where the number came from.",
          "g",
          { g: g.at(cellAt(g.shape, flat(shape, cell))) },
          (v) => v.g
        )
      ]
    };
  }
  const source = SOURCES[name](about, shape, g.shape);
  if (!source) return null;
  const found2 = [];
  let missing2 = 0;
  for (const at4 of cells(g.shape)) {
    const from2 = source(at4);
    if (from2?.some(Number.isNaN))
      missing2++;
    else if (from2?.every((k2, i) => k2 === cell[i])) found2.push(at4);
  }
  if (found2.length === 1 && !missing2)
    return {
      formula,
      stages: [line("The gradient goes back to where the number came from.", "g", { g: g.at(found2[0]) }, (v) => v.g)]
    };
  const say = found2.length ? `It was used ${found2.length} times; what comes back from each is added up.` : "It was never used in this step, so nothing comes back.";
  const stage = sumOf(
    say,
    found2.map((at4) => [g.at(at4)])
  );
  stage.missing += missing2;
  return { formula: "∂a = Σ of g over the places it went to", stages: [stage] };
}
function joined({ op, operands: { arrays }, cell }) {
  const axis = positive(op.static.axis, cell.length);
  if (op.name === "stack") {
    const array4 = arrays[cell[axis]];
    return {
      formula: "y = the arrays side by side",
      stages: [
        line(`Out of array ${cell[axis]}.`, "a", { a: array4.at(cell.filter((_, i2) => i2 !== axis)) }, (v) => v.a)
      ]
    };
  }
  let k2 = cell[axis];
  const i = arrays.findIndex((array4) => k2 < array4.shape[axis] || (k2 -= array4.shape[axis], false));
  return {
    formula: "y = the arrays end to end",
    stages: [
      line(`Out of array ${i}.`, "a", { a: arrays[i].at(cell.map((n, j) => j === axis ? k2 : n)) }, (v) => v.a)
    ]
  };
}
function joinedAdjoint({ op, operands, cell }) {
  const { g } = operands, i = operands.i?.plain ?? op.static?.i, rank = g.shape.length, axis = positive(operands.axis?.plain ?? op.static?.axis, rank);
  if (i === void 0 || Number.isNaN(axis)) return null;
  if (op.name.startsWith("stack")) {
    return {
      formula: "∂aᵢ = the i-th slice of g",
      stages: [line("", "g", { g: g.at([...cell.slice(0, axis), i, ...cell.slice(axis)]) }, (v) => v.g)]
    };
  }
  const shapes2 = operands.arrays_shape ?? op.static?.arrays_shape;
  if (!Array.isArray(shapes2)) return null;
  const start = shapes2.slice(0, i).reduce((sum, shape) => sum + shape[axis], 0);
  return {
    formula: "∂aᵢ = the part of g where aᵢ lies",
    stages: [line("", "g", { g: g.at(cell.map((k2, j) => j === axis ? k2 + start : k2)) }, (v) => v.g)]
  };
}
function embeddingBag({ op, operands: { weight, indices, offsets, weights, g }, cell, shape }) {
  const entries = size(indices.shape), bags = size(offsets.shape), formula = "y = Σ over the bag of weights · its row of the table";
  const bagOf = (i) => Array.from({ length: bags }, (_, b) => b).findLast((b) => offsets.number([b]) <= i);
  const all = Array.from({ length: entries }, (_, i) => i);
  if (op.kind === "forward") {
    const own2 = all.filter((i) => bagOf(i) === cell[0]);
    return {
      formula,
      stages: [
        sumOf(
          "Every word of the bag: its row of the table, by its weight.",
          own2.map((i) => [weights.at([i]), weight.at([indices.number([i]), cell[1]])])
        )
      ]
    };
  }
  if (op.name.endsWith(".weights")) {
    const columns2 = Array.from({ length: g.shape[1] }, (_, c) => [
      g.at([bagOf(cell[0]), c]),
      weight.at([indices.number(cell), c])
    ]);
    return {
      formula: "∂weights_i = Σ g_b · weight[indices_i]",
      stages: [sumOf("What the bag's gradient says of this row.", columns2)]
    };
  }
  const used = all.filter((i) => indices.number([i]) === cell[0]);
  return {
    formula: "∂weight[r] = Σ weights_i · g_b where indices_i = r",
    stages: [
      sumOf(
        `Row ${cell[0]} of ${shape[0]} was used ${used.length} times.`,
        used.map((i) => [weights.at([i]), g.at([bagOf(i), cell[1]])])
      )
    ]
  };
}
function scatterAdd(about) {
  const {
    op,
    operands: { a: a2 },
    cell,
    shape
  } = about;
  const source = indexed({ ...about, op }, shape, a2.shape);
  if (!source) return null;
  const stage = new Stage("sum", "Every number that is put here is added.");
  for (const at4 of cells(a2.shape)) if (source(at4).every((k2, i) => k2 === cell[i])) stage.product(a2.at(at4));
  return { formula: "y = zeros, with a added at the index", stages: [stage] };
}

// src/derive/normalise.js
function groupOf({ op, operands, trace }, cell) {
  const { x: x2 } = operands, name = op.name.split(".")[0];
  if (name === "layer_norm") {
    const spans2 = x2.shape.map((n, i) => i < x2.shape.length - 1 ? [cell[i], cell[i] + 1] : [0, n]);
    return { spans: spans2, size: x2.shape.at(-1), statistics: null };
  }
  const statistics3 = operands.statistics?.at ? operands.statistics : recorded(trace, op, operands);
  const samples = statistics3?.shape[1] ?? x2.shape[0];
  const groups = statistics3?.shape[2] ?? Number(op.static?.groups ?? operands.groups?.plain);
  const width = x2.shape.at(-1) / groups, group = Math.floor(cell.at(-1) / width);
  const sample = samples === 1 ? [0, x2.shape[0]] : [cell[0], cell[0] + 1];
  const spans = [sample, ...x2.shape.slice(1, -1).map((n) => [0, n]), [group * width, (group + 1) * width]];
  return {
    spans,
    size: spans.reduce((n, [a2, b]) => n * (b - a2), 1),
    statistics: statistics3,
    where: [samples === 1 ? 0 : cell[0], group]
  };
}
function recorded(trace, op, operands) {
  const found2 = trace.operations.find((o) => o.name === "group_statistics" && o.operands.x?.value === operands.x.value);
  return found2 ? new operands.x.constructor(trace, "statistics", found2.result) : null;
}
var members = (group) => box(group.spans);
function statistics(about, cell) {
  const group = groupOf(about, cell), { x: x2 } = about.operands;
  const mean = new Stage("mean", `The mean μ of the ${group.size} numbers that are normalised together.`);
  for (const at4 of members(group)) mean.product(x2.at(at4));
  if (mean.missing && group.statistics) {
    const [μ2, variance2] = [0, 1].map((which) => group.statistics.at([which, ...group.where]));
    return { group, μ: μ2, variance: variance2, stages: [] };
  }
  const μ = mean.value, variance = new Stage("mean", "The variance σ²: the mean of the squared distances to μ.");
  for (const at4 of members(group)) {
    const one3 = x2.at(at4);
    if (one3.kept) variance.add((one3.number - μ) ** 2, () => ["(", one3, " − ", constant("μ", μ), ")²"]);
    else variance.missing++;
  }
  return { group, μ, variance: variance.value, stages: [mean, variance] };
}
var epsilon = ({ op, operands }) => Number(op.static?.eps ?? operands.eps?.plain ?? 1e-5);
function normalise(about) {
  const {
    operands: { x: x2, scale, shift },
    cell
  } = about, eps = epsilon(about), found2 = statistics(about, cell);
  const known3 = { x: x2.at(cell), μ: found2.μ, variance: found2.variance, ε: eps };
  const text2 = scale ? "scale · (x − μ) / √(variance + ε) + shift" : "(x − μ) / √(variance + ε)";
  if (scale) Object.assign(known3, { scale: scale.under(cell), shift: shift.under(cell) });
  const rule2 = (v) => (v.scale ?? 1) * (v.x - v.μ) / Math.sqrt(v.variance + v.ε) + (v.shift ?? 0);
  return {
    formula: `y = ${text2.replace("variance", "σ²")}`,
    stages: [...found2.stages, line("Less the mean, over the spread.", text2, known3, rule2)]
  };
}
function groupStatistics(about) {
  const {
    operands: { x: x2 },
    cell,
    shape
  } = about, [which, sample, group] = cell;
  const width = x2.shape.at(-1) / shape[2], first = [shape[1] === 1 ? 0 : sample, ...x2.shape.slice(1, -1).map(() => 0), group * width];
  const alike2 = {
    ...about,
    op: { ...about.op, name: "group_norm" },
    operands: {
      x: x2,
      statistics: { shape, at: (at4) => ({ cell: at4, number: NaN, kept: false, value: null, name: "statistics" }) }
    }
  };
  const found2 = statistics(alike2, first);
  const formula = which === 0 ? "μ = Σ x / n" : "σ² = Σ (x − μ)² / n";
  if (!found2.stages.length)
    return {
      formula,
      stages: [
        Object.assign(new Stage("mean", `Of ${found2.group.size} numbers, not all of which are kept.`), { missing: 1 })
      ]
    };
  return { formula, stages: which === 0 ? found2.stages.slice(0, 1) : found2.stages };
}
function normaliseAdjoint(about) {
  const {
    op,
    operands: { g, x: x2, scale },
    cell
  } = about, eps = epsilon(about), input = op.name.split(".")[1];
  if (input === "shift") {
    const stage = new Stage(
      "sum",
      "shift was added at every place of its channel, so its gradient is the sum of what arrives there."
    );
    for (const at4 of box(g.shape.map((n, i) => i === g.shape.length - 1 ? [cell[0], cell[0] + 1] : [0, n])))
      stage.product(g.at(at4));
    return { formula: "∂shift = Σ g", stages: [stage] };
  }
  const cache = /* @__PURE__ */ new Map();
  const spread2 = (at4) => {
    const key = groupOf(about, at4).spans.join(";");
    if (!cache.has(key)) cache.set(key, statistics(about, at4));
    return cache.get(key);
  };
  const standard = (at4) => {
    const { μ, variance: variance2 } = spread2(at4);
    return (x2.number(at4) - (μ.number ?? μ)) / Math.sqrt((variance2.number ?? variance2) + eps);
  };
  if (input === "scale") {
    const stage = new Stage(
      "sum",
      "scale multiplied the normalised x̂ at every place of its channel. Each sends its gradient back, times x̂."
    );
    for (const at4 of box(g.shape.map((n, i) => i === g.shape.length - 1 ? [cell[0], cell[0] + 1] : [0, n]))) {
      if (g.has(at4)) stage.product(g.at(at4), constant("x̂", standard(at4)));
      else stage.missing++;
    }
    return { formula: "∂scale = Σ g · x̂, x̂ = (x − μ) / √(σ² + ε)", stages: [stage] };
  }
  const { group, variance } = spread2(cell);
  const h = (at4) => g.number(at4) * (scale ? scale.under(at4).number : 1);
  const means = new Stage("mean", "x moved the mean of its group, so the mean of all h = g · scale comes off.");
  const products = new Stage("mean", "And it moved the spread: the mean of h · x̂.");
  for (const at4 of members(group)) {
    if (!g.has(at4) || !x2.has(at4)) {
      means.missing++;
      products.missing++;
      continue;
    }
    const known4 = scale ? { g: g.at(at4), scale: scale.under(at4), x̂: standard(at4) } : { g: g.at(at4), x̂: standard(at4) };
    means.add(h(at4), () => parts(scale ? "g · scale" : "g", known4));
    products.add(h(at4) * known4.x̂, () => parts(scale ? "g · scale · x̂" : "g · x̂", known4));
  }
  const known3 = {
    h: h(cell),
    mean: means.value,
    x̂: standard(cell),
    product: products.value,
    variance: variance.number ?? variance,
    ε: eps
  };
  return {
    formula: "∂x = (h − mean h − x̂ · mean(h · x̂)) / √(σ² + ε), h = g · scale",
    stages: [
      means,
      products,
      line(
        "What is left of h, over the spread.",
        "(h − mean − x̂ · product) / √(variance + ε)",
        known3,
        (v) => (v.h - v.mean - v.x̂ * v.product) / Math.sqrt(v.variance + v.ε)
      )
    ]
  };
}
function lengthOf(x2, cell, eps) {
  const stage = new Stage("sum", "The squares of the row: their sum is its length, squared.");
  for (let k2 = 0; k2 < x2.shape.at(-1); k2++) {
    const one3 = x2.at([...cell.slice(0, -1), k2]);
    stage.add(one3.number ** 2, () => [one3, "²"]);
  }
  return { stage, length: Math.sqrt(stage.value + eps) };
}
function unitLength(about) {
  const {
    operands: { x: x2 },
    cell
  } = about, { stage } = lengthOf(x2, cell, epsilon(about));
  return {
    formula: "y = x / √(Σ x² + ε)",
    stages: [
      stage,
      line(
        "Over its length, so that the row has length 1.",
        "x / √(total + ε)",
        { x: x2.at(cell), total: stage.value, ε: epsilon(about) },
        (v) => v.x / Math.sqrt(v.total + v.ε)
      )
    ]
  };
}
function unitLengthAdjoint(about) {
  const {
    operands: { g, x: x2, y: y2 },
    cell
  } = about, { length } = lengthOf(x2, cell, epsilon(about));
  const along3 = new Stage(
    "sum",
    "How much of the gradient points along the row: its length is held at 1, so that part can't act."
  );
  for (let k2 = 0; k2 < x2.shape.at(-1); k2++)
    along3.product(g.at([...cell.slice(0, -1), k2]), y2.at([...cell.slice(0, -1), k2]));
  return {
    formula: "∂x = (g − y · Σ g · y) / √(Σ x² + ε)",
    stages: [
      along3,
      line(
        "What is left, over the row's length before.",
        "(g − y · along) / length",
        { g: g.at(cell), y: y2.at(cell), along: along3.value, length },
        (v) => (v.g - v.y * v.along) / v.length
      )
    ]
  };
}

// src/derive/names.js
var NAME2 = /(∂?)([\p{L}_][\p{L}\p{M}\p{Nd}_₀-₉]*)/gu;
var ONE_WORD = /^\S+$/;
function given2(trace, number4) {
  const value2 = trace.values[number4];
  if (!value2) return null;
  if (["clip", "hand"].includes(trace.maker(number4)?.kind)) return null;
  if (value2.role === "gradient") return Number.isInteger(value2.of) ? gradientOf(given2(trace, value2.of)) : null;
  const made3 = trace.maker(number4);
  const only = made3 && made3.kind !== "data" && !made3.module && saysMaker(value2.name, made3);
  return ONE_WORD.test(value2.name) && !only ? value2.name : null;
}
var known = /* @__PURE__ */ new WeakMap();
function namesIn({ values }) {
  if (!known.has(values)) known.set(values, new Set(values.map(({ name }) => name)));
  return known.get(values);
}
var gradientOf = (name) => name === null ? null : `∂L/∂${name}`;
function namesOf(trace, op) {
  const [names, unnamed] = [named(), named()];
  const put = (letter, number4) => {
    if (!Number.isInteger(number4)) return;
    const name = given2(trace, number4);
    names[letter] = name ?? (namesIn(trace).has(letter) ? `${letter}′` : letter);
    if (name === null) unnamed[letter] = trace.values[number4].name;
  };
  const forward = op.kind === "adjoint" ? trace.operations[op.of] : op;
  for (const { operands } of [forward, op]) {
    for (const [letter, { value: value2 }] of Object.entries(operands ?? {})) if (!(letter in names)) put(letter, value2);
  }
  if (op.kind === "adjoint") {
    const input = op.name.slice(op.name.lastIndexOf(".") + 1);
    if (!(input in names)) put(input, trace.values[op.result]?.of);
  }
  if (forward?.kind === "forward") put("y", forward.result);
  if (op.kind === "adjoint" && "g" in unnamed) {
    names.g = gradientOf(names.y ?? "y");
    delete unnamed.g;
  }
  if (op.kind === "clip") put("g", op.operands.gradient?.value);
  return { names, unnamed };
}
function written(formula, { names, unnamed }) {
  const legend3 = /* @__PURE__ */ new Map();
  const text2 = formula.replace(NAME2, (whole2, sign4, letter) => {
    if (!(letter in names)) return whole2;
    const one3 = names[letter] === gradientOf(names.y ?? "y") ? "y" : letter;
    if (one3 in unnamed) legend3.set(names[one3], unnamed[one3]);
    return sign4 ? gradientOf(names[letter]) : names[letter];
  });
  return { text: text2, legend: [...legend3] };
}

// src/derive/products.js
var range2 = (n) => Array.from({ length: n }, (_, i) => i);
var brackets = (cell) => cell.join(", ");
function matmul({ operands: { a: a2, b }, cell }) {
  const batch = cell.slice(0, -2), [i, j] = cell.slice(-2);
  const rows = range2(a2.shape.at(-1)).map((k2) => [a2.under([...batch, i, k2]), b.under([...batch, k2, j])]);
  return {
    formula: "y[i, j] = Σ over k of a[i, k] · b[k, j]",
    stages: [
      sumOf(
        `Row ${i} of ${a2.name} meets column ${j} of ${b.name}: number by number they are multiplied, and the products added.`,
        rows
      )
    ]
  };
}
function matmulAdjoint({ op, operands, names, cell, shape }) {
  const { g, a: a2, b } = operands, input = op.name.split(".")[1];
  const [i, j] = cell.slice(-2), inner2 = g.shape.at(input === "a" ? -1 : -2);
  const lead = shape.slice(0, -2), full = g.shape.slice(0, -2);
  const rows = function* () {
    for (const batch of above(lead, cell.slice(0, -2), full)) {
      for (const k2 of range2(inner2)) {
        yield input === "a" ? [g.under([...batch, i, k2]), b.under([...batch, j, k2])] : [a2.under([...batch, k2, i]), g.under([...batch, k2, j])];
      }
    }
  };
  return input === "a" ? {
    formula: "∂a[i, k] = Σ over j of g[i, j] · b[k, j]",
    stages: [
      sumOf(
        `${names.a}[${i}, ${j}] went into every number of row ${i} of the result, each time multiplied by a number of row ${j} of ${names.b}. Each sends its gradient back, times that number.`,
        rows()
      )
    ]
  } : {
    formula: "∂b[k, j] = Σ over i of a[i, k] · g[i, j]",
    stages: [
      sumOf(
        `${names.b}[${i}, ${j}] went into every number of column ${j} of the result, each time multiplied by a number of column ${i} of ${names.a}. Each sends its gradient back, times that number.`,
        rows()
      )
    ]
  };
}
function linear({ op, operands: { x: x2, w, bias }, cell }) {
  const row2 = cell.slice(0, -1), j = cell.at(-1);
  const stage = sumOf(
    `${row2.length ? `Row ${brackets(row2)} of ${x2.name}` : x2.name} meets column ${j} of ${w.name}, the weights of this unit: number by number they are multiplied, and the products added${bias ? "; then the bias is added" : ""}.`,
    range2(w.shape[0]).map((k2) => [x2.at([...row2, k2]), w.at([k2, j])])
  );
  if (bias) stage.product(bias.at([j]));
  const stages = [stage];
  const activation = op.static?.activation ?? "none";
  if (activation === "relu")
    stages.push(line("What is below 0 becomes 0.", "max(z, 0)", { z: stage.value }, (v) => Math.max(v.z, 0)));
  if (activation === "gelu")
    stages.push(line("Then the activation.", "z · Φ(z)", { z: stage.value }, (v) => geluOf(v.z)));
  return { formula: `y[j] = Σ over k of x[k] · w[k, j]${bias ? " + bias[j]" : ""}`, stages };
}
function linearAdjoint({ op, operands: { g, x: x2, w }, names, cell }) {
  const input = op.name.split(".")[1];
  if (input === "x") {
    const row2 = cell.slice(0, -1), k2 = cell.at(-1);
    return {
      formula: "∂x[k] = Σ over j of g[j] · w[k, j]",
      stages: [
        sumOf(
          `${names.x}[${brackets(cell)}] went into every unit j of the result, each time multiplied by the weight ${names.w}[${k2}, j]. Each sends its gradient back, times that weight.`,
          range2(w.shape[1]).map((j) => [g.at([...row2, j]), w.at([k2, j])])
        )
      ]
    };
  }
  const places2 = () => box(g.shape.slice(0, -1).map((n) => [0, n]));
  const rows = function* () {
    const j = cell.at(-1);
    for (const row2 of places2())
      yield input === "bias" ? [g.at([...row2, j])] : [x2.at([...row2, cell[0]]), g.at([...row2, j])];
  };
  if (input === "bias") {
    return {
      formula: "∂bias[j] = Σ over all rows of g[j]",
      stages: [
        sumOf(
          `${names.bias}[${cell[0]}] was added in every row, so its gradient is the sum of what arrives in column ${cell[0]}.`,
          rows()
        )
      ]
    };
  }
  return {
    formula: "∂w[k, j] = Σ over all rows of x[k] · g[j]",
    stages: [
      sumOf(
        `${names.w}[${brackets(cell)}] was multiplied by ${names.x}[…, ${cell[0]}] in every row. So each row says: the gradient of its result, times what the weight was multiplied by.`,
        rows()
      )
    ]
  };
}
var firstChannel = (o, [, , inner2, outer], groups) => Math.floor(o / (outer / groups)) * inner2;
var settings = ({ op, operands }) => Object.fromEntries(
  ["stride", "padding", "dilation", "groups"].map((name) => {
    const given3 = op.static?.[name] ?? operands[name];
    return [name, given3?.plain ?? given3 ?? (name === "groups" ? 1 : [1, 1])];
  })
);
function convolution(x2, w, cell, { stride, padding, dilation, groups }) {
  const [n, p, q2, o] = cell, first = firstChannel(o, w.shape, groups);
  let outside = 0;
  const rows = [];
  for (const [u, v, c] of box(w.shape.slice(0, 3).map((k2) => [0, k2]))) {
    const i = p * stride[0] + u * dilation[0] - padding[0], j = q2 * stride[1] + v * dilation[1] - padding[1];
    if (i >= 0 && i < x2.shape[1] && j >= 0 && j < x2.shape[2])
      rows.push([x2.at([n, i, j, first + c]), w.at([u, v, c, o])]);
    else outside++;
  }
  const edge = outside ? ` ${outside} numbers of the kernel hang over the edge, where ${x2.name} counts as 0.` : "";
  return sumOf(
    `The kernel of output channel ${o} lies on the patch of ${x2.name} at row ${p * stride[0] - padding[0]}, column ${q2 * stride[1] - padding[1]}: number by number they are multiplied, and the products added.${edge}`,
    rows
  );
}
function inputGradient(g, w, cell, { stride, padding, dilation, groups }) {
  const [n, i, j, c] = cell, [height, width, inner2, outer] = w.shape;
  const group = Math.floor(c / inner2), each3 = outer / groups;
  const rows = [];
  for (const [u, v] of box([
    [0, height],
    [0, width]
  ])) {
    const p = (i + padding[0] - u * dilation[0]) / stride[0], q2 = (j + padding[1] - v * dilation[1]) / stride[1];
    if (!Number.isInteger(p) || !Number.isInteger(q2) || p < 0 || q2 < 0 || p >= g.shape[1] || q2 >= g.shape[2]) continue;
    for (let o = group * each3; o < (group + 1) * each3; o++)
      rows.push([g.at([n, p, q2, o]), w.at([u, v, c - group * inner2, o])]);
  }
  return rows;
}
function weightGradient(say, g, x2, cell, shape, { stride, padding, dilation, groups }) {
  const [u, v, c, o] = cell, first = firstChannel(o, shape, groups), kept3 = Math.min(g.kept[0], x2.kept[0]);
  const stage = sumOf(say, windows());
  stage.missing += (g.shape[0] - kept3) * (stage.count / kept3 || 0);
  return stage;
  function* windows() {
    for (const [n, p, q2] of box([kept3, g.shape[1], g.shape[2]].map((k2) => [0, k2]))) {
      const i = p * stride[0] + u * dilation[0] - padding[0], j = q2 * stride[1] + v * dilation[1] - padding[1];
      if (i >= 0 && i < x2.shape[1] && j >= 0 && j < x2.shape[2]) yield [x2.at([n, i, j, first + c]), g.at([n, p, q2, o])];
    }
  }
}
var CONV = "y[n, p, q, o] = Σ over u, v, c of x[n, p·stride + u·dilation − padding, …, c] · w[u, v, c, o]";
var TO_X = "∂x[n, i, j, c] = Σ g[n, p, q, o] · w[u, v, c, o] over every window (p, q) in which x[n, i, j] lay, under w[u, v]";
var TO_W = "∂w[u, v, c, o] = Σ over n, p, q of x[n, p·stride + u·dilation − padding, …, c] · g[n, p, q, o]";
var conv2d = (about) => ({
  formula: CONV,
  stages: [convolution(about.operands.x, about.operands.w, about.cell, settings(about))]
});
function conv2dAdjoint(about) {
  const {
    op,
    operands: { g, x: x2, w },
    cell,
    shape
  } = about;
  return op.name.endsWith(".x") ? {
    formula: TO_X,
    stages: [
      sumOf(
        "This number lay under the kernel in several windows. Each sends its gradient back, times the kernel's number that lay on it.",
        inputGradient(g, w, cell, settings(about))
      )
    ]
  } : {
    formula: TO_W,
    stages: [
      weightGradient(
        "This number of the kernel was used at every window of every image. Each sends back its gradient, times the pixel that lay under.",
        ...[g, x2, cell, shape, settings(about)]
      )
    ]
  };
}
function transposedConvolution(about) {
  const {
    operands: { g_y, w },
    cell
  } = about;
  return {
    formula: "y[n, i, j, c] = Σ g_y[n, p, q, o] · w[u, v, c, o] over every p·stride + u·dilation − padding = i, and alike for j",
    stages: [
      sumOf(
        "Every number of the small image that reaches this place, times the kernel's number that takes it here.",
        inputGradient(g_y, w, cell, settings(about))
      )
    ]
  };
}
function transposedConvolutionAdjoint(about) {
  const {
    op,
    operands: { g, g_y, w },
    cell,
    shape
  } = about;
  if (op.name.endsWith(".w"))
    return {
      formula: TO_W,
      stages: [
        weightGradient(
          "Every place where this number of the kernel was used.",
          ...[g_y, g, cell, shape, settings(about)]
        )
      ]
    };
  return {
    formula: "∂g_y = the convolution of g with w",
    stages: [convolution(rename(g, "g"), w, cell, settings(about))]
  };
}
var rename = (operand2, name) => Object.assign(Object.create(Object.getPrototypeOf(operand2)), operand2, { name });

// src/derive/rows.js
var along = (cell, axis, k2) => [...cell.slice(0, axis), k2, ...cell.slice(axis + 1)];
var axisOf = ({ op, operands }, shape) => {
  const axis = Number(op.static?.axis ?? operands.axis?.plain ?? -1);
  return axis < 0 ? axis + shape.length : axis;
};
function exponentials(a2, cell, axis, allowed = () => true) {
  const row2 = Array.from({ length: a2.shape[axis] }, (_, k2) => a2.at(along(cell, axis, k2)));
  const open = row2.filter((x2) => allowed(x2.cell));
  const largest2 = open.reduce((m, x2) => Number.isNaN(x2.number) ? NaN : Math.max(m, x2.number), -Infinity);
  const stage = new Stage(
    "sum",
    "exp makes every number of the row positive, the larger the more. (The largest is taken off first: the shares stay, and nothing overflows.)"
  );
  for (const x2 of open)
    stage.add(Math.exp(x2.number - largest2), () => ["exp(", x2, " − ", constant("largest", largest2), ")"]);
  return { row: row2, stage, largest: largest2, of: (x2) => allowed(x2.cell) ? Math.exp(x2.number - largest2) : 0 };
}
function softmax(about) {
  const {
    op,
    operands: { a: a2, mask },
    cell
  } = about, axis = axisOf(about, a2.shape);
  const allowed = mask?.under ? (place) => mask.under(place).number !== 0 : void 0;
  const { stage, of } = exponentials(a2, cell, axis, allowed);
  const own2 = of(a2.at(cell));
  const share3 = op.name === "log_softmax" ? line(
    "And the logarithm of its own share.",
    "ln(own / total)",
    { own: own2, total: stage.value },
    (v) => Math.log(v.own / v.total)
  ) : line(
    "Its own share of that sum.",
    "own / total",
    { own: own2, total: stage.value },
    (v) => v.total ? v.own / v.total : 0
  );
  return {
    formula: op.name === "log_softmax" ? "y = ln(exp(a) / Σ exp(a))" : "y = exp(a) / Σ exp(a)",
    stages: [stage, share3]
  };
}
function softmaxAdjoint(about) {
  const {
    op,
    operands: { g, y: y2 },
    cell
  } = about, axis = axisOf(about, g.shape);
  const row2 = Array.from({ length: g.shape[axis] }, (_, k2) => along(cell, axis, k2));
  if (op.name.startsWith("log_softmax")) {
    const total = new Stage("sum", "The gradients that arrive at the row, added up.");
    for (const at4 of row2) total.product(g.at(at4));
    return {
      formula: "∂a = g − exp(y) · Σ g",
      stages: [
        total,
        line(
          "From its own gradient goes its share of the sum.",
          "g − exp(y) · total",
          { g: g.at(cell), y: y2.at(cell), total: total.value },
          (v) => v.g - Math.exp(v.y) * v.total
        )
      ]
    };
  }
  const mean = new Stage("sum", "The mean gradient of the row, each by its share y.");
  for (const at4 of row2) mean.product(g.at(at4), y2.at(at4));
  return {
    formula: "∂a = y · (g − Σ g · y)",
    stages: [
      mean,
      line(
        "Shares always add up to 1: only what differs from the mean moves them.",
        "y · (g − mean)",
        { g: g.at(cell), y: y2.at(cell), mean: mean.value },
        (v) => v.y * (v.g - v.mean)
      )
    ]
  };
}
function crossEntropies({ operands: { logits, labels }, cell }) {
  const label = labels.at(cell), { stage, of } = exponentials(logits, [...cell, 0], cell.length);
  const own2 = of(logits.at([...cell, label.number]));
  return {
    formula: "y = −ln(exp(logits[label]) / Σ exp(logits))",
    stages: [
      stage,
      line(
        `The right class is ${label.number}. Its share of the sum is how probable the model says it is; the loss is minus the logarithm: 0 if it is sure and right.`,
        "−ln(own / total) for label",
        { own: own2, total: stage.value, label },
        (v) => -Math.log(v.own / v.total)
      )
    ]
  };
}
function crossEntropiesAdjoint({ operands: { g, logits, labels }, cell }) {
  const place = cell.slice(0, -1), k2 = cell.at(-1), label = labels.at(place);
  const { stage, of } = exponentials(logits, cell, cell.length - 1);
  const right = label.number === k2 ? 1 : 0;
  return {
    formula: "∂logits[k] = g · (softmax(logits)[k] − 1 where k is the label, else 0)",
    stages: [
      stage,
      line(
        `The probability of class ${k2}, minus what it should be: ${right ? "1, as it is the label" : `0, as the label is ${label.number}`}.`,
        `g · (own / total − ${right})`,
        { g: g.at(place), own: of(logits.at(cell)), total: stage.value },
        (v) => v.g * (v.own / v.total - right)
      )
    ]
  };
}
function logsumexp({ op, operands, cell }, members2) {
  const { a: a2 } = operands, all = [...members2(cell)].map((at4) => a2.at(at4));
  const largest2 = Math.max(...all.map((x2) => x2.number)), m = Number.isFinite(largest2) ? largest2 : 0;
  const stage = new Stage("sum", "The exponentials, without their largest, which is added again below.");
  for (const x2 of all) stage.add(Math.exp(x2.number - m), () => ["exp(", x2, " − ", constant("largest", m), ")"]);
  return {
    formula: `y = ln Σ exp(a)`,
    stages: [
      stage,
      line("", "ln(total) + largest", { total: stage.value, largest: m }, (v) => Math.log(v.total) + v.largest)
    ],
    op
  };
}

// src/derive/reductions.js
function reduced({ op, operands }, shape) {
  const axis = op.static && "axis" in op.static ? op.static.axis : operands.axis?.plain ?? operands.axis ?? null;
  const axes = axis === null || axis === void 0 ? shape.map((_, i) => i) : [axis].flat().map((i) => i < 0 ? i + shape.length : i);
  const keepdims = Boolean(op.static?.keepdims ?? operands.keepdims?.plain ?? operands.keepdims);
  return { axes: new Set(axes), keepdims };
}
var from = (about, shape, cell) => box(spansOf(about, shape, cell));
function spansOf(about, shape, cell) {
  const { axes, keepdims } = reduced(about, shape);
  const rest = keepdims ? cell.filter((_, i) => !axes.has(i)) : [...cell];
  return shape.map((n, i) => axes.has(i) ? [0, n] : ((k2) => [k2, k2 + 1])(rest.shift()));
}
function to(about, shape, cell) {
  const { axes, keepdims } = reduced(about, shape);
  return cell.flatMap((k2, i) => axes.has(i) ? keepdims ? [0] : [] : [k2]);
}
var count = (about, shape) => [...reduced(about, shape).axes].reduce((n, axis) => n * shape[axis], 1);
var WORDS2 = {
  sum: ["sum", "y = Σ a", "All of them added up."],
  mean: ["mean", "y = Σ a / n", "All of them added up, over how many they are."],
  max: ["max", "y = the largest a", "The largest of them."],
  min: ["min", "y = the smallest a", "The smallest of them."],
  prod: ["product", "y = Π a", "All of them multiplied."]
};
function reduction(about) {
  const {
    op,
    operands: { a: a2 },
    cell
  } = about;
  if (op.name === "logsumexp") return logsumexp(about, (at4) => from(about, a2.shape, at4));
  const [join, formula, say] = WORDS2[op.name], stage = new Stage(join, say);
  stage.numbersOf(a2, spansOf(about, a2.shape, cell));
  return { formula, stages: [stage] };
}
function reductionAdjoint(about) {
  const { op, operands, cell, shape } = about, { g, a: a2, y: y2 } = operands, name = op.name.split(".")[0];
  const at4 = to(about, shape, cell), arrived = g.at(at4);
  const extreme = name === "max" || name === "min";
  if (name === "sum")
    return {
      formula: "∂a = g",
      stages: [
        line(
          "Each number of a sum moves it as much as it moves itself: the gradient goes back to all alike.",
          "g",
          { g: arrived },
          (v) => v.g
        )
      ]
    };
  if (name === "mean")
    return {
      formula: "∂a = g / n",
      stages: [
        line(
          "Each of the n numbers moves the mean by 1/n of what it moves itself.",
          "g / n",
          { g: arrived, n: count(about, shape) },
          (v) => v.g / v.n
        )
      ]
    };
  if (name === "logsumexp")
    return {
      formula: "∂a = g · exp(a − y)",
      stages: [
        line("", "g · exp(a − y)", { g: arrived, a: a2.at(cell), y: y2.at(at4) }, (v) => v.g * Math.exp(v.a - v.y))
      ]
    };
  if (extreme) {
    const ties = [...from(about, shape, at4)].filter((place) => a2.number(place) === y2.number(at4)).length;
    return {
      formula: "∂a = g where a is y, shared among equals; else 0",
      stages: [
        line(
          a2.number(cell) === y2.number(at4) ? "This is the one that was taken." : "Another one was taken, so this one changes nothing.",
          `g where a is y, else 0${ties > 1 ? ` (shared among ${ties})` : ""}`,
          { g: arrived, a: a2.at(cell), y: y2.at(at4) },
          (v) => v.a === v.y ? v.g / ties : 0
        )
      ]
    };
  }
  const others2 = new Stage("product", "The product of all the others.");
  for (const place of from(about, shape, at4)) if (place.some((k2, i) => k2 !== cell[i])) others2.product(a2.at(place));
  return {
    formula: "∂a = g · the product of the others",
    stages: [others2, line("", "g · others", { g: arrived, others: others2.value }, (v) => v.g * v.others)]
  };
}
function norm(about) {
  const {
    op,
    operands: { a: a2 },
    cell
  } = about, p = op.static.ord, stage = new Stage("sum", `The sizes to the power ${p}, added up.`);
  for (const at4 of from(about, a2.shape, cell)) {
    const one3 = a2.at(at4);
    stage.add(Math.abs(one3.number) ** p, () => ["|", one3, `|^${p}`]);
  }
  return {
    formula: "y = (Σ |a|^p)^(1/p)",
    stages: [stage, line("", "total ^ (1/p)", { total: stage.value, p }, (v) => v.total ** (1 / v.p))]
  };
}
function normAdjoint(about) {
  const {
    operands: { g, a: a2, y: y2, ord },
    cell,
    shape
  } = about, at4 = to(about, shape, cell), p = ord?.plain ?? 2;
  return {
    formula: "∂a = g · sign(a) · (|a| / y)^(p − 1)",
    stages: [
      line(
        "",
        "g · sign(a) · (|a| / y) ^ (p − 1)",
        { g: g.at(at4), a: a2.at(cell), y: y2.at(at4), p },
        (v) => v.g * Math.sign(v.a) * (Math.abs(v.a) / (v.y || 1)) ** (v.p - 1)
      )
    ]
  };
}
function cumsum({ op, operands, cell }) {
  const back = op.kind === "adjoint", x2 = back ? operands.g : operands.a, given3 = op.static?.axis ?? operands.axis?.plain;
  if (given3 === null || given3 === void 0) return null;
  const axis = given3 < 0 ? given3 + cell.length : given3;
  const spans = cell.map((k2, i) => i === axis ? back ? [k2, x2.shape[axis]] : [0, k2 + 1] : [k2, k2 + 1]);
  return back ? {
    formula: "∂a[j] = Σ of g[i] over i ≥ j",
    stages: [
      sumOf(
        "It is part of every sum from here on.",
        [...box(spans)].map((at4) => [x2.at(at4)])
      )
    ]
  } : {
    formula: "y[i] = Σ of a[j] over j ≤ i",
    stages: [
      sumOf(
        "All up to here.",
        [...box(spans)].map((at4) => [x2.at(at4)])
      )
    ]
  };
}
var settings2 = ({ op, operands }) => ["size", "stride", "padding"].map((name) => op.static?.[name] ?? operands[name]?.plain ?? operands[name]);
function* windowOf([n, p, q2, c], [size2, stride, padding], shape) {
  for (const [u, v] of box([
    [0, size2[0]],
    [0, size2[1]]
  ])) {
    const i = p * stride[0] + u - padding[0], j = q2 * stride[1] + v - padding[1];
    if (i >= 0 && j >= 0 && i < shape[1] && j < shape[2]) yield [n, i, j, c];
  }
}
function* windowsOver([n, i, j, c], [size2, stride, padding], shape) {
  for (const [u, v] of box([
    [0, size2[0]],
    [0, size2[1]]
  ])) {
    const p = (i + padding[0] - u) / stride[0], q2 = (j + padding[1] - v) / stride[1];
    if (Number.isInteger(p) && Number.isInteger(q2) && p >= 0 && q2 >= 0 && p < shape[1] && q2 < shape[2])
      yield [n, p, q2, c];
  }
}
function pool(about) {
  const {
    op,
    operands: { x: x2, bias },
    cell
  } = about, how = settings2(about);
  const stage = new Stage(
    op.name === "average_pool2d" ? "sum" : "max",
    op.name === "average_pool2d" ? "The window's numbers, added up." : "The largest of the window."
  );
  for (const at4 of windowOf(cell, how, x2.shape)) {
    if (bias) {
      const one3 = x2.at(at4), more = bias.at([at4[3]]);
      stage.add(one3.number + more.number, () => [one3, " + ", more]);
    } else stage.product(x2.at(at4));
  }
  if (op.name === "average_pool2d") {
    const n = how[0][0] * how[0][1];
    return {
      formula: "y = Σ x / n, n the size of the window",
      stages: [stage, line("", "total / n", { total: stage.value, n }, (v) => v.total / v.n)]
    };
  }
  const stages = [stage];
  if (op.static?.activation === "relu")
    stages.push(line("What is below 0 becomes 0.", "max(z, 0)", { z: stage.value }, (v) => Math.max(v.z, 0)));
  return { formula: bias ? "y = the largest x + bias of the window" : "y = the largest x of the window", stages };
}
function poolAdjoint(about) {
  const {
    op,
    operands: { g, x: x2, bias, y: y2, activation },
    cell,
    shape
  } = about, how = settings2(about), input = op.name.split(".")[1];
  if (op.name.startsWith("average_pool2d")) {
    const n = how[0][0] * how[0][1];
    return {
      formula: "∂x = Σ of g / n over the windows it lay in",
      stages: [
        sumOf(
          "Each window that it lay in sends back its gradient, over the window's size.",
          [...windowsOver(cell, how, g.shape)].map((at4) => [g.at(at4), constant("1/n", 1 / n)])
        )
      ]
    };
  }
  if (input === "bias") {
    const stage2 = new Stage("sum", "The bias was added everywhere in its channel.");
    for (const at4 of box(g.shape.map((k2, i) => i === 3 ? [cell[0], cell[0] + 1] : [0, k2]))) {
      if (activation !== "relu" || y2.number(at4) > 0) stage2.product(g.at(at4));
    }
    return { formula: "∂bias = Σ g", stages: [stage2] };
  }
  const stage = new Stage(
    "sum",
    "Every window in which this number was the largest sends its gradient back here; all others nothing."
  );
  for (const at4 of windowsOver(cell, how, g.shape)) {
    const first = [...windowOf(at4, how, shape)].reduce(
      (best, place) => x2.number(place) > x2.number(best) ? place : best
    );
    const open = activation !== "relu" || x2.number(cell) + (bias?.number([cell[3]]) ?? 0) > 0;
    if (first.every((k2, i) => k2 === cell[i]) && open) stage.product(g.at(at4));
  }
  return { formula: "∂x = Σ of g over the windows in which x was the largest", stages: [stage] };
}

// src/update.js
var { sqrt: sqrt2, max: max2, min: min2 } = Math;
var DECAY = ["g", "gradient, with weight decay", "g + λ · θ", (v) => v.g + v.λ * v.θ];
var NEW = (formula, rule2) => ["θ", "new weight", formula, rule2];
var METHODS = {
  gradient_descent_update: () => [
    DECAY,
    ["step", "how far the weight moves", "η · g", (v) => v.η * v.g],
    NEW("θ − step", (v) => v.θ - v.step)
  ],
  momentum_update: ({ nesterov }) => [
    DECAY,
    ["u", "velocity: past gradients, each weighing μ times the next", "μ · u + g", (v) => v.μ * v.u + v.g],
    nesterov ? ["step", "how far the weight moves, looking ahead", "η · (g + μ · u)", (v) => v.η * (v.g + v.μ * v.u)] : ["step", "how far the weight moves", "η · u", (v) => v.η * v.u],
    NEW("θ − step", (v) => v.θ - v.step)
  ],
  adagrad_update: () => [
    DECAY,
    ["s", "sum of all squared gradients", "s + g²", (v) => v.s + v.g ** 2],
    [
      "step",
      "how far the weight moves: less where gradients were large",
      "η · g / (√s + ε)",
      (v) => v.η * v.g / (sqrt2(v.s) + v.ε)
    ],
    NEW("θ − step", (v) => v.θ - v.step)
  ],
  adadelta_update: () => [
    DECAY,
    ["v", "running mean of the squared gradient", "ρ · v + (1 − ρ) · g²", (x2) => x2.ρ * x2.v + (1 - x2.ρ) * x2.g ** 2],
    [
      "d",
      "change: in the unit of the weight",
      "g · √(w + ε) / √(v + ε)",
      (x2) => x2.g * sqrt2(x2.w + x2.ε) / sqrt2(x2.v + x2.ε)
    ],
    ["w", "running mean of the squared change", "ρ · w + (1 − ρ) · d²", (x2) => x2.ρ * x2.w + (1 - x2.ρ) * x2.d ** 2],
    ["step", "how far the weight moves", "η · d", (x2) => x2.η * x2.d],
    NEW("θ − step", (x2) => x2.θ - x2.step)
  ],
  rmsprop_update: ({ centered, momentum }) => [
    DECAY,
    ["v", "running mean of the squared gradient", "α · v + (1 − α) · g²", (x2) => x2.α * x2.v + (1 - x2.α) * x2.g ** 2],
    ...centered ? [
      ["m", "running mean of the gradient", "α · m + (1 − α) · g", (x2) => x2.α * x2.m + (1 - x2.α) * x2.g],
      ["s", "its variance: how much the gradient varies", "v − m²", (x2) => max2(x2.v - x2.m ** 2, 0)],
      ["d", "change: the gradient over its deviation", "g / (√s + ε)", (x2) => x2.g / (sqrt2(x2.s) + x2.ε)]
    ] : [["d", "change: the gradient over its usual size", "g / (√v + ε)", (x2) => x2.g / (sqrt2(x2.v) + x2.ε)]],
    ...momentum ? [["u", "velocity", "μ · u + d", (x2) => x2.μ * x2.u + x2.d]] : [],
    momentum ? ["step", "how far the weight moves", "η · u", (x2) => x2.η * x2.u] : ["step", "how far the weight moves", "η · d", (x2) => x2.η * x2.d],
    NEW("θ − step", (x2) => x2.θ - x2.step)
  ],
  adam_update: ({ decoupled, largest: largest2 }) => [
    ...decoupled ? [["θ", "weight, decayed by itself", "θ − η · λ · θ", (x2) => x2.θ - x2.η * x2.λ * x2.θ]] : [DECAY],
    [
      "m",
      "first moment: running mean of the gradient",
      "β₁ · m + (1 − β₁) · g",
      (x2) => x2["β₁"] * x2.m + (1 - x2["β₁"]) * x2.g
    ],
    [
      "v",
      "second moment: running mean of its square",
      "β₂ · v + (1 − β₂) · g²",
      (x2) => x2["β₂"] * x2.v + (1 - x2["β₂"]) * x2.g ** 2
    ],
    ...largest2 ? [["ṽ", "the largest second moment so far", "the larger of ṽ and v", (x2) => max2(x2.ṽ, x2.v)]] : [],
    ["m̂", "first moment, corrected for its start at 0", "m / (1 − β₁ ^ t)", (x2) => x2.m / (1 - x2["β₁"] ** x2.t)],
    largest2 ? ["v̂", "second moment, corrected for its start at 0", "ṽ / (1 − β₂ ^ t)", (x2) => x2.ṽ / (1 - x2["β₂"] ** x2.t)] : ["v̂", "second moment, corrected for its start at 0", "v / (1 − β₂ ^ t)", (x2) => x2.v / (1 - x2["β₂"] ** x2.t)],
    [
      "step",
      "how far the weight moves: η times the mean gradient over its usual size",
      "η · m̂ / (√v̂ + ε)",
      (x2) => x2.η * x2["m̂"] / (sqrt2(x2["v̂"]) + x2.ε)
    ],
    NEW("θ − step", (x2) => x2.θ - x2.step)
  ]
};
var STATE = {
  __proto__: null,
  // an optimizer of the user's names its state as it likes
  velocity: "u",
  square_sum: "s",
  square: "v",
  change_square: "w",
  mean: "m",
  largest: "ṽ"
};
var CLIPS = {
  hand: ["g", "changed by your code, by hand", "changed", (v) => v.changed],
  clip_by_norm: [
    "g",
    "clipped: all gradients together are no longer than the limit",
    "g · min(1, limit / norm)",
    (v) => v.g * min2(1, v.limit / v.norm)
  ],
  clip_by_layer: [
    "g",
    "clipped: this array's gradient is no longer than the limit",
    "g · min(1, limit / norm)",
    (v) => v.g * min2(1, v.limit / v.norm)
  ],
  clip_by_value: [
    "g",
    "clipped: held within the limit",
    "min(max(g, −limit), limit)",
    (v) => min2(max2(v.g, -v.limit), v.limit)
  ]
};
function symbols({ lr: lr2, momentum, weight_decay, alpha, rho, eps, betas, step }) {
  return {
    η: lr2,
    λ: weight_decay ?? 0,
    μ: momentum ?? 0,
    α: alpha,
    ρ: rho,
    ε: eps,
    "β₁": betas?.[0],
    "β₂": betas?.[1],
    t: step
  };
}
var isKnown = (update2) => Object.hasOwn(METHODS, update2.operation);
function lines(operation, given3, settings3, changes = []) {
  const method = METHODS[operation];
  if (!method) return [];
  const variant = {
    ...settings3,
    centered: settings3.centered && "m" in given3,
    momentum: settings3.momentum && "u" in given3,
    largest: "ṽ" in given3
  };
  const known3 = { ...given3, ...symbols(settings3) };
  const found2 = [];
  const run = ([symbol, words, formula, rule2], made3) => {
    const value2 = rule2(numbers(known3));
    found2.push({ symbol, words, formula, parts: parts(formula, known3), value: value2, made: made3 });
    known3[symbol] = value2;
  };
  for (const { name, made: made3, ...told2 } of changes) {
    Object.assign(known3, told2);
    if (known3.norm === 0) known3.norm = Number.MIN_VALUE;
    if (CLIPS[name]) run(CLIPS[name], made3);
  }
  for (const line3 of method(variant)) if (line3 !== DECAY || known3.λ) run(line3);
  return found2;
}
var stateOf = (update2) => Object.entries(update2.state).flatMap(
  ([name, [before, after]]) => STATE[name] ? [[STATE[name], name, before, after]] : []
);
function weightOf(trace, update2, cell) {
  const given3 = [["θ", update2.before], ["g", update2.gradient], ...stateOf(update2).map(([s2, , before]) => [s2, before])];
  return Object.fromEntries(given3.map(([symbol, number4]) => [symbol, at2(trace, symbol, number4, cell)]));
}
var at2 = (trace, name, value2, cell) => ({ name, value: value2, cell, number: trace.array(value2).get(cell), kept: true });
function chain(trace, { gradient, clipped }) {
  const found2 = [];
  let made3 = clipped ?? gradient;
  while (made3 !== gradient) {
    const operation = trace.maker(made3);
    if (!operation || operation.number >= found2[0]?.operation.number) break;
    const from2 = (operation.operands.gradient ?? operation.operands.before)?.value ?? gradient;
    found2.unshift({ operation, from: from2, made: made3 });
    made3 = from2;
  }
  return found2;
}
function changesOf(trace, update2, cell) {
  return chain(trace, update2).map(
    ({ operation: { kind, name, static: told2 }, made: made3 }) => kind === "hand" ? { made: made3, name: kind, changed: at2(trace, "changed", made3, cell) } : { made: made3, name, limit: Number(told2.limit), norm: Number(told2.norm) }
  );
}
function settingsOf({ settings: settings3 }) {
  const plain2 = (x2) => Array.isArray(x2) ? x2.map(Number) : typeof x2 === "string" ? Number(x2) : x2;
  return Object.fromEntries(Object.entries(settings3).map(([name, x2]) => [name, plain2(x2)]));
}

// src/derive/step.js
function accumulate({ trace, op, operands: { total, g }, cell }) {
  const [say, formula] = op.gathers ? [
    "The gradient held something from before this backward pass: that, and what this pass brought.",
    "gradient ← what it held + what this pass brought"
  ] : [
    "The value was used more than once. Each use sends a gradient back, and they add up: this is the sum so far, and the next one.",
    "∂L/∂x = Σ over its uses of what each sends back"
  ];
  const stage = new Stage("sum", say);
  for (const x2 of [total, g].map((one3) => one3.at(cell))) stage.product({ ...x2, name: trace.values[x2.value].name });
  return { formula, stages: [stage] };
}
function write({ operands: { value: value2 }, cell }) {
  return {
    formula: "target ← value",
    stages: [line("Written over what stood there.", "value", { value: value2.under(cell) }, (v) => v.value)]
  };
}
var IN_PLACE = {
  "add in place": ["target + value", (v) => v.target + v.value],
  "subtract in place": ["target − value", (v) => v.target - v.value],
  "multiply in place": ["target · value", (v) => v.target * v.value],
  "divide in place": ["target / value", (v) => v.target / v.value]
};
var isInPlace = (name) => Object.hasOwn(IN_PLACE, name);
function inPlace({ op, operands: { target, value: value2 }, cell }) {
  const [formula, rule2] = IN_PLACE[op.name];
  const known3 = { target: target.at(cell), value: value2.under(cell) };
  return { formula: `target ← ${formula}`, stages: [line("Written over what stood there.", formula, known3, rule2)] };
}
function totalNorm({ trace, operands }) {
  const stage = new Stage("sum", "Of each gradient the squares, added up.");
  for (const g of Object.values(operands)) {
    const { name } = trace.values[g.value];
    const sum = g.data.reduce((n, x2) => n + x2 * x2, 0);
    stage.add(sum, () => ["Σ ", { name, value: g.value, cell: null, number: null, kept: true }, "²"]);
  }
  return {
    formula: "norm = √Σ g², over every number of every gradient",
    stages: [
      stage,
      line("The root of it is their length together.", "√total", { total: stage.value }, (v) => Math.sqrt(v.total))
    ]
  };
}
var CLIPS2 = {
  clip_by_norm: "All gradients together are as long as the norm. Where that is more than the limit, all are shortened alike, so that the direction stays.",
  clip_by_layer: "This array's gradient is as long as the norm. Where that is more than the limit it is shortened.",
  clip_by_value: "What is beyond the limit is cut off there, each number by itself."
};
function clip({ op, operands: { gradient }, names, cell }) {
  const known3 = {
    g: { ...gradient.at(cell), name: names.g },
    limit: Number(op.static.limit),
    norm: Number(op.static.norm)
  };
  return op.name === "clip_by_value" ? {
    formula: "g ← min(max(g, −limit), limit)",
    stages: [
      line(CLIPS2[op.name], "min(max(g, −limit), limit)", known3, (v) => Math.min(Math.max(v.g, -v.limit), v.limit))
    ]
  } : {
    formula: "g ← g · min(1, limit / norm)",
    stages: [
      line(
        CLIPS2[op.name],
        "g · min(1, limit / norm)",
        known3,
        (v) => v.g * (v.norm > 0 ? Math.min(1, v.limit / v.norm) : 1)
      )
    ]
  };
}
function update({ trace, op, cell, number: number4 }) {
  const one3 = trace.updates.find(
    (u) => u.after === number4 || Object.values(u.state).some(([, after]) => after === number4)
  );
  if (!one3 || !isKnown(one3)) return null;
  const state = stateOf(one3).find(([, , , after]) => after === number4);
  const symbol = op.phase === "moments" ? state?.[0] : "θ";
  const weight = weightOf(trace, one3, cell);
  const clipped = one3.clipped ?? one3.gradient;
  weight.g = new Operand(trace, "g", clipped).at(cell);
  const all = lines(one3.operation, weight, settingsOf(one3));
  const last2 = all.findLastIndex((l) => l.symbol === symbol);
  const made3 = all.slice(0, last2 + 1);
  const stages = made3.map(({ symbol: name, words, parts: parts2, value: value2 }) => single(`${name}, ${words}`, parts2, value2));
  const formula = made3.map((l) => `${l.symbol} ← ${l.formula}`).join(",  ");
  const legend3 = [
    ["θ", one3.name],
    ["g", trace.values[clipped].name]
  ];
  return { formula, stages, legend: legend3 };
}

// src/derive.js
var FORWARD = {
  matmul,
  linear,
  conv2d,
  conv2d_input_gradient: transposedConvolution,
  attention,
  softmax,
  masked_softmax: softmax,
  log_softmax: softmax,
  cross_entropies: crossEntropies,
  layer_norm: normalise,
  group_norm: normalise,
  standardise: normalise,
  group_statistics: groupStatistics,
  unit_length: unitLength,
  ...each(["sum", "mean", "max", "min", "prod", "logsumexp"], reduction),
  norm,
  cumsum,
  ...each(["max_pool2d", "bias_max_pool2d", "average_pool2d"], pool),
  concatenate: joined,
  stack: joined,
  scatter_add: scatterAdd,
  embedding_bag: embeddingBag
};
var ADJOINT = {
  matmul: matmulAdjoint,
  linear: linearAdjoint,
  conv2d: conv2dAdjoint,
  conv2d_input_gradient: transposedConvolutionAdjoint,
  attention: attentionAdjoint,
  softmax: softmaxAdjoint,
  masked_softmax: softmaxAdjoint,
  log_softmax: softmaxAdjoint,
  cross_entropies: crossEntropiesAdjoint,
  layer_norm: normaliseAdjoint,
  group_norm: normaliseAdjoint,
  standardise: normaliseAdjoint,
  unit_length: unitLengthAdjoint,
  ...each(["sum", "mean", "max", "min", "prod", "logsumexp"], reductionAdjoint),
  norm: normAdjoint,
  cumsum,
  ...each(["max_pool2d", "bias_max_pool2d", "average_pool2d"], poolAdjoint),
  concatenate: joinedAdjoint,
  stack: joinedAdjoint,
  embedding_bag: embeddingBag
};
function each(names, rule2) {
  return Object.fromEntries(names.map((name) => [name, rule2]));
}
function ruleOf(op) {
  const name = op.name.split(".")[0];
  if (op.kind === "forward")
    return own(FORWARD, name) ?? (isElementwise(name) ? elementwise : isMove(name) ? move : null);
  if (op.kind === "adjoint")
    return own(ADJOINT, name) ?? (isElementwise(name) ? elementwiseAdjoint : isMove(name) ? moveAdjoint : null);
  if (op.name === "write") return write;
  if (isInPlace(op.name)) return inPlace;
  if (op.phase === "moments" || op.phase === "update") return update;
  return { accumulate, norm: totalNorm, clip }[op.kind] ?? null;
}
var own = (table, name) => Object.hasOwn(table, name) ? table[name] : null;
function derive(trace, number4, cell, operation = null) {
  const op = operation ?? makerOf(trace, number4);
  if (!op) return null;
  const rule2 = ruleOf(op);
  if (!rule2) return null;
  const called = namesOf(trace, op);
  const operands = operandsOf(trace, op, called.names);
  complete(trace, op, operands);
  const found2 = rule2({ trace, op, operands, names: called.names, cell, number: number4, shape: trace.values[number4].shape });
  if (!found2) return null;
  const missing2 = found2.stages.reduce((sum, stage) => sum + stage.missing, 0);
  const { text: formula, legend: legend3 } = written(found2.formula, called);
  return {
    operation: op,
    ...found2,
    formula,
    legend: [...legend3, ...found2.legend ?? []],
    value: found2.stages.at(-1).value,
    recorded: trace.array(number4).get(cell),
    missing: missing2
  };
}
function makerOf(trace, number4) {
  const { by } = trace.values[number4];
  return by === null || by === void 0 ? null : trace.operations[by];
}
function complete(trace, op, operands) {
  if (op.kind !== "forward") return;
  const adjoint = trace.adjoints[op.number].find(({ kind }) => kind === "adjoint");
  if (!adjoint) return;
  for (const [name, operand2] of Object.entries(operandsOf(trace, adjoint))) {
    if (!(name in operands) && name !== "g" && name !== "y" && operand2?.data && !(operand2 instanceof Plain))
      operands[name] = operand2;
  }
}

// src/follow.js
var TRIES = 256;
var TERMS = 2e4;
var same = (a2, b) => a2.length === b.length && a2.every((k2, i) => k2 === b[i]);
function weightIn(trace, weight) {
  const [i, ...cell] = Array.isArray(weight) ? weight : [null];
  const one3 = trace.updates[i];
  return one3 && trace.array(one3.before).has(cell) ? weight : null;
}
function updateName({ updates }, i) {
  const { name } = updates[i];
  const before = updates.slice(0, i).filter((one3) => one3.name === name).length;
  return before ? `${name} (update ${before + 1})` : name;
}
var weightText = (trace, [i, ...cell]) => `${updateName(trace, i)}[${cell.join(",")}]`;
function weightOfText(trace, text2) {
  const [, name, cell] = /^([^]*)\[([\d, ]*)\]$/.exec(text2) ?? [];
  const i = trace.updates.findIndex((_, k2) => updateName(trace, k2) === name);
  return i < 0 ? null : weightIn(trace, [i, ...cell.split(",").filter(Boolean).map(Number)]);
}
var owners = /* @__PURE__ */ new WeakMap();
function ownerOf(trace, number4) {
  if (!owners.has(trace)) {
    const found2 = /* @__PURE__ */ new Map();
    trace.updates.forEach(({ before, gradient, clipped, after, state }, i) => {
      for (const n of [before, gradient, clipped, after, ...Object.values(state).flat()])
        if (Number.isInteger(n) && !found2.has(n)) found2.set(n, i);
    });
    const of = new Map(trace.updates.map(({ before }, i) => [before, i]));
    for (const value2 of trace.values)
      if (value2.role === "gradient" && of.has(value2.of)) found2.set(value2.number, of.get(value2.of));
    for (const { kind, operands, result } of trace.operations)
      if (kind === "hand" && found2.has(operands.before?.value) && !found2.has(result))
        found2.set(result, found2.get(operands.before.value));
    owners.set(trace, found2);
  }
  return owners.get(trace).get(number4) ?? -1;
}
function exampleIn(trace, number4) {
  const one3 = trace.updates[ownerOf(trace, number4)];
  const told2 = one3 && exampleCell(trace.array(one3.gradient));
  return told2 && trace.array(number4).has(told2) ? told2 : exampleCell(trace.array(number4));
}
function lookAt(trace, weight, operation) {
  const [i, ...cell] = weight;
  const one3 = trace.updates[i];
  const made3 = resultValues(operation).map(([, n]) => n);
  const own2 = (n) => trace.updates[ownerOf(trace, n)]?.name === one3.name;
  const mine = made3.includes(one3.after) ? one3.after : made3.find(own2);
  if (mine !== void 0 && trace.array(mine).has(cell)) return { value: mine, cell };
  const read = operandValues(operation).find(([, n]) => own2(n))?.[1];
  if (read !== void 0 && operation.kind !== "after" && operation.result !== null) {
    const at4 = partTaken(trace, operation, read, cell);
    if (at4) return { value: operation.result, cell: at4 };
  }
  const states = Object.values(one3.state).map(([, after]) => after);
  const changed = chain(trace, one3).map(({ made: made4 }) => made4);
  const latest = [one3.after, ...states, ...changed.reverse(), one3.gradient].find(
    (n) => trace.maker(n) && trace.maker(n).number < operation.number
  );
  return { value: latest ?? one3.before, cell };
}
function partTaken(trace, operation, value2, cell) {
  const { shape } = trace.array(operation.result);
  const last2 = shape.length - 1;
  const column = cell.at(-1);
  const across = shape.length && shape[last2] === trace.values[value2].shape.at(-1);
  const spans = shape.map((n, axis) => axis === last2 && across ? [column, column + 1] : [0, n]);
  let [tries, terms, found2] = [0, 0, null];
  for (const at4 of box(spans)) {
    if (tries++ === TRIES || terms > TERMS) break;
    const derivation2 = derive(trace, operation.result, at4, operation);
    terms += derivation2?.stages.reduce((n, stage) => n + stage.count, 0) ?? 0;
    const term = termWith(derivation2, value2, cell);
    if (term?.value) return at4;
    if (term) found2 ??= at4;
  }
  return found2;
}
function termWith(derivation2, value2, cell) {
  const is = (part) => part?.value === value2 && (part.cell === null || same(part.cell, cell));
  for (const { terms } of derivation2?.stages ?? []) {
    const term = terms.find(({ parts: parts2 }) => parts2.some(is));
    if (term) return term;
  }
  return null;
}
function stations(trace, weight) {
  const [i, ...cell] = weight;
  const one3 = trace.updates[i];
  const at4 = (number4) => trace.array(number4).get(cell);
  const reads = ({ operation, name }) => operation.kind === "forward" && name && operation.phase !== "backward";
  const first = trace.readers[one3.before].find(reads)?.operation;
  const moments = Object.values(one3.state)[0]?.[1];
  const stepped = trace.operations.find(({ phase, result }) => phase === "update" && result === one3.after);
  const ended = trace.operations.find((op) => op.kind === "after" && Object.hasOwn(op.operands, one3.name));
  const now = ended && (Object.hasOwn(ended.also ?? {}, one3.name) ? ended.also[one3.name] : ended.result);
  const changes = chain(trace, one3).map(({ operation, from: from2, made: made3 }) => ({
    ...{ name: operation.kind === "hand" ? "changed" : "clipped", operation },
    ...{ before: at4(from2), number: at4(made3) }
  }));
  const found2 = [
    { name: "forward", number: at4(one3.before), operation: first },
    { name: "gradient", number: at4(one3.gradient), operation: trace.maker(one3.gradient) },
    ...changes,
    { name: "moments", number: moments === void 0 ? null : at4(moments), operation: trace.maker(moments ?? -1) },
    { name: "step", number: at4(one3.after) - at4(one3.before), operation: stepped },
    { name: "new value", number: ended && at4(now), operation: ended }
  ];
  return found2.filter(({ operation }) => operation).map(({ operation, ...station }) => ({ ...station, op: operation.number, ...lookAt(trace, weight, operation) }));
}
var reached = (list2, op) => list2.findLastIndex((station) => station.op <= op);
function suggested(store) {
  const { trace, update: update2, state } = store;
  if (update2 === null) return null;
  const one3 = trace.updates[update2];
  const chosen = state.cell && ownerOf(trace, store.value) === update2 ? state.cell : null;
  const cell = chosen ?? exampleCell(trace.array(one3.gradient));
  return cell && [update2, ...cell];
}
var isFollowed = ({ state }, weight) => state.weight !== null && state.weight.join() === weight.join();
function toStation(store, by) {
  const { trace, state } = store;
  if (state.weight === null) {
    const weight = suggested(store);
    if (weight) store.followWeight(weight);
    return;
  }
  const list2 = stations(trace, state.weight);
  const at4 = reached(list2, state.op);
  const next = by < 0 && list2[at4]?.op < state.op ? at4 : at4 + by;
  const station = list2[Math.min(Math.max(next, 0), list2.length - 1)];
  if (station) goTo(store, station);
}
var goTo = (store, { op, value: value2, cell }) => store.set({ op, value: value2, cell, playing: false });

// src/repeats.js
var holds = ({ first, last: last2 }, op) => first <= op && op <= last2;
var repeatAt = (trace, op) => trace.repeats.find((repeat) => holds(repeat, op)) ?? null;
var timeAt = ({ starts }, op) => starts.findLastIndex((start) => start <= op);
var timeSpan = ({ starts, last: last2 }, time) => [starts[time], starts[time + 1] ?? last2 + 1];
function beyond(trace, op, by) {
  const repeat = repeatAt(trace, op);
  const next = repeat && (by > 0 ? repeat.last + 1 : repeat.first - 1);
  return trace.operations[next] ? next : null;
}
var timesTold = ({ starts }) => `${starts.length} times`;
var placeTold = (repeat, op) => `the ${ordinal(timeAt(repeat, op) + 1)} of ${timesTold(repeat)}`;
function ordinal(n) {
  const ending = n % 100 > 10 && n % 100 < 14 ? "th" : { 1: "st", 2: "nd", 3: "rd" }[n % 10] ?? "th";
  return `${n}${ending}`;
}
function eachTold(repeat) {
  const sizes = repeat.starts.map((_, time) => timeSpan(repeat, time)).map(([from2, to2]) => to2 - from2);
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  if (most === 1) return "";
  return `${least === most ? most : `${least} to ${most}`} operations each`;
}
var NAMED = 4;
function operationsTold(repeat, trace) {
  const [from2, to2] = timeSpan(repeat, Math.floor(repeat.starts.length / 2));
  const names = [...new Set(trace.operations.slice(from2, to2).map(({ name }) => name))];
  return [...names.slice(0, NAMED), ...names.length > NAMED ? ["…"] : []].join(", ");
}
function whatTold(repeat, trace) {
  const one3 = repeat.last - repeat.first + 1 === repeat.starts.length;
  return repeat.module && !one3 ? repeat.module : operationsTold(repeat, trace);
}

// src/keys.js
var PACE = 700;
function bindKeys(element, store, { everywhere }) {
  const target = everywhere ? document : element;
  const listener = (event) => {
    if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || takesKeys(event.target, event.key))
      return;
    const act = (event.shiftKey ? FRAMES : null)?.[event.key]?.(store) ?? {
      ArrowRight: () => pausedStep(store, 1),
      ArrowLeft: () => pausedStep(store, -1),
      Home: () => store.set({ op: 0, playing: false }),
      End: () => store.set({ op: store.trace.operations.length - 1, playing: false }),
      " ": () => store.set({ playing: !store.state.playing }),
      f: () => toStation(store, 1),
      F: () => toStation(store, -1),
      r: () => leave(store, 1),
      R: () => leave(store, -1),
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
var FRAMES = {
  ArrowRight: (store) => () => store.set({ frame: Math.min(store.state.frame + 1, (store.trace.frames?.length ?? 1) - 1) }),
  ArrowLeft: (store) => () => store.set({ frame: Math.max(store.state.frame - 1, 0) })
};
function pausedStep(store, by) {
  store.set({ op: store.state.op + by, playing: false });
}
function leave(store, by) {
  const next = beyond(store.trace, store.state.op, by);
  if (next !== null) store.set({ op: next, playing: false });
}
function takesKeys(target, key) {
  if (!target.closest) return false;
  if (target.closest("input, textarea, select, [contenteditable], [role=grid]")) return true;
  return key === " " && target.closest("button, summary, a, [role=button]") !== null;
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
    this.state = { op: 0, value: null, cell: null, update: null, weight: null, frame: 0, playing: false };
    this.listeners = /* @__PURE__ */ new Set();
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
    const next = { ...this.state, ..."op" in changes && changes.op !== this.state.op ? FRESH : {}, ...changes };
    this.adopt(this.valid(next));
  }
  adopt(next) {
    let changed = new Set(Object.keys(next).filter((key) => !same2(next[key], this.state[key])));
    if (!changed.size) return;
    this.state = next;
    if (changed.has("frame")) {
      this.trace.show(next.frame);
      changed = new Set(Object.keys(next));
    }
    for (const listener of this.listeners) listener(next, changed);
  }
  /** So many operations on, or back. */
  step(by) {
    this.set({ op: this.state.op + by });
  }
  /** Look at a value where it was made, with a cell of it. What nothing made is looked at where it was first read. */
  follow(value2, cell = null) {
    const at4 = this.trace.maker(value2) ?? this.trace.readers[value2]?.[0]?.operation;
    this.set({ op: at4 ? at4.number : this.state.op, value: value2, cell });
  }
  /** Follow a weight, at the first of its stations that an operation from `op` on is; null: follow none any more. */
  followWeight(weight, op = 0) {
    const list2 = weight === null ? [] : stations(this.trace, weight);
    const { name, number: number4, ...place } = list2.find((station) => station.op >= op) ?? list2.at(-1) ?? {};
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
    const numbers2 = [
      this.state.value,
      this.operation?.result,
      ...Object.values(this.operation?.operands ?? {}).map((o) => o.value)
    ];
    for (const number4 of numbers2) {
      const i = updates.findIndex(
        (u) => [u.before, u.gradient, u.clipped, u.after].includes(number4) || u.before === values[number4]?.of
      );
      if (number4 !== null && number4 !== void 0 && i >= 0) return i;
    }
    return updates.length ? 0 : null;
  }
  /** The same within bounds: an address may say anything. */
  valid({ op, value: value2, cell, update: update2, weight, frame, ...more }) {
    const { operations: operations2, values, updates, frames } = this.trace;
    const followed = weightIn(this.trace, typeof weight === "string" ? weightOfText(this.trace, weight) : weight);
    if (followed !== null && op === null) op = stations(this.trace, followed)[0]?.op;
    const place = whole(op) ? Math.min(Math.max(op, 0), Math.max(operations2.length - 1, 0)) : 0;
    const chosen = whole(value2) && values[value2] ? value2 : null;
    const number4 = chosen ?? operations2[place]?.result ?? null;
    const shape = number4 === null ? null : values[number4].kept ?? values[number4].shape;
    const within2 = Array.isArray(cell) && shape?.length === cell.length && cell.every((k2, i) => whole(k2) && k2 >= 0 && k2 < shape[i]);
    const known3 = { op: place, value: chosen, cell: within2 ? cell : null, weight: followed };
    if (followed !== null && chosen === null && !within2)
      Object.assign(known3, lookAt(this.trace, followed, operations2[place]));
    return {
      ...more,
      ...known3,
      update: whole(update2) && updates[update2] ? update2 : null,
      frame: whole(frame) && frames?.[frame] ? frame : 0
    };
  }
};
var FRESH = { value: null, cell: null, update: null };
var whole = (x2) => Number.isInteger(x2);
var same2 = (a2, b) => a2 === b || Array.isArray(a2) && Array.isArray(b) && a2.length === b.length && a2.every((x2, i) => x2 === b[i]);
function toAddress({ op, value: value2, cell, update: update2, weight, frame }, trace = null) {
  const parts2 = [`op=${op}`];
  if (value2 !== null) parts2.push(`value=${value2}`);
  if (cell !== null) parts2.push(`cell=${cell.join(",")}`);
  if (update2 !== null) parts2.push(`update=${update2}`);
  if (weight)
    parts2.push(`weight=${encodeURIComponent(weightText(trace, weight)).replace(/%(5B|5D|2C)/g, decodeURIComponent)}`);
  if (frame) parts2.push(`frame=${frame}`);
  return `#${parts2.join("&")}`;
}
function fromAddress(hash) {
  const parameters = new URLSearchParams(hash.replace(/^#/, ""));
  const read = (name) => /^\d+$/.test(parameters.get(name) ?? "") ? Number(parameters.get(name)) : null;
  const cell = parameters.get("cell");
  return {
    op: read("op"),
    // null: where nothing else is said, the first
    value: read("value"),
    cell: cell === null ? null : cell.split(",").filter(Boolean).map(Number),
    update: read("update"),
    weight: parameters.get("weight"),
    frame: read("frame") ?? 0
  };
}
function bindAddress(store, first = "", view = window) {
  let timer = null;
  let written2 = 0;
  let from2 = store.state.op;
  const write2 = () => {
    timer = null;
    const address = toAddress(store.state, store.trace);
    if (address === view.location.hash) return;
    const leap = Math.abs(store.state.op - from2) > 1 || Date.now() - written2 > 4 * WAIT;
    written2 = Date.now();
    from2 = store.state.op;
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
    from2 = store.state.op;
  };
  if (view.location.hash) readAddress();
  else if (first) store.adopt(store.valid({ ...store.state, ...fromAddress(first) }));
  const unsubscribe = store.subscribe(() => {
    timer ??= setTimeout(write2, WAIT);
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

// src/python.js
var TOKEN = /(?<comment>#[^\n]*)|(?<text>[rbfRBF]{0,2}(?:"""[\s\S]*?(?:"""|$(?![\s\S]))|'''[\s\S]*?(?:'''|$(?![\s\S]))|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?))|(?<keyword>\b(?:and|as|assert|async|await|break|class|continue|def|del|elif|else|except|False|finally|for|from|global|if|import|in|is|lambda|None|nonlocal|not|or|pass|raise|return|True|try|while|with|yield)\b)|(?<number>\b\d[\w.]*)|(?<decorator>^[ \t]*@[\w.]+)/gm;
function pythonLines(source) {
  const lines2 = [[]];
  const push = (text2, kind) => {
    text2.split("\n").forEach((part, i) => {
      if (i) lines2.push([]);
      if (part) lines2.at(-1).push({ kind, text: part });
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
  return lines2;
}
function splitRule(source) {
  const lines2 = source.split("\n");
  const at4 = lines2.findIndex((line3) => /^def /.test(line3));
  return at4 > 0 ? { adjoints: lines2.slice(0, at4).join("\n"), forward: lines2.slice(at4).join("\n") } : { adjoints: "", forward: source };
}
function argumentLines(source, name) {
  const lines2 = source.split("\n");
  const says = new RegExp(`(^|[\\s(,])${name.replace(/[^\w]/g, "")}=`);
  const first = lines2.findIndex((line3) => says.test(line3));
  if (first < 0) return null;
  const depth = (line3) => line3.search(/\S/);
  let last2 = first;
  while (last2 + 1 < lines2.length && depth(lines2[last2 + 1]) > depth(lines2[first])) last2++;
  return [first, last2];
}
function bodyLines(source) {
  const lines2 = source.split("\n");
  let first = lines2.findIndex((line3) => /:\s*(#.*)?$/.test(line3)) + 1;
  if (/^\s*[rR]?"""/.test(lines2[first] ?? "")) {
    const closed = (line3) => (line3.match(/"""/g) ?? []).length;
    if (closed(lines2[first]) < 2)
      do
        first++;
      while (first < lines2.length && !closed(lines2[first]));
    first++;
  }
  return first < lines2.length ? [first, lines2.length - 1] : [0, lines2.length - 1];
}

// src/views/code.js
function code(element, store, trace) {
  if (!trace.code.lines.length && !Object.keys(trace.rules).length) return false;
  const blocks = { yours: block(), forward: block(), back: block() };
  const none2 = make("p", { class: "quiet" }, "No operation of the tape ran here, so there is no line of code to show.");
  fill(element, ...Object.values(blocks).map(({ whole: whole2 }) => whole2), none2);
  let told2 = {};
  store.subscribe((state, changed) => {
    const operation = store.operation;
    if (!operation || !changed.has("op")) return;
    const next = { yours: yours(operation, trace), ...rule(operation, trace) };
    for (const [name, { whole: whole2, title: title2, note, listing }] of Object.entries(blocks)) {
      const shown2 = next[name];
      whole2.hidden = !shown2;
      if (!shown2) continue;
      title2.textContent = shown2.title;
      note.textContent = shown2.note ?? "";
      note.hidden = !shown2.note;
      whole2.dataset.present = String(shown2.present);
      if (told2[name]?.source !== shown2.source || told2[name]?.start !== shown2.start) list(listing, shown2);
      mark(listing, shown2.marked);
    }
    none2.hidden = Object.values(next).some(Boolean);
    told2 = next;
  });
}
function block() {
  const [title2, note] = [make("h3"), make("p", { class: "note" })];
  const listing = make("pre", { tabindex: 0, role: "group", "aria-label": "source" });
  return { whole: make("div", { class: "block" }, title2, note, listing), title: title2, note, listing };
}
var NOTES = {
  adjoint: "This line ran forward before; now the gradient goes back through it.",
  accumulate: "No rule of an operation's: where a value was used twice, the tape adds what comes back.",
  gathers: "No rule of an operation's: what this backward pass brought is added to what the gradient held before it."
};
function yours(operation, trace) {
  const at4 = trace.code.lines[operation.line];
  if (!at4) return null;
  const numbers2 = Object.keys(at4.text).map(Number).sort((a2, b) => a2 - b);
  const title2 = `Your line: ${at4.file}, line ${at4.line}, in ${at4.function}`;
  const note = NOTES[operation.gathers ? "gathers" : operation.kind] ?? null;
  const source = numbers2.map((number4) => at4.text[number4]).join("\n");
  return {
    title: title2,
    note,
    source,
    start: numbers2[0],
    marked: [at4.line - numbers2[0], at4.line - numbers2[0]],
    present: true
  };
}
function rule(operation, trace) {
  if (operation.kind === "clip" || operation.kind === "update")
    return { forward: ruleOfStep(operation, trace.rule(operation)), back: null };
  const back = operation.kind === "adjoint";
  const input = back ? operation.name.slice(operation.name.lastIndexOf(".") + 1) : null;
  const name = back ? operation.name.slice(0, operation.name.lastIndexOf(".")) : operation.name;
  const own2 = trace.rule({ kind: operation.kind, name });
  const adjoint = back ? trace.rule(operation)?.code : null;
  if (!own2?.code && !adjoint) return { forward: null, back: null };
  const { adjoints, forward } = splitRule(own2?.code ?? "");
  const after = adjoints || (adjoint && adjoint !== own2?.code ? adjoint : "");
  const marked = back ? argumentLines(after, input) ?? [0, after.split("\n").length - 1] : null;
  return {
    forward: forward ? {
      title: `${name}: the way forward`,
      note: own2.formula || null,
      source: forward,
      start: 1,
      marked: back ? null : bodyLines(forward),
      present: !back
    } : null,
    back: after ? {
      title: back ? `${name}: the way back, to ${input}` : `${name}: its way back, later`,
      note: "One rule for each input: from g, the gradient that arrives, to the input's own.",
      source: after,
      start: 1,
      marked,
      present: back
    } : null
  };
}
function ruleOfStep({ name, phase }, own2) {
  if (!own2?.code) return null;
  const { forward: source } = splitRule(own2.code);
  const [first, last2] = bodyLines(source);
  const parameter = source.split("\n").findLastIndex((line3) => /^\s*parameter\b.*=/.test(line3));
  const within2 = { moments: [first, parameter - 1], update: [parameter, last2] }[phase];
  const marked = within2 && parameter >= first && within2[0] <= within2[1] ? within2 : [first, last2];
  return { title: `${name}: its rule`, note: own2.formula || null, source, start: 1, marked, present: true };
}
function list(listing, { source, start }) {
  const numbered = pythonLines(source).map(
    (tokens2, i) => make(
      "span",
      { class: "line" },
      make("span", { class: "number", "aria-hidden": true }, String(start + i)),
      make("span", {}, ...tokens2.map(({ kind, text: text2 }) => kind ? make("span", { class: kind }, text2) : text2), "\n")
    )
  );
  fill(listing, ...numbered);
}
function mark(listing, marked) {
  [...listing.children].forEach((line3, i) => {
    const here2 = marked !== null && i >= marked[0] && i <= marked[1];
    line3.classList.toggle("here", here2);
    if (here2) line3.setAttribute("aria-current", "true");
    else line3.removeAttribute("aria-current");
  });
  const here = [...listing.querySelectorAll(".here")];
  if (!here.length) return;
  reveal(here.at(-1), listing);
  reveal(here[0], listing);
}

// src/heat.js
var LIGHT = {
  low: [0, 114, 178],
  zero: [255, 255, 255],
  high: [213, 94, 0],
  nan: [204, 121, 167],
  infinite: [0, 0, 0]
};
var DARK = {
  low: [86, 180, 233],
  zero: [27, 32, 39],
  high: [240, 130, 50],
  nan: [204, 121, 167],
  infinite: [255, 255, 255]
};
function palette(element, redraw) {
  let colours = null;
  const asked = ["(prefers-color-scheme: dark)", "print"].map((media) => matchMedia(media));
  const changed = () => {
    colours = null;
    if (element.isConnected) redraw();
    else for (const media of asked) media.removeEventListener("change", changed);
  };
  for (const media of asked) media.addEventListener("change", changed);
  return () => {
    if (colours) return colours;
    const root2 = element.closest(".tinyxm-step");
    new MutationObserver((_, watch) => (watch.disconnect(), changed())).observe(root2, {
      attributes: true,
      attributeFilter: ["data-theme"]
    });
    colours = getComputedStyle(root2).colorScheme === "dark" ? DARK : LIGHT;
    return colours;
  };
}
function onWidth(element, redraw) {
  let width = 0;
  new ResizeObserver(([entry]) => {
    const now = Math.floor(entry.contentRect.width);
    if (now && now !== width) redraw(width = now);
  }).observe(element);
  return () => width;
}
function colour(x2, limit2, { low, zero: zero3, high, nan, infinite }) {
  if (Number.isNaN(x2)) return nan;
  if (!Number.isFinite(x2)) return infinite;
  const part = limit2 > 0 ? Math.min(Math.abs(x2) / limit2, 1) : 0;
  const end = x2 < 0 ? low : high;
  return zero3.map((from2, i) => Math.round(from2 + (end[i] - from2) * part));
}
function inkOn(rgb3) {
  const [r, g, b] = rgb3.map((k2) => k2 / 255 <= 0.04045 ? k2 / 255 / 12.92 : ((k2 / 255 + 0.055) / 1.055) ** 2.4);
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000000" : "#ffffff";
}
var SAMPLE = 4096;
function limitOf(numbers2, value2) {
  if (!limits.has(numbers2)) limits.set(numbers2, limit(numbers2, value2));
  return limits.get(numbers2);
}
var limits = /* @__PURE__ */ new WeakMap();
function limit({ data }, { statistics: { least, greatest: greatest2 } }) {
  const most = Math.max(Math.abs(Number(least ?? 0)), Math.abs(Number(greatest2 ?? 0)));
  const step = Math.max(1, Math.floor(data.length / SAMPLE));
  const sizes = Float64Array.from({ length: Math.min(data.length, SAMPLE) }, (_, i) => Math.abs(data[i * step])).filter(Number.isFinite).sort();
  const usual = sizes[Math.floor(0.9 * (sizes.length - 1))] ?? 0;
  if (!(usual > 0 && most > 1e3 * usual)) return { size: most, beyond: false };
  return { size: sizes.findLast((x2) => x2 <= 100 * usual), beyond: true };
}
var css = ([r, g, b]) => `rgb(${r}, ${g}, ${b})`;
function sizeCanvas(canvas2, width, height) {
  const ratio = globalThis.devicePixelRatio || 1;
  canvas2.width = Math.max(1, Math.round(width * ratio));
  canvas2.height = Math.max(1, Math.round(height * ratio));
  canvas2.style.width = `${width}px`;
  canvas2.style.height = `${height}px`;
  const context = canvas2.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.imageSmoothingEnabled = false;
  return context;
}
var small = null;
function drawMatrix(canvas2, matrix, { width, height = 320, most = 28, paint }) {
  const { rows, columns: columns2 } = matrix;
  const side = Math.max(Math.min(width / columns2, height / rows, most), 0);
  const cell = side >= 1 ? Math.floor(side) : side;
  const [across, down] = [columns2, rows].map(
    (n2, i) => Math.max(1, Math.min(Math.floor(n2 * cell) || 1, i ? height : width))
  );
  const [w, h] = side >= 1 ? [columns2 * cell, rows * cell] : [
    Math.min(width, Math.max(across, columns2)),
    Math.min(height, Math.max(down, rows * Math.min(16, height / rows)))
  ];
  const [n, m] = [Math.min(rows, Math.floor(h)), Math.min(columns2, Math.floor(w))];
  const image = new ImageData(m, n);
  small ??= make("canvas");
  matrix.reduced(n, m).forEach((x2, i) => {
    const [r, g, b] = paint(x2);
    const at4 = 4 * i;
    image.data[at4] = r;
    image.data[at4 + 1] = g;
    image.data[at4 + 2] = b;
    image.data[at4 + 3] = 255;
  });
  const context = sizeCanvas(canvas2, w, h);
  Object.assign(small, { width: m, height: n });
  small.getContext("2d").putImageData(image, 0, 0);
  context.drawImage(small, 0, 0, w, h);
  return {
    width: w,
    height: h,
    context,
    shared: n < rows || m < columns2,
    at: (x2, y2) => [
      Math.min(rows - 1, Math.max(0, Math.floor(y2 / h * rows))),
      Math.min(columns2 - 1, Math.max(0, Math.floor(x2 / w * columns2)))
    ],
    box: (row2, column) => [column / columns2 * w, row2 / rows * h, w / columns2, h / rows]
  };
}
function ring(context, [x2, y2, w, h]) {
  const grow = Math.max(0, (9 - Math.min(w, h)) / 2);
  for (const [style, width] of [
    ["#ffffff", 4],
    ["#000000", 2]
  ]) {
    context.strokeStyle = style;
    context.lineWidth = width;
    context.strokeRect(x2 - grow + 1, y2 - grow + 1, w + 2 * grow - 2, h + 2 * grow - 2);
  }
}

// src/numbers.js
var MINUS = "−";
var number = (x2) => typeof x2 === "string" ? Number(x2) : x2;
function signed(text2) {
  return text2.replace("Infinity", "∞").replaceAll("-", MINUS);
}
function brief(x2, digits = 4) {
  if (x2 === null || x2 === void 0) return "";
  if (typeof x2 === "boolean") return String(x2);
  if (!Number.isFinite(x2)) return signed(String(x2));
  if (Number.isInteger(x2) && Math.abs(x2) < 1e6) return signed(String(x2));
  const size2 = Math.abs(x2);
  if (size2 !== 0 && (size2 < 1e-4 || size2 >= 1e6)) {
    const [mantissa, exponent2] = x2.toExponential(digits - 1).split("e");
    return signed(`${Number(mantissa)}e${Number(exponent2)}`);
  }
  return signed(String(Number(x2.toPrecision(digits))));
}
function exact(x2, dtype = "float64") {
  if (dtype === "bool") return x2 ? "True" : "False";
  if (!Number.isFinite(x2)) return signed(String(x2));
  if (dtype === "float32") {
    for (let digits = 1; digits < 10; digits++) {
      const text2 = Number(x2.toPrecision(digits));
      if (Math.fround(text2) === x2) return signed(String(text2));
    }
  }
  return signed(Object.is(x2, -0) ? "-0" : String(x2));
}
var shown = (x2, dtype, digits = 6) => dtype.startsWith("float") ? brief(x2, digits) : exact(x2, dtype);
var shapeText = (shape) => shape.length ? shape.join(" × ") : "one number";
var shortShape = (shape) => shape.join("×");
var placeText = (cell) => cell.length ? `[${cell.join(", ")}]` : "";
function count2(n) {
  for (const [size2, word] of [
    [1e9, "billion"],
    [1e6, "million"]
  ]) {
    if (n >= size2) return `${Number((n / size2).toPrecision(3))} ${word}`;
  }
  return n.toLocaleString("en");
}
function duration(seconds) {
  if (seconds >= 1) return `${brief(seconds, 3)} s`;
  return seconds >= 1e-3 ? `${brief(seconds * 1e3, 3)} ms` : `${brief(seconds * 1e6, 3)} µs`;
}

// src/views/contrast.js
var MOST = 12;
function contrast(element, store, trace) {
  if (!trace.contrasts?.length) return false;
  let [which, by, at4] = [0, "scores", 0];
  const choices = make("div", { class: "choices" });
  const said2 = make("p", {});
  const image = make("div", { class: "image" });
  const legend3 = make("p", { class: "quiet" });
  const shares2 = make("div", {});
  fill(element, said2, choices, image, legend3, shares2);
  const redraw = () => {
    const width = widthOf();
    if (!width) return;
    const one3 = trace.contrasts[which], numbers2 = trace.array(one3.similarity), n = numbers2.shape[1], rows = numbers2.shape[0];
    at4 = Math.min(at4, (by === "columns" ? n : rows) - 1);
    const masked = one3.masked === null || one3.masked === void 0 ? null : trace.array(one3.masked);
    const out = (i, j) => masked !== null && Boolean(masked.get([i, j]));
    const about = { one: one3, numbers: numbers2, rows, n, out, probability: probabilities(one3, numbers2, rows, n, by) };
    const choose = (i, j) => {
      at4 = by === "columns" ? j : i;
      store.follow(one3.similarity, [i, j]);
      redraw();
    };
    fill(said2, sayings(one3, trace, n));
    drawChoices(choices, {
      trace,
      which,
      by,
      one: one3,
      at: at4,
      count: by === "columns" ? n : rows,
      set: (next) => ({ which, by, at: at4 } = { which, by, at: at4, ...next }, redraw())
    });
    drawImage(image, about, { width, by, at: at4, choose, colours: colours() });
    legend3.textContent = `Green rings: what belongs together.${masked ? " Crossed out: they mean the same, too (false negatives), so they take no part." : ""} ${by === "scores" ? "Orange: alike; blue: unlike." : "The stronger the colour, the more probable."}`;
    drawShares(shares2, about, { by, at: at4, choose });
  };
  const widthOf = onWidth(element, redraw);
  const colours = palette(element, redraw);
  store.subscribe(({ cell }, changed) => {
    const one3 = trace.contrasts[which];
    if (changed.has("frame")) redraw();
    if (!changed.has("cell") || !cell || store.value !== one3.similarity) return;
    at4 = by === "columns" ? cell[1] : cell[0];
    redraw();
  });
  return true;
}
function sayings({ kind, rows, columns: columns2 }, trace, n) {
  const name = (number4, other) => number4 === null || number4 === void 0 ? other : trace.values[number4].name;
  const [left, right] = [name(rows, "one side"), name(columns2, "the other")];
  return kind === "sigmoid" ? `Each of ${n} rows of ${left} is compared with each row of ${right}: does this pair belong together? Each pair is judged by itself.` : `Each of ${n} rows of ${left} is compared with each row of ${right}. Row i should choose column i among all, and column i row i: the loss is minus the logarithm of that choice's probability. A model that knows nothing has ln ${n} = ${brief(Math.log(n))}.`;
}
function probabilities({ kind }, numbers2, rows, n, by) {
  const found2 = new Float64Array(rows * n);
  const put = (places2) => {
    const scores = places2.map(([i, j]) => numbers2.get([i, j])), largest2 = Math.max(...scores);
    const e = scores.map((x2) => Math.exp(x2 - largest2)), total = e.reduce((a2, b) => a2 + b, 0);
    places2.forEach(([i, j], k2) => found2[i * n + j] = e[k2] / total);
  };
  if (kind === "sigmoid") for (let k2 = 0; k2 < found2.length; k2++) found2[k2] = 1 / (1 + Math.exp(-numbers2.data[k2]));
  else if (by === "columns") for (let j = 0; j < n; j++) put(Array.from({ length: rows }, (_, i) => [i, j]));
  else for (let i = 0; i < rows; i++) put(Array.from({ length: n }, (_, j) => [i, j]));
  return found2;
}
function drawChoices(place, { trace, which, by, one: one3, at: at4, count: count3, set }) {
  const select2 = (label, value2, options, change2) => make(
    "label",
    {},
    `${label} `,
    make(
      "select",
      { onchange: (event) => change2(event.target.value) },
      ...options.map(([v, text2]) => make("option", { value: v, selected: String(v) === String(value2) }, text2))
    )
  );
  const had = place.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
  const step = (by2, text2, label) => make(
    "button",
    {
      type: "button",
      "aria-label": label,
      "aria-disabled": String(at4 + by2 < 0 || at4 + by2 >= count3),
      onclick: () => at4 + by2 >= 0 && at4 + by2 < count3 && set({ at: at4 + by2 })
    },
    text2
  );
  const ways = one3.kind === "sigmoid" ? [
    ["scores", "scores"],
    ["rows", "probability of each pair"]
  ] : [
    ["scores", "scores"],
    ["rows", "softmax of each row"],
    ["columns", "softmax of each column"]
  ];
  const word = by === "columns" ? "column" : "row";
  fill(
    place,
    trace.contrasts.length > 1 ? select2(
      "matrix",
      which,
      trace.contrasts.map((c, i) => [i, trace.values[c.similarity].name]),
      (v) => set({ which: Number(v), at: 0 })
    ) : null,
    select2("show", by, ways, (v) => set({ by: v })),
    make(
      "span",
      { class: "stepper", role: "group", "aria-label": word },
      step(-1, "−", `${word} before`),
      make("span", {}, `${word} ${at4} (0 to ${count3 - 1})`),
      step(1, "+", `next ${word}`)
    )
  );
  if (had) place.querySelector(`[aria-label="${CSS.escape(had)}"]`)?.focus();
}
function drawImage(place, { one: one3, numbers: numbers2, rows, n, out, probability }, { width, by, at: at4, choose, colours }) {
  const canvas2 = make("canvas", {
    role: "img",
    "aria-label": `${rows} by ${n} ${by === "scores" ? "scores" : "probabilities"}; the list below tells the chosen one`
  });
  const scores = Float64Array.from(numbers2.data);
  let limit2 = 0;
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < n; j++) if (!out(i, j)) limit2 = Math.max(limit2, Math.abs(scores[i * n + j]));
  const data = by === "scores" ? scores : probability;
  const most = by === "scores" ? limit2 : one3.kind === "sigmoid" ? 1 : Math.max(...probability.slice(0, 65536));
  for (let i = 0; i < rows; i++) for (let j = 0; j < n; j++) if (out(i, j)) data[i * n + j] = 0;
  const drawn2 = drawMatrix(canvas2, new Matrix(data, rows, n), {
    width: Math.min(width, 420),
    height: 420,
    most: 34,
    paint: (x2) => colour(x2, most, colours)
  });
  const { context } = drawn2;
  for (let i = 0; i < Math.min(rows, n); i++) mark2(context, drawn2.box(i, i));
  for (let i = 0; i < rows; i++) for (let j = 0; j < n; j++) if (out(i, j)) cross(context, drawn2.box(i, j));
  if (by === "columns") ring(context, [drawn2.box(0, at4)[0], 0, drawn2.width / n, drawn2.height]);
  else ring(context, [0, drawn2.box(at4, 0)[1], drawn2.width, drawn2.height / rows]);
  canvas2.addEventListener("click", (event) => {
    const { left, top } = canvas2.getBoundingClientRect();
    choose(...drawn2.at(event.clientX - left, event.clientY - top));
  });
  fill(place, canvas2);
}
function mark2(context, [x2, y2, w, h]) {
  context.strokeStyle = "#009e73";
  context.lineWidth = Math.max(1, Math.min(3, w / 6));
  context.strokeRect(x2 + 2, y2 + 2, Math.max(1, w - 4), Math.max(1, h - 4));
}
function cross(context, [x2, y2, w, h]) {
  context.strokeStyle = "#767676";
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(x2 + 2, y2 + 2);
  context.lineTo(x2 + w - 2, y2 + h - 2);
  context.moveTo(x2 + w - 2, y2 + 2);
  context.lineTo(x2 + 2, y2 + h - 2);
  context.stroke();
}
function drawShares(place, { one: one3, numbers: numbers2, rows, n, out, probability }, { by, at: at4, choose }) {
  const across = by !== "columns", count3 = across ? n : rows;
  const places2 = Array.from({ length: count3 }, (_, k2) => across ? [at4, k2] : [k2, at4]);
  const share3 = ([i, j]) => probability[i * n + j];
  const sorted = places2.filter(([i, j]) => !out(i, j)).sort((a2, b) => share3(b) - share3(a2));
  const own2 = [at4, at4], rank = sorted.findIndex(([i, j]) => i === j) + 1;
  const listed3 = sorted.slice(0, MOST);
  if (rank > MOST) listed3.push(own2);
  const rowsOf = listed3.map(([i, j]) => {
    const bar = make("span", {});
    bar.style.width = `${100 * share3([i, j])}%`;
    const k2 = across ? j : i;
    return make(
      "div",
      { class: i === j ? "share own" : "share" },
      make("span", {}, `${across ? "column" : "row"} ${k2}${i === j ? " (its own)" : ""}`),
      make("span", { class: "track" }, bar),
      make("span", { class: "numbers" }, brief(share3([i, j]), 3)),
      make(
        "button",
        {
          type: "button",
          class: "operand",
          "aria-label": `score ${brief(numbers2.get([i, j]))}: go to where it comes from`,
          onclick: () => choose(i, j)
        },
        brief(numbers2.get([i, j]))
      )
    );
  });
  const word = across ? "Row" : "Column";
  const told2 = one3.kind === "sigmoid" ? `${word} ${at4}: how probable it says each pair is, and its score.` : `${word} ${at4}: its own is choice ${rank} of ${sorted.length}, with probability ${brief(share3(own2), 3)}; the loss of this ${word.toLowerCase()} is −ln of it, ${brief(-Math.log(share3(own2)), 4)}.`;
  fill(place, make("p", {}, told2), make("div", { class: "shares" }, ...rowsOf));
}

// src/sentences/each.js
function each2(words, tell, input = "") {
  const entries = Array.isArray(words) ? words.map((name) => [name, name]) : Object.entries(words);
  return Object.fromEntries(entries.map(([name, word]) => [`${name}${input}`, tell(word)]));
}

// src/sentences/back.js
var NORMALISED = {
  x: ({ operand: operand2 }) => [
    operand2("g"),
    " comes back through the scaling; and as every number moves the mean and the variance, each has a share in what these changed"
  ],
  scale: ({ operand: operand2 }) => [
    "it multiplied each normalised number, so these are multiplied with ",
    operand2("g"),
    " and summed"
  ],
  shift: ({ operand: operand2 }) => ["it was added to each example, so ", operand2("g"), " is summed over them"]
};
var BACK = {
  __proto__: null,
  "linear.x": ({ operand: operand2 }) => [
    "each number of it reached every output through a weight, so ",
    operand2("g"),
    " comes back through the same weights ",
    operand2("w")
  ],
  "linear.w": ({ operand: operand2 }) => [
    "a weight matters as much as what went into it, so ",
    operand2("x"),
    " is multiplied with ",
    operand2("g"),
    " and summed over the examples"
  ],
  "linear.bias": ({ operand: operand2 }) => ["it was added to every example, so ", operand2("g"), " is summed over the examples"],
  "matmul.a": ({ operand: operand2 }) => [
    "each number of it reached the result through a number of ",
    operand2("b"),
    ", so ",
    operand2("g"),
    " comes back through the same ones"
  ],
  "matmul.b": ({ operand: operand2 }) => [
    "each number of it reached the result through a number of ",
    operand2("a"),
    ", so ",
    operand2("g"),
    " comes back through the same ones"
  ],
  "conv2d.w": ({ operand: operand2 }) => [
    "each weight of the kernel met every place, so the places of ",
    operand2("x"),
    " are multiplied with ",
    operand2("g"),
    " and summed"
  ],
  "conv2d.x": ({ operand: operand2 }) => [
    "each number was seen by the kernel at several places, so ",
    operand2("g"),
    " comes back through the kernel ",
    operand2("w")
  ],
  "relu.a": ({ operand: operand2 }) => [operand2("g"), " goes on where the number was positive, and is 0 where it was cut off"],
  "tanh.a": ({ operand: operand2 }) => [operand2("g"), " is multiplied with the slope of tanh, 1 − ", operand2("y"), "²"],
  "sigmoid.a": ({ operand: operand2 }) => [
    operand2("g"),
    " is multiplied with the slope of the sigmoid, ",
    operand2("y"),
    " · (1 − ",
    operand2("y"),
    ")"
  ],
  "mean.a": ({ operand: operand2 }) => [
    "each number has an equal share in the mean, so each gets ",
    operand2("g"),
    " divided by their count"
  ],
  "sum.a": ({ operand: operand2 }) => ["each number counts once in the sum, so each gets ", operand2("g")],
  "cross_entropies.logits": ({ operand: operand2 }) => [
    "the probability that each class got, less 1 for the right class, times ",
    operand2("g")
  ],
  "max_pool2d.x": ({ operand: operand2 }) => [
    operand2("g"),
    " goes to the number of each window that was the largest; the others get 0"
  ],
  "multiply.a": ({ operand: operand2 }) => [operand2("g"), " times the other factor, ", operand2("b")],
  "multiply.b": ({ operand: operand2 }) => [operand2("g"), " times the other factor, ", operand2("a")],
  "reshape.a": ({ operand: operand2 }) => [operand2("g"), " is put back into the shape from before"],
  "getitem.a": ({ operand: operand2 }) => [operand2("g"), " goes to the parts that were taken; all others get 0"],
  ...Object.fromEntries(
    ["group_norm", "layer_norm", "standardise"].flatMap(
      (norm2) => Object.entries(NORMALISED).map(([input, told2]) => [`${norm2}.${input}`, told2])
    )
  ),
  "unit_length.x": ({ operand: operand2 }) => [
    "a longer row would make no difference, as its length is brought to 1; so only that part of ",
    operand2("g"),
    " counts that turns the row"
  ],
  "attention.q": ({ operand: operand2 }) => [
    "from ",
    operand2("g"),
    " follows how L changes with each share that a query gives, and so with the query, by the keys ",
    operand2("k")
  ],
  "attention.k": ({ operand: operand2 }) => [
    "from ",
    operand2("g"),
    " follows how L changes with each share that a key gets, and so with the key, by the queries ",
    operand2("q")
  ],
  "attention.v": ({ operand: operand2 }) => [
    "each value was mixed into the results by its share, so ",
    operand2("g"),
    " comes back by the same shares"
  ],
  ...each2(["add.a", "add.b", "subtract.a"], () => ({ operand: operand2 }) => [operand2("g"), " goes on as it is"]),
  "subtract.b": ({ operand: operand2 }) => ["as it was taken away, ", operand2("g"), " changes its sign"],
  "negative.a": ({ operand: operand2 }) => [operand2("g"), " changes its sign"],
  "divide.a": ({ operand: operand2 }) => [operand2("g"), " is divided by the same ", operand2("b")],
  "square.a": squared,
  "power.a": (context) => context.operation.operands.n?.plain === 2 ? squared(context) : null,
  "exp.a": ({ operand: operand2 }) => [
    operand2("g"),
    " is multiplied with what exp made, ",
    operand2("y"),
    ", which is its slope, too"
  ],
  "log.a": ({ operand: operand2 }) => [
    operand2("g"),
    " is divided by ",
    operand2("a"),
    ": the logarithm of a large number grows slowly"
  ],
  "sqrt.a": ({ operand: operand2 }) => [operand2("g"), " is divided by twice the root, ", operand2("y")],
  "abs.a": ({ operand: operand2 }) => [
    operand2("g"),
    " goes on where the number was positive, and changes its sign where it was negative"
  ],
  "softmax.a": share,
  "masked_softmax.a": share,
  "log_softmax.a": ({ operand: operand2 }) => [
    operand2("g"),
    " goes on, less its sum over the row times each share: where one share grows, the others of the row fall"
  ],
  "average_pool2d.x": ({ operand: operand2 }) => ["each number of a window gets an equal share of ", operand2("g")],
  "embedding_bag.weight": ({ operand: operand2 }) => [operand2("g"), " goes to the rows that were looked up; all others get 0"],
  "norm.a": ({ operand: operand2 }) => [operand2("g"), " is multiplied with each number's share of the length"],
  ...each2(
    { max: "largest", min: "smallest" },
    (which) => ({ operand: operand2 }) => [operand2("g"), ` goes to the ${which} number; the others get 0`],
    ".a"
  ),
  ...each2(["maximum.a", "maximum.b", "minimum.a", "minimum.b", "where.a", "where.b"], () => ({ operand: operand2 }) => [
    operand2("g"),
    " goes on where this was taken; elsewhere it's 0"
  ]),
  ...each2(["take.a", "take_along_axis.a", "diagonal.a"], () => ({ operand: operand2 }) => [
    operand2("g"),
    " goes to the parts that were taken; all others get 0"
  ]),
  ...each2(
    ["swapaxes.a", "transpose.a", "moveaxis.a", "expand_dims.a", "squeeze.a", "flip.a", "roll.a"],
    () => ({ operand: operand2 }) => ["the numbers of ", operand2("g"), " are put back in the order from before"]
  ),
  ...each2(["broadcast_to.a", "tile.a", "repeat.a"], () => ({ operand: operand2 }) => [
    operand2("g"),
    " is summed over the repetitions"
  ]),
  ...each2(["concatenate.arrays", "stack.arrays"], () => ({ operand: operand2 }) => [
    "from ",
    operand2("g"),
    " comes the part that this one was"
  ])
};
function squared({ operand: operand2 }) {
  return [operand2("g"), " is multiplied with twice the number itself, ", operand2("a"), ", the slope of a square"];
}
function share({ operand: operand2 }) {
  return [
    operand2("g"),
    ", less its mean over the row by the shares, is multiplied with each share ",
    operand2("y"),
    ": where one grows, the others of the row fall"
  ];
}

// src/sentences/forward.js
var FORWARD2 = {
  __proto__: null,
  // an operation of the user's may be called "constructor"
  linear: ({ operand: operand2, result, operation }) => [
    "Each row of ",
    operand2("x"),
    " is multiplied with each column of the weights ",
    operand2("w"),
    " and summed",
    operation.operands.bias?.value === void 0 ? "" : ["; ", operand2("bias"), " is added"],
    ". That makes ",
    result,
    "."
  ],
  matmul: ({ operand: operand2, result }) => [
    "Each row of ",
    operand2("a"),
    " is multiplied with each column of ",
    operand2("b"),
    " and summed. That makes ",
    result,
    "."
  ],
  conv2d: ({ operand: operand2, result }) => [
    "The kernel ",
    operand2("w"),
    " slides over ",
    operand2("x"),
    "; at each place, what lies under it is multiplied with it and summed. That makes ",
    result,
    "."
  ],
  relu: ({ operand: operand2, result }) => [
    "Of ",
    operand2("a"),
    " negative numbers become 0, the others stay. That makes ",
    result,
    "."
  ],
  tanh: ({ operand: operand2, result }) => [
    "Each number of ",
    operand2("a"),
    " is bent into the range −1 to 1. That makes ",
    result,
    "."
  ],
  sigmoid: ({ operand: operand2, result }) => [
    "Each number of ",
    operand2("a"),
    " is bent into the range 0 to 1. That makes ",
    result,
    "."
  ],
  ...Object.fromEntries(
    [
      ["softmax", ""],
      ["masked_softmax", "; what the mask leaves out gets none"]
    ].map(([name, masked]) => [
      name,
      ({ operand: operand2, result }) => [
        operand2("a"),
        ` becomes shares: each number positive, those of a row together 1${masked}. That makes `,
        result,
        "."
      ]
    ])
  ),
  add: ({ operand: operand2, result }) => [
    operand2("a"),
    " and ",
    operand2("b"),
    " are added, number by number. That makes ",
    result,
    "."
  ],
  subtract: ({ operand: operand2, result }) => [
    operand2("b"),
    " is taken from ",
    operand2("a"),
    ", number by number. That makes ",
    result,
    "."
  ],
  multiply: ({ operand: operand2, result }) => [
    operand2("a"),
    " and ",
    operand2("b"),
    " are multiplied, number by number. That makes ",
    result,
    "."
  ],
  divide: ({ operand: operand2, result }) => [
    operand2("a"),
    " is divided by ",
    operand2("b"),
    ", number by number. That makes ",
    result,
    "."
  ],
  reshape: ({ operand: operand2, result, trace, operation }) => [
    "The same numbers of ",
    operand2("a"),
    ` in another shape, ${shapeText(trace.values[operation.result].shape)}: `,
    result,
    "."
  ],
  getitem: ({ operand: operand2, result, operation, trace }) => trace.modules[operation.module] === "Embedding" ? ["For each token its row of the table ", operand2("a"), " is looked up. That makes ", result, "."] : Array.isArray(operation.static?.index) && !operation.static.index.some((part) => /^slice|^Ellipsis/.test(part)) ? ["Rows or parts of ", operand2("a"), " are looked up by their number. That makes ", result, "."] : ["A part of ", operand2("a"), " is taken. That makes ", result, "."],
  embedding: ({ operand: operand2, result }) => [
    "For each token its row of the table ",
    operand2("table") ?? operand2("w"),
    " is looked up. That makes ",
    result,
    "."
  ],
  cross_entropies: ({ operand: operand2, result }) => [
    "How surprised is the network by the right answer? ",
    operand2("logits"),
    " are turned into probabilities; of the one that the right class got, which ",
    operand2("labels"),
    " tells, −ln is taken. That makes ",
    result,
    ", one number for each example."
  ],
  max_pool2d: ({ operand: operand2, result }) => [
    "Of each small window of ",
    operand2("x"),
    " the largest number is kept. That makes ",
    result,
    "."
  ],
  average_pool2d: ({ operand: operand2, result }) => [
    "Of each small window of ",
    operand2("x"),
    " the mean is kept. That makes ",
    result,
    "."
  ],
  group_statistics: ({ operand: operand2, result }) => [
    "Mean and variance of ",
    operand2("x"),
    ", group by group. That makes ",
    result,
    "."
  ],
  group_norm: ({ operand: operand2, result }) => [
    operand2("x"),
    " is brought to mean 0 and variance 1, group by group, then scaled by ",
    operand2("scale"),
    " and shifted by ",
    operand2("shift"),
    ". That makes ",
    result,
    "."
  ],
  layer_norm: ({ operand: operand2, result }) => [
    "Each row of ",
    operand2("x"),
    " is brought to mean 0 and variance 1, then scaled by ",
    operand2("scale"),
    " and shifted by ",
    operand2("shift"),
    ". That makes ",
    result,
    "."
  ],
  attention: ({ operand: operand2, result }) => [
    "Each query of ",
    operand2("q"),
    " asks how well it fits each key of ",
    operand2("k"),
    "; by these shares the values ",
    operand2("v"),
    " are mixed. That makes ",
    result,
    "."
  ],
  unit_length: ({ operand: operand2, result }) => [
    "Each row of ",
    operand2("x"),
    " is scaled to the length 1, so that a product of two tells their angle. That makes ",
    result,
    "."
  ],
  where: ({ operand: operand2, result }) => [
    "Where ",
    operand2("condition"),
    " holds, ",
    operand2("a"),
    " is taken, elsewhere ",
    operand2("b"),
    ". That makes ",
    result,
    "."
  ],
  power: ({ operand: operand2, result, operation }) => operation.operands.n.plain === 2 ? squared2(operand2, result) : ["Each number of ", operand2("a"), " is raised to the power ", operand2("n"), ". That makes ", result, "."],
  square: ({ operand: operand2, result }) => squared2(operand2, result),
  concatenate: ({ operand: operand2, result, operation }) => [
    operand2("arrays"),
    ` are put one behind the other${along2(operation)}. That makes `,
    result,
    "."
  ],
  stack: ({ operand: operand2, result }) => [operand2("arrays"), " are laid side by side on a new axis. That makes ", result, "."],
  embedding_bag: ({ operand: operand2, result }) => [
    "Of the table ",
    operand2("weight"),
    " the rows that belong to an example are looked up, each times its weight, and added. That makes ",
    result,
    "."
  ],
  binary_cross_entropies: ({ operand: operand2, result }) => [
    "How surprised is the network by the right answers, yes or no? ",
    operand2("logits"),
    " are turned into probabilities; of the one that the right answer got, which ",
    operand2("targets"),
    " tells, −ln is taken. That makes ",
    result,
    "."
  ],
  ...each2(
    {
      negative: "changes its sign",
      exp: "becomes the exponent of e = 2.718…",
      abs: "loses its sign"
    },
    (does) => ({ operand: operand2, result }) => ["Each number of ", operand2("a"), ` ${does}. That makes `, result, "."]
  ),
  ...each2({ log: "natural logarithm", sqrt: "square root" }, (what) => ({ operand: operand2, result }) => [
    "Of each number of ",
    operand2("a"),
    ` the ${what} is taken. That makes `,
    result,
    "."
  ]),
  ...each2({ maximum: "larger", minimum: "smaller" }, (which) => ({ operand: operand2, result }) => [
    "Of ",
    operand2("a"),
    " and ",
    operand2("b"),
    ` the ${which} is kept, number by number. That makes `,
    result,
    "."
  ]),
  ...each2(
    {
      mean: "is averaged",
      sum: "is summed",
      prod: "is multiplied together",
      cumsum: "is summed, each number with all before it",
      log_softmax: "becomes shares, those of a row together 1, of which the logarithm is taken",
      logsumexp: "becomes the logarithm of the sum of e to each of its numbers"
    },
    (does) => ({ operand: operand2, result, operation }) => [operand2("a"), ` ${does}${along2(operation)}. That makes `, result, "."]
  ),
  ...each2(
    { max: "largest number", min: "smallest number", norm: "length, the root of the sum of the squares," },
    (what) => ({ operand: operand2, result, operation }) => [
      "Of ",
      operand2("a"),
      ` the ${what} is taken${along2(operation)}. That makes `,
      result,
      "."
    ]
  ),
  ...each2(
    {
      swapaxes: "two of its axes exchanged",
      transpose: "its axes in another order",
      moveaxis: "one of its axes at another place",
      expand_dims: "with one axis more, of length 1",
      squeeze: "without axes of length 1",
      flip: "in reverse",
      roll: "moved along, the last to the front",
      broadcast_to: "repeated to this shape",
      tile: "repeated as a whole",
      repeat: "each repeated"
    },
    (how) => ({ operand: operand2, result }) => ["The same numbers of ", operand2("a"), `, ${how}: `, result, "."]
  )
};
function squared2(operand2, result) {
  return ["Each number of ", operand2("a"), " is squared, multiplied with itself. That makes ", result, "."];
}
function along2({ static: told2 }) {
  const axes = told2?.axis === null || told2?.axis === void 0 ? [] : [told2.axis].flat();
  return axes.length ? `, along axis ${axes.map((axis) => brief(axis)).join(" and ")}` : "";
}

// src/words.js
var known2 = /* @__PURE__ */ new WeakMap();
function wordsOf(trace, number4) {
  if (!known2.has(trace)) known2.set(trace, found(trace));
  return known2.get(trace).get(number4) ?? null;
}
function rowWords(trace, number4) {
  const owner = trace.updates[ownerOf(trace, number4)];
  return trace.words[owner?.name ?? trace.values[number4].name] ?? null;
}
function found(trace) {
  const told2 = /* @__PURE__ */ new Map();
  const tables = trace.words;
  const lists = Object.values(tables);
  if (!lists.length) return told2;
  for (const { number: number4, name, role } of trace.values)
    if (role === "input" && name in tables) told2.set(number4, tables[name]);
  for (const operation of trace.operations) {
    const { operands } = operation.of === void 0 ? operation : trace.operations[operation.of];
    const table = tables[trace.values[(operands.a ?? operands.weight)?.value]?.name];
    const index = (operation.operands.index ?? operation.operands.indices)?.value;
    if (table && index !== void 0) told2.set(index, table);
    const { labels } = operation.operands;
    const classes = trace.values[operands.logits?.value]?.shape.at(-1);
    const fits = lists.find((words) => words.length === classes);
    if (fits && labels?.value !== void 0) told2.set(labels.value, fits);
  }
  return told2;
}

// src/sentences.js
var PHASES = {
  data: "The examples that this step learns from.",
  forward: "The network computes its answer from the data, layer by layer.",
  loss: "The answer is compared with what was wanted. One number, the loss L, says how wrong it was.",
  backward: "From the loss back to the first layer: how much would L change if each number changed a little? That is its gradient: above 0, L grows with the number; below 0, it falls.",
  "gradient norm": "How large are all gradients together?",
  clip: "Before they are used, gradients that are too large are made smaller; or your own code changes them.",
  moments: "The optimizer remembers earlier gradients, for each weight on its own.",
  update: "Each weight moves a little, in the direction that makes the loss smaller.",
  after: "The step is done: every weight has its new value."
};
function sentence(operation, trace) {
  const value2 = (number4) => number4 === null || number4 === void 0 ? "nothing" : { value: number4 };
  const operand2 = (name) => {
    const given3 = operation.operands[name];
    if (given3 === void 0) return null;
    if (given3.value !== void 0) return value2(given3.value);
    return given3.values ? listed2(given3.values.map(value2)) : plain(given3.plain);
  };
  const context = { operation, trace, value: value2, operand: operand2, result: value2(operation.result) };
  const told2 = (TELL[operation.kind] ?? TELL.forward)(context);
  return told2.flat(Infinity).filter((part) => part !== null && part !== void 0);
}
function sentenceText(operation, trace) {
  return sentence(operation, trace).map((part) => typeof part === "string" ? part : part.operation ?? trace.values[part.value].name).join("");
}
function checkText({ gradient, difference, error, sides }) {
  const [own2, slope] = [number(gradient), number(difference)];
  const says = `The gradient says ${brief(own2, 6)}`;
  if (!Number.isFinite(own2) || !Number.isFinite(slope))
    return { fine: false, text: `It can't be checked by nudging the weight: the loss isn't a finite number. ${says}.` };
  const fine = number(error) < 1e-3;
  if (sides) {
    const [below2, above2] = sides.map((x2) => brief(number(x2), 6));
    const kink = `Here the loss has a kink, as where what goes into a relu is 0: with this number a little smaller its slope is ${below2}, a little larger ${above2}.`;
    return fine ? { fine, text: `Checked. ${kink} The gradient may be any number between; it says ${brief(own2, 6)}.` } : { fine, text: `Checked, and it doesn't agree. ${kink} ${says}, which isn't between.` };
  }
  return {
    fine,
    text: `${fine ? "Checked" : "Checked, and it doesn't agree"}: with this number a little larger and a little smaller, the loss changes at a rate of ${brief(slope, 6)}. ${says}.`
  };
}
var TELL = {
  data: ({ operation, trace, result }) => {
    const { shape, shown: said2 } = trace.values[operation.result];
    const words = wordsOf(trace, operation.result);
    const shown2 = words ? "tokens" : said2;
    const what = {
      tokens: "text, a number for each word or letter",
      picture: "pictures",
      waveform: "sound",
      spectrogram: "sound as a spectrogram",
      video: "moving pictures"
    }[shown2] ?? "numbers";
    const examples = isBatch(trace.values[operation.result], trace) ? shape.length > 1 ? ` The first axis counts the ${shape[0]} examples of this batch.` : words ? "" : " One for each example." : "";
    return ["Given: ", result, `, ${what}, ${shapeText(shape)}.${examples}`];
  },
  forward: (context) => {
    const said2 = FORWARD2[context.operation.name]?.(context);
    return said2 ?? computed(context) ?? made(context);
  },
  adjoint: (context) => {
    const { operation, trace, operand: operand2, result, value: value2 } = context;
    const input = operation.name.slice(operation.name.lastIndexOf(".") + 1);
    const forward = trace.operations[operation.of];
    const of = forward?.operands[input]?.value ?? trace.values[operation.result]?.of;
    const whose = of === null || of === void 0 ? input : value2(of);
    const through = forward ? forward.name : operation.name.slice(0, operation.name.lastIndexOf("."));
    const how = BACK[operation.name]?.(context) ?? byFormula(context, input);
    if (operation.operands.g?.value === operation.result)
      return [
        "Back through ",
        { operation: through },
        ": the gradient that arrived, ",
        result,
        ", goes on to ",
        whose,
        " as it is."
      ];
    return [
      "Back through ",
      { operation: through },
      " to ",
      whose,
      ": ",
      ...how ?? ["from ", operand2("g"), " follows how L would change with each of its numbers"],
      spread(context) ? ", summed where one number had met several" : null,
      ". That makes ",
      result,
      "."
    ];
  },
  accumulate: said,
  hook: ({ result, operand: operand2 }) => [
    "A function of yours (a hook) changed the gradient ",
    operand2("g"),
    " into ",
    result,
    "."
  ],
  hand: said,
  norm: ({ operation, trace, result }) => {
    const n = operandValues(operation).length;
    return [
      n === 1 ? `The gradient of ${parametersOf(n, trace)}, as an arrow, has` : `The gradients of ${parametersOf(n, trace)}, put together into one long arrow, have`,
      " the length ",
      result,
      ` = ${brief(trace.array(operation.result).data[0])}: the root of the sum of all squares.`
    ];
  },
  clip: said,
  update: ({ operation, operand: operand2, result, value: value2 }) => {
    if (operation.phase === "moments") {
      const others2 = Object.keys(operation.operands).filter((name) => name !== "gradient");
      const fresh = [result, ...Object.values(operation.also ?? {}).map(value2)];
      return [
        "The optimizer brings ",
        listed2(others2.map(operand2)),
        " up to date with ",
        operand2("gradient"),
        ": now ",
        listed2(fresh),
        "."
      ];
    }
    if (operation.operands.parameter) {
      const { lr: lr2 } = operation.static ?? {};
      const by = Object.keys(operation.operands).filter((name) => name !== "parameter");
      const rate2 = lr2 === void 0 ? "" : `, at the learning rate ${brief(number(lr2))}`;
      const wanted = by.filter((name) => name !== "gradient").length ? by.filter((name) => name !== "gradient") : by;
      return [
        operand2("parameter"),
        " takes its step, by ",
        listed2(wanted.map(operand2)),
        rate2,
        ": it becomes ",
        result,
        "."
      ];
    }
    if (operation.phase === "update" && operation.operands.value)
      return [
        "Your code wrote to ",
        operand2("target"),
        " in place (",
        { operation: operation.name },
        "), by ",
        operand2("value"),
        ": it becomes ",
        result,
        "."
      ];
    if (!operation.operands.value)
      return ["An optimizer that the recording doesn't know makes ", result, " of ", operand2("target"), "."];
    return ["The layer writes down ", operand2("value"), " for later, in place of ", operand2("target"), "."];
  },
  after: ({ operation, trace }) => {
    const n = operandValues(operation).length;
    const whose = parametersOf(n, trace);
    return [
      `${whose[0].toUpperCase()}${whose.slice(1)} ${n === 1 ? "has its new value" : "have their new values"}. Training is this step, again and again, with other examples.`
    ];
  }
};
function said({ operation, result }) {
  return [operation.says, " That makes ", result, "."];
}
function parametersOf(n, trace) {
  const all = trace.values.filter(({ role, by }) => role === "parameter" && !Number.isInteger(by)).length;
  if (n < all) return `${n === 1 ? "one" : n} of the ${all} parameters`;
  return n === 1 ? "the one parameter" : n === 2 ? "both parameters" : `all ${n} parameters`;
}
function computed(context) {
  const formula = byFormula(context);
  return formula && ["Number by number: ", context.result, " = ", formula, "."];
}
function byFormula({ operation, trace, operand: operand2, value: value2 }, input = "y") {
  const formula = formulaOf(operation.name, input);
  if (!formula) return null;
  const forward = trace.operations[operation.of] ?? operation;
  const told2 = (letter) => {
    if (letter === "y" && forward.kind === "forward") return value2(forward.result);
    const fixed = operation.static?.[letter];
    return operand2(letter) ?? (typeof fixed === "number" ? brief(fixed) : null);
  };
  let end = 0;
  const pieces = [...formula.matchAll(NAME2)].flatMap(({ 0: letter, index }) => {
    const before = formula.slice(end, index);
    end = index + letter.length;
    return [before, told2(letter) ?? letter];
  });
  return [...pieces, formula.slice(end)];
}
function spread({ operation, trace }) {
  const { name, operands, result } = operation;
  const g = trace.values[operands.g?.value];
  return Boolean(g && formulaOf(name, "y")) && g.shape.join() !== trace.values[result].shape.join();
}
function made({ operation, operand: operand2, result }) {
  const names = Object.keys(operation.operands).filter((name) => operation.operands[name].plain === void 0);
  const from2 = names.length ? [" from ", listed2(names.map(operand2))] : [];
  return [{ operation: operation.name }, " makes ", result, ...from2, "."];
}
function listed2(parts2) {
  return parts2.flatMap((part, i) => [i === 0 ? "" : i === parts2.length - 1 ? " and " : ", ", part]);
}
function plain(x2) {
  const read = typeof x2 === "string" && /^(NaN|-?Infinity)$/.test(x2) ? Number(x2) : x2;
  return typeof read === "number" ? brief(read) : JSON.stringify(read);
}

// src/views/figures.js
var nameOf = (ref) => `${ref.name}${ref.cell ? placeText(ref.cell) : ""}`;
function figures(parts2, goTo2, trace, followed = () => false) {
  return parts2.map((part, i) => {
    if (typeof part === "string") return part;
    const x2 = typeof part === "object" ? part.number : part;
    const beside2 = /[·/+−^(²³]\s*$/.test(text(parts2[i - 1])) && !/\(\s*$/.test(text(parts2[i - 1]));
    const behind = /^\s*[²³^]/.test(text(parts2[i + 1]));
    const shown2 = typeof part === "object" ? operand(part, goTo2, trace, followed(part)) : make("span", { class: "numbers", title: String(part) }, brief(part));
    return x2 < 0 && (beside2 || behind) ? ["(", shown2, ")"] : shown2;
  });
}
var text = (part) => typeof part === "string" ? part : "";
function operand(ref, goTo2, trace, followed) {
  const name = nameOf(ref), truth = ref.value !== null && trace.values[ref.value]?.dtype === "bool";
  const shown2 = ref.number === null ? ref.name : truth ? ref.number ? "True" : "False" : brief(ref.number);
  if (ref.value === null || ref.value === void 0) return make("span", { class: "numbers", title: name }, shown2);
  const label = `${name}, ${shown2}: go to where it comes from`;
  return make(
    "button",
    {
      type: "button",
      class: followed ? "operand followed" : "operand",
      title: `${name}: go to where it comes from`,
      "aria-label": label,
      onclick: () => goTo2(ref)
    },
    followed ? `◉ ${shown2}` : shown2
  );
}

// src/views/follow.js
function followButton(store, which) {
  const button2 = make("button", { type: "button", class: "follows" });
  button2.addEventListener("click", () => {
    const weight = which();
    if (weight) store.followWeight(isFollowed(store, weight) ? null : weight, store.state.op);
  });
  const tell = () => {
    const weight = which();
    const on2 = weight !== null && isFollowed(store, weight);
    button2.hidden = weight === null;
    button2.setAttribute("aria-pressed", String(on2));
    button2.textContent = on2 ? "◉ followed" : "◎ follow this weight";
  };
  return { button: button2, tell };
}
function follow(element, store, trace) {
  if (!trace.updates.length) return false;
  const name = make("strong", { class: "numbers" });
  const way = make("ol", { "aria-label": "its stations" });
  const said2 = make("p", { "aria-live": "polite" });
  const next = make("button", { type: "button", class: "on", onclick: () => toStation(store, 1) }, "next ▸");
  const stop = make("button", { type: "button", class: "stop", onclick: () => store.followWeight(null) }, "✕ stop");
  next.title = "on to its next station (f)";
  stop.title = stop.ariaLabel = "stop following this weight";
  const all = make("button", { type: "button", class: "all", "aria-expanded": "false" }, "▾");
  all.title = all.ariaLabel = "its stations";
  all.addEventListener("click", () => {
    const open = element.classList.toggle("open");
    all.setAttribute("aria-expanded", String(open));
    all.textContent = open ? "▴" : "▾";
  });
  const buttons = make("span", { class: "buttons" }, all, next, stop);
  const row2 = make("div", { class: "top" }, make("span", { class: "whose" }, "You follow ", name), said2, buttons);
  fill(element, row2, way);
  let list2 = [];
  store.subscribe(({ op, weight }, changed) => {
    element.hidden = weight === null;
    if (weight === null) return;
    if (changed.has("weight") || changed.has("frame")) {
      list2 = stations(trace, weight);
      const [i, ...cell] = weight;
      name.textContent = `${updateName(trace, i)}${placeText(cell)}`;
      fill(way, ...list2.map((station) => make("li", {}, buttonOf(station, store))));
    }
    if (!(changed.has("op") || changed.has("weight") || changed.has("frame"))) return;
    const at4 = reached(list2, op);
    [...way.children].forEach(({ firstChild }, k2) => {
      firstChild.classList.toggle("passed", k2 <= at4);
      if (k2 === at4 && list2[k2].op === op) firstChild.setAttribute("aria-current", "step");
      else firstChild.removeAttribute("aria-current");
    });
    next.setAttribute("aria-disabled", String(at4 === list2.length - 1));
    said2.textContent = list2[at4]?.op === op ? SAID[list2[at4].name](list2, list2[at4]) : between(store, list2, at4);
  });
  return true;
}
function buttonOf(station, store) {
  const number4 = make("span", { class: "numbers", title: String(station.number) }, brief(station.number));
  return make(
    "button",
    { type: "button", onclick: () => goTo(store, station) },
    make("span", {}, station.name),
    " ",
    number4
  );
}
var numberOf = (list2, name) => list2.find((station) => station.name === name)?.number;
var SAID = {
  forward: (list2) => `It is ${brief(numberOf(list2, "forward"))} in this step. Here it takes part in the network's answer: below, where this number comes from, it is marked ◉.`,
  gradient: (list2) => {
    const g = numberOf(list2, "gradient");
    if (!Number.isFinite(g)) return "Its gradient isn't a number, so nothing can be learned from it.";
    if (g === 0) return "Its gradient is 0: in this step the loss doesn't depend on it.";
    return `If it grew by a little, the loss would ${g > 0 ? "grow" : "fall"} by ${brief(Math.abs(g))} times as much. Below it stands where that comes from.`;
  },
  clipped: (_, { before, number: number4 }) => before === number4 ? "Nothing is cut off: the gradients aren't over the limit." : `The gradients were over the limit, so of ${brief(before)} ${brief(number4)} is left.`,
  changed: (_, { before, number: number4 }) => `Your own code changed its gradient before it was used: of ${brief(before)} it made ${brief(number4)}.`,
  moments: (list2) => `The optimizer mixes this gradient with what it remembers of earlier ones. Its memory is now ${brief(numberOf(list2, "moments"))}.`,
  step: (list2) => {
    const step = numberOf(list2, "step");
    return `It moves by ${brief(step)}: ${step === 0 ? "it stays" : step < 0 ? "down" : "up"}. Below it stands line by line how that is computed.`;
  },
  "new value": (list2) => {
    const [before, after] = [numberOf(list2, "forward"), numberOf(list2, "new value")];
    return `It ${before === void 0 ? "is" : `was ${brief(before)}, now it is`} ${brief(after, 6)}. The next step begins with that.`;
  }
};
function between(store, list2, at4) {
  const { trace, operation, state } = store;
  const { value: value2 } = lookAt(trace, state.weight, operation);
  const next = list2[at4 + 1];
  const on2 = next ? ` Its next station is “${next.name}”: key f, or next.` : "";
  if (value2 === operation.result) return `It takes part here, too.${on2}`;
  return `This operation isn't about it; here is what it has come to so far.${on2}`;
}

// src/views/derivation.js
var FEW = 12;
var LARGEST = 8;
var MANY = 200;
function derivation(element, store, trace) {
  let all = false;
  let follow2 = false;
  const body = make("div", {});
  const heading = make("p", { class: "number", tabindex: -1 });
  const follows = followButton(store, () => weightAt(store, trace));
  fill(element, make("div", { class: "whose" }, heading, follows.button), body);
  const redraw = () => {
    follows.tell();
    const at4 = store.value;
    if (at4 === null) {
      fill(heading, "Nothing was made here.");
      fill(body);
      return;
    }
    const value2 = trace.values[at4], numbers2 = trace.array(at4), cell = store.state.cell ?? exampleIn(trace, at4);
    if (!cell) {
      fill(heading, value2.name, " is empty: there is no number to explain.");
      fill(body);
      return;
    }
    const goTo2 = (ref) => {
      follow2 = true;
      store.follow(ref.value, ref.cell);
    };
    fill(heading, ...headingOf(value2, numbers2, cell, store.state.cell === null));
    const { weight } = store.state;
    const followed = ({ value: of, cell: place }) => weight !== null && Boolean(place) && ownerOf(trace, of) === weight[0] && place.join() === weight.slice(1).join();
    const found2 = derive(trace, at4, cell, operationOf(store, trace, at4));
    const parts2 = found2 ? derived(found2, {
      goTo: goTo2,
      trace,
      all,
      value: value2,
      followed,
      anyFollowed: weight !== null,
      more: () => (all = true, redraw())
    }) : leaf(value2, store, trace);
    fill(body, ...parts2, badge(trace, at4, cell, store), uses(trace, at4, store));
    if (follow2) heading.focus({ preventScroll: true });
    follow2 = false;
  };
  store.subscribe((_, changed) => {
    if (!(changed.has("op") || changed.has("value") || changed.has("cell") || changed.has("weight"))) return;
    all = false;
    redraw();
  });
}
function operationOf(store, trace, at4) {
  const present = store.operation;
  const made3 = present && present.kind !== "after" && present.kind !== "data" && resultValues(present).some(([, n]) => n === at4);
  return made3 ? present : makerOf(trace, at4);
}
function weightAt(store, trace) {
  const at4 = store.value;
  const i = ownerOf(trace, at4);
  const cell = store.state.cell ?? (i < 0 ? null : exampleIn(trace, at4));
  return i < 0 || cell === null ? null : [i, ...cell];
}
function headingOf(value2, numbers2, cell, example) {
  const x2 = numbers2.get(cell);
  const text2 = value2.data.type === "float16" ? `about ${brief(x2)}` : shown(x2, value2.dtype);
  return [
    make("strong", { title: exact(x2, value2.dtype) }, `${value2.name}${placeText(cell)} = ${text2}`),
    example && cell.length ? make("span", { class: "quiet" }, " (for example)") : null
  ].filter(Boolean);
}
function derived(found2, about) {
  const { operation, formula, legend: legend3, stages } = found2;
  const how = operation.kind === "adjoint" ? `Sent back by ${operation.name.split(".")[0]}` : operation.kind === "forward" ? `Made by ${operation.name}` : `Made in ${operation.phase}`;
  return [
    make(
      "p",
      { class: "formula" },
      make("span", { class: "quiet" }, `${how}: `),
      make("code", {}, formula),
      lettersOf(legend3)
    ),
    ...stages.map((stage, i) => drawStage(stage, i === stages.length - 1, about)),
    conclusion(found2, about.value, about.trace)
  ].filter(Boolean);
}
function lettersOf(legend3) {
  if (!legend3.length) return null;
  return make(
    "span",
    { class: "quiet" },
    `, where ${legend3.map(([letter, name]) => `${letter} is ${name}`).join(", ")}`
  );
}
function drawStage(stage, last2, about) {
  const { terms, count: count3, join, say } = stage;
  const order = terms.map((_, i) => i);
  const listed3 = about.all ? order.slice(0, MANY) : count3 <= FEW ? order : order.sort((i, j) => Math.abs(terms[j].value) - Math.abs(terms[i].value)).slice(0, LARGEST);
  const own2 = about.anyFollowed ? terms.findIndex(({ parts: parts2 }) => parts2.some(about.followed)) : -1;
  if (own2 >= 0 && !listed3.includes(own2)) listed3.unshift(own2);
  const largest2 = terms.reduce((m, { value: value2 }) => Math.max(m, Number.isFinite(value2) ? Math.abs(value2) : 0), 0);
  const rows = listed3.map((i) => drawTerm(terms[i], join, largest2, about));
  const rest = count3 - listed3.length;
  const table = make("div", { class: `terms ${join || "one"}` }, ...rows);
  return make(
    "div",
    { class: "stage" },
    say ? make("p", {}, say) : null,
    table,
    rest > 0 ? restOf(stage, listed3, rest, about) : null,
    join && join !== "list" && count3 !== 1 ? make(
      "p",
      { class: "join" },
      `${JOIN[join](count3)} `,
      make("strong", { class: "numbers", title: String(stage.value) }, brief(stage.value, 6))
    ) : null,
    stage.missing ? missing(stage.missing) : null,
    !count3 && !stage.missing ? make("p", { class: "quiet" }, "There is nothing to add: 0.") : null
  );
}
var JOIN = {
  sum: (n) => `Added up, all ${n} make`,
  mean: (n) => `Added up and divided by ${n}, that is`,
  product: (n) => `Multiplied, all ${n} make`,
  max: (n) => `The largest of the ${n} is`,
  min: (n) => `The smallest of the ${n} is`
};
function restOf(stage, listed3, rest, { all, more }) {
  const together2 = stage.join === "sum" || stage.join === "mean" ? `, together ${brief(stage.joined - listed3.reduce((sum, i) => sum + stage.terms[i].value, 0), 4)}` : "";
  return make(
    "p",
    { class: "rest" },
    make(
      "span",
      { class: "quiet" },
      `${all ? "These are the first. " : stage.count > stage.terms.length ? `These are the largest of the first ${stage.terms.length}. ` : "These are the largest. "}There are ${rest} more${together2}. `
    ),
    all ? null : make("button", { type: "button", onclick: more }, stage.count > MANY ? `show ${MANY}` : "show all, in order")
  );
}
var missing = (n) => make(
  "p",
  { class: "warning" },
  `${n} more belong to examples that this trace doesn't keep, so the sum here isn't whole.`
);
function drawTerm(term, join, largest2, { goTo: goTo2, trace, followed }) {
  const { parts: parts2, value: value2 } = term;
  const symbols2 = parts2.map(
    (part) => typeof part === "string" ? part : typeof part === "object" ? nameOf(part) : null
  );
  const known3 = symbols2.every((part) => part !== null);
  const single2 = parts2.length === 1 && typeof parts2[0] === "object" && parts2[0].number !== null;
  const bar = ["sum", "mean"].includes(join) && largest2 > 0 ? make("span", { class: "bar", "aria-hidden": "true" }, make("span", { class: value2 < 0 ? "low" : "high" })) : null;
  if (bar) bar.firstChild.style.width = `${100 * Math.abs(value2) / largest2 || 0}%`;
  return make(
    "div",
    { class: parts2.some(followed) ? "term followed" : "term" },
    make("span", { class: "symbols" }, known3 ? symbols2.join("") : ""),
    make("span", { class: "figures" }, ...figures(parts2, goTo2, trace, followed)),
    make("span", { class: "value numbers", title: String(value2) }, single2 ? "" : `= ${brief(value2, 5)}`),
    bar
  );
}
function conclusion({ operation, value: value2, recorded: recorded2, missing: without }, { data, dtype }, trace) {
  const same3 = Math.abs(value2 - recorded2) <= 1e-4 * Math.max(Math.abs(recorded2), 0.01) || Object.is(value2, recorded2);
  const told2 = make("strong", { class: "numbers", title: String(value2) }, brief(value2, 6));
  const what = data.type === "float16" ? brief(recorded2) : shown(recorded2, dtype);
  if (without)
    return make("p", { class: "conclusion" }, "What is kept comes to ", told2, `; the whole, as recorded, is ${what}.`);
  if (same3)
    return make(
      "p",
      { class: "conclusion same" },
      make("span", { "aria-hidden": "true" }, "✓ "),
      "So it is ",
      told2,
      ", and that's what the step recorded."
    );
  const forward = operation.kind === "adjoint" ? trace.operations[operation.of] : null;
  const read = [operation, ...forward ? [forward] : []].flatMap(operandValues).map(([, n]) => trace.values[n]);
  const rounded = [{ data }, ...read].some((one3) => one3.data.type === "float16");
  const why = rounded ? "Some arrays are stored to three digits here, so sums of them differ a little." : "They differ.";
  return make("p", { class: "conclusion" }, "This comes to ", told2, `; the step recorded ${what}. ${why}`);
}
function leaf(value2, store, trace) {
  const maker = makerOf(trace, value2.number);
  if (maker?.kind === "hand") {
    const before = maker.operands.before?.value;
    const told2 = "Your own code made it between two operations, so there is no formula to show.";
    const go = () => store.follow(before, store.state.cell);
    return [
      make("p", {}, told2),
      before === void 0 ? null : make("button", { type: "button", onclick: go }, `See what it was: ${trace.values[before].name}`)
    ];
  }
  if (maker && maker.kind !== "data")
    return [
      make(
        "p",
        {},
        trace.rule(maker)?.underived ?? "This page has no derivation for this number.",
        " The rule of ",
        make("code", {}, maker.name),
        " stands beside the code of your line; its operands are listed with the numbers above."
      )
    ];
  const moved = trace.readers[value2.number].some(({ operation }) => operation.kind === "after");
  const said2 = {
    input: "It's given: part of the data that this step learns from.",
    constant: "It's given: no operation of this step made it, and no variable of yours holds it as it is.",
    parameter: `It's a weight, as it stood before this step${moved ? "" : ", which leaves it as it is"}.`,
    buffer: "It's kept by the layer from one step to the next, and not learned.",
    state: "It's what the optimizer remembered from earlier steps (0 at the first).",
    gradient: trace.values[value2.of]?.role === "parameter" ? "It's from before this step: what an earlier backward pass left there." : trace.array(value2.number).data.every((x2) => x2 === 1) ? "Here the backward pass begins: the loss changes by 1 where the loss changes by 1." : "Here the backward pass begins, with what backward(g) was given."
  }[value2.role];
  const update2 = trace.updates.find((one3) => one3.before === value2.number);
  const goes = update2 ? trace.operations.find((op) => op.phase === "update" && op.result === update2.after) : null;
  const button2 = goes && isKnown(update2) ? make(
    "button",
    { type: "button", onclick: () => store.set({ op: goes.number, cell: store.state.cell, playing: false }) },
    "See what this step makes of it"
  ) : null;
  return [make("p", {}, said2 ?? "Nothing made it in this step."), button2];
}
function badge(trace, at4, cell, store) {
  const checks = (trace.checks ?? []).filter(({ value: value2 }) => value2 === at4);
  if (!checks.length) return null;
  const own2 = checks.find((check) => check.cell.every((k2, i) => k2 === cell[i]));
  if (own2) {
    const { fine, text: text2 } = checkText(own2);
    return make(
      "p",
      { class: `badge ${fine ? "same" : "warning"}` },
      make("span", { "aria-hidden": "true" }, fine ? "✓ " : "⚠ "),
      text2
    );
  }
  const places2 = checks.slice(0, 4).map(
    (check) => make("button", { type: "button", onclick: () => store.set({ cell: check.cell }) }, placeText(check.cell) || "it")
  );
  return make(
    "p",
    { class: "badge" },
    make("span", { class: "quiet" }, "Some numbers of this gradient were checked by nudging the weight: "),
    ...places2
  );
}
function uses(trace, at4, store) {
  const readers = trace.readers[at4].filter(({ operation }) => operation.kind !== "norm" && operation.kind !== "after");
  if (!readers.length) return null;
  const buttons = readers.slice(0, 6).map(
    ({ operation }) => make(
      "button",
      { type: "button", onclick: () => store.set({ op: operation.number, playing: false }) },
      `${operation.number} ${operation.operands.gradient && operation.kind === "update" ? operation.phase : operation.name}`
    )
  );
  return make(
    "p",
    { class: "uses" },
    make("span", { class: "quiet" }, "It's read by "),
    ...buttons,
    readers.length > 6 ? make("span", { class: "quiet" }, ` and ${readers.length - 6} more`) : null
  );
}

// src/views/diagnoses.js
function diagnoses(element, store, trace) {
  if (!trace.diagnoses) return false;
  let items = [];
  store.subscribe(({ op }, changed) => {
    if (changed.has("frame")) {
      items = trace.diagnoses.map((diagnosis) => ({ ...diagnosis, item: itemOf(diagnosis, store) }));
      fill(element, items.length ? make("ul", {}, ...items.map(({ item }) => item)) : make("p", {}, nothingOf(trace)));
    }
    for (const { operation, item } of items) item.classList.toggle("present", operation === op);
  });
  return true;
}
function nothingOf({ fine = [] }) {
  if (!fine.length) return "Nothing could be looked at in this step.";
  const told2 = fine.length > 1 ? `${fine.slice(0, -1).join(", ")} and ${fine.at(-1)}` : fine[0];
  return `Nothing stands out of what was looked at: ${told2}.`;
}
function itemOf({ name, sign: sign4, mend, operation }, store) {
  const at4 = store.trace.operations[operation];
  const go = at4 ? make(
    "button",
    { type: "button", onclick: () => store.set({ op: operation, playing: false }) },
    `Show it: ${operation}, ${at4.name}`
  ) : null;
  return make(
    "li",
    {},
    make("strong", {}, `${title(name)}: `),
    `${sign4}.`,
    make("p", { class: "quiet" }, `${mend}.`),
    go
  );
}
var title = (name) => {
  const words = String(name).replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
};

// node_modules/d3-array/dist/d3-array.mjs
function ascending(a2, b) {
  return a2 == null || b == null ? NaN : a2 < b ? -1 : a2 > b ? 1 : a2 >= b ? 0 : NaN;
}
function descending(a2, b) {
  return a2 == null || b == null ? NaN : b < a2 ? -1 : b > a2 ? 1 : b >= a2 ? 0 : NaN;
}
function bisector(f) {
  let compare1, compare2, delta;
  if (f.length !== 2) {
    compare1 = ascending;
    compare2 = (d, x2) => ascending(f(d), x2);
    delta = (d, x2) => f(d) - x2;
  } else {
    compare1 = f === ascending || f === descending ? f : zero;
    compare2 = f;
    delta = f;
  }
  function left(a2, x2, lo = 0, hi = a2.length) {
    if (lo < hi) {
      if (compare1(x2, x2) !== 0) return hi;
      do {
        const mid = lo + hi >>> 1;
        if (compare2(a2[mid], x2) < 0) lo = mid + 1;
        else hi = mid;
      } while (lo < hi);
    }
    return lo;
  }
  function right(a2, x2, lo = 0, hi = a2.length) {
    if (lo < hi) {
      if (compare1(x2, x2) !== 0) return hi;
      do {
        const mid = lo + hi >>> 1;
        if (compare2(a2[mid], x2) <= 0) lo = mid + 1;
        else hi = mid;
      } while (lo < hi);
    }
    return lo;
  }
  function center(a2, x2, lo = 0, hi = a2.length) {
    const i = left(a2, x2, lo, hi - 1);
    return i > lo && delta(a2[i - 1], x2) > -delta(a2[i], x2) ? i - 1 : i;
  }
  return { left, center, right };
}
function zero() {
  return 0;
}
function number2(x2) {
  return x2 === null ? NaN : +x2;
}
var ascendingBisect = bisector(ascending);
var bisectRight = ascendingBisect.right;
var bisectLeft = ascendingBisect.left;
var bisectCenter = bisector(number2).center;
var blur2 = Blur2(blurf);
var blurImage = Blur2(blurfImage);
function Blur2(blur) {
  return function(data, rx, ry = rx) {
    if (!((rx = +rx) >= 0)) throw new RangeError("invalid rx");
    if (!((ry = +ry) >= 0)) throw new RangeError("invalid ry");
    let { data: values, width, height } = data;
    if (!((width = Math.floor(width)) >= 0)) throw new RangeError("invalid width");
    if (!((height = Math.floor(height !== void 0 ? height : values.length / width)) >= 0)) throw new RangeError("invalid height");
    if (!width || !height || !rx && !ry) return data;
    const blurx = rx && blur(rx);
    const blury = ry && blur(ry);
    const temp = values.slice();
    if (blurx && blury) {
      blurh(blurx, temp, values, width, height);
      blurh(blurx, values, temp, width, height);
      blurh(blurx, temp, values, width, height);
      blurv(blury, values, temp, width, height);
      blurv(blury, temp, values, width, height);
      blurv(blury, values, temp, width, height);
    } else if (blurx) {
      blurh(blurx, values, temp, width, height);
      blurh(blurx, temp, values, width, height);
      blurh(blurx, values, temp, width, height);
    } else if (blury) {
      blurv(blury, values, temp, width, height);
      blurv(blury, temp, values, width, height);
      blurv(blury, values, temp, width, height);
    }
    return data;
  };
}
function blurh(blur, T2, S2, w, h) {
  for (let y2 = 0, n = w * h; y2 < n; ) {
    blur(T2, S2, y2, y2 += w, 1);
  }
}
function blurv(blur, T2, S2, w, h) {
  for (let x2 = 0, n = w * h; x2 < w; ++x2) {
    blur(T2, S2, x2, x2 + n, w);
  }
}
function blurfImage(radius) {
  const blur = blurf(radius);
  return (T2, S2, start, stop, step) => {
    start <<= 2, stop <<= 2, step <<= 2;
    blur(T2, S2, start + 0, stop + 0, step);
    blur(T2, S2, start + 1, stop + 1, step);
    blur(T2, S2, start + 2, stop + 2, step);
    blur(T2, S2, start + 3, stop + 3, step);
  };
}
function blurf(radius) {
  const radius0 = Math.floor(radius);
  if (radius0 === radius) return bluri(radius);
  const t = radius - radius0;
  const w = 2 * radius + 1;
  return (T2, S2, start, stop, step) => {
    if (!((stop -= step) >= start)) return;
    let sum = radius0 * S2[start];
    const s0 = step * radius0;
    const s1 = s0 + step;
    for (let i = start, j = start + s0; i < j; i += step) {
      sum += S2[Math.min(stop, i)];
    }
    for (let i = start, j = stop; i <= j; i += step) {
      sum += S2[Math.min(stop, i + s0)];
      T2[i] = (sum + t * (S2[Math.max(start, i - s1)] + S2[Math.min(stop, i + s1)])) / w;
      sum -= S2[Math.max(start, i - s0)];
    }
  };
}
function bluri(radius) {
  const w = 2 * radius + 1;
  return (T2, S2, start, stop, step) => {
    if (!((stop -= step) >= start)) return;
    let sum = radius * S2[start];
    const s2 = step * radius;
    for (let i = start, j = start + s2; i < j; i += step) {
      sum += S2[Math.min(stop, i)];
    }
    for (let i = start, j = stop; i <= j; i += step) {
      sum += S2[Math.min(stop, i + s2)];
      T2[i] = sum / w;
      sum -= S2[Math.max(start, i - s2)];
    }
  };
}
var array = Array.prototype;
var slice = array.slice;
var e10 = Math.sqrt(50);
var e5 = Math.sqrt(10);
var e2 = Math.sqrt(2);
function tickSpec(start, stop, count3) {
  const step = (stop - start) / Math.max(0, count3), power = Math.floor(Math.log10(step)), error = step / Math.pow(10, power), factor = error >= e10 ? 10 : error >= e5 ? 5 : error >= e2 ? 2 : 1;
  let i1, i2, inc;
  if (power < 0) {
    inc = Math.pow(10, -power) / factor;
    i1 = Math.round(start * inc);
    i2 = Math.round(stop * inc);
    if (i1 / inc < start) ++i1;
    if (i2 / inc > stop) --i2;
    inc = -inc;
  } else {
    inc = Math.pow(10, power) * factor;
    i1 = Math.round(start / inc);
    i2 = Math.round(stop / inc);
    if (i1 * inc < start) ++i1;
    if (i2 * inc > stop) --i2;
  }
  if (i2 < i1 && 0.5 <= count3 && count3 < 2) return tickSpec(start, stop, count3 * 2);
  return [i1, i2, inc];
}
function ticks(start, stop, count3) {
  stop = +stop, start = +start, count3 = +count3;
  if (!(count3 > 0)) return [];
  if (start === stop) return [start];
  const reverse = stop < start, [i1, i2, inc] = reverse ? tickSpec(stop, start, count3) : tickSpec(start, stop, count3);
  if (!(i2 >= i1)) return [];
  const n = i2 - i1 + 1, ticks2 = new Array(n);
  if (reverse) {
    if (inc < 0) for (let i = 0; i < n; ++i) ticks2[i] = (i2 - i) / -inc;
    else for (let i = 0; i < n; ++i) ticks2[i] = (i2 - i) * inc;
  } else {
    if (inc < 0) for (let i = 0; i < n; ++i) ticks2[i] = (i1 + i) / -inc;
    else for (let i = 0; i < n; ++i) ticks2[i] = (i1 + i) * inc;
  }
  return ticks2;
}
function tickIncrement(start, stop, count3) {
  stop = +stop, start = +start, count3 = +count3;
  return tickSpec(start, stop, count3)[2];
}
function tickStep(start, stop, count3) {
  stop = +stop, start = +start, count3 = +count3;
  const reverse = stop < start, inc = reverse ? tickIncrement(stop, start, count3) : tickIncrement(start, stop, count3);
  return (reverse ? -1 : 1) * (inc < 0 ? 1 / -inc : inc);
}
var shuffle = shuffler(Math.random);
function shuffler(random) {
  return function shuffle2(array4, i0 = 0, i1 = array4.length) {
    let m = i1 - (i0 = +i0);
    while (m) {
      const i = random() * m-- | 0, t = array4[m + i0];
      array4[m + i0] = array4[i + i0];
      array4[i + i0] = t;
    }
    return array4;
  };
}

// node_modules/d3-color/dist/d3-color.mjs
function define(constructor, factory, prototype) {
  constructor.prototype = factory.prototype = prototype;
  prototype.constructor = constructor;
}
function extend(parent, definition) {
  var prototype = Object.create(parent.prototype);
  for (var key in definition) prototype[key] = definition[key];
  return prototype;
}
function Color() {
}
var darker = 0.7;
var brighter = 1 / darker;
var reI = "\\s*([+-]?\\d+)\\s*";
var reN = "\\s*([+-]?(?:\\d*\\.)?\\d+(?:[eE][+-]?\\d+)?)\\s*";
var reP = "\\s*([+-]?(?:\\d*\\.)?\\d+(?:[eE][+-]?\\d+)?)%\\s*";
var reHex = /^#([0-9a-f]{3,8})$/;
var reRgbInteger = new RegExp(`^rgb\\(${reI},${reI},${reI}\\)$`);
var reRgbPercent = new RegExp(`^rgb\\(${reP},${reP},${reP}\\)$`);
var reRgbaInteger = new RegExp(`^rgba\\(${reI},${reI},${reI},${reN}\\)$`);
var reRgbaPercent = new RegExp(`^rgba\\(${reP},${reP},${reP},${reN}\\)$`);
var reHslPercent = new RegExp(`^hsl\\(${reN},${reP},${reP}\\)$`);
var reHslaPercent = new RegExp(`^hsla\\(${reN},${reP},${reP},${reN}\\)$`);
var named2 = {
  aliceblue: 15792383,
  antiquewhite: 16444375,
  aqua: 65535,
  aquamarine: 8388564,
  azure: 15794175,
  beige: 16119260,
  bisque: 16770244,
  black: 0,
  blanchedalmond: 16772045,
  blue: 255,
  blueviolet: 9055202,
  brown: 10824234,
  burlywood: 14596231,
  cadetblue: 6266528,
  chartreuse: 8388352,
  chocolate: 13789470,
  coral: 16744272,
  cornflowerblue: 6591981,
  cornsilk: 16775388,
  crimson: 14423100,
  cyan: 65535,
  darkblue: 139,
  darkcyan: 35723,
  darkgoldenrod: 12092939,
  darkgray: 11119017,
  darkgreen: 25600,
  darkgrey: 11119017,
  darkkhaki: 12433259,
  darkmagenta: 9109643,
  darkolivegreen: 5597999,
  darkorange: 16747520,
  darkorchid: 10040012,
  darkred: 9109504,
  darksalmon: 15308410,
  darkseagreen: 9419919,
  darkslateblue: 4734347,
  darkslategray: 3100495,
  darkslategrey: 3100495,
  darkturquoise: 52945,
  darkviolet: 9699539,
  deeppink: 16716947,
  deepskyblue: 49151,
  dimgray: 6908265,
  dimgrey: 6908265,
  dodgerblue: 2003199,
  firebrick: 11674146,
  floralwhite: 16775920,
  forestgreen: 2263842,
  fuchsia: 16711935,
  gainsboro: 14474460,
  ghostwhite: 16316671,
  gold: 16766720,
  goldenrod: 14329120,
  gray: 8421504,
  green: 32768,
  greenyellow: 11403055,
  grey: 8421504,
  honeydew: 15794160,
  hotpink: 16738740,
  indianred: 13458524,
  indigo: 4915330,
  ivory: 16777200,
  khaki: 15787660,
  lavender: 15132410,
  lavenderblush: 16773365,
  lawngreen: 8190976,
  lemonchiffon: 16775885,
  lightblue: 11393254,
  lightcoral: 15761536,
  lightcyan: 14745599,
  lightgoldenrodyellow: 16448210,
  lightgray: 13882323,
  lightgreen: 9498256,
  lightgrey: 13882323,
  lightpink: 16758465,
  lightsalmon: 16752762,
  lightseagreen: 2142890,
  lightskyblue: 8900346,
  lightslategray: 7833753,
  lightslategrey: 7833753,
  lightsteelblue: 11584734,
  lightyellow: 16777184,
  lime: 65280,
  limegreen: 3329330,
  linen: 16445670,
  magenta: 16711935,
  maroon: 8388608,
  mediumaquamarine: 6737322,
  mediumblue: 205,
  mediumorchid: 12211667,
  mediumpurple: 9662683,
  mediumseagreen: 3978097,
  mediumslateblue: 8087790,
  mediumspringgreen: 64154,
  mediumturquoise: 4772300,
  mediumvioletred: 13047173,
  midnightblue: 1644912,
  mintcream: 16121850,
  mistyrose: 16770273,
  moccasin: 16770229,
  navajowhite: 16768685,
  navy: 128,
  oldlace: 16643558,
  olive: 8421376,
  olivedrab: 7048739,
  orange: 16753920,
  orangered: 16729344,
  orchid: 14315734,
  palegoldenrod: 15657130,
  palegreen: 10025880,
  paleturquoise: 11529966,
  palevioletred: 14381203,
  papayawhip: 16773077,
  peachpuff: 16767673,
  peru: 13468991,
  pink: 16761035,
  plum: 14524637,
  powderblue: 11591910,
  purple: 8388736,
  rebeccapurple: 6697881,
  red: 16711680,
  rosybrown: 12357519,
  royalblue: 4286945,
  saddlebrown: 9127187,
  salmon: 16416882,
  sandybrown: 16032864,
  seagreen: 3050327,
  seashell: 16774638,
  sienna: 10506797,
  silver: 12632256,
  skyblue: 8900331,
  slateblue: 6970061,
  slategray: 7372944,
  slategrey: 7372944,
  snow: 16775930,
  springgreen: 65407,
  steelblue: 4620980,
  tan: 13808780,
  teal: 32896,
  thistle: 14204888,
  tomato: 16737095,
  turquoise: 4251856,
  violet: 15631086,
  wheat: 16113331,
  white: 16777215,
  whitesmoke: 16119285,
  yellow: 16776960,
  yellowgreen: 10145074
};
define(Color, color, {
  copy(channels) {
    return Object.assign(new this.constructor(), this, channels);
  },
  displayable() {
    return this.rgb().displayable();
  },
  hex: color_formatHex,
  // Deprecated! Use color.formatHex.
  formatHex: color_formatHex,
  formatHex8: color_formatHex8,
  formatHsl: color_formatHsl,
  formatRgb: color_formatRgb,
  toString: color_formatRgb
});
function color_formatHex() {
  return this.rgb().formatHex();
}
function color_formatHex8() {
  return this.rgb().formatHex8();
}
function color_formatHsl() {
  return hslConvert(this).formatHsl();
}
function color_formatRgb() {
  return this.rgb().formatRgb();
}
function color(format2) {
  var m, l;
  format2 = (format2 + "").trim().toLowerCase();
  return (m = reHex.exec(format2)) ? (l = m[1].length, m = parseInt(m[1], 16), l === 6 ? rgbn(m) : l === 3 ? new Rgb(m >> 8 & 15 | m >> 4 & 240, m >> 4 & 15 | m & 240, (m & 15) << 4 | m & 15, 1) : l === 8 ? rgba(m >> 24 & 255, m >> 16 & 255, m >> 8 & 255, (m & 255) / 255) : l === 4 ? rgba(m >> 12 & 15 | m >> 8 & 240, m >> 8 & 15 | m >> 4 & 240, m >> 4 & 15 | m & 240, ((m & 15) << 4 | m & 15) / 255) : null) : (m = reRgbInteger.exec(format2)) ? new Rgb(m[1], m[2], m[3], 1) : (m = reRgbPercent.exec(format2)) ? new Rgb(m[1] * 255 / 100, m[2] * 255 / 100, m[3] * 255 / 100, 1) : (m = reRgbaInteger.exec(format2)) ? rgba(m[1], m[2], m[3], m[4]) : (m = reRgbaPercent.exec(format2)) ? rgba(m[1] * 255 / 100, m[2] * 255 / 100, m[3] * 255 / 100, m[4]) : (m = reHslPercent.exec(format2)) ? hsla(m[1], m[2] / 100, m[3] / 100, 1) : (m = reHslaPercent.exec(format2)) ? hsla(m[1], m[2] / 100, m[3] / 100, m[4]) : named2.hasOwnProperty(format2) ? rgbn(named2[format2]) : format2 === "transparent" ? new Rgb(NaN, NaN, NaN, 0) : null;
}
function rgbn(n) {
  return new Rgb(n >> 16 & 255, n >> 8 & 255, n & 255, 1);
}
function rgba(r, g, b, a2) {
  if (a2 <= 0) r = g = b = NaN;
  return new Rgb(r, g, b, a2);
}
function rgbConvert(o) {
  if (!(o instanceof Color)) o = color(o);
  if (!o) return new Rgb();
  o = o.rgb();
  return new Rgb(o.r, o.g, o.b, o.opacity);
}
function rgb(r, g, b, opacity) {
  return arguments.length === 1 ? rgbConvert(r) : new Rgb(r, g, b, opacity == null ? 1 : opacity);
}
function Rgb(r, g, b, opacity) {
  this.r = +r;
  this.g = +g;
  this.b = +b;
  this.opacity = +opacity;
}
define(Rgb, rgb, extend(Color, {
  brighter(k2) {
    k2 = k2 == null ? brighter : Math.pow(brighter, k2);
    return new Rgb(this.r * k2, this.g * k2, this.b * k2, this.opacity);
  },
  darker(k2) {
    k2 = k2 == null ? darker : Math.pow(darker, k2);
    return new Rgb(this.r * k2, this.g * k2, this.b * k2, this.opacity);
  },
  rgb() {
    return this;
  },
  clamp() {
    return new Rgb(clampi(this.r), clampi(this.g), clampi(this.b), clampa(this.opacity));
  },
  displayable() {
    return -0.5 <= this.r && this.r < 255.5 && (-0.5 <= this.g && this.g < 255.5) && (-0.5 <= this.b && this.b < 255.5) && (0 <= this.opacity && this.opacity <= 1);
  },
  hex: rgb_formatHex,
  // Deprecated! Use color.formatHex.
  formatHex: rgb_formatHex,
  formatHex8: rgb_formatHex8,
  formatRgb: rgb_formatRgb,
  toString: rgb_formatRgb
}));
function rgb_formatHex() {
  return `#${hex(this.r)}${hex(this.g)}${hex(this.b)}`;
}
function rgb_formatHex8() {
  return `#${hex(this.r)}${hex(this.g)}${hex(this.b)}${hex((isNaN(this.opacity) ? 1 : this.opacity) * 255)}`;
}
function rgb_formatRgb() {
  const a2 = clampa(this.opacity);
  return `${a2 === 1 ? "rgb(" : "rgba("}${clampi(this.r)}, ${clampi(this.g)}, ${clampi(this.b)}${a2 === 1 ? ")" : `, ${a2})`}`;
}
function clampa(opacity) {
  return isNaN(opacity) ? 1 : Math.max(0, Math.min(1, opacity));
}
function clampi(value2) {
  return Math.max(0, Math.min(255, Math.round(value2) || 0));
}
function hex(value2) {
  value2 = clampi(value2);
  return (value2 < 16 ? "0" : "") + value2.toString(16);
}
function hsla(h, s2, l, a2) {
  if (a2 <= 0) h = s2 = l = NaN;
  else if (l <= 0 || l >= 1) h = s2 = NaN;
  else if (s2 <= 0) h = NaN;
  return new Hsl(h, s2, l, a2);
}
function hslConvert(o) {
  if (o instanceof Hsl) return new Hsl(o.h, o.s, o.l, o.opacity);
  if (!(o instanceof Color)) o = color(o);
  if (!o) return new Hsl();
  if (o instanceof Hsl) return o;
  o = o.rgb();
  var r = o.r / 255, g = o.g / 255, b = o.b / 255, min3 = Math.min(r, g, b), max3 = Math.max(r, g, b), h = NaN, s2 = max3 - min3, l = (max3 + min3) / 2;
  if (s2) {
    if (r === max3) h = (g - b) / s2 + (g < b) * 6;
    else if (g === max3) h = (b - r) / s2 + 2;
    else h = (r - g) / s2 + 4;
    s2 /= l < 0.5 ? max3 + min3 : 2 - max3 - min3;
    h *= 60;
  } else {
    s2 = l > 0 && l < 1 ? 0 : h;
  }
  return new Hsl(h, s2, l, o.opacity);
}
function hsl(h, s2, l, opacity) {
  return arguments.length === 1 ? hslConvert(h) : new Hsl(h, s2, l, opacity == null ? 1 : opacity);
}
function Hsl(h, s2, l, opacity) {
  this.h = +h;
  this.s = +s2;
  this.l = +l;
  this.opacity = +opacity;
}
define(Hsl, hsl, extend(Color, {
  brighter(k2) {
    k2 = k2 == null ? brighter : Math.pow(brighter, k2);
    return new Hsl(this.h, this.s, this.l * k2, this.opacity);
  },
  darker(k2) {
    k2 = k2 == null ? darker : Math.pow(darker, k2);
    return new Hsl(this.h, this.s, this.l * k2, this.opacity);
  },
  rgb() {
    var h = this.h % 360 + (this.h < 0) * 360, s2 = isNaN(h) || isNaN(this.s) ? 0 : this.s, l = this.l, m2 = l + (l < 0.5 ? l : 1 - l) * s2, m1 = 2 * l - m2;
    return new Rgb(
      hsl2rgb(h >= 240 ? h - 240 : h + 120, m1, m2),
      hsl2rgb(h, m1, m2),
      hsl2rgb(h < 120 ? h + 240 : h - 120, m1, m2),
      this.opacity
    );
  },
  clamp() {
    return new Hsl(clamph(this.h), clampt(this.s), clampt(this.l), clampa(this.opacity));
  },
  displayable() {
    return (0 <= this.s && this.s <= 1 || isNaN(this.s)) && (0 <= this.l && this.l <= 1) && (0 <= this.opacity && this.opacity <= 1);
  },
  formatHsl() {
    const a2 = clampa(this.opacity);
    return `${a2 === 1 ? "hsl(" : "hsla("}${clamph(this.h)}, ${clampt(this.s) * 100}%, ${clampt(this.l) * 100}%${a2 === 1 ? ")" : `, ${a2})`}`;
  }
}));
function clamph(value2) {
  value2 = (value2 || 0) % 360;
  return value2 < 0 ? value2 + 360 : value2;
}
function clampt(value2) {
  return Math.max(0, Math.min(1, value2 || 0));
}
function hsl2rgb(h, m1, m2) {
  return (h < 60 ? m1 + (m2 - m1) * h / 60 : h < 180 ? m2 : h < 240 ? m1 + (m2 - m1) * (240 - h) / 60 : m1) * 255;
}
var radians = Math.PI / 180;
var degrees = 180 / Math.PI;
var K = 18;
var Xn = 0.96422;
var Yn = 1;
var Zn = 0.82521;
var t0 = 4 / 29;
var t1 = 6 / 29;
var t2 = 3 * t1 * t1;
var t3 = t1 * t1 * t1;
function labConvert(o) {
  if (o instanceof Lab) return new Lab(o.l, o.a, o.b, o.opacity);
  if (o instanceof Hcl) return hcl2lab(o);
  if (!(o instanceof Rgb)) o = rgbConvert(o);
  var r = rgb2lrgb(o.r), g = rgb2lrgb(o.g), b = rgb2lrgb(o.b), y2 = xyz2lab((0.2225045 * r + 0.7168786 * g + 0.0606169 * b) / Yn), x2, z2;
  if (r === g && g === b) x2 = z2 = y2;
  else {
    x2 = xyz2lab((0.4360747 * r + 0.3850649 * g + 0.1430804 * b) / Xn);
    z2 = xyz2lab((0.0139322 * r + 0.0971045 * g + 0.7141733 * b) / Zn);
  }
  return new Lab(116 * y2 - 16, 500 * (x2 - y2), 200 * (y2 - z2), o.opacity);
}
function lab(l, a2, b, opacity) {
  return arguments.length === 1 ? labConvert(l) : new Lab(l, a2, b, opacity == null ? 1 : opacity);
}
function Lab(l, a2, b, opacity) {
  this.l = +l;
  this.a = +a2;
  this.b = +b;
  this.opacity = +opacity;
}
define(Lab, lab, extend(Color, {
  brighter(k2) {
    return new Lab(this.l + K * (k2 == null ? 1 : k2), this.a, this.b, this.opacity);
  },
  darker(k2) {
    return new Lab(this.l - K * (k2 == null ? 1 : k2), this.a, this.b, this.opacity);
  },
  rgb() {
    var y2 = (this.l + 16) / 116, x2 = isNaN(this.a) ? y2 : y2 + this.a / 500, z2 = isNaN(this.b) ? y2 : y2 - this.b / 200;
    x2 = Xn * lab2xyz(x2);
    y2 = Yn * lab2xyz(y2);
    z2 = Zn * lab2xyz(z2);
    return new Rgb(
      lrgb2rgb(3.1338561 * x2 - 1.6168667 * y2 - 0.4906146 * z2),
      lrgb2rgb(-0.9787684 * x2 + 1.9161415 * y2 + 0.033454 * z2),
      lrgb2rgb(0.0719453 * x2 - 0.2289914 * y2 + 1.4052427 * z2),
      this.opacity
    );
  }
}));
function xyz2lab(t) {
  return t > t3 ? Math.pow(t, 1 / 3) : t / t2 + t0;
}
function lab2xyz(t) {
  return t > t1 ? t * t * t : t2 * (t - t0);
}
function lrgb2rgb(x2) {
  return 255 * (x2 <= 31308e-7 ? 12.92 * x2 : 1.055 * Math.pow(x2, 1 / 2.4) - 0.055);
}
function rgb2lrgb(x2) {
  return (x2 /= 255) <= 0.04045 ? x2 / 12.92 : Math.pow((x2 + 0.055) / 1.055, 2.4);
}
function hclConvert(o) {
  if (o instanceof Hcl) return new Hcl(o.h, o.c, o.l, o.opacity);
  if (!(o instanceof Lab)) o = labConvert(o);
  if (o.a === 0 && o.b === 0) return new Hcl(NaN, 0 < o.l && o.l < 100 ? 0 : NaN, o.l, o.opacity);
  var h = Math.atan2(o.b, o.a) * degrees;
  return new Hcl(h < 0 ? h + 360 : h, Math.sqrt(o.a * o.a + o.b * o.b), o.l, o.opacity);
}
function hcl(h, c, l, opacity) {
  return arguments.length === 1 ? hclConvert(h) : new Hcl(h, c, l, opacity == null ? 1 : opacity);
}
function Hcl(h, c, l, opacity) {
  this.h = +h;
  this.c = +c;
  this.l = +l;
  this.opacity = +opacity;
}
function hcl2lab(o) {
  if (isNaN(o.h)) return new Lab(o.l, 0, 0, o.opacity);
  var h = o.h * radians;
  return new Lab(o.l, Math.cos(h) * o.c, Math.sin(h) * o.c, o.opacity);
}
define(Hcl, hcl, extend(Color, {
  brighter(k2) {
    return new Hcl(this.h, this.c, this.l + K * (k2 == null ? 1 : k2), this.opacity);
  },
  darker(k2) {
    return new Hcl(this.h, this.c, this.l - K * (k2 == null ? 1 : k2), this.opacity);
  },
  rgb() {
    return hcl2lab(this).rgb();
  }
}));
var A = -0.14861;
var B = 1.78277;
var C = -0.29227;
var D = -0.90649;
var E = 1.97294;
var ED = E * D;
var EB = E * B;
var BC_DA = B * C - D * A;
function cubehelixConvert(o) {
  if (o instanceof Cubehelix) return new Cubehelix(o.h, o.s, o.l, o.opacity);
  if (!(o instanceof Rgb)) o = rgbConvert(o);
  var r = o.r / 255, g = o.g / 255, b = o.b / 255, l = (BC_DA * b + ED * r - EB * g) / (BC_DA + ED - EB), bl = b - l, k2 = (E * (g - l) - C * bl) / D, s2 = Math.sqrt(k2 * k2 + bl * bl) / (E * l * (1 - l)), h = s2 ? Math.atan2(k2, bl) * degrees - 120 : NaN;
  return new Cubehelix(h < 0 ? h + 360 : h, s2, l, o.opacity);
}
function cubehelix(h, s2, l, opacity) {
  return arguments.length === 1 ? cubehelixConvert(h) : new Cubehelix(h, s2, l, opacity == null ? 1 : opacity);
}
function Cubehelix(h, s2, l, opacity) {
  this.h = +h;
  this.s = +s2;
  this.l = +l;
  this.opacity = +opacity;
}
define(Cubehelix, cubehelix, extend(Color, {
  brighter(k2) {
    k2 = k2 == null ? brighter : Math.pow(brighter, k2);
    return new Cubehelix(this.h, this.s, this.l * k2, this.opacity);
  },
  darker(k2) {
    k2 = k2 == null ? darker : Math.pow(darker, k2);
    return new Cubehelix(this.h, this.s, this.l * k2, this.opacity);
  },
  rgb() {
    var h = isNaN(this.h) ? 0 : (this.h + 120) * radians, l = +this.l, a2 = isNaN(this.s) ? 0 : this.s * l * (1 - l), cosh2 = Math.cos(h), sinh2 = Math.sin(h);
    return new Rgb(
      255 * (l + a2 * (A * cosh2 + B * sinh2)),
      255 * (l + a2 * (C * cosh2 + D * sinh2)),
      255 * (l + a2 * (E * cosh2)),
      this.opacity
    );
  }
}));

// node_modules/d3-interpolate/dist/d3-interpolate.mjs
function basis(t12, v0, v1, v2, v3) {
  var t22 = t12 * t12, t32 = t22 * t12;
  return ((1 - 3 * t12 + 3 * t22 - t32) * v0 + (4 - 6 * t22 + 3 * t32) * v1 + (1 + 3 * t12 + 3 * t22 - 3 * t32) * v2 + t32 * v3) / 6;
}
function basis$1(values) {
  var n = values.length - 1;
  return function(t) {
    var i = t <= 0 ? t = 0 : t >= 1 ? (t = 1, n - 1) : Math.floor(t * n), v1 = values[i], v2 = values[i + 1], v0 = i > 0 ? values[i - 1] : 2 * v1 - v2, v3 = i < n - 1 ? values[i + 2] : 2 * v2 - v1;
    return basis((t - i / n) * n, v0, v1, v2, v3);
  };
}
function basisClosed(values) {
  var n = values.length;
  return function(t) {
    var i = Math.floor(((t %= 1) < 0 ? ++t : t) * n), v0 = values[(i + n - 1) % n], v1 = values[i % n], v2 = values[(i + 1) % n], v3 = values[(i + 2) % n];
    return basis((t - i / n) * n, v0, v1, v2, v3);
  };
}
var constant2 = (x2) => () => x2;
function linear2(a2, d) {
  return function(t) {
    return a2 + t * d;
  };
}
function exponential(a2, b, y2) {
  return a2 = Math.pow(a2, y2), b = Math.pow(b, y2) - a2, y2 = 1 / y2, function(t) {
    return Math.pow(a2 + t * b, y2);
  };
}
function hue$1(a2, b) {
  var d = b - a2;
  return d ? linear2(a2, d > 180 || d < -180 ? d - 360 * Math.round(d / 360) : d) : constant2(isNaN(a2) ? b : a2);
}
function gamma(y2) {
  return (y2 = +y2) === 1 ? nogamma : function(a2, b) {
    return b - a2 ? exponential(a2, b, y2) : constant2(isNaN(a2) ? b : a2);
  };
}
function nogamma(a2, b) {
  var d = b - a2;
  return d ? linear2(a2, d) : constant2(isNaN(a2) ? b : a2);
}
var rgb2 = (function rgbGamma(y2) {
  var color2 = gamma(y2);
  function rgb3(start, end) {
    var r = color2((start = rgb(start)).r, (end = rgb(end)).r), g = color2(start.g, end.g), b = color2(start.b, end.b), opacity = nogamma(start.opacity, end.opacity);
    return function(t) {
      start.r = r(t);
      start.g = g(t);
      start.b = b(t);
      start.opacity = opacity(t);
      return start + "";
    };
  }
  rgb3.gamma = rgbGamma;
  return rgb3;
})(1);
function rgbSpline(spline) {
  return function(colors) {
    var n = colors.length, r = new Array(n), g = new Array(n), b = new Array(n), i, color2;
    for (i = 0; i < n; ++i) {
      color2 = rgb(colors[i]);
      r[i] = color2.r || 0;
      g[i] = color2.g || 0;
      b[i] = color2.b || 0;
    }
    r = spline(r);
    g = spline(g);
    b = spline(b);
    color2.opacity = 1;
    return function(t) {
      color2.r = r(t);
      color2.g = g(t);
      color2.b = b(t);
      return color2 + "";
    };
  };
}
var rgbBasis = rgbSpline(basis$1);
var rgbBasisClosed = rgbSpline(basisClosed);
function numberArray(a2, b) {
  if (!b) b = [];
  var n = a2 ? Math.min(b.length, a2.length) : 0, c = b.slice(), i;
  return function(t) {
    for (i = 0; i < n; ++i) c[i] = a2[i] * (1 - t) + b[i] * t;
    return c;
  };
}
function isNumberArray(x2) {
  return ArrayBuffer.isView(x2) && !(x2 instanceof DataView);
}
function genericArray(a2, b) {
  var nb = b ? b.length : 0, na = a2 ? Math.min(nb, a2.length) : 0, x2 = new Array(na), c = new Array(nb), i;
  for (i = 0; i < na; ++i) x2[i] = value(a2[i], b[i]);
  for (; i < nb; ++i) c[i] = b[i];
  return function(t) {
    for (i = 0; i < na; ++i) c[i] = x2[i](t);
    return c;
  };
}
function date(a2, b) {
  var d = /* @__PURE__ */ new Date();
  return a2 = +a2, b = +b, function(t) {
    return d.setTime(a2 * (1 - t) + b * t), d;
  };
}
function number3(a2, b) {
  return a2 = +a2, b = +b, function(t) {
    return a2 * (1 - t) + b * t;
  };
}
function object(a2, b) {
  var i = {}, c = {}, k2;
  if (a2 === null || typeof a2 !== "object") a2 = {};
  if (b === null || typeof b !== "object") b = {};
  for (k2 in b) {
    if (k2 in a2) {
      i[k2] = value(a2[k2], b[k2]);
    } else {
      c[k2] = b[k2];
    }
  }
  return function(t) {
    for (k2 in i) c[k2] = i[k2](t);
    return c;
  };
}
var reA = /[-+]?(?:\d+\.?\d*|\.?\d+)(?:[eE][-+]?\d+)?/g;
var reB = new RegExp(reA.source, "g");
function zero2(b) {
  return function() {
    return b;
  };
}
function one2(b) {
  return function(t) {
    return b(t) + "";
  };
}
function string(a2, b) {
  var bi = reA.lastIndex = reB.lastIndex = 0, am, bm, bs, i = -1, s2 = [], q2 = [];
  a2 = a2 + "", b = b + "";
  while ((am = reA.exec(a2)) && (bm = reB.exec(b))) {
    if ((bs = bm.index) > bi) {
      bs = b.slice(bi, bs);
      if (s2[i]) s2[i] += bs;
      else s2[++i] = bs;
    }
    if ((am = am[0]) === (bm = bm[0])) {
      if (s2[i]) s2[i] += bm;
      else s2[++i] = bm;
    } else {
      s2[++i] = null;
      q2.push({ i, x: number3(am, bm) });
    }
    bi = reB.lastIndex;
  }
  if (bi < b.length) {
    bs = b.slice(bi);
    if (s2[i]) s2[i] += bs;
    else s2[++i] = bs;
  }
  return s2.length < 2 ? q2[0] ? one2(q2[0].x) : zero2(b) : (b = q2.length, function(t) {
    for (var i2 = 0, o; i2 < b; ++i2) s2[(o = q2[i2]).i] = o.x(t);
    return s2.join("");
  });
}
function value(a2, b) {
  var t = typeof b, c;
  return b == null || t === "boolean" ? constant2(b) : (t === "number" ? number3 : t === "string" ? (c = color(b)) ? (b = c, rgb2) : string : b instanceof color ? rgb2 : b instanceof Date ? date : isNumberArray(b) ? numberArray : Array.isArray(b) ? genericArray : typeof b.valueOf !== "function" && typeof b.toString !== "function" || isNaN(b) ? object : number3)(a2, b);
}
function round(a2, b) {
  return a2 = +a2, b = +b, function(t) {
    return Math.round(a2 * (1 - t) + b * t);
  };
}
var degrees2 = 180 / Math.PI;
var identity = {
  translateX: 0,
  translateY: 0,
  rotate: 0,
  skewX: 0,
  scaleX: 1,
  scaleY: 1
};
function decompose(a2, b, c, d, e, f) {
  var scaleX, scaleY, skewX;
  if (scaleX = Math.sqrt(a2 * a2 + b * b)) a2 /= scaleX, b /= scaleX;
  if (skewX = a2 * c + b * d) c -= a2 * skewX, d -= b * skewX;
  if (scaleY = Math.sqrt(c * c + d * d)) c /= scaleY, d /= scaleY, skewX /= scaleY;
  if (a2 * d < b * c) a2 = -a2, b = -b, skewX = -skewX, scaleX = -scaleX;
  return {
    translateX: e,
    translateY: f,
    rotate: Math.atan2(b, a2) * degrees2,
    skewX: Math.atan(skewX) * degrees2,
    scaleX,
    scaleY
  };
}
var svgNode;
function parseCss(value2) {
  const m = new (typeof DOMMatrix === "function" ? DOMMatrix : WebKitCSSMatrix)(value2 + "");
  return m.isIdentity ? identity : decompose(m.a, m.b, m.c, m.d, m.e, m.f);
}
function parseSvg(value2) {
  if (value2 == null) return identity;
  if (!svgNode) svgNode = document.createElementNS("http://www.w3.org/2000/svg", "g");
  svgNode.setAttribute("transform", value2);
  if (!(value2 = svgNode.transform.baseVal.consolidate())) return identity;
  value2 = value2.matrix;
  return decompose(value2.a, value2.b, value2.c, value2.d, value2.e, value2.f);
}
function interpolateTransform(parse, pxComma, pxParen, degParen) {
  function pop(s2) {
    return s2.length ? s2.pop() + " " : "";
  }
  function translate(xa, ya, xb, yb, s2, q2) {
    if (xa !== xb || ya !== yb) {
      var i = s2.push("translate(", null, pxComma, null, pxParen);
      q2.push({ i: i - 4, x: number3(xa, xb) }, { i: i - 2, x: number3(ya, yb) });
    } else if (xb || yb) {
      s2.push("translate(" + xb + pxComma + yb + pxParen);
    }
  }
  function rotate(a2, b, s2, q2) {
    if (a2 !== b) {
      if (a2 - b > 180) b += 360;
      else if (b - a2 > 180) a2 += 360;
      q2.push({ i: s2.push(pop(s2) + "rotate(", null, degParen) - 2, x: number3(a2, b) });
    } else if (b) {
      s2.push(pop(s2) + "rotate(" + b + degParen);
    }
  }
  function skewX(a2, b, s2, q2) {
    if (a2 !== b) {
      q2.push({ i: s2.push(pop(s2) + "skewX(", null, degParen) - 2, x: number3(a2, b) });
    } else if (b) {
      s2.push(pop(s2) + "skewX(" + b + degParen);
    }
  }
  function scale(xa, ya, xb, yb, s2, q2) {
    if (xa !== xb || ya !== yb) {
      var i = s2.push(pop(s2) + "scale(", null, ",", null, ")");
      q2.push({ i: i - 4, x: number3(xa, xb) }, { i: i - 2, x: number3(ya, yb) });
    } else if (xb !== 1 || yb !== 1) {
      s2.push(pop(s2) + "scale(" + xb + "," + yb + ")");
    }
  }
  return function(a2, b) {
    var s2 = [], q2 = [];
    a2 = parse(a2), b = parse(b);
    translate(a2.translateX, a2.translateY, b.translateX, b.translateY, s2, q2);
    rotate(a2.rotate, b.rotate, s2, q2);
    skewX(a2.skewX, b.skewX, s2, q2);
    scale(a2.scaleX, a2.scaleY, b.scaleX, b.scaleY, s2, q2);
    a2 = b = null;
    return function(t) {
      var i = -1, n = q2.length, o;
      while (++i < n) s2[(o = q2[i]).i] = o.x(t);
      return s2.join("");
    };
  };
}
var interpolateTransformCss = interpolateTransform(parseCss, "px, ", "px)", "deg)");
var interpolateTransformSvg = interpolateTransform(parseSvg, ", ", ")", ")");
var epsilon2 = 1e-12;
function cosh(x2) {
  return ((x2 = Math.exp(x2)) + 1 / x2) / 2;
}
function sinh(x2) {
  return ((x2 = Math.exp(x2)) - 1 / x2) / 2;
}
function tanh2(x2) {
  return ((x2 = Math.exp(2 * x2)) - 1) / (x2 + 1);
}
var zoom = (function zoomRho(rho, rho2, rho4) {
  function zoom2(p0, p1) {
    var ux0 = p0[0], uy0 = p0[1], w0 = p0[2], ux1 = p1[0], uy1 = p1[1], w1 = p1[2], dx = ux1 - ux0, dy = uy1 - uy0, d2 = dx * dx + dy * dy, i, S2;
    if (d2 < epsilon2) {
      S2 = Math.log(w1 / w0) / rho;
      i = function(t) {
        return [
          ux0 + t * dx,
          uy0 + t * dy,
          w0 * Math.exp(rho * t * S2)
        ];
      };
    } else {
      var d1 = Math.sqrt(d2), b0 = (w1 * w1 - w0 * w0 + rho4 * d2) / (2 * w0 * rho2 * d1), b1 = (w1 * w1 - w0 * w0 - rho4 * d2) / (2 * w1 * rho2 * d1), r0 = Math.log(Math.sqrt(b0 * b0 + 1) - b0), r1 = Math.log(Math.sqrt(b1 * b1 + 1) - b1);
      S2 = (r1 - r0) / rho;
      i = function(t) {
        var s2 = t * S2, coshr0 = cosh(r0), u = w0 / (rho2 * d1) * (coshr0 * tanh2(rho * s2 + r0) - sinh(r0));
        return [
          ux0 + u * dx,
          uy0 + u * dy,
          w0 * coshr0 / cosh(rho * s2 + r0)
        ];
      };
    }
    i.duration = Math.abs(S2) * 1e3 * rho / Math.SQRT2;
    return i;
  }
  zoom2.rho = function(_) {
    var _1 = Math.max(1e-3, +_), _2 = _1 * _1, _4 = _2 * _2;
    return zoomRho(_1, _2, _4);
  };
  return zoom2;
})(Math.SQRT2, 2, 4);
function hsl2(hue) {
  return function(start, end) {
    var h = hue((start = hsl(start)).h, (end = hsl(end)).h), s2 = nogamma(start.s, end.s), l = nogamma(start.l, end.l), opacity = nogamma(start.opacity, end.opacity);
    return function(t) {
      start.h = h(t);
      start.s = s2(t);
      start.l = l(t);
      start.opacity = opacity(t);
      return start + "";
    };
  };
}
var hsl_default = hsl2(hue$1);
var hslLong = hsl2(nogamma);
function hcl2(hue) {
  return function(start, end) {
    var h = hue((start = hcl(start)).h, (end = hcl(end)).h), c = nogamma(start.c, end.c), l = nogamma(start.l, end.l), opacity = nogamma(start.opacity, end.opacity);
    return function(t) {
      start.h = h(t);
      start.c = c(t);
      start.l = l(t);
      start.opacity = opacity(t);
      return start + "";
    };
  };
}
var hcl_default = hcl2(hue$1);
var hclLong = hcl2(nogamma);
function cubehelix2(hue) {
  return (function cubehelixGamma(y2) {
    y2 = +y2;
    function cubehelix3(start, end) {
      var h = hue((start = cubehelix(start)).h, (end = cubehelix(end)).h), s2 = nogamma(start.s, end.s), l = nogamma(start.l, end.l), opacity = nogamma(start.opacity, end.opacity);
      return function(t) {
        start.h = h(t);
        start.s = s2(t);
        start.l = l(Math.pow(t, y2));
        start.opacity = opacity(t);
        return start + "";
      };
    }
    cubehelix3.gamma = cubehelixGamma;
    return cubehelix3;
  })(1);
}
var cubehelix_default = cubehelix2(hue$1);
var cubehelixLong = cubehelix2(nogamma);

// node_modules/d3-format/dist/d3-format.mjs
function formatDecimal(x2) {
  return Math.abs(x2 = Math.round(x2)) >= 1e21 ? x2.toLocaleString("en").replace(/,/g, "") : x2.toString(10);
}
function formatDecimalParts(x2, p) {
  if (!isFinite(x2) || x2 === 0) return null;
  var i = (x2 = p ? x2.toExponential(p - 1) : x2.toExponential()).indexOf("e"), coefficient = x2.slice(0, i);
  return [
    coefficient.length > 1 ? coefficient[0] + coefficient.slice(2) : coefficient,
    +x2.slice(i + 1)
  ];
}
function exponent(x2) {
  return x2 = formatDecimalParts(Math.abs(x2)), x2 ? x2[1] : NaN;
}
function formatGroup(grouping, thousands) {
  return function(value2, width) {
    var i = value2.length, t = [], j = 0, g = grouping[0], length = 0;
    while (i > 0 && g > 0) {
      if (length + g + 1 > width) g = Math.max(1, width - length);
      t.push(value2.substring(i -= g, i + g));
      if ((length += g + 1) > width) break;
      g = grouping[j = (j + 1) % grouping.length];
    }
    return t.reverse().join(thousands);
  };
}
function formatNumerals(numerals) {
  return function(value2) {
    return value2.replace(/[0-9]/g, function(i) {
      return numerals[+i];
    });
  };
}
var re = /^(?:(.)?([<>=^]))?([+\-( ])?([$#])?(0)?(\d+)?(,)?(\.\d+)?(~)?([a-z%])?$/i;
function formatSpecifier(specifier) {
  if (!(match = re.exec(specifier))) throw new Error("invalid format: " + specifier);
  var match;
  return new FormatSpecifier({
    fill: match[1],
    align: match[2],
    sign: match[3],
    symbol: match[4],
    zero: match[5],
    width: match[6],
    comma: match[7],
    precision: match[8] && match[8].slice(1),
    trim: match[9],
    type: match[10]
  });
}
formatSpecifier.prototype = FormatSpecifier.prototype;
function FormatSpecifier(specifier) {
  this.fill = specifier.fill === void 0 ? " " : specifier.fill + "";
  this.align = specifier.align === void 0 ? ">" : specifier.align + "";
  this.sign = specifier.sign === void 0 ? "-" : specifier.sign + "";
  this.symbol = specifier.symbol === void 0 ? "" : specifier.symbol + "";
  this.zero = !!specifier.zero;
  this.width = specifier.width === void 0 ? void 0 : +specifier.width;
  this.comma = !!specifier.comma;
  this.precision = specifier.precision === void 0 ? void 0 : +specifier.precision;
  this.trim = !!specifier.trim;
  this.type = specifier.type === void 0 ? "" : specifier.type + "";
}
FormatSpecifier.prototype.toString = function() {
  return this.fill + this.align + this.sign + this.symbol + (this.zero ? "0" : "") + (this.width === void 0 ? "" : Math.max(1, this.width | 0)) + (this.comma ? "," : "") + (this.precision === void 0 ? "" : "." + Math.max(0, this.precision | 0)) + (this.trim ? "~" : "") + this.type;
};
function formatTrim(s2) {
  out: for (var n = s2.length, i = 1, i0 = -1, i1; i < n; ++i) {
    switch (s2[i]) {
      case ".":
        i0 = i1 = i;
        break;
      case "0":
        if (i0 === 0) i0 = i;
        i1 = i;
        break;
      default:
        if (!+s2[i]) break out;
        if (i0 > 0) i0 = 0;
        break;
    }
  }
  return i0 > 0 ? s2.slice(0, i0) + s2.slice(i1 + 1) : s2;
}
var prefixExponent;
function formatPrefixAuto(x2, p) {
  var d = formatDecimalParts(x2, p);
  if (!d) return prefixExponent = void 0, x2.toPrecision(p);
  var coefficient = d[0], exponent2 = d[1], i = exponent2 - (prefixExponent = Math.max(-8, Math.min(8, Math.floor(exponent2 / 3))) * 3) + 1, n = coefficient.length;
  return i === n ? coefficient : i > n ? coefficient + new Array(i - n + 1).join("0") : i > 0 ? coefficient.slice(0, i) + "." + coefficient.slice(i) : "0." + new Array(1 - i).join("0") + formatDecimalParts(x2, Math.max(0, p + i - 1))[0];
}
function formatRounded(x2, p) {
  var d = formatDecimalParts(x2, p);
  if (!d) return x2 + "";
  var coefficient = d[0], exponent2 = d[1];
  return exponent2 < 0 ? "0." + new Array(-exponent2).join("0") + coefficient : coefficient.length > exponent2 + 1 ? coefficient.slice(0, exponent2 + 1) + "." + coefficient.slice(exponent2 + 1) : coefficient + new Array(exponent2 - coefficient.length + 2).join("0");
}
var formatTypes = {
  "%": (x2, p) => (x2 * 100).toFixed(p),
  "b": (x2) => Math.round(x2).toString(2),
  "c": (x2) => x2 + "",
  "d": formatDecimal,
  "e": (x2, p) => x2.toExponential(p),
  "f": (x2, p) => x2.toFixed(p),
  "g": (x2, p) => x2.toPrecision(p),
  "o": (x2) => Math.round(x2).toString(8),
  "p": (x2, p) => formatRounded(x2 * 100, p),
  "r": formatRounded,
  "s": formatPrefixAuto,
  "X": (x2) => Math.round(x2).toString(16).toUpperCase(),
  "x": (x2) => Math.round(x2).toString(16)
};
function identity2(x2) {
  return x2;
}
var map = Array.prototype.map;
var prefixes = ["y", "z", "a", "f", "p", "n", "µ", "m", "", "k", "M", "G", "T", "P", "E", "Z", "Y"];
function formatLocale(locale2) {
  var group = locale2.grouping === void 0 || locale2.thousands === void 0 ? identity2 : formatGroup(map.call(locale2.grouping, Number), locale2.thousands + ""), currencyPrefix = locale2.currency === void 0 ? "" : locale2.currency[0] + "", currencySuffix = locale2.currency === void 0 ? "" : locale2.currency[1] + "", decimal = locale2.decimal === void 0 ? "." : locale2.decimal + "", numerals = locale2.numerals === void 0 ? identity2 : formatNumerals(map.call(locale2.numerals, String)), percent = locale2.percent === void 0 ? "%" : locale2.percent + "", minus = locale2.minus === void 0 ? "−" : locale2.minus + "", nan = locale2.nan === void 0 ? "NaN" : locale2.nan + "";
  function newFormat(specifier, options) {
    specifier = formatSpecifier(specifier);
    var fill2 = specifier.fill, align = specifier.align, sign4 = specifier.sign, symbol = specifier.symbol, zero3 = specifier.zero, width = specifier.width, comma = specifier.comma, precision = specifier.precision, trim = specifier.trim, type = specifier.type;
    if (type === "n") comma = true, type = "g";
    else if (!formatTypes[type]) precision === void 0 && (precision = 12), trim = true, type = "g";
    if (zero3 || fill2 === "0" && align === "=") zero3 = true, fill2 = "0", align = "=";
    var prefix = (options && options.prefix !== void 0 ? options.prefix : "") + (symbol === "$" ? currencyPrefix : symbol === "#" && /[boxX]/.test(type) ? "0" + type.toLowerCase() : ""), suffix = (symbol === "$" ? currencySuffix : /[%p]/.test(type) ? percent : "") + (options && options.suffix !== void 0 ? options.suffix : "");
    var formatType = formatTypes[type], maybeSuffix = /[defgprs%]/.test(type);
    precision = precision === void 0 ? 6 : /[gprs]/.test(type) ? Math.max(1, Math.min(21, precision)) : Math.max(0, Math.min(20, precision));
    function format2(value2) {
      var valuePrefix = prefix, valueSuffix = suffix, i, n, c;
      if (type === "c") {
        valueSuffix = formatType(value2) + valueSuffix;
        value2 = "";
      } else {
        value2 = +value2;
        var valueNegative = value2 < 0 || 1 / value2 < 0;
        value2 = isNaN(value2) ? nan : formatType(Math.abs(value2), precision);
        if (trim) value2 = formatTrim(value2);
        if (valueNegative && +value2 === 0 && sign4 !== "+") valueNegative = false;
        valuePrefix = (valueNegative ? sign4 === "(" ? sign4 : minus : sign4 === "-" || sign4 === "(" ? "" : sign4) + valuePrefix;
        valueSuffix = (type === "s" && !isNaN(value2) && prefixExponent !== void 0 ? prefixes[8 + prefixExponent / 3] : "") + valueSuffix + (valueNegative && sign4 === "(" ? ")" : "");
        if (maybeSuffix) {
          i = -1, n = value2.length;
          while (++i < n) {
            if (c = value2.charCodeAt(i), 48 > c || c > 57) {
              valueSuffix = (c === 46 ? decimal + value2.slice(i + 1) : value2.slice(i)) + valueSuffix;
              value2 = value2.slice(0, i);
              break;
            }
          }
        }
      }
      if (comma && !zero3) value2 = group(value2, Infinity);
      var length = valuePrefix.length + value2.length + valueSuffix.length, padding = length < width ? new Array(width - length + 1).join(fill2) : "";
      if (comma && zero3) value2 = group(padding + value2, padding.length ? width - valueSuffix.length : Infinity), padding = "";
      switch (align) {
        case "<":
          value2 = valuePrefix + value2 + valueSuffix + padding;
          break;
        case "=":
          value2 = valuePrefix + padding + value2 + valueSuffix;
          break;
        case "^":
          value2 = padding.slice(0, length = padding.length >> 1) + valuePrefix + value2 + valueSuffix + padding.slice(length);
          break;
        default:
          value2 = padding + valuePrefix + value2 + valueSuffix;
          break;
      }
      return numerals(value2);
    }
    format2.toString = function() {
      return specifier + "";
    };
    return format2;
  }
  function formatPrefix2(specifier, value2) {
    var e = Math.max(-8, Math.min(8, Math.floor(exponent(value2) / 3))) * 3, k2 = Math.pow(10, -e), f = newFormat((specifier = formatSpecifier(specifier), specifier.type = "f", specifier), { suffix: prefixes[8 + e / 3] });
    return function(value3) {
      return f(k2 * value3);
    };
  }
  return {
    format: newFormat,
    formatPrefix: formatPrefix2
  };
}
var locale;
var format;
var formatPrefix;
defaultLocale({
  thousands: ",",
  grouping: [3],
  currency: ["$", ""]
});
function defaultLocale(definition) {
  locale = formatLocale(definition);
  format = locale.format;
  formatPrefix = locale.formatPrefix;
  return locale;
}
function precisionFixed(step) {
  return Math.max(0, -exponent(Math.abs(step)));
}
function precisionPrefix(step, value2) {
  return Math.max(0, Math.max(-8, Math.min(8, Math.floor(exponent(value2) / 3))) * 3 - exponent(Math.abs(step)));
}
function precisionRound(step, max3) {
  step = Math.abs(step), max3 = Math.abs(max3) - step;
  return Math.max(0, exponent(max3) - exponent(step)) + 1;
}

// node_modules/d3-scale/dist/d3-scale.mjs
function initRange(domain, range5) {
  switch (arguments.length) {
    case 0:
      break;
    case 1:
      this.range(domain);
      break;
    default:
      this.range(range5).domain(domain);
      break;
  }
  return this;
}
function constants(x2) {
  return function() {
    return x2;
  };
}
function number$1(x2) {
  return +x2;
}
var unit = [0, 1];
function identity$1(x2) {
  return x2;
}
function normalize(a2, b) {
  return (b -= a2 = +a2) ? function(x2) {
    return (x2 - a2) / b;
  } : constants(isNaN(b) ? NaN : 0.5);
}
function clamper(a2, b) {
  var t;
  if (a2 > b) t = a2, a2 = b, b = t;
  return function(x2) {
    return Math.max(a2, Math.min(b, x2));
  };
}
function bimap(domain, range5, interpolate) {
  var d0 = domain[0], d1 = domain[1], r0 = range5[0], r1 = range5[1];
  if (d1 < d0) d0 = normalize(d1, d0), r0 = interpolate(r1, r0);
  else d0 = normalize(d0, d1), r0 = interpolate(r0, r1);
  return function(x2) {
    return r0(d0(x2));
  };
}
function polymap(domain, range5, interpolate) {
  var j = Math.min(domain.length, range5.length) - 1, d = new Array(j), r = new Array(j), i = -1;
  if (domain[j] < domain[0]) {
    domain = domain.slice().reverse();
    range5 = range5.slice().reverse();
  }
  while (++i < j) {
    d[i] = normalize(domain[i], domain[i + 1]);
    r[i] = interpolate(range5[i], range5[i + 1]);
  }
  return function(x2) {
    var i2 = bisectRight(domain, x2, 1, j) - 1;
    return r[i2](d[i2](x2));
  };
}
function copy$1(source, target) {
  return target.domain(source.domain()).range(source.range()).interpolate(source.interpolate()).clamp(source.clamp()).unknown(source.unknown());
}
function transformer$2() {
  var domain = unit, range5 = unit, interpolate$1 = value, transform, untransform, unknown, clamp = identity$1, piecewise2, output, input;
  function rescale() {
    var n = Math.min(domain.length, range5.length);
    if (clamp !== identity$1) clamp = clamper(domain[0], domain[n - 1]);
    piecewise2 = n > 2 ? polymap : bimap;
    output = input = null;
    return scale;
  }
  function scale(x2) {
    return x2 == null || isNaN(x2 = +x2) ? unknown : (output || (output = piecewise2(domain.map(transform), range5, interpolate$1)))(transform(clamp(x2)));
  }
  scale.invert = function(y2) {
    return clamp(untransform((input || (input = piecewise2(range5, domain.map(transform), number3)))(y2)));
  };
  scale.domain = function(_) {
    return arguments.length ? (domain = Array.from(_, number$1), rescale()) : domain.slice();
  };
  scale.range = function(_) {
    return arguments.length ? (range5 = Array.from(_), rescale()) : range5.slice();
  };
  scale.rangeRound = function(_) {
    return range5 = Array.from(_), interpolate$1 = round, rescale();
  };
  scale.clamp = function(_) {
    return arguments.length ? (clamp = _ ? true : identity$1, rescale()) : clamp !== identity$1;
  };
  scale.interpolate = function(_) {
    return arguments.length ? (interpolate$1 = _, rescale()) : interpolate$1;
  };
  scale.unknown = function(_) {
    return arguments.length ? (unknown = _, scale) : unknown;
  };
  return function(t, u) {
    transform = t, untransform = u;
    return rescale();
  };
}
function continuous() {
  return transformer$2()(identity$1, identity$1);
}
function tickFormat(start, stop, count3, specifier) {
  var step = tickStep(start, stop, count3), precision;
  specifier = formatSpecifier(specifier == null ? ",f" : specifier);
  switch (specifier.type) {
    case "s": {
      var value2 = Math.max(Math.abs(start), Math.abs(stop));
      if (specifier.precision == null && !isNaN(precision = precisionPrefix(step, value2))) specifier.precision = precision;
      return formatPrefix(specifier, value2);
    }
    case "":
    case "e":
    case "g":
    case "p":
    case "r": {
      if (specifier.precision == null && !isNaN(precision = precisionRound(step, Math.max(Math.abs(start), Math.abs(stop))))) specifier.precision = precision - (specifier.type === "e");
      break;
    }
    case "f":
    case "%": {
      if (specifier.precision == null && !isNaN(precision = precisionFixed(step))) specifier.precision = precision - (specifier.type === "%") * 2;
      break;
    }
  }
  return format(specifier);
}
function linearish(scale) {
  var domain = scale.domain;
  scale.ticks = function(count3) {
    var d = domain();
    return ticks(d[0], d[d.length - 1], count3 == null ? 10 : count3);
  };
  scale.tickFormat = function(count3, specifier) {
    var d = domain();
    return tickFormat(d[0], d[d.length - 1], count3 == null ? 10 : count3, specifier);
  };
  scale.nice = function(count3) {
    if (count3 == null) count3 = 10;
    var d = domain();
    var i0 = 0;
    var i1 = d.length - 1;
    var start = d[i0];
    var stop = d[i1];
    var prestep;
    var step;
    var maxIter = 10;
    if (stop < start) {
      step = start, start = stop, stop = step;
      step = i0, i0 = i1, i1 = step;
    }
    while (maxIter-- > 0) {
      step = tickIncrement(start, stop, count3);
      if (step === prestep) {
        d[i0] = start;
        d[i1] = stop;
        return domain(d);
      } else if (step > 0) {
        start = Math.floor(start / step) * step;
        stop = Math.ceil(stop / step) * step;
      } else if (step < 0) {
        start = Math.ceil(start * step) / step;
        stop = Math.floor(stop * step) / step;
      } else {
        break;
      }
      prestep = step;
    }
    return scale;
  };
  return scale;
}
function linear3() {
  var scale = continuous();
  scale.copy = function() {
    return copy$1(scale, linear3());
  };
  initRange.apply(scale, arguments);
  return linearish(scale);
}

// node_modules/d3-path/dist/d3-path.mjs
var pi = Math.PI;
var tau = 2 * pi;
var epsilon3 = 1e-6;
var tauEpsilon = tau - epsilon3;
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
  const r = function(value2) {
    return Math.round(value2 * k2);
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
    } else if (!(l01_2 > epsilon3)) ;
    else if (!(Math.abs(y01 * x21 - y21 * x01) > epsilon3) || !r) {
      this._append`L${this._x1 = x1},${this._y1 = y1}`;
    } else {
      let x20 = x2 - x0, y20 = y2 - y0, l21_2 = x21 * x21 + y21 * y21, l20_2 = x20 * x20 + y20 * y20, l21 = Math.sqrt(l21_2), l01 = Math.sqrt(l01_2), l = r * Math.tan((pi - Math.acos((l21_2 + l01_2 - l20_2) / (2 * l21 * l01))) / 2), t01 = l / l01, t21 = l / l21;
      if (Math.abs(t01 - 1) > epsilon3) {
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
    } else if (Math.abs(this._x1 - x0) > epsilon3 || Math.abs(this._y1 - y0) > epsilon3) {
      this._append`L${x0},${y0}`;
    }
    if (!r) return;
    if (da < 0) da = da % tau + tau;
    if (da > tauEpsilon) {
      this._append`A${r},${r},0,1,${cw},${x2 - dx},${y2 - dy}A${r},${r},0,1,${cw},${this._x1 = x0},${this._y1 = y0}`;
    } else if (da > epsilon3) {
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
function constant3(x2) {
  return function constant5() {
    return x2;
  };
}
var cos2 = Math.cos;
var sin2 = Math.sin;
var sqrt3 = Math.sqrt;
var epsilon4 = 1e-12;
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
var slice2 = Array.prototype.slice;
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
function line2(x$1, y$1) {
  var defined = constant3(true), context = null, curve2 = curveLinear, output = null, path2 = withPath(line3);
  x$1 = typeof x$1 === "function" ? x$1 : x$1 === void 0 ? x : constant3(x$1);
  y$1 = typeof y$1 === "function" ? y$1 : y$1 === void 0 ? y : constant3(y$1);
  function line3(data) {
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
  line3.x = function(_) {
    return arguments.length ? (x$1 = typeof _ === "function" ? _ : constant3(+_), line3) : x$1;
  };
  line3.y = function(_) {
    return arguments.length ? (y$1 = typeof _ === "function" ? _ : constant3(+_), line3) : y$1;
  };
  line3.defined = function(_) {
    return arguments.length ? (defined = typeof _ === "function" ? _ : constant3(!!_), line3) : defined;
  };
  line3.curve = function(_) {
    return arguments.length ? (curve2 = _, context != null && (output = curve2(context)), line3) : curve2;
  };
  line3.context = function(_) {
    return arguments.length ? (_ == null ? context = output = null : output = curve2(context = _), line3) : context;
  };
  return line3;
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
var sqrt3$2 = sqrt3(3);
var tan30 = sqrt3(1 / 3);
var tan30_2 = tan30 * 2;
var kr = sin2(pi2 / 10) / sin2(7 * pi2 / 10);
var kx = sin2(tau2 / 10) * kr;
var ky = -cos2(tau2 / 10) * kr;
var sqrt3$1 = sqrt3(3);
var sqrt32 = sqrt3(3);
var s = sqrt3(3) / 2;
var k = 1 / sqrt3(12);
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
  if (that._l01_a > epsilon4) {
    var a2 = 2 * that._l01_2a + 3 * that._l01_a * that._l12_a + that._l12_2a, n = 3 * that._l01_a * (that._l01_a + that._l12_a);
    x1 = (x1 * a2 - that._x0 * that._l12_2a + that._x2 * that._l01_2a) / n;
    y1 = (y1 * a2 - that._y0 * that._l12_2a + that._y2 * that._l01_2a) / n;
  }
  if (that._l23_a > epsilon4) {
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
function sign2(x2) {
  return x2 < 0 ? -1 : 1;
}
function slope3(that, x2, y2) {
  var h0 = that._x1 - that._x0, h1 = x2 - that._x1, s0 = (that._y1 - that._y0) / (h0 || h1 < 0 && -0), s1 = (y2 - that._y1) / (h1 || h0 < 0 && -0), p = (s0 * h1 + s1 * h0) / (h0 + h1);
  return (sign2(s0) + sign2(s1)) * Math.min(Math.abs(s0), Math.abs(s1), 0.5 * Math.abs(p)) || 0;
}
function slope2(that, t) {
  var h = that._x1 - that._x0;
  return h ? (3 * (that._y1 - that._y0) / h - t) / 2 : t;
}
function point(that, t02, t12) {
  var x0 = that._x0, y0 = that._y0, x1 = that._x1, y1 = that._y1, dx = (x1 - x0) / 3;
  that._context.bezierCurveTo(x0 + dx, y0 + dx * t02, x1 - dx, y1 - dx * t12, x1, y1);
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
    var t12 = NaN;
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
        point(this, slope2(this, t12 = slope3(this, x2, y2)), t12);
        break;
      default:
        point(this, this._t0, t12 = slope3(this, x2, y2));
        break;
    }
    this._x0 = this._x1, this._x1 = x2;
    this._y0 = this._y1, this._y1 = y2;
    this._t0 = t12;
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

// src/views/film.js
var [WIDTH, HEIGHT, MARGIN] = [120, 40, 6];
function film(element, store, trace) {
  if (!trace.frames) return false;
  const { frames, at: at4, called } = trace;
  const last2 = frames.length - 1;
  const go = (frame) => store.set({ frame: Math.min(Math.max(frame, 0), last2) });
  const slider2 = make("input", {
    type: "range",
    min: 0,
    max: last2,
    "aria-label": "step of the training",
    oninput: () => go(Number(slider2.value))
  });
  const button2 = (sign4, label, by) => make(
    "button",
    { type: "button", title: label, "aria-label": label, onclick: () => go(store.state.frame + by) },
    sign4
  );
  const place = make("output", { class: "place" });
  const charts = make("div", { class: "charts" });
  const steps = make("div", { class: "steps", role: "group", "aria-label": "Steps of the training" });
  fill(
    steps,
    button2("◀◀", "the step before (shift and left arrow)", -1),
    button2("▶▶", "the step after (shift and right arrow)", 1),
    slider2,
    place
  );
  fill(element, steps, charts);
  store.subscribe(({ frame }, changed) => {
    if (changed.has("frame")) {
      slider2.value = frame;
      place.textContent = `${called[frame]} (${frame + 1} of ${last2 + 1} recorded)`;
      slider2.setAttribute("aria-valuetext", place.textContent);
    }
    if (!["frame", "op", "value", "cell"].some((key) => changed.has(key))) return;
    fill(charts, chart("loss", trace.loss, [], frame), followed(store, frame));
  });
  function followed({ value: value2, state }, frame) {
    if (value2 === null) return null;
    const cell = state.cell ?? exampleIn(trace, value2);
    return cell && chart(`${trace.values[value2].name}${placeText(cell)}`, value2, cell, frame);
  }
  function chart(name, value2, cell, frame) {
    if (value2 === null || value2 === void 0) return null;
    const numbers2 = frames.map((one3) => one3.array(value2).has(cell) ? Number(one3.array(value2).get(cell)) : NaN);
    const finite = numbers2.filter(Number.isFinite);
    const [low, high] = finite.length ? [Math.min(...finite), Math.max(...finite)] : [0, 1];
    const x2 = linear3([at4[0], at4[last2] === at4[0] ? at4[0] + 1 : at4[last2]], [MARGIN, WIDTH - MARGIN]);
    const y2 = linear3(low === high ? [low - 1, high + 1] : [low, high], [HEIGHT - MARGIN, MARGIN]);
    const path2 = line2(
      (_, i) => x2(at4[i]),
      (number4) => y2(number4)
    ).defined(Number.isFinite)(numbers2);
    const here = Number.isFinite(numbers2[frame]) ? draw("circle", { cx: x2(at4[frame]), cy: y2(numbers2[frame]), r: 4.5 }) : null;
    const text2 = `${brief(numbers2[0])} → ${brief(numbers2[last2])}`;
    const told2 = `${name} over the steps, from ${brief(numbers2[0])} to ${brief(numbers2[last2])}; in ${called[frame]} it is ${brief(numbers2[frame])}`;
    return make(
      "figure",
      {},
      make(
        "figcaption",
        {},
        make("strong", {}, name),
        ` ${text2}; here `,
        make("span", { class: "numbers" }, brief(numbers2[frame]))
      ),
      draw(
        "svg",
        { width: WIDTH, height: HEIGHT, viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": told2 },
        draw("path", { d: path2 ?? "" }),
        here
      )
    );
  }
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
function array3(x2) {
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
    return array3(select2.apply(this, arguments));
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
function sparse(update2) {
  return new Array(update2.length);
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
function constant4(x2) {
  return function() {
    return x2;
  };
}
function bindIndex(parent, group, enter, update2, exit, data) {
  var i = 0, node, groupLength = group.length, dataLength = data.length;
  for (; i < dataLength; ++i) {
    if (node = group[i]) {
      node.__data__ = data[i];
      update2[i] = node;
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
function bindKey(parent, group, enter, update2, exit, data, key) {
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
      update2[i] = node;
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
function selection_data(value2, key) {
  if (!arguments.length) return Array.from(this, datum);
  var bind = key ? bindKey : bindIndex, parents = this._parents, groups = this._groups;
  if (typeof value2 !== "function") value2 = constant4(value2);
  for (var m = groups.length, update2 = new Array(m), enter = new Array(m), exit = new Array(m), j = 0; j < m; ++j) {
    var parent = parents[j], group = groups[j], groupLength = group.length, data = arraylike(value2.call(parent, parent && parent.__data__, j, parents)), dataLength = data.length, enterGroup = enter[j] = new Array(dataLength), updateGroup = update2[j] = new Array(dataLength), exitGroup = exit[j] = new Array(groupLength);
    bind(parent, group, enterGroup, updateGroup, exitGroup, data, key);
    for (var i0 = 0, i1 = 0, previous, next; i0 < dataLength; ++i0) {
      if (previous = enterGroup[i0]) {
        if (i0 >= i1) i1 = i0 + 1;
        while (!(next = updateGroup[i1]) && ++i1 < dataLength) ;
        previous._next = next || null;
      }
    }
  }
  update2 = new Selection(update2, parents);
  update2._enter = enter;
  update2._exit = exit;
  return update2;
}
function arraylike(data) {
  return typeof data === "object" && "length" in data ? data : Array.from(data);
}
function selection_exit() {
  return new Selection(this._exit || this._groups.map(sparse), this._parents);
}
function selection_join(onenter, onupdate, onexit) {
  var enter = this.enter(), update2 = this, exit = this.exit();
  if (typeof onenter === "function") {
    enter = onenter(enter);
    if (enter) enter = enter.selection();
  } else {
    enter = enter.append(onenter + "");
  }
  if (onupdate != null) {
    update2 = onupdate(update2);
    if (update2) update2 = update2.selection();
  }
  if (onexit == null) exit.remove();
  else onexit(exit);
  return enter && update2 ? enter.merge(update2).order() : update2;
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
  if (!compare) compare = ascending2;
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
function ascending2(a2, b) {
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
  let size2 = 0;
  for (const node of this) ++size2;
  return size2;
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
function attrConstant(name, value2) {
  return function() {
    this.setAttribute(name, value2);
  };
}
function attrConstantNS(fullname, value2) {
  return function() {
    this.setAttributeNS(fullname.space, fullname.local, value2);
  };
}
function attrFunction(name, value2) {
  return function() {
    var v = value2.apply(this, arguments);
    if (v == null) this.removeAttribute(name);
    else this.setAttribute(name, v);
  };
}
function attrFunctionNS(fullname, value2) {
  return function() {
    var v = value2.apply(this, arguments);
    if (v == null) this.removeAttributeNS(fullname.space, fullname.local);
    else this.setAttributeNS(fullname.space, fullname.local, v);
  };
}
function selection_attr(name, value2) {
  var fullname = namespace(name);
  if (arguments.length < 2) {
    var node = this.node();
    return fullname.local ? node.getAttributeNS(fullname.space, fullname.local) : node.getAttribute(fullname);
  }
  return this.each((value2 == null ? fullname.local ? attrRemoveNS : attrRemove : typeof value2 === "function" ? fullname.local ? attrFunctionNS : attrFunction : fullname.local ? attrConstantNS : attrConstant)(fullname, value2));
}
function defaultView(node) {
  return node.ownerDocument && node.ownerDocument.defaultView || node.document && node || node.defaultView;
}
function styleRemove(name) {
  return function() {
    this.style.removeProperty(name);
  };
}
function styleConstant(name, value2, priority) {
  return function() {
    this.style.setProperty(name, value2, priority);
  };
}
function styleFunction(name, value2, priority) {
  return function() {
    var v = value2.apply(this, arguments);
    if (v == null) this.style.removeProperty(name);
    else this.style.setProperty(name, v, priority);
  };
}
function selection_style(name, value2, priority) {
  return arguments.length > 1 ? this.each((value2 == null ? styleRemove : typeof value2 === "function" ? styleFunction : styleConstant)(name, value2, priority == null ? "" : priority)) : styleValue(this.node(), name);
}
function styleValue(node, name) {
  return node.style.getPropertyValue(name) || defaultView(node).getComputedStyle(node, null).getPropertyValue(name);
}
function propertyRemove(name) {
  return function() {
    delete this[name];
  };
}
function propertyConstant(name, value2) {
  return function() {
    this[name] = value2;
  };
}
function propertyFunction(name, value2) {
  return function() {
    var v = value2.apply(this, arguments);
    if (v == null) delete this[name];
    else this[name] = v;
  };
}
function selection_property(name, value2) {
  return arguments.length > 1 ? this.each((value2 == null ? propertyRemove : typeof value2 === "function" ? propertyFunction : propertyConstant)(name, value2)) : this.node()[name];
}
function classArray(string2) {
  return string2.trim().split(/^|\s+/);
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
function classedFunction(names, value2) {
  return function() {
    (value2.apply(this, arguments) ? classedAdd : classedRemove)(this, names);
  };
}
function selection_classed(name, value2) {
  var names = classArray(name + "");
  if (arguments.length < 2) {
    var list2 = classList(this.node()), i = -1, n = names.length;
    while (++i < n) if (!list2.contains(names[i])) return false;
    return true;
  }
  return this.each((typeof value2 === "function" ? classedFunction : value2 ? classedTrue : classedFalse)(names, value2));
}
function textRemove() {
  this.textContent = "";
}
function textConstant(value2) {
  return function() {
    this.textContent = value2;
  };
}
function textFunction(value2) {
  return function() {
    var v = value2.apply(this, arguments);
    this.textContent = v == null ? "" : v;
  };
}
function selection_text(value2) {
  return arguments.length ? this.each(value2 == null ? textRemove : (typeof value2 === "function" ? textFunction : textConstant)(value2)) : this.node().textContent;
}
function htmlRemove() {
  this.innerHTML = "";
}
function htmlConstant(value2) {
  return function() {
    this.innerHTML = value2;
  };
}
function htmlFunction(value2) {
  return function() {
    var v = value2.apply(this, arguments);
    this.innerHTML = v == null ? "" : v;
  };
}
function selection_html(value2) {
  return arguments.length ? this.each(value2 == null ? htmlRemove : (typeof value2 === "function" ? htmlFunction : htmlConstant)(value2)) : this.node().innerHTML;
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
function selection_datum(value2) {
  return arguments.length ? this.property("__data__", value2) : this.node().__data__;
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
function onAdd(typename, value2, options) {
  return function() {
    var on2 = this.__on, o, listener = contextListener(value2);
    if (on2) for (var j = 0, m = on2.length; j < m; ++j) {
      if ((o = on2[j]).type === typename.type && o.name === typename.name) {
        this.removeEventListener(o.type, o.listener, o.options);
        this.addEventListener(o.type, o.listener = listener, o.options = options);
        o.value = value2;
        return;
      }
    }
    this.addEventListener(typename.type, listener, options);
    o = { type: typename.type, name: typename.name, value: value2, listener, options };
    if (!on2) this.__on = [o];
    else on2.push(o);
  };
}
function selection_on(typename, value2, options) {
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
  on2 = value2 ? onAdd : onRemove;
  for (i = 0; i < n; ++i) this.each(on2(typenames[i], value2, options));
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
  set: function(node, value2) {
    return node[this._] = value2;
  },
  remove: function(node) {
    return this._ in node && delete node[this._];
  },
  toString: function() {
    return this._;
  }
};

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
  let n = { options: { directed: e.isDirected(), multigraph: e.isMultigraph(), compound: e.isCompound() }, nodes: Vn(e), edges: Yn2(e) }, t = e.graph();
  return t !== void 0 && (n.value = structuredClone(t)), n;
}
function Vn(e) {
  return e.nodes().map((n) => {
    let t = e.node(n), r = e.parent(n), o = { v: n };
    return t !== void 0 && (o.value = t), r !== void 0 && (o.parent = r), o;
  });
}
function Yn2(e) {
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
Se(H, { CycleException: () => K2, bellmanFord: () => Me, components: () => zn, dijkstra: () => J, dijkstraAll: () => $n, findCycles: () => Un, floydWarshall: () => Kn, isAcyclic: () => Zn2, postorder: () => nt, preorder: () => tt, prim: () => rt, shortestPaths: () => ot, tarjan: () => Fe, topsort: () => De });
var Wn = () => 1;
function Me(e, n, t, r) {
  return Xn2(e, String(n), t || Wn, r || function(o) {
    var i;
    return (i = e.outEdges(o)) != null ? i : [];
  });
}
function Xn2(e, n, t, r) {
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
var K2 = class extends Error {
  constructor(e) {
    super(e), this.name = "CycleException";
  }
};
function De(e) {
  let n = {}, t = {}, r = [];
  function o(i) {
    var s2;
    if (i in t) throw new K2();
    i in n || (t[i] = true, n[i] = true, (s2 = e.predecessors(i)) == null || s2.forEach(o), delete t[i], r.push(i));
  }
  if (e.sinks().forEach(o), Object.keys(n).length !== e.nodeCount()) throw new K2();
  return r;
}
function Zn2(e) {
  try {
    De(e);
  } catch (n) {
    if (n instanceof K2) return false;
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
  let n = D2(de(e) + 1).map(() => []);
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
var at3 = 0;
function $(e) {
  let n = ++at3;
  return e + ("" + n);
}
function D2(e, n, t = 1) {
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
function A2(e, n) {
  return e.node(n.w).rank - e.node(n.v).rank - e.edge(n).minlen;
}
var ne = Et;
function Et(e) {
  let n = new T({ directed: false }), t = e.nodes();
  if (t.length === 0) throw new Error("Graph must have at least one node");
  let r = t[0], o = e.nodeCount();
  n.setNode(r, {});
  let i, s2;
  for (; Lt(n, e) < o && (i = yt(n, e), !!i); ) s2 = n.hasNode(i.v) ? A2(e, i) : -A2(e, i), wt(n, e, s2);
  return n;
}
function Lt(e, n) {
  function t(r) {
    let o = n.nodeEdges(r);
    o && o.forEach((i) => {
      let s2 = i.v, a2 = r === s2 ? i.w : s2;
      !e.hasNode(a2) && !A2(n, i) && (e.setNode(a2, {}), e.setEdge(r, a2, {}), t(a2));
    });
  }
  return e.nodes().forEach(t), e.nodeCount();
}
function yt(e, n) {
  return n.edges().reduce((r, o) => {
    let i = Number.POSITIVE_INFINITY;
    return e.hasNode(o.v) !== e.hasNode(o.w) && (i = A2(n, o)), i < r[0] ? [i, o] : r;
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
  return i.lim > s2.lim && (a2 = s2, l = true), n.edges().filter((d) => l === Ze(e, e.node(d.v), a2) && l !== Ze(e, e.node(d.w), a2)).reduce((d, c) => A2(n, c) < A2(n, d) ? c : d);
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
  let t = {}, r = e.nodes().filter((d) => !e.children(d).length), o = r.map((d) => e.node(d).rank), i = S(Math.max, o), s2 = D2(i + 1).map(() => []);
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
    let p = d.findIndex((E2) => E2.vs[0] === y2);
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
  var y2, b, p, E2, w, k2, _, O, j, R, I;
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
    let G = (w = (E2 = h[v]) == null ? void 0 : E2.vs[0]) != null ? w : "", N = (_ = (k2 = h[x2]) == null ? void 0 : k2.vs[0]) != null ? _ : "", C2 = e.node(G), B2 = e.node(N);
    if (C2.dummy === "edge" && B2.dummy === "edge" && ((O = C2.edgeObj) == null ? void 0 : O.v) === ((j = B2.edgeObj) == null ? void 0 : j.v) && ((R = C2.edgeObj) == null ? void 0 : R.w) === ((I = B2.edgeObj) == null ? void 0 : I.w)) if (C2.edgeLabel.reversed) {
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
function re2(e, n = {}, t = null) {
  if (typeof n.customOrder == "function") {
    n.customOrder(e, re2);
    return;
  }
  let r = de(e), o = yn(e, D2(1, r + 1), "inEdges"), i = yn(e, D2(r - 1, -1, -1), "outEdges"), s2 = Le(e, t);
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
    D2(l, u).forEach((f) => {
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
        let y2 = m.sort((p, E2) => {
          let w = a2[p], k2 = a2[E2];
          return (w !== void 0 ? w : 0) - (k2 !== void 0 ? k2 : 0);
        }), b = (y2.length - 1) / 2;
        for (let p = Math.floor(b), E2 = Math.ceil(b); p <= E2; ++p) {
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
      let p = i[b.w], E2 = s2.edge(b);
      return Math.min(y2, (p !== void 0 ? p : 0) - (E2 !== void 0 ? E2 : 0));
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
      let E2 = new T({ multigraph: true, compound: true });
      E2.setGraph({ rankdir: p.rankdir });
      let w = e.children(b);
      w.forEach((G) => {
        let N = { ...e.node(G) };
        E2.setNode(G, N);
        let C2 = e.parent(G);
        C2 && C2 !== b && w.includes(C2) && E2.setParent(G, C2);
      });
      let k2 = /* @__PURE__ */ new Set();
      e.edges().forEach((G) => {
        let N = _n(e, G.v, b), C2 = _n(e, G.w, b);
        if (N === G.v && C2 === G.w) E2.setEdge(G, { ...e.edge(G) });
        else if (N && C2 && N !== C2) {
          let B2 = `${N}\0${C2}`;
          k2.has(B2) || (k2.add(B2), E2.setEdge(N, C2, { ...e.edge(G) }));
        }
      }), In(E2, n, t);
      let _ = Rn(E2);
      Cn(_, n, t, null), Tn(E2, _);
      let O = 1 / 0, j = 1 / 0, R = -1 / 0, I = -1 / 0;
      E2.nodes().forEach((G) => {
        if (G === b) return;
        let N = E2.node(G);
        N && typeof N.x == "number" && typeof N.y == "number" && typeof N.width == "number" && typeof N.height == "number" && (O = Math.min(O, N.x - N.width / 2), R = Math.max(R, N.x + N.width / 2), j = Math.min(j, N.y - N.height / 2), I = Math.max(I, N.y + N.height / 2));
      }), (!isFinite(O) || !isFinite(j) || !isFinite(R) || !isFinite(I)) && (O = j = 0, R = I = 0);
      let v = R - O, x2 = I - j;
      o[b] = { minX: O, minY: j, maxX: R, maxY: I, width: v, height: x2, offsetX: O, offsetY: j }, p._dagreClusterSubgraph = E2;
    }
  });
  let i = [], s2 = (b) => {
    let p = [], E2 = (e.children(b) || []).filter((w) => w !== b);
    for (; E2.length > 0; ) {
      let w = E2.shift();
      p.push(w), (e.children(w) || []).filter((k2) => k2 !== w).forEach((k2) => E2.push(k2));
    }
    return p;
  }, a2 = /* @__PURE__ */ new Map();
  r.forEach((b) => {
    let p = e.node(b);
    p && p.rankdir && o[b] && a2.set(b, (e.children(b) || []).filter((E2) => E2 !== b));
  });
  let l = new Set([...a2.values()].flat()), u = /* @__PURE__ */ new Map();
  a2.forEach((b, p) => {
    l.has(p) || u.set(p, s2(p));
  });
  let d = new Set([...u.values()].flat()), c = (b) => {
    for (let [p, E2] of u) if (E2.includes(b)) return p;
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
    let E2 = e.node(p), w = [];
    b.forEach((O) => {
      let j = e.node(O);
      j && (w.push({ id: O, node: j, parent: h.get(O) }), e.removeNode(O));
    });
    let k2 = f.filter(({ edge: O }) => b.includes(O.v) || b.includes(O.w)), _ = o[p];
    E2 && (i.push({ clusterId: p, subgraph: E2._dagreClusterSubgraph, bounds: _, children: b, removedNodes: w, removedEdges: k2 }), E2.width = _.width, E2.height = _.height);
  });
  let g = /* @__PURE__ */ new Set();
  f.forEach(({ edge: b, label: p }) => {
    let E2 = c(b.v), w = c(b.w);
    if (E2 !== w && e.hasNode(E2) && e.hasNode(w)) {
      let k2 = `${E2}\0${w}`;
      g.has(k2) || (g.add(k2), e.setEdge(E2, w, { ...p, width: 0, height: 0 }));
    }
  });
  let m = Rn(e), L = Cn(m, n, t, (y2 = xn.get(e)) != null ? y2 : null);
  xn.set(e, L), Tn(e, m), g.forEach((b) => {
    let p = b.indexOf("\0"), E2 = b.slice(0, p), w = b.slice(p + 1);
    e.hasEdge(E2, w) && e.removeEdge(E2, w);
  }), i.forEach(({ clusterId: b, subgraph: p, bounds: E2, removedNodes: w, removedEdges: k2 }) => {
    var v, x2;
    let _ = e.node(b), O = (v = _ == null ? void 0 : _.x) != null ? v : 0, j = (x2 = _ == null ? void 0 : _.y) != null ? x2 : 0, R = (E2.minX + E2.maxX) / 2, I = (E2.minY + E2.maxY) / 2;
    w.forEach(({ id: G, node: N, parent: C2 }) => {
      e.setNode(G, N), C2 !== void 0 && e.setParent(G, C2);
    }), k2.forEach(({ edge: G, label: N }) => {
      e.setEdge(G, N);
    }), p.nodes().forEach((G) => {
      if (G === b) return;
      let N = p.node(G), C2 = e.node(G);
      C2 && N && typeof N.x == "number" && typeof N.y == "number" && (C2.x = O + (N.x - R), C2.y = j + (N.y - I));
    }), On(e, p, O - R, j - I), delete _._dagreClusterSubgraph;
  }), r.forEach((b) => {
    var w, k2;
    let p = e.node(b), E2 = o[b];
    if (p && p.rankdir && p._dagreClusterSubgraph && E2) {
      let _ = p._dagreClusterSubgraph, O = (w = p.x) != null ? w : 0, j = (k2 = p.y) != null ? k2 : 0, R = (E2.minX + E2.maxX) / 2, I = (E2.minY + E2.maxY) / 2;
      _.nodes().forEach((v) => {
        if (v === b) return;
        let x2 = _.node(v), G = e.node(v);
        if (G && x2 && typeof x2.x == "number" && typeof x2.y == "number") {
          let N = x2.x - R, C2 = x2.y - I;
          G.x = O + N, G.y = j + C2;
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
  n("    makeSpaceForEdgeLabels", () => br(e)), n("    removeSelfEdges", () => Gr(e)), n("    acyclic", () => Ue(e, i)), n("    nestingGraph.run", () => un(e)), n("    rank", () => dn(Z(e))), n("    injectEdgeLabelProxies", () => gr(e)), n("    removeEmptyRanks", () => We(e)), n("    nestingGraph.cleanup", () => fn(e)), n("    normalizeRanks", () => Be(e)), n("    assignRankMinMax", () => pr(e)), n("    removeEdgeLabelProxies", () => mr(e)), n("    normalize.run", () => Ke(e)), n("    parentDummyChains", () => ln(e)), n("    addBorderSegments", () => bn(e)), n("    order", () => re2(e, t, s2)), n("    insertSelfEdges", () => vr(e)), n("    adjustCoordinateSystem", () => pn(e)), n("    position", () => kn(e, t.corePath)), n("    positionSelfEdges", () => kr2(e));
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
function kr2(e) {
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

// src/graph/layout.js
var LINE = 16;
var HEAD = 20;
function laidOut(boxes, frames, arrows, trace) {
  const layout2 = new ie.Graph({ multigraph: true, compound: true });
  layout2.setGraph({ rankdir: "TB", nodesep: 14, edgesep: 12, ranksep: 15, marginx: 8, marginy: 8 });
  for (const box2 of boxes.values()) {
    const lines2 = textOf(box2);
    const width = Math.max(48, ...lines2.map((text2, i) => wide(text2, i === 0))) + 18;
    layout2.setNode(box2.id, { width, height: lines2.length * LINE + 10 });
  }
  for (const { key } of frames.values()) layout2.setNode(`f${key}`, {});
  for (const box2 of boxes.values()) if (box2.frame !== null) layout2.setParent(box2.id, `f${box2.frame}`);
  for (const { key, parent } of frames.values()) if (parent !== null) layout2.setParent(`f${key}`, `f${parent}`);
  for (const { key, from: from2, to: to2, values } of arrows) {
    layout2.setEdge(from2, to2, { width: wide(carried(values, trace)) + 14, height: 14, labelpos: "c" }, key);
  }
  Oe(layout2);
  wrap(layout2, boxes, frames);
  return layout2;
}
function wrap(layout2, boxes, frames) {
  const inward = [...frames.values()].sort((a2, b) => b.depth - a2.depth);
  for (const { key, name, said: said2 } of inward) {
    const held2 = [...boxes.values()].filter((box2) => box2.frame === key).map((box2) => layout2.node(box2.id));
    held2.push(
      ...[...frames.values()].filter(({ parent }) => parent === key).map((inner2) => layout2.node(`f${inner2.key}`))
    );
    const left2 = Math.min(...held2.map((at4) => at4.x - at4.width / 2)) - 8;
    const right = Math.max(...held2.map((at4) => at4.x + at4.width / 2), left2 + wide(`▾ ${name} ${said2}`, true) + 16) + 8;
    const top2 = Math.min(...held2.map((at4) => at4.y - at4.height / 2)) - HEAD - 2;
    const bottom = Math.max(...held2.map((at4) => at4.y + at4.height / 2)) + 8;
    Object.assign(layout2.node(`f${key}`), {
      x: (left2 + right) / 2,
      y: (top2 + bottom) / 2,
      width: right - left2,
      height: bottom - top2
    });
  }
  const all = layout2.nodes().map((id) => layout2.node(id));
  const left = Math.min(0, ...all.map((at4) => at4.x - at4.width / 2 - 6));
  const top = Math.min(0, ...all.map((at4) => at4.y - at4.height / 2 - 6));
  const move2 = (at4) => Object.assign(at4, { x: at4.x - left, y: at4.y - top });
  all.forEach(move2);
  for (const edge of layout2.edges()) {
    const { points, ...label } = layout2.edge(edge);
    points.forEach(move2);
    Object.assign(layout2.edge(edge), { x: label.x - left, y: label.y - top });
  }
  const graph2 = layout2.graph();
  graph2.width = Math.max(graph2.width - left, ...all.map((at4) => at4.x + at4.width / 2 + 6));
  graph2.height = Math.max(graph2.height - top, ...all.map((at4) => at4.y + at4.height / 2 + 6));
}
function textOf({ kind, name, made: made3, said: said2 }) {
  if (kind === "module") return [`▸ ${name}`, said2];
  return made3 ? [name, made3] : [name];
}
var carried = (values, trace) => values.length > 1 ? `${values.length} values` : shortShape(trace.values[values[0]].shape);
var ruler = null;
function wide(text2, bold = false) {
  ruler ??= document.createElement("canvas").getContext("2d");
  ruler.font = `${bold ? 600 : 400} 13px system-ui, "Segoe UI", Roboto, Arial, "DejaVu Sans", sans-serif`;
  return Math.ceil(ruler.measureText(text2).width);
}

// src/graph/drawing.js
var APART = 5;
function drawn({ boxes, frames, arrows, shown: shown2 }, trace) {
  const layout2 = laidOut(boxes, frames, arrows, trace);
  const { width, height } = layout2.graph();
  const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "Boxes and arrows" });
  const buttons = /* @__PURE__ */ new Map();
  const outward = [...frames.values()].sort((a2, b) => a2.depth - b.depth);
  const framed = new Map(outward.map((frame) => [frame.key, draw("g", { class: "frame" })]));
  svg.append(...framed.values());
  const lines2 = arrows.map((arrow) => lineOf(arrow, layout2.edge(arrow.from, arrow.to, arrow.key), trace));
  svg.append(...lines2.flatMap(({ elements }) => elements));
  const sums = /* @__PURE__ */ new Map();
  const rows = [
    ...[...boxes.values()].map((box2) => ({ id: box2.id, at: layout2.node(box2.id), box: box2 })),
    ...outward.map((frame) => ({ id: `f${frame.key}`, at: layout2.node(`f${frame.key}`), frame }))
  ].sort((a2, b) => a2.at.y - a2.at.height / 2 - (b.at.y - b.at.height / 2) || a2.at.x - b.at.x);
  for (const { id, at: at4, box: box2, frame } of rows) {
    const made3 = box2 ? boxOf(box2, at4, trace) : headOf(frame, at4);
    if (frame) framed.get(frame.key).append(draw("rect", rectangle(at4, { rx: 8 })));
    svg.append(made3);
    buttons.set(id, made3);
    if (!box2?.branches) continue;
    const sum = draw(
      "g",
      { class: "sum", transform: `translate(${at4.x + at4.width / 2 - 2} ${at4.y + at4.height / 2 - 2})` },
      draw("circle", { r: 9 }),
      draw("text", { y: 4.5, "text-anchor": "middle" }, "Σ")
    );
    sum.append(draw("title", {}, `used ${box2.branches} times: its gradients add up here`));
    svg.append(sum);
    sums.set(id, sum);
  }
  return { svg, width, height, buttons, lines: lines2, sums, boxes, shown: shown2 };
}
function boxOf(box2, at4, trace) {
  const texts = textOf(box2).map(
    (text2, i, all) => draw(
      "text",
      {
        class: i ? "second" : "first",
        x: at4.x,
        y: at4.y + (i - (all.length - 1) / 2) * LINE + 4.5,
        "text-anchor": "middle"
      },
      i ? ` ${text2}` : text2
    )
  );
  const round2 = { operation: 6, module: 6, parameter: at4.height / 2, input: 0 }[box2.kind] ?? 0;
  return draw(
    "g",
    { class: `box ${box2.kind}`, role: "button", tabindex: -1, "data-box": box2.id, "aria-label": labelOf(box2, trace) },
    draw("rect", rectangle(at4, { rx: round2 })),
    ...texts
  );
}
function labelOf(box2, trace) {
  const seen = textOf(box2).join(" ");
  const adds = box2.branches ? `; used ${box2.branches} times, its gradients add up` : "";
  if (box2.kind === "module") return `${seen}: ${whatOf(box2.key)}, folded${adds}`;
  if (box2.op !== void 0) return `${seen}: operation ${box2.op}${adds}`;
  const { name, role, shape } = trace.values[box2.value];
  return `${seen}: ${role} ${name}, ${shapeText(shape)}`;
}
var whatOf = (key) => key[0] === "#" && !key.includes(" ") ? "a repetition" : "a module";
function headOf({ key, name, said: said2 }, at4) {
  const [x2, y2] = [at4.x - at4.width / 2, at4.y - at4.height / 2];
  return draw(
    "g",
    {
      class: "head",
      role: "button",
      tabindex: -1,
      "data-box": `f${key}`,
      "aria-expanded": "true",
      "aria-label": `▾ ${name} ${said2}: ${whatOf(key)}, unfolded`
    },
    ...[
      draw("rect", { x: x2 + 3, y: y2 + 2, width: wide(`▾ ${name} ${said2}`, true) + 8, height: HEAD - 3, rx: 6 }),
      draw("text", { x: x2 + 8, y: y2 + 15 }, `▾ ${name} `, draw("tspan", { class: "second" }, said2))
    ]
  );
}
var rectangle = ({ x: x2, y: y2, width, height }, more) => ({ x: x2 - width / 2, y: y2 - height / 2, width, height, ...more });
var curve = line2(
  ({ x: x2 }) => x2,
  ({ y: y2 }) => y2
).curve(monotoneY);
function lineOf(arrow, { points, x: x2, y: y2 }, trace) {
  const both = arrow.adjoints.length > 0;
  const moved = (by) => points.map((point2) => ({ x: point2.x + by, y: point2.y }));
  const down = moved(both ? -APART : 0);
  const { name, shape } = trace.values[arrow.values[0]];
  const more = arrow.values.length > 1 ? ` and ${arrow.values.length - 1} more` : "";
  const forward = draw("g", { class: "arrow forward" }, draw("path", { d: curve(down) }), tip(down));
  forward.append(draw("title", {}, `${name}, ${shapeText(shape)}${more}`));
  let backward = null;
  if (both) {
    const up = moved(APART).reverse();
    backward = draw("g", { class: "arrow backward" }, draw("path", { d: curve(up) }), tip(up));
    backward.append(draw("title", {}, `∂L/∂${name}, ${shapeText(shape)}${more}`));
  }
  const carries = carried(arrow.values, trace);
  const width = wide(carries) + 4;
  const label = carries ? draw(
    "g",
    { class: "shape" },
    draw("rect", { x: x2 - width / 2, y: y2 - 8, width, height: 15, rx: 3 }),
    draw("text", { x: x2, y: y2 + 3.5, "text-anchor": "middle" }, carries)
  ) : null;
  return { arrow, forward, backward, elements: [forward, backward, label].filter(Boolean) };
}
function tip(points) {
  const [before, end] = points.slice(-2);
  const angle = Math.atan2(end.y - before.y, end.x - before.x) * 180 / Math.PI;
  return draw("path", {
    class: "tip",
    d: "M0 0L-8 -3.5L-8 3.5Z",
    transform: `translate(${end.x} ${end.y}) rotate(${Math.abs(angle) > 60 ? 90 * Math.sign(angle) : angle})`
  });
}

// src/graph/model.js
function network(trace) {
  const nodes = /* @__PURE__ */ new Map();
  const add = (node) => nodes.set(node.id, node);
  const drawn2 = trace.operations.filter(
    (operation) => operation.kind === "data" || operation.kind === "forward" || isWrite(operation)
  );
  for (const operation of drawn2) {
    const { number: number4, module, name, kind } = operation;
    const made3 = trace.values[operation.result];
    add({
      id: `o${number4}`,
      kind: kind === "data" ? "input" : "operation",
      op: number4,
      module,
      name,
      made: kind === "data" ? "" : told(made3, operation)
    });
  }
  const edges = [];
  for (const reader of drawn2) {
    for (const [operand2, value2] of operandValues(reader)) {
      const from2 = source(value2, reader);
      if (from2 === `o${reader.number}`) continue;
      const adjoint = trace.adjoints[reader.number].find(
        ({ kind, name, operands }) => kind === "adjoint" && name === `${reader.name}.${operand2}` && operands.g
      )?.number ?? null;
      edges.push({ from: from2, to: `o${reader.number}`, value: value2, operand: operand2, reader: reader.number, adjoint });
    }
  }
  return { nodes, edges, groups: groupsOf(trace, nodes) };
  function source(value2, reader) {
    const maker = trace.maker(value2);
    if (maker && nodes.has(`o${maker.number}`) && maker.number < reader.number) return `o${maker.number}`;
    const id = `v${value2}`;
    const { name, role } = trace.values[value2];
    if (!nodes.has(id))
      add({
        id,
        kind: role,
        value: value2,
        reader,
        module: home(name, role) ?? reader.module,
        name: short(name, role),
        made: ""
      });
    return id;
  }
  function home(name, role) {
    const path2 = name.slice(0, Math.max(name.lastIndexOf("."), 0));
    return role === "parameter" && path2 in trace.modules ? path2 : null;
  }
}
var isWrite = ({ kind, phase }) => kind === "update" && (phase === "forward" || phase === "loss");
var short = (name, role) => role === "parameter" ? name.slice(name.lastIndexOf(".") + 1) : name;
function told(value2, operation) {
  return !value2 || saysMaker(value2.name, operation) ? "" : value2.name;
}
function groupsOf(trace, nodes) {
  const all = [...nodes.values()];
  for (const node of all) node.within = lineage(node.module, trace.modules);
  const known3 = new Map(Object.entries(trace.modules).map(([path2, kind]) => [path2, { name: path2, kind, said: kind }]));
  for (const repeat of trace.repeats) {
    const outer = lineage(repeat.module, trace.modules);
    const starts = ({ within: within2 }) => outer.every((path2, i) => within2[i] === path2);
    const runs = ({ kind, op, reader }) => kind !== "parameter" && holds(repeat, op ?? reader.number);
    const held2 = new Set(all.filter((node) => starts(node) && runs(node)));
    const outside = new Set(all.flatMap((node) => node.op === void 0 || held2.has(node) ? [] : node.within));
    const whole2 = (path2) => path2 !== void 0 && !outside.has(path2);
    const module = known3.get(outer.at(-1));
    if (!held2.size) continue;
    if (module && whole2(outer.at(-1))) {
      Object.assign(module, { times: true, said: `${module.kind}, ${timesTold(repeat)}` });
      continue;
    }
    const key = `#${repeat.first}`;
    known3.set(key, { name: timesTold(repeat), kind: "times", times: true, said: operationsTold(repeat, trace) });
    const inner2 = new Set([...held2].map(({ within: within2 }) => within2[outer.length]));
    for (const node of all) {
      const [path2, ...deeper] = node.within.slice(outer.length);
      if (!held2.has(node) && !(node.op === void 0 && inner2.has(path2) && whole2(path2))) continue;
      const own2 = path2 === void 0 ? [] : [path2, ...deeper];
      const named3 = own2.map((one3) => whole2(path2) ? one3 : `${key} ${one3}`);
      own2.forEach((one3, i) => known3.set(named3[i], known3.get(one3)));
      node.within = [...outer, key, ...named3];
    }
  }
  const sizes = /* @__PURE__ */ new Map();
  for (const { within: within2 } of all) for (const key of within2) sizes.set(key, (sizes.get(key) ?? 0) + 1);
  const groups = /* @__PURE__ */ new Map();
  for (const node of all) {
    node.within = node.within.filter((key) => sizes.get(key) > 1);
    node.within.forEach(
      (key, depth, { [depth - 1]: parent = null }) => groups.set(key, { key, ...known3.get(key), size: sizes.get(key), parent, depth })
    );
  }
  return groups;
}
function lineage(path2, modules) {
  const parts2 = path2 ? path2.split(".") : [];
  return parts2.map((_, i) => parts2.slice(0, i + 1).join(".")).filter((prefix) => prefix in modules);
}
function foldedAtFirst({ nodes, groups }, most = 32) {
  const alike2 = /* @__PURE__ */ new Map();
  for (const group of groups.values()) {
    const key = group.times ? "times" : `${group.depth} ${group.kind}`;
    alike2.set(key, [...alike2.get(key) ?? [], group]);
  }
  const weight = (some) => some.reduce((sum, { size: size2 }) => sum + size2 - 1, 0);
  const inward = [...alike2].sort(
    ([a2, [one3, ...more]], [b, [other, ...others2]]) => (b === "times") - (a2 === "times") || other.depth - one3.depth || weight([other, ...others2]) - weight([one3, ...more])
  );
  const folded = /* @__PURE__ */ new Set();
  const seen = () => new Set([...nodes.values()].map((node) => shownAs(node, folded))).size;
  for (const [, some] of inward) {
    if (seen() <= most) break;
    for (const { key } of some) folded.add(key);
  }
  return folded;
}
function shownAs(node, folded) {
  const outermost = node.within.find((key) => folded.has(key));
  return outermost === void 0 ? node.id : `m${outermost}`;
}
var APART2 = 4;
function visible({ nodes, edges, groups }, folded) {
  const shown2 = new Map([...nodes.values()].map((node) => [node.id, shownAs(node, folded)]));
  const boxes = /* @__PURE__ */ new Map();
  const frames = /* @__PURE__ */ new Map();
  for (const node of nodes.values()) {
    const id = shown2.get(node.id);
    if (!boxes.has(id)) {
      const group = id === node.id ? null : groups.get(id.slice(1));
      const frame = group ? group.parent : node.within.at(-1) ?? null;
      boxes.set(id, { ...group ? { ...group, id, kind: "module" } : node, frame, operations: [] });
    }
    if (node.op !== void 0) boxes.get(id).operations.push(node.op);
  }
  for (const { frame } of boxes.values())
    for (let key = frame; key !== null; key = groups.get(key).parent) frames.set(key, groups.get(key));
  const between2 = /* @__PURE__ */ new Map();
  for (const edge of edges) {
    const [from2, to2] = [shown2.get(edge.from), shown2.get(edge.to)];
    if (from2 === to2) continue;
    const pair = `${from2} ${to2}`;
    if (!between2.has(pair)) between2.set(pair, /* @__PURE__ */ new Map());
    const arrows2 = between2.get(pair);
    if (!arrows2.has(edge.value)) {
      const values = [edge.value];
      arrows2.set(edge.value, { key: `${pair} ${edge.value}`, from: from2, to: to2, values, readers: [], adjoints: [] });
    }
    arrows2.get(edge.value).readers.push(edge.reader);
    if (edge.adjoint !== null) arrows2.get(edge.value).adjoints.push(edge.adjoint);
  }
  const arrows = [...between2.values()].flatMap((some) => some.size > APART2 ? [together(some)] : [...some.values()]);
  const sums = /* @__PURE__ */ new Map();
  for (const edge of edges) {
    if (edge.adjoint === null) continue;
    const box2 = boxes.get(shown2.get(edge.from));
    sums.set(`${box2.id} ${edge.value}`, (sums.get(`${box2.id} ${edge.value}`) ?? 0) + 1);
  }
  for (const [key, n] of sums) {
    const box2 = boxes.get(key.slice(0, key.lastIndexOf(" ")));
    if (n > 1) box2.branches = Math.max(box2.branches ?? 0, n);
  }
  return { boxes, frames, arrows, shown: shown2 };
}
function together(arrows) {
  const all = [...arrows.values()];
  const [values, readers, adjoints] = ["values", "readers", "adjoints"].map((name) => all.flatMap((one3) => one3[name]));
  return { ...all[0], values, readers, adjoints };
}
function around({ boxes, frames, arrows, shown: shown2 }, id, most) {
  const order = [...boxes.values()].filter(({ operations: operations2 }) => operations2.length).sort((a2, b) => a2.operations[0] - b.operations[0]);
  const readers = arrows.filter(({ from: from2 }) => from2 === id).map(({ to: to2 }) => to2);
  const at4 = order.findIndex((box2) => box2.id === id || readers.includes(box2.id));
  const first = Math.max(0, Math.min(at4 - Math.floor(most / 2), order.length - most));
  const kept3 = new Set(order.slice(first, first + most).map((box2) => box2.id));
  const inside = new Set(kept3);
  for (const { from: from2, to: to2 } of arrows) if (kept3.has(to2) && !boxes.get(from2).operations.length) inside.add(from2);
  const part = new Map([...boxes].filter(([key]) => inside.has(key)));
  const keys = /* @__PURE__ */ new Set();
  for (const { frame } of part.values())
    for (let key = frame; key !== null; key = frames.get(key).parent) keys.add(key);
  return {
    boxes: part,
    frames: new Map([...frames].filter(([key]) => keys.has(key))),
    arrows: arrows.filter(({ from: from2, to: to2 }) => inside.has(from2) && kept3.has(to2)),
    shown: shown2,
    left: boxes.size - part.size
  };
}
function concerns(operation, trace) {
  const parameter = (value2) => [`v${value2}`];
  const of = (value2) => trace.values[value2]?.of ?? null;
  const { kind, phase, number: number4, operands } = operation;
  if (kind === "data" || kind === "forward" || isWrite(operation)) return { boxes: [`o${number4}`], way: "forward" };
  if (kind === "adjoint" || kind === "accumulate" || kind === "hook") {
    const target = of(operation.result);
    const maker = target === null ? null : trace.maker(target);
    if (kind === "adjoint" && operation.of !== void 0) return { boxes: [`o${operation.of}`], way: "backward" };
    return { boxes: maker ? [`o${maker.number}`] : target === null ? [] : parameter(target), way: "backward" };
  }
  if (kind === "clip") return { boxes: parameter(of(operands.gradient?.value)), way: "backward" };
  if (phase === "moments") return { boxes: parameter(of(operation.result)), way: "update" };
  if (operands.parameter) return { boxes: parameter(operands.parameter.value), way: "update" };
  const all = operandValues(operation).map(
    ([, value2]) => trace.values[value2].role === "gradient" ? of(value2) : value2
  );
  return { boxes: all.flatMap(parameter), way: kind === "norm" ? "backward" : "update" };
}

// src/views/graph.js
var ZOOMS = [0.4, 0.55, 0.7, 0.85, 1, 1.25, 1.5];
var LAID_OUT = 200;
var AROUND = 40;
var SMALLEST = 0.7;
function graph(element, store, trace) {
  const whole2 = network(trace);
  if (!whole2.edges.length) return false;
  let folded = foldedAtFirst(whole2);
  let zoom2 = null;
  let seen;
  const scroll = make("div", {
    class: "scroll",
    role: "group",
    "aria-label": "The network. Up and down go from box to box; Enter goes to its operation, or folds and unfolds a module"
  });
  const fold = (keys) => {
    folded = new Set(keys);
    redraw();
  };
  const tools = make(
    "div",
    { class: "tools", role: "group", "aria-label": "The graph" },
    ...whole2.groups.size ? [
      button("fold all", "Fold all modules, and what repeats", () => fold(whole2.groups.keys())),
      button("unfold all", "Unfold all modules, and what repeats", () => fold([]))
    ] : [],
    button("−", "Smaller", () => magnify(-1)),
    button("+", "Larger", () => magnify(1)),
    button("fit", "Fit into the width", () => magnify(0))
  );
  const note = make("p", { class: "part" });
  fill(element, tools, note, scroll, legend());
  let centred;
  let all;
  function redraw(focus = null) {
    all = visible(whole2, folded);
    draws(focus);
  }
  function draws(focus = null) {
    centred = all.boxes.has(focus) ? focus : here();
    const part = all.boxes.size > LAID_OUT ? around(all, centred, AROUND) : all;
    const more = whole2.groups.size ? " Fold some of it to see more." : "";
    note.textContent = part.left ? `A part of the network, around this operation; there are ${part.left} more boxes.${more}` : "";
    seen = drawn(part, trace);
    fill(scroll, seen.svg);
    resize();
    select(seen.svg).selectAll("[data-box]").on("click", (event) => act(event.currentTarget)).on("keydown", (event) => key(event));
    follow2(store.state);
    if (focus) rove(seen.buttons.get(focus) ?? first(), true);
    else rove(first(), false);
  }
  function here() {
    const [id] = store.operation ? concerns(store.operation, trace).boxes : [];
    return all.shown.get(id);
  }
  function act(target) {
    const id = target.dataset.box;
    const key2 = id.slice(1);
    if (id[0] === "m") {
      folded.delete(key2);
      redraw(`f${key2}`);
    } else if (id[0] === "f") {
      folded.add(key2);
      redraw(`m${key2}`);
    } else if (id[0] === "o") store.set({ op: Number(key2), playing: false });
    else store.follow(Number(key2));
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
    for (const one3 of seen.buttons.values()) one3.setAttribute("tabindex", one3 === target ? 0 : -1);
    if (focus) target.focus({ preventScroll: true });
    if (focus) centre(target, scroll);
  }
  function resize() {
    const room = scroll.clientWidth - 2;
    const scale = zoom2 ?? Math.min(1, Math.max(SMALLEST, room / seen.width));
    seen.svg.setAttribute("width", seen.width * scale);
    seen.svg.setAttribute("height", seen.height * scale);
    return scale;
  }
  function magnify(by) {
    const present = resize();
    const next = by > 0 ? ZOOMS.find((z2) => z2 > present + 0.01) : ZOOMS.findLast((z2) => z2 < present - 0.01);
    zoom2 = by === 0 ? null : next ?? present;
    resize();
    follow2(store.state);
  }
  function follow2({ op }) {
    const operation = store.operation;
    if (!operation) return;
    const { boxes, way } = concerns(operation, trace);
    const present = new Set(boxes.map((id) => seen.shown.get(id)));
    if (all.boxes.has(here()) && !seen.buttons.has(here()) && here() !== centred) return draws();
    for (const [id, box2] of seen.buttons) {
      const here2 = present.has(id);
      box2.classList.toggle("present", here2);
      box2.dataset.way = here2 ? way : "";
      if (here2) box2.setAttribute("aria-current", "step");
      else box2.removeAttribute("aria-current");
      box2.classList.toggle("passed", seen.boxes.get(id)?.operations.every((number4) => number4 <= op) ?? true);
    }
    for (const { arrow, forward, backward } of seen.lines) {
      forward.classList.toggle(
        "passed",
        arrow.readers.some((number4) => number4 <= op)
      );
      forward.classList.toggle("present", arrow.readers.includes(op));
      if (!backward) continue;
      backward.classList.toggle(
        "passed",
        arrow.adjoints.some((number4) => number4 <= op)
      );
      backward.classList.toggle("present", arrow.adjoints.includes(op));
    }
    for (const [id, sum] of seen.sums)
      sum.classList.toggle("present", operation.kind === "accumulate" && present.has(id));
    const target = [...present].map((id) => seen.buttons.get(id)).find(Boolean);
    if (target && present.size < 3) afterwards(() => centre(target, scroll));
  }
  redraw();
  store.subscribe((state, changed) => changed.has("op") && follow2(state));
  new ResizeObserver(() => zoom2 === null && scroll.clientWidth && resize()).observe(scroll);
}
var button = (text2, label, onclick) => make("button", { type: "button", "aria-label": label, title: label, onclick }, text2);
function legend() {
  const sample = (kind) => draw(
    "svg",
    { class: `graph-sample ${kind}`, width: 34, height: 12, "aria-hidden": true },
    draw(
      "g",
      { class: `arrow ${kind} passed` },
      draw("path", { d: "M1 6H26" }),
      draw("path", { class: "tip", d: "M25 2L33 6L25 10Z" })
    )
  );
  return make(
    "p",
    { class: "legend" },
    ...[
      sample("forward"),
      " values, on their way to the loss; ",
      sample("backward"),
      " gradients, on their way back; "
    ],
    ...[make("span", { class: "sum" }, "Σ"), " a value that was used several times: here its gradients add up."]
  );
}
function centre(box2, scroll) {
  const [inner2, outer] = [box2.getBoundingClientRect(), scroll.getBoundingClientRect()];
  const [right, down] = [
    inner2.left + inner2.width / 2 - outer.left - outer.width / 2,
    inner2.top + inner2.height / 2 - outer.top - outer.height / 2
  ];
  if (Math.abs(right) > outer.width / 3) scroll.scrollLeft += right;
  if (Math.abs(down) > outer.height / 4) scroll.scrollTop += down;
}

// src/views/ledger/sliders.js
var END = 1e3;
var rate = (times) => (recorded2) => ({ start: END / 2, value: (k2) => recorded2 * times ** (2 * k2 / END - 1) });
var memory = (recorded2) => ({
  start: Math.round(-Math.log10(1 - recorded2) * END / 4),
  value: (k2) => 1 - 10 ** (-4 * k2 / END)
});
var share2 = (recorded2) => ({ start: Math.round(recorded2 * END), value: (k2) => k2 / END });
var below = (norm2) => ({ start: END, value: (k2) => norm2 * 100 ** (k2 / END - 1) });
var SLIDERS = [
  { key: "lr", name: "learning rate η", scale: (recorded2) => (recorded2 > 0 ? rate(100) : share2)(recorded2) },
  { key: "limit", name: "clip limit", scale: rate(30) },
  { key: "momentum", name: "momentum μ", scale: memory },
  { key: "beta1", name: "β₁, memory of gradients", scale: memory },
  { key: "beta2", name: "β₂, memory of squares", scale: memory },
  { key: "alpha", name: "α, memory of squares", scale: memory },
  { key: "rho", name: "ρ, memory of squares", scale: memory },
  { key: "weight_decay", name: "weight decay λ", scale: share2 }
];
function drawSliders(place, { settings: settings3, clip: clip2, norm: norm2, what, changed }) {
  const recorded2 = { ...settings3, beta1: settings3.betas?.[0], beta2: settings3.betas?.[1], limit: clip2?.limit };
  if (!settings3.momentum) delete recorded2.momentum;
  const made3 = SLIDERS.filter(({ key }) => typeof recorded2[key] === "number").map(
    ({ key, name, scale }) => slider(name, recorded2[key], scale(recorded2[key]), (x2) => set(key, x2))
  );
  if (!clip2 && norm2 > 0)
    made3.splice(
      1,
      0,
      slider("clip limit", null, below(norm2), (x2) => set("limit", x2))
    );
  const set = (key, x2) => {
    if (x2 === null) delete what[key];
    else what[key] = x2;
    reset.hidden = !Object.keys(what).length;
    changed();
  };
  const back = () => {
    for (const key of Object.keys(what)) delete what[key];
    for (const one3 of made3) one3.back();
    reset.hidden = true;
    changed();
    made3[0]?.input.focus();
  };
  const reset = make(
    "button",
    { type: "button", class: "reset", hidden: true, onclick: back },
    "back to what was recorded"
  );
  fill(place, make("legend", {}, "What if …"), ...made3.map(({ row: row2 }) => row2), reset);
}
function slider(name, recorded2, { start, value: value2 }, set) {
  const id = unique("slider");
  const output = make("output", { for: id, class: "numbers" });
  const input = make("input", { id, type: "range", min: 0, max: END });
  const tell = (x2) => {
    output.textContent = x2 === null ? "off" : brief(x2);
    output.title = x2 === null ? "" : String(x2);
    input.setAttribute("aria-valuetext", output.textContent);
  };
  const back = () => {
    input.value = start;
    tell(recorded2);
  };
  input.addEventListener("input", () => {
    const k2 = Number(input.value), moved = k2 !== start;
    tell(moved ? value2(k2) : recorded2);
    set(moved ? value2(k2) : null);
  });
  back();
  return { row: make("div", { class: "slider" }, make("label", { for: id }, name), input, output), input, back };
}

// src/views/ledger.js
function ledger(element, store, trace) {
  if (!trace.updates.length) return false;
  const what = {};
  const total = trace.operations.find(({ kind }) => kind === "norm")?.result;
  const choose = make(
    "select",
    { onchange: () => pick(Number(choose.value)) },
    ...trace.updates.map((_, i) => make("option", { value: i }, updateName(trace, i)))
  );
  const chosen = make("label", {}, "Weight of ", choose);
  const place = make("span", { class: "place numbers" });
  const walk2 = make("span", { class: "walk", role: "group", "aria-label": "another weight of these" });
  const table = make("div", { class: "lines" });
  const scale = make("div", { class: "scale" });
  const sliders = make("fieldset", { class: "sliders" });
  const follows = followButton(store, () => shown2 ? [store.update, ...shown2] : null);
  let shown2 = null;
  const top = make("p", { class: "which" }, chosen, " ", place, walk2, follows.button);
  fill(element, top, table, scale, sliders);
  const pick = (update2) => {
    const one3 = trace.updates[update2];
    if (store.state.weight !== null) {
      const cell = exampleCell(trace.array(one3.gradient));
      if (cell) store.set({ weight: [update2, ...cell], value: null, cell: null });
      return;
    }
    const operation = trace.operations.find(({ phase, result }) => phase === "update" && result === one3.after);
    if (operation) store.set({ op: operation.number, playing: false });
    else store.set({ update: update2 });
  };
  const cellOf2 = (one3) => {
    if (store.state.weight !== null) return store.state.weight.slice(1);
    const mine = [
      one3.before,
      one3.gradient,
      one3.after,
      ...chain(trace, one3).map(({ made: made3 }) => made3),
      ...Object.values(one3.state).flat()
    ];
    return store.state.cell && mine.includes(store.value) ? store.state.cell : exampleCell(trace.array(one3.gradient));
  };
  const goTo2 = (ref) => store.follow(ref.value, ref.cell);
  const redraw = (afresh) => {
    const i = store.update, one3 = trace.updates[i];
    choose.value = String(i);
    const cell = shown2 = cellOf2(one3);
    follows.tell();
    place.textContent = cell ? placeText(cell) || "its one number" : "";
    if (!cell || !isKnown(one3)) {
      fill(
        table,
        make(
          "p",
          {},
          cell ? `This page doesn't know the method ${one3.operation}; its values are in the list of operations.` : "It's empty."
        )
      );
      for (const part of [scale, sliders, walk2]) part.hidden = true;
      return;
    }
    for (const part of [scale, sliders, walk2]) part.hidden = false;
    const settings3 = settingsOf(one3), changes = changesOf(trace, one3, cell), norm2 = total === void 0 ? 0 : trace.array(total).data[0], weight = weightOf(trace, one3, cell);
    const base = lines(one3.operation, weight, settings3, changes);
    const changed = Object.keys(what).length > 0;
    const other = applied(settings3, changes, norm2, what);
    const instead = changed ? lines(one3.operation, weight, other.settings, other.changes) : null;
    drawWalk(
      walk2,
      trace.array(one3.before),
      cell,
      (to2) => store.set(
        store.state.weight === null ? { value: one3.before, cell: to2 } : { weight: [i, ...to2], value: null, cell: null }
      )
    );
    drawLines(table, { base, instead, weight, one: one3, trace, cell, goTo: goTo2 });
    const turned = changes.some(({ changed: changed2 }) => changed2 && Math.sign(changed2.number) === -Math.sign(weight.g.number));
    drawScale(scale, weight.g.number, turned, weight.θ.number, base.at(-1).value, instead?.at(-1).value);
    if (afresh) drawSliders(sliders, { settings: settings3, clip: changes.at(-1), norm: norm2, what, changed: () => redraw(false) });
  };
  let before = null;
  store.subscribe((_, changed) => {
    if (!(changed.has("op") || changed.has("value") || changed.has("cell") || changed.has("update") || changed.has("weight")))
      return;
    const now = store.update;
    const other = now !== before || changed.has("frame");
    if (other) for (const key of Object.keys(what)) delete what[key];
    redraw(other || !sliders.firstChild);
    before = now;
  });
}
function applied(settings3, changes, norm2, { limit: limit2, beta1, beta2, ...others2 }) {
  const betas = settings3.betas && [beta1 ?? settings3.betas[0], beta2 ?? settings3.betas[1]];
  const clip2 = { name: "clip_by_norm", norm: norm2, ...changes.at(-1), limit: limit2 };
  return {
    settings: { ...settings3, ...others2, ...betas ? { betas } : {} },
    changes: limit2 === void 0 ? changes : [...changes.slice(0, -1), clip2]
  };
}
function drawWalk(place, numbers2, cell, go) {
  const at4 = numbers2.offset(cell);
  const step = (by, text2, label) => make(
    "button",
    {
      type: "button",
      "aria-label": label,
      "aria-disabled": String(at4 + by < 0 || at4 + by >= numbers2.size),
      onclick: () => at4 + by >= 0 && at4 + by < numbers2.size && go(numbers2.place(at4 + by))
    },
    text2
  );
  const had = [...place.children].indexOf(document.activeElement);
  fill(place, step(-1, "−", "the weight before"), step(1, "+", "the next weight"));
  if (had >= 0) place.children[had].focus();
}
function drawLines(place, { base, instead, weight, one: one3, trace, cell, goTo: goTo2 }) {
  const recorded2 = new Map([["θ", one3.after], ...stateOf(one3).map(([symbol, , , after]) => [symbol, after])]);
  const about = { goTo: goTo2, trace, whatIf: instead !== null };
  const alike2 = (list2, { symbol, formula, made: made3 }) => list2?.find((line3) => line3.symbol === symbol && line3.formula === formula && line3.made === made3);
  const all = instead && instead.length > base.length ? instead : base;
  const rows = all.map((line3) => {
    const now = alike2(base, line3);
    const last2 = all.findLast(({ symbol }) => symbol === line3.symbol) === line3;
    const number4 = line3.made ?? (last2 ? recorded2.get(line3.symbol) : null);
    const check = now && number4 !== null && number4 !== void 0 ? trace.array(number4).get(cell) : null;
    return row({ ...line3, ...now, value: now?.value ?? null, instead: alike2(instead, line3)?.value, check }, about);
  });
  const given3 = [
    { symbol: "θ", words: "the weight before this step", parts: [weight.θ], value: weight.θ.number },
    {
      symbol: "g",
      words: "its gradient: how much the loss grows for each unit that the weight grows",
      parts: [weight.g],
      value: weight.g.number
    }
  ].map((line3) => row({ ...line3, formula: "", check: null }, about));
  const head = ["symbol", "what it is", "how", "now", ...instead ? ["what if"] : []].map(
    (text2) => make("span", { role: "columnheader" }, text2)
  );
  place.className = `lines${instead ? " instead" : ""}`;
  const label = `The update of ${one3.name}${placeText(cell)}`;
  fill(
    place,
    make(
      "div",
      { role: "table", "aria-label": label },
      make("div", { role: "row", class: "head" }, ...head),
      ...given3,
      ...rows
    )
  );
}
function row({ symbol, words, formula, parts: parts2, value: value2, instead, check }, { goTo: goTo2, trace, whatIf }) {
  const shown2 = make("span", { class: "figures" }, formula ? "= " : null, ...figures(parts2, goTo2, trace).flat());
  return make(
    "div",
    { role: "row", class: formula === "θ − step" ? "new" : null },
    make("span", { role: "rowheader", class: "symbol" }, formula ? `${symbol} ←` : symbol),
    make("span", { role: "cell", class: "words" }, words),
    make("span", { role: "cell", class: "how" }, formula ? make("code", {}, formula) : null, shown2),
    make(
      "span",
      { role: "cell", class: "numbers result", title: value2 === null ? null : String(value2) },
      value2 === null ? "–" : brief(value2, 6),
      sign3(value2, check)
    ),
    whatIf ? make(
      "span",
      { role: "cell", class: "numbers what-if", title: instead === void 0 ? null : String(instead) },
      instead === void 0 ? "" : brief(instead, 6)
    ) : null
  );
}
function sign3(value2, recorded2) {
  if (recorded2 === null) return null;
  const same3 = Object.is(recorded2, value2) || Math.abs(recorded2 - value2) <= 1e-4 * Math.max(Math.abs(recorded2), 1e-8);
  const label = same3 ? "as recorded" : `recorded ${brief(recorded2, 6)}, which differs`;
  return make(
    "span",
    { class: same3 ? "check" : "check off", title: label, role: "img", "aria-label": label },
    same3 ? " ✓" : " ≠"
  );
}
var NEAR = 20;
function drawScale(place, gradient, turned, before, after, instead) {
  const points = [
    ["before", before, "○"],
    ["now", after, "●"],
    ...instead === void 0 ? [] : [["what if", instead, "◆"]]
  ].filter(([, x2]) => Number.isFinite(x2));
  const [low, high] = [Math.min(...points.map(([, x2]) => x2)), Math.max(...points.map(([, x2]) => x2))];
  const move2 = after - before, slope = Math.sign(gradient);
  const why = [
    "Its gradient is 0: the loss doesn't depend on this weight now.",
    "Its gradient is above 0: a larger weight would make the loss larger. So the weight should fall.",
    "Its gradient is below 0: a larger weight would make the loss smaller. So the weight should rise.",
    "Its gradient isn't a number, and so the weight isn't one any more."
  ].at(Number.isNaN(slope) ? 3 : [0, 1, 2].at(slope));
  const against = Math.sign(move2) === slope && slope !== 0 ? ` That is with the gradient: ${turned ? "your code turned it" : "what the optimizer remembers, or the decay, is stronger"}.` : "";
  const told2 = Number.isNaN(move2) ? "" : move2 === 0 ? "It stays where it was." : `It ${move2 < 0 ? "falls" : "rises"} by ${brief(Math.abs(move2))}, to ${brief(after, 6)}.${against}`;
  const across = (x2) => high > low ? 8 + 84 * (x2 - low) / (high - low) : 50;
  const near = Math.abs(across(before) - across(after)) < NEAR;
  const line3 = make(
    "div",
    { class: "line", "aria-hidden": "true" },
    ...points.map(([name, x2, sign4]) => {
      const aside = near && name !== "what if" ? name === "now" === after >= before ? "right" : "left" : null;
      const mark3 = make("span", { class: name.replace(" ", "-") }, sign4, make("small", { class: aside }, name));
      mark3.style.left = `${across(x2)}%`;
      return mark3;
    })
  );
  fill(
    place,
    make(
      "p",
      {},
      `${why} ${told2}`,
      instead === void 0 ? "" : ` With your settings it would be ${brief(instead, 6)}: a what-if, nothing of it is recorded.`
    ),
    line3
  );
}

// src/views/tensor/kinds.js
function canvas(label, pick) {
  const one3 = make("canvas", { role: "img", "aria-label": label });
  if (pick) {
    one3.addEventListener("click", (event) => {
      const { left, top } = one3.getBoundingClientRect();
      pick(event.clientX - left, event.clientY - top);
    });
  }
  return one3;
}
var cellOf = ({ fixed, rows, columns: columns2 }, row2, column) => fixed.map((k2, axis) => axis === rows ? row2 : axis === columns2 ? column : k2);
function within({ fixed, rows, columns: columns2 }, cell) {
  if (!cell || cell.some((k2, axis) => axis !== rows && axis !== columns2 && k2 !== fixed[axis])) return null;
  return [rows === null ? 0 : cell[rows], columns2 === null ? 0 : cell[columns2]];
}
function heat(place, about) {
  const { matrix, slice: slice3, cell, limit: limit2, colours, width, choose, value: value2 } = about;
  const one3 = canvas(
    `${value2.name} as a heat map: blue below 0, orange above`,
    (x2, y2) => choose(cellOf(slice3, ...drawn2.at(x2, y2)))
  );
  const drawn2 = drawMatrix(one3, matrix, { width, paint: (x2) => colour(x2, limit2.size, colours) });
  const at4 = within(slice3, cell);
  if (at4) ring(drawn2.context, drawn2.box(...at4));
  const note = drawn2.shared ? make(
    "p",
    { class: "quiet" },
    "More numbers than there are points here: each point shows the largest of those under it."
  ) : null;
  fill(place, one3, note);
}
function colouring({ value: value2 }, channels) {
  const { least = 0, greatest: greatest2 = 1 } = value2.statistics;
  if (value2.pixels) return { picked: value2.pixels.channels, low: value2.pixels.black, high: value2.pixels.white };
  const [low, high] = value2.dtype === "uint8" ? [0, 255] : least >= 0 && greatest2 <= 1 ? [0, 1] : [Number(least), Number(greatest2)];
  const picked = channels >= 3 ? [0, 1, 2, ...channels === 4 ? [3] : []] : [0];
  return { picked, low, high, stretched: !(low === 0 && (high === 1 || high === 255)) && [low, high] };
}
function imageOf(about, offset, rows, columns2, channels) {
  const { picked, low, high, stretched = false } = colouring(about, channels);
  const image = new ImageData(columns2, rows);
  const scale = high === low ? 0 : 255 / (high - low);
  const { data } = about.numbers;
  for (let i = 0; i < rows * columns2; i++) {
    const [r, g = r, b = r, opaque = 255] = picked.map((c) => (data[offset + i * channels + c] - low) * scale);
    image.data.set([r, g, b, opaque], 4 * i);
  }
  const small2 = make("canvas", { width: columns2, height: rows });
  small2.getContext("2d").putImageData(image, 0, 0);
  return { small: small2, stretched };
}
function paintImage(one3, about, offset, [rows, columns2, channels], size2) {
  const { small: small2, stretched } = imageOf(about, offset, rows, columns2, channels);
  const side = Math.max(1, Math.min(size2 / columns2, size2 / rows));
  const [w, h] = side >= 2 ? [columns2 * Math.floor(side), rows * Math.floor(side)] : [columns2 * side, rows * side];
  const context = sizeCanvas(one3, w, h);
  context.drawImage(small2, 0, 0, w, h);
  return { context, w, h, stretched };
}
function strip(what, count3, chosen, about, offsetOf, shape, pick) {
  const most = Math.min(count3, 16);
  const first = Math.max(0, Math.min(chosen - most / 2, count3 - most)) | 0;
  return make(
    "div",
    { class: "strip", role: "group", "aria-label": what },
    ...Array.from({ length: most }, (_, k2) => {
      const i = first + k2;
      const one3 = make("canvas", {});
      paintImage(one3, about, offsetOf(i), shape, 48);
      return make(
        "button",
        { type: "button", "aria-label": `${what} ${i}`, "aria-pressed": String(i === chosen), onclick: () => pick(i) },
        one3
      );
    }),
    most < count3 ? make("span", { class: "quiet" }, `${most} of ${count3}`) : null
  );
}
function large(about, offset, shape, cell, pick) {
  const one3 = canvas(
    `${about.value.name}: the picture itself`,
    (x2, y2) => pick(
      Math.min(shape[0] - 1, Math.floor(y2 / made3.h * shape[0])),
      Math.min(shape[1] - 1, Math.floor(x2 / made3.w * shape[1]))
    )
  );
  const made3 = paintImage(one3, about, offset, shape, Math.min(about.width, 260));
  if (cell)
    ring(made3.context, [
      cell[1] / shape[1] * made3.w,
      cell[0] / shape[0] * made3.h,
      made3.w / shape[1],
      made3.h / shape[0]
    ]);
  const note = made3.stretched ? make(
    "p",
    { class: "quiet" },
    `Drawn from ${brief(made3.stretched[0])} (black) to ${brief(made3.stretched[1])} (white).`
  ) : null;
  return [one3, note];
}
function picture(place, about) {
  const { numbers: numbers2, slice: slice3, cell, choose, move: move2 } = about, [count3, ...shape] = numbers2.shape;
  const example = slice3.fixed[0], c = slice3.fixed[3] ?? 0, one3 = shape.reduce((n, k2) => n * k2, 1);
  const at4 = within(slice3, cell);
  fill(
    place,
    count3 > 1 ? strip(
      "example",
      count3,
      example,
      about,
      (i) => i * one3,
      shape,
      (i) => move2(0, i)
    ) : null,
    ...large(about, example * one3, shape, at4, (i, j) => choose([example, i, j, c]))
  );
}
function video(place, about) {
  const { numbers: numbers2, slice: slice3, cell, choose, move: move2 } = about, [, frames, ...shape] = numbers2.shape;
  const [example, frame] = slice3.fixed, c = slice3.fixed[4] ?? 0, one3 = shape.reduce((n, k2) => n * k2, 1);
  fill(
    place,
    strip(
      "frame",
      frames,
      frame,
      about,
      (i) => (example * frames + i) * one3,
      shape,
      (i) => move2(1, i)
    ),
    ...large(
      about,
      (example * frames + frame) * one3,
      shape,
      within(slice3, cell),
      (i, j) => choose([example, frame, i, j, c])
    )
  );
}
function waveform(place, about) {
  const { numbers: numbers2, slice: slice3, cell, width, choose, value: value2, colours } = about, [, samples] = numbers2.shape;
  const channel = slice3.fixed[2] ?? 0, example = slice3.fixed[0], height = 140;
  const at4 = (k2) => numbers2.get(numbers2.shape.length === 3 ? [example, k2, channel] : [example, k2]);
  const one3 = canvas(
    `${value2.name} as a wave over its ${samples} samples`,
    (x2) => choose(
      numbers2.shape.length === 3 ? [example, Math.min(samples - 1, Math.floor(x2 / width * samples)), channel] : [example, Math.min(samples - 1, Math.floor(x2 / width * samples))]
    )
  );
  const context = sizeCanvas(one3, width, height);
  const limit2 = about.limit.size || 1, y2 = (x2) => height / 2 - x2 / limit2 * (height / 2 - 4);
  context.strokeStyle = "#767676";
  context.strokeRect(0, height / 2, width, 0);
  context.strokeStyle = `rgb(${colours.low.join(",")})`;
  context.beginPath();
  for (let x2 = 0; x2 < width; x2++) {
    const from2 = Math.floor(x2 * samples / width), to2 = Math.max(from2 + 1, Math.floor((x2 + 1) * samples / width));
    let [low, high] = [Infinity, -Infinity];
    for (let k2 = from2; k2 < to2; k2++) [low, high] = [Math.min(low, at4(k2)), Math.max(high, at4(k2))];
    context.moveTo(x2 + 0.5, y2(low) + 0.5);
    context.lineTo(x2 + 0.5, y2(high) - 0.5);
  }
  context.stroke();
  if (cell && cell[0] === example) ring(context, [cell[1] / samples * width - 3, y2(at4(cell[1])) - 3, 6, 6]);
  fill(
    place,
    one3,
    make(
      "p",
      { class: "quiet" },
      `${samples} samples, one after another; up and down between −${brief(limit2)} and ${brief(limit2)}.`
    )
  );
}
function spectrogram(place, about) {
  const { matrix, slice: slice3, cell, width, choose, value: value2, colours } = about, { least = 0, greatest: greatest2 = 1 } = value2.statistics;
  const turned = matrix.turned();
  const one3 = canvas(`${value2.name} as a spectrogram: time to the right, frequency upwards`, (x2, y2) => {
    const [row2, column] = drawn2.at(x2, y2);
    choose(cellOf(slice3, column, matrix.columns - 1 - row2));
  });
  const paint = (x2) => colour(x2 - Number(least), Number(greatest2) - Number(least), colours);
  const drawn2 = drawMatrix(one3, turned, { width, most: 12, paint });
  const at4 = within(slice3, cell);
  if (at4) ring(drawn2.context, drawn2.box(matrix.columns - 1 - at4[1], at4[0]));
  fill(
    place,
    one3,
    make(
      "p",
      { class: "quiet" },
      `Time to the right, frequency upwards; the stronger the colour, the louder: from ${brief(Number(least))} to ${brief(Number(greatest2))}.`
    )
  );
}
var MOST2 = 40;
function tokens(place, { numbers: numbers2, cell, here: at4, choose, words }) {
  const flat2 = numbers2.shape.length === 1;
  const [rows, columns2] = flat2 ? [1, numbers2.shape[0]] : numbers2.shape;
  const cellOf2 = (i, j) => flat2 ? [j] : [i, j];
  const [row2, column] = flat2 ? [0, at4[0]] : at4;
  const first = (n, k2, most) => Math.max(0, Math.min(k2 - Math.floor(most / 2), n - most));
  const [top, left] = [first(rows, row2, 8), first(columns2, column, MOST2)];
  const token = (i, j) => {
    const number4 = numbers2.get(cellOf2(i, j));
    const word = words?.[number4];
    const chosen = cell !== null && cell.join() === cellOf2(i, j).join();
    const where = `${flat2 ? "" : `example ${i}, `}place ${j}: `;
    return make(
      "button",
      {
        type: "button",
        class: "token",
        title: `token ${number4}`,
        "aria-pressed": String(chosen),
        "aria-label": `${where}${word === void 0 ? "" : `${word}, `}token ${number4}`,
        onclick: () => choose(cellOf2(i, j))
      },
      word ?? String(number4)
    );
  };
  const lines2 = Array.from(
    { length: Math.min(rows, 8) },
    (_, r) => make(
      "div",
      { class: "tokens" },
      flat2 ? null : make("span", { class: "quiet" }, `${top + r}: `),
      ...Array.from({ length: Math.min(columns2, MOST2) }, (_2, c) => token(top + r, left + c)),
      columns2 > MOST2 ? make("span", { class: "quiet" }, `… of ${columns2}`) : null
    )
  );
  const note = words ? "To the network each of these is a number, its place in the vocabulary." : "Each number stands for a word or a letter, by its place in the vocabulary.";
  fill(place, ...lines2, make("p", { class: "quiet" }, note));
}

// src/views/tensor/change.js
function others(trace, number4, frame) {
  const frames = [...trace.frames?.keys() ?? []].filter((i) => i !== frame);
  const near = frames.includes(frame - 1) ? frame - 1 : frame + 1;
  const list2 = frames.sort((i, j) => (j === near) - (i === near)).map((i) => ({ key: String(i), name: trace.called[i], numbers: trace.frames[i].array(number4) }));
  const pairs = trace.updates.flatMap(({ before: before2, after, state }) => [[before2, after], ...Object.values(state)]);
  const before = pairs.find(([, after]) => after === number4)?.[0];
  const made3 = trace.maker(number4);
  if (made3?.kind === "hand" && made3.operands.before)
    list2.push({ key: "before", name: "before your code changed it", numbers: trace.array(made3.operands.before.value) });
  else if (before !== void 0) list2.push({ key: "before", name: "before this step", numbers: trace.array(before) });
  return list2;
}
function change(place, about, list2, chosen, choose) {
  const other = chosen === "none" ? null : list2.find(({ key }) => key === chosen) ?? list2[0];
  const { numbers: numbers2, slice: slice3, matrix, here, cell, width, value: value2, colours } = about;
  const order = ({ key }) => key === "before" ? Infinity : Number(key);
  const options = [...list2].sort((a2, b) => order(a2) - order(b)).map(({ key, name }) => [key, name]);
  const select2 = make(
    "select",
    { onchange: () => choose(select2.value) },
    ...[...options, ["none", "nothing"]].map(
      ([key, name]) => make("option", { value: key, selected: key === (other?.key ?? "none") }, name)
    )
  );
  const had = place.contains(document.activeElement);
  const choice2 = make("label", { class: "compared" }, "compared with ", select2);
  fill(place, choice2);
  if (had) select2.focus();
  if (!other || other.numbers.shape.join() !== numbers2.shape.join()) return;
  const before = other.numbers.matrix(slice3.rows, slice3.columns, here);
  const moved = matrix.less(before);
  const { most, at: at4 } = greatest(moved);
  const image = canvas(
    `${value2.name} less what it was (${other.name}): blue where it fell, orange where it rose`,
    (x2, y2) => about.choose(cellOf(slice3, ...drawn2.at(x2, y2)))
  );
  const drawn2 = drawMatrix(image, moved, {
    width: Math.min(width, 420),
    height: 200,
    most: 24,
    paint: (x2) => colour(x2, most, colours)
  });
  const mine = within(slice3, cell);
  if (mine) ring(drawn2.context, drawn2.box(...mine));
  const [row2, column] = mine ?? at4;
  const change2 = `${placeText(cellOf(slice3, row2, column)) || "It"}: ${brief(before.get(row2, column))} → ${brief(matrix.get(row2, column))}`;
  const told2 = most === 0 ? "Nothing changed here." : `${change2}, a change of ${brief(moved.get(row2, column))}${mine ? "" : ", the largest here"}.`;
  place.append(moved.rows * moved.columns > 1 && most > 0 ? image : "", make("p", {}, told2), legend2(most, colours));
}
function greatest(moved) {
  let [most, index] = [0, 0];
  moved.data.forEach((x2, i) => {
    if (Math.abs(x2) > most && Number.isFinite(x2)) [most, index] = [Math.abs(x2), i];
  });
  return { most, at: [Math.floor(index / moved.columns), index % moved.columns] };
}
function legend2(most, colours) {
  const swatch = (rgb3) => {
    const one3 = make("span", { class: "swatch", "aria-hidden": "true" });
    one3.style.background = css(rgb3);
    return one3;
  };
  if (!most) return "";
  return make(
    "p",
    { class: "legend" },
    swatch(colours.low),
    "it fell ",
    swatch(colours.high),
    `it rose; strongest at ±${brief(most, 3)}.`
  );
}

// src/views/tensor/grid.js
var ROWS = 9;
var [COLUMNS, ENOUGH] = [24, 4];
var [MARGIN2, CHARACTER, PADDING, NARROW] = [66, 7.8, 14, 420];
var LONG = 9;
function grid(element) {
  let about = null;
  const table = make("div", { role: "grid", class: "grid" });
  element.append(table);
  const focus = () => table.querySelector('[tabindex="0"]')?.focus({ preventScroll: true });
  const go = (row2, column) => {
    const { rows, columns: columns2 } = about.matrix;
    about.choose(Math.min(Math.max(row2, 0), rows - 1), Math.min(Math.max(column, 0), columns2 - 1));
    focus();
  };
  table.addEventListener("keydown", (event) => {
    if (!about || event.altKey || event.metaKey) return;
    const { rows, columns: columns2 } = about.matrix, [i, j] = about.at;
    const to2 = {
      ArrowUp: [i - 1, j],
      ArrowDown: [i + 1, j],
      ArrowLeft: [i, j - 1],
      ArrowRight: [i, j + 1],
      PageUp: [i - ROWS, j],
      PageDown: [i + ROWS, j],
      Home: event.ctrlKey ? [0, 0] : [i, 0],
      End: event.ctrlKey ? [rows - 1, columns2 - 1] : [i, columns2 - 1],
      Enter: [i, j],
      " ": [i, j]
    }[event.key];
    if (!to2) return;
    event.preventDefault();
    event.stopPropagation();
    go(...to2);
  });
  table.addEventListener("click", (event) => {
    const cell = event.target.closest("[role=gridcell]");
    if (cell) go(Number(cell.dataset.row), Number(cell.dataset.column));
  });
  return {
    show(now) {
      const had = table.contains(document.activeElement);
      about = now;
      draw2(table, now);
      if (had) focus();
    }
  };
}
function draw2(table, about) {
  const { matrix, at: at4, cell, limit: limit2, colours, value: value2, names, label, rowWords: rowWords2 } = about, { rows, columns: columns2 } = matrix;
  const [top, bottom] = span(rows, at4[0], ROWS);
  const { left, right, text: text2 } = fitted(about, top, bottom);
  table.setAttribute("aria-label", label);
  table.setAttribute("aria-rowcount", rows + 1);
  table.setAttribute("aria-colcount", columns2 + 1);
  table.style.setProperty("--columns", right - left);
  const corner = names.length > 1 ? `↓ ${names[0]}
→ ${names[1]}` : names[0] ?? "";
  const header2 = (c) => make("span", { role: "columnheader", "aria-colindex": c + 2 }, String(c));
  const head = make(
    "div",
    { role: "row", "aria-rowindex": 1 },
    make("span", { role: "columnheader", class: "corner", "aria-colindex": 1 }, corner),
    ...range4(left, right).map(header2)
  );
  const gridcell = (r, c) => {
    const x2 = matrix.get(r, c), rgb3 = colour(x2, limit2.size, colours), here = r === at4[0] && c === at4[1];
    const chosen = here && cell !== null;
    const attributes = {
      role: "gridcell",
      "aria-colindex": c + 2,
      "aria-selected": String(chosen),
      tabindex: here ? 0 : -1,
      class: here && !chosen ? "example" : null,
      title: exact(x2, value2.dtype)
    };
    const one3 = make(
      "span",
      { ...attributes, "data-row": r, "data-column": c, "data-cell": about.cellAt(r, c).join(",") },
      text2(x2)
    );
    one3.style.background = css(rgb3);
    one3.style.color = inkOn(rgb3);
    return one3;
  };
  const lines2 = range4(top, bottom).map(
    (r) => make(
      "div",
      { role: "row", "aria-rowindex": r + 2 },
      make("span", { role: "rowheader", "aria-colindex": 1, title: rowWords2?.[r] }, rowName(r, rowWords2)),
      ...range4(left, right).map((c) => gridcell(r, c))
    )
  );
  fill(table, head, ...lines2);
  const part = [
    rows > bottom - top ? `${bottom - top} of ${rows} rows` : null,
    columns2 > right - left ? `${right - left} of ${columns2} columns` : null
  ];
  table.dataset.more = part.filter(Boolean).join(" and ");
}
var rowName = (r, words) => words ? `${r} ${words[r].length > LONG ? `${words[r].slice(0, LONG - 1)}…` : words[r]}` : String(r);
function fitted({ matrix, at: at4, width, value: value2, rowWords: rowWords2 }, top, bottom) {
  const whole2 = (x2) => shown(x2, value2.dtype), short2 = (x2) => brief(x2, width < NARROW ? 2 : 3);
  const widest = (text2, left, right) => Math.max(3, ...range4(top, bottom).flatMap((r) => range4(left, right).map((c) => text2(matrix.get(r, c)).length)));
  for (const text2 of [value2.data.type === "float16" ? short2 : whole2, short2]) {
    let [left, right] = span(matrix.columns, at4[1], COLUMNS);
    const room = Math.max(
      1,
      Math.floor(
        (width - MARGIN2 - (rowWords2 ? CHARACTER * (LONG + 1) : 0)) / (CHARACTER * widest(text2, left, right) + PADDING)
      )
    );
    if (room < right - left) [left, right] = span(matrix.columns, at4[1], room);
    if (text2 === short2 || room >= Math.min(matrix.columns, ENOUGH)) return { left, right, text: text2 };
  }
}
function span(n, at4, most) {
  const first = Math.max(0, Math.min(at4 - Math.floor(most / 2), n - most));
  return [first, Math.min(n, first + most)];
}
var range4 = (from2, to2) => Array.from({ length: Math.max(to2 - from2, 0) }, (_, k2) => from2 + k2);

// src/views/tensor/slices.js
function drawSlices(place, { names, slice: slice3, numbers: numbers2, move: move2, turn }) {
  const focused = place.contains(document.activeElement) ? document.activeElement.dataset.does : null;
  const others2 = numbers2.shape.map((n, axis) => [axis, n]).filter(([axis, n]) => n > 1 && axis !== slice3.rows && axis !== slice3.columns);
  const steppers = others2.map(([axis, n]) => stepper(names[axis], slice3.fixed[axis], n, (k2) => move2(axis, k2)));
  fill(place, ...steppers, numbers2.shape.length > 2 ? choice(names, slice3, turn) : null);
  if (focused) [...place.querySelectorAll("[data-does]")].find((one3) => one3.dataset.does === focused)?.focus();
  place.hidden = !place.childNodes.length;
}
function stepper(name, at4, n, go) {
  const button2 = (by, text2) => {
    const to2 = at4 + by, within2 = to2 >= 0 && to2 < n, does = `${by < 0 ? "previous" : "next"} ${name}`;
    return make(
      "button",
      {
        type: "button",
        "aria-label": does,
        "data-does": does,
        "aria-disabled": String(!within2),
        onclick: () => within2 && go(to2)
      },
      text2
    );
  };
  return make(
    "span",
    { class: "stepper", role: "group", "aria-label": name },
    button2(-1, "−"),
    make("span", {}, `${name} ${at4} (0 to ${n - 1})`),
    button2(1, "+")
  );
}
function choice(names, slice3, turn) {
  const pick = (label, which, other) => {
    const options = names.map((name, axis) => make("option", { value: axis, selected: axis === slice3[which] }, name));
    const change2 = (event) => {
      const axis = Number(event.target.value);
      turn(axis === slice3[other] ? { [which]: axis, [other]: slice3[which] } : { [which]: axis });
    };
    return make("label", {}, `${label} `, make("select", { "data-does": label, onchange: change2 }, ...options));
  };
  return make("span", { class: "axes" }, pick("down:", "rows", "columns"), pick("across:", "columns", "rows"));
}

// src/views/tensor/statistics.js
function statistics2({ statistics: s2, shape }, x2) {
  const size2 = shape.reduce((n, k2) => n * k2, 1);
  if (!size2) return [make("p", {}, "It's empty: there are no numbers.")];
  if (size2 === 1) return [];
  const measures = ["least", "greatest", "mean", "deviation", "norm"].filter((name) => s2[name] !== void 0);
  const told2 = [
    ...measures.map((name) => [name, brief(number(s2[name]))]),
    ...s2.zeros ? [["zeros", `${count2(s2.zeros)} of ${count2(size2)}`]] : []
  ];
  const list2 = told2.map(
    ([name, text2]) => make("div", {}, make("dt", {}, name), make("dd", { class: "numbers" }, text2))
  );
  return [warning(s2, size2), s2.histogram && size2 >= SEVERAL ? histogram(s2, x2) : null, make("dl", {}, ...list2)];
}
function warning({ nan, infinite }, size2) {
  const told2 = [
    nan ? `${count2(nan)} NaN (not a number)` : null,
    infinite ? `${count2(infinite)} infinite` : null
  ].filter(Boolean);
  return told2.length ? make("p", { class: "warning" }, `⚠ ${told2.join(" and ")}, of ${count2(size2)}`) : null;
}
var SEVERAL = 16;
var [WIDE, HIGH] = [240, 52];
function histogram({ histogram: bins, least, greatest: greatest2 }, x2) {
  const [low, high] = [number(least), number(greatest2)], most = Math.max(...bins), wide2 = WIDE / bins.length;
  const own2 = x2 === null || !Number.isFinite(x2) ? -1 : Math.min(bins.length - 1, Math.floor((x2 - low) / (high - low) * bins.length));
  const bars = bins.map((n, i) => {
    const height = n ? Math.max(1.5, n / most * (HIGH - 4)) : 0;
    const side = low + (i + 0.5) / bins.length * (high - low) < 0 ? "low" : "high";
    return draw("rect", {
      x: i * wide2 + 1,
      y: HIGH - height,
      width: wide2 - 2,
      height,
      class: i === own2 ? "own" : side
    });
  });
  const zero3 = low < 0 && high > 0 ? -low / (high - low) * WIDE : null;
  const line3 = zero3 === null ? null : draw("line", { x1: zero3, x2: zero3, y1: 0, y2: HIGH });
  const label = `How the numbers are spread between ${brief(low)} and ${brief(high)}: at most ${count2(most)} in one of ${bins.length} bins`;
  const caption = [brief(low), "how many lie where", brief(high)].map((text2) => make("span", {}, text2));
  return make(
    "figure",
    {},
    draw(
      "svg",
      { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": label, preserveAspectRatio: "none" },
      line3,
      ...bars
    ),
    make("figcaption", { class: "quiet" }, ...caption)
  );
}

// src/views/tensor.js
var KINDS = { picture, video, waveform, spectrogram, tokens };
var RANKS = { picture: [4], video: [5], waveform: [2, 3], spectrogram: [2, 3, 4], tokens: [1, 2] };
var SMALL = { rows: 9, columns: 8 };
function kindOf({ shown: shown2, shape }, words) {
  const kind = words ? "tokens" : shown2;
  return RANKS[kind]?.includes(shape.length) ? kind : "matrix";
}
function tensor(element, store, trace) {
  const [chips, slices, image, cells2, facts, changes] = [
    "chips",
    "slices",
    "image",
    "cells",
    "statistics",
    "changes"
  ].map((name) => make("div", { class: name }));
  const [head, readout, legend3] = ["head", "readout", "legend"].map((name) => make("p", { class: name }));
  fill(element, chips, head, slices, image, readout, cells2, legend3, facts, changes);
  let against = null;
  readout.setAttribute("aria-live", "polite");
  const numbersGrid = grid(cells2);
  const axes = /* @__PURE__ */ new Map();
  const redraw = () => {
    const width = widthOf(), at4 = store.value;
    if (!width) return;
    drawChips(chips, store, trace);
    const numbers2 = at4 === null ? null : trace.array(at4);
    for (const part of [slices, image, readout, cells2, legend3, changes]) part.hidden = !numbers2?.size;
    if (!numbers2) {
      fill(head, "This operation made no array.");
      fill(facts);
      return;
    }
    const value2 = trace.values[at4], { cell } = store.state;
    fill(head, ...headOf2(value2, trace));
    if (!numbers2.size) {
      fill(facts, ...statistics2(value2, null));
      return;
    }
    const here = cell ?? exampleIn(trace, at4);
    if (!axes.has(at4)) axes.set(at4, firstAxes(value2, trace));
    const slice3 = { ...axes.get(at4), fixed: here }, names = axisNames(value2, trace);
    const matrix = numbers2.matrix(slice3.rows, slice3.columns, here);
    const choose = (to2) => store.set({ cell: to2 });
    const move2 = (axis, k2) => choose(here.map((old, i) => i === axis ? k2 : old));
    const about = {
      value: value2,
      numbers: numbers2,
      matrix,
      slice: slice3,
      cell,
      here,
      limit: limitOf(numbers2, value2),
      colours: colours(),
      width,
      chosen: cell !== null && store.state.weight === null,
      words: wordsOf(trace, at4),
      rowWords: slice3.rows === 0 ? rowWords(trace, at4) : null,
      choose,
      move: move2
    };
    drawSlices(slices, {
      names,
      slice: slice3,
      numbers: numbers2,
      move: move2,
      turn: (turned) => (axes.set(at4, { ...axes.get(at4), ...turned }), redraw())
    });
    const kind = kindOf(value2, about.words);
    image.hidden = kind === "matrix" && matrix.rows <= SMALL.rows && matrix.columns <= SMALL.columns;
    if (!image.hidden) (KINDS[kind] ?? heat)(image, about);
    fill(readout, ...readoutOf(about));
    cells2.hidden = kind === "tokens" || !here.length;
    const seenAxes = [slice3.rows, slice3.columns].filter((axis) => axis !== null).map((axis) => names[axis]);
    const cellAt2 = (row2, column) => cellOf(slice3, row2, column);
    const pick = (row2, column) => choose(cellAt2(row2, column));
    numbersGrid.show({
      ...about,
      at: within(slice3, here),
      names: seenAxes,
      label: `${value2.name}, the numbers`,
      cellAt: cellAt2,
      choose: pick
    });
    fill(facts, ...kind === "tokens" ? [] : statistics2(value2, cell ? numbers2.get(cell) : null));
    const list2 = others(trace, at4, store.state.frame);
    changes.hidden = !list2.length;
    if (list2.length) change(changes, about, list2, against, (key) => (against = key, redraw()));
    fill(legend3, ...legendOf(about, kind, cells2.firstChild.dataset.more));
  };
  const widthOf = onWidth(element, redraw);
  const colours = palette(element, redraw);
  store.subscribe((_, changed) => {
    if (changed.has("op") || changed.has("value") || changed.has("cell") || changed.has("weight")) redraw();
  });
}
var FEW2 = 8;
function drawChips(place, store, trace) {
  const operation = store.operation;
  if (!operation) return;
  const made3 = resultValues(operation);
  const read = operandValues(operation).filter(([, n], i, all) => all.findIndex(([, m]) => m === n) === i);
  const other = store.value === null || [...made3, ...read].some(([, n]) => n === store.value) ? [] : [["", store.value]];
  const chip = ([name, n]) => {
    const { role, name: own2 } = trace.values[n];
    const show2 = () => store.set({ value: n, cell: null });
    return make(
      "button",
      { type: "button", class: `value ${role}`, "aria-pressed": String(store.value === n), onclick: show2 },
      name && name !== own2 ? `${name}: ${own2}` : own2
    );
  };
  const group = (said2, list2) => {
    if (!list2.length) return null;
    const more = list2.length > FEW2 ? make("span", { class: "quiet" }, `and ${list2.length - FEW2} more`) : null;
    return make(
      "span",
      { class: "group" },
      make("span", { class: "quiet" }, said2),
      ...list2.slice(0, FEW2).map(chip),
      more
    );
  };
  fill(
    place,
    group("it read", read),
    group(operation.kind === "data" ? "given:" : "it made", made3),
    group("you look at", other)
  );
}
var ROLES = {
  input: "given as data",
  constant: "a constant of the computation",
  parameter: "weights that are learned",
  buffer: "kept by a layer, not learned",
  activation: "computed from the data",
  gradient: "how much the loss changes with each number of",
  state: "what the optimizer remembers of"
};
function whatOf2(value2, trace) {
  const whole2 = value2.of !== null && value2.of !== void 0 ? ` ${trace.values[value2.of].name}` : "";
  if (value2.role !== "gradient") return `${ROLES[value2.role] ?? value2.role}${whole2}`;
  const maker = trace.maker(value2.number);
  const read = (maker?.operands.gradient ?? maker?.operands.before)?.value;
  if (maker?.kind === "norm") return "the length of all gradients together";
  if (maker?.kind === "clip") return `what clipping left of ${trace.values[read].name}`;
  if (maker?.kind === "hand")
    return read === void 0 ? "given by your code" : `what your code made of ${trace.values[read].name}`;
  if (maker?.gathers) return `what several backward passes brought to${whole2}, added up`;
  if (!maker && trace.values[value2.of]?.role === "parameter") return `what earlier backward passes brought to${whole2}`;
  const joins = trace.readers[value2.number].some(
    ({ operation: { kind, gathers } }) => kind === "accumulate" && !gathers
  );
  return `${joins ? "a part of " : ""}${ROLES.gradient}${whole2}`;
}
function headOf2(value2, trace) {
  const kept3 = value2.kept ? ` (${shapeText(value2.kept)} are kept here)` : "";
  return [
    make("strong", { class: value2.role }, value2.name),
    `, ${whatOf2(value2, trace)}: ${shapeText(value2.shape)}${kept3}, ${value2.dtype}.`
  ];
}
function readoutOf({ value: value2, numbers: numbers2, here, cell, words, chosen }) {
  const x2 = numbers2.get(here), whole2 = exact(x2, value2.dtype);
  const digits = value2.data.type === "float16" ? `about ${brief(x2)}` : chosen ? whole2 : shown(x2, value2.dtype);
  const told2 = make("span", { class: "numbers", title: whole2 }, `${value2.name}${placeText(here)} = ${digits}`);
  return [
    told2,
    words?.[x2] === void 0 ? null : ` (${words[x2]})`,
    cell || !here.length ? null : make("span", { class: "quiet" }, " (for example: choose another)")
  ].filter(Boolean);
}
function legendOf({ value: value2, limit: limit2, colours }, kind, part) {
  const swatch = (rgb3) => {
    const one3 = make("span", { class: "swatch", "aria-hidden": "true" });
    one3.style.background = css(rgb3);
    return one3;
  };
  const beyond2 = limit2.beyond ? ` Beyond that the colour stays the same.` : "";
  return [
    kind === "tokens" ? null : make(
      "span",
      {},
      swatch(colours.low),
      "below 0 ",
      swatch(colours.zero),
      "0 ",
      swatch(colours.high),
      limit2.size > 0 ? `above 0; strongest at ±${brief(limit2.size, 3)}.${beyond2}` : "above 0."
    ),
    value2.statistics.nan || value2.statistics.infinite ? make("span", {}, " ", swatch(colours.nan), "not a number ", swatch(colours.infinite), "infinite.") : null,
    part && kind !== "tokens" ? ` ${part} are shown; arrow keys go to the others.` : null,
    value2.data.type === "float16" ? " Stored here to three digits, to spare room." : null
  ].filter(Boolean);
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
    ...CHOICES.map(([value2, text2]) => make("option", { value: value2 }, text2))
  );
  element.append(make("label", {}, make("span", {}, "Colours "), select2));
}

// src/views/operations.js
var LONG2 = 400;
var TOGETHER = 32;
var ROW = 27;
function operations(element, store, trace) {
  const search = make("input", {
    type: "search",
    placeholder: "search by name",
    "aria-label": "Search the operations by name",
    spellcheck: "false",
    autocomplete: "off"
  });
  const found2 = make("span", { class: "found", role: "status" });
  const list2 = make("div", {
    class: trace.operations.length > LONG2 ? "list long" : "list",
    role: "tree",
    tabindex: 0,
    "aria-label": "Operations of this step, in their order"
  });
  const rows = trace.operations.map((operation) => ({
    row: rowOf(operation, trace),
    text: haystack(operation, trace)
  }));
  const folds = trace.repeats.map((repeat) => foldOf(repeat, rows, trace));
  const foldAt = new Map(folds.map((fold) => [fold.repeat.first, fold]));
  for (const { phase, from: from2, to: to2 } of phasesOf(trace)) {
    const id = unique("phase");
    const title2 = make("div", { class: "phase", id, role: "presentation" }, phase);
    list2.append(make("div", { role: "group", "aria-labelledby": id }, title2, ...parts2(from2, to2)));
  }
  function parts2(from2, to2) {
    const made3 = [];
    for (let at5 = from2; at5 < to2; ) {
      const fold = foldAt.get(at5);
      const next = folds.map(({ repeat }) => repeat.first).find((first) => first > at5) ?? to2;
      const end = fold ? fold.repeat.last + 1 : Math.min(at5 + TOGETHER, next, to2);
      made3.push(fold ? fold.element : partOf(rows.slice(at5, end)));
      at5 = end;
    }
    return made3;
  }
  let searched = false;
  const opened = (fold) => fold.open || searched;
  function turn(fold, open, itself = false) {
    Object.assign(fold, { open, itself });
    fold.head.setAttribute("aria-expanded", String(opened(fold)));
    fold.inside.hidden = !opened(fold);
    mark3();
  }
  let present = null;
  function mark3() {
    const { op } = store.state;
    const fold = folds.find(({ repeat }) => holds(repeat, op)) ?? null;
    const seen = fold && !opened(fold) ? fold.head : rows[op]?.row;
    for (const one3 of folds) {
      one3.head.classList.toggle("within", one3 === fold);
      one3.place.textContent = one3 === fold ? `now ${placeTold(one3.repeat, op)}` : "";
    }
    if (!seen) return;
    present = seen;
    list2.setAttribute("aria-activedescendant", present.id);
    reveal(present, list2);
  }
  function neighbour(op, by) {
    const away = (at5) => {
      const fold = folds.find(({ repeat }) => holds(repeat, at5));
      return fold && !opened(fold) ? fold.repeat : null;
    };
    const own2 = away(op);
    let next = own2 ? by > 0 ? own2.last + 1 : own2.first - 1 : op + by;
    while (rows[next]?.row.hidden) next += by;
    return away(next)?.first ?? next;
  }
  const go = (op) => rows[op] && store.set({ op, playing: false });
  let landing = null;
  list2.addEventListener("click", (event) => {
    const row2 = event.target.closest("[role=treeitem]");
    const fold = folds.find(({ head }) => head === row2);
    if (fold) turn(fold, !fold.open);
    else if (row2) go(Number(row2.dataset.op));
  });
  list2.addEventListener("keydown", (event) => {
    const { op } = store.state;
    const fold = folds.find(({ repeat }) => holds(repeat, op));
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) {
      const next = neighbour(op, by);
      landing = repeatAt(trace, next);
      go(next);
      landing = null;
    } else if (event.key === "Enter" && fold) turn(fold, !fold.open);
    else if (event.key === "ArrowRight" && fold && !opened(fold) && !event.shiftKey) turn(fold, true);
    else return;
    event.preventDefault();
  });
  const look = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    searched = words.length > 0;
    let n = 0;
    for (const { row: row2, text: text2 } of rows) {
      row2.hidden = !words.every((word) => text2.includes(word));
      n += row2.hidden ? 0 : 1;
    }
    for (const fold of folds) turn(fold, fold.open, fold.itself);
    for (const group of list2.querySelectorAll("[role=group]:not(.inside), .part, .fold"))
      group.hidden = [...group.querySelectorAll("[data-op]")].every((row2) => row2.hidden);
    found2.textContent = searched ? `${n} of ${rows.length}` : "";
  };
  search.addEventListener("input", look);
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      const after = rows.findIndex(({ row: row2 }, i) => i > store.state.op && !row2.hidden);
      go(after >= 0 ? after : rows.findIndex(({ row: row2 }) => !row2.hidden));
    } else if (event.key === "Escape") {
      search.value = "";
      look();
      list2.focus();
    } else return;
    event.preventDefault();
  });
  fill(element, make("div", { class: "search" }, search, found2), list2);
  let at4 = null;
  store.subscribe(({ op }, changed) => {
    if (!changed.has("op") || !rows[op]) return;
    rows[at4]?.row.setAttribute("aria-selected", "false");
    rows[op].row.setAttribute("aria-selected", "true");
    for (const fold of folds) {
      const [was, is] = [at4, op].map((one3) => one3 !== null && holds(fold.repeat, one3));
      if (was && !is && (fold.itself || !fold.open)) turn(fold, false, true);
      if (is && !fold.open && fold.itself && landing !== fold.repeat) turn(fold, true, true);
    }
    at4 = op;
    mark3();
  });
}
function rowOf(operation, trace) {
  return make(
    "div",
    {
      role: "treeitem",
      id: unique("operation"),
      "aria-selected": "false",
      "aria-level": 1,
      "data-op": operation.number
    },
    make("span", { class: "number" }, String(operation.number)),
    make("span", { class: "name" }, titleOf(operation, trace))
  );
}
function partOf(some) {
  const part = make("div", { class: "part", role: "presentation" }, ...some.map(({ row: row2 }) => row2));
  part.style.containIntrinsicBlockSize = `auto ${ROW * some.length}px`;
  return part;
}
function foldOf(repeat, rows, trace) {
  const [often, each3] = [timesTold(repeat), eachTold(repeat)];
  const place = make("span", { class: "place" });
  const head = make(
    "div",
    {
      role: "treeitem",
      class: "head",
      id: unique("repetition"),
      "aria-expanded": "false",
      "aria-selected": "false",
      "aria-level": 1
    },
    make("span", { class: "number", "aria-hidden": "true" }),
    make(
      "span",
      { class: "name" },
      make("strong", {}, `${whatTold(repeat, trace)}: ${often}`),
      make("span", { class: "each" }, [`${repeat.first} … ${repeat.last}`, each3].filter(Boolean).join(", ")),
      place
    )
  );
  const times = repeat.starts.map((_, time) => {
    const part = partOf(rows.slice(...timeSpan(repeat, time)));
    const title2 = make("div", { class: "time", role: "presentation" }, placeTold(repeat, repeat.starts[time]));
    part.prepend(title2);
    part.setAttribute("role", "group");
    part.setAttribute("aria-label", title2.textContent);
    return part;
  });
  const inside = make("div", { role: "group", class: "inside", hidden: true }, ...times);
  for (const { row: row2 } of rows.slice(repeat.first, repeat.last + 1)) row2.setAttribute("aria-level", 2);
  const element = make("div", { class: "fold", role: "presentation" }, head, inside);
  return { repeat, element, head, place, inside, open: false, itself: true };
}
function phasesOf(trace) {
  const found2 = [];
  for (const { phase, number: number4 } of trace.operations) {
    if (found2.at(-1)?.phase !== phase) found2.push({ phase, from: number4 });
    found2.at(-1).to = number4 + 1;
  }
  return found2;
}
function titleOf(operation, trace) {
  const name = (number4) => trace.values[number4]?.name ?? "";
  if (operation.kind === "data") return operation.name;
  if (operation.kind === "forward") return made2(operation, name(operation.result));
  if (operation.kind === "adjoint") return `${operation.name} → ${name(operation.result)}`;
  if (operation.kind === "accumulate") return `add up ${name(operation.result)}`;
  if (operation.kind === "hand" || operation.kind === "clip") return name(operation.result);
  if (operation.phase === "moments") return name(trace.values[operation.result]?.of) || operation.name;
  if (operation.kind === "update") return name(operation.operands.parameter?.value ?? operation.result);
  return operation.name;
}
function made2(operation, result) {
  return saysMaker(result, operation) ? result : `${operation.name} → ${result}`;
}
function haystack(operation, trace) {
  const names = [
    operation.name,
    operation.module,
    trace.modules[operation.module] ?? "",
    operation.phase,
    operation.kind,
    titleOf(operation, trace)
  ];
  return names.join(" ").toLowerCase();
}

// src/views/timeline.js
function phases(element, store, trace) {
  const buttons = trace.phases.map((phase) => {
    const numbers2 = trace.operations.filter((operation) => operation.phase === phase).map(({ number: number4 }) => number4);
    const track = make("span", { class: "track" }, make("span", { class: "done" }));
    const n = make(
      "span",
      { class: "count" },
      String(numbers2.length),
      make("span", { class: "unseen" }, " operations")
    );
    const button2 = make(
      "button",
      {
        type: "button",
        "aria-disabled": numbers2.length ? null : "true",
        // it can be asked what it's for, all the same
        title: PHASES[phase] ?? null,
        onclick: () => numbers2.length && store.set({ op: numbers2[0], playing: false })
      },
      ...[make("span", { class: "name" }, phase), " ", n, track]
    );
    button2.dataset.phase = phase;
    return { phase, numbers: numbers2, button: button2, done: track.firstChild };
  });
  fill(
    element,
    make(
      "div",
      { role: "group", "aria-label": "The nine phases of a training step" },
      ...buttons.map(({ button: button2 }) => button2)
    )
  );
  store.subscribe(({ op }) => {
    for (const { phase, numbers: numbers2, button: button2, done } of buttons) {
      const passed = numbers2.filter((number4) => number4 <= op).length;
      done.style.width = numbers2.length ? `${100 * passed / numbers2.length}%` : "0";
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
  const made3 = BUTTONS.map(
    ([name, sign4, label]) => make("button", { type: "button", class: name, title: label, "aria-label": label, onclick: acts[name] }, sign4)
  );
  const slider2 = make("input", {
    type: "range",
    min: 0,
    max: Math.max(last2, 0),
    "aria-label": "operation",
    oninput: () => store.set({ op: Number(slider2.value), playing: false })
  });
  const place = make("output", { class: "place" });
  const keys = make(
    "span",
    { class: "keys" },
    make("kbd", {}, "←"),
    " ",
    make("kbd", {}, "→"),
    " step, ",
    make("kbd", {}, "space"),
    " plays"
  );
  const follows = make(
    "button",
    {
      type: "button",
      class: "begin",
      title: "go through this step with one weight (f)",
      onclick: () => toStation(store, 1)
    },
    "◎ follow one weight"
  );
  fill(
    element,
    make("div", { role: "group", "aria-label": "Step through the operations" }, ...made3),
    slider2,
    place,
    follows,
    keys
  );
  store.subscribe(({ op, playing, weight }) => {
    follows.hidden = weight !== null || !trace.updates.length;
    slider2.value = op;
    slider2.setAttribute("aria-valuetext", `${op} of ${last2}: ${store.operation?.name ?? ""}`);
    place.textContent = last2 < 0 ? "no operation" : `${op} of ${last2}`;
    const play2 = made3[2];
    play2.textContent = playing ? "❚❚ pause" : "▶ play";
    play2.setAttribute("aria-pressed", String(Boolean(playing)));
    for (const [i, end] of [
      [0, 0],
      [1, 0],
      [3, last2],
      [4, last2]
    ])
      made3[i].setAttribute("aria-disabled", String(op === end));
  });
}
var INTRODUCTION = "This page shows one training step of a network, one operation at a time. ▶ or the right arrow key goes on, ◀ or the left one back; choose any number to see where it comes from.";
function story(element, store, trace) {
  const heading = make("p", { class: "where" });
  const text2 = make("p", { class: "sentence" });
  const facts = make("p", { class: "facts" });
  const live = make("p", { class: "unseen", "aria-live": "polite" });
  const past = make(
    "button",
    {
      type: "button",
      class: "past",
      title: "on to what comes behind them (r; with shift, back to what came before)",
      onclick: () => leave(store, 1)
    },
    "past all of them"
  );
  fill(element, heading, text2, facts, live);
  store.subscribe((state, changed) => {
    const operation = store.operation;
    if (!operation || !(changed.has("op") || changed.has("value"))) return;
    if (changed.has("op")) {
      fill(heading, make("strong", {}, operation.phase), `: ${PHASES[operation.phase] ?? ""}`);
      const leads = operation.number > 0 && beyond(trace, operation.number, 1) !== null;
      fill(facts, operation.number ? factsOf(operation, trace) : INTRODUCTION, leads ? [" ", past] : null);
      live.textContent = `${operation.number}, ${operation.phase}. ${sentenceText(operation, trace)}`;
    }
    fill(text2, ...sentence(operation, trace).map((part) => piece(part, store, trace)));
  });
}
function piece(part, store, trace) {
  if (typeof part === "string") return part;
  return part.operation === void 0 ? valueButton(part.value, store, trace) : make("code", {}, part.operation);
}
function valueButton(number4, store, trace) {
  const value2 = trace.values[number4];
  const shown2 = store.value === number4;
  const label = `show ${value2.name}, ${shapeText(value2.shape)}`;
  return make(
    "button",
    {
      type: "button",
      class: `value ${value2.role}`,
      title: label,
      "aria-pressed": String(shown2),
      onclick: () => store.set({ value: number4, cell: null })
    },
    value2.name
  );
}
function factsOf({ number: number4, name, kind, module, seconds, flops, bytes }, trace) {
  const kindOf2 = trace.modules[module];
  const where = module ? ` in ${module}${kindOf2 ? ` (${kindOf2})` : ""}` : "";
  if (kind === "data") return "";
  const did = kind === "adjoint" ? "adjoint " : "";
  const repeat = repeatAt(trace, number4);
  const cost = [
    seconds ? `took ${duration(seconds)}` : "",
    flops ? plural(flops, "floating-point operation") : "",
    bytes ? `${plural(bytes, "byte")} read and written` : ""
  ];
  return [`${did}${name}${where}`, repeat ? placeTold(repeat, number4) : "", ...cost].filter(Boolean).join(", ");
}
var plural = (n, what) => `${count2(n)} ${what}${n === 1 ? "" : "s"}`;

// src/main.js
var PANELS = [
  { name: "tensor", title: "The numbers", view: tensor, column: "middle" },
  { name: "derivation", title: "Where this number comes from", view: derivation, column: "middle" },
  { name: "ledger", title: "How one weight changes", view: ledger, column: "middle" },
  { name: "contrast", title: "Which belongs to which", view: contrast, column: "middle" },
  { name: "code", title: "The code that did it", view: code, column: "right" },
  { name: "diagnoses", title: "What to watch", view: diagnoses, column: "right" },
  { name: "operations", title: "Every operation", view: operations, column: "left" },
  { name: "graph", title: "The network", view: graph, column: "left" }
];
async function mount(element, json, { address = false } = {}) {
  element.classList.add("tinyxm-step");
  try {
    const given3 = await json;
    const trace = await (isFilm(given3) ? openFilm(given3) : openTrace(given3));
    const end = trace.frames && !trace.alike ? showUnlike(element, trace, address) : show(element, new Store(trace), address);
    element.dataset.ready = "true";
    performance.mark("tinyxm-step ready");
    return end;
  } catch (error) {
    fill(element, make("p", { class: "failure", role: "alert" }, `This trace can't be shown. ${error.message}`));
    return () => fill(element);
  }
}
function show(element, store, address, note = null) {
  fill(element, header(store, store.trace, note), columns(store, store.trace));
  const endings = [bindKeys(element, store, { everywhere: address })];
  if (address) endings.push(bindAddress(store, element.dataset.at));
  return () => {
    for (const end of endings) end();
    fill(element);
  };
}
function showUnlike(element, { frames, called, title: title2 }, address) {
  const select2 = make(
    "select",
    { onchange: () => change2(Number(select2.value)) },
    ...called.map((name, i) => make("option", { value: i }, name))
  );
  const note = make(
    "p",
    { class: "unlike" },
    make("label", {}, `${title2}: these steps aren't alike, so each is shown by itself. Show `, select2)
  );
  let end = null;
  const change2 = (frame) => {
    const focused = document.activeElement === select2;
    end?.();
    end = show(element, new Store(frames[frame]), address, note);
    if (focused) select2.focus();
  };
  change2(0);
  return () => end();
}
function header(store, trace, note) {
  const place = (view) => {
    const element = make("div", { class: view.name });
    return view(element, store, trace) === false ? null : element;
  };
  const title2 = make(
    "div",
    { class: "title" },
    make("h1", { title: trace.title }, trace.title),
    make("div", { class: "theme" })
  );
  theme(title2.lastChild);
  const controls = make("div", { class: "controls" }, title2, ...[transport, follow].map(place));
  return make("header", {}, controls, note, kept2(trace), ...[film, phases, story].map(place));
}
function kept2({ kept: kept3 }) {
  if (!kept3) return null;
  const samples = `${kept3.samples.length} of the ${kept3.of} samples of each batch`;
  return make(
    "p",
    { class: "kept" },
    `This step is large: of arrays with a batch, the numbers of ${samples} are kept here. Their statistics are of all.`
  );
}
function columns(store, trace) {
  const found2 = { middle: [], right: [], left: [] };
  for (const { name, title: title2, view, column } of PANELS) {
    const id = unique(name);
    const body = make("div", { class: `body ${name}` });
    if (view(body, store, trace) === false) continue;
    const folded = make("details", { open: true }, make("summary", {}, make("h2", { id }, title2)), body);
    found2[column].push(make("section", { class: "panel", "aria-labelledby": id, "data-panel": name }, folded));
  }
  return make(
    "main",
    {},
    ...Object.entries(found2).map(([name, panels]) => make("div", { class: `column ${name}` }, ...panels))
  );
}
async function render({ model, el }) {
  return mount(el, model.get("trace"));
}
var main_default = { render };
var beside = globalThis.document?.getElementById("tinyxm-trace");
if (beside) {
  const json = unpack(JSON.parse(beside.textContent));
  mount(document.getElementById("tinyxm-step"), json, { address: true });
}
export {
  main_default as default,
  mount
};
