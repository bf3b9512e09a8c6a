// The numbers around a cell, as a grid that one walks with the arrow keys.

import { fill, make } from "../../dom.js";
import { colour, css, inkOn } from "../../heat.js";
import { brief, exact, shown } from "../../numbers.js";

const ROWS = 9;
const [COLUMNS, ENOUGH] = [24, 4]; // at most so many; where so many don't fit with six digits, some digits go
const [MARGIN, CHARACTER, PADDING, NARROW] = [66, 7.8, 14, 420]; // pixels
const LONG = 9; // characters of a row's word

/** A grid in this element; `show(about)` draws the part of it around `at`: {matrix, at, cell, limit, colours, value, names, label,
 *  choose, width}, where choose(row, column) is called with what the reader goes to. */
export function grid(element) {
  let about = null;
  const table = make("div", { role: "grid", class: "grid" });
  element.append(table);
  const focus = () => table.querySelector('[tabindex="0"]')?.focus({ preventScroll: true });
  const go = (row, column) => {
    const { rows, columns } = about.matrix;
    about.choose(Math.min(Math.max(row, 0), rows - 1), Math.min(Math.max(column, 0), columns - 1));
    focus();
  };
  table.addEventListener("keydown", (event) => {
    if (!about || event.altKey || event.metaKey) return;
    const { rows, columns } = about.matrix,
      [i, j] = about.at;
    const to = {
      ArrowUp: [i - 1, j],
      ArrowDown: [i + 1, j],
      ArrowLeft: [i, j - 1],
      ArrowRight: [i, j + 1],
      PageUp: [i - ROWS, j],
      PageDown: [i + ROWS, j],
      Home: event.ctrlKey ? [0, 0] : [i, 0],
      End: event.ctrlKey ? [rows - 1, columns - 1] : [i, columns - 1],
      Enter: [i, j],
      " ": [i, j],
    }[event.key];
    if (!to) return;
    event.preventDefault();
    event.stopPropagation();
    go(...to);
  });
  table.addEventListener("click", (event) => {
    const cell = event.target.closest("[role=gridcell]");
    if (cell) go(Number(cell.dataset.row), Number(cell.dataset.column));
  });
  return {
    show(now) {
      const had = table.contains(document.activeElement);
      about = now;
      draw(table, now);
      if (had) focus();
    },
  };
}

function draw(table, about) {
  const { matrix, at, cell, limit, colours, value, names, label, rowWords } = about,
    { rows, columns } = matrix;
  const [top, bottom] = span(rows, at[0], ROWS);
  const { left, right, text } = fitted(about, top, bottom);
  table.setAttribute("aria-label", label);
  table.setAttribute("aria-rowcount", rows + 1);
  table.setAttribute("aria-colcount", columns + 1);
  table.style.setProperty("--columns", right - left);
  const corner = names.length > 1 ? `↓ ${names[0]}\n→ ${names[1]}` : (names[0] ?? "");
  const header = (c) => make("span", { role: "columnheader", "aria-colindex": c + 2 }, String(c));
  const head = make(
    "div",
    { role: "row", "aria-rowindex": 1 },
    make("span", { role: "columnheader", class: "corner", "aria-colindex": 1 }, corner),
    ...range(left, right).map(header),
  );
  const gridcell = (r, c) => {
    const x = matrix.get(r, c),
      rgb = colour(x, limit.size, colours),
      here = r === at[0] && c === at[1];
    const chosen = here && cell !== null;
    const attributes = {
      role: "gridcell",
      "aria-colindex": c + 2,
      "aria-selected": String(chosen),
      tabindex: here ? 0 : -1,
      class: here && !chosen ? "example" : null,
      title: exact(x, value.dtype),
    };
    const one = make(
      "span",
      { ...attributes, "data-row": r, "data-column": c, "data-cell": about.cellAt(r, c).join(",") },
      text(x),
    );
    one.style.background = css(rgb);
    one.style.color = inkOn(rgb);
    return one;
  };
  const lines = range(top, bottom).map((r) =>
    make(
      "div",
      { role: "row", "aria-rowindex": r + 2 },
      make("span", { role: "rowheader", "aria-colindex": 1, title: rowWords?.[r] }, rowName(r, rowWords)),
      ...range(left, right).map((c) => gridcell(r, c)),
    ),
  );
  fill(table, head, ...lines);
  const part = [
    rows > bottom - top ? `${bottom - top} of ${rows} rows` : null,
    columns > right - left ? `${right - left} of ${columns} columns` : null,
  ];
  table.dataset.more = part.filter(Boolean).join(" and ");
}

/** A row's number; and what it stands for, where it's a word's. */
const rowName = (r, words) =>
  words ? `${r} ${words[r].length > LONG ? `${words[r].slice(0, LONG - 1)}…` : words[r]}` : String(r);

/** Which columns have room, and how numbers are written: with six digits, or fewer where hardly any column would fit. */
function fitted({ matrix, at, width, value, rowWords }, top, bottom) {
  const whole = (x) => shown(x, value.dtype),
    short = (x) => brief(x, width < NARROW ? 2 : 3);
  const widest = (text, left, right) =>
    Math.max(3, ...range(top, bottom).flatMap((r) => range(left, right).map((c) => text(matrix.get(r, c)).length)));
  for (const text of [value.data.type === "float16" ? short : whole, short]) {
    let [left, right] = span(matrix.columns, at[1], COLUMNS);
    const room = Math.max(
      1,
      Math.floor(
        (width - MARGIN - (rowWords ? CHARACTER * (LONG + 1) : 0)) / (CHARACTER * widest(text, left, right) + PADDING),
      ),
    );
    if (room < right - left) [left, right] = span(matrix.columns, at[1], room);
    if (text === short || room >= Math.min(matrix.columns, ENOUGH)) return { left, right, text };
  }
}

/** `most` places of n, those around `at`. */
function span(n, at, most) {
  const first = Math.max(0, Math.min(at - Math.floor(most / 2), n - most));
  return [first, Math.min(n, first + most)];
}

const range = (from, to) => Array.from({ length: Math.max(to - from, 0) }, (_, k) => from + k);
