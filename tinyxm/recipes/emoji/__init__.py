"""Pictures ↔ words: two towers learn 1,377 emoji from two drawing styles, and are tested on a third.

The held-out style: trained on every concept as Twemoji and as Noto's outlines, asked about OpenMoji's drawings. Unseen
concepts: trained again without a fifth of the families of concepts, asked about those.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tinyxm import nn, optim
from tinyxm.data import Samples, Split, Vocabulary, content_square, decode, emoji, grouped_split, resize
from tinyxm.models.two_towers import ImageTower, TextTower, TwoTowers
from tinyxm.recipes.emoji.scores import (
    Baselines,
    Scores,
    both_ways,
    embed_drawings,
    embed_texts,
    entry,
    nearest_drawing,
    retrieval_scores,
)
from tinyxm.recipes.emoji.views import SECOND_DRAWING, Batch, Views, texts_of
from tinyxm.training import RunFolder, fit, load_checkpoint

SUMMARY = "image ↔ text: find the picture for a text and the text for a picture, on emoji in three drawing styles"
SPLIT_SEED = 0  # of the unseen concepts: the same for every run, so that seeds can be compared


@dataclass(frozen=True)
class Settings:
    """What a run may be given; all of it goes into config.json.

    `epochs` are passes over the concepts, for the held-out style; the unseen concepts' model takes `unseen_epochs`.
    `validation` scores drawings withheld from training in place of the tests: to choose settings by.
    """

    seed: int = 0
    epochs: int = 180
    unseen_epochs: int = 60
    quick: bool = False
    validation: bool = False
    batch_size: int = 128
    learning_rate: float = 2e-3
    embedding_rate: float = 4e-3
    weight_decay: float = 0.02
    betas: tuple[float, float] = (0.9, 0.98)
    warm_up: int = 40
    clip: float = 5.0

    def __post_init__(self) -> None:
        for name in ("epochs", "unseen_epochs", "batch_size"):
            if getattr(self, name) < 1:
                raise ValueError(f"emoji: {name} {getattr(self, name)}: expected at least 1")
        if self.seed < 0:
            raise ValueError(f"emoji: seed {self.seed}: expected 0 or more")


def train(settings: Settings, folder: RunFolder, console: Console) -> dict[str, Any]:
    """Train, score, and write results.json, plots and report.html; returns the results.

    Goes on from what the folder holds already. Raises Stopped after Ctrl-C, MissingExtra without the `data` extra.
    """
    began = time.perf_counter()
    samples = load(console)
    results: dict[str, Any] = {"recipe": "emoji", "quick": settings.quick}
    everything = np.arange(len(samples))
    if settings.validation:
        return validate(settings, folder, console, samples)
    model, vocabulary = learn("held_out_style", everything, settings.epochs, settings, folder, console, samples)
    console.print("Scoring the held-out style, and fitting the baselines ...")
    results["held_out_style"] = score_held_out_style(model, vocabulary, samples)
    if not settings.quick:
        split = unseen_split(samples)
        unseen, words = learn("unseen_concepts", split["train"], settings.unseen_epochs, settings, folder, console, samples)
        console.print("Scoring the unseen concepts ...")
        results["unseen_concepts"] = score_unseen_concepts(unseen, words, samples, split)
    results["facts"] = {
        "concepts": len(samples),
        "parameters": sum(p.size for p in model.parameters()),
        "seconds": round(time.perf_counter() - began, 1),
    }
    folder.write_results(results)
    return results


def load(console: Console) -> Samples:
    """The emoji, with a progress bar where they're drawn for the first time."""
    with Progress(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), console=console, transient=True) as bar:
        task = bar.add_task("loading emoji", total=None)
        samples = emoji(lambda what, done, total: bar.update(task, description=what, completed=done, total=total))
    console.print(f"{len(samples):,} concepts, each drawn by Twemoji, OpenMoji and Noto; {len(samples.ledger or [])} left out or repaired")
    return samples


def learn(
    stage: str,
    concepts: np.ndarray,
    epochs: int,
    settings: Settings,
    folder: RunFolder,
    console: Console,
    samples: Samples,
    **withheld: np.ndarray,
) -> tuple[TwoTowers, Vocabulary]:
    """Train two towers on these concepts; or take them, trained, from the folder."""
    texts = texts_of(samples)
    vocabulary = Vocabulary([texts[i] for i in concepts])
    views = Views(samples, concepts, vocabulary, settings.batch_size, settings.seed, **withheld)
    model = build(len(vocabulary), settings.seed)
    optimizer = optim.AdamW(parameter_groups(model, settings), lr=settings.learning_rate, betas=settings.betas)
    steps = epochs * views.steps_per_epoch
    schedule = optim.warm_up(settings.warm_up, optim.cosine(steps, floor=0.01))
    columns = (
        *(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()),
        *(TextColumn("steps · loss {task.fields[loss]} ·"), TimeRemainingColumn(), TextColumn("left")),
    )
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(stage.replace("_", " "), total=steps, loss="–")

        def loss(batch: Batch) -> Any:
            return model.loss(batch.views, batch.bag, batch.same)

        def show(record: dict[str, Any]) -> None:
            record["temperature"] = model.temperature
            bar.update(task, completed=record["step"], loss=f"{record['loss']:.3f}")

        facts = {"recipe": "emoji", "vocabulary": list(vocabulary.index), "concepts": [samples.ids[i] for i in concepts]}
        fit(
            *(model, loss, views.batch, optimizer, schedule, steps, folder, stage),
            **{"seed": settings.seed, "clip": settings.clip, "facts": facts, "report": show},
        )
        bar.update(task, completed=steps)
    return model, vocabulary


def build(vocabulary: int, seed: int) -> TwoTowers:
    rng = np.random.default_rng(seed)
    return TwoTowers(ImageTower(rng=rng), TextTower(vocabulary, rng=rng))


def parameter_groups(model: TwoTowers, settings: Settings) -> list[dict[str, Any]]:
    """Matrices decay; biases, scales and temperatures don't; the embedding, whose rows are seldom used, learns faster."""
    embedding = model.text.embedding.weight
    rest = [p for p in model.parameters() if p is not embedding]
    return [
        {"params": [p for p in rest if p.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in rest if p.ndim <= 1], "weight_decay": 0.0},
        {"params": [embedding], "weight_decay": 0.0, "lr": settings.embedding_rate},
    ]


def score_held_out_style(model: TwoTowers, vocabulary: Vocabulary, samples: Samples) -> Scores:
    """All concepts' OpenMoji drawings against all texts, and against the nearest drawing the model was trained on."""
    everything = np.arange(len(samples))
    baselines = Baselines(samples, everything).similarities(samples["openmoji"], everything)
    queries = embed_drawings(model, samples["openmoji"])
    to_texts = queries @ embed_texts(model, vocabulary, texts_of(samples)).T
    to_drawings = nearest_drawing(model, queries, samples)
    return {
        **both_ways(to_texts, baselines),
        "image_to_text_via_images": entry(to_drawings, baselines),
        "text_to_image_via_images": entry(to_drawings.T, {name: matrix.T for name, matrix in baselines.items()}),
    }


def unseen_split(samples: Samples) -> Split:
    """A fifth of the families, whole, for the test."""
    return grouped_split(samples.groups["family"], {"train": 0.8, "test": 0.2}, SPLIT_SEED)


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


def validate(settings: Settings, folder: RunFolder, console: Console, samples: Samples) -> dict[str, Any]:
    """Scores without the tests: a fifth of the concepts lose their outline in training, another fifth their Twemoji.

    The missing drawings are the queries. For unseen concepts, a fifth of the training families is withheld.
    """
    order = np.random.default_rng(123).permutation(len(samples))
    fifth = len(samples) // 5
    no_outline, no_twemoji = order[:fifth], order[fifth : 2 * fifth]
    everything = np.arange(len(samples))
    withheld = {"without_outline": no_outline, "without_twemoji": no_twemoji}
    model, vocabulary = learn(
        "held_out_style", everything, settings.epochs, settings, folder, console, samples, **withheld
    )
    texts = embed_texts(model, vocabulary, texts_of(samples))
    queries = {"outline": (samples["noto"][:, SECOND_DRAWING], no_outline), "twemoji": (samples["twemoji"], no_twemoji)}
    results: dict[str, Any] = {}
    for name, (drawings, concepts) in queries.items():
        similarity = embed_drawings(model, drawings[concepts]) @ texts.T
        results[name] = {
            "image_to_text": retrieval_scores(similarity, concepts),
            "text_to_image": retrieval_scores(similarity[:, concepts].T),
        }
    inner = unseen_split(samples)["train"]
    split = grouped_split(samples.groups["family"][inner], {"train": 0.8, "test": 0.2}, 1)
    train_on, asked = inner[split["train"]], inner[split["test"]]
    model, vocabulary = learn(
        "unseen_concepts", train_on, settings.unseen_epochs, settings, folder, console, samples
    )
    texts = embed_texts(model, vocabulary, [texts_of(samples)[i] for i in asked])
    similarity = embed_drawings(model, samples["twemoji"][asked]) @ texts.T
    baselines = Baselines(samples, train_on).similarities(samples["twemoji"][asked], asked)
    results["unseen_concepts"] = both_ways(similarity, baselines)
    folder.write_results({"recipe": "emoji", "quick": settings.quick, "validation": results})
    return results
