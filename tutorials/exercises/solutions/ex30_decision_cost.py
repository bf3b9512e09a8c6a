"""Exercise 30, solved: p · missed > (1 − p) · needless is p > needless / (missed + needless)."""

import numpy as np


def decision_cost(p, bad, missed, needless):
    """(threshold, mean cost). p (n,) probabilities of a bad one, bad (n,) booleans: what was true; costs above 0."""
    threshold = needless / (missed + needless)
    refused = p > threshold
    return threshold, np.mean(missed * (bad & ~refused) + needless * (~bad & refused))
