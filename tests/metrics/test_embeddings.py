"""Measures of a learned space where the answer is known."""

import numpy as np
import pytest

from tinyxm import metrics


def normal(n, d, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d))


def test_modality_gap_is_the_distance_of_centres_whatever_the_lengths():
    assert metrics.modality_gap([[2.0, 0], [5, 0]], [[0.0, 3]]) == pytest.approx(np.sqrt(2))
    assert metrics.modality_gap([[1.0, 0], [0, 1]], [[0.0, 7], [7, 0]]) == 0
    assert metrics.modality_gap([[1.0, 0]], [[-1.0, 0]]) == 2


def test_alignment_of_pairs():
    x, y = np.array([[1.0, 0], [0, 2]]), np.array([[0.0, 5], [0, 1]])
    assert metrics.alignment(x, y) == pytest.approx((2 + 0) / 2)  # ‖x̂ − ŷ‖² = 2 − 2 cos
    assert metrics.alignment(x, y, power=1) == pytest.approx(np.sqrt(2) / 2)
    assert metrics.alignment(x, 3 * x) == 0
    assert metrics.alignment(x, -x) == 4


def test_uniformity_of_a_point_two_poles_and_a_sphere():
    assert metrics.uniformity(np.ones((9, 3))) == pytest.approx(0)
    assert metrics.uniformity([[1.0, 0], [-1, 0]]) == pytest.approx(-2 * 4)
    assert metrics.uniformity(np.eye(5), t=3) == pytest.approx(-3 * 2)
    assert metrics.uniformity(normal(500, 256)) == pytest.approx(-4, abs=0.05), "many dimensions: nearly all at √2"


def test_uniformity_of_a_circle_is_a_bessel_function():
    special = pytest.importorskip("scipy.special")
    angles = 2 * np.pi * np.arange(2000) / 2000
    circle = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    # the mean of exp(−2t (1 − cos θ)) over θ is exp(−2t) I₀(2t)
    assert metrics.uniformity(circle) == pytest.approx(-4 + np.log(special.i0(4)), abs=2e-3)


def test_effective_rank_counts_directions():
    assert metrics.effective_rank(np.eye(6)) == pytest.approx(6)
    assert metrics.effective_rank(np.outer(np.arange(1, 9), [1.0, 2, 3])) == pytest.approx(1)
    q, _ = np.linalg.qr(normal(20, 4))
    assert metrics.effective_rank(q @ np.diag([3.0, 3, 3, 0]) @ np.linalg.qr(normal(4, 4, 1))[0]) == pytest.approx(3)
    p = np.array([0.5, 0.25, 0.25])
    assert metrics.effective_rank(np.diag(4 * p)) == pytest.approx(np.exp(-np.sum(p * np.log(p))))
    assert 60 < metrics.effective_rank(normal(2000, 64)) <= 64


def test_von_neumann_entropy_is_that_of_the_gram_matrix():
    assert metrics.von_neumann_entropy(np.ones((5, 2))) == pytest.approx(0, abs=1e-12)
    assert metrics.von_neumann_entropy(4 * np.eye(8)) == pytest.approx(np.log(8))
    x = normal(6, 9)
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    values = np.linalg.eigvalsh(unit @ unit.T / 6)
    assert metrics.von_neumann_entropy(x) == pytest.approx(-np.sum(values * np.log(values)))


def test_hubness_is_the_skew_of_how_often_each_answers():
    stats = pytest.importorskip("scipy.stats")
    similarity = np.array([[0.9, 0.1, 0.2], [0.8, 0.7, 0.1], [0.5, 0.1, 0.4], [0.3, 0.2, 0.1]])
    np.testing.assert_array_equal(metrics.k_occurrence(similarity, 1), [4, 0, 0])
    np.testing.assert_array_equal(metrics.k_occurrence(similarity, 2), [4, 2, 2])
    x = normal(300, 50)
    cosines = -np.linalg.norm(x[:, None] - x[None], axis=-1)
    counts = metrics.k_occurrence(cosines, 5)
    assert counts.sum() == 5 * 300
    assert metrics.hubness(cosines, 5) == pytest.approx(stats.skew(counts))
    plane = x[:, :2]
    flat = -np.linalg.norm(plane[:, None] - plane[None], axis=-1)
    assert metrics.hubness(cosines, 5) > 1 > metrics.hubness(flat, 5), "hubs come with dimensions"
    assert metrics.hubness(np.eye(4), 1) == 0


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: metrics.modality_gap(np.eye(2), [[0, 0]]), ValueError, "modality_gap: row 0 is 0"),
        (lambda: metrics.alignment(np.eye(2), np.ones((3, 2))), ValueError, "alignment: 2 and 3 rows; expected pairs"),
        (lambda: metrics.uniformity([[1.0, 2]]), ValueError, "at least 2 rows"),
        (lambda: metrics.effective_rank(np.zeros((3, 2))), ValueError, "all embeddings are 0"),
        (lambda: metrics.hubness(np.eye(3), 4), ValueError, "k=4; expected 1 to 3"),
        (lambda: metrics.k_occurrence([1.0, 2.0], 1), ValueError, r"k_occurrence: similarities have shape \(2,\)"),
    ],
)
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
