"""The registry: which operations exist, which rungs each has, and which rung runs.

- An *operation* is a public function on arrays, such as `matmul`; `operation(...)` declares it in its room's
  `__init__.py`, with its floating-point operations, the elements it must move, and its default rule.
- A *room* is a sub-package that holds the operations of one story: `conv2d` holds the forward and both gradients.
- A *rung* is one implementation: the functions of one file in the room, each under `@rung(...)`, named as the operation
  is named. The file's name is the rung's name, so adding a rung is adding one file. It is imported when first asked
  for; if that import fails (no Numba, no GPU) the rung stays in the ladder, unavailable, with the reason.

Which rung runs is the operation's default rule, or what the user said, the later word winning:

    TINYXM_KERNELS=conv2d=patches,matmul=blas      the environment, read when a kernel is first chosen
    use("reference")                               the process: every operation that has such a rung
    with using("matmul=reference"): ...            this thread (and its asyncio task), until the block ends
    use("numba"), use("conv2d=numpy")              the default rule, kept to the rungs of this backend

The name before "=" is an operation or a room (`conv2d` therefore names its gradients, too); the rung `default` goes
back to the default rule. `use("tuned")` takes what was measured on this machine, where a file tells (see `tuned_file`).
A backend is a wish, not a rung: where the rule names no rung of it that takes the operands (Numba's for tiny ones), the
whole rule holds. Every operation's reference is NumPy's, so `numpy` is always kept to. A thread started inside a
`using` block doesn't inherit it (`tinyxm.data.prefetch`'s does), and `use` inside one takes effect when it ends.

On CuPy's arrays run the rungs of the backend cuda, those that the operation names in `on_cuda`, and else `reference`,
which NumPy's protocols carry to CuPy. The rule, which is about CPUs, isn't asked. On NumPy's arrays a rung of the
backend cuda runs only where it is named, as in `using("matmul=cuda_tiled")`: then in the simulator.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from importlib import import_module
from typing import Any

import numpy as np

from tinyxm_kernels._files import backend_of, device_of, files_of
from tinyxm_kernels._measured import read_measured, tuned_file

Shape = tuple[int, ...]
Kernel = Callable[..., Any]

BACKENDS = {"numpy": "numpy", "numba": "numba", "cuda": "cupy"}  # and the package that each needs
WISHES = (*BACKENDS, "tuned")
OF_NUMPY = np.ndarray, np.generic
MODULES = sys.modules


class Rung:
    """One implementation of one operation; `reason` says in one line why it isn't available."""

    def __init__(
        self,
        operation: str,
        name: str,
        function: Kernel | None,
        device: str = "cpu",
        dtypes: tuple[str, ...] = (),  # of the first operand; empty: any
        accepts: Callable[..., bool] | None = None,  # further constraint on the operands
        needs: str = "",  # the same constraint in words
        reason: str = "",
        backend: str = "numpy",
    ) -> None:
        self.operation, self.name, self.function, self.device, self.dtypes = operation, name, function, device, dtypes
        self.accepts, self.needs, self.reason, self.backend = accepts, needs, reason, backend
        self.codes = "".join(np.dtype(t).char for t in dtypes)  # NumPy's one-letter codes: the cheap way to compare
        self.guarded: dict[int, Kernel] = {}  # device -> the function kept to it

    def __repr__(self) -> str:
        told = self.reason or ", ".join((self.backend, *self.dtypes))
        return f"<rung {self.name} of {self.operation}: {told}>"

    @property
    def available(self) -> bool:
        return self.function is not None

    def takes(self, *operands: Any) -> bool:
        """Whether this rung can run on these operands, if they are where it runs."""
        if self.function is None or (self.codes and operands[0].dtype.char not in self.codes):
            return False
        return self.accepts is None or self.accepts(*operands)

    @property
    def runs_on_cuda(self) -> bool:
        """Whether it runs on CuPy's arrays: NumPy's protocols carry the reference there, too."""
        return self.device == "cuda" or self.name == "reference"


class Operation:
    """What `operation` declares; `choose` picks the rung."""

    def __init__(
        self,
        name: str,
        room: str,
        flops: Callable[..., int],
        elements: Callable[..., int],
        rule: Callable[..., Sequence[str]],
        on_cuda: Sequence[str] = (),
    ) -> None:
        self.name, self.room, self.flops, self.elements, self.rule = name, room, flops, elements, rule
        self.on_cuda = (*on_cuda, "reference")
        self.rungs: dict[str, Rung] = {}

    def choose(self, *operands: Any) -> Kernel:
        """The kernel to run on these operands, by the user's word or else by the default rule."""
        if _watchers:
            for calls in _watchers:
                calls.append((self, operands))
        if "cupy" in MODULES:
            from tinyxm_kernels.cuda import common_place

            place = common_place(self.name, operands)
            if place != "cpu":
                return self.choose_on_cuda(int(place.rpartition(":")[2]), operands)
        choices = _scoped.get(_choices)
        if choices is None:
            choices = _read_environment()
        word = choices.get(self.name)
        if word is None:
            candidates = self.rule(*operands)
        elif word in BACKENDS:
            candidates = self.kept_to(word, operands)
        elif word == "tuned":
            candidates = [*self.measured_best(operands), *self.rule(*operands)]
        else:
            candidates = (word,)
        for candidate in candidates:
            rung = self.rungs.get(candidate) or self.load(candidate)
            if rung.takes(*operands):
                return rung.function  # type: ignore[return-value]  # `takes` has seen that it is there
        if word is None or word in WISHES:
            raise self.nothing_takes(operands)
        raise self.refusal(self.rungs[word], operands)

    def choose_on_cuda(self, device: int, operands: Sequence[Any]) -> Kernel:
        """The kernel to run on CuPy's arrays, which are all on this device: it works there, whichever CuPy's current
        device is, and its failures name the operation."""
        word = _in_force().get(self.name)
        named = word is not None and word not in WISHES
        candidates: Sequence[Any] = ("reference",) if word == "numpy" else (word,) if named else self.on_cuda
        for candidate in candidates:
            rung = self.rungs.get(candidate) or self.load(candidate)
            if rung.runs_on_cuda and rung.takes(*operands):
                if device not in rung.guarded:
                    rung.guarded[device] = _kept_to_device(rung, device)
                return rung.guarded[device]
        raise self.refusal(self.load(candidates[0]), operands) if named else self.nothing_takes(operands, self.on_cuda)

    def kept_to(self, backend: str, operands: Sequence[Any]) -> list[str]:
        """The rungs that the rule names, those of this backend first; the others after them, as nobody named a rung."""
        names = [*self.rule(*operands), "reference"]
        return sorted(names, key=lambda name: backend_of(self.room, name) != backend)

    def measured_best(self, operands: Sequence[Any]) -> list[str]:
        """What the file of measured rungs has for these operands, at most one name."""
        flops, dtype = self.flops(*_shapes(operands)), str(operands[0].dtype)
        for row in _measured(str(tuned_file())).get(self.name, ()):
            largest = row.get("up_to")
            if (largest is None or flops <= largest) and row.get("dtype", dtype) == dtype:
                return [row["rung"]]
        return []

    def load(self, name: str) -> Rung:
        """Import the file of a rung of this operation's room, and return the rung."""
        reason = _load(self.room, name)
        if name not in self.rungs:
            reason = reason or f"the rung {name} has no {self.name}"
            backend, device = backend_of(self.room, name), device_of(self.room, name)
            self.rungs[name] = Rung(self.name, name, None, device, reason=reason, backend=backend)
        return self.rungs[name]

    def refusal(self, rung: Rung, operands: Sequence[Any]) -> Exception:
        if rung.reason:
            return ValueError(f"{self.name}: rung {rung.name} is not available: {rung.reason}")
        if operands and not rung.runs_on_cuda and not isinstance(operands[0], OF_NUMPY):
            return ValueError(
                f"{self.name}: rung {rung.name} runs on the CPU, and the operands are on a GPU: move them, "
                f'tinyxm_kernels.cuda.move(x, "cpu"), or choose another, as in using("{self.name}=default")'
            )
        if rung.codes and operands[0].dtype.char not in rung.codes:
            return TypeError(
                f"{self.name}: rung {rung.name} takes {' or '.join(rung.dtypes)}, not {operands[0].dtype}; "
                f'convert the array or choose another, as in using("{self.name}=default")'
            )
        return ValueError(f"{self.name}: rung {rung.name} takes {rung.needs or 'other operands'}")

    def nothing_takes(self, operands: Sequence[Any], names: Sequence[str] = ()) -> Exception:
        refusals = [self.refusal(self.load(name), operands) for name in names or self.rule(*operands)]
        return TypeError("; ".join(map(str, refusals)))


_operations: dict[str, Operation] = {}
_loaded: dict[tuple[str, str], str] = {}  # (room, rung file) -> "" or why its import failed
_choices: Mapping[str, str] | None = None  # operation -> rung, of the process; None until the environment is read
_scoped: ContextVar[Mapping[str, str]] = ContextVar("tinyxm_kernels.using")
_watchers: list[list[tuple[Operation, tuple[Any, ...]]]] = []


def operation(
    name: str,
    room: str,
    *,
    flops: Callable[..., int],
    elements: Callable[..., int],
    rule: Callable[..., Sequence[str]],
    on_cuda: Sequence[str] = (),
) -> Operation:
    """Declare an operation.

    `flops` and `elements` get the shapes of the operands (and the static arguments): floating-point operations, and
    array elements that must be read or written at least once. `rule` gets the operands and returns the names of the
    rungs to try, best first; its docstring is the rule in words. `on_cuda` names those to try on CuPy's arrays, before
    the reference.
    """
    _operations[name] = Operation(name, room, flops, elements, rule, on_cuda)
    return _operations[name]


def rung(
    backend: str = "numpy",
    device: str = "cpu",
    dtypes: tuple[str, ...] = ("float32", "float64"),
    accepts: Callable[..., bool] | None = None,
    needs: str = "",
) -> Callable[[Kernel], Kernel]:
    """Register a function as the rung (its file's name) of the operation (its own name).

    `backend` is numpy, numba or cuda, and the same for all of a file, written out as in `@rung(backend="numba")`: it is
    read there before the file is imported. `dtypes` are those of the first operand (none: any); `accepts(*operands)` is
    a further constraint, `needs` the same in words. `device` is "cuda" for the backend cuda, which runs NumPy's arrays
    in the simulator, and "cpu" for the others. Raises ImportError where the function's name is no operation of the room
    that the file is in, the backend isn't known or the device isn't its.
    """
    if backend not in BACKENDS:
        raise ImportError(f"rung: no backend {backend!r}; there are {', '.join(BACKENDS)}")
    if device != ("cuda" if backend == "cuda" else "cpu"):
        raise ImportError(f"rung: the backend {backend} doesn't run on the device {device!r}")

    def register(function: Kernel) -> Kernel:
        (room, _, name), op = function.__module__.rpartition("."), _operations.get(function.__name__)
        if op is None or op.room != room:
            own = ", ".join(op.name for op in _operations.values() if op.room == room)
            raise ImportError(
                f"{name}.py has a rung {function.__name__}, but the room's operations are {own or 'none'}"
            )
        op.rungs[name] = Rung(op.name, name, function, device, dtypes, accepts, needs, "", backend)
        return function

    return register


def _kept_to_device(rung: Rung, device: int) -> Kernel:
    """The function of a rung, run on this device, with failures there told in the operation's name."""
    from tinyxm_kernels.cuda import guarded

    function: Any = rung.function

    def run(*operands: Any, **static: Any) -> Any:
        with guarded(rung.operation, device):
            return function(*operands, **static)

    return run


def _load(room: str, name: str) -> str:
    """Import one rung file once; return "" or, in one line, why it failed."""
    if (room, name) not in _loaded:
        try:
            if name not in files_of(room):
                raise ImportError(f"the room {room.rpartition('.')[2]} has no file {name}.py")
            import_module(f"{room}.{name}")
            if not any(op.room == room and name in op.rungs for op in _operations.values()):
                raise ImportError(f"{name}.py has no function under @rung()")
            _loaded[room, name] = ""
        except Exception as error:  # a missing package, driver or compiler: each raises a type of its own
            first_line = (str(error).splitlines() or [""])[0]
            _loaded[room, name] = f"{type(error).__name__}: {first_line}".removeprefix("ImportError: ")
            for op in _operations.values():  # what the file registered before it failed is half a rung
                if op.room == room:
                    op.rungs.pop(name, None)
    return _loaded[room, name]


@cache
def _measured(file: str) -> dict[str, list[dict[str, Any]]]:
    found = read_measured(file)
    for op, rows in found.items():
        for unknown in {row["rung"] for row in rows} - set(files_of(_find(op).room)):
            raise ValueError(f"tinyxm_kernels: {file}: {op} has no rung {unknown!r}; measure again")
    return found


def _find(name: str) -> Operation:
    if name not in _operations:
        raise ValueError(f"tinyxm_kernels: no operation {name!r}; there are {', '.join(_operations)}")
    return _operations[name]


def _parse(spec: str, base: Mapping[str, str]) -> dict[str, str]:
    """The choices that `spec` makes, on top of `base`."""
    if not isinstance(spec, str):
        raise TypeError(f'tinyxm_kernels: choose rungs by text, such as "conv2d=patches" or "default", not {spec!r}')
    choices = dict(base)
    for item in filter(None, (part.strip() for part in spec.split(","))):
        target, _, name = (part.strip() for part in item.rpartition("="))
        chosen_operations = [op for op in _operations.values() if target in ("", op.name, op.room.rpartition(".")[2])]
        if not chosen_operations:
            _find(target)
        if name == "default":
            for op in chosen_operations:
                choices.pop(op.name, None)
            continue
        if name == "tuned":
            _measured(str(tuned_file()))  # or why not
            choices |= dict.fromkeys((op.name for op in chosen_operations), name)
            continue
        if name in BACKENDS:
            choices |= dict.fromkeys(_with_backend(chosen_operations, target, name), name)
            continue
        in_files = [op for op in chosen_operations if name in files_of(op.room)]
        if not in_files:
            existing = dict.fromkeys(file for op in chosen_operations for file in files_of(op.room))
            raise ValueError(
                f"tinyxm_kernels: {target or 'no operation'} {'has no' if target else 'has a'} rung {name!r}; "
                f"there are {', '.join([*existing, *WISHES, 'default'])}"
            )
        working = [op for op in in_files if op.load(name).available]
        broken = [op for op in in_files if _load(op.room, name)]
        if broken or not working:
            op = (broken or in_files)[0]
            raise op.refusal(op.load(name), ())
        choices |= dict.fromkeys((op.name for op in working), name)
    return choices


def _with_backend(chosen_operations: Sequence[Operation], target: str, backend: str) -> list[str]:
    """Which of these operations have a rung of a backend; ValueError where none has, or its package is missing."""
    from importlib.util import find_spec

    names = [
        op.name for op in chosen_operations if any(backend_of(op.room, file) == backend for file in files_of(op.room))
    ]
    if not names:
        raise ValueError(f"tinyxm_kernels: {target or 'no operation'} has no rung of the backend {backend}")
    if backend == "cuda":
        from tinyxm_kernels.cuda import reason

        if reason():
            raise ValueError(
                f"tinyxm_kernels: cuda is not available: {reason()}; without a GPU, a rung that is named, as in "
                f'using("matmul=cuda_tiled"), runs in the simulator'
            )
    elif find_spec(BACKENDS[backend]) is None:
        raise ValueError(f"tinyxm_kernels: {backend} is not available: {BACKENDS[backend]} is not installed")
    return names


def _read_environment() -> Mapping[str, str]:
    global _choices
    try:
        _choices = _parse(os.environ.get("TINYXM_KERNELS", ""), {})
    except ValueError as error:
        raise ValueError(f"TINYXM_KERNELS={os.environ['TINYXM_KERNELS']}: {error}") from None
    return _choices


def _in_force() -> Mapping[str, str]:
    choices = _scoped.get(_choices)
    return _read_environment() if choices is None else choices


def use(spec: str) -> None:
    """Choose rungs for the whole process: `use("reference")`, `use("conv2d=patches,matmul=blas")`, `use("default")`;
    or the backend among whose rungs the default rule chooses: `use("numba")`, `use("conv2d=numpy")`.

    Raises ValueError, and changes nothing, where a name is unknown or a named rung isn't available (and says why).
    """
    global _choices
    _choices = _parse(spec, _read_environment() if _choices is None else _choices)


@contextmanager
def using(spec: str) -> Iterator[None]:
    """Choose rungs within a `with` block, in this thread only; the syntax is that of `use`.

    A gradient is computed by the rung in force when `backward` runs, not by that of its forward pass: to have both from
    one rung, call `backward` within the block.
    """
    token = _scoped.set(_parse(spec, _in_force()))
    try:
        yield
    finally:
        _scoped.reset(token)


@contextmanager
def watching() -> Iterator[list[tuple[Operation, tuple[Any, ...]]]]:
    """Which kernels run within a `with` block, in any thread: a list that grows by (operation, operands) per call."""
    calls: list[tuple[Operation, tuple[Any, ...]]] = []
    _watchers.append(calls)
    try:
        yield calls
    finally:
        _watchers[:] = [other for other in _watchers if other is not calls]


def operations() -> list[str]:
    """The names of all operations."""
    return list(_operations)


def ladder(operation: str, device: str = "") -> list[Rung]:
    """Every rung of an operation, the reference first; an unavailable one has `.available` False and a `.reason`.

    With a `device`, "cpu" or "cuda", those for it alone: a rung for GPUs has no time, and takes long, in the simulator.
    """
    op = _find(operation)
    names = [name for name in files_of(op.room) if not device or device_of(op.room, name) == device]
    rungs = [op.load(name) for name in names]
    return [rung for rung in rungs if rung.available or _load(op.room, rung.name)]


def chosen(operation: str, *operands: Any) -> Rung:
    """The rung that would run on these operands now."""
    op = _find(operation)
    kernel = op.choose(*operands)
    return next(rung for rung in op.rungs.values() if rung.function is kernel or kernel in rung.guarded.values())


def rules() -> str:
    """The default rule of every operation in words, what runs on a GPU where that isn't the reference alone, and the
    choices in force, one line each."""
    width = max(map(len, _operations))
    choices = _in_force()
    return "\n".join(
        f"{op.name:{width}}  {' '.join((op.rule.__doc__ or '').split())}"
        + (f" On a GPU {', '.join(op.on_cuda)}." if len(op.on_cuda) > 1 else "")
        + (f" [now: {choices[op.name]}]" if op.name in choices else "")
        for op in _operations.values()
    )


def _shapes(operands: Sequence[Any]) -> list[Any]:
    return [getattr(operand, "shape", operand) for operand in operands]


def flops(operation: str, *operands: Any, **static: Any) -> int:
    """Floating-point operations (a multiply-add is two) of a call with these operands, given as arrays or shapes."""
    return _find(operation).flops(*_shapes(operands), **static)


def bytes_moved(operation: str, *operands: Any, itemsize: int = 4, **static: Any) -> int:
    """Bytes that a call must at least read and write; `itemsize` counts where no operand is an array."""
    size = next((operand.dtype.itemsize for operand in operands if hasattr(operand, "dtype")), itemsize)
    return _find(operation).elements(*_shapes(operands), **static) * size
