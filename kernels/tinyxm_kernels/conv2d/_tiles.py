"""Winograd's tiles: from the pixels of an image to numbers at 36 points, and back.

Every tile and channel has a matrix of 6×6 points. All numbers of one point lie together, so that one matrix product per
point can take them: a row of an array (36, `pitch`), in it tile after tile, and of each tile channel after channel.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels._compiled import compiled
from tinyxm_kernels.conv2d._nested import nested


def matrices(points: Sequence[float], outputs: int, taps: int = 3) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Bᵀ, G and Aᵀ of F(outputs, taps), from outputs + taps − 2 points that all differ; formulas: winograd.py."""
    others = [[q for q in points if q != p] for p in points]
    to_points = [[*np.poly(rest)[::-1], 0] for rest in others] + [np.poly(points)[::-1]]
    scales = [np.prod([p - q for q in rest]) for p, rest in zip(points, others, strict=True)]
    weights = [[p**k / scale for k in range(taps)] for p, scale in zip(points, scales, strict=True)]
    output = [[p**k for p in points] + [k == outputs - 1] for k in range(outputs)]
    return np.array(to_points), np.array([*weights, [0.0] * (taps - 1) + [1.0]]), np.array(output, float)


INPUT, WEIGHTS, OUTPUT = matrices((0, 3 / 4, -3 / 4, 3 / 2, -3 / 2), outputs=4)
input_to_points, weights_to_points, points_to_output = nested(INPUT), nested(WEIGHTS), nested(OUTPUT)
gradient_to_points, points_to_weights = nested(OUTPUT.T), nested(WEIGHTS.T)


def pitch(numbers: int) -> int:
    """How far apart the points of so many numbers lie: never so that all 36 fall into the same sets of the cache."""
    return -(-numbers // 1024) * 1024 + 176


@compiled
def copy(source, start, target, to, count):
    source, target = source[start : start + count], target[to : to + count]
    for i in range(count):
        target[i] = source[i]


@compiled
def copy_window(x, image, top, left, size, window):
    """size × size pixels of an image of x (batch, height, width, channels), with zeros for those outside."""
    _, height, width, channels = x.shape
    before, after = max(0, -left) * channels, min(size, width - left) * channels
    for r in range(size):
        line = window[r * size * channels : (r + 1) * size * channels]
        for i in range(line.size):
            line[i] = 0
        if 0 <= top + r < height:
            start = ((image * height + top + r) * width + left) * channels
            copy(x.reshape(-1), start + before, line, before, after - before)


@compiled
def transform_input(x, tile, tiles, down, across, padding0, padding1, window, v):
    """Bᵀ D B of the tiles from `tile` on, of `down` × `across` in each image: v[point] has them tile after tile."""
    _, height, width, channels = x.shape
    far = v.shape[1]
    for t in range(tiles):
        image, place = divmod(tile + t, down * across)
        top, left = place // across * 4 - padding0, place % across * 4 - padding1
        if top >= 0 and left >= 0 and top + 6 <= height and left + 6 <= width:
            start = ((image * height + top) * width + left) * channels
            input_to_points(x, start, width * channels, channels, v, t * channels, 6 * far, far, channels)
        else:
            copy_window(x, image, top, left, 6, window)
            input_to_points(window, 0, 6 * channels, channels, v, t * channels, 6 * far, far, channels)


@compiled
def transform_output(m, tile, tiles, down, across, first, count, square, y):
    """Aᵀ M A of the tiles, into `count` channels of y (batch, rows, columns, channels); cut off at its edges."""
    _, rows, columns, channels = y.shape
    far = m.shape[1]
    for t in range(tiles):
        image, place = divmod(tile + t, down * across)
        top, left = place // across * 4, place % across * 4
        start = ((image * rows + top) * columns + left) * channels + first
        if top + 4 <= rows and left + 4 <= columns:
            points_to_output(m, t * count, 6 * far, far, y, start, columns * channels, channels, count)
        else:
            points_to_output(m, t * count, 6 * far, far, square, 0, 4 * count, count, count)
            for r in range(min(4, rows - top)):
                for q in range(min(4, columns - left)):
                    to = start + (r * columns + q) * channels
                    copy(square, (4 * r + q) * count, y.reshape(-1), to, count)


@compiled
def transform_gradient(g, tile, tiles, down, across, first, count, window, z):
    """A g Aᵀ of the tiles, `count` channels of g: z[point] in panels of channels, and in each panel tile after tile."""
    _, rows, columns, channels = g.shape
    panel, far = 64 // g.itemsize, z.shape[1]
    for t in range(tiles):
        image, place = divmod(tile + t, down * across)
        top, left = place // across * 4, place % across * 4
        inside = top + 4 <= rows and left + 4 <= columns
        if not inside:
            copy_window(g, image, top, left, 4, window)
        start = ((image * rows + top) * columns + left) * channels
        for o in range(0, count, panel):
            to, wide = o * tiles + t * panel, min(panel, count - o)
            if inside:
                gradient_to_points(g, start + first + o, columns * channels, channels, z, to, 6 * far, far, wide)
            else:
                gradient_to_points(window, first + o, 4 * channels, channels, z, to, 6 * far, far, wide)
