"""What exercise 6 is checked by: what holds of any such order; and gradients that go back in it, beside the tape's."""

from collections import Counter
from functools import partial

import numpy as np

import tinyxm as xm
from tinyxm.course import Case, Exercise, Trap


def made_of(parents, root):
    """All that root was made of, and root."""
    found = [root]
    for name in found:
        found += [parent for parent in dict.fromkeys(parents[name]) if parent not in found]
    return found


def judge(parents, root, deep=False):
    """Says what is wrong with an order. (`deep`: all names are needed; to find out takes long.)"""
    needed = set(parents) if deep else set(made_of(parents, root))

    def judged(got):
        if not isinstance(got, list | tuple):
            return f"got {type(got).__name__}; expected a list of names"
        if not got or got[0] != root:
            return f"the first is {got[0]!r}, expected the root {root!r}" if got else "the list is empty"
        places = {name: i for i, name in enumerate(got)}
        for i, name in enumerate(got):
            if name not in needed:
                return f"{name!r} is in it, but {root!r} wasn't made of it"
            if places[name] != i:
                return f"{name!r} is in it twice: its gradient is passed on once, when it is complete"
        if missing := sorted(needed - set(got)):
            return f"{missing[0]!r} is missing: {root!r} was made of it"
        for name in got:
            for parent in parents[name]:
                if places[parent] < places[name]:
                    return f"{parent!r} comes before {name!r}, which was made of it: its gradient isn't complete yet"
        return None

    return judged


def shuffled(parents, rng):
    names = rng.permutation([*parents])
    return {str(name): parents[name] for name in names}


def cases(rng):
    graphs = {
        "a chain of three": {"c": ("b",), "b": ("a",), "a": ()},
        "two parents": {"sum": ("x", "y"), "x": (), "y": ()},
        "one parent twice: y = a · a": {"y": ("a", "a"), "a": ()},
        "a short way and a long one: z = y · a, y = a · a": {"z": ("a", "y"), "y": ("a", "a"), "a": ()},
        "the long way first": {"z": ("c", "a"), "c": ("b",), "b": ("a",), "a": ()},
        "a diamond": {"d": ("b", "c"), "b": ("a",), "c": ("a",), "a": ()},
        "names that the root wasn't made of": {"loss": ("y",), "y": ("w",), "w": (), "other": ("y", "w"), "v": ()},
        "the root alone": {"x": ()},
    }
    for told, parents in graphs.items():
        root = next(iter(parents))
        yield Case(told, (parents, root), judge(parents, root))
    for n in (8, 25):
        parents = {f"n{i}": tuple(f"n{j}" for j in rng.integers(0, i, min(i, 3))) for i in range(n)}
        parents = shuffled(parents, rng)
        yield Case(f"{n} values, made of each other at random", (parents, f"n{n - 1}"), judge(parents, f"n{n - 1}"))
    chain = {f"n{i}": (f"n{i - 1}",) * (i > 0) for i in range(5000)}
    yield Case("a chain of 5,000", (chain, "n4999"), judge(chain, "n4999", deep=True))


def trial(function):
    """Gradients of z = tanh(a b) · (a b + c) + a and of what it was made of."""
    parents = {
        "a": (),
        "b": (),
        "c": (),
        "p": ("a", "b"),
        "t": ("p",),
        "s": ("p", "c"),
        "m": ("t", "s"),
        "z": ("m", "a"),
    }
    value = {"a": 0.7, "b": -1.3, "c": 0.4}
    if function is None:
        a, b, c = (xm.Tensor(np.float64(x), requires_grad=True) for x in value.values())
        p = a * b
        (np.tanh(p) * (p + c) + a).backward()
        return {"a": a.grad, "b": b.grad, "c": c.grad}
    p = value["a"] * value["b"]
    t, s = np.tanh(p), p + value["c"]
    slopes = {"p": (value["b"], value["a"]), "t": (1 - t**2,), "s": (1, 1), "m": (s, t), "z": (1, 1)}
    gradient = dict.fromkeys(parents, 0.0) | {"z": 1.0}
    for name in function(parents, "z"):
        for parent, slope in zip(parents[name], slopes.get(name, ()), strict=True):
            gradient[parent] += gradient[name] * slope
    return {name: gradient[name] for name in "abc"}


def recursive(parents, root):
    order = []

    def visit(name):
        if name not in order:
            for parent in parents[name]:
                visit(parent)
            order.append(name)

    visit(root)
    return order[::-1]


def breadth_first(parents, root):
    found, seen = [root], {root}
    for name in found:
        for parent in parents[name]:
            if parent not in seen:
                seen.add(parent)
                found.append(parent)
    return found


def depth_first(parents, root):
    order, waiting = [], [root]
    while waiting:
        name = waiting.pop()
        if name not in order:
            order.append(name)
            waiting += reversed(parents[name])
    return order


def every_way(parents, root):
    order, waiting = [], [root]
    while waiting and len(order) < 10_000:
        order.append(waiting.pop())
        waiting += reversed(parents[order[-1]])
    return order


def forwards(parents, root):
    return [*reversed(breadth_first(parents, root))]


def as_listed(parents, root):
    return [root, *(name for name in parents if name != root)]


def leaves_left_out(parents, root):
    return [name for name in breadth_first(parents, root) if parents[name]]


def by_uses(parents, root, uses, at=-1):
    """The order in which the uses run out; what is used more often than was counted never does."""
    order, ready = [], [root]
    while ready:
        order.append(ready.pop(at))
        for parent in parents[order[-1]]:
            uses[parent] -= 1
            if not uses[parent]:
                ready.append(parent)
    return order


def unreachable_uses(parents, root):
    return by_uses(parents, root, Counter(parent for made in parents.values() for parent in made))


def twice_counted_once(parents, root, at=-1):
    uses = Counter(parent for name in made_of(parents, root) for parent in set(parents[name]))
    return by_uses(parents, root, uses, at)


ONE_OF_TWO = "a parent that is used twice in one, as in a · a, counts twice: a set forgets that"


EXERCISE = Exercise(
    title="in which order gradients go back",
    lesson="05_the_tape_in_sixty_lines",
    points=3,
    function="backward_order",
    hints=(
        "When is a name ready? When all that was made of it is in the list already. Root is ready at once.",
        "First find all that root was made of, and count for each name its uses by those (twice in one counts twice). "
        "Then, beginning with root: put a ready name into the list, and take 1 from the uses of each of its parents.",
        "A parent whose uses have come to 0 is ready. Keep the ready in a list, and loop while there are any: no "
        "function needs to call itself. Count uses only by names that root was made of.",
    ),
    cases=cases,
    trial=trial,
    trial_told="gradients that go back in this order, and the tape's",
    traps=(
        Trap(
            "the order is right, but a deep chain is too much for a function that calls itself: use a loop", recursive
        ),
        Trap("nearest to root first isn't enough: a parent may be reached by a long way, too", breadth_first),
        Trap("a name is put down when it is first met, though other uses of it are still to come", depth_first),
        Trap("a name that is met by two ways is in it twice", every_way),
        Trap("that is the order of the forward pass, parents first: the other way round", forwards),
        Trap("the dictionary's own order means nothing, and not all in it is wanted", as_listed),
        Trap("names without parents have gradients, too: the weights are among them", leaves_left_out),
        Trap("uses by names that root wasn't made of never report: don't wait for them", unreachable_uses),
        Trap(ONE_OF_TWO, twice_counted_once),
        Trap(ONE_OF_TWO, partial(twice_counted_once, at=0)),
    ),
)
