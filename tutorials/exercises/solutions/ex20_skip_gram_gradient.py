"""Exercise 20, solved: one error for each score: σ − 1 for the pair seen, σ − 0 for the others."""

import numpy as np


def skip_gram_gradient(u, v, negatives):
    """(∂L/∂u (d,), ∂L/∂v (d,), ∂L/∂negatives (k, d)) of the loss L of one pair and its k negative samples."""
    seen = 1 / (1 + np.exp(-(u @ v))) - 1
    drawn = 1 / (1 + np.exp(-(negatives @ u)))
    return seen * v + drawn @ negatives, seen * u, drawn[:, None] * u
