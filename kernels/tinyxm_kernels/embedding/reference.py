"""The truth: `np.add.at`, which adds each row where it belongs, one after the other, however often an index comes.

(`y[indices] += rows` would keep only the last of equal indices.) Costs a copy of all rows looked up.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels.embedding import bag_of_each
from tinyxm_kernels.registry import rung


@rung()
def embedding_bag(
    weight: NDArray[Any], indices: NDArray[Any], offsets: NDArray[Any], weights: NDArray[Any] | None
) -> NDArray[Any]:
    looked_up = weight[indices]
    y = np.zeros_like(weight, order="C", shape=(len(offsets), weight.shape[1]))
    np.add.at(y, bag_of_each(indices, offsets), looked_up if weights is None else weights[:, None] * looked_up)
    return y


@rung()
def embedding_bag_weight_gradient(
    g: NDArray[Any], indices: NDArray[Any], offsets: NDArray[Any], weights: NDArray[Any] | None, rows: int
) -> NDArray[Any]:
    handed_down = g[bag_of_each(indices, offsets)]
    return scatter_add_rows(handed_down if weights is None else weights[:, None] * handed_down, indices, rows)


@rung()
def scatter_add_rows(g: NDArray[Any], indices: NDArray[Any], rows: int) -> NDArray[Any]:
    y = np.zeros_like(g, order="C", shape=(rows, *g.shape[indices.ndim :]))
    np.add.at(y, indices, g)
    return y
