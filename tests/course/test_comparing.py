"""Where answers first differ, and what wrong ones look like: each diagnosis from an answer made wrong in that way."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from tinyxm.course import difference
from tinyxm.course.comparing import diagnosis

NUMBERS = st.floats(-100, 100).filter(lambda value: abs(value) > 0.1)
RIGHT = np.random.default_rng(3).normal(size=(4, 3))


@given(arrays(np.float64, array_shapes(), elements=NUMBERS))
def test_an_answer_within_the_tolerance_is_right(expected):
    assert difference(expected * (1 + 1e-7), expected) is None
    assert difference(expected.tolist(), expected) is None


@given(arrays(np.float64, array_shapes(), elements=NUMBERS), st.data())
def test_one_wrong_element_is_found_where_it_is(expected, data):
    at = tuple(data.draw(st.integers(0, length - 1)) for length in expected.shape)
    wrong = expected.copy()
    wrong[at] += 1
    found = difference(wrong, expected)
    assert found.where == str(list(at))
    assert found.got == f"{wrong[at]:.6g}"
    assert found.expected == f"{expected[at]:.6g}"


@pytest.mark.parametrize(
    ("made_wrong", "told"),
    [
        (lambda a: -a, "the sign is wrong"),
        (lambda a: 4 * a, "exactly 4 times too large, and 4 is the batch: is a mean (or 1/batch) missing?"),
        (lambda a: a / 4, "exactly 4 times too small, and 4 is the batch"),
        (lambda a: -a / 4, "of the wrong sign and exactly 4 times too small"),
        (lambda a: a / 2, "exactly 2 times too small, the square root of 4, the batch"),
        (lambda a: 3 * a, "exactly 3 times too large"),
        (lambda a: 12**0.5 * a, "exactly 3.464 times too large"),
        (lambda a: 0 * a, "all zeros"),
        (lambda a: a + 1, "each is +1 off"),
        (lambda a: a[::-1], "in the reverse order along axis 0"),
        (lambda a: np.roll(a, 1, 1), "shifted by one along axis 1"),
        (lambda a: np.sort(a, axis=0), "the right numbers in another order"),
        (lambda a: np.where(a == a.flat[5], np.nan, a), "there is NaN in it"),
        (lambda a: np.where(a == a.flat[5], np.inf, a), "there is infinity in it"),
        (
            lambda a: np.concatenate([a[:1], a[1:] + 1]),
            "only the first row is right: does it see the first of the batch alone?",
        ),
        (lambda a: np.concatenate([a[:-1], a[-1:] + 1]), "all but the last are right"),
        (lambda a: np.concatenate([a[:1] + 1, a[1:]]), "all but the first are right"),
    ],
)
def test_a_mistake_is_named(made_wrong, told):
    assert told in diagnosis(made_wrong(RIGHT), RIGHT, sizes={"batch": 4})


def test_a_factor_that_says_nothing_is_not_told():
    assert diagnosis(2.328 * RIGHT, RIGHT, sizes={"batch": 4}) == ""


def test_the_first_alone_is_guessed_at_where_there_is_a_batch_only():
    losses = np.array([3.0, 2.0, 1.0])
    assert diagnosis(losses + np.array([0, 1, 3]), losses) == "only the first is right"


def test_exchanged_parts_are_seen():
    parts = RIGHT, np.float64(2.0), RIGHT[0]
    assert difference((parts[2], parts[0], parts[1]), parts).looks_like == "the parts are exchanged"
    assert difference((parts[2], parts[0], 7.0), parts).looks_like != "the parts are exchanged"


def test_what_is_infinite_by_right_is_like_nothing_known():
    assert diagnosis(RIGHT, np.where(RIGHT > 0, RIGHT, -np.inf)) == ""
    assert diagnosis(1e300 * RIGHT, 1e-300 * RIGHT[::-1]) == ""


def test_a_square_answer_is_seen_to_be_transposed():
    square = RIGHT[:3]
    assert "transposed" in diagnosis(square.T, square)
    assert difference(RIGHT.T, RIGHT).looks_like == "it is right, but transposed"


@pytest.mark.parametrize(
    ("got", "expected", "told"),
    [
        (RIGHT[:, None], RIGHT, "only the shape isn't"),
        (RIGHT, RIGHT.sum(0), "its sum over axis 0 would be right"),
        (RIGHT, RIGHT.mean(1), "its mean over axis 1 would be right"),
        (RIGHT.sum(), RIGHT.sum(0), "summed over too much"),
        (RIGHT[:0], RIGHT.sum(0), ""),
        (None, RIGHT, "is a return missing?"),
    ],
)
def test_a_wrong_shape_is_explained(got, expected, told):
    assert told in difference(got, expected).looks_like


def test_a_nought_of_another_shape_isnt_taken_for_right_numbers():
    assert difference(np.zeros((1, 1)), np.zeros(1)).looks_like == ""
    assert difference(np.zeros((3, 2)), np.zeros(2)).looks_like == ""
    assert "only the shape isn't" in difference(np.ones((1, 1)), np.ones(1)).looks_like


@pytest.mark.parametrize(
    ("got", "expected", "where"),
    [
        ((1.0, 2.0), (1.0, np.array([2.0])), "[1]"),
        ({"a": 1.0, "b": 3.0}, {"a": 1.0, "b": 2.0}, "['b']"),
        ({"a": 1.0}, {"a": 1.0, "b": 2.0}, "['b']"),
        ({"a": 1.0, "b": 2.0}, {"a": 1.0}, "['b']"),
        (["a", "c"], ["a", "b"], "[1]"),
        ([1, 2, 3], ("a", "b"), ""),
        ("six", "seven", ""),
        (1, True, ""),
        (object(), np.ones(3), ""),
        ("seven", np.ones(3), ""),
        ([[1, 2], [3]], np.ones((2, 2)), ""),
    ],
)
def test_containers_and_words_are_compared_within(got, expected, where):
    assert difference(got, expected).where == where


def test_what_is_equal_in_containers_is_right():
    assert difference({"a": (1.0, "b", [1, 2], True, None)}, {"a": (1.0, "b", [1, 2], True, None)}) is None
    assert difference(np.True_, True) is None
