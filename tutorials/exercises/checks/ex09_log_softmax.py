"""What exercise 9 is checked by: SciPy's; and a network trained on a loss that computes by it."""

import numpy as np
from scipy import special

import tinyxm as xm
from tinyxm import nn
from tinyxm.autograd import primitive
from tinyxm.course import Case, Exercise, Trap


def cases(rng):
    for rows, classes in ((5, 3), (4, 4), (3, 1)):
        a = rng.normal(size=(rows, classes))
        told = f"{rows} rows of {classes} class{'es' if classes > 1 else ''}"
        yield Case(told, (a,), special.log_softmax(a, axis=1), square=rows == classes)
    yield Case("two classes, scores 0 and ln 3", (np.array([[0.0, np.log(3)]]),), np.log([[0.25, 0.75]]))
    large = rng.normal(size=(3, 4)) + 1000
    yield Case("scores of about 1,000", (large,), special.log_softmax(large, axis=1))
    yield Case("scores of about −1,000", (-large,), special.log_softmax(-large, axis=1))
    yield Case("a class that is nearly impossible", (np.array([[0.0, -1000.0]]),), np.array([[0.0, -1000.0]]))
    apart = np.array([[2000.0, 2001.0], [-1.0, 0.0]])
    yield Case("rows that lie far apart", (apart,), special.log_softmax(apart, axis=1))
    single = (10 * rng.normal(size=(3, 5))).astype(np.float32)
    yield Case("numbers in float32", (single,), special.log_softmax(single.astype(float), axis=1))


def trial(function):
    """The losses of a classifier trained on its logarithms."""

    @primitive(a=lambda g, y: g - np.exp(y) * np.sum(g, axis=-1, keepdims=True))
    def log_softmax(a):
        return xm.ops.log_softmax(a) if function is None else function(a)

    rng = np.random.default_rng(9)
    x, t = rng.normal(size=(32, 4)).astype(np.float32), rng.integers(0, 3, 32)
    model = nn.Linear(4, 3, rng=rng)
    optimizer, losses = xm.optim.GradientDescent(model.parameters(), lr=0.5), []
    for _ in range(20):
        optimizer.zero_grad()
        loss = xm.ops.nll(log_softmax(model(x)), t)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses


def as_it_stands(a):
    return a - np.log(np.exp(a).sum(axis=-1, keepdims=True))


def log_of_softmax(a):
    e = np.exp(a - a.max(axis=-1, keepdims=True))
    return np.log(e / e.sum(axis=-1, keepdims=True))


def one_largest(a):
    a = a - a.max()
    return a - np.log(np.exp(a).sum(axis=-1, keepdims=True))


def over_rows(a):
    return special.log_softmax(a, axis=0)


def over_all(a):
    return special.log_softmax(a)


def largest_lost(a):
    return a - np.log(np.exp(a - a.max(axis=-1, keepdims=True)).sum(axis=-1, keepdims=True))


def no_logarithm(a):
    return special.softmax(a, axis=-1)


def sum_without_keepdims(a):
    return a - special.logsumexp(a, axis=-1)


def largest_without_keepdims(a):
    a = a - a.max(axis=-1)
    return a - np.log(np.exp(a).sum(axis=-1, keepdims=True))


def neither_with_keepdims(a):
    a = a - a.max(axis=-1)
    return a - np.log(np.exp(a).sum(axis=-1))


COLUMNS = "a row's largest and its sum must both stay columns, (rows, 1): is a keepdims=True missing?"


EXERCISE = Exercise(
    title="the logarithm of a softmax, without overflow",
    lesson="08_losses",
    points=2,
    function="log_softmax",
    hints=(
        "Which number, subtracted from all scores of a row, makes the largest exp exactly 1?",
        "Each row's own largest: a.max(axis=-1, keepdims=True). Then a − ln Σ exp(a) with those scores.",
        "a = a - a.max(axis=-1, keepdims=True), then return a - np.log(np.exp(a).sum(axis=-1, keepdims=True)).",
    ),
    cases=cases,
    trial=trial,
    trial_told="a classifier trained on its logarithms",
    traps=(
        Trap("exp overflows, or all exps are 0: subtract each row's largest score first", as_it_stands),
        Trap("the logarithm of a probability that has become 0: use a − ln Σ exp(a)", log_of_softmax),
        Trap("each row needs its own largest: by that of another all its exps may be 0", one_largest),
        Trap("the sum is over classes, the last axis, not over rows", over_rows),
        Trap("each row is a distribution of its own: sum along the last axis, not over all", over_all),
        Trap("the largest was subtracted in the sum, but not from a itself", largest_lost),
        Trap("these are the probabilities: the logarithm is missing", no_logarithm),
        Trap(COLUMNS, largest_without_keepdims),
        Trap(COLUMNS, sum_without_keepdims),
        Trap(COLUMNS, neither_with_keepdims),
    ),
)
