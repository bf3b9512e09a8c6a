// The steps of a film: a slider over them, how the loss went, and how the number that one looks at did.

import { scaleLinear } from "d3-scale";
import { line } from "d3-shape";
import { draw, fill, make } from "../dom.js";
import { exampleIn } from "../follow.js";
import { brief, placeText } from "../numbers.js";

const [WIDTH, HEIGHT, MARGIN] = [120, 40, 6];

export function film(element, store, trace) {
  if (!trace.frames) return false;
  const { frames, at, called } = trace;
  const last = frames.length - 1;
  const go = (frame) => store.set({ frame: Math.min(Math.max(frame, 0), last) });
  const slider = make("input", {
    type: "range",
    min: 0,
    max: last,
    "aria-label": "step of the training",
    oninput: () => go(Number(slider.value)),
  });
  const button = (sign, label, by) =>
    make(
      "button",
      { type: "button", title: label, "aria-label": label, onclick: () => go(store.state.frame + by) },
      sign,
    );
  const place = make("output", { class: "place" });
  const charts = make("div", { class: "charts" });
  const steps = make("div", { class: "steps", role: "group", "aria-label": "Steps of the training" });
  fill(
    steps,
    button("◀◀", "the step before (shift and left arrow)", -1),
    button("▶▶", "the step after (shift and right arrow)", 1),
    slider,
    place,
  );
  fill(element, steps, charts);
  store.subscribe(({ frame }, changed) => {
    if (changed.has("frame")) {
      slider.value = frame;
      place.textContent = `${called[frame]} (${frame + 1} of ${last + 1} recorded)`;
      slider.setAttribute("aria-valuetext", place.textContent);
    }
    if (!["frame", "op", "value", "cell"].some((key) => changed.has(key))) return;
    fill(charts, chart("loss", trace.loss, [], frame), followed(store, frame));
  });

  /** The number that one looks at, or the largest of its array, in every step. */
  function followed({ value, state }, frame) {
    if (value === null) return null;
    const cell = state.cell ?? exampleIn(trace, value);
    return cell && chart(`${trace.values[value].name}${placeText(cell)}`, value, cell, frame);
  }

  function chart(name, value, cell, frame) {
    if (value === null || value === undefined) return null;
    const numbers = frames.map((one) => (one.array(value).has(cell) ? Number(one.array(value).get(cell)) : NaN));
    const finite = numbers.filter(Number.isFinite);
    const [low, high] = finite.length ? [Math.min(...finite), Math.max(...finite)] : [0, 1];
    const x = scaleLinear([at[0], at[last] === at[0] ? at[0] + 1 : at[last]], [MARGIN, WIDTH - MARGIN]);
    const y = scaleLinear(low === high ? [low - 1, high + 1] : [low, high], [HEIGHT - MARGIN, MARGIN]);
    const path = line(
      (_, i) => x(at[i]),
      (number) => y(number),
    ).defined(Number.isFinite)(numbers);
    const here = Number.isFinite(numbers[frame])
      ? draw("circle", { cx: x(at[frame]), cy: y(numbers[frame]), r: 4.5 })
      : null;
    const text = `${brief(numbers[0])} → ${brief(numbers[last])}`;
    const told = `${name} over the steps, from ${brief(numbers[0])} to ${brief(numbers[last])}; in ${called[frame]} it is ${brief(numbers[frame])}`;
    return make(
      "figure",
      {},
      make(
        "figcaption",
        {},
        make("strong", {}, name),
        ` ${text}; here `,
        make("span", { class: "numbers" }, brief(numbers[frame])),
      ),
      draw(
        "svg",
        { width: WIDTH, height: HEIGHT, viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": told },
        draw("path", { d: path ?? "" }),
        here,
      ),
    );
  }
}
