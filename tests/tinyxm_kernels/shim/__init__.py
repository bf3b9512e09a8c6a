"""CUDA C executed without the simulator: by the machine's C++ compiler, each thread a coroutine.

`library(file)` compiles a `.cu` after a header that declares CUDA's words, and as it stands, but that dynamic shared
memory becomes a pointer. `Library.run` runs a kernel on NumPy arrays and returns what each line asked of memory, all
warps together. See runtime.cpp for how.
"""

import ctypes
import re
import shutil
import subprocess
import tempfile
from collections import defaultdict
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

HERE = Path(__file__).parent
ALIGNED, GUARD = 512, 4096  # bytes: where an array begins (as cudaMalloc has it), and what stays free around each
KERNEL = re.compile(
    r"__global__\s+(?:__launch_bounds__\s*\([^)]*\)\s*)?void\s+(?:__launch_bounds__\s*\([^)]*\)\s*)?(\w+)"
)
DYNAMIC = re.compile(r"extern\s+__shared__\s+([\w ]+?)\s*(\w+)\s*\[\s*\]\s*;")
COMMENT = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
OPERATIONS = "load", "store", "atomic"
FLAGS = ("-std=gnu++17", "-fPIC", "-w", "-fno-exceptions", "-fno-strict-aliasing", "-ffp-contract=off")
SEEN = ("-O0", "-g1", "-fsanitize=thread", "-fsanitize-coverage=trace-pc")


class Count(NamedTuple):
    """What all warps together asked for, in one line, of one array, by one operation."""

    requests: int
    lanes: int
    bytes: int
    transactions: int
    ideal: int


Counts = dict[tuple[int, str, str, int], Count]  # by line, space, operation, and the number of the array or −1


@cache
def missing() -> str:
    """Why there is no such execution here, in one line; "" where there is."""
    if shutil.which("g++") is None:
        return "no C++ compiler: g++ is not installed"
    told = subprocess.run(["g++", "-dM", "-E", "-x", "c++", "/dev/null"], capture_output=True, text=True).stdout
    macros = dict(re.findall(r"#define (\w+) (.*)", told))
    if "__clang__" in macros or int(macros.get("__GNUC__", 0)) < 12:
        return "g++ isn't GCC 12 or later, whose order of code and half precision this counts on"
    if "__linux__" not in macros or shutil.which("addr2line") is None:
        return "no Linux with addr2line, which tells the lines of the code"
    return ""


@cache
def _folder() -> tempfile.TemporaryDirectory:
    return tempfile.TemporaryDirectory(prefix="tinyxm-shim-")


@cache
def _runtime() -> Path:
    made = Path(_folder().name) / "runtime.o"
    _compile(*FLAGS, "-O2", "-c", str(HERE / "runtime.cpp"), "-o", str(made))
    return made


def _compile(*arguments: str) -> None:
    done = subprocess.run(["g++", *arguments], capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"g++ {' '.join(arguments)}:\n{done.stderr}")


def kernels_of(source: str) -> list[str]:
    """The names of the kernels of a source."""
    return KERNEL.findall(COMMENT.sub("", source))


@cache
def library(file: Path, defines: tuple[tuple[str, str], ...] = ()) -> "Library":
    """The kernels of a `.cu`, compiled once."""
    return Library(file.read_text("utf-8"), file.name, defines)


class Library:
    """The kernels of one source, compiled."""

    def __init__(self, source: str, name: str = "kernel.cu", defines: Sequence[tuple[str, str]] = ()) -> None:
        self.file = Path(tempfile.mkdtemp(dir=_folder().name)) / "kernels.so"
        text = DYNAMIC.sub(r"\1 *\2 = (\1 *)cuda_dynamic;", source)
        calls = "\n".join(f"CUDA_KERNEL({kernel})" for kernel in kernels_of(source))
        made = self.file.with_name(Path(name).stem + ".cpp")
        made.write_text(f'#line 1 "{name}"\n{text}\n{calls}\n', "utf-8")
        given = [f"-D{key}={value}" for key, value in defines]
        built = made.with_suffix(".o")
        _compile(*FLAGS, *SEEN, f"-I{HERE}", "-include", "cuda_words.h", *given, "-c", str(made), "-o", str(built))
        _compile("-shared", str(built), str(_runtime()), "-o", str(self.file))  # without the race detector's library
        self.code = ctypes.CDLL(str(self.file))
        self.code.cuda_run.restype = ctypes.c_char_p
        self._lines: dict[int, int] = {}

    def run(self, kernel: str, grid: Sequence[int], block: Sequence[int], arguments: Sequence[Any], shared: int = 0):
        """Run a kernel on arrays, which are changed in place, and on NumPy's scalars of its parameters' types.

        Returns the `Counts`. Raises RuntimeError, with the line, for an access outside every array, a misaligned one,
        and a barrier that not all threads reach.
        """
        arena, places = _laid_out([x for x in arguments if isinstance(x, np.ndarray)])
        pointers = iter(places)
        cells = [_cell(next(pointers).ctypes.data if isinstance(x, np.ndarray) else x) for x in arguments]
        given = (ctypes.c_void_p * len(cells))(*(ctypes.addressof(cell) for cell in cells))
        ends = np.array([(x.ctypes.data, x.ctypes.data + x.nbytes) for x in (arena, *places)], np.uintp)
        told = self.code.cuda_run(
            getattr(self.code, f"cuda_call_{kernel}"), given, (ctypes.c_uint * 3)(*grid), (ctypes.c_uint * 3)(*block),
            ctypes.c_size_t(shared), ctypes.c_void_p(ends.ctypes.data), len(ends),
        ).decode()  # fmt: skip
        if told:
            place, _, why = told.partition(" ")
            raise RuntimeError(f"{kernel}: line {self._line_of([int(place)])[0]} {why}")
        for x, place in zip((x for x in arguments if isinstance(x, np.ndarray)), places, strict=True):
            if x.flags.writeable:
                x[...] = place.view(x.dtype).reshape(x.shape)
        return self._counts()

    def _counts(self) -> Counts:
        rows = np.zeros((self.code.cuda_counts(None, 0), 8), np.int64)
        self.code.cuda_counts(ctypes.c_void_p(rows.ctypes.data), len(rows))
        counts: dict[Any, Any] = defaultdict(lambda: np.zeros(5, np.int64))
        for line, (_, operation, array, *numbers) in zip(self._line_of(rows[:, 0]), rows, strict=True):
            space = "shared" if array < 0 else "global"
            counts[line, space, OPERATIONS[operation], int(array)] += numbers
        return {key: Count(*map(int, numbers)) for key, numbers in counts.items()}

    def _line_of(self, places: Any) -> list[int]:
        unknown = [int(place) for place in places if int(place) not in self._lines]
        if unknown:
            command = ["addr2line", "-e", str(self.file), *map(hex, unknown)]
            told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
            numbers = (re.search(r":(\d+)", line) for line in told)
            self._lines |= {place: int(n[1]) if n else 0 for place, n in zip(unknown, numbers, strict=True)}
        return [self._lines[int(place)] for place in places]


def _cell(value: Any) -> Any:
    """An argument's own memory, from which the kernel takes it: an address, or a number as its type has it."""
    if value is None or isinstance(value, int):
        return ctypes.c_void_p(value)
    return ctypes.create_string_buffer(np.asarray(value).tobytes())


def _laid_out(arrays: Sequence[np.ndarray]) -> tuple[np.ndarray, list[np.ndarray]]:
    """Copies of the arrays' bytes in one piece of memory, apart from one another, each where cudaMalloc would begin; an
    array that is given twice is there once."""
    begins: dict[int, int] = {}
    end = GUARD
    for x in arrays:
        if x.ctypes.data not in begins:
            begins[x.ctypes.data] = end
            end += -(-x.nbytes // ALIGNED) * ALIGNED + GUARD
    raw = np.full(end + ALIGNED, 0xFF, np.uint8)
    first = -raw.ctypes.data % ALIGNED
    arena = raw[first : first + end]
    places = [arena[begins[x.ctypes.data] :][: x.nbytes] for x in arrays]
    for x, place in zip(arrays, places, strict=True):
        place[:] = np.ascontiguousarray(x).reshape(-1).view(np.uint8)
    return arena, places
