"""A tree in shared memory: 256 threads sum a share each, then half of them add what the other half has, and so on.

Each thread reads every 256th number, so that a warp reads 32 neighbours, 4 sectors. The tree's 8 steps halve the number
of sums, and a barrier stands after each, for the next step reads what others wrote. The upper half is added to the
lower: what a warp reads are neighbours, without bank conflicts, and warps that are done are done whole; adding each
number's neighbour to it (1 to 0, 3 to 2, ...) would keep all warps to the end, with half of their threads without work,
then three in four.

Arithmetic intensity: a quarter of an operation a byte; memory limits it where rows are long. Of short ones, the tree:
9 barriers, the last 5 steps a single warp's, of which fewer threads each time have anything to do. `cuda_shuffle` does
with one barrier. 4 bytes of dynamic shared memory a thread.
"""

from pathlib import Path

from tinyxm_kernels.cuda import kernel
from tinyxm_kernels.reduction._cuda import Array, sums
from tinyxm_kernels.registry import rung

_kernel = kernel(Path(__file__).with_suffix(".cu"), "sum_rows")


@rung(backend="cuda", device="cuda", dtypes=("float32",))
def reduce_sum(a: Array, axis: int | None) -> Array:
    return sums(_kernel, a, axis, shared_of_thread=4)
