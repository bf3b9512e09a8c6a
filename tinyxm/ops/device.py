"""From the CPU to a GPU and back, as an operation: gradients go the other way."""

from __future__ import annotations

from typing import Any

from tinyxm.autograd import Array, Tensor, primitive
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


def moved(values: Any, device: str) -> Any:
    """The same with each array and Tensor in it on a device: a batch is a tuple, list or dictionary of them."""
    if isinstance(values, dict):
        return {key: moved(value, device) for key, value in values.items()}
    if isinstance(values, list | tuple):
        parts: list[Any] = [moved(value, device) for value in values]
        return type(values)(*parts) if hasattr(values, "_fields") else type(values)(parts)
    return to(values, device) if isinstance(values, Tensor) or hasattr(values, "dtype") else values
