"""Races: two accesses to one element by two threads, at least one of them a write and not both atomic, unordered.

What orders them: `__syncthreads()`, for the threads of a block; `__syncwarp()`, for those of a warp (since Volta the
lanes of a warp needn't run in step). Nothing orders two blocks within a launch but what they build themselves: a
`__threadfence()` after the write, and an atomic by which the other block learns of it. So each warp counts its
*epochs*, and a new one begins at every barrier it passes. For each element the last writer and two readers are kept,
with their epochs and lines; an access in an epoch that isn't later than theirs is a race.

A write of the value that is there already isn't reported: all threads setting one flag harm nobody. Nor is a plain read
beside an `atomicCAS`: the loop that CUDA's guide builds on it begins with one, and the swap finds out if it was stale.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from tinyxm_kernels.simt.lanes import WARP, Mask, place
from tinyxm_kernels.simt.memory import Buffer, Site, place_of
from tinyxm_kernels.simt.sanitizer import DOES

if TYPE_CHECKING:
    from tinyxm_kernels.simt.machine import Machine

NOBODY = -1
DID = {"load": "read", "store": "wrote", "atomic": "updated"}
ACTIONS = ("load", "store", "atomic")


@dataclass
class Touch:
    """One access: element `at[k]` of the buffer by `lanes[k]`; for a store, what is there and what will be."""

    site: Site
    buffer: Buffer
    action: str
    at: np.ndarray
    lanes: np.ndarray
    old: np.ndarray | None = None
    new: np.ndarray | None = None


class Shadow:
    """What is known of each element of a buffer: who touched it last, in which epoch, and where in the source."""

    def __init__(self, size: int) -> None:
        self.writer = np.full(size, NOBODY, np.int64)  # launch-wide thread number
        self.write_epoch = np.zeros(size, np.int32)
        self.write_site = np.zeros(size, np.int32)
        self.write_fence = np.zeros(size, np.int32)  # fences that the writer had passed
        self.atomic = np.zeros(size, bool)
        self.swap = np.zeros(size, bool)  # the atomic was a compare-and-swap
        self.turn = np.zeros(size, np.int32)  # which entry of an access was the last to reach it
        self.reader = np.full((2, size), NOBODY, np.int64)
        self.read_epoch = np.zeros((2, size), np.int32)
        self.read_site = np.zeros((2, size), np.int32)


class Races:
    """Watches every access of a launch of so many warps."""

    def __init__(self, warps: int) -> None:
        self.shadows: dict[int, tuple[Buffer, Shadow]] = {}
        self.fences = np.zeros(warps * WARP, np.int32)  # that each thread has passed
        self.asked = np.zeros(warps, bool)  # whether a warp has done an atomic

    def forget_shared(self) -> None:
        """After a wave: its blocks' shared memory is gone, global memory stays."""
        self.shadows = {key: kept for key, kept in self.shadows.items() if kept[0].space != "shared"}

    def fence(self, machine: Machine, mask: Mask) -> None:
        """`__threadfence()`: what these lanes have written, others may see who hear of it by an atomic."""
        self.fences[machine.number[mask.index]] += 1

    def watch(self, machine: Machine, touch: Touch) -> None:
        """Hold an access to those before it, then remember it."""
        if id(touch.buffer) not in self.shadows:
            self.shadows[id(touch.buffer)] = touch.buffer, Shadow(touch.buffer.data.size)
        shadow, at, action = self.shadows[id(touch.buffer)][1], touch.at, touch.action
        thread = machine.number[touch.lanes]
        changes = np.ones(at.size, bool) if touch.old is None else touch.old != touch.new
        writer, atomic = shadow.writer[at], shadow.atomic[at]
        clash = self._unordered(machine, writer, shadow.write_epoch[at], thread) & changes
        if clash.any():
            clash &= ~self._published(machine, writer, shadow.write_fence[at], thread)
        swap = action == "atomic" and touch.site.text == "atomicCAS"
        if action == "atomic":
            clash &= ~atomic
        elif action == "load":
            clash &= ~shadow.swap[at]
        self._report(machine, touch, clash, writer, shadow.write_site[at], np.where(atomic, 2, 1))
        if action == "load":
            self._remember_readers(shadow, at, thread, machine.sanitizer.epoch[thread // WARP], touch.site.number)
            return
        for reader, epoch, sites in zip(shadow.reader, shadow.read_epoch, shadow.read_site, strict=True):
            clash = self._unordered(machine, reader[at], epoch[at], thread) & changes & (not swap)
            self._report(machine, touch, clash, reader[at], sites[at], np.zeros(at.size, int))
        shadow.turn[at] = np.arange(at.size)
        last = shadow.turn[at]  # of the lanes that reach an element, the one whose value stays
        if action == "store":
            clash = thread[last] != thread
            if touch.new is not None:
                clash &= touch.new != touch.new[last]
            here = np.full(at.size, touch.site.number)
            self._report(machine, touch, clash, thread[last], here, np.ones(at.size, int))
        shadow.writer[at], shadow.write_site[at] = thread, touch.site.number
        shadow.write_epoch[at] = machine.sanitizer.epoch[thread // WARP]
        shadow.write_fence[at] = self.fences[thread]
        shadow.atomic[at], shadow.swap[at] = action == "atomic", swap
        if action == "atomic":
            self.asked[thread // WARP] = True

    def _unordered(self, machine: Machine, other: np.ndarray, epoch: np.ndarray, thread: np.ndarray) -> np.ndarray:
        """Where an access of `other` in its `epoch` isn't ordered before one of `thread` now."""
        clash = (other != NOBODY) & (other != thread)
        if not clash.any():
            return clash
        sanitizer, width = machine.sanitizer, machine.wave.width
        warp, own = other // WARP, thread // WARP
        ordered = (epoch < sanitizer.block_epoch[warp]) | ((warp == own) & (epoch < sanitizer.epoch[own]))
        return clash & ~(ordered & (other // width == thread // width))

    def _published(self, machine: Machine, writer: np.ndarray, fence: np.ndarray, thread: np.ndarray) -> np.ndarray:
        """Where another block's write was followed by a fence, and this block has asked by an atomic since it began."""
        width = machine.wave.width
        asked = np.logical_or.reduce(self.asked.reshape(-1, width // WARP), axis=1)
        return (writer // width != thread // width) & (self.fences[writer] > fence) & asked[thread // width]

    def _remember_readers(
        self, shadow: Shadow, at: np.ndarray, thread: np.ndarray, epoch: np.ndarray, site: int
    ) -> None:
        """Keep the last reader, and one that isn't the same thread: another of this access, or the one before."""
        kept: tuple[np.ndarray, ...] = (shadow.reader, shadow.read_epoch, shadow.read_site)
        newer, older = ([array[k][at] for array in kept] for k in (0, 1))
        backwards = slice(None, None, -1)  # where lanes share an element the first one stays
        shadow.reader[1][at[backwards]], shadow.read_epoch[1][at[backwards]] = thread[backwards], epoch[backwards]
        shadow.reader[0][at], shadow.read_epoch[0][at] = thread, epoch
        shadow.read_site[:, at] = site
        last = shadow.reader[0][at]
        alone = shadow.reader[1][at] == last
        if alone.any():
            another = newer[0][alone] != last[alone]
            for k, array in enumerate(kept):
                array[1, at[alone]] = np.where(another, newer[k][alone], older[k][alone])

    def _report(
        self,
        machine: Machine,
        touch: Touch,
        clash: np.ndarray,
        other: np.ndarray,
        sites: np.ndarray,
        past: np.ndarray,
    ) -> None:
        """Tell of the entries that clash with what thread `other` did (`past`, of ACTIONS) at the place `sites`."""
        if not clash.any():
            return
        sanitizer, wave = machine.sanitizer, machine.wave
        for number in np.unique(sites[clash]).tolist():
            these = clash & (sites == number)
            first = int(np.argmax(these))
            earlier, lane = sanitizer.sites[number], int(touch.lanes[first])
            own, block = int(machine.number[lane]), int(other[first]) // wave.width
            whom = f"thread {place(int(other[first]) % wave.width, wave.block)}"
            did = DID[ACTIONS[int(past[first])]]
            at_once = number == touch.site.number and did == DID[touch.action]
            when = "at once" if at_once else f"in line {earlier.line}"
            epoch = f", in the same epoch ({int(sanitizer.epoch[own // WARP])})"
            if block != own // wave.width:
                whom, epoch = f"{whom} of block {place(block, wave.grid)}", ""
                mend = "nothing orders two blocks: use an atomic, or a second kernel"
            elif int(other[first]) // WARP == own // WARP:
                mend = "the two are of one warp, which needn't run in step: __syncwarp() between them"
            else:
                mend = "__syncthreads() between them"
            element = place_of(touch.buffer, int(touch.at[first]) % touch.buffer.length)
            sanitizer.add(
                "race",
                touch.site.line,
                f"{machine.name_of(lane)} {DOES[touch.action]} {element}, which {whom} {did} {when}{epoch}: {mend}",
                lines=(earlier.line, touch.site.line),
                count=int(these.sum()),
                about=touch.buffer.name,
            )
