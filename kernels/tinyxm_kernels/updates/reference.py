"""The truth: the formulas as they are printed. Each operation makes an array of the parameter's size."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels.registry import rung


@rung()
def gradient_descent_update(
    parameter: NDArray[Any], gradient: NDArray[Any], *, learning_rate: float, weight_decay: float
) -> None:
    if weight_decay:  # without, these two passes are most of the work
        gradient = gradient + weight_decay * parameter
    parameter -= learning_rate * gradient


@rung()
def adam_update(
    parameter: NDArray[Any],
    gradient: NDArray[Any],
    mean: NDArray[Any],
    square: NDArray[Any],
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
    unbiased_mean = mean / (1 - beta1**step)
    unbiased_square = square / (1 - beta2**step)
    parameter -= learning_rate * unbiased_mean / (np.sqrt(unbiased_square) + epsilon)


@rung()
def momentum_update(
    parameter: NDArray[Any],
    gradient: NDArray[Any],
    velocity: NDArray[Any],
    *,
    learning_rate: float,
    momentum: float,
    nesterov: bool,
    weight_decay: float,
) -> None:
    gradient = gradient + weight_decay * parameter
    velocity[...] = momentum * velocity + gradient
    parameter -= learning_rate * (gradient + momentum * velocity if nesterov else velocity)
