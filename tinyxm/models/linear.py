"""The honest linear baselines, in closed form: what a learned model has to beat.

Rows are samples: x is (n, p), y is (n, q), float32 or float64. Statistics are solved in float64 and kept in the
dtype of the data they were fitted to. Every method raises TypeError for another dtype and ValueError for arrays that
aren't 2-D, are empty, not finite, or of another width than the one fitted, and for a method used before `fit`.
"""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

Matrix = NDArray[Any]


def cosine_similarity(x: Matrix, y: Matrix) -> Matrix:
    """Cosines between all rows: s_ij = x_i · y_j / (‖x_i‖ ‖y_j‖), 0 where a row is zero. (n, d), (m, d) -> (n, m)."""
    x = _matrix("cosine_similarity", "x", x)
    return _unit(x) @ _unit(_matrix("cosine_similarity", "y", y, x.shape[1])).T


class PrincipalComponents:
    """The directions along which data vary most: projections onto the top eigenvectors of their covariance.

        C = X'X / (n - 1) = V Λ V',   X = x - mean,   transform(x) = (x - mean) V_k

    With more features than samples the eigenvectors come from the (n, n) Gram matrix: XX' u = λ u gives V = X'u / √λ.
    After `fit`: `mean` (p,), `axes` (p, components), orthonormal columns of arbitrary sign, `variances` (components,),
    in decreasing order. Source: Hotelling, "Analysis of a complex of statistical variables into principal components",
    Journal of Educational Psychology 24 (1933).
    """

    def __init__(self, components: int) -> None:
        self.components = _positive("PrincipalComponents", "components", components)

    def fit(self, x: Matrix) -> Self:
        """Find mean and axes of x (n, p). Raises ValueError if it varies along fewer than `components` directions."""
        name = "PrincipalComponents.fit"
        x = _matrix(name, "x", x)
        n, features = x.shape
        _enough(name, self.components, samples=n, features=features)
        mean, centred = _centre(x)
        size, wide = min(n, features), features > n
        gram = (centred @ centred.T if wide else centred.T @ centred) / (n - 1)
        values, vectors = linalg.eigh(gram, subset_by_index=[size - self.components, size - 1])
        values, vectors = values[::-1], vectors[:, ::-1]
        distinct = int(np.sum(values > max(x.shape) * np.finfo(np.float64).eps * values[0]))
        if distinct < self.components:
            raise ValueError(f"{name}: x varies along {distinct} directions; ask for at most that many components")
        axes = centred.T @ vectors / np.sqrt(values * (n - 1)) if wide else vectors
        self.mean, self.axes, self.variances = (a.astype(x.dtype) for a in (mean, axes, values))
        return self

    def transform(self, x: Matrix) -> Matrix:
        """Coordinates of x (m, p) along the axes: (m, components)."""
        return _project("PrincipalComponents.transform", "x", x, self, "mean", "axes")


class Ridge:
    """Linear least squares with a penalty on the weights, relative to the data's own scale.

        minimise ‖(y - ȳ) - (x - x̄) W‖² + α ‖W‖²,   α = penalty · n · (mean variance of x's features)
        W = (X'X + αI)⁻¹ X'Y = X' (XX' + αI)⁻¹ Y,   predict(x) = (x - x̄) W + ȳ

    The mean variance makes one penalty mean the same at every scale and number of samples; the smaller of the two
    systems is solved. After `fit`: `mean` (p,), `weights` (p, q), `intercept` ȳ (q,). Source: Hoerl and Kennard,
    "Ridge regression: biased estimation for nonorthogonal problems", Technometrics 12 (1970).
    """

    def __init__(self, penalty: float = 0.1) -> None:
        if not 0 < penalty < np.inf:
            raise ValueError(f"Ridge: penalty={penalty}; expected a number above 0")
        self.penalty = penalty

    def fit(self, x: Matrix, y: Matrix) -> Self:
        """Find the weights that take x (n, p) to y (n, q). Raises ValueError where x is constant."""
        x, y = _pair("Ridge.fit", x, y)
        self.mean, inputs = _centre(x)
        self.intercept, outputs = _centre(y)
        n, features = x.shape
        alpha = self.penalty * np.sum(inputs**2) / features
        if alpha == 0:
            raise ValueError(f"Ridge.fit: the {n} rows of x are all equal; expected features that vary")
        if features > n:
            weights = inputs.T @ linalg.solve(inputs @ inputs.T + alpha * np.eye(n), outputs, assume_a="pos")
        else:
            weights = linalg.solve(inputs.T @ inputs + alpha * np.eye(features), inputs.T @ outputs, assume_a="pos")
        self.mean, self.weights = self.mean.astype(x.dtype), weights.astype(np.result_type(x, y))
        self.intercept = self.intercept.astype(y.dtype)
        return self

    def predict(self, x: Matrix) -> Matrix:
        """The targets of x (m, p): (m, q)."""
        return _project("Ridge.predict", "x", x, self, "mean", "weights") + self.intercept


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
        self.components = _positive("CanonicalCorrelation", "components", components)
        for role, value in (("penalty_x", penalty_x), ("penalty_y", penalty_y), ("power", power)):
            if not 0 <= value < np.inf:
                raise ValueError(f"CanonicalCorrelation: {role}={value}; expected 0 or more")
        self.penalty_x, self.penalty_y, self.power = penalty_x, penalty_y, power

    def fit(self, x: Matrix, y: Matrix) -> Self:
        """Find the paired projections of x (n, p) and y (n, q), whose rows belong together.

        Raises ValueError for more components than min(n - 1, p, q), and for a covariance that can't be inverted.
        """
        name = "CanonicalCorrelation.fit"
        x, y = _pair(name, x, y)
        _enough(name, self.components, samples=len(x), features=min(x.shape[1], y.shape[1]))
        mean_x, centred_x = _centre(x)
        mean_y, centred_y = _centre(y)
        root_x = _inverse_root(name, "x", centred_x, self.penalty_x)
        root_y = _inverse_root(name, "y", centred_y, self.penalty_y)
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
        projected = _project("CanonicalCorrelation.project_x", "x", x, self, "mean_x", "weights_x")
        return projected * self.correlations**self.power

    def project_y(self, y: Matrix) -> Matrix:
        """y (m, q) in the shared space: (m, components)."""
        projected = _project("CanonicalCorrelation.project_y", "y", y, self, "mean_y", "weights_y")
        return projected * self.correlations**self.power


class Nearest:
    """Look-up of the nearest training example: a concept is as near as the nearest of its training drawings.

        similarity(q)_c = max over training rows i of concept c of cos(q, x_i)

    After `fit`: `concepts`, the distinct labels in sorted order, which are the columns of `similarity`. Source: Cover
    and Hart, "Nearest neighbor pattern classification", IEEE Transactions on Information Theory 13 (1967).
    """

    def fit(self, x: Matrix, labels: NDArray[Any]) -> Self:
        """Keep the training rows x (n, p) and the label of each, (n,). Raises ValueError where their numbers differ."""
        x, labels = _matrix("Nearest.fit", "x", x), np.asarray(labels)
        if labels.shape != (len(x),):
            raise ValueError(f"Nearest.fit: labels {labels.shape} for x {x.shape}; expected ({len(x)},)")
        order = np.argsort(labels, kind="stable")
        self.concepts, self._starts = np.unique(labels[order], return_index=True)
        self.examples = x[order]
        return self

    def similarity(self, queries: Matrix) -> Matrix:
        """Cosine of each query (m, p) to the nearest example of each concept: (m, concepts), from -1 to 1."""
        if not hasattr(self, "examples"):
            raise ValueError("Nearest.similarity: not fitted yet; call fit first")
        queries = _matrix("Nearest.similarity", "queries", queries, self.examples.shape[1])
        return np.maximum.reduceat(cosine_similarity(queries, self.examples), self._starts, axis=1)


def _unit(x: Matrix) -> Matrix:
    length = np.linalg.norm(x, axis=1, keepdims=True)
    return x / np.where(length > 0, length, 1)


def _centre(x: Matrix) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    mean = x.mean(axis=0, dtype=np.float64)
    return mean, x - mean


def _inverse_root(name: str, role: str, centred: NDArray[np.float64], penalty: float) -> NDArray[np.float64]:
    covariance = centred.T @ centred / len(centred)
    values, vectors = linalg.eigh(covariance)
    values = values + penalty * values.mean()  # the mean eigenvalue is the mean variance
    if values[0] <= len(values) * np.finfo(np.float64).eps * values[-1]:
        raise ValueError(
            f"{name}: the covariance of {role} {centred.shape} can't be inverted: its features are constant or depend "
            f"on one another; expected features that vary and, where they depend, penalty_{role} above 0"
        )
    return vectors / np.sqrt(values) @ vectors.T


def _project(name: str, role: str, x: Matrix, model: object, mean: str, weights: str) -> Matrix:
    if not hasattr(model, weights):
        raise ValueError(f"{name}: not fitted yet; call fit first")
    centre, directions = getattr(model, mean), getattr(model, weights)
    return (_matrix(name, role, x, len(centre)) - centre) @ directions


def _positive(name: str, role: str, value: int) -> int:
    if value < 1:
        raise ValueError(f"{name}: {role}={value}; expected at least 1")
    return value


def _enough(name: str, components: int, *, samples: int, features: int) -> None:
    if components > min(samples - 1, features):  # centring takes one direction from the samples
        raise ValueError(
            f"{name}: {components} components of {samples} samples and {features} features; "
            f"expected at most {min(samples - 1, features)}"
        )


def _pair(name: str, x: Matrix, y: Matrix) -> tuple[Matrix, Matrix]:
    x, y = _matrix(name, "x", x), _matrix(name, "y", y)
    if len(x) != len(y):
        raise ValueError(f"{name}: x {x.shape} and y {y.shape}: {len(x)} and {len(y)} rows; expected rows that pair up")
    return x, y


def _matrix(name: str, role: str, x: Matrix, features: int | None = None) -> Matrix:
    x = np.asarray(x)
    if x.dtype not in (np.float32, np.float64):
        raise TypeError(f"{name}: {role} is {x.dtype}; expected float32 or float64")
    if x.ndim != 2 or not x.size or features not in (None, x.shape[1]):
        width = "features" if features is None else features
        raise ValueError(f"{name}: {role} has shape {x.shape}; expected (samples, {width})")
    if not np.all(np.isfinite(x)):
        raise ValueError(f"{name}: {role} holds NaN or infinity; expected finite numbers")
    return x
