"""What the arrays of a step look like to a reader: pictures, sounds, words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from tinyxm.steps.step import Value

KINDS = {"picture", "waveform", "spectrogram", "tokens", "video", "matrix"}
MASKED = ", masked"  # behind the name of a variable that was read so
SMALLEST = 8  # pixels a side of what no input is, but an array of the shape of pictures


class Picture(NamedTuple):
    """Pictures whose colours are some of an array's channels, on a scale of their own: `channels` hold red, green and
    blue, or gray alone, `black` and `white` what stands for these."""

    channels: tuple[int, ...] = (0, 1, 2)
    black: float = 0.0
    white: float = 1.0


Look = str | Picture  # one of KINDS, or a Picture


def look(value: Value, said: Mapping[str, Look]) -> dict[str, Any]:
    """{"shown": kind}, and of a Picture its "pixels": what the user said, or what the value's shape and role tell."""
    told = said.get(value.name.removesuffix(MASKED))
    if isinstance(told, Picture):
        return {"shown": "picture", "pixels": {**told._asdict(), "channels": list(told.channels)}}
    return {"shown": told or shown_as(value)}


def shown_as(value: Value) -> str:
    shape, kind, rank = value.array.shape, value.array.dtype.kind, value.array.ndim
    if value.role == "input":
        if kind in "iu" and rank == 2:
            return "tokens"
        if rank == 4 and shape[3] in (1, 3, 4):
            return "picture"
        if rank == 5 and shape[4] in (1, 3, 4):
            return "video"
        if rank == 3 and shape[2] <= 2 and shape[1] >= 256:
            return "waveform"
    coloured = rank == 4 and kind in "fu" and shape[3] in (1, 3, 4)
    if value.role == "constant" and coloured and min(shape[1:3]) >= SMALLEST:
        return "picture"  # made ready outside of the tape
    return "maps" if rank == 4 else "matrix"
