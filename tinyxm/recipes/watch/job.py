"""The recipe: two watchers of one kind, for writing and for balls; and for each its twin that sees the last frame."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tinyxm.data import Vocabulary
from tinyxm.models.captioner import Captioner, Encoder
from tinyxm.models.watcher import EarlyFilmEncoder, FilmEncoder, RecurrentFilmEncoder
from tinyxm.recipes.baselines import Scores, score_texts, score_told
from tinyxm.recipes.recipe import Goal, Progress, Recipe, Results, Stage
from tinyxm.recipes.run import Run
from tinyxm.recipes.sentences import text_of, vocabulary_of, written
from tinyxm.recipes.settings import Settings
from tinyxm.recipes.watch import bouncing, report, writing
from tinyxm.recipes.watch.bouncing import ClipBatches, Clips
from tinyxm.recipes.watch.films import as_balls, as_writing
from tinyxm.recipes.watch.scores import (
    balls_by_ridge,
    baselines,
    coarse,
    judged_balls,
    judged_writing,
    writing_by_ridge,
)
from tinyxm.recipes.watch.writing import WritingBatches, Writings
from tinyxm.training.report import Section

FROZEN = "_last_frame"  # ending of the stage that is shown the last frame alone
# Seeds of the simulated hands, and how many clips with which seed: each in one part alone
HANDS = {"train": range(60), "validation": range(1000, 1006), "test": range(1100, 1108)}
UNUSUAL_HANDS = {"validation": range(2100, 2106), "test": range(2000, 2006)}
CLIPS = {"train": (6000, 0), "validation": (500, 2), "test": (500, 1)}


# Each model's encoder, and the widths of its convolutions
ENCODERS: dict[str, tuple[Callable[..., Encoder], tuple[int, ...]]] = {
    "early": (EarlyFilmEncoder, (32, 64, 96)),
    "factored": (FilmEncoder, (16, 32, 48)),
    "whole": (partial(FilmEncoder, factored=False), (16, 32, 48)),
    "recurrent": (RecurrentFilmEncoder, (16, 32, 48)),
}
# Frames, side and channels of the films; how many numbers tell each word what the whole film is (see `Captioner`)
KINDS = {
    "writing": (writing.FRAMES, writing.PIXELS, 1, 128),
    "balls": (bouncing.FRAMES, bouncing.PIXELS, 3, 0),
}


@dataclass(frozen=True)
class WatchSettings(Settings):
    """`epochs` are passes over the training films of writing; those of the balls are passed over `ball_epochs` times
    for each. `features` is the width of the decoder; `beam` texts are under way in beam search, and compared by
    Σ ln p / length^length_power."""

    EPOCHS: ClassVar[tuple[int, int]] = (8, 1)
    MODELS: ClassVar[tuple[str, ...]] = tuple(ENCODERS)

    features: int = 96
    ball_epochs: float = 1.5
    beam: int = 4
    length_power: float = 0.6
    batch_size: int = 32
    learning_rate: float = 4e-3
    weight_decay: float = 0.02
    warm_up: int = 50
    clip: float = 1.0


@dataclass(frozen=True)
class Data:
    """Films to train on, and to be asked about, by part."""

    writing: Writings
    hands: Mapping[str, Writings]
    balls: Clips
    unseen_balls: Clips

    def __len__(self) -> int:
        return len(self.writing) + len(self.balls)


class Watch(Recipe):
    """Video → text: what is being written, and what two balls do, by convolutions over space and time."""

    name = "watch"
    arrow = "video → text"
    title = "Watch: films → words"
    summary = "name characters while they are written; tell which way balls move, and which hits what"
    settings = WatchSettings
    goals = tuple(
        Goal(f"{part}.exact_match", f"{part}.baselines.{bar}.exact_match")
        for part in ("unseen_hands", "unusual_hands", "unseen_balls.sentences")
        for bar in ("last_frame", "nearest_training_video", "linear")
    )
    criterion = "unusual_hands.exact_match"
    titles = report.TITLES
    rows = report.ROWS
    notes = report.NOTES
    credits = report.CREDITS
    makes: ClassVar = {"video": ("text",)}

    def load(self, settings: Any, progress: Progress) -> Data:
        """Films by part. With `validation` other hands and other clips are asked about, and the test's left alone."""
        part = "validation" if settings.validation else "test"

        def written(seeds: Sequence[int], unusual: bool = False) -> Writings:
            hands, characters = seeds, writing.CHARACTERS
            if settings.quick:
                hands, characters = seeds[:2], writing.CHARACTERS[::4]
            return writing.writings(hands, characters, unusual, progress)

        def balls(count: int, seed: int) -> Clips:
            return bouncing.clips(count // 30 if settings.quick else count, seed, progress)

        asked = {"unseen_hands": written(HANDS[part]), "unusual_hands": written(UNUSUAL_HANDS[part], unusual=True)}
        return Data(written(HANDS["train"]), asked, balls(*CLIPS["train"]), balls(*CLIPS[part]))

    def describe(self, data: Data) -> str:
        asked = ", ".join(f"{len(some):,} by {part.replace('_', ' ')}" for part, some in data.hands.items())
        balls = f"{len(data.balls):,} simulated clips of balls, {len(data.unseen_balls):,} unseen, both ways"
        return f"{len(data.writing):,} films of writing to learn from, {asked}; {balls}"

    def stages(self, settings: Settings) -> list[str]:
        """Both watchers, each with its twin; to choose settings the twins aren't needed."""
        return [kind + seen for kind in KINDS for seen in ("", FROZEN)[: 1 if settings.validation else 2]]

    def stage(self, name: str, run: Run) -> Stage:
        settings, data = run.settings, run.data
        batches: WritingBatches | ClipBatches
        kind = name.removesuffix(FROZEN)
        if kind == "writing":
            vocabulary = vocabulary_of(data.writing.texts)
            batches = WritingBatches(data.writing, vocabulary, settings.batch_size, settings.seed)
            epochs = settings.passes
        else:
            vocabulary = vocabulary_of([*data.balls.texts, *data.balls.backwards])
            batches = ClipBatches(data.balls, vocabulary, settings.batch_size, settings.seed)
            epochs = max(1, round(settings.passes * settings.ball_epochs))
        facts = {"vocabulary": list(vocabulary.index), "longest": batches.tokens.shape[-1] - 1}

        def batch(step: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
            films, tokens = batches.batch(step)
            return shown(films, name), tokens

        return Stage(epochs * batches.steps_per_epoch, batch, facts)

    def build(self, stage: str, settings: Any, facts: Mapping[str, Any]) -> Captioner:
        rng = np.random.default_rng(settings.seed)
        frames, side, channels, whole = KINDS[stage.removesuffix(FROZEN)]
        make, widths = ENCODERS[settings.model]
        encoder = make(frames, side, channels, settings.features, widths, rng=rng)
        words, longest = len(facts["vocabulary"]), facts["longest"]
        return Captioner(encoder, words, settings.features, 4, 1, longest, dropout=0.0, rng=rng, whole=whole)

    def score(self, run: Run) -> Results:
        data, results = run.data, Results()
        results["data"] = {"leaks": report.leaks(data)}
        if "writing" in run.stages:
            beside = self._beside_writing(run)
            results |= {part: self._writing(run, some, beside[part]) for part, some in data.hands.items()}
        if "balls" in run.stages:
            results["unseen_balls"] = self._balls(run)
        return results

    def _beside_writing(self, run: Run) -> dict[str, dict[str, list[str]]]:
        """What the baselines answer, by part; fitted once for all parts, on films and on as many varied ones."""
        train, hands = run.data.writing, run.data.hands
        if run.settings.validation:
            return {part: {} for part in hands}
        fine, texts = writing.with_varied(train, np.random.default_rng([run.settings.seed, 5]))
        asked = np.concatenate([coarse(some.films) for some in hands.values()])
        films = coarse(fine)
        del fine  # 200 MB
        found = baselines(films, texts, asked, writing_by_ridge(texts))
        ends = np.cumsum([0, *map(len, hands.values())])
        return {
            part: {name: said[first:last] for name, said in found.items()}
            for part, first, last in zip(hands, ends, ends[1:], strict=False)
        }

    def _writing(self, run: Run, asked: Writings, beside: Mapping[str, list[str]]) -> Scores:
        """Names of whole films, and of films that stop early."""
        films = writing.seen(asked.films)
        said, others = self._said(run, "writing", films, asked.texts)
        scores = score_told(
            lambda texts: judged_writing(texts, asked.texts),
            said,
            {**others, **beside},
            groups=asked.hands,
            over="hands",
            resamples=_resamples(run),
        )
        curves: dict[str, list[float]] = {}
        for stage, name in (("writing", "this model"), ("writing" + FROZEN, "last frame alone")):
            if stage in run.stages:
                for k in range(2, writing.FRAMES + 1, 2):
                    texts = tell(run, stage, writing.so_far(films, k))
                    pairs = judged_writing(texts, asked.texts)["accuracy"]
                    curves.setdefault(name, []).append(float(pairs[:, 0].mean()))
        return {**scores, "accuracy_so_far": curves}

    def _balls(self, run: Run) -> Scores:
        """Sentences of films, and of the same films played backwards."""
        train, asked = run.data.balls, run.data.unseen_balls
        raw = np.concatenate([asked.films, asked.films[:, ::-1]])
        films = bouncing.seen(raw)
        right, known = [*asked.texts, *asked.backwards], [*train.texts, *train.backwards]
        beside = {}
        if not run.settings.validation:
            both = coarse(train.films)
            both = np.concatenate([both, both[:, ::-1]])
            beside = baselines(both, known, coarse(raw), balls_by_ridge([bouncing.parse(text) for text in known]))
        said, others = self._said(run, "balls", films, right)
        options: dict[str, Any] = {
            "groups": np.tile(np.arange(len(asked)), 2),
            "over": "films, with their reverse",
            "resamples": _resamples(run),
        }
        beside = {**others, **beside}
        return {
            "sentences": score_texts(right, said, beside, **options),
            "parts": score_told(lambda texts: judged_balls(texts, right), said, beside, **options),
        }

    def _said(
        self, run: Run, stage: str, films: NDArray[np.float32], right: list[str]
    ) -> tuple[list[str], dict[str, list[str]]]:
        """What the model says by beam search; and otherwise, and what its twin says that sees the last frame."""
        settings, vocabulary = run.settings, Vocabulary.of(run.facts(stage)["vocabulary"])
        found = written(run.model(stage), vocabulary, films, right, settings.beam, settings.length_power)
        said = found.pop("beam")
        if stage + FROZEN in run.stages:
            frozen = stage + FROZEN
            twin = written(
                run.model(frozen), vocabulary, shown(films, frozen), right, settings.beam, settings.length_power
            )
            found = {"last_frame": twin["beam"], **found}
        return said, found

    def introduction(self, results: Results) -> str:
        return report.introduction(results)

    def sections(self, run: Run, results: Results) -> list[Section]:
        return report.sections(run, results)

    def make(self, run: Run, given: Mapping[str, Any], to: str, count: int, rng: np.random.Generator) -> list[str]:
        """What is seen in a film, as writing and as balls; the `count` likeliest of each."""
        found = []
        for stage, said, films in (
            ("writing", "as writing", as_writing(given["video"])),
            ("balls", "as balls", as_balls(given["video"])),
        ):
            if stage in run.stages:
                vocabulary = Vocabulary.of(run.facts(stage)["vocabulary"])
                width, power = max(count, run.settings.beam), run.settings.length_power
                (texts,) = run.model(stage).alternatives(films, width, power)
                found.append([f"{said}: {text_of(vocabulary, text)}" for text in texts[:count]])
        return ["; ".join(each) for each in zip(*found, strict=True)]


def shown(films: NDArray[Any], stage: str) -> NDArray[Any]:
    """The films (n, frames, ...) as a stage is shown them: frozen at the last frame, or as they are."""
    return np.repeat(films[:, -1:], films.shape[1], axis=1) if stage.endswith(FROZEN) else films


def tell(run: Run, stage: str, films: NDArray[Any]) -> list[str]:
    """What a stage says of films, greedily."""
    model, vocabulary = run.model(stage), Vocabulary.of(run.facts(stage)["vocabulary"])
    parts = (shown(films[first : first + 250], stage) for first in range(0, len(films), 250))
    return [text_of(vocabulary, text) for part in parts for text in model.write(part)]


def _resamples(run: Run) -> int:
    return 100 if run.settings.quick else 1000
