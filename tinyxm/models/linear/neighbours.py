"""Looking up what is near."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tinyxm.models.linear._matrices import Matrix, labelled, matrix, positive, unit


def cosine_similarity(x: Matrix, y: Matrix) -> Matrix:
    """Cosines between all rows: s_ij = x_i · y_j / (‖x_i‖ ‖y_j‖), 0 where a row is zero. (n, d), (m, d) -> (n, m)."""
    x = matrix("cosine_similarity", "x", x)
    return unit(x) @ unit(matrix("cosine_similarity", "y", y, x.shape[1])).T


def csls(similarity: Matrix, k: int = 10) -> Matrix:
    """Cross-domain similarity local scaling: what is near to everything counts for less. (n, m) -> (n, m).

        csls_ij = 2 s_ij - r_i - c_j,   r_i = mean of the k largest s_i·,   c_j = mean of the k largest s_·j

    In spaces of many dimensions some of a gallery are near to most queries (hubs), and answer questions that aren't
    theirs; c_j takes that back. r_i changes no query's order, only makes scores of different queries comparable. It
    needs many queries at once: with a single one c_j says nothing. Where a side has fewer than k, all count. Raises
    ValueError for k < 1. Source: Conneau, Lample, Ranzato, Denoyer and Jégou, "Word translation without parallel data"
    (2018), section 2.3.
    """
    s = matrix("csls", "similarity", similarity)
    k = positive("csls", "k", k)
    row, column = min(k, s.shape[1]), min(k, s.shape[0])
    r = -np.partition(-s, row - 1, axis=1)[:, :row].mean(axis=1, keepdims=True)
    c = -np.partition(-s, column - 1, axis=0)[:column].mean(axis=0)
    return 2 * s - r - c


def mutual_nearest(similarity: Matrix) -> NDArray[np.intp]:
    """Pairs (i, j) of which each is the other's nearest, (pairs, 2), i in order; of equals the first counts.

    similarity (n, m). Such pairs are right more often than a query's nearest, and can be taken for training pairs where
    none are known. Source: Conneau et al. (2018), section 2.2, as `csls`.
    """
    s = matrix("mutual_nearest", "similarity", similarity)
    best = s.argmax(axis=1)
    rows = np.flatnonzero(s.argmax(axis=0)[best] == np.arange(len(s)))
    return np.stack([rows, best[rows]], axis=1)


class Nearest:
    """Look-up of the nearest training example: a concept is as near as the nearest of its training drawings.

        similarity(q)_c = max over training rows i of concept c of cos(q, x_i)

    After `fit`: `concepts`, the distinct labels in sorted order, which are the columns of `similarity`. Source: Cover
    and Hart, "Nearest neighbor pattern classification", IEEE Transactions on Information Theory 13 (1967).
    """

    def fit(self, x: Matrix, labels: NDArray[Any]) -> Self:
        """Keep the training rows x (n, p) and the label of each, (n,). Raises ValueError where their numbers differ."""
        x, labels = labelled("Nearest.fit", x, labels)
        order = np.argsort(labels, kind="stable")
        self.concepts, self._starts = np.unique(labels[order], return_index=True)
        self.examples = x[order]
        return self

    def similarity(self, queries: Matrix) -> Matrix:
        """Cosine of each query (m, p) to the nearest example of each concept: (m, concepts), from -1 to 1."""
        if not hasattr(self, "examples"):
            raise ValueError("Nearest.similarity: not fitted yet; call fit first")
        queries = matrix("Nearest.similarity", "queries", queries, self.examples.shape[1])
        return np.maximum.reduceat(cosine_similarity(queries, self.examples), self._starts, axis=1)
