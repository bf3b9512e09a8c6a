"""Exercise 2, solved: mean and deviation of training alone, and both parts treated by them."""

import numpy as np


def normalise(train, test):
    """(train, test) with each column less its training mean, over its training deviation (1 where that is 0)."""
    mean, deviation = train.mean(axis=0), train.std(axis=0)
    deviation = np.where(deviation > 0, deviation, 1.0)
    return (train - mean) / deviation, (test - mean) / deviation
