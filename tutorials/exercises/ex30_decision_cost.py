"""Exercise 30: decide by what mistakes cost (lesson 25, 2 points).

A model says that a loan goes bad with probability p. Refuse it? That isn't asked of the likelier class, but of costs: a
bad loan that is granted costs `missed`, a good one that is refused costs `needless`. Expected are

    p · missed  if it is granted,      (1 − p) · needless  if it is refused

so refuse where p · missed > (1 − p) · needless: from a certain probability on, the threshold. What the decisions really
cost is then counted on known cases: the mean cost of a case. A model with less accuracy may be the cheaper one.
Write both, then ask

    tinyxm check ex30
"""

import numpy as np


def decision_cost(p, bad, missed, needless):
    """(threshold, mean cost). p (n,) probabilities of a bad one, bad (n,) booleans: what was true; costs above 0."""
    raise NotImplementedError
