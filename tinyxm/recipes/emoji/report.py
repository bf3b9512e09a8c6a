"""What the report of a run shows."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinyxm.data import Samples, Vocabulary
from tinyxm.models.two_towers import TwoTowers
from tinyxm.recipes.emoji.scores import embed_drawings, embed_texts, nearest_drawings
from tinyxm.recipes.emoji.views import texts_of
from tinyxm.training.plots import score_bars, similarity_matrix
from tinyxm.training.report import Plot, Scores, Section
from tinyxm.training.retrievals import Answer, Retrieval, best_and_worst, retrievals
from tinyxm.training.tables import score_tables

TITLES = {
    "held_out_style": "held-out style",
    "unseen_concepts": "unseen concepts",
    "unseen_families": "unseen families",
    "image_to_text": "image → text",
    "text_to_image": "text → image",
    "openmoji": "OpenMoji",
}
ASKED = ("red fruit", "winter sports", "sad cat", "music")  # words of one's own, no concept's name
SHOWN = 40  # concepts in the similarity matrix: as many as can be read


def sections(results: dict[str, Any], samples: Samples, model: TwoTowers, vocabulary: Vocabulary) -> list[Section]:
    """Scores, and what the held-out style's model finds."""
    drawings, names = samples["openmoji"], samples["name"]
    images, texts = embed_drawings(model, drawings), embed_texts(model, vocabulary, texts_of(samples))
    similarity = images @ texts.T
    shown = np.random.default_rng(0).choice(len(samples), min(SHOWN, len(samples)), replace=False)
    shown = shown[np.argsort(samples.groups["category"][shown], kind="stable")]
    queries = embed_texts(model, vocabulary, [(text, []) for text in ASKED])
    asked = [
        Retrieval(text, [Answer(hit.name, hit.score, hit.picture) for hit in hits])
        for text, hits in zip(ASKED, nearest_drawings(model, samples, queries), strict=True)
    ]
    found, missed = best_and_worst(similarity.T, names, names, drawings)
    named, misnamed = best_and_worst(similarity, drawings, names)
    matrix = similarity_matrix(similarity[np.ix_(shown, shown)], [names[i] for i in shown], drawings[shown])
    tables = {part: score_tables({part: results[part]}, TITLES) for part in TITLES if part in results}
    return [
        Section("Results", _results(results, tables)),
        Section(
            "What it finds",
            [
                "Texts, and the drawings nearest to them in a style that the model has never seen. Where there is a "
                "right one, it is framed.",
                Plot(
                    retrievals(asked),
                    "Words of one's own, which name no concept, among the drawings of all styles.",
                    "asked",
                ),
                Plot(retrievals(found), "The texts it is surest of.", "text_to_image_best"),
                Plot(retrievals(missed), "The texts it fails worst on.", "text_to_image_worst"),
                Plot(retrievals(named), "The drawings it is surest of.", "image_to_text_best"),
                Plot(retrievals(misnamed), "The drawings it fails worst on.", "image_to_text_worst"),
                Plot(
                    matrix,
                    f"{len(shown)} concepts at random, by category: rows are OpenMoji's drawings, columns names.",
                    "similarity",
                ),
            ],
        ),
    ]


def unlearned(batch_size: int) -> tuple[float, str]:
    """The loss of towers that know nothing, and why it is that."""
    value = 2 * math.log(batch_size)
    return value, (
        "The loss is the sum of two contrastive losses, each ln(batch) for a model that knows nothing: it would stay "
        f"at 2·ln {batch_size} = {value:.2f}."
    )


def introduction(results: dict[str, Any]) -> str:
    """What was trained and how well it did, in three sentences."""
    scores = results["held_out_style"]
    there, back = scores["text_to_image"], scores["image_to_text"]
    return (
        f"Two towers learned to bring {results['facts']['samples']:,} emoji and their names and keywords together, "
        "from Twemoji's drawings and Noto's outlines. Asked about OpenMoji's drawings, a style they never saw, they "
        f"put the right drawing first for {there['recall@1']:.0%} of the texts and among the first ten for "
        f"{there['recall@10']:.0%}; the right text first for {back['recall@1']:.0%} of the drawings and among the "
        f"first ten for {back['recall@10']:.0%}."
    )


def _results(results: dict[str, Any], tables: dict[str, Any]) -> list[Any]:
    parts: list[Any] = ["Trained on two styles, asked about the third: every concept was seen, none of these drawings."]
    parts += [
        Scores(tables["held_out_style"]),
        Plot(score_bars(tables["held_out_style"]), "Recall at 10 beside the baselines.", "held_out_style"),
    ]
    for part, told in UNSEEN.items():
        if part in tables:
            parts += [told.format(results[part]["concepts"]), Scores(tables[part])]
    return parts


UNSEEN = {
    "unseen_concepts": "{} concepts that weren't trained on, asked about among themselves (most share some word with "
    "one that was). Variants by gender, tone or direction are on one side of the split; relatives, such as a heart of "
    "another colour, may be on both.",
    "unseen_families": "The same, trained again, with {} concepts whose wider families were left out of training "
    "whole: all hearts or none. What the scores lose against those before is what relatives in training were worth.",
}


NOTES = [
    "No score stands alone: beside it are chance, two linear methods (ridge regression and canonical correlation, "
    "on oriented gradients, colour and tf-idf), and the nearest training drawing by the same features, whose "
    "concept's text is the answer. For a held-out style that last one looks the very concept up, so it is the bar "
    "to beat; it could not answer a new text.",
    "“Via images” answers by the nearest training drawing in the model's own vectors.",
    "Intervals are 95 % bootstrap intervals over the queries; they don't tell how much another seed would change.",
    "Concepts of one batch that can't be told apart (equal names, or one outline: prince and princess) would be "
    "false negatives; such pairs take no part in the loss.",
    "The baselines' penalties and sizes were fixed where a trial had found them best on these tests, which favours "
    "the baselines.",
    "A contrastive loss that stays at ln(batch) hasn't learned, however smooth its curve.",
    "Intervals of the unseen concepts resample whole families, since relatives aren't independent.",
]
