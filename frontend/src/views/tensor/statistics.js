// Exact statistics of a value, and how its numbers are spread.

import { draw, make } from "../../dom.js";
import { brief, count, number } from "../../numbers.js";

/** What is shown of them; `x` is the number that is looked at, or null. */
export function statistics({ statistics: s, shape }, x) {
  const size = shape.reduce((n, k) => n * k, 1);
  if (!size) return [make("p", {}, "It's empty: there are no numbers.")];
  if (size === 1) return [];
  const measures = ["least", "greatest", "mean", "deviation", "norm"].filter((name) => s[name] !== undefined);
  const told = [
    ...measures.map((name) => [name, brief(number(s[name]))]),
    ...(s.zeros ? [["zeros", `${count(s.zeros)} of ${count(size)}`]] : []),
  ];
  const list = told.map(([name, text]) =>
    make("div", {}, make("dt", {}, name), make("dd", { class: "numbers" }, text)),
  );
  return [warning(s, size), s.histogram && size >= SEVERAL ? histogram(s, x) : null, make("dl", {}, ...list)];
}

function warning({ nan, infinite }, size) {
  const told = [
    nan ? `${count(nan)} NaN (not a number)` : null,
    infinite ? `${count(infinite)} infinite` : null,
  ].filter(Boolean);
  return told.length ? make("p", { class: "warning" }, `⚠ ${told.join(" and ")}, of ${count(size)}`) : null;
}

const SEVERAL = 16; // numbers of which it's worth a drawing how they are spread
const [WIDE, HIGH] = [240, 52];

function histogram({ histogram: bins, least, greatest }, x) {
  const [low, high] = [number(least), number(greatest)],
    most = Math.max(...bins),
    wide = WIDE / bins.length;
  const own =
    x === null || !Number.isFinite(x)
      ? -1
      : Math.min(bins.length - 1, Math.floor(((x - low) / (high - low)) * bins.length));
  const bars = bins.map((n, i) => {
    const height = n ? Math.max(1.5, (n / most) * (HIGH - 4)) : 0;
    const side = low + ((i + 0.5) / bins.length) * (high - low) < 0 ? "low" : "high";
    return draw("rect", {
      x: i * wide + 1,
      y: HIGH - height,
      width: wide - 2,
      height,
      class: i === own ? "own" : side,
    });
  });
  const zero = low < 0 && high > 0 ? (-low / (high - low)) * WIDE : null;
  const line = zero === null ? null : draw("line", { x1: zero, x2: zero, y1: 0, y2: HIGH });
  const label = `How the numbers are spread between ${brief(low)} and ${brief(high)}: at most ${count(most)} in one of ${bins.length} bins`;
  const caption = [brief(low), "how many lie where", brief(high)].map((text) => make("span", {}, text));
  return make(
    "figure",
    {},
    draw(
      "svg",
      { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": label, preserveAspectRatio: "none" },
      line,
      ...bars,
    ),
    make("figcaption", { class: "quiet" }, ...caption),
  );
}
