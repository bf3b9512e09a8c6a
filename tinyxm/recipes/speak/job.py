"""The recipe: a judge learns to listen, a speaker learns to speak, and the judge tells what it understands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tinyxm import nn
from tinyxm.data.sources.speech import RATE_HZ
from tinyxm.data.sources.utterances import Utterance, utterances
from tinyxm.models.recogniser import Recogniser
from tinyxm.models.speaker import Speaker
from tinyxm.recipes.listen.batches import Utterances
from tinyxm.recipes.listen.scores import among
from tinyxm.recipes.listen.words import ACCENTS, LETTERS, VARIANTS, Spoken, heard, said_by, split_words
from tinyxm.recipes.listen.words import BANDS as HEARD_BANDS
from tinyxm.recipes.recipe import Goal, Progress, Recipe, Results, Stage
from tinyxm.recipes.run import Run
from tinyxm.recipes.settings import Settings
from tinyxm.recipes.speak import report
from tinyxm.recipes.speak.scores import mean_spectrum, measure, nearest_words, score_spoken, speak, waves_of
from tinyxm.recipes.speak.sounds import (
    BANDS,
    HOP,
    PAUSE_SECONDS,
    Batch,
    Phonemes,
    Pronounced,
    collate,
    pronounced,
    sound_of,
)
from tinyxm.steps.looks import Look
from tinyxm.training.report import Section

VOICE = "en-us"


@dataclass(frozen=True)
class SpeakSettings(Settings):
    """`epochs` are passes of the speaker over its words; `judge_epochs` those of the judge over what it listens to."""

    EPOCHS: ClassVar[tuple[int, int]] = (75, 8)

    batch_size: int = 32
    learning_rate: float = 2e-3
    judge_rate: float = 4e-3
    judge_epochs: int = 12
    voices_per_word: int = 4
    weight_decay: float = 0.01
    warm_up: int = 100


@dataclass(frozen=True)
class Data:
    """Words to learn to speak, words to be spoken unheard, and what the judge listens to."""

    train: Pronounced
    asked: Pronounced
    judged: Spoken

    def __len__(self) -> int:
        return len(self.train)


class Speak(Recipe):
    """Text → audio: phonemes to a log-mel spectrogram, and by Griffin and Lim's rule to sound."""

    name = "speak"
    arrow = "text → audio"
    title = "Speak: words, spoken"
    summary = "words never heard, spoken so that a recogniser understands them"
    settings = SpeakSettings
    goals = (
        Goal("unseen_words.word_accuracy", 0.9),
        Goal("unseen_words.word_accuracy", "unseen_words.baselines.nearest_training_word.word_accuracy"),
        Goal(
            "unseen_words.mel_cepstral_distortion",
            "unseen_words.baselines.nearest_training_word.mel_cepstral_distortion",
            at_most=True,
        ),
    )
    criterion = "unseen_words.word_accuracy"
    titles = report.TITLES
    rows = report.ROWS
    notes = report.NOTES
    credits = report.CREDITS
    makes: ClassVar = {"text": ("audio",)}

    def load(self, settings: Any, progress: Progress) -> Data:
        words = split_words(settings.validation, progress)
        if settings.quick:
            words = {part: some[:: max(1, len(some) // 24)] for part, some in words.items()}
        known, withheld = words["train"], words["withheld"]
        drawn = said_by(
            [*known, *withheld], ACCENTS, VARIANTS["train"], 1 if settings.quick else settings.voices_per_word, 4
        )
        # the judge knows the voice and the word, and not the two together
        hidden = {(word, VOICE) for word in withheld}
        judged = [said for said in drawn if (said.text, said.voice) not in hidden]
        judged += [Utterance(word, VOICE) for word in known]
        return Data(pronounced(known, VOICE, progress), pronounced(withheld, VOICE, progress), heard(judged, progress))

    def describe(self, data: Data) -> str:
        minutes = sum(len(mel) for mel in data.train.mels) * HOP / RATE_HZ / 60
        learned = f"{len(data.train):,} words to learn to speak ({minutes:.0f} minutes)"
        return f"{learned}, {len(data.asked):,} to be spoken unheard; {len(data.judged):,} utterances for the judge"

    def stages(self, settings: Settings) -> list[str]:
        return ["judge", "speaker"]

    def stage(self, name: str, run: Run) -> Stage:
        settings, data = run.settings, run.data
        if name == "judge":
            epochs = 1 if settings.quick else settings.judge_epochs
            steps = epochs * max(1, len(data.judged) // settings.batch_size)
            return Stage(steps, Utterances(settings, data.judged, other_voices=False).batch)
        phonemes = Phonemes.of(data.train.phonemes)
        steps = settings.passes * max(1, len(data.train) // settings.batch_size)
        return Stage(steps, Words(settings, data.train, phonemes).batch, {"phonemes": list(phonemes.names)})

    def looks(self, stage: str) -> dict[str, Look]:
        if stage == "speaker":
            return {"batch[4]": "spectrogram"}
        return {"batch.sounds": "spectrogram", "batch.letters": "tokens"}

    def words(self, stage: str) -> dict[str, Sequence[str]]:
        return {"batch.letters": LETTERS} if stage == "judge" else {}

    def build(self, stage: str, settings: Settings, facts: Mapping[str, Any]) -> nn.Module:
        rng = np.random.default_rng(settings.seed)
        if stage == "judge":
            return Recogniser(HEARD_BANDS, len(LETTERS), rng=rng)
        return Speaker(len(facts["phonemes"]) + 1, BANDS, rng=rng)

    def parameter_groups(self, model: nn.Module, settings: Any) -> list[dict[str, Any]]:
        """The judge learns faster."""
        groups = super().parameter_groups(model, settings)
        return [{**group, "lr": settings.judge_rate} for group in groups] if isinstance(model, Recogniser) else groups

    def score(self, run: Run) -> Results:
        data, phonemes = run.data, phonemes_of(run)
        dictionary = among([*data.train.texts, *data.asked.texts])
        spoken = waves_of(speak(run.model("speaker"), phonemes, data.asked.phonemes))
        nearest = data.train[nearest_words(data.train, data.asked)]
        waves = {
            "model": spoken,
            "recording": [
                sound[:, 0] for sound in utterances([Utterance(text, VOICE) for text in data.asked.texts])["audio"]
            ],
            "recording_by_griffin_lim": waves_of(data.asked.mels),
            "nearest_training_word": waves_of(nearest.mels),
            "mean_spectrum": waves_of(mean_spectrum(data.train, data.asked)),
        }
        resamples = 100 if run.settings.quick else 1000
        scores = score_spoken(run.model("judge"), dictionary, data.asked, waves, resamples)
        return {"unseen_words": scores, "sounds": measure(spoken, [len(mel) for mel in data.asked.mels])}

    def introduction(self, results: Results) -> str:
        return report.introduction(results)

    def sections(self, run: Run, results: Results) -> list[Section]:
        return report.sections(run, results, phonemes_of(run), VOICE)

    def make(
        self, run: Run, given: Mapping[str, Any], to: str, count: int, rng: np.random.Generator
    ) -> list[tuple[NDArray[np.float32], int]]:
        """The text spoken `count` times, each from other phases: words one by one, with short pauses."""
        names = utterances([Utterance(word, VOICE) for word in given["text"].split()])["phonemes"]
        mels = speak(run.model("speaker"), phonemes_of(run), names)
        pause = np.zeros(round(PAUSE_SECONDS * RATE_HZ), np.float32)
        made = []
        for _ in range(count):
            parts = [part for mel in mels for part in (sound_of(mel, rng), pause)]
            made.append((np.concatenate(parts[:-1]), RATE_HZ))
        return made


def phonemes_of(run: Run) -> Phonemes:
    """The phonemes that a run's speaker knows."""
    return Phonemes(run.facts("speaker")["phonemes"])


class Words:
    """Batches of words to learn to speak; each epoch has every word once, in an order of its own."""

    def __init__(self, settings: Any, train: Pronounced, phonemes: Phonemes) -> None:
        self.settings, self.train, self.phonemes = settings, train, phonemes

    def batch(self, step: int) -> Batch:
        """Of the step alone."""
        size = min(self.settings.batch_size, len(self.train))
        epoch, place = divmod(step, len(self.train) // size)
        order = np.random.default_rng((self.settings.seed, epoch)).permutation(len(self.train))
        return collate(self.train[order[place * size : (place + 1) * size]], self.phonemes)
