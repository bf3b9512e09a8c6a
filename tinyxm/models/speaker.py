"""Text → audio: phonemes become a log-mel spectrogram, all frames at once, by how long each phoneme is to last."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tinyxm import nn, ops
from tinyxm.autograd import Array, Tensor, generator, no_grad
from tinyxm.autograd.places import on_host, placed
from tinyxm.models.padding import real

STRESSES = 3  # none, secondary, primary


class Speaker(nn.Module):
    """Phonemes (batch, phonemes) → log-mel (batch, frames, bands)

    Encoder: each phoneme's vector and its stress's, a convolution over its neighbours, a bidirectional GRU over the
    word. From there one branch tells ln(1 + frames) of each phoneme; each phoneme's vector is then repeated for so many
    frames, told where in its phoneme and in the word a frame is, and residual convolutions over time make the bands of
    it. In training the frames are those of the recording, in use the predicted ones. Nothing is fed back frame by
    frame: there is no attention to lose its place. Source: Ren et al. 2019, FastSpeech, with convolutions for its
    Transformer.
    """

    def __init__(
        self,
        phonemes: int,
        bands: int,
        width: int = 128,
        blocks: int = 4,
        dropout: float = 0.05,
        *,
        rng: np.random.Generator | None = None,
    ) -> None:
        rng = generator(rng)
        self.phoneme = nn.Embedding(phonemes, width, rng=rng)
        self.stress = nn.Embedding(STRESSES, width, rng=rng)
        self.neighbours = _block(width, 3, dropout, rng)
        self.word = nn.GRU(width, width // 2, bidirectional=True, rng=rng)
        self.duration = nn.Sequential(nn.Linear(width, width, rng=rng), nn.ReLU(), nn.Linear(width, 1, rng=rng))
        self.place = nn.Linear(4, width, rng=rng)
        self.decoder = nn.ModuleList([_block(width, 5, dropout, rng) for _ in range(blocks)])
        self.bands = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, bands, rng=rng))

    def encode(self, phonemes: np.ndarray, stresses: np.ndarray, lengths: np.ndarray) -> Tensor:
        """(batch, phonemes) indices, stresses 0, 1 or 2, and how many are real: (batch, phonemes, width)."""
        x = self.phoneme(phonemes) + self.stress(stresses)
        x = x * real(on_host(lengths), x)
        y, _ = self.word(self.neighbours(x), lengths=lengths)
        return x + y

    def forward(self, encoded: Array, frames: np.ndarray) -> Tensor:
        """Encoded phonemes and `frames` (batch, phonemes), whole numbers: (batch, most frames of all, bands)."""
        frames = on_host(frames)
        which, places = spread(frames)
        batch, phonemes, width = encoded.shape
        rows = (np.arange(batch)[:, None] * phonemes + which).ravel()
        repeated = ops.take(ops.reshape(encoded, (-1, width)), placed(rows, encoded), 0)
        x = ops.reshape(repeated, (*which.shape, width)) + self.place(placed(places, encoded))
        spoken = real(frames.sum(axis=1), x)
        x = x * spoken
        for block in self.decoder:
            x = (x + block(x)) * spoken
        return self.bands(x)

    def log_durations(self, encoded: Array) -> Tensor:
        """ln(1 + frames) of each phoneme, (batch, phonemes)."""
        return self.duration(encoded)[:, :, 0]

    def loss(
        self,
        phonemes: np.ndarray,
        stresses: np.ndarray,
        lengths: np.ndarray,
        frames: np.ndarray,
        mels: Array,
    ) -> Tensor:
        """mean |y − mels| over the real frames and bands, + mean (ln(1 + frames) − predicted)² over the real phonemes

        `mels` (batch, most frames of all, bands).
        """
        encoded = self.encode(phonemes, stresses, lengths)
        spoken, there = real(on_host(frames).sum(axis=1), mels), real(on_host(lengths), encoded)[:, :, 0]
        off = np.abs(self(encoded, frames) - mels) * (spoken / (spoken.sum() * mels.shape[2]))
        late = (self.log_durations(encoded) - np.log1p(frames).astype(np.float32)) ** 2
        return np.sum(off) + np.sum(late * (there / there.sum()))

    def speak(
        self, phonemes: np.ndarray, stresses: np.ndarray, lengths: np.ndarray, pace: float = 1.0
    ) -> list[NDArray[np.float32]]:
        """The log-mel spectrogram of each, (its own frames, bands), with predicted durations divided by `pace`."""
        self.eval()
        with no_grad():
            encoded = self.encode(phonemes, stresses, lengths)
            told = np.expm1(np.clip(self.log_durations(encoded).data, 0, 4)) / pace
            frames = np.maximum(np.round(told), 1).astype(np.int64)
            frames[np.arange(phonemes.shape[1]) >= lengths[:, None]] = 0
            mels = self(encoded, frames).data
        return [mel[:count] for mel, count in zip(mels, frames.sum(axis=1), strict=True)]


def _block(width: int, kernel: int, dropout: float, rng: np.random.Generator) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv1d(width, width, kernel, padding="same", rng=rng), nn.LayerNorm(width), nn.ReLU(), nn.Dropout(dropout)
    )


def spread(frames: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Which phoneme each frame belongs to, (batch, longest), and where it is, (batch, longest, 4).

    Where: how far through its phoneme, from 0 to 1; ln(1 + frames of it); ln(1 + frames since the word began), and
    until it ends. Beyond the end of a word the last phoneme goes on.
    """
    ends = frames.cumsum(axis=1)
    longest = max(1, int(ends[:, -1].max()))
    t = np.arange(longest)
    which = np.minimum((t[None, :, None] >= ends[:, None, :]).sum(axis=2), frames.shape[1] - 1)
    own = np.take_along_axis(frames, which, 1)
    since = t - (np.take_along_axis(ends, which, 1) - own)
    left = np.maximum(ends[:, -1:] - 1 - t, 0)
    places = [
        np.clip((since + 0.5) / np.maximum(own, 1), 0, 1),
        np.log1p(own),
        np.log1p(np.broadcast_to(t, which.shape)),
        np.log1p(left),
    ]
    return which, np.stack(places, axis=2).astype(np.float32)
