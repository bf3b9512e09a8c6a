"""What NumPy says of shapes that don't fit, in terms of the operation it was called for: the sizes that clash."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Any

import numpy as np

from tinyxm_kernels import cuda


def explained(error: Exception, operation: str, operands: dict[str, Any], static: dict[str, Any]) -> Exception:
    """The same error with the operation and its operands' shapes first, unless it is one of ours already; in place of
    what CuPy says, where the arrays are and what to do about it."""
    ours = re.match(r"\w+: ", str(error)) and not isinstance(error, np.exceptions.AxisError)
    arrays = [x for value in operands.values() for x in (value if isinstance(value, list) else (value,))]
    if not ours and any(map(cuda.is_device_array, arrays)):
        try:
            place = cuda.common_place(operation, arrays)
        except TypeError as mixed:
            return mixed
        error = cuda.in_words(operation, error, int(place.rpartition(":")[2]))
    if ours or not isinstance(error, ValueError | TypeError | IndexError):
        return error
    kind = next(kind for kind in (ValueError, TypeError, IndexError) if isinstance(error, kind))
    shapes = ", ".join(f"{name} {_shape(x)}" for name, x in operands.items())
    words = _clash(str(error), operands, static) or str(error)
    return kind(f"{operation}: {shapes}: {words}").with_traceback(error.__traceback__)


def _shape(x: Any) -> str:
    if isinstance(x, list):
        return f"[{', '.join(map(_shape, x[:4]))}{', ...' * (len(x) > 4)}]"
    return str(getattr(x, "shape", type(x).__name__))


def _clash(message: str, operands: dict[str, Any], static: dict[str, Any]) -> str:
    """Which sizes clash; nothing where the message isn't about that."""
    if "broadcast" in message:
        written = re.findall(r"->\(([\w,]*)\)" if "->" in message.split("]:")[-1] else r"\(([\d,]*)\)", message)
        indices = "the indices' " * ("indexing arrays" in message)
        return indices + words if (words := _not_broadcast([*map(_sizes, written)])) else ""
    if (found := re.match(r"cannot reshape array of size (\d+)", message)) and "shape" in static:
        elements, shape = found[1], tuple(np.atleast_1d(static["shape"]).tolist())  # NumPy leaves out a −1 in front
        if -1 in shape:
            return f"{elements} elements don't divide by the {-math.prod(shape)} of {shape}"
        return f"{elements} elements don't fill {shape}, which has {math.prod(shape)}"
    if found := re.search(
        r"along dimension (\d+), .* index (\d+) has size (\d+) .* index (\d+) has size (\d+)", message
    ):
        axis, i, n, j, m = found.groups()
        return f"sizes {n} and {m} of axis {axis} differ in arrays {i} and {j}; only the axis to join along may differ"
    if message == "all input arrays must have the same shape":
        shapes = next(([*map(np.shape, x)] for x in operands.values() if isinstance(x, list)), [])
        return next(
            (
                f"array {i} is {s}, array 0 {shapes[0]}; all must have the same shape"
                for i, s in enumerate(shapes)
                if s != shapes[0]
            ),
            "",
        )
    return ""


def _sizes(shape: str) -> tuple[int, ...]:
    return tuple(1 if n == "newaxis" else int(n) for n in shape.split(",") if n)


def _not_broadcast(shapes: Sequence[tuple[int, ...]]) -> str:
    for k in range(1, max(map(len, shapes), default=0) + 1):
        sizes = [*dict.fromkeys(shape[-k] for shape in shapes if len(shape) >= k and shape[-k] != 1)]
        if len(sizes) > 1:
            axis = "the last axis" if k == 1 else f"axis -{k}"
            return f"sizes {sizes[0]} and {sizes[1]} of {axis} don't broadcast; they must be equal, or one of them 1"
    return ""
