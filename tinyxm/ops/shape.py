"""Operations that move elements or repeat them, and change none."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinyxm.autograd import Array, Each, primitive
from tinyxm.autograd.primitive import answers_for
from tinyxm.autograd.tensor import array_of
from tinyxm.ops.index import add_along, take

__all__ = [
    "array_split", "atleast_1d", "atleast_2d", "broadcast_to", "column_stack", "concatenate", "expand_dims", "flip",
    "hstack", "moveaxis", "pad", "ravel", "repeat", "reshape", "roll", "split", "squeeze", "stack", "swapaxes", "tile",
    "transpose", "unstack", "vstack",
]  # fmt: skip


@primitive(np.reshape, a=lambda g, a_shape: np.reshape(g, a_shape))
def reshape(a: Array, shape: int | tuple[int, ...]) -> Array:
    """y = a in another shape, elements in row-major order;  ∂a = g in the shape of a"""
    return a.reshape(shape)


@answers_for(np.ravel)
def ravel(a: Array) -> Array:
    """y = a as one axis, elements in row-major order: what the methods t.ravel() and t.flatten() give, too"""
    return reshape(a, -1)


@answers_for(np.atleast_1d)
def atleast_1d(a: Array) -> Array:
    """y = a, a single number as a vector of one"""
    return reshape(a, (1,)) if np.ndim(array_of(a)) == 0 else a


@answers_for(np.atleast_2d)
def atleast_2d(a: Array) -> Array:
    """y = a, a single number or a vector as a matrix of one row"""
    return reshape(a, (1, -1)) if np.ndim(array_of(a)) < 2 else a


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


@answers_for(np.vstack)
def vstack(arrays: Sequence[Array]) -> Array:
    """Y = the arrays one below another, vectors being rows"""
    return concatenate([atleast_2d(a) for a in arrays])


@answers_for(np.hstack)
def hstack(arrays: Sequence[Array]) -> Array:
    """y = the arrays side by side: vectors end to end, others along their second axis"""
    arrays = [atleast_1d(a) for a in arrays]
    return concatenate(arrays, 0 if arrays and np.ndim(array_of(arrays[0])) == 1 else 1)


@answers_for(np.column_stack)
def column_stack(arrays: Sequence[Array]) -> Array:
    """Y = the vectors as columns, and matrices as they are, side by side"""
    return concatenate([a if np.ndim(array_of(a)) > 1 else reshape(a, (-1, 1)) for a in arrays], 1)


@primitive(np.stack, arrays=Each(lambda g, i, axis: g[(slice(None),) * (axis % g.ndim) + (i,)]))
def stack(arrays: Sequence[Array], axis: int = 0) -> Array:
    """y = the arrays side by side along a new axis;  ∂aᵢ = the i-th slice of g along it"""
    return np.stack(arrays, axis)


@answers_for(np.split)
def split(a: Array, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Array]:
    """[y₀, y₁, ...] = parts of a along an axis: so many of equal length, or cut at these places; concatenate undone

    Raises ValueError where the length doesn't divide into so many.
    """
    if not -a.ndim <= axis < a.ndim:
        raise ValueError(f"split: axis {axis} is out of bounds for {a.shape}")
    n, parts = a.shape[axis], indices_or_sections
    if isinstance(parts, int | np.integer):
        if parts < 1 or n % parts:
            raise ValueError(
                f"split: a length of {n} doesn't divide into {parts} equal parts; give the places to cut at"
            )
        parts = [n // parts * i for i in range(1, parts)]
    lead = (slice(None),) * (axis % a.ndim)
    return [a[(*lead, slice(i, j))] for i, j in zip([0, *parts], [*parts, n], strict=True)]


@answers_for(np.array_split)
def array_split(a: Array, indices_or_sections: int | Sequence[int], axis: int = 0) -> list[Array]:
    """[y₀, y₁, ...] as `split`, but where the length doesn't divide the first parts are longer by one"""
    parts = indices_or_sections
    if isinstance(parts, int | np.integer) and parts > 0 and -a.ndim <= axis < a.ndim:
        n = a.shape[axis]
        parts = [i * (n // parts) + min(i, n % parts) for i in range(1, parts)]
    return split(a, parts, axis)


@answers_for(*[np.unstack] if hasattr(np, "unstack") else [])  # from NumPy 2.1
def unstack(a: Array, *, axis: int = 0) -> tuple[Array, ...]:
    """(y₀, y₁, ...) = the slices of a along an axis: `stack` undone"""
    return tuple(np.moveaxis(a, axis, 0))


@primitive(a=lambda g, a_shape, widths: g[tuple(slice(i, i + n) for n, (i, _) in zip(a_shape, widths, strict=True))])
def _pad(a: Array, widths: list[list[int]], constant_values: Any) -> Array:
    return np.pad(a, widths, constant_values=constant_values)


@answers_for(np.pad)
def pad(a: Array, pad_width: Any, mode: str = "constant", constant_values: Any = 0) -> Array:
    """y = a, longer by pad_width at the ends of its axes;  ∂a = g without them, or added up where they were taken from

    pad_width is n, (before, after), or such a pair for each axis. The modes: "constant" adds constant_values, which get
    no gradient; "edge" repeats the last element, "reflect" mirrors at it, "symmetric" beyond it, "wrap" goes round.
    Raises ValueError for another mode, for negative widths, and where nothing is there to be repeated.
    """
    widths = np.asarray(pad_width)
    if widths.dtype.kind not in "iu":
        raise TypeError(f"pad: pad_width is {pad_width!r}; give whole numbers: n, (before, after), or a pair per axis")
    try:
        widths = np.broadcast_to(widths, (a.ndim, 2)).tolist()
    except ValueError:
        raise ValueError(f"pad: pad_width {pad_width} doesn't fit the {a.ndim} axes of {a.shape}") from None
    if mode == "constant":
        return _pad(a, widths, constant_values)
    if mode not in ("edge", "reflect", "symmetric", "wrap"):
        raise ValueError(f"pad: mode is {mode!r}; expected constant, edge, reflect, symmetric or wrap")
    for axis, (n, width) in enumerate(zip(a.shape, widths, strict=True)):
        if any(width) and (not n or min(width) < 0):
            raise ValueError(f"pad: axis {axis} of {a.shape} can't be padded by {width} in mode {mode!r}")
    for axis, (n, width) in enumerate(zip(a.shape, widths, strict=True)):
        if any(width):
            a = take(a, np.pad(np.arange(n), width, mode), axis)  # type: ignore  # the mode is one of those
    return a


@primitive(np.flip, a=lambda g, axis: np.flip(g, axis))
def flip(a: Array, axis: int | tuple[int, ...] | None = None) -> Array:
    """y = a in reverse order along these axes (None: all);  ∂a = g reversed back"""
    return np.flip(a, axis)


@primitive(np.roll, a=lambda g, shift, axis: np.roll(g, tuple(np.negative(np.atleast_1d(shift)).tolist()), axis))
def roll(a: Array, shift: int | tuple[int, ...], axis: int | tuple[int, ...] | None = None) -> Array:
    """y = a moved by `shift` places along these axes, what leaves at the end coming in at the start (None: in a
    flattened);  ∂a = g moved back"""
    return np.roll(a, shift, axis)


@primitive(
    np.repeat, a=lambda g, a_shape, repeats, axis: add_along(g, a_shape, _repeated(a_shape, repeats, axis), axis)
)
def repeat(a: Array, repeats: int | Sequence[int], axis: int | None = None) -> Array:
    """y = a with each element so often one after another, all alike or each by its own number, along an axis (None: in
    a flattened);  ∂a = Σ g over the repeats"""
    return np.repeat(a, repeats, axis)


def _repeated(shape: tuple[int, ...], repeats: int | Sequence[int], axis: int | None) -> np.ndarray:
    return np.repeat(np.arange(math.prod(shape) if axis is None else shape[axis]), repeats)


@primitive(np.tile, a=lambda g, a_shape, reps: _tile_adjoint(g, a_shape, reps))
def tile(a: Array, reps: int | Sequence[int]) -> Array:
    """y = so many copies of a side by side along each axis (the last ones, where reps are few);  ∂a = Σ g over them"""
    return np.tile(a, reps)


def _tile_adjoint(g: Array, shape: tuple[int, ...], reps: int | Sequence[int]) -> Array:
    own = (1,) * (g.ndim - len(shape)) + shape
    counts = np.atleast_1d(np.asarray(reps, int)).tolist()
    counts = [1] * (g.ndim - len(counts)) + counts
    copies = np.reshape(g, [n for pair in zip(counts, own, strict=True) for n in pair])  # copy, place, copy, place, ...
    return np.reshape(np.sum(copies, axis=tuple(range(0, 2 * g.ndim, 2))), shape)
