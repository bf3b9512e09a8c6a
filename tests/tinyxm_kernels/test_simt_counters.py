"""The counters against what can be worked out by hand for single accesses.

Global memory is moved in sectors of 32 bytes, shared memory has 32 banks of 4 bytes (CUDA C++ Best Practices Guide,
"Coalesced Access to Global Memory", "Strided Accesses", "Shared Memory and Memory Banks").
"""

from math import gcd

import numpy as np
import pytest

from tinyxm_kernels import simt


def accesses(body, arguments, parameters="float *x, int n", block=32, grid=1, shared=0):
    source = f'extern "C" __global__ void f({parameters}) {{\n{body}\n}}'
    run = simt.Program(source).launch("f", grid, block, arguments, shared)
    assert run.findings == []
    return run, [access for line in run.lines for access in line["accesses"]]


def one(body, arguments, operation="load", space="global", **options):
    _, seen = accesses(body, arguments, **options)
    (access,) = [a for a in seen if (a["operation"], a["space"]) == (operation, space)]
    return access


@pytest.mark.parametrize("stride", [0, 1, 2, 3, 4, 7, 8, 9, 33])
def test_strided_loads_of_floats(stride):
    """Lane i reads byte 4·stride·i: it lies in sector stride·i // 8, and distinct ones are what is fetched."""
    access = one("float v = x[threadIdx.x * n]; x[0] = v * 0.0f;", [np.zeros(32 * 33 + 1, np.float32), stride])
    assert access["requests"] == 1
    assert access["transactions"] == len({stride * i // 8 for i in range(32)})
    assert access["ideal"] == (4 if stride else 1)
    assert (access["lanes"], access["bytes"]) == (32, 128)


@pytest.mark.parametrize("offset", [0, 1, 7, 8])
def test_a_run_that_begins_within_a_sector_takes_one_more(offset):
    access = one("float v = x[threadIdx.x + n]; x[0] = v * 0.0f;", [np.zeros(64, np.float32), offset])
    assert access["transactions"] == (4 if offset % 8 == 0 else 5)
    assert access["ideal"] == 4


@pytest.mark.parametrize(
    ("kind", "dtype", "per_lane"),
    [
        ("half", "f2", 2),
        ("char", "i1", 1),
        ("double", "f8", 8),
        ("float2", "f4", 8),
        ("float4", "f4", 16),
        ("int4", "i4", 16),
    ],
)
def test_wider_numbers_take_more_sectors(kind, dtype, per_lane):
    """32 lanes side by side read 32·size bytes: all of every sector is used, so it is the ideal, too."""
    data = np.zeros(32 * per_lane // np.dtype(dtype).itemsize, dtype)
    access = one(f"{kind} v = x[threadIdx.x]; x[threadIdx.x] = v;", [data], parameters=f"{kind} *x")
    assert access["transactions"] == access["ideal"] == per_lane
    assert access["bytes"] == 32 * per_lane


def test_each_warp_is_a_request_and_idle_lanes_ask_for_nothing():
    x = np.zeros(100, np.float32)
    run, seen = accesses("if (threadIdx.x < n) x[threadIdx.x] = 1.0f;", [x, 40], block=100)
    (store,) = seen
    assert (store["requests"], store["lanes"], store["transactions"]) == (2, 40, 5)  # 32 lanes: 4 sectors; 8 lanes: 1
    (line,) = run.lines
    # 4 warps test the condition with 100 lanes, 2 store with 40; only the second warp goes both ways
    assert (line["branches"], line["divergent"], line["executions"]) == (4, 1, 6)
    assert line["active_lanes"] == pytest.approx(140 / 6, abs=1e-3)


@pytest.mark.parametrize("stride", range(1, 34))
def test_strided_shared_loads_conflict_by_the_common_divisor(stride):
    """Lane i reads word stride·i, of bank stride·i mod 32: gcd(stride, 32) of them meet in one bank."""
    body = """__shared__ float s[1056];
    for (int i = threadIdx.x; i < 1056; i += 32) s[i] = i;
    __syncthreads();
    x[threadIdx.x] = s[threadIdx.x * n];"""
    access = one(body, [np.zeros(32, np.float32), stride], space="shared")
    assert (access["transactions"], access["ideal"]) == (gcd(stride, 32), 1)


def test_lanes_that_read_one_word_share_it():
    body = (
        "__shared__ float s[64]; s[threadIdx.x] = s[threadIdx.x + 32] = 1.0f; __syncthreads(); x[threadIdx.x] = s[{}];"
    )
    x = [np.zeros(32, np.float32), 0]
    assert one(body.format("5"), x, space="shared")["transactions"] == 1
    assert one(body.format("threadIdx.x / 4"), x, space="shared")["transactions"] == 1
    assert one(body.format("(threadIdx.x % 2) * 32"), x, space="shared")["transactions"] == 2  # two words of bank 0


@pytest.mark.parametrize(("kind", "passes"), [("float", 1), ("float2", 2), ("float4", 4), ("double", 2)])
def test_wide_shared_accesses_go_by_parts_of_a_warp(kind, passes):
    """8 bytes a lane fill the 32 banks with 16 lanes, 16 bytes with 8: 2 and 4 passes, and no conflict."""
    zero = {"float2": "make_float2(0, 0)", "float4": "make_float4(0, 0, 0, 0)"}.get(kind, "0")
    body = f"__shared__ {kind} s[32]; s[threadIdx.x] = {zero}; x[threadIdx.x] = 1.0f;"
    access = one(body, [np.zeros(32, np.float32), 0], operation="store", space="shared")
    assert (access["transactions"], access["ideal"]) == (passes, passes)


def test_halves_of_one_word_are_one_word():
    body = "__shared__ half s[64]; s[threadIdx.x * n] = (half)1.0f; x[threadIdx.x] = 1.0f;"
    for step, passes in ((1, 1), (2, 1)):  # 16 words, then 32, each in a bank of its own
        access = one(body, [np.zeros(32, np.float32), step], operation="store", space="shared")
        assert access["transactions"] == passes


@pytest.mark.parametrize(("bins", "rounds"), [(1, 31), (2, 15), (4, 7), (32, 0), (3, 10)])
def test_atomics_on_one_element_take_turns(bins, rounds):
    """32 lanes on b bins: the fullest has ⌈32/b⌉, which takes that many rounds instead of one."""
    access = one(
        "atomicAdd(&x[threadIdx.x % n], 1);", [np.zeros(bins, np.int32), bins], "atomic", parameters="int *x, int n"
    )
    assert access["conflicts"] == rounds


def test_operations_are_counted_where_lanes_do_them():
    body = """float v = x[threadIdx.x];
    float w = v * v + 1.0f;
    if (threadIdx.x < 5)
        w = sqrtf(w) / v;
    x[threadIdx.x] = fmaf(w, v, -1.0f);
    int i = 3 * n + 1;"""
    run, _ = accesses(body, [np.ones(32, np.float32), 0])
    assert {line["line"]: line["flops"] for line in run.lines if line["flops"]} == {3: 64, 5: 10, 6: 64}
    assert run.totals["flops"] == 138
    assert run.totals["sectors"] == 8
    assert run.totals["intensity"] == pytest.approx(138 / (8 * 32), abs=1e-4)


def test_a_loop_diverges_where_lanes_leave_it_apart():
    """Lane i turns i times: the warp tests the condition 32 times, and all but the last time lanes go both ways."""
    run, _ = accesses(
        "for (int i = 0; i < (int)threadIdx.x; i++)\nx[threadIdx.x] += 1.0f;", [np.zeros(32, np.float32), 0]
    )
    head, body = run.lines
    assert (head["branches"], head["divergent"]) == (32, 31)
    assert (body["executions"], body["flops"]) == (31, 31 * 32 // 2)
    assert body["active_lanes"] == 16.0  # (31 + 30 + … + 1) / 31


def test_three_numbers_in_shared_memory_are_three_words_fetched_apart():
    source = """extern "C" __global__ void f(float *x) {
    __shared__ float3 kept[64];
    kept[threadIdx.x] = make_float3(threadIdx.x, 1, 2);
    __syncthreads();
    float3 other = kept[63 - threadIdx.x];
    x[threadIdx.x] = other.x + other.y + other.z;
}"""
    x = np.zeros(64, np.float32)
    done = simt.Program(source).launch("f", 1, 64, [x])
    assert x.tolist() == [63 - i + 3 for i in range(64)]
    # 2 warps store and load; a stride of 3 words is odd, so that each of the three takes one pass
    assert done.totals["shared_passes"] == done.totals["ideal_passes"] == 2 * 2 * 3
