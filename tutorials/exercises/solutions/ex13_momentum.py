"""Exercise 13, solved: first the velocity, then the step by the new one; η belongs to the step alone."""


def momentum_step(theta, g, u, rate, mu):
    """(θ, u) after a step of momentum μ at the rate η; theta, g and u are arrays of one shape."""
    u = mu * u + g
    return theta - rate * u, u
