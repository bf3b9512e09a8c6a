"""The formula as seven loops, compiled: one convolution that serves all three operations.

    for every image n, pixel (p, q) of y, tap (i, j) over pixel (h, v) of x, channel c and output channel o:

        y[n, p, q, o]  +=  x[n, h, v, c] · w[i, j, c, o]          conv2d
        ∂x[n, h, v, c] +=  g[n, p, q, o] · w[i, j, c, o]          conv2d_input_gradient
        ∂w[i, j, c, o] +=  g[n, p, q, o] · x[n, h, v, c]          conv2d_weight_gradient

It is the same sum, read three ways: only what is written to changes. Pixels outside the image count as zeros, so they
are passed over, and nothing is padded or copied. Arithmetic intensity: 2 operations for the 3 numbers read and the one
written; the innermost loop runs along o, where w and y have their neighbours, so that vector instructions serve where
there are many output channels. Limits: every sum travels through the cache at each of its terms; one thread; a weight
that isn't finite isn't seen where it meets nothing but padding, which 0·∞ = NaN would show.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels._compiled import compiled, flat
from tinyxm_kernels.conv2d import Pair, output_shape
from tinyxm_kernels.registry import Shape, rung


@compiled
def forward(x, w, y, stride, padding, dilation, groups):
    taken, given = w.shape[2], w.shape[3] // groups
    for n, p, q in np.ndindex(y.shape[:3]):
        for i, j in np.ndindex(w.shape[:2]):
            h, v = p * stride[0] + i * dilation[0] - padding[0], q * stride[1] + j * dilation[1] - padding[1]
            if 0 <= h < x.shape[1] and 0 <= v < x.shape[2]:
                for group in range(groups):
                    for c in range(taken):
                        for o in range(group * given, (group + 1) * given):
                            y[n, p, q, o] += x[n, h, v, group * taken + c] * w[i, j, c, o]


@compiled
def towards_input(g, w, x_gradient, stride, padding, dilation, groups):
    taken, given = w.shape[2], w.shape[3] // groups
    for n, p, q in np.ndindex(g.shape[:3]):
        for i, j in np.ndindex(w.shape[:2]):
            h, v = p * stride[0] + i * dilation[0] - padding[0], q * stride[1] + j * dilation[1] - padding[1]
            if 0 <= h < x_gradient.shape[1] and 0 <= v < x_gradient.shape[2]:
                for group in range(groups):
                    for c in range(taken):
                        for o in range(group * given, (group + 1) * given):
                            x_gradient[n, h, v, group * taken + c] += g[n, p, q, o] * w[i, j, c, o]


@compiled
def towards_weights(g, x, w_gradient, stride, padding, dilation, groups):
    taken, given = w_gradient.shape[2], w_gradient.shape[3] // groups
    for n, p, q in np.ndindex(g.shape[:3]):
        for i, j in np.ndindex(w_gradient.shape[:2]):
            h, v = p * stride[0] + i * dilation[0] - padding[0], q * stride[1] + j * dilation[1] - padding[1]
            if 0 <= h < x.shape[1] and 0 <= v < x.shape[2]:
                for group in range(groups):
                    for c in range(taken):
                        for o in range(group * given, (group + 1) * given):
                            w_gradient[i, j, c, o] += g[n, p, q, o] * x[n, h, v, group * taken + c]


def _run(loops: Any, a: NDArray[Any], b: NDArray[Any], shape: Shape, *settings: Any) -> NDArray[Any]:
    result = np.zeros(shape, a.dtype)
    loops(flat(a).reshape(a.shape), flat(b).reshape(b.shape), result, *settings)
    return result


@rung(backend="numba")
def conv2d(x: NDArray[Any], w: NDArray[Any], stride: Pair, padding: Pair, dilation: Pair, groups: int) -> NDArray[Any]:
    shape = output_shape(x.shape, w.shape, stride, padding, dilation, groups)
    return _run(forward, x, w, shape, stride, padding, dilation, groups)


@rung(backend="numba")
def conv2d_input_gradient(
    g: NDArray[Any], w: NDArray[Any], input_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> NDArray[Any]:
    return _run(towards_input, g, w, input_shape, stride, padding, dilation, groups)


@rung(backend="numba")
def conv2d_weight_gradient(
    g: NDArray[Any], x: NDArray[Any], kernel_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> NDArray[Any]:
    return _run(towards_weights, g, x, kernel_shape, stride, padding, dilation, groups)
