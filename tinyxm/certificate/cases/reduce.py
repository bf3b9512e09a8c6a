"""Reductions, running sums, sorting and what finds places, against NumPy's and SciPy's, or loops."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any

import numpy as np
from scipy import special

from tinyxm import ops
from tinyxm.autograd import Tensor
from tinyxm.certificate.case import Case, apart, of_torch, values

CASES: list[Case] = []
o: dict[str, Any]
axis: Any


def add(name: str, label: str, ours: Any, x: Any, truth: Any, torch: Any = None, **more: Any) -> None:
    CASES.append(Case(name, "operation", label, ours, (np.asarray(x, float),), truth, torch, **more))


def torch_prod(torch: Any, a: Any, dim: Any, keepdim: bool = False) -> Any:
    """PyTorch takes one axis at a time."""
    for i in sorted((i % a.ndim for i in (dim if isinstance(dim, tuple) else (dim,))), reverse=True):
        a = torch.prod(a, i, keepdim=keepdim)
    return a


DRAWN, FOUR = apart(2, 3, 4) + 0.03, np.array([0.1, 0.4, -0.3, -0.8])  # no two of the same size, and no sum of 0
NOTHING: dict[str, Any] = {"correction": 0}
# name: (the truth, PyTorch's, a scale at which float32 doesn't overflow)
REDUCTIONS: dict[str, tuple[Callable[..., Any], Callable[..., Any], float]] = {
    "sum": (lambda a, **o: np.add.reduce(a, **{"axis": None} | o), of_torch("sum"), 1e30),
    "mean": (np.mean, of_torch("mean"), 1e30),
    "var": (np.var, of_torch("var", **NOTHING), 1e18),
    "std": (np.std, of_torch("std", **NOTHING), 1e18),
    "max": (np.max, of_torch("amax"), 1e30),
    "min": (np.min, of_torch("amin"), 1e30),
    "prod": (np.prod, torch_prod, 1e9),
    "logsumexp": (special.logsumexp, of_torch("logsumexp"), 1e30),
    "norm": (lambda a, **o: np.sqrt(np.sum(np.square(a), **o)), of_torch("linalg.vector_norm", 2), 1e30),
}
for name, (truth, theirs, scale) in REDUCTIONS.items():
    ours = getattr(ops, name)
    for axis, keepdims in product((None, 1, -1, (0, 2), (-1, 0), (0, 1, 2)), (False, True)):
        o = {"axis": axis, "keepdims": keepdims}
        dims = {"dim": (0, 1, 2) if axis is None else axis, "keepdim": keepdims}
        torch = partial(lambda f, d, t, a: f(t, a, **d), theirs, dims)
        add(name, f"{axis} {keepdims}", partial(ours, **o), DRAWN, partial(truth, **o), torch)
    for edge, x in (("size one", np.array([1.5])), ("size one", np.array([[-0.5]])), ("large", FOUR * scale),
                    ("tiny", FOUR / scale)):  # fmt: skip
        add(name, "", ours, x, truth, edge=edge)
    add(name, "nothing left", partial(ours, axis=1), values(0, 3), partial(truth, axis=1), edge="empty")
    if name not in ("var", "std"):
        add(name, "one number, no axis", ours, values(), truth, edge="size one")
for name, start in (("sum", 0), ("prod", 1), ("norm", 0)):
    add(name, "of nothing", partial(getattr(ops, name), axis=1), values(2, 0, 3),
        lambda a, y=start: np.full((2, 3), float(y)), edge="empty")  # fmt: skip
for name in ("var", "std"):
    add(name, "ddof 1", partial(getattr(ops, name), axis=0, ddof=1), values(4, 2),
        partial(REDUCTIONS[name][0], axis=0, ddof=1), of_torch(name, 0, correction=1))  # fmt: skip
add("std", "large", ops.std, FOUR * 1e30, np.std, edge="large")
add("std", "tiny", ops.std, FOUR * 1e-30, np.std, edge="tiny")
add("std", "all equal", partial(ops.std, axis=1), [[2, 2], [0, 0]], partial(np.std, axis=1), edge="subgradient",
    gradients=[[[0, 0], [0, 0]]])  # fmt: skip

# Ties share a gradient equally
for name, gradient in (("max", [[0.5, 0, 0.5], [0, 0, 1]]), ("min", [[0, 1, 0], [0.5, 0.5, 0]])):
    truth, theirs, _ = REDUCTIONS[name]
    for edge in ("ties", "subgradient"):
        add(name, "", partial(getattr(ops, name), axis=1), [[2, 1, 2], [0, 0, 1]], partial(truth, axis=1),
            partial(lambda f, t, a: f(t, a, 1), theirs), edge=edge, gradients=[gradient])  # fmt: skip
add("max", "all", ops.max, [[2, 1, 2], [0, 0, 1]], np.max, of_torch("amax"), edge="ties",
    gradients=[[[0.5, 0, 0.5], [0, 0, 0]]])  # fmt: skip

# Products of what is 0 once, twice, and not at all
for axis in (None, 0, 1, (0, 1)):
    add("prod", f"zeros {axis}", partial(ops.prod, axis=axis), [[0, 2, 3], [1, 0, 0], [4, 5, 0.5]],
        partial(np.prod, axis=axis), lambda t, a, d=axis: torch_prod(t, a, (0, 1) if d is None else d))  # fmt: skip
add("prod", "seven", ops.prod, values(7), np.prod, of_torch("prod"))

add("logsumexp", "minus infinity", partial(ops.logsumexp, axis=1), [[-np.inf, 1, 2], [-np.inf, -np.inf, 0]],
    lambda a: np.array([np.log(np.e + np.e**2), 0]), of_torch("logsumexp", 1), edge="large",
    gradients=[[[0, 1 / (1 + np.e), np.e / (1 + np.e)], [0, 0, 1]]])  # fmt: skip


def length(a: np.ndarray, ord: Any, axis: Any, keepdims: bool = False) -> np.ndarray:
    size = np.abs(a)
    if ord == np.inf:
        return size.max(axis, keepdims=keepdims)
    return np.exp(np.log((size**ord).sum(axis, keepdims=keepdims)) / ord)


for ord, (axis, keepdims) in product((1, 1.5, 3, 4, np.inf), ((None, False), (1, True), ((-1, 0), False))):
    add("norm", f"{ord} {axis}", partial(ops.norm, ord=ord, axis=axis, keepdims=keepdims), DRAWN,
        partial(length, ord=ord, axis=axis, keepdims=keepdims),
        of_torch("linalg.vector_norm", ord, axis, keepdim=keepdims))  # fmt: skip
add("norm", "fro", partial(ops.norm, ord="fro", axis=(0, 1)), values(2, 3, 4),
    lambda a: np.sqrt(np.einsum("ijk,ijk->k", a, a)), of_torch("linalg.matrix_norm", "fro", (0, 1)))  # fmt: skip
add("norm", "where one is 0", ops.norm, [3.0, 0, -4], lambda a: np.hypot(a[0], a[2]), of_torch("linalg.vector_norm"))
for ord in (1, 1.5, 2, 3, np.inf):
    add("norm", f"{ord} at 0", partial(ops.norm, ord=ord), np.zeros((2, 3)), lambda a: np.zeros(()), edge="subgradient",
        gradients=[np.zeros((2, 3))])  # fmt: skip
for ord, scale in product((1.5, 3), (1e30, 1e-30)):
    add("norm", f"{ord}", partial(ops.norm, ord=ord), np.array([3.0, -4, 1]) * scale,
        lambda a, p=ord, s=scale: length(a / s, p, 0) * s, edge="large" if scale > 1 else "tiny")  # fmt: skip
add("norm", "inf", partial(ops.norm, ord=np.inf), [-2, 1, 2], lambda a: np.max(np.abs(a)), edge="ties",
    gradients=[[-0.5, 0, 0.5]])  # fmt: skip


def running(a: np.ndarray, axis: int | None) -> np.ndarray:
    """A triangle of ones, times a."""
    a, axis = (a.reshape(-1), 0) if axis is None else (a, axis)
    return np.moveaxis(np.tensordot(np.tri(a.shape[axis]), a, (1, axis)), 0, axis)


def torch_cumsum(torch: Any, a: Any, axis: int | None) -> Any:
    return torch.cumsum(a.flatten() if axis is None else a, axis or 0)


WEIGHTS = np.arange(1.0, 13)  # so that it shows which element a gradient came from


def product_so_far(a: np.ndarray, axis: int | None) -> np.ndarray:
    a, axis = (a.reshape(-1), 0) if axis is None else (a, axis)
    return np.multiply.accumulate(a, axis)


def torch_cumprod(torch: Any, a: Any, axis: int | None) -> Any:
    return torch.cumprod(a.flatten() if axis is None else a, axis or 0)


def sorted_by_hand(a: np.ndarray, axis: int | None) -> np.ndarray:
    a, axis = (a.reshape(-1), 0) if axis is None else (a, axis)
    return np.apply_along_axis(lambda line: np.array(sorted(line.tolist())), axis, a) if a.size else a


def torch_sort(torch: Any, a: Any, axis: int | None) -> Any:
    return torch.sort(a.flatten() if axis is None else a, dim=axis or 0, stable=True).values


for name, truth, theirs, scale in (
    ("cumsum", running, torch_cumsum, 1e30), ("cumprod", product_so_far, torch_cumprod, 1e3),
    ("sort", sorted_by_hand, torch_sort, 1e30),
):  # fmt: skip
    for axis, (edge, x) in product((None, 0, -1, 1), (
        ("", apart(2, 3, 4)), ("empty", values(2, 0)), ("empty", values(0, 3)), ("size one", values(1, 1)),
        ("large", apart(3, 4) * scale), ("tiny", apart(3, 4) / scale),
    )):  # fmt: skip
        add(name, f"{axis}", partial(getattr(ops, name), axis=axis), x, partial(truth, axis=axis),
            partial(lambda f, d, t, a: f(t, a, d), theirs, axis), edge=edge)  # fmt: skip
add("cumprod", "zeros", partial(ops.cumprod, axis=1), [[2.0, 0, 3, 0, 4], [0, 1, 2, 3, 4]],
    partial(product_so_far, axis=1), partial(torch_cumprod, axis=1))  # fmt: skip
for n, axis, shape, edge in (
    (1, -1, (3, 4), ""), (2, 0, (4, 2), ""), (1, 1, (2, 3, 2), ""), (0, 0, (2,), ""), (3, 0, (3,), "empty"),
    (1, 0, (1,), "size one"),
):  # fmt: skip
    add("diff", f"{n} {axis}", partial(ops.diff, n=n, axis=axis), values(*shape), partial(np.diff, n=n, axis=axis),
        of_torch("diff", n, axis), edge=edge)  # fmt: skip
for edge, scale in (("large", 1e30), ("tiny", 1e-30)):
    add("diff", "", ops.diff, FOUR * scale, np.diff, of_torch("diff"), edge=edge)


def middle(a: np.ndarray, axis: int | None, keepdims: bool) -> np.ndarray:
    return np.quantile(a, 0.5, axis, keepdims=keepdims)


for (axis, keepdims), (edge, x) in product(((None, False), (0, True), (-1, False)), (
    ("", apart(3, 4)), ("", apart(2, 2, 5)), ("size one", values(1, 1)), ("large", apart(3, 4) * 1e30),
    ("tiny", apart(3, 4) * 1e-30),
)):  # fmt: skip
    add("median", f"{axis} {keepdims}", partial(ops.median, axis=axis, keepdims=keepdims), x,
        partial(middle, axis=axis, keepdims=keepdims),
        partial(lambda d, k, t, a: t.quantile(a, 0.5, d, keepdim=k), axis, keepdims), edge=edge)  # fmt: skip
add("median", "nothing left", partial(ops.median, axis=1), values(0, 3), lambda a: np.zeros(0), edge="empty")
add("median", "with NaN", partial(ops.median, axis=1), [[np.nan, 1, 2], [3, 1, 2]], lambda a: np.array([np.nan, 2]),
    edge="subgradient", gradients=[[[0, 0, 0], [0, 0, 1]]])  # fmt: skip
add("median", "", ops.median, [2.0, 1, 2, 3, 2], lambda a: np.array(2.0), edge="ties", gradients=[[0, 0, 1, 0, 0]])


for shape, axis, edge in (
    ((3, 4), None, ""), ((3, 4), (0, 1), ""), ((2, 3), 0, ""), ((1,), 0, "size one"), ((0, 3), 1, "empty"),
    ((3,), 0, "large"), ((3,), 0, "tiny"),
):  # fmt: skip
    scale = {"large": 1e18, "tiny": 1e-18}.get(edge, 1.0)
    pair = values(*shape, low=0.5) * scale, values(*shape, low=0.5, seed=8) * scale
    CASES.append(
        Case("average", "operation", f"{axis}", lambda a, w, d=axis: ops.average(a, d, w), pair,
             lambda a, w, d=axis: np.average(a, d, w), edge=edge,
             torch=lambda t, a, w, d=axis: (a * w).sum(d) / w.sum(d))
    )  # fmt: skip
CASES.append(
    Case("average", "operation", "a weight for each place", lambda a, w: ops.average(a, -2, w, keepdims=True),
         (values(2, 3, 2), values(3, low=0.5)), lambda a, w: np.average(a, 1, w, keepdims=True),
         lambda t, a, w: t.einsum("ijk,j->ik", a, w)[:, None] / w.sum(), "broadcast")
)  # fmt: skip
add("average", "without weights", ops.average, DRAWN, np.mean, of_torch("mean"))
for edge in ("ties", "subgradient"):
    add("sort", "", lambda a: ops.sort(a) * WEIGHTS[:4].astype(a.dtype), [2, 1, 2, 1],
        lambda a: np.array([1.0, 2, 6, 8]), edge=edge, gradients=[[3, 1, 4, 2]])  # fmt: skip


def largest(a: np.ndarray, k: int, axis: int) -> np.ndarray:
    return np.take(-np.sort(-a, axis), range(k), axis)


for k, axis, (edge, x) in product((0, 1, 2), (-1, 0), (
    ("", apart(3, 4)), ("empty", values(2, 0, 2)), ("large", apart(3, 4) * 1e30), ("tiny", apart(3, 4) * 1e-30),
    ("size one", values(2, 2)),
)):  # fmt: skip
    if edge == "size one":
        x, k = x[:1, :1], min(k, 1)
    add("top_k", f"{k} {axis}", lambda a, k=k, d=axis: ops.top_k(a, k, d)[0], x, partial(largest, k=k, axis=axis),
        lambda t, a, k=k, d=axis: t.topk(a, k, d).values, edge=edge)  # fmt: skip
for edge in ("ties", "subgradient"):
    add("top_k", "", lambda a: ops.top_k(a, 3)[0] * WEIGHTS[:3].astype(a.dtype), [2, 3, 3, 1, 3, 2],
        lambda a: np.array([3.0, 6, 9]), edge=edge, gradients=[[0, 1, 2, 0, 3, 0]])  # fmt: skip


def places(function: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    """The integers as a Tensor for Tensors, which is what a case compares."""
    return lambda a: Tensor(function(a, **options)) if isinstance(a, Tensor) else function(a, **options)


def by_hand(a: np.ndarray, axis: int | None, keepdims: bool, pick: Callable[..., Any]) -> np.ndarray:
    """The place of pick(line) in each line."""
    if axis is None:
        at = np.array(a.ravel().tolist().index(pick(a.ravel().tolist())))
        return at.reshape((1,) * a.ndim) if keepdims else at
    at = np.apply_along_axis(lambda line: line.tolist().index(pick(line.tolist())), axis, a)
    return np.expand_dims(at, axis) if keepdims else at


def order_by_hand(a: np.ndarray, axis: int | None) -> np.ndarray:
    a, axis = (a.reshape(-1), 0) if axis is None else (a, axis)
    if not a.size:
        return np.zeros(a.shape, int)
    return np.apply_along_axis(lambda line: np.array(sorted(range(len(line)), key=line.__getitem__)), axis, a)


for name, pick in (("argmax", max), ("argmin", min)):
    for (axis, keepdims), (edge, x) in product(((None, False), (0, True), (-1, False)), (
        ("", apart(3, 4)), ("size one", values(1, 1)), ("large", apart(3, 4) * 1e30), ("tiny", apart(3, 4) * 1e-30),
        ("ties", np.array([[1.0, 2, 2], [1, 1, 2]])),
    )):  # fmt: skip
        o = {"axis": axis, "keepdims": keepdims}
        torch = partial(lambda f, d, k, t, a: getattr(t, f)(a, d, k), name, axis, keepdims)
        add(name, f"{axis} {keepdims}", places(getattr(ops, name), **o), x, partial(by_hand, **o, pick=pick), torch,
            edge=edge)  # fmt: skip
    add(
        name, "nothing left", places(getattr(ops, name), axis=1), values(0, 3), lambda a: np.zeros(0, int), edge="empty"
    )
for axis, (edge, x) in product((None, 0, -1), (
    ("", apart(3, 4)), ("size one", values(1, 1)), ("large", apart(3, 4) * 1e30), ("tiny", apart(3, 4) * 1e-30),
    ("ties", np.array([[1.0, 2, 2], [1, 1, 2]])), ("empty", values(0, 3)),
)):  # fmt: skip
    add("argsort", f"{axis}", places(ops.argsort, axis=axis), x, partial(order_by_hand, axis=axis),
        partial(lambda d, t, a: t.argsort(a.flatten() if d is None else a, dim=d or 0, stable=True), axis),
        edge=edge)  # fmt: skip
