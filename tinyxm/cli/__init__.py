"""The command line: each command is one call into a room below.

Errors are one line on stderr. Exit status: 2 for usage, 1 for failure, 130 after Ctrl-C.
"""

from __future__ import annotations

import re
import sys
import traceback
import warnings
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from tinyxm.cli.bench import bench
from tinyxm.cli.check import check
from tinyxm.cli.clean import clean
from tinyxm.cli.course import course
from tinyxm.cli.data import data
from tinyxm.cli.errors import Interrupted, Misuse, describe, status, usage
from tinyxm.cli.inside import inside
from tinyxm.cli.lab import lab
from tinyxm.cli.runs import evaluate, generate, print_path, query, train
from tinyxm.cli.simt import simt
from tinyxm.cli.step import step
from tinyxm.cli.tutor import tutor
from tinyxm.cli.workbench import workbench

Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]
Run = Annotated[Path, typer.Argument(metavar="RUN", help="The run's folder, as `train` made it.", show_default=False)]

HELP: dict[str, Any] = {"help_option_names": ["-h", "--help"]}
app = typer.Typer(
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings=HELP,
)


app.command()(train)
app.command("eval")(evaluate)
app.command()(query)
app.command()(generate)
app.command()(inside)
app.command()(bench)
app.command()(clean)
app.command()(simt)
app.command()(step)
app.command()(lab)
app.command()(check)
app.command()(tutor)
app.command()(workbench)
app.add_typer(data, name="data", context_settings=HELP)
app.add_typer(course, name="course", context_settings=HELP)


@app.callback(invoke_without_command=True)
def tinyxm(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,
    debug: Debug = False,
) -> None:
    """Cross-modal learning that hides nothing: train a model, see how good it is, ask it.

    Begin with [bold]tinyxm train[/bold]: no GPU, no download beyond the packages.
    """
    if version:
        from tinyxm import __version__

        typer.echo(f"tinyxm {__version__}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command("certify")
def certify_(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="NAME", help="Such as softmax or Linear; all of them by default.")
    ] = None,
    check: Annotated[
        list[str] | None, typer.Option(metavar="CHECK", help="Ask this alone, such as forward; may be given again.")
    ] = None,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write every row here, as JSON.")] = None,
    page: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the page of the documentation here.")] = None,
    debug: Debug = False,
) -> None:
    """Hold every operation, loss, layer and optimizer to its formula, to differences and to PyTorch.

    Each in float64 and float32 and on every rung of its kernels. Exit status 1 where anything fails, or has no case.
    """
    from rich.progress import track

    from tinyxm.certificate import CHECKS, as_json, certify, known_names, markdown, show
    from tinyxm.training.folder import beside

    usage(lambda: _known("name", names or (), known_names()))
    usage(lambda: _known("check", check or (), CHECKS))
    outputs = [(path, text) for path, text in ((json, as_json), (page, markdown)) if path is not None]
    for path, _ in outputs:
        usage(partial(path.parent.mkdir, parents=True, exist_ok=True))
    console, total = Console(), len(names or known_names())
    asked = certify(names or (), checks=check or CHECKS)
    watched = Console(stderr=True)
    results = dict(track(asked, "certifying", total, transient=True, console=watched, disable=not watched.is_terminal))
    show(console, results)
    for path, text in outputs:
        with beside(path) as part:
            part.write_text(text(results), "utf-8")
        print_path(console, "written", path)
    if any(row.passed is False for rows in results.values() for row in rows):
        raise typer.Exit(1)


@app.command()
def doctor(
    compile_: Annotated[
        bool, typer.Option("--compile", help="Compile all kernels now, so that nobody waits for it later.")
    ] = False,
    gpu: Annotated[
        bool, typer.Option("--gpu", help="Hold every CUDA kernel to its reference on this machine's GPU, and time it.")
    ] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Where --gpu writes its record; gpu-ARCH.json by default.")
    ] = None,
    debug: Debug = False,
) -> None:
    """Tell what this machine offers: libraries and threads, GPU or why none, data packages, kernels."""
    if compile_:
        _compile()
        return
    if gpu:
        _examine(out)
        return
    if out is not None:
        raise Misuse("doctor: --out is for the record that --gpu writes; give both")
    import platform

    from rich.table import Table
    from rich.text import Text

    from tinyxm import __version__
    from tinyxm.data import SOURCES, MissingExtra, cache_folder
    from tinyxm.data.sources import require
    from tinyxm_kernels import machine, rules

    try:
        packages = dict.fromkeys(name for source in SOURCES.values() for name in source.packages)
        versions = require("data", "data", list(packages))
        data = ("data", "complete", ", ".join(f"{name} {release}" for name, release in versions.items()))
    except MissingExtra as error:
        data = ("data", "incomplete", str(error).removeprefix("data: "))
    console = Console()
    table, ladder = Table.grid(padding=(0, 2)), Table.grid(padding=(0, 2))
    lines = [("tinyxm", __version__, ""), ("Python", platform.python_version(), sys.executable), *machine(), data]
    for name, value, note in (*lines, ("cache", str(cache_folder()), "")):
        table.add_row(f"[bold]{name}", escape(value), Text(note, overflow="fold"))
    for line in rules().splitlines():
        name, rule = line.split(maxsplit=1)
        ladder.add_row(name, escape(rule))
    console.print(table, "\n[bold]kernels, and which of their rungs runs", ladder)


def _examine(out: Path | None) -> None:
    """Check and time the CUDA kernels, and write the record; exit status 1 where there is no GPU, or one fails."""
    import json

    from tinyxm.training.folder import beside
    from tinyxm_kernels import cuda
    from tinyxm_kernels.cuda.record import examine, failures

    console = Console()
    if not cuda.available():
        raise RuntimeError(f"doctor: there is no GPU to examine: {cuda.reason()}")
    path = out or Path(f"gpu-{cuda.describe()['arch']}.json")
    usage(lambda: path.parent.mkdir(parents=True, exist_ok=True))
    record = examine(lambda line: console.print(line, markup=False, highlight=False, soft_wrap=True))
    with beside(path) as part:
        part.write_text(json.dumps(record, indent=1) + "\n", "utf-8")
    checks, failed = record["checks"], failures(record)
    console.print(f"{record['device']['name']}: {len(checks)} checks, {len(failed) or 'none'} failed", highlight=False)
    print_path(console, "record", path)
    if failed:
        raise typer.Exit(1)


def _compile() -> None:
    """Compile the main job's kernels, then all others; tell how long each part took."""
    import time

    from tinyxm.recipes.emoji.ahead import rehearse
    from tinyxm_kernels._cache import PROGRESS, cache_folder
    from tinyxm_kernels.bench import compile_ahead

    console, began = Console(), time.perf_counter()
    rehearse()
    console.print(f"{'a step of the main job':28}{time.perf_counter() - began:6.1f} s", highlight=False)
    for name, seconds in compile_ahead():
        console.print(f"{name:28}{seconds:6.1f} s", highlight=False)
    total, kernels = time.perf_counter() - began, PROGRESS.done
    console.print(f"compiled {kernels} kernels in {total:.0f} s" if kernels else "all kernels were compiled before")
    print_path(console, "kept in", cache_folder())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = lambda message, *_, **__: _complain(str(message))
            # standalone_mode would print errors in boxes of several lines
            code = _command()(arguments, prog_name="tinyxm", standalone_mode=False) or 0
        if code == 130:  # what typer makes of Ctrl-C, in silence
            raise KeyboardInterrupt
        return code
    except (Interrupted, KeyboardInterrupt, typer.Abort) as error:
        _complain(str(error) or "interrupted")
        return 130
    except Exception as error:
        if "--debug" in arguments:
            traceback.print_exc()
        _complain(describe(error))
        return status(error)


def _complain(message: str) -> None:
    """In one line; rows of a table, which are set in by four spaces, below it."""
    folded = re.sub(r"\s*\n(?! {4})\s*", " ", message.strip())
    print(f"tinyxm: {folded}", file=sys.stderr)


def _command() -> Any:
    group: Any = typer.main.get_command(app)
    nested = [inner for command in group.commands.values() for inner in getattr(command, "commands", {}).values()]
    for command in (group, *group.commands.values(), *nested):
        for parameter in command.get_params(typer.Context(command, **HELP)):
            if getattr(parameter, "is_flag", False):
                parameter.metavar = ""  # help would call it <bool>
    return group


def _known(what: str, given: Sequence[str], known: Sequence[str]) -> None:
    """Raise ValueError, with the nearest that there are, for what isn't known."""
    import difflib

    for name in given:
        if name not in known:
            near = difflib.get_close_matches(name, known, 3, 0.5) or known
            raise ValueError(f"certify: no {what} {name!r}; there is {', '.join(near)}")
