"""The same three loops in another order, i, k, j: along the rows of B and C.

The order of the loops doesn't change a sum's terms, nor their order. It changes what lies beside what. With j innermost
the loop says

    a row of C += one number of A · a row of B

and all of it lies in one piece of memory: each cache line that comes is used whole, the next is fetched before it is
asked for, and eight (float32) multiply-adds become one vector instruction, since nothing is summed from one to the
next.

Arithmetic intensity: 2 operations for 12 bytes (an element of B and one of C read, one of C written), 1/6 of an
operation a byte, wherever B and C come from. That is the limit now: three instructions of memory for one of arithmetic.
And every row of A goes through all of B, k·n numbers; when they don't fit the cache they come from memory m times.
"""

from tinyxm_kernels._compiled import compiled
from tinyxm_kernels.matmul._operands import each_matrix
from tinyxm_kernels.registry import rung


@rung(backend="numba")
@each_matrix
@compiled
def matmul(a, b, c):
    for i in range(a.shape[0]):
        for k in range(a.shape[1]):
            for j in range(b.shape[1]):
                c[i, j] += a[i, k] * b[k, j]
