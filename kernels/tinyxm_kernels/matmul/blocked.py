"""Blocks for the cache: a piece of B small enough to stay is used by every row of A before the next piece comes.

What it adds: two outer loops, which cut B into blocks of `DEPTH` rows and `COLUMNS` columns. A block, 64 KiB of
float32, comes from memory once, and stays in the second-level cache while all m rows of A pass over it. And four rows
of B are taken together: four multiply-adds for each element of C that is read and written, where `reordered` had one.

Arithmetic intensity: of memory, m multiply-adds for each element of B, where `reordered` had one when B was too large
for the cache; of the first-level cache, 8 operations for 24 bytes, 1/3 of an operation a byte, twice as many as
before. Limits: it still loads and stores C for every few operations. A processor does two vector multiply-adds at a
time, but loads two vectors and stores one: C has to stay in registers, which is the next rung.
"""

from tinyxm_kernels._compiled import compiled
from tinyxm_kernels.matmul._operands import each_matrix
from tinyxm_kernels.registry import rung

DEPTH, COLUMNS = 64, 256
TOGETHER = 4


@rung(backend="numba")
@each_matrix
@compiled
def matmul(a, b, c):
    depth, columns = b.shape
    for k0 in range(0, depth, DEPTH):
        end = min(depth, k0 + DEPTH)
        whole = end - (end - k0) % TOGETHER
        for j0 in range(0, columns, COLUMNS):
            j1 = min(columns, j0 + COLUMNS)
            for i in range(a.shape[0]):
                c_row = c[i, j0:j1]
                for k in range(k0, whole, TOGETHER):
                    a0, a1, a2, a3 = a[i, k], a[i, k + 1], a[i, k + 2], a[i, k + 3]
                    b0, b1, b2, b3 = b[k, j0:j1], b[k + 1, j0:j1], b[k + 2, j0:j1], b[k + 3, j0:j1]
                    for j in range(j1 - j0):
                        c_row[j] += a0 * b0[j] + a1 * b1[j] + a2 * b2[j] + a3 * b3[j]
                for k in range(whole, end):
                    for j in range(j0, j1):
                        c[i, j] += a[i, k] * b[k, j]
