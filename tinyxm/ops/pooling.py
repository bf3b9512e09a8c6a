"""Pooling, channels last: of each window one number, the largest or the mean. What pooling in one dimension and in
three needs is in the one of two: sound is an image of one row, and the windows of a video are pooled in each frame and
then over the frames. Both ways the largest is found in row-major order, so ties go to the first there, too.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

import tinyxm_kernels as kernels
from tinyxm.autograd import Array, Tensor, primitive
from tinyxm.autograd.places import placed
from tinyxm.autograd.tensor import array_of
from tinyxm.ops.activation import relu
from tinyxm.ops.conv import Pair, Sizes, per_axis
from tinyxm.ops.linalg import matmul
from tinyxm.ops.resize import along_image
from tinyxm_kernels.pooling import output_shape

__all__ = [
    "adaptive_average_pool1d", "adaptive_average_pool2d", "adaptive_max_pool1d", "adaptive_max_pool2d",
    "average_pool1d", "average_pool2d", "average_pool3d", "bias_max_pool2d", "global_average_pool", "global_max_pool",
    "max_pool1d", "max_pool2d", "max_pool3d",
]  # fmt: skip


@primitive(x=lambda g, x, y, size, stride, padding: _to_the_largest(g, x, y, size, stride, padding))
def _max_pool2d(x: Array, size: Pair, stride: Pair, padding: Pair) -> Array:
    return kernels.max_pool2d(x, size, stride, padding)


@primitive(g_y=lambda g, x, size, stride, padding: _from_the_largest(g, x, size, stride, padding), x=None, values=None)
def _to_the_largest(g_y: Array, x: Array, values: Array, size: Pair, stride: Pair, padding: Pair) -> Array:
    return kernels.max_pool2d_input_gradient(g_y, x, values, size, stride, padding)


@primitive(
    a=lambda g, x, size, stride, padding: _to_the_largest(
        g, x, kernels.max_pool2d(x, size, stride, padding), size, stride, padding
    ),
    x=None,
)
def _from_the_largest(a: Array, x: Array, size: Pair, stride: Pair, padding: Pair) -> Array:
    """Of each window of a, the element that stands where x has its first largest: the adjoint of `_to_the_largest`."""
    largest = _windows(x, size, stride, padding, -np.inf).argmax(-1)
    return np.take_along_axis(_windows(a, size, stride, padding, 0), largest[..., None], -1)[..., 0]


def _windows(x: Array, size: Pair, stride: Pair, padding: Pair, outside: float) -> Array:
    """(batch, height, width, channels) → (batch, rows, columns, channels, elements of a window)"""
    x = np.pad(x, ((0, 0), *((n, n) for n in padding), (0, 0)), constant_values=outside)
    windows = np.lib.stride_tricks.sliding_window_view(x, size, (1, 2))[:, :: stride[0], :: stride[1]]
    return windows.reshape(*windows.shape[:4], math.prod(size))


@primitive(
    x=lambda g, x, bias, y, size, stride, padding, activation: _bias_max_adjoint(
        g, x, bias, y, size, stride, padding, activation
    ),
    bias=lambda g, x, bias, y, size, stride, padding, activation: _bias_adjoint(
        g, x, bias, y, size, stride, padding, activation
    ),
)
def _bias_max_pool2d(x: Array, bias: Array, size: Pair, stride: Pair, padding: Pair, activation: str) -> Array:
    return kernels.bias_max_pool2d(x, bias, size, stride, padding, activation)


def _bias_max_adjoint(
    g: Array, x: Array, bias: Array, y: Array, size: Pair, stride: Pair, padding: Pair, activation: str
) -> Array:
    """The fused kernel on arrays; on Tensors, for a second derivative, pooling's own and that of the activation."""
    if not any(isinstance(array, Tensor) for array in (g, x, bias, y)):
        return kernels.bias_max_pool2d_input_gradient(g, x, bias, y, size, stride, padding, activation)
    z = x + bias if activation == "none" else relu(x + bias)
    g = _to_the_largest(g, z, y, size, stride, padding)
    return g if activation == "none" else g * (z > 0)


def _bias_adjoint(
    g: Array, x: Array, bias: Array, y: Array, size: Pair, stride: Pair, padding: Pair, activation: str
) -> Array:
    """The sum of ∂x: each window's g once, wherever it went; where y isn't finite, it may have gone nowhere."""
    if not np.isfinite(array_of(y)).all():
        g = _bias_max_adjoint(g, x, bias, y, size, stride, padding, activation)
    elif activation == "relu":
        g = g * (y > 0)
    return np.sum(g, axis=(0, 1, 2))


@primitive(x=lambda g, x_shape, size, stride, padding: _spread_evenly(g, x_shape, size, stride, padding))
def _average_pool2d(x: Array, size: Pair, stride: Pair, padding: Pair) -> Array:
    return kernels.average_pool2d(x, size, stride, padding)


@primitive(g_y=lambda g, size, stride, padding: _average_pool2d(g, size, stride, padding))
def _spread_evenly(g_y: Array, x_shape: tuple[int, ...], size: Pair, stride: Pair, padding: Pair) -> Array:
    return kernels.average_pool2d_input_gradient(g_y, x_shape, size, stride, padding)


def _pooled(
    operation: str, pool: Callable[..., Array], axes: int, x: Array, size: Sizes, stride: Sizes | None, padding: Sizes
) -> Array:
    """Pooling in so many dimensions by `pool`, which pools images."""
    size = per_axis(operation, "size", size, axes, 1)
    stride = size if stride is None else per_axis(operation, "stride", stride, axes, 1)
    padding = per_axis(operation, "padding", padding, axes, 0)
    if axes == 2:
        return pool(x, size, stride, padding)
    shape = output_shape(operation, np.shape(x), size, stride, padding)
    if axes == 1:
        return np.squeeze(pool(np.expand_dims(x, 1), (1, *size), (1, *stride), (0, *padding)), 1)
    n, frames, *image, channels = x.shape
    y = pool(np.reshape(x, (n * frames, *image, channels)), size[1:], stride[1:], padding[1:])
    y = np.reshape(y, (n, frames, math.prod(shape[2:4]), channels))  # an image whose rows are the frames
    return np.reshape(pool(y, (size[0], 1), (stride[0], 1), (padding[0], 0)), shape)


def max_pool1d(x: Array, size: Sizes, stride: Sizes | None = None, padding: Sizes = 0) -> Array:
    """y[n, p, c] = the largest x of channel c in window p;  ∂x = g at the first largest

    x `(batch, samples, channels)`, y `(batch, ⌊(samples + 2·padding − size) / stride⌋ + 1, channels)`; all else as in
    `max_pool2d`.
    """
    return _pooled("max_pool1d", _max_pool2d, 1, x, size, stride, padding)


def max_pool2d(x: Array, size: Sizes, stride: Sizes | None = None, padding: Sizes = 0) -> Array:
    """y[n, p, q, c] = the largest x of channel c in window (p, q);  ∂x = g at the first largest in row-major order

    x `(batch, height, width, channels)`, y `(batch, ⌊(height + 2·padding − size) / stride⌋ + 1, …, channels)`; sizes,
    in pixels, are a number or a pair; `stride` is `size` where none is given; outside x is −∞. Raises ValueError where
    the windows don't fit, or the padding is more than half of them.
    """
    return _pooled("max_pool2d", _max_pool2d, 2, x, size, stride, padding)


def bias_max_pool2d(
    x: Array, bias: Array, size: Sizes, stride: Sizes | None = None, padding: Sizes = 0, activation: str = "none"
) -> Array:
    """y = max_pool2d(x + bias), or max_pool2d(relu(x + bias)) where the activation is "relu", in one pass

    What follows a convolution, and neither sum nor activation is stored. x `(batch, height, width, channels)`, bias
    `(channels,)`; the rest and the errors as in `max_pool2d`. ∂x = g at the first largest, ∂bias = Σ g; with "relu"
    only where y > 0.
    """

    def pool(x: Array, size: Pair, stride: Pair, padding: Pair) -> Array:
        return _bias_max_pool2d(x, bias, size, stride, padding, activation)

    return _pooled("bias_max_pool2d", pool, 2, x, size, stride, padding)


def max_pool3d(x: Array, size: Sizes, stride: Sizes | None = None, padding: Sizes = 0) -> Array:
    """y[n, f, p, q, c] = the largest x of channel c in window (f, p, q);  ∂x = g at the first largest

    x `(batch, frames, height, width, channels)`; all else as in `max_pool2d`, for three axes.
    """
    return _pooled("max_pool3d", _max_pool2d, 3, x, size, stride, padding)


def average_pool1d(x: Array, size: Sizes, stride: Sizes | None = None, padding: Sizes = 0) -> Array:
    """y[n, p, c] = the mean x of channel c in window p, zeros outside x counted;  ∂x = g / size, spread

    x `(batch, samples, channels)`; sizes and errors as in `max_pool1d`.
    """
    return _pooled("average_pool1d", _average_pool2d, 1, x, size, stride, padding)


def average_pool2d(x: Array, size: Sizes, stride: Sizes | None = None, padding: Sizes = 0) -> Array:
    """y[n, p, q, c] = the mean x of channel c in window (p, q), zeros outside x counted;  ∂x = g / window, spread

    x `(batch, height, width, channels)`; sizes and errors as in `max_pool2d`.
    """
    return _pooled("average_pool2d", _average_pool2d, 2, x, size, stride, padding)


def average_pool3d(x: Array, size: Sizes, stride: Sizes | None = None, padding: Sizes = 0) -> Array:
    """y[n, f, p, q, c] = the mean x of channel c in window (f, p, q), zeros outside x counted;  ∂x = g / window, spread

    x `(batch, frames, height, width, channels)`; sizes and errors as in `max_pool3d`.
    """
    return _pooled("average_pool3d", _average_pool2d, 3, x, size, stride, padding)


def _bins(operation: str, x: Array, size: Sizes, axes: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """(starts, ends) of the bins along each axis: of m bins over n places, i reaches from ⌊i·n/m⌋ to ⌈(i + 1)·n/m⌉."""
    counts = per_axis(operation, "size", size, axes, 1)
    if x.ndim != axes + 2 or 0 in x.shape[1:-1]:
        places = {1: "samples", 2: "height, width"}[axes]
        raise ValueError(f"{operation}: x {x.shape}: expected (batch, {places}, channels), with places to pool")
    if x.dtype.kind != "f":
        raise TypeError(f"{operation}: x is {x.dtype}, expected floats; convert with .astype(np.float32)")
    along = zip(x.shape[1:-1], counts, strict=True)
    return [(np.arange(m) * n // m, -(-np.arange(1, m + 1) * n // m)) for n, m in along]


def adaptive_average_pool1d(x: Array, size: Sizes) -> Array:
    """y[n, i, c] = the mean x of channel c in bin i, of `size` bins that cover all samples

    Bins as in `adaptive_average_pool2d`; x `(batch, samples, channels)`, y `(batch, size, channels)`.
    """
    (bins,) = _bins("adaptive_average_pool1d", x, size, 1)
    return matmul(_means(*bins, x), x)


def adaptive_average_pool2d(x: Array, size: Sizes) -> Array:
    """Y = R X Cᵀ for each channel: the means over a grid of size₀ × size₁ bins that cover the image, whatever its size

    x `(batch, height, width, channels)`, y `(batch, size₀, size₁, channels)`. Bin i of m over n pixels reaches from
    ⌊i·n/m⌋ to ⌈(i + 1)·n/m⌉ (bins may share a pixel); R and C hold 1 / length there. Raises ValueError where x isn't
    images, or is empty, TypeError where it isn't floats. Source: He, Zhang, Ren & Sun 2014 (spatial pyramid pooling).
    """
    rows, columns = (_means(*bins, x) for bins in _bins("adaptive_average_pool2d", x, size, 2))
    return along_image(x, rows, columns)


def _means(start: np.ndarray, end: np.ndarray, x: Array) -> Array:
    """The matrix (bins, places) that takes the mean of each bin."""
    place = np.arange(end[-1])
    within = (start[:, None] <= place) & (place < end[:, None])
    return placed((within / within.sum(axis=1, keepdims=True)).astype(x.dtype), x)


def adaptive_max_pool1d(x: Array, size: Sizes) -> Array:
    """y[n, i, c] = the largest x of channel c in bin i (bins as in `adaptive_average_pool1d`);  ∂x = g at the first"""
    ((index, longest),) = (_places(*bins) for bins in _bins("adaptive_max_pool1d", x, size, 1))
    return max_pool1d(np.take(x, index, 1), longest)


def adaptive_max_pool2d(x: Array, size: Sizes) -> Array:
    """y[n, i, j, c] = the largest x of channel c in bin (i, j) (bins as in `adaptive_average_pool2d`)

    ∂x = g at the first largest in row-major order. x `(batch, height, width, channels)`, y `(batch, size₀, size₁,
    channels)`.
    """
    (rows, height), (columns, width) = (_places(*bins) for bins in _bins("adaptive_max_pool2d", x, size, 2))
    return max_pool2d(np.take(np.take(x, rows, 1), columns, 2), (height, width))


def _places(start: np.ndarray, end: np.ndarray) -> tuple[np.ndarray, int]:
    """The places of all bins one after another, each as long as the longest (its last place fills it up), and how long
    that is. What stands last can't be the first largest once more, so ties aren't touched."""
    longest = int((end - start).max())
    return np.minimum(start[:, None] + np.arange(longest), end[:, None] - 1).reshape(-1), longest


def global_average_pool(x: Array) -> Array:
    """y[n, c] = the mean x of channel c at all positions: x `(batch, ..., channels)`, y `(batch, channels)`

    It makes of an image of any size one vector. Raises ValueError where x has no positions. (Lin, Chen & Yan 2014)
    """
    return np.mean(x, axis=_positions("global_average_pool", x))


def global_max_pool(x: Array) -> Array:
    """y[n, c] = the largest x of channel c at all positions, as `global_average_pool`;  ∂x = g, shared among ties"""
    return np.max(x, axis=_positions("global_max_pool", x))


def _positions(operation: str, x: Array) -> tuple[int, ...]:
    if x.ndim < 3 or 0 in x.shape[1:-1]:
        raise ValueError(f"{operation}: x {x.shape}: expected (batch, ..., channels), channels last, and positions")
    return tuple(range(1, x.ndim - 1))
