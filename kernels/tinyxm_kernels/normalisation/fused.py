"""All passes over a row while it is in the first-level cache.

What it adds: the reference passes six or more times over the whole array, and writes what lies between to memory; here
a row comes from memory once, and is read again from the cache for its mean, its variance and its result. Rows are
independent, so each thread takes its part of them; the sum over rows, for the scale, is taken of blocks of rows, whose
sums are then added: the same blocks, and so the same bits, on any number of threads.

Arithmetic intensity: eight operations forward for 8 bytes moved (float32), so memory is the limit of large arrays.
Limits: rows of a few features don't fill a vector.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels._compiled import compiled, threaded
from tinyxm_kernels.registry import rung

Array = NDArray[Any]
OPERATIONS = 5  # for each number, in the time that an operation of others takes: they are all vectorised
ROWS = 64  # of a block whose products are summed together


@compiled(inline="always")
def statistics(x, n, eps):
    """The mean of row n, and 1 / √(σ² + ε)."""
    number, count = x.dtype.type, x.dtype.type(x.shape[1])
    total = number(0)
    for k in range(x.shape[1]):
        total += x[n, k]
    mean, squares = total / count, number(0)
    for k in range(x.shape[1]):
        squares += (x[n, k] - mean) * (x[n, k] - mean)
    return mean, number(1) / np.sqrt(squares / count + number(eps))


@threaded
def normalise(start, stop, x, scale, shift, eps, y):
    for n in range(start, stop):
        mean, inverse = statistics(x, n, eps)
        for k in range(x.shape[1]):
            y[n, k] = (x[n, k] - mean) * inverse * scale[k] + shift[k]


@threaded
def input_gradients(start, stop, g, x, scale, eps, g_x):
    number, count = x.dtype.type, x.dtype.type(x.shape[1])
    for n in range(start, stop):
        mean, inverse = statistics(x, n, eps)
        plain, along = number(0), number(0)
        for k in range(x.shape[1]):
            h = g[n, k] * scale[k]
            plain += h
            along += h * ((x[n, k] - mean) * inverse)
        plain, along = plain / count, along / count
        for k in range(x.shape[1]):
            g_x[n, k] = (g[n, k] * scale[k] - plain - (x[n, k] - mean) * inverse * along) * inverse


@threaded
def scale_gradients(start, stop, g, x, eps, sums):
    """sums (blocks, features) of g x̂ over the rows of each block."""
    for block in range(start, stop):
        sums[block] = 0
        for n in range(block * ROWS, min(x.shape[0], (block + 1) * ROWS)):
            mean, inverse = statistics(x, n, eps)
            for k in range(x.shape[1]):
                sums[block, k] += g[n, k] * ((x[n, k] - mean) * inverse)


@rung(backend="numba")
def layer_norm(x: Array, scale: Array, shift: Array, eps: float) -> Array:
    y = np.empty(x.shape, x.dtype)
    normalise(len(x), OPERATIONS * x.size, *map(np.ascontiguousarray, (x, scale, shift)), eps, y)
    return y


@rung(backend="numba")
def layer_norm_input_gradient(g: Array, x: Array, scale: Array, eps: float) -> Array:
    g_x = np.empty(x.shape, x.dtype)
    input_gradients(len(x), 2 * OPERATIONS * x.size, *map(np.ascontiguousarray, (g, x, scale)), eps, g_x)
    return g_x


@rung(backend="numba")
def layer_norm_scale_gradient(g: Array, x: Array, eps: float) -> Array:
    sums = np.empty((-(-len(x) // ROWS), x.shape[1]), x.dtype)
    scale_gradients(len(sums), OPERATIONS * x.size, *map(np.ascontiguousarray, (g, x)), eps, sums)
    return sums.sum(axis=0)
