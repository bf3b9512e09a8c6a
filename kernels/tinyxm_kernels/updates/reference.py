"""The truth: the formulas as they are printed. Each operation makes an array of the parameter's size."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels.registry import rung

Array = NDArray[Any]


@rung()
def gradient_descent_update(parameter: Array, gradient: Array, *, learning_rate: float, weight_decay: float) -> None:
    if weight_decay:  # without, these two passes are most of the work
        gradient = gradient + weight_decay * parameter
    parameter -= learning_rate * gradient


@rung()
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
    gradient = gradient + weight_decay * parameter
    velocity[...] = momentum * velocity + gradient
    parameter -= learning_rate * (gradient + momentum * velocity if nesterov else velocity)


@rung()
def adagrad_update(
    parameter: Array,
    gradient: Array,
    square_sum: Array,
    *,
    learning_rate: float,
    epsilon: float,
    weight_decay: float,
) -> None:
    gradient = gradient + weight_decay * parameter
    square_sum += gradient**2
    parameter -= learning_rate * gradient / (np.sqrt(square_sum) + epsilon)


@rung()
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
    gradient = gradient + weight_decay * parameter
    square[...] = rho * square + (1 - rho) * gradient**2
    change = gradient * np.sqrt(change_square + epsilon) / np.sqrt(square + epsilon)
    change_square[...] = rho * change_square + (1 - rho) * change**2
    parameter -= learning_rate * change


@rung()
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
    gradient = gradient + weight_decay * parameter
    square[...] = alpha * square + (1 - alpha) * gradient**2
    spread = square
    if mean is not None:
        mean[...] = alpha * mean + (1 - alpha) * gradient
        spread = np.maximum(square - mean**2, 0)  # which rounding makes negative where g is always the same
    change = gradient / (np.sqrt(spread) + epsilon)
    if velocity is not None:
        velocity[...] = momentum * velocity + change
        change = velocity
    parameter -= learning_rate * change


@rung()
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
    if decoupled:
        parameter -= learning_rate * weight_decay * parameter
    else:
        gradient = gradient + weight_decay * parameter
    mean[...] = beta1 * mean + (1 - beta1) * gradient
    square[...] = beta2 * square + (1 - beta2) * gradient**2
    if largest is not None:
        largest[...] = np.maximum(largest, square)
    unbiased_mean = mean / (1 - beta1**step)
    unbiased_square = (square if largest is None else largest) / (1 - beta2**step)
    parameter -= learning_rate * unbiased_mean / (np.sqrt(unbiased_square) + epsilon)
