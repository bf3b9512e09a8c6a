"""Y = M X Mᵀ for one small constant matrix M and many X at once, written as vector instructions.

The X of neighbouring channels lie side by side, so each number of X is a vector of channels: the matrix's numbers
become the constants of multiply-adds, its zeros no instruction at all, its ones plain sums. A loop that Numba compiles
would have to prove for each pair of 36 inputs and 36 outputs that they lie apart, and gives up.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from tinyxm_kernels._microkernel import BYTE, INDEX, VECTOR_BYTES


def nested(matrix: NDArray[np.float64]) -> Any:
    """A Numba intrinsic for compiled code that computes Y = M X Mᵀ for `count` channels.

    Arguments, in order: `x`, `start`, `row`, `column` (X[i, j] of the first channel is x[start + i·row + j·column]),
    `y`, `y_start`, `y_row`, `y_column` (likewise), `count`. Arrays are flat and contiguous, of one dtype; the starts
    and distances count elements. Nothing is checked.
    """
    rows = tuple(map(tuple, matrix.tolist()))

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        x, start, row, column, y, y_start, y_row, y_column, count = arguments
        x, y = (
            context.make_array(k)(context, builder, a).data for k, a in ((signature.args[0], x), (signature.args[4], y))
        )
        _Nested(builder, rows, signature.args[0].dtype.bitwidth // 8).write(
            (x, start, row, column), (y, y_start, y_row, y_column), count
        )
        return context.get_dummy_value()

    @intrinsic
    def transform(typing, x, start, row, column, y, y_start, y_row, y_column, count):
        i = types.int64
        return types.void(x, i, i, i, y, i, i, i, i), code

    return transform


class _Nested:
    """Writes the instructions: a loop over vectors of channels, and one over the channels that are left."""

    def __init__(self, builder: Any, matrix: tuple[tuple[float, ...], ...], itemsize: int) -> None:
        self.builder, self.matrix, self.itemsize = builder, matrix, itemsize
        self.scalar = ir.FloatType() if itemsize == 4 else ir.DoubleType()

    def write(self, source: Any, target: Any, count: Any) -> None:
        lanes = VECTOR_BYTES // self.itemsize
        whole = self.builder.and_(count, ir.Constant(INDEX, -lanes))
        self.loop(ir.Constant(INDEX, 0), whole, lanes, source, target)
        self.loop(whole, count, 1, source, target)

    def loop(self, first: Any, end: Any, lanes: int, source: Any, target: Any) -> None:
        builder, before = self.builder, self.builder.block
        head, body, after = (builder.append_basic_block(name) for name in ("channels", "transform", "transformed"))
        builder.branch(head)
        builder.position_at_end(head)
        channel = builder.phi(INDEX)
        builder.cbranch(builder.icmp_signed("<", channel, end), body, after)
        builder.position_at_end(body)
        self.transform(channel, lanes, source, target)
        channel.add_incoming(first, before)
        channel.add_incoming(builder.add(channel, ir.Constant(INDEX, lanes)), builder.block)
        builder.branch(head)
        builder.position_at_end(after)

    def transform(self, channel: Any, lanes: int, source: Any, target: Any) -> None:
        taps = range(len(self.matrix[0]))
        kind = ir.VectorType(self.scalar, lanes)
        columns = []  # of M X
        for j in taps:
            places = [self.place(source, channel, i, j, kind) for i in taps]
            columns.append(self.products([self.builder.load(p, typ=kind, align=self.itemsize) for p in places], kind))
        for i in range(len(self.matrix)):
            for j, value in enumerate(self.products([column[i] for column in columns], kind)):
                self.builder.store(value, self.place(target, channel, i, j, kind), align=self.itemsize)

    def place(self, array: Any, channel: Any, i: int, j: int, kind: Any) -> Any:
        data, start, row, column = array
        builder = self.builder
        index = builder.add(builder.add(start, channel), builder.mul(row, ir.Constant(INDEX, i)))
        index = builder.add(index, builder.mul(column, ir.Constant(INDEX, j)))
        offset = builder.mul(index, ir.Constant(INDEX, self.itemsize))
        place = builder.gep(builder.bitcast(data, ir.PointerType(BYTE)), [offset], source_etype=BYTE)
        return builder.bitcast(place, ir.PointerType(kind))

    def products(self, values: list[Any], kind: Any) -> list[Any]:
        """The matrix times a column of values."""
        return [self.sum(row, values, kind) for row in self.matrix]

    def sum(self, row: tuple[float, ...], values: list[Any], kind: Any) -> Any:
        builder, total = self.builder, None
        for factor, value in sorted(zip(row, values, strict=True), key=lambda term: abs(term[0]) != 1):  # ones first
            constant = ir.Constant(kind, [factor] * kind.count)
            if factor == 1:
                total = value if total is None else builder.fadd(total, value)
            elif factor == -1 and total is not None:
                total = builder.fsub(total, value)
            elif factor:
                product = builder.fmul(constant, value, flags=["contract"])
                total = product if total is None else builder.fadd(total, product, flags=["contract"])
        return total
