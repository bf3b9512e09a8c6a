"""A training film: every n-th step recorded, so that a number can be watched over time; or two steps side by side."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from tinyxm.nn import Module
from tinyxm.optim import Optimizer
from tinyxm.steps import trace
from tinyxm.steps.looks import Look
from tinyxm.steps.recording import record
from tinyxm.steps.step import Step

FORMAT = "tinyxm-film/1"


class Film:
    """Records every `every`-th step of a training, each as a trace of its own; `show` and `words` as `record` has them.

    film = xm.steps.Film(every=10)
    for batch in batches:
        with film.step(model, optimizer):
            loss = ...
            loss.backward()
            optimizer.step()
    film.to_html("film.html")

    A step that isn't recorded costs nothing more. The steps should be alike, the same operations on arrays of the same
    shapes, so that one of them can be laid over another. Where all of it would be larger than 25 MB the film ends, with
    a warning, and the training goes on.
    """

    def __init__(
        self,
        every: int = 1,
        title: str = "",
        show: Mapping[str, Look] | None = None,
        words: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        if every < 1:
            raise ValueError(f"Film: every {every}: expected 1 or more")
        self.every, self.title, self.show_as, self.words = every, title, show, words
        self.count = 0  # steps so far
        self.full = False  # whether it has reached its largest size
        self.at: list[int] = []  # which of them were recorded, from 1
        self.frames: list[trace.Json] = []

    @contextmanager
    def step(self, model: Module | None = None, optimizer: Optimizer | None = None) -> Iterator[Step | None]:
        """The next step of the training, recorded if its turn has come; else None is given."""
        self.count += 1
        if self.full or (self.count - 1) % self.every:
            yield None
            return
        with record(model, optimizer, title=self.title, show=self.show_as, words=self.words) as step:
            yield step
        try:
            self.add(step, self.count)
        except ValueError as error:  # the training goes on: it's worth more than its film
            self.full = True
            warnings.warn(f"{error}; the film ends before step {self.count}", stacklevel=3)

    def add(self, step: Step, at: int) -> None:
        """One more frame, of step `at`."""
        frame = trace.encode(step, checks=False)
        size = sum(len(other["blob"]) for other in (*self.frames, frame))
        if size > trace.REFUSE:
            raise ValueError(
                f"Film: {len(self.frames) + 1} steps are {size / 1e6:.3g} MB, expected at most "
                f"{trace.REFUSE / 1e6:.3g}: record fewer, as by Film(every={2 * self.every}), or a smaller model"
            )
        self.frames.append(frame)
        self.at.append(at)

    def encode(self) -> trace.Json:
        """{"format": "tinyxm-film/1", "title", "at": step numbers, "frames": traces}"""
        if not self.frames:
            raise ValueError("Film: no step was recorded; use film.step(model, optimizer) around each")
        return {"format": FORMAT, "title": self.title or "A training film", "at": self.at, "frames": self.frames}

    def to_html(self, path: str | Path) -> None:
        """Write the film as one page, which holds all that it shows."""
        from tinyxm.steps import page

        page.write(self.encode(), path)


def compare(steps: Sequence[Step], title: str = "") -> Film:
    """Two steps or more as one film, to lay one over another: before and after, or one setting and another. Steps that
    `record` gave titles of their own are called by these."""
    film = Film(title=title or "Steps side by side")
    for at, step in enumerate(steps, start=1):
        film.add(step, at)
    return film
