"""Losses of classifiers, from scores (logits) or from the logarithms of probabilities; softmax."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

import tinyxm_kernels as kernels
from tinyxm.autograd import Array, Tensor, primitive
from tinyxm.autograd.places import beside, placed
from tinyxm.autograd.tensor import array_of
from tinyxm.ops.activation import sigmoid, softplus
from tinyxm.ops.index import getitem, scatter_add, take_along_axis
from tinyxm.ops.loss import class_labels, matched, reduced

__all__ = ["binary_cross_entropy", "cross_entropies", "cross_entropy", "log_softmax", "nll", "softmax"]


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


@primitive(logits=lambda g, logits, labels: _cross_entropies_adjoint(g, logits, labels), labels=None)
def cross_entropies(logits: Array, labels: Array) -> Array:
    """y[n] = −ln softmax(logits[n])[labels[n]];  ∂logits[n] = g[n]·(softmax(logits[n]) − one_hot(labels[n]))

    logits `(..., classes)`, labels `(...)` integers from 0 to classes − 1. Raises ValueError for a label outside that
    range and for shapes that don't agree, TypeError for labels that aren't integers.
    """
    labels = beside("cross_entropy", labels, logits)
    if logits.ndim == 2:
        return kernels.softmax_cross_entropy(logits, labels)
    if not logits.ndim or labels.shape != logits.shape[:-1]:
        raise ValueError(
            f"cross_entropy: labels {labels.shape} and logits {logits.shape}: expected (...), (..., classes)"
        )
    return kernels.softmax_cross_entropy(_rows(logits), labels.reshape(-1)).reshape(labels.shape)


def _rows(logits: Array) -> Array:
    return logits.reshape(math.prod(logits.shape[:-1]), logits.shape[-1])


def _cross_entropies_adjoint(g: Array, logits: Array, labels: Array) -> Array:
    """The fused kernel on arrays; on Tensors, for a second derivative, the formula in operations."""
    if not (isinstance(g, Tensor) or isinstance(logits, Tensor)):
        if logits.ndim == 2:
            return kernels.softmax_cross_entropy_gradient(g, logits, labels)
        rows = kernels.softmax_cross_entropy_gradient(g.reshape(-1), _rows(logits), labels.reshape(-1))
        return rows.reshape(logits.shape)
    labels = beside("cross_entropy", labels, array_of(logits))
    one_hot = (labels[..., None] == placed(np.arange(logits.shape[-1]), logits)).astype(logits.dtype)
    return np.expand_dims(g, -1) * (softmax(logits) - one_hot)


def cross_entropy(
    logits: Array,
    labels: Array,
    label_smoothing: float = 0.0,
    ignore_index: int | None = None,
    class_weights: Array | None = None,
    reduction: str = "mean",
) -> Array:
    """L = Σ w_t·l / Σ w_t over the batch, l = −ln softmax(logits)[t], t the label, w its class's weight (1 by default)

    logits `(..., classes)`, labels `(...)` integers, class_weights `(classes,)`. `label_smoothing` ε puts, in place of
    w_t·l, (1 − ε)·w_t·l − ε·mean of w_k·ln softmax(logits)[k] over all classes k (Szegedy et al. 2016). A sample with
    label `ignore_index` takes no part: its loss is 0, and it isn't counted. "sum" and "none" are of weighted losses,
    without the quotient. Raises ValueError for a label outside 0 … classes − 1, for shapes that don't agree, and for
    the mean of an empty batch, of none but ignored samples, or by weights of 0; TypeError for labels that aren't
    integers.
    """
    if not label_smoothing and ignore_index is class_weights is None:
        return reduced("cross_entropy", cross_entropies(logits, labels), reduction)
    if not 0 <= label_smoothing <= 1:
        raise ValueError(f"cross_entropy: label_smoothing {label_smoothing}: expected a number from 0 to 1")

    def losses_of(logits: Array, labels: np.ndarray, weights: Array | None) -> Array:
        if not label_smoothing:
            return _weighted(cross_entropies(logits, labels), labels, weights)
        log_p = log_softmax(logits)
        losses = _weighted(_likelihoods("cross_entropy", log_p, labels), labels, weights)
        all_classes = np.sum(log_p if weights is None else log_p * weights, -1)
        return losses * (1 - label_smoothing) - all_classes * (label_smoothing / logits.shape[-1])

    return _over_labels("cross_entropy", losses_of, logits, labels, ignore_index, class_weights, reduction)


def nll(
    log_probabilities: Array,
    labels: Array,
    ignore_index: int | None = None,
    class_weights: Array | None = None,
    reduction: str = "mean",
) -> Array:
    """L = −Σ w_t·log_probabilities[t] / Σ w_t over the batch: the negative log-likelihood of the labels t

    log_probabilities `(..., classes)`, as `log_softmax` gives them, from which this is `cross_entropy`; the other
    arguments and errors are as there.
    """

    def losses_of(log_p: Array, labels: np.ndarray, weights: Array | None) -> Array:
        return _weighted(_likelihoods("nll", log_p, labels), labels, weights)

    return _over_labels("nll", losses_of, log_probabilities, labels, ignore_index, class_weights, reduction)


def _likelihoods(operation: str, log_p: Array, labels: np.ndarray) -> Array:
    """−log_p of each row's label."""
    labels = class_labels(operation, log_p, labels)
    return -take_along_axis(log_p, labels[..., None], -1)[..., 0]


def _weighted(losses: Array, labels: np.ndarray, weights: Array | None) -> Array:
    return losses if weights is None else losses * getitem(weights, labels)


def _over_labels(
    operation: str,
    losses_of: Callable[..., Array],
    scores: Array,
    labels: Array,
    ignore_index: int | None,
    class_weights: Array | None,
    reduction: str,
) -> Array:
    """The reduction of losses_of(scores, labels, class_weights) over the samples whose label isn't ignored."""
    labels, weights, counted = beside(operation, array_of(labels), array_of(scores)), class_weights, None
    if weights is not None:
        weights = weights if isinstance(weights, Tensor) else beside(operation, weights, array_of(scores), scores.dtype)
        if weights.shape != scores.shape[-1:]:
            raise ValueError(f"{operation}: class_weights {weights.shape}: expected {scores.shape[-1:]}, one a class")
    if ignore_index is not None and labels.shape == scores.shape[:-1] and (labels == ignore_index).any():
        counted = labels != ignore_index
        if reduction == "mean" and not counted.any():
            raise ValueError(f"{operation}: all {labels.size} labels are {ignore_index}, which is ignored: no mean")
        scores, labels = getitem(scores, counted), labels[counted]
    losses = losses_of(scores, labels, weights)
    if weights is not None and reduction == "mean" and losses.size:
        total = np.sum(getitem(weights, labels))
        if not array_of(total) > 0:
            raise ValueError(f"{operation}: the class_weights of these labels sum to {array_of(total)}: no mean")
        return np.sum(losses) / total
    if counted is not None and reduction == "none":
        losses = scatter_add(losses, counted.shape, counted)
    return reduced(operation, losses, reduction)


def binary_cross_entropy(
    logits: Array, targets: Array, positive_weight: Array | float | None = None, reduction: str = "mean"
) -> Array:
    """L = mean of −w·t·ln σ(z) − (1 − t)·ln(1 − σ(z)), z the logits, σ the sigmoid, −ln σ(z) = softplus(−z)

    logits and targets, from 0 to 1, of one shape. `positive_weight` w (1 by default), a number or an array that
    broadcasts to them, makes positives count for more. Large logits of either sign give a finite loss and gradient.
    Raises ValueError for other shapes or targets.
    """
    targets = matched("binary_cross_entropy", logits, targets, ("logits", "targets"))
    t = array_of(targets)
    if np.size(t) and not (np.min(t) >= 0 and np.max(t) <= 1):
        raise ValueError(f"binary_cross_entropy: targets from {np.min(t)} to {np.max(t)}: expected them from 0 to 1")
    weight = 1 if positive_weight is None else positive_weight
    if not isinstance(weight, Tensor | int):
        weight = beside("binary_cross_entropy", weight, array_of(logits), logits.dtype)
    losses = _binary_cross_entropies(logits, targets, weight)
    if losses.shape != logits.shape:
        raise ValueError(f"binary_cross_entropy: positive_weight {np.shape(weight)}, logits {logits.shape}")
    return reduced("binary_cross_entropy", losses, reduction)


@primitive(
    logits=lambda g, logits, targets, weight: (
        g * ((1 - targets) * sigmoid(logits) - weight * targets * sigmoid(-logits))
    ),
    targets=lambda g, logits, weight: g * (weight * softplus(-logits) - softplus(logits)),
    weight=lambda g, logits, targets: g * targets * softplus(-logits),
)
def _binary_cross_entropies(logits: Array, targets: Array, weight: Array) -> Array:
    rest = np.log1p(np.exp(-np.abs(logits)))  # softplus(z) = max(z, 0) + rest
    return weight * targets * (np.maximum(-logits, 0) + rest) + (1 - targets) * (np.maximum(logits, 0) + rest)
