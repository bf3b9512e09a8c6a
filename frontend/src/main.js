// The page of a recorded training step, and the notebook widget: the frame that every view has its place in.

import { fill, make, unique } from "./dom.js";
import { bindKeys } from "./keys.js";
import { bindAddress, Store } from "./state.js";
import { isFilm, openFilm, openTrace, unpack } from "./trace.js";
import { code } from "./views/code.js";
import { contrast } from "./views/contrast.js";
import { derivation } from "./views/derivation.js";
import { diagnoses } from "./views/diagnoses.js";
import { film } from "./views/film.js";
import { follow } from "./views/follow.js";
import { graph } from "./views/graph.js";
import { ledger } from "./views/ledger.js";
import { tensor } from "./views/tensor.js";
import { theme } from "./views/theme.js";
import { operations } from "./views/operations.js";
import { phases, story, transport } from "./views/timeline.js";

// Each view is `view(element, store, trace)`: it draws itself into the element and follows the store. One that has nothing
// to show in this trace returns false, and gets no place. On a phone they stand in this order, the numbers first.
const PANELS = [
  { name: "tensor", title: "The numbers", view: tensor, column: "middle" },
  { name: "derivation", title: "Where this number comes from", view: derivation, column: "middle" },
  { name: "ledger", title: "How one weight changes", view: ledger, column: "middle" },
  { name: "contrast", title: "Which belongs to which", view: contrast, column: "middle" },
  { name: "code", title: "The code that did it", view: code, column: "right" },
  { name: "diagnoses", title: "What to watch", view: diagnoses, column: "right" },
  { name: "operations", title: "Every operation", view: operations, column: "left" },
  { name: "graph", title: "The network", view: graph, column: "left" },
];

/** Show a trace, the object that its JSON gives or the promise of it, within an element. `address`: the page's address says the
 *  place, too. Returns what takes it away again. */
export async function mount(element, json, { address = false } = {}) {
  element.classList.add("tinyxm-step");
  try {
    const given = await json;
    const trace = await (isFilm(given) ? openFilm(given) : openTrace(given));
    const end =
      trace.frames && !trace.alike ? showUnlike(element, trace, address) : show(element, new Store(trace), address);
    element.dataset.ready = "true";
    performance.mark("tinyxm-step ready");
    return end;
  } catch (error) {
    fill(element, make("p", { class: "failure", role: "alert" }, `This trace can't be shown. ${error.message}`));
    return () => fill(element);
  }
}

/** The whole of one store's trace; `note` stands in its head. */
function show(element, store, address, note = null) {
  fill(element, header(store, store.trace, note), columns(store, store.trace));
  const endings = [bindKeys(element, store, { everywhere: address })];
  if (address) endings.push(bindAddress(store, element.dataset.at));
  return () => {
    for (const end of endings) end();
    fill(element);
  };
}

/** A film of steps that aren't alike: each by itself, and a choice of them. */
function showUnlike(element, { frames, called, title }, address) {
  const select = make(
    "select",
    { onchange: () => change(Number(select.value)) },
    ...called.map((name, i) => make("option", { value: i }, name)),
  );
  const note = make(
    "p",
    { class: "unlike" },
    make("label", {}, `${title}: these steps aren't alike, so each is shown by itself. Show `, select),
  );
  let end = null;
  const change = (frame) => {
    const focused = document.activeElement === select;
    end?.();
    end = show(element, new Store(frames[frame]), address, note);
    if (focused) select.focus();
  };
  change(0);
  return () => end();
}

function header(store, trace, note) {
  const place = (view) => {
    const element = make("div", { class: view.name });
    return view(element, store, trace) === false ? null : element;
  };
  const title = make(
    "div",
    { class: "title" },
    make("h1", { title: trace.title }, trace.title),
    make("div", { class: "theme" }),
  );
  theme(title.lastChild);
  const controls = make("div", { class: "controls" }, title, ...[transport, follow].map(place)); // stays in sight
  return make("header", {}, controls, note, kept(trace), ...[film, phases, story].map(place));
}

function kept({ kept }) {
  if (!kept) return null;
  const samples = `${kept.samples.length} of the ${kept.of} samples of each batch`;
  return make(
    "p",
    { class: "kept" },
    `This step is large: of arrays with a batch, the numbers of ${samples} are kept here. Their statistics are of all.`,
  );
}

function columns(store, trace) {
  const found = { middle: [], right: [], left: [] };
  for (const { name, title, view, column } of PANELS) {
    const id = unique(name);
    const body = make("div", { class: `body ${name}` });
    if (view(body, store, trace) === false) continue;
    const folded = make("details", { open: true }, make("summary", {}, make("h2", { id }, title)), body);
    found[column].push(make("section", { class: "panel", "aria-labelledby": id, "data-panel": name }, folded));
  }
  return make(
    "main",
    {},
    ...Object.entries(found).map(([name, panels]) => make("div", { class: `column ${name}` }, ...panels)),
  );
}

/** For anywidget: the trace is the model's "trace". */
async function render({ model, el }) {
  return mount(el, model.get("trace"));
}

export default { render };

// In a page of its own the trace stands beside, packed.
const beside = globalThis.document?.getElementById("tinyxm-trace");
if (beside) {
  const json = unpack(JSON.parse(beside.textContent));
  mount(document.getElementById("tinyxm-step"), json, { address: true });
}
