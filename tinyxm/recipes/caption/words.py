"""Captions as tokens: a vocabulary that knows where a text begins and ends, and the way there and back."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from tinyxm.data import Vocabulary, padded
from tinyxm.data.text import PADDING, UNKNOWN
from tinyxm.models.captioner import BEGIN, END
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
