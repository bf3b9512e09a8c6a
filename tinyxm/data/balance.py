"""How many samples of each class each part of a split has, and what follows from it: chance, and classes that lack."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .splits import Split

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SHOWN = 20  # classes that the table and the figure have room for


@dataclass(frozen=True)
class Balance:
    """`counts[part][k]` samples of class `classes[k]`; `str(balance)` is a table, `plot` draws it."""

    classes: list[str]
    counts: dict[str, NDArray[np.intp]]

    @property
    def chance(self) -> dict[str, float]:
        """What always saying the part's most frequent class gets right: the accuracy below which nothing is learned."""
        return {part: float(counts.max(initial=0) / max(counts.sum(), 1)) for part, counts in self.counts.items()}

    @property
    def ratio(self) -> dict[str, float]:
        """Samples of the most frequent class to one of the rarest; infinite where a class is empty."""
        return {
            part: float(counts.max() / counts.min()) if counts.min() else float("inf")
            for part, counts in self.counts.items()
        }

    @property
    def empty(self) -> list[tuple[str, str]]:
        """(part, class) without a single sample."""
        return [
            (part, self.classes[k]) for part, counts in self.counts.items() for k in np.flatnonzero(np.equal(counts, 0))
        ]

    @property
    def drift(self) -> dict[str, float]:
        """How far each part's class shares are from the whole's: ½ Σ |p − q|, the total variation, from 0 to 1."""
        shares = {part: counts / max(counts.sum(), 1) for part, counts in self.counts.items()}
        whole = np.sum(list(self.counts.values()), axis=0)
        return {part: float(np.abs(share - whole / max(whole.sum(), 1)).sum() / 2) for part, share in shares.items()}

    def __str__(self) -> str:
        order = np.argsort(-np.sum(list(self.counts.values()), axis=0), kind="stable")
        rows = [("class", *self.counts)]
        rows += [(self.classes[k], *(str(counts[k]) for counts in self.counts.values())) for k in order[:SHOWN]]
        if len(order) > SHOWN:
            rows.append((f"{len(order) - SHOWN} more", *(str(c[order[SHOWN:]].sum()) for c in self.counts.values())))
        rows.append(("all", *(str(counts.sum()) for counts in self.counts.values())))
        rows.append(("most frequent", *(f"{share:.1%}" for share in self.chance.values())))
        rows.append(("drift", *(f"{value:.3f}" for value in self.drift.values())))
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [f"{row[0]:{widths[0]}}  " + "  ".join(map(str.rjust, row[1:], widths[1:])) for row in rows]
        if self.empty:
            part, name = self.empty[0]
            lines.append(f"{len(self.empty)} empty: {part} has no sample of class {name!r}" + self._others())
        return "\n".join(line.rstrip() for line in lines)

    def plot(self) -> Figure:
        """A Figure: each part's share of each class, the most frequent classes first; an empty one is marked ×."""
        from matplotlib.figure import Figure

        from .drawing import BLUE, GRAY, ORANGE

        order = np.argsort(-np.sum(list(self.counts.values()), axis=0), kind="stable")[:SHOWN]
        figure = Figure(figsize=(7, 1.6 + 0.28 * len(order)), layout="constrained")
        axes = figure.subplots()
        thick = 0.8 / len(self.counts)
        colours = [BLUE, ORANGE, "#009E73", GRAY]
        for j, (part, counts) in enumerate(self.counts.items()):
            at = np.arange(len(order)) + (j - (len(self.counts) - 1) / 2) * thick
            shares = counts[order] / max(counts.sum(), 1)
            axes.barh(at, shares, thick, color=colours[j % 4], label=f"{part} ({counts.sum()})")
            axes.plot(np.zeros((shares == 0).sum()), at[shares == 0], "x", color=colours[j % 4], clip_on=False)
        axes.set_yticks(range(len(order)), [self.classes[k] for k in order], fontsize=8)
        axes.invert_yaxis()
        axes.set_xlabel("share of the part")
        axes.legend(frameon=False, fontsize=8, loc="lower right")
        left = len(self.classes) - len(order)
        axes.set_title("class balance" + f", without the {left} rarest classes" * bool(left), fontsize=9)
        return figure

    def _others(self) -> str:
        return f", and {len(self.empty) - 1} more" if len(self.empty) > 1 else ""


def balance(labels: ArrayLike, split: Split | None = None, classes: Sequence[Any] | None = None) -> Balance:
    """Count each class in each part of a split, or in the whole.

    `labels`: (n,). `classes` are those to be expected (by default those that occur): one that is empty is told.
    Raises ValueError for labels of another shape, one that isn't among `classes`, and a split of more samples.
    """
    given = np.asarray(labels)
    if given.ndim != 1:
        raise ValueError(f"balance: labels {given.shape}; expected one label per sample, shape (n,)")
    names = [str(label) for label in given]
    known = sorted(set(names)) if classes is None else [str(name) for name in classes]
    if unknown := sorted(set(names) - set(known)):
        raise ValueError(f"balance: label {unknown[0]!r} is none of the {len(known)} classes {known[:5]}")
    if not known:
        raise ValueError("balance: there are no samples to count")
    index = {name: k for k, name in enumerate(known)}
    which = np.array([index[name] for name in names], np.intp)
    parts = {"all": np.arange(len(which))} if split is None else split.parts
    if (top := max((int(part.max()) for part in parts.values() if len(part)), default=-1)) >= len(which):
        raise ValueError(f"balance: the split has index {top}, but there are {len(which)} labels")
    return Balance(known, {part: np.bincount(which[at], minlength=len(known)) for part, at in parts.items()})
