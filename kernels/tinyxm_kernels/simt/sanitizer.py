"""What a kernel may not do, found while it runs: what `compute-sanitizer` finds on a device, and on which line.

Here are the findings, and the checks of one access or barrier by itself; `races` has those of two accesses.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from tinyxm_kernels.simt.lanes import Mask, Wave, place
from tinyxm_kernels.simt.memory import Buffer, Site, place_of

if TYPE_CHECKING:
    from tinyxm_kernels.simt.machine import Machine

DOES = {"load": "reads", "store": "writes", "atomic": "updates"}


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


class Sanitizer:
    """Collects the findings of a launch of so many warps, and counts the epochs of each: a barrier begins a new one."""

    def __init__(self, sites: list[Site], warps: int) -> None:
        self.findings: dict[tuple[Any, ...], Finding] = {}
        self.sites = sites
        self.epoch = np.zeros(warps, np.int32)
        self.block_epoch = np.zeros(warps, np.int32)  # a warp's epoch at its block's last barrier

    def add(
        self, kind: str, line: int, message: str, lines: tuple[int, ...] = (), count: int = 1, about: str = ""
    ) -> None:
        """A finding, or one more of the same kind on the same lines about the same array."""
        key = (kind, line, about, *lines)
        if key in self.findings:
            self.findings[key].count += count
        else:
            self.findings[key] = Finding(kind, line, message, count, list(lines or (line,)))

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
            about=buffer.name,
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
            about=buffer.name,
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
                about=buffer.name,
            )
