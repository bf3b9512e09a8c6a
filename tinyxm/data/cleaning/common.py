"""Rules for values of any kind: numbers that aren't finite, and exact duplicates."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from ..samples import Samples
from ..text import words
from .ledger import Entry, Rule, there
from .opened import array_of, is_file


def non_finite(samples: Samples, modality: str) -> Iterator[Entry]:
    """Arrays and sounds with NaN or infinity become missing."""
    for i, value in there(samples, modality):
        array = array_of(value)
        if array is not None and array.dtype.kind in "fc" and (bad := int(array.size - np.isfinite(array).sum())):
            told = f"{bad} of {array.size} numbers"
            yield Entry(samples.ids[i], modality, "non-finite", "missing", "non_finite", told)


def duplicates(action: str = "dropped") -> Rule:
    """A rule for samples that repeat an earlier one: arrays and files exactly, texts in their words."""

    def duplicate(samples: Samples, modality: str) -> Iterator[Entry]:
        first: dict[object, str] = {}
        for i, value in there(samples, modality):
            other = first.setdefault(fingerprint(value), samples.ids[i])
            if other != samples.ids[i]:
                told = f"same as {other}"
                yield Entry(samples.ids[i], modality, "exact duplicate", action, "duplicates", told, other=other)

    return duplicate


def fingerprint(value: Any) -> object:
    """A hashable value that exact duplicates share: an array's shape and bytes; a file's bytes; the words of a text."""
    if isinstance(value, np.ndarray):
        return value.shape, value.dtype.str, value.tobytes()
    if is_file(value):
        return hashlib.sha256(value if isinstance(value, bytes) else Path(value).read_bytes()).digest()
    if isinstance(value, str):
        return tuple(words(value))
    return tuple(map(fingerprint, value)) if isinstance(value, (list, tuple)) else value
