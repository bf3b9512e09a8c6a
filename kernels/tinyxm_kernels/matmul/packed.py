"""Packing and the register tile: the five loops of Goto and van de Geijn around the micro-kernel.

What it adds, from the inside out (sizes for float32):

    the tile         6 rows × 16 columns of C stay in 12 vector registers through a whole sum: `_microkernel.py`
    a row block      up to 192 rows of A pass over one panel of B, 16 columns wide, while it is in the first-level cache
    the panels       512 columns of B, copied so that each panel lies in one piece, stay in the second-level cache
    a depth block    up to 256 terms of each sum at a time, so that a panel is 16 KiB; k is cut into equal blocks
    column blocks    the rest of B's columns

Why it is faster: C is read and written once in 256 terms, no longer at each. A tile does 2·6·16 = 192 operations for
the 6 + 16 numbers that it loads, 2.2 operations a byte against 1/3 in `blocked`: the multiply-adds, not the loads, are
what takes the time. And memory is read in one direction: unpacked, rows of B a power of two apart would fall into the
same few sets of the cache.

A isn't packed, for the tile reads 6 rows of it side by side, so that any transpose and any view serves as it is; unless
its rows or columns lie so far apart (`crowded`) that they drive each other out of the cache. Bias and activation
(`linear`) go over each block of C while it is still in the second-level cache.

Arithmetic intensity: of memory, 2mnk operations for mk·⌈n / 512⌉ + kn + mn·⌈k / 256⌉ numbers. Limits: one thread; a
tile that has fewer than 6 rows or 16 columns takes as long as a whole one.
"""

from collections.abc import Callable
from functools import cache
from math import prod
from typing import Any

import numpy as np

from tinyxm_kernels._compiled import compiled
from tinyxm_kernels._math import exp, maximum
from tinyxm_kernels._microkernel import micro_kernel, pack_panels, panel_width, tile_width
from tinyxm_kernels.activations.fused import normal
from tinyxm_kernels.matmul import ACTIVATIONS
from tinyxm_kernels.matmul._operands import Array, as_given, as_stacks, located
from tinyxm_kernels.registry import rung

ROWS = 6  # of a tile
DEPTH = 256  # of a panel: with 16 float32 or 8 float64 a row it takes half of a first-level cache of 32 KiB
ROW_BLOCK = 192  # rows that pass over a panel: A's block and B's panels stay in the second-level cache together
PANEL_BYTES = 2**19  # of all panels: half of a second-level cache of 1 MiB
# bytes between A's rows, or its columns, whose multiples crowd 6 × 256 numbers into a few sets of the caches; measured
FAR_ROWS, FAR_COLUMNS = 8192, 2048
full_tile = micro_kernel(ROWS)
edge_tile = micro_kernel(ROWS, edge=True)


@compiled
def multiply(
    start, stop, row_pieces, column_pieces, a, a_at, a_row, a_column, b, b_at, b_row, b_column, c, m, n, k, bias,
    activation,
):  # fmt: skip
    """Pieces start ... stop of C = activation(A B + bias), for a stack of matrices, each cut into pieces by rows and
    columns. Arrays are flat; `a_at` and `b_at` say where in them each matrix begins."""
    width = tile_width(c)
    row_tiles, column_tiles = -(-m // ROWS), -(-n // width)
    most = min(column_tiles * width, PANEL_BYTES // (DEPTH * c.itemsize))
    panels = np.empty(most * -(-k // max(1, -(-k // DEPTH))), c.dtype)
    for piece in range(start, stop):
        matrix, place = piece // (row_pieces * column_pieces), piece % (row_pieces * column_pieces)
        i, j = place // column_pieces, place % column_pieces
        i0, i1 = row_tiles * i // row_pieces * ROWS, min(m, row_tiles * (i + 1) // row_pieces * ROWS)
        j0, j1 = column_tiles * j // column_pieces * width, min(n, column_tiles * (j + 1) // column_pieces * width)
        a_corner, c_corner = a_at[matrix] + i0 * a_row, (matrix * m + i0) * n + j0
        b_corner = b_at[matrix] + j0 * b_column
        block(
            i1 - i0, j1 - j0, k, a, a_corner, a_row, a_column, b, b_corner, b_row, b_column, panels,
            c, c_corner, n, bias[j0:j1], activation,
        )  # fmt: skip


@compiled
def block(m, n, k, a, a_at, a_row, a_column, b, b_at, b_row, b_column, panels, c, c_at, c_row, bias, activation):
    """The five loops, over one piece of one product."""
    width = tile_width(c)
    depth_blocks = max(1, -(-k // DEPTH))
    depth = -(-k // depth_blocks)
    most = PANEL_BYTES // (DEPTH * c.itemsize)
    far = crowded(a_row, a_column, c.itemsize) and n > 4 * width
    a_panels = np.empty(min(m + ROWS, ROW_BLOCK) * depth if far else 0, c.dtype)
    for j0 in range(0, n, most):
        columns = min(most, n - j0)
        for k0 in range(0, max(1, k), max(1, depth)):
            terms = min(depth, k - k0)
            pack_panels(b, b_at + k0 * b_row + j0 * b_column, b_row, b_column, terms, columns, width, panels)
            for i0 in range(0, m, ROW_BLOCK):
                rows, left, at = min(ROW_BLOCK, m - i0), a, a_at + i0 * a_row + k0 * a_column
                tile_step, row, column = ROWS * a_row, a_row, a_column
                if far:
                    pack_panels(a, at, a_column, a_row, terms, rows, ROWS, a_panels)
                    left, at, tile_step, row, column = a_panels, 0, ROWS * terms, 1, ROWS
                for j in range(0, columns, width):
                    for i in range(0, rows, ROWS):
                        tile(
                            left, at + i // ROWS * tile_step, row, column, panels, j * terms, width,
                            c, c_at + (i0 + i) * c_row + j0 + j, c_row,
                            terms, min(ROWS, rows - i), min(width, columns - j), k0,
                        )  # fmt: skip
                if k0 + terms == k and (activation or bias.size):
                    finish(c, c_at + i0 * c_row + j0, c_row, rows, columns, bias[j0:], activation)


@compiled(inline="always")
def crowded(a_row, a_column, itemsize):
    """Whether the numbers of A that a tile reads fall into few sets of the cache: rows, or columns, FAR bytes apart."""
    return a_row * itemsize % FAR_ROWS == 0 or (a_column != 1 and a_column * itemsize % FAR_COLUMNS == 0)


@compiled(inline="always")
def tile(a, a_at, a_row, a_column, panels, at, width, c, c_at, c_row, depth, rows, columns, add):
    """One tile of C, stored or (`add`) added to it."""
    if rows == ROWS and columns == width:
        full_tile(a, a_at, a_row, a_column, panels, at, width, c, c_at, c_row, depth, rows, columns, add)
    else:
        edge_tile(a, a_at, a_row, a_column, panels, at, width, c, c_at, c_row, depth, rows, columns, add)


@compiled
def finish(c, at, c_row, rows, columns, bias, activation):
    """C = activation(C + bias), in place, on a block of so many rows and columns; the activation by its place."""
    number = c.dtype.type
    for i in range(rows):
        y = c[at + i * c_row : at + i * c_row + columns]
        if bias.size:
            for j in range(y.size):
                y[j] += bias[j]
        if activation == 1:
            for j in range(y.size):
                y[j] = maximum(y[j], number(0))
        elif activation == 2:
            for j in range(y.size):
                y[j] *= normal(y[j], exp(number(-0.5) * y[j] * y[j]))


NO_BIAS = {code: np.empty(0, code) for code in "fd"}


def product(
    run: Callable[..., None], a: Array, b: Array, bias: Array | None = None, activation: str = "none", threads: int = 1
) -> Array:
    """activation(a b + bias) by `run`, which is `multiply`, or the same on threads."""
    left, right = as_stacks(a, b)
    (m, k), n = left.shape[-2:], right.shape[-1]
    batch: tuple[int, ...] = ()
    if left.ndim > 2 or right.ndim > 2:
        batch = np.broadcast_shapes(left.shape[:-2], right.shape[:-2])
    c = np.empty((*batch, m, n), a.dtype.newbyteorder("="))
    if c.size:
        if batch and right.ndim == 2 and left.flags.c_contiguous:  # one matrix for all: one tall product
            m, batch = prod(batch) * m, ()
            left = left.reshape(m, k)
        matrices, row_pieces, column_pieces = prod(batch), 1, 1
        if matrices % threads:
            row_pieces, column_pieces = cut(-(-m // ROWS), -(-n // panel_width(c.itemsize)), threads)
        if bias is None:
            bias = NO_BIAS[c.dtype.char]
        elif not (bias.flags.carray and bias.dtype.isnative):
            bias = np.array(bias, c.dtype)
        run(
            matrices * row_pieces * column_pieces, 2.0 * c.size * k, row_pieces, column_pieces,
            *located(left, batch), *located(right, batch), c.reshape(-1), m, n, k, bias, ACTIVATIONS.index(activation),
        )  # fmt: skip
    return c if a.ndim > 1 and b.ndim > 1 else as_given(c, a, b)


@cache
def cut(row_tiles: int, column_tiles: int, pieces: int) -> tuple[int, int]:
    """Into how many parts by rows and by columns: the largest part small; then, the least of A and B to be read; then,
    columns rather than rows, so that no panel is packed twice."""
    ways = [(rows, pieces // rows) for rows in range(1, pieces + 1) if pieces % rows == 0]
    return min(
        ways,
        key=lambda way: (
            -(-row_tiles // way[0]) * -(-column_tiles // way[1]),
            ROWS * row_tiles / way[0] + 16 * column_tiles / way[1],
        ),
    )


def serially(count: int, work: float, *arguments: Any) -> None:
    multiply(0, count, *arguments)


@rung(backend="numba")
def matmul(a: Array, b: Array) -> Array:
    return product(serially, a, b)


@rung(backend="numba")
def linear(x: Array, w: Array, bias: Array | None = None, activation: str = "none") -> Array:
    return product(serially, x, w, bias, activation)
