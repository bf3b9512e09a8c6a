"""Tables to arrays: missing values filled, numbers scaled, categories one-hot; each learned from training rows alone.

`fit` learns from rows, `transform` applies it to any; use before `fit` is refused, for then test rows would decide how
they are seen themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .samples import Samples
from .table import Table, groups_of

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Float = NDArray[np.float64]
Given = TypeVar("Given")


class Fitted(Generic[Given]):
    """What is learned by `fit` and applied by `transform`; `plot` shows rows before and after."""

    fitted = False

    def fit(self, x: Given) -> Self:
        raise NotImplementedError

    def transform(self, x: Given) -> Float:
        raise NotImplementedError

    def fit_transform(self, x: Given) -> Float:
        """`fit`, then `transform`, on the same rows: for training rows alone."""
        return self.fit(x).transform(x)

    def plot(self, x: Given, names: Sequence[str] | None = None) -> Figure:
        """A Figure: the columns of x (rows, columns) as they are, and transformed."""
        from matplotlib.figure import Figure

        from . import drawing

        before, after = np.asarray(x, np.float64), self.transform(x)
        figure = Figure(figsize=(9.5, 1.4 + 0.3 * max(before.shape[1], after.shape[1])), layout="constrained")
        left, right = figure.subplots(1, 2)
        drawing.columns(left, before, {"names": names})
        drawing.columns(right, after, {"names": names if after.shape == before.shape else None})
        figure.suptitle(repr(self), fontsize=10)
        return figure

    def _ready(self) -> None:
        if not self.fitted:
            name = type(self).__name__
            raise ValueError(f"{name}: transform before fit; call fit on the training rows first")


class Impute(Fitted[ArrayLike]):
    """Fill missing numbers (NaN) with the column's "mean" or "median" over the rows fitted on.

    With `indicator`, columns of 0 and 1 follow that tell which were missing, for each column that had one missing in
    `fit`. x: (rows, columns). Raises ValueError for a column without a value in `fit`, and another number of columns.
    """

    def __init__(self, strategy: str = "median", indicator: bool = False) -> None:
        if strategy not in ("mean", "median"):
            raise ValueError(f"Impute: strategy {strategy!r}; expected 'mean' or 'median'")
        self.strategy, self.indicator = strategy, indicator

    def __repr__(self) -> str:
        return f"Impute({self.strategy!r}" + ", indicator=True" * self.indicator + ")"

    def fit(self, x: ArrayLike) -> Self:
        array = _rows("Impute", x)
        self.fill = (np.nanmean if self.strategy == "mean" else np.nanmedian)(array, axis=0)
        self.lacking = np.flatnonzero(np.isnan(array).any(axis=0))
        self.fitted = True
        return self

    def transform(self, x: ArrayLike) -> Float:
        self._ready()
        array = _columns_as("Impute", x, len(self.fill))
        gone = np.isnan(array)
        filled = np.where(gone, self.fill, array)
        return np.hstack([filled, gone[:, self.lacking]]) if self.indicator else filled


class Scale(Fitted[ArrayLike]):
    """(x − centre) / spread, per column, from the rows fitted on; NaN stays NaN and isn't counted.

    "standard": mean and standard deviation, √(Σ (x − mean)² / n). "min-max": least and largest − least, so that fitted
    rows lie in 0..1. "robust": median and the range between the quartiles, which a few wild values don't move. A
    constant column gets a spread of 1. `inverse` undoes it. Raises ValueError as Impute does.
    """

    def __init__(self, method: str = "standard") -> None:
        if method not in ("standard", "min-max", "robust"):
            raise ValueError(f"Scale: method {method!r}; expected 'standard', 'min-max' or 'robust'")
        self.method = method

    def __repr__(self) -> str:
        return f"Scale({self.method!r})"

    def fit(self, x: ArrayLike) -> Self:
        array = _rows("Scale", x)
        if self.method == "standard":
            self.centre, spread = np.nanmean(array, axis=0), np.nanstd(array, axis=0)
        elif self.method == "min-max":
            self.centre = np.nanmin(array, axis=0)
            spread = np.nanmax(array, axis=0) - self.centre
        else:
            low, self.centre, high = np.nanpercentile(array, [25, 50, 75], axis=0)
            spread = high - low
        # a constant column's deviation is rounding, of the size of its values' last digits
        noise = 10 * np.finfo(np.float64).eps * np.maximum(np.abs(self.centre), np.finfo(np.float64).tiny)
        self.spread = np.where(spread > noise, spread, 1.0)
        self.fitted = True
        return self

    def transform(self, x: ArrayLike) -> Float:
        self._ready()
        return (_columns_as("Scale", x, len(self.centre)) - self.centre) / self.spread

    def inverse(self, x: ArrayLike) -> Float:
        """x · spread + centre."""
        self._ready()
        return _columns_as("Scale", x, len(self.centre)) * self.spread + self.centre


class OneHot(Fitted[Sequence[str | None]]):
    """A column of categories as columns of 0 and 1, one for each category seen in `fit`, in sorted order.

    A category not seen then, and a missing one, is 0 in all of them. Raises ValueError for a column without a category.
    """

    def __repr__(self) -> str:
        return f"OneHot({len(self.categories)} categories)" if self.fitted else "OneHot()"

    def fit(self, x: Sequence[str | None]) -> Self:
        self.categories = sorted({value for value in x if value is not None})
        if not self.categories:
            raise ValueError(f"OneHot: no category in {len(x)} rows; leave the column out")
        self.fitted = True
        return self

    def transform(self, x: Sequence[str | None]) -> Float:
        self._ready()
        place = {value: k for k, value in enumerate(self.categories)}
        coded = np.zeros((len(x), len(self.categories)))
        known = [(i, place[value]) for i, value in enumerate(x) if value in place]
        if known:
            coded[tuple(np.transpose(known))] = 1
        return coded

    def plot(self, x: Sequence[str | None], names: Sequence[str] | None = None) -> Figure:
        """A Figure: the categories as they come, and their columns."""
        from matplotlib.figure import Figure

        from . import drawing

        figure = Figure(figsize=(9.5, 3.4), layout="constrained")
        left, right = figure.subplots(1, 2)
        drawing.text(left, ["–" if value is None else value for value in x], {})
        right.imshow(self.transform(x)[:40], aspect="auto", cmap="Blues", interpolation="nearest")
        right.set_xticks(range(len(self.categories)), self.categories, rotation=45, ha="right", fontsize=7)
        right.set_ylabel("row")
        figure.suptitle(repr(self), fontsize=10)
        return figure


class Prepare(Fitted[Table]):
    """A Table to an array of numbers: each numeric column filled and scaled, each categorical one one-hot.

    `missing`: "mean", "median", or "keep", which leaves NaN; `indicator` adds a column "NAME missing" for each that had
    a missing value in `fit`; `scale`: a method of Scale, or None. Columns without a value, constant ones, and those
    with a different category in every row are left out, as `notes` tell: nothing can be learned from them. `names` are
    the columns of the result, `sources` the table's columns that they come from.

        prepare = Prepare().fit(table[split["train"]])
        x = prepare.transform(table)                                      # (rows, len(prepare.names)), float32
        samples = prepare.samples(table, {"size": ["radius", "area"], "texture": ["texture"]})

    Raises ValueError for use before fit, and a table that lacks a column or has it in another kind.
    """

    def __init__(self, missing: str = "median", indicator: bool = False, scale: str | None = "standard") -> None:
        if missing not in ("mean", "median", "keep"):
            raise ValueError(f"Prepare: missing {missing!r}; expected 'mean', 'median' or 'keep'")
        Scale(scale or "standard")
        self.missing, self.indicator, self.scale = missing, indicator, scale

    def __repr__(self) -> str:
        return f"Prepare(missing={self.missing!r}, indicator={self.indicator}, scale={self.scale!r})"

    def fit(self, x: Table) -> Self:
        self.kinds, self.notes = x.kinds, []
        self.names: list[str] = []
        self.sources: list[str] = []
        self.steps: dict[str, tuple[Any, ...]] = {}
        for name, column in x.columns.items():
            if why := _useless(column):
                self.notes.append(f"{name} is left out: {why} in the {len(x)} rows fitted on")
                continue
            made = [name]
            if isinstance(column, np.ndarray):
                imputer = None if self.missing == "keep" else Impute(self.missing).fit(column[:, None])
                scaler = Scale(self.scale).fit(column[:, None]) if self.scale else None
                told = self.indicator and bool(np.isnan(column).any())
                made += [f"{name} missing"] * told
                self.steps[name] = imputer, scaler, told
            else:
                self.steps[name] = (OneHot().fit(column),)
                made = [f"{name}={value}" for value in self.steps[name][0].categories]
            self.names += made
            self.sources += [name] * len(made)
        if not self.names:
            raise ValueError(f"Prepare: no column can be used; {'; '.join(self.notes)}")
        self.fitted = True
        return self

    def transform(self, x: Table) -> NDArray[Any]:
        """(rows, len(names)), float32."""
        self._ready()
        parts: list[Float] = []
        for name, steps in self.steps.items():
            if name not in x.columns or x.kinds[name] != self.kinds[name]:
                found = x.kinds.get(name, "absent")
                raise ValueError(f"Prepare: column {name!r} is {found} here, {self.kinds[name]} in the rows fitted on")
            if len(steps) == 1:
                parts.append(steps[0].transform(x[name]))
                continue
            imputer, scaler, told = steps
            column = x[name][:, None]
            filled = imputer.transform(column) if imputer else column
            parts.append(scaler.transform(filled) if scaler else filled)
            if told:
                parts.append(np.isnan(column).astype(np.float64))
        return np.hstack(parts).astype(np.float32)

    def samples(self, table: Table, modalities: Mapping[str, Sequence[str]], groups: Sequence[str] = ()) -> Samples:
        """Feature groups as modalities: each the prepared columns of some of the table's columns, (rows, columns).

        A modality is missing in a row where all of its columns are. `groups` are columns that become group labels; a
        row without one is a group of its own. Raises ValueError for a column that isn't there or was left out.
        """
        x = self.transform(table)
        arrays: dict[str, Any] = {}
        present: dict[str, ArrayLike] = {}
        for modality, names in modalities.items():
            if unknown := [name for name in names if name not in self.steps]:
                there = ", ".join(self.steps)
                raise ValueError(
                    f"Prepare: {modality!r} asks for {unknown[0]!r}, which isn't among those used: {there}"
                )
            if not names:
                raise ValueError(f"Prepare: {modality!r} names no column")
            arrays[modality] = x[:, np.isin(self.sources, list(names))]
            present[modality] = ~np.all([table.missing(name) for name in names], axis=0)
        return Samples(arrays, table.ids, groups_of(table, groups), present, table.ledger)

    def plot(self, x: Table, names: Sequence[str] | None = None) -> Figure:
        """A Figure: the table's numeric columns as they are, and the columns made of the table."""
        from matplotlib.figure import Figure

        from . import drawing

        numeric = [name for name in self.steps if self.kinds[name] == "numeric"]
        figure = Figure(figsize=(10, 1.4 + 0.22 * len(self.names)), layout="constrained")
        left, right = figure.subplots(1, 2)
        drawing.columns(left, x.numbers(numeric), {"names": numeric})
        drawing.columns(right, self.transform(x), {"names": self.names})
        figure.suptitle(repr(self), fontsize=10)
        return figure


def _useless(column: NDArray[np.float64] | list[str | None]) -> str:
    """Why nothing can be learned from a column, or nothing."""
    if isinstance(column, np.ndarray):
        distinct = len(np.unique(column[~np.isnan(column)]))
        return "no value" if not distinct else "always one value" if distinct == 1 else ""
    categories = {value for value in column if value is not None}
    if len(categories) < 2:
        return "always one category" if categories else "no value"
    return "a category for every row" if len(categories) == len(column) > 20 else ""


def _rows(operation: str, x: ArrayLike) -> Float:
    array = np.asarray(x, np.float64)
    if array.ndim != 2 or not len(array):
        raise ValueError(f"{operation}: x {array.shape}; expected (rows, columns), with a row at least")
    if np.isinf(array).any():
        raise ValueError(
            f"{operation}: x has {int(np.isinf(array).sum())} infinite values; make them NaN, or drop them"
        )
    if len(empty := np.flatnonzero(np.isnan(array).all(axis=0))):
        raise ValueError(
            f"{operation}: column {empty[0]} has no value in the {len(array)} rows fitted on; leave it out"
        )
    return array


def _columns_as(operation: str, x: ArrayLike, columns: int) -> Float:
    array = np.asarray(x, np.float64)
    if array.ndim != 2 or array.shape[1] != columns:
        raise ValueError(f"{operation}: x {array.shape}; expected (rows, {columns}), as in fit")
    return array
