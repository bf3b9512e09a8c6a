"""Normalisation: zero mean and unit variance over groups of elements or over the batch, and unit length."""

from __future__ import annotations

import math
import threading
import weakref
from collections.abc import Callable
from typing import Any

import numpy as np

import tinyxm_kernels as kernels
from tinyxm.autograd import Array, Tensor, primitive
from tinyxm.autograd.tensor import array_of
from tinyxm.ops.elementwise import rsqrt

__all__ = ["batch_norm", "group_norm", "instance_norm", "layer_norm", "rms_norm", "standardise", "unit_length"]


@primitive(x=lambda g, x, y, groups, eps: _standardise_adjoint(g, x, y, groups, eps))
def standardise(x: Array, groups: int, eps: float = 1e-5) -> Array:
    """y = (x − μ) / √(σ² + ε), μ and σ² the mean and variance of x over each sample's group of channels

    x `(batch, ..., channels)`: a group is channels / groups neighbouring channels at every position. ∂x = (g − mean g −
    y·mean(g·y)) / √(σ² + ε), the means over the same group. One group is layer normalisation over all but the batch
    axis; as many groups as channels is instance normalisation. Raises ValueError where groups don't divide channels.
    """
    _check_groups("standardise", x, groups)
    centred, deviation = _centred(x, groups, eps)
    return np.reshape(centred / deviation, x.shape)


def _centred(x: Array, groups: int, eps: float) -> tuple[Array, Array]:
    """x − μ as (batch, positions, groups, channels in a group), and √(σ² + ε) of each group."""
    x = np.reshape(x, _grouped(x.shape, groups))
    centred = x - _mean(x)
    return centred, np.sqrt(_mean(centred * centred) + eps)


def _grouped(shape: tuple[int, ...], groups: int) -> tuple[int, ...]:
    return shape[0], math.prod(shape[1:-1]), groups, shape[-1] // groups


def _mean(x: Array) -> Array:
    """The mean over positions first, where neighbours in memory are summed side by side, then over channels."""
    for axis in (1, 3):  # a pass over all for each, unless there is nothing to sum
        x = np.mean(x, axis=axis, keepdims=True) if x.shape[axis] != 1 else x
    return x


def _standardise_adjoint(g: Array, x: Array, y: Array, groups: int, eps: float) -> Array:
    _, deviation = _centred(x, groups, eps)
    shape = _grouped(x.shape, groups)
    g, y = np.reshape(g, shape), np.reshape(y, shape)
    return np.reshape((g - _mean(g) - y * _mean(g * y)) / deviation, x.shape)


def _check_groups(operation: str, x: Array, groups: int) -> None:
    if x.ndim < 2 or groups < 1 or x.shape[-1] % groups:
        raise ValueError(f"{operation}: the channels of x {x.shape}, its last axis, don't divide into {groups} groups")
    if x.shape[0] and not x.size:
        raise ValueError(f"{operation}: x {x.shape} has no elements to take the mean of")


def _check(operation: str, x: Array, least: int, **parameters: Array) -> None:
    """Raise ValueError unless x has this many axes, and each parameter one number for each of its last."""
    if x.ndim < least:
        raise ValueError(
            f"{operation}: x {x.shape}: expected {('(..., features)', '(batch, ..., channels)')[least - 1]}"
        )
    for name, parameter in parameters.items():
        if np.shape(parameter) != x.shape[-1:]:
            raise ValueError(f"{operation}: {name} {np.shape(parameter)}: expected {x.shape[-1:]}, as x is {x.shape}")


class _Found(threading.local):
    """What the last run of a kernel found for the adjoints of one result, which the tape asks for one after another."""

    def __init__(self) -> None:
        self.arrays: list[Callable[[], Any]] = []
        self.eps = 0.0
        self.gradients: dict[str, Array] = {}


_found = _Found()


def _one_of(name: str, kernel: Callable[..., Any], arrays: tuple[Array, ...], eps: float) -> Array:
    """The gradient of this input by a kernel that finds those of x, scale and shift at once: the first to ask runs it.

    Whoever is first at a pass finds nothing of its own, so each pass runs the kernel anew, on arrays that may have been
    written since. None is kept for x, which is asked first if at all, so what stays is small; and each is handed out
    once, so that another result of the same arrays doesn't find it.
    """
    found = _found.gradients
    same = _found.eps == eps and [*map(id, arrays)] == [id(kept()) for kept in _found.arrays]
    if name not in found or not same:
        found = dict(zip(("x", "scale", "shift"), kernel(*arrays, eps), strict=True))
        own, _ = found.pop(name), found.pop("x", None)
        _found.arrays, _found.eps, _found.gradients = [*map(weakref.ref, arrays)], eps, found
        return own
    return found.pop(name)


@primitive(
    x=lambda g, x, scale, eps: _layer_norm_adjoint("x", g, x, scale, eps),
    scale=lambda g, x, scale, eps: _layer_norm_adjoint("scale", g, x, scale, eps),
    shift=lambda g, x, scale, eps: _layer_norm_adjoint("shift", g, x, scale, eps),
)
def layer_norm(x: Array, scale: Array, shift: Array, eps: float = 1e-5) -> Array:
    """y = scale·(x − μ) / √(σ² + ε) + shift, μ and σ² over the last axis (Ba, Kiros & Hinton 2016)

    x `(..., features)`, scale and shift `(features,)`. ∂x = (h − mean h − x̂·mean(h·x̂)) / √(σ² + ε), h = g·scale, x̂ =
    (x − μ) / √(σ² + ε); ∂scale = Σ g·x̂, ∂shift = Σ g. Raises ValueError for other shapes.
    """
    _check("layer_norm", x, 1, scale=scale, shift=shift)
    return kernels.layer_norm(_rows(x), scale, shift, eps).reshape(x.shape)


def _rows(x: Array) -> Array:
    return x if x.ndim == 2 else x.reshape(math.prod(x.shape[:-1]), x.shape[-1])


def _layer_norm_gradients(g: Array, x: Array, scale: Array, eps: float) -> tuple[Array, Array, Array]:
    g_x, g_scale, g_shift = kernels.layer_norm_gradients(_rows(g), _rows(x), scale, eps)
    return g_x.reshape(x.shape), g_scale, g_shift


def _layer_norm_adjoint(name: str, g: Array, x: Array, scale: Array, eps: float) -> Array:
    """The fused kernel on arrays; on Tensors, for a second derivative, the formula in operations."""
    if not any(isinstance(array, Tensor) for array in (g, x, scale)):
        return _one_of(name, _layer_norm_gradients, (g, x, scale), eps)
    return _in_operations(name, g, x, scale, _rows(x), 1, eps)


def _in_operations(name: str, g: Array, x: Array, scale: Array, form: Array, groups: int, eps: float) -> Array:
    """The gradient of this input, `form` being x as `standardise` takes it."""
    if name == "shift":
        return np.sum(_rows(g), axis=0)
    y = standardise(form, groups, eps)
    if name == "scale":
        return np.sum(_rows(g) * np.reshape(y, _rows(g).shape), axis=0)
    return np.reshape(_standardise_adjoint(np.reshape(g * scale, form.shape), form, y, groups, eps), x.shape)


def _positions(x: Array, samples: int) -> Array:
    """As (samples, positions, channels), a sample being one of the batch, or all of it."""
    together = x.shape[1:-1] if samples == x.shape[0] else x.shape[:-1]
    return x.reshape(samples, math.prod(together), x.shape[-1])


@primitive(x=lambda g, x, y: _statistics_adjoint(g, x, y))
def _group_statistics(x: Array, samples: int, groups: int) -> Array:
    """(2, samples, groups): the mean μ and the variance σ² of each sample's groups of channels, σ² = Σ (x − μ)² / n

    x `(batch, ..., channels)`; as one sample all positions are taken together.  ∂x = (g_μ + 2·g_σ²·(x − μ)) / n
    """
    return kernels.group_statistics(_positions(x, samples), groups)


def _statistics_adjoint(g: Array, x: Array, y: Array) -> Array:
    _, samples, groups = y.shape
    form = np.reshape(x, _grouped((samples, *_positions(x, samples).shape[1:]), groups))
    g = np.reshape(g, (2, samples, 1, groups, 1)) / max(1, form.shape[1] * form.shape[3])
    return np.reshape(g[0] + 2 * g[1] * (form - np.reshape(y[0], (samples, 1, groups, 1))), x.shape)


@primitive(
    x=lambda g, x, scale, statistics, eps: _group_norm_adjoint("x", g, x, scale, statistics, eps),
    scale=lambda g, x, scale, statistics, eps: _group_norm_adjoint("scale", g, x, scale, statistics, eps),
    shift=lambda g, x, scale, statistics, eps: _group_norm_adjoint("shift", g, x, scale, statistics, eps),
)
def _group_norm(x: Array, scale: Array, shift: Array, statistics: Array, eps: float) -> Array:
    """y = scale·(x − μ) / √(σ² + ε) + shift, μ and σ² the `_group_statistics` of x

    ∂x = (h − mean h − x̂·mean(h·x̂)) / √(σ² + ε), h = g·scale, x̂ = (x − μ) / √(σ² + ε), by way of the statistics, too;
    ∂scale = Σ g·x̂, ∂shift = Σ g.
    """
    samples = statistics.shape[1]
    return kernels.group_norm(_positions(x, samples), scale, shift, statistics, eps).reshape(x.shape)


def _group_norm_gradients(
    g: Array, x: Array, scale: Array, statistics: Array, eps: float
) -> tuple[Array, Array, Array]:
    g, form = (_positions(array, statistics.shape[1]) for array in (g, x))
    g_x, g_scale, g_shift = kernels.group_norm_gradients(g, form, scale, statistics, eps)
    return g_x.reshape(x.shape), g_scale, g_shift


def _group_norm_adjoint(name: str, g: Array, x: Array, scale: Array, statistics: Array, eps: float) -> Array:
    if not any(isinstance(array, Tensor) for array in (g, x, scale)):
        return _one_of(name, _group_norm_gradients, (g, x, scale, statistics), eps)
    _, samples, groups = statistics.shape
    return _in_operations(name, g, x, scale, _positions(x, samples), groups, eps)


def group_norm(x: Array, scale: Array, shift: Array, groups: int, eps: float = 1e-5) -> Array:
    """y = scale·(x − μ) / √(σ² + ε) + shift, μ and σ² over each sample's group of channels (Wu & He 2018)

    x `(batch, ..., channels)`, scale and shift `(channels,)`. Raises ValueError for other shapes, and where
    groups don't divide channels.
    """
    _check("group_norm", x, 2, scale=scale, shift=shift)
    _check_groups("group_norm", x, groups)
    return _group_norm(x, scale, shift, array_of(_group_statistics(x, x.shape[0], groups)), eps)


def instance_norm(x: Array, scale: Array, shift: Array, eps: float = 1e-5) -> Array:
    """y = scale·(x − μ) / √(σ² + ε) + shift, μ and σ² over the positions of each sample and channel

    x `(batch, ..., channels)`, scale and shift `(channels,)`. Raises ValueError for other shapes. Source: Ulyanov,
    Vedaldi & Lempitsky 2016.
    """
    _check("instance_norm", x, 2, scale=scale, shift=shift)
    _check_groups("instance_norm", x, x.shape[-1])
    return _group_norm(x, scale, shift, array_of(_group_statistics(x, x.shape[0], x.shape[-1])), eps)


def batch_norm(
    x: Array, scale: Array, shift: Array, eps: float = 1e-5, statistics: tuple[Array, Array] | None = None
) -> tuple[Array, Array, Array]:
    """y = scale·(x − μ) / √(σ² + ε) + shift, μ and σ² over all axes but the last: (y, μ, σ²) (Ioffe & Szegedy 2015)

    x `(batch, ..., channels)`, scale, shift, μ and σ² `(channels,)`. σ² = Σ (x − μ)² / n; gradients flow through both.
    `statistics` (μ, σ²) stand in for those of x, as when a model is used and not trained. Raises ValueError for other
    shapes, and where there is nothing to take statistics of.
    """
    _check("batch_norm", x, 2, scale=scale, shift=shift)
    if statistics is None:
        if not x.size:
            raise ValueError(f"batch_norm: x {x.shape} has no elements; give `statistics` from elsewhere")
        both = _group_statistics(x, 1, x.shape[-1])
        return _group_norm(x, scale, shift, array_of(both), eps), both[0, 0], both[1, 0]
    mean, variance = statistics
    _check("batch_norm", x, 2, mean=mean, variance=variance)
    return (x - mean) * (scale * rsqrt(variance + eps)) + shift, mean, variance


def rms_norm(x: Array, scale: Array, eps: float = 1e-5) -> Array:
    """y = scale·x / √(Σ x² / n + ε), the mean square over the n features of the last axis (Zhang & Sennrich 2019)

    x `(..., features)`, scale `(features,)`. Raises ValueError for other shapes.
    """
    _check("rms_norm", x, 1, scale=scale)
    return unit_length(x, x.shape[-1] * eps) * (scale * math.sqrt(x.shape[-1]))


@primitive(x=lambda g, x, y, eps: (g - y * np.sum(g * y, axis=-1, keepdims=True)) / _length(x, eps))
def unit_length(x: Array, eps: float = 1e-12) -> Array:
    """y = x / √(Σ x² + ε) along the last axis, so that a dot product of two is their cosine

    ∂x = (g − y·Σ g·y) / √(Σ x² + ε)
    """
    return x / _length(x, eps)


def _length(x: Array, eps: float) -> Array:
    return np.sqrt(np.sum(x * x, axis=-1, keepdims=True) + eps)
