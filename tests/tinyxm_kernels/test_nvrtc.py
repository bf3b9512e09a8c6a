"""NVRTC through its wheel: what is compiled, what is told of it, and what is said where it is missing."""

import ctypes
from pathlib import Path

import pytest

from tinyxm_kernels import nvrtc

needs_nvrtc = pytest.mark.skipif(bool(nvrtc.missing()), reason=nvrtc.missing() or "there")

SUM = """\
extern "C" __global__ void sum(const float *x, float *y, int n) {
    __shared__ float part[64][3];
    part[threadIdx.x][blockIdx.x % 3] = x[threadIdx.x];
    __syncthreads();
    y[threadIdx.x] = part[n - threadIdx.x][1] + TERM;
}
"""
LOST = """\
extern "C" __global__ void __launch_bounds__(1024, 2) many(const float *x, float *y) {
    float held[64];
    #pragma unroll
    for (int i = 0; i < 64; ++i) held[i] = x[threadIdx.x * 64 + i];
    __syncthreads();
    #pragma unroll
    for (int i = 0; i < 64; ++i) y[i * 1024 + threadIdx.x] = held[i] * held[63 - i];
}
extern "C" __global__ void indexed(const int *where, int *y) {
    int held[16];
    for (int i = 0; i < 16; ++i) held[where[i]] = i;
    y[threadIdx.x] = held[where[threadIdx.x]];
}
extern "C" __global__ void few(float *y) { y[threadIdx.x] = 1.0f; }
"""


@needs_nvrtc
def test_resources_of_a_kernel_for_an_old_and_a_new_architecture():
    for architecture in ("sm_75", "sm_90"):
        compiled = nvrtc.compile(SUM, architecture, {"TERM": 2})
        assert list(compiled.kernels) == ["sum"]
        told = compiled.kernels["sum"]
        assert told.shared == 64 * 3 * 4
        assert 8 <= told.registers <= 32
        assert (told.stack, told.spill_stores, told.spill_loads) == (0, 0, 0)
        assert compiled.code.startswith(b"\x7fELF")
        assert compiled.warnings == ()


@needs_nvrtc
def test_what_doesnt_fit_registers_is_told():
    """1,024 threads twice leave 32 registers each, for 64 numbers; 16 more are indexed by data."""
    kernels = nvrtc.compile(LOST, "sm_80").kernels
    assert kernels["many"].registers <= 32
    assert kernels["many"].spill_stores >= 4
    assert kernels["many"].spill_loads >= 4
    assert kernels["indexed"].stack >= 16 * 4
    assert kernels["few"][1:5] == (0, 0, 0, 0)


@needs_nvrtc
def test_half_comes_with_its_header():
    source = "#include <cuda_fp16.h>\n" + SUM.replace("TERM", "__half2float(__float2half(0.5f))")
    assert "sum" in nvrtc.compile(source, "sm_80").kernels


@needs_nvrtc
def test_an_error_names_file_line_and_architecture(tmp_path):
    file = tmp_path / "broken.cu"
    file.write_text(SUM, "utf-8")
    with pytest.raises(nvrtc.CompileError, match=r'broken\.cu:5: identifier "TERM" is undefined .*sm_80') as caught:
        nvrtc.compile(file, "sm_80")
    assert caught.value.line == 5
    assert "y[threadIdx.x] = part" in caught.value.log
    with pytest.raises(nvrtc.CompileError, match=r"kernel\.cu:1: .*nowhere\.h") as caught:
        nvrtc.compile("#include <nowhere.h>\n", "sm_80")
    assert caught.value.line == 1


@needs_nvrtc
def test_headers_that_are_missing_are_told_from_a_name_that_is_wrong(monkeypatch):
    monkeypatch.setattr(nvrtc, "_headers", lambda: ())
    with pytest.raises(nvrtc.CompileError, match=r"cuda_fp16\.h.*; CUDA's come by: pip install nvidia"):
        nvrtc.compile("#include <cuda_fp16.h>\n", "sm_80")


@needs_nvrtc
def test_too_much_shared_memory_is_refused_by_the_assembler():
    with pytest.raises(nvrtc.CompileError):
        nvrtc.compile(SUM.replace("[64][3]", "[64][300]"), "sm_80", {"TERM": 0})


@needs_nvrtc
def test_a_warning_has_its_line():
    source = SUM.replace("    __syncthreads", "    int idle;\n    __syncthreads")
    (warning,) = nvrtc.compile(source, "sm_80", {"TERM": 0}).warnings
    assert warning.startswith('4: variable "idle" was declared')


@needs_nvrtc
def test_an_unknown_architecture():
    assert {"sm_80", "sm_90"} <= set(nvrtc.architectures())
    with pytest.raises(ValueError, match=r"no architecture 'sm_8'; there are .*sm_80"):
        nvrtc.compile(SUM, "sm_8")


@pytest.fixture
def looked_for_again(monkeypatch):
    """Nothing of what was found before is remembered, nor is what is found in the test."""
    kept = nvrtc._library, nvrtc._headers, nvrtc.architectures, nvrtc.version
    for function in kept:
        function.cache_clear()
    yield monkeypatch
    monkeypatch.undo()
    for function in kept:
        function.cache_clear()


def test_without_the_library_one_line_says_what_to_install(looked_for_again):
    looked_for_again.setattr(nvrtc, "_files_of", lambda wheel: [])
    looked_for_again.delenv("CUDA_PATH", raising=False)
    looked_for_again.delenv("CUDA_HOME", raising=False)
    assert nvrtc.missing() == (
        "nvrtc: the compiler NVRTC is not installed (pip install nvidia-cuda-nvrtc-cu12 nvidia-cuda-runtime-cu12)"
    )
    with pytest.raises(ImportError, match="not installed"):
        nvrtc.compile(SUM, "sm_80")


def test_a_library_that_fails_to_load_is_named(looked_for_again, tmp_path):
    broken = tmp_path / "libnvrtc.so.12"
    broken.write_bytes(b"no library")
    looked_for_again.setattr(nvrtc, "_files_of", lambda wheel: [broken])
    assert nvrtc.missing().startswith(f"nvrtc: {broken} can't be loaded: ")


@pytest.mark.parametrize(
    "names",
    [
        ("libnvrtc-builtins.alt.so.12.9", "libnvrtc.alt.so.12", "libnvrtc-builtins.so.12.9", "libnvrtc.so.12"),
        ("nvrtc-builtins64_129.dll", "nvrtc64_120_0.alt.dll", "nvrtc64_120_0.dll"),
        ("libnvrtc.so.13", "libnvrtc-builtins.so.13.0"),
        ("nvrtc64_130_0.dll", "nvrtc-builtins64_130.dll"),
    ],
)
def test_the_library_is_told_from_its_parts_on_linux_and_windows(looked_for_again, tmp_path, names):
    for name in names:
        (tmp_path / name).touch()
    looked_for_again.setattr(nvrtc, "_files_of", lambda wheel: [tmp_path / name for name in names])
    (library,) = {"libnvrtc.so.12", "nvrtc64_120_0.dll", "libnvrtc.so.13", "nvrtc64_130_0.dll"} & set(names)
    assert nvrtc._library_file() == tmp_path / library


@needs_nvrtc
def test_a_toolkit_serves_where_there_is_no_wheel(looked_for_again, tmp_path):
    library, (headers,) = nvrtc._library_file(), nvrtc._headers()
    for name, place in (("lib64", library.parent), ("include", headers)):
        (tmp_path / name).symlink_to(place)
    nvrtc._headers.cache_clear()
    looked_for_again.setattr(nvrtc, "_files_of", lambda wheel: [])
    looked_for_again.setenv("CUDA_PATH", str(tmp_path))
    assert nvrtc._library_file().parent == tmp_path / "lib64"
    assert nvrtc._headers() == (tmp_path / "include",)


@needs_nvrtc
def test_the_real_library_is_the_wheels_or_a_toolkits():
    assert isinstance(nvrtc._library(), ctypes.CDLL)
    assert Path(nvrtc._library()._name).name == nvrtc._library_file().name
    assert nvrtc.version().split(".")[0].isdigit()
