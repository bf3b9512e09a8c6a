// The network as boxes and arrows: operations, and the arrays that come from outside; modules fold to one box each.

import { operandValues } from "../trace.js";

/** All boxes and arrows of a trace, with nothing folded. */
export function network(trace) {
  const nodes = new Map();
  const add = (node) => nodes.set(node.id, node);
  const drawn = trace.operations.filter(
    (operation) => operation.kind === "data" || operation.kind === "forward" || isWrite(operation),
  );
  for (const operation of drawn) {
    const { number, module, name, kind } = operation;
    const made = trace.values[operation.result];
    add({
      id: `o${number}`,
      kind: kind === "data" ? "input" : "operation",
      op: number,
      module,
      name,
      made: kind === "data" ? "" : told(made, operation),
    });
  }
  const edges = [];
  for (const reader of drawn) {
    for (const [operand, value] of operandValues(reader)) {
      const from = source(value, reader);
      if (from === `o${reader.number}`) continue;
      const adjoint =
        trace.adjoints[reader.number].find(
          ({ kind, name, operands }) => kind === "adjoint" && name === `${reader.name}.${operand}` && operands.g,
        )?.number ?? null;
      edges.push({ from, to: `o${reader.number}`, value, operand, reader: reader.number, adjoint });
    }
  }
  return { nodes, edges, modules: moduleTree(trace, nodes) };

  /** The box that a value comes from: what made it, or, from outside, one of its own. */
  function source(value, reader) {
    const maker = trace.maker(value);
    if (maker && nodes.has(`o${maker.number}`) && maker.number < reader.number) return `o${maker.number}`;
    const id = `v${value}`;
    const { name, role } = trace.values[value];
    if (!nodes.has(id))
      add({ id, kind: role, value, module: home(name, role) ?? reader.module, name: short(name, role), made: "" });
    return id;
  }

  /** A parameter lies with the module that has it, which its path says. */
  function home(name, role) {
    const path = name.slice(0, Math.max(name.lastIndexOf("."), 0));
    return role === "parameter" && path in trace.modules ? path : null;
  }
}

const isWrite = ({ kind, phase }) => kind === "update" && (phase === "forward" || phase === "loss");

const short = (name, role) => (role === "parameter" ? name.slice(name.lastIndexOf(".") + 1) : name);

/** What the user calls the result; nothing where the name only says what made it. */
function told(value, { name, module }) {
  if (!value) return "";
  const plain = value.name.replace(/ \d+$/, "");
  return plain === name || plain === `${module} ${name}` ? "" : value.name;
}

/** path → {path, kind, parent, size}: modules with more than one box within, or modules. */
function moduleTree(trace, nodes) {
  const sizes = new Map();
  for (const { module } of nodes.values())
    for (const path of lineage(module, trace.modules)) sizes.set(path, (sizes.get(path) ?? 0) + 1);
  const modules = new Map();
  for (const [path, size] of sizes) if (size > 1) modules.set(path, { path, kind: trace.modules[path], size });
  for (const module of modules.values())
    module.parent =
      lineage(module.path, trace.modules)
        .filter((path) => path !== module.path && modules.has(path))
        .at(-1) ?? null;
  return modules;
}

/** The modules that a path lies in, outermost first, itself last; the whole model isn't told. */
function lineage(path, modules) {
  const parts = path ? path.split(".") : [];
  return parts.map((_, i) => parts.slice(0, i + 1).join(".")).filter((prefix) => prefix in modules);
}

/** Modules to fold at first, so that no more than `most` boxes are seen: the innermost and largest, all of a kind together. */
export function foldedAtFirst({ nodes, modules }, trace, most = 32) {
  const depth = ({ path }) => path.split(".").length;
  const alike = new Map();
  for (const module of modules.values()) {
    const key = `${depth(module)} ${module.kind}`;
    alike.set(key, [...(alike.get(key) ?? []), module]);
  }
  const weight = (group) => group.reduce((sum, { size }) => sum + size - 1, 0);
  const inward = [...alike.values()].sort((a, b) => depth(b[0]) - depth(a[0]) || weight(b) - weight(a));
  const folded = new Set();
  const seen = () => new Set([...nodes.values()].map((node) => shownAs(node, folded, modules, trace))).size;
  for (const group of inward) {
    if (seen() <= most) break;
    for (const { path } of group) folded.add(path);
  }
  return folded;
}

/** The id of what is seen of a box: itself, or the outermost folded module that it lies in. */
export function shownAs(node, folded, modules, trace) {
  const outermost = lineage(node.module, trace.modules).find((path) => folded.has(path) && modules.has(path));
  return outermost === undefined ? node.id : `m${outermost}`;
}

/** What is seen when these modules are folded: boxes, arrows (one for each value from one box to another), frames. */
export function visible(whole, folded, trace) {
  const { nodes, edges, modules } = whole;
  const shown = new Map([...nodes.values()].map((node) => [node.id, shownAs(node, folded, modules, trace)]));
  const boxes = new Map();
  const frames = new Map();
  for (const node of nodes.values()) {
    const id = shown.get(node.id);
    const path = id.slice(1);
    if (!boxes.has(id)) {
      const box = id === node.id ? node : { id, kind: "module", path, name: modules.get(path).kind, module: path };
      const around = lineage(node.module, trace.modules).filter((one) => modules.has(one) && !folded.has(one));
      const within = (id === node.id ? around : around.filter((one) => path.startsWith(`${one}.`))).at(-1) ?? null;
      boxes.set(id, { ...box, frame: within, operations: [] });
    }
    if (node.op !== undefined) boxes.get(id).operations.push(node.op);
  }
  for (const { frame } of boxes.values())
    for (let path = frame; path !== null; path = modules.get(path).parent) frames.set(path, modules.get(path));
  const arrows = new Map();
  for (const edge of edges) {
    const [from, to] = [shown.get(edge.from), shown.get(edge.to)];
    if (from === to) continue;
    const key = `${from} ${to} ${edge.value}`;
    const arrow = arrows.get(key) ?? { key, from, to, value: edge.value, readers: [], adjoints: [] };
    arrow.readers.push(edge.reader);
    if (edge.adjoint !== null) arrow.adjoints.push(edge.adjoint);
    arrows.set(key, arrow);
  }
  const sums = new Map();
  for (const edge of edges) {
    if (edge.adjoint === null) continue;
    const box = boxes.get(shown.get(edge.from));
    sums.set(`${box.id} ${edge.value}`, (sums.get(`${box.id} ${edge.value}`) ?? 0) + 1);
  }
  for (const [key, n] of sums) {
    const box = boxes.get(key.slice(0, key.lastIndexOf(" ")));
    if (n > 1) box.branches = Math.max(box.branches ?? 0, n);
  }
  return { boxes, frames, arrows: [...arrows.values()], shown };
}

/** Of what is seen the part around one box: `most` boxes in the order in which they run, and what these are given from outside. */
export function around({ boxes, frames, arrows, shown }, id, most) {
  const order = [...boxes.values()]
    .filter(({ operations }) => operations.length)
    .sort((a, b) => a.operations[0] - b.operations[0]);
  const readers = arrows.filter(({ from }) => from === id).map(({ to }) => to);
  const at = order.findIndex((box) => box.id === id || readers.includes(box.id));
  const first = Math.max(0, Math.min(at - Math.floor(most / 2), order.length - most));
  const kept = new Set(order.slice(first, first + most).map((box) => box.id));
  const inside = new Set(kept);
  for (const { from, to } of arrows) if (kept.has(to) && !boxes.get(from).operations.length) inside.add(from);
  const part = new Map([...boxes].filter(([key]) => inside.has(key)));
  const paths = new Set();
  for (const { frame } of part.values())
    for (let path = frame; path !== null; path = frames.get(path).parent) paths.add(path);
  return {
    boxes: part,
    frames: new Map([...frames].filter(([path]) => paths.has(path))),
    arrows: arrows.filter(({ from, to }) => inside.has(from) && kept.has(to)),
    shown,
    left: boxes.size - part.size,
  };
}

/** Which boxes of the whole network an operation concerns, and whether it runs forward, backward, or changes weights. */
export function concerns(operation, trace) {
  const parameter = (value) => [`v${value}`];
  const of = (value) => trace.values[value]?.of ?? null;
  const { kind, phase, number, operands } = operation;
  if (kind === "data" || kind === "forward" || isWrite(operation)) return { boxes: [`o${number}`], way: "forward" };
  if (kind === "adjoint" || kind === "accumulate" || kind === "hook") {
    const target = of(operation.result);
    const maker = target === null ? null : trace.maker(target);
    if (kind === "adjoint" && operation.of !== undefined) return { boxes: [`o${operation.of}`], way: "backward" };
    return { boxes: maker ? [`o${maker.number}`] : target === null ? [] : parameter(target), way: "backward" };
  }
  if (kind === "clip") return { boxes: parameter(of(operands.gradient?.value)), way: "backward" };
  if (phase === "moments") return { boxes: parameter(of(operation.result)), way: "update" };
  if (operands.parameter) return { boxes: parameter(operands.parameter.value), way: "update" };
  const all = operandValues(operation).map(([, value]) =>
    trace.values[value].role === "gradient" ? of(value) : value,
  );
  return { boxes: all.flatMap(parameter), way: kind === "norm" ? "backward" : "update" };
}
