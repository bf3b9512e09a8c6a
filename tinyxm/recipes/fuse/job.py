"""The recipe: a model for each task and way of fusing, small enough that all are trained in minutes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from tinyxm import nn
from tinyxm.data import SOURCES
from tinyxm.models.audio_image import convolutions
from tinyxm.models.fusion import FUSIONS, Fusion, modality_dropout
from tinyxm.models.interpretation.draw import Maps, Words
from tinyxm.recipes.fuse import answers, report
from tinyxm.recipes.fuse.data import Task, load
from tinyxm.recipes.fuse.scores import best_alone, predicted, score_missing, score_task
from tinyxm.recipes.recipe import Goal, Hit, Progress, Recipe, Results, Stage
from tinyxm.recipes.run import Run
from tinyxm.recipes.settings import Settings
from tinyxm.recipes.workbench import MissingModalities, missing_modalities
from tinyxm.training.report import Section

FEATURES = 32
EPOCHS = {"digits": 20, "tumours": 60, "credit": 30, "land_use": 25}  # passes over each task's samples


@dataclass(frozen=True)
class FuseSettings(Settings):
    """`epochs` are hundredths of each task's own passes. `missing` is the rate at which a modality of a sample is
    left out in training. `sounds` are as in `digits`; `tables` are "yes" where TINYXM_KEEL names credits and land use.
    """

    EPOCHS: ClassVar[tuple[int, int]] = (100, 5)

    batch_size: int = 64
    learning_rate: float = 3e-3
    weight_decay: float = 0.05
    warm_up: int = 20
    dropout: float = 0.3
    missing: float = 0.3
    sounds: str = ""
    tables: str = ""

    def __post_init__(self) -> None:
        if not self.sounds:
            object.__setattr__(self, "sounds", "recorded" if os.environ.get("TINYXM_FSDD") else "synthesised")
        if not self.tables:
            object.__setattr__(self, "tables", "yes" if os.environ.get("TINYXM_KEEL") else "no")
        super().__post_init__()
        if self.sounds not in ("recorded", "synthesised") or self.tables not in ("yes", "no"):
            raise ValueError(
                f"settings: sounds {self.sounds!r}, tables {self.tables!r}: expected recorded or synthesised, yes or no"
            )
        if not (0 <= self.missing < 1 and 0 <= self.dropout < 1):
            raise ValueError(f"settings: missing {self.missing}, dropout {self.dropout}: expected from 0 to below 1")

    @property
    def tasks(self) -> tuple[str, ...]:
        """The tasks there are data for; a smoke run takes the smallest two."""
        every = ("digits", "tumours", *(("credit", "land_use") if self.tables == "yes" else ()))
        return every[:2] if self.quick else every


class Fuse(Recipe):
    """Several modalities → a label, by five ways of fusing them that bear what is missing."""

    name = "fuse"
    arrow = "several → label"
    title = "Fuse: several modalities, one answer"
    summary = "one label from several modalities, any of which may be missing, fused in five ways"
    settings = FuseSettings
    goals = tuple(
        Goal(f"{task}.{way}.accuracy", f"summary.{task}.best_alone")
        for task in ("digits", "land_use")
        for way in FUSIONS
    )
    criterion = "summary.mean_of_ways"
    finds: ClassVar = {"image": ("text",), "audio": ("text",)}
    fuses = True
    titles = report.TITLES
    rows = report.ROWS
    notes = report.NOTES
    credits: ClassVar = {
        name: f"{SOURCES[name].citation}, {SOURCES[name].licence}"
        for name in ("handwritten-28", "recorded-digits", "speech", "breast-cancer", "credit", "land-use")
    }

    def load(self, settings: Any, progress: Progress) -> dict[str, Task]:
        return load(settings.tasks, settings.sounds, settings.validation, progress)

    def describe(self, data: dict[str, Task]) -> str:
        told = "; ".join(f"{report.TITLES[name]}: {len(task.labels):,} samples" for name, task in data.items())
        if "credit" not in data:
            told += f". Credits and land use aren't here: {SOURCES['credit'].obtain}."
        return told

    def stages(self, settings: Any) -> list[str]:
        return [f"{task}-{way}" for task in settings.tasks for way in FUSIONS]

    def stage(self, name: str, run: Run) -> Stage:
        task, settings = run.data[name.partition("-")[0]], run.settings
        rows = task.parts["train"]
        size = min(settings.batch_size, len(rows))
        per_epoch = len(rows) // size
        inputs = list(task.inputs.values())

        def batch(step: int) -> tuple[list[Any], Any, Any]:
            epoch, place = divmod(step, per_epoch)
            order = np.random.default_rng((settings.seed, 1, epoch)).permutation(rows)
            chosen = order[place * size : (place + 1) * size]
            rng = np.random.default_rng((settings.seed, 2, step))
            present = modality_dropout(np.ones((size, len(inputs)), bool), settings.missing, rng)
            return task.drawn(chosen, rng), present, task.labels[chosen]

        facts = {"shapes": [list(x.shape[1:]) for x in inputs], "classes": len(task.classes)}
        passes = max(1, round(EPOCHS[name.partition("-")[0]] * settings.passes / 100))
        return Stage(passes * per_epoch, batch, facts)

    def build(self, stage: str, settings: Any, facts: Mapping[str, Any]) -> Fusion:
        rng = np.random.default_rng(settings.seed)
        encoders = [encoder(tuple(shape), settings.dropout, rng) for shape in facts["shapes"]]
        head = FUSIONS[stage.partition("-")[2]](len(encoders), FEATURES, facts["classes"], rng=rng)
        return Fusion(encoders, head)

    def score(self, run: Run) -> Results:
        """Every task and way; the curves over the rate of what is missing; and a summary of the best."""
        resamples = 100 if run.settings.quick else 1000
        results: Results = {"data": {"leaks": {name: [task.leak] for name, task in run.data.items()}}}
        summary: dict[str, Any] = {}
        curves: dict[str, Any] = {}
        for name, task in run.data.items():
            models = {way: run.model(f"{name}-{way}") for way in FUSIONS if f"{name}-{way}" in run.stages}
            if not models:
                continue
            results[name] = score_task(models, task, resamples)
            curves[name] = score_missing(models, task, min(resamples, 300))
            reached = {way: scores["accuracy"] for way, scores in results[name].items()}
            best = max(reached, key=lambda way: reached[way])
            summary[name] = {"best_way": best, "best_fusion": reached[best]}
            if "late" in models:
                summary[name]["best_alone"] = best_alone(results[name]["late"])
        ways = [scores["accuracy"] for name in summary for scores in results[name].values()]
        return {**results, "missing": curves, "summary": {**summary, "mean_of_ways": float(np.mean(ways))}}

    def find(self, run: Run, given: Mapping[str, Any], to: str, top: int) -> list[Hit]:
        """The digits that a picture, a sound or both say, each with its probability, by the last way trained."""
        return answers.find_classes(_of_digits("find", run), run.data["digits"], given, top)

    def inside(self, run: Run, given: Mapping[str, Any]) -> list[Maps | Words]:
        return answers.why(_of_digits("inside", run), run.data["digits"], given)

    def missing(self, run: Run) -> MissingModalities:
        """Of the first stage: its task's test, with every set of its modalities, and as each goes missing."""
        stage = run.stages[0]
        task, model = run.data[stage.partition("-")[0]], run.model(stage)
        inputs, labels = task.of("test")

        def predict(present: Mapping[str, Any]) -> Any:
            return predicted(model, inputs, np.stack([present[name] for name in task.inputs], axis=1))

        name, _, way = stage.partition("-")
        told = f"{report.TITLES[name]}: {report.WAYS[way][0]}"
        return replace(missing_modalities(predict, labels, list(task.inputs), classes=len(task.classes)), model=told)

    def introduction(self, results: Results) -> str:
        return report.introduction(results)

    def sections(self, run: Run, results: Results) -> list[Section]:
        return report.sections(run, results)


def _of_digits(operation: str, run: Run) -> Fusion:
    stages = [stage for stage in run.stages if stage.startswith("digits-")]
    if not stages:
        raise ValueError(f"{operation}: this run holds no model of digits yet; go on with its training by --resume")
    model: Fusion = run.model(stages[-1])
    return model


def encoder(shape: tuple[int, ...], dropout: float, rng: np.random.Generator) -> nn.Module:
    """A modality's own network, (n, *shape) → (n, 32): convolutions where it's a picture or a spectrogram.

    Without the norm before its ReLU all 32 features of the noisy sounds were 0 for good within an epoch.
    """
    if len(shape) == 3:
        widths = (8, 16) if shape[0] < 40 else (8, 16, 32)
        sides = [-(-side // 2 ** len(widths)) for side in shape[:2]]
        seen = nn.Linear(sides[0] * sides[1] * widths[-1], FEATURES, rng=rng)
        layers = [*convolutions(widths, rng), nn.Flatten(), seen, nn.LayerNorm(FEATURES)]
    else:
        layers = [nn.Linear(shape[0], FEATURES, rng=rng)]
    return nn.Sequential(*layers, nn.ReLU(), nn.Dropout(dropout))
