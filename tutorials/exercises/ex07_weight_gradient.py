"""Exercise 7: a linear layer's weights learn (lesson 6, 2 points).

A linear layer answers y = x W + b, for each row of x by itself. x may have more axes than one in front, such as
(texts, tokens, inputs): each token is a row. Every row uses the same W, so each adds its part to the gradient:

    ∂L/∂W[i, o] = Σ over all rows of x[row, i] g[row, o],    g = ∂L/∂y

Most of what a network learns goes through this line. Write it, then ask

    tinyxm check ex07
"""

import numpy as np


def weight_gradient(g, x):
    """∂L/∂W (inputs, outputs) of y = x W, summed over all rows. g (..., outputs) is ∂L/∂y, x (..., inputs)."""
    raise NotImplementedError
