"""Winograd F(4×4, 3×3): a tile of 4×4 pixels by 36 multiplications where the plain sum takes 144.

What it adds: fewer multiplications, not faster ones. By a kernel of three taps, four neighbouring outputs are a product
of two polynomials (transposed, to be exact), and one of degree 5 is known by its values at six points: evaluate both
factors there, multiply value by value, interpolate. With the points p₀ ... p₄ and ∞ (the leading coefficient), d six
pixels and w three taps:

    y = Aᵀ [(G w) ⊙ (Bᵀ d)]

    G   evaluates the taps: row p is (1, p, p²) / Π_{q≠p} (p − q); row ∞ is (0, 0, 1)
    Bᵀ  row p holds the coefficients, lowest first, of Π_{q≠p} (t − q), over the other four; row ∞ those of all five
    Aᵀ  column p is (1, p, p², p³)ᵀ; column ∞ is (0, 0, 0, 1)ᵀ

In two dimensions it is nested, rows then columns: Y = Aᵀ [(G W Gᵀ) ⊙ (Bᵀ D B)] A, tiles of 6×6 pixels that overlap by
two. A channel's sum commutes with Aᵀ, so for each of the 36 points ⊙ becomes a matrix product, tiles × channels by
channels × out_channels, on the micro-kernel; the transforms are paid once for each pixel and channel.

Counted for each tile, C channels in, O out: 36 C O multiply-adds instead of 144 C O; 12 · 16 C for Bᵀ D B and 10 · 16 O
for Aᵀ M A, half as many again loads and stores: as much as the products where C = O = 10, a tenth of them at 100. Where
the image isn't a multiple of 4 high and wide, the last tiles are computed whole (14×14: 1.3 times the work).

Arithmetic intensity: the products of a block of T tiles do 72 T C O operations for 36 (T C + C O + T O) numbers, T as
large as lets the block stay in the second-level cache; 36 C O, the transformed weights, pass by once a block.

The input gradient is the same with the kernel flipped, its channels swapped, and padding 2 − p. The weight gradient is
the adjoint in w: ∂L/∂W = Gᵀ [Σ_tiles (A g Aᵀ) ⊙ (Bᵀ D B)] G, the same matrices, turned, and a sum over tiles.

Limits. Rounding: the transforms multiply by numbers of unlike size, and what they add cancels, so the points matter.
Lavin and Gray's 0, ±1, ±2, ∞ make matrices of small whole numbers; 0, ±3/4, ±3/2, ∞ cost the same and err a quarter as
much. Float32, the largest error as a share of the largest |y|, normal numbers: 0.9e-6 with 4 channels, 1.5e-6 with 64,
2.8e-6 with 256, where a plain sum errs by 0.2e-6, 0.6e-6 and 0.5e-6 (with the paper's points: 3e-6, 7e-6, 17e-6).

An infinity or a NaN in x makes NaN of each tile (4×4 pixels) that looks at it, also where the plain sum would have been
finite, or infinite; one in w, of all y in its channel. None is hidden, but they spread: to see where the first one
stands, choose another rung. Below some 16 channels the transforms outweigh what they save.

Sources: Winograd, "Arithmetic complexity of computations" (1980); Lavin and Gray, "Fast algorithms for convolutional
neural networks" (2016); on points, Barabasz and others, "Error analysis and improving the accuracy of Winograd
convolution for deep neural networks" (2020).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels._compiled import compiled, threaded
from tinyxm_kernels._microkernel import micro_kernel, pack_panels, panel_width
from tinyxm_kernels.conv2d import Pair
from tinyxm_kernels.conv2d._nested import nested
from tinyxm_kernels.registry import Shape, rung


def matrices(points: Sequence[float], outputs: int, taps: int = 3) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Bᵀ, G and Aᵀ of F(outputs, taps), by the formulas above, from outputs + taps − 2 points that all differ."""
    others = [[q for q in points if q != p] for p in points]
    to_points = [[*np.poly(rest)[::-1], 0] for rest in others] + [np.poly(points)[::-1]]
    weights = [
        [p**k / np.prod([p - q for q in rest]) for k in range(taps)] for p, rest in zip(points, others, strict=True)
    ]
    output = [[p**k for p in points] + [k == outputs - 1] for k in range(outputs)]
    return np.array(to_points), np.array([*weights, [0.0] * (taps - 1) + [1.0]]), np.array(output, float)


INPUT, WEIGHTS, OUTPUT = matrices((0, 3 / 4, -3 / 4, 3 / 2, -3 / 2), outputs=4)
POINTS = 36  # in two dimensions
BLOCK_BYTES = 1 << 19  # of a block of tiles, transformed: it stays in the second-level cache
ROWS, DEPTH, GROUP = 6, 256, 64  # of a micro-kernel's tile; of its sum; output channels of a block
full_tile, edge_tile = micro_kernel(ROWS), micro_kernel(ROWS, edge=True)
input_to_points, weights_to_points, points_to_output = nested(INPUT), nested(WEIGHTS), nested(OUTPUT)


def pitch(numbers: int) -> int:
    """How far apart matrices of so many numbers begin: never so that all 36 fall into the same sets of the cache."""
    return -(-numbers // 1024) * 1024 + 176


@compiled
def copy(source, start, target, to, count):
    source, target = source[start : start + count], target[to : to + count]
    for i in range(count):
        target[i] = source[i]


@compiled
def copy_window(x, image, top, left, size, window):
    """size × size pixels of an image (batch, height, width, channels), with zeros for those outside."""
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
    """Bᵀ D B of the tiles from `tile` on, `down` × `across` in each image: v[point][tile, channel]."""
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
def multiply(v, u, m, tiles, channels, first, count):
    """m[point][tile, out_channel] of `count` output channels from `first` on: v times u, point by point."""
    panel = 64 // v.itemsize
    for k in range(POINTS):
        for c in range(0, max(1, channels), DEPTH):  # one sum of nothing where there are none
            depth = min(DEPTH, channels - c)
            for j in range(0, count, panel):
                b, wide = k * u.shape[1] + (first + j) * channels + c * panel, min(panel, count - j)
                for i in range(0, tiles, ROWS):
                    a, to, high = (
                        k * v.shape[1] + i * channels + c,
                        k * m.shape[1] + i * count + j,
                        min(ROWS, tiles - i),
                    )
                    if high == ROWS and wide == panel:
                        full_tile(v, a, channels, 1, u, b, panel, m, to, count, depth, high, wide, c > 0)
                    else:
                        edge_tile(v, a, channels, 1, u, b, panel, m, to, count, depth, high, wide, c > 0)


@compiled
def transform_output(m, tile, tiles, down, across, first, count, square, y):
    """Aᵀ M A of the tiles, into y (batch, rows, columns, out_channels); what lies beyond its edges is left out."""
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


@threaded
def convolve(start, stop, x, u, y, padding0, padding1, step, v_pitch, m_pitch):
    """The tiles start ... stop of y, `step` at a time."""
    channels, out_channels = x.shape[3], y.shape[3]
    down, across = -(-y.shape[1] // 4), -(-y.shape[2] // 4)
    v, m = np.empty((POINTS, v_pitch), x.dtype), np.empty((POINTS, m_pitch), x.dtype)
    window, square = np.empty(36 * channels, x.dtype), np.empty(16 * GROUP, x.dtype)
    for tile in range(start, stop, step):
        tiles = min(step, stop - tile)
        transform_input(x, tile, tiles, down, across, padding0, padding1, window, v)
        for first in range(0, out_channels, GROUP):
            count = min(GROUP, out_channels - first)
            multiply(v, u, m, tiles, channels, first, count)
            transform_output(m, tile, tiles, down, across, first, count, square, y)


@threaded
def transform_weights(start, stop, w, first, tap, row, column, channels, out_channels, u):
    """G W Gᵀ, the panels start ... stop of u[point], each a panel's width of output channels, channel after channel.

    w is flat: tap (i, j) of channel c and output channel o is w[first + (3 i + j)·tap + c·row + o·column].
    """
    panel, depth, far = 64 // w.itemsize, 16, u.shape[1]
    size = depth * panel
    taps = np.zeros(9 * size, w.dtype)
    for p in range(start, stop):
        wide = min(panel, out_channels - p * panel)
        for c in range(0, channels, depth):
            deep = min(depth, channels - c)
            for k in range(9):
                there = first + k * tap + c * row + p * panel * column
                pack_panels(w, there, row, column, deep, wide, panel, taps[k * size : (k + 1) * size])
            weights_to_points(taps, 0, 3 * size, size, u, (p * channels + c) * panel, 6 * far, far, deep * panel)


def tiles_at_once(channels: int, itemsize: int) -> int:
    """How many tiles make a block: some 24 of 64 channels, and never so few that the weights' panels pass by idle."""
    fit = BLOCK_BYTES // (POINTS * (channels + GROUP) * itemsize)
    return max(12, min(48, fit // ROWS * ROWS))


def convolution(x: NDArray[Any], w: NDArray[Any], y_shape: Shape, padding: Pair, flipped: bool) -> NDArray[Any]:
    x, w, y = np.ascontiguousarray(x), np.ascontiguousarray(w), np.empty(y_shape, x.dtype)
    channels, out_channels, step = x.shape[3], y_shape[3], tiles_at_once(x.shape[3], x.itemsize)
    taps, panels = channels * out_channels, -(-out_channels // panel_width(x.itemsize))
    u = np.empty((POINTS, pitch(panels * panel_width(x.itemsize) * channels)), x.dtype)
    strides = (8 * taps, -taps, 1, channels) if flipped else (0, taps, out_channels, 1)
    transform_weights(panels, 150.0 * taps, w.reshape(-1), *strides, channels, out_channels, u)
    tiles = y_shape[0] * -(-y_shape[1] // 4) * -(-y_shape[2] // 4)
    convolve(tiles, 72.0 * tiles * taps, x, u, y, *padding, step, pitch(step * channels), pitch(step * GROUP))
    return y


def three_by_three(a: NDArray[Any], w: NDArray[Any], *settings: Any) -> bool:
    stride, _, dilation, groups = settings[-4:]
    return w.shape[:2] == (3, 3) and stride == dilation == (1, 1) and groups == 1


NEEDS = "kernels of 3×3, stride 1, dilation 1, groups 1"


@rung(backend="numba", accepts=three_by_three, needs=NEEDS)
def conv2d(x: NDArray[Any], w: NDArray[Any], stride: Pair, padding: Pair, dilation: Pair, groups: int) -> NDArray[Any]:
    rows, columns = (n + 2 * p - 2 for n, p in zip(x.shape[1:3], padding, strict=True))
    return convolution(x, w, (len(x), rows, columns, w.shape[3]), padding, flipped=False)


@rung(backend="numba", accepts=three_by_three, needs=NEEDS)
def conv2d_input_gradient(
    g: NDArray[Any], w: NDArray[Any], input_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> NDArray[Any]:
    return convolution(g, w, input_shape, (2 - padding[0], 2 - padding[1]), flipped=True)
