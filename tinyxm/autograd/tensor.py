"""Tensor: an array, and the node of the tape that gradients go on to from it."""

from __future__ import annotations

import inspect
import itertools
import operator
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from tinyxm.autograd import inplace
from tinyxm_kernels.cuda import is_device_array, place

Array: TypeAlias = Any  # a NumPy or CuPy array, or a Tensor: the same rule runs on each

clock = itertools.count(1).__next__
rules: dict[Callable[..., Any], Callable[..., Any]] = {}  # NumPy function -> the primitive that differentiates it
constant: set[Callable[..., Any]] = set()  # NumPy functions without gradient: on Tensors they give arrays


class _Mode(threading.local):
    recording = True


mode = _Mode()


class Node:
    """A result that gradients reach. Its `edges` are () once they were followed and freed."""

    __slots__ = ("__weakref__", "dtype", "edges", "operation", "shape", "tick")

    def __init__(self, operation: str, array: Array, edges: Any) -> None:
        self.operation, self.shape, self.dtype = operation, array.shape, array.dtype
        self.edges, self.tick = edges, clock()

    def __repr__(self) -> str:
        return f"<{self.operation} {self.shape}>"


class Leaf(Node):
    """Where gradients end and gather: it has no edges."""

    __slots__ = ("grad",)
    grad: Array | None

    def __init__(self, array: Array) -> None:
        super().__init__("leaf", array, None)
        self.grad = None


class Watched(Node):
    """A node in between whose gradient is kept or hooked; see Tensor.retain_grad and register_hook."""

    __slots__ = ()


retained: weakref.WeakKeyDictionary[Node, Array | None] = weakref.WeakKeyDictionary()  # what retain_grad asked to keep


class Tensor:
    """An array whose uses can be differentiated; operators and NumPy functions work on it.

    `Tensor(data, requires_grad=False)` copies `data`. Python floats and lists of them become float32, whole numbers
    int64; an array keeps its dtype, and stays where it is. Only floating-point Tensors can require a gradient.

    `data` is the array, `grad` what `backward` gathered here: an array, or None. `shape`, `ndim`, `size`, `dtype` are
    the array's; `device` is "cpu", where it is NumPy's, or "cuda:0", where it is CuPy's, and `to` moves it. Operations
    return new Tensors; to write in place (under `no_grad()`), use `t[index] = ...`, `t += ...`: a backward pass that
    needs the old values then says so. What is written to `t.data` itself is seen in debug mode.
    """

    __slots__ = ("__weakref__", "data", "node")

    def __init__(self, data: Any, requires_grad: bool = False) -> None:
        if isinstance(data, Tensor):
            if data.requires_grad:
                raise TypeError("Tensor: data requires a gradient, which a copy would lose; give data.detach()")
            data = data.data
        on_device = is_device_array(data)
        array = data.copy(order="C") if on_device else np.array(data, order="C")
        if not array.dtype.isnative:
            array = array.astype(array.dtype.newbyteorder("="))
        if array.dtype.kind == "f" and not on_device and not isinstance(data, np.ndarray):
            array = array.astype(np.float32)
        if array.dtype.kind not in "fiub":
            raise TypeError(f"Tensor: {array.dtype} isn't a number type; give floats, integers or booleans")
        if requires_grad and array.dtype.kind != "f":
            raise TypeError(f"Tensor: {array.dtype} has no gradient; give floats, such as 1.0 in place of 1")
        self.data: Array = array
        self.node: Node | None = Leaf(array) if requires_grad else None

    @property
    def shape(self) -> tuple[int, ...]:
        return self.data.shape

    @property
    def ndim(self) -> int:
        return self.data.ndim

    @property
    def size(self) -> int:
        return self.data.size

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.data.dtype

    @property
    def device(self) -> str:
        return place(self.data)

    @property
    def requires_grad(self) -> bool:
        return self.node is not None

    @property
    def grad(self) -> Array | None:
        """What `backward` gathered here: an array of this shape and dtype, or None."""
        return self.node.grad if isinstance(self.node, Leaf) else retained.get(self.node) if self.node else None

    @grad.setter
    def grad(self, g: Array | None) -> None:
        if g is None and self.node is None:  # a frozen Parameter's: nothing to drop
            return
        if g is None and self.node and self.node in retained:
            retained[self.node] = None
            return
        if not isinstance(self.node, Leaf):
            raise TypeError("grad: only a leaf that requires a gradient holds one; see retain_grad for other Tensors")
        g = array_of(g)
        if g is not None and type(g) is not type(self.data) and self.device != place(g):
            raise TypeError(f"grad: this Tensor is on {self.device} and g on {place(g)}: move one of them")
        if g is not None and (np.shape(g) != self.shape or not hasattr(g, "dtype") or g.dtype != self.dtype):
            raise ValueError(
                f"grad: expected an array {self.shape} of {self.dtype} or None, got {getattr(g, 'dtype', type(g))} "
                f"{np.shape(g)}"
            )
        self.node.grad = g

    def retain_grad(self) -> None:
        """Keep the gradient of this Tensor, though it isn't a leaf, in `grad` when a later backward passes it."""
        if self.node is None:
            raise RuntimeError("retain_grad: this Tensor requires no gradient")
        if not isinstance(self.node, Leaf):
            self.node.__class__ = Watched
            retained.setdefault(self.node, None)

    def detach(self) -> Tensor:
        """The same array, without a copy, as a Tensor that gradients don't reach."""
        return tensor_of(self.data, None)

    def item(self) -> float:
        """The only element, as a Python number."""
        return self.data.item()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if is_device_array(self.data):
            raise TypeError(f'array: this Tensor is on {self.device}; use t.to("cpu").data')
        if self.node is None:
            return np.array(self.data, dtype=dtype, copy=copy)
        raise TypeError("array: this Tensor requires a gradient, which an array would lose; use t.data")

    def __array_ufunc__(self, ufunc: Any, method: str, *args: Any, **options: Any) -> Any:
        if method == "__call__" and not options:
            return self.__array_function__(ufunc, (), args, options)
        given = f"method {method!r}" if method != "__call__" else f"{', '.join(f'{o}=' for o in options)}"
        raise TypeError(
            f"{ufunc.__name__}: on a Tensor, {given} has no gradient; write it with operators (x = x + t for x += t), "
            "or use t.data"
        )

    def __array_function__(self, function: Any, types: Any, args: Any, options: Any) -> Any:
        if function in rules:
            try:
                return rules[function](*args, **options)
            except TypeError:
                check_arguments(function, args, options)
                raise
        if function in constant:
            return function(*map(array_of, args), **{name: array_of(x) for name, x in options.items()})
        raise TypeError(f"{function.__name__}: no rule differentiates it; declare a primitive, or pass t.data")

    def __setitem__(self, index: Any, value: Any) -> None:
        index = tuple(map(array_of, index)) if isinstance(index, tuple) else array_of(index)
        inplace.write("write", lambda a, b: operator.setitem(a, index, b), self, value)

    def __iadd__(self, other: Any, /) -> Tensor:
        return inplace.write("add in place", operator.iadd, self, other)

    def __isub__(self, other: Any, /) -> Tensor:
        return inplace.write("subtract in place", operator.isub, self, other)

    def __imul__(self, other: Any, /) -> Tensor:
        return inplace.write("multiply in place", operator.imul, self, other)

    def __itruediv__(self, other: Any, /) -> Tensor:
        return inplace.write("divide in place", operator.itruediv, self, other)

    def __len__(self) -> int:
        return len(self.data)

    def __iter__(self) -> Iterator[Tensor]:
        if not self.ndim:
            raise TypeError("iter: this Tensor is a single number, shape ()")
        return (self[i] for i in range(len(self)))

    def __float__(self) -> float:
        return float(self.data)

    def __int__(self) -> int:
        return int(self.data)

    def __index__(self) -> int:
        return self.data.__index__()

    def __bool__(self) -> bool:
        return bool(self.data)

    def __format__(self, specification: str) -> str:
        return format(self.data.item() if self.size == 1 and specification else self.data, specification)

    def __repr__(self) -> str:
        on_host = self.data.get() if is_device_array(self.data) else self.data
        text = np.array2string(on_host, separator=", ", prefix="Tensor(", threshold=100)
        node = "" if self.node is None else ", requires_grad=True" if isinstance(self.node, Leaf) else f", {self.node}"
        device = f", device={self.device}" if on_host is not self.data else ""
        return f"{type(self).__name__}({text}, dtype={self.dtype}{device}{node})"

    __hash__ = object.__hash__

    if TYPE_CHECKING:  # tinyxm.ops attaches these; each stands there with its formula

        def _operator(self, other: Any, /) -> Tensor: ...

        def _method(self, *args: Any, **options: Any) -> Tensor: ...

        def _comparison(self, other: Any) -> np.ndarray: ...

        def _places(self, *args: Any, **options: Any) -> np.ndarray: ...

        __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _operator
        __matmul__ = __rmatmul__ = __pow__ = __rpow__ = __getitem__ = _operator
        __neg__ = __pos__ = __abs__ = sum = mean = var = std = max = min = prod = cumsum = _method
        take = repeat = clip = cumprod = diagonal = dot = trace = _method
        argmax = argmin = argsort = _places
        reshape = transpose = swapaxes = squeeze = flatten = ravel = astype = to = _method
        __lt__ = __le__ = __gt__ = __ge__ = _comparison
        T: Tensor
        mT: Tensor

        def _plainly(self, *args: Any, **options: Any) -> Any: ...

        all = any = nonzero = tolist = _plainly

        def backward(self, g: Any = None, retain_graph: bool = False) -> None: ...

        def register_hook(self, hook: Callable[[Array], Any]) -> Any: ...


class Parameter(Tensor):
    """A Tensor that requires a gradient and that a module lists among its parameters."""

    __slots__ = ()

    def __init__(self, data: Any) -> None:
        super().__init__(data, requires_grad=True)


def check_arguments(function: Any, args: Any, options: Any) -> None:
    """Raise TypeError where NumPy's function has an argument that the rule which answers for it on Tensors hasn't."""
    signature = inspect.signature(rules[function])
    try:
        signature.bind(*args, **options)
    except TypeError as error:
        own = ", ".join(signature.parameters)
        raise TypeError(f"{function.__name__}: {error}; on a Tensor it takes {own}") from None


def array_of(x: Any) -> Any:
    """The array of a Tensor; anything else as it is."""
    return x.data if isinstance(x, Tensor) else x


def tensor_of(array: Array, node: Node | None) -> Tensor:
    """The Tensor of an array that this node made, without copying it."""
    tensor = Tensor.__new__(Tensor)
    tensor.data, tensor.node = array, node
    return tensor


@contextmanager
def grad_mode(on: bool) -> Iterator[None]:
    """Record operations for a backward pass within this context, or don't; each thread has its own mode."""
    outer, mode.recording = mode.recording, on
    try:
        yield
    finally:
        mode.recording = outer


def no_grad() -> Any:
    """Record nothing within this context (or within a function that this decorates)."""
    return grad_mode(False)
