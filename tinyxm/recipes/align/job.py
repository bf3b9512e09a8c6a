"""The recipe: a deep CCA for each pairing, and every other method of alignment beside it."""

from __future__ import annotations

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tinyxm.data import CREDITS, SOURCES, content_square, resize
from tinyxm.models.deep_correlation import DeepCorrelation
from tinyxm.models.linear import cosine_similarity
from tinyxm.recipes.align import report
from tinyxm.recipes.align.methods import (
    canonical,
    deep_projections,
    difference_from_scikit_learn,
    similarities,
    spectra,
)
from tinyxm.recipes.align.pairings import PAIRINGS, Pairing, pairings
from tinyxm.recipes.baselines import score_both_ways
from tinyxm.recipes.doubts import told_of_words
from tinyxm.recipes.recipe import Goal, Hit, Progress, Recipe, Results, Stage
from tinyxm.recipes.run import Run
from tinyxm.recipes.settings import Settings
from tinyxm.training.report import Section

Data = dict[str, Pairing]


@dataclass(frozen=True)
class AlignSettings(Settings):
    """`epochs` are steps in tens, for a batch is most of the data. `components` are directions of the shared space,
    `hidden`, `dropout` and `eps` (added to the variances) deep CCA's.
    """

    EPOCHS: ClassVar[tuple[int, int]] = (30, 2)

    batch_size: int = 1024
    learning_rate: float = 1e-3
    weight_decay: float = 1e-3
    warm_up: int = 10
    components: int = 32
    hidden: int = 256
    dropout: float = 0.5
    eps: float = 1.0


class Align(Recipe):
    """Pictures, texts, sounds and numbers, each pair brought together by every method of alignment."""

    name = "align"
    arrow = "any ↔ any"
    title = "Alignment: any modality ↔ any other"
    summary = "CCA, generalised, kernel and deep CCA, Procrustes and ridge on four pairs of modalities"
    settings = AlignSettings
    goals = (
        Goal("scikit_learn.two_measures.largest_difference", 1e-5, at_most=True),
        Goal("scikit_learn.two_styles.largest_difference", 1e-5, at_most=True),
        Goal("scikit_learn.spoken_written.largest_difference", 1e-5, at_most=True),
        *(
            Goal(f"{part}.{way}.baselines.cca.recall@10", f"{part}.{way}.baselines.nearest_training_pair.recall@10")
            for part, way in (
                ("two_measures", "mean_to_worst"),
                ("two_styles", "twemoji_to_openmoji"),
                ("picture_text", "text_to_image"),
                ("spoken_written", "audio_to_image"),
            )
        ),
    )
    criterion = "picture_text.text_to_image.recall@10"
    titles = report.TITLES
    rows = report.ROWS
    notes = report.NOTES
    credits: ClassVar = {**CREDITS, "breast-cancer": SOURCES["breast-cancer"].citation}
    finds: ClassVar = {"text": ("image",), "image": ("text",), "audio": ("image",)}

    def load(self, settings: Settings, progress: Progress) -> Data:
        return pairings(self.stages(settings), settings.validation, progress)

    def describe(self, data: Data) -> str:
        return "; ".join(f"{report.TITLES[name]}: {len(p.train):,} + {len(p.test):,}" for name, p in data.items())

    def stages(self, settings: Settings) -> list[str]:
        """All; but a smoke run only the two that are quickest to load."""
        return list(PAIRINGS)[: 2 if settings.quick else None]

    def stage(self, name: str, run: Run) -> Stage:
        pairing, settings = run.data[name], run.settings
        x, y = (pairing.reduced_views[view][pairing.train] for view in pairing.pair)
        size, seed = min(settings.batch_size, len(x)), (settings.seed, zlib.crc32(name.encode()))

        def batch(step: int) -> tuple[Any, Any]:
            rows = np.random.default_rng([*seed, step]).choice(len(x), size, replace=False)
            return x[rows], y[rows]

        components = min(settings.components, x.shape[1], y.shape[1])
        facts = {"x_features": x.shape[1], "y_features": y.shape[1], "components": components}
        return Stage(10 * settings.passes, batch, facts)

    def build(self, stage: str, settings: Any, facts: Mapping[str, Any]) -> DeepCorrelation:
        return DeepCorrelation(
            facts["x_features"],
            facts["y_features"],
            (settings.hidden,),
            facts["components"],
            settings.dropout,
            settings.eps,
            np.random.default_rng(settings.seed),
        )

    def score(self, run: Run) -> Results:
        """Every pairing both ways by every method, the correlation of each direction, and what its split leaks."""
        settings, results = run.settings, {}
        for name in run.stages:
            pairing, model = run.data[name], run.model(name)
            x, y, _ = deep_projections(pairing, model, pairing.test)
            there, back = similarities(pairing, settings.components)
            groups = None if pairing.over == "patients" else pairing.groups[pairing.test]
            results[name] = score_both_ways(
                cosine_similarity(x, y),
                there,
                back,
                ways=pairing.ways,
                correct=pairing.correct,
                groups=groups,
                over=pairing.over,
                resamples=100 if settings.quick else 1000,
            )
            results[name]["spectrum"] = spectra(pairing, model, settings.components)
        near = None if settings.quick else 0.97
        compared = {name: difference_from_scikit_learn(run.data[name]) for name in run.stages}
        results["scikit_learn"] = {name: {"largest_difference": value} for name, value in compared.items()}
        results["data"] = {"leaks": {name: report.leaks(run.data[name], near) for name in run.stages}}
        return results

    def introduction(self, results: Results) -> str:
        return report.introduction(results)

    def sections(self, run: Run, results: Results) -> list[Section]:
        return report.sections(run, results)

    def doubts(self, run: Run, given: Mapping[str, Any]) -> list[str]:
        known: Any = run.data["picture_text"].features["text"]
        told = told_of_words(given["text"], known.index) if "text" in given else ""
        return [f"{told}. Then the order below means little."] if told else []

    def find(self, run: Run, given: Mapping[str, Any], to: str, top: int) -> list[Hit]:
        """By linear CCA: emoji for a text, names for a picture, handwritten digits for a sound."""
        ((modality, value),) = given.items()
        pairing = run.data["spoken_written" if modality == "audio" else "picture_text"]
        model = canonical(pairing, run.settings.components)
        features = pairing.features[modality]
        if modality == "audio":
            sound, rate_hz = value
            described = features([sound], rate_hz)
        elif modality == "image":
            described = features(resize(content_square(value), 32)[None])
        else:
            described = features([(value, [])])
            if not described.any():
                raise ValueError(f"query: {value!r} has no word that was trained on; try other words")
        first = modality == pairing.pair[0]
        projections = (model.project_x, model.project_y) if first else (model.project_y, model.project_x)
        asked = projections[0](pairing.reduced(modality, described))
        scores = cosine_similarity(asked, projections[1](pairing.reduced_views[to]))[0]
        best = np.argsort(-scores, kind="stable")[:top]
        return [report.hit(pairing, to, int(i), float(scores[i])) for i in best]
