import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyxm.metrics import (
    accuracy,
    balanced_accuracy,
    cohen_kappa,
    confusion_matrix,
    f1,
    matthews,
    precision,
    recall,
)

SCORES = {"precision": precision, "recall": recall, "f1": f1}


def test_by_hand():
    targets, predictions = [0, 0, 0, 1, 2, 2], [0, 0, 1, 1, 0, 0]
    np.testing.assert_array_equal(confusion_matrix(targets, predictions), [[2, 1, 0], [0, 1, 0], [2, 0, 0]])
    assert accuracy(targets, predictions) == 3 / 6
    np.testing.assert_allclose(precision(targets, predictions, average=None), [2 / 4, 1 / 2, 0])
    np.testing.assert_allclose(recall(targets, predictions, average=None), [2 / 3, 1, 0])
    np.testing.assert_allclose(f1(targets, predictions, average=None), [4 / 7, 2 / 3, 0])
    assert recall(targets, predictions, average="weighted") == pytest.approx((3 * 2 / 3 + 1 * 1 + 2 * 0) / 6)


def test_a_class_never_seen_scores_0_and_lowers_the_macro_average():
    assert confusion_matrix([0, 1], [0, 1], classes=4).shape == (4, 4)
    for score in SCORES.values():
        np.testing.assert_array_equal(score([0, 1], [0, 1], classes=4, average=None), [1, 1, 0, 0])
        assert score([0, 1], [0, 1], classes=4) == 0.5


@pytest.mark.parametrize("average", ["macro", "micro", "weighted", None])
@pytest.mark.parametrize("name", SCORES)
@given(data=st.data())
def test_agrees_with_scikit_learn(name, average, data):
    oracle = pytest.importorskip("sklearn.metrics")
    classes = data.draw(st.integers(2, 5))  # of a single class scikit-learn warns
    pair = st.tuples(st.integers(0, classes - 1), st.integers(0, classes - 1))
    targets, predictions = np.array(data.draw(st.lists(pair, min_size=1, max_size=30))).T
    expected = getattr(oracle, f"{name}_score")(
        targets, predictions, labels=range(classes), average=average, zero_division=0
    )
    np.testing.assert_allclose(SCORES[name](targets, predictions, classes, average), expected, atol=1e-12)
    np.testing.assert_array_equal(
        confusion_matrix(targets, predictions, classes),
        oracle.confusion_matrix(targets, predictions, labels=range(classes)),
    )
    assert accuracy(targets, predictions) == pytest.approx(oracle.accuracy_score(targets, predictions))


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=2, max_size=30))
def test_what_corrects_for_chance_agrees_with_scikit_learn(pairs):
    oracle = pytest.importorskip("sklearn.metrics")
    targets, predictions = np.array([*pairs, (0, 1)]).T  # of a single class scikit-learn warns, and its kappa is NaN
    assert matthews(targets, predictions) == pytest.approx(oracle.matthews_corrcoef(targets, predictions), abs=1e-12)
    if set(predictions) <= set(targets):  # of a class never true scikit-learn warns
        expected = oracle.balanced_accuracy_score(targets, predictions)
        assert balanced_accuracy(targets, predictions) == pytest.approx(expected)
    for weights in (None, "linear", "quadratic"):
        expected = oracle.cohen_kappa_score(targets, predictions, labels=range(4), weights=weights)
        assert cohen_kappa(targets, predictions, weights) == pytest.approx(expected, abs=1e-12)


def test_saying_always_the_same_is_worth_nothing():
    targets, predictions = [0] * 99 + [1], [0] * 100
    assert accuracy(targets, predictions) == 0.99
    assert balanced_accuracy(targets, predictions) == 0.5
    assert matthews(targets, predictions) == cohen_kappa(targets, predictions) == 0
    assert cohen_kappa([1, 1], [1, 1]) == 0, "by chance they'd agree as well"


def test_being_next_to_right_is_half_as_wrong():
    targets = [0, 1, 2] * 4
    near, far = [1, 1, 2] * 4, [2, 1, 2] * 4
    assert cohen_kappa(targets, near) == pytest.approx(0.5)
    assert cohen_kappa(targets, near, "quadratic") > cohen_kappa(targets, far, "quadratic")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: confusion_matrix([0, 5], [0, 1], 3), ValueError, r"targets\[1\] is label 5; labels run from 0 to 2"),
        (lambda: f1([0, 1], [-1, 1]), ValueError, r"f1: predictions\[0\] is label -1; labels run from 0 to 1"),
        (lambda: confusion_matrix([-2], [-1]), ValueError, r"targets\[0\] is label -2; labels run from 0 to 0"),
        (lambda: confusion_matrix([0], [0], 0), ValueError, "classes=0"),
        (lambda: accuracy([0, 1], [0]), ValueError, r"accuracy: targets \(2,\) and predictions \(1,\)"),
        (lambda: accuracy([], []), ValueError, "no examples"),
        (lambda: recall([0.0], [0]), TypeError, "recall: targets are float64; expected integer"),
        (lambda: precision([0], [[0.5]]), ValueError, r"predictions \(1, 1\)"),
        (lambda: precision([0], [0], average="mean"), ValueError, "average='mean'"),
        (lambda: cohen_kappa([0], [0], "square"), ValueError, "weights='square'"),
        (lambda: matthews([0], [0.5]), TypeError, "matthews: predictions are float64"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()


@pytest.mark.parametrize("score", [confusion_matrix, f1])
def test_one_large_label_does_not_take_all_memory(score):
    with pytest.raises(ValueError, match=f"{score.__name__}: label 1000000 would make 1000001 classes.*pass classes="):
        score([0, 10**6], [0, 1])
    assert confusion_matrix([0, 4095], [0, 4095]).shape == (4096, 4096)
