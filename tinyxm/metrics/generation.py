"""Scores of generated things: are they like the real ones, and as various?

Each is measured on features, (n, d) arrays, one row for each thing, as a **frozen judge** sees them: the last layer but
one of a classifier of real things, that the generator has never been trained on. Pixels will do for small pictures. The
real ones come first: `frechet_distance(real, made)`; take those of a test split.

One number can't tell fidelity (is each one good?) from diversity (are they all there?): a generator that repeats one
perfect picture per class satisfies a judge wholly. So show two at least, one of each kind.

Every function raises ValueError for features that aren't (n, d), too few or not finite, and for widths that differ.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import cdist, pdist

from tinyxm.metrics._features import features, features_pair
from tinyxm.metrics.embeddings import von_neumann_entropy

Array = NDArray[np.float64]


def frechet_distance(real: ArrayLike, made: ArrayLike) -> float:
    """Fréchet distance of the normal distributions that fit both sets of features; FID, where a judge made them.

        d² = ‖μ₁ − μ₂‖² + tr(Σ₁ + Σ₂ − 2 (Σ₁ Σ₂)^½),    Σ with the denominator n − 1

    From 0, less is better; its unit is that of the features, squared, so figures of two judges can't be compared. It
    sees means and covariances, and nothing else. From few samples it is too large, by about a constant / n: compare
    only sets of the same size, and with the distance of two halves of the real set.

    real, made: (n, d) and (m, d), two rows at least. A covariance may be singular: with Σ = RᵀR for the triangular R of
    the centred features, tr (Σ₁ Σ₂)^½ is the sum of the singular values of R₁ R₂ᵀ, and no root of a matrix is needed.

    Sources: Dowson and Landau, "The Fréchet distance between multivariate normal distributions" (1982); Heusel et al.,
    "GANs trained by a two time-scale update rule" (2017); bias: Chong and Forsyth, "Effectively unbiased FID" (2020).
    """
    x, y = features_pair("frechet_distance", real, made, least=2)
    roots = [np.linalg.qr(z - z.mean(axis=0), mode="r") / np.sqrt(len(z) - 1) for z in (x, y)]
    return _frechet(x.mean(axis=0), roots[0], y.mean(axis=0), roots[1])


def frechet_distance_of_moments(
    mean: ArrayLike, covariance: ArrayLike, other_mean: ArrayLike, other_covariance: ArrayLike
) -> float:
    """`frechet_distance` of two normal distributions given by their means (d,) and covariances (d, d).

    Raises ValueError for shapes that don't fit and for a covariance that is asymmetric or has a negative eigenvalue.
    """
    means, roots = list[Array](), list[Array]()
    for mu, sigma in ((mean, covariance), (other_mean, other_covariance)):
        m, s = np.asarray(mu, np.float64), np.asarray(sigma, np.float64)
        if m.ndim != 1 or s.shape != 2 * m.shape or (means and m.shape != means[0].shape):
            raise ValueError(
                f"frechet_distance_of_moments: mean {m.shape}, covariance {s.shape}; expected (d,) and (d, d), twice"
            )
        if not np.allclose(s, s.T, rtol=1e-6, atol=1e-9 * np.abs(s).max(initial=0)):
            raise ValueError("frechet_distance_of_moments: a covariance isn't symmetric")
        values, vectors = np.linalg.eigh((s + s.T) / 2)
        if values[0] < -1e-6 * max(values[-1], 0):
            raise ValueError(f"frechet_distance_of_moments: a covariance has the negative eigenvalue {values[0]:.3g}")
        means.append(m)
        roots.append((vectors * np.sqrt(np.maximum(values, 0))).T)
    return _frechet(means[0], roots[0], means[1], roots[1])


def _frechet(mean: Array, root: Array, other_mean: Array, other_root: Array) -> float:
    shared = np.linalg.svd(root @ other_root.T, compute_uv=False).sum()
    distance = np.sum((mean - other_mean) ** 2) + np.sum(root**2) + np.sum(other_root**2) - 2 * shared
    return float(max(distance, 0.0))  # rounding of equal distributions


def kernel_distance(real: ArrayLike, made: ArrayLike) -> float:
    """Squared maximum mean discrepancy with a cubic kernel, without bias; KID, where a judge made the features.

        MMD² = mean_{i≠j} k(xᵢ, xⱼ) + mean_{i≠j} k(yᵢ, yⱼ) − 2 mean_{i,j} k(xᵢ, yⱼ),    k(a, b) = (a·b / d + 1)³

    Its expectation is 0 for equal distributions, whatever the number of samples, so a single value may lie below; less
    is better. It sees the first three moments. real, made: (n, d) and (m, d), two rows at least.

    Sources: Gretton et al., "A kernel two-sample test" (2012), lemma 6; Bińkowski et al.,
    "Demystifying MMD GANs" (2018).
    """
    x, y = features_pair("kernel_distance", real, made, least=2)

    def kernel(a: Array, b: Array) -> Array:
        return (a @ b.T / a.shape[1] + 1) ** 3

    def within(z: Array) -> float:
        k = kernel(z, z)
        return float((k.sum() - np.trace(k)) / (len(z) * (len(z) - 1)))

    return within(x) + within(y) - 2 * float(kernel(x, y).mean())


def generation_precision(real: ArrayLike, made: ArrayLike, k: int = 3) -> float:
    """Share of the made that lie where real ones do: **fidelity**, from 0 to 1.

        precision = mean_j [∃ i: ‖yⱼ − xᵢ‖ ≤ r_k(xᵢ)],    r_k(xᵢ) = distance of xᵢ to its k-th nearest among the others

    A single stray real thing has a wide ball, and takes in much: `generation_density` counts balls instead. A repeated
    picture has a precision of 1 as it may. real, made: (n, d) and (m, d), more than k rows.

    Source: Kynkäänniemi et al., "Improved precision and recall metric for assessing generative models" (2019).
    """
    inside, _ = _balls("generation_precision", real, made, k)
    return float(inside.any(axis=0).mean())


def generation_recall(real: ArrayLike, made: ArrayLike, k: int = 3) -> float:
    """Share of the real that lie where made ones do: **diversity**, from 0 to 1; as `generation_precision`, turned."""
    inside, _ = _balls("generation_recall", made, real, k)
    return float(inside.any(axis=0).mean())


def generation_density(real: ArrayLike, made: ArrayLike, k: int = 5) -> float:
    """How many real things' balls a made one lies in, divided by k: **fidelity**, 1 for equal distributions.

        density = 1 / (k m) Σ_j Σ_i [‖yⱼ − xᵢ‖ ≤ r_k(xᵢ)]

    It can pass 1, where the made crowd into the densest part of the real.

    Source: Naeem et al., "Reliable fidelity and diversity metrics for generative models" (2020).
    """
    inside, k = _balls("generation_density", real, made, k)
    return float(inside.sum(axis=0).mean() / k)


def generation_coverage(real: ArrayLike, made: ArrayLike, k: int = 5) -> float:
    """Share of the real that have a made one in their ball: **diversity**, from 0 to 1.

        coverage = mean_i [∃ j: ‖yⱼ − xᵢ‖ ≤ r_k(xᵢ)],    of equal distributions 1 − 2^−k where n = m is large

    Source: Naeem et al. (2020), as `generation_density`.
    """
    inside, _ = _balls("generation_coverage", real, made, k)
    return float(inside.any(axis=1).mean())


def _balls(name: str, centres: ArrayLike, others: ArrayLike, k: int) -> tuple[NDArray[np.bool_], int]:
    """(centres, others): whether the other lies no further off than the k-th nearest of the centre's own kind."""
    if k < 1:
        raise ValueError(f"{name}: k={k}; expected at least 1")
    x, y = features_pair(name, centres, others, least=k + 1)
    radius = np.partition(cdist(x, x), k, axis=1)[:, k]  # place 0 is its own, at distance 0
    return cdist(x, y) <= radius[:, None], k


def within_class_spread(real: ArrayLike, real_labels: ArrayLike, made: ArrayLike, made_labels: ArrayLike) -> Array:
    """For each class, how widely the made spread beside the real: 1 as widely, 0 all the same.

        ratio_c = s_c(made) / s_c(real),    s_c² = Σ_{i in c} ‖xᵢ − μ_c‖² / (n_c − 1)

    real, made: (n, d) and (m, d). labels: (n,) and (m,); for the made, what was asked for. Returns (classes,), in the
    order of the sorted labels of the real. A generator that gives one answer per class has 0, however much a judge
    likes it. The mean over classes can hide one that collapsed, so look at the least. A ratio says nothing of *where*
    they spread: noise has a large one.

    Raises ValueError for labels that don't fit, for a class of the real without two of each, and where all the real of
    a class are the same.
    """
    x, y = features_pair("within_class_spread", real, made, least=2)
    of_x, of_y = np.asarray(real_labels), np.asarray(made_labels)
    if of_x.shape != x.shape[:1] or of_y.shape != y.shape[:1]:
        raise ValueError(
            f"within_class_spread: {len(x)} real, labels {of_x.shape}; {len(y)} made, labels {of_y.shape}; one each"
        )
    ratios = []
    for label in np.unique(of_x):
        ours, theirs = x[of_x == label], y[of_y == label]
        if min(len(ours), len(theirs)) < 2 or not np.ptp(ours, axis=0).any():
            raise ValueError(
                f"within_class_spread: class {label} has {len(ours)} real, {len(theirs)} made; expected two of each, "
                "and the real not all the same"
            )
        ratios.append(np.sqrt(theirs.var(axis=0, ddof=1).sum() / ours.var(axis=0, ddof=1).sum()))
    return np.array(ratios)


def mean_pairwise_distance(made: ArrayLike) -> float:
    """Mean distance of two different rows, Σ_{i<j} ‖xᵢ − xⱼ‖ / (n (n − 1) / 2): **diversity**, in their unit."""
    return float(pdist(features("mean_pairwise_distance", made, least=2)).mean())


def vendi_score(made: ArrayLike) -> float:
    """How many different things there seem to be: **diversity**, from 1 (all the same) to n (nothing in common).

        VS = exp(−Σ λ ln λ),    λ the eigenvalues of K / n,    K_ij = cosine of rows i and j

    It needs no real things to compare with, so noise has the best; and it depends on n. made: (n, d), no row 0.

    Source: Friedman and Dieng, "The Vendi score: a diversity evaluation metric for machine learning" (2023).
    """
    return float(np.exp(von_neumann_entropy(made)))


def generation_scores(real: ArrayLike, made: ArrayLike, k: int = 5) -> dict[str, float]:
    """All of them that compare with the real, and the Vendi score, by the names of their functions."""
    return {
        "frechet_distance": frechet_distance(real, made),
        "kernel_distance": kernel_distance(real, made),
        "generation_precision": generation_precision(real, made, k),
        "generation_recall": generation_recall(real, made, k),
        "generation_density": generation_density(real, made, k),
        "generation_coverage": generation_coverage(real, made, k),
        "vendi_score": vendi_score(made),
    }
