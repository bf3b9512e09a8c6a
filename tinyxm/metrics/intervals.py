"""How far a score can be trusted: intervals over queries, differences of two methods, the spread over seeds."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from tinyxm_kernels.cuda import move


class Interval(NamedTuple):
    """Ends of an interval: numbers, or arrays in the shape of the statistic."""

    low: Any
    high: Any


def bootstrap(
    statistic: Callable[..., ArrayLike],
    *arrays: ArrayLike,
    rng: np.random.Generator,
    resamples: int = 1000,
    level: float = 0.95,
    groups: ArrayLike | None = None,
) -> Interval:
    """Percentile bootstrap interval of statistic(*arrays) over the queries, which are the arrays' first axis.

        θ*_b = statistic(arrays[i_b]),  i_b = n indices drawn with replacement,  b = 1 .. resamples
        interval = the (1 - level) / 2 and (1 + level) / 2 quantiles of θ*

    Several arrays are drawn with the same indices, so that the difference of two models on the same queries is
    `bootstrap(lambda a, b: recall_at(a, 1) - recall_at(b, 1), ranks_a, ranks_b, rng=rng)`. The statistic may return
    an array. groups: (n,) labels; whole groups are then drawn, as many as there are, because queries of one group (a
    family of drawings, a speaker) aren't independent and an interval that takes them for so is too narrow.
    `statistic=np.mean` of one (n,) array needs only each group's sum and size, and is many times faster with groups.

    The interval tells the spread from the choice of queries, not the one from training again with another seed.

    Raises ValueError for arrays whose lengths differ, fewer than two queries or groups, resamples < 1, a level
    outside (0, 1), and a statistic that isn't finite on a resample.

    Sources: Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), section 13.3; groups: Davison and
    Hinkley, "Bootstrap Methods and their Application" (1997), section 3.8.
    """
    data = [np.asarray(move(a, "cpu")) for a in arrays]
    lengths = [a.shape[:1] for a in data] + ([] if groups is None else [np.shape(groups)])
    if not data or len(set(lengths)) > 1 or lengths[0] == ():
        raise ValueError(f"bootstrap: first axes {lengths}; expected one array or more, all with a row per query")
    if resamples < 1 or not 0 < level < 1:
        raise ValueError(f"bootstrap: resamples={resamples}, level={level}; expected at least 1 and between 0 and 1")
    n = len(data[0])
    labels = np.arange(n) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    sizes = np.bincount(labels)
    if len(sizes) < 2:
        unit = "query" if groups is None else "group"
        raise ValueError(f"bootstrap: {len(sizes)} {unit} can't be resampled; expected at least 2")

    if statistic is np.mean and len(data) == 1 and data[0].ndim == 1:
        sums = np.bincount(labels, weights=data[0])

        def replicate(drawn: NDArray[np.intp]) -> ArrayLike:
            return sums[drawn].sum() / sizes[drawn].sum()
    else:
        members = np.split(np.argsort(labels, kind="stable"), np.cumsum(sizes)[:-1])

        def replicate(drawn: NDArray[np.intp]) -> ArrayLike:
            rows = drawn if groups is None else np.concatenate([members[g] for g in drawn])
            return statistic(*(a[rows] for a in data))

    replicates = np.array([replicate(rng.integers(len(sizes), size=len(sizes))) for _ in range(resamples)])
    if not np.all(np.isfinite(replicates)):
        raise ValueError("bootstrap: the statistic is NaN or infinite on a resample; expected finite numbers")
    low, high = np.quantile(replicates, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return Interval(low, high)


class Difference(NamedTuple):
    """How much the first method is above the second, with the ends of its interval."""

    value: Any
    low: Any
    high: Any


def paired_bootstrap(
    statistic: Callable[..., ArrayLike],
    first: ArrayLike | tuple[ArrayLike, ...],
    second: ArrayLike | tuple[ArrayLike, ...],
    *,
    rng: np.random.Generator,
    resamples: int = 1000,
    level: float = 0.95,
    groups: ArrayLike | None = None,
) -> Difference:
    """statistic(first) − statistic(second) of two methods on the same queries, with its `bootstrap` interval.

    Both are drawn with the same queries, so what makes a query hard for both falls out: the interval is narrower than
    two intervals side by side suggest, and these may overlap where the difference is sure. 0 outside it: the methods
    differ on such queries. first, second: (n, ...) arrays, or tuples of arguments of the statistic, such as
    (targets, predictions). The rest, errors too, is `bootstrap`'s.

    Source: Koehn, "Statistical significance tests for machine translation evaluation" (2004).
    """
    a, b = (given if isinstance(given, tuple) else (given,) for given in (first, second))

    def difference(*arrays: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(statistic(*arrays[: len(a)])) - np.asarray(statistic(*arrays[len(a) :]))

    options: dict[str, Any] = {"rng": rng, "resamples": resamples, "level": level, "groups": groups}
    low, high = bootstrap(difference, *a, *b, **options)
    return Difference(difference(*(np.asarray(move(array, "cpu")) for array in (*a, *b)))[()], low, high)


def permutation_test(
    first: ArrayLike,
    second: ArrayLike,
    statistic: Callable[[NDArray[Any]], Any] = np.mean,
    *,
    rng: np.random.Generator,
    permutations: int = 9999,
    groups: ArrayLike | None = None,
) -> float:
    """p-value of "both methods are alike" from two methods' values on the same queries, two-sided, from 0 to 1.

        p = (1 + |{permutations: |d*| ≥ |d|}|) / (1 + permutations),    d = statistic(first) − statistic(second)

    where d* has the two methods' values swapped for a random half of the queries: if the methods were alike, it
    wouldn't matter whose is whose. No distribution is assumed. p isn't the probability that they are alike, and a small
    one says nothing of how much they differ: `paired_bootstrap` does.

    first, second: (n,), such as 1 where right and else 0, or the rank. groups: (n,); whole groups are swapped.
    Raises ValueError for shapes that differ and permutations < 1.

    Source: Fisher, "The design of experiments" (1935); Noreen, "Computer-intensive methods for testing hypotheses"
    (1989).
    """
    a, b = (np.asarray(move(given, "cpu"), np.float64) for given in (first, second))
    labels = np.arange(a.size) if groups is None else np.unique(np.asarray(groups), return_inverse=True)[1]
    if a.ndim != 1 or not a.shape == b.shape == labels.shape or not a.size:
        raise ValueError(
            f"permutation_test: {a.shape}, {b.shape}, groups {labels.shape}; expected (n,) values of the same queries"
        )
    if permutations < 1:
        raise ValueError(f"permutation_test: permutations={permutations}; expected at least 1")
    seen = abs(statistic(a) - statistic(b)) * (1 - 1e-12)  # rounding mustn't tell equals apart
    reached = 0
    for _ in range(permutations):
        swapped = (rng.random(labels.max() + 1) < 0.5)[labels]
        x, y = np.where(swapped, b, a), np.where(swapped, a, b)
        reached += abs(statistic(x) - statistic(y)) >= seen
    return (1 + reached) / (1 + permutations)


class Spread(NamedTuple):
    """Of several seeds' values: their mean, standard deviation (n − 1), and the ends of an interval for the mean."""

    mean: Any
    deviation: Any
    low: Any
    high: Any


def over_seeds(values: ArrayLike, level: float = 0.95) -> Spread:
    """Mean and spread of a score over seeds: mean ± t · s / √n, with Student's t of n − 1 degrees of freedom.

    It tells the spread of training again, which `bootstrap` doesn't; with three seeds t is 4.3, so the interval is
    wide. values: (seeds,) or (seeds, ...). Raises ValueError for fewer than two seeds and a level outside (0, 1).

    Source: Student, "The probable error of a mean" (1908).
    """
    x = np.asarray(move(values, "cpu"), np.float64)
    if x.ndim < 1 or len(x) < 2 or not 0 < level < 1:
        raise ValueError(f"over_seeds: values {x.shape}, level={level}; expected two seeds at least, and 0 < level < 1")
    mean, deviation = x.mean(axis=0), x.std(axis=0, ddof=1)
    half = stdtrit(len(x) - 1, (1 + level) / 2) * deviation / np.sqrt(len(x))
    return Spread(mean[()], deviation[()], (mean - half)[()], (mean + half)[()])
