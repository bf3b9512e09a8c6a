"""Figures of a run: training curves, scores beside baselines, chosen settings, similarities, confusions.

Each function returns a matplotlib Figure of its own (`figure.savefig(path)`); pyplot and its global state stay unused.
Colours are Okabe and Ito's, told apart by colour-blind readers (2008, "Color Universal Design").
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from tinyxm.data import composite
from tinyxm.training.tables import ROWS, SECOND, Column, Table

BLUE, ORANGE, GREEN, PURPLE, GRAY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#767676"
SERIES = (BLUE, ORANGE, GREEN, PURPLE)
WIDTH = 9.5  # inches: the width of the report's column
PANELS = {
    "learning_rate": "learning rate",
    "gradient_norm": "gradient norm, before clipping",
    "temperature": "temperature",
}


def training_curves(
    metrics: Sequence[Mapping[str, Any]], unlearned: float | None = None, titles: Mapping[str, str] | None = None
) -> Figure:
    """Loss by step, raw and smoothed, over learning rate, gradient norm and temperature, a colour for each stage.

    metrics: the records of metrics.jsonl. unlearned: the loss of a model that knows nothing, ln(batch) for a
    contrastive loss; a curve that stays there hasn't learned. titles: how to call a stage. Raises ValueError where
    there is no loss to draw.
    """
    stages = list(dict.fromkeys(str(record.get("stage", "")) for record in metrics if "loss" in record))
    if not stages:
        raise ValueError("training_curves: no record has a loss; give the records of metrics.jsonl")
    keys = [key for key in PANELS if any(key in record for record in metrics)]
    figure = Figure((WIDTH, 6.0 if keys else 3.6), layout="constrained")
    grid = figure.add_gridspec(2 if keys else 1, max(1, len(keys)), height_ratios=(3, 2) if keys else None)
    loss = figure.add_subplot(grid[0, :])
    small = [figure.add_subplot(grid[1, i]) for i in range(len(keys))]
    for stage, colour in zip(stages, SERIES * len(stages), strict=False):
        records = [record for record in metrics if str(record.get("stage", "")) == stage]
        steps, values = _series(records, "loss")
        loss.plot(steps, values, color=colour, alpha=0.3, linewidth=0.8)
        loss.plot(
            steps,
            smoothed(values),
            color=colour,
            linewidth=2,
            label=(titles or {}).get(stage) or stage.replace("_", " "),
        )
        for axes, key in zip(small, keys, strict=True):
            axes.plot(*_series(records, key), color=colour, linewidth=1.2)
    if unlearned is not None:
        loss.axhline(unlearned, color=GRAY, linestyle="--", linewidth=1)
        note = f"nothing learned: {unlearned:.2f}"
        loss.annotate(note, (1, unlearned), (-4, 3), ("axes fraction", "data"), "offset points", ha="right", color=GRAY)
    _axes(loss, "loss")
    if all(record["loss"] >= 0 for record in metrics if "loss" in record):  # deep CCA's is less: −Σ of correlations
        loss.set_ylim(bottom=0)
    if len(stages) > 1:
        loss.legend(frameon=False)
    for axes, key in zip(small, keys, strict=True):
        _axes(axes, PANELS[key])
        sizes = [record[key] for record in metrics if record.get(key, 0) > 0]
        if sizes and max(sizes) > 30 * np.median(sizes):  # a wild first step would flatten all others
            axes.set_yscale("log")
        else:
            axes.set_ylim(bottom=0)
    return figure


def smoothed(values: NDArray[Any], share: float = 0.05) -> NDArray[np.float64]:
    """Mean over a window, `share` of the run wide, around each value; at the ends, over what there is of it."""
    window = np.ones(2 * round(share * len(values) / 2) + 1)
    return np.convolve(values, window, "same") / np.convolve(np.ones(len(values)), window, "same")


def curves(
    over: Sequence[float],
    methods: Mapping[str, Sequence[Mapping[str, Any]]],
    key: str = "accuracy",
    label: str = "",
    titles: Mapping[str, str] | None = None,
) -> Figure:
    """One score of every method over a value that was varied, such as the share of a modality that is missing.

    over: (n,) increasing. methods: n sets of scores each, as results.json has them; where "intervals" has the score,
    they are drawn as a band. label: what was varied. titles: how to call a method. Positive values of a wide range get
    a logarithmic axis. Raises ValueError for no method, and where the numbers of sets differ or one lacks the score.
    """
    if not methods or {len(sets) for sets in methods.values()} != {len(over)} or len(over) < 2:
        given = {name: len(sets) for name, sets in methods.items()}
        raise ValueError(f"curves: {len(over)} values, sets of scores {given}; expected as many for each, two at least")
    lacking = [name for name, sets in methods.items() if any(key not in scores for scores in sets)]
    if lacking:
        raise ValueError(f"curves: {lacking[0]!r} lacks the score {key!r} at some value")
    column = Column(key)
    scale = 100 if column.share else 1
    figure = Figure((WIDTH, 4.2), layout="constrained")
    axes = figure.subplots()
    for i, (name, sets) in enumerate(methods.items()):
        colour, style = SERIES[i % len(SERIES)], ("-", "--", ":", "-.")[i // len(SERIES) % 4]
        values = scale * np.array([scores[key] for scores in sets], np.float64)
        pairs = [scores.get("intervals", {}).get(key, (np.nan, np.nan)) for scores in sets]
        low, high = scale * np.array(pairs, np.float64).T
        axes.fill_between(over, low, high, color=colour, alpha=0.15, linewidth=0)
        called = (titles or {}).get(name) or (ROWS[name][0] if name in ROWS else name.replace("_", " "))
        axes.plot(over, values, style, color=colour, marker="o", markersize=4, linewidth=1.8, label=called)
    _axes(axes, column.heading)
    axes.set_xlabel(label)
    if min(over) > 0 and max(over) > 30 * min(over):
        axes.set_xscale("log")
    axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    return figure


def score_bars(tables: Sequence[Table], key: str = "recall@10") -> Figure:
    """One score of every method as bars with intervals, a panel for each table.

    Raises ValueError where no table has that score.
    """
    column = Column(key)
    tables = [table for table in tables if column in table.columns]
    if not tables:
        raise ValueError(f"score_bars: no table has the score {key!r}")
    scale = 100 if column.share else 1
    across = min(2, len(tables))
    down = -(-len(tables) // across)
    heights = [max(len(table.rows) for table in tables[i * across : (i + 1) * across]) + 2 for i in range(down)]
    figure = Figure((WIDTH, 0.3 * sum(heights) + 0.3), layout="constrained")
    grid = figure.subplots(down, across, squeeze=False, sharex=True, height_ratios=heights)
    for axes in grid.flat[len(tables) :]:
        axes.set_axis_off()
    for i, (table, axes) in enumerate(zip(tables, grid.flat, strict=False)):
        position = table.columns.index(column)
        rows = [(row, cell) for row in table.rows if (cell := row.cells[position])]
        for y, (row, cell) in enumerate(rows):
            own = row.kind in ("model", *SECOND.values())
            axes.barh(y, cell.value * scale, color=BLUE if own else "#B0B0B0", height=0.7)
            low, high = cell.interval or (cell.value, cell.value)
            axes.plot([low * scale, high * scale], [y, y], color="black", linewidth=1.2)
            axes.annotate(
                column.text(cell.value), (max(high, 0) * scale, y), (4, 0), textcoords="offset points", va="center"
            )
        axes.set_yticks(range(len(rows)), [row.label for row, _ in rows])
        axes.set_ylim(heights[i // across] - 2.4, -0.6)
        axes.set_title(textwrap.fill(table.title, 36), loc="left", fontsize=10)
        axes.spines[["top", "right", "left"]].set_visible(False)
        axes.tick_params(axis="y", length=0)
        axes.margins(x=0.2)  # room for the number behind the longest bar
        axes.set_xlim(left=min(0, axes.get_xlim()[0]))
        if i + across >= len(tables):
            axes.set_xlabel(column.heading)
            axes.tick_params(labelbottom=True)
    return figure


def trial_scores(trials: Sequence[Mapping[str, Any]], criterion: str) -> Figure:
    """What each trial of a selection scored, a panel for each setting that was varied; the best is marked.

    trials: {"settings": {name: value}, "score": number} each. Lines join the trials that differ in that setting alone.
    Raises ValueError for no trials.
    """
    if not trials:
        raise ValueError("trial_scores: no trial was given")
    alternatives: dict[str, list[Any]] = {}
    for trial in trials:
        for name, value in trial["settings"].items():
            if value not in alternatives.setdefault(name, []):
                alternatives[name].append(value)
    varied = {name: values for name, values in alternatives.items() if len(values) > 1} or alternatives
    scores = [trial["score"] for trial in trials]
    higher = Column(criterion.rpartition(".")[2]).higher_is_better
    best = trials[int(np.argmax(scores) if higher else np.argmin(scores))]
    figure = Figure((WIDTH, 3.2), layout="constrained")
    grid = figure.subplots(1, len(varied), squeeze=False, sharey=True)[0]
    for axes, (name, values) in zip(grid, varied.items(), strict=True):
        lines: dict[str, list[tuple[int, float]]] = {}
        for trial in trials:
            others = repr({key: value for key, value in trial["settings"].items() if key != name})
            lines.setdefault(others, []).append((values.index(trial["settings"][name]), trial["score"]))
        for points in lines.values():
            axes.plot(*zip(*sorted(points), strict=True), color="#B0B0B0", linewidth=1, marker="o", markersize=5)
        axes.plot(values.index(best["settings"][name]), best["score"], "o", color=BLUE, markersize=9)
        axes.set_xticks(range(len(values)), [_shown(value) for value in values])
        axes.set_xlim(-0.4, len(values) - 0.6)
        axes.set_xlabel(name.replace("_", " "))
        axes.spines[["top", "right"]].set_visible(False)
        axes.grid(axis="y", color="#E4E4E4", linewidth=0.8)
        axes.set_axisbelow(True)
    grid[0].set_title(f"{_words(criterion)}, on validation data; blue: chosen", loc="left", fontsize=10)
    return figure


def similarity_matrix(
    similarity: NDArray[Any],
    names: Sequence[str],
    pictures: NDArray[Any] | None = None,
    label: str = "cosine similarity",
) -> Figure:
    """Similarity of pictures (rows) to names (columns); what belongs together is on the diagonal.

    similarity: (n, n), at most some 50 rows for labels that can be read. pictures: (n, height, width, 3 or 4); without
    them rows bear their names. Raises ValueError where the sizes differ.
    """
    n = len(names)
    if similarity.shape != (n, n) or (pictures is not None and len(pictures) != n):
        shown = None if pictures is None else len(pictures)
        raise ValueError(
            f"similarity_matrix: {similarity.shape}, {n} names, pictures {shown}; expected the same number"
        )
    side = 1.9 + 0.19 * n
    figure = Figure((side + 0.7, side), layout="constrained")
    axes = figure.subplots()
    drawn = axes.imshow(similarity, cmap="cividis", interpolation="nearest")
    labels = [drawable(textwrap.shorten(name, 30, placeholder="…")) for name in names]
    axes.set_xticks(range(n), labels, rotation=90, fontsize=8, parse_math=False)
    axes.set_yticks(range(n), labels, fontsize=8, parse_math=False)
    axes.tick_params(length=0)
    if pictures is not None:
        strip = np.concatenate([on_white(picture) for picture in pictures])
        axes.set_yticks([])
        axes.imshow(strip, extent=(-1.7, -0.7, n - 0.5, -0.5), interpolation="lanczos")
        axes.set_xlim(-1.8, n - 0.5)
    axes.set_ylim(n - 0.5, -0.5)
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(drawn, ax=axes, fraction=0.03, pad=0.01, label=label)
    bar.outline.set_visible(False)
    return figure


def confusion_matrix(matrix: NDArray[Any], names: Sequence[str] | None = None) -> Figure:
    """Counts of true classes (rows) predicted as which (columns); the colour is the share of the row.

    matrix: (classes, classes), as `metrics.confusion_matrix` makes it; up to 12 classes the counts are written in.
    names: of the classes, by default their numbers. Raises ValueError where the sizes differ.
    """
    counts = np.asarray(matrix)
    n = len(counts)
    if counts.ndim != 2 or counts.shape != (n, n) or not n or (names is not None and len(names) != n):
        given = None if names is None else len(names)
        raise ValueError(
            f"confusion_matrix: {counts.shape}, names {given}; expected (classes, classes) and a name each"
        )
    side = 1.9 + max(2.0, (0.55 if n <= 12 else 0.19) * n)
    figure = Figure((side + 0.7, side), layout="compressed")
    axes = figure.subplots()
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    drawn = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    labels = [drawable(textwrap.shorten(name, 30, placeholder="…")) for name in names or map(str, range(n))]
    upright = max(map(len, labels)) <= 3
    axes.set_xticks(range(n), labels, rotation=0 if upright else 90, fontsize=9, parse_math=False)
    axes.set_yticks(range(n), labels, fontsize=9, parse_math=False)
    axes.tick_params(length=0)
    axes.set_xlabel("predicted")
    axes.set_ylabel("true")
    for (i, j), count in np.ndenumerate(counts) if n <= 12 else ():
        axes.text(j, i, f"{count:,}", ha="center", va="center", color="white" if shares[i, j] > 0.5 else "black")
    axes.spines[:].set_visible(False)
    bar = figure.colorbar(drawn, ax=axes, fraction=0.03, pad=0.01, label="share of the true class")
    bar.outline.set_visible(False)
    return figure


def on_white(picture: NDArray[Any]) -> NDArray[np.float32]:
    """A picture, RGB or RGBA, uint8 or 0..1, as it looks on white: (height, width, 3) in [0, 1]."""
    if picture.shape[-1] == 4:
        return composite(picture)
    return picture.astype(np.float32) / np.float32(255 if picture.dtype == np.uint8 else 1)


def drawable(text: str) -> str:
    """The text with a box in place of each character that the figures' font lacks."""
    return "".join(c if c.isspace() or _font().get_char_index(ord(c)) else "□" for c in text)


def _shown(value: Any) -> str:
    """A setting's value as it would be typed."""
    if isinstance(value, float):
        return f"{value:g}"
    return ":".join(map(_shown, value)) if isinstance(value, list | tuple) else str(value)


def _words(path: str) -> str:
    return path.replace(".", ", ").replace("_to_", " → ").replace("_", " ")


@cache
def _font() -> Any:
    return font_manager.get_font(font_manager.findfont("DejaVu Sans"))


def _series(records: Sequence[Mapping[str, Any]], key: str) -> tuple[NDArray[Any], NDArray[Any]]:
    points = [(record["step"], record[key]) for record in records if key in record]
    steps, values = zip(*points, strict=True) if points else ((), ())
    return np.array(steps), np.array(values, dtype=np.float64)


def _axes(axes: Axes, title: str) -> None:
    axes.set_title(title, loc="left", fontsize=10)
    axes.set_xlabel("step")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="y", color="#E4E4E4", linewidth=0.8)
    axes.set_axisbelow(True)
