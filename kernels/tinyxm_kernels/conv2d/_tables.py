"""The tables of the implicit rung: where each pixel's patch begins, and where in a patch each tap and channel lies.

Blocks of pixels see blocks of the image, padded a few rows at a time. All of it depends on the shapes alone, and is
kept from call to call.

Along each axis the pixels of the target fall into classes (`Residue`) whose pixels see the same taps. Forward there is
one class. For the input gradient there is one for each remainder by the stride: x[h] was seen by tap i of g[p] where
p·stride + i·dilation = h + padding, so that only the remainder of h says which i are possible, and then p grows with h,
one by one. Each pair of classes, of rows and of columns, is a small dense convolution of its own.
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

BLOCK_BYTES = 1 << 19  # of the source that one block of the result sees: half of a second-level cache of 1 MiB


def addressable(x: Shape, w: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int) -> bool:
    """Whether the tables' int32 reach all that a block may see: at most all of x, or g, with padding around it."""
    seen = (n + max(2 * p, (k - 1) * d + 2) for n, k, p, d in zip(x[1:3], w[:2], padding, dilation, strict=True))
    return x[0] * prod(seen) * max(x[3], w[3]) < 1 << 31


ADDRESSABLE = "fewer than 2³¹ numbers, those of the padding counted"


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
    for first in range(min(stride, max(size, 1))):  # of nothing, one class without pixels
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
    [(name, np.int64) for name in (
        "down", "across", "depth",  # rows and columns of pixels, and the terms of each one's sum
        "target", "pixel", "tap", "span", "packing", "weights",  # where its first pixel lies, and its entries begin
    )]
)  # fmt: skip


class Plan(NamedTuple):
    """All that depends on the shapes alone."""

    blocks: int  # how many pieces of work there are
    groups: int
    pads: bool  # whether there are rows of padding to leave out
    weights: int  # rows of weights in all classes
    layout: NDArray[Any]
    classes: NDArray[Any]  # of pixels of the target
    pixels: NDArray[np.int32]  # where in the block's source each pixel's patch begins, class by class
    places: NDArray[np.int32]  # where in the target each pixel lies, from the block's first
    rows: NDArray[np.int32]  # in which row of the block each pixel lies
    taps: NDArray[np.int32]  # where in a patch each tap and channel lies
    spans: NDArray[np.int32]  # for each row of pixels the first of the taps that lie in the image, and past the last
    packing: NDArray[np.int32]  # which tap of the kernel that is


def planned(
    source: Shape,
    target: Shape,
    kernel: Shape,
    axes: list[list[Residue]],
    steps: tuple[Pair, Pair],
    groups: int,
    itemsize: int,
    threads: int,
) -> Plan:
    """`axes`: the residues of rows and of columns; `steps`: between pixels of a class, in the source, in the target."""
    (batch, height, width, channels), step, target_step = source, *steps
    grid = [max((residue.size for residue in axis), default=0) for axis in axes]
    offsets = [[at for residue in axis for at in residue.offsets] or [0] for axis in axes]
    low, high = [min(at) for at in offsets], [max(at) for at in offsets]
    block = block_sizes(batch, grid, prod(step) * channels * itemsize, threads)
    seen = [(size - 1) * s + last - first + 1 for size, s, first, last in zip(block[1:], step, low, high, strict=True)]
    copies = any(
        first < 0 or (size - 1) * s + last >= limit
        for first, last, size, s, limit in zip(low, high, grid, step, (height, width), strict=True)
    )
    if not copies:
        seen = [height, width]
    blocks = [-(-size // max(1, part)) for size, part in zip((batch, *grid), block, strict=True)]
    classes = np.zeros(prod(map(len, axes)), CLASS)
    tables: dict[str, list[NDArray[Any]]] = {name: [] for name in ("pixel", "place", "row", "tap", "span", "packing")}
    weights = 0
    for place, (down, across) in zip(classes, product(*axes), strict=True):
        n, p, q = np.ogrid[: block[0], : min(block[1], down.size), : min(block[2], across.size)]
        i, j = (np.array(r.offsets, int) - first for r, first in zip((down, across), low, strict=True))
        seen_taps = (i[:, None, None] * seen[1] + j[:, None]) * channels + np.arange(channels // groups)
        place["down"], place["across"], place["depth"] = down.size, across.size, seen_taps.size
        place["target"] = (down.first * target[2] + across.first) * target[3]
        for name in ("pixel", "tap", "span", "packing"):
            place[name] = sum(part.size for part in tables[name])
        place["weights"], weights = weights, weights + seen_taps.size
        tables["pixel"].append(((n * seen[0] + p * step[0]) * seen[1] + q * step[1]) * channels)
        tables["place"].append(((n * target[1] + p * target_step[0]) * target[2] + q * target_step[1]) * target[3])
        tables["row"].append(p + 0 * (n + q))
        tables["tap"].append(seen_taps)
        tables["span"].append(spans(down, step[0], height) * len(across.taps) * (channels // groups))
        tables["packing"].append(np.array([i * kernel[1] + j for i, j in product(down.taps, across.taps)], int))
    panel = panel_width(itemsize, 1 if target[3] // groups <= panel_width(itemsize, 1) else 2)
    values = *source, *target[1:], groups, panel, *block, *blocks[1:], *step, *target_step, *low, *seen, copies
    joined = [np.concatenate([part.ravel() for part in parts]).astype(np.int32) for parts in tables.values()]
    pads = any(np.any(part != [0, part.max()]) for part in tables["span"] if part.size)
    return Plan(prod(blocks), groups, pads, weights, np.array([values], LAYOUT), classes, *joined)


def spans(down: Residue, step: int, height: int) -> NDArray[np.int64]:
    """(rows of pixels, 2): the first tap of each that meets a row of the image, and the first after it that doesn't.

    Both only fall, or only grow, from row to row, also past rows that see padding alone, whose two are the same: what
    several rows see is what the first and the last of them see.
    """
    rows = np.arange(down.size)[:, None] * step + np.array(down.offsets, np.int64)
    falling = down.offsets[:1] > down.offsets[-1:]
    first = (rows >= height if falling else rows < 0).sum(axis=1)
    return np.stack([first, first + ((rows >= 0) & (rows < height)).sum(axis=1)], axis=1)


def block_sizes(batch: int, grid: list[int], bytes_per_pixel: int, threads: int) -> Shape:
    """(images, rows, columns) of the result in one block: whole images, or whole rows of one, or a part of one row.

    At most BLOCK_BYTES of the source, and so small that each thread gets several.
    """
    pixels = batch * prod(grid)
    most = max(48, min(BLOCK_BYTES // max(1, bytes_per_pixel), pixels // (4 * threads)))
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
    return planned(x, y, w, axes, (stride, (1, 1)), groups, itemsize, threads)


@lru_cache(maxsize=512)
def gradient_plan(
    g: Shape, w: Shape, x: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int, itemsize: int, threads: int
) -> Plan:
    axes = [gradient_residues(*sizes) for sizes in zip(x[1:3], w[:2], stride, padding, dilation, strict=True)]
    return planned(g, x, w, axes, ((1, 1), stride), groups, itemsize, threads)


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


@compiled
def seen_by(source, one, block, padded):
    """Where a block of the target begins, image, row and column, how many images it has, and what it sees of the
    source: the array, which is `padded` where there is padding, and where in it."""
    n = block // (one.blocks_down * one.blocks_across) * one.images
    p = block // one.blocks_across % one.blocks_down * one.rows
    q = block % one.blocks_across * one.columns
    images = min(one.images, one.batch - n)
    top, left = p * one.step_down + one.top, q * one.step_across + one.left
    if one.copies:
        pad(source, one, n, top, left, images, padded)
        return n, p, q, images, padded, 0
    return n, p, q, images, source, ((n * one.height + top) * one.width + left) * one.channels
