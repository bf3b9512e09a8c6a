"""Layers that sum up neighbourhoods of sound, images and video. They have no parameters."""

from __future__ import annotations

from tinyxm import ops
from tinyxm.autograd import Array
from tinyxm.nn._checks import check_floats, window
from tinyxm.nn.module import Module
from tinyxm.ops.conv import Sizes


class _Pool(Module):
    kind: str
    axes: int

    def __init__(self, size: Sizes, stride: Sizes | None = None, padding: Sizes = 0) -> None:
        name = type(self).__name__
        self.size, self.padding = window(name, "size", size, self.axes), window(name, "padding", padding, self.axes, 0)
        self.stride = None if stride is None else window(name, "stride", stride, self.axes)

    def forward(self, x: Array) -> Array:
        check_floats(type(self).__name__, x)
        return getattr(ops, f"{self.kind}_pool{self.axes}d")(x, self.size, self.stride, self.padding)


class MaxPool1d(_Pool):
    """MaxPool2d along one axis: x `(batch, samples, channels)`."""

    kind, axes = "max", 1


class MaxPool2d(_Pool):
    """y[n, p, q, c] = the largest x of channel c in window (p, q)

    x `(batch, height, width, channels)`, y `(batch, ⌊(height + 2·padding − size) / stride⌋ + 1, …, channels)`; `stride`
    is `size` where none is given; outside x is −∞. Raises ValueError where x isn't images.
    """

    kind, axes = "max", 2


class MaxPool3d(_Pool):
    """MaxPool2d along three axes: x `(batch, frames, height, width, channels)`."""

    kind, axes = "max", 3


class AveragePool1d(_Pool):
    """AveragePool2d along one axis: x `(batch, samples, channels)`."""

    kind, axes = "average", 1


class AveragePool2d(_Pool):
    """y[n, p, q, c] = the mean x of channel c in window (p, q), zeros outside x counted

    x `(batch, height, width, channels)`, y `(batch, ⌊(height + 2·padding − size) / stride⌋ + 1, …, channels)`; `stride`
    is `size` where none is given. Raises ValueError where x isn't images.
    """

    kind, axes = "average", 2


class AveragePool3d(_Pool):
    """AveragePool2d along three axes: x `(batch, frames, height, width, channels)`."""

    kind, axes = "average", 3


class _AdaptivePool(Module):
    kind: str
    axes: int

    def __init__(self, size: Sizes) -> None:
        self.size = window(type(self).__name__, "size", size, self.axes)

    def forward(self, x: Array) -> Array:
        check_floats(type(self).__name__, x)
        return getattr(ops, f"adaptive_{self.kind}_pool{self.axes}d")(x, self.size)


class AdaptiveAveragePool1d(_AdaptivePool):
    """AdaptiveAveragePool2d along one axis: x `(batch, samples, channels)`, y `(batch, size, channels)`."""

    kind, axes = "average", 1


class AdaptiveAveragePool2d(_AdaptivePool):
    """y[n, p, q, c] = the mean x of channel c in part (p, q) of the image, divided into `size` rows and columns

    x `(batch, height, width, channels)`, y `(batch, rows, columns, channels)`, `size` being a number or a pair: row p
    takes in those from ⌊p·height / rows⌋ to before ⌈(p + 1)·height / rows⌉, so neighbours overlap where rows don't
    divide height. Raises ValueError where x isn't images.
    """

    kind, axes = "average", 2


class AdaptiveMaxPool1d(_AdaptivePool):
    """AdaptiveMaxPool2d along one axis: x `(batch, samples, channels)`, y `(batch, size, channels)`."""

    kind, axes = "max", 1


class AdaptiveMaxPool2d(_AdaptivePool):
    """y[n, p, q, c] = the largest x of channel c in part (p, q) of the image, divided as by AdaptiveAveragePool2d."""

    kind, axes = "max", 2


class GlobalAveragePool(Module):
    """y[n, c] = the mean x of channel c at all positions: x `(batch, ..., channels)`, y `(batch, channels)`

    It makes of an image of any size one vector. Raises ValueError where x has no positions. Source: Lin, Chen and Yan,
    "Network in network", ICLR 2014.
    """

    def forward(self, x: Array) -> Array:
        check_floats("GlobalAveragePool", x)
        return ops.global_average_pool(x)


class GlobalMaxPool(Module):
    """y[n, c] = the largest x of channel c at all positions: x `(batch, ..., channels)`, y `(batch, channels)`

    Whether a channel saw its pattern anywhere. Raises ValueError where x has no positions.
    """

    def forward(self, x: Array) -> Array:
        check_floats("GlobalMaxPool", x)
        return ops.global_max_pool(x)
