"""A rotation that lays one view on another."""

from typing import Self

import numpy as np
from scipy import linalg

from tinyxm.models.linear._matrices import Matrix, centre, pair, project


class Procrustes:
    """Orthogonal Procrustes: the rotation (or reflection) of one view that comes nearest to another of equal width.

        minimise ‖s (x - x̄) Q - (y - ȳ)‖²,  Q'Q = I:   (x - x̄)'(y - ȳ) = U Σ V',  Q = U V',  s = tr Σ / ‖x - x̄‖²
        predict(x) = s (x - x̄) Q + ȳ

    A rotation changes no distance, so what lay near still does: two spaces that are alike but for their axes are
    matched from few pairs, where ridge and CCA, which may bend a view at will, need many. With `scale=False` s is 1.
    After `fit`: `mean` x̄, `rotation` Q (p, p), `scale` s, `intercept` ȳ. Source: Schönemann, "A generalized solution of
    the orthogonal Procrustes problem", Psychometrika 31 (1966).
    """

    def __init__(self, *, scale: bool = True) -> None:
        self.scaled = scale

    def fit(self, x: Matrix, y: Matrix) -> Self:
        """Find the rotation of x (n, p) to y (n, p). Raises ValueError for other widths, and where x is constant."""
        x, y = pair("Procrustes.fit", x, y)
        if x.shape != y.shape:
            raise ValueError(
                f"Procrustes.fit: x {x.shape} and y {y.shape}: a rotation keeps the width; reduce the wider by "
                "PrincipalComponents"
            )
        mean, inputs = centre(x)
        intercept, outputs = centre(y)
        left, values, right = linalg.svd(inputs.T @ outputs)
        total = np.sum(inputs**2)
        if total == 0:
            raise ValueError(f"Procrustes.fit: the {len(x)} rows of x are all equal; expected features that vary")
        self.scale = float(values.sum() / total) if self.scaled else 1.0
        self.mean, self.rotation = mean.astype(x.dtype), (left @ right).astype(np.result_type(x, y))
        self.intercept = intercept.astype(y.dtype)
        return self

    def predict(self, x: Matrix) -> Matrix:
        """x (m, p) laid on the other view: (m, p)."""
        turned = project("Procrustes.predict", "x", x, self, "mean", "rotation")
        return turned * turned.dtype.type(self.scale) + self.intercept
