"""Softmax and cross-entropy in one: the loss of a classifier, from its scores (logits) z and the true classes t.

    loss[n] = −log softmax(z[n])[t[n]] = log Σ_k exp(z[n, k]) − z[n, t[n]]

    ∂(Σ_n g[n] loss[n]) / ∂z[n, k] = g[n] (softmax(z[n])[k] − [k = t[n]])

The greatest score of each row is taken off first: it changes nothing in the quotient, and no exponential overflows.
Together they need no logarithm of a probability, which rounds to −∞ where the classifier is surely wrong. About five
operations for each score, one of them an exponential. Read `reference`, `fused`, and for GPUs `cuda_fused`.
"""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels._checks import check_arrays, check_floats, check_shape
from tinyxm_kernels.registry import operation


def _rule(*operands: Any) -> tuple[str, ...]:
    """fused from 1024 scores up; reference for fewer, which aren't worth waiting for a compiler."""
    return ("fused", "reference") if operands[-2].size >= 1024 else ("reference",)


_losses = operation(
    "softmax_cross_entropy",
    __name__,
    flops=lambda logits, labels: 4 * prod(logits),
    elements=lambda logits, labels: prod(logits) + 2 * prod(labels),
    rule=_rule,
    on_cuda=("cuda_fused",),
)
_gradient = operation(
    "softmax_cross_entropy_gradient",
    __name__,
    flops=lambda g, logits, labels: 5 * prod(logits),
    elements=lambda g, logits, labels: 2 * prod(logits) + 2 * prod(labels),
    rule=_rule,
    on_cuda=("cuda_fused",),
)


def _check(name: str, logits: NDArray[Any], labels: NDArray[Any]) -> None:
    check_arrays(name, labels=labels)
    if logits.ndim != 2 or not logits.shape[1]:
        raise ValueError(f"{name}: logits have shape {logits.shape}, expected (batch, classes)")
    check_shape(name, "labels", labels.shape, logits.shape[:1])
    if labels.dtype.kind not in "iu":
        raise TypeError(f"{name}: labels are {labels.dtype}, expected whole numbers, one class for each row")
    # seen as a whole number without a sign, a negative label is a large one
    if labels.size and np.maximum.reduce(labels.astype(np.int64, copy=False).view(np.uint64)) >= logits.shape[1]:
        wrong = labels[(labels < 0) | (labels >= logits.shape[1])]
        raise ValueError(f"{name}: label {wrong[0]} is outside 0 ... {logits.shape[1] - 1}, the classes of the logits")


def softmax_cross_entropy(logits: NDArray[Any], labels: NDArray[Any]) -> NDArray[Any]:
    """The loss of each row, in nats: logits (batch, classes) and labels (batch,) of whole numbers -> (batch,).

    Raises ValueError for other shapes or a label that is no class, TypeError for other dtypes.
    """
    check_floats("softmax_cross_entropy", logits=logits)
    _check("softmax_cross_entropy", logits, labels)
    return _losses.choose(logits, labels)(logits, labels)


def softmax_cross_entropy_gradient(g: NDArray[Any], logits: NDArray[Any], labels: NDArray[Any]) -> NDArray[Any]:
    """∂L/∂logits (batch, classes), from g = ∂L/∂loss (batch,); errors as in `softmax_cross_entropy`."""
    name = "softmax_cross_entropy_gradient"
    check_floats(name, g=g, logits=logits)
    _check(name, logits, labels)
    check_shape(name, "g", g.shape, labels.shape)
    return _gradient.choose(g, logits, labels)(g, logits, labels)
