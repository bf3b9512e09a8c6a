"""Two of each tile: the next is on its way from memory while the threads compute from the last.

What it adds to `cuda_vectors`: that asks for a tile, waits some 500 cycles for it, computes from it some 1000, and asks
again. Two blocks to a multiprocessor hide some of this behind each other. Here the numbers of the next step are asked
for first, into 8 registers, then this step's 512 multiply-adds are done, and only then are they needed, to be written
to the tile that nobody reads. So one barrier a step is left of two.

Costs: 16.3 KiB of shared memory, and the 8 registers, 120 to 124 in all where 128 are to be had. Arithmetic intensity
as before: 32 operations a byte of global memory. What the library has beyond this: tiles chosen by shape, a split of
long sums among blocks, copies that bypass the registers (`cp.async`, sm_80) and, where the numbers may be shorter than
float32, tensor cores.
"""

from tinyxm_kernels.matmul._cuda import FITS, fits, kernels_of, multiply
from tinyxm_kernels.matmul._operands import Array
from tinyxm_kernels.registry import rung

_kernels = kernels_of(__file__)


@rung(backend="cuda", device="cuda", dtypes=("float32",), accepts=fits, needs=FITS)
def matmul(a: Array, b: Array) -> Array:
    return multiply(_kernels, a, b, tile=(128, 128), block=(16, 16), boundary=16)
