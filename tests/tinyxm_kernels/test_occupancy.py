"""Occupancy by hand, and beside the header that NVIDIA ships for it."""

import ctypes
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tinyxm_kernels import nvrtc
from tinyxm_kernels.simt.occupancy import ARCHITECTURES, occupancy

BY_HAND = [
    # 37 registers · 32 = 1,184, in 256s 1,280; ⌊16,384 / 1,280⌋ = 12 warps a quarter, 48 an SM; 8 warps a block
    ("sm_80", 256, 37, 0, 6, 0.75, ("registers",)),
    # the same on a room of 48 warps is full, by registers and by warps
    ("sm_86", 256, 37, 0, 6, 1.0, ("warps", "registers")),
    # 1,024 threads are 32 warps: of 48 only one block, of 64 two
    ("sm_86", 1024, 32, 0, 1, 2 / 3, ("warps",)),
    ("sm_90", 1024, 32, 0, 2, 1.0, ("warps", "registers")),
    # 33 registers are 1,056, in 256s 1,280: 48 warps again, one block of 32
    ("sm_70", 1024, 33, 0, 1, 0.5, ("registers",)),
    # one warp a block: the slots for blocks run out at 32, 16, 24
    ("sm_70", 32, 16, 0, 32, 0.5, ("blocks",)),
    ("sm_75", 32, 16, 0, 16, 0.5, ("blocks",)),
    ("sm_89", 32, 16, 0, 24, 0.5, ("blocks",)),
    # 12 KiB and the system's 1 of 228: ⌊228 / 13⌋ = 17
    ("sm_90", 32, 8, 12 * 1024, 17, 17 / 64, ("shared memory",)),
    # 4,224 bytes, in 256s 4,352 of 98,304: 22; in 128s 4,224 + 1,024 = 5,248 of 167,936: 32
    ("sm_70", 32, 8, 4224, 22, 22 / 64, ("shared memory",)),
    ("sm_80", 32, 8, 4224, 32, 0.5, ("blocks", "shared memory")),
    # 99 KiB is all that a block may have there
    ("sm_120", 128, 32, 99 * 1024, 1, 4 / 48, ("shared memory",)),
    ("sm_120", 128, 32, 99 * 1024 + 1, 0, 0.0, ("shared memory",)),
    # 255 registers · 32, in 256s 8,192: two warps a quarter, eight in all; nine would need twelve
    ("sm_80", 256, 255, 0, 1, 8 / 64, ("registers",)),
    ("sm_80", 288, 255, 0, 0, 0.0, ("registers",)),
    # 65 registers · 32 = 2,080, in 256s 2,304: 7 warps a quarter, 28 an SM; 7 warps a block, though checked as 8
    ("sm_80", 224, 65, 0, 4, 28 / 64, ("registers",)),
    ("sm_80", 1025, 16, 0, 0, 0.0, ("warps",)),
]  # fmt: skip


@pytest.mark.parametrize(("architecture", "threads", "registers", "shared", "blocks", "fraction", "by"), BY_HAND)
def test_by_hand(architecture, threads, registers, shared, blocks, fraction, by):
    found = occupancy(architecture, threads, registers, shared)
    assert (found.blocks, found.limited_by) == (blocks, by)
    assert found.fraction == pytest.approx(fraction)
    assert found.warps == blocks * -(-threads // 32)


def test_what_no_kernel_has():
    with pytest.raises(ValueError, match=r"occupancy: no architecture 'sm_35'; there are sm_70, "):
        occupancy("sm_35", 128, 32)
    with pytest.raises(ValueError, match=r"occupancy: 0 threads a block"):
        occupancy("sm_80", 0, 32)


# Threads and bytes of shared memory of an SM, and bytes that a block may ask for, as devices of that kind tell them:
# V100, T4, A100, RTX 3090, Orin, RTX 4090, H100, B200, RTX 5090
DEVICES = {
    "sm_70": (2048, 98304, 98304), "sm_75": (1024, 65536, 65536), "sm_80": (2048, 167936, 166912),
    "sm_86": (1536, 102400, 101376), "sm_87": (1536, 167936, 166912), "sm_89": (1536, 102400, 101376),
    "sm_90": (2048, 233472, 232448), "sm_100": (2048, 233472, 232448), "sm_120": (1536, 102400, 101376),
}  # fmt: skip
CALCULATOR = """
#include <limits.h>
#include "cuda_occupancy.h"
extern "C" void calculate(int major, int minor, int threads_of_sm, int shared_of_sm, int shared_of_block, int threads,
                          int registers, int shared, int *told) {
    cudaOccDeviceProp device;
    device.computeMajor = major; device.computeMinor = minor; device.maxThreadsPerBlock = 1024;
    device.maxThreadsPerMultiprocessor = threads_of_sm; device.regsPerBlock = 65536;
    device.regsPerMultiprocessor = 65536; device.warpSize = 32; device.sharedMemPerBlock = 49152;
    device.sharedMemPerMultiprocessor = shared_of_sm; device.numSms = 1;
    device.sharedMemPerBlockOptin = shared_of_block; device.reservedSharedMemPerBlock = major >= 8 ? 1024 : 0;
    cudaOccFuncAttributes kernel;
    kernel.maxThreadsPerBlock = INT_MAX; kernel.numRegs = registers; kernel.sharedSizeBytes = 0;
    kernel.shmemLimitConfig = FUNC_SHMEM_LIMIT_OPTIN; kernel.maxDynamicSharedSizeBytes = shared;
    kernel.numBlockBarriers = 1;
    cudaOccDeviceState state;
    cudaOccResult result;
    told[2] = cudaOccMaxActiveBlocksPerMultiprocessor(&result, &device, &kernel, &state, threads, shared);
    told[0] = result.activeBlocksPerMultiprocessor;
    told[1] = result.limitingFactors;
}
"""
FACTORS = {"warps": 1, "registers": 2, "shared memory": 4, "blocks": 8}


@pytest.fixture(scope="module")
def calculator(tmp_path_factory):
    compiler = shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        pytest.skip("no C++ compiler (g++ or clang++)")
    headers = (
        [] if nvrtc.missing() else [folder for folder in nvrtc._headers() if (folder / "cuda_occupancy.h").exists()]
    )
    if not headers:
        pytest.skip(nvrtc.missing() or "no cuda_occupancy.h (pip install nvidia-cuda-runtime-cu12)")
    folder: Path = tmp_path_factory.mktemp("occupancy")
    (folder / "calculator.cpp").write_text(CALCULATOR, "utf-8")
    command = [compiler, "-shared", "-fPIC", f"-I{headers[0]}", "calculator.cpp", "-o", "calculator.so"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return ctypes.CDLL(str(folder / "calculator.so"))


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_as_nvidias_header_calculates_it(calculator, architecture):
    rng = np.random.default_rng(int(architecture[3:]))
    major, minor = int(architecture[3:-1]), int(architecture[-1])
    seen = set()
    for _ in range(3000):
        threads, registers = int(rng.integers(1, 1100)), int(rng.integers(1, 256))
        shared = int(rng.choice([0, rng.integers(1, 5000), rng.integers(1, 240000)]))
        told = (ctypes.c_int * 3)()
        calculator.calculate(major, minor, *DEVICES[architecture], threads, registers, shared, told)
        blocks, factors, status = told
        found = occupancy(architecture, threads, registers, shared)
        assert status == 0
        assert found.blocks == blocks, (architecture, threads, registers, shared)
        if blocks:
            assert sum(FACTORS[name] for name in found.limited_by) == factors & 15
        seen |= set(found.limited_by)
    assert seen == set(FACTORS), "the cases drawn don't reach every limit"
