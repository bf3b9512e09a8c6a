"""What is said and what is written: characters in voices and in hands, each part with voices and hands of its own."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm.data.sources import cached, require
from tinyxm.data.sources.hands import films
from tinyxm.data.sources.handwriting import DIGITS
from tinyxm.data.sources.recordings import RATE_HZ as RECORDED_HZ
from tinyxm.data.sources.recordings import recorded_digits
from tinyxm.data.sources.speech import RATE_HZ
from tinyxm.data.sources.utterances import Utterance, utterances
from tinyxm.models.writer import Writer, like
from tinyxm.recipes.digits.sounds import BANDS, KEPT, features
from tinyxm.recipes.listen.words import ACCENTS, PITCHES, SPEEDS, VARIANTS
from tinyxm.recipes.recipe import Progress

FIGURES = "0123456789"
# The hiragana but を, which sounds as お
KANA = "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわん"
CHARACTERS = FIGURES + KANA
SIZE, FRAMES = 28, 12
FRAMES_PER_SECOND = 8.0
SHOWN = "25あき"  # what hands are known by when a new one is drawn
# Seeds of the simulated hands: each in one part alone
HANDS = {"train": range(96), "judge": range(100, 140), "validation": range(200, 210), "test": range(300, 320)}
TIMES = {"train": 48, "validation": 10, "test": 10}  # utterances of each character
NEW_SPEAKERS, VALIDATION_SPEAKER = ("theo", "yweweler"), "nicolas"  # of the recorded digits
SCHEMA = 1
Whole = NDArray[np.int64]
Films = NDArray[np.uint8]


@dataclass(frozen=True)
class Said:
    """n utterances: their features (n, 64, 32), which character each is, by whom, and, where kept, their sounds."""

    features: NDArray[np.float32]
    labels: Whole
    voices: NDArray[Any]
    sounds: Sequence[NDArray[Any]] = ()
    rate_hz: int = RATE_HZ

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Data:
    """Utterances by part, "train" and what is asked; films (characters, hands, frames, size, size, 1) by part."""

    said: dict[str, Said]
    films: dict[str, Films] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.said["train"])


def load(validation: bool, quick: bool, progress: Progress) -> Data:
    """With `validation` other voices and other hands are asked about, and the test's are left alone.

    The recorded digits, where TINYXM_FSDD names them, are learned from and asked about beside the synthesised voices.
    """
    part = "validation" if validation else "test"
    said = {
        "train": spoken("train", 6 if quick else TIMES["train"], progress),
        "unseen_voices": spoken(part, 2 if quick else TIMES[part], progress),
    }
    if os.environ.get("TINYXM_FSDD"):
        said |= recorded(validation, quick, progress)
    hands = {"train": HANDS["train"], "judge": HANDS["judge"], "test": HANDS[part]}
    written = {name: seeds[:8] if quick else seeds for name, seeds in hands.items()}
    return Data(said, {name: films(CHARACTERS, seeds, SIZE, FRAMES, progress) for name, seeds in written.items()})


def asked(part: str, times: int) -> list[Utterance]:
    """Each character `times` times in the part's voices: figures in English, in three accents, kana in Japanese."""
    rng = np.random.default_rng([3, list(TIMES).index(part)])
    found = []
    for character in CHARACTERS:
        figure = character in FIGURES
        voices = [
            f"{accent}+{variant}" if variant else accent
            for accent in (ACCENTS if figure else ("ja",))
            for variant in VARIANTS[part]
        ]
        order = np.concatenate([rng.permutation(len(voices)) for _ in range(-(-times // len(voices)))])[:times]
        text = DIGITS[FIGURES.index(character)] if figure else character
        found += [Utterance(text, voices[v], int(rng.choice(PITCHES)), int(rng.choice(SPEEDS))) for v in order]
    return found


def spoken(part: str, times: int, progress: Progress) -> Said:
    """The utterances of `asked`, synthesised; features are kept in the cache folder, sounds are not."""
    said = asked(part, times)

    def build() -> dict[str, NDArray[Any]]:
        found = [features(sound, RATE_HZ) for sound in utterances(said, progress)["audio"]]
        return {"features": np.stack(found).astype(np.float16)}

    key = {"release": require("write", "data", ["espeakng-loader"]), "schema": SCHEMA, "asked": tuple(said)}
    kept = cached("spoken-characters", key, build, lambda arrays: arrays["features"].astype(np.float32))
    return Said(kept, np.arange(len(CHARACTERS)).repeat(times), np.array([u.voice for u in said]))


def recorded(validation: bool, quick: bool, progress: Progress) -> dict[str, Said]:
    """Recorded digits: "recorded_train" by four speakers, and "recorded_digits" by two others, to ask about."""
    samples = recorded_digits()
    speakers = np.array(samples.groups["speaker"])
    new = np.isin(speakers, NEW_SPEAKERS)
    tested = speakers == VALIDATION_SPEAKER if validation else new
    parts = {"recorded_train": ~new & ~tested, "recorded_digits": tested}
    found = {}
    for part, chosen in parts.items():
        rows = np.flatnonzero(chosen)[:: 20 if quick else 2]
        heard = np.empty((len(rows), KEPT, BANDS), np.float32)
        for i, row in enumerate(rows):
            heard[i] = features(samples["audio"][row], RECORDED_HZ)
            if i % 100 == 0:
                progress("listening", i, len(rows))
        sounds = [samples["audio"][row] for row in rows]
        found[part] = Said(heard, samples.groups["digit"][rows], speakers[rows], sounds, RECORDED_HZ)
    return found


def drawn_hands(model: Writer, count: int, rng: np.random.Generator) -> np.ndarray:
    """Codes of hands that there might be, drawn beside those of the training hands."""
    shown = unit(films(SHOWN, HANDS["train"], SIZE, FRAMES))
    return like(model.codes(shown.reshape(-1, *shown.shape[2:])), count, rng)


def unit(films: NDArray[np.uint8]) -> NDArray[np.float32]:
    """0 to 255 → 0 to 1."""
    return (films / np.float32(255)).astype(np.float32)
