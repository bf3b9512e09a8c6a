// One value: the arrays that the present operation read and made, and of one of them its picture, statistics and numbers.

import { axisNames, exampleCell, firstAxes } from "../cells.js";
import { draw as svg, fill, make } from "../dom.js";
import { limitOf, onTheme, onWidth, palette } from "../heat.js";
import { brief, count, exact, number, placeText, shapeText } from "../numbers.js";
import { operandValues, resultValues } from "../trace.js";
import { grid } from "./tensor/grid.js";
import { cellOf, heat, picture, spectrogram, tokens, video, waveform, within } from "./tensor/kinds.js";

const KINDS = { picture, video, waveform, spectrogram, tokens };
const RANKS = { picture: [4], video: [5], waveform: [2, 3], spectrogram: [2, 3, 4], tokens: [2] };
const SMALL = { rows: 9, columns: 8 }; // the grid alone shows it all, in its colours

/** "picture", ... where a value is one and has its axes; else "matrix". */
function kindOf({ shown, shape }) {
  return RANKS[shown]?.includes(shape.length) && shape.every(Boolean) ? shown : "matrix";
}

export function tensor(element, store, trace) {
  const chips = make("div", { class: "chips" });
  const head = make("p", { class: "head" });
  const slices = make("div", { class: "slices" });
  const image = make("div", { class: "image" });
  const cells = make("div", { class: "cells" });
  const readout = make("p", { class: "readout", "aria-live": "polite" });
  const more = make("p", { class: "quiet more" });
  const facts = make("div", { class: "statistics" });
  fill(element, chips, head, slices, image, readout, cells, more, facts);
  const numbersGrid = grid(cells);
  const chosen = new Map(); // value → the slice that is shown of it

  /** The slice of a value that is shown: which axes are rows and columns, and where on all others. */
  const sliceOf = (value, numbers) => {
    if (!chosen.has(value.number)) chosen.set(value.number, { ...firstAxes(value, trace), fixed: numbers.shape.map(() => 0) });
    const slice = chosen.get(value.number),
      { cell } = store.state;
    if (cell) cell.forEach((k, axis) => (slice.fixed[axis] = k));
    return slice;
  };

  const redraw = () => {
    const width = widthOf();
    if (!width) return;
    const at = store.value;
    drawChips(chips, store, trace);
    for (const part of [slices, image, readout, cells, more, facts]) part.hidden = at === null;
    if (at === null) {
      fill(head, "This operation made no array.");
      return;
    }
    const value = trace.values[at],
      numbers = trace.array(at),
      slice = sliceOf(value, numbers),
      names = axisNames(value, trace);
    fill(head, ...headOf(value, trace));
    fill(facts, ...statistics(value, store.state.cell ? numbers.get(store.state.cell) : null));
    if (!numbers.size) {
      for (const part of [slices, image, readout, cells, more]) part.hidden = true;
      return;
    }
    const example = exampleCell(numbers),
      cell = store.state.cell;
    const matrix = numbers.matrix(slice.rows, slice.columns, slice.fixed);
    const choose = (to) => store.set({ value: store.state.value, cell: to });
    const move = (axis, k) => {
      slice.fixed[axis] = k;
      if (cell) choose(cell.map((old, i) => (i === axis ? k : old)));
      else redraw();
    };
    const about = {
      value,
      numbers,
      matrix,
      slice,
      cell,
      example,
      limit: limitOf(value.statistics),
      colours: palette(element),
      width,
      choose,
      move,
    };
    drawSlices(slices, { names, slice, numbers, move, turn: (axes) => (Object.assign(slice, axes), redraw()) });
    const kind = kindOf(value),
      small = matrix.rows <= SMALL.rows && matrix.columns <= SMALL.columns;
    image.hidden = kind === "matrix" && small;
    if (!image.hidden) (KINDS[kind] ?? heat)(image, about);
    cells.hidden = more.hidden = kind === "tokens";
    drawReadout(readout, about, cell);
    const dtype = value.data.type === "float16" ? "half" : value.dtype;
    numbersGrid.show(
      {
        ...about,
        cell: within(slice, cell),
        example: within(slice, example) ?? [0, 0],
        dtype: dtype === "half" ? "float32" : dtype,
        names: [slice.rows, slice.columns].filter((axis) => axis !== null).map((axis) => names[axis]),
        label: `${value.name}, the numbers`,
        choose: (row, column) => choose(cellOf(slice, row, column)),
      },
      width,
    );
    const part = cells.firstChild.dataset.more;
    more.textContent = [
      part ? `${part} are shown; arrow keys go to the others.` : "",
      value.data.type === "float16" ? "Stored here to three digits: it's large." : "",
    ]
      .join(" ")
      .trim();
  };
  const widthOf = onWidth(element, redraw);
  onTheme(element, redraw);
  store.subscribe((_, changed) => {
    if (changed.has("op") || changed.has("value") || changed.has("cell")) redraw();
  });
}

/** What the operation read and made, each a button. */
function drawChips(place, store, trace) {
  const operation = store.operation;
  if (!operation) return;
  const made = resultValues(operation),
    read = operandValues(operation).filter(([, n], i, all) => all.findIndex(([, m]) => m === n) === i);
  const chip = ([name, n]) => {
    const { role, name: own } = trace.values[n];
    return make(
      "button",
      {
        type: "button",
        class: `value ${role}`,
        "aria-pressed": String(store.value === n),
        onclick: () => store.set({ value: n, cell: null }),
      },
      name && name !== own ? `${name}: ${own}` : own,
    );
  };
  const few = (list) =>
    list.length > 8
      ? [...list.slice(0, 8).map(chip), make("span", { class: "quiet" }, `and ${list.length - 8} more`)]
      : list.map(chip);
  const other = store.value !== null && ![...made, ...read].some(([, n]) => n === store.value) ? [["", store.value]] : [];
  fill(
    place,
    read.length ? make("span", { class: "group" }, make("span", { class: "quiet" }, "it read "), ...few(read)) : null,
    made.length
      ? make(
          "span",
          { class: "group" },
          make("span", { class: "quiet" }, operation.kind === "data" ? "given: " : "it made "),
          ...few(made),
        )
      : null,
    other.length ? make("span", { class: "group" }, make("span", { class: "quiet" }, "you look at "), ...other.map(chip)) : null,
  );
}

const ROLES = {
  input: "given as data",
  constant: "a constant of the computation",
  parameter: "weights that are learned",
  buffer: "kept by a layer, not learned",
  activation: "computed from the data",
  gradient: "how much the loss changes with each number of",
  state: "what the optimizer remembers of",
};

function headOf(value, trace) {
  const of = value.of !== null && value.of !== undefined ? ` ${trace.values[value.of].name}` : "";
  const kept = value.kept ? ` (${shapeText(value.kept)} are kept here)` : "";
  return [
    make("strong", { class: value.role }, value.name),
    `, ${ROLES[value.role] ?? value.role}${of}: ${shapeText(value.shape)}${kept}, ${value.dtype}.`,
  ];
}

/** Where on every axis that isn't shown; and which two are. */
function drawSlices(place, { names, slice, numbers, move, turn }) {
  const others = numbers.shape.map((n, axis) => [axis, n]).filter(([axis]) => axis !== slice.rows && axis !== slice.columns);
  const steppers = others.map(([axis, n]) => stepper(names[axis], slice.fixed[axis], n, (k) => move(axis, k)));
  fill(place, ...steppers, numbers.shape.length > 2 ? axesChoice(names, slice, turn) : null);
  place.hidden = !place.childNodes.length;
}

function stepper(name, at, n, go) {
  const button = (text, to, label) =>
    make(
      "button",
      {
        type: "button",
        "aria-label": label,
        "aria-disabled": String(to < 0 || to >= n),
        onclick: () => to >= 0 && to < n && go(to),
      },
      text,
    );
  const back = button("−", at - 1, `${name} ${at - 1}`),
    on = button("+", at + 1, `${name} ${at + 1}`);
  const group = make(
    "span",
    { class: "stepper", role: "group", "aria-label": name },
    back,
    make("span", {}, `${name} ${at} of ${n}`),
    on,
  );
  group.dataset.axis = name;
  return group;
}

function axesChoice(names, slice, turn) {
  const pick = (label, which, other) =>
    make(
      "label",
      {},
      `${label} `,
      make(
        "select",
        {
          onchange: (event) =>
            turn(
              Number(event.target.value) === slice[other]
                ? { [which]: slice[other], [other]: slice[which] }
                : { [which]: Number(event.target.value) },
            ),
        },
        ...names.map((name, axis) => make("option", { value: axis, selected: axis === slice[which] }, name)),
      ),
    );
  return make("span", { class: "axes" }, pick("down:", "rows", "columns"), pick("across:", "columns", "rows"));
}

function drawReadout(place, { value, numbers, example }, cell) {
  const at = cell ?? example;
  if (!at) return fill(place);
  const x = numbers.get(at),
    digits = value.data.type === "float16" ? `about ${brief(x)}` : exact(x, value.dtype);
  return fill(
    place,
    make("span", { class: "numbers" }, `${value.name}${placeText(at)} = ${digits}`),
    cell ? null : make("span", { class: "quiet" }, at.length ? " (its largest; choose another by click or arrow keys)" : ""),
  );
}

/** Exact statistics, and how the numbers are spread. */
function statistics({ statistics: s, shape }, x) {
  const size = shape.reduce((n, k) => n * k, 1);
  const told = [
    ["least", s.least],
    ["greatest", s.greatest],
    ["mean", s.mean],
    ["deviation", s.deviation],
    ["norm", s.norm],
  ].filter(([, y]) => y !== undefined);
  const counts = [
    ["zeros", s.zeros],
    ["NaN", s.nan],
    ["infinite", s.infinite],
  ].filter(([, n]) => n);
  if (!size) return [make("p", {}, "It's empty: there are no numbers.")];
  if (size === 1) return [];
  const bad =
    s.nan || s.infinite
      ? make(
          "p",
          { class: "warning" },
          `⚠ ${[s.nan ? `${count(s.nan)} NaN (not a number)` : "", s.infinite ? `${count(s.infinite)} infinite` : ""].filter(Boolean).join(" and ")} of ${count(size)}`,
        )
      : null;
  const list = make(
    "dl",
    {},
    ...told.map(([name, y]) => make("div", {}, make("dt", {}, name), make("dd", { class: "numbers" }, brief(number(y))))),
    ...counts.map(([name, n]) =>
      make("div", {}, make("dt", {}, name), make("dd", { class: "numbers" }, `${count(n)} of ${count(size)}`)),
    ),
  );
  return [bad, s.histogram ? histogram(s, x) : null, list];
}

function histogram({ histogram: bins, least, greatest }, x) {
  const most = Math.max(...bins),
    [low, high] = [number(least), number(greatest)],
    own =
      x === null || !Number.isFinite(x) ? -1 : Math.min(bins.length - 1, Math.floor(((x - low) / (high - low)) * bins.length));
  const bars = bins.map((n, i) => {
    const height = n ? Math.max(1.5, (n / most) * 46) : 0;
    return svg("rect", {
      x: i * 10 + 1,
      y: 50 - height,
      width: 8,
      height,
      class: i === own ? "own" : low + ((i + 0.5) / bins.length) * (high - low) < 0 ? "low" : "high",
    });
  });
  const zero =
    low < 0 && high > 0 ? svg("line", { x1: (-low / (high - low)) * 240, x2: (-low / (high - low)) * 240, y1: 0, y2: 52 }) : null;
  const label = `How the numbers are spread between ${brief(low)} and ${brief(high)}: at most ${count(most)} in one of ${bins.length} bins`;
  return make(
    "figure",
    {},
    svg("svg", { viewBox: "0 0 240 52", role: "img", "aria-label": label, preserveAspectRatio: "none" }, zero, ...bars),
    make(
      "figcaption",
      { class: "quiet" },
      make("span", {}, brief(low)),
      make("span", {}, "how many lie where"),
      make("span", {}, brief(high)),
    ),
  );
}
