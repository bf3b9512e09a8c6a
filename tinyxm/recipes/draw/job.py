"""The recipe: a judge, a space of digits and one of emoji, and a diffusion model in each."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from typing import Any, ClassVar

import numpy as np

from tinyxm import nn
from tinyxm.data import CREDITS, Samples, Split, Vocabulary, order, stratified_split
from tinyxm.data.sources.handwriting import DIGITS, handwritten_28
from tinyxm.data.sources.registry import SOURCES
from tinyxm.models.diffusion import Denoiser, Diffusion
from tinyxm.models.two_towers import Bag
from tinyxm.models.vae import ConditionalVAE
from tinyxm.recipes.doubts import told_of_words
from tinyxm.recipes.draw import report
from tinyxm.recipes.draw.draws import drawn, encoded
from tinyxm.recipes.draw.emoji import Drawer, Emoji, fewer, score_emoji
from tinyxm.recipes.draw.judge import Judge, bent
from tinyxm.recipes.draw.scores import Gallery, class_gaussian, simple_drawings
from tinyxm.recipes.draw.words import (
    MISLEADING,
    UNSEEN_PHRASES,
    Text,
    asked_for,
    bag_of,
    is_a_digit,
    vocabulary_of_digits,
)
from tinyxm.recipes.recipe import Goal, Progress, Recipe, Results, Stage
from tinyxm.recipes.run import Run
from tinyxm.recipes.settings import Settings
from tinyxm.training.report import Section

SPLIT_SEED = 0  # the same for every run, so that seeds can be compared
SHAPES = {"digits": (28, 28, 1), "emoji": (32, 32, 3)}
GUIDANCES = (0.5, 1.0, 1.25, 1.5, 2.0, 3.0, 5.0)  # of the sweep


@dataclass(frozen=True)
class Kind:
    """A stage: what share of the run's epochs and of its batch size it takes."""

    epochs: float
    batch: float = 1.0


STAGES = {
    "judge": Kind(0.4, 0.5),
    "digits_space": Kind(0.2, 0.5),
    "digits": Kind(1.0),
    "emoji_space": Kind(0.5, 0.5),
    "emoji": Kind(1.6),
}


@dataclass(frozen=True)
class DrawSettings(Settings):
    """`epochs` are passes of the diffusion model over the digits; the other stages take a share of them.

    `digit_dimensions` and `emoji_dimensions` are those of the spaces, `beta` weighs the VAE's divergence, `width` and
    `blocks` make the denoiser. `steps` and `guidance` are what drawings are made with.
    """

    EPOCHS: ClassVar[tuple[int, int]] = (90, 3)

    betas: tuple[float, ...] = (0.9, 0.99)
    weight_decay: float = 0.01
    digit_dimensions: int = 48
    emoji_dimensions: int = 64
    beta: float = 0.3
    width: int = 256
    blocks: int = 3
    steps: int = 30
    guidance: float = 1.25


@dataclass(frozen=True)
class Drawings:
    """The digits, (n, 28, 28, 1) from 0 to 1, their numbers and their split; and the emoji."""

    samples: Samples
    pictures: np.ndarray
    digits: np.ndarray
    split: Split
    emoji: Emoji

    def __len__(self) -> int:
        return len(self.pictures) + len(self.emoji.pictures)


TO_IMAGE = "digits.text_to_image"


class Draw(Recipe):
    """Text → image: digits and emoji from their words, by a conditional VAE and by diffusion in its space."""

    name = "draw"
    arrow = "text → image"
    title = "Draw: words → pictures"
    summary = "a picture for a text: handwritten digits and emoji, by a conditional VAE and by guided diffusion"
    settings = DrawSettings
    goals = (
        Goal(f"{TO_IMAGE}.judge_accuracy", 0.95),
        Goal(f"{TO_IMAGE}.frechet_distance", f"{TO_IMAGE}.baselines.class_gaussian.frechet_distance", at_most=True),
        Goal(f"{TO_IMAGE}.within_class_spread", 0.8),
        Goal(f"{TO_IMAGE}.pixel_within_class_spread", 0.8),
        Goal("emoji.unseen_concepts.recall@10", "emoji.unseen_concepts.baselines.chance.recall@10"),
    )
    criterion = f"{TO_IMAGE}.frechet_distance"
    titles = report.TITLES
    rows = report.ROWS
    notes = report.NOTES
    credits: ClassVar = {
        "digits": f"{SOURCES['handwritten-28'].citation}; {SOURCES['handwritten-28'].licence}",
        **{name: CREDITS[name] for name in ("twemoji", "names", "keywords")},
    }
    makes: ClassVar = {"text": ("image",)}

    def load(self, settings: Settings, progress: Progress) -> Drawings:
        """Of the digits a fifth is for the judge, a fifth the test; to validate, a sixth of the rest stands for it."""
        samples = handwritten_28()
        digits = samples.groups["digit"]
        split = stratified_split(digits, {"train": 0.6, "judge": 0.2, "test": 0.2}, SPLIT_SEED)
        if settings.validation:
            rest = split["train"]
            inner = stratified_split(digits[rest], {"train": 5 / 6, "test": 1 / 6}, SPLIT_SEED + 1)
            split = Split({"judge": split["judge"], **{name: rest[inner[name]] for name in ("train", "test")}})
        if settings.quick:
            split = fewer(split)
        pictures = samples["image"].astype(np.float32) / 255
        return Drawings(samples, pictures, digits, split, Emoji.load(settings.validation, settings.quick, progress))

    def describe(self, data: Drawings) -> str:
        return (
            f"{len(data.pictures):,} digits, 28 × 28, and {len(data.emoji.pictures):,} emoji, 32 × 32, by their words"
        )

    def stages(self, settings: Settings) -> list[str]:
        return list(STAGES)

    def stage(self, name: str, run: Run) -> Stage:
        data, settings, kind = run.data, run.settings, STAGES[name]
        if name == "judge":
            own = data.split["judge"]
            pictures, digits = data.pictures[own], data.digits[own]
            steps, chosen = turns(len(own), kind, settings)

            def judged(step: int) -> tuple[np.ndarray, np.ndarray]:
                i = chosen(step)
                return bent(pictures[i], np.random.default_rng([settings.seed, 2, step])), digits[i]

            return Stage(steps, judged)
        part = name.removesuffix("_space")
        pictures, vocabulary, bags = self._lessons(part, data)
        steps, chosen = turns(len(pictures), kind, settings)
        facts: dict[str, Any] = {"vocabulary": list(vocabulary.index)}
        if name != part:

            def shown(step: int) -> tuple[np.ndarray, Bag, np.random.Generator]:
                i, rng = chosen(step), np.random.default_rng([settings.seed, 3, step])
                return pictures[i], bags(i, rng), rng

            return Stage(steps, shown, facts)
        m, spread = encoded(run.model(f"{part}_space"), pictures)
        facts["centre"] = m.mean(axis=0).tolist()
        facts["scale"] = np.sqrt(m.var(axis=0) + (spread**2).mean(axis=0)).tolist()

        def noisy(step: int) -> tuple[np.ndarray, Bag, np.random.Generator]:
            i, rng = chosen(step), np.random.default_rng([settings.seed, 4, step])
            return m[i] + spread[i] * rng.standard_normal(m[i].shape, np.float32), bags(i, rng), rng

        return Stage(steps, noisy, facts)

    def _lessons(
        self, part: str, data: Drawings
    ) -> tuple[np.ndarray, Vocabulary, Callable[[np.ndarray, np.random.Generator], Bag]]:
        """The pictures that a part learns from, the words it knows, and a way of saying each picture's text."""
        if part == "digits":
            train, vocabulary = data.split["train"], vocabulary_of_digits()
            digits = data.digits[train]
            return data.pictures[train], vocabulary, lambda i, rng: bag_of(vocabulary, asked_for(digits[i], rng))
        train = data.emoji.split["train"]
        texts = [data.emoji.texts[i] for i in train]
        words = Vocabulary(texts, ngrams=False)
        return data.emoji.pictures[train], words, lambda i, rng: words.bag([texts[k] for k in i], rng)

    def build(self, stage: str, settings: Any, facts: Mapping[str, Any]) -> nn.Module:
        rng = np.random.default_rng(settings.seed)
        if stage == "judge":
            return Judge(rng)
        part, known = stage.removesuffix("_space"), len(facts["vocabulary"])
        dimensions = settings.digit_dimensions if part == "digits" else settings.emoji_dimensions
        if stage != part:
            return ConditionalVAE(SHAPES[part], known, dimensions, beta=settings.beta, rng=rng)
        model = Diffusion(Denoiser(dimensions, known, settings.width, settings.blocks, rng))
        model.centre.data[:], model.scale.data[:] = facts["centre"], facts["scale"]
        return model

    def score(self, run: Run) -> Results:
        data, settings = run.data, run.settings
        judge: Judge = run.model("judge")
        results: Results = {}
        leaks = {
            "digits": data.split.leaks(data.samples),
            "emoji": data.emoji.split.leaks(data.emoji.samples, groups=["variants", "family"]),
        }
        results["data"] = {"leaks": {part: str(report).splitlines() for part, report in leaks.items()}}
        if "digits" in run.stages:
            real, learned = data.split["test"], data.split["train"]
            gallery = Gallery(judge, data.pictures[real], data.digits[real], data.pictures[learned])
            results["digits"] = self._score_digits(run, gallery)
        if "emoji" in run.stages:
            rng = np.random.default_rng([settings.seed, 7])
            drawers: dict[str, Drawer] = {
                way: partial(drawn, run, "emoji", rng=rng, way=way) for way in ("diffusion", "vae")
            }
            results["emoji"] = score_emoji(data.emoji, drawers, "diffusion", settings.quick)
        return results

    def _score_digits(self, run: Run, gallery: Gallery) -> Results:
        data, settings, asked = run.data, run.settings, gallery.digits
        train, rng = data.split["train"], np.random.default_rng([settings.seed, 5])
        texts: list[Text] = [(DIGITS[digit], []) for digit in asked]
        ways = {way: drawn(run, "digits", texts, rng, way) for way in ("diffusion", "vae")}
        space = run.model("digits_space")
        ways["space_gaussian"] = space.decode(
            class_gaussian(encoded(space, data.pictures[train])[0], data.digits[train], asked, rng)
        )
        ways |= simple_drawings(data.pictures[train], data.digits[train], asked, rng)
        scores = {way: gallery.score(pictures, asked) for way, pictures in ways.items()}
        scores["real_digits"] = gallery.score_real()
        phrased = {}
        for name, phrases in (("unseen_phrases", UNSEEN_PHRASES), ("misleading_phrase", (MISLEADING,))):
            said: list[Text] = [(phrase.format(t), []) for phrase, (t, _) in zip(cycle(phrases), texts, strict=False)]
            phrased[name] = {**gallery.score(drawn(run, "digits", said, rng), asked), "baselines": {}}
        sweep = []
        for guidance in GUIDANCES[1:4:2] if settings.quick else GUIDANCES:
            pictures = drawn(run, "digits", texts, np.random.default_rng([settings.seed, 6]), "diffusion", guidance)
            sweep.append({"guidance": guidance, **gallery.measure(pictures, asked)})
        return {
            "text_to_image": {**scores.pop("diffusion"), "baselines": scores},
            **phrased,
            "guidance": sweep,
        }

    def introduction(self, results: Results) -> str:
        return report.introduction(results)

    def sections(self, run: Run, results: Results) -> list[Section]:
        return report.sections(run, results)

    def doubts(self, run: Run, given: Mapping[str, Any]) -> list[str]:
        if is_a_digit(given["text"]):
            return []
        told = told_of_words(given["text"], Vocabulary.of(run.facts("emoji_space")["vocabulary"]))
        return [f"{told}. Then the pictures mean little."] if told else []

    def make(self, run: Run, given: Mapping[str, Any], to: str, count: int, rng: np.random.Generator) -> list[Any]:
        """Pictures of a text: a digit where it asks for one, else an emoji."""
        part = "digits" if is_a_digit(given["text"]) else "emoji"
        return list(drawn(run, part, [(given["text"], [])] * count, rng))


def turns(n: int, kind: Kind, settings: Any) -> tuple[int, Callable[[int], np.ndarray]]:
    """How many steps a stage takes, and which of its n samples each step is about."""
    size = min(n, max(2, round(settings.batch_size * kind.batch)))
    each = n // size

    def chosen(step: int) -> np.ndarray:
        epoch, place = divmod(step, each)
        return order(n, settings.seed, epoch)[place * size : (place + 1) * size]

    return max(1, math.ceil(settings.passes * kind.epochs)) * each, chosen
