"""Exercise 15: a rate for each weight: RMSProp (lesson 13, 2 points).

One rate can't suit a weight with gradients of 0.001 and one with gradients of 1,000. RMSProp divides each by its usual
size, the root of a running mean v of its squares:

    v ← α v + (1 − α) g²
    θ ← θ − η g / (√v + ε)        with the new v

ε keeps the quotient finite where all gradients have been 0; here (and in PyTorch) it stands outside the root. Return θ
and v, as new arrays. Write it, then ask

    tinyxm check ex15
"""

import numpy as np


def rmsprop_step(theta, g, v, rate, alpha, eps):
    """(θ, v) after a step of RMSProp at the rate η; theta, g and v are arrays of one shape."""
    raise NotImplementedError
