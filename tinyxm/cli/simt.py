"""`tinyxm simt`: a CUDA kernel on NumPy, lane by lane, with its profile, its faults and a stepper."""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tinyxm.cli.errors import Misuse, usage

if TYPE_CHECKING:
    from tinyxm_kernels.simt.experiment import Experiment


def simt(
    file: Annotated[
        str, typer.Argument(metavar="KERNEL.cu", help="A file, or one of the package, such as matmul/cuda_tiled.cu.")
    ],
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="The kernel; may be left out where the file has one alone.")
    ] = None,
    grid: Annotated[str | None, typer.Option(metavar="X[,Y[,Z]]", help="Blocks of the launch.")] = None,
    block: Annotated[str | None, typer.Option(metavar="X[,Y[,Z]]", help="Threads of a block.")] = None,
    args: Annotated[
        str | None,
        typer.Option(
            metavar="LIST",
            help="Arrays as TYPE:SHAPE, outputs as TYPE*:SHAPE (filled with NaN, whole numbers with 0), =FILL behind "
            "the shape (a number, arange, 1..9); numbers as they are; null. Such as float:64x64,int:64=0..9,64",
        ),
    ] = None,
    shared: Annotated[int | None, typer.Option(metavar="BYTES", help="Dynamic shared memory of a block.")] = None,
    define: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A macro, as by -D; may be given again.")
    ] = None,
    expect: Annotated[
        list[str] | None,
        typer.Option(metavar="FORMULA", help='Hold an output to it, such as "c = a @ b"; may be given again.'),
    ] = None,
    seed: Annotated[int, typer.Option(metavar="N", help="Seed that the arrays are drawn by.")] = 0,
    json: Annotated[Path | None, typer.Option(metavar="FILE", help="Write the report here, as JSON.")] = None,
    html: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write a page to step through, forward and back.")
    ] = None,
    step: Annotated[
        bool, typer.Option("--step", help="Step through a warp: by keys on a terminal, otherwise all steps are listed.")
    ] = False,
    warp: Annotated[
        str, typer.Option(metavar="BLOCK,WARP", help="The warp to step through: block's number, warp's in it.")
    ] = "0,0",
    steps: Annotated[int, typer.Option(metavar="N", help="Statements that are recorded at most.")] = 2000,
    arch: Annotated[
        str | None, typer.Option(metavar="ARCHITECTURE", help="Tell the occupancy, such as on sm_80.")
    ] = None,
    registers: Annotated[
        int | None, typer.Option(metavar="N", help="Registers of a thread; by default those that NVRTC gives it.")
    ] = None,
    beside: Annotated[
        str | None, typer.Option(metavar="FILE[:NAME]", help="Another kernel to compare with, launched alike.")
    ] = None,
    beside_define: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="A macro of the other, or of the same kernel again.")
    ] = None,
    beside_grid: Annotated[str | None, typer.Option(metavar="X[,Y[,Z]]", help="Blocks of the other.")] = None,
    beside_block: Annotated[str | None, typer.Option(metavar="X[,Y[,Z]]", help="Threads of its blocks.")] = None,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Run a CUDA C kernel on NumPy, every thread a lane: what a GPU would do, without one.

    Prints a profile by source line and what the sanitizer found. Options that are left out are taken from comments of
    the source, `// tinyxm simt NAME --grid ...`. Exit status 1 where there are findings, or a result isn't as expected.
    """
    from tinyxm_kernels.simt import experiment

    if steps < 1:
        raise Misuse(f"simt: --steps {steps}: expected 1 or more")
    traced = step or html is not None or json is not None
    first = experiment.Experiment(
        file=usage(partial(experiment.find, file)),
        kernel=name,
        grid=usage(partial(_size, grid, "--grid")),
        block=usage(partial(_size, block, "--block")),
        args=args,
        shared=shared,
        defines=usage(partial(_defines, define, "--define")),
        expect=tuple(expect) if expect else None,
        seed=seed,
        warp=usage(partial(_warp, warp)) if traced else None,
        steps=steps,
        architecture=arch,
        registers=registers,
    )
    experiments = [first]
    if beside is not None or beside_define or beside_grid or beside_block:
        experiments.append(usage(partial(_other, first, beside, beside_define, beside_grid, beside_block)))
    for path in filter(None, (json, html)):
        usage(partial(path.parent.mkdir, parents=True, exist_ok=True))
    reports = [usage(partial(experiment.perform, each)) for each in experiments]
    _show(reports, step)
    _write(reports, json, html)
    if not all(map(experiment.is_clean, reports)):
        raise typer.Exit(1)


def _show(reports: list[dict[str, Any]], step: bool) -> None:
    from rich.console import Console

    from tinyxm_kernels.simt import stepping, table

    console = Console()
    if not console.is_terminal:
        console.width = 160
    for report in reports:
        table.show(report, console)
        console.print()
    if len(reports) > 1:
        table.show_compared(reports[0], reports[1], console)
    table.show_limits(reports, console)
    if step and console.is_terminal:
        stepping.interactive(reports[0], console, typer.getchar)
    elif step:
        console.print()
        stepping.listing(reports[0], console)


def _write(reports: list[dict[str, Any]], json: Path | None, html: Path | None) -> None:
    from json import dumps

    from tinyxm.training.folder import beside as written_beside
    from tinyxm_kernels.simt import page

    if json is not None:
        content = reports[0] | ({"beside": reports[1]} if len(reports) > 1 else {})
        with written_beside(json) as part:
            part.write_text(dumps(page.finite(content), indent=1, allow_nan=False) + "\n", "utf-8")
    if html is not None:
        page.write_page(html, *reports)
    for path in filter(None, (json, html)):
        typer.echo(f"written: {path}")


def _other(
    first: Experiment, beside: str | None, define: list[str] | None, grid: str | None, block: str | None
) -> Experiment:
    """What the first is compared with: launched with all that it was given, but for what is said of the other."""
    from dataclasses import replace

    from tinyxm_kernels.simt.experiment import find

    file, kernel, defines = first.file, first.kernel, dict(first.defines)
    if beside is not None:
        path, _, name = beside.rpartition(":") if re.search(r":\w+$", beside) else (beside, "", "")
        file, kernel = find(path), name or (None if first.kernel is None else first.kernel)
    return replace(
        first,
        file=file,
        kernel=kernel,
        defines=defines | _defines(define, "--beside-define"),
        grid=_size(grid, "--beside-grid") or first.grid,
        block=_size(block, "--beside-block") or first.block,
    )


def _size(text: str | None, option: str) -> tuple[int, ...] | None:
    from tinyxm_kernels.simt.experiment import size

    return None if text is None else size(text, option)


def _defines(words: list[str] | None, option: str) -> dict[str, str]:
    defines = {}
    for word in words or ():
        name, equals, value = word.partition("=")
        if not name.isidentifier():
            raise Misuse(f"simt: {option} {word}: expected NAME or NAME=VALUE")
        defines[name] = value if equals else "1"
    return defines


def _warp(text: str) -> tuple[int, int]:
    if not re.fullmatch(r"\d+,\d+", text):
        raise Misuse(f"simt: --warp {text}: expected two whole numbers, such as 0,0: a block's number, and its warp's")
    block, warp = text.split(",")
    return int(block), int(warp)
