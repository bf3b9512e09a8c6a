"""The operations, each in one place: its forward rule on arrays and one adjoint per input.

`elementwise`, `reduce`, `shape`, `index`, `linalg`, `conv`, `norm`, `embedding`, `loss`. NumPy's own functions call
them when given Tensors: `np.exp(t)` is `ops.exp(t)`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinyxm.autograd.tensor import Tensor, array_of, constant, rules
from tinyxm.ops.conv import average_pool2d, conv2d, max_pool2d
from tinyxm.ops.elementwise import (
    absolute,
    add,
    astype,
    clip,
    cos,
    divide,
    erf,
    exp,
    gelu,
    log,
    maximum,
    minimum,
    multiply,
    negative,
    power,
    relu,
    sigmoid,
    sin,
    sqrt,
    square,
    subtract,
    tanh,
    where,
)
from tinyxm.ops.embedding import embedding, embedding_bag
from tinyxm.ops.index import getitem, scatter_add, take
from tinyxm.ops.linalg import matmul, transposed
from tinyxm.ops.loss import contrastive, cross_entropies, cross_entropy, log_softmax, softmax, squared_error
from tinyxm.ops.norm import group_norm, layer_norm, standardise, unit_length
from tinyxm.ops.reduce import logsumexp, max, mean, min, std, sum, var
from tinyxm.ops.shape import (
    broadcast_to,
    concatenate,
    expand_dims,
    flatten,
    moveaxis,
    reshape,
    squeeze,
    stack,
    swapaxes,
    transpose,
)

__all__ = [
    "absolute",
    "add",
    "astype",
    "average_pool2d",
    "broadcast_to",
    "clip",
    "concatenate",
    "contrastive",
    "conv2d",
    "cos",
    "cross_entropies",
    "cross_entropy",
    "divide",
    "embedding",
    "embedding_bag",
    "erf",
    "exp",
    "expand_dims",
    "flatten",
    "gelu",
    "getitem",
    "group_norm",
    "layer_norm",
    "log",
    "log_softmax",
    "logsumexp",
    "matmul",
    "max",
    "max_pool2d",
    "maximum",
    "mean",
    "min",
    "minimum",
    "moveaxis",
    "multiply",
    "negative",
    "power",
    "relu",
    "reshape",
    "scatter_add",
    "sigmoid",
    "sin",
    "softmax",
    "sqrt",
    "square",
    "squared_error",
    "squeeze",
    "stack",
    "standardise",
    "std",
    "subtract",
    "sum",
    "swapaxes",
    "take",
    "tanh",
    "transpose",
    "transposed",
    "unit_length",
    "var",
    "where",
]

rules |= {np.matmul: matmul, np.var: var, np.std: std}
constant |= {
    *(np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal, np.sign, np.floor, np.ceil),
    *(np.isnan, np.isinf, np.isfinite, np.isclose, np.allclose, np.array_equal, np.logical_and, np.logical_or),
    *(np.logical_not, np.argmax, np.argmin, np.argsort, np.shape, np.ndim, np.size, np.zeros_like, np.ones_like),
    *(np.empty_like, np.full_like, np.array_repr, np.array_str, np.array2string),
}


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


_operators = {"add": add, "sub": subtract, "mul": multiply, "truediv": divide, "matmul": matmul, "pow": power}
_comparisons = {"lt": np.less, "le": np.less_equal, "gt": np.greater, "ge": np.greater_equal}
_comparisons |= {"eq": np.equal, "ne": np.not_equal}
_methods = {
    **{"__neg__": negative, "__abs__": absolute, "__getitem__": getitem, "sum": sum, "mean": mean, "var": var},
    **{"std": std, "max": max, "min": min, "swapaxes": swapaxes, "squeeze": squeeze, "flatten": flatten},
    **{"astype": astype, "reshape": _several(reshape), "transpose": _several(transpose), "T": property(transpose)},
}
for _name, _function in _operators.items():
    setattr(Tensor, f"__{_name}__", _function)
    setattr(Tensor, f"__r{_name}__", _reversed(_function))
for _name, _ufunc in _comparisons.items():
    setattr(Tensor, f"__{_name}__", _compared(_ufunc))
for _name, _method in _methods.items():
    setattr(Tensor, _name, _method)
