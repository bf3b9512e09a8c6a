"""Links written as paths of the repository, turned into links between pages of the site."""

from __future__ import annotations

import posixpath
import re
from html import escape

from building.contents import LESSONS, ROOT

SHOWN = (".py", ".cu", ".h", ".ts", ".toml", ".json")  # files that have a page of their own, with their lines numbered
LINK = re.compile(
    r"(?<!!)\[((?:[^\[\]]|\[[^\]]*\])*)\]\(([^)#\s]+)(#[^)\s]*)?\)"  # [words](target#fragment)
    r"|`([\w./-]+\.(?:py|md|cu|json))`"  # a path in running text
    r"|(?<=[Ll]esson )(\d\d)\b|(?<=[\s(]\[)(\d\d)(?=[],])|(?<=, )(\d\d)(?=(?:, \d\d)*\](?!\())"  # lesson 04; [04, 05]
)
FENCE = re.compile(r"(^```.*?^```[^\n]*$|^    [^\n]*$)", re.DOTALL | re.MULTILINE)


def relink(text: str, page: str) -> str:
    """Markdown of `page`, such as docs/gpu.md, with links that hold on the site; code blocks stay as they are."""
    pieces = FENCE.split(text)
    return "".join(piece if i % 2 else LINK.sub(lambda m: _linked(m, page), piece) for i, piece in enumerate(pieces))


def _linked(match: re.Match[str], page: str) -> str:
    words, target, fragment, path, *numbers = match.groups()
    folder = posixpath.dirname(page)
    number = next(filter(None, numbers), None)
    if number is not None:
        stem = next((stem for stem in LESSONS if stem[:2] == number), "")
        bracketed = numbers[0] is None  # which names a lesson in lessons alone
        if not stem or page == f"tutorials/{stem}.py" or (bracketed and folder != "tutorials"):
            return match[0]
        words, target = number, posixpath.relpath(f"tutorials/{stem}.py", folder or ".")
    if path is not None:
        words, target = f"`{path}`", path
    if re.match(r"[a-z]+:", target):
        return match[0]
    found = posixpath.normpath(posixpath.join(folder, target))
    if path is not None and not (ROOT / found).is_file():
        found = path  # in running text paths begin at the repository's root, or at the page's folder
    if not (ROOT / found).is_file():
        return match[0]
    to = place(found)
    if to is None or to == page:
        return match[0] if path is None else words
    there = posixpath.relpath(to, folder or ".") + (fragment or "")
    return f'<a href="{escape(there)}">{words}</a>' if to.endswith(".html") else f"[{words}]({there})"


def place(path: str) -> str | None:
    """Where the site shows a file of the repository: the document, or the page of a source; None where it doesn't."""
    if path == "README.md":
        return "index.md"
    if path == "docs/api.md":
        return "api/index.md"
    if path.startswith("docs/") and path.endswith(".md"):
        return path
    if path.startswith("tutorials/") and posixpath.basename(path)[:-3] in LESSONS:
        return path.removesuffix(".py") + ".ipynb"
    hidden = ("tutorials/exercises/checks/", "tutorials/exercises/solutions/", "docs/", "tests/")
    return f"source/{path}.html" if path.endswith(SHOWN) and not path.startswith(hidden) else None
