"""`tinyxm lab`: known mistakes, each trained beside its right twin, with the symptom and the diagnosis."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tinyxm.cli.errors import Misuse, usage

if TYPE_CHECKING:
    from rich.console import Console

    from tinyxm.recipes.lab import Twins


def lab(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="The mistake to make; without one, all are listed.")
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Seed of both twins.")] = 0,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a page with the plots of both twins side by side.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print the list, or what was found, as JSON.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Make a known mistake on purpose: train it beside its right twin, see the symptom and what the diagnosis names.

    Both twins train in seconds on real digits, and differ in one place.
    """
    from rich.console import Console

    from tinyxm.recipes.lab import MISTAKES, twins, write_page

    console = Console()
    if not console.is_terminal:
        console.width = 160
    if name is None:
        if html is not None:
            raise Misuse("lab: --html is for one mistake; give its NAME, such as leaking_split")
        if json:
            _print_json([{"name": m.name, "what": m.what, "shows": m.shows} for m in MISTAKES.values()])
        else:
            _list(console)
        return
    if html is not None:
        usage(lambda: html.parent.mkdir(parents=True, exist_ok=True))
    both = usage(lambda: twins(name, seed))
    if json:
        _print_json(_record(both))
    else:
        _show(console, both)
    if html is not None:
        write_page(html, both)
        typer.echo(f"written: {html}", err=json)


def _list(console: Console) -> None:
    from rich.table import Table

    from tinyxm.recipes.lab import MISTAKES

    table = Table.grid(padding=(0, 2))
    table.add_row("[bold]mistake", "[bold]what is wrong", "[bold]how it shows")
    for mistake in MISTAKES.values():
        table.add_row(mistake.name, mistake.what, mistake.shows)
    console.print(table)
    console.print("\ntinyxm lab NAME trains one beside its right twin", highlight=False)


def _show(console: Console, both: Twins) -> None:
    from rich.markup import escape
    from rich.table import Table

    from tinyxm.recipes.lab.page import named, shown

    mistake = both.mistake
    console.print(f"[bold]{mistake.name}[/bold]: {escape(mistake.what)}", highlight=False)
    console.print(f"{escape(mistake.shows)}\n", highlight=False)
    table = Table.grid(padding=(0, 3))
    table.add_row("[bold]symptom", "[bold]right twin", "[bold]wrong twin")
    for label, values in both.symptoms.items():
        table.add_row(escape(label), *map(shown, values))
    console.print(table)
    console.print("\n[bold]diagnosis")
    diagnosis = Table.grid(padding=(0, 3))
    for twin, findings in zip(("right twin", "wrong twin"), both.diagnosis, strict=True):
        diagnosis.add_row(twin, escape(named(findings)))
    console.print(diagnosis)


def _record(both: Twins) -> dict[str, Any]:
    from dataclasses import asdict
    from math import isfinite

    def number(value: float) -> float | None:
        return value if isfinite(value) else None

    right, wrong = both.diagnosis
    return {
        "name": both.mistake.name,
        "seed": both.seed,
        "symptoms": {
            label: {"right": number(ours), "wrong": number(theirs)} for label, (ours, theirs) in both.symptoms.items()
        },
        "diagnosis": {"right": [asdict(finding) for finding in right], "wrong": [asdict(finding) for finding in wrong]},
    }


def _print_json(content: Any) -> None:
    from json import dumps

    typer.echo(dumps(content, indent=1, allow_nan=False))
