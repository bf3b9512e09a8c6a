"""Depthwise convolution of neighbouring pixels in a row: each number of the image is loaded once for all taps it meets.

A strip is 6 pixels × one vector of channels. For each row of the kernel it loads a vector for each tap, and then, pixel
after pixel of the image, one vector that is multiplied into the sums of all pixels that see it. By a kernel 3 wide that
is 11 loads for 18 multiply-adds, where tiles over a table of offsets take 20. Which pixels see it is known only when
width, stride and dilation are, so the instructions are written, and compiled, for each of them (`correlator`).

A strip at the end of a row, or a vector at the end of the channels, begins so much earlier that it is whole, and
computes some numbers twice. So a row must have 6 pixels, and a pixel a vector of channels.

For the weight gradient it is the taps of one row of the kernel whose sums stay in registers, along a row of pixels, 6
at a time and then one by one (`accumulator`): 14 loads for 18 multiply-adds.
"""

from collections.abc import Callable
from functools import cache
from itertools import product
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from tinyxm_kernels._compiled import threaded
from tinyxm_kernels._math import LINE
from tinyxm_kernels._microkernel import BYTE, INDEX, WIDEST_BYTES, vector_of
from tinyxm_kernels.conv2d import Pair
from tinyxm_kernels.conv2d._tables import seen_by

PIXELS = 6


class _Writer:
    """What the instructions below share: vectors of an array's numbers, and a loop that carries values."""

    def __init__(self, context: Any, builder: Any, signature: Any, arguments: Any) -> None:
        dtype = next(kind.dtype for kind in signature.args if isinstance(kind, types.Array))
        self.builder, self.itemsize, self.vector = builder, dtype.bitwidth // 8, vector_of(dtype, WIDEST_BYTES)
        self.nothing = ir.Constant(self.vector, [0.0] * self.vector.count)
        self.values = [
            builder.bitcast(context.make_array(kind)(context, builder, value).data, ir.PointerType(BYTE))
            if isinstance(kind, types.Array)
            else value
            for kind, value in zip(signature.args, arguments, strict=True)
        ]
        name = f"llvm.fmuladd.v{self.vector.count}f{8 * self.itemsize}"
        kind = ir.FunctionType(self.vector, [self.vector] * 3)
        self.multiply_add = builder.module.globals.get(name) or ir.Function(builder.module, kind, name)

    def after(self, start: Any, distance: Any, number: int) -> Any:
        return self.builder.add(start, self.builder.mul(distance, ir.Constant(INDEX, number)))

    def place(self, array: Any, index: Any) -> Any:
        there = self.builder.gep(array, [self.builder.mul(index, ir.Constant(INDEX, self.itemsize))], source_etype=BYTE)
        return self.builder.bitcast(there, ir.PointerType(self.vector))

    def load(self, array: Any, index: Any) -> Any:
        return self.builder.load(self.place(array, index), typ=self.vector, align=self.itemsize)

    def store(self, value: Any, array: Any, index: Any) -> None:
        self.builder.store(value, self.place(array, index), align=self.itemsize)

    def loop(self, first: list[Any], end: Any, by: int, step: Callable[..., list[Any]]) -> list[Any]:
        """From the values `first` on, while the first is below `end`; it grows by `by`. What is carried at the end."""
        builder, before = self.builder, self.builder.block
        head, body, after = (builder.append_basic_block(name) for name in ("strips", "strip", "summed"))
        builder.branch(head)
        builder.position_at_end(head)
        carried = [builder.phi(value.type) for value in first]
        builder.cbranch(builder.icmp_signed("<", carried[0], end), body, after)
        builder.position_at_end(body)
        following = [builder.add(carried[0], ir.Constant(INDEX, by)), *step(*carried[1:])]
        for phi, start, value in zip(carried, first, following, strict=True):
            phi.add_incoming(start, before)
            phi.add_incoming(value, body)
        builder.branch(head)
        builder.position_at_end(after)
        return carried


def met(pixels: int, taps: int, step: int, apart: int) -> list[tuple[int, list[Pair]]]:
    """The columns of the image that so many pixels see, and which pixel sees each by which tap."""
    columns: dict[int, list[Pair]] = {}
    for p, t in product(range(pixels), range(taps)):
        columns.setdefault(p * step + t * apart, []).append((p, t))
    return sorted(columns.items())


def strip(taps: int, step: int, apart: int) -> Any:
    """A Numba intrinsic for compiled code: C[p] = Σ_k Σ_t A[k, p·step + t·apart] ⊙ B[k, t], each a vector of channels.

    Arguments, in order: `a`, `a_start`, `a_row` (between two k), `pixel` (between two of a's pixels, of c's, and two
    taps of b, the last of a k and the first of the next, too); `b`, `b_start`; `c`, `c_start`; `depth`, how many k.
    Arrays are flat and contiguous, of one dtype; starts and distances count elements. Nothing is checked.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        write = _Writer(context, builder, signature, arguments)
        a, a_start, a_row, pixel, b, b_start, c, c_start, depth = write.values

        def row(a_at: Any, b_at: Any, *sums: Any) -> list[Any]:
            weights, added = [write.load(b, write.after(b_at, pixel, t)) for t in range(taps)], list(sums)
            for column, pairs in met(PIXELS, taps, step, apart):
                x = write.load(a, write.after(a_at, pixel, column))
                for p, t in pairs:
                    added[p] = builder.call(write.multiply_add, [x, weights[t], added[p]])
            return [builder.add(a_at, a_row), write.after(b_at, pixel, taps), *added]

        first = [ir.Constant(INDEX, 0), a_start, b_start, *[write.nothing] * PIXELS]
        for p, total in enumerate(write.loop(first, depth, 1, row)[3:]):
            write.store(total, c, write.after(c_start, pixel, p))
        return context.get_dummy_value()

    @intrinsic
    def kernel(typing, a, a_start, a_row, pixel, b, b_start, c, c_start, depth):
        i = types.int64
        return types.void(a, i, i, i, b, i, c, i, i), code

    return kernel


def strip_sums(taps: int, step: int, apart: int) -> Any:
    """A Numba intrinsic for compiled code: C[t] += Σ_p A[p·step + t·apart] ⊙ B[p], each a vector of channels.

    Arguments, in order: `a`, `a_start`, `pixel` (between two of a's pixels, and of b's); `b`, `b_start`; `c`,
    `c_start`, `c_tap` (between two t); `count`, how many p. The rest is as for `strip`. Pixels with an even number and
    those with an odd one have sums of their own, so that one needn't wait for the other.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        write = _Writer(context, builder, signature, arguments)
        a, a_start, pixel, b, b_start, c, c_start, c_tap, count = write.values

        def some(pixels: int) -> Callable[..., list[Any]]:
            def pixels_on(a_at: Any, b_at: Any, *sums: Any) -> list[Any]:
                added = list(sums)
                gradients = [write.load(b, write.after(b_at, pixel, p)) for p in range(pixels)]
                for column, pairs in met(pixels, taps, step, apart):
                    x = write.load(a, write.after(a_at, pixel, column))
                    for p, t in pairs:
                        n = 2 * t + p % 2
                        added[n] = builder.call(write.multiply_add, [x, gradients[p], added[n]])
                return [write.after(a_at, pixel, pixels * step), write.after(b_at, pixel, pixels), *added]

            return pixels_on

        whole = builder.sub(count, ir.Constant(INDEX, PIXELS - 1))
        state = [ir.Constant(INDEX, 0), a_start, b_start, *[write.nothing] * (2 * taps)]
        state = write.loop(state, whole, PIXELS, some(PIXELS))
        sums = write.loop(state, count, 1, some(1))[3:]
        for t in range(taps):
            to = write.after(c_start, c_tap, t)
            total = builder.fadd(sums[2 * t], sums[2 * t + 1])
            write.store(builder.fadd(write.load(c, to), total), c, to)
        return context.get_dummy_value()

    @intrinsic
    def kernel(typing, a, a_start, pixel, b, b_start, c, c_start, c_tap, count):
        i = types.int64
        return types.void(a, i, i, b, i, c, i, i, i), code

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
            n, p, q, images, a, a_start = seen_by(source, one, block, padded)
            down = min(one.rows, one.target_height - p)
            across = min(one.columns, one.target_width - q)
            for row in range(images * down):
                image, r = row // down, row % down
                a1 = a_start + a_first + (image * one.seen_down + r * one.step_down) * one.seen_across * channels
                c1 = (((n + image) * one.target_height + p + r) * one.target_width + q) * channels
                for first in range(0, across, PIXELS):
                    s = min(first, across - PIXELS)
                    for channel in range(0, channels, lanes):
                        v = min(channel, channels - lanes)
                        row_of_pixels(
                            a, a1 + s * one.step_across * channels + v, a_row, channels, kernel, v, target,
                            c1 + s * channels + v, len(packing) // taps,
                        )  # fmt: skip

    return correlate_strips


@cache
def accumulator(taps: int, step: int, apart: int) -> Any:
    """The same for the weight gradient."""
    sums_of_row = strip_sums(taps, step, apart)

    @threaded
    def accumulate_strips(start, stop, x, g, sums, parts, rows, a_row, blocks, layout):
        """Parts start ... stop of the blocks, each into sums of its own: for each tap vector after vector of channels.

        The kernel has `rows` rows; tap (k, 0) of a pixel's patch lies at k·a_row.
        """
        one = layout[0]
        channels, lanes = one.channels, WIDEST_BYTES // x.itemsize
        pitch = -(-channels // lanes) * lanes
        padded = np.empty(one.copies * one.images * one.seen_down * one.seen_across * channels, x.dtype)
        for part in range(start, stop):
            first = part * rows * taps * pitch
            sums[first : first + rows * taps * pitch] = 0
            for block in range(blocks * part // parts, blocks * (part + 1) // parts):
                n, p, q, images, a, a_start = seen_by(x, one, block, padded)
                down = min(one.rows, one.target_height - p)
                across = min(one.columns, one.target_width - q)
                for row in range(images * down):
                    image, r = row // down, row % down
                    a1 = a_start + (image * one.seen_down + r * one.step_down) * one.seen_across * channels
                    g1 = (((n + image) * one.target_height + p + r) * one.target_width + q) * channels
                    for k in range(rows):
                        c1 = first + k * taps * pitch
                        for vector in range(0, pitch, lanes):
                            v = min(vector, channels - lanes)
                            sums_of_row(a, a1 + k * a_row + v, channels, g, g1 + v, sums, c1 + vector, pitch, across)

    return accumulate_strips
