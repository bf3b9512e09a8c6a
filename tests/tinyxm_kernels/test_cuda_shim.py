"""The execution by a C++ compiler, on its own: numbers and counts that can be told by hand.

That it agrees with the simulator on every kernel of the package is in test_cuda_agreement.py.
"""

import numpy as np
import pytest
import shim

pytestmark = pytest.mark.skipif(bool(shim.missing()), reason=shim.missing() or "there")

SOURCE = """\
#include <cuda_fp16.h>
extern "C" __global__ void ways(const float *x, float *y, int n) {
    int i = threadIdx.x;
    float sum = 0.0f;
    for (int outer = 0; outer < 2; ++outer) {
        for (int inner = 0; inner <= i % 3; ++inner) {
            if (inner == 1 && i % 2)
                continue;
            sum += x[inner * 32 + i];
        }
        if (i >= 16 && outer)
            break;
        sum += x[i];
    }
    y[i] = sum;
}
__device__ float later(const float *x, int far) {
    if (far)
        return x[threadIdx.x + 32];
    return x[threadIdx.x];
}
extern "C" __global__ void helped(const float *x, float *y) {
    y[threadIdx.x] = threadIdx.x < 8 ? later(x, 0) : later(x, 1);
}
extern "C" __global__ void vectors(const float *x, float *y) {
    __shared__ float4 tile[32];
    tile[threadIdx.x] = *(const float4 *)(x + 4 * threadIdx.x);
    __syncthreads();
    float4 v = tile[31 - threadIdx.x];
    v.x += 1.0f;
    *(float4 *)(y + 4 * threadIdx.x) = v;
}
extern "C" __global__ void strides(float *y, int step) {
    extern __shared__ float held[];
    held[threadIdx.x * step] = (float)threadIdx.x;
    __syncthreads();
    y[threadIdx.x] = held[(31 - threadIdx.x) * step];
}
extern "C" __global__ void warps(const int *x, int *y, unsigned *votes, int *count) {
    int lane = threadIdx.x & 31, v = x[threadIdx.x];
    y[threadIdx.x] = __shfl_down_sync(0xffffffffu, v, 4, 8) * 1000000 + __shfl_up_sync(0xffffffffu, v, 3) * 10000 +
                     __shfl_xor_sync(0xffffffffu, v, 5) * 100 + __shfl_sync(0xffffffffu, v, 7);
    votes[threadIdx.x] = __ballot_sync(0xffffffffu, lane % 3 == 0);
    atomicAdd(count, v);
    atomicMax(count + 1, v);
}
extern "C" __global__ void halves(const half *x, half *y, float *z) {
    int i = threadIdx.x;
    z[i] = __half2float(x[i]) * (float)x[i];
    y[i] = (half)z[i];
}
extern "C" __global__ void cube(int *y) {
    int i = (threadIdx.z * blockDim.y + threadIdx.y) * blockDim.x + threadIdx.x;
    int block = (blockIdx.z * gridDim.y + blockIdx.y) * gridDim.x + blockIdx.x;
    i += block * blockDim.x * blockDim.y * blockDim.z;
    y[i] = threadIdx.x + 10 * threadIdx.y + 100 * threadIdx.z + 1000 * block;
}
extern "C" __global__ void beyond(float *y) { y[threadIdx.x + 1] = 1.0f; }
extern "C" __global__ void crooked(float *y) { *(float2 *)(y + 1) = make_float2(1.0f, 2.0f); }
extern "C" __global__ void divided(float *y) {
    if (threadIdx.x < 16)
        return;
    __syncthreads();
    y[threadIdx.x] = 1.0f;
}
extern "C" __global__ void apart(float *y) {
    if (threadIdx.x < 16)
        __syncthreads();
    else
        __syncthreads();
    y[threadIdx.x] = 1.0f;
}
extern "C" __global__ void alone(float *y) {
    if (threadIdx.x < 16)
        y[threadIdx.x] = __shfl_xor_sync(0xffffffffu, 1.0f, 1);
    else
        __syncthreads();
}
"""
ONE = (1, 1, 1)
WARP = (32, 1, 1)


@pytest.fixture(scope="module")
def code():
    return shim.Library(SOURCE, "shim.cu")


def line(text):
    return next(number for number, source in enumerate(SOURCE.splitlines(), 1) if text in source)


def test_lanes_that_went_apart_meet_again(code):
    """Lane i goes the inner way 1 + i mod 3 times; at its second step odd lanes skip, at its third only every third
    lane is left. Each step is one request of those that take it, in both rounds of the outer loop, and after the inner
    loop all 32 are together again, but for the upper half, which leaves in the second round."""
    x, y = np.arange(96, dtype=np.float32), np.zeros(32, np.float32)
    counts = code.run("ways", ONE, WARP, [x, y, np.int32(32)])
    lanes = np.arange(32)
    steps = [lanes, lanes[(lanes % 3 > 0) & (lanes % 2 == 0)], lanes[lanes % 3 > 1]]
    inner = counts[line("sum += x[inner"), "global", "load", 0]
    assert (inner.requests, inner.lanes) == (2 * 3, 2 * sum(map(len, steps)))
    assert inner.transactions == 2 * sum(len(set(step // 8)) for step in steps)
    outer = counts[line("sum += x[i];"), "global", "load", 0]
    assert (outer.requests, outer.lanes, outer.transactions) == (2, 32 + 16, 4 + 2)
    assert counts[line("y[i] = sum"), "global", "store", 1].requests == 1
    expected = np.zeros(32, np.float32)
    for outer_step in range(2):
        for inner_step, step in enumerate(steps):
            expected[step] += x[inner_step * 32 + step]
        rest = lanes if not outer_step else lanes[:16]
        expected[rest] += x[rest]
    np.testing.assert_array_equal(y, expected)


def test_a_function_is_counted_at_each_call(code):
    """Eight lanes take the one call, and its second return; the others the other call and the first."""
    x, y = np.arange(64, dtype=np.float32), np.zeros(32, np.float32)
    counts = code.run("helped", ONE, WARP, [x, y])
    assert counts[line("return x[threadIdx.x];"), "global", "load", 0][:2] == (1, 8)
    assert counts[line("return x[threadIdx.x + 32];"), "global", "load", 0][:2] == (1, 24)
    np.testing.assert_array_equal(y, np.where(np.arange(32) < 8, np.arange(32), np.arange(32) + 32))


def test_vectors_of_sixteen_bytes(code):
    """512 bytes are 16 sectors, or 4 passes of a quarter of the warp each."""
    x, y = np.arange(128, dtype=np.float32), np.zeros(128, np.float32)
    counts = code.run("vectors", ONE, WARP, [x, y])
    assert counts[line("tile[threadIdx.x] ="), "global", "load", 0] == (1, 32, 512, 16, 16)
    assert counts[line("tile[threadIdx.x] ="), "shared", "store", -1] == (1, 32, 512, 4, 4)
    assert counts[line("= tile[31"), "shared", "load", -1] == (1, 32, 512, 4, 4)
    assert counts[line("(y + 4 *"), "global", "store", 1] == (1, 32, 512, 16, 16)
    np.testing.assert_array_equal(y, (x.reshape(32, 4)[::-1] + np.eye(4)[0]).reshape(-1))


@pytest.mark.parametrize(("step", "passes"), [(1, 1), (2, 2), (3, 1), (8, 8), (32, 32), (33, 1)])
def test_banks(code, step, passes):
    """Words `step` apart fall into 32 / gcd(step, 32) banks."""
    y = np.zeros(32, np.float32)
    counts = code.run("strides", ONE, WARP, [y, np.int32(step)], 4 * (31 * step + 1))
    assert counts[line("held[threadIdx.x *"), "shared", "store", -1] == (1, 32, 128, passes, 1)
    np.testing.assert_array_equal(y, np.arange(32)[::-1])


def test_what_a_warp_tells_itself(code):
    """Down by 4 within each 8, up by 3 of all, crosswise by 5, and from lane 7; a lane without one keeps its own."""
    x = np.random.default_rng(0).integers(0, 100, 64).astype(np.int32)
    y, votes, count = np.zeros(64, np.int32), np.zeros(64, np.uint32), np.zeros(2, np.int32)
    counts = code.run("warps", ONE, (64, 1, 1), [x, y, votes, count])
    lane, warp = np.arange(64) % 32, np.arange(64) // 32 * 32
    down = np.where(lane % 8 < 4, lane + 4, lane)
    up = np.where(lane < 3, lane, lane - 3)
    of = [x[warp + place] for place in (down, up, lane ^ 5, 7)]
    np.testing.assert_array_equal(y, of[0] * 1000000 + of[1] * 10000 + of[2] * 100 + of[3])
    np.testing.assert_array_equal(votes, sum(1 << bit for bit in range(0, 32, 3)))
    np.testing.assert_array_equal(count, [x.sum(), x.max()])
    assert counts[line("atomicAdd"), "global", "atomic", 3] == (2, 64, 256, 2, 2)


def test_half_precision_is_ieee_s(code):
    x = np.random.default_rng(0).standard_normal(32).astype(np.float16)
    y, z = np.zeros(32, np.float16), np.zeros(32, np.float32)
    code.run("halves", ONE, WARP, [x, y, z])
    np.testing.assert_array_equal(z, x.astype(np.float32) ** 2)
    np.testing.assert_array_equal(y, (x.astype(np.float32) ** 2).astype(np.float16))


def test_three_dimensions(code):
    y = np.zeros(2 * 3 * 2 * 24, np.int32)
    code.run("cube", (2, 3, 2), (4, 3, 2), [y])
    z, yy, xx = np.meshgrid(range(2), range(3), range(4), indexing="ij")
    one = (xx + 10 * yy + 100 * z).reshape(-1)
    np.testing.assert_array_equal(y, (one + 1000 * np.arange(12)[:, None]).reshape(-1))


@pytest.mark.parametrize(
    ("kernel", "text", "why"),
    [
        ("beyond", "void beyond", "is outside every array"),
        ("crooked", "void crooked", "is misaligned"),
        ("apart", "        __syncthreads();", "is one barrier, and other threads wait at another"),
        ("divided", "    __syncthreads();\n    y[threadIdx.x] = 1.0f;", "is a barrier that some threads never reach"),
    ],
)
def test_what_goes_wrong_has_its_line(code, kernel, text, why):
    with pytest.raises(RuntimeError, match=f"^{kernel}: line ") as caught:
        code.run(kernel, ONE, WARP, [np.zeros(32, np.float32)])
    assert str(caught.value).endswith(why)
    if kernel in ("beyond", "crooked"):
        assert f"line {line(text)} " in str(caught.value)


def test_a_wait_without_end(code):
    with pytest.raises(RuntimeError, match="threads that never come"):
        code.run("alone", ONE, WARP, [np.zeros(32, np.float32)])


def test_an_array_given_twice_is_one():
    source = 'extern "C" __global__ void moved(const float *x, float *y) { y[threadIdx.x] = x[threadIdx.x] + x[0]; }'
    x = np.arange(32, dtype=np.float32)
    shim.Library(source).run("moved", ONE, (1, 1, 1), [x, x])
    np.testing.assert_array_equal(x, np.arange(32))
    x[0] = 2
    shim.Library(source).run("moved", ONE, (1, 1, 1), [x, x])
    assert x[0] == 4
