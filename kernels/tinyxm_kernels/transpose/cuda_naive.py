"""A thread for each number, as one would write it first: half of the way is good, half is bad.

The 32 threads of a warp follow a row of A, and read 4 sectors of 32 bytes, all of use. The same threads write down a
column of Y, each number to a sector of its own: 32 sectors for 128 bytes. Exchanging x and y would only move the damage
to the reading. The sectors are of 8 rows, so that 8 warps write to the same one; the second-level cache may gather them
before they go to memory, while it has the room. `cuda_unpadded` gathers them by hand.
"""

from tinyxm_kernels.registry import rung
from tinyxm_kernels.transpose._cuda import BLOCK, NEEDS, Array, fits, kernel_of, turn

_kernel = kernel_of(__file__)


@rung(backend="cuda", device="cuda", dtypes=("float32",), accepts=fits, needs=NEEDS)
def transpose(a: Array) -> Array:
    return turn(_kernel, a, rows=BLOCK[1])
