"""Indexing: the truth looks up, or adds up, one element after another."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from tinyxm import ops
from tinyxm.certificate.case import Case, values

CASES: list[Case] = []
ROWS, COLUMNS = np.array([0, 2, 0, -1]), np.array([1, 1, 1, 0])
MASK = np.array([[True, False], [False, False], [True, True]])
INDICES: dict[str, Any] = {
    "integer": 1, "negative": (-1, 0), "repeated": ROWS, "pairs": (ROWS, COLUMNS), "mask": MASK, "ellipsis": (..., 0),
    "nothing": np.zeros(0, int), "list of nothing": [], "step": (slice(None, None, 2), None), "new axis": None,
    "backwards": slice(None, None, -1), "tuple in a tuple": ((0, 0), (1, 1)), "2-d": ROWS.reshape(2, 2),
    "mixed": (slice(None), [0, 1, 1]), "row of mask": [True, False, True], "outer": np.ix_([0, 2, 2], [1, 0]),
    "no row": [False] * 3,
}  # fmt: skip


def add(name: str, label: str, ours: Any, inputs: Any, truth: Any, torch: Any = None, edge: str = "") -> None:
    CASES.append(Case(name, "operation", label, ours, tuple(inputs), truth, torch, edge))


def numbers(shape: tuple[int, ...], index: Any) -> np.ndarray:
    """The number of each element that the index names, counted in row-major order."""
    return np.arange(int(np.prod(shape))).reshape(shape)[index]


def gathered(a: np.ndarray, index: Any) -> np.ndarray:
    named = np.asarray(numbers(a.shape, index))
    return np.array([a.flat[i] for i in named.flat], float).reshape(named.shape)


def scattered(a: np.ndarray, shape: tuple[int, ...], index: Any) -> np.ndarray:
    y = np.zeros(int(np.prod(shape)))
    for i, x in zip(np.ravel(numbers(shape, index)), a.flat, strict=True):
        y[i] += x
    return y.reshape(shape)


def both(label: str, shape: tuple[int, ...], index: Any, edge: str = "", scale: float = 1.0) -> None:
    """A case of getitem, and one of its adjoint."""
    named = np.shape(numbers(shape, index))
    theirs = label not in ("tuple in a tuple", "backwards")
    add("getitem", label, partial(ops.getitem, index=index), [values(*shape) * scale], partial(gathered, index=index),
        (lambda t, a: a[index]) if theirs else None, edge)  # fmt: skip
    add("scatter_add", label, partial(ops.scatter_add, shape=shape, index=index), [values(*named) * scale],
        partial(scattered, shape=shape, index=index), edge=edge)  # fmt: skip


for label, index in INDICES.items():
    both(label, (3, 2), index, "empty" if "no" in label.split() or "nothing" in label else "")
both("rows of images", (4, 2, 3, 2), np.array([[1, 1, 0], [3, -1, 1]]))
both("elements", (5,), np.array([4, 4, -1]))
both("of nothing", (0, 2), slice(None), "empty")
both("one", (1,), np.array([0]), "size one")
both("the only", (), (), "size one")
for edge, scale in (("large", 1e30), ("tiny", 1e-30)):
    both("repeated", (3, 2), ROWS, edge, scale)
    both("mask", (3, 2), MASK, edge, scale)
add("scatter_add", "like torch", partial(ops.scatter_add, shape=(3, 2), index=ROWS), [values(4, 2)],
    partial(scattered, shape=(3, 2), index=ROWS),
    lambda t, a: t.zeros(3, 2, dtype=a.dtype).index_put((t.asarray(ROWS),), a, accumulate=True))  # fmt: skip

for indices, axis, shape, edge, scale in (
    ([2, 0, 2], 0, (3, 2), "", 1), ([[1, 0], [1, 1], [-1, 0]], 1, (3, 2), "", 1), ([5, 0, 5], None, (3, 2), "", 1),
    (1, -1, (3, 2), "", 1), ([1, 0, 1], 1, (2, 3, 4), "", 1), ([[0, 2]], -2, (2, 3, 4), "", 1),
    (np.zeros((0, 2), int), 0, (3, 2), "empty", 1), ([0, 1], 1, (0, 3), "empty", 1), (0, 0, (1,), "size one", 1),
    (0, None, (), "size one", 1), ([1, 1, 0], 0, (2, 2), "large", 1e30), ([1, 1, 0], 0, (2, 2), "tiny", 1e-30),
):  # fmt: skip

    def looked_up(a: np.ndarray, indices: Any = indices, axis: int | None = axis) -> np.ndarray:
        a, axis = (a.reshape(-1), 0) if axis is None else (a, axis % a.ndim)
        return gathered(a, (slice(None),) * axis + (np.asarray(indices),))

    def torch_take(t: Any, a: Any, indices: Any = indices, axis: int | None = axis) -> Any:
        a, axis = (a.reshape(-1), 0) if axis is None else (a, axis % a.ndim)
        return a[(slice(None),) * axis + (t.asarray(indices),)]

    add("take", f"{np.shape(indices)} {axis}", partial(ops.take, indices=indices, axis=axis), [values(*shape) * scale],
        looked_up, torch_take, edge)  # fmt: skip

for chosen, axis, shape, edge, scale in (
    ([[2, 0, 2, 1], [1, 1, 1, 0]], 0, (3, 4), "", 1), ([[3], [0], [-1]], -1, (3, 4), "", 1),
    ([[[0], [1]]], 1, (2, 3, 2), "broadcast", 1), ([[0, 0]], 0, (3, 1), "broadcast", 1),
    (np.zeros((0, 4), int), 0, (3, 4), "empty", 1), (np.zeros((0, 1), int), 1, (0, 4), "empty", 1),
    ([[0]], 0, (1, 1), "size one", 1), ([[1, 1]], 1, (1, 2), "large", 1e30), ([[1, 1]], 1, (1, 2), "tiny", 1e-30),
):  # fmt: skip

    def line_by_line(a: np.ndarray, chosen: Any = chosen, axis: int = axis) -> np.ndarray:
        at = np.asarray(chosen)
        across = list(np.broadcast_shapes(*(np.where(np.arange(a.ndim) == axis % a.ndim, 1, x.shape) for x in (a, at))))
        across[axis] = at.shape[axis]
        y = np.zeros(across)
        for place in np.ndindex(y.shape):
            own = [i if n > 1 else 0 for i, n in zip(place, at.shape, strict=True)]
            source = [i if n > 1 else 0 for i, n in zip(place, a.shape, strict=True)]
            source[axis] = at[tuple(own)]
            y[place] = a[tuple(source)]
        return y

    theirs = None if edge == "broadcast" else partial(
        lambda at, axis, t, a: t.take_along_dim(a, t.asarray(at) % a.shape[axis], axis), chosen, axis)  # fmt: skip
    add("take_along_axis", f"{axis}", partial(ops.take_along_axis, indices=np.asarray(chosen), axis=axis),
        [values(*shape) * scale], line_by_line, theirs, edge)  # fmt: skip

for a, mask, value, edge, scale in (
    ((3, 2), MASK, (), "", 1), ((3, 2), MASK, (3, 2), "", 1), ((3, 2), MASK[:, :1], (2,), "broadcast", 1),
    ((2,), MASK, (3, 1), "broadcast", 1), ((0, 2), MASK[:0], (), "empty", 1), ((1,), MASK[0, :1], (1,), "size one", 1),
    ((3, 2), MASK, (), "large", 1e30), ((3, 2), MASK, (), "tiny", 1e-30),
):  # fmt: skip
    add("masked_fill", "", lambda a, b, mask=mask: ops.masked_fill(a, mask, b),
        [values(*a) * scale, values(*value, seed=8) * scale], lambda a, b, m=mask: a * ~m + b * m,
        lambda t, a, b, m=mask: t.where(t.asarray(m), b, a), edge)  # fmt: skip
add("masked_fill", "with a number", lambda a: ops.masked_fill(a, MASK, -5.0), [values(3, 2)],
    lambda a: a * ~MASK - 5 * MASK, lambda t, a: a.masked_fill(t.asarray(MASK), -5.0))  # fmt: skip
