"""The formulas as one compiled loop: each element is fetched, updated with all its state, and written back.

What it adds: `blocked` makes a pass over its blocks, in the second-level cache, for each of some ten NumPy operations,
and each operation costs a call besides. Here what lies between is held in registers, and the loop is vectorised and
split among threads.

Arithmetic intensity: Adam does some 15 operations on an element of which 28 bytes move (float32), half an operation for
each byte: memory is the limit of large arrays, the divider and the square root that of those in the cache. Limits: what
memory brings; a call costs about 3 microseconds, however small the arrays.
"""

from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels._compiled import threaded
from tinyxm_kernels._math import aligned, maximum
from tinyxm_kernels.registry import rung

Array = NDArray[Any]


@threaded
def descend(start, stop, parameter, gradients, rate, decay):
    number = parameter.dtype.type
    rate, decay = number(rate), number(decay)
    for a, b in aligned(parameter, start, stop):
        p, g = parameter[a:b], gradients[a:b]
        for i in range(p.size):
            p[i] -= rate * (g[i] + decay * p[i])


@threaded
def descend_with_momentum(start, stop, parameter, gradients, velocity, rate, decay, momentum, nesterov):
    """Nesterov's step is along g + μu, the other's along u: along `ahead` · g + `along` · u."""
    number = parameter.dtype.type
    rate, decay, momentum = number(rate), number(decay), number(momentum)
    ahead, along = (rate, rate * momentum) if nesterov else (number(0), rate)
    for a, b in aligned(parameter, start, stop):
        p, g, u = parameter[a:b], gradients[a:b], velocity[a:b]
        for i in range(p.size):
            gradient = g[i] + decay * p[i]
            u[i] = momentum * u[i] + gradient
            p[i] -= ahead * gradient + along * u[i]


@threaded
def adagrad(start, stop, parameter, gradients, square_sum, rate, decay, epsilon):
    number = parameter.dtype.type
    rate, decay, epsilon = number(rate), number(decay), number(epsilon)
    for a, b in aligned(parameter, start, stop):
        p, g, s = parameter[a:b], gradients[a:b], square_sum[a:b]
        for i in range(p.size):
            gradient = g[i] + decay * p[i]
            s[i] += gradient * gradient
            p[i] -= rate * gradient / (np.sqrt(s[i]) + epsilon)


@threaded
def adadelta(start, stop, parameter, gradients, square, change_square, rate, decay, rho, rest, epsilon):
    number = parameter.dtype.type
    rate, decay, rho, rest, epsilon = number(rate), number(decay), number(rho), number(rest), number(epsilon)
    for a, b in aligned(parameter, start, stop):
        p, g, v, w = parameter[a:b], gradients[a:b], square[a:b], change_square[a:b]
        for i in range(p.size):
            gradient = g[i] + decay * p[i]
            v[i] = rho * v[i] + rest * gradient * gradient
            change = gradient * np.sqrt((w[i] + epsilon) / (v[i] + epsilon))
            w[i] = rho * w[i] + rest * change * change
            p[i] -= rate * change


@threaded
def rmsprop(start, stop, parameter, gradients, square, mean, velocity, rate, decay, alpha, rest, epsilon, momentum):
    """mean and velocity are arrays or None, and what is for an array isn't compiled for None."""
    number = parameter.dtype.type
    rate, decay, alpha, rest = number(rate), number(decay), number(alpha), number(rest)
    epsilon, momentum = number(epsilon), number(momentum)
    for a, b in aligned(parameter, start, stop):
        p, g, v = parameter[a:b], gradients[a:b], square[a:b]
        m, u = None if mean is None else mean[a:b], None if velocity is None else velocity[a:b]
        for i in range(p.size):
            gradient = g[i] + decay * p[i]
            v[i] = alpha * v[i] + rest * gradient * gradient
            spread = v[i]
            if mean is not None:
                m[i] = alpha * m[i] + rest * gradient
                spread = maximum(spread - m[i] * m[i], number(0))
            change = gradient / (np.sqrt(spread) + epsilon)
            if velocity is not None:
                u[i] = momentum * u[i] + change
                change = u[i]
            p[i] -= rate * change


@threaded
def adam(
    start, stop, parameter, gradients, mean, square, largest, rate, kept, decay, beta1, rest1, beta2, rest2, epsilon
):
    """largest is an array or None; `kept` is what a decoupled decay leaves of the parameter."""
    number = parameter.dtype.type
    rate, kept, decay, epsilon = number(rate), number(kept), number(decay), number(epsilon)
    beta1, rest1, beta2, rest2 = number(beta1), number(rest1), number(beta2), number(rest2)
    for a, b in aligned(parameter, start, stop):
        p, g, m, v = parameter[a:b], gradients[a:b], mean[a:b], square[a:b]
        peak = None if largest is None else largest[a:b]
        for i in range(p.size):
            gradient = g[i] + decay * p[i]
            m[i] = beta1 * m[i] + rest1 * gradient
            v[i] = beta2 * v[i] + rest2 * gradient * gradient
            spread = v[i]
            if largest is not None:
                spread = maximum(peak[i], spread)
                peak[i] = spread
            p[i] = kept * p[i] - rate * m[i] / (np.sqrt(spread) + epsilon)


def _flat(*arrays: Array | None) -> tuple[Any, ...]:
    """For a threaded function: how many elements, the work, for which the numbers moved stand, and the arrays, flat."""
    flat = [None if array is None else array.reshape(-1) for array in arrays]
    size = flat[0].size  # type: ignore[union-attr]  # only what follows the parameter may be None
    return size, 2 * len(arrays) * size, *flat


@rung(backend="numba")
def gradient_descent_update(parameter: Array, gradient: Array, *, learning_rate: float, weight_decay: float) -> None:
    descend(*_flat(parameter, gradient), learning_rate, weight_decay)


@rung(backend="numba")
def momentum_update(
    parameter: Array,
    gradient: Array,
    velocity: Array,
    *,
    learning_rate: float,
    momentum: float,
    nesterov: bool,
    weight_decay: float,
) -> None:
    arrays = _flat(parameter, gradient, velocity)
    settings = learning_rate, weight_decay, momentum, nesterov
    descend_with_momentum(*arrays, *settings)


@rung(backend="numba")
def adagrad_update(
    parameter: Array,
    gradient: Array,
    square_sum: Array,
    *,
    learning_rate: float,
    epsilon: float,
    weight_decay: float,
) -> None:
    arrays = _flat(parameter, gradient, square_sum)
    adagrad(*arrays, learning_rate, weight_decay, epsilon)


@rung(backend="numba")
def adadelta_update(
    parameter: Array,
    gradient: Array,
    square: Array,
    change_square: Array,
    *,
    learning_rate: float,
    rho: float,
    epsilon: float,
    weight_decay: float,
) -> None:
    arrays = _flat(parameter, gradient, square, change_square)
    adadelta(*arrays, learning_rate, weight_decay, rho, 1 - rho, epsilon)


@rung(backend="numba")
def rmsprop_update(
    parameter: Array,
    gradient: Array,
    square: Array,
    mean: Array | None,
    velocity: Array | None,
    *,
    learning_rate: float,
    alpha: float,
    epsilon: float,
    momentum: float,
    weight_decay: float,
) -> None:
    arrays = _flat(parameter, gradient, square, mean, velocity)
    settings = learning_rate, weight_decay, alpha, 1 - alpha, epsilon, momentum
    rmsprop(*arrays, *settings)


@rung(backend="numba")
def adam_update(
    parameter: Array,
    gradient: Array,
    mean: Array,
    square: Array,
    largest: Array | None,
    *,
    step: int,
    learning_rate: float,
    beta1: float,
    beta2: float,
    epsilon: float,
    weight_decay: float,
    decoupled: bool,
) -> None:
    # η m̂ / (√v̂ + ε) = rate · m / (√v + ε root), root = √(1 − β₂ᵗ)
    root = sqrt(1 - beta2**step)
    rate = learning_rate * root / (1 - beta1**step)
    kept, decay = (1 - learning_rate * weight_decay, 0.0) if decoupled else (1.0, weight_decay)
    settings = rate, kept, decay, beta1, 1 - beta1, beta2, 1 - beta2, epsilon * root
    adam(*_flat(parameter, gradient, mean, square, largest), *settings)
