"""Records one warp, statement by statement: its mask, the variables that change, the memory it touches."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tinyxm_kernels.simt.counters import measure
from tinyxm_kernels.simt.lanes import WARP, Mask, place
from tinyxm_kernels.simt.memory import Buffer, Site
from tinyxm_kernels.simt.types import Scalar, Vector

if TYPE_CHECKING:
    from tinyxm_kernels.simt.machine import Machine


@dataclass
class Tracer:
    """The steps of warp `warp` of block `block` (its number in the grid), at most `most` of them."""

    kernel: str
    block: int
    warp: int
    most: int
    source: list[str]
    steps: list[dict[str, Any]] = field(default_factory=list)
    threads: list[tuple[int, int, int] | None] = field(default_factory=list)
    place: tuple[int, int, int] = (0, 0, 0)
    lanes: slice = field(default_factory=lambda: slice(0, 0))
    truncated: bool = False
    seen: int = 0  # findings so far
    recording: bool = False  # whether the warp takes part in the present statement

    def attach(self, machine: Machine) -> None:
        """Listen, if the block is in this wave."""
        wave = machine.wave
        if not wave.first <= self.block < wave.first + wave.blocks:
            return
        start = (self.block - wave.first) * wave.width + self.warp * WARP
        self.lanes = slice(start, start + WARP)
        self.place = place(self.block, wave.grid)
        real = wave.mask.lanes[self.lanes]
        self.threads = [
            place(int(number), wave.block) if alive else None
            for number, alive in zip(wave.thread[self.lanes], real, strict=True)
        ]
        machine.tracer = self

    def begin(self, machine: Machine, line: int, column: int, kind: str, mask: Mask) -> None:
        """A statement begins; what happens until the next one belongs to it."""
        self.close(machine)
        active = mask.lanes[self.lanes]
        self.recording = bool(active.any()) and not self.truncated
        if not self.recording:
            return
        if len(self.steps) >= self.most:
            self.truncated, self.recording = True, False
            return
        self.steps.append(
            {
                "line": line,
                "column": column,
                "kind": kind,
                "mask": int(np.dot(active, np.uint64(1) << np.arange(WARP, dtype=np.uint64))),
                "depth": machine.depth,
                "changes": [],
                "memory": [],
                "findings": [],
            }
        )

    def close(self, machine: Machine) -> None:
        """Findings since the last step are that step's."""
        found = len(machine.sanitizer.findings)
        if self.recording and self.steps and found > self.seen:
            self.steps[-1]["findings"] = list(range(self.seen, found))
        self.seen = found

    def changed(self, machine: Machine, slot: int, mask: Mask) -> None:
        name, kind = machine.slots[slot]
        value = machine.values[slot]
        if not self.recording or name.startswith("(") or not isinstance(kind, Scalar | Vector):
            return
        active = mask.lanes[self.lanes]
        if isinstance(kind, Vector):
            for part, letter in zip(value, "xyzw", strict=False):
                self._change(f"{name}.{letter}", kind.element, part, active)
        else:
            self._change(name, kind, value, active)

    def local(self, name: str, kind: Scalar | Vector, value: Any, mask: Mask) -> None:
        """An element of a thread's own array."""
        if self.recording and isinstance(kind, Scalar):
            self._change(name, kind, value, mask.lanes[self.lanes])

    def _change(self, name: str, kind: Scalar, value: Any, active: np.ndarray) -> None:
        change = {"name": name, "type": str(kind), "values": self._shown(value, active)}
        kept = [other for other in self.steps[-1]["changes"] if other["name"] != name]
        self.steps[-1]["changes"] = [*kept, change]

    def _shown(self, value: Any, active: np.ndarray) -> list[Any]:
        numbers = [value] * WARP if np.ndim(value) == 0 else value[self.lanes]
        return [_number(number) if alive else None for number, alive in zip(numbers, active, strict=True)]

    def access(
        self,
        site: Site,
        buffer: Buffer,
        offsets: np.ndarray,
        kind: Scalar | Vector,
        mask: Mask,
        action: str,
        new: Any = (),
    ) -> None:
        """An access is about to be done; `new` is what a store writes, part by part of a vector."""
        active = mask.lanes[self.lanes]
        if not self.recording or not active.any():
            return
        own = self._own(active, mask.lanes.size)
        where = np.zeros(mask.lanes.size, np.int64)
        where[mask.index] = offsets
        _, transactions, ideal, _ = measure(buffer, where[own], kind.size, Mask(own), action)
        self.steps[-1]["memory"].append(
            {
                "space": buffer.space,
                "array": buffer.name,
                "column": site.column,
                "operation": action,
                "element_bytes": buffer.element.itemsize,
                "bytes": kind.size,
                "indices": [int(i) if alive else None for i, alive in zip(where[self.lanes], active, strict=True)],
                "transactions": transactions,
                "ideal": ideal,
                "values": self._moved(buffer, where, kind, active, new),
            }
        )

    def _moved(
        self, buffer: Buffer, where: np.ndarray, kind: Scalar | Vector, active: np.ndarray, new: Any
    ) -> list[Any]:
        """What each lane writes, or otherwise what it finds there; of vectors a list of their parts."""
        element, parts = (kind, 1) if isinstance(kind, Scalar) else (kind.element, kind.length)
        if not len(new):
            start = (where + buffer.base) * buffer.element.itemsize // element.dtype.itemsize
            view = buffer.view(element.dtype)
            new = [view[np.where(self._own(active, where.size), start + part, 0)] for part in range(parts)]
        shown = [self._shown(part, active) for part in new]
        if parts == 1:
            return shown[0]
        return [list(lane) if lane[0] is not None else None for lane in zip(*shown, strict=True)]

    def _own(self, active: np.ndarray, size: int) -> np.ndarray:
        """The traced warp's active lanes among all of the wave."""
        own = np.zeros(size, bool)
        own[self.lanes] = active
        return own

    def as_dict(self) -> dict[str, Any]:
        return {
            "kernel": self.kernel,
            "block": list(self.place),
            "warp": self.warp,
            "threads": self.threads,
            "source": self.source,
            "steps": self.steps,
            "truncated": self.truncated,
        }


def _number(value: Any) -> Any:
    """As JSON has it: a number, true or false, or in words what JSON has no number for."""
    if isinstance(value, np.bool_ | bool):
        return bool(value)
    if isinstance(value, np.integer):
        return int(value)
    number = float(value)
    return float(f"{number:.7g}") if np.isfinite(number) else str(number)
