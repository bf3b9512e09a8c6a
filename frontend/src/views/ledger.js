// What becomes of one weight, line by line, from its gradient to its new value; and what would, with other settings.

import { exampleCell } from "../cells.js";
import { fill, make } from "../dom.js";
import { updateName } from "../follow.js";
import { brief, placeText } from "../numbers.js";
import { chain, changesOf, isKnown, lines, settingsOf, stateOf, weightOf } from "../update.js";
import { figures } from "./figures.js";
import { followButton } from "./follow.js";
import { drawSliders } from "./ledger/sliders.js";

export function ledger(element, store, trace) {
  if (!trace.updates.length) return false;
  const what = {}; // settings that the reader has moved
  const total = trace.operations.find(({ kind }) => kind === "norm")?.result;
  const choose = make(
    "select",
    { onchange: () => pick(Number(choose.value)) },
    ...trace.updates.map((_, i) => make("option", { value: i }, updateName(trace, i))),
  );
  const chosen = make("label", {}, "Weight of ", choose);
  const place = make("span", { class: "place numbers" });
  const walk = make("span", { class: "walk", role: "group", "aria-label": "another weight of these" });
  const table = make("div", { class: "lines" });
  const scale = make("div", { class: "scale" });
  const sliders = make("fieldset", { class: "sliders" });
  const follows = followButton(store, () => (shown ? [store.update, ...shown] : null));
  let shown = null; // the place of the weight
  const top = make("p", { class: "which" }, chosen, " ", place, walk, follows.button);
  fill(element, top, table, scale, sliders);

  const pick = (update) => {
    const one = trace.updates[update];
    if (store.state.weight !== null) {
      const cell = exampleCell(trace.array(one.gradient));
      if (cell) store.set({ weight: [update, ...cell], value: null, cell: null });
      return;
    }
    const operation = trace.operations.find(({ phase, result }) => phase === "update" && result === one.after);
    if (operation) store.set({ op: operation.number, playing: false });
    else store.set({ update });
  };

  /** The cell that is chosen of this update's arrays, or one whose gradient tells something. */
  const cellOf = (one) => {
    if (store.state.weight !== null) return store.state.weight.slice(1);
    const mine = [
      one.before,
      one.gradient,
      one.after,
      ...chain(trace, one).map(({ made }) => made),
      ...Object.values(one.state).flat(),
    ];
    return store.state.cell && mine.includes(store.value) ? store.state.cell : exampleCell(trace.array(one.gradient));
  };
  const goTo = (ref) => store.follow(ref.value, ref.cell);

  const redraw = (afresh) => {
    const i = store.update,
      one = trace.updates[i];
    choose.value = String(i);
    const cell = (shown = cellOf(one));
    follows.tell();
    place.textContent = cell ? placeText(cell) || "its one number" : "";
    if (!cell || !isKnown(one)) {
      fill(
        table,
        make(
          "p",
          {},
          cell
            ? `This page doesn't know the method ${one.operation}; its values are in the list of operations.`
            : "It's empty.",
        ),
      );
      for (const part of [scale, sliders, walk]) part.hidden = true;
      return;
    }
    for (const part of [scale, sliders, walk]) part.hidden = false;
    const settings = settingsOf(one),
      changes = changesOf(trace, one, cell),
      norm = total === undefined ? 0 : trace.array(total).data[0],
      weight = weightOf(trace, one, cell);
    const base = lines(one.operation, weight, settings, changes);
    const changed = Object.keys(what).length > 0;
    const other = applied(settings, changes, norm, what);
    const instead = changed ? lines(one.operation, weight, other.settings, other.changes) : null;
    drawWalk(walk, trace.array(one.before), cell, (to) =>
      store.set(
        store.state.weight === null ? { value: one.before, cell: to } : { weight: [i, ...to], value: null, cell: null },
      ),
    );
    drawLines(table, { base, instead, weight, one, trace, cell, goTo });
    const turned = changes.some(({ changed }) => changed && Math.sign(changed.number) === -Math.sign(weight.g.number));
    drawScale(scale, weight.g.number, turned, weight.θ.number, base.at(-1).value, instead?.at(-1).value);
    if (afresh) drawSliders(sliders, { settings, clip: changes.at(-1), norm, what, changed: () => redraw(false) });
  };
  let before = null;
  store.subscribe((_, changed) => {
    if (!(
      changed.has("op") ||
      changed.has("value") ||
      changed.has("cell") ||
      changed.has("update") ||
      changed.has("weight")
    ))
      return;
    const now = store.update;
    const other = now !== before || changed.has("frame");
    if (other) for (const key of Object.keys(what)) delete what[key];
    redraw(other || !sliders.firstChild);
    before = now;
  });
}

/** The settings and the last clipping with what the reader moved put in; `norm` is that of all gradients, where nothing
 *  clipped. */
function applied(settings, changes, norm, { limit, beta1, beta2, ...others }) {
  const betas = settings.betas && [beta1 ?? settings.betas[0], beta2 ?? settings.betas[1]];
  const clip = { name: "clip_by_norm", norm, ...changes.at(-1), limit };
  return {
    settings: { ...settings, ...others, ...(betas ? { betas } : {}) },
    changes: limit === undefined ? changes : [...changes.slice(0, -1), clip],
  };
}

/** Buttons to the weight before and the one after. */
function drawWalk(place, numbers, cell, go) {
  const at = numbers.offset(cell);
  const step = (by, text, label) =>
    make(
      "button",
      {
        type: "button",
        "aria-label": label,
        "aria-disabled": String(at + by < 0 || at + by >= numbers.size),
        onclick: () => at + by >= 0 && at + by < numbers.size && go(numbers.place(at + by)),
      },
      text,
    );
  const had = [...place.children].indexOf(document.activeElement);
  fill(place, step(-1, "−", "the weight before"), step(1, "+", "the next weight"));
  if (had >= 0) place.children[had].focus();
}

function drawLines(place, { base, instead, weight, one, trace, cell, goTo }) {
  const recorded = new Map([["θ", one.after], ...stateOf(one).map(([symbol, , , after]) => [symbol, after])]);
  const about = { goTo, trace, whatIf: instead !== null };
  const alike = (list, { symbol, formula, made }) =>
    list?.find((line) => line.symbol === symbol && line.formula === formula && line.made === made);
  // settings of the reader's may add a line (decay, clipping): it has no number of now
  const all = instead && instead.length > base.length ? instead : base;
  const rows = all.map((line) => {
    const now = alike(base, line);
    const last = all.findLast(({ symbol }) => symbol === line.symbol) === line;
    const number = line.made ?? (last ? recorded.get(line.symbol) : null);
    const check = now && number !== null && number !== undefined ? trace.array(number).get(cell) : null;
    return row({ ...line, ...now, value: now?.value ?? null, instead: alike(instead, line)?.value, check }, about);
  });
  const given = [
    { symbol: "θ", words: "the weight before this step", parts: [weight.θ], value: weight.θ.number },
    {
      symbol: "g",
      words: "its gradient: how much the loss grows for each unit that the weight grows",
      parts: [weight.g],
      value: weight.g.number,
    },
  ].map((line) => row({ ...line, formula: "", check: null }, about));
  const head = ["symbol", "what it is", "how", "now", ...(instead ? ["what if"] : [])].map((text) =>
    make("span", { role: "columnheader" }, text),
  );
  place.className = `lines${instead ? " instead" : ""}`;
  const label = `The update of ${one.name}${placeText(cell)}`;
  fill(
    place,
    make(
      "div",
      { role: "table", "aria-label": label },
      make("div", { role: "row", class: "head" }, ...head),
      ...given,
      ...rows,
    ),
  );
}

function row({ symbol, words, formula, parts, value, instead, check }, { goTo, trace, whatIf }) {
  const shown = make("span", { class: "figures" }, formula ? "= " : null, ...figures(parts, goTo, trace).flat());
  return make(
    "div",
    { role: "row", class: formula === "θ − step" ? "new" : null },
    make("span", { role: "rowheader", class: "symbol" }, formula ? `${symbol} ←` : symbol),
    make("span", { role: "cell", class: "words" }, words),
    make("span", { role: "cell", class: "how" }, formula ? make("code", {}, formula) : null, shown),
    make(
      "span",
      { role: "cell", class: "numbers result", title: value === null ? null : String(value) },
      value === null ? "–" : brief(value, 6),
      sign(value, check),
    ),
    whatIf
      ? make(
          "span",
          { role: "cell", class: "numbers what-if", title: instead === undefined ? null : String(instead) },
          instead === undefined ? "" : brief(instead, 6),
        )
      : null,
  );
}

/** Whether a line comes to what was recorded. */
function sign(value, recorded) {
  if (recorded === null) return null;
  const same = Object.is(recorded, value) || Math.abs(recorded - value) <= 1e-4 * Math.max(Math.abs(recorded), 1e-8);
  const label = same ? "as recorded" : `recorded ${brief(recorded, 6)}, which differs`;
  return make(
    "span",
    { class: same ? "check" : "check off", title: label, role: "img", "aria-label": label },
    same ? " ✓" : " ≠",
  );
}

const NEAR = 20; // percent of the line, within which the names of two marks would lie over one another

/** The weight on a line: where it was, where it is now, and where it would be; `turned`: whether code of the user's gave
 * the gradient the other sign. */
function drawScale(place, gradient, turned, before, after, instead) {
  const points = [
    ["before", before, "○"],
    ["now", after, "●"],
    ...(instead === undefined ? [] : [["what if", instead, "◆"]]),
  ].filter(([, x]) => Number.isFinite(x));
  const [low, high] = [Math.min(...points.map(([, x]) => x)), Math.max(...points.map(([, x]) => x))];
  const move = after - before,
    slope = Math.sign(gradient);
  const why = [
    "Its gradient is 0: the loss doesn't depend on this weight now.",
    "Its gradient is above 0: a larger weight would make the loss larger. So the weight should fall.",
    "Its gradient is below 0: a larger weight would make the loss smaller. So the weight should rise.",
    "Its gradient isn't a number, and so the weight isn't one any more.",
  ].at(Number.isNaN(slope) ? 3 : [0, 1, 2].at(slope));
  const against =
    Math.sign(move) === slope && slope !== 0
      ? ` That is with the gradient: ${turned ? "your code turned it" : "what the optimizer remembers, or the decay, is stronger"}.`
      : "";
  const told = Number.isNaN(move)
    ? ""
    : move === 0
      ? "It stays where it was."
      : `It ${move < 0 ? "falls" : "rises"} by ${brief(Math.abs(move))}, to ${brief(after, 6)}.${against}`;
  const across = (x) => (high > low ? 8 + (84 * (x - low)) / (high - low) : 50); // percent of the line
  const near = Math.abs(across(before) - across(after)) < NEAR;
  const line = make(
    "div",
    { class: "line", "aria-hidden": "true" },
    ...points.map(([name, x, sign]) => {
      const aside = near && name !== "what if" ? ((name === "now") === after >= before ? "right" : "left") : null;
      const mark = make("span", { class: name.replace(" ", "-") }, sign, make("small", { class: aside }, name));
      mark.style.left = `${across(x)}%`;
      return mark;
    }),
  );
  fill(
    place,
    make(
      "p",
      {},
      `${why} ${told}`,
      instead === undefined
        ? ""
        : ` With your settings it would be ${brief(instead, 6)}: a what-if, nothing of it is recorded.`,
    ),
    line,
  );
}
