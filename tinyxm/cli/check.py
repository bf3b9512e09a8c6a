"""`tinyxm check`: the course's exercises listed, begun, hinted at, and answers to them checked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tinyxm.cli.errors import Misuse, usage

if TYPE_CHECKING:
    from rich.console import Console

    from tinyxm.course import Exercise, Verdict


def check(
    name: Annotated[
        str | None, typer.Argument(metavar="EXERCISE", help="Such as ex04; without one, all are listed.")
    ] = None,
    all_: Annotated[bool, typer.Option("--list", help="List the exercises.")] = False,
    start: Annotated[
        bool, typer.Option("--start", help="Lay the exercise's file here, to write the answer in.")
    ] = False,
    mine: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The answer; by default the exercise's file here.")
    ] = None,
    hint: Annotated[int | None, typer.Option(metavar="N", min=1, max=3, help="Print a hint: 1, 2 or 3.")] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the list, or the verdict, as JSON.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Check an answer to an exercise of the course: where it is wrong first, and what that looks like.

    Begin with [bold]tinyxm check ex04 --start[/bold]. The exit status is 1 for an answer that isn't right yet.
    """
    from rich.console import Console

    from tinyxm import course

    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = 160
    if name is None or all_:
        if start or mine or hint:
            raise Misuse("check: --start, --mine and --hint are for one exercise; give its name, such as ex04")
        _list(console, [*course.exercises().values()], json)
        return
    asked: Exercise = usage(lambda: course.exercise(name))
    if hint is not None:
        console.print(f"{asked.short}, hint {hint} of 3: {asked.hints[hint - 1]}", markup=False)
    elif start:
        _start(asked)
    else:
        verdict = course.check(asked, mine or Path(f"{asked.name}.py"))
        _print_json(_record(asked, verdict)) if json else _show(console, asked, verdict)
        raise typer.Exit(not verdict.passed)


def _list(console: Console, exercises: list[Exercise], json: bool) -> None:
    from rich.markup import escape
    from rich.table import Table

    if json:
        _print_json([_facts(each) for each in exercises])
        return
    table = Table.grid(padding=(0, 2))
    table.add_row("[bold]exercise", "[bold]points", "[bold]lesson", "[bold]what to write")
    for each in exercises:
        table.add_row(each.short, str(each.points), each.lesson[:2], f"{escape(each.title)}: {each.function}")
    console.print(table)
    console.print(f"\n{len(exercises)} exercises, {sum(each.points for each in exercises)} points.", end=" ")
    console.print("tinyxm check ex04 --start lays one here, tinyxm check ex04 checks it.")


def _facts(exercise: Exercise) -> dict[str, Any]:
    return {
        "name": exercise.name,
        "title": exercise.title,
        "lesson": exercise.lesson,
        "points": exercise.points,
        "function": exercise.function,
    }


def _start(exercise: Exercise) -> None:
    path = Path(exercise.stub.name)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(exercise.stub.read_text("utf-8"))
    except FileExistsError:
        raise Misuse(f"check: {path} is here already, and stays as it is; move it away to begin afresh") from None
    typer.echo(f"{path}: write {exercise.function} in it, then run tinyxm check {exercise.short}")


def _record(exercise: Exercise, verdict: Verdict) -> dict[str, Any]:
    from dataclasses import asdict

    return {
        **_facts(exercise),
        "of": verdict.of,
        "points": verdict.points,
        "passed": verdict.passed,
        "remark": verdict.remark,
        "cases": [asdict(result) for result in verdict.results],
    }


def _show(console: Console, exercise: Exercise, verdict: Verdict) -> None:
    from rich.markup import escape

    console.print(f"[bold]{exercise.short}  {escape(exercise.title)}[/bold]: {verdict.points:g} of {verdict.of} points")
    said = set()  # the same mistake fails many cases: it is told once
    for result in verdict.results:
        mark = "[green]right[/green]" if result.passed else "[red]wrong[/red]"
        console.print(f"  {mark}  {escape(result.told)}")
        lines = [line for line in (result.wrong, result.looks_like) if line and line not in said]
        said.update(lines)
        for line in lines or ([] if result.passed else ["as above"]):
            console.print(f"         {escape(line)}")
    if verdict.remark:
        console.print(f"\n{escape(verdict.remark)}")
    if not verdict.passed:
        console.print(f"\nStuck? tinyxm check {exercise.short} --hint 1. It is about lesson {exercise.lesson}.")


def _print_json(content: Any) -> None:
    from json import dumps

    typer.echo(dumps(content, indent=1))
