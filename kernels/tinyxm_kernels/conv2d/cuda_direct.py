"""The formula, with a thread to each number of the result: all sums at once, and each by itself.

What it adds to loops on a CPU: tens of thousands of sums under way together, so that while some wait for memory others
add. The threads of a warp have 32 neighbouring channels of the result, so forward they read 32 neighbouring weights, 4
sectors, and all the same number of x, one sector that serves them all. The weight gradient reads g in that way. The
input gradient doesn't: its neighbouring threads have neighbouring rows of w, out_channels apart, so each request meets
32 sectors, of which the next seven steps along o use the rest, from the first-level cache if they are still there.

Arithmetic intensity: two loads for each multiply-add, 2 operations for 8 bytes asked for: the caches, at best, limit
it. What it costs: nothing in shared memory, 30 to 64 registers by architecture. Limits: no number is used twice by the
thread that fetched it (`cuda_implicit` does that); pixels outside the image are passed over, where the threads of a
warp part if they have different pixels, and so a weight that isn't finite isn't seen where it meets padding alone; the
weight gradient has as many threads as there are weights, and each sums over all pixels, one after the other.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels.conv2d import Pair, output_shape
from tinyxm_kernels.conv2d._cuda import FITS, fits, geometry
from tinyxm_kernels.cuda import CudaKernel, kernel
from tinyxm_kernels.cuda.arrays import in_one_piece
from tinyxm_kernels.registry import Shape, rung

Array = NDArray[Any]
SOURCE = Path(__file__).with_suffix(".cu")
THREADS = 256
_forward = kernel(SOURCE, "conv2d")
_towards_input = kernel(SOURCE, "conv2d_input_gradient")
_towards_weights = kernel(SOURCE, "conv2d_weight_gradient")


def _run(one: CudaKernel, left: Array, right: Array, shape: Shape, numbers: tuple[int, ...]) -> Array:
    result = np.empty_like(left, shape=shape, order="C")
    if result.size:
        one(-(-result.size // THREADS), THREADS, in_one_piece(left), in_one_piece(right), result, *numbers)
    return result


@rung(
    backend="cuda", device="cuda", dtypes=("float32",),
    accepts=lambda x, w, *settings: fits(x.shape, w.shape, *settings), needs=FITS,
)  # fmt: skip
def conv2d(x: Array, w: Array, stride: Pair, padding: Pair, dilation: Pair, groups: int) -> Array:
    settings = stride, padding, dilation, groups
    return _run(_forward, x, w, output_shape(x.shape, w.shape, *settings), geometry(x.shape, w.shape, *settings))


@rung(
    backend="cuda", device="cuda", dtypes=("float32",),
    accepts=lambda g, w, shape, *settings: fits(shape, w.shape, *settings), needs=FITS,
)  # fmt: skip
def conv2d_input_gradient(
    g: Array, w: Array, input_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> Array:
    numbers = geometry(input_shape, w.shape, stride, padding, dilation, groups)
    return _run(_towards_input, g, w, input_shape, numbers)


@rung(
    backend="cuda", device="cuda", dtypes=("float32",),
    accepts=lambda g, x, kernel, *settings: fits(x.shape, kernel, *settings), needs=FITS,
)  # fmt: skip
def conv2d_weight_gradient(
    g: Array, x: Array, kernel_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> Array:
    numbers = geometry(x.shape, kernel_shape, stride, padding, dilation, groups)
    return _run(_towards_weights, g, x, kernel_shape, numbers)
