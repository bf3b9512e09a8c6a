// How one number of a step came about, from the numbers it was made of: what the reader is shown who clicks a cell.

import * as attention from "./derive/attention.js";
import { elementwise, elementwiseAdjoint, isElementwise } from "./derive/elementwise.js";
import { embeddingBag, isMove, joined, joinedAdjoint, move, moveAdjoint, scatterAdd } from "./derive/moves.js";
import * as normalise from "./derive/normalise.js";
import { namesOf, written } from "./derive/names.js";
import { operandsOf, Plain } from "./derive/operands.js";
import * as products from "./derive/products.js";
import * as reductions from "./derive/reductions.js";
import * as rows from "./derive/rows.js";
import * as step from "./derive/step.js";

const FORWARD = {
  matmul: products.matmul,
  linear: products.linear,
  conv2d: products.conv2d,
  conv2d_input_gradient: products.transposedConvolution,
  attention: attention.attention,
  softmax: rows.softmax,
  masked_softmax: rows.softmax,
  log_softmax: rows.softmax,
  cross_entropies: rows.crossEntropies,
  layer_norm: normalise.normalise,
  group_norm: normalise.normalise,
  standardise: normalise.normalise,
  group_statistics: normalise.groupStatistics,
  unit_length: normalise.unitLength,
  ...each(["sum", "mean", "max", "min", "prod", "logsumexp"], reductions.reduction),
  norm: reductions.norm,
  cumsum: reductions.cumsum,
  ...each(["max_pool2d", "bias_max_pool2d", "average_pool2d"], reductions.pool),
  concatenate: joined,
  stack: joined,
  scatter_add: scatterAdd,
  embedding_bag: embeddingBag,
};

const ADJOINT = {
  matmul: products.matmulAdjoint,
  linear: products.linearAdjoint,
  conv2d: products.conv2dAdjoint,
  conv2d_input_gradient: products.transposedConvolutionAdjoint,
  attention: attention.attentionAdjoint,
  softmax: rows.softmaxAdjoint,
  masked_softmax: rows.softmaxAdjoint,
  log_softmax: rows.softmaxAdjoint,
  cross_entropies: rows.crossEntropiesAdjoint,
  layer_norm: normalise.normaliseAdjoint,
  group_norm: normalise.normaliseAdjoint,
  standardise: normalise.normaliseAdjoint,
  unit_length: normalise.unitLengthAdjoint,
  ...each(["sum", "mean", "max", "min", "prod", "logsumexp"], reductions.reductionAdjoint),
  norm: reductions.normAdjoint,
  cumsum: reductions.cumsum,
  ...each(["max_pool2d", "bias_max_pool2d", "average_pool2d"], reductions.poolAdjoint),
  concatenate: joinedAdjoint,
  stack: joinedAdjoint,
  embedding_bag: embeddingBag,
};

function each(names, rule) {
  return Object.fromEntries(names.map((name) => [name, rule]));
}

function ruleOf(op) {
  const name = op.name.split(".")[0];
  if (op.kind === "forward")
    return own(FORWARD, name) ?? (isElementwise(name) ? elementwise : isMove(name) ? move : null);
  if (op.kind === "adjoint")
    return own(ADJOINT, name) ?? (isElementwise(name) ? elementwiseAdjoint : isMove(name) ? moveAdjoint : null);
  if (op.name === "write") return step.write;
  if (step.isInPlace(op.name)) return step.inPlace;
  if (op.phase === "moments" || op.phase === "update") return step.update;
  return { accumulate: step.accumulate, norm: step.totalNorm, clip: step.clip }[op.kind] ?? null;
}

const own = (table, name) => (Object.hasOwn(table, name) ? table[name] : null);

/**
 * The derivation of the number at `cell` of a value: {operation, formula, legend, stages, value, recorded, missing}.
 *
 * `formula` is general, in the names of the trace, and `legend` tells what letters without one stand for; each of `stages` has
 * terms with the actual operands and what they join to (see derive/terms.js);
 * `value` is what they come to in float64 here, `recorded` what the step recorded. `missing` counts terms of samples that
 * the trace doesn't keep. Null for what nothing made in this step, and where no rule here is known for its operation.
 */
export function derive(trace, number, cell, operation = null) {
  const op = operation ?? makerOf(trace, number);
  if (!op) return null;
  const rule = ruleOf(op);
  if (!rule) return null;
  const called = namesOf(trace, op);
  const operands = operandsOf(trace, op, called.names);
  complete(trace, op, operands);
  const found = rule({ trace, op, operands, names: called.names, cell, number, shape: trace.values[number].shape });
  if (!found) return null;
  const missing = found.stages.reduce((sum, stage) => sum + stage.missing, 0);
  const { text: formula, legend } = written(found.formula, called);
  return {
    operation: op,
    ...found,
    formula,
    legend: [...legend, ...(found.legend ?? [])],
    value: found.stages.at(-1).value,
    recorded: trace.array(number).get(cell),
    missing,
  };
}

/** The operation that made a value; what hands its operand on under the same number comes after the one that made it. */
export function makerOf(trace, number) {
  const { by } = trace.values[number];
  return by === null || by === undefined ? null : trace.operations[by];
}

/** What an operation was told as a plain number or list and its other half has as an array: an index, say. */
function complete(trace, op, operands) {
  if (op.kind !== "forward") return;
  const adjoint = trace.adjoints[op.number].find(({ kind }) => kind === "adjoint");
  if (!adjoint) return;
  for (const [name, operand] of Object.entries(operandsOf(trace, adjoint))) {
    if (!(name in operands) && name !== "g" && name !== "y" && operand?.data && !(operand instanceof Plain))
      operands[name] = operand;
  }
}
