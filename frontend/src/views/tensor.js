// One value: the arrays that the present operation read and made, and of one of them its picture, numbers and statistics.

import { axisNames, firstAxes } from "../cells.js";
import { fill, make } from "../dom.js";
import { exampleIn } from "../follow.js";
import { css, limitOf, onWidth, palette } from "../heat.js";
import { brief, exact, placeText, shapeText, shown } from "../numbers.js";
import { operandValues, resultValues } from "../trace.js";
import { rowWords, wordsOf } from "../words.js";
import { change, others } from "./tensor/change.js";
import { grid } from "./tensor/grid.js";
import { cellOf, heat, picture, spectrogram, tokens, video, waveform, within } from "./tensor/kinds.js";
import { drawSlices } from "./tensor/slices.js";
import { statistics } from "./tensor/statistics.js";

const KINDS = { picture, video, waveform, spectrogram, tokens };
const RANKS = { picture: [4], video: [5], waveform: [2, 3], spectrogram: [2, 3, 4], tokens: [1, 2] };
const SMALL = { rows: 9, columns: 8 }; // the grid alone shows it all, in its colours

/** "picture", ... where a value is one and has its axes; else "matrix". */
function kindOf({ shown, shape }, words) {
  const kind = words ? "tokens" : shown;
  return RANKS[kind]?.includes(shape.length) ? kind : "matrix";
}

export function tensor(element, store, trace) {
  const [chips, slices, image, cells, facts, changes] = [
    "chips",
    "slices",
    "image",
    "cells",
    "statistics",
    "changes",
  ].map((name) => make("div", { class: name }));
  const [head, readout, legend] = ["head", "readout", "legend"].map((name) => make("p", { class: name }));
  fill(element, chips, head, slices, image, readout, cells, legend, facts, changes);
  let against = null; // what the reader compares with
  readout.setAttribute("aria-live", "polite");
  const numbersGrid = grid(cells);
  const axes = new Map(); // value → {rows, columns}, the axes that are shown of it

  const redraw = () => {
    const width = widthOf(),
      at = store.value;
    if (!width) return;
    drawChips(chips, store, trace);
    const numbers = at === null ? null : trace.array(at);
    for (const part of [slices, image, readout, cells, legend, changes]) part.hidden = !numbers?.size;
    if (!numbers) {
      fill(head, "This operation made no array.");
      fill(facts);
      return;
    }
    const value = trace.values[at],
      { cell } = store.state;
    fill(head, ...headOf(value, trace));
    if (!numbers.size) {
      fill(facts, ...statistics(value, null));
      return;
    }
    const here = cell ?? exampleIn(trace, at); // the slice that is shown goes through it
    if (!axes.has(at)) axes.set(at, firstAxes(value, trace));
    const slice = { ...axes.get(at), fixed: here },
      names = axisNames(value, trace);
    const matrix = numbers.matrix(slice.rows, slice.columns, here);
    const choose = (to) => store.set({ cell: to });
    const move = (axis, k) => choose(here.map((old, i) => (i === axis ? k : old)));
    const about = {
      value,
      numbers,
      matrix,
      slice,
      cell,
      here,
      limit: limitOf(numbers, value),
      colours: colours(),
      width,
      chosen: cell !== null && store.state.weight === null,
      words: wordsOf(trace, at),
      rowWords: slice.rows === 0 ? rowWords(trace, at) : null,
      choose,
      move,
    };
    drawSlices(slices, {
      names,
      slice,
      numbers,
      move,
      turn: (turned) => (axes.set(at, { ...axes.get(at), ...turned }), redraw()),
    });
    const kind = kindOf(value, about.words);
    image.hidden = kind === "matrix" && matrix.rows <= SMALL.rows && matrix.columns <= SMALL.columns;
    if (!image.hidden) (KINDS[kind] ?? heat)(image, about);
    fill(readout, ...readoutOf(about));
    cells.hidden = kind === "tokens" || !here.length;
    const seenAxes = [slice.rows, slice.columns].filter((axis) => axis !== null).map((axis) => names[axis]);
    const cellAt = (row, column) => cellOf(slice, row, column);
    const pick = (row, column) => choose(cellAt(row, column));
    numbersGrid.show({
      ...about,
      at: within(slice, here),
      names: seenAxes,
      label: `${value.name}, the numbers`,
      cellAt,
      choose: pick,
    });
    fill(facts, ...(kind === "tokens" ? [] : statistics(value, cell ? numbers.get(cell) : null)));
    const list = others(trace, at, store.state.frame);
    changes.hidden = !list.length;
    if (list.length) change(changes, about, list, against, (key) => ((against = key), redraw()));
    fill(legend, ...legendOf(about, kind, cells.firstChild.dataset.more));
  };
  const widthOf = onWidth(element, redraw);
  const colours = palette(element, redraw);
  store.subscribe((_, changed) => {
    if (changed.has("op") || changed.has("value") || changed.has("cell") || changed.has("weight")) redraw();
  });
}

const FEW = 8; // values of an operation that have a button each

/** What the operation read and made, each a button. */
function drawChips(place, store, trace) {
  const operation = store.operation;
  if (!operation) return;
  const made = resultValues(operation);
  const read = operandValues(operation).filter(([, n], i, all) => all.findIndex(([, m]) => m === n) === i);
  const other =
    store.value === null || [...made, ...read].some(([, n]) => n === store.value) ? [] : [["", store.value]];
  const chip = ([name, n]) => {
    const { role, name: own } = trace.values[n];
    const show = () => store.set({ value: n, cell: null });
    return make(
      "button",
      { type: "button", class: `value ${role}`, "aria-pressed": String(store.value === n), onclick: show },
      name && name !== own ? `${name}: ${own}` : own,
    );
  };
  const group = (said, list) => {
    if (!list.length) return null;
    const more = list.length > FEW ? make("span", { class: "quiet" }, `and ${list.length - FEW} more`) : null;
    return make(
      "span",
      { class: "group" },
      make("span", { class: "quiet" }, said),
      ...list.slice(0, FEW).map(chip),
      more,
    );
  };
  fill(
    place,
    group("it read", read),
    group(operation.kind === "data" ? "given:" : "it made", made),
    group("you look at", other),
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

/** What a value is, where its role alone doesn't say it. */
function whatOf(value, trace) {
  const whole = value.of !== null && value.of !== undefined ? ` ${trace.values[value.of].name}` : "";
  if (value.role !== "gradient") return `${ROLES[value.role] ?? value.role}${whole}`;
  const maker = trace.maker(value.number);
  const read = (maker?.operands.gradient ?? maker?.operands.before)?.value;
  if (maker?.kind === "norm") return "the length of all gradients together";
  if (maker?.kind === "clip") return `what clipping left of ${trace.values[read].name}`;
  if (maker?.kind === "hand")
    return read === undefined ? "given by your code" : `what your code made of ${trace.values[read].name}`;
  if (maker?.gathers) return `what several backward passes brought to${whole}, added up`;
  if (!maker && trace.values[value.of]?.role === "parameter") return `what earlier backward passes brought to${whole}`;
  const joins = trace.readers[value.number].some(
    ({ operation: { kind, gathers } }) => kind === "accumulate" && !gathers,
  );
  return `${joins ? "a part of " : ""}${ROLES.gradient}${whole}`;
}

function headOf(value, trace) {
  const kept = value.kept ? ` (${shapeText(value.kept)} are kept here)` : "";
  return [
    make("strong", { class: value.role }, value.name),
    `, ${whatOf(value, trace)}: ${shapeText(value.shape)}${kept}, ${value.dtype}.`,
  ];
}

/** The number that is looked at; one that the reader chose with all its digits. */
function readoutOf({ value, numbers, here, cell, words, chosen }) {
  const x = numbers.get(here),
    whole = exact(x, value.dtype);
  const digits = value.data.type === "float16" ? `about ${brief(x)}` : chosen ? whole : shown(x, value.dtype);
  const told = make("span", { class: "numbers", title: whole }, `${value.name}${placeText(here)} = ${digits}`);
  return [
    told,
    words?.[x] === undefined ? null : ` (${words[x]})`,
    cell || !here.length ? null : make("span", { class: "quiet" }, " (for example: choose another)"),
  ].filter(Boolean);
}

/** What the colours mean, and what isn't shown. */
function legendOf({ value, limit, colours }, kind, part) {
  const swatch = (rgb) => {
    const one = make("span", { class: "swatch", "aria-hidden": "true" });
    one.style.background = css(rgb);
    return one;
  };
  const beyond = limit.beyond ? ` Beyond that the colour stays the same.` : "";
  return [
    kind === "tokens"
      ? null
      : make(
          "span",
          {},
          swatch(colours.low),
          "below 0 ",
          swatch(colours.zero),
          "0 ",
          swatch(colours.high),
          limit.size > 0 ? `above 0; strongest at ±${brief(limit.size, 3)}.${beyond}` : "above 0.",
        ),
    value.statistics.nan || value.statistics.infinite
      ? make("span", {}, " ", swatch(colours.nan), "not a number ", swatch(colours.infinite), "infinite.")
      : null,
    part && kind !== "tokens" ? ` ${part} are shown; arrow keys go to the others.` : null,
    value.data.type === "float16" ? " Stored here to three digits, to spare room." : null,
  ].filter(Boolean);
}
