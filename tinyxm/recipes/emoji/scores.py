"""Retrieval scores of the towers, and of the baselines that they are shown beside."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyxm.autograd import no_grad
from tinyxm.data import Samples, Split, TfIdf, Vocabulary, composite, oriented_gradients
from tinyxm.metrics import bootstrap, ranks, retrieval_scores
from tinyxm.models.linear import CanonicalCorrelation, Nearest, PrincipalComponents, Ridge, cosine_similarity
from tinyxm.models.two_towers import TwoTowers
from tinyxm.recipes.emoji.views import SECOND_DRAWING, features, texts_of

Scores = dict[str, Any]


def embed_drawings(model: TwoTowers, drawings: np.ndarray, block: int = 256) -> np.ndarray:
    """RGBA drawings (n, 32, 32, 4) → their vectors (n, dimensions)."""
    model.eval()
    with no_grad():
        return np.concatenate(
            [model.image(features(drawings[i : i + block])).data for i in range(0, len(drawings), block)]
        )


def embed_texts(model: TwoTowers, vocabulary: Vocabulary, texts: list[tuple[str, list[str]]]) -> np.ndarray:
    """(name, keywords) pairs → their vectors (n, dimensions)."""
    model.eval()
    with no_grad():
        return model.text(vocabulary.bag(texts)).data


def nearest_drawing(model: TwoTowers, queries: np.ndarray, samples: Samples) -> np.ndarray:
    """Similarity (queries, concepts) of query vectors to the nearest of each concept's training drawings."""
    drawings = [samples["twemoji"], *np.moveaxis(samples["noto"], 1, 0)]
    return np.max([queries @ embed_drawings(model, style).T for style in drawings], axis=0)


def entry(similarity: np.ndarray, baselines: dict[str, np.ndarray], groups: np.ndarray | None = None) -> Scores:
    """Scores with 95 % intervals of a similarity (queries, gallery) whose item i answers query i, and of baselines'."""
    scored = {name: scored_with_intervals(matrix, groups) for name, matrix in baselines.items()}
    return {**scored_with_intervals(similarity, groups), "baselines": {"chance": chance(len(similarity)), **scored}}


def scored_with_intervals(similarity: np.ndarray, groups: np.ndarray | None) -> Scores:
    scores = retrieval_scores(similarity)
    found = ranks(similarity)

    def all_scores(r: np.ndarray) -> list[float]:
        return [*((r <= k).mean() for k in (1, 5, 10)), (1 / r).mean(), float(np.median(r))]

    low, high = bootstrap(all_scores, found, rng=np.random.default_rng(0), groups=groups)
    return {**scores, "intervals": {name: [a, b] for name, a, b in zip(scores, low, high, strict=True)}}


def chance(n: int) -> Scores:
    """The expected scores of an order drawn at random: exact, so without an interval."""
    ranks = np.arange(1, n + 1)
    return {
        **{f"recall@{k}": min(1, k / n) for k in (1, 5, 10)},
        **{"mrr": float((1 / ranks).mean()), "median_rank": float(np.median(ranks)), "intervals": {}},
    }


class Baselines:
    """Ridge regression, CCA and the nearest training drawing, on oriented gradients + colour and on tf-idf.

    Fitted on the training drawings (Twemoji and the regular outline) of `concepts`.
    """

    def __init__(self, samples: Samples, concepts: np.ndarray) -> None:
        texts = texts_of(samples)
        self.tfidf = TfIdf([texts[i] for i in concepts])(texts)
        train = [samples["twemoji"][concepts], samples["noto"][concepts, SECOND_DRAWING]]
        described = [oriented_gradients(composite(style)) for style in train]
        self.concepts = concepts
        self.nearest = Nearest().fit(np.concatenate(described), np.tile(np.arange(len(concepts)), 2))
        drawings = np.concatenate(described)
        components = min(400, len(concepts) - 1)
        self.image_components = PrincipalComponents(min(256, len(concepts) - 1)).fit(drawings)
        self.text = PrincipalComponents(components).fit(self.tfidf[concepts]).transform(self.tfidf)
        x, y = self.image_components.transform(drawings), np.tile(self.text[concepts], (2, 1))
        self.ridge = Ridge(penalty=0.1).fit(x, y)
        self.correlation = CanonicalCorrelation(128 if len(concepts) == len(samples) else 64).fit(x, y)

    def similarities(self, drawings: np.ndarray, concepts: np.ndarray) -> dict[str, np.ndarray]:
        """{method: similarity (concepts, concepts)} of these concepts' drawings (n, 32, 32, 4) to their texts."""
        described = oriented_gradients(composite(drawings))
        x, y = self.image_components.transform(described), self.text[concepts]
        nearest = self.nearest.similarity(described)
        if not np.array_equal(concepts, self.concepts):  # an unseen concept: by the text of the nearest drawing's own
            nearest = (self.tfidf[self.concepts] @ self.tfidf[concepts].T)[nearest.argmax(axis=1)]
        return {
            "ridge": cosine_similarity(self.ridge.predict(x) - self.ridge.intercept, y - self.ridge.intercept),
            "cca": cosine_similarity(self.correlation.project_x(x), self.correlation.project_y(y)),
            "nearest_training_image": nearest,
        }


def both_ways(
    similarity: np.ndarray, baselines: dict[str, np.ndarray], groups: np.ndarray | None = None
) -> dict[str, Scores]:
    """Entries for images as queries and for texts as queries, of a similarity (images, texts)."""
    return {
        "image_to_text": entry(similarity, baselines, groups),
        "text_to_image": entry(similarity.T, {name: matrix.T for name, matrix in baselines.items()}, groups),
    }


def score_held_out_style(model: TwoTowers, vocabulary: Vocabulary, samples: Samples) -> Scores:
    """All concepts' OpenMoji drawings against all texts, and against the nearest drawing the model was trained on."""
    everything = np.arange(len(samples))
    baselines = Baselines(samples, everything).similarities(samples["openmoji"], everything)
    queries = embed_drawings(model, samples["openmoji"])
    to_texts = queries @ embed_texts(model, vocabulary, texts_of(samples)).T
    to_drawings = both_ways(nearest_drawing(model, queries, samples), baselines)
    return {**both_ways(to_texts, baselines), **{f"{way}_via_images": scores for way, scores in to_drawings.items()}}


def score_unseen_concepts(model: TwoTowers, vocabulary: Vocabulary, samples: Samples, split: Split) -> Scores:
    """The unseen concepts' drawings against their texts: as Twemoji draws them, and under "openmoji" as it does."""
    test = split["test"]
    baselines = Baselines(samples, split["train"])
    texts = embed_texts(model, vocabulary, [texts_of(samples)[i] for i in test])
    families = samples.groups["family"][test]

    def score(style: str) -> Scores:
        drawings = samples[style][test]
        return both_ways(embed_drawings(model, drawings) @ texts.T, baselines.similarities(drawings, test), families)

    return {"concepts": len(test), **score("twemoji"), "openmoji": score("openmoji")}
