"""Exercise 21, solved: scores of false negatives become −10⁹, then the two cross-entropies, each from its largest."""

import numpy as np


def info_nce(a, b, scale, captions):
    """L, one number. a and b (n, dimensions), scale a number, captions (n,) whole numbers."""
    false = (captions[:, None] == captions) & ~np.eye(len(captions), dtype=bool)
    scores = np.where(false, -1e9, scale * (a @ b.T))
    own, losses = np.arange(len(captions)), []
    for s in (scores, scores.T):
        s = s - np.max(s, axis=1, keepdims=True)
        losses.append(np.mean(np.log(np.sum(np.exp(s), axis=1)) - s[own, own]))
    return (losses[0] + losses[1]) / 2
