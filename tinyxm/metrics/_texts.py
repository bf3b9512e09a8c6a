"""What a text is: a string, or a sequence of tokens (words, numbers).

The truth comes first: `bleu(references, hypotheses)`. A string becomes words by its blanks, and nothing else: case and
punctuation count, so make both sides alike beforehand (`data.words` does). Where several references are right, give a
list of texts in place of one.

    bleu(["the cat sat"], ["the cat sat down"])                      one reference each
    bleu([["the cat sat", "a cat was sitting"]], ["the cat sat"])    two for the one hypothesis
"""

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np

Text = str | Sequence[Hashable]
Tokens = Sequence[Hashable]


def text_pairs(
    name: str,
    references: Sequence[Text | Sequence[Text]],
    hypotheses: Sequence[Text],
    split: Callable[[str], list[str]],
) -> list[tuple[list[Tokens], Tokens]]:
    """Each hypothesis as tokens, with the tokens of its references: of a string's if it is a string itself."""
    if isinstance(references, str) or isinstance(hypotheses, str):
        raise TypeError(f"{name}: a string in place of a list of texts; put it in a list")
    if len(references) != len(hypotheses) or not len(hypotheses):
        raise ValueError(f"{name}: {len(references)} references, {len(hypotheses)} hypotheses; expected one each")
    pairs = []
    for i, (reference, hypothesis) in enumerate(zip(references, hypotheses, strict=True)):
        plain = isinstance(hypothesis, str)
        one = isinstance(reference, str) if plain else not _holds_sequences(reference)
        several: list[Any] = [reference] if one else list(reference)
        if not several:
            raise ValueError(f"{name}: hypothesis {i} has no reference")
        for text in (hypothesis, *several):
            if isinstance(text, str) != plain or not isinstance(text, (str, Sequence, np.ndarray)):
                expected = "a string" if plain else "a sequence of tokens"
                raise TypeError(f"{name}: text {i} is {text!r}; expected {expected}, as its hypothesis is one")
        pairs.append(([_tokens(text, split) for text in several], _tokens(hypothesis, split)))
    return pairs


def _holds_sequences(reference: Any) -> bool:
    return not isinstance(reference, str) and any(isinstance(t, (list, tuple, np.ndarray)) for t in reference)


def _tokens(text: Text, split: Callable[[str], list[str]]) -> Tokens:
    return split(text) if isinstance(text, str) else list(text)
