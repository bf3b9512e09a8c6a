"""Five loops around the micro-kernel (Goto and van de Geijn 2008), with B packed into panels.

What it adds: a panel of B, as wide as a tile and `DEPTH` rows deep, is copied so that it lies in one piece (16 KiB
stay in the first-level cache while every tile of the rows passes over it), and each tile's sums stay in registers.
A isn't packed unless its rows lie a multiple of 4 KiB apart, where they'd all fall into the same cache sets.

Arithmetic intensity: a tile of 6 x 16 does 192 operations for each 22 numbers it loads, from cache; of memory, 2mnk
operations for (m k + k n + m n) numbers. Limits: below some 64 rows or columns the packing shows.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels._compiled import compiled, threaded
from tinyxm_kernels._microkernel import micro_kernel, pack_panels
from tinyxm_kernels.registry import rung

ROWS, DEPTH = 6, 256
full_tile = micro_kernel(ROWS)
edge_tile = micro_kernel(ROWS, edge=True)


@compiled(inline="always")
def tile(a, a0, ar, ac, b, b0, br, c, c0, cr, depth, height, width, add):
    if height == ROWS and width == br:
        full_tile(a, a0, ar, ac, b, b0, br, c, c0, cr, depth, height, width, add)
    else:
        edge_tile(a, a0, ar, ac, b, b0, br, c, c0, cr, depth, height, width, add)


@threaded
def product(start, stop, a, a0, ar, ac, b, b0, br, bc, c, rows, depth, columns):
    """Columns start ... stop, in panels, of C = A B."""
    width = 64 // b.itemsize
    first, last = start * width, min(columns, stop * width)
    panels = np.empty((stop - start) * width * min(DEPTH, depth), b.dtype)
    for k in range(0, depth, DEPTH):
        d = min(DEPTH, depth - k)
        pack_panels(b, b0 + k * br + first * bc, br, bc, d, last - first, width, panels)
        for i0 in range(0, rows, 96):
            for j in range(first, last, width):
                for i in range(i0, min(rows, i0 + 96), ROWS):
                    tile(
                        a,
                        a0 + i * ar + k * ac,
                        ar,
                        ac,
                        panels,
                        (j - first) * d,
                        width,
                        c,
                        i * columns + j,
                        columns,
                        d,
                        min(ROWS, rows - i),
                        min(width, columns - j),
                        k > 0,
                    )


@rung()
def matmul(a: NDArray[Any], b: NDArray[Any]) -> NDArray[Any]:
    rows, columns = a.ndim > 1, b.ndim > 1
    a, b = a if rows else a[None], b if columns else b[:, None]
    (m, k), n = a.shape[-2:], b.shape[-1]
    batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    c = np.zeros((*batch, m, n), a.dtype)
    if c.size and k:
        a, b = np.broadcast_to(a, (*batch, m, k)), np.broadcast_to(b, (*batch, k, n))
        width = 64 // b.itemsize
        for i in np.ndindex(batch):
            left, right = (np.ascontiguousarray(x[i]).reshape(-1) for x in (a, b))
            product(-(-n // width), 2.0 * m * n * k, left, 0, k, 1, right, 0, n, 1, c[i].reshape(-1), m, k, n)
    return c[(..., *(slice(None) if kept else 0 for kept in (rows, columns)))]
