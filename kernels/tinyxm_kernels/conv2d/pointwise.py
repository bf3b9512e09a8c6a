"""A kernel of 1×1 is a matrix product: pixels by channels, times channels by output channels.

    y = X W        X (pixels, in_channels), W = w[0, 0]        conv2d
    ∂X = G Wᵀ      G (pixels, out_channels)                    conv2d_input_gradient
    ∂W = Xᵀ G                                                  conv2d_weight_gradient

What it adds: nothing is gathered. Channels last, an image already is that matrix X, so this is `matmul` on a view,
whichever of its rungs is chosen there. A stride picks every s-th pixel (a copy of those alone), and the input gradient
puts them back between zeros. Arithmetic intensity: that of the product, 2·pixels·C·O operations for pixels·(C + O) +
C·O numbers: some 32 a number with 32 channels each, so that few channels are bounded by memory.
"""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels.conv2d import Pair, output_shape
from tinyxm_kernels.matmul import matmul
from tinyxm_kernels.registry import Shape, rung


def _one_by_one(kernel_shape: Shape, padding: Pair, groups: int) -> bool:
    return kernel_shape[:2] == (1, 1) and padding == (0, 0) and groups == 1


def _takes(a: NDArray[Any], w: NDArray[Any], *settings: Any) -> bool:
    return _one_by_one(w.shape, settings[-3], settings[-1])


NEEDS = "kernels of 1×1, padding 0, groups 1"


def _rows(a: NDArray[Any], stride: Pair = (1, 1)) -> NDArray[Any]:
    """(pixels, channels), of every s-th pixel."""
    seen = a[:, :: stride[0], :: stride[1]]
    return np.ascontiguousarray(seen).reshape(prod(seen.shape[:3]), a.shape[3])


@rung(accepts=_takes, needs=NEEDS)
def conv2d(x: NDArray[Any], w: NDArray[Any], stride: Pair, padding: Pair, dilation: Pair, groups: int) -> NDArray[Any]:
    return matmul(_rows(x, stride), w[0, 0]).reshape(output_shape(x.shape, w.shape, stride))


@rung(accepts=_takes, needs=NEEDS)
def conv2d_input_gradient(
    g: NDArray[Any], w: NDArray[Any], input_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> NDArray[Any]:
    seen = matmul(_rows(g), w[0, 0].T)
    if stride == (1, 1):
        return seen.reshape(input_shape)
    x_gradient = np.zeros(input_shape, g.dtype)
    x_gradient[:, :: stride[0], :: stride[1]] = seen.reshape(*g.shape[:3], input_shape[3])
    return x_gradient


@rung(accepts=lambda g, x, kernel_shape, *settings: _one_by_one(kernel_shape, settings[-3], settings[-1]), needs=NEEDS)
def conv2d_weight_gradient(
    g: NDArray[Any], x: NDArray[Any], kernel_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> NDArray[Any]:
    return matmul(_rows(x, stride).T, _rows(g)).reshape(kernel_shape)
