"""Exercise 22, solved: scores of −∞ where the mask is False; a row of nothing but these sums to 0, divided by 1."""

import numpy as np


def attention(q, k, v, mask):
    """Y (..., queries, values). q (..., queries, d), k (..., keys, d), v (..., keys, values), mask as the scores."""
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(q.shape[-1])
    scores = np.where(mask, scores, -np.inf)
    largest = scores.max(axis=-1, keepdims=True)
    weights = np.exp(scores - np.where(np.isfinite(largest), largest, 0))
    total = weights.sum(axis=-1, keepdims=True)
    return weights / np.where(total > 0, total, 1) @ v
