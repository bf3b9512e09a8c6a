"""Compiled kernels on disk: never one that was edited since, and always a copy of one that wasn't.

Numba's own cache looks at the time of a kernel's file and knows nothing of the files whose functions it calls. Here a
kernel is kept under a hash of what it is made of (`fingerprint`), of the types it is called with, its options, the
processor and Numba's release. Files carry a checksum and appear whole, so that a damaged one is compiled again and
processes don't disturb one another. The folder is kept below `LARGEST` bytes by dropping what wasn't used for longest.
"""

import hashlib
import os
import pickle
import re
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numba
import numpy as np
from numba.core.compiler import CompileResult
from numba.core.dispatcher import Dispatcher
from numba.core.serialize import dumps
from platformdirs import user_cache_path

LARGEST = 400 << 20  # bytes of the folder; a kernel has 30 to 200 KiB
CHECKSUM = 32  # bytes of SHA-256
VENDORS = ("numpy", "numba", "llvmlite", "math", "builtins", "typing", "types")


def cache_folder() -> Path:
    """Where compiled kernels are kept: the folder that TINYXM_KERNEL_CACHE names, or else `kernels` in the one that
    TINYXM_CACHE names, or else in the user's cache folder."""
    named = os.environ.get("TINYXM_KERNEL_CACHE")
    return Path(named) if named else Path(os.environ.get("TINYXM_CACHE") or user_cache_path("tinyxm")) / "kernels"


class Cache:
    """What Numba asks of a cache, for one function: one file for each set of argument types.

    Compiled code is linked by names, and of two alike the first that is loaded serves all. Numba's names hold a
    function's own name and a number that counts up in each process, so that two kernels which one function made, each
    compiled in another process, could have the same. So the name that Numba sees has a hash of what the function is
    made of.
    """

    def __init__(self, function: Callable[..., Any], options: Mapping[str, Any]) -> None:
        self.function, self.options, self.name = function, options, function.__qualname__
        self.first: Callable[[Any], Any] = lambda signature: None  # what is to be loaded before, with a signature
        self.cache_path = str(cache_folder())
        self.begun: dict[Any, Path] = {}  # what is being compiled, and its file

    def load_overload(self, signature: Any, target: Any) -> Any:
        self.first(signature)
        target.refresh()
        path = self.path(signature, target.codegen())
        try:
            content = path.read_bytes()
            if hashlib.sha256(content[CHECKSUM:]).digest() == content[:CHECKSUM]:
                result = CompileResult._rebuild(target, *pickle.loads(content[CHECKSUM:]))
                _touch(path)
                return result
        except Exception:  # no such file; or of a module that isn't to be found; or another build of Numba wrote it
            pass
        self.begun[signature] = path
        PROGRESS.begin(self.function.__name__)
        return None

    def save_overload(self, signature: Any, result: Any) -> None:
        path = self.begun.pop(signature)
        PROGRESS.end(self.function.__name__)
        try:
            content = dumps(result._replace(type_annotation="")._reduce())  # which would need the source once more
        except (TypeError, AttributeError, pickle.PicklingError) as error:  # of something that the function refers to
            warn_once(f"the compiled {self.function.__name__} can't be kept ({error}): every process compiles it")
            return
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            _prune(path.parent)
            part = tempfile.NamedTemporaryFile(dir=path.parent, suffix=".part", delete=False)  # noqa: SIM115
            try:
                with part:
                    part.write(hashlib.sha256(content).digest() + content)
                os.replace(part.name, path)
            except BaseException:
                os.unlink(part.name)
                raise
        except OSError as error:
            warn_once(
                f"compiled kernels can't be kept in {path.parent} ({error.strerror}): every process compiles them"
            )

    def path(self, signature: Any, codegen: Any) -> Path:
        content = fingerprint(self.function)
        self.function.__qualname__ = f"{self.name}_{content.hex()[:16]}"
        config: Any = numba.config
        build = numba.__version__, sys.version_info[:2], codegen.magic_tuple(), bool(config.BOUNDSCHECK)
        key = build, signature, self.options
        digest = hashlib.sha256(content + fingerprint(key))
        return cache_folder() / f"{self.function.__name__}-{digest.hexdigest()[:24]}.bin"


def _touch(path: Path) -> None:
    """Say that a file was used, once a day: `_prune` drops what wasn't for longest."""
    try:
        if time.time() - path.stat().st_mtime > 86400:
            os.utime(path)
    except OSError:  # a folder that is read-only isn't pruned either
        pass


_pruned: set[Path] = set()


def _prune(folder: Path) -> None:
    """Once in a process: drop what dead processes left half written, and the oldest files where there's too much."""
    if folder in _pruned:
        return
    _pruned.add(folder)
    kept: list[tuple[float, int, str]] = []
    for entry in os.scandir(folder):
        try:
            facts = entry.stat()
            if entry.name.endswith(".part") and time.time() - facts.st_mtime > 3600:
                os.unlink(entry.path)
            elif entry.name.endswith(".bin"):
                kept.append((facts.st_mtime, facts.st_size, entry.path))
        except FileNotFoundError:  # another process prunes, too
            continue
    size = sum(size for _, size, _ in kept)
    for _, bytes_, path in sorted(kept):
        if size <= LARGEST:
            break
        Path(path).unlink(missing_ok=True)
        size -= bytes_


def fingerprint(*values: Any) -> bytes:
    """A hash of functions and of all that they are made of: bytecode, constants, defaults, and the globals and closures
    they read, those that are functions, classes or containers followed in turn. What is NumPy's or Numba's counts by
    its name: the release stands for the rest."""
    digest, seen, queue = hashlib.sha256(), dict[int, tuple[int, Any]](), list(values)
    while queue:
        value = queue.pop(0)
        if isinstance(value, Dispatcher):
            queue.append(value.targetoptions)
            value = value.py_func
        elif hasattr(value, "_defn"):  # an intrinsic: the function that writes its instructions
            value = value._defn
        if isinstance(value, bool | int | float | complex | str | bytes | None | np.generic | np.dtype):
            digest.update(f"{type(value).__name__} {value!r};".encode())
            continue
        if id(value) in seen:
            digest.update(f"number {seen[id(value)][0]};".encode())
            continue
        seen[id(value)] = len(seen), value  # kept, so that no other gets its id
        digest.update(f"{type(value).__name__};".encode())
        if isinstance(value, np.ndarray):
            digest.update(repr((value.dtype, value.shape)).encode() + value.tobytes())
        elif isinstance(value, tuple | list):
            digest.update(f"{len(value)};".encode())
            queue += value
        elif isinstance(value, Mapping):
            queue += [item for key in sorted(value, key=repr) for item in (key, value[key])]
        elif isinstance(value, set | frozenset):
            queue += sorted(value, key=repr)
        elif isinstance(value, CodeType):
            digest.update(value.co_code + repr(value.co_names).encode())
            queue += value.co_consts
        elif isinstance(value, FunctionType) and not _vendored(value):
            queue += [value.__code__, value.__defaults__, value.__kwdefaults__]
            queue += [cell.cell_contents for cell in value.__closure__ or ()]
            for code in _codes(value.__code__):
                queue += _read_by(code, value.__globals__)
        elif isinstance(value, type) and not _vendored(value):
            queue += value.__bases__
            for name, member in sorted(vars(value).items()):
                if isinstance(member, FunctionType) or not name.startswith("__"):
                    queue += [name, getattr(member, "__func__", getattr(member, "fget", member))]
        elif isinstance(value, ModuleType):
            digest.update(value.__name__.encode())
        elif hasattr(value, "__dict__") and not isinstance(value, type | FunctionType) and not _vendored(type(value)):
            queue += [type(value), vars(value)]
        else:
            name = getattr(value, "__qualname__", None) or re.sub(r" at 0x[0-9a-f]+", "", str(value))
            digest.update(f"{getattr(value, '__module__', '')}.{name};".encode())
    return digest.digest()


def _vendored(value: Any) -> bool:
    return str(value.__module__).partition(".")[0] in VENDORS


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _codes(constant)


def _read_by(code: CodeType, namespace: Mapping[str, Any]) -> Iterable[Any]:
    """The values of the globals that code names, and of the attributes that it may take from modules among them."""
    values = [namespace[name] for name in code.co_names if name in namespace]
    modules = [value for value in values if isinstance(value, ModuleType)]
    own = [module for module in modules if module.__name__.partition(".")[0] not in VENDORS]
    return values + [getattr(module, name) for module in own for name in code.co_names if hasattr(module, name)]


class Progress:
    """Tells on stderr what is being compiled: in one line that changes on a terminal, elsewhere in a line now and then.

    Nothing is said where all kernels come from the cache.
    """

    EVERY = 10.0  # seconds between two lines where stderr is no terminal

    def __init__(self) -> None:
        self.under_way: list[str] = []  # a kernel that calls another waits for it
        self.done, self.began, self.told, self.seconds = 0, 0.0, 0.0, 0.0

    def begin(self, name: str) -> None:
        now = time.perf_counter()
        if not self.told:
            self.told = now
            self.say(f"tinyxm: compiling kernels (once; kept in {cache_folder()})\n")
        if not self.under_way:
            self.began = now
        self.under_way.append(name)
        self.tell()

    def end(self, name: str) -> None:
        while self.under_way and self.under_way.pop() != name:  # one within it failed, and had no end
            pass
        self.done += 1
        if not self.under_way:
            self.seconds += time.perf_counter() - self.began
        self.tell()

    def tell(self) -> None:
        now = time.perf_counter()
        spent = self.seconds + (now - self.began if self.under_way else 0)
        current = f"; {self.under_way[-1]}" if self.under_way else ""
        line = f"tinyxm: compiled {self.done} kernels in {spent:.0f} s{current}"
        stream = sys.stderr  # not what a notebook or a progress bar puts in its place, which knows lines alone
        if stream is sys.__stderr__ and stream is not None and stream.isatty():
            self.say(f"\r\x1b[K{line}" if self.under_way else "\r\x1b[K")
        elif now - self.told >= self.EVERY:
            self.told = now
            self.say(f"{line}\n")

    def say(self, text: str) -> None:
        if sys.stderr is not None:
            sys.stderr.write(text)
            sys.stderr.flush()


PROGRESS = Progress()
_warned: set[str] = set()


def warn_once(message: str) -> None:
    if message not in _warned:
        _warned.add(message)
        warnings.warn(message, RuntimeWarning, stacklevel=3)
