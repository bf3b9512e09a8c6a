// Sliders that move the settings of an update: what if the learning rate had been another?

import { fill, make, unique } from "../../dom.js";
import { brief } from "../../numbers.js";

const END = 1000; // a slider goes from 0 to here

// How a slider's place k becomes a setting. A rate is moved by factors, the recorded one in the middle; a memory β by its
// reach 1 / (1 − β), from none to ten thousand steps; a limit that isn't there is at the right end.
const rate = (times) => (recorded) => ({ start: END / 2, value: (k) => recorded * times ** ((2 * k) / END - 1) });
const memory = (recorded) => ({
  start: Math.round((-Math.log10(1 - recorded) * END) / 4),
  value: (k) => 1 - 10 ** ((-4 * k) / END),
});
const share = (recorded) => ({ start: Math.round(recorded * END), value: (k) => k / END });
const below = (norm) => ({ start: END, value: (k) => norm * 100 ** (k / END - 1) });

const SLIDERS = [
  { key: "lr", name: "learning rate η", scale: (recorded) => (recorded > 0 ? rate(100) : share)(recorded) },
  { key: "limit", name: "clip limit", scale: rate(30) },
  { key: "momentum", name: "momentum μ", scale: memory },
  { key: "beta1", name: "β₁, memory of gradients", scale: memory },
  { key: "beta2", name: "β₂, memory of squares", scale: memory },
  { key: "alpha", name: "α, memory of squares", scale: memory },
  { key: "rho", name: "ρ, memory of squares", scale: memory },
  { key: "weight_decay", name: "weight decay λ", scale: share },
];

/**
 * Draw a slider for each setting that this update has. `what` holds those that the reader moved; `changed()` is called after
 * it changes. Where nothing was clipped, `norm`, that of all gradients, bounds a limit that could have been.
 */
export function drawSliders(place, { settings, clip, norm, what, changed }) {
  const recorded = { ...settings, beta1: settings.betas?.[0], beta2: settings.betas?.[1], limit: clip?.limit };
  if (!settings.momentum) delete recorded.momentum;
  const made = SLIDERS.filter(({ key }) => typeof recorded[key] === "number").map(({ key, name, scale }) =>
    slider(name, recorded[key], scale(recorded[key]), (x) => set(key, x)),
  );
  if (!clip && norm > 0)
    made.splice(
      1,
      0,
      slider("clip limit", null, below(norm), (x) => set("limit", x)),
    );
  const set = (key, x) => {
    if (x === null) delete what[key];
    else what[key] = x;
    reset.hidden = !Object.keys(what).length;
    changed();
  };
  const back = () => {
    for (const key of Object.keys(what)) delete what[key];
    for (const one of made) one.back();
    reset.hidden = true;
    changed();
    made[0]?.input.focus();
  };
  const reset = make(
    "button",
    { type: "button", class: "reset", hidden: true, onclick: back },
    "back to what was recorded",
  );
  fill(place, make("legend", {}, "What if …"), ...made.map(({ row }) => row), reset);
}

function slider(name, recorded, { start, value }, set) {
  const id = unique("slider");
  const output = make("output", { for: id, class: "numbers" });
  const input = make("input", { id, type: "range", min: 0, max: END });
  const tell = (x) => {
    output.textContent = x === null ? "off" : brief(x);
    output.title = x === null ? "" : String(x);
    input.setAttribute("aria-valuetext", output.textContent);
  };
  const back = () => {
    input.value = start;
    tell(recorded);
  };
  input.addEventListener("input", () => {
    const k = Number(input.value),
      moved = k !== start;
    tell(moved ? value(k) : recorded);
    set(moved ? value(k) : null);
  });
  back();
  return { row: make("div", { class: "slider" }, make("label", { for: id }, name), input, output), input, back };
}
