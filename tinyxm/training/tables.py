"""Scores as tables, for the terminal and for a page: the model beside its baselines, each with its interval."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table as TerminalTable
from rich.text import Text

from tinyxm.training.scores import meaning_of, score_of

SECOND = {"_via_images": "via_images", "_with_cca": "with_cca"}  # endings of keys: the same model, used otherwise
Named = tuple[str, str]  # what a method is called, and a sentence on it
ROWS: dict[str, Named] = {
    "model": ("this model", "compares the query with the whole gallery, each embedded by its own tower"),
    "via_images": (
        "this model, via images",
        "the picture nearest in the learned space among the training pictures answers for its concept; so it answers "
        "only what it was trained on",
    ),
    "with_cca": (
        "this model, with CCA",
        "adds the similarity by this model's towers and that by CCA, each in units of its standard deviation",
    ),
    "nearest_training_image": (
        "nearest training image",
        "the nearest of the training drawings (Twemoji and the regular outline) by oriented gradients and colour, "
        "without learning; where queries are of concepts never trained on, the text of the drawing found is compared "
        "with theirs",
    ),
    "nearest_training_pair": (
        "nearest training pair",
        "of all training pairs the one whose first half is nearest to the query answers with its second half, without "
        "learning",
    ),
    "nearest_training_neighbour": (
        "nearest training neighbour",
        "the training sample nearest to the query answers with what belongs to it, without learning",
    ),
    "nearest_training_example": ("nearest training example", "the nearest of all training examples lends its label"),
    "kernel_cca": ("kernel CCA", "CCA of the principal components of a Gaussian kernel on each modality"),
    "generalised_cca": (
        "generalised CCA",
        "CCA of three modalities or more (MAXVAR): the others help in training, two are asked for one another",
    ),
    "cca_csls": (
        "CCA, CSLS",
        "CCA, and what is near to everything counts for less (cross-domain similarity local scaling)",
    ),
    "cca": ("CCA", "canonical correlation analysis: linear projections of both modalities that correlate the most"),
    "procrustes": (
        "Procrustes",
        "a rotation of one modality's principal components onto the other's, and a scale",
    ),
    "ridge": ("ridge", "a linear map from one modality's features to the other's, with a squared penalty"),
    "linear": ("linear", "multinomial logistic regression on the features, with a squared penalty"),
    "class_mean": ("class mean", "the mean of each class in training stands for it, and the nearest mean answers"),
    "majority": ("majority", "always the class that is commonest in training"),
    "chance": ("chance", "answers drawn at random"),
}
INTERVALS = "Beside each score: its 95 % bootstrap interval over {}. Bold: the best of its column."
HALVES = "±: half the width of the 95 % bootstrap interval over {}. Bold: the best of its column."
QUICK = "A quick run is a smoke test: it shows that everything works, and its scores say nothing of the method."


@dataclass(frozen=True)
class Column:
    """One score. Shares are shown in percent, other numbers with as many decimals as the `largest` of them needs."""

    key: str
    largest: float = field(default=0.0, compare=False)

    @property
    def share(self) -> bool:
        return score_of(self.key).share

    @property
    def higher_is_better(self) -> bool:
        return not score_of(self.key).less

    @property
    def heading(self) -> str:
        name = score_of(self.key).heading
        return f"{name} %" if self.share else name

    def text(self, value: float) -> str:
        if self.share:
            return f"{100 * value:.1f}"
        if 0 < abs(value) < 0.1 <= self.largest:
            return f"{value:.3f}".replace("-0.000", "0.000")
        return f"{value:.1f}".removesuffix(".0") if abs(value) >= 10 else f"{value:.3g}"


@dataclass(frozen=True)
class Cell:
    """A score with the ends of its interval, where they are known."""

    value: float
    interval: tuple[float, float] | None = None
    best: bool = False


@dataclass(frozen=True)
class Row:
    """A method's scores, its name, and a sentence on it, or none; a column that it has no score for holds None."""

    kind: str
    cells: tuple[Cell | None, ...]
    label: str
    meaning: str = ""


@dataclass(frozen=True)
class Table:
    """One direction of retrieval on one test set: a row per method, the model first."""

    title: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    over: str = "queries"  # what the bootstrap drew again


def score_tables(
    results: Mapping[str, Any], titles: Mapping[str, str] | None = None, rows: Mapping[str, Named] | None = None
) -> list[Table]:
    """A table for each set of scores in results.json, however deep it lies, in the order found.

    A set of scores is a mapping with a score that is a share, or with "intervals" or "baselines" beside scores of any
    kind; "intervals_over" says what these were drawn over, if not over queries. What isn't a number, such as a
    confusion matrix, has no column. "x_via_images" and "x_with_cca" become rows of the table of "x". `titles` says how
    to call a key; by default its underscores become blanks. `rows` are (label, meaning) of methods beside `ROWS`, or in
    place of them.
    """
    return list(_tables(results, (), titles or {}, {**ROWS, **(rows or {})}))


def _tables(
    section: Mapping[str, Any], path: tuple[str, ...], titles: Mapping[str, str], known: Mapping[str, Named]
) -> Iterator[Table]:
    for key, value in section.items():
        if not isinstance(value, Mapping) or key.endswith(tuple(SECOND)):
            continue
        here = (*path, titles.get(key) or key.replace("_to_", " → ").replace("_", " "))
        if _scored(value):
            others = {kind: section.get(key + ending) for ending, kind in SECOND.items()}
            methods = {"model": value, **others, **value.get("baselines", {})}
            title = ": ".join(filter(None, (", ".join(here[:-1]), here[-1])))
            present = {kind: scores for kind, scores in methods.items() if scores}
            yield _table(title[:1].upper() + title[1:], present, known)
        else:
            yield from _tables(value, here, titles, known)


def _scored(value: Mapping[str, Any]) -> bool:
    beside = any(isinstance(value.get(key), Mapping) for key in ("intervals", "baselines"))
    return beside or any(Column(key).share for key in _numbers(value))


def _numbers(scores: Mapping[str, Any]) -> list[str]:
    return [key for key, value in scores.items() if isinstance(value, int | float) and not isinstance(value, bool)]


def _table(title: str, methods: Mapping[str, Mapping[str, Any]], known: Mapping[str, Named]) -> Table:
    columns = tuple(
        Column(key, max(abs(scores.get(key, 0.0)) for scores in methods.values())) for key in _numbers(methods["model"])
    )
    best = {}
    for column in columns:
        values = [scores[column.key] for scores in methods.values() if column.key in scores]
        best[column.key] = max(values) if column.higher_is_better else min(values)

    def cell(scores: Mapping[str, Any], key: str) -> Cell | None:
        if key not in scores:
            return None
        interval = scores.get("intervals", {}).get(key)
        if not interval or not any(interval):  # [0, 0]: where nothing was found, nothing is known of the spread
            return Cell(scores[key], None, scores[key] == best[key])
        if Column(key).share:  # a jackknife's, mean ± 2 deviations, may end beyond what there can be
            interval = np.clip(interval, 0, 1).tolist()
        return Cell(scores[key], (interval[0], interval[1]), scores[key] == best[key])

    order = [*(kind for kind in known if kind in methods), *(kind for kind in methods if kind not in known)]
    rows = (
        Row(kind, tuple(cell(methods[kind], column.key) for column in columns), *named(kind, known)) for kind in order
    )
    return Table(title, columns, tuple(rows), methods["model"].get("intervals_over", Table.over))


def named(kind: str, known: Mapping[str, Named] = ROWS) -> Named:
    """What a method is called, and a sentence on it, or none."""
    return known.get(kind, (kind.replace("_", " "), ""))


def explanations(tables: Iterable[Table]) -> dict[str, str]:
    """What each row of these tables means: its label, and a sentence."""
    tables = list(tables)
    told = {row.kind: row for table in tables for row in table.rows if row.meaning}
    if not any(column.key.startswith("recall@") for table in tables for column in table.columns):
        told = {kind: row for kind, row in told.items() if row.meaning != ROWS["model"][1]}  # on how it retrieves
    order = [*(kind for kind in ROWS if kind in told), *(kind for kind in told if kind not in ROWS)]
    return {told[kind].label: told[kind].meaning for kind in order}


def measures(tables: Iterable[Table]) -> dict[str, str]:
    """What each column of these tables means: its heading, and a sentence."""
    told = dict(meaning_of(column.key) for table in tables for column in table.columns)
    return {heading: meaning for heading, meaning in told.items() if meaning}


def drawn_over(tables: Iterable[Table]) -> str:
    """What the intervals of these tables were drawn over; where they differ, with the tables' names."""
    names: dict[str, dict[str, None]] = {}
    for table in tables:
        names.setdefault(table.over, {})[re.split("[:,]", table.title)[0]] = None
    if len(names) == 1:
        return next(iter(names))
    return "; ".join(f"{over} ({', '.join(titles)})" for over, titles in names.items())


def terminal_table(table: Table) -> TerminalTable:
    """The table for rich. Intervals are shown as ± half their width, so that it fits 80 columns."""
    drawn = TerminalTable(title=table.title, title_justify="left", title_style="bold", box=box.SIMPLE_HEAD)
    drawn.pad_edge = drawn.show_edge = False
    drawn.collapse_padding = True
    drawn.add_column("", no_wrap=True)
    for column in table.columns:
        drawn.add_column(column.heading, justify="right")
    for row in table.rows:
        cells = [_terminal_cell(cell, column) for cell, column in zip(row.cells, table.columns, strict=True)]
        drawn.add_row(Text(row.label), *cells)
    return drawn


def _terminal_cell(cell: Cell | None, column: Column) -> Text:
    if cell is None:
        return Text("–", style="dim")
    text = Text(column.text(cell.value), style="bold" if cell.best else "")
    half = f" ±{column.text((cell.interval[1] - cell.interval[0]) / 2)}" if cell.interval else " " * 5
    return Text.assemble(text, (half, "dim"))


def print_scores(
    console: Console,
    results: Mapping[str, Any],
    titles: Mapping[str, str] | None = None,
    rows: Mapping[str, Named] | None = None,
) -> None:
    """Print every table of the results, and once what the rows and columns mean."""
    tables = score_tables(results, titles, rows)
    for table in tables:
        console.print(terminal_table(table), "")
    if tables:
        for label, meaning in (explanations(tables) | measures(tables)).items():
            console.print(Text.assemble((label, "bold"), f": {meaning}"))
        console.print(Text(HALVES.format(drawn_over(tables))))
    for stage, (step, steps) in results.get("unfinished", {}).items():
        how = f"stopped at step {step:,} of {steps:,}; its scores are of that checkpoint" if step else "has not begun"
        console.print(Text(f"unfinished: {stage} {how}", style="yellow"), soft_wrap=True)
    if results.get("quick"):
        console.print(Text(QUICK, style="bold yellow"))


def html_table(table: Table) -> str:
    """The table as HTML, without style: `best` and `interval` are the classes of its parts."""
    headings = [escape(column.heading).replace(" %", "&nbsp;%") for column in table.columns]  # % alone on no line
    head = "".join(f'<th scope="col">{heading}</th>' for heading in headings)
    body = ""
    for row in table.rows:
        cells = "".join(_html_cell(cell, column) for cell, column in zip(row.cells, table.columns, strict=True))
        body += f'<tr class="{escape(row.kind)}"><th scope="row">{escape(row.label)}</th>{cells}</tr>\n'
    caption = f"<caption>{escape(table.title)}</caption>"
    return f'<table class="scores">{caption}<thead><tr><td></td>{head}</tr></thead><tbody>\n{body}</tbody></table>'


def _html_cell(cell: Cell | None, column: Column) -> str:
    if cell is None:
        return "<td>–</td>"
    value = f"<b>{column.text(cell.value)}</b>" if cell.best else column.text(cell.value)
    interval = "–".join(map(column.text, cell.interval or ()))  # an empty one keeps the scores in line
    return f'<td>{value} <span class="interval">{interval}</span></td>'


def recipe_table(row: Mapping[str, Any]) -> TerminalTable:
    """One recipe of `tinyxm train --list`: a line for each figure that has a goal, with what was recorded last.

    `row` is one of `recipes.recorded.overview`.
    """
    drawn = TerminalTable(box=box.SIMPLE_HEAD)
    drawn.pad_edge = drawn.show_edge = False
    drawn.add_column("figure")
    for heading in ("recorded", "to reach"):
        drawn.add_column(heading, justify="right", no_wrap=True)
    drawn.add_column("of")
    for path, goal in row["goals"].items():
        column, value = Column(path.rpartition(".")[2]), row["figures"].get(path)
        known = (column.text(number) if number is not None else "–" for number in (value, goal))
        name, _, margin = row["of"].get(path, "").partition(" ")
        whose = Text(f"{named(name)[0]} {margin}".strip())
        drawn.add_row(Text(path.replace(".", ", ").replace("_", " ")), *known, whose)
    return drawn
