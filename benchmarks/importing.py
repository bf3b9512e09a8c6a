"""What `import tinyxm` costs beside `import numpy`, which it needs.

    python benchmarks/importing.py [--rounds 60] [--json FILE]

New processes, one after another, each library's in every round, with the compiled files of an earlier import at hand.
Milliseconds of the whole process, best and median; of an import what its process took beyond one that imports nothing,
and the ratio of the two within each round (its median and quartiles). Undecided where its quartiles straddle 1.3.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

TARGET = 1.3  # what tinyxm's time over NumPy's may be
CODE = {"nothing": "pass", "numpy": "import numpy", "tinyxm": "import tinyxm"}


def seconds(code: str) -> float:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    start = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], env=environment, check=True)
    return time.perf_counter() - start


def measure(rounds: int) -> dict[str, object]:
    for code in CODE.values():  # which writes what isn't compiled yet
        seconds(code)
    times = {name: np.empty(rounds) for name in CODE}
    for i in range(rounds):
        for name, code in CODE.items():
            times[name][i] = seconds(code) * 1e3
    nothing, numpy, tinyxm = times.values()
    low, middle, high = np.quantile((tinyxm - nothing) / (numpy - nothing), (0.25, 0.5, 0.75))
    return {
        "unit": "ms of a process, best and median",
        **{name: [taken.min(), np.median(taken)] for name, taken in times.items()},
        "ratio_best": (tinyxm.min() - nothing.min()) / (numpy.min() - nothing.min()),
        "ratio": middle,
        "quartiles": [low, high],
        "ratio_of_processes": np.median(tinyxm / numpy),
        "target": TARGET,
        "decided": not low < TARGET < high,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--json", type=Path, default=Path(__file__).parent / "results/importing.json")
    options = parser.parse_args()
    facts = {
        "machine": platform.processor() or platform.machine(),
        "python": platform.python_version(),
        "numpy_version": np.__version__,
        **measure(options.rounds),
    }
    facts = json.loads(json.dumps(facts, default=float), parse_float=lambda number: round(float(number), 3))
    for name, value in facts.items():
        print(f"{name:20}{value}")
    options.json.parent.mkdir(exist_ok=True)
    options.json.write_text(json.dumps(facts, indent=1) + "\n")


if __name__ == "__main__":
    main()
