"""Pictures in the terminal: two pixels a character, the upper half block in colour on colour."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from rich.columns import Columns
from rich.console import Console, Group
from rich.text import Text

from tinyxm.training.plots import on_white
from tinyxm.training.retrievals import Answer


def half_blocks(picture: NDArray[Any], size: int = 16) -> Text:
    """The picture, RGB or RGBA, `size` characters wide and size / 2 lines high, square on most screens."""
    image = Image.fromarray((on_white(picture) * 255).round().astype(np.uint8))
    pixels = np.asarray(image.resize((size, size), Image.Resampling.LANCZOS))
    lines = (
        Text.assemble(*(("▀", f"{colour(a)} on {colour(b)}") for a, b in zip(above, below, strict=True)))
        for above, below in zip(pixels[::2], pixels[1::2], strict=True)
    )
    return Text("\n", no_wrap=True).join(lines)


def colour(pixel: NDArray[Any]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*(int(channel) for channel in pixel))


def print_answers(console: Console, answers: Sequence[Answer]) -> None:
    """Names and scores, best first; their pictures over them where the terminal can show colours."""
    for place, answer in enumerate(answers, 1):
        console.print(Text(f"{place:2}  {answer.score:6.3f}  {answer.name}"))
    if console.color_system in ("truecolor", "256"):
        cells = [
            Group(half_blocks(answer.picture), caption(place, answer))
            for place, answer in enumerate(answers, 1)
            if answer.picture is not None
        ]
        console.print("", Columns(cells, padding=(1, 2)))


def caption(place: int, answer: Answer) -> Text:
    name = Text(f"{place} {answer.name}")
    name.truncate(16, overflow="ellipsis")
    return name
