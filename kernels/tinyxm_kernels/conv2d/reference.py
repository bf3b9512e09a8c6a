"""The truth: the formula, one tap (i, j) of the kernel at a time.

Each tap sees the whole image shifted by (i, j), and what is left of the sum is over the channels of each group. Costs a
pass over the result for each tap.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels._checks import window_grid
from tinyxm_kernels._windows import inside, padded, taps
from tinyxm_kernels.conv2d import Pair
from tinyxm_kernels.registry import Shape, rung


def _grouped(a: NDArray[Any], groups: int) -> NDArray[Any]:
    """(..., channels) → (..., groups, channels of a group)"""
    return a.reshape(*a.shape[:-1], groups, a.shape[-1] // groups)


def _summed(subscripts: str, a: NDArray[Any], b: NDArray[Any]) -> Any:
    """einsum, and 0 where nothing is summed: there einsum was seen to give NaN, once (NumPy 2.4)."""
    return np.einsum(subscripts, a, b) if a.size and b.size else 0


@rung()
def conv2d(x: NDArray[Any], w: NDArray[Any], stride: Pair, padding: Pair, dilation: Pair, groups: int) -> NDArray[Any]:
    grid = window_grid("conv2d", x.shape[1:3], w.shape[:2], stride, padding, dilation)
    x_padded, w = _grouped(padded(x, padding), groups), _grouped(w, groups)
    y = np.zeros_like(x, order="C", shape=(len(x), *grid, *w.shape[3:]))
    for i, j, seen in taps(w.shape[:2], grid, stride, dilation):
        y += _summed("npqgc,cgo->npqgo", x_padded[seen], w[i, j])
    return y.reshape(*y.shape[:3], w.shape[3] * w.shape[4])


@rung()
def conv2d_input_gradient(
    g: NDArray[Any], w: NDArray[Any], input_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> NDArray[Any]:
    batch, height, width, channels = input_shape
    g, w = _grouped(g, groups), _grouped(w, groups)
    x_gradient = np.zeros_like(g, order="C", shape=(batch, height + 2 * padding[0], width + 2 * padding[1], channels))
    for i, j, seen in taps(w.shape[:2], g.shape[1:3], stride, dilation):
        _grouped(x_gradient, groups)[seen] += _summed("npqgo,cgo->npqgc", g, w[i, j])
    return inside(x_gradient, padding)


@rung()
def conv2d_weight_gradient(
    g: NDArray[Any], x: NDArray[Any], kernel_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> NDArray[Any]:
    x_padded, g = _grouped(padded(x, padding), groups), _grouped(g, groups)
    w_gradient = np.zeros_like(g, order="C", shape=kernel_shape)
    for i, j, seen in taps(kernel_shape[:2], g.shape[1:3], stride, dilation):
        _grouped(w_gradient, groups)[i, j] = _summed("npqgc,npqgo->cgo", x_padded[seen], g)
    return w_gradient
