"""Fewer coordinates that keep most of the variance."""

from typing import Self

import numpy as np
from scipy import linalg
from scipy.spatial import distance

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


class KernelComponents:
    """Principal components of the features that a kernel stands for: curves become lines.

        k(a, b) = exp(-‖a - b‖² / (2 s²)),   K_c = H K H,  H = I - 11'/n,   K_c u = λ u
        transform(x) = k_c(x, training rows) u / √λ

    Canonical correlation of kernel components is kernel CCA: `CanonicalCorrelation(8).fit(kx.transform(x),
    ky.transform(y))`; its penalties matter more, for kernels can make anything agree. The width s is `bandwidth` times
    the median distance of the training rows. Time grows as n³.

    After `fit`: `examples` (n, p), `width` s, `coefficients` (n, components), `variances` λ / n (components,).
    Sources: Schölkopf, Smola and Müller, "Nonlinear component analysis as a kernel eigenvalue problem", Neural
    Computation 10 (1998); kernel CCA: Hardoon, Szedmak and Shawe-Taylor, "Canonical correlation analysis: an overview
    with application to learning methods", Neural Computation 16 (2004).
    """

    def __init__(self, components: int, bandwidth: float = 1.0) -> None:
        self.components = positive("KernelComponents", "components", components)
        if not 0 < bandwidth < np.inf:
            raise ValueError(f"KernelComponents: bandwidth={bandwidth}; expected a number above 0")
        self.bandwidth = bandwidth

    def fit(self, x: Matrix) -> Self:
        """Find the components of x (n, p). Raises ValueError for more than n - 1, and where most rows are equal."""
        name = "KernelComponents.fit"
        self.examples = matrix(name, "x", x)
        n = len(self.examples)
        enough(name, self.components, samples=n, features=n)
        squared = _squared_distances(self.examples, self.examples)
        self.width = self.bandwidth * float(np.sqrt(np.median(squared[np.triu_indices(n, 1)])))
        if not self.width:
            raise ValueError(f"{name}: half of all pairs of the {n} rows are equal; expected rows that differ")
        kernel = np.exp(-squared / (2 * self.width**2))
        self._means = kernel.mean(axis=0)
        centred = kernel - self._means - self._means[:, None] + self._means.mean()
        values, vectors = linalg.eigh(centred, subset_by_index=[n - self.components, n - 1])
        if values[0] <= n * np.finfo(np.float64).eps * values[-1]:
            raise ValueError(f"{name}: x has fewer than {self.components} distinct rows to tell apart; ask for fewer")
        self.coefficients = vectors[:, ::-1] / np.sqrt(values[::-1])
        self.variances = (values[::-1] / n).astype(self.examples.dtype)
        return self

    def transform(self, x: Matrix) -> Matrix:
        """Coordinates of x (m, p): (m, components)."""
        if not hasattr(self, "coefficients"):
            raise ValueError("KernelComponents.transform: not fitted yet; call fit first")
        x = matrix("KernelComponents.transform", "x", x, self.examples.shape[1])
        kernel = np.exp(-_squared_distances(x, self.examples) / (2 * self.width**2))
        # the coefficients of a component sum to 0, so the mean of a row needs no subtracting
        return ((kernel - self._means) @ self.coefficients).astype(x.dtype)


def _squared_distances(x: Matrix, y: Matrix) -> Matrix:
    return distance.cdist(x, y, "sqeuclidean")
