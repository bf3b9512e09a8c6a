// Numbers as colours: below 0 blue, 0 the paper's colour, above 0 orange; and canvases that hold them.

import { make } from "./dom.js";

const LIGHT = {
  low: [0, 114, 178],
  zero: [255, 255, 255],
  high: [213, 94, 0],
  nan: [204, 121, 167],
  infinite: [0, 0, 0],
};
const DARK = {
  low: [86, 180, 233],
  zero: [27, 32, 39],
  high: [240, 130, 50],
  nan: [204, 121, 167],
  infinite: [255, 255, 255],
};

/** The colours for where this element stands, light or dark: a function that gives them. Calls `redraw` where the reader, or
 *  the system, changes between the two, or all goes to paper. (To ask the browser costs a layout, so it's asked no more often.) */
export function palette(element, redraw) {
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
    const root = element.closest(".tinyxm-step");
    new MutationObserver((_, watch) => (watch.disconnect(), changed())).observe(root, {
      attributes: true,
      attributeFilter: ["data-theme"],
    });
    colours = getComputedStyle(root).colorScheme === "dark" ? DARK : LIGHT;
    return colours;
  };
}

/** Calls `redraw(width)` at first, and where the element gets another width. */
export function onWidth(element, redraw) {
  let width = 0;
  new ResizeObserver(([entry]) => {
    const now = Math.floor(entry.contentRect.width);
    if (now && now !== width) redraw((width = now));
  }).observe(element);
  return () => width;
}

/** [red, green, blue] of a number on a scale from −limit to limit. */
export function colour(x, limit, { low, zero, high, nan, infinite }) {
  if (Number.isNaN(x)) return nan;
  if (!Number.isFinite(x)) return infinite;
  const part = limit > 0 ? Math.min(Math.abs(x) / limit, 1) : 0;
  const end = x < 0 ? low : high;
  return zero.map((from, i) => Math.round(from + (end[i] - from) * part));
}

/** Black or white, whichever is read better on this colour. */
export function inkOn(rgb) {
  const [r, g, b] = rgb.map((k) => (k / 255 <= 0.04045 ? k / 255 / 12.92 : ((k / 255 + 0.055) / 1.055) ** 2.4));
  return 0.2126 * r + 0.7152 * g + 0.0722 * b > 0.179 ? "#000000" : "#ffffff";
}

const SAMPLE = 4096;

/** The scale of a value's colours, {size, beyond}: the size of its largest number; or, where a few are larger than all else by
 *  far (a mask's −10⁹, say), of the largest of the others. */
export function limitOf(numbers, value) {
  if (!limits.has(numbers)) limits.set(numbers, limit(numbers, value));
  return limits.get(numbers);
}

const limits = new WeakMap(); // numbers → their scale

function limit({ data }, { statistics: { least, greatest } }) {
  const most = Math.max(Math.abs(Number(least ?? 0)), Math.abs(Number(greatest ?? 0)));
  const step = Math.max(1, Math.floor(data.length / SAMPLE));
  const sizes = Float64Array.from({ length: Math.min(data.length, SAMPLE) }, (_, i) => Math.abs(data[i * step]))
    .filter(Number.isFinite)
    .sort();
  const usual = sizes[Math.floor(0.9 * (sizes.length - 1))] ?? 0;
  if (!(usual > 0 && most > 1000 * usual)) return { size: most, beyond: false };
  return { size: sizes.findLast((x) => x <= 100 * usual), beyond: true };
}

export const css = ([r, g, b]) => `rgb(${r}, ${g}, ${b})`;

/** Make a canvas this large on the screen, and return what draws on it, in pixels of the page. */
export function sizeCanvas(canvas, width, height) {
  const ratio = globalThis.devicePixelRatio || 1;
  canvas.width = Math.max(1, Math.round(width * ratio));
  canvas.height = Math.max(1, Math.round(height * ratio));
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.imageSmoothingEnabled = false;
  return context;
}

let small = null; // a canvas on which a picture is made, a pixel for each number, before it's drawn as large as it should be

/**
 * Draw a Matrix as colours into at most width × height; `paint(x)` gives [r, g, b]. Where there are more numbers than
 * pixels, a pixel shows the largest of those under it. Returns {width, height, at(x, y) → [row, column], box(row, column)}.
 */
export function drawMatrix(canvas, matrix, { width, height = 320, most = 28, paint }) {
  const { rows, columns } = matrix;
  const side = Math.max(Math.min(width / columns, height / rows, most), 0);
  const cell = side >= 1 ? Math.floor(side) : side;
  const [across, down] = [columns, rows].map((n, i) =>
    Math.max(1, Math.min(Math.floor(n * cell) || 1, i ? height : width)),
  );
  const [w, h] =
    side >= 1
      ? [columns * cell, rows * cell]
      : [
          Math.min(width, Math.max(across, columns)),
          Math.min(height, Math.max(down, rows * Math.min(16, height / rows))),
        ];
  const [n, m] = [Math.min(rows, Math.floor(h)), Math.min(columns, Math.floor(w))];
  const image = new ImageData(m, n);
  small ??= make("canvas");
  matrix.reduced(n, m).forEach((x, i) => {
    const [r, g, b] = paint(x);
    const at = 4 * i;
    image.data[at] = r;
    image.data[at + 1] = g;
    image.data[at + 2] = b;
    image.data[at + 3] = 255;
  });
  const context = sizeCanvas(canvas, w, h);
  Object.assign(small, { width: m, height: n });
  small.getContext("2d").putImageData(image, 0, 0);
  context.drawImage(small, 0, 0, w, h);
  return {
    width: w,
    height: h,
    context,
    shared: n < rows || m < columns,
    at: (x, y) => [
      Math.min(rows - 1, Math.max(0, Math.floor((y / h) * rows))),
      Math.min(columns - 1, Math.max(0, Math.floor((x / w) * columns))),
    ],
    box: (row, column) => [(column / columns) * w, (row / rows) * h, w / columns, h / rows],
  };
}

/** Mark a cell of what was drawn: a ring that is seen on any colour. */
export function ring(context, [x, y, w, h]) {
  const grow = Math.max(0, (9 - Math.min(w, h)) / 2);
  for (const [style, width] of [
    ["#ffffff", 4],
    ["#000000", 2],
  ]) {
    context.strokeStyle = style;
    context.lineWidth = width;
    context.strokeRect(x - grow + 1, y - grow + 1, w + 2 * grow - 2, h + 2 * grow - 2);
  }
}
