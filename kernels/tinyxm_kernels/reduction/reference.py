"""The truth: the sum in float64, rounded once. NumPy adds blocks of 128 by eights, and the blocks by twos."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels.registry import rung


@rung()
def reduce_sum(a: NDArray[Any], axis: int | None) -> NDArray[Any]:
    y = np.empty_like(a, shape=() if axis is None else a.shape[:-1], order="C")
    y[...] = np.sum(a, axis=axis, dtype=np.float64)
    return y
