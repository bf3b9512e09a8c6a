"""The truth: the definition, left to NumPy's einsum, which runs it as one plain loop over m, n and k.

No packing, no cache, no second core: what it costs beside `blas` is what a vendor's library is worth.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels.registry import rung


@rung(dtypes=())
def matmul(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    if not a.size or not b.size:  # nothing is summed; einsum was seen to give NaN there, once (NumPy 2.4)
        return np.matmul(a, b)
    # of a broadcast operand einsum makes (Σ a)·b, where ∞ isn't NaN that should be
    a, b = np.ascontiguousarray(a, like=a), np.ascontiguousarray(b, like=b)
    m, n = "m" if a.ndim > 1 else "", "n" if b.ndim > 1 else ""
    return np.einsum(f"...{m}k,...k{n}->...{m}{n}", a, b)


@rung(dtypes=())
def linear(
    x: NDArray[Any], w: NDArray[Any], bias: NDArray[Any] | None = None, activation: str = "none"
) -> NDArray[Any]:
    z = matmul(x, w) if bias is None else matmul(x, w) + bias
    if activation == "gelu":
        from scipy.special import erf

        return z * (0.5 * (1 + erf(z * 0.5**0.5)))
    return np.maximum(z, 0) if activation == "relu" else z
