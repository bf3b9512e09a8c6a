"""Pooling against loops over windows and bins, and images in another size against SciPy's interpolation."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from scipy import ndimage

from tinyxm import ops
from tinyxm.certificate.case import Case, apart, values

CASES: list[Case] = []
Reduce = Callable[..., Any]


def by_windows(x: Any, take: Reduce, outside: float, size: Any, stride: Any, padding: Any) -> np.ndarray:
    axes = x.ndim - 2
    size, stride, padding = (np.broadcast_to(n, axes) for n in (size, size if stride is None else stride, padding))
    x = np.pad(x, [(0, 0), *((p, p) for p in padding), (0, 0)], constant_values=outside)
    grid = [(n - k) // s + 1 for n, k, s in zip(x.shape[1:-1], size, stride, strict=True)]
    y = np.zeros((len(x), *grid, x.shape[-1]))
    for place in np.ndindex(*grid):
        window = (slice(q * s, q * s + k) for q, s, k in zip(place, stride, size, strict=True))
        y[(slice(None), *place)] = take(x[(slice(None), *window)], axis=tuple(range(1, axes + 1)))
    return y


def by_bins(x: Any, take: Reduce, size: Any) -> np.ndarray:
    counts = np.broadcast_to(size, x.ndim - 2).tolist()
    y = np.zeros((len(x), *counts, x.shape[-1]))
    for place in np.ndindex(*counts):
        along = zip(place, x.shape[1:-1], counts, strict=True)
        window = (slice(int(np.floor(i * n / m)), int(np.ceil((i + 1) * n / m))) for i, n, m in along)
        y[(slice(None), *place)] = take(x[(slice(None), *window)], axis=tuple(range(1, x.ndim - 1)))
    return y


def of_torch(name: str, *args: Any, **options: Any) -> Callable[..., Any]:
    return lambda t, x: getattr(t.nn.functional, name)(x.movedim(-1, 1), *args, **options).movedim(1, -1)


def of_ours(name: str, *settings: Any) -> Callable[..., Any]:
    return lambda x: getattr(ops, name)(x, *settings)


def add(name: str, label: str, ours: Any, x: np.ndarray, truth: Any, torch: Any, edge: str = "", **more: Any) -> None:
    CASES.append(Case(name, "operation", label, ours, (x,), truth, torch, edge, **more))


REDUCE: dict[str, Reduce] = {"max": np.max, "average": np.mean}
POOLS: tuple[tuple[str, str, Reduce, float], ...] = (
    ("max", "max", np.max, -np.inf),
    ("average", "avg", np.mean, 0),
)
for axes, shape in ((1, (7,)), (2, (5, 6)), (3, (4, 5, 3))):
    one = apart(1, *(1,) * axes, 1)
    for kind, short, take, outside in POOLS:
        name, theirs = f"{kind}_pool{axes}d", f"{short}_pool{axes}d"
        for label, x, size, stride, padding, edge in (
            ("", apart(2, *shape, 2), 2, None, 0, ""),
            ("overlapping", apart(2, *shape, 2), 3, 2, 1, ""),
            ("each axis its own", apart(2, *shape, 1), (2, 3, 1)[:axes], (1, 2, 2)[:axes], (1, 0, 0)[:axes], ""),
            ("apart", apart(1, *shape, 2), 2, 3, 1, ""),
            ("", apart(0, *shape, 2), 2, None, 0, "empty"), ("", one, 1, None, 0, "size one"),
            ("", apart(1, *shape, 1) * 1e30, 3, 1, 1, "large"), ("", apart(1, *shape, 1) * 1e-30, 3, 1, 1, "tiny"),
        ):  # fmt: skip
            add(name, label, of_ours(name, size, stride, padding), x,
                lambda x, s=(take, outside, size, stride, padding): by_windows(x, *s),
                of_torch(theirs, size, stride, padding), edge)  # fmt: skip
    ones = np.ones((1, *(2,) * (axes - 1), 4, 1))
    first = np.zeros_like(ones)
    first.reshape(-1)[[0, 2]] = 1  # of the two windows, in the first row of the first frame
    name = f"max_pool{axes}d"
    add(name, "the first in row-major order", of_ours(name, 2), ones,
        lambda x: by_windows(x, np.max, 0, 2, 2, 0), of_torch(name, 2), "ties", gradients=[first])  # fmt: skip


def activated(x: Any, bias: Any, activation: str) -> Any:
    return np.maximum(x + bias, 0) if activation == "relu" else x + bias


for activation in ("none", "relu"):
    for x, size, stride, padding, edge in (
        (apart(2, 5, 6, 3), 2, None, 0, ""), (apart(2, 5, 6, 2), (3, 2), (2, 1), (1, 0), ""),
        (apart(8, 24, 22, 2), 2, None, 0, ""), (apart(0, 5, 6, 2), 2, None, 0, "empty"),
        (apart(1, 1, 1, 1), 1, None, 0, "size one"), (apart(1, 5, 6, 1) * 1e30, 3, 1, 1, "large"),
        (apart(1, 5, 6, 1) * 1e-30, 3, 1, 1, "tiny"), (np.ones((1, 2, 4, 1)), 2, None, 0, "ties"),
    ):  # fmt: skip
        bias = np.linspace(-0.31, 0.83, x.shape[-1]) * {"large": 1e30, "tiny": 1e-30}.get(edge, 1)
        firsts = np.array([[1, 0, 1, 0], [0, 0, 0, 0]])
        CASES.append(
            Case(
                "bias_max_pool2d",
                "operation",
                activation,
                lambda x, b, s=(size, stride, padding, activation): ops.bias_max_pool2d(x, b, *s),
                (x, bias),
                lambda x, b, a=activation, s=(np.max, -np.inf, size, stride, padding): by_windows(
                    activated(x, b, a), *s
                ),
                lambda t, x, b, a=activation, s=(size, stride, padding): of_torch("max_pool2d", *s)(
                    t, t.relu(x + b) if a == "relu" else x + b
                ),
                edge,
                [firsts.reshape(x.shape), [2]] if edge == "ties" else None,
            )
        )
stopped = np.array([1.0, -5, -3, -2]).reshape(1, 2, 2, 1)
CASES.append(
    Case("bias_max_pool2d", "operation", "stopped by relu",
         lambda x, b: ops.bias_max_pool2d(x, b, 2, activation="relu"), (stopped, np.array([-1.0])),
         lambda x, b: np.zeros((1, 1, 1, 1)), None, "", [np.zeros_like(stopped), [0]])
)  # fmt: skip

for axes, shape in ((1, (7,)), (2, (5, 4))):
    for kind, short, take, _ in POOLS:
        name = f"adaptive_{kind}_pool{axes}d"
        for x, size, edge in (
            (apart(2, *shape, 2), 1, ""), (apart(2, *shape, 2), 2, ""), (apart(2, *shape, 1), shape, ""),
            (apart(2, *shape, 1), (9, 3)[:axes], ""), (apart(0, *shape, 2), 2, "empty"),
            (apart(1, *(1,) * axes, 1), 1, "size one"), (apart(1, *shape, 1) * 1e30, 3, "large"),
            (apart(1, *shape, 1) * 1e-30, 3, "tiny"),
        ):  # fmt: skip
            add(name, f"{size}", of_ours(name, size), x,
                lambda x, take=take, n=size: by_bins(x, take, n), of_torch(f"adaptive_{short}_pool{axes}d", size),
                edge)  # fmt: skip
    name, ones = f"adaptive_max_pool{axes}d", np.ones((1, 5, *(2,) * (axes - 1), 1))
    first = np.zeros_like(ones)
    first[0, [0, 2], ..., 0] = [1, 1] if axes == 1 else [[1, 1], [1, 1]]  # the bins reach from 0 to 3 and from 2 to 5
    add(name, "the first of each bin", of_ours(name, 2), ones,
        lambda x: by_bins(x, np.max, 2), of_torch(name, 2), "ties", gradients=[first])  # fmt: skip

for kind, torch_name in (("max", "amax"), ("average", "mean")):
    name, take = f"global_{kind}_pool", REDUCE[kind]
    for x, edge in (
        (apart(2, 5, 3), ""), (apart(2, 3, 4, 2), ""), (apart(2, 2, 3, 2, 2), ""), (apart(0, 3, 2), "empty"),
        (apart(1, 1, 1), "size one"), (values(1, 2, 3, 1) * 1e30, "large"), (values(1, 2, 3, 1) * 1e-30, "tiny"),
    ):  # fmt: skip
        add(name, "", of_ours(name), x, lambda x, take=take: take(x, tuple(range(1, x.ndim - 1))),
            lambda t, x, f=torch_name: getattr(t, f)(x, tuple(range(1, x.ndim - 1))), edge)  # fmt: skip
add("global_max_pool", "shared", ops.global_max_pool, np.ones((1, 2, 2, 1)), lambda x: x.max((1, 2)),
    lambda t, x: t.amax(x, (1, 2)), "ties", gradients=[np.full((1, 2, 2, 1), 0.25)])  # fmt: skip


def interpolated(x: Any, size: Any, align_corners: bool) -> np.ndarray:
    """By SciPy, at the places where the rows and columns of the result lie."""
    places = [
        np.arange(m) * (n - 1) / max(m - 1, 1) if align_corners else (np.arange(m) + 0.5) * n / m - 0.5
        for m, n in zip(size, x.shape[1:3], strict=True)
    ]
    y = np.zeros((len(x), *size, x.shape[3]))
    for n, c in np.ndindex(len(x), x.shape[3]):
        y[n, ..., c] = ndimage.map_coordinates(
            x[n, ..., c], np.meshgrid(*places, indexing="ij"), order=1, mode="nearest"
        )
    return y


def nearest(x: Any, size: Any) -> np.ndarray:
    y = np.zeros((len(x), *size, x.shape[3]))
    for i, j in np.ndindex(*size):
        y[:, i, j] = x[:, int(i * x.shape[1] / size[0]), int(j * x.shape[2] / size[1])]
    return y


image = values(2, 4, 5, 2)
for x, size, edge in (
    *((image, size, "") for size in ((8, 10), (4, 5), (3, 2), (1, 7), (9, 1))),
    (values(0, 2, 3, 1), (4, 4), "empty"), (values(1, 1, 1, 1), (1, 1), "size one"),
    (values(1, 2, 3, 1) * 1e30, (3, 4), "large"), (values(1, 2, 3, 1) * 1e-30, (3, 4), "tiny"),
):  # fmt: skip
    add("resize", f"nearest {size}", of_ours("resize", size), x, partial(nearest, size=size),
        of_torch("interpolate", size), edge)  # fmt: skip
    for align_corners in (False, True):
        add("resize", f"bilinear {size} {align_corners}",
            of_ours("resize", size, "bilinear", align_corners), x,
            partial(interpolated, size=size, align_corners=align_corners),
            of_torch("interpolate", size, mode="bilinear", align_corners=align_corners), edge)  # fmt: skip
