"""Activations: what a layer does to each number after it has mixed them."""

from __future__ import annotations

import math

import numpy as np

import tinyxm_kernels as kernels
from tinyxm.autograd import Array, Tensor, primitive
from tinyxm.ops.elementwise import erf, multiply

__all__ = ["elu", "gelu", "leaky_relu", "relu", "sigmoid", "silu", "softplus"]


@primitive(a=lambda g, y: g * (y * (1 - y)))
def sigmoid(a: Array) -> Array:
    """y = 1 / (1 + e⁻ᵃ);  ∂a = g·y·(1 − y)"""
    from scipy import special  # loaded when it is needed: it takes longer than all else here

    return special.expit(a)


@primitive(a=lambda g, y: relu_adjoint(g, y))
def relu(a: Array) -> Array:
    """y = max(a, 0);  ∂a = g where a > 0, else 0 (Nair & Hinton 2010)"""
    return kernels.relu(a) if hasattr(a, "dtype") else np.maximum(a, 0)


def relu_adjoint(g: Array, y: Array) -> Array:
    """The fused kernel on arrays; on Tensors, for a second derivative, the formula in operations."""
    if not (isinstance(g, Tensor) or isinstance(y, Tensor)):
        return kernels.relu_gradient(g, y)
    return g * (y > 0)


@primitive(a=lambda g, a, slope: np.where(a > 0, g, g * slope))
def leaky_relu(a: Array, slope: float = 0.01) -> Array:
    """y = a where a > 0, else slope·a;  ∂a = g where a > 0, else slope·g (Maas, Hannun & Ng 2013)"""
    return np.where(a > 0, a, a * slope)


@primitive(a=lambda g, a, alpha: np.where(a > 0, g, g * (alpha * np.exp(np.where(a > 0, 0, a)))))
def elu(a: Array, alpha: float = 1.0) -> Array:
    """y = a where a > 0, else α·(eᵃ − 1);  ∂a = g where a > 0, else g·α·eᵃ (Clevert, Unterthiner & Hochreiter 2016)"""
    return np.where(a > 0, a, alpha * np.expm1(np.minimum(a, 0)))


@primitive(a=lambda g, a, approximate: _gelu_adjoint(g, a, approximate))
def gelu(a: Array, approximate: str = "none") -> Array:
    """y = a·Φ(a), Φ(a) = (1 + erf(a/√2)) / 2;  ∂a = g·(Φ(a) + a·φ(a)), φ(a) = exp(−a²/2) / √2π

    approximate="tanh": Φ(a) = (1 + tanh u) / 2 with u = √(2/π)·(a + 0.044715·a³), and φ(a) = (1 − tanh² u)·u′ / 2, its
    slope. Source: Hendrycks & Gimpel 2016.
    """
    return kernels.gelu(a, approximate)


def _gelu_adjoint(g: Array, a: Array, approximate: str) -> Array:
    """The fused kernel on arrays; on Tensors, for a second derivative, the formula in operations."""
    if not (isinstance(g, Tensor) or isinstance(a, Tensor)):
        return kernels.gelu_gradient(g, a, approximate)
    return g * _gelu_slope(a, approximate)


def _gelu_slope(a: Array, approximate: str) -> Array:
    if approximate == "none":
        return 0.5 * (1 + erf(a * _ROOT_HALF)) + a * (np.exp(-0.5 * (a * a)) * (1 / math.sqrt(2 * math.pi)))
    a = np.clip(a, -10, 10)  # beyond, tanh u is ±1 to the last digit, and a³ may overflow
    t, slope = np.tanh(_ROOT_2_PI * (a + 0.044715 * (a * a * a))), _ROOT_2_PI * (1 + 3 * 0.044715 * (a * a))
    return 0.5 * (1 + t) + a * (0.5 * (1 - t * t) * slope)


_ROOT_HALF, _ROOT_2_PI = math.sqrt(0.5), math.sqrt(2 / math.pi)


def silu(a: Array) -> Array:
    """y = a·σ(a), σ the sigmoid, also called swish (Elfwing, Uchibe & Doya 2017; Ramachandran, Zoph & Le 2017)"""
    return multiply(a, sigmoid(a))


@primitive(a=lambda g, a: g * sigmoid(a))
def softplus(a: Array) -> Array:
    """y = ln(1 + eᵃ), computed without overflow as max(a, 0) + ln(1 + e^−|a|);  ∂a = g·σ(a) (Dugas et al. 2001)"""
    return np.maximum(a, 0) + np.log1p(np.exp(-np.abs(a)))
