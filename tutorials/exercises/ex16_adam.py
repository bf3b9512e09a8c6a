"""Exercise 16: Adam (lesson 13, 3 points).

Adam joins momentum and RMSProp: running means of the gradient and of its square. Both start at 0, and so are too small
at first; at step t = 1, 2, 3, … they hold a share of 1 − βᵗ of what they should, and are divided by it:

    m ← β₁ m + (1 − β₁) g        m̂ = m / (1 − β₁ᵗ)
    v ← β₂ v + (1 − β₂) g²       v̂ = v / (1 − β₂ᵗ)
    θ ← θ − η m̂ / (√v̂ + ε)

What is kept for the next step is m and v, not m̂ and v̂. Return θ, m and v, as new arrays. Write it, then ask

    tinyxm check ex16
"""

import numpy as np


def adam_step(theta, g, m, v, t, rate, beta1, beta2, eps):
    """(θ, m, v) after step t, counted from 1, of Adam at the rate η; theta, g, m and v are arrays of one shape."""
    raise NotImplementedError
