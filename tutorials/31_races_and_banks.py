# %% [markdown]
# # Races and banks
#
# A block has some kilobytes of **shared memory**, on the chip, which all its threads may read and write. It is what
# makes a GPU's kernels fast: a number that was fetched once serves the whole block. It has two conditions.
#
#     bank of a word = address / 4 mod 32        words of one bank are served one after the other
#     two accesses to one word, one of them a write, by two threads: a barrier must stand between them
#
# Who breaks the first waits. Who breaks the second gets wrong numbers, perhaps: today, on this machine, they may be
# right. So the first is counted, and the second is hunted. No GPU is needed for either: `tinyxm_kernels.simt` runs CUDA
# C on NumPy and watches every access.

# %%
from collections import defaultdict
from math import gcd
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import tinyxm_kernels
from tinyxm_kernels import simt

BLUE, ORANGE, GRAY = "#0072B2", "#D55E00", "#767676"
SOURCES = Path(tinyxm_kernels.__file__).parent
rng = np.random.default_rng(0)

# %% [markdown]
# ## 32 banks
#
# Shared memory is 32 memories side by side. Word w lies in bank w mod 32, and each bank gives one word at a time, to
# all lanes of the warp that want that word. Lanes that want different words of one bank wait for one another:
#
#     passes = the most different words that any one bank is asked for


# %%
def passes(words):
    """Turns that it takes to serve the words which the lanes of a warp ask for."""
    asked = defaultdict(set)
    for word in words:
        asked[word % 32].add(word)
    return max(len(different) for different in asked.values())  # the formula


assert passes(range(32)) == 1  # neighbours: each in a bank of its own
assert passes([7] * 32) == 1  # one word for all
assert passes(range(0, 1024, 32)) == 32  # a column of a 32×32 tile: all in bank 0

# %% [markdown]
# At a stride of s words lane t asks for word s t, in bank s t mod 32. Two lanes meet in one bank when s times their
# distance is a multiple of 32, which for the greatest common divisor g of s and 32 happens every 32 / g lanes. So g
# lanes share each bank that is used:
#
#     passes(s) = gcd(s, 32)
#
# Every odd stride is free of conflicts. The powers of two, which programs are full of, are the worst there are. The
# simulator, which knows nothing of divisors, counts the same:

# %%
STRIDED = r"""
extern "C" __global__ void strided(float *y, int stride)
{
    __shared__ float words[33 * 31 + 1];
    for (int i = threadIdx.x; i < 33 * 31 + 1; i += 32)
        words[i] = i;
    __syncthreads();
    y[threadIdx.x] = words[threadIdx.x * stride];
}
"""
program, y = simt.Program(STRIDED), np.zeros(32, np.float32)


def counted(stride):
    accesses = [access for line in program.launch("strided", 1, 32, [y, stride]).lines for access in line["accesses"]]
    (load,) = (access for access in accesses if (access["space"], access["operation"]) == ("shared", "load"))
    assert y.tolist() == [stride * lane for lane in range(32)]
    return load["transactions"]


strides = np.arange(1, 34)
found = [counted(stride) for stride in strides]
assert found == [gcd(stride, 32) for stride in strides] == [passes(range(0, 32 * s, s)) for s in strides]

figure = plt.figure(figsize=(8, 3.4), layout="constrained")
colours = [ORANGE if passed > 1 else BLUE for passed in found]
plt.bar(strides, found, color=colours)
plt.xticks([1, 4, 8, 12, 16, 20, 24, 28, 32, 33])
plt.xlabel("stride, in words of 4 bytes")
plt.ylabel("passes")
plt.title("gcd(stride, 32): odd strides are free")
plt.show()

# %% [markdown]
# ## Turn a tile
#
# y = aᵀ, the smallest job that needs shared memory. Read a by rows and y is written by columns, 32 sectors for each
# store. So a block reads a tile by rows into shared memory, and writes it out by rows of y; what was put there by rows
# is taken from there by columns, at a stride of 32. The cure is one column more, which nobody uses: the stride is 33.
# The three are rungs of one ladder, in `transpose/`.

# %%
n = 64
a = rng.standard_normal((n, n)).astype(np.float32)
totals = {}
for rung, grid in (("naive", (n // 32, n // 8)), ("unpadded", (n // 32, n // 32)), ("padded", (n // 32, n // 32))):
    turned = np.full((n, n), np.nan, np.float32)
    run = simt.Program(SOURCES / "transpose" / f"cuda_{rung}.cu").launch("transpose", grid, (32, 8), [a, turned, n, n])
    np.testing.assert_array_equal(turned, a.T)
    assert not run.findings
    totals[rung] = run.totals
    print(f"{rung:9}: {run.totals['sectors']:5,} sectors, {run.totals['shared_passes']:5,} passes")
requests = n * n // 32  # loads of a warp, and as many stores
assert totals["naive"]["sectors"] == requests * (4 + 32)
assert totals["padded"]["sectors"] == totals["unpadded"]["sectors"] == requests * (4 + 4)
assert totals["unpadded"]["shared_passes"] == requests * (1 + 32)
assert totals["padded"]["shared_passes"] == requests * (1 + 1)

# %% [markdown]
# Below is where the words of the tile lie: the colour is the bank. A warp takes a column, 32 words of one colour or of
# all. There is a third way, without the spare column: put the word of row r and column c at column c xor r. Rows stay
# rows, and the words of a column are spread over all banks. (That is *swizzling*.)

# %%
row, column = np.mgrid[:32, :32]
layouts = {"unpadded": 32 * row + column, "padded": 33 * row + column, "swizzled": 32 * row + (column ^ row)}
figure, axes = plt.subplots(1, 3, figsize=(9, 3.5), layout="constrained")
for axis, (name, words) in zip(axes, layouts.items(), strict=True):
    down, along = passes(words[:, 5]), passes(words[5])
    axis.imshow(words % 32, cmap="twilight", interpolation="nearest")
    axis.axvline(4.5, color="white", linewidth=0.8)
    axis.axvline(5.5, color="white", linewidth=0.8)
    axis.set(title=f"{name}: a column takes {down}", xticks=[0, 31], yticks=[0, 31])
    assert along == 1
    assert down == (32 if name == "unpadded" else 1)
figure.suptitle("The bank of each word of a 32 × 32 tile")
plt.show()

# %% [markdown]
# ## Races
#
# Warps of a block run in any order, and since Volta (2017) even the lanes of a warp needn't run in step. What orders
# two threads of a block is a barrier that both reach, `__syncthreads()`. The stretch between two barriers is an
# **epoch**, and the rule is short: two threads may not touch the same word in the same epoch, if one of them writes.


# %%
def races(accesses):
    """The pairs that nothing orders, of (thread, epoch, word, writes)."""
    return [
        (one, other)
        for place, one in enumerate(accesses)
        for other in accesses[:place]
        if one[0] != other[0] and one[1:3] == other[1:3] and (one[3] or other[3])  # the rule
    ]


assert races([(0, 0, "w", True), (1, 1, "w", False)]) == []  # a barrier between them
assert races([(0, 0, "w", False), (1, 0, "w", False)]) == []  # two readers harm nobody
assert len(races([(0, 0, "w", True), (1, 0, "w", False)])) == 1

# %% [markdown]
# A sum by a tree: half of the threads add what the other half has, then half of those, until one has all. `racing` in
# `simt/examples/race.cu` lacks a barrier. Look at the sums first, and then at what the sanitizer says:

# %%
x = rng.standard_normal(1024).astype(np.float32)
source = (SOURCES / "simt" / "examples" / "race.cu").read_text("utf-8")
for kernel in ("racing", "mended"):
    sums = np.zeros(4, np.float32)
    run = simt.Program(source).launch(kernel, grid=4, block=256, arguments=[x, sums])
    right = np.allclose(sums, x.reshape(4, 256).sum(axis=1), atol=1e-4)
    print(f"{kernel}: the sums are {'right' if right else 'wrong'}; {len(run.findings)} found")
    for finding in run.findings:
        print(f"    {finding.kind}, line {finding.line}: {source.splitlines()[finding.line - 1].strip()}")
        print(f"    {finding.message}")
    assert right
    assert [finding.kind for finding in run.findings] == ["race"] * (kernel == "racing")

# %% [markdown]
# The sums of `racing` are right, because here all warps happen to run in step. On a GPU they are right most of the
# time. **A test of the result can't find a race; only a look at every access can.**
#
# ## A hunt
#
# The tiled matmul has two barriers in its loop: the tiles are complete before anybody reads them, and read before
# anybody writes the next. Take away one, then the other; and put one where not all threads come to it.

# %%
tiled = (SOURCES / "matmul" / "cuda_tiled.cu").read_text("utf-8")
first, second = (place for place, line in enumerate(tiled.splitlines()) if "__syncthreads();" in line)


def without(line):
    lines = tiled.splitlines()
    lines[line] = lines[line].replace("__syncthreads();", "")
    return "\n".join(lines)


lines = tiled.splitlines()
lines[first] = "if (row < m) __syncthreads();"
variants = {
    "as it is": tiled,
    "without the first": without(first),
    "without the second": without(second),
    "the first for some": "\n".join(lines),
}
size = 40  # no multiple of 16: the blocks at the edges have threads with nothing to do
a, b = rng.standard_normal((2, size, size)).astype(np.float32)
kinds = {}
for name, text in variants.items():
    c = np.full((size, size), np.nan, np.float32)
    run = simt.Program(text).launch("matmul", (3, 3), (16, 16), [a, b, c, size, size, size])
    kinds[name] = sorted({finding.kind for finding in run.findings})
    print(f"{name}: {'right' if np.allclose(c, a @ b, atol=1e-4) else 'wrong'}; {', '.join(kinds[name]) or 'clean'}")
    for finding in run.findings[:1]:
        print(f"    line {finding.line}: {finding.message}")
assert kinds["as it is"] == []
assert kinds["without the first"] == kinds["without the second"] == ["race"]
assert "barrier-divergence" in kinds["the first for some"]

# %% [markdown]
# ## Where all want one word
#
# A histogram: many threads add to one bin. To add is to read, add and write, so two that come together lose one. An
# **atomic** addition can't be divided; those to one word wait for one another. Of a warp whose lanes hit one bin k
# times at most, the atomic takes k rounds, k − 1 more than one:


# %%
def extra_rounds(bins):
    """Of one atomic: bins is what the 32 lanes of each warp add to."""
    return sum(int(np.bincount(warp).max()) - 1 for warp in bins.reshape(-1, 32))  # the formula


histogram = simt.Program(SOURCES / "simt" / "examples" / "histogram.cu")
numbers = rng.integers(0, 100, 1024).astype(np.int32)
right = np.bincount(numbers % 32, minlength=32)
for kernel in ("losing", "counting", "gathering"):
    counts = np.zeros(32, np.int32)
    run = histogram.launch(kernel, 4, 256, [numbers, counts, numbers.size, 32])
    accesses = [access for line in run.lines for access in line["accesses"]]
    extra = sum(access["conflicts"] for access in accesses)
    to_global = sum(access["requests"] for access in accesses if access["array"] == "counts")
    print(f"{kernel:9}: {counts.sum():5} counted of 1024, {extra:3} extra rounds, {to_global:2} requests to `counts`")
    assert np.array_equal(counts, right) == (kernel != "losing")
    assert extra == (0 if kernel == "losing" else extra_rounds(numbers % 32))
    assert bool(run.findings) == (kernel == "losing")

# %% [markdown]
# `losing` isn't a little wrong: lanes of one warp read at once, and all but one of those that share a bin are lost.
# `gathering` has as many rounds as `counting`, but in shared memory, which is near, and goes to the bins that all
# blocks share once for each block.
#
# ## Change it and see
#
# - A tile of doubles, 8 bytes: a half warp is served at a time. Which padding does a 32×32 tile need? Try it in a
#   kernel of your own: `tinyxm simt mine.cu NAME --grid ... --html page.html` draws each access upon its banks.
# - Give `histogram` numbers that are all the same. How many extra rounds?
# - In `racing`, launch blocks of 32 threads: one warp. Is it still a race? (The message says what it wants.)
# - Exercise: `tinyxm check ex37`.
#
# ## What can go wrong
#
# - **A barrier in a branch.** Some threads wait for others that never come. A device may hang, or go on and be wrong.
# - **An early `return`** above a barrier is the same mistake in disguise.
# - **"A warp runs in step anyway."** It did until 2017. Say `__syncwarp()`; a shuffle orders no memory, nor needs any.
# - **Padding that breaks alignment.** Rows of 33 floats don't begin where a `float4` may. Pad by 4, or swizzle.
# - **Atomics for floating-point sums.** No race, but another order on each run, and so other last digits.
# - **Two blocks.** No barrier of this kind orders them; an atomic, or a second kernel, does.
#
# ## Where it came from
#
# Bank conflicts came with interleaved memory, in the vector machines of the 1970s; Budnik and Kuck, "The organization
# and use of parallel memories" (1971), has the skewed layouts. Ruetsch and Micikevicius, "Optimizing matrix transpose
# in CUDA" (2009), has the tile and its spare column. The rule of races is Lamport's "Time, clocks, and the ordering of
# events" (1978): what isn't ordered happens at once. NVIDIA's compute-sanitizer (racecheck, synccheck, memcheck) looks
# for the same things on a device.
#
# ## Three questions
#
# 1. Rows of a tile are 36 words long. How many passes does a column of 32 take, and what would you pad it to?
# 2. All threads of a block write `flag = 1` to one word in shared memory, without a barrier. Is it a race?
# 3. `part[t] += part[t + half]` with a barrier after it. Within the line thread 0 reads word `half`, which thread
#    `half` may write in the same epoch. Why is there no race?
#
# ## Answers
#
# 1. gcd(36, 32) = 4 passes. 37, or any odd number, makes it one.
# 2. By the rule it is. All write the same value, so that no harm comes of it on today's hardware, and the sanitizer
#    here says nothing; C++ calls it undefined all the same. One thread and a barrier are safe.
# 3. Only threads below `half` do the line, so thread `half` writes nothing in that epoch.

# %%
assert passes(36 * lane for lane in range(32)) == 4
assert passes(37 * lane for lane in range(32)) == 1
