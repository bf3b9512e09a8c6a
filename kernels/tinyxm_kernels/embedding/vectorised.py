"""One compiled pass over the indices: a row is fetched, scaled and added where it belongs, a vector of numbers abreast.

What it adds: all three operations are one loop, y[targets[i]] += factors[i] · x[sources[i]], and no sparse matrix is
built for it. Four rows that go to one place, as in a bag, are added at once: y's is fetched and stored once for all.
Threads share the rows of y: each clears its own, reads all indices, and adds what falls to it, so that no two write to
one row, and sums have the same bits with any number of threads. Arithmetic intensity: two operations for each number of
x, and a row of y to be cleared for each of the table: memory limits it. Limits: every thread reads every index; few
columns make short vectors.
"""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels._compiled import flat, threaded
from tinyxm_kernels.embedding import bag_of_each
from tinyxm_kernels.registry import rung


@threaded
def add_rows(start, stop, x, sources, targets, factors, y, dim):
    """Rows start ... stop of y (rows · dim,) become sums of rows of x (... · dim,), one for each of the targets."""
    own = y[start * dim : stop * dim]
    for k in range(own.size):
        own[k] = 0
    i = 0
    while i < targets.size:
        target = targets[i]
        if not start <= target < stop:
            i += 1
            continue
        total = y[target * dim : target * dim + dim]
        row0, factor0 = x[sources[i] * dim : sources[i] * dim + dim], factors[i]
        if i + 3 < targets.size and targets[i + 1] == target and targets[i + 2] == target and targets[i + 3] == target:
            row1, factor1 = x[sources[i + 1] * dim : sources[i + 1] * dim + dim], factors[i + 1]
            row2, factor2 = x[sources[i + 2] * dim : sources[i + 2] * dim + dim], factors[i + 2]
            row3, factor3 = x[sources[i + 3] * dim : sources[i + 3] * dim + dim], factors[i + 3]
            for k in range(total.size):
                total[k] += factor0 * row0[k] + factor1 * row1[k] + factor2 * row2[k] + factor3 * row3[k]
            i += 4
        else:
            for k in range(total.size):
                total[k] += factor0 * row0[k]
            i += 1


def _sums(
    x: NDArray[Any], sources: Any, targets: Any, factors: NDArray[Any] | None, shape: tuple[int, ...]
) -> NDArray[Any]:
    y, dim, count = np.empty(shape, x.dtype), prod(shape[1:]), targets.size
    numbers = [flat(np.asarray(indices, np.int64)) for indices in (sources, targets)]
    factors = np.ones(count, x.dtype) if factors is None else flat(factors)
    add_rows(shape[0], 2.0 * count * dim + y.size, flat(x), *numbers, factors, y.reshape(-1), dim)
    return y


@rung(backend="numba")
def embedding_bag(
    weight: NDArray[Any], indices: NDArray[Any], offsets: NDArray[Any], weights: NDArray[Any] | None
) -> NDArray[Any]:
    return _sums(weight, indices, bag_of_each(indices, offsets), weights, (len(offsets), weight.shape[1]))


@rung(backend="numba")
def embedding_bag_weight_gradient(
    g: NDArray[Any], indices: NDArray[Any], offsets: NDArray[Any], weights: NDArray[Any] | None, rows: int
) -> NDArray[Any]:
    return _sums(g, bag_of_each(indices, offsets), indices, weights, (rows, g.shape[1]))


@rung(backend="numba")
def scatter_add_rows(g: NDArray[Any], indices: NDArray[Any], rows: int) -> NDArray[Any]:
    return _sums(g, np.arange(indices.size), indices, None, (rows, *g.shape[indices.ndim :]))
