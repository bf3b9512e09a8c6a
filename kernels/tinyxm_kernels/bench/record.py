"""A recorded run: rows, goals and the machine they were taken on, in one file, and the page made from it."""

import json
import os
import platform
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, version
from itertools import groupby
from pathlib import Path
from typing import Any

from tinyxm_kernels.bench.figures import Row
from tinyxm_kernels.bench.goals import Goal, goals
from tinyxm_kernels.bench.runner import Machine, Results
from tinyxm_kernels.bench.table import number, ordered, save
from tinyxm_kernels.threads import cores

LIBRARIES = "numpy", "scipy", "numba", "llvmlite", "torch", "jax", "jaxlib"


def describe(machine: Machine) -> dict[str, Any]:
    """The machine and the libraries, and what the bench measured of it."""
    versions = {}
    for name in LIBRARIES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return {
        "processor": processor(),
        "system": platform.platform(),
        "cores": cores(),
        "python": platform.python_version(),
        "libraries": versions,
        "peak_gflops": [
            {"dtype": dtype, "threads": threads, "gflops": gflops}
            for (dtype, threads), gflops in machine.gflops.items()
        ],
        "bandwidth_gb_s": [{"threads": threads, "gb_s": gb_s} for threads, gb_s in machine.bandwidth.items()],
        "pinned": hasattr(os, "sched_setaffinity"),
    }


def processor() -> str:
    """The processor's name, as Linux tells it, else as Python does."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def record(results: Results, path: Path) -> None:
    """Write the run, beside and renamed."""
    content = {
        "machine": describe(results.machine),
        "goals": [asdict(goal) | {"met": goal.met} for goal in goals(results.rows) if goal.measured is not None],
        "notes": results.notes,
        "rows": [_rounded(row.as_json()) for row in results.rows],
    }
    save(content, path)


def _rounded(value: Any) -> Any:
    """To five digits, more than a run repeats."""
    if isinstance(value, dict):
        return {key: _rounded(own) for key, own in value.items()}
    if isinstance(value, list | tuple):
        return [_rounded(own) for own in value]
    return float(f"{value:.5g}") if isinstance(value, float) else value


def page(path: Path) -> str:
    """The recorded tables as Markdown."""
    recorded = json.loads(path.read_text("utf-8"))
    rows, machine = [Row(**row) for row in recorded["rows"]], recorded["machine"]
    libraries = ", ".join(f"{name} {release}" for name, release in machine["libraries"].items())
    peaks = [f"{p['gflops']:.0f} GFLOP/s ({p['dtype']}, {p['threads']} threads)" for p in machine["peak_gflops"]]
    memory = [f"{b['gb_s']:.0f} GB/s ({b['threads']} threads)" for b in machine["bandwidth_gb_s"]]
    held = "each thread held to a core" if machine["pinned"] else "threads not held to cores"
    lines = [
        f"{machine['processor']}, {machine['cores']} cores, {machine['system']}, Python {machine['python']};",
        f"{libraries}; {held}. Peak {', '.join(peaks)}; memory {', '.join(memory)}.",
        "",
        *_goals([Goal(**{k: v for k, v in goal.items() if k != "met"}) for goal in recorded["goals"]]),
        *_rows(rows),
        *(f"- {note}" for note in recorded["notes"] if " skipped, takes " not in note),  # which the dash says
    ]
    return "\n".join(lines).rstrip() + "\n"


def _goals(found: Sequence[Goal]) -> list[str]:
    lines = ["| to reach | threads | measured | at least | |", "| --- | --- | --- | --- | --- |"]
    for goal in found:
        verdict = "met" if goal.met else "**missed**"
        told = f"{verdict}; {goal.note}" if goal.note else verdict
        lines.append(f"| {goal.name} | {goal.threads} | {goal.measured:.2f} | {goal.least:.2f} | {told} |")
    return [*lines, ""]


def _rows(rows: Iterable[Row]) -> list[str]:
    """For each operation a table: GFLOP/s, best / median, by shape and threads; the chooser's rung in bold."""

    def kind(row: Row) -> tuple[str, str]:
        return row.operation, row.dtype

    lines = []
    for (operation, dtype), group in groupby(sorted(rows, key=kind), key=kind):
        own = list(group)
        names = list(dict.fromkeys(row.rung for row in ordered(own)))
        lines += [f"### {operation}, {dtype}", "", f"| shape | threads | {' | '.join(names)} |"]
        lines.append("| --- " * (len(names) + 2) + "|")
        for shape, threads in dict.fromkeys((row.shape, row.threads) for row in own):
            by_name = {row.rung: row for row in own if (row.shape, row.threads) == (shape, threads)}
            lines.append(f"| {shape} | {threads} | {' | '.join(_cell(by_name.get(name)) for name in names)} |")
        lines.append("")
    return lines


def _cell(row: Row | None) -> str:
    if row is None:
        return "–"
    told = f"{number(row.best_gflops)} / {number(row.median_gflops)}" + ("" if row.decided else " ?")
    return f"**{told}**" if row.default else told
