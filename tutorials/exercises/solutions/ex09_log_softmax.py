"""Exercise 9, solved: less each row's largest no exp overflows, and one is exp(0) = 1: the sum is never 0."""

import numpy as np


def log_softmax(a):
    """ln softmax of each row of a (rows, classes), of the same shape; finite for scores of any size."""
    a = a - a.max(axis=-1, keepdims=True)
    return a - np.log(np.exp(a).sum(axis=-1, keepdims=True))
