"""Indexing, by every form that NumPy has, and its adjoint."""

from __future__ import annotations

from typing import Any

import numpy as np

import tinyxm_kernels
from tinyxm.autograd import Array, primitive
from tinyxm.autograd.tensor import array_of


@primitive(a=lambda g, a_shape, index: scatter_add(g, a_shape, index))
def take(a: Array, index: Any) -> Array:
    """y = a[index];  ∂a = zeros with g added at the index, once for each time an element was taken"""
    return a[index]


@primitive(a=lambda g, index: take(g, index))
def scatter_add(a: Array, shape: tuple[int, ...], index: Any) -> Array:
    """y = zeros of this shape with a added at the index;  ∂a = g[index]"""
    rows = isinstance(index, np.ndarray) and index.ndim > 0 and index.dtype.kind in "iu"
    if rows and len(shape) == 2 and a.dtype.char in "fd":
        numbers = index.reshape(-1).astype(np.intp) % shape[0]
        return tinyxm_kernels.scatter_add_rows(a.reshape(index.size, shape[1]), numbers, shape[0])
    y = np.zeros_like(a, shape=shape)
    if _repeats(index):
        np.add.at(y, index, a)
    else:
        y[index] = a
    return y


def _repeats(index: Any) -> bool:
    """Whether an index may name an element twice: only sequences of integers can."""
    parts = index if isinstance(index, tuple) else (index,)
    return any(np.ndim(part) and np.asarray(part).dtype.kind in "iu" for part in parts)


def getitem(a: Array, index: Any) -> Array:
    """y = a[index], where Tensors in the index count as their arrays"""
    return take(a, tuple(map(array_of, index)) if isinstance(index, tuple) else array_of(index))
