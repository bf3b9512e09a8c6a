"""Cleaning that keeps account: what was dropped or repaired stands in a ledger, with the rule and why."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..samples import Samples


@dataclass(frozen=True)
class Entry:
    """One finding: in `sample`'s `modality` the `rule` found `fault`, as seen in `value`, and took `action`.

    Actions: "dropped" (the sample), "missing" (this modality of it), "repaired" (`repair` replaces the value), "kept".
    `other` is the sample that it was compared with, such as the one that it repeats.
    """

    sample: str
    modality: str
    fault: str
    action: str
    rule: str
    value: str = ""
    repair: Any = None
    other: str = ""


Rule = Callable[[Samples, str], Iterator[Entry]]
FIELDS = ("sample", "modality", "fault", "action", "rule", "value")


@dataclass
class Ledger:
    """What cleaning found, in order; `str(ledger)` is a table of counts."""

    entries: list[Entry] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.entries)

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def counts(self) -> dict[tuple[str, str, str], int]:
        """How often each (modality, fault, action) occurs, most frequent first."""
        return dict(Counter((e.modality, e.fault, e.action) for e in self.entries).most_common())

    def rows(self) -> list[dict[str, str]]:
        """Each entry as a dictionary of texts: sample, modality, fault, action, rule, value."""
        return [{name: getattr(entry, name) for name in FIELDS} for entry in self.entries]

    def to_json(self) -> str:
        """The entries as a JSON list of objects."""
        return json.dumps([asdict(e) for e in self.entries], ensure_ascii=False, indent=1, default=str)

    def __str__(self) -> str:
        if not self.entries:
            return "nothing to clean"
        rows = [(str(n), *row) for row, n in self.counts().items()]
        head = ("count", "modality", "fault", "action")
        widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
        return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in (head, *rows))


def clean(
    samples: Samples, rules: Mapping[str, Sequence[Rule]] | None = None, require: Sequence[str] = ()
) -> tuple[Samples, Ledger]:
    """Apply each modality's rules in turn, and drop samples that lack a modality in `require` or have none left.

    Without `rules`, arrays and bytes get IMAGE_RULES, texts TEXT_RULES. Returns the samples kept (their `ledger` is
    the whole account, what they came with included) and the ledger of this cleaning.
    Raises ValueError for a modality that isn't there and for ids that aren't unique: the ledger couldn't name them.
    """
    if len(set(samples.ids)) < len(samples):
        raise ValueError(f"clean: ids repeat ({Counter(samples.ids).most_common(1)[0]}); the ledger needs unique ones")
    rules = {name: _default_rules(values) for name, values in samples.modalities.items()} if rules is None else rules
    if unknown := [name for name in (*rules, *require) if name not in samples.modalities]:
        raise ValueError(f"clean: no modality {unknown[0]!r}; there are {', '.join(samples.modalities)}")
    ledger = Ledger()
    for modality, steps in rules.items():
        for rule in steps:
            entries = list(rule(samples, modality))
            ledger.entries += entries
            samples = _apply(samples, modality, entries)
    ledger.entries += [
        Entry(samples.ids[i], name, "missing modality", "dropped", "require", "")
        for name in require
        for i in np.flatnonzero(~samples.present[name])
    ]
    there = np.any(list(samples.present.values()), axis=0)
    ledger.entries += [
        Entry(samples.ids[i], "all", "nothing left", "dropped", "require", "") for i in np.flatnonzero(~there)
    ]
    dropped = {e.sample for e in ledger if e.action == "dropped"}
    kept = samples[[i for i, name in enumerate(samples.ids) if name not in dropped]]
    kept.ledger = Ledger([*(samples.ledger or ()), *ledger])
    return kept, ledger


def there(samples: Samples, modality: str) -> Iterator[tuple[int, Any]]:
    """(index, value) of each sample that has the modality."""
    values = samples[modality]
    return ((int(i), values[i]) for i in np.flatnonzero(samples.present[modality]))


def _apply(samples: Samples, modality: str, entries: list[Entry]) -> Samples:
    position = {name: i for i, name in enumerate(samples.ids)}
    dropped = {e.sample for e in entries if e.action == "dropped"}
    present: NDArray[np.bool_] = samples.present[modality].copy()
    values = samples[modality].copy()
    for entry in entries:
        if entry.action == "repaired":
            values[position[entry.sample]] = entry.repair
        if entry.action == "missing":
            present[position[entry.sample]] = False
    samples = samples.with_modality(modality, values, present)
    return samples[[i for i, name in enumerate(samples.ids) if name not in dropped]] if dropped else samples


def _default_rules(values: Sequence[Any] | NDArray[Any]) -> tuple[Rule, ...]:
    from . import IMAGE_RULES, TEXT_RULES

    text = isinstance(values, list) and all(isinstance(value, str) or value is None for value in values)
    return TEXT_RULES if text else IMAGE_RULES
