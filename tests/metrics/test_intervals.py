import numpy as np
import pytest

from tinyxm.metrics import bootstrap, recall_at


def generator(seed=0):
    return np.random.default_rng(seed)


def test_agrees_with_scipy_and_the_normal_approximation():
    stats = pytest.importorskip("scipy.stats")
    values = generator().gamma(2.0, size=200)
    ours = bootstrap(np.mean, values, resamples=4000, level=0.9, rng=generator(1))
    theirs = stats.bootstrap(
        (values,), np.mean, n_resamples=4000, confidence_level=0.9, method="percentile", rng=generator(2)
    ).confidence_interval
    error = values.std() / np.sqrt(len(values))
    np.testing.assert_allclose(ours, theirs, atol=0.12 * error)
    np.testing.assert_allclose(ours, values.mean() + np.array([-1, 1]) * stats.norm.ppf(0.95) * error, atol=0.2 * error)


@pytest.mark.parametrize("grouped", [False, True])
def test_the_short_cut_for_the_mean_draws_the_same_resamples(grouped):
    values, groups = generator().normal(size=50), generator(1).integers(12, size=50) if grouped else None
    short = bootstrap(np.mean, values, groups=groups, rng=generator(2))
    long = bootstrap(lambda v: v.mean(), values, groups=groups, rng=generator(2))
    np.testing.assert_allclose(short, long, atol=1e-12)


def test_groups_widen_the_interval_of_dependent_queries():
    values = np.repeat(generator().normal(size=100), 9)
    groups = np.repeat([f"family {i}" for i in range(100)], 9)
    alone = bootstrap(np.mean, values, rng=generator(1))
    grouped = bootstrap(np.mean, values, groups=groups, rng=generator(1))
    # nine copies of each value carry the information of one: the spread is √9 times as wide
    assert (grouped.high - grouped.low) / (alone.high - alone.low) == pytest.approx(3, rel=0.15)


def test_arrays_are_drawn_together():
    first = generator().integers(1, 20, size=80).astype(float)
    difference = bootstrap(lambda a, b: recall_at(a, 5) - recall_at(b, 5), first, first.copy(), rng=generator(1))
    assert difference == (0, 0)


def test_a_statistic_may_be_an_array_and_a_seed_repeats_it():
    values = generator().normal(size=(40, 3)) * [1, 2, 4]

    def interval(seed):
        return bootstrap(lambda v: v.mean(0), values, rng=generator(seed))

    assert interval(1).low.shape == (3,)
    np.testing.assert_array_equal(interval(1), interval(1))
    assert np.any(interval(1).low != interval(2).low)
    for column in range(3):
        alone = bootstrap(np.mean, values[:, column], rng=generator(1))
        np.testing.assert_allclose([interval(1).low[column], interval(1).high[column]], alone)


def test_the_interval_covers_the_truth_about_as_often_as_it_says():
    rng = generator(3)
    hits = 0
    for _ in range(300):
        low, high = bootstrap(np.mean, rng.random(60) < 0.3, resamples=200, level=0.8, rng=rng)
        hits += low <= 0.3 <= high
    assert 0.72 < hits / 300 < 0.88


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        ((), {}, "one array or more"),
        (([1, 2], [1, 2, 3]), {}, r"\[\(2,\), \(3,\)\]"),
        (([1, 2],), {"groups": [0, 1, 1]}, r"\[\(2,\), \(3,\)\]"),
        ((1.0,), {}, "one array or more"),
        (([1, 2],), {"resamples": 0}, "resamples=0"),
        (([1, 2],), {"level": 95}, "level=95"),
        (([1.0],), {}, "1 query can't be resampled"),
        (([1.0, 2.0],), {"groups": ["a", "a"]}, "1 group can't be resampled"),
        (([1.0, np.nan],), {}, "NaN or infinite on a resample"),
    ],
)
def test_errors(arguments, options, message):
    with pytest.raises(ValueError, match=message):
        bootstrap(np.mean, *arguments, rng=generator(), **options)
