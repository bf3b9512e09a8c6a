"""C's operators on numbers, as NumPy's functions: comparisons, arithmetic, conversions from type to type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinyxm_kernels.simt.machine import LaunchError
from tinyxm_kernels.simt.memory import Address
from tinyxm_kernels.simt.types import BOOL, Scalar

COMPARISONS = {
    "<": np.less, ">": np.greater, "<=": np.less_equal, ">=": np.greater_equal, "==": np.equal, "!=": np.not_equal,
}  # fmt: skip
ARITHMETIC: dict[str, Callable[[Any, Any], Any]] = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}


def conversion(have: Scalar, want: Scalar) -> Callable[[Any], Any]:
    """Numbers of one type as another, as a device converts them: to whole numbers toward zero, at most the largest."""
    dtype = want.dtype
    if want == BOOL:
        return lambda value: value != 0
    if have.is_float and not want.is_float:
        limits = np.iinfo(dtype)

        def whole(value: Any) -> Any:
            wide = np.asarray(value, np.float64)
            inside = np.trunc(np.where(np.isnan(wide), 0, np.clip(wide, limits.min, limits.max)))
            largest = inside >= float(limits.max)
            return np.where(largest, limits.max, np.where(largest, 0, inside).astype(dtype)).astype(dtype)[()]

        return whole
    return lambda value: value.astype(dtype)


def quotient(a: Any, b: Any) -> Any:
    """C's division of whole numbers, toward zero; by zero it isn't defined, and gives 0 here."""
    if np.asarray(a).dtype.kind == "u" or ((np.min(a) >= 0) and (np.min(b) >= 0)):
        return a // b
    return (a - np.fmod(a, b)) // np.where(b == 0, b.dtype.type(1), b)[()]


def remainder(a: Any, b: Any) -> Any:
    """With the sign of a: a − b·(a / b)."""
    return np.fmod(a, b)


WHOLE: dict[str, Callable[[Any, Any], Any]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": quotient, "%": remainder, "<<": np.left_shift,
    ">>": np.right_shift, "&": np.bitwise_and, "|": np.bitwise_or, "^": np.bitwise_xor,
}  # fmt: skip


def selected(condition: Any, yes: Any, no: Any) -> Any:
    """`yes` where the condition holds; part by part for vectors, by offset for pointers into one array."""
    if isinstance(yes, tuple):
        return tuple(selected(condition, a, b) for a, b in zip(yes, no, strict=True))
    if isinstance(yes, Address):
        if yes.buffer is not no.buffer:
            raise LaunchError(
                f"a pointer that is {yes.buffer.name} in some threads and {no.buffer.name} in others isn't simulated: "
                "choose by index within one array, or by if and else"
            )
        return Address(yes.buffer, np.where(condition, yes.offset, no.offset))
    return np.where(condition, yes, no)


def distance(a: Address, b: Address, size: int) -> Any:
    """How many numbers lie between two pointers: of two arrays -1, of null and null 0."""
    if a.buffer is not b.buffer:
        return np.int64(-1 if a.buffer.length or b.buffer.length else 0)
    return (a.offset - b.offset) // np.int64(max(1, size // a.buffer.element.itemsize))
