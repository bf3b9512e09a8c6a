"""Exercise 11, solved: a line up, then half a cosine over the steps that are left."""

import numpy as np


def learning_rates(steps, peak, warm):
    """The rates (steps,) of a training of so many steps: a line up to peak in `warm` steps, then half a cosine down."""
    rising = (np.arange(warm) + 1) / max(warm, 1)
    share = np.arange(steps - warm) / max(steps - warm, 1)
    return peak * np.concatenate([rising, (1 + np.cos(np.pi * share)) / 2])
