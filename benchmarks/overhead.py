"""What the tape costs: a chain of tiny operations beside PyTorch, and an MLP step beside NumPy by hand.

    python benchmarks/overhead.py [--rounds 40] [--json FILE]

One process per library and job, so that no library's threads stall another's; rounds interleaved; best and median of
each, and the ratio of two libraries within each round (its median and quartiles). At one thread and at all. A ratio is
called undecided where its quartiles straddle the figure to reach.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np

Step = Callable[[], object]
LENGTH = 100  # operations in a chain, half of them additions, half multiplications
BATCH, SIZES, RATE = 128, (784, 256, 256, 10), 0.01
# job, peer, ours, and what the peer's time over ours must reach
COMPARISONS = [
    ("chain, one edge an operation", "torch", "tinyxm", 1.8),
    ("chain, two edges an operation", "torch", "tinyxm", 1.8),
    ("MLP step", "numpy", "tinyxm", 1 / 1.1),
    ("MLP step", "numpy, memory kept", "tinyxm", 1 / 1.1),
    ("MLP step", "torch", "tinyxm", 1.0),
]


def chain_tinyxm(edges: int) -> Step:
    import tinyxm as xm

    ones = np.ones(8, np.float32)
    x, c = xm.Tensor(ones, requires_grad=True), xm.Tensor(ones, requires_grad=edges == 2)

    def step() -> None:
        y = x
        for _ in range(LENGTH // 2):
            y = y * c
            y = y + c
        y.backward(ones)

    return step


def chain_torch(edges: int) -> Step:
    import torch

    ones = torch.ones(8)
    x, c = torch.ones(8, requires_grad=True), torch.ones(8, requires_grad=edges == 2)

    def step() -> None:
        y = x
        for _ in range(LENGTH // 2):
            y = y * c
            y = y + c
        y.backward(ones)

    return step


def data() -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    rng = np.random.default_rng(0)
    x = rng.standard_normal((BATCH, SIZES[0])).astype(np.float32)
    weights = [rng.standard_normal(s).astype(np.float32) * np.float32(s[0] ** -0.5) for s in pairwise(SIZES)]
    return x, rng.integers(0, SIZES[-1], BATCH), weights


def mlp_tinyxm() -> Step:
    import tinyxm as xm

    x, labels, weights = data()
    parameters = [xm.Parameter(w) for w in weights]
    shifts = [xm.Parameter(np.zeros(w.shape[1], np.float32)) for w in weights]
    optimizer = xm.optim.GradientDescent(parameters + shifts, lr=RATE)

    def step() -> None:
        optimizer.zero_grad()
        y = x
        for i, (w, b) in enumerate(zip(parameters, shifts, strict=True)):
            y = y @ w + b
            if i < 2:
                y = xm.ops.relu(y)
        xm.ops.cross_entropy(y, labels).backward()
        optimizer.step()

    return step


def mlp_numpy(keep: bool = False) -> Step:
    """The same step as a person would write it out: no tape, each gradient by its formula."""
    if keep:
        from tinyxm_kernels import keep_freed_memory

        keep_freed_memory()
    x, labels, weights = data()
    w1, w2, w3 = weights
    b1, b2, b3 = (np.zeros(w.shape[1], np.float32) for w in weights)
    rows = np.arange(BATCH)

    def step() -> None:
        z1 = x @ w1 + b1
        a1 = np.maximum(z1, 0)
        z2 = a1 @ w2 + b2
        a2 = np.maximum(z2, 0)
        z3 = a2 @ w3 + b3
        z3 = z3 - z3.max(axis=1, keepdims=True)
        e = np.exp(z3)
        total = e.sum(axis=1, keepdims=True)
        loss = -(z3[rows, labels] - np.log(total[:, 0])).mean()
        assert loss >= 0
        g3 = e / total
        g3[rows, labels] -= 1
        g3 /= BATCH
        g2 = (g3 @ w3.T) * (a2 > 0)
        g1 = (g2 @ w2.T) * (a1 > 0)
        updates = (w3, a2.T @ g3), (b3, g3.sum(0)), (w2, a1.T @ g2), (b2, g2.sum(0)), (w1, x.T @ g1), (b1, g1.sum(0))
        for parameter, gradient in updates:
            parameter -= RATE * gradient

    return step


def mlp_torch() -> Step:
    import torch

    x, labels, weights = data()
    tx, tl = torch.from_numpy(x), torch.from_numpy(labels)
    parameters = [torch.from_numpy(w.copy()).requires_grad_() for w in weights]
    shifts = [torch.zeros(w.shape[1], requires_grad=True) for w in weights]
    optimizer = torch.optim.SGD(parameters + shifts, lr=RATE)

    def step() -> None:
        optimizer.zero_grad()
        y = tx
        for i, (w, b) in enumerate(zip(parameters, shifts, strict=True)):
            y = y @ w + b
            if i < 2:
                y = torch.relu(y)
        torch.nn.functional.cross_entropy(y, tl).backward()
        optimizer.step()

    return step


JOBS: dict[tuple[str, str], Callable[[], Step]] = {
    ("chain, one edge an operation", "tinyxm"): lambda: chain_tinyxm(1),
    ("chain, one edge an operation", "torch"): lambda: chain_torch(1),
    ("chain, two edges an operation", "tinyxm"): lambda: chain_tinyxm(2),
    ("chain, two edges an operation", "torch"): lambda: chain_torch(2),
    ("MLP step", "tinyxm"): mlp_tinyxm,
    ("MLP step", "numpy"): mlp_numpy,
    ("MLP step", "numpy, memory kept"): lambda: mlp_numpy(keep=True),
    ("MLP step", "torch"): mlp_torch,
}


def serve(job: str, library: str) -> None:
    """A worker: for each line on standard input, time the job and answer with microseconds a step."""
    step = JOBS[job, library]()
    for _ in range(20):
        step()
    repeats = 20
    print("ready", flush=True)
    for _ in sys.stdin:
        start = time.perf_counter()
        for _ in range(repeats):
            step()
        print((time.perf_counter() - start) / repeats * 1e6, flush=True)


def measure(threads: int, rounds: int) -> list[dict[str, object]]:
    limits = {f"{name}_NUM_THREADS": str(threads) for name in ("OPENBLAS", "OMP", "MKL")}
    workers = {}
    for job, library in JOBS:
        command = [sys.executable, __file__, "--serve", job, library]
        worker = subprocess.Popen(command, stdin=-1, stdout=-1, text=True, env={**os.environ, **limits})
        assert worker.stdin is not None
        assert worker.stdout is not None
        assert worker.stdout.readline() == "ready\n", f"{library} didn't start"
        workers[job, library] = worker
    times: dict[tuple[str, str], list[float]] = {key: [] for key in workers}
    for _ in range(rounds):
        for key, worker in workers.items():
            worker.stdin.write("go\n")
            worker.stdin.flush()
            times[key].append(float(worker.stdout.readline()))
    for worker in workers.values():
        worker.stdin.close()
        worker.wait()
    rows: list[dict[str, object]] = []
    for job, peer, ours, target in COMPARISONS:
        theirs, own = np.array(times[job, peer]), np.array(times[job, ours])
        low, middle, high = np.quantile(theirs / own, (0.25, 0.5, 0.75))
        rows.append(
            {
                **{"job": job, "peer": peer, "threads": threads, "best_us": own.min(), "peer_best_us": theirs.min()},
                **{
                    "median_us": np.median(own),
                    "peer_median_us": np.median(theirs),
                    "ratio_best": theirs.min() / own.min(),
                },
                **{"ratio": middle, "quartiles": [low, high], "target": target, "decided": not low < target < high},
            }
        )
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--json", type=Path, default=Path(__file__).parent / "results/overhead.json")
    parser.add_argument("--serve", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(*options.serve)
        return
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    rows = [row for threads in sorted({1, cores}) for row in measure(threads, options.rounds)]
    print(
        f"{'job':32}{'peer':20}{'threads':>8}{'ours µs':>10}{'peer µs':>10}{'peer / ours':>13}  quartiles    to reach"
    )
    for row in rows:
        low, high = row["quartiles"]
        print(
            f"{row['job']:32}{row['peer']:20}{row['threads']:>8}{row['median_us']:>10.1f}{row['peer_median_us']:>10.1f}"
            f"{row['ratio']:>13.2f}  {low:.2f} – {high:.2f}  {row['target']:.2f}"
            + ("" if row["decided"] else "  undecided")
        )
    options.json.parent.mkdir(exist_ok=True)
    facts = {
        "machine": platform.processor() or platform.machine(),
        "cores": cores,
        "numpy": np.__version__,
        "rows": rows,
    }
    options.json.write_text(json.dumps(facts, indent=1, default=float) + "\n")


if __name__ == "__main__":
    main()
