"""Image → audio: a picture becomes the log-mel spectrogram of its name, spoken in a voice that is asked for."""

from __future__ import annotations

import math
from functools import partial

import numpy as np
from numpy.typing import NDArray

from tinyxm import nn, ops
from tinyxm.autograd import Array, Parameter, Tensor, generator, no_grad
from tinyxm.models.two_towers import ImageTower
from tinyxm.nn import init
from tinyxm.nn.module import Buffer
from tinyxm.ops import clip, info_nce, unit_length

SMALL = 0.002  # deviation of the last layer's weights: at first what is made is nearly the mean name
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


class Voice(nn.Module):
    """A vector (n, dimensions) and a voice (n,) → log-mel (n, frames, bands), all frames at once

    A linear map lays the vector and the voice's own out as frames / 8 steps of time; a convolution looks at
    neighbours; each step is doubled, convolved once more, and makes 4 frames. What comes out is added to `usual`, the
    voice's mean name (voices, frames, bands), and starts near nothing: from weights of the usual size it would begin
    far louder than any name, and an absolute error, whose gradient is the same however far off it is, spends the
    training on coming down. Raises ValueError for frames that 8 doesn't divide.
    """

    def __init__(
        self,
        voices: int,
        frames: int,
        bands: int,
        dimensions: int,
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
        self.laid_out = nn.Linear(dimensions, frames // (EACH * DOUBLED) * width, rng=rng)
        self.early, self.late = (
            nn.Sequential(nn.Conv1d(width, width, 3, padding="same", rng=rng), nn.LayerNorm(width), nn.ReLU())
            for _ in range(2)
        )
        self.out = nn.Linear(width, EACH * bands, initialise=partial(init.normal, deviation=SMALL), rng=rng)

    def forward(self, vectors: Array, voices: NDArray[np.int64]) -> Tensor:
        scaled = vectors * math.sqrt(vectors.shape[1]) + self.voice(voices)  # entries of size 1 before the linear map
        x = ops.relu(ops.reshape(self.laid_out(scaled), (len(voices), -1, self.width)))
        x = x + self.early(x)
        x = ops.take(x, np.repeat(np.arange(x.shape[1]), DOUBLED), 1)
        x = x + self.late(x)
        return ops.reshape(self.out(x), (len(voices), self.frames, self.bands)) + self.usual.data[voices]


class Namer(nn.Module):
    """Pictures and the sounds of their names: an image tower, a sound tower, and a voice that makes the sound

    A picture's vector x is first compared with the vectors s of names that were heard, and then said is their mix:

        ŷ = voice(Σ_j a_j s_j),   a = softmax(scale · x · s_j)

    In training the names of the batch are those heard, in use all names. Without that recall the voice must find by
    itself which name a vector means that lies beside all it was trained on, and murmurs. Two views of each concept, x₁
    and x₂ (drawings in two styles), and its name's sound y in some voice give

        L = 10 mean |ŷ − y| + c · l(ŷ − ȳ, y − ȳ) + (l(x₁, y) + l(x₂, y)) / 2 + l(x₁, x₂)

    l is InfoNCE of unit vectors. The first term alone makes a murmur: where the picture leaves several names possible,
    the least absolute error is their median. The second, between whole spectrograms less the voice's mean ȳ, at a fixed
    scale, asks that what is made be nearer to its own name than to the others of the batch. The third and the fourth
    teach the picture's vector which name it is, and to be the same across styles; their scales are learned.
    Sources: Radford et al. 2021 (the towers); Ramsauer et al. 2020, Hopfield Networks is All You Need (the recall);
    Hsu et al. 2021, Text-Free Image-to-Speech Synthesis Using Learned Segmental Units (the arrow).
    """

    def __init__(
        self, image: ImageTower, sound: SpokenTower, voice: Voice, contrast: float, scale: float, spoken: int
    ) -> None:
        self.image, self.sound, self.voice = image, sound, voice
        self.contrast, self.scale, self.spoken = contrast, scale, spoken
        self.log_scale = Parameter(np.array([math.log(1 / 0.07)] * 2, np.float32))  # image-sound, image-image

    def scales(self) -> Tensor:
        """1 / temperature of the image-sound and the image-image terms, 100 at most."""
        return np.exp(clip(self.log_scale, None, math.log(100)))

    def recall(self, images: Array, heard: Array) -> Array:
        """Of pictures' vectors (n, dimensions), the mix of the names' vectors (names, dimensions) that they ask for."""
        return ops.matmul(ops.softmax(ops.matmul(images, ops.transposed(heard)) * self.scales()[0]), heard)

    def loss(
        self, views: Array, mels: NDArray[np.float32], voices: NDArray[np.int64], same: NDArray[np.bool_] | None = None
    ) -> Tensor:
        """L for views (2n, ...), all first ones first, and their names (n, frames, bands) in these voices (n,).

        `same[i, j]` marks concepts that can't be told apart: no pair of theirs counts as a mistake. The first views of
        the first `spoken` concepts are said: a sound takes longer to make than all the vectors.
        """
        images, n = self.image(views), len(mels)
        if images.shape[0] != 2 * n:
            raise ValueError(f"Namer: {images.shape[0]} views and {n} names: expected two views for each name")
        first, second, sounds, scale = images[:n], images[n:], self.sound(mels), self.scales()
        some = slice(0, self.spoken)
        made, true = self.voice(self.recall(first[some], sounds), voices[some]), mels[some]
        usual = self.voice.usual.data[voices[some]]
        loss = np.sum(np.abs(made - true)) * (10 / made.size)
        if self.contrast:
            apart = None if same is None else same[some, some]
            loss = loss + self.contrast * info_nce(_flat(made - usual), _flat(true - usual), self.scale, apart)
        loss = loss + (info_nce(first, sounds, scale[0], same) + info_nce(second, sounds, scale[0], same)) * 0.5
        return loss + info_nce(first, second, scale[1], same)

    def name(
        self, images: NDArray[np.float32], voices: NDArray[np.int64], heard: NDArray[np.float32], block: int = 64
    ) -> NDArray[np.float32]:
        """The log-mel bands (n, frames, bands) of what pictures are called, by voices (n,)

        `heard` (voices, names, dimensions) are the vectors of the names that it knows, said by each voice.
        """
        self.eval()
        made = np.empty((len(images), self.voice.frames, self.voice.bands), np.float32)
        with no_grad():
            for voice in np.unique(voices):
                rows = np.flatnonzero(voices == voice)
                for some in (rows[i : i + block] for i in range(0, len(rows), block)):
                    made[some] = self.voice(self.recall(self.image(images[some]), heard[voice]), voices[some]).data
        return made


def _flat(x: Array) -> Array:
    return unit_length(ops.reshape(x, (x.shape[0], -1)))
