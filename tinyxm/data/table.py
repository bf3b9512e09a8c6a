"""Tables: columns of numbers and of categories, read from a CSV or given, with an account of what was wrong in them."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .cleaning import Entry, Ledger
from .unicode import decode_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Column = NDArray[np.float64] | list[str | None]
MISSING = frozenset({"", "na", "n/a", "nan", "null", "none", "?", "-", "missing"})  # compared in lower case
NUMERIC_FROM = 0.9  # a column of which so many of the values are numbers is numeric, and the others are missing
MIXED_FROM = 0.1  # with fewer numbers than this nobody would take it for numeric
LONGEST_FIELD = 1 << 24  # characters


class Table:
    """Columns of one length: `table["age"]` is an array of float64 with NaN for missing, or a list of strings and None.

    `kinds[name]` is "numeric" or "categorical"; `table[rows]` (integers, a mask or a slice) the subset; `ledger` tells
    what was found: values that are no numbers among numbers, infinities, columns that are constant, empty, mixed, or
    of a different category in every row. `columns` are by name, each a sequence of numbers, strings and None; NaN and
    the words in MISSING are missing. A column counts as numeric where 90 % of its values are numbers; `kinds` decides
    otherwise: {"postcode": "categorical"}.
    Raises ValueError for columns of several lengths, none, and kinds of columns that aren't there.
    """

    def __init__(
        self,
        columns: Mapping[str, Sequence[Any] | NDArray[Any]],
        kinds: Mapping[str, str] | None = None,
        ids: Sequence[str] | None = None,
    ) -> None:
        lengths = {name: len(values) for name, values in columns.items()}
        if not lengths or len(set(lengths.values())) > 1:
            told = ", ".join(f"{name} {length}" for name, length in lengths.items()) or "none"
            raise ValueError(f"table: columns {told}; expected one or more of one length")
        if unknown := [name for name in kinds or {} if name not in columns]:
            raise ValueError(f"table: no column {unknown[0]!r}; there are {', '.join(columns)}")
        if wrong := [kind for kind in (kinds or {}).values() if kind not in ("numeric", "categorical")]:
            raise ValueError(f"table: kind {wrong[0]!r}; expected 'numeric' or 'categorical'")
        size = next(iter(lengths.values()))
        self.ids = [str(i) for i in range(size)] if ids is None else [str(i) for i in ids]
        if len(self.ids) != size:
            raise ValueError(f"table: {len(self.ids)} ids of {size} rows; expected one each")
        self.ledger = Ledger()
        self.columns: dict[str, Column] = {}
        for name, values in columns.items():
            self.columns[name], entries = _column(name, values, self.ids, (kinds or {}).get(name))
            self.ledger.entries += entries
        for name, column in self.columns.items():
            self.ledger.entries += _findings(name, column)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def kinds(self) -> dict[str, str]:
        return {
            name: "numeric" if isinstance(column, np.ndarray) else "categorical"
            for name, column in self.columns.items()
        }

    @overload
    def __getitem__(self, key: str) -> Any: ...
    @overload
    def __getitem__(self, key: slice | Sequence[int] | NDArray[Any]) -> Table: ...
    def __getitem__(self, key: str | slice | Sequence[int] | NDArray[Any]) -> Column | Table:
        if isinstance(key, str):
            if key not in self.columns:
                raise KeyError(f"table: no column {key!r}; there are {', '.join(self.columns)}")
            return self.columns[key]
        chosen: Any = key if isinstance(key, slice) or np.size(key) else []
        rows = np.arange(len(self))[chosen]
        if rows.ndim != 1:
            raise TypeError(f"table: one index {key!r} isn't a subset; use a slice or a list, as in table[[3]]")
        part = object.__new__(Table)  # the columns are what they are: nothing is judged again on fewer rows
        part.ids, part.ledger = [self.ids[i] for i in rows], self.ledger
        part.columns = {
            name: column[rows] if isinstance(column, np.ndarray) else [column[i] for i in rows]
            for name, column in self.columns.items()
        }
        return part

    def missing(self, name: str) -> NDArray[np.bool_]:
        """Which rows have no value in a column, (n,)."""
        column: Column = self[name]
        return (
            np.isnan(column) if isinstance(column, np.ndarray) else np.array([value is None for value in column], bool)
        )

    def numbers(self, names: Sequence[str] | None = None) -> NDArray[np.float64]:
        """Numeric columns, all of them by default, side by side: (n, columns), NaN for missing.

        Raises ValueError for a categorical one.
        """
        chosen = [name for name, kind in self.kinds.items() if kind == "numeric"] if names is None else list(names)
        if words := [name for name in chosen if not isinstance(self[name], np.ndarray)]:
            raise ValueError(f"table: {words[0]!r} is categorical; one-hot encode it, or say kinds={{...: 'numeric'}}")
        return np.stack([self[name] for name in chosen], axis=1) if chosen else np.zeros((len(self), 0))

    def without(self, names: Sequence[str]) -> Table:
        """The table without some columns. Raises ValueError for one that isn't there, and where none is left."""
        if unknown := [name for name in names if name not in self.columns]:
            raise ValueError(f"table: no column {unknown[0]!r}; there are {', '.join(self.columns)}")
        if not set(self.columns) - set(names):
            raise ValueError("table: no column would be left")
        part = self[:]
        part.columns = {name: column for name, column in part.columns.items() if name not in names}
        return part

    def drop_missing(self, names: Sequence[str] | None = None) -> Table:
        """Only the rows that have a value in each of these columns (all by default); the ledger tells of the others."""
        chosen = list(self.columns) if names is None else list(names)
        lacking = {name: self.missing(name) for name in chosen}
        gone = np.any(list(lacking.values()), axis=0) if lacking else np.zeros(len(self), bool)
        part = self[~gone]
        first = {int(i): next(name for name in chosen if lacking[name][i]) for i in np.flatnonzero(gone)}
        entries = [Entry(self.ids[i], name, "missing value", "dropped", "drop_missing") for i, name in first.items()]
        part.ledger = Ledger([*self.ledger, *entries])
        return part

    def plot(self) -> Figure:
        """A Figure with each column: numbers as a histogram, categories by their counts; what is missing is told."""
        from matplotlib.figure import Figure

        from . import drawing

        names = list(self.columns)[:24]
        rows = -(-len(names) // 4)
        figure = Figure(figsize=(11, 2.1 * rows), layout="constrained")
        grid = figure.subplots(rows, 4, squeeze=False).ravel()
        for axes, name in zip(grid, names, strict=False):
            column, gone = self.columns[name], int(self.missing(name).sum())
            if isinstance(column, np.ndarray):
                drawing.distribution(axes, column, {})
                axes.set_xlabel("")
            else:
                counts: dict[str, int] = {}
                for value in column:
                    if value is not None:
                        counts[value[:16]] = counts.get(value[:16], 0) + 1
                drawing.bars(axes, dict(sorted(counts.items(), key=lambda item: -item[1])[:8]), {})
            axes.set_title(name[:34] + f" ({gone} missing)" * bool(gone), fontsize=8)
            axes.tick_params(labelsize=7)
        for axes in grid[len(names) :]:
            axes.set_axis_off()
        return figure

    def __repr__(self) -> str:
        lines = [f"Table: {len(self)} rows, {len(self.columns)} columns"]
        for name, column in self.columns.items():
            gone = int(self.missing(name).sum())
            if isinstance(column, np.ndarray):
                finite = column[~np.isnan(column)]
                told = f"numeric, {finite.min():g} to {finite.max():g}" if len(finite) else "numeric, empty"
            else:
                told = f"categorical, {len({value for value in column if value is not None})} categories"
            lines.append(f"  {name}: {told}" + f", {gone} missing" * bool(gone))
        return "\n".join(lines)


def read_table(
    source: str | PathLike[str] | bytes,
    kinds: Mapping[str, str] | None = None,
    id_column: str | None = None,
    delimiter: str | None = None,
    header: bool = True,
) -> Table:
    """Read a CSV file, or its bytes, into a Table.

    The delimiter (comma, semicolon, tab or "|") is the one by which the first lines agree on the most columns, unless
    given; encodings as `decode_text` reads them. The first row names the columns, unless `header` is off. A row of
    another length, or with a field of more than 16 million characters, is left out, and the ledger says so; row 1 is
    the first after the header, and `ids` are the rows' numbers or `id_column`'s values.
    Raises ValueError for an empty file, one without rows, and columns of equal names; FileNotFoundError.
    """
    name = f"{len(source)} bytes" if isinstance(source, bytes) else str(source)
    data = source if isinstance(source, bytes) else Path(source).read_bytes()
    decoded = decode_text(data)
    entries = [Entry("all", "all", "encoding", "repaired", "read_table", decoded.told)] if decoded.told else []
    text = decoded.text
    if not text.strip():
        raise ValueError(f"read_table: {name} is empty")
    rows, broken = _rows(text, delimiter or _delimiter(text))
    entries += [Entry(f"line {line}", "all", "unreadable row", "dropped", "read_table", why) for line, why in broken]
    names = (
        [n.strip() or f"column {k}" for k, n in enumerate(rows[0])]
        if header
        else [f"column {k}" for k in range(len(rows[0]))]
    )
    if len(set(names)) < len(names):
        twice = next(n for n in names if names.count(n) > 1)
        raise ValueError(f"read_table: {name} has several columns {twice!r}; give each a name of its own")
    body = rows[1:] if header else rows
    kept = [(number, row) for number, row in enumerate(body, start=1) if len(row) == len(names)]
    entries += [
        Entry(f"row {number}", "all", "wrong length", "dropped", "read_table", f"{len(row)} fields, not {len(names)}")
        for number, row in enumerate(body, start=1)
        if len(row) != len(names)
    ]
    if not kept:
        raise ValueError(f"read_table: {name} has no row of {len(names)} fields below its header")
    if id_column is not None and id_column not in names:
        raise ValueError(f"read_table: {name} has no column {id_column!r}; there are {', '.join(names)}")
    columns = {n: [row[k] for _, row in kept] for k, n in enumerate(names) if n != id_column}
    ids = [row[names.index(id_column)] for _, row in kept] if id_column else [str(number) for number, _ in kept]
    table = Table(columns, kinds, ids)
    table.ledger.entries[:0] = entries
    return table


def _column(name: str, values: Any, ids: Sequence[str], kind: str | None) -> tuple[Column, list[Entry]]:
    """A column's values in its kind, and what was wrong among them."""
    given = np.asarray(values) if isinstance(values, np.ndarray) else values
    if isinstance(given, np.ndarray) and given.ndim != 1:
        raise ValueError(f"table: column {name!r} is {given.shape}; expected one value per row, (n,)")
    plain = given.tolist() if isinstance(given, np.ndarray) else list(given)
    numbers = np.array([_number(value) for value in plain], np.float64)
    gone = np.array([_is_missing(value) for value in plain], bool)
    there = int((~gone).sum())
    numeric = ~np.isnan(numbers)
    share = numeric.sum() / max(there, 1)
    if kind is None:
        kind = "numeric" if share >= NUMERIC_FROM or not there else "categorical"
    entries: list[Entry] = []
    if kind == "categorical":
        if MIXED_FROM <= share < NUMERIC_FROM:
            told = f"{int(numeric.sum())} of {there} values are numbers; kept as categories"
            entries.append(Entry("all", name, "mixed types", "kept", "table", told))
        return [None if lost else str(value) for value, lost in zip(plain, gone, strict=True)], entries
    for i in map(int, np.flatnonzero(~gone & ~np.isfinite(numbers))):
        fault = "not a number" if np.isnan(numbers[i]) else "not finite"
        entries.append(Entry(ids[i], name, fault, "missing", "table", repr(plain[i])[:80]))
    return np.where(np.isfinite(numbers), numbers, np.nan), entries


def _findings(name: str, column: Column) -> Iterator[Entry]:
    """What is wrong with a column as a whole."""
    if isinstance(column, np.ndarray):
        distinct: list[Any] = np.unique(column[~np.isnan(column)])[:2].tolist()
    else:
        distinct = list(dict.fromkeys(value for value in column if value is not None))
    if len(column) and not distinct:
        yield Entry("all", name, "empty column", "kept", "table", f"no value in {len(column)} rows")
    elif len(distinct) == 1 and len(column) > 1:
        yield Entry("all", name, "constant column", "kept", "table", f"always {distinct[0]!r}")
    elif not isinstance(column, np.ndarray) and len(distinct) == len(column) > 20:
        yield Entry(
            "all", name, "a category for every row", "kept", "table", "it names rows, and tells nothing of them"
        )


def _is_missing(value: Any) -> bool:
    if value is None or value != value or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, str) and value.strip().lower() in MISSING


def _number(value: Any) -> float:
    """A value as a number; NaN for what is none, underscores and words such as "infinity" among digits included."""
    if isinstance(value, bool):
        return float(value)
    if isinstance(value, str) and ("_" in value or _is_missing(value)):
        return float("nan")
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        return float("nan")


def _delimiter(text: str) -> str:
    head = text[:65536]
    scores = {}
    for mark in (",", ";", "\t", "|"):
        rows, _ = _rows(head, mark, 20)
        agreeing = sum(len(row) == len(rows[0]) for row in rows)
        scores[mark] = (agreeing * (len(rows[0]) > 1) / len(rows), len(rows[0])) if rows else (0, 0)
    return max(scores, key=lambda mark: scores[mark])


def _rows(text: str, delimiter: str, most: int | None = None) -> tuple[list[list[str]], list[tuple[int, str]]]:
    """The rows that can be read, and (line, why) of those that can't."""
    before = csv.field_size_limit(LONGEST_FIELD)  # a setting of the whole process: put back as it was
    try:
        reader = csv.reader(StringIO(text, newline=""), delimiter=delimiter)
        rows: list[list[str]] = []
        broken: list[tuple[int, str]] = []
        while most is None or len(rows) < most:
            try:
                row = next(reader)
            except StopIteration:
                break
            except csv.Error as error:
                broken.append((reader.line_num, str(error)))
                continue
            if row:
                rows.append(row)
        return rows, broken
    finally:
        csv.field_size_limit(before)


def groups_of(table: Table, names: Sequence[str]) -> dict[str, ArrayLike]:
    """Columns as group labels, missing ones each a group of its own."""
    return {
        name: [
            f"row {table.ids[i]}" if lost else str(value)
            for i, (value, lost) in enumerate(zip(table[name], table.missing(name), strict=True))
        ]
        for name in names
    }
