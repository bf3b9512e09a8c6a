"""Scores of retrieval: where each query's right answer comes when a gallery is sorted by similarity.

Sources: recall at k and the median rank, Hodosh, Young and Hockenmaier, "Framing image description as a ranking task",
JAIR 47 (2013), section 5; mean reciprocal rank, Voorhees, "The TREC-8 question answering track report" (1999).
"""

from collections.abc import Collection, Sequence

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
    scores = np.asarray(move(similarity, "cpu"))
    if scores.ndim != 2 or not scores.size:
        raise ValueError(f"ranks: similarity has shape {scores.shape}; expected (queries, gallery), neither of them 0")
    if scores.dtype.kind not in "fiub":
        raise TypeError(f"ranks: similarity is {scores.dtype}; expected real numbers")
    scores = scores if scores.dtype.kind == "f" else scores.astype(np.float64)
    bad = np.argwhere(~np.isfinite(scores))
    if len(bad):
        i, j = bad[0]
        raise ValueError(f"ranks: similarity[{i}, {j}] is {scores[i, j]}; expected finite numbers ({len(bad)} are not)")
    right = _right_answers(correct, scores.shape[0], scores.shape[1])
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


def _checked(name: str, ranks: ArrayLike) -> NDArray[np.float64]:
    values = np.asarray(move(ranks, "cpu"), dtype=np.float64)
    if values.ndim != 1 or not values.size:
        raise ValueError(f"{name}: ranks have shape {values.shape}; expected (queries,), at least one")
    if not np.all(values >= 1):  # written so that NaN fails, too
        raise ValueError(f"{name}: ranks hold {values[~(values >= 1)][0]}; ranks count from 1")
    return values


def _right_answers(correct: Correct, queries: int, gallery: int) -> NDArray[np.bool_]:
    if correct is None:
        if queries != gallery:
            raise ValueError(f"ranks: similarity ({queries}, {gallery}) isn't square; pass correct=, the right answers")
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
                f"ranks: correct has shape {columns.shape}, {columns.dtype}; expected ({queries},) indices, "
                f"a boolean ({queries}, {gallery}) array or a list of {queries} sets"
            )
    if given != queries:
        raise ValueError(f"ranks: correct answers {given} queries; similarity has {queries}")
    if columns.size and not np.issubdtype(columns.dtype, np.integer):
        raise TypeError(f"ranks: correct holds {columns.dtype}; expected integer gallery indices or a boolean array")
    outside = columns[(columns < 0) | (columns >= gallery)]
    if outside.size:
        raise ValueError(f"ranks: correct holds index {outside[0]}; the gallery runs from 0 to {gallery - 1}")
    right = np.zeros((queries, gallery), dtype=bool)
    right[rows, columns.astype(np.intp)] = True
    lost = np.flatnonzero(~right.any(axis=1))
    if lost.size:
        raise ValueError(f"ranks: query {lost[0]} has no right answer; leave such queries out ({lost.size} in all)")
    return right
