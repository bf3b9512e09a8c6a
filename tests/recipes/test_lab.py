"""The failure lab: the wrong twin shows its mistake and is diagnosed; the right one learns, and isn't."""

from functools import cache

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="the digits are in scikit-learn")

from tinyxm.recipes import lab
from tinyxm.recipes.lab.page import SIGNS
from tinyxm.recipes.lab.symptoms import false_negatives, leaked, nearest_training
from tinyxm.training.diagnosis import RULES, Evidence, diagnose


@cache
def trained(name, seed=0):
    """Both twins, and nobody trains them again."""
    return lab.twins(name, seed)


def twins(name, seed=0):
    """The evidence of the right one and of the wrong one."""
    return trained(name, seed).right, trained(name, seed).wrong


def test_every_rule_of_diagnosis_has_its_mistake_in_the_lab():
    assert set(lab.MISTAKES) == set(lab.SYMPTOMS) == set(SIGNS) == set(RULES)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))])
@pytest.mark.parametrize("name", lab.MISTAKES)
def test_the_wrong_twin_is_diagnosed_and_the_right_one_is_not(name, seed):
    right, wrong = twins(name, seed)
    assert [finding.name for finding in diagnose(wrong)] == [name]
    assert diagnose(right) == []
    assert np.median(right.losses[-40:]) < 0.5 * right.losses[0], "the right twin doesn't learn"


def test_symptoms_are_what_is_said_of_them():
    found = {name: twins(name) for name in lab.MISTAKES}
    end = {name: [np.median(twin.losses[-40:]) for twin in both] for name, both in found.items()}
    score = {name: [max(twin.scores.values()) for twin in both] for name, both in found.items()}
    assert found["no_unit_length"][1].losses[0] > 5 * np.log(64)
    assert score["no_unit_length"][1] < score["no_unit_length"][0]
    assert end["duplicate_captions"][1] > 1.5 > 0.3 > end["duplicate_captions"][0]
    assert abs(end["zero_initialisation"][1] - np.log(10)) < 0.02
    assert score["leaking_split"][1] > score["leaking_split"][0] + 0.04
    assert score["softmax_axis"][1] < score["softmax_axis"][0] - 0.03
    assert abs(score["test_statistics"][1] - score["test_statistics"][0]) < 0.05
    free = found["teacher_forcing"][1].scores
    assert free["teacher_forced"] > free["free_running"] + 0.02


# Between the twins of each mistake the first symptom differs at least so much, and in this direction.
LEAST = {
    "no_unit_length": ("times", 2),
    "softmax_axis": ("times", 0.5),
    "duplicate_captions": ("times", 5),
    "zero_initialisation": ("times", 5),
    "no_warm_up": ("times", 1.2),
    "learning_rate_too_high": ("times", 2),
    "leaking_split": ("plus", 50),
    "test_statistics": ("plus", 0.03),
    "teacher_forcing": ("plus", 2),
}


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2))])
@pytest.mark.parametrize("name", lab.MISTAKES)
def test_a_number_shows_the_mistake(name, seed):
    right, wrong = next(iter(trained(name, seed).symptoms.values()))
    how, least = LEAST[name]
    if how == "plus":
        assert wrong > right + least
    elif least < 1:
        assert wrong < least * right
    else:
        assert wrong > least * right


def test_symptoms_by_hand():
    evidence = Evidence(captions=["one", "two", "one", "one"])
    assert false_negatives(evidence).astype(int).tolist() == [[0, 0, 1, 1], [0, 0, 0, 0], [1, 0, 0, 1], [1, 0, 1, 0]]
    assert not false_negatives(Evidence(captions=["one", "one"], masked=True)).any()
    known = Evidence(train=np.array([[0.0, 0], [3, 4]]), test=np.array([[3.0, 4], [3, 0], [0, 1], [-3, -4]]))
    np.testing.assert_allclose(nearest_training(known), [0, 3, 1, 5], atol=1e-12)
    assert leaked(known) == 25


@pytest.mark.parametrize("name", lab.MISTAKES)
def test_the_picture_of_both_twins_compares_them_on_the_same_axes(name):
    figure = lab.twin_figure(trained(name))
    (upper_left, upper_right), (left, right) = figure.axes[:2], figure.axes[2:4]
    assert upper_left.get_ylim() == upper_right.get_ylim()
    assert len(upper_left.lines[0].get_xdata()) == 200
    if left.images:
        assert left.images[0].get_clim() == right.images[0].get_clim()
    else:
        assert (left.get_xlim(), left.get_ylim()) == (right.get_xlim(), right.get_ylim())
    figure.canvas.draw()


def test_an_unknown_mistake_is_refused_with_the_nearest():
    with pytest.raises(ValueError, match="no mistake 'leaking_spilt'; there is leaking_split"):
        lab.twins("leaking_spilt")
