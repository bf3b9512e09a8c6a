"""Four numbers to a load: a float4, 16 bytes by one instruction, of global memory and of shared.

What it adds to `cuda_registers`: a quarter of the loads and stores to be issued. For 64 multiply-adds a thread issues 4
loads from shared memory where that takes 16, and to bring the next tiles 2 loads for 8. To read a thread's rows of A
side by side its tile is turned when it is written, with rows padded to 132 so that this writing has no conflicts.

A float4 lies at a multiple of 16 bytes, which every row of A does if 4 divides k, of B and C if 4 divides n; where not,
the numbers of that operand are read one by one, and operands that begin elsewhere are copied. Arithmetic intensity and
the registers are those of `cuda_registers`; so is what the banks have to give, for a float4 of a whole warp takes 4
passes. What is gained is instructions: 68 to issue for 64 multiply-adds, not 80. What is left is to wait for memory
between the steps (`cuda_double_buffered`). 8.1 KiB of shared memory.
"""

from tinyxm_kernels.matmul._cuda import FITS, fits, kernels_of, multiply
from tinyxm_kernels.matmul._operands import Array
from tinyxm_kernels.registry import rung

_kernels = kernels_of(__file__)


@rung(backend="cuda", device="cuda", dtypes=("float32",), accepts=fits, needs=FITS)
def matmul(a: Array, b: Array) -> Array:
    return multiply(_kernels, a, b, tile=(128, 128), block=(16, 16), boundary=16)
