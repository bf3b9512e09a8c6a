"""Files of what a model has made: PNG, WAV, GIF and text, each written beside and renamed."""

from __future__ import annotations

import io
import wave
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tinyxm.data import write_gif
from tinyxm.training.folder import beside

ENDINGS = {".png": "image", ".wav": "audio", ".gif": "video", ".txt": "text"}


def write_made(path: str | Path, kind: str, made: Sequence[Any]) -> list[Path]:
    """Write what a recipe's `make` gave: pictures as one sheet, sounds and videos a file each, texts a line each.

    `kind` is "image" (each (height, width[, channels]): uint8, or floats from 0 to 1), "audio" (pairs of float32
    samples (n,) and their rate in Hz), "video" (`data.Video`s) or "text". A path without an ending gets the usual one;
    of several sounds or videos each has its number. Returns the paths. Raises ValueError for another ending.
    """
    usual = next(ending for ending, modality in ENDINGS.items() if modality == kind)
    path = Path(path)
    path = path.with_name(path.name + usual) if path.suffix.lower() not in ENDINGS else path
    if ENDINGS[path.suffix.lower()] != kind:
        raise ValueError(f"write: {path} isn't a name for {kind}; give one that ends in {usual}")
    if kind == "image":
        with beside(path) as part:
            sheet(made).save(part, "png")
        return [path]
    if kind == "text":
        with beside(path) as part:
            part.write_text("".join(f"{line}\n" for line in made), "utf-8")
        return [path]
    paths = [path if len(made) == 1 else path.with_stem(f"{path.stem}-{number}") for number in range(1, len(made) + 1)]
    for one, target in zip(made, paths, strict=True):
        with beside(target) as part:
            if kind == "audio":
                part.write_bytes(wav(*one))
            else:
                write_gif(part, one.frames, one.seconds)
    return paths


def wav(sound: NDArray[Any], rate_hz: int) -> bytes:
    """A WAV file of 16 bits: (samples[, channels]) from −1 to 1; what is beyond is clipped."""
    values, output = sound.reshape(len(sound), -1), io.BytesIO()
    with wave.open(output, "wb") as file:
        file.setnchannels(values.shape[1])
        file.setsampwidth(2)
        file.setframerate(rate_hz)
        file.writeframes((np.clip(values, -1, 1) * 32767).round().astype("<i2").tobytes())
    return output.getvalue()


def sheet(pictures: Sequence[NDArray[Any]], margin: int = 2) -> Image.Image:
    """Pictures of one size side by side, in rows as long as the sheet has rows; one alone without a margin."""
    drawn = [_bytes(picture) for picture in pictures]
    if len(drawn) == 1:
        return Image.fromarray(drawn[0])
    across = int(np.ceil(np.sqrt(len(drawn))))
    height, width = drawn[0].shape[:2]
    down = -(-len(drawn) // across)
    size = across * (width + margin) + margin, down * (height + margin) + margin
    whole = Image.new("RGB", size, "white")
    for i, picture in enumerate(drawn):
        place = (margin + i % across * (width + margin), margin + i // across * (height + margin))
        image = Image.fromarray(picture)
        whole.paste(image, place, image if image.mode == "RGBA" else None)
    return whole


def _bytes(picture: NDArray[Any]) -> NDArray[np.uint8]:
    if picture.dtype != np.uint8:
        picture = (np.clip(picture, 0, 1) * 255).round().astype(np.uint8)
    return picture[..., 0] if picture.ndim == 3 and picture.shape[-1] == 1 else picture
