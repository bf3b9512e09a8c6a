"""The judge: a classifier of real digits, frozen before anything is drawn, whose features the scores are made of."""

from __future__ import annotations

import numpy as np

from tinyxm import nn
from tinyxm.autograd import Tensor, no_grad
from tinyxm.data import warp
from tinyxm.ops import cross_entropy


class Judge(nn.Module):
    """Gray pictures (n, 28, 28, 1) → scores of the classes; three convolutions, and 64 features before the last map.

    It has seen neither the pictures that the models are trained on nor those that they are compared with.
    """

    def __init__(self, rng: np.random.Generator | None = None, classes: int = 10) -> None:
        self.features = nn.Sequential(
            nn.Conv2d(1, 32, 3, stride=2, padding=1, rng=rng),
            nn.SiLU(),
            nn.Conv2d(32, 64, 3, stride=2, padding=1, rng=rng),
            nn.SiLU(),
            nn.Conv2d(64, 64, 3, padding=1, rng=rng),
            nn.SiLU(),
            nn.Flatten(),
            nn.Dropout(0.3),
            nn.Linear(7 * 7 * 64, 64, rng=rng),
            nn.SiLU(),
        )
        self.classes = nn.Linear(64, classes, rng=rng)

    def forward(self, x: np.ndarray) -> Tensor:
        return self.classes(self.features(x))

    def loss(self, x: np.ndarray, classes: np.ndarray) -> Tensor:
        return cross_entropy(self(x), classes)

    def look(self, pictures: np.ndarray, block: int = 256) -> tuple[np.ndarray, np.ndarray]:
        """The features (n, 64) and the class (n,) that it takes each picture for."""
        with no_grad():
            blocks = [self.features(pictures[i : i + block]) for i in range(0, len(pictures), block)]
            taken = [self.classes(features).data.argmax(axis=1) for features in blocks]
        return np.concatenate([features.data for features in blocks]), np.concatenate(taken)


def bent(pictures: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Turned, scaled and moved a little: what a judge should take for the same digit."""
    return warp(np.repeat(pictures, 4, axis=-1), rng, rotation=0.25, scale=0.12, aspect=0.1, shift=1.5)[..., :1]
