"""Exercise 1: a split that no group crosses (lesson 3, 2 points).

Three drawings of one cat are relatives: with one in training and one in the test, the score is of memory. So whole
groups are dealt out, by chance, until the test has about the share it should:

    every sample is in training or in the test, none in both
    samples of one group are all on the same side, and each side has at least one group
    the test's share of the *samples* is as near to `share` as whole groups allow: at most one group off
    chance comes from rng alone: rng.permutation and the like, so that one seed gives one split

groups is an array (n,) of labels, numbers or words, in any order; share is between 0 and 1. Write it, then ask

    tinyxm check ex01
"""

import numpy as np


def grouped_split(groups, share, rng):
    """(train, test): sorted indices of the samples on each side; about this share of them, in whole groups, in test."""
    raise NotImplementedError
