"""Retrieval scores of the towers, and of the baselines that they are shown beside."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyxm.autograd import no_grad
from tinyxm.data import Samples, Split, TfIdf, Vocabulary, composite, oriented_gradients
from tinyxm.models.linear import CanonicalCorrelation, Nearest, PrincipalComponents, Ridge, cosine_similarity
from tinyxm.models.two_towers import TwoTowers
from tinyxm.recipes.baselines import Scores, score_both_ways, score_retrieval
from tinyxm.recipes.emoji.views import SECOND_DRAWING, features, texts_of
from tinyxm.recipes.recipe import Hit


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


def nearest_drawings(model: TwoTowers, samples: Samples, queries: np.ndarray, top: int = 5) -> list[list[Hit]]:
    """For each query vector (queries, dimensions) the best concepts, each by the best of its drawings in all styles."""
    drawings = np.concatenate([samples["openmoji"][:, None], samples["twemoji"][:, None], samples["noto"]], axis=1)
    vectors = np.stack([embed_drawings(model, style) for style in np.moveaxis(drawings, 1, 0)], axis=1)
    answers = []
    for scores in np.moveaxis(vectors @ queries.T, 2, 0):
        concepts = np.argsort(-scores.max(axis=1), kind="stable")[:top]
        best = [(i, scores[i].argmax()) for i in concepts]
        answers.append([Hit(samples["name"][i], float(scores[i, k]), drawings[i, k], samples.ids[i]) for i, k in best])
    return answers


def nearest_training_drawing(model: TwoTowers, queries: np.ndarray, samples: Samples) -> np.ndarray:
    """Similarity (queries, concepts) of query vectors to the nearest of each concept's training drawings."""
    drawings = [samples["twemoji"], *np.moveaxis(samples["noto"], 1, 0)]
    return np.max([queries @ embed_drawings(model, style).T for style in drawings], axis=0)


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


def score_held_out_style(model: TwoTowers, vocabulary: Vocabulary, samples: Samples, resamples: int = 1000) -> Scores:
    """All concepts' OpenMoji drawings against all texts, and against the nearest drawing the model was trained on."""
    everything = np.arange(len(samples))
    baselines = Baselines(samples, everything).similarities(samples["openmoji"], everything)
    queries = embed_drawings(model, samples["openmoji"])
    similarities = {
        "": queries @ embed_texts(model, vocabulary, texts_of(samples)).T,
        "_via_images": nearest_training_drawing(model, queries, samples),
    }
    return scored(similarities, baselines, resamples=resamples)


def score_unseen_concepts(
    model: TwoTowers, vocabulary: Vocabulary, samples: Samples, split: Split, resamples: int = 1000
) -> Scores:
    """The unseen concepts' drawings against their texts: as Twemoji draws them, and under "openmoji" as it does.

    "_with_cca" adds the towers' similarity and that of CCA, which err on different concepts, each in units of its own
    standard deviation. Equal weights were best, among ½, 1 and 2, on families withheld from training.
    """
    test = split["test"]
    baselines = Baselines(samples, split["train"])
    texts = embed_texts(model, vocabulary, [texts_of(samples)[i] for i in test])
    families = samples.groups["family"][test]  # relatives aren't independent: intervals resample them together

    def score(style: str) -> Scores:
        drawings = samples[style][test]
        similarity, beside = embed_drawings(model, drawings) @ texts.T, baselines.similarities(drawings, test)
        together = standardised(similarity) + standardised(beside["cca"])
        return scored({"": similarity, "_with_cca": together}, beside, families, "families", resamples)

    return {"concepts": len(test), **score("twemoji"), "openmoji": score("openmoji")}


def scored(
    similarities: dict[str, np.ndarray],
    baselines: dict[str, np.ndarray],
    groups: np.ndarray | None = None,
    over: str = "queries",
    resamples: int = 1000,
) -> Scores:
    """Both ways' scores of each similarity (images, texts) whose diagonal is right, by the ending of its key."""
    told: dict[str, Any] = {"groups": groups, "over": over, "resamples": resamples}
    results: Scores = score_both_ways(similarities.pop(""), baselines, **told)
    for way in tuple(results):
        for ending, similarity in similarities.items():
            scores = score_retrieval(similarity if way == "image_to_text" else similarity.T, **told)
            results[way + ending] = {**scores, "baselines": results[way]["baselines"]}
    return results


def standardised(similarity: np.ndarray) -> np.ndarray:
    return (similarity - similarity.mean()) / similarity.std()
