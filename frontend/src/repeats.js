// What a step runs over and over (tinyxm/steps/repeats.py finds it): {first, last, starts, module}, `starts` the first
// operation of each time. The list of operations and the network fold it.

export const holds = ({ first, last }, op) => first <= op && op <= last;

/** The repetition that an operation belongs to; null where to none. */
export const repeatAt = (trace, op) => trace.repeats.find((repeat) => holds(repeat, op)) ?? null;

/** Which time it is, counted from 0, that an operation of a repetition belongs to. */
export const timeAt = ({ starts }, op) => starts.findLastIndex((start) => start <= op);

/** The operations of one time, from … to (excluded). */
export const timeSpan = ({ starts, last }, time) => [starts[time], starts[time + 1] ?? last + 1];

/** The operation behind the repetition that one is in, or (-1) the one before it; null where one is in none, or there is none. */
export function beyond(trace, op, by) {
  const repeat = repeatAt(trace, op);
  const next = repeat && (by > 0 ? repeat.last + 1 : repeat.first - 1);
  return trace.operations[next] ? next : null;
}

/** "62 times" */
export const timesTold = ({ starts }) => `${starts.length} times`;

/** "the 17th of 62 times" */
export const placeTold = (repeat, op) => `the ${ordinal(timeAt(repeat, op) + 1)} of ${timesTold(repeat)}`;

/** 1st, 2nd, 3rd, 4th, … */
function ordinal(n) {
  const ending = n % 100 > 10 && n % 100 < 14 ? "th" : ({ 1: "st", 2: "nd", 3: "rd" }[n % 10] ?? "th");
  return `${n}${ending}`;
}

/** "11 operations each"; nothing where it's one. */
export function eachTold(repeat) {
  const sizes = repeat.starts.map((_, time) => timeSpan(repeat, time)).map(([from, to]) => to - from);
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)];
  if (most === 1) return "";
  return `${least === most ? most : `${least} to ${most}`} operations each`;
}

const NAMED = 4; // operations

/** What runs: the names of the operations of one time, that in the middle. */
export function operationsTold(repeat, trace) {
  const [from, to] = timeSpan(repeat, Math.floor(repeat.starts.length / 2));
  const names = [...new Set(trace.operations.slice(from, to).map(({ name }) => name))];
  return [...names.slice(0, NAMED), ...(names.length > NAMED ? ["…"] : [])].join(", ");
}

/** What runs, by its layer, or else its operations. */
export function whatTold(repeat, trace) {
  const one = repeat.last - repeat.first + 1 === repeat.starts.length; // operation each time
  return repeat.module && !one ? repeat.module : operationsTold(repeat, trace);
}
