# %% [markdown]
# # Convolution kernels and Winograd
#
# One sum makes every convolution, and the way to compute it decides whether it takes a second or a millisecond:
#
#     y[p, q, o] = Σ_i Σ_j Σ_c x[p + i, q + j, c] · w[i, j, c, o]
#
# Here it is climbed rung by rung: loops; patches and one matrix product; patches that are never copied; and then, since
# multiplications can't be made cheaper, fewer of them. What the sum is for, `16_convolution.py` tells.

# %%
import time
from itertools import product

import matplotlib.pyplot as plt
import numpy as np

import tinyxm_kernels as kernels
from tinyxm_kernels.conv2d._tiles import matrices
from tinyxm_kernels.threads import threads

BLUE, ORANGE, GREEN, GRAY = "#0072B2", "#D55E00", "#009E73", "#767676"
rng = np.random.default_rng(0)


# %% [markdown]
# ## The formula, three times
#
# Six loops (the kernel's seventh goes over images), and the same in all three operations: the result, the gradient of
# the input and that of the weights. Each term joins one number of x, one of w and one of y, and only what is written to
# changes (the rung `naive` is this, compiled). So whoever makes one of them fast has all three.

# %%


def six_loops(x, w, y, write):
    """One image (rows, columns, channels), no padding; `write` is the array that is summed into."""
    for p, q, o in np.ndindex(y.shape):
        for i, j, c in np.ndindex(w.shape[:3]):
            if write is y:
                y[p, q, o] += x[p + i, q + j, c] * w[i, j, c, o]
            elif write is x:
                x[p + i, q + j, c] += y[p, q, o] * w[i, j, c, o]
            else:
                w[i, j, c, o] += y[p, q, o] * x[p + i, q + j, c]


x, w = rng.normal(size=(6, 6, 2)), rng.normal(size=(3, 3, 2, 4))
y, dx, dw, g = np.zeros((4, 4, 4)), np.zeros_like(x), np.zeros_like(w), rng.normal(size=(4, 4, 4))
six_loops(x, w, y, y)
six_loops(dx, w, g, dx)
six_loops(x, dw, g, dw)
for operation, operands, by_loops in (
    ("conv2d", (x[None], w), y[None]),
    ("conv2d_input_gradient", (g[None], w, (1, *x.shape)), dx[None]),
    ("conv2d_weight_gradient", (g[None], x[None], w.shape), dw),
):
    np.testing.assert_allclose(getattr(kernels, operation)(*operands), by_loops, atol=1e-12)
    print(f"{operation:22} agrees with the loops")

# %% [markdown]
# ## Patches: one matrix product, and what it costs
#
# Lay each 3×3 patch flat, as a row of a matrix; the weights, flat, are another matrix, and the convolution is their
# product (im2col). A fast matrix product stands ready. The price: neighbouring patches share most of their pixels, so
# that the matrix holds each pixel up to nine times. Below, an image of 6×6 pixels with one channel, each pixel coloured
# by its number, and its matrix of patches: 16 rows, 9 columns.

# %%
image = np.arange(36).reshape(6, 6)
patches = np.lib.stride_tricks.sliding_window_view(image, (3, 3)).reshape(16, 9)
figure, (left, right) = plt.subplots(1, 2, figsize=(8, 5), layout="constrained", gridspec_kw={"width_ratios": (1, 1.3)})
for axes, numbers, title in (
    (left, image, f"image: {image.size} numbers"),
    (right, patches, f"patches: {patches.size} numbers"),
):
    axes.imshow(numbers, cmap="cividis")
    for (row, column), number in np.ndenumerate(numbers):
        axes.text(column, row, number, ha="center", va="center", fontsize=8, color="white" if number < 18 else "black")
    axes.set(title=title, xticks=[], yticks=[])
left.add_patch(plt.Rectangle((0.5, -0.5), 3, 3, fill=False, edgecolor=ORANGE, linewidth=3))
right.add_patch(plt.Rectangle((-0.5, 0.5), 9, 1, fill=False, edgecolor=ORANGE, linewidth=3))
left.set(xlabel="columns", ylabel="rows")
right.set(xlabel="taps of the kernel", ylabel="pixels of the result")
plt.show()
x, w = rng.normal(size=(6, 6)), rng.normal(size=(3, 3))
by_product = x.ravel()[patches] @ w.ravel()
np.testing.assert_allclose(by_product.reshape(1, 4, 4, 1), kernels.conv2d(x[None, ..., None], w[..., None, None]))
batch = 8 * 56 * 56 * 64 * 4
print(f"8 images of 56×56 with 64 channels: {batch / 1e6:.1f} MB; their patches {9 * batch / 1e6:.1f} MB")

# %% [markdown]
# ## Implicit: two tables for a matrix
#
# Look at the right picture again: each number is one of the first column, plus one of the first row. Where a pixel's
# patch begins, and how far in a patch each tap lies, is all there is to know:
#
#     patches[pixel, tap] = x[pixels[pixel] + taps[tap]]
#
# 16 + 9 numbers stand for 16·9, and the image itself is read, where it lies. That is the rung `implicit`: the
# micro-kernel of the matrix product, with these tables for its left operand. **Swap the tables** and its rows are taps,
# its sums run over pixels: the weight gradient. Turn the taps around and read g: the input gradient.

# %%
pixels, taps = patches[:, 0], patches[0]
print("pixels", pixels)
print("taps  ", taps)
assert np.array_equal(patches, pixels[:, None] + taps)
flat = x.ravel()
np.testing.assert_array_equal(flat[pixels[:, None] + taps] @ w.ravel(), by_product)
g = rng.normal(size=16)
dw = flat[taps[:, None] + pixels] @ g  # the tables, swapped
by_kernel = kernels.conv2d_weight_gradient(g.reshape(1, 4, 4, 1), x[None, ..., None], (3, 3, 1, 1))
np.testing.assert_allclose(dw.reshape(3, 3), by_kernel[..., 0, 0], atol=1e-12)

# %% [markdown]
# ## The ladder on this machine
#
# One thread, float32, 3×3 on 4 images of 28×28, 16 channels in and 32 out; the first call compiles, and isn't counted.

# %%
x, w = rng.normal(size=(4, 28, 28, 16)).astype(np.float32), rng.normal(size=(3, 3, 16, 32)).astype(np.float32)
padding = {"padding": (1, 1)}
g = kernels.conv2d(x, w, **padding)
calls = {"conv2d": (x, w), "conv2d_input_gradient": (g, w, x.shape), "conv2d_weight_gradient": (g, x, w.shape)}
ladder = ["reference", "naive", "patches", "implicit", "winograd"]
work = kernels.flops("conv2d", x, w, **padding)
print(f"{work / 1e6:.0f} million operations; GFLOP/s     " + "  ".join(f"{rung:>9}" for rung in ladder))
reached = {}
for operation, operands in calls.items():
    speeds = []
    for rung in ladder:
        with kernels.using(f"conv2d={rung}"), threads(1):
            getattr(kernels, operation)(*operands, **padding)
            seconds = []
            for _ in range(3):
                start = time.perf_counter()
                getattr(kernels, operation)(*operands, **padding)
                seconds.append(time.perf_counter() - start)
        speeds.append(work / min(seconds) / 1e9)
    reached[operation] = speeds
    print(f"{operation:38}" + "  ".join(f"{speed:9.1f}" for speed in speeds))
figure = plt.figure(figsize=(8, 3.8), layout="constrained")
for k, ((operation, speeds), colour) in enumerate(zip(reached.items(), (BLUE, ORANGE, GREEN), strict=True)):
    plt.bar(np.arange(len(ladder)) + 0.27 * (k - 1), speeds, 0.25, color=colour, label=operation)
plt.xticks(range(len(ladder)), ladder)
plt.ylabel("GFLOP/s of the plain sum")
plt.title("Each rung, one thread")
plt.legend(frameon=False)
plt.show()

# %% [markdown]
# ## Winograd: four multiplications instead of six
#
# A kernel of three taps slides over four pixels and gives two results:
#
#     y₀ = d₀ w₀ + d₁ w₁ + d₂ w₂
#     y₁ = d₁ w₀ + d₂ w₁ + d₃ w₂         six multiplications
#
# Winograd (1980) knew that four are enough. Here they are, by hand:
#
#     m₀ = (d₀ − d₂) w₀                  m₁ = (d₁ + d₂) (w₀ + w₁ + w₂) / 2
#     m₃ = (d₃ − d₁) w₂                  m₂ = (d₂ − d₁) (w₀ − w₁ + w₂) / 2
#
#     y₀ = m₀ + m₁ + m₂
#     y₁ = m₁ − m₂ + m₃
#
# (w₀ + w₁ + w₂) / 2 doesn't count: weights are the same for every pixel, so that is done once.


# %%
def two_by_hand(d, w):
    m0 = (d[0] - d[2]) * w[0]
    m1 = (d[1] + d[2]) * ((w[0] + w[1] + w[2]) / 2)
    m2 = (d[2] - d[1]) * ((w[0] - w[1] + w[2]) / 2)
    m3 = (d[3] - d[1]) * w[2]
    return np.array([m0 + m1 + m2, m1 - m2 + m3])


d, w = np.array([1.0, 2.0, 3.0, 4.0]), np.array([5.0, 6.0, 7.0])
print("by hand", two_by_hand(d, w), "by the sum", np.array([d[:3] @ w, d[1:] @ w]))
assert two_by_hand(d, w).tolist() == [38, 56] == [d[:3] @ w, d[1:] @ w]

# %% [markdown]
# ## Where it comes from: polynomials
#
# Read w as a polynomial, w₀ + w₁ t + w₂ t². At t = 1 it is w₀ + w₁ + w₂, at −1 w₀ − w₁ + w₂, at 0 w₀, and its leading
# coefficient ("at ∞") is w₂: those are the four factors above. A convolution is a product of polynomials, read
# backwards, and a product of degree n is known from its values at n + 1 points: **one multiplication a point**. Written
# as matrices,
#
#     y = Aᵀ [(G w) ⊙ (Bᵀ d)]
#
# G evaluates the taps at the points, Bᵀ turns pixels, Aᵀ gathers. Any points will do that all differ, and `matrices`
# makes the three of them. F(m, r) names m results by r taps, and takes m + r − 1 points. (The first rows of its Bᵀ and
# G have both turned their signs: (d₂ − d₀) · (−w₀) is m₀ again.)

# %%
to_points, weights, output = matrices((0, 1, -1), outputs=2)
print("F(2, 3), points 0, 1, −1, ∞")
for name, matrix in (("Bᵀ", to_points), ("G", weights), ("Aᵀ", output)):
    print(name, "\n", matrix + 0.0)
assert (output @ ((weights @ w) * (to_points @ d))).tolist() == two_by_hand(d, w).tolist()
assert len(to_points) == 4 < 2 * 3

# %% [markdown]
# ## Two dimensions: nest it
#
# An image's rows are transformed, then its columns, each by the same matrices: D → Bᵀ D B. For 2×2 results a tile of
# 4×4 pixels is needed, and 16 multiplications where the sum takes 2·2·9 = 36:
#
#     Y = Aᵀ [(G W Gᵀ) ⊙ (Bᵀ D B)] A
#
# With F(4, 3), in the kernel `winograd`, it is 36 multiplications for 4×4 results, instead of 144: **a quarter**.

# %%
for outputs, points in ((2, (0, 1, -1)), (4, (0, 1, -1, 2, -2))):
    to_points, weights, output = matrices(points, outputs)
    size = outputs + 2
    d, w = rng.normal(size=(size, size)), rng.normal(size=(3, 3))
    m = (weights @ w @ weights.T) * (to_points @ d @ to_points.T)
    y = output @ m @ output.T
    by_sums = [[np.sum(d[i : i + 3, j : j + 3] * w) for j in range(outputs)] for i in range(outputs)]
    np.testing.assert_allclose(y, by_sums, atol=1e-12)
    plain = 9 * outputs**2
    print(f"F({outputs}×{outputs}, 3×3): {m.size} multiplications instead of {plain}, {plain / m.size:.2f} times fewer")

# %% [markdown]
# ## Channels: 36 matrix products
#
# A pixel has channels, and y sums over them. Aᵀ is linear, so the sum can come first: for each of the 36 points, a
# matrix (tiles, channels) times a matrix (channels, out_channels). Transforms are paid once for each pixel and channel,
# products once for each pixel, channel **and output channel**: with many channels transforms hardly count. All of it in
# NumPy, for images whose results are a multiple of the tile high and wide:

# %%
PAPER, CHOSEN = (0, 1, -1, 2, -2), (0, 3 / 4, -3 / 4, 3 / 2, -3 / 2)


def winograd_by_numpy(x, w, points, outputs):
    """Convolution without padding, (batch, height, width, in) and (3, 3, in, out), all in the dtype of x."""
    to_points, weights, output = (matrix.astype(x.dtype) for matrix in matrices(points, outputs))
    windows = np.lib.stride_tricks.sliding_window_view(x, (outputs + 2, outputs + 2), axis=(1, 2))
    tiles = windows[:, ::outputs, ::outputs]  # (batch, tile rows, tile columns, channel, i, j)
    v = np.moveaxis(to_points @ tiles @ to_points.T, (4, 5), (0, 1))  # (point, point, batch, rows, columns, channel)
    u = np.moveaxis(weights @ np.moveaxis(w, (0, 1), (2, 3)) @ weights.T, (2, 3), (0, 1))
    m = v.reshape(*v.shape[:2], -1, x.shape[3]) @ u  # 36 matrix products
    y = output @ np.moveaxis(m, (0, 1), (2, 3)) @ output.T  # (tile, out_channel, i, j)
    batch, down, across = tiles.shape[:3]
    y = y.reshape(batch, down, across, -1, outputs, outputs).transpose(0, 1, 4, 2, 5, 3)
    return y.reshape(batch, down * outputs, across * outputs, -1)


x, w = rng.normal(size=(2, 14, 14, 8)), rng.normal(size=(3, 3, 8, 5))
with kernels.using("conv2d=reference"):
    expected = kernels.conv2d(x, w)
np.testing.assert_allclose(winograd_by_numpy(x, w, PAPER, 4), expected, atol=1e-11)
with kernels.using("conv2d=winograd"):  # compiled the first time: seconds
    np.testing.assert_allclose(kernels.conv2d(x, w), expected, atol=1e-11)

# %% [markdown]
# ## How fast, and from how many channels on
#
# The implicit rung and Winograd's, the same images with more and more channels. GFLOP/s are of the plain sum's
# operations for both, so that Winograd may stand above what the processor can do: it does a quarter of them.

# %%
channels = [2, 4, 8, 16, 32, 64, 128]
speeds = {rung: [] for rung in ("implicit", "winograd")}
for c in channels:
    x, w = rng.normal(size=(4, 32, 32, c)).astype(np.float32), rng.normal(size=(3, 3, c, c)).astype(np.float32)
    seconds = {rung: [] for rung in speeds}
    for _, rung in product(range(8), speeds):  # in turn, so that what else the machine does slows both
        with kernels.using(f"conv2d={rung}"), threads(1):
            start = time.perf_counter()
            kernels.conv2d(x, w, padding=(1, 1))
            seconds[rung].append(time.perf_counter() - start)
    for rung, speed in speeds.items():
        speed.append(kernels.flops("conv2d", x, w, padding=(1, 1)) / min(seconds[rung]) / 1e9)
figure = plt.figure(figsize=(7, 4), layout="constrained")
for (rung, speed), colour in zip(speeds.items(), (ORANGE, BLUE), strict=True):
    plt.plot(channels, speed, "o-", color=colour, label=rung)
wins = [c for c, one, other in zip(channels, *speeds.values(), strict=True) if other > one]
if wins:
    plt.axvline(wins[0], color=GRAY, linestyle=":")
    plt.text(wins[0], 0, f"  from {wins[0]} channels on", color=GRAY, va="bottom")
plt.xscale("log", base=2)
plt.xticks(channels, channels)
plt.ylim(bottom=0)
plt.xlabel("channels in and out (log scale)")
plt.ylabel("GFLOP/s of the plain sum, one thread")
plt.title("3×3 on 4 images of 32×32")
plt.legend(frameon=False)
plt.show()
for c, one, other in zip(channels, *speeds.values(), strict=True):
    print(f"{c:4} channels: implicit {one:6.1f}, winograd {other:6.1f} GFLOP/s, {other / one:.2f} times")

# %% [markdown]
# ## What it costs: digits
#
# The transforms multiply by numbers of unlike size, and then cancel what they added. In exact arithmetic nothing is
# lost; in float32 some digits are. Float64 is the measure, normal numbers the images and weights; the error is the
# largest one, as a share of the largest |y|.
#
# Two things decide how large it is: **how large the tile** (F(6, 3) needs eight points, and their fifth powers), and
# **which points**. Lavin and Gray's 0, ±1, ±2, ∞ give nice matrices. 0, ±3/4, ±3/2, ∞ lie closer to 1 in size, their
# powers, too, and cost nothing more: the kernel uses these.

# %%
ways = {
    "F(2×2), 0 ±1": (2, (0, 1, -1)),
    "F(4×4), 0 ±1 ±2, the paper's": (4, PAPER),
    "F(4×4), 0 ±3/4 ±3/2, the kernel's": (4, CHOSEN),
    "F(6×6), 0 ±1 ±2 ±1/2": (6, (0, 1, -1, 2, -2, 0.5, -0.5)),
    "F(8×8), 0 ±2/5 ±4/5 ±5/4 ±5/2": (8, (0, 0.4, -0.4, 0.8, -0.8, 1.25, -1.25, 2.5, -2.5)),
}
channels = [4, 16, 64, 256]
errors = {name: [] for name in ("the plain sum", *ways)}
for c in channels:
    x, w = rng.normal(size=(1, 26, 26, c)), rng.normal(size=(3, 3, c, 32)) / np.sqrt(9 * c)
    single = x.astype(np.float32), w.astype(np.float32)
    with kernels.using("conv2d=patches"):
        expected = kernels.conv2d(*(a.astype(np.float64) for a in single))
        results = {"the plain sum": kernels.conv2d(*single)}
    results |= {name: winograd_by_numpy(*single, points, outputs) for name, (outputs, points) in ways.items()}
    for name, y in results.items():
        assert y.dtype == np.float32
        assert y.shape == expected.shape
        errors[name].append(abs(y - expected).max() / abs(expected).max())

figure = plt.figure(figsize=(8, 4.2), layout="constrained")
colours = (GRAY, GREEN, ORANGE, BLUE, "#CC79A7", "#000000")
for (name, error), colour in zip(errors.items(), colours, strict=True):
    plt.plot(channels, error, "o-", color=colour, label=name)
plt.xscale("log", base=2)
plt.yscale("log")
plt.xticks(channels, channels)
plt.xlabel("channels (log scale)")
plt.ylabel("largest error / largest |y| (log scale)")
plt.title("Float32 against float64")
figure.legend(frameon=False, loc="outside right upper")
plt.show()
for name, error in errors.items():
    print(f"{name:34}", *(f"{e:8.1e}" for e in error))

# %% [markdown]
# Why the tile stays at 4×4: F(6×6) would take 64 multiplications for 36 results, 5.1 times fewer than the sum, F(8×8)
# 5.8 times, instead of 4. Little is left to win, and transforms, which grow with the tile, take it back; errors grow
# with each step. Between F(2×2) and F(4×4) the step pays: 2.25 times fewer become 4.

# %%
assert all(paper > 2 * ours for paper, ours in zip(*(errors[name] for name in list(ways)[1:3]), strict=True))
assert all(nine > six for six, nine in zip(*(errors[name] for name in list(ways)[3:]), strict=True))

# %% [markdown]
# ## What it costs: where an infinity stands
#
# A tile's results share all of its pixels. In exact arithmetic a pixel that a result doesn't see cancels; but ∞ − ∞ is
# NaN. So one bad pixel spoils whole tiles, and not just the nine results that see it. None is hidden, but they spread:

# %%
x, w = rng.normal(size=(1, 12, 12, 4)), rng.normal(size=(3, 3, 4, 4))
x[0, 5, 5, 0] = np.inf
for rung in ("reference", "winograd"):
    with kernels.using(f"conv2d={rung}"):
        y = kernels.conv2d(x, w, padding=(1, 1))
    bad = ~np.isfinite(y[0, :, :, 0])
    print(f"{rung}: {bad.sum()} of {bad.size} pixels aren't finite")
    print("\n".join("  " + "".join("x" if one else "." for one in row) for row in bad))
    assert bad.sum() == {"reference": 9, "winograd": 16}[rung]

# %% [markdown]
# ## Change it and see
#
# - Give `winograd_by_numpy` the points 0, ±1, ±10. What becomes of the error, and which matrix is to blame?
# - Put the infinity at (3, 3). Four tiles see it, yet it spoils 25 pixels and not 64: which row of Bᵀ and which column
#   of Aᵀ keep the others clean?
# - Draw the speeds with images of 14×14 and of 7×7. Why does Winograd win less?
# - Exercises: `tinyxm check ex34` and `tinyxm check ex35`.
#
# ## What can go wrong
#
# - **It is asked for where it doesn't apply**: stride 2, dilation, groups, 5×5. Named, the rung refuses and says so;
#   the default rule goes on to the next.
# - **Two runs differ in the sixth digit**, for another rung was chosen. Name one: `TINYXM_KERNELS=conv2d=implicit`.
# - **A NaN is hunted to its pixel** through tiles where it has spread. Name another rung for the hunt.
# - **Small images**: 5×5 takes four tiles of 4×4, so that more than half of the work is thrown away.
#
# ## Where it came from
#
# Winograd, "Arithmetic complexity of computations" (1980); Lavin and Gray, "Fast algorithms for convolutional neural
# networks" (2016); Barabasz, Anderson, Soodhalter and Gregg, "Error analysis and improving the accuracy of Winograd
# convolution for deep neural networks" (2020).
#
# ## Three questions
#
# 1. How many multiplications does F(4×4, 5×5) take, and how many the sum?
# 2. Why does Winograd gain nothing for 1×1 kernels?
# 3. The input gradient runs through the same kernel. What is done to the weights, and which padding is it given?
#
# ## Answers
#
# 1. (4 + 5 − 1)² = 64, and 16 · 25 = 400.
# 2. F(m, 1) takes m points for m results: a multiplication for each, as the sum does.
# 3. They are turned by half a turn, and their two axes of channels swapped; the padding is 2 − p.

# %%
assert matrices((0, 1, -1, 2, -2, 0.5, -0.5), outputs=4, taps=5)[1].shape == (8, 5)
g, w = rng.normal(size=(1, 6, 6, 3)), rng.normal(size=(3, 3, 2, 3))
turned = np.ascontiguousarray(w[::-1, ::-1].swapaxes(2, 3))
by_gradient = kernels.conv2d_input_gradient(g, w, (1, 6, 6, 2), padding=(1, 1))
np.testing.assert_allclose(by_gradient, kernels.conv2d(g, turned, padding=(1, 1)), atol=1e-12)
