"""What exercise 16 is checked by: the package's optimizer; and a network trained with the answer as its kernel."""

import numpy as np

import tinyxm as xm
from tinyxm import nn
from tinyxm.course import Case, Exercise, Trap, overridden


def by_the_package(theta, g, m, v, t, rate, beta1, beta2, eps):
    parameter = xm.Parameter(theta.copy())
    optimizer = xm.optim.Adam([parameter], lr=rate, betas=(beta1, beta2), eps=eps)
    optimizer.state["mean"][0][...], optimizer.state["square"][0][...], optimizer.steps[0] = m, v, t - 1
    parameter.grad = g.copy()
    optimizer.step()
    return parameter.data, optimizer.state["mean"][0], optimizer.state["square"][0]


def cases(rng):
    one = np.array([1.0]), np.array([-2.0]), np.array([0.0]), np.array([0.0]), 1
    yield Case(
        "the first step of one weight is η, whatever g",
        (*one, 0.1, 0.5, 0.96, 1e-12),
        (np.array([1.1]), np.array([-1.0]), np.array([0.16])),
    )
    told = {
        (4, 3): ("the second step", 2, 0.1, 0.9, 0.999, 1e-8),
        (5,): ("step 10, other βs", 10, 0.1, 0.7, 0.8, 1e-8),
        (2, 3, 4): ("step 3, three axes", 3, 0.01, 0.9, 0.999, 1e-8),
        (6,): ("an ε that counts", 2, 0.1, 0.9, 0.99, 0.1),
        (7,): ("step 100,000: nothing left to correct", 100_000, 0.1, 0.9, 0.999, 1e-8),
        (0,): ("no weights at all", 1, 0.1, 0.9, 0.999, 1e-8),
    }
    for shape, (words, *settings) in told.items():
        theta, g, m, v = rng.normal(size=(4, *shape))
        given = theta, g, m, v**2, *settings
        yield Case(words, given, by_the_package(*given))


def trial(function):
    """The losses of a network trained for 20 steps, with the answer in the kernel's place."""

    def kernel(parameter, gradient, mean, square, *, step, learning_rate, beta1, beta2, epsilon, **others):
        parameter[...], mean[...], square[...] = function(
            parameter, gradient, mean, square, step, learning_rate, beta1, beta2, epsilon
        )

    rng = np.random.default_rng(16)
    x, t = rng.normal(size=(32, 4)).astype(np.float32), rng.integers(0, 3, 32)
    model = nn.Sequential(nn.Linear(4, 8, rng=rng), nn.Tanh(), nn.Linear(8, 3, rng=rng))
    optimizer, losses = xm.optim.Adam(model.parameters(), lr=0.02), []
    with overridden("tinyxm_kernels:adam_update", function and kernel):
        for _ in range(20):
            optimizer.zero_grad()
            loss = xm.ops.cross_entropy(model(x), t)
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses


def moments(g, m, v, beta1, beta2):
    return beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g**2


def uncorrected(theta, g, m, v, t, rate, beta1, beta2, eps):
    m, v = moments(g, m, v, beta1, beta2)
    return theta - rate * m / (np.sqrt(v) + eps), m, v


def mean_alone(theta, g, m, v, t, rate, beta1, beta2, eps):
    m, v = moments(g, m, v, beta1, beta2)
    return theta - rate * m / (1 - beta1**t) / (np.sqrt(v) + eps), m, v


def from_zero(theta, g, m, v, t, rate, beta1, beta2, eps):
    m, v = moments(g, m, v, beta1, beta2)
    step = m / (1 - beta1 ** (t - 1)) / (np.sqrt(v / (1 - beta2 ** (t - 1))) + eps)
    return theta - rate * step, m, v


def one_late(theta, g, m, v, t, rate, beta1, beta2, eps):
    m, v = moments(g, m, v, beta1, beta2)
    step = m / (1 - beta1 ** (t + 1)) / (np.sqrt(v / (1 - beta2 ** (t + 1))) + eps)
    return theta - rate * step, m, v


def corrected_kept(theta, g, m, v, t, rate, beta1, beta2, eps):
    m, v = moments(g, m, v, beta1, beta2)
    m, v = m / (1 - beta1**t), v / (1 - beta2**t)
    return theta - rate * m / (np.sqrt(v) + eps), m, v


def eps_within(theta, g, m, v, t, rate, beta1, beta2, eps):
    m, v = moments(g, m, v, beta1, beta2)
    return theta - rate * m / (1 - beta1**t) / np.sqrt(v / (1 - beta2**t) + eps), m, v


def times_t(theta, g, m, v, t, rate, beta1, beta2, eps):
    m, v = moments(g, m, v, beta1, beta2)
    return theta - rate * m / (1 - beta1 * t) / (np.sqrt(np.abs(v / (1 - beta2 * t))) + eps), m, v


def only_this_step(theta, g, m, v, t, rate, beta1, beta2, eps):
    m, v = moments(g, m, v, beta1, beta2)
    return theta - rate * m / (1 - beta1) / (np.sqrt(v / (1 - beta2)) + eps), m, v


def not_squared(theta, g, m, v, t, rate, beta1, beta2, eps):
    m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * np.abs(g)
    return theta - rate * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps), m, v


def plain(theta, g, m, v, t, rate, beta1, beta2, eps):
    m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g
    return theta - rate * m / (1 - beta1**t) / (np.sqrt(v / (1 - beta2**t)) + eps), m, v


def gradient_again(theta, g, m, v, t, rate, beta1, beta2, eps):
    m, v = moments(g, m, v, beta1, beta2)
    return theta - rate * g / (np.sqrt(v / (1 - beta2**t)) + eps), m, v


EXERCISE = Exercise(
    title="Adam",
    lesson="13_adaptive",
    points=3,
    function="adam_step",
    hints=(
        "Four lines: m, v, the two corrected ones, the step. Give the corrected ones names of their own.",
        "m_hat = m / (1 - beta1**t), and v_hat likewise with beta2. t is 1 at the first step.",
        "theta - rate * m_hat / (np.sqrt(v_hat) + eps), and return m and v as they were before the correction.",
    ),
    cases=cases,
    returns=("θ", "m", "v"),
    trial=trial,
    trial_told="a network trained by it for 20 steps",
    traps=(
        Trap("m and v start at 0: divide them by 1 − β₁ᵗ and 1 − β₂ᵗ before the step", uncorrected),
        Trap("m is corrected, v isn't: divide it by 1 − β₂ᵗ", mean_alone),
        Trap("t counts from 1: at the first step the correction is 1 − β, not 1 − β⁰ = 0", from_zero),
        Trap("t counts from 1 already: the power is t, not t + 1", one_late),
        Trap("the corrected ones are for this step alone: keep m and v as they were", corrected_kept),
        Trap("ε stands outside the root: √v̂ + ε", eps_within),
        Trap("βᵗ is a power, beta1**t, not a product", times_t),
        Trap("the correction falls with t: 1 − βᵗ, not 1 − β", only_this_step),
        Trap("v is the mean of g², not of |g|", not_squared),
        Trap("v is the mean of g²: the square is missing, and the root of what is below 0 is NaN", plain),
        Trap("the step goes by m̂, the mean gradient, not by g (that would be RMSProp)", gradient_again),
    ),
)
