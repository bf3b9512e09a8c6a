"""The job from end to end: load, train each stage, score it from its checkpoint, report."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from tinyxm import optim
from tinyxm.autograd import Tensor
from tinyxm.data import PATTERNED, Samples, Split, Vocabulary, emoji, grouped_split
from tinyxm.models.two_towers import ImageTower, TextTower, TwoTowers
from tinyxm.recipes.emoji import validation
from tinyxm.recipes.emoji.report import write
from tinyxm.recipes.emoji.scores import score_held_out_style, score_unseen_concepts
from tinyxm.recipes.emoji.views import Batch, Views, texts_of
from tinyxm.training import RunFolder, fit, load_checkpoint
from tinyxm.training.checkpoint import under

SUMMARY = "image ↔ text: the picture for a text and the text for a picture, on emoji in three drawing styles"
SPLIT_SEED = 0  # of the unseen concepts: the same for every run, so that seeds can be compared


@dataclass(frozen=True)
class Stage:
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
    "held_out_style": Stage("", 1.0, dropout=0.2, word_dropout=0.3, ngrams=True, min_count=1),
    "unseen_concepts": Stage("variants", 0.35, dropout=0.5, word_dropout=0.5, ngrams=False, min_count=2),
    "unseen_families": Stage("family", 0.35, dropout=0.5, word_dropout=0.5, ngrams=False, min_count=2),
}


@dataclass(frozen=True)
class Settings:
    """What a run may be given; all of it goes into config.json.

    `epochs` are passes over the concepts, for the held-out style (180, or 6 for a smoke run); the other models take a
    share of them, since they overfit sooner. `quick` is a smoke run: a few epochs. `validation` scores drawings and
    concepts withheld from training in place of the tests: to choose settings by.
    Raises TypeError for a setting of another type, ValueError for one out of its range.
    """

    seed: int = 0
    epochs: int | None = None
    quick: bool = False
    validation: bool = False
    batch_size: int = 128
    learning_rate: float = 2e-3
    embedding_rate: float = 4e-3
    weight_decay: float = 0.02
    warm_up: int = 40
    clip: float = 5.0

    def __post_init__(self) -> None:
        if self.epochs is None:
            object.__setattr__(self, "epochs", 6 if self.quick else 180)
        for setting in fields(self):
            value, kind = getattr(self, setting.name), int if setting.name == "epochs" else type(setting.default)
            if type(value) is not kind and not (kind is float and type(value) is int):
                raise TypeError(f"emoji: {setting.name} {value!r}: expected {kind.__name__}")
        if self.passes < 1 or self.batch_size < 2 or self.warm_up < 0:
            given = f"epochs {self.epochs}, batch_size {self.batch_size}, warm_up {self.warm_up}"
            raise ValueError(f"emoji: {given}: expected at least 1, 2 and 0")
        if self.seed < 0:
            raise ValueError(f"emoji: seed {self.seed}: expected 0 or more")

    @property
    def passes(self) -> int:
        """The epochs, once settled."""
        return self.epochs or 0

    @classmethod
    def of(cls, config: dict[str, Any]) -> Settings:
        """The settings that a run's config.json holds."""
        return cls(**{setting.name: config[setting.name] for setting in fields(cls) if setting.name in config})


def train(settings: Settings, folder: RunFolder, console: Console) -> dict[str, Any]:
    """Train each stage, score it, and write results.json, plots and report.html; returns the results.

    Goes on from what the folder holds already. Raises Stopped after Ctrl-C, MissingExtra without the `data` extra.
    """
    samples = load(console)
    if settings.quick:
        console.print("A smoke run (--quick): it shows that all works, and learns next to nothing.", style="yellow")
    for stage in stages(settings):
        concepts, withheld = training_set(stage, samples, settings.validation)
        learn(stage, samples, concepts, settings, folder, console, **withheld)
    return evaluate(folder, console, samples)


def stages(settings: Settings) -> list[str]:
    """What a run trains: all stages, but a smoke run only two; the third is trained as the second is."""
    return list(STAGES)[: 2 if settings.quick else None]


def evaluate(folder: RunFolder, console: Console, samples: Samples | None = None) -> dict[str, Any]:
    """Score the folder's checkpoints anew, and write results.json, plots and report.html; returns the results.

    Where a stage hasn't finished, "unfinished" tells how far it is: {stage: [step, steps]}.
    """
    settings = Settings.of(folder.config)
    samples = samples or load(console)
    began = time.perf_counter()
    with console.status("scoring, and fitting the baselines"):
        results, models = score(settings, folder, samples)
    facts = {stage: facts for stage, (*_, facts) in models.items()}
    short = {stage: [told["step"], told["steps"]] for stage, told in facts.items() if told["step"] < told["steps"]}
    absent = {stage: [0, None] for stage in stages(settings) if stage not in models}
    results = {"recipe": "emoji", "quick": settings.quick, **results, "unfinished": short | absent}
    results["facts"] = {
        "concepts": len(samples),
        "parameters": {stage: sum(p.size for p in model.parameters()) for stage, (model, *_) in models.items()},
        "steps": {stage: told["step"] for stage, told in facts.items()},
        "seconds": {stage: round(told["seconds"], 1) for stage, told in facts.items()},
        "scoring_seconds": round(time.perf_counter() - began, 1),
    }
    folder.write_results(results)
    if not settings.validation:
        with console.status("drawing the report"):
            model, vocabulary, _ = models["held_out_style"]
            write(folder, results, samples, model, vocabulary)
    return results


Restored = tuple[TwoTowers, Vocabulary, dict[str, Any]]


def score(settings: Settings, folder: RunFolder, samples: Samples) -> tuple[dict[str, Any], dict[str, Restored]]:
    """The scores of every stage that has a checkpoint, what the splits leak; and the models."""
    resamples = 100 if settings.quick else 1000
    models = {"held_out_style": restore(folder, "held_out_style")}
    model, vocabulary, _ = models["held_out_style"]
    cleaned = samples.ledger.counts() if samples.ledger else {}
    told = {f"{modality}: {fault}, {action}": count for (modality, fault, action), count in cleaned.items()}
    results: dict[str, Any] = {"data": {"cleaning": told, "leaks": {}}}
    scores = results.setdefault("validation", {}) if settings.validation else results
    if settings.validation:
        scores |= validation.score_withheld(model, vocabulary, samples)
    else:
        scores["held_out_style"] = score_held_out_style(model, vocabulary, samples, resamples)
    for stage, how in STAGES.items():
        if how.groups and (folder.path / f"{stage}.safetensors").exists():
            models[stage] = restore(folder, stage)
            split = unseen_split(samples, how.groups)
            if settings.validation:
                split = validation.inner_split(samples, split["train"], how.groups)
            results["data"]["leaks"][stage] = str(split.leaks(samples, groups=["variants", "family"])).splitlines()
            scores[stage] = score_unseen_concepts(*models[stage][:2], samples, split, resamples)
    return results, models


def load(console: Console) -> Samples:
    """The emoji, with a progress bar where they're drawn for the first time."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("loading emoji", total=None)
        samples = emoji(lambda what, done, total: bar.update(task, description=what, completed=done, total=total))
    console.print(f"{len(samples):,} concepts, each drawn by Twemoji, OpenMoji and Noto")
    return samples


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


def learn(
    stage: str,
    samples: Samples,
    concepts: np.ndarray,
    settings: Settings,
    folder: RunFolder,
    console: Console,
    **withheld: np.ndarray,
) -> None:
    """Train two towers on these concepts; the folder's checkpoint of this stage holds them then."""
    how = STAGES[stage]
    vocabulary = Vocabulary([texts_of(samples)[i] for i in concepts], how.ngrams, how.min_count)
    views = Views(samples, concepts, vocabulary, settings.batch_size, settings.seed, how.word_dropout, **withheld)
    model = build(stage, len(vocabulary), settings.seed)
    optimizer = optim.AdamW(parameter_groups(model, settings), lr=settings.learning_rate, betas=(0.9, 0.98))
    steps = math.ceil(settings.passes * how.share) * views.steps_per_epoch
    schedule = optim.warm_up(settings.warm_up, optim.cosine(max(1, steps - settings.warm_up), floor=0.01))
    columns = (
        *(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()),
        *(TextColumn("steps · loss {task.fields[loss]} ·"), TimeRemainingColumn(), TextColumn("left")),
    )

    def loss(batch: Batch) -> Tensor:
        return model.loss(batch.views, batch.bag, batch.same)

    def show(record: dict[str, Any]) -> None:
        record["temperature"] = model.temperature
        bar.update(task, completed=record["step"], loss=f"{record['loss']:.3f}")

    facts = {"recipe": "emoji", "vocabulary": list(vocabulary.index)}
    with Progress(*columns, console=console) as bar:
        task = bar.add_task(stage.replace("_", " "), total=steps, loss="–")
        fit(
            model,
            loss,
            views.batch,
            optimizer,
            schedule,
            steps,
            folder,
            stage,
            seed=settings.seed,
            clip=settings.clip,
            threads=folder.config.get("threads"),
            device=folder.config.get("device", "cpu"),
            facts=facts,
            report=show,
        )
        bar.update(task, completed=steps)


def build(stage: str, vocabulary: int, seed: int = 0) -> TwoTowers:
    how, rng = STAGES[stage], np.random.default_rng(seed)
    image = ImageTower(dropout=how.dropout, rng=rng)
    return TwoTowers(image, TextTower(vocabulary, dropout=how.dropout, rng=rng))


def restore(folder: RunFolder, stage: str) -> Restored:
    """A stage's towers as its checkpoint holds them, their vocabulary, and the checkpoint's facts."""
    arrays, facts = load_checkpoint(folder.path / f"{stage}.safetensors")
    if facts.get("recipe") != "emoji":
        raise ValueError(f"checkpoint: {folder.path} is a run of {facts.get('recipe')!r}, not of emoji")
    if facts["stage"] != stage:
        raise ValueError(f"checkpoint: {stage}.safetensors holds {facts['stage']}; put the right file in its place")
    model = build(stage, len(facts["vocabulary"]))
    model.load_state_dict(under("model", arrays))
    model.eval()
    return model, Vocabulary.of(facts["vocabulary"]), facts


def parameter_groups(model: TwoTowers, settings: Settings) -> list[dict[str, Any]]:
    """Matrices decay; biases, scales and temperatures don't; the embedding, its rows seldom used, learns faster."""
    embedding = model.text.embedding.weight
    rest = [p for p in model.parameters() if p is not embedding]
    return [
        {"params": [p for p in rest if p.ndim > 1], "weight_decay": settings.weight_decay},
        {"params": [p for p in rest if p.ndim <= 1], "weight_decay": 0.0},
        {"params": [embedding], "weight_decay": 0.0, "lr": settings.embedding_rate},
    ]
