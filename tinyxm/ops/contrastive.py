"""Contrastive losses: two views of the same thing should find each other among all."""

from __future__ import annotations

import numpy as np

from tinyxm.autograd import Array
from tinyxm.autograd.places import beside, placed
from tinyxm.autograd.tensor import array_of
from tinyxm.ops.activation import softplus
from tinyxm.ops.cross_entropy import cross_entropy
from tinyxm.ops.index import masked_fill
from tinyxm.ops.linalg import matmul, transposed
from tinyxm.ops.loss import reduced

__all__ = ["info_nce", "sigmoid_contrastive"]


def info_nce(a: Array, b: Array, scale: Array | float, same: Array | None = None, reduction: str = "mean") -> Array:
    """InfoNCE, both ways: each row of a should find its row of b among all, and each row of b its row of a

        S = scale·A Bᵀ,   L = (cross_entropy(S, 0 … n−1) + cross_entropy(Sᵀ, 0 … n−1)) / 2

    a, b `(n, dimensions)`, of unit length; `scale` is 1 / temperature. `same[i, j]` marks pairs off the diagonal that
    mean the same: they are false negatives, and take no part. A loss that stays at ln n hasn't learned. Raises
    ValueError for other shapes. (van den Oord, Li & Vinyals 2018; Radford et al. 2021)
    """
    false_negatives = _false_negatives("info_nce", a, b, same)
    similarity = matmul(a, transposed(b)) * scale
    if false_negatives is not None:
        similarity = masked_fill(similarity, false_negatives, -1e9)
    own = placed(np.arange(a.shape[0]), a)
    there, back = (cross_entropy(s, own, reduction=reduction) for s in (similarity, transposed(similarity)))
    return (there + back) * 0.5


def sigmoid_contrastive(
    a: Array,
    b: Array,
    scale: Array | float,
    bias: Array | float,
    same: Array | None = None,
    reduction: str = "mean",
) -> Array:
    """Each pair by itself: does row i of a belong to row j of b? L = mean over i of Σ_j softplus(−z_ij·s_ij)

        S = scale·A Bᵀ + bias,   z_ij = 1 where i = j, else −1

    a, b `(n, dimensions)`, of unit length; a bias near −ln n, such as −10, starts out from what most pairs are. `same`
    is as in `info_nce`. Raises ValueError for other shapes. (SigLIP: Zhai, Mustafa, Kolesnikov & Beyer 2023)
    """
    false_negatives = _false_negatives("sigmoid_contrastive", a, b, same)
    similarity = matmul(a, transposed(b)) * scale + bias
    losses = softplus(similarity * placed(1 - 2 * np.eye(a.shape[0], dtype=a.dtype), a))
    if false_negatives is not None:
        losses = masked_fill(losses, false_negatives, 0)
    return reduced("sigmoid_contrastive", np.sum(losses, axis=1), reduction)


def _false_negatives(operation: str, a: Array, b: Array, same: Array | None) -> Array | None:
    """`same` without its diagonal; ValueError for shapes that aren't (n, dimensions), twice, and (n, n)."""
    if a.shape != b.shape or a.ndim != 2 or not a.shape[0]:
        raise ValueError(f"{operation}: a {a.shape} and b {b.shape}: expected two of one shape, (n, dimensions), n > 0")
    n = a.shape[0]
    if same is None:
        return None
    if np.shape(same) != (n, n):
        raise ValueError(f"{operation}: same {np.shape(same)}: expected {(n, n)}, a mark for each pair")
    return beside(operation, array_of(same), array_of(a), bool) & placed(~np.eye(n, dtype=bool), a)
