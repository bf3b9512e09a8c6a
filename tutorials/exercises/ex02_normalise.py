"""Exercise 2: normalised by what training knows (lesson 3, 1 point).

Columns of different units are made alike before a model sees them: each less its mean, over its standard deviation. In
use the model meets rows one by one, and there is no mean of the future. So both numbers come from training, and the
test's rows are treated by them, whatever their own are:

    x' = (x − mean of the training column) / deviation of the training column

with the deviation √(Σ (x − mean)² / n), NumPy's std. A column that never varies in training has a deviation of 0: use 1
for it. train is (n, columns), test (m, columns). Return both, as new arrays. Write it, then ask

    tinyxm check ex02
"""

import numpy as np


def normalise(train, test):
    """(train, test) with each column less its training mean, over its training deviation (1 where that is 0)."""
    raise NotImplementedError
