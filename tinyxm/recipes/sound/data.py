"""Emoji and the sounds of their names: which are kept, in what voices, what is asked, and what the listener hears."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm.data import Samples, Vocabulary, augment, edges, emoji
from tinyxm.recipes.emoji.validation import withheld
from tinyxm.recipes.emoji.views import SECOND_DRAWING, Views, texts_of
from tinyxm.recipes.listen.words import ACCENTS, LETTERS, VARIANTS, Spoken, heard, said_by
from tinyxm.recipes.recipe import Progress
from tinyxm.recipes.speak.sounds import BANDS, pronounced

VOICES = ("en-us", "en-us+f2", "en+m3")
FRAMES = 192  # 2.2 s; what takes longer to say is left out
LOUD = -0.4  # a frame without a band above this, 63 dB below the loudest there can be, is silence
LISTENED_SEED = 0


@dataclass(frozen=True)
class Asked:
    """Drawings (n, 32, 32, 4) never trained on, which concept each shows, and in what voice it is to be named."""

    drawings: NDArray[np.uint8]
    concepts: NDArray[np.intp]
    voices: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.concepts)

    def __getitem__(self, rows: NDArray[np.intp]) -> Asked:
        return Asked(self.drawings[rows], self.concepts[rows], self.voices[rows])


@dataclass(frozen=True)
class Data:
    """The concepts, their names' log-mel bands (voices, concepts, 192, 80) padded with silence, and the questions."""

    samples: Samples
    mels: NDArray[np.float16]
    asked: dict[str, Asked]
    missing: dict[str, NDArray[np.intp]]  # drawings withheld from training
    judged: Spoken

    def __len__(self) -> int:
        return len(self.samples)

    @property
    def names(self) -> list[str]:
        return list(self.samples["name"])

    def sounds(self, voices: Any, concepts: Any) -> NDArray[np.float32]:
        """The bands of these concepts' names in these voices, (n, 192, 80)."""
        return self.mels[voices, concepts].astype(np.float32)

    def usual(self) -> NDArray[np.float32]:
        """The mean name of each voice, (voices, 192, 80)."""
        return self.mels.mean(axis=1, dtype=np.float32)


def load(settings: Any, progress: Progress) -> Data:
    """All concepts whose name is said in 2.2 s by every voice; the test's questions are OpenMoji's drawings of them.

    To validate, a fifth of the concepts lose their outline in training and another fifth their Twemoji, and these are
    asked about in place of the test, as in `recipes.emoji.validation`.
    """
    samples = emoji(progress)
    if settings.quick:
        samples = samples[np.arange(0, len(samples), 4)]
    said = [pronounced(samples["name"], voice, progress).mels for voice in VOICES]
    short = np.flatnonzero(np.max([[len(mel) for mel in mels] for mels in said], axis=0) <= FRAMES)
    mels = np.full((len(VOICES), len(short), FRAMES, BANDS), -1, np.float16)
    for voice, rows in enumerate(said):
        for place, i in enumerate(short):
            mels[voice, place, : len(rows[i])] = rows[i]
    samples = samples[short]
    missing = withheld(len(samples)) if settings.validation else {}
    return Data(samples, mels, asked_about(samples, missing), missing, judged(samples["name"], settings, progress))


def asked_about(samples: Samples, missing: dict[str, NDArray[np.intp]]) -> dict[str, Asked]:
    """OpenMoji's drawings; or, where drawings were withheld from training, those. Voices take turns."""

    def of(style: NDArray[np.uint8], concepts: NDArray[np.intp]) -> Asked:
        return Asked(style[concepts], concepts, concepts % len(VOICES))

    if not missing:
        return {"held_out_style": of(samples["openmoji"], np.arange(len(samples)))}
    return {
        "outline": of(samples["noto"][:, SECOND_DRAWING], np.sort(missing["without_outline"])),
        "twemoji": of(samples["twemoji"], np.sort(missing["without_twemoji"])),
    }


def judged(names: list[str], settings: Any, progress: Progress) -> Spoken:
    """The names in other voices than those that are to be learned: what the listener learns to understand."""
    ours = {voice.partition("+")[2] for voice in VOICES}
    others = [variant for variant in VARIANTS["train"] if variant not in ours]
    said = heard(said_by(names, ACCENTS, others, 1 if settings.quick else settings.voices_per_name, 5), progress)
    return Spoken(said.features, [spelt(text) for text in said.texts], said.voices)


def spelt(name: str) -> str:
    """A name as the listener writes it: its letters, without what is between its words."""
    return "".join(letter for letter in name.lower() if letter in LETTERS[1:])


def ended(mel: NDArray[np.float32]) -> NDArray[np.float32]:
    """A name's bands (192, 80) without the silence after it; what is silent altogether keeps one frame."""
    loud = np.flatnonzero(mel.max(axis=1) > LOUD)
    return mel[: loud[-1] + 1 if len(loud) else 1]


Same = NDArray[np.bool_] | None


class Drawings:
    """Two augmented drawings of each concept, and its name in a voice by chance: a function of the step alone."""

    def __init__(self, data: Data, settings: Any) -> None:
        samples = data.samples
        known, everything = Vocabulary(texts_of(samples), ngrams=False), np.arange(len(samples))
        self.data = data
        self.views = Views(
            samples,
            everything,
            known,
            settings.batch_size,
            settings.seed,
            without_outline=data.missing.get("without_outline"),
            without_twemoji=data.missing.get("without_twemoji"),
        )

    @property
    def steps_per_epoch(self) -> int:
        return self.views.steps_per_epoch

    def batch(self, step: int) -> tuple[NDArray[np.float32], NDArray[np.float32], Same]:
        """What `ImageSound.loss` takes."""
        chosen, drawings, rng = self.views.drawn(step)
        voices = rng.integers(0, len(VOICES), len(chosen))
        return edges(augment(drawings, rng)), self.data.sounds(voices, chosen), self.views.alike(chosen)


class Said:
    """Names' vectors (voices, concepts, dimensions) with their bands; each epoch has every name once, in the voice that
    comes after that of the epoch before: a function of the step alone."""

    def __init__(self, data: Data, vectors: NDArray[np.float32], settings: Any) -> None:
        self.data, self.vectors, self.settings = data, vectors, settings
        self.size = min(settings.said_at_once, len(data))

    @property
    def steps_per_epoch(self) -> int:
        return len(self.data) // self.size

    def batch(self, step: int) -> tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.int64], float, float]:
        """What `Voice.loss` takes. No name is twice in a batch."""
        epoch, place = divmod(step, self.steps_per_epoch)
        rng = np.random.default_rng([self.settings.seed, 2, epoch])
        chosen = rng.permutation(len(self.data))[place * self.size : (place + 1) * self.size]
        voices = (chosen + epoch) % len(VOICES)
        mels, (contrast, scale) = self.data.sounds(voices, chosen), (self.settings.contrast, self.settings.scale)
        return self.vectors[voices, chosen], mels, voices, contrast, scale
