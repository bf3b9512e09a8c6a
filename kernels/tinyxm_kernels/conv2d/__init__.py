"""Two-dimensional convolution, as networks mean it (a cross-correlation: the kernel isn't flipped).

    y[n, p, q, o] = Σ_i Σ_j Σ_c x̄[n, p s₀ + i, q s₁ + j, c] w[i, j, c, o]

x̄ is x with zeros around it (`padding`), s the stride. Channels are last: images (batch, height, width, channels),
weights (kernel_height, kernel_width, in_channels, out_channels), so that a patch of the image, laid flat, times the
weights as a matrix (kernel_height·kernel_width·in_channels, out_channels) gives a pixel of the result.

The result is linear in x and in w, so its two adjoints are the same sum read the other way round:

    ∂L/∂x̄[n, p s₀ + i, q s₁ + j, c] += Σ_o g[n, p, q, o] w[i, j, c, o]         conv2d_input_gradient
    ∂L/∂w[i, j, c, o] = Σ_n Σ_p Σ_q x̄[n, p s₀ + i, q s₁ + j, c] g[n, p, q, o]   conv2d_weight_gradient

All three take 2 · (pixels of y) · kernel_height · kernel_width · in_channels · out_channels floating-point operations.
The input gradient is also the transposed convolution, with the same weights. Source: Dumoulin and Visin, "A guide to
convolution arithmetic for deep learning" (2016).
"""

from math import prod
from typing import Any

from numpy.typing import NDArray

from tinyxm_kernels._checks import check_floats, check_shape, window_grid
from tinyxm_kernels.registry import Shape, operation

Pair = tuple[int, int]


def output_shape(x: Shape, w: Shape, stride: Pair = (1, 1), padding: Pair = (0, 0), name: str = "conv2d") -> Shape:
    """The shape of y: (batch, rows, columns, out_channels); raises ValueError where x and w don't go together."""
    if len(x) != 4:
        raise ValueError(f"{name}: x has shape {x}, expected (batch, height, width, channels)")
    if len(w) != 4:
        raise ValueError(f"{name}: w has shape {w}, expected (kernel_height, kernel_width, in_channels, out_channels)")
    if x[3] != w[2]:
        raise ValueError(f"{name}: x has {x[3]} channels, w {w} expects {w[2]}; x {x} is read with channels last")
    return (x[0], *window_grid(name, x[1:3], w[:2], stride, padding), w[3])


def _forward_flops(x: Shape, w: Shape, stride: Pair = (1, 1), padding: Pair = (0, 0)) -> int:
    return 2 * prod(output_shape(x, w, stride, padding)[:3]) * prod(w)


def _forward_elements(x: Shape, w: Shape, stride: Pair = (1, 1), padding: Pair = (0, 0)) -> int:
    return prod(x) + prod(w) + prod(output_shape(x, w, stride, padding))


def _gradient_elements(g: Shape, other: Shape, shape: Shape, stride: Pair = (1, 1), padding: Pair = (0, 0)) -> int:
    return prod(g) + prod(other) + prod(shape)


def _rule(*operands: Any) -> tuple[str, ...]:
    """patches, at every size: one matrix product by BLAS for each block of images."""
    return "patches", "reference"


_conv2d = operation("conv2d", __name__, flops=_forward_flops, elements=_forward_elements, rule=_rule)
_input_gradient = operation(
    "conv2d_input_gradient",
    __name__,
    flops=lambda g, w, input_shape, stride=(1, 1), padding=(0, 0): 2 * prod(g[:3]) * prod(w),
    elements=_gradient_elements,
    rule=_rule,
)
_weight_gradient = operation(
    "conv2d_weight_gradient",
    __name__,
    flops=lambda g, x, kernel_shape, stride=(1, 1), padding=(0, 0): 2 * prod(g[:3]) * prod(kernel_shape),
    elements=_gradient_elements,
    rule=_rule,
)


def conv2d(x: NDArray[Any], w: NDArray[Any], stride: Pair = (1, 1), padding: Pair = (0, 0)) -> NDArray[Any]:
    """Convolution y of the images x with the kernel w (the formula stands at the head of this room).

    Shapes: (batch, height, width, in_channels) and (kernel_height, kernel_width, in_channels, out_channels) ->
    (batch, rows, columns, out_channels) with rows = ⌊(height + 2 padding − kernel_height) / stride⌋ + 1. `stride` and
    `padding` are (rows, columns), in pixels. Raises ValueError for shapes, TypeError for dtypes that don't go together.
    """
    check_floats("conv2d", x=x, w=w)
    output_shape(x.shape, w.shape, stride, padding)
    return _conv2d.choose(x, w, stride, padding)(x, w, stride, padding)


def conv2d_input_gradient(
    g: NDArray[Any], w: NDArray[Any], input_shape: Shape, stride: Pair = (1, 1), padding: Pair = (0, 0)
) -> NDArray[Any]:
    """∂L/∂x of shape `input_shape`, from g = ∂L/∂y and the kernel w; also the transposed convolution of g.

    Raises ValueError where g hasn't the shape of y, TypeError for dtypes that don't go together.
    """
    name, shape = "conv2d_input_gradient", tuple(input_shape)
    check_floats(name, g=g, w=w)
    check_shape(name, "g", g.shape, output_shape(shape, w.shape, stride, padding, name))
    return _input_gradient.choose(g, w, shape, stride, padding)(g, w, shape, stride, padding)


def conv2d_weight_gradient(
    g: NDArray[Any], x: NDArray[Any], kernel_shape: Shape, stride: Pair = (1, 1), padding: Pair = (0, 0)
) -> NDArray[Any]:
    """∂L/∂w of shape `kernel_shape` (all four sizes, as w.shape), from g = ∂L/∂y and the images x.

    Raises ValueError where g hasn't the shape of y, TypeError for dtypes that don't go together.
    """
    name, shape = "conv2d_weight_gradient", tuple(kernel_shape)
    check_floats(name, g=g, x=x)
    check_shape(name, "g", g.shape, output_shape(x.shape, shape, stride, padding, name))
    return _weight_gradient.choose(g, x, shape, stride, padding)(g, x, shape, stride, padding)
