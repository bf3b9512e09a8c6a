"""CUDA: where arrays live, and how a kernel written in CUDA C is run, on a GPU or in the simulator.

    import tinyxm_kernels.cuda as cuda
    if cuda.available(): ...                            # or else print(cuda.reason())

    scale = cuda.kernel(Path("scale.cu"), "scale")      # void scale(const float *x, float *y, int n)
    y = np.empty_like(x)
    scale(-(-n // 256), 256, x, y, n)                   # the grid, the block, and the kernel's own arguments

Where the arrays are CuPy's the kernel is compiled by NVRTC for their device and runs there. Where they are NumPy's the
same source runs in the simulator (`tinyxm_kernels.simt`), which knows no time, but sees each wrong access. So a rung of
a ladder is written once, and can be read, tested and stepped through on a machine without a GPU.

Importing this package imports neither CuPy nor the simulator, nor what launches: each when it is first needed.
"""

from typing import TYPE_CHECKING, Any

from tinyxm_kernels.cuda.devices import (
    available,
    common_place,
    describe,
    device_number,
    guarded,
    in_words,
    is_device_array,
    like,
    move,
    place,
    reason,
    require,
)

if TYPE_CHECKING:
    from tinyxm_kernels.cuda.launch import CudaKernel, Launch, kernel, launches

__all__ = [
    "CudaKernel",
    "Launch",
    "available",
    "common_place",
    "describe",
    "device_number",
    "guarded",
    "in_words",
    "is_device_array",
    "kernel",
    "launches",
    "like",
    "move",
    "place",
    "reason",
    "require",
]


def __getattr__(name: str) -> Any:
    if name not in ("CudaKernel", "Launch", "kernel", "launches"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from tinyxm_kernels.cuda import launch  # which an import of tinyxm, for the CPU, shouldn't wait for

    return getattr(launch, name)
