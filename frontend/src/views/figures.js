// Formulas with their numbers in place of names; a number that came from somewhere is a button that goes there.

import { make } from "../dom.js";
import { brief, placeText } from "../numbers.js";

export const nameOf = (ref) => `${ref.name}${ref.cell ? placeText(ref.cell) : ""}`;

/** The parts of a formula (derive/terms.js), a negative number in brackets where an operator stands beside it; `followed` tells of
 *  a part whether it's the weight that is followed, which is marked. */
export function figures(parts, goTo, trace, followed = () => false) {
  return parts.map((part, i) => {
    if (typeof part === "string") return part;
    const x = typeof part === "object" ? part.number : part;
    const beside = /[·/+−^(²³]\s*$/.test(text(parts[i - 1])) && !/\(\s*$/.test(text(parts[i - 1]));
    const behind = /^\s*[²³^]/.test(text(parts[i + 1]));
    const shown =
      typeof part === "object"
        ? operand(part, goTo, trace, followed(part))
        : make("span", { class: "numbers", title: String(part) }, brief(part));
    return x < 0 && (beside || behind) ? ["(", shown, ")"] : shown;
  });
}

const text = (part) => (typeof part === "string" ? part : "");

function operand(ref, goTo, trace, followed) {
  const name = nameOf(ref),
    truth = ref.value !== null && trace.values[ref.value]?.dtype === "bool";
  const shown = ref.number === null ? ref.name : truth ? (ref.number ? "True" : "False") : brief(ref.number);
  if (ref.value === null || ref.value === undefined) return make("span", { class: "numbers", title: name }, shown);
  const label = `${name}, ${shown}: go to where it comes from`;
  return make(
    "button",
    {
      type: "button",
      class: followed ? "operand followed" : "operand",
      title: `${name}: go to where it comes from`,
      "aria-label": label,
      onclick: () => goTo(ref),
    },
    followed ? `◉ ${shown}` : shown,
  );
}
