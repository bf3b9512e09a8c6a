"""Activations, forward and gradient: ReLU, and GELU, that of transformers (Hendrycks and Gimpel 2016).

    y = max(x, 0),   g_x = g where y > 0, else 0                                                          ReLU

    y = x Φ(x),   Φ(x) = (1 + erf(x / √2)) / 2                                  the normal distribution's
    y = x σ(2u),  u = √(2/π) (x + 0.044715 x³),  σ(2u) = (1 + tanh u) / 2       approximate "tanh"

    g_x = g (Φ(x) + x φ(x)),   φ(x) = exp(−x²/2) / √2π;   approximate: g (σ + 2 x σ (1 − σ) u′)

ReLU is one operation an element, so that memory alone is what it takes; GELU some 25, most of them in an exponential. A
number is read and one written.
"""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels._checks import check_floats, check_native, check_shape
from tinyxm_kernels.registry import operation


def _rule(*operands: Any) -> tuple[str, ...]:
    """fused from 4096 elements up; reference for fewer, and for other dtypes."""
    return ("fused", "reference") if operands[0].size >= 4096 else ("reference",)


def _relu_rule(*operands: Any) -> tuple[str, ...]:
    """fused from 16384 elements up; reference for fewer, which have little to gain, and for other dtypes."""
    return ("fused", "reference") if operands[0].size >= 16384 else ("reference",)


_relu = operation("relu", __name__, flops=prod, elements=lambda x: 2 * prod(x), rule=_relu_rule)
_relu_gradient = operation(
    "relu_gradient", __name__, flops=lambda g, y: prod(y), elements=lambda g, y: 3 * prod(y), rule=_relu_rule
)
_gelu = operation(
    "gelu",
    __name__,
    flops=lambda x, approximate="none": 25 * prod(x),
    elements=lambda x, approximate="none": 2 * prod(x),
    rule=_rule,
)
_gelu_gradient = operation(
    "gelu_gradient",
    __name__,
    flops=lambda g, x, approximate="none": 35 * prod(x),
    elements=lambda g, x, approximate="none": 3 * prod(x),
    rule=_rule,
)


def _check(name: str, approximate: str) -> None:
    if approximate not in ("none", "tanh"):
        raise ValueError(f'{name}: approximate is {approximate!r}; expected "none" or "tanh"')


def relu(x: NDArray[Any]) -> NDArray[Any]:
    """y of x's shape and dtype, element by element; NaN stays."""
    if not isinstance(x, np.ndarray) or not x.dtype.isnative:
        check_native("relu", x=x)
    return _relu.choose(x)(x)


def relu_gradient(g: NDArray[Any], y: NDArray[Any]) -> NDArray[Any]:
    """∂L/∂x, from g = ∂L/∂y and y itself, both of one shape. Raises ValueError for other shapes."""
    if not (isinstance(g, np.ndarray) and isinstance(y, np.ndarray) and g.dtype.isnative and y.dtype.isnative):
        check_native("relu_gradient", g=g, y=y)
    check_shape("relu_gradient", "g", g.shape, y.shape)
    return _relu_gradient.choose(g, y)(g, y)


def gelu(x: NDArray[Any], approximate: str = "none") -> NDArray[Any]:
    """y of x's shape, element by element. Raises ValueError for an `approximate` other than "none" and "tanh"."""
    check_native("gelu", x=x)
    _check("gelu", approximate)
    return _gelu.choose(x, approximate)(x, approximate)


def gelu_gradient(g: NDArray[Any], x: NDArray[Any], approximate: str = "none") -> NDArray[Any]:
    """∂L/∂x, from g = ∂L/∂y, both of one shape and float32 or float64; errors as in `gelu`."""
    check_floats("gelu_gradient", g=g, x=x)
    check_shape("gelu_gradient", "g", g.shape, x.shape)
    _check("gelu_gradient", approximate)
    return _gelu_gradient.choose(g, x, approximate)(g, x, approximate)
