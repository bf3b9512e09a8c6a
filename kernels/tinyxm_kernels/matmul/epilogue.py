"""The product by the rung that `matmul` takes, BLAS's as a rule, and one compiled pass over it for all that is added.

What it adds to `blas`: bias and activation are computed of a number while it is in a register, a vector of them at a
time, so that y is read and written once, where NumPy goes over it for the bias and again for the activation (for GELU
eight times). NumPy's maximum, which minds NaN, runs at a third of the memory's speed besides; here it is one
instruction.

Why not within the product, as `parallel` does: a block of y is then still in the second-level cache, but the product
itself is no faster than BLAS's, and the gradients are BLAS's: on two threads, Numba's and BLAS's would take turns.

Arithmetic intensity of the pass: bias and ReLU 2 operations for 8 bytes, GELU 26. Measured at 512 × 128 by 128 × 512 on
one thread: the product 620 µs, bias and ReLU 19 more here, 137 more by `blas`.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels._compiled import flat, threaded
from tinyxm_kernels.activations.fused import OPERATIONS
from tinyxm_kernels.matmul import ACTIVATIONS, matmul
from tinyxm_kernels.matmul.packed import NO_BIAS, finish
from tinyxm_kernels.registry import rung

WORK = 1, 2, OPERATIONS  # operations for each result, by activation


@threaded
def finish_rows(start, stop, results, columns, bias, activation):
    finish(results, start * columns, columns, stop - start, columns, bias, activation)


@rung(backend="numba")
def linear(
    x: NDArray[Any], w: NDArray[Any], bias: NDArray[Any] | None = None, activation: str = "none"
) -> NDArray[Any]:
    y = np.ascontiguousarray(matmul(x, w))
    shift = NO_BIAS[y.dtype.char] if bias is None else flat(bias)
    if y.size and (shift.size or activation != "none"):
        place, columns = ACTIVATIONS.index(activation), y.shape[-1]
        finish_rows(y.size // columns, WORK[place] * y.size, y.reshape(-1), columns, shift, place)
    return y
