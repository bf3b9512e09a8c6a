"""Exercise 11: warm-up, then a cosine (lesson 10, 2 points).

Early gradients are wild, and late steps should be small. So the rate rises in a line during the first `warm` steps, and
falls along half a cosine during the rest. With steps counted from 0:

    rate of step s = peak · (s + 1) / warm                              while s < warm
                     peak · (1 + cos(π (s − warm) / (steps − warm))) / 2    from there on

The last step of the warm-up has the peak, as has the first after it; no step has a rate of 0. Return the rates of all
the steps, in an array. warm may be 0 (no warm-up), or all the steps. Write it, then ask

    tinyxm check ex11
"""

import numpy as np


def learning_rates(steps, peak, warm):
    """The rates (steps,) of a training of so many steps: a line up to peak in `warm` steps, then half a cosine down."""
    raise NotImplementedError
