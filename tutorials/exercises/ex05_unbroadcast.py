"""Exercise 5: a gradient back through broadcasting (lesson 5, 2 points).

NumPy repeats a small array where it meets a large one: a bias (3,) added to rows (4, 3) is used once in each row. Each
use of a number adds its part to the gradient, so what was repeated on the way forward is summed on the way back. Given
g, the gradient of the large result, return that of the input, which had the given shape:

    axes that the input lacked (NumPy puts them in front) are summed away
    axes along which the input had length 1, and g has more, are summed to length 1

Leave it out, and every bias of a network has a gradient of the wrong shape. Write it, then ask

    tinyxm check ex05
"""

import numpy as np


def unbroadcast(g, shape):
    """g, the gradient of what an input of this shape was broadcast to, summed over every axis it was repeated along."""
    raise NotImplementedError
