"""Splits into training, validation and test, at random, by class or by group, and a report of what leaks."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .cleaning import fingerprint
from .samples import Samples

Indices = NDArray[np.intp]
FRACTIONS = {"train": 0.8, "validation": 0.1, "test": 0.1}


@dataclass(frozen=True)
class Leak:
    """`count` samples of `right` have in `left` the same group, the same value or a near duplicate: see `kind`."""

    kind: str
    left: str
    right: str
    count: int
    examples: list[tuple[str, str]]

    def __str__(self) -> str:
        shown = ", ".join(f"{a} ~ {b}" for a, b in self.examples)
        return f"{self.kind}: {self.count} in {self.right} are also in {self.left} (such as {shown})"


@dataclass(frozen=True)
class LeakReport:
    """What crosses a split; true where something does. `str(report)` has a line per leak."""

    leaks: list[Leak]
    checked: list[str]

    def __bool__(self) -> bool:
        return bool(self.leaks)

    def __iter__(self) -> Iterator[Leak]:
        return iter(self.leaks)

    def __str__(self) -> str:
        return "\n".join(map(str, self.leaks)) or f"no leak; checked: {', '.join(self.checked)}"


@dataclass(frozen=True)
class Split:
    """Index arrays by name, as in `split["train"]`: disjoint, sorted, together every sample."""

    parts: dict[str, Indices]

    def __getitem__(self, name: str) -> Indices:
        if name not in self.parts:
            raise KeyError(f"Split: no part {name!r}; there are {', '.join(self.parts)}")
        return self.parts[name]

    def __repr__(self) -> str:
        return "Split: " + ", ".join(f"{name} {len(indices)}" for name, indices in self.parts.items())

    def leaks(
        self, samples: Samples, groups: Sequence[str] | None = None, near: float | None = 0.97, examples: int = 3
    ) -> LeakReport:
        """What crosses the parts: the `groups` (all by default), exact duplicates, near duplicates among pictures.

        Exact: arrays by their bytes, texts by their words. Near: the correlation of two pictures' 8 × 8 gray thumbnails
        reaches `near` (None skips this check; it compares all pairs). Counts are samples of the later part.
        """
        if (top := max((int(i.max()) for i in self.parts.values() if len(i)), default=-1)) >= len(samples):
            raise ValueError(f"leaks: the split has index {top}, but there are {len(samples)} samples")
        found: list[Leak] = []
        checked: list[str] = []
        if unknown := set(groups or ()) - set(samples.groups):
            raise ValueError(f"leaks: no groups {sorted(unknown)}; there are {', '.join(samples.groups) or 'none'}")
        for name in samples.groups if groups is None else groups:
            labels = samples.groups[name]
            checked.append(f"group {name}")
            found += self._same(checked[-1], list(labels), samples.ids, examples)
        for name, values in samples.modalities.items():
            there = samples.present[name]
            checked.append(f"same {name}")
            keys = [fingerprint(v) if there[i] else None for i, v in enumerate(values)]
            found += self._same(checked[-1], keys, samples.ids, examples)
            if near is not None and isinstance(values, np.ndarray) and values.ndim >= 4 and values.shape[-1] <= 4:
                checked.append(f"near {name}")
                found += self._near(checked[-1], thumbnails(values), there, samples.ids, near, examples)
        return LeakReport(found, checked)

    def _same(self, kind: str, keys: list[Any], ids: list[str], examples: int) -> Iterator[Leak]:
        for left, right in combinations(self.parts, 2):
            first = {keys[i]: i for i in reversed(self.parts[left]) if keys[i] is not None}
            pairs = [(ids[first[keys[i]]], ids[i]) for i in self.parts[right] if keys[i] in first]
            if pairs:
                yield Leak(kind, left, right, len(pairs), pairs[:examples])

    def _near(
        self, kind: str, x: NDArray[np.float32], there: NDArray[np.bool_], ids: list[str], near: float, examples: int
    ) -> Iterator[Leak]:
        for left, right in combinations(self.parts, 2):
            a, b = (part[there[part]] for part in (self.parts[left], self.parts[right]))
            if not len(a) or not len(b):
                continue
            pairs: list[tuple[float, str, str]] = []
            for rows in (b[i : i + 1024] for i in range(0, len(b), 1024)):
                likeness = x[rows] @ x[a].T
                best = likeness.argmax(1)
                score = likeness[np.arange(len(rows)), best]
                pairs += [(float(s), ids[a[j]], ids[i]) for s, j, i in zip(score, best, rows, strict=True) if s >= near]
            if pairs:
                pairs.sort(reverse=True)
                yield Leak(kind, left, right, len(pairs), [(one, other) for _, one, other in pairs[:examples]])


def thumbnails(images: NDArray[Any]) -> NDArray[np.float32]:
    """A cheap fingerprint: 8 × 8 mean gray values over white, less their mean, of unit length: (n, 64).

    `images`: (n, ..., height, width, channels), channels gray, RGB, or RGBA not premultiplied; uint8 or 0..1. Where a
    sample has several pictures, their mean counts. The product of two fingerprints is their correlation.
    """
    if images.ndim < 4:
        raise ValueError(f"thumbnails: images {images.shape}; expected (n, ..., height, width, channels)")
    unit = images.astype(np.float32) / np.float32(255 if images.dtype == np.uint8 else 1)
    alpha = unit[..., 3] if unit.shape[-1] == 4 else np.float32(1)
    gray = unit[..., :3].mean(-1) * alpha + (1 - alpha)
    gray = gray.mean(tuple(range(1, gray.ndim - 2)))
    for axis in (1, 2):
        size = gray.shape[axis]
        edges = np.arange(min(8, size) + 1) * size // min(8, size)
        gray = np.add.reduceat(gray, edges[:-1], axis) / np.expand_dims(np.diff(edges), 2 - axis).astype(np.float32)
    flat = gray.reshape(len(gray), -1)
    flat = flat - flat.mean(1, keepdims=True)
    return flat / (np.linalg.norm(flat, axis=1, keepdims=True) + np.float32(1e-6))


def random_split(
    data: int | Samples, fractions: Mapping[str, float] | None = None, rng: int | np.random.Generator = 0
) -> Split:
    """Shuffle the samples and cut them at the fractions (0.8 train, 0.1 validation, 0.1 test by default).

    Each part gets at least one sample. Raises ValueError for an empty set, fractions that aren't positive or don't add
    up to 1, and more parts than samples.
    """
    n = data if isinstance(data, int) else len(data)
    shares = _fractions("random_split", fractions, n)
    if n < len(shares):
        raise ValueError(f"random_split: {len(shares)} parts of {n} samples; each part needs at least one")
    return _split(np.random.default_rng(rng).permutation(n), _cut(np.ones(n), shares), shares)


def stratified_split(
    labels: ArrayLike, fractions: Mapping[str, float] | None = None, rng: int | np.random.Generator = 0
) -> Split:
    """Cut each class at the fractions, so that every part has every class, in the proportions of the whole.

    `labels`: (n,). What rounding adds to one class is taken from the next. Raises ValueError as `random_split`, and for
    a class with fewer members than there are parts.
    """
    classes, which = _labels("stratified_split", labels)
    shares = _fractions("stratified_split", fractions, len(which))
    generator = np.random.default_rng(rng)
    parts: list[list[Indices]] = [[] for _ in shares]
    owed = np.zeros(len(shares))
    for k in range(len(classes)):
        members = generator.permutation(np.flatnonzero(which == k))
        if len(members) < len(shares):
            raise ValueError(
                f"stratified_split: class {str(classes[k])!r} has {len(members)} of the {len(shares)} samples that "
                f"{len(shares)} parts need; merge it with another or ask for fewer parts"
            )
        owed += len(members) * np.array(list(shares.values()))
        cuts = _cut(np.ones(len(members)), shares, np.maximum(owed, 0))
        pieces = np.split(members, cuts)
        owed -= [len(piece) for piece in pieces]
        for part, piece in zip(parts, pieces, strict=True):
            part.append(piece)
    return Split({name: np.sort(np.concatenate(part)) for name, part in zip(shares, parts, strict=True)})


def grouped_split(
    groups: ArrayLike, fractions: Mapping[str, float] | None = None, rng: int | np.random.Generator = 0
) -> Split:
    """Shuffle whole groups and cut between them, as near the fractions as their sizes allow: no group crosses a part.

    `groups`: (n,), one label per sample. Every group is as likely to come to a part as any other, large or small.
    Raises ValueError as `random_split` does, and for more parts than groups.
    """
    names, which = _labels("grouped_split", groups)
    shares = _fractions("grouped_split", fractions, len(which))
    if len(names) < len(shares):
        raise ValueError(f"grouped_split: {len(shares)} parts of {len(names)} groups; each part needs at least one")
    shuffled = np.random.default_rng(rng).permutation(len(names))
    sizes = np.bincount(which)[shuffled]
    edges = np.concatenate([[0], np.cumsum(sizes)])
    position = np.empty(len(names), np.intp)
    position[shuffled] = np.arange(len(names))
    return _split(np.argsort(position[which], kind="stable"), edges[_cut(sizes, shares)], shares)


def _cut(sizes: NDArray[Any], shares: Mapping[str, float], targets: NDArray[Any] | None = None) -> Indices:
    """Where to cut a row of blocks: at the block edges nearest to the targets, each part having at least one block."""
    wanted = np.array(list(shares.values())) if targets is None else targets
    edges = np.concatenate([[0], np.cumsum(sizes)])
    goals = np.cumsum(wanted)[:-1] / wanted.sum() * edges[-1]
    cuts = [0]
    for k, goal in enumerate(goals):
        nearest = int(np.abs(edges - goal).argmin())
        cuts.append(min(max(nearest, cuts[-1] + 1), len(sizes) - (len(goals) - k)))
    return np.array(cuts[1:], np.intp)


def _split(indices: Indices, cuts: Indices, shares: Mapping[str, float]) -> Split:
    return Split({name: np.sort(part) for name, part in zip(shares, np.split(indices, cuts), strict=True)})


def _labels(operation: str, labels: ArrayLike) -> tuple[NDArray[Any], Indices]:
    given = np.asarray(labels)
    if given.ndim != 1:
        raise ValueError(f"{operation}: labels {given.shape}; expected one label per sample, shape (n,)")
    names, which = np.unique(given, return_inverse=True)
    return names, which


def _fractions(operation: str, fractions: Mapping[str, float] | None, n: int) -> dict[str, float]:
    shares = dict(FRACTIONS if fractions is None else fractions)
    if n == 0:
        raise ValueError(f"{operation}: there are no samples to split")
    if not shares or any(not share > 0 for share in shares.values()) or abs(sum(shares.values()) - 1) > 1e-6:
        given = ", ".join(f"{name} {share:g}" for name, share in shares.items()) or "none"
        raise ValueError(f"{operation}: fractions {given}; expected positive ones that add up to 1")
    return shares
