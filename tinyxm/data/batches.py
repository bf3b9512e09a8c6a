"""Batches whose order depends on the seed and the epoch alone, so that a run resumes bit for bit."""

from __future__ import annotations

from collections.abc import Iterator
from typing import overload

import numpy as np
from numpy.typing import NDArray

from .samples import Samples


def order(n: int, seed: int, epoch: int) -> NDArray[np.intp]:
    """The permutation of n samples in one epoch: a function of (seed, epoch), not of what was drawn before."""
    for name, value in (("n", n), ("seed", seed), ("epoch", epoch)):
        if value < 0:
            raise ValueError(f"order: {name} is {value}; it must not be negative")
    return np.random.default_rng([seed, epoch]).permutation(n)


@overload
def batches(
    data: int, batch_size: int, seed: int | None = ..., epoch: int = ..., drop_last: bool = ..., start: int = ...
) -> Iterator[NDArray[np.intp]]: ...
@overload
def batches(
    data: Samples, batch_size: int, seed: int | None = ..., epoch: int = ..., drop_last: bool = ..., start: int = ...
) -> Iterator[Samples]: ...
def batches(
    data: int | Samples,
    batch_size: int,
    seed: int | None = 0,
    epoch: int = 0,
    drop_last: bool = False,
    start: int = 0,
) -> Iterator[NDArray[np.intp]] | Iterator[Samples]:
    """The batches of one epoch, from batch number `start` on: of indices for a number n, of Samples for Samples.

    Shuffled by `order(n, seed, epoch)`; seed None keeps the order. The last batch may be smaller, or is left out with
    `drop_last`. To resume, ask for the same seed and epoch with `start` the number of batches already taken.
    Raises ValueError for no data, a batch size below 1, or one larger than the data with `drop_last`: no batch is left.
    """
    n = data if isinstance(data, int) else len(data)
    if n < 1:
        raise ValueError("batches: there are no samples")
    if batch_size < 1 or start < 0:
        raise ValueError(f"batches: batch_size {batch_size}, start {start}; expected at least 1 and at least 0")
    if drop_last and batch_size > n:
        raise ValueError(f"batches: batch_size {batch_size} exceeds the {n} samples, and drop_last leaves no batch")
    indices = np.arange(n) if seed is None else order(n, seed, epoch)
    stop = n - n % batch_size if drop_last else n
    parts = (indices[i : min(i + batch_size, stop)] for i in range(start * batch_size, stop, batch_size))
    return parts if isinstance(data, int) else (data[part] for part in parts)
