"""Where arrays are: on the CPU (NumPy's) or on a GPU (CuPy's); and how a rule makes one beside another.

The engine has no notion of devices: NumPy's functions and operators, called on CuPy's arrays, run CuPy's. Only what is
made from nothing has to be told where. `np.zeros_like(a)` and `np.arange(n, like=array_of(a))` are; what a user gave,
perhaps as a list, goes through `beside`.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyxm.autograd.tensor import array_of
from tinyxm_kernels import cuda


def beside(operation: str, x: Any, array: Any, dtype: Any = None) -> Any:
    """x as an array that is where `array` is, and in this dtype if one is given: a list or a number is put there.

    Raises TypeError for an array that is elsewhere: nothing is moved in silence, since that makes each step wait.
    """
    there = cuda.is_device_array(array)
    if not there and not cuda.is_device_array(x):
        return np.asarray(x, dtype)
    if isinstance(x, np.ndarray) or cuda.is_device_array(x):
        cuda.common_place(operation, (array, x))
        return x if dtype is None else x.astype(dtype, copy=False)
    return cuda.move(np.asarray(x, dtype), cuda.place(array))


def to_host(x: Any) -> np.ndarray:
    """A copy of an array, as NumPy's."""
    return x.get() if cuda.is_device_array(x) else np.array(x)


def copy_into(array: Any, values: Any) -> None:
    """Write values, which may be elsewhere, into an array."""
    array[...] = cuda.like(values, array)


def placed(values: np.ndarray, x: Any) -> Any:
    """What was made of sizes alone, by NumPy, where the array or Tensor x is."""
    return cuda.like(values, array_of(x))


def on_host(x: Any) -> np.ndarray:
    """The array of a Tensor, an array or a list, as NumPy's: for what decides shapes, such as lengths."""
    x = array_of(x)
    return x.get() if cuda.is_device_array(x) else np.asarray(x)
