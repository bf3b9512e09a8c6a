"""Exercise 18: recall at k, and the median rank (lesson 14, 2 points).

A query, a caption say, is compared with a gallery of pictures; similarity[i, j] is how near query i is to item j, and
item i is the right answer to query i. Its rank, from 1, is its place when the gallery is sorted by similarity:

    rank_i = 1 + how many others are nearer + half of how many others are exactly as near

A tie counts half: else a model that finds everything alike would be perfect, or hopeless, by the order of the sorting.
From the ranks come

    recall at k = the share of queries with rank ≤ k        median rank = np.median of the ranks

similarity is (n, n). Write it, then ask

    tinyxm check ex18
"""

import numpy as np


def retrieval_scores(similarity, k):
    """(recall at k, median rank) of a similarity (n, n) whose right answers stand on the diagonal."""
    raise NotImplementedError
