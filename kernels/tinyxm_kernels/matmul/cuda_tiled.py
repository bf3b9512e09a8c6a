"""Tiles of A and B in shared memory, a cache that a block of threads fills by hand: numbers are fetched once for 16.

What it adds to `cuda_coalesced`: 16×16 threads compute a 16×16 tile of C together. Step by step they bring a tile of A
and one of B, each thread one number of each, wait for one another at a barrier, and take 16 terms of their sums from
there. The second barrier keeps the quick from writing the next tiles while the slow still read these.

Arithmetic intensity: of global memory 2·16³ operations for 2·16² numbers, 4 a byte, ten times `cuda_coalesced`'s; the
sectors are the fewest possible, 4 a request. Shared memory has 32 banks, each a number a cycle. A warp is two rows of
16 threads: of A they read two numbers, 16 banks apart, of B 16 neighbours: one pass each, no conflict. But these are 2
passes for 32 multiply-adds, and a multiprocessor that has 128 lanes of arithmetic serves one pass a cycle: shared
memory is now the limit, at an eighth of the peak. `cuda_registers` reads from it less. 2 KiB of shared memory.
"""

from tinyxm_kernels.matmul._cuda import FITS, fits, kernels_of, multiply
from tinyxm_kernels.matmul._operands import Array
from tinyxm_kernels.registry import rung

TILE = 16, 16
_kernels = kernels_of(__file__, half=True)


@rung(backend="cuda", device="cuda", dtypes=("float32", "float16"), accepts=fits, needs=FITS)
def matmul(a: Array, b: Array) -> Array:
    return multiply(_kernels, a, b, TILE, TILE)
