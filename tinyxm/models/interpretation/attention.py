"""Attention maps: what each query took from where, read from a model as it runs; and rollout through its layers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm import nn
from tinyxm.autograd import Tensor

Maps = dict[str, list[NDArray[Any]]]


@contextmanager
def attention_maps(model: nn.Module) -> Iterator[Maps]:
    """{path: [weights `(batch, heads, queries, keys)` of each call]} of every MultiHeadAttention, filled as it runs.

        with attention_maps(model) as maps:
            model(x)
        maps["layers.0.attention"][0]

    Rows sum to 1 over the keys. Raises ValueError for a model without MultiHeadAttention.
    """
    layers = {path: module for path, module in model.named_modules() if isinstance(module, nn.MultiHeadAttention)}
    if not layers:
        raise ValueError(f"attention_maps: this {type(model).__name__} has no MultiHeadAttention")
    maps: Maps = {path: [] for path in layers}
    try:
        for path, layer in layers.items():
            vars(layer)["forward"] = partial(_told, layer, maps[path])  # stands before the class's own
        yield maps
    finally:
        for layer in layers.values():
            del vars(layer)["forward"]


def _told(layer: Any, seen: list[NDArray[Any]], *args: Any, weights: bool = False, **options: Any) -> Any:
    y, shares = type(layer).forward(layer, *args, weights=True, **options)
    seen.append(np.array(shares.data if isinstance(shares, Tensor) else shares))
    return (y, shares) if weights else y


def attention_rollout(maps: Sequence[NDArray[Any]], residual: float = 0.5) -> NDArray[Any]:
    """R = Āₙ ⋯ Ā₁,  Ā = (1 − r)·(mean over heads of A) + r·I: how much of each input reached each place at the end

    `maps` are the layers' weights `(batch, heads, time, time)`, first layer first; R `(batch, time, time)`, whose rows
    sum to 1. r is the share that goes straight on by the residual connection. What values hold, and what the
    feed-forward makes of them, it doesn't see. Source: Abnar & Zuidema, "Quantifying attention flow in transformers",
    2020.
    """
    if not maps or any(m.ndim != 4 or m.shape[2] != m.shape[3] for m in maps) or not 0 <= residual < 1:
        shapes = [m.shape for m in maps]
        raise ValueError(f"attention_rollout: maps {shapes}, residual {residual}: expected (batch, heads, time, time)")
    rolled = np.eye(maps[0].shape[-1], dtype=maps[0].dtype)
    for weights in maps:
        mean = weights.mean(axis=1)
        rolled = ((1 - residual) * mean + residual * np.eye(mean.shape[-1], dtype=mean.dtype)) @ rolled
    return rolled
