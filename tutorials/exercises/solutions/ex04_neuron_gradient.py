"""Exercise 4, solved: ∂L/∂y = 2 (y − t) / n, then dy/dz = y (1 − y), then dz/dw = x and dz/db = 1."""

import numpy as np


def neuron_gradient(x, w, b, t):
    """(∂L/∂w, ∂L/∂b) of L = 1/n Σ (σ(x w + b) − t)². x (n, inputs), w (inputs,), b a number, t (n,)."""
    y = 1 / (1 + np.exp(-(x @ w + b)))
    slope = 2 * (y - t) / len(t) * y * (1 - y)
    return x.T @ slope, slope.sum()
