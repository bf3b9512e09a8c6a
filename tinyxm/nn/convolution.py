"""The convolution layer."""

from __future__ import annotations

import numpy as np

from tinyxm import ops
from tinyxm.autograd import Array, Parameter
from tinyxm.nn import init
from tinyxm.nn.module import Module

Pair = tuple[int, int]


class Conv2d(Module):
    """y[n, p, q, o] = Σ over u, v, c of x[n, p·s + u − padding, q·s + v − padding, c]·w[u, v, c, o] + b[o]

    x `(batch, height, width, in_channels)`, w `(kernel_height, kernel_width, in_channels, out_channels)`, b
    `(out_channels,)`, y `(batch, ⌊(height + 2·padding − kernel_height) / s⌋ + 1, …, out_channels)`. `kernel_size`,
    `stride` s and `padding` are a number or a pair; `padding` "same" keeps the size (stride 1, odd kernel). w starts by
    `initialise` (He's uniform rule), b at 0. Raises ValueError where x isn't images of so many channels.
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
        self.in_channels, self.out_channels = in_channels, out_channels
        self.kernel_size, self.stride, self.padding = kernel_size, stride, padding
        height, width = (kernel_size, kernel_size) if isinstance(kernel_size, int) else kernel_size
        self.weight = Parameter(initialise((height, width, in_channels, out_channels), rng))
        self.bias = Parameter(init.zeros((out_channels,))) if bias else None

    def forward(self, x: Array) -> Array:
        if x.ndim != 4 or x.shape[-1] != self.in_channels:
            raise ValueError(f"Conv2d: x {x.shape}: expected (batch, height, width, {self.in_channels}), channels last")
        y = ops.conv2d(x, self.weight, self.stride, self.padding)
        return y if self.bias is None else y + self.bias
