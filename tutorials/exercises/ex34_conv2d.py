"""Exercise 34: a convolution (lesson 29, 3 points).

A kernel slides over an image, and each result is one sum:

    y[n, p, q, o] = Σ_i Σ_j Σ_c x̄[n, p · stride + i, q · stride + j, c] · w[i, j, c, o]

x̄ is x with `padding` rows and columns of zeros on all four sides. There are as many results as places where the kernel
lies within x̄:

    rows = ⌊(height + 2 · padding − kernel_height) / stride⌋ + 1,      columns likewise

Seven loops do it. In Python that takes minutes, so leave only the two over the taps (i, j) of the kernel: the rest is
one product of arrays for each tap. Then ask

    tinyxm check ex34
"""

import numpy as np


def conv2d(x, w, stride, padding):
    """y (batch, rows, columns, out). x (batch, height, width, in), w (kernel_height, kernel_width, in, out)."""
    raise NotImplementedError
