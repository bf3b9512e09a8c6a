"""How long the GPU simulator takes, and what watching costs: it must stay quick enough to be played with.

    python benchmarks/simulator.py [--rounds 7] [--json FILE]

A tiled matmul of 64³ with counters and sanitizer must take at most 1 s, one of 256³ without at most 1 s (medians, on
one thread; the first launch, which compiles the source, apart). Beside them the rungs of the ladder on 64³, plain and
watched, and NumPy's own time for the same product: the simulator is for looking, not for computing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = "1"  # read when NumPy is imported

import numpy as np  # noqa: E402

import tinyxm_kernels as kernels  # noqa: E402
from tinyxm_kernels import cuda  # noqa: E402

TARGET_SECONDS = 1.0
RUNGS = ("naive", "coalesced", "tiled", "registers", "vectors", "double_buffered")


def seconds(call: Callable[[], Any], rounds: int) -> list[float]:
    """(first, median of the others)"""
    times = []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return [times[0], median(times[1:])]


def product(rung: str, n: int, rounds: int, **options: bool) -> list[float]:
    a, b = np.random.default_rng(0).standard_normal((2, n, n)).astype(np.float32)

    def call() -> None:
        with kernels.using(f"matmul=cuda_{rung}"), cuda.launches(**options) as seen:
            kernels.matmul(a, b)
        assert not seen[0].run.findings

    return seconds(call, rounds)


def measure(rounds: int) -> dict[str, Any]:
    a = np.random.default_rng(0).standard_normal((256, 256)).astype(np.float32)
    return {
        "unit": "seconds: first launch (with compiling), median of the others",
        "tiled 64, counters and sanitizer": product("tiled", 64, rounds, check=True, count=True),
        "tiled 256, neither": product("tiled", 256, rounds, check=False, count=False),
        "numpy 256": seconds(lambda: a @ a, rounds),
        "plain 64": {rung: product(rung, 64, rounds, check=False, count=False)[1] for rung in RUNGS},
        "watched 64": {rung: product(rung, 64, rounds, check=True, count=True)[1] for rung in RUNGS},
        "target": TARGET_SECONDS,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", type=Path, default=Path(__file__).parent / "results/simulator.json")
    options = parser.parse_args()
    facts = {
        "machine": platform.processor() or platform.machine(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        **measure(options.rounds),
    }
    facts = json.loads(json.dumps(facts), parse_float=lambda number: float(f"{float(number):.3g}"))
    for name, value in facts.items():
        print(f"{name:36}{value}")
    options.json.write_text(json.dumps(facts, indent=1) + "\n")


if __name__ == "__main__":
    main()
