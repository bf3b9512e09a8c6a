"""One pass over the windows, compiled: a window's numbers for all channels lie together, and are compared as vectors.

What it adds: `reference` passes over the whole image once for every position of the window, and once more for each mask
that it makes; here a window is finished while its pixels are in the first-level cache, and padding is never stored, nor
are x + bias and its activation. The greatest of max(…, 0) is 0 or the greatest of all: with ReLU the search begins at 0
instead of −∞. The gradient of the mean is a sum over the windows that hold a pixel, and so the same loop as the mean.
Arithmetic intensity: size₀ size₁ comparisons for as many numbers read, from memory one each: memory limits it.
Threads share rows of windows, or whole images where gradients of windows that overlap are added. Limits: with few
channels the vectors are short; one image's gradient of the maximum is computed by one thread.
"""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels._checks import window_grid
from tinyxm_kernels._compiled import flat, threaded
from tinyxm_kernels.pooling import Pair
from tinyxm_kernels.registry import Shape, rung


@threaded
def largest(
    start, stop, x, bias, y, least, height, width, channels, rows, columns, size0, size1, step0, step1, pad0, pad1
):
    """Rows of windows start ... stop, counted through the batch; the greatest x + bias, or `least`."""
    least = y.dtype.type(least)
    for row in range(start, stop):
        n, top = row // rows, row % rows * step0 - pad0
        for q in range(columns):
            left, target = q * step1 - pad1, (row * columns + q) * channels
            result = y[target : target + channels]
            for c in range(channels):
                result[c] = least
            for i in range(max(top, 0), min(top + size0, height)):
                for j in range(max(left, 0), min(left + size1, width)):
                    source = ((n * height + i) * width + j) * channels
                    pixel = x[source : source + channels]
                    for c in range(channels):
                        value, most = pixel[c] + bias[c], result[c]
                        result[c] = value if (value > most) | (value != value) else most


@threaded
def to_the_largest(
    start,
    stop,
    g,
    x,
    bias,
    y,
    dx,
    relu,
    height,
    width,
    channels,
    rows,
    columns,
    size0,
    size1,
    step0,
    step1,
    pad0,
    pad1,
):
    """Images start ... stop; `waiting` is what of a window's g hasn't been given to its maximum yet: all, then 0."""
    waiting, nothing = np.empty(channels, dx.dtype), dx.dtype.type(0)
    for n in range(start, stop):
        cleared = dx[n * height * width * channels : (n + 1) * height * width * channels]
        for k in range(cleared.size):
            cleared[k] = nothing
        for p in range(rows):
            for q in range(columns):
                source = ((n * rows + p) * columns + q) * channels
                upstream, most = g[source : source + channels], y[source : source + channels]
                for c in range(channels):
                    waiting[c] = upstream[c]
                for i in range(p * step0 - pad0, p * step0 - pad0 + size0):
                    for j in range(q * step1 - pad1, q * step1 - pad1 + size1):
                        if 0 <= i < height and 0 <= j < width:
                            target = ((n * height + i) * width + j) * channels
                            pixel, gradient = x[target : target + channels], dx[target : target + channels]
                            for c in range(channels):
                                value, left = pixel[c] + bias[c], waiting[c]
                                gradient[c] += nothing if (value < most[c]) | (relu & (not value > 0)) else left
                                waiting[c] = left if value < most[c] else nothing
                        else:  # the padding, −∞, may be the first to equal the maximum
                            for c in range(channels):
                                waiting[c] = waiting[c] if -np.inf < most[c] else nothing


@rung(backend="numba")
def bias_max_pool2d(
    x: NDArray[Any], bias: NDArray[Any], size: Pair, stride: Pair, padding: Pair, activation: str
) -> NDArray[Any]:
    batch, height, width, channels = x.shape
    rows, columns = window_grid("max_pool2d", (height, width), size, stride, padding)
    y = np.empty((batch, rows, columns, channels), x.dtype)
    operands = flat(x), flat(bias), y.reshape(-1), 0.0 if activation == "relu" else -np.inf
    work = 3.0 * y.size * prod(size)
    largest(batch * rows, work, *operands, height, width, channels, rows, columns, *size, *stride, *padding)
    return y


@rung(backend="numba")
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
    dx, work = np.empty(x.shape, g.dtype), 3.0 * y.size * prod(size)
    operands = *map(flat, (g, x, bias, y, dx)), activation == "relu"
    to_the_largest(len(x), work, *operands, *x.shape[1:], *y.shape[1:3], *size, *stride, *padding)
    return dx


@rung(backend="numba")
def max_pool2d(x: NDArray[Any], size: Pair, stride: Pair, padding: Pair) -> NDArray[Any]:
    return bias_max_pool2d(x, np.zeros(x.shape[3], x.dtype), size, stride, padding, "none")


@rung(backend="numba")
def max_pool2d_input_gradient(
    g: NDArray[Any], x: NDArray[Any], y: NDArray[Any], size: Pair, stride: Pair, padding: Pair
) -> NDArray[Any]:
    return bias_max_pool2d_input_gradient(g, x, np.zeros(x.shape[3], x.dtype), y, size, stride, padding, "none")


@threaded
def sums(start, stop, x, y, factor, height, width, channels, rows, columns, top, bottom, left, right):
    """Rows p of y, start ... stop, counted through the batch: factor · the sum over the rows top[p] ... bottom[p] of x
    and, for column q, its columns left[q] ... right[q]."""
    factor = y.dtype.type(factor)
    for row in range(start, stop):
        n, p = row // rows, row % rows
        for q in range(columns):
            target, first = (row * columns + q) * channels, True
            result = y[target : target + channels]
            for i in range(top[p], bottom[p]):
                for j in range(left[q], right[q]):
                    source = ((n * height + i) * width + j) * channels
                    pixel = x[source : source + channels]
                    if first:
                        first = False
                        for c in range(channels):
                            result[c] = factor * pixel[c]
                    else:
                        for c in range(channels):
                            result[c] += factor * pixel[c]
            if first:
                for c in range(channels):
                    result[c] = 0


def _sums(x: NDArray[Any], shape: Shape, size: Pair, ranges: list[NDArray[Any]]) -> NDArray[Any]:
    y = np.empty(shape, x.dtype)
    work = 1.0 * max(x.size, y.size) * prod(size)
    sums(shape[0] * shape[1], work, flat(x), y.reshape(-1), 1 / prod(size), *x.shape[1:], *shape[1:3], *ranges)
    return y


@rung(backend="numba")
def average_pool2d(x: NDArray[Any], size: Pair, stride: Pair, padding: Pair) -> NDArray[Any]:
    grid, ranges = window_grid("average_pool2d", x.shape[1:3], size, stride, padding), []
    for places, windows, length, step, more in zip(x.shape[1:3], grid, size, stride, padding, strict=True):
        first = np.arange(windows) * step - more  # of the pixels in window p
        ranges += [np.maximum(first, 0), np.minimum(first + length, places)]
    return _sums(x, (len(x), *grid, x.shape[3]), size, ranges)


@rung(backend="numba")
def average_pool2d_input_gradient(
    g: NDArray[Any], input_shape: Shape, size: Pair, stride: Pair, padding: Pair
) -> NDArray[Any]:
    ranges = []
    for places, windows, length, step, more in zip(input_shape[1:3], g.shape[1:3], size, stride, padding, strict=True):
        place = np.arange(places) + more
        first = -((length - 1 - place) // step)  # of the windows that hold pixel i: ⌈(i + more − length + 1) / step⌉
        ranges += [np.maximum(first, 0), np.minimum(place // step + 1, windows)]
    return _sums(g, input_shape, size, ranges)
