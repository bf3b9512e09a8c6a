"""Convolutions and their transposes in one, two and three dimensions, against loops over every window."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

from tinyxm import ops
from tinyxm.certificate.case import Case, values

CASES: list[Case] = []
Numbers = tuple[int, ...]


def window_at(place: Numbers, kernel: Numbers, stride: Numbers, dilation: Numbers) -> tuple[slice, ...]:
    starts = [q * s for q, s in zip(place, stride, strict=True)]
    taps = [slice(a, a + d * (k - 1) + 1, d) for a, k, d in zip(starts, kernel, dilation, strict=True)]
    return (slice(None), *taps)


def by_windows(x: Any, w: Any, stride: Numbers, padding: Numbers, dilation: Numbers, groups: int) -> np.ndarray:
    """One window after another, one output channel after another."""
    *kernel, n_in, n_out = w.shape
    x = np.pad(x, [(0, 0), *((p, p) for p in padding), (0, 0)])
    sizes = [(n - d * (k - 1) - 1) // s + 1 for n, k, s, d in zip(x.shape[1:-1], kernel, stride, dilation, strict=True)]
    y = np.zeros((len(x), *sizes, n_out))
    for place in np.ndindex(*sizes):
        patch = x[window_at(place, tuple(kernel), stride, dilation)]
        for o in range(n_out):
            group = o * groups // n_out
            own = patch[..., group * n_in : (group + 1) * n_in]
            y[(slice(None), *place, o)] = (own * w[..., o]).sum(axis=tuple(range(1, x.ndim)))
    return y


def spread_out(
    x: Any, w: Any, stride: Numbers, padding: Numbers, dilation: Numbers, groups: int, more: Numbers
) -> np.ndarray:
    """Each element of x times the kernel, added where its window lies; then the padding is cut off."""
    *kernel, n_in, n_out = w.shape
    reach = [s * (n - 1) + d * (k - 1) + 1 for n, k, s, d in zip(x.shape[1:-1], kernel, stride, dilation, strict=True)]
    y = np.zeros((len(x), *(n + e for n, e in zip(reach, more, strict=True)), n_in * groups))
    for place in np.ndindex(*x.shape[1:-1]):
        for o in range(n_out):
            group = o * groups // n_out
            term = np.multiply.outer(x[(slice(None), *place, o)], w[..., o])
            seen = y[..., group * n_in : (group + 1) * n_in]
            seen[window_at(place, tuple(kernel), stride, dilation)] += term
    return y[(slice(None), *(slice(p, n - p) for n, p in zip(y.shape[1:-1], padding, strict=True)))]


def of_torch(name: str, settings: dict[str, Any]) -> Callable[..., Any]:
    def theirs(torch: Any, x: Any, w: Any) -> Any:
        function = getattr(torch.nn.functional, name)
        return function(x.movedim(-1, 1), w.movedim((-1, -2), (0, 1)), **settings).movedim(1, -1)

    return theirs


def both(axes: int, label: str, x: np.ndarray, kernel: Numbers, edge: str = "", **settings: Any) -> None:
    """A convolution of x, and the transposed one of what it gives, with the same settings."""

    def each(name: str, default: int) -> Numbers:
        return tuple(np.broadcast_to(settings.get(name, default), axes).tolist())

    stride, dilation, more = each("stride", 1), each("dilation", 1), each("output_padding", 0)
    if settings.get("padding") == "same":
        padding = tuple(d * (k // 2) for d, k in zip(dilation, kernel, strict=True))
    else:
        padding = each("padding", 0)
    groups = settings.get("groups", 1)
    size = np.abs(x).max(initial=0) if edge in ("large", "tiny") else 1
    w = values(*kernel, x.shape[-1] // groups, 4 if groups > 1 else 3)
    g = values(len(x), *by_windows(np.ones((1, *x.shape[1:])), w, stride, padding, dilation, groups).shape[1:]) * size
    whole = {"stride": stride, "padding": padding, "dilation": dilation, "groups": groups}
    theirs = of_torch if w.size else lambda *_: None  # PyTorch refuses weights without channels
    if not any(more):
        name = f"conv{axes}d"
        CASES.append(Case(
            name, "operation", label, lambda x, w: getattr(ops, name)(x, w, **settings), (x, w),
            lambda x, w: by_windows(x, w, stride, padding, dilation, groups), theirs(name, whole), edge,
        ))  # fmt: skip
    transposed = f"conv_transpose{axes}d"
    CASES.append(Case(
        transposed, "operation", label, lambda x, w: getattr(ops, transposed)(x, w, **settings), (g, w),
        lambda x, w: spread_out(x, w, stride, padding, dilation, groups, more),
        theirs(transposed, whole | {"output_padding": more}), edge,
    ))  # fmt: skip


for axes, shape, kernel in ((1, (7,), (3,)), (2, (5, 6), (3, 2)), (3, (3, 4, 3), (2, 3, 2))):
    add = partial(both, axes)
    varied: Callable[..., Any] = lambda *numbers, axes=axes: numbers[:axes]  # noqa: E731
    add("", values(2, *shape, 2), kernel)
    add("strided and padded", values(2, *shape, 2), kernel, stride=2, padding=1)
    add("each axis its own", values(1, *shape, 2), kernel, stride=varied(2, 1, 2), padding=varied(1, 2, 2),
        dilation=varied(2, 3, 1))  # fmt: skip
    add("same", values(1, *shape, 2), (3, 1, 3)[:axes], padding="same", dilation=2)
    add("two groups", values(1, *shape, 4), kernel, groups=2, padding=1)
    add("depthwise", values(1, *shape, 2), kernel, groups=2, stride=2)
    add("larger by output_padding", values(1, *shape, 4), kernel, stride=(3, 2, 2)[:axes], groups=2, padding=1,
        output_padding=varied(2, 0, 1))  # fmt: skip
    if axes == 2:  # which a kernel may work on a block at a time
        add("three by three", values(2, 6, 5, 5), (3, 3), padding=1)
        add("many images", values(1200, *shape, 4), kernel, groups=2)
    add("", values(0, *shape, 2), kernel, "empty")
    add("no channels", values(2, *shape, 0), kernel, "empty")
    add("", values(1, *(1,) * axes, 1), (1,) * axes, "size one")
    add("", values(1, *shape, 1) * 1e18, kernel, "large")
    add("", values(1, *shape, 1) * 1e-30, kernel, "tiny")
