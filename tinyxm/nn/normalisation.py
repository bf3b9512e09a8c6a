"""Layers that give signals zero mean and unit variance, then a learned scale and shift."""

from __future__ import annotations

from tinyxm import ops
from tinyxm.autograd import Array, Parameter
from tinyxm.nn import init
from tinyxm.nn._checks import check_floats, whole
from tinyxm.nn.module import Module


class GroupNorm(Module):
    """y = scale·(x − μ) / √(σ² + ε) + shift, μ and σ² over each sample's group of channels, at all positions

    x and y `(batch, ..., channels)`, a group being channels / groups neighbours; scale and shift `(channels,)`, from 1
    and 0. It knows nothing of the rest of the batch, so training and use are the same. Raises ValueError where groups
    don't divide channels, or x has other channels, TypeError where it isn't an array of scale's dtype. Source: Wu and
    He, "Group normalization", ECCV 2018.
    """

    def __init__(self, groups: int, channels: int, eps: float = 1e-5) -> None:
        groups, channels = whole("GroupNorm", "groups", groups), whole("GroupNorm", "channels", channels)
        if channels % groups:
            raise ValueError(f"GroupNorm: {channels} channels don't divide into {groups} groups")
        self.groups, self.channels, self.eps = groups, channels, eps
        self.scale, self.shift = Parameter(init.constant((channels,))), Parameter(init.zeros((channels,)))

    def forward(self, x: Array) -> Array:
        check_floats("GroupNorm", x, self.scale)
        if x.ndim < 2 or x.shape[-1] != self.channels:
            raise ValueError(f"GroupNorm: x {x.shape}: expected (batch, ..., {self.channels}), channels last")
        return ops.group_norm(x, self.scale, self.shift, self.groups, self.eps)


class LayerNorm(Module):
    """y = scale·(x − μ) / √(σ² + ε) + shift, μ and σ² over the last axis

    x and y `(..., features)`; scale and shift `(features,)`, from 1 and 0. Raises ValueError where x has another number
    of features, TypeError where it isn't an array of scale's dtype. Source: Ba, Kiros and Hinton, "Layer
    normalization", 2016.
    """

    def __init__(self, features: int, eps: float = 1e-5) -> None:
        features = whole("LayerNorm", "features", features)
        self.features, self.eps = features, eps
        self.scale, self.shift = Parameter(init.constant((features,))), Parameter(init.zeros((features,)))

    def forward(self, x: Array) -> Array:
        check_floats("LayerNorm", x, self.scale)
        if not x.ndim or x.shape[-1] != self.features:
            raise ValueError(f"LayerNorm: x {x.shape}: expected (..., {self.features})")
        return ops.layer_norm(x, self.scale, self.shift, self.eps)
