"""Exercise 14, solved: the velocity as in momentum; the step goes by g and one more share of the new velocity."""


def nesterov_step(theta, g, u, rate, mu):
    """(θ, u) after a step of Nesterov's momentum μ at the rate η; theta, g and u are arrays of one shape."""
    u = mu * u + g
    return theta - rate * (g + mu * u), u
