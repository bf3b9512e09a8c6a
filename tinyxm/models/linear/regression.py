"""Linear maps from one view to another, and to classes."""

from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy import linalg, optimize, special

from tinyxm.models.linear._matrices import Matrix, centre, labelled, pair, project


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
        x, y = pair("Ridge.fit", x, y)
        self.mean, inputs = centre(x)
        self.intercept, outputs = centre(y)
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
        return project("Ridge.predict", "x", x, self, "mean", "weights") + self.intercept


class Logistic:
    """Multinomial logistic regression: the linear classifier, with a penalty relative to the data's own scale.

        minimise -Σ_i log softmax((x_i - x̄) W + b)_{c_i} + α/2 ‖W‖²,   α = penalty · n · (mean variance of x's features)

    α is Ridge's, and 1 / C of scikit-learn's LogisticRegression. Minimised by L-BFGS in float64. After `fit`:
    `classes`, the distinct labels in sorted order, `mean` (p,), `weights` (p, classes), `intercept` b (classes,).
    Source: Cox, "The regression analysis of binary sequences", Journal of the Royal Statistical Society B 20 (1958).
    """

    def __init__(self, penalty: float = 0.01) -> None:
        if not 0 < penalty < np.inf:
            raise ValueError(f"Logistic: penalty={penalty}; expected a number above 0")
        self.penalty = penalty

    def fit(self, x: Matrix, labels: NDArray[Any]) -> Self:
        """Find the weights that tell the labels (n,) of x (n, p) apart.

        Raises ValueError where x is constant or there are fewer than two labels.
        """
        x, labels = labelled("Logistic.fit", x, labels)
        self.classes, which = np.unique(labels, return_inverse=True)
        self.mean, inputs = centre(x)
        n, features, k = *x.shape, len(self.classes)
        alpha = self.penalty * np.sum(inputs**2) / features
        if k < 2 or alpha == 0:
            raise ValueError(f"Logistic.fit: {k} classes, {n} rows; expected two classes and features that vary")
        wanted = np.eye(k)[which]

        def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
            weights, bias = flat[:-k].reshape(features, k), flat[-k:]
            logs = special.log_softmax(inputs @ weights + bias, axis=1)
            error = np.exp(logs) - wanted
            slope = np.concatenate([(inputs.T @ error + alpha * weights).ravel(), error.sum(axis=0)])
            return (-np.sum(logs[wanted > 0]) + alpha / 2 * np.sum(weights**2)) / n, slope / n

        options = {"maxiter": 2000, "maxfun": 4000, "ftol": 1e-12, "gtol": 1e-7}
        found = optimize.minimize(loss, np.zeros((features + 1) * k), jac=True, method="L-BFGS-B", options=options).x
        self.mean, self.weights = self.mean.astype(x.dtype), found[:-k].reshape(features, k).astype(x.dtype)
        self.intercept = found[-k:].astype(x.dtype)
        return self

    def probabilities(self, x: Matrix) -> Matrix:
        """softmax((x - x̄) W + b) of x (m, p): (m, classes)."""
        logits = project("Logistic.probabilities", "x", x, self, "mean", "weights")
        return special.softmax(logits + self.intercept, axis=1)

    def predict(self, x: Matrix) -> NDArray[Any]:
        """The likeliest label of x (m, p): (m,)."""
        best = self.probabilities(x).argmax(axis=1)
        return self.classes[best]
