"""The fully connected layer."""

from __future__ import annotations

import numpy as np

from tinyxm import ops
from tinyxm.autograd import Array, Parameter
from tinyxm.nn import init
from tinyxm.nn.module import Module


class Linear(Module):
    """y = x W + b

    x `(..., in_features)`, W `(in_features, out_features)`, b `(out_features,)`, y `(..., out_features)`. W starts by
    `initialise` (He's uniform rule), b at 0. Raises ValueError where x has another number of features.
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        *,
        initialise: init.Initialiser = init.he_uniform,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.in_features, self.out_features = in_features, out_features
        self.weight = Parameter(initialise((in_features, out_features), rng))
        self.bias = Parameter(init.zeros((out_features,))) if bias else None

    def forward(self, x: Array) -> Array:
        if not x.ndim or x.shape[-1] != self.in_features:
            features = x.shape[-1] if x.ndim else "no"
            raise ValueError(f"Linear: x {x.shape} has {features} features, expected {self.in_features}")
        y = ops.matmul(x, self.weight)
        return y if self.bias is None else y + self.bias
