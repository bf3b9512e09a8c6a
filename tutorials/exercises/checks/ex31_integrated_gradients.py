"""What exercise 31 is checked by: integrals known by hand, that all of the rise is told, and the package's maps."""

import numpy as np

import tinyxm as xm
from tinyxm import nn
from tinyxm.course import Case, Exercise, Trap, overridden
from tinyxm.models import interpretation as inside

W = np.array([2.0, -1.0, 0.5])
PAIRS = np.array([[1.0, 2.0], [0.0, 3.0]])


def linear(x):
    return W + 0 * x


def quadratic(x):
    """Of s = xᵀ M x."""
    return x @ (PAIRS + PAIRS.T)


def fourth(x):
    """Of s = Σ x⁴."""
    return 4 * x**3


def network(classes=1):
    rng = np.random.default_rng(8)
    return nn.Sequential(nn.Linear(6, 8, rng=rng), nn.Tanh(), nn.Linear(8, classes, rng=rng))


def of_network(x):
    point = xm.Tensor(x.astype("f"), requires_grad=True)
    return xm.gradients(network()(point).sum(), [point])[0].data.astype(float)


def cases(rng):
    x, base = np.array([1.0, 3.0, -2.0]), np.array([0.0, 1.0, 1.0])
    yield Case("a linear score, from 0: w · x", (linear, x, 0 * x, 4), W * x)
    yield Case("a linear score, from a baseline", (linear, x, base, 4), W * (x - base))
    x, base = np.array([1.0, 2.0]), np.array([-1.0, 1.0])
    way, middle = x - base, (x + base) / 2
    yield Case("xᵀ M x in one step: the middle", (quadratic, x, base, 1), way * ((PAIRS + PAIRS.T) @ middle))
    yield Case("xᵀ M x in 4 steps: the same", (quadratic, x, base, 4), way * ((PAIRS + PAIRS.T) @ middle))
    x, base = rng.normal(size=(2, 3)), rng.normal(size=(2, 3))
    yield Case("Σ x⁴ in 500 steps, each number its own rise", (fourth, x, base, 500), x**4 - base**4, tolerance=1e-4)
    middles = np.array([1 / 4, 3 / 4])[:, None, None]
    two = (x - base) * fourth(base + middles * (x - base)).mean(axis=0)
    yield Case("Σ x⁴ in 2 steps: not all of it", (fourth, x, base, 2), two)
    yield Case("nowhere to go: x is the baseline", (fourth, x, x.copy(), 3), 0 * x)
    x, base = rng.normal(size=(4, 6)), np.zeros((4, 6))
    rise = [network()(np.float32(point)).data[:, 0] for point in (x, base)]
    total = (rise[0] - rise[1]).astype(float)

    def complete(a):
        if np.shape(a) != x.shape:
            return f"the answer has the shape {np.shape(a)}, expected that of x, {x.shape}"
        left = np.abs(np.sum(a, axis=1) - total).max()
        return None if left < 1e-3 else f"Σ A isn't s(x) − s(x′): {left:.3g} of the rise isn't accounted for"

    yield Case("a network in 64 steps: Σ A = s(x) − s(x′)", (of_network, x, base, 64), complete)


def trial(function):
    model, rng = network(3), np.random.default_rng(9)
    x = rng.normal(size=(5, 6)).astype("f")
    score = inside.logit(model, np.arange(5) % 3)

    def path_gradient(score, x, baseline, steps=32):
        base = np.broadcast_to(np.asarray(baseline, x.dtype), x.shape).copy()
        way = np.where(x == base, 1, x - base)

        def gradient(point):
            return inside.gradient(score, np.asarray(point, x.dtype))

        return np.asarray(function(gradient, x.copy(), base, steps) / way, x.dtype)

    with overridden("tinyxm.models.interpretation.gradients:path_gradient", function and path_gradient):
        return inside.integrated_gradients(score, x, steps=16)


def at(places, way=lambda x, base: x - base, mean=True):
    """Gradients at other places, or times another way."""

    def answer(gradient, x, baseline, steps):
        alphas = places(steps)
        total = sum(gradient(baseline + alpha * (x - baseline)) for alpha in alphas)
        return way(x, baseline) * total / (steps if mean else 1)

    return answer


def middles(steps):
    return (np.arange(steps) + 0.5) / steps


def from_nought(gradient, x, baseline, steps):
    return (x - baseline) * sum(gradient(alpha * x) for alpha in middles(steps)) / steps


def at_the_end(gradient, x, baseline, steps):
    return (x - baseline) * gradient(x)


EXERCISE = Exercise(
    title="integrated gradients",
    lesson="26_looking_inside",
    points=3,
    function="integrated_gradients",
    hints=(
        "A point of the way is baseline + alpha * (x − baseline). At alpha = 0 it is the baseline, at 1 it is x.",
        "The middles of four equal parts are 1/8, 3/8, 5/8, 7/8: (np.arange(steps) + 0.5) / steps.",
        "Add up gradient(baseline + alpha * (x − baseline)) over the middles, divide by steps, and multiply by "
        "(x − baseline), number by number.",
    ),
    cases=cases,
    traps=(
        Trap("the way is missing: the mean gradient is multiplied by x − x′", at(middles, lambda x, base: 1 + 0 * x)),
        Trap("multiplied by x: the way begins at the baseline, so it is x − x′", at(middles, lambda x, base: x)),
        Trap("the wrong way round: it is x − x′, not x′ − x", at(middles, lambda x, base: base - x)),
        Trap("the gradients are summed, not averaged: divide by the steps", at(middles, mean=False)),
        Trap("taken where each part begins: take the middle of each", at(lambda steps: np.arange(steps) / steps)),
        Trap("taken where each part ends: take the middle of each", at(lambda steps: (np.arange(steps) + 1) / steps)),
        Trap(
            "np.linspace(0, 1, steps) takes both ends in: take the middle of each part",
            at(lambda steps: np.linspace(0, 1, steps)),
        ),
        Trap("the way begins at 0: it begins at the baseline", from_nought),
        Trap("the gradient at x alone: that is a slope at the end, not along the way", at_the_end),
    ),
    trial=trial,
    trial_told="the package's map of a network's answer",
)
