"""How a modality is laid out in plain arrays: fixed shapes as they are, ragged values end to end with offsets."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
KINDS = ("array", "ragged", "text", "json")


@dataclass(frozen=True)
class Field:
    """One modality's layout. `kind`: "array", every sample of one `shape`; "ragged", samples (length, *shape); "text",
    UTF-8; "json", lists and dictionaries of strings and numbers, as JSON in UTF-8. `dtype` as NumPy writes it: "<f4".
    """

    kind: str
    dtype: str
    shape: tuple[int, ...] = ()

    @property
    def files(self) -> tuple[str, ...]:
        """The arrays that it takes: one, or values and offsets."""
        return ("",) if self.kind == "array" else ("values", "offsets")

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of(cls, told: Any) -> Field:
        """The field that an index tells of. Raises ValueError where it can't be one, or would need pickle."""
        try:
            kind, shape, dtype = told["kind"], tuple(told["shape"]), np.dtype(str(told["dtype"]))
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"field {told!r} isn't one: {error!r}") from error
        if kind not in KINDS or any(type(size) is not int or size < 0 for size in shape) or dtype.hasobject:
            raise ValueError(f"field {told!r}: expected one of {', '.join(KINDS)}, a shape, and a dtype of numbers")
        return cls(kind, dtype.str, shape)


def field_of(name: str, values: Any, there: NDArray[np.bool_]) -> Field:
    """The layout of a modality's values. Raises TypeError for what no plain array holds."""
    if isinstance(values, np.ndarray):
        if values.dtype.hasobject or values.dtype.names:
            raise TypeError(f"shards: {name!r} is an array of {values.dtype}; give a list, or an array of numbers")
        if values.dtype.kind == "U":
            return Field("text", "|u1")
        return Field("array", values.dtype.str, values.shape[1:])
    some = [value for i, value in enumerate(values) if there[i] and value is not None]
    if not some:
        raise TypeError(f"shards: {name!r} has no value in the first samples; its layout can't be told from None")
    if all(isinstance(value, str) for value in some):
        return Field("text", "|u1")
    if all(isinstance(value, np.ndarray) for value in some):
        first = some[0]
        if any(value.shape[1:] != first.shape[1:] or value.ndim != first.ndim for value in some) or first.ndim < 1:
            shapes = sorted({value.shape for value in some})[:4]
            raise TypeError(
                f"shards: {name!r} has arrays of shapes {shapes}; they may differ in their first axis alone"
            )
        kind = np.result_type(*some)
        if kind.hasobject:
            raise TypeError(f"shards: {name!r} has arrays of Python objects; expected numbers")
        return Field("ragged", kind.str, first.shape[1:])
    return Field("json", "|u1")


def lay_out(name: str, field: Field, values: Sequence[Any] | Array, there: NDArray[np.bool_]) -> dict[str, Array]:
    """The arrays of a field, by the names in `field.files`; of a value that is missing nothing, or zeros.

    Raises TypeError where a value doesn't fit the layout.
    """
    if field.kind == "array":
        array = np.asarray(values)
        if array.shape[1:] != field.shape or not np.can_cast(array.dtype, np.dtype(field.dtype), "same_kind"):
            raise TypeError(
                f"shards: {name!r} is {array.dtype} {array.shape[1:]} here, {field.dtype} {field.shape} before"
            )
        return {"": np.ascontiguousarray(array, field.dtype)}
    if field.kind == "ragged":
        parts = [
            np.asarray(value, field.dtype) if there[i] else np.zeros((0, *field.shape), field.dtype)
            for i, value in enumerate(values)
        ]
        for part in parts:
            if part.shape[1:] != field.shape or part.ndim != len(field.shape) + 1:
                raise TypeError(f"shards: {name!r} has a value {part.shape} here, (length, *{field.shape}) before")
        joined = np.concatenate([np.zeros((0, *field.shape), field.dtype), *parts])
    else:
        encode = str if field.kind == "text" else _plain_json
        try:
            coded = [encode(value).encode() if there[i] else b"" for i, value in enumerate(values)]
        except (TypeError, ValueError) as error:
            raise TypeError(f"shards: {name!r} has a value that JSON can't hold: {error}") from error
        parts = [np.frombuffer(code, np.uint8) for code in coded]
        joined = np.frombuffer(b"".join(coded), np.uint8)
    offsets = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
    return {"values": joined, "offsets": offsets}


def room_for(field: Field, samples: int) -> Any:
    """Where `read_rows` puts values: an array (samples, *shape), or a list of None."""
    return np.empty((samples, *field.shape), field.dtype) if field.kind == "array" else [None] * samples


def read_rows(
    field: Field, arrays: dict[str, Array], rows: Array, there: NDArray[np.bool_], out: Any, places: Array
) -> None:
    """Copy the values of some rows to `places` of `out`; where nothing is there, a list keeps its None."""
    if field.kind == "array":
        out[places] = arrays[""][rows]
        return
    values, offsets = arrays["values"], arrays["offsets"]
    kept = np.flatnonzero(there)
    spans = zip(places[kept].tolist(), offsets[rows[kept]].tolist(), offsets[rows[kept] + 1].tolist(), strict=True)
    if field.kind == "ragged":
        for place, start, stop in spans:
            out[place] = values[start:stop].copy()
    elif field.kind == "text":
        for place, start, stop in spans:
            out[place] = values[start:stop].tobytes().decode()
    else:
        for place, start, stop in spans:
            out[place] = json.loads(values[start:stop].tobytes())


def check(field: Field, arrays: dict[str, Array], samples: int) -> str:
    """What is wrong with a field's arrays for that many samples, or nothing: shapes, kinds, offsets out of order."""
    if field.kind == "array":
        expected, found = (field.dtype, (samples, *field.shape)), arrays[""]
        return (
            "" if (found.dtype.str, found.shape) == expected else f"is {found.dtype.str} {found.shape}, not {expected}"
        )
    values, offsets = arrays["values"], arrays["offsets"]
    if values.dtype.str != field.dtype or values.shape[1:] != field.shape:
        return f"has values {values.dtype.str} {values.shape}, not {field.dtype} (total, *{field.shape})"
    if offsets.dtype != np.int64 or offsets.shape != (samples + 1,):
        return f"has offsets {offsets.dtype.str} {offsets.shape}, not int64 ({samples + 1},)"
    if offsets[0] != 0 or offsets[-1] != len(values) or np.any(np.diff(offsets) < 0):
        return f"has offsets that don't go up from 0 to {len(values)}"
    return ""


def _plain_json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
