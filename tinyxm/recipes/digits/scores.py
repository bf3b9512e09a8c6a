"""What the towers and the baselines find: pictures for a word, words for a picture, and the word's class."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm.models.audio_image import AudioImage, embedded
from tinyxm.models.linear import cosine_similarity
from tinyxm.recipes.baselines import class_baselines, retrieval_baselines, score_classes, score_retrieval
from tinyxm.recipes.digits.data import Data, Pairs, Whole, utterances
from tinyxm.recipes.digits.sounds import FRAMES, heard

Scores = dict[str, Any]
Matrix = NDArray[Any]


@dataclass(frozen=True)
class Answers:
    """What one model says of the utterances that it's asked about, and what the baselines say.

    `there` are similarities (utterances, pictures) by method, "model" among them, `back` (pictures, utterances).
    `classes` are digits by method, and `digits`, `written` and `speakers` the truth.
    """

    there: dict[str, Matrix]
    back: dict[str, Matrix]
    classes: dict[str, Whole]
    digits: Whole
    written: Whole
    speakers: NDArray[Any]


def ask(model: AudioImage, data: Data, stage: str, validation: bool) -> Answers:
    """A stage's model and the baselines, fitted on what it was trained on, asked about what it wasn't."""
    spoken, parts = data.spoken, utterances(stage, data.spoken, validation)
    test, gallery = parts["test"], data.parts["test"]
    sounds, pictures = embedded(model.sound, heard(spoken.features[test])), data.pictures[gallery]
    similarity = sounds @ embedded(model.picture, pictures).T
    train, beside = Pairs(data, parts["train"], 1, 0).fixed()
    x, y, labels = coarse(spoken.features[train]), data.pictures[beside], spoken.digits[train]
    new = coarse(spoken.features[test])
    seen = data.parts["train"]
    vectors, digits = embedded(model.picture, data.pictures[seen]), data.digits[seen]
    means = np.stack([vectors[digits == digit].mean(axis=0) for digit in range(10)])
    return Answers(
        {"model": similarity, **retrieval_baselines(x, y, new, pictures, labels=labels)},
        {"model": similarity.T, **retrieval_baselines(y, x, pictures, new, labels=labels)},
        {"model": cosine_similarity(sounds, means).argmax(axis=1), **class_baselines(x, labels, new)},
        spoken.digits[test],
        data.digits[gallery],
        spoken.speakers[test],
    )


def coarse(features: Matrix) -> Matrix:
    """Features (n, 64, 32) as the baselines take them: normalised, and means of 3 frames, (n, 512)."""
    x = heard(features)[..., 0]
    return x.reshape(len(x), FRAMES // 3, 3, -1).mean(axis=2).reshape(len(x), -1)


def score(answers: list[Answers], resamples: int) -> Scores:
    """Scores over all that these models were asked, both ways, and of the classes.

    Right is every picture (utterance) of the digit, so recall@1 is the share of queries whose nearest answer is of
    their digit. Where several speakers were left out, intervals resample speakers: few, so take them for what they are.
    """
    digits, speakers = (np.concatenate([getattr(a, name) for a in answers]) for name in ("digits", "speakers"))
    groups, over = (speakers, "speakers") if len(answers) > 1 else (None, "queries")
    there = {name: np.concatenate([a.there[name] for a in answers]) for name in answers[0].there}
    classes = {name: np.concatenate([a.classes[name] for a in answers]) for name in answers[0].classes}
    correct = digits[:, None] == answers[0].written
    told: dict[str, Any] = {"groups": groups, "over": over, "resamples": resamples}
    found = {"audio_to_image": score_retrieval(there.pop("model"), there, correct=correct, **told)}
    if len({a.back["model"].shape for a in answers}) == 1:
        back = {name: np.concatenate([a.back[name] for a in answers]) for name in answers[0].back}
        right = np.concatenate([a.written[:, None] == a.digits for a in answers])
        whose = np.repeat([a.speakers[0] for a in answers], len(answers[0].written)) if len(answers) > 1 else None
        found["image_to_audio"] = score_retrieval(back.pop("model"), back, correct=right, **{**told, "groups": whose})
    found["audio_to_digit"] = score_classes(digits, classes.pop("model"), classes, classes=10, **told)
    return found
