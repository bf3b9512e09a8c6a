"""Exercise 35, solved: for each tap the pixels that it met, flat, transposed, times g, flat."""

import numpy as np


def conv2d_weight_gradient(g, x, w_shape, stride, padding):
    """∂L/∂w of the shape w_shape (kernel_height, kernel_width, in, out). g as y, x (batch, height, width, in)."""
    x = np.pad(x, ((0, 0), (padding, padding), (padding, padding), (0, 0)))
    down, across = ((g.shape[axis] - 1) * stride + 1 for axis in (1, 2))
    gradient = np.zeros(w_shape, g.dtype)
    for i, j in np.ndindex(*w_shape[:2]):
        met = x[:, i : i + down : stride, j : j + across : stride]
        gradient[i, j] = met.reshape(-1, w_shape[2]).T @ g.reshape(-1, w_shape[3])
    return gradient
