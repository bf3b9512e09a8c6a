"""Compile CUDA C where there is no GPU: NVRTC, NVIDIA's compiler as a library, called by ctypes.

    >>> compiled = compile(Path("cuda_tiled.cu"), "sm_80", {"TILE": 16})
    >>> compiled.kernels["matmul"].registers

The library comes from a wheel (`pip install nvidia-cuda-nvrtc-cu12 nvidia-cuda-runtime-cu12`; the second has the
headers, such as cuda_fp16.h) or from a CUDA toolkit that CUDA_PATH or CUDA_HOME names. Neither CuPy nor a driver is
needed: the machine code is made for an architecture that needn't be here, and what its assembler says of it is read:
registers, shared memory, stack, spills. Nothing is run.

Source: NVIDIA, NVRTC user guide (the calls); ptxas --verbose (the report).
"""

from __future__ import annotations

import ctypes
import os
import re
import sys
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import NamedTuple

INSTALL = "pip install nvidia-cuda-nvrtc-cu12 nvidia-cuda-runtime-cu12"
SUFFIXES = (
    "-cu12",
    "",
)  # of the wheels' names: release 12 first, for it compiles for sm_70, too, which 13 no longer does
LIBRARY = re.compile(r"(libnvrtc\.so(\.\d+)*|nvrtc64_\d+_\d+\.dll)")
BUILTINS = re.compile(r"nvrtc-builtins64_\d+\.dll")
ENTRY = re.compile(
    r"ptxas info *: Compiling entry function '(\w+)' for '\w+'\n(.*?)(?=ptxas info *: Compiling|\Z)", re.S
)
REPORTED = re.compile(r"^[^\n(]*\((\d+)\): (?:catastrophic )?(error|warning)(?: #[\w-]+)?: (.*)$", re.M)


class Resources(NamedTuple):
    """What one kernel takes, in bytes but for the registers."""

    registers: int  # per thread, 32 bits each
    shared: int  # per block, declared with a size; what a launch adds isn't in it
    stack: int  # per thread: arrays that didn't fit registers or are indexed by what isn't known when compiling
    spill_stores: int  # per thread: registers that had to be put into memory
    spill_loads: int
    constant: int  # per kernel: its arguments and literals; from sm_90 on the assembler names none


class Compiled(NamedTuple):
    """A source, compiled for one architecture: its kernels by name, the machine code, and `line: warning` of each."""

    architecture: str
    kernels: dict[str, Resources]
    code: bytes
    warnings: tuple[str, ...]


class CompileError(ValueError):
    """The source isn't CUDA C: the first error stands in `line` and `message`, all of them in `log`."""

    def __init__(self, file: str, architecture: str, log: str) -> None:
        errors = [(int(line), text) for line, kind, text in REPORTED.findall(log) if kind == "error"]
        self.line = errors[0][0] if errors else 0
        self.message: str = errors[0][1] if errors else log.strip() or "failed without a word"
        self.log = log
        place = f"{file}:{self.line}" if self.line else file
        mend = "" if _headers() or "could not open source file" not in self.message else f"; CUDA's come by: {INSTALL}"
        super().__init__(f"nvrtc: {place}: {self.message} (compiling for {architecture}){mend}")


def compile(source: str | Path, architecture: str, defines: Mapping[str, object] | None = None) -> Compiled:
    """Compile the CUDA C of a text or a file for `architecture`, such as "sm_80"; `defines` are macros, as by -D.

    Raises CompileError for what isn't CUDA C, ImportError where NVRTC isn't installed (`missing` says it beforehand),
    and ValueError for an architecture that it doesn't know.
    """
    library = _library()
    if architecture not in architectures():
        raise ValueError(f"nvrtc: no architecture {architecture!r}; there are {', '.join(architectures())}")
    text, file = (source.read_text("utf-8"), source.name) if isinstance(source, Path) else (source, "kernel.cu")
    options = [f"--gpu-architecture={architecture}", "--std=c++17", "--ptxas-options=-v"]
    options += [f"-D{name}={value}" for name, value in (defines or {}).items()]
    options += [f"-I{folder}" for folder in _headers()]

    program = ctypes.c_void_p()
    _check(library.nvrtcCreateProgram(ctypes.byref(program), text.encode(), file.encode(), 0, None, None))
    try:
        given = (ctypes.c_char_p * len(options))(*(option.encode() for option in options))
        status = library.nvrtcCompileProgram(program, len(options), given)
        log = _bytes(program, "nvrtcGetProgramLog").rstrip(b"\0").decode("utf-8", "replace")
        if status:
            raise CompileError(file, architecture, log)
        code = _bytes(program, "nvrtcGetCUBIN")
    finally:
        library.nvrtcDestroyProgram(ctypes.byref(program))
    warnings = tuple(f"{line}: {message}" for line, kind, message in REPORTED.findall(log) if kind == "warning")
    return Compiled(architecture, {name: _resources(told) for name, told in ENTRY.findall(log)}, code, warnings)


def missing() -> str:
    """Why nothing can be compiled here, in one line; "" where it can."""
    try:
        _library()
    except ImportError as error:
        return str(error)
    return ""


@cache
def architectures() -> tuple[str, ...]:
    """What this NVRTC compiles for: "sm_75", "sm_80" ...; raises ImportError where it isn't installed."""
    count = ctypes.c_int()
    _check(_library().nvrtcGetNumSupportedArchs(ctypes.byref(count)))
    numbers = (ctypes.c_int * count.value)()
    _check(_library().nvrtcGetSupportedArchs(numbers))
    return tuple(f"sm_{number}" for number in numbers)


@cache
def version() -> str:
    """The release of NVRTC, such as "12.9"."""
    major, minor = ctypes.c_int(), ctypes.c_int()
    _check(_library().nvrtcVersion(ctypes.byref(major), ctypes.byref(minor)))
    return f"{major.value}.{minor.value}"


def _resources(told: str) -> Resources:
    """Read what the assembler tells of one kernel; of functions that it calls it tells further down, again."""

    def number(pattern: str) -> int:
        found = re.search(pattern, told)
        return int(found[1]) if found else 0

    return Resources(
        registers=number(r"Used (\d+) registers"),
        shared=number(r"(\d+) bytes smem"),
        stack=max(number(r"(\d+) bytes stack frame"), number(r"(\d+) bytes cumulative stack size")),
        spill_stores=sum(map(int, re.findall(r"(\d+) bytes spill stores", told))),
        spill_loads=sum(map(int, re.findall(r"(\d+) bytes spill loads", told))),
        constant=sum(map(int, re.findall(r"(\d+) bytes cmem\[\d+\]", told))),
    )


def _bytes(program: ctypes.c_void_p, name: str) -> bytes:
    size = ctypes.c_size_t()
    _check(getattr(_library(), f"{name}Size")(program, ctypes.byref(size)))
    content = ctypes.create_string_buffer(size.value)
    _check(getattr(_library(), name)(program, content))
    return content.raw


def _check(status: int) -> None:
    if status:
        raise RuntimeError(f"nvrtc: {_library().nvrtcGetErrorString(status).decode()}")


@cache
def _library() -> ctypes.CDLL:
    path = _library_file()
    if path is None:
        raise ImportError(f"nvrtc: the compiler NVRTC is not installed ({INSTALL})")
    try:
        if sys.platform == "win32":  # by its full path once, its part is found by its bare name afterwards
            for part in path.parent.iterdir():
                if BUILTINS.fullmatch(part.name):
                    ctypes.CDLL(str(part))
        library = ctypes.CDLL(str(path))
    except OSError as error:
        raise ImportError(f"nvrtc: {path} can't be loaded: {error}") from None
    library.nvrtcGetErrorString.restype = ctypes.c_char_p
    return library


def _library_file() -> Path | None:
    for suffix in SUFFIXES:
        for file in _files_of(f"nvidia-cuda-nvrtc{suffix}"):
            if LIBRARY.fullmatch(file.name) and file.exists():
                return file
    for folder in _toolkit("lib64", "lib", "bin/x64", "bin"):
        found = sorted(file for file in folder.iterdir() if LIBRARY.fullmatch(file.name))
        if found:
            return found[-1]
    return None


@cache
def _headers() -> tuple[Path, ...]:
    """The folder with cuda_fp16.h, of NVRTC's own release: from the wheel of the runtime, a toolkit, or inside CuPy,
    which had them up to its release 13. Without it only sources that include nothing compile."""
    major = version().partition(".")[0]
    for suffix in (f"-cu{major}", ""):
        for file in _files_of(f"nvidia-cuda-runtime{suffix}"):
            if file.name == "cuda_fp16.h" and file.exists():
                return (file.parent,)
    for folder in _toolkit("include"):
        if (folder / "cuda_fp16.h").exists():
            return (folder,)
    for file in _files_of(f"cupy-cuda{major}x"):
        if file.name == "cuda_fp16.h" and f"cuda-{major}" in file.parent.name and file.exists():
            return (file.parent,)
    return ()


def _files_of(wheel: str) -> list[Path]:
    try:
        return [Path(str(file.locate())) for file in distribution(wheel).files or ()]
    except PackageNotFoundError:
        return []


def _toolkit(*folders: str) -> list[Path]:
    roots = [Path(os.environ[name]) for name in ("CUDA_PATH", "CUDA_HOME") if os.environ.get(name)]
    return [root / folder for root in roots for folder in folders if (root / folder).is_dir()]
