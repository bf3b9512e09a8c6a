"""A film becomes vectors that a decoder can look at, one for each place in space and time: four ways to see motion.

Each is an encoder for `models.captioner.Captioner`, which writes the text.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from tinyxm import nn
from tinyxm.autograd import Array, generator
from tinyxm.ops import reshape


class EarlyFilmEncoder(nn.Module):
    """Films (n, frames, side, side, channels) → (n, places, features): all frames are the channels of one picture; for
    each width a 3×3 convolution of stride 2, group normalisation and ReLU; then each place that is left is one vector

    Time is gone after the first layer, whose weights for a frame differ from those for the next: a movement is seen at
    once, and must be learned anew for each moment. It's half the work of a convolution over time.
    Source: early fusion in Karpathy et al., "Large-scale video classification with convolutional neural networks",
    CVPR 2014.
    """

    def __init__(
        self,
        frames: int,
        side: int,
        channels: int,
        features: int,
        widths: Sequence[int],
        rng: np.random.Generator | None = None,
    ) -> None:
        rng = generator(rng)
        steps: list[nn.Module] = []
        for before, after in pairwise((frames * channels, *widths)):
            steps += [nn.Conv2d(before, after, 3, 2, 1, rng=rng), nn.GroupNorm(8, after), nn.ReLU()]
            side = -(-side // 2)
        self.grid = (side, side)
        self.layers, self.project = nn.Sequential(*steps), nn.Linear(widths[-1], features, rng=rng)
        self.positions, self.norm = nn.LearnedPositions(side * side, features, rng=rng), nn.LayerNorm(features)

    def forward(self, x: Array) -> Array:
        n, _, rows, columns, _ = x.shape
        y = self.layers(reshape(np.transpose(x, (0, 2, 3, 1, 4)), (n, rows, columns, -1)))
        return self.norm(self.positions(self.project(reshape(y, (n, -1, y.shape[-1])))))


class FilmEncoder(nn.Module):
    """Films (n, frames, side, side, channels) → (n, places, features), the places of a grid (moments, rows, columns):
    for each width a convolution over space and time, group normalisation and ReLU

    Space is halved by each, time by the first. `factored`: 1×3×3 over space alone, then 3×1×1 over time alone, (2+1)-D;
    otherwise 3×3×3, both at once. Then each place that is left is one vector, its position in space and time added.
    Sources: 3×3×3, Tran et al., "Learning spatiotemporal features with 3D convolutional networks", ICCV 2015; factored,
    Tran et al., "A closer look at spatiotemporal convolutions for action recognition", CVPR 2018.
    """

    def __init__(
        self,
        frames: int,
        side: int,
        channels: int,
        features: int,
        widths: Sequence[int],
        factored: bool = True,
        rng: np.random.Generator | None = None,
    ) -> None:
        rng = generator(rng)
        steps: list[nn.Module] = []
        for number, (before, after) in enumerate(pairwise((channels, *widths))):
            pace = 1 if number else 2  # of time
            if factored:
                steps += [
                    nn.Conv3d(before, after, (1, 3, 3), (1, 2, 2), (0, 1, 1), rng=rng),
                    nn.Conv3d(after, after, (3, 1, 1), (pace, 1, 1), (1, 0, 0), rng=rng),
                ]
            else:
                steps.append(nn.Conv3d(before, after, 3, (pace, 2, 2), 1, rng=rng))
            steps += [nn.GroupNorm(8, after), nn.ReLU()]
            frames, side = -(-frames // pace), -(-side // 2)
        self.grid = (frames, 1, 1)
        self.layers, self.project = nn.Sequential(*steps), nn.Linear(side * side * widths[-1], features, rng=rng)
        self.positions, self.norm = nn.LearnedPositions(frames, features, rng=rng), nn.LayerNorm(features)

    def forward(self, x: Array) -> Array:
        y = self.layers(x)
        return self.norm(self.positions(self.project(reshape(y, (*y.shape[:2], -1)))))


class RecurrentFilmEncoder(nn.Module):
    """Films (n, frames, side, side, channels) → (n, frames, features): convolutions see each frame by itself, and a
    gated recurrent unit, read forwards and backwards, carries from frame to frame what was seen

    A moment is one vector: of places it has what the linear map before the recurrence keeps.
    Source: Donahue et al., "Long-term recurrent convolutional networks for visual recognition and description", CVPR
    2015, with a GRU in place of an LSTM.
    """

    def __init__(
        self,
        frames: int,
        side: int,
        channels: int,
        features: int,
        widths: Sequence[int],
        rng: np.random.Generator | None = None,
    ) -> None:
        rng = generator(rng)
        steps: list[nn.Module] = []
        for before, after in pairwise((channels, *widths)):
            steps += [nn.Conv2d(before, after, 3, 2, 1, rng=rng), nn.GroupNorm(8, after), nn.ReLU()]
            side = -(-side // 2)
        self.grid = (frames, 1, 1)
        self.layers, self.project = nn.Sequential(*steps), nn.Linear(side * side * widths[-1], 2 * features, rng=rng)
        self.seen = nn.LayerNorm(2 * features)
        self.recurrent = nn.GRU(2 * features, features // 2, bidirectional=True, rng=rng)
        self.positions, self.norm = nn.LearnedPositions(frames, features, rng=rng), nn.LayerNorm(features)

    def forward(self, x: Array) -> Array:
        n, frames = x.shape[:2]
        y = self.layers(reshape(x, (n * frames, *x.shape[2:])))
        told, _ = self.recurrent(self.seen(self.project(reshape(y, (n, frames, -1)))))
        return self.norm(self.positions(told))
