"""What measures of features ask of them: (n, d), finite, enough rows."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tinyxm_kernels.cuda import move


def features(name: str, given: ArrayLike, least: int = 1, role: str = "features") -> NDArray[np.float64]:
    """The features in float64; distances of near neighbours need its digits. ValueError for what isn't as expected."""
    x = np.asarray(move(given, "cpu"))
    if x.dtype.kind not in "fiub":
        raise TypeError(f"{name}: {role} are {x.dtype}; expected real numbers")
    if x.ndim != 2 or not x.size:
        raise ValueError(f"{name}: {role} have shape {x.shape}; expected (n, d); reshape(n, -1) flattens pictures")
    if len(x) < least:
        raise ValueError(f"{name}: {len(x)} {role}; expected at least {least} rows")
    x = x.astype(np.float64)
    wrong = np.flatnonzero(~np.isfinite(x).all(axis=1))
    if wrong.size:
        raise ValueError(f"{name}: row {wrong[0]} of {role} isn't finite ({wrong.size} rows in all)")
    return x


def features_pair(
    name: str, first: ArrayLike, second: ArrayLike, least: int = 1
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two sets of features of one width."""
    x, y = features(name, first, least, "the first features"), features(name, second, least, "the second features")
    if x.shape[1] != y.shape[1]:
        raise ValueError(f"{name}: widths {x.shape[1]} and {y.shape[1]} differ; both sets need one judge's features")
    return x, y


def unit_rows(name: str, x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of length 1. ValueError for a row that is 0: it has no direction."""
    lengths = np.linalg.norm(x, axis=1, keepdims=True)
    if not lengths.all():
        raise ValueError(f"{name}: row {np.flatnonzero(lengths == 0)[0]} is 0 and has no direction")
    return x / lengths
