"""Exercise 33, solved: five loops, of which the outer two step by blocks; min() ends the last ones."""

import numpy as np


def blocked_matmul(a, b, size):
    """C (m, n), in the type of a. a (m, depth), b (depth, n), size: of a block, 1 or more."""
    (m, depth), n = a.shape, b.shape[1]
    c = np.zeros((m, n), a.dtype)
    for k0 in range(0, depth, size):
        for j0 in range(0, n, size):
            for i in range(m):
                for k in range(k0, min(k0 + size, depth)):
                    for j in range(j0, min(j0 + size, n)):
                        c[i, j] += a[i, k] * b[k, j]
    return c
