"""A thread for each number of the product, laid out the wrong way round: the mistake that costs the most on a GPU.

The 32 threads of a warp run together, and what they read at once is fetched in sectors of 32 bytes. Here they lie below
one another in C, for that is how matrices are written, and threadIdx.x was taken for the row. So at each step of the
sum they read a column of A, 32 numbers from 32 sectors, an eighth of each of use; and one number of B, all the same.

Sectors a request: A 32 where 4 would do, B 1, C 32 where 4 would do. A warp's 64 operations at a step take 33 sectors,
1056 bytes: 0.06 operations a byte. The first-level cache may keep the sectors of A for the next 7 steps, if the other
warps leave it the room. `cuda_coalesced` is the same arithmetic with x and y exchanged.
"""

from tinyxm_kernels.matmul._cuda import FITS, MOST_BLOCKS, fits, kernels_of, multiply
from tinyxm_kernels.matmul._operands import Array
from tinyxm_kernels.registry import rung

BLOCK = 32, 8  # threads: a warp is a column of 32 rows
_kernels = kernels_of(__file__, half=True)


def _fits(a: Array, b: Array) -> bool:
    return fits(a, b) and (b.ndim < 2 or b.shape[-1] <= MOST_BLOCKS * BLOCK[1])


@rung(
    backend="cuda",
    device="cuda",
    dtypes=("float32", "float16"),
    accepts=_fits,
    needs=f"{FITS}, and at most {MOST_BLOCKS * BLOCK[1]} columns, which the grid's y can count",
)
def matmul(a: Array, b: Array) -> Array:
    return multiply(_kernels, a, b, BLOCK, BLOCK, down=True)
