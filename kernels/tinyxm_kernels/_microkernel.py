"""The micro-kernel: a small tile of C = A·B held in registers through a whole sum, from which fast kernels are built.

    C[i, j] (+)= Σ_k A[i, k] B[k, j]        i < rows (6),  j < vectors · lanes (2 vectors of 32 bytes)

For every k it loads one row of B's panel, two vectors, and for each of the tile's rows splats one number of A over a
vector and multiplies and adds: 2 + 6 loads for 12 vector instructions on 12 accumulators that never leave their
registers. A loop written in Python, however Numba compiles it, keeps only a few accumulators in registers; here the
instructions are written out as LLVM's intermediate language (`llvm.fmuladd` on vectors), which names no processor.

A vector has 32 bytes, and a processor at least 16 registers for them. Where it has 32 registers of 64 bytes (AVX-512),
two vectors are written as one: half as many instructions, which multiply by a number straight from memory, and room for
9 rows (`TALL_ROWS`). Measured on Zen 4, whose units are 32 bytes wide all the same: a sum over 32 numbers runs at 0.95
of the processor's peak in two vectors, at 1.00 in one; with fewer registers a vector of 64 bytes would lose a third.

A's elements are found in one of two ways, and this is all that tells matrix product and convolution apart:

    direct     A[i, k] = a[start + i · row_stride + k · column_stride]    any transpose, without a copy
    indirect   A[i, k] = a[row_table[i] + column_table[k]]                pixels and taps, without im2col

and the rows of C lie `c_row` apart, or (`scattered`) where one more table says, as every other pixel of an image.
With `lanewise` each column of C sees its own numbers of A, those that begin where the table says, as channels of a
depthwise convolution do: C[i, j] (+)= Σ_k A[i, k][j] B[k, j], a vector loaded where the others splat a number.
`B` is a panel: `width` neighbouring numbers for each k, k after k at `b_row` apart. A tile at the edge of C has fewer
rows or columns: its missing rows repeat the last (and aren't stored), its missing columns are masked.

Sources: Goto and van de Geijn, "Anatomy of high-performance matrix multiplication" (2008); Van Zee and van de Geijn,
"BLIS" (2015).
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.registry import cpu_target
from numba.extending import intrinsic

from tinyxm_kernels._compiled import compiled

VECTOR_BYTES = 32
PAIRED = "+avx512f" in cpu_target.target_context.codegen().magic_tuple()[2].split(
    ","
)  # Numba's target, else this machine
WIDEST_BYTES = 2 * VECTOR_BYTES if PAIRED else VECTOR_BYTES  # of a register
TALL_ROWS = 9 if PAIRED else 6  # the most rows of a tile of two vectors that registers hold
UNROLLED = 4  # steps of k between two branches

INDEX, BYTE, NUMBER32 = ir.IntType(64), ir.IntType(8), ir.IntType(32)
DIRECT = ("a", "a_start", "a_row", "a_column")
INDIRECT = ("a", "a_start", "row_table", "row_start", "column_table", "column_start")
COMMON = ("b", "b_start", "b_row", "c", "c_start", "c_row", "depth", "height", "width", "add")
SCATTERED = tuple("c_table" if name == "c_row" else name for name in COMMON)
ARRAYS = ("a", "b", "c", "row_table", "column_table", "c_table")  # all else are indices


def panel_width(itemsize: int, vectors: int = 2) -> int:
    """How many columns of C one tile has: 16 of float32, 8 of float64."""
    return vectors * VECTOR_BYTES // itemsize


def micro_kernel(
    rows: int = 6,
    vectors: int = 2,
    *,
    indirect: bool = False,
    scattered: bool = False,
    lanewise: bool = False,
    edge: bool = False,
) -> Any:
    """A Numba intrinsic that computes one tile, to be called from compiled code.

    Arguments, in order: `a`, `a_start`, then `a_row`, `a_column` (direct) or `row_table`, `row_start`, `column_table`,
    `column_start` (indirect; the tables are int32, in elements of a); `b`, `b_start`, `b_row`; `c`, `c_start`, `c_row`
    (or `c_table`, an int32 for each entry of `row_table`, where `scattered`, which `indirect` must be, too); `depth`,
    how many k; `height` and `width` of the tile (read where `edge`, else full); `add`, 0 to store the sums and 1 to add
    them to C. All arrays are flat and contiguous, a, b and c of one dtype; starts and strides count elements. Nothing
    is checked: an index outside an array reads, or writes, whatever is there.
    """
    names = (INDIRECT if indirect else DIRECT) + (SCATTERED if scattered else COMMON)

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        values = dict(zip(names, arguments, strict=True))
        for name, kind in zip(names, signature.args, strict=True):
            if name in ARRAYS:
                data = context.make_array(kind)(context, builder, values[name]).data
                values[name] = builder.bitcast(data, ir.PointerType(BYTE))
        dtype = signature.args[0].dtype
        _Tile(builder, values, dtype, rows, vectors, indirect, lanewise, edge).write()
        return context.get_dummy_value()

    # an intrinsic's arguments are named one by one, and number 14 or 16
    if scattered:

        @intrinsic
        def micro(typing, a, a_start, rt, rs, ct, cs, b, b_start, b_row, c, c_start, to, depth, height, width, add):
            i = types.int64
            return types.void(a, i, rt, i, ct, i, b, i, i, c, i, to, i, i, i, i), code

    elif indirect:

        @intrinsic
        def micro(typing, a, a_start, rt, rs, ct, cs, b, b_start, b_row, c, c_start, c_row, depth, height, width, add):
            i = types.int64
            return types.void(a, i, rt, i, ct, i, b, i, i, c, i, i, i, i, i, i), code

    else:

        @intrinsic
        def micro(typing, a, a_start, a_row, a_column, b, b_start, b_row, c, c_start, c_row, depth, height, width, add):
            i = types.int64
            return types.void(a, i, i, i, b, i, i, c, i, i, i, i, i, i), code

    return micro


@intrinsic
def copy_numbers(typing: Any, source: Any, source_start: Any, target: Any, target_start: Any, count: Any) -> Any:
    """Copy `count` neighbouring numbers between flat arrays that don't overlap: target[target_start + i] = source[...].

    A loop must reckon with arrays that overlap, and copies number by number.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        size = signature.args[0].dtype.bitwidth // 8
        places = []
        for kind, array, start in zip(signature.args[:4:2], arguments[:4:2], arguments[1:4:2], strict=True):
            data = builder.bitcast(context.make_array(kind)(context, builder, array).data, ir.PointerType(BYTE))
            places.append(builder.gep(data, [builder.mul(start, ir.Constant(INDEX, size))], source_etype=BYTE))
        cgutils.raw_memcpy(builder, places[1], places[0], arguments[4], size)
        return context.get_dummy_value()

    return types.void(source, types.int64, target, types.int64, types.int64), code


@intrinsic
def tile_width(typing: Any, array: Any) -> Any:
    """`panel_width` for an array's dtype, in compiled code: a constant there, so that the panel's rows have constant
    addresses; computed from array.itemsize it costs a tenth of the speed."""

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return context.get_constant(types.int64, panel_width(array.dtype.bitwidth // 8))

    return types.int64(array), code


def vector_of(dtype: Any, size: int = VECTOR_BYTES) -> Any:
    """The type of a vector of so many bytes."""
    return ir.VectorType(ir.FloatType() if dtype.bitwidth == 32 else ir.DoubleType(), size * 8 // dtype.bitwidth)


@intrinsic
def copy_tile_row(typing: Any, source: Any, source_start: Any, target: Any, target_start: Any) -> Any:
    """Copy one row of B's tile, two vectors: target[target_start + i] = source[source_start + i], i < panel_width.

    A loop of Python's becomes 16 loads and stores of one number each, since the two arrays might overlap.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        dtype = signature.args[0].dtype
        itemsize, vector = dtype.bitwidth // 8, vector_of(dtype)
        places = []
        for kind, array, start in zip(signature.args[::2], arguments[::2], arguments[1::2], strict=True):
            data = builder.bitcast(context.make_array(kind)(context, builder, array).data, ir.PointerType(BYTE))
            first = builder.gep(data, [builder.mul(start, ir.Constant(INDEX, itemsize))], source_etype=BYTE)
            second = builder.gep(first, [ir.Constant(INDEX, VECTOR_BYTES)], source_etype=BYTE)
            places.append([builder.bitcast(place, ir.PointerType(vector)) for place in (first, second)])
        values = [builder.load(place, typ=vector, align=itemsize) for place in places[0]]
        for value, place in zip(values, places[1], strict=True):
            builder.store(value, place, align=itemsize)
        return context.get_dummy_value()

    return types.void(source, types.int64, target, types.int64), code


@intrinsic
def transpose_block(
    typing: Any, source: Any, source_start: Any, source_row: Any, target: Any, target_start: Any, target_row: Any
) -> Any:
    """Copy a square block, as many rows as a vector has lanes, transposed: target[target_start + k · target_row + i] =
    source[source_start + i · source_row + k].

    Rows i and i + half are shuffled like two halves of a pack of cards, over and over: each time the bits of a number's
    place, its row's and then its column's, move round by one, until the column's come first.
    """

    def code(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        dtype = signature.args[0].dtype
        itemsize, vector = dtype.bitwidth // 8, vector_of(dtype)
        lanes = vector.count
        places = []
        for kind, array, start, row in zip(signature.args[::3], *(arguments[i::3] for i in range(3)), strict=True):
            data = builder.bitcast(context.make_array(kind)(context, builder, array).data, ir.PointerType(BYTE))
            for i in range(lanes):
                element = builder.add(start, builder.mul(row, ir.Constant(INDEX, i)))
                place = builder.gep(data, [builder.mul(element, ir.Constant(INDEX, itemsize))], source_etype=BYTE)
                places.append(builder.bitcast(place, ir.PointerType(vector)))
        rows = [builder.load(place, typ=vector, align=itemsize) for place in places[:lanes]]
        cards = [card for pair in zip(range(lanes), range(lanes, 2 * lanes), strict=True) for card in pair]
        halves = [ir.Constant(ir.VectorType(NUMBER32, lanes), cards[i : i + lanes]) for i in (0, lanes)]
        for _ in range(lanes.bit_length() - 1):
            pairs = zip(rows[: lanes // 2], rows[lanes // 2 :], strict=True)
            rows = [builder.shuffle_vector(*pair, half) for pair in pairs for half in halves]
        for row, place in zip(rows, places[lanes:], strict=True):
            builder.store(row, place, align=itemsize)
        return context.get_dummy_value()

    i = types.int64
    return types.void(source, i, i, target, i, i), code


TOGETHER = 8  # rows of B packed at a time: a panel's lines are written whole, and B is read nearly row by row


@compiled
def pack_panels(b, start, row, column, depth, columns, width, panels):
    """Copy `columns` columns of B, `depth` deep, into panels: of `width` columns each, k after k, panel after panel.

    B[k, j] = b[start + k · row + j · column]: with A's strides the other way round it packs the rows of A.
    `panels` is flat, with room for a whole last panel; what that has beyond the columns is left as it was.
    """
    whole = columns // width * width if width == tile_width(b) and (row == 1 or column == 1) else 0
    done = 0  # of k, in whole panels
    if column == 1:
        done = depth
        for k0 in range(0, depth, TOGETHER):
            for j in range(0, whole, width):
                for k in range(k0, min(depth, k0 + TOGETHER)):
                    copy_tile_row(b, start + k * row + j, panels, j * depth + k * width)
    elif row == 1:
        lanes = tile_width(b) // 2
        done = depth // lanes * lanes
        for j in range(0, whole, lanes):
            target = j // width * width * depth + j % width
            for k in range(0, done, lanes):
                transpose_block(b, start + k + j * column, column, panels, target + k * width, width)
    for j in range(0, columns, width):
        for k in range(done if j < whole else 0, depth):
            source, target = start + k * row + j * column, j * depth + k * width
            for i in range(min(width, columns - j)):
                panels[target + i] = b[source + i * column]


class _Tile:
    """Writes the instructions of one tile: pointers, the loop over k, and the store."""

    def __init__(
        self,
        builder: Any,
        values: dict[str, Any],
        dtype: Any,
        rows: int,
        vectors: int,
        indirect: bool,
        lanewise: bool,
        edge: bool,
    ) -> None:
        self.builder, self.values, self.rows = builder, values, rows
        self.bytes = WIDEST_BYTES if vectors % 2 == 0 else VECTOR_BYTES  # of a vector, as written here
        self.vectors = vectors * VECTOR_BYTES // self.bytes
        self.indirect, self.lanewise, self.edge = indirect, lanewise, edge
        self.itemsize = dtype.bitwidth // 8
        self.lanes = self.bytes // self.itemsize
        self.vector = vector_of(dtype, self.bytes)
        self.scalar = self.vector.element
        self.suffix = f"v{self.lanes}f{8 * self.itemsize}"
        self.multiply_add = self.function("fmuladd", self.vector, [self.vector] * 3)

    def write(self) -> None:
        self.a = self.element("a", self.values["a_start"])
        self.b = self.element("b", self.values["b_start"])
        self.c = self.element("c", self.values["c_start"])
        self.b_step = self.scaled(self.values["b_row"])
        if self.edge:
            self.masks = [self.mask(v * self.lanes) for v in range(self.vectors)]
            pointer, flags = ir.PointerType(self.vector), ir.VectorType(ir.IntType(1), self.lanes)
            self.masked_load = self.function(
                "masked.load", self.vector, [pointer, NUMBER32, flags, self.vector], suffix=f"{self.suffix}.p0"
            )
            self.masked_store = self.function(
                "masked.store", ir.VoidType(), [self.vector, pointer, NUMBER32, flags], suffix=f"{self.suffix}.p0"
            )
        if self.indirect:
            self.taps = self.moved(self.values["column_table"], self.scaled(self.values["column_start"], 4))
        else:
            self.a_step = self.scaled(self.values["a_column"])
        self.row_starts = [self.moved(self.a, self.scaled(self.row_offset(i))) for i in range(self.rows)]

        zero = ir.Constant(INDEX, 0)
        nothing = ir.Constant(self.vector, [0.0] * self.lanes)
        state = [zero, zero, zero, *[nothing] * (self.rows * self.vectors)]  # k, the offsets into A and B, the sums
        whole = self.builder.and_(self.values["depth"], ir.Constant(INDEX, -UNROLLED))
        state = self.loop(state, whole, UNROLLED)
        state = self.loop(state, self.values["depth"], 1)
        self.store(state[3:])

    def loop(self, state: list[Any], end: Any, unrolled: int) -> list[Any]:
        """Steps of k while k < end; all that changes is carried in phi nodes, which become registers."""
        builder, before = self.builder, self.builder.block
        head, body, after = (builder.append_basic_block(name) for name in ("sum", "step", "summed"))
        builder.branch(head)
        builder.position_at_end(head)
        carried = [builder.phi(value.type) for value in state]
        builder.cbranch(builder.icmp_signed("<", carried[0], end), body, after)
        builder.position_at_end(body)
        k, a_offset, b_offset, *sums = carried
        for _ in range(unrolled):
            sums = self.step(sums, k, a_offset, b_offset)
            k = builder.add(k, ir.Constant(INDEX, 1))
            b_offset = builder.add(b_offset, self.b_step)
            if not self.indirect:
                a_offset = builder.add(a_offset, self.a_step)
        for phi, first, following in zip(carried, state, [k, a_offset, b_offset, *sums], strict=True):
            phi.add_incoming(first, before)
            phi.add_incoming(following, builder.block)
        builder.branch(head)
        builder.position_at_end(after)
        return carried

    def step(self, sums: list[Any], k: Any, a_offset: Any, b_offset: Any) -> list[Any]:
        """One k: an outer product of a column of A's tile and a row of B's panel."""
        builder = self.builder
        panel = [self.load_vector(self.moved(self.b, b_offset), v) for v in range(self.vectors)]
        if self.indirect:
            a_offset = self.scaled(self.entry(self.moved(self.taps, builder.mul(k, ir.Constant(INDEX, 4)))))
        sums = list(sums)
        for i in range(self.rows):
            there = self.moved(self.row_starts[i], a_offset)
            if not self.lanewise:
                a = self.splat(self.load(there, self.scalar))
            for v in range(self.vectors):
                if self.lanewise:
                    a = self.load_vector(there, v)
                place = i * self.vectors + v
                sums[place] = builder.call(self.multiply_add, [a, panel[v], sums[place]])
        return sums

    def store(self, sums: list[Any]) -> None:
        builder = self.builder
        adds = builder.icmp_signed("!=", self.values["add"], ir.Constant(INDEX, 0))
        with builder.if_else(adds) as (added, stored):
            with added:
                self.store_rows(sums, add=True)
            with stored:
                self.store_rows(sums, add=False)

    def store_rows(self, sums: list[Any], add: bool) -> None:
        builder = self.builder
        for i in range(self.rows):
            if self.edge:
                with builder.if_then(builder.icmp_signed("<", ir.Constant(INDEX, i), self.values["height"])):
                    self.store_row(sums, i, add)
            else:
                self.store_row(sums, i, add)

    def store_row(self, sums: list[Any], i: int, add: bool) -> None:
        if "c_table" in self.values:
            offset = self.row_entry("c_table", ir.Constant(INDEX, i))
        else:
            offset = self.builder.mul(self.values["c_row"], ir.Constant(INDEX, i))
        row = self.moved(self.c, self.scaled(offset))
        for v in range(self.vectors):
            value = sums[i * self.vectors + v]
            if add:
                value = self.builder.fadd(value, self.load_vector(row, v))
            place = self.moved(row, ir.Constant(INDEX, v * self.bytes))
            if self.edge:
                align = ir.Constant(NUMBER32, self.itemsize)
                place = self.seen_as(self.vector, place)
                self.builder.call(self.masked_store, [value, place, align, self.masks[v]])
            else:
                self.builder.store(value, self.seen_as(self.vector, place), align=self.itemsize)

    def row_offset(self, i: int) -> Any:
        """Where row i of A's tile begins, in elements; a row that is missing at the edge repeats the last."""
        builder, row = self.builder, ir.Constant(INDEX, i)
        if self.edge and i:
            last = builder.sub(self.values["height"], ir.Constant(INDEX, 1))
            row = builder.select(builder.icmp_signed("<", row, last), row, last)
        if not self.indirect:
            return builder.mul(row, self.values["a_row"])
        return self.row_entry("row_table", row)

    def row_entry(self, table: str, row: Any) -> Any:
        place = self.builder.add(self.values["row_start"], row)
        return self.entry(self.moved(self.values[table], self.scaled(place, 4)))

    def mask(self, first: int) -> Any:
        """Which lanes of the vector that begins in this column are columns of C: lane < width − first."""
        builder = self.builder
        left = builder.sub(builder.trunc(self.values["width"], NUMBER32), ir.Constant(NUMBER32, first))
        numbers = ir.Constant(ir.VectorType(NUMBER32, self.lanes), list(range(self.lanes)))
        return builder.icmp_signed("<", numbers, self.splat(left))

    def load_vector(self, start: Any, v: int) -> Any:
        place = self.moved(start, ir.Constant(INDEX, v * self.bytes))
        if not self.edge:
            return self.load(place, self.vector)
        nothing = ir.Constant(self.vector, [0.0] * self.lanes)
        align = ir.Constant(NUMBER32, self.itemsize)
        return self.builder.call(self.masked_load, [self.seen_as(self.vector, place), align, self.masks[v], nothing])

    def load(self, place: Any, kind: Any) -> Any:
        return self.builder.load(self.seen_as(kind, place), typ=kind, align=self.itemsize)

    def seen_as(self, kind: Any, place: Any) -> Any:
        return self.builder.bitcast(place, ir.PointerType(kind))

    def entry(self, place: Any) -> Any:
        """An entry of a table of int32, widened."""
        return self.builder.sext(self.builder.load(self.seen_as(NUMBER32, place), typ=NUMBER32, align=4), INDEX)

    def splat(self, value: Any) -> Any:
        kind = ir.VectorType(value.type, self.lanes)
        undefined, first = ir.Constant(kind, ir.Undefined), ir.Constant(NUMBER32, 0)
        lanes = ir.Constant(ir.VectorType(NUMBER32, self.lanes), [0] * self.lanes)
        return self.builder.shuffle_vector(self.builder.insert_element(undefined, value, first), undefined, lanes)

    def element(self, name: str, index: Any) -> Any:
        return self.moved(self.values[name], self.scaled(index))

    def moved(self, place: Any, distance: Any) -> Any:
        """The place so many bytes on."""
        return self.builder.gep(place, [distance], source_etype=BYTE)

    def scaled(self, index: Any, itemsize: int = 0) -> Any:
        return self.builder.mul(index, ir.Constant(INDEX, itemsize or self.itemsize))

    def function(self, name: str, result: Any, arguments: list[Any], suffix: str = "") -> Any:
        """LLVM's own function of this name, declared once in a module."""
        module, name = self.builder.module, f"llvm.{name}.{suffix or self.suffix}"
        return module.globals.get(name) or ir.Function(module, ir.FunctionType(result, arguments), name)
