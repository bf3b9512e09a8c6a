"""Attention (Vaswani et al. 2017): each query takes a mixture of values, by how well their keys agree with it.

    S = scale · Q Kᵀ,   P[i, j] = exp(S[i, j] − m[i]) / l[i],   m[i] = max_j S[i, j],   l[i] = Σ_j exp(S[i, j] − m[i])

    Y = P V,   ∂V = Pᵀ G,   ∂Q = ∂S K,   ∂K = ∂Sᵀ Q,   ∂S = scale · P ∘ (G Vᵀ − D),  D[i] = Σ_c G[i, c] Y[i, c]

Q (..., queries, n), K (..., keys, n), V (..., keys, values); leading axes broadcast. A mask of booleans is True where a
query may attend a key; with `causal`, query i attends keys 0 ... i alone. Where a query may not attend, S is −∞; one
that may attend nothing gets zeros, and has m = l = 0. These two statistics of each row are all that the gradients need
to find P again. Their logsumexp, m + log l, would be one number, but of large scores it hasn't the digits to tell P.

2·queries·keys·(n + values) operations forward, and 2½ times as many backward. Q, K, V and Y have
(queries + keys)·(n + values) numbers, the scores queries·keys: of 4096 of each, 64 wide, 16 times as many.
Read `reference`, which stores the scores, then `online`, which doesn't, and `cuda_online`, which doesn't on a GPU.

NaN and infinity come through, except that those in the values of a key that a query may not attend may or may not reach
the query (0·∞, or not looked at).
"""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels._checks import check_arrays, check_floats, check_shape
from tinyxm_kernels.registry import Shape, operation

Array = NDArray[Any]


def _scores(q: Shape, k: Shape) -> int:
    return prod(np.broadcast_shapes(q[:-2], k[:-2])) * q[-2] * k[-2]


def _rule(*operands: Any) -> tuple[str, ...]:
    """online from 4096 scores up; reference for fewer, which aren't worth waiting for a compiler."""
    q, k = operands[1:3] if len(operands) > 6 else operands[:2]  # a gradient comes first
    return ("online", "reference") if _scores(q.shape, k.shape) >= 4096 else ("reference",)


_attention = operation(
    "attention",
    __name__,
    flops=lambda q, k, v, *rest, **named: 2 * _scores(q, k) * (q[-1] + v[-1]),
    elements=lambda q, k, v, mask=None, causal=False, scale=0.0: (
        prod(q) + prod(k) + prod(v) + _scores(q, k) // max(1, k[-2]) * v[-1]
    ),
    rule=_rule,
    on_cuda=("cuda_online",),
)
_gradients = operation(
    "attention_gradients",
    __name__,
    flops=lambda g, q, k, v, *rest: 2 * _scores(q, k) * (3 * q[-1] + 2 * v[-1]),
    elements=lambda g, q, k, v, *rest: 2 * (prod(g) + prod(q) + prod(k) + prod(v)),
    rule=_rule,
    on_cuda=("cuda_online",),
)


def _check(name: str, q: Array, k: Array, v: Array, mask: Array | None) -> Shape:
    """The shape of y."""
    if min(q.ndim, k.ndim, v.ndim) < 2 or q.shape[-1] != k.shape[-1] or k.shape[-2] != v.shape[-2]:
        raise ValueError(
            f"{name}: q {q.shape}, k {k.shape}, v {v.shape}; "
            "expected (..., queries, n), (..., keys, n), (..., keys, values)"
        )
    try:
        batch = np.broadcast_shapes(q.shape[:-2], k.shape[:-2], v.shape[:-2])
    except ValueError:
        raise ValueError(
            f"{name}: q {q.shape}, k {k.shape}, v {v.shape}: axes before the last two don't broadcast"
        ) from None
    if mask is not None:
        check_arrays(name, mask=mask)
        if mask.dtype != bool:
            raise TypeError(f"{name}: mask is {mask.dtype}, expected bool: True where a query may attend a key")
        scores = (*batch, q.shape[-2], k.shape[-2])
        try:
            fits = np.broadcast_shapes(mask.shape, scores) == scores
        except ValueError:
            fits = False
        if not fits:
            raise ValueError(f"{name}: mask {mask.shape} doesn't broadcast to the scores' shape {scores}")
    return (*batch, q.shape[-2], v.shape[-1])


def attention(
    q: Array, k: Array, v: Array, mask: Array | None = None, causal: bool = False, scale: float = 1.0
) -> tuple[Array, Array]:
    """y (..., queries, values) and statistics (..., queries, 2) of q (..., queries, n), k (..., keys, n) and
    v (..., keys, values).

    The statistics are the greatest score of each row and its sum of exponentials, for `attention_gradients`.

    Raises ValueError for other shapes, TypeError unless q, k and v are all float32 or all float64 and the mask bool.
    """
    check_floats("attention", q=q, k=k, v=v)
    _check("attention", q, k, v, mask)
    scale = float(scale)  # np.float64 would make float64 of float32
    return _attention.choose(q, k, v, mask, causal, scale)(q, k, v, mask, causal, scale)


def attention_gradients(
    g: Array, q: Array, k: Array, v: Array, mask: Array | None, causal: bool, scale: float, y: Array, statistics: Array
) -> tuple[Array, Array, Array]:
    """(∂L/∂q, ∂L/∂k, ∂L/∂v) from g = ∂L/∂y, what `attention` was given, and what it returned.

    Each has the leading axes of y: where an operand was broadcast, its gradient is the sum over them. Errors as in
    `attention`.
    """
    name = "attention_gradients"
    check_floats(name, g=g, q=q, k=k, v=v, y=y, statistics=statistics)
    shape = _check(name, q, k, v, mask)
    for role, array, expected in (("g", g, shape), ("y", y, shape), ("statistics", statistics, (*shape[:-1], 2))):
        check_shape(name, role, array.shape, expected)
    operands = g, q, k, v, mask, causal, float(scale), y, statistics
    return _gradients.choose(*operands)(*operands)
