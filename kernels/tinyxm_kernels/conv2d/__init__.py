"""Two-dimensional convolution, as networks mean it (a cross-correlation: the kernel isn't flipped).

    y[n, p, q, o] = Σ_i Σ_j Σ_c x̄[n, p s₀ + i d₀, q s₁ + j d₁, c] w[i, j, c, o]

x̄ is x with zeros around it (`padding`), s the stride, d the dilation: how far apart the taps of the kernel lie.
Channels are last: images (batch, height, width, channels), weights (kernel_height, kernel_width, in_channels,
out_channels), so that a patch of the image, laid flat, times the weights as a matrix (kernel_height·kernel_width·
in_channels, out_channels) gives a pixel of the result.

With `groups` the channels are cut into as many parts of equal length, and each part of y sees only its part of x: c
runs over in_channels / groups channels, as many as w has. As many groups as channels is a depthwise convolution.

The result is linear in x and in w, so its two adjoints are the same sum read the other way round:

    ∂L/∂x̄[n, p s₀ + i d₀, q s₁ + j d₁, c] += Σ_o g[n, p, q, o] w[i, j, c, o]         conv2d_input_gradient
    ∂L/∂w[i, j, c, o] = Σ_n Σ_p Σ_q x̄[n, p s₀ + i d₀, q s₁ + j d₁, c] g[n, p, q, o]   conv2d_weight_gradient

All three take 2 · (pixels of y) · (elements of w) floating-point operations. The input gradient is also the transposed
convolution, with the same weights.

For CPUs read `reference`, `naive`, `patches`, `implicit`, then `winograd`; for GPUs `cuda_direct`, a thread to each
number of the result, then `cuda_implicit`, tiles of the matrix product.

Sources: Dumoulin and Visin, "A guide to convolution arithmetic for deep learning" (2016); dilation, Yu and Koltun
(2016); groups, Krizhevsky, Sutskever and Hinton (2012).
"""

from math import prod
from typing import Any

from numpy.typing import NDArray

from tinyxm_kernels._checks import check_floats, check_shape, is_whole, window_grid
from tinyxm_kernels.registry import Shape, operation

Pair = tuple[int, int]
AXES = {1: ("samples", "kernel_size"), 2: ("height, width", "kernel_height, kernel_width")}
AXES[3] = ("frames, height, width", "kernel_frames, kernel_height, kernel_width")


def output_shape(
    x: Shape,
    w: Shape,
    stride: Shape = (1, 1),
    padding: Shape = (0, 0),
    dilation: Shape = (1, 1),
    groups: int = 1,
    name: str = "conv2d",
) -> Shape:
    """The shape of y: (batch, rows, columns, out_channels); raises ValueError where x and w don't go together.

    With a stride, padding and dilation of one number or of three it is that of a convolution in so many dimensions.
    """
    axes = len(dilation)
    if len(x) != axes + 2:
        raise ValueError(f"{name}: x has shape {x}, expected (batch, {AXES[axes][0]}, channels)")
    if len(w) != axes + 2:
        taken = "in_channels" if groups == 1 else "in_channels / groups"
        raise ValueError(f"{name}: w has shape {w}, expected ({AXES[axes][1]}, {taken}, out_channels)")
    if not is_whole(groups) or groups < 1 or x[-1] % groups or w[-1] % groups:
        raise ValueError(
            f"{name}: groups {groups!r}: expected a whole number that divides the {x[-1]} channels of x and the "
            f"{w[-1]} that w {w} gives"
        )
    if x[-1] != w[-2] * groups:
        parts = f" in each of {groups} groups, {w[-2] * groups}" if groups > 1 else ""
        raise ValueError(
            f"{name}: x has {x[-1]} channels, w {w} expects {w[-2]}{parts}; x {x} is read with channels last"
        )
    return (x[0], *window_grid(name, x[1:-1], w[:-2], stride, padding, dilation), w[-1])


def _forward_flops(x: Shape, w: Shape, *settings: Any, **named: Any) -> int:
    return 2 * prod(output_shape(x, w, *settings, **named)[:3]) * prod(w)


def _forward_elements(x: Shape, w: Shape, *settings: Any, **named: Any) -> int:
    return prod(x) + prod(w) + prod(output_shape(x, w, *settings, **named))


def _gradient_elements(g: Shape, other: Shape, shape: Shape, *settings: Any, **named: Any) -> int:
    return prod(g) + prod(other) + prod(shape)


SMALL = 250_000  # floating-point operations: up to here compiled code saves 20 µs a call, and isn't worth its compiling
COMPILED = "implicit", "patches", "reference"


def _rungs(
    kernel: Shape, result: Shape, work: int, channels: int, least: int, stride: Pair, dilation: Pair, groups: int
) -> tuple[str, ...]:
    """What the three rules share; `result` is (rows, columns) that Winograd's tiles of 4×4 pixels have to cover,
    `channels` in times out, `least` how many make his transforms worth their while."""
    if kernel[2] == 1 < groups:
        return ("reference", "patches") if work < SMALL else ("depthwise", *COMPILED)
    if work < SMALL:
        return ("pointwise", "patches", "reference") if kernel[:2] == (1, 1) else ("patches", "reference")
    tiles = -(-result[0] // 4) * -(-result[1] // 4)
    plain = stride == dilation == (1, 1) and groups == 1
    if plain and kernel[:2] == (3, 3) and min(kernel[2:]) >= 8 and channels >= least and prod(result) >= 8 * tiles:
        return "winograd", *COMPILED
    return COMPILED


def _forward_rule(
    x: NDArray[Any], w: NDArray[Any], stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> tuple[str, ...]:
    """depthwise where each group has one channel; winograd for a 3×3 kernel with stride 1, from 8 channels each way and
    128 in the product of both on, where at least half of its 4×4 tiles is image (there a NaN or infinity makes NaN of a
    whole tile); implicit for all else, 1×1 included, where it is as fast as BLAS and its threads don't stall others.
    Below 250,000 operations nothing is worth compiling: reference for depthwise, pointwise for 1×1, patches else."""
    grid = output_shape(x.shape, w.shape, stride, padding, dilation, groups)[1:3]
    work = 2 * len(x) * prod(grid) * w.size
    return _rungs(w.shape, grid, work, w.shape[2] * w.shape[3], 128, stride, dilation, groups)


def _input_gradient_rule(
    g: NDArray[Any], w: NDArray[Any], shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> tuple[str, ...]:
    """as for conv2d; the tiles are those of x."""
    work = 2 * prod(g.shape[:3]) * w.size
    return _rungs(w.shape, shape[1:3], work, w.shape[2] * w.shape[3], 128, stride, dilation, groups)


def _weight_gradient_rule(
    g: NDArray[Any], x: NDArray[Any], kernel: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> tuple[str, ...]:
    """as for conv2d, but winograd only from 256 in the product of both channels on."""
    work = 2 * prod(g.shape[:3]) * prod(kernel)
    return _rungs(kernel, g.shape[1:3], work, kernel[2] * kernel[3], 256, stride, dilation, groups)


ON_CUDA = "cuda_implicit", "cuda_direct"  # the second where each group has one channel
_conv2d = operation(
    "conv2d",
    __name__,
    flops=_forward_flops,
    elements=_forward_elements,
    rule=_forward_rule,
    on_cuda=ON_CUDA,
)
_input_gradient = operation(
    "conv2d_input_gradient",
    __name__,
    flops=lambda g, w, input_shape, *settings, **named: 2 * prod(g[:3]) * prod(w),
    elements=_gradient_elements,
    rule=_input_gradient_rule,
    on_cuda=ON_CUDA,
)
_weight_gradient = operation(
    "conv2d_weight_gradient",
    __name__,
    flops=lambda g, x, kernel_shape, *settings, **named: 2 * prod(g[:3]) * prod(kernel_shape),
    elements=_gradient_elements,
    rule=_weight_gradient_rule,
    on_cuda=ON_CUDA,
)


def conv2d(
    x: NDArray[Any],
    w: NDArray[Any],
    stride: Pair = (1, 1),
    padding: Pair = (0, 0),
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> NDArray[Any]:
    """Convolution y of the images x with the kernel w (the formula stands at the head of this room).

    Shapes: (batch, height, width, in_channels) and (kernel_height, kernel_width, in_channels / groups, out_channels) ->
    (batch, rows, columns, out_channels) with rows = ⌊(height + 2 padding − dilation (kernel_height − 1) − 1) / stride⌋
    + 1. `stride`, `padding` and `dilation` are (rows, columns), in pixels. Raises ValueError for shapes, TypeError for
    dtypes that don't go together.
    """
    check_floats("conv2d", x=x, w=w)
    settings = stride, padding, dilation, groups
    output_shape(x.shape, w.shape, *settings)
    return _conv2d.choose(x, w, *settings)(x, w, *settings)


def conv2d_input_gradient(
    g: NDArray[Any],
    w: NDArray[Any],
    input_shape: Shape,
    stride: Pair = (1, 1),
    padding: Pair = (0, 0),
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> NDArray[Any]:
    """∂L/∂x of shape `input_shape`, from g = ∂L/∂y and the kernel w; also the transposed convolution of g.

    Raises ValueError where g hasn't the shape of y, TypeError for dtypes that don't go together.
    """
    name, shape, settings = "conv2d_input_gradient", tuple(input_shape), (stride, padding, dilation, groups)
    check_floats(name, g=g, w=w)
    check_shape(name, "g", g.shape, output_shape(shape, w.shape, *settings, name))
    return _input_gradient.choose(g, w, shape, *settings)(g, w, shape, *settings)


def conv2d_weight_gradient(
    g: NDArray[Any],
    x: NDArray[Any],
    kernel_shape: Shape,
    stride: Pair = (1, 1),
    padding: Pair = (0, 0),
    dilation: Pair = (1, 1),
    groups: int = 1,
) -> NDArray[Any]:
    """∂L/∂w of shape `kernel_shape` (all four sizes, as w.shape), from g = ∂L/∂y and the images x.

    Raises ValueError where g hasn't the shape of y, TypeError for dtypes that don't go together.
    """
    name, shape, settings = "conv2d_weight_gradient", tuple(kernel_shape), (stride, padding, dilation, groups)
    check_floats(name, g=g, x=x)
    check_shape(name, "g", g.shape, output_shape(x.shape, shape, *settings, name))
    return _weight_gradient.choose(g, x, shape, *settings)(g, x, shape, *settings)
