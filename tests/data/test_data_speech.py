"""Synthesised words: the same whatever was said before, kept one by one, and refused in one line."""

import subprocess
import sys

import numpy as np
import pytest

from tinyxm.data import MissingExtra
from tinyxm.data.sources import require
from tinyxm.data.sources import speech as module
from tinyxm.data.sources.speech import languages, speech, variants


@pytest.fixture(autouse=True)
def _kept_apart(tmp_path, monkeypatch):
    try:
        require("speech", "data", ["espeakng-loader"])
    except MissingExtra as error:
        pytest.skip(str(error))
    monkeypatch.setenv("TINYXM_CACHE", str(tmp_path / "cache"))


def test_what_is_said_before_changes_nothing():
    texts, voices = ["seven", "one", "four"], ["en-us", "en-us+f5", "de", "en-us+whisper"]
    samples = speech(texts, voices, cache=False)
    other = speech(texts[::-1], voices[::-1], (50, 70), cache=False)
    said = dict(zip(other.ids, other["audio"], strict=True))
    assert all(np.array_equal(said[i], sound) for i, sound in zip(samples.ids, samples["audio"], strict=True))
    assert len({sound.tobytes() for sound in other["audio"]}) == 24


def test_samples_are_labelled_and_in_order():
    samples = speech(["nine"], ["en-us", "fr+f2"], (40, 60), (160,))
    assert samples.ids == ["en-us/40/160/nine", "en-us/60/160/nine", "fr+f2/40/160/nine", "fr+f2/60/160/nine"]
    assert samples.groups["language"].tolist() == ["en-us", "en-us", "fr", "fr"]
    sound = samples["audio"][0]
    assert sound.dtype == np.float32
    assert sound.shape[1] == 1
    assert 0.2 < len(sound) / module.RATE_HZ < 1.5
    assert 0.1 < np.abs(sound).max() <= 1


def pitch_hz(sound):
    """The highest peak of the autocorrelation of the loudest 60 ms between 60 and 500 Hz."""
    rate, x = module.RATE_HZ, sound[:, 0]
    middle = np.convolve(x**2, np.ones(1323), "valid").argmax()
    part = x[middle : middle + 1323] - x[middle : middle + 1323].mean()
    correlation = np.correlate(part, part, "full")[1322:]
    lags = np.arange(rate // 500, rate // 60)
    return rate / lags[correlation[lags].argmax()]


def test_pitch_and_speed_do_what_they_say():
    high, low = (speech(["nine"], ["en-us"], (p,))["audio"][0] for p in (90, 10))
    assert pitch_hz(high) > 1.3 * pitch_hz(low)
    slow, fast = (speech(["international"], ["en-us"], (50,), (w,))["audio"][0] for w in (100, 300))
    assert len(slow) > 1.5 * len(fast)


def test_each_word_is_kept_and_only_new_ones_are_spoken(tmp_path, monkeypatch):
    first = speech(["red", "blue"], ["en-us"])
    files = sorted((tmp_path / "cache").rglob("*.npy"))
    assert len(files) == 2
    asked = []
    real = module._Synthesiser.say
    monkeypatch.setattr(module._Synthesiser, "say", lambda self, *key: asked.append(key) or real(self, *key))
    again = speech(["blue", "green", "red", "green"], ["en-us"])
    assert [key[0] for key in asked] == ["green"]
    assert np.array_equal(again["audio"][0], first["audio"][1])
    files[0].write_bytes(b"nothing of the kind")
    with pytest.warns(UserWarning, match="corrupt"):
        mended = speech(["red", "blue"], ["en-us"])
    assert all(map(np.array_equal, mended["audio"], first["audio"]))
    speech(["red", "blue"], ["en-us"])  # no warning


def test_a_cache_that_cannot_be_written_is_done_without(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("TINYXM_CACHE", str(tmp_path / "file"))
    with pytest.warns(UserWarning, match="can't keep sounds"):
        assert len(speech(["red", "blue"], ["en-us"])["audio"][1])


def test_a_text_without_words_is_missing_and_told():
    samples = speech(["...", "six", ""], ["en-us"])
    assert samples.present["audio"].tolist() == [False, True, False]
    assert [(e.sample, e.fault) for e in samples.ledger] == [
        ("en-us/50/160/...", "nothing to say"),
        ("en-us/50/160/", "nothing to say"),
    ]


def test_many_languages_are_there():
    assert {"en-us", "en", "de", "fr", "ja", "cmn"} <= set(languages())
    assert len(languages()) > 100
    assert len(variants()) > 90
    japanese, english = (speech(["か"], [voice])["audio"][0] for voice in ("ja", "en-us"))
    assert len(japanese) < 0.6 * len(english)  # "ka", not "Japanese letter"


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"voices": ["en-uk"]}, r"no voice 'en-uk'; .*en-us"),
        ({"voices": ["en-us+../../x"]}, "no voice"),
        ({"voices": ["/etc/passwd"]}, "no voice"),
        ({"pitches": (100,)}, r"pitches \[100\]; expected whole numbers from 0 to 99"),
        ({"words_per_minute": (10,)}, "from 80 to 450"),
        ({"texts": ["a" * 1001]}, "1001 characters"),
        ({"texts": ["a\0b"]}, "NUL"),
    ],
)
def test_wrong_settings_are_refused(settings, message):
    with pytest.raises(ValueError, match=message):
        speech(**{"texts": ["one"], **settings})


def test_one_text_for_a_list_is_refused():
    with pytest.raises(TypeError, match=r"texts 'seven': expected a list"):
        speech("seven")


def test_markup_is_read_not_obeyed():
    plain, marked = (speech([text], ["en-us"])["audio"][0] for text in ("hello", "[[h@lou]]<audio src='x'/>"))
    assert len(marked) > 2 * len(plain)


def test_a_long_path_to_its_data_is_shortened(tmp_path, monkeypatch):
    import espeakng_loader

    deep = tmp_path / ("d" * 100) / ("e" * 100)
    deep.mkdir(parents=True)
    (deep / "espeak-ng-data").symlink_to(espeakng_loader.get_data_path())
    usual = speech(["one"], ["en-us"], cache=False)["audio"][0]
    monkeypatch.setattr(espeakng_loader, "get_data_path", lambda: str(deep / "espeak-ng-data"))
    assert np.array_equal(speech(["one"], ["en-us"], cache=False)["audio"][0], usual)
    with module._short(deep / "espeak-ng-data") as short:
        assert len(short) < 120


def test_a_synthesiser_that_ends_is_told(monkeypatch):
    languages()  # known before
    real = subprocess.Popen
    code = "import sys; sys.stdin.readline(); sys.exit(3)"
    monkeypatch.setattr(module.subprocess, "Popen", lambda command, **how: real([sys.executable, "-c", code], **how))
    with pytest.raises(RuntimeError, match=r"ended \(status 3\) at .*'one'"):
        speech(["one"], ["en-us"], cache=False)
