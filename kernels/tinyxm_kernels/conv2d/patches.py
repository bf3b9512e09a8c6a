"""Convolution as matrix products, so that BLAS does the arithmetic.

What it adds: seven loops become one product, and that is packed, vectorised and shared among threads by a library that
has been at it for decades. Forward and weight gradient copy every patch of the image into a row of a matrix (im2col;
Chellapilla, Puri and Simard 2006): kernel_height·kernel_width times the image. Done for a few images at a time, that
matrix stays in the second-level cache between being written and being read. The input gradient needs no such matrix:
for each tap of the kernel one product of g with that tap's weights, added where the tap looked. Groups are as many
smaller products.

Arithmetic intensity: the product's, 2·out_channels operations for each number of a patch; but each number of the image
is written and read as often as it has taps, and for few channels, in or out, that takes longer than the product.
Limits: the copy, which `implicit` doesn't make; a product for each group, so depthwise convolution is slow.
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


def _patches(
    x: NDArray[Any], window: Shape, grid: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> NDArray[Any]:
    """(groups, pixels of the result, kernel_height·kernel_width·channels of a group); a view where none overlap."""
    x_padded = np.ascontiguousarray(padded(x, padding))
    channels = x.shape[3] // groups
    image, row, pixel, channel = x_padded.strides
    shape = (groups, len(x), *grid, *window, channels)
    strides = (
        *(channels * channel, image, row * stride[0], pixel * stride[1]),
        *(row * dilation[0], pixel * dilation[1], channel),
    )
    pixels, taken = len(x) * prod(grid), prod(window) * channels
    return as_strided(x_padded, shape, strides, writeable=False).reshape(groups, pixels, taken)


def _grouped(a: NDArray[Any], groups: int) -> NDArray[Any]:
    """(..., channels) → (groups, rows, channels of a group), a row for all that stands before the channels"""
    rows = np.ascontiguousarray(a).reshape(prod(a.shape[:-1]), groups, a.shape[-1] // groups)
    return rows.swapaxes(0, 1)


def _joined(a: NDArray[Any], shape: Shape) -> NDArray[Any]:
    """What `_grouped` took apart, in this shape again."""
    return a.swapaxes(0, 1).reshape(shape)


@rung()
def conv2d(x: NDArray[Any], w: NDArray[Any], stride: Pair, padding: Pair, dilation: Pair, groups: int) -> NDArray[Any]:
    grid = window_grid("conv2d", x.shape[1:3], w.shape[:2], stride, padding, dilation)
    weights = _grouped(w, groups)
    y = np.empty((len(x), *grid, w.shape[3]), x.dtype)
    for block in _blocks(len(x), prod(grid) * groups * weights.shape[1] * x.itemsize):
        patches = _patches(x[block], w.shape[:2], grid, stride, padding, dilation, groups)
        if groups == 1:
            np.matmul(patches[0], weights[0], out=y[block].reshape(patches.shape[1], w.shape[3]))
        else:
            y[block] = _joined(patches @ weights, y[block].shape)
    return y


@rung()
def conv2d_weight_gradient(
    g: NDArray[Any], x: NDArray[Any], kernel_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> NDArray[Any]:
    grid, rows = g.shape[1:3], prod(kernel_shape[:3])
    w_gradient = np.zeros((groups, rows, kernel_shape[3] // groups), g.dtype)
    for block in _blocks(len(x), prod(grid) * groups * rows * x.itemsize):
        patches = _patches(x[block], kernel_shape[:2], grid, stride, padding, dilation, groups)
        w_gradient += patches.swapaxes(1, 2) @ _grouped(g[block], groups)
    return _joined(w_gradient, kernel_shape)


@rung()
def conv2d_input_gradient(
    g: NDArray[Any], w: NDArray[Any], input_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> NDArray[Any]:
    batch, height, width, channels = input_shape
    grid = g.shape[1:3]
    transposed = np.ascontiguousarray(w.reshape(*w.shape[:3], groups, w.shape[3] // groups).transpose(0, 1, 3, 4, 2))
    x_gradient = np.empty(input_shape, g.dtype)
    for block in _blocks(batch, prod(grid) * (channels + w.shape[3]) * g.itemsize):
        g_rows = _grouped(g[block], groups)
        shape = (len(g[block]), *grid, channels)
        sums = np.zeros((shape[0], height + 2 * padding[0], width + 2 * padding[1], channels), g.dtype)
        for i, j, seen in taps(w.shape[:2], grid, stride, dilation):
            sums[seen] += _joined(g_rows @ transposed[i, j], shape)
        x_gradient[block] = inside(sums, padding)
    return x_gradient
