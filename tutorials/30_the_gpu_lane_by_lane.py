# %% [markdown]
# # The GPU, lane by lane
#
# A GPU runs one short program, a **kernel**, in thousands of threads at once. Each finds out which one it is, and takes
# the number that is its own:
#
#     i = blockIdx.x · blockDim.x + threadIdx.x
#
# Threads come in **blocks**, and the hardware cuts each block into **warps** of 32. A warp has one instruction for all
# its 32 threads, its *lanes*: they add at the same moment, and fetch from memory at the same moment. Two things decide
# how much of that is useful: whether all lanes want the same instruction, and whether what they fetch lies together.
#
# You need no GPU for this lesson. `tinyxm_kernels.simt` reads CUDA C, the very source that a GPU would get, and runs it
# on NumPy with every thread a lane of an array. It counts what the hardware would be asked for. It doesn't tell time.

# %%
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import tinyxm_kernels
from tinyxm_kernels import simt

BLUE, ORANGE, GREEN, GRAY = "#0072B2", "#D55E00", "#009E73", "#767676"
SOURCES = Path(tinyxm_kernels.__file__).parent
rng = np.random.default_rng(0)

SCALE = r"""
extern "C" __global__ void scale(const float *x, float *y, float factor, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n)
        y[i] = factor * x[i];
}
"""
n = 100
x, y = rng.standard_normal(n).astype(np.float32), np.full(n, np.nan, np.float32)
run = simt.Program(SCALE).launch("scale", grid=2, block=64, arguments=[x, y, 3, n], trace=(1, 1))
np.testing.assert_allclose(y, np.float32(3) * x)
assert not run.findings

# %% [markdown]
# 100 numbers, and 2 blocks of 64 threads: 28 threads have nothing to do, which is what `if (i < n)` is for. Leave it
# out and they write beyond the array; the simulator says which thread, which element, which line:

# %%
wild = simt.Program(SCALE.replace("if (i < n)", "")).launch("scale", 2, 64, [x, y, 3, n])
for finding in wild.findings:
    print(f"line {finding.line}: {finding.kind}: {finding.message} ({finding.count} times)")
assert {finding.kind for finding in wild.findings} == {"out-of-bounds"}
assert {finding.count for finding in wild.findings} == {28}

# %% [markdown]
# And this is one warp, the last of the four, statement by statement. `#` is a lane that takes part. Only 4 of its 32
# have a number left; the others wait until these are done. (`tinyxm simt FILE.cu NAME --step` shows it with keys to go
# forward and back, `--html page.html` as a page.)


# %%
def masks(run):
    """A row for each step of the traced warp, a column for each lane: does it take part?"""
    return np.array([[step["mask"] >> lane & 1 for lane in range(32)] for step in run.trace["steps"]])


for step, mask in zip(run.trace["steps"], masks(run), strict=True):
    print("".join(".#"[bit] for bit in mask), run.trace["source"][step["line"] - 1].strip())
assert masks(run)[-1].sum() == 4

# %% [markdown]
# ## One instruction for 32 lanes
#
# Where lanes of one warp go different ways at an `if`, the warp goes both ways, one after the other, and the lanes that
# aren't meant wait. Where they leave a loop at different times it lasts as long as the last of them needs. (Since 2017
# each lane has a program counter of its own and may run ahead of others; it is still one instruction at a time for
# those that are at the same place.) What is lost is told by one number:
#
#     efficiency = active lanes / 32, on average over the statements
#
# Collatz's rule sends every number on a way of its own: halve it if it is even, otherwise take three times it and one.
# Lane i counts the steps from i + 1 to 1. `branching` does it with `if` and `else`; in `choosing` each lane computes
# both and takes one. Read `simt/examples/divergence.cu` beside this.

# %%
collatz = simt.Program(SOURCES / "simt" / "examples" / "divergence.cu")
runs = {}
for name in ("branching", "choosing"):
    steps = np.zeros(128, np.int32)
    runs[name] = collatz.launch(name, grid=4, block=32, arguments=[steps, 128], trace=(0, 0))
    assert steps[26] == 111  # 27 takes famously long
    lanes, split = runs[name].totals["active_lanes"], runs[name].totals["divergent"]
    print(f"{name:9}: {lanes:4.1f} lanes of 32 active, {lanes / 32:.0%}; {split:4} branches divided a warp")
assert runs["choosing"].totals["active_lanes"] > runs["branching"].totals["active_lanes"]

figure, axes = plt.subplots(1, 2, figsize=(9, 4.6), layout="constrained")
for axis, (name, run) in zip(axes, runs.items(), strict=True):
    axis.imshow(masks(run), aspect="auto", cmap="Blues", interpolation="nearest", vmin=-0.3, vmax=1)
    axis.set(title=f"{name}: {len(run.trace['steps'])} statements", xlabel="lane", ylabel="statement")
figure.suptitle("Who takes part, in the warp of the numbers 1 to 32: the longest way keeps all waiting")
plt.show()

# %% [markdown]
# Both waste most of the warp: 27 goes on for 111 steps when nearly all others are done. No branch is to blame for that,
# and no cleverness within the warp mends it. What mends it is to put lanes of equal length into one warp.
#
# ## 32 addresses at once
#
# Memory is fetched in **sectors** of 32 bytes, 8 numbers of 4 bytes. When a warp loads, its 32 addresses are looked at
# together, and each sector that any of them is in is fetched once:
#
#     sectors = number of different ⌊address / 32⌋
#
# That is the whole rule of *coalescing*. 32 neighbours are 4 sectors, the fewest there can be. 32 numbers that lie far
# apart are 32 sectors, and of each 32 bytes 28 travel for nothing.


# %%
def sectors(indices):
    """Of one load, of 4-byte numbers at these indices."""
    return len({4 * index // 32 for index in indices})  # the formula


STRIDED = r"""
extern "C" __global__ void gather(const float *x, float *y, int stride, int shift)
{
    y[threadIdx.x] = x[threadIdx.x * stride + shift];
}
"""
gather, x, y = simt.Program(STRIDED), np.zeros(2048, np.float32), np.zeros(32, np.float32)


def counted(stride, shift=0):
    """Sectors of the load, as the simulator counts them."""
    (line,) = gather.launch("gather", 1, 32, [x, y, stride, shift]).lines
    return next(access["transactions"] for access in line["accesses"] if access["array"] == "x")


strides = np.arange(0, 33)
found = [counted(stride) for stride in strides]
assert found == [sectors(range(0, 32 * s, s)) if s else 1 for s in strides]
assert found[:9] == [1, 4, 8, 12, 16, 20, 24, 28, 32]
assert counted(1, shift=8) == 4
assert counted(1, shift=1) == 5  # begins within a sector, ends within another
print("stride 0 (all read one number): 1 sector; 1: 4; 2: 8; from 8 on: 32. Shifted by one number: 5")

figure = plt.figure(figsize=(7.5, 3.6), layout="constrained")
plt.step(strides, found, where="mid", color=ORANGE, label="sectors fetched")
plt.plot(strides, [1] + [4] * 32, color=BLUE, label="the fewest that hold 32 numbers")
plt.xlabel("stride: how far apart neighbouring lanes read, in numbers")
plt.ylabel("sectors for one load of a warp")
plt.title("Eight times the traffic, and not one number more")
plt.legend(frameon=False)
plt.show()

# %% [markdown]
# ## The same in a matmul
#
# A thread for each number of C = A B. In `cuda_naive.cu` and `cuda_coalesced.cu` the kernels differ in two lines: which
# of x and y is the row. All threads do the same sums.

# %%
n = 128
a, b = rng.standard_normal((2, n, n)).astype(np.float32)
LAUNCHES = {  # blocks, threads
    "naive": ((n // 32, n // 8), (32, 8)),
    "coalesced": ((n // 32, n // 8), (32, 8)),
    "tiled": ((n // 16, n // 16), (16, 16)),
    "registers": ((n // 128, n // 128), (16, 16)),
}
profiles = {}
for rung, (grid, block) in LAUNCHES.items():
    program, c = simt.Program(SOURCES / "matmul" / f"cuda_{rung}.cu"), np.full((n, n), np.nan, np.float32)
    profiles[rung] = run = program.launch("matmul", grid, block, [a, b, c, n, n, n])
    np.testing.assert_allclose(c, a @ b, atol=1e-4)
    assert not run.findings
for rung in ("naive", "coalesced"):
    line = max(profiles[rung].lines, key=lambda line: line["flops"])
    print(f"{rung}: {line['source']}")
    for access in line["accesses"]:
        each = access["transactions"] / access["requests"]
        print(f"    {access['array']}: {each:2.0f} sectors for each load of a warp")

# %% [markdown]
# In `coalesced` a warp is a piece of a row of C. Its lanes read 32 neighbours of B, 4 sectors; and all read the same
# number of A, 1 sector. In `naive` a warp is a piece of a column: of B all read the same number, and of A 32 numbers
# that are a row apart, 32 sectors. 33 against 5, for the same 32 multiply-adds.
#
# Still, 5 sectors are 160 bytes for 64 operations: 0.4 operations a byte, where a GPU wants ten or more. (Lesson 32
# says why.) The rest of the ladder raises that. A block that keeps a tile of A and a tile of B in **shared memory**
# fetches each number once for T threads; and a thread that keeps 8×8 sums in registers makes T = 128 out of 16×16
# threads. Counted by hand, for n×n matrices of 4-byte numbers:
#
#     bytes = 4 (2 n³ / T + n²)        intensity = 2 n³ / bytes = 1 / (4 / T + 2 / n)

# %%
flops = 2 * n**3
by_hand = {
    "naive": flops / (32 * (33 * n**3 / 32 + n**2)),  # 33 sectors for each 32 multiply-adds; C by columns, 1 a number
    "coalesced": flops / (32 * (5 * n**3 / 32 + n**2 / 8)),
    "tiled": 1 / (4 / 16 + 2 / n),
    "registers": 1 / (4 / 128 + 2 / n),
}
intensity = {}
for rung, run in profiles.items():
    assert run.totals["flops"] == flops
    intensity[rung] = flops / (32 * run.totals["sectors"])
    np.testing.assert_allclose(intensity[rung], by_hand[rung])
    print(f"{rung:9}: {run.totals['sectors']:>9,} sectors, {intensity[rung]:6.2f} operations a byte")

figure = plt.figure(figsize=(7.5, 3), layout="constrained")
names = list(profiles)[::-1]
bars = plt.barh(names, [intensity[name] for name in names], color=BLUE)
plt.bar_label(bars, [f"{intensity[name]:.2g}" for name in names], padding=4)
plt.xscale("log")
plt.xlim(0.03, 60)
plt.xlabel("operations for each byte of global memory (log scale)")
plt.title(f"{n} × {n}: the same sums, ever less fetched")
plt.show()
assert intensity["registers"] > 300 * intensity["naive"]

# %% [markdown]
# ## What these counts are, and what they aren't
#
# They are a **model**: what the source asks for, before a compiler has merged two loads into one, and before a cache
# has answered. On a real GPU the first-level cache saves `naive` from much of its traffic, since the other 7 numbers of
# each sector are wanted in the next 7 steps. Fewer sectors for the same sums are less traffic; how much time that
# saves, only a device can say. No figure of this lesson was measured on one.

# %%
for sentence in simt.NOT_MODELLED:
    print("not modelled:", sentence)

# %% [markdown]
# ## Change it and see
#
# - In `STRIDED` let every lane read backwards: `x[(31 - threadIdx.x) * stride]`. Does the order of lanes matter?
# - Give `gather` an array of doubles. How many sectors do 32 neighbours take then?
# - Launch `coalesced` in blocks of 16×16: a warp is then two rows of 16. What becomes of the loads?
# - `tinyxm simt matmul/cuda_naive.cu --beside matmul/cuda_coalesced.cu --html page.html`, and step through it.
# - Exercise: `tinyxm check ex36`.
#
# ## What can go wrong
#
# - **threadIdx.x on the slow axis.** Lanes are neighbours by x: let x run along what lies together in memory.
# - **A bound that is missing** or one too far: the last block is rarely full. And an index that passes 2³¹.
# - **A structure for each item** (x, y, z side by side) where each lane wants its x: stride 3. Keep three arrays.
# - **To call an `if` divergent** that isn't: where whole warps go one way, as at `if (blockIdx.x == 0)`, nothing is
#   lost.
# - **To believe a count of a model** more than a profiler on the machine that it is for.
#
# ## Where it came from
#
# Lindholm, Nickolls, Oberman and Montrym, "NVIDIA Tesla: a unified graphics and computing architecture" (2008), for
# warps and their masks; NVIDIA, "CUDA C++ Best Practices Guide", Coalesced Access to Global Memory; Volkov and Demmel,
# "Benchmarking GPUs to tune dense linear algebra" (2008), for sums in registers. One instruction for many processors
# is older: in the ILLIAC IV (Barnes and others, 1968) there were 64, each with a bit that let it sit a step out.
#
# ## Three questions
#
# 1. `if (threadIdx.x % 2 == 0) f(); else g();`: how long does a warp take? And with `threadIdx.x / 32 % 2`?
# 2. A picture has 3 bytes to a pixel, side by side, and lane i reads the red byte of pixel i. How many sectors, and how
#    many bytes of them are used?
# 3. Why does `tiled` with tiles of 32×32 have twice the intensity of 16×16, and what stops one from taking 1024×1024?
#
# ## Answers
#
# 1. As long as f and g together, for each warp has lanes of both. In the second case each warp is all of one kind: as
#    long as f, or as g.
# 2. 32 lanes span 94 bytes: 3 sectors, 96 bytes, of which 32 are used. Keep the colours apart and it is 1 sector.
# 3. Each number that is fetched serves 32 threads in place of 16. But two tiles of 1024² floats are 8 MiB, and a block
#    has some 48 KiB of shared memory, up to 227 KiB on the largest; and at most 1024 threads.

# %%
assert len({3 * i // 32 for i in range(32)}) == 3
np.testing.assert_allclose((1 / (4 / 32)) / (1 / (4 / 16)), 2)
assert 2 * 4 * 1024**2 > 227 * 1024
