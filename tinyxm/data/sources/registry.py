"""The sources of data: what each holds, whose it is, how it is loaded. `load("scenes")` gives Samples."""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from ..samples import Samples
from . import MissingExtra, require

KINDS = ("image", "frames", "sound", "text", "words", "strokes", "numbers", "events", "objects")
ORIGINS = ("drawn", "recorded", "synthesised", "simulated", "measured", "written", "generated", "yours")


@dataclass(frozen=True)
class Modality:
    """What one modality of a source is. `kind` is one of KINDS; `rate_hz` is a sound's, `frames_per_second` a film's.

    image: (height, width, channels) or several of one kind, (k, height, width, channels). frames: (frames, height,
    width, channels). sound: (samples,) or (samples, channels), −1 to 1. text: a str. words: a list of them. strokes: a
    list of (points, 2), x and y from 0 to 1, y down. numbers: (columns,), named by `columns`. events: (events,
    columns). objects: a list of records.
    """

    kind: str
    what: str
    rate_hz: int | None = None
    frames_per_second: float | None = None
    columns: tuple[str, ...] = ()


@dataclass(frozen=True)
class Source:
    """One source of data.

    `origin` says how the data came about: drawn by people, recorded, synthesised, simulated, measured ...; it's shown
    wherever the data is. `load(**settings)` gives the Samples, `specimen()` a few of them, within a second or two where
    the packages are there. `packages` are what it needs of the extra `data`; `schema` counts the changes of what
    tinyxm makes of them.
    """

    name: str
    what: str
    origin: str
    modalities: Mapping[str, Modality]
    size: str
    licence: str
    citation: str
    load: Callable[..., Samples]
    specimen: Callable[[], Samples]
    packages: tuple[str, ...] = ()
    schema: int = 1
    notes: tuple[str, ...] = field(default=())
    file: str = ""  # the environment variable that names what a user downloads, and how to obtain it
    obtain: str = ""

    @property
    def version(self) -> str:
        """The releases of its packages, as installed, and tinyxm's schema: what derived arrays are kept under."""
        return ", ".join([*(f"{name} {_release(name)}" for name in self.packages), f"schema {self.schema}"])

    @property
    def missing(self) -> str:
        """Why it can't be loaded here, with what to do; empty where all packages are there, and what one downloads."""
        try:
            require(self.name, "data", self.packages)
        except MissingExtra as error:
            return str(error)
        return f"{self.name}: {self.obtain}" if self.file and not os.environ.get(self.file) else ""

    def record(self) -> dict[str, Any]:
        """All that is told of it, as plain values (for JSON)."""
        return {
            "name": self.name,
            "what": self.what,
            "origin": self.origin,
            "modalities": {
                name: {k: v for k, v in vars(modality).items() if v not in (None, ())}
                for name, modality in self.modalities.items()
            },
            "size": self.size,
            "licence": self.licence,
            "citation": self.citation,
            "packages": list(self.packages),
            "version": self.version,
            "missing": self.missing,
            "notes": list(self.notes),
        }


class Registry(Mapping[str, Source]):
    """Sources by name, in the order in which they were added. An unknown name is answered with the nearest."""

    def __init__(self) -> None:
        self._sources: dict[str, Source] = {}

    def add(self, source: Source) -> Source:
        """Add a source. Raises ValueError for a name that is taken, an unknown kind or an unknown origin."""
        if source.name in self._sources:
            raise ValueError(f"sources: {source.name!r} is there already")
        if unknown := {m.kind for m in source.modalities.values()} - set(KINDS):
            raise ValueError(
                f"sources: {source.name} has modalities of kind {sorted(unknown)}; expected one of {KINDS}"
            )
        if source.origin not in ORIGINS:
            raise ValueError(f"sources: {source.name} is {source.origin!r}; expected one of {ORIGINS}")
        self._sources[source.name] = source
        return source

    def __getitem__(self, name: str) -> Source:
        if name not in self._sources:
            near = difflib.get_close_matches(name, self._sources, 3, 0.5) or list(self._sources)
            raise ValueError(f"sources: no source {name!r}; there is {', '.join(near)}")
        return self._sources[name]

    def __contains__(self, name: object) -> bool:
        return name in self._sources

    def __iter__(self) -> Iterator[str]:
        return iter(self._sources)

    def __len__(self) -> int:
        return len(self._sources)


SOURCES = Registry()


def load(name: str, **settings: Any) -> Samples:
    """The samples of a source, such as load("scenes", n=500, rng=1); `SOURCES[name].load` tells its settings.

    Raises ValueError for an unknown source, with the nearest there are; MissingExtra with the pip line where a package
    isn't installed.
    """
    return SOURCES[name].load(**settings)


def _release(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "(not installed)"
