"""What is listened to: words of emoji, spoken by a synthesiser in many voices, as log-mel features."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tinyxm.data import audio, grouped_split
from tinyxm.data.audio.bands import mel_corners
from tinyxm.data.collate import pad
from tinyxm.data.sources import cached, require
from tinyxm.data.sources.speech import RATE_HZ, Report
from tinyxm.data.sources.utterances import Utterance, emoji_words, utterances

LETTERS = "-abcdefghijklmnopqrstuvwxyz"  # class 0 is the blank
BANDS, HOP, WINDOW, HIGHEST_HZ = 40, 220, 512, 8000.0  # 10 ms and 23 ms
RANGE_DB = 80.0
SCHEMA = 2
FORMANTS, PACE, TIMBRE = 0.2, 0.12, 0.06  # how far a voice is turned into another one: see `revoiced`

ACCENTS = ("en-us", "en", "en-gb-x-rp")
UNHEARD_ACCENTS = ("en-gb-scotland", "en-029")
VARIANTS = {  # of the synthesiser's voices, those that speak as people may; each in one part alone
    "train": (
        *("", "f1", "f2", "f4", "m1", "m3", "m4", "m7", "m8", "Andy", "Annie", "Diogo", "Gene", "Henrique", "Hugo"),
        *("Jacky", "Lee", "Marco", "Michael", "adam", "anika", "antonio", "benjamin", "boris", "caleb", "david"),
        *("edward", "iven", "john", "kaukovalta", "klatt", "klatt2", "linda", "marcelo", "michel", "miguel", "norbert"),
        *("paul", "pedro", "rob", "robert", "sandro", "shelby", "steph", "zac"),
    ),
    "validation": ("f5", "m5", "Denis", "max", "victor"),
    "test": ("f3", "m2", "m6", "Andrea", "Mario", "Reed", "belinda", "ian", "pablo", "quincy"),
}
PITCHES, SPEEDS = (35, 50, 65), (130, 150, 170, 190)
WORDS_SEED = 0  # of the unseen words: the same for every run, so that seeds can be compared


@dataclass(frozen=True)
class Spoken:
    """Utterances: what their sounds are like, (frames, bands) each; what is said; by whom."""

    features: list[NDArray[np.float32]]
    texts: list[str]
    voices: list[str]

    def __len__(self) -> int:
        return len(self.texts)

    def __add__(self, other: Spoken) -> Spoken:
        return Spoken(self.features + other.features, self.texts + other.texts, self.voices + other.voices)

    def __getitem__(self, rows: Sequence[int] | NDArray[np.int_]) -> Spoken:
        return Spoken([self.features[i] for i in rows], [self.texts[i] for i in rows], [self.voices[i] for i in rows])


def features_of(sound: NDArray[Any], rate_hz: int) -> NDArray[np.float32]:
    """A sound of any rate, (samples[, channels]), to (frames, 40): log-mel decibels from −1, 80 below the loudest, to 1

    Resampled to 22,050 Hz, without the silence around it; nothing depends on how loud it is. Raises ValueError for
    silence, and for less than 50 ms.
    """
    sound = audio.resample(audio.mono(sound).astype(np.float32), rate_hz=rate_hz, to_hz=RATE_HZ)
    sound = audio.trim_silence(sound, rate_hz=RATE_HZ)
    if len(sound) < 0.05 * RATE_HZ:
        raise ValueError(f"listen: {len(sound) / RATE_HZ:.3f} s of sound; expected a spoken word, 0.05 s at least")
    told = audio.log_mel(
        audio.level(sound, to_dbfs=0.0, measure="peak"),
        rate_hz=RATE_HZ,
        window_samples=WINDOW,
        hop_samples=HOP,
        mels=BANDS,
        highest_hz=HIGHEST_HZ,
        range_db=None,
    )
    return np.maximum((told - told.max()) / (RANGE_DB / 2) + 1, -1).astype(np.float32)


def split_words(validation: bool = False, report: Report | None = None) -> dict[str, list[str]]:
    """Words to train on, and words withheld; those that begin with the same four letters are on one side.

    With `validation` the words to withhold are taken from those to train on, and the test's are left out.
    """
    words = np.array(emoji_words(report=report))
    split = grouped_split([word[:4] for word in words], {"train": 0.8, "validation": 0.08, "test": 0.12}, WORDS_SEED)
    parts = {part: words[rows].tolist() for part, rows in split.parts.items()}
    known = parts["train"] + ([] if validation else parts["validation"])
    return {"train": sorted(known), "withheld": parts["validation" if validation else "test"]}


def said_by(
    words: Sequence[str], accents: Sequence[str], variants: Sequence[str], times: int, seed: int
) -> list[Utterance]:
    """Each word in `times` different voices, drawn with their pitch and speed."""
    voices = [f"{accent}+{variant}" if variant else accent for accent, variant in product(accents, variants)]
    rng = np.random.default_rng(seed)
    return [
        Utterance(word, voices[v], int(rng.choice(PITCHES)), int(rng.choice(SPEEDS)))
        for word in words
        for v in rng.choice(len(voices), times, replace=False)
    ]


def heard(asked: Sequence[Utterance], report: Report | None = None) -> Spoken:
    """Utterances, synthesised and turned into features; kept in the cache folder."""

    def build() -> dict[str, NDArray[Any]]:
        rows = [features_of(sound, RATE_HZ) for sound in utterances(asked, report)["audio"]]
        quantised = (np.concatenate(rows) + 1) * 127.5  # in steps of 0.3 dB
        return {"features": quantised.round().astype(np.uint8), "frames": np.array([len(row) for row in rows])}

    def read(arrays: dict[str, NDArray[Any]]) -> Spoken:
        features = arrays["features"].astype(np.float32) / 127.5 - 1
        rows = np.split(features, np.cumsum(arrays["frames"])[:-1])
        return Spoken(rows, [u.text for u in asked], [u.voice for u in asked])

    key = {"release": require("listen", "data", ["espeakng-loader"]), "schema": SCHEMA, "asked": tuple(asked)}
    return cached("heard-words", key, build, read)


def encode(text: str) -> list[int]:
    """A word's letters as classes. Raises ValueError for what isn't a to z."""
    if not text or set(text) - set(LETTERS[1:]):
        raise ValueError(f"listen: {text!r}; expected letters from a to z")
    return [LETTERS.index(letter) for letter in text]


def decode(labels: Sequence[int]) -> str:
    return "".join(LETTERS[label] for label in labels)


class Batch(NamedTuple):
    """What the recogniser's loss takes: sounds (batch, frames, bands), how many frames are real, letters (batch,
    longest), how many of these are."""

    sounds: NDArray[np.float32]
    frames: NDArray[np.int64]
    letters: NDArray[np.int64]
    lengths: NDArray[np.int64]


def collate(spoken: Spoken, rng: np.random.Generator | None = None, other_voices: bool = False) -> Batch:
    """Features padded with silence, their frames, letters padded with blanks, how many; roughened with an `rng`, and
    as said by `other_voices` before."""
    rows = spoken.features
    if rng:
        rows = [roughened(revoiced(row, rng) if other_voices else row, rng) for row in rows]
    x, real = pad(rows, value=-1.0, multiple_of=4)
    y, letters = pad([encode(text) for text in spoken.texts])
    return Batch(x.astype(np.float32), real.sum(axis=1), y.astype(np.int64), letters.sum(axis=1))


def revoiced(x: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """A sound as a voice that nobody has might say it: (frames, bands) to (other frames, bands)

    A shorter or longer vocal tract moves all formants by one factor a, so the band at f is read at a·f; the pace
    changes; a smooth curve, four cosines over the bands, is added. ln a and ln pace are uniform within ± FORMANTS and
    ± PACE, the cosines' heights normal with deviation TIMBRE. Source: Jaitly & Hinton, "Vocal tract length perturbation
    (VTLP) improves speech recognition", 2013.
    """
    frames, bands = x.shape
    middles = mel_corners(bands, 0, HIGHEST_HZ)[1:-1]
    moved = np.interp(middles * np.exp(rng.uniform(-FORMANTS, FORMANTS)), middles, np.arange(bands))
    slower = max(2, round(frames * np.exp(rng.uniform(-PACE, PACE))))
    x = _between(_between(x, np.linspace(0, frames - 1, slower)).T, moved).T
    curve = rng.normal(0, TIMBRE, 4) @ np.cos(np.arange(1, 5)[:, None] * np.linspace(0, np.pi, bands))
    return np.clip(x + curve.astype(np.float32), -1, 1.3)


def _between(x: NDArray[np.float32], places: NDArray[np.float64]) -> NDArray[np.float32]:
    """Rows of x at places between them, linearly."""
    below = np.minimum(places.astype(int), len(x) - 2)
    share = (places - below).astype(np.float32)[:, None]
    return x[below] * (1 - share) + x[below + 1] * share


def roughened(x: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """A clean synthesised sound as a worse microphone might hear it, so that recordings aren't a foreign world.

    Each with a chance of its own: a floor of noise from 60 to 20 dB below the loudest, a tilt of the spectrum, the
    telephone (nothing above 4 kHz), and one span of frames and one of bands hidden, as SpecAugment does.
    """
    frames, bands = x.shape
    if rng.random() < 0.4:
        return x
    x = x + np.float32(rng.uniform(-0.3, 0.3)) * np.linspace(-1, 1, bands, dtype=np.float32)
    if rng.random() < 0.3:
        x[:, 29:] = -1  # the bands above 4 kHz
    if rng.random() < 0.5:
        noise = (
            rng.uniform(-0.5, 0.5)
            + 0.08 * rng.standard_normal(x.shape)
            + rng.uniform(-0.3, 0.3) * np.linspace(-1, 1, bands)
        )
        x = np.maximum(x, noise.astype(np.float32))
    if rng.random() < 0.5:
        start, count = rng.integers(frames), rng.integers(1, max(2, frames // 8))
        x[start : start + count] = -1
        start, count = rng.integers(bands), rng.integers(1, 7)
        x[:, start : start + count] = x.mean()
    return np.clip(x, -1, 1.3, out=x)
