"""Memory as kernels see it: buffers, pointers into them, and one access by all lanes of a mask.

A buffer counts in its own elements; a pointer is a buffer and, for each lane, how many elements from its start. A
pointer to a wider type (`float4` in an array of floats) moves several elements at a step. Shared memory is one array
with a part for each block, an array of a thread's own (`float acc[8]`) one with a column for each lane.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tinyxm_kernels.simt.lanes import Mask, Wave
from tinyxm_kernels.simt.types import Scalar, Vector

if TYPE_CHECKING:
    from tinyxm_kernels.simt.machine import Machine

ZERO = np.int64(0)


class Buffer:
    """One array: `space` global, shared, constant or local; `element` what it is counted in; `length` of those, which
    for shared memory is a block's, for local memory a lane's."""

    def __init__(
        self, name: str, space: str, data: np.ndarray, element: np.dtype, length: int, shape: tuple[int, ...] = ()
    ) -> None:
        self.name, self.space, self.data, self.element, self.length = name, space, data, element, length
        self.shape = shape or (length,)
        self.base: Any = ZERO  # where a lane's part begins, in shared memory
        self.written: np.ndarray | None = None  # which elements hold anything yet, where that is watched
        self.views = {element: data}

    def view(self, dtype: np.dtype) -> np.ndarray:
        """The same bytes as numbers of another type."""
        if dtype not in self.views:
            flat = self.data if self.data.ndim == 1 else self.data.reshape(-1)
            bytes_of = flat.view(np.uint8)
            self.views[dtype] = bytes_of[: bytes_of.size // dtype.itemsize * dtype.itemsize].view(dtype)
        return self.views[dtype]


class Address:
    """A pointer's value: `offset` elements of `buffer`, a number for all lanes or one for each."""

    __slots__ = ("buffer", "offset")

    def __init__(self, buffer: Buffer, offset: Any = ZERO) -> None:
        self.buffer, self.offset = buffer, offset

    def moved(self, steps: Any, size: int) -> Address:
        """`steps` further, each of `size` bytes."""
        own = self.buffer.element.itemsize
        scale = size // own
        if scale * own != size:
            raise TypeError(
                f"{self.buffer.name} holds numbers of {own} bytes; a pointer to {size} bytes there isn't simulated: "
                "give the array the narrower type"
            )
        return Address(self.buffer, self.offset + (steps if scale == 1 else steps * np.int64(scale)))


class Site:
    """A place in the source that reads or writes memory: what the counters and the findings are told by."""

    __slots__ = ("column", "line", "number", "text")

    def __init__(self, number: int, line: int, column: int, text: str) -> None:
        self.number, self.line, self.column, self.text = number, line, column, text


def shared_buffer(name: str, wave: Wave, element: np.dtype, length: int, shape: tuple[int, ...] = ()) -> Buffer:
    """Shared memory of one name: a part of `length` for each block, filled with what shows (NaN, or a large number)."""
    data = np.full(max(1, wave.blocks * length), np.nan if element.kind == "f" else 85, element)
    buffer = Buffer(name, "shared", data, element, length, shape)
    buffer.written = np.zeros(data.size, bool)
    buffer.base = wave.block_of * length if wave.blocks > 1 else ZERO
    return buffer


def local_buffer(name: str, wave: Wave, element: np.dtype, length: int, shape: tuple[int, ...] = ()) -> Buffer:
    return Buffer(name, "local", np.zeros((length, wave.size), element), element, length, shape)


def load(machine: Machine, site: Site, address: Address, kind: Scalar | Vector, mask: Mask) -> Any:
    """What the lanes of the mask read; an access that may not be gives 0 and a finding."""
    buffer, dtype = address.buffer, _dtype(kind)
    if buffer.space == "local":
        return _local_load(machine, site, address, kind, mask)
    offset = address.offset
    alike = np.ndim(offset) == 0 and np.ndim(buffer.base) == 0 and not machine.observing(buffer)
    if alike and 0 <= offset <= buffer.length - kind.size // buffer.element.itemsize:  # one read serves all lanes
        start = _first(buffer, offset + buffer.base, dtype)
        if start is not None:
            values = buffer.view(dtype)[start : start + _length(kind)]
            return values[0] if isinstance(kind, Scalar) else tuple(values)
    allowed, offsets, start = checked(machine, site, address, kind, mask, "load")
    if allowed is None:
        return _zero(kind)
    machine.observe(site, buffer, offsets, kind, allowed, "load")
    view = buffer.view(dtype)
    parts = []
    for part in range(_length(kind)):
        values = view[start + part] if part else view[start]
        if not allowed.all:
            spread = np.zeros(mask.lanes.size, dtype)
            spread[allowed.index] = values
            values = spread
        parts.append(values)
    return parts[0] if isinstance(kind, Scalar) else tuple(parts)


def store(machine: Machine, site: Site, address: Address, kind: Scalar | Vector, value: Any, mask: Mask) -> None:
    """Write; where several lanes write to one place the last one's value stays, as on hardware some lane's does."""
    buffer, dtype = address.buffer, _dtype(kind)
    if buffer.space == "local":
        _local_store(machine, site, address, kind, value, mask)
        return
    allowed, offsets, start = checked(machine, site, address, kind, mask, "store")
    if allowed is None:
        return
    parts = (value,) if isinstance(kind, Scalar) else value
    machine.observe(site, buffer, offsets, kind, allowed, "store", parts)
    view = buffer.view(dtype)
    for part, numbers in enumerate(parts):
        chosen = numbers if allowed.all or np.ndim(numbers) == 0 else numbers[allowed.index]
        view[start + part if part else start] = chosen


def place_of(buffer: Buffer, offset: int) -> str:
    """An element as C writes it: tile[3][7]."""
    indices = []
    for size in reversed(buffer.shape[1:]):
        indices.append(offset % size)
        offset //= size
    return buffer.name + "".join(f"[{i}]" for i in [offset, *reversed(indices)])


def _dtype(kind: Scalar | Vector) -> np.dtype:
    return kind.dtype if isinstance(kind, Scalar) else kind.element.dtype


def _length(kind: Scalar | Vector) -> int:
    return 1 if isinstance(kind, Scalar) else kind.length


def _zero(kind: Scalar | Vector) -> Any:
    zero = _dtype(kind).type(0)
    return zero if isinstance(kind, Scalar) else (zero,) * kind.length


def _first(buffer: Buffer, offset: Any, dtype: np.dtype) -> Any:
    """Element numbers of the buffer as numbers of numbers of `dtype`; None where they lie between two."""
    own, asked = buffer.element.itemsize, dtype.itemsize
    if own == asked:
        return offset
    if own > asked:
        return offset * (own // asked)
    return None if np.any(offset % (asked // own)) else offset // (asked // own)


def checked(
    machine: Machine, site: Site, address: Address, kind: Scalar | Vector, whole: Mask, action: str
) -> tuple[Mask | None, np.ndarray, Any]:
    """(the lanes whose access is in bounds and aligned, their offsets within the array, their places in its view)."""
    buffer, mask = address.buffer, whole
    own = buffer.element.itemsize
    width = max(1, kind.size // own)
    offset = address.offset
    offsets = np.full(mask.count, offset) if np.ndim(offset) == 0 else offset if mask.all else offset[mask.index]
    if offsets.dtype != np.int64:
        offsets = offsets.astype(np.int64)
    if int(offsets.view(np.uint64).max()) + width > buffer.length:  # negative ones are huge there
        wrong = (offsets < 0) | (offsets + width > buffer.length)
        machine.sanitizer.out_of_bounds(machine, site, buffer, offsets, mask, wrong, action)
        if wrong.all():
            return None, offsets, None
        mask, offsets = _kept(mask, offsets, ~wrong)
    alignment = kind.size if isinstance(kind, Scalar) else kind.alignment
    if alignment > own:
        wrong = offsets % (alignment // own) != 0
        if wrong.any():
            machine.sanitizer.misaligned(machine, site, buffer, offsets, mask, wrong, action, kind)
            if wrong.all():
                return None, offsets, None
            mask, offsets = _kept(mask, offsets, ~wrong)
    base = buffer.base if np.ndim(buffer.base) == 0 or mask.all else buffer.base[mask.index]
    start = offsets if base is ZERO else offsets + base
    return mask, offsets, _first(buffer, start, _dtype(kind))


def _kept(mask: Mask, offsets: np.ndarray, right: np.ndarray) -> tuple[Mask, np.ndarray]:
    lanes = np.zeros(mask.lanes.size, bool)
    lanes[mask.index[right]] = True
    return Mask(lanes), offsets[right]


def _local_rows(
    machine: Machine, site: Site, address: Address, kind: Scalar | Vector, mask: Mask, action: str
) -> tuple[Mask | None, np.ndarray, Any]:
    """(lanes whose access is in bounds, the array with a column per lane, the row for all or for each of them)."""
    buffer, offset, dtype = address.buffer, address.offset, _dtype(kind)
    if dtype.itemsize != buffer.element.itemsize:
        raise TypeError(
            f"line {site.line}: {buffer.name} holds {buffer.element} and is used as {kind}; give it that type"
        )
    data = buffer.data if dtype == buffer.element else buffer.view(dtype).reshape(buffer.data.shape)
    last = buffer.length - _length(kind)
    if np.ndim(offset) == 0 and 0 <= offset <= last:
        return mask, data, offset
    rows = np.broadcast_to(offset, mask.lanes.shape)[mask.index]
    wrong = (rows < 0) | (rows > last)
    if wrong.any():
        machine.sanitizer.out_of_bounds(machine, site, buffer, rows, mask, wrong, action)
        if wrong.all():
            return None, data, rows
        mask, rows = _kept(mask, rows, ~wrong)
    return mask, data, rows


def _local_load(machine: Machine, site: Site, address: Address, kind: Scalar | Vector, mask: Mask) -> Any:
    allowed, data, row = _local_rows(machine, site, address, kind, mask, "load")
    if allowed is None:
        return _zero(kind)
    parts = []
    for part in range(_length(kind)):
        if address.buffer.written is not None:
            _check_written(machine, site, address.buffer, row + part, allowed)
        if np.ndim(row) == 0:
            parts.append(data[row + part].copy())  # a later write must not change what was read
        else:
            values = np.zeros(mask.lanes.size, data.dtype)
            values[allowed.index] = data[row + part, allowed.index]
            parts.append(values)
    return parts[0] if isinstance(kind, Scalar) else tuple(parts)


def _check_written(machine: Machine, site: Site, buffer: Buffer, row: Any, mask: Mask) -> None:
    """Tell of lanes that read what they have not written in an array of their own."""
    unwritten = ~buffer.written[row, mask.index]  # type: ignore[index]  # the caller has seen that it is there
    if unwritten.any():
        first = int(np.argmax(unwritten))
        element = int(row if np.ndim(row) == 0 else row[first])
        machine.sanitizer.add(
            "uninitialised-variable",
            site.line,
            f"{machine.name_of(int(mask.index[first]))} reads {place_of(buffer, element)}, to which it has written "
            "nothing; give it a value first",
            count=int(unwritten.sum()),
            about=buffer.name,
        )


def _local_store(machine: Machine, site: Site, address: Address, kind: Scalar | Vector, value: Any, mask: Mask) -> None:
    allowed, data, row = _local_rows(machine, site, address, kind, mask, "store")
    if allowed is None:
        return
    for part, numbers in enumerate((value,) if isinstance(kind, Scalar) else value):
        if np.ndim(row):
            lanes = allowed.index
            data[row + part, lanes] = numbers if np.ndim(numbers) == 0 else numbers[lanes]
        elif mask.all:
            data[row + part] = numbers
        else:
            np.copyto(data[row + part], numbers, where=mask.lanes)
        if address.buffer.written is not None:
            address.buffer.written[row + part, allowed.index] = True
    if machine.tracer is not None:
        name = place_of(address.buffer, int(row)) if np.ndim(row) == 0 else f"{address.buffer.name}[...]"
        machine.tracer.local(name, kind, value, allowed)
