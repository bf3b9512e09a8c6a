"""Layers that keep a model from learning its training data by heart."""

from __future__ import annotations

import numpy as np

from tinyxm.autograd import Array, generator
from tinyxm.nn._checks import check_floats
from tinyxm.nn.module import Module


class Dropout(Module):
    """y = x·m / (1 − rate), each mᵢ 0 with probability `rate`, else 1, in training; y = x in use (after `eval()`)

    Dividing by 1 − rate keeps the expected y equal to x, so nothing is left to do in use. m is drawn at each call from
    `rng`, or from the default generator. Raises ValueError unless 0 ≤ rate < 1, TypeError where x isn't an array of
    floats. Source: Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 2014.
    """

    def __init__(self, rate: float, rng: np.random.Generator | None = None) -> None:
        if not 0 <= rate < 1:
            raise ValueError(f"Dropout: rate {rate}: expected at least 0 and less than 1")
        self.rate, self.rng = rate, rng

    def forward(self, x: Array) -> Array:
        check_floats("Dropout", x)
        if not self.training or not self.rate:
            return x
        kept = generator(self.rng).random(x.shape, np.float32) >= self.rate
        return x * (kept * np.asarray(1 / (1 - self.rate), x.dtype))
