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
the adjoint in w, ∂L/∂W = Gᵀ [Σ_tiles (A g Aᵀ) ⊙ (Bᵀ D B)] G: the same matrices, turned; the products' sum runs over
tiles. There threads may sum their parts of the tiles apart, so that its last bit depends on how many threads there are.

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

from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm_kernels._compiled import compiled, flat, threaded
from tinyxm_kernels._microkernel import micro_kernel, pack_panels, panel_width
from tinyxm_kernels.conv2d import Pair
from tinyxm_kernels.conv2d._tiles import (
    pitch,
    points_to_weights,
    transform_gradient,
    transform_input,
    transform_output,
    weights_to_points,
)
from tinyxm_kernels.registry import Shape, rung
from tinyxm_kernels.threads import get_threads

POINTS = 36
BLOCK_BYTES = 1 << 19  # of a block of tiles, transformed: it stays in the second-level cache
ROWS, DEPTH = 6, 256  # of a micro-kernel's tile; of one sum over channels
GROUP = 64  # output channels that are transformed back together
GRADIENT_TILES = 36  # in a block, for the weight gradient: the depth of its sums
full_tile, edge_tile = micro_kernel(ROWS), micro_kernel(ROWS, edge=True)


@compiled
def product(a, a0, a_row, a_column, b, b0, b_panel, c, c0, c_row, c_panel, rows, depth, columns, add):
    """C (+)= A B; the panels of B lie `b_panel` apart, those of C `c_panel`."""
    panel = 64 // a.itemsize
    for j in range(0, columns, panel):
        width, b1, c1 = min(panel, columns - j), b0 + j // panel * b_panel, c0 + j // panel * c_panel
        for i in range(0, rows, ROWS):
            a1, c2, height = a0 + i * a_row, c1 + i * c_row, min(ROWS, rows - i)
            if height == ROWS and width == panel:
                full_tile(a, a1, a_row, a_column, b, b1, panel, c, c2, c_row, depth, height, width, add)
            else:
                edge_tile(a, a1, a_row, a_column, b, b1, panel, c, c2, c_row, depth, height, width, add)


@threaded
def transform_weights(start, stop, w, first, tap, row, column, channels, out_channels, u):
    """G W Gᵀ for the panels start ... stop of output channels: u[point] has them panel after panel.

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


@threaded
def convolve(start, stop, x, u, y, padding0, padding1, step, v_pitch, m_pitch):
    """The tiles start ... stop of y, `step` at a time."""
    channels, out_channels, panel = x.shape[3], y.shape[3], 64 // x.itemsize
    down, across, far = -(-y.shape[1] // 4), -(-y.shape[2] // 4), u.shape[1]
    v, m = np.empty((POINTS, v_pitch), x.dtype), np.empty((POINTS, m_pitch), x.dtype)
    window, square = np.empty(36 * channels, x.dtype), np.empty(16 * GROUP, x.dtype)
    for tile in range(start, stop, step):
        tiles = min(step, stop - tile)
        transform_input(x, tile, tiles, down, across, padding0, padding1, window, v)
        for o in range(0, out_channels, GROUP):
            count = min(GROUP, out_channels - o)
            for k in range(POINTS):
                for c in range(0, max(1, channels), DEPTH):  # one sum, of nothing, where there are no channels
                    a, b, deep = k * v_pitch + c, k * far + o * channels + c * panel, min(DEPTH, channels - c)
                    size, to = channels * panel, k * m_pitch
                    product(v, a, channels, 1, u, b, size, m, to, count, panel, tiles, deep, count, c > 0)
            transform_output(m, tile, tiles, down, across, o, count, square, y)


@threaded
def accumulate(start, stop, x, g, padding0, padding1, groups, sums, step, v_pitch, z_pitch):
    """Σ_tiles (A g Aᵀ) ⊙ (Bᵀ D B) into sums[part, point], panel after panel of output channels.

    Each of the jobs start ... stop has one group of the panels, and one part of the tiles.
    """
    channels, out_channels, panel = x.shape[3], g.shape[3], 64 // x.itemsize
    down, across, parts, far = -(-g.shape[1] // 4), -(-g.shape[2] // 4), sums.shape[0], sums.shape[2]
    total, panels = len(x) * down * across, -(-out_channels // panel)
    v, z = np.empty((POINTS, v_pitch), x.dtype), np.empty((POINTS, z_pitch), x.dtype)
    window = np.empty(max(36 * channels, 16 * out_channels), x.dtype)
    for job in range(start, stop):
        group, part = job // parts, job % parts
        o = panels * group // groups * panel
        count = min(out_channels, panels * (group + 1) // groups * panel) - o
        first, last = total * part // parts, total * (part + 1) // parts
        for tile in range(first, max(last, first + 1), step):  # here, where there are no images
            tiles = min(step, last - tile)
            transform_input(x, tile, tiles, down, across, padding0, padding1, window, v)
            transform_gradient(g, tile, tiles, down, across, o, count, window, z)
            for k in range(POINTS):
                a, b, to = k * v_pitch, k * z_pitch, (part * POINTS + k) * far + o * channels
                sizes, add = (tiles * panel, channels * panel), tile > first
                product(v, a, 1, channels, z, b, sizes[0], sums, to, panel, sizes[1], channels, tiles, count, add)


@threaded
def transform_sums(start, stop, sums, w_gradient):
    """Gᵀ S G, S the sum of all parts, for the panels start ... stop of output channels."""
    channels, out_channels = w_gradient.shape[2:]
    panel, far, taps = 64 // sums.itemsize, sums.shape[2], channels * out_channels
    size = channels * panel
    for p in range(start, stop):
        for part in range(1, len(sums)):
            for k in range(POINTS):
                total, more = sums[0, k, p * size : (p + 1) * size], sums[part, k, p * size : (p + 1) * size]
                for i in range(size):
                    total[i] += more[i]
        to, wide = p * panel, min(panel, out_channels - p * panel)
        for c in range(channels):
            points_to_weights(
                sums, p * size + c * panel, 6 * far, far, w_gradient, c * out_channels + to, 3 * taps, taps, wide
            )


def tiles_at_once(channels: int, itemsize: int) -> int:
    """How many tiles make a block: 24 of 64 channels, never so few that a panel of weights isn't worth fetching."""
    fit = BLOCK_BYTES // (POINTS * (channels + GROUP) * itemsize)
    return max(12, min(48, fit // ROWS * ROWS))


def convolution(x: NDArray[Any], w: NDArray[Any], y_shape: Shape, padding: Pair, flipped: bool) -> NDArray[Any]:
    channels, out_channels, step = x.shape[3], y_shape[3], tiles_at_once(x.shape[3], x.itemsize)
    x, w, y = flat(x).reshape(x.shape), flat(w), np.empty(y_shape, x.dtype)
    taps, panel = channels * out_channels, panel_width(x.itemsize)
    panels = -(-out_channels // panel)
    u = np.empty((POINTS, pitch(panels * panel * channels)), x.dtype)
    strides = (8 * taps, -taps, 1, channels) if flipped else (0, taps, out_channels, 1)
    transform_weights(panels, 150.0 * taps, w, *strides, channels, out_channels, u)
    tiles = y_shape[0] * -(-y_shape[1] // 4) * -(-y_shape[2] // 4)
    convolve(tiles, 72.0 * tiles * taps, x, u, y, *padding, step, pitch(step * channels), pitch(step * GROUP))
    return y


def three_by_three(kernel_shape: Shape, *settings: Any) -> bool:
    stride, _, dilation, groups = settings[-4:]
    return kernel_shape[:2] == (3, 3) and stride == dilation == (1, 1) and groups == 1


def takes(a: NDArray[Any], w: NDArray[Any], *settings: Any) -> bool:
    return three_by_three(w.shape, *settings)


NEEDS = "kernels of 3×3, stride 1, dilation 1, groups 1"


@rung(backend="numba", accepts=takes, needs=NEEDS)
def conv2d(x: NDArray[Any], w: NDArray[Any], stride: Pair, padding: Pair, dilation: Pair, groups: int) -> NDArray[Any]:
    rows, columns = (n + 2 * p - 2 for n, p in zip(x.shape[1:3], padding, strict=True))
    return convolution(x, w, (len(x), rows, columns, w.shape[3]), padding, flipped=False)


@rung(backend="numba", accepts=takes, needs=NEEDS)
def conv2d_input_gradient(
    g: NDArray[Any], w: NDArray[Any], input_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> NDArray[Any]:
    return convolution(g, w, input_shape, (2 - padding[0], 2 - padding[1]), flipped=True)


@rung(
    backend="numba", accepts=lambda g, x, kernel_shape, *settings: three_by_three(kernel_shape, *settings), needs=NEEDS
)
def conv2d_weight_gradient(
    g: NDArray[Any], x: NDArray[Any], kernel_shape: Shape, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> NDArray[Any]:
    """Threads share out the output channels, where each has 128, and then the tiles, where each has a block of them."""
    (channels, out_channels), panel, step = kernel_shape[2:], panel_width(x.itemsize), GRADIENT_TILES
    tiles, panels = len(x) * -(-g.shape[1] // 4) * -(-g.shape[2] // 4), -(-out_channels // panel)
    g, x, w_gradient = flat(g).reshape(g.shape), flat(x).reshape(x.shape), np.empty(kernel_shape, x.dtype)
    by_channels = max(1, min(get_threads(), out_channels // 128))
    by_tiles = max(1, min(get_threads() // by_channels, tiles // (step // 2)))
    sums = np.empty((by_tiles, POINTS, pitch(panels * panel * channels)), x.dtype)
    pitches = pitch(step * channels), pitch(step * -(-panels // by_channels) * panel)
    work = 72.0 * tiles * channels * out_channels
    accumulate(by_tiles * by_channels, work, x, g, *padding, by_channels, sums, step, *pitches)
    transform_sums(panels, 1.0 * sums.size, sums, w_gradient)
    return w_gradient
