"""The truth: the formula, one tap (i, j) of the kernel at a time.

Each tap sees the whole image shifted by (i, j), and what is left of the sum is over channels. Costs a pass over the
result for each tap.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels._checks import window_grid
from tinyxm_kernels._windows import inside, padded, taps
from tinyxm_kernels.conv2d import Pair
from tinyxm_kernels.registry import Shape, rung


@rung()
def conv2d(x: NDArray[Any], w: NDArray[Any], stride: Pair, padding: Pair) -> NDArray[Any]:
    grid = window_grid("conv2d", x.shape[1:3], w.shape[:2], stride, padding)
    x_padded = padded(x, padding)
    y = np.zeros((len(x), *grid, w.shape[3]), x.dtype)
    for i, j, seen in taps(w.shape[:2], grid, stride):
        y += np.einsum("npqc,co->npqo", x_padded[seen], w[i, j])
    return y


@rung()
def conv2d_input_gradient(
    g: NDArray[Any], w: NDArray[Any], input_shape: Shape, stride: Pair, padding: Pair
) -> NDArray[Any]:
    batch, height, width, channels = input_shape
    x_gradient = np.zeros((batch, height + 2 * padding[0], width + 2 * padding[1], channels), g.dtype)
    for i, j, seen in taps(w.shape[:2], g.shape[1:3], stride):
        x_gradient[seen] += np.einsum("npqo,co->npqc", g, w[i, j])
    return inside(x_gradient, padding)


@rung()
def conv2d_weight_gradient(
    g: NDArray[Any], x: NDArray[Any], kernel_shape: Shape, stride: Pair, padding: Pair
) -> NDArray[Any]:
    x_padded = padded(x, padding)
    w_gradient = np.zeros(kernel_shape, g.dtype)
    for i, j, seen in taps(kernel_shape[:2], g.shape[1:3], stride):
        w_gradient[i, j] = np.einsum("npqc,npqo->co", x_padded[seen], g)
    return w_gradient
