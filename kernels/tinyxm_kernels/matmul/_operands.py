"""How a rung that multiplies two matrices comes to multiply all that `matmul` takes: vectors, batches, views.

@rung()
@each_matrix              c += a b, for matrices that lie row by row; c begins as zeros
def matmul(a, b, c): ...

memory_of(a)              the memory of any view as one flat array, for kernels that do their own addressing
"""

from collections.abc import Callable
from functools import wraps
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def as_stacks(a: Array, b: Array) -> tuple[Array, Array]:
    """A vector on the left becomes a row, on the right a column."""
    return a if a.ndim > 1 else a[None], b if b.ndim > 1 else b[:, None]


def as_given(c: Array, a: Array, b: Array) -> Array:
    """The product of stacks without the axis that a vector got: the product of a and b."""
    if a.ndim > 1 and b.ndim > 1:
        return c
    return c[(..., *(slice(None) if operand.ndim > 1 else 0 for operand in (a, b)))]


def each_matrix(product: Callable[[Array, Array, Array], None]) -> Callable[[Array, Array], Array]:
    """A rung from a function of two matrices, which are copied where they don't lie row by row."""

    @wraps(product)
    def matmul(a: Array, b: Array) -> Array:
        left, right = as_stacks(a, b)
        batch = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
        c = np.zeros((*batch, left.shape[-2], right.shape[-1]), a.dtype.newbyteorder("="))
        left, right = (np.broadcast_to(x, (*batch, *x.shape[-2:])) for x in (left, right))
        for i in np.ndindex(batch):
            product(by_rows(left[i]), by_rows(right[i]), c[i])
        return as_given(c, a, b)

    return matmul


def by_rows(a: Array) -> Array:
    """A matrix that lies row by row and may be written, so that Numba compiles for one kind of array alone."""
    return np.require(a, a.dtype.newbyteorder("="), ("C", "A", "W"))


class _Memory:
    """Some memory by its address, as an array: NumPy reads this and makes the array."""

    def __init__(self, owner: Array, address: int, count: int) -> None:
        self.owner = owner  # kept alive as long as the array
        self.__array_interface__ = {
            "version": 3,
            "data": (address, False),
            "shape": (count,),
            "typestr": owner.dtype.str,
        }


def memory_of(a: Array) -> tuple[Array, int, list[int]]:
    """The memory that a's elements lie in as a flat array, where its first element is in it, and its strides there.

    No copy is made of transposed, sliced, reversed or broadcast views; one is made where the distance between elements
    is no multiple of their size (a field of a structured array) and of bytes in foreign order.
    """
    size = a.itemsize
    if a.flags.carray and a.dtype.isnative:  # contiguous, writable: the common case, at a tenth of the cost
        return a.reshape(-1), 0, [step // size for step in a.strides]
    if not (a.flags.aligned and a.dtype.isnative and a.size) or any(step % size for step in a.strides):
        a = np.array(a, a.dtype.newbyteorder("="), order="C")
    steps = [step // size for step in a.strides]
    ends = [(n - 1) * step for n, step in zip(a.shape, steps, strict=True)]
    before, after = sum(min(0, end) for end in ends), sum(max(0, end) for end in ends)
    address = a.__array_interface__["data"][0] + before * size
    return np.asarray(_Memory(a, address, after - before + 1)), -before, steps


FIRST = np.zeros(1, np.int64)


def located(a: Array, batch: tuple[int, ...]) -> tuple[Array, NDArray[np.int64], int, int]:
    """A stack's flat memory, where in it each matrix of `batch` begins, and the strides of rows and of columns."""
    memory, start, steps = memory_of(a)
    if not batch:
        return memory, FIRST + start if start else FIRST, steps[-2], steps[-1]
    if a.shape[:-2] == batch and a.flags.c_contiguous:
        step = max(1, a.shape[-2] * a.shape[-1])
        return memory, np.arange(start, start + prod(batch) * step, step), steps[-2], steps[-1]
    at = np.full(batch, start)
    for axis in range(a.ndim - 2):
        if a.shape[axis] > 1:
            after = a.ndim - 3 - axis  # axes of the batch that follow
            at += steps[axis] * np.arange(a.shape[axis]).reshape(-1, *[1] * after)
    return memory, at.reshape(-1), steps[-2], steps[-1]
