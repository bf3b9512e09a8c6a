"""Rules of diagnosis: each fires on numbers made to show its mistake, and on nothing else."""

import numpy as np
import pytest

from tinyxm.training.diagnosis import RULES, Evidence, diagnose

rng = np.random.default_rng(0)
FALLING = list(np.geomspace(2.3, 0.1, 100))
UNIT = rng.standard_normal((20, 8))
UNIT /= np.linalg.norm(UNIT, axis=1, keepdims=True)
E = np.exp(rng.standard_normal((7, 5)))
ROWS = rng.random((30, 4))
HEALTHY = {
    "losses": FALLING,
    "unlearned": 2.3,
    "gradients": {"weight": rng.standard_normal((4, 3)), "bias": np.zeros(3)},
    "vectors": {"image": UNIT},
    "shares": E / E.sum(1, keepdims=True),
    "captions": "abc",
    "train": ROWS[:20],
    "test": ROWS[20:],
    "centre": ROWS[:20].mean(0),
    "scores": {"teacher_forced": 0.9, "free_running": 0.5},
    "reported": "free_running",
}
SICK = {
    "no_unit_length": {"vectors": {"image": UNIT, "text": UNIT * np.linspace(1, 2, 20)[:, None]}},
    "softmax_axis": {"shares": E / E.sum(0)},
    "duplicate_captions": {"captions": "abca"},
    "zero_initialisation": {"gradients": {"weight": np.repeat(rng.standard_normal((4, 1)), 3, axis=1)}},
    "learning_rate_too_high": {"losses": [2.3, *[9.0] * 9, *[2.4] * 90]},
    "no_warm_up": {"losses": [2.3, *[9.0] * 9, *FALLING[10:]]},
    "leaking_split": {"test": ROWS[15:], "centre": None},
    "test_statistics": {"centre": ROWS.mean(0)},
    "teacher_forcing": {"reported": "teacher_forced"},
}


def test_a_healthy_training_and_one_of_which_nothing_is_known_are_left_in_peace():
    assert diagnose(Evidence()) == []
    assert diagnose(Evidence(**HEALTHY)) == []
    assert diagnose(Evidence(**{**HEALTHY, "captions": "aabb", "masked": True})) == []


def test_there_is_a_case_for_every_rule():
    assert list(SICK) == list(RULES)


@pytest.mark.parametrize("name", SICK)
def test_each_mistake_is_named_and_no_other(name):
    (finding,) = diagnose(Evidence(**{**HEALTHY, **SICK[name]}))
    assert finding.name == name
    assert finding.sign
    assert str(finding).startswith(name.replace("_", " ") + ": ")


def test_overflow_and_gradients_that_are_all_zero_are_told():
    (finding,) = diagnose(Evidence(losses=[*FALLING[:50], np.inf, np.nan]))
    assert finding.name == "learning_rate_too_high"
    assert "step 50" in finding.sign
    (finding,) = diagnose(Evidence(gradients={"hidden.weight": np.zeros((4, 3))}))
    assert "hidden.weight, 3 units, is all 0" in finding.sign
