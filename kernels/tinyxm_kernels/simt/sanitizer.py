"""What a kernel may not do, found while it runs: what `compute-sanitizer` finds on a device, and on which line.

A *race* is two accesses to one element by two threads, at least one of them a write and not both atomic, that nothing
orders. What orders them: `__syncthreads()`, for the threads of a block; `__syncwarp()`, for those of a warp (since
Volta the lanes of a warp needn't run in step). Nothing orders two blocks within a launch. So each warp counts its
*epochs*: a new one begins at every barrier it passes. For each element the last writer and two readers are kept, with
their epochs and lines; an access in an epoch that isn't later than theirs is a race.

A write of the value that is there already isn't reported: all threads setting one flag harm nobody.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tinyxm_kernels.simt.lanes import WARP, Mask, Wave, place
from tinyxm_kernels.simt.memory import Buffer, Site, place_of

if TYPE_CHECKING:
    from tinyxm_kernels.simt.machine import Machine

NOBODY = -1
DOES = {"load": "reads", "store": "writes", "atomic": "updates"}
DID = {"load": "read", "store": "wrote", "atomic": "updated"}


@dataclass
class Finding:
    """One fault: all its occurrences on a line (or a pair of lines) are counted as one, the first one described."""

    kind: str
    line: int
    message: str
    count: int = 1
    lines: list[int] = field(default_factory=list)  # of the accesses that a race is between

    def as_dict(self) -> dict[str, Any]:
        return {"kind": self.kind, "line": self.line, "message": self.message, "count": self.count, "lines": self.lines}


class Shadow:
    """What is known of each element of a buffer: who touched it last."""

    def __init__(self, size: int) -> None:
        self.writer = np.full(size, NOBODY, np.int64)  # launch-wide thread number
        self.write_epoch = np.zeros(size, np.int32)
        self.write_site = np.zeros(size, np.int32)
        self.atomic = np.zeros(size, bool)
        self.reader = np.full((2, size), NOBODY, np.int64)
        self.read_epoch = np.zeros((2, size), np.int32)
        self.read_site = np.zeros((2, size), np.int32)


class Sanitizer:
    """Collects findings; `races` says whether accesses are watched, too."""

    def __init__(self, sites: list[Site], races: bool, warps: int) -> None:
        self.findings: dict[tuple[Any, ...], Finding] = {}
        self.sites, self.races = sites, races
        self.shadows: dict[int, tuple[Buffer, Shadow]] = {}
        self.epoch = np.zeros(warps, np.int32)  # of each warp of the launch
        self.block_epoch = np.zeros(warps, np.int32)  # its epoch at the block's last barrier

    def add(self, kind: str, line: int, message: str, lines: tuple[int, ...] = (), count: int = 1) -> Finding:
        key = (kind, line, *lines)
        if key in self.findings:
            self.findings[key].count += count
        else:
            self.findings[key] = Finding(kind, line, message, count, list(lines or (line,)))
        return self.findings[key]

    def out_of_bounds(
        self,
        machine: Machine,
        site: Site,
        buffer: Buffer,
        offsets: np.ndarray,
        mask: Mask,
        wrong: np.ndarray,
        action: str,
    ) -> None:
        first = int(np.argmax(wrong))
        who = machine.name_of(int(mask.index[first]))
        shape = f", shape {buffer.shape}" if len(buffer.shape) > 1 else ""
        per = {"shared": " in a block", "local": " of its own"}.get(buffer.space, "")
        self.add(
            "out-of-bounds",
            site.line,
            f"{who} {DOES[action]} element {int(offsets[first])} of {buffer.name}, which has {buffer.length}{per}"
            f"{shape}: check the index before the access",
            count=int(wrong.sum()),
        )

    def misaligned(
        self,
        machine: Machine,
        site: Site,
        buffer: Buffer,
        offsets: np.ndarray,
        mask: Mask,
        wrong: np.ndarray,
        action: str,
        kind: Any,
    ) -> None:
        first = int(np.argmax(wrong))
        self.add(
            "misaligned",
            site.line,
            f"{machine.name_of(int(mask.index[first]))} {DOES[action]} a {kind} at element {int(offsets[first])} of "
            f"{buffer.name}: byte {int(offsets[first]) * buffer.element.itemsize} isn't a multiple of {kind.size}, "
            "which a device refuses with an error",
            count=int(wrong.sum()),
        )

    def barrier(self, machine: Machine, line: int, mask: Mask) -> None:
        """`__syncthreads()`: every thread of a block that any of its threads reaches must be there."""
        wave = machine.wave
        arrived = mask.lanes.reshape(wave.blocks, wave.width).sum(axis=1)
        for block in np.flatnonzero((arrived > 0) & (arrived < wave.threads)).tolist():
            lanes = slice(block * wave.width, (block + 1) * wave.width)
            absent = wave.mask.lanes[lanes] & ~mask.lanes[lanes]
            gone = machine.exited[lanes] & absent
            first = int(np.argmax(absent)) + block * wave.width
            if gone.any():
                gone_by = int(gone.sum())
                why = f"{gone_by} have returned; let them skip the work, not the barrier, at which a device may hang"
            else:
                why = "the others are in another branch; move the barrier to where all threads pass"
            self.add(
                "barrier-divergence",
                line,
                f"__syncthreads() is reached by {int(arrived[block])} of the {wave.threads} threads of block "
                f"{place(int(block) + wave.first, wave.grid)}, not by {machine.name_of(first, block=False)}: {why}",
            )
        self._advance(wave, mask)
        warps = self._warps(wave, mask)
        self.block_epoch[warps] = self.epoch[warps]

    def warp_barrier(self, wave: Wave, mask: Mask) -> None:
        self._advance(wave, mask)

    def _warps(self, wave: Wave, mask: Mask) -> np.ndarray:
        return np.flatnonzero(mask.active) + wave.first * wave.warps_per_block

    def _advance(self, wave: Wave, mask: Mask) -> None:
        self.epoch[self._warps(wave, mask)] += 1

    def uninitialised(self, machine: Machine, site: Site, buffer: Buffer, at: np.ndarray, lanes: np.ndarray) -> None:
        unwritten = ~buffer.written[at]  # type: ignore[index]  # shared memory has it
        if unwritten.any():
            first = int(np.argmax(unwritten))
            who = machine.name_of(int(lanes[first]))
            self.add(
                "uninitialised-shared",
                site.line,
                f"{who} reads {place_of(buffer, int(at[first]) % buffer.length)}, which nothing has been written to: "
                "shared memory holds what the last kernel left there",
                count=int(unwritten.sum()),
            )

    def watch(
        self,
        machine: Machine,
        site: Site,
        buffer: Buffer,
        at: np.ndarray,
        lanes: np.ndarray,
        action: str,
        same: np.ndarray | None,
    ) -> None:
        """An access to the elements `at` by these lanes; `same` where a write changes nothing."""
        if id(buffer) not in self.shadows:
            self.shadows[id(buffer)] = buffer, Shadow(buffer.data.size)
        shadow = self.shadows[id(buffer)][1]
        thread = machine.number[lanes]
        writes = action != "load"
        writer = shadow.writer[at]
        clash = self._unordered(machine, writer, shadow.write_epoch[at], thread)
        if action == "atomic":
            clash &= ~shadow.atomic[at]
        if same is not None:
            clash &= ~same
        if clash.any():
            past = np.where(shadow.atomic[at], 2, 1)
            self._race(machine, site, buffer, at, lanes, action, clash, writer, shadow.write_site[at], past)
        if writes:
            for reader, epoch, sites in zip(shadow.reader, shadow.read_epoch, shadow.read_site, strict=True):
                clash = self._unordered(machine, reader[at], epoch[at], thread)
                if same is not None:
                    clash &= ~same
                if clash.any():
                    self._race(
                        machine, site, buffer, at, lanes, action, clash, reader[at], sites[at], np.zeros(at.size, int)
                    )
            self._note_write(machine, site, shadow, at, thread, lanes, action, same, buffer)
        else:
            self._note_read(shadow, at, thread, self._epochs(thread), site.number)

    def forget_shared(self) -> None:
        """After a wave: its blocks' shared memory is gone, global memory stays."""
        self.shadows = {key: kept for key, kept in self.shadows.items() if kept[0].space != "shared"}

    def _epochs(self, thread: np.ndarray) -> np.ndarray:
        return self.epoch[thread // WARP]

    def _unordered(self, machine: Machine, other: np.ndarray, epoch: np.ndarray, thread: np.ndarray) -> np.ndarray:
        """Where an access of `other` in its `epoch` isn't ordered before one of `thread` now."""
        clash = (other != NOBODY) & (other != thread)
        if not clash.any():
            return clash
        warp, own = other // WARP, thread // WARP
        of_block = machine.wave.width
        later = (epoch < self.block_epoch[warp]) | ((warp == own) & (epoch < self.epoch[own]))
        return clash & ~(later & (other // of_block == thread // of_block))

    def _note_write(
        self,
        machine: Machine,
        site: Site,
        shadow: Shadow,
        at: np.ndarray,
        thread: np.ndarray,
        lanes: np.ndarray,
        action: str,
        same: np.ndarray | None,
        buffer: Buffer,
    ) -> None:
        shadow.writer[at] = thread
        shadow.write_epoch[at] = self._epochs(thread)
        shadow.write_site[at] = site.number
        shadow.atomic[at] = action == "atomic"
        if action == "store":
            last = shadow.writer[at]
            clash = last != thread  # several lanes of this very access
            if clash.any() and same is not None:
                clash &= ~same
            if clash.any():
                sites = np.full(at.size, site.number)
                self._race(machine, site, buffer, at, lanes, action, clash, last, sites, np.ones(at.size, int))

    def _note_read(self, shadow: Shadow, at: np.ndarray, thread: np.ndarray, epoch: np.ndarray, number: int) -> None:
        """Keep the last reader, and one that isn't the same thread: another of this access, or the one before."""
        before = [(shadow.reader[k][at], shadow.read_epoch[k][at], shadow.read_site[k][at]) for k in (0, 1)]
        shadow.reader[1][at[::-1]] = thread[::-1]  # where lanes share an element the first one stays
        first = shadow.reader[1][at]
        shadow.read_epoch[1][at[::-1]] = epoch[::-1]
        shadow.reader[0][at], shadow.read_epoch[0][at], shadow.read_site[0][at] = thread, epoch, number
        shadow.read_site[1][at] = number
        last = shadow.reader[0][at]
        alone = first == last
        if alone.any():
            places = at[alone]
            pick = before[0][0][alone] != last[alone]
            arrays: tuple[np.ndarray, ...] = (shadow.reader, shadow.read_epoch, shadow.read_site)
            for kept, newer, older in zip(arrays, before[0], before[1], strict=True):
                kept[1][places] = np.where(pick, newer[alone], older[alone])

    def _race(
        self,
        machine: Machine,
        site: Site,
        buffer: Buffer,
        at: np.ndarray,
        lanes: np.ndarray,
        action: str,
        clash: np.ndarray,
        other: np.ndarray,
        sites: np.ndarray,
        past: np.ndarray,
    ) -> None:
        for number in np.unique(sites[clash]):
            these = clash & (sites == number)
            first = int(np.argmax(these))
            earlier = self.sites[int(number)]
            lane, wave = int(lanes[first]), machine.wave
            block = int(other[first]) // wave.width
            thread = place(int(other[first]) % wave.width, wave.block)
            alike = block == int(machine.number[lane]) // wave.width
            whom = f"thread {thread}" + ("" if alike else f" of block {place(block, wave.grid)}")
            did = DID[("load", "store", "atomic")[int(past[first])]]
            if not alike:
                mend = "nothing orders two blocks: use an atomic, or a second kernel"
            elif int(other[first]) // WARP == int(machine.number[lane]) // WARP:
                mend = "the two are of one warp, which needn't run in step: __syncwarp() between them"
            else:
                mend = "__syncthreads() between them"
            element = place_of(buffer, int(at[first]) % buffer.length)
            epoch = int(self.epoch[int(machine.number[lane]) // WARP])
            when = "at once" if earlier.number == site.number and did == DID[action] else f"in line {earlier.line}"
            self.add(
                "race",
                site.line,
                f"{machine.name_of(lane)} {DOES[action]} {element}, which {whom} {did} {when}, in the same epoch "
                f"(after {epoch} barriers): {mend}",
                lines=(earlier.line, site.line),
                count=int(these.sum()),
            )
