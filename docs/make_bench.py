"""Make docs/bench.md: what the bench is, and the tables of the recorded run: `python docs/make_bench.py`"""

from __future__ import annotations

from pathlib import Path

from tinyxm_kernels.bench.plans import PLANS
from tinyxm_kernels.bench.record import page as recorded

PAGE = Path(__file__).with_name("bench.md")
RECORD = Path(__file__).parents[1] / "benchmarks/results/kernels.json"
HEAD = """\
# The bench

`tinyxm bench` says how fast every rung of every kernel is: beside this machine's own limits, and beside PyTorch, JAX
and NumPy, those of them that are installed.

| command | what it does |
| --- | --- |
| `tinyxm bench` | everything, in some seven minutes on two cores |
| `tinyxm bench --quick` | few sizes and rounds: about a minute, once the kernels are compiled |
| `tinyxm bench matmul conv2d --sizes 512,8x56x56x64x64x3x1x1 --threads 1,2` | these operations at these sizes |
| `tinyxm bench --json rows.json --plot ladder.png` | the rows for a program, the ladders and the roofline to look at |
| `tinyxm bench --mine my_kernel.py` | a kernel of your own: checked first, then timed with the rest |
| `tinyxm bench --tune` | write which rung was fastest at which size, for `tinyxm_kernels.use("tuned")` |
| `tinyxm doctor --compile` | compile every kernel now, those of the main job first: 92 in 80 s on the machine below |
| `tinyxm bench --record benchmarks/results/kernels.json` | what stands below; then `python docs/make_bench.py` |

## Sizes

A shape is whole numbers joined by `x`, in `--sizes` and in every row. Each operation takes those of the sizes that are
shapes of it, or else its own.

{sizes}

## How it measures

- **The machine first.** A loop of nothing but multiply-adds in registers gives the peak, the triad a ← b + f c over
  arrays that no cache holds the bandwidth, on each number of threads.
- **One process a library**, each started once for a number of threads: spinning threads of one would hold the cores of
  another. Each process is held to as many cores as it has threads, each thread to one of them; where the system has no
  such call (macOS, Windows) they go where they like, and the record says so.
- **In turn.** Round by round each rung and each peer, with a warm-up, several calls in a batch, and a short gap. Best
  and median are told. What a call allocates is allocated in each call; tinyxm keeps freed memory, as `import tinyxm`
  sets it.
- **The same work.** Each result is compared with the reference's; a call that computes something else is left out.
- **Beside BLAS.** Each rung is timed again with products by BLAS in between: threads that don't sleep would stall it.
- **Too slow** for a size, by trials on smaller ones, is skipped with a word; what takes more than 50 ms a call has
  three rounds, and all else nine.

A ratio is the peer's best time over ours: above 1 ours is faster. Its interval is the quartiles of the ratios within
each round. A row is *undecided* (marked ?) where the interval straddles the verdict (faster, slower, or even within 5
%), where the machine was disturbed meanwhile (the multiply-add loop, timed in each round, fell below 85 % of its best
in the median), where the row's own median is below 60 % of its best, or where there were fewer than three rounds.

The rows (`--json`) are a list of `operation`, `rung`, `shape`, `dtype`, `threads`, `best_gflops`, `median_gflops`,
`peak_share` (a fraction), `ratios` (peer: best over best), `intervals`, `decided` and more; peers are rows of their
own, by the names `torch`, `torch_channels_last`, `jax` and `numpy`. Winograd's GFLOP/s count the operations of the
direct sum, so that they can exceed the peak. Under the roofline a point may lie above the slope: its operands fit in a
cache.

## A kernel of your own

A file with a function named as the operation, called as a rung of the ladder is:

```
from tinyxm_kernels._compiled import compiled

@compiled
def matmul(a, b):
    ...
```

`tinyxm bench --mine FILE` runs it on 60 drawn cases: edge sizes, float32 and float64, transposed, reversed and strided
views, NaN and infinity, in a process of its own. Where it is wrong it prints the case, the first wrong index, the value
there and the expected, and the exit status is 1; a compiled kernel that reads or writes outside its arrays is caught,
too. Under `@rung(dtypes=..., accepts=...)` from `tinyxm_kernels.registry` it is asked for what it takes.

## What is missed, and why

- **matmul 2048.** Up to 1024 the packed rungs are at BLAS's speed or above; at 2048 they fall behind by 10 to 20 %. The
  cause isn't found yet. The default stays BLAS at every size, though `parallel` is quicker in this run up to 512: what
  the rest of a step gives to BLAS would take turns with Numba's threads.
- **Weight gradient, 2 threads.** The 1×1 and 5×5 kernels are at 0.85 to 0.95 of PyTorch: the first by what the
  third-level cache brings, the second because PyTorch seems to leave out the padded columns of a sum.
- **Layer norm.** Of 17 µs at 512×128, traffic with the second-level cache is about 8, a call 3.5; it is too short for
  threads, whose waking costs as much. Its gradients read g and x twice.
- **Group and batch norm.** Statistics and result are two operations, so that a sample is read twice from the third
  level, where PyTorch has it in the second.
- **Attention.** At 32 keys twice PyTorch's speed would be three quarters of the peak, exponentials included; at 512
  both are at 70 to 80 % of it. What a causal mask hides is left out here, which is where the gain comes from.
- **Max pooling, adding rows.** One pass at the speed of memory, in PyTorch, too.
- **Adam.** The divider and the square root bound it in the cache (25 of 34 cycles for 16 numbers), memory outside.

## Recorded

"""


def page() -> str:
    return HEAD.replace("{sizes}", sizes()) + recorded(RECORD)


def sizes() -> str:
    same: dict[tuple[str, str], list[str]] = {}
    for plan in PLANS.values():
        same.setdefault((plan.letters, plan.means), []).append(plan.operation)
    rows = [f"| {', '.join(names)} | {letters} | {means} |" for (letters, means), names in same.items()]
    return "\n".join(["| operation | shape | |", "| --- | --- | --- |", *rows])


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
