"""Exercise 8: weights that keep the signal alive (lesson 7, 2 points).

Each layer adds up `inputs` products, so a signal grows or shrinks by a factor at every layer, and after thirty it has
exploded or is gone. Weights drawn with the right variance keep it at its size:

    Xavier (for tanh):  variance 2 / (inputs + outputs), which serves the signal and the gradient alike
    He (for relu):      variance 2 / inputs, as ReLU lets half of the signal through

Draw them around 0, each by itself, from rng (rng.normal or rng.uniform will both do; mind what a uniform's variance
is). activation is "tanh" or "relu". Write it, then ask

    tinyxm check ex08
"""

import numpy as np


def initial_weights(inputs, outputs, activation, rng):
    """Random weights (inputs, outputs): Xavier's for "tanh", He's for "relu"."""
    raise NotImplementedError
