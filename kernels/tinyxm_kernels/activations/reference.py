"""The truth: the formulas in NumPy and SciPy, about ten passes through memory."""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from tinyxm_kernels.registry import rung

ROOT_HALF, ROOT_2_PI, CUBE = math.sqrt(0.5), math.sqrt(2 / math.pi), 0.044715


@rung(dtypes=())
def relu(x: NDArray[Any]) -> NDArray[Any]:
    return np.maximum(x, 0)


@rung(dtypes=())
def relu_gradient(g: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
    return g * (y > 0)


@rung(dtypes=())
def gelu(x: NDArray[Any], approximate: str) -> NDArray[Any]:
    return x * (0.5 * (1 + (np.tanh(_u(x)) if approximate == "tanh" else special.erf(x * ROOT_HALF))))


@rung(dtypes=())
def gelu_gradient(g: NDArray[Any], x: NDArray[Any], approximate: str) -> NDArray[Any]:
    if approximate == "none":
        density = np.exp(-0.5 * (x * x)) * (1 / math.sqrt(2 * math.pi))
        return g * (0.5 * (1 + special.erf(x * ROOT_HALF)) + x * density)
    x = np.clip(x, -10, 10)
    t, slope = np.tanh(_u(x)), ROOT_2_PI * (1 + 3 * CUBE * (x * x))
    return g * (0.5 * (1 + t) + x * (0.5 * (1 - t * t) * slope))


def _u(x: NDArray[Any]) -> NDArray[Any]:
    x = np.clip(x, -10, 10)  # beyond, tanh u is ±1 to the last digit, and x³ may overflow
    return ROOT_2_PI * (x + CUBE * (x * x * x))
