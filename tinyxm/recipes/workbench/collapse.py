"""The collapse alarm: a space that has become a point, a line, or a few dimensions, and a loss that never moved."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tinyxm.metrics import effective_rank
from tinyxm.training.plots import GRAY, ORANGE, SERIES, WIDTH

POINT = 0.95  # mean cosine between different things: they have become one
RANK = 3.0  # effective rank of the centred embeddings: fewer directions can't tell more than a few things apart
DEAD = 0.5  # share of dimensions that vary next to nothing
IDLE = 0.02  # of ln(batch): a loss nearer to that than this hasn't learned


@dataclass(frozen=True)
class Sign:
    """One sign of collapse: what was measured, the limit, and whether it is beyond."""

    name: str
    value: float
    limit: float
    raised: bool
    meaning: str


@dataclass(frozen=True)
class Collapse:
    """What `collapse` found: its signs, and each modality's spectrum, its singular values over their sum."""

    signs: tuple[Sign, ...]
    spectra: dict[str, NDArray[np.float64]]

    @property
    def raised(self) -> bool:
        """Whether any sign is."""
        return any(sign.raised for sign in self.signs)

    def __str__(self) -> str:
        told = [f"{sign.name} {sign.value:.3g}: {sign.meaning}" for sign in self.signs if sign.raised]
        return "; ".join(told) or "no sign of collapse"

    def plot(self) -> Figure:
        """The spectra: flat where all directions are in use, steep where a few are."""
        figure = Figure((WIDTH, 3.4), layout="constrained")
        axes = figure.subplots()
        for i, (name, spectrum) in enumerate(self.spectra.items()):
            shown = np.where(spectrum > 1e-12, spectrum, np.nan)
            axes.semilogy(range(1, len(shown) + 1), shown, color=SERIES[i % len(SERIES)], label=name, linewidth=2)
        axes.set(xlabel="direction, the strongest first", ylabel="share of the singular values")
        axes.set_title(str(self), loc="left", fontsize=10, color=ORANGE if self.raised else GRAY, wrap=True)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
        return figure


def collapse(
    embeddings: Mapping[str, NDArray[Any]], loss: float | None = None, batch_size: int | None = None
) -> Collapse:
    """Look for collapse in embeddings (n, d), one array per modality: `collapse({"image": x, "text": y})`.

        one point       mean cosine between different rows           above 0.95
        few directions  effective rank of the centred embeddings     below 3
        dead dimensions share of d whose variance is under 1/1000 of the mean one   above a half
        idle loss       where both are given: |loss - ln(batch_size)| / ln(batch_size)   below 0.02

    Limits are rules of thumb: an alarm is a reason to look. Raises ValueError for no embeddings, and for one row.
    """
    if not embeddings or any(np.ndim(x) != 2 or len(x) < 2 for x in embeddings.values()):
        shapes = {name: np.shape(x) for name, x in embeddings.items()}
        raise ValueError(f"collapse: embeddings {shapes}; expected one array or more, (n, d), of two rows at least")
    signs, spectra = [], {}
    for name, x in embeddings.items():
        x = np.asarray(x, np.float64)
        unit = x / np.maximum(np.linalg.norm(x, axis=1, keepdims=True), 1e-12)
        n, total = len(x), unit.sum(axis=0)
        cosine = float((total @ total - np.sum(unit**2)) / (n * (n - 1)))
        centred = x - x.mean(axis=0)
        rank = effective_rank(centred) if np.abs(centred).max() > 1e-12 * max(1.0, np.abs(x).max()) else 1.0
        variance = centred.var(axis=0)
        dead = float(np.mean(variance <= 1e-3 * variance.mean()))
        least = min(RANK, 0.75 * min(n - 1, x.shape[1]))  # of two or three dimensions no more can be asked
        signs += [
            Sign(f"{name}: mean cosine", cosine, POINT, cosine > POINT, "all have become nearly one point"),
            Sign(f"{name}: effective rank", rank, least, rank < least, "all lie along a few directions"),
            Sign(f"{name}: dead dimensions", dead, DEAD, dead > DEAD, "most dimensions vary next to nothing"),
        ]
        values = np.linalg.svd(centred, compute_uv=False)
        spectra[name] = values / max(values.sum(), 1e-300)
    if loss is not None and batch_size is not None:
        idle = abs(loss - math.log(batch_size)) / math.log(batch_size)
        signs.append(Sign("loss from ln(batch)", idle, IDLE, idle < IDLE, "the contrastive loss hasn't moved"))
    return Collapse(tuple(signs), spectra)
