// The network's drawing: boxes, frames, and arrows that go down with values and back up with gradients.

import { curveMonotoneY, line } from "d3-shape";
import { draw } from "../dom.js";
import { shapeText } from "../numbers.js";
import { carried, HEAD, laidOut, LINE, textOf, wide } from "./layout.js";

const APART = 5; // pixels between what goes down and what comes back up

/** Lay out what is visible and draw it. */
export function drawn({ boxes, frames, arrows, shown }, trace) {
  const layout = laidOut(boxes, frames, arrows, trace);
  const { width, height } = layout.graph();
  const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": "Boxes and arrows" });
  const buttons = new Map();
  const outward = [...frames.values()].sort((a, b) => a.depth - b.depth);
  const framed = new Map(outward.map((frame) => [frame.key, draw("g", { class: "frame" })]));
  svg.append(...framed.values());
  const lines = arrows.map((arrow) => lineOf(arrow, layout.edge(arrow.from, arrow.to, arrow.key), trace));
  svg.append(...lines.flatMap(({ elements }) => elements));
  const sums = new Map();
  const rows = [
    ...[...boxes.values()].map((box) => ({ id: box.id, at: layout.node(box.id), box })),
    ...outward.map((frame) => ({ id: `f${frame.key}`, at: layout.node(`f${frame.key}`), frame })),
  ].sort((a, b) => a.at.y - a.at.height / 2 - (b.at.y - b.at.height / 2) || a.at.x - b.at.x);
  for (const { id, at, box, frame } of rows) {
    const made = box ? boxOf(box, at, trace) : headOf(frame, at);
    if (frame) framed.get(frame.key).append(draw("rect", rectangle(at, { rx: 8 })));
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
  if (box.kind === "module") return `${seen}: ${whatOf(box.key)}, folded${adds}`;
  if (box.op !== undefined) return `${seen}: operation ${box.op}${adds}`;
  const { name, role, shape } = trace.values[box.value];
  return `${seen}: ${role} ${name}, ${shapeText(shape)}`;
}

const whatOf = (key) => (key[0] === "#" && !key.includes(" ") ? "a repetition" : "a module");

function headOf({ key, name, said }, at) {
  const [x, y] = [at.x - at.width / 2, at.y - at.height / 2];
  return draw(
    "g",
    {
      class: "head",
      role: "button",
      tabindex: -1,
      "data-box": `f${key}`,
      "aria-expanded": "true",
      "aria-label": `▾ ${name} ${said}: ${whatOf(key)}, unfolded`,
    },
    ...[
      draw("rect", { x: x + 3, y: y + 2, width: wide(`▾ ${name} ${said}`, true) + 8, height: HEAD - 3, rx: 6 }),
      draw("text", { x: x + 8, y: y + 15 }, `▾ ${name} `, draw("tspan", { class: "second" }, said)),
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
  const { name, shape } = trace.values[arrow.values[0]];
  const more = arrow.values.length > 1 ? ` and ${arrow.values.length - 1} more` : "";
  const forward = draw("g", { class: "arrow forward" }, draw("path", { d: curve(down) }), tip(down));
  forward.append(draw("title", {}, `${name}, ${shapeText(shape)}${more}`));
  let backward = null;
  if (both) {
    const up = moved(APART).reverse();
    backward = draw("g", { class: "arrow backward" }, draw("path", { d: curve(up) }), tip(up));
    backward.append(draw("title", {}, `∂L/∂${name}, ${shapeText(shape)}${more}`));
  }
  const carries = carried(arrow.values, trace);
  const width = wide(carries) + 4;
  const label = carries
    ? draw(
        "g",
        { class: "shape" },
        draw("rect", { x: x - width / 2, y: y - 8, width, height: 15, rx: 3 }),
        draw("text", { x, y: y + 3.5, "text-anchor": "middle" }, carries),
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
