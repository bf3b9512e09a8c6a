"""Exercise 12: clipping by the norm of all (lesson 11, 2 points).

One exploded gradient can throw the parameters far off. Clipping shortens the gradients of all parameters by one factor,
so that their direction stays:

    norm = √ Σ g²,    over all elements of all gradients together
    g ← g · limit / norm    where norm > limit; else they stay as they are

Return the clipped gradients, a list of new arrays, and the norm as it was before: what you would log to see that
something explodes. Gradients may be float32, and as large as 1e25, whose square is more than float32 can hold. Write
it, then ask

    tinyxm check ex12
"""

import numpy as np


def clip_by_norm(gradients, limit):
    """(clipped, norm): the list of gradients held to this norm of all together, and their norm before."""
    raise NotImplementedError
