"""What a run may be given: the settings that all recipes share, read from a line such as learning_rate=1e-3/3e-3."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from itertools import product
from typing import Any, ClassVar, Self

from tinyxm import optim


@dataclass(frozen=True)
class Settings:
    """What a run may be given; all of it goes into config.json.

    `epochs` are passes over the training samples; by default the recipe's own number, `EPOCHS[0]`, or `EPOCHS[1]` for
    a smoke run. `quick` is a smoke run: a few epochs. `validation` scores samples withheld from training in place of
    the test: to choose settings by. `model` is one of `MODELS`, where the recipe has several. `momentum` and `betas`
    go to the optimizers that have them.

    A recipe with settings of its own makes a frozen dataclass of this one.
    Raises TypeError for a setting of another type, ValueError for one out of its range.
    """

    EPOCHS: ClassVar[tuple[int, int]] = (20, 1)
    MODELS: ClassVar[tuple[str, ...]] = ()

    seed: int = 0
    epochs: int | None = None
    quick: bool = False
    validation: bool = False
    model: str = ""
    batch_size: int = 128
    optimizer: str = "AdamW"
    learning_rate: float = 2e-3
    momentum: float = 0.9
    betas: tuple[float, ...] = (0.9, 0.98)
    weight_decay: float = 0.02
    warm_up: int = 40
    clip: float = 5.0

    def __post_init__(self) -> None:
        if self.epochs is None:
            object.__setattr__(self, "epochs", self.EPOCHS[self.quick])
        if not self.model and self.MODELS:
            object.__setattr__(self, "model", self.MODELS[0])
        for setting in fields(self):
            value, kind = getattr(self, setting.name), int if setting.name == "epochs" else type(setting.default)
            if type(value) is not kind and not (kind is float and type(value) is int):
                raise TypeError(f"settings: {setting.name} {value!r}: expected {kind.__name__}")
        if self.passes < 1 or self.batch_size < 2 or self.warm_up < 0:
            given = f"epochs {self.epochs}, batch_size {self.batch_size}, warm_up {self.warm_up}"
            raise ValueError(f"settings: {given}: expected at least 1, 2 and 0")
        if self.seed < 0:
            raise ValueError(f"settings: seed {self.seed}: expected 0 or more")
        if self.model and self.model not in self.MODELS:
            there = f"expected one of {', '.join(self.MODELS)}" if self.MODELS else "this recipe has one model alone"
            raise ValueError(f"settings: model {self.model!r}: {there}")
        if self.optimizer not in OPTIMIZERS:
            raise ValueError(f"settings: optimizer {self.optimizer!r}: expected one of {', '.join(OPTIMIZERS)}")

    @property
    def passes(self) -> int:
        """The epochs, once settled."""
        return self.epochs or 0

    def for_optimizer(self) -> dict[str, Any]:
        """Those of lr, momentum and betas that the optimizer takes."""
        known = inspect.signature(OPTIMIZERS[self.optimizer]).parameters
        values = {"lr": self.learning_rate, "momentum": self.momentum, "betas": self.betas}
        return {name: value for name, value in values.items() if name in known}

    def as_config(self) -> dict[str, Any]:
        """For JSON, which has lists in place of tuples."""
        return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()}

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Self:
        """The settings that a run's config.json holds; what else stands there is left alone."""
        known = {setting.name for setting in fields(cls)}
        values: dict[str, Any] = {}
        for name in known & config.keys():
            values[name] = tuple(config[name]) if isinstance(config[name], list) else config[name]
        return cls(**values)

    @classmethod
    def read(cls, line: str) -> dict[str, list[Any]]:
        """The alternatives of each setting in a line: `learning_rate=1e-3/3e-3,betas=0.9:0.98/0.9:0.999`.

        Commas part the settings, slashes the alternatives, colons the numbers of one value.
        Raises ValueError for a setting that isn't there, or a value of another kind.
        """
        kinds = {setting.name: type(setting.default) for setting in fields(cls)} | {"epochs": int}
        found: dict[str, list[Any]] = {}
        for part in line.split(","):
            name, sign, values = (text.strip() for text in part.partition("="))
            if not sign or not values:
                raise ValueError(f"settings: {part.strip()!r}: expected NAME=VALUE, as in learning_rate=1e-3/3e-3")
            if name not in kinds or name in ("quick", "validation"):
                free = ", ".join(known for known in kinds if known not in ("quick", "validation"))
                raise ValueError(f"settings: there is no {name!r} to set; there are {free}")
            if name in found:
                raise ValueError(f"settings: {name} is given twice; give its values once, as in {name}=a/b")
            found[name] = [_value(name, value.strip(), kinds[name]) for value in values.split("/")]
        return found


OPTIMIZERS: dict[str, type[optim.Optimizer]] = {
    name: kind
    for name in optim.__all__
    if inspect.isclass(kind := getattr(optim, name)) and issubclass(kind, optim.Optimizer) and name != "Optimizer"
}


def combinations(alternatives: Mapping[str, list[Any]]) -> list[dict[str, Any]]:
    """Every choice of one value for each setting, the last setting changing fastest."""
    return [dict(zip(alternatives, values, strict=True)) for values in product(*alternatives.values())]


def _value(name: str, text: str, kind: Any) -> Any:
    try:
        if kind is tuple:
            return tuple(float(part) for part in text.split(":"))
        if kind is bool:
            return {"yes": True, "true": True, "no": False, "false": False}[text.lower()]
        return kind(text)
    except (ValueError, KeyError):
        expected = {"tuple": "numbers with colons between them", "bool": "yes or no"}.get(kind.__name__, kind.__name__)
        raise ValueError(f"settings: {name}={text}: expected {expected}") from None
