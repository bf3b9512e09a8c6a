"""Sentences as tokens: a vocabulary that knows where a text begins and ends; and what a model writes with it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm.data import Vocabulary, padded
from tinyxm.data.text import PADDING, UNKNOWN
from tinyxm.models.captioner import BEGIN, END, Captioner
from tinyxm.models.decoding import Hypothesis

MARKS = (PADDING, UNKNOWN, "<begin>", "<end>")  # at the indices that the captioner gives them


def vocabulary_of(texts: Iterable[str]) -> Vocabulary:
    """All words of the training texts behind the marks, in the order of the alphabet."""
    return Vocabulary.of([*MARKS, *sorted({word for text in texts for word in text.split()})])


def tokens_of(vocabulary: Vocabulary, texts: Sequence[str]) -> NDArray[np.int64]:
    """(n, 2 + the most words): BEGIN, a text's words, END, and then padding."""
    return padded([[BEGIN, *vocabulary.encode(text.split()).tolist(), END] for text in texts])[0]


def text_of(vocabulary: Vocabulary, written: Hypothesis | Sequence[int]) -> str:
    """The words of what a model wrote."""
    tokens = written.tokens if isinstance(written, Hypothesis) else written
    return " ".join(vocabulary.decode(np.array(tokens, np.int64)))


def mirrored(vocabulary: Vocabulary) -> NDArray[np.int64]:
    """What each word is called where left and right have changed places, (vocabulary,)."""
    called = np.arange(len(vocabulary))
    if "left" in vocabulary and "right" in vocabulary:
        left, right = vocabulary.index["left"], vocabulary.index["right"]
        called[[left, right]] = right, left
    return called


def written(
    model: Captioner,
    vocabulary: Vocabulary,
    seen: NDArray[Any],
    right: Sequence[str],
    width: int,
    length_power: float,
    called: NDArray[np.int64] | None = None,
    at_once: int = 250,
) -> dict[str, list[str]]:
    """What the model writes of what is seen (n, ...), `at_once` at a time: by beam search; with `called` (see
    `mirrored`) what a second look chooses of that; greedily; and with the true words before each (teacher forcing)."""
    tokens = tokens_of(vocabulary, right)
    written: dict[str, list[str]] = {}
    for first in range(0, len(seen), at_once):
        part = slice(first, first + at_once)
        found = model.alternatives(seen[part], width, length_power)
        ways: dict[str, Sequence[Any]] = {
            "beam": [texts[0] for texts in found],
            "greedy": model.write(seen[part]),
            "teacher_forced": model.forced(seen[part], tokens[part]),
        }
        if called is not None:
            chosen = model.second_look(seen[part], found, called, length_power)
            ways["second_look"] = [texts[0] for texts in chosen]
        for way, said in ways.items():
            written.setdefault(way, []).extend(text_of(vocabulary, text) for text in said)
    return written
