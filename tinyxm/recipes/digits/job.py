"""The recipe: what each model is trained on, what it is asked about, and how it answers."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np

from tinyxm.data import SOURCES
from tinyxm.data.sources.handwriting import DIGITS
from tinyxm.models.audio_image import AudioImage, PictureTower, SoundTower, embedded
from tinyxm.models.interpretation.draw import Maps, Words
from tinyxm.recipes import workbench
from tinyxm.recipes.digits import answers, report
from tinyxm.recipes.digits.data import DEVELOPMENT, Data, Pairs, load, stages, utterances
from tinyxm.recipes.digits.scores import ask, coarse, score
from tinyxm.recipes.digits.sounds import BANDS, FRAMES, heard
from tinyxm.recipes.recipe import Goal, Hit, Progress, Recipe, Results, Stage
from tinyxm.recipes.run import Run
from tinyxm.recipes.settings import Settings
from tinyxm.recipes.workbench import gradient_norms
from tinyxm.steps.looks import Look
from tinyxm.training.report import Section


@dataclass(frozen=True)
class DigitsSettings(Settings):
    """`epochs` are passes over the utterances, of each model. `sounds` are "recorded", where TINYXM_FSDD names the
    Free Spoken Digit Dataset, or "synthesised"; by default the first that can be.
    """

    EPOCHS: ClassVar[tuple[int, int]] = (32, 1)

    batch_size: int = 100
    learning_rate: float = 4e-3
    warm_up: int = 30
    dropout: float = 0.3
    sounds: str = ""

    def __post_init__(self) -> None:
        if not self.sounds:
            object.__setattr__(self, "sounds", "recorded" if os.environ.get("TINYXM_FSDD") else "synthesised")
        super().__post_init__()
        if self.sounds not in ("recorded", "synthesised"):
            raise ValueError(f"settings: sounds {self.sounds!r}: expected recorded or synthesised")
        if not 0 <= self.dropout < 1:
            raise ValueError(f"settings: dropout {self.dropout}: expected from 0 to below 1")


def goals() -> list[Goal]:
    """What was asked of the recipe, and to be above every baseline where voices are unknown."""
    found = [Goal("official_split.audio_to_image.recall@1", 0.92)]
    for part in ("unknown_speaker", "untouched_speaker"):
        path = f"{part}.audio_to_image.recall@1"
        found.append(Goal(path, 0.68))
        found += [Goal(path, f"{part}.audio_to_image.baselines.{bar}.recall@1") for bar in report.RETRIEVED]
    return found


class Digits(Recipe):
    """Sounds ↔ pictures: two towers bring spoken and handwritten digits together."""

    name = "digits"
    arrow = "audio ↔ image"
    title = "Digits: spoken ↔ handwritten"
    summary = "the handwritten digit for a spoken one and the other way round, in voices never heard"
    settings = DigitsSettings
    goals = goals()
    criterion = "unknown_speaker.audio_to_image.recall@1"
    titles = report.TITLES
    notes = report.NOTES
    credits: ClassVar = {
        name: f"{SOURCES[name].citation}, {SOURCES[name].licence}"
        for name in ("recorded-digits", "speech", "handwritten-28")
    }
    finds: ClassVar = {"audio": ("image",), "image": ("audio",)}

    def load(self, settings: Any, progress: Progress) -> Data:
        return load(settings.sounds, settings.validation, progress)

    def describe(self, data: Data) -> str:
        speakers = len(np.unique(data.spoken.speakers))
        if data.spoken.official[0]:
            return f"{len(data):,} recordings of {speakers} speakers, {len(data.digits):,} handwritten digits"
        return (
            f"{len(data):,} utterances of {speakers} synthesised voices, {len(data.digits):,} handwritten digits. For "
            "recorded voices, set TINYXM_FSDD: see tinyxm data show recorded-digits."
        )

    def stages(self, settings: Any) -> list[str]:
        return stages(settings.sounds, settings.validation, settings.quick)

    def stage(self, name: str, run: Run) -> Stage:
        settings = run.settings
        train = utterances(name, run.data.spoken, settings.validation)["train"]
        pairs = Pairs(run.data, train, settings.batch_size, settings.seed)
        return Stage(settings.passes * pairs.per_epoch, pairs.batch)

    def build(self, stage: str, settings: Any, facts: Mapping[str, Any]) -> AudioImage:
        rng = np.random.default_rng(settings.seed)
        sound = SoundTower((FRAMES, BANDS), dropout=settings.dropout, rng=rng)
        return AudioImage(sound, PictureTower((28, 28), dropout=settings.dropout, rng=rng))

    def watch(self, model: AudioImage) -> dict[str, float]:
        return {"temperature": model.temperature, **gradient_norms(model)}

    def unlearned(self, settings: Settings) -> tuple[float, str]:
        return report.unlearned(settings.batch_size)

    def looks(self, stage: str) -> dict[str, Look]:
        return {"batch[0]": "spectrogram"}

    def score(self, run: Run) -> Results:
        """Each stage by itself, and all speakers that were left out together."""
        settings, resamples = run.settings, 100 if run.settings.quick else 1000
        asked = {stage: ask(run.model(stage), run.data, stage, settings.validation) for stage in run.stages}
        results: Results = {"data": {"leaks": _leaks(run)}}
        for stage in ("official_split", "unseen_voice"):
            if stage in asked:
                results[stage] = score([asked[stage]], resamples)
        left_out = {name.removeprefix("without_"): a for name, a in asked.items() if name.startswith("without_")}
        if left_out:
            results["unknown_speaker"] = score(list(left_out.values()), resamples)
        if untouched := [a for speaker, a in left_out.items() if speaker not in DEVELOPMENT]:
            results["untouched_speaker"] = score(untouched, resamples)
        results["by_speaker"] = {
            speaker: {"audio_to_image": score([a], resamples)["audio_to_image"]} for speaker, a in left_out.items()
        }
        return results

    def introduction(self, results: Results) -> str:
        return report.introduction(results)

    def sections(self, run: Run, results: Results) -> list[Section]:
        bench = [] if run.settings.quick else workbench.sections(run)
        return [*report.sections(run, results), *bench]

    def pairs(self, run: Run) -> workbench.Pairs:
        """Of the first stage: utterances beside pictures of their digits, held-out voices by held-out pictures."""
        stage, data, spoken = run.stages[0], run.data, run.data.spoken
        model, parts = run.model(stage), utterances(stage, run.data.spoken, run.settings.validation)
        train, beside = Pairs(data, parts["train"], 1, 0).fixed()
        held_out = replace(data, parts={**data.parts, "train": data.parts["test"]})
        test, shown = Pairs(held_out, parts["test"], 1, 0).fixed()
        pictures = np.repeat(data.pictures[beside], 3, axis=-1)
        sounds = embedded(model.sound, heard(spoken.features[test]))
        return workbench.Pairs(
            {"audio": sounds, "image": embedded(model.picture, data.pictures[shown])},
            {"audio": coarse(spoken.features[train]), "image": data.pictures[beside].reshape(len(beside), -1)},
            {"audio": coarse(spoken.features[test]), "image": data.pictures[shown].reshape(len(shown), -1)},
            [DIGITS[digit] for digit in spoken.digits[train]],
            pictures,
            spoken.digits[train],
            spoken.digits[test],
            stage,
        )

    def find(self, run: Run, given: Mapping[str, Any], to: str, top: int) -> list[Hit]:
        model = run.model(run.stages[0])
        if to == "image":
            return answers.find_pictures(model, run.data, given["audio"], top)
        return answers.find_sounds(model, run.data, given["image"], top)

    def inside(self, run: Run, given: Mapping[str, Any]) -> list[Maps | Words]:
        return answers.why(run.model(run.stages[0]), run.data, given.get("audio"), given.get("image"))


def _leaks(run: Run) -> dict[str, list[str]]:
    """Speakers that are on both sides of a split, told of each stage."""
    found = {}
    for stage in run.stages:
        parts = utterances(stage, run.data.spoken, run.settings.validation)
        shared = set(run.data.spoken.speakers[parts["train"]]) & set(run.data.spoken.speakers[parts["test"]])
        told = f"{len(shared)} voices on both sides" if shared else "no voice on both sides"
        found[stage] = [f"{len(parts['train']):,} utterances trained on, {len(parts['test']):,} asked about: {told}"]
    return found
