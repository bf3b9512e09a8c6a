"""Aligned modalities: for each sample an image, a text, a sound ..., where any of them may be missing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    from .cleaning import Ledger

Modality = NDArray[Any] | list[Any]


class Samples:
    """n samples of aligned modalities: `modalities[name][i]`, an array or a list, belongs to `ids[i]`.

    `present[name]`, shape (n,), tells where a modality is there: missing is normal. In a list, None is missing; for an
    array say so with `present`. `groups[name]`, shape (n,), labels what belongs together (a speaker, a family of
    variants), which a split must respect. `ledger` tells what cleaning did.
    `samples["image"]` is the modality, `samples[indices]` (integers, a mask or a slice) the subset.
    Raises ValueError where lengths disagree, TypeError for a modality that is neither an array nor a list.
    """

    def __init__(
        self,
        modalities: Mapping[str, Modality],
        ids: Sequence[str] | None = None,
        groups: Mapping[str, ArrayLike] | None = None,
        present: Mapping[str, ArrayLike] | None = None,
        ledger: Ledger | None = None,
    ) -> None:
        if not modalities:
            raise ValueError("Samples: no modality was given; expected at least one, such as {'image': array}")
        for name, values in modalities.items():
            if not isinstance(values, (np.ndarray, list)):
                raise TypeError(f"Samples: modality {name!r} is a {type(values).__name__}; expected an array or a list")
            if isinstance(values, np.ndarray) and values.ndim == 0:
                raise ValueError(f"Samples: modality {name!r} is a single number; its first axis must be the sample")
        for kind, given in (("groups", groups), ("present", present)):
            if kind == "present" and (unknown := set(given or ()) - set(modalities)):
                raise ValueError(f"Samples: present names {sorted(unknown)}, which are no modalities")
        size = len(next(iter(modalities.values())))
        self.modalities: dict[str, Modality] = dict(modalities)
        self.ids = [str(i) for i in range(size)] if ids is None else [str(i) for i in ids]
        self.groups: dict[str, NDArray[Any]] = {name: np.asarray(labels) for name, labels in (groups or {}).items()}
        self.present: dict[str, NDArray[np.bool_]] = {
            name: np.asarray(present[name], bool) if present and name in present else _filled(values)
            for name, values in self.modalities.items()
        }
        self.ledger = ledger
        columns = {**self.modalities, "ids": self.ids}
        columns |= {f"groups[{k!r}]": v for k, v in self.groups.items()}
        columns |= {f"present[{k!r}]": v for k, v in self.present.items()}
        if any(len(column) != size for column in columns.values()):
            lengths = ", ".join(f"{name} {len(column)}" for name, column in columns.items())
            raise ValueError(f"Samples: lengths differ ({lengths}); every column needs one entry per sample")

    def __len__(self) -> int:
        return len(self.ids)

    @overload
    def __getitem__(self, key: str) -> Any: ...
    @overload
    def __getitem__(self, key: slice | Sequence[int] | NDArray[Any]) -> Samples: ...
    def __getitem__(self, key: str | slice | Sequence[int] | NDArray[Any]) -> Modality | Samples:
        if isinstance(key, str):
            if key not in self.modalities:
                raise KeyError(f"Samples: no modality {key!r}; there are {', '.join(self.modalities)}")
            return self.modalities[key]
        chosen: Any = key if isinstance(key, slice) or np.size(key) else []  # an empty list would count as float
        keep = np.arange(len(self))[chosen]
        if keep.ndim != 1:
            raise TypeError(f"Samples: one index {key!r} isn't a subset; use a slice or a list, as in samples[[3]]")
        return Samples(
            {k: v[keep] if isinstance(v, np.ndarray) else [v[i] for i in keep] for k, v in self.modalities.items()},
            [self.ids[i] for i in keep],
            {k: v[keep] for k, v in self.groups.items()},
            {k: v[keep] for k, v in self.present.items()},
            self.ledger,
        )

    def with_modality(self, name: str, values: Modality, present: ArrayLike | None = None) -> Samples:
        """The same samples with one modality added or replaced."""
        masks: dict[str, ArrayLike] = {k: v for k, v in self.present.items() if k != name}
        if present is not None:
            masks[name] = present
        return Samples({**self.modalities, name: values}, self.ids, self.groups, masks, self.ledger)

    def __repr__(self) -> str:
        lines = [f"Samples: {len(self)}"]
        for name, values in self.modalities.items():
            kind = f"{values.dtype} {values.shape}" if isinstance(values, np.ndarray) else f"list of {_kind(values)}"
            missing = len(self) - int(self.present[name].sum())
            lines.append(f"  {name}: {kind}" + (f", {missing} missing" if missing else ""))
        lines += [f"  grouped by {name}: {len(np.unique(labels))}" for name, labels in self.groups.items()]
        return "\n".join(lines)


def concatenate(parts: Sequence[Samples]) -> Samples:
    """Samples one after the other. Raises ValueError for none, and for parts that differ in modalities or groups."""
    if not parts:
        raise ValueError("concatenate: no samples were given")
    first = parts[0]
    for part in parts:
        for what, ours, theirs in (
            ("modalities", first.modalities, part.modalities),
            ("groups", first.groups, part.groups),
        ):
            if set(ours) != set(theirs):
                raise ValueError(f"concatenate: {what} {sorted(ours)} and {sorted(theirs)} differ")

    def joined(values: list[Any]) -> Any:
        if all(isinstance(v, np.ndarray) for v in values):
            return np.concatenate(values)
        return [one for v in values for one in v]

    return Samples(
        {name: joined([part.modalities[name] for part in parts]) for name in first.modalities},
        [name for part in parts for name in part.ids],
        {name: np.concatenate([part.groups[name] for part in parts]) for name in first.groups},
        {name: np.concatenate([part.present[name] for part in parts]) for name in first.modalities},
        first.ledger,
    )


def _filled(values: Modality) -> NDArray[np.bool_]:
    if isinstance(values, np.ndarray):
        return np.ones(len(values), bool)
    return np.array([value is not None for value in values], bool)


def _kind(values: list[Any]) -> str:
    return " or ".join(sorted({type(value).__name__ for value in values if value is not None})) or "nothing"
