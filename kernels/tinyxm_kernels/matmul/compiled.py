"""The same three loops, compiled: Numba turns them into machine code when they are first called.

What it adds: types. That `a` is an array of float32 is found out once, not at every `*`, and what is left of the inner
loop is the arithmetic: some fifty times as fast as `loops`. Why no faster: the sum goes over k, so that B is read down
a column. Its elements lie a whole row apart: each read fetches a cache line, 64 bytes, and uses 4 of them, and a vector
instruction, which takes 8 neighbours, finds none. Worst where rows are a multiple of 4096 bytes apart: the lines of a
column then fall into the same few places of the cache and drive each other out.

Arithmetic intensity: 2 operations for each 4 + 64 bytes fetched, once B's column no longer stays in the cache.
"""

from tinyxm_kernels._compiled import compiled
from tinyxm_kernels.matmul._operands import each_matrix
from tinyxm_kernels.registry import rung


@rung(backend="numba")
@each_matrix
@compiled
def matmul(a, b, c):
    for i in range(a.shape[0]):
        for j in range(b.shape[1]):
            for k in range(a.shape[1]):
                c[i, j] += a[i, k] * b[k, j]
