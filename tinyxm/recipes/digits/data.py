"""Spoken and handwritten digits, and who and what each model is trained on and asked about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm.data import Samples, stratified_split
from tinyxm.data.sources.combined import VOICES
from tinyxm.data.sources.handwriting import DIGITS, handwritten_28
from tinyxm.data.sources.recordings import recorded_digits
from tinyxm.data.sources.speech import speech
from tinyxm.recipes.digits.sounds import Features, all_features, varied
from tinyxm.recipes.recipe import Progress

SPEAKERS = ("george", "jackson", "lucas", "nicolas", "theo", "yweweler")
DEVELOPMENT = ("george", "jackson")  # the speakers left out while settings were chosen
UNHEARD = {"test": ("+f5", "+m7"), "validation": ("+m3",)}  # variants of the synthesised voices
SPLIT_SEED = 0  # of the pictures: the same for every run, so that seeds can be compared
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Spoken:
    """n utterances: their features (n, 64, 32), digits and speakers, the sounds themselves and their rate in Hz."""

    features: Features
    digits: Whole
    speakers: NDArray[Any]
    official: NDArray[Any]  # "train" or "test" of the recorded ones
    sounds: Sequence[NDArray[Any]]
    rate_hz: int
    ids: Sequence[str]

    def __len__(self) -> int:
        return len(self.digits)


@dataclass(frozen=True)
class Data:
    """The utterances, the pictures (5000, 28, 28, 1) from 0 to 1 and their digits; what pictures are trained on."""

    spoken: Spoken
    pictures: Features
    digits: Whole
    parts: dict[str, Whole]  # "train" and "test", of the pictures

    def __len__(self) -> int:
        return len(self.spoken)


def load(sounds: str, validation: bool, progress: Progress) -> Data:
    """`sounds` are "recorded" or "synthesised". A fifth of the pictures is the test; to validate by, another fifth."""
    if sounds == "recorded":
        samples = recorded_digits()
        speakers, official, rate_hz = samples.groups["speaker"], samples.groups["official"], 8000
    else:
        samples = speech(DIGITS, VOICES, (30, 50, 70), (130, 160, 190), progress)
        speakers, rate_hz = samples.groups["voice"], 22_050
        official = np.full(len(samples), "")
    return Data(_spoken(samples, speakers, official, rate_hz, progress), *_written(validation))


def _spoken(
    samples: Samples, speakers: NDArray[Any], official: NDArray[Any], rate_hz: int, progress: Progress
) -> Spoken:
    of = {word: digit for digit, word in enumerate(DIGITS)}
    digits = np.array([of[word] for word in samples["text"]])
    heard = all_features(samples["audio"], rate_hz, progress)
    return Spoken(heard, digits, speakers, official, samples["audio"], rate_hz, samples.ids)


def _written(validation: bool) -> tuple[Features, Whole, dict[str, Whole]]:
    written = handwritten_28()
    digits = written.groups["digit"]
    split = stratified_split(digits, {"train": 0.6, "validation": 0.2, "test": 0.2}, SPLIT_SEED)
    train, withheld, test = split["train"], split["validation"], split["test"]
    parts = {"train": train, "test": withheld} if validation else {"train": np.append(train, withheld), "test": test}
    return written["image"].astype(np.float32) / 255, digits, parts


def stages(sounds: str, validation: bool, quick: bool) -> list[str]:
    """A model for the official split, and one for each speaker left out; to choose by, for two speakers only."""
    if sounds != "recorded":
        return ["unseen_voice"]
    left_out = DEVELOPMENT if validation else SPEAKERS
    return ["official_split", *(f"without_{speaker}" for speaker in left_out[: 1 if quick else None])]


def utterances(stage: str, spoken: Spoken, validation: bool) -> dict[str, Whole]:
    """Which utterances a stage is trained on ("train") and asked about ("test").

    To validate by, recordings 5 to 9 stand in for the official test (0 to 4), and no recording of that is used.
    """
    number = np.array([int(name.rpartition("_")[2]) if spoken.official[0] else -1 for name in spoken.ids])
    if stage == "unseen_voice":
        test = _of_variants(spoken.speakers, UNHEARD["validation" if validation else "test"])
        train = ~_of_variants(spoken.speakers, sum(UNHEARD.values(), ()))
    elif stage == "official_split":
        test = (number >= 5) & (number < 10) if validation else number < 5
        train = number >= (10 if validation else 5)
    else:
        test = spoken.speakers == stage.removeprefix("without_")
        train = ~test
        if validation:
            test, train = test & (number >= 5), train & (number >= 5)
    return {"train": np.flatnonzero(train), "test": np.flatnonzero(test)}


def _of_variants(voices: NDArray[Any], variants: Sequence[str]) -> NDArray[np.bool_]:
    return np.array([str(voice).endswith(tuple(variants)) for voice in voices])


class Pairs:
    """Batches of utterances, each varied anew, with pictures of the same digits: functions of the step alone."""

    def __init__(self, data: Data, train: Whole, size: int, seed: int) -> None:
        self.data, self.train, self.size, self.seed = data, train, size, seed
        pictures = data.parts["train"]
        self.written = [pictures[data.digits[pictures] == digit] for digit in range(10)]
        self.per_epoch = max(1, len(train) // size)

    def batch(self, step: int) -> tuple[Features, Features, Whole]:
        """Sounds (size, 48, 32, 1), pictures (size, 28, 28, 1) and digits (size,)."""
        epoch, place = divmod(step, self.per_epoch)
        order = np.random.default_rng((self.seed, 1, epoch)).permutation(self.train)
        chosen = order[place * self.size : (place + 1) * self.size]
        rng = np.random.default_rng((self.seed, 2, step))
        digits = self.data.spoken.digits[chosen]
        pictures = np.array([rng.choice(self.written[digit]) for digit in digits])
        return varied(self.data.spoken.features[chosen], rng), self.data.pictures[pictures], digits

    def fixed(self) -> tuple[Whole, Whole]:
        """Each training utterance with one picture of its digit: what the baselines are fitted on."""
        rng = np.random.default_rng(SPLIT_SEED)
        return self.train, np.array([rng.choice(self.written[digit]) for digit in self.data.spoken.digits[self.train]])
