// The network as a graph: values go down, gradients come back up; modules fold and unfold.

import * as dagre from "@dagrejs/dagre";
import { select } from "d3-selection";
import { curveMonotoneY, line } from "d3-shape";
import { afterwards, draw, fill, make } from "../dom.js";
import { around, concerns, foldedAtFirst, network, visible } from "../graph/model.js";
import { shapeText, shortShape } from "../numbers.js";

const LINE = 16; // pixels of a line of text
const HEAD = 20; // of a frame's title
const APART = 5; // between what goes down and what comes back up
const ZOOMS = [0.4, 0.55, 0.7, 0.85, 1, 1.25, 1.5];
const LAID_OUT = 200; // boxes: of more, to lay them out would take long,
const AROUND = 40; // and only so many are drawn, and what they are given
const SMALLEST = 0.7; // at which text is still read; what is wider is scrolled

export function graph(element, store, trace) {
  const whole = network(trace);
  if (!whole.edges.length) return false;
  let folded = foldedAtFirst(whole, trace);
  let zoom = null; // chosen by the reader
  let seen; // what is drawn: boxes, arrows, and their elements
  const scroll = make("div", {
    class: "scroll",
    role: "group",
    "aria-label":
      "The network. Up and down go from box to box; Enter goes to its operation, or folds and unfolds a module",
  });
  const fold = (paths) => {
    folded = new Set(paths);
    redraw();
  };
  const tools = make(
    "div",
    { class: "tools", role: "group", "aria-label": "The graph" },
    ...(whole.modules.size
      ? [
          button("fold all", "Fold all modules", () => fold(whole.modules.keys())),
          button("unfold all", "Unfold all modules", () => fold([])),
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
    all = visible(whole, folded, trace);
    draws(focus);
  }

  /** Draw it, or of a long network the part around the present operation, or around the box that has the focus. */
  function draws(focus = null) {
    centred = all.boxes.has(focus) ? focus : here();
    const part = all.boxes.size > LAID_OUT ? around(all, centred, AROUND) : all;
    const more = whole.modules.size ? " Fold modules to see more of it." : "";
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
    const path = id.slice(1);
    if (id[0] === "m") {
      folded.delete(path);
      redraw(`f${path}`);
    } else if (id[0] === "f") {
      folded.add(path);
      redraw(`m${path}`);
    } else if (id[0] === "o") store.set({ op: Number(path), playing: false });
    else store.follow(Number(path));
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

/** Lay out what is visible and draw it. */
function drawn({ boxes, frames, arrows, shown }, trace) {
  const layout = laidOut(boxes, frames, arrows, trace);
  const { width, height } = layout.graph();
  const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "Boxes and arrows" });
  const buttons = new Map();
  const outward = [...frames.values()].sort((a, b) => a.path.length - b.path.length);
  const framed = new Map(outward.map((frame) => [frame.path, draw("g", { class: "frame" })]));
  svg.append(...framed.values());
  const lines = arrows.map((arrow) => lineOf(arrow, layout.edge(arrow.from, arrow.to, arrow.key), trace));
  svg.append(...lines.flatMap(({ elements }) => elements));
  const sums = new Map();
  const rows = [
    ...[...boxes.values()].map((box) => ({ id: box.id, at: layout.node(box.id), box })),
    ...outward.map((frame) => ({ id: `f${frame.path}`, at: layout.node(`f${frame.path}`), frame })),
  ].sort((a, b) => a.at.y - a.at.height / 2 - (b.at.y - b.at.height / 2) || a.at.x - b.at.x);
  for (const { id, at, box, frame } of rows) {
    const made = box ? boxOf(box, at, trace) : headOf(frame, at);
    if (frame) framed.get(frame.path).append(draw("rect", rectangle(at, { rx: 8 })));
    svg.append(made);
    buttons.set(id, made);
    if (!box?.branches) continue;
    const sum = draw(
      "g",
      { class: "sum", transform: `translate(${at.x + at.width / 2 - 2} ${at.y + at.height / 2 - 2})` },
      draw("circle", { r: 9 }),
      draw("text", { y: 4.5, "text-anchor": "middle" }, "Σ"),
    );
    sum.append(draw("title", {}, `used ${box.branches} times: its gradients add up here`));
    svg.append(sum);
    sums.set(id, sum);
  }
  return { svg, width, height, buttons, lines, sums, boxes, shown };
}

function laidOut(boxes, frames, arrows, trace) {
  const layout = new dagre.graphlib.Graph({ multigraph: true, compound: true });
  layout.setGraph({ rankdir: "TB", nodesep: 14, edgesep: 12, ranksep: 15, marginx: 8, marginy: 8 });
  for (const box of boxes.values()) {
    const lines = textOf(box);
    const width = Math.max(48, ...lines.map((text, i) => wide(text, i === 0))) + 18;
    layout.setNode(box.id, { width, height: lines.length * LINE + 10 });
  }
  for (const { path } of frames.values()) layout.setNode(`f${path}`, {});
  for (const box of boxes.values()) if (box.frame !== null) layout.setParent(box.id, `f${box.frame}`);
  for (const { path, parent } of frames.values()) if (parent !== null) layout.setParent(`f${path}`, `f${parent}`);
  for (const { key, from, to, value } of arrows) {
    layout.setEdge(
      from,
      to,
      { width: wide(shortShape(trace.values[value].shape)) + 14, height: 14, labelpos: "c" },
      key,
    );
  }
  dagre.layout(layout);
  wrap(layout, boxes, frames);
  return layout;
}

/** Frames around what they hold, with room for their titles, and the whole drawing around all. */
function wrap(layout, boxes, frames) {
  const inward = [...frames.values()].sort((a, b) => b.path.length - a.path.length);
  for (const { path, kind } of inward) {
    const held = [...boxes.values()].filter((box) => box.frame === path).map((box) => layout.node(box.id));
    held.push(
      ...[...frames.values()].filter((frame) => frame.parent === path).map((frame) => layout.node(`f${frame.path}`)),
    );
    const left = Math.min(...held.map((at) => at.x - at.width / 2)) - 8;
    const right = Math.max(...held.map((at) => at.x + at.width / 2), left + wide(`▾ ${path} ${kind}`, true) + 16) + 8;
    const top = Math.min(...held.map((at) => at.y - at.height / 2)) - HEAD - 2;
    const bottom = Math.max(...held.map((at) => at.y + at.height / 2)) + 8;
    Object.assign(layout.node(`f${path}`), {
      x: (left + right) / 2,
      y: (top + bottom) / 2,
      width: right - left,
      height: bottom - top,
    });
  }
  const all = layout.nodes().map((id) => layout.node(id));
  const left = Math.min(0, ...all.map((at) => at.x - at.width / 2 - 6));
  const top = Math.min(0, ...all.map((at) => at.y - at.height / 2 - 6));
  const move = (at) => Object.assign(at, { x: at.x - left, y: at.y - top });
  all.forEach(move);
  for (const edge of layout.edges()) {
    const { points, ...label } = layout.edge(edge);
    points.forEach(move);
    Object.assign(layout.edge(edge), { x: label.x - left, y: label.y - top });
  }
  const graph = layout.graph();
  graph.width = Math.max(graph.width - left, ...all.map((at) => at.x + at.width / 2 + 6));
  graph.height = Math.max(graph.height - top, ...all.map((at) => at.y + at.height / 2 + 6));
}

function textOf({ kind, name, made, path }) {
  if (kind === "module") return [`▸ ${path}`, name];
  return made ? [name, made] : [name];
}

let ruler = null;

/** How wide a text will be. */
function wide(text, bold = false) {
  ruler ??= document.createElement("canvas").getContext("2d");
  ruler.font = `${bold ? 600 : 400} 13px system-ui, "Segoe UI", Roboto, Arial, "DejaVu Sans", sans-serif`;
  return Math.ceil(ruler.measureText(text).width);
}

function boxOf(box, at, trace) {
  const texts = textOf(box).map((text, i, all) =>
    draw(
      "text",
      {
        class: i ? "second" : "first",
        x: at.x,
        y: at.y + (i - (all.length - 1) / 2) * LINE + 4.5,
        "text-anchor": "middle",
      },
      i ? ` ${text}` : text,
    ),
  );
  const round = { operation: 6, module: 6, parameter: at.height / 2, input: 0 }[box.kind] ?? 0;
  return draw(
    "g",
    { class: `box ${box.kind}`, role: "button", tabindex: -1, "data-box": box.id, "aria-label": labelOf(box, trace) },
    draw("rect", rectangle(at, { rx: round })),
    ...texts,
  );
}

/** The text that is seen, then what it is. */
function labelOf(box, trace) {
  const seen = textOf(box).join(" ");
  const adds = box.branches ? `; used ${box.branches} times, its gradients add up` : "";
  if (box.kind === "module") return `${seen}: a module, folded${adds}`;
  if (box.op !== undefined) return `${seen}: operation ${box.op}${adds}`;
  const { name, role, shape } = trace.values[box.value];
  return `${seen}: ${role} ${name}, ${shapeText(shape)}`;
}

function headOf({ path, kind }, at) {
  const [x, y] = [at.x - at.width / 2, at.y - at.height / 2];
  return draw(
    "g",
    {
      class: "head",
      role: "button",
      tabindex: -1,
      "data-box": `f${path}`,
      "aria-expanded": "true",
      "aria-label": `▾ ${path} ${kind}: a module, unfolded`,
    },
    ...[
      draw("rect", { x: x + 3, y: y + 2, width: wide(`▾ ${path} ${kind}`, true) + 8, height: HEAD - 3, rx: 6 }),
      draw("text", { x: x + 8, y: y + 15 }, `▾ ${path} `, draw("tspan", { class: "second" }, kind)),
    ],
  );
}

const rectangle = ({ x, y, width, height }, more) => ({ x: x - width / 2, y: y - height / 2, width, height, ...more });

const curve = line(
  ({ x }) => x,
  ({ y }) => y,
).curve(curveMonotoneY);

function lineOf(arrow, { points, x, y }, trace) {
  const both = arrow.adjoints.length > 0;
  const moved = (by) => points.map((point) => ({ x: point.x + by, y: point.y }));
  const down = moved(both ? -APART : 0);
  const value = trace.values[arrow.value];
  const forward = draw("g", { class: "arrow forward" }, draw("path", { d: curve(down) }), tip(down));
  forward.append(draw("title", {}, `${value.name}, ${shapeText(value.shape)}`));
  let backward = null;
  if (both) {
    const up = moved(APART).reverse();
    backward = draw("g", { class: "arrow backward" }, draw("path", { d: curve(up) }), tip(up));
    backward.append(draw("title", {}, `∂L/∂${value.name}, ${shapeText(value.shape)}`));
  }
  const shape = shortShape(value.shape);
  const width = wide(shape) + 4;
  const label = shape
    ? draw(
        "g",
        { class: "shape" },
        draw("rect", { x: x - width / 2, y: y - 8, width, height: 15, rx: 3 }),
        draw("text", { x, y: y + 3.5, "text-anchor": "middle" }, shape),
      )
    : null;
  return { arrow, forward, backward, elements: [forward, backward, label].filter(Boolean) };
}

/** The head of an arrow, at its end. */
function tip(points) {
  const [before, end] = points.slice(-2);
  const angle = (Math.atan2(end.y - before.y, end.x - before.x) * 180) / Math.PI;
  return draw("path", {
    class: "tip",
    d: "M0 0L-8 -3.5L-8 3.5Z",
    transform: `translate(${end.x} ${end.y}) rotate(${Math.abs(angle) > 60 ? 90 * Math.sign(angle) : angle})`,
  });
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
