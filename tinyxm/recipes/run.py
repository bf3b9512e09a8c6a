"""A run of a recipe: trained into a folder, scored from its checkpoints, reported, and asked."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from functools import cached_property, wraps
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

import tinyxm_kernels
from tinyxm import nn
from tinyxm.data import audio, decode, read_video
from tinyxm.recipes.recipe import Hit, Recipe, Results
from tinyxm.training import RunFolder, fit, load_checkpoint
from tinyxm.training.checkpoint import under
from tinyxm.training.plots import training_curves, trial_scores
from tinyxm.training.report import Part, Plot, Section, write_report

SMOKE = "A smoke run (--quick): it shows that all works, and learns next to nothing."


def _by_its_kernels(method: Callable[[Run], Results]) -> Callable[[Run], Results]:
    """The kernels of config.json are in force while a run trains and scores; the process keeps its own."""

    @wraps(method)
    def run(self: Run) -> Results:
        named = self.folder.config.get("kernels")
        with tinyxm_kernels.using(f"default,{named}" if named else ""):
            return method(self)

    return run


class Run:
    """A recipe's run: its settings, data, models and scores, and the answers of its models.

    run = xm.recipes.train("emoji", seed=1)  # or xm.recipes.open("runs/emoji-1")
    run.results["held_out_style"]["text_to_image"]["recall@1"]
    run.find(text="red heart")[0].name
    """

    def __init__(self, recipe: Recipe, folder: RunFolder, console: Console | None = None) -> None:
        self.recipe, self.folder = recipe, folder
        self.console = console or Console(quiet=True)
        self._restored: dict[str, tuple[nn.Module, dict[str, Any]]] = {}

    @cached_property
    def settings(self) -> Any:
        """What config.json holds, and over it what `select` has chosen."""
        return self.recipe.settings.of({**self.folder.config, **self.folder.selection().get("chosen", {})})

    @cached_property
    def data(self) -> Any:
        """What the recipe's `load` gives, with a progress bar where that takes a while."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
        with Progress(*columns, console=self.console, transient=True) as bar:
            task = bar.add_task(f"loading the data of {self.recipe.name}", total=None)
            data = self.recipe.load(
                self.settings, lambda what, done, total: bar.update(task, description=what, completed=done, total=total)
            )
        if told := self.recipe.describe(data):
            self.console.print(told, markup=False, highlight=False)
        return data

    @property
    def stages(self) -> list[str]:
        """The stages that have a checkpoint."""
        return [name for name in self.recipe.stages(self.settings) if self._checkpoint(name).exists()]

    def model(self, stage: str) -> Any:
        """A stage's model as its checkpoint holds it, in evaluation mode."""
        return self._restore(stage)[0]

    def facts(self, stage: str) -> dict[str, Any]:
        """What the checkpoint tells of its stage: `Stage.facts`, "step", "steps", "seconds"."""
        return self._restore(stage)[1]

    @property
    def results(self) -> Results:
        """results.json. Raises FileNotFoundError where the run hasn't finished."""
        return self.folder.results()

    @_by_its_kernels
    def train(self) -> Results:
        """Train each stage, score it, and write results.json, plots and report.html; returns the results.

        Goes on from what the folder holds already. Raises Stopped after Ctrl-C, MissingExtra without the `data` extra.
        """
        if line := self.folder.config.get("select"):
            from tinyxm.recipes.select import choose  # which trains runs of its own

            choose(self.recipe, self.folder, line, self.console)
        self.data  # noqa: B018  # loaded first, so that a missing extra is told before anything is written
        if self.settings.quick:
            self.console.print(SMOKE, style="yellow")
        for name in self.recipe.stages(self.settings):
            self._learn(name)
        return self.evaluate()

    @_by_its_kernels
    def evaluate(self) -> Results:
        """Score the folder's checkpoints anew, and write results.json, plots and report.html; returns the results.

        Where a stage hasn't finished, "unfinished" tells how far it is: {stage: [step, steps]}.
        """
        data, stages = self.data, self.stages
        if not stages:
            self._restore(self.recipe.stages(self.settings)[0])  # raises: there is no checkpoint
        began = time.perf_counter()
        with self.console.status("scoring, and fitting the baselines"):
            scores = self.recipe.score(self)
        told = {stage: self.facts(stage) for stage in stages}
        steps = {stage: [facts["step"], facts["steps"]] for stage, facts in told.items()}
        short = {stage: [done, asked] for stage, (done, asked) in steps.items() if done < asked}
        absent = {stage: [0, None] for stage in self.recipe.stages(self.settings) if stage not in told}
        results: Results = {"recipe": self.recipe.name, "quick": self.settings.quick}
        if self.settings.validation:
            results |= {"data": scores.pop("data", {}), "validation": scores}
        else:
            results |= scores
        results["unfinished"] = short | absent
        results["facts"] = {
            **({"samples": len(data)} if hasattr(data, "__len__") and not isinstance(data, Mapping) else {}),
            "parameters": {stage: sum(p.size for p in self.model(stage).parameters()) for stage in stages},
            "steps": {stage: done for stage, (done, _) in steps.items()},
            "seconds": {stage: round(facts["seconds"], 1) for stage, facts in told.items()},
            "scoring_seconds": round(time.perf_counter() - began, 1),
            "peak_memory_mb": peak_memory_mb(),
        }
        self.folder.write_results(results)
        if not self.settings.validation:
            with self.console.status("drawing the report"):
                self._report(results)
        return results

    def find(self, to: str | None = None, top: int = 5, **given: Any) -> list[Hit]:
        """The `top` samples that agree best with the one modality given, as in `run.find(text="red heart")`.

        A picture, sound or video is an array as `Recipe` has it, or the path of a file. Raises ValueError for a
        modality that the recipe can't be asked with or for, and for more than one where the recipe doesn't fuse them.
        """
        read, to = self._asked("find", self.recipe.finds, given, to)
        return self.recipe.find(self, read, to, top)

    def generate(self, to: str | None = None, count: int = 1, seed: int = 0, **given: Any) -> list[Any]:
        """`count` things made from the one modality given, as in `run.generate(text="seven")[0]`.

        The same seed makes the same. Raises ValueError as `find` does, and for a count below 1 or a seed below 0.
        """
        if count < 1 or seed < 0:
            raise ValueError(f"generate: count {count}, seed {seed}: expected at least 1 and 0")
        read, to = self._asked("generate", self.recipe.makes, given, to)
        return self.recipe.make(self, read, to, count, np.random.default_rng(seed))

    def doubts(self, **given: Any) -> list[str]:
        """Why the answers to a question may mean little, such as a word that the model has never seen; often nothing.

        Modalities are given as to `find`.
        """
        return self.recipe.doubts(self, {kind: _read("doubts", kind, value) for kind, value in given.items()})

    def inside(self, **given: Any) -> list[Any]:
        """What in a picture, a text or a sound, or in two of them together, made the model's answer; one row for each.

        `xm.models.interpretation.draw.sheet(run.inside(text="red heart", image="cat.png"))` draws them. Modalities are
        given as to `find`. Raises ValueError where none is given, or one that the recipe isn't asked with.
        """
        known = list(dict.fromkeys([*self.recipe.finds, *self.recipe.makes]))
        if not given or not set(given) <= set(known):
            named = ", ".join(given) or "nothing"
            raise ValueError(f"inside: {named} was given; this run is asked with {' or '.join(known) or 'nothing'}")
        read = {kind: _read("inside", kind, value) for kind, value in given.items()}
        return list(self.recipe.inside(self, read))

    def _asked(
        self, operation: str, ways: Mapping[str, Any], given: Mapping[str, Any], to: str | None
    ) -> tuple[dict[str, Any], str]:
        """What is given by modality (read, where it's a file), and the modality asked for."""
        name, can = self.recipe.name, ", ".join(f"{a} → {b}" for a, found in ways.items() for b in found)
        there = f"{name} can {operation} {can}" if can else f"{name} has nothing to {operation}"
        if len(given) != 1 and not (given and self.recipe.fuses):
            raise ValueError(f"{operation}: {len(given)} modalities were given; expected one ({there})")
        for source in given:
            if source not in ways or (to is not None and to not in ways[source]):
                raise ValueError(f"{operation}: {source} → {to or 'anything'} isn't what this run does: {there}")
        to = to or ways[next(iter(given))][0]
        return {source: _read(operation, source, value) for source, value in given.items()}, to

    def _checkpoint(self, stage: str) -> Path:
        return self.folder.path / f"{stage}.safetensors"

    def _restore(self, stage: str) -> tuple[nn.Module, dict[str, Any]]:
        if stage not in self._restored:
            arrays, facts = load_checkpoint(self._checkpoint(stage))
            if facts.get("recipe") != self.recipe.name:
                raise ValueError(
                    f"checkpoint: {self.folder.path} is a run of {facts.get('recipe')!r}, not of {self.recipe.name}"
                )
            if facts["stage"] != stage:
                raise ValueError(
                    f"checkpoint: {stage}.safetensors holds {facts['stage']}; put the right file in its place"
                )
            model = self.recipe.build(stage, self.settings, facts)
            model.load_state_dict(under("model", arrays))
            model.eval()
            self._restored[stage] = model, facts
        return self._restored[stage]

    def _learn(self, name: str) -> None:
        """Train one stage; the folder's checkpoint of its name holds it then."""
        recipe, settings = self.recipe, self.settings
        if self._checkpoint(name).exists():
            facts = load_checkpoint(self._checkpoint(name))[1]
            if facts["step"] == facts["steps"]:
                return
        stage = recipe.stage(name, self)
        model = recipe.start(name, recipe.build(name, settings, stage.facts), self)
        columns = (
            *(TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn()),
            *(TextColumn("steps · loss {task.fields[loss]} ·"), TimeRemainingColumn(), TextColumn("left")),
        )

        def show(record: dict[str, Any]) -> None:
            record |= recipe.watch(model)
            bar.update(task, completed=record["step"], loss=f"{record['loss']:.3f}")

        with Progress(*columns, console=self.console) as bar:
            called = recipe.titles.get(name) or name.replace("_", " ")
            task = bar.add_task(called, total=stage.steps, loss="–")
            fit(
                model,
                lambda batch: recipe.loss(name, model, batch),
                stage.batch,
                recipe.optimizer(name, model, settings),
                recipe.schedule(stage.steps, settings),
                stage.steps,
                self.folder,
                name,
                seed=settings.seed,
                clip=settings.clip,
                threads=self.folder.config.get("threads"),
                device=self.folder.config.get("device", "cpu"),
                facts={"recipe": recipe.name, **stage.facts},
                report=show,
            )
            bar.update(task, completed=stage.steps)
        self._restored.pop(name, None)

    def _report(self, results: Results) -> None:
        """report.html and plots/: the recipe's own sections, then training, how to read it, and the data."""
        recipe, told = self.recipe, ""
        if results["quick"]:
            told = "This was a smoke run (`--quick`): its scores mean nothing. "
        if results["unfinished"]:
            named = ", ".join(recipe.titles.get(part) or part.replace("_", " ") for part in results["unfinished"])
            told += f"This run isn't finished ({named}). "
        facts = {
            key: value for key, value in {**self.folder.config, **results["facts"]}.items() if value not in (None, "")
        }
        sections = [*recipe.sections(self, results), Section("Training", [*self._choice(), *self._curves(), facts])]
        if recipe.notes:
            sections.append(Section("How to read this", [list(recipe.notes)]))
        sections.append(Section("Data", self._data(results.get("data", {}))))
        write_report(self.folder.path / "report.html", recipe.title, told + recipe.introduction(results), sections)

    def _curves(self) -> list[Part]:
        """The training curves, where metrics.jsonl is there to draw them from."""
        metrics, unlearned = self.folder.metrics(), self.recipe.unlearned(self.settings)
        if not metrics:
            return []
        value, caption = unlearned or (None, "The loss of each step, and smoothed.")
        return [Plot(training_curves(metrics, value, self.recipe.titles), caption, "training")]

    def _choice(self) -> list[Part]:
        """How the settings were chosen, where they were."""
        selection = self.folder.selection()
        if not selection:
            return []
        drawn = trial_scores(selection["trials"], selection["criterion"])
        tried = f"{len(selection['trials'])} combinations of settings, each trained and scored without the test."
        return [Plot(drawn, tried, "selection")]

    def _data(self, told: Mapping[str, Any]) -> list[Part]:
        """Whose the data are, what cleaning did to them, and what crosses their splits all the same."""
        parts: list[Part] = [[f"{name}: {credit}." for name, credit in self.recipe.credits.items()]]
        if told.get("cleaning"):
            parts += ["What cleaning left out or repaired, and how often:", told["cleaning"]]
        for part, lines in told.get("leaks", {}).items():
            called = self.recipe.titles.get(part) or part.replace("_", " ")
            parts += [f"What crosses the split of the {called} (groups, same and near samples):", lines]
        return parts


def peak_memory_mb() -> int | None:
    """The most memory this process has held at once, in MB; None where the system doesn't tell (Windows)."""
    try:
        import resource
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 1e6)


def _read_sound(path: str | Path) -> tuple[Any, int]:
    sound, rate_hz = audio.decode(path)
    return audio.mono(sound), rate_hz


def _read(operation: str, kind: str, value: Any) -> Any:
    """What was given of one modality: a file is read."""
    if isinstance(value, str | Path) and kind in READERS:
        value = READERS[kind](value)
    if kind == "text" and not str(value).strip():
        raise ValueError(f"{operation}: the text is empty; say what to {operation}")
    return value


READERS: dict[str, Callable[[Any], Any]] = {"image": decode, "audio": _read_sound, "video": read_video}
