"""What the debugger costs: an operation when nobody records, a step while it's recorded, and the page of each recipe.

    python benchmarks/recording.py [--rounds 60] [--recipes emoji digits ...] [--json FILE]

The first sets an operation beside the same one with the two lines that look whether someone listens cut out of it, in
turns, as nanoseconds of the processor's time a call, forward and back. The second is an MLP step, plain and recorded.
The third records the first step of each recipe, a process each: operations, MB of arrays held, MB of the page, how many
samples it keeps, and the greatest memory of the process, its data and all.
"""

from __future__ import annotations

import argparse
import importlib
import json
import platform
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

HOOK = ("    _start = _before() if _listeners else None\n", '    if _start: _emit(_start, "forward"')
CALLS = 2000


def without_hook(forward: Callable[..., Any], **adjoints: Any) -> Any:
    """The operation that `primitive` declares, without what it does for listeners."""
    room = importlib.import_module("tinyxm.autograd.primitive")  # the package has its function by this name

    kept = room.CALL
    lines = kept.splitlines(keepends=True)
    cut = [line for line in lines if not line.startswith(HOOK)]
    assert len(cut) == len(lines) - 2
    room.CALL = "".join(cut)
    try:
        operation = room.primitive(**adjoints)(forward)
        operation(np.ones(1), np.ones(1))  # writes it out
    finally:
        room.CALL = kept
    return operation


def hook(rounds: int) -> dict[str, float]:
    """Nanoseconds a call of a multiplication of eight numbers, forward alone, with the hook and without."""
    import tinyxm as xm

    def multiply(a: Any, b: Any) -> Any:
        return a * b

    rules = {"a": lambda g, b: g * b, "b": lambda g, a: g * a}
    operations = {"with": xm.primitive(**rules)(multiply), "without": without_hook(multiply, **rules)}
    x, c = (xm.Tensor(np.ones(8, np.float32), requires_grad=True) for _ in range(2))
    taken: dict[str, list[float]] = {name: [] for name in operations}
    for _ in range(rounds):
        for name, operation in operations.items():
            start = time.process_time_ns()
            for _ in range(CALLS):
                operation(x, c)
            taken[name].append((time.process_time_ns() - start) / CALLS)
    own, cut = (np.array(taken[name]) for name in operations)
    low, middle, high = np.quantile(own / cut - 1, (0.25, 0.5, 0.75))
    return {
        "with_ns": float(np.median(own)),
        "without_ns": float(np.median(cut)),
        "best_with_ns": float(own.min()),
        "best_without_ns": float(cut.min()),
        "more": float(middle),
        "more_quartiles": [float(low), float(high)],
    }


def step(rounds: int) -> dict[str, float]:
    """Milliseconds of an MLP step, plain and recorded."""
    import tinyxm as xm

    rng = np.random.default_rng(0)
    model = xm.nn.Sequential(xm.nn.Linear(64, 128, rng=rng), xm.nn.ReLU(), xm.nn.Linear(128, 10, rng=rng))
    optimizer = xm.optim.Adam(model.parameters())
    x, labels = rng.normal(size=(32, 64)).astype(np.float32), rng.integers(0, 10, 32)

    def run() -> None:
        optimizer.zero_grad()
        xm.ops.cross_entropy(model(x), labels).backward()
        optimizer.step()

    taken: dict[str, list[float]] = {"plain": [], "recorded": []}
    for _ in range(rounds):
        start = time.process_time()
        run()
        between = time.process_time()
        with xm.record(model, optimizer):
            run()
        taken["plain"].append((between - start) * 1e3)
        taken["recorded"].append((time.process_time() - between) * 1e3)
    return {f"{name}_ms": float(np.median(times)) for name, times in taken.items()}


def recipe(name: str) -> dict[str, Any]:
    """The first step of a recipe, as `tinyxm step NAME` records it."""
    import resource

    from tinyxm import recipes
    from tinyxm.recipes.step import first_step
    from tinyxm.steps import page, trace

    recorded = first_step(recipes.get(name))
    start = time.process_time()
    told = trace.encode(recorded)
    return {
        "operations": len(recorded.operations),
        "arrays_mb": sum(v.array.nbytes for v in recorded.values) / 1e6,
        "page_mb": len(page.to_html(told)) / 1e6,
        "kept": told["kept"],
        "checked": told["checked"],
        "encode_s": time.process_time() - start,
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--recipes", nargs="*", help="of these alone the page is measured again")
    parser.add_argument("--json", type=Path, default=Path(__file__).parent / "results/recording.json")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        print(json.dumps(recipe(options.one)))
        return
    from tinyxm import recipes

    before = json.loads(options.json.read_text()) if options.json.exists() else {}
    pages = dict(before.get("recipes", {}))
    for name in recipes.names() if options.recipes is None else options.recipes:
        done = subprocess.run([sys.executable, __file__, "--one", name], capture_output=True, text=True, check=False)
        last = (done.stdout.splitlines() or [""])[-1]
        pages[name] = json.loads(last) if not done.returncode else {"refused": done.stderr.splitlines()[-1]}
        print(name, pages[name], flush=True)
    facts = {
        "machine": platform.processor() or platform.machine(),
        "numpy": np.__version__,
        "hook": hook(options.rounds),
        "step": step(options.rounds),
        "recipes": {name: pages[name] for name in recipes.names() if name in pages},
    }
    print(json.dumps({key: facts[key] for key in ("hook", "step")}, indent=1))
    options.json.parent.mkdir(exist_ok=True)
    options.json.write_text(json.dumps(facts, indent=1) + "\n")


if __name__ == "__main__":
    main()
