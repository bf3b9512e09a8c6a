"""How a CUDA kernel that transposes a stack of matrices, row by row, comes to transpose all that `transpose` takes."""

from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels.cuda import CudaKernel, kernel
from tinyxm_kernels.cuda.arrays import in_one_piece

Array = NDArray[np.float32]
BLOCK = 32, 8  # threads
MOST_BLOCKS = 65535  # of a grid along y, which counts rows, and along z, which counts matrices
NEEDS = f"fewer than 2³¹ − 32 columns, and at most {MOST_BLOCKS * BLOCK[1]} rows, which the grid's y can count"


def kernel_of(file: str) -> CudaKernel:
    """The kernel in the `.cu` beside a rung's file."""
    return kernel(Path(file).with_suffix(".cu"), "transpose")


def fits(a: Array) -> bool:
    return a.shape[-1] < 2**31 - 32 and a.shape[-2] <= MOST_BLOCKS * BLOCK[1]


def turn(transpose: CudaKernel, a: Array, rows: int) -> Array:
    """aᵀ by a kernel whose blocks are 32 columns wide and so many rows high."""
    m, n = a.shape[-2:]
    y = np.empty_like(a, shape=(*a.shape[:-2], n, m), dtype=np.float32, order="C")
    if a.size:
        matrices = prod(a.shape[:-2])
        given, turned = in_one_piece(a).reshape(matrices, m, n), y.reshape(matrices, n, m)
        for z in range(0, matrices, MOST_BLOCKS):
            to = turned[z : z + MOST_BLOCKS]
            transpose((-(-n // 32), -(-m // rows), len(to)), BLOCK, given[z : z + MOST_BLOCKS], to, m, n)
    return y
