"""Two pools of threads in one process: what BLAS's and the kernels' cost each other, by how long OpenMP's threads spin.

    python benchmarks/stalls.py [--json FILE]

A thread that waits by spinning starts at once, but keeps its core from the other library's thread. For each setting, in
a process of its own: launching a kernel that does nothing, a 256×256 matmul by BLAS, a kernel of the same length, and
both alternating, as in a training step; the stall is what alternating takes beyond the two alone. Microseconds, best
and median. The setting that the package makes is in tinyxm_kernels/_compiled.py.
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
from pathlib import Path
from typing import Any

SETTINGS: list[dict[str, str]] = [
    {},  # what the package sets
    {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "0"},
    *({"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": str(n)} for n in (300, 1000, 3000, 10_000, 100_000)),
    {"OMP_WAIT_POLICY": "ACTIVE"},
    {"NUMBA_THREADING_LAYER": "tbb"},
    {"BEFORE": "torch"},  # its OpenMP is the one that is loaded, with its own settings
]


def measure() -> dict[str, Any]:
    if os.environ.get("BEFORE"):
        import torch  # noqa: F401
    import numba
    import numpy as np

    from tinyxm_kernels._compiled import threaded
    from tinyxm_kernels.threads import threads

    @threaded
    def nothing(start, stop, x):
        x[start] = 1

    @threaded
    def busy(start, stop, x):
        for i in range(start, stop):
            value = x[i]
            for _ in range(6):
                value = value * np.float32(0.99) + np.float32(0.01)
            x[i] = value

    x, a = np.ones(1 << 18, np.float32), np.ones((256, 256), np.float32)
    steps: dict[str, Callable[[], object]] = {
        "launch": lambda: nothing(2, 1e9, x),
        "blas": lambda: a @ a,
        "kernel": lambda: busy(x.size, 1e9, x),
        "alternating": lambda: (a @ a, busy(x.size, 1e9, x)),
    }
    result: dict[str, Any] = {}
    with threads(2):
        for name, step in steps.items():
            for _ in range(5):
                step()
            seconds, end = [], time.perf_counter() + 0.4
            while time.perf_counter() < end:
                begun = time.perf_counter()
                step()
                seconds.append(time.perf_counter() - begun)
            seconds.sort()
            result[name] = [round(1e6 * seconds[0], 1), round(1e6 * seconds[len(seconds) // 2], 1)]
    result["layer"] = numba.threading_layer()
    for i, which in enumerate(("best", "median")):
        result[f"stall_{which}"] = round(result["alternating"][i] - result["blas"][i] - result["kernel"][i], 1)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(measure()))
        return
    rows = []
    print(f"{'setting':50} {'launch':>14} {'blas':>14} {'kernel':>14} {'alternating':>16} {'stall':>16}")
    for setting in SETTINGS:
        command = [sys.executable, __file__, "--child"]
        done = subprocess.run(command, env=os.environ | setting, capture_output=True, text=True)
        name = " ".join(f"{key}={value}" for key, value in setting.items()) or "as the package sets it"
        if done.returncode:
            print(f"{name:50} {done.stderr.strip().splitlines()[-1]}")
            continue
        row = {"setting": name, **json.loads(done.stdout)}
        rows.append(row)
        figures = [row[key] for key in ("launch", "blas", "kernel", "alternating")]
        texts = [f"{best:.0f} ({median:.0f})" for best, median in (*figures, (row["stall_best"], row["stall_median"]))]
        print(
            f"{name:50} "
            + " ".join(f"{text:>{width}}" for text, width in zip(texts, (14, 14, 14, 16, 16), strict=True))
        )
    if options.json:
        facts = {
            "machine": platform.processor() or platform.machine(),
            "cores": os.cpu_count(),
            "unit": "µs [best, median]",
        }
        options.json.write_text(json.dumps({**facts, "rows": rows}, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
