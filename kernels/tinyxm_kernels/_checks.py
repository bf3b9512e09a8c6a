"""What the rooms check alike."""

from typing import Any

import numpy as np

from tinyxm_kernels.registry import Shape


def check_arrays(operation: str, **arrays: Any) -> None:
    """Arrays, not lists or None: NumPy's, or others with its dtypes."""
    for name, array in arrays.items():
        if not isinstance(getattr(array, "dtype", None), np.dtype):
            given = type(array).__name__
            raise TypeError(f"{operation}: {name} is of type {given}, expected an array: convert with np.asarray")


def check_floats(operation: str, **arrays: Any) -> None:
    """All arrays float32, or all float64."""
    codes = {getattr(getattr(array, "dtype", None), "char", "") for array in arrays.values()}
    if codes != {"f"} and codes != {"d"}:
        check_arrays(operation, **arrays)
        given = ", ".join(f"{name} {array.dtype}" for name, array in arrays.items())
        raise TypeError(f"{operation}: {given}; expected all float32 or all float64: convert with .astype")


def check_shape(operation: str, name: str, given: Shape, expected: Shape) -> None:
    if given != expected:
        raise ValueError(f"{operation}: {name} has shape {given}, expected {expected}")


def window_grid(operation: str, image: Shape, window: Shape, stride: Shape, padding: Shape) -> tuple[int, int]:
    """(rows, columns) of windows in an image (height, width): ⌊(size + 2 padding − window) / stride⌋ + 1 each way."""
    for name, pair, least in (("window", window, 1), ("stride", stride, 1), ("padding", padding, 0)):
        if not isinstance(pair, tuple) or len(pair) != 2 or min(pair) < least:
            raise ValueError(
                f"{operation}: {name} {pair!r}: expected two whole numbers from {least} up, (rows, columns)"
            )
    height, width = image[0] + 2 * padding[0], image[1] + 2 * padding[1]
    if height < window[0] or width < window[1]:
        raise ValueError(
            f"{operation}: a {window[0]}×{window[1]} window doesn't fit in the image, {height}×{width} with its padding"
        )
    return (height - window[0]) // stride[0] + 1, (width - window[1]) // stride[1] + 1
