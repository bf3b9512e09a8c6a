"""Rules for pictures: those that can't be read, and those that show nothing. Near duplicates: near.py."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..image import premultiplied
from ..samples import Samples
from .ledger import Entry, there
from .opened import is_file, picture_of


def undecodable(samples: Samples, modality: str) -> Iterator[Entry]:
    """Pictures given as bytes or as paths (a `Path`; a plain string is a text) that can't be decoded become missing."""
    for i, value in there(samples, modality):
        if is_file(value):
            try:
                picture_of(value)
            except (ValueError, OSError, MemoryError) as error:
                told = (
                    str(error) if isinstance(value, bytes) else str(error).replace(f"{Path(value).parent}{os.sep}", "")
                )
                yield Entry(samples.ids[i], modality, "undecodable picture", "missing", "undecodable", told)


def blank(samples: Samples, modality: str, *, tolerance: float = 0.02) -> Iterator[Entry]:
    """Pictures of a single colour, or all transparent (alpha is the fourth channel), become missing.

    A colour is single where in each channel the largest value is at most `tolerance` above the smallest, in shares of
    full scale: what a JPEG makes of a plain area.
    """
    for i, value in there(samples, modality):
        picture = picture_of(value)
        if picture is not None and (seen := _plain(picture, tolerance)):
            yield Entry(samples.ids[i], modality, "blank picture", "missing", "blank", seen)


def _plain(picture: NDArray[Any], tolerance: float) -> str:
    """What a picture shows that shows nothing, or ""."""
    pixels = picture.reshape(-1, picture.shape[-1])
    if pixels.shape[1] == 4 and not pixels[:, 3].any():
        return "transparent"
    if (pixels == pixels[:1]).all():
        return f"every pixel is {pixels[0].tolist()}"
    values = premultiplied(pixels[None]) if pixels.shape[1] == 4 else pixels  # colour under no alpha isn't seen
    full = 255 if values.dtype == np.uint8 else 1
    low, high = (edge.reshape(-1, values.shape[-1]).min(0) for edge in (values, -values.astype(np.float32)))
    spread = float((-high - low).max()) / full
    return f"all pixels within {spread:.1%} of one colour" if spread <= tolerance else ""
