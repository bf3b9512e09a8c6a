"""A kernel of a `.cu` file as a Python function: its arguments packed by its own signature, launched where they are.

Before anything runs, every argument is held to what the source says of it, and every launch to the limits: `packing`.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from tinyxm_kernels.cuda.devices import common_place, guarded
from tinyxm_kernels.cuda.packing import SHARED_BYTES, Extent, Parameter, check_limits, extent, pack


@dataclass(frozen=True)
class Launch:
    """One launch that `launches` saw: of which kernel, how, and what the simulator tells of it (None on a GPU)."""

    kernel: "CudaKernel"
    grid: tuple[int, int, int]
    block: tuple[int, int, int]
    shared: int
    run: Any


_recorders: ContextVar[tuple[tuple[list[Launch], dict[str, Any]], ...]] = ContextVar(
    "tinyxm_kernels.launches", default=()
)


@contextmanager
def launches(**options: Any) -> Iterator[list[Launch]]:
    """Which kernels are launched within a `with` block, in this thread: a list that grows by one `Launch` each.

    `options` are those of `simt.Program.launch`: `count=True` counts per line, `trace=(block, warp)` steps through one
    warp. What the sanitizer finds is then left in `run.findings`, and not raised.
    """
    seen: list[Launch] = []
    token = _recorders.set((*_recorders.get(), (seen, options)))
    try:
        yield seen
    finally:
        _recorders.reset(token)


def kernel(file: str | Path, name: str, **defines: object) -> "CudaKernel":
    """The kernel `name` of a `.cu` file, compiled with each of `defines` as if `#define NAME value` stood on top.

    Nothing is read or compiled before the first launch.
    """
    return CudaKernel(Path(file), name, defines)


class CudaKernel:
    """A kernel, called as `kernel(grid, block, *arguments, shared=0)`.

    `grid` and `block` are numbers of blocks and threads, along x or (x, y, z); `shared` is the bytes of dynamic shared
    memory. Each argument is converted as the kernel's parameter says: a number for `int` or `float`; for a pointer a
    C-contiguous array of its dtype, or None for a null pointer. CuPy's arrays run on their GPU, in the current stream;
    NumPy's in the simulator, as does a kernel that takes no array.

    Raises TypeError for an argument of another kind or dtype, and for arrays in two places; ValueError for a number
    that doesn't fit, an array that isn't contiguous, or a launch beyond the limits; MemoryError and RuntimeError for
    what the device refuses; RuntimeError for the first thing the simulator's sanitizer finds.
    """

    def __init__(self, file: Path, name: str, defines: dict[str, object]) -> None:
        self.file, self.name = file, name
        self.defines = tuple((key, str(value)) for key, value in sorted(defines.items()))
        self._raw: Any = None
        self._granted: dict[int, int] = {}  # device -> bytes of dynamic shared memory that were asked for

    def __repr__(self) -> str:
        told = "".join(f", {key}={value}" for key, value in self.defines)
        return f"<CUDA kernel {self.name} of {self.file.name}{told}>"

    @property
    def source(self) -> str:
        return _read(self.file)

    @property
    def program(self) -> Any:
        """The source as the simulator reads it, which also tells the kernel's parameters."""
        return _program(self.file, self.defines)

    @property
    def parameters(self) -> Sequence[Parameter]:
        kernels = self.program.kernels
        if self.name not in kernels:
            raise ValueError(f"{self.name}: {self.file.name} has no such kernel; it has {', '.join(kernels)}")
        return kernels[self.name].parameters

    def __call__(self, grid: Extent, block: Extent, *arguments: Any, shared: int = 0) -> None:
        grid, block = extent(self.name, "grid", grid), extent(self.name, "block", block)
        check_limits(self.name, grid, block, shared)
        packed = pack(self.name, self.parameters, arguments)
        where = common_place(self.name, arguments)
        if where == "cpu":
            self._simulate(grid, block, packed, shared)
        else:
            self._launch(int(where.rpartition(":")[2]), grid, block, tuple(packed), shared)

    def _simulate(self, grid: Any, block: Any, packed: list[Any], shared: int) -> None:
        recorders = _recorders.get()
        options = {"check": True, "count": False}
        for _, wishes in recorders:
            options |= wishes
        run = self.program.launch(self.name, grid, block, packed, shared=shared, **options)
        for seen, _ in recorders:
            seen.append(Launch(self, grid, block, shared, run))
        if run.findings and not recorders:
            first, more = run.findings[0], len(run.findings) - 1
            told = f" (and {more} more)" if more else ""
            raise RuntimeError(f"{self.name}: {self.file.name}, line {first.line}: {first.kind}: {first.message}{told}")

    def _launch(self, device: int, grid: Any, block: Any, packed: tuple[Any, ...], shared: int) -> None:
        with guarded(self.name, device):
            function = self._function()
            if shared:
                self._grant(function, device, shared)
            function(grid, block, packed, shared_mem=shared)
        for seen, _ in _recorders.get():
            seen.append(Launch(self, grid, block, shared, None))

    def _function(self) -> Any:
        """CuPy's kernel, which compiles itself on each device once and keeps that in `~/.cupy/kernel_cache`."""
        if self._raw is None:
            import cupy

            options = ("-std=c++17", *(f"-D{key}={value}" for key, value in self.defines))
            self._raw = cupy.RawModule(code=self.source, options=options).get_function(self.name)
        return self._raw

    def _grant(self, function: Any, device: int, shared: int) -> None:
        """Ask for dynamic shared memory beyond the 48 KiB that a kernel has in all, its static arrays included."""
        import cupy

        static = function.shared_size_bytes
        if static + shared <= SHARED_BYTES or self._granted.get(device, 0) >= shared:
            return
        largest = cupy.cuda.Device(device).attributes["MaxSharedMemoryPerBlockOptin"]
        if static + shared > largest:
            raise ValueError(
                f"{self.name}: {static} bytes of static and {shared} of dynamic shared memory, and the most on "
                f"cuda:{device} is {largest}: take smaller tiles"
            )
        function.max_dynamic_shared_size_bytes = self._granted[device] = shared


@cache
def _read(file: Path) -> str:
    return file.read_text("utf-8")


@cache
def _program(file: Path, defines: tuple[tuple[str, str], ...]) -> Any:
    from tinyxm_kernels.simt import Program

    return Program(file, defines=dict(defines))
