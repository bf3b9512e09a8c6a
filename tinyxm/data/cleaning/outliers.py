"""Rows of numbers far from all others, by a distance that such rows don't move."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from ..samples import Samples
from .ledger import Entry, there

Matrix = NDArray[np.float64]
FAR = 5.0  # deviations up to which a number counts in proportion


def outliers(samples: Samples, modality: str, *, most: float = 7.0, action: str = "missing") -> Iterator[Entry]:
    """Rows of numbers that lie far from all others become missing.

    Columns are evened out first (`evened`), since most quantities are skewed and some have long tails; columns that are
    all one value are passed over. Far is a row whose distance (`robust_distance`) d is more than `most` robust
    deviations above the median, both of d^⅔: of normal rows that is nearly normal, whatever the number of columns
    (Wilson & Hilferty 1931, The distribution of chi-square). Nothing is said of fewer than 20 rows.
    """
    rows = [(i, np.ravel(value)) for i, value in there(samples, modality) if np.isfinite(np.asarray(value)).all()]
    if len(rows) < 20:
        return
    x = np.array([row for _, row in rows], np.float64)
    varies = x.std(axis=0) > 0
    if not varies.any():
        return
    scaled = np.zeros_like(x)
    scaled[:, varies] = evened(x[:, varies])
    root = robust_distance(scaled[:, varies]) ** (2 / 3)
    centred = root - np.median(root)
    far = centred / (1.4826 * np.median(np.abs(centred)) + 1e-12)
    for (i, row), how, z in zip(rows, far, scaled, strict=True):
        if how > most:
            k = int(np.abs(z).argmax())
            told = f"{how:.1f} deviations away; of its numbers number {k}, {row[k]:g}, is the furthest"
            yield Entry(samples.ids[i], modality, "outlier", action, "outliers", told)


def robust_distance(x: Matrix, steps: int = 20, share: float = 0.75, rng: int | np.random.Generator = 0) -> Matrix:
    """The Mahalanobis distance d = √((x − μ)ᵀ Σ⁻¹ (x − μ)) of each row, from μ and Σ that outliers don't move: (n,).

    μ and Σ are those of the `share` of rows that have the least determinant of Σ: begun with the rows nearest to the
    medians, then again and again with the rows of the least d, which never raises it. Distances are scaled so that
    their median is that of χ with as many degrees of freedom as there are columns. Source: Rousseeuw & Van Driessen
    1999, A fast algorithm for the minimum covariance determinant estimator (C-steps).
    """
    from scipy.stats import chi2

    n, d = x.shape
    count = max(min(n, d + 1), int(share * n))
    distance = np.sum(np.square(robust_units(x)), axis=1)
    for _ in range(steps):
        rows = np.argpartition(distance, count - 1)[:count]
        mean = x[rows].mean(axis=0)
        covariance = np.atleast_2d(np.cov(x[rows].T)) + 1e-9 * np.diag(x.var(axis=0) + 1e-12)
        previous, distance = distance, np.einsum("ni,in->n", x - mean, np.linalg.solve(covariance, (x - mean).T))
        if np.allclose(previous, distance):
            break
    return np.sqrt(distance / np.median(distance) * chi2.median(d))


def evened(x: Matrix) -> Matrix:
    """Each column in robust deviations, or its logarithm, whichever has the lighter tails; far ones drawn in.

    Sizes, areas and rates stand in proportion to one another, which are straight lines once they are logarithms: what
    breaks a proportion shows. For a column of which 95 % are positive the logarithm is arsinh(x / s), s a tenth of its
    5 % quantile, which is one for what is larger and still takes 0 and less. The tail is the 98 % quantile of |z|.
    Beyond z = 5 a number counts for 5·(1 + ln(z / 5)), so that a long tail isn't far by itself.
    """
    out = robust_units(x)
    for k, column in enumerate(x.T):
        positive = column[column > 0]
        if len(positive) >= 0.95 * len(column):
            logarithm = robust_units(np.arcsinh(column / (0.1 * np.quantile(positive, 0.05)))[:, None])[:, 0]
            if np.quantile(np.abs(logarithm), 0.98) < np.quantile(np.abs(out[:, k]), 0.98):
                out[:, k] = logarithm
    size = np.abs(out)
    return np.sign(out) * np.where(size <= FAR, size, FAR * (1 + np.log(np.maximum(size, FAR) / FAR)))


def robust_units(x: Matrix) -> Matrix:
    """(x − median) / deviation of each column, where values above the median have a deviation of their own."""
    centred = x - np.median(x, axis=0)
    out = np.zeros_like(centred)
    for k, column in enumerate(centred.T):
        whole = 1.4826 * np.median(np.abs(column)) or column.std() or 1.0
        for side in (column > 0, column < 0):
            spread = 1.4826 * np.median(np.abs(column[side])) if side.any() else whole
            out[side, k] = column[side] / max(spread, 0.1 * whole)
    return out
