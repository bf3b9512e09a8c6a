"""`tinyxm workbench`: one page on what a trained model's space looks like, and why."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from tinyxm.cli.errors import usage


def workbench(
    run: Annotated[
        Path, typer.Argument(metavar="RUN", help="The run's folder, as `train` made it.", show_default=False)
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The page to write; by default RUN/workbench.html.")
    ] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Look into a trained run: modality gap, collapse, gradients, false negatives, missing modalities, on one page."""
    from tinyxm import recipes
    from tinyxm.recipes.workbench import write_page

    console = Console()
    opened = recipes.open(run, console)
    if out is not None:
        usage(lambda: out.parent.mkdir(parents=True, exist_ok=True))
    with console.status("measuring, and training small towers at each temperature"):
        path = write_page(opened, out)
    console.print(f"page: {path}", markup=False, highlight=False, soft_wrap=True)
