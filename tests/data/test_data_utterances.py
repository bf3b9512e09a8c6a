"""Utterances of several voices: the sounds `speech` makes, and phonemes that begin where they are heard."""

import numpy as np
import pytest

from tinyxm.data import MissingExtra
from tinyxm.data.sources import require
from tinyxm.data.sources import utterances as module
from tinyxm.data.sources.speech import RATE_HZ, speech
from tinyxm.data.sources.utterances import Utterance, emoji_words, utterances


@pytest.fixture(autouse=True)
def _synthesiser():
    try:
        require("utterances", "data", ["espeakng-loader"])
    except MissingExtra as error:
        pytest.skip(str(error))


def test_sounds_are_those_of_speech():
    asked = [Utterance("seven"), Utterance("four", "en-us+f3", 60, 140)]
    samples = utterances(asked)
    for utterance, sound in zip(asked, samples["audio"], strict=True):
        text, voice, pitch, speed = utterance
        assert np.array_equal(sound, speech([text], [voice], [pitch], [speed], cache=False)["audio"][0])
    assert samples["text"] == ["seven", "four"]
    assert samples.groups["voice"].tolist() == ["en-us", "en-us+f3"]


def test_phonemes_begin_where_they_are_heard():
    samples = utterances([Utterance("seven"), Utterance("sassy")])
    assert samples["phonemes"][0] == ["s", "'E", "v", "@", "n"]
    starts = samples["starts"][0]
    assert len(starts) == 6
    assert (np.diff(starts) > 0).all()
    assert starts[-1] <= len(samples["audio"][0])
    sound, (s, vowel, again, *_) = samples["audio"][1][:, 0], samples["starts"][1]
    # s is noise: it crosses zero more often than a vowel does

    def crossings(part):
        return np.mean(part[1:] * part[:-1] < 0) * RATE_HZ

    assert crossings(sound[s:vowel]) > 3 * crossings(sound[vowel:again])


def test_stress_tells_two_words_apart():
    said = utterances([Utterance("the record"), Utterance("to record")])["phonemes"]
    assert [sum(p[0] == "'" for p in phonemes) for phonemes in said] == [1, 1]
    assert said[0] != said[1]


def test_what_says_nothing_is_refused():
    with pytest.raises(ValueError, match="'…' has nothing to say"):
        utterances([Utterance("…")])
    with pytest.raises(ValueError, match="no voice 'klingon'"):
        utterances([Utterance("one", "klingon")])


def test_words_of_emoji(monkeypatch):
    monkeypatch.setattr(module, "emoji", lambda report: {"name": ["Red Heart", "OK hand", "knight’s hand"]})
    assert emoji_words() == ["hand", "heart", "knight", "red"]
    assert emoji_words(shortest=1, longest=4) == ["hand", "ok", "red", "s"]
