"""What the simulator counts of the CUDA rungs against what is derived by hand; each derivation stands in its test.

The rules that the derivations use: a warp is 32 threads that follow one another by x, then y. One access of a warp is a
request. In global memory it takes a sector for each 32 bytes, from a multiple of 32 on, that any lane touches. Shared
memory has 32 banks, word w of 4 bytes in bank w mod 32: a request takes as many passes as the busiest bank has
different words to give; of 16 bytes a lane, it goes by 8 lanes at a time. A condition that some lanes of a warp pass
and some don't is divergent.
"""

from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

import tinyxm_kernels as kernels
from tinyxm_kernels import cuda, simt
from tinyxm_kernels.matmul import cuda_vectors

SIDE = 64


def counted(spec, *operands):
    """The one launch of a rung, "operation=rung", as the simulator counts it."""
    with cuda.launches(count=True) as seen, kernels.using(spec):
        getattr(kernels, spec.partition("=")[0])(*operands)
    (launch,) = seen
    assert not launch.run.findings
    return launch.run


def accesses(run, array, operation="load"):
    """(requests, transactions, ideal) of all accesses of an array."""
    found = [
        access
        for line in run.lines
        for access in line["accesses"]
        if access["array"] == array and access["operation"] == operation
    ]
    return tuple(sum(access[what] for access in found) for what in ("requests", "transactions", "ideal"))


def total(run, what):
    return sum(line[what] for line in run.lines)


def square(seed):
    return np.random.default_rng(seed).normal(size=(SIDE, SIDE)).astype(np.float32)


@pytest.fixture(scope="module")
def operands():
    return square(0), square(1)


def test_the_naive_matmul_fetches_a_sector_for_each_lane(operands):
    """64×64 results, a thread each, are 128 warps; a warp is 32 rows of one column, and takes 64 steps."""
    run = counted("matmul=cuda_naive", *operands)
    # a[row * 64 + i]: the 32 rows lie 256 bytes apart, so 32 sectors; their 32 numbers would fit in 4
    assert accesses(run, "a") == (128 * 64, 128 * 64 * 32, 128 * 64 * 4)
    # b[i * 64 + column]: one number for all
    assert accesses(run, "b") == (128 * 64, 128 * 64, 128 * 64)
    # c, once: as a
    assert accesses(run, "c", "store") == (128, 128 * 32, 128 * 4)
    # a multiplication and an addition in each of 64 steps of each thread
    assert total(run, "flops") == 2 * 64**3
    # 64 is a multiple of the block's 32 and 8: no warp is in part outside, and all take the same 64 turns
    assert total(run, "divergent") == 0
    assert {line["active_lanes"] for line in run.lines} == {32}
    # 64 operations of a warp at a step for 33 sectors, and the 32 sectors of c for 64 steps
    assert run.report()["totals"]["intensity"] == pytest.approx(64 / (33.5 * 32), abs=1e-4)


def test_the_coalesced_matmul_fetches_what_it_needs(operands):
    """The same 128 warps, each 32 columns of one row."""
    run = counted("matmul=cuda_coalesced", *operands)
    # a: one number for all 32; b: 32 neighbours from a multiple of 128 bytes on, 4 sectors; c: the same, once
    assert accesses(run, "a") == (128 * 64, 128 * 64, 128 * 64)
    assert accesses(run, "b") == (128 * 64, 128 * 64 * 4, 128 * 64 * 4)
    assert accesses(run, "c", "store") == (128, 128 * 4, 128 * 4)
    assert total(run, "flops") == 2 * 64**3
    assert total(run, "divergent") == 0
    assert run.report()["totals"]["intensity"] == pytest.approx(64 / (5.0625 * 32), abs=1e-4)


def test_an_edge_divides_the_warps_that_lie_across_it():
    """33 rows, 8 columns and blocks of 32×8: each column is a warp of 32 rows, and one with a single row."""
    a, b = np.ones((33, 1), np.float32), np.ones((1, 8), np.float32)
    run = counted("matmul=cuda_naive", a, b)
    (bound,) = (line for line in run.lines if "row >= m" in line["source"])
    assert (bound["executions"], bound["divergent"]) == (2 * 8, 8)
    # what follows, warps of 32 and of 1
    assert {line["active_lanes"] for line in run.lines if line["accesses"]} == {16.5}
    # a is one column: 33 neighbours, which a warp of 32 reads from 4 sectors and a warp of 1 from one
    assert accesses(run, "a") == (16, 8 * 4 + 8, 8 * 4 + 8)


def test_the_tiled_matmul_fetches_each_number_once_for_16(operands):
    """16 blocks of 16×16 threads, 8 warps each of two rows of 16 threads; 4 tiles deep, 16 terms each."""
    run = counted("matmul=cuda_tiled", *operands)
    warps, tiles, terms = 16 * 8, 4, 64
    # a number of a and of b for each thread and tile: two rows of 16 neighbours, 2 sectors each
    assert accesses(run, "a") == accesses(run, "b") == (warps * tiles, warps * tiles * 4, warps * tiles * 4)
    # written to the tiles at 16 y + x: 32 neighbours, one to a bank
    passes = warps * tiles
    assert accesses(run, "a_tile", "store") == accesses(run, "b_tile", "store") == (passes, passes, passes)
    # read from a_tile at 16 y + i: two numbers in banks 16 apart; from b_tile at 16 i + x: 16 neighbours for both rows
    passes = warps * terms
    assert accesses(run, "a_tile") == accesses(run, "b_tile") == (passes, passes, passes)
    assert accesses(run, "c", "store") == (warps, warps * 4, warps * 4)
    assert total(run, "flops") == 2 * 64**3
    assert total(run, "divergent") == 0
    sectors = 2 * warps * tiles * 4 + warps * 4
    assert run.report()["totals"]["intensity"] == pytest.approx(2 * 64**3 / (32 * sectors), abs=1e-4)


@pytest.fixture(scope="module")
def one_tile():
    """What one block of the register-tiled kernels takes at one step: 128×8 by 8×128."""
    rng = np.random.default_rng(0)
    return rng.normal(size=(128, 8)).astype(np.float32), rng.normal(size=(8, 128)).astype(np.float32)


def test_registers_take_a_quarter_of_a_pass_for_each_multiply_add(one_tile):
    """One block of 8 warps, one step of 8 terms, 64 multiply-adds of a thread for each."""
    run = counted("matmul=cuda_registers", *one_tile)
    # 1024 numbers of each by 256 threads, 4 requests of a warp: of a 4 rows of 8 neighbours, a sector each; of b 32
    assert accesses(run, "a") == accesses(run, "b") == (8 * 4, 8 * 4 * 4, 8 * 4 * 4)
    # to the tiles in the order in which they lie there: 32 neighbours
    assert accesses(run, "a_tile", "store") == accesses(run, "b_tile", "store") == (8 * 4, 8 * 4, 8 * 4)
    # a_tile at 8 (y + 16 i) + d: two numbers, of neighbouring rows, 8 banks apart. b_tile at 128 d + x + 16 j: 16
    # neighbours for both rows. 8 of each for a term
    assert accesses(run, "a_tile") == accesses(run, "b_tile") == (8 * 8 * 8, 8 * 8 * 8, 8 * 8 * 8)
    # c: two rows of 16 neighbours, 2 sectors each, 64 times
    assert accesses(run, "c", "store") == (8 * 64, 8 * 64 * 4, 8 * 64 * 4)
    assert total(run, "flops") == 2 * 128 * 128 * 8


def test_vectors_take_a_quarter_of_the_requests(one_tile):
    run = counted("matmul=cuda_vectors", *one_tile)
    # a float4 of each a thread. a: threads 2r and 2r + 1 read the 32 bytes of row r: 16 sectors for 16 rows. b: a row
    # of 128 numbers, 16 sectors
    assert accesses(run, "a") == accesses(run, "b") == (8, 8 * 16, 8 * 16)
    # written to the turned tile at 132 (4 (t mod 2) + e) + t / 2: the even lanes in 16 banks, the odd 528 words on, 16
    # banks further: no two in one
    assert accesses(run, "a_tile", "store") == (8 * 4, 8 * 4, 8 * 4)
    # 512 bytes of b_tile, of which all banks give 128 at a time
    assert accesses(run, "b_tile", "store") == (8, 8 * 4, 8 * 4)
    # two float4 of each a term; 8 lanes of 16 bytes at a time, so 4 passes, whether these 8 want 16 bytes or 128
    assert accesses(run, "a_tile") == accesses(run, "b_tile") == (8 * 8 * 2, 8 * 8 * 2 * 4, 8 * 8 * 2 * 4)
    # c: two rows of 16 float4, 8 sectors each, 16 times
    assert accesses(run, "c", "store") == (8 * 16, 8 * 16 * 16, 8 * 16 * 16)
    assert total(run, "flops") == 2 * 128 * 128 * 8


def test_without_the_padding_the_turned_tile_has_conflicts(one_tile, monkeypatch):
    """With rows of 128, what the odd lanes write lies 512 words, so 0 banks, from what the even ones do: two to one."""
    monkeypatch.setitem(cuda_vectors._kernels, "f", cuda.kernel(cuda_vectors._kernels["f"].file, "matmul", PAD=0))
    run = counted("matmul=cuda_vectors", *one_tile)
    assert accesses(run, "a_tile", "store") == (8 * 4, 2 * 8 * 4, 8 * 4)


def test_double_buffering_asks_for_the_same_and_waits_once_a_step(one_tile):
    a, b = one_tile
    a, b = np.concatenate([a, a], axis=1), np.concatenate([b, b])  # two steps
    run = counted("matmul=cuda_double_buffered", a, b)
    before = counted("matmul=cuda_vectors", a, b)
    for array in ("a", "b", "a_tile", "b_tile"):
        assert accesses(run, array) == accesses(before, array)
    barriers = [sum(line["executions"] for line in r.lines if "__syncthreads" in line["source"]) for r in (run, before)]
    assert barriers == [8 * 2, 8 * 2 * 2]


# The transpositions: 64×64 in 4 tiles, 128 requests of 32 numbers


def test_the_naive_transposition_writes_a_sector_for_each_lane(operands):
    run = counted("transpose=cuda_naive", operands[0])
    # read along rows, 4 sectors; written 64 numbers, 256 bytes, apart
    assert accesses(run, "a") == (128, 128 * 4, 128 * 4)
    assert accesses(run, "y", "store") == (128, 128 * 32, 128 * 4)
    assert total(run, "divergent") == total(run, "flops") == 0


@pytest.mark.parametrize(("name", "passes"), [("cuda_unpadded", 32), ("cuda_padded", 1)])
def test_a_column_of_the_tile_lies_in_one_bank_or_in_all(operands, name, passes):
    run = counted(f"transpose={name}", operands[0])
    # global memory along rows, in and out
    assert accesses(run, "a") == (128, 128 * 4, 128 * 4)
    assert accesses(run, "y", "store") == (128, 128 * 4, 128 * 4)
    # a row of the tile, 32 neighbours: one pass
    assert accesses(run, "tile", "store") == (128, 128, 128)
    # a column: words 32 t + i, all in bank i; or 33 t + i, in bank t + i
    assert accesses(run, "tile") == (128, 128 * passes, 128)
    assert total(run, "divergent") == 0


def test_half_a_tile_is_half_a_warp():
    """40×32: a tile, and the 8 rows of a second, which are 8 lanes of each of its 32 requests on the way out."""
    run = counted("transpose=cuda_padded", np.ones((40, 32), np.float32))
    assert accesses(run, "a") == (40, 40 * 4, 40 * 4)
    # rows of y are 40 numbers, 160 bytes, from a multiple of 32 on: 4 sectors for the first 32 and 1 for the last 8
    assert accesses(run, "y", "store") == (64, 32 * 4 + 32, 32 * 4 + 32)
    (bound,) = (line for line in run.lines if "column < m" in line["source"])
    assert (bound["branches"], bound["divergent"]) == (64, 32)


# The sums: one row of 256 numbers by 256 threads, 8 warps


def test_the_tree_in_shared_memory_sends_whole_warps_home_first():
    run = counted("reduce_sum=cuda_shared", np.ones(256, np.float32))
    assert accesses(run, "a") == (8, 8 * 4, 8 * 4)
    # a number of each thread to the tree. Then 128, 64, ... 1 threads add: 4, 2, 1, 1, 1, 1, 1, 1 warps, which each
    # read their own number and another; at last one reads the sum. All are neighbours: a pass for each request
    assert accesses(run, "part", "store") == (8 + 12, 8 + 12, 8 + 12)
    assert accesses(run, "part") == (2 * 12 + 1, 2 * 12 + 1, 2 * 12 + 1)
    # of the 8 steps the last 5, with 16 threads and fewer, divide a warp; so does the writing of the sum by one thread
    (active,) = (line for line in run.lines if "thread < half" in line["source"])
    assert (active["branches"], active["divergent"]) == (8 * 8, 5)
    assert total(run, "divergent") == 5 + 1
    # 0 + x for each number, and 255 additions in the tree
    assert total(run, "flops") == 256 + 255
    barriers = sum(line["executions"] for line in run.lines if "__syncthreads" in line["source"])
    assert barriers == 8 * (1 + 8)


def test_shuffles_leave_9_requests_to_shared_memory():
    run = counted("reduce_sum=cuda_shuffle", np.ones(256, np.float32))
    assert accesses(run, "a") == (8, 8 * 4, 8 * 4)
    # the first lane of each warp writes one number; 8 lanes of the first warp read them
    assert accesses(run, "part", "store") == (8, 8, 8)
    assert accesses(run, "part") == (1, 1, 1)
    # 0 + x; and at each of 5 steps all 32 lanes add, though only the first one's sum is wanted: in 8 warps, then in one
    assert total(run, "flops") == 256 + (8 + 1) * 5 * 32
    # `if (lane == 0)` divides each of the 8 warps, and the first once more; `if (warp == 0)` none
    assert total(run, "divergent") == 8 + 1
    barriers = sum(line["executions"] for line in run.lines if "__syncthreads" in line["source"])
    assert barriers == 8


def test_adam_moves_seven_numbers_for_each_element():
    """512 elements, 16 warps: parameter, gradient, mean and square are read, all but the gradient are written."""
    state = [np.ones(512, np.float32) for _ in range(4)]
    with cuda.launches(count=True) as seen, kernels.using("adam_update=cuda_fused"):
        kernels.adam_update(*state, step=1, learning_rate=0.1)
    (launch,) = seen
    for name in ("parameter", "gradient", "mean", "square"):
        assert accesses(launch.run, name) == (16, 16 * 4, 16 * 4)
        if name != "gradient":
            assert accesses(launch.run, name, "store") == (16, 16 * 4, 16 * 4)
    totals = launch.run.report()["totals"]
    assert totals["sectors"] == totals["ideal_sectors"] == 7 * 16 * 4
    # g + λp: 2; m: 3; v: 4; κp − r m / (√v + ε): 2 multiplications, a root, an addition, a division, a subtraction
    assert totals["flops"] == 512 * (2 + 3 + 4 + 6)


def test_operands_that_are_not_aligned_touch_a_sector_more():
    """Rows of 33 numbers, 132 bytes: row r begins 4 r bytes into a sector, and 32 of its numbers touch 5, unless 8
    divides r. 33 columns are two warps: the second has one number."""
    a, b = np.ones((8, 8), np.float32), np.ones((8, 33), np.float32)
    run = counted("matmul=cuda_coalesced", a, b)
    rows, steps = 8, 8
    # b, at each of 8 steps the next of its 8 rows: 4 sectors for the first, 5 for the rest; and 1 for the last column
    assert accesses(run, "b")[:2] == (2 * rows * steps, rows * (4 + 7 * 5) + rows * steps)
    # c the same, once
    assert accesses(run, "c", "store")[:2] == (2 * rows, 4 + 7 * 5 + rows)


# What teaching kernels show


def examples(file, name, grid, block, *arguments):
    source = Path(simt.__file__).parent / "examples" / f"{file}.cu"
    return simt.Program(source).launch(name, grid, block, list(arguments), check=True, count=True)


def test_collatz_ways_divide_a_warp_as_their_numbers_do():
    """32 numbers in one warp, followed here one by one."""
    ways = {n: [n] for n in range(1, 33)}
    for way in ways.values():
        while way[-1] > 1:
            way.append(way[-1] // 2 if way[-1] % 2 == 0 else 3 * way[-1] + 1)
    steps = np.zeros(32, np.int32)
    run = examples("divergence", "branching", 1, 32, steps, 32)
    assert steps.tolist() == [len(way) - 1 for way in ways.values()]
    longest = max(steps)
    on_the_way = [[way[i] for way in ways.values() if i < len(way) - 1] for i in range(longest)]
    divided = sum(len(Counter(n % 2 for n in numbers)) == 2 for numbers in on_the_way)
    (turn,) = (line for line in run.lines if "while" in line["source"])
    (parity,) = (line for line in run.lines if line["source"].startswith("if (number % 2"))
    assert (parity["branches"], parity["divergent"]) == (longest, divided)
    assert parity["active_lanes"] == pytest.approx(sum(map(len, on_the_way)) / longest, abs=1e-3)
    # the loop divides the warp at each turn at which some leave and some stay
    sizes = [32, *map(len, on_the_way)]
    assert turn["divergent"] == sum(0 < after < before for before, after in pairwise(sizes))


def test_atomics_to_one_bin_wait_for_one_another():
    same, apart, counts = np.zeros(64, np.int32), np.arange(64, dtype=np.int32), np.zeros(32, np.int32)
    conflicts = [
        sum(access["conflicts"] for line in run.lines for access in line["accesses"])
        for run in (
            examples("histogram", "counting", 1, 64, same, counts, 64, 32),  # 2 warps, 31 more rounds each
            examples("histogram", "counting", 1, 64, apart, counts, 64, 32),
        )
    ]
    assert conflicts == [2 * 31, 0]
    assert counts.tolist() == [64 + 2, *[2] * 31]


def test_what_a_stack_of_matrices_costs_is_that_of_one_for_each(operands):
    a, b = operands
    one, four = counted("matmul=cuda_tiled", a, b), counted("matmul=cuda_tiled", np.stack([a] * 4), np.stack([b] * 4))
    for array in ("a", "b", "a_tile", "b_tile"):
        assert np.array_equal(np.array(accesses(one, array)) * 4, accesses(four, array))
    assert total(four, "flops") == 4 * total(one, "flops")


def test_the_derivations_can_fail(operands):
    """A tile read down its columns where it should be read along its rows: the counts tell, the numbers don't."""
    text = Path(cuda_vectors.__file__).with_name("cuda_tiled.cu").read_text("utf-8")
    worse = text.replace("b_tile[y][x] =", "b_tile[x][y] =").replace("b_tile[i][x]", "b_tile[x][i]")
    assert worse != text
    a, b = operands
    c = np.zeros_like(a)
    run = simt.Program(worse).launch("matmul", (4, 4), (16, 16), [a, b, c, 64, 64, 64], count=True)
    np.testing.assert_allclose(c, a @ b, atol=1e-4)
    # read at 16 x + i: the 16 x of a warp lie in 2 banks, 8 words in each; for 2 rows of threads the same words
    assert accesses(run, "b_tile") == (8192, 8192 * 8, 8192)
