"""`tinyxm step`: one training step of a recipe or of a run, every operation of it, as a page or in the terminal."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from tinyxm.cli.errors import Misuse, usage
from tinyxm.cli.runs import Debug, File, print_path


def step(
    what: Annotated[
        str,
        typer.Argument(metavar="WHAT", help="A recipe (its first step), a run's folder (its next), or a trace."),
    ],
    out: Annotated[
        File, typer.Option(metavar="FILE", help="Where to write it: a page (.html), or a trace (.json).")
    ] = None,
    play: Annotated[bool, typer.Option("--play", help="Step through it in the terminal, by the arrow keys.")] = False,
    stage: Annotated[
        str | None, typer.Option(metavar="NAME", help="Which of the recipe's models; by default the first.")
    ] = None,
    samples: Annotated[int, typer.Option(metavar="N", min=2, help="Samples in the batch.")] = 4,
    seed: Annotated[int, typer.Option(metavar="N", help="Seed of a recipe's first step.")] = 0,
    debug: Debug = False,
) -> None:
    """Record one training step, and show where each of its numbers comes from, forward and back.

    By default it's written to step.html, a page that holds all it shows. `tinyxm step emoji` records the main job's
    small model.
    """
    from rich.console import Console

    from tinyxm.steps import load, page, terminal, trace

    console = Console()
    given = Path(what)
    if out is not None and out.suffix.lower() not in (".html", ".json"):
        raise Misuse(f"step: --out {out}: expected a name that ends in .html or .json")
    if given.is_file():
        told: dict[str, Any] = usage(lambda: load(given))
    else:
        told = usage(lambda: trace.encode(_recorded(given, stage, samples, seed, console)))
    if play:
        terminal.play(told, console)
    if out is None and play:
        return
    path = out or Path("step.html")
    usage(lambda: path.parent.mkdir(parents=True, exist_ok=True))
    if path.suffix.lower() == ".json":
        trace.save(told, path)
    else:
        page.write(told, path)
    print_path(console, "trace" if path.suffix.lower() == ".json" else "page", path)


def _recorded(given: Path, stage: str | None, samples: int, seed: int, console: Any) -> Any:
    from tinyxm import recipes
    from tinyxm.recipes.step import first_step, next_step

    if not given.exists() and (given.suffix or len(given.parts) > 1):
        raise Misuse(f"step: there is no file or folder {given}; give a trace, a run's folder, or a recipe's name")
    if given.is_dir():
        return next_step(recipes.open(given, console), samples, stage)
    return first_step(recipes.get(str(given)), samples, stage, console, seed=seed)
