"""What the files of a room say of its rungs, without importing them: their names, backends and devices."""

from __future__ import annotations

import re
from functools import cache
from importlib import import_module


@cache
def files_of(room: str) -> list[str]:
    """The rungs of a room by their files: the reference first, the rest by name; `_files` are the room's own."""
    from pkgutil import iter_modules  # this and its like where they are called: importing tinyxm calls none of them

    names = [module.name for module in iter_modules(import_module(room).__path__)]
    return sorted((name for name in names if not name.startswith("_")), key=lambda name: (name != "reference", name))


@cache
def backend_of(room: str, name: str) -> str:
    """The backend of a rung, read in its file: importing it, only to see that it isn't wanted, would import Numba."""
    from importlib.util import find_spec
    from pathlib import Path

    found = find_spec(f"{room}.{name}")
    source = Path(found.origin).read_text("utf-8") if found and found.origin else ""
    said = re.search(r"""\bbackend=["'](\w+)["']""", source)
    return said[1] if said else "numpy"


def device_of(room: str, name: str) -> str:
    return "cuda" if backend_of(room, name) == "cuda" else "cpu"
