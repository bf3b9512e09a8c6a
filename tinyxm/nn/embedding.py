"""Tables of vectors, looked up by number: words, word pieces, n-grams."""

from __future__ import annotations

import numpy as np

from tinyxm import ops
from tinyxm.autograd import Array, Parameter
from tinyxm.nn import init
from tinyxm.nn.module import Module


class Embedding(Module):
    """y[..., :] = weight[indices[...], :]

    indices are integers of any shape, weight `(rows, dimensions)`, y `(*indices.shape, dimensions)`. weight starts by
    `initialise` (normal, deviation 0.05). Raises TypeError for indices that aren't integers, ValueError for one outside
    the rows. Source: Bengio et al., "A neural probabilistic language model", JMLR 2003.
    """

    def __init__(
        self,
        rows: int,
        dimensions: int,
        *,
        initialise: init.Initialiser = init.normal,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.rows, self.dimensions = rows, dimensions
        self.weight = Parameter(initialise((rows, dimensions), rng))

    def forward(self, indices: np.ndarray) -> Array:
        return ops.embedding(self.weight, indices)


class EmbeddingBag(Module):
    """y_b = Σ weights_i·weight[indices_i] over the entries i of bag b: a text as the mix of its words and n-grams

    indices `(entries,)`, all bags' one after another; offsets `(bags,)`, where each bag begins; weights `(entries,)`,
    where none are given 1 / entries of the bag, which makes y the mean (give ones for the sum). weight
    `(rows, dimensions)` starts by `initialise` (normal, deviation 0.05); y `(bags, dimensions)`, an empty bag's 0.
    Raises ValueError for an index outside the rows, or offsets that don't divide the entries. Source: Joulin et al.,
    "Bag of tricks for efficient text classification", EACL 2017.
    """

    def __init__(
        self,
        rows: int,
        dimensions: int,
        *,
        initialise: init.Initialiser = init.normal,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.rows, self.dimensions = rows, dimensions
        self.weight = Parameter(initialise((rows, dimensions), rng))

    def forward(self, indices: np.ndarray, offsets: np.ndarray, weights: np.ndarray | None = None) -> Array:
        if weights is None:
            entries = np.diff(offsets, append=len(indices))
            if len(offsets) and (offsets[0] != 0 or entries.min() < 0):
                raise ValueError(f"EmbeddingBag: offsets {offsets}: expected 0, then no decrease, up to {len(indices)}")
            weights = np.repeat((1 / np.maximum(entries, 1)).astype(self.weight.dtype), entries)
        return ops.embedding_bag(self.weight, indices, offsets, weights)
