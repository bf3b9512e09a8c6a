"""Statistics of channels, for batch and group normalisation, a block of positions at a time in the cache.

What it adds: a channel's numbers lie apart in memory, so NumPy adds row to row, in passes over all of memory for the
mean, the centred squares and each operation of the result. Here mean and squares of a block are taken while it is in
the cache, and blocks are put together by their means (Chan, Golub and LeVeque 1979): memory is read once for the
statistics, once for the result. Few channels don't fill a vector, so rows are taken several at a time: `width` numbers,
a multiple of the channels, go to as many lanes, four times `width` before these are stored again, and the lanes of a
channel are added in the end.

Arithmetic intensity: statistics do four operations on 4 bytes read (float32), the result three on 8 bytes, so memory is
the limit. Blocks are the same on any number of threads, and so are the bits. Limits: a sample of few positions fills
no block.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels._compiled import compiled, flat, threaded
from tinyxm_kernels.registry import rung

Array = NDArray[Any]
BLOCK = 8192  # numbers: 32 KiB of float32, which are read twice
LANES = 256


@compiled(inline="always")
def part_of(x, index, blocks, length):
    """The numbers of block `index`, counted through all samples, of x (samples, positions · channels)."""
    first = index % blocks * length
    return x[index // blocks, first : min(first + length, x.shape[1])]


@compiled(inline="always")
def rows_of(part, t, width):
    """Four neighbouring rows of `width` numbers."""
    return (
        part[t : t + width],
        part[t + width : t + 2 * width],
        part[t + 2 * width : t + 3 * width],
        part[t + 3 * width :],
    )


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
        whole = part.size // (4 * width) * 4 * width
        for t in range(0, whole, 4 * width):
            a, b, c, d = rows_of(part, t, width)
            for i in range(lanes.size):
                lanes[i] += (a[i] + b[i]) + (c[i] + d[i])
        for t in range(whole, part.size, width):
            a = part[t : t + width]
            for i in range(a.size):
                lanes[i] += a[i]
        fold(lanes, mean, one / x.dtype.type(part.size // channels))
        tile(mean, centre)
        for t in range(0, whole, 4 * width):
            a, b, c, d = rows_of(part, t, width)
            for i in range(lanes.size):
                m = centre[i]
                lanes[i] += ((a[i] - m) * (a[i] - m) + (b[i] - m) * (b[i] - m)) + (
                    (c[i] - m) * (c[i] - m) + (d[i] - m) * (d[i] - m)
                )
        for t in range(whole, part.size, width):
            a = part[t : t + width]
            for i in range(a.size):
                lanes[i] += (a[i] - centre[i]) * (a[i] - centre[i])
        fold(lanes, squares[index // blocks, index % blocks], one)


@compiled
def put_together(means, squares, rows, last, statistics):
    """Mean and variance (2, samples, groups) from those of blocks, of `rows` positions each but the `last`."""
    samples, blocks, channels = means.shape
    each = channels // statistics.shape[2]
    count = float((rows * (blocks - 1) + last) * each)
    totals, centre = np.empty(channels), np.empty(channels)
    for n in range(samples):
        totals[:] = 0
        for b in range(blocks):
            mean, part = means[n, b], float(rows if b + 1 < blocks else last)
            for c in range(mean.size):
                totals[c] += part * mean[c]
        for group in range(statistics.shape[2]):
            middle = totals[group * each : (group + 1) * each].sum() / count
            statistics[0, n, group] = middle
            centre[group * each : (group + 1) * each] = middle
        totals[:] = 0
        for b in range(blocks):
            mean, square, part = means[n, b], squares[n, b], float(rows if b + 1 < blocks else last)
            for c in range(mean.size):
                totals[c] += square[c] + part * ((mean[c] - centre[c]) * (mean[c] - centre[c]))
        for group in range(statistics.shape[2]):
            statistics[1, n, group] = totals[group * each : (group + 1) * each].sum() / count


@threaded
def scale_and_shift(start, stop, x, width, length, blocks, statistics, scale, shift, eps, y):
    centre, slope, level = np.empty(width, x.dtype), np.empty(width, x.dtype), np.empty(width, x.dtype)
    each, held = scale.size // statistics.shape[2], -1
    tile(shift, level)
    for index in range(start, stop):
        sample = index // blocks
        if sample != held:
            held = sample
            for group in range(statistics.shape[2]):
                inverse = 1 / np.sqrt(statistics[1, sample, group] + eps)
                for c in range(group * each, (group + 1) * each):
                    centre[c], slope[c] = statistics[0, sample, group], scale[c] * inverse
            for j in range(scale.size, width):
                centre[j], slope[j] = centre[j - scale.size], slope[j - scale.size]
        part, result = part_of(x, index, blocks, length), part_of(y, index, blocks, length)
        for t in range(0, part.size, width):
            p, q = part[t : t + width], result[t : t + width]
            for i in range(p.size):
                q[i] = (p[i] - centre[i]) * slope[i] + level[i]


@threaded
def add_up(start, stop, g, x, width, length, mean, plain, along):
    """plain and along (samples, blocks, channels): of each block Σ g and Σ g (x − mean), mean (samples, channels)."""
    one, blocks = x.dtype.type(1), plain.shape[1]
    sums, products, centre = np.zeros(width, x.dtype), np.zeros(width, x.dtype), np.empty(width, x.dtype)
    for index in range(start, stop):
        sample, block = index // blocks, index % blocks
        tile(mean[sample], centre)
        part, gradient = part_of(x, index, blocks, length), part_of(g, index, blocks, length)
        whole = part.size // (4 * width) * 4 * width
        for t in range(0, whole, 4 * width):
            (a, b, c, d), (e, f, h, k) = rows_of(part, t, width), rows_of(gradient, t, width)
            for i in range(sums.size):
                m = centre[i]
                sums[i] += (e[i] + f[i]) + (h[i] + k[i])
                products[i] += (e[i] * (a[i] - m) + f[i] * (b[i] - m)) + (h[i] * (c[i] - m) + k[i] * (d[i] - m))
        for t in range(whole, part.size, width):
            p, q = part[t : t + width], gradient[t : t + width]
            for i in range(p.size):
                sums[i] += q[i]
                products[i] += q[i] * (p[i] - centre[i])
        fold(sums, plain[sample, block], one)
        fold(products, along[sample, block], one)


@compiled
def slopes(plain, along, statistics, scale, eps, count, factor, share, slope, g_scale, g_shift):
    """What `carry_back` takes, (samples, channels), and both parameters' gradients, which begin as zeros, from the sums
    of blocks; `count` numbers are in a group."""
    samples, blocks, channels = plain.shape
    each = channels // statistics.shape[2]
    sums, products = np.empty(channels), np.empty(channels)
    for n in range(samples):
        sums[:] = 0
        products[:] = 0
        for b in range(blocks):
            some, others = plain[n, b], along[n, b]
            for c in range(some.size):
                sums[c] += some[c]
                products[c] += others[c]
        for group in range(statistics.shape[2]):
            inverse, level, tilt = 1 / np.sqrt(statistics[1, n, group] + eps), 0.0, 0.0
            for c in range(group * each, (group + 1) * each):
                g_shift[c] += sums[c]
                g_scale[c] += products[c] * inverse
                level += sums[c] * scale[c]
                tilt += products[c] * inverse * scale[c]
                factor[n, c] = inverse * scale[c]
            share[n, group * each : (group + 1) * each] = inverse * level / count
            slope[n, group * each : (group + 1) * each] = inverse * inverse * tilt / count


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


@rung(backend="numba")
def group_statistics(x: Array, groups: int) -> Array:
    (samples, positions, channels), (width, length, blocks) = x.shape, _layout(x)
    means, squares = np.empty((2, samples, blocks, channels), x.dtype)
    moments(samples * blocks, 4 * x.size, _by_sample(x), width, length, means, squares)
    both, rows = np.empty((2, samples, groups), means.dtype), length // max(1, channels)
    put_together(means, squares, rows, positions - (blocks - 1) * rows, both)
    return both


@rung(backend="numba")
def group_norm(x: Array, scale: Array, shift: Array, statistics: Array, eps: float) -> Array:
    (width, length, blocks), y = _layout(x), np.empty(x.shape, x.dtype)
    parameters = flat(statistics).reshape(statistics.shape), flat(scale), flat(shift)
    scale_and_shift(
        len(x) * blocks, 3 * x.size, _by_sample(x), width, length, blocks, *parameters, float(eps), _by_sample(y)
    )
    return y


@rung(backend="numba")
def group_norm_gradients(g: Array, x: Array, scale: Array, statistics: Array, eps: float) -> tuple[Array, Array, Array]:
    (samples, positions, channels), (width, length, blocks) = x.shape, _layout(x)
    g_x, each = np.empty(x.shape, x.dtype), channels // statistics.shape[2]
    gradients, numbers = _by_sample(g), _by_sample(x)
    mean = np.repeat(statistics[0], each, axis=1)
    sums = np.empty((2, samples, blocks, channels), x.dtype)
    add_up(samples * blocks, 4 * x.size, gradients, numbers, width, length, mean, *sums)
    coefficients, (g_scale, g_shift) = np.empty((3, samples, channels), x.dtype), np.zeros((2, channels))
    statistics = flat(statistics).reshape(statistics.shape)
    slopes(*sums, statistics, flat(scale), float(eps), float(positions * each), *coefficients, g_scale, g_shift)
    carry_back(
        samples * blocks, 5 * x.size, gradients, numbers, width, length, blocks, mean, *coefficients, _by_sample(g_x)
    )
    return g_x, g_scale.astype(x.dtype), g_shift.astype(x.dtype)
