"""Exercise 21: the contrastive loss, with equal captions (lesson 19, 4 points).

There are n pairs (a_i, b_i), say pictures and captions. Each a_i is asked which of all b_j is its own, and each b_j
likewise. With S = scale · A Bᵀ the loss is the mean of two cross-entropies, one over the rows and one over the columns:

    L = −1/2n Σ_i ( ln exp(S_ii) / Σ_j exp(S_ij)  +  ln exp(S_ii) / Σ_j exp(S_ji) )

Two pictures of one caption can't be told apart by it. So where i ≠ j and the captions are equal, the pair (i, j) takes
no part in either sum: left in, it would punish a right answer. Equal captions have equal numbers in `captions`.

A scale of 100 makes exp overflow: take the largest away first. Use NumPy's functions: they work on tinyxm's Tensors as
well, and the check trains by your loss. Then ask

    tinyxm check ex21
"""

import numpy as np


def info_nce(a, b, scale, captions):
    """L, one number. a and b (n, dimensions), scale a number, captions (n,) whole numbers."""
    raise NotImplementedError
