"""Exercise 5, solved: what was repeated is summed: the axes in front that weren't there, then those of length 1."""


def unbroadcast(g, shape):
    """g, the gradient of what an input of this shape was broadcast to, summed over every axis it was repeated along."""
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    repeated = tuple(i for i, n in enumerate(shape) if n == 1)
    return g.sum(axis=repeated, keepdims=True)
