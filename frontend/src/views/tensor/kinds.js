// Values shown as what they are: heat maps, pictures, sounds, spectrograms, moving pictures, tokens.
//
// Each is draw(place, about): `place` the element to draw in, `about` {value, numbers, matrix, slice, cell, here, limit,
// colours, width, choose, move}; `choose(cell)` is called with the cell that was clicked.

import { fill, make } from "../../dom.js";
import { colour, drawMatrix, ring, sizeCanvas } from "../../heat.js";
import { brief } from "../../numbers.js";

/** A canvas that calls `pick(x, y)` with where it was clicked. */
export function canvas(label, pick) {
  const one = make("canvas", { role: "img", "aria-label": label });
  if (pick) {
    one.addEventListener("click", (event) => {
      const { left, top } = one.getBoundingClientRect();
      pick(event.clientX - left, event.clientY - top);
    });
  }
  return one;
}

/** The cell of the whole value at this row and column of the slice that is shown. */
export const cellOf = ({ fixed, rows, columns }, row, column) =>
  fixed.map((k, axis) => (axis === rows ? row : axis === columns ? column : k));

/** The row and column of a cell, where it lies in the slice; else null. */
export function within({ fixed, rows, columns }, cell) {
  if (!cell || cell.some((k, axis) => axis !== rows && axis !== columns && k !== fixed[axis])) return null;
  return [rows === null ? 0 : cell[rows], columns === null ? 0 : cell[columns]];
}

export function heat(place, about) {
  const { matrix, slice, cell, limit, colours, width, choose, value } = about;
  const one = canvas(`${value.name} as a heat map: blue below 0, orange above`, (x, y) =>
    choose(cellOf(slice, ...drawn.at(x, y))),
  );
  const drawn = drawMatrix(one, matrix, { width, paint: (x) => colour(x, limit.size, colours) });
  const at = within(slice, cell);
  if (at) ring(drawn.context, drawn.box(...at));
  const note = drawn.shared
    ? make(
        "p",
        { class: "quiet" },
        "More numbers than there are points here: each point shows the largest of those under it.",
      )
    : null;
  fill(place, one, note);
}

/** Which channels are red, green and blue (and how opaque), and the numbers that are black and white there. */
function colouring({ value }, channels) {
  const { least = 0, greatest = 1 } = value.statistics;
  if (value.pixels) return { picked: value.pixels.channels, low: value.pixels.black, high: value.pixels.white };
  const [low, high] =
    value.dtype === "uint8" ? [0, 255] : least >= 0 && greatest <= 1 ? [0, 1] : [Number(least), Number(greatest)];
  const picked = channels >= 3 ? [0, 1, 2, ...(channels === 4 ? [3] : [])] : [0];
  return { picked, low, high, stretched: !(low === 0 && (high === 1 || high === 255)) && [low, high] };
}

/** One image of shape rows × columns × channels out of the numbers, at an offset; colours as they are, or stretched. */
function imageOf(about, offset, rows, columns, channels) {
  const { picked, low, high, stretched = false } = colouring(about, channels);
  const image = new ImageData(columns, rows);
  const scale = high === low ? 0 : 255 / (high - low);
  const { data } = about.numbers;
  for (let i = 0; i < rows * columns; i++) {
    const [r, g = r, b = r, opaque = 255] = picked.map((c) => (data[offset + i * channels + c] - low) * scale);
    image.data.set([r, g, b, opaque], 4 * i);
  }
  const small = make("canvas", { width: columns, height: rows });
  small.getContext("2d").putImageData(image, 0, 0);
  return { small, stretched };
}

function paintImage(one, about, offset, [rows, columns, channels], size) {
  const { small, stretched } = imageOf(about, offset, rows, columns, channels);
  const side = Math.max(1, Math.min(size / columns, size / rows));
  const [w, h] = side >= 2 ? [columns * Math.floor(side), rows * Math.floor(side)] : [columns * side, rows * side];
  const context = sizeCanvas(one, w, h);
  context.drawImage(small, 0, 0, w, h);
  return { context, w, h, stretched };
}

/** Small pictures in a row, the chosen one marked. */
function strip(what, count, chosen, about, offsetOf, shape, pick) {
  const most = Math.min(count, 16);
  const first = Math.max(0, Math.min(chosen - most / 2, count - most)) | 0;
  return make(
    "div",
    { class: "strip", role: "group", "aria-label": what },
    ...Array.from({ length: most }, (_, k) => {
      const i = first + k;
      const one = make("canvas", {});
      paintImage(one, about, offsetOf(i), shape, 48);
      return make(
        "button",
        { type: "button", "aria-label": `${what} ${i}`, "aria-pressed": String(i === chosen), onclick: () => pick(i) },
        one,
      );
    }),
    most < count ? make("span", { class: "quiet" }, `${most} of ${count}`) : null,
  );
}

function large(about, offset, shape, cell, pick) {
  const one = canvas(`${about.value.name}: the picture itself`, (x, y) =>
    pick(
      Math.min(shape[0] - 1, Math.floor((y / made.h) * shape[0])),
      Math.min(shape[1] - 1, Math.floor((x / made.w) * shape[1])),
    ),
  );
  const made = paintImage(one, about, offset, shape, Math.min(about.width, 260));
  if (cell)
    ring(made.context, [
      (cell[1] / shape[1]) * made.w,
      (cell[0] / shape[0]) * made.h,
      made.w / shape[1],
      made.h / shape[0],
    ]);
  const note = made.stretched
    ? make(
        "p",
        { class: "quiet" },
        `Drawn from ${brief(made.stretched[0])} (black) to ${brief(made.stretched[1])} (white).`,
      )
    : null;
  return [one, note];
}

export function picture(place, about) {
  const { numbers, slice, cell, choose, move } = about,
    [count, ...shape] = numbers.shape;
  const example = slice.fixed[0],
    c = slice.fixed[3] ?? 0,
    one = shape.reduce((n, k) => n * k, 1);
  const at = within(slice, cell);
  fill(
    place,
    count > 1
      ? strip(
          "example",
          count,
          example,
          about,
          (i) => i * one,
          shape,
          (i) => move(0, i),
        )
      : null,
    ...large(about, example * one, shape, at, (i, j) => choose([example, i, j, c])),
  );
}

export function video(place, about) {
  const { numbers, slice, cell, choose, move } = about,
    [, frames, ...shape] = numbers.shape;
  const [example, frame] = slice.fixed,
    c = slice.fixed[4] ?? 0,
    one = shape.reduce((n, k) => n * k, 1);
  fill(
    place,
    strip(
      "frame",
      frames,
      frame,
      about,
      (i) => (example * frames + i) * one,
      shape,
      (i) => move(1, i),
    ),
    ...large(about, (example * frames + frame) * one, shape, within(slice, cell), (i, j) =>
      choose([example, frame, i, j, c]),
    ),
  );
}

/** A sound as its wave: of every column of pixels the lowest and the highest sample. */
export function waveform(place, about) {
  const { numbers, slice, cell, width, choose, value, colours } = about,
    [, samples] = numbers.shape;
  const channel = slice.fixed[2] ?? 0,
    example = slice.fixed[0],
    height = 140;
  const at = (k) => numbers.get(numbers.shape.length === 3 ? [example, k, channel] : [example, k]);
  const one = canvas(`${value.name} as a wave over its ${samples} samples`, (x) =>
    choose(
      numbers.shape.length === 3
        ? [example, Math.min(samples - 1, Math.floor((x / width) * samples)), channel]
        : [example, Math.min(samples - 1, Math.floor((x / width) * samples))],
    ),
  );
  const context = sizeCanvas(one, width, height);
  const limit = about.limit.size || 1,
    y = (x) => height / 2 - (x / limit) * (height / 2 - 4);
  context.strokeStyle = "#767676";
  context.strokeRect(0, height / 2, width, 0);
  context.strokeStyle = `rgb(${colours.low.join(",")})`;
  context.beginPath();
  for (let x = 0; x < width; x++) {
    const from = Math.floor((x * samples) / width),
      to = Math.max(from + 1, Math.floor(((x + 1) * samples) / width));
    let [low, high] = [Infinity, -Infinity];
    for (let k = from; k < to; k++) [low, high] = [Math.min(low, at(k)), Math.max(high, at(k))];
    context.moveTo(x + 0.5, y(low) + 0.5);
    context.lineTo(x + 0.5, y(high) - 0.5);
  }
  context.stroke();
  if (cell && cell[0] === example) ring(context, [(cell[1] / samples) * width - 3, y(at(cell[1])) - 3, 6, 6]);
  fill(
    place,
    one,
    make(
      "p",
      { class: "quiet" },
      `${samples} samples, one after another; up and down between −${brief(limit)} and ${brief(limit)}.`,
    ),
  );
}

/** Time to the right, frequency upwards, the louder the stronger. */
export function spectrogram(place, about) {
  const { matrix, slice, cell, width, choose, value, colours } = about,
    { least = 0, greatest = 1 } = value.statistics;
  const turned = matrix.turned();
  const one = canvas(`${value.name} as a spectrogram: time to the right, frequency upwards`, (x, y) => {
    const [row, column] = drawn.at(x, y);
    choose(cellOf(slice, column, matrix.columns - 1 - row));
  });
  const paint = (x) => colour(x - Number(least), Number(greatest) - Number(least), colours);
  const drawn = drawMatrix(one, turned, { width, most: 12, paint });
  const at = within(slice, cell);
  if (at) ring(drawn.context, drawn.box(matrix.columns - 1 - at[1], at[0]));
  fill(
    place,
    one,
    make(
      "p",
      { class: "quiet" },
      `Time to the right, frequency upwards; the stronger the colour, the louder: from ${brief(Number(least))} to ${brief(Number(greatest))}.`,
    ),
  );
}

const MOST = 40; // tokens of a row that are shown

/** Text as its words or letters, a row for each example; where no vocabulary is told, by their numbers in it. */
export function tokens(place, { numbers, cell, here: at, choose, words }) {
  const flat = numbers.shape.length === 1;
  const [rows, columns] = flat ? [1, numbers.shape[0]] : numbers.shape;
  const cellOf = (i, j) => (flat ? [j] : [i, j]);
  const [row, column] = flat ? [0, at[0]] : at;
  const first = (n, k, most) => Math.max(0, Math.min(k - Math.floor(most / 2), n - most));
  const [top, left] = [first(rows, row, 8), first(columns, column, MOST)];
  const token = (i, j) => {
    const number = numbers.get(cellOf(i, j));
    const word = words?.[number];
    const chosen = cell !== null && cell.join() === cellOf(i, j).join();
    const where = `${flat ? "" : `example ${i}, `}place ${j}: `;
    return make(
      "button",
      {
        type: "button",
        class: "token",
        title: `token ${number}`,
        "aria-pressed": String(chosen),
        "aria-label": `${where}${word === undefined ? "" : `${word}, `}token ${number}`,
        onclick: () => choose(cellOf(i, j)),
      },
      word ?? String(number),
    );
  };
  const lines = Array.from({ length: Math.min(rows, 8) }, (_, r) =>
    make(
      "div",
      { class: "tokens" },
      flat ? null : make("span", { class: "quiet" }, `${top + r}: `),
      ...Array.from({ length: Math.min(columns, MOST) }, (_, c) => token(top + r, left + c)),
      columns > MOST ? make("span", { class: "quiet" }, `… of ${columns}`) : null,
    ),
  );
  const note = words
    ? "To the network each of these is a number, its place in the vocabulary."
    : "Each number stands for a word or a letter, by its place in the vocabulary.";
  fill(place, ...lines, make("p", { class: "quiet" }, note));
}
