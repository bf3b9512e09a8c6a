"""`tinyxm inside`: what in a picture, a text or a sound made a run's answer, as one sheet of maps."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tinyxm.cli.errors import Misuse, usage
from tinyxm.cli.runs import Debug, File, Folder, file_option, print_path


def inside(
    run: Folder,
    text: Annotated[str | None, typer.Option(metavar="TEXT", help="A text to look into.")] = None,
    image: Annotated[File, file_option("A picture to look into.")] = None,
    audio: Annotated[File, file_option("A sound to look into.")] = None,
    video: Annotated[File, file_option("A video to look into.")] = None,
    out: Annotated[File, typer.Option(metavar="FILE", help="The PNG to write; by default in RUN/inside.")] = None,
    debug: Debug = False,
) -> None:
    """Show which part of what is given made a run's answer, and how much of each map random weights leave.

    Given a picture and a text, it's what of each agrees with the other; given one, the best answer is the other.
    """
    asked = {"text": text, "image": image, "audio": audio, "video": video}
    given = {kind: value for kind, value in asked.items() if value is not None}
    if not given:
        raise Misuse("inside: nothing to look into; give --text, --image, --audio or --video")
    if out is not None and (out.suffix.lower() != ".png" or out.is_dir()):
        raise Misuse(f"inside: --out {out}: the sheet is a PNG file; give a name that ends in .png")
    from rich.console import Console

    from tinyxm import recipes
    from tinyxm.cli.runs import sheet_name
    from tinyxm.models.interpretation.draw import sheet
    from tinyxm.training.folder import beside

    console = Console()
    opened = recipes.open(run, console)
    with console.status("drawing maps, and testing them"):
        figure = sheet(opened.inside(**given))
    name = "-".join(Path(sheet_name(value)).stem for value in given.values()) + ".png"
    path = out or opened.folder.path / "inside" / name
    usage(lambda: path.parent.mkdir(parents=True, exist_ok=True))
    with beside(path) as part:
        figure.savefig(part, format="png", dpi=160)
    print_path(console, "picture", path)
