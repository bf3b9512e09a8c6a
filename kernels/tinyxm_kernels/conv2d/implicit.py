"""Convolution by the micro-kernel over tables of offsets: the matrix of patches is never made.

What it adds: a row of that matrix is a pixel of the result, a column a tap of the kernel and a channel, and the number
that stands there is found at `row_table[pixel] + column_table[tap, channel]` in the padded image. So the micro-kernel
reads patches where they lie, and a tile of 6 pixels × 16 channels (9 pixels where the processor has registers for them)
stays in registers through the whole sum. The image is padded a few rows at a time, into a buffer that is still in the
second-level cache when it is read, by the thread that reads it; without padding there is no copy. Weights are packed in
panels once a call.

The input gradient is the same loop. Pixels of x that leave the same remainder by the stride see the same taps of the
kernel, at a fixed distance in g: each such class (`_tables.py`) is a small dense convolution of g, whose results lie
`stride` apart, as a third table says. With stride 1 there is one class, the kernel turned around.

The weight gradient is the same product turned: the rows of its tiles are taps, and its sums run over pixels. So the two
tables change places (`_implicit_weights.py`).

Rows of taps that see padding alone are left out of a tile's sum, unless a weight isn't finite: then 0 times it is NaN
(in the input gradient, too, where it is g that is padded: there NaN spreads to pixels at the edge).

Arithmetic intensity: a tile does 192 operations for each 22 numbers it loads (or 288 for 25), from cache; of memory,
2·pixels·|w| operations for |x| + |w| + |y| numbers. Limits: fewer than 8 channels of the result (float32) leave lanes
unused, so depthwise convolution is lost here; a channel count that is a multiple of 16 is best. Operands that aren't
contiguous are copied, and those with 2³¹ numbers refused, as the tables are of int32.

Source: Dukhan, "The indirect convolution algorithm" (2019), with offsets for pointers.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels._compiled import compiled, flat, threaded
from tinyxm_kernels._microkernel import TALL_ROWS, copy_tile_row, micro_kernel, panel_width, tile_width
from tinyxm_kernels.conv2d import Pair, output_shape
from tinyxm_kernels.conv2d._implicit_weights import weight_gradient
from tinyxm_kernels.conv2d._tables import ADDRESSABLE, Plan, addressable, forward_plan, gradient_plan, seen_by
from tinyxm_kernels.registry import Shape, rung
from tinyxm_kernels.threads import get_threads

ROWS, NARROW_ROWS = TALL_ROWS, 9  # of a tile of two vectors, and of one
TOGETHER = 96  # about how many pixels of the result pass over a panel of weights before the next panel
WORTH_LEAVING = 128  # terms of a sum from which leaving out padding is worth finding out where it is
PACKING = 32  # floating-point operations that take as long as packing one weight

wide_tile = micro_kernel(ROWS, 2, indirect=True, scattered=True)
wide_edge = micro_kernel(ROWS, 2, indirect=True, scattered=True, edge=True)
narrow_tile = micro_kernel(NARROW_ROWS, 1, indirect=True, scattered=True)
narrow_edge = micro_kernel(NARROW_ROWS, 1, indirect=True, scattered=True, edge=True)


@threaded
def pack(start, stop, w, w_tap, w_depth, w_column, w_group, packing, classes, layout, depth, panels):
    """Panels start ... stop of those of each class: for each tap and channel the weights towards `width` columns."""
    columns, width = layout[0].target_channels // layout[0].groups, tile_width(w)
    per_group = -(-columns // width)
    for f in range(len(classes)):
        of_class = classes[f]
        for panel in range(start, stop):
            first = panel % per_group * width
            count = min(width, columns - first)
            w_start = panel // per_group * w_group + first * w_column
            to = (of_class.weights * per_group * layout[0].groups + panel * of_class.depth) * width
            for t in range(of_class.depth // max(1, depth)):
                at = w_start + packing[of_class.packing + t] * w_tap
                if w_column == 1 and count == width:
                    for k in range(depth):
                        copy_tile_row(w, at + k * w_depth, panels, to + k * width)
                else:
                    for j in range(count):
                        for k in range(depth):
                            panels[to + k * width + j] = w[at + k * w_depth + j * w_column]
                to += depth * width


@compiled
def all_finite(w):
    """Whether no weight is NaN or infinite: their products with 0 would not be 0."""
    total = w.dtype.type(0)
    for i in range(w.size):
        total += w[i] * w.dtype.type(0)
    return total == 0


@threaded
def correlate(start, stop, source, panels, target, pixels, places, rows, taps, spans, leave_out, classes, layout):
    """Blocks start ... stop of the target: for each class of pixels and each group, tile by tile."""
    one = layout[0]
    columns = one.target_channels // one.groups
    per_group = -(-columns // tile_width(source)) * tile_width(source)
    padded = np.empty(one.copies * one.images * one.seen_down * one.seen_across * one.channels, source.dtype)
    for block in range(start, stop):
        n, p, q, images, a, a_start = seen_by(source, one, block, padded)
        corner = (n * one.target_height + p * one.target_down) * one.target_width + q * one.target_across
        for f in range(len(classes)):
            of_class = classes[f]
            down, across = min(one.rows, of_class.down - p), min(one.columns, of_class.across - q)
            leave = leave_out and of_class.depth >= WORTH_LEAVING and (down - 1) * across >= NARROW_ROWS
            if down > 0 and across > 0:
                for group in range(one.groups):
                    tiles(
                        a, a_start + group * (one.channels // one.groups), pixels, of_class.pixel,
                        images * down * across, taps, of_class.tap, of_class.depth,
                        rows, spans, of_class.span + 2 * p, leave,
                        panels, (of_class.weights * one.groups + group * of_class.depth) * per_group,
                        target, corner * one.target_channels + of_class.target + group * columns, places, columns,
                    )  # fmt: skip


@compiled
def tiles(a, a0, pixels, p0, count, taps, t0, depth, rows, spans, s0, leave_out, b, b0, c, c0, places, columns):
    """The product of `count` patches with the panels of one group."""
    panel = tile_width(a)
    together = -(-count // (max(1, count // TOGETHER) * ROWS)) * ROWS
    for block in range(0, count, together):
        stop = min(count, block + together)
        for j in range(0, columns, panel):
            width = min(panel, columns - j)
            step = NARROW_ROWS if width <= panel // 2 else ROWS
            for i in range(block, stop, step):
                height = min(step, stop - i)
                first, last = 0, depth
                if leave_out and rows[p0 + i] <= rows[p0 + i + height - 1]:  # else it reaches into the next image
                    upper, lower = s0 + 2 * rows[p0 + i], s0 + 2 * rows[p0 + i + height - 1]
                    first = min(spans[upper], spans[lower])
                    last = max(spans[upper + 1], spans[lower + 1])
                tile(
                    a, a0, pixels, p0 + i, taps, t0 + first, b, b0 + j * depth + first * panel, panel,
                    c, c0 + j, places, last - first, height, width,
                )  # fmt: skip


@compiled(inline="always")
def tile(a, a0, pixels, p0, taps, t0, b, b0, panel, c, c0, places, depth, height, width):
    if width <= panel // 2:
        if height == NARROW_ROWS and width == panel // 2:
            narrow_tile(a, a0, pixels, p0, taps, t0, b, b0, panel, c, c0, places, depth, height, width, 0)
        else:
            narrow_edge(a, a0, pixels, p0, taps, t0, b, b0, panel, c, c0, places, depth, height, width, 0)
    elif height == ROWS and width == panel:
        wide_tile(a, a0, pixels, p0, taps, t0, b, b0, panel, c, c0, places, depth, height, width, 0)
    else:
        wide_edge(a, a0, pixels, p0, taps, t0, b, b0, panel, c, c0, places, depth, height, width, 0)


def run(plan: Plan, source: NDArray[Any], w: NDArray[Any], shape: Shape, strides: Shape, depth: int) -> NDArray[Any]:
    """Pack the weights, whose `strides` are those of taps, source channels, target channels and groups; correlate."""
    target = np.empty(shape, source.dtype)
    weights, groups, width = flat(w), plan.groups, panel_width(source.itemsize)
    count = groups * -(-(shape[3] // groups) // width)
    panels = np.empty(plan.weights * count * width, source.dtype)
    pack(count, float(PACKING * panels.size), weights, *strides, plan.packing, plan.classes, plan.layout, depth, panels)
    work = 2.0 * target.size * len(plan.taps) / max(1, len(plan.classes))
    leave_out = plan.pads and all_finite(weights)
    correlate(
        plan.blocks, work, flat(source), panels, flat(target),
        plan.pixels, plan.places, plan.rows, plan.taps, plan.spans, leave_out, plan.classes, plan.layout,
    )  # fmt: skip
    return target


@rung(backend="numba", accepts=lambda x, w, *settings: addressable(x.shape, w.shape, *settings), needs=ADDRESSABLE)
def conv2d(x: NDArray[Any], w: NDArray[Any], stride: Pair, padding: Pair, dilation: Pair, groups: int) -> NDArray[Any]:
    shape = output_shape(x.shape, w.shape, stride, padding, dilation, groups)
    plan = forward_plan(x.shape, w.shape, shape, stride, padding, dilation, groups, x.itemsize, get_threads())
    taken, given = w.shape[2:]
    return run(plan, x, w, shape, (taken * given, given, 1, given // groups), taken)


@rung(backend="numba", accepts=lambda g, w, shape, *settings: addressable(shape, w.shape, *settings), needs=ADDRESSABLE)
def conv2d_input_gradient(
    g: NDArray[Any], w: NDArray[Any], input_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> NDArray[Any]:
    plan = gradient_plan(g.shape, w.shape, input_shape, stride, padding, dilation, groups, g.itemsize, get_threads())
    taken, given = w.shape[2:]
    return run(plan, g, w, input_shape, (taken * given, 1, given, given // groups), given // groups)


@rung(
    backend="numba", accepts=lambda g, x, kernel, *settings: addressable(x.shape, kernel, *settings), needs=ADDRESSABLE
)
def conv2d_weight_gradient(
    g: NDArray[Any], x: NDArray[Any], kernel_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> NDArray[Any]:
    plan = forward_plan(x.shape, kernel_shape, g.shape, stride, padding, dilation, groups, x.itemsize, get_threads())
    return weight_gradient(plan, g, x, kernel_shape)
