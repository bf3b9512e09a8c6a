"""A stand-in for CuPy: NumPy's storage, CuPy's strictness, and kernels that run in the simulator.

What CuPy refuses is refused: a conversion to NumPy that isn't asked for, NumPy's arrays among its own, arguments and
names that CuPy doesn't have (names.json is made from the real one by record.py), arrays of another device, memory
beyond a limit. What a GPU leaves undone is undone: new memory holds NaN, divisions by zero warn nobody, a reduction
gives an array of no axes and not a number. What it can't tell is time, and anything asynchronous.

`installed()` puts it in the place of `cupy`, within a `with` block.
"""

import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from inspect import Signature, signature
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np

from cupy_stand_in import cuda

__version__ = "14.2.0"
NAMES = json.loads(Path(__file__).with_name("names.json").read_text("utf-8"))
PLAIN = {"shape", "ndim", "size", "result_type", "can_cast", "broadcast_shapes", "iscomplexobj", "isscalar"}
TRUTHS = {"array_equal", "allclose"}  # arrays of no axes, where NumPy has Python's bool
PROPERTIES = {"T", "mT", "real", "imag"}
NUMBERS = int, float, bool, complex, np.generic


class Flags:
    """CuPy's flags: no `writeable`, for all its arrays are."""

    def __init__(self, array: np.ndarray) -> None:
        self.c_contiguous, self.f_contiguous = array.flags.c_contiguous, array.flags.f_contiguous
        self.forc = self.c_contiguous or self.f_contiguous
        self.fnc, self.owndata = self.f_contiguous and not self.c_contiguous, array.flags.owndata


class ndarray:
    def __init__(self, shape: Any, dtype: Any = float) -> None:
        self._set(_unwritten(np.empty(shape, dtype)), cuda.current(), None)

    def _set(self, array: np.ndarray, device: int, base: "ndarray | None") -> None:
        self._a, self._device, self.base = array, device, base

    shape = property(lambda self: self._a.shape)
    dtype = property(lambda self: self._a.dtype)
    ndim = property(lambda self: self._a.ndim)
    size = property(lambda self: self._a.size)
    strides = property(lambda self: self._a.strides)
    nbytes = property(lambda self: self._a.nbytes)
    itemsize = property(lambda self: self._a.itemsize)
    flags = property(lambda self: Flags(self._a))
    data = property(lambda self: SimpleNamespace(ptr=self._a.ctypes.data))
    device = property(lambda self: cuda.Device(self._device))

    @property
    def __cuda_array_interface__(self) -> dict[str, Any]:
        return self._a.__array_interface__

    def get(self, stream: Any = None, order: str = "C", out: np.ndarray | None = None, blocking: bool = True) -> Any:
        if out is None:
            return np.array(self._a, order=order)  # type: ignore[call-overload]
        out[...] = self._a
        return out

    def set(self, arr: np.ndarray, stream: Any = None) -> None:
        if not isinstance(arr, np.ndarray):
            raise TypeError("Only numpy.ndarray can be set to cupy.ndarray")
        if arr.dtype != self.dtype:
            raise TypeError(f"{arr.dtype} array cannot be set to {self.dtype} array")
        if arr.shape != self.shape:
            raise ValueError(f"Shape mismatch. Old shape: {self.shape}, new shape: {arr.shape}")
        self._a[...] = arr

    def item(self) -> Any:
        return self._a.item()

    def tolist(self) -> Any:
        return self._a.tolist()

    def fill(self, value: Any) -> None:
        self._a.fill(_plain((value,))[0])

    def __array__(self, dtype: Any = None) -> Any:
        raise TypeError(
            "Implicit conversion to a NumPy array is not allowed. Please use `.get()` to construct a NumPy array "
            "explicitly."
        )

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        name = ufunc.__name__
        if name == "matmul":
            _bound("matmul", NAMES["functions"][""]["matmul"], inputs, kwargs)
        elif name not in NAMES["ufuncs"] and name not in NAMES["special"]:
            return NotImplemented
        elif unknown := kwargs.keys() - (
            {"out", "dtype", "casting"} if method == "__call__" else {"out", "dtype", "axis", "indices"}
        ):
            raise TypeError(f"Wrong arguments {unknown}")
        if method == "at":
            if name != "add" or inputs[0].dtype.char not in "ilqefdIL":
                raise TypeError(f"cupy.{name}.at doesn't support {inputs[0].dtype}")
            return _run(ufunc.at, inputs, {})
        for x in (*inputs, *kwargs.get("out", ())):
            if isinstance(x, np.ndarray) and not (x.ndim == 0 and name in COMPARISONS):
                raise TypeError(f"Unsupported type {type(x)}")
            if x is not None and not isinstance(x, (*NUMBERS, ndarray, np.ndarray)):
                return NotImplemented
        if "out" in kwargs:
            given = kwargs["out"]
            _run(getattr(ufunc, method), inputs, {**kwargs, "out": given})
            return given[0] if len(given) == 1 else given
        return _run(getattr(ufunc, method), inputs, kwargs)

    def __array_function__(self, f: Any, types: Any, args: Any, kwargs: Any) -> Any:
        path = ".".join(f.__module__.split(".")[1:])
        known = NAMES["functions"].get(path, {})
        if f.__name__ not in known or not all(issubclass(t, (ndarray, np.ndarray)) for t in types):
            return NotImplemented
        return _call(f, f.__name__, known[f.__name__], args, kwargs)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in NAMES["ndarray"]:
            raise AttributeError(f"'cupy.ndarray' object has no attribute {name!r}")
        if name in PROPERTIES:
            return _wrapped(getattr(self._a, name), self)
        parameters = NAMES["ndarray"][name]

        def method(*args: Any, **kwargs: Any) -> Any:
            _bound(f"ndarray.{name}", parameters, args, kwargs)
            return _run(getattr(self._a, name), args, kwargs, self)

        return method

    def __getitem__(self, index: Any) -> Any:
        return _wrapped(np.asarray(self._a[_index(index)]), self)

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(value, np.ndarray) and value.ndim:
            raise TypeError(f"Unsupported type {type(value)}")
        self._a[_index(index)] = _plain((value,))[0]

    def __iter__(self) -> Iterator[Any]:
        if not self.ndim:
            raise TypeError("iteration over a 0-d array")
        return (self[i] for i in range(len(self)))

    def __len__(self) -> int:
        if not self.ndim:
            raise TypeError("len() of unsized object")
        return len(self._a)

    __hash__ = None  # type: ignore[assignment]

    def __float__(self) -> float:
        return float(self._a)

    def __int__(self) -> int:
        return int(self._a)

    def __bool__(self) -> bool:
        return bool(self._a)

    def __format__(self, specification: str) -> str:
        return format(self._a, specification)

    def __repr__(self) -> str:
        return repr(self._a)

    def __str__(self) -> str:
        return str(self._a)

    def __copy__(self) -> "ndarray":
        return self.copy()

    def __deepcopy__(self, memo: Any) -> "ndarray":
        return self.copy()

    def __reduce__(self) -> Any:
        return array, (self.get(),)

    def __divmod__(self, other: Any) -> Any:
        return np.divmod(self, other)


COMPARISONS = {
    "greater": "gt",
    "greater_equal": "ge",
    "less": "lt",
    "less_equal": "le",
    "equal": "eq",
    "not_equal": "ne",
}
OPERATORS = {
    "add": "add", "subtract": "sub", "multiply": "mul", "true_divide": "truediv", "floor_divide": "floordiv",
    "remainder": "mod", "power": "pow", "matmul": "matmul", "bitwise_and": "and", "bitwise_or": "or",
    "bitwise_xor": "xor", "left_shift": "lshift", "right_shift": "rshift",
}  # fmt: skip


def _operators() -> None:
    def binary(ufunc: np.ufunc) -> tuple[Any, Any, Any]:
        return (
            lambda a, b: ufunc(a, b) if _known(b) else NotImplemented,
            lambda a, b: ufunc(b, a) if _known(b) else NotImplemented,
            lambda a, b: ufunc(a, b, out=(a,)),
        )

    for name, operator in OPERATORS.items():
        forward, reflected, in_place = binary(getattr(np, name))
        setattr(ndarray, f"__{operator}__", forward)
        setattr(ndarray, f"__r{operator}__", reflected)
        if operator != "matmul":  # CuPy has no __imatmul__
            setattr(ndarray, f"__i{operator}__", in_place)
    for name, operator in COMPARISONS.items():
        setattr(ndarray, f"__{operator}__", binary(getattr(np, name))[0])
    for name, operator in (("negative", "neg"), ("positive", "pos"), ("absolute", "abs"), ("invert", "invert")):
        ufunc = getattr(np, name)
        setattr(ndarray, f"__{operator}__", lambda a, ufunc=ufunc: ufunc(a))


def _known(b: Any) -> bool:
    return isinstance(b, (*NUMBERS, ndarray, np.ndarray))


_operators()


@cache
def _signature(parameters: str) -> Signature:
    return signature(eval(f"lambda {parameters}: 0"))


def _bound(name: str, parameters: str, args: Any, kwargs: Any) -> None:
    """Raise TypeError, as CuPy does, for arguments that its function doesn't take."""
    try:
        _signature(parameters).bind(*args, **kwargs)
    except TypeError as error:
        raise TypeError(f"cupy.{name}({parameters}): {error}") from None


def _call(f: Callable[..., Any], name: str, parameters: str, args: Any, kwargs: Any) -> Any:
    _bound(name, parameters, args, kwargs)
    if name not in PLAIN and (foreign := _numpy_arrays((args, kwargs), name)):
        raise TypeError(f"cupy.{name}: Unsupported type {foreign}")
    if name == "where" and not hasattr(args[0], "astype"):  # no True or False
        raise AttributeError(f"{type(args[0]).__name__!r} object has no attribute 'astype'")
    return _run(f, args, kwargs)


def _numpy_arrays(x: Any, name: str) -> Any:
    """The type of a NumPy array among these arguments, but in an index, which CuPy moves."""
    if name in ("take", "repeat", "asarray", "array", "ascontiguousarray", "roll", "pad", "shape"):
        return None
    if isinstance(x, np.ndarray):
        return type(x)
    parts = x.values() if isinstance(x, dict) else x if isinstance(x, list | tuple) else ()
    return next((found for part in parts if (found := _numpy_arrays(part, name))), None)


def _run(f: Callable[..., Any], args: Any, kwargs: Any, owner: ndarray | None = None) -> Any:
    for x in _arrays((args, kwargs, owner)):
        if x._device != cuda.current():
            raise ValueError(
                f"Array device must be same as the current device: array device = {x._device} while current = "
                f"{cuda.current()}"
            )
    with np.errstate(all="ignore"):
        y = f(*_plain(args), **_plain(kwargs))
    if getattr(f, "__name__", "") in ("empty", "empty_like"):
        _unwritten(y)
    if getattr(f, "__name__", "") in TRUTHS:
        y = np.asarray(y)
    return y if getattr(f, "__name__", "") in PLAIN else _wrapped(y, owner)


def _unwritten(array: np.ndarray) -> np.ndarray:
    array.fill(np.nan if array.dtype.kind in "fc" else True if array.dtype.kind == "b" else 85)
    return array


def _arrays(x: Any) -> Iterator[ndarray]:
    if isinstance(x, ndarray):
        yield x
    elif isinstance(x, list | tuple | dict):
        for part in x.values() if isinstance(x, dict) else x:
            yield from _arrays(part)


def _plain(x: Any) -> Any:
    """The same with CuPy's arrays unwrapped."""
    if isinstance(x, ndarray):
        return x._a
    if isinstance(x, dict):
        return {key: _plain(value) for key, value in x.items() if key != "like"}
    if type(x) in (list, tuple):
        return type(x)(map(_plain, x))
    return x


def _index(index: Any) -> Any:
    return tuple(map(_plain, index)) if isinstance(index, tuple) else _plain(index)


def _wrapped(y: Any, owner: ndarray | None = None) -> Any:
    """The same with NumPy's arrays and numbers as CuPy's."""
    if isinstance(y, np.ndarray | np.generic):
        a = np.asarray(y)
        view = owner is not None and a.base is not None and np.may_share_memory(a, owner._a)
        made = ndarray.__new__(ndarray)
        made._set(
            a,
            cuda.current() if owner is None else owner._device,
            (owner if owner.base is None else owner.base) if view else None,
        )
        if not view:
            cuda.allocate(made, a.nbytes)
        return made
    if isinstance(y, list | tuple):
        parts = [_wrapped(part, owner) for part in y]
        return type(y)(*parts) if hasattr(y, "_fields") else type(y)(parts)
    return y


def array(
    obj: Any,
    dtype: Any = None,
    copy: bool = True,
    order: Any = "K",
    subok: bool = False,
    ndmin: int = 0,
    *,
    blocking: bool = False,
) -> ndarray:
    return _wrapped(np.array(_plain(obj), dtype, copy=True, order=order, ndmin=ndmin))


def asarray(a: Any, dtype: Any = None, order: Any = None, *, copy: Any = None, blocking: bool = False) -> ndarray:
    if isinstance(a, ndarray) and a._device == cuda.current() and dtype in (None, a.dtype) and not copy:
        return a
    if np.asarray(_plain(a)).dtype.kind not in "fiubc":
        raise ValueError(f"Unsupported dtype {np.asarray(a).dtype}")
    return array(a, dtype, order=order or "K")


def asnumpy(a: Any, stream: Any = None, order: str = "C", out: Any = None, *, blocking: bool = True) -> Any:
    return a.get(stream, order, out) if isinstance(a, ndarray) else np.asarray(a)


class _Kernel:
    """RawKernel: one kernel of a module, launched in the simulator."""

    def __init__(self, module: "RawModule", name: str) -> None:
        self._module, self.name = module, name
        self.max_dynamic_shared_size_bytes = (48 << 10) - self.shared_size_bytes

    @property
    def shared_size_bytes(self) -> int:
        return self._module._program.kernels[self.name].compiled()[0].shared

    def __call__(self, grid: Any, block: Any, args: Any, *, shared_mem: int = 0, stream: Any = None) -> None:
        if not isinstance(grid, tuple) or not isinstance(block, tuple) or not isinstance(args, tuple):
            raise TypeError("grid, block and args are tuples")
        parameters = self._module._program.kernels[self.name].parameters
        if len(args) != len(parameters):  # the driver would read beyond the list
            raise AssertionError(f"{self.name}: {len(args)} arguments for {len(parameters)} parameters")
        if shared_mem > self.max_dynamic_shared_size_bytes:
            raise cuda.driver.CUDADriverError("CUDA_ERROR_INVALID_VALUE: invalid argument")
        if fault := cuda.fault():
            raise fault
        packed = [self._argument(p, x) for p, x in zip(parameters, args, strict=True)]
        grid, launch = tuple(max(1, n) for n in grid), self._module._program.launch  # of none, CuPy launches one
        run = launch(self.name, grid, block, packed, shared=shared_mem, check=False, count=False)
        cuda.LAUNCHES.append((self.name, grid, block, shared_mem))
        if run.findings:
            raise AssertionError(f"{self.name}: {run.findings}")

    def _argument(self, parameter: Any, x: Any) -> Any:
        if isinstance(x, ndarray):
            if not parameter.pointer or x._device != cuda.current():
                raise AssertionError(
                    f"{self.name}: {parameter.name} is {parameter.ctype}, and got an array of cuda:{x._device}"
                )
            if not x.flags.c_contiguous:  # the kernel would see other numbers
                raise AssertionError(f"{self.name}: {parameter.name} isn't contiguous")
            return x._a
        if x is None and parameter.pointer:
            return None
        if not isinstance(x, np.generic) or parameter.pointer or x.dtype != parameter.dtype:
            raise AssertionError(f"{self.name}: {parameter.name} is {parameter.ctype}, and got {type(x).__name__}")
        return x


class RawModule:
    def __init__(
        self, *, code: Any = None, path: Any = None, options: tuple[str, ...] = (), backend: str = "nvrtc"
    ) -> None:
        if code is None or path is not None or not isinstance(options, tuple):
            raise TypeError("RawModule: give code, and a tuple of options")
        self._code, self._options = code, options
        self._kernels: dict[str, _Kernel] = {}

    @property
    def _program(self) -> Any:
        defines = [option[2:].partition("=") for option in self._options if option.startswith("-D")]
        return _program(self._code, tuple((name, value) for name, _, value in defines))

    def get_function(self, name: str) -> _Kernel:
        if fault := cuda.fault("compile"):
            raise fault
        return self._kernels.setdefault(name, _Kernel(self, name))


@cache
def _program(code: str, defines: tuple[tuple[str, str], ...]) -> Any:
    from tinyxm_kernels.simt import Program

    return Program(code, defines=dict(defines))


class MemoryPool:
    def free_all_blocks(self, stream: Any = None) -> None:
        pass


def get_default_memory_pool() -> MemoryPool:
    return MemoryPool()


def is_available() -> bool:
    return cuda.runtime.getDeviceCount() > 0


def __getattr__(name: str) -> Any:
    """cupy.zeros, cupy.exp ...: NumPy's function by that name, where CuPy has it."""
    if name in NAMES["functions"][""]:
        f, parameters = getattr(np, name), NAMES["functions"][""][name]
        return lambda *args, **kwargs: _call(f, name, parameters, args, kwargs)
    if name in NAMES["ufuncs"]:
        return getattr(np, name)
    raise AttributeError(f"module 'cupy' has no attribute {name!r}")


@contextmanager
def installed(devices: int = 2, memory: int = 1 << 34) -> Iterator[ModuleType]:
    """Within the block, `import cupy` imports this, with so many devices of so many bytes."""
    from tinyxm_kernels import registry
    from tinyxm_kernels.cuda.devices import reason

    own = sys.modules[__name__]
    cupyx = ModuleType("cupyx")
    cupyx.empty_pinned = lambda shape, dtype=float, order="C": np.empty(shape, dtype, order)  # type: ignore[attr-defined]
    before = {name: module for name, module in sys.modules.items() if name.split(".")[0] in ("cupy", "cupyx")}
    _forget(key for key, why in registry._loaded.items() if why)  # what can't be simulated is there now
    known = set(registry._loaded)
    for name in before:
        del sys.modules[name]
    sys.modules |= {"cupy": own, "cupy.cuda": cuda, "cupyx": cupyx}
    cuda.reset(devices, memory)
    reason.cache_clear()
    try:
        yield own
    finally:
        for name in ("cupy", "cupy.cuda", "cupyx"):
            del sys.modules[name]
        sys.modules.update(before)
        reason.cache_clear()
        _forget(set(registry._loaded) - known)


def _forget(rungs: Iterable[tuple[str, str]]) -> None:
    """Let the registry load these again, (room, name)."""
    from tinyxm_kernels import registry

    for room, name in list(rungs):
        del registry._loaded[room, name]
        sys.modules.pop(f"{room}.{name}", None)
        for op in registry._operations.values():
            if op.room == room:
                op.rungs.pop(name, None)
