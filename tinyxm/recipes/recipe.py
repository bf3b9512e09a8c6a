"""What a recipe is: one arrow between modalities, with real data, models, scores beside baselines, and answers."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from tinyxm import nn, optim
from tinyxm.autograd import Tensor
from tinyxm.recipes.settings import OPTIMIZERS, Settings
from tinyxm.steps.looks import Look
from tinyxm.training.report import Section

if TYPE_CHECKING:
    from tinyxm.models.interpretation.draw import Maps, Words
    from tinyxm.recipes.run import Run
    from tinyxm.recipes.workbench import MissingModalities, Pairs

Results = dict[str, Any]
Progress = Callable[[str, int, int | None], None]  # what is being done, how much of it is, of how much


@dataclass(frozen=True)
class Stage:
    """How one model of a recipe is trained.

    `batch(step)` must be a function of the step alone, so that a run goes on from any checkpoint, bit for bit.
    `facts`, JSON-able, are what `Recipe.build` needs to make the model again without the data, such as a vocabulary.
    """

    steps: int
    batch: Callable[[int], Any]
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Goal:
    """A figure that a recipe is to reach: `path` of keys in the results, with dots between them.

    `bound` is the value to reach, or the path of another figure, such as a baseline's, to exceed by `margin`. Where
    `at_most` is set, less is better.
    """

    path: str
    bound: float | str
    margin: float = 0.0
    at_most: bool = False

    def value(self, results: Results) -> float | None:
        """The figure; None where the results don't have it."""
        return figure(results, self.path)

    def limit(self, results: Results) -> float | None:
        """What it's to reach, a number."""
        other = figure(results, self.bound) if isinstance(self.bound, str) else self.bound
        return None if other is None else other - self.margin if self.at_most else other + self.margin

    def met(self, results: Results) -> bool | None:
        """Whether it does; None where it can't be told."""
        value, limit = self.value(results), self.limit(results)
        if value is None or limit is None:
            return None
        if isinstance(self.bound, str) and not self.margin:
            return value < limit if self.at_most else value > limit
        return value <= limit if self.at_most else value >= limit

    @property
    def whose(self) -> str:
        """The figure to exceed, in short, such as "cca" or "cca +0.03"; none where the goal is a number of its own."""
        if not isinstance(self.bound, str):
            return ""
        name = self.bound.split(".")[-2 if ".baselines." in self.bound else -1]
        return f"{name} {-self.margin if self.at_most else self.margin:+g}" if abs(self.margin) > 1e-6 else name

    def __str__(self) -> str:
        """What it's to reach, in words."""
        sign = "≤" if self.at_most else "≥"
        if isinstance(self.bound, str):
            by = f" by {self.margin:g}" if self.margin else ""
            return f"{'below' if self.at_most else 'above'} {self.bound.replace('_', ' ')}{by}"
        return f"{sign} {self.bound:g}"


def figure(results: Mapping[str, Any], path: str) -> float | None:
    """The number at a path of keys with dots between them; None where there is none."""
    value: Any = results
    for key in path.split("."):
        if not isinstance(value, Mapping) or key not in value:
            return None
        value = value[key]
    return float(value) if isinstance(value, int | float) else None


@dataclass(frozen=True)
class Hit:
    """One answer to a query: a name, the score that found it (most often a cosine), and what it looks or sounds like.

    `picture` is uint8 (height, width, 3 or 4), `sound` float32 (samples,) at its `rate_hz`.
    """

    name: str
    score: float
    picture: NDArray[Any] | None = None
    id: str = ""
    sound: NDArray[np.float32] | None = None
    rate_hz: int = 0


class Recipe(ABC):
    """One arrow between modalities, ready to train: a subclass says what is its own, `Run` does the rest.

    A subclass sets the names below, and `settings` where it has other defaults or settings of its own. All that a
    trained model is asked for goes by `run`: `run.settings`, `run.data` (what `load` gave), `run.model(stage)` and
    `run.facts(stage)` (from the checkpoint), `run.stages` (those that have one).

    A modality that a run is asked with is "text" (a str), "image" (uint8, height × width × RGBA, as `data.decode`
    gives it), "audio" (a pair: float32 samples (n,) and their rate in Hz) or "video" (a `data.Video`).
    """

    name: ClassVar[str]
    arrow: ClassVar[str]  # such as "image ↔ text"
    title: ClassVar[str]  # of the report
    summary: ClassVar[str]  # one line, as `tinyxm train --list` shows it
    settings: ClassVar[type[Settings]] = Settings
    goals: ClassVar[Sequence[Goal]] = ()
    criterion: ClassVar[str] = ""  # the path of the figure in a validation run's scores by which settings are chosen
    titles: ClassVar[Mapping[str, str]] = {}  # how to call keys of the results
    rows: ClassVar[Mapping[str, tuple[str, str]]] = {}  # baselines of its own: key → label, meaning
    notes: ClassVar[Sequence[str]] = ()  # how to read the report
    credits: ClassVar[Mapping[str, str]] = {}  # whose the data are
    finds: ClassVar[Mapping[str, Sequence[str]]] = {}  # modality asked with → modalities found, the usual one first
    makes: ClassVar[Mapping[str, Sequence[str]]] = {}  # modality given → modalities made
    fuses: ClassVar[bool] = False  # whether it may be asked with several modalities at once

    @abstractmethod
    def load(self, settings: Settings, progress: Progress) -> Any:
        """The data, cleaned and split. With `settings.validation` no test sample may be used in any way."""

    def describe(self, data: Any) -> str:
        """One line on the data, printed when they're loaded."""
        return ""

    @abstractmethod
    def stages(self, settings: Settings) -> list[str]:
        """The names of the models trained, in order; each becomes a file of the run's folder."""

    @abstractmethod
    def stage(self, name: str, run: Run) -> Stage:
        """How to train this one; earlier ones are trained already, as `run.model(name)`."""

    @abstractmethod
    def build(self, stage: str, settings: Settings, facts: Mapping[str, Any]) -> nn.Module:
        """A stage's model as initialised, from `settings.seed`, its settings and facts alone."""

    def start(self, stage: str, model: Any, run: Run) -> Any:
        """The model as training is to begin with it: as initialised, or with weights of an earlier stage."""
        return model

    def loss(self, stage: str, model: Any, batch: Any) -> Tensor:
        """The loss of a batch; by default the model's own, `model.loss(*batch)`."""
        return model.loss(*batch)

    def looks(self, stage: str) -> dict[str, Look]:
        """What a recorded step's inputs are where their shapes don't tell, by their names in `tinyxm step`."""
        return {}

    def words(self, stage: str) -> dict[str, Sequence[str]]:
        """What the numbers of such inputs stand for, by their names in `tinyxm step`."""
        return {}

    def watch(self, model: Any) -> dict[str, float]:
        """Further numbers to log at each step, such as a temperature."""
        return {}

    def optimizer(self, stage: str, model: nn.Module, settings: Settings) -> optim.Optimizer:
        """The optimizer that the settings name, on `parameter_groups`."""
        return OPTIMIZERS[settings.optimizer](self.parameter_groups(model, settings), **settings.for_optimizer())

    def parameter_groups(self, model: nn.Module, settings: Settings) -> list[dict[str, Any]]:
        """Matrices decay; biases, gains and temperatures don't."""
        parameters = model.parameters()
        decays = {"params": [p for p in parameters if p.ndim > 1], "weight_decay": settings.weight_decay}
        return [
            group
            for group in (decays, {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0})
            if group["params"]
        ]

    def schedule(self, steps: int, settings: Settings) -> Callable[[int], float]:
        """The factor on the learning rate at each step: a warm-up, then half a cosine."""
        return optim.warm_up(settings.warm_up, optim.cosine(max(1, steps - settings.warm_up), floor=0.01))

    @abstractmethod
    def score(self, run: Run) -> Results:
        """The scores of every stage that has a checkpoint: part → way → scores, as `training.tables` describes them."""

    def unlearned(self, settings: Settings) -> tuple[float, str] | None:
        """The loss of a model that knows nothing, and a sentence that says why; None where there is no such number."""
        return None

    def introduction(self, results: Results) -> str:
        """What was trained and how well it did, in three sentences."""
        return self.summary

    def sections(self, run: Run, results: Results) -> list[Section]:
        """What the report shows of this recipe, before training curves and data; its score tables by default."""
        from tinyxm.training.report import Scores
        from tinyxm.training.tables import score_tables

        return [Section("Results", [Scores(score_tables(results, self.titles, self.rows))])]

    def pairs(self, run: Run) -> Pairs | None:
        """What the workbench looks into: held-out pairs as two towers embed them; None where there are no towers."""
        return None

    def missing(self, run: Run) -> MissingModalities | None:
        """What `workbench.missing_modalities` tells of a fused model; None where nothing is fused."""
        return None

    def doubts(self, run: Run, given: Mapping[str, Any]) -> list[str]:
        """Sentences on why the answers to this question may mean little, such as a word never seen; none by default."""
        return []

    def find(self, run: Run, given: Mapping[str, Any], to: str, top: int) -> list[Hit]:
        """The `top` samples of modality `to` that agree best with what is given, best first.

        One modality is given, or any number of them where the recipe `fuses`.
        """
        raise NotImplementedError(f"{self.name}: nothing to find")

    def make(self, run: Run, given: Mapping[str, Any], to: str, count: int, rng: np.random.Generator) -> list[Any]:
        """`count` things of modality `to`, made from what was given."""
        raise NotImplementedError(f"{self.name}: nothing to make")

    def inside(self, run: Run, given: Mapping[str, Any]) -> list[Maps | Words]:
        """What in the given modalities, one or several, made the model's answer: rows for `interpretation.draw.sheet`.

        Made by `interpretation.overview`: say which number is asked about, and it draws maps by the usual methods.
        """
        raise NotImplementedError(f"{self.name}: nothing to look inside of yet")
