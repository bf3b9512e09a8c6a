"""Every method of alignment on one pairing: similarities of the held-out samples, and correlations by direction."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm.models.deep_correlation import DeepCorrelation
from tinyxm.models.linear import (
    CanonicalCorrelation,
    GeneralisedCorrelation,
    KernelComponents,
    Procrustes,
    cosine_similarity,
    csls,
)
from tinyxm.recipes.align.pairings import Pairing
from tinyxm.recipes.baselines import retrieval_baselines

Matrix = NDArray[Any]
KERNELS = 256  # kernel components at most
BANDWIDTH = 1.0  # of the median distance
DEEP_PENALTY = 0.5  # of the linear CCA that comes last


def canonical(pairing: Pairing, components: int) -> CanonicalCorrelation:
    """Linear CCA of the training rows."""
    x, y = (pairing.reduced_views[name][pairing.train] for name in pairing.pair)
    return CanonicalCorrelation(min(components, x.shape[1], y.shape[1])).fit(x, y)


def deep_projections(
    pairing: Pairing, model: DeepCorrelation, rows: Matrix
) -> tuple[Matrix, Matrix, CanonicalCorrelation]:
    """Both views' rows in the shared space of deep CCA, and the linear CCA that took them there."""
    x, y = (pairing.reduced_views[name] for name in pairing.pair)
    last = model.align(x[pairing.train], y[pairing.train], penalty=DEEP_PENALTY)
    told = model.outputs(x[rows], y[rows])
    return last.project_x(told[0]), last.project_y(told[1]), last


def similarities(pairing: Pairing, components: int) -> tuple[dict[str, Matrix], dict[str, Matrix]]:
    """{method: similarity (test, test)} of all methods but deep CCA, for the first way and for the way back."""
    train, test = pairing.train, pairing.test
    x, y = (pairing.reduced_views[name] for name in pairing.pair)
    there = retrieval_baselines(x[train], y[train], x[test], y[test], components=components)
    back = retrieval_baselines(y[train], x[train], y[test], x[test], components=components)
    both: dict[str, Matrix] = {"cca_csls": csls(there["cca"])}
    width = min(x.shape[1], y.shape[1])
    turned = Procrustes().fit(x[train, :width], y[train, :width]).predict(x[test, :width])
    both["procrustes"] = cosine_similarity(turned, y[test, :width])
    kernels = [KernelComponents(min(KERNELS, len(train) // 2), BANDWIDTH).fit(view[train]) for view in (x, y)]
    curved = [kernel.transform(view) for kernel, view in zip(kernels, (x, y), strict=True)]
    shared = CanonicalCorrelation(min(components, curved[0].shape[1])).fit(curved[0][train], curved[1][train])
    both["kernel_cca"] = cosine_similarity(shared.project_x(curved[0][test]), shared.project_y(curved[1][test]))
    views = list(pairing.reduced_views.values())
    many = GeneralisedCorrelation(min(components, width)).fit(*(view[train] for view in views))
    both["generalised_cca"] = cosine_similarity(many.project(0, x[test]), many.project(1, y[test]))
    return {**there, **both}, {**back, **{name: matrix.T for name, matrix in both.items()}}


def correlations(x: Matrix, y: Matrix) -> list[float]:
    """The correlation of each column of x (n, k) with the same of y; 0 where one doesn't vary."""
    x, y = (np.asarray(a, np.float64) - np.mean(a, axis=0, dtype=np.float64) for a in (x, y))
    scale = np.linalg.norm(x, axis=0) * np.linalg.norm(y, axis=0)
    return [float(value) for value in np.sum(x * y, axis=0) / np.where(scale > 0, scale, 1)]


def spectra(pairing: Pairing, model: DeepCorrelation, components: int) -> dict[str, dict[str, list[float]]]:
    """{method: {"train": ρ of each direction, "held_out": the same of held-out pairs}}, of CCA and deep CCA."""
    linear = canonical(pairing, components)
    x, y = (pairing.reduced_views[name] for name in pairing.pair)
    found: dict[str, dict[str, list[float]]] = {"cca": {}, "deep_cca": {}}
    for part, rows in (("train", pairing.train), ("held_out", pairing.test)):
        found["cca"][part] = correlations(linear.project_x(x[rows]), linear.project_y(y[rows]))
        found["deep_cca"][part] = correlations(*deep_projections(pairing, model, rows)[:2])
    return found


def difference_from_scikit_learn(pairing: Pairing, components: int = 3) -> float:
    """The largest difference between a canonical variate of ours and of scikit-learn's, both of unit variance.

    On the training rows of both views, each reduced to at most 12 principal components; without penalties.
    """
    from sklearn.cross_decomposition import CCA

    x, y = (np.asarray(pairing.reduced_views[name][pairing.train, :12], np.float64) for name in pairing.pair)
    ours = CanonicalCorrelation(components, penalty_x=0, penalty_y=0, power=0).fit(x, y)
    theirs = CCA(components, max_iter=100_000, tol=1e-16).fit(x, y).transform(x, y)
    largest = 0.0
    for own, other in zip((ours.project_x(x), ours.project_y(y)), theirs, strict=True):
        other = other / other.std(axis=0)
        largest = max(largest, float(np.abs(own * np.sign(np.sum(own * other, axis=0)) - other).max()))
    return largest
