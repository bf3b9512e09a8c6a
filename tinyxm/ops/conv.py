"""Convolution and its transpose, channels last: sound `(batch, samples, channels)`, images `(batch, height, width,
channels)`, video `(batch, frames, height, width, channels)`; weights `(kernel sizes..., in_channels / groups,
out_channels)`.

The forward, the input gradient and the weight gradient are each linear in both their arrays, and each is the adjoint of
the others: three declarations serve every order of derivative. All is made of the one in two dimensions: sound is an
image of one row, and a convolution over time a sum, over the kernel's frames, of convolutions of images. (A kernel for
any number of axes would be longer, harder to read, and no faster: the products of matrices are the same.)
"""

from __future__ import annotations

import math
import operator
from contextlib import suppress
from typing import Any

import numpy as np

import tinyxm_kernels as kernels
from tinyxm.autograd import Array, primitive
from tinyxm.ops.index import scatter_add
from tinyxm_kernels.conv2d import output_shape

__all__ = ["conv1d", "conv2d", "conv3d", "conv_transpose1d", "conv_transpose2d", "conv_transpose3d"]

Pair = tuple[int, int]
Numbers = tuple[int, ...]  # one for each axis
Sizes = int | Numbers


@primitive(
    x=lambda g, w, x_shape, stride, padding, dilation, groups: conv2d_input_gradient(
        g, w, x_shape, stride, padding, dilation, groups
    ),
    w=lambda g, x, w_shape, stride, padding, dilation, groups: conv2d_weight_gradient(
        g, x, w_shape, stride, padding, dilation, groups
    ),
)
def _conv2d(x: Array, w: Array, stride: Pair, padding: Pair, dilation: Pair, groups: int) -> Array:
    return kernels.conv2d(x, w, stride, padding, dilation, groups)


@primitive(
    g_y=lambda g, w, stride, padding, dilation, groups: _conv2d(g, w, stride, padding, dilation, groups),
    w=lambda g, g_y, w_shape, stride, padding, dilation, groups: conv2d_weight_gradient(
        g_y, g, w_shape, stride, padding, dilation, groups
    ),
)
def conv2d_input_gradient(
    g_y: Array, w: Array, x_shape: Numbers, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> Array:
    """∂x[n, i, j, c] = Σ g[n, p, q, o]·w[u, v, c, o] over all p·s + u·d − padding = i, q·s + v·d − padding = j"""
    return kernels.conv2d_input_gradient(g_y, w, x_shape, stride, padding, dilation, groups)


@primitive(
    g_y=lambda g, x, stride, padding, dilation, groups: _conv2d(x, g, stride, padding, dilation, groups),
    x=lambda g, g_y, x_shape, stride, padding, dilation, groups: conv2d_input_gradient(
        g_y, g, x_shape, stride, padding, dilation, groups
    ),
)
def conv2d_weight_gradient(
    g_y: Array, x: Array, w_shape: Numbers, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> Array:
    """∂w[u, v, c, o] = Σ over n, p, q of g[n, p, q, o]·x[n, p·s + u·d − padding, q·s + v·d − padding, c]"""
    return kernels.conv2d_weight_gradient(g_y, x, w_shape, stride, padding, dilation, groups)


def per_axis(operation: str, name: str, value: Any, axes: int, least: int) -> Numbers:
    """The number for each of so many axes, or the sequence itself; ValueError unless all are integers from `least`."""
    with suppress(TypeError):
        numbers = tuple(map(operator.index, value if hasattr(value, "__len__") else (value,) * axes))
        if len(numbers) == axes and min(numbers) >= least:
            return numbers
    more = {1: "", 2: ", or a pair of them"}.get(axes, f", or a tuple of {axes}")
    raise ValueError(f"{operation}: {name} {value!r}: expected an integer from {least}{more}")


def _settings(
    operation: str, axes: int, w: Array, stride: Sizes, padding: Sizes | str, dilation: Sizes
) -> tuple[Any, Any, Any]:
    """(stride, padding, dilation), each as a number for each axis."""
    stride = per_axis(operation, "stride", stride, axes, 1)
    dilation = per_axis(operation, "dilation", dilation, axes, 1)
    if not isinstance(padding, str) or padding != "same":
        return stride, per_axis(operation, "padding", padding, axes, 0), dilation
    kernel = np.shape(w)[:axes]
    if any(s != 1 for s in stride) or any(size % 2 == 0 for size in kernel):
        raise ValueError(f"{operation}: padding 'same' needs stride 1 and an odd kernel, got {stride}, {kernel}")
    return stride, tuple(d * (size // 2) for d, size in zip(dilation, kernel, strict=False)), dilation


def conv1d(
    x: Array, w: Array, stride: Sizes = 1, padding: Sizes | str = 0, dilation: Sizes = 1, groups: int = 1
) -> Array:
    """y[n, p, o] = Σ over u, c of x[n, p·s + u·d − padding, c]·w[u, c, o]: `conv2d` over one row

    x `(batch, samples, in_channels)`, w `(kernel_size, in_channels / groups, out_channels)`, y `(batch, ⌊(samples +
    2·padding − d·(kernel_size − 1) − 1) / s⌋ + 1, out_channels)`; settings and errors as in `conv2d`.
    """
    s, p, d = _settings("conv1d", 1, w, stride, padding, dilation)
    output_shape(np.shape(x), np.shape(w), s, p, d, groups, "conv1d")
    y = _conv2d(np.expand_dims(x, 1), np.expand_dims(w, 0), (1, *s), (0, *p), (1, *d), groups)
    return np.squeeze(y, 1)


def conv2d(
    x: Array, w: Array, stride: Sizes = 1, padding: Sizes | str = 0, dilation: Sizes = 1, groups: int = 1
) -> Array:
    """Slide a window of weights over images (a cross-correlation, as the field's "convolution" is).

        y[n, p, q, o] = Σ over u, v, c of x[n, p·s + u·d − padding, q·s + v·d − padding, c]·w[u, v, c, o]

    x `(batch, height, width, in_channels)`, w `(kernel_height, kernel_width, in_channels / groups, out_channels)`, y
    `(batch, ⌊(height + 2·padding − d·(kernel_height − 1) − 1) / s⌋ + 1, …, out_channels)`; outside x is 0. `stride` s,
    `padding` and `dilation` d (how far apart the taps lie) are a number or a pair, in pixels; `padding` "same" keeps
    the size (stride 1, odd kernel). With `groups` c runs over the part of the channels that belongs to o's part: as
    many groups as channels is a depthwise convolution. Raises ValueError where shapes don't agree.
    Sources: LeCun et al. 1989; dilation, Yu & Koltun 2016; groups, Krizhevsky, Sutskever & Hinton 2012.
    """
    return _conv2d(x, w, *_settings("conv2d", 2, w, stride, padding, dilation), groups)


def conv3d(
    x: Array, w: Array, stride: Sizes = 1, padding: Sizes | str = 0, dilation: Sizes = 1, groups: int = 1
) -> Array:
    """y[n, f, p, q, o] = Σ over t, u, v, c of x[n, f·s + t·d − padding, p·s + …, q·s + …, c]·w[t, u, v, c, o]

    x `(batch, frames, height, width, in_channels)`, w `(kernel_frames, kernel_height, kernel_width, in_channels /
    groups, out_channels)`; settings, sizes and errors as in `conv2d`, for three axes. (Ji, Xu, Yang & Yu 2013)
    """
    (s, *stride2), (p, *padding2), (d, *dilation2) = _settings("conv3d", 3, w, stride, padding, dilation)
    settings = tuple(stride2), tuple(padding2), tuple(dilation2), groups
    y_shape = output_shape(np.shape(x), np.shape(w), (s, *stride2), (p, *padding2), (d, *dilation2), groups, "conv3d")
    if p:
        x = np.pad(x, ((0, 0), (p, p), (0, 0), (0, 0), (0, 0)))
    y: Any = 0
    for t in range(w.shape[0]):
        seen = x[:, t * d : t * d + s * y_shape[1] : s]  # the frame of each window that tap t meets
        y = y + _conv2d(_images(seen), w[t], *settings)
    return np.reshape(y, y_shape)


def _images(video: Array) -> Array:
    """(batch, frames, height, width, channels) → (batch·frames, height, width, channels)"""
    return np.reshape(video, (math.prod(video.shape[:2]), *video.shape[2:]))


def _transposed_shape(
    operation: str,
    x: Array,
    w: Array,
    settings: tuple[Numbers, Numbers, Numbers],
    groups: int,
    output_padding: Sizes,
) -> tuple[int, ...]:
    """The shape of what the convolution by w takes to x: s·(size − 1) + d·(kernel − 1) + 1 − 2·padding per axis."""
    axes = len(settings[0])
    more = per_axis(operation, "output_padding", output_padding, axes, 0)
    given, kernel = np.shape(x), np.shape(w)
    if len(given) != axes + 2 or len(kernel) != axes + 2:
        raise ValueError(f"{operation}: x {given}, w {kernel}: expected {axes + 2} axes each")
    if given[-1] != kernel[-1]:
        raise ValueError(f"{operation}: x has {given[-1]} channels, w {kernel} gives {kernel[-1]}; w is the forward's")
    if any(n >= s for n, s in zip(more, settings[0], strict=True)):
        raise ValueError(f"{operation}: output_padding {more} isn't smaller than the stride {settings[0]}")
    sizes = tuple(
        s * (size - 1) + d * (taps - 1) + 1 - 2 * p + extra
        for size, taps, s, p, d, extra in zip(given[1:-1], kernel, *settings, more, strict=False)
    )
    if min(sizes) < 1:
        raise ValueError(f"{operation}: x {given} and w {kernel} with padding {settings[1]} leave a result of {sizes}")
    shape = given[0], *sizes, kernel[-2] * groups
    output_shape(shape, kernel, *settings, groups, operation)
    return shape


def conv_transpose1d(
    x: Array,
    w: Array,
    stride: Sizes = 1,
    padding: Sizes | str = 0,
    dilation: Sizes = 1,
    groups: int = 1,
    output_padding: Sizes = 0,
) -> Array:
    """The input gradient of `conv1d` with the same weight, as an operation: see `conv_transpose2d`.

    x `(batch, samples, out_channels)`, w `(kernel_size, in_channels / groups, out_channels)`, y `(batch, s·(samples −
    1) + d·(kernel_size − 1) + 1 − 2·padding + output_padding, in_channels)`.
    """
    settings = s, p, d = _settings("conv_transpose1d", 1, w, stride, padding, dilation)
    n, *sizes = _transposed_shape("conv_transpose1d", x, w, settings, groups, output_padding)
    x, w = np.expand_dims(x, 1), np.expand_dims(w, 0)
    return np.squeeze(conv2d_input_gradient(x, w, (n, 1, *sizes), (1, *s), (0, *p), (1, *d), groups), 1)


def conv_transpose2d(
    x: Array,
    w: Array,
    stride: Sizes = 1,
    padding: Sizes | str = 0,
    dilation: Sizes = 1,
    groups: int = 1,
    output_padding: Sizes = 0,
) -> Array:
    """y[n, i, j, c] = Σ x[n, p, q, o]·w[u, v, c, o] over all p·s + u·d − padding = i, q·s + v·d − padding = j

    The input gradient of `conv2d` with the same weight and settings, as an operation: stride s makes the image s times
    larger. x `(batch, height, width, out_channels)`, w `(kernel_height, kernel_width, in_channels / groups,
    out_channels)`, in and out in the forward's sense, y `(batch, s·(height − 1) + d·(kernel_height − 1) + 1 − 2·padding
    + output_padding, …, in_channels)`. With stride s there are s sizes that the convolution takes to the size of x:
    `output_padding`, from 0 to s − 1, says which. Raises ValueError where shapes don't agree.
    Source: Zeiler, Krishnan, Taylor & Fergus 2010; Dumoulin & Visin 2016.
    """
    settings = _settings("conv_transpose2d", 2, w, stride, padding, dilation)
    shape = _transposed_shape("conv_transpose2d", x, w, settings, groups, output_padding)
    return conv2d_input_gradient(x, w, shape, *settings, groups)


def conv_transpose3d(
    x: Array,
    w: Array,
    stride: Sizes = 1,
    padding: Sizes | str = 0,
    dilation: Sizes = 1,
    groups: int = 1,
    output_padding: Sizes = 0,
) -> Array:
    """The input gradient of `conv3d` with the same weight, as an operation: see `conv_transpose2d`.

    x `(batch, frames, height, width, out_channels)`, w `(kernel_frames, kernel_height, kernel_width, in_channels /
    groups, out_channels)`, y `(batch, s·(frames − 1) + d·(kernel_frames − 1) + 1 − 2·padding + output_padding, …,
    in_channels)`.
    """
    settings = (s, *stride2), (p, *padding2), (d, *dilation2) = _settings(
        "conv_transpose3d", 3, w, stride, padding, dilation
    )
    n, length, *image = _transposed_shape("conv_transpose3d", x, w, settings, groups, output_padding)
    frames, padded = x.shape[1], (n, length + 2 * p, *image)
    y: Any = 0
    for t in range(w.shape[0]):
        part = conv2d_input_gradient(
            _images(x), w[t], (n * frames, *image), tuple(stride2), tuple(padding2), tuple(dilation2), groups
        )
        written = (slice(None), slice(t * d, t * d + s * frames, s))  # where tap t of each window lies
        y = y + scatter_add(np.reshape(part, (n, frames, *image)), padded, written)
    return y[:, p : p + length]
