// The network as boxes and arrows: operations, and the arrays that come from outside; what is a module, or runs over and
// over, folds to one box.

import { holds, operationsTold, timesTold } from "../repeats.js";
import { operandValues, saysMaker } from "../trace.js";

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
  return { nodes, edges, groups: groupsOf(trace, nodes) };

  /** The box that a value comes from: what made it, or, from outside, one of its own. */
  function source(value, reader) {
    const maker = trace.maker(value);
    if (maker && nodes.has(`o${maker.number}`) && maker.number < reader.number) return `o${maker.number}`;
    const id = `v${value}`;
    const { name, role } = trace.values[value];
    if (!nodes.has(id))
      add({
        id,
        kind: role,
        value,
        reader,
        module: home(name, role) ?? reader.module,
        name: short(name, role),
        made: "",
      });
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
function told(value, operation) {
  return !value || saysMaker(value.name, operation) ? "" : value.name;
}

/** What folds: key → {key, name, said, kind, size, times, parent, depth}: modules, and what runs over and over where that
 *  isn't just a module, with more than one box within. Each box gets the keys of those that it lies in, outermost first. */
function groupsOf(trace, nodes) {
  const all = [...nodes.values()];
  for (const node of all) node.within = lineage(node.module, trace.modules);
  const known = new Map(Object.entries(trace.modules).map(([path, kind]) => [path, { name: path, kind, said: kind }]));
  for (const repeat of trace.repeats) {
    const outer = lineage(repeat.module, trace.modules);
    const starts = ({ within }) => outer.every((path, i) => within[i] === path);
    const runs = ({ kind, op, reader }) => kind !== "parameter" && holds(repeat, op ?? reader.number);
    const held = new Set(all.filter((node) => starts(node) && runs(node)));
    const outside = new Set(all.flatMap((node) => (node.op === undefined || held.has(node) ? [] : node.within)));
    const whole = (path) => path !== undefined && !outside.has(path);
    const module = known.get(outer.at(-1));
    if (!held.size) continue;
    if (module && whole(outer.at(-1))) {
      Object.assign(module, { times: true, said: `${module.kind}, ${timesTold(repeat)}` });
      continue;
    }
    const key = `#${repeat.first}`;
    known.set(key, { name: timesTold(repeat), kind: "times", times: true, said: operationsTold(repeat, trace) });
    const inner = new Set([...held].map(({ within }) => within[outer.length]));
    for (const node of all) {
      const [path, ...deeper] = node.within.slice(outer.length);
      if (!held.has(node) && !(node.op === undefined && inner.has(path) && whole(path))) continue;
      const own = path === undefined ? [] : [path, ...deeper];
      // a module that runs outside, too, has a frame of its own here
      const named = own.map((one) => (whole(path) ? one : `${key} ${one}`));
      own.forEach((one, i) => known.set(named[i], known.get(one)));
      node.within = [...outer, key, ...named];
    }
  }
  const sizes = new Map();
  for (const { within } of all) for (const key of within) sizes.set(key, (sizes.get(key) ?? 0) + 1);
  const groups = new Map();
  for (const node of all) {
    node.within = node.within.filter((key) => sizes.get(key) > 1);
    node.within.forEach((key, depth, { [depth - 1]: parent = null }) =>
      groups.set(key, { key, ...known.get(key), size: sizes.get(key), parent, depth }),
    );
  }
  return groups;
}

/** The modules that a path lies in, outermost first, itself last; the whole model isn't told. */
function lineage(path, modules) {
  const parts = path ? path.split(".") : [];
  return parts.map((_, i) => parts.slice(0, i + 1).join(".")).filter((prefix) => prefix in modules);
}

/** What to fold at first, so that no more than `most` boxes are seen: what runs over and over, then the innermost and largest,
 *  all of a kind together. */
export function foldedAtFirst({ nodes, groups }, most = 32) {
  const alike = new Map();
  for (const group of groups.values()) {
    const key = group.times ? "times" : `${group.depth} ${group.kind}`;
    alike.set(key, [...(alike.get(key) ?? []), group]);
  }
  const weight = (some) => some.reduce((sum, { size }) => sum + size - 1, 0);
  const inward = [...alike].sort(
    ([a, [one, ...more]], [b, [other, ...others]]) =>
      (b === "times") - (a === "times") ||
      other.depth - one.depth ||
      weight([other, ...others]) - weight([one, ...more]),
  );
  const folded = new Set();
  const seen = () => new Set([...nodes.values()].map((node) => shownAs(node, folded))).size;
  for (const [, some] of inward) {
    if (seen() <= most) break;
    for (const { key } of some) folded.add(key);
  }
  return folded;
}

/** The id of what is seen of a box: itself, or the outermost that is folded of what it lies in. */
export function shownAs(node, folded) {
  const outermost = node.within.find((key) => folded.has(key));
  return outermost === undefined ? node.id : `m${outermost}`;
}

const APART = 4; // values that go from one box to another, each by an arrow of its own; of more there is one for all

/** What is seen when these are folded: boxes, arrows (one for each value from one box to another, or one for many), frames. */
export function visible({ nodes, edges, groups }, folded) {
  const shown = new Map([...nodes.values()].map((node) => [node.id, shownAs(node, folded)]));
  const boxes = new Map();
  const frames = new Map();
  for (const node of nodes.values()) {
    const id = shown.get(node.id);
    if (!boxes.has(id)) {
      const group = id === node.id ? null : groups.get(id.slice(1));
      const frame = group ? group.parent : (node.within.at(-1) ?? null);
      boxes.set(id, { ...(group ? { ...group, id, kind: "module" } : node), frame, operations: [] });
    }
    if (node.op !== undefined) boxes.get(id).operations.push(node.op);
  }
  for (const { frame } of boxes.values())
    for (let key = frame; key !== null; key = groups.get(key).parent) frames.set(key, groups.get(key));
  const between = new Map(); // two boxes → value → its arrow
  for (const edge of edges) {
    const [from, to] = [shown.get(edge.from), shown.get(edge.to)];
    if (from === to) continue;
    const pair = `${from} ${to}`;
    if (!between.has(pair)) between.set(pair, new Map());
    const arrows = between.get(pair);
    if (!arrows.has(edge.value)) {
      const values = [edge.value];
      arrows.set(edge.value, { key: `${pair} ${edge.value}`, from, to, values, readers: [], adjoints: [] });
    }
    arrows.get(edge.value).readers.push(edge.reader);
    if (edge.adjoint !== null) arrows.get(edge.value).adjoints.push(edge.adjoint);
  }
  const arrows = [...between.values()].flatMap((some) => (some.size > APART ? [together(some)] : [...some.values()]));
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
  return { boxes, frames, arrows, shown };
}

/** One arrow for all of these. */
function together(arrows) {
  const all = [...arrows.values()];
  const [values, readers, adjoints] = ["values", "readers", "adjoints"].map((name) => all.flatMap((one) => one[name]));
  return { ...all[0], values, readers, adjoints };
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
  const keys = new Set();
  for (const { frame } of part.values())
    for (let key = frame; key !== null; key = frames.get(key).parent) keys.add(key);
  return {
    boxes: part,
    frames: new Map([...frames].filter(([key]) => keys.has(key))),
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
