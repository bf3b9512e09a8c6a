"""Operations that move and repeat elements, against NumPy's way of indexing: which element stands where."""

from __future__ import annotations

from functools import partial
from itertools import product
from typing import Any

import numpy as np

from tinyxm import ops
from tinyxm.certificate.case import Case, of_torch, values

CASES: list[Case] = []
shape: Any
shapes: Any
axis: Any
to: Any
torch: Any
repeats: Any
reps: Any


def add(name: str, label: str, ours: Any, shapes: Any, truth: Any, torch: Any = None, edge: str = "") -> None:
    inputs = tuple(values(*shape, seed=i + 7) for i, shape in enumerate(shapes))
    CASES.append(Case(name, "operation", label, ours, inputs, truth, torch, edge))


def edge_of(shape: tuple[int, ...]) -> str:
    return "empty" if 0 in shape else "size one" if set(shape) <= {1} else ""


for shape, to in (
    ((), (2, 3)), ((3,), (2, 3)), ((2, 1, 3), (4, 2, 5, 3)), ((1,), (0,)), ((0, 1), (2, 0, 3)), ((2, 3), (2, 3)),
    ((1,), (1, 1)),
):  # fmt: skip
    for edge in {edge_of(to), "broadcast"}:
        add("broadcast_to", f"{to}", partial(ops.broadcast_to, shape=to), [shape], lambda a, n=to: a + np.zeros(n),
            of_torch("broadcast_to", to), edge)  # fmt: skip
for axis in (0, 1, -1, (0, 3), (-1, 1)):
    for shape in ((2, 3), (2, 0), (1, 1)):
        new = axis if isinstance(axis, tuple) else (axis,)
        to = list(shape)
        for i in sorted(i % (len(shape) + len(new)) for i in new):
            to.insert(i, 1)
        torch = lambda t, a, n=tuple(to): a.view(n)  # noqa: E731
        add("expand_dims", f"{axis}", partial(ops.expand_dims, axis=axis), [shape],
            lambda a, n=tuple(to): a.ravel().reshape(n), torch, edge_of(shape))  # fmt: skip
for shape, axis, to in (
    ((2, 1, 3, 1), None, (2, 3)), ((2, 1, 3, 1), 1, (2, 3, 1)), ((2, 1, 3, 1), -1, (2, 1, 3)),
    ((2, 1, 3, 1), (1, 3), (2, 3)), ((0, 1), 1, (0,)), ((1, 1), None, ()), ((1,), -1, ()),
):  # fmt: skip
    add("squeeze", f"{axis}", partial(ops.squeeze, axis=axis), [shape], lambda a, n=to: a.ravel().reshape(n),
        of_torch("squeeze", *([axis] if axis is not None else [])), edge_of(shape))  # fmt: skip
for shape, to in (
    ((2, 3), (3, 2)), ((2, 3, 4), (-1, 4)), ((2, 3), (-1,)), ((2, 3), 6), ((1,), ()), ((), (1, 1)),
    ((0, 3), (3, 0, 2)),
):  # fmt: skip
    add("reshape", f"{to}", partial(ops.reshape, shape=to), [shape], lambda a, n=to: np.ravel(a).reshape(n),
        of_torch("reshape", to if isinstance(to, tuple) else (to,)), edge_of(shape))  # fmt: skip
for shape in ((2, 3, 4), (2, 0), (1, 1), (3,), ()):
    add("ravel", "", ops.ravel, [shape], lambda a: np.array(list(a.flat)), of_torch("ravel"), edge_of(shape))
    for name, least in (("atleast_1d", 1), ("atleast_2d", 2)):
        to = (1,) * (least - len(shape)) + shape
        add(name, "", getattr(ops, name), [shape], lambda a, n=to: a.ravel().reshape(n), of_torch(name), edge_of(shape))
for shape, axes, letters in (
    ((2, 3, 4), None, "abc->cba"), ((2, 3, 4), (1, 2, 0), "abc->bca"), ((2, 3, 4), (-1, 0, 1), "abc->cab"),
    ((2, 3, 4), (0, 1, 2), "abc->abc"), ((2, 0, 4), (2, 0, 1), "abc->cab"), ((1, 1), None, "ab->ba"),
    ((3,), None, "a->a"),
):  # fmt: skip
    add("transpose", f"{axes}", partial(ops.transpose, axes=axes), [shape], partial(np.einsum, letters),
        partial(lambda letters, t, a: t.einsum(letters, a), letters), edge_of(shape))  # fmt: skip
for name, args, letters in (
    ("swapaxes", (0, -1), "abc->cba"), ("swapaxes", (1, 0), "abc->bac"), ("swapaxes", (1, 1), "abc->abc"),
    ("moveaxis", (0, -1), "abc->bca"), ("moveaxis", (-1, 0), "abc->cab"), ("moveaxis", ((0, 1), (2, 0)), "abc->bca"),
):  # fmt: skip
    for shape in ((2, 3, 4), (2, 0, 4), (1, 1, 1)):
        add(name, f"{args}", lambda a, f=name, args=args: getattr(ops, f)(a, *args), [shape],
            partial(np.einsum, letters), of_torch(name, *args), edge_of(shape))  # fmt: skip


def joined(*arrays: np.ndarray, axis: int) -> np.ndarray:
    """Each array written into the place of its own."""
    n = [a.shape[axis] for a in arrays]
    y = np.moveaxis(np.zeros_like(arrays[0]), axis, 0)
    y = np.zeros((sum(n), *y.shape[1:]))
    for i, a in enumerate(arrays):
        y[sum(n[:i]) : sum(n[: i + 1])] = np.moveaxis(a, axis, 0)
    return np.moveaxis(y, 0, axis)


for axis, shapes, edge in (
    (0, [(2, 3)] * 3, ""), (1, [(2, 1), (2, 0), (2, 4)], ""), (-1, [(2, 1), (2, 0), (2, 4)], "empty"),
    (0, [(0, 3), (0, 3)], "empty"), (-2, [(1, 1)], "size one"),
):  # fmt: skip
    add("concatenate", f"{axis}", lambda *a, axis=axis: ops.concatenate(a, axis), shapes, partial(joined, axis=axis),
        lambda t, *a, d=axis: t.cat(a, d), edge)  # fmt: skip
    same = [shapes[0]] * len(shapes)
    add("stack", f"{axis}", lambda *a, axis=axis: ops.stack(a, axis), same,
        lambda *a, axis=axis: joined(*(np.expand_dims(x, axis) for x in a), axis=axis),
        lambda t, *a, d=axis: t.stack(a, d), edge)  # fmt: skip
for name, shapes in product(("vstack", "hstack", "column_stack"), (
    [(3,), (3,)], [(3, 2), (3, 2)], [(3, 2, 2)] * 2, [(0,), (0,)], [(1, 1)], [(1,), (1,), (1,)],
)):  # fmt: skip
    grown = {"vstack": lambda a: a.reshape(1, -1), "column_stack": lambda a: a.reshape(-1, 1)}.get(name, np.array)
    axis = int(name != "vstack" and (name == "column_stack" or len(shapes[0]) > 1))
    add(name, "", lambda *a, f=name: getattr(ops, f)(a), shapes,
        lambda *a, grown=grown, axis=axis: joined(*(x if x.ndim > 1 else grown(x) for x in a), axis=axis),
        lambda t, *a, f=name: getattr(t, f)(a), edge_of(shapes[0]))  # fmt: skip
add("concatenate", "twice the same", lambda a: ops.concatenate([a, a * 2, a]), [(3,)],
    lambda a: np.outer([1, 2, 1], a).ravel(), lambda t, a: t.cat([a, a * 2, a]))  # fmt: skip
add("stack", "with an array", lambda a: ops.stack([a * a, np.ones(3, a.dtype)]), [(3,)],
    lambda a: np.vander(a * a, 2).T, lambda t, a: t.stack([a * a, t.ones_like(a)]))  # fmt: skip

for name, parts, axis, shape, cuts in (
    ("array_split", 3, 0, (8, 2), [0, 3, 6, 8]), ("array_split", 3, 0, (2,), [0, 1, 2, 2]),
    ("array_split", [1, 3], 1, (2, 4), [0, 1, 3, 4]), ("array_split", 2, -1, (2, 0), [0, 0, 0]),
    ("array_split", 1, 0, (1,), [0, 1]),
    *(("split", *rest) for rest in (
    (3, 0, (6, 2), [0, 2, 4, 6]), (2, -1, (3, 4), [0, 2, 4]), ([1, 3], 1, (2, 4), [0, 1, 3, 4]),
    ([2, 2, 9], 0, (3, 2), [0, 2, 2, 3, 3]), ([-1], 0, (3,), [0, 2, 3]), (3, 0, (0, 2), [0, 0, 0, 0]),
    (1, 0, (1,), [0, 1]),
    )),
):  # fmt: skip
    # each part by a weight of its own, so that it shows which is which
    weights = np.repeat(np.arange(1.0, len(cuts)), np.diff(cuts))
    weights = weights.reshape((-1, *(1,) * (len(shape) - 1 - axis % len(shape))))
    add(name, f"{parts} {axis}",
        lambda a, f=name, parts=parts, axis=axis: ops.concatenate(
            [part * (i + 1.0) for i, part in enumerate(getattr(ops, f)(a, parts, axis))], axis),
        [shape], lambda a, w=weights: a * w, lambda t, a, w=weights: a * t.asarray(w, dtype=a.dtype),
        edge_of(shape))  # fmt: skip


for axis, shape in ((0, (3, 2)), (-1, (2, 3)), (1, (2, 1, 0)), (0, (1,))):
    add("unstack", f"{axis}", lambda a, d=axis: ops.stack(ops.unstack(a, axis=d)[::-1]), [shape],
        lambda a, d=axis: np.flip(np.moveaxis(a, d, 0), 0), lambda t, a, d=axis: t.stack(a.unbind(d)[::-1]),
        edge_of(shape))  # fmt: skip


def padded(a: np.ndarray, widths: Any, mode: str, value: float = 0.0) -> np.ndarray:
    """Element by element: where it would stand in a, and what stands there when it lies outside."""
    widths = np.broadcast_to(np.asarray(widths), (a.ndim, 2))
    y = np.full([n + before + after for n, (before, after) in zip(a.shape, widths, strict=True)], value)
    for at in np.ndindex(y.shape):
        source = [i - before for i, (before, _) in zip(at, widths, strict=True)]
        if mode == "edge":
            source = [min(max(i, 0), n - 1) for i, n in zip(source, a.shape, strict=True)]
        elif mode == "reflect":
            source = [(n - 1) - abs((n - 1) - i % max(2 * n - 2, 1)) for i, n in zip(source, a.shape, strict=True)]
        elif mode == "symmetric":
            source = [min(i % (2 * n), 2 * n - 1 - i % (2 * n)) for i, n in zip(source, a.shape, strict=True)]
        elif mode == "wrap":
            source = [i % n for i, n in zip(source, a.shape, strict=True)]
        if all(0 <= i < n for i, n in zip(source, a.shape, strict=True)):
            y[at] = a[tuple(source)]
    return y


for mode in ("constant", "edge", "reflect", "symmetric", "wrap"):
    for widths, shape, edge in (
        (1, (3, 4), ""), ((1, 2), (3, 4), ""), (((1, 0), (2, 3)), (3, 4), ""), (((0, 5), (4, 0)), (2, 3), ""),
        (2, (1, 1), "size one"), (((0, 0), (2, 1)), (0, 3), "empty"),
    ):  # fmt: skip
        theirs = {"edge": "replicate"}.get(mode, mode)
        ends = np.broadcast_to(widths, (2, 2)).ravel().tolist()
        torch = partial(lambda w, m, t, a: t.nn.functional.pad(a[None, None], w, m)[0, 0], ends, theirs)
        if theirs not in ("constant", "replicate", "reflect") or widths not in (1, (1, 2)):
            torch = None
        add("pad", f"{mode} {widths}", partial(ops.pad, pad_width=widths, mode=mode), [shape],
            partial(padded, widths=widths, mode=mode), torch, edge)  # fmt: skip
add("pad", "with 3", partial(ops.pad, pad_width=(0, 2), constant_values=3), [(2, 3)],
    partial(padded, widths=(0, 2), mode="constant", value=3.0),
    of_torch("nn.functional.pad", (0, 2, 0, 2), value=3.0))  # fmt: skip
add("pad", "nothing", partial(ops.pad, pad_width=1), [(0, 2)], lambda a: np.zeros((2, 4)),
    of_torch("nn.functional.pad", (1, 1, 1, 1)), "empty")  # fmt: skip

for shape in ((2, 3, 4), (2, 0, 3), (1, 1)):
    for axis in (None, 0, -1, (0, 1)):
        dims = tuple(range(len(shape))) if axis is None else axis if isinstance(axis, tuple) else (axis,)
        back = tuple(slice(None, None, -1 if i in [d % len(shape) for d in dims] else 1) for i in range(len(shape)))
        add("flip", f"{axis}", partial(ops.flip, axis=axis), [shape], lambda a, i=back: a[i], of_torch("flip", dims),
            edge_of(shape))  # fmt: skip
    for shift, axis in ((1, 0), (-2, -1), (5, None), ((1, -1), (0, 1)), (2, (0, 1)), ((1, 1), (0, 0))):
        axes = (axis,) * np.size(shift) if np.ndim(axis) == 0 else axis
        shifts = np.broadcast_to(shift, len(axes)).tolist() if axis is not None else []

        def rolled(a: np.ndarray, shift: Any = shift, shifts: Any = shifts, axes: Any = axes) -> np.ndarray:
            if not shifts:
                return a.ravel()[(np.arange(a.size) - shift) % max(a.size, 1)].reshape(a.shape)
            for n, axis in zip(shifts, axes, strict=True):
                a = a.take((np.arange(a.shape[axis]) - n) % max(a.shape[axis], 1), axis)
            return a

        add("roll", f"{shift} {axis}", partial(ops.roll, shift=shift, axis=axis), [shape], rolled,
            of_torch("roll", tuple(shifts) or shift, axes if shifts else None), edge_of(shape))  # fmt: skip

for repeats, axis, shape in (
    (2, None, (2, 3)), (3, 0, (2, 3)), (2, -1, (2, 3)), ([1, 0, 2], 1, (2, 3)), (0, 0, (2, 3)),
    ([3, 1], -2, (2, 3)), ([1, 2, 3, 0, 1, 0], None, (2, 3)), (2, 1, (0, 3)), (2, None, ()), (3, 0, (1,)),
):  # fmt: skip

    def repeated(a: np.ndarray, repeats: Any = repeats, axis: Any = axis) -> np.ndarray:
        a, axis = (a.reshape(-1), 0) if axis is None else (a, axis)
        counts = np.broadcast_to(repeats, a.shape[axis]).tolist()
        return a.take([i for i, n in enumerate(counts) for _ in range(n)] or np.zeros(0, int), axis)

    add("repeat", f"{repeats} {axis}", partial(ops.repeat, repeats=repeats, axis=axis), [shape], repeated,
        lambda t, a, n=repeats, d=axis: t.repeat_interleave(a, t.tensor(n) if isinstance(n, list) else n, d),
        edge_of(shape))  # fmt: skip
for reps, shape in (
    (2, (2, 3)), ((2, 1), (2, 3)), ((2, 3), (2, 3)), ((2, 1, 3), (2, 3)), ((0, 2), (2, 3)), ((2, 2), (0, 3)),
    ((), (2,)), ((2, 3), ()), (3, (1,)),
):  # fmt: skip
    counts = (reps,) if isinstance(reps, int) else reps
    whole = (1,) * (len(shape) - len(counts)) + counts
    add("tile", f"{reps}", partial(ops.tile, reps=reps), [shape],
        lambda a, n=whole: np.kron(np.ones(n), a) if a.size and np.prod(n) else np.zeros(
            np.multiply(n, (1,) * (len(n) - a.ndim) + a.shape)), of_torch("tile", counts), edge_of(shape))  # fmt: skip
