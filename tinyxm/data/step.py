"""A step of preparing data: a function from arrays to arrays that can also show itself, before and after.

@step(before=drawing.waveform, after=drawing.spectrogram)
def log_mel(sound, *, rate_hz, ...): ...

log_mel(sound, rate_hz=16_000)                          # the array
log_mel.plot(sound, rate_hz=16_000).savefig("log_mel.png")  # what went in and what came out, side by side
"""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Mapping
from functools import update_wrapper
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, TypeVar

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

P = ParamSpec("P")
R = TypeVar("R")
Drawer = Callable[["Axes", Any, Mapping[str, Any]], None]  # draws a value; it is told all settings of the step


class Step(Generic[P, R]):
    """A function under `@step`: called as ever, and drawn by `plot`."""

    def __init__(self, function: Callable[P, R], before: Drawer, after: Drawer) -> None:
        update_wrapper(self, function)
        self.function, self.before, self.after = function, before, after
        self.signature = inspect.signature(function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)

    def __repr__(self) -> str:
        return f"<step {self.function.__name__}{self.signature}>"

    def plot(self, *args: P.args, **kwargs: P.kwargs) -> Figure:
        """The step on these arguments, as a matplotlib Figure: its input on the left, its result on the right."""
        from matplotlib.figure import Figure

        bound = self.signature.bind(*args, **kwargs)
        bound.apply_defaults()
        result = self.function(*args, **kwargs)
        (_, given), *rest = bound.arguments.items()
        settings = dict(rest)
        figure = Figure(figsize=(9.5, 3.4), layout="constrained")
        left, right = figure.subplots(1, 2)
        self.before(left, given, settings)
        self.after(right, result, settings)
        told = ", ".join(f"{name} {value}" for name, value in settings.items() if isinstance(value, int | float | str))
        title = f"{self.function.__name__}" + f"  ({told})" * bool(told)
        figure.suptitle(textwrap.fill(title, 110), fontsize=10)
        return figure


def step(before: Drawer, after: Drawer | None = None) -> Callable[[Callable[P, R]], Step[P, R]]:
    """Make a function a step: `before` draws its first argument, `after` (by default the same) its result."""
    return lambda function: Step(function, before, after or before)
