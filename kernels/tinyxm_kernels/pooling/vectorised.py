"""One pass over the windows, compiled: a window's numbers for all channels lie together, and are compared as vectors.

What it adds: `reference` passes over the whole image once for every position of the window, and once more for each mask
that it makes; here a window is finished while its pixels are in the first-level cache, and padding is never stored.
Arithmetic intensity: size₀ size₁ comparisons for as many numbers read, from memory one each: memory limits it.
Threads share rows of windows, or whole images where gradients of windows that overlap are added. Limits: with few
channels the vectors are short; one image's gradient is computed by one thread.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels._checks import window_grid
from tinyxm_kernels._compiled import threaded
from tinyxm_kernels.pooling import Pair
from tinyxm_kernels.registry import Shape, rung


@threaded
def largest(start, stop, x, y, height, width, channels, rows, columns, size0, size1, step0, step1, more0, more1):
    """Rows of windows start ... stop, counted through the batch."""
    for row in range(start, stop):
        n, top = row // rows, row % rows * step0 - more0
        for q in range(columns):
            left, target = q * step1 - more1, (row * columns + q) * channels
            result = y[target : target + channels]
            for c in range(channels):
                result[c] = -np.inf
            for i in range(max(top, 0), min(top + size0, height)):
                for j in range(max(left, 0), min(left + size1, width)):
                    source = ((n * height + i) * width + j) * channels
                    pixel = x[source : source + channels]
                    for c in range(channels):
                        value, most = pixel[c], result[c]
                        result[c] = value if (value > most) | (value != value) else most


@threaded
def to_the_largest(
    start, stop, g, x, y, dx, height, width, channels, rows, columns, size0, size1, step0, step1, more0, more1
):
    """Images start ... stop; `waiting` is 1 where a window's maximum hasn't been met yet, and 0 after."""
    waiting = np.empty(channels, dx.dtype)
    one, nothing = dx.dtype.type(1), dx.dtype.type(0)
    for n in range(start, stop):
        for k in range(n * height * width * channels, (n + 1) * height * width * channels):
            dx[k] = nothing
        for p in range(rows):
            for q in range(columns):
                source = ((n * rows + p) * columns + q) * channels
                upstream, most = g[source : source + channels], y[source : source + channels]
                for c in range(channels):
                    waiting[c] = one
                for i in range(p * step0 - more0, p * step0 - more0 + size0):
                    for j in range(q * step1 - more1, q * step1 - more1 + size1):
                        if 0 <= i < height and 0 <= j < width:
                            target = ((n * height + i) * width + j) * channels
                            pixel, gradient = x[target : target + channels], dx[target : target + channels]
                            for c in range(channels):
                                first = nothing if pixel[c] < most[c] else waiting[c]
                                waiting[c] -= first
                                gradient[c] += upstream[c] * first
                        else:  # the padding, −∞, may be the first to equal the maximum
                            for c in range(channels):
                                waiting[c] = waiting[c] if -np.inf < most[c] else nothing


@rung(backend="numba")
def max_pool2d(x: NDArray[Any], size: Pair, stride: Pair, padding: Pair) -> NDArray[Any]:
    batch, height, width, channels = x.shape
    rows, columns = window_grid("max_pool2d", (height, width), size, stride, padding)
    y = np.empty((batch, rows, columns, channels), x.dtype)
    work = 1.0 * y.size * size[0] * size[1]
    x, flat = np.ascontiguousarray(x).reshape(-1), y.reshape(-1)
    largest(batch * rows, work, x, flat, height, width, channels, rows, columns, *size, *stride, *padding)
    return y


@rung(backend="numba")
def max_pool2d_input_gradient(
    g: NDArray[Any], x: NDArray[Any], y: NDArray[Any], size: Pair, stride: Pair, padding: Pair
) -> NDArray[Any]:
    dx, work = np.empty(x.shape, g.dtype), 3.0 * y.size * size[0] * size[1]
    flat = [np.ascontiguousarray(a).reshape(-1) for a in (g, x, y, dx)]
    to_the_largest(len(x), work, *flat, *x.shape[1:], *y.shape[1:3], *size, *stride, *padding)
    return dx


@threaded
def mean(start, stop, x, y, height, width, channels, rows, columns, size0, size1, step0, step1, more0, more1):
    """Rows of windows start ... stop, counted through the batch."""
    share = y.dtype.type(1 / (size0 * size1))
    for row in range(start, stop):
        n, top = row // rows, row % rows * step0 - more0
        for q in range(columns):
            left, target = q * step1 - more1, (row * columns + q) * channels
            result = y[target : target + channels]
            for c in range(channels):
                result[c] = 0
            for i in range(max(top, 0), min(top + size0, height)):
                for j in range(max(left, 0), min(left + size1, width)):
                    source = ((n * height + i) * width + j) * channels
                    pixel = x[source : source + channels]
                    for c in range(channels):
                        result[c] += pixel[c]
            for c in range(channels):
                result[c] *= share


@threaded
def spread(start, stop, g, dx, height, width, channels, rows, columns, size0, size1, step0, step1, more0, more1):
    """Images start ... stop."""
    share = dx.dtype.type(1 / (size0 * size1))
    for n in range(start, stop):
        for k in range(n * height * width * channels, (n + 1) * height * width * channels):
            dx[k] = 0
        for p in range(rows):
            for q in range(columns):
                top, left, source = p * step0 - more0, q * step1 - more1, ((n * rows + p) * columns + q) * channels
                upstream = g[source : source + channels]
                for i in range(max(top, 0), min(top + size0, height)):
                    for j in range(max(left, 0), min(left + size1, width)):
                        target = ((n * height + i) * width + j) * channels
                        gradient = dx[target : target + channels]
                        for c in range(channels):
                            gradient[c] += upstream[c] * share


@rung(backend="numba")
def average_pool2d(x: NDArray[Any], size: Pair, stride: Pair, padding: Pair) -> NDArray[Any]:
    batch, height, width, channels = x.shape
    rows, columns = window_grid("average_pool2d", (height, width), size, stride, padding)
    y = np.empty((batch, rows, columns, channels), x.dtype)
    work = 1.0 * y.size * size[0] * size[1]
    x, flat = np.ascontiguousarray(x).reshape(-1), y.reshape(-1)
    mean(batch * rows, work, x, flat, height, width, channels, rows, columns, *size, *stride, *padding)
    return y


@rung(backend="numba")
def average_pool2d_input_gradient(
    g: NDArray[Any], input_shape: Shape, size: Pair, stride: Pair, padding: Pair
) -> NDArray[Any]:
    dx, work = np.empty(input_shape, g.dtype), 1.0 * g.size * size[0] * size[1]
    g_flat, flat = np.ascontiguousarray(g).reshape(-1), dx.reshape(-1)
    spread(input_shape[0], work, g_flat, flat, *input_shape[1:], *g.shape[1:3], *size, *stride, *padding)
    return dx
