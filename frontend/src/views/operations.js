// Every operation in its order, those of a phase together, with a search by name. What runs over and over is folded to one
// row, which unfolds by itself while one is inside.

import { fill, make, reveal, unique } from "../dom.js";
import { eachTold, holds, placeTold, repeatAt, timeSpan, timesTold, whatTold } from "../repeats.js";
import { saysMaker } from "../trace.js";

const LONG = 400; // operations: of more, the browser lays out rows once they come into sight,
const TOGETHER = 32; // so many together
const ROW = 27; // pixels that a row takes, until then

/** A tree: phases, and within them operations and repetitions, which unfold. */
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
    role: "tree",
    tabindex: 0,
    "aria-label": "Operations of this step, in their order",
  });
  const rows = trace.operations.map((operation) => ({
    row: rowOf(operation, trace),
    text: haystack(operation, trace),
  }));
  const folds = trace.repeats.map((repeat) => foldOf(repeat, rows, trace));
  const foldAt = new Map(folds.map((fold) => [fold.repeat.first, fold]));
  for (const { phase, from, to } of phasesOf(trace)) {
    const id = unique("phase");
    const title = make("div", { class: "phase", id, role: "presentation" }, phase);
    list.append(make("div", { role: "group", "aria-labelledby": id }, title, ...parts(from, to)));
  }

  /** The rows of a phase, so many together, and its folds. */
  function parts(from, to) {
    const made = [];
    for (let at = from; at < to;) {
      const fold = foldAt.get(at);
      const next = folds.map(({ repeat }) => repeat.first).find((first) => first > at) ?? to;
      const end = fold ? fold.repeat.last + 1 : Math.min(at + TOGETHER, next, to);
      made.push(fold ? fold.element : partOf(rows.slice(at, end)));
      at = end;
    }
    return made;
  }

  let searched = false; // whether only what was searched for is shown
  const opened = (fold) => fold.open || searched;

  /** Unfold it, or fold it; `itself`: because one has come inside, or left again. */
  function turn(fold, open, itself = false) {
    Object.assign(fold, { open, itself });
    fold.head.setAttribute("aria-expanded", String(opened(fold)));
    fold.inside.hidden = !opened(fold);
    mark();
  }

  let present = null; // the row, or the fold, that has the present operation
  function mark() {
    const { op } = store.state;
    const fold = folds.find(({ repeat }) => holds(repeat, op)) ?? null;
    const seen = fold && !opened(fold) ? fold.head : rows[op]?.row;
    for (const one of folds) {
      one.head.classList.toggle("within", one === fold);
      one.place.textContent = one === fold ? `now ${placeTold(one.repeat, op)}` : "";
    }
    if (!seen) return;
    present = seen;
    list.setAttribute("aria-activedescendant", present.id);
    reveal(present, list);
  }

  /** The operation behind this one, or before it, whose row is shown; of a fold that is closed the first. */
  function neighbour(op, by) {
    const away = (at) => {
      const fold = folds.find(({ repeat }) => holds(repeat, at));
      return fold && !opened(fold) ? fold.repeat : null;
    };
    const own = away(op);
    let next = own ? (by > 0 ? own.last + 1 : own.first - 1) : op + by;
    while (rows[next]?.row.hidden) next += by;
    return away(next)?.first ?? next;
  }

  const go = (op) => rows[op] && store.set({ op, playing: false });
  let landing = null; // a fold that is gone to as a whole, and so stays as it is

  list.addEventListener("click", (event) => {
    const row = event.target.closest("[role=treeitem]");
    const fold = folds.find(({ head }) => head === row);
    if (fold) turn(fold, !fold.open);
    else if (row) go(Number(row.dataset.op));
  });
  // up and down go from one that is shown to the next; on a fold Enter opens and closes, and the arrow to the right opens
  list.addEventListener("keydown", (event) => {
    const { op } = store.state;
    const fold = folds.find(({ repeat }) => holds(repeat, op));
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) {
      const next = neighbour(op, by);
      landing = repeatAt(trace, next);
      go(next);
      landing = null;
    } else if (event.key === "Enter" && fold) turn(fold, !fold.open);
    else if (event.key === "ArrowRight" && fold && !opened(fold) && !event.shiftKey) turn(fold, true);
    else return;
    event.preventDefault();
  });

  const look = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    searched = words.length > 0;
    let n = 0;
    for (const { row, text } of rows) {
      row.hidden = !words.every((word) => text.includes(word));
      n += row.hidden ? 0 : 1;
    }
    for (const fold of folds) turn(fold, fold.open, fold.itself);
    for (const group of list.querySelectorAll("[role=group]:not(.inside), .part, .fold"))
      group.hidden = [...group.querySelectorAll("[data-op]")].every((row) => row.hidden);
    found.textContent = searched ? `${n} of ${rows.length}` : "";
  };
  search.addEventListener("input", look);
  search.addEventListener("keydown", (event) => {
    if (event.key === "Enter") {
      const after = rows.findIndex(({ row }, i) => i > store.state.op && !row.hidden);
      go(after >= 0 ? after : rows.findIndex(({ row }) => !row.hidden));
    } else if (event.key === "Escape") {
      search.value = "";
      look();
      list.focus();
    } else return;
    event.preventDefault();
  });
  fill(element, make("div", { class: "search" }, search, found), list);

  let at = null; // the operation that was the present one
  store.subscribe(({ op }, changed) => {
    if (!changed.has("op") || !rows[op]) return;
    rows[at]?.row.setAttribute("aria-selected", "false");
    rows[op].row.setAttribute("aria-selected", "true");
    for (const fold of folds) {
      const [was, is] = [at, op].map((one) => one !== null && holds(fold.repeat, one));
      if (was && !is && (fold.itself || !fold.open)) turn(fold, false, true);
      if (is && !fold.open && fold.itself && landing !== fold.repeat) turn(fold, true, true);
    }
    at = op;
    mark();
  });
}

function rowOf(operation, trace) {
  return make(
    "div",
    {
      role: "treeitem",
      id: unique("operation"),
      "aria-selected": "false",
      "aria-level": 1,
      "data-op": operation.number,
    },
    make("span", { class: "number" }, String(operation.number)),
    make("span", { class: "name" }, titleOf(operation, trace)),
  );
}

function partOf(some) {
  const part = make("div", { class: "part", role: "presentation" }, ...some.map(({ row }) => row));
  part.style.containIntrinsicBlockSize = `auto ${ROW * some.length}px`;
  return part;
}

/** A repetition: its own row, and within the rows of each time. */
function foldOf(repeat, rows, trace) {
  const [often, each] = [timesTold(repeat), eachTold(repeat)];
  const place = make("span", { class: "place" });
  const head = make(
    "div",
    {
      role: "treeitem",
      class: "head",
      id: unique("repetition"),
      "aria-expanded": "false",
      "aria-selected": "false",
      "aria-level": 1,
    },
    make("span", { class: "number", "aria-hidden": "true" }),
    make(
      "span",
      { class: "name" },
      make("strong", {}, `${whatTold(repeat, trace)}: ${often}`),
      make("span", { class: "each" }, [`${repeat.first} … ${repeat.last}`, each].filter(Boolean).join(", ")),
      place,
    ),
  );
  const times = repeat.starts.map((_, time) => {
    const part = partOf(rows.slice(...timeSpan(repeat, time)));
    const title = make("div", { class: "time", role: "presentation" }, placeTold(repeat, repeat.starts[time]));
    part.prepend(title);
    part.setAttribute("role", "group");
    part.setAttribute("aria-label", title.textContent);
    return part;
  });
  const inside = make("div", { role: "group", class: "inside", hidden: true }, ...times);
  for (const { row } of rows.slice(repeat.first, repeat.last + 1)) row.setAttribute("aria-level", 2);
  const element = make("div", { class: "fold", role: "presentation" }, head, inside);
  return { repeat, element, head, place, inside, open: false, itself: true };
}

/** The phases in their order, as they follow one another: {phase, from, to}. */
function phasesOf(trace) {
  const found = [];
  for (const { phase, number } of trace.operations) {
    if (found.at(-1)?.phase !== phase) found.push({ phase, from: number });
    found.at(-1).to = number + 1;
  }
  return found;
}

/** How an operation is called in the list: what it makes or changes, and how. */
function titleOf(operation, trace) {
  const name = (number) => trace.values[number]?.name ?? "";
  if (operation.kind === "data") return operation.name;
  if (operation.kind === "forward") return made(operation, name(operation.result));
  if (operation.kind === "adjoint") return `${operation.name} → ${name(operation.result)}`;
  if (operation.kind === "accumulate") return `add up ${name(operation.result)}`;
  if (operation.kind === "hand" || operation.kind === "clip") return name(operation.result);
  if (operation.phase === "moments") return name(trace.values[operation.result]?.of) || operation.name;
  if (operation.kind === "update") return name(operation.operands.parameter?.value ?? operation.result);
  return operation.name;
}

/** An operation and what it makes; once, where that is called by the operation itself. */
function made(operation, result) {
  return saysMaker(result, operation) ? result : `${operation.name} → ${result}`;
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
