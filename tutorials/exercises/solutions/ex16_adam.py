"""Exercise 16, solved: the means are kept as they are, and corrected for the step alone."""

import numpy as np


def adam_step(theta, g, m, v, t, rate, beta1, beta2, eps):
    """(θ, m, v) after step t, counted from 1, of Adam at the rate η; theta, g, m and v are arrays of one shape."""
    m = beta1 * m + (1 - beta1) * g
    v = beta2 * v + (1 - beta2) * g**2
    m_hat, v_hat = m / (1 - beta1**t), v / (1 - beta2**t)
    return theta - rate * m_hat / (np.sqrt(v_hat) + eps), m, v
