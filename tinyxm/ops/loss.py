"""Losses: what a model's mistakes cost, as one number to make small."""

from __future__ import annotations

import numpy as np

import tinyxm_kernels as kernels
from tinyxm.autograd import Array, primitive
from tinyxm.ops.linalg import matmul, transposed
from tinyxm.ops.reduce import mean


@primitive(a=lambda g, y, axis: y * (g - np.sum(g * y, axis=axis, keepdims=True)))
def softmax(a: Array, axis: int = -1) -> Array:
    """y = eᵃ / Σ eᵃ, computed from a − max a, which can't overflow;  ∂a = y·(g − Σ g·y)"""
    e = np.exp(a - a.max(axis=axis, keepdims=True))
    return e / e.sum(axis=axis, keepdims=True)


@primitive(a=lambda g, y, axis: g - np.exp(y) * np.sum(g, axis=axis, keepdims=True))
def log_softmax(a: Array, axis: int = -1) -> Array:
    """y = a − ln Σ eᵃ, computed from a − max a: no overflow, and no digits lost to large a;  ∂a = g − eʸ·Σ g"""
    a = a - a.max(axis=axis, keepdims=True)
    return a - np.log(np.exp(a).sum(axis=axis, keepdims=True))


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


@primitive(logits=lambda g, logits, labels: _cross_entropies_adjoint(g, logits, labels), labels=None)
def cross_entropies(logits: Array, labels: Array) -> Array:
    """y[n] = −log softmax(logits[n])[labels[n]];  ∂logits[n] = g[n]·(softmax(logits[n]) − one_hot(labels[n]))

    logits `(batch, classes)`, labels `(batch,)` integers from 0 to classes − 1. Raises ValueError for a label outside
    that range and for shapes that don't agree, TypeError for labels that aren't integers.
    """
    return kernels.softmax_cross_entropy(logits, np.asarray(labels))


def _cross_entropies_adjoint(g: Array, logits: Array, labels: Array) -> Array:
    """The fused kernel on arrays; on Tensors, for a second derivative, the formula in operations."""
    if isinstance(g, np.ndarray) and isinstance(logits, np.ndarray):
        return kernels.softmax_cross_entropy_gradient(g, logits, np.asarray(labels))
    one_hot = (np.asarray(labels)[:, None] == np.arange(logits.shape[1])).astype(logits.dtype)
    return np.expand_dims(g, 1) * (softmax(logits) - one_hot)


def cross_entropy(logits: Array, labels: Array) -> Array:
    """L = mean of `cross_entropies` over the batch; its errors, and ValueError for an empty batch"""
    if not logits.size:
        raise ValueError(f"cross_entropy: logits {logits.shape}: the mean over an empty batch has no value")
    return mean(cross_entropies(logits, labels))


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
