"""Layers that give signals zero mean and unit variance, then a learned scale and shift."""

from __future__ import annotations

from tinyxm import ops
from tinyxm.autograd import Array, Parameter, no_grad
from tinyxm.autograd.tensor import array_of
from tinyxm.nn import init
from tinyxm.nn._checks import check_floats, whole
from tinyxm.nn.module import Buffer, Module


class BatchNorm(Module):
    """y = scale·(x − μ) / √(σ² + ε) + shift, μ and σ² of each channel over the batch and all positions

    x and y `(batch, ..., channels)`, of any number of axes between; scale and shift `(channels,)`, from 1 and 0. In
    training μ and σ² are the batch's, and running ones follow it,

        running_mean ← (1 − m)·running_mean + m·μ,   running_var ← (1 − m)·running_var + m·σ²·n / (n − 1),

    m being `momentum` and n the values of a channel; in use (after `eval()`) the running ones take their place. So a
    training result depends on the rest of its batch, and a running one on how training went: statistics of a batch too
    small, or of other data, mislead. Raises ValueError where x has other channels, or in training one value of each,
    TypeError where it isn't an array of scale's dtype. Source: Ioffe and Szegedy, "Batch normalization", ICML 2015.
    """

    def __init__(self, channels: int, eps: float = 1e-5, momentum: float = 0.1) -> None:
        channels = whole("BatchNorm", "channels", channels)
        if not 0 <= momentum <= 1:
            raise ValueError(f"BatchNorm: momentum {momentum}: expected 0 to 1")
        self.channels, self.eps, self.momentum = channels, eps, momentum
        self.scale, self.shift = Parameter(init.constant((channels,))), Parameter(init.zeros((channels,)))
        self.running_mean, self.running_var = Buffer(init.zeros((channels,))), Buffer(init.constant((channels,)))

    def forward(self, x: Array) -> Array:
        _check("BatchNorm", x, self.scale, 2)
        if not self.training:
            statistics = self.running_mean.data.astype(x.dtype), self.running_var.data.astype(x.dtype)
            return ops.batch_norm(x, self.scale, self.shift, self.eps, statistics)[0]
        n = x.size // self.channels
        if n < 2:
            raise ValueError(f"BatchNorm: x {x.shape} has {n} values of a channel; give more, or call eval() for use")
        y, mean, var = ops.batch_norm(x, self.scale, self.shift, self.eps)
        with no_grad():
            for running, new in ((self.running_mean, mean), (self.running_var, var * (n / (n - 1)))):
                running[...] = running.data * (1 - self.momentum) + array_of(new) * self.momentum
        return y


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
        _check("GroupNorm", x, self.scale, 2)
        return ops.group_norm(x, self.scale, self.shift, self.groups, self.eps)


class InstanceNorm(Module):
    """y = scale·(x − μ) / √(σ² + ε) + shift, μ and σ² over all positions of each sample's channel

    x and y `(batch, ..., channels)`; scale and shift `(channels,)`, from 1 and 0. What a whole picture has in common,
    its contrast and tint, is taken out. Raises ValueError where x has other channels or no positions, TypeError where
    it isn't an array of scale's dtype. Source: Ulyanov, Vedaldi and Lempitsky, "Instance normalization", 2016.
    """

    def __init__(self, channels: int, eps: float = 1e-5) -> None:
        channels = whole("InstanceNorm", "channels", channels)
        self.channels, self.eps = channels, eps
        self.scale, self.shift = Parameter(init.constant((channels,))), Parameter(init.zeros((channels,)))

    def forward(self, x: Array) -> Array:
        _check("InstanceNorm", x, self.scale, 3)
        return ops.instance_norm(x, self.scale, self.shift, self.eps)


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
        _check("LayerNorm", x, self.scale)
        return ops.layer_norm(x, self.scale, self.shift, self.eps)


class RMSNorm(Module):
    """y = scale·x / √(mean x² + ε), the mean over the last axis: LayerNorm without its mean and its shift

    x and y `(..., features)`; scale `(features,)`, from 1. Raises ValueError where x has another number of features,
    TypeError where it isn't an array of scale's dtype. Source: Zhang and Sennrich, "Root mean square layer
    normalization", NeurIPS 2019.
    """

    def __init__(self, features: int, eps: float = 1e-5) -> None:
        features = whole("RMSNorm", "features", features)
        self.features, self.eps = features, eps
        self.scale = Parameter(init.constant((features,)))

    def forward(self, x: Array) -> Array:
        _check("RMSNorm", x, self.scale)
        return ops.rms_norm(x, self.scale, self.eps)


def _check(layer: str, x: Array, scale: Array, axes: int = 1) -> None:
    """Raise unless x is of scale's dtype, has so many axes at least, and as many channels or features as scale."""
    check_floats(layer, x, scale)
    if x.ndim < axes or x.shape[-1] != scale.size:
        expected = f"(batch, ..., {scale.size}), channels last" if axes > 1 else f"(..., {scale.size})"
        raise ValueError(f"{layer}: x {x.shape}: expected {expected}")
