"""Splits into training, validation and test, and k folds of each kind: at random, by labels, by groups, by time."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

from .leaks import LeakReport, find_leaks
from .samples import Samples
from .stratify import grouped_stratification, incidence, iterative_stratification, several

Indices = NDArray[np.intp]
Labels = ArrayLike | Mapping[str, ArrayLike] | Sequence[Collection[Any]]
FRACTIONS = {"train": 0.8, "validation": 0.1, "test": 0.1}


@dataclass(frozen=True)
class Split:
    """Index arrays by name, as in `split["train"]`: disjoint, sorted; together every sample, but for folds in time.

    `notes` tell, a line each, where the data didn't allow what was asked for; `print(split)` shows them.
    """

    parts: dict[str, Indices]
    notes: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Indices:
        if name not in self.parts:
            raise KeyError(f"Split: no part {name!r}; there are {', '.join(self.parts)}")
        return self.parts[name]

    def __repr__(self) -> str:
        told = "Split: " + ", ".join(f"{name} {len(indices)}" for name, indices in self.parts.items())
        return "\n  ".join([told, *self.notes])

    def leaks(
        self,
        samples: Samples,
        groups: Sequence[str] | None = None,
        near: float | None = 0.97,
        examples: int = 3,
        near_text: float = 0.8,
        near_sound: float = 0.98,
        rate_hz: float | Sequence[float] = 8000.0,
    ) -> LeakReport:
        """What crosses the parts: the `groups` (all by default), exact and near duplicates, derived names.

        Counts are samples of the later part. Kinds, for each modality as far as they apply (see `leaks.sort_of`):
        "same": arrays by their bytes, texts by their words. "near" pictures: the correlation of two 8 × 8 gray
        thumbnails reaches `near`; sounds (at `rate_hz`): that of two spectral fingerprints reaches `near_sound`; both
        count the same ones, too. "near" texts: not the same, but the Jaccard index of their 5-character shingles
        reaches `near_text`. "derived" names: one stands whole within the other, as "cat" in "cat face" (of at most
        eight words). `near` None leaves out near and derived. All pairs are compared; see `likeness`.
        Raises ValueError for a group that isn't there and a split of more samples.
        """
        return find_leaks(self.parts, samples, groups, near, examples, near_text, near_sound, rate_hz)


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
    labels: Labels, fractions: Mapping[str, float] | None = None, rng: int | np.random.Generator = 0
) -> Split:
    """Cut each class at the fractions, so that every part has every class, in the proportions of the whole.

    `labels`: (n,), and what rounding adds to one class is taken from the next. Or several labels at once: columns by
    name, {"class": (n,), "speaker": (n,)}, or for each sample a collection of labels, such as its keywords: then each
    label is shared out as evenly as the others allow (`iterative_stratification`); labels with fewer samples than there
    are parts go anywhere, and `notes` tell of them. Raises ValueError as `random_split`, and, of one label per sample,
    for a class with fewer members than there are parts.
    """
    if several(labels):
        return _stratified_by_several(labels, fractions, rng)
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


def _stratified_by_several(labels: Any, fractions: Mapping[str, float] | None, rng: int | np.random.Generator) -> Split:
    names, members = incidence("stratified_split", labels)
    shares = _fractions("stratified_split", fractions, members.shape[0])
    _enough("stratified_split", len(shares), members.shape[0], "samples")
    steering, notes = _without_rare(names, members, len(shares))
    part = iterative_stratification(steering, list(shares.values()), rng)
    parts = {name: np.flatnonzero(part == j) for j, name in enumerate(shares)}
    if empty := [name for name, indices in parts.items() if not len(indices)]:
        raise ValueError(f"stratified_split: {empty[0]!r} got none of the {len(part)} samples; ask for a larger share")
    return Split(parts, notes)


def grouped_split(
    groups: ArrayLike | Mapping[str, ArrayLike],
    fractions: Mapping[str, float] | None = None,
    rng: int | np.random.Generator = 0,
) -> Split:
    """Shuffle whole groups and cut between them, as near the fractions as their sizes allow: no group crosses a part.

    `groups`: (n,), one label per sample; or several columns by name, {"speaker": (n,), "family": (n,)}, none of which
    may cross: then samples belong together that any chain of shared labels connects. Every group is as likely to come
    to a part as any other, large or small; `notes` tell of a group that is larger than a part was to be.
    Raises ValueError as `random_split` does, and for more parts than groups.
    """
    names, which = _groups("grouped_split", groups)
    shares = _fractions("grouped_split", fractions, len(which))
    _enough("grouped_split", len(shares), len(names), "groups")
    shuffled = np.random.default_rng(rng).permutation(len(names))
    sizes = np.bincount(which)[shuffled]
    edges = np.concatenate([[0], np.cumsum(sizes)])
    position = np.empty(len(names), np.intp)
    position[shuffled] = np.arange(len(names))
    notes = _too_large(names, np.bincount(which), {name: share * len(which) for name, share in shares.items()})
    return _split(np.argsort(position[which], kind="stable"), edges[_cut(sizes, shares)], shares, notes)


def stratified_grouped_split(
    labels: Labels,
    groups: ArrayLike | Mapping[str, ArrayLike],
    fractions: Mapping[str, float] | None = None,
    rng: int | np.random.Generator = 0,
) -> Split:
    """Whole groups in one part each, so chosen that every part has its share of each label, as near as groups allow.

    `labels` as for `stratified_split`, one or several at once; `groups` as for `grouped_split`. Which groups meet is
    found by `grouped_stratification`, in which all labels and the number of samples count alike. `notes` tell of a
    group that is larger than a part was to be, and of labels that are in too few groups for every part to have them.
    Raises ValueError as `grouped_split` does.
    """
    shares, which, counts, notes = _labels_of_groups("stratified_grouped_split", labels, groups, fractions)
    part = grouped_stratification(counts, list(shares.values()), rng)[which]
    return Split({name: np.flatnonzero(part == j) for j, name in enumerate(shares)}, notes)


def time_split(times: ArrayLike, fractions: Mapping[str, float] | None = None) -> Split:
    """Cut time's course at the fractions: each part lies wholly before the next, so that training never looks ahead.

    `times`: (n,), numbers, dates (datetime64) or strings that sort as time does (ISO 8601); samples of one moment stay
    together. There is no chance in it. Raises ValueError as `random_split` does, for a time that is missing (NaN, NaT),
    and for more parts than moments.
    """
    moments, which = _moments("time_split", times)
    shares = _fractions("time_split", fractions, len(which))
    _enough("time_split", len(shares), len(moments), "moments")
    sizes = np.bincount(which)
    edges = np.concatenate([[0], np.cumsum(sizes)])
    return _split(np.argsort(which, kind="stable"), edges[_cut(sizes, shares)], shares)


def random_folds(data: int | Samples, k: int = 5, rng: int | np.random.Generator = 0) -> list[Split]:
    """k splits into "train" and "test": each sample is tested once, in a part of n / k. Raises as `random_split`."""
    n = data if isinstance(data, int) else len(data)
    _folds("random_folds", k, n, "samples")
    part = np.empty(n, np.intp)
    part[np.random.default_rng(rng).permutation(n)] = np.arange(n) % k
    return _each_tested(part, k)


def stratified_folds(labels: Labels, k: int = 5, rng: int | np.random.Generator = 0) -> list[Split]:
    """k splits into "train" and "test", each class, or each of several labels, shared out evenly: `stratified_split`.

    One class's count differs by at most 1 from fold to fold. Raises ValueError for a class with fewer than k members.
    """
    if several(labels):
        given: Any = labels
        names, members = incidence("stratified_folds", given)
        _folds("stratified_folds", k, members.shape[0], "samples")
        steering, notes = _without_rare(names, members, k)
        return _each_tested(iterative_stratification(steering, [1 / k] * k, rng), k, notes)
    classes, which = _labels("stratified_folds", labels)
    _folds("stratified_folds", k, len(which), "samples")
    counts = np.bincount(which)
    if counts.min() < k:
        few = int(counts.argmin())
        raise ValueError(
            f"stratified_folds: class {str(classes[few])!r} has {counts[few]} samples for {k} folds; merge it with "
            "another or ask for fewer folds"
        )
    generator, part, dealt = np.random.default_rng(rng), np.empty(len(which), np.intp), 0
    for label in range(len(classes)):  # dealt out like cards, on from where the class before ended
        members = generator.permutation(np.flatnonzero(which == label))
        part[members] = (dealt + np.arange(len(members))) % k
        dealt += len(members)
    return _each_tested(part, k)


def grouped_folds(
    groups: ArrayLike | Mapping[str, ArrayLike], k: int = 5, rng: int | np.random.Generator = 0
) -> list[Split]:
    """k splits into "train" and "test" between whole groups: each goes, largest first, to the smallest fold so far.

    `groups` as for `grouped_split`; groups of one size, and folds, in random order. `notes` tell of a group that is
    larger than a fold was to be. Raises ValueError for fewer groups than folds.
    """
    names, which = _groups("grouped_folds", groups)
    _folds("grouped_folds", k, len(names), "groups")
    sizes = np.bincount(which)
    generator = np.random.default_rng(rng)
    order = generator.permutation(len(names))
    order = order[np.argsort(-sizes[order], kind="stable")]
    filled, fold_of = np.zeros(k, np.intp), np.empty(len(names), np.intp)
    for group in order:
        fold_of[group] = filled.argmin()
        filled[fold_of[group]] += sizes[group]
    part = generator.permutation(k)[fold_of][which]
    return _each_tested(part, k, _too_large(names, sizes, {"a fold": len(which) / k}))


def stratified_grouped_folds(
    labels: Labels, groups: ArrayLike | Mapping[str, ArrayLike], k: int = 5, rng: int | np.random.Generator = 0
) -> list[Split]:
    """k splits into "train" and "test" between whole groups, each label shared out: see `stratified_grouped_split`.

    Raises ValueError for fewer groups than folds.
    """
    _folds("stratified_grouped_folds", k, k, "groups")
    shares = {f"fold {j}": 1 / k for j in range(k)}
    shares, which, counts, notes = _labels_of_groups("stratified_grouped_folds", labels, groups, shares)
    return _each_tested(grouped_stratification(counts, list(shares.values()), rng)[which], k, notes)


def time_folds(times: ArrayLike, k: int = 5) -> list[Split]:
    """k splits that walk forward: time is cut into k + 1 blocks, and block i + 1 is the test of all that came before.

    Later samples are in no part of the earlier splits. Moments stay whole. Raises ValueError as `time_split` does.
    """
    moments, which = _moments("time_folds", times)
    _folds("time_folds", k, len(moments) - 1, "moments after the first")
    sizes = np.bincount(which)
    cuts = _cut(sizes, {str(i): 1 / (k + 1) for i in range(k + 1)})
    block = np.searchsorted(cuts, which, side="right")
    return [Split({"train": np.flatnonzero(block <= i), "test": np.flatnonzero(block == i + 1)}) for i in range(k)]


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


def _split(indices: Indices, cuts: Indices, shares: Mapping[str, float], notes: tuple[str, ...] = ()) -> Split:
    return Split({name: np.sort(part) for name, part in zip(shares, np.split(indices, cuts), strict=True)}, notes)


def _each_tested(part: Indices, k: int, notes: tuple[str, ...] = ()) -> list[Split]:
    return [Split({"train": np.flatnonzero(part != i), "test": np.flatnonzero(part == i)}, notes) for i in range(k)]


def _labels(operation: str, labels: Any) -> tuple[NDArray[Any], Indices]:
    given = np.asarray(labels)
    if given.ndim != 1:
        raise ValueError(f"{operation}: labels {given.shape}; expected one label per sample, shape (n,)")
    names, which = np.unique(given, return_inverse=True)
    return names, which


def _groups(operation: str, groups: Any) -> tuple[NDArray[Any], Indices]:
    """The groups' names and each sample's group; of several columns the connected components of who shares a label."""
    if not isinstance(groups, Mapping):
        return _labels(operation, groups)
    _, members = incidence(operation, groups)
    count, component = sparse.csgraph.connected_components(members @ members.T, directed=False)
    first = [int(np.argmax(component == c)) for c in range(count)]
    names = [", ".join(f"{name} {np.asarray(column)[i]}" for name, column in groups.items()) for i in first]
    return np.array([f"of {name}" for name in names]), component.astype(np.intp)


def _labels_of_groups(
    operation: str, labels: Any, groups: Any, fractions: Mapping[str, float] | None
) -> tuple[dict[str, float], Indices, NDArray[Any], tuple[str, ...]]:
    """The shares; each sample's group; of each group how many samples it has, with each label and in all; notes."""
    names, members = incidence(operation, labels if several(labels) else {"label": labels})
    groups_named, which = _groups(operation, groups)
    if members.shape[0] != len(which):
        raise ValueError(f"{operation}: labels of {members.shape[0]} samples, and groups of {len(which)}")
    shares = _fractions(operation, fractions, len(which))
    _enough(operation, len(shares), len(groups_named), "groups")
    ones = sparse.csr_array((np.ones(len(which)), which, np.arange(len(which) + 1)), (len(which), len(groups_named)))
    counts = (ones.T @ members).toarray()
    notes = _too_large(groups_named, np.bincount(which), {name: share * len(which) for name, share in shares.items()})
    if len(rare := np.flatnonzero(np.count_nonzero(counts, axis=0) < len(shares))):
        example = f"{names[rare[0]]!r} ({np.count_nonzero(counts[:, rare[0]])})"
        told = f"{len(rare)} of {len(names)} labels are in fewer groups than the {len(shares)} parts: {example}"
        notes = (*notes, told + " ..." * (len(rare) > 1))
    return shares, which, np.column_stack([counts, np.bincount(which)]), notes


def _moments(operation: str, times: ArrayLike) -> tuple[NDArray[Any], Indices]:
    given = np.asarray(times)
    missing = np.isnat(given) if given.dtype.kind in "mM" else given != given
    if np.any(missing):
        raise ValueError(
            f"{operation}: {int(np.sum(missing))} of {given.size} times are missing; drop those samples first"
        )
    return _labels(operation, given)


def _enough(operation: str, parts: int, there: int, what: str) -> None:
    if there < parts:
        raise ValueError(f"{operation}: {parts} parts of {there} {what}; each part needs at least one")


def _folds(operation: str, k: int, there: int, what: str) -> None:
    if k < 2:
        raise ValueError(f"{operation}: {k} folds; expected at least 2")
    if there < k:
        raise ValueError(f"{operation}: {k} folds of {max(there, 0)} {what}; each fold needs at least one")


def _too_large(names: NDArray[Any], sizes: NDArray[Any], wanted: Mapping[str, float]) -> tuple[str, ...]:
    """A line where the largest group exceeds the smallest part that was asked for, by more than rounding."""
    largest, (part, size) = int(sizes.argmax()), min(wanted.items(), key=lambda item: item[1])
    if len(names) == sizes.sum() or sizes[largest] <= np.ceil(size):
        return ()
    return (
        f"group {str(names[largest])!r} has {sizes[largest]} of {sizes.sum()} samples, more than the {size:g} that "
        f"{part} was to have: parts are as near as whole groups allow",
    )


def _without_rare(
    names: Sequence[str], members: sparse.csr_array, parts: int
) -> tuple[sparse.csr_array, tuple[str, ...]]:
    """Labels that every part can have, and a line on the others, which by their number would draw all to one part."""
    counts = np.asarray(members.sum(axis=0)).ravel()
    rare = np.flatnonzero(counts < parts)
    if not len(rare):
        return members, ()
    example = f"{names[rare[0]]!r} ({counts[rare[0]]})"
    told = f"{len(rare)} of {len(names)} labels have fewer samples than the {parts} parts, and go anywhere: {example}"
    return members[:, counts >= parts], (told + " ..." * (len(rare) > 1),)


def _fractions(operation: str, fractions: Mapping[str, float] | None, n: int) -> dict[str, float]:
    shares = dict(FRACTIONS if fractions is None else fractions)
    if n == 0:
        raise ValueError(f"{operation}: there are no samples to split")
    if not shares or any(not share > 0 for share in shares.values()) or abs(sum(shares.values()) - 1) > 1e-6:
        given = ", ".join(f"{name} {share:g}" for name, share in shares.items()) or "none"
        raise ValueError(f"{operation}: fractions {given}; expected positive ones that add up to 1")
    return shares
