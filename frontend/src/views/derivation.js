// One number and where it came from: its formula with the numbers that took part, each of which can be gone to.

import { derive, makerOf } from "../derive.js";
import { fill, make } from "../dom.js";
import { exampleIn, ownerOf } from "../follow.js";
import { brief, exact, placeText, shown } from "../numbers.js";
import { checkText } from "../sentences.js";
import { operandValues, resultValues } from "../trace.js";
import { isKnown } from "../update.js";
import { figures, nameOf } from "./figures.js";
import { followButton } from "./follow.js";

const FEW = 12; // terms that are shown in their order
const LARGEST = 8; // of more, so many, the largest first
const MANY = 200;

export function derivation(element, store, trace) {
  let all = false; // whether every term is shown
  let follow = false; // whether the reader came here by a number, and the focus goes on with them
  const body = make("div", {});
  const heading = make("p", { class: "number", tabindex: -1 });
  const follows = followButton(store, () => weightAt(store, trace));
  fill(element, make("div", { class: "whose" }, heading, follows.button), body);
  const redraw = () => {
    follows.tell();
    const at = store.value;
    if (at === null) {
      fill(heading, "Nothing was made here.");
      fill(body);
      return;
    }
    const value = trace.values[at],
      numbers = trace.array(at),
      cell = store.state.cell ?? exampleIn(trace, at);
    if (!cell) {
      fill(heading, value.name, " is empty: there is no number to explain.");
      fill(body);
      return;
    }
    const goTo = (ref) => {
      follow = true;
      store.follow(ref.value, ref.cell);
    };
    fill(heading, ...headingOf(value, numbers, cell, store.state.cell === null));
    const { weight } = store.state;
    const followed = ({ value: of, cell: place }) =>
      weight !== null && Boolean(place) && ownerOf(trace, of) === weight[0] && place.join() === weight.slice(1).join();
    const found = derive(trace, at, cell, operationOf(store, trace, at));
    const parts = found
      ? derived(found, {
          goTo,
          trace,
          all,
          value,
          followed,
          anyFollowed: weight !== null,
          more: () => ((all = true), redraw()),
        })
      : leaf(value, store, trace);
    fill(body, ...parts, badge(trace, at, cell, store), uses(trace, at, store));
    if (follow) heading.focus({ preventScroll: true });
    follow = false;
  };
  store.subscribe((_, changed) => {
    if (!(changed.has("op") || changed.has("value") || changed.has("cell") || changed.has("weight"))) return;
    all = false;
    redraw();
  });
}

/** The operation that is asked how it made this value: the present one where it did. */
function operationOf(store, trace, at) {
  const present = store.operation;
  const made =
    present && present.kind !== "after" && present.kind !== "data" && resultValues(present).some(([, n]) => n === at);
  return made ? present : makerOf(trace, at);
}

/** The weight that the number looked at is of: itself, its gradient, its memory; null where it's of none. */
function weightAt(store, trace) {
  const at = store.value;
  const i = ownerOf(trace, at);
  const cell = store.state.cell ?? (i < 0 ? null : exampleIn(trace, at));
  return i < 0 || cell === null ? null : [i, ...cell];
}

function headingOf(value, numbers, cell, example) {
  const x = numbers.get(cell);
  const text = value.data.type === "float16" ? `about ${brief(x)}` : shown(x, value.dtype);
  return [
    make("strong", { title: exact(x, value.dtype) }, `${value.name}${placeText(cell)} = ${text}`),
    example && cell.length ? make("span", { class: "quiet" }, " (for example)") : null,
  ].filter(Boolean);
}

function derived(found, about) {
  const { operation, formula, legend, stages } = found;
  const how =
    operation.kind === "adjoint"
      ? `Sent back by ${operation.name.split(".")[0]}`
      : operation.kind === "forward"
        ? `Made by ${operation.name}`
        : `Made in ${operation.phase}`;
  return [
    make(
      "p",
      { class: "formula" },
      make("span", { class: "quiet" }, `${how}: `),
      make("code", {}, formula),
      lettersOf(legend),
    ),
    ...stages.map((stage, i) => drawStage(stage, i === stages.length - 1, about)),
    conclusion(found, about.value, about.trace),
  ].filter(Boolean);
}

/** What the letters in a formula stand for that have no name of their own. */
function lettersOf(legend) {
  if (!legend.length) return null;
  return make(
    "span",
    { class: "quiet" },
    `, where ${legend.map(([letter, name]) => `${letter} is ${name}`).join(", ")}`,
  );
}

function drawStage(stage, last, about) {
  const { terms, count, join, say } = stage;
  const order = terms.map((_, i) => i);
  const listed = about.all
    ? order.slice(0, MANY)
    : count <= FEW
      ? order
      : order.sort((i, j) => Math.abs(terms[j].value) - Math.abs(terms[i].value)).slice(0, LARGEST);
  const own = about.anyFollowed ? terms.findIndex(({ parts }) => parts.some(about.followed)) : -1;
  if (own >= 0 && !listed.includes(own)) listed.unshift(own);
  const largest = terms.reduce((m, { value }) => Math.max(m, Number.isFinite(value) ? Math.abs(value) : 0), 0);
  const rows = listed.map((i) => drawTerm(terms[i], join, largest, about));
  const rest = count - listed.length;
  const table = make("div", { class: `terms ${join || "one"}` }, ...rows);
  return make(
    "div",
    { class: "stage" },
    say ? make("p", {}, say) : null,
    table,
    rest > 0 ? restOf(stage, listed, rest, about) : null,
    join && join !== "list" && count !== 1
      ? make(
          "p",
          { class: "join" },
          `${JOIN[join](count)} `,
          make("strong", { class: "numbers", title: String(stage.value) }, brief(stage.value, 6)),
        )
      : null,
    stage.missing ? missing(stage.missing) : null,
    !count && !stage.missing ? make("p", { class: "quiet" }, "There is nothing to add: 0.") : null,
  );
}

const JOIN = {
  sum: (n) => `Added up, all ${n} make`,
  mean: (n) => `Added up and divided by ${n}, that is`,
  product: (n) => `Multiplied, all ${n} make`,
  max: (n) => `The largest of the ${n} is`,
  min: (n) => `The smallest of the ${n} is`,
};

function restOf(stage, listed, rest, { all, more }) {
  const together =
    stage.join === "sum" || stage.join === "mean"
      ? `, together ${brief(stage.joined - listed.reduce((sum, i) => sum + stage.terms[i].value, 0), 4)}`
      : "";
  return make(
    "p",
    { class: "rest" },
    make(
      "span",
      { class: "quiet" },
      `${all ? "These are the first. " : stage.count > stage.terms.length ? `These are the largest of the first ${stage.terms.length}. ` : "These are the largest. "}There are ${rest} more${together}. `,
    ),
    all
      ? null
      : make("button", { type: "button", onclick: more }, stage.count > MANY ? `show ${MANY}` : "show all, in order"),
  );
}

const missing = (n) =>
  make(
    "p",
    { class: "warning" },
    `${n} more belong to examples that this trace doesn't keep, so the sum here isn't whole.`,
  );

/** A term in symbols, in numbers that can be gone to, and what it comes to. */
function drawTerm(term, join, largest, { goTo, trace, followed }) {
  const { parts, value } = term;
  const symbols = parts.map((part) =>
    typeof part === "string" ? part : typeof part === "object" ? nameOf(part) : null,
  );
  const known = symbols.every((part) => part !== null);
  const single = parts.length === 1 && typeof parts[0] === "object" && parts[0].number !== null;
  const bar =
    ["sum", "mean"].includes(join) && largest > 0
      ? make("span", { class: "bar", "aria-hidden": "true" }, make("span", { class: value < 0 ? "low" : "high" }))
      : null;
  if (bar) bar.firstChild.style.width = `${(100 * Math.abs(value)) / largest || 0}%`;
  return make(
    "div",
    { class: parts.some(followed) ? "term followed" : "term" },
    make("span", { class: "symbols" }, known ? symbols.join("") : ""),
    make("span", { class: "figures" }, ...figures(parts, goTo, trace, followed)),
    make("span", { class: "value numbers", title: String(value) }, single ? "" : `= ${brief(value, 5)}`),
    bar,
  );
}

/** What the derivation comes to, beside what was recorded. */
function conclusion({ operation, value, recorded, missing: without }, { data, dtype }, trace) {
  const same = Math.abs(value - recorded) <= 1e-4 * Math.max(Math.abs(recorded), 0.01) || Object.is(value, recorded);
  const told = make("strong", { class: "numbers", title: String(value) }, brief(value, 6));
  const what = data.type === "float16" ? brief(recorded) : shown(recorded, dtype);
  if (without)
    return make("p", { class: "conclusion" }, "What is kept comes to ", told, `; the whole, as recorded, is ${what}.`);
  if (same)
    return make(
      "p",
      { class: "conclusion same" },
      make("span", { "aria-hidden": "true" }, "✓ "),
      "So it is ",
      told,
      ", and that's what the step recorded.",
    );
  const forward = operation.kind === "adjoint" ? trace.operations[operation.of] : null;
  const read = [operation, ...(forward ? [forward] : [])].flatMap(operandValues).map(([, n]) => trace.values[n]);
  const rounded = [{ data }, ...read].some((one) => one.data.type === "float16");
  const why = rounded
    ? "Some arrays are stored to three digits here, so sums of them differ a little."
    : "They differ.";
  return make("p", { class: "conclusion" }, "This comes to ", told, `; the step recorded ${what}. ${why}`);
}

/** What nothing made in this step, or what no rule here derives. */
function leaf(value, store, trace) {
  const maker = makerOf(trace, value.number);
  if (maker?.kind === "hand") {
    const before = maker.operands.before?.value;
    const told = "Your own code made it between two operations, so there is no formula to show.";
    const go = () => store.follow(before, store.state.cell);
    return [
      make("p", {}, told),
      before === undefined
        ? null
        : make("button", { type: "button", onclick: go }, `See what it was: ${trace.values[before].name}`),
    ];
  }
  if (maker && maker.kind !== "data")
    return [
      make(
        "p",
        {},
        trace.rule(maker)?.underived ?? "This page has no derivation for this number.",
        " The rule of ",
        make("code", {}, maker.name),
        " stands beside the code of your line; its operands are listed with the numbers above.",
      ),
    ];
  const moved = trace.readers[value.number].some(({ operation }) => operation.kind === "after");
  const said = {
    input: "It's given: part of the data that this step learns from.",
    constant: "It's given: no operation of this step made it, and no variable of yours holds it as it is.",
    parameter: `It's a weight, as it stood before this step${moved ? "" : ", which leaves it as it is"}.`,
    buffer: "It's kept by the layer from one step to the next, and not learned.",
    state: "It's what the optimizer remembered from earlier steps (0 at the first).",
    gradient:
      trace.values[value.of]?.role === "parameter"
        ? "It's from before this step: what an earlier backward pass left there."
        : trace.array(value.number).data.every((x) => x === 1)
          ? "Here the backward pass begins: the loss changes by 1 where the loss changes by 1."
          : "Here the backward pass begins, with what backward(g) was given.",
  }[value.role];
  const update = trace.updates.find((one) => one.before === value.number);
  const goes = update ? trace.operations.find((op) => op.phase === "update" && op.result === update.after) : null;
  const button =
    goes && isKnown(update)
      ? make(
          "button",
          { type: "button", onclick: () => store.set({ op: goes.number, cell: store.state.cell, playing: false }) },
          "See what this step makes of it",
        )
      : null;
  return [make("p", {}, said ?? "Nothing made it in this step."), button];
}

/** Numbers of a gradient that were checked by nudging: how much the loss really changes. */
function badge(trace, at, cell, store) {
  const checks = (trace.checks ?? []).filter(({ value }) => value === at);
  if (!checks.length) return null;
  const own = checks.find((check) => check.cell.every((k, i) => k === cell[i]));
  if (own) {
    const { fine, text } = checkText(own);
    return make(
      "p",
      { class: `badge ${fine ? "same" : "warning"}` },
      make("span", { "aria-hidden": "true" }, fine ? "✓ " : "⚠ "),
      text,
    );
  }
  const places = checks
    .slice(0, 4)
    .map((check) =>
      make("button", { type: "button", onclick: () => store.set({ cell: check.cell }) }, placeText(check.cell) || "it"),
    );
  return make(
    "p",
    { class: "badge" },
    make("span", { class: "quiet" }, "Some numbers of this gradient were checked by nudging the weight: "),
    ...places,
  );
}

/** Which operations read this value: where its numbers go. */
function uses(trace, at, store) {
  const readers = trace.readers[at].filter(({ operation }) => operation.kind !== "norm" && operation.kind !== "after");
  if (!readers.length) return null;
  const buttons = readers
    .slice(0, 6)
    .map(({ operation }) =>
      make(
        "button",
        { type: "button", onclick: () => store.set({ op: operation.number, playing: false }) },
        `${operation.number} ${operation.operands.gradient && operation.kind === "update" ? operation.phase : operation.name}`,
      ),
    );
  return make(
    "p",
    { class: "uses" },
    make("span", { class: "quiet" }, "It's read by "),
    ...buttons,
    readers.length > 6 ? make("span", { class: "quiet" }, ` and ${readers.length - 6} more`) : null,
  );
}
