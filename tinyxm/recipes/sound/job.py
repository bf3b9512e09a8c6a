"""The recipe: a listener learns to understand names, two towers to recognise them, a voice to say them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tinyxm import nn
from tinyxm.data import content_square, resize
from tinyxm.data.emoji import SIZE
from tinyxm.data.sources.speech import RATE_HZ
from tinyxm.data.sources.utterances import Utterance, utterances
from tinyxm.models.namer import ImageSound, SpokenTower, Voice
from tinyxm.models.recogniser import Recogniser
from tinyxm.models.two_towers import ImageTower
from tinyxm.recipes.emoji.views import features
from tinyxm.recipes.listen.batches import Utterances
from tinyxm.recipes.listen.words import BANDS as HEARD_BANDS
from tinyxm.recipes.listen.words import LETTERS
from tinyxm.recipes.recipe import Goal, Hit, Progress, Recipe, Results, Stage
from tinyxm.recipes.run import Run
from tinyxm.recipes.settings import Settings
from tinyxm.recipes.sound import report
from tinyxm.recipes.sound.data import FRAMES, VOICES, Asked, Data, Drawings, Said, ended, load
from tinyxm.recipes.sound.scores import concepts_seen, named, names_heard, score
from tinyxm.recipes.speak.sounds import BANDS, sound_of
from tinyxm.steps.looks import Look
from tinyxm.training.report import Section

JUDGE_BATCH = 32


@dataclass(frozen=True)
class SoundSettings(Settings):
    """`epochs` are passes of the towers over the concepts, `voice_epochs` those of the voice, by `said_at_once` names,
    `judge_epochs` those of the listener over what it hears.

    `contrast` weighs the term that makes what is said be nearer to its own name than to others, at `scale` (1 /
    temperature); at 0 the least absolute error is all that is asked of the sound.
    """

    EPOCHS: ClassVar[tuple[int, int]] = (120, 2)

    learning_rate: float = 3e-3
    dimensions: int = 128
    dropout: float = 0.3
    voice_epochs: int = 100
    said_at_once: int = 48
    contrast: float = 1.0
    scale: float = 20.0
    judge_rate: float = 4e-3
    judge_epochs: int = 6
    voices_per_name: int = 3


class Named(Recipe):
    """Image → audio: a drawing of an emoji to its spoken name, by log-mel bands and Griffin and Lim's rule."""

    name = "sound"
    arrow = "image → audio"
    title = "Sound: drawings, named aloud"
    summary = "the spoken name of an emoji, made from a drawing in a style never seen"
    settings = SoundSettings
    goals = tuple(
        Goal(f"held_out_style.{way}.{figure}", f"held_out_style.{way}.baselines.nearest_training_image.{figure}")
        for way, figures in (
            ("made_sound", ("recall@1", "recall@10")),
            ("listener", ("name_accuracy",)),
            ("image_to_audio", ("recall@1", "recall@10")),
        )
        for figure in figures
    )
    criterion = "twemoji.made_sound.recall@1"
    titles = report.TITLES
    rows = report.ROWS
    notes = report.NOTES
    credits = report.CREDITS
    finds: ClassVar = {"image": ("audio",)}
    makes: ClassVar = {"image": ("audio",)}

    def load(self, settings: Any, progress: Progress) -> Data:
        return load(settings, progress)

    def describe(self, data: Data) -> str:
        return (
            f"{len(data):,} concepts, each drawn in three styles and named by {len(VOICES)} synthesised voices; "
            f"{len(data.judged):,} utterances for the listener"
        )

    def stages(self, settings: Settings) -> list[str]:
        return ["judge", "towers", "voice"]

    def stage(self, name: str, run: Run) -> Stage:
        settings, data = run.settings, run.data
        if name == "judge":
            epochs = 1 if settings.quick else settings.judge_epochs
            batch = min(JUDGE_BATCH, settings.batch_size)
            steps = epochs * max(1, len(data.judged) // batch)
            return Stage(steps, Utterances(replace(settings, batch_size=batch), data.judged).batch)
        if name == "towers":
            drawings = Drawings(data, settings)
            return Stage(settings.passes * drawings.steps_per_epoch, drawings.batch)
        said = Said(data, names_heard(run.model("towers"), data), settings)
        return Stage((2 if settings.quick else settings.voice_epochs) * said.steps_per_epoch, said.batch)

    def looks(self, stage: str) -> dict[str, Look]:
        return {"batch.sounds": "spectrogram", "batch.letters": "tokens"} if stage == "judge" else {}

    def words(self, stage: str) -> dict[str, Sequence[str]]:
        return {"batch.letters": LETTERS} if stage == "judge" else {}

    def build(self, stage: str, settings: Any, facts: Mapping[str, Any]) -> nn.Module:
        rng, dimensions = np.random.default_rng(settings.seed), settings.dimensions
        if stage == "judge":
            return Recogniser(HEARD_BANDS, len(LETTERS), rng=rng)
        if stage == "voice":
            return Voice(len(VOICES), FRAMES, BANDS, dimensions, rng=rng)
        image = ImageTower(dimensions=dimensions, dropout=settings.dropout, rng=rng)
        return ImageSound(image, SpokenTower(FRAMES, BANDS, dimensions, rng=rng))

    def start(self, stage: str, model: Any, run: Run) -> Any:
        """The voice begins with the mean names."""
        if stage == "voice":
            model.usual.data = run.data.usual()
        return model

    def parameter_groups(self, model: nn.Module, settings: Any) -> list[dict[str, Any]]:
        """The judge learns faster."""
        groups = super().parameter_groups(model, settings)
        return [{**group, "lr": settings.judge_rate} for group in groups] if isinstance(model, Recogniser) else groups

    def score(self, run: Run) -> Results:
        data, judge, quick = run.data, run.model("judge"), run.settings.quick
        towers, voice = run.model("towers"), run.model("voice")
        return {part: score(towers, voice, judge, data, asked, quick) for part, asked in data.asked.items()}

    def introduction(self, results: Results) -> str:
        return report.introduction(results)

    def sections(self, run: Run, results: Results) -> list[Section]:
        return report.sections(run, results)

    def find(self, run: Run, given: Mapping[str, Any], to: str, top: int) -> list[Hit]:
        """The spoken names, in the first voice, that agree best with a picture of any size."""
        towers, data = run.model("towers"), run.data
        picture = features(cropped(given["image"])[None])
        (similarity,) = towers.agreement(picture, concepts_seen(towers, data))
        best = np.argsort(-similarity, kind="stable")[:top]
        said = utterances([Utterance(data.names[i], VOICES[0]) for i in best])["audio"]
        return [
            Hit(data.names[i], float(similarity[i]), id=data.samples.ids[i], sound=sound[:, 0], rate_hz=RATE_HZ)
            for i, sound in zip(best, said, strict=True)
        ]

    def make(
        self, run: Run, given: Mapping[str, Any], to: str, count: int, rng: np.random.Generator
    ) -> list[tuple[NDArray[np.float32], int]]:
        """What a picture of any size is called, `count` times: the voices take turns."""
        drawings = np.repeat(cropped(given["image"])[None], count, axis=0)
        asked = Asked(drawings, np.zeros(count, int), np.arange(count) % len(VOICES))
        mels = named(run.model("towers"), run.model("voice"), run.data, asked)
        return [(sound_of(ended(mel), rng), RATE_HZ) for mel in mels]


def cropped(rgba: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """A picture of any size, cropped to what is drawn where it's transparent, as large as the drawings."""
    return resize(content_square(rgba), SIZE)
