"""What makes a Tensor work as NumPy's arrays do: its operators and methods, and the functions without a gradient."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinyxm.autograd.tensor import Tensor, array_of, constant
from tinyxm.ops.elementwise import absolute, add, astype, clip_of_numpy, divide, multiply, negative, power, subtract
from tinyxm.ops.index import getitem, take
from tinyxm.ops.linalg import matmul
from tinyxm.ops.reduce import argmax, argmin, argsort, cumsum, max, mean, min, prod, std, sum, var
from tinyxm.ops.shape import flatten, repeat, reshape, squeeze, swapaxes, transpose


def _reversed(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, other: function(other, self)


def _compared(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, other: function(array_of(self), array_of(other))


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
    "__abs__": absolute, "__getitem__": getitem, "__neg__": negative, "T": property(transpose), "argmax": argmax,
    "argmin": argmin, "argsort": argsort, "astype": astype, "clip": clip_of_numpy, "cumsum": cumsum, "flatten": flatten,
    "max": max, "mean": mean, "min": min, "prod": prod, "repeat": repeat, "reshape": _several(reshape),
    "squeeze": squeeze, "std": std, "sum": sum, "swapaxes": swapaxes, "take": take, "transpose": _several(transpose),
    "var": var,
}  # fmt: skip
CONSTANT: set[Callable[..., Any]] = {
    np.all, np.allclose, np.any, np.argmax, np.argmin, np.argsort, np.argwhere, np.array2string, np.array_equal,
    np.array_repr, np.array_str, np.ceil, np.count_nonzero, np.empty_like, np.equal, np.floor, np.full_like, np.greater,
    np.greater_equal, np.isclose, np.isfinite, np.isinf, np.isnan, np.less, np.less_equal, np.logical_and,
    np.logical_not, np.logical_or, np.ndim, np.nonzero, np.not_equal, np.ones_like, np.searchsorted, np.shape, np.size,
    np.zeros_like,
}  # fmt: skip


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
