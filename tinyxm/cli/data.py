"""`tinyxm data`: which sources of data there are, whose they are, and what one looks and sounds like."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tinyxm.cli.errors import Misuse, usage

if TYPE_CHECKING:
    from rich.console import Console

    from tinyxm.data import Samples, Source

Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Json = Annotated[bool, typer.Option("--json", help="Print it as JSON instead.")]
data = typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode="rich")
BARS = " ▁▂▃▄▅▆▇█"


@data.callback(invoke_without_command=True)
def sources(
    context: typer.Context,
    json: Json = False,
    page: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a page with a few samples of each source.")
    ] = None,
    debug: Debug = False,
) -> None:
    """List the sources of data, or show one: what it holds, its licence, and whether it can be loaded here."""
    if context.invoked_subcommand is not None:
        return
    from tinyxm.data import SOURCES

    if json:
        _print_json([source.record() for source in SOURCES.values()])
    else:
        _table()
    if page is not None:
        from tinyxm.training.source_page import write_catalogue_page

        usage(lambda: page.parent.mkdir(parents=True, exist_ok=True))
        typer.echo(f"written: {write_catalogue_page(page, list(SOURCES.values()))}", err=json)


@data.command()
def show(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The source, as `tinyxm data` lists it.")],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The page to write; by default data-NAME.html.")
    ] = None,
    count: Annotated[int, typer.Option(metavar="N", help="How many samples the page shows.")] = 12,
    json: Json = False,
    debug: Debug = False,
) -> None:
    """Load a source; print whose it is and what is in it; write a page of its samples, to look at and to listen to."""
    from tinyxm.data import SOURCES
    from tinyxm.training.source_page import write_source_page

    if count < 1:
        raise Misuse(f"data: --count {count}: expected 1 or more")
    source = usage(lambda: SOURCES[name])
    path = out or Path(f"data-{name}.html")
    with _progress() as report:
        samples = source.load(**({"report": report} if "report" in _settings(source) else {}))
    usage(lambda: path.parent.mkdir(parents=True, exist_ok=True))
    write_source_page(path, source, samples, count)
    if json:
        groups = {name: len(set(labels.tolist())) for name, labels in samples.groups.items()}
        _print_json({**source.record(), "samples": len(samples), "groups": groups, "page": str(path)})
    else:
        _tell(source, samples)
        typer.echo(f"written: {path}")


def _table() -> None:
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from tinyxm.data import SOURCES

    console = Console()
    if not console.is_terminal:
        console.width = 200
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for column in ("source", "what", "origin", "modalities", "size", "licence"):
        table.add_column(column, overflow="fold")
    for source in SOURCES.values():
        row = (source.what, source.origin, ", ".join(source.modalities), source.size, source.licence)
        table.add_row(f"[bold]{source.name}", *map(escape, row))
    console.print(table)
    for source in SOURCES.values():
        if source.missing:
            console.print(source.missing, markup=False, highlight=False, soft_wrap=True)
    console.print("\n`tinyxm data show NAME` prints one and writes its page; --page FILE shows all on one.")


def _tell(source: Source, samples: Samples) -> None:
    from rich.columns import Columns
    from rich.console import Console, Group
    from rich.markup import escape
    from rich.table import Table
    from rich.text import Text

    from tinyxm.training.pictures import half_blocks
    from tinyxm.training.source_page import contents, evenly, facts

    console = Console()
    if not console.is_terminal:
        console.width = 160
    table = Table.grid(padding=(0, 2))
    groups = {f"by {name}": f"{len(set(labels.tolist())):,} groups" for name, labels in samples.groups.items()}
    for key, value in (("source", source.name), *facts(source).items(), *contents(source, samples).items()):
        table.add_row(f"[bold]{escape(key)}", escape(value))
    for key, value in groups.items():
        table.add_row(f"[bold]{escape(key)}", value)
    for note in source.notes:
        table.add_row("", escape(note))
    console.print(f"{source.what}", markup=False, highlight=False, style="bold")
    console.print(table, highlight=False)
    some = samples[evenly(len(samples), 6)]
    for name, modality in source.modalities.items():
        there = [some[name][i] for i in range(len(some)) if name in some.modalities and some.present[name][i]]
        if modality.kind == "sound":
            for value in there[:3]:
                console.print(Text(f"{name}  {_course(value)}"), soft_wrap=True)
        elif modality.kind in ("image", "frames") and console.color_system in ("truecolor", "256"):
            cells = [Group(half_blocks(_rgb(value[len(value) // 2] if value.ndim == 4 else value))) for value in there]
            console.print("", Columns(cells, padding=(1, 2)))


def _course(sound: Any, columns: int = 60) -> str:
    """A sound in a line of blocks, as high as its loudest sample in each stretch of time is loud."""
    import numpy as np

    parts = np.array_split(np.abs(sound.reshape(len(sound), -1)).max(1), min(columns, len(sound)))
    peaks = np.array([part.max() for part in parts])
    return "".join(BARS[round(8 * peak)] for peak in peaks / max(peaks.max(), 1e-9))


def _rgb(image: Any) -> Any:
    return image.repeat(3, axis=-1) if image.shape[-1] == 1 else image


@contextmanager
def _progress() -> Iterator[Any]:
    """A bar on standard error for sources that report how far they are; nothing where it isn't a terminal."""
    from rich.console import Console
    from rich.progress import Progress

    console: Console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bars:
        tasks: dict[str, Any] = {}

        def report(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bars.add_task(what, total=total)
            bars.update(tasks[what], completed=done)

        yield report


def _settings(source: Source) -> set[str]:
    import inspect

    return set(inspect.signature(source.load).parameters)


def _print_json(content: Any) -> None:
    from json import dumps

    typer.echo(dumps(content, indent=1, ensure_ascii=False, allow_nan=False))
