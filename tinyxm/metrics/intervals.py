"""How far a score can be trusted: bootstrap intervals over the queries it was measured on."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

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
