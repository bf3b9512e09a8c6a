"""One training step of a recipe, recorded: its first, or the next one of a run."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console

from tinyxm import autograd, nn, optim
from tinyxm.recipes.recipe import Recipe
from tinyxm.recipes.run import Run
from tinyxm.steps import Step, record
from tinyxm.training import RunFolder, load_checkpoint
from tinyxm.training.checkpoint import under


def first_step(
    recipe: Recipe, samples: int = 4, stage: str | None = None, console: Console | None = None, **settings: Any
) -> Step:
    """The first step of training, on a batch of so many samples; of the model "small", where the recipe has one.

    `settings` are the recipe's. Raises ValueError for a stage or setting that isn't there, and for a stage that begins
    with the weights of an earlier one: train it, and give the run to `next_step`.
    """
    if "small" in recipe.settings.MODELS:
        settings = {"model": "small", **settings}
    known = recipe.settings.of({**settings, "batch_size": samples})
    with TemporaryDirectory() as folder:
        run = Run(recipe, RunFolder.create(Path(folder, "run"), {"recipe": recipe.name, **known.as_config()}), console)
        try:
            return _recorded(run, _stage(run, stage), None)
        except FileNotFoundError as error:
            raise ValueError(
                f"step: {stage} goes on from an earlier stage ({error}); train the recipe, and give the run's folder"
            ) from None


def next_step(run: Run, samples: int = 4, stage: str | None = None) -> Step:
    """The step that would come next in a run, with its weights and its optimizer's state, on a batch of so many.

    Raises ValueError for a stage that isn't there, FileNotFoundError where it has no checkpoint.
    """
    name = _stage(run, stage or next(iter(run.stages), None))
    arrays, facts = load_checkpoint(run.folder.path / f"{name}.safetensors")
    asked = Run(run.recipe, run.folder, run.console)
    asked.__dict__["settings"] = replace(run.settings, batch_size=samples)
    return _recorded(asked, name, (arrays, facts))


def _stage(run: Run, name: str | None) -> str:
    there = run.recipe.stages(run.settings)
    if name is not None and name not in there:
        raise ValueError(f"step: {run.recipe.name} has no stage {name!r}; there are {', '.join(there)}")
    return name or there[0]


def _recorded(run: Run, name: str, saved: tuple[dict[str, Any], dict[str, Any]] | None) -> Step:
    recipe, settings = run.recipe, run.settings
    stage = recipe.stage(name, run)
    known = saved[1] if saved else stage.facts
    model = recipe.start(name, recipe.build(name, settings, known), run)
    optimizer = recipe.optimizer(name, model, settings)
    at = 0
    if saved:
        arrays, facts = saved
        model.load_state_dict(under("model", arrays))
        optimizer.load_state_dict({**facts["optimizer"], **under("optimizer", arrays)})
        at = facts["step"]
    rates = optim.Schedule(optimizer, recipe.schedule(stage.steps, settings))
    rates.load_state_dict({**rates.state_dict(), "step": at})
    batch = stage.batch(at)
    model.train()
    autograd.seed((settings.seed, zlib.crc32(name.encode()), at))
    called = recipe.titles.get(name) or name.replace("_", " ")
    optimizer.zero_grad()
    title = f"{recipe.title} · {called} · step {at + 1}"
    words = {**_words(model, known), **recipe.words(name)}
    with record(model, optimizer, title=title, show=recipe.looks(name), words=words) as step:
        loss = recipe.loss(name, model, batch)
        loss.backward()
        optim.clip_by_norm(model.parameters(), settings.clip)
        optimizer.step()
    return step


def _words(model: nn.Module, facts: Mapping[str, Any]) -> dict[str, Sequence[str]]:
    """By the tables whose rows they name, a stage's words, or its phonemes behind the one that stands for none."""
    told = facts.get("vocabulary") or ["–", *facts.get("phonemes", ())]
    tables = {
        f"{path}.weight": module.weight
        for path, module in model.named_modules()
        if isinstance(module, nn.Embedding | nn.EmbeddingBag)
    }
    return {name: list(told) for name, weight in tables.items() if len(weight.data) == len(told)}
