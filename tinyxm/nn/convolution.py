"""Convolutions of sound, images and video, and the transposed ones that run them backwards."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyxm import ops
from tinyxm.autograd import Array, Parameter
from tinyxm.nn import init
from tinyxm.nn._checks import check_floats, initial, whole, window
from tinyxm.nn.module import Module
from tinyxm.ops.conv import Sizes, per_axis


class _Convolution(Module):
    axes: int  # how many a window has
    transposed = False

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: Sizes | str = 0,
        bias: bool = True,
        *,
        dilation: Sizes = 1,
        groups: int = 1,
        initialise: init.Initialiser = init.he_uniform,
        rng: np.random.Generator | None = None,
    ) -> None:
        name = type(self).__name__
        self.in_channels = whole(name, "in_channels", in_channels)
        self.out_channels = whole(name, "out_channels", out_channels)
        self.kernel_size = window(name, "kernel_size", kernel_size, self.axes)
        self.stride = window(name, "stride", stride, self.axes)
        self.padding = padding if padding == "same" else window(name, "padding", padding, self.axes, 0)
        self.dilation = window(name, "dilation", dilation, self.axes)
        self.groups = whole(name, "groups", groups)
        for channels in (self.in_channels, self.out_channels):
            if channels % self.groups:
                raise ValueError(f"{name}: {channels} channels don't divide into {groups} groups")
        size = per_axis(name, "kernel_size", self.kernel_size, self.axes, 1)
        shape = (*size, self.in_channels // self.groups, self.out_channels // self.groups)
        weights = [
            initial(name, initialise, shape, rng) for _ in range(self.groups)
        ]  # each group is a convolution of its own
        self.weight = Parameter(np.concatenate([np.swapaxes(w, -1, -2) if self.transposed else w for w in weights], -1))
        self.bias = Parameter(init.zeros((self.out_channels,))) if bias else None

    def forward(self, x: Array) -> Array:
        check_floats(type(self).__name__, x, self.weight)
        operation = getattr(ops, f"conv{'_transpose' * self.transposed}{self.axes}d")
        y = operation(x, self.weight, *self.settings())
        return y if self.bias is None else y + self.bias

    def settings(self) -> tuple[Any, ...]:
        """What the operation takes after x and the weight."""
        return self.stride, self.padding, self.dilation, self.groups


class Conv1d(_Convolution):
    """y[n, p, o] = Σ over u, c of x[n, p·s + u·d − padding, c]·w[u, c, o] + b[o]: Conv2d along one axis, for sound

    x `(batch, samples, in_channels)`, w `(kernel_size, in_channels / groups, out_channels)`, y `(batch, ⌊(samples +
    2·padding − d·(kernel_size − 1) − 1) / s⌋ + 1, out_channels)`. All else is as for Conv2d. Source: Waibel et al.,
    "Phoneme recognition using time-delay neural networks", IEEE Transactions on ASSP 1989.
    """

    axes = 1


class Conv2d(_Convolution):
    """y[n, p, q, o] = Σ over u, v, c of x[n, p·s + u·d − padding, q·s + v·d − padding, c]·w[u, v, c, o] + b[o]

    x `(batch, height, width, in_channels)`, w `(kernel_height, kernel_width, in_channels / groups, out_channels)`, b
    `(out_channels,)`, y `(batch, ⌊(height + 2·padding − d·(kernel_height − 1) − 1) / s⌋ + 1, …, out_channels)`.
    `kernel_size`, `stride` s, `padding` and `dilation` d are a number or a pair; `padding` "same" keeps the size
    (stride 1, odd kernel). With `groups`, channels are divided into as many neighbourhoods, and results are made of
    their own alone: as many groups as channels is depthwise convolution. w starts by `initialise` (He's uniform rule,
    fan_in being what one result is made of), b at 0. Raises ValueError where x isn't images of so many channels,
    TypeError where it isn't an array of w's dtype.
    Source: LeCun et al., "Backpropagation applied to handwritten zip code recognition", Neural Computation 1989.
    """

    axes = 2


class Conv3d(_Convolution):
    """Conv2d along three axes, time, height and width, for video

    x `(batch, frames, height, width, in_channels)`, w `(kernel_frames, kernel_height, kernel_width, in_channels /
    groups, out_channels)`, y `(batch, ⌊(frames + 2·padding − d·(kernel_frames − 1) − 1) / s⌋ + 1, …, out_channels)`.
    All else is as for Conv2d. Source: Ji, Xu, Yang and Yu, "3D convolutional neural networks for human action
    recognition", IEEE Transactions on PAMI 2013.
    """

    axes = 3


class _Transposed(_Convolution):
    transposed = True

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Sizes,
        stride: Sizes = 1,
        padding: Sizes | str = 0,
        bias: bool = True,
        *,
        output_padding: Sizes = 0,
        dilation: Sizes = 1,
        groups: int = 1,
        initialise: init.Initialiser = init.he_uniform,
        rng: np.random.Generator | None = None,
    ) -> None:
        settings: dict[str, Any] = {"dilation": dilation, "groups": groups, "initialise": initialise, "rng": rng}
        super().__init__(in_channels, out_channels, kernel_size, stride, padding, bias, **settings)
        self.output_padding = window(type(self).__name__, "output_padding", output_padding, self.axes, 0)

    def settings(self) -> tuple[Any, ...]:
        return *super().settings(), self.output_padding


class ConvTranspose1d(_Transposed):
    """ConvTranspose2d along one axis, for sound: x `(batch, samples, in_channels)`, w `(kernel_size, out_channels /
    groups, in_channels)`, y `(batch, (samples − 1)·s − 2·padding + d·(kernel_size − 1) + output_padding + 1,
    out_channels)`."""

    axes = 1


class ConvTranspose2d(_Transposed):
    """y[n, i, j, o] = Σ of x[n, p, q, c]·w[u, v, o, c] over p·s + u·d − padding = i, q·s + v·d − padding = j, + b[o]

    The input gradient of Conv2d, with the same w, as a layer: it turns the result's shape into the input's, and so
    enlarges where s > 1. x `(batch, height, width, in_channels)`, w `(kernel_height, kernel_width, out_channels /
    groups, in_channels)`, b `(out_channels,)`, y `(batch, (height − 1)·s − 2·padding + d·(kernel_height − 1) +
    output_padding + 1, …, out_channels)`; `output_padding` (below s) chooses among the sizes that Conv2d turns
    into that of x. w starts by `initialise`, as Conv2d's would, b at 0. Raises as Conv2d does. Source: Dumoulin and
    Visin, "A guide to convolution arithmetic for deep learning", 2016.
    """

    axes = 2


class ConvTranspose3d(_Transposed):
    """ConvTranspose2d along three axes, for video: x `(batch, frames, height, width, in_channels)`, w `(kernel_frames,
    kernel_height, kernel_width, out_channels / groups, in_channels)`, y `(batch, (frames − 1)·s − 2·padding +
    d·(kernel_frames − 1) + output_padding + 1, …, out_channels)`."""

    axes = 3
