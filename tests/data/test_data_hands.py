"""Simulated hands: the strokes stay what they are, the hands differ, and ink only grows."""

from itertools import pairwise

import numpy as np
import pytest

pytest.importorskip("kanji", reason="needs the extra data")

from tinyxm.data.sources.characters import written
from tinyxm.data.sources.hands import films, hand


def test_a_hand_keeps_the_strokes_their_order_and_their_direction():
    strokes = written("き")
    for seed in range(6):
        told = hand(seed).write(strokes, np.random.default_rng(seed))
        assert [s.points.shape for s in told] == [s.points.shape for s in strokes]
        for mine, theirs in zip(told, strokes, strict=True):
            a, b = (s.points[-1] - s.points[0] for s in (mine, theirs))
            assert a @ b > 0.5 * np.linalg.norm(a) * np.linalg.norm(b)
            assert (np.diff(mine.seconds) >= 0).all()
        assert all(a.seconds[-1] <= b.seconds[0] for a, b in pairwise(told))


def test_a_seed_is_a_hand():
    first, again, other = (hand(seed) for seed in (3, 3, 4))
    assert np.array_equal(first.matrix, again.matrix)
    assert not np.allclose(first.matrix, other.matrix)
    strokes = written("7")
    calm = first._replace(tremor=0.0)
    points = [calm.write(strokes, np.random.default_rng(seed))[0].points for seed in (0, 1)]
    assert np.array_equal(*points)
    assert not np.array_equal(points[0], first.write(strokes, np.random.default_rng(0))[0].points)


def test_an_unusual_hand_leans_is_narrow_and_has_a_pen_as_no_usual_one():
    def traits(own):
        """Slant, breadth beside height, and the pen: the matrix is a rotation of [[a, −slant·d], [0, d]]."""
        right, down = own.matrix.T
        area = abs(np.linalg.det(own.matrix))
        return abs(right @ down) / area, right @ right / area, own.width

    usual, unusual = (np.array([traits(hand(seed, which)) for seed in range(60)]) for which in (False, True))
    assert usual[:, 0].max() < unusual[:, 0].min()
    assert unusual[:, 1].max() < np.quantile(usual[:, 1], 0.1)
    assert not ((unusual[:, 2] >= 5) & (unusual[:, 2] <= 9)).any()
    assert ((usual[:, 2] >= 5) & (usual[:, 2] <= 9)).all()
    assert hand(3, True).tremor != hand(3).tremor, "it is another hand, not a usual one changed"


def test_films_gain_ink_and_lose_none():
    found = films("4あ", range(5), 28, 9)
    assert found.shape == (2, 5, 9, 28, 28, 1)
    assert found.dtype == np.uint8
    steps = np.diff(found.astype(int), axis=2)
    assert steps.min() >= 0
    assert steps.max(axis=(-1, -2, -3)).mean() > 100, "most frames add something"
    assert np.abs(np.diff(found[:, :, -1].astype(int), axis=1)).mean() > 5, "hands differ"
    with pytest.raises(ValueError, match="hands: size_pixels 4"):
        films("4", range(2), 4)
