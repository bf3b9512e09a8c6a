"""The Transformer: attention among positions, then two linear maps at each position, each added to what came in.

Source of all: Vaswani et al., "Attention is all you need", 2017; normalising first: Xiong et al., "On layer
normalization in the Transformer architecture", ICML 2020.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from tinyxm import ops
from tinyxm.autograd import Array
from tinyxm.nn._checks import check_function, whole
from tinyxm.nn.attention import MultiHeadAttention
from tinyxm.nn.linear import Linear
from tinyxm.nn.module import Module
from tinyxm.nn.normalisation import LayerNorm
from tinyxm.nn.regularisation import Dropout


class FeedForward(Module):
    """y = activation(x W₁ + b₁) W₂ + b₂ at each position; x and y `(..., features)`, `hidden_features` between them

    `dropout` is the rate among the hidden ones, in training. Raises as Linear does.
    """

    def __init__(
        self,
        features: int,
        hidden_features: int,
        dropout: float = 0.0,
        activation: Callable[[Array], Array] = ops.relu,
        *,
        rng: np.random.Generator | None = None,
    ) -> None:
        check_function("FeedForward", "activation", activation, "ops.gelu")
        self.hidden = Linear(features, hidden_features, rng=rng)
        self.output = Linear(hidden_features, features, rng=rng)
        self.activation, self.dropout = activation, Dropout(dropout, rng=rng)

    def forward(self, x: Array) -> Array:
        return self.output(self.dropout(self.activation(self.hidden(x))))


class TransformerEncoderLayer(Module):
    """x ← x + attention(x), x ← x + feed_forward(x), each sum normalised; y = x

    x and y `(batch, time, features)`; `hidden_features` of the feed-forward are 4·features where not given. With
    `norm_first`, each part gets x normalised and the sum stays as it is (pre-norm: trains without warm-up, wants a last
    normalisation, which TransformerEncoder has). `dropout` is the rate on weights, hidden features and what is added,
    in training. `mask`, `causal`, `lengths` and `rotary` as in MultiHeadAttention. What is computed at positions beyond
    a length means nothing, and nothing else reads it.
    """

    def __init__(
        self,
        features: int,
        heads: int,
        hidden_features: int | None = None,
        dropout: float = 0.1,
        activation: Callable[[Array], Array] = ops.relu,
        norm_first: bool = False,
        rotary: bool = False,
        *,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.norm_first = norm_first
        self.attention = MultiHeadAttention(features, heads, dropout, rotary=rotary, rng=rng)
        self.attention_norm = LayerNorm(features)
        self._more(features, heads, dropout, rng)
        hidden_features = 4 * features if hidden_features is None else hidden_features
        self.feed_forward = FeedForward(features, hidden_features, dropout, activation, rng=rng)
        self.feed_forward_norm, self.dropout = LayerNorm(features), Dropout(dropout, rng=rng)

    def _more(self, features: int, heads: int, dropout: float, rng: np.random.Generator | None) -> None:
        """What a decoder has between the two."""

    def forward(self, x: Array, mask: Any = None, causal: bool = False, lengths: ArrayLike | None = None) -> Array:
        x = self._added(x, self.attention_norm, lambda x: self.attention(x, mask=mask, causal=causal, lengths=lengths))
        return self._added(x, self.feed_forward_norm, self.feed_forward)

    def _added(self, x: Array, norm: LayerNorm, part: Callable[[Array], Array]) -> Array:
        """x + part(x), with the norm before the part or after the sum."""
        if self.norm_first:
            return x + self.dropout(part(norm(x)))
        return norm(x + self.dropout(part(x)))


class TransformerDecoderLayer(TransformerEncoderLayer):
    """x ← x + attention(x), x ← x + cross_attention(x, memory), x ← x + feed_forward(x), each sum normalised; y = x

    x and y `(batch, time, features)`, memory `(batch, memory_time, features)`: what an encoder gave. Position t of y
    depends on x at 0 … t alone unless `causal=False`. `mask` and `lengths` are x's, `memory_mask` `(batch, heads, time,
    memory_time)` or what broadcasts to it, and `memory_lengths` the memory's. All else as in TransformerEncoderLayer.
    """

    def _more(self, features: int, heads: int, dropout: float, rng: np.random.Generator | None) -> None:
        self.cross_attention = MultiHeadAttention(features, heads, dropout, rng=rng)
        self.cross_attention_norm = LayerNorm(features)

    def forward(  # type: ignore[override]  # a decoder needs a memory
        self,
        x: Array,
        memory: Array,
        mask: Any = None,
        causal: bool = True,
        lengths: ArrayLike | None = None,
        memory_mask: Any = None,
        memory_lengths: ArrayLike | None = None,
    ) -> Array:
        x = self._added(x, self.attention_norm, lambda x: self.attention(x, mask=mask, causal=causal, lengths=lengths))
        x = self._added(
            x,
            self.cross_attention_norm,
            lambda x: self.cross_attention(x, memory, mask=memory_mask, lengths=memory_lengths),
        )
        return self._added(x, self.feed_forward_norm, self.feed_forward)


class TransformerEncoder(Module):
    """y = layerₙ(… layer₁(x)), normalised at last with `norm_first`; x and y `(batch, time, features)`

    Settings and forward(x, mask, causal, lengths) are those of TransformerEncoderLayer. It has no positions of its own:
    add them to x before, or let `rotary` turn queries and keys.
    """

    layer: type[TransformerEncoderLayer] = TransformerEncoderLayer

    def __init__(
        self,
        features: int,
        heads: int,
        layers: int,
        hidden_features: int | None = None,
        dropout: float = 0.1,
        activation: Callable[[Array], Array] = ops.relu,
        norm_first: bool = False,
        rotary: bool = False,
        *,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.layers = [
            self.layer(features, heads, hidden_features, dropout, activation, norm_first, rotary, rng=rng)
            for _ in range(whole(type(self).__name__, "layers", layers))
        ]
        self.norm = LayerNorm(features) if norm_first else None

    def forward(self, x: Array, *args: Any, **options: Any) -> Array:
        for layer in self.layers:
            x = layer(x, *args, **options)
        return x if self.norm is None else self.norm(x)


class TransformerDecoder(TransformerEncoder):
    """y = layerₙ(… layer₁(x, memory), memory), normalised at last with `norm_first`; x and y `(batch, time, features)`

    Settings and forward(x, memory, mask, causal, lengths, memory_mask, memory_lengths) are those of
    TransformerDecoderLayer; causal unless `causal=False`.
    """

    layer = TransformerDecoderLayer
