"""What exercise 15 is checked by: the package's optimizer; and a network trained with the answer as its kernel."""

import numpy as np

import tinyxm as xm
from tinyxm import nn
from tinyxm.course import Case, Exercise, Trap, overridden


def by_the_package(theta, g, v, rate, alpha, eps):
    parameter = xm.Parameter(theta.copy())
    optimizer = xm.optim.RMSProp([parameter], lr=rate, alpha=alpha, eps=eps)
    optimizer.state["square"][0][...] = v
    parameter.grad = g.copy()
    optimizer.step()
    return parameter.data, optimizer.state["square"][0]


def cases(rng):
    one = np.array([1.0]), np.array([2.0]), np.array([12.0])
    yield Case(
        "one weight: v = (12 + 4) / 2, θ = 1 − 0.1 · 2 / √8",
        (*one, 0.1, 0.5, 1e-12),
        (np.array([1 - 0.1 / np.sqrt(2)]), np.array([8.0])),
    )
    told = {(4, 3): "a step of many weights", (2, 3, 4): "three axes", (0,): "no weights at all"}
    for shape, words in told.items():
        theta, g, v = rng.normal(size=(3, *shape))
        given = theta, g, v**2, 0.1, 0.9, 1e-8
        yield Case(words, given, by_the_package(*given))
    theta, g, v = rng.normal(size=(3, 5))
    yield Case(
        "the first step: v is 0", (theta, g, 0 * v, 0.1, 0.99, 1e-8), by_the_package(theta, g, 0 * v, 0.1, 0.99, 1e-8)
    )
    yield Case("an ε that counts", (theta, g, v**2, 0.1, 0.9, 0.1), by_the_package(theta, g, v**2, 0.1, 0.9, 0.1))
    sizes = np.array([1e-3, 1.0, 1e3, -1e3])
    given = np.zeros(4), sizes, sizes**2, 0.1, 0.9, 1e-8
    yield Case("gradients a million times apart move alike", given, (np.array([-0.1, -0.1, -0.1, 0.1]), sizes**2))
    still = np.zeros(2)
    yield Case("no gradient so far: nothing moves", (still + 3, still, still, 0.1, 0.9, 1e-8), (still + 3, still))


def trial(function):
    """The losses of a network trained for 20 steps, with the answer in the kernel's place."""

    def kernel(parameter, gradient, square, *, learning_rate, alpha, epsilon, momentum, weight_decay):
        parameter[...], square[...] = function(parameter, gradient, square, learning_rate, alpha, epsilon)

    rng = np.random.default_rng(15)
    x, t = rng.normal(size=(32, 4)).astype(np.float32), rng.integers(0, 3, 32)
    model = nn.Sequential(nn.Linear(4, 8, rng=rng), nn.Tanh(), nn.Linear(8, 3, rng=rng))
    optimizer, losses = xm.optim.RMSProp(model.parameters(), lr=0.01, alpha=0.9), []
    with overridden("tinyxm_kernels:rmsprop_update", function and kernel):
        for _ in range(20):
            optimizer.zero_grad()
            loss = xm.ops.cross_entropy(model(x), t)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses


def eps_within(theta, g, v, rate, alpha, eps):
    v = alpha * v + (1 - alpha) * g**2
    return theta - rate * g / np.sqrt(v + eps), v


def a_sum(theta, g, v, rate, alpha, eps):
    v = alpha * v + g**2
    return theta - rate * g / (np.sqrt(v) + eps), v


def adagrad(theta, g, v, rate, alpha, eps):
    v = v + g**2
    return theta - rate * g / (np.sqrt(v) + eps), v


def exchanged(theta, g, v, rate, alpha, eps):
    v = (1 - alpha) * v + alpha * g**2
    return theta - rate * g / (np.sqrt(v) + eps), v


def old_v(theta, g, v, rate, alpha, eps):
    return theta - rate * g / (np.sqrt(v) + eps), alpha * v + (1 - alpha) * g**2


def no_root(theta, g, v, rate, alpha, eps):
    v = alpha * v + (1 - alpha) * g**2
    return theta - rate * g / (v + eps), v


def not_squared(theta, g, v, rate, alpha, eps):
    v = alpha * v + (1 - alpha) * g
    return theta - rate * g / (np.sqrt(np.abs(v)) + eps), v


def one_for_all(theta, g, v, rate, alpha, eps):
    v = alpha * v + (1 - alpha) * g**2
    return theta - rate * g / (np.sqrt(v.mean()) + eps), v


EXERCISE = Exercise(
    title="a rate for each weight: RMSProp",
    lesson="13_adaptive",
    points=2,
    function="rmsprop_step",
    hints=(
        "All is done for each element by itself: NumPy's *, / and ** do just that.",
        "A running mean: α of what it was, 1 − α of what is new. Use the new one, in np.sqrt(v).",
        "v = alpha * v + (1 - alpha) * g**2, then return theta - rate * g / (np.sqrt(v) + eps), v.",
    ),
    cases=cases,
    returns=("θ", "v"),
    trial=trial,
    trial_told="a network trained by it for 20 steps",
    traps=(
        Trap("ε stands outside the root: √v + ε, not √(v + ε)", eps_within),
        Trap("a running mean: g² counts 1 − α, else v is a sum, and too large", a_sum),
        Trap("that is AdaGrad, whose v never falls: RMSProp forgets, α v + (1 − α) g²", adagrad),
        Trap("α is the share of the old v, 1 − α that of the new g²: they are exchanged", exchanged),
        Trap("the step goes by the new v: first the mean, then the step", old_v),
        Trap("the root is missing: v is the mean of squares, √v the usual size", no_root),
        Trap("v is the mean of g², not of g", not_squared),
        Trap("each element has its own v: no mean over them", one_for_all),
    ),
)
