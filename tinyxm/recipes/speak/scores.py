"""How well what is spoken can be understood, by a listener who has never heard it, beside what could be expected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm.data import audio
from tinyxm.data.sources.speech import RATE_HZ
from tinyxm.metrics import bootstrap, edit_distance, mel_cepstral_distortion
from tinyxm.models.recogniser import Recogniser
from tinyxm.models.speaker import Speaker
from tinyxm.recipes.listen.scores import listen, score_texts, written_from_list, written_greedily
from tinyxm.recipes.listen.words import BANDS as HEARD_BANDS
from tinyxm.recipes.listen.words import Spoken, features_of
from tinyxm.recipes.speak.sounds import RANGE_DB, Phonemes, Pronounced, mel_of, sound_of

Scores = dict[str, Any]
Waves = list[NDArray[np.float32]]


def speak(
    model: Speaker, phonemes: Phonemes, words: Sequence[Sequence[str]], pace: float = 1.0
) -> list[NDArray[np.float32]]:
    """Log-mel bands of words given as phonemes."""
    return model.speak(*phonemes(words), pace)


def nearest_words(train: Pronounced, asked: Pronounced) -> list[int]:
    """Of each word asked for, the training word that differs in the fewest phonemes, of equals the first."""
    return [
        int(np.argmin([edit_distance(said, other) / max(len(said), len(other)) for other in train.phonemes]))
        for said in asked.phonemes
    ]


def mean_spectrum(train: Pronounced, asked: Pronounced) -> list[NDArray[np.float32]]:
    """The mean of all training frames, for as long as each word lasts."""
    mean = np.concatenate(train.mels).mean(axis=0)
    return [np.tile(mean, (len(mel), 1)) for mel in asked.mels]


def score_spoken(
    judge: Recogniser,
    dictionary: Any,
    asked: Pronounced,
    waves: Mapping[str, Waves],
    resamples: int = 1000,
) -> Scores:
    """What the judge understands of each way of saying the words, the first being the model's; the others "baselines".

    Accuracy of whole words and character error where the judge chooses from a list of words, accuracy too where it
    writes letter by letter; and the mel-cepstral distortion from the recording, in dB, frames aligned.
    """
    found: dict[str, Scores] = {}
    for way, sounds in waves.items():
        log_p = listen(judge, heard_by_judge(sounds, asked.texts))
        scores = score_texts(asked.texts, written_from_list(log_p, dictionary), {}, over="words", resamples=resamples)
        spelt = np.array([a == b for a, b in zip(written_greedily(log_p), asked.texts, strict=True)], float)
        distortions = np.array([distortion(mel, sound) for mel, sound in zip(asked.mels, sounds, strict=True)])
        for name, values in (("letter_by_letter_accuracy", spelt), ("mel_cepstral_distortion", distortions)):
            low, high = bootstrap(np.mean, values, rng=np.random.default_rng(0), resamples=resamples)
            scores[name] = float(values.mean())
            scores["intervals"][name] = [float(low), float(high)]
        found[way] = {key: scores[key] for key in ORDER}
    first, *others = found
    return {**found[first], "intervals_over": "words", "baselines": {way: found[way] for way in others}}


ORDER = (
    *("word_accuracy", "character_error", "letter_by_letter_accuracy", "mel_cepstral_distortion"),
    "intervals",
)


def heard_by_judge(sounds: Waves, texts: Sequence[str]) -> Spoken:
    """What the judge hears: of a sound too short or too quiet to be a word, silence."""

    def features(sound: NDArray[np.float32]) -> NDArray[np.float32]:
        try:
            return features_of(sound, RATE_HZ)
        except ValueError:
            return np.full((16, HEARD_BANDS), -1, np.float32)

    return Spoken([features(sound) for sound in sounds], list(texts), [""] * len(sounds))


def distortion(mel: NDArray[np.float32], sound: NDArray[np.float32]) -> float:
    """dB between a recording's bands and a sound's."""
    return mel_cepstral_distortion(mel * (RANGE_DB / 2), mel_of(sound) * (RANGE_DB / 2), warped=True)


def measure(sounds: Waves, frames: Sequence[int]) -> dict[str, float]:
    """What one would hear at once if it were wrong: the largest sample, how loud it is, how long it takes.

    `frames` are how many the recording of each has.
    """
    seconds = np.array([len(sound) for sound in sounds]) / RATE_HZ
    real = np.array(frames)
    made = np.array([len(mel_of(sound)) for sound in sounds])
    return {
        "largest_sample": float(max(np.abs(sound).max() for sound in sounds)),
        "quietest_dbfs": float(min(audio.rms_dbfs(sound) for sound in sounds)),
        "loudest_dbfs": float(max(audio.rms_dbfs(sound) for sound in sounds)),
        "shortest_seconds": float(seconds.min()),
        "longest_seconds": float(seconds.max()),
        "mean_seconds": float(seconds.mean()),
        "mean_difference_in_length": float(np.mean(np.abs(made - real) / real)),
    }


def waves_of(mels: Sequence[NDArray[np.float32]]) -> Waves:
    """Each one's sound, from the same phases; of those that are equal once, as it takes a tenth of a second."""
    keys = [mel.tobytes() for mel in mels]
    made = {key: sound_of(mel, rng=0) for key, mel in dict(zip(keys, mels, strict=True)).items()}
    return [made[key] for key in keys]
