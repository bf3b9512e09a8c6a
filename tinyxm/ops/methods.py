"""What makes a Tensor work as NumPy's arrays do: its operators and methods, and the functions without a gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinyxm.autograd.primitive import answers_for
from tinyxm.autograd.tensor import Tensor, array_of, constant
from tinyxm.ops.device import to
from tinyxm.ops.elementwise import (
    abs,
    add,
    astype,
    clip_of_numpy,
    divide,
    multiply,
    negative,
    positive,
    power,
    subtract,
)
from tinyxm.ops.index import getitem, take
from tinyxm.ops.linalg import diagonal, dot, matmul, trace, transposed
from tinyxm.ops.reduce import argmax, argmin, argsort, cumprod, cumsum, max, mean, min, prod, std, sum, var
from tinyxm.ops.shape import ravel, repeat, reshape, squeeze, swapaxes, transpose


def _reversed(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, other: function(other, self)


def _compared(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, other: function(array_of(self), array_of(other))


def _of_the_array(name: str) -> Callable[..., Any]:
    return lambda self, *args, **options: getattr(self.data, name)(*args, **options)


def _several(function: Callable[..., Any]) -> Callable[..., Any]:
    """A method that takes its numbers one by one or as one tuple, as NumPy's do: t.reshape(2, 3), t.transpose(1, 0)."""

    def method(self: Tensor, *numbers: Any) -> Tensor:
        first: int | Sequence[int] = numbers[0] if len(numbers) == 1 else numbers
        return function(self, first) if numbers else function(self)

    return method


OPERATORS = {"add": add, "sub": subtract, "mul": multiply, "truediv": divide, "matmul": matmul, "pow": power}
COMPARISONS = {
    "lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal, "eq": np.equal, "ne": np.not_equal,
}  # fmt: skip
METHODS: dict[str, Any] = {
    "__abs__": abs, "__getitem__": getitem, "__neg__": negative, "__pos__": positive, "T": property(transpose),
    "argmax": argmax, "argmin": argmin, "argsort": argsort, "astype": astype, "clip": clip_of_numpy, "cumprod": cumprod,
    "cumsum": cumsum, "diagonal": diagonal, "dot": dot, "flatten": ravel, "mT": property(transposed), "max": max,
    "mean": mean, "min": min, "prod": prod, "ravel": ravel, "repeat": repeat, "reshape": _several(reshape),
    "squeeze": squeeze, "std": std, "sum": sum, "swapaxes": swapaxes, "take": take, "to": to, "trace": trace,
    "transpose": _several(transpose), "var": var,
    **{name: _of_the_array(name) for name in ("all", "any", "nonzero", "tolist")},
}  # fmt: skip
CONSTANT: set[Callable[..., Any]] = {
    np.all, np.allclose, np.any, np.argmax, np.argmin, np.argsort, np.argwhere, np.array2string, np.array_equal,
    np.array_repr, np.array_str, np.ceil, np.count_nonzero, np.digitize, np.empty_like, np.equal, np.flatnonzero,
    np.floor, np.greater, np.greater_equal, np.isclose, np.isfinite, np.isin, np.isinf, np.isnan, np.less,
    np.less_equal, np.logical_and, np.logical_not, np.logical_or, np.ndim, np.nonzero, np.not_equal, np.ones_like,
    np.result_type, np.rint, np.round, np.searchsorted, np.shape, np.signbit, np.size, np.trunc, np.unique,
    np.zeros_like,
}  # fmt: skip


@answers_for(np.full_like)
def _full_like(a: Any, fill_value: Any, dtype: Any = None, *, shape: Any = None) -> np.ndarray:
    if isinstance(fill_value, Tensor) and fill_value.requires_grad:
        raise TypeError("full_like: fill_value requires a gradient, which this would lose; use np.broadcast_to")
    return np.full_like(array_of(a), array_of(fill_value), dtype, shape=shape)


def attach() -> None:
    """Give all of these to Tensor."""
    for name, function in OPERATORS.items():
        setattr(Tensor, f"__{name}__", function)
        setattr(Tensor, f"__r{name}__", _reversed(function))
    for name, ufunc in COMPARISONS.items():
        setattr(Tensor, f"__{name}__", _compared(ufunc))
    for name, method in METHODS.items():
        setattr(Tensor, name, method)
    constant.update(CONSTANT)
