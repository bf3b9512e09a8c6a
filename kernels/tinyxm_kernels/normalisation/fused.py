"""All passes over a row while it is in the first-level cache.

What it adds: the reference passes six or more times over the whole array, and writes what lies between to memory; here
a row comes from memory once, and is read again from the cache for its mean, its variance and its result. Rows are
independent, so each thread takes its part of them; all three gradients are of one pass, and the sums over rows, for
scale and shift, are taken of blocks of rows, whose sums are then added: the same blocks, and so the same bits, on any
number of threads.

Arithmetic intensity: eight operations forward for 8 bytes moved (float32), so memory is the limit of large arrays.
Limits: rows of a few features don't fill a vector.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels._compiled import compiled, threaded
from tinyxm_kernels._math import rounded
from tinyxm_kernels.registry import rung

Array = NDArray[Any]
OPERATIONS = 6  # for each number, in the time that an operation of others takes: they are all vectorised
ROWS = 64  # of a block whose products are summed together


@compiled(inline="always")
def mean_of(row):
    total = row.dtype.type(0)
    for k in range(row.size):
        total += row[k]
    return rounded(total / row.dtype.type(row.size))


@compiled(inline="always")
def inverse_deviation(squares, row, eps):
    """1 / √(σ² + ε), from the sum of squares of a row without its mean."""
    number = row.dtype.type
    return rounded(number(1) / np.sqrt(squares / number(row.size) + number(eps)))


@threaded
def normalise(start, stop, x, scale, shift, eps, y):
    for n in range(start, stop):
        row, result = x[n], y[n]
        mean, squares = mean_of(row), row.dtype.type(0)
        for k in range(row.size):
            squares += (row[k] - mean) * (row[k] - mean)
        inverse = inverse_deviation(squares, row, eps)
        for k in range(row.size):
            result[k] = (row[k] - mean) * inverse * scale[k] + shift[k]


@threaded
def gradients(start, stop, g, x, scale, eps, g_x, along_sums, plain_sums):
    """g_x, and of each block of rows the sums (blocks, features) of g x̂ and of g."""
    number, count = x.dtype.type, x.dtype.type(x.shape[1])
    for block in range(start, stop):
        products, sums = along_sums[block], plain_sums[block]
        products[:] = 0
        sums[:] = 0
        for n in range(block * ROWS, min(x.shape[0], (block + 1) * ROWS)):
            row, slopes, result = x[n], g[n], g_x[n]
            mean = mean_of(row)
            squares, plain, along = number(0), number(0), number(0)
            for k in range(row.size):
                centred, h = row[k] - mean, slopes[k] * scale[k]
                squares += centred * centred
                plain += h
                along += h * centred
            inverse = inverse_deviation(squares, row, eps)
            level, tilt = rounded(plain / count), rounded(along / count * inverse * inverse)
            for k in range(row.size):
                centred = row[k] - mean
                result[k] = (slopes[k] * scale[k] - level - centred * tilt) * inverse
                products[k] += slopes[k] * (centred * inverse)
                sums[k] += slopes[k]


@rung(backend="numba")
def layer_norm(x: Array, scale: Array, shift: Array, eps: float) -> Array:
    y = np.empty(x.shape, x.dtype)
    normalise(len(x), OPERATIONS * x.size, *map(np.ascontiguousarray, (x, scale, shift)), eps, y)
    return y


@rung(backend="numba")
def layer_norm_gradients(g: Array, x: Array, scale: Array, eps: float) -> tuple[Array, Array, Array]:
    g_x, sums = np.empty(x.shape, x.dtype), np.empty((2, -(-len(x) // ROWS), x.shape[1]), x.dtype)
    arrays = map(np.ascontiguousarray, (g, x, scale))
    gradients(sums.shape[1], 3 * OPERATIONS * x.size, *arrays, eps, g_x, *sums)
    g_scale, g_shift = sums.sum(axis=1)
    return g_x, g_scale, g_shift
