"""What the tape tells whoever listens: one event for each rule that ran.

The debugger, the profiler and the anomaly mode are listeners; nothing else is instrumented. With nobody listening an
operation pays one look at an empty list.
"""

from __future__ import annotations

import os
import sys
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple

import numpy as np

import tinyxm_kernels
from tinyxm.autograd import random

Listener = Callable[["Event"], None]
listeners: list[Listener] = []

_PACKAGE = os.path.dirname(os.path.dirname(__file__))
_ROOMS = (os.path.join(_PACKAGE, room) for room in ("autograd", "ops", "nn", "optim"))
_INNER = (*_ROOMS, os.path.dirname(np.__file__), "<primitive ")

# Where each node was made, while someone listens: (module, source, flops), for the events of its adjoints
origins: weakref.WeakKeyDictionary[Any, tuple[str, tuple[str, int, str] | None, int]] = weakref.WeakKeyDictionary()


class _Context(threading.local):
    """Where this thread is: the modules being called, outermost first, and the phase of the training step."""

    def __init__(self) -> None:
        self.modules: list[str] = []
        self.phase = "forward"


context = _Context()


class Event(NamedTuple):
    """One rule that ran.

    `kind` is `forward`, `adjoint`, `accumulate`, `hook`, `clip` or `update`; `phase` the part of the training step it
    ran in: `forward`, `backward` (where the adjoints of a second derivative record forwards), `recompute` (a
    checkpoint's forwards in the backward), `clip` or `update`.
    `operands` and `saved` map names to arrays, `static` maps the other arguments. `node` is the tape's, where one was
    made or followed; `inputs` maps a forward's operands to the nodes they came from (None: no gradient reaches them; a
    list for a sequence), and `to` is the node that an adjoint's result goes to. `function` is the operation itself, or
    the adjoint's rule. `module` is the path of layers, and `source` the user's line, `(file, line, function)`: an
    adjoint's are those of its forward. `random_state` is the default generator's, before the rule. `seconds` is wall
    time. `flops` is an estimate: a kernel's own formula, for its adjoints too; one per element of the result elsewhere.
    """

    kind: str
    operation: str
    operands: dict[str, Any]
    static: dict[str, Any]
    saved: dict[str, Any]
    result: Any
    seconds: float
    random_state: Mapping[str, Any]
    node: Any
    phase: str
    module: str
    source: tuple[str, int, str] | None
    flops: int
    inputs: dict[str, Any]
    to: Any
    function: Callable[..., Any] | None

    def __eq__(self, other: object) -> bool:  # to compare the arrays within gives arrays
        return self is other

    def __ne__(self, other: object) -> bool:
        return self is not other

    def __hash__(self) -> int:
        return id(self)

    @property
    def bytes(self) -> int:
        """Read from the operands and written to the result."""
        return sum(getattr(x, "nbytes", 0) for x in (*self.operands.values(), self.result))


def observe(
    kind: str,
    operation: str,
    rule: Callable[..., Any],
    operands: dict[str, Any],
    static: dict[str, Any] | None = None,
    saved: dict[str, Any] | None = None,
    node: Any = None,
    to: Any = None,
    function: Callable[..., Any] | None = None,
) -> Any:
    """Run rule(*operands), tell the listeners, and return its result."""
    start = before()
    result = rule(*operands.values())
    emit(start, kind, operation, operands, static or {}, saved or {}, result, node, None, to, function)
    return result


def before() -> tuple[float, Mapping[str, Any]]:
    """What an event needs from before its rule ran: the time, and the default generator's state."""
    state = random.generator().bit_generator.state
    return time.perf_counter(), state


def emit(
    start: tuple[float, Mapping[str, Any]],
    kind: str,
    operation: str,
    operands: dict[str, Any],
    static: dict[str, Any],
    saved: dict[str, Any],
    result: Any,
    node: Any = None,
    inputs: dict[str, Any] | None = None,
    to: Any = None,
    function: Callable[..., Any] | None = None,
) -> None:
    """Tell the listeners of a rule that ran since `start`; of Tensors they are told the arrays."""
    seconds = time.perf_counter() - start[0]
    operands, saved = ({name: _array(x) for name, x in values.items()} for values in (operands, saved))
    result = _array(result)
    kernel = operation.partition(".")[0] in tinyxm_kernels.operations()
    if kind == "adjoint" and node in origins:
        module, source, flops = origins[node]
    else:
        module, source, flops = ".".join(context.modules), user_line(), int(np.size(result))
        if kernel and kind == "forward":
            with suppress(TypeError, ValueError):  # a rule of that name which is another's
                flops = tinyxm_kernels.flops(operation, *operands.values(), *static.values())
    if kind == "forward" and node is not None:
        origins[node] = module, source, flops
    if not kernel:
        flops = int(np.size(result))
    event = Event(
        *(kind, operation, operands, static, saved, result, seconds, start[1]),
        *(node, context.phase, module, source, flops, inputs or {}, to, function),
    )
    for listener in tuple(listeners):
        listener(event)


def _array(x: Any) -> Any:
    return x.data if hasattr(x, "requires_grad") else x


def at(source: tuple[str, int, str] | None) -> str:
    """A user's line in words."""
    return f" at {source[0]}:{source[1]}, in {source[2]}" if source else ""


def recorded(node: Any) -> str:
    """Where a node was recorded, or how to find out, in words: for an error on the way back."""
    if node not in origins:
        return "to see the line that recorded it, run forward and backward within tinyxm.debug()"
    module, source, _ = origins[node]
    return f"recorded{at(source)}" + (f", in the module {module}" if module else "")


@contextmanager
def listen(listener: Listener) -> Iterator[Listener]:
    """Call listener(event) after each rule that runs within this context, in any thread."""
    listeners.append(listener)
    try:
        yield listener
    finally:
        listeners.remove(listener)


@contextmanager
def phase(name: str) -> Iterator[None]:
    """Mark the events within this context as a part of the training step."""
    outer, context.phase = context.phase, name
    try:
        yield
    finally:
        context.phase = outer


@contextmanager
def within(modules: Iterable[str]) -> Iterator[None]:
    """Mark the events within this context as of these modules, outermost first."""
    outer, context.modules = context.modules, list(modules)
    try:
        yield
    finally:
        context.modules = outer


def user_line() -> tuple[str, int, str] | None:
    """The innermost line on the stack that isn't the engine's, a layer's or NumPy's."""
    frame = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        if not code.co_filename.startswith(_INNER):
            return code.co_filename, frame.f_lineno, code.co_name
        frame = frame.f_back  # type: ignore[assignment]  # None ends the stack
    return None
