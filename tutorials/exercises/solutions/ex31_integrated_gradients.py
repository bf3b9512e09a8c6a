"""Exercise 31, solved: gradients at the middles of the parts, their mean, times the way."""

import numpy as np


def integrated_gradients(gradient, x, baseline, steps):
    """A, in the shape of x. gradient(x) gives ∂s/∂x in that shape, for any point; baseline has that shape, too."""
    total = np.zeros_like(x)
    for alpha in (np.arange(steps) + 0.5) / steps:
        total += gradient(baseline + alpha * (x - baseline))
    return (x - baseline) * total / steps
