"""What a fully connected layer computes: a product of matrices, and what is added to it."""

from __future__ import annotations

import math

import numpy as np

import tinyxm_kernels as kernels
from tinyxm.autograd import Array, Tensor, primitive
from tinyxm.autograd.tensor import mode
from tinyxm.ops.activation import gelu, relu
from tinyxm.ops.linalg import matmul

__all__ = ["linear"]


@primitive(
    x=lambda g, w: matmul(g, w.T),
    w=lambda g, x: matmul(_rows(x).T, _rows(g)),
    bias=lambda g: _rows(g).sum(0),
)
def _linear(x: Array, w: Array, bias: Array | None, activation: str) -> Array:
    """y = x W + b;  ∂x = g Wᵀ,  ∂W = xᵀ g,  ∂b = Σ g. Recorded without an activation, which is then the next node."""
    return kernels.linear(x, w, bias, activation)


def _rows(a: Array) -> Array:
    return a if a.ndim == 2 else np.reshape(a, (math.prod(a.shape[:-1]), a.shape[-1]))


_ACTIVATIONS = {"relu": relu, "gelu": gelu}


def linear(x: Array, w: Array, bias: Array | None = None, activation: str = "none") -> Array:
    """y = x W + b, or an activation of it;  ∂x = g Wᵀ,  ∂W = xᵀ g,  ∂b = Σ g, the last two over all rows of x and g

    x `(..., inputs)`, W `(inputs, outputs)`, b `(outputs,)` or None, y `(..., outputs)`. `activation` is "none", "relu"
    or "gelu". Where no gradient is to be computed, bias and activation are one pass over y. Where one is, the
    activation is an operation of its own, as in relu(linear(x, W, b)): GELU's slope needs z = x W + b, which is kept
    beside y; ReLU's is seen in y, and z is let go. Raises ValueError for other shapes or another activation.
    """
    then = _ACTIVATIONS.get(activation)
    if then and mode.recording and any(isinstance(a, Tensor) and a.requires_grad for a in (x, w, bias)):
        return then(_linear(x, w, bias, "none"))
    return _linear(x, w, bias, activation)
