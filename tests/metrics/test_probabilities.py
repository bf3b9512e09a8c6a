"""Scores of rankings and of probabilities, by hand and beside scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyxm import metrics

SCORED = st.lists(st.tuples(st.booleans(), st.integers(0, 6)), min_size=2, max_size=25)


def test_roc_auc_counts_pairs():
    targets, scores = [0, 0, 1, 1], [0.1, 0.4, 0.35, 0.8]
    assert metrics.roc_auc(targets, scores) == 3 / 4
    assert metrics.roc_auc(targets, np.zeros(4)) == 0.5
    assert metrics.roc_auc(targets, -np.array(scores)) == 1 / 4


def test_average_precision_by_hand():
    assert metrics.average_precision([1, 0, 1, 0], [0.9, 0.8, 0.7, 0.1]) == pytest.approx((1 + 2 / 3) / 2)
    assert metrics.average_precision([1, 0, 1, 0], np.zeros(4)) == 0.5, "their share"


@given(SCORED)
def test_rankings_agree_with_scikit_learn(pairs):
    oracle = pytest.importorskip("sklearn.metrics")
    targets, scores = np.array([t for t, _ in pairs], int), np.array([s / 3 for _, s in pairs])
    targets[:2] = 0, 1
    assert metrics.roc_auc(targets, scores) == pytest.approx(oracle.roc_auc_score(targets, scores))
    assert metrics.average_precision(targets, scores) == pytest.approx(oracle.average_precision_score(targets, scores))


@given(st.integers(0, 2**32 - 1), st.integers(2, 5))
def test_several_classes_agree_with_scikit_learn(seed, classes):
    oracle = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(seed)
    targets = np.append(np.arange(classes), rng.integers(classes, size=20))
    probabilities = rng.dirichlet(np.ones(classes), size=len(targets))
    one_hot = np.eye(classes, dtype=int)[targets]
    assert metrics.roc_auc(targets, probabilities) == pytest.approx(
        oracle.roc_auc_score(one_hot, probabilities, average="macro")
    )
    assert metrics.average_precision(targets, probabilities) == pytest.approx(
        oracle.average_precision_score(one_hot, probabilities, average="macro")
    )
    assert metrics.brier(targets, probabilities) == pytest.approx(np.mean(np.sum((probabilities - one_hot) ** 2, 1)))
    for k in range(1, classes):
        if classes > 2:
            expected = oracle.top_k_accuracy_score(targets, probabilities, k=k)
            assert metrics.top_k_accuracy(targets, probabilities, k) == pytest.approx(expected)
    if classes == 2:
        expected = oracle.brier_score_loss(targets, probabilities[:, 1])
        assert metrics.brier(targets, probabilities[:, 1]) == pytest.approx(expected)


def test_top_k_misses_a_tie_across_k():
    assert metrics.top_k_accuracy([0, 1], [[0.5, 0.4, 0.1], [0.5, 0.4, 0.1]], 1) == 0.5
    assert metrics.top_k_accuracy([0, 1], np.ones((2, 3)), 1) == 0
    assert metrics.top_k_accuracy([0, 1], np.ones((2, 3)), 3) == 1


def test_calibration_by_hand():
    # bins (0.5, 0.75] and (0.75, 1]: 0.7 sure and half right, 0.9 sure and all right
    targets, p = [1, 0, 1, 0, 0], [0.7, 0.7, 0.9, 0.1, 0.1]
    table = metrics.reliability(targets, p, bins=4)
    np.testing.assert_allclose(table.confidence, [0.7, 0.9])
    np.testing.assert_allclose(table.accuracy, [0.5, 1])
    np.testing.assert_array_equal(table.counts, [2, 3])
    assert metrics.calibration_error(targets, p, bins=4) == pytest.approx((2 * 0.2 + 3 * 0.1) / 5)
    assert metrics.calibration_error([0, 1], [[1.0, 0], [1, 0]]) == 0.5
    edge = metrics.reliability([1, 1], [0.75, 0.9], bins=4)
    np.testing.assert_array_equal(edge.counts, [1, 1])  # 0.75 belongs below


def test_who_knows_nothing_can_be_calibrated_and_brier_sees_it():
    rng = np.random.default_rng(0)
    p = rng.random(20_000)
    targets = (rng.random(20_000) < p).astype(int)
    shares = np.full(20_000, targets.mean())
    assert metrics.calibration_error(targets, shares) < 0.01
    assert metrics.calibration_error(targets, p) < 0.02
    assert metrics.brier(targets, p) == pytest.approx(1 / 6, abs=0.01), "∫ p (1 − p)"
    assert metrics.brier(targets, shares) == pytest.approx(1 / 4, abs=0.01)
    sharp = p**0.2 / (p**0.2 + (1 - p) ** 0.2)
    assert metrics.calibration_error(targets, sharp) > 0.1 > 0.02


@pytest.mark.oracle
@given(st.integers(0, 2**32 - 1))
def test_reliability_of_the_positive_class_agrees_with_scikit_learn(seed):
    oracle = pytest.importorskip("sklearn.calibration")
    rng = np.random.default_rng(seed)
    p = rng.uniform(0.5, 1, size=60)  # where class 1 is the one chosen
    targets = (rng.random(60) < p).astype(int)
    share, mean = oracle.calibration_curve(targets, p, n_bins=10)
    ours = metrics.reliability(targets, p, bins=10)
    np.testing.assert_allclose(ours.accuracy, share)
    np.testing.assert_allclose(ours.confidence, mean)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: metrics.roc_auc([1, 1], [0.1, 0.2]), ValueError, "roc_auc: a class has no example"),
        (lambda: metrics.average_precision([0, 0], [0.1, 0.2]), ValueError, "a class has no example"),
        (lambda: metrics.roc_auc([0, 1], [0.1]), ValueError, r"targets \(2,\), scores \(1,\)"),
        (lambda: metrics.roc_auc([0, 2], [0.1, 0.2]), ValueError, "label 2; .* classes 0 to 1"),
        (lambda: metrics.roc_auc([0.0, 1.0], [0.1, 0.2]), TypeError, "integer labels"),
        (lambda: metrics.brier([0, 1], [np.nan, 0.2]), ValueError, "1 scores aren't finite"),
        (lambda: metrics.brier([0, 1], [[3.0, -1], [2, 2]]), ValueError, "expected probabilities"),
        (lambda: metrics.calibration_error([0, 1], [1.5, 0.2]), ValueError, "softmax"),
        (lambda: metrics.reliability([0, 1], [0.5, 0.2], 0), ValueError, "bins=0"),
        (lambda: metrics.top_k_accuracy([0, 1], [0.5, 0.2]), ValueError, r"\(n, classes\)"),
        (lambda: metrics.top_k_accuracy([0, 1], np.eye(2), 0), ValueError, "k=0"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
