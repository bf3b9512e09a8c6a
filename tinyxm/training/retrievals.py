"""Queries with their answers, as pictures and names: the clearest and the worst of a test, or those of a user."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from tinyxm.training.plots import GRAY, GREEN, WIDTH, drawable, on_white

Picture = NDArray[Any]


@dataclass(frozen=True)
class Answer:
    """One answer to a query: a name, with its picture where pictures are what was looked for."""

    name: str
    score: float
    picture: Picture | None = None
    right: bool = False


@dataclass(frozen=True)
class Retrieval:
    """A query, a text or a picture, with its first answers.

    `rank` is that of the right answer, and `missed` the right answer where it isn't among the first; both are unknown
    for a query of the user's own.
    """

    query: str | Picture
    answers: Sequence[Answer]
    rank: float | None = None
    missed: Answer | None = None


def best_and_worst(
    similarity: NDArray[Any],
    queries: Sequence[str] | Picture,
    names: Sequence[str],
    pictures: Picture | None = None,
    count: int = 4,
    top: int = 5,
) -> tuple[list[Retrieval], list[Retrieval]]:
    """The queries with the clearest right answers and those with the worst ranks, `count` of each.

    similarity: (n, n), item i being the right answer to query i. names, and pictures where these are what was looked
    for, describe the gallery; queries are texts or pictures. Best: rank 1 by the widest margin to the second. Raises
    ValueError where the sizes differ.
    """
    n = len(similarity)
    if similarity.shape != (n, n) or {n, len(queries), len(names), n if pictures is None else len(pictures)} != {n}:
        raise ValueError(
            f"best_and_worst: {similarity.shape}, {len(queries)} queries, {len(names)} names; sizes differ"
        )
    right = np.diagonal(similarity)
    ranks = 1 + np.sum(similarity > right[:, None], axis=1)
    wrong = np.where(np.eye(n, dtype=bool), -np.inf, similarity).max(axis=1)
    from_best = np.lexsort((wrong - right, ranks))

    def answer(i: int, j: int) -> Answer:
        return Answer(names[j], float(similarity[i, j]), None if pictures is None else pictures[j], i == j)

    def retrieval(i: int) -> Retrieval:
        first = np.argsort(-similarity[i], kind="stable")[:top]
        missed = None if i in first else answer(i, i)
        return Retrieval(queries[i], [answer(i, int(j)) for j in first], int(ranks[i]), missed)

    count = min(count, n)
    return [retrieval(int(i)) for i in from_best[:count]], [retrieval(int(i)) for i in from_best[::-1][:count]]


def retrievals(queries: Sequence[Retrieval], across: int = 5) -> Figure:
    """A row for each query: the query, its answers, and the right one in a frame, wherever it came.

    More than `across` answers go on beneath. Raises ValueError where there is no query.
    """
    if not queries:
        raise ValueError("retrievals: nothing to show; give at least one query")
    left, step, gap = 2.1, 1.62, 0.3  # in sides of a picture
    columns = min(across, max(len(query.answers) for query in queries))
    right = left + step * (columns + 0.5) + gap
    missing = any(query.missed for query in queries)
    width = right + step / 2 if missing else left + step * columns
    cells = [1.8 if any(answer.picture is not None for answer in query.answers) else 1.3 for query in queries]
    heights = [cell * -(-len(query.answers) // across) for query, cell in zip(queries, cells, strict=True)]
    scale = WIDTH / (left + step * (across + 1) + gap)
    figure = Figure((width * scale, (sum(heights) + 0.35) * scale))
    axes = figure.add_axes((0, 0, 1, 1))
    y = 0.35
    _write(axes, left / 2, 0.2, "query", color=GRAY)
    _write(axes, left + step * columns / 2, 0.2, "answers, best first (rank · similarity)", color=GRAY)
    if missing:
        _write(axes, right, 0.2, "right answer", color=GRAY)
    for query, cell, height in zip(queries, cells, heights, strict=True):
        axes.axhline(y, color="#D0D0D0", linewidth=0.8)
        if isinstance(query.query, str):
            _write(axes, left / 2, y + cell / 2, query.query, 17, size=10, weight="bold")
        else:
            _draw(axes, query.query, left / 2, y + cell / 2)
        for place, answer in enumerate(query.answers):
            x = left + step * (place % across + 0.5)
            _answer(axes, answer, x, y + cell * (place // across), cell, f"{place + 1} · {answer.score:z.2f}")
        if query.missed:
            place_text = f"{query.rank or 0:g} · {query.missed.score:z.2f}"
            _answer(axes, replace(query.missed, right=True), right, y, cell, place_text)
        y += height
    axes.set_xlim(0, width)
    axes.set_ylim(y, 0)
    axes.set_axis_off()
    return figure


def _answer(axes: Axes, answer: Answer, x: float, y: float, height: float, score: str) -> None:
    if answer.picture is None:
        _write(axes, x, y + height / 2 - 0.14, answer.name, 14, weight="bold" if answer.right else "normal")
    else:
        _draw(axes, answer.picture, x, y + 0.6)
        _write(axes, x, y + 1.27, answer.name, 17, 2, size=7.5)
    _write(axes, x, y + height - 0.2, score, size=7.5, color=GRAY)
    if answer.right:
        corner = (x - 0.78, y + 0.04)
        axes.add_patch(Rectangle(corner, 1.56, height - 0.08, fill=False, edgecolor=GREEN, linewidth=2.5))


def _draw(axes: Axes, picture: Picture, x: float, y: float) -> None:
    """The picture around (x, y), its longer side of length 1."""
    height, width = (side / max(picture.shape[:2]) / 2 for side in picture.shape[:2])
    axes.imshow(on_white(picture), extent=(x - width, x + width, y + height, y - height), interpolation="lanczos")


def _write(
    axes: Axes, x: float, y: float, text: str, wrap: int = 60, rows: int = 4, size: float = 8.5, **style: Any
) -> None:
    lines = "\n".join(textwrap.wrap(drawable(text), wrap, max_lines=rows, placeholder=" …"))
    axes.text(x, y, lines, ha="center", va="center", fontsize=size, parse_math=False, linespacing=1.05, **style)
