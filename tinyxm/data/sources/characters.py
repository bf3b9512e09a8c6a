"""Characters as they are written: pictures, strokes and videos, from KanjiVG's stroke order."""

from __future__ import annotations

import itertools
import unicodedata
from collections.abc import Callable
from importlib.metadata import distribution
from pathlib import Path

import numpy as np

from ..samples import Samples
from ..strokes import Stroke, draw_strokes, flatten_path, read_svg_paths, timed_strokes
from . import Arrays, cached, require
from .registry import SOURCES, Modality, Source

SIDE = 109.0  # units of KanjiVG's drawings
WIDTH = 6.0  # of the pen
SCHEMA = 1
SCRIPTS = {
    "digits": "0123456789",
    "latin": "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz",
    "hiragana": "".join(map(chr, range(0x3041, 0x3097))),
    "katakana": "".join(map(chr, range(0x30A1, 0x30FB))),
    "kanji": "".join(map(chr, range(0x4E00, 0xA000))),
}
Report = Callable[[str, int, int], None]


def characters(
    which: str = "digits,latin,hiragana,katakana",
    size_pixels: int = 32,
    frames: int = 16,
    report: Report | None = None,
    cache: bool = True,
) -> Samples:
    """Characters with how they are written: `which` names scripts (digits, latin, hiragana, katakana, kanji), separated
    by commas, or is itself the characters, such as "0123" or "山川".

    Modalities: "image", uint8 (n, size, size, 1), light on dark; "video", uint8 (n, frames, size, size, 1), frame k
    shows the share (k + 1) / frames of the writing; "strokes", lists of (points, 2) in the unit square, in their order,
    y down; "text", the character; "name", Unicode's name in lower case. Groups: "script", "strokes", their number.
    The pen moves evenly: KanjiVG has the order of strokes, not their speed. Kept in the cache folder unless `cache` is
    off; `report(what, done, total)` hears of progress (all 6,000 kanji take minutes).
    Raises ValueError for a character that KanjiVG doesn't have, MissingExtra without the package.
    """
    versions = require("characters", "data", ["kanjivg"])
    if size_pixels < 8 or frames < 1:
        raise ValueError(f"characters: size_pixels {size_pixels}, frames {frames}; expected from 8 and from 1")
    chosen = _chosen(which)

    def build() -> Arrays:
        images = np.empty((len(chosen), size_pixels, size_pixels, 1), np.uint8)
        films = np.empty((len(chosen), frames, size_pixels, size_pixels, 1), np.uint8)
        lines, counts = [], []
        for i, character in enumerate(chosen):
            strokes = written(character)
            end = strokes[-1].seconds[-1]
            box = (0, 0, SIDE, SIDE)
            for k in range(frames):
                now = end * (k + 1) / frames
                ink = draw_strokes(strokes, now + 1e-9, size=size_pixels, view_box=box, width=WIDTH)
                films[i, k] = np.round(ink * 255)
            images[i] = films[i, -1]
            lines += [stroke.points / SIDE for stroke in strokes]
            counts.append(len(strokes))
            if report:
                report("writing", i + 1, len(chosen))
        return {
            "image": images,
            "video": films,
            "points": np.concatenate(lines).clip(0, 1),
            "lengths": np.array([len(line) for line in lines]),
            "counts": np.array(counts),
        }

    def read(arrays: Arrays) -> Samples:
        lines = iter(np.split(arrays["points"], np.cumsum(arrays["lengths"])[:-1]))
        return Samples(
            {
                "image": arrays["image"],
                "video": arrays["video"],
                "strokes": [list(itertools.islice(lines, int(count))) for count in arrays["counts"]],
                "text": chosen,
                "name": [unicodedata.name(character).lower() for character in chosen],
            },
            ids=[f"U+{ord(character):04X}" for character in chosen],
            groups={"script": [script(character) for character in chosen], "strokes": arrays["counts"]},
        )

    key = {**versions, "schema": SCHEMA, "which": "".join(chosen), "size": size_pixels, "frames": frames}
    return cached("characters", key, build, read) if cache else read(build())


def written(character: str) -> list[Stroke]:
    """How KanjiVG writes a character: its strokes in their order, at an even speed, in units of 1/109 of the side."""
    file = _folder() / f"{ord(character):05x}.svg"
    paths = read_svg_paths(file).paths
    return timed_strokes([line for path in paths for line in flatten_path(path, 0.5)], pause_seconds=0.0)


def script(character: str) -> str:
    """The script of SCRIPTS that a character is of, or "other"."""
    return next((name for name, members in SCRIPTS.items() if character in members), "other")


def _folder() -> Path:
    require("characters", "data", ["kanjivg"])
    return Path(str(distribution("kanjivg").locate_file("kanji")))


def _chosen(which: str) -> list[str]:
    there = {chr(int(path.stem, 16)) for path in _folder().glob("?????.svg")}
    names = [name.strip() for name in which.split(",")]
    if names and all(name in SCRIPTS for name in names):
        return [character for name in names for character in SCRIPTS[name] if character in there]
    chosen = list(dict.fromkeys(which))
    if absent := [character for character in chosen if character not in there]:
        raise ValueError(
            f"characters: no writing of {' '.join(absent[:10])!r} in which {which[:40]!r}; expected scripts "
            f"({', '.join(SCRIPTS)}), separated by commas, or characters that KanjiVG has"
        )
    if not chosen:
        raise ValueError(f"characters: which is empty; expected scripts ({', '.join(SCRIPTS)}) or characters")
    return chosen


SOURCES.add(
    Source(
        name="characters",
        what="characters as they are written: pictures, strokes in their order, and videos",
        origin="drawn",
        modalities={
            "image": Modality("image", "gray, light on dark, 32 × 32 pixels"),
            "video": Modality("frames", "16 frames of the writing", frames_per_second=8.0),
            "strokes": Modality("strokes", "lines in the unit square, in the order of writing"),
            "text": Modality("text", "the character"),
            "name": Modality("text", "Unicode's name"),
        },
        size="digits, Latin and kana by default; 6,700 with kanji",
        licence="CC BY-SA 3.0: share alike, not redistributed here",
        citation="KanjiVG, © Ulrich Apel, https://kanjivg.tagaini.net, as packaged in kanjivg",
        load=characters,
        specimen=lambda: characters("27Aかア山永", 48, cache=False),
        packages=("kanjivg",),
        schema=SCHEMA,
        notes=("The order of strokes is KanjiVG's; that the pen moves evenly is tinyxm's addition.",),
    )
)
