"""The operations whose numbers aren't told cell by cell, and why not: what a reader is told in place of it."""

from __future__ import annotations

_ELIMINATION = "it's found by elimination, which works on the whole matrix, one row after another"
_WAVES = (
    "each number is a sum over the whole line, times cosines and sines of its own frequency: too many terms to read"
)
_SECOND = "it's part of another operation's way back, which is recorded only where that is differentiated once more"
_BECAUSE = {
    "cholesky": _ELIMINATION,
    "det": _ELIMINATION,
    "solve": _ELIMINATION,
    "rfft": _WAVES,
    "irfft": _WAVES,
    "sort": "where a number stands is decided by all others of its line; the number itself is one of them, unchanged",
    "ways": "it's the logarithm of a sum over every way in which the letters can lie along the sound, which a "
    "recursion over time finds: no term belongs to one cell",
    "einsum": "its subscripts decide which products are added, and they can say any sum of products; read them beside "
    "the formula",
    "overlap_add": "which frames lie over a place depends on the hop; the numbers there are added, and nothing else",
    "onto_the_diagonal": "the numbers are only put on the diagonal of a matrix of zeros",
    "cumsum": "the array is made one line first; then each number is the sum of those up to it",
    "getitem": "its index is of a kind that this page doesn't follow; the number is one of the operand's, unchanged",
    "scatter_add": "the gradient is only read where the number had been added to",
    "binary_cross_entropies.targets": "targets are given, and hardly anybody asks for their gradient",
    "binary_cross_entropies.weight": "a weight is given, and hardly anybody asks for its gradient",
    "clip.a_min": "it's g, added up over the places where this limit held",
    "clip.a_max": "it's g, added up over the places where this limit held",
    "group_statistics.x": "each number has a share in the mean and the variance of its group, all places at once",
    "to": "the array is only copied to another device",
    **dict.fromkeys(("conv2d_weight_gradient", "embedding_bag_weight_gradient"), _SECOND),
    **dict.fromkeys(("spread", "spread_evenly", "to_the_largest", "from_the_largest"), _SECOND),
}


def why_underived(operation: str) -> str:
    """The sentence for an operation or an adjoint, such as "solve" or "solve.a"; "" where there is a derivation."""
    because = _BECAUSE.get(operation) or _BECAUSE.get(operation.partition(".")[0])
    return f"No cell-by-cell derivation, because {because}." if because else ""


def underived() -> list[str]:
    """The names that have a sentence."""
    return list(_BECAUSE)
