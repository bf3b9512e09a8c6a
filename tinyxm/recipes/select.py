"""Choosing settings on validation data: every combination is trained and scored there, and the test isn't seen."""

from __future__ import annotations

from typing import Any

from rich.console import Console

from tinyxm.recipes.recipe import Recipe, figure
from tinyxm.recipes.run import Run
from tinyxm.recipes.settings import combinations
from tinyxm.training import RunFolder
from tinyxm.training.scores import score_of


def choose(recipe: Recipe, folder: RunFolder, line: str, console: Console | None = None) -> dict[str, Any]:
    """Train the recipe with each combination of settings in `line` on less data, and keep the best in selection.json.

    `line` is such as `learning_rate=1e-3/3e-3,betas=0.9:0.98/0.9:0.999,model=cnn/patches` (see `Settings.read`). Each
    trial is a validation run in `trials/1`, `trials/2` ... of the folder, all with the folder's seed, and is scored
    by the recipe's `criterion`; where two are equal the first is taken. Trials that have finished aren't run again.
    Returns {"criterion", "trials": [{"settings", "score", "seconds"} ...], "chosen": settings}.
    Raises ValueError for a recipe without a criterion, and as `Settings.read`.
    """
    console = console or Console(quiet=True)
    if not recipe.criterion:
        raise ValueError(f"select: {recipe.name} has no score to choose by")
    done = folder.selection()
    if "chosen" in done:
        return done
    tried = combinations(recipe.settings.read(line))
    for trial in tried:  # a wrong value is told before anything is trained
        recipe.settings.of({**folder.config, **trial})
    trials: list[dict[str, Any]] = []
    for number, values in enumerate(tried, 1):
        config = {**folder.config, **values, "validation": True}
        config = {key: list(v) if isinstance(v, tuple) else v for key, v in config.items() if key != "select"}
        path = folder.path / "trials" / str(number)
        begun = (path / "config.json").exists()
        run = Run(recipe, RunFolder.create(path, config, resume=begun), console)
        told = ", ".join(f"{name} {value}" for name, value in values.items())
        console.print(f"trial {number} of {len(tried)}: {told}", markup=False, highlight=False)
        results = run.results if (path / "results.json").exists() else run.train()
        score = figure(results["validation"], recipe.criterion)
        if score is None:
            raise ValueError(f"select: the scores of {recipe.name} have no {recipe.criterion!r}")
        seconds = sum(results["facts"]["seconds"].values())
        trials.append({"settings": values, "score": score, "seconds": round(seconds, 1)})
        console.print(f"  {recipe.criterion} {score:.4g}", markup=False, highlight=False)
    better = min if score_of(recipe.criterion.rpartition(".")[2]).less else max
    best = better(trials, key=lambda trial: trial["score"])
    selection = {"criterion": recipe.criterion, "trials": trials, "chosen": best["settings"]}
    folder.write_selection(selection)
    return selection
