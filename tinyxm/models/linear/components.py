"""Fewer coordinates that keep most of the variance."""

from typing import Self

import numpy as np
from scipy import linalg

from tinyxm.models.linear._matrices import Matrix, centre, enough, matrix, positive, project


class PrincipalComponents:
    """The directions along which data vary most: projections onto the top eigenvectors of their covariance.

        C = X'X / (n - 1) = V Λ V',   X = x - mean,   transform(x) = (x - mean) V_k

    With more features than samples the eigenvectors come from the (n, n) Gram matrix: XX' u = λ u gives V = X'u / √λ.
    After `fit`: `mean` (p,), `axes` (p, components), orthonormal columns of arbitrary sign, `variances` (components,),
    in decreasing order. With `fewer`, data that vary along fewer directions keep as many as there are. Source:
    Hotelling, "Analysis of a complex of statistical variables into principal components", Journal of Educational
    Psychology 24 (1933).
    """

    def __init__(self, components: int, *, fewer: bool = False) -> None:
        self.components = positive("PrincipalComponents", "components", components)
        self.fewer = fewer

    def fit(self, x: Matrix) -> Self:
        """Find mean and axes of x (n, p). Raises ValueError if it varies along fewer than `components` directions,
        or with `fewer`, along none.
        """
        name = "PrincipalComponents.fit"
        x = matrix(name, "x", x)
        n, features = x.shape
        components = min(self.components, n - 1, features) if self.fewer else self.components
        enough(name, max(components, 1), samples=n, features=features)
        mean, centred = centre(x)
        size, wide = min(n, features), features > n
        gram = (centred @ centred.T if wide else centred.T @ centred) / (n - 1)
        values, vectors = linalg.eigh(gram, subset_by_index=[size - components, size - 1])
        values, vectors = values[::-1], vectors[:, ::-1]
        distinct = int(np.sum(values > max(x.shape) * np.finfo(np.float64).eps * values[0]))
        if self.fewer and distinct:
            values, vectors = values[:distinct], vectors[:, :distinct]
        elif distinct < components:
            raise ValueError(f"{name}: x varies along {distinct} directions; ask for at most that many components")
        axes = centred.T @ vectors / np.sqrt(values * (n - 1)) if wide else vectors
        self.mean, self.axes, self.variances = (a.astype(x.dtype) for a in (mean, axes, values))
        return self

    def transform(self, x: Matrix) -> Matrix:
        """Coordinates of x (m, p) along the axes: (m, components)."""
        return project("PrincipalComponents.transform", "x", x, self, "mean", "axes")
