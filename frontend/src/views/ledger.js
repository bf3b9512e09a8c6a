// What becomes of one weight, line by line, from its gradient to its new value; and what would, with other settings.

import { exampleCell } from "../cells.js";
import { fill, make, unique } from "../dom.js";
import { brief, placeText } from "../numbers.js";
import { clipOf, isKnown, lines, settingsOf, stateOf, weightOf } from "../update.js";

/** Sliders: how a setting is called, and its range; of a rate, so many times the recorded. */
const SLIDERS = [
  { key: "lr", name: "learning rate η", times: 100 },
  { key: "limit", name: "clip limit", times: 30 },
  { key: "momentum", name: "momentum μ", most: 0.999 },
  { key: "betas0", name: "β₁, memory of gradients", most: 0.999 },
  { key: "betas1", name: "β₂, memory of squares", most: 0.9999 },
  { key: "alpha", name: "α, memory of squares", most: 0.999 },
  { key: "rho", name: "ρ, memory of squares", most: 0.999 },
  { key: "weight_decay", name: "weight decay λ", least: 0, most: 1 },
];

export function ledger(element, store, trace) {
  if (!trace.updates.length) return false;
  let what = {}; // settings that the reader has moved
  const choose = make(
    "select",
    { onchange: () => pick(Number(choose.value)) },
    ...trace.updates.map(({ name }, i) => make("option", { value: i }, name)),
  );
  const chosen = make("label", {}, "Weight of ", choose);
  const place = make("span", { class: "place numbers" });
  const walk = make("span", { class: "walk", role: "group", "aria-label": "another weight of these" });
  const table = make("div", { class: "lines" });
  const scale = make("div", { class: "scale" });
  const sliders = make("fieldset", { class: "sliders" });
  const top = make("p", { class: "which" }, chosen, " ", place, walk);
  fill(element, top, table, scale, sliders);

  const pick = (update) => {
    const one = trace.updates[update];
    const operation = trace.operations.find(({ phase, result }) => phase === "update" && result === one.after);
    if (operation) store.set({ op: operation.number, playing: false });
    else store.set({ update });
  };

  /** The cell that is chosen of this update's arrays, or one whose gradient tells something. */
  const cellOf = (one) => {
    const mine = [one.before, one.gradient, one.clipped, one.after, ...Object.values(one.state).flat()];
    return store.state.cell && mine.includes(store.value) ? store.state.cell : exampleCell(trace.array(one.gradient));
  };
  const goTo = (ref) => store.follow(ref.value, ref.cell);

  const redraw = (afresh) => {
    const i = store.update,
      one = trace.updates[i];
    choose.value = String(i);
    const cell = cellOf(one);
    place.textContent = cell ? placeText(cell) || "its one number" : "";
    if (!cell || !isKnown(one)) {
      fill(
        table,
        make(
          "p",
          {},
          cell ? `This page doesn't know the method ${one.operation}; its values are in the list of operations.` : "It's empty.",
        ),
      );
      for (const part of [scale, sliders, walk]) part.hidden = true;
      return;
    }
    for (const part of [scale, sliders, walk]) part.hidden = false;
    const settings = settingsOf(trace, one),
      clip = clipOf(trace, one),
      weight = weightOf(trace, one, cell);
    const base = lines(one.operation, weight, settings, clip);
    const changed = Object.keys(what).length > 0;
    const { settings: other, clip: otherClip } = applied(settings, clip, what);
    const instead = changed ? lines(one.operation, weight, other, otherClip) : null;
    drawWalk(walk, trace.array(one.before), cell, (to) => store.set({ op: store.state.op, value: one.before, cell: to }));
    drawLines(table, { base, instead, weight, one, trace, cell, goTo });
    drawScale(scale, weight.θ.number, base.at(-1).value, instead?.at(-1).value);
    if (afresh) drawSliders(sliders, { settings, clip, what, set: (next) => ((what = next), redraw(false)) });
    else sliders.querySelector(".reset").hidden = !changed;
  };
  let before = null;
  store.subscribe((_, changed) => {
    if (!(changed.has("op") || changed.has("value") || changed.has("cell") || changed.has("update"))) return;
    const now = store.update;
    if (now !== before) what = {};
    redraw(now !== before || !sliders.firstChild);
    before = now;
  });
}

/** The settings and the clipping with what the reader moved put in. */
function applied(settings, clip, { limit, betas0, betas1, ...others }) {
  const betas = settings.betas && [betas0 ?? settings.betas[0], betas1 ?? settings.betas[1]];
  return {
    settings: { ...settings, ...others, ...(betas ? { betas } : {}) },
    clip: clip && limit !== undefined ? { ...clip, limit } : clip,
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
  const clipped = one.clipped !== null && one.clipped !== undefined ? one.clipped : null;
  const rows = [
    row("θ", "the weight before this step", "", [weight.θ], weight.θ.number, null, goTo),
    row(
      "g",
      "its gradient: how much the loss grows for each unit that the weight grows",
      "",
      [weight.g],
      weight.g.number,
      null,
      goTo,
    ),
    ...base.map((line, i) => {
      const last = base.findLastIndex(({ symbol }) => symbol === line.symbol) === i;
      const number = line.words.startsWith("clipped") ? clipped : last ? recorded.get(line.symbol) : undefined;
      const check = number === undefined || number === null ? null : trace.array(number).get(cell);
      return row(line.symbol, line.words, line.formula, line.parts, line.value, instead?.[i] ?? null, goTo, check);
    }),
  ];
  const head = make(
    "div",
    { role: "row", class: "head" },
    ...["", "what it is", "how", "now", ...(instead ? ["what if"] : [])].map((text) =>
      make("span", { role: "columnheader" }, text),
    ),
  );
  place.className = `lines${instead ? " instead" : ""}`;
  fill(place, make("div", { role: "table", "aria-label": `The update of ${one.name}${placeText(cell)}` }, head, ...rows));
}

function row(symbol, words, formula, parts, value, instead, goTo, recorded = null) {
  const same = recorded !== null && Math.abs(recorded - value) <= 1e-4 * Math.max(Math.abs(recorded), 1e-8);
  const figures = parts.map((part) =>
    typeof part === "string"
      ? part
      : typeof part === "object"
        ? operand(part, goTo)
        : make("span", { class: "numbers", title: String(part) }, brief(part)),
  );
  const check =
    recorded === null
      ? null
      : make(
          "span",
          {
            class: same ? "check" : "check off",
            title: same ? `recorded: ${recorded}` : `recorded: ${recorded}, which differs`,
            role: "img",
            "aria-label": same ? "as recorded" : `recorded ${brief(recorded, 6)}`,
          },
          same ? " ✓" : " ≠",
        );
  return make(
    "div",
    { role: "row", class: symbol === "θ" && formula ? "new" : null },
    make("span", { role: "rowheader", class: "symbol" }, formula ? `${symbol} ←` : symbol),
    make("span", { role: "cell" }, words),
    make(
      "span",
      { role: "cell", class: "how" },
      formula ? make("code", {}, formula) : null,
      formula ? make("span", { class: "figures" }, "= ", ...figures) : make("span", { class: "figures" }, ...figures),
    ),
    make("span", { role: "cell", class: "numbers result", title: String(value) }, brief(value, 6), check),
    instead
      ? make("span", { role: "cell", class: "numbers what-if", title: String(instead.value) }, brief(instead.value, 6))
      : null,
  );
}

function operand(ref, goTo) {
  const name = `${ref.name}${placeText(ref.cell)}`;
  return make(
    "button",
    {
      type: "button",
      class: "operand",
      title: `${name}: go to where it comes from`,
      "aria-label": `${name}, ${brief(ref.number)}: go to where it comes from`,
      onclick: () => goTo(ref),
    },
    brief(ref.number),
  );
}

/** The weight on a line: where it was, where it is now, and where it would be. */
function drawScale(place, before, after, instead) {
  const points = [
    ["before", before, "○"],
    ["now", after, "●"],
    ...(instead === undefined ? [] : [["what if", instead, "◆"]]),
  ].filter(([, x]) => Number.isFinite(x));
  const [low, high] = [Math.min(...points.map(([, x]) => x)), Math.max(...points.map(([, x]) => x))];
  const move = after - before;
  const told =
    move === 0
      ? "The weight stays where it was."
      : `The weight ${move < 0 ? "falls" : "rises"} by ${brief(Math.abs(move))}, to ${brief(after, 6)}.`;
  const line = make(
    "div",
    { class: "line", "aria-hidden": "true" },
    ...points.map(([name, x, sign]) => {
      const mark = make("span", { class: name.replace(" ", "-") }, sign, make("small", {}, name));
      mark.style.left = `${high > low ? 8 + (84 * (x - low)) / (high - low) : 50}%`;
      return mark;
    }),
  );
  fill(
    place,
    make(
      "p",
      {},
      told,
      instead === undefined ? "" : ` With your settings it would be ${brief(instead, 6)}: a what-if, nothing of it is recorded.`,
    ),
    line,
  );
}

function drawSliders(place, { settings, clip, what, set }) {
  const now = { ...settings, betas0: settings.betas?.[0], betas1: settings.betas?.[1], limit: clip?.limit };
  const made = SLIDERS.filter(({ key }) => typeof now[key] === "number" && (key !== "momentum" || settings.momentum)).map(
    (slider) => drawSlider(slider, now[slider.key], what, set),
  );
  const reset = make(
    "button",
    {
      type: "button",
      class: "reset",
      hidden: !Object.keys(what).length,
      onclick: () => {
        for (const { back } of made) back();
        set({});
      },
    },
    "back to what was recorded",
  );
  fill(place, make("legend", {}, "What if …"), ...made.map(({ label }) => label), reset);
}

function drawSlider({ key, name, times, least = 0, most }, recorded, what, set) {
  const id = unique("slider"),
    output = make("output", { for: id, class: "numbers" }, brief(recorded));
  const ratio = times && recorded > 0; // a rate is moved by factors: the middle is what was recorded
  const value = (k) => (ratio ? recorded * times ** ((k - 500) / 500) : least + ((most ?? 1) - least) * (k / 1000));
  const at = (x) => (ratio ? 500 : Math.round((1000 * (x - least)) / ((most ?? 1) - least)));
  const start = at(recorded);
  const input = make("input", {
    id,
    type: "range",
    min: 0,
    max: 1000,
    value: start,
    "aria-valuetext": brief(recorded),
    oninput: () => {
      const k = Number(input.value),
        x = k === start ? recorded : value(k);
      output.textContent = brief(x);
      input.setAttribute("aria-valuetext", brief(x));
      const { [key]: _, ...others } = what;
      for (const name of Object.keys(what)) delete what[name];
      Object.assign(what, k === start ? others : { ...others, [key]: x });
      set(what);
    },
  });
  const back = () => {
    input.value = start;
    output.textContent = brief(recorded);
    input.setAttribute("aria-valuetext", brief(recorded));
    for (const name of Object.keys(what)) delete what[name];
  };
  return { label: make("div", { class: "slider" }, make("label", { for: id }, name), input, output), back };
}
