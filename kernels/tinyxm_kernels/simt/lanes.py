"""The threads of a launch as lanes of NumPy arrays, 32 to a warp, and masks: which of them take part in a statement.

A launch runs in waves of whole blocks, as many as fit some 30,000 lanes. Within a wave all warps of all blocks run in
lock-step: one statement for all lanes of the mask, then the next. (Hardware interleaves warps as it likes; a program
without races can't tell, and one with races is told so.) A block whose size is no multiple of 32 has idle lanes in its
last warp, as on hardware.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

WARP = 32
WAVE = 1 << 15  # lanes at a time: their arrays stay in the cache (measured: 4 times as fast as with 1 << 17)
Triple = tuple[int, int, int]


class Mask:
    """A set of lanes, never changed; `count` of them, and the numbers of warps derived when asked for."""

    __slots__ = ("_active", "_index", "_warps", "all", "count", "lanes")

    def __init__(self, lanes: np.ndarray, count: int | None = None) -> None:
        self.lanes = lanes
        self.count = int(np.count_nonzero(lanes)) if count is None else count
        self.all = self.count == lanes.size
        self._active: np.ndarray | None = None
        self._index: np.ndarray | None = None
        self._warps = -1

    @property
    def index(self) -> np.ndarray:
        """The numbers of the lanes."""
        if self._index is None:
            self._index = np.flatnonzero(self.lanes)
        return self._index

    @property
    def active(self) -> np.ndarray:
        """For each warp, whether any of its lanes takes part."""
        if self._active is None:
            self._active = np.any(self.lanes.reshape(-1, WARP), axis=1, keepdims=True)[:, 0]
        return self._active

    @property
    def warps(self) -> int:
        """How many warps take part: each issues the statement once."""
        if self._warps < 0:
            self._warps = int(np.count_nonzero(self.active))
        return self._warps

    def split(self, condition: Any) -> tuple[Mask | None, Mask | None]:
        """(lanes where the condition holds, the others); None for none, the mask itself for all."""
        if condition.ndim == 0:
            return (self, None) if condition else (None, self)
        yes = condition if self.all else self.lanes & condition
        count = int(np.count_nonzero(yes))
        if count == self.count:
            return self, None
        if count == 0:
            return None, self
        return Mask(yes, count), Mask(self.lanes & ~condition, self.count - count)


def union(first: Mask | None, second: Mask | None) -> Mask | None:
    """Of two masks that share no lane."""
    if first is None or second is None:
        return first or second
    return Mask(first.lanes | second.lanes, first.count + second.count)


def without(mask: Mask | None, other: Mask | None) -> Mask | None:
    """`mask` less the lanes of `other`."""
    if mask is None or other is None:
        return mask
    rest = mask.lanes & ~other.lanes
    return Mask(rest) if rest.any() else None


class Wave:
    """The blocks from `first` on that run together: their lanes' places in the grid."""

    def __init__(self, grid: Triple, block: Triple, first: int, blocks: int) -> None:
        self.grid, self.block, self.first, self.blocks = grid, block, first, blocks
        self.threads = prod(block)
        self.warps_per_block = -(-self.threads // WARP)
        self.width = self.warps_per_block * WARP  # lanes of a block
        self.size = blocks * self.width
        lane = np.arange(self.size)
        self.block_of = lane // self.width  # within the wave
        self.thread = lane % self.width  # within the block
        self.warp_of = lane // WARP
        self.mask = Mask(self.thread < self.threads)
        self.thread_index = tuple(_uniform(axis) for axis in _places(self.thread, block))
        self.block_index = tuple(_uniform(axis) for axis in _places(self.block_of + first, grid))

    @property
    def number(self) -> np.ndarray:
        """The launch-wide number of each lane's thread: block × lanes of a block + thread."""
        return np.arange(self.size) + self.first * self.width


def waves(grid: Triple, block: Triple) -> list[Wave]:
    at_once = max(1, WAVE // (-(-prod(block) // WARP) * WARP))
    total = prod(grid)
    return [Wave(grid, block, first, min(at_once, total - first)) for first in range(0, total, at_once)]


def place(number: int, sizes: Triple) -> Triple:
    """(x, y, z) of a thread in its block, or of a block in its grid, by its number."""
    return number % sizes[0], number // sizes[0] % sizes[1], number // (sizes[0] * sizes[1])


def _places(number: np.ndarray, sizes: Triple) -> tuple[np.ndarray, ...]:
    x, y, _ = sizes
    return tuple(axis.astype(np.uint32) for axis in (number % x, number // x % y, number // (x * y)))


def _uniform(axis: np.ndarray) -> Any:
    """One number in place of as many equal ones: an axis of length 1 costs nothing then."""
    return axis[0] if not axis.size or (axis == axis[0]).all() else axis
