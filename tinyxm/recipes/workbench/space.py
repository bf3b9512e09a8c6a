"""The modality gap against temperature: small two towers, trained at fixed temperatures on the features of pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tinyxm import nn, optim
from tinyxm.autograd import Tensor, generator, no_grad
from tinyxm.metrics import alignment, effective_rank, modality_gap, ranks, recall_at, uniformity
from tinyxm.ops import info_nce, unit_length
from tinyxm.training.plots import SERIES, WIDTH

Matrix = NDArray[Any]
Measures = dict[str, float]


def space_of(x: Matrix, y: Matrix) -> Measures:
    """What the shared space of pairs x (n, d), y (n, d) looks like: the measures of `tinyxm.metrics` of these names.

    "modality_gap", "alignment", "uniformity" (mean of both modalities), "effective_rank" (the lesser of both).
    """
    return {
        "modality_gap": modality_gap(x, y),
        "alignment": alignment(x, y),
        "uniformity": (uniformity(x) + uniformity(y)) / 2,
        "effective_rank": min(effective_rank(x), effective_rank(y)),
    }


class SmallTowers(nn.Module):
    """Two towers on features, each linear, ReLU, linear, to unit length; their loss is InfoNCE at a fixed temperature.

    x (n, x_features), y (n, y_features) → (n, dimensions) each.
    """

    def __init__(
        self,
        x_features: int,
        y_features: int,
        temperature: float,
        hidden: int = 128,
        dimensions: int = 32,
        rng: np.random.Generator | None = None,
    ) -> None:
        rng = generator(rng)
        self.temperature = temperature
        self.x, self.y = (
            nn.Sequential(nn.Linear(width, hidden, rng=rng), nn.ReLU(), nn.Linear(hidden, dimensions, rng=rng))
            for width in (x_features, y_features)
        )

    def forward(self, x: Matrix, y: Matrix) -> tuple[Tensor, Tensor]:
        return unit_length(self.x(x)), unit_length(self.y(y))

    def loss(self, x: Matrix, y: Matrix, same: Matrix | None = None) -> Tensor:
        """InfoNCE of a batch of pairs; `same` as in `ops.info_nce`."""
        told_x, told_y = self(x, y)
        return info_nce(told_x, told_y, 1 / self.temperature, same)


@dataclass(frozen=True)
class TemperatureSweep:
    """What `temperature_sweep` found, of the held-out pairs.

    temperatures: in increasing order. steps: those at which the space was measured, from 0, before the first.
    measures[t][s]: `space_of`, and "recall@1", at the t-th temperature after the s-th of these steps.
    """

    temperatures: tuple[float, ...]
    steps: tuple[int, ...]
    measures: tuple[tuple[Measures, ...], ...]

    def last(self, key: str) -> list[float]:
        """One measure after the last step, for each temperature."""
        return [course[-1][key] for course in self.measures]

    def plot(self) -> Figure:
        """The gap and recall by temperature, and each training's way through the plane of alignment and uniformity."""
        figure = Figure((WIDTH, 4.0), layout="constrained")
        left, right = figure.subplots(1, 2)
        gap = left.plot(self.temperatures, self.last("modality_gap"), "o-", color=SERIES[0], label="modality gap")
        before = self.measures[0][0]["modality_gap"]
        left.axhline(before, color=SERIES[0], linestyle="--", linewidth=1)
        where = {"xycoords": ("axes fraction", "data"), "textcoords": "offset points", "ha": "right", "va": "top"}
        left.annotate("gap before training", (1, before), (-4, -3), **where)
        highest = 1.08 * max(before, *self.last("modality_gap"))
        left.set(xscale="log", xlabel="temperature", ylabel="modality gap", ylim=(0, highest))
        recall = left.twinx()
        found = recall.plot(self.temperatures, self.last("recall@1"), "s:", color=SERIES[1], label="recall at 1")
        recall.set(ylabel="recall at 1", ylim=(0, 1.6 * max(self.last("recall@1")) or 1))
        figure.legend(handles=[*gap, *found], frameon=False, loc="outside lower left", ncols=2)
        for i, (temperature, course) in enumerate(zip(self.temperatures, self.measures, strict=True)):
            across, up = ([point[key] for point in course] for key in ("alignment", "uniformity"))
            shade = 0.15 + 0.7 * i / max(1, len(self.temperatures) - 1)
            right.plot(across, up, ".-", color=(shade, 0.35, 1 - shade), label=f"{temperature:g}", linewidth=1)
            right.plot(across[-1], up[-1], "o", color=(shade, 0.35, 1 - shade), markersize=7)
        right.set(xlabel="alignment: distance of true pairs² (less is better)", ylabel="uniformity (less is better)")
        right.legend(frameon=False, title="temperature", loc="best", fontsize=8)
        for axes, title in ((left, "after training"), (right, "along training: to the large dots")):
            axes.set_title(title, loc="left", fontsize=10)
            axes.spines["top"].set_visible(False)
        recall.spines["top"].set_visible(False)
        return figure


def temperature_sweep(
    x: Matrix,
    y: Matrix,
    new_x: Matrix,
    new_y: Matrix,
    temperatures: Sequence[float] = (0.01, 0.03, 0.1, 0.3, 1.0),
    *,
    kinds: NDArray[Any] | None = None,
    correct: Matrix | None = None,
    steps: int = 200,
    batch_size: int = 128,
    learning_rate: float = 2e-3,
    seed: int = 0,
) -> TemperatureSweep:
    """Train small two towers at each temperature on pairs x (n, p), y (n, q), and measure the space of held-out pairs.

    All begin with the same weights and see the same batches. Features in comparable units; `kinds` (n,), where given,
    tells which pairs mean the same, so that they are no negatives, and `correct` (m, m) which held-out answers are
    right. Raises ValueError for numbers of rows that differ, and for a temperature that isn't above 0.
    Source: Liang et al. 2022, Mind the gap; Wang & Isola 2020, Understanding contrastive representation learning.
    """
    if len(x) != len(y) or len(new_x) != len(new_y) or min(temperatures) <= 0:
        raise ValueError(
            f"temperature_sweep: {len(x)} and {len(y)} training rows, {len(new_x)} and {len(new_y)} held out, "
            f"temperatures {tuple(temperatures)}; expected as many of both, and temperatures above 0"
        )
    x, y, new_x, new_y = (np.asarray(a, np.float32).reshape(len(a), -1) for a in (x, y, new_x, new_y))
    x_scale, y_scale = (np.sqrt(np.mean((a - a.mean(axis=0)) ** 2)) + 1e-12 for a in (x, y))
    new_x, new_y = (new_x - x.mean(axis=0)) / x_scale, (new_y - y.mean(axis=0)) / y_scale
    x, y = (x - x.mean(axis=0)) / x_scale, (y - y.mean(axis=0)) / y_scale
    shown = sorted({0, *np.unique(np.geomspace(1, steps, 9).round().astype(int)).tolist()})
    courses = []
    for temperature in sorted(temperatures):
        model = SmallTowers(x.shape[1], y.shape[1], temperature, rng=np.random.default_rng(seed))
        optimizer = optim.AdamW(model.parameters(), lr=learning_rate, weight_decay=1e-2)
        course = []
        for step in range(steps + 1):
            if step in shown:
                with no_grad():
                    told = [side.data for side in model(new_x, new_y)]
                found = ranks(told[0] @ told[1].T, correct)
                course.append({**space_of(*told), "recall@1": recall_at(found, 1)})
            if step < steps:
                rng = np.random.default_rng([seed, step])
                rows = rng.choice(len(x), min(batch_size, len(x)), replace=False)
                same = None if kinds is None else kinds[rows][:, None] == kinds[rows]
                optimizer.zero_grad()
                model.loss(x[rows], y[rows], same).backward()
                optimizer.step()
        courses.append(tuple(course))
    return TemperatureSweep(tuple(sorted(temperatures)), tuple(shown), tuple(courses))
