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


def check_native(operation: str, **arrays: Any) -> None:
    """Arrays, in this machine's byte order."""
    check_arrays(operation, **arrays)
    for name, array in arrays.items():
        if not array.dtype.isnative:
            told = f"{name} is {array.dtype.str}, expected this machine's byte order"
            raise TypeError(f"{operation}: {told}: convert with .astype(np.{array.dtype.name})")


def check_floats(operation: str, **arrays: Any) -> None:
    """All arrays float32, or all float64."""
    try:
        codes = {array.dtype.char if array.dtype.isnative else "" for array in arrays.values()}
    except AttributeError:  # of a list, of None
        codes = set()
    if codes != {"f"} and codes != {"d"}:
        check_native(operation, **arrays)
        given = ", ".join(f"{name} {array.dtype}" for name, array in arrays.items())
        raise TypeError(f"{operation}: {given}; expected all float32 or all float64: convert with .astype")


def check_shape(operation: str, name: str, given: Shape, expected: Shape) -> None:
    if given != expected:
        raise ValueError(f"{operation}: {name} has shape {given}, expected {expected}")


def is_whole(number: Any) -> bool:
    """Whether it is a whole number, of Python or NumPy: no True, no 1.0."""
    return type(number) is int or isinstance(number, np.integer)


def window_grid(
    operation: str, image: Shape, window: Shape, stride: Shape, padding: Shape, dilation: Shape | None = None
) -> Shape:
    """How many windows fit along each axis: ⌊(size + 2 padding − dilation (window − 1) − 1) / stride⌋ + 1."""
    dilation = (1,) * len(image) if dilation is None else dilation
    for name, numbers, least in (
        ("window", window, 1),
        ("stride", stride, 1),
        ("padding", padding, 0),
        ("dilation", dilation, 1),
    ):
        if (
            not isinstance(numbers, tuple)
            or len(numbers) != len(image)
            or not all(map(is_whole, numbers))
            or (min(numbers) < least)
        ):
            raise ValueError(f"{operation}: {name} {numbers!r}: expected {len(image)} whole numbers from {least} up")
    grid = []
    for size, taps, step, more, apart in zip(image, window, stride, padding, dilation, strict=True):
        room = size + 2 * more - apart * (taps - 1) - 1
        if room < 0:
            told = f" (its taps {'×'.join(map(str, dilation))} apart)" if max(dilation) > 1 else ""
            sizes = "×".join(str(n + 2 * around) for n, around in zip(image, padding, strict=True))
            raise ValueError(
                f"{operation}: a {'×'.join(map(str, window))} window{told} doesn't fit in the image, {sizes} with its "
                "padding"
            )
        grid.append(room // step + 1)
    return tuple(grid)
