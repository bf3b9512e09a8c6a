"""Scores of retrieval: where each query's right answer comes when a gallery is sorted by similarity.

Sources: recall at k and the median rank, Hodosh, Young and Hockenmaier, "Framing image description as a ranking task",
JAIR 47 (2013), section 5; mean reciprocal rank, Voorhees, "The TREC-8 question answering track report" (1999).
"""

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tinyxm_kernels.cuda import move

Correct = ArrayLike | Sequence[Collection[int]] | None


def ranks(similarity: ArrayLike, correct: Correct = None) -> NDArray[np.float64]:
    """Rank, counted from 1, of each query's right answer among the gallery.

        rank_i = 1 + |{wrong j : s_ij > s_i*}| + |{wrong j : s_ij = s_i*}| / 2,   s_i* = max over right j of s_ij

    A wrong answer that ties counts half, the mean over the orders in which a tie may fall: a model that gives all n
    items the same similarity gets (n + 1) / 2, not 1. With several right answers the best one counts.

    similarity: (queries, gallery), higher is nearer, finite. correct: (queries,) gallery indices; or a boolean
    (queries, gallery) array; or a list with a set of gallery indices per query; by default, in a square matrix, item i
    answers query i. Returns (queries,).

    Raises ValueError for a similarity that isn't 2-D, is empty or holds NaN or infinity, for an index outside the
    gallery and for a query without a right answer; TypeError for a similarity that isn't real and for indices that
    aren't integers.
    """
    scores = _similarity("ranks", similarity)
    right = _right_answers("ranks", correct, *scores.shape)
    best = np.max(scores, axis=1, keepdims=True, where=right, initial=-np.inf)
    return 1.0 + np.sum(scores > best, axis=1) + np.sum((scores == best) & ~right, axis=1) / 2


def recall_at(ranks: ArrayLike, k: int) -> float:
    """Share of queries whose right answer is among the first k: mean of [rank ≤ k], from 0 to 1. ranks: (queries,).

    A tie across position k, whose halved rank lies between k and k + 1, is a miss.
    Raises ValueError for k < 1, and for ranks that are empty, not 1-D or below 1.
    """
    if k < 1:
        raise ValueError(f"recall_at: k={k}; expected at least 1")
    return float(np.mean(_checked("recall_at", ranks) <= k))


def mean_reciprocal_rank(ranks: ArrayLike) -> float:
    """Mean over queries of 1 / rank, from 0 to 1. ranks: (queries,). Raises ValueError as `recall_at` does."""
    return float(np.mean(1 / _checked("mean_reciprocal_rank", ranks)))


def median_rank(ranks: ArrayLike) -> float:
    """Median over queries of the rank; 1 is best. ranks: (queries,). Raises ValueError as `recall_at` does."""
    return float(np.median(_checked("median_rank", ranks)))


def found_at(similarity: ArrayLike, k: int, correct: Correct = None) -> NDArray[np.float64]:
    """Share of each query's right answers that are among its first k, (queries,), from 0 to 1.

        found_i = Σ_{right j} [rank of j ≤ k] / number of right j

    The other meaning of "recall at k": with five right answers and k = 1 it can't pass 0.2, where `recall_at`, which
    asks for one of them, can be 1. Among equals the right come last. Arguments and errors are those of `ranks`.
    """
    scores = _similarity("found_at", similarity)
    right = _right_answers("found_at", correct, *scores.shape)
    if k < 1:
        raise ValueError(f"found_at: k={k}; expected at least 1")
    first = np.take_along_axis(right, np.lexsort((right, -scores))[:, :k], axis=1)
    return first.sum(axis=1) / right.sum(axis=1)


def average_precisions(similarity: ArrayLike, correct: Correct = None) -> NDArray[np.float64]:
    """Each query's average precision, (queries,): the mean of the precision at the places of its right answers.

        AP_i = 1 / |right| Σ_{right j} |{right at or before j}| / |{any at or before j}|

    With one right answer it is 1 / rank. Equals come together. Arguments and errors are those of `ranks`.
    Source: Manning, Raghavan and Schütze, "Introduction to Information Retrieval" (2008), section 8.4.
    """
    scores = _similarity("average_precisions", similarity)
    right = _right_answers("average_precisions", correct, *scores.shape)
    return np.array([precision_over_hits(mask, row) for mask, row in zip(right, scores, strict=True)])


def mean_average_precision(similarity: ArrayLike, correct: Correct = None) -> float:
    """mAP, the mean over queries of `average_precisions`, from 0 to 1. It wants all right answers early, not one."""
    return float(average_precisions(similarity, correct).mean())


def precision_over_hits(right: NDArray[np.bool_], scores: NDArray[Any]) -> float:
    """Mean over the right of the precision down to each, highest scores first, equal scores together."""
    order = np.argsort(-scores, kind="stable")
    hits = np.cumsum(right[order])
    last = np.append(np.diff(scores[order]) != 0, True)  # the end of each run of equals
    places = np.flatnonzero(last) + 1
    return float(np.sum(np.diff(hits[last], prepend=0) * hits[last] / places) / hits[-1])


def discounted_gains(similarity: ArrayLike, gains: ArrayLike, k: int | None = None) -> NDArray[np.float64]:
    """Each query's nDCG, (queries,): the gain of what comes first, discounted by its place, beside the most possible.

        DCG = Σ_{place ≤ k} gain / log₂(1 + place),    nDCG = DCG / DCG of the best order

    gains: (queries, gallery), from 0; how right each answer is, such as 2 for the thing itself and 1 for its kin;
    booleans will do. Give 2^g − 1 where small differences of grade should count for much. k: by default the whole
    gallery. Equals share their places' discounts evenly. Raises ValueError as `ranks`, and for gains that don't fit,
    are negative, or are 0 for all of a query.

    Sources: Järvelin and Kekäläinen, "Cumulated gain-based evaluation of IR techniques" (2002); ties: McSherry and
    Najork, "Computing information retrieval performance measures efficiently in the presence of tied scores" (2008).
    """
    scores = _similarity("discounted_gains", similarity)
    worth = np.asarray(move(gains, "cpu"), dtype=np.float64)
    if worth.shape != scores.shape or not np.all(worth >= 0) or not worth.any(axis=1).all():
        raise ValueError(
            f"discounted_gains: gains {worth.shape}, similarity {scores.shape}; expected the same, from 0, and one "
            "above 0 in each row"
        )
    if k is not None and k < 1:
        raise ValueError(f"discounted_gains: k={k}; expected at least 1")
    discounts = 1 / np.log2(np.arange(scores.shape[1]) + 2)
    discounts[len(discounts) if k is None else k :] = 0
    found = []
    for row, gain in zip(scores, worth, strict=True):
        _, place, counts = np.unique(-row, return_inverse=True, return_counts=True)
        shared = np.add.reduceat(discounts, np.cumsum(counts) - counts) / counts
        found.append(shared[place] @ gain)
    return np.array(found) / (-np.sort(-worth, axis=1) @ discounts)


def ndcg(similarity: ArrayLike, gains: ArrayLike, k: int | None = None) -> float:
    """nDCG, the mean over queries of `discounted_gains`, from 0 to 1; a random order is far above 0."""
    return float(discounted_gains(similarity, gains, k).mean())


def retrieval_scores(
    similarity: ArrayLike, correct: Correct = None, ks: Sequence[int] = (1, 5, 10)
) -> dict[str, float]:
    """All scores of one similarity matrix: {"recall@1": ..., "recall@5": ..., "mrr": ..., "median_rank": ...}.

    Recall and mrr are shares from 0 to 1. Arguments and errors are those of `ranks`; ks are the k of `recall_at`.
    """
    return scores_of_ranks(ranks(similarity, correct), ks)


def scores_of_ranks(ranks: ArrayLike, ks: Sequence[int] = (1, 5, 10)) -> dict[str, float]:
    """The same of ranks (queries,): what a bootstrap resamples."""
    recalls = {f"recall@{k}": recall_at(ranks, k) for k in ks}
    return recalls | {"mrr": mean_reciprocal_rank(ranks), "median_rank": median_rank(ranks)}


def _similarity(name: str, similarity: ArrayLike) -> NDArray[Any]:
    scores = np.asarray(move(similarity, "cpu"))
    if scores.ndim != 2 or not scores.size:
        raise ValueError(f"{name}: similarity has shape {scores.shape}; expected (queries, gallery), neither of them 0")
    if scores.dtype.kind not in "fiub":
        raise TypeError(f"{name}: similarity is {scores.dtype}; expected real numbers")
    scores = scores if scores.dtype.kind == "f" else scores.astype(np.float64)
    bad = np.argwhere(~np.isfinite(scores))
    if len(bad):
        i, j = bad[0]
        raise ValueError(
            f"{name}: similarity[{i}, {j}] is {scores[i, j]}; expected finite numbers ({len(bad)} are not)"
        )
    return scores


def _checked(name: str, ranks: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(move(ranks, "cpu"), dtype=np.float64)
    if values.ndim != 1 or not values.size:
        raise ValueError(f"{name}: ranks have shape {values.shape}; expected (queries,), at least one")
    if not np.all(values >= 1):  # written so that NaN fails, too
        raise ValueError(f"{name}: ranks hold {values[~(values >= 1)][0]}; ranks count from 1")
    return values


def _right_answers(name: str, correct: Correct, queries: int, gallery: int) -> NDArray[np.bool_]:
    if correct is None:
        if queries != gallery:
            raise ValueError(
                f"{name}: similarity ({queries}, {gallery}) isn't square; pass correct=, the right answers"
            )
        return np.eye(queries, dtype=bool)
    if isinstance(correct, Sequence) and any(isinstance(answers, Collection) for answers in correct):
        groups = [list(answers) for answers in correct]  # type: ignore[arg-type]  # ArrayLike's scalars aren't iterable
        rows = np.repeat(np.arange(len(groups)), [len(answers) for answers in groups])
        columns, given = np.array([j for answers in groups for j in answers]), len(groups)
    else:
        columns = np.asarray(move(correct, "cpu"))
        if columns.dtype == bool and columns.shape == (queries, gallery):
            rows, columns = np.nonzero(columns)
            given = queries
        elif columns.ndim == 1:
            rows, given = np.arange(len(columns)), len(columns)
        else:
            raise ValueError(
                f"{name}: correct has shape {columns.shape}, {columns.dtype}; expected ({queries},) indices, "
                f"a boolean ({queries}, {gallery}) array or a list of {queries} sets"
            )
    if given != queries:
        raise ValueError(f"{name}: correct answers {given} queries; similarity has {queries}")
    if columns.size and not np.issubdtype(columns.dtype, np.integer):
        raise TypeError(f"{name}: correct holds {columns.dtype}; expected integer gallery indices or a boolean array")
    outside = columns[(columns < 0) | (columns >= gallery)]
    if outside.size:
        raise ValueError(f"{name}: correct holds index {outside[0]}; the gallery runs from 0 to {gallery - 1}")
    right = np.zeros((queries, gallery), dtype=bool)
    right[rows, columns.astype(np.intp)] = True
    lost = np.flatnonzero(~right.any(axis=1))
    if lost.size:
        raise ValueError(f"{name}: query {lost[0]} has no right answer; leave such queries out ({lost.size} in all)")
    return right
