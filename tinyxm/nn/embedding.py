"""Tables of vectors, looked up by number: words, word pieces, n-grams."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from tinyxm import ops
from tinyxm.autograd import Array, Parameter
from tinyxm.autograd.places import beside
from tinyxm.autograd.tensor import array_of
from tinyxm.nn import init
from tinyxm.nn._checks import initial, whole
from tinyxm.nn.module import Module
from tinyxm_kernels.embedding import bag_of_each, check_bags


class _Table(Module):
    def __init__(
        self,
        rows: int,
        dimensions: int,
        *,
        initialise: init.Initialiser = init.normal,
        rng: np.random.Generator | None = None,
    ) -> None:
        name = type(self).__name__
        self.rows, self.dimensions = whole(name, "rows", rows), whole(name, "dimensions", dimensions)
        self.weight = Parameter(initial(name, initialise, (self.rows, self.dimensions), rng))


class Embedding(_Table):
    """y[..., :] = weight[indices[...], :]

    indices are integers of any shape, weight `(rows, dimensions)`, y `(*indices.shape, dimensions)`. weight starts by
    `initialise` (normal, deviation 0.05). Raises TypeError for indices that aren't integers, ValueError for one outside
    the rows. Source: Bengio et al., "A neural probabilistic language model", JMLR 2003.
    """

    def forward(self, indices: ArrayLike) -> Array:
        return ops.embedding(self.weight, _numbers(indices, self.weight))


class EmbeddingBag(_Table):
    """y_b = Σ weights_i·weight[indices_i] over the entries i of bag b: a text as the mix of its words and n-grams

    indices `(entries,)`, all bags' one after another; offsets `(bags,)`, where each bag begins; weights `(entries,)`,
    where none are given 1 / entries of the bag, which makes y the mean (give ones for the sum). weight
    `(rows, dimensions)` starts by `initialise` (normal, deviation 0.05); y `(bags, dimensions)`, an empty bag's 0.
    Raises ValueError for an index outside the rows, or offsets that don't divide the entries. Source: Joulin et al.,
    "Bag of tricks for efficient text classification", EACL 2017.
    """

    def forward(self, indices: ArrayLike, offsets: ArrayLike, weights: np.ndarray | None = None) -> Array:
        entries, begins = _numbers(indices, self.weight), _numbers(offsets, self.weight)
        if weights is None:
            check_bags("EmbeddingBag", entries, begins)
            sizes = np.concatenate([begins[1:], np.full_like(begins[:1], len(entries))]) - begins
            weights = (1 / np.maximum(sizes, 1)).astype(self.weight.dtype)[bag_of_each(entries, begins)]
        return ops.embedding_bag(self.weight, entries, begins, weights)


def _numbers(given: ArrayLike, weight: Array) -> Array:
    """An array beside the table; an empty list becomes one of integers, as nothing in it says so."""
    dtype = None if hasattr(given, "dtype") or np.size(given) else np.intp
    return beside("embedding", array_of(given), weight.data, dtype)
