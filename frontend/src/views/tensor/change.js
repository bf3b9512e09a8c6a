// What changed: a value less what it was in another step of a film, or before this step's update.

import { fill, make } from "../../dom.js";
import { colour, css, drawMatrix, ring } from "../../heat.js";
import { brief, placeText } from "../../numbers.js";
import { canvas, cellOf, within } from "./kinds.js";

/** What a value can be compared with: [{key, name, numbers}], the first where the reader has chosen none. */
export function others(trace, number, frame) {
  const frames = [...(trace.frames?.keys() ?? [])].filter((i) => i !== frame);
  const near = frames.includes(frame - 1) ? frame - 1 : frame + 1;
  const list = frames
    .sort((i, j) => (j === near) - (i === near))
    .map((i) => ({ key: String(i), name: trace.called[i], numbers: trace.frames[i].array(number) }));
  const pairs = trace.updates.flatMap(({ before, after, state }) => [[before, after], ...Object.values(state)]);
  const before = pairs.find(([, after]) => after === number)?.[0];
  const made = trace.maker(number);
  if (made?.kind === "hand" && made.operands.before)
    list.push({ key: "before", name: "before your code changed it", numbers: trace.array(made.operands.before.value) });
  else if (before !== undefined) list.push({ key: "before", name: "before this step", numbers: trace.array(before) });
  return list;
}

/** Draw it into a place; `about` is as kinds.js has it, `chosen` the key of what it's compared with, or "none". */
export function change(place, about, list, chosen, choose) {
  const other = chosen === "none" ? null : (list.find(({ key }) => key === chosen) ?? list[0]);
  const { numbers, slice, matrix, here, cell, width, value, colours } = about;
  const order = ({ key }) => (key === "before" ? Infinity : Number(key));
  const options = [...list].sort((a, b) => order(a) - order(b)).map(({ key, name }) => [key, name]);
  const select = make(
    "select",
    { onchange: () => choose(select.value) },
    ...[...options, ["none", "nothing"]].map(([key, name]) =>
      make("option", { value: key, selected: key === (other?.key ?? "none") }, name),
    ),
  );
  const had = place.contains(document.activeElement);
  const choice = make("label", { class: "compared" }, "compared with ", select);
  fill(place, choice);
  if (had) select.focus();
  if (!other || other.numbers.shape.join() !== numbers.shape.join()) return;
  const before = other.numbers.matrix(slice.rows, slice.columns, here);
  const moved = matrix.less(before);
  const { most, at } = greatest(moved);
  const image = canvas(
    `${value.name} less what it was (${other.name}): blue where it fell, orange where it rose`,
    (x, y) => about.choose(cellOf(slice, ...drawn.at(x, y))),
  );
  const drawn = drawMatrix(image, moved, {
    width: Math.min(width, 420),
    height: 200,
    most: 24,
    paint: (x) => colour(x, most, colours),
  });
  const mine = within(slice, cell);
  if (mine) ring(drawn.context, drawn.box(...mine));
  const [row, column] = mine ?? at;
  const change = `${placeText(cellOf(slice, row, column)) || "It"}: ${brief(before.get(row, column))} → ${brief(matrix.get(row, column))}`;
  const told =
    most === 0
      ? "Nothing changed here."
      : `${change}, a change of ${brief(moved.get(row, column))}${mine ? "" : ", the largest here"}.`;
  place.append(moved.rows * moved.columns > 1 && most > 0 ? image : "", make("p", {}, told), legend(most, colours));
}

/** The size of the largest change, and where it is. */
function greatest(moved) {
  let [most, index] = [0, 0];
  moved.data.forEach((x, i) => {
    if (Math.abs(x) > most && Number.isFinite(x)) [most, index] = [Math.abs(x), i];
  });
  return { most, at: [Math.floor(index / moved.columns), index % moved.columns] };
}

function legend(most, colours) {
  const swatch = (rgb) => {
    const one = make("span", { class: "swatch", "aria-hidden": "true" });
    one.style.background = css(rgb);
    return one;
  };
  if (!most) return "";
  return make(
    "p",
    { class: "legend" },
    swatch(colours.low),
    "it fell ",
    swatch(colours.high),
    `it rose; strongest at ±${brief(most, 3)}.`,
  );
}
