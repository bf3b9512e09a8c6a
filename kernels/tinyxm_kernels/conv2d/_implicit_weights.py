"""The weight gradient of the implicit rung: the tables of the forward sum, swapped.

    forward            y[pixel, o]  = Σ_tap    x̄[pixels[pixel] + taps[tap]] · w[tap, o]
    weight gradient    ∂w[tap, o]   = Σ_pixel  x̄[taps[tap] + pixels[pixel]] · g[pixel, o]

A tile is 6 taps (or channels), 9 where the processor has registers for them, by 16 output channels, and its sum runs
over pixels: at most `DEPTH` of them at a time, because all tiles read the same piece of g. Where four registers hold a
pixel of g, it is read where it lies, in pieces that fit the first-level cache beside the image; wider, it is packed in
panels, whose reading from the second level the sums hide. Threads share out the blocks of pixels, each with sums of its
own that are added at the end in order; where there are fewer blocks than threads, they share out the taps.
"""

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels._compiled import compiled, flat, threaded
from tinyxm_kernels._microkernel import TALL_ROWS, WIDEST_BYTES, micro_kernel, pack_panels
from tinyxm_kernels.conv2d._tables import Plan, seen_by
from tinyxm_kernels.registry import Shape
from tinyxm_kernels.threads import get_threads

DEPTH = 128  # pixels in one sum
PIECE, WIDEST = 1 << 14, 4 * WIDEST_BYTES  # bytes of g, and of one of its pixels, that are read where they lie
LOW_ROWS, NARROW_ROWS = 6, 9  # of the last tile of two vectors, and of a tile of one: 9 taps of a 3×3 kernel fill it

wide_tile = micro_kernel(TALL_ROWS, 2, indirect=True)
wide_edge = micro_kernel(TALL_ROWS, 2, indirect=True, edge=True)
low_edge = micro_kernel(LOW_ROWS, 2, indirect=True, edge=True)
narrow_tile = micro_kernel(NARROW_ROWS, 1, indirect=True)
narrow_edge = micro_kernel(NARROW_ROWS, 1, indirect=True, edge=True)


@threaded
def accumulate(start, stop, x, g, sums, parts, shares, taps, pixels, blocks, layout):
    """Jobs start ... stop: each one part of the blocks, into sums[part], and one share of the taps."""
    one, depth = layout[0], len(taps)
    columns, size = one.target_channels // one.groups, depth * one.target_channels
    padded = np.empty(one.copies * one.images * one.seen_down * one.seen_across * one.channels, x.dtype)
    pixel = one.target_channels * x.itemsize
    packs = pixel > WIDEST
    most = DEPTH if packs else max(1, min(DEPTH, PIECE // max(1, pixel)))
    panels = np.empty(packs * DEPTH * -(-columns // one.panel) * one.panel, x.dtype)
    for job in range(start, stop):
        part, share = job // shares, job % shares
        tiles = -(-depth // TALL_ROWS)
        first = min(depth, tiles * share // shares * TALL_ROWS)
        last = min(depth, tiles * (share + 1) // shares * TALL_ROWS)
        add = 0
        for block in range(blocks * part // parts, blocks * (part + 1) // parts):
            n, p, q, images, a, a_start = seen_by(x, one, block, padded)
            down = min(one.rows, one.target_height - p)
            count = images * down * min(one.columns, one.target_width - q)
            corner = ((n * one.target_height + p) * one.target_width + q) * one.target_channels
            for k in range(0, count, most):
                terms = min(most, count - k)
                for group in range(one.groups):
                    b, b_start = g, corner + k * one.target_channels + group * columns
                    b_row, b_panel = one.target_channels, one.panel
                    if packs:
                        pack_panels(g, b_start, b_row, 1, terms, columns, one.panel, panels)
                        b, b_start, b_row, b_panel = panels, 0, one.panel, terms * one.panel
                    products(
                        a, a_start + group * (one.channels // one.groups), taps, first, last, pixels, k, terms,
                        b, b_start, b_row, b_panel, one.panel, sums, part * size + group * columns,
                        one.target_channels, columns, add,
                    )  # fmt: skip
                add = 1
        if not add:
            for i in range(part * size + first * one.target_channels, part * size + last * one.target_channels):
                sums[i] = 0


@compiled
def products(a, a0, taps, first, last, pixels, k0, depth, b, b0, b_row, b_panel, panel, c, c0, c_row, columns, add):
    """Taps first ... last of the sum over `depth` pixels, stored or (`add`) added to C, tile by tile.

    All panels of g pass over a tile's patches before the next: g lies in order and is fetched ahead, patches don't.
    """
    narrow = panel == 32 // a.itemsize
    rows = NARROW_ROWS if narrow else TALL_ROWS
    for i in range(first, last, rows):
        height = min(rows, last - i)
        for j in range(0, columns, panel):
            width, b1, c1 = min(panel, columns - j), b0 + j // panel * b_panel, c0 + i * c_row + j
            whole = height == rows and width == panel
            if narrow:
                if whole:
                    narrow_tile(a, a0, taps, i, pixels, k0, b, b1, b_row, c, c1, c_row, depth, height, width, add)
                else:
                    narrow_edge(a, a0, taps, i, pixels, k0, b, b1, b_row, c, c1, c_row, depth, height, width, add)
            elif whole:
                wide_tile(a, a0, taps, i, pixels, k0, b, b1, b_row, c, c1, c_row, depth, height, width, add)
            elif height > LOW_ROWS:
                wide_edge(a, a0, taps, i, pixels, k0, b, b1, b_row, c, c1, c_row, depth, height, width, add)
            else:
                low_edge(a, a0, taps, i, pixels, k0, b, b1, b_row, c, c1, c_row, depth, height, width, add)


@threaded
def add_parts(start, stop, sums, total):
    """total = Σ_part sums[part], in this order, for the elements start ... stop."""
    for i in range(start, stop):
        total[i] = sums[i]
    for at in range(total.size, sums.size, total.size):
        for i in range(start, stop):
            total[i] += sums[at + i]


def weight_gradient(plan: Plan, g: NDArray[Any], x: NDArray[Any], kernel_shape: Shape) -> NDArray[Any]:
    """Σ over pixels of the patches times g, by the plan of the forward sum; shapes as in the room's docstring."""
    w_gradient, threads = np.empty(kernel_shape, g.dtype), get_threads()
    work = 2.0 * prod(g.shape[:3]) * w_gradient.size
    parts = min(threads, plan.blocks) if prod(g.shape[:3]) >= threads * DEPTH else 1
    shares = max(1, threads // max(1, parts))
    parts = max(1, parts)
    total = flat(w_gradient)
    sums = total if parts == 1 else np.empty(parts * total.size, g.dtype)
    accumulate(
        parts * shares, work, flat(x), flat(g), sums, parts, shares, plan.taps, plan.pixels, plan.blocks, plan.layout
    )
    if parts > 1 and total.size:
        add_parts(total.size, 1.0 * sums.size, sums, total)
    return w_gradient
