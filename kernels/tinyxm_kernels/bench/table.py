"""The figures as tables: on the terminal by rich, and as rows of JSON, written beside and renamed."""

import json
import os
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from tinyxm_kernels.bench.figures import Row
from tinyxm_kernels.bench.plans import PLANS
from tinyxm_kernels.bench.runner import Machine, Results


def save(content: Any, path: Path) -> None:
    """Write JSON so that a crash leaves the old file or the new one: rows as the list of their fields."""
    if isinstance(content, list):
        content = [row.as_json() if isinstance(row, Row) else row for row in content]
    write(json.dumps(content, indent=1) + "\n", path)


def write(text: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.part")
    part.write_text(text, "utf-8")
    os.replace(part, path)


def machine_lines(machine: Machine) -> list[str]:
    """What the machine can do, a line for each number of threads."""
    lines = []
    for threads, bandwidth in sorted(machine.bandwidth.items()):
        peaks = [f"{gflops:.0f} GFLOP/s {dtype}" for (dtype, n), gflops in machine.gflops.items() if n == threads]
        lines.append(f"{threads} thread{'s' * (threads > 1)}: at most {', '.join(peaks)}; memory {bandwidth:.0f} GB/s")
    return lines


def show_results(results: Results, console: Any) -> None:
    """Print a table for each operation, dtype and number of threads."""
    from rich.table import Table

    def kind(row: Row) -> tuple[str, str, int]:
        return row.operation, row.dtype, row.threads

    for line in machine_lines(results.machine):
        console.print(line, highlight=False)
    for (operation, dtype, threads), group in groupby(sorted(results.rows, key=kind), key=kind):
        rows = list(group)
        peers = list(dict.fromkeys(row.rung for row in rows if row.is_peer))
        wide = console.width >= 80 + 18 * len(peers)
        title = f"{operation} ({PLANS[operation].letters}), {dtype}, {threads} thread{'s' * (threads > 1)}"
        table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
        for name in ("shape", "rung"):
            table.add_column(name, no_wrap=True)
        for name in ("GFLOP/s", "median", "% of peak", "beside BLAS", *(f"× {peer}" for peer in peers)):
            table.add_column(name.replace("channels_last", "nhwc"), justify="right")
        table.add_column("")
        for _, same in groupby(rows, key=lambda row: row.shape):
            for place, row in enumerate(ordered(same)):
                table.add_row(row.shape if place == 0 else "", *cells(row, peers, wide))
        console.print()
        console.print(table)
        for shape, reason in dict.fromkeys((row.shape, row.undecided_because) for row in rows if not row.decided):
            console.print(f"? {shape}: {reason}", highlight=False)
    console.print("\n* what the chooser takes; × best over best, in brackets the quartiles of the rounds' ratios")
    for note in results.notes:
        console.print(note, highlight=False, markup=False)


def ordered(rows: Iterable[Row]) -> list[Row]:
    """Ours from slow to fast, then the peers."""
    return sorted(rows, key=lambda row: (row.is_peer, row.best_gflops))


def cells(row: Row, peers: Sequence[str], wide: bool = True) -> list[str]:
    beside = "" if row.beside_blas is None else f"{row.beside_blas:.0%}"
    ratios = []
    for peer in peers:
        low, high = row.intervals.get(peer, (0.0, 0.0))
        told = f"{row.ratios.get(peer, 0):.2f}" + (f" ({low:.2f}–{high:.2f})" if wide else "")
        ratios.append(told if peer in row.ratios else "")
    name = f"{row.rung} *" if row.default else row.rung
    speeds = number(row.best_gflops), number(row.median_gflops), f"{row.peak_share:.0%}"
    return [name, *speeds, beside, *ratios, "" if row.decided else "?"]


def number(value: float) -> str:
    return f"{value:.3g}" if value < 10 else f"{value:.1f}" if value < 100 else f"{value:.0f}"
