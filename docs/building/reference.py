"""Every public name, a page for each room: signature and docstring, formula and all, and the line where it begins."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import make_api

from building.contents import ROOT
from building.sources import address


def write(tree: Path) -> None:
    """The pages, and the list of them."""
    (tree / "api").mkdir()
    told: dict[int, str] = {}
    rows, names = [], []
    for room in make_api.rooms():
        title = make_api.title(room)
        public = make_api.public_names(room)
        purpose = inspect.getdoc(room) or ""
        lines = [f"# {title}", "", "```text", purpose, "```", ""]
        for name in public:
            thing, full = getattr(room, name), f"{title}.{name}"
            first = told.setdefault(id(thing), full)
            lines += [f"## {name}", ""]
            if first != full:
                there = first.rpartition(".")
                lines += [f"The same as [`{first}`]({there[0]}.md#{there[2].lower()}).", ""]
                continue
            lines += [*make_api.entry(name, thing), "", source(thing), ""]
        (tree / "api" / f"{title}.md").write_text("\n".join(lines), "utf-8")
        first_line = purpose.split("\n\n")[0].replace("\n", " ")
        rows.append(f"| [{title}]({title}.md) | {len(public)} | {first_line.replace('|', '&#124;')} |")
        names.append(title)
    head = [
        "# Every public name",
        "",
        *make_api.INTRODUCTION.splitlines(),
        "",
        "| room | names | |",
        "| --- | --- | --- |",
    ]
    tree_of = ["", "```{toctree}", ":hidden:", "", *names, "```", ""]
    (tree / "api" / "index.md").write_text("\n".join([*head, *rows, *tree_of]), "utf-8")


def source(thing: Any) -> str:
    """A link to the line where it is defined; nothing for what no file of the project defines."""
    try:
        thing = inspect.unwrap(thing)
        path = Path(inspect.getsourcefile(thing) or "").resolve()
        line = inspect.getsourcelines(thing)[1]
        name = path.relative_to(ROOT).as_posix()
    except (TypeError, OSError, ValueError):
        return ""
    return f'<a class="source" href="../{address(name, line)}">{name}, line {line}</a>'
