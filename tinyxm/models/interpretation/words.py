"""Texts: what each word, or each n-gram of a word, contributes. For token sequences see `scores.of_embedding`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tinyxm import nn
from tinyxm.autograd import Array, Tensor
from tinyxm.data import Vocabulary, words
from tinyxm.models.interpretation.gradients import path_gradient
from tinyxm.models.interpretation.scores import Floats, Score, of_embedding
from tinyxm.ops import reshape

Bag = tuple[NDArray[np.integer], NDArray[np.integer], NDArray[np.floating]]
Text = tuple[str, Sequence[str]]


def word_spans(vocabulary: Vocabulary, text: Text) -> list[tuple[str, slice]]:
    """The words of a text in the order of `vocabulary.bag([text])`, each with the place of its entries there.

    Words of which no part is known are left out, as in the bag.
    """
    name, keywords = text
    spoken = words(name) + list(dict.fromkeys(word for keyword in keywords for word in words(keyword)))
    spans, end = [], 0
    for word in spoken:
        begin, end = end, end + len(vocabulary.indices(word))
        if end > begin:
            spans.append((word, slice(begin, end)))
    return spans


def of_presence(score: Score, bag: Bag, spans: Sequence[slice]) -> tuple[NDArray[np.float32], Score]:
    """(x, s): the presence of each part of one text, ones `(1, parts)`, and the score as a function of that

    s takes `(n, parts)`, 0 where a part is left out; the weights of what is left keep the sum they had together, as a
    text of fewer words would. So `occlusion(s, x, (1,))` leaves out word by word, and `deletion_curve(s, x, ...)` them
    all. With `spans` as `word_spans` gives them, parts are words; `[slice(i, i + 1) ...]` are single entries. Of a text
    with nothing left the score is that of an empty bag. Raises ValueError for a bag of several texts.
    """
    indices, offsets, weights = (np.asarray(part) for part in bag)
    if len(offsets) != 1:
        raise ValueError(f"of_presence: a bag of {len(offsets)} texts; expected one")
    member = np.zeros((len(spans), len(indices)), weights.dtype)
    for row, span in zip(member, spans, strict=True):
        row[span] = 1
    total = weights.sum()

    def of(present: Array) -> Tensor:
        n = len(present)
        kept = present @ member * weights
        left = np.sum(kept, axis=-1, keepdims=True)
        nothing = (left.data if isinstance(left, Tensor) else left) == 0
        scaled = kept * (total / (left + nothing))
        return score((np.tile(indices, n), np.arange(n) * len(indices), reshape(scaled, (n * len(indices),))))

    return np.ones((1, len(spans)), weights.dtype), of


def bag_contributions(
    score: Score, embedding: nn.EmbeddingBag, bag: Bag, baseline: ArrayLike, steps: int = 32
) -> Floats:
    """Cᵢ = ḡ · (αᵢEᵢ − αᵢ/Σα · m) of each entry i of a bag, `(entries,)`;  Σ Cᵢ = s(bag) − s(m)

    Integrated gradients from the vector m, `baseline` `(dimensions,)`, to the bag's own e = Σ αᵢEᵢ: ḡ is the mean
    gradient on the way, and e − m is a sum over the entries. m is what is expected where nothing is known, such as the
    mean of all texts' e. (Not 0: the layer norm that follows in a tower takes e and e/1000 for the same, so that all
    would happen next to 0.) Raises ValueError for a bag of several texts.
    """
    indices, offsets, weights = (np.asarray(part) for part in bag)
    if len(offsets) != 1:
        raise ValueError(f"bag_contributions: a bag of {len(offsets)} texts; expected one")
    e, of = of_embedding(score, embedding, bag)
    nothing = np.asarray(baseline, e.dtype)
    g = path_gradient(of, e, nothing, steps)[0]
    own = weights[:, None] * embedding.weight.data[indices]
    return (own - (weights / weights.sum())[:, None] * nothing) @ g
