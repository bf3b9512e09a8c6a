"""A warp to each row: the greatest score and the sum in one pass, put together by shuffles.

What it adds: the reference in NumPy's protocols, which CuPy runs as well, takes a launch, and a pass over memory, for
each of its steps. Here it is one launch. The threads of a warp read neighbouring scores, 128 bytes at a time, the
fewest sectors possible; each keeps the greatest score that it met and the sum of exponentials relative to that, and
turns the sum over when a greater one comes (Milakov and Gimelshein 2018, "Online normalizer calculation for softmax"):
so the loss reads each score once, and the gradient twice, the second time from a cache if the row is short. Then five
steps of `__shfl_xor_sync` give all 32 lanes the greatest of all, and five the sum: no shared memory and no barrier.
From 1024 classes on a row has a block of eight warps, which exchange eight numbers by shared memory.

Arithmetic intensity: about 20 operations for each score, half of them in the exponential, so 5 for each byte read:
memory is the limit on every GPU. What it costs: 128 bytes of shared memory and some 30 registers a thread, so that
occupancy is full. Limits: of fewer than 32 classes some lanes do nothing (of 10, two thirds of them); where a lane
meets a score greater than all before, the warp waits for it; labels are copied as int32 unless they are that.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels.cuda import kernel
from tinyxm_kernels.cuda.arrays import in_one_piece
from tinyxm_kernels.cuda.rows import rows_among_threads
from tinyxm_kernels.registry import rung

Array = NDArray[Any]
SOURCE = Path(__file__).with_suffix(".cu")
_losses = kernel(SOURCE, "softmax_cross_entropy")
_gradient = kernel(SOURCE, "softmax_cross_entropy_gradient")


@rung(backend="cuda", device="cuda", dtypes=("float32",))
def softmax_cross_entropy(logits: Array, labels: Array) -> Array:
    losses = np.empty_like(logits, shape=labels.shape, order="C")
    if losses.size:
        grid, block = rows_among_threads(*logits.shape)
        _losses(grid, block, in_one_piece(logits), _indices(labels), losses, *logits.shape)
    return losses


@rung(backend="cuda", device="cuda", dtypes=("float32",))
def softmax_cross_entropy_gradient(g: Array, logits: Array, labels: Array) -> Array:
    gradient = np.empty_like(logits, order="C")
    if gradient.size:
        grid, block = rows_among_threads(*logits.shape)
        operands = in_one_piece(g), in_one_piece(logits), _indices(labels)
        _gradient(grid, block, *operands, gradient, *logits.shape)
    return gradient


def _indices(labels: Array) -> Array:
    return in_one_piece(labels.astype(np.int32, copy=False))
