// What a step shows to be wrong, or worth a look: the numbers, what to do, and where it's seen.

import { fill, make } from "../dom.js";

export function diagnoses(element, store, trace) {
  const found = trace.diagnoses;
  if (!found) return false;
  if (!found.length) {
    fill(
      element,
      make(
        "p",
        {},
        "Nothing stands out in this step: every number is finite, no unit is dead, the weights move by a usual share of their size, and gradients neither vanish nor explode.",
      ),
    );
    return true;
  }
  const items = found.map(({ name, sign, mend, operation }) => {
    const go =
      operation === null || !trace.operations[operation]
        ? null
        : make(
            "button",
            { type: "button", onclick: () => store.set({ op: operation, playing: false }) },
            `Show it: ${operation + 1}, ${trace.operations[operation].name}`,
          );
    return make("li", {}, make("strong", {}, `${title(name)}: `), `${sign}.`, make("p", { class: "quiet" }, `${mend}.`), go);
  });
  fill(element, make("ul", {}, ...items));
  store.subscribe(({ op }) => {
    found.forEach(({ operation }, i) => items[i].classList.toggle("present", operation === op));
  });
  return true;
}

const title = (name) => {
  const words = String(name).replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
};
