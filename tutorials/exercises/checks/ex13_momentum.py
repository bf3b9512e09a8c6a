"""What exercise 13 is checked by: the package's optimizer; and a network trained with the answer as its kernel."""

import numpy as np

import tinyxm as xm
from tinyxm import nn
from tinyxm.course import Case, Exercise, Trap, overridden


def by_the_package(theta, g, u, rate, mu):
    parameter = xm.Parameter(theta.copy())
    optimizer = xm.optim.Momentum([parameter], lr=rate, momentum=mu)
    optimizer.state["velocity"][0][...] = u
    parameter.grad = g.copy()
    optimizer.step()
    return parameter.data, optimizer.state["velocity"][0]


def cases(rng):
    one = np.array([1.0]), np.array([2.0]), np.array([4.0])
    yield Case("one weight: u = 0.5 · 4 + 2, θ = 1 − 0.1 u", (*one, 0.1, 0.5), (np.array([0.6]), np.array([4.0])))
    told = {(3,): "the first step: u is 0", (4, 3): "a later step", (2, 3, 4): "three axes", (0,): "no weights at all"}
    for shape, words in told.items():
        theta, g, u = rng.normal(size=(3, *shape))
        u = 0 * u if shape == (3,) else u
        yield Case(words, (theta, g, u, 0.1, 0.9), by_the_package(theta, g, u, 0.1, 0.9))
    theta, g, u = rng.normal(size=(3, 5))
    yield Case("μ = 0 is plain descent", (theta, g, u, 0.3, 0.0), (theta - 0.3 * g, g))
    yield Case("a rate of 0 moves nothing, but u goes on", (theta, g, u, 0.0, 0.9), (theta, 0.9 * u + g))


def trial(function):
    """The losses of a network trained for 20 steps, with the answer in the kernel's place."""

    def kernel(parameter, gradient, velocity, *, learning_rate, momentum, nesterov, weight_decay):
        parameter[...], velocity[...] = function(parameter, gradient, velocity, learning_rate, momentum)

    rng = np.random.default_rng(13)
    x, t = rng.normal(size=(32, 4)).astype(np.float32), rng.integers(0, 3, 32)
    model = nn.Sequential(nn.Linear(4, 8, rng=rng), nn.Tanh(), nn.Linear(8, 3, rng=rng))
    optimizer, losses = xm.optim.Momentum(model.parameters(), lr=0.1, momentum=0.9), []
    with overridden("tinyxm_kernels:momentum_update", function and kernel):
        for _ in range(20):
            optimizer.zero_grad()
            loss = xm.ops.cross_entropy(model(x), t)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses


def damped(theta, g, u, rate, mu):
    u = mu * u + (1 - mu) * g
    return theta - rate * u, u


def uphill(theta, g, u, rate, mu):
    u = mu * u + g
    return theta + rate * u, u


def rate_within(theta, g, u, rate, mu):
    u = mu * u + rate * g
    return theta - u, u


def signed_within(theta, g, u, rate, mu):
    u = mu * u - rate * g
    return theta + u, u


def old_velocity(theta, g, u, rate, mu):
    return theta - rate * u, mu * u + g


def never_slower(theta, g, u, rate, mu):
    return theta - rate * (u + g), u + g


def not_kept(theta, g, u, rate, mu):
    return theta - rate * (mu * u + g), u


def ahead(theta, g, u, rate, mu):
    u = mu * u + g
    return theta - rate * (g + mu * u), u


EXERCISE = Exercise(
    title="a step with momentum",
    lesson="12_momentum",
    points=1,
    function="momentum_step",
    hints=(
        "Two lines, in this order: the velocity, then the step. The second uses what the first has made.",
        "u = mu * u + g makes a new array; u *= mu would write into the one you were given.",
        "u = mu * u + g, then return theta - rate * u, u.",
    ),
    cases=cases,
    returns=("θ", "u"),
    trial=trial,
    trial_told="a network trained by it for 20 steps",
    traps=(
        Trap("g counts in full: μ u + g, not μ u + (1 − μ) g (that is a running mean)", damped),
        Trap("the sign is wrong: θ goes down the slope, θ − η u", uphill),
        Trap("η belongs to the step, not into u: else a new rate would act on new gradients only", rate_within),
        Trap(
            "θ moves as it should, while η stays; but u holds −η here, as with Sutskever and in Keras: "
            "u ← μ u + g, then θ − η u",
            signed_within,
        ),
        Trap("the step goes by the new u: first the velocity, then the step", old_velocity),
        Trap("the old velocity counts μ times: without it nothing is ever forgotten", never_slower),
        Trap("the velocity returned is the old one: it must be remembered", not_kept),
        Trap("that is Nesterov's step, which looks ahead: here it is θ − η u", ahead),
    ),
)
