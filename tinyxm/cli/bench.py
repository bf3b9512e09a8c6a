"""`tinyxm bench`: the kernels beside this machine's limits and beside other libraries."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tinyxm.cli.errors import Interrupted, Misuse, usage

if TYPE_CHECKING:
    from rich.console import Console

    from tinyxm_kernels.bench import Results, Settings


def bench(
    operations: Annotated[
        list[str] | None, typer.Argument(metavar="OPERATION", help="Such as matmul or conv2d; all of them by default.")
    ] = None,
    sizes: Annotated[
        str | None,
        typer.Option(metavar="SIZES", help="Such as 256,512x64x512 (m×k×n) or 8x56x56x64x64x3x1x1 (N×H×W×C×O×k×s×p)."),
    ] = None,
    threads: Annotated[str, typer.Option(metavar="NUMBERS", help="Such as 1,2; by default 1 and all cores.")] = "",
    against: Annotated[
        str, typer.Option(metavar="LIBRARIES", help="Peers, those of them that are installed; none for none.")
    ] = "torch,jax,numpy",
    dtypes: Annotated[str, typer.Option(metavar="DTYPES", help="float32, float64 or both.")] = "float32",
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the rows here.")] = None,
    plot: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Draw the ladders and the roofline; .png or .svg.")
    ] = None,
    record: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write rows, goals and the machine's description here.")
    ] = None,
    mine: Annotated[
        Path | None,
        typer.Option(
            exists=True, dir_okay=False, metavar="FILE", help="Check a kernel of your own, a file, and time it too."
        ),
    ] = None,
    tune: Annotated[
        bool, typer.Option("--tune", help="Write which rung was fastest at which size, for the chooser to follow.")
    ] = False,
    quick: Annotated[bool, typer.Option("--quick", help="About a minute: few sizes, few rounds.")] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Measure every rung of the kernels beside this machine's limits and beside PyTorch, JAX and NumPy.

    First the machine's own peak and bandwidth, then each rung in turn with the peers, round by round, each library in
    a process of its own. Ctrl-C keeps what was measured.
    """
    from rich.console import Console

    from tinyxm_kernels.bench import Results, draw, goals, save, show_goals, show_results
    from tinyxm_kernels.bench import record as write_record
    from tinyxm_kernels.bench import tune as write_overrides

    settings = usage(lambda: _settings(operations, sizes, threads, against, dtypes, quick))
    for path in filter(None, (json, plot, record)):
        usage(partial(path.parent.mkdir, parents=True, exist_ok=True))
    if plot is not None and plot.suffix.lower() not in (".png", ".svg"):
        raise Misuse(f"bench: --plot {plot}: expected a name that ends in .png or .svg")
    results, console = Results(), Console()
    if mine is not None:
        settings = usage(partial(_checked, mine, operations, settings, console))
    if not console.is_terminal:
        console.width = 200
    interrupted = _measure(settings, results)
    show_results(results, console)
    if mine is None:
        show_goals(goals(results.rows), console)
    if tune and results.rows and not interrupted:
        console.print(f"overrides: {write_overrides(results.rows)}", highlight=False, soft_wrap=True)
    outputs: list[tuple[Path | None, Callable[[Path], None]]] = [
        (json, lambda path: save(results.rows, path)),
        (record, lambda path: write_record(results, path)),
        (plot, lambda path: draw(results.rows, results.machine, path)),
    ]
    for target, write in outputs:
        if target is not None and results.rows:
            write(target)
            console.print(f"written: {target}", highlight=False, soft_wrap=True)
    if interrupted:
        raise Interrupted(f"bench: interrupted; the {len(results.rows)} rows that were measured are kept")


def _settings(
    operations: list[str] | None, sizes: str | None, threads: str, against: str, dtypes: str, quick: bool
) -> Settings:
    from tinyxm_kernels.bench import Settings, parse

    numbers = _words(threads)
    if not all(number.isdecimal() for number in numbers):
        raise ValueError(f"bench: --threads {threads}: expected whole numbers, such as 1,2")
    return Settings(
        operations=tuple(operations or ()),
        sizes=() if sizes is None else tuple(parse(sizes)),
        threads=tuple(map(int, numbers)),
        against=() if against.strip() == "none" else tuple(_words(against)),
        dtypes=tuple(_words(dtypes)),
        quick=quick,
    )


def _checked(path: Path, operations: list[str] | None, settings: Settings, console: Console) -> Settings:
    """The settings for timing a user's own rungs, which have been found right; exit status 1 where one is wrong."""
    from tinyxm_kernels.bench import check, mine

    found = [name for name in mine.operations_in(path) if not operations or name in operations]
    if not found:
        raise ValueError(f"bench: {path} has no function named {' or '.join(operations or ())}")
    results = {name: check(path, name) for name in found}
    for name, wrong in results.items():
        told = str(wrong) if wrong else f"{name}: right in {mine.CASES} cases"
        console.print(told, highlight=False, markup=False, soft_wrap=True)
    if any(results.values()):
        raise typer.Exit(1)
    return replace(settings, operations=tuple(found), mine=path)


def _words(text: str) -> list[str]:
    return [word for word in re.split(r"[\s,]+", text) if word]


def _measure(settings: Settings, results: Results) -> bool:
    """Measure, with what is going on told on stderr; return whether Ctrl-C came between."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    from tinyxm_kernels.bench import measure

    console = Console(stderr=True)
    columns: list[Any] = [TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()]
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("bench", total=settings.comparisons)

        def say(line: str, done: int) -> None:
            progress.update(task, description=line, completed=done)
            if not console.is_terminal:
                console.print(line, highlight=False)

        try:
            measure(settings, results, say)
        except KeyboardInterrupt:
            return True
    return False
