"""Scores of generations against closed forms, matrix roots and loops over every pair."""

import numpy as np
import pytest
from scipy import linalg

from tinyxm import metrics


def normal(n, d, seed=0):
    return np.random.default_rng(seed).normal(size=(n, d))


def with_moments(mean, covariance, n, seed=0):
    """Features that have exactly these moments."""
    x = normal(n, len(mean), seed)
    x = (x - x.mean(axis=0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(x.T)).T)
    return x @ np.linalg.cholesky(covariance).T + mean


def test_frechet_distance_of_normal_distributions_with_commuting_covariances():
    first = with_moments(np.array([1.0, 2, 3]), np.diag([1.0, 4, 9]), 50)
    second = with_moments(np.array([1.0, 0, 0]), np.diag([4.0, 4, 1]), 70, seed=1)
    # ‖μ₁ − μ₂‖² = 4 + 9, and Σ (σ₁ − σ₂)² = 1 + 0 + 4
    assert metrics.frechet_distance(first, second) == pytest.approx(18)
    assert metrics.frechet_distance(second, first) == pytest.approx(18)
    assert metrics.frechet_distance(first, first + np.array([3, 4, 0])) == pytest.approx(25)
    assert metrics.frechet_distance(first, first) == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(("n", "m", "d"), [(40, 60, 5), (9, 7, 20), (2, 30, 3), (50, 50, 1)])
def test_frechet_distance_is_that_of_the_matrix_root_also_where_covariances_are_singular(n, m, d):
    x, y = normal(n, d), 2 * normal(m, d, 1) @ normal(d, d, 2) + 1
    first, second = np.atleast_2d(np.cov(x.T)), np.atleast_2d(np.cov(y.T))
    root = linalg.sqrtm(first @ second + (1e-12 if min(n, m) <= d else 0) * np.eye(d))
    expected = np.sum((x.mean(0) - y.mean(0)) ** 2) + np.trace(first + second - 2 * np.real(root))
    tolerance = 1e-4 if min(n, m) <= d else 1e-8
    assert metrics.frechet_distance(x, y) == pytest.approx(expected, rel=tolerance)
    assert metrics.frechet_distance(x.astype(np.float32), y.astype(np.float32)) == pytest.approx(expected, rel=1e-4)
    moments = (x.mean(0), first, y.mean(0), second)
    assert metrics.frechet_distance_of_moments(*moments) == pytest.approx(metrics.frechet_distance(x, y))


def test_frechet_distance_of_one_point_to_another():
    assert metrics.frechet_distance(np.zeros((5, 2)), np.ones((3, 2))) == 2
    assert metrics.frechet_distance(np.zeros((5, 2)), normal(30, 2)) == pytest.approx(
        np.sum(normal(30, 2).mean(0) ** 2) + normal(30, 2).var(0, ddof=1).sum()
    )


def test_from_few_samples_frechet_distance_is_too_large_and_kernel_distance_is_not():
    few, many, kernel = [], [], []
    for seed in range(30):
        x, y = normal(400, 8, seed), normal(400, 8, 1000 + seed)
        few.append(metrics.frechet_distance(x[:50], y[:50]))
        many.append(metrics.frechet_distance(x, y))
        kernel.append(metrics.kernel_distance(x[:50], y[:50]))
    assert np.mean(few) == pytest.approx(8 * np.mean(many), rel=0.25)  # 1 / n
    assert abs(np.mean(kernel)) < 3 * np.std(kernel) / np.sqrt(30)
    assert min(kernel) < 0 < max(kernel)


def test_kernel_distance_pair_by_pair():
    x, y = normal(6, 3), normal(5, 3, 1) + 1

    def mean(pairs):
        return np.mean([(a @ b / 3 + 1) ** 3 for a, b in pairs])

    expected = mean((x[i], x[j]) for i in range(6) for j in range(6) if i != j)
    expected += mean((y[i], y[j]) for i in range(5) for j in range(5) if i != j)
    expected -= 2 * mean((a, b) for a in x for b in y)
    assert metrics.kernel_distance(x, y) == pytest.approx(expected)


@pytest.mark.parametrize("k", [1, 3, 5])
def test_precision_recall_density_and_coverage_ball_by_ball(k):
    x, y = normal(40, 2), 0.7 * normal(30, 2, 1) + np.array([0.8, 0])

    def inside(centres, others):
        table = []
        for i, centre in enumerate(centres):
            own = sorted(np.linalg.norm(centre - other) for j, other in enumerate(centres) if j != i)
            table.append([np.linalg.norm(centre - other) <= own[k - 1] for other in others])
        return np.array(table)

    assert metrics.generation_precision(x, y, k) == inside(x, y).any(axis=0).mean()
    assert metrics.generation_recall(x, y, k) == inside(y, x).any(axis=0).mean()
    assert metrics.generation_density(x, y, k) == pytest.approx(inside(x, y).sum() / (k * 30))
    assert metrics.generation_coverage(x, y, k) == inside(x, y).any(axis=1).mean()


def test_precision_on_a_line_by_hand():
    real, made = np.array([[0.0], [1], [2], [10]]), np.array([[2.9], [3.5], [18], [19]])
    # balls of the first neighbour: [-1, 1], [0, 2], [1, 3], [2, 18]
    assert metrics.generation_precision(real, made, 1) == 3 / 4, "the stray one at 10 lets in what lies far away"
    assert metrics.generation_density(real, made, 1) == (2 + 1 + 1 + 0) / 4
    assert metrics.generation_coverage(real, made, 1) == 2 / 4
    # of the made: [2.3, 3.5], [2.9, 4.1], [17, 19], [18, 20]
    assert metrics.generation_recall(real, made, 1) == 0


def test_what_equal_distributions_score():
    x, y = normal(1500, 4), normal(1500, 4, 1)
    assert metrics.generation_density(x, y, 5) == pytest.approx(1, abs=0.1)
    assert metrics.generation_coverage(x, y, 3) == pytest.approx(1 - 2**-3, abs=0.03)
    scores = metrics.generation_scores(x[:300], y[:300])
    assert scores["generation_precision"] > 0.8
    assert scores["generation_recall"] > 0.8
    assert scores["frechet_distance"] == metrics.frechet_distance(x[:300], y[:300])
    assert scores["vendi_score"] == metrics.vendi_score(y[:300])


def test_a_generator_that_repeats_itself_is_seen_by_diversity_alone():
    real = np.concatenate([normal(100, 4), normal(100, 4, 1) + 8])
    labels = np.repeat([0, 1], 100)
    made = np.repeat([real[:100].mean(0), real[100:].mean(0)], 100, axis=0) + 1e-6 * normal(200, 4, 2)
    assert metrics.generation_precision(real, made) == 1
    assert metrics.generation_recall(real, made) == 0
    assert metrics.generation_coverage(real, made) < 0.2
    np.testing.assert_allclose(metrics.within_class_spread(real, labels, made, labels), 0, atol=1e-5)
    assert metrics.vendi_score(made) <= 2.001 < metrics.vendi_score(real)


def test_within_class_spread_is_a_ratio_of_deviations():
    real, labels = normal(60, 3), np.repeat([4, 7, 9], 20)
    factors = np.repeat([0.5, 1, 3], 20)[:, None]
    np.testing.assert_allclose(metrics.within_class_spread(real, labels, 5 + factors * real, labels), [0.5, 1, 3])
    apart = real + 100 * labels[:, None]  # classes far apart: it is within, not between
    np.testing.assert_allclose(metrics.within_class_spread(real, labels, apart, labels), 1)


def test_diversity_of_few_things():
    assert metrics.mean_pairwise_distance([[0.0, 0], [3, 4], [0, 0]]) == pytest.approx(10 / 3)
    assert metrics.vendi_score(np.eye(7)) == pytest.approx(7)
    assert metrics.vendi_score(np.ones((7, 3))) == pytest.approx(1)
    assert metrics.vendi_score(np.repeat(np.eye(4), 5, axis=0) * 3) == pytest.approx(4)
    x = normal(12, 5)
    unit = x / np.linalg.norm(x, axis=1, keepdims=True)
    values = np.linalg.eigvalsh(unit @ unit.T / 12)[-5:]
    assert metrics.vendi_score(x) == pytest.approx(np.exp(-np.sum(values * np.log(values))))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: metrics.frechet_distance(normal(5, 2), normal(5, 3)), ValueError, "frechet_distance: widths 2 and 3"),
        (lambda: metrics.frechet_distance(normal(1, 2), normal(5, 2)), ValueError, "at least 2 rows"),
        (lambda: metrics.kernel_distance(np.zeros((2, 3, 4)), normal(5, 2)), ValueError, r"\(2, 3, 4\).*reshape"),
        (lambda: metrics.vendi_score([[1.0, np.nan]]), ValueError, "row 0 of features isn't finite"),
        (lambda: metrics.vendi_score([[1.0, 2], [0, 0]]), ValueError, "row 1 is 0"),
        (lambda: metrics.vendi_score([["a"]]), TypeError, "real numbers"),
        (lambda: metrics.generation_precision(normal(3, 2), normal(9, 2)), ValueError, "at least 4 rows"),
        (lambda: metrics.generation_recall(normal(9, 2), normal(9, 2), 0), ValueError, "k=0"),
        (lambda: metrics.within_class_spread(normal(4, 2), [0, 0, 1, 1], normal(3, 2), [0, 0, 1]), ValueError,
         "class 1 has 2 real, 1 made"),
        (lambda: metrics.within_class_spread(normal(4, 2), [0, 1], normal(4, 2), [0, 0, 1, 1]), ValueError, "one each"),
        (lambda: metrics.frechet_distance_of_moments([0], np.eye(2), [0], [[1]]), ValueError, r"\(d, d\)"),
        (lambda: metrics.frechet_distance_of_moments([0, 0], [[1, 2], [0, 1]], [0, 0], np.eye(2)), ValueError,
         "symmetric"),
        (lambda: metrics.frechet_distance_of_moments([0, 0], np.diag([1, -1]), [0, 0], np.eye(2)), ValueError,
         "negative eigenvalue -1"),
    ],
)  # fmt: skip
def test_errors(call, error, message):
    with pytest.raises(error, match=message):
        call()
