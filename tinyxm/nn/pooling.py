"""Layers that sum up neighbourhoods of images. They have no parameters."""

from __future__ import annotations

from tinyxm import ops
from tinyxm.autograd import Array
from tinyxm.nn._checks import check_floats, window
from tinyxm.nn.module import Module
from tinyxm.ops.conv import Pair


class _Pool2d(Module):
    def __init__(self, size: int | Pair, stride: int | Pair | None = None, padding: int | Pair = 0) -> None:
        name = type(self).__name__
        self.size, self.padding = window(name, "size", size), window(name, "padding", padding, 0)
        self.stride = None if stride is None else window(name, "stride", stride)


class MaxPool2d(_Pool2d):
    """y[n, p, q, c] = the largest x of channel c in window (p, q)

    x `(batch, height, width, channels)`, y `(batch, ⌊(height + 2·padding − size) / stride⌋ + 1, …, channels)`; `stride`
    is `size` where none is given; outside x is −∞. Raises ValueError where x isn't images.
    """

    def forward(self, x: Array) -> Array:
        return ops.max_pool2d(x, self.size, self.stride, self.padding)


class AveragePool2d(_Pool2d):
    """y[n, p, q, c] = the mean x of channel c in window (p, q), zeros outside x counted

    x `(batch, height, width, channels)`, y `(batch, ⌊(height + 2·padding − size) / stride⌋ + 1, …, channels)`; `stride`
    is `size` where none is given. Raises ValueError where x isn't images.
    """

    def forward(self, x: Array) -> Array:
        return ops.average_pool2d(x, self.size, self.stride, self.padding)


class GlobalAveragePool(Module):
    """y[n, c] = the mean x of channel c at all positions: x `(batch, ..., channels)`, y `(batch, channels)`

    It makes of an image of any size one vector. Raises ValueError where x has no positions. Source: Lin, Chen and Yan,
    "Network in network", ICLR 2014.
    """

    def forward(self, x: Array) -> Array:
        check_floats("GlobalAveragePool", x)
        if x.ndim < 3:
            raise ValueError(f"GlobalAveragePool: x {x.shape}: expected (batch, ..., channels), channels last")
        return ops.mean(x, tuple(range(1, x.ndim - 1)))
