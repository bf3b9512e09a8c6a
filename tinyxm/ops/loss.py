"""Losses: what a model's mistakes cost, as one number to make small."""

from __future__ import annotations

import numpy as np

from tinyxm.autograd import Array, primitive
from tinyxm.autograd.tensor import array_of
from tinyxm.ops.index import take
from tinyxm.ops.linalg import matmul, transposed
from tinyxm.ops.reduce import logsumexp


@primitive(a=lambda g, y, axis: y * (g - np.sum(g * y, axis=axis, keepdims=True)))
def softmax(a: Array, axis: int = -1) -> Array:
    """y = eᵃ / Σ eᵃ, computed from a − max a, which can't overflow;  ∂a = y·(g − Σ g·y)"""
    e = np.exp(a - a.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


@primitive(a=lambda g, y, axis: g - np.exp(y) * np.sum(g, axis=axis, keepdims=True))
def log_softmax(a: Array, axis: int = -1) -> Array:
    """y = a − ln Σ eᵃ;  ∂a = g − eʸ·Σ g"""
    return a - logsumexp(a, axis, True)


def squared_error(prediction: Array, target: Array) -> Array:
    """L = mean (prediction − target)²"""
    _same_shape("squared_error", prediction, target)
    return np.mean(np.square(prediction - target))


def _same_shape(operation: str, prediction: Array, target: Array) -> None:
    if np.shape(prediction) != np.shape(target):
        raise ValueError(
            f"{operation}: prediction {np.shape(prediction)} and target {np.shape(target)} differ in shape; "
            "reshape one (broadcasting them would compare every pair)"
        )


def cross_entropy(logits: Array, labels: Array) -> Array:
    """L = −mean over n of log softmax(logits[n])[labels[n]]

    logits `(batch, classes)`, labels `(batch,)` integers from 0 to classes − 1. Raises ValueError for a label outside
    that range and for shapes that don't agree, TypeError for labels that aren't integers.
    """
    labels = np.asarray(array_of(labels))
    if labels.dtype.kind not in "iu":
        raise TypeError(f"cross_entropy: labels are {labels.dtype}; give the numbers of the classes, as integers")
    if logits.ndim != 2 or labels.shape != logits.shape[:1]:
        raise ValueError(
            f"cross_entropy: logits {logits.shape} and labels {labels.shape}: expected (batch, classes) and (batch,)"
        )
    if not labels.size:
        raise ValueError("cross_entropy: the batch is empty; its mean has no value")
    if labels.min() < 0 or labels.max() >= logits.shape[1]:
        worst = labels.min() if labels.min() < 0 else labels.max()
        raise ValueError(f"cross_entropy: label {worst} is outside the classes, 0 to {logits.shape[1] - 1}")
    return -np.mean(take(log_softmax(logits), (np.arange(len(labels)), labels)))


def contrastive(a: Array, b: Array, scale: Array | float, same: np.ndarray | None = None) -> Array:
    """InfoNCE, both ways: each row of a should find its row of b among all, and each row of b its row of a

        S = scale·A Bᵀ,   L = (cross_entropy(S, 0 … n−1) + cross_entropy(Sᵀ, 0 … n−1)) / 2

    a, b `(n, dimensions)`, of unit length; `scale` is 1 / temperature. `same[i, j]` marks pairs off the diagonal that
    mean the same: they are false negatives, and take no part. A loss that stays at ln n hasn't learned. (van den Oord,
    Li & Vinyals 2018; Radford et al. 2021)
    """
    if a.shape != b.shape or a.ndim != 2:
        raise ValueError(f"contrastive: a {a.shape} and b {b.shape}: expected two of one shape, (n, dimensions)")
    similarity = matmul(a, transposed(b)) * scale
    if same is not None:
        similarity = np.where(same & ~np.eye(len(same), dtype=bool), np.float32(-1e9), similarity)
    own = np.arange(a.shape[0])
    return (cross_entropy(similarity, own) + cross_entropy(transposed(similarity), own)) * 0.5
