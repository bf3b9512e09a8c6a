"""How a CUDA kernel that sums pieces of rows comes to sum all that `reduce_sum` takes, with the same bits each time."""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels.cuda import CudaKernel
from tinyxm_kernels.cuda.arrays import in_one_piece

Array = NDArray[Any]
THREADS = 256  # of a block, at most
PIECE = 16 * THREADS  # numbers of a row, at least, that are worth a block of their own
BLOCKS = 1024  # that keep the largest GPUs busy


def sums(sum_rows: CudaKernel, a: Array, axis: int | None, shared_of_thread: int = 0) -> Array:
    """Σ a by a kernel that takes so many bytes of dynamic shared memory a thread.

    Into how many pieces a row is cut, and so the order of additions, depends on the shape alone, not on the device.
    """
    rows, columns = (1, a.size) if axis is None else (prod(a.shape[:-1]), a.shape[-1])
    y = np.empty_like(a, shape=() if axis is None else a.shape[:-1], dtype=np.float32, order="C")
    if not y.size:
        return y
    given = in_one_piece(a).reshape(rows, columns)
    pieces = min(-(-columns // PIECE), BLOCKS // rows)
    if pieces > 1:
        shares = np.empty_like(a, shape=(rows, pieces), dtype=np.float32, order="C")
        _launch(sum_rows, given, shares, shared_of_thread)
        given = shares
    _launch(sum_rows, given, y.reshape(rows, 1), shared_of_thread)
    return y


def _launch(sum_rows: CudaKernel, given: Array, to: Array, shared_of_thread: int) -> None:
    columns = given.shape[1]
    threads = 32
    while threads < min(columns, THREADS):
        threads *= 2
    sum_rows(to.shape, threads, given, to, columns, shared=threads * shared_of_thread)
