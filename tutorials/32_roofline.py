# %% [markdown]
# # The roofline: is it slow, or is it done?
#
# A kernel takes 3 milliseconds. Is that good? Two limits of the machine answer, before a line of it is changed: how
# many operations a second it can do, and how many bytes a second its memory gives. Which of them counts depends on one
# number of the operation, its **arithmetic intensity**:
#
#     I = floating-point operations / bytes that must be moved
#
#     operations per second ≤ min(peak, I · bandwidth)
#
# Drawn over I on two log scales that is a roof: a slope, where memory limits, and a flat part, where arithmetic does. A
# kernel at the roof is done; one below it has something left. This lesson builds the roof of your machine.

# %%
import time
from itertools import cycle

import matplotlib.pyplot as plt
import numpy as np

import tinyxm_kernels as kernels
from tinyxm_kernels.bench import peak
from tinyxm_kernels.threads import threads

BLUE, ORANGE, GREEN, PURPLE, GRAY = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#767676"
F32 = 4  # bytes of a number

# %% [markdown]
# ## Intensity, by hand
#
# Count what the formula does, and each number of its operands and its result once: less can't be moved.
#
# | operation | operations | numbers moved | operations per byte |
# | --- | --- | --- | --- |
# | y = x + z, n numbers | n | 3n | 1/12 |
# | matrix times vector, n×n | 2n² | n² + 2n | about 1/2 |
# | matrix times matrix, n×n | 2n³ | 3n² | n/6 |
# | Adam, n parameters | 15n | 7n | 15/28 |
# | convolution 3×3, C channels to C, P pixels | 18 P C² | 2 P C + 9 C² | up to 9C/4 |
#
# The first two don't get better with size: each number that comes is used once or twice. In a product of matrices each
# is used n times. That is why networks are made of it, and why one sample at a time (a vector) is so slow.

# %%
n = 512
assert kernels.flops("matmul", (n, n), (n, n)) == 2 * n**3
assert kernels.bytes_moved("matmul", (n, n), (n, n)) == F32 * 3 * n**2

intensity = {}
for shape in ((n, 1), (n, 16), (n, 64), (n, n)):
    flops, moved = (count("matmul", (n, n), shape) for count in (kernels.flops, kernels.bytes_moved))
    intensity[shape[1]] = flops / moved
    print(f"{n}×{n} times {n}×{shape[1]:3}: {flops:>11,} operations, {moved:>9,} bytes: {flops / moved:6.2f} per byte")
assert np.isclose(intensity[n], n / 6)
assert np.isclose(intensity[1], 0.5, rtol=0.01)

# %% [markdown]
# ## The two limits
#
# The peak comes from a loop that only multiplies and adds vectors in registers, in twelve sums that needn't wait for
# one another: x ← x f + s. The bandwidth comes from two loops over arrays that fit in no cache: the **triad**
# a ← b + f c, by which memories are usually compared, and a ← −a, in place. The second moves more. A processor brings
# in the line of memory that it's about to overwrite; the triad's count leaves that out, while a ← −a has read the line
# anyway. What moves more is the limit: no kernel can exceed it. One thread.
#
# What disturbs a measurement only makes it slower. So the best of many counts; and as other programs come and go, the
# limits are measured again below, in turn with the kernels. Else a limit from a busy second would be held against a
# kernel's quiet one, and the kernel would seem to do more than the machine can.

# %%
rng = np.random.default_rng(0)


def random(*shape):
    return rng.standard_normal(shape, np.float32)


size = 1 << 23
x, z, y = random(size), random(size), random(size)
parts = cycle(np.ones((8, size // 2), np.float32))  # 134 MB: when a part's turn comes again, it's in no cache


def best_seconds(call, budget):
    """The best of as many calls as fit, and of three at least: what disturbs a call only makes it longer."""
    taken = []
    while len(taken) < 3 or sum(taken) < budget:
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return min(taken)


def limits(budget):
    """GFLOP/s of the loop in registers; GB/s of the triad, and of a ← −a."""
    three = best_seconds(lambda: peak.triad(size, 1e12, y, x, z, np.float32(3)), budget)
    two = best_seconds(lambda: np.negative(part := next(parts), out=part), budget)
    return peak.peak_gflops("float32", budget), 3 * size * F32 / three / 1e9, size * F32 / two / 1e9


with threads(1):
    limits(0)  # compiles
    measured = [limits(0.2)]
most, triad, in_place = measured[0]
bandwidth = max(triad, in_place)
ridge = most / bandwidth
print(f"at most {most:.0f} GFLOP/s; the triad moves {triad:.0f} GB/s, a ← −a {in_place:.0f} GB/s")
print(f"the ridge is at {most:.0f} / {bandwidth:.0f} = {ridge:.1f} operations a byte")


def roof(per_byte):
    """GFLOP/s that no kernel of this intensity can exceed."""
    return np.minimum(most, per_byte * bandwidth)


assert np.isclose(roof(ridge / 2), most / 2)
assert roof(10 * ridge) == most

# %% [markdown]
# ## Predict, then measure
#
# The roof turns into a prediction of time: the larger of operations / peak and bytes / bandwidth. Say it before
# measuring; where the two differ there is something to learn. (Arrays that fit in a cache can be faster than the slope:
# the bytes then come from there. So those below are large, where memory is the point.)

# %%
big, vector = random(4096, 4096), random(4096)
a, b = random(n, n), random(n, n)
small, images, weights = random(96, 96), random(4, 32, 32, 32), random(3, 3, 32, 32)
state = [random(size), random(size), np.zeros(size, np.float32), np.zeros(size, np.float32)]


def counted(name, *operands):
    return kernels.flops(name, *operands), kernels.bytes_moved(name, *operands)


def task(name, rung, *operands):
    def call():
        with kernels.using(f"{name}={rung}"):
            getattr(kernels, name)(*operands)

    return counted(name, *operands), call


padded = (images, weights, (1, 1), (1, 1))
tasks = {
    "add": ((size, 3 * size * F32), lambda: np.add(x, z, out=y)),
    "Adam": (counted("adam_update", *state), lambda: kernels.adam_update(*state, step=1, learning_rate=1e-3)),
    "matrix · vector": ((2 * big.size, big.nbytes + 2 * vector.nbytes), lambda: np.dot(big, vector)),
    "matmul 512, reference": task("matmul", "reference", a, b),
    "matmul 512, blocked": task("matmul", "blocked", a, b),
    "matmul 512, packed": task("matmul", "packed", a, b),
    "matmul 512, blas": task("matmul", "blas", a, b),
    "matmul 96, blas": task("matmul", "blas", small, small),
    "convolution 3×3": task("conv2d", "implicit", *padded),
    "the same by Winograd": task("conv2d", "winograd", *padded),
}


ROUNDS = 6
best = dict.fromkeys(tasks, np.inf)
with threads(1):
    for _, call in tasks.values():
        call()  # compiles, and fills the caches
    for _ in range(ROUNDS):
        measured.append(limits(0.03))
        for name, (_, call) in tasks.items():
            best[name] = min(best[name], best_seconds(call, 0.05))

most, triad, in_place = np.max(measured, axis=0)  # the best of each, from among the same seconds as the kernels' best
bandwidth = max(triad, in_place)
ridge = most / bandwidth
slowest = min(gflops for gflops, *_ in measured)
print(f"best of {len(measured)}: {most:.0f} GFLOP/s (worst {slowest:.0f}), {bandwidth:.0f} GB/s, ridge {ridge:.1f}\n")

points = {}
print(f"{'':22}{'per byte':>9}{'limit':>8}{'predicted ms':>14}{'measured ms':>13}{'of the roof':>13}")
for name, ((flops, moved), _) in tasks.items():
    per_byte, seconds = flops / moved, best[name]
    by_arithmetic, by_memory = flops / most / 1e9, moved / bandwidth / 1e9
    predicted = max(by_arithmetic, by_memory)
    limit = "memory" if by_memory > by_arithmetic else "peak"
    points[name] = per_byte, flops / seconds / 1e9
    assert np.isclose(flops / predicted / 1e9, roof(per_byte))  # the same statement twice
    print(f"{name:22}{per_byte:9.2f}{limit:>8}{1e3 * predicted:14.3f}{1e3 * seconds:13.3f}{predicted / seconds:13.0%}")
    if predicted > 1.05 * seconds:
        print(f"{'':22}^ above the roof: what that means is told below")

# %%
figure = plt.figure(figsize=(9, 5.2), layout="constrained")
axes = plt.gca()
line = np.geomspace(0.03, 300, 200)
axes.plot(line, roof(line), color="black", linewidth=1.6)
axes.text(300, most * 1.12, f"peak {most:.0f} GFLOP/s", ha="right", fontsize=9)
axes.text(0.036, 0.036 * bandwidth * 1.5, f"memory {bandwidth:.0f} GB/s", rotation=33, fontsize=9)
axes.axvline(ridge, color=GRAY, linestyle=":", linewidth=1)
axes.text(ridge, most * 1.12, "the ridge", color=GRAY, fontsize=9, ha="center")
marks = zip("osD^vP*X<>", (BLUE, ORANGE, GREEN, PURPLE, GRAY) * 2, strict=True)
for (name, (per_byte, speed)), (marker, colour) in zip(points.items(), marks, strict=True):
    axes.plot(per_byte, speed, marker, color=colour, markersize=7, markerfacecolor="none", label=name)
axes.set(xscale="log", yscale="log", xlim=(0.03, 300), ylim=(0.12, most * 4))
axes.set(xlabel="arithmetic intensity, operations per byte (log scale)", ylabel="GFLOP/s, best (log scale)")
axes.set_title("The roof of this machine, one thread, float32, and what lies under it")
axes.legend(frameon=False, fontsize=8, loc="lower right", ncols=2)
plt.show()

# %% [markdown]
# ## What to do on each side
#
# **Left of the ridge, near the slope** (Adam, on a quiet machine): it is done. Faster arithmetic changes nothing. Only
# moving less helps: fuse with what comes before or after, so that numbers don't go to memory in between (softmax and
# cross-entropy in one, bias and activation in the matmul), use narrower numbers, or batch vectors into a matrix.
#
# **Left of the ridge, at half of the slope or two thirds** (add, matrix · vector): most often done, too. The sum goes
# to a third array, whose lines are brought in first: 4 numbers move where 3 are counted. And one core that only reads
# can't ask for more than a few lines at once, and waits for them.
#
# **Right of the ridge, far below the roof** (the product by plain loops): memory isn't to blame, whatever it feels
# like. It lacks vector instructions, or waits for one sum after another, or fetches from the cache what a register
# should have held. That is the ladder of matmul: each rung is nearer to the roof, at the same intensity, straight
# above.
#
# **Right of the ridge, at the roof**: done, too. Only another algorithm helps, one with fewer operations, such as
# Winograd's convolution.
#
# **Below the slope on the left**: the numbers aren't read in order, or more of them than must be.
#
# **Above the roof**: no kernel does more than the machine can, so something isn't what it was taken for. Winograd's
# convolution is counted as if it computed the direct sum, 144 multiplications for 4 × 4 pixels, and does it by 36 [29]:
# it may stand above, and what it really does stays below. Of any other ask what is wrong with it, or with the roof.
#
# Fusing is worth its trouble in proportion to this:

# %%
steps = 5  # passes over n numbers, each reading and writing them, against one that reads and writes once
separate, fused = steps * 2 * size * F32, 2 * size * F32
apart, together = separate / bandwidth / 1e6, fused / bandwidth / 1e6
print(f"{steps} steps over {size:,} numbers: {apart:.1f} ms apart, {together:.1f} ms fused")
assert separate == steps * fused

# %% [markdown]
# ## Change it and see
#
# - Add 4,096 numbers alone (`x[:4096]` and so on, and count them), which fit in the first-level cache: how far above
#   the slope does the sum land?
# - Multiply `big` by a matrix of 2, 4, 8, 16 columns: where does it cross the ridge?
# - Use float64 throughout: which of the two limits is halved, and where does the ridge go?
# - `threads(2)`: the peak doubles, the bandwidth hardly. What does that mean for Adam?
# - Exercise: `tinyxm check ex38`.
#
# ## What can go wrong
#
# - **A point above the slope**: its operands were in a cache, whose bandwidth is many times that of memory.
# - **A point above the flat part**: the operations were counted wrong, or the algorithm does fewer than were counted.
# - **A point above either, where none of this holds**: the roof was measured too low, in busy moments or at a lower
#   clock. Run it again on a quiet machine, or with more `ROUNDS`.
# - **The peak of the data sheet** is for the highest clock, all lanes and all cores; measure your own.
# - **Intensity of the operation or of the kernel?** Here it is what must be moved. A bad kernel moves more, so that it
#   is limited by memory although the operation wouldn't be.
# - **A figure that changes from run to run**: another program. Take the best of many; `tinyxm bench` says when it can't
#   decide.
#
# ## Where it came from
#
# Williams, Waterman and Patterson, "Roofline: an insightful visual performance model for multicore architectures"
# (2009). The triad is McCalpin's STREAM (1995). The balance of arithmetic and memory goes back to Kung (1986) and
# Hockney.
#
# ## Three questions
#
# 1. A machine does 100 GFLOP/s and moves 20 GB/s. Where is its ridge, and from which n on can an n×n matmul reach the
#    peak, in float32?
# 2. Adam reads and writes 7 numbers for each parameter, with 15 operations. How long do ten million parameters take
#    on that machine, at least?
# 3. Somebody makes the loop of a vector sum twice as fast by cleverer arithmetic, for arrays of a gigabyte. Do you
#    believe it?
#
# ## Answers
#
# 1. At 100 / 20 = 5 operations a byte; n / 6 ≥ 5 from n = 30 on (if nothing is moved twice).
# 2. 10⁷ · 7 · 4 bytes are 280 MB: 14 ms. The arithmetic, 1.5 ms, hides behind it.
# 3. Only if the first one was far below the slope. At 1/12 operation a byte memory decides, at whatever arithmetic.

# %%
assert 100 / 20 == 5
assert 30 / 6 == 5
assert np.isclose(1e7 * 7 * F32 / 20e9, 14e-3)
