"""Exercise 3: what has crossed from training to the test (lesson 3, 2 points).

Before you believe a score, look for test samples that training has seen: the same numbers once more (a duplicate), or
another sample of the same group, such as the same speaker. For a split of the samples, given by the indices in train
and test, report

    same: which test samples have a row that is equal, in every column, to the row of some training sample
    kin:  which test samples have the group of some training sample

each as a sorted array of indices of samples (as in test, not places in it). rows is (n, columns), groups (n,). Write
it, then ask

    tinyxm check ex03
"""

import numpy as np


def leaks(rows, groups, train, test):
    """(same, kin): the sorted indices of test samples whose row, or whose group, some training sample has."""
    raise NotImplementedError
