"""One recorded training step: its operations, its values, and what became of its parameters."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from tinyxm.autograd import events
from tinyxm.nn import Module
from tinyxm.optim import Optimizer
from tinyxm.steps.looks import MASKED, Look
from tinyxm.steps.variables import caller

Array = NDArray[Any]
PHASES = ("data", "forward", "loss", "backward", "gradient norm", "clip", "moments", "update", "after")


@dataclass(eq=False)
class Value:
    """One array of a step. `role` is input (a variable of the caller's), constant (any other array that no operation
    of the step made, such as a mask), parameter, buffer, activation, gradient or state; `of` is the number of the
    value whose gradient it is, or of the parameter whose state."""

    number: int
    array: Array
    name: str
    role: str
    of: int | None = None
    made_by: int | None = None  # the operation


class Ref(int):
    """The number of a Value, which is told from a plain number so."""


Operands = dict[str, Any]  # name → the Ref of a Value, a list of them, or a plain number or None


@dataclass(eq=False)
class Operation:
    """One operation of a step. `of` is the forward operation that an adjoint or accumulation belongs to; `also` are
    results beside the first, by name; `function` is the operation, or the adjoint's rule. `known` are the static
    arguments that are arrays of the step, such as a normalisation's statistics; `branches`, of an accumulation, the
    adjoints whose results are brought together, of which it's the `joined` first; or it `gathers`: adds to what a
    gradient held before the backward pass. What no operation of the engine's made, but a value holds at the next look,
    is of the kind `hand`, with the operand `before`."""

    phase: str
    kind: str
    name: str
    operands: Operands
    result: int | None
    also: dict[str, int] = field(default_factory=dict)
    known: dict[str, Ref] = field(default_factory=dict)
    static: dict[str, Any] = field(default_factory=dict)
    saved: tuple[str, ...] = ()
    module: str = ""
    source: tuple[str, int, str] | None = None
    seconds: float = 0.0
    flops: int = 0
    bytes: int = 0
    function: Callable[..., Any] | None = None
    random_state: Mapping[str, Any] | None = None
    of: int | None = None
    branches: list[Operation] = field(default_factory=list)
    joined: int = 0
    gathers: bool = False
    number: int = -1


@dataclass(eq=False)
class Clip:
    """One call that clipped: its name, its limit, the norm of all that it was given, and its operations."""

    name: str
    limit: float
    norm: float
    operations: list[Operation]


@dataclass(eq=False)
class Update:
    """What became of one parameter: numbers of Values, before and after; `state` holds pairs of them by name."""

    name: str
    before: int
    gradient: int
    clipped: int | None
    after: int
    state: dict[str, tuple[int, int]]
    settings: dict[str, Any]
    operation: str
    optimizer: Optimizer


class Step:
    """One recorded training step: `operations` in their order, `values` by their number, `updates` of the parameters.

    with xm.record(model, optimizer) as step:
        loss = xm.ops.cross_entropy(model(x), labels)
        loss.backward()
        optimizer.step()
    step.to_html("step.html")

    Arrays are copied as they come: a step keeps all of them, so record a small model, or a small batch.
    """

    def __init__(
        self,
        model: Module | None,
        optimizer: Optimizer | None,
        title: str,
        show: Mapping[str, Look],
        words: Mapping[str, Sequence[str]],
    ) -> None:
        self.model, self.title, self.show_as = model, title, dict(show)
        self.optimizers = [] if optimizer is None else [optimizer]  # and those of the caller's variables
        self.words = dict(words)  # of each parameter that they are told of, what its rows stand for
        self.operations: list[Operation] = []
        self.values: list[Value] = []
        self.updates: list[Update] = []
        self.clips: list[Clip] = []  # in their order
        self.losses: list[int] = []  # the numbers of the Values that backward passes began at
        self.seeds: list[int] = []  # and of the gradients that these began with
        self.emptied: dict[int, int] = {}  # a pass's gradient → the one of an earlier pass that was thrown away for it
        self.kept: list[str] = []  # parameters whose gradient held something before the step
        self.repeated = False  # whether the optimizer stepped again: what came then isn't recorded
        self.modules: dict[str, str] = {}  # path → what it is
        self.recorded = False  # whether the `with` block has ended

    def __enter__(self) -> Step:
        if self.recorded or hasattr(self, "_listening"):
            raise RuntimeError("record: this step has been recorded; call xm.record(...) again for another")
        from tinyxm.steps.recording import Recorder

        self._frame = caller()
        self._recorder = Recorder(self, self._frame)
        self._listening = events.listen(self._recorder)
        self._listening.__enter__()
        return self

    def __exit__(self, *error: Any) -> None:
        self._listening.__exit__(*error)
        from tinyxm.steps.finish import finish

        finish(self._recorder, self._frame)
        self.recorded = True
        del self._frame, self._recorder, self._listening
        if not any(error):
            self._check_shown()

    def _check_shown(self) -> None:
        """Raise ValueError where `show` or `words` tells of what isn't there."""
        for name, words in self.words.items():
            given = [v for v in self.values if v.name == name and v.role in ("parameter", "input")]
            if not any(_names(words, v) for v in given):
                found = f"of shape {given[0].array.shape}" if given else "no parameter or input"
                raise ValueError(
                    f"record: words: {name!r} is {found}; expected a table of {len(words)} rows, one a word, or whole "
                    f"numbers below {len(words)}"
                )
        there = dict.fromkeys(value.name.removesuffix(MASKED) for value in self.values if value.role == "input")
        there |= dict.fromkeys(value.name for value in self.values)
        if unknown := [name for name in self.show_as if name not in there]:
            named = [value.name for value in self.values if value.role == "input"] or [*there][:12]
            raise ValueError(
                f"record: show: nothing is called {', '.join(map(repr, unknown))} in this step; inputs are "
                f"{', '.join(map(repr, named)) or 'none'}"
            )

    def pass_of(self, gradient: int) -> int:
        """Which backward pass brought it, from 1."""
        return bisect_right(self.seeds, gradient)

    def to_html(self, path: str | Path, at: str = "") -> None:
        """Write the step as one page, which holds all that it shows. Raises ValueError as `save`, and for a place that
        isn't there.

        It opens at the place `at`, as its address would say it: "op=17&cell=3,5", or a weight to follow through the
        step, "weight=0.weight[1,2]".
        """
        from tinyxm.steps import page, trace

        told = trace.encode(self)
        page.check_place(told, at)
        page.write(told, path, at)

    def show(self) -> Any:
        """The page as a widget, for a notebook. Raises MissingExtra without the extra `notebook`."""
        from tinyxm.steps import notebook, trace

        return notebook.widget(trace.encode(self))

    def save(self, path: str | Path) -> None:
        """Write the step to a file, in the format of docs/trace.md. Raises ValueError where it's larger than 25 MB."""
        from tinyxm.steps import trace

        trace.save(trace.encode(self), path)

    def play(self) -> None:
        """Step through it in the terminal, by the arrow keys."""
        from tinyxm.steps import terminal, trace

        terminal.play(trace.encode(self))

    @property
    def loss(self) -> int | None:
        """The number of the Value that the first backward pass began at."""
        return self.losses[0] if self.losses else None

    def of_phase(self, phase: str) -> list[Operation]:
        """The operations of a phase, one of PHASES."""
        return [op for op in self.operations if op.phase == phase]


def _names(words: Sequence[str], value: Value) -> bool:
    """Whether these can be what a table's rows, or an input's numbers, stand for."""
    x = value.array
    if value.role == "parameter":
        return bool(x.ndim) and len(x) == len(words)
    return x.dtype.kind in "iu" and (not x.size or 0 <= x.min() <= x.max() < len(words))


def numbers_of(operands: Operands) -> Iterator[Ref]:
    for x in operands.values():
        for part in x if isinstance(x, list | tuple) else [x]:
            if isinstance(part, Ref):
                yield part
