"""Reductions over axes. `axis` is one, several (a tuple), or None for all; `keepdims` keeps them with length 1."""

from __future__ import annotations

import math

import numpy as np

from tinyxm.autograd import Array, primitive
from tinyxm.ops.shape import spread

Axis = int | tuple[int, ...] | None


@primitive(np.sum, a=lambda g, a_shape, axis, keepdims: spread(g, a_shape, axis, keepdims))
def sum(a: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """y = Σ a;  ∂a = g, repeated along the axes"""
    return a.sum(axis=axis, keepdims=keepdims)


@primitive(
    np.mean, a=lambda g, a_shape, axis, keepdims: spread(g * (1 / _count(a_shape, axis)), a_shape, axis, keepdims)
)
def mean(a: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """y = Σ a / n, n the number of elements reduced;  ∂a = g / n, repeated along the axes"""
    total, n = a.sum(axis=axis, keepdims=keepdims), _count(a.shape, axis)
    if not n:
        raise ValueError(f"mean: {a.shape} over axis {axis} has no elements to take the mean of")
    return total * (1 / n)


def var(a: Array, axis: Axis = None, keepdims: bool = False, ddof: float = 0) -> Array:
    """y = Σ (a − mean a)² / (n − ddof)"""
    centred, n = a - mean(a, axis, True), _count(a.shape, axis)
    if n <= ddof:
        raise ValueError(f"var: {n} elements less ddof {ddof} leave nothing to divide by")
    return sum(centred * centred, axis, keepdims) * (1 / (n - ddof))


def std(a: Array, axis: Axis = None, keepdims: bool = False, ddof: float = 0) -> Array:
    """y = √var(a)"""
    return np.sqrt(var(a, axis, keepdims, ddof))


@primitive(np.max, a=lambda g, a, y, axis, keepdims: _to_the_equal(g, a, y, axis, keepdims))
def max(a: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """y = the largest a;  ∂a = g where a is the largest, shared equally among ties, 0 elsewhere"""
    return a.max(axis=axis, keepdims=keepdims)


@primitive(np.min, a=lambda g, a, y, axis, keepdims: _to_the_equal(g, a, y, axis, keepdims))
def min(a: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """y = the smallest a;  ∂a = g where a is the smallest, shared equally among ties, 0 elsewhere"""
    return a.min(axis=axis, keepdims=keepdims)


def _to_the_equal(g: Array, a: Array, y: Array, axis: Axis, keepdims: bool) -> Array:
    """g shared equally among the elements of a that equal the extreme y."""
    equal = (a == spread(y, a.shape, axis, keepdims)).astype(a.dtype)
    return spread(g, a.shape, axis, keepdims) * (equal / equal.sum(axis=axis, keepdims=True))


@primitive(
    a=lambda g, a, y, axis, keepdims: (
        spread(g, a.shape, axis, keepdims) * np.exp(a - spread(y, a.shape, axis, keepdims))
    )
)
def logsumexp(a: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """y = ln Σ eᵃ, computed as m + ln Σ eᵃ⁻ᵐ with m = max a, which can't overflow;  ∂a = g·eᵃ⁻ʸ"""
    m = a.max(axis=axis, keepdims=True)
    m = np.where(np.isfinite(m), m, 0)
    with np.errstate(divide="ignore"):  # ln 0 = −∞ is right where all are −∞
        y = np.log(np.exp(a - m).sum(axis=axis, keepdims=True)) + m
    return y if keepdims else y.squeeze(axis=axis)


def _count(shape: tuple[int, ...], axis: Axis) -> int:
    """How many elements a reduction over these axes takes together."""
    axes = range(len(shape)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return math.prod(shape[i] for i in axes)
