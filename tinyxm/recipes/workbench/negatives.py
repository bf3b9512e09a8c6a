"""The false-negative map: pairs of a batch that mean the same, which a contrastive loss would push apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from tinyxm.training.plots import ORANGE, similarity_matrix

SHOWN = 40  # rows that can be read


@dataclass(frozen=True)
class FalseNegatives:
    """What `false_negatives` found in a batch of n.

    likeness: (n, n). pairs: (k, 2), i < j, the likest first. same: (n, n), what `ops.info_nce` takes to leave them out.
    """

    likeness: NDArray[np.float64]
    pairs: NDArray[np.intp]
    names: Sequence[str]
    pictures: NDArray[Any] | None = None

    @property
    def same(self) -> NDArray[np.bool_]:
        """(n, n): which pairs mean the same; the diagonal isn't marked."""
        mask = np.zeros(self.likeness.shape, bool)
        mask[self.pairs[:, 0], self.pairs[:, 1]] = mask[self.pairs[:, 1], self.pairs[:, 0]] = True
        return mask

    @property
    def share(self) -> float:
        """Share of all pairs of the batch."""
        n = len(self.likeness)
        return len(self.pairs) / (n * (n - 1) / 2)

    def plot(self, shown: int = SHOWN) -> Figure:
        """The likeness of those rows that have a false negative, then of others, at most `shown`; such pairs framed."""
        first = list(dict.fromkeys(self.pairs.ravel().tolist()))[:shown]
        rest = [i for i in range(len(self.likeness)) if i not in set(first)]
        rows = np.array(first + rest[: max(0, min(shown, len(first) + 8) - len(first))])
        pictures = None if self.pictures is None else self.pictures[rows]
        names = [self.names[i] for i in rows]
        figure = similarity_matrix(self.likeness[np.ix_(rows, rows)], names, pictures, "likeness")
        axes, marked = figure.axes[0], self.same[np.ix_(rows, rows)]
        for i, j in np.argwhere(marked):
            axes.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, fill=False, edgecolor=ORANGE, linewidth=1.6))
        return figure


def false_negatives(
    *features: NDArray[Any],
    names: Sequence[str],
    pictures: NDArray[Any] | None = None,
    threshold: float = 0.9,
) -> FalseNegatives:
    """Pairs of a batch whose features (n, p), of any of its modalities, agree: cosine of at least `threshold`.

    Features of what goes in (tf-idf of texts, oriented gradients of pictures), not a model's own embeddings, which it
    would have pushed apart already. Names, (n,), that are equal are always such a pair; `pictures` (n, height, width,
    3 or 4) are shown beside the rows. Raises ValueError for numbers of rows that differ.
    """
    n = len(names)
    if any(np.ndim(x) != 2 or len(x) != n for x in features) or (pictures is not None and len(pictures) != n) or n < 2:
        shapes = [np.shape(x) for x in features]
        raise ValueError(f"false_negatives: {n} names, features {shapes}; expected a row each, and two or more")
    likeness = np.eye(n)
    for x in features:
        unit = np.asarray(x, np.float64)
        unit = unit / np.maximum(np.linalg.norm(unit, axis=1, keepdims=True), 1e-12)
        likeness = np.maximum(likeness, unit @ unit.T)
    _, which = np.unique(np.asarray(names), return_inverse=True)
    likeness = np.where(which[:, None] == which, 1.0, likeness)
    i, j = np.nonzero(np.triu(likeness >= threshold, 1))
    order = np.argsort(-likeness[i, j], kind="stable")
    return FalseNegatives(likeness, np.stack([i[order], j[order]], axis=1), names, pictures)
