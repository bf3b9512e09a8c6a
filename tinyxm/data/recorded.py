"""Random changes that keep account: chance decides first, what it decided is recorded, and can be done again.

@augmentation(_mirrored)                   # images, decisions → images: no chance in it
def flip(images, rng, probability=0.5): # images, generator, settings → decisions, one per picture
    return {"across": rng.random(len(images)) < probability}

flip(images, rng)                       # the pictures
changed, record = flip.recorded(images, rng)
record.replay(masks)                    # the very same again, on these pictures or others
flip.plot(images, rng)                  # before, after, and what was done
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import wraps
from typing import TYPE_CHECKING, Any, NamedTuple, ParamSpec

import numpy as np
from numpy.typing import NDArray

from . import drawing
from .step import Drawer, Step

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

P = ParamSpec("P")
Float = NDArray[np.float32]
Rng = np.random.Generator | int
Decisions = dict[str, NDArray[Any]]  # each (n, ...): one entry per picture
Apply = Callable[..., Float]


class Operation(NamedTuple):
    """How decisions are applied, whether it mixes pictures with others, and how one of what it changes is drawn."""

    apply: Apply
    mixes: bool
    draw: Drawer


OPERATIONS: dict[str, Operation] = {}  # by name
SHOWN = 8  # pictures that a plot has room for


@dataclass(frozen=True)
class Record:
    """What operations did to n pictures (or arrays of features): `steps`, in order, of (operation, decisions), each
    decision (n, ...).

    `record[indices]` (a slice, a list or a mask) is that of some pictures, `first + second` what was done one after
    the other, `str(record)` and `told` say it in words.
    """

    steps: tuple[tuple[str, Decisions], ...]

    def __len__(self) -> int:
        return len(next(iter(self.steps[0][1].values()))) if self.steps else 0

    def __add__(self, other: Record) -> Record:
        if self.steps and other.steps and len(self) != len(other):
            raise ValueError(f"Record: {len(self)} pictures + {len(other)}; expected what was done to the same ones")
        return Record(self.steps + other.steps)

    def __getitem__(self, indices: slice | Sequence[int] | NDArray[Any]) -> Record:
        if isinstance(indices, (int, np.integer)):
            raise TypeError(f"Record: one index {indices}; use a slice or a list, as in record[[{indices}]]")
        if mixed := [name for name, _ in self.steps if OPERATIONS[name].mixes]:
            raise ValueError(f"Record: {mixed[0]} mixed the pictures with one another: some alone can't be replayed")
        chosen = np.arange(len(self))[indices if isinstance(indices, slice) else np.asarray(indices)]
        return Record(tuple((name, {k: v[chosen] for k, v in what.items()}) for name, what in self.steps))

    def replay(self, images: Float) -> Float:
        """Do the same to these pictures, float32 (n, height, width, channels), bit for bit as the first time.

        Places are recorded in pixels where the setting is in pixels, in shares of the picture where it's a share.
        A record of one picture is done to all: to each frame of a video, say.
        """
        return self._states(images)[-1]

    def _states(self, images: Float) -> list[Float]:
        if len(images) not in (len(self), len(images) * (len(self) == 1)) and self.steps:
            raise ValueError(f"Record.replay: {len(images)} pictures; expected {len(self)}, as many as it was made of")
        states = [images]
        for name, what in self.steps:
            if len(self) != len(images):
                what = {k: np.repeat(v, len(images), axis=0) for k, v in what.items()}
            states.append(OPERATIONS[name].apply(states[-1], **what))
        return states

    def told(self, index: int) -> list[str]:
        """What was done to one picture, a line for each operation."""
        return [
            f"{name}: " + ", ".join(f"{k.replace('_', ' ')} {_told(v[index])}" for k, v in what.items())
            for name, what in self.steps
        ]

    def __str__(self) -> str:
        return "\n".join(f"{i}  {line}" for i in range(len(self)) for line in self.told(i))

    def plot(self, images: Float) -> Figure:
        """The pictures (the first 8), and a row of what each operation made of them, with its decisions beneath."""
        from matplotlib.figure import Figure

        if not any(OPERATIONS[name].mixes for name, _ in self.steps):  # where pictures are mixed, all are needed
            images, self = images[:SHOWN], self[:SHOWN]
        states = self._states(images)
        columns = min(len(images), SHOWN)
        figure = Figure(figsize=(1.7 * columns + 0.6, 1.9 * len(states)), layout="constrained")
        panels = figure.subplots(len(states), columns, squeeze=False)
        for row, state in enumerate(states):
            for i, axes in enumerate(panels[row]):
                draw = OPERATIONS[self.steps[max(row - 1, 0)][0]].draw if self.steps else _draw_picture
                draw(axes, state[i], {})
                axes.set_xlabel("")
                if row:
                    what = self.steps[row - 1][1]
                    index = i if len(self) > 1 else 0
                    axes.set_xlabel("\n".join(f"{k.replace('_', ' ')} {_told(v[index])}" for k, v in what.items()))
                    axes.xaxis.label.set_size(7)
            panels[row][0].set_ylabel(self.steps[row - 1][0] if row else "given", fontsize=9)
        return figure

    def to_json(self) -> str:
        """The record as JSON; `Record.from_json` makes the same of it, bit for bit."""
        return json.dumps(
            [
                {
                    "operation": name,
                    "decisions": {k: {"type": str(v.dtype), "values": v.tolist()} for k, v in w.items()},
                }
                for name, w in self.steps
            ]
        )

    @classmethod
    def from_json(cls, text: str) -> Record:
        """Raises ValueError where the text is no record, or names an operation that isn't there."""
        steps = []
        try:
            for entry in json.loads(text):
                name, what = entry["operation"], entry["decisions"]
                if name not in OPERATIONS:
                    raise ValueError(f"no operation {name!r}; there are {', '.join(OPERATIONS)}")
                _, *expected = inspect.signature(OPERATIONS[name].apply).parameters
                if set(what) != set(expected):
                    raise ValueError(f"{name} with {', '.join(what)}; expected {', '.join(expected)}")
                if kinds := {v["type"] for v in what.values()} - {"float32", "int64", "bool"}:
                    raise ValueError(f"{name} with numbers of type {kinds.pop()!r}; expected float32, int64 or bool")
                steps.append((name, {k: np.array(v["values"], v["type"]) for k, v in what.items()}))
            if len({len(v) for _, what in steps for v in what.values()}) > 1:
                raise ValueError("decisions for different numbers of pictures")
        except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise ValueError(f"Record.from_json: {error or repr(error)}") from error
        return cls(tuple(steps))


class Augmentation(Step[P, Float]):
    """A random change to pictures. It's made of `recorded`, a function from pictures, a generator and settings to the
    changed pictures, in a new array, and the `Record` of what was done; called, it returns the pictures alone."""

    def __init__(self, recorded: Callable[P, tuple[Float, Record]]) -> None:
        @wraps(recorded)
        def changed(*args: P.args, **kwargs: P.kwargs) -> Float:
            return recorded(*args, **kwargs)[0]

        super().__init__(changed, drawing.pictures, drawing.pictures)
        self.recorded = recorded

    def plot(self, *args: P.args, **kwargs: P.kwargs) -> Figure:
        """The pictures before, after each operation, and what was done to each."""
        images = next(iter(self.signature.bind(*args, **kwargs).arguments.values()))
        return self.recorded(*args, **kwargs)[1].plot(images)


def augmentation(
    apply: Apply, mixes: bool = False, draw: Drawer | None = None
) -> Callable[[Callable[P, Decisions]], Augmentation[P]]:
    """Make an Augmentation of a function that decides, and of one that applies: apply(images, **decisions).

    `mixes` tells that a picture's result depends on others; `draw` draws one of what isn't a picture. Operations are
    known by their names, so that records can be written to files; one of the same name takes an earlier one's place.
    """

    def made(decide: Callable[P, Decisions]) -> Augmentation[P]:
        name, first = decide.__name__, next(iter(inspect.signature(decide).parameters))

        @wraps(decide)
        def recorded(*args: P.args, **kwargs: P.kwargs) -> tuple[Float, Record]:
            decisions = decide(*args, **kwargs)
            images: Any = args[0] if args else kwargs[first]
            return apply(images, **decisions), Record(((name, decisions),))

        OPERATIONS[name] = Operation(apply, mixes, draw or _draw_picture)
        return Augmentation(recorded)

    return made


def in_turn(images: Float, rng: Rng, *operations: Augmentation[[Float, Rng]]) -> tuple[Float, Record]:
    """One operation after another, with their defaults: the pictures and the record of it all."""
    rng, record = np.random.default_rng(rng), Record(())
    for one in operations:
        images, done = one.recorded(images, rng)
        record += done
    return images, record


def _told(value: Any) -> str:
    if np.ndim(value) > 1:
        return " × ".join(map(str, np.shape(value)))
    if np.ndim(value) == 1:
        return "(" + " ".join(map(_told, value)) + ")"
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    return f"{value:.3g}" if isinstance(value, (float, np.floating)) else str(value)


def _draw_picture(axes: Axes, image: Float, settings: Mapping[str, Any]) -> None:
    drawing.picture(axes, _to_show(image), settings)


def _to_show(image: Float) -> Float:
    """Premultiplied colours divided by alpha, as a drawing of RGBA expects them; all else as it is."""
    if image.shape[-1] != 4:
        return image
    alpha = image[..., 3:]
    return np.concatenate([image[..., :3] / np.where(alpha > 0, alpha, 1), alpha], axis=-1)
