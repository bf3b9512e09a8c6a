"""The ready-made jobs: each an arrow between modalities with real data, models, and scores beside honest baselines.

run = xm.recipes.train("emoji")  # or xm.recipes.open("runs/emoji-0")
run.results["held_out_style"]["text_to_image"]["recall@1"]
run.find(text="red heart")
"""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console

    from tinyxm.recipes.recipe import Recipe
    from tinyxm.recipes.run import Run

_RECIPES = {  # a module each, whose RECIPE it is
    "emoji": "tinyxm.recipes.emoji",
    "align": "tinyxm.recipes.align",
    "caption": "tinyxm.recipes.caption",
    "digits": "tinyxm.recipes.digits",
    "draw": "tinyxm.recipes.draw",
    "fuse": "tinyxm.recipes.fuse",
    "listen": "tinyxm.recipes.listen",
    "speak": "tinyxm.recipes.speak",
    "watch": "tinyxm.recipes.watch",
    "sound": "tinyxm.recipes.sound",
    "write": "tinyxm.recipes.write",
}


def names() -> list[str]:
    """The names that `get` and `tinyxm train` know."""
    return list(_RECIPES)


def get(name: str) -> Recipe:
    """The recipe of this name. Raises ValueError that lists the names there are."""
    if name not in _RECIPES:
        raise ValueError(f"recipe: there is no {name!r}; there are {', '.join(_RECIPES)}")
    recipe: Recipe = importlib.import_module(_RECIPES[name]).RECIPE
    return recipe


def train(name: str, out: str | Path | None = None, **options: Any) -> Run:
    """Train a recipe and score it beside baselines; all of it is in the folder `out` (by default runs/NAME-SEED).

    `options` are those of `begin`. Raises as `begin` does, and Stopped after Ctrl-C, MissingExtra without the packages
    that the data come from.
    """
    run = begin(name, out, **options)
    run.train()
    return run


def begin(
    name: str,
    out: str | Path | None = None,
    *,
    resume: bool = False,
    select: str | None = None,
    kernels: str | None = None,
    device: str | None = None,
    console: Console | None = None,
    **settings: Any,
) -> Run:
    """A run of a recipe in the folder `out` (by default runs/NAME-SEED), about to be trained.

    `settings` are those of the recipe, such as seed=1 or learning_rate=1e-3; `select` is a line of alternatives to
    choose from on validation data first (see `select.choose`). `resume` goes on with the run in that folder: what
    isn't given is as it was. `kernels` (a rule such as "numpy", see `tinyxm_kernels.use`) and the number of threads are
    kept for whoever resumes, since sums round differently on others; `device` is "cpu", "cuda" or "cuda:1".
    `console` (rich's) shows progress, else nothing is shown.
    Raises ValueError for a recipe or setting that isn't there, FileExistsError for a folder in use, RuntimeError for
    a device that isn't there.
    """
    import tinyxm_kernels
    from tinyxm.recipes.run import Run
    from tinyxm.training import RunFolder, training_threads
    from tinyxm_kernels.cuda import device_number

    recipe = get(name)
    kind = "-quick" * bool(settings.get("quick")) + "-validation" * bool(settings.get("validation"))
    path = Path(out or Path("runs", f"{name}-{settings.get('seed') or 0}{kind}"))
    earlier = RunFolder(path).config if resume and (path / "config.json").is_file() else {}
    if kernels is None and earlier:
        kernels = earlier.get("kernels")
    else:
        kernels = ",".join(filter(None, (os.environ.get("TINYXM_KERNELS"), kernels))) or None  # the later word wins
    there = device or earlier.get("device", "cpu")
    known = recipe.settings.of({**earlier, **settings})
    if known.quick and not earlier and kernels is None and there == "cpu":
        kernels = "numpy"  # half a minute is no time to wait for a compiler
    if select is None:
        select = earlier.get("select")
    if select:
        recipe.settings.read(select)
    if there != "cpu":
        device_number(there)
    with tinyxm_kernels.using(kernels or ""):
        pass  # a wrong word is told before anything is written
    config = {"recipe": name, **known.as_config(), "kernels": kernels}
    config["threads"] = earlier.get("threads") or training_threads()
    begun = earlier.get("device") if earlier else there  # a run may go on on another device
    config |= {key: value for key, value in (("device", begun), ("select", select)) if value}
    folder = RunFolder.create(path, config, resume)
    folder.config["device"] = there
    return Run(recipe, folder, console)


def open(path: str | Path, console: Console | None = None) -> Run:
    """The run in this folder. Raises FileNotFoundError where there is none, ValueError where it can't be read."""
    from tinyxm.recipes.run import Run
    from tinyxm.training import RunFolder

    folder = RunFolder(path)
    return Run(get(str(folder.config.get("recipe"))), folder, console)
