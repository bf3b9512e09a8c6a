"""Transposition: rows become columns, and nothing is computed. All there is to win or lose is the way through memory.

    y[..., j, i] = a[..., i, j]                (..., M, N) -> (..., N, M), row by row in memory

NumPy's `a.T` moves nothing; it is the same numbers, to be read with other strides. Here they are moved, as is worth it
where what follows reads them along the rows, often. Each number is read once and written once, 8 bytes of float32 that
can't be fewer: a transposition is as fast as a copy or it is badly made. Read it in this order:

    reference        the definition, left to NumPy
    cuda_naive       reads along the rows, writes down the columns: of each sector written, 32 bytes, 4 are its own
    cuda_unpadded    by tiles of 32×32 that are turned in shared memory: reads and writes along rows, in whole sectors;
                     but a column of the tile lies in one bank, and takes 32 passes for one
    cuda_padded      a 33rd number to each row of the tile, which nobody reads: a column lies in 32 banks, one pass

Counted for a 32×32 tile, sectors of global memory and passes of shared (Ruetsch and Micikevicius, Optimizing Matrix
Transpose in CUDA, 2009):

                     sectors read    written    passes to write    to read
    cuda_naive                128       1024                  -          -
    cuda_unpadded             128        128                 32       1024
    cuda_padded               128        128                 32         32
"""

from math import prod
from typing import Any

from numpy.typing import NDArray

from tinyxm_kernels._checks import check_arrays
from tinyxm_kernels.registry import operation


def _rule(a: Any) -> tuple[str, ...]:
    """reference: on CPUs it is NumPy's copy, whatever the dtype."""
    return ("reference",)


_transpose = operation(
    "transpose",
    __name__,
    flops=lambda a: 0,
    elements=lambda a: 2 * prod(a),
    rule=_rule,
    on_cuda=("cuda_padded",),
)


def transpose(a: NDArray[Any]) -> NDArray[Any]:
    """y = aᵀ in memory of its own, row by row: the last two axes change places, (..., M, N) -> (..., N, M).

    Any dtype and any strides. Raises ValueError for fewer than two axes, TypeError for a list.
    """
    check_arrays("transpose", a=a)
    if a.ndim < 2:
        raise ValueError(f"transpose: a has shape {a.shape}, expected (..., rows, columns)")
    return _transpose.choose(a)(a)
