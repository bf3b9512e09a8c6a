// The timeline: nine phases, the buttons that step, what the present operation did, and the list of all.

import { fill, make, reveal, unique } from "../dom.js";
import { duration, count, shapeText } from "../numbers.js";
import { toStation } from "../follow.js";
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
        disabled: !numbers.length,
        title: PHASES[phase] ?? null,
        onclick: () => store.set({ op: numbers[0], playing: false }),
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
    slider.setAttribute("aria-valuetext", `${op} of 0 to ${last}: ${store.operation?.name ?? ""}`);
    place.textContent = `${op} of 0 … ${last}`;
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
  fill(element, heading, text, facts, live);
  store.subscribe((state, changed) => {
    const operation = store.operation;
    if (!operation || !(changed.has("op") || changed.has("value"))) return;
    if (changed.has("op")) {
      fill(heading, make("strong", {}, operation.phase), `: ${PHASES[operation.phase] ?? ""}`);
      facts.textContent = operation.number ? factsOf(operation, trace) : INTRODUCTION;
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

function factsOf({ name, kind, module, seconds, flops, bytes }, trace) {
  const where = module ? ` in ${module} (${trace.modules[module] ?? "?"})` : "";
  if (kind === "data") return "";
  const did = kind === "adjoint" ? "adjoint " : "";
  const cost = [
    seconds ? `took ${duration(seconds)}` : "",
    flops ? plural(flops, "floating-point operation") : "",
    bytes ? `${plural(bytes, "byte")} read and written` : "",
  ];
  return [`${did}${name}${where}`, ...cost].filter(Boolean).join(", ");
}

const plural = (n, what) => `${count(n)} ${what}${n === 1 ? "" : "s"}`;

const LONG = 400; // operations: of more, the browser lays out rows once they come into sight,
const TOGETHER = 32; // so many together
const ROW = 27; // pixels that a row takes, until then

/** Every operation, by phase, with a search by name. */
export function operations(element, store, trace) {
  const search = make("input", {
    type: "search",
    placeholder: "search by name",
    "aria-label": "Search the operations by name",
    spellcheck: "false",
    autocomplete: "off",
  });
  const found = make("span", { class: "found", role: "status" });
  const list = make("div", {
    class: trace.operations.length > LONG ? "list long" : "list",
    role: "listbox",
    tabindex: 0,
    "aria-label": "Operations of this step, in their order",
  });
  const rows = [];
  for (const { phase, within } of stretches(trace)) {
    const id = unique("phase");
    const group = make(
      "div",
      { role: "group", "aria-labelledby": id },
      make("div", { class: "phase", id, role: "presentation" }, phase),
    );
    for (let first = 0; first < within.length; first += TOGETHER) {
      const part = within.slice(first, first + TOGETHER);
      const made = make("div", { class: "part", role: "presentation" }, ...part.map((operation) => rowOf(operation)));
      made.style.containIntrinsicBlockSize = `auto ${ROW * part.length}px`;
      group.append(made);
    }
    list.append(group);
  }

  function rowOf(operation) {
    const row = make(
      "div",
      { role: "option", id: unique("operation"), "aria-selected": "false", "data-op": operation.number },
      make("span", { class: "number" }, String(operation.number)),
      make("span", { class: "name" }, titleOf(operation, trace)),
    );
    rows[operation.number] = { row, text: haystack(operation, trace) };
    return row;
  }

  list.addEventListener("click", (event) => {
    const row = event.target.closest("[data-op]");
    if (row) store.set({ op: Number(row.dataset.op), playing: false });
  });
  // up and down go from one that is shown to the next
  list.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (!by) return;
    event.preventDefault();
    let next = store.state.op + by;
    while (rows[next]?.row.hidden) next += by;
    if (rows[next]) store.set({ op: next, playing: false });
  });
  const look = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let n = 0;
    for (const { row, text } of rows) {
      row.hidden = !words.every((word) => text.includes(word));
      n += row.hidden ? 0 : 1;
    }
    for (const group of list.querySelectorAll("[role=group], .part"))
      group.hidden = [...group.querySelectorAll("[role=option]")].every((row) => row.hidden);
    found.textContent = words.length ? `${n} of ${rows.length}` : "";
  };
  search.addEventListener("input", look);
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      const after = rows.findIndex(({ row }, i) => i > store.state.op && !row.hidden);
      const next = after >= 0 ? after : rows.findIndex(({ row }) => !row.hidden);
      if (next >= 0) store.set({ op: next, playing: false });
    } else if (event.key === "Escape") {
      search.value = "";
      look();
      list.focus();
    } else return;
    event.preventDefault();
  });
  fill(element, make("div", { class: "search" }, search, found), list);
  let present = null;
  store.subscribe(({ op }, changed) => {
    if (!changed.has("op") || !rows[op]) return;
    present?.setAttribute("aria-selected", "false");
    present = rows[op].row;
    present.setAttribute("aria-selected", "true");
    list.setAttribute("aria-activedescendant", present.id);
    reveal(present, list);
  });
}

/** The operations in their order, those of a phase that follow one another together. */
function stretches(trace) {
  const found = [];
  for (const operation of trace.operations) {
    if (found.at(-1)?.phase !== operation.phase) found.push({ phase: operation.phase, within: [] });
    found.at(-1).within.push(operation);
  }
  return found;
}

/** How an operation is called in the list: what it makes or changes, and how. */
export function titleOf(operation, trace) {
  const name = (number) => trace.values[number]?.name ?? "";
  if (operation.kind === "data") return operation.name;
  if (operation.kind === "forward") return made(operation, name(operation.result));
  if (operation.kind === "adjoint") return `${operation.name} → ${name(operation.result)}`;
  if (operation.kind === "accumulate") return `add up ${name(operation.result)}`;
  if (operation.kind === "clip") return name(operation.operands.gradient?.value);
  if (operation.phase === "moments") return name(trace.values[operation.result]?.of) || operation.name;
  if (operation.kind === "update") return name(operation.operands.parameter?.value ?? operation.result);
  return operation.name;
}

/** An operation and what it makes; once, where that is called by the operation itself, "late.1 relu" or "mean 2". */
function made({ name, module }, result) {
  const plain = result.replace(/ \d+$/, "");
  return plain === name || plain === `${module} ${name}` ? result : `${name} → ${result}`;
}

function haystack(operation, trace) {
  const names = [
    operation.name,
    operation.module,
    trace.modules[operation.module] ?? "",
    operation.phase,
    operation.kind,
    titleOf(operation, trace),
  ];
  return names.join(" ").toLowerCase();
}
