"""Exercise 6, solved: count the uses by what root was made of; a name is ready when all of them have reported."""


def backward_order(parents, root):
    """A list of the names that root was made of, root first, each before all of its parents."""
    uses, found = {root: 0}, [root]
    for name in found:  # the list grows while it is read
        for parent in parents[name]:
            if parent not in uses:
                found.append(parent)
            uses[parent] = uses.get(parent, 0) + 1
    order, ready = [], [root]
    while ready:
        order.append(ready.pop())
        for parent in parents[order[-1]]:
            uses[parent] -= 1
            if not uses[parent]:
                ready.append(parent)
    return order
