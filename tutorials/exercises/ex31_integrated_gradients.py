"""Exercise 31: integrated gradients (lesson 26, 3 points).

What did each number of x contribute to the score s(x)? Compare with a baseline x′ in which there is nothing, walk from
there to x in a straight line, and add up the gradients on the way:

    A = (x − x′) · ∫₀¹ ∂s/∂x at x′ + α (x − x′) dα

The integral is the mean of the gradients at the middles of `steps` equal parts, α = ½/steps, 1½/steps, … The parts add
up to the rise of the score, Σ A = s(x) − s(x′): that is a theorem, so your answer can be held to it. Then ask

    tinyxm check ex31
"""

import numpy as np


def integrated_gradients(gradient, x, baseline, steps):
    """A, in the shape of x. gradient(x) gives ∂s/∂x in that shape, for any point; baseline has that shape, too."""
    raise NotImplementedError
