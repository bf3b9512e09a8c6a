"""Exercise 17: precision, recall and F1 of each class (lesson 14, 3 points).

Accuracy counts samples, so a class of few hardly counts. Macro scores give each class the same say. Everything comes
from the confusion matrix, M[i, j] = how many samples of class i were called j:

    precision of c = M[c, c] / Σ_i M[i, c]      of those called c, how many are
    recall of c    = M[c, c] / Σ_j M[c, j]      of those that are c, how many were called so
    F1 of c        = 2 M[c, c] / (Σ_i M[i, c] + Σ_j M[c, j])

A quotient 0 / 0 (a class never called, or without samples) counts as 0, and keeps its place in the mean. A macro score
is the mean over all classes; macro F1 is the mean of their F1, not the F1 of the means. targets and predictions are
(n,) whole numbers from 0 to classes − 1. Write it, then ask

    tinyxm check ex17
"""

import numpy as np


def macro_scores(targets, predictions, classes):
    """(M, precision, recall, F1): the confusion matrix (classes, classes), and the three macro averages."""
    raise NotImplementedError
