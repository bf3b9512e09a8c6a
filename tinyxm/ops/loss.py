"""Losses: what a model's mistakes cost, as numbers to make small. Here those of regression, distributions and margins.

Every loss takes `reduction`: "mean" over the batch, "sum", or "none" for each sample's own.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyxm.autograd import Array, primitive
from tinyxm.autograd.places import beside, placed
from tinyxm.autograd.primitive import from_list
from tinyxm.autograd.tensor import array_of
from tinyxm.ops.activation import relu
from tinyxm.ops.elementwise import where
from tinyxm.ops.index import masked_fill, take_along_axis
from tinyxm.ops.reduce import mean, norm

__all__ = ["absolute_error", "hinge", "huber", "kl_divergence", "squared_error", "triplet"]


def squared_error(prediction: Array, target: Array, reduction: str = "mean") -> Array:
    """L = mean (prediction − target)², both of one shape"""
    target = matched("squared_error", prediction, target)
    return reduced("squared_error", np.square(prediction - target), reduction)


def absolute_error(prediction: Array, target: Array, reduction: str = "mean") -> Array:
    """L = mean |prediction − target|, both of one shape;  the gradient is 0 where they are equal"""
    target = matched("absolute_error", prediction, target)
    return reduced("absolute_error", np.abs(prediction - target), reduction)


def huber(prediction: Array, target: Array, delta: float = 1.0, reduction: str = "mean") -> Array:
    """L = mean of d²/2 where |d| ≤ δ, else δ·(|d| − δ/2), d = prediction − target, both of one shape

    That is c·(d − c/2) with c = d held within ±δ, and c is the gradient: no mistake, however large, pulls harder than
    δ. Raises ValueError where δ isn't above 0. Source: Huber 1964.
    """
    if not delta > 0:
        raise ValueError(f"huber: delta {delta}: expected a number above 0")
    return reduced("huber", _huber(prediction - matched("huber", prediction, target), delta), reduction)


@primitive(d=lambda g, d, delta: g * np.clip(d, -delta, delta))
def _huber(d: Array, delta: float) -> Array:
    c = np.clip(d, -delta, delta)
    return c * (d - c * 0.5)


def kl_divergence(log_p: Array, log_q: Array, reduction: str = "mean") -> Array:
    """L = mean of KL(p‖q) = Σ p·(ln p − ln q) over the last axis: what q costs beyond p (Kullback & Leibler 1951)

    log_p and log_q, the logarithms of probabilities, `(..., classes)`, as `log_softmax` gives them; p is the truth,
    where there is one. Where p = 0 (ln p = −∞) the term is 0. The mean is over distributions, not over classes.
    """
    log_q = matched("kl_divergence", log_p, log_q, ("log_p", "log_q"), least=1)
    p, absent = np.exp(log_p), array_of(log_p) == -np.inf
    if absent.any():
        log_p, log_q = where(absent, 0, log_p), where(absent, 0, log_q)
    return reduced("kl_divergence", np.sum(p * (log_p - log_q), axis=-1), reduction)


def hinge(scores: Array, labels: Array, margin: float = 1.0, reduction: str = "mean") -> Array:
    """L = mean of Σ max(0, margin − s_t + s_k) / classes over the classes k other than the true t

    scores `(..., classes)`, labels `(...)` integers. The gradient is 0 at the kink. Of two scores (0, s) it is half the
    binary hinge max(0, 1 ∓ s). Raises as `cross_entropy` does. Source: Weston & Watkins 1999.
    """
    labels = class_labels("hinge", scores, labels)[..., None]
    short = relu(scores - take_along_axis(scores, labels, -1) + margin)
    own = labels == placed(np.arange(scores.shape[-1]), scores)
    return reduced("hinge", np.sum(masked_fill(short, own, 0), -1) * (1 / scores.shape[-1]), reduction)


def triplet(anchor: Array, positive: Array, negative: Array, margin: float = 1.0, reduction: str = "mean") -> Array:
    """L = mean of max(0, ‖a − p‖ − ‖a − n‖ + margin): its like should be nearer than its unlike, by a margin

    anchor, positive and negative `(..., dimensions)`, of one shape. The gradient is 0 at the kink, and that of a
    distance of 0 is 0. Source: Weinberger & Saul 2009; Schroff, Kalenichenko & Philbin 2015 (of squared distances).
    """
    positive = matched("triplet", anchor, positive, ("anchor", "positive"), least=1)
    negative = matched("triplet", anchor, negative, ("anchor", "negative"), least=1)
    return reduced("triplet", relu(norm(anchor - positive, 2, -1) - norm(anchor - negative, 2, -1) + margin), reduction)


def matched(
    operation: str, a: Array, b: Array, names: tuple[str, str] = ("prediction", "target"), least: int = 0
) -> Array:
    """b as an array, whole numbers as floats of a's type; ValueError unless a and b are of one shape with at least so
    many axes."""
    b = from_list(b, (array_of(a),))
    if np.shape(a) != np.shape(b):
        raise ValueError(
            f"{operation}: {names[0]} {np.shape(a)} and {names[1]} {np.shape(b)} differ in shape; "
            "reshape one (broadcasting them would compare every pair)"
        )
    if np.ndim(a) < least:
        raise ValueError(f"{operation}: {names[0]} is a single number, shape (); expected an axis")
    plain = array_of(b)
    return plain.astype(a.dtype) if hasattr(plain, "dtype") and plain.dtype.kind in "iub" else b


def class_labels(operation: str, scores: Array, labels: Any) -> Array:
    """The labels as an array; ValueError or TypeError unless they are one of the classes for each row of scores."""
    labels = beside(operation, array_of(labels), array_of(scores))
    if not scores.ndim or labels.shape != scores.shape[:-1]:
        raise ValueError(
            f"{operation}: scores {scores.shape} and labels {labels.shape}: expected (..., classes), (...)"
        )
    if labels.dtype.kind not in "iu":
        raise TypeError(f"{operation}: labels are {labels.dtype}, expected whole numbers, one class for each row")
    if labels.size and not (labels.min() >= 0 and labels.max() < scores.shape[-1]):
        wrong = labels[(labels < 0) | (labels >= scores.shape[-1])]
        raise ValueError(f"{operation}: label {wrong[0]} is outside 0 ... {scores.shape[-1] - 1}, the classes")
    return labels


def reduced(operation: str, losses: Array, reduction: str) -> Array:
    """The mean or the sum of the losses, or each; ValueError for other reductions, and for the mean of none."""
    if reduction not in ("mean", "sum", "none"):
        raise ValueError(f"{operation}: reduction {reduction!r}: expected 'mean', 'sum' or 'none'")
    if reduction == "none" or not losses.ndim:
        return losses
    if reduction == "sum":
        return np.sum(losses)
    if not losses.size:
        raise ValueError(f"{operation}: losses {losses.shape}: the mean over an empty batch has no value")
    return mean(losses)
