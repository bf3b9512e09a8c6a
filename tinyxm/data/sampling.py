"""Orders in which an epoch goes through the samples: every class equally often, or like lengths side by side.

Each is a function of (seed, epoch), as `order` is, and gives indices for `batches(data, batch_size, indices=...)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Indices = NDArray[np.intp]


def balanced_order(
    labels: ArrayLike, seed: int, epoch: int, size: int | None = None, classes: Sequence[Any] | None = None
) -> Indices:
    """Indices in which each of C classes comes equally often: any C in a row, from a multiple of C on, are all classes.

    `labels`: (n,). `size`, n by default, is rounded up to a multiple of C. Small classes repeat themselves, large ones
    are drawn from, but no sample comes again before all of its class have come, over epochs, too: what is drawn is a
    stretch of an endless row of permutations of the class, each epoch going on where the one before it ended.
    Raises ValueError for no samples, labels of another shape, and one of `classes` (by default those that occur) that
    has no sample.
    """
    given = np.asarray(labels)
    if given.ndim != 1 or not len(given):
        raise ValueError(f"balanced_order: labels {given.shape}; expected one label per sample, (n,), n at least 1")
    _not_negative("balanced_order", seed=seed, epoch=epoch, size=size or 0)
    names = np.unique(given) if classes is None else np.asarray(classes)
    members = [np.flatnonzero(given == name) for name in names]
    if empty := [str(name) for name, rows in zip(names, members, strict=True) if not len(rows)]:
        raise ValueError(
            f"balanced_order: class {empty[0]!r} is empty; leave it out of `classes`, or find samples of it"
        )
    each = -(-(len(given) if size is None else size) // len(names))
    drawn = np.empty((each, len(names)), np.intp)
    for k, rows in enumerate(members):
        first, stop = epoch * each, (epoch + 1) * each
        turns = range(first // len(rows), -(-stop // len(rows)))
        endless = [rows[np.random.default_rng([seed, k, turn]).permutation(len(rows))] for turn in turns]
        if endless:
            drawn[:, k] = np.concatenate(endless)[first - turns.start * len(rows) :][:each]
    return np.random.default_rng([seed, epoch]).permuted(drawn, axis=1).ravel()


def bucketed_order(
    lengths: ArrayLike, batch_size: int, seed: int, epoch: int, window: int = 50, drop_last: bool = False
) -> Indices:
    """All indices, so ordered that batches of `batch_size` cut from them hold samples of about one length.

    The samples are shuffled, sorted by `lengths` (n,) within windows of `window` batches, cut into batches, and the
    batches are shuffled; the smaller last batch, if there is one, stays last (or is left out, with `drop_last`). Larger
    windows pad less, and mix less. `padding_share` tells what is gained.
    Raises ValueError for lengths of another shape, and a batch size or window below 1.
    """
    sizes = np.asarray(lengths)
    if sizes.ndim != 1:
        raise ValueError(f"bucketed_order: lengths {sizes.shape}; expected one length per sample, shape (n,)")
    if batch_size < 1 or window < 1:
        raise ValueError(f"bucketed_order: batch_size {batch_size}, window {window}; expected at least 1")
    _not_negative("bucketed_order", seed=seed, epoch=epoch)
    generator = np.random.default_rng([seed, epoch])
    shuffled = generator.permutation(len(sizes))
    whole = len(sizes) - len(sizes) % batch_size
    batches: list[Indices] = []
    for start in range(0, whole, window * batch_size):
        rows = shuffled[start : min(start + window * batch_size, whole)]
        batches += np.split(rows[np.argsort(sizes[rows], kind="stable")], len(rows) // batch_size)
    ordered = [batches[i] for i in generator.permutation(len(batches))]
    return np.concatenate([*ordered, shuffled[whole:] if not drop_last else shuffled[:0]])


def padding_share(lengths: ArrayLike, indices: ArrayLike, batch_size: int) -> float:
    """What share of padded batches is padding: 1 − Σ length / Σ (batch · its longest), from 0 to below 1."""
    sizes = np.asarray(lengths)[np.asarray(indices, np.intp)]
    parts = [sizes[i : i + batch_size] for i in range(0, len(sizes), batch_size)]
    padded = sum(len(part) * int(part.max()) for part in parts)
    return 1 - float(sizes.sum()) / padded if padded else 0.0


def _not_negative(operation: str, **numbers: int) -> None:
    for name, value in numbers.items():
        if value < 0:
            raise ValueError(f"{operation}: {name} is {value}; it must not be negative")
