"""The vendor's library (`sgemm`, `dgemm`) through NumPy: packed, vectorised, on all cores.

BLAS reads only matrices whose rows or columns lie together in memory. NumPy 2.0 multiplies any other by a plain loop
(measured: 70 times slower at 512×512; 2.4 copies them itself), so such operands are copied here first: one pass over
them. One matrix that serves a whole batch is multiplied once, by all rows of the batch together: products large enough
for BLAS to share among the cores (measured, 128 × 32×64 by 64×64: 1.5 times as fast on two threads, 0.8 on one).

A library multiplies matrices and nothing else, so that bias and activation (`linear`) take further passes over the
result, in place: it comes back from memory, or the cache, once for each.
"""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels.registry import rung


def _laid_out(a: NDArray[Any]) -> NDArray[Any]:
    """`a` itself where BLAS can read each of its matrices in place, otherwise a copy in which it can."""
    (rows, columns), size = a.strides[-2:], a.itemsize
    by_rows = columns == size and rows % size == 0 and rows >= a.shape[-1] * size
    by_columns = rows == size and columns % size == 0 and columns >= a.shape[-2] * size
    return a if by_rows or by_columns else np.ascontiguousarray(a)


@rung()
def matmul(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    if a.ndim < 2 or b.ndim < 2 or (a.ndim == b.ndim == 2 and a.flags.forc and b.flags.forc):
        return np.matmul(a, b)
    if b.ndim > 2 and b.size and not any(b.strides[:-2]) and b.shape[:-2] == a.shape[:-2]:
        b = b[(0,) * (b.ndim - 2)]
    a, b = _laid_out(a), _laid_out(b)
    if a.ndim > 2 and b.ndim == 2 and a.flags.c_contiguous:
        return np.matmul(a.reshape(prod(a.shape[:-1]), a.shape[-1]), b).reshape(*a.shape[:-1], b.shape[-1])
    return np.matmul(a, b)


@rung()
def linear(
    x: NDArray[Any], w: NDArray[Any], bias: NDArray[Any] | None = None, activation: str = "none"
) -> NDArray[Any]:
    y = matmul(x, w)
    if bias is not None:
        y += bias
    if activation == "relu":
        np.maximum(y, 0, out=y)
    elif activation == "gelu":
        from scipy.special import erf  # loaded when it is needed: half as much again as NumPy

        weight = erf(y * y.dtype.type(0.5**0.5))
        weight += 1
        weight *= 0.5
        y *= weight
    return y
