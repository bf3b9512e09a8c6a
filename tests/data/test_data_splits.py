import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyxm.data import Samples, grouped_split, random_split, stratified_split

TWO = {"train": 0.75, "test": 0.25}


def assert_partition(split, n):
    assert sorted(np.concatenate(list(split.parts.values()))) == list(range(n))
    assert all(len(part) for part in split.parts.values())


def assert_same(one, other):
    assert all(np.array_equal(one[name], other[name]) for name in one.parts)


@given(st.integers(3, 200), st.integers(0, 99))
def test_random_split(n, seed):
    split = random_split(n, rng=seed)
    assert_partition(split, n)
    assert_same(split, random_split(n, rng=np.random.default_rng(seed)))
    if n >= 20:
        assert abs(len(split["train"]) - 0.8 * n) <= 1


@given(st.lists(st.integers(0, 12), min_size=1, max_size=150), st.integers(0, 99))
def test_grouped_split_never_divides_a_group(groups, seed):
    if len(set(groups)) < 2:
        with pytest.raises(ValueError, match="2 parts of 1 groups"):
            grouped_split(groups, TWO, seed)
        return
    split = grouped_split(groups, TWO, seed)
    assert_partition(split, len(groups))
    assert_same(split, grouped_split(groups, TWO, seed))
    labels = np.array(groups)
    assert not set(labels[split["train"]]) & set(labels[split["test"]])
    largest = np.bincount(labels).max()
    assert abs(len(split["test"]) - 0.25 * len(groups)) <= largest


@given(st.lists(st.integers(3, 30), min_size=1, max_size=6), st.integers(0, 99))
def test_stratified_split_keeps_proportions(sizes, seed):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    split = stratified_split(labels, rng=seed)
    assert_partition(split, len(labels))
    assert_same(split, stratified_split(labels, rng=seed))
    for part, share in zip(split.parts.values(), (0.8, 0.1, 0.1), strict=True):
        counts = np.bincount(labels[part], minlength=len(sizes))
        assert (counts >= 1).all()
        assert (np.abs(counts - share * np.array(sizes)) <= 3 + len(sizes)).all()


def test_stratified_split_has_the_right_totals():
    split = stratified_split(np.repeat(np.arange(50), 7), {"train": 0.8, "test": 0.2})
    assert len(split["test"]) == 70  # 1.4 of each class: rounding alone would give 50


def test_seeds_differ():
    assert not np.array_equal(random_split(100, rng=0)["test"], random_split(100, rng=1)["test"])
    groups = np.arange(100) // 2
    assert not np.array_equal(grouped_split(groups, rng=0)["test"], grouped_split(groups, rng=1)["test"])


@pytest.mark.parametrize("split", [random_split, lambda *a: stratified_split([], *a[1:]), lambda *a: grouped_split([])])
def test_nothing_to_split(split):
    with pytest.raises(ValueError, match="no samples"):
        split(0)


@pytest.mark.parametrize("fractions", [{}, {"train": 0.5}, {"train": 1.2, "test": -0.2}, {"a": 0.5, "b": float("nan")}])
def test_impossible_fractions(fractions):
    with pytest.raises(ValueError, match="add up to 1"):
        random_split(10, fractions)


def test_too_many_parts():
    with pytest.raises(ValueError, match="3 parts of 2 samples"):
        random_split(2)
    with pytest.raises(ValueError, match="class 'b' has 1"):
        stratified_split(["a", "a", "b"], TWO)
    with pytest.raises(ValueError, match="one label per sample"):
        grouped_split(np.zeros((3, 2)))
    with pytest.raises(KeyError, match="train, test"):
        random_split(4, TWO)["validation"]


def noisy(rng, n=12):
    return rng.random((n, 16, 16, 3)).astype(np.float32)


def test_leaks_are_found_counted_and_named():
    images = noisy(np.random.default_rng(0))
    images[9] = images[0]
    images[10] = 0.9 * images[1] + 0.01
    texts = [f"text {i}" for i in range(12)]
    texts[11] = "  TEXT, 2! "
    samples = Samples({"image": images, "text": texts}, groups={"family": [*range(8), 3, 9, 10, 11], "all": [0] * 12})
    split = random_split(12, TWO)
    split.parts.update(train=np.arange(8), test=np.arange(8, 12))
    report = split.leaks(samples, groups=["family"])
    found = {leak.kind: (leak.count, leak.examples) for leak in report}
    assert found == {
        "group family": (1, [("3", "8")]),
        "same image": (1, [("0", "9")]),
        "near image": (2, [("0", "9"), ("1", "10")]),
        "same text": (1, [("2", "11")]),
    }
    assert report
    assert "group family: 1 in test are also in train (such as 3 ~ 8)" in str(report)
    assert "group all" in str(split.leaks(samples))


def test_missing_values_do_not_leak_and_a_clean_split_says_what_it_checked():
    samples = Samples({"image": noisy(np.random.default_rng(1)), "text": [None] * 12})
    report = random_split(samples, TWO).leaks(samples)
    assert not report
    assert str(report) == "no leak; checked: same image, near image, same text"
    with pytest.raises(ValueError, match="there are 3 samples"):
        random_split(12, TWO).leaks(samples[:3])
    with pytest.raises(ValueError, match="no groups"):
        random_split(12, TWO).leaks(samples, groups=["speaker"])
