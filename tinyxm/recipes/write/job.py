"""The recipe: a judge of real writing, and a writer that hears a character and writes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np

from tinyxm import nn
from tinyxm.autograd import Tensor
from tinyxm.data import SOURCES, Video
from tinyxm.metrics import within_class_spread
from tinyxm.models.writer import Ear, Writer
from tinyxm.recipes.digits.sounds import BANDS, features, heard, varied
from tinyxm.recipes.digits.sounds import FRAMES as HEARD_FRAMES
from tinyxm.recipes.draw.judge import Judge, bent
from tinyxm.recipes.recipe import Goal, Progress, Recipe, Results, Stage
from tinyxm.recipes.run import Run
from tinyxm.recipes.settings import Settings
from tinyxm.recipes.write import report
from tinyxm.recipes.write.data import CHARACTERS, FRAMES, FRAMES_PER_SECOND, SIZE, Data, Said, drawn_hands, load, unit
from tinyxm.recipes.write.scores import Films, Scores, reordered, score_films, simple_films
from tinyxm.steps.looks import Look
from tinyxm.training.report import Section

ENLARGED = 6  # pixels of a film that's written to a file, a side, for each of the model's
HELD_SECONDS = 1.0
PART = "unseen_voices"


@dataclass(frozen=True)
class WriteSettings(Settings):
    """`epochs` are the writer's passes over the utterances. `dimensions` are those of a hand's code, `width` of the
    state; `beta` weighs the code's divergence, `gamma` the naming of what is heard.
    """

    EPOCHS: ClassVar[tuple[int, int]] = (40, 1)

    batch_size: int = 48
    learning_rate: float = 6e-3
    weight_decay: float = 0.01
    warm_up: int = 60
    dimensions: int = 12
    width: int = 192
    dropout: float = 0.2
    beta: float = 0.3
    gamma: float = 20.0


class Write(Recipe):
    """Audio → video: a character, spoken, is written stroke by stroke."""

    name = "write"
    arrow = "audio → video"
    title = "Write: spoken characters, written stroke by stroke"
    summary = "a spoken digit or Japanese syllable is written as a film, stroke by stroke, in a hand drawn or shown"
    settings = WriteSettings
    goals = (
        Goal(f"{PART}.judge_accuracy", 0.9),
        *(
            Goal(f"{PART}.stroke_order", f"{PART}.baselines.{bar}.stroke_order")
            for bar in ("shuffled_frames", "swept", "class_mean")
        ),
        Goal("hand_shown.overlap", "hand_shown.baselines.hand_drawn.overlap"),
    )
    criterion = f"{PART}.stroke_order"
    titles = report.TITLES
    rows = report.ROWS
    notes = report.NOTES
    credits: ClassVar = {
        name: f"{SOURCES[name].citation}, {SOURCES[name].licence}"
        for name in ("characters", "speech", "recorded-digits")
    }
    makes: ClassVar = {"audio": ("video",)}

    def load(self, settings: Any, progress: Progress) -> Data:
        return load(settings.validation, settings.quick, progress)

    def describe(self, data: Data) -> str:
        hands = data.films["train"].shape[1]
        counts = ", ".join(f"{len(said):,} {name.replace('_', ' ')}" for name, said in data.said.items())
        return f"{len(CHARACTERS)} characters in {hands} simulated hands to learn from; utterances: {counts}"

    def stages(self, settings: Settings) -> list[str]:
        return ["judge", "ear", "writer"]

    def stage(self, name: str, run: Run) -> Stage:
        settings, data = run.settings, run.data
        size, seed = settings.batch_size, settings.seed
        if name == "judge":
            own = data.films["judge"][:, :, -1]
            steps = 40 if settings.quick else 500

            def judged(step: int) -> tuple[np.ndarray, np.ndarray]:
                rng = np.random.default_rng([seed, 1, step])
                labels, hands = rng.integers(len(CHARACTERS), size=64), rng.integers(own.shape[1], size=64)
                return bent(unit(own[labels, hands]), rng), labels

            return Stage(steps, judged)
        train, written = everyone(data), data.films["train"]
        each = max(1, len(train) // size)

        def heard_anew(step: int) -> tuple[np.ndarray, np.ndarray, np.random.Generator]:
            epoch, place = divmod(step, each)
            order = np.random.default_rng([seed, 2, epoch]).permutation(len(train))
            rng = np.random.default_rng([seed, 3 if name == "writer" else 4, step])
            rows = order[place * size : (place + 1) * size]
            return varied(train.features[rows], rng), train.labels[rows], rng

        if name == "ear":
            return Stage(max(2, settings.passes * each // 2), lambda step: heard_anew(step)[:2])

        def shown(step: int) -> tuple[Any, ...]:
            sounds, labels, rng = heard_anew(step)
            hands = rng.integers(written.shape[1], size=len(labels))
            own, others = unit(written[labels, hands]), unit(written[other(labels, rng), hands])
            return sounds, own, others, labels, rng

        return Stage(max(2, settings.passes * each), shown)

    def build(self, stage: str, settings: Any, facts: Mapping[str, Any]) -> nn.Module:
        rng = np.random.default_rng(settings.seed)
        if stage == "judge":
            return Judge(rng, len(CHARACTERS))
        if stage == "ear":
            return Ear((HEARD_FRAMES, BANDS), len(CHARACTERS), settings.width, settings.dropout, rng)
        return Writer(
            (HEARD_FRAMES, BANDS),
            len(CHARACTERS),
            FRAMES,
            SIZE,
            settings.dimensions,
            settings.width,
            settings.dropout,
            settings.beta,
            settings.gamma,
            rng,
        )

    def looks(self, stage: str) -> dict[str, Look]:
        return {} if stage == "judge" else {"batch[0]": "spectrogram"}

    def loss(self, stage: str, model: Any, batch: Any) -> Tensor:
        """The writer's in nats per frame."""
        return model.loss(*batch) * (1 / FRAMES) if stage == "writer" else model.loss(*batch)

    def start(self, stage: str, model: Any, run: Run) -> Any:
        """The writer has the ear that learned to name what it hears."""
        if stage == "writer":
            model.ear.load_state_dict(run.model("ear").state_dict())
        return model

    def score(self, run: Run) -> Results:
        data, judge = run.data, run.model("judge")
        real = data.films["test"]
        labels = np.arange(len(CHARACTERS)).repeat(real.shape[1])
        taken_for = judge.look(unit(real[:, :, -1]).reshape(-1, SIZE, SIZE, 1))[1]
        results: Results = {
            "data": {"leaks": {PART: report.leaks(data)}},
            "judge": {"accuracy": float((taken_for == labels).mean()), "intervals": {}, "baselines": {}},
        }
        if "writer" not in run.stages:
            return results
        for part in (PART, "recorded_digits"):
            if part in data.said:
                results[part] = self._score(run, data.said[part], part)
        asked, rng = data.said[PART], np.random.default_rng([run.settings.seed, 6])
        model: Writer = run.model("writer")
        hands = rng.integers(real.shape[1], size=len(asked))
        true = unit(real[asked.labels, hands])
        x = heard(asked.features)
        ways = {
            "model": model.write(x, model.codes(unit(real[other(asked.labels, rng), hands]))),
            "hand_drawn": model.write(x, drawn_hands(model, len(x), rng)),
            "middling_hand": model.write(x),
            "true_other_hand": unit(data.films["train"][asked.labels, hands % data.films["train"].shape[1]]),
        }
        resamples = 100 if run.settings.quick else 1000
        results["hand_shown"] = score_films(judge, true, ways, asked.labels, asked.voices, resamples)
        last = ways["hand_drawn"][:, -1].reshape(len(asked), -1)
        spread = within_class_spread(unit(real[:, :, -1]).reshape(len(labels), -1), labels, last, asked.labels)
        results[PART]["within_class_spread"] = float(spread.mean())
        return results

    def _score(self, run: Run, asked: Said, part: str) -> Scores:
        data, rng = run.data, np.random.default_rng([run.settings.seed, 5])
        real = data.films["test"]
        true = unit(real[asked.labels, rng.integers(real.shape[1], size=len(asked))])
        model: Writer = run.model("writer")
        made: Films = model.write(heard(asked.features), drawn_hands(model, len(asked), rng))
        ways = {"model": made, **reordered(made, rng), **simple_films(data, asked, rng)}
        resamples = 100 if run.settings.quick else 1000
        return score_films(run.model("judge"), true, ways, asked.labels, asked.voices, resamples)

    def introduction(self, results: Results) -> str:
        return report.introduction(results)

    def sections(self, run: Run, results: Results) -> list[Section]:
        return report.sections(run, results)

    def make(self, run: Run, given: Mapping[str, Any], to: str, count: int, rng: np.random.Generator) -> list[Video]:
        """`count` films of a spoken character, each in a hand drawn anew."""
        sound, rate_hz = given["audio"]
        x = heard(features(sound, rate_hz)[None].repeat(count, axis=0))
        seconds = np.arange(FRAMES + 1) / FRAMES_PER_SECOND
        seconds[-1] += HELD_SECONDS
        model: Writer = run.model("writer")
        written = model.write(x, drawn_hands(model, count, rng))
        return [Video(film.repeat(ENLARGED, axis=1).repeat(ENLARGED, axis=2), seconds) for film in written]


def everyone(data: Data) -> Said:
    """The synthesised utterances to learn from, and the recorded ones, where there are any."""
    train, more = data.said["train"], data.said.get("recorded_train")
    if more is None:
        return train
    return Said(
        np.concatenate([train.features, more.features]),
        np.concatenate([train.labels, more.labels]),
        np.concatenate([train.voices, more.voices]),
    )


def other(labels: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """For each character another one."""
    return (labels + rng.integers(1, len(CHARACTERS), size=len(labels))) % len(CHARACTERS)
