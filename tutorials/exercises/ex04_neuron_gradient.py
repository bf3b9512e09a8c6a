"""Exercise 4: the gradient of a neuron (lesson 4, 3 points).

A neuron answers, for each row x, y = σ(x·w + b), with σ(z) = 1 / (1 + exp(−z)). Its loss over a batch of n rows is

    L = 1/n Σ_i (y_i − t_i)²

It is another loss than the lesson's, the surprise: here it is the square, so the gradient is another, too.

Write what the chain rule makes of it: ∂L/∂w and ∂L/∂b. Then ask

    tinyxm check ex04
"""

import numpy as np


def neuron_gradient(x, w, b, t):
    """(∂L/∂w, ∂L/∂b) of L = 1/n Σ (σ(x w + b) − t)². x (n, inputs), w (inputs,), b a number, t (n,)."""
    raise NotImplementedError
