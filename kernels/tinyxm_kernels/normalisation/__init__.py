"""Normalisation, forward and gradients: x̂ = (x − μ) / √(σ² + ε), y = scale · x̂ + shift.

Layer normalisation (Ba, Kiros and Hinton 2016) takes mean μ and variance σ² of each row of n features. Group
normalisation (Wu and He 2018) takes them of each sample's groups of neighbouring channels, at all positions; with as
many groups as channels it is instance normalisation (Ulyanov et al. 2016), and of one "sample", all positions of a
batch, it is batch normalisation (Ioffe and Szegedy 2015). For each group of n numbers σ² = Σ (x − μ)² / n, and

    g_x = (h − mean h − x̂ mean(h x̂)) / √(σ² + ε),  h = g · scale        g_scale = Σ g x̂,  g_shift = Σ g

the last two over all that one number of scale and shift served. σ² is taken of what is left of x without its mean: the
difference of E[x²] and μ² would lose all digits where the mean is large. Some eight operations forward and fifteen
backward for each number read: memory is the limit, unless numbers are read again and again.

Read `reference`, then `fused` for rows, `lanes` for groups, and `cuda_fused` for rows on GPUs; groups are left to the
reference there.
"""

from math import prod
from typing import Any

from numpy.typing import NDArray

from tinyxm_kernels._checks import check_floats, check_shape
from tinyxm_kernels.registry import operation

Array = NDArray[Any]


def _rule(*operands: Any) -> tuple[str, ...]:
    """fused from 2048 numbers up; reference for fewer."""
    return ("fused", "reference") if operands[0].size >= 2048 else ("reference",)


def _group_rule(*operands: Any) -> tuple[str, ...]:
    """lanes from 16384 numbers up, where a sample has 16 positions or more; reference otherwise."""
    x = operands[0]
    return ("lanes", "reference") if x.size >= 16384 and x.shape[1] >= 16 else ("reference",)


_layer_norm = operation(
    "layer_norm",
    __name__,
    flops=lambda x, scale, shift, eps=0.0: 8 * prod(x),
    elements=lambda x, scale, shift, eps=0.0: 2 * prod(x) + 2 * prod(scale),
    rule=_rule,
    on_cuda=("cuda_fused",),
)
_layer_norm_gradients = operation(
    "layer_norm_gradients",
    __name__,
    flops=lambda g, x, scale, eps=0.0: 17 * prod(x),
    elements=lambda g, x, scale, eps=0.0: 3 * prod(x) + 3 * prod(scale),
    rule=_rule,
    on_cuda=("cuda_fused",),
)
_group_statistics = operation(
    "group_statistics",
    __name__,
    flops=lambda x, groups=1: 4 * prod(x),
    elements=lambda x, groups=1: prod(x) + 2 * x[0] * groups,
    rule=_group_rule,
)
_group_norm = operation(
    "group_norm",
    __name__,
    flops=lambda x, scale, shift, statistics, eps=0.0: 3 * prod(x),
    elements=lambda x, scale, shift, statistics, eps=0.0: 2 * prod(x) + 2 * prod(scale) + prod(statistics),
    rule=_group_rule,
)
_group_norm_gradients = operation(
    "group_norm_gradients",
    __name__,
    flops=lambda g, x, scale, statistics, eps=0.0: 9 * prod(x),
    elements=lambda g, x, scale, statistics, eps=0.0: 3 * prod(x) + 3 * prod(scale) + prod(statistics),
    rule=_group_rule,
)


def _check(name: str, x: Array, axes: str, **parameters: Array) -> None:
    """All of one dtype, x with these axes, g of its shape, and each parameter one number for each of the last."""
    check_floats(name, x=x, **parameters)
    if x.ndim != axes.count(",") + 1:
        raise ValueError(f"{name}: x has shape {x.shape}, expected {axes}")
    for role, array in parameters.items():
        if role != "statistics":
            check_shape(name, role, array.shape, x.shape if role == "g" else x.shape[-1:])
        elif array.ndim != 3 or array.shape[:2] != (2, len(x)) or not _divide(x, array.shape[2]):
            raise ValueError(f"{name}: statistics has shape {array.shape}, expected (2, {len(x)}, groups)")


def _divide(x: Array, groups: int) -> bool:
    return groups > 0 and not x.shape[-1] % groups


ROWS, POSITIONS = "(rows, features)", "(samples, positions, channels)"


def layer_norm(x: Array, scale: Array, shift: Array, eps: float = 1e-5) -> Array:
    """y (rows, features) of x (rows, features), scale and shift (features,).

    Raises ValueError for other shapes, TypeError unless all are float32 or all float64.
    """
    _check("layer_norm", x, ROWS, scale=scale, shift=shift)
    eps = float(eps)  # np.float64 would make float64 of float32
    return _layer_norm.choose(x, scale, shift, eps)(x, scale, shift, eps)


def layer_norm_gradients(g: Array, x: Array, scale: Array, eps: float = 1e-5) -> tuple[Array, Array, Array]:
    """∂L/∂x, ∂L/∂scale and ∂L/∂shift, from g = ∂L/∂y, x and scale; errors as in `layer_norm`."""
    _check("layer_norm_gradients", x, ROWS, g=g, scale=scale)
    eps = float(eps)
    return _layer_norm_gradients.choose(g, x, scale, eps)(g, x, scale, eps)


def group_statistics(x: Array, groups: int) -> Array:
    """(2, samples, groups) of x (samples, positions, channels): mean and variance of each sample's groups of channels.

    Raises ValueError for other shapes, groups that don't divide the channels or have no elements, TypeError unless x is
    float32 or float64.
    """
    _check("group_statistics", x, POSITIONS)
    if not _divide(x, groups):
        raise ValueError(f"group_statistics: {x.shape[-1]} channels don't divide into {groups} groups")
    if len(x) and not x.size:
        raise ValueError(f"group_statistics: x has shape {x.shape}, so there is nothing to take the mean of")
    return _group_statistics.choose(x, groups)(x, groups)


def group_norm(x: Array, scale: Array, shift: Array, statistics: Array, eps: float = 1e-5) -> Array:
    """y (samples, positions, channels) of x, with scale and shift (channels,) and the `group_statistics` of x.

    Raises ValueError for other shapes, TypeError unless all are float32 or all float64.
    """
    _check("group_norm", x, POSITIONS, scale=scale, shift=shift, statistics=statistics)
    eps = float(eps)
    return _group_norm.choose(x, scale, shift, statistics, eps)(x, scale, shift, statistics, eps)


def group_norm_gradients(
    g: Array, x: Array, scale: Array, statistics: Array, eps: float = 1e-5
) -> tuple[Array, Array, Array]:
    """∂L/∂x, ∂L/∂scale and ∂L/∂shift, from g = ∂L/∂y; ∂L/∂x is by way of the statistics, too. Errors as above."""
    _check("group_norm_gradients", x, POSITIONS, g=g, scale=scale, statistics=statistics)
    eps = float(eps)
    return _group_norm_gradients.choose(g, x, scale, statistics, eps)(g, x, scale, statistics, eps)
