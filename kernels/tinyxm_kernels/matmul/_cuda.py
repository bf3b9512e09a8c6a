"""How a CUDA kernel that multiplies stacks of matrices, row by row, comes to multiply all that `matmul` takes.

    _kernels = kernels_of(__file__, half=True)        the `.cu` beside a rung's file, by the dtype of the operands
    multiply(_kernels, a, b, tile, block)             all launches that it takes

A kernel is `matmul(a, b, c, m, n, k)`, and blockIdx.z the matrix of the stack, so that all matrices of a batch are one
launch. An operand that has fewer than the other is copied as often as it is needed; unless it is one matrix on the
right, which is multiplied once, by all rows of the batch together. Views are copied, too.
"""

from math import prod
from pathlib import Path

import numpy as np

from tinyxm_kernels.cuda import CudaKernel, kernel
from tinyxm_kernels.cuda.arrays import in_one_piece
from tinyxm_kernels.matmul import _sizes
from tinyxm_kernels.matmul._operands import Array, as_given, as_stacks

MOST_BLOCKS = 65535  # of a grid along y, and along z; along x 2³¹ − 1
# of one matrix: the kernels number its elements by int, and those of a tile that juts out beyond it
MOST_ELEMENTS = 2**31 - 2**16


def kernels_of(file: str, half: bool = False) -> dict[str, CudaKernel]:
    source = Path(file).with_suffix(".cu")
    kernels = {"f": kernel(source, "matmul")}
    return kernels | {"e": kernel(source, "matmul", HALF=1)} if half else kernels


def fits(a: Array, b: Array) -> bool:
    """Whether an int can number the elements of each matrix, and the rows, which blocks of y count, are few enough."""
    _, m, n, k = _sizes(a.shape, b.shape)
    return max(m * k, k * n, m * n) <= MOST_ELEMENTS


FITS = f"matrices of at most {MOST_ELEMENTS} elements, which an int can number"


def multiply(
    kernels: dict[str, CudaKernel],
    a: Array,
    b: Array,
    tile: tuple[int, int],
    block: tuple[int, int],
    *,
    boundary: int = 1,
    down: bool = False,
) -> Array:
    """a b by a kernel whose blocks each compute a tile of (rows, columns) and read from addresses that `boundary`
    divides; blockIdx.x counts tiles along a row of c, or `down` a column."""
    left, right = as_stacks(a, b)
    batch = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    (m, k), n, matrices = left.shape[-2:], right.shape[-1], prod(batch)
    c = np.empty_like(a, shape=(*batch, m, n), dtype=a.dtype.newbyteorder("="), order="C")
    if c.size:
        rows = matrices * m
        if prod(right.shape[:-2]) == 1 and rows * max(k, n) <= MOST_ELEMENTS:
            m, matrices = rows, 1
        else:
            left = np.broadcast_to(left, (*batch, m, k))
            right = np.broadcast_to(right, (*batch, k, n))
        left = in_one_piece(left, boundary).reshape(matrices, m, k)
        right = in_one_piece(right, boundary).reshape(matrices, k, n)
        out = c.reshape(matrices, m, n)
        most_rows = MOST_BLOCKS * tile[0]
        deep = MOST_BLOCKS if m <= most_rows else 1
        for z in range(0, matrices, deep):
            for i in range(0, m, most_rows):
                some = slice(z, z + deep), slice(i, i + most_rows)
                to = out[some]
                tiles = -(-to.shape[2] // tile[1]), -(-to.shape[1] // tile[0])
                grid = (*(tiles[::-1] if down else tiles), len(to))
                kernels[a.dtype.char](grid, block, left[some], right[some[0]], to, to.shape[1], n, k)
    return as_given(c, a, b)
