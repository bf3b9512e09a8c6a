"""A kernel launched from Python: what is packed, what is refused and in which words, on NumPy's arrays, which run in
the simulator, and on the stand-in's, which run as on a GPU."""

from contextlib import nullcontext

import cupy_stand_in
import numpy as np
import pytest
from cupy_stand_in import cuda as stand_in

from tinyxm_kernels import cuda

SOURCE = r"""
#ifndef FACTOR
#define FACTOR 2
#endif
extern "C" __global__ void scale(const float *x, float *y, int n, float by, long long offset) {
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[i + offset] = x[i] * by * FACTOR;
}
extern "C" __global__ void vectors(const float4 *x, float *y, const unsigned char *chosen) {
    float4 v = x[threadIdx.x];
    y[threadIdx.x] = !chosen || chosen[threadIdx.x] ? v.x + v.y + v.z + v.w : 0.0f;
}
extern "C" __global__ void backwards(float *x) {
    extern __shared__ float kept[];
    kept[threadIdx.x] = x[threadIdx.x];
    __syncthreads();
    x[threadIdx.x] = kept[blockDim.x - 1 - threadIdx.x];
}
extern "C" __global__ void beyond(float *x, int n) {
    x[threadIdx.x + n] = 1.0f;
}
"""


@pytest.fixture
def file(tmp_path):
    (tmp_path / "scale.cu").write_text(SOURCE)
    return tmp_path / "scale.cu"


@pytest.fixture(params=["simulator", "stand-in", pytest.param("gpu", marks=pytest.mark.gpu)])
def there(request):
    """How an array gets to where kernels run."""
    if request.param == "gpu":
        if not cuda.available():
            pytest.skip(cuda.reason())
        yield lambda x: cuda.move(x, "cuda")
        return
    with cupy_stand_in.installed() if request.param == "stand-in" else nullcontext() as cupy:
        yield np.asarray if cupy is None else cupy.asarray


def host(x):
    return x if isinstance(x, np.ndarray) else x.get()


X = np.arange(6, dtype=np.float32)


def test_numbers_become_what_the_kernel_reads(file, there):
    x, y = there(X), there(np.zeros(8, np.float32))
    cuda.kernel(file, "scale")(2, 4, x, y, 6, 0.5, 2)
    np.testing.assert_array_equal(host(y)[2:], X)
    cuda.kernel(file, "scale", FACTOR=10)((1, 1), (8, 1, 1), x, y, np.int64(6), np.float64(0.5), True)
    np.testing.assert_array_equal(host(y)[1:7], 5 * X)


def test_a_pointer_to_vectors_and_one_to_nothing(file, there):
    y = there(np.zeros(2, np.float32))
    for chosen, expected in ((None, [6, 22]), (there(np.array([0, 1], np.uint8)), [0, 22])):
        cuda.kernel(file, "vectors")(1, 2, there(np.arange(8, dtype=np.float32)), y, chosen)
        assert host(y).tolist() == expected


def test_dynamic_shared_memory_up_to_what_must_be_asked_for(file, there):
    x = there(X.copy())
    for shared, expected in ((24, X[::-1]), (80 << 10, X), (90 << 10, X[::-1]), (90 << 10, X)):
        cuda.kernel(file, "backwards")(1, 6, x, shared=shared)
        np.testing.assert_array_equal(host(x), expected)


def test_the_launch_that_a_gpu_sees(file):
    with cupy_stand_in.installed() as cupy:
        cuda.kernel(file, "backwards")(1, (3, 2), cupy.asarray(X), shared=24)
        with cuda.launches() as seen:
            cuda.kernel(file, "backwards")(1, 6, cupy.asarray(X), shared=24)
    assert stand_in.LAUNCHES == [("backwards", (1, 1, 1), (3, 2, 1), 24), ("backwards", (1, 1, 1), (6, 1, 1), 24)]
    assert [(one.kernel.name, one.grid, one.block, one.shared, one.run) for one in seen] == [
        ("backwards", (1, 1, 1), (6, 1, 1), 24, None)
    ]


ARGUMENTS = {"x": X, "y": X, "n": 6, "by": 1.0, "offset": 0}


@pytest.mark.parametrize(
    ("changed", "error", "told"),
    [
        (
            {"x": X.astype(np.float64)},
            TypeError,
            r"x is const float \*: expected an array of float32, not of float64; conv",
        ),
        ({"x": 1.0}, TypeError, r"x is const float \*: expected an array of float32, not 1.0"),
        ({"x": [1.0]}, TypeError, r"x is const float \*: expected an array of float32, not \[1.0\]"),
        (
            {"y": np.zeros((6, 2), np.float32)[:, 0]},
            ValueError,
            r"y \(6,\) doesn't lie in one piece \(strides \(8,\)\)",
        ),
        ({"n": 6.0}, TypeError, "n is int: expected a whole number, not 6.0"),
        ({"n": 2**31}, ValueError, "n is int, which 2147483648 doesn't fit: its indices would wrap"),
        ({"n": X[:1]}, TypeError, "n is int: expected a whole number, not array"),
        ({"by": "1"}, TypeError, "by is float: expected a number, not '1'"),
        ({"offset": 2**63}, ValueError, "offset is long long, which 9223372036854775808 doesn't fit"),
        (
            {"more": 1},
            TypeError,
            r"6 arguments, and the kernel takes 5: \(const float \* x, float \* y, int n, float by",
        ),
    ],
)
def test_an_argument_that_does_not_fit_is_told_by_its_name(file, there, changed, error, told):
    given = {name: there(x) if isinstance(x, np.ndarray) and x.ndim else x for name, x in (ARGUMENTS | changed).items()}
    if "y" in changed:  # the stand-in's copies lie in one piece
        given["y"] = there(np.zeros((6, 2), np.float32))[:, 0]
    with pytest.raises(error, match="^scale: " + told.replace(r"\* ", r"\* ?").replace(r" \*", r" ?\*")):
        cuda.kernel(file, "scale")(1, 6, *given.values())


@pytest.mark.parametrize(
    ("grid", "block", "shared", "told"),
    [
        (1, 1025, 0, r"block \(1025, 1, 1\): x is 1025, and the most is 1024; take fewer"),
        (1, (32, 33), 0, r"block \(32, 33, 1\) has 1056 threads, and the most is 1024: take fewer"),
        (1, (1, 1, 65), 0, "z is 65, and the most is 64"),
        ((1, 65536), 1, 0, "y is 65536, and the most is 65535; cover more with each block, or loop within"),
        ((1, 1, 65536), 1, 0, "z is 65536, and the most is 65535"),
        (2**31, 1, 0, "x is 2147483648, and the most is 2147483647"),
        (0, 1, 0, r"grid \(0, 1, 1\): x is 0: launch nothing where there is nothing to do"),
        ((1, 1, 1, 1), 1, 0, r"grid \(1, 1, 1, 1\): expected one to three numbers"),
        ((), 1, 0, r"grid \(\): expected one to three numbers"),
        (1, 1, -1, "-1 bytes of dynamic shared memory: expected 0 to 232448"),
        (1, 1, 1 << 20, "1048576 bytes of dynamic shared memory: expected 0 to 232448"),
    ],
)
def test_a_launch_beyond_the_limits_is_told_before_it_runs(file, there, grid, block, shared, told):
    with pytest.raises(ValueError, match="^scale: .*" + told):
        cuda.kernel(file, "scale")(grid, block, there(X), there(X), 6, 1, 0, shared=shared)
    with pytest.raises(TypeError, match=r"grid 1\.5: expected a whole number, or up to three"):
        cuda.kernel(file, "scale")(1.5, 1, there(X), there(X), 6, 1, 0)
    assert not stand_in.LAUNCHES or not hasattr(there(X), "get")


def test_a_kernel_that_is_not_in_the_file(file):
    with pytest.raises(
        ValueError, match=r"^sale: scale\.cu has no such kernel; it has scale, vectors, backwards, beyond"
    ):
        cuda.kernel(file, "sale")(1, 1)


def test_an_array_that_may_not_be_written(file):
    y = X.copy()
    y.flags.writeable = False
    cuda.kernel(file, "scale")(1, 6, y, X.copy(), 6, 1, 0)
    with pytest.raises(ValueError, match=r"^scale: y is float ?\*, to be written, and the array is read-only"):
        cuda.kernel(file, "scale")(1, 6, X, y, 6, 1, 0)


def test_what_the_sanitizer_finds_is_an_error_that_names_the_line(file):
    line = SOURCE.splitlines().index("    x[threadIdx.x + n] = 1.0f;") + 1
    with pytest.raises(RuntimeError, match=rf"^beyond: scale\.cu, line {line}: out-of-bounds: .*x"):
        cuda.kernel(file, "beyond")(1, 6, X.copy(), 3)
    with cuda.launches(count=True) as seen:
        cuda.kernel(file, "beyond")(1, 6, X.copy(), 3)
    assert [finding.kind for finding in seen[0].run.findings] == ["out-of-bounds"]
    assert any(item["line"] == line for item in seen[0].run.lines)


def test_arrays_in_two_places(file):
    with cupy_stand_in.installed() as cupy:
        x = cupy.asarray(X)
        with pytest.raises(TypeError, match=r"^scale: an operand .* is on cuda:0 and one .* on cpu: move one of them"):
            cuda.kernel(file, "scale")(1, 6, x, X.copy(), 6, 1, 0)
        y = cuda.move(X, "cuda:1")
        assert (cuda.place(x), cuda.place(y)) == ("cuda:0", "cuda:1")
        with pytest.raises(TypeError, match=r"is on cuda:0 and one .* on cuda:1: move one of them"):
            cuda.kernel(file, "scale")(1, 6, x, y, 6, 1, 0)
        cuda.kernel(file, "scale")(
            1, 6, y, cuda.move(X, "cuda:1"), 6, 1, 0
        )  # on the arrays' device, which isn't current
        assert cupy.cuda.Device().id == 0


@pytest.mark.parametrize(
    ("error", "when", "told"),
    [
        (stand_in.CUDADriverError("CUDA_ERROR_NO_BINARY_FOR_GPU: no kernel image is available"), "launch",
         "compiled for another architecture than cuda:0 has, sm_86: CuPy 14.2.0 is built for CUDA 12.9; a newer"),
        (stand_in.CompileException("nvrtc: error: invalid value for --gpu-architecture (-arch)", "", "", ()), "compile",
         "the compiler of this CuPy knows no sm_86, which cuda:0 is"),
        (stand_in.CompileException("kern.cu(2): fatal error: cannot open source file \"cuda_fp16.h\"", "", "", ()),
         "compile", "CUDA's headers are missing .*cuda_fp16.h.*: pip install 'tinyxm"),
        (stand_in.CompileException("kern.cu(7): error: identifier \"nn\" is undefined\n1 error detected", "", "", ()),
         "compile", r"NVRTC doesn't compile it: kern.cu\(7\): error: identifier \"nn\" is undefined$"),
        (stand_in.CUDADriverError("CUDA_ERROR_UNSUPPORTED_PTX_VERSION: the provided PTX was compiled with an unsu"),
         "launch", "the NVIDIA driver is older than the compiler .*: update the driver"),
        (stand_in.CUDADriverError("CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES: too many resources requested for launch"),
         "launch", "needs more registers or shared memory than cuda:0 has: launch smaller blocks"),
        (stand_in.CUDADriverError("CUDA_ERROR_ILLEGAL_ADDRESS: an illegal memory access was encountered"), "launch",
         "touched memory that isn't its own .*: run it on NumPy arrays, where the simulator names the line"),
        (stand_in.CUDADriverError("CUDA_ERROR_UNKNOWN: unknown error"), "launch", "CUDA fails: CUDA_ERROR_UNKNOWN"),
    ],
)  # fmt: skip
def test_what_a_device_refuses_is_told_in_words(file, error, when, told):
    with cupy_stand_in.installed() as cupy, stand_in.faulty(error, when):
        x = cupy.asarray(X)
        with pytest.raises(RuntimeError, match="^scale: .*" + told):
            cuda.kernel(file, "scale")(1, 6, x, x, 6, 1, 0)


def test_shared_memory_beyond_what_this_device_has(file):
    with cupy_stand_in.installed() as cupy:
        x = cupy.asarray(X)
        with pytest.raises(
            ValueError, match=r"^backwards: 0 bytes of static and 102400 of dynamic .*cuda:0 is 101376: take"
        ):
            cuda.kernel(file, "backwards")(1, 6, x, shared=100 << 10)


def test_a_device_without_room_says_what_was_asked_and_what_is_free():
    with cupy_stand_in.installed(memory=1 << 20):
        with pytest.raises(
            MemoryError, match=r"^move: cuda:0 is out of memory: .*4,000,000 bytes.*; 1 of 1 MiB are free: ta"
        ):
            cuda.move(np.zeros(10**6, np.float32), "cuda")
        for device in ("cuda:2", "cuda:10"):
            with pytest.raises(ValueError, match=f'^device "{device}": there are 2, counted from cuda:0'):
                cuda.move(X, device)


def test_moving_copies_only_what_is_elsewhere():
    with cupy_stand_in.installed():
        x = cuda.move(X, "cuda")
        assert cuda.move(x, "cuda") is x
        assert cuda.move(x, "cuda:0") is x
        y = cuda.move(x, "cuda:1")
        assert cuda.place(y) == "cuda:1"
        for there in (x, y):
            np.testing.assert_array_equal(cuda.move(there, "cpu"), X)
        assert cuda.describe() == {
            "name": "Stand-in", "arch": "sm_86", "memory": 1 << 34, "processors": 1, "devices": 2,
            "driver": "12.8", "runtime": "12.9", "cupy": "14.2.0",
        }  # fmt: skip
