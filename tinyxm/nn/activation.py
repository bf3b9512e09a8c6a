"""Nonlinear functions of each element, as layers: without one between them, two Linear layers are but one."""

from __future__ import annotations

from tinyxm import ops
from tinyxm.autograd import Array
from tinyxm.nn.module import Module


class ReLU(Module):
    """y = max(x, 0). Source: Nair and Hinton, "Rectified linear units improve restricted Boltzmann machines", 2010."""

    def forward(self, x: Array) -> Array:
        return ops.relu(x)


class LeakyReLU(Module):
    """y = x where x > 0, else slope·x: a unit that is off still learns. Source: Maas, Hannun and Ng, "Rectifier
    nonlinearities improve neural network acoustic models", 2013."""

    def __init__(self, slope: float = 0.01) -> None:
        self.slope = slope

    def forward(self, x: Array) -> Array:
        return ops.leaky_relu(x, self.slope)


class ELU(Module):
    """y = x where x > 0, else alpha·(eˣ − 1): smooth, and its mean is nearer to 0 than ReLU's. Source: Clevert,
    Unterthiner and Hochreiter, "Fast and accurate deep network learning by exponential linear units", ICLR 2016."""

    def __init__(self, alpha: float = 1.0) -> None:
        self.alpha = alpha

    def forward(self, x: Array) -> Array:
        return ops.elu(x, self.alpha)


class GELU(Module):
    """y = x·Φ(x), Φ the normal distribution's; `approximate` "tanh" computes it by one tanh, as GPT-2 does. Source:
    Hendrycks and Gimpel, "Gaussian error linear units", 2016."""

    def __init__(self, approximate: str = "none") -> None:
        if approximate not in ("none", "tanh"):
            raise ValueError(f'GELU: approximate {approximate!r}: expected "none" or "tanh"')
        self.approximate = approximate

    def forward(self, x: Array) -> Array:
        return ops.gelu(x, self.approximate)


class SiLU(Module):
    """y = x·sigmoid(x), also called swish. Source: Elfwing, Uchibe and Doya, "Sigmoid-weighted linear units for neural
    network function approximation in reinforcement learning", 2017."""

    def forward(self, x: Array) -> Array:
        return ops.silu(x)


class Softplus(Module):
    """y = ln(1 + eˣ), above 0: a smooth ReLU, for deviations and rates. Source: Dugas et al., "Incorporating
    second-order functional knowledge for better option pricing", NIPS 2000."""

    def forward(self, x: Array) -> Array:
        return ops.softplus(x)


class Tanh(Module):
    """y = tanh x, from −1 to 1. It saturates: far from 0 its gradient, 1 − y², vanishes."""

    def forward(self, x: Array) -> Array:
        return ops.tanh(x)


class Sigmoid(Module):
    """y = 1 / (1 + e⁻ˣ), from 0 to 1. It saturates: its gradient, y·(1 − y), is at most ¼."""

    def forward(self, x: Array) -> Array:
        return ops.sigmoid(x)


class Softmax(Module):
    """y = eˣ / Σ eˣ along `axis`: shares that add up to 1. A loss of classes takes the x before it, the logits."""

    def __init__(self, axis: int = -1) -> None:
        self.axis = axis

    def forward(self, x: Array) -> Array:
        return ops.softmax(x, self.axis)
