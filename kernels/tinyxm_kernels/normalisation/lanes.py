"""Statistics of channels, for batch and group normalisation, a block of positions at a time in the cache.

What it adds: a channel's numbers lie apart in memory, so NumPy adds row to row, in passes over all of memory for the
mean, the centred squares and each operation of the result. Here mean and squares of a block are taken while it is in
the cache, and blocks are put together by their means (Chan, Golub and LeVeque 1979): memory is read once for the
statistics, once for the result. Few channels don't fill a vector, so rows are taken several at a time: `width` numbers,
a multiple of the channels, go to as many lanes, and the lanes of a channel are added in the end.

Arithmetic intensity: statistics do four operations on 4 bytes read (float32), the result three on 8 bytes, so memory is
the limit. Blocks are the same on any number of threads, and so are the bits. Limits: what is combined from blocks is
NumPy's, some tens of microseconds; a sample of few positions fills no block.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels._compiled import compiled, flat, threaded
from tinyxm_kernels.registry import rung

Array = NDArray[Any]
BLOCK = 16384  # numbers: 64 KiB of float32, which the second-level cache holds beside its result
LANES = 256


@compiled(inline="always")
def part_of(x, index, blocks, length):
    """The numbers of block `index`, counted through all samples, of x (samples, positions · channels)."""
    first = index % blocks * length
    return x[index // blocks, first : min(first + length, x.shape[1])]


@compiled(inline="always")
def tile(row, lanes):
    for j in range(0, lanes.size, row.size):
        some = lanes[j : j + row.size]
        for k in range(some.size):
            some[k] = row[k]


@compiled(inline="always")
def fold(lanes, row, factor):
    """row ← factor · the sum of each channel's lanes, which are then 0 again."""
    row[:] = 0
    for j in range(0, lanes.size, row.size):
        some = lanes[j : j + row.size]
        for k in range(some.size):
            row[k] += factor * some[k]
    lanes[:] = 0


@threaded
def moments(start, stop, x, width, length, means, squares):
    """means and squares (samples, blocks, channels): of each block the mean, and Σ (x − mean)²."""
    one, blocks, channels = x.dtype.type(1), means.shape[1], means.shape[2]
    lanes, centre = np.zeros(width, x.dtype), np.empty(width, x.dtype)
    for index in range(start, stop):
        part, mean = part_of(x, index, blocks, length), means[index // blocks, index % blocks]
        for t in range(0, part.size, width):
            p = part[t : t + width]
            for i in range(p.size):
                lanes[i] += p[i]
        fold(lanes, mean, one / x.dtype.type(part.size // channels))
        tile(mean, centre)
        for t in range(0, part.size, width):
            p = part[t : t + width]
            for i in range(p.size):
                lanes[i] += (p[i] - centre[i]) * (p[i] - centre[i])
        fold(lanes, squares[index // blocks, index % blocks], one)


@threaded
def scale_and_shift(start, stop, x, width, length, blocks, mean, factor, shift, y):
    """y = (x − mean) · factor + shift, these (samples, channels)."""
    centre, slope, level = np.empty(width, x.dtype), np.empty(width, x.dtype), np.empty(width, x.dtype)
    for index in range(start, stop):
        sample = index // blocks
        tile(mean[sample], centre)
        tile(factor[sample], slope)
        tile(shift[sample], level)
        part, result = part_of(x, index, blocks, length), part_of(y, index, blocks, length)
        for t in range(0, part.size, width):
            p, q = part[t : t + width], result[t : t + width]
            for i in range(p.size):
                q[i] = (p[i] - centre[i]) * slope[i] + level[i]


@threaded
def add_up(start, stop, g, x, width, length, mean, plain, along):
    """plain and along (samples, blocks, channels): of each block Σ g and Σ g (x − mean)."""
    one, blocks = x.dtype.type(1), plain.shape[1]
    sums, products, centre = np.zeros(width, x.dtype), np.zeros(width, x.dtype), np.empty(width, x.dtype)
    for index in range(start, stop):
        sample, block = index // blocks, index % blocks
        tile(mean[sample], centre)
        part, gradient = part_of(x, index, blocks, length), part_of(g, index, blocks, length)
        for t in range(0, part.size, width):
            p, q = part[t : t + width], gradient[t : t + width]
            for i in range(p.size):
                sums[i] += q[i]
                products[i] += q[i] * (p[i] - centre[i])
        fold(sums, plain[sample, block], one)
        fold(products, along[sample, block], one)


@threaded
def carry_back(start, stop, g, x, width, length, blocks, mean, factor, share, slope, g_x):
    """g_x = factor · g − share − slope · (x − mean), these (samples, channels)."""
    centre, scale = np.empty(width, x.dtype), np.empty(width, x.dtype)
    shares, slopes = np.empty(width, x.dtype), np.empty(width, x.dtype)
    for index in range(start, stop):
        sample = index // blocks
        tile(mean[sample], centre)
        tile(factor[sample], scale)
        tile(share[sample], shares)
        tile(slope[sample], slopes)
        part, gradient = part_of(x, index, blocks, length), part_of(g, index, blocks, length)
        result = part_of(g_x, index, blocks, length)
        for t in range(0, part.size, width):
            p, q, r = part[t : t + width], gradient[t : t + width], result[t : t + width]
            for i in range(p.size):
                r[i] = scale[i] * q[i] - shares[i] - slopes[i] * (p[i] - centre[i])


def _layout(x: Array) -> tuple[int, int, int]:
    """How many numbers are taken together, how many are in a block, and how many blocks are in a sample."""
    width = x.shape[2] * max(1, LANES // max(1, x.shape[2]))
    length = width * max(1, BLOCK // max(1, width))
    return width, length, -(-x.shape[1] * x.shape[2] // max(1, length))


def _by_sample(x: Array) -> Array:
    return flat(x).reshape(len(x), x.shape[1] * x.shape[2])


def _of_groups(x: Array, groups: int) -> Array:
    """As (..., groups, channels of a group)."""
    return x.reshape(*x.shape[:-1], groups, x.shape[-1] // groups)


def _of_channels(x: Array, like: Array) -> Array:
    """Each group's number for each of its channels: (samples, channels), in the dtype of `like`."""
    return np.repeat(x, like.shape[2] // max(1, x.shape[1]), axis=1).astype(like.dtype, copy=False)


@rung(backend="numba")
def group_statistics(x: Array, groups: int) -> Array:
    (samples, positions, channels), (width, length, blocks) = x.shape, _layout(x)
    means, squares = np.empty((2, samples, blocks, channels), x.dtype)
    moments(samples * blocks, 4 * x.size, _by_sample(x), width, length, means, squares)
    rows = np.full((blocks, 1, 1), length // max(1, channels))
    rows[-1:] = positions - (blocks - 1) * (length // max(1, channels))
    count, means = positions * (channels // groups), _of_groups(means.astype(np.float64), groups)
    mean = (rows * means).sum(axis=(1, 3)) / count
    between = (rows * np.square(means - mean[:, None, :, None])).sum(axis=(1, 3))
    within = _of_groups(squares, groups).sum(axis=(1, 3), dtype=np.float64)
    return np.stack([mean, (within + between) / count]).astype(x.dtype)


@rung(backend="numba")
def group_norm(x: Array, scale: Array, shift: Array, statistics: Array, eps: float) -> Array:
    (width, length, blocks), y = _layout(x), np.empty(x.shape, x.dtype)
    mean, variance = statistics
    factor = scale * _of_channels(1 / np.sqrt(variance + eps), x)
    shifts = np.broadcast_to(shift, factor.shape).copy()
    scale_and_shift(
        len(x) * blocks, 3 * x.size, _by_sample(x), width, length, blocks,
        _of_channels(mean, x), factor, shifts, _by_sample(y),
    )  # fmt: skip
    return y


@rung(backend="numba")
def group_norm_gradients(g: Array, x: Array, scale: Array, statistics: Array, eps: float) -> tuple[Array, Array, Array]:
    (width, length, blocks), g_x, groups = _layout(x), np.empty(x.shape, x.dtype), statistics.shape[2]
    mean, inverse = _of_channels(statistics[0], x), 1 / np.sqrt(statistics[1].astype(np.float64) + eps)
    sums = np.empty((2, len(x), blocks, x.shape[2]), x.dtype)
    gradients, numbers = _by_sample(g), _by_sample(x)
    add_up(len(x) * blocks, 4 * x.size, gradients, numbers, width, length, mean, *sums)
    plain, along = sums.sum(axis=2, dtype=np.float64)
    by_channel = np.repeat(inverse, x.shape[2] // groups, axis=1)
    along *= by_channel
    count = x.shape[1] * (x.shape[2] // groups)
    share = inverse * _of_groups(plain * scale, groups).sum(axis=2) / count
    slope = np.square(inverse) * _of_groups(along * scale, groups).sum(axis=2) / count
    factor = (by_channel * scale).astype(x.dtype)
    carry_back(
        len(x) * blocks, 5 * x.size, gradients, numbers, width, length, blocks,
        mean, factor, _of_channels(share, x), _of_channels(slope, x), _by_sample(g_x),
    )  # fmt: skip
    return g_x, along.sum(axis=0).astype(x.dtype), plain.sum(axis=0).astype(x.dtype)
