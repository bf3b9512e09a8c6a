"""Layers that only rearrange."""

from __future__ import annotations

from tinyxm import ops
from tinyxm.autograd import Array
from tinyxm.nn._checks import check_array
from tinyxm.nn.module import Module


class Flatten(Module):
    """x `(batch, ...)` → y `(batch, all the rest in one axis)`, in row-major order: between images and Linear."""

    def forward(self, x: Array) -> Array:
        check_array("Flatten", x)
        return ops.flatten(x)
