"""`tinyxm clean`: what is wrong in a folder of pictures, sounds and texts, as a table, as JSON, as a page."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tinyxm.cli.errors import Misuse, usage

if TYPE_CHECKING:
    from rich.console import Console

    from tinyxm.data import Ledger

SHOWN = 40  # findings that are printed


def clean(
    folder: Annotated[
        Path, typer.Argument(metavar="FOLDER", help="A folder of files, or a CSV that names them.", show_default=False)
    ],
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write what is kept, and the ledger, here.")] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a page with each finding to see and to hear.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Copy what is kept there, as it was repaired.")
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Find what is wrong in a folder: duplicates, broken files, blank pictures, bad sounds, wrong encodings and pairs.

    Files of one name (7.png, 7.txt, 7.wav) are one sample; subfolders may be labels. Nothing in the folder is changed.
    """
    from rich.console import Console

    from tinyxm.data.cleaning.folder import clean_folder, copy_kept

    for path in filter(None, (json, html)):
        if folder.is_dir() and path.resolve().is_relative_to(folder.resolve()):
            raise Misuse(f"clean: {path} lies in {folder}, in which nothing is changed; name another place")
        usage(partial(path.parent.mkdir, parents=True, exist_ok=True))
    if out is not None:
        usage(partial(_free, folder, out))
    result = usage(partial(clean_folder, folder))
    console = Console()
    if not console.is_terminal:
        console.width = 160
    _print(console, result.ledger)
    console.print(
        f"{len(result.samples):,} samples, {len(result.kept):,} kept, {len(result.ledger):,} findings", highlight=False
    )
    if json is not None:
        from tinyxm.training.folder import beside

        with beside(json) as part:
            part.write_text(result.to_json() + "\n", "utf-8")
    if html is not None:
        from tinyxm.training.cleaning_page import write_cleaning_page

        write_cleaning_page(html, folder.resolve().name, result.samples, result.kept, result.ledger)
    if out is not None:
        copy_kept(result, out)
    for path in filter(None, (json, html, out)):
        console.print(f"written: {path}", markup=False, highlight=False, soft_wrap=True)


def _free(folder: Path, out: Path) -> None:
    if out.resolve().is_relative_to(folder.resolve() if folder.is_dir() else folder.resolve().parent):
        raise Misuse(f"clean: --out {out} lies in {folder}, in which nothing is changed; name another place")
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise Misuse(f"clean: --out {out} isn't an empty folder; name another")


def _print(console: Console, ledger: Ledger) -> None:
    from rich.markup import escape
    from rich.table import Table

    from tinyxm.data.cleaning.reading import printable

    if not len(ledger):
        return
    table = Table.grid(padding=(0, 2))
    table.add_row("[bold]sample", "[bold]modality", "[bold]fault", "[bold]action", "[bold]value")
    for row in ledger.rows()[:SHOWN]:
        value = row["value"] if len(row["value"]) <= 90 else row["value"][:90] + " …"
        cells = (row["sample"], row["modality"], row["fault"], row["action"], value)
        table.add_row(*(escape(printable(cell)) for cell in cells))
    console.print(table)
    if len(ledger) > SHOWN:
        console.print(f"… and {len(ledger) - SHOWN:,} more: --json FILE has all", highlight=False)
    counts = Table.grid(padding=(0, 2))
    for (modality, fault, action), count in ledger.counts().items():
        counts.add_row(f"{count:,}", modality, fault, action)
    console.print("", counts)
