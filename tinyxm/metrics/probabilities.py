"""Scores of how a classifier ranks and how sure it is: ROC AUC, average precision, top k, calibration, Brier.

Accuracy and F1 see only which class won. Scores are (n,), how positive each example is, with targets 0 or 1; or (n,
classes), with targets 0 .. classes − 1. For a ranking any real scores will do; calibration and Brier need
probabilities.

Every function raises ValueError for shapes that don't fit, no examples, labels out of range and scores that aren't
finite, and TypeError for labels that aren't integers.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from tinyxm.metrics.retrieval import precision_over_hits, ranks, recall_at
from tinyxm_kernels.cuda import move

Array = NDArray[np.float64]


def roc_auc(targets: ArrayLike, scores: ArrayLike) -> float:
    """How often a positive example is put above a negative one: P(s₊ > s₋) + ½ P(s₊ = s₋), from 0; ½ by chance, 1 best.

    The area under the curve of true over false positive rate. It doesn't depend on how rare positives are; that's its
    strength, and where it flatters: with one positive in a thousand an AUC of 0.99 can go with a precision of 5 %. Of
    several classes: the mean of each against the rest.

    Raises ValueError for a class without an example, or with nothing else. Source: Hanley and McNeil, "The meaning and
    use of the area under a ROC curve" (1982); ties as Mann and Whitney (1947) have them.
    """
    areas = []
    for positive, score in _against_the_rest("roc_auc", targets, scores):
        found = positive.sum()
        if not 0 < found < len(positive):
            raise ValueError("roc_auc: a class has no example, or all of them; an order of two kinds needs both")
        above = rankdata(score)[positive].sum() - found * (found + 1) / 2
        areas.append(above / (found * (len(positive) - found)))
    return float(np.mean(areas))


def average_precision(targets: ArrayLike, scores: ArrayLike) -> float:
    """Mean over the positives of the precision down to each, in order of scores, from 0 to 1.

        AP = Σ_k (R_k − R_{k−1}) P_k

    over the thresholds k, so that equal scores come together; by chance it is the positives' share. Of several classes:
    the mean of each against the rest. Raises ValueError for a class without an example.
    """
    found = []
    for positive, score in _against_the_rest("average_precision", targets, scores):
        if not positive.any():
            raise ValueError("average_precision: a class has no example; leave it out")
        found.append(precision_over_hits(positive, score))
    return float(np.mean(found))


def top_k_accuracy(targets: ArrayLike, scores: ArrayLike, k: int = 5) -> float:
    """Share of examples whose class is among the k of the highest scores, from 0 to 1; a tie across k is a miss.

    targets: (n,). scores: (n, classes). `recall_at` of the classes as a gallery.
    """
    labels, table = _labels_and_scores("top_k_accuracy", targets, scores)
    if table.ndim != 2:
        raise ValueError(f"top_k_accuracy: scores {table.shape}; expected (n, classes)")
    return recall_at(ranks(table, labels), k)


class Reliability(NamedTuple):
    """For each bin of confidence that has examples: their mean confidence, the share right, and how many they are."""

    confidence: Array
    accuracy: Array
    counts: NDArray[np.int64]


def reliability(targets: ArrayLike, probabilities: ArrayLike, bins: int = 15) -> Reliability:
    """How often a classifier is right when it is so sure: what `calibration_error` sums up, and a diagram shows.

    The confidence is the probability of the class it chose; bins are of equal width, open below. probabilities: (n,) of
    class 1, or (n, classes). Raises ValueError also for bins < 1 and for what isn't a probability.
    """
    labels, table = _probabilities("reliability", targets, probabilities)
    if bins < 1:
        raise ValueError(f"reliability: bins={bins}; expected at least 1")
    chosen = table.argmax(axis=1)
    sure, right = table.max(axis=1), chosen == labels
    place = np.clip(np.ceil(sure * bins).astype(int) - 1, 0, bins - 1)
    counts = np.bincount(place, minlength=bins)
    seen = counts > 0
    means = [np.bincount(place, weights, bins)[seen] / counts[seen] for weights in (sure, right)]
    return Reliability(means[0], means[1], counts[seen])


def calibration_error(targets: ArrayLike, probabilities: ArrayLike, bins: int = 15) -> float:
    """Expected calibration error (ECE): Σ_b n_b / n · |accuracy_b − confidence_b|, from 0 to 1, less is better.

    0 can be had without knowing anything: always say the classes' shares. It depends on the bins, and with few examples
    in each it is too large. Arguments are those of `reliability`.

    Sources: Naeini, Cooper and Hauskrecht, "Obtaining well calibrated probabilities using Bayesian binning" (2015); Guo
    et al., "On calibration of modern neural networks" (2017).
    """
    confidence, accuracy, counts = reliability(targets, probabilities, bins)
    return float(np.sum(counts * np.abs(accuracy - confidence)) / counts.sum())


def brier(targets: ArrayLike, probabilities: ArrayLike) -> float:
    """Mean squared error of the probabilities: mean (p − y)² of (n,), mean Σ_c (p_c − [y = c])² of (n, classes).

    The second is twice the first; they go from 0 to 2 and to 1. Less is better, and only the true probabilities have
    the least: it counts calibration and knowledge together. Source: Brier, "Verification of forecasts expressed in
    terms of probability" (1950).
    """
    labels, table = _probabilities("brier", targets, probabilities)
    errors = np.sum((table - np.eye(table.shape[1])[labels]) ** 2, axis=1)
    return float(errors.mean() / (2 if np.ndim(probabilities) == 1 else 1))


def _labels_and_scores(name: str, targets: ArrayLike, scores: ArrayLike) -> tuple[NDArray[np.int64], Array]:
    labels, table = np.asarray(move(targets, "cpu")), np.asarray(move(scores, "cpu"), np.float64)
    if labels.ndim != 1 or table.ndim not in (1, 2) or len(table) != len(labels) or not table.size:
        raise ValueError(
            f"{name}: targets {labels.shape}, scores {table.shape}; expected (n,), and (n,) or (n, classes)"
        )
    if labels.dtype.kind not in "iub":
        raise TypeError(f"{name}: targets are {labels.dtype}; expected integer labels")
    classes = 2 if table.ndim == 1 else table.shape[1]
    wrong = labels[(labels < 0) | (labels >= classes)]
    if wrong.size:
        raise ValueError(
            f"{name}: targets hold label {wrong[0]}; scores {table.shape} are of classes 0 to {classes - 1}"
        )
    if not np.all(np.isfinite(table)):
        raise ValueError(f"{name}: {np.sum(~np.isfinite(table))} scores aren't finite")
    return labels.astype(np.int64), table


def _against_the_rest(name: str, targets: ArrayLike, scores: ArrayLike) -> list[tuple[NDArray[np.bool_], Array]]:
    labels, table = _labels_and_scores(name, targets, scores)
    if table.ndim == 1:
        return [(labels == 1, table)]
    return [(labels == c, column) for c, column in enumerate(table.T)]


def _probabilities(name: str, targets: ArrayLike, probabilities: ArrayLike) -> tuple[NDArray[np.int64], Array]:
    labels, table = _labels_and_scores(name, targets, probabilities)
    if table.ndim == 1:
        table = np.stack([1 - table, table], axis=1)
    if table.min() < -1e-6 or not np.allclose(table.sum(axis=1), 1, atol=1e-3):
        raise ValueError(
            f"{name}: from {table.min():.3g} to {table.max():.3g}, a row sums to {table.sum(axis=1).min():.3g}; "
            "expected probabilities (take the softmax of scores)"
        )
    return labels, table
