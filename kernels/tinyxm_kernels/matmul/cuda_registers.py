"""8×8 numbers of C in the registers of each thread, so that each number read from shared memory is used 8 times.

What it adds to `cuda_tiled`: a thread of that reads two numbers for each multiply-add; of these, 8 of A and 8 of B, and
multiplies each with each, 64. 256 threads have a tile of C of 128×128, fed from tiles of A and B that are 8 deep: eight
times as wide, each number fetched from global memory serves 128 sums.

Arithmetic intensity: of global memory 2·128²·8 operations for 2·128·8 numbers, 32 a byte; of shared memory 16 passes
for 64·32 multiply-adds, which take 128 lanes of arithmetic 16 cycles: even. What it costs: 64 registers for the sums
and as many again for the rest, so that of the 65,536 of a multiprocessor 2 blocks get what they need, 16 warps of 64 or
48. Enough, for the 64 sums of a thread don't wait for one another, either. Limits: all that reads and writes takes a
number at a time (`cuda_vectors`); small products, of which 128×128 are too few tiles to go round.
"""

from tinyxm_kernels.matmul._cuda import FITS, fits, kernels_of, multiply
from tinyxm_kernels.matmul._operands import Array
from tinyxm_kernels.registry import rung

_kernels = kernels_of(__file__, half=True)


@rung(backend="cuda", device="cuda", dtypes=("float32", "float16"), accepts=fits, needs=FITS)
def matmul(a: Array, b: Array) -> Array:
    return multiply(_kernels, a, b, tile=(128, 128), block=(16, 16))
