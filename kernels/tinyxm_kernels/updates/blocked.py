"""The same formulas a block at a time, in two scratch blocks that stay in the cache between operations.

Of the reference's passes through memory one is left: each element of the four arrays is fetched once, and the
three results are written once. Factors that don't depend on the element are drawn out of the loop.
"""

from collections.abc import Iterator
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels.registry import rung

BLOCK = 32768  # elements: two scratch blocks of float32 take 256 KiB; smaller ones pay more for NumPy's calls


def _blocks(*arrays: NDArray[Any]) -> Iterator[tuple[NDArray[Any], ...]]:
    """The arrays block by block, as flat views, and two scratch blocks."""
    flat = [array.reshape(-1) for array in arrays]
    scratch = np.empty((2, min(BLOCK, flat[0].size)), flat[0].dtype)
    for start in range(0, flat[0].size, BLOCK):
        parts = [array[start : start + BLOCK] for array in flat]
        yield (*parts, *scratch[:, : parts[0].size])


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
    # η m̂ / (√v̂ + ε) = rate · m / (√v + ε root), root = √(1 − β₂ᵗ)
    root = sqrt(1 - beta2**step)
    rate = learning_rate * root / (1 - beta1**step)
    for p, g, m, v, a, b in _blocks(parameter, gradient, mean, square):
        if weight_decay and decoupled:
            p *= 1 - learning_rate * weight_decay
        elif weight_decay:
            np.multiply(p, weight_decay, out=b)
            g = np.add(g, b, out=b)
        m *= beta1
        m += np.multiply(g, 1 - beta1, out=a)
        v *= beta2
        np.multiply(g, g, out=a)
        v += np.multiply(a, 1 - beta2, out=a)
        np.sqrt(v, out=a)
        a += epsilon * root
        np.divide(m, a, out=a)
        p -= np.multiply(a, rate, out=a)


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
    for p, g, u, a, b in _blocks(parameter, gradient, velocity):
        if weight_decay:
            np.multiply(p, weight_decay, out=b)
            g = np.add(g, b, out=b)
        u *= momentum
        u += g
        if nesterov:
            np.multiply(u, momentum, out=a)
            a += g
            a *= learning_rate
        else:
            np.multiply(u, learning_rate, out=a)
        p -= a
