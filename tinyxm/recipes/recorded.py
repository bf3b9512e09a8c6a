"""The last recorded figures of every recipe, beside what they are to reach: benchmarks/results/recipes.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from tinyxm import recipes
from tinyxm.recipes.recipe import Goal
from tinyxm_kernels import bench


def recorded() -> dict[str, Any]:
    """What benchmarks/recipes.py has recorded: recipe → {"date", "seeds", "minutes", "figures": {path: {...}}, ...}.

    Empty where the file isn't there.
    """
    within = Path(bench.__file__).parent / "results" / "recipes.json"  # of an installed wheel
    beside = Path(recipes.__file__).parents[2] / "benchmarks" / "results" / "recipes.json"  # of a checkout
    path = beside if beside.is_file() else within
    return dict(json.loads(path.read_text("utf-8"))) if path.is_file() else {}


def overview() -> list[dict[str, Any]]:
    """A row for each recipe: "name", "arrow", "summary", "figures", "goals", "of", "minutes" and "recorded".

    "figures" are the means over the recorded seeds; "goals" what each is to reach: a number, or, where that is
    another figure such as a baseline's, the number recorded of that (None where nothing is), and "of" says whose it is.
    Of several goals of one figure it's the hardest. "minutes" are those of one seed, and "recorded" is the date; both
    are None where nothing is recorded.
    """
    rows = []
    for name in recipes.names():
        recipe, known = recipes.get(name), recorded().get(name, {})
        figures = {path: float(np.mean(told["values"])) for path, told in known.get("figures", {}).items()}
        goals: dict[str, float | None] = {}
        of: dict[str, str] = {}
        for goal in recipe.goals:
            if goal.path not in goals:
                same = [other for other in recipe.goals if other.path == goal.path]
                limits = [(_limit(other, known.get("goals", [])), other) for other in same]
                told = [pair for pair in limits if pair[0] is not None] or limits
                hardest = min if goal.at_most else max
                goals[goal.path], chosen = hardest(told, key=lambda pair: pair[0] or 0.0)
                of |= {goal.path: chosen.whose} if chosen.whose else {}
        rows.append(
            {
                **{"name": name, "arrow": recipe.arrow, "summary": recipe.summary},
                **{"figures": figures, "goals": goals, "of": of},
                **{"minutes": known.get("minutes"), "recorded": known.get("date")},
            }
        )
    return rows


def _limit(goal: Goal, known: list[dict[str, Any]]) -> float | None:
    """What a goal is to reach: its own number, or what is recorded of the figure that it names."""
    if not isinstance(goal.bound, str):
        return goal.bound
    limits = [told["limit"] for told in known if (told["path"], told["told"]) == (goal.path, str(goal))]
    return limits[0] if limits else None
