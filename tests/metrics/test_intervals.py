import numpy as np
import pytest

from tinyxm.metrics import accuracy, bootstrap, over_seeds, paired_bootstrap, permutation_test, recall_at


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


def test_a_paired_difference_is_surer_than_two_intervals():
    hardness = generator().normal(size=200)
    first, second = (hardness + 0.1 * generator(seed).normal(size=200) for seed in (1, 2))
    found = paired_bootstrap(np.mean, first + 0.1, second, rng=generator(3))
    assert found.value == pytest.approx(np.mean(first + 0.1 - second))
    assert found[1:] == pytest.approx(bootstrap(np.mean, first + 0.1 - second, rng=generator(3)))
    assert 0 < found.low < found.value < found.high
    apart = [bootstrap(np.mean, values, rng=generator(3)) for values in (first + 0.1, second)]
    assert apart[0].low < apart[1].high, "side by side they overlap"


def test_a_paired_difference_takes_a_statistic_of_several_arrays():
    targets = np.array([0, 1] * 20)
    good, bad = targets.copy(), 1 - targets
    good[:4] = 1 - good[:4]
    found = paired_bootstrap(accuracy, (targets, good), (targets, bad), rng=generator())
    assert found.value == pytest.approx(0.9)
    assert 0.75 < found.low < 0.9 < found.high <= 1
    grouped = paired_bootstrap(accuracy, (targets, good), (targets, bad), rng=generator(), groups=np.arange(40) // 4)
    assert grouped.low < found.low, "all mistakes lie in one group"


def test_the_permutation_test_counts_the_swaps_that_reach_as_far():
    first, second = np.arange(8.0), np.arange(8.0) - [1, 1, 1, 1, 1, 1, 1, 0]
    # seven differences of 1: of 2⁷ signs two reach the same sum
    p = permutation_test(first, second, rng=generator(), permutations=20_000)
    assert p == pytest.approx(2 / 2**7, rel=0.15)
    assert permutation_test(first, first, rng=generator(), permutations=99) == 1
    assert permutation_test(first, first - 5, rng=generator(), permutations=99) <= 0.05
    grouped = permutation_test(first, first - 5, groups=[0] * 4 + [1] * 4, rng=generator(), permutations=999)
    assert grouped == pytest.approx(0.5, abs=0.06), "two groups can be swapped in four ways, and two reach as far"


def test_the_permutation_test_agrees_with_scipy_and_keeps_its_level():
    stats = pytest.importorskip("scipy.stats")
    first, second = generator().normal(0.35, size=40), generator(1).normal(size=40)
    theirs = stats.permutation_test(
        (first, second), lambda a, b: np.mean(a) - np.mean(b), permutation_type="samples", n_resamples=4000,
        rng=generator(2),
    )  # fmt: skip
    assert permutation_test(first, second, rng=generator(3), permutations=4000) == pytest.approx(
        theirs.pvalue, abs=0.02
    )
    rng = generator(4)
    alike = [permutation_test(*rng.normal(size=(2, 15)), rng=rng, permutations=99) <= 0.1 for _ in range(300)]
    assert 0.05 < np.mean(alike) < 0.16
    medians = permutation_test(first + 9, second, np.median, rng=generator(3), permutations=99)
    assert medians == 0.01


def test_the_spread_over_seeds_is_students():
    found = over_seeds([0.8, 0.9, 0.7])
    # t of 2 degrees of freedom at 97.5 % is 4.303
    assert found == pytest.approx((0.8, 0.1, 0.8 - 4.303 * 0.1 / 3**0.5, 0.8 + 4.303 * 0.1 / 3**0.5), abs=1e-4)
    assert over_seeds([[1, 2], [3, 2]]).deviation == pytest.approx([2**0.5, 0])
    assert over_seeds([0.8, 0.9, 0.7], level=0.5).high < found.high


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: paired_bootstrap(np.mean, [1, 2], [1, 2, 3], rng=generator()), r"\(2,\), \(3,\)"),
        (lambda: permutation_test([1, 2], [1, 2, 3], rng=generator()), r"permutation_test: \(2,\), \(3,\)"),
        (lambda: permutation_test([1, 2], [1, 2], groups=[1], rng=generator()), r"groups \(1,\)"),
        (lambda: permutation_test([1, 2], [1, 2], rng=generator(), permutations=0), "permutations=0"),
        (lambda: over_seeds([0.5]), "two seeds at least"),
        (lambda: over_seeds([0.5, 0.6], level=95), "level=95"),
    ],
)
def test_errors_of_comparisons(call, message):
    with pytest.raises(ValueError, match=message):
        call()


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
