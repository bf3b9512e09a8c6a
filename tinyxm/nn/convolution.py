"""The convolution layer."""

from __future__ import annotations

import numpy as np

from tinyxm import ops
from tinyxm.autograd import Array, Parameter
from tinyxm.nn import init
from tinyxm.nn._checks import check_floats, whole, window
from tinyxm.nn.module import Module
from tinyxm.ops.conv import Pair, per_axis


class Conv2d(Module):
    """y[n, p, q, o] = Σ over u, v, c of x[n, p·s + u − padding, q·s + v − padding, c]·w[u, v, c, o] + b[o]

    x `(batch, height, width, in_channels)`, w `(kernel_height, kernel_width, in_channels, out_channels)`, b
    `(out_channels,)`, y `(batch, ⌊(height + 2·padding − kernel_height) / s⌋ + 1, …, out_channels)`. `kernel_size`,
    `stride` s and `padding` are a number or a pair; `padding` "same" keeps the size (stride 1, odd kernel). w starts by
    `initialise` (He's uniform rule), b at 0. Raises ValueError where x isn't images of so many channels,
    TypeError where it isn't an array of w's dtype.
    Source: LeCun et al., "Backpropagation applied to handwritten zip code recognition", Neural Computation 1989.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int | Pair,
        stride: int | Pair = 1,
        padding: int | Pair | str = 0,
        bias: bool = True,
        *,
        initialise: init.Initialiser = init.he_uniform,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.in_channels = whole("Conv2d", "in_channels", in_channels)
        self.out_channels = whole("Conv2d", "out_channels", out_channels)
        self.kernel_size = window("Conv2d", "kernel_size", kernel_size)
        self.stride = window("Conv2d", "stride", stride)
        self.padding = padding if padding == "same" else window("Conv2d", "padding", padding, 0)
        size = per_axis("Conv2d", "kernel_size", self.kernel_size, 2, 1)
        self.weight = Parameter(initialise((*size, self.in_channels, self.out_channels), rng))
        self.bias = Parameter(init.zeros((self.out_channels,))) if bias else None

    def forward(self, x: Array) -> Array:
        check_floats("Conv2d", x, self.weight)
        y = ops.conv2d(x, self.weight, self.stride, self.padding)
        return y if self.bias is None else y + self.bias
