"""Exercise 15, solved: the running mean of the squares first, then the step divided by its root."""

import numpy as np


def rmsprop_step(theta, g, v, rate, alpha, eps):
    """(θ, v) after a step of RMSProp at the rate η; theta, g and v are arrays of one shape."""
    v = alpha * v + (1 - alpha) * g**2
    return theta - rate * g / (np.sqrt(v) + eps), v
