"""The recipe: what is listened to, how the two recognisers are trained, and what they are asked afterwards."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from tinyxm.data.sources.recordings import RATE_HZ as RECORDED_HZ
from tinyxm.data.sources.recordings import recorded_digits
from tinyxm.data.sources.utterances import Utterance
from tinyxm.models.interpretation.draw import Maps, Words
from tinyxm.models.recogniser import Recogniser
from tinyxm.recipes.listen import answers, report
from tinyxm.recipes.listen.batches import Utterances
from tinyxm.recipes.listen.scores import (
    Scores,
    WordBaselines,
    among,
    error_by_voice,
    listen,
    score_texts,
    spelling,
    written_by_beam,
    written_from_list,
    written_greedily,
)
from tinyxm.recipes.listen.words import (
    ACCENTS,
    BANDS,
    LETTERS,
    UNHEARD_ACCENTS,
    VARIANTS,
    Spoken,
    features_of,
    heard,
    said_by,
    split_words,
)
from tinyxm.recipes.recipe import Goal, Progress, Recipe, Results, Stage
from tinyxm.recipes.run import Run
from tinyxm.recipes.settings import Settings
from tinyxm.steps.looks import Look
from tinyxm.training.report import Section

VOICES_PER_WORD = 12
NEW_SPEAKERS = ("theo", "yweweler")  # of the recorded digits, asked about and never trained on
VALIDATION_SPEAKER = "nicolas"


@dataclass(frozen=True)
class ListenSettings(Settings):
    """`epochs` are passes over the synthesised words."""

    EPOCHS: ClassVar[tuple[int, int]] = (12, 1)

    batch_size: int = 64
    learning_rate: float = 6e-3
    weight_decay: float = 0.01
    warm_up: int = 100


@dataclass(frozen=True)
class Data:
    """Utterances to train on, and to ask about by part; recorded digits where there are any."""

    train: Spoken
    asked: dict[str, Spoken]
    said: dict[str, list[Utterance]]
    words: dict[str, list[str]]
    recorded: dict[str, Spoken] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.train)


class Listen(Recipe):
    """Audio → text: spoken words, letter by letter, by a convolutional and recurrent encoder and CTC."""

    name = "listen"
    arrow = "audio → text"
    title = "Listen: spoken words, spelt"
    summary = "spoken words letter by letter, in voices never heard, and words never heard either"
    settings = ListenSettings
    goals = (
        Goal("unseen_voice.character_error", 0.05, at_most=True),
        *(
            Goal(f"unseen_voice.{score}", f"unseen_voice.baselines.{bar}.{score}", at_most=score == "character_error")
            for bar in ("nearest_training_example", "ridge")
            for score in ("character_error", "word_accuracy")
        ),
        Goal(
            "unseen_words.character_error",
            "unseen_words.baselines.nearest_training_example.character_error",
            at_most=True,
        ),
    )
    criterion = "unseen_voice.character_error"
    titles = report.TITLES
    rows = report.ROWS
    notes = report.NOTES
    credits = report.CREDITS
    makes: ClassVar = {"audio": ("text",)}

    def load(self, settings: Any, progress: Progress) -> Data:
        """Spoken words by part, each part in voices of its own; and recorded digits, where TINYXM_FSDD names them."""
        words = split_words(settings.validation, progress)
        if settings.quick:
            words = {part: some[:: max(1, len(some) // 60)] for part, some in words.items()}
        known, withheld = words["train"], words["withheld"]
        unheard = VARIANTS["validation" if settings.validation else "test"]
        times = 1 if settings.quick else VOICES_PER_WORD
        asked = {
            "unseen_voice": said_by(known[::2], ACCENTS, unheard, 1, 1),
            "unseen_words": said_by(withheld, ACCENTS, unheard, 2, 2),
            "unseen_accent": said_by(known[1::4], UNHEARD_ACCENTS, unheard, 1, 3),
        }
        train = heard(said_by(known, ACCENTS, VARIANTS["train"], times, 0), progress)
        parts = {part: heard(some, progress) for part, some in asked.items()}
        return Data(train, parts, asked, words, _recorded(settings))

    def describe(self, data: Data) -> str:
        counts = ", ".join(f"{len(part):,} of {name.replace('_', ' ')}" for name, part in data.asked.items())
        real = f"; {sum(map(len, data.recorded.values())):,} recorded digits" if data.recorded else ""
        return f"{len(data.train):,} synthesised utterances to train on, {counts}{real}"

    def stages(self, settings: Settings) -> list[str]:
        """Synthesised words; then, where there are recordings, the same model taught recorded digits besides."""
        return ["synthesised", *(["recorded"] if os.environ.get("TINYXM_FSDD") else [])]

    def stage(self, name: str, run: Run) -> Stage:
        settings, data = run.settings, run.data
        per_epoch = max(1, len(data.train) // settings.batch_size)
        if name == "synthesised":
            return Stage(settings.passes * per_epoch, Utterances(settings, data.train).batch)
        both = Utterances(settings, data.train, data.recorded["train"])
        return Stage(max(1, settings.passes * per_epoch // 8), both.batch)

    def build(self, stage: str, settings: Settings, facts: Mapping[str, Any]) -> Recogniser:
        return Recogniser(BANDS, len(LETTERS), rng=np.random.default_rng(settings.seed))

    def start(self, stage: str, model: Recogniser, run: Run) -> Recogniser:
        """Recorded digits go on from what the synthesised words taught."""
        if stage == "recorded":
            model.load_state_dict(run.model("synthesised").state_dict())
        return model

    def looks(self, stage: str) -> dict[str, Look]:
        return {"batch.sounds": "spectrogram", "batch.letters": "tokens"}

    def words(self, stage: str) -> dict[str, Sequence[str]]:
        return {"batch.letters": LETTERS}

    def score(self, run: Run) -> Results:
        data: Data = run.data
        language, dictionary = spelling(data.words["train"]), among([w for some in data.words.values() for w in some])
        baselines = WordBaselines(data.train)
        resamples = 100 if run.settings.quick else 1000

        def scored(
            model: Recogniser, spoken: Spoken, groups: Any, over: str, baselines: WordBaselines = baselines
        ) -> Scores:
            log_p = listen(model, spoken)
            others = {"greedy": written_greedily(log_p), "word_list": written_from_list(log_p, dictionary)}
            best = written_by_beam(log_p, language)
            scores = score_texts(spoken.texts, best, {**others, **baselines(spoken)}, groups, over, resamples)
            return {**scores, "by_voice": error_by_voice(spoken, best)}

        model, results = run.model("synthesised"), {}
        for part, spoken in data.asked.items():
            by_word = part == "unseen_words"
            results[part] = scored(
                model, spoken, spoken.texts if by_word else spoken.voices, "words" if by_word else "voices"
            )
        if "test" in data.recorded:
            digits = data.recorded["test"]
            results["recorded_digits"] = {"before": scored(model, digits, None, "recordings")}
            if "recorded" in run.stages:
                taught = WordBaselines(data.train + data.recorded["train"])
                results["recorded_digits"]["after"] = scored(run.model("recorded"), digits, None, "recordings", taught)
                spoken = data.asked["unseen_voice"]
                results["recorded_digits"]["what_it_forgot"] = scored(
                    run.model("recorded"), spoken, spoken.voices, "voices"
                )
        return results

    def introduction(self, results: Results) -> str:
        return report.introduction(results)

    def sections(self, run: Run, results: Results) -> list[Section]:
        return report.sections(run, results)

    def make(self, run: Run, given: Mapping[str, Any], to: str, count: int, rng: np.random.Generator) -> list[str]:
        """The `count` likeliest texts of a spoken word of any rate, the best first."""
        return answers.heard_texts(run, *given["audio"])[:count]

    def inside(self, run: Run, given: Mapping[str, Any]) -> list[Maps | Words]:
        return [*answers.why(run, *given["audio"])]


def _recorded(settings: Settings) -> dict[str, Spoken]:
    """Recorded digits by part: some speakers to train on, others to ask about."""
    if not os.environ.get("TINYXM_FSDD"):
        return {}
    samples = recorded_digits()
    speakers = np.array(samples.groups["speaker"])
    new = np.isin(speakers, NEW_SPEAKERS)
    if settings.validation:
        train, test = ~new & (speakers != VALIDATION_SPEAKER), speakers == VALIDATION_SPEAKER
    else:
        train, test = ~new, new
    rows = {"train": np.flatnonzero(train), "test": np.flatnonzero(test)[:: 20 if settings.quick else 2]}
    if settings.quick:
        rows["train"] = rows["train"][::20]
    return {
        part: Spoken(
            [features_of(samples["audio"][i], RECORDED_HZ) for i in some],
            [samples["text"][i] for i in some],
            [str(speakers[i]) for i in some],
        )
        for part, some in rows.items()
    }
