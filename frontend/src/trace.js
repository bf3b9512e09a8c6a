// A trace in the format tinyxm-trace/1 (docs/trace.md): operations, values, and their arrays out of the compressed blob.

import { Matrix } from "./matrix.js";

const FORMAT = "tinyxm-trace/1";
const FILM = "tinyxm-film/1";

/** One array: `data` is a typed array, row by row, `shape` what was kept of it. */
export class Numbers {
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
    return (
      cell.length === this.shape.length &&
      cell.every((k, axis) => Number.isInteger(k) && k >= 0 && k < this.shape[axis])
    );
  }

  /** Rows by columns, two axes of it, where `fixed` says the place on every other axis. */
  matrix(rows, columns, fixed) {
    const [n, m] = [rows, columns].map((axis) => (axis === null ? 1 : this.shape[axis]));
    const start = fixed.reduce(
      (sum, k, axis) => (axis === rows || axis === columns ? sum : sum + k * this.strides[axis]),
      0,
    );
    const [down, right] = [rows, columns].map((axis) => (axis === null ? 0 : this.strides[axis]));
    return new Matrix(this.data, n, m, { start, down, right });
  }
}

function strides(shape) {
  const found = Array(shape.length).fill(1);
  for (let axis = shape.length - 2; axis >= 0; axis--) found[axis] = found[axis + 1] * Math.max(shape[axis + 1], 1);
  return found;
}

export class Trace {
  constructor(json, blob) {
    Object.assign(this, json);
    this.blob = blob;
    this.operations = json.operations.map((operation, number) => ({ ...operation, number }));
    this.values = json.values.map((value, number) => ({ ...value, number }));
    this.repeats = json.repeats ?? [];
    this.modules = named(json.modules);
    this.words = named(json.words);
    this.rules = named(json.code?.rules);
    this.read = new Map();
    /** By the number of a value, the operations that read it. */
    this.readers = this.values.map(() => []);
    for (const operation of this.operations) {
      for (const [name, value] of operandValues(operation)) this.readers[value]?.push({ operation, name });
    }
    /** By the number of a forward operation, its adjoints and accumulations. */
    this.adjoints = this.operations.map(() => []);
    for (const operation of this.operations) {
      if (operation.of !== undefined) this.adjoints[operation.of]?.push(operation);
    }
  }

  /** The array of a value, by its number. */
  array(number) {
    if (!this.read.has(number)) {
      const value = this.values[number];
      const shape = value.kept ?? value.shape;
      this.read.set(number, new Numbers(decode(this.blob, value.data, product(shape)), shape, value.dtype));
    }
    return this.read.get(number);
  }

  /** What is told of an operation's rule; nothing where it has none, as data, whatever that is called. */
  rule({ kind, name, rule = name }) {
    return RULED.has(kind) ? this.rules[rule] : undefined;
  }

  /** The operation that made a value, or null. */
  maker(number) {
    return this.operations[this.values[number]?.by] ?? null;
  }
}

const RULED = new Set(["forward", "adjoint", "clip", "update"]);

/** A table by names of the user's, in which "constructor" is found only where it was put. */
export const named = (table) => Object.assign(Object.create(null), table);

/** Whether a value's name says only what made it: "mean 2", "late.1.relu". */
export function saysMaker(valueName, { module, name }) {
  return valueName.replace(/ \d+$/, "") === (module ? `${module}.${name}` : name);
}

/** [name, number of the value] of every array among the operands; of a sequence `name[i]`. */
export function operandValues(operation) {
  return Object.entries(operation.operands).flatMap(([name, operand]) => {
    if (operand.value !== undefined) return [[name, operand.value]];
    return (operand.values ?? []).flatMap((value, i) => (value === null ? [] : [[`${name}[${i}]`, value]]));
  });
}

/** Every value that an operation made: [name, number]; the first has no name. */
export function resultValues(operation) {
  const first = operation.result === null ? [] : [["", operation.result]];
  return [...first, ...Object.entries(operation.also ?? {})];
}

const product = (shape) => shape.reduce((n, k) => n * k, 1);

const TYPES = { float64: Float64Array, float32: Float32Array, int32: Int32Array, uint8: Uint8Array };

const BYTES = { float64: 8, float32: 4, float16: 2, int32: 4, uint8: 1 };

let halfTable = null; // every half there is

/** Numbers of a blob: little-endian, as the machines are that have browsers. */
function decode(blob, { at, type, scale = 1 }, size) {
  if (type === "float16") {
    const [halves, numbers] = [new Uint16Array(blob, at, size), new Float32Array(size)];
    halfTable ??= Float32Array.from({ length: 65536 }, (_, bits) => half(bits));
    for (let i = 0; i < size; i++) numbers[i] = halfTable[halves[i]] * scale;
    return numbers;
  }
  const data = new TYPES[type](blob, at, size);
  return scale === 1 ? data : Float64Array.from(data, (x) => x * scale);
}

/** The number of 16 bits: sign, 5 bits of exponent, 10 of fraction (IEEE 754 binary16). */
export function half(bits) {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? NaN : sign * Infinity;
  return exponent ? sign * 2 ** (exponent - 15) * (1 + fraction / 1024) : sign * 2 ** -24 * fraction;
}

/** Read a trace: the object that its JSON gives. Raises an Error for what is none. */
export async function openTrace(json) {
  if (json?.format !== FORMAT) throw new Error(`This is ${String(json?.format)}; expected ${FORMAT}.`);
  const trace = new Trace(json, json.blob instanceof ArrayBuffer ? json.blob : await inflate(json.blob));
  for (const { name, shape, kept = shape, data } of trace.values) {
    const end = data.at + product(kept) * BYTES[data.type];
    if (!(data.at % 8 === 0 && end <= trace.blob.byteLength)) throw new Error(`The array ${name} isn't all there.`);
  }
  return trace;
}

/** What a page holds of a trace or a film: its JSON packed, and its blob; in a film those of all frames, and where each ends. */
export async function unpack({ packed, blob, ends }) {
  const json = JSON.parse(new TextDecoder().decode(await inflate(packed)));
  if (!ends) return { ...json, blob };
  const all = await inflate(blob);
  json.frames.forEach((frame, i) => (frame.blob = all.slice(ends[i - 1] ?? 0, ends[i])));
  return json;
}

/** The bytes of a zlib stream in base64. */
async function inflate(text) {
  const stream = new Blob([bytesOf(text)]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Response(stream).arrayBuffer();
}

function bytesOf(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const letters = atob(text);
  const bytes = new Uint8Array(letters.length);
  for (let i = 0; i < bytes.length; i++) bytes[i] = letters.charCodeAt(i); // a tenth of what Uint8Array.from takes
  return bytes;
}

/** Read a film: several steps in one trace, of which `show(frame)` says the present one. `frames` are the traces, `at` the
 *  steps' numbers, `called` their names. Only steps that are alike, the same operations on arrays of the same shapes, can
 *  take each other's place. */
export async function openFilm(json) {
  const frames = await Promise.all(json.frames.map(openTrace));
  const [first, ...others] = frames;
  if (!first) throw new Error("This film has no step.");
  const film = Object.create(Trace.prototype);
  film.show = (frame) => Object.assign(film, frames[frame], { title: json.title });
  film.show(0);
  const titles = frames.map(({ title }) => title);
  const own = titles.length > 1 && new Set(titles).size === titles.length; // two settings, say, that are compared
  const called = own ? titles : json.at.map((number) => `training step ${number}`);
  return Object.assign(film, { frames, at: json.at, called, alike: others.every((other) => alike(first, other)) });
}

export const isFilm = (json) => json?.format === FILM;

function alike(one, other) {
  const what = (trace) =>
    JSON.stringify([
      trace.operations.map(({ name, phase, operands }) => [name, phase, operandValues({ operands })]),
      trace.values.map(({ shape }) => shape),
      trace.updates.map(({ name }) => name),
    ]);
  return what(one) === what(other);
}
