"""The truth: the formulas in NumPy."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels.registry import rung

Array = NDArray[Any]


def _standardised(x: Array, eps: float) -> tuple[Array, Array]:
    """x̂, and √(σ² + ε) of each row."""
    centred = x - x.mean(axis=1, keepdims=True)
    deviation = np.sqrt((centred * centred).mean(axis=1, keepdims=True) + eps)
    centred /= deviation
    return centred, deviation


@rung()
def layer_norm(x: Array, scale: Array, shift: Array, eps: float) -> Array:
    return _standardised(x, eps)[0] * scale + shift


@rung()
def layer_norm_gradients(g: Array, x: Array, scale: Array, eps: float) -> tuple[Array, Array, Array]:
    (y, deviation), h = _standardised(x, eps), g * scale
    g_x = (h - h.mean(axis=1, keepdims=True) - y * (h * y).mean(axis=1, keepdims=True)) / deviation
    return g_x, (g * y).sum(axis=0), g.sum(axis=0)


def _grouped(x: Array, groups: int) -> Array:
    """As (samples, positions, groups, channels of a group)."""
    return x.reshape(*x.shape[:2], groups, x.shape[2] // groups)


def _mean(x: Array) -> Array:
    """Over positions first, where neighbours in memory are added side by side, then over channels."""
    for axis in (1, 3):  # a pass over all for each, unless there is nothing to add
        x = x.mean(axis=axis, keepdims=True) if x.shape[axis] != 1 else x
    return x


@rung()
def group_statistics(x: Array, groups: int) -> Array:
    x = _grouped(x, groups)
    both = np.empty_like(x, order="C", shape=(2, len(x), 1, groups, 1))
    both[0] = mean = _mean(x)
    both[1] = _mean(np.square(x - mean))
    return both[:, :, 0, :, 0]


def _standardised_groups(x: Array, statistics: Array, eps: float) -> tuple[Array, Array]:
    """x̂ as `_grouped` has it, and √(σ² + ε) of each group."""
    mean, variance = statistics[:, :, None, :, None]
    deviation = np.sqrt(variance + eps)
    return (_grouped(x, statistics.shape[2]) - mean) / deviation, deviation


@rung()
def group_norm(x: Array, scale: Array, shift: Array, statistics: Array, eps: float) -> Array:
    return _standardised_groups(x, statistics, eps)[0].reshape(x.shape) * scale + shift


@rung()
def group_norm_gradients(g: Array, x: Array, scale: Array, statistics: Array, eps: float) -> tuple[Array, Array, Array]:
    (y, deviation), h = _standardised_groups(x, statistics, eps), _grouped(g * scale, statistics.shape[2])
    g_x = ((h - _mean(h) - y * _mean(h * y)) / deviation).reshape(x.shape)
    return g_x, (g * y.reshape(x.shape)).sum(axis=(0, 1)), g.sum(axis=(0, 1))
