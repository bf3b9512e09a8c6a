"""What each line would ask of the hardware: a model, counted on the source as it is written.

Per access of a warp (a *request*): in global memory the sectors of 32 bytes that its lanes touch, in shared memory the
passes it takes to serve them from 32 banks of 4 bytes (lanes that read one word share it; two words of one bank take
two passes; 8 and 16 bytes per lane go by half and quarter warps), for atomics how many more rounds the busiest element
costs. Beside each stands the fewest that the same data could do with. (CUDA C++ Best Practices Guide, "Coalesced Access
to Global Memory" and "Shared Memory and Memory Banks".)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyxm_kernels.simt.lanes import WARP, Mask
from tinyxm_kernels.simt.memory import Buffer, Site

SECTOR = 32  # bytes
BANKS, WORD = 32, 4
NOT_MODELLED = (
    "time: no clock, no latency, no overlap of memory and arithmetic",
    "caches: every sector counts, also where L1 or L2 would have it",
    "the compiler: loads that it would merge or keep in registers count each time the source has them",
    "the order of warps: all run in step, so only the race finder, not the numbers, shows what order could change",
    "tensor cores, texture and constant caches, memory beyond the card",
)


@dataclass
class Access:
    """The requests of one place in the source."""

    column: int
    space: str
    operation: str
    array: str
    requests: int = 0
    lanes: int = 0
    bytes: int = 0
    transactions: int = 0
    ideal: int = 0
    conflicts: int = 0


@dataclass
class Line:
    """What the statements of one line did."""

    executions: int = 0  # by warps
    lanes: int = 0
    branches: int = 0
    divergent: int = 0
    flops: int = 0


class Counters:
    """Counts of a launch, by line and by place."""

    def __init__(self) -> None:
        self.lines: dict[int, Line] = {}
        self.accesses: dict[tuple[int, str, str], Access] = {}
        self.access_lines: dict[tuple[int, str, str], int] = {}

    def line(self, number: int) -> Line:
        if number not in self.lines:
            self.lines[number] = Line()
        return self.lines[number]

    def statement(self, line: int, mask: Mask) -> None:
        counted = self.line(line)
        counted.executions += mask.warps
        counted.lanes += mask.count

    def branch(self, line: int, mask: Mask, yes: Mask | None, no: Mask | None) -> None:
        counted = self.line(line)
        counted.branches += mask.warps
        if yes is not None and no is not None:
            counted.divergent += int(np.count_nonzero(yes.active & no.active))

    def access(self, site: Site, buffer: Buffer, offsets: np.ndarray, size: int, mask: Mask, operation: str) -> None:
        """Count one access of `size` bytes a lane, at `offsets` within the array."""
        key = (site.number, operation, buffer.name)
        if key not in self.accesses:
            self.accesses[key] = Access(site.column, buffer.space, operation, buffer.name)
            self.access_lines[key] = site.line
        counted = self.accesses[key]
        requests, transactions, ideal, conflicts = measure(buffer, offsets, size, mask, operation)
        counted.requests += requests
        counted.lanes += mask.count
        counted.bytes += mask.count * size
        counted.transactions += transactions
        counted.ideal += ideal
        counted.conflicts += conflicts

    def by_line(self, source: list[str]) -> list[dict[str, Any]]:
        """One dictionary for each line that did anything, as `Run.lines` gives them."""
        numbers = sorted({*self.lines, *self.access_lines.values()})
        told = []
        for number in numbers:
            line = self.lines.get(number, Line())
            accesses = [access for key, access in self.accesses.items() if self.access_lines[key] == number]
            told.append(
                {
                    "line": number,
                    "source": source[number - 1].strip() if 0 < number <= len(source) else "",
                    "executions": line.executions,
                    "active_lanes": round(line.lanes / line.executions, 3) if line.executions else 0.0,
                    "branches": line.branches,
                    "divergent": line.divergent,
                    "flops": line.flops,
                    "accesses": [vars(access) for access in sorted(accesses, key=lambda a: (a.column, a.operation))],
                }
            )
        return told

    def totals(self) -> dict[str, Any]:
        lines, accesses = self.lines.values(), self.accesses.values()
        executions = sum(line.executions for line in lines)
        flops = sum(line.flops for line in lines)
        of = {space: [access for access in accesses if access.space == space] for space in ("global", "shared")}
        sectors = sum(access.transactions for access in of["global"])
        return {
            "flops": flops,
            "global_bytes": sum(access.bytes for access in of["global"]),
            "sectors": sectors,
            "ideal_sectors": sum(access.ideal for access in of["global"]),
            "shared_passes": sum(access.transactions for access in of["shared"]),
            "ideal_passes": sum(access.ideal for access in of["shared"]),
            "conflicts": sum(access.conflicts for access in accesses),
            "intensity": round(flops / (sectors * SECTOR), 4) if sectors else None,
            "active_lanes": round(sum(line.lanes for line in lines) / executions, 3) if executions else 0.0,
            "branches": sum(line.branches for line in lines),
            "divergent": sum(line.divergent for line in lines),
        }


def measure(buffer: Buffer, offsets: np.ndarray, size: int, mask: Mask, operation: str) -> tuple[int, int, int, int]:
    """(requests, transactions, ideal, conflicts) of one access by the lanes of the mask."""
    start = offsets * buffer.element.itemsize  # bytes
    table = _by_warp(start, mask)
    if buffer.space == "shared":
        transactions, ideal = _passes(table, size)
    else:
        transactions, ideal = _sectors(table, size)
    return len(table), transactions, ideal, _rounds(table) if operation == "atomic" else 0


def _by_warp(start: np.ndarray, mask: Mask) -> np.ndarray:
    """A row for each warp that takes part, -1 for lanes that don't."""
    if mask.all:
        return start.reshape(-1, WARP)
    table = np.full(mask.lanes.size, -1, np.int64)
    table[mask.index] = start
    return table.reshape(-1, WARP)[mask.active]


def _distinct(rows: np.ndarray) -> np.ndarray:
    """Which entries of each sorted row are the first of their kind; negative ones are none."""
    new = np.empty(rows.shape, bool)
    new[:, 0] = True
    np.not_equal(rows[:, 1:], rows[:, :-1], out=new[:, 1:])
    new &= rows >= 0
    return new


def _parts(table: np.ndarray, size: int, unit: int) -> np.ndarray:
    """The units of `unit` bytes that each lane touches, sorted along each row."""
    first = np.where(table < 0, -1, table // unit)
    spans = [np.where(table < 0, -1, (table + extra) // unit) for extra in range(unit, size, unit)]
    rows = np.concatenate([first, *spans], axis=1) if spans else first
    rows.sort(axis=1)
    return rows


def _sectors(table: np.ndarray, size: int) -> tuple[int, int]:
    granule = min(size, WORD)
    pieces = _parts(table, size, granule)
    distinct = _distinct(pieces)
    sectors = _distinct(np.where(pieces < 0, -1, pieces // (SECTOR // granule)))
    needed = distinct.sum(axis=1) * granule
    return int(np.count_nonzero(sectors)), int((-(-needed // SECTOR)).sum())


def _passes(table: np.ndarray, size: int) -> tuple[int, int]:
    if size == 3 * WORD:  # is kept, and fetched, as three numbers
        each = [_passes(np.where(table < 0, -1, table + part * WORD), WORD) for part in range(3)]
        return sum(passes for passes, _ in each), sum(ideal for _, ideal in each)
    group = WARP if size <= WORD else WARP * WORD // size
    rows = table.reshape(-1, group)
    rows = rows[(rows >= 0).any(axis=1)]
    words = _parts(rows, size, WORD)
    distinct = _distinct(words)
    which = np.nonzero(distinct)
    load = np.bincount(which[0] * BANKS + words[which] % BANKS, minlength=len(rows) * BANKS).reshape(-1, BANKS)
    return int(load.max(axis=1).sum()), int((-(-distinct.sum(axis=1) // BANKS)).sum())


def _rounds(table: np.ndarray) -> int:
    """How many more rounds than one the element costs that most lanes of a warp update."""
    rows = np.sort(table, axis=1)
    new = _distinct(rows)
    run = np.cumsum(new, axis=1) + np.arange(len(rows))[:, None] * (WARP + 1)
    counts = np.bincount(run[rows >= 0].ravel(), minlength=len(rows) * (WARP + 1)).reshape(len(rows), -1)
    return int((counts.max(axis=1) - 1).sum())
