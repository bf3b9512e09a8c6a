"""Projections of two views, or of more, that agree."""

from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from tinyxm.models.linear._matrices import Matrix, centre, enough, matrix, pair, positive, project


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
        root_x = inverse_root(name, "x", centred_x, self.penalty_x, "penalty_x")
        root_y = inverse_root(name, "y", centred_y, self.penalty_y, "penalty_y")
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


class GeneralisedCorrelation:
    """Generalised canonical correlation of several views (MAXVAR): one shared variate g that every view can tell.

        maximise Σ_v g' P_v g,   g'g = 1,   P_v = X_v (X_v'X_v + α_v I)⁻¹ X_v', the projection onto view v
        Z_v = X_v C_v^-½ / √n,   C_v = X_v'X_v / n + α_v / n I,   [Z_1 … Z_V] = G diag(√λ) U'
        W_v = √V C_v^-½ U_v,   project(v, x) = (x - x̄_v) W_v diag(ρ^power),   ρ = (λ - 1) / (V - 1)

    λ runs from 1, a direction of one view alone, to V, one that all views share; ρ is the mean correlation between
    views. For two views without penalties it is canonical correlation, to the last digit. α_v = penalty · n · (mean
    variance of view v's features).

    After `fit`: `means`, `weights` (lists, one per view), `agreements` λ and `correlations` ρ (components,), in
    decreasing order. Sources: Kettenring, "Canonical analysis of several sets of variables", Biometrika 58 (1971);
    regularised: Tenenhaus and Tenenhaus, "Regularized generalized canonical correlation analysis", Psychometrika 76
    (2011).
    """

    def __init__(self, components: int, *, penalty: float = 0.1, power: float = 1.0) -> None:
        self.components = positive("GeneralisedCorrelation", "components", components)
        for role, value in (("penalty", penalty), ("power", power)):
            if not 0 <= value < np.inf:
                raise ValueError(f"GeneralisedCorrelation: {role}={value}; expected 0 or more")
        self.penalty, self.power = penalty, power

    def fit(self, *views: Matrix) -> Self:
        """Find the projections of two views or more, (n, p_v) each, whose rows belong together.

        Raises ValueError for fewer views, for rows that don't pair up, for more components than n - 1 or the widest
        view has features, and for a covariance that can't be inverted.
        """
        name = "GeneralisedCorrelation.fit"
        if len(views) < 2:
            raise ValueError(f"{name}: {len(views)} views; expected two or more")
        for view in views[1:]:
            pair(name, views[0], view)
        count, n = len(views), len(views[0])
        enough(name, self.components, samples=n, features=max(view.shape[1] for view in views))
        means, centred = zip(*(centre(view) for view in views), strict=True)
        roots = [inverse_root(name, f"view {v}", view, self.penalty, "penalty") for v, view in enumerate(centred)]
        whitened = np.hstack([view @ root for view, root in zip(centred, roots, strict=True)]) / np.sqrt(n)
        width = whitened.shape[1]
        values, vectors = linalg.eigh(whitened.T @ whitened, subset_by_index=[width - self.components, width - 1])
        parts = np.split(vectors[:, ::-1], np.cumsum([len(root) for root in roots])[:-1])
        kinds = [view.dtype for view in views]
        self.means = [mean.astype(kind) for mean, kind in zip(means, kinds, strict=True)]
        self.weights = [
            (np.sqrt(count) * root @ part).astype(kind) for root, part, kind in zip(roots, parts, kinds, strict=True)
        ]
        self.agreements = values[::-1].astype(np.result_type(*kinds))
        self.correlations = np.maximum(self.agreements - 1, 0) / (count - 1)
        return self

    def project(self, view: int, x: Matrix) -> Matrix:
        """x (m, p_v), of the view of this number, in the shared space: (m, components)."""
        name = "GeneralisedCorrelation.project"
        if not hasattr(self, "weights"):
            raise ValueError(f"{name}: not fitted yet; call fit first")
        if not 0 <= view < len(self.weights):
            raise ValueError(f"{name}: view {view}; expected 0 to {len(self.weights) - 1}")
        centred = matrix(name, "x", x, len(self.means[view])) - self.means[view]
        return centred @ self.weights[view] * self.correlations**self.power


def inverse_root(name: str, role: str, centred: NDArray[np.float64], penalty: float, named: str) -> NDArray[np.float64]:
    covariance = centred.T @ centred / len(centred)
    values, vectors = linalg.eigh(covariance)
    values = values + penalty * values.mean()  # the mean eigenvalue is the mean variance
    if values[0] <= len(values) * np.finfo(np.float64).eps * values[-1]:
        raise ValueError(
            f"{name}: the covariance of {role} {centred.shape} can't be inverted: its features are constant or depend "
            f"on one another; expected features that vary and, where they depend, {named} above 0"
        )
    return vectors / np.sqrt(values) @ vectors.T
