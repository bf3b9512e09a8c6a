"""Stratification: parts that have each of several labels in its due proportion, of samples or of whole groups."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse

Indices = NDArray[np.intp]


def several(labels: Any) -> bool:
    """Whether `labels` are several per sample: columns by name, or a collection for each sample."""
    if isinstance(labels, Mapping):
        return True
    return not isinstance(labels, np.ndarray) and any(isinstance(one, (list, tuple, set, frozenset)) for one in labels)


def incidence(
    operation: str, labels: Mapping[str, ArrayLike] | Sequence[Collection[Any]]
) -> tuple[list[str], sparse.csr_array]:
    """The labels' names, and who has which: a sparse 0/1 matrix (n, labels).

    `labels`: columns by name, each (n,), whose every value is a label; or for each sample a collection of labels.
    """
    if isinstance(labels, Mapping):
        columns = {name: np.asarray(column) for name, column in labels.items()}
        lengths = {name: column.shape for name, column in columns.items()}
        if not columns or len(set(lengths.values())) > 1 or any(len(shape) != 1 for shape in lengths.values()):
            told = ", ".join(f"{name} {shape}" for name, shape in lengths.items()) or "none"
            raise ValueError(f"{operation}: label columns {told}; expected one or more of one shape (n,)")
        found = {name: np.unique(column, return_inverse=True) for name, column in columns.items()}
        names = [f"{name}={value}" for name, (values, _) in found.items() for value in values]
        starts = np.cumsum([0, *(len(values) for values, _ in found.values())])[:-1]
        rows = np.stack([start + which for start, (_, which) in zip(starts, found.values(), strict=True)], axis=1)
        n, each = rows.shape
        indices, offsets = rows.ravel(), np.arange(n + 1) * each
    else:
        index: dict[Any, int] = {}
        sets = [sorted(index.setdefault(label, len(index)) for label in set(one)) for one in labels]
        names, indices = [str(label) for label in index], np.array([i for one in sets for i in one], np.intp)
        offsets = np.concatenate([[0], np.cumsum([len(one) for one in sets])]).astype(np.intp)
    ones = np.ones(len(indices), np.int8)
    return names, sparse.csr_array((ones, indices, offsets), (len(offsets) - 1, len(names)))


def iterative_stratification(
    labels: sparse.csr_array, shares: Sequence[float], rng: int | np.random.Generator = 0
) -> Indices:
    """The part of each sample, (n,): each part j gets about sharesⱼ of the samples, and of the samples of each label.

    While samples are left: take the label with the fewest of them left; give each of these to the part that is furthest
    from its due number of that label, of equals to the one furthest from its due number of samples, then at random.
    Rare labels go first, since they are the hardest to share out. What has no label comes last, by due numbers alone.
    `labels`: 0/1, (n, labels). Source: Sechidis, Tsoumakas & Vlahavas 2011, On the stratification of multi-label data.
    """
    generator = np.random.default_rng(rng)
    n, count = labels.shape
    share = np.asarray(shares, np.float64)
    by_label = sparse.csc_array(labels)
    left = np.diff(by_label.indptr).astype(np.int64)  # samples of each label that have no part yet
    due = np.outer(share, left)
    due_samples = share * n
    part = np.full(n, -1, np.intp)

    def give(i: int, wanted: NDArray[np.float64]) -> None:
        best = np.flatnonzero(wanted >= wanted.max() - 1e-9)
        best = best[due_samples[best] >= due_samples[best].max() - 1e-9]
        chosen = best[0] if len(best) == 1 else generator.choice(best)
        own = labels.indices[labels.indptr[i] : labels.indptr[i + 1]]
        part[i] = chosen
        due[chosen, own] -= 1
        due_samples[chosen] -= 1
        left[own] -= 1

    while count and left.max() > 0:
        fewest = np.flatnonzero(left == left[left > 0].min())
        label = fewest[0] if len(fewest) == 1 else generator.choice(fewest)
        members = by_label.indices[by_label.indptr[label] : by_label.indptr[label + 1]]
        for i in generator.permutation(members[part[members] < 0]):
            give(int(i), due[:, label])
    for i in generator.permutation(np.flatnonzero(part < 0)):
        give(int(i), due_samples)
    return part


def grouped_stratification(
    counts: NDArray[Any], shares: Sequence[float], rng: int | np.random.Generator = 0, rounds: int = 20
) -> Indices:
    """The part of each group, (groups,), from the number of its samples with each label, `counts` (groups, labels).

    With n the number of samples with label l in part p, and N in all, it makes small

        Σ over p, l of (n / N − shareₚ)² / shareₚ

    Groups are put, those that weigh most first, each where it costs least, then taken out and put again until none
    moves, or for so many rounds: a local minimum. Of parts that cost the same one is drawn; none is left empty.
    Source: the first half is Scikit-learn's StratifiedGroupKFold, for parts of any size.
    """
    generator = np.random.default_rng(rng)
    weight = counts / np.maximum(counts.sum(axis=0), 1)
    share = np.asarray(shares, np.float64)[:, None]
    order = generator.permutation(len(counts))
    order = order[np.argsort(-np.square(weight[order]).sum(axis=1), kind="stable")]
    filled, part = np.zeros((len(share), counts.shape[1])), np.full(len(counts), -1, np.intp)
    held = np.zeros(len(share), np.intp)  # groups in each part, of which none must stay empty
    for turn in range(rounds):
        moved = False
        for place, group in enumerate(order):
            own, old = weight[group], part[group]
            if old >= 0:
                if held[old] == 1:
                    continue
                filled[old] -= own
                held[old] -= 1
            cost = ((2 * filled + own) * own / share).sum(axis=1)  # of the sum above what differs from part to part
            if turn == 0 and len(order) - place <= np.count_nonzero(held == 0):
                cost[held > 0] = np.inf
            best = np.flatnonzero(cost <= cost.min() + 1e-12)
            new = old if old in best else best[0] if len(best) == 1 else generator.choice(best)
            part[group], moved = new, moved or new != old
            filled[new] += own
            held[new] += 1
        if not moved:
            break
    return part
