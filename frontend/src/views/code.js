// The code of the present operation: the user's line, the operation's own rule, and its adjoint.

import { fill, make, reveal } from "../dom.js";
import { argumentLines, bodyLines, pythonLines, splitRule } from "../python.js";

export function code(element, store, trace) {
  if (!trace.code.lines.length && !Object.keys(trace.rules).length) return false;
  const blocks = { yours: block(), forward: block(), back: block() };
  const none = make("p", { class: "quiet" }, "No operation of the tape ran here, so there is no line of code to show.");
  fill(element, ...Object.values(blocks).map(({ whole }) => whole), none);
  let told = {}; // what each block shows, so that what stays isn't drawn again
  store.subscribe((state, changed) => {
    const operation = store.operation;
    if (!operation || !changed.has("op")) return;
    const next = { yours: yours(operation, trace), ...rule(operation, trace) };
    for (const [name, { whole, title, note, listing }] of Object.entries(blocks)) {
      const shown = next[name];
      whole.hidden = !shown;
      if (!shown) continue;
      title.textContent = shown.title;
      note.textContent = shown.note ?? "";
      note.hidden = !shown.note;
      whole.dataset.present = String(shown.present);
      if (told[name]?.source !== shown.source || told[name]?.start !== shown.start) list(listing, shown);
      mark(listing, shown.marked);
    }
    none.hidden = Object.values(next).some(Boolean);
    told = next;
  });
}

function block() {
  const [title, note] = [make("h3"), make("p", { class: "note" })];
  const listing = make("pre", { tabindex: 0, role: "group", "aria-label": "source" });
  return { whole: make("div", { class: "block" }, title, note, listing), title, note, listing };
}

const NOTES = {
  adjoint: "This line ran forward before; now the gradient goes back through it.",
  accumulate: "No rule of an operation's: where a value was used twice, the tape adds what comes back.",
  gathers: "No rule of an operation's: what this backward pass brought is added to what the gradient held before it.",
};

/** The line of the user's, with its neighbours. */
function yours(operation, trace) {
  const at = trace.code.lines[operation.line];
  if (!at) return null;
  const numbers = Object.keys(at.text)
    .map(Number)
    .sort((a, b) => a - b);
  const title = `Your line: ${at.file}, line ${at.line}, in ${at.function}`;
  const note = NOTES[operation.gathers ? "gathers" : operation.kind] ?? null;
  const source = numbers.map((number) => at.text[number]).join("\n");
  return {
    title,
    note,
    source,
    start: numbers[0],
    marked: [at.line - numbers[0], at.line - numbers[0]],
    present: true,
  };
}

/** The operation's own source, of its way forward and of its way back. */
function rule(operation, trace) {
  if (operation.kind === "clip" || operation.kind === "update")
    return { forward: ruleOfStep(operation, trace.rule(operation)), back: null };
  const back = operation.kind === "adjoint";
  const input = back ? operation.name.slice(operation.name.lastIndexOf(".") + 1) : null;
  const name = back ? operation.name.slice(0, operation.name.lastIndexOf(".")) : operation.name;
  const own = trace.rule({ kind: operation.kind, name });
  const adjoint = back ? trace.rule(operation)?.code : null;
  if (!own?.code && !adjoint) return { forward: null, back: null };
  const { adjoints, forward } = splitRule(own?.code ?? "");
  const after = adjoints || (adjoint && adjoint !== own?.code ? adjoint : "");
  const marked = back ? (argumentLines(after, input) ?? [0, after.split("\n").length - 1]) : null;
  return {
    forward: forward
      ? {
          title: `${name}: the way forward`,
          note: own.formula || null,
          source: forward,
          start: 1,
          marked: back ? null : bodyLines(forward),
          present: !back,
        }
      : null,
    back: after
      ? {
          title: back ? `${name}: the way back, to ${input}` : `${name}: its way back, later`,
          note: "One rule for each input: from g, the gradient that arrives, to the input's own.",
          source: after,
          start: 1,
          marked,
          present: back,
        }
      : null,
  };
}

/** What clips, or updates: of an update the lines that write the moments, or the one that writes the parameter. */
function ruleOfStep({ name, phase }, own) {
  if (!own?.code) return null;
  const { forward: source } = splitRule(own.code);
  const [first, last] = bodyLines(source);
  const parameter = source.split("\n").findLastIndex((line) => /^\s*parameter\b.*=/.test(line));
  const within = { moments: [first, parameter - 1], update: [parameter, last] }[phase];
  const marked = within && parameter >= first && within[0] <= within[1] ? within : [first, last];
  return { title: `${name}: its rule`, note: own.formula || null, source, start: 1, marked, present: true };
}

function list(listing, { source, start }) {
  const numbered = pythonLines(source).map((tokens, i) =>
    make(
      "span",
      { class: "line" },
      make("span", { class: "number", "aria-hidden": true }, String(start + i)),
      make("span", {}, ...tokens.map(({ kind, text }) => (kind ? make("span", { class: kind }, text) : text)), "\n"),
    ),
  );
  fill(listing, ...numbered);
}

function mark(listing, marked) {
  [...listing.children].forEach((line, i) => {
    const here = marked !== null && i >= marked[0] && i <= marked[1];
    line.classList.toggle("here", here);
    if (here) line.setAttribute("aria-current", "true");
    else line.removeAttribute("aria-current");
  });
  const here = [...listing.querySelectorAll(".here")];
  if (!here.length) return;
  reveal(here.at(-1), listing);
  reveal(here[0], listing);
}
