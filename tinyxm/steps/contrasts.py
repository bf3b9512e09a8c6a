"""The contrastive matrices of a step: who was compared with whom, what counted as right, and what was left out."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from tinyxm.steps.step import Operation, Ref, Step

# operations on similarities, element by element
THROUGH = {"multiply": ("a", "b"), "add": ("a", "b"), "where": ("b", "a")}


class Contrast(NamedTuple):
    """One square matrix of similarities, rows against columns; numbers of Values, and of the operation that judges it.

    `kind` is "softmax", where each row and each column is a choice among all, or "sigmoid", where each pair is judged
    by itself. `masked` marks the false negatives that took no part; `rows` and `columns` are the vectors compared.
    """

    kind: str
    operation: int
    similarity: int
    masked: int | None
    rows: int | None
    columns: int | None


def contrasts(step: Step) -> list[Contrast]:
    """Those of `info_nce` and `sigmoid_contrastive`, or of the same operations written out by hand."""
    found: list[Contrast] = []
    transposed: set[int] = set()
    for op in step.operations:
        if op.kind != "forward":
            continue
        if op.name == "swapaxes" and any(op.operands["a"] == c.similarity for c in found):
            transposed.add(op.result or 0)
        similarity = _softmax(step, op) if op.name == "cross_entropies" else _sigmoid(step, op)
        if similarity is None or similarity in transposed or any(similarity == c.similarity for c in found):
            continue
        maker = _maker(step, similarity)
        if maker is not None and maker.name == "swapaxes" and any(maker.operands["a"] == c.similarity for c in found):
            continue  # the way back, of the same matrix
        masked = maker.operands["condition"] if maker is not None and maker.name == "where" else None
        rows, columns = _compared(step, similarity)
        if rows is None:
            continue  # a classifier's scores, whose labels happen to be 0 … n − 1
        kind = "softmax" if op.name == "cross_entropies" else "sigmoid"
        found.append(Contrast(kind, op.number, similarity, masked, rows, columns))
    return found


def _softmax(step: Step, op: Operation) -> Ref | None:
    """The logits of a cross entropy whose right classes are 0 … n − 1, of n."""
    logits, labels = op.operands["logits"], op.operands["labels"]
    if not isinstance(logits, Ref) or not isinstance(labels, Ref):
        return None
    n = step.values[labels].array.size
    square = step.values[logits].array.shape == (n, n) and n > 1
    return logits if square and np.array_equal(step.values[labels].array, np.arange(n)) else None


def _sigmoid(step: Step, op: Operation) -> Ref | None:
    """What stands under softplus(similarity·z), z = −1 on the diagonal and 1 off it."""
    a = op.operands.get("a")
    product = _maker(step, a) if op.name == "softplus" and isinstance(a, Ref) else None
    if product is None or product.name != "multiply":
        return None
    similarity, sign = product.operands["a"], product.operands["b"]
    if not isinstance(similarity, Ref) or not isinstance(sign, Ref):
        return None
    z = step.values[sign].array
    square = z.ndim == 2 and z.shape[0] == z.shape[1] > 1
    return similarity if square and np.array_equal(z, 1 - 2 * np.eye(len(z))) else None


def _compared(step: Step, similarity: Ref) -> tuple[int | None, int | None]:
    """The vectors whose products the similarities are."""
    number: Ref | None = similarity
    while number is not None and (op := _maker(step, number)) is not None:
        if op.name == "matmul":
            rows, columns = op.operands["a"], op.operands["b"]
            turned = _maker(step, columns) if isinstance(columns, Ref) else None
            return rows, turned.operands["a"] if turned is not None and turned.name == "swapaxes" else None
        square = step.values[similarity].array.shape
        inside = [op.operands.get(name) for name in THROUGH.get(op.name, ())]
        number = next((x for x in inside if isinstance(x, Ref) and step.values[x].array.shape == square), None)
    return None, None


def _maker(step: Step, number: Ref) -> Operation | None:
    by = step.values[number].made_by
    return None if by is None else step.operations[by]
