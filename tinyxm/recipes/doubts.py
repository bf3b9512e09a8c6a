"""What a user should know of a question before believing its answers: words that the model has never met."""

from __future__ import annotations

from collections.abc import Mapping

from tinyxm.data import Vocabulary, words
from tinyxm.data.text import character_ngrams


def told_of_words(text: str, known: Vocabulary | Mapping[str, int]) -> str:
    """Which words of a text a model doesn't know, and by what it goes instead; "" where it knows all of them.

    `known` holds words, and n-grams behind a "#", as the index of a `Vocabulary` or of a `TfIdf`.
    """
    unknown = [word for word in dict.fromkeys(words(text)) if word not in known]
    apart = [word for word in unknown if any("#" + gram in known for gram in character_ngrams(word))]
    told = []
    if apart:
        told.append(f"{_named(apart)}: never seen as a word; it's taken by groups of its letters that were")
    if gone := [word for word in unknown if word not in apart]:
        told.append(f"{_named(gone)}: never seen, nor any part of it; it's left out")
    return ". ".join(told)


def _named(some: list[str]) -> str:
    return ", ".join(f"“{word}”" for word in some)
