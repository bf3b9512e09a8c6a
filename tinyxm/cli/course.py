"""`tinyxm course`: what a teacher does with the exercises: hand them out, and grade a class's answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tinyxm.cli.errors import Misuse, usage

if TYPE_CHECKING:
    from tinyxm.course import Exercise

Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Only = Annotated[list[str] | None, typer.Argument(metavar="EXERCISE", help="Such as ex04; all of them by default.")]
course = typer.Typer(
    add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich", no_args_is_help=True
)


@course.callback()
def teacher() -> None:
    """Hand out the exercises of the course, and grade a class."""


@course.command()
def export(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="Where to write; made where it isn't there.")],
    names: Only = None,
    to: Annotated[str, typer.Option(metavar="KIND", help="pytest or otter.")] = "pytest",
    debug: Debug = False,
) -> None:
    """Write the exercises as assignments: files and tests for pytest, or notebooks and tests for otter-grader."""
    from tinyxm import course

    chosen = _chosen(names)
    usage(lambda: course.export(folder, chosen, to))
    typer.echo(f"{folder}: {len(chosen)} exercise{'s' * (len(chosen) != 1)} for {to}")


@course.command("grade")
def grade_(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="A folder with a folder for each student.")],
    names: Only = None,
    out: Annotated[Path, typer.Option(metavar="PATH", help="Write PATH.csv and PATH.html.")] = Path("class"),
    debug: Debug = False,
) -> None:
    """Grade a class: each student's files, named as the exercises are, into a table and a page of mistakes."""
    from rich.console import Console

    from tinyxm.course import grade_class

    if not folder.is_dir():
        raise Misuse(f"course grade: {folder} is no folder; expected one with a folder for each student")
    chosen = _chosen(names)
    console = Console(stderr=True, highlight=False)
    with console.status("grading") as status:
        graded = grade_class(folder, chosen, lambda student, short: status.update(f"graded: {short} of {student}"))
    name = out.stem if out.suffix in (".csv", ".html") else out.name  # marks.week1 keeps its week
    table, page = out.with_name(f"{name}.csv"), out.with_name(f"{name}.html")
    graded.write_csv(table)
    graded.write_page(page)
    for student in graded.verdicts:
        typer.echo(f"{student:24} {graded.points(student):6g} of {graded.of}")
        for remark in graded.remarks[student]:
            typer.echo(f"  {remark}")
    typer.echo(f"written: {table}, {page}")


def _chosen(names: list[str] | None) -> list[Exercise]:
    from tinyxm.course import exercise, exercises

    return usage(lambda: [exercise(name) for name in names]) if names else [*exercises().values()]
