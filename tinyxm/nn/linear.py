"""The fully connected layer."""

from __future__ import annotations

import numpy as np

from tinyxm import ops
from tinyxm.autograd import Array, Parameter
from tinyxm.nn import init
from tinyxm.nn._checks import check_floats, whole
from tinyxm.nn.module import Module


class Linear(Module):
    """y = x W + b

    x `(..., in_features)`, W `(in_features, out_features)`, b `(out_features,)`, y `(..., out_features)`. W starts by
    `initialise` (He's uniform rule), b at 0. Raises ValueError where x has another number of features, TypeError where
    it isn't an array of W's dtype.
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
        self.in_features = whole("Linear", "in_features", in_features)
        self.out_features = whole("Linear", "out_features", out_features)
        self.weight = Parameter(initialise((self.in_features, self.out_features), rng))
        self.bias = Parameter(init.zeros((self.out_features,))) if bias else None

    def forward(self, x: Array) -> Array:
        check_floats("Linear", x, self.weight)
        if not x.ndim or x.shape[-1] != self.in_features:
            features = x.shape[-1] if x.ndim else "no"
            raise ValueError(f"Linear: x {x.shape} has {features} features, expected {self.in_features}")
        y = ops.matmul(x, self.weight)
        return y if self.bias is None else y + self.bias
