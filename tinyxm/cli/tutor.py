"""`tinyxm tutor`: the course opened in the browser, or a lesson as a notebook."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tinyxm.cli.errors import Misuse, usage
from tinyxm.cli.runs import print_path


def tutor(
    lesson: Annotated[
        str | None, typer.Argument(metavar="LESSON", help="Its number, such as 09; without one, the first page.")
    ] = None,
    notebook: Annotated[
        bool, typer.Option("--notebook", help="Lay the lesson here as a notebook, and open it in Jupyter Lab.")
    ] = False,
    list_: Annotated[bool, typer.Option("--list", help="List the lessons and their scripts.")] = False,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open it, or only say where it is.")] = True,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Open the course in the browser: the site as it was built here, offline, without a server.

    Where it isn't built, this says how to; `python docs/make_site.py` builds it. With --notebook a lesson becomes a
    notebook of your own in this folder, and is never overwritten.
    """
    import webbrowser

    from rich.console import Console

    from tinyxm.course import tutor

    console = Console()
    if list_:
        for number, path in tutor.lessons().items():
            console.print(f"{number}  {tutor.title(path)}\n    {path}", markup=False, highlight=False, soft_wrap=True)
        return
    asked = None if lesson is None else usage(lambda: tutor.lesson(lesson))
    if not notebook:
        page = tutor.site(asked)
        print_path(console, "site", page)
        if browser and not webbrowser.open(page.as_uri()):
            console.print("no browser could be opened; open that file yourself", highlight=False)
        return
    if asked is None:
        raise Misuse("tutor: --notebook is for one lesson; give its number, such as tinyxm tutor 09 --notebook")
    path = tutor.notebook(asked, Path.cwd())
    print_path(console, "notebook", path)
    if browser and not tutor.open_notebook(path):
        console.print(
            'to open it: pip install "tinyxm[notebook]", or any editor of notebooks', markup=False, highlight=False
        )
