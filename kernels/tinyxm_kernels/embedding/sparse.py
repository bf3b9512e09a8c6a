"""A bag is a row of a sparse matrix S, with weights[i] in column indices[i]; then y = S · weight and ∂L/∂weight = Sᵀ g.

What it adds: the reference copies all rows that are looked up, and then adds them by index; SciPy multiplies in
compiled loops that add one row of the dense matrix at a time where it lies, and needs no compiler here.

Arithmetic intensity: 2 operations for each number fetched, half an operation a byte: memory is the limit, or the cache
for a small table. Limits: one thread; weights of ones are made where there are none.
"""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from tinyxm_kernels.registry import rung


def _bags(indices: NDArray[Any], offsets: NDArray[Any], weights: NDArray[Any], rows: int) -> Any:
    return csr_array((weights, indices, np.append(offsets, len(indices))), shape=(len(offsets), rows))


def _weights(weights: NDArray[Any] | None, indices: NDArray[Any], dtype: Any) -> NDArray[Any]:
    return np.ones(len(indices), dtype) if weights is None else weights


@rung()
def embedding_bag(
    weight: NDArray[Any], indices: NDArray[Any], offsets: NDArray[Any], weights: NDArray[Any] | None
) -> NDArray[Any]:
    return _bags(indices, offsets, _weights(weights, indices, weight.dtype), len(weight)) @ weight


@rung()
def embedding_bag_weight_gradient(
    g: NDArray[Any], indices: NDArray[Any], offsets: NDArray[Any], weights: NDArray[Any] | None, rows: int
) -> NDArray[Any]:
    return _bags(indices, offsets, _weights(weights, indices, g.dtype), rows).T @ g


@rung()
def scatter_add_rows(g: NDArray[Any], indices: NDArray[Any], rows: int) -> NDArray[Any]:
    rest = g.shape[indices.ndim :]
    each_alone = _bags(indices.reshape(-1), np.arange(indices.size), np.ones(indices.size, g.dtype), rows)
    return (each_alone.T @ g.reshape(indices.size, prod(rest))).reshape(rows, *rest)
