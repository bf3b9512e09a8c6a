"""What a learned space looks like: gap, alignment, uniformity, effective rank, hubness.

They score no task; they show why one goes wrong. Embeddings are (n, d), one row each, and where two modalities are
compared row i of the one belongs to row i of the other.

Every function raises ValueError for arrays that aren't (n, d), empty or not finite, and, where only directions count,
for a row that is 0.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import pdist
from scipy.special import logsumexp

from tinyxm.metrics._features import features, features_pair, unit_rows


def modality_gap(first: ArrayLike, second: ArrayLike) -> float:
    """Distance between the centres of two modalities on the unit sphere: ‖mean x̂ − mean ŷ‖, from 0 to 2.

    0: one cloud. Retrieval doesn't see it, for it moves all answers alike, but whatever compares across modalities with
    within them does. It is there from the start, and a low temperature keeps it. first, second: (n, d) and (m, d).

    Source: Liang et al., "Mind the gap: understanding the modality gap in multi-modal contrastive learning" (2022).
    """
    x, y = _directions_of_two("modality_gap", first, second)
    return float(np.linalg.norm(x.mean(axis=0) - y.mean(axis=0)))


def alignment(first: ArrayLike, second: ArrayLike, power: float = 2.0) -> float:
    """How near true pairs are: mean ‖x̂ᵢ − ŷᵢ‖^α, from 0 (the same direction) to 2^α; less is better.

    Alone it is best where everything is one point; `uniformity` tells. first, second: (n, d). α is `power`. Raises
    ValueError for numbers of rows that differ.

    Source: Wang and Isola, "Understanding contrastive representation learning through alignment and uniformity on the
    hypersphere" (2020).
    """
    x, y = _directions_of_two("alignment", first, second)
    if len(x) != len(y):
        raise ValueError(f"alignment: {len(x)} and {len(y)} rows; expected pairs, row i with row i")
    return float(np.mean(np.linalg.norm(x - y, axis=1) ** power))


def uniformity(embeddings: ArrayLike, t: float = 2.0) -> float:
    """How evenly directions fill the sphere: ln mean_{i<j} exp(−t ‖x̂ᵢ − x̂ⱼ‖²), less is better, at most 0 (one point).

    An even sphere of many dimensions has −2t, and no set of directions is far below. embeddings: (n, d), two rows at
    least. Source: Wang and Isola (2020), as `alignment`.
    """
    x = unit_rows("uniformity", features("uniformity", embeddings, least=2))
    squared = pdist(x, "sqeuclidean")
    return float(logsumexp(-t * squared) - np.log(len(squared)))


def effective_rank(embeddings: ArrayLike) -> float:
    """How many directions are in use: exp(−Σ p ln p), p = σ / Σ σ, of the singular values σ; from 1 to min(n, d).

    1: all on one line, the collapse that a loss may not show; d: every direction alike. Not centred, as in RankMe: a
    large common offset counts as a direction, and lowers it. embeddings: (n, d), not all 0.

    Sources: Roy and Vetterli, "The effective rank" (2007); Garrido et al., "RankMe" (2023).
    """
    singular = np.linalg.svd(features("effective_rank", embeddings), compute_uv=False)
    if not singular.any():
        raise ValueError("effective_rank: all embeddings are 0; there is no direction to count")
    return float(np.exp(_entropy(singular / singular.sum())))


def von_neumann_entropy(embeddings: ArrayLike) -> float:
    """Entropy of the directions' spectrum: −Σ λ ln λ, λ the eigenvalues of X̂X̂ᵀ / n; from 0 (collapse) to ln min(n, d).

    embeddings: (n, d), no row 0. Source: Kim et al., "VNE: an effective method for improving deep representation by
    manipulating eigenvalue distribution" (2023).
    """
    x = unit_rows("von_neumann_entropy", features("von_neumann_entropy", embeddings))
    return float(_entropy(np.linalg.svd(x, compute_uv=False) ** 2 / len(x)))


def k_occurrence(similarity: ArrayLike, k: int = 10) -> NDArray[np.int64]:
    """How often each of the gallery is among the k most similar of a query: N, (gallery,), Σ N = k · queries.

    similarity: (queries, gallery), higher is nearer. Of equals the first count. Raises ValueError for a k outside
    1 .. gallery.
    """
    s = features("k_occurrence", similarity, role="similarities")
    if not 1 <= k <= s.shape[1]:
        raise ValueError(f"k_occurrence: k={k}; expected 1 to {s.shape[1]}, the gallery's size")
    nearest = np.argsort(-s, axis=1, kind="stable")[:, :k]
    return np.bincount(nearest.ravel(), minlength=s.shape[1])


def hubness(similarity: ArrayLike, k: int = 10) -> float:
    """Skewness of `k_occurrence`: E[(N − μ)³] / σ³. About 0: all answer alike often; above 1: a few answer everything.

    0 where all do exactly. Many dimensions make hubs of whatever is near the centre; `similarity` as there.

    Source: Radovanović, Nanopoulos and Ivanović, "Hubs in space", JMLR 11 (2010).
    """
    counts = k_occurrence(similarity, k)
    centred = counts - counts.mean()
    deviation = np.sqrt(np.mean(centred**2))
    return float(np.mean(centred**3) / deviation**3) if deviation else 0.0


def _entropy(shares: NDArray[np.float64]) -> float:
    present = shares[shares > 0]
    return max(0.0, -float(np.sum(present * np.log(present))))


def _directions_of_two(
    name: str, first: ArrayLike, second: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x, y = features_pair(name, first, second)
    return unit_rows(name, x), unit_rows(name, y)
