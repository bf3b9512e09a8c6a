"""Which modality carries the answer: a fused model asked with some of its modalities missing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tinyxm.recipes.baselines import score_classes
from tinyxm.training.plots import BLUE, WIDTH, curves

Scores = dict[str, Any]
Present = Mapping[str, NDArray[np.bool_]]


@dataclass(frozen=True)
class MissingModalities:
    """What `missing_modalities` found.

    alone: scores with only these modalities there, {("image",): scores, ("image", "audio"): ...}. rates: shares of
    samples that lack a modality. curves: {modality: scores at each rate}, and "any" where each may lack, independently,
    though never all of a sample's.
    """

    alone: dict[tuple[str, ...], Scores]
    rates: tuple[float, ...]
    curves: dict[str, list[Scores]]
    model: str = ""  # what was asked, for a reader

    def plot(self, key: str = "accuracy") -> Figure:
        """A score by the share of samples that lack each modality."""
        titles = {name: "any of them" if name == "any" else f"{name} missing" for name in self.curves}
        return curves(self.rates, self.curves, key, "share of samples that lack it", titles)

    def bars(self, key: str = "accuracy") -> Figure:
        """A score of every set of modalities, as bars with intervals."""
        figure = Figure((WIDTH, 0.4 * len(self.alone) + 0.9), layout="constrained")
        axes = figure.subplots()
        for y, (names, scores) in enumerate(self.alone.items()):
            axes.barh(y, 100 * scores[key], color=BLUE if len(names) > 1 else "#B0B0B0", height=0.7)
            low, high = scores["intervals"][key]
            axes.plot([100 * low, 100 * high], [y, y], color="black", linewidth=1.2)
            axes.annotate(f"{100 * scores[key]:.1f}", (100 * high, y), (4, 0), textcoords="offset points", va="center")
        axes.set_yticks(range(len(self.alone)), [" + ".join(names) for names in self.alone])
        axes.invert_yaxis()
        axes.set_xlabel(f"{key} %, with only these there")
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
        return figure


def missing_modalities(
    predict: Callable[[Present], NDArray[Any]],
    labels: NDArray[Any],
    modalities: Sequence[str],
    *,
    rates: Sequence[float] = (0.0, 0.1, 0.25, 0.5, 0.75, 1.0),
    classes: int | None = None,
    groups: NDArray[Any] | None = None,
    rng: np.random.Generator | int = 0,
    resamples: int = 200,
) -> MissingModalities:
    """Score a fused model with modalities missing: every set of them alone, and each at growing rates.

    `predict` takes {modality: (n,) of booleans, whether each sample has it} and gives labels (n,), integers; the data
    are its own to hold. A sample that lacks a modality at one rate lacks it at all higher ones, so that curves differ
    by what is missing alone. Raises ValueError for fewer than two modalities, and rates outside 0 to 1.
    """
    labels, n = np.asarray(labels), len(labels)
    if len(modalities) < 2 or min(rates) < 0 or max(rates) > 1:
        raise ValueError(
            f"missing_modalities: modalities {tuple(modalities)}, rates {tuple(rates)}; expected two or more, 0 to 1"
        )
    rng = np.random.default_rng(rng)
    drawn = {name: rng.permutation(n) / n for name in modalities}  # evenly, so that a rate is met exactly
    kept = np.array(modalities)[rng.integers(len(modalities), size=n)]  # the one that a sample never loses in "any"
    there = {name: np.ones(n, bool) for name in modalities}
    count = classes or 1 + int(labels.max())

    def scored(present: Present) -> Scores:
        told = score_classes(labels, predict(present), classes=count, groups=groups, resamples=resamples)
        return {key: value for key, value in told.items() if key != "baselines"}

    alone = {
        names: scored({name: there[name] & (name in names) for name in modalities})
        for size in range(1, len(modalities) + 1)
        for names in combinations(modalities, size)
    }
    rates = tuple(sorted(rates))
    found = {lost: [scored(there | {lost: drawn[lost] >= rate}) for rate in rates] for lost in modalities}
    found["any"] = [scored({name: (drawn[name] >= rate) | (kept == name) for name in modalities}) for rate in rates]
    return MissingModalities(alone, rates, found)
