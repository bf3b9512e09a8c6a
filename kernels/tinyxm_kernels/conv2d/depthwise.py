"""Depthwise convolution, a kernel of its own for each channel: vectors of channels, of the image as of the kernel.

What it adds: where each group has one channel there is no matrix product left, since channels don't meet. But channels
lie side by side, so that eight of them (float32) make a vector. With so little to compute, what counts is how often a
number is loaded: by strips of neighbouring pixels (`_strips.py`) once for each row of the kernel, where channels are a
vector, pixels six a row, and the taps the same for all pixels. For the rest, small images, few channels, and the input
gradient by a stride, the micro-kernel takes a vector of channels for a splat, and the tables of the `implicit` rung say
where they lie: 9 pixels × 8 channels are summed over all taps in registers, with one load of the kernel for nine of the
image; or, for the weight gradient of few channels, 9 taps × 8 channels over all pixels.

Arithmetic intensity: 2·taps operations for each number of y and of x, 18 a pixel and channel for the 3×3 kernel, 2 a
byte of memory, so that on all cores memory is what bounds it. With a channel multiplier m (m output channels for each
channel) the image's channels are repeated m times first, or the gradients added up after. Limits: channels that are no
multiple of 8 leave lanes unused.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels._compiled import compiled, flat, threaded
from tinyxm_kernels._microkernel import WIDEST_BYTES, micro_kernel
from tinyxm_kernels.conv2d import Pair, output_shape
from tinyxm_kernels.conv2d._strips import PIXELS, accumulator, correlator
from tinyxm_kernels.conv2d._tables import ADDRESSABLE, Plan, addressable, forward_plan, gradient_plan, seen_by
from tinyxm_kernels.registry import Shape, rung
from tinyxm_kernels.threads import get_threads

ROWS = 9  # pixels, or taps, of a tile
full_tile = micro_kernel(ROWS, 1, indirect=True, scattered=True, lanewise=True)
edge_tile = micro_kernel(ROWS, 1, indirect=True, scattered=True, lanewise=True, edge=True)


@compiled
def tiles(a, a0, rows, r0, count, terms, t0, depth, b, b0, c, c0, places, channels, add):
    """Σ over `depth` terms for `count` rows and all channels; the rows of b lie `channels` apart."""
    lanes = 32 // a.itemsize
    for i in range(0, count, ROWS):
        height = min(ROWS, count - i)
        for j in range(0, channels, lanes):
            width = min(lanes, channels - j)
            a1, b1, c1 = a0 + j, b0 + j, c0 + j
            if height == ROWS and width == lanes:
                full_tile(a, a1, rows, r0 + i, terms, t0, b, b1, channels, c, c1, places, depth, height, width, add)
            else:
                edge_tile(a, a1, rows, r0 + i, terms, t0, b, b1, channels, c, c1, places, depth, height, width, add)


@threaded
def correlate(start, stop, source, w, target, pixels, places, taps, packing, classes, layout):
    """Blocks start ... stop of the target, as the implicit rung's, without its groups."""
    one = layout[0]
    channels = one.channels
    padded = np.empty(one.copies * one.images * one.seen_down * one.seen_across * channels, source.dtype)
    kernel = np.empty(len(packing) * channels, source.dtype)  # the taps of each class, in order
    for t in range(len(packing)):
        for c in range(channels):
            kernel[t * channels + c] = w[packing[t] * channels + c]
    for block in range(start, stop):
        n, p, q, images, a, a_start = seen_by(source, one, block, padded)
        corner = (n * one.target_height + p * one.target_down) * one.target_width + q * one.target_across
        for f in range(len(classes)):
            down, across = min(one.rows, classes[f].down - p), min(one.columns, classes[f].across - q)
            if down > 0 and across > 0:
                tiles(
                    a, a_start, pixels, classes[f].pixel, images * down * across, taps, classes[f].tap,
                    classes[f].depth, kernel, classes[f].packing * channels, target,
                    corner * channels + classes[f].target, places, channels, 0,
                )  # fmt: skip


@threaded
def accumulate(start, stop, x, g, sums, parts, taps, places, pixels, blocks, layout):
    """Parts start ... stop of the blocks, each into sums of its own."""
    one = layout[0]
    channels, size = one.channels, len(taps) * one.channels
    padded = np.empty(one.copies * one.images * one.seen_down * one.seen_across * channels, x.dtype)
    for part in range(start, stop):
        sums[part * size : (part + 1) * size] = 0
        for block in range(blocks * part // parts, blocks * (part + 1) // parts):
            n, p, q, images, a, a_start = seen_by(x, one, block, padded)
            down = min(one.rows, one.target_height - p)
            count = images * down * min(one.columns, one.target_width - q)
            corner = ((n * one.target_height + p) * one.target_width + q) * channels
            tiles(a, a_start, taps, 0, len(taps), pixels, 0, count, g, corner, sums, part * size, places, channels, 1)


def run(plan: Plan, source: NDArray[Any], w: NDArray[Any], shape: Shape) -> NDArray[Any]:
    target = np.empty(shape, source.dtype)
    work = 2.0 * target.size * len(plan.taps) / max(1, len(plan.classes))
    arrays = flat(source), flat(w), flat(target)
    if in_strips(plan, source.itemsize):
        width, step, apart, first, row = strip_shape(plan, w.shape[1])
        correlator(width, step, apart)(plan.blocks, work, *arrays, plan.packing, first, row, plan.layout)
    else:
        correlate(
            plan.blocks, work, *arrays, plan.pixels, plan.places, plan.taps, plan.packing, plan.classes, plan.layout
        )
    return target


def in_strips(plan: Plan, itemsize: int) -> bool:
    """Whether strips cover the target: one class of pixels, a strip to each row of a block, a vector of channels."""
    one = plan.layout[0]
    columns = max(1, int(one["columns"]))
    last = (int(one["target_width"]) - 1) % columns + 1
    whole = min(columns, last) >= PIXELS and int(one["channels"]) * itemsize >= WIDEST_BYTES
    return len(plan.classes) == 1 and plan.taps.size > 0 and whole


def strip_shape(plan: Plan, width: int) -> tuple[int, int, int, int, int]:
    """How many taps a row of the kernel has, how many pixels lie between two patches, and between two taps, where tap
    (0, 0) lies, and how far from there (1, 0)."""
    taps, channels = plan.taps.tolist(), int(plan.layout[0]["channels"])
    apart = (taps[1] - taps[0]) // channels if width > 1 else 1
    return width, int(plan.layout[0]["step_across"]), apart, taps[0], taps[width] - taps[0] if len(taps) > width else 0


def _repeated(x: NDArray[Any], times: int) -> NDArray[Any]:
    return x if times == 1 else np.repeat(x, times, axis=3)


def _takes(x: Shape, w: Shape, *settings: Any) -> bool:
    return w[2] == 1 and addressable(x, w, *settings)


NEEDS = f"kernels that see one channel each: as many groups as channels; {ADDRESSABLE}"


@rung(backend="numba", accepts=lambda x, w, *settings: _takes(x.shape, w.shape, *settings), needs=NEEDS)
def conv2d(x: NDArray[Any], w: NDArray[Any], stride: Pair, padding: Pair, dilation: Pair, groups: int) -> NDArray[Any]:
    x, shape = _repeated(x, w.shape[3] // groups), output_shape(x.shape, w.shape, stride, padding, dilation, groups)
    settings = stride, padding, dilation, max(1, w.shape[3]), x.itemsize, get_threads()
    return run(forward_plan(x.shape, w.shape, shape, *settings), x, w, shape)


@rung(backend="numba", accepts=lambda g, w, shape, *settings: _takes(shape, w.shape, *settings), needs=NEEDS)
def conv2d_input_gradient(
    g: NDArray[Any], w: NDArray[Any], input_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> NDArray[Any]:
    shape = *input_shape[:3], w.shape[3]
    settings = stride, padding, dilation, max(1, w.shape[3]), g.itemsize, get_threads()
    x_gradient = run(gradient_plan(g.shape, w.shape, shape, *settings), g, w, shape)
    times = w.shape[3] // groups
    return x_gradient if times == 1 else x_gradient.reshape(*input_shape, times).sum(axis=4)


@rung(backend="numba", accepts=lambda g, x, kernel, *settings: _takes(x.shape, kernel, *settings), needs=NEEDS)
def conv2d_weight_gradient(
    g: NDArray[Any], x: NDArray[Any], kernel_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> NDArray[Any]:
    """Threads share out the blocks of pixels, each with sums of its own, added at the end in order."""
    channels, threads = kernel_shape[3], get_threads()
    x = _repeated(x, channels // groups)
    settings = stride, padding, dilation, max(1, channels), x.itemsize, threads
    plan = forward_plan(x.shape, kernel_shape, g.shape, *settings)
    work, parts = 2.0 * g.size * len(plan.taps), max(1, min(threads, plan.blocks))
    lanes = WIDEST_BYTES // x.itemsize
    pitch = channels if channels < lanes else -(-channels // lanes) * lanes
    sums = np.empty((parts, len(plan.taps), pitch), g.dtype)
    if channels >= lanes:
        width, step, apart, _, row = strip_shape(plan, kernel_shape[1])
        accumulator(width, step, apart)(
            parts, work, flat(x), flat(g), flat(sums), parts, kernel_shape[0], row, plan.blocks, plan.layout
        )
    else:
        places = np.arange(len(plan.taps), dtype=np.int32) * np.int32(channels)
        accumulate(
            parts, work, flat(x), flat(g), flat(sums), parts, plan.taps, places, plan.pixels, plan.blocks, plan.layout
        )
    total = sums[0]
    for more in sums[1:]:
        total += more
    w_gradient = np.empty(kernel_shape, g.dtype)
    by_tap, whole = w_gradient.reshape(len(plan.taps), channels), channels - channels % lanes
    by_tap[:, :whole] = total[:, :whole]
    by_tap[:, whole:] = total[:, pitch - channels % lanes :]  # the last vector begins earlier, so that it is whole
    return w_gradient
