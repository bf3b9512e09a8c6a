"""The vendor's library for its GPUs (`cublasGemmEx` and its batched kin) through CuPy.

What it adds to `cuda_double_buffered`: for each architecture, dtype and shape a kernel of its own, written near the
machine's code, with tiles to suit; long sums of few results split among blocks; float16 on tensor cores, summed in
float32. float32 is multiplied as float32, not rounded to TF32's 11 bits, unless the environment says CUPY_TF32=1.

One matrix that serves a whole batch is multiplied once, by all rows of the batch together. A library multiplies and
nothing else: bias and activation (`linear`) are passes of their own over the result, in place; each reads and writes
all of it, at 1 operation for 8 bytes. There is nothing here that could be simulated: without a GPU this rung isn't
available.
"""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels.cuda import require
from tinyxm_kernels.registry import rung

require()


@rung(backend="cuda", device="cuda", dtypes=("float32", "float64", "float16"))
def matmul(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    if a.ndim > 2 and b.ndim == 2:
        return np.matmul(a.reshape(prod(a.shape[:-1]), a.shape[-1]), b).reshape(*a.shape[:-1], b.shape[-1])
    return np.matmul(a, b)


@rung(backend="cuda", device="cuda", dtypes=("float32", "float64"))
def linear(
    x: NDArray[Any], w: NDArray[Any], bias: NDArray[Any] | None = None, activation: str = "none"
) -> NDArray[Any]:
    y = matmul(x, w)
    if bias is not None:
        y += bias
    if activation == "relu":
        np.maximum(y, 0, out=y)
    elif activation == "gelu":
        from scipy.special import erf  # which hands CuPy's arrays to CuPy's own

        weight = erf(y * y.dtype.type(0.5**0.5))
        weight += 1
        weight *= 0.5
        y *= weight
    return y
