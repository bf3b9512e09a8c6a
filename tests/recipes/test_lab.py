"""The failure lab: the wrong twin shows its mistake and is diagnosed; the right one learns, and isn't."""

from functools import cache

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="the digits are in scikit-learn")

from tinyxm.recipes import lab
from tinyxm.training.diagnosis import RULES, diagnose


@cache
def twins(name, seed=0):
    """The evidence of the right one and of the wrong one, and nobody trains them again."""
    return [lab.MISTAKES[name].train(wrong=wrong, seed=seed) for wrong in (False, True)]


def test_every_rule_of_diagnosis_has_its_mistake_in_the_lab():
    assert set(lab.MISTAKES) == set(RULES)


@pytest.mark.parametrize("seed", [0, pytest.param(1, marks=pytest.mark.slow)])
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
    assert abs(end["symmetry"][1] - np.log(10)) < 0.02
    assert score["leaking_split"][1] > score["leaking_split"][0] + 0.04
    assert score["softmax_axis"][1] < score["softmax_axis"][0] - 0.03
    assert abs(score["test_statistics"][1] - score["test_statistics"][0]) < 0.05
    free = found["teacher_forcing"][1].scores
    assert free["teacher_forced"] > free["free_running"] + 0.02
