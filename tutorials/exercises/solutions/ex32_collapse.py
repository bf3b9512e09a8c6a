"""Exercise 32, solved: ‖x̂_i − x̂_j‖² is 2 − 2 cosines; the triangle above the diagonal has each pair once."""

import numpy as np


def alignment_and_uniformity(x, y):
    """(A, U). x and y (n, dimensions), row i of x belongs to row i of y; n is 2 at least, no row is 0."""
    x, y = (a / np.linalg.norm(a, axis=1, keepdims=True) for a in (x, y))
    aligned = np.mean(np.sum((x - y) ** 2, axis=1))
    apart = (2 - 2 * x @ x.T)[np.triu_indices(len(x), k=1)]
    return aligned, np.log(np.mean(np.exp(-2 * apart)))
