"""The arrays of whoever records, by the names of their variables."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

import numpy as np

from tinyxm.autograd import Parameter, Tensor
from tinyxm.autograd.places import to_host
from tinyxm.nn import Module
from tinyxm.optim import Optimizer

INNER = str(Path(__file__).parent), contextlib.__file__


def caller() -> FrameType:
    """The frame of the `with` statement: the innermost that isn't of this room, or runs generators as contexts."""
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_code.co_filename.startswith(INNER):
        frame = frame.f_back
    return frame


def variables(frame: FrameType) -> Iterator[tuple[str, Any]]:
    """Arrays by the names of the caller's variables, and of what these hold, two levels down."""
    for name, x in _held(frame):
        if not isinstance(x, Module | Optimizer):
            yield name, x.data if isinstance(x, Tensor) else x


def weights(frame: FrameType) -> Iterator[tuple[str, str, Any]]:
    """(name, "parameter" or "buffer", what holds the array) of the caller's Parameters and of their modules', as
    "layer.weight"; and of those that are global where they are used."""
    found = dict(_held(frame))
    for name, x in list(frame.f_globals.items()):
        if isinstance(x, Module | Parameter) and not name.startswith("_"):
            found.setdefault(name, x)
    for name, x in found.items():
        if isinstance(x, Parameter):
            yield name, "parameter", x
        elif isinstance(x, Module):
            for path, parameter in x.named_parameters():
                yield f"{name}.{path}", "parameter", parameter
            for path, buffer in x.named_buffers():
                yield f"{name}.{path}", "buffer", buffer


def optimizers(frame: FrameType) -> Iterator[Optimizer]:
    """Those among the caller's variables."""
    return (x for _, x in _held(frame) if isinstance(x, Optimizer))


class Names:
    """What the caller calls its arrays: by identity, by the first of several names; and what came in as a copy, by what
    it holds."""

    def __init__(self, frame: FrameType) -> None:
        self.named = [*variables(frame), *((name, x.data) for name, _, x in weights(frame))]
        self.by_identity = {id(array): name for name, array in reversed(self.named)}
        self.taken = {name for name, _ in self.named}

    def of(self, array: Any, copies: bool = False) -> str:
        """Its name, or ""."""
        name = self.by_identity.get(id(array), "")
        if name or not copies or array.size < 2:
            return name
        return next((name for name, other in self.named if same(other, array)), "")


def same(a: Any, b: np.ndarray) -> bool:
    """Whether b holds what a does, apart from axes of length 1."""
    return _alike(a, b) and np.array_equal(to_host(a).ravel(), b.ravel(), equal_nan=True)


def masks(a: Any, b: np.ndarray) -> bool:
    """Whether b holds what a does, but for what a mask made 0."""
    if not (_alike(a, b) and b.dtype.kind == "f"):
        return False
    x, y = to_host(a).ravel(), b.ravel()
    left = y != 0
    return bool(left.sum() > 1) and np.array_equal(x[left], y[left])


def _alike(a: Any, b: np.ndarray) -> bool:
    lengths = [[n for n in x.shape if n != 1] for x in (a, b)]
    return lengths[0] == lengths[1] and a.dtype.kind in "fiub"


def _held(frame: FrameType) -> Iterator[tuple[str, Any]]:
    """Tensors, arrays, modules and optimizers that the caller's variables are or hold, as self.optimizer: its own, and
    globals that its code names. Variables come before what others hold, and earlier ones before later: so the first of
    several names for one thing is its own, and not that of a loop over things like it."""
    named = {name: frame.f_globals[name] for name in frame.f_code.co_names if name in frame.f_globals}
    mine = {name: x for name, x in {**named, **frame.f_locals}.items() if not name.startswith("_")}
    found = [item for name, x in mine.items() for item in _within(name, x, 2)]
    yield from sorted(found, key=lambda item: item[0] not in mine)


def _within(name: str, x: Any, deep: int) -> Iterator[tuple[str, Any]]:
    parts: list[tuple[str, Any]] = []
    if isinstance(x, Tensor | Module | Optimizer) or is_array(x):
        yield name, x
    elif isinstance(x, dict):
        parts = [(f"{name}[{key!r}]", part) for key, part in x.items()]
    elif isinstance(x, tuple) and hasattr(x, "_fields"):
        parts = [(f"{name}.{key}", part) for key, part in zip(x._fields, x, strict=True)]
    elif isinstance(x, list | tuple):
        parts = [(f"{name}[{i}]", part) for i, part in enumerate(x)]
    elif is_dataclass(x) and not isinstance(x, type):
        parts = [(f"{name}.{one.name}", getattr(x, one.name)) for one in fields(x)]
    if not parts and not isinstance(x, type | ModuleType | Tensor | Optimizer):  # an object of the caller's own class
        kinds = Optimizer if isinstance(x, Module) else Tensor | Module | Optimizer
        parts = [(f"{name}.{key}", part) for key, part in getattr(x, "__dict__", {}).items() if isinstance(part, kinds)]
    for called, part in parts if deep else ():
        yield from _within(called, part, deep - 1)


def is_array(x: Any) -> bool:
    return hasattr(x, "dtype") and hasattr(x, "shape") and hasattr(x, "nbytes")


def file_name(file: str) -> str:
    """What a person calls this file of code: by its name, or, for a notebook's cell, "In[3]"."""
    shell = sys.modules["IPython"].get_ipython() if "IPython" in sys.modules else None
    called = getattr(getattr(shell, "compile", None), "format_code_name", None)
    cell = called(file) if called is not None else None
    return str(cell[1]) if cell else Path(file).name
