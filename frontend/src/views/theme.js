// Light or dark: as the system has it, until the reader chooses.

import { make } from "../dom.js";

const CHOICES = [
  ["", "as the system"],
  ["light", "light"],
  ["dark", "dark"],
];

export function theme(element) {
  const select = make(
    "select",
    {
      onchange: () => {
        const root = element.closest(".tinyxm-step");
        if (select.value) root.dataset.theme = select.value;
        else delete root.dataset.theme;
      },
    },
    ...CHOICES.map(([value, text]) => make("option", { value }, text)),
  );
  element.append(make("label", {}, make("span", {}, "Colours "), select));
}
