"""Exercise 35: what a convolution's weights learn (lesson 29, 4 points).

A convolution's result is y[n, p, q, o] = Σ x̄[n, p · stride + i, q · stride + j, c] · w[i, j, c, o]. Back comes g, the
gradient of the loss with respect to y. The weight w[i, j, c, o] took part in every result of channel o, each time
multiplied by another pixel. So its gradient is a sum over all places and images:

    ∂L/∂w[i, j, c, o] = Σ_n Σ_p Σ_q x̄[n, p · stride + i, q · stride + j, c] · g[n, p, q, o]

x̄ is x with `padding` zeros on all four sides. Loop over the taps (i, j) alone. Then ask

    tinyxm check ex35
"""

import numpy as np


def conv2d_weight_gradient(g, x, w_shape, stride, padding):
    """∂L/∂w of the shape w_shape (kernel_height, kernel_width, in, out). g as y, x (batch, height, width, in)."""
    raise NotImplementedError
