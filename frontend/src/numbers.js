// How numbers are written. A trace has NaN and the infinities as texts; a reader gets NaN, ∞ and −∞.

const MINUS = "−";

/** What JSON gave, as a number: "NaN", "Infinity" and "-Infinity" are texts there. */
export const number = (x) => (typeof x === "string" ? Number(x) : x);

/** With a true minus sign, and the infinities by their sign. */
function signed(text) {
  return text.replace("Infinity", "∞").replaceAll("-", MINUS);
}

/** To so many significant digits: for reading, not for computing. */
export function brief(x, digits = 4) {
  if (x === null || x === undefined) return "";
  if (typeof x === "boolean") return String(x);
  if (!Number.isFinite(x)) return signed(String(x));
  if (Number.isInteger(x) && Math.abs(x) < 1e6) return signed(String(x));
  const size = Math.abs(x);
  if (size !== 0 && (size < 1e-4 || size >= 1e6)) {
    const [mantissa, exponent] = x.toExponential(digits - 1).split("e");
    return signed(`${Number(mantissa)}e${Number(exponent)}`);
  }
  return signed(String(Number(x.toPrecision(digits))));
}

/** The shortest text that reads back as the same number of this dtype, as NumPy prints it. */
export function exact(x, dtype = "float64") {
  if (dtype === "bool") return x ? "True" : "False";
  if (!Number.isFinite(x)) return signed(String(x));
  if (dtype === "float32") {
    for (let digits = 1; digits < 10; digits++) {
      const text = Number(x.toPrecision(digits));
      if (Math.fround(text) === x) return signed(String(text));
    }
  }
  return signed(Object.is(x, -0) ? "-0" : String(x));
}

/** A number of an array as a reader wants it: six digits of a fraction, all of a whole number. */
export const shown = (x, dtype, digits = 6) => (dtype.startsWith("float") ? brief(x, digits) : exact(x, dtype));

/** (4, 2) as 4 × 2; of a single number "one number". */
export const shapeText = (shape) => (shape.length ? shape.join(" × ") : "one number");

/** The same where there is little room; nothing for a single number. */
export const shortShape = (shape) => shape.join("×");

/** A place, as it's written after a name: [3, 5]. */
export const placeText = (cell) => (cell.length ? `[${cell.join(", ")}]` : "");

/** 1234567 as 1.23 million; below a million every digit. */
export function count(n) {
  for (const [size, word] of [
    [1e9, "billion"],
    [1e6, "million"],
  ]) {
    if (n >= size) return `${Number((n / size).toPrecision(3))} ${word}`;
  }
  return n.toLocaleString("en");
}

/** Seconds, in the unit that suits. */
export function duration(seconds) {
  if (seconds >= 1) return `${brief(seconds, 3)} s`;
  return seconds >= 1e-3 ? `${brief(seconds * 1e3, 3)} ms` : `${brief(seconds * 1e6, 3)} µs`;
}
