"""Exercise 17, solved: rows of M are what is true, columns what was said; a class without any has 0 / 1."""

import numpy as np


def macro_scores(targets, predictions, classes):
    """(M, precision, recall, F1): the confusion matrix (classes, classes), and the three macro averages."""
    matrix = np.zeros((classes, classes), int)
    np.add.at(matrix, (targets, predictions), 1)
    right, said, true = np.diag(matrix), matrix.sum(axis=0), matrix.sum(axis=1)
    precision, recall = right / np.maximum(said, 1), right / np.maximum(true, 1)
    f1 = 2 * right / np.maximum(said + true, 1)
    return matrix, precision.mean(), recall.mean(), f1.mean()
