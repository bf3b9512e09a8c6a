"""All steps of a row together, while it is in the first-level cache, with an exponential that is vectorised.

What it adds: NumPy passes over the whole array for each of the reference's steps, five times for a loss and seven for a
gradient, and writes what lies between to memory; here a row of scores comes from memory once, and only results go back.
Rows are independent, so each thread takes its part of them.

Arithmetic intensity: some 20 operations for each score read (16 in its exponential); a gradient writes as many numbers
as it reads. So one thread is limited by arithmetic, and from about four on memory is the limit. Limits: a row of a few
classes doesn't fill a vector, and takes as long as one of 16.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels._compiled import compiled, threaded
from tinyxm_kernels._math import exp, maximum, rounded
from tinyxm_kernels.registry import rung

OPERATIONS = 20  # for each score


@compiled(fast=False)
def loss_of(total, score, greatest):
    """Not reordered to (ln total + greatest) − score, in which large scores drown a small loss."""
    return np.log(total) - (score - greatest)


@threaded
def losses_of_rows(start, stop, z, labels, losses):
    """z (batch, classes), labels (batch,) -> losses (batch,), for rows start ... stop."""
    for n in range(start, stop):
        row = z[n]
        greatest = row[0]
        for k in range(row.size):
            greatest = maximum(greatest, row[k])
        total = z.dtype.type(0)
        for k in range(row.size):
            total += exp(row[k] - greatest)
        losses[n] = loss_of(total, row[labels[n]], greatest)


@threaded
def gradients_of_rows(start, stop, g, z, labels, g_z):
    """g (batch,), z (batch, classes), labels (batch,) -> g_z (batch, classes), for rows start ... stop."""
    for n in range(start, stop):
        row, slopes = z[n], g_z[n]
        greatest = row[0]
        for k in range(row.size):
            greatest = maximum(greatest, row[k])
        total = z.dtype.type(0)
        for k in range(row.size):
            e = exp(row[k] - greatest)
            slopes[k] = e
            total += e
        scale = rounded(g[n] / total)
        for k in range(row.size):
            slopes[k] *= scale
        slopes[labels[n]] -= g[n]


@rung(backend="numba")
def softmax_cross_entropy(logits: NDArray[Any], labels: NDArray[Any]) -> NDArray[Any]:
    losses = np.empty(len(logits), logits.dtype)
    work = OPERATIONS * logits.size
    losses_of_rows(len(logits), work, np.ascontiguousarray(logits), _indices(labels), losses)
    return losses


@rung(backend="numba")
def softmax_cross_entropy_gradient(g: NDArray[Any], logits: NDArray[Any], labels: NDArray[Any]) -> NDArray[Any]:
    gradient = np.empty(logits.shape, logits.dtype)
    operands = np.ascontiguousarray(g), np.ascontiguousarray(logits), _indices(labels)
    gradients_of_rows(len(logits), OPERATIONS * logits.size, *operands, gradient)
    return gradient


def _indices(labels: NDArray[Any]) -> NDArray[np.int64]:
    return np.ascontiguousarray(labels, np.int64)
