"""Seeded bugs: mistakes that are made in CUDA C, one at a time, in kernels of the package and of its lessons. Each is
caught, by the sanitizer or by the numbers alone, as the table says; and kernels without a mistake raise no alarm.

The outputs of a kernel begin as NaN here, so that what it doesn't write isn't right by what was there before.
"""

from collections import Counter
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

import tinyxm_kernels
from tinyxm_kernels.cuda import cases, launch, launches
from tinyxm_kernels.simt import Program

PACKAGE = Path(tinyxm_kernels.__file__).parent
NUMBERS = "numbers"  # what catches a bug that the sanitizer has nothing to say of
BARRIER = "__syncthreads();"


class Bug(NamedTuple):
    """`right` stands exactly once in the file; with `wrong` in its place, the case is caught by `caught`: a finding of
    that kind, or the numbers alone. A case is an operation and a label, of an example its kernel."""

    mistake: str
    file: str
    right: str
    wrong: str
    case: str
    caught: str


TILED, NAIVE, COALESCED = "matmul/cuda_tiled.cu", "matmul/cuda_naive.cu", "matmul/cuda_coalesced.cu"
REGISTERS, VECTORS, BUFFERED = "matmul/cuda_registers.cu", "matmul/cuda_vectors.cu", "matmul/cuda_double_buffered.cu"
PADDED, UNPADDED, TURNED = "transpose/cuda_padded.cu", "transpose/cuda_unpadded.cu", "transpose/cuda_naive.cu"
TREE, SHUFFLE = "reduction/cuda_shared.cu", "reduction/cuda_shuffle.cu"
DIRECT, IMPLICIT = "conv2d/cuda_direct.cu", "conv2d/cuda_implicit.cu"
SOFTMAX, NORM = "softmax_cross_entropy/cuda_fused.cu", "normalisation/cuda_fused.cu"
ATTENTION, UPDATES = "attention/cuda_online.cu", "updates/cuda_fused.cu"
EXAMPLE_FILES = "histogram", "stencil", "banks", "divergence"
HISTOGRAM, STENCIL, BANKS, WAYS = (f"simt/examples/{name}.cu" for name in EXAMPLE_FILES)
COUNTED = "    int count = 0;\n    while (number > 1) {\n        "  # which one of two kernels goes on with a choice

BUGS = (
    # Barriers that are missing, or that not all threads reach
    Bug("tiles that are read before they are there", TILED, f"{BARRIER} // the tiles are complete", "", "matmul edges",
        "race"),
    Bug("tiles that are written over while they are read", TILED, f"{BARRIER} // and no longer read", "// no more read",
        "matmul edges", "race"),
    Bug("the same tile every time", BUFFERED, "now = 1 - now;", "", "matmul edges", "race"),
    Bug("a turned tile without a barrier", PADDED, BARRIER, "", "transpose edges", "race"),
    Bug("warps' sums that nobody waits for", SHUFFLE, BARRIER, "", "reduce_sum rows", "race"),
    Bug("a second sum in the memory of the first", SOFTMAX, f"{BARRIER}  // before anyone writes `parts` again", "",
        "softmax_cross_entropy many", "race"),
    Bug("a tile of patches that is written over", IMPLICIT,
        f"{BARRIER}  // before the next tiles are written over these", "", "conv2d stride", "race"),
    Bug("a stencil without a barrier", STENCIL, f"{BARRIER} // all threads come here", "// all threads come here",
        "shared", "race"),
    Bug("bins that are read while others count", HISTOGRAM, f"% bins], 1);\n    {BARRIER}", "% bins], 1);", "gathering",
        "race"),
    Bug("an early return before a barrier", TILED, "    float sum = 0.0f;",
        "    if (row >= m || column >= n)\n        return;\n    float sum = 0.0f;", "matmul edges",
        "barrier-divergence"),
    Bug("a barrier within a condition", TREE,
        f"if (thread < half)\n            part[thread] += part[thread + half];\n        {BARRIER}",
        f"if (thread < half) {{\n            part[thread] += part[thread + half];\n        {BARRIER} }}",
        "reduce_sum rows", "barrier-divergence"),
    Bug("threads beyond the end that leave too early", STENCIL, "    for (int place = threadIdx.x",
        "    if (i >= n)\n        return;\n    for (int place = threadIdx.x", "shared", "barrier-divergence"),
    # Races without a barrier to mend them
    Bug("a sum that isn't atomic", HISTOGRAM, "        atomicAdd(&counts[(unsigned)x[i] % bins], 1);\n}",
        "        counts[(unsigned)x[i] % bins] += 1;\n}", "counting", "race"),
    Bug("a tree that adds one too many", TREE, "if (thread < half)", "if (thread <= half)", "reduce_sum rows", "race"),
    Bug("an index that wraps", UPDATES, "    int i = blockIdx.x * blockDim.x + threadIdx.x;\n    if (i < n)",
        "    unsigned char i = blockIdx.x * blockDim.x + threadIdx.x;\n    if (i < n)", "gradient_descent_update plain",
        "race"),
    Bug("parts that are stored one over the other", NORM, "(gridDim.y + blockIdx.y) * features + k",
        "(1 + blockIdx.y) * features + k", "layer_norm_gradients short", "race"),
    # Bounds
    Bug("a row too many", NAIVE, "row >= m", "row > m", "matmul edges", "out-of-bounds"),
    Bug("a bound that is missing", TILED, "row < m && start + x < k ?", "row < m ?", "matmul edges", "out-of-bounds"),
    Bug("a bound for one axis alone", UNPADDED, "if (left + i < n && column < m)", "if (column < m)", "transpose edges",
        "out-of-bounds"),
    Bug("a thread too many", DIRECT, "index >= batch * rows * columns * out_channels",
        "index > batch * rows * columns * out_channels", "conv2d stride", "out-of-bounds"),
    Bug("an element too many", UPDATES, "if (i < n)", "if (i <= n)", "gradient_descent_update plain", "out-of-bounds"),
    Bug("a remainder that is negative", HISTOGRAM, "        atomicAdd(&counts[(unsigned)x[i] % bins], 1);\n}",
        "        atomicAdd(&counts[x[i] % bins], 1);\n}", "counting", "out-of-bounds"),
    Bug("a column beyond shared memory", BANKS, "sum += tile[thread][i];", "sum += tile[thread + i][i];", "conflicting",
        "out-of-bounds"),
    Bug("keys that are not there", ATTENTION, "key < keys && (!causal", "(!causal", "attention masked",
        "out-of-bounds"),
    # What was never set
    Bug("a sum that begins with anything", TILED, "float sum = 0.0f;", "float sum;", "matmul edges",
        "uninitialised-variable"),
    Bug("a tile that is filled by three quarters", REGISTERS, "i < TILE * DEPTH; i += SIDE * SIDE) { // 4 numbers",
        "i < TILE * DEPTH - SIDE * SIDE; i += SIDE * SIDE) { // 4 numbers", "matmul edges", "uninitialised-shared"),
    Bug("sums of warps that aren't there", SHUFFLE, "lane < blockDim.x / 32 ? part[lane] : 0.0f", "part[lane]",
        "reduce_sum rows", "uninitialised-shared"),
    Bug("bins that don't begin at zero", HISTOGRAM, "        own[bin] = 0;", "        ;", "gathering",
        "uninitialised-shared"),
    Bug("a halo that is missing", STENCIL, "place < blockDim.x + 2 * REACH", "place < blockDim.x", "shared",
        "uninitialised-shared"),
    Bug("a tile read the way it was written", PADDED, "tile[threadIdx.x][i];", "tile[i][threadIdx.x];",
        "transpose edges", "uninitialised-shared"),
    # Vectors
    Bug("a padding that moves rows off their boundary", VECTORS, "a_tile[DEPTH][TILE + PAD]", "a_tile[DEPTH][TILE + 1]",
        "matmul vectors", "misaligned"),
    Bug("vectors of rows that don't begin at a boundary", VECTORS, "if (end % 4 == 0) {", "if (end > 0) {",
        "matmul edges", "misaligned"),
    Bug("pairs at odd places", NORM, "*(float2 *)(statistics + 2 * (size_t)n)", "*(float2 *)(statistics + (size_t)n)",
        "layer_norm_gradients short", "misaligned"),
    # Within a warp
    Bug("a mask of half a warp", SHUFFLE, "__shfl_down_sync(ALL, sum, apart)", "__shfl_down_sync(0xffffu, sum, apart)",
        "reduce_sum rows", "warp-mask"),
    Bug("lanes that leave before a shuffle", SHUFFLE, "    sum = warp_sum(sum); // all threads",
        "    if (thread >= columns)\n        return;\n    sum = warp_sum(sum); // all threads", "reduce_sum rows",
        "shuffle-inactive"),
    Bug("a step of a shuffle that is left out", SHUFFLE, "int apart = 16", "int apart = 8", "reduce_sum rows", NUMBERS),
    Bug("a neighbour's greatest score for all", ATTENTION, "__shfl_xor_sync(ALL_LANES, best, distance)",
        "__shfl_xor_sync(ALL_LANES, best, 1)", "attention masked", NUMBERS),
    # Indices, strides and arithmetic, of which a sanitizer knows nothing
    Bug("indices exchanged", TILED, "b_tile[i][x]", "b_tile[x][i]", "matmul edges", NUMBERS),
    Bug("another matrix's stride", COALESCED, "b[i * n + column]", "b[i * k + column]", "matmul edges", NUMBERS),
    Bug("rows of a thread that lie together", REGISTERS, "a_tile[y + SIDE * i][d]", "a_tile[y + i][d]", "matmul edges",
        NUMBERS),
    Bug("a step that is fetched twice", BUFFERED, "u = four(a, next + a_depth, a_end);",
        "u = four(a, start + a_depth, a_end);", "matmul edges", NUMBERS),
    Bug("a copy for a transposition", TURNED, "y[(size_t)column * m + row]", "y[(size_t)row * n + column]",
        "transpose edges", NUMBERS),
    Bug("a tree without its first step", TREE, "int half = blockDim.x / 2", "int half = blockDim.x / 4",
        "reduce_sum rows", NUMBERS),
    Bug("a dilation that is forgotten", DIRECT, "int down = tap / kernel_width * dilation_y",
        "int down = tap / kernel_width", "conv2d_weight_gradient groups", NUMBERS),
    Bug("padding on the wrong side", DIRECT, "int v = q * stride_x + j * dilation_x - padding_x;",
        "int v = q * stride_x + j * dilation_x + padding_x;", "conv2d stride", NUMBERS),
    Bug("a sum that isn't turned over", SOFTMAX, "total = total * expf(greatest - score) +", "total = total +",
        "softmax_cross_entropy some", NUMBERS),
    Bug("a line that is counted twice", NORM, "for (int line = 1;", "for (int line = 0;", "layer_norm_gradients short",
        NUMBERS),
    Bug("a query that doesn't see itself", ATTENTION, "key <= query", "key < query", "attention causal", NUMBERS),
    Bug("a number that passes 2³¹", WAYS, f"long long number = i + 1;\n{COUNTED}number =",
        f"int number = i + 1;\n{COUNTED}number =", "far", NUMBERS),
    Bug("a state that isn't written back", UPDATES, "    square[i] = v;\n    if (largest)", "    if (largest)",
        "adam_update plain", NUMBERS),
)  # fmt: skip

# 113,383 is the first number whose way to 1 by Collatz's rule passes 2³¹
FAR = cases.Example("divergence.cu", "choosing", 443, 256, lambda rng: [np.zeros(113_400, np.int32), 113_400])
NAMED = {f"{case.operation} {case.label}": case for case in cases.CASES} | {
    "far": FAR,
    **{example.kernel: example for example in cases.EXAMPLES},
}


@pytest.fixture
def outputs_are_nan(monkeypatch):
    empty_like = np.empty_like

    def full_of_nan(*arguments, **named):
        made = empty_like(*arguments, **named)
        made[...] = np.nan
        return made

    monkeypatch.setattr(np, "empty_like", full_of_nan)


def run(case, file):
    """The findings of a case's launches, by kind, and whether its numbers are right."""
    if isinstance(case, cases.Example):
        with launches() as seen:
            got = case.run()
        want = truth(case)
    else:
        want = case.run("reference")
        with launches() as seen:
            got = case.run(Path(file).stem)
    right = all(
        np.allclose(one, other, rtol=1e-3, atol=1e-4) for one, other in zip(got, want, strict=True) if one is not None
    )
    return Counter(finding.kind for launch in seen for finding in launch.run.findings), right


def truth(example):
    """What an example is to compute, by NumPy."""
    arguments = list(example.draw(np.random.default_rng(cases.SEED)))
    x = arguments[0]
    if example.file == "histogram.cu":
        arguments[1] = np.bincount(x % arguments[3], minlength=arguments[3])
    elif example.file == "stencil.cu":
        padded = np.pad(x, 3, mode="edge")
        arguments[1] = np.lib.stride_tricks.sliding_window_view(padded, 7).mean(axis=1)
    elif example.file == "banks.cu":
        arguments[1] = x.sum(axis=1)
    elif example.file == "race.cu":
        arguments[1] = x.reshape(example.grid, -1).sum(axis=1)
    else:
        arguments[0] = collatz(np.arange(1, len(x) + 1))
    return arguments


def collatz(numbers):
    """The steps from each number to 1."""
    steps, going = np.zeros(len(numbers), np.int32), np.arange(len(numbers))
    while len(going):
        going, numbers = going[numbers > 1], numbers[numbers > 1]
        steps[going] += 1
        numbers = np.where(numbers % 2, 3 * numbers + 1, numbers // 2)
    return steps


@pytest.mark.parametrize("bug", BUGS, ids=lambda bug: bug.mistake.replace(" ", "-"))
def test_a_bug_is_caught(bug, monkeypatch, outputs_are_nan):
    source = (PACKAGE / bug.file).read_text("utf-8")
    found = source.count(bug.right)
    assert found == 1, f"{bug.file}: {bug.right!r} stands there {found} times, not once: plant this bug anew"
    changed, as_it_is = source.replace(bug.right, bug.wrong), launch._program

    def planted(file, defines):
        return Program(changed, defines=dict(defines)) if file == PACKAGE / bug.file else as_it_is(file, defines)

    monkeypatch.setattr(launch, "_program", planted)
    findings, right = run(NAMED[bug.case], bug.file)
    if bug.caught == NUMBERS:
        assert not right, "nothing catches it"
        assert not findings, f"the sanitizer catches it, too: {findings}"
    else:
        assert bug.caught in findings, f"{findings or 'no finding'}; the numbers are {'right' if right else 'wrong'}"


CLEAN = [pytest.param(case, by, id=f"{case.operation}-{case.label}-{by}") for case, by in cases.pairs()]


@pytest.mark.parametrize(("case", "by"), CLEAN)
def test_a_kernel_without_a_bug_raises_no_alarm(case, by, outputs_are_nan):
    findings, right = run(case, by)
    assert not findings
    if case.label != "half":  # whose reference sums in half precision
        assert right


@pytest.mark.parametrize("example", cases.EXAMPLES, ids=lambda example: example.kernel)
def test_an_example_raises_the_alarm_that_it_is_there_for(example):
    findings, right = run(example, example.file)
    assert set(findings) == {example.wrong} - {""}
    assert right or example.wrong


def test_the_example_goes_far_without_a_bug():
    assert run(FAR, FAR.file) == (Counter(), True)


def test_the_table_covers_what_goes_wrong():
    assert len(BUGS) >= 25
    assert len({bug.file for bug in BUGS}) >= 15
    assert {bug.caught for bug in BUGS} >= {
        NUMBERS, "race", "barrier-divergence", "out-of-bounds", "uninitialised-shared", "uninitialised-variable",
        "misaligned", "warp-mask", "shuffle-inactive",
    }  # fmt: skip
    assert all(NAMED[bug.case] for bug in BUGS)
    assert {Path(bug.file).parent.name for bug in BUGS} == {file.parent.name for file in PACKAGE.rglob("*.cu")}
