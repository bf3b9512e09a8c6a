"""Maps drawn over what they explain: pictures, spectrograms, words; and the curves that tell what they're worth.

Each function returns a matplotlib Figure of its own. Orange speaks for the score, blue against it, the same in all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure, SubFigure
from numpy.typing import ArrayLike, NDArray

from tinyxm.data import composite
from tinyxm.models.interpretation.checks import Faithfulness

BLUE, ORANGE, GREEN, PURPLE, GRAY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#767676"
AGAINST_FOR = LinearSegmentedColormap.from_list("against-for", [BLUE, "white", ORANGE])
SIDE = 1.75  # inches of one map


@dataclass(frozen=True)
class Maps:
    """A picture `(height, width[, channels])`, 0 to 1 or uint8, or a spectrogram `(frames, bands[, 1])`, and its maps.

    `maps` `(rows, columns)` by method, of any size: each is stretched over the picture.
    """

    title: str
    shown: NDArray[Any]
    maps: Mapping[str, ArrayLike]
    spectrogram: bool = False

    @property
    def height(self) -> float:
        return SIDE + 0.55

    def draw(self, figure: Figure | SubFigure, columns: int) -> None:
        axes, beyond = np.split(figure.subplots(1, columns, squeeze=False)[0], [1 + len(self.maps)])
        for panel in beyond:
            panel.set_axis_off()
        heading(figure, self.title)
        _picture(axes[0], self.shown, self.spectrogram, faint=False)
        axes[0].set_title("spectrogram" if self.spectrogram else "picture", fontsize=9)
        for panel, (name, values) in zip(axes[1:], self.maps.items(), strict=True):
            _picture(panel, self.shown, self.spectrogram, faint=True)
            overlay(panel, np.asarray(values), self.spectrogram)
            panel.set_title(name, fontsize=8)
        for panel in axes:
            panel.set_xticks([])
            panel.set_yticks([])
            panel.spines[:].set(color=GRAY, linewidth=0.5)


@dataclass(frozen=True)
class Words:
    """Words, and by method how much each contributes: bars to the right speak for the score."""

    title: str
    words: Sequence[str]
    contributions: Mapping[str, ArrayLike]

    @property
    def height(self) -> float:
        return 0.85 + 0.24 * max(2, len(self.words))

    def draw(self, figure: Figure | SubFigure, columns: int) -> None:
        axes = figure.subplots(1, len(self.contributions), sharey=True, squeeze=False)[0]
        heading(figure, self.title)
        for panel, (name, values) in zip(axes, self.contributions.items(), strict=True):
            numbers = np.asarray(values, float)
            panel.barh(range(len(numbers)), numbers, color=[ORANGE if v > 0 else BLUE for v in numbers], height=0.7)
            panel.axvline(0, color="black", linewidth=0.8)
            panel.set_title(name, fontsize=9)
            panel.spines[["top", "right", "left"]].set_visible(False)
            panel.tick_params(axis="y", length=0)
            panel.tick_params(axis="x", labelsize=8)
            panel.margins(x=0.15)
        axes[0].set_yticks(range(len(self.words)), self.words, parse_math=False)
        axes[0].invert_yaxis()


def sheet(rows: Sequence[Maps | Words]) -> Figure:
    """Pictures with their maps, and texts with their words, one below another."""
    if not rows:
        raise ValueError("sheet: there is nothing to draw; give Maps or Words")
    columns = max([1 + len(row.maps) for row in rows if isinstance(row, Maps)] or [4])
    figure = Figure((max(5.5, SIDE * columns), sum(row.height for row in rows)), layout="constrained")
    parts = figure.subfigures(len(rows), 1, squeeze=False, height_ratios=[row.height for row in rows])[:, 0]
    for part, row in zip(parts, rows, strict=True):
        row.draw(part, columns)
    return figure


def overlay(axes: Axes, values: NDArray[Any], spectrogram: bool = False) -> None:
    """A map over what stands in the axes: orange for, blue against; full colour at its 99th percentile."""
    turned = values.T if spectrogram else values
    scale = float(np.quantile(np.abs(values), 0.99)) or float(np.abs(values).max()) or 1.0
    strength = np.clip(turned / scale, -1, 1)
    axes.imshow(
        AGAINST_FOR((strength + 1) / 2),
        alpha=np.abs(strength) * 0.85,
        extent=(0, 1, 0, 1),
        origin="lower" if spectrogram else "upper",
        interpolation="nearest",
        aspect="auto" if spectrogram else "equal",
    )


def draw_curves(results: Mapping[str, Faithfulness]) -> Figure:
    """Deletion and insertion, the mean over the inputs, for each method, beside random orders (dashed)."""
    if not results:
        raise ValueError("draw_curves: there is nothing to draw; give results of faithfulness by method")
    figure = Figure((9.5, 3.4), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    colours = (ORANGE, BLUE, GREEN, PURPLE, "#56B4E9", "#E69F00", "black")
    for axes, kind in ((left, "deletion"), (right, "insertion")):
        for (name, result), colour in zip(results.items(), colours * len(results), strict=False):
            curve = getattr(result, kind)
            axes.plot(curve.fractions, curve.scores.mean(axis=0), color=colour, label=name)
        chance = getattr(next(iter(results.values())), f"random_{kind}")
        axes.plot(chance.fractions, chance.scores.mean(axis=0), "--", color=GRAY, label="random order")
        axes.spines[["top", "right"]].set_visible(False)
        axes.set_xlabel(f"share of places {'deleted' if kind == 'deletion' else 'inserted'}, the map's highest first")
    left.set_ylabel("score")
    left.set_title("Deletion: low is good", loc="left", fontsize=10)
    right.set_title("Insertion: high is good", loc="left", fontsize=10)
    right.legend(frameon=False, fontsize=8)
    return figure


def heading(figure: Figure | SubFigure, title: str) -> None:
    figure.suptitle(title, x=0.01, ha="left", fontsize=10, parse_math=False)


def _picture(axes: Axes, shown: NDArray[Any], spectrogram: bool, faint: bool) -> None:
    x: NDArray[Any] = shown.astype(np.float32) / (255 if shown.dtype == np.uint8 else 1)
    if spectrogram:
        x = x.reshape(x.shape[:2]).T
        x = (x - x.min()) / max(float(np.ptp(x)), 1e-9)
    elif x.ndim == 3 and x.shape[2] == 4:
        x = composite(shown)
    elif x.ndim == 3 and x.shape[2] == 1:
        x = x[..., 0]
    if faint:
        gray = x if x.ndim == 2 else x.mean(axis=-1)
        x = 0.6 + 0.4 * np.clip(gray if gray.mean() > 0.5 else 1 - gray, 0, 1)  # on light ground colours are seen
    axes.imshow(
        x,
        cmap="gray" if faint or not spectrogram else "magma",
        vmin=0,
        vmax=1,
        extent=(0, 1, 0, 1),
        origin="lower" if spectrogram else "upper",
        interpolation="nearest",
        aspect="auto" if spectrogram else "equal",
    )
