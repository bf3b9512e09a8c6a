"""Scores of predicted class labels: accuracy, precision, recall, F1 and the confusion matrix they all come from.

Labels are integers 0 .. classes-1, one per example, shape (n,). Every score is a quotient of counts in the confusion
matrix M, where M[i, j] counts the examples of class i predicted as j. For class c

    TP = M[c, c]    FP = Σ_i M[i, c] - TP    FN = Σ_j M[c, j] - TP

A quotient whose denominator is zero is defined as 0: the precision of a class never predicted, the recall of a class
with no example, and the F1 of a class with neither. Such a class keeps its place in the macro average and lowers it.

Every function raises ValueError for shapes that differ or aren't (n,), for no examples and for labels out of range,
and TypeError for labels that aren't integers.

Source: Manning, Raghavan and Schütze, "Introduction to Information Retrieval" (2008), sections 8.3 and 13.6.
"""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tinyxm_kernels.cuda import move

MOST_CLASSES = 4096  # unless the caller says how many: the matrix then takes 128 MiB
Average = Literal["macro", "micro", "weighted"] | None


def confusion_matrix(targets: ArrayLike, predictions: ArrayLike, classes: int | None = None) -> NDArray[np.int64]:
    """Counts of each pair of true and predicted class: M[i, j] = |{n : target_n = i, prediction_n = j}|.

    targets, predictions: (n,) integers. classes: their number C; by default 1 + the largest label seen, which
    may be 4095 at most. Returns (C, C).
    """
    return _confusion("confusion_matrix", targets, predictions, classes)


def accuracy(targets: ArrayLike, predictions: ArrayLike) -> float:
    """Share of examples predicted right, Σ_c M[c, c] / n, from 0 to 1. targets, predictions: (n,) integers."""
    true, predicted = _labels("accuracy", targets, predictions)
    return float(np.mean(true == predicted))


def precision(
    targets: ArrayLike, predictions: ArrayLike, classes: int | None = None, average: Average = "macro"
) -> float | NDArray[np.float64]:
    """Share of the predictions of a class that are right: TP / (TP + FP).

    average: "macro", the plain mean over all classes; "micro", the quotient of the counts summed over classes;
    "weighted", the mean weighted by each class's examples; None, one value per class, (classes,).
    """
    matrix = _confusion("precision", targets, predictions, classes)
    return _quotient("precision", np.diag(matrix), matrix.sum(0), matrix.sum(1), average)


def recall(
    targets: ArrayLike, predictions: ArrayLike, classes: int | None = None, average: Average = "macro"
) -> float | NDArray[np.float64]:
    """Share of the examples of a class that are found: TP / (TP + FN). `average` as in `precision`."""
    matrix = _confusion("recall", targets, predictions, classes)
    return _quotient("recall", np.diag(matrix), matrix.sum(1), matrix.sum(1), average)


def f1(
    targets: ArrayLike, predictions: ArrayLike, classes: int | None = None, average: Average = "macro"
) -> float | NDArray[np.float64]:
    """Harmonic mean of precision P and recall R: 2PR / (P + R) = 2TP / (2TP + FP + FN). `average` as in `precision`.

    The macro average is the mean of the classes' F1, not the F1 of mean precision and mean recall.
    """
    matrix = _confusion("f1", targets, predictions, classes)
    return _quotient("f1", 2 * np.diag(matrix), matrix.sum(0) + matrix.sum(1), matrix.sum(1), average)


def balanced_accuracy(targets: ArrayLike, predictions: ArrayLike) -> float:
    """Mean over the classes that have examples of the share found, mean_c TP / (TP + FN), from 0 to 1; 1 / C by chance.

    A model that always says the commonest class has it no better than by chance, as it should.
    """
    matrix = _confusion("balanced_accuracy", targets, predictions, None)
    examples = matrix.sum(axis=1)
    return float(np.mean(np.diag(matrix)[examples > 0] / examples[examples > 0]))


def matthews(targets: ArrayLike, predictions: ArrayLike) -> float:
    """Matthews correlation of true and predicted classes, from −1 to 1; 0 by chance.

        MCC = (n Σ_c M[c, c] − Σ_c t_c p_c) / √((n² − Σ t_c²) (n² − Σ p_c²))

    with t_c the examples and p_c the predictions of class c. A model that always says the same has 0.

    Sources: Matthews (1975); more classes than two: Gorodkin, "Comparing two K-category assignments by a K-category
    correlation coefficient" (2004).
    """
    matrix = _confusion("matthews", targets, predictions, None).astype(np.float64)
    n, true, predicted = matrix.sum(), matrix.sum(axis=1), matrix.sum(axis=0)
    most = (n**2 - true @ true) * (n**2 - predicted @ predicted)
    return float((n * np.trace(matrix) - true @ predicted) / np.sqrt(most)) if most else 0.0


def cohen_kappa(
    targets: ArrayLike, predictions: ArrayLike, weights: Literal["linear", "quadratic"] | None = None
) -> float:
    """Agreement beyond what the same shares of classes would have by chance, up to 1; 0 by chance, and where that is 1.

        κ = 1 − Σ w M / Σ w E,    E[i, j] = t_i p_j / n,    w[i, j] = [i ≠ j], |i − j| or (i − j)²

    weights: "linear" or "quadratic" for classes with an order, where being next to right is half as wrong.

    Sources: Cohen (1960), "A coefficient of agreement for nominal scales", and with weights (1968).
    """
    if weights not in (None, "linear", "quadratic"):
        raise ValueError(f'cohen_kappa: weights={weights!r}; expected None, "linear" or "quadratic"')
    matrix = _confusion("cohen_kappa", targets, predictions, None).astype(np.float64)
    apart = np.abs(np.subtract.outer(np.arange(len(matrix)), np.arange(len(matrix)))).astype(np.float64)
    w = apart**2 if weights == "quadratic" else apart if weights == "linear" else np.sign(apart)
    expected = np.sum(w * np.outer(matrix.sum(axis=1), matrix.sum(axis=0))) / matrix.sum()
    return float(1 - np.sum(w * matrix) / expected) if expected else 0.0


def _quotient(
    name: str,
    numerator: NDArray[np.int64],
    denominator: NDArray[np.int64],
    support: NDArray[np.int64],
    average: Average,
) -> float | NDArray[np.float64]:
    if average == "micro":
        return float(numerator.sum() / denominator.sum())
    per_class = numerator / np.maximum(denominator, 1)  # a zero denominator has a zero numerator: 0 / 1
    if average is None:
        return per_class
    if average == "macro":
        return float(per_class.mean())
    if average == "weighted":
        return float(np.average(per_class, weights=support))
    raise ValueError(f'{name}: average={average!r}; expected "macro", "micro", "weighted" or None')


def _confusion(name: str, targets: ArrayLike, predictions: ArrayLike, classes: int | None) -> NDArray[np.int64]:
    true, predicted = _labels(name, targets, predictions)
    if classes is None:
        classes = 1 + int(max(true.max(), predicted.max(), 0))
        if classes > MOST_CLASSES:
            raise ValueError(
                f"{name}: label {classes - 1} would make {classes} classes, and a matrix of as many rows and columns; "
                f"number the classes from 0 on, or pass classes= where there are that many"
            )
    elif classes < 1:
        raise ValueError(f"{name}: classes={classes}; expected at least 1")
    for role, labels in (("targets", true), ("predictions", predicted)):
        wrong = np.flatnonzero((labels < 0) | (labels >= classes))
        if wrong.size:
            at = wrong[0]
            raise ValueError(f"{name}: {role}[{at}] is label {labels[at]}; labels run from 0 to {classes - 1}")
    return np.bincount(true * classes + predicted, minlength=classes**2).reshape(classes, classes)


def _labels(name: str, targets: ArrayLike, predictions: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    true, predicted = np.asarray(move(targets, "cpu")), np.asarray(move(predictions, "cpu"))
    if true.ndim != 1 or true.shape != predicted.shape:
        raise ValueError(f"{name}: targets {true.shape} and predictions {predicted.shape}; expected both (n,)")
    if not true.size:
        raise ValueError(f"{name}: no examples to score")
    for role, labels in (("targets", true), ("predictions", predicted)):
        if not np.issubdtype(labels.dtype, np.integer):
            raise TypeError(f"{name}: {role} are {labels.dtype}; expected integer labels (take the argmax of scores)")
    return true.astype(np.int64), predicted.astype(np.int64)
