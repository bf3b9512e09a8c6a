"""Products of matrices."""

from __future__ import annotations

import math

import numpy as np

import tinyxm_kernels
from tinyxm.autograd import Array, primitive
from tinyxm.autograd.primitive import from_list
from tinyxm.autograd.tensor import array_of


def transposed(a: Array) -> Array:
    """Y(…, m, n) = A(…, n, m)ᵀ"""
    return np.swapaxes(a, -1, -2)


@primitive(a=lambda g, b: _matmul(g, transposed(b)), b=lambda g, a: _matmul(transposed(a), g))
def _matmul(a: Array, b: Array) -> Array:
    """Y(…, n, m) = A(…, n, k) B(…, k, m);  ∂A = G Bᵀ,  ∂B = Aᵀ G"""
    return tinyxm_kernels.matmul(a, b)


def matmul(a: Array, b: Array) -> Array:
    """Y = A B as NumPy has it: batches broadcast; a vector on the left is a row, on the right a column"""
    if isinstance(a, list) or isinstance(b, list):
        a, b = from_list(a, (array_of(b),)), from_list(b, (array_of(a),))
    x, w = array_of(a), array_of(b)
    rows, columns = np.ndim(x), np.ndim(w)
    if not rows or not columns:
        raise ValueError(f"matmul: {np.shape(x)} @ {np.shape(w)}: a number has no rows or columns; multiply with *")
    if x.shape[-1] != w.shape[-2:][0]:
        raise ValueError(f"matmul: {x.shape} @ {w.shape}: inner sizes {x.shape[-1]} and {w.shape[-2:][0]} differ")
    if rows > 2 and columns == 2:  # one matrix for all batches: one tall product, and one for its gradient
        y = _matmul(np.reshape(a, (math.prod(x.shape[:-1]), x.shape[-1])), b)
        return np.reshape(y, (*x.shape[:-1], w.shape[1]))
    if rows > 1 and columns > 1:
        return _matmul(a, b)
    y = _matmul(np.expand_dims(a, 0) if rows == 1 else a, np.expand_dims(b, 1) if columns == 1 else b)
    return np.squeeze(y, (-2,) * (rows == 1) + (-1,) * (columns == 1))
