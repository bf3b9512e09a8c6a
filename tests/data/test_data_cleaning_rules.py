"""Each rule on values made for it: what is just over its limit is found, what is just under isn't."""

import io
from functools import partial

import numpy as np
import pytest
from PIL import Image
from scipy.signal import resample_poly

from tinyxm.data import (
    Samples,
    blank,
    clean,
    clipped,
    dc_offset,
    difference_hash,
    duplicates,
    empty_text,
    mis_encoded,
    near_pictures,
    near_sounds,
    near_texts,
    non_finite,
    placeholder,
    silent,
    undecodable_sound,
    unusual_length,
    wrong_rate,
)
from tinyxm.data.cleaning.opened import _Latest
from tinyxm.data.cleaning.texts import decoded_again
from tinyxm.data.corruption import wav

RATE = 8000


def noise(seed, seconds=0.5, rms=0.1):
    return np.random.default_rng(seed).normal(0, rms, int(seconds * RATE)).clip(-1, 1)


def voice(seed, seconds=None, rate=RATE):
    """Something like speech: a falling tone of some harmonics under three formants, with a course of its own."""
    rng = np.random.default_rng(seed)
    seconds = seconds or rng.uniform(0.35, 0.5)
    t = np.arange(int(seconds * rate)) / rate
    pitch = rng.uniform(110, 160)
    x = sum(
        np.exp(-(((k * pitch - f) / 150) ** 2)) * np.sin(2 * np.pi * k * pitch * t + k)
        for k in range(1, 24)
        for f in rng.normal((600, 1400, 2500), 40)
    )
    x = x * np.interp(t, np.linspace(0, seconds, 6), [0, *rng.uniform(0.3, 1, 4), 0])
    return (0.3 * x / np.abs(x).max()).astype(np.float32)


def picture(seed, side=40):
    """A smooth picture of three colours, so that it keeps what it shows when it's shrunk."""
    coarse = np.random.default_rng(seed).integers(0, 255, (6, 6, 3), np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC))


def found(rule, values, modality="x"):
    return {entry.sample: entry for entry in rule(Samples({modality: values}), modality)}


@pytest.mark.parametrize("form", ["pair", "array", "wav"])
def test_sounds_in_every_form(form):
    def given(x):
        return {"pair": (x, RATE), "array": x, "wav": wav(x, RATE)}[form]

    loud, still = noise(0), noise(1, rms=10 ** (-63 / 20))
    values = [given(x) for x in (loud, still, still + 0.2, loud + 0.02, noise(2, rms=10 ** (-57 / 20)))]
    assert set(found(silent, values)) == {"1", "2"}
    offsets = found(dc_offset, values)
    assert set(offsets) == {"2", "3"}
    repaired = offsets["3"].repair
    sound = repaired if form == "array" else repaired[0]
    np.testing.assert_allclose(sound.ravel(), loud - loud.mean(), atol=1e-4)
    assert sound.mean() == pytest.approx(0, abs=1e-6)


def test_an_offset_of_whole_numbers_is_taken_off_in_their_scale():
    x = (noise(0) * 32768).astype(np.int16)
    kept, _ = clean(Samples({"x": np.stack([x, x + 3000])}), {"x": [dc_offset]})
    assert kept["x"].dtype == np.int16
    np.testing.assert_allclose(kept["x"][1], x - x.mean(), atol=1)


def test_a_lopsided_voice_is_not_off_zero_and_one_that_is_off_zero_stays_so_where_it_is_clipped():
    t = np.arange(RATE // 2) / RATE
    course = np.interp(t, [0, 0.1, 0.2, 0.3, 0.4, 0.5], [0, 0, 1, 1, 0, 0])
    pulses = sum(np.cos(2 * np.pi * 120 * k * t) for k in range(1, 12)) * course  # high peaks above, none below
    cut = (pulses / 4).clip(-1, 1) + noise(0, rms=1e-4)
    assert abs(cut.mean()) > 0.06 * cut.std()
    assert set(found(dc_offset, [(cut, RATE), (cut / 2 + 0.1, RATE), (np.stack([cut, cut + 0.1], 1), RATE)])) == {
        "1",
        "2",
    }


def test_clipping_at_any_level_and_none_where_peaks_are_single():
    x = noise(0)
    level = np.quantile(np.abs(x), 0.9)
    cut = x.clip(-level, level)
    assert set(found(clipped, [(x, RATE), (cut, RATE), (0.3 * cut, RATE), (np.sign(x), RATE)])) == {"1", "2", "3"}
    sine = np.sin(2 * np.pi * 440 * np.arange(RATE) / RATE)  # each of its peaks is as high: no run of two
    assert not found(clipped, [(sine, RATE)])


def test_a_sound_that_is_cut_off_is_undecodable():
    whole = wav(noise(0), RATE)
    assert set(found(undecodable_sound, [whole, whole[:-100], b"", b"RIFF"])) == {"1", "2", "3"}


def test_wrong_rates_are_told_from_rates_that_are_merely_others():
    values = [(voice(seed), RATE) for seed in range(40)]
    right = [(resample_poly(voice(90 + k), up, 1), RATE * up) for k, up in enumerate((2, 3))]
    wrong = [(voice(95 + k), rate) for k, rate in enumerate((16000, 24000))]
    entries = found(wrong_rate, values + right + wrong)
    assert set(entries) == {"42", "43"}
    assert all(entry.repair[1] == RATE for entry in entries.values())
    assert not found(wrong_rate, values[:10] + wrong), "ten sounds don't say what is usual"


def test_unusual_lengths():
    values = [(noise(seed, 0.5 + 0.01 * (seed % 7)), RATE) for seed in range(30)] + [(noise(99, 5), RATE)]
    assert set(found(unusual_length, values)) == {"30"}


def test_numbers_that_are_none_in_arrays_and_files():
    bad = noise(0).astype(np.float32)
    bad[3] = np.inf
    assert set(found(non_finite, [(bad, RATE), wav(bad, RATE), wav(noise(0), RATE), np.arange(3)])) == {"0", "1"}


def test_near_sounds_are_quieter_delayed_noisier_or_of_another_rate():
    x, other = voice(0, 0.5).astype(np.float64), voice(1, 0.5)
    spoilt = np.pad(0.3 * x, (800, 100)) + np.random.default_rng(5).normal(0, 1e-4, len(x) + 900)
    values = [(x, RATE), (other, RATE), (spoilt, RATE), (resample_poly(x, 2, 1), 2 * RATE)]
    entries = found(near_sounds, values)
    assert {name: entry.other for name, entry in entries.items()} == {"2": "0", "3": "0"}


def test_the_difference_hash_is_that_of_its_formula():
    shown = picture(3)
    gray = np.asarray(Image.fromarray(shown).convert("L").resize((9, 8), Image.Resampling.BICUBIC)).astype(int)
    expected = sum(1 << (8 * r + c) for r in range(8) for c in range(8) if gray[r, c + 1] > gray[r, c])
    assert difference_hash(shown) == expected
    brighter = (shown * 0.8 + 20).astype(np.uint8)
    assert (difference_hash(brighter) ^ expected).bit_count() <= 4
    assert 15 < (difference_hash(picture(4)) ^ expected).bit_count() < 50


def test_near_pictures_survive_jpeg_size_and_brightness_but_not_another_colour():
    shown = picture(0)
    stream = io.BytesIO()
    Image.fromarray(shown).save(stream, "JPEG", quality=60)
    smaller = np.asarray(Image.fromarray(shown).resize((29, 29), Image.Resampling.BICUBIC))
    rgba = np.dstack([shown, np.full(shown.shape[:2], 255, np.uint8)])
    values = [shown, picture(1), stream.getvalue(), smaller, (shown * 0.95 + 5).astype(np.uint8), rgba]
    values += [(shown // 2 + 90).astype(np.uint8), shown[..., ::-1].copy(), picture(2)]
    assert {name: entry.other for name, entry in found(near_pictures, values).items()} == dict.fromkeys("2345", "0")


def test_blank_pictures_may_have_the_noise_of_a_jpeg():
    rng = np.random.default_rng(0)
    plain = np.full((30, 30, 3), 100, np.uint8) + rng.integers(0, 5, (30, 30, 3), np.uint8)
    dot = np.full((30, 30, 3), 255, np.uint8)
    dot[15, 15] = 200
    under = np.zeros((30, 30, 4), np.uint8)
    under[..., :3] = rng.integers(0, 255, (30, 30, 3))
    under[..., 3] = 1
    assert set(found(blank, [plain, dot, picture(0), under])) == {"0", "3"}


def test_near_texts_have_most_shingles_in_common():
    text = "a small red circle left of a large green cross"
    values = [text, "three blue squares", text.replace("left", "lfet"), text + " and more", "a cross", text[::-1]]
    assert {name: entry.other for name, entry in found(near_texts, values).items()} == {"2": "0", "3": "0"}
    assert len(found(near_texts, [f"{k} {text}" for k in range(300)])) == 299


@pytest.mark.parametrize(
    ("spoilt", "meant"),
    [
        ("CafÃ© crÃ¨me", "Café crème"),
        ("GrÃ¼Ã\u009fe", "Grüße"),  # read as Latin-1
        ("\x93so\x94 \x96 he said", "“so” – he said"),
        ("G\0r\0o\0", "Gro"),
        ("salt &amp; pepper &#39;n&#39; more", "salt & pepper 'n' more"),
        ("two\r\nlines", "two\nlines"),
        ("bell\x07", "bell"),
        ("plain, naïve – and 日本語", "plain, naïve – and 日本語"),
        ("R&D; AT&T", "R&D; AT&T"),
    ],
)
def test_texts_are_read_again(spoilt, meant):
    assert decoded_again(spoilt) == meant


def test_mis_encoded_texts_are_repaired_told_or_missing():
    values = ["CafÃ©", "fine", "Größe".encode("latin-1"), "one \ufffd in a longer text", "\ufffd\ufffd", None]
    kept, ledger = clean(Samples({"x": values}), {"x": [mis_encoded]})
    assert [(e.sample, e.action) for e in ledger][:4] == [
        *[("0", "repaired"), ("2", "repaired"), ("3", "kept"), ("4", "missing")]
    ]
    assert kept["x"] == ["Café", "fine", "Größe", "one \ufffd in a longer text"]


def test_texts_that_say_nothing():
    values = ["", " \n", "...", "N/A", "<null>", "nothing to see", "🍕", "none of them"]
    assert set(found(empty_text, values)) == {"0", "1", "2"}
    assert set(found(placeholder, values)) == {"3", "4"}


def test_files_are_equal_by_their_bytes(tmp_path):
    for name, data in (("a", b"1"), ("b", b"1"), ("c", b"2")):
        (tmp_path / name).write_bytes(data)
    assert set(found(duplicates(), [tmp_path / name for name in "abc"])) == {"1"}


def test_decoded_files_are_kept_up_to_a_budget_and_read_again_when_they_change(tmp_path, monkeypatch):
    monkeypatch.setattr("tinyxm.data.cleaning.opened.BUDGET", 10)
    calls = []
    latest = _Latest(lambda value: calls.append(value) or value.read_bytes(), len)
    paths = [tmp_path / name for name in "abc"]
    for path in paths:
        path.write_bytes(b"12345")
    for path in (paths[0], paths[0], paths[1], paths[0], paths[2], paths[1], paths[0]):
        latest(path)
    assert [path.name for path in calls] == ["a", "b", "c", "b", "a"]
    assert latest.bytes == 10
    paths[0].write_bytes(b"123456")
    assert latest(paths[0]) == b"123456"


def test_settings_are_given_by_partial():
    strict = partial(silent, floor_dbfs=0.0)
    assert set(found(strict, [(noise(0), RATE)])) == {"0"}
