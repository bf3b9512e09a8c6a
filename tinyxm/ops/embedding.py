"""Rows of a table chosen by number: words to vectors."""

from __future__ import annotations

import numpy as np

import tinyxm_kernels as kernels
from tinyxm.autograd import Array, primitive
from tinyxm.autograd.places import beside
from tinyxm.autograd.tensor import array_of
from tinyxm.ops.index import getitem
from tinyxm_kernels.embedding import bag_of_each

__all__ = ["embedding", "embedding_bag"]


def embedding(weight: Array, indices: Array) -> Array:
    """y[..., :] = weight[indices[...], :];  ∂weight = g added up at the rows it was taken from

    weight `(rows, dimensions)`, indices an integer array of any shape. Raises ValueError for an index outside the rows.
    """
    indices = beside("embedding", array_of(indices), array_of(weight))
    if indices.dtype.kind not in "iu":
        raise TypeError(f"embedding: indices are {indices.dtype}; give integers")
    if indices.size and not (indices.min() >= 0 and indices.max() < weight.shape[0]):
        worst = indices.max() if indices.max() >= weight.shape[0] else indices.min()
        raise ValueError(f"embedding: index {worst} is outside the table's rows, 0 to {weight.shape[0] - 1}")
    return getitem(weight, indices)


@primitive(
    weight=lambda g, indices, offsets, weights, weight_shape: embedding_bag_weight_gradient(
        g, indices, offsets, weights, weight_shape[0]
    ),
    indices=None,
    offsets=None,
    weights=lambda g, weight, indices, offsets: np.sum(
        _of_each_entry(g, indices, offsets) * getitem(weight, indices), -1
    ),
)
def embedding_bag(weight: Array, indices: Array, offsets: Array, weights: Array) -> Array:
    """y_b = Σ weights_i·weight[indices_i] over the i of bag b;  ∂weight = weights_i·g_b added up at row indices_i,
    ∂weights_i = Σ g_b·weight[indices_i]

    weight `(rows, dimensions)`; indices and weights `(entries,)`, all bags' one after another; offsets `(bags,)`, where
    each bag begins. y `(bags, dimensions)`; an empty bag gives zeros. Raises ValueError for an index outside the rows.
    """
    return kernels.embedding_bag(weight, indices, offsets, weights)


@primitive(
    g_y=lambda g, indices, offsets, weights: embedding_bag(g, indices, offsets, weights),
    indices=None,
    offsets=None,
    weights=lambda g, g_y, indices, offsets: np.sum(_of_each_entry(g_y, indices, offsets) * getitem(g, indices), -1),
)
def embedding_bag_weight_gradient(g_y: Array, indices: Array, offsets: Array, weights: Array, rows: int) -> Array:
    """∂weight[r] = Σ weights_i·g_b over the entries i with indices_i = r, b the bag of i"""
    return kernels.embedding_bag_weight_gradient(g_y, indices, offsets, weights, rows)


def _of_each_entry(g: Array, indices: Array, offsets: Array) -> Array:
    """Of g `(bags, dimensions)`, the row of the bag that each entry belongs to: `(entries, dimensions)`."""
    return getitem(g, bag_of_each(indices, offsets))
