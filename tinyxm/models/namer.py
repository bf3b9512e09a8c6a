"""Image → audio: a picture is recognised by what its name sounds like, and the name is said in a voice asked for.

Source: after Hsu et al. 2021, Text-Free Image-to-Speech Synthesis Using Learned Segmental Units, where learned units of
speech stand between picture and sound; here a vector of the whole name does.
"""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numpy.typing import NDArray
from scipy.special import softmax

from tinyxm import nn, ops
from tinyxm.autograd import Array, Parameter, Tensor, generator, no_grad
from tinyxm.models.audio_image import embedded
from tinyxm.models.two_towers import ImageTower
from tinyxm.nn import init
from tinyxm.nn.module import Buffer
from tinyxm.ops import clip, info_nce, unit_length

SMALL = 0.002  # deviation of the last layer's weights: at first what is made is nearly the mean name
SHARPNESS = 8.0  # chosen among 1, 2, 4 and 8 on validation drawings
SILENCE = -1.0  # a band that isn't heard, and all that follows a name
EACH, DOUBLED = 4, 2  # frames that a step of the last layer makes, and steps that one of the first becomes


class SpokenTower(nn.Module):
    """Log-mel (n, frames, bands) → (n, dimensions), of unit length: two strided convolutions over time, a linear map"""

    def __init__(
        self,
        frames: int,
        bands: int,
        dimensions: int,
        width: int = 96,
        dropout: float = 0.2,
        *,
        rng: np.random.Generator | None = None,
    ) -> None:
        rng = generator(rng)
        self.layers = nn.Sequential(
            nn.Conv1d(bands, width, 5, stride=4, padding=2, rng=rng),
            nn.LayerNorm(width),
            nn.ReLU(),
            nn.Conv1d(width, width, 3, stride=2, padding=1, rng=rng),
            nn.LayerNorm(width),
            nn.ReLU(),
            nn.Flatten(),
            nn.Dropout(dropout),
            nn.Linear(math.ceil(math.ceil(frames / 4) / 2) * width, dimensions, rng=rng),
        )

    def forward(self, mels: Array) -> Tensor:
        return unit_length(self.layers(mels))


class ImageSound(nn.Module):
    """Pictures and the sounds of their names as vectors of unit length, near where they mean the same

    Two views of each concept, x₁ and x₂ (drawings in two styles), and its name's sound s in some voice:

        L = (l(x₁, s) + l(x₂, s)) / 2 + l(x₁, x₂)

    l is InfoNCE; its two scales are learned, from 1 / 0.07, and 100 at most. The second term makes a concept's drawings
    agree across styles, which is what carries over to a style never seen.
    """

    def __init__(self, image: ImageTower, sound: SpokenTower) -> None:
        self.image, self.sound = image, sound
        self.log_scale = Parameter(np.array([math.log(1 / 0.07)] * 2, np.float32))  # image-sound, image-image

    @property
    def scales(self) -> Tensor:
        """1 / temperature of both terms."""
        return np.exp(clip(self.log_scale, None, math.log(100)))

    def loss(self, views: Array, mels: Array, same: NDArray[np.bool_] | None = None) -> Tensor:
        """L for views (2n, ...), all first ones first, and their names' sounds (n, frames, bands).

        `same[i, j]` marks concepts that can't be told apart: no pair of theirs counts as a mistake.
        """
        images, n, scale = self.image(views), len(mels), self.scales
        if images.shape[0] != 2 * n:
            raise ValueError(f"ImageSound: {images.shape[0]} views and {n} names: expected two views for each name")
        first, second, sounds = images[:n], images[n:], self.sound(mels)
        there = (info_nce(first, sounds, scale[0], same) + info_nce(second, sounds, scale[0], same)) * 0.5
        return there + info_nce(first, second, scale[1], same)

    def agreement(self, images: NDArray[np.float32], seen: NDArray[np.float32]) -> NDArray[np.float32]:
        """x · k_j of pictures (n, ...) with the key of each concept that was seen, (concepts, dimensions)."""
        return embedded(self.image, images) @ seen.T

    def recall(
        self,
        images: NDArray[np.float32],
        seen: NDArray[np.float32],
        heard: NDArray[np.float32],
        voices: NDArray[np.int64],
        sharpness: float = SHARPNESS,
    ) -> NDArray[np.float32]:
        """Σ_j a_j s_vj, a = softmax(sharpness · scale · x · k_j): what was heard with what looked like these pictures

        images (n, ...) and the voice v of each (n,); the keys k_j of the concepts `seen` (concepts, dimensions), and
        the vectors s_vj of what was `heard` with them (voices, concepts, dimensions): (n, dimensions). A sharpness
        above 1 chooses more than it mixes: a voice knows names, and not what lies between. Source: Ramsauer et al.
        2020, Hopfield Networks is All You Need.
        """
        shares = softmax(sharpness * float(self.scales.data[1]) * self.agreement(images, seen), axis=1)
        mixed = np.empty((len(images), heard.shape[2]), np.float32)
        for voice in np.unique(voices):
            mixed[voices == voice] = shares[voices == voice] @ heard[voice]
        return mixed


class Voice(nn.Module):
    """A name's vector (n, dimensions) and who is to say it (n,) → log-mel (n, frames, bands), all frames at once

    A hidden layer, wide enough to tell names apart, and a linear map lay the vector and the voice's own out as
    frames / 8 steps of time; a convolution looks at neighbours; each step is doubled, convolved once more, and makes 4
    frames. What comes out is added to `usual`, the voice's mean name (voices, frames, bands), and starts near nothing:
    from weights of the usual size it would begin far louder than any name, and an absolute error, whose gradient is the
    same however far off it is, spends the training on coming down. Raises ValueError for frames that 8 doesn't divide.
    """

    def __init__(
        self,
        voices: int,
        frames: int,
        bands: int,
        dimensions: int,
        hidden: int = 768,
        width: int = 192,
        *,
        rng: np.random.Generator | None = None,
    ) -> None:
        if frames % (EACH * DOUBLED):
            raise ValueError(f"Voice: {frames} frames: expected a multiple of {EACH * DOUBLED}")
        rng = generator(rng)
        self.frames, self.bands, self.width = frames, bands, width
        self.usual = Buffer(init.zeros((voices, frames, bands)))
        self.voice = nn.Embedding(voices, dimensions, rng=rng)
        self.hidden = nn.Sequential(nn.Linear(dimensions, hidden, rng=rng), nn.ReLU())
        self.laid_out = nn.Linear(hidden, frames // (EACH * DOUBLED) * width, rng=rng)
        self.early, self.late = (
            nn.Sequential(nn.Conv1d(width, width, 3, padding="same", rng=rng), nn.LayerNorm(width), nn.ReLU())
            for _ in range(2)
        )
        self.out = nn.Linear(width, EACH * bands, initialise=partial(init.normal, deviation=SMALL), rng=rng)

    def forward(self, vectors: Array, voices: NDArray[np.int64]) -> Tensor:
        scaled = vectors * math.sqrt(vectors.shape[1]) + self.voice(voices)  # entries of size 1 before the linear map
        x = ops.relu(ops.reshape(self.laid_out(self.hidden(scaled)), (len(voices), -1, self.width)))
        x = x + self.early(x)
        x = ops.take(x, np.repeat(np.arange(x.shape[1]), DOUBLED), 1)
        x = x + self.late(x)
        return ops.reshape(self.out(x), (len(voices), self.frames, self.bands)) + self.usual.data[voices]

    def loss(
        self,
        vectors: Array,
        mels: NDArray[np.float32],
        voices: NDArray[np.int64],
        contrast: float = 1.0,
        scale: float = 20.0,
    ) -> Tensor:
        """L = 10 mean |ŷ − y| + contrast · InfoNCE(ŷ − ȳ, y − ȳ)

        The first term alone asks for a median, and the median of several names is none of them; the second, between
        whole spectrograms less the voice's mean name ȳ, that what is said be nearer to its own name than to the
        others of the batch, which must differ.
        """
        made, usual = self(vectors, voices), self.usual.data[voices]
        off = np.sum(np.abs(made - mels)) * (10 / made.size)
        return off + contrast * info_nce(_flat(made - usual), _flat(mels - usual), scale) if contrast else off

    def say(self, vectors: NDArray[np.float32], voices: NDArray[np.int64], block: int = 64) -> NDArray[np.float32]:
        """The bands (n, frames, bands), block by block, without a tape."""
        self.eval()
        with no_grad():
            parts = (slice(i, i + block) for i in range(0, len(vectors), block))
            return np.concatenate([self(vectors[some], voices[some]).data for some in parts])


def _flat(x: Array) -> Array:
    return unit_length(ops.reshape(x, (x.shape[0], -1)))
