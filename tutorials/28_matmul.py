# %% [markdown]
# # A matmul, from 0.05 to 110 GFLOP/s
#
#     C[i, j] = Σ over k of A[i, k]·B[k, j]
#
# Three loops, one multiplication, one addition. Every rung of this ladder does the same sums, in float32, and gives the
# same numbers; the last is thousands of times as fast as the first. None of it is a better formula. It is where the
# numbers lie, and how often each is used once it has been fetched.
#
# A product of n×n matrices takes 2n³ operations; GFLOP/s are thousands of millions of them in a second. Each rung is a
# file in `kernels/tinyxm_kernels/matmul/`: read them beside this. They are compiled when first called, which takes some
# seconds, once.

# %%
import time

import matplotlib.pyplot as plt
import numpy as np

import tinyxm_kernels as kernels
from tinyxm_kernels.threads import get_threads

BLUE, ORANGE, GREEN, PURPLE, GRAY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#767676"

rng = np.random.default_rng(0)


def square(n):
    return rng.standard_normal((n, n)).astype(np.float32)


def gflops(rung, n, seconds=0.3):
    """The best of some runs: what disturbs a run only ever makes it slower."""
    a, b = square(n), square(n)
    with kernels.using(f"matmul={rung}"):
        np.testing.assert_allclose(kernels.matmul(a, b), a @ b, atol=1e-5 * n)  # compiled here, and right
        best, end = np.inf, time.perf_counter() + seconds
        while time.perf_counter() < end:
            start = time.perf_counter()
            kernels.matmul(a, b)
            best = min(best, time.perf_counter() - start)
    return 2 * n**3 / best / 1e9


# %% [markdown]
# ## The first rung: the formula, in Python


# %%
def by_hand(a, b):
    rows, columns = a.tolist(), b.T.tolist()
    return [[sum(x * y for x, y in zip(row, column, strict=True)) for column in columns] for row in rows]  # the formula


a, b = square(64), square(64)
np.testing.assert_allclose(by_hand(a, b), a @ b, atol=1e-4)
speed = {"loops": gflops("loops", 128)}
print(f"loops: {speed['loops']:.3f} GFLOP/s, {2 / speed['loops']:.0f} ns for a multiplication and an addition")

# %% [markdown]
# A processor does either in a third of a nanosecond. The rest is Python asking, at every `*`, what kind of objects
# these are, and making a new object of the product.
#
# ## Compiled, and then in another order
#
# `compiled` is the same three loops as machine code. `reordered` is `compiled` with two lines exchanged: i, k, j in
# place of i, j, k.

# %%
for rung in ("compiled", "reordered"):
    speed[rung] = gflops(rung, 512)
    print(f"{rung:9}: {speed[rung]:6.2f} GFLOP/s")
print(f"two lines exchanged: {speed['reordered'] / speed['compiled']:.0f} times as fast")

# %% [markdown]
# The same multiplications, the same additions, for each element in the same order. What differs is the way through
# memory. Memory comes in cache lines of 64 bytes, 16 numbers. Down a column of B each number lies in a line of its own;
# along a row one line serves 16 steps, and eight neighbours fit one vector instruction. Count the lines that the
# innermost loop asks for, when it doesn't find them again in a cache that keeps the last `LINES`:

# %%
LINES = 512  # 32 KiB, a first-level cache


def lines_fetched(order, n):
    """Cache lines of B fetched for one row of C, by a cache that keeps the lines used last."""
    places = np.arange(n * n).reshape(n, n) // 16
    walk = (places.T if order == "i, j, k" else places).ravel()  # down the columns, or along the rows
    kept, fetched = {}, 0
    for line in walk.tolist():
        if kept.pop(line, None) is None:
            fetched += 1
            if len(kept) == LINES:
                del kept[next(iter(kept))]
        kept[line] = True
    return fetched


for n in (256, 1024):
    down, along = (lines_fetched(order, n) for order in ("i, j, k", "i, k, j"))
    print(f"n = {n:4}: {n * n} numbers of B, lines fetched: {down} down its columns, {along} along its rows")
assert down == 16 * along == n * n  # where a column has more lines than the cache keeps, each number costs a line

# %% [markdown]
# (A real cache is worse: it keeps a line only in one of a few places, by its address, and the lines of a column that
# are a power of two apart compete for the same. It is also better: it fetches ahead.)
#
# ## Use each number more often
#
# How fast can it go? The processor does two vector multiply-adds at a time, each on 8 numbers, and fetches two vectors
# at a time. So a multiply-add that fetches two vectors and stores one, as in `reordered`, can't keep it busy. What
# counts is the **arithmetic intensity**: operations for each byte fetched.
#
# | rung | what is kept close | operations for each byte from the first-level cache |
# | --- | --- | --- |
# | `reordered` | one number of A | 2 / 12 |
# | `blocked` | a block of B in the cache; 4 rows of it at a time | 8 / 24 |
# | `packed` | a tile of C, r × c, in registers | 2rc / 4(r + c) |
#
# The tile is the idea that matters: r + c numbers are fetched for r·c multiply-adds. It grows with the tile, and the
# tile with the number of registers: 16 vectors of 8. How many of them a tile takes, and what it earns:

# %%
tiles = [(rows, vectors) for rows in range(1, 13) for vectors in (1, 2, 3)]
needed = {(r, v): r * v + v + 1 for r, v in tiles}  # the tile itself, a row of B, a number of A
earned = {(r, v): 2 * r * 8 * v / (4 * (r + 8 * v)) for r, v in tiles}
figure = plt.figure(figsize=(7, 3.6), layout="constrained")
for v, colour in ((1, ORANGE), (2, BLUE), (3, GREEN)):
    fits = [r for r, w in tiles if w == v and needed[r, v] <= 16]
    spills = [r for r, w in tiles if w == v and needed[r, v] > 16]
    plt.plot(fits, [earned[r, v] for r in fits], "o-", color=colour, label=f"{8 * v} columns")
    plt.plot(spills, [earned[r, v] for r in spills], "x", color=colour, alpha=0.6)
plt.plot(6, earned[6, 2], "o", color=BLUE, markersize=13, fillstyle="none")
plt.annotate("the tile of packed", (6, earned[6, 2]), (7.6, 1.6), arrowprops={"arrowstyle": "-", "color": GRAY})
plt.xlabel("rows of the tile")
plt.ylabel("operations a byte")
plt.title("What a tile earns; crosses need more than 16 registers")
plt.legend(frameon=False)
plt.show()
for r, v in ((12, 1), (6, 2), (4, 3)):
    print(f"{r:2} × {8 * v:2}: {earned[r, v]:.2f} operations a byte, {r + v:2} loads for {r * v} multiply-adds")
    assert needed[r, v] <= 16

# %% [markdown]
# 12 × 8 earns most by the byte, but each number of A is a load of its own, and there may be as many loads as
# multiply-adds in a cycle, no more: 13 for 12 is too many. 6 × 16 does well by both counts. Numba can't be told to keep
# 12 sums in registers, so this one loop is written as LLVM instructions, in `_microkernel.py`. Around it stand the
# loops of Goto and van de Geijn, one for each level of the memory:
#
#     for each block of columns of B          panels, packed in one piece, stay in the second-level cache
#         for each block of depth k
#             for each block of rows of A
#                 for each panel of B         16 KiB, stays in the first-level cache
#                     for each tile           6 × 16 sums, stay in registers
#
# ## The whole ladder

# %%
for rung in ("reference", "blocked", "packed", "parallel", "blas"):
    speed[rung] = gflops(rung, 512)
names = ["loops", "reference", "compiled", "reordered", "blocked", "packed", "parallel", "blas"]
figure = plt.figure(figsize=(7.5, 3.8), layout="constrained")
colours = [GRAY if name in ("reference", "blas") else BLUE for name in names]
bars = plt.barh(names[::-1], [speed[name] for name in names[::-1]], color=colours[::-1])
plt.bar_label(bars, [f"{speed[name]:.3g}" for name in names[::-1]], padding=4)
plt.xscale("log")
plt.xlim(min(speed.values()) / 2, max(speed.values()) * 4)
plt.xlabel("GFLOP/s (log scale)")
plt.title(f"512 × 512, float32 (loops: 128 × 128); threads of parallel and blas: {get_threads()}")
plt.show()
print(f"from loops to packed: {speed['packed'] / speed['loops']:,.0f} times as fast, on one thread")
assert speed["packed"] > 100 * speed["loops"]

# %% [markdown]
# ## Finish the block while it is there
#
# A layer is y = activation(x W + b). Two more passes over y, each of which fetches it again; or two more operations on
# each block of C while it is still in the cache. That is `linear`:

# %%
x, w, bias = rng.standard_normal((6, 4)), rng.standard_normal((4, 3)), rng.standard_normal(3)
with kernels.using("linear=packed"):
    fused = kernels.linear(x, w, bias, "relu")
np.testing.assert_allclose(fused, np.maximum(x @ w + bias, 0), atol=1e-12)
print(fused.round(2))

# %% [markdown]
# ## Change it and see
#
# - Time `compiled` at 511, 512 and 513: `gflops("compiled", 511)`. One of them is the worst by far.
# - Time `packed` and `blas` at 16, 64, 256: from what size on does packing pay?
# - Copy `blocked.py` and take eight rows of B together in place of four.
# - Exercise: `tinyxm check ex33`.
#
# ## What can go wrong
#
# - **Timing the first call**: it compiles. And timing once: another program had the processor.
# - **Two libraries' threads at once**: those that wait for the next call hold the processor that the other needs. A
#   step that takes turns between two pools can be slower than one thread.
# - **Comparing to the last digit**: rungs add in another order, or fuse a multiplication with its addition, so float32
#   differs in the seventh digit.
# - **Sums that lose a NaN**: an optimisation that assumes there is none. None of these does.
#
# ## Where it came from
#
# Lam, Rothberg and Wolf, "The cache performance and optimizations of blocked algorithms" (1991); Goto and van de Geijn,
# "Anatomy of high-performance matrix multiplication" (2008), which OpenBLAS follows; Van Zee and van de Geijn, "BLIS: a
# framework for rapidly instantiating BLAS functionality" (2015); Williams, Waterman and Patterson, "Roofline" (2009),
# for arithmetic intensity.
#
# ## Three questions
#
# 1. A has n² numbers, as have B and C, and there are 2n³ operations. What is the most that each number fetched from
#    memory can be used, and why doesn't `reordered` get it?
# 2. Why isn't a tile of 12 × 16 twice as good as one of 6 × 16?
# 3. A vector times a matrix: which of the rungs help?
#
# ## Answers
#
# 1. n multiply-adds for each number. `reordered` goes through all of B for each row of A: when B doesn't fit the cache
#    each of its numbers is fetched n times, for one multiply-add each.
# 2. It needs 24 registers for its sums, and there are 16: the rest are stored and fetched again, at every step.
# 3. The compiler and the order of the loops. Each number of B is used once, so that no block and no tile can use it
#    again: memory is the limit, at 2 operations for 4 bytes.

# %%
one_row = 2 * 1024 * 1024 / (4 * (1024 * 1024 + 2 * 1024))
print(
    f"(1 × 1024) @ (1024 × 1024): {one_row:.2f} operations a byte; 1024 × 1024: {2 * 1024**3 / (4 * 3 * 1024**2):.0f}"
)
assert one_row < 0.5
