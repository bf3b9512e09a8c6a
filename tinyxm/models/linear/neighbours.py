"""Looking up what is near."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from tinyxm.models.linear._matrices import Matrix, labelled, matrix, unit


def cosine_similarity(x: Matrix, y: Matrix) -> Matrix:
    """Cosines between all rows: s_ij = x_i · y_j / (‖x_i‖ ‖y_j‖), 0 where a row is zero. (n, d), (m, d) -> (n, m)."""
    x = matrix("cosine_similarity", "x", x)
    return unit(x) @ unit(matrix("cosine_similarity", "y", y, x.shape[1])).T


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
