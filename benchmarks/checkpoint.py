"""What checkpointing saves and costs: one training step of a deep MLP, whole and in segments that are run again.

    python benchmarks/checkpoint.py [--layers 64] [--rounds 15] [--json FILE]

Bytes: the peak of a step above what stood before it (tracemalloc, which counts every array NumPy allocates). Seconds:
best and median over interleaved rounds, with nothing traced. One thread; the gradients are checked to be the same.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import argparse
import json
import platform
import time
import tracemalloc
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

import tinyxm as xm

BATCH, WIDTH = 512, 256


def step(layers: list[xm.nn.Linear], x: np.ndarray, segments: int) -> list[np.ndarray]:
    """Forward and backward; `segments` 0: without checkpoints. Returns the gradients."""

    def segment(h: xm.Tensor, some: list[xm.nn.Linear]) -> xm.Tensor:
        for layer in some:
            h = h + np.tanh(layer(h))
        return h

    if segments:
        h = x
        for some in np.array_split(np.arange(len(layers)), segments):
            h = xm.checkpoint(segment, h, [layers[i] for i in some])
    else:
        h = segment(x, layers)
    np.mean(h * h).backward()
    found = [p.grad for layer in layers for p in layer.parameters()]
    for layer in layers:
        layer.zero_grad()
    return found


def peak(run: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--layers", type=int, default=64)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", type=Path, default=Path(__file__).parent / "results/checkpoint.json")
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    layers = [xm.nn.Linear(WIDTH, WIDTH, rng=rng) for _ in range(options.layers)]
    x = rng.standard_normal((BATCH, WIDTH)).astype(np.float32)
    root = round(options.layers**0.5)
    choices = [0, *sorted({root // 2, root, 2 * root, options.layers})]
    runs = {segments: partial(step, layers, x, segments) for segments in choices}
    plain = runs[0]()
    for run in runs.values():
        for a, b in zip(run(), plain, strict=True):
            np.testing.assert_array_equal(a, b)
    peaks = {segments: peak(run) for segments, run in runs.items()}
    times: dict[int, list[float]] = {segments: [] for segments in choices}
    for _ in range(options.rounds):
        for segments, run in runs.items():
            start = time.perf_counter()
            run()
            times[segments].append(time.perf_counter() - start)
    rows = [
        {
            "segments": segments,
            "peak_bytes": peaks[segments],
            "memory_of_plain": peaks[segments] / peaks[0],
            "best_s": min(times[segments]),
            "median_s": float(np.median(times[segments])),
            "time_of_plain": float(np.median(np.divide(times[segments], times[0]))),
        }
        for segments in choices
    ]
    print(f"{'segments':>8}{'peak MB':>10}{'of plain':>10}{'best s':>10}{'median s':>10}{'of plain':>10}")
    for row in rows:
        print(
            f"{row['segments'] or 'none':>8}{row['peak_bytes'] / 2**20:>10.1f}{row['memory_of_plain']:>10.2f}"
            f"{row['best_s']:>10.3f}{row['median_s']:>10.3f}{row['time_of_plain']:>10.2f}"
        )
    facts = {
        **{"machine": platform.processor() or platform.machine(), "numpy": np.__version__, "threads": 1},
        **{"layers": options.layers, "batch": BATCH, "width": WIDTH, "dtype": "float32", "rounds": options.rounds},
        **{"gradient_bytes": sum(g.nbytes for g in plain), "rows": rows},
    }
    options.json.parent.mkdir(exist_ok=True)
    options.json.write_text(json.dumps(facts, indent=1) + "\n")


if __name__ == "__main__":
    main()
