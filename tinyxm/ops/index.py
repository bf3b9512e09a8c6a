"""Indexing, by every form that NumPy has, and its adjoint, scatter_add."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np

import tinyxm_kernels
from tinyxm.autograd import Array, primitive
from tinyxm.autograd.inplace import is_array
from tinyxm.autograd.places import beside, placed
from tinyxm.autograd.tensor import array_of
from tinyxm.ops.elementwise import where

__all__ = ["getitem", "masked_fill", "scatter_add", "take", "take_along_axis"]


@primitive(a=lambda g, a_shape, index: scatter_add(g, a_shape, index))
def getitem(a: Array, index: Any) -> Array:
    """y = a[index], by integers, slices, masks and arrays as in NumPy;  ∂a = zeros with g added at the index, once for
    each time an element was taken. A Tensor in the index counts as its array"""
    return a[_plain(index)]


@primitive(a=lambda g, index: getitem(g, index))
def scatter_add(a: Array, shape: tuple[int, ...], index: Any) -> Array:
    """y = zeros of this shape with a added at the index, as often as it names an element;  ∂a = g[index]

    The adjoint of `getitem`, and getitem its own: nothing is written in place, so there is no put or add.at.
    """
    index = _plain(index)
    index = placed(index, a) if isinstance(index, np.ndarray) else index
    rows = is_array(index) and index.ndim > 0 and index.dtype.kind in "iu"
    if rows and len(shape) >= 2 and a.dtype.char in "fd":
        numbers = index.astype(np.intp)
        numbers = np.where(numbers < 0, numbers + shape[0], numbers)
        return tinyxm_kernels.scatter_add_rows(a, numbers, shape[0])
    y = np.zeros_like(a, shape=shape)
    if _repeats(index):
        np.add.at(y, index, a)
    else:
        y[index] = a
    return y


def _plain(index: Any) -> Any:
    """The index with an array in place of each Tensor."""
    return tuple(map(array_of, index)) if isinstance(index, tuple) else array_of(index)


def _repeats(index: Any) -> bool:
    """Whether an index may name an element twice: only sequences of integers can."""
    parts = index if isinstance(index, tuple) else (index,)
    return any(np.ndim(part) and (part if is_array(part) else np.asarray(part)).dtype.kind in "iu" for part in parts)


@primitive(np.take, a=lambda g, a_shape, indices, axis: add_along(g, a_shape, indices, axis))
def take(a: Array, indices: Any, axis: int | None = None) -> Array:
    """y = a[..., indices, ...], the integers standing at this axis (None: a flattened);  ∂a = g added up where y was
    taken from"""
    return np.take(a, indices, axis)


def add_along(g: Array, shape: tuple[int, ...], indices: Any, axis: int | None) -> Array:
    """The adjoint of take: zeros of this shape with g added at these places of the axis."""
    indices = array_of(indices)
    indices = indices if is_array(indices) else np.asarray(indices, np.intp)
    indices = placed(indices.astype(np.intp, copy=False), g)
    if axis is None:
        return np.reshape(scatter_add(g, (math.prod(shape),), indices), shape)
    axis, front = axis % len(shape), tuple(range(indices.ndim))
    g = np.moveaxis(g, tuple(axis + i for i in front), front)  # as rows of a table, which a kernel adds up
    rest = shape[:axis] + shape[axis + 1 :]
    return np.moveaxis(scatter_add(g, (shape[axis], *rest), indices), 0, axis)


@primitive(
    np.take_along_axis,
    a=lambda g, a_shape, indices, axis: scatter_add(g, a_shape, _along(a_shape, indices, axis)),
)
def take_along_axis(a: Array, indices: Any, axis: int = -1) -> Array:
    """y[i, j, k] = a[i, indices[i, j, k], k] where axis is 1, and alike for others: along each line its own places, as
    argsort and top_k give them;  ∂a = g added up there"""
    return np.take_along_axis(a, indices, operator.index(axis))  # None, which flattens in NumPy, is refused


def _along(shape: tuple[int, ...], indices: Array, axis: int) -> tuple[Array, ...]:
    """The index that names, along this axis, each line's own places."""
    indices = indices if is_array(indices) else np.asarray(indices)
    grid = [placed(places, indices) for places in np.indices(shape, sparse=True)]
    grid[axis] = indices
    return tuple(grid)


def masked_fill(a: Array, mask: Any, value: Array | float) -> Array:
    """y = value where the mask is True, else a; the mask and the value broadcast, and gradients reach a and the value

    Raises TypeError for a mask that isn't boolean.
    """
    mask = beside("masked_fill", array_of(mask), array_of(a))
    if mask.dtype != bool:
        raise TypeError(f"masked_fill: mask is {mask.dtype}; give booleans, such as t > 0")
    return where(mask, value, a)
