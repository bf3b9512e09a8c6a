import assert from "node:assert/strict";
import { test } from "node:test";
import { argumentLines, bodyLines, pythonLines, splitRule } from "../src/python.js";

const SOURCE = `@primitive(
    x=lambda g, w: matmul(g, w.T),
    w=lambda g, x: matmul(
        x.T, g),
)
def linear(x, w):
    """y = x W

    of all rows
    """
    return x @ w  # "no text"`;

test("nothing of a source is lost or added", () => {
  for (const source of [
    SOURCE,
    "",
    '"""not closed',
    "x = 'it''s' # </script>",
    "f'{x:.3f}' r\"\\\\\"\n\n1_000 .5e-3",
  ]) {
    assert.equal(
      pythonLines(source)
        .map((line) => line.map(({ text }) => text).join(""))
        .join("\n"),
      source,
    );
  }
});

test("comments, texts, keywords and numbers are told apart", () => {
  const kinds = pythonLines("def f(x):\n    return 'def' + x1 * 2.5  # not in")
    .flat()
    .filter(({ kind }) => kind)
    .map(({ kind, text }) => [kind, text]);
  assert.deepEqual(kinds, [
    ["keyword", "def"],
    ["keyword", "return"],
    ["text", "'def'"],
    ["number", "2.5"],
    ["comment", "# not in"],
  ]);
});

test("a docstring is one text, to its own end", () => {
  const kinds = pythonLines(`def f():
    """From g, and what doesn't agree,

    for each.
    """
    return 1`)
    .flat()
    .filter(({ kind }) => kind !== "")
    .map(({ kind }) => kind);
  assert.deepEqual(kinds, ["keyword", "text", "text", "text", "keyword", "number"]);
});

test("a rule comes apart into its adjoints and its function", () => {
  const { adjoints, forward } = splitRule(SOURCE);
  assert.deepEqual(argumentLines(adjoints, "x"), [1, 1]);
  assert.deepEqual(argumentLines(adjoints, "w"), [2, 3]);
  assert.equal(argumentLines(adjoints, "bias"), null);
  assert.equal(forward.split("\n")[0], "def linear(x, w):");
  assert.deepEqual(bodyLines(forward), [5, 5]);
  assert.deepEqual(bodyLines("def f(\n    x,\n) -> None:\n    x += 1\n    x -= 1"), [3, 4]);
});
