// The exact numbers around a cell, as a grid that one walks with the arrow keys.

import { fill, make } from "../../dom.js";
import { colour, css, inkOn } from "../../heat.js";
import { exact } from "../../numbers.js";

const ROWS = 9;

/** A grid in this element. `show(of)` draws it: {matrix, cell, example, limit, colours, dtype, names, label, choose}. */
export function grid(element) {
  let given = null;
  const table = make("div", { role: "grid", class: "grid" });
  const size = () => [given.matrix.rows, given.matrix.columns];
  const move = (row, column) => {
    const [n, m] = size();
    given.choose(Math.min(Math.max(row, 0), n - 1), Math.min(Math.max(column, 0), m - 1));
  };
  table.addEventListener("keydown", (event) => {
    if (!given || event.altKey || event.metaKey) return;
    const [n, m] = size(),
      [i, j] = given.cell ?? given.example ?? [0, 0];
    const to = {
      ArrowUp: [i - 1, j],
      ArrowDown: [i + 1, j],
      ArrowLeft: [i, j - 1],
      ArrowRight: [i, j + 1],
      PageUp: [i - ROWS, j],
      PageDown: [i + ROWS, j],
      Home: event.ctrlKey ? [0, 0] : [i, 0],
      End: event.ctrlKey ? [n - 1, m - 1] : [i, m - 1],
      Enter: [i, j],
      " ": [i, j],
    }[event.key];
    if (!to) return;
    event.preventDefault();
    event.stopPropagation();
    move(...to);
    table.querySelector('[tabindex="0"]')?.focus();
  });
  table.addEventListener("click", (event) => {
    const cell = event.target.closest("[role=gridcell]");
    if (!cell) return;
    move(Number(cell.dataset.row), Number(cell.dataset.column));
    table.querySelector('[tabindex="0"]')?.focus();
  });
  element.append(table);
  return {
    show(of, width) {
      const had = table.contains(document.activeElement);
      given = of;
      draw(table, of, width);
      if (had) table.querySelector('[tabindex="0"]')?.focus();
    },
  };
}

function draw(table, { matrix, cell, example, limit, colours, dtype, names, label }, width) {
  const { data, rows, columns } = matrix;
  table.setAttribute("aria-label", label);
  table.setAttribute("aria-rowcount", rows + 1);
  table.setAttribute("aria-colcount", columns + 1);
  const [i, j] = cell ?? example ?? [0, 0];
  const text = (x) => exact(x, dtype);
  const span = (n, at, most) => {
    const first = Math.max(0, Math.min(at - Math.floor(most / 2), n - most));
    return [first, Math.min(n, first + most)];
  };
  const [top, bottom] = span(rows, i, ROWS);
  const widest = (from, to) => {
    let most = 3;
    for (let r = top; r < bottom; r++) for (let c = from; c < to; c++) most = Math.max(most, text(data[r * columns + c]).length);
    return most;
  };
  const room = Math.max(1, Math.floor((width - 64) / 44));
  let [left, right] = span(columns, j, Math.min(room, 24));
  const fits = Math.max(1, Math.floor((width - 64) / (7.6 * widest(left, right) + 14)));
  if (fits < right - left) [left, right] = span(columns, j, fits);
  const header = make(
    "div",
    { role: "row", "aria-rowindex": 1 },
    make("span", { role: "columnheader", class: "corner" }, names.length > 1 ? `${names[0]} ↓ ${names[1]} →` : (names[0] ?? "")),
    ...range(left, right).map((c) => make("span", { role: "columnheader", "aria-colindex": c + 2 }, String(c))),
  );
  const lines = range(top, bottom).map((r) =>
    make(
      "div",
      { role: "row", "aria-rowindex": r + 2 },
      make("span", { role: "rowheader", "aria-colindex": 1 }, String(r)),
      ...range(left, right).map((c) => {
        const x = data[r * columns + c],
          rgb = colour(x, limit, colours),
          chosen = r === i && c === j;
        const one = make(
          "span",
          {
            role: "gridcell",
            "aria-colindex": c + 2,
            "aria-selected": String(chosen && cell !== null),
            tabindex: chosen ? 0 : -1,
            class: chosen && cell === null ? "example" : null,
          },
          text(x),
        );
        one.dataset.row = r;
        one.dataset.column = c;
        one.style.background = css(rgb);
        one.style.color = inkOn(rgb);
        return one;
      }),
    ),
  );
  table.style.setProperty("--columns", right - left);
  fill(table, header, ...lines);
  const more = [
    rows > bottom - top ? `${bottom - top} of ${rows} rows` : null,
    columns > right - left ? `${right - left} of ${columns} columns` : null,
  ].filter(Boolean);
  table.dataset.more = more.join(" and ");
  return more;
}

const range = (from, to) => Array.from({ length: Math.max(to - from, 0) }, (_, k) => from + k);
