"""Two towers for sounds and pictures: each becomes one vector of unit length, near where they mean the same.

Source: Radford et al. 2021, Learning Transferable Visual Models From Natural Language Supervision; for sounds
Harwath, Torralba & Glass 2016, Unsupervised Learning of Spoken Language with Visual Context.
"""

from __future__ import annotations

import math
from typing import ClassVar

import numpy as np

from tinyxm import nn
from tinyxm.autograd import Array, Parameter, Tensor, generator, no_grad
from tinyxm.ops import clip, info_nce, unit_length


def convolutions(widths: tuple[int, ...], rng: np.random.Generator) -> list[nn.Module]:
    """For each width: a 3×3 convolution of stride 2, group normalisation, ReLU. One channel at first."""
    layers: list[nn.Module] = []
    for channels, width in zip((1, *widths[:-1]), widths, strict=True):
        convolution = nn.Conv2d(channels, width, 3, stride=2, padding=1, rng=rng)
        layers += [convolution, nn.GroupNorm(math.gcd(4, width), width), nn.ReLU()]
    return layers


class _Tower(nn.Module):
    """Convolutions, then all places side by side: what is where (and when) is what tells classes apart."""

    widths: ClassVar[tuple[int, ...]]

    def __init__(
        self,
        size: tuple[int, int],
        dimensions: int = 64,
        widths: tuple[int, ...] | None = None,
        dropout: float = 0.3,
        rng: np.random.Generator | None = None,
    ) -> None:
        rng, widths = generator(rng), widths or self.widths
        height, width = (math.ceil(side / 2 ** len(widths)) for side in size)
        self.size = tuple(size)
        self.layers = nn.Sequential(
            *convolutions(widths, rng),
            nn.Flatten(),
            nn.Dropout(dropout),
            nn.Linear(height * width * widths[-1], dimensions, rng=rng),
        )

    def forward(self, x: Array) -> Tensor:
        if x.ndim != 4 or tuple(x.shape[1:3]) != self.size:
            raise ValueError(f"{type(self).__name__}: x {x.shape}: expected (n, {self.size[0]}, {self.size[1]}, 1)")
        return unit_length(self.layers(x))


class SoundTower(_Tower):
    """Log-mel features (n, frames, bands, 1), size = (frames, bands) → (n, dimensions), of unit length."""

    widths = (24, 48, 96)


class PictureTower(_Tower):
    """Gray pictures (n, height, width, 1), size = (height, width) → (n, dimensions), of unit length."""

    widths = (16, 32)


class AudioImage(nn.Module):
    """A sound and a picture tower, trained so that a dot product tells how well a sound and a picture agree

        L = info_nce(sounds, pictures, eˢ, same),   same[i, j] = (class_i = class_j)

    The pictures of a class are all right answers to any of its sounds, so of a batch of n pairs and 10 classes most
    pairs off the diagonal of one class would be false negatives: they take no part. eˢ, learned, is 1 / temperature,
    from 10, and 20 at most: with few classes a sharper softmax only sharpens mistakes.
    """

    def __init__(self, sound: SoundTower, picture: PictureTower) -> None:
        self.sound, self.picture = sound, picture
        self.log_scale = Parameter(np.array([math.log(10)], np.float32))

    def loss(self, sounds: Array, pictures: Array, classes: np.ndarray) -> Tensor:
        """L, one number, of n pairs: (n, frames, bands, 1), (n, height, width, 1) and their classes (n,)."""
        scale = np.exp(clip(self.log_scale, None, math.log(20)))
        return info_nce(self.sound(sounds), self.picture(pictures), scale, classes[:, None] == classes)

    @property
    def temperature(self) -> float:
        """1 / scale, a number."""
        return float(np.exp(-min(self.log_scale.data[0], math.log(20))))


def embedded(tower: nn.Module, x: np.ndarray, block: int = 256) -> np.ndarray:
    """The vectors (n, dimensions) that a tower in evaluation mode makes of x, block by block, without a tape."""
    tower.eval()
    with no_grad():
        return np.concatenate([tower(x[i : i + block]).data for i in range(0, len(x), block)])
