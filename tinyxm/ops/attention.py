"""Attention: each query takes a mixture of values, by how well their keys agree with it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

import tinyxm_kernels as kernels
from tinyxm.autograd import Array, Tensor, primitive
from tinyxm.autograd.places import beside, placed
from tinyxm.autograd.tensor import array_of
from tinyxm.ops.cross_entropy import softmax
from tinyxm.ops.linalg import matmul, transposed

__all__ = ["attention", "attention_weights", "masked_softmax"]


@primitive(a=lambda g, y, axis: y * (g - np.sum(g * y, axis=axis, keepdims=True)), mask=None)
def masked_softmax(a: Array, mask: Array, axis: int = -1) -> Array:
    """y = eᵃ / Σ eᵃ over the places where mask is True, and 0 elsewhere;  ∂a = y·(g − Σ g·y)

    mask, booleans, broadcasts to a. Where it leaves no place along the axis, all y are 0.
    """
    e = np.where(mask, a, -np.inf)
    if a.shape[axis]:
        largest = np.max(e, axis=axis, keepdims=True)
        e = e - np.where(np.isfinite(largest), largest, 0)
    e = np.exp(e)
    total = e.sum(axis=axis, keepdims=True)
    return e / np.where(total > 0, total, 1)


def attention_weights(
    q: Array, k: Array, mask: Array | None = None, causal: bool = False, scale: float | None = None
) -> Array:
    """A = softmax(scale·Q Kᵀ), each row over the keys that its query may attend; `(..., queries, keys)`

    See `attention`, whose weights these are.
    """
    scale, _ = _checked(q, k, scale)
    scores = matmul(q * scale, transposed(k))
    if mask is not None:
        mask = check_mask("attention", mask, scores)
    if causal:
        queries, keys = scores.shape[-2:]
        earlier = placed(np.arange(keys) <= np.arange(queries)[:, None], scores)
        mask = earlier if mask is None else mask & earlier
    if mask is None and scores.size:
        return softmax(scores)
    return masked_softmax(scores, placed(np.ones((), bool), scores) if mask is None else mask)


def _checked(q: Array, k: Array, scale: float | None) -> tuple[float, tuple[int, ...]]:
    """The scale, and the scores' shape. Raises ValueError where shapes don't agree."""
    if q.ndim < 2 or k.ndim < 2 or q.shape[-1] != k.shape[-1]:
        raise ValueError(f"attention: q {q.shape} and k {k.shape}: expected (..., queries, n) and (..., keys, n)")
    scale = 1 / math.sqrt(max(q.shape[-1], 1)) if scale is None else float(scale)
    return scale, (*np.broadcast_shapes(q.shape[:-2], k.shape[:-2]), q.shape[-2], k.shape[-2])


def attention(
    q: Array, k: Array, v: Array, mask: Array | None = None, causal: bool = False, scale: float | None = None
) -> Array:
    """Y = softmax(scale·Q Kᵀ) V: each query's mixture of the values, by how well their keys agree with it

    q `(..., queries, n)`, k `(..., keys, n)`, v `(..., keys, values)`, Y `(..., queries, values)`; `scale` is 1/√n
    where none is given, which keeps the scores of random vectors at variance 1. `mask` holds booleans that broadcast
    to `(..., queries, keys)`, True where a query may attend a key; with `causal`, query i attends keys 0 … i alone. A
    query that may attend none gets zeros. Raises ValueError where shapes don't agree, TypeError for a mask that isn't
    boolean. Source: Vaswani et al., "Attention is all you need", 2017.
    """
    arrays = [array_of(x) for x in (q, k, v)]
    if v.ndim < 2 or v.shape[-2] != k.shape[-2]:
        raise ValueError(f"attention: k {k.shape} and v {v.shape}: expected one value for each key")
    if len({x.dtype.char for x in arrays}) > 1 or arrays[0].dtype.char not in "fd":
        return matmul(attention_weights(q, k, mask, causal, scale), v)  # the kernels take one type of float
    scale, shape = _checked(q, k, scale)
    if mask is not None:
        mask = check_mask("attention", mask, q, (*np.broadcast_shapes(shape[:-2], v.shape[:-2]), *shape[-2:]))
    return _attention(q, k, v, mask, bool(causal), scale, Kept())


class Kept:
    """What one call of attention leaves for its adjoints, beside its result: the statistics of each row of scores;
    and of the three gradients, which one kernel computes together, those not yet asked for."""

    def __init__(self) -> None:
        self.y: Array | None = None
        self.statistics: Array | None = None
        self.g: Array | None = None
        self.gradients: dict[str, Array] = {}

    def forward(self, *operands: Any) -> Array:
        self.y, self.statistics = kernels.attention(*operands)
        return self.y

    def gradient(self, name: str, g: Array, operands: tuple[Any, Any, Any, Any, Any, Any], y: Array) -> Array:
        if self.g is not g or name not in self.gradients:
            kept = self.statistics if self.y is y else None
            statistics = kernels.attention(*operands)[1] if kept is None else kept
            self.g = g
            self.gradients = dict(zip("qkv", kernels.attention_gradients(g, *operands, y, statistics), strict=True))
        return self.gradients.pop(name)


def _adjoint(name: str, g: Array, q: Array, k: Array, v: Array, y: Array, *static: Any) -> Array:
    """The fused kernel on arrays; on Tensors, for a second derivative, the formulas in operations."""
    mask, causal, scale, kept = static
    if not any(isinstance(x, Tensor) for x in (g, q, k, v, y)):
        return kept.gradient(name, g, (q, k, v, mask, causal, scale), y)
    weights = attention_weights(q, k, mask, causal, scale)
    if name == "v":
        return matmul(transposed(weights), g)
    slopes = matmul(g, transposed(v))
    slopes = weights * (slopes - np.sum(weights * slopes, axis=-1, keepdims=True)) * scale
    return matmul(slopes, k) if name == "q" else matmul(transposed(slopes), q)


@primitive(
    q=lambda g, q, k, v, y, mask, causal, scale, kept: _adjoint("q", g, q, k, v, y, mask, causal, scale, kept),
    k=lambda g, q, k, v, y, mask, causal, scale, kept: _adjoint("k", g, q, k, v, y, mask, causal, scale, kept),
    v=lambda g, q, k, v, y, mask, causal, scale, kept: _adjoint("v", g, q, k, v, y, mask, causal, scale, kept),
)
def _attention(q: Array, k: Array, v: Array, mask: Array | None, causal: bool, scale: float, kept: Kept) -> Array:
    """Y = P V, P = softmax(scale·Q Kᵀ);  ∂V = Pᵀ G,  ∂Q = ∂S K,  ∂K = ∂Sᵀ Q,  ∂S = scale·P·(G Vᵀ − Σ P·G Vᵀ)"""
    return kept.forward(q, k, v, mask, causal, scale)


def check_mask(operation: str, mask: Array, x: Array, shape: tuple[int, ...] | None = None) -> Array:
    """The mask as an array where x is. Raises TypeError unless boolean, ValueError unless it broadcasts to the scores'
    shape, which is that of x where none is given."""
    mask, shape = beside(operation, array_of(mask), array_of(x)), x.shape if shape is None else shape
    if mask.dtype != bool:
        raise TypeError(
            f"{operation}: mask is {mask.dtype}; give booleans, True where a query may attend a key "
            "(of a mask that is added to the scores: mask == 0)"
        )
    try:
        fits = np.broadcast_shapes(mask.shape, shape) == shape
    except ValueError:
        fits = False
    if not fits:
        raise ValueError(f"{operation}: mask {mask.shape} doesn't broadcast to the scores' shape {shape}")
    return mask
