"""The pages of docs/ and the README, copied into the tree with their links, and the site's index of all."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

from building.contents import APART, BEFORE, LESSONS, ROOT, parts, themes
from building.links import relink
from tinyxm.course.tutor import title

CHINESE = re.compile(r"[\u4e00-\u9fff]+")


def write(tree: Path, further: list[str]) -> None:
    """README as the index, the pages of docs/, a page for each theme, and the pictures that they show."""
    (tree / "docs").mkdir(parents=True)
    for picture in (ROOT / "docs").glob("*.png"):
        shutil.copy(picture, tree / "docs")
    for page in (ROOT / "docs").glob("*.md"):
        if page.stem != "api":
            text = relink(page.read_text("utf-8"), f"docs/{page.name}")
            (tree / "docs" / page.name).write_text(in_chinese(text) if page.stem == "glossary" else text, "utf-8")
    for name, pages in themes().items():
        (tree / f"{slug(name)}.md").write_text(_theme(name, pages), "utf-8")
    readme = (ROOT / "README.md").read_text("utf-8")
    (tree / "index.md").write_text(f"{relink(readme, 'README.md')}\n{_order(further)}", "utf-8")


def in_chinese(text: str) -> str:
    """Chinese words outside headings are marked as such, for the forms of their characters and for reading aloud."""
    return re.sub(r"(?m)^[^#\n].*", lambda line: CHINESE.sub(r'<span lang="zh-Hans">\g<0></span>', line[0]), text)


def slug(name: str) -> str:
    return re.sub(r"\W+", "-", name.lower())


def _theme(name: str, pages: list[str]) -> str:
    lines = [f"# {name}", "", BEFORE.get(name, ""), ""]
    for page in pages:
        text = (ROOT / "docs" / f"{page}.md").read_text("utf-8")
        first = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text.split("\n\n")[1])
        lines += [f"**[{title(ROOT / 'docs' / f'{page}.md')}](docs/{page}.md)**: {first}", ""]
    return "\n".join([*lines, *_toctree("", [f"docs/{page}" for page in pages])])


def _order(further: list[str]) -> str:
    """The trees of contents by which the navigation goes."""
    apart = [f"docs/{name}" for name in APART if (ROOT / "docs" / f"{name}.md").exists() and name != "api"]
    lines = _toctree("Start", ["Start here <self>", "batch", *apart])
    for number, (name, stems) in enumerate(parts().items(), 1):
        entries = [f"{stem[:2]} · {title(LESSONS[stem])} <tutorials/{stem}>" for stem in stems]
        lines += _toctree(f"{number} · {name}", entries)
    lines += _toctree("To work with", ["practice/exercises", "practice/debugger", "practice/simulator"])
    lines += _toctree("Pages by theme", [slug(name) for name in themes()])
    lines += _toctree("Reference and records", ["api/index", "source", *further])
    return "\n".join(lines)


def _toctree(caption: str, entries: list[str]) -> list[str]:
    named = [f":caption: {caption}"] if caption else []
    return ["```{toctree}", ":hidden:", ":maxdepth: 1", *named, "", *entries, "```", ""]
