"""A launch held to what the kernel's source says of its parameters, and to CUDA's limits, before anything runs.

CUDA trusts its caller. A Python int is passed as eight bytes where the kernel reads four, a strided view as if it lay
in one piece, and a block of too many threads is refused by number only. The messages here are the same on a GPU and in
the simulator.
"""

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyxm_kernels.cuda.devices import is_device_array

Triple = tuple[int, int, int]
Extent = int | Sequence[int]

# CUDA C++ Programming Guide, "Technical Specifications per Compute Capability": the same from 5.0 to 12.x
BLOCK_THREADS = 1024
BLOCK_EXTENT = 1024, 1024, 64
GRID_EXTENT = 2**31 - 1, 65535, 65535
SHARED_BYTES = 48 << 10  # that a kernel may use without asking
LARGEST_SHARED_BYTES = 227 << 10  # of any architecture (9.0, 10.0), for those that ask; a device's own is read from it


@dataclass(frozen=True)
class Parameter:
    """One parameter of a kernel: `ctype` as C writes it; `dtype` the number's, or that of what a pointer points to."""

    name: str
    ctype: str
    pointer: bool
    dtype: np.dtype
    const: bool


def extent(name: str, what: str, given: Extent) -> Triple:
    """A grid or a block as (x, y, z). Raises TypeError for other than whole numbers, ValueError for too many."""
    try:
        sizes = [operator.index(n) for n in (given if isinstance(given, Sequence) else (given,))]
    except TypeError:
        raise TypeError(f"{name}: {what} {given!r}: expected a whole number, or up to three (x, y, z)") from None
    if not 1 <= len(sizes) <= 3:
        raise ValueError(f"{name}: {what} {given!r}: expected one to three numbers, (x, y, z)")
    x, y, z = [*sizes, 1, 1][:3]
    return x, y, z


def check_limits(name: str, grid: Triple, block: Triple, shared: int) -> None:
    """Raise ValueError for a launch that no device could do."""
    for what, sizes, limits in (("grid", grid, GRID_EXTENT), ("block", block, BLOCK_EXTENT)):
        for axis, size, limit in zip("xyz", sizes, limits, strict=True):
            if size < 1:  # CuPy would launch one
                raise ValueError(
                    f"{name}: {what} {sizes}: {axis} is {size}: launch nothing where there is nothing to do"
                )
            if size > limit:
                mend = "cover more with each block, or loop within the kernel" if what == "grid" else "take fewer"
                raise ValueError(f"{name}: {what} {sizes}: {axis} is {size}, and the most is {limit}; {mend}")
    threads = block[0] * block[1] * block[2]
    if threads > BLOCK_THREADS:
        raise ValueError(f"{name}: block {block} has {threads} threads, and the most is {BLOCK_THREADS}: take fewer")
    if not 0 <= shared <= LARGEST_SHARED_BYTES:
        raise ValueError(
            f"{name}: {shared} bytes of dynamic shared memory: expected 0 to {LARGEST_SHARED_BYTES}, the most "
            "that any GPU gives a block; take smaller tiles"
        )


def pack(name: str, parameters: Sequence[Parameter], arguments: Sequence[Any]) -> list[Any]:
    """The arguments as the kernel reads them: each number of its parameter's type, each array as it is.

    Raises TypeError for an argument of another kind or dtype, ValueError for a number that doesn't fit and for an array
    that isn't contiguous, or read-only where it would be written.
    """
    if len(arguments) != len(parameters):
        names = ", ".join(f"{p.ctype} {p.name}" for p in parameters)
        raise TypeError(f"{name}: {len(arguments)} arguments, and the kernel takes {len(parameters)}: ({names})")
    return [
        _pointer(name, p, x) if p.pointer else _number(name, p, x) for p, x in zip(parameters, arguments, strict=True)
    ]


def _pointer(name: str, parameter: Parameter, x: Any) -> Any:
    if x is None:
        return x
    dtype = np.dtype(parameter.dtype).base  # of float4, float
    if not isinstance(x, np.ndarray) and not is_device_array(x):
        raise TypeError(f"{name}: {parameter.name} is {parameter.ctype}: expected an array of {dtype}, not {x!r:.50}")
    if x.dtype != dtype:
        raise TypeError(
            f"{name}: {parameter.name} is {parameter.ctype}: expected an array of {dtype}, not of {x.dtype}; "
            f"convert it, x.astype(np.{dtype})"
        )
    if not x.flags.c_contiguous:
        raise ValueError(
            f"{name}: {parameter.name} {x.shape} doesn't lie in one piece (strides {x.strides}), and a kernel "
            "sees no strides: copy it, np.ascontiguousarray(x)"
        )
    if isinstance(x, np.ndarray) and not parameter.const and not x.flags.writeable:
        raise ValueError(f"{name}: {parameter.name} is {parameter.ctype}, to be written, and the array is read-only")
    return x


def _number(name: str, parameter: Parameter, x: Any) -> Any:
    dtype = np.dtype(parameter.dtype)
    whole = dtype.kind in "iub"
    if not isinstance(x, int | np.integer | np.bool_ if whole else int | float | np.number | np.bool_):
        expected = "a whole number" if whole else "a number"
        raise TypeError(f"{name}: {parameter.name} is {parameter.ctype}: expected {expected}, not {x!r:.50}")
    if dtype.kind in "iu" and not np.iinfo(dtype).min <= x <= np.iinfo(dtype).max:
        raise ValueError(
            f"{name}: {parameter.name} is {parameter.ctype}, which {x} doesn't fit: its indices would wrap; "
            "split the work into several launches"
        )
    return dtype.type(x)
