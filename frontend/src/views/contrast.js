// The matrix of a contrastive loss: every one of one kind beside every one of the other. What belongs together lies on the
// diagonal; a row's softmax says how the model would choose.

import { fill, make } from "../dom.js";
import { colour, drawMatrix, onWidth, palette, ring } from "../heat.js";
import { Matrix } from "../matrix.js";
import { brief } from "../numbers.js";

const MOST = 12; // shares of a row that are listed

export function contrast(element, store, trace) {
  if (!trace.contrasts?.length) return false;
  let [which, by, at] = [0, "scores", 0];
  const choices = make("div", { class: "choices" });
  const said = make("p", {});
  const image = make("div", { class: "image" });
  const legend = make("p", { class: "quiet" });
  const shares = make("div", {});
  fill(element, said, choices, image, legend, shares);
  const redraw = () => {
    const width = widthOf();
    if (!width) return;
    const one = trace.contrasts[which],
      numbers = trace.array(one.similarity),
      n = numbers.shape[1],
      rows = numbers.shape[0];
    at = Math.min(at, (by === "columns" ? n : rows) - 1);
    const masked = one.masked === null || one.masked === undefined ? null : trace.array(one.masked);
    const out = (i, j) => masked !== null && Boolean(masked.get([i, j]));
    const about = { one, numbers, rows, n, out, probability: probabilities(one, numbers, rows, n, by) };
    const choose = (i, j) => {
      at = by === "columns" ? j : i;
      store.follow(one.similarity, [i, j]);
      redraw();
    };
    fill(said, sayings(one, trace, n));
    drawChoices(choices, {
      trace,
      which,
      by,
      one,
      at,
      count: by === "columns" ? n : rows,
      set: (next) => (({ which, by, at } = { which, by, at, ...next }), redraw()),
    });
    drawImage(image, about, { width, by, at, choose, colours: colours() });
    legend.textContent = `Green rings: what belongs together.${masked ? " Crossed out: they mean the same, too (false negatives), so they take no part." : ""} ${by === "scores" ? "Orange: alike; blue: unlike." : "The stronger the colour, the more probable."}`;
    drawShares(shares, about, { by, at, choose });
  };
  const widthOf = onWidth(element, redraw);
  const colours = palette(element, redraw);
  store.subscribe(({ cell }, changed) => {
    const one = trace.contrasts[which];
    if (changed.has("frame")) redraw();
    if (!changed.has("cell") || !cell || store.value !== one.similarity) return;
    at = by === "columns" ? cell[1] : cell[0];
    redraw();
  });
  return true;
}

function sayings({ kind, rows, columns }, trace, n) {
  const name = (number, other) => (number === null || number === undefined ? other : trace.values[number].name);
  const [left, right] = [name(rows, "one side"), name(columns, "the other")];
  return kind === "sigmoid"
    ? `Each of ${n} rows of ${left} is compared with each row of ${right}: does this pair belong together? Each pair is judged by itself.`
    : `Each of ${n} rows of ${left} is compared with each row of ${right}. Row i should choose column i among all, and column i row i: the loss is minus the logarithm of that choice's probability. A model that knows nothing has ln ${n} = ${brief(Math.log(n))}.`;
}

/** The probability of each pair, by rows or columns, or each by itself. */
function probabilities({ kind }, numbers, rows, n, by) {
  const found = new Float64Array(rows * n);
  const put = (places) => {
    const scores = places.map(([i, j]) => numbers.get([i, j])),
      largest = Math.max(...scores);
    const e = scores.map((x) => Math.exp(x - largest)),
      total = e.reduce((a, b) => a + b, 0);
    places.forEach(([i, j], k) => (found[i * n + j] = e[k] / total));
  };
  if (kind === "sigmoid") for (let k = 0; k < found.length; k++) found[k] = 1 / (1 + Math.exp(-numbers.data[k]));
  else if (by === "columns") for (let j = 0; j < n; j++) put(Array.from({ length: rows }, (_, i) => [i, j]));
  else for (let i = 0; i < rows; i++) put(Array.from({ length: n }, (_, j) => [i, j]));
  return found;
}

function drawChoices(place, { trace, which, by, one, at, count, set }) {
  const select = (label, value, options, change) =>
    make(
      "label",
      {},
      `${label} `,
      make(
        "select",
        { onchange: (event) => change(event.target.value) },
        ...options.map(([v, text]) => make("option", { value: v, selected: String(v) === String(value) }, text)),
      ),
    );
  const had = place.contains(document.activeElement) ? document.activeElement.getAttribute("aria-label") : null;
  const step = (by, text, label) =>
    make(
      "button",
      {
        type: "button",
        "aria-label": label,
        "aria-disabled": String(at + by < 0 || at + by >= count),
        onclick: () => at + by >= 0 && at + by < count && set({ at: at + by }),
      },
      text,
    );
  const ways =
    one.kind === "sigmoid"
      ? [
          ["scores", "scores"],
          ["rows", "probability of each pair"],
        ]
      : [
          ["scores", "scores"],
          ["rows", "softmax of each row"],
          ["columns", "softmax of each column"],
        ];
  const word = by === "columns" ? "column" : "row";
  fill(
    place,
    trace.contrasts.length > 1
      ? select(
          "matrix",
          which,
          trace.contrasts.map((c, i) => [i, trace.values[c.similarity].name]),
          (v) => set({ which: Number(v), at: 0 }),
        )
      : null,
    select("show", by, ways, (v) => set({ by: v })),
    make(
      "span",
      { class: "stepper", role: "group", "aria-label": word },
      step(-1, "−", `${word} before`),
      make("span", {}, `${word} ${at} (0 to ${count - 1})`),
      step(1, "+", `next ${word}`),
    ),
  );
  if (had) place.querySelector(`[aria-label="${CSS.escape(had)}"]`)?.focus();
}

function drawImage(place, { one, numbers, rows, n, out, probability }, { width, by, at, choose, colours }) {
  const canvas = make("canvas", {
    role: "img",
    "aria-label": `${rows} by ${n} ${by === "scores" ? "scores" : "probabilities"}; the list below tells the chosen one`,
  });
  const scores = Float64Array.from(numbers.data);
  let limit = 0;
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < n; j++) if (!out(i, j)) limit = Math.max(limit, Math.abs(scores[i * n + j]));
  const data = by === "scores" ? scores : probability;
  const most = by === "scores" ? limit : one.kind === "sigmoid" ? 1 : Math.max(...probability.slice(0, 65536));
  for (let i = 0; i < rows; i++) for (let j = 0; j < n; j++) if (out(i, j)) data[i * n + j] = 0;
  const drawn = drawMatrix(canvas, new Matrix(data, rows, n), {
    width: Math.min(width, 420),
    height: 420,
    most: 34,
    paint: (x) => colour(x, most, colours),
  });
  const { context } = drawn;
  for (let i = 0; i < Math.min(rows, n); i++) mark(context, drawn.box(i, i));
  for (let i = 0; i < rows; i++) for (let j = 0; j < n; j++) if (out(i, j)) cross(context, drawn.box(i, j));
  if (by === "columns") ring(context, [drawn.box(0, at)[0], 0, drawn.width / n, drawn.height]);
  else ring(context, [0, drawn.box(at, 0)[1], drawn.width, drawn.height / rows]);
  canvas.addEventListener("click", (event) => {
    const { left, top } = canvas.getBoundingClientRect();
    choose(...drawn.at(event.clientX - left, event.clientY - top));
  });
  fill(place, canvas);
}

function mark(context, [x, y, w, h]) {
  context.strokeStyle = "#009e73";
  context.lineWidth = Math.max(1, Math.min(3, w / 6));
  context.strokeRect(x + 2, y + 2, Math.max(1, w - 4), Math.max(1, h - 4));
}

function cross(context, [x, y, w, h]) {
  context.strokeStyle = "#767676";
  context.lineWidth = 1.5;
  context.beginPath();
  context.moveTo(x + 2, y + 2);
  context.lineTo(x + w - 2, y + h - 2);
  context.moveTo(x + w - 2, y + 2);
  context.lineTo(x + 2, y + h - 2);
  context.stroke();
}

/** The chosen row's shares, the largest first, its own among them. */
function drawShares(place, { one, numbers, rows, n, out, probability }, { by, at, choose }) {
  const across = by !== "columns",
    count = across ? n : rows;
  const places = Array.from({ length: count }, (_, k) => (across ? [at, k] : [k, at]));
  const share = ([i, j]) => probability[i * n + j];
  const sorted = places.filter(([i, j]) => !out(i, j)).sort((a, b) => share(b) - share(a));
  const own = [at, at],
    rank = sorted.findIndex(([i, j]) => i === j) + 1;
  const listed = sorted.slice(0, MOST);
  if (rank > MOST) listed.push(own);
  const rowsOf = listed.map(([i, j]) => {
    const bar = make("span", {});
    bar.style.width = `${100 * share([i, j])}%`;
    const k = across ? j : i;
    return make(
      "div",
      { class: i === j ? "share own" : "share" },
      make("span", {}, `${across ? "column" : "row"} ${k}${i === j ? " (its own)" : ""}`),
      make("span", { class: "track" }, bar),
      make("span", { class: "numbers" }, brief(share([i, j]), 3)),
      make(
        "button",
        {
          type: "button",
          class: "operand",
          "aria-label": `score ${brief(numbers.get([i, j]))}: go to where it comes from`,
          onclick: () => choose(i, j),
        },
        brief(numbers.get([i, j])),
      ),
    );
  });
  const word = across ? "Row" : "Column";
  const told =
    one.kind === "sigmoid"
      ? `${word} ${at}: how probable it says each pair is, and its score.`
      : `${word} ${at}: its own is choice ${rank} of ${sorted.length}, with probability ${brief(share(own), 3)}; the loss of this ${word.toLowerCase()} is −ln of it, ${brief(-Math.log(share(own)), 4)}.`;
  fill(place, make("p", {}, told), make("div", { class: "shares" }, ...rowsOf));
}
