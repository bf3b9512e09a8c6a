"""Exercise 18, solved: the right answer's similarity stands on the diagonal; compare each row with it."""

import numpy as np


def retrieval_scores(similarity, k):
    """(recall at k, median rank) of a similarity (n, n) whose right answers stand on the diagonal."""
    right = np.diag(similarity)[:, None]
    nearer, alike = (similarity > right).sum(axis=1), (similarity == right).sum(axis=1) - 1
    ranks = 1 + nearer + alike / 2
    return np.mean(ranks <= k), np.median(ranks)
