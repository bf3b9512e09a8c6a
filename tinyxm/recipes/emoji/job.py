"""The recipe: what each stage is trained on, and what it is asked about afterwards."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tinyxm.autograd import Tensor
from tinyxm.data import (
    CREDITS,
    PATTERNED,
    Samples,
    Split,
    TfIdf,
    Vocabulary,
    composite,
    emoji,
    grouped_split,
    oriented_gradients,
)
from tinyxm.models.interpretation.draw import Maps, Words
from tinyxm.models.two_towers import CONTRASTS, ImageTower, TextTower, TwoTowers
from tinyxm.recipes import workbench
from tinyxm.recipes.emoji import ask, report, validation
from tinyxm.recipes.emoji.scores import embed_drawings, embed_texts, score_held_out_style, score_unseen_concepts
from tinyxm.recipes.emoji.views import Batch, Views, texts_of
from tinyxm.recipes.recipe import Goal, Hit, Progress, Recipe, Results, Stage
from tinyxm.recipes.run import Run
from tinyxm.recipes.settings import Settings
from tinyxm.recipes.workbench import Pairs, gradient_norms
from tinyxm.steps.looks import Look, Picture
from tinyxm.training.report import Section

SPLIT_SEED = 0  # of the unseen concepts: the same for every run, so that seeds can be compared


@dataclass(frozen=True)
class Kind:
    """What differs between the models. What tells unseen concepts apart must be shared by several seen ones, so there
    words that a single text has are left out, and more is dropped.
    """

    groups: str  # which concepts a split keeps together; none where no concept is withheld
    share: float  # of the run's epochs
    dropout: float
    word_dropout: float
    ngrams: bool
    min_count: int


STAGES = {
    "held_out_style": Kind("", 1.0, dropout=0.2, word_dropout=0.3, ngrams=True, min_count=1),
    "unseen_concepts": Kind("variants", 0.35, dropout=0.5, word_dropout=0.5, ngrams=False, min_count=2),
    "unseen_families": Kind("family", 0.35, dropout=0.5, word_dropout=0.5, ngrams=False, min_count=2),
}


@dataclass(frozen=True)
class EmojiSettings(Settings):
    """`epochs` are passes over the concepts for the held-out style; the other models take a share of them, since they
    overfit sooner. `embedding_rate` is the learning rate of the words' vectors, `contrast` the loss: "info_nce", where
    the texts of a batch compete for a picture, or "sigmoid" (SigLIP), where each pair is judged by itself. The model
    "small" knows whole words alone and has a twentieth of the parameters: to look at, in the step debugger.
    """

    EPOCHS: ClassVar[tuple[int, int]] = (180, 6)
    MODELS: ClassVar[tuple[str, ...]] = ("standard", "small")

    embedding_rate: float = 4e-3
    contrast: str = "info_nce"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.contrast not in CONTRASTS:
            raise ValueError(f"settings: contrast {self.contrast!r}: expected one of {', '.join(CONTRASTS)}")


def goals() -> list[Goal]:
    """The figures of a trial of the same model in PyTorch on the same data, less about two standard errors."""
    found = []
    for way, first, ten in (
        ("text_to_image", 0.40, 0.67),
        ("image_to_text", 0.38, 0.65),
        ("image_to_text_via_images", 0.0, 0.69),
    ):
        path = f"held_out_style.{way}"
        found += [Goal(f"{path}.recall@1", first)] if first else []
        found.append(Goal(f"{path}.recall@10", ten))
        for score in ("recall@1", "recall@10"):
            found += [
                Goal(f"{path}.{score}", f"{path}.baselines.{bar}.{score}") for bar in ("cca", "nearest_training_image")
            ]
    for way in ("text_to_image", "image_to_text"):
        path = f"unseen_concepts.{way}"
        found += [Goal(f"{path}.recall@1", 0.12), Goal(f"{path}.recall@10", 0.34)]
        found.append(Goal(f"{path}_with_cca.recall@10", f"{path}.baselines.cca.recall@10", margin=0.03))
    return found


class Emoji(Recipe):
    """Pictures ↔ words: two towers learn 1,377 emoji from two drawing styles, and are tested on a third."""

    name = "emoji"
    arrow = "image ↔ text"
    title = "Emoji: pictures ↔ words"
    summary = "the picture for a text and the text for a picture, on emoji in three drawing styles"
    settings = EmojiSettings
    goals = goals()
    criterion = "twemoji.text_to_image.recall@10"
    titles = report.TITLES
    notes = report.NOTES
    credits = CREDITS
    finds: ClassVar = {"text": ("image",), "image": ("text",)}

    def load(self, settings: Settings, progress: Progress) -> Samples:
        return emoji(progress)

    def describe(self, data: Samples) -> str:
        return f"{len(data):,} concepts, each drawn by Twemoji, OpenMoji and Noto"

    def stages(self, settings: Settings) -> list[str]:
        """All; but a smoke run only two, since the third is trained as the second is."""
        return list(STAGES)[: 2 if settings.quick else None]

    def stage(self, name: str, run: Run) -> Stage:
        how, settings = STAGES[name], run.settings
        concepts, withheld = training_set(name, run.data, settings.validation)
        small = settings.model == "small"
        texts = [texts_of(run.data)[i] for i in concepts]
        vocabulary = Vocabulary(texts, how.ngrams and not small, 2 if small else how.min_count)
        views = Views(run.data, concepts, vocabulary, settings.batch_size, settings.seed, how.word_dropout, **withheld)
        steps = math.ceil(settings.passes * how.share) * views.steps_per_epoch
        return Stage(steps, views.batch, {"vocabulary": list(vocabulary.index)})

    def build(self, stage: str, settings: Any, facts: Mapping[str, Any]) -> TwoTowers:
        how, rng = STAGES[stage], np.random.default_rng(settings.seed)
        sizes: tuple[dict[str, Any], dict[str, Any]] = ({}, {})
        if settings.model == "small":
            sizes = {"widths": (16, 32), "dimensions": 32}, {"embedding": 32, "hidden": 64, "dimensions": 32}
        image = ImageTower(dropout=how.dropout, rng=rng, **sizes[0])
        text = TextTower(len(facts["vocabulary"]), dropout=how.dropout, rng=rng, **sizes[1])
        return TwoTowers(image, text, settings.contrast)

    def looks(self, stage: str) -> dict[str, Look]:
        """Of a picture's channels the last three are its colours (`data.edges`)."""
        return {"batch.views": Picture((8, 9, 10), black=1.0, white=-1.0)}

    def loss(self, stage: str, model: TwoTowers, batch: Batch) -> Tensor:
        return model.loss(batch.views, batch.bag, batch.same)

    def watch(self, model: TwoTowers) -> dict[str, float]:
        return {"temperature": model.temperature, **gradient_norms(model)}

    def parameter_groups(self, model: Any, settings: Any) -> list[dict[str, Any]]:
        """The words' vectors, seldom used, learn faster, and don't decay."""
        embedding = model.text.embedding.weight
        groups = super().parameter_groups(model, settings)
        rest = [{**group, "params": [p for p in group["params"] if p is not embedding]} for group in groups]
        return [*rest, {"params": [embedding], "weight_decay": 0.0, "lr": settings.embedding_rate}]

    def score(self, run: Run) -> Results:
        """The scores of every stage that has a checkpoint, and what the splits leak."""
        samples, settings = run.data, run.settings
        resamples = 100 if settings.quick else 1000
        cleaned = samples.ledger.counts() if samples.ledger else {}
        told = {f"{modality}: {fault}, {action}": count for (modality, fault, action), count in cleaned.items()}
        leaks: dict[str, list[str]] = {}
        results: Results = {"data": {"cleaning": told, "leaks": leaks}}
        for stage in run.stages:
            model, vocabulary, groups = run.model(stage), vocabulary_of(run, stage), STAGES[stage].groups
            if not groups and settings.validation:
                results |= validation.score_withheld(model, vocabulary, samples, resamples)
            elif not groups:
                results[stage] = score_held_out_style(model, vocabulary, samples, resamples)
            else:
                split = unseen_split(samples, groups)
                if settings.validation:
                    split = validation.inner_split(samples, split["train"], groups)
                leaks[stage] = str(split.leaks(samples, groups=["variants", "family"])).splitlines()
                results[stage] = score_unseen_concepts(model, vocabulary, samples, split, resamples)
        return results

    def unlearned(self, settings: Any) -> tuple[float, str] | None:
        return report.unlearned(settings.batch_size) if settings.contrast == "info_nce" else None

    def introduction(self, results: Results) -> str:
        return report.introduction(results)

    def sections(self, run: Run, results: Results) -> list[Section]:
        model, vocabulary = run.model("held_out_style"), vocabulary_of(run, "held_out_style")
        bench = [] if run.settings.quick else workbench.sections(run)
        return [*report.sections(results, run.data, model, vocabulary), *bench]

    def pairs(self, run: Run) -> Pairs:
        """The unseen concepts in OpenMoji's drawings and as text; without that stage, by the held-out style's model."""
        stage = "unseen_concepts" if "unseen_concepts" in run.stages else "held_out_style"
        samples, model, vocabulary = run.data, run.model(stage), vocabulary_of(run, stage)
        split = unseen_split(samples, "variants")
        if run.settings.validation:
            split = validation.inner_split(samples, split["train"], "variants")
        train, test = split["train"], split["test"]
        texts, drawings = texts_of(samples), {part: samples["openmoji"][rows] for part, rows in split.parts.items()}
        known = TfIdf([texts[i] for i in train])(texts)
        described = {part: oriented_gradients(composite(shown)) for part, shown in drawings.items()}
        asked = [texts[i] for i in test]
        return Pairs(
            {"image": embed_drawings(model, drawings["test"]), "text": embed_texts(model, vocabulary, asked)},
            {"image": described["train"], "text": known[train]},
            {"image": described["test"], "text": known[test]},
            [samples["name"][i] for i in train],
            drawings["train"],
            stage=stage,
        )

    def find(self, run: Run, given: Mapping[str, Any], to: str, top: int) -> list[Hit]:
        model, vocabulary = run.model("held_out_style"), vocabulary_of(run, "held_out_style")
        if "text" in given:
            return ask.find_pictures(model, vocabulary, run.data, given["text"], top)
        return ask.find_names(model, vocabulary, run.data, given["image"], top)

    def doubts(self, run: Run, given: Mapping[str, Any]) -> list[str]:
        model, vocabulary = run.model("held_out_style"), vocabulary_of(run, "held_out_style")
        return ask.doubts(model, vocabulary, run.data, given["text"]) if "text" in given else []

    def inside(self, run: Run, given: Mapping[str, Any]) -> list[Maps | Words]:
        model, vocabulary = run.model("held_out_style"), vocabulary_of(run, "held_out_style")
        return ask.why(model, vocabulary, run.data, given.get("text"), given.get("image"))


def vocabulary_of(run: Run, stage: str) -> Vocabulary:
    """The words that a stage's text tower knows."""
    return Vocabulary.of(run.facts(stage)["vocabulary"])


def unseen_split(samples: Samples, groups: str) -> Split:
    """A fifth of the groups, whole, for the test; but variants of one pattern, such as clock faces, are trained on."""
    labels = samples.groups[groups]
    free = np.flatnonzero(~np.isin(labels, list(PATTERNED)) | (groups != "variants"))
    split = grouped_split(labels[free], {"train": 0.8, "test": 0.2}, SPLIT_SEED)
    test = free[split["test"]]
    return Split({"train": np.setdiff1d(np.arange(len(samples)), test), "test": test})


def training_set(stage: str, samples: Samples, validating: bool) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """The concepts a stage is trained on, and the drawings withheld from it where a run validates."""
    groups = STAGES[stage].groups
    if not groups:
        return np.arange(len(samples)), validation.withheld(len(samples)) if validating else {}
    concepts = unseen_split(samples, groups)["train"]
    return (validation.inner_split(samples, concepts, groups)["train"] if validating else concepts), {}
