"""The formula as it stands: three loops, written in Python and run by Python.

    for every row i of A, for every column j of B:    c[i, j] = Σ over k of a[i, k]·b[k, j]

A multiplication and an addition take a processor a quarter of a nanosecond, or less. Here they take some 50: Python
looks up what `*` means for these two objects, makes an object of the product, and again for the sum; none of it is
arithmetic. The numbers are taken out of the arrays first, since asking an array for one element costs twice as much
again. Arithmetic intensity: 2 operations for the 2 numbers fetched, which hardly matters, so far from any limit.
"""

from typing import Any

from numpy.typing import NDArray

from tinyxm_kernels.matmul._operands import each_matrix
from tinyxm_kernels.registry import flops, rung

LARGEST = 2 * 128**3  # operations: a tenth of a second


@rung(accepts=lambda a, b: flops("matmul", a, b) <= LARGEST, needs="at most 2·128³ operations: Python's loops crawl")
@each_matrix
def matmul(a: NDArray[Any], b: NDArray[Any], c: NDArray[Any]) -> None:
    rows, columns = a.tolist(), b.T.tolist()
    for i, row in enumerate(rows):
        for j, column in enumerate(columns):
            total = 0.0
            for left, right in zip(row, column, strict=True):
                total += left * right
            c[i, j] = total
