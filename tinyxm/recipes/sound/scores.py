"""Is what was said the right name? By a fixed measure among all names, and by a listener; beside baselines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm.data import composite, oriented_gradients
from tinyxm.metrics import bootstrap
from tinyxm.models.audio_image import embedded
from tinyxm.models.linear import Nearest, cosine_similarity
from tinyxm.models.namer import SILENCE, ImageSound, Voice
from tinyxm.models.recogniser import Recogniser
from tinyxm.recipes.baselines import retrieval_baselines, score_retrieval
from tinyxm.recipes.emoji.views import SECOND_DRAWING, features
from tinyxm.recipes.listen.scores import among, listen, score_texts, written_from_list
from tinyxm.recipes.sound.data import FRAMES, LISTENED_SEED, Asked, Data, ended, spelt
from tinyxm.recipes.speak.scores import Waves, heard_by_judge, measure, waves_of
from tinyxm.recipes.speak.sounds import BANDS, RANGE_DB, mel_of

Scores = dict[str, Any]
Mels = NDArray[np.float32]
LISTENED, LISTENED_QUICKLY = 200, 12  # finished sounds that the listener hears of each way


def names_heard(towers: ImageSound, data: Data) -> NDArray[np.float32]:
    """The vectors of all names in each voice, (voices, concepts, dimensions)."""
    return np.stack([embedded(towers.sound, data.sounds(voice, slice(None))) for voice in range(len(data.mels))])


def concepts_seen(towers: ImageSound, data: Data) -> NDArray[np.float32]:
    """A key for each concept, (concepts, dimensions), of unit length: the mean vector of its training drawings."""
    total = np.zeros((len(data), 1), np.float32)
    for style, without in (("twemoji", "without_twemoji"), ("noto", "without_outline")):
        drawings = data.samples[style] if style == "twemoji" else data.samples[style][:, SECOND_DRAWING]
        known = ~np.isin(np.arange(len(data)), data.missing.get(without, []))
        total = total + embedded(towers.image, features(drawings)) * known[:, None]
    return total / np.linalg.norm(total, axis=1, keepdims=True)


def named(towers: ImageSound, voice: Voice, data: Data, asked: Asked) -> Mels:
    """The bands (n, 192, 80) that are made of the drawings, each in its voice."""
    memory = concepts_seen(towers, data), names_heard(towers, data)
    return voice.say(towers.recall(features(asked.drawings), *memory, asked.voices), asked.voices)


def likeness(made: Mels, voices: NDArray[np.int64], data: Data) -> NDArray[np.float32]:
    """The fixed measure: cos of the made bands with each concept's name in the same voice, both less the voice's mean

    made (n, 192, 80) from the beginning of the sound, padded with silence: nothing is aligned. (n, concepts)
    """
    found, usual = np.empty((len(made), len(data)), np.float32), data.usual()
    for voice in np.unique(voices):
        rows = voices == voice
        names = (data.sounds(voice, slice(None)) - usual[voice]).reshape(len(data), -1)
        found[rows] = cosine_similarity((made[rows] - usual[voice]).reshape(rows.sum(), -1), names)
    return found


def decibels_off(made: Mels, true: Mels) -> NDArray[np.float32]:
    """Mean absolute difference of the bands, in dB, over the frames where either sounds: (n,)."""
    sounds = np.maximum(made, true).max(axis=2) > SILENCE + 0.05
    off = np.abs(made - true).mean(axis=2) * (RANGE_DB / 2)
    return (off * sounds).sum(axis=1) / np.maximum(sounds.sum(axis=1), 1)


@dataclass(frozen=True)
class Baselines:
    """What answers without having learned: fitted on the training drawings, by oriented gradients and colour.

    `nearest` (n,) is the concept of the nearest training drawing, `found` {method: similarity (n, concepts)} of the
    drawings to the names' sounds in the asked-for voice.
    """

    nearest: NDArray[np.intp]
    found: dict[str, NDArray[Any]]

    @classmethod
    def of(cls, data: Data, asked: Asked) -> Baselines:
        everything = np.arange(len(data))
        with_twemoji = np.setdiff1d(everything, data.missing.get("without_twemoji", []))
        with_outline = np.setdiff1d(everything, data.missing.get("without_outline", []))
        known = np.concatenate([with_twemoji, with_outline])
        drawings = [data.samples["twemoji"][with_twemoji], data.samples["noto"][with_outline, SECOND_DRAWING]]
        x = oriented_gradients(composite(np.concatenate(drawings)))
        new = oriented_gradients(composite(asked.drawings))
        concepts = Nearest().fit(x, known).similarity(new)
        found = {name: np.empty((len(asked), len(data)), np.float32) for name in ("ridge", "cca")}
        for voice in np.unique(asked.voices):
            rows = asked.voices == voice
            names = _coarse(data.sounds(voice, slice(None)))
            answers = retrieval_baselines(x, names[known], new[rows], names)
            for name, similarity in found.items():
                similarity[rows] = answers[name]
        return cls(concepts.argmax(axis=1), {**found, "nearest_training_image": concepts})


def _coarse(mels: Mels) -> Mels:
    """Bands (n, 192, 80) → (n, 1920): means of 4 frames and 2 bands."""
    return mels.reshape(len(mels), FRAMES // 4, 4, BANDS // 2, 2).mean(axis=(2, 4)).reshape(len(mels), -1)


def score(towers: ImageSound, voice: Voice, judge: Recogniser, data: Data, asked: Asked, quick: bool = False) -> Scores:
    """Of one set of drawings: `made_sound` (bands, all of them), `listener` (finished sounds, some), `image_to_audio`.

    The last looks the drawing up among the names by the two towers, and makes nothing.
    """
    resamples = 100 if quick else 1000
    told: dict[str, Any] = {"over": "drawings", "resamples": resamples}
    right = asked.concepts[:, None] == np.arange(len(data))
    baselines, made = Baselines.of(data, asked), named(towers, voice, data, asked)
    true, borrowed = (data.sounds(asked.voices, concepts) for concepts in (asked.concepts, baselines.nearest))
    usual = data.usual()[asked.voices]
    beside = {"nearest_training_image": likeness(borrowed, asked.voices, data), "ridge": baselines.found["ridge"]}
    by_bands = score_retrieval(likeness(made, asked.voices, data), beside, correct=right, **told)
    for way, mels in (("model", made), ("nearest_training_image", borrowed), ("mean_name", usual)):
        scores = by_bands if way == "model" else by_bands["baselines"].setdefault(way, {"intervals": {}})
        off = decibels_off(mels, true)
        low, high = bootstrap(np.mean, off, rng=np.random.default_rng(0), resamples=resamples)
        scores["decibel_distance"] = float(off.mean())
        scores["intervals"]["decibel_distance"] = [float(low), float(high)]
    looked_up = towers.agreement(features(asked.drawings), concepts_seen(towers, data))
    some = np.random.default_rng(LISTENED_SEED).permutation(len(asked))[: LISTENED_QUICKLY if quick else LISTENED]
    ways = {"model": made, "recording_by_griffin_lim": true, "nearest_training_image": borrowed, "mean_name": usual}
    finished = waves_of([ended(mel) for mels in ways.values() for mel in mels[some]])  # of all ways: some are the same
    waves = {way: finished[k * len(some) : (k + 1) * len(some)] for k, way in enumerate(ways)}
    lengths = [len(ended(mel)) for mel in true[some]]
    return {
        "made_sound": by_bands,
        "listener": score_heard(judge, data, asked[some], waves, resamples),
        "image_to_audio": score_retrieval(looked_up, baselines.found, correct=right, **told),
        "sounds": measure(waves["model"], lengths),
    }


def score_heard(judge: Recogniser, data: Data, asked: Asked, waves: Mapping[str, Waves], resamples: int) -> Scores:
    """Of finished sounds: R@1 by the fixed measure of their own bands, and what the judge understands, from a list of
    all names: `name_accuracy` and `character_error`. The first way is the model's, the others "baselines".
    """
    texts, names = [spelt(data.names[i]) for i in asked.concepts], among([spelt(name) for name in data.names])
    told: dict[str, Scores] = {}
    for way, sounds in waves.items():
        similarity = likeness(np.stack([padded(mel_of(sound)) for sound in sounds]), asked.voices, data)
        first = (similarity.argmax(axis=1) == asked.concepts).astype(float)
        low, high = bootstrap(np.mean, first, rng=np.random.default_rng(0), resamples=resamples)
        written = written_from_list(listen(judge, heard_by_judge(sounds, texts)), names)
        understood = score_texts(texts, written, {}, over="drawings", resamples=resamples)
        intervals = {"recall@1": [float(low), float(high)]}
        told[way] = {"recall@1": float(first.mean()), "intervals": intervals}
        for name, key in (("name_accuracy", "word_accuracy"), ("character_error", "character_error")):
            told[way][name], intervals[name] = understood[key], understood["intervals"][key]
    return {**told.pop("model"), "intervals_over": "drawings", "baselines": told}


def understood(judge: Recogniser, data: Data, sounds: Waves) -> list[str]:
    """Which of all names the judge takes each sound for; nothing where it's none."""
    of = {spelt(name): name for name in data.names}
    heard = heard_by_judge(sounds, ["a"] * len(sounds))
    return [of.get(text, "") for text in written_from_list(listen(judge, heard), among(list(of)))]


def padded(mel: Mels) -> Mels:
    """(frames, 80) → (192, 80): silence behind it, or its end cut off."""
    full = np.full((FRAMES, BANDS), SILENCE, np.float32)
    full[: len(mel)] = mel[:FRAMES]
    return full
