"""Images in another size: each pixel of the result a mean of some of the image's, weighted by a matrix per axis."""

from __future__ import annotations

import numpy as np

from tinyxm.autograd import Array
from tinyxm.autograd.places import placed
from tinyxm.ops.conv import Sizes, per_axis
from tinyxm.ops.linalg import matmul

__all__ = ["resize"]


def resize(x: Array, size: Sizes, mode: str = "nearest", align_corners: bool = False) -> Array:
    """Y = R X Cᵀ for each channel (bilinear), or the nearest pixel: images in another size, as PyTorch's interpolate

    x `(batch, height, width, channels)`, size one number or (rows, columns), in pixels, y `(batch, rows, columns,
    channels)`. Row i of m lies at s = (i + ½)·n/m − ½ of the n given ones: pixels are squares with a middle; with
    `align_corners` at s = i·(n − 1) / (m − 1), so that the first and the last stay where they are. "bilinear" mixes the
    two neighbours by their distance, R[i, j] = max(0, 1 − |s − j|); beyond the outermost middle it repeats them.
    "nearest" takes row ⌊i·n/m⌋. Raises ValueError where x isn't images, or is empty, TypeError for means of integers.
    """
    rows, columns = per_axis("resize", "size", size, 2, 1)
    if x.ndim != 4 or 0 in x.shape[1:3]:
        raise ValueError(f"resize: x has shape {x.shape}, expected (batch, height, width, channels), neither 0 pixels")
    if mode == "nearest" and not align_corners:
        height, width = (np.arange(m) * n // m for m, n in ((rows, x.shape[1]), (columns, x.shape[2])))
        return np.take(np.take(x, height, 1), width, 2)
    if mode != "bilinear":
        raise ValueError(f"resize: mode {mode!r}: expected 'nearest' (without align_corners) or 'bilinear'")
    if x.dtype.kind != "f":
        raise TypeError(f"resize: x is {x.dtype}, in which means would be cut off; convert with .astype(np.float32)")
    across = (_hats(n, m, align_corners).astype(x.dtype) for n, m in ((x.shape[1], rows), (x.shape[2], columns)))
    return along_image(x, *(placed(hats, x) for hats in across))


def _hats(n: int, m: int, align_corners: bool) -> np.ndarray:
    """The matrix (m, n) of linear interpolation: row i is a hat, 1 at its own place s and 0 one step away."""
    i = np.arange(m)
    s = i * ((n - 1) / max(m - 1, 1)) if align_corners else np.clip((i + 0.5) * (n / m) - 0.5, 0, n - 1)
    return np.maximum(0, 1 - np.abs(s[:, None] - np.arange(n)))


def along_image(x: Array, rows: Array, columns: Array) -> Array:
    """Y = R X Cᵀ for each channel: two matrices that mix the rows, and the columns, of images

    x `(batch, height, width, channels)`, rows `(m, height)`, columns `(k, width)`, y `(batch, m, k, channels)`.
    """
    n, height, width, channels = x.shape
    y = matmul(rows, np.reshape(x, (n, height, width * channels)))
    return matmul(columns, np.reshape(y, (n, len(rows), width, channels)))
