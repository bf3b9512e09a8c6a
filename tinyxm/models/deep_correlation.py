"""Deep canonical correlation: two towers trained until a linear CCA of what they say finds as much as it can.

Source: Andrew, Arora, Bilmes and Livescu 2013, Deep canonical correlation analysis.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinyxm import nn
from tinyxm.autograd import Array, Tensor, generator, no_grad, primitive
from tinyxm.autograd.tensor import array_of
from tinyxm.models.linear import CanonicalCorrelation
from tinyxm.ops import whiten


def total_correlation(x: Array, y: Array, eps: float = 1e-3) -> Tensor:
    """Sum of all canonical correlations of two sets of features, differentiable: one number, from 0 to min(p, q).

        T = whiten(x)' whiten(y) / (n - 1) = U diag(ρ) V',   Σ_i ρ_i = ‖T‖_*,   ∂T = g U V'

    No singular vector is differentiated, so equal correlations do no harm. x (n, p), y (n, q): a batch of several times
    p + q rows at least, or everything correlates by chance. `eps` is added to the variances. First derivatives only.
    Raises ValueError as `ops.whiten` does, and for rows that don't pair up.
    """
    if array_of(x).shape[:1] != array_of(y).shape[:1]:
        raise ValueError(f"total_correlation: x {array_of(x).shape} and y {array_of(y).shape}: expected rows in pairs")
    n = array_of(x).shape[0]
    between = whiten(x, eps).T @ whiten(y, eps) / (n - 1)
    return _nuclear_norm(between)


def _polar(a: Array) -> Array:
    left, _, right = np.linalg.svd(a, full_matrices=False)
    return left @ right


@primitive(a=lambda g, a: g * _polar(a))
def _nuclear_norm(a: Array) -> Array:
    """y = Σ σ_i, the sum of the singular values of A;  ∂A = g U V', for ‖A‖_* is the largest Σ (A ∘ Q), Q'Q = I"""
    return np.linalg.svd(a, compute_uv=False).sum()


class DeepCorrelation(nn.Module):
    """A tower of linear maps and ReLU for each view, trained so that their outputs correlate in every direction.

    x (n, x_features) and y (n, y_features) become (n, components); `loss` is minus their `total_correlation`, and
    `align` fits the linear CCA that comes last. Where towers are wide and pairs few, they make training pairs
    correlate that have nothing in common: compare the correlations of held-out pairs.
    """

    def __init__(
        self,
        x_features: int,
        y_features: int,
        hidden: Sequence[int] = (256,),
        components: int = 32,
        dropout: float = 0.2,
        eps: float = 1e-3,
        rng: np.random.Generator | None = None,
    ) -> None:
        rng = generator(rng)
        self.x, self.y = (_tower(features, hidden, components, dropout, rng) for features in (x_features, y_features))
        self.eps = eps

    def forward(self, x: Array, y: Array) -> tuple[Tensor, Tensor]:
        return self.x(x), self.y(y)

    def loss(self, x: Array, y: Array) -> Tensor:
        """Minus the sum of the canonical correlations of what the towers say of a batch of pairs."""
        return -total_correlation(self.x(x), self.y(y), self.eps)

    def outputs(self, x: Array, y: Array) -> tuple[np.ndarray, np.ndarray]:
        """What the towers say of all rows, as arrays and without dropout. x and y needn't pair up."""
        training = self.training
        self.eval()
        with no_grad():
            said = self.x(x).data, self.y(y).data
        self.train(training)
        return said

    def align(self, x: Array, y: Array, penalty: float = 1e-3, power: float = 1.0) -> CanonicalCorrelation:
        """The linear CCA of what the towers say of training pairs; it takes `outputs` to the shared space."""
        said = self.outputs(x, y)
        components = said[0].shape[1]
        return CanonicalCorrelation(components, penalty_x=penalty, penalty_y=penalty, power=power).fit(*said)


def _tower(
    features: int, hidden: Sequence[int], components: int, dropout: float, rng: np.random.Generator
) -> nn.Sequential:
    layers: list[nn.Module] = []
    for width in hidden:
        layers += [nn.Linear(features, width, rng=rng), nn.ReLU(), nn.Dropout(dropout)]
        features = width
    return nn.Sequential(*layers, nn.Linear(features, components, rng=rng))
