"""What the simulator says of a kernel: its faults, each of a kind, and none of a kernel without any."""

import numpy as np
import pytest
from launching import floats, kinds, launch

from tinyxm_kernels import simt

# ----------------------------------------------------------------- bounds and alignment


def test_an_index_past_the_end_is_told_with_its_thread_and_left_out():
    x = floats(40)
    run = launch("x[blockIdx.x * blockDim.x + threadIdx.x] = 1.0f;", [x, 0], grid=2)
    assert kinds(run) == ["out-of-bounds"]
    (finding,) = run.findings
    assert (finding.line, finding.count) == (4, 24)
    assert "thread (8, 0, 0) of block (1, 0, 0) writes element 40 of x, which has 40" in finding.message
    assert x.tolist() == [1.0] * 40


@pytest.mark.parametrize("index", ["-1", "n", "(int)threadIdx.x - 1", "2147483647", "threadIdx.x - 1u"])
def test_reads_are_held_to_the_bounds_too(index):
    run = launch(f"float v = x[{index}]; x[0] = v;", [floats(32), 32])
    assert "out-of-bounds" in kinds(run)


def test_bounds_are_those_of_each_shared_and_local_array():
    run = launch(
        "__shared__ float s[8]; float own[4]; own[threadIdx.x / 8 + 1] = 0.0f; s[threadIdx.x] = own[0];", [floats(1), 0]
    )
    assert [(f.kind, f.count) for f in run.findings if f.kind == "out-of-bounds"] == [
        ("out-of-bounds", 8),
        ("out-of-bounds", 24),
    ]


def test_an_int_that_overflows_makes_a_wrong_index():
    run = launch("int i = n * n; x[i % 32] = 1.0f;", [floats(32), 46341])  # 46341² is 2³¹ + 4633: negative as an int
    assert kinds(run) == ["out-of-bounds"]
    assert "element -" in run.findings[0].message


def test_a_vector_must_lie_at_a_multiple_of_its_size():
    x = np.arange(64, dtype=np.float32)
    body = "float4 v = *(const float4 *)(x + {} * threadIdx.x + {}); x[63 - threadIdx.x] = v.w;"
    assert kinds(launch(body.format(4, 0), [x.copy(), 0], block=8)) == []
    run = launch(body.format(4, 2), [x.copy(), 0], block=8)
    assert kinds(run) == ["misaligned"]
    assert "byte 8 isn't a multiple of 16" in run.findings[0].message


# ----------------------------------------------------------------- shared memory


def test_shared_memory_that_nobody_wrote_is_told():
    body = "__shared__ float s[64]; s[threadIdx.x] = 1.0f; __syncthreads(); x[threadIdx.x] = s[threadIdx.x + {}];"
    assert kinds(launch(body.format(0), [floats(32), 0])) == []
    run = launch(body.format(16), [floats(32), 0])
    assert kinds(run) == ["uninitialised-shared"]
    assert run.findings[0].count == 16
    assert "s[32]" in run.findings[0].message


def test_each_block_has_shared_memory_of_its_own():
    body = """__shared__ float s[32];
    if (blockIdx.x == 0) s[threadIdx.x] = 5.0f;
    __syncthreads();
    x[blockIdx.x * 32 + threadIdx.x] = s[threadIdx.x];"""
    run = launch(body, [floats(64), 0], grid=2)
    assert kinds(run) == ["uninitialised-shared"]
    assert "of block (1, 0, 0)" in run.findings[0].message


def test_dynamic_shared_memory_is_as_long_as_the_launch_says():
    body = """extern __shared__ float s[];
    s[threadIdx.x] = threadIdx.x;
    __syncthreads();
    x[threadIdx.x] = s[31 - threadIdx.x];"""
    x = floats(32)
    assert kinds(launch(body, [x, 0], shared=128)) == []
    np.testing.assert_array_equal(x, np.arange(32)[::-1])
    assert "out-of-bounds" in kinds(launch(body, [floats(32), 0], shared=124))


# ----------------------------------------------------------------- races

REVERSE = """__shared__ float s[{n}];
s[threadIdx.x] = x[threadIdx.x];
{sync}
x[threadIdx.x] = s[{n} - 1 - threadIdx.x];"""


def test_a_missing_barrier_is_a_race_of_two_named_threads():
    run = launch(REVERSE.format(n=64, sync=""), [np.arange(64, dtype=np.float32), 0], block=64)
    races = [finding for finding in run.findings if finding.kind == "race"]
    assert len(races) == 1
    assert races[0].lines == [5, 7]
    assert (
        "thread (0, 0, 0) of block (0, 0, 0) reads s[63], which thread (63, 0, 0) wrote in line 5" in races[0].message
    )
    assert "__syncthreads() between them" in races[0].message


def test_two_calls_of_a_function_share_its_shared_array():
    source = """
__device__ float first(float v) {
    __shared__ float kept[64];
    kept[threadIdx.x] = v;
    __syncthreads();
    return kept[0];
}
extern "C" __global__ void f(float *x) {
    float a = first(x[threadIdx.x]);
    BETWEEN
    x[threadIdx.x] = a + first(2 * a + threadIdx.x);
}"""
    x = np.ones(64, np.float32)
    done = simt.Program(source, defines={"BETWEEN": ""}).launch("f", 1, 64, [x])
    assert [finding.kind for finding in done.findings] == ["race"]
    assert done.static_shared == 64 * 4
    assert simt.Program(source, defines={"BETWEEN": "__syncthreads();"}).launch("f", 1, 64, [x]).findings == []


def test_a_barrier_orders_a_block():
    x = np.arange(64, dtype=np.float32)
    assert kinds(launch(REVERSE.format(n=64, sync="__syncthreads();"), [x, 0], block=64)) == []
    np.testing.assert_array_equal(x, np.arange(64)[::-1])


def test_lanes_of_a_warp_need_a_barrier_too():
    run = launch(REVERSE.format(n=32, sync=""), [floats(32), 0])
    assert kinds(run) == ["race"]
    assert "__syncwarp()" in run.findings[0].message
    assert kinds(launch(REVERSE.format(n=32, sync="__syncwarp();"), [floats(32), 0])) == []


def test_a_warp_barrier_does_not_order_two_warps():
    run = launch(REVERSE.format(n=64, sync="__syncwarp();"), [floats(64), 0], block=64)
    assert kinds(run) == ["race"]


def test_a_write_after_another_threads_read_is_a_race():
    body = """__shared__ float s[64];
    s[threadIdx.x] = 1.0f;
    __syncthreads();
    float v = s[63 - threadIdx.x];
    s[threadIdx.x] = v + threadIdx.x;
    x[threadIdx.x] = v;"""
    run = launch(body, [floats(64), 0], block=64)
    assert [(f.kind, f.lines) for f in run.findings] == [("race", [7, 8])]


def test_a_reader_among_many_is_remembered():
    """Thread 0 writes what it read itself last: that others read it, before, is what counts."""
    body = """__shared__ float s[1];
    if (threadIdx.x == 0) s[0] = 1.0f;
    __syncthreads();
    float v = s[0];
    if (threadIdx.x == {writer}) {{ v += s[0]; s[0] = 2.0f; }}
    x[threadIdx.x] = v;"""
    for writer in (0, 5, 31, 40, 63):
        assert "race" in kinds(launch(body.format(writer=writer), [floats(64), 0], block=64)), writer
    alone = body.format(writer=0).replace("float v = s[0];", "float v = 0.0f; if (threadIdx.x == 0) v = s[0];")
    assert kinds(launch(alone, [floats(64), 0], block=64)) == []


def test_two_writers_of_one_element_race_unless_they_agree():
    run = launch("x[0] = threadIdx.x;", [floats(1), 0])
    assert kinds(run) == ["race"]
    assert kinds(launch("x[0] = 1.0f;", [floats(1), 0])) == []


def test_nothing_orders_two_blocks():
    body = """if (blockIdx.x == 0) x[threadIdx.x] = 1.0f;
    __syncthreads();
    if (blockIdx.x == 1) x[32 + threadIdx.x] = x[threadIdx.x];"""
    run = launch(body, [floats(64), 0], grid=2)
    assert kinds(run) == ["race"]
    assert "of block (0, 0, 0)" in run.findings[0].message
    assert "atomic, or a second kernel" in run.findings[0].message


@pytest.mark.parametrize("blocks", [3, 1500])  # in one wave, and in several
def test_blocks_in_different_waves_race_too(blocks):
    run = launch("if (threadIdx.x == 0) x[0] += 1.0f;", [floats(1), 0], grid=blocks)
    assert kinds(run) == ["race"]


def test_atomics_do_not_race_with_atomics_but_with_plain_accesses():
    x = floats(1)
    assert kinds(launch("atomicAdd(&x[0], 1.0f);", [x, 0], grid=5, block=100)) == []
    assert x[0] == 500
    assert "race" in kinds(launch("atomicAdd(x, 1.0f); if (threadIdx.x == 3) x[0] = 0.0f;", [floats(1), 0]))
    assert "race" in kinds(launch("atomicAdd(x, 1.0f); float v = x[0]; x[threadIdx.x + 1] = v;", [floats(33), 0]))


def test_an_accumulation_without_atomics_loses_updates_and_races():
    h = np.zeros(4, np.int32)
    run = launch("h[threadIdx.x % 4] += 1;", [h], parameters="int *h")
    assert kinds(run) == ["race"]
    assert h.tolist() == [1, 1, 1, 1]


def test_neighbours_in_one_word_do_not_race():
    assert kinds(launch("x[threadIdx.x] = (half)1.0f;", [np.zeros(32, np.float16)], parameters="half *x")) == []


# ----------------------------------------------------------------- barriers and warps


def test_a_barrier_in_a_branch_diverges():
    run = launch("if (threadIdx.x < 16) { __syncthreads(); } x[threadIdx.x] = 0.0f;", [floats(32), 0])
    assert kinds(run) == ["barrier-divergence"]
    assert "16 of the 32 threads" in run.findings[0].message
    both = "if (threadIdx.x < 16) {\n __syncthreads();\n } else {\n __syncthreads();\n }"
    assert kinds(launch(both, [floats(32), 0])) == ["barrier-divergence"] * 2
    assert kinds(launch("if (blockIdx.x == 0) __syncthreads();", [floats(32), 0], grid=2)) == []


def test_a_return_before_a_barrier_is_told_as_such():
    run = launch("if (threadIdx.x >= n) return;\n__syncthreads();\nx[threadIdx.x] = 1.0f;", [floats(64), 40], block=64)
    assert kinds(run) == ["barrier-divergence"]
    assert "24 have returned" in run.findings[0].message


def test_a_loop_of_unequal_turns_around_a_barrier_diverges():
    run = launch("for (int i = 0; i < (int)threadIdx.x; i++) __syncthreads();", [floats(1), 0], block=4)
    assert kinds(run) == ["barrier-divergence"]


def test_a_shuffle_hears_only_lanes_that_take_part():
    ok = "float v = threadIdx.x; v += __shfl_down_sync(0xffffffff, v, 16); x[threadIdx.x] = v;"
    x = floats(32)
    assert kinds(launch(ok, [x, 0])) == []
    np.testing.assert_array_equal(x, [i + (i + 16 if i < 16 else i) for i in range(32)])
    part = "float v = threadIdx.x; if (threadIdx.x < 8) v = __shfl_down_sync({}, v, 4); x[threadIdx.x] = v;"
    assert kinds(launch(part.format("0xffffffff"), [floats(32), 0])) == ["warp-mask", "shuffle-inactive"]
    assert kinds(launch(part.format("0xff"), [floats(32), 0])) == ["shuffle-inactive"]
    assert kinds(launch(part.format("0xf"), [floats(32), 0])) == ["warp-mask", "shuffle-inactive"]
    whole = "float v = __shfl_xor_sync(0xffffffff, x[threadIdx.x], 1); x[threadIdx.x] = v;"
    assert kinds(launch(whole, [floats(64), 0], block=64)) == []


@pytest.mark.parametrize("width", [32, 16, 8, 4, 2, 1])
def test_shuffles_stay_within_their_width(width):
    """CUDA C++ Programming Guide, "Warp Shuffle Functions": a lane out of the group keeps its own value."""
    body = f"""int v = threadIdx.x, w = {width};
    x[threadIdx.x] = __shfl_sync(0xffffffff, v, n, {width});
    x[32 + threadIdx.x] = __shfl_up_sync(0xffffffff, v, n, {width});
    x[64 + threadIdx.x] = __shfl_down_sync(0xffffffff, v, n, {width});
    x[96 + threadIdx.x] = __shfl_xor_sync(0xffffffff, v, n, {width});"""
    for n in (0, 1, 3, 5, 17):
        x = np.zeros(128, np.int32)
        assert kinds(launch(body, [x, n], parameters="int *x, int n")) == []
        lane = np.arange(32)
        start = lane // width * width
        up, down, across = lane - n, lane + n, lane ^ n
        np.testing.assert_array_equal(x[:32], start + n % width)
        np.testing.assert_array_equal(x[32:64], np.where(up < start, lane, up))
        np.testing.assert_array_equal(x[64:96], np.where(down >= start + width, lane, down))
        np.testing.assert_array_equal(x[96:], np.where(across >= start + width, lane, across))


def test_votes_count_the_lanes_that_take_part():
    body = """unsigned even = __ballot_sync(0xffffffff, threadIdx.x % 2 == 0);
    int any = __any_sync(0xffffffff, threadIdx.x == 3), all = __all_sync(0xffffffff, threadIdx.x < 99);
    x[threadIdx.x] = __popc(even) + 100 * any + 1000 * all;
    if (threadIdx.x < 5) x[threadIdx.x] = __activemask();"""
    x = np.zeros(64, np.int32)
    assert kinds(launch(body, [x], block=64, parameters="int *x")) == []
    assert x.tolist() == [31] * 5 + [1116] * 27 + [1016] * 32


# ----------------------------------------------------------------- atomics


def test_atomics_return_what_was_there_before():
    x, order = np.zeros(2, np.int32), np.full(64, -1, np.int32)
    body = "int place = atomicAdd(&x[0], 1); order[place] = threadIdx.x; atomicMax(&x[1], (int)threadIdx.x);"
    assert kinds(launch(body, [x, order], block=64, parameters="int *x, int *order")) == []
    assert x.tolist() == [64, 63]
    assert sorted(order.tolist()) == list(range(64))


@pytest.mark.parametrize(
    ("name", "start", "values", "expected"),
    [
        ("atomicSub", 100, [1, 2, 3], 94), ("atomicMin", 5, [9, 2, 7], 2), ("atomicAnd", 15, [14, 7, 15], 6),
        ("atomicOr", 0, [1, 4, 1], 5), ("atomicXor", 0, [1, 3, 1], 3), ("atomicExch", 0, [5, 6, 7], 7),
        ("atomicInc", 4, [5, 5, 5], 1), ("atomicDec", 1, [9, 9, 9], 8),
    ],
)  # fmt: skip
def test_atomic_updates(name, start, values, expected):
    x, v = np.array([start], np.uint32), np.array(values, np.uint32)
    assert (
        kinds(launch(f"{name}(x, v[threadIdx.x]);", [x, v], block=3, parameters="unsigned *x, const unsigned *v")) == []
    )
    assert x[0] == expected


def test_a_loop_with_compare_and_swap_adds_floats():
    body = """int *bits = (int *)x;
    int seen = bits[0], assumed;
    do {
        assumed = seen;
        seen = atomicCAS(bits, assumed, __float_as_int(__int_as_float(assumed) + 1.0f));
    } while (seen != assumed);"""
    x = floats(1)
    run = launch(body, [x, 0], block=40)
    assert x[0] == 40
    assert kinds(run) == []  # though its first read is a plain one: the guide's own loop, made safe by the swap
    assert "race" in kinds(launch(body + "\nbits[0] = 7;", [floats(1), 0], block=40))


# ----------------------------------------------------------------- launches


def test_a_variable_without_a_value_is_told():
    run = launch("float v; if (n > 5) v = 1.0f; x[threadIdx.x] = v;", [floats(32), 0])
    assert kinds(run) == ["uninitialised-variable"]


@pytest.mark.parametrize(
    ("body", "missing"),
    [
        ("float v; if (i < 16) v = 3; x[i] = v;", 16),
        ("float v; if (i < 8) v = 3; else if (i < 24) v = 4; v += i; x[i] = v;", 8),
        ("x[i] = some(i);", 27),
        ("float v; if (i < 16) v = 3; else v = 4; x[i] = v;", 0),
        ("float v; if (i < 16) v = 3; if (i < 9) x[i] = v;", 0),
        ("float v; for (int k = 0; k <= i; k++) v = k; x[i] = v;", 0),
    ],
)
def test_a_variable_with_a_value_in_some_lanes_is_told_for_the_others(body, missing):
    source = f"""
__device__ float some(int i) {{ if (i < 5) return i; }}
extern "C" __global__ void f(float *x) {{ int i = threadIdx.x; {body} }}"""
    findings = simt.Program(source).launch("f", 1, 32, [np.zeros(32, np.float32)]).findings
    assert [(finding.kind, finding.count) for finding in findings] == [("uninitialised-variable", missing)] * (
        missing > 0
    )


def test_an_array_of_a_threads_own_holds_nothing_at_first():
    body = "float acc[4]{}; acc[0] += 1.0f; x[threadIdx.x] = acc[0];"
    assert kinds(launch(body.format(" = {0}"), [floats(32), 0])) == []
    run = launch(body.format(""), [floats(32), 0])
    assert [(f.kind, f.count) for f in run.findings] == [("uninitialised-variable", 32)]
    assert "reads acc[0], to which it has written nothing" in run.findings[0].message
    some = "float acc[2]; if (threadIdx.x < 8) acc[threadIdx.x % 2] = 1.0f; x[threadIdx.x] = acc[threadIdx.x % 2];"
    assert [(f.kind, f.count) for f in launch(some, [floats(32), 0]).findings] == [("uninitialised-variable", 24)]
    parts = "float4 v[2]; v[0].x = 1.0f; v[0].y = 2.0f; x[threadIdx.x] = v[0].{};"
    assert kinds(launch(parts.format("y"), [floats(32), 0])) == []
    assert kinds(launch(parts.format("z"), [floats(32), 0])) == ["uninitialised-variable"]


def test_a_loop_that_does_not_end_is_stopped(monkeypatch):
    monkeypatch.setattr("tinyxm_kernels.simt.statements.MOST_TURNS", 1000)
    with pytest.raises(simt.LaunchError, match=r"line 4: a loop has run 1,000 times: does it end"):
        launch("while (x[0] == 0.0f) { }", [floats(1), 0])


@pytest.mark.parametrize(
    ("grid", "block", "shared", "told"),
    [
        (1, 1025, 0, "1025"), (1, (1, 1, 65), 0, "64"), (0, 32, 0, "nothing to do"), ((1, 70000), 32, 0, "65535"),
        (1, (32, 33), 0, "1056 threads"), (1, 32, 300_000, "300000 bytes"), ((1, 1, 1, 1), 32, 0, "one to three"),
        (2.5, 32, 0, "a whole number"),
    ],
)  # fmt: skip
def test_a_launch_over_the_limits_is_refused(grid, block, shared, told):
    with pytest.raises((ValueError, TypeError), match=told):
        launch("x[0] = 1.0f;", [floats(1), 0], grid=grid, block=block, shared=shared)


def test_too_much_static_shared_memory_is_refused():
    with pytest.raises(simt.LaunchError, match="49156 bytes of __shared__"):
        launch("__shared__ float s[12289]; s[0] = 1.0f;", [floats(1), 0])


@pytest.mark.parametrize(
    ("arguments", "error", "told"),
    [
        ([floats(4)], TypeError, r"1 arguments, and the kernel takes 2: \(float . x, int n\)"),
        ([np.zeros(4), 1], TypeError, "x is float .: expected an array of float32, not of float64"),
        ([[1.0], 1], TypeError, "expected an array"),
        ([floats(8)[::2], 1], ValueError, "contiguous"),
        ([floats(4), 1.5], TypeError, "n is int: expected a whole number, not 1.5"),
        ([floats(4), 2**31], ValueError, "which 2147483648 doesn't fit"),
        ([floats(4), floats(1)], TypeError, "n is int: expected a whole number, not array"),
        ([np.frombuffer(bytes(16), np.float32), 1], ValueError, "read-only"),
    ],
)
def test_arguments_are_held_to_the_parameters(arguments, error, told):
    with pytest.raises(error, match=told):
        launch("x[0] = 1.0f;", arguments)


def test_a_null_pointer_can_be_asked_for_and_not_read():
    body = "if (bias) x[threadIdx.x] = bias[threadIdx.x]; else x[threadIdx.x] = -1.0f;"
    x = floats(32)
    assert kinds(launch(body, [x, None], parameters="float *x, const float *bias")) == []
    assert set(x) == {-1.0}
    assert kinds(launch("x[0] = bias[0];", [x, None], parameters="float *x, const float *bias")) == ["out-of-bounds"]


def test_printf_prints_what_the_threads_say():
    run = launch('if (threadIdx.x < 2) printf("%d: %.1f %u\\n", threadIdx.x, x[0], 7u);', [floats(1), 0])
    assert run.printed == ["0: 0.0 7\n", "1: 0.0 7\n"]


def test_checks_can_be_left_out():
    x = floats(64)
    assert launch(REVERSE.format(n=64, sync=""), [x, 0], block=64, check=False, count=False).findings == []
    run = launch("x[threadIdx.x] = 1.0f;", [floats(16), 0], check=False, count=False)
    assert kinds(run) == ["out-of-bounds"]
    assert run.lines == []


def test_waves_give_what_one_wave_gives(monkeypatch):
    body = "int i = blockIdx.x * blockDim.x + threadIdx.x; if (i < n) x[i] = i + blockIdx.x % 3;"
    whole, parts = floats(5000), floats(5000)
    first = launch(body, [whole, 5000], grid=50, block=100)
    monkeypatch.setattr("tinyxm_kernels.simt.lanes.WAVE", 500)
    second = launch(body, [parts, 5000], grid=50, block=100)
    np.testing.assert_array_equal(whole, parts)
    assert first.lines == second.lines
