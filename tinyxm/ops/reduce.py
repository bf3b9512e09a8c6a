"""Reductions over axes. `axis` is one, several (a tuple), or None for all; `keepdims` keeps them with length 1."""

from __future__ import annotations

import math
import operator

import numpy as np

from tinyxm.autograd import Array, Tensor, primitive
from tinyxm.autograd.places import beside, placed
from tinyxm.autograd.primitive import answers_for
from tinyxm.autograd.tensor import array_of
from tinyxm.ops.index import take_along_axis
from tinyxm.ops.shape import spread

__all__ = [
    "argmax", "argmin", "argsort", "average", "cumprod", "cumsum", "diff", "logsumexp", "max", "mean", "median", "min",
    "norm", "prod", "sort", "std", "sum", "top_k", "var",
]  # fmt: skip

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


@answers_for(np.var)
def var(a: Array, axis: Axis = None, keepdims: bool = False, ddof: float = 0) -> Array:
    """y = Σ (a − mean a)² / (n − ddof)"""
    centred, n = a - mean(a, axis, True), _count(a.shape, axis)
    if n <= ddof:
        raise ValueError(f"var: {n} elements less ddof {ddof} leave nothing to divide by")
    return sum(centred * centred, axis, keepdims) * (1 / (n - ddof))


@answers_for(np.std)
def std(a: Array, axis: Axis = None, keepdims: bool = False, ddof: float = 0) -> Array:
    """y = √var(a), as ‖a − mean a‖ / √(n − ddof);  the gradient is 0 where all are equal"""
    centred, n = a - mean(a, axis, True), _count(a.shape, axis)
    if n <= ddof:
        raise ValueError(f"std: {n} elements less ddof {ddof} leave nothing to divide by")
    return norm(centred, 2, axis, keepdims) * (1 / math.sqrt(n - ddof))


@answers_for(np.average)
def average(a: Array, axis: Axis = None, weights: Array | None = None, *, keepdims: bool = False) -> Array:
    """y = Σ w·a / Σ w: the mean where no weights w are given, which are of the shape of a, or one for each place of the
    axis

    Raises ValueError for weights of another shape, and where they sum to 0.
    """
    if weights is None:
        return mean(a, axis, keepdims)
    w = weights if isinstance(weights, Tensor) else beside("average", weights, array_of(a), a.dtype)
    if w.shape != a.shape:
        if not isinstance(axis, int | np.integer) or w.shape != a.shape[axis : axis + 1 or None]:
            raise ValueError(f"average: weights {w.shape} over axis {axis} of {a.shape}: expected one for each place")
        w = np.reshape(w, (-1, *(1,) * (a.ndim - 1 - axis % a.ndim)))
    total = sum(np.broadcast_to(w, a.shape), axis, keepdims)
    if not np.all(array_of(total)):
        raise ValueError(f"average: the weights sum to 0 over axis {axis}: no average")
    return sum(a * w, axis, keepdims) / total


@primitive(np.max, np.amax, a=lambda g, a, y, axis, keepdims: _to_the_equal(g, a, y, axis, keepdims))
def max(a: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """y = the largest a;  ∂a = g where a is the largest, shared equally among ties, 0 elsewhere"""
    return a.max(axis=axis, keepdims=keepdims)


@primitive(np.min, np.amin, a=lambda g, a, y, axis, keepdims: _to_the_equal(g, a, y, axis, keepdims))
def min(a: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """y = the smallest a;  ∂a = g where a is the smallest, shared equally among ties, 0 elsewhere"""
    return a.min(axis=axis, keepdims=keepdims)


def _to_the_equal(g: Array, a: Array, y: Array, axis: Axis, keepdims: bool) -> Array:
    """g shared equally among the elements of a that equal the extreme y."""
    equal = (a == spread(y, a.shape, axis, keepdims)).astype(a.dtype)
    return spread(g, a.shape, axis, keepdims) * (equal / equal.sum(axis=axis, keepdims=True))


@primitive(np.prod, a=lambda g, a, axis, keepdims: _products_of_others(g, a, axis, keepdims))
def prod(a: Array, axis: Axis = None, keepdims: bool = False) -> Array:
    """y = Π a;  ∂aᵢ = g·Π a over the others, without a division: right where some are 0"""
    return a.prod(axis=axis, keepdims=keepdims)


def _products_of_others(g: Array, a: Array, axis: Axis, keepdims: bool) -> Array:
    """g times, for each element, the product of the others: halves are multiplied until one number is left, and on the
    way back each half gets what lies outside it, times the other half."""
    axes = tuple(i % a.ndim for i in (range(a.ndim) if axis is None else axis if isinstance(axis, tuple) else (axis,)))
    kept = tuple(i for i in range(a.ndim) if i not in axes)
    rest, lengths = [a.shape[i] for i in kept], [a.shape[i] for i in axes]
    n = math.prod(lengths)
    size = 1 << (n - 1).bit_length() if n else 1
    rows = np.reshape(np.transpose(a, (*kept, *axes)), (*rest, n))
    level = np.concatenate([rows, np.ones_like(a, shape=(*rest, size - n))], axis=-1)
    others, halves = np.reshape(g, (*rest, 1)), []
    while size > 1:
        size //= 2
        halves.append((level[..., :size], level[..., size:]))
        level = halves[-1][0] * halves[-1][1]
    for left, right in reversed(halves):
        others = np.concatenate([others * right, others * left], axis=-1)
    return np.transpose(np.reshape(others[..., :n], (*rest, *lengths)), np.argsort([*kept, *axes]).tolist())


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


@answers_for(np.linalg.vector_norm)
def norm(a: Array, ord: float | str = 2, axis: Axis = None, keepdims: bool = False) -> Array:
    """y = (Σ |a|ᵖ)^(1/p), p = ord a number above 0, or inf: max |a|;  ∂a = g·sign a·(|a| / y)ᵖ⁻¹, 0 where y = 0

    The norm of the vector of all elements over these axes; "fro" is 2, over the two axes of a matrix. Computed without
    overflow on the way. Raises ValueError for other norms, the spectral and nuclear norms of a matrix among them.
    """
    if ord == "fro" and (a.ndim if axis is None else np.size(axis)) == 2:
        ord = 2
    if isinstance(ord, str) or not ord > 0:
        raise ValueError(
            f'norm: ord is {ord!r} over axis {axis}; expected a number above 0, inf, or "fro" over two axes'
        )
    if ord == 1:
        return sum(np.abs(a), axis, keepdims)
    return max(np.abs(a), axis, keepdims) if ord == math.inf else _norm(a, ord, axis, keepdims)


@primitive(a=lambda g, a, y, ord, axis, keepdims: _norm_adjoint(g, a, y, ord, axis, keepdims))
def _norm(a: Array, ord: float, axis: Axis, keepdims: bool) -> Array:
    if ord == 2 and a.dtype.kind == "f":  # mostly the squares neither overflow nor vanish
        with np.errstate(over="ignore", under="ignore"):
            y = (a * a).sum(axis=axis, keepdims=keepdims)
        limits = np.finfo(y.dtype)
        if np.all((y > limits.tiny / limits.eps**2) & (y <= limits.max)):
            return np.sqrt(y)
    size = np.abs(a)
    m = (size.max if size.size else size.sum)(axis=axis, keepdims=True)  # of none, 0
    m = np.where((m > 0) & np.isfinite(m), m, 1)
    y = m * ((size / m) ** ord).sum(axis=axis, keepdims=True) ** (1 / ord)
    return y if keepdims else y.squeeze(axis=axis)


def _norm_adjoint(g: Array, a: Array, y: Array, ord: float, axis: Axis, keepdims: bool) -> Array:
    g, y = (spread(x, a.shape, axis, keepdims) for x in (g, np.where(y == 0, 1, y)))
    share = a / y
    if ord == 2:
        return g * share
    size = np.abs(share) if ord > 2 else np.where(a == 0, 1, np.abs(share))  # not 0·∞ below
    return g * share * size ** (ord - 2)


@answers_for(np.linalg.norm)
def norm_of_numpy(x: Array, ord: float | str | None = None, axis: Axis = None, keepdims: bool = False) -> Array:
    """What np.linalg.norm means: without ord, all elements as one vector; with it, over two axes a matrix norm."""
    if ord is None:
        return norm(x, 2, axis, keepdims)
    if (x.ndim if axis is None else np.size(axis)) > 1 and ord != "fro":
        raise ValueError(f"norm: ord {ord} of a matrix has no rule; ops.norm takes all elements as one vector")
    return norm(x, ord, axis, keepdims)


@primitive(np.cumsum, a=lambda g, a_shape, axis: np.reshape(np.flip(np.cumsum(np.flip(g, axis), axis), axis), a_shape))
def cumsum(a: Array, axis: int | None = None) -> Array:
    """yᵢ = Σ aⱼ over j ≤ i along an axis (None: of a flattened);  ∂aⱼ = Σ gᵢ over i ≥ j"""
    return a.cumsum(axis)


@answers_for(np.cumprod)
def cumprod(a: Array, axis: int | None = None) -> Array:
    """yᵢ = Π aⱼ over j ≤ i along an axis (None: of a flattened), by products of 1, 2, 4, … neighbours: right where some
    are 0"""
    y, axis = (np.reshape(a, -1), 0) if axis is None else (a, operator.index(axis))
    y, n = np.moveaxis(y, axis, 0), 1
    while n < y.shape[0]:
        y, n = np.concatenate([y[:n], y[n:] * y[:-n]]), 2 * n
    return np.moveaxis(y, 0, axis)


@answers_for(np.diff)
def diff(a: Array, n: int = 1, axis: int = -1) -> Array:
    """yᵢ = aᵢ₊₁ − aᵢ along an axis, n times over"""
    if n < 0:
        raise ValueError(f"diff: n {n}: expected a whole number from 0")
    a = np.moveaxis(a, axis, 0)
    for _ in range(n):
        a = a[1:] - a[:-1]
    return np.moveaxis(a, 0, axis)


@primitive(np.sort, a=lambda g, a, axis: _unsorted(g, a, axis))
def sort(a: Array, axis: int | None = -1) -> Array:
    """y = a in ascending order along an axis (None: a flattened);  ∂a = g put back where each came from"""
    return np.sort(a, axis)


def _unsorted(g: Array, a: Array, axis: int | None) -> Array:
    order, axis = argsort(a, axis), -1 if axis is None else axis
    rank, places = np.empty_like(order), placed(np.arange(order.shape[axis]), order)
    np.put_along_axis(rank, order, places.reshape(-1, *(1,) * (order.ndim - 1 - axis % order.ndim)), axis)
    return np.reshape(take_along_axis(g, rank, axis), a.shape)


@answers_for(np.median)
def median(a: Array, axis: int | None = None, keepdims: bool = False) -> Array:
    """y = the middle of a in ascending order along an axis (None: of all), or the mean of the two; NaN where there is
    one;  ∂a = g where the middle stands

    Raises ValueError where there is nothing to take the middle of.
    """
    ordered = np.moveaxis(sort(a, axis), -1 if axis is None else axis, 0)
    n = ordered.shape[0]
    if not n:
        raise ValueError(f"median: a {a.shape} over axis {axis} has no elements")
    y = (ordered[(n - 1) // 2] + ordered[n // 2]) * 0.5
    y = np.where(np.isnan(array_of(ordered[-1])), np.nan, y)
    if not keepdims:
        return y
    return np.expand_dims(y, tuple(range(a.ndim)) if axis is None else axis)


def top_k(a: Array, k: int, axis: int = -1) -> tuple[Array, np.ndarray]:
    """The k largest along an axis, the largest first, and where they are: (values, indices);  ∂a = g put back there

    Of equal ones the first comes first. Raises ValueError where the axis is shorter than k.
    """
    if not -a.ndim <= axis < a.ndim or not 0 <= k <= a.shape[axis]:
        raise ValueError(f"top_k: the {k} largest along axis {axis} of {a.shape} aren't there")
    backwards = np.flip(argsort(np.flip(array_of(a), axis), axis), axis)  # so that of equal ones the first is first
    indices = np.take(a.shape[axis] - 1 - backwards, np.arange(k), axis)
    return take_along_axis(a, indices, axis), indices


def argsort(a: Array, axis: int | None = -1) -> np.ndarray:
    """i = the places along an axis (None: a flattened) in ascending order of a, equal ones as they lie; integers"""
    return np.argsort(array_of(a), axis, kind="stable")


def argmax(a: Array, axis: int | None = None, keepdims: bool = False) -> np.ndarray:
    """i = where the largest is, the first of equal ones; integers, so without gradient"""
    return np.argmax(array_of(a), axis, keepdims=keepdims)


def argmin(a: Array, axis: int | None = None, keepdims: bool = False) -> np.ndarray:
    """i = where the smallest is, the first of equal ones; integers, so without gradient"""
    return np.argmin(array_of(a), axis, keepdims=keepdims)


def _count(shape: tuple[int, ...], axis: Axis) -> int:
    """How many elements a reduction over these axes takes together."""
    axes = range(len(shape)) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    return math.prod(shape[i] for i in axes if shape)  # a single number has an axis 0 for NumPy's reductions
