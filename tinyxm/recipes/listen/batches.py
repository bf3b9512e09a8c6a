"""Batches of utterances, each a function of its step alone."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyxm.recipes.listen.words import Batch, Spoken, collate


class Utterances:
    """Batches of utterances, roughened, and as said by `other_voices`; half of each from the `recordings`, where there
    are any."""

    def __init__(
        self, settings: Any, train: Spoken, recordings: Spoken | None = None, other_voices: bool = True
    ) -> None:
        self.settings, self.train, self.recordings, self.other_voices = settings, train, recordings, other_voices

    def batch(self, step: int) -> Batch:
        """Of the step alone: each epoch has every utterance once, in an order of its own."""
        size, seed = self.settings.batch_size, self.settings.seed
        rng = np.random.default_rng((seed, step))
        if self.recordings is not None:
            some = self.train[rng.choice(len(self.train), size // 2, replace=False)]
            real = self.recordings[rng.choice(len(self.recordings), size - size // 2, replace=False)]
            return collate(some + real, rng, self.other_voices)
        epoch, place = divmod(step, max(1, len(self.train) // size))
        order = np.random.default_rng((seed, 1 << 20, epoch)).permutation(len(self.train))
        return collate(self.train[order[place * size : (place + 1) * size]], rng, self.other_voices)
