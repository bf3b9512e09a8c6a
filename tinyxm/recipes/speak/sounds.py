"""What is spoken: phonemes with their lengths, and their sound as log-mel bands; and from bands back to sound."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm.data import audio
from tinyxm.data.collate import pad
from tinyxm.data.sources import cached, require
from tinyxm.data.sources.speech import RATE_HZ, Report
from tinyxm.data.sources.utterances import Utterance, utterances

BANDS, WINDOW, HOP = 80, 1024, 256  # 46 ms and 12 ms
LOUDEST_DB, RANGE_DB = 35.0, 90.0  # of the power in a band; what is quieter by more than that isn't heard
PAUSE_SECONDS = 0.08  # between words
SCHEMA = 1


@dataclass(frozen=True)
class Pronounced:
    """Words: their phonemes, how many frames each lasts, and log-mel bands (frames, bands), from −1 to 1."""

    texts: list[str]
    phonemes: list[list[str]]
    frames: list[NDArray[np.int64]]
    mels: list[NDArray[np.float32]]

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, rows: Sequence[int] | NDArray[np.int_]) -> Pronounced:
        return Pronounced(
            [self.texts[i] for i in rows],
            [self.phonemes[i] for i in rows],
            [self.frames[i] for i in rows],
            [self.mels[i] for i in rows],
        )


def mel_of(sound: NDArray[Any]) -> NDArray[np.float32]:
    """A sound at 22,050 Hz, (samples[, 1]), to (frames, 80) decibels, scaled so that what can be heard is −1 to 1."""
    told = audio.log_mel(
        audio.mono(sound).astype(np.float32),
        rate_hz=RATE_HZ,
        window_samples=WINDOW,
        hop_samples=HOP,
        mels=BANDS,
        range_db=None,
    )
    return np.clip((told - LOUDEST_DB) / (RANGE_DB / 2) + 1, -1, 1.2).astype(np.float32)


def sound_of(mel: NDArray[np.float32], rng: np.random.Generator | int = 0) -> NDArray[np.float32]:
    """Log-mel bands (frames, 80) to a sound (samples,) at 22,050 Hz, by Griffin and Lim's rule.

    Nothing reaches full scale: what would is scaled down to 0.95.
    """
    power = audio.from_mel(
        audio.from_decibels((np.clip(mel, -1, 1.2) - 1) * np.float32(RANGE_DB / 2) + np.float32(LOUDEST_DB)),
        rate_hz=RATE_HZ,
        fft_samples=WINDOW,
    )
    sound = audio.griffin_lim(np.sqrt(power), window_samples=WINDOW, hop_samples=HOP, iterations=40, rng=rng)
    return (sound * np.float32(0.95 / max(0.95, np.abs(sound).max()))).astype(np.float32)


def pronounced(words: Sequence[str], voice: str, report: Report | None = None) -> Pronounced:
    """Each word as one voice says it, at one pitch and speed; kept in the cache folder."""
    asked = [Utterance(word, voice) for word in words]

    def build() -> dict[str, NDArray[Any]]:
        said = utterances(asked, report)
        mels = [mel_of(sound) for sound in said["audio"]]
        frames = [_frames(starts, len(mel)) for starts, mel in zip(said["starts"], mels, strict=True)]
        return {
            "phonemes": np.array([" ".join(names) for names in said["phonemes"]]),
            "frames": np.concatenate(frames),
            "mels": (np.concatenate(mels) * 25_000).round().astype(np.int16),
            "lengths": np.array([len(mel) for mel in mels]),
        }

    def read(arrays: dict[str, NDArray[Any]]) -> Pronounced:
        phonemes = [names.split() for names in arrays["phonemes"].tolist()]
        mels = np.split(arrays["mels"] * np.float32(1 / 25_000), arrays["lengths"].cumsum()[:-1])
        frames = np.split(arrays["frames"], np.cumsum([len(names) for names in phonemes])[:-1])
        return Pronounced(list(words), phonemes, frames, mels)

    key = {"release": require("speak", "data", ["espeakng-loader"]), "schema": SCHEMA, "asked": tuple(asked)}
    return cached("pronounced-words", key, build, read)


def _frames(starts: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """How many of `count` frames are each phoneme's: those whose middle lies in it; the first and last get the rest."""
    edges = np.clip(np.ceil(starts / HOP).astype(np.int64), 0, count)
    edges[0], edges[-1] = 0, count
    return np.diff(edges)


class Phonemes:
    """Names of phonemes to indices from 1 (0 is what was never heard), and stress: 0 none, 1 secondary, 2 primary.

    eSpeak writes the stress before the name: `'E` is the E of "seven".
    """

    MARKS = (",", "'")

    def __init__(self, names: Sequence[str]) -> None:
        self.names = tuple(names)
        self._index = {name: i for i, name in enumerate(self.names, 1)}

    @classmethod
    def of(cls, phonemes: Sequence[Sequence[str]]) -> Phonemes:
        """Those that occur in these words, in order of the alphabet."""
        return cls(sorted({cls._parted(name)[0] for names in phonemes for name in names}))

    def __len__(self) -> int:
        return len(self.names) + 1

    def __call__(
        self, phonemes: Sequence[Sequence[str]]
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
        """Padded indices (words, longest), stresses alike, and how many phonemes are each word's."""
        parted = [[self._parted(name) for name in names] for names in phonemes]
        which, real = pad([np.array([self._index.get(name, 0) for name, _ in word]) for word in parted])
        stress, _ = pad([np.array([mark for _, mark in word]) for word in parted])
        return which.astype(np.int64), stress.astype(np.int64), real.sum(axis=1)

    @classmethod
    def _parted(cls, name: str) -> tuple[str, int]:
        return (name[1:], cls.MARKS.index(name[0]) + 1) if name[0] in cls.MARKS and len(name) > 1 else (name, 0)


Batch = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]


def collate(words: Pronounced, phonemes: Phonemes) -> Batch:
    """What `Speaker.loss` takes."""
    frames, _ = pad(words.frames)
    mels, _ = pad(words.mels, value=-1.0)
    which, stress, lengths = phonemes(words.phonemes)
    return which, stress, lengths, frames.astype(np.int64), mels.astype(np.float32)
