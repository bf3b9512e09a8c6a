import assert from "node:assert/strict";
import test from "node:test";
import { checkText } from "../src/sentences.js";
import { nothingOf } from "../src/views/diagnoses.js";

test("a check says what it found", () => {
  const agreed = checkText({ gradient: 0.5, difference: 0.5, error: 1e-9, sides: null });
  assert.ok(agreed.fine && agreed.text.startsWith("Checked: "), agreed.text);
  const wrong = checkText({ gradient: 0.7, difference: 0.5, error: 0.3, sides: null });
  assert.ok(!wrong.fine && wrong.text.startsWith("Checked, and it doesn't agree: "), wrong.text);
});

test("at a kink a gradient between the two slopes is right, and another isn't", () => {
  const sides = [0.224, 0.511];
  const between = checkText({ gradient: 0.511, difference: 0.3675, error: 0, sides });
  assert.ok(between.fine && between.text.includes("its slope is 0.224, a little larger 0.511"), between.text);
  const beyond = checkText({ gradient: 0.9, difference: 0.3675, error: 0.4, sides });
  assert.ok(!beyond.fine && beyond.text.includes("isn't between"), beyond.text);
});

test("what isn't a number can't be checked, and isn't called wrong", () => {
  for (const [gradient, difference] of [
    ["NaN", "NaN"],
    [0.5, "NaN"],
    ["Infinity", 1],
  ]) {
    const { fine, text } = checkText({ gradient, difference, error: "NaN", sides: null });
    assert.ok(!fine && text.startsWith("It can't be checked") && !text.includes("agree"), text);
  }
});

test("what stands out nowhere is said of what was looked at alone", () => {
  assert.equal(nothingOf({ fine: [] }), "Nothing could be looked at in this step.");
  assert.equal(nothingOf({}), nothingOf({ fine: [] }));
  const told = nothingOf({ fine: ["every number is finite", "no unit is dead", "the weights move"] });
  assert.equal(
    told,
    "Nothing stands out of what was looked at: every number is finite, no unit is dead and the weights move.",
  );
});
