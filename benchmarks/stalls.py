"""Two pools of threads in one process: what BLAS's and the kernels' cost each other, by how long OpenMP's threads spin.

    python benchmarks/stalls.py [--json FILE]

A thread that waits by spinning starts at once, but keeps its core from the other library's thread. For each setting, in
a process of its own: launching a kernel that does nothing, a 256×256 matmul by BLAS, a kernel of some 50 µs, both in
turn, and a training step of an MLP (its matmuls by BLAS, all else by the default rule). The stall is what both in turn
take beyond the two alone. Microseconds, best and median, on all cores; `others` is how many cores other processes took
meanwhile: where that isn't 0, measure again. The setting of the package is in tinyxm_kernels/threads.py.
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

import numpy as np

ASLEEP = {"OMP_WAIT_POLICY": "PASSIVE"}
SETTINGS: list[dict[str, str]] = [
    {},
    *(ASLEEP | {"GOMP_SPINCOUNT": count} for count in ("0", "300", "3000", "10000")),
    {"GOMP_SPINCOUNT": "300000"},  # what GNU's OpenMP does by itself
    {"OMP_WAIT_POLICY": "ACTIVE"},
    {"FIRST": "torch"},  # whose OpenMP is loaded already, and can't be told to wait otherwise
    {"NUMBA_THREADING_LAYER": "tbb"},
]
COLUMNS = ("launch", "blas", "kernel", "in turn", "stall", "step")


def steps() -> dict[str, Callable[[], object]]:
    import tinyxm as xm
    import tinyxm_kernels as kernels
    from tinyxm_kernels._compiled import threaded

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

    kernels.use("matmul=blas")
    rng = np.random.default_rng(0)
    x, a = np.ones(1 << 18, np.float32), np.ones((256, 256), np.float32)
    images, labels = rng.normal(size=(128, 784)).astype(np.float32), rng.integers(10, size=128)
    layers = [xm.nn.Linear(784, 256), xm.nn.ReLU(), xm.nn.Linear(256, 256), xm.nn.ReLU(), xm.nn.Linear(256, 10)]
    model = xm.nn.Sequential(*layers)
    optimizer = xm.optim.Adam(model.parameters(), lr=1e-3)

    def train() -> None:
        optimizer.zero_grad()
        xm.ops.cross_entropy(model(images), labels).backward()
        optimizer.step()

    return {
        "launch": lambda: nothing(kernels.get_threads(), 1e9, x),
        "blas": lambda: a @ a,
        "kernel": lambda: busy(x.size, 1e9, x),
        "in turn": lambda: (a @ a, busy(x.size, 1e9, x)),
        "step": train,
    }


def taken() -> float:
    """Seconds that all cores worked for other processes, as far as the system tells."""
    try:
        ticks = [int(number) for number in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    except OSError:
        return 0.0
    own = os.times()
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK") - own.user - own.system


def measure(seconds: float = 0.4) -> dict[str, Any]:
    if os.environ.get("FIRST"):
        import torch  # noqa: F401
    result: dict[str, Any] = {}
    timed = steps()
    for step in timed.values():
        step()
    others, began = taken(), time.perf_counter()
    for name, step in timed.items():
        for _ in range(5):
            step()
        times, end = [], time.perf_counter() + seconds
        while time.perf_counter() < end:
            begun = time.perf_counter()
            step()
            times.append(1e6 * (time.perf_counter() - begun))
        times.sort()
        result[name] = [round(times[0], 1), round(times[len(times) // 2], 1)]
    both = zip(result["in turn"], result["blas"], result["kernel"], strict=True)
    result["stall"] = [round(turn - blas - kernel, 1) for turn, blas, kernel in both]
    result["others"] = round((taken() - others) / (time.perf_counter() - began), 2)
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
    print(f"{'setting':45}" + "".join(f"{column:>16}" for column in COLUMNS) + f"{'others':>8}")
    for setting in SETTINGS:
        command = [sys.executable, __file__, "--child"]
        done = subprocess.run(command, env=os.environ | setting, capture_output=True, text=True)
        name = " ".join(f"{key}={value}" for key, value in setting.items()) or "as the package sets it"
        if done.returncode:
            print(f"{name:45} {done.stderr.strip().splitlines()[-1]}")
            continue
        row = {"setting": name, **json.loads(done.stdout)}
        rows.append(row)
        texts = [f"{row[column][0]:.0f} ({row[column][1]:.0f})" for column in COLUMNS]
        print(f"{name:45}" + "".join(f"{text:>16}" for text in texts) + f"{row['others']:8.2f}", flush=True)
    if options.json:
        facts = {"machine": platform.machine(), "cores": os.cpu_count(), "unit": "µs, best and median"}
        options.json.write_text(json.dumps({**facts, "rows": rows}, indent=1, ensure_ascii=False) + "\n", "utf-8")


if __name__ == "__main__":
    main()
