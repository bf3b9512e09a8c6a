"""The figures of every recipe beside its goals and baselines, from runs made by one command each.

    python benchmarks/recipes.py [NAME ...] [--seeds 0 1 2] [--runs FOLDER] [--json FILE]
    python benchmarks/recipes.py --check       # what is recorded, without training anything

Trains what FOLDER (by default runs/recorded) doesn't hold yet, each run in a process of its own, one after the other;
with no NAME all recipes. Replaces what benchmarks/results/recipes.json held of them. Exit status 1 where a figure
misses its goal in the mean over the seeds.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from tinyxm import recipes
from tinyxm.recipes.recipe import Goal, Recipe, figure

RESULTS = Path(__file__).parent / "results" / "recipes.json"


def finished(name: str, seed: int, folder: Path) -> dict[str, Any]:
    """The results of a seed's run, trained if the folder doesn't hold it."""
    path = folder / f"{name}-{seed}"
    if not (path / "results.json").exists():
        resume = ["--resume"] if (path / "config.json").exists() else []
        command = [sys.executable, "-m", "tinyxm.cli", "train", name, "--seed", str(seed), "--out", str(path), *resume]
        subprocess.run(command, check=True)
    return dict(json.loads((path / "results.json").read_text("utf-8")))


def record(recipe: Recipe, seeds: list[int], runs: list[dict[str, Any]]) -> dict[str, Any]:
    """What recipes.json tells of a recipe."""
    facts = [run["facts"] for run in runs]
    seconds = [sum(told["seconds"].values()) + told["scoring_seconds"] for told in facts]
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{platform.machine()}, {platform.system()}, Python {platform.python_version()}",
        "seeds": seeds,
        "minutes": round(float(np.mean(seconds)) / 60, 2),
        "peak_memory_mb": max((told["peak_memory_mb"] or 0) for told in facts) or None,
        "parameters": facts[0]["parameters"],
        "figures": {path: beside(path, runs) for path in dict.fromkeys(goal.path for goal in recipe.goals)},
        "goals": [judged(goal, runs) for goal in recipe.goals],
    }


def beside(path: str, runs: list[dict[str, Any]]) -> dict[str, Any]:
    """A figure of every seed, with its interval and the baselines'."""
    *parts, score = path.split(".")
    told: dict[str, Any] = {"values": [figure(run, path) for run in runs]}
    sections = [within(run, parts) for run in runs]
    intervals = [section.get("intervals", {}).get(score) for section in sections]
    if any(intervals):
        told["intervals"] = intervals
    names = dict.fromkeys(name for section in sections for name in section.get("baselines", {}))
    for name in names:
        values = [section.get("baselines", {}).get(name, {}).get(score) for section in sections]
        if any(value is not None for value in values):
            told.setdefault("baselines", {})[name] = values
    return told


def within(results: dict[str, Any], parts: list[str]) -> dict[str, Any]:
    for part in parts:
        results = results.get(part, {})
    return results


def judged(goal: Goal, runs: list[dict[str, Any]]) -> dict[str, Any]:
    """A goal beside the means over the seeds."""
    values, limits = [goal.value(run) for run in runs], [goal.limit(run) for run in runs]
    if any(x is None for x in (*values, *limits)):
        return {"path": goal.path, "told": str(goal), "limit": None, "value": None, "met": None}
    value, limit = float(np.mean(np.array(values, float))), float(np.mean(np.array(limits, float)))
    strict = isinstance(goal.bound, str) and not goal.margin
    better = limit - value if goal.at_most else value - limit
    met = better > 0 if strict else better >= 0
    return {"path": goal.path, "told": str(goal), "limit": limit, "value": value, "met": met}


def show(name: str, told: dict[str, Any]) -> bool:
    """Print a recipe's goals; whether all are met."""
    print(f"{name}: seeds {told['seeds']}, {told['minutes']} minutes each, {told['peak_memory_mb']} MB, {told['date']}")
    for goal in told["goals"]:
        if goal["met"] is None:
            print(f"  {goal['path']:62} not scored                ({goal['told']})")
            continue
        verdict = "" if goal["met"] else "  missed"
        spread = "/".join(f"{value:.3f}" for value in told["figures"][goal["path"]]["values"])
        print(f"  {goal['path']:62} {spread:24} {goal['limit']:8.3f}  ({goal['told']}){verdict}")
    return all(goal["met"] for goal in told["goals"] if goal["met"] is not None)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1, 2])
    parser.add_argument("--runs", type=Path, default=Path("runs/recorded"))
    parser.add_argument("--json", type=Path, default=RESULTS)
    parser.add_argument("--check", action="store_true", help="show what is recorded, and train nothing")
    options = parser.parse_args()
    known = json.loads(options.json.read_text("utf-8")) if options.json.exists() else {}
    names = options.names or recipes.names()
    for name in names if not options.check else ():
        runs = [finished(name, seed, options.runs) for seed in options.seeds]
        known[name] = record(recipes.get(name), options.seeds, runs)
        options.json.parent.mkdir(exist_ok=True)
        options.json.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", "utf-8")
    return 0 if all([show(name, known[name]) for name in names if name in known]) else 1


if __name__ == "__main__":
    sys.exit(main())
