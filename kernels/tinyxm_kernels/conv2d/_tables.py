"""The tables of the implicit rung: where each pixel's patch begins, and where in a patch each tap and channel lies.

Blocks of pixels see blocks of the image, padded a few rows at a time; pixels fall into classes (`Residue`) that see the
same taps. All of it depends on the shapes alone, and is kept from call to call.
"""

from functools import lru_cache
from itertools import product
from math import prod
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels._compiled import compiled
from tinyxm_kernels._microkernel import copy_numbers, panel_width
from tinyxm_kernels.conv2d import Pair
from tinyxm_kernels.registry import Shape
from tinyxm_kernels.threads import get_threads

BLOCK_BYTES = 1 << 18  # of the source that one block of the result sees


class Residue(NamedTuple):
    """Along one axis: the pixels of the target first, first + step, ... and which taps they see where in the source.

    Pixel number p of them sees tap taps[i] at p · (step of the source) + offsets[i].
    """

    first: int
    size: int
    taps: list[int]
    offsets: list[int]


def forward_residues(size: int, window: int, padding: int, dilation: int) -> list[Residue]:
    return [Residue(0, size, list(range(window)), [i * dilation - padding for i in range(window)])]


def gradient_residues(size: int, window: int, stride: int, padding: int, dilation: int) -> list[Residue]:
    """x[h] was seen by tap i of g[p] where p·stride + i·dilation = h + padding."""
    residues = []
    for first in range(min(stride, size)):
        reached = [(i, first + padding - i * dilation) for i in range(window)]
        seen = [(i, distance // stride) for i, distance in reached if distance % stride == 0]
        residues.append(Residue(first, -(-(size - first) // stride), [i for i, _ in seen], [p for _, p in seen]))
    return residues


LAYOUT = np.dtype(
    [(name, np.int64) for name in (
        "batch", "height", "width", "channels",  # of the source
        "target_height", "target_width", "target_channels", "groups", "panel",  # panel: its columns
        "images", "rows", "columns", "blocks_down", "blocks_across",  # of one block of the target, and how many
        "step_down", "step_across", "target_down", "target_across",  # between pixels of a class
        "top", "left", "seen_down", "seen_across", "copies",  # what a block sees of the source, and whether padded
    )]
)  # fmt: skip
CLASS = np.dtype(
    [(name, np.int64) for name in ("down", "across", "depth", "target", "pixel", "tap", "packing", "panels")]
)  # fmt: skip


class Plan(NamedTuple):
    """All that depends on the shapes alone."""

    blocks: int  # how many pieces of work there are
    panels: int  # elements of all panels
    layout: NDArray[Any]
    classes: NDArray[Any]  # of pixels of the target: their number, the depth of their sums, where their entries begin
    pixels: NDArray[np.int32]  # where in the block's source each pixel's patch begins, class by class
    places: NDArray[np.int32]  # where in the target each pixel lies, from the block's first
    taps: NDArray[np.int32]  # where in a patch each tap and channel lies
    packing: NDArray[np.int64]  # which tap of the kernel that is


def planned(
    source: Shape, target: Shape, kernel: Shape, axes: Any, steps: tuple[Pair, Pair], groups: int, itemsize: int
) -> Plan:
    """`axes`: the residues of rows and of columns; `steps`: between pixels of a class, in the source, in the target."""
    (batch, height, width, channels), step, target_step = source, *steps
    grid = [max((residue.size for residue in axis), default=0) for axis in axes]
    offsets = [[at for residue in axis for at in residue.offsets] or [0] for axis in axes]
    low, high = [min(at) for at in offsets], [max(at) for at in offsets]
    block = block_sizes(batch, grid, prod(step) * channels * itemsize)
    seen = [(size - 1) * s + last - first + 1 for size, s, first, last in zip(block[1:], step, low, high, strict=True)]
    copies = any(
        first < 0 or (size - 1) * s + last >= limit
        for first, last, size, s, limit in zip(low, high, grid, step, (height, width), strict=True)
    )
    if not copies:
        seen = [height, width]
    blocks = [-(-size // max(1, part)) for size, part in zip((batch, *grid), block, strict=True)]
    columns = target[3] // groups
    panel = panel_width(itemsize, 1 if columns <= panel_width(itemsize, 1) else 2)

    classes = np.zeros(prod(map(len, axes)), CLASS)
    pixels: list[NDArray[Any]] = []
    places: list[NDArray[Any]] = []
    taps: list[NDArray[Any]] = []
    packing: list[int] = []
    panels = 0
    for place, (down, across) in zip(classes, product(*axes), strict=True):
        n, p, q = np.ogrid[: block[0], : min(block[1], down.size), : min(block[2], across.size)]
        i, j = (np.array(r.offsets, int) - first for r, first in zip((down, across), low, strict=True))
        seen_taps = (i[:, None, None] * seen[1] + j[:, None]) * channels + np.arange(channels // groups)
        place["down"], place["across"], place["depth"] = down.size, across.size, seen_taps.size
        place["target"] = (down.first * target[2] + across.first) * target[3]
        place["pixel"], place["tap"] = sum(a.size for a in pixels), sum(a.size for a in taps)
        place["packing"], place["panels"] = len(packing), panels
        pixels.append(((n * seen[0] + p * step[0]) * seen[1] + q * step[1]) * channels)
        places.append(((n * target[1] + p * target_step[0]) * target[2] + q * target_step[1]) * target[3])
        taps.append(seen_taps)
        packing += [i * kernel[1] + j for i, j in product(down.taps, across.taps)]
        panels += seen_taps.size * groups * -(-columns // panel) * panel
    layout = np.array(
        [(*source, *target[1:], groups, panel, *block, *blocks[1:], *step, *target_step, *low, *seen, copies)], LAYOUT
    )
    tables = [table(parts) for parts in (pixels, places, taps)]
    return Plan(prod(blocks), panels, layout, classes, tables[0], tables[1], tables[2], np.array(packing, np.int64))


def table(parts: list[NDArray[Any]]) -> NDArray[np.int32]:
    return np.concatenate([np.zeros(0, np.int64), *(part.ravel() for part in parts)]).astype(np.int32)


def block_sizes(batch: int, grid: list[int], bytes_per_pixel: int) -> Shape:
    """(images, rows, columns) of the result in one block: whole images, or whole rows of one, or a part of one row.

    At most BLOCK_BYTES of the source, and so small that each thread gets several.
    """
    pixels = batch * prod(grid)
    most = max(48, min(BLOCK_BYTES // max(1, bytes_per_pixel), pixels // (4 * get_threads())))
    image = max(1, prod(grid))
    if image <= most:
        return max(1, min(batch, most // image)), *grid
    if grid[1] <= most:
        return 1, -(-grid[0] // -(-grid[0] // (most // grid[1]))), grid[1]
    return 1, 1, -(-grid[1] // -(-grid[1] // most))


@lru_cache(maxsize=512)
def forward_plan(
    x: Shape, w: Shape, y: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int, itemsize: int, threads: int
) -> Plan:
    axes = [forward_residues(*sizes) for sizes in zip(y[1:3], w[:2], padding, dilation, strict=True)]
    return planned(x, y, w, axes, (stride, (1, 1)), groups, itemsize)


@lru_cache(maxsize=512)
def gradient_plan(
    g: Shape, w: Shape, x: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int, itemsize: int, threads: int
) -> Plan:
    axes = [gradient_residues(*sizes) for sizes in zip(x[1:3], w[:2], stride, padding, dilation, strict=True)]
    return planned(g, x, w, axes, ((1, 1), stride), groups, itemsize)


@compiled
def pad(source, one, n, top, left, images, padded):
    """Copy what a block sees, from row `top` and column `left` on, with zeros where that is outside the image."""
    channels, height, width, rows = one.channels, one.height, one.width, one.seen_down
    size = one.seen_across * channels
    first, last = max(0, -left) * channels, max(0, min(one.seen_across, width - left)) * channels
    for image in range(images):
        for row in range(rows):
            to = (image * rows + row) * size
            if top + row < 0 or top + row >= height or last <= first:
                padded[to : to + size] = 0
            else:
                at = (((n + image) * height + top + row) * width + left) * channels
                padded[to : to + first] = 0
                copy_numbers(source, at + first, padded, to + first, last - first)
                padded[to + last : to + size] = 0
