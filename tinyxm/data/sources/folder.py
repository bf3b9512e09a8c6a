"""A user's own pairs as Samples: a folder of `7.png` with `7.txt` or `7.wav`, or a CSV that names them."""

from __future__ import annotations

import os
from typing import Any

import numpy as np

from .. import audio
from ..cleaning import Entry, Ledger, read_folder
from ..image import decode, resize
from ..samples import Samples
from ..unicode import decode_text


def folder(path: str | os.PathLike[str], size_pixels: int | None = None, rate_hz: int = 16_000) -> Samples:
    """The pairs in a folder or a CSV, decoded: files whose paths differ in the suffix alone are one sample.

    Modalities, those that are there: "image", a list of uint8 RGBA (height, width, 4), or with `size_pixels` an array
    (n, size, size, 4), the aspect kept; "audio", a list of float32 (samples, 1) at `rate_hz`; "text"; "label", from
    sub-folders or the CSV's column. Groups: "label", where there are labels. Missing modalities are marked as such.
    The ledger tells each file that was left out and why: unknown kinds, empty, truncated, too large, links that lead
    outside. What can't be decoded is missing, the sample's other modalities stay; a sample with nothing left is
    dropped. `read_folder` gives the files undecoded, for `clean`.
    Raises FileNotFoundError where nothing is there, ValueError where no sample can be read.
    """
    if rate_hz < 1 or (size_pixels is not None and size_pixels < 1):
        raise ValueError(f"folder: size_pixels {size_pixels}, rate_hz {rate_hz}; expected whole numbers from 1")
    found = read_folder(path)
    entries = list(found.ledger)
    decoded: dict[str, list[Any]] = {}
    for name, values in found.samples.modalities.items():
        column: list[Any] = []
        for key, value in zip(found.samples.ids, values, strict=True):
            try:
                column.append(None if value is None else _decoded(name, value, size_pixels, rate_hz, key, entries))
            except (ValueError, OSError) as error:
                column.append(None)
                entries.append(Entry(key, name, "undecodable", "missing", "folder", str(error)))
        decoded[name] = column
    content = [name for name in decoded if name != "label"]
    kept = [i for i in range(len(found.samples)) if any(decoded[name][i] is not None for name in content)]
    dropped = sorted(set(range(len(found.samples))) - set(kept))
    entries += [Entry(found.samples.ids[i], "all", "nothing left", "dropped", "folder", "") for i in dropped]
    if not kept:
        raise ValueError(f"folder: {path} has no sample that can be read; the first fault: {entries[0]}")
    modalities: dict[str, Any] = {name: [column[i] for i in kept] for name, column in decoded.items()}
    present = {name: [value is not None for value in column] for name, column in modalities.items()}
    if size_pixels is not None and "image" in modalities:
        nothing = np.zeros((size_pixels, size_pixels, 4), np.uint8)
        modalities["image"] = np.stack([nothing if image is None else image for image in modalities["image"]])
    groups = {"label": [str(label) for label in modalities["label"]]} if "label" in modalities else {}
    return Samples(modalities, [found.samples.ids[i] for i in kept], groups, present, Ledger(entries))


def _decoded(name: str, value: Any, size_pixels: int | None, rate_hz: int, key: str, entries: list[Entry]) -> Any:
    if name == "image":
        picture = decode(value)
        return picture if size_pixels is None else resize(picture, size_pixels)
    if name == "audio":
        sound, rate = audio.decode(value)
        if rate != rate_hz:
            sound = audio.resample(sound, rate_hz=rate, to_hz=rate_hz)
            entries.append(Entry(key, "audio", "other rate", "repaired", "folder", f"{rate} Hz, now {rate_hz} Hz"))
        return audio.mono(sound)[:, None]
    if isinstance(value, bytes):
        text = decode_text(value)
        entries.append(Entry(key, name, "not UTF-8", "repaired", "folder", text.told or text.encoding))
        return text.text
    return value
