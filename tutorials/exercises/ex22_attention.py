"""Exercise 22: attention with a mask (lesson 18, 3 points).

A word that is being written asks (a query q), each place of the picture answers how well it fits (its key k), and what
comes back is the mean of what the places have to say (their values v), weighted by the answers:

    Y = softmax(Q Kᵀ / √d) V,      d = the length of a query

The softmax is over the keys. `mask` says which keys a query may look at: True where it may. Where it may not, the
weight is 0, and the weights of the others sum to 1. A query that may look at none gets zeros.

There may be more axes before the last two (a batch, heads): each of these is an attention of its own. Scores of some
hundreds mustn't overflow. Then ask

    tinyxm check ex22
"""

import numpy as np


def attention(q, k, v, mask):
    """Y (..., queries, values). q (..., queries, d), k (..., keys, d), v (..., keys, values), mask as the scores."""
    raise NotImplementedError
