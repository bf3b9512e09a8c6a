"""The operations, each in one place: its forward rule on arrays and one adjoint per input.

`elementwise`, `activation`, `reduce`, `shape`, `index`, `linalg`, `einsum`, `conv`, `pooling`, `resize`, `spectral`,
`norm`, `attention`, `embedding`, `loss`, `cross_entropy`, `contrastive`, `ctc`. NumPy's own functions call them when
given Tensors: `np.exp(t)` is `ops.exp(t)`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinyxm.autograd.tensor import Tensor, array_of, constant, rules
from tinyxm.ops.activation import elu, gelu, leaky_relu, relu, sigmoid, silu, softplus
from tinyxm.ops.attention import attention, attention_weights, masked_softmax
from tinyxm.ops.contrastive import info_nce, sigmoid_contrastive
from tinyxm.ops.conv import conv1d, conv2d, conv3d, conv_transpose1d, conv_transpose2d, conv_transpose3d
from tinyxm.ops.cross_entropy import binary_cross_entropy, cross_entropies, cross_entropy, log_softmax, nll, softmax
from tinyxm.ops.ctc import ctc
from tinyxm.ops.einsum import einsum
from tinyxm.ops.elementwise import (
    absolute,
    add,
    arctan2,
    astype,
    clip,
    clip_of_numpy,
    cos,
    divide,
    erf,
    exp,
    expm1,
    hypot,
    log,
    log1p,
    maximum,
    minimum,
    multiply,
    negative,
    power,
    rsqrt,
    sign,
    sin,
    sqrt,
    square,
    subtract,
    tan,
    tanh,
    where,
)
from tinyxm.ops.embedding import embedding, embedding_bag
from tinyxm.ops.index import getitem, masked_fill, scatter_add, take, take_along_axis
from tinyxm.ops.linalg import cholesky, diagonal, dot, matmul, outer, solve, trace, transposed, tril, triu, whiten
from tinyxm.ops.loss import absolute_error, hinge, huber, kl_divergence, squared_error, triplet
from tinyxm.ops.norm import batch_norm, group_norm, instance_norm, layer_norm, rms_norm, standardise, unit_length
from tinyxm.ops.pooling import (
    adaptive_average_pool1d,
    adaptive_average_pool2d,
    adaptive_max_pool1d,
    adaptive_max_pool2d,
    average_pool1d,
    average_pool2d,
    average_pool3d,
    global_average_pool,
    global_max_pool,
    max_pool1d,
    max_pool2d,
    max_pool3d,
)
from tinyxm.ops.reduce import (
    argmax,
    argmin,
    argsort,
    cumsum,
    logsumexp,
    max,
    mean,
    min,
    norm,
    norm_of_numpy,
    prod,
    sort,
    std,
    sum,
    top_k,
    var,
)
from tinyxm.ops.resize import resize
from tinyxm.ops.shape import (
    broadcast_to,
    concatenate,
    expand_dims,
    flatten,
    flip,
    moveaxis,
    pad,
    repeat,
    reshape,
    roll,
    split,
    squeeze,
    stack,
    swapaxes,
    tile,
    transpose,
)
from tinyxm.ops.spectral import frames, irfft, overlap_add, rfft, stft

__all__ = [
    "absolute",
    "absolute_error",
    "adaptive_average_pool1d",
    "adaptive_average_pool2d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "add",
    "arctan2",
    "argmax",
    "argmin",
    "argsort",
    "astype",
    "attention",
    "attention_weights",
    "average_pool1d",
    "average_pool2d",
    "average_pool3d",
    "batch_norm",
    "binary_cross_entropy",
    "broadcast_to",
    "cholesky",
    "clip",
    "concatenate",
    "conv1d",
    "conv2d",
    "conv3d",
    "conv_transpose1d",
    "conv_transpose2d",
    "conv_transpose3d",
    "cos",
    "cross_entropies",
    "cross_entropy",
    "ctc",
    "cumsum",
    "diagonal",
    "divide",
    "dot",
    "einsum",
    "elu",
    "embedding",
    "embedding_bag",
    "erf",
    "exp",
    "expand_dims",
    "expm1",
    "flatten",
    "flip",
    "frames",
    "gelu",
    "getitem",
    "global_average_pool",
    "global_max_pool",
    "group_norm",
    "hinge",
    "huber",
    "hypot",
    "info_nce",
    "instance_norm",
    "irfft",
    "kl_divergence",
    "layer_norm",
    "leaky_relu",
    "log",
    "log1p",
    "log_softmax",
    "logsumexp",
    "masked_fill",
    "masked_softmax",
    "matmul",
    "max",
    "max_pool1d",
    "max_pool2d",
    "max_pool3d",
    "maximum",
    "mean",
    "min",
    "minimum",
    "moveaxis",
    "multiply",
    "negative",
    "nll",
    "norm",
    "outer",
    "overlap_add",
    "pad",
    "power",
    "prod",
    "relu",
    "repeat",
    "reshape",
    "resize",
    "rfft",
    "rms_norm",
    "roll",
    "rsqrt",
    "scatter_add",
    "sigmoid",
    "sigmoid_contrastive",
    "sign",
    "silu",
    "sin",
    "softmax",
    "softplus",
    "solve",
    "sort",
    "split",
    "sqrt",
    "square",
    "squared_error",
    "squeeze",
    "stack",
    "standardise",
    "std",
    "stft",
    "subtract",
    "sum",
    "swapaxes",
    "take",
    "take_along_axis",
    "tan",
    "tanh",
    "tile",
    "top_k",
    "trace",
    "transpose",
    "transposed",
    "tril",
    "triplet",
    "triu",
    "unit_length",
    "var",
    "where",
    "whiten",
]

rules |= {np.matmul: matmul, np.var: var, np.std: std, np.amax: max, np.amin: min, np.clip: clip_of_numpy}
rules |= {np.dot: dot, np.outer: outer, np.einsum: einsum, np.trace: trace, np.tril: tril, np.triu: triu}
rules |= {np.linalg.solve: solve, np.linalg.cholesky: cholesky}
rules |= {np.split: split, np.pad: pad, np.linalg.norm: norm_of_numpy, np.linalg.vector_norm: norm}
constant |= {
    *(np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal, np.floor, np.ceil, np.any),
    *(np.isnan, np.isinf, np.isfinite, np.isclose, np.allclose, np.array_equal, np.logical_and, np.logical_or),
    *(np.logical_not, np.argmax, np.argmin, np.argsort, np.shape, np.ndim, np.size, np.zeros_like, np.ones_like),
    *(
        np.empty_like,
        np.full_like,
        np.all,
        np.nonzero,
        np.argwhere,
        np.count_nonzero,
        np.searchsorted,
        np.array_repr,
        np.array_str,
        np.array2string,
    ),
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
    **{"prod": prod, "cumsum": cumsum, "argsort": argsort, "argmax": argmax, "argmin": argmin, "take": take},
    **{"repeat": repeat, "clip": clip_of_numpy},
    **{"astype": astype, "reshape": _several(reshape), "transpose": _several(transpose), "T": property(transpose)},
}
for _name, _function in _operators.items():
    setattr(Tensor, f"__{_name}__", _function)
    setattr(Tensor, f"__r{_name}__", _reversed(_function))
for _name, _ufunc in _comparisons.items():
    setattr(Tensor, f"__{_name}__", _compared(_ufunc))
for _name, _method in _methods.items():
    setattr(Tensor, _name, _method)
