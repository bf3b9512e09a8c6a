"""Exercise 12, solved: one norm over all, of squares in float64, and one factor for all, which is never above 1."""

import numpy as np


def clip_by_norm(gradients, limit):
    """(clipped, norm): the list of gradients held to this norm of all together, and their norm before."""
    norm = np.sqrt(sum(np.sum(g.astype(np.float64) ** 2) for g in gradients))
    factor = limit / norm if norm > limit else 1.0
    return [g * factor for g in gradients], norm
