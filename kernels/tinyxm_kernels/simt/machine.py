"""The state of a launch while it runs: the lanes, their variables, and who watches."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from tinyxm_kernels.simt.counters import Counters
from tinyxm_kernels.simt.lanes import Mask, Wave, place
from tinyxm_kernels.simt.memory import Address, Buffer, Site, local_buffer, shared_buffer
from tinyxm_kernels.simt.races import Races, Touch
from tinyxm_kernels.simt.sanitizer import Sanitizer
from tinyxm_kernels.simt.types import Array, Scalar, Type, Vector

if TYPE_CHECKING:
    from tinyxm_kernels.simt.trace import Tracer

WATCHED = ("global", "shared")
MOST_TURNS = 1 << 20


class LaunchError(ValueError):
    """A launch that can't be, or can't go on."""


class Loop:
    """Lanes that left the innermost loop, or its present turn, by `break` and `continue`."""

    __slots__ = ("broken", "continued")

    def __init__(self) -> None:
        self.broken: Mask | None = None
        self.continued: Mask | None = None


class Machine:
    """One wave of a launch. Variables are numbered slots, each declared under a mask: while all lanes of that mask
    assign to it alike, one number stands for all."""

    def __init__(
        self,
        wave: Wave,
        slots: list[tuple[str, Type]],
        sanitizer: Sanitizer,
        races: Races | None,
        counters: Counters | None,
        dynamic_shared: int,
    ) -> None:
        self.wave, self.slots = wave, slots
        self.sanitizer, self.races, self.counters = sanitizer, races, counters
        self.values: list[Any] = [None] * len(slots)
        self.scopes: list[Mask] = [wave.mask] * len(slots)
        self.unset: dict[int, np.ndarray] = {}  # slot -> lanes that have no value yet, where others have one
        self.number = wave.number
        self.lane = np.arange(wave.size) % 32
        self.exited = np.zeros(wave.size, bool)
        self.loops: list[Loop] = []
        self.shared: dict[str, Buffer] = {}
        self.dynamic_shared = dynamic_shared
        self.tracer: Tracer | None = None
        self.printed: list[tuple[int, str]] = []
        self.depth = 0

    def name_of(self, lane: int, block: bool = True) -> str:
        """A lane's thread in words."""
        thread = f"thread {place(int(self.wave.thread[lane]), self.wave.block)}"
        number = int(self.wave.block_of[lane]) + self.wave.first
        return thread + f" of block {place(number, self.wave.grid)}" * block

    def declare(self, slot: int, value: Any, mask: Mask) -> None:
        self.scopes[slot], self.values[slot] = mask, value
        self.unset.pop(slot, None)
        if self.tracer and value is not None:
            self.tracer.changed(self, slot, mask)

    def assign(self, slot: int, value: Any, mask: Mask) -> None:
        scope = self.scopes[slot]
        if mask is scope or mask.count == scope.count:  # a mask within the scope's, of as many lanes: the same
            self.values[slot] = value
            self.unset.pop(slot, None)
        else:
            if self.values[slot] is None or slot in self.unset:
                self.unset[slot] = self.unset.get(slot, scope.lanes) & ~mask.lanes
                if not self.unset[slot].any():
                    del self.unset[slot]
            self.values[slot] = self._merged(self.values[slot], value, mask)
        if self.tracer:
            self.tracer.changed(self, slot, mask)

    def _merged(self, old: Any, new: Any, mask: Mask) -> Any:
        if isinstance(new, tuple):
            return tuple(self._merged(o, n, mask) for o, n in zip(old or (None,) * len(new), new, strict=True))
        if isinstance(new, Address):
            if old is not None and old.buffer is not new.buffer:
                raise LaunchError(
                    f"a pointer that is {old.buffer.name} in some threads and {new.buffer.name} in others isn't "
                    "simulated: choose by index within one array, or by if and else"
                )
            return Address(new.buffer, self._merged(old and old.offset, new.offset, mask))
        return np.where(mask.lanes, new, new.dtype.type(0) if old is None else old)

    def value(self, slot: int, line: int, mask: Mask) -> Any:
        value = self.values[slot]
        if slot in self.unset:
            without = self.unset[slot] & mask.lanes
            if without.any():
                who = self.name_of(int(np.argmax(without)))
                self.sanitizer.add(
                    "uninitialised-variable",
                    line,
                    f"{who} reads {self.slots[slot][0]}, to which it has given no value, as others have; give it one",
                    count=int(without.sum()),
                )
        if value is None:
            name, kind = self.slots[slot]
            self.sanitizer.add("uninitialised-variable", line, f"{name} is read before it has a value; give it one")
            zero = kind.element.dtype.type(0) if isinstance(kind, Vector) else None
            if isinstance(kind, Scalar):
                zero = kind.dtype.type(0)
            if zero is None:
                raise LaunchError(f"line {line}: the pointer {name} is read before it has a value")
            value = (zero,) * kind.length if isinstance(kind, Vector) else zero
        return value

    def shared_array(self, key: str, name: str, kind: Array) -> Address:
        """The block's `__shared__` array, made when it is first met."""
        if key not in self.shared:
            element = kind.element.element if isinstance(kind.element, Vector) else kind.element
            parts = kind.element.size // element.size
            length = self.dynamic_shared // element.size if kind.shape == (-1,) else kind.size // element.size
            shape = (length,) if kind.shape == (-1,) or parts > 1 else kind.shape
            self.shared[key] = shared_buffer(name, self.wave, element.dtype, length, shape)
        return Address(self.shared[key])

    def local_array(self, name: str, kind: Array | Scalar | Vector, filled: bool) -> Address:
        """An array of each thread's own; `filled` where it begins as zeros, as one with values in braces does."""
        array = kind if isinstance(kind, Array) else Array(kind, (1,))
        element = array.element.element if isinstance(array.element, Vector) else array.element
        length = array.size // element.size
        shape = array.shape if array.element.size == element.size else (length,)
        buffer = local_buffer(name, self.wave, element.dtype, length, shape)
        if self.races is not None and not filled:
            buffer.written = np.zeros(buffer.data.shape, bool)
        return Address(buffer)

    def observing(self, buffer: Buffer) -> bool:
        return buffer.space in WATCHED and (
            self.races is not None or self.counters is not None or self.tracer is not None
        )

    def observe(
        self,
        site: Site,
        buffer: Buffer,
        offsets: np.ndarray,
        kind: Scalar | Vector,
        mask: Mask,
        action: str,
        new: Any = (),
    ) -> None:
        """Tell all who watch of an access at `offsets` within the array (or the block's part of it)."""
        if buffer.space not in WATCHED:
            return
        if self.counters is not None:
            self.counters.access(site, buffer, offsets, kind.size, mask, action)
        if self.races is not None:
            self._check_access(site, buffer, offsets, kind, mask, action, new)
        if self.tracer:
            self.tracer.access(site, buffer, offsets, kind, mask, action, new)

    def _check_access(
        self, site: Site, buffer: Buffer, offsets: np.ndarray, kind: Scalar | Vector, mask: Mask, action: str, new: Any
    ) -> None:
        base = buffer.base if np.ndim(buffer.base) == 0 else buffer.base[mask.index]
        at, lanes = offsets + base, mask.index
        width = max(1, kind.size // buffer.element.itemsize)
        if width > 1:
            at, lanes = (at[:, None] + np.arange(width)).ravel(), np.repeat(lanes, width)
        old = values = None
        dtype = kind.dtype if isinstance(kind, Scalar) else kind.element.dtype
        if action == "store" and len(new) == width and dtype.itemsize == buffer.element.itemsize:
            chosen = [np.broadcast_to(part, mask.lanes.shape)[mask.index] for part in new]
            values = chosen[0] if width == 1 else np.stack(chosen, axis=1).ravel()
            old = buffer.view(dtype)[at]
        if buffer.written is not None:
            if action != "store":
                self.sanitizer.uninitialised(self, site, buffer, at, lanes)
            if action != "load":
                buffer.written[at] = True
        assert self.races is not None
        self.races.watch(self, Touch(site, buffer, action, at, lanes, old, values))
