// The timeline: nine phases, the buttons that step, and what the present operation did.

import { fill, make, reveal, unique } from "../dom.js";
import { duration, count, shapeText } from "../numbers.js";
import { toStation } from "../follow.js";
import { leave } from "../keys.js";
import { beyond, placeTold, repeatAt } from "../repeats.js";
import { PHASES, sentence, sentenceText } from "../sentences.js";

/** The nine phases as a bar: how far it is, and a button to each. */
export function phases(element, store, trace) {
  const buttons = trace.phases.map((phase) => {
    const numbers = trace.operations.filter((operation) => operation.phase === phase).map(({ number }) => number);
    const track = make("span", { class: "track" }, make("span", { class: "done" }));
    const n = make(
      "span",
      { class: "count" },
      String(numbers.length),
      make("span", { class: "unseen" }, " operations"),
    );
    const button = make(
      "button",
      {
        type: "button",
        "aria-disabled": numbers.length ? null : "true", // it can be asked what it's for, all the same
        title: PHASES[phase] ?? null,
        onclick: () => numbers.length && store.set({ op: numbers[0], playing: false }),
      },
      ...[make("span", { class: "name" }, phase), " ", n, track],
    );
    button.dataset.phase = phase;
    return { phase, numbers, button, done: track.firstChild };
  });
  fill(
    element,
    make(
      "div",
      { role: "group", "aria-label": "The nine phases of a training step" },
      ...buttons.map(({ button }) => button),
    ),
  );
  store.subscribe(({ op }) => {
    for (const { phase, numbers, button, done } of buttons) {
      const passed = numbers.filter((number) => number <= op).length;
      done.style.width = numbers.length ? `${(100 * passed) / numbers.length}%` : "0";
      if (phase === store.operation?.phase) {
        button.setAttribute("aria-current", "step");
        reveal(button, element.firstChild, true);
      } else button.removeAttribute("aria-current");
    }
  });
}

const BUTTONS = [
  ["first", "|◀", "first operation (Home)"],
  ["back", "◀", "one operation back (left arrow)"],
  ["play", "▶ play", "play or pause (space)"],
  ["forward", "▶", "one operation forward (right arrow)"],
  ["last", "▶|", "last operation (End)"],
];

/** The buttons that step, and where in the step it is. */
export function transport(element, store, trace) {
  const last = trace.operations.length - 1;
  const acts = {
    first: () => store.set({ op: 0, playing: false }),
    back: () => store.set({ op: store.state.op - 1, playing: false }),
    play: () => store.set({ playing: !store.state.playing }),
    forward: () => store.set({ op: store.state.op + 1, playing: false }),
    last: () => store.set({ op: last, playing: false }),
  };
  const made = BUTTONS.map(([name, sign, label]) =>
    make("button", { type: "button", class: name, title: label, "aria-label": label, onclick: acts[name] }, sign),
  );
  const slider = make("input", {
    type: "range",
    min: 0,
    max: Math.max(last, 0),
    "aria-label": "operation",
    oninput: () => store.set({ op: Number(slider.value), playing: false }),
  });
  const place = make("output", { class: "place" });
  const keys = make(
    "span",
    { class: "keys" },
    make("kbd", {}, "←"),
    " ",
    make("kbd", {}, "→"),
    " step, ",
    make("kbd", {}, "space"),
    " plays",
  );
  const follows = make(
    "button",
    {
      type: "button",
      class: "begin",
      title: "go through this step with one weight (f)",
      onclick: () => toStation(store, 1),
    },
    "◎ follow one weight",
  );
  fill(
    element,
    make("div", { role: "group", "aria-label": "Step through the operations" }, ...made),
    slider,
    place,
    follows,
    keys,
  );
  store.subscribe(({ op, playing, weight }) => {
    follows.hidden = weight !== null || !trace.updates.length;
    slider.value = op;
    slider.setAttribute("aria-valuetext", `${op} of ${last}: ${store.operation?.name ?? ""}`);
    place.textContent = last < 0 ? "no operation" : `${op} of ${last}`;
    const play = made[2];
    play.textContent = playing ? "❚❚ pause" : "▶ play";
    play.setAttribute("aria-pressed", String(Boolean(playing)));
    for (const [i, end] of [
      [0, 0],
      [1, 0],
      [3, last],
      [4, last],
    ])
      made[i].setAttribute("aria-disabled", String(op === end));
  });
}

const INTRODUCTION =
  "This page shows one training step of a network, one operation at a time. ▶ or the right arrow key goes on, ◀ or the left one back; choose any number to see where it comes from.";

/** What the present operation did, in a sentence whose values can be gone to; told to screen readers, too. */
export function story(element, store, trace) {
  const heading = make("p", { class: "where" });
  const text = make("p", { class: "sentence" });
  const facts = make("p", { class: "facts" });
  const live = make("p", { class: "unseen", "aria-live": "polite" });
  const past = make(
    "button",
    {
      type: "button",
      class: "past",
      title: "on to what comes behind them (r; with shift, back to what came before)",
      onclick: () => leave(store, 1),
    },
    "past all of them",
  );
  fill(element, heading, text, facts, live);
  store.subscribe((state, changed) => {
    const operation = store.operation;
    if (!operation || !(changed.has("op") || changed.has("value"))) return;
    if (changed.has("op")) {
      fill(heading, make("strong", {}, operation.phase), `: ${PHASES[operation.phase] ?? ""}`);
      const leads = operation.number > 0 && beyond(trace, operation.number, 1) !== null;
      fill(facts, operation.number ? factsOf(operation, trace) : INTRODUCTION, leads ? [" ", past] : null);
      live.textContent = `${operation.number}, ${operation.phase}. ${sentenceText(operation, trace)}`;
    }
    fill(text, ...sentence(operation, trace).map((part) => piece(part, store, trace)));
  });
}

function piece(part, store, trace) {
  if (typeof part === "string") return part;
  return part.operation === undefined ? valueButton(part.value, store, trace) : make("code", {}, part.operation);
}

function valueButton(number, store, trace) {
  const value = trace.values[number];
  const shown = store.value === number;
  const label = `show ${value.name}, ${shapeText(value.shape)}`;
  return make(
    "button",
    {
      type: "button",
      class: `value ${value.role}`,
      title: label,
      "aria-pressed": String(shown),
      onclick: () => store.set({ value: number, cell: null }),
    },
    value.name,
  );
}

function factsOf({ number, name, kind, module, seconds, flops, bytes }, trace) {
  const kindOf = trace.modules[module];
  const where = module ? ` in ${module}${kindOf ? ` (${kindOf})` : ""}` : "";
  if (kind === "data") return "";
  const did = kind === "adjoint" ? "adjoint " : "";
  const repeat = repeatAt(trace, number);
  const cost = [
    seconds ? `took ${duration(seconds)}` : "",
    flops ? plural(flops, "floating-point operation") : "",
    bytes ? `${plural(bytes, "byte")} read and written` : "",
  ];
  return [`${did}${name}${where}`, repeat ? placeTold(repeat, number) : "", ...cost].filter(Boolean).join(", ");
}

const plural = (n, what) => `${count(n)} ${what}${n === 1 ? "" : "s"}`;
