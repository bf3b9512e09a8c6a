"""Layer normalisation (Ba, Kiros and Hinton 2016) of rows of n features, forward and gradients.

    x̂ = (x − μ) / √(σ² + ε),   y = scale · x̂ + shift        μ, σ² the mean and variance of a row, σ² = Σ (x − μ)² / n

    g_x = (h − mean h − x̂ mean(h x̂)) / √(σ² + ε),  h = g · scale        g_scale = Σ over rows of g x̂

σ² is taken of what is left of x without its mean, in a second pass: the difference of E[x²] and μ² would lose all
digits where the mean is large. Some eight operations forward and twelve backward for each number read: memory is the
limit, unless a row is read again and again.
"""

from math import prod
from typing import Any

from numpy.typing import NDArray

from tinyxm_kernels._checks import check_floats, check_shape
from tinyxm_kernels.registry import operation


def _rule(*operands: Any) -> tuple[str, ...]:
    """fused from 2048 numbers up; reference for fewer."""
    return ("fused", "reference") if operands[0].size >= 2048 else ("reference",)


_layer_norm = operation(
    "layer_norm",
    __name__,
    flops=lambda x, scale, shift, eps=0.0: 8 * prod(x),
    elements=lambda x, scale, shift, eps=0.0: 2 * prod(x) + 2 * prod(scale),
    rule=_rule,
)
_input_gradient = operation(
    "layer_norm_input_gradient",
    __name__,
    flops=lambda g, x, scale, eps=0.0: 14 * prod(x),
    elements=lambda g, x, scale, eps=0.0: 3 * prod(x) + prod(scale),
    rule=_rule,
)
_scale_gradient = operation(
    "layer_norm_scale_gradient",
    __name__,
    flops=lambda g, x, eps=0.0: 8 * prod(x),
    elements=lambda g, x, eps=0.0: 2 * prod(x) + x[-1],
    rule=_rule,
)


def _check(name: str, x: NDArray[Any], **parameters: NDArray[Any]) -> None:
    check_floats(name, x=x, **parameters)
    if x.ndim != 2:
        raise ValueError(f"{name}: x has shape {x.shape}, expected (rows, features)")
    for role, array in parameters.items():
        check_shape(name, role, array.shape, x.shape if role == "g" else x.shape[1:])


def layer_norm(x: NDArray[Any], scale: NDArray[Any], shift: NDArray[Any], eps: float = 1e-5) -> NDArray[Any]:
    """y (rows, features) of x (rows, features), scale and shift (features,).

    Raises ValueError for other shapes, TypeError unless all are float32 or all float64.
    """
    _check("layer_norm", x, scale=scale, shift=shift)
    return _layer_norm.choose(x, scale, shift, eps)(x, scale, shift, eps)


def layer_norm_input_gradient(g: NDArray[Any], x: NDArray[Any], scale: NDArray[Any], eps: float = 1e-5) -> NDArray[Any]:
    """∂L/∂x, from g = ∂L/∂y, x and scale; errors as in `layer_norm`."""
    _check("layer_norm_input_gradient", x, g=g, scale=scale)
    return _input_gradient.choose(g, x, scale, eps)(g, x, scale, eps)


def layer_norm_scale_gradient(g: NDArray[Any], x: NDArray[Any], eps: float = 1e-5) -> NDArray[Any]:
    """∂L/∂scale (features,), from g = ∂L/∂y and x (that of shift is g's sum over rows); errors as in `layer_norm`."""
    _check("layer_norm_scale_gradient", x, g=g)
    return _scale_gradient.choose(g, x, eps)(g, x, eps)
