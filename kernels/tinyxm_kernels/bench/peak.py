"""What this machine can do at most: multiply-adds a second, and bytes a second from memory.

The compute peak is measured by a loop that does nothing but multiply and add vectors in registers, in twelve sums that
don't wait for one another: x ← x f + s. The width of the vectors that is fastest here is found by trying. The bandwidth
is that of the triad a ← b + f c over arrays that no cache holds, three numbers moved for each (McCalpin, "STREAM",
1995; the store's reading of what it overwrites isn't counted).
"""

import time
from functools import cache
from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from tinyxm_kernels._compiled import compiled, threaded
from tinyxm_kernels.threads import get_threads

SUMS = 12  # a multiply-add takes some 4 cycles, and two begin in each: 8 would do on today's processors
WIDTHS = 16, 32, 64  # bytes of a vector: NEON, AVX, AVX-512
SAMPLE = 0.001  # seconds: short enough for many to lie between two interruptions
ROUND = 4096  # steps between two looks at the clock's side of the loop


def multiply_adds(vector_bytes: int) -> Any:
    """A Numba intrinsic: `count` steps of x ← x f + s on each of SUMS vectors, begun from array[at] and left there."""

    @intrinsic
    def spin(typing: Any, array: Any, at: Any, count: Any) -> Any:
        def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            kind, (values, at, count) = signature.args[0], arguments
            scalar = ir.FloatType() if kind.dtype.bitwidth == 32 else ir.DoubleType()
            vector = ir.VectorType(scalar, vector_bytes * 8 // kind.dtype.bitwidth)
            place = builder.gep(context.make_array(kind)(context, builder, values).data, [at])
            name = f"llvm.fmuladd.v{vector.count}f{kind.dtype.bitwidth}"
            multiply_add = builder.module.globals.get(name) or ir.Function(
                builder.module, ir.FunctionType(vector, [vector] * 3), name
            )
            first = builder.load(place)
            sums = []
            for i in range(SUMS):  # begun from different numbers, or the compiler would make one sum of them
                number = builder.fadd(first, ir.Constant(scalar, float(i)))
                lane = builder.insert_element(ir.Constant(vector, ir.Undefined), number, ir.IntType(32)(0))
                lanes = ir.Constant(ir.VectorType(ir.IntType(32), vector.count), [0] * vector.count)
                sums.append(builder.shuffle_vector(lane, lane, lanes))
            factor = ir.Constant(vector, [0.5] * vector.count)
            before, index = builder.block, ir.IntType(64)
            loop, after = builder.append_basic_block("spin"), builder.append_basic_block("spun")
            builder.branch(loop)
            builder.position_at_end(loop)
            step, carried = builder.phi(index), [builder.phi(vector) for _ in sums]
            following = [builder.call(multiply_add, [x, factor, factor]) for x in carried]
            next_step = builder.add(step, index(1))
            for phi, start, end in zip([step, *carried], [index(0), *sums], [next_step, *following], strict=True):
                phi.add_incoming(start, before)
                phi.add_incoming(end, loop)
            builder.cbranch(builder.icmp_signed("<", next_step, count), loop, after)
            builder.position_at_end(after)
            total = following[0]
            for x in following[1:]:
                total = builder.fadd(total, x)
            builder.store(builder.extract_element(total, ir.IntType(32)(0)), place)
            return context.get_dummy_value()

        return types.void(array, types.int64, types.int64), code

    return spin


@cache
def _loop(vector_bytes: int) -> Any:
    spin = multiply_adds(vector_bytes)

    @compiled(fast=False)
    def part(start, stop, numbers, apart, count):
        for i in range(start, stop):
            spin(numbers, i * apart, count)

    return part


@cache
def _loop_on_threads(vector_bytes: int) -> Any:
    part = _loop(vector_bytes)

    @threaded(fast=False)
    def parts(start, stop, numbers, apart, count):
        part(start, stop, numbers, apart, count)

    return parts


def compute_rates(dtype: str, vector_bytes: int, seconds: float, samples: int = 1) -> list[float]:
    """GFLOP/s on the threads in force, a figure for each sample of about so many seconds."""
    threads, apart = get_threads(), 256 // np.dtype(dtype).itemsize
    numbers = np.zeros(threads * apart, dtype)
    flops = 2 * SUMS * vector_bytes // np.dtype(dtype).itemsize * threads

    def run(count: int) -> float:
        begin = time.perf_counter()
        if threads > 1:
            _loop_on_threads(vector_bytes)(threads, 1e12, numbers, apart, count)
        else:
            _loop(vector_bytes)(0, 1, numbers, apart, count)
        return time.perf_counter() - begin

    run(ROUND)
    count = max(ROUND, int(ROUND * seconds / max(run(ROUND), 1e-9)))
    return [flops * count / run(count) / 1e9 for _ in range(samples)]


@cache
def best_width(dtype: str) -> int:
    """Tried in turn: a moment in which another program runs can't hit one width alone."""
    rounds = [[compute_rates(dtype, width, SAMPLE)[0] for width in WIDTHS] for _ in range(9)]
    return WIDTHS[int(np.argmax(np.max(rounds, axis=0)))]


def peak_gflops(dtype: str, seconds: float = 0.3) -> float:
    """The best of many short samples."""
    return max(compute_rates(dtype, best_width(dtype), SAMPLE, max(9, int(seconds / SAMPLE))))


@threaded
def triad(start, stop, a, b, c, factor):
    a, b, c = a[start:stop], b[start:stop], c[start:stop]  # indices from 0, which can't be negative: vectors, then
    for i in range(len(a)):
        a[i] = b[i] + factor * c[i]


def bandwidth(megabytes: int = 64, samples: int = 9) -> float:
    """GB/s of the triad over three arrays of so many MB (float32), the best of the samples."""
    size = megabytes * 2**20 // 4
    a, b, c = np.zeros(size, np.float32), np.ones(size, np.float32), np.full(size, 2, np.float32)
    best = np.inf
    for _ in range(samples):
        begin = time.perf_counter()
        triad(size, 1e12, a, b, c, np.float32(3))
        best = min(best, time.perf_counter() - begin)
    return 3 * a.nbytes / best / 1e9
