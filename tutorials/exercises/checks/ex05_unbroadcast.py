"""What exercise 5 is checked by: the tape's gradient of an addition; and a training in which the tape sums by it."""

import numpy as np

import tinyxm as xm
from tinyxm.course import Case, Exercise, Trap, overridden


def by_the_tape(g, shape):
    x = xm.Tensor(np.zeros(shape), requires_grad=True)
    (x + np.zeros(g.shape)).backward(g)
    return x.grad


def cases(rng):
    small = np.array([[1.0, 2.0, 3.0], [10.0, 20.0, 30.0]])
    yield Case("a row repeated over 2 rows", (small, (3,)), np.array([11.0, 22.0, 33.0]), sizes={"number of rows": 2})
    yield Case("a column repeated over 3 columns", (small, (2, 1)), np.array([[6.0], [60.0]]))
    told = {
        (3,): "a row in 4 batches of 5 rows",
        (1, 3): "a row of two axes in 4 batches of 5 rows",
        (4, 1, 3): "a row for each of 4 batches",
        (5, 1): "a column of 5 in 4 batches",
        (1, 1, 1): "one number, with its three axes",
        (): "one number without axes",
        (4, 5, 3): "nothing was repeated",
    }
    for shape, words in told.items():
        g = rng.normal(size=(4, 5, 3))
        yield Case(words, (g, shape), by_the_tape(g, shape))
    yield Case("a row that met no row at all", (np.zeros((0, 3)), (3,)), np.zeros(3))


def trial(function):
    """A network with a bias, a gain for each row and one for all, trained on the tape."""
    rng = np.random.default_rng(5)
    x, t = rng.normal(size=(8, 4)), rng.normal(size=(8, 3))
    w, bias, gains, gain = (
        xm.Tensor(rng.normal(size=shape), requires_grad=True) for shape in ((4, 3), (3,), (8, 1), ())
    )
    optimizer = xm.optim.GradientDescent([w, bias, gains, gain], lr=0.05)
    with overridden("tinyxm.autograd.tape:unbroadcast", function):
        for _ in range(10):
            optimizer.zero_grad()
            np.mean((np.tanh(x @ w + bias) * gains * gain - t) ** 2).backward()
            optimizer.step()
    return {"w": w.data, "bias": bias.data, "gain of each row": gains.data, "gain of all": gain.data}


def all_in_one(g, shape):
    return g.sum()


def in_front_alone(g, shape):
    return g.sum(axis=tuple(range(g.ndim - len(shape))))


def ones_alone(g, shape):
    ones = tuple(i for i, n in enumerate(shape) if n == 1 != g.shape[i])
    return g.sum(axis=ones, keepdims=True)


def flattened(g, shape):
    g = g.sum(axis=tuple(range(g.ndim - len(shape))))
    return g.sum(axis=tuple(i for i, n in enumerate(shape) if n == 1))


def averaged(g, shape):
    g = g.mean(axis=tuple(range(g.ndim - len(shape))))
    return g.mean(axis=tuple(i for i, n in enumerate(shape) if n == 1), keepdims=True)


def the_first(g, shape):
    return g[(0,) * (g.ndim - len(shape))][tuple(slice(n) for n in shape)]


def reshaped(g, shape):
    return np.resize(g, shape)


EXERCISE = Exercise(
    title="a gradient back through broadcasting",
    lesson="05_the_tape_in_sixty_lines",
    points=2,
    function="unbroadcast",
    hints=(
        "Which axes of g did NumPy make? Those in front that the shape lacks, and those where the shape says 1.",
        "g.sum(axis=...) takes a tuple of axes. In front there are g.ndim − len(shape) too many. keepdims=True keeps "
        "an axis, with length 1.",
        "First g = g.sum(axis=tuple(range(g.ndim - len(shape)))). Then sum over tuple(i for i, n in enumerate(shape) "
        "if n == 1), with keepdims=True.",
    ),
    cases=cases,
    trial=trial,
    trial_told="a network trained on the tape, which sums by it",
    traps=(
        Trap("only what was repeated is summed, not everything", all_in_one),
        Trap("axes of length 1 were repeated, too: sum along them", in_front_alone),
        Trap("the axes in front, which the input lacks, must be summed away", ones_alone),
        Trap("an axis of length 1 stays, with length 1: keepdims=True", flattened),
        Trap("each use adds its part: a sum, not a mean", averaged),
        Trap("the first of the repetitions isn't all of them: sum over them", the_first),
        Trap("a new shape alone leaves out what doesn't fit in: sum", reshaped),
    ),
)
