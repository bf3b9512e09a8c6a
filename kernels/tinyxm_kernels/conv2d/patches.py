"""Convolution as matrix products, so that BLAS does the arithmetic.

Forward and weight gradient copy every patch of the image into a row of a matrix (im2col; Chellapilla, Puri and Simard
2006): kernel_height·kernel_width times the image. Done for a few images at a time, that matrix stays in the
second-level cache between being written and being read. The input gradient needs no such matrix: for each tap of the
kernel one product of g with that tap's weights, added where the tap looked.
"""

from collections.abc import Iterator
from math import prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from tinyxm_kernels._checks import window_grid
from tinyxm_kernels._windows import inside, padded, taps
from tinyxm_kernels.conv2d import Pair
from tinyxm_kernels.registry import Shape, rung

BLOCK_BYTES = 1 << 19  # measured: 256 KiB to 1 MiB alike where the second-level cache holds 512 KiB


def _blocks(images: int, bytes_per_image: int) -> Iterator[slice]:
    step = max(1, BLOCK_BYTES // max(1, bytes_per_image))
    return (slice(start, start + step) for start in range(0, images, step))


def _patches(x: NDArray[Any], window: Shape, grid: Shape, stride: Pair, padding: Pair) -> NDArray[Any]:
    """(pixels of the result, kernel_height·kernel_width·channels); a view where the patches don't overlap."""
    x_padded = np.ascontiguousarray(padded(x, padding))
    image, row, pixel, channel = x_padded.strides
    shape = (len(x), *grid, window[0], window[1] * x.shape[3])  # a window's row is contiguous: pixels and channels
    strides = (image, row * stride[0], pixel * stride[1], row, channel)
    return as_strided(x_padded, shape, strides, writeable=False).reshape(len(x) * prod(grid), prod(shape[3:]))


@rung()
def conv2d(x: NDArray[Any], w: NDArray[Any], stride: Pair, padding: Pair) -> NDArray[Any]:
    grid = window_grid("conv2d", x.shape[1:3], w.shape[:2], stride, padding)
    weights = w.reshape(prod(w.shape[:3]), w.shape[3])
    y = np.empty((len(x), *grid, w.shape[3]), x.dtype)
    for block in _blocks(len(x), prod(grid) * weights.shape[0] * x.itemsize):
        patches = _patches(x[block], w.shape[:2], grid, stride, padding)
        np.matmul(patches, weights, out=y[block].reshape(len(patches), w.shape[3]))
    return y


@rung()
def conv2d_weight_gradient(
    g: NDArray[Any], x: NDArray[Any], kernel_shape: Shape, stride: Pair, padding: Pair
) -> NDArray[Any]:
    grid, rows = g.shape[1:3], prod(kernel_shape[:3])
    w_gradient = np.zeros((rows, kernel_shape[3]), g.dtype)
    for block in _blocks(len(x), prod(grid) * rows * x.itemsize):
        patches = _patches(x[block], kernel_shape[:2], grid, stride, padding)
        w_gradient += patches.T @ np.ascontiguousarray(g[block]).reshape(len(patches), kernel_shape[3])
    return w_gradient.reshape(kernel_shape)


@rung()
def conv2d_input_gradient(
    g: NDArray[Any], w: NDArray[Any], input_shape: Shape, stride: Pair, padding: Pair
) -> NDArray[Any]:
    batch, height, width, channels = input_shape
    grid = g.shape[1:3]
    transposed = np.ascontiguousarray(w.transpose(0, 1, 3, 2))
    x_gradient = np.empty(input_shape, g.dtype)
    for block in _blocks(batch, prod(grid) * (channels + w.shape[3]) * g.itemsize):
        images = len(g[block])
        g_rows = np.ascontiguousarray(g[block]).reshape(images * prod(grid), w.shape[3])
        sums = np.zeros((images, height + 2 * padding[0], width + 2 * padding[1], channels), g.dtype)
        for i, j, seen in taps(w.shape[:2], grid, stride):
            sums[seen] += (g_rows @ transposed[i, j]).reshape(images, *grid, channels)
        x_gradient[block] = inside(sums, padding)
    return x_gradient
