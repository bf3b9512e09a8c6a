"""Exercises: one function of the package each, left to the student, while the rest of the package works as it is."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

Function = Callable[..., Any]


@dataclass(frozen=True)
class Case:
    """A call of the student's function and what must come of it.

    `told` says it in the student's words; `expected` is the value, or a function that judges the answer and returns
    what is wrong with it, or None. `sizes` names the lengths in play, such as {"batch": 5}, to know a wrong factor by;
    `square` says that all sizes are equal, where a transposed answer goes unseen.
    """

    told: str
    arguments: tuple[Any, ...]
    expected: Any
    tolerance: float = 1e-5
    sizes: Mapping[str, int] = field(default_factory=dict)
    square: bool = False


@dataclass(frozen=True)
class Trap:
    """A wrong answer that is often given, and what to say to whom gives it."""

    told: str
    function: Function


@dataclass(frozen=True)
class Exercise:
    """What a file of checks tells of its exercise.

    `cases` draws the calls from a random generator. `trial`, where there is one, trains or runs something small with
    the student's function in the package's place (given None: with the package's own), and both must come to the same.
    `returns` names the parts of what is returned, where they are several, for a mistake to be told by.
    """

    title: str
    lesson: str
    points: int
    function: str
    hints: tuple[str, str, str]
    cases: Callable[[np.random.Generator], Iterator[Case]]
    traps: tuple[Trap, ...]
    trial: Callable[[Function | None], Any] | None = None
    trial_told: str = "in the package's place"
    returns: tuple[str, ...] = ()
    seconds: float = 60.0
    name: str = ""

    @property
    def number(self) -> int:
        return int(self.name[2:4])

    @property
    def short(self) -> str:
        """Such as ex04, by which it is called."""
        return self.name[:4]

    @property
    def stub(self) -> Path:
        return folder() / f"{self.name}.py"

    @property
    def solution(self) -> Path:
        return folder() / "solutions" / f"{self.name}.py"


def folder() -> Path:
    """Where the exercises stand: in a checkout, or in what was installed."""
    for place in (Path(__file__).parents[2] / "tutorials", Path(__file__).parent / "tutorials"):
        if (place / "exercises").is_dir():
            return place / "exercises"
    raise FileNotFoundError("course: the exercises aren't beside the package; install tinyxm again")


@cache
def exercises() -> dict[str, Exercise]:
    """All exercises by their names, in the order of the course."""
    return {path.stem: _read(path) for path in sorted((folder() / "checks").glob("ex[0-9][0-9]_*.py"))}


def exercise(name: str) -> Exercise:
    """An exercise by its name, its short name or its number: ex04_neuron_gradient, ex04, 4. Raises ValueError."""
    number = re.fullmatch(r"(?:ex)?0*(\d+)(?:_.*)?", name)
    for each in exercises().values():
        if name == each.name or (number and "_" not in name and int(number[1]) == each.number):
            return each
    raise ValueError(f"exercise: {name!r} isn't one of the course; run `tinyxm check` for the list")


def _read(path: Path) -> Exercise:
    told: Exercise = load(path).EXERCISE
    return replace(told, name=path.stem)


def load(path: Path) -> ModuleType:
    """A Python file as a module of its own, whatever its name is."""
    if path.suffix.lower() != ".py":
        raise ValueError(f"exercise: {path} is no Python file; its name must end with .py")
    name = re.sub(r"\W", "_", path.stem)
    loader = SourceFileLoader(name, str(path))
    spec = importlib.util.spec_from_loader(name, loader)
    assert spec
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module
