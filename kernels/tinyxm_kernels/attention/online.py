"""Softmax as the scores come, a block of keys at a time, so that no more than a block of scores ever exists.

What it adds: a softmax needs the greatest score of its row, and the sum, before it can give any weight, as it seems; so
the reference stores all scores and passes over them. But both can be kept up as keys go by (Milakov and Gimelshein
2018): with m the greatest score so far, l = Σ exp(s − m) and y = Σ exp(s − m) v, a block whose greatest is larger,
m', turns them into l·exp(m − m') and y·exp(m − m'), plus its own part. So a block of 48 queries meets 128 keys at a
time: their scores, 24 KiB, are computed, exponentiated and multiplied with the values while they are in the cache (Dao
et al. 2022, "FlashAttention"). Backward computes each block of weights once more, from the scores and their statistics:
five products in place of four.

Kᵀ and V are packed into panels once for each matrix; all products are the register tile's of `matmul`'s packed rung.
Threads share out (matrices × query blocks) forward, and whole matrices backward, for every query block adds to the
gradients of all keys: the order of each sum is the same on any number of threads. With `causal`, blocks that no query
may attend are left out.

Arithmetic intensity: of memory, 2·keys·(n + values) operations for the n + values numbers of a query (keys and values
stay in the second-level cache, if they fit), and none for scores. Limits: one matrix runs backward on one thread;
queries fill tiles of 6 rows, and n, values and keys tiles of 16 columns.
"""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels._compiled import compiled, flat, threaded
from tinyxm_kernels._math import exp, maximum, multiply_add, rounded
from tinyxm_kernels._microkernel import pack_panels, tile_width
from tinyxm_kernels.matmul._operands import FIRST, located
from tinyxm_kernels.matmul.packed import ROWS, tile
from tinyxm_kernels.registry import Shape, rung

Array = NDArray[Any]
QUERIES, KEYS = 48, 128  # of a block of scores: whole tiles, 24 KiB of float32
EXPONENTIAL = 20  # operations for each score beside the products
NO_MASK = np.empty(0, bool)


@compiled
def product(a, a_at, a_row, a_column, panels, at, panel_depth, c, c_at, c_row, m, n, depth, add):
    """C (m, n), stored or (`add`) added to, = A (m, depth) B, B packed `panel_depth` deep, its first row at `at`."""
    width = tile_width(c)
    for j in range(0, n, width):
        for i in range(0, m, ROWS):
            tile(
                a, a_at + i * a_row, a_row, a_column, panels, at + j * panel_depth, width,
                c, c_at + i * c_row + j, c_row, depth, min(ROWS, m - i), min(width, n - j), add,
            )  # fmt: skip


@compiled(inline="always")
def scale_and_mask(row, allowed, scale):
    """Scores of one query, scaled, and −∞ where it may not attend (`allowed` is empty where there is no mask); the
    greatest of them."""
    nothing = row.dtype.type(-np.inf)
    greatest = nothing
    if allowed.size:
        for j in range(row.size):
            score = row[j] * scale if allowed[j] else nothing
            row[j] = score
            greatest = maximum(greatest, score)
    else:
        for j in range(row.size):
            score = row[j] * scale
            row[j] = score
            greatest = maximum(greatest, score)
    return greatest


@compiled(inline="always")
def exponentials(row, shift):
    """exp(s − shift) in place of each s of a row; their sum."""
    total = row.dtype.type(0)
    for j in range(row.size):
        e = exp(row[j] - shift)
        row[j] = e
        total += e
    return total


@threaded
def attend(
    start, stop, blocks, q, q_at, q_row, q_column, k, k_at, k_row, k_column, v, v_at, v_row, v_column,
    mask, mask_at, mask_row, causal, scale, queries, keys, features, values, y, statistics,
):  # fmt: skip
    """Query blocks start ... stop of all matrices, `blocks` in each: rows of y and statistics."""
    number, width = y.dtype.type, tile_width(y)
    scale, nothing = number(scale), number(-np.inf)
    k_panels = np.empty(-(-keys // width) * width * features, y.dtype)
    v_panels = np.empty(-(-values // width) * width * keys, y.dtype)
    scores, largest, total = np.empty(QUERIES * KEYS, y.dtype), np.empty(QUERIES, y.dtype), np.empty(QUERIES, y.dtype)
    packed = -1
    for piece in range(start, stop):
        matrix, i0 = piece // blocks, piece % blocks * QUERIES
        if matrix != packed:
            pack_panels(k, k_at[matrix], k_column, k_row, features, keys, width, k_panels)
            pack_panels(v, v_at[matrix], v_row, v_column, keys, values, width, v_panels)
            packed = matrix
        rows = min(QUERIES, queries - i0)
        seen, y_at = min(keys, i0 + rows) if causal else keys, (matrix * queries + i0) * values
        largest[:], total[:] = nothing, number(0)
        for j0 in range(0, seen, KEYS):
            columns = min(KEYS, seen - j0)
            product(
                q, q_at[matrix] + i0 * q_row, q_row, q_column, k_panels, j0 * features, features,
                scores, 0, KEYS, rows, columns, features, 0,
            )  # fmt: skip
            for i in range(rows):
                count = max(0, min(columns, i0 + i + 1 - j0)) if causal else columns
                row = scores[i * KEYS : i * KEYS + count]
                scores[i * KEYS + count : i * KEYS + columns] = number(0)
                at = mask_at[matrix] + (i0 + i) * mask_row + j0 if mask.size else 0
                before = largest[i]
                greatest = maximum(before, scale_and_mask(row, mask[at : at + count], scale))
                shift = number(0) if greatest == nothing else greatest
                added = exponentials(row, shift)
                if j0 and before != greatest:
                    shrink = np.exp(before - shift)
                    total[i] *= shrink
                    so_far = y[y_at + i * values : y_at + (i + 1) * values]
                    for j in range(so_far.size):
                        so_far[j] *= shrink
                total[i] += added
                largest[i] = greatest
            product(
                scores, 0, KEYS, 1, v_panels, j0 * width, keys, y, y_at, values, rows, values, columns, j0
            )  # fmt: skip
        for i in range(rows):
            part = number(1) if total[i] == 0 else rounded(number(1) / total[i])
            done = y[y_at + i * values : y_at + (i + 1) * values]
            for j in range(done.size):
                done[j] *= part
            at = 2 * (matrix * queries + i0 + i)
            statistics[at], statistics[at + 1] = number(0) if largest[i] == nothing else largest[i], total[i]


@threaded
def gradients(
    start, stop, g, g_at, g_row, q, q_at, q_row, q_column, k, k_at, k_row, k_column, v, v_at, v_row, v_column,
    mask, mask_at, mask_row, causal, scale, queries, keys, features, values, y, statistics, g_q, g_k, g_v,
):  # fmt: skip
    """Gradients of matrices start ... stop; g_k and g_v begin as zeros."""
    number, width = y.dtype.type, tile_width(y)
    scale = number(scale)
    key_columns, feature_columns = -(-keys // width) * width, -(-features // width) * width
    kt_panels, vt_panels = np.empty(key_columns * features, y.dtype), np.empty(key_columns * values, y.dtype)
    k_panels, q_panels = np.empty(feature_columns * keys, y.dtype), np.empty(feature_columns * QUERIES, y.dtype)
    g_panels = np.empty(-(-values // width) * width * QUERIES, y.dtype)
    weights, slopes = np.empty(QUERIES * KEYS, y.dtype), np.empty(QUERIES * KEYS, y.dtype)
    along = np.empty(QUERIES, y.dtype)
    for matrix in range(start, stop):
        pack_panels(k, k_at[matrix], k_column, k_row, features, keys, width, kt_panels)
        pack_panels(v, v_at[matrix], v_column, v_row, values, keys, width, vt_panels)
        pack_panels(k, k_at[matrix], k_row, k_column, keys, features, width, k_panels)
        for i0 in range(0, queries, QUERIES):
            rows = min(QUERIES, queries - i0)
            seen, first = min(keys, i0 + rows) if causal else keys, matrix * queries + i0
            q_start, g_start = q_at[matrix] + i0 * q_row, g_at[matrix] + i0 * g_row
            pack_panels(q, q_start, q_row, q_column, rows, features, width, q_panels)
            pack_panels(g, g_start, g_row, 1, rows, values, width, g_panels)
            along[:rows] = number(0)
            # D, summed as the tile sums G Vᵀ: where a weight is 1 their difference is 0 exactly
            for j in range(values):
                for i in range(rows):
                    along[i] = multiply_add(g[g_start + i * g_row + j], y[(first + i) * values + j], along[i])
            for j0 in range(0, seen, KEYS):
                columns, of_keys = min(KEYS, seen - j0), matrix * keys + j0
                product(
                    q, q_start, q_row, q_column, kt_panels, j0 * features, features,
                    weights, 0, KEYS, rows, columns, features, 0,
                )  # fmt: skip
                product(
                    g, g_start, g_row, 1, vt_panels, j0 * values, values, slopes, 0, KEYS, rows, columns, values, 0
                )  # fmt: skip
                for i in range(rows):
                    count = max(0, min(columns, i0 + i + 1 - j0)) if causal else columns
                    row, slope = weights[i * KEYS : i * KEYS + count], slopes[i * KEYS : i * KEYS + count]
                    weights[i * KEYS + count : i * KEYS + columns] = number(0)
                    slopes[i * KEYS + count : i * KEYS + columns] = number(0)
                    at = mask_at[matrix] + (i0 + i) * mask_row + j0 if mask.size else 0
                    scale_and_mask(row, mask[at : at + count], scale)
                    total = statistics[2 * (first + i) + 1]
                    part = number(1) if total == 0 else rounded(number(1) / total)
                    shift, level = statistics[2 * (first + i)], along[i]
                    for j in range(row.size):
                        weight = exp(row[j] - shift) * part
                        row[j] = weight
                        slope[j] = weight * (slope[j] - level) * scale
                product(
                    weights, 0, 1, KEYS, g_panels, 0, rows, g_v, of_keys * values, values, columns, values, rows, 1
                )  # fmt: skip
                product(
                    slopes, 0, KEYS, 1, k_panels, j0 * width, keys, g_q, first * features, features,
                    rows, features, columns, j0,
                )  # fmt: skip
                product(
                    slopes, 0, 1, KEYS, q_panels, 0, rows, g_k, of_keys * features, features, columns, features, rows, 1
                )  # fmt: skip


def located_mask(mask: Array | None, batch: Shape, queries: int, keys: int) -> tuple[Array, NDArray[np.int64], int]:
    """The mask's flat memory, where in it each matrix begins, and the stride of its rows, in which keys are side by
    side: only a mask in which they aren't is copied, and never for queries or matrices that share it."""
    if mask is None:
        return NO_MASK, FIRST, 0
    if mask.shape[-1:] != (keys,) or mask.strides[-1] != 1:
        mask = np.array(np.broadcast_to(mask, np.broadcast_shapes(mask.shape, (keys,))), order="C")
    mask = np.broadcast_to(mask, np.broadcast_shapes(mask.shape, (queries, keys)))
    return located(mask, batch)[:3]


@rung(backend="numba")
def attention(q: Array, k: Array, v: Array, mask: Array | None, causal: bool, scale: float) -> tuple[Array, Array]:
    batch, dtype = np.broadcast_shapes(q.shape[:-2], k.shape[:-2], v.shape[:-2]), q.dtype.newbyteorder("=")
    (queries, features), (keys, values) = q.shape[-2:], v.shape[-2:]
    make = np.empty if keys else np.zeros
    y, statistics = make((*batch, queries, values), dtype), make((*batch, queries, 2), dtype)
    if keys and statistics.size:
        blocks, work = -(-queries // QUERIES), statistics.size * keys * (features + values + EXPONENTIAL / 2)
        attend(
            prod(batch) * blocks, work, blocks, *located(q, batch), *located(k, batch), *located(v, batch),
            *located_mask(mask, batch, queries, keys), bool(causal), float(scale), queries, keys, features, values,
            y.reshape(-1), statistics.reshape(-1),
        )  # fmt: skip
    return y, statistics


@rung(backend="numba")
def attention_gradients(
    g: Array, q: Array, k: Array, v: Array, mask: Array | None, causal: bool, scale: float, y: Array, statistics: Array
) -> tuple[Array, Array, Array]:
    batch, dtype = g.shape[:-2], q.dtype.newbyteorder("=")
    (queries, features), (keys, values) = q.shape[-2:], v.shape[-2:]
    g_q = (np.empty if keys else np.zeros)((*batch, queries, features), dtype)
    g_k, g_v = np.zeros((*batch, keys, features), dtype), np.zeros((*batch, keys, values), dtype)
    if statistics.size and keys:
        if g.strides[-1] != g.itemsize:
            g = np.array(g, dtype, order="C")
        work = statistics.size * keys * (3 * features + 2 * values + EXPONENTIAL / 2)
        gradients(
            prod(batch), work, *located(g, batch)[:3],
            *located(q, batch), *located(k, batch), *located(v, batch),
            *located_mask(mask, batch, queries, keys), bool(causal), float(scale), queries, keys, features, values,
            flat(y), flat(statistics), g_q.reshape(-1), g_k.reshape(-1), g_v.reshape(-1),
        )  # fmt: skip
    return g_q, g_k, g_v
