from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinyxm.data import Samples, balanced_order, batches, bucketed_order, collate, concatenate, pad, padding_share

counts = st.lists(st.integers(1, 40), min_size=1, max_size=6)


@given(counts, st.integers(0, 50), st.integers(0, 5))
def test_every_stretch_of_a_balanced_order_has_all_classes(sizes, seed, epoch):
    labels = np.random.default_rng(seed).permutation(np.repeat(np.arange(len(sizes)), sizes))
    indices = balanced_order(labels, seed, epoch)
    classes = len(sizes)
    assert len(indices) % classes == 0
    assert len(labels) <= len(indices) < len(labels) + classes
    for row in labels[indices].reshape(-1, classes):
        assert sorted(row) == list(range(classes))
    np.testing.assert_array_equal(indices, balanced_order(labels, seed, epoch))


def test_no_sample_comes_again_before_all_of_its_class_have_come():
    labels = np.repeat(["rare", "common"], [3, 17])
    drawn = np.concatenate([balanced_order(labels, 4, epoch) for epoch in range(6)])
    for name in ("rare", "common"):
        of_class = np.flatnonzero(labels == name)
        mine = drawn[labels[drawn] == name]
        for i in range(0, len(mine) - len(of_class) + 1, len(of_class)):
            assert sorted(mine[i : i + len(of_class)]) == sorted(of_class)
    assert not np.array_equal(drawn[:20], drawn[20:40])


def test_an_empty_class_is_named():
    with pytest.raises(ValueError, match="class 'cow' is empty"):
        balanced_order(["cat", "dog"], 0, 0, classes=["cat", "cow"])
    with pytest.raises(ValueError, match="one label per sample"):
        balanced_order([], 0, 0)
    with pytest.raises(ValueError, match="epoch is -1"):
        balanced_order([1], 0, -1)
    assert len(balanced_order(["cat", "dog"], 0, 0, size=7)) == 8


@given(st.integers(1, 120), st.integers(1, 9), st.integers(1, 4), st.integers(0, 20))
def test_a_bucketed_order_is_a_permutation_and_pads_less(n, size, window, seed):
    lengths = np.random.default_rng(seed).integers(1, 100, n)
    indices = bucketed_order(lengths, size, seed, 0, window)
    assert sorted(indices) == list(range(n))
    np.testing.assert_array_equal(indices, bucketed_order(lengths, size, seed, 0, window))
    assert len(bucketed_order(lengths, size, seed, 0, window, drop_last=True)) == n - n % size
    for epoch in range(2):
        parts = list(batches(n, size, indices=bucketed_order(lengths, size, seed, epoch, 1000)))[: n // size]
        spans = sorted((lengths[part].min(), lengths[part].max()) for part in parts)
        assert all(one[1] <= other[0] for one, other in pairwise(spans))  # sorted within the window


def test_what_bucketing_saves():
    lengths = np.random.default_rng(0).integers(1, 1000, 2000)
    assert padding_share([3, 1, 2, 2], [0, 1, 2, 3], 2) == 1 - 8 / 10
    assert padding_share(lengths, bucketed_order(lengths, 20, 0, 0), 20) < 0.03
    assert padding_share(lengths, np.arange(2000), 20) > 0.4
    with pytest.raises(ValueError, match="one length per sample"):
        bucketed_order(np.zeros((2, 2)), 2, 0, 0)
    with pytest.raises(ValueError, match="batch_size 0"):
        bucketed_order([1], 0, 0, 0)


def test_batches_take_an_order_and_resume_in_it():
    indices = balanced_order([0, 0, 0, 1], 1, 2, size=10)
    every = list(batches(4, 4, indices=indices))
    np.testing.assert_array_equal(np.concatenate(every), indices)
    rest = list(batches(4, 4, indices=indices, start=1, drop_last=True))
    assert [part.tolist() for part in rest] == [every[1].tolist()]
    for wrong in ([4], [-1], [], [[0]]):
        with pytest.raises(ValueError, match="expected some of 0 to 3"):
            batches(4, 2, indices=wrong)


def test_pad_fills_behind_and_marks_what_is_real():
    array, mask = pad([[1.0, 2.0], [], [3.0]], multiple_of=3, value=-1)
    assert array.tolist() == [[1, 2, -1], [-1, -1, -1], [3, -1, -1]]
    assert mask.tolist() == [[True, True, False], [False] * 3, [True, False, False]]
    assert pad([[1, 2, 3]], length=2)[0].tolist() == [[1, 2]]
    assert pad([[1, 2, 3]], length=2, cut="start")[0].tolist() == [[2, 3]]
    videos, mask = pad([np.ones((2, 4, 4, 3), np.uint8), np.ones((5, 4, 4, 3), np.uint8)])
    assert videos.shape == (2, 5, 4, 4, 3)
    assert videos.dtype == np.uint8
    assert mask.sum(1).tolist() == [2, 5]
    with pytest.raises(ValueError, match="array 1 is"):
        pad([np.ones((2, 3)), np.ones((2, 4))])
    with pytest.raises(ValueError, match="cut 'middle'"):
        pad([[1]], cut="middle")


def mixed():
    rng = np.random.default_rng(0)
    return Samples(
        {
            "image": rng.random((4, 8, 8, 3)).astype(np.float32),
            "picture": [rng.integers(0, 255, (8, 8, 4), np.uint8) for _ in range(3)] + [None],
            "sound": [np.ones(5, np.float32), None, np.ones(2, np.float32), np.ones(3, np.float32)],
            "video": [np.ones((k, 8, 8, 3), np.uint8) for k in (1, 3, 2, 2)],
            "text": ["one two", "three", None, "four five six"],
            "keywords": [["a"], ["b", "c"], [], ["d"]],
            "score": [1.5, None, 2.5, 3.5],
        },
        ids=list("wxyz"),
        present={"image": [True, False, True, True]},
    )


def test_collate_pads_what_is_ragged_and_masks_what_is_missing():
    batch = collate(mixed(), encode={"text": lambda text: [len(word) for word in text.split()]})
    assert batch["image"].shape == (4, 8, 8, 3)
    assert not batch["image"][1].any()
    np.testing.assert_array_equal(batch["image"][2], mixed()["image"][2])
    assert batch["picture"].dtype == np.uint8
    assert batch["picture"].shape == (4, 8, 8, 4)
    assert not batch["picture"][3].any()
    assert batch["sound"].tolist() == [[1, 1, 1, 1, 1], [0] * 5, [1, 1, 0, 0, 0], [1, 1, 1, 0, 0]]
    assert batch.masks["sound"].sum(1).tolist() == [5, 0, 2, 3]
    assert batch["video"].shape == (4, 3, 8, 8, 3)
    assert batch["text"].tolist() == [[3, 3, 0], [5, 0, 0], [0, 0, 0], [4, 4, 3]]
    assert batch.present["text"].tolist() == [True, True, False, True]
    assert batch["keywords"] == mixed()["keywords"]
    assert batch["score"].tolist() == [1.5, 0, 2.5, 3.5]
    assert "score" not in batch.masks
    assert "image" not in batch.masks
    assert batch.ids == list("wxyz")
    assert len(batch) == 4
    assert collate(mixed())["text"] == mixed()["text"]
    assert collate(mixed(), length={"sound": 3})["sound"].shape == (4, 3)
    assert collate(mixed(), multiple_of=4)["sound"].shape == (4, 8)
    nothing = collate(mixed()[[1]])
    assert nothing["sound"].shape == (1, 0)


def test_collate_refuses_pictures_of_several_sizes_and_unknown_names():
    samples = Samples({"picture": [np.zeros((8, 8, 3), np.uint8), np.zeros((9, 8, 3), np.uint8)]}, ids=["a", "b"])
    with pytest.raises(ValueError, match=r"'picture' of b is \(9, 8, 3\), of a \(8, 8, 3\); resize"):
        collate(samples)
    with pytest.raises(ValueError, match="no modality 'sound'"):
        collate(samples, encode={"sound": len})
    with pytest.raises(KeyError, match="picture"):
        collate(samples[[0]])["sound"]
    with pytest.raises(ValueError, match="first axis alone"):
        collate(Samples({"sound": [np.zeros((4, 1)), np.zeros((4, 2))]}))


def test_samples_one_after_the_other():
    whole = mixed()
    again = concatenate([whole[[0, 1]], whole[[]], whole[2:]])
    assert again.ids == whole.ids
    np.testing.assert_array_equal(again["image"], whole["image"])
    np.testing.assert_array_equal(again.present["image"], whole.present["image"])
    assert again["text"] == whole["text"]
    with pytest.raises(ValueError, match="no samples"):
        concatenate([])
    with pytest.raises(ValueError, match="modalities"):
        concatenate([whole, Samples({"text": ["a"]})])
