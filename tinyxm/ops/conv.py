"""Convolution and pooling, channels last: images `(batch, height, width, channels)`, weights
`(kernel_height, kernel_width, in_channels, out_channels)`.

The forward, the input gradient and the weight gradient are each linear in both their arrays, and each is the adjoint of
the others: three declarations serve every order of derivative.
"""

from __future__ import annotations

import numpy as np

import tinyxm_kernels as kernels
from tinyxm.autograd import Array, primitive

Pair = tuple[int, int]


@primitive(
    x=lambda g, w, x_shape, stride, padding: conv2d_input_gradient(g, w, x_shape, stride, padding),
    w=lambda g, x, w_shape, stride, padding: conv2d_weight_gradient(g, x, w_shape, stride, padding),
)
def _conv2d(x: Array, w: Array, stride: Pair, padding: Pair) -> Array:
    return kernels.conv2d(x, w, stride, padding)


@primitive(
    g_y=lambda g, w, stride, padding: _conv2d(g, w, stride, padding),
    w=lambda g, g_y, w_shape, stride, padding: conv2d_weight_gradient(g_y, g, w_shape, stride, padding),
)
def conv2d_input_gradient(g_y: Array, w: Array, x_shape: tuple[int, ...], stride: Pair, padding: Pair) -> Array:
    """∂x[n, i, j, c] = Σ g[n, p, q, o]·w[u, v, c, o] over all p·s + u − padding = i, q·s + v − padding = j"""
    return kernels.conv2d_input_gradient(g_y, w, x_shape, stride, padding)


@primitive(
    g_y=lambda g, x, stride, padding: _conv2d(x, g, stride, padding),
    x=lambda g, g_y, x_shape, stride, padding: conv2d_input_gradient(g_y, g, x_shape, stride, padding),
)
def conv2d_weight_gradient(g_y: Array, x: Array, w_shape: tuple[int, ...], stride: Pair, padding: Pair) -> Array:
    """∂w[u, v, c, o] = Σ over n, p, q of g[n, p, q, o]·x[n, p·s + u − padding, q·s + v − padding, c]"""
    return kernels.conv2d_weight_gradient(g_y, x, w_shape, stride, padding)


def conv2d(x: Array, w: Array, stride: int | Pair = 1, padding: int | Pair | str = 0) -> Array:
    """Slide a window of weights over images (a cross-correlation, as the field's "convolution" is).

        y[n, p, q, o] = Σ over u, v, c of x[n, p·s + u − padding, q·s + v − padding, c]·w[u, v, c, o]

    x `(batch, height, width, in_channels)`, w `(kernel_height, kernel_width, in_channels, out_channels)`, y `(batch,
    ⌊(height + 2·padding − kernel_height) / s⌋ + 1, …, out_channels)`; outside x is 0. `padding` is a number, a pair, or
    "same" (stride 1, odd kernel: y is as large as x). Raises ValueError where shapes don't agree.
    """
    stride = pair("conv2d", "stride", stride, 1)
    if padding == "same":
        height, width = np.shape(w)[:2]
        if stride != (1, 1) or height % 2 == 0 or width % 2 == 0:
            raise ValueError(
                f"conv2d: padding 'same' needs stride 1 and an odd kernel, got {stride}, {(height, width)}"
            )
        return _conv2d(x, w, stride, (height // 2, width // 2))
    return _conv2d(x, w, stride, pair("conv2d", "padding", padding, 0))


def pair(operation: str, name: str, value: int | Pair | str, least: int) -> Pair:
    """(value, value), or the pair itself; ValueError unless both are integers of at least this size."""
    both = (value, value) if isinstance(value, int) else value
    if isinstance(both, tuple) and len(both) == 2 and all(isinstance(n, int) and n >= least for n in both):
        return both
    raise ValueError(f"{operation}: {name} {value!r}: expected an integer from {least}, or a pair of them")


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
    return windows.reshape(*windows.shape[:4], -1)


def max_pool2d(x: Array, size: int | Pair, stride: int | Pair | None = None, padding: int | Pair = 0) -> Array:
    """y[n, p, q, c] = the largest x of channel c in window (p, q);  ∂x = g at the first largest in row-major order

    x `(batch, height, width, channels)`; `stride` is `size` where none is given; outside x is −∞.
    """
    size = pair("max_pool2d", "size", size, 1)
    stride = size if stride is None else pair("max_pool2d", "stride", stride, 1)
    return _max_pool2d(x, size, stride, pair("max_pool2d", "padding", padding, 0))


@primitive(x=lambda g, x_shape, size, stride, padding: _spread_evenly(g, x_shape, size, stride, padding))
def _average_pool2d(x: Array, size: Pair, stride: Pair, padding: Pair) -> Array:
    return kernels.average_pool2d(x, size, stride, padding)


@primitive(g_y=lambda g, size, stride, padding: _average_pool2d(g, size, stride, padding))
def _spread_evenly(g_y: Array, x_shape: tuple[int, ...], size: Pair, stride: Pair, padding: Pair) -> Array:
    return kernels.average_pool2d_input_gradient(g_y, x_shape, size, stride, padding)


def average_pool2d(x: Array, size: int | Pair, stride: int | Pair | None = None, padding: int | Pair = 0) -> Array:
    """y[n, p, q, c] = the mean x of channel c in window (p, q), zeros outside x counted;  ∂x = g / window, spread

    x `(batch, height, width, channels)`; `stride` is `size` where none is given.
    """
    size = pair("average_pool2d", "size", size, 1)
    stride = size if stride is None else pair("average_pool2d", "stride", stride, 1)
    return _average_pool2d(x, size, stride, pair("average_pool2d", "padding", padding, 0))
