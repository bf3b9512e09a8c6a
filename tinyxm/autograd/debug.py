"""Debug mode: what goes wrong is told where it began."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from tinyxm.autograd.causes import likely_cause
from tinyxm.autograd.events import Event, at, listen
from tinyxm.autograd.places import to_host
from tinyxm.autograd.tensor import Node, array_of
from tinyxm_kernels.cuda import is_device_array

PRODUCTS = ("matmul", "linear", "einsum", "conv")


@contextmanager
def debug() -> Iterator[None]:
    """Check every operation and adjoint that runs within this context; slow, for finding an error.

    Raises FloatingPointError at the first operation, adjoint, clip or update that makes NaN, or an infinity of finite
    numbers, with its line and module, its operands' ranges, the likely cause and its mend (see `causes.py`); and where
    NaN comes in from outside, or an infinity to a product or an update. Raises RuntimeError where an array that an
    adjoint reads was changed since it was recorded, by any means, such as `t.data[...] = ...`.
    """
    recorded: weakref.WeakKeyDictionary[Node, tuple[dict[str, int], str]] = weakref.WeakKeyDictionary()

    def check(event: Event) -> None:
        where = at(event.source)
        if event.kind == "forward" and event.node is not None:
            recorded[event.node] = {name: fingerprint(x) for name, x in event.saved.items()}, where
        if event.kind == "adjoint" and event.node in recorded:
            before, where = recorded[event.node]
            for name, value in event.saved.items():
                if name in before and fingerprint(value) != before[name]:
                    raise RuntimeError(
                        f"{event.operation}: {name} was changed after it was recorded{where}; its gradient would be "
                        "wrong. Make a new array, or run the backward pass first"
                    )
        several = {name: x if isinstance(x, list) else [x] for name, x in event.operands.items()}
        operands = {
            name if len(values) == 1 else f"{name}[{i}]": x
            for name, values in several.items()
            for i, x in enumerate(values)
            if is_float(x)
        }
        for name, x in operands.items():
            if unfit(event, array_of(x)):
                bad = "NaN" if np.isnan(array_of(x)).any() else "∞"
                raise FloatingPointError(
                    f"{event.operation}: {name} held {bad} when it came in{where}: {described(x)}; clean the data, or "
                    "run what made it within debug(), too"
                )
        y = array_of(event.result)
        made = is_float(y) and np.isnan(y).any() and not any(np.isnan(array_of(x)).any() for x in operands.values())
        if made or (not finite(y) and all(map(finite, operands.values()))):
            given = [f"{name} {described(x)}" for name, x in operands.items() if not isinstance(x, float)]
            numbers = {**event.operands, **event.static}.items()
            given += [f"{name} {x:g}" for name, x in numbers if type(x) in (int, float)]
            raise FloatingPointError(
                f"{event.operation}: {described(y)} came out{where}"
                + (f", in the module {event.module}" if event.module else "")
                + f"; it was given {', '.join(given)}. Likely {likely_cause(event)}"
            )

    with listen(check):
        yield


def fingerprint(value: Any) -> int:
    """A checksum of an array's (or several arrays') bytes; 0 for anything else."""
    value = array_of(value)
    if isinstance(value, list | tuple):
        return hash(tuple(map(fingerprint, value)))
    import zlib

    value = value.get() if is_device_array(value) else value
    return zlib.crc32(np.ascontiguousarray(value).view(np.uint8).data) if isinstance(value, np.ndarray) else 0


def unfit(event: Event, x: Any) -> bool:
    """Whether a rule can't be meant for this operand: it holds NaN, or ∞ in a product or an update (masks hold ∞)."""
    if event.kind == "update" or (event.kind == "forward" and event.operation.startswith(PRODUCTS)):
        return not finite(x)
    return event.kind == "forward" and bool(np.isnan(x).any())


def is_float(x: Any) -> bool:
    return isinstance(x, float) or getattr(array_of(x), "dtype", np.dtype(int)).kind == "f"


def finite(x: Any) -> bool:
    return not is_float(x) or bool(np.isfinite(array_of(x)).all())


def described(x: Any) -> str:
    """Shape, range and what isn't finite, in words."""
    x = to_host(array_of(x))
    usable = x[np.isfinite(x)] if x.ndim else np.atleast_1d(x)[np.isfinite(np.atleast_1d(x))]
    bad = [f"{count} {name}" for name, count in (("NaN", np.isnan(x).sum()), ("inf", np.isinf(x).sum())) if count]
    span = f"from {usable.min():.4g} to {usable.max():.4g}" if usable.size else "nothing finite"
    return f"{x.shape} {span}" + (f" with {' and '.join(bad)} of {x.size}" if bad else "")
