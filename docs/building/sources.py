"""The project's source files as pages, each line with an address, so that any page can point at it."""

from __future__ import annotations

import posixpath
from html import escape
from pathlib import Path

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_for_filename

from building.contents import ROOT
from building.links import place

FOLDERS = ("tinyxm", "kernels", "tutorials", "benchmarks")
LINE = HtmlFormatter(linenos="inline", linespans="L", wrapcode=True)
PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{path}</title>
<link rel="stylesheet" href="{root}_static/source.css">
<script>document.documentElement.dataset.theme = localStorage.getItem("theme") || "auto"</script>
<header><a href="{root}index.html">tinyxm</a> <a href="{root}source.html">source</a> <strong>{path}</strong></header>
<main>{code}</main>
</html>
"""


def write(tree: Path) -> None:
    """A page for each file that the site shows, the list of them, and their colours, light and dark."""
    listed: dict[str, list[str]] = {}
    for path in files():
        name = path.relative_to(ROOT).as_posix()
        out = tree / "extra" / address(name)
        out.parent.mkdir(parents=True, exist_ok=True)
        code = highlight(path.read_text("utf-8"), get_lexer_for_filename(name.replace(".cu", ".cpp")), LINE)
        root = "../" * address(name).count("/")
        out.write_text(PAGE.format(path=escape(name), root=root, code=code), "utf-8")
        listed.setdefault(posixpath.dirname(name), []).append(name)
    lines = ["# Source", "", "Every file of the packages, the lessons and the benchmarks, with its lines numbered.", ""]
    for folder, names in listed.items():
        links = [f'<a href="{address(name)}">{posixpath.basename(name)}</a>' for name in names]
        lines += [f"**{folder}**: {' · '.join(links)}", ""]
    (tree / "source.md").write_text("\n".join(lines), "utf-8")
    light, dark = (
        HtmlFormatter(style=style).get_style_defs(f"html[data-theme={theme}] .highlight")
        for style, theme in (("default", "light"), ("monokai", "dark"))
    )
    auto = [
        f"@media (prefers-color-scheme: {theme}) {{\n{rules.replace(f'data-theme={theme}', 'data-theme=auto')}\n}}"
        for theme, rules in (("light", light), ("dark", dark))
    ]
    (tree / "static").mkdir()
    page = (Path(__file__).parent / "static" / "source.css").read_text("utf-8")
    (tree / "static" / "source.css").write_text("\n".join([page, light, dark, *auto]), "utf-8")


def files() -> list[Path]:
    """The files that have a page."""
    found = (path for folder in FOLDERS for path in sorted((ROOT / folder).rglob("*")) if path.is_file())
    return [
        path
        for path in found
        if (place(path.relative_to(ROOT).as_posix()) or "").endswith(".html") or path.parent == ROOT / "tutorials"
    ]


def address(name: str, line: int | None = None) -> str:
    """Where the page of a file lies, from the site's root: source/tinyxm/__init__.py.html#L-1"""
    return f"source/{name}.html" + (f"#L-{line}" if line else "")
