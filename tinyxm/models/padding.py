"""Sequences of different lengths in one batch: what of it is real."""

from __future__ import annotations

import numpy as np

from tinyxm.autograd import Array
from tinyxm.autograd.places import placed


def real(lengths: np.ndarray, x: Array) -> Array:
    """1 for what is real of x `(batch, time, ...)`, 0 for padding, `(batch, time, 1)`, where x is

    x times it pads with what a convolution's own padding is, too. `lengths` `(batch,)` are NumPy's.
    """
    within: np.ndarray = np.arange(x.shape[1]) < lengths[:, None]
    return placed(within.astype(np.float32)[:, :, None], x)
