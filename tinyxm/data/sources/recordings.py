"""Recorded spoken digits: the Free Spoken Digit Dataset, from the folder or the zip that a user downloaded."""

from __future__ import annotations

import os
import re
from pathlib import PurePosixPath

import numpy as np

from .. import audio
from ..cleaning import Entry, Ledger
from ..samples import Samples
from . import require
from .archive import opened
from .handwriting import DIGITS
from .registry import SOURCES, Modality, Source

RATE_HZ = 8000
NAME = re.compile(r"([0-9])_([a-z]+)_([0-9]{1,4})\.wav")
WHERE = "https://github.com/Jakobovski/free-spoken-digit-dataset"


def recorded_digits(path: str | os.PathLike[str] | None = None, limit: int | None = None) -> Samples:
    """Spoken digits of the folder or zip at `path`, by default of the environment variable TINYXM_FSDD.

    Modalities: "audio", a list of float32 (samples, 1) at 8,000 Hz; "text", the digit's name. Groups: "digit",
    "speaker", and "official": "test" for recordings 0 to 4 of each speaker and digit, else "train". ids are the files'
    names, "7_jackson_32"; the order is by digit, speaker and number. `limit` stops after so many recordings.
    The ledger tells which files were left out, and which had another rate and were resampled. A speaker is in both
    parts of the official split: to ask about unknown voices, split by "speaker".
    Raises FileNotFoundError where nothing is there, ValueError where there are no such recordings.
    """
    require("recorded-digits", "data", ["soundfile"])
    where = path or os.environ.get("TINYXM_FSDD")
    if not where:
        raise FileNotFoundError(
            f"recorded-digits: download the Free Spoken Digit Dataset from {WHERE}, and set TINYXM_FSDD to its folder "
            "or zip (or give path)"
        )
    ledger = Ledger()
    sounds: list[np.ndarray] = []
    found: list[tuple[int, str, int]] = []
    with opened("recorded-digits", where) as files:
        for name, why in files.refused.items():
            ledger.entries.append(Entry(name, "audio", "not read", "dropped", "source", why))
        named = [(m, name) for name in files.names if (m := NAME.fullmatch(PurePosixPath(name).name))]
        named.sort(key=lambda pair: (pair[0][1], pair[0][2], int(pair[0][3]), pair[1]))
        seen: set[str] = set()
        for match, name in named:
            identity = match[0].removesuffix(".wav")
            if limit is not None and len(found) >= limit:
                break
            try:
                if identity in seen:
                    raise ValueError(f"another {identity} was read before")
                sound, rate_hz = audio.decode(files.read(name))
            except ValueError as error:
                ledger.entries.append(Entry(identity, "audio", "unreadable recording", "dropped", "source", str(error)))
                continue
            if rate_hz != RATE_HZ:
                sound = audio.resample(sound, rate_hz=rate_hz, to_hz=RATE_HZ)
                ledger.entries.append(Entry(identity, "audio", "other rate", "repaired", "source", f"{rate_hz} Hz"))
            seen.add(identity)
            sounds.append(audio.mono(sound)[:, None])
            found.append((int(match[1]), match[2], int(match[3])))
    if not found:
        raise ValueError(
            f"recorded-digits: {where} has no readable recordings; expected files named such as "
            f"recordings/7_jackson_32.wav, from {WHERE}"
        )
    return Samples(
        {"audio": sounds, "text": [DIGITS[digit] for digit, _, _ in found]},
        ids=[f"{digit}_{speaker}_{number}" for digit, speaker, number in found],
        groups={
            "digit": np.array([digit for digit, _, _ in found]),
            "speaker": [speaker for _, speaker, _ in found],
            "official": ["test" if number < 5 else "train" for _, _, number in found],
        },
        ledger=ledger,
    )


SOURCES.add(
    Source(
        name="recorded-digits",
        what="digits spoken by six people: FSDD, which you download yourself",
        origin="recorded",
        modalities={
            "audio": Modality("sound", "a digit, spoken", rate_hz=RATE_HZ),
            "text": Modality("text", "the digit's name"),
        },
        size="3,000 of six speakers, 50 of each digit",
        licence="CC BY-SA 4.0",
        citation=f"Jackson et al., Free Spoken Digit Dataset, {WHERE}",
        load=recorded_digits,
        specimen=lambda: recorded_digits(limit=6),
        packages=("soundfile",),
        file="TINYXM_FSDD",
        obtain=f"download the Free Spoken Digit Dataset from {WHERE}, and set TINYXM_FSDD to its folder or zip",
        notes=(
            "Set TINYXM_FSDD to the folder or the zip; nothing is downloaded or unpacked.",
            "The official split has each speaker on both sides; one by speaker is harder, and more honest.",
        ),
    )
)
