// What a step shows to be wrong, or worth a look: the numbers, what to do, and where it's seen.

import { fill, make } from "../dom.js";

export function diagnoses(element, store, trace) {
  if (!trace.diagnoses) return false;
  let items = [];
  store.subscribe(({ op }, changed) => {
    if (changed.has("frame")) {
      items = trace.diagnoses.map((diagnosis) => ({ ...diagnosis, item: itemOf(diagnosis, store) }));
      fill(element, items.length ? make("ul", {}, ...items.map(({ item }) => item)) : make("p", {}, nothingOf(trace)));
    }
    for (const { operation, item } of items) item.classList.toggle("present", operation === op);
  });
  return true;
}

/** What was looked at where nothing stands out, and that alone. */
export function nothingOf({ fine = [] }) {
  if (!fine.length) return "Nothing could be looked at in this step.";
  const told = fine.length > 1 ? `${fine.slice(0, -1).join(", ")} and ${fine.at(-1)}` : fine[0];
  return `Nothing stands out of what was looked at: ${told}.`;
}

function itemOf({ name, sign, mend, operation }, store) {
  const at = store.trace.operations[operation];
  const go = at
    ? make(
        "button",
        { type: "button", onclick: () => store.set({ op: operation, playing: false }) },
        `Show it: ${operation}, ${at.name}`,
      )
    : null;
  return make(
    "li",
    {},
    make("strong", {}, `${title(name)}: `),
    `${sign}.`,
    make("p", { class: "quiet" }, `${mend}.`),
    go,
  );
}

const title = (name) => {
  const words = String(name).replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
};
