"""Nonlinear functions of each element, as layers: without one between them, two Linear layers are but one."""

from __future__ import annotations

from tinyxm import ops
from tinyxm.autograd import Array
from tinyxm.nn.module import Module


class ReLU(Module):
    """y = max(x, 0). Source: Nair and Hinton, "Rectified linear units improve restricted Boltzmann machines", 2010."""

    def forward(self, x: Array) -> Array:
        return ops.relu(x)


class GELU(Module):
    """y = x·Φ(x), Φ the normal distribution's. Source: Hendrycks and Gimpel, "Gaussian error linear units", 2016."""

    def forward(self, x: Array) -> Array:
        return ops.gelu(x)


class Tanh(Module):
    """y = tanh x, from −1 to 1. It saturates: far from 0 its gradient, 1 − y², vanishes."""

    def forward(self, x: Array) -> Array:
        return ops.tanh(x)


class Sigmoid(Module):
    """y = 1 / (1 + e⁻ˣ), from 0 to 1. It saturates: its gradient, y·(1 − y), is at most ¼."""

    def forward(self, x: Array) -> Array:
        return ops.sigmoid(x)
