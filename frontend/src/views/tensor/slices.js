// Of an array with more than two axes: which two are shown, and where on each of the others.

import { fill, make } from "../../dom.js";

export function drawSlices(place, { names, slice, numbers, move, turn }) {
  const focused = place.contains(document.activeElement) ? document.activeElement.dataset.does : null;
  const others = numbers.shape
    .map((n, axis) => [axis, n])
    .filter(([axis, n]) => n > 1 && axis !== slice.rows && axis !== slice.columns);
  const steppers = others.map(([axis, n]) => stepper(names[axis], slice.fixed[axis], n, (k) => move(axis, k)));
  fill(place, ...steppers, numbers.shape.length > 2 ? choice(names, slice, turn) : null);
  if (focused) [...place.querySelectorAll("[data-does]")].find((one) => one.dataset.does === focused)?.focus();
  place.hidden = !place.childNodes.length;
}

/** Buttons to the place before and the next on an axis. */
export function stepper(name, at, n, go) {
  const button = (by, text) => {
    const to = at + by,
      within = to >= 0 && to < n,
      does = `${by < 0 ? "previous" : "next"} ${name}`;
    return make(
      "button",
      {
        type: "button",
        "aria-label": does,
        "data-does": does,
        "aria-disabled": String(!within),
        onclick: () => within && go(to),
      },
      text,
    );
  };
  return make(
    "span",
    { class: "stepper", role: "group", "aria-label": name },
    button(-1, "−"),
    make("span", {}, `${name} ${at} (0 to ${n - 1})`),
    button(1, "+"),
  );
}

function choice(names, slice, turn) {
  const pick = (label, which, other) => {
    const options = names.map((name, axis) => make("option", { value: axis, selected: axis === slice[which] }, name));
    const change = (event) => {
      const axis = Number(event.target.value);
      turn(axis === slice[other] ? { [which]: axis, [other]: slice[which] } : { [which]: axis });
    };
    return make("label", {}, `${label} `, make("select", { "data-does": label, onchange: change }, ...options));
  };
  return make("span", { class: "axes" }, pick("down:", "rows", "columns"), pick("across:", "columns", "rows"));
}
