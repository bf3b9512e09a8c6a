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
    m, n = "m" if a.ndim > 1 else "", "n" if b.ndim > 1 else ""
    return np.einsum(f"...{m}k,...k{n}->...{m}{n}", a, b)
