"""Depthwise convolution of neighbouring pixels in a row: each number of the image is loaded once for all taps it meets.

A strip is 6 pixels × one vector of channels. For each row of the kernel it loads a vector for each tap, and then, pixel
after pixel of the image, one vector that is multiplied into the sums of all pixels that see it. By a kernel 3 wide that
is 11 loads for 18 multiply-adds, where tiles over a table of offsets take 20. Which pixels see it is known only when
width, stride and dilation are, so the instructions are written, and compiled, for each of them (`correlator`).

A strip at the end of a row, or a vector at the end of the channels, begins so much earlier that it is whole, and
computes some numbers twice. So a row must have 6 pixels, and a pixel a vector of channels.
"""

from functools import cache
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from tinyxm_kernels._compiled import threaded
from tinyxm_kernels._math import LINE
from tinyxm_kernels._microkernel import BYTE, INDEX, WIDEST_BYTES, vector_of
from tinyxm_kernels.conv2d._tables import pad

PIXELS = 6


def strip(taps: int, step: int, apart: int) -> Any:
    """A Numba intrinsic for compiled code: C[p] = Σ_k Σ_t A[k, p·step + t·apart] ⊙ B[k, t], each a vector of channels.

    Arguments, in order: `a`, `a_start`, `a_row` (between two k), `a_pixel`; `b`, `b_start`, `b_tap` (between two taps,
    the last of a k and the first of the next, too); `c`, `c_start`, `c_pixel`; `depth`, how many k. Arrays are flat and
    contiguous, of one dtype; starts and distances count elements. Nothing is checked.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        a, a_start, a_row, a_pixel, b, b_start, b_tap, c, c_start, c_pixel, depth = arguments
        itemsize, vector = signature.args[0].dtype.bitwidth // 8, vector_of(signature.args[0].dtype, WIDEST_BYTES)
        arrays = [context.make_array(signature.args[n])(context, builder, arguments[n]).data for n in (0, 4, 7)]
        a, b, c = (builder.bitcast(data, ir.PointerType(BYTE)) for data in arrays)
        name, module = f"llvm.fmuladd.v{vector.count}f{8 * itemsize}", builder.module
        add = module.globals.get(name) or ir.Function(module, ir.FunctionType(vector, [vector] * 3), name)

        def place(array: Any, start: Any, number: int, distance: Any) -> Any:
            index = builder.add(start, builder.mul(distance, ir.Constant(INDEX, number)))
            there = builder.gep(array, [builder.mul(index, ir.Constant(INDEX, itemsize))], source_etype=BYTE)
            return builder.bitcast(there, ir.PointerType(vector))

        def load(*of: Any) -> Any:
            return builder.load(place(*of), typ=vector, align=itemsize)

        before = builder.block
        head, body, after = (builder.append_basic_block(name) for name in ("rows", "row", "summed"))
        builder.branch(head)
        builder.position_at_end(head)
        first = [ir.Constant(INDEX, 0), a_start, b_start, *[ir.Constant(vector, [0.0] * vector.count)] * PIXELS]
        carried = [builder.phi(value.type) for value in first]
        k, a_at, b_at, *sums = carried
        builder.cbranch(builder.icmp_signed("<", k, depth), body, after)
        builder.position_at_end(body)
        weights, added = [load(b, b_at, t, b_tap) for t in range(taps)], list(sums)
        for column in sorted({p * step + t * apart for p in range(PIXELS) for t in range(taps)}):
            x = load(a, a_at, column, a_pixel)
            for p in range(PIXELS):
                for t in range(taps):
                    if p * step + t * apart == column:
                        added[p] = builder.call(add, [x, weights[t], added[p]])
        after_row = builder.add(b_at, builder.mul(b_tap, ir.Constant(INDEX, taps)))
        following = [builder.add(k, ir.Constant(INDEX, 1)), builder.add(a_at, a_row), after_row, *added]
        for phi, start, value in zip(carried, first, following, strict=True):
            phi.add_incoming(start, before)
            phi.add_incoming(value, body)
        builder.branch(head)
        builder.position_at_end(after)
        for p, total in enumerate(sums):
            builder.store(total, place(c, c_start, p, c_pixel), align=itemsize)
        return context.get_dummy_value()

    @intrinsic
    def kernel(typing, a, a_start, a_row, a_pixel, b, b_start, b_tap, c, c_start, c_pixel, depth):
        i = types.int64
        return types.void(a, i, i, i, b, i, i, c, i, i, i), code

    return kernel


@cache
def correlator(taps: int, step: int, apart: int) -> Any:
    """Compiled for kernels of this width, pixels that see the image `step` apart, and taps that see it `apart`."""
    row_of_pixels = strip(taps, step, apart)

    @threaded
    def correlate_strips(start, stop, source, w, target, packing, a_first, a_row, layout):
        """Blocks start ... stop of the target; tap (k, 0) of a pixel's patch lies at a_first + k·a_row."""
        one = layout[0]
        channels, lanes = one.channels, WIDEST_BYTES // source.itemsize
        size = one.copies * one.images * one.seen_down * one.seen_across * channels
        padded = np.empty(size + LINE // source.itemsize, source.dtype)
        aligned = -padded.ctypes.data % LINE // source.itemsize
        padded = padded[aligned : aligned + size]
        kernel = np.empty(len(packing) * channels, source.dtype)  # its taps in order
        for t in range(len(packing)):
            for c in range(channels):
                kernel[t * channels + c] = w[packing[t] * channels + c]
        for block in range(start, stop):
            n = block // (one.blocks_down * one.blocks_across) * one.images
            p = block // one.blocks_across % one.blocks_down * one.rows
            q = block % one.blocks_across * one.columns
            images, down = min(one.images, one.batch - n), min(one.rows, one.target_height - p)
            across = min(one.columns, one.target_width - q)
            top, left = p * one.step_down + one.top, q * one.step_across + one.left
            a, a_start = source, ((n * one.height + top) * one.width + left) * channels
            if one.copies:
                pad(source, one, n, top, left, images, padded)
                a, a_start = padded, 0
            for row in range(images * down):
                image, r = row // down, row % down
                a1 = a_start + a_first + (image * one.seen_down + r * one.step_down) * one.seen_across * channels
                c1 = (((n + image) * one.target_height + p + r) * one.target_width + q) * channels
                for first in range(0, across, PIXELS):
                    s = min(first, across - PIXELS)
                    for channel in range(0, channels, lanes):
                        v = min(channel, channels - lanes)
                        row_of_pixels(
                            a, a1 + s * one.step_across * channels + v, a_row, channels, kernel, v, channels, target,
                            c1 + s * channels + v, channels, len(packing) // taps,
                        )  # fmt: skip

    return correlate_strips
