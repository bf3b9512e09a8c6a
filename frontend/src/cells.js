// Which cell to look at, and what the axes of a value are called.

import { operandValues, resultValues } from "./trace.js";

const largest = new WeakMap(); // numbers → the index of the one of the greatest size

/** The place of the number of the greatest size: a cell that has something to tell. What isn't a number is passed over. */
export function exampleCell(numbers) {
  const { data, size } = numbers;
  if (!size) return null;
  if (!largest.has(numbers)) {
    let best = 0;
    for (let i = 1; i < size; i++) {
      if (Math.abs(data[i]) > Math.abs(data[best]) || Number.isNaN(data[best])) best = i;
    }
    largest.set(numbers, best);
  }
  return numbers.place(largest.get(numbers));
}

/** Whether it's the weights of a convolution, or a gradient or a state of them. */
const isKernel = (value, trace) =>
  value.shape.length === 4 && (value.role === "parameter" || trace.values[value.of]?.role === "parameter");

const IMAGES = /^(_?conv|max_pool|average_pool|bias_max_pool|group_norm)/;
const shapes = new WeakMap(); // trace → the shapes of what its convolutions, and its attention, read and made

/** Whether values of this shape are read or made by operations of such a name. */
function isOf(kind, value, trace) {
  if (!shapes.has(trace)) {
    const found = { images: new Set(), heads: new Set() };
    for (const operation of trace.operations) {
      const into = IMAGES.test(operation.name)
        ? found.images
        : operation.name.startsWith("attention")
          ? found.heads
          : null;
      for (const [, n] of into ? [...operandValues(operation), ...resultValues(operation)] : [])
        into.add(trace.values[n].shape.join());
    }
    shapes.set(trace, found);
  }
  return shapes.get(trace)[kind].has(value.shape.join());
}

const NAMES = {
  picture: ["example", "row", "column", "channel"],
  maps: ["example", "row", "column", "channel"],
  heads: ["example", "head", "place", "feature"],
  video: ["example", "frame", "row", "column", "channel"],
  waveform: ["example", "sample", "channel"],
  spectrogram: ["example", "time", "frequency", "channel"],
  lying: ["example", "", "time", "frequency"], // a spectrogram as conv1d reads it
  tokens: ["example", "place"],
};

/** What a value's axes are those of; "maps" is a guess by their number alone. */
function layout(value, trace) {
  if (value.shown === "spectrogram" && value.shape.length === 4 && value.shape[1] === 1 && value.shape[3] > 1)
    return "lying";
  if (value.shown !== "maps") return value.shown;
  if (isOf("heads", value, trace)) return "heads";
  return isOf("images", value, trace) ? "maps" : "matrix";
}

/** What each axis of a value is called. */
export function axisNames(value, trace) {
  const { shape } = value,
    shown = layout(value, trace),
    n = shape.length;
  if (isKernel(value, trace)) return ["kernel row", "kernel column", "from channel", "to channel"];
  if (NAMES[shown] && n <= NAMES[shown].length && n > 1) return NAMES[shown].slice(0, n);
  const [first, own] = [isBatch(value, trace) ? "example" : null, readBy(value, trace, "linear", "w")];
  if (n === 2) return own ? ["input", "unit"] : [first ?? "row", "column"];
  if (n === 3) return [first ?? "layer", "row", "column"];
  return shape.map((_, i) => (i === 0 && first ? first : n === 1 ? "place" : `axis ${i}`));
}

function readBy(value, trace, name, operand) {
  const before = trace.updates.find(({ after }) => after === value.number)?.before; // of a new value that of the old
  const number = before ?? (value.role === "parameter" ? value.number : value.of);
  return trace.readers[number]?.some(({ operation, name: as }) => operation.name === name && as === operand) ?? false;
}

/** Whether the first axis counts the examples of the batch: as the inputs have it. */
export function isBatch(value, trace) {
  const original = value.role === "gradient" ? trace.values[value.of] : value;
  if (!original || original.role === "parameter" || original.role === "state") return false;
  const sizes = trace.values.filter((v) => v.role === "input" && v.shape.length).map((v) => v.shape[0]);
  return sizes.length > 0 && sizes.every((n) => n === sizes[0]) && value.shape[0] === sizes[0];
}

/** Which two axes are rows and columns at first; null where there are fewer. */
export function firstAxes(value, trace) {
  const n = value.shape.length;
  if (n < 2) return { rows: null, columns: n ? 0 : null };
  if (isKernel(value, trace)) return { rows: 0, columns: 1 };
  if (["picture", "maps"].includes(layout(value, trace)) && n === 4) return { rows: 1, columns: 2 };
  if (value.shown === "video" && n === 5) return { rows: 2, columns: 3 };
  if (layout(value, trace) === "lying") return { rows: 2, columns: 3 };
  if (["spectrogram", "waveform"].includes(value.shown) && n > 2) return { rows: 1, columns: 2 };
  return { rows: n - 2, columns: n - 1 };
}
