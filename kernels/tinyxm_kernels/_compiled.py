"""Compiled kernels: Numba, set up once for all the rungs that use it.

    @compiled                              one thread, no Python lock held; called from other compiled functions, too
    @threaded                              the same, with its first two arguments a range that is split among threads

    @threaded
    def scale(start, stop, x, factor, y):
        for i in range(start, stop):
            y[i] = factor * x[i]

    scale(len(x), 1.0 * len(x), x, factor, y)      # how many, about how many floating-point operations, the rest

A compiled function is kept on disk (`cache_folder`) under a hash of its bytecode and of all that it calls or reads, so
that an edited kernel is never taken from there, and a copy of it always is. What has to be compiled says so, once.
"""

import hashlib
import os
import pickle
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterable
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

# OpenMP's threads must sleep while they wait: where they spin, and BLAS's threads spin too, each holds the cores that
# the other needs, and a step takes ten times as long. Read when the library is loaded, so it stands before Numba.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import numba
import numpy as np
from numba import njit, prange
from numba.core.compiler import CompileResult
from numba.core.dispatcher import Dispatcher
from numba.core.serialize import dumps
from platformdirs import user_cache_path

from tinyxm_kernels.threads import get_threads

SERIAL_BELOW = 1e6  # floating-point operations: what waking another thread is worth
# sums may be reordered and products fused, so that loops vectorise; NaN and infinity stay what they are
FAST = {"contract", "reassoc", "nsz"}


def cache_folder() -> Path:
    """Where compiled kernels are kept: in the folder that TINYXM_CACHE names, or else in the user's cache folder."""
    return Path(os.environ.get("TINYXM_CACHE") or user_cache_path("tinyxm")) / "kernels"


def compiled(function: Callable[..., Any] | None = None, *, fast: bool = True, **options: Any) -> Any:
    """Compile a function by Numba when it is first called with arguments of these types, or take it from the cache.

    `fast`: sums may be reordered and products fused (never so that a NaN or an infinity is lost). Further options are
    those of `numba.njit`, such as inline="always".
    """
    if function is None:
        return lambda function: compiled(function, fast=fast, **options)
    dispatcher = njit(nogil=True, error_model="numpy", fastmath=FAST if fast else False, **options)(function)
    if options.get("inline") != "always":
        dispatcher._cache = Cache(function, dispatcher.targetoptions)
    return dispatcher


def threaded(function: Callable[..., Any] | None = None, **options: Any) -> Any:
    """A compiled function f(start, stop, ...) becomes f(count, work, ...), which splits 0 ... count among threads.

    `work` is about how many floating-point operations it all takes: below SERIAL_BELOW one thread does it. The parts
    are the same on every run with the same number of threads. What is compiled already is taken as it is.
    """
    if function is None:
        return lambda function: threaded(function, **options)
    part = function if isinstance(function, Dispatcher) else compiled(function, **options)

    def launch(parts, count, *arguments):
        for p in prange(parts):
            part(count * p // parts, count * (p + 1) // parts, *arguments)

    launch.__name__ = launch.__qualname__ = f"{function.__name__}_on_threads"
    together = compiled(launch, parallel=True)

    def run(count: int, work: float, *arguments: Any) -> None:
        parts = min(count, get_threads()) if work >= SERIAL_BELOW else 1
        if parts > 1:
            together(parts, count, *arguments)
        else:
            part(0, count, *arguments)

    run.__name__, run.__doc__ = function.__name__, function.__doc__
    run.part = part  # type: ignore[attr-defined]  # for compiled callers, which are in a thread already
    return run


def flat(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The elements in row order as one flat array, such that a kernel is compiled for one kind of array alone.

    A view where they lie so already; a copy of what is strided, read-only or in foreign byte order.
    """
    if not (array.flags.carray and array.dtype.isnative):
        array = np.require(array, array.dtype.newbyteorder("="), ("C", "A", "W"))
    return array.reshape(-1)


class Cache:
    """What Numba asks for a compiled function: one file for each function, its sources, types and processor."""

    def __init__(self, function: Callable[..., Any], options: Any) -> None:
        self.function, self.options = function, options
        self.cache_path = str(cache_folder())

    def load_overload(self, signature: Any, target: Any) -> Any:
        target.refresh()
        try:
            with self.path(signature, target.codegen()).open("rb") as file:
                return CompileResult._rebuild(target, *pickle.load(file))
        except FileNotFoundError:
            pass
        except Exception:  # a file cut short or of another version fails in as many ways as pickle has
            pass
        announce(self.function)
        return None

    def save_overload(self, signature: Any, result: Any) -> None:
        path = self.path(signature, result.codegen)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as part:
                part.write(dumps(result._reduce()))
            os.replace(part.name, path)
        except OSError as error:
            warn_once(
                f"compiled kernels can't be kept in {path.parent} ({error.strerror}): every process compiles them"
            )

    def path(self, signature: Any, codegen: Any) -> Path:
        key = repr((numba.__version__, sys.version_info[:2], signature, codegen.magic_tuple(), str(self.options)))
        digest = hashlib.sha256(key.encode())
        digest.update(fingerprint(self.function))
        return cache_folder() / f"{self.function.__name__}-{digest.hexdigest()[:24]}.bin"


def fingerprint(function: Any) -> bytes:
    """A hash of all that a compiled function is made of: its bytecode, constants, and the globals and closure it reads,
    those that are functions followed in turn."""
    digest, seen, queue = hashlib.sha256(), set[int](), [function]
    while queue:
        value = queue.pop(0)
        if id(value) in seen:
            continue
        if isinstance(value, Dispatcher):
            digest.update(repr(sorted(value.targetoptions.items())).encode())
            value = value.py_func
        elif hasattr(value, "_defn"):  # an intrinsic: the function that writes its instructions
            value = value._defn
        if isinstance(value, FunctionType) and not _vendored(value):
            seen.add(id(value))
            cells = [cell.cell_contents for cell in value.__closure__ or ()]
            for code in _codes(value.__code__):
                digest.update(code.co_code + repr([c for c in code.co_consts if not isinstance(c, CodeType)]).encode())
                digest.update(repr(code.co_names).encode())
                queue += _read_by(code, value.__globals__)
            queue += [*cells, *(value.__defaults__ or ())]
        elif isinstance(value, type) and not _vendored(value):
            seen.add(id(value))
            queue += [member for name, member in sorted(vars(value).items()) if isinstance(member, FunctionType)]
        elif isinstance(value, np.ndarray):
            digest.update(repr((value.dtype, value.shape)).encode() + value.tobytes())
        elif isinstance(
            value, bool | int | float | complex | str | bytes | tuple | set | frozenset | np.generic | None
        ):
            digest.update(repr(sorted(value, key=repr) if isinstance(value, set | frozenset) else value).encode())
        else:  # a function of NumPy, a type of Numba: its name and the package's release stand for it
            digest.update(f"{getattr(value, '__module__', '')}.{getattr(value, '__qualname__', type(value))}".encode())
    return digest.digest()


def _vendored(value: Any) -> bool:
    return value.__module__.partition(".")[0] in ("numpy", "numba", "llvmlite", "math", "builtins", "typing")


def _codes(code: CodeType) -> Iterable[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _read_by(code: CodeType, namespace: dict[str, Any]) -> list[Any]:
    """The values of the globals that code names, and of the attributes that it may take from modules among them."""
    values = [namespace[name] for name in code.co_names if name in namespace]
    modules = [value for value in values if isinstance(value, ModuleType)]
    own = [module for module in modules if module.__name__.partition(".")[0] not in ("numpy", "numba", "math")]
    return values + [getattr(module, name) for module in own for name in code.co_names if hasattr(module, name)]


_announced: list[str] = []


def announce(function: Callable[..., Any]) -> None:
    """Say on stderr what is being compiled: the first time with the reason, then name by name on a terminal."""
    if not _announced:
        print(f"tinyxm: compiling kernels (once; kept in {cache_folder()})", file=sys.stderr, flush=True)
    _announced.append(function.__name__)


_warned: set[str] = set()


def warn_once(message: str) -> None:
    if message not in _warned:
        _warned.add(message)
        warnings.warn(message, RuntimeWarning, stacklevel=3)
