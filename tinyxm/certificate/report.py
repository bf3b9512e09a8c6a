"""The certificate to read: in the terminal, as a page, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from tinyxm.certificate.case import EDGES
from tinyxm.certificate.checks import NO_KERNEL, TOLERANCES
from tinyxm.certificate.run import ADVICE, KINDS, Row
from tinyxm.certificate.scope import NOT_ASKED

SHOWN = {
    **{"forward": ("forward",), "1st": ("first order",), "2nd": ("second order",), "torch": ("torch",)},
    **{"edges": (*EDGES, "no gradient"), "rest": ("non-contiguous", "arrays", "dtype", "restored")},
}
SHORT = {"float64": "f64", "float32": "f32"}
PLURALS = {"operation": "operations", "loss": "losses", "layer": "layers", "optimizer": "optimizers"}


def as_json(results: dict[str, list[Row]]) -> str:
    """A list of objects, one for each row."""
    return json.dumps([row._asdict() for rows in results.values() for row in rows], indent=1, allow_nan=False) + "\n"


def show(console: Console, results: dict[str, list[Row]]) -> None:
    """The errors of each name, in each dtype and on each rung; the failures in full; and a summary."""
    table = Table(box=None, padding=(0, 1, 0, 0), pad_edge=False, header_style="dim")
    width = min(23, max(map(len, results)))
    table.add_column("name", no_wrap=True, min_width=width, overflow="ellipsis")
    table.add_column("of", no_wrap=True, min_width=3)
    table.add_column("rung", no_wrap=True, max_width=max(9, console.width - width - 44), overflow="ellipsis")
    for heading in SHOWN:
        table.add_column(heading, justify="right", no_wrap=True, min_width=max(len(heading), 5))
    every = [row for rows in results.values() for row in rows]
    failures = [row for row in every if row.passed is False]
    for kind in KINDS:
        named = {name: rows for name, rows in results.items() if rows and rows[0].kind == kind}
        if named:
            table.add_row(f"[bold]{PLURALS[kind]}")
        for name, rows in named.items():
            shown = f"[red]{escape(name)}" if any(row.passed is False for row in rows) else escape(name)
            for dtype, rung in dict.fromkeys((row.dtype, row.rung) for row in rows):
                here = [row for row in rows if (row.dtype, row.rung) == (dtype, rung)]
                cells = [_worst([row for row in here if row.check in checks]) for checks in SHOWN.values()]
                table.add_row(shown, SHORT[dtype], escape(_shorter(rung, rows)), *cells)
                shown = ""
    console.print(table)
    gaps: dict[str, dict[str, None]] = {}
    alike: dict[tuple[str, str], list[Row]] = {}
    for row in failures:
        if row.is_gap:
            gaps.setdefault(row.name, {})[row.check] = None
        else:
            alike.setdefault((row.name, row.check), []).append(row)
    for (name, check), found in alike.items():
        worst = max(found, key=lambda row: row.ratio)
        size = "" if worst.error is None else f"error {worst.error:.2g}, tolerance {worst.tolerance:g}: "
        others = f"\nand in {', '.join(f'{row.dtype} on {row.rung}' for row in found if row is not worst)}"
        text = f"{size}{worst.reason}{others if len(found) > 1 else ''}"
        _tell(console, f"{name}: {check}, {worst.dtype}, {worst.rung}", text)
    if gaps:
        _tell(console, "without a case", "\n".join(f"{name}: {', '.join(checks)}" for name, checks in gaps.items()))
        console.print(f"[dim]{ADVICE}", highlight=False)
    console.print()
    passed, unasked = sum(row.passed is True for row in every), sum(row.passed is None for row in every)
    counted = ", ".join(
        f"{n} {PLURALS[kind] if n != 1 else kind}"
        for kind in KINDS
        if (n := sum(bool(rows) and rows[0].kind == kind for rows in results.values()))
    )
    console.print(
        "[dim]f64 and f32: in float64 and float32; 1st and 2nd: gradients of that order; rest: layout, dtype, state "
        "restored. The largest error of each; – where it isn't asked, for a reason in docs/certificate.md",
        highlight=False,
    )
    console.print(f"{counted}:\n{passed} checks passed, {len(failures)} failed, {unasked} not run", highlight=False)


def _tell(console: Console, heading: str, text: str) -> None:
    console.print(Text(f"\n{heading}", style="bold red"))
    console.print(Padding(Text(text), (0, 0, 0, 4)))


def _shorter(rung: str, rows: Sequence[Row]) -> str:
    """The rung without its room, where all are of one."""
    rooms = {row.rung.partition("=")[0] for row in rows if row.rung != NO_KERNEL}
    return "" if rung == NO_KERNEL else rung.rpartition("=")[2] if len(rooms) == 1 else rung


def _rungs(rows: Sequence[Row]) -> str:
    """The rungs that ran: those of one room by their names, those of several by their number."""
    rooms: dict[str, set[str]] = {}
    for row in rows:
        if row.passed is not None and row.rung != NO_KERNEL:
            room, _, rung = row.rung.rpartition("=")
            rooms.setdefault(room, set()).add(rung)
    if len(rooms) == 1:
        return ", ".join(*map(sorted, rooms.values()))
    return ", ".join(f"{room} {len(rungs)}" for room, rungs in sorted(rooms.items()))


def _worst(rows: Sequence[Row]) -> str:
    """The error of these rows that takes most of its tolerance, to one digit."""
    asked = [row for row in rows if row.passed is not None]
    if not asked:
        return "–"
    worst = max(asked, key=lambda row: row.ratio)
    shown = "" if worst.error is None else f"{worst.error:.0e}" if worst.error else "0"
    return f"[red]✗ {shown}".rstrip() if worst.passed is False else shown


PAGE = """\
# The certificate

`tinyxm certify` holds every public operation, loss, layer and optimizer to what others know of it: its formula in plain
NumPy, central differences of first and second order along random directions, and PyTorch; in float64 and in float32,
and on every rung of the kernels that it runs. `tinyxm certify softmax` asks one alone, `--json FILE` writes every
number. This page is made by `tinyxm certify --page docs/certificate.md`.

✓ passed in both dtypes on every rung, ✗ failed, – not asked, for a reason given below. Behind the terms:

- *first*, *second*: gradients, and gradients of gradients. Float32 is held to our own float64, which is held to the
  differences; where a point has no two-sided difference (ties, kinks, very large values), to the stated gradients.
- *layout*: strided, reversed and Fortran-ordered inputs give the same. *dtype*: float32 stays float32 to second order.
- *edges*: cases at the border. *empty* has an axis of length 0, *size one* a single element, *broadcast* shapes that
  differ, *large* and *tiny* values near overflow and underflow, *ties* several largest, *subgradient* a kink.

An error is the largest difference from what is expected, relative to the largest number expected, or to 1 where that is
smaller (but for tiny values, where there is no such floor). It passes up to these tolerances:

"""


def markdown(results: dict[str, list[Row]]) -> str:
    """The page of the documentation: free of dates, machines and last digits, so that it changes when the code does."""
    lines = ["| check | float64 | float32 | because |", "| --- | --- | --- | --- |"]
    lines += [f"| {check} | {a:g} | {b:g} | {why} |" for check, (a, b, why) in TOLERANCES.items()]
    for kind in KINDS:
        named = {name: rows for name, rows in results.items() if rows and rows[0].kind == kind}
        if not named:
            continue
        columns = OF_OPTIMIZERS if kind == "optimizer" else OF_FUNCTIONS
        lines += ["", f"## {PLURALS[kind].capitalize()}", ""]
        lines += [f"| name | {' | '.join(columns)} | edges | rungs |", f"|{' --- |' * (len(columns) + 3)}"]
        for name, rows in named.items():
            cells = [_mark([row for row in rows if row.check == check]) for check in columns.values()]
            edges = [row.check for row in rows if row.check not in columns.values() and row.passed is not None]
            failed = {row.check for row in rows if row.passed is False}
            shown = ", ".join(f"✗ {edge}" if edge in failed else edge for edge in dict.fromkeys(edges))
            lines.append(f"| `{name}` | {' | '.join(cells)} | {shown} | {_rungs(rows)} |")
    lines += ["", "## What isn't asked", ""]
    alone = [name for name, rows in results.items() if {row.passed for row in rows if row.check == "torch"} == {None}]
    lines += [f"- *PyTorch*: it has no such function: {', '.join(f'`{name}`' for name in alone)}"]
    for check, reasons in NOT_ASKED.items():
        for why, names in reasons.items():
            lines.append(f"- *{check}*: {why}: {', '.join(f'`{name}`' for name in names.split())}")
    return PAGE + "\n".join(lines) + "\n"


OF_FUNCTIONS = {
    **{"forward": "forward", "first": "first order", "second": "second order", "PyTorch": "torch"},
    **{"layout": "non-contiguous", "arrays": "arrays", "dtype": "dtype"},
}
OF_OPTIMIZERS = {
    **{"50 steps": "forward", "PyTorch": "torch", "state restored": "restored"},
    **{"layout": "non-contiguous", "dtype": "dtype"},
}


def _mark(rows: Sequence[Row]) -> str:
    results = {row.passed for row in rows}
    return "✗" if False in results else "✓" if True in results else "–"
