// Attention: Y = P V, P = softmax(scale · Q Kᵀ), and what goes back to queries, keys and values.

import { constant, Stage, sumOf } from "./terms.js";

const range = (n) => Array.from({ length: n }, (_, i) => i);

/** The shares P of one query over the keys, and its scores. */
function shares({ q, k, mask }, { causal, scale }, batch, i) {
  const scores = range(k.shape.at(-2)).map((j) => {
    const allowed = (!causal || j <= i) && (!mask?.under || mask.under([...batch, i, j]).number);
    if (!allowed) return -Infinity;
    return (
      scale *
      range(q.shape.at(-1)).reduce(
        (sum, n) => sum + q.under([...batch, i, n]).number * k.under([...batch, j, n]).number,
        0,
      )
    );
  });
  const largest = Math.max(...scores.filter((x) => !(x === -Infinity)), -Infinity);
  const e = scores.map((x) => (x === -Infinity ? 0 : Math.exp(x - largest)));
  const total = e.reduce((a, b) => a + b, 0);
  return { scores, shares: e.map((x) => (total > 0 ? x / total : 0)) };
}

const attentionSettings = ({ op, operands }) => ({
  causal: Boolean(op.static?.causal ?? operands.causal?.plain ?? operands.causal),
  scale: Number(op.static?.scale ?? operands.scale?.plain ?? operands.scale),
});

export function attention(about) {
  const { operands, cell } = about,
    { v } = operands,
    how = attentionSettings(about);
  const batch = cell.slice(0, -2),
    [i, c] = cell.slice(-2);
  const found = shares(operands, how, batch, i);
  const agree = new Stage(
    "list",
    `First: how well does query ${i} agree with each key? The sum of their products, times the scale ${how.scale}; a softmax makes shares of these scores.`,
  );
  found.scores.forEach((score, j) => agree.add(found.shares[j], () => [`key ${j}: score `, score, ", share "]));
  return {
    formula: "y = Σ over keys j of p[j] · v[j], p = softmax(scale · q · k[j])",
    stages: [
      agree,
      sumOf(
        "Then: the values, each by its key's share.",
        found.shares.map((share, j) => [constant(`p[${j}]`, share), v.under([...batch, j, c])]),
      ),
    ],
  };
}

export function attentionAdjoint(about) {
  const { op, operands, cell } = about,
    { g, q, k, v } = operands,
    how = attentionSettings(about),
    input = op.name.split(".")[1];
  const batch = cell.slice(0, -2),
    [row, column] = cell.slice(-2);
  const queries = range(q.shape.at(-2)),
    keys = range(k.shape.at(-2)),
    width = range(v.shape.at(-1));
  const slopes = (i) => {
    const p = shares(operands, how, batch, i).shares;
    const d = keys.map((j) =>
      width.reduce((sum, c) => sum + g.under([...batch, i, c]).number * v.under([...batch, j, c]).number, 0),
    );
    const mean = p.reduce((sum, share, j) => sum + share * d[j], 0);
    return p.map((share, j) => how.scale * share * (d[j] - mean));
  };
  if (input === "v") {
    return {
      formula: "∂v[j] = Σ over queries i of p[i, j] · g[i]",
      stages: [
        sumOf(
          `Value ${row} went to every query, by the share that the query gave to its key. Each sends its gradient back, times that share.`,
          queries.map((i) => [
            constant(`p[${i}, ${row}]`, shares(operands, how, batch, i).shares[row]),
            g.under([...batch, i, column]),
          ]),
        ),
      ],
    };
  }
  if (input === "q") {
    const s = slopes(row);
    return {
      formula: "∂q[i] = Σ over keys j of s[i, j] · k[j], s = scale · p · (g · v[j] − their mean by p)",
      stages: [
        sumOf(
          `How the loss moves with each of query ${row}'s scores, times the key that the score was made with.`,
          keys.map((j) => [constant(`s[${row}, ${j}]`, s[j]), k.under([...batch, j, column])]),
        ),
      ],
    };
  }
  return {
    formula: "∂k[j] = Σ over queries i of s[i, j] · q[i], s = scale · p · (g · v[j] − their mean by p)",
    stages: [
      sumOf(
        `How the loss moves with each score that key ${row} took part in, times the query that the score was made with.`,
        queries.map((i) => [constant(`s[${i}, ${row}]`, slopes(i)[row]), q.under([...batch, i, column])]),
      ),
    ],
  };
}
