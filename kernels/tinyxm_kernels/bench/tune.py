"""Measured overrides of the chooser's rules, written on request: which rung was fastest, up to which size.

    {"matmul": [{"up_to": 524288, "rung": "blas"}, {"up_to": null, "rung": "parallel"}], ...}

`up_to` counts floating-point operations of a call; null is "any more". Between two measured sizes the border lies at
their geometric mean. A rung counts as faster than the rule's own where it is by more than EVEN, so that noise doesn't
change a choice. Operations that weren't measured keep what they had. What is written holds for this machine and number
of threads, and is the same on every run until it is measured again. `use("tuned")` takes it (see
`registry.tuned_file`).
"""

import json
from collections.abc import Sequence
from math import sqrt
from pathlib import Path
from typing import Any

from tinyxm_kernels.bench.figures import EVEN, Row
from tinyxm_kernels.bench.mine import NAME as MINE
from tinyxm_kernels.bench.table import save
from tinyxm_kernels.registry import tuned_file

Overrides = dict[str, list[dict[str, Any]]]


def overrides(rows: Sequence[Row]) -> Overrides:
    """For each operation the fastest rungs by size, on the most threads that were measured, in its first dtype."""
    found: Overrides = {}
    for operation in dict.fromkeys(row.operation for row in rows):
        own = [row for row in rows if row.operation == operation and not row.is_peer and row.rung != MINE]
        if not own:
            continue
        own = [row for row in own if row.threads == max(r.threads for r in own) and row.dtype == own[0].dtype]
        sizes = sorted({row.flops for row in own})
        steps: list[dict[str, Any]] = []
        for size, following in zip(sizes, [*sizes[1:], None], strict=True):
            up_to = None if following is None else int(sqrt(size * following))
            rung = fastest([row for row in own if row.flops == size])
            if steps and steps[-1]["rung"] == rung:
                steps[-1]["up_to"] = up_to
            else:
                steps.append({"up_to": up_to, "rung": rung})
        found[operation] = steps
    return found


def fastest(rows: Sequence[Row]) -> str:
    """The rule's choice, unless another's median is clearly better."""
    best = max(rows, key=lambda row: row.median_gflops)
    chosen = next((row for row in rows if row.default), best)
    return best.rung if best.median_gflops > chosen.median_gflops * (1 + EVEN) else chosen.rung


def tune(rows: Sequence[Row], path: Path | None = None) -> Path:
    """Write the overrides, beside and renamed, those of other operations kept as they were; return where."""
    path = path or tuned_file()
    try:
        kept = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):  # none yet, or damaged
        kept = {}
    save({**kept, **overrides(rows)}, path)
    return path
