"""The truth, and quick enough: one position (i, j) of the window at a time, for all windows together.

Where windows don't overlap each element of x belongs to one window at most, so its gradient is written, not added.
"""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels._checks import window_grid
from tinyxm_kernels._windows import inside, padded, taps
from tinyxm_kernels.pooling import Pair
from tinyxm_kernels.registry import Shape, rung


@rung()
def max_pool2d(x: NDArray[Any], size: Pair, stride: Pair, padding: Pair) -> NDArray[Any]:
    grid = window_grid("max_pool2d", x.shape[1:3], size, stride, padding)
    x_padded = padded(x, padding, -np.inf)
    first, *others = (seen for _, _, seen in taps(size, grid, stride))
    y = x_padded[first].copy()
    for seen in others:
        np.maximum(y, x_padded[seen], out=y)
    return y


@rung()
def max_pool2d_input_gradient(
    g: NDArray[Any], x: NDArray[Any], y: NDArray[Any], size: Pair, stride: Pair, padding: Pair
) -> NDArray[Any]:
    x_padded = padded(x, padding, -np.inf)
    x_gradient = np.zeros_like(g, order="C", shape=x_padded.shape)
    waiting = np.ones_like(y, bool)  # windows whose maximum hasn't been met yet
    overlapping = stride[0] < size[0] or stride[1] < size[1]
    for _, _, seen in taps(size, y.shape[1:3], stride):
        first = ~(x_padded[seen] < y)  # so written, a window whose maximum is NaN has a first one, too
        first &= waiting
        waiting ^= first
        if overlapping:
            x_gradient[seen] += np.where(first, g, 0)
        else:
            x_gradient[seen] = np.where(first, g, 0)
    return inside(x_gradient, padding)


@rung()
def bias_max_pool2d(
    x: NDArray[Any], bias: NDArray[Any], size: Pair, stride: Pair, padding: Pair, activation: str
) -> NDArray[Any]:
    return max_pool2d(_activated(x, bias, activation), size, stride, padding)


@rung()
def bias_max_pool2d_input_gradient(
    g: NDArray[Any],
    x: NDArray[Any],
    bias: NDArray[Any],
    y: NDArray[Any],
    size: Pair,
    stride: Pair,
    padding: Pair,
    activation: str,
) -> NDArray[Any]:
    z = _activated(x, bias, activation)
    z_gradient = max_pool2d_input_gradient(g, z, y, size, stride, padding)
    return z_gradient if activation == "none" else np.where(z > 0, z_gradient, 0)


def _activated(x: NDArray[Any], bias: NDArray[Any], activation: str) -> NDArray[Any]:
    return x + bias if activation == "none" else np.maximum(x + bias, 0)


@rung()
def average_pool2d(x: NDArray[Any], size: Pair, stride: Pair, padding: Pair) -> NDArray[Any]:
    grid = window_grid("average_pool2d", x.shape[1:3], size, stride, padding)
    x_padded = padded(x, padding)
    y = np.zeros_like(x, order="C", shape=(len(x), *grid, x.shape[3]))
    for _, _, seen in taps(size, grid, stride):
        y += x_padded[seen]
    y *= 1 / prod(size)
    return y


@rung()
def average_pool2d_input_gradient(
    g: NDArray[Any], input_shape: Shape, size: Pair, stride: Pair, padding: Pair
) -> NDArray[Any]:
    batch, height, width, channels = input_shape
    x_gradient = np.zeros_like(g, order="C", shape=(batch, height + 2 * padding[0], width + 2 * padding[1], channels))
    share = g * (1 / prod(size))
    for _, _, seen in taps(size, g.shape[1:3], stride):
        x_gradient[seen] += share
    return inside(x_gradient, padding)
