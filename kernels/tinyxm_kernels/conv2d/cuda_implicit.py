"""A matrix product in tiles, whose left factor, the matrix of patches, is never made: its numbers are found as needed.

What it adds to `cuda_direct`: each number fetched from memory is used many times. A block of 256 threads computes 64
pixels by up to 64 channels; 16 terms of the sum at a time it copies that part of both factors to shared memory, and
each thread, which has 4×4 of the sums in registers, reads 4 + 4 numbers there for 16 multiply-adds. Where in x a term
and a pixel meet, is computed on the fly: a pixel's patch begins at a place that the thread works out once, and a
term's tap and channel take two divisions, once for 16 terms. What lies outside the image is stored as 0 (and 0·∞ is
NaN, as in the reference).

The input gradient is the same product with g as its images. Of a stride s only each s-th tap meets a pixel, and which
ones depends on the remainder of the pixel by s; so a block takes pixels of one remainder, and sums over their taps
alone: no multiplication by a zero that a stride put there. The weight gradient has few results and long sums, over all
pixels of all images. These are cut into parts, so that there are blocks enough, and a second kernel adds the parts in
their order: the same bits on every run, where atomics would give others.

Arithmetic intensity: of global memory 64·64·2 operations for (64 + 64)·4 bytes, 16 a byte. Of shared memory a warp
takes 8 passes for 16 multiply-adds of its threads: 8 cycles, where 128 lanes would compute in 4, so that is the limit.
What it costs: 8.25 KiB of shared memory and up to 80 registers, so that three blocks, 24 warps, share a
multiprocessor. In shared memory terms lie 66 numbers apart, not 64: what half a warp writes, a number to each of 16
terms, would otherwise meet one bank sixteen times.

Limits: of fewer than 16 output channels in a group columns lie idle (a block takes 16, 32 or 64, what serves best), so
a kernel to each channel is left to `cuda_direct`; terms come in sixteens, so one channel and a 3×3 kernel use 9 of 16.
Source: Chetlur et al., "cuDNN: efficient primitives for deep learning" (2014).
"""

from math import gcd, prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels.conv2d import Pair, output_shape
from tinyxm_kernels.conv2d._cuda import FITS, MOST_BLOCKS, fits, geometry
from tinyxm_kernels.cuda import CudaKernel, kernel
from tinyxm_kernels.cuda.arrays import in_one_piece
from tinyxm_kernels.registry import Shape, rung

Array = NDArray[Any]
SOURCE = Path(__file__).with_suffix(".cu")
BLOCK = 16, 16
ROWS, COLUMNS = 64, (1, 2, 4)  # of a tile; and of a thread, 16 of which stand side by side
DEPTH = 16  # terms of a sum that are in shared memory at a time
BLOCKS = 512  # that are enough for any GPU, so that sums are cut into no more parts
PIXELS = 512  # at least, of a part

_forward = {n: kernel(SOURCE, "conv2d", COLUMNS=n) for n in COLUMNS}
_towards_input = {n: kernel(SOURCE, "conv2d_input_gradient", COLUMNS=n) for n in COLUMNS}
_towards_weights = {n: kernel(SOURCE, "conv2d_weight_gradient", COLUMNS=n) for n in COLUMNS}
_add_parts = kernel(SOURCE, "add_parts")


def _tiles(rows: int, columns: int, kernels: dict[int, CudaKernel]) -> tuple[CudaKernel, int, int]:
    """The kernel whose tiles are widest without being half empty; how many tiles there are down and along."""
    each = next((n for n in COLUMNS if 16 * n >= columns), COLUMNS[-1])
    return kernels[each], -(-rows // ROWS), -(-columns // (16 * each))


def _fits(x: Shape, w: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int) -> bool:
    depthwise = w[2] == 1 < groups
    return not depthwise and fits(x, w, stride, padding, dilation, groups) and max(w[2:]) <= 16 * MOST_BLOCKS


NEEDS = f"more than one channel in a group, or one group; {FITS}"


@rung(
    backend="cuda", device="cuda", dtypes=("float32",),
    accepts=lambda x, w, *settings: _fits(x.shape, w.shape, *settings), needs=NEEDS,
)  # fmt: skip
def conv2d(x: Array, w: Array, stride: Pair, padding: Pair, dilation: Pair, groups: int) -> Array:
    settings = stride, padding, dilation, groups
    y = np.empty_like(x, shape=output_shape(x.shape, w.shape, *settings), order="C")
    if y.size:
        one, down, along = _tiles(prod(y.shape[:3]), y.shape[3] // groups, _forward)
        numbers = geometry(x.shape, w.shape, *settings)
        one((down, along, groups), BLOCK, in_one_piece(x), in_one_piece(w), y, *numbers)
    return y


@rung(
    backend="cuda", device="cuda", dtypes=("float32",),
    accepts=lambda g, w, shape, *settings: _fits(shape, w.shape, *settings), needs=NEEDS,
)  # fmt: skip
def conv2d_input_gradient(
    g: Array, w: Array, input_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> Array:
    x_gradient = np.empty_like(g, shape=input_shape, order="C")
    if x_gradient.size:
        batch, height, width, channels = input_shape
        most = batch * -(-height // stride[0]) * -(-width // stride[1])  # pixels of one remainder by the stride
        one, down, along = _tiles(most, channels // groups, _towards_input)
        numbers = geometry(input_shape, w.shape, stride, padding, dilation, groups)
        steps = [s // gcd(s, d) for s, d in zip(stride, dilation, strict=True)]  # from tap to tap that a pixel meets
        grid = down, along, groups * stride[0] * stride[1]
        one(grid, BLOCK, in_one_piece(g), in_one_piece(w), x_gradient, *numbers, *steps)
    return x_gradient


@rung(
    backend="cuda", device="cuda", dtypes=("float32",),
    accepts=lambda g, x, kernel, *settings: _fits(x.shape, kernel, *settings), needs=NEEDS,
)  # fmt: skip
def conv2d_weight_gradient(
    g: Array, x: Array, kernel_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> Array:
    w_gradient = np.empty_like(g, shape=kernel_shape, order="C")
    if w_gradient.size:
        one, down, along = _tiles(prod(kernel_shape[:3]), kernel_shape[3] // groups, _towards_weights)
        pixels = prod(g.shape[:3])
        count = max(1, min(-(-pixels // PIXELS), BLOCKS // (down * along * groups), MOST_BLOCKS // groups))
        parts = np.empty_like(g, shape=(count, *kernel_shape), order="C") if count > 1 else w_gradient
        numbers = geometry(x.shape, kernel_shape, stride, padding, dilation, groups)
        each = -(-pixels // (DEPTH * count)) * DEPTH
        grid = down, along, groups * count
        one(grid, BLOCK, in_one_piece(g), in_one_piece(x), parts, *numbers, count, each)
        if count > 1:
            _add_parts(-(-w_gradient.size // 256), 256, parts, w_gradient, count, w_gradient.size)
    return w_gradient
