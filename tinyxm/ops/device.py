"""From the CPU to a GPU and back, as an operation: gradients go the other way."""

from __future__ import annotations

from tinyxm.autograd import Array, primitive
from tinyxm.autograd.tensor import array_of
from tinyxm_kernels import cuda

__all__ = ["to"]


@primitive(a=lambda g, device, origin: _to(g, origin, device))
def _to(a: Array, device: str, origin: str) -> Array:
    return cuda.move(a, device)


def to(a: Array, device: str) -> Array:
    """y = a on another device, "cpu", "cuda" or "cuda:1";  ∂a = g on that of a. What is there already stays as it is

    A leaf's gradient gathers where the leaf is: move a model by its own `to`. Raises ValueError for another word or a
    device that isn't there, RuntimeError with the reason where there is no GPU, MemoryError where it has no room.
    """
    origin = cuda.place(array_of(a))
    if device == origin:
        return a
    if device != "cpu":
        device = f"cuda:{cuda.device_number(device)}"
    return a if device == origin else _to(a, device, origin)
