"""Make docs/api.md, every public name with its signature and docstring: `python docs/make_api.py`"""

from __future__ import annotations

import inspect
import pkgutil
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

PAGE = Path(__file__).with_name("api.md")
ROOMS = (
    *("tinyxm", "tinyxm.autograd", "tinyxm.ops", "tinyxm.nn", "tinyxm.nn.init", "tinyxm.optim", "tinyxm.metrics"),
    *("tinyxm.data", "tinyxm.data.audio", "tinyxm.models", "tinyxm.course", "tinyxm_kernels"),
)
INTRODUCTION = """\
`import tinyxm as xm`. Shapes are in brackets; g is the gradient of the result y, and ∂x that of an input x. This page
is made from the docstrings by `python docs/make_api.py`; `help(xm.ops.softmax)` shows the same.
"""


def page() -> str:
    """The whole page."""
    told: dict[int, str] = {}
    lines = ["# Every public name", "", INTRODUCTION]
    for room in rooms():
        lines += [f"## {title(room)}", "", "```text", inspect.getdoc(room) or "", "```", ""]
        for name in public_names(room):
            thing, full = getattr(room, name), f"{title(room)}.{name}"
            first = told.setdefault(id(thing), full)
            lines += [f"### {full}", "", *(entry(name, thing) if first == full else [f"The same as `{first}`."]), ""]
    return "\n".join(lines).rstrip() + "\n"


def title(room: ModuleType) -> str:
    """What a room is called where tinyxm is imported as xm."""
    return room.__name__.replace("tinyxm.", "xm.") if room.__name__ != "tinyxm" else "xm"


def rooms() -> Iterator[ModuleType]:
    """The rooms, and after one that offers nothing itself the files it is made of."""
    for name in ROOMS:
        room = import_module(name)
        yield room
        if not public_names(room):
            yield from (import_module(f"{name}.{file.name}") for file in pkgutil.iter_modules(room.__path__))


def public_names(room: ModuleType) -> list[str]:
    """What a room offers, modules aside: its `__all__`, or else what is defined in it."""
    own = [n for n, v in vars(room).items() if n[0] != "_" and getattr(v, "__module__", "") == room.__name__]
    return [n for n in sorted(getattr(room, "__all__", own), key=str.lower) if callable(getattr(room, n))]


def entry(name: str, thing: Any) -> list[str]:
    """Signature and docstring, and a line for each method and property of a class's own that has a docstring."""
    lines = ["```text", name + signature(thing), "", *(inspect.getdoc(thing) or "").split("\n"), "```"]
    for method, value in vars(thing).items() if inspect.isclass(thing) else ():
        function = getattr(value, "fget", None) or getattr(value, "__func__", value)
        words = inspect.getdoc(function) if inspect.isroutine(function) and method[0] != "_" else None
        if words:
            called = "" if isinstance(value, property) else signature(function, bound=True)
            paragraph, *_ = words.split("\n\n")
            lines.append(f"- `.{method}{called}`: {' '.join(paragraph.split())}")
    return lines


def signature(thing: Any, bound: bool = False) -> str:
    """The parameters with their defaults; the types stand in the source."""
    if inspect.isclass(thing) and issubclass(thing, Exception):
        return ""
    found = inspect.signature(thing)
    shown = [p.replace(annotation=p.empty, default=default(p)) for p in found.parameters.values()]
    return str(found.replace(parameters=shown[bound:], return_annotation=found.empty))


def default(parameter: inspect.Parameter) -> Any:
    return Named(parameter.default.__name__) if inspect.isroutine(parameter.default) else parameter.default


class Named(str):
    """A default that is shown by its name, not by where it lies in memory."""

    __slots__ = ()
    __repr__ = str.__str__


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
