"""Scores beside honest baselines, each with its interval: what every recipe tells of itself.

Retrieval: `score_retrieval(similarity, retrieval_baselines(x, y, new_x, new_y))`, and `score_both_ways`.
Classification: `score_classes(labels, predictions, class_baselines(x, known, new_x))`.
Texts: `score_texts(references, hypotheses, {baseline: texts})`; `score_told(told, hypotheses, {baseline: texts})` of
what is said in them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm.metrics import (
    accuracy,
    bleu_counts,
    bleu_of_counts,
    bootstrap,
    chrf_counts,
    chrf_of_counts,
    exact_match,
    f1,
    precision,
    ranks,
    recall,
    scores_of_ranks,
)
from tinyxm.models.linear import CanonicalCorrelation, Logistic, Nearest, PrincipalComponents, Ridge, cosine_similarity

Scores = dict[str, Any]
Matrix = NDArray[Any]
Labels = NDArray[Any]
Told = Callable[[Sequence[str]], Mapping[str, Matrix]]


def score_retrieval(
    similarity: Matrix,
    baselines: Mapping[str, Matrix] | None = None,
    *,
    correct: Matrix | None = None,
    groups: Labels | None = None,
    over: str = "queries",
    resamples: int = 1000,
) -> Scores:
    """Recall at 1, 5 and 10, MRR and median rank of similarity (queries, gallery), with 95 % bootstrap intervals.

    `baselines` are similarities of the same shape; their scores and those of chance come under "baselines". `correct`
    marks the right answers, (queries, gallery) of booleans; by default the diagonal. `groups` (queries,) are what the
    bootstrap draws whole (families, speakers), and `over` is what to call them.
    Raises ValueError as `tinyxm.metrics.ranks` does.
    """

    def scored(matrix: Matrix) -> Scores:
        found = ranks(matrix, correct)
        scores = scores_of_ranks(found)
        return {**scores, **_intervals(lambda r: list(scores_of_ranks(r).values()), scores, groups, resamples, found)}

    beside = {name: scored(matrix) for name, matrix in (baselines or {}).items()}
    right = np.eye(len(similarity), dtype=bool) if correct is None else np.asarray(correct, bool)
    told = {"intervals_over": over, "baselines": {"chance": chance_of_retrieval(right), **beside}}
    return {**scored(similarity), **told}


def score_both_ways(
    similarity: Matrix,
    baselines: Mapping[str, Matrix] | None = None,
    back: Mapping[str, Matrix] | None = None,
    *,
    ways: tuple[str, str] = ("image_to_text", "text_to_image"),
    correct: Matrix | None = None,
    groups: Labels | tuple[Labels | None, Labels | None] | None = None,
    over: str = "queries",
    resamples: int = 1000,
) -> dict[str, Scores]:
    """`score_retrieval` of the rows as queries, and of the columns: {way: scores}.

    `back` are the baselines of the second way, of the transposed shape; by default the first way's, transposed.
    `groups` are those of the queries of both ways, or a pair, rows' and columns'.
    """
    back = {name: matrix.T for name, matrix in (baselines or {}).items()} if back is None else back
    first, second = groups if isinstance(groups, tuple) else (groups, groups)
    turned = None if correct is None else np.transpose(correct)
    return {
        ways[0]: score_retrieval(similarity, baselines, correct=correct, groups=first, over=over, resamples=resamples),
        ways[1]: score_retrieval(similarity.T, back, correct=turned, groups=second, over=over, resamples=resamples),
    }


def chance_of_retrieval(correct: Matrix) -> Scores:
    """The expected scores of a random order, exact, so without an interval. correct: (queries, gallery) of booleans.

    With r right answers among n, the first comes at place k with probability C(n - k, r - 1) / C(n, r).
    """
    right = np.asarray(correct, bool).sum(axis=1)
    n = np.shape(correct)[1]
    places = np.arange(1, n + 1)
    share = np.zeros(n)
    for r, queries in zip(*np.unique(right, return_counts=True), strict=True):
        # of the first k places none is right: Π_{j<k} (n - r - j) / (n - j)
        none = np.cumprod(np.maximum(n - r - places + 1, 0) / (n - places + 1))
        share += queries / len(right) * -np.diff(none, prepend=1.0)
    reached = np.cumsum(share)
    middle = [int(places[np.searchsorted(reached, half)]) for half in (0.5 - 1e-9, 0.5 + 1e-9)]
    recalls = {f"recall@{k}": float(reached[min(k, n) - 1]) for k in (1, 5, 10)}
    return {**recalls, "mrr": float(np.sum(share / places)), "median_rank": sum(middle) / 2, "intervals": {}}


def retrieval_baselines(
    x: Matrix,
    y: Matrix,
    new_x: Matrix,
    new_y: Matrix,
    *,
    labels: Labels | None = None,
    components: int = 64,
    penalty: float = 0.1,
    width: int = 256,
) -> dict[str, Matrix]:
    """{method: similarity (queries, gallery)} of held-out queries new_x (m, ...) to a gallery new_y (k, ...).

    Fitted on training pairs x (n, ...), y (n, ...), in units that can be compared; all are flattened, and reduced to
    their `width` principal components first.

        ridge                   cos of the gallery with what ridge regression makes of the query
        cca                     cos of their canonical projections, weighted by correlation
        nearest_training_pair   cos of the gallery with the y of the training pair whose x is nearest to the query
        class_mean              where the pairs have `labels` (n,): cos with the mean y of the class of nearest mean x
    """
    x, y, new_x, new_y = (_flat(a) for a in (x, y, new_x, new_y))
    axes_x, axes_y = PrincipalComponents(width, fewer=True).fit(x), PrincipalComponents(width, fewer=True).fit(y)
    x, new_x, y, new_y = axes_x.transform(x), axes_x.transform(new_x), axes_y.transform(y), axes_y.transform(new_y)
    most = min(components, len(x) - 1, x.shape[1], y.shape[1])
    cca = CanonicalCorrelation(most, penalty_x=penalty, penalty_y=penalty).fit(x, y)
    nearest = Nearest().fit(x, np.arange(len(x))).similarity(new_x).argmax(axis=1)
    found = {
        "ridge": cosine_similarity(Ridge(penalty).fit(x, y).predict(new_x), new_y),
        "cca": cosine_similarity(cca.project_x(new_x), cca.project_y(new_y)),
        "nearest_training_pair": cosine_similarity(y[nearest], new_y),
    }
    if labels is not None:
        means_x, means_y = _class_means(x, labels), _class_means(y, labels)
        found["class_mean"] = cosine_similarity(means_y[cosine_similarity(new_x, means_x).argmax(axis=1)], new_y)
    return found


def score_classes(
    labels: Labels,
    predictions: Labels,
    baselines: Mapping[str, Labels] | None = None,
    *,
    classes: int | None = None,
    groups: Labels | None = None,
    over: str = "examples",
    resamples: int = 1000,
) -> Scores:
    """Accuracy and macro precision, recall and F1 of predictions (n,), with 95 % bootstrap intervals.

    Labels are integers 0 .. classes - 1, by default 1 + the largest seen. `baselines` are predictions, too; their
    scores come under "baselines", and so does chance, a guess among the classes at random. `groups` and `over` as in
    `score_retrieval`. Raises ValueError and TypeError as `tinyxm.metrics.accuracy` does.
    """
    every = [labels, predictions, *(baselines or {}).values()]
    count = classes or 1 + max(int(np.max(np.asarray(given))) for given in every)

    def all_scores(true: Labels, predicted: Labels) -> list[Any]:
        return [accuracy(true, predicted), *(score(true, predicted, count) for score in (precision, recall, f1))]

    def scored(predicted: Labels) -> Scores:
        found = dict(zip(("accuracy", "precision", "recall", "f1"), all_scores(labels, predicted), strict=True))
        return {**found, **_intervals(all_scores, found, groups, resamples, labels, predicted)}

    beside = {name: scored(predicted) for name, predicted in (baselines or {}).items()}
    chance = {"accuracy": 1 / count, "intervals": {}}
    return {**scored(predictions), "intervals_over": over, "baselines": {"chance": chance, **beside}}


def class_baselines(
    x: Matrix, labels: Labels, new_x: Matrix, *, penalty: float = 0.01, width: int = 256
) -> dict[str, Labels]:
    """{method: predicted labels (m,)} of held-out new_x (m, ...), learned from x (n, ...) and its labels (n,).

    Features in units that can be compared; they are flattened, and reduced to their `width` principal components first.

        majority                    the commonest label
        linear                      multinomial logistic regression
        nearest_training_example    the label of the nearest x, by cosine after centring
        class_mean                  the class whose mean x is nearest, by Euclidean distance
    """
    x, new_x, labels = _flat(x), _flat(new_x), np.asarray(labels)
    names, counts = np.unique(labels, return_counts=True)
    axes = PrincipalComponents(width, fewer=True).fit(x)
    x, new_x = axes.transform(x), axes.transform(new_x)
    means, nearest = _class_means(x, labels), Nearest().fit(x, labels)
    distances = np.sum(means**2, axis=1) - 2 * new_x @ means.T
    return {
        "majority": np.full(len(new_x), names[counts.argmax()]),
        "linear": Logistic(penalty).fit(x, labels).predict(new_x),
        "nearest_training_example": nearest.concepts[nearest.similarity(new_x).argmax(axis=1)],
        "class_mean": names[distances.argmin(axis=1)],
    }


def score_texts(
    references: Sequence[str | Sequence[str]],
    hypotheses: Sequence[str],
    baselines: Mapping[str, Sequence[str]] | None = None,
    *,
    told: Told | None = None,
    groups: Labels | None = None,
    over: str = "texts",
    resamples: int = 1000,
) -> Scores:
    """BLEU-1 and 4, chrF and exact match of descriptions (n,), with 95 % bootstrap intervals over the texts.

    references: a text, or a list of right ones, for each. `baselines` are hypotheses, too; their scores come under
    "baselines". `told` scores what is said besides, as in `score_told`. `groups` and `over` as in `score_retrieval`.
    Raises ValueError and TypeError as `tinyxm.metrics.bleu`.
    """

    def every(bleu: Matrix, grams: Matrix, exact: Matrix, *pairs: Matrix) -> list[float]:
        first = bleu[:, [0, 1, 2, 6]]  # of order 1: both lengths, the matches and the words
        scores = [bleu_of_counts(first), bleu_of_counts(bleu), chrf_of_counts(grams), float(np.mean(exact))]
        return scores + _shares(*pairs)

    def scored(texts: Sequence[str]) -> Scores:
        exact = [exact_match([right], [text]) for right, text in zip(references, texts, strict=True)]
        pairs = told(texts) if told else {}
        counts = bleu_counts(references, texts), chrf_counts(references, texts), np.array(exact), *pairs.values()
        found = dict(zip(("bleu_1", "bleu_4", "chrf", "exact_match", *pairs), every(*counts), strict=True))
        return {**found, **_intervals(every, found, groups, resamples, *counts)}

    beside = {name: scored(texts) for name, texts in (baselines or {}).items()}
    return {**scored(hypotheses), "intervals_over": over, "baselines": beside}


def score_told(
    told: Told,
    hypotheses: Sequence[str],
    baselines: Mapping[str, Sequence[str]] | None = None,
    *,
    groups: Labels | None = None,
    over: str = "texts",
    resamples: int = 1000,
) -> Scores:
    """Shares of what is said (n texts) that is right, with 95 % bootstrap intervals.

    `told(texts)` names the scores, and gives for each (n, 2) of every text: how much of it is right, of how much; what
    is scored is the quotient of their sums. All else as in `score_texts`.
    """

    def scored(texts: Sequence[str]) -> Scores:
        pairs = told(texts)
        found = dict(zip(pairs, _shares(*pairs.values()), strict=True))
        return {**found, **_intervals(_shares, found, groups, resamples, *pairs.values())}

    beside = {name: scored(texts) for name, texts in (baselines or {}).items()}
    return {**scored(hypotheses), "intervals_over": over, "baselines": beside}


def _shares(*pairs: Matrix) -> list[Any]:
    return [float(pair[:, 0].sum() / max(1, pair[:, 1].sum())) for pair in pairs]


def _intervals(
    statistic: Any, scores: Scores, groups: Labels | None, resamples: int, *arrays: Matrix
) -> dict[str, dict[str, list[float]]]:
    low, high = bootstrap(statistic, *arrays, rng=np.random.default_rng(0), groups=groups, resamples=resamples)
    return {"intervals": {name: [float(a), float(b)] for name, a, b in zip(scores, low, high, strict=True)}}


def _class_means(x: Matrix, labels: Labels) -> Matrix:
    return np.stack([x[labels == label].mean(axis=0) for label in np.unique(labels)])


def _flat(x: Matrix) -> Matrix:
    x = np.asarray(x)
    return x.reshape(len(x), -1).astype(np.float64 if x.dtype == np.float64 else np.float32)
