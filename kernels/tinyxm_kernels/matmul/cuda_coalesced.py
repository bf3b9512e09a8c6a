"""The same thread for each number, with the threads of a warp along the rows: what they read together lies together.

What it adds to `cuda_naive`: nothing; x and y change places. At each step of the sum a warp reads 32 neighbours of B,
128 bytes in 4 sectors, and one number of A, which is fetched once and handed to all: 5 sectors for 33, and 4 for 32 of
each 32 numbers written.

Arithmetic intensity: 64 operations for 160 bytes, 0.4 operations a byte; a GPU that has memory of 1 TB/s and 20 TFLOP/s
needs 20. What is missing is use of a number more than once: every number of A is fetched by each of ⌈n / 32⌉ warps,
every number of B by each of m. Caches catch some of that; `cuda_tiled` doesn't leave it to them. float16 is read and
written as such, and summed in float32.
"""

from tinyxm_kernels.matmul._cuda import FITS, fits, kernels_of, multiply
from tinyxm_kernels.matmul._operands import Array
from tinyxm_kernels.registry import rung

_kernels = kernels_of(__file__, half=True)


@rung(backend="cuda", device="cuda", dtypes=("float32", "float16"), accepts=fits, needs=FITS)
def matmul(a: Array, b: Array) -> Array:
    return multiply(_kernels, a, b, tile=(8, 32), block=(32, 8))
