"""What was measured: the kernels' ladders as charts, every recipe beside its baselines, with dates and machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from building.contents import ROOT

RESULTS = ROOT / "benchmarks" / "results"


def write(tree: Path) -> list[str]:
    """The pages of records, and their names for the navigation."""
    (tree / "records").mkdir()
    (tree / "records" / "kernels.md").write_text(_kernels(tree / "records"), "utf-8")
    (tree / "records" / "recipes.md").write_text(_recipes(), "utf-8")
    return ["records/kernels", "records/recipes"]


def _kernels(folder: Path) -> str:
    """A chart for each operation, of its largest shape, on one thread and on two."""
    from tinyxm_kernels.bench.charts import ladder, ladders
    from tinyxm_kernels.bench.figures import Row

    told = json.loads((RESULTS / "kernels.json").read_text("utf-8"))
    machine = told["machine"]
    libraries = ", ".join(f"{name} {release}" for name, release in machine["libraries"].items())
    peaks = " and ".join(f"{p['gflops']:.0f} GFLOP/s on {p['threads']}" for p in machine["peak_gflops"])
    lines = [
        "# The ladders, measured",
        "",
        f"{machine['processor']}, {machine['cores']} cores, {machine['system']}, Python {machine['python']}; "
        f"{libraries}. Peak in float32: {peaks} thread(s).",
        "",
        "Each operation at its largest recorded shape: the rungs from slowest to fastest, the libraries as lines. Dark "
        'is the rung that runs by default; "?" marks a figure that noise leaves undecided. Tables, method and what is '
        "missed: [the bench](../docs/bench.md).",
        "",
    ]
    found = ladders([Row(**row) for row in told["rows"]])
    operations: dict[str, list[list[Row]]] = {}
    for group in found:
        operations.setdefault(group[0].operation, []).append(group)
    for operation, groups in operations.items():
        groups = sorted(groups, key=lambda group: group[0].threads)
        figure = Figure(figsize=(6.4, 0.8 + sum(0.9 + 0.28 * len(group) for group in groups)), layout="constrained")
        for axes, group in zip(np.ravel(figure.subplots(len(groups), 1, squeeze=False)), groups, strict=True):
            ladder(axes, group)
        figure.savefig(folder / f"{operation}.png", dpi=120)
        own = [row for row in groups[0] if not row.is_peer]
        best = max(own, key=lambda row: row.best_gflops)
        rungs = ", ".join(f"{row.rung} {row.best_gflops:.3g}" for row in sorted(own, key=lambda row: row.best_gflops))
        words = f"Rungs of {operation} at {best.shape} on {best.threads} thread, in GFLOP/s: {rungs}"
        lines += [f"## {operation}", "", f"![{words}]({operation}.png)", ""]
    return "\n".join(lines)


def _recipes() -> str:
    """Each recipe's figures beside their baselines, as the recorded runs gave them."""
    from tinyxm import recipes

    told = json.loads((RESULTS / "recipes.json").read_text("utf-8"))
    lines = [
        "# The recipes, recorded",
        "",
        "Every arrow's figures: the mean over the recorded seeds, the widest bootstrap interval, and the baselines in "
        "the same units. `python benchmarks/recipes.py NAME` makes a row anew. What each is: "
        "[recipes](../docs/recipes.md).",
        "",
    ]
    for name, record in told.items():
        recipe = recipes.get(name)
        seeds = record["seeds"]
        lines += [f"## {name}: {recipe.arrow}", "", f"{recipe.summary[0].upper()}{recipe.summary[1:]}.", ""]
        lines += [
            f"{record['date']}; {record['machine']}; seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}; "
            f"{record['minutes']:.1f} minutes a seed, {record['peak_memory_mb'] / 1000:.2f} GB at most.",
            "",
            "| figure | the recipe | interval | baselines |",
            "| --- | --- | --- | --- |",
        ]
        lines += [_row(path, figure) for path, figure in record["figures"].items()]
        goals = [f"{g['told']} ({g['path'].replace('_', ' ')})" for g in record["goals"] if not g["met"]]
        lines += ["", f"**Missed:** {'; '.join(goals)}." if goals else f"All {len(record['goals'])} goals are met.", ""]
    return "\n".join(lines)


def _row(path: str, figure: dict[str, Any]) -> str:
    spans = figure.get("intervals") or []
    span = f"{min(low for low, _ in spans):.3g} to {max(high for _, high in spans):.3g}" if spans else "–"
    bars = "; ".join(f"{name.replace('_', ' ')} {np.mean(v):.3g}" for name, v in figure.get("baselines", {}).items())
    words = path.replace(".", ": ").replace("_", " ")
    return f"| {words} | **{np.mean(figure['values']):.3g}** | {span} | {bars or '–'} |"
