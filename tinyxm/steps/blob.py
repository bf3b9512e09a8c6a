"""The arrays of a trace, one behind the other in one compressed blob."""

from __future__ import annotations

import base64
import math
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
EXACT = 4096  # elements: what is smaller is stored whole,
SPARING = 256  # or this, in a step that is large


class Blob:
    """`store` puts an array in, and tells where; `packed` is all of it. What is there already, as where a gradient is
    handed on unchanged, or in another shape, is stored once."""

    def __init__(self, exact: int = EXACT) -> None:
        self.exact = exact
        self.bytes = bytearray()
        self.places: dict[tuple[str, bytes], int] = {}

    def store(self, array: Array, full: bool = False) -> dict[str, Any]:
        """Where it lies, in which type; of more than `exact` elements, unless in `full`, as halves of a power of two,
        `scale`."""
        scale = 1.0
        if array.dtype.kind == "b":
            stored = array.astype(np.uint8)
        elif array.dtype.kind in "iu":
            fits = array.size == 0 or (array.min() >= -(2**31) and array.max() < 2**31)
            stored = array.astype(np.uint8 if array.dtype == np.uint8 else np.int32 if fits else np.float64)
        elif full or array.size <= self.exact:
            stored = array.astype(np.float64 if array.dtype == np.float64 else np.float32)
        else:
            with np.errstate(invalid="ignore"):
                largest = float(np.max(np.abs(array), initial=0, where=np.isfinite(array)))
            scale = 2.0 ** (math.frexp(largest)[1] - 14) if largest > 0 else 1.0
            with np.errstate(over="ignore", under="ignore", invalid="ignore"):
                stored = (array.astype(np.float64) / scale).astype(np.float16)
        data = np.ascontiguousarray(stored).astype(stored.dtype.newbyteorder("<")).tobytes()
        return {"at": self._place(stored.dtype.name, data), "type": stored.dtype.name} | (
            {"scale": scale} if scale != 1 else {}
        )

    def _place(self, kind: str, data: bytes) -> int:
        known = self.places.get((kind, data))
        if known is not None:
            return known
        self.bytes += bytes(-len(self.bytes) % 8)
        self.places[kind, data] = at = len(self.bytes)
        self.bytes += data
        return at

    def packed(self) -> str:
        """Base64 of a zlib stream."""
        return base64.b64encode(zlib.compress(bytes(self.bytes), 6)).decode("ascii")


def inflated(trace: Mapping[str, Any]) -> bytes:
    """The bytes of all arrays. Raises ValueError where the blob holds more or fewer than their shapes say."""
    ends = (
        v["data"]["at"] + math.prod(v.get("kept", v["shape"])) * np.dtype(v["data"]["type"]).itemsize
        for v in trace["values"]
    )
    size, stream = max(ends, default=0), zlib.decompressobj()
    try:
        packed = base64.b64decode(trace["blob"], validate=True)
        blob = stream.decompress(packed, size + 1)  # a megabyte may hold gigabytes
    except (ValueError, OverflowError, MemoryError, zlib.error) as error:
        raise ValueError(f"blob can't be read: {error}") from None
    if len(blob) != size or not stream.eof:
        raise ValueError(f"blob holds {'more' if len(blob) > size else 'fewer'} bytes than its arrays take, {size:,}")
    return blob


def arrays(trace: Mapping[str, Any]) -> list[Array]:
    """The arrays of a trace, by their numbers, as far as they were kept."""
    blob = inflated(trace)
    found = []
    for value in trace["values"]:
        shape, data = value.get("kept", value["shape"]), value["data"]
        dtype = np.dtype(data["type"]).newbyteorder("<")
        flat = np.frombuffer(blob, dtype, math.prod(shape), data["at"]).astype(dtype.newbyteorder("="))
        found.append((flat.astype(np.float64) * data["scale"] if "scale" in data else flat).reshape(shape))
    return found
