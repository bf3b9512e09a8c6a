"""Samples to the arrays of a batch: ragged values padded, with masks of what is real and of what is there at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .samples import Samples

Mask = NDArray[np.bool_]


@dataclass(frozen=True)
class Collated:
    """A batch of n samples: `batch["audio"]` is `values["audio"]`, (n, ...).

    `masks[name]`, (n, length), is True where a ragged modality's step (a sample of sound, a frame, a token) is real;
    `present[name]`, (n,), where the modality is there at all: what isn't is all zeros. `ids` are the samples'.
    """

    values: dict[str, Any]
    masks: dict[str, Mask]
    present: dict[str, Mask]
    ids: list[str]

    def __getitem__(self, name: str) -> Any:
        if name not in self.values:
            raise KeyError(f"Collated: no modality {name!r}; there are {', '.join(self.values)}")
        return self.values[name]

    def __len__(self) -> int:
        return len(self.ids)


def pad(
    arrays: Sequence[ArrayLike], *, length: int | None = None, multiple_of: int = 1, value: float = 0, cut: str = "end"
) -> tuple[NDArray[Any], Mask]:
    """Arrays (lengthᵢ, ...) of several lengths in one, (n, length, ...), filled up behind, and a mask (n, length).

    `length` is the longest one's unless given, rounded up to a multiple of `multiple_of`, so that few shapes occur;
    longer arrays lose their "end" or their "start", as `cut` says. Mask: True where a step is real.
    Raises ValueError for arrays that differ in more than their length, a negative length, and another `cut`.
    """
    if cut not in ("end", "start"):
        raise ValueError(f"pad: cut {cut!r}; expected 'end' or 'start'")
    rows = [np.asarray(row) for row in arrays]
    for i, row in enumerate(rows):
        if row.ndim < 1 or row.shape[1:] != rows[0].shape[1:]:
            raise ValueError(
                f"pad: array {i} is {row.shape}, array 0 {rows[0].shape}; they may differ in their first axis alone: "
                "resize or crop the others first"
            )
    longest = max((len(row) for row in rows), default=0) if length is None else length
    if longest < 0 or multiple_of < 1:
        raise ValueError(f"pad: length {longest}, multiple_of {multiple_of}; expected at least 0 and at least 1")
    longest = -(-longest // multiple_of) * multiple_of
    kind = np.result_type(*rows) if rows else np.dtype(np.float32)
    padded = np.full((len(rows), longest, *(rows[0].shape[1:] if rows else ())), value, kind)
    mask = np.zeros((len(rows), longest), bool)
    for i, row in enumerate(rows):
        kept = row[:longest] if cut == "end" else row[max(len(row) - longest, 0) :]
        padded[i, : len(kept)], mask[i, : len(kept)] = kept, True
    return padded, mask


def collate(
    samples: Samples,
    encode: Mapping[str, Callable[[Any], ArrayLike]] | None = None,
    length: Mapping[str, int] | None = None,
    multiple_of: int = 1,
) -> Collated:
    """Make a batch's arrays of samples: arrays as they are, lists of arrays stacked, or padded where they are ragged.

    `encode[name]` turns one value into an array first, as a tokeniser does a text: {"text": vocabulary.encode}. Texts
    without one stay a list. `length[name]` pads or cuts a modality to that length. Sounds (samples[, channels]), videos
    (frames, height, width, channels) and sequences (steps, ...) are padded along their first axis, with a mask; values
    of one shape each, such as pictures, are stacked. What is missing becomes zeros, and `present` says so.
    Raises ValueError for a modality in `encode` or `length` that isn't there, and pictures of several sizes.
    """
    encoders, lengths = dict(encode or {}), dict(length or {})
    if unknown := [name for name in (*encoders, *lengths) if name not in samples.modalities]:
        raise ValueError(f"collate: no modality {unknown[0]!r}; there are {', '.join(samples.modalities)}")
    values: dict[str, Any] = {}
    masks: dict[str, Mask] = {}
    for name, given in samples.modalities.items():
        there = samples.present[name]
        if name in encoders:
            given = [np.asarray(encoders[name](v)) if there[i] else None for i, v in enumerate(given)]
        if isinstance(given, np.ndarray) and name not in lengths:
            values[name] = given if there.all() else np.where(there.reshape(-1, *[1] * (given.ndim - 1)), given, 0)
            continue
        some = [(int(i), given[i]) for i in np.flatnonzero(there)]
        if any(isinstance(value, (str, bytes, dict, set)) for _, value in some):
            values[name] = list(given)  # until something encodes it
            continue
        arrays = [(i, np.asarray(value)) for i, value in some]
        if any(array.dtype.hasobject or array.dtype.kind == "U" for _, array in arrays):
            values[name] = list(given)
            continue
        values[name], mask = _together(samples, name, arrays, lengths.get(name), multiple_of)
        if mask is not None:
            masks[name] = mask
    return Collated(values, masks, dict(samples.present), list(samples.ids))


def _together(
    samples: Samples, name: str, arrays: list[tuple[int, NDArray[Any]]], length: int | None, multiple_of: int
) -> tuple[NDArray[Any], Mask | None]:
    """The arrays of one modality in one array, at their samples' places; a mask where they are sequences."""
    first = arrays[0][1] if arrays else np.zeros((0,), np.float32)
    picture = first.ndim == 3 and first.shape[-1] <= 4 and first.dtype.kind in "uf" and first.shape[1] > 4
    for i, array in arrays:
        if array.shape[1:] != first.shape[1:] or array.ndim != first.ndim or (picture and array.shape != first.shape):
            one, other = samples.ids[i], samples.ids[arrays[0][0]]
            raise ValueError(
                f"collate: {name!r} of {one} is {array.shape}, of {other} {first.shape}; "
                + ("resize pictures to one size" if picture else "they may differ in their first axis alone")
            )
    if first.ndim == 0 or (picture and length is None):
        stacked = np.zeros((len(samples), *first.shape), np.result_type(*(array for _, array in arrays)))
        for i, array in arrays:
            stacked[i] = array
        return stacked, None
    every = [first[:0]] * len(samples)
    for i, array in arrays:
        every[i] = array
    return pad(every, length=length, multiple_of=multiple_of)
