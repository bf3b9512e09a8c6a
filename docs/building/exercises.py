"""The list of exercises: points, lessons, tasks, and each one's file to begin with. Answers stay out of the site."""

from __future__ import annotations

import ast
from pathlib import Path

from building.contents import LESSONS, ROOT
from building.sources import address
from tinyxm.course.tutor import title


def write(tree: Path) -> None:
    from tinyxm.course import exercises

    found = [*exercises().values()]
    lines = [
        "# The exercises",
        "",
        f"{len(found)} functions of the package to write, {sum(each.points for each in found)} points. The package "
        "works without them, so no lesson depends on an earlier mistake. How they're checked, and a class graded: "
        "[exercises and their grader](../docs/exercises.md).",
        "",
        "```sh",
        "tinyxm check ex04 --start   # lays the file here",
        "tinyxm check ex04           # checks it, and says where it is wrong first",
        "tinyxm check ex04 --hint 1  # the first of three hints",
        "```",
        "",
    ]
    for stem, path in LESSONS.items():
        own = [each for each in found if each.lesson[:2] == stem[:2]]
        if own:
            lines += [f"## Lesson {stem[:2]}: [{title(path)}](../tutorials/{stem}.ipynb)", ""]
        for each in own:
            name = each.stub.relative_to(ROOT).as_posix()
            task = (ast.get_docstring(ast.parse(each.stub.read_text("utf-8"))) or "").partition("\n")[2].strip()
            points = f"{each.points} point{'s' * (each.points > 1)}"
            lines += [f"({each.short})=", f"### {each.short} {each.title}", ""]
            lines += [f'{points} · `{each.function}` · <a href="../{address(name)}">the file to begin with</a>', ""]
            lines += [task, ""]  # Markdown as it stands: formulas and commands are set in
    (tree / "practice").mkdir(exist_ok=True)
    (tree / "practice" / "exercises.md").write_text("\n".join(lines), "utf-8")
