"""Normalisation: zero mean and unit variance over groups of elements, and unit length."""

from __future__ import annotations

import math

import numpy as np

from tinyxm.autograd import Array, primitive


@primitive(x=lambda g, x, y, groups, eps: _standardise_adjoint(g, x, y, groups, eps))
def standardise(x: Array, groups: int, eps: float = 1e-5) -> Array:
    """y = (x − μ) / √(σ² + ε), μ and σ² the mean and variance of x over each sample's group of channels

    x `(batch, ..., channels)`: a group is channels / groups neighbouring channels at every position. ∂x = (g − mean g −
    y·mean(g·y)) / √(σ² + ε), the means over the same group. One group is layer normalisation over all but the batch
    axis; as many groups as channels is instance normalisation. Raises ValueError where groups don't divide channels.
    """
    centred, deviation = _centred(x, groups, eps)
    return np.reshape(centred / deviation, x.shape)


def _centred(x: Array, groups: int, eps: float) -> tuple[Array, Array]:
    """x − μ as (batch, positions, groups, channels in a group), and √(σ² + ε) of each group."""
    if x.ndim < 2 or groups < 1 or x.shape[-1] % groups:
        raise ValueError(f"standardise: the channels of {x.shape}, its last axis, don't divide into {groups} groups")
    x = np.reshape(x, _grouped(x.shape, groups))
    centred = x - _mean(x)
    return centred, np.sqrt(_mean(centred * centred) + eps)


def _grouped(shape: tuple[int, ...], groups: int) -> tuple[int, ...]:
    return shape[0], math.prod(shape[1:-1]), groups, shape[-1] // groups


def _mean(x: Array) -> Array:
    """The mean over positions first, where neighbours in memory are summed side by side, then over channels."""
    return np.mean(np.mean(x, axis=1, keepdims=True), axis=3, keepdims=True)


def _standardise_adjoint(g: Array, x: Array, y: Array, groups: int, eps: float) -> Array:
    _, deviation = _centred(x, groups, eps)
    shape = _grouped(x.shape, groups)
    g, y = np.reshape(g, shape), np.reshape(y, shape)
    return np.reshape((g - _mean(g) - y * _mean(g * y)) / deviation, x.shape)


def layer_norm(x: Array, scale: Array, shift: Array, eps: float = 1e-5) -> Array:
    """y = scale·(x − μ) / √(σ² + ε) + shift, μ and σ² over the last axis (Ba, Kiros & Hinton 2016)

    x `(..., features)`, scale and shift `(features,)`.
    """
    rows = np.reshape(x, (-1, x.shape[-1]))
    return np.reshape(standardise(rows, 1, eps), x.shape) * scale + shift


def group_norm(x: Array, scale: Array, shift: Array, groups: int, eps: float = 1e-5) -> Array:
    """y = scale·(x − μ) / √(σ² + ε) + shift, μ and σ² over each sample's group of channels (Wu & He 2018)

    x `(batch, ..., channels)`, scale and shift `(channels,)`.
    """
    return standardise(x, groups, eps) * scale + shift


@primitive(x=lambda g, x, y, eps: (g - y * np.sum(g * y, axis=-1, keepdims=True)) / _length(x, eps))
def unit_length(x: Array, eps: float = 1e-12) -> Array:
    """y = x / √(Σ x² + ε) along the last axis, so that a dot product of two is their cosine

    ∂x = (g − y·Σ g·y) / √(Σ x² + ε)
    """
    return x / _length(x, eps)


def _length(x: Array, eps: float) -> Array:
    return np.sqrt(np.sum(x * x, axis=-1, keepdims=True) + eps)
