"""Validation that touches neither test: drawings and families withheld from the training set itself."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyxm.data import Samples, Vocabulary, grouped_split
from tinyxm.metrics import retrieval_scores
from tinyxm.models.two_towers import TwoTowers
from tinyxm.recipes.emoji.scores import Baselines, both_ways, embed_drawings, embed_texts
from tinyxm.recipes.emoji.views import SECOND_DRAWING, texts_of

SEED = 123


def withheld(concepts: int) -> dict[str, np.ndarray]:
    """A fifth of the concepts lose their outline in training, another fifth their Twemoji: those are the queries."""
    order, fifth = np.random.default_rng(SEED).permutation(concepts), concepts // 5
    return {"without_outline": order[:fifth], "without_twemoji": order[fifth : 2 * fifth]}


def inner_split(samples: Samples, concepts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The concepts of a training set, less a fifth of its families; and that fifth."""
    split = grouped_split(samples.groups["family"][concepts], {"train": 0.8, "test": 0.2}, SEED)
    return concepts[split["train"]], concepts[split["test"]]


def score(
    samples: Samples,
    concepts: np.ndarray,
    model: TwoTowers,
    vocabulary: Vocabulary,
    unseen: TwoTowers,
    unseen_vocabulary: Vocabulary,
) -> dict[str, Any]:
    """Scores of the withheld drawings, for both styles, and of the withheld families among `concepts`."""
    texts = texts_of(samples)
    named = embed_texts(model, vocabulary, texts)
    missing = withheld(len(samples))
    queries = {"outline": (samples["noto"][:, SECOND_DRAWING], missing["without_outline"])}
    queries["twemoji"] = samples["twemoji"], missing["without_twemoji"]
    results: dict[str, Any] = {}
    for style, (drawings, asked) in queries.items():
        similarity = embed_drawings(model, drawings[asked]) @ named.T
        results[style] = {
            "image_to_text": retrieval_scores(similarity, asked),
            "text_to_image": retrieval_scores(similarity[:, asked].T),
        }
    known, asked = inner_split(samples, concepts)
    similarity = (
        embed_drawings(unseen, samples["twemoji"][asked])
        @ embed_texts(unseen, unseen_vocabulary, [texts[i] for i in asked]).T
    )
    baselines = Baselines(samples, known).similarities(samples["twemoji"][asked], asked)
    return {**results, "unseen_concepts": both_ways(similarity, baselines)}
