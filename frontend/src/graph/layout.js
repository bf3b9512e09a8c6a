// Where each box, frame and arrow of the network lies, by the width of their texts.

import * as dagre from "@dagrejs/dagre";
import { shortShape } from "../numbers.js";

export const LINE = 16; // pixels of a line of text
export const HEAD = 20; // of a frame's title

/** dagre's layout of what is visible. */
export function laidOut(boxes, frames, arrows, trace) {
  const layout = new dagre.graphlib.Graph({ multigraph: true, compound: true });
  layout.setGraph({ rankdir: "TB", nodesep: 14, edgesep: 12, ranksep: 15, marginx: 8, marginy: 8 });
  for (const box of boxes.values()) {
    const lines = textOf(box);
    const width = Math.max(48, ...lines.map((text, i) => wide(text, i === 0))) + 18;
    layout.setNode(box.id, { width, height: lines.length * LINE + 10 });
  }
  for (const { key } of frames.values()) layout.setNode(`f${key}`, {});
  for (const box of boxes.values()) if (box.frame !== null) layout.setParent(box.id, `f${box.frame}`);
  for (const { key, parent } of frames.values()) if (parent !== null) layout.setParent(`f${key}`, `f${parent}`);
  for (const { key, from, to, values } of arrows) {
    layout.setEdge(from, to, { width: wide(carried(values, trace)) + 14, height: 14, labelpos: "c" }, key);
  }
  dagre.layout(layout);
  wrap(layout, boxes, frames);
  return layout;
}

/** Frames around what they hold, with room for their titles, and the whole drawing around all. */
function wrap(layout, boxes, frames) {
  const inward = [...frames.values()].sort((a, b) => b.depth - a.depth);
  for (const { key, name, said } of inward) {
    const held = [...boxes.values()].filter((box) => box.frame === key).map((box) => layout.node(box.id));
    held.push(
      ...[...frames.values()].filter(({ parent }) => parent === key).map((inner) => layout.node(`f${inner.key}`)),
    );
    const left = Math.min(...held.map((at) => at.x - at.width / 2)) - 8;
    const right = Math.max(...held.map((at) => at.x + at.width / 2), left + wide(`▾ ${name} ${said}`, true) + 16) + 8;
    const top = Math.min(...held.map((at) => at.y - at.height / 2)) - HEAD - 2;
    const bottom = Math.max(...held.map((at) => at.y + at.height / 2)) + 8;
    Object.assign(layout.node(`f${key}`), {
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

/** The lines of a box's text. */
export function textOf({ kind, name, made, said }) {
  if (kind === "module") return [`▸ ${name}`, said];
  return made ? [name, made] : [name];
}

/** What an arrow carries: the shape of its value, or how many there are. */
export const carried = (values, trace) =>
  values.length > 1 ? `${values.length} values` : shortShape(trace.values[values[0]].shape);

let ruler = null;

/** How wide a text will be. */
export function wide(text, bold = false) {
  ruler ??= document.createElement("canvas").getContext("2d");
  ruler.font = `${bold ? 600 : 400} 13px system-ui, "Segoe UI", Roboto, Arial, "DejaVu Sans", sans-serif`;
  return Math.ceil(ruler.measureText(text).width);
}
