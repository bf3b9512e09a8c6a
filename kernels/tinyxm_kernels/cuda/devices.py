"""Where there is a GPU or why not, where an array lives, how it is moved, and what a failure there means.

A place is text: "cpu", "cuda:0", "cuda:1"; "cuda" is CuPy's current device, which is the first unless you say
otherwise. An array is on a GPU if it is CuPy's.
"""

import os
import re
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import numpy as np

INSUFFICIENT_DRIVER, NO_DEVICE = 35, 100  # cudaErrorInsufficientDriver, cudaErrorNoDevice
ERRORS = "CompileException", "CUDADriverError", "CUDARuntimeError", "CUBLASError", "NVRTCError"  # of CuPy's modules
INSTALL = "pip install 'tinyxm[cuda12]' (NVIDIA driver 525 or later) or 'tinyxm[cuda13]' (580 or later)"
FROM_PLACE_TO_DEVICE = re.compile(r"cuda(?::(\d+))?")


def available() -> bool:
    """Whether kernels can run on a GPU here: CuPy is installed, and it finds a driver and a device."""
    return not reason()


@cache
def reason() -> str:
    """Why there is no GPU to use, in one line that says what to do; "" where there is one."""
    try:
        import cupy
    except ModuleNotFoundError as error:
        if error.name == "cupy":
            return f"CuPy is not installed: {INSTALL}"
        return f"CuPy fails: {error}: install it again, {INSTALL}"
    except Exception as error:  # a library that CuPy loads is missing or broken: the type is that library's
        return f"CuPy fails: {_first_line(error)}: install it again, {INSTALL}"
    runtime, release = cupy.cuda.runtime, f"CuPy {cupy.__version__}"
    try:
        number = runtime.getDeviceCount()
    except Exception as error:
        status = getattr(error, "status", None)
        if status == INSUFFICIENT_DRIVER:
            return _driver(runtime.driverGetVersion(), runtime.runtimeGetVersion(), release)
        if status != NO_DEVICE:
            return f"CUDA fails: {_first_line(error)} ({release}); see whether nvidia-smi works"
        number = 0
    if not number:
        hidden = os.environ.get("CUDA_VISIBLE_DEVICES")
        told = "" if hidden is None else f"; CUDA_VISIBLE_DEVICES={hidden} may hide it"
        return f"{release} finds no CUDA device{told}; see what nvidia-smi lists"
    return ""


def _driver(offered: int, needed: int, release: str) -> str:
    """CUDA reports a driver that is missing, and one that is too old, by the same number."""
    if not offered:
        return (
            f"no NVIDIA driver is installed ({release} is): install the driver, or run where there is a GPU; "
            "a container must be started with its GPUs (docker run --gpus all)"
        )
    return (
        f"the NVIDIA driver is too old: it offers CUDA {_release(offered)}, and {release} is built for CUDA "
        f"{_release(needed)}: update the driver, or install CuPy for the older CUDA"
    )


def _release(number: int) -> str:
    return f"{number // 1000}.{number % 1000 // 10}"


def _first_line(error: BaseException) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def require() -> None:
    """Raise ImportError with the reason where there is no GPU: for a rung's file that can't be simulated."""
    if reason():
        raise ImportError(reason())


def describe(device: int = 0) -> dict[str, Any]:
    """What a device is: `name`, `arch` ("sm_90"), `memory` in bytes, `processors` (SMs), the `driver`'s and the
    `runtime`'s CUDA release, and `cupy`'s. Raises RuntimeError with the reason where there is none."""
    _check_available("describe")
    import cupy

    properties, runtime = cupy.cuda.runtime.getDeviceProperties(device), cupy.cuda.runtime
    return {
        "name": properties["name"].decode(),
        "arch": f"sm_{properties['major']}{properties['minor']}",
        "memory": int(properties["totalGlobalMem"]),
        "processors": int(properties["multiProcessorCount"]),
        "driver": _release(runtime.driverGetVersion()),
        "runtime": _release(runtime.runtimeGetVersion()),
        "cupy": cupy.__version__,
        "devices": runtime.getDeviceCount(),
    }


def _check_available(operation: str) -> None:
    if reason():
        raise RuntimeError(f"{operation}: there is no GPU to use: {reason()}")


def is_device_array(x: Any) -> bool:
    """Whether x is an array of CuPy's."""
    cupy = sys.modules.get("cupy")  # who has such an array has imported it
    return cupy is not None and isinstance(x, getattr(cupy, "ndarray", ()))


def place(x: Any) -> str:
    """Where the numbers of x are: "cuda:0" for an array of CuPy's on the first device, "cpu" for all else."""
    return f"cuda:{x.device.id}" if is_device_array(x) else "cpu"


def common_place(operation: str, operands: Iterable[Any]) -> str:
    """Where all arrays among these operands are. Numbers and NumPy's scalars go with any array.

    Raises TypeError where they are in two places, with the operation's name, both places and what to do.
    """
    first: Any = None
    found = "cpu"
    for operand in operands:
        if not isinstance(operand, np.ndarray) and not is_device_array(operand):
            continue
        here = place(operand)
        if first is None:
            first, found = operand, here
        elif here != found:
            gpu = here if found == "cpu" else found
            raise TypeError(
                f"{operation}: an operand of shape {first.shape} is on {found} and one of shape {operand.shape} on "
                f'{here}: move one of them, as in x.to("{gpu}") (a Tensor or a module) or '
                f'tinyxm_kernels.cuda.move(x, "{gpu}") (an array)'
            )
    return found


def move(x: Any, to: str) -> Any:
    """The array x in another place, "cpu", "cuda" or "cuda:1": x itself where it is there already, a copy otherwise.

    Raises ValueError for another word or a device that isn't there, RuntimeError with the reason where there is no GPU,
    MemoryError where it has no room.
    """
    if to == "cpu":
        return x.get() if is_device_array(x) else x
    device = device_number(to)
    with guarded("move", device):
        import cupy

        return cupy.asarray(x)


def like(x: Any, array: Any) -> Any:
    """The array x where another array is."""
    return x if type(array) is type(x) is np.ndarray else move(x, place(array))


def device_number(to: str) -> int:
    """The number of the device that a place names. Raises as `move`."""
    matched = FROM_PLACE_TO_DEVICE.fullmatch(to) if isinstance(to, str) else None
    if matched is None:
        raise ValueError(f'device {to!r}: expected "cpu", "cuda" or "cuda:" and a number, such as "cuda:1"')
    _check_available(f'device "{to}"')
    import cupy

    number = cupy.cuda.runtime.getDevice() if matched[1] is None else int(matched[1])
    there = cupy.cuda.runtime.getDeviceCount()
    if number >= there:
        raise ValueError(f'device "{to}": there {"is 1" if there == 1 else f"are {there}"}, counted from cuda:0')
    return number


@contextmanager
def guarded(operation: str, device: int) -> Iterator[None]:
    """Work on this device within the block; a failure there is raised in words that name the operation.

    CuPy allocates on, compiles for and launches on its current device, wherever the operands are.

    Raises MemoryError where the device has no room, RuntimeError for what CUDA refuses.
    """
    import cupy

    try:
        with cupy.cuda.Device(device):
            yield
    except Exception as error:
        other = in_words(operation, error, device)
        if other is error:
            raise
        raise other from error


def in_words(operation: str, error: Exception, device: int) -> Exception:
    """What CuPy raised while it worked on this device, in words that name the operation; any other error as it is."""
    if type(error).__name__ == "OutOfMemoryError":
        return MemoryError(_out_of_memory(operation, device, error))
    told = _explained(error, device)
    return RuntimeError(f"{operation}: {told}") if told else error


def _out_of_memory(operation: str, device: int, error: BaseException) -> str:
    import cupy

    free, total = cupy.cuda.Device(device).mem_info
    return (
        f"{operation}: cuda:{device} is out of memory: {_first_line(error).rstrip('.')}; {free / 2**20:.0f} of "
        f"{total / 2**20:.0f} MiB are free: take smaller batches, drop arrays that are no longer needed, or give back "
        "what CuPy keeps, cupy.get_default_memory_pool().free_all_blocks()"
    )


def _explained(error: BaseException, device: int) -> str:
    """What an error of the compiler's, the driver's or the runtime's means; "" where it is none of theirs."""
    text = str(error)
    if type(error).__name__ not in ERRORS:
        return ""
    if type(error).__name__ == "CompileException":
        if "gpu-architecture" in text:
            return f"the compiler of this CuPy knows no {_arch(device)}, which cuda:{device} is: {_other_cupy(device)}"
        wrong = next((line for line in text.splitlines() if "error" in line), _first_line(error))
        if "could not open source" in text or "cannot open source" in text:
            return f"CUDA's headers are missing ({wrong.strip()}): {INSTALL} brings them"
        return f"NVRTC doesn't compile it: {wrong.strip()}"
    if "NO_BINARY_FOR_GPU" in text or "no kernel image" in text:
        return f"it is compiled for another architecture than cuda:{device} has, {_arch(device)}: {_other_cupy(device)}"
    if "UNSUPPORTED_PTX_VERSION" in text:
        return f"the NVIDIA driver is older than the compiler ({_first_line(error)}): update the driver"
    if "OUT_OF_RESOURCES" in text or "too many resources" in text:
        return f"a block needs more registers or shared memory than cuda:{device} has: launch smaller blocks"
    if "ILLEGAL_ADDRESS" in text or "illegal memory access" in text or "misaligned address" in text.lower():
        return (
            f"a kernel, this one or one launched before it, touched memory that isn't its own ({_first_line(error)}): "
            "run it on NumPy arrays, where the simulator names the line; or set CUDA_LAUNCH_BLOCKING=1"
        )
    return f"CUDA fails: {_first_line(error)}"


def _arch(device: int) -> str:
    import cupy

    return f"sm_{cupy.cuda.Device(device).compute_capability}"


def _other_cupy(device: int) -> str:
    import cupy

    built = _release(cupy.cuda.runtime.runtimeGetVersion())
    return (
        f"CuPy {cupy.__version__} is built for CUDA {built}; a newer device needs a newer one, a device before sm_75 "
        "needs CUDA 12: " + INSTALL
    )
