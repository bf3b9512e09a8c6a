import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyxm.data import Samples, batches, order


def four(**more):
    modalities = {"image": np.arange(8.0).reshape(4, 2), "text": ["a", "b", None, "d"]}
    return Samples(modalities, ids=["w", "x", "y", "z"], groups={"family": [0, 0, 1, 2]}, **more)


def test_a_subset_keeps_every_column_aligned():
    part = four(present={"image": [True, False, True, True]})[[2, 1]]
    assert part.ids == ["y", "x"]
    assert part["text"] == [None, "b"]
    np.testing.assert_array_equal(part["image"], [[4, 5], [2, 3]])
    np.testing.assert_array_equal(part.present["image"], [True, False])
    np.testing.assert_array_equal(part.present["text"], [False, True])
    np.testing.assert_array_equal(part.groups["family"], [1, 0])


@pytest.mark.parametrize("key", [slice(1, 3), np.array([False, True, True, False]), [1, 2]])
def test_subsets_by_slice_mask_and_list_agree(key):
    assert four()[key].ids == ["x", "y"]


def test_empty_subsets_are_samples_too():
    assert len(four()[[]]) == len(four()[np.zeros(4, bool)]) == 0


def test_repr_tells_what_is_missing():
    assert repr(four()).splitlines() == [
        "Samples: 4",
        "  image: float64 (4, 2)",
        "  text: list of str, 1 missing",
        "  grouped by family: 3",
    ]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Samples({}), "no modality"),
        (lambda: Samples({"image": np.zeros(3), "text": ["a"]}), "lengths differ"),
        (lambda: Samples({"image": np.zeros(3)}, ids=["a"]), "ids 1"),
        (lambda: Samples({"image": np.zeros(3)}, groups={"g": [1]}), "groups"),
        (lambda: Samples({"image": np.zeros(3)}, present={"sound": [1, 1, 1]}), "sound"),
        (lambda: Samples({"image": np.array(3)}), "single number"),
    ],
)
def test_bad_columns_are_named(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_wrong_kinds_and_keys():
    with pytest.raises(TypeError, match="tuple"):
        Samples({"text": ("a",)})
    with pytest.raises(KeyError, match="image, text"):
        four()["sound"]
    with pytest.raises(TypeError, match=r"samples\[\[3\]\]"):
        four()[1]


@given(st.integers(1, 60), st.integers(1, 20), st.integers(0, 9), st.integers(0, 9), st.integers(0, 5))
def test_batches_cover_an_epoch_once_and_resume(n, size, seed, epoch, start):
    every = list(batches(n, size, seed, epoch))
    assert sorted(np.concatenate(every)) == list(range(n))
    assert all(len(part) == size for part in every[:-1])
    np.testing.assert_array_equal(np.concatenate(every), order(n, seed, epoch))
    rest = list(batches(n, size, seed, epoch, start=start))
    assert [part.tolist() for part in rest] == [part.tolist() for part in every[start:]]
    if size <= n:
        full = list(batches(n, size, seed, epoch, drop_last=True))
        assert [part.tolist() for part in full] == [part.tolist() for part in every[: n // size]]


def test_order_changes_with_seed_and_epoch():
    orders = {tuple(order(30, seed, epoch)) for seed in range(4) for epoch in range(4)}
    assert len(orders) == 16


def test_batches_of_samples():
    assert [part.ids for part in batches(four(), 3, seed=None)] == [["w", "x", "y"], ["z"]]


@pytest.mark.parametrize(("n", "size", "drop"), [(0, 1, False), (3, 0, False), (3, 4, True)])
def test_batches_refuse(n, size, drop):
    with pytest.raises(ValueError, match="batches: "):
        batches(n, size, drop_last=drop)
    with pytest.raises(ValueError, match="epoch is -1"):
        order(3, 0, -1)
