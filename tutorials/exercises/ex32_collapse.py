"""Exercise 32: alignment and uniformity, the alarm for a collapse (lesson 27, 3 points).

A pair of towers may have a fine loss and useless vectors. Two numbers tell. First every vector is divided by its
length. Then **alignment**: how far the two of a true pair are from one another,

    A = mean over i of ‖x̂_i − ŷ_i‖²              0 is best

and **uniformity**: how evenly the vectors x̂ fill the sphere, over all pairs of two different ones,

    U = ln mean over i < j of exp(−2 ‖x̂_i − x̂_j‖²)      −4 is about as even as can be; 0: all are one point

Alignment alone is perfect where everything has collapsed to one point. So look at both: A ≈ 0 with U ≈ 0 is the alarm.
Then ask

    tinyxm check ex32
"""

import numpy as np


def alignment_and_uniformity(x, y):
    """(A, U). x and y (n, dimensions), row i of x belongs to row i of y; n is 2 at least, no row is 0."""
    raise NotImplementedError
