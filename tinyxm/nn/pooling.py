"""Layers that sum up neighbourhoods of images. They have no parameters."""

from __future__ import annotations

from tinyxm import ops
from tinyxm.autograd import Array
from tinyxm.nn.module import Module

Pair = tuple[int, int]


class MaxPool2d(Module):
    """y[n, p, q, c] = the largest x of channel c in window (p, q)

    x `(batch, height, width, channels)`, y `(batch, ⌊(height + 2·padding − size) / stride⌋ + 1, …, channels)`; `stride`
    is `size` where none is given; outside x is −∞. Raises ValueError where x isn't images.
    """

    def __init__(self, size: int | Pair, stride: int | Pair | None = None, padding: int | Pair = 0) -> None:
        self.size, self.stride, self.padding = size, stride, padding

    def forward(self, x: Array) -> Array:
        return ops.max_pool2d(_images("MaxPool2d", x), self.size, self.stride, self.padding)


class AveragePool2d(Module):
    """y[n, p, q, c] = the mean x of channel c in window (p, q), zeros outside x counted

    x `(batch, height, width, channels)`, y `(batch, ⌊(height + 2·padding − size) / stride⌋ + 1, …, channels)`; `stride`
    is `size` where none is given. Raises ValueError where x isn't images.
    """

    def __init__(self, size: int | Pair, stride: int | Pair | None = None, padding: int | Pair = 0) -> None:
        self.size, self.stride, self.padding = size, stride, padding

    def forward(self, x: Array) -> Array:
        return ops.average_pool2d(_images("AveragePool2d", x), self.size, self.stride, self.padding)


class GlobalAveragePool(Module):
    """y[n, c] = the mean x of channel c at all positions: x `(batch, ..., channels)`, y `(batch, channels)`

    It makes of an image of any size one vector. Raises ValueError where x has no positions. Source: Lin, Chen and Yan,
    "Network in network", ICLR 2014.
    """

    def forward(self, x: Array) -> Array:
        if x.ndim < 3:
            raise ValueError(f"GlobalAveragePool: x {x.shape}: expected (batch, ..., channels), channels last")
        return ops.mean(x, tuple(range(1, x.ndim - 1)))


def _images(layer: str, x: Array) -> Array:
    if x.ndim != 4:
        raise ValueError(f"{layer}: x {x.shape}: expected (batch, height, width, channels)")
    return x
