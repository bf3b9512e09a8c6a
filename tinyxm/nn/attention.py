"""Attention with several heads."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tinyxm import ops
from tinyxm.autograd import Array
from tinyxm.autograd.places import placed
from tinyxm.nn import init
from tinyxm.nn._checks import check_floats, check_lengths, whole
from tinyxm.nn.linear import Linear
from tinyxm.nn.module import Module
from tinyxm.nn.positions import RotaryPositions
from tinyxm.nn.regularisation import Dropout
from tinyxm.ops.attention import attention_weights, check_mask


class MultiHeadAttention(Module):
    """Y = [Y₁ … Y_h] W_o + b_o, each head's Yᵢ = softmax(Qᵢ Kᵢᵀ / √n) Vᵢ on its own n = features / heads columns

        Q = query·W_q + b_q,   K = key·W_k + b_k,   V = value·W_v + b_v

    query `(batch, queries, features)`, key `(batch, keys, key_features)`, value `(batch, keys, value_features)`, Y
    `(batch, queries, features)`; key is query where it isn't given (self-attention), value is key. `mask` holds
    booleans that broadcast to `(batch, heads, queries, keys)`, True where a query may attend a key; with `causal`,
    query i attends keys 0 … i alone; `lengths` `(batch,)` are how many keys of each sequence are real. Y of a query
    that may attend none is b_o. `weights=True` returns (Y, weights), these `(batch, heads, queries, keys)`. `dropout`
    is the rate among weights, in training. `rotary` turns queries and keys by their positions: see RotaryPositions. W
    start by `initialise` (Xavier's rule), b at 0. Raises ValueError where heads don't divide features or shapes don't
    agree, TypeError for a mask that isn't boolean. Source: Vaswani et al., "Attention is all you need", 2017.
    """

    def __init__(
        self,
        features: int,
        heads: int,
        dropout: float = 0.0,
        key_features: int | None = None,
        value_features: int | None = None,
        bias: bool = True,
        rotary: bool = False,
        *,
        initialise: init.Initialiser = init.xavier_uniform,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.features = whole("MultiHeadAttention", "features", features)
        self.heads = whole("MultiHeadAttention", "heads", heads)
        if self.features % self.heads:
            raise ValueError(f"MultiHeadAttention: {features} features don't divide into {heads} heads")
        self.key_features, self.value_features = key_features, value_features
        key_features = self.features if key_features is None else key_features
        value_features = key_features if value_features is None else value_features

        def linear(in_features: int) -> Linear:
            return Linear(in_features, self.features, bias, initialise=initialise, rng=rng)

        self.query, self.key, self.value = linear(features), linear(key_features), linear(value_features)
        self.output, self.dropout = linear(features), Dropout(dropout, rng=rng)
        self.positions = RotaryPositions(self.features // self.heads) if rotary else None

    def forward(
        self,
        query: Array,
        key: Array | None = None,
        value: Array | None = None,
        mask: Any = None,
        causal: bool = False,
        lengths: ArrayLike | None = None,
        weights: bool = False,
    ) -> Any:
        key = query if key is None else key
        value = key if value is None else value
        for name, x, layer in (("query", query, self.query), ("key", key, self.key), ("value", value, self.value)):
            check_floats("MultiHeadAttention", x, layer.weight, name)
            if x.ndim != 3 or x.shape[-1] != layer.in_features or len(x) != len(query):
                raise ValueError(
                    f"MultiHeadAttention: {name} {x.shape}: expected ({len(query)}, time, {layer.in_features})"
                )
        if key.shape[1] != value.shape[1]:
            raise ValueError(f"MultiHeadAttention: key {key.shape} and value {value.shape} differ in time")
        q, k, v = self._split(self.query(query)), self._split(self.key(key)), self._split(self.value(value))
        if self.positions is not None:
            q, k = self.positions(q), self.positions(k)
        if mask is not None:
            mask = check_mask("MultiHeadAttention", mask, q, (*q.shape[:-1], k.shape[-2]))
        if lengths is not None:
            lengths = check_lengths("MultiHeadAttention", lengths, len(key), key.shape[1])
            real = placed((np.arange(key.shape[1]) < lengths[:, None])[:, None, None], q)
            mask = real if mask is None else mask & real
        shares = None
        if weights or (self.dropout.training and self.dropout.rate):
            shares = attention_weights(q, k, mask, causal)
            mixed = self.dropout(shares) @ v
        else:  # no one weight is seen, so none need be stored
            mixed = ops.attention(q, k, v, mask, causal)
        y = self.output(ops.reshape(np.swapaxes(mixed, 1, 2), query.shape))
        return (y, shares) if weights else y

    def _split(self, x: Array) -> Array:
        """(batch, time, features) → (batch, heads, time, features / heads)"""
        return np.swapaxes(ops.reshape(x, (*x.shape[:2], self.heads, self.features // self.heads)), 1, 2)
