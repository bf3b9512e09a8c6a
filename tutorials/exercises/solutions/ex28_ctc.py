"""Exercise 28, solved: a shifted by one and by two, added in logarithms; leap says where a step over two may be."""

import numpy as np


def ctc_log_likelihood(log_p, labels):
    """ln p(labels), one number, −∞ where they don't fit. log_p (frames, classes), labels (letters,) of 1, 2, …"""
    states = np.zeros(2 * len(labels) + 1, int)
    states[1::2] = labels
    leap = np.zeros(len(states), bool)
    leap[2:] = (states[2:] != 0) & (states[2:] != states[:-2])
    a = np.where(np.arange(len(states)) < 2, log_p[0, states], -np.inf)
    for frame in log_p[1:]:
        before = np.concatenate([[-np.inf, -np.inf], a])
        a = np.logaddexp(a, before[1:-1])
        a = np.logaddexp(a, np.where(leap, before[:-2], -np.inf)) + frame[states]
    return np.logaddexp.reduce(a[-2:])
