"""Positions for layers that, like attention, wouldn't notice if a sequence were shuffled."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import DTypeLike

from tinyxm import ops
from tinyxm.autograd import Array, Parameter
from tinyxm.autograd.places import placed
from tinyxm.nn import init
from tinyxm.nn._checks import check_floats, initial, whole
from tinyxm.nn.module import Module


@lru_cache(maxsize=16)
def waves(start: int, time: int, features: int, base: float, dtype: DTypeLike) -> tuple[np.ndarray, np.ndarray]:
    """cos and sin of p·base^(−2i / features), p = start … start + time − 1, i < features/2: (time, features/2) each."""
    angles = np.arange(start, start + time)[:, None] * base ** (-np.arange(0, features, 2) / features)
    cos, sin = np.cos(angles).astype(dtype), np.sin(angles).astype(dtype)
    cos.flags.writeable = sin.flags.writeable = False  # they are handed out again
    return cos, sin


class _Positions(Module):
    def __init__(self, features: int, base: float = 10000.0) -> None:
        name = type(self).__name__
        if whole(name, "features", features) % 2:
            raise ValueError(f"{name}: {features} features: expected an even number, as each frequency takes two")
        self.features, self.base = whole(name, "features", features), base

    def _waves(self, x: Array, start: int) -> tuple[Array, Array]:
        name = type(self).__name__
        check_floats(name, x)
        if x.ndim < 2 or x.shape[-1] != self.features:
            raise ValueError(f"{name}: x {x.shape}: expected (..., time, {self.features})")
        cos, sin = waves(start, x.shape[-2], self.features, self.base, x.dtype)
        return placed(cos, x), placed(sin, x)


class SinusoidalPositions(_Positions):
    """y[..., p, :] = x[..., p, :] + (sin pω₀, cos pω₀, sin pω₁, cos pω₁, …), ωᵢ = base^(−2i / features)

    x and y `(..., time, features)`; the first position is `start`. Nothing is learned, and no sequence is too long.
    Raises ValueError for an odd number of features, or an x of others, TypeError where x isn't an array of floats.
    Source: Vaswani et al., "Attention is all you need", 2017, section 3.5.
    """

    def forward(self, x: Array, start: int = 0) -> Array:
        cos, sin = self._waves(x, start)
        return x + np.stack([sin, cos], -1).reshape(x.shape[-2:])


class RotaryPositions(_Positions):
    """Turns each pair of features by an angle that grows with the position p, ωᵢ = base^(−2i / features):

        (y₂ᵢ, y₂ᵢ₊₁) = (x₂ᵢ·cos pωᵢ − x₂ᵢ₊₁·sin pωᵢ,  x₂ᵢ·sin pωᵢ + x₂ᵢ₊₁·cos pωᵢ)

    x and y `(..., time, features)`; the first position is `start`. Of queries and keys so turned, the dot product
    depends on how far apart they stand, and not on where; lengths stay. Raises as `SinusoidalPositions` does. Source:
    Su et al., "RoFormer: enhanced transformer with rotary position embedding", 2021.
    """

    def forward(self, x: Array, start: int = 0) -> Array:
        cos, sin = self._waves(x, start)
        even, odd = x[..., ::2], x[..., 1::2]
        return ops.reshape(ops.stack([even * cos - odd * sin, even * sin + odd * cos], -1), x.shape)


class LearnedPositions(Module):
    """y[..., p, :] = x[..., p, :] + weight[p]

    x and y `(..., time, features)`, weight `(longest, features)`, starting by `initialise` (normal, deviation 0.05);
    the first position is `start`. Raises ValueError for positions that have no row, or an x of other features,
    TypeError where x isn't an array of weight's dtype. Source: Gehring et al., "Convolutional sequence to sequence
    learning", ICML 2017.
    """

    def __init__(
        self,
        longest: int,
        features: int,
        *,
        initialise: init.Initialiser = init.normal,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.longest = whole("LearnedPositions", "longest", longest)
        self.features = whole("LearnedPositions", "features", features)
        self.weight = Parameter(initial("LearnedPositions", initialise, (self.longest, self.features), rng))

    def forward(self, x: Array, start: int = 0) -> Array:
        check_floats("LearnedPositions", x, self.weight)
        if x.ndim < 2 or x.shape[-1] != self.features or not 0 <= start <= self.longest - x.shape[-2]:
            raise ValueError(
                f"LearnedPositions: x {x.shape} from {start}: expected (..., time, {self.features}), "
                f"within positions 0 to {self.longest - 1}"
            )
        return x + self.weight[start : start + x.shape[-2]]
