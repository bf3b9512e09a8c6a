"""One loop from memory to memory, with all between in registers, vectorised, and split among threads.

What it adds: of ReLU's gradient two passes become one, with no array of booleans between, and the maximum is one
instruction, where NumPy's runs at a third of the memory's speed. Of GELU the reference's ten passes become one, and its
scalar tanh or erf a vectorised exponential: (1 + tanh u) / 2 = 1 / (1 + e⁻²ᵘ), and Φ(x) = 1 − q(t) exp(−x²/2) / 2 for
x ≥ 0, q a polynomial of degree 5 in t = 1 / (1 + 0.3275911 x / √2), within 1e-7 of it (Abramowitz and Stegun 1964,
7.1.26): right in float32. In float64 Φ is the C library's, a number at a time.

Arithmetic intensity: GELU 25 operations for 8 bytes, so arithmetic is the limit on one thread, and memory on several;
ReLU 1 for 8, memory from the first.
Limits: a call costs some 2 microseconds.
"""

import math
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload
from numpy.typing import NDArray

from tinyxm_kernels._compiled import compiled, flat, threaded
from tinyxm_kernels._math import aligned, exp, maximum
from tinyxm_kernels.activations.reference import CUBE, ROOT_2_PI, ROOT_HALF
from tinyxm_kernels.registry import rung

OPERATIONS = 25  # for each element


@threaded
def relu_loop(start, stop, numbers, results):
    number = numbers.dtype.type
    for a, b in aligned(results, start, stop):
        x, y = numbers[a:b], results[a:b]
        for i in range(x.size):
            y[i] = maximum(x[i], number(0))


@threaded
def relu_gradient_loop(start, stop, gradients, numbers, results):
    number = numbers.dtype.type
    for a, b in aligned(results, start, stop):
        g, y, gx = gradients[a:b], numbers[a:b], results[a:b]
        for i in range(y.size):
            gx[i] = g[i] * (number(1) if y[i] > number(0) else number(0))  # a NaN of g stays


@threaded
def gelu_tanh(start, stop, numbers, results):
    number = numbers.dtype.type
    for a, b in aligned(results, start, stop):
        x, y = numbers[a:b], results[a:b]
        for i in range(x.size):
            u = number(ROOT_2_PI) * (x[i] + number(CUBE) * x[i] * x[i] * x[i])
            y[i] = x[i] / (number(1) + exp(number(-2) * u))


@threaded
def gelu_tanh_gradient(start, stop, gradients, numbers, results):
    number = numbers.dtype.type
    for a, b in aligned(results, start, stop):
        g, x, y = gradients[a:b], numbers[a:b], results[a:b]
        for i in range(x.size):
            near = number(-8) if x[i] < number(-8) else x[i]  # beyond, σ is 0 or 1 to the last digit; NaN stays
            near = number(8) if near > number(8) else near
            square = number(CUBE) * near * near
            e = exp(number(-2 * ROOT_2_PI) * (near + square * near))
            s = number(1) / (number(1) + e)
            slope = number(2 * ROOT_2_PI) * (number(1) + number(3) * square)
            y[i] = g[i] * (s + near * s * (e * s) * slope)  # e s is 1 − s, without the digits lost


@compiled(inline="always")
def normal32(x, bell):
    t = np.float32(1) / (np.float32(1) + np.float32(0.3275911 * ROOT_HALF) * abs(x))
    q = np.float32(1.061405429) * t - np.float32(1.453152027)
    q = q * t + np.float32(1.421413741)
    q = q * t - np.float32(0.284496736)
    q = (q * t + np.float32(0.254829592)) * t
    beyond = np.float32(0.5) * q * bell
    return beyond if x < np.float32(0) else np.float32(1) - beyond


@compiled(inline="always")
def normal64(x, bell):
    return 0.5 * math.erfc(-ROOT_HALF * x)


def normal(x, bell):
    """Φ(x), where `bell` is exp(−x²/2)."""
    return (normal32 if x.dtype == np.float32 else normal64)(x, bell)


@overload(normal, inline="always")
def _normal(x, bell):
    if x == types.float32:
        return lambda x, bell: normal32(x, bell)
    return lambda x, bell: normal64(x, bell)


@threaded
def gelu_normal(start, stop, numbers, results):
    number = numbers.dtype.type
    for a, b in aligned(results, start, stop):
        x, y = numbers[a:b], results[a:b]
        for i in range(x.size):
            y[i] = x[i] * normal(x[i], exp(number(-0.5) * x[i] * x[i]))


@threaded
def gelu_normal_gradient(start, stop, gradients, numbers, results):
    number = numbers.dtype.type
    for a, b in aligned(results, start, stop):
        g, x, y = gradients[a:b], numbers[a:b], results[a:b]
        for i in range(x.size):
            bell = exp(number(-0.5) * x[i] * x[i])
            y[i] = g[i] * (normal(x[i], bell) + x[i] * bell * number(0.5 * ROOT_2_PI))


@rung(backend="numba")
def relu(x: NDArray[Any]) -> NDArray[Any]:
    y = np.empty(x.shape, x.dtype)
    relu_loop(x.size, x.size, flat(x), y.reshape(-1))
    return y


@rung(backend="numba", accepts=lambda g, y: g.dtype == y.dtype, needs="g and y of one dtype")
def relu_gradient(g: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
    gx = np.empty(y.shape, y.dtype)
    relu_gradient_loop(y.size, y.size, flat(g), flat(y), gx.reshape(-1))
    return gx


@rung(backend="numba")
def gelu(x: NDArray[Any], approximate: str) -> NDArray[Any]:
    y = np.empty(x.shape, x.dtype)
    loop = gelu_tanh if approximate == "tanh" else gelu_normal
    loop(x.size, OPERATIONS * x.size, x.reshape(-1), y.reshape(-1))
    return y


@rung(backend="numba")
def gelu_gradient(g: NDArray[Any], x: NDArray[Any], approximate: str) -> NDArray[Any]:
    y = np.empty(x.shape, x.dtype)
    loop = gelu_tanh_gradient if approximate == "tanh" else gelu_normal_gradient
    loop(x.size, OPERATIONS * x.size, g.reshape(-1), x.reshape(-1), y.reshape(-1))
    return y
