"""What exercise 17 is checked by: counts by hand, and the package's scores."""

import numpy as np

import tinyxm as xm
from tinyxm.course import Case, Exercise, Trap


def by_the_package(targets, predictions, classes):
    given = targets, predictions, classes
    scores = (metric(*given) for metric in (xm.metrics.precision, xm.metrics.recall, xm.metrics.f1))
    return xm.metrics.confusion_matrix(*given), *scores


def cases(rng):
    targets, predictions = np.array([0, 0, 0, 1]), np.array([0, 0, 1, 1])
    yield Case(
        "4 samples of 2 classes",
        (targets, predictions, 2),
        (np.array([[2, 1], [0, 1]]), (1 + 1 / 2) / 2, (2 / 3 + 1) / 2, (4 / 5 + 2 / 3) / 2),
    )
    for n, classes in ((20, 3), (60, 5), (1, 1)):
        given = rng.integers(0, classes, n), rng.integers(0, classes, n), classes
        yield Case(f"{n} sample{'s' * (n > 1)}, {classes} class{'es' * (classes > 1)}", given, by_the_package(*given))
    benign = np.array([0] * 9 + [1])
    yield Case("always the frequent class", (benign, 0 * benign, 2), by_the_package(benign, 0 * benign, 2))
    few = np.array([0, 2, 2, 0]), np.array([0, 2, 0, 0]), 4
    yield Case("classes that are neither true nor called", few, by_the_package(*few))
    called = np.array([0, 0, 1]), np.array([0, 2, 1]), 3
    yield Case("a class that is called, but has no sample", called, by_the_package(*called))
    yield Case("all wrong", (np.array([0, 1]), np.array([1, 0]), 2), (np.array([[0, 1], [1, 0]]), 0.0, 0.0, 0.0))


def counted(targets, predictions, classes):
    return np.bincount(targets * classes + predictions, minlength=classes**2).reshape(classes, classes)


def quotients(matrix):
    right, said, true = np.diag(matrix), matrix.sum(axis=0), matrix.sum(axis=1)
    return right / np.maximum(said, 1), right / np.maximum(true, 1), 2 * right / np.maximum(said + true, 1)


def means(matrix):
    return tuple(score.mean() for score in quotients(matrix))


def transposed(targets, predictions, classes):
    return counted(predictions, targets, classes), *means(counted(targets, predictions, classes))


def exchanged(targets, predictions, classes):
    matrix = counted(targets, predictions, classes)
    precision, recall, f1 = means(matrix)
    return matrix, recall, precision, f1


def both_exchanged(targets, predictions, classes):
    matrix = counted(predictions, targets, classes)
    return matrix, *means(matrix)


def of_the_means(targets, predictions, classes):
    matrix = counted(targets, predictions, classes)
    precision, recall, _ = means(matrix)
    return matrix, precision, recall, 2 * precision * recall / max(precision + recall, 1e-300)


def absent_left_out(targets, predictions, classes):
    matrix = counted(targets, predictions, classes)
    there = matrix.sum(axis=0) + matrix.sum(axis=1) > 0
    return matrix, *(score[there].mean() for score in quotients(matrix))


def divided_by_zero(targets, predictions, classes):
    matrix = counted(targets, predictions, classes)
    right, said, true = np.diag(matrix), matrix.sum(axis=0), matrix.sum(axis=1)
    return matrix, (right / said).mean(), (right / true).mean(), (2 * right / (said + true)).mean()


def one_where_nothing(targets, predictions, classes):
    matrix = counted(targets, predictions, classes)
    right, said, true = np.diag(matrix), matrix.sum(axis=0), matrix.sum(axis=1)
    parts = ((right, said), (right, true), (2 * right, said + true))
    return matrix, *(np.where(b > 0, a / np.maximum(b, 1), 1.0).mean() for a, b in parts)


def micro(targets, predictions, classes):
    accuracy = np.mean(targets == predictions)
    return counted(targets, predictions, classes), accuracy, accuracy, accuracy


def written_once(targets, predictions, classes):
    matrix = np.zeros((classes, classes), int)
    matrix[targets, predictions] += 1
    return matrix, *means(matrix)


EXERCISE = Exercise(
    title="precision, recall and F1 of each class",
    lesson="14_accuracy_precision_recall_and_when_each_lies",
    points=3,
    function="macro_scores",
    hints=(
        "First the matrix, one count for each sample. From it: np.diag, the sums of the columns (called so), those of "
        "the rows (being so).",
        "matrix[targets, predictions] += 1 counts a repeated pair once only; np.add.at(matrix, (targets, predictions), "
        "1) counts each. Where a sum is 0, so is the diagonal: divide by np.maximum(sum, 1).",
        "precision = (right / np.maximum(said, 1)).mean(), recall with true for said, and F1 = (2 * right / "
        "np.maximum(said + true, 1)).mean(), with right = np.diag(matrix), said = matrix.sum(axis=0), true = "
        "matrix.sum(axis=1).",
    ),
    cases=cases,
    returns=("M", "precision", "recall", "F1"),
    traps=(
        Trap("the matrix is transposed: rows are what is true, columns what was said", transposed),
        Trap("precision and recall are exchanged: precision divides by what was called so, the columns", exchanged),
        Trap("what is true and what was said are exchanged throughout", both_exchanged),
        Trap("macro F1 is the mean of the classes' F1, not the F1 of the two means", of_the_means),
        Trap("an absent class keeps its place in the mean, with 0", absent_left_out),
        Trap("0 / 0 counts as 0: divide by np.maximum(sum, 1)", divided_by_zero),
        Trap("0 / 0 counts as 0, not as 1: nothing found is no success", one_where_nothing),
        Trap("that is micro, the accuracy: the mean is over classes, not over samples", micro),
        Trap("M[targets, predictions] += 1 counts a repeated pair only once: np.add.at", written_once),
    ),
)
