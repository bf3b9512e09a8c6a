"""The truth: the formulas in NumPy, with every score stored: queries × keys of them, three times over in a gradient."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels.registry import rung

Array = NDArray[Any]


def _masked_scores(q: Array, k: Array, mask: Array | None, causal: bool, scale: float) -> Array:
    scores = q * scale @ np.swapaxes(k, -1, -2)
    if causal:
        earlier = np.arange(scores.shape[-1], like=scores) <= np.arange(scores.shape[-2], like=scores)[:, None]
        mask = earlier if mask is None else mask & earlier
    return scores if mask is None else np.where(mask, scores, -np.inf)


@rung()
def attention(q: Array, k: Array, v: Array, mask: Array | None, causal: bool, scale: float) -> tuple[Array, Array]:
    scores = _masked_scores(q, k, mask, causal, scale)
    if not scores.shape[-1]:  # no keys: a maximum has no value, and CuPy's takes no `initial`
        greatest = np.zeros_like(scores, shape=(*scores.shape[:-1], 1))
    else:
        greatest = scores.max(axis=-1, keepdims=True)
        greatest[greatest == -np.inf] = 0
    weights = np.exp(scores - greatest)
    total = weights.sum(axis=-1, keepdims=True)
    weights /= np.where(total == 0, 1, total)
    y, statistics = weights @ v, np.concatenate([greatest, total], axis=-1)
    return y, np.broadcast_to(statistics, (*y.shape[:-1], 2))


@rung()
def attention_gradients(
    g: Array, q: Array, k: Array, v: Array, mask: Array | None, causal: bool, scale: float, y: Array, statistics: Array
) -> tuple[Array, Array, Array]:
    greatest, total = statistics[..., :1], statistics[..., 1:]
    weights = np.exp(_masked_scores(q, k, mask, causal, scale) - greatest)
    weights /= np.where(total == 0, 1, total)
    slopes = g @ np.swapaxes(v, -1, -2)
    slopes -= (weights * slopes).sum(axis=-1, keepdims=True)  # D: Y is P V
    slopes *= weights
    slopes *= scale
    return slopes @ k, np.swapaxes(slopes, -1, -2) @ q, np.swapaxes(weights, -1, -2) @ g
