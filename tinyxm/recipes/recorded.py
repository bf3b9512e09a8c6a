"""The last recorded figures of every recipe, beside what they are to reach: benchmarks/results/recipes.json."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from tinyxm import recipes
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
    """A row for each recipe: "name", "arrow", "summary", "figures", "goals", "minutes" and "recorded".

    "figures" are the means over the recorded seeds; "goals" what each is to reach: a number, or, where that is
    another figure such as a baseline's, the number recorded of that (None where nothing is). "minutes" are those of
    one seed, and "recorded" is the date; both are None where nothing is recorded.
    """
    rows = []
    for name in recipes.names():
        recipe, known = recipes.get(name), recorded().get(name, {})
        figures = {path: float(np.mean(told["values"])) for path, told in known.get("figures", {}).items()}
        goals: dict[str, float | None] = {}
        for goal in recipe.goals:
            limits = [told["limit"] for told in known.get("goals", []) if told["path"] == goal.path]
            fixed = [g.bound for g in recipe.goals if g.path == goal.path and not isinstance(g.bound, str)]
            hardest = min if goal.at_most else max
            goals[goal.path] = hardest(limits or fixed, default=None)
        rows.append(
            {
                **{"name": name, "arrow": recipe.arrow, "summary": recipe.summary},
                **{"figures": figures, "goals": goals},
                **{"minutes": known.get("minutes"), "recorded": known.get("date")},
            }
        )
    return rows
