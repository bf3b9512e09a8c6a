"""Occlusion: cover a part, and see what becomes of the score. No gradient is needed, so any program can be asked."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tinyxm.models.interpretation.scores import Score, values


def occlusion(
    score: Score,
    x: ArrayLike,
    window: Sequence[int],
    stride: Sequence[int] | int | None = None,
    fill: ArrayLike = 0,
) -> NDArray[Any]:
    """M[i, place] = mean of s(xᵢ) − s(xᵢ with a window covered) over the windows that lie on the place

    x is `(n, *places, ...)`: pictures or spectrograms `(n, height, width, channels)` with a window such as (4, 4),
    tokens `(n, tokens)` with the window (1,); M is `(n, *places)`. Windows lie `stride` apart (by default side by
    side), the last at the end. `fill`, which broadcasts to x, is what a covered place holds: a number, the mean
    picture, the index of the unknown word. It must be what the model takes for nothing: a black square is black.
    Raises ValueError for a window that doesn't fit. Source: Zeiler & Fergus, "Visualizing and understanding
    convolutional networks", 2014.
    """
    given = np.asarray(x)
    places = given.shape[1 : 1 + len(window)]
    strides = window if stride is None else [stride] * len(window) if isinstance(stride, int) else stride
    if len(places) < len(window) or any(w < 1 or w > n for w, n in zip(window, places, strict=True)):
        raise ValueError(f"occlusion: a window {tuple(window)} doesn't fit in x {given.shape}, whose first axis is n")
    if len(strides) != len(window) or min(strides) < 1:
        raise ValueError(f"occlusion: stride {stride}: expected {len(window)} whole numbers, at least 1")
    covered = np.broadcast_to(np.asarray(fill, given.dtype), given.shape)
    whole = values(score, given)
    total, times = np.zeros((len(given), *places), np.float64), np.zeros(places)
    for where in _windows(places, window, strides):
        part = given.copy()
        part[:, *where] = covered[:, *where]
        loss = whole - values(score, part)
        total[:, *where] += loss.reshape(-1, *[1] * len(window))
        times[where] += 1
    return (total / times).astype(whole.dtype)


def _windows(places: Sequence[int], window: Sequence[int], strides: Sequence[int]) -> Iterator[tuple[slice, ...]]:
    """Every window as slices. Strides wider than the window would leave places uncovered, and are cut to it."""
    starts = [sorted({*range(0, n - w + 1, min(w, s)), n - w}) for n, w, s in zip(places, window, strides, strict=True)]
    for corner in product(*starts):
        yield tuple(slice(a, a + w) for a, w in zip(corner, window, strict=True))
