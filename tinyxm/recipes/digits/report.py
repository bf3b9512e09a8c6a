"""What a run of the digits shows of itself."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from tinyxm.data.sources.handwriting import DIGITS
from tinyxm.metrics import confusion_matrix
from tinyxm.models.audio_image import embedded
from tinyxm.recipes.digits.data import utterances
from tinyxm.recipes.digits.scores import ask
from tinyxm.recipes.digits.sounds import heard
from tinyxm.training import plots
from tinyxm.training.gallery import Exhibit, Gallery, Picture, Sound, Words
from tinyxm.training.plots import score_bars
from tinyxm.training.report import Part, Plot, Scores, Section
from tinyxm.training.tables import score_tables

RETRIEVED = ("ridge", "cca", "nearest_training_pair", "class_mean")
TITLES = {
    "official_split": "official split, voices known",
    "unknown_speaker": "speakers left out, all six",
    "untouched_speaker": "speakers left out, the four not chosen by",
    "unseen_voice": "synthesised voices never heard",
    "by_speaker": "left out",
    "audio_to_image": "audio → image",
    "image_to_audio": "image → audio",
    "audio_to_digit": "audio → digit",
}
NOTES = [
    "Right is any picture of the digit that was said, so R@1 is the share of words whose nearest picture shows their "
    "digit: a class, not one picture. By chance a tenth.",
    "Pictures asked about were never trained on, and neither were the utterances.",
    "The official split (recordings 0 to 4 of each speaker and digit are the test) has every voice on both sides. A "
    "model for a new voice must be asked about new voices: for that one model was trained for each speaker, without "
    "that speaker.",
    "Settings were chosen with george left out, and never by the official test; `--validation` leaves george and "
    "jackson out in turn. The other four speakers were never asked to choose by.",
    "Intervals over speakers resample six speakers (or four): they tell how much voices differ, and are rough.",
    "Baselines hear the same features, coarser: ridge regression and CCA between 512 numbers of a word and the pixels; "
    "the picture that goes with the nearest training utterance; the mean picture of the nearest mean word.",
    "Pictures of a digit are all right answers to it; in the contrastive loss they would be false negatives, and take "
    "no part.",
    "A synthesised voice says a word the same way each time: scores on it say little of people.",
]


def unlearned(batch: int) -> tuple[float, str]:
    """The loss of towers that know nothing, and why it is that."""
    value = math.log(batch - (batch - 1) / 10)
    return value, (
        f"A pair competes with those of other digits, nine tenths of the batch: a model that knows nothing would stay "
        f"at ln {math.exp(value):.0f} = {value:.2f}. Sounds are varied anew at each step, so the loss isn't that of "
        "the words as they are."
    )


def introduction(results: dict[str, Any]) -> str:
    """What was trained and how well it did, in a few sentences."""
    if "official_split" not in results:
        score = results["unseen_voice"]["audio_to_image"]["recall@1"]
        return (
            "Two towers learned to bring synthesised spoken digits and handwritten ones together. Of words in "
            f"synthesised voices that they had never heard, {score:.0%} found a picture of their digit. Recorded "
            "voices weren't given (TINYXM_FSDD names them); this score says little of people."
        )
    known = results["official_split"]["audio_to_image"]["recall@1"]
    told = f"Asked by voices they knew, they found a picture of the right digit for {known:.0%} of the words"
    if "unknown_speaker" in results:
        told += (
            f"; by speakers they had never heard, for {results['unknown_speaker']['audio_to_image']['recall@1']:.0%}"
        )
    return f"Two towers learned to bring recorded spoken digits and handwritten ones together. {told}."


def sections(run: Any, results: dict[str, Any]) -> list[Section]:
    """Tables, the confusions, and words with the pictures found for them, to listen to."""
    parts: list[Part] = []
    for part in ("official_split", "unseen_voice", "unknown_speaker", "untouched_speaker"):
        if part in results:
            tables = score_tables({part: results[part]}, TITLES)
            parts.append(Scores(tables))
            parts.append(Plot(score_bars(tables[:2], "recall@1"), "The first answer, beside the baselines.", part))
    if results.get("by_speaker"):
        parts.append("Each speaker, by the model that never heard them:")
        parts.append(
            {
                speaker: f"{told['audio_to_image']['recall@1']:.1%}, CCA "
                f"{told['audio_to_image']['baselines']['cca']['recall@1']:.1%}"
                for speaker, told in results["by_speaker"].items()
            }
        )
    stage = run.stages[-1]
    answers = ask(run.model(stage), run.data, stage, False)
    matrix = confusion_matrix(answers.digits, answers.classes["model"], 10)
    told = f"What was said (rows) and understood: {TITLES.get(stage) or stage.replace('_', ' ')}."
    confused = Plot(plots.confusion_matrix(matrix, DIGITS), told, "confusions")
    return [Section("Results", parts), Section("What it confuses", [confused]), Section("What it finds", _found(run))]


def _found(run: Any, shown: int = 12) -> list[Part]:
    """Some words, to listen to, with the three pictures nearest to each: as many right as wrong, if there are."""
    stage, data = run.stages[-1], run.data
    model, test, gallery = run.model(stage), utterances(stage, data.spoken, False)["test"], data.parts["test"]
    sounds = embedded(model.sound, heard(data.spoken.features[test]))
    nearest = np.argsort(-(sounds @ embedded(model.picture, data.pictures[gallery]).T), axis=1)[:, :3]
    right = data.digits[gallery[nearest[:, 0]]] == data.spoken.digits[test]
    rng = np.random.default_rng(0)
    chosen = [rng.permutation(np.flatnonzero(right == wanted))[: shown // 2] for wanted in (True, False)]
    cards: list[list[Exhibit]] = []
    for k in np.concatenate(chosen):
        i, said = test[k], DIGITS[data.spoken.digits[test[k]]]
        origin = "recorded" if data.spoken.official[i] else "synthesised"
        cards.append(
            [
                Words(said if right[k] else f"{said}, understood as {DIGITS[data.digits[gallery[nearest[k, 0]]]]}"),
                Words(f"{data.spoken.speakers[i]}, {origin}", quiet=True),
                Sound(data.spoken.sounds[i], data.spoken.rate_hz, said),
                Picture(data.pictures[gallery[nearest[k]]], "the nearest pictures"),
            ]
        )
    return ["Words that it wasn't trained on, and the three pictures nearest to each; mistakes last.", Gallery(cards)]
