"""What must hold of the site as it was built: links, pictures, formulas, folded answers; nothing from elsewhere."""

from __future__ import annotations

import io
import re
from base64 import b64decode
from functools import cache
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

import jupytext
import numpy as np
from PIL import Image

from building.contents import LESSONS, ROOT


class Page(HTMLParser):
    """What a page points at, loads and shows."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.pictures: list[tuple[str, str]] = []  # source, alternative text
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        told = {name: value or "" for name, value in attributes}
        if tag == "a" and "href" in told:
            self.links.append(told["href"])
        if tag == "link" and told.get("rel") not in ("search", "canonical"):
            self.loads.append(told["href"])
        if tag in ("script", "iframe", "img", "audio", "video", "source") and "src" in told:
            self.loads.append(told["src"])
        if tag == "img":
            self.pictures.append((told["src"], told.get("alt", "")))


def faults(html: Path, run: set[str]) -> list[str]:
    """All that is wrong with the site in this folder, whose lessons of these numbers were run."""
    parsed, places = cache(Page), cache(_places)
    found = []
    for path in sorted(html.rglob("*.html")):
        if path.is_relative_to(html / "live") or path.is_relative_to(html / "source"):
            continue  # the first have tests of their own; the others are code, and point at their own lines
        name, page = path.relative_to(html).as_posix(), parsed(path)
        strange = [target for target in page.loads if urlsplit(target).scheme not in ("", "data")]
        found += [f"{name} loads {target}, from elsewhere" for target in strange]
        for target in page.links + page.loads:
            parts = urlsplit(target)
            if parts.scheme or target in ("#", ""):
                continue
            there = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            live = there.is_relative_to(html / "live")  # where an address is a step, not a place in the page
            if not there.is_file():
                found.append(f"{name} points at {target}, which isn't there")
            elif parts.fragment and not live and unquote(parts.fragment) not in places(there):
                found.append(f"{name} points at {target}, but that page has no such place")
        for source, words in page.pictures:
            if not words.strip():
                found.append(f"{name}: the picture {source[-60:]} has no words in its place")
    for stem in LESSONS:
        found += _lesson(html / "tutorials" / f"{stem}.html", stem, stem[:2] in run)
    return found


def _places(path: Path) -> set[str]:
    """What of a page can be pointed at."""
    return set(re.findall(r'\s(?:id|name)="([^"]+)"', path.read_text("utf-8")))


def _lesson(path: Path, stem: str, run: bool) -> list[str]:
    """A lesson's page shows a picture that isn't blank, its formulas sign for sign, and its answers folded."""
    found, page, html = [], Page(path), path.read_text("utf-8")
    drawn = [source for source, _ in page.pictures if "_images/" in source or source.startswith("data:")]
    if run and not drawn:
        found.append(f"{stem} shows no picture")
    for source in drawn:
        data = (
            b64decode(source.partition(",")[2]) if source.startswith("data:") else (path.parent / source).read_bytes()
        )
        if np.asarray(Image.open(io.BytesIO(data)).convert("L"), np.float32).std() < 1:
            found.append(f"{stem}: the picture {source[-60:]} is blank")
    text = unescape(re.sub(r"<[^>]+>", "", html))
    mangled = [formula for formula in formulas(LESSONS[stem]) if formula not in text]
    found += [f"{stem}: the formula {formula!r} isn't on the page as it's written" for formula in mangled]
    if "## Answers" in LESSONS[stem].read_text("utf-8") and html.count('<details class="answers">') != 1:
        found.append(f"{stem}: the answers aren't folded")
    return found


def formulas(path: Path) -> list[str]:
    """The lines of a lesson's indented blocks, which are its formulas."""
    found: list[str] = []
    for cell in jupytext.read(path).cells:
        if cell.cell_type == "markdown":
            for block in re.findall(r"(?:^|\n)\n((?:    [^\n]*(?:\n|$))+)", f"\n{cell.source}"):
                found += [line.strip() for line in block.splitlines() if line.strip()]
    return found


def solutions(html: Path) -> list[str]:
    """Answers to exercises that the site gives away."""
    kept = (ROOT / "tutorials/exercises/solutions").glob("*.py")
    return [f"the site holds {path.name}" for path in kept if (html / f"source/{path.relative_to(ROOT)}.html").exists()]
