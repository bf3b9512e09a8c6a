"""Pooling: one number for each window of an image, channel by channel.

    max       y[n, p, q, c] = max_{i, j} x̄[n, p s₀ + i, q s₁ + j, c]              x̄ is x with −∞ around it
    average   y[n, p, q, c] = Σ_{i, j} x̄[n, p s₀ + i, q s₁ + j, c] / (size₀ size₁)   x̄ is x with 0 around it

    bias_max  the maximum of x + bias, or of relu(x + bias), which follow a convolution: neither is ever stored

The average counts the padding: it always divides by the whole window. The maximum passes the gradient to where it
stood; among equal values, to the first of the window in row-major order, as PyTorch does. Both read x once and take
one operation for each element of a window: memory is what limits them.
"""

from math import prod
from typing import Any

from numpy.typing import NDArray

from tinyxm_kernels._checks import check_floats, check_shape, window_grid
from tinyxm_kernels.registry import Shape, operation

Pair = tuple[int, int]


def output_shape(name: str, x: Shape, size: Shape, stride: Shape, padding: Shape) -> Shape:
    """The shape of y: (batch, rows, columns, channels); raises ValueError where the windows don't go with x.

    With a size of one number or of three it is that of pooling in so many dimensions.
    """
    if not isinstance(size, tuple):
        raise ValueError(f"{name}: size {size!r}: expected a pair of whole numbers, (rows, columns)")
    if len(x) != len(size) + 2:
        places = {1: "samples", 2: "height, width", 3: "frames, height, width"}[len(size)]
        raise ValueError(f"{name}: x has shape {x}, expected (batch, {places}, channels)")
    grid = window_grid(name, x[1:-1], size, stride, padding)
    if any(more > window // 2 for more, window in zip(padding, size, strict=True)):
        raise ValueError(
            f"{name}: padding {padding} is more than half of size {size}: a window could hold nothing else"
        )
    return (x[0], *grid, x[-1])


def _rule(*operands: Any) -> tuple[str, ...]:
    """vectorised from 4096 elements of the first operand up; reference for fewer."""
    return ("vectorised", "reference") if operands[0].size >= 4096 else ("reference",)


def _forward_flops(x: Shape, size: Pair, stride: Pair, padding: Pair) -> int:
    return prod(output_shape("pooling", x, size, stride, padding)) * prod(size)


def _forward_elements(x: Shape, size: Pair, stride: Pair, padding: Pair) -> int:
    return prod(x) + prod(output_shape("pooling", x, size, stride, padding))


_max_pool2d = operation("max_pool2d", __name__, flops=_forward_flops, elements=_forward_elements, rule=_rule)
_max_input_gradient = operation(
    "max_pool2d_input_gradient",
    __name__,
    flops=lambda g, x, y, size, stride, padding: prod(g) * prod(size),
    elements=lambda g, x, y, size, stride, padding: 2 * prod(x) + 2 * prod(g),
    rule=_rule,
)
_bias_max_pool2d = operation(
    "bias_max_pool2d",
    __name__,
    flops=lambda x, bias, size, stride, padding, activation: 2 * _forward_flops(x, size, stride, padding),
    elements=lambda x, bias, size, stride, padding, activation: (
        prod(bias) + _forward_elements(x, size, stride, padding)
    ),
    rule=_rule,
)
_bias_max_input_gradient = operation(
    "bias_max_pool2d_input_gradient",
    __name__,
    flops=lambda g, x, bias, y, size, stride, padding, activation: 2 * prod(g) * prod(size),
    elements=lambda g, x, bias, y, size, stride, padding, activation: 2 * prod(x) + 2 * prod(g) + prod(bias),
    rule=_rule,
)
_average_pool2d = operation("average_pool2d", __name__, flops=_forward_flops, elements=_forward_elements, rule=_rule)
_average_input_gradient = operation(
    "average_pool2d_input_gradient",
    __name__,
    flops=lambda g, input_shape, size, stride, padding: prod(g) * prod(size),
    elements=lambda g, input_shape, size, stride, padding: prod(g) + prod(input_shape),
    rule=_rule,
)


def max_pool2d(x: NDArray[Any], size: Pair, stride: Pair, padding: Pair = (0, 0)) -> NDArray[Any]:
    """The greatest value of each window: (batch, height, width, channels) -> (batch, rows, columns, channels).

    rows = ⌊(height + 2 padding − size) / stride⌋ + 1; all pairs are (rows, columns), in pixels. A NaN in a window is
    its maximum. Raises ValueError where the windows don't fit, TypeError for other dtypes than float32 and float64.
    """
    check_floats("max_pool2d", x=x)
    output_shape("max_pool2d", x.shape, size, stride, padding)
    return _max_pool2d.choose(x, size, stride, padding)(x, size, stride, padding)


def max_pool2d_input_gradient(
    g: NDArray[Any], x: NDArray[Any], y: NDArray[Any], size: Pair, stride: Pair, padding: Pair = (0, 0)
) -> NDArray[Any]:
    """∂L/∂x: each window's g goes to the first of its elements, row by row, that equals y (y = max_pool2d(x, ...)).

    Raises ValueError where g or y hasn't the shape of the result, TypeError for dtypes that don't go together.
    """
    name = "max_pool2d_input_gradient"
    check_floats(name, g=g, x=x, y=y)
    expected = output_shape(name, x.shape, size, stride, padding)
    check_shape(name, "g", g.shape, expected)
    check_shape(name, "y", y.shape, expected)
    return _max_input_gradient.choose(g, x, y, size, stride, padding)(g, x, y, size, stride, padding)


def _check_biased(
    name: str, x: NDArray[Any], bias: NDArray[Any], size: Pair, stride: Pair, padding: Pair, activation: str
) -> Shape:
    if activation not in ("none", "relu"):
        raise ValueError(f'{name}: activation is {activation!r}; expected "none" or "relu"')
    shape = output_shape(name, x.shape, size, stride, padding)
    check_shape(name, "bias", bias.shape, x.shape[3:])
    return shape


def bias_max_pool2d(
    x: NDArray[Any],
    bias: NDArray[Any],
    size: Pair,
    stride: Pair,
    padding: Pair = (0, 0),
    activation: str = "none",
) -> NDArray[Any]:
    """max_pool2d(x + bias), or of max(x + bias, 0) where the activation is "relu"; bias (channels,).

    Raises as `max_pool2d` does, ValueError for another activation or a bias of another shape.
    """
    check_floats("bias_max_pool2d", x=x, bias=bias)
    _check_biased("bias_max_pool2d", x, bias, size, stride, padding, activation)
    operands = x, bias, size, stride, padding, activation
    return _bias_max_pool2d.choose(*operands)(*operands)


def bias_max_pool2d_input_gradient(
    g: NDArray[Any],
    x: NDArray[Any],
    bias: NDArray[Any],
    y: NDArray[Any],
    size: Pair,
    stride: Pair,
    padding: Pair = (0, 0),
    activation: str = "none",
) -> NDArray[Any]:
    """∂L/∂x: each window's g goes to the first of its elements, row by row, for which x + bias is y; with "relu", only
    where y > 0. y = bias_max_pool2d(x, bias, ...); errors as there.
    """
    name = "bias_max_pool2d_input_gradient"
    check_floats(name, g=g, x=x, bias=bias, y=y)
    expected = _check_biased(name, x, bias, size, stride, padding, activation)
    check_shape(name, "g", g.shape, expected)
    check_shape(name, "y", y.shape, expected)
    operands = g, x, bias, y, size, stride, padding, activation
    return _bias_max_input_gradient.choose(*operands)(*operands)


def average_pool2d(x: NDArray[Any], size: Pair, stride: Pair, padding: Pair = (0, 0)) -> NDArray[Any]:
    """The mean of each window, padding counted as zeros; shapes, units and errors as in `max_pool2d`."""
    check_floats("average_pool2d", x=x)
    output_shape("average_pool2d", x.shape, size, stride, padding)
    return _average_pool2d.choose(x, size, stride, padding)(x, size, stride, padding)


def average_pool2d_input_gradient(
    g: NDArray[Any], input_shape: Shape, size: Pair, stride: Pair, padding: Pair = (0, 0)
) -> NDArray[Any]:
    """∂L/∂x of shape `input_shape`: each window's g, divided by size₀ size₁, goes to all its elements.

    Raises ValueError where g hasn't the shape of the result, TypeError for other dtypes than float32 and float64.
    """
    name, shape = "average_pool2d_input_gradient", tuple(input_shape)
    check_floats(name, g=g)
    check_shape(name, "g", g.shape, output_shape(name, shape, size, stride, padding))
    return _average_input_gradient.choose(g, shape, size, stride, padding)(g, shape, size, stride, padding)
