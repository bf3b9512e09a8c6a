"""Operations that move elements or repeat them, and change none."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence

import numpy as np

from tinyxm.autograd import Array, Each, Tensor, primitive


@primitive(np.reshape, a=lambda g, a_shape: np.reshape(g, a_shape))
def reshape(a: Array, shape: int | tuple[int, ...]) -> Array:
    """y = a in another shape, elements in row-major order;  ∂a = g in the shape of a"""
    return a.reshape(shape)


@primitive(np.transpose, a=lambda g, axes: np.transpose(g, None if axes is None else _inverse(axes)))
def transpose(a: Array, axes: Sequence[int] | None = None) -> Array:
    """Y = A with its axes in this order (reversed where none is given);  ∂A = G with the axes put back"""
    return a.transpose(axes)


def _inverse(axes: Sequence[int]) -> list[int]:
    return np.argsort([axis % len(axes) for axis in axes]).tolist()


@primitive(np.swapaxes, a=lambda g, axis1, axis2: np.swapaxes(g, axis1, axis2))
def swapaxes(a: Array, axis1: int, axis2: int) -> Array:
    """Y = A with two axes exchanged;  ∂A = G with them exchanged back"""
    return a.swapaxes(axis1, axis2)


@primitive(np.moveaxis, a=lambda g, source, destination: np.moveaxis(g, destination, source))
def moveaxis(a: Array, source: int | tuple[int, ...], destination: int | tuple[int, ...]) -> Array:
    """Y = A with axes moved from `source` to `destination`;  ∂A = G with them moved back"""
    return np.moveaxis(a, source, destination)


@primitive(np.expand_dims, a=lambda g, a_shape: np.reshape(g, a_shape))
def expand_dims(a: Array, axis: int | tuple[int, ...]) -> Array:
    """y = a with new axes of length 1;  ∂a = g without them"""
    return np.expand_dims(a, axis)


@primitive(np.squeeze, a=lambda g, a_shape: np.reshape(g, a_shape))
def squeeze(a: Array, axis: int | tuple[int, ...] | None = None) -> Array:
    """y = a without axes of length 1;  ∂a = g with them"""
    return a.squeeze(axis)


@primitive(np.broadcast_to, a=lambda g: g)
def broadcast_to(a: Array, shape: tuple[int, ...]) -> Array:
    """y = a, repeated to this shape by NumPy's rule;  ∂a = Σ g over the repeats (the tape sums them)"""
    return np.broadcast_to(a, shape)


@primitive(a=lambda g, axis, keepdims: np.sum(g, axis=axis, keepdims=keepdims))
def spread(a: Array, shape: tuple[int, ...], axis: int | tuple[int, ...] | None, keepdims: bool) -> Array:
    """y = a repeated to this shape along the axes that a sum over them took away;  ∂a = Σ g over them"""
    if axis is not None and not keepdims:
        a = np.expand_dims(a, axis)
    if math.prod(shape) > 4096:
        return np.broadcast_to(a, shape)
    y = np.empty_like(a, shape=shape)  # broadcast_to takes longer than it takes to fill so few
    y[...] = a
    return y


@primitive(np.concatenate, arrays=Each(lambda g, i, arrays_shape, axis: _part(g, i, arrays_shape, axis)))
def concatenate(arrays: Sequence[Array], axis: int = 0) -> Array:
    """y = the arrays end to end along an axis;  ∂aᵢ = the part of g where aᵢ lies"""
    return np.concatenate(arrays, operator.index(axis))  # None, which flattens in NumPy, is refused


def _part(g: Array, i: int, shapes: list[tuple[int, ...]], axis: int) -> Array:
    start = sum(shape[axis] for shape in shapes[:i])
    return g[(slice(None),) * (axis % g.ndim) + (slice(start, start + shapes[i][axis]),)]


@primitive(np.stack, arrays=Each(lambda g, i, axis: g[(slice(None),) * (axis % g.ndim) + (i,)]))
def stack(arrays: Sequence[Array], axis: int = 0) -> Array:
    """y = the arrays side by side along a new axis;  ∂aᵢ = the i-th slice of g along it"""
    return np.stack(arrays, axis)


def flatten(a: Tensor) -> Tensor:
    """(n, ...) → (n, the rest in one axis)"""
    return reshape(a, (*a.shape[:1], math.prod(a.shape[1:])))
