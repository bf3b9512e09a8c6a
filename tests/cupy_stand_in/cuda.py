"""`cupy.cuda` of the stand-in: devices, memory that ends, streams, events, and faults on request."""

import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

LAUNCHES: list[tuple[str, tuple[int, ...], tuple[int, ...], int]] = []  # kernel, grid, block, shared bytes
COPIES: list[str] = []  # what was done in a stream
_state: dict[str, Any] = {"devices": 2, "memory": 1 << 34, "current": 0, "used": {}, "fault": {}}


def reset(devices: int, memory: int) -> None:
    _state.update(devices=devices, memory=memory, current=0, used={}, fault={})
    LAUNCHES.clear()
    COPIES.clear()


def current() -> int:
    return int(_state["current"])


def allocate(array: Any, size: int) -> None:
    """Count this array's bytes until it is gone. Raises OutOfMemoryError beyond the limit."""
    device = array._device
    used = _state["used"]
    if used.get(device, 0) + size > _state["memory"]:
        raise OutOfMemoryError(size, used.get(device, 0))
    used[device] = used.get(device, 0) + size
    weakref.finalize(array, lambda: used.__setitem__(device, used[device] - size))


@contextmanager
def faulty(error: Exception, when: str = "launch") -> Iterator[None]:
    """Within the block, a launch (or "compile") fails with this error."""
    _state["fault"][when] = error
    try:
        yield
    finally:
        del _state["fault"][when]


def fault(when: str = "launch") -> Exception | None:
    found: Exception | None = _state["fault"].get(when)
    return found


class OutOfMemoryError(MemoryError):
    def __init__(self, size: int, total: int, limit: int = 0) -> None:
        super().__init__(f"Out of memory allocating {size:,} bytes (allocated so far: {total:,} bytes).")


class CUDARuntimeError(RuntimeError):
    def __init__(self, status: int) -> None:
        names = {35: "cudaErrorInsufficientDriver: CUDA driver version is insufficient for CUDA runtime version"}
        super().__init__(names.get(status, f"cudaError{status}: fails"))
        self.status = status


class CUDADriverError(RuntimeError):
    pass


class CompileException(Exception):
    def __init__(self, msg: str, source: str, name: str, options: tuple[str, ...], backend: str = "nvrtc") -> None:
        super().__init__(msg)


class Device:
    def __init__(self, device: Any = None) -> None:
        self.id = current() if device is None else int(device)
        self._outer: list[int] = []

    def __enter__(self) -> "Device":
        self._outer.append(current())
        _state["current"] = self.id
        return self

    def __exit__(self, *error: object) -> None:
        _state["current"] = self._outer.pop()

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Device) and other.id == self.id

    def __hash__(self) -> int:
        return self.id

    def __repr__(self) -> str:
        return f"<CUDA Device {self.id}>"

    def use(self) -> None:
        _state["current"] = self.id

    def synchronize(self) -> None:
        pass

    @property
    def compute_capability(self) -> str:
        return "86"

    @property
    def mem_info(self) -> tuple[int, int]:
        return _state["memory"] - _state["used"].get(self.id, 0), _state["memory"]

    @property
    def attributes(self) -> dict[str, int]:
        return {"MaxSharedMemoryPerBlockOptin": 99 << 10, "MaxSharedMemoryPerBlock": 48 << 10}


class Stream:
    def __init__(
        self, null: bool = False, non_blocking: bool = False, ptds: bool = False, priority: Any = None
    ) -> None:
        self.ptr = 0

    def __enter__(self) -> "Stream":
        COPIES.append("in a stream")
        return self

    def __exit__(self, *error: object) -> None:
        pass

    def record(self, event: Any = None) -> Any:
        return (event or Event()).record(self)

    def wait_event(self, event: "Event") -> None:
        COPIES.append("waits")

    def synchronize(self) -> None:
        pass


class Event:
    def __init__(self, block: bool = False, disable_timing: bool = False, interprocess: bool = False) -> None:
        self._time = 0.0

    def record(self, stream: Any = None) -> None:
        self._time = time.perf_counter()

    def synchronize(self) -> None:
        pass


def get_elapsed_time(start_event: Event, end_event: Event) -> float:
    return 1e3 * (end_event._time - start_event._time)


def get_current_stream(device_id: int = -1) -> Stream:
    return Stream()


def _properties(device: int) -> dict[str, Any]:
    total = _state["memory"]
    return {"name": b"Stand-in", "major": 8, "minor": 6, "totalGlobalMem": total, "multiProcessorCount": 1}


runtime = SimpleNamespace(
    CUDARuntimeError=CUDARuntimeError,
    getDeviceCount=lambda: _state["devices"],
    getDevice=current,
    setDevice=lambda device: _state.update(current=device),
    driverGetVersion=lambda: 12080,
    runtimeGetVersion=lambda: 12090,
    getDeviceProperties=_properties,
    deviceSynchronize=lambda: None,
)
memory = SimpleNamespace(OutOfMemoryError=OutOfMemoryError)
driver = SimpleNamespace(CUDADriverError=CUDADriverError)
compiler = SimpleNamespace(CompileException=CompileException)
