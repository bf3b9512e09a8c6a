"""Exercise 13: a step with momentum (lesson 12, 1 point).

Plain gradient descent forgets: at each step it knows this gradient g alone. Momentum remembers a velocity u, the sum of
past gradients, each weighing μ times the next. Along a steady slope it gathers speed; across a ravine, where gradients
alternate, they cancel:

    u ← μ u + g
    θ ← θ − η u        with the new u

Return both, as new arrays. Write it, then ask

    tinyxm check ex13
"""

import numpy as np


def momentum_step(theta, g, u, rate, mu):
    """(θ, u) after a step of momentum μ at the rate η; theta, g and u are arrays of one shape."""
    raise NotImplementedError
