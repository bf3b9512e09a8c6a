"""Exercise 3, solved: compare each test row with each training row, and ask whether all columns agree with any."""

import numpy as np


def leaks(rows, groups, train, test):
    """(same, kin): the sorted indices of test samples whose row, or whose group, some training sample has."""
    test = np.sort(test)
    equal = (rows[test][:, None] == rows[train][None]).all(axis=2)
    return test[equal.any(axis=1)], test[np.isin(groups[test], groups[train])]
