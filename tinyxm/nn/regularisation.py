"""Layers that keep a model from learning its training data by heart."""

from __future__ import annotations

import numpy as np

from tinyxm.autograd import Array, generator
from tinyxm.autograd.places import placed
from tinyxm.nn._checks import check_floats
from tinyxm.nn.module import Module


class Dropout(Module):
    """y = x·m / (1 − rate), each mᵢ 0 with probability `rate`, else 1, in training; y = x in use (after `eval()`)

    Dividing by 1 − rate keeps the expected y equal to x, so nothing is left to do in use. m is drawn at each call from
    `rng`, or from the default generator: NumPy's, on the CPU, and moved to where x is, so that a seed draws the same m
    on every device. Raises ValueError unless 0 ≤ rate < 1, TypeError where x isn't an array of
    floats. Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 2014.
    """

    def __init__(self, rate: float, *, rng: np.random.Generator | None = None) -> None:
        if not 0 <= rate < 1:
            raise ValueError(f"{type(self).__name__}: rate {rate}: expected at least 0 and less than 1")
        self.rate, self.rng = rate, rng

    def forward(self, x: Array) -> Array:
        check_floats(type(self).__name__, x)
        if not self.training or not self.rate:
            return x
        kept = generator(self.rng).random(self.mask_shape(x.shape), np.float32) >= self.rate
        return x * placed(kept * np.asarray(1 / (1 - self.rate), x.dtype), x)

    def mask_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        return shape


class SpatialDropout(Dropout):
    """Dropout of whole channels: x `(batch, ..., channels)`, m `(batch, 1, ..., channels)`, one draw for all positions

    Neighbouring positions of a channel are much alike, so a lone one that is dropped can be told from them. Raises as
    Dropout does. Source: Tompson et al., "Efficient object localization using convolutional networks", CVPR 2015.
    """

    def mask_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        if len(shape) < 2:
            raise ValueError(f"SpatialDropout: x {shape}: expected (batch, ..., channels), channels last")
        return shape[0], *(1 for _ in shape[1:-1]), shape[-1]
