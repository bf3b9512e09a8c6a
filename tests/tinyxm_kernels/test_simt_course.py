"""Kernels as courses have them, written as courses write them: read, right, and without a finding."""

import numpy as np
import pytest

from tinyxm_kernels import simt

rng = np.random.default_rng(0)


def run(source, grid, block, arguments, shared=0, name=None, **defines):
    program = simt.Program(source, defines=defines)
    done = program.launch(name or next(iter(program.kernels)), grid, block, arguments, shared)
    assert done.findings == []
    return done


def test_saxpy_in_a_grid_stride_loop():
    x, y = rng.standard_normal((2, 1000)).astype(np.float32)
    expected = 2.5 * x + y
    source = """
__global__ void saxpy(int n, float a, const float *x, float *y)
{
    for (int i = blockIdx.x * blockDim.x + threadIdx.x; i < n; i += blockDim.x * gridDim.x)
        y[i] = a * x[i] + y[i];
}"""
    run(source, 3, 64, [1000, 2.5, x, y])
    np.testing.assert_allclose(y, expected, rtol=1e-6)


@pytest.mark.parametrize("n", [1, 31, 64, 100])
def test_a_scan_by_hillis_and_steele_with_two_buffers(n):
    source = """
__global__ void scan(const int *in, int *out, int n)
{
    extern __shared__ int temp[];
    int tid = threadIdx.x;
    int pout = 0, pin = 1;
    temp[tid] = (tid < n) ? in[tid] : 0;
    __syncthreads();
    for (int offset = 1; offset < blockDim.x; offset *= 2) {
        pout = 1 - pout; pin = 1 - pout;
        if (tid >= offset)
            temp[pout * blockDim.x + tid] = temp[pin * blockDim.x + tid] + temp[pin * blockDim.x + tid - offset];
        else
            temp[pout * blockDim.x + tid] = temp[pin * blockDim.x + tid];
        __syncthreads();
    }
    if (tid < n) out[tid] = temp[pout * blockDim.x + tid];
}"""
    given, out = rng.integers(-9, 9, n).astype(np.int32), np.zeros(n, np.int32)
    run(source, 1, 128, [given, out, n], shared=2 * 128 * 4)
    np.testing.assert_array_equal(out, np.cumsum(given))


def test_a_scan_by_blelloch_up_and_down_the_tree():
    source = """
#define N 128
__global__ void prescan(float *g_odata, const float *g_idata)
{
    __shared__ float temp[N];
    int thid = threadIdx.x;
    int offset = 1;
    temp[2*thid] = g_idata[2*thid];
    temp[2*thid+1] = g_idata[2*thid+1];
    for (int d = N>>1; d > 0; d >>= 1) {
        __syncthreads();
        if (thid < d) {
            int ai = offset*(2*thid+1)-1;
            int bi = offset*(2*thid+2)-1;
            temp[bi] += temp[ai];
        }
        offset *= 2;
    }
    if (thid == 0) { temp[N - 1] = 0; }
    for (int d = 1; d < N; d *= 2) {
        offset >>= 1;
        __syncthreads();
        if (thid < d) {
            int ai = offset*(2*thid+1)-1;
            int bi = offset*(2*thid+2)-1;
            float t = temp[ai];
            temp[ai] = temp[bi];
            temp[bi] += t;
        }
    }
    __syncthreads();
    g_odata[2*thid] = temp[2*thid];
    g_odata[2*thid+1] = temp[2*thid+1];
}"""
    given, out = np.arange(128, dtype=np.float32), np.zeros(128, np.float32)
    run(source, 1, 64, [out, given])
    np.testing.assert_array_equal(out, np.concatenate([[0], np.cumsum(given)[:-1]]))


def test_a_scan_of_a_block_by_warp_shuffles():
    source = """
__device__ __forceinline__ int warp_scan(int value)
{
    int lane = threadIdx.x & (warpSize - 1);
#pragma unroll
    for (int offset = 1; offset < 32; offset <<= 1) {
        int other = __shfl_up_sync(0xffffffff, value, offset);
        if (lane >= offset) value += other;
    }
    return value;
}
extern "C" __global__ void block_scan(const int *in, int *out)
{
    __shared__ int totals[32];
    int lane = threadIdx.x % 32, warp = threadIdx.x / 32;
    int value = warp_scan(in[threadIdx.x]);
    if (lane == 31) totals[warp] = value;
    __syncthreads();
    if (warp == 0) {
        int total = lane < blockDim.x / 32 ? totals[lane] : 0;
        total = warp_scan(total);
        totals[lane] = total;
    }
    __syncthreads();
    out[threadIdx.x] = value + (warp > 0 ? totals[warp - 1] : 0);
}"""
    given, out = rng.integers(-5, 50, 256).astype(np.int32), np.zeros(256, np.int32)
    run(source, 1, 256, [given, out])
    np.testing.assert_array_equal(out, np.cumsum(given))


def test_a_bitonic_sort_in_shared_memory():
    source = """
__global__ void bitonic(float *values)
{
    extern __shared__ float s[];
    unsigned int tid = threadIdx.x;
    s[tid] = values[tid];
    __syncthreads();
    for (unsigned int k = 2; k <= blockDim.x; k *= 2) {
        for (unsigned int j = k / 2; j > 0; j /= 2) {
            unsigned int ixj = tid ^ j;
            if (ixj > tid) {
                bool up = (tid & k) == 0;
                if (s[tid] > s[ixj] == up) {
                    float swap = s[tid]; s[tid] = s[ixj]; s[ixj] = swap;
                }
            }
            __syncthreads();
        }
    }
    values[tid] = s[tid];
}"""
    values = rng.standard_normal(256).astype(np.float32)
    expected = np.sort(values)
    run(source, 1, 256, [values], shared=256 * 4)
    np.testing.assert_array_equal(values, expected)


def test_a_histogram_kept_by_each_block_then_added():
    source = """
#define BINS 16
__global__ void histogram(const unsigned char *data, unsigned int *bins, int n)
{
    __shared__ unsigned int mine[BINS];
    for (int i = threadIdx.x; i < BINS; i += blockDim.x) mine[i] = 0;
    __syncthreads();
    int stride = blockDim.x * gridDim.x;
    for (int i = threadIdx.x + blockIdx.x * blockDim.x; i < n; i += stride)
        atomicAdd(&mine[data[i] >> 4], 1u);
    __syncthreads();
    for (int i = threadIdx.x; i < BINS; i += blockDim.x) atomicAdd(bins + i, mine[i]);
}"""
    data, bins = rng.integers(0, 256, 5000).astype(np.uint8), np.zeros(16, np.uint32)
    run(source, 4, 96, [data, bins, 5000])
    np.testing.assert_array_equal(bins, np.bincount(data >> 4, minlength=16))


def test_a_convolution_with_a_constant_mask_and_a_halo():
    source = """
#define RADIUS 2
#define TILE 32
__constant__ float mask[2 * RADIUS + 1] = {0.1f, 0.2f, 0.4f, 0.2f, 0.1f};
__global__ void convolve(const float *in, float *out, int width)
{
    __shared__ float tile[TILE + 2 * RADIUS];
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    int left = (blockIdx.x - 1) * blockDim.x + threadIdx.x;
    if (threadIdx.x >= blockDim.x - RADIUS)
        tile[threadIdx.x - (blockDim.x - RADIUS)] = (left < 0) ? 0 : in[left];
    tile[RADIUS + threadIdx.x] = i < width ? in[i] : 0.0f;
    int right = (blockIdx.x + 1) * blockDim.x + threadIdx.x;
    if (threadIdx.x < RADIUS)
        tile[RADIUS + blockDim.x + threadIdx.x] = (right >= width) ? 0 : in[right];
    __syncthreads();
    float sum = 0;
    for (int j = 0; j < 2 * RADIUS + 1; j++) sum += tile[threadIdx.x + j] * mask[j];
    if (i < width) out[i] = sum;
}"""
    given, out = rng.standard_normal(100).astype(np.float32), np.zeros(100, np.float32)
    run(source, 4, 32, [given, out, 100])
    np.testing.assert_allclose(out, np.convolve(given, [0.1, 0.2, 0.4, 0.2, 0.1], "same"), atol=1e-6)


def test_sparse_rows_times_a_vector_a_warp_to_each_row():
    source = """
__global__ void spmv(int rows, const int *start, const int *column, const float *value, const float *x, float *y)
{
    int row = (blockIdx.x * blockDim.x + threadIdx.x) / warpSize;
    int lane = threadIdx.x % warpSize;
    if (row >= rows) return;
    float sum = 0.0f;
    for (int k = start[row] + lane; k < start[row + 1]; k += warpSize) sum += value[k] * x[column[k]];
    for (int offset = 16; offset > 0; offset /= 2) sum += __shfl_down_sync(0xffffffff, sum, offset);
    if (lane == 0) y[row] = sum;
}"""
    dense = rng.standard_normal((13, 90)).astype(np.float32) * (rng.random((13, 90)) < 0.4)
    rows, column = np.nonzero(dense)
    start = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=13))]).astype(np.int32)
    x, y = rng.standard_normal(90).astype(np.float32), np.zeros(13, np.float32)
    run(source, 4, 128, [13, start, column.astype(np.int32), dense[rows, column], x, y])
    np.testing.assert_allclose(y, dense @ x, rtol=1e-5, atol=1e-5)


def test_all_bodies_attract_each_other_by_tiles_of_float4():
    source = """
__device__ float3 interaction(float4 bi, float4 bj, float3 ai)
{
    float3 r;
    r.x = bj.x - bi.x; r.y = bj.y - bi.y; r.z = bj.z - bi.z;
    float dist2 = r.x * r.x + r.y * r.y + r.z * r.z + 0.01f;
    float inv = rsqrtf(dist2);
    float s = bj.w * inv * inv * inv;
    ai.x += r.x * s; ai.y += r.y * s; ai.z += r.z * s;
    return ai;
}
__global__ void forces(const float4 *bodies, float4 *acceleration, int n)
{
    extern __shared__ float4 tile[];
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    float4 me = bodies[i];
    float3 a = make_float3(0.0f, 0.0f, 0.0f);
    for (int start = 0; start < n; start += blockDim.x) {
        tile[threadIdx.x] = bodies[start + threadIdx.x];
        __syncthreads();
        for (int j = 0; j < blockDim.x; j++) a = interaction(me, tile[j], a);
        __syncthreads();
    }
    acceleration[i] = make_float4(a.x, a.y, a.z, 0);
}"""
    bodies, out = rng.random((64, 4)).astype(np.float32), np.zeros((64, 4), np.float32)
    run(source, 2, 32, [bodies, out, 64], shared=32 * 16)
    r = (bodies[None, :, :3] - bodies[:, None, :3]).astype(np.float64)
    inverse = (np.sum(r * r, axis=-1) + 0.01) ** -1.5
    expected = np.sum(r * (bodies[None, :, 3] * inverse)[..., None], axis=1)
    np.testing.assert_allclose(out[:, :3], expected, rtol=1e-4, atol=1e-4)


def test_mandelbrot_leaves_its_loop_apart():
    source = """
__global__ void mandelbrot(int *counts, int width, int height, int most)
{
    int px = blockIdx.x * blockDim.x + threadIdx.x, py = blockIdx.y * blockDim.y + threadIdx.y;
    if (px >= width || py >= height) return;
    float cx = -2.0f + 3.0f * px / width, cy = -1.5f + 3.0f * py / height, x = 0, y = 0;
    int n;
    for (n = 0; n < most; n++) {
        float x2 = x * x, y2 = y * y;
        if (x2 + y2 > 4.0f) break;
        y = 2 * x * y + cy;
        x = x2 - y2 + cx;
    }
    counts[py * width + px] = n;
}"""
    counts = np.zeros((20, 30), np.int32)
    done = run(source, (4, 3), (8, 8), [counts, 30, 20, 50])
    cx = np.float32(-2) + np.float32(3) * np.arange(30, dtype=np.float32) / np.float32(30)
    cy = np.float32(-1.5) + np.float32(3) * np.arange(20, dtype=np.float32)[:, None] / np.float32(20)
    x = y = np.zeros((20, 30), np.float32)
    expected, alive = np.zeros((20, 30), np.int32), np.ones((20, 30), bool)
    with np.errstate(all="ignore"):
        for _ in range(50):
            alive &= x * x + y * y <= 4
            expected += alive
            x, y = x * x - y * y + cx, 2 * x * y + cy
    np.testing.assert_array_equal(counts, expected)
    assert done.totals["divergent"] > 20


def test_a_game_of_life_on_a_torus():
    source = """
__global__ void life(const unsigned char *old, unsigned char *next, int w, int h)
{
    int x = blockIdx.x * blockDim.x + threadIdx.x;
    int y = blockIdx.y * blockDim.y + threadIdx.y;
    if (x < w && y < h) {
        int count = 0;
        for (int dy = -1; dy <= 1; ++dy)
            for (int dx = -1; dx <= 1; ++dx)
                if (!(dx == 0 && dy == 0))
                    count += old[((y + dy + h) % h) * w + (x + dx + w) % w];
        next[y * w + x] = count == 3 || (count == 2 && old[y * w + x]);
    }
}"""
    board = (rng.random((17, 23)) < 0.4).astype(np.uint8)
    after = np.zeros_like(board)
    run(source, (2, 2), (16, 16), [board, after, 23, 17])
    near = sum(np.roll(board, (a, b), (0, 1)).astype(int) for a in (-1, 0, 1) for b in (-1, 0, 1) if a or b)
    np.testing.assert_array_equal(after, (near == 3) | ((near == 2) & (board == 1)))


def test_random_points_by_a_generator_of_each_threads_own():
    source = """
__device__ unsigned int next(unsigned int *state)
{
    unsigned int x = *state;
    x ^= x << 13; x ^= x >> 17; x ^= x << 5;
    *state = x;
    return x;
}
__global__ void pi(unsigned long long *inside, int tries)
{
    unsigned int state = 1234567u + 7919u * (blockIdx.x * blockDim.x + threadIdx.x);
    unsigned int count = 0;
    for (int i = 0; i < tries; i++) {
        float x = next(&state) * (1.0f / 4294967296.0f), y = next(&state) * (1.0f / 4294967296.0f);
        count += x * x + y * y < 1.0f;
    }
    atomicAdd(inside, (unsigned long long)count);
}"""
    inside = np.zeros(1, np.uint64)
    run(source, 4, 128, [inside, 200])
    state = (1234567 + 7919 * np.arange(512)).astype(np.uint32)

    def draw():
        nonlocal state
        for shift, left in ((13, True), (17, False), (5, True)):
            state = state ^ (state << np.uint32(shift) if left else state >> np.uint32(shift))
        return state.astype(np.float32) * np.float32(1 / 4294967296)

    expected = 0
    for _ in range(200):
        x, y = draw(), draw()
        expected += int(np.sum(x * x + y * y < 1))
    assert int(inside[0]) == expected
    assert abs(4 * expected / (512 * 200) - np.pi) < 0.03


def test_compaction_by_ballots_gives_each_kept_number_a_place():
    source = """
__global__ void compact(const int *in, int *out, int *count, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    int keep = i < n && in[i] > 0;
    unsigned int ballot = __ballot_sync(0xffffffffu, keep);
    int lane = threadIdx.x & 31, leader = 0, base = 0;
    if (lane == leader) base = atomicAdd(count, __popc(ballot));
    base = __shfl_sync(0xffffffffu, base, leader);
    if (keep) out[base + __popc(ballot & ((1u << lane) - 1))] = in[i];
}"""
    given = rng.integers(-50, 50, 500).astype(np.int32)
    out, count = np.zeros(500, np.int32), np.zeros(1, np.int32)
    run(source, 4, 128, [given, out, count, 500])
    kept = given[given > 0]
    assert count[0] == len(kept)
    np.testing.assert_array_equal(np.sort(out[: len(kept)]), np.sort(kept))


LAST_BLOCK = """
__global__ void sum(const float *x, volatile float *partial, unsigned int *done, float *total, int n)
{
    __shared__ float s[64];
    __shared__ bool last;
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    s[threadIdx.x] = i < n ? x[i] : 0.0f;
    __syncthreads();
    for (int half = 32; half > 0; half >>= 1) {
        if (threadIdx.x < half) s[threadIdx.x] += s[threadIdx.x + half];
        __syncthreads();
    }
    if (threadIdx.x == 0) {
        partial[blockIdx.x] = s[0];
        FENCE
        last = atomicInc(done, gridDim.x) == gridDim.x - 1;
    }
    __syncthreads();
    if (last && threadIdx.x == 0) {
        float all = 0.0f;
        for (int b = 0; b < gridDim.x; b++) all += partial[b];
        *total = all;
    }
}"""


def test_the_last_block_to_finish_adds_what_the_others_left():
    """CUDA's sample threadFenceReduction: a fence and an atomic order the blocks; without the fence nothing does."""
    x = rng.standard_normal(300).astype(np.float32)

    def arguments():
        return [x, np.zeros(5, np.float32), np.zeros(1, np.uint32), np.zeros(1, np.float32), 300]

    given = arguments()
    run(LAST_BLOCK, 5, 64, given, FENCE="__threadfence();")
    np.testing.assert_allclose(given[3][0], x.sum(), rtol=1e-5)
    done = simt.Program(LAST_BLOCK, defines={"FENCE": ""}).launch("sum", 5, 64, arguments())
    assert [finding.kind for finding in done.findings] == ["race"]
    assert "nothing orders two blocks" in done.findings[0].message
