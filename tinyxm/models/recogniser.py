"""Audio → text: a spectrogram becomes, frame by frame, probabilities of letters, without being told which is when."""

from __future__ import annotations

import numpy as np

from tinyxm import nn
from tinyxm.autograd import Array, Tensor, generator, no_grad
from tinyxm.autograd.places import on_host
from tinyxm.models.padding import real
from tinyxm.ops import ctc, log_softmax


class Recogniser(nn.Module):
    """Features (batch, frames, bands) → (batch, ⌈frames / 2⌉, classes), logits; class 0 is the blank

    Two convolutions over time see some 60 ms around and halve the frames; a bidirectional GRU carries what came before
    and what comes after to each; one linear map tells the letter, or that there is none to tell. Trained by `ops.ctc`.
    The frames left must be as many as letters, and one more between two equal ones: halving once is what short words
    bear. Sources: Graves et al. 2006, Connectionist temporal classification; the layout after Amodei et al. 2016,
    Deep Speech 2.
    """

    def __init__(
        self,
        bands: int,
        classes: int,
        width: int = 128,
        hidden: int = 128,
        dropout: float = 0.1,
        *,
        rng: np.random.Generator | None = None,
    ) -> None:
        rng = generator(rng)
        self.early = nn.Sequential(
            nn.Conv1d(bands, width, 5, stride=2, padding=2, rng=rng),
            nn.LayerNorm(width),
            nn.ReLU(),
            nn.Dropout(dropout),
        )
        self.late = nn.Sequential(
            nn.Conv1d(width, width, 3, padding=1, rng=rng), nn.LayerNorm(width), nn.ReLU(), nn.Dropout(dropout)
        )
        self.recurrent = nn.GRU(width, hidden, bidirectional=True, rng=rng)
        self.dropout = nn.Dropout(dropout)
        self.letters = nn.Linear(2 * hidden, classes, rng=rng)

    def forward(self, features: Array, lengths: np.ndarray) -> Tensor:
        """`lengths` (batch,): frames that are real; the rest is padding, and changes nothing."""
        lengths = on_host(lengths)
        x = self.early(features * real(lengths, features))
        x = self.late(x * real(self.steps(lengths), x))
        y, _ = self.recurrent(x, lengths=self.steps(lengths))
        return self.letters(self.dropout(y))

    @staticmethod
    def steps(lengths: np.ndarray) -> np.ndarray:
        """Frames that are left of so many."""
        return (lengths + 1) // 2

    def loss(self, features: Array, lengths: np.ndarray, labels: np.ndarray, label_lengths: np.ndarray) -> Tensor:
        """CTC's loss per letter, the mean over the batch; utterances too short for their letters count as 0."""
        return ctc(self(features, lengths), labels, self.steps(on_host(lengths)), label_lengths, zero_infinity=True)

    def log_probabilities(self, features: Array, lengths: np.ndarray) -> list[np.ndarray]:
        """Of each utterance, (its own frames, classes)."""
        self.eval()
        with no_grad():
            log_p = log_softmax(self(features, lengths)).data
        return [row[:steps] for row, steps in zip(log_p, self.steps(lengths), strict=True)]
