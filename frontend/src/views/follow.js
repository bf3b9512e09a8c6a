// One weight that is followed: a button to each station of its way through the step, with its number there.

import { fill, make } from "../dom.js";
import { goTo, isFollowed, lookAt, reached, stations, toStation, updateName } from "../follow.js";
import { brief, placeText } from "../numbers.js";

/** A button that follows the weight that `which()` gives, and tells whether it is followed. */
export function followButton(store, which) {
  const button = make("button", { type: "button", class: "follows" });
  button.addEventListener("click", () => {
    const weight = which();
    if (weight) store.followWeight(isFollowed(store, weight) ? null : weight, store.state.op);
  });
  const tell = () => {
    const weight = which();
    const on = weight !== null && isFollowed(store, weight);
    button.hidden = weight === null;
    button.setAttribute("aria-pressed", String(on));
    button.textContent = on ? "◉ followed" : "◎ follow this weight";
  };
  return { button, tell };
}

export function follow(element, store, trace) {
  if (!trace.updates.length) return false;
  const name = make("strong", { class: "numbers" });
  const way = make("ol", { "aria-label": "its stations" });
  const said = make("p", { "aria-live": "polite" });
  const next = make("button", { type: "button", class: "on", onclick: () => toStation(store, 1) }, "next ▸");
  const stop = make("button", { type: "button", class: "stop", onclick: () => store.followWeight(null) }, "✕ stop");
  next.title = "on to its next station (f)";
  stop.title = stop.ariaLabel = "stop following this weight";
  const all = make("button", { type: "button", class: "all", "aria-expanded": "false" }, "▾"); // where there is little room
  all.title = all.ariaLabel = "its stations";
  all.addEventListener("click", () => {
    const open = element.classList.toggle("open");
    all.setAttribute("aria-expanded", String(open));
    all.textContent = open ? "▴" : "▾";
  });
  const buttons = make("span", { class: "buttons" }, all, next, stop);
  const row = make("div", { class: "top" }, make("span", { class: "whose" }, "You follow ", name), said, buttons);
  fill(element, row, way);
  let list = [];
  store.subscribe(({ op, weight }, changed) => {
    element.hidden = weight === null;
    if (weight === null) return;
    if (changed.has("weight") || changed.has("frame")) {
      list = stations(trace, weight);
      const [i, ...cell] = weight;
      name.textContent = `${updateName(trace, i)}${placeText(cell)}`;
      fill(way, ...list.map((station) => make("li", {}, buttonOf(station, store))));
    }
    if (!(changed.has("op") || changed.has("weight") || changed.has("frame"))) return;
    const at = reached(list, op);
    [...way.children].forEach(({ firstChild }, k) => {
      firstChild.classList.toggle("passed", k <= at);
      if (k === at && list[k].op === op) firstChild.setAttribute("aria-current", "step");
      else firstChild.removeAttribute("aria-current");
    });
    next.setAttribute("aria-disabled", String(at === list.length - 1));
    said.textContent = list[at]?.op === op ? SAID[list[at].name](list, list[at]) : between(store, list, at);
  });
  return true;
}

function buttonOf(station, store) {
  const number = make("span", { class: "numbers", title: String(station.number) }, brief(station.number));
  return make(
    "button",
    { type: "button", onclick: () => goTo(store, station) },
    make("span", {}, station.name),
    " ",
    number,
  );
}

const numberOf = (list, name) => list.find((station) => station.name === name)?.number;

/** What each station says to someone who sees it for the first time. */
const SAID = {
  forward: (list) =>
    `It is ${brief(numberOf(list, "forward"))} in this step. Here it takes part in the network's answer: below, where this number comes from, it is marked ◉.`,
  gradient: (list) => {
    const g = numberOf(list, "gradient");
    if (!Number.isFinite(g)) return "Its gradient isn't a number, so nothing can be learned from it.";
    if (g === 0) return "Its gradient is 0: in this step the loss doesn't depend on it.";
    return `If it grew by a little, the loss would ${g > 0 ? "grow" : "fall"} by ${brief(Math.abs(g))} times as much. Below it stands where that comes from.`;
  },
  clipped: (_, { before, number }) =>
    before === number
      ? "Nothing is cut off: the gradients aren't over the limit."
      : `The gradients were over the limit, so of ${brief(before)} ${brief(number)} is left.`,
  changed: (_, { before, number }) =>
    `Your own code changed its gradient before it was used: of ${brief(before)} it made ${brief(number)}.`,
  moments: (list) =>
    `The optimizer mixes this gradient with what it remembers of earlier ones. Its memory is now ${brief(numberOf(list, "moments"))}.`,
  step: (list) => {
    const step = numberOf(list, "step");
    return `It moves by ${brief(step)}: ${step === 0 ? "it stays" : step < 0 ? "down" : "up"}. Below it stands line by line how that is computed.`;
  },
  "new value": (list) => {
    const [before, after] = [numberOf(list, "forward"), numberOf(list, "new value")];
    return `It ${before === undefined ? "is" : `was ${brief(before)}, now it is`} ${brief(after, 6)}. The next step begins with that.`;
  },
};

function between(store, list, at) {
  const { trace, operation, state } = store;
  const { value } = lookAt(trace, state.weight, operation);
  const next = list[at + 1];
  const on = next ? ` Its next station is “${next.name}”: key f, or next.` : "";
  if (value === operation.result) return `It takes part here, too.${on}`;
  return `This operation isn't about it; here is what it has come to so far.${on}`;
}
