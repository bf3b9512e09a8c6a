"""Softmax as the scores come, in tiles of 64 queries by 64 keys: no matrix of scores in memory, forward or backward.

What it adds: the reference writes queries × keys scores to memory and passes over them some five times, forward alone.
Here a block of 256 threads holds a tile of scores in its registers, 4×4 to a thread. As tiles of keys go by, it keeps
up the greatest score m, the sum l and the mixture y of each query: where a tile has a greater score m', l and y are
multiplied by exp(m − m') (Milakov and Gimelshein 2018; Dao et al. 2022, "FlashAttention"). The 16 threads that share a
query are half a warp, and agree on its greatest score, and on its sum, in four shuffles each. The weights then go to
shared memory, 20 KiB, where every thread reads them for its 4×4 of the product with V. With `causal`, tiles that no
query may attend are left out.

Backward computes the weights once more, from the scores and the two statistics. Gradients of queries are sums over
keys, those of keys sums over queries, so two kernels go over the tiles, one row by row, one column by column, and each
number is summed by one thread in one order: the same bits on every run. That is seven products of a tile, where one
kernel that adds its part of the queries' gradients by atomics does with five (Dao 2023, "FlashAttention-2"). D, of
each query the sum of g y, is a small kernel of its own.

Arithmetic intensity: a tile of scores takes 64·64·n multiply-adds for 2·64·n numbers from memory, 16 operations a
byte. Of shared memory a warp takes 8 passes for 16 multiply-adds of its threads: 8 cycles, where 128 lanes would
compute in 4, so that is the limit. What it costs: 28.25 KiB of shared memory and up to 128 registers, so that two
blocks, 16 warps, share a multiprocessor. Limits: of n and of values, 64 columns of a result fit into the registers, so
for each further 64 the scores are computed again; operands that don't lie in one piece are copied, as are those that
only some matrices of a batch share, but of a mask not its rows or columns.
"""

from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels.cuda import kernel
from tinyxm_kernels.cuda.arrays import in_one_piece
from tinyxm_kernels.registry import Shape, rung

Array = NDArray[Any]
SOURCE = Path(__file__).with_suffix(".cu")
SIDE, BLOCK = 64, (16, 16)  # of a tile of scores, and the threads that share it
LARGEST = 2**24  # of what numbers an element within a tile, by int
MOST_BLOCKS = 2**31 - 1
_attention = kernel(SOURCE, "attention")
_products_of_rows = kernel(SOURCE, "products_of_rows")
_query_gradient = kernel(SOURCE, "query_gradient")
_key_and_value_gradients = kernel(SOURCE, "key_and_value_gradients")


def _fits(*operands: Any) -> bool:
    q, k, v = operands[1:4] if len(operands) > 6 else operands[:3]  # a gradient comes first
    batch = prod(np.broadcast_shapes(q.shape[:-2], k.shape[:-2], v.shape[:-2]))
    longest, widest = max(q.shape[-2], k.shape[-2]), max(q.shape[-1], v.shape[-1])
    return widest <= LARGEST // 8 and longest < 2**30 and batch * longest < MOST_BLOCKS


NEEDS = f"at most {LARGEST // 8} features and values, 2³⁰ queries and keys, and 2³¹ of all matrices together"


def _stacked(a: Array, batch: Shape) -> tuple[Array, int]:
    """The matrices of an operand one after another, and 1; or its only one, and 0, where all share it."""
    if prod(a.shape[:-2]) == 1:
        return in_one_piece(a), 0
    return in_one_piece(np.broadcast_to(a, (*batch, *a.shape[-2:]))), 1


def _masking(mask: Array | None, batch: Shape) -> tuple[Array | None, tuple[int, ...]]:
    """The mask, and how far apart in it neighbouring matrices, queries and keys lie: 0 where they share it; and 1."""
    if mask is None:
        return None, (0, 0, 0, 0)
    mask = mask[(None,) * max(0, 2 - mask.ndim)]
    mask, step = _stacked(mask, batch)
    rows, columns = mask.shape[-2:]
    return mask, (step * rows * columns, columns * (rows > 1), int(columns > 1), 1)


def _grid(matrices: int, rows: int, *widths: int) -> tuple[int, int]:
    """Tiles of all matrices, and of the widest result the columns by 64."""
    return matrices * -(-rows // SIDE), max(1, *(-(-width // SIDE) for width in widths))


@rung(backend="cuda", device="cuda", dtypes=("float32",), accepts=_fits, needs=NEEDS)
def attention(q: Array, k: Array, v: Array, mask: Array | None, causal: bool, scale: float) -> tuple[Array, Array]:
    batch = np.broadcast_shapes(q.shape[:-2], k.shape[:-2], v.shape[:-2])
    (queries, features), (keys, values) = q.shape[-2:], v.shape[-2:]
    y = np.empty_like(q, shape=(*batch, queries, values), order="C")
    statistics = np.empty_like(q, shape=(*batch, queries, 2), order="C")
    if statistics.size:
        (q, *q_step), (k, *k_step), (v, *v_step) = (_stacked(a, batch) for a in (q, k, v))
        mask, apart = _masking(mask, batch)
        _attention(
            _grid(prod(batch), queries, values), BLOCK, q, k, v, mask, y, statistics,
            queries, keys, features, values, *q_step, *k_step, *v_step, *apart, causal, scale,
        )  # fmt: skip
    return y, statistics


@rung(backend="cuda", device="cuda", dtypes=("float32",), accepts=_fits, needs=NEEDS)
def attention_gradients(
    g: Array, q: Array, k: Array, v: Array, mask: Array | None, causal: bool, scale: float, y: Array, statistics: Array
) -> tuple[Array, Array, Array]:
    batch, (queries, features), (keys, values) = g.shape[:-2], q.shape[-2:], v.shape[-2:]
    g_q = np.empty_like(q, shape=(*batch, queries, features), order="C")
    g_k = np.empty_like(q, shape=(*batch, keys, features), order="C")
    g_v = np.empty_like(q, shape=(*batch, keys, values), order="C")
    matrices = prod(batch)
    products = np.empty_like(q, shape=(*batch, queries), order="C")
    g, y, statistics = in_one_piece(g), in_one_piece(y), in_one_piece(statistics, 8)  # read by twos
    if products.size:
        _products_of_rows(-(-products.size // 8), (32, 8), g, y, products, products.size, values)
    (q, *q_step), (k, *k_step), (v, *v_step) = (_stacked(a, batch) for a in (q, k, v))
    mask, apart = _masking(mask, batch)
    operands = g, q, k, v, mask, statistics, products
    numbers = queries, keys, features, values, *q_step, *k_step, *v_step, *apart, causal, scale
    if g_q.size:
        _query_gradient(_grid(matrices, queries, features), BLOCK, *operands, g_q, *numbers)
    if g_k.size or g_v.size:
        _key_and_value_gradients(_grid(matrices, keys, features, values), BLOCK, *operands, g_k, g_v, *numbers)
    return g_q, g_k, g_v
