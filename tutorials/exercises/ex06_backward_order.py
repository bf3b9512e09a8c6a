"""Exercise 6: in which order gradients go back (lesson 5, 3 points).

A gradient may be passed on only when it is complete: when everything that was made of a value has reported back to it.
So the backward pass needs an order in which each value comes before all that it was made of. `parents` tells that for
each name, as {"y": ("a", "a"), "z": ("y", "a"), "a": ()}: y was made of a, twice; z of y and a. Return a list of names:

    root first, and then every name that root was made of, directly or not, once each
    each name before all of its parents
    no name that root wasn't made of: it has no gradient

There may be many such orders: any will do. Networks are deep: a chain of 5,000 names must do, too, and Python allows
about a thousand calls within calls. Write it, then ask

    tinyxm check ex06
"""


def backward_order(parents, root):
    """A list of the names that root was made of, root first, each before all of its parents."""
    raise NotImplementedError
