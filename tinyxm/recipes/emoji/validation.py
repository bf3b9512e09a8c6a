"""Validation that touches neither test: drawings and families withheld from the training set itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyxm.data import Samples, Split, Vocabulary, grouped_split
from tinyxm.models.two_towers import TwoTowers
from tinyxm.recipes.baselines import score_retrieval
from tinyxm.recipes.emoji.scores import embed_drawings, embed_texts
from tinyxm.recipes.emoji.views import SECOND_DRAWING, texts_of

SEED = 123


def withheld(concepts: int) -> dict[str, np.ndarray]:
    """A fifth of the concepts lose their outline in training, another fifth their Twemoji: those are the queries."""
    order, fifth = np.random.default_rng(SEED).permutation(concepts), concepts // 5
    return {"without_outline": order[:fifth], "without_twemoji": order[fifth : 2 * fifth]}


def inner_split(samples: Samples, concepts: np.ndarray, groups: str) -> Split:
    """A fifth of the groups of a training set, whole, in the place of the test."""
    split = grouped_split(samples.groups[groups][concepts], {"train": 0.8, "test": 0.2}, SEED)
    return Split({name: concepts[part] for name, part in split.parts.items()})


def score_withheld(model: TwoTowers, vocabulary: Vocabulary, samples: Samples, resamples: int = 1000) -> dict[str, Any]:
    """Scores of the withheld drawings, for both styles: all names, or the withheld drawings, are the gallery."""
    named = embed_texts(model, vocabulary, texts_of(samples))
    missing = withheld(len(samples))
    queries = {"outline": (samples["noto"][:, SECOND_DRAWING], missing["without_outline"])}
    queries["twemoji"] = samples["twemoji"], missing["without_twemoji"]
    results: dict[str, Any] = {}
    for style, (drawings, asked) in queries.items():
        similarity = embed_drawings(model, drawings[asked]) @ named.T
        right = asked[:, None] == np.arange(len(samples))
        results[style] = {
            "image_to_text": score_retrieval(similarity, correct=right, resamples=resamples),
            "text_to_image": score_retrieval(similarity[:, asked].T, resamples=resamples),
        }
    return results
