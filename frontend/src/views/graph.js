// The network as a graph: values go down, gradients come back up; modules fold and unfold.

import { select } from "d3-selection";
import { afterwards, draw, fill, make } from "../dom.js";
import { drawn } from "../graph/drawing.js";
import { around, concerns, foldedAtFirst, network, visible } from "../graph/model.js";

const ZOOMS = [0.4, 0.55, 0.7, 0.85, 1, 1.25, 1.5];
const LAID_OUT = 200; // boxes: of more, to lay them out would take long,
const AROUND = 40; // and only so many are drawn, and what they are given
const SMALLEST = 0.7; // at which text is still read; what is wider is scrolled

export function graph(element, store, trace) {
  const whole = network(trace);
  if (!whole.edges.length) return false;
  let folded = foldedAtFirst(whole);
  let zoom = null; // chosen by the reader
  let seen; // what is drawn: boxes, arrows, and their elements
  const scroll = make("div", {
    class: "scroll",
    role: "group",
    "aria-label":
      "The network. Up and down go from box to box; Enter goes to its operation, or folds and unfolds a module",
  });
  const fold = (keys) => {
    folded = new Set(keys);
    redraw();
  };
  const tools = make(
    "div",
    { class: "tools", role: "group", "aria-label": "The graph" },
    ...(whole.groups.size
      ? [
          button("fold all", "Fold all modules, and what repeats", () => fold(whole.groups.keys())),
          button("unfold all", "Unfold all modules, and what repeats", () => fold([])),
        ]
      : []),
    button("−", "Smaller", () => magnify(-1)),
    button("+", "Larger", () => magnify(1)),
    button("fit", "Fit into the width", () => magnify(0)),
  );
  const note = make("p", { class: "part" });
  fill(element, tools, note, scroll, legend());
  let centred; // the box that a part is drawn around
  let all; // what could be seen, and isn't all drawn where it's too much

  function redraw(focus = null) {
    all = visible(whole, folded);
    draws(focus);
  }

  /** Draw it, or of a long network the part around the present operation, or around the box that has the focus. */
  function draws(focus = null) {
    centred = all.boxes.has(focus) ? focus : here();
    const part = all.boxes.size > LAID_OUT ? around(all, centred, AROUND) : all;
    const more = whole.groups.size ? " Fold some of it to see more." : "";
    note.textContent = part.left
      ? `A part of the network, around this operation; there are ${part.left} more boxes.${more}`
      : "";
    seen = drawn(part, trace);
    fill(scroll, seen.svg);
    resize();
    select(seen.svg)
      .selectAll("[data-box]")
      .on("click", (event) => act(event.currentTarget))
      .on("keydown", (event) => key(event));
    follow(store.state);
    if (focus) rove(seen.buttons.get(focus) ?? first(), true);
    else rove(first(), false);
  }

  /** The box that the present operation concerns first. */
  function here() {
    const [id] = store.operation ? concerns(store.operation, trace).boxes : [];
    return all.shown.get(id);
  }

  /** A box is gone to; a module, and a frame's title, fold. */
  function act(target) {
    const id = target.dataset.box;
    const key = id.slice(1);
    if (id[0] === "m") {
      folded.delete(key);
      redraw(`f${key}`);
    } else if (id[0] === "f") {
      folded.add(key);
      redraw(`m${key}`);
    } else if (id[0] === "o") store.set({ op: Number(key), playing: false });
    else store.follow(Number(key));
  }

  function key(event) {
    if (event.key === "Enter" || event.key === " ") act(event.currentTarget);
    else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      const order = [...seen.buttons.values()];
      const next = order[order.indexOf(event.currentTarget) + (event.key === "ArrowDown" ? 1 : -1)];
      if (next) rove(next, true);
    } else return;
    event.preventDefault();
  }

  const first = () => seen.buttons.values().next().value;

  /** One box is reached by the tab key; from there up and down lead on. */
  function rove(target, focus) {
    for (const one of seen.buttons.values()) one.setAttribute("tabindex", one === target ? 0 : -1);
    if (focus) target.focus({ preventScroll: true });
    if (focus) centre(target, scroll);
  }

  function resize() {
    const room = scroll.clientWidth - 2;
    const scale = zoom ?? Math.min(1, Math.max(SMALLEST, room / seen.width));
    seen.svg.setAttribute("width", seen.width * scale);
    seen.svg.setAttribute("height", seen.height * scale);
    return scale;
  }

  function magnify(by) {
    const present = resize();
    const next = by > 0 ? ZOOMS.find((z) => z > present + 0.01) : ZOOMS.findLast((z) => z < present - 0.01);
    zoom = by === 0 ? null : (next ?? present);
    resize();
    follow(store.state);
  }

  function follow({ op }) {
    const operation = store.operation;
    if (!operation) return;
    const { boxes, way } = concerns(operation, trace);
    const present = new Set(boxes.map((id) => seen.shown.get(id)));
    if (all.boxes.has(here()) && !seen.buttons.has(here()) && here() !== centred) return draws();
    for (const [id, box] of seen.buttons) {
      const here = present.has(id);
      box.classList.toggle("present", here);
      box.dataset.way = here ? way : "";
      if (here) box.setAttribute("aria-current", "step");
      else box.removeAttribute("aria-current");
      box.classList.toggle("passed", seen.boxes.get(id)?.operations.every((number) => number <= op) ?? true);
    }
    for (const { arrow, forward, backward } of seen.lines) {
      forward.classList.toggle(
        "passed",
        arrow.readers.some((number) => number <= op),
      );
      forward.classList.toggle("present", arrow.readers.includes(op));
      if (!backward) continue;
      backward.classList.toggle(
        "passed",
        arrow.adjoints.some((number) => number <= op),
      );
      backward.classList.toggle("present", arrow.adjoints.includes(op));
    }
    for (const [id, sum] of seen.sums)
      sum.classList.toggle("present", operation.kind === "accumulate" && present.has(id));
    const target = [...present].map((id) => seen.buttons.get(id)).find(Boolean);
    if (target && present.size < 3) afterwards(() => centre(target, scroll));
  }

  redraw();
  store.subscribe((state, changed) => changed.has("op") && follow(state));
  new ResizeObserver(() => zoom === null && scroll.clientWidth && resize()).observe(scroll);
}

const button = (text, label, onclick) =>
  make("button", { type: "button", "aria-label": label, title: label, onclick }, text);

function legend() {
  const sample = (kind) =>
    draw(
      "svg",
      { class: `graph-sample ${kind}`, width: 34, height: 12, "aria-hidden": true },
      draw(
        "g",
        { class: `arrow ${kind} passed` },
        draw("path", { d: "M1 6H26" }),
        draw("path", { class: "tip", d: "M25 2L33 6L25 10Z" }),
      ),
    );
  return make(
    "p",
    { class: "legend" },
    ...[
      sample("forward"),
      " values, on their way to the loss; ",
      sample("backward"),
      " gradients, on their way back; ",
    ],
    ...[make("span", { class: "sum" }, "Σ"), " a value that was used several times: here its gradients add up."],
  );
}

/** Scroll so that a box is well within sight. */
function centre(box, scroll) {
  const [inner, outer] = [box.getBoundingClientRect(), scroll.getBoundingClientRect()];
  const [right, down] = [
    inner.left + inner.width / 2 - outer.left - outer.width / 2,
    inner.top + inner.height / 2 - outer.top - outer.height / 2,
  ];
  if (Math.abs(right) > outer.width / 3) scroll.scrollLeft += right;
  if (Math.abs(down) > outer.height / 4) scroll.scrollTop += down;
}
