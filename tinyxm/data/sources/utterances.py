"""Lists of spoken words, each in a voice of its own, with their phonemes; and the words of emoji to speak."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ..emoji import emoji
from ..samples import Samples
from . import require
from .speech import Report, _check, _Synthesiser

PAUSES = ("", "_", "_:")  # phonemes of eSpeak that are silence
PLAIN = re.compile("[a-z]+")


class Utterance(NamedTuple):
    """What to say, and how: see `speech`."""

    text: str
    voice: str = "en-us"
    pitch: int = 50
    words_per_minute: int = 160


def utterances(asked: Sequence[Utterance], report: Report | None = None) -> Samples:
    """Each utterance, synthesised, where `speech` says every text in every voice; nothing is cached.

    Modalities: "audio", a list of float32 (samples, 1) at 22,050 Hz; "text"; "phonemes", a list of eSpeak's names of
    sounds, an apostrophe before the stressed ones, without pauses; "starts", (phonemes + 1,) integers, the sample where
    each begins and the last one ends. Groups: "text", "voice". Raises as `speech` does; ValueError for what says
    nothing.
    """
    require("utterances", "data", ["espeakng-loader"])
    columns = list(zip(*asked, strict=True))
    _check(*(list(dict.fromkeys(column)) for column in columns))
    audio, phonemes, starts = [], [], []
    with _Synthesiser() as synthesiser:
        for done, utterance in enumerate(asked, 1):
            sound, said = synthesiser.say(*utterance)
            named = [(name, begins) for name, begins in said if name not in PAUSES]
            if not named or not sound.any():
                raise ValueError(f"utterances: {utterance.text!r} has nothing to say; leave it out")
            ends = [begins for name, begins in said if name in PAUSES and begins > named[-1][1]] or [len(sound)]
            audio.append(sound[:, None] / np.float32(2**15))
            phonemes.append([name for name, _ in named])
            starts.append(np.array([begins for _, begins in named] + ends[:1]))
            if report and (done == len(asked) or done % 200 == 0):
                report("speaking", done, len(asked))
    text, voice = list(columns[0]), list(columns[1])
    return Samples(
        {"audio": audio, "text": text, "phonemes": phonemes, "starts": starts},
        ids=[f"{i}/{'/'.join(map(str, utterance[1:]))}/{utterance.text}" for i, utterance in enumerate(asked)],
        groups={"text": text, "voice": voice},
    )


def emoji_words(shortest: int = 3, longest: int = 10, report: Report | None = None) -> list[str]:
    """The words that emoji's names are made of, `shortest` to `longest` letters of a to z, in order of the alphabet.

    English as it is spelt, "knight" and "queue" among it.
    """
    words = {word for name in emoji(report)["name"] for word in PLAIN.findall(name.lower())}
    return sorted(word for word in words if shortest <= len(word) <= longest)
