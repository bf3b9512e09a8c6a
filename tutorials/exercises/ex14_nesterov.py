"""Exercise 14: a step that looks ahead (lesson 12, 2 points).

Nesterov's momentum takes the gradient where the velocity is about to carry θ, and so brakes before a wall, not after
it. Written for the point looked ahead to (which is what θ holds in tinyxm and in PyTorch), the update needs the
gradient g at θ alone:

    u ← μ u + g
    θ ← θ − η (g + μ u)        with the new u

Return both, as new arrays. Write it, then ask

    tinyxm check ex14
"""

import numpy as np


def nesterov_step(theta, g, u, rate, mu):
    """(θ, u) after a step of Nesterov's momentum μ at the rate η; theta, g and u are arrays of one shape."""
    raise NotImplementedError
