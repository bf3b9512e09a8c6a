"""Writing in place: a write stamps the memory it touches; a node older than the stamp saved values that are gone."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

from tinyxm.autograd import events, tensor
from tinyxm.autograd.errors import explained
from tinyxm_kernels.cuda import is_device_array

if TYPE_CHECKING:
    from tinyxm.autograd.tensor import Array, Node

last_write = 0
written: dict[int, tuple[Any, int]] = {}  # id of an array -> (weak reference to it, tick of the last write)


class _Watch(threading.local):
    logs: tuple[dict[int, tuple[Array, Array, Any]], ...] = ()


_watch = _Watch()


def write(
    operation: str,
    rule: Callable[..., Any],
    target: Any,
    *inputs: Any,
    names: Sequence[str] = ("value",),
    static: dict[str, Any] | None = None,
) -> Any:
    """Write to a Tensor in place by rule(array, *inputs), and return the Tensor.

    Listeners are told an `update`: the target and the inputs, by their `names`, as they were before; these `static`;
    and the target after as its result.

    Raises RuntimeError where a gradient would be lost: when recording, and the Tensor or an input requires one.
    """
    global last_write
    if tensor.mode.recording and any(isinstance(x, tensor.Tensor) and x.requires_grad for x in (target, *inputs)):
        raise RuntimeError(f"{operation}: a gradient would be lost; write under no_grad(), or make a new Tensor")
    arrays = [tensor.array_of(x) for x in (target, *inputs)]

    def run(*arrays: Any) -> None:
        try:
            rule(*arrays)
        except Exception as error:
            raise explained(error, operation, dict(zip(("target", *names), arrays, strict=True)), {}) from None

    memory = owner(target.data)
    key = id(memory)
    for log in _watch.logs:
        log.setdefault(key, (memory, memory.copy(), written.get(key)))
    if events.listeners:
        operands = {name: _copy(x) for name, x in zip(("target", *names), arrays, strict=True)}  # as they were
        start = events.before()
        run(*arrays)
        events.emit(start, "update", operation, operands, static or {}, {}, _copy(arrays[0]))
    else:
        run(*arrays)
    last_write = tensor.clock()
    written[key] = weakref.ref(memory, lambda _: written.pop(key, None)), last_write
    return target


def owner(array: Array) -> Array:
    """The array that owns the memory of this view."""
    while isinstance(array.base, np.ndarray) or is_device_array(array.base):
        array = array.base
    return array


def is_array(x: Any) -> bool:
    return isinstance(x, np.ndarray) or is_device_array(x)


def _copy(x: Any) -> Array:
    return x.copy() if is_array(x) else np.array(x)


def stale(memory: Array, tick: int) -> bool:
    """Whether this memory was written in place after a tick."""
    return written.get(id(memory), (None, 0))[1] > tick


def refuse_stale(node: Node) -> None:
    """Raise if a value that this node saved was written in place since."""
    for _, adjoint, saved in node.edges:
        for name, value in zip(adjoint.reads, saved, strict=True):
            for x in value if isinstance(value, tuple | list) else (value,):
                if is_array(x) and stale(owner(x), node.tick):
                    raise RuntimeError(
                        f"{node.operation}: {name}, which the adjoint of {adjoint.input} reads, was written in place "
                        "after it was recorded; write before it is used, or run the backward pass first "
                        f"({events.recorded(node)})"
                    )


@contextmanager
def undone() -> Iterator[None]:
    """Take back what this thread writes in place within this context, such as statistics, when it ends."""
    outer = _watch.logs
    log: dict[int, tuple[Array, Array, Any]] = {}
    _watch.logs = (*outer, log)
    try:
        yield
    finally:
        _watch.logs = outer
        for key, (memory, before, stamp) in log.items():
            memory[...] = before
            written.pop(key)
            if stamp:
                written[key] = stamp
