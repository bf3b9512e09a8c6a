"""What the tape tells whoever listens: one event for each rule that ran.

The debugger, the profiler and the anomaly mode are listeners; nothing else is instrumented. With nobody listening an
operation pays one look at an empty list.
"""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import tinyxm_kernels
from tinyxm.autograd import random

Listener = Callable[["Event"], None]
listeners: list[Listener] = []

_PACKAGE = Path(__file__).parents[1]
_INNER = (*(str(_PACKAGE / room) for room in ("autograd", "ops", "nn", "optim")), str(Path(np.__file__).parent), "<")


class _Context(threading.local):
    """Where this thread is: the modules being called, outermost first, and the phase of the training step."""

    def __init__(self) -> None:
        self.modules: list[str] = []
        self.phase = "forward"


context = _Context()


@dataclass(frozen=True, slots=True, eq=False)
class Event:
    """One rule that ran.

    `kind` is `forward`, `adjoint`, `accumulate`, `clip` or `update`; `phase` the part of the training step it ran in
    (`forward`, `backward`, `clip`, `update`: the adjoints of a second derivative record forwards in the backward).
    `operands` and `saved` map names to arrays, `static` maps the other arguments. `node` is the tape's, where one was
    made or followed. `source` is the user's line, `(file, line, function)`. `random_state` is the default generator's,
    before the rule. `seconds` is wall time. `flops` is an estimate: a kernel's own formula for its forward, one per
    element of the result elsewhere. `bytes` counts the operands read and the result written.
    """

    kind: str
    operation: str
    operands: dict[str, Any]
    static: dict[str, Any]
    saved: dict[str, Any]
    result: Any
    seconds: float
    random_state: Mapping[str, Any]
    node: Any = None
    phase: str = field(default_factory=lambda: context.phase)
    module: str = field(default_factory=lambda: ".".join(context.modules))
    source: tuple[str, int, str] | None = field(default_factory=lambda: user_line())

    @property
    def flops(self) -> int:
        if self.operation in tinyxm_kernels.operations():
            return tinyxm_kernels.flops(self.operation, *self.operands.values(), *self.static.values())
        return int(np.size(self.result))

    @property
    def bytes(self) -> int:
        return sum(getattr(x, "nbytes", 0) for x in (*self.operands.values(), self.result))


def observe(
    kind: str,
    operation: str,
    rule: Callable[..., Any],
    operands: dict[str, Any],
    static: dict[str, Any] | None = None,
    saved: dict[str, Any] | None = None,
    node: Any = None,
) -> Any:
    """Run rule(*operands), tell the listeners, and return its result."""
    start = before()
    result = rule(*operands.values())
    emit(start, kind, operation, operands, static or {}, saved or {}, result, node)
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
) -> None:
    """Tell the listeners of a rule that ran since `start`."""
    seconds = time.perf_counter() - start[0]
    event = Event(kind, operation, operands, static, saved, result, seconds, start[1], node)
    for listener in tuple(listeners):
        listener(event)


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


def user_line() -> tuple[str, int, str] | None:
    """The innermost line on the stack that isn't the engine's, a layer's or NumPy's."""
    frame = sys._getframe(1)
    while frame is not None:
        code = frame.f_code
        if not code.co_filename.startswith(_INNER):
            return code.co_filename, frame.f_lineno, code.co_name
        frame = frame.f_back  # type: ignore[assignment]  # None ends the stack
    return None
