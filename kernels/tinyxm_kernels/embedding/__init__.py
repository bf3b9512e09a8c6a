"""Embedding: rows of a table looked up by number, and summed in bags.

    y[b] = Σ_{i in bag b} weights[i] · weight[indices[i]]

Bag b is the run of `indices` from offsets[b] up to offsets[b + 1], the last one up to the end. Two sums go back into
the table's rows, where an index that comes twice must be counted twice:

    ∂L/∂weight[r] = Σ_{i: indices[i] = r} weights[i] · g[bag of i]      embedding_bag_weight_gradient
    rows[r]       = Σ_{i: indices[i] = r} g[i]                          scatter_add_rows, the adjoint of weight[indices]

All are a sparse matrix times a dense one: 2 · (indices) · dim floating-point operations on about as many elements,
fetched from scattered places, so that memory's latency limits them.
"""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels._checks import check_arrays, check_floats, check_shape
from tinyxm_kernels.registry import operation


def _rule(rows_added: Any, indices: Any, *others: Any) -> tuple[str, ...]:
    """vectorised from 2048 numbers looked up or added, sparse where it isn't available; reference for fewer."""
    numbers = indices.size * prod(rows_added.shape[indices.ndim :])
    return ("vectorised", "sparse", "reference") if numbers >= 2048 else ("reference",)


_embedding_bag = operation(
    "embedding_bag",
    __name__,
    flops=lambda weight, indices, offsets, weights=None: 2 * prod(indices) * weight[1],
    elements=lambda weight, indices, offsets, weights=None: (prod(indices) + prod(offsets)) * weight[1],
    rule=_rule,
)
_weight_gradient = operation(
    "embedding_bag_weight_gradient",
    __name__,
    flops=lambda g, indices, offsets, weights, rows: 2 * prod(indices) * g[1],
    elements=lambda g, indices, offsets, weights, rows: (prod(indices) + g[0] + rows) * g[1],
    rule=_rule,
)
_scatter_add_rows = operation(
    "scatter_add_rows",
    __name__,
    flops=lambda g, indices, rows: prod(g),
    elements=lambda g, indices, rows: prod(g) + rows * prod(g[len(indices) :]),
    rule=_rule,
)


def check_indices(name: str, indices: NDArray[Any], rows: int) -> None:
    """Raise TypeError for indices that aren't whole numbers, ValueError for one outside 0 ... rows − 1."""
    check_arrays(name, indices=indices)
    if indices.dtype.kind not in "iu":
        raise TypeError(f"{name}: indices are {indices.dtype}, expected whole numbers")
    if indices.size:
        least, greatest = int(indices.min()), int(indices.max())
        if least < 0 or greatest >= rows:
            raise ValueError(f"{name}: index {least if least < 0 else greatest} is outside 0 ... {rows - 1}")


def check_bags(name: str, indices: NDArray[Any], offsets: NDArray[Any], weights: NDArray[Any] | None = None) -> None:
    """Raise ValueError unless the offsets divide the indices into bags and there are as many weights, if any."""
    check_arrays(name, indices=indices, offsets=offsets)
    if indices.ndim != 1 or offsets.ndim != 1:
        raise ValueError(f"{name}: indices {indices.shape} and offsets {offsets.shape}: expected one axis each")
    if offsets.dtype.kind not in "iu":
        raise TypeError(f"{name}: offsets are {offsets.dtype}, expected whole numbers")
    if weights is not None:
        check_shape(name, "weights", weights.shape, indices.shape)
    starts = np.append(offsets, len(indices))
    if starts[0] != 0 or np.any(starts[1:] < starts[:-1]):
        raise ValueError(f"{name}: offsets must begin with 0 and never fall, up to at most the {len(indices)} indices")


def embedding_bag(
    weight: NDArray[Any], indices: NDArray[Any], offsets: NDArray[Any], weights: NDArray[Any] | None = None
) -> NDArray[Any]:
    """Weighted sums of table rows, one for each bag: weight (rows, dim) -> (bags, dim).

    `indices` (n,) are row numbers, bag after bag; `offsets` (bags,) is where in `indices` each bag begins, the first
    at 0 (an empty bag gives zeros); `weights` (n,) are all 1 where None. Raises ValueError for an index outside the
    table or offsets that fall, TypeError for other dtypes.
    """
    check_floats("embedding_bag", weight=weight, **({} if weights is None else {"weights": weights}))
    if weight.ndim != 2:
        raise ValueError(f"embedding_bag: weight has shape {weight.shape}, expected (rows, dim)")
    check_bags("embedding_bag", indices, offsets, weights)
    check_indices("embedding_bag", indices, len(weight))
    return _embedding_bag.choose(weight, indices, offsets, weights)(weight, indices, offsets, weights)


def embedding_bag_weight_gradient(
    g: NDArray[Any], indices: NDArray[Any], offsets: NDArray[Any], weights: NDArray[Any] | None, rows: int
) -> NDArray[Any]:
    """∂L/∂weight of shape (rows, dim), from g = ∂L/∂y (bags, dim); the rest and the errors as in `embedding_bag`."""
    name = "embedding_bag_weight_gradient"
    check_floats(name, g=g, **({} if weights is None else {"weights": weights}))
    check_bags(name, indices, offsets, weights)
    if g.ndim != 2 or len(g) != len(offsets):
        raise ValueError(f"{name}: g has shape {g.shape}, expected ({len(offsets)}, dim), a row for each bag")
    check_indices(name, indices, rows)
    return _weight_gradient.choose(g, indices, offsets, weights, rows)(g, indices, offsets, weights, rows)


def scatter_add_rows(g: NDArray[Any], indices: NDArray[Any], rows: int) -> NDArray[Any]:
    """Sum g's rows into a table: y[r] = Σ_{i: indices[i] = r} g[i], the adjoint of `weight[indices]`.

    Shapes: g (*indices.shape, *rest) -> (rows, *rest). Raises ValueError where the shapes don't agree or an index is
    outside the table, TypeError for other dtypes.
    """
    check_floats("scatter_add_rows", g=g)
    check_arrays("scatter_add_rows", indices=indices)
    if g.shape[: indices.ndim] != indices.shape:
        raise ValueError(f"scatter_add_rows: g {g.shape} doesn't begin with the shape of indices {indices.shape}")
    check_indices("scatter_add_rows", indices, rows)
    return _scatter_add_rows.choose(g, indices, rows)(g, indices, rows)


def bag_of_each(indices: NDArray[Any], offsets: NDArray[Any]) -> NDArray[Any]:
    """The bag that each index lies in."""
    return np.searchsorted(offsets, np.arange(len(indices), like=offsets), "right") - 1  # of empty bags, the one after
