"""Layers that only change the shape."""

from __future__ import annotations

import math

from tinyxm import ops
from tinyxm.autograd import Array
from tinyxm.nn._checks import check_array, check_floats, whole
from tinyxm.nn.module import Module


class Flatten(Module):
    """x `(batch, ...)` → y `(batch, all the rest in one axis)`, in row-major order: between images and Linear."""

    def forward(self, x: Array) -> Array:
        check_array("Flatten", x)
        return ops.reshape(x, (*x.shape[:1], math.prod(x.shape[1:])))


class Upsample(Module):
    """x `(batch, height, width, channels)` → y `(batch, factor·height, factor·width, channels)`

    `mode` "nearest" repeats each pixel, "bilinear" mixes neighbours (see ops.resize). Before a convolution it enlarges
    without the checkers of a transposed one. Raises ValueError where x isn't images. Source: Odena, Dumoulin and Olah,
    "Deconvolution and checkerboard artifacts", Distill 2016.
    """

    def __init__(self, factor: int = 2, mode: str = "nearest") -> None:
        if mode not in ("nearest", "bilinear"):
            raise ValueError(f"Upsample: mode {mode!r}: expected 'nearest' or 'bilinear'")
        self.factor, self.mode = whole("Upsample", "factor", factor), mode

    def forward(self, x: Array) -> Array:
        check_floats("Upsample", x)
        if x.ndim != 4:
            raise ValueError(f"Upsample: x {x.shape}: expected (batch, height, width, channels), channels last")
        return ops.resize(x, (x.shape[1] * self.factor, x.shape[2] * self.factor), self.mode)
