"""Projections of paired views that agree."""

from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from tinyxm.models.linear._matrices import Matrix, centre, enough, pair, positive, project


class CanonicalCorrelation:
    """Canonical correlation analysis: the paired projections of two views that agree most.

        C_xx = X'X / n + penalty_x (tr(X'X / n) / p) I,   C_yy alike,   C_xy = X'Y / n
        C_xx^-½ C_xy C_yy^-½ = U diag(ρ) V',   A = C_xx^-½ U_k,   B = C_yy^-½ V_k
        project_x(x) = (x - x̄) A diag(ρ^power),   project_y(y) = (y - ȳ) B diag(ρ^power)

    so that A'C_xx A = B'C_yy B = I and A'C_xy B = diag(ρ). Without penalties ρ are the correlations of the projections.
    A penalty is relative to the mean variance of its view, and keeps directions with little variance from agreeing by
    chance. power=0 gives the canonical variates themselves; for retrieval by cosine the directions that agree little
    are better weighted down, hence power=1. Time grows as p³ + q³: reduce wide views by `PrincipalComponents` first.

    After `fit`: `mean_x` (p,), `mean_y` (q,), `weights_x` A (p, components), `weights_y` B (q, components),
    `correlations` ρ (components,), in decreasing order.
    Sources: Hotelling, "Relations between two sets of variates", Biometrika 28 (1936); penalties: Vinod, "Canonical
    ridge and econometrics of joint production", Journal of Econometrics 4 (1976); power: Gong, Ke, Isard and Lazebnik,
    "A multi-view embedding space for modeling internet images, tags, and their semantics", IJCV 106 (2014), section 3.
    """

    def __init__(self, components: int, *, penalty_x: float = 0.1, penalty_y: float = 0.1, power: float = 1.0) -> None:
        self.components = positive("CanonicalCorrelation", "components", components)
        for role, value in (("penalty_x", penalty_x), ("penalty_y", penalty_y), ("power", power)):
            if not 0 <= value < np.inf:
                raise ValueError(f"CanonicalCorrelation: {role}={value}; expected 0 or more")
        self.penalty_x, self.penalty_y, self.power = penalty_x, penalty_y, power

    def fit(self, x: Matrix, y: Matrix) -> Self:
        """Find the paired projections of x (n, p) and y (n, q), whose rows belong together.

        Raises ValueError for more components than min(n - 1, p, q), and for a covariance that can't be inverted.
        """
        name = "CanonicalCorrelation.fit"
        x, y = pair(name, x, y)
        enough(name, self.components, samples=len(x), features=min(x.shape[1], y.shape[1]))
        mean_x, centred_x = centre(x)
        mean_y, centred_y = centre(y)
        root_x = inverse_root(name, "x", centred_x, self.penalty_x)
        root_y = inverse_root(name, "y", centred_y, self.penalty_y)
        left, correlations, right = linalg.svd(
            root_x @ (centred_x.T @ centred_y / len(x)) @ root_y, full_matrices=False
        )
        k = self.components
        self.mean_x, self.weights_x = mean_x.astype(x.dtype), (root_x @ left[:, :k]).astype(x.dtype)
        self.mean_y, self.weights_y = mean_y.astype(y.dtype), (root_y @ right[:k].T).astype(y.dtype)
        self.correlations = correlations[:k].astype(np.result_type(x, y))
        return self

    def project_x(self, x: Matrix) -> Matrix:
        """x (m, p) in the shared space: (m, components)."""
        projected = project("CanonicalCorrelation.project_x", "x", x, self, "mean_x", "weights_x")
        return projected * self.correlations**self.power

    def project_y(self, y: Matrix) -> Matrix:
        """y (m, q) in the shared space: (m, components)."""
        projected = project("CanonicalCorrelation.project_y", "y", y, self, "mean_y", "weights_y")
        return projected * self.correlations**self.power


def inverse_root(name: str, role: str, centred: NDArray[np.float64], penalty: float) -> NDArray[np.float64]:
    covariance = centred.T @ centred / len(centred)
    values, vectors = linalg.eigh(covariance)
    values = values + penalty * values.mean()  # the mean eigenvalue is the mean variance
    if values[0] <= len(values) * np.finfo(np.float64).eps * values[-1]:
        raise ValueError(
            f"{name}: the covariance of {role} {centred.shape} can't be inverted: its features are constant or depend "
            f"on one another; expected features that vary and, where they depend, penalty_{role} above 0"
        )
    return vectors / np.sqrt(values) @ vectors.T
