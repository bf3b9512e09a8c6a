"""What exercise 4 is checked by: the tape's own gradients."""

import numpy as np

import tinyxm as xm
from tinyxm.course import Case, Exercise, Trap


def by_the_tape(x, w, b, t):
    w, b = xm.Tensor(w, requires_grad=True), xm.Tensor(b, requires_grad=True)
    loss = np.mean((xm.ops.sigmoid(x @ w + b) - t) ** 2)
    loss.backward()
    return w.grad, b.grad


def cases(rng):
    for rows, inputs in ((1, 1), (1, 3), (5, 3), (4, 1), (3, 3), (64, 10)):
        x, w, b = rng.normal(size=(rows, inputs)), rng.normal(size=inputs), np.float64(rng.normal())
        t = rng.integers(0, 2, rows).astype(float)
        told = f"{rows} row{'s' if rows > 1 else ''} of {inputs}"
        yield Case(told, (x, w, b, t), by_the_tape(x, w, b, t), sizes={"batch": rows})


def parts(x, w, b, t):
    y = 1 / (1 + np.exp(-(x @ w + b)))
    return y, y - t, y * (1 - y), len(t)


def no_mean(x, w, b, t):
    _, error, slope, _ = parts(x, w, b, t)
    return x.T @ (2 * error * slope), (2 * error * slope).sum()


def no_two(x, w, b, t):
    _, error, slope, n = parts(x, w, b, t)
    return x.T @ (error * slope) / n, (error * slope).sum() / n


def no_slope(x, w, b, t):
    _, error, _, n = parts(x, w, b, t)
    return x.T @ (2 * error) / n, (2 * error).sum() / n


def of_the_surprise(x, w, b, t):
    _, error, _, n = parts(x, w, b, t)
    return x.T @ error / n, error.sum() / n


def the_other_way(x, w, b, t):
    _, error, slope, n = parts(x, w, b, t)
    return -x.T @ (2 * error * slope) / n, -(2 * error * slope).sum() / n


def slope_of_z(x, w, b, t):
    _, error, _, n = parts(x, w, b, t)
    z = x @ w + b
    return x.T @ (2 * error * z * (1 - z)) / n, (2 * error * z * (1 - z)).sum() / n


def bias_alone(x, w, b, t):
    _, error, slope, n = parts(x, w, b, t)
    return x.T @ (2 * error * slope) / n, 2 * error * slope / n


EXERCISE = Exercise(
    title="the gradient of a neuron",
    lesson="04_a_neuron_by_hand",
    points=3,
    function="neuron_gradient",
    hints=(
        "Three links: how the loss changes with y, y with z = x w + b, and z with w. Multiply them, row by row.",
        "∂L/∂y_i = 2 (y_i − t_i) / n, and σ'(z) = σ(z) (1 − σ(z)), which is y (1 − y).",
        "With s = 2 (y − t) / n · y (1 − y), one number a row: ∂L/∂w = xᵀ s, which sums over the rows; ∂L/∂b = Σ s.",
    ),
    cases=cases,
    returns=("∂L/∂w", "∂L/∂b"),
    traps=(
        Trap("the loss is a mean over the rows: 1/n is missing", no_mean),
        Trap("the square's own derivative is missing: (y − t)² gives 2 (y − t)", no_two),
        Trap("the sigmoid's slope y (1 − y) is missing", no_slope),
        Trap(
            "that is the gradient of the lesson's loss, the surprise; here it is the square: 2 (y − t) · y (1 − y)",
            of_the_surprise,
        ),
        Trap("the sign is wrong: it is y − t, not t − y", the_other_way),
        Trap("the slope is y (1 − y) of the answer y, not of z", slope_of_z),
        Trap("∂L/∂b is one number: b moves every row, so its gradient is the sum over them", bias_alone),
    ),
)
