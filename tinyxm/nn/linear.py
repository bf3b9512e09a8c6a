"""Fully connected layers, of one input and of two."""

from __future__ import annotations

import numpy as np

from tinyxm import ops
from tinyxm.autograd import Array, Parameter
from tinyxm.nn import init
from tinyxm.nn._checks import check_floats, initial, whole
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
        self.weight = Parameter(initial("Linear", initialise, (self.in_features, self.out_features), rng))
        self.bias = Parameter(init.zeros((self.out_features,))) if bias else None

    def forward(self, x: Array) -> Array:
        check_floats("Linear", x, self.weight)
        if not x.ndim or x.shape[-1] != self.in_features:
            features = x.shape[-1] if x.ndim else "no"
            raise ValueError(f"Linear: x {x.shape} has {features} features, expected {self.in_features}")
        return ops.linear(x, self.weight, self.bias)


class Bilinear(Module):
    """y[..., k] = Σ over i, j of x1[..., i]·W[i, j, k]·x2[..., j] + b[k]: how each pair of features goes together

    x1 `(..., in1_features)`, x2 `(..., in2_features)`, whose other axes broadcast, W `(in1_features, in2_features,
    out_features)`, b `(out_features,)`, y `(..., out_features)`. W starts by `initialise` (LeCun's uniform rule, of
    fan_in in1_features·in2_features), b at 0. Raises ValueError where x1 or x2 has another number of features,
    TypeError where it isn't an array of W's dtype. Source: Tenenbaum and Freeman, "Separating style and content with
    bilinear models", Neural Computation 2000.
    """

    def __init__(
        self,
        in1_features: int,
        in2_features: int,
        out_features: int,
        bias: bool = True,
        *,
        initialise: init.Initialiser = init.lecun_uniform,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.in1_features = whole("Bilinear", "in1_features", in1_features)
        self.in2_features = whole("Bilinear", "in2_features", in2_features)
        self.out_features = whole("Bilinear", "out_features", out_features)
        shape = self.in1_features, self.in2_features, self.out_features
        self.weight = Parameter(initial("Bilinear", initialise, shape, rng))
        self.bias = Parameter(init.zeros((self.out_features,))) if bias else None

    def forward(self, x1: Array, x2: Array) -> Array:
        for name, x, features in (("x1", x1, self.in1_features), ("x2", x2, self.in2_features)):
            check_floats("Bilinear", x, self.weight, name)
            if not x.ndim or x.shape[-1] != features:
                raise ValueError(f"Bilinear: {name} {x.shape}: expected (..., {features})")
        forms = ops.matmul(x1, ops.reshape(self.weight, (self.in1_features, -1)))  # for each x1, a matrix for x2
        forms = ops.reshape(forms, (*x1.shape[:-1], self.in2_features, self.out_features))
        y = ops.squeeze(ops.matmul(ops.expand_dims(x2, -2), forms), -2)
        return y if self.bias is None else y + self.bias
