"""What the methods of this room share: their checks, centring, and projections.

Every method raises TypeError for arrays that are neither float32 nor float64, and ValueError for arrays that aren't
2-D, are empty, not finite, or of another width than the one fitted, and for a method used before `fit`.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[Any]


def unit(x: Matrix) -> Matrix:
    length = np.linalg.norm(x, axis=1, keepdims=True)
    return x / np.where(length > 0, length, 1)


def centre(x: Matrix) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    mean = x.mean(axis=0, dtype=np.float64)
    return mean, x - mean


def project(name: str, role: str, x: Matrix, model: object, mean: str, weights: str) -> Matrix:
    if not hasattr(model, weights):
        raise ValueError(f"{name}: not fitted yet; call fit first")
    centre, directions = getattr(model, mean), getattr(model, weights)
    return (matrix(name, role, x, len(centre)) - centre) @ directions


def positive(name: str, role: str, value: int) -> int:
    if value < 1:
        raise ValueError(f"{name}: {role}={value}; expected at least 1")
    return value


def enough(name: str, components: int, *, samples: int, features: int) -> None:
    if components > min(samples - 1, features):  # centring takes one direction from the samples
        raise ValueError(
            f"{name}: {components} components of {samples} samples and {features} features; "
            f"expected at most {min(samples - 1, features)}"
        )


def pair(name: str, x: Matrix, y: Matrix) -> tuple[Matrix, Matrix]:
    x, y = matrix(name, "x", x), matrix(name, "y", y)
    if len(x) != len(y):
        raise ValueError(f"{name}: x {x.shape} and y {y.shape}: {len(x)} and {len(y)} rows; expected rows that pair up")
    return x, y


def labelled(name: str, x: Matrix, labels: NDArray[Any]) -> tuple[Matrix, NDArray[Any]]:
    x, labels = matrix(name, "x", x), np.asarray(labels)
    if labels.shape != (len(x),):
        raise ValueError(f"{name}: labels {labels.shape} for x {x.shape}; expected ({len(x)},)")
    return x, labels


def matrix(name: str, role: str, x: Matrix, features: int | None = None) -> Matrix:
    x = np.asarray(x)
    if x.dtype not in (np.float32, np.float64):
        raise TypeError(f"{name}: {role} is {x.dtype}; expected float32 or float64")
    if x.ndim != 2 or not x.size or features not in (None, x.shape[1]):
        width = "features" if features is None else features
        raise ValueError(f"{name}: {role} has shape {x.shape}; expected (samples, {width})")
    if not np.all(np.isfinite(x)):
        raise ValueError(f"{name}: {role} holds NaN or infinity; expected finite numbers")
    return x
