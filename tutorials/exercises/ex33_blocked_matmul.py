"""Exercise 33: a matmul in blocks (lesson 28, 3 points).

C = A B in three plain loops goes through all of B for each row of A. Where B doesn't fit the cache, each number of B
is fetched from memory again for each row. In blocks it isn't: take size × size numbers of B, let all rows of A use
them, then take the next ones,

    for each block of rows k₀ … k₀ + size of B
        for each block of columns j₀ … j₀ + size of B
            for each row i of A
                for k in the block, for j in the block:    C[i, j] += A[i, k] · B[k, j]

The last block of a row or a column may be smaller: sizes needn't divide. Write plain loops over single numbers, as
Numba wants them: the check tries them in Python on small matrices, watching what of B is fetched, and then compiled.
(What Numba compiles doesn't notice an index that is out of bounds.) Ask

    tinyxm check ex33
"""

import numpy as np


def blocked_matmul(a, b, size):
    """C (m, n), in the type of a. a (m, depth), b (depth, n), size: of a block, 1 or more."""
    raise NotImplementedError
