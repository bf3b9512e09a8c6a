"""What the kernels are to reach, beside what was measured.

Ratios are those of one run, best over best; those of convolutions are to the better of PyTorch's two layouts, and
geometric means over the shapes. What the chooser takes is what counts, but where a rung is named.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyxm_kernels.bench.figures import Row
from tinyxm_kernels.bench.fused import GOALS
from tinyxm_kernels.bench.plan import show
from tinyxm_kernels.bench.plans import CONVOLUTIONS

WINOGRAD_SHAPE = show(CONVOLUTIONS[4])


@dataclass(frozen=True)
class Goal:
    """One figure to reach; `measured` is None where the run doesn't have it, `note` says what else is to be known."""

    name: str
    threads: int
    measured: float | None
    least: float
    note: str = ""

    @property
    def met(self) -> bool | None:
        return None if self.measured is None else self.measured >= self.least


def goals(rows: Iterable[Row]) -> list[Goal]:
    """Every goal at every number of threads that was measured, in float32."""
    rows = [row for row in rows if row.dtype == "float32"]
    found = []
    for threads in sorted({row.threads for row in rows}):
        ours = [row for row in rows if row.threads == threads and not row.is_peer]
        found += [*_matmul(ours, threads), *_convolutions(ours, threads), *_fused(ours, threads)]
    return found


def better_torch(row: Row) -> float | None:
    """The ratio to the faster of PyTorch's layouts."""
    return min((ratio for peer, ratio in row.ratios.items() if peer.startswith("torch")), default=None)


def to(peer: str) -> Callable[[Row], float | None]:
    return lambda row: row.ratios.get(peer)


def _ratios(rows: Iterable[Row], ratio: Callable[[Row], float | None]) -> list[tuple[float, Row]]:
    return [(found, row) for row in rows if (found := ratio(row)) is not None]


def _matmul(ours: Sequence[Row], threads: int) -> list[Goal]:
    rows = [row for row in ours if row.operation == "matmul"]
    found = []
    rung = "packed" if threads == 1 else "parallel"
    for n, least in ((256, 0.85), (512, 0.92), (1024, 0.92), (2048, 0.92)):
        same = _ratios((row for row in rows if row.shape == f"{n}x{n}x{n}" and row.rung == rung), to("numpy"))
        found.append(Goal(f"matmul {n}, {rung} / OpenBLAS", threads, same[0][0] if same else None, least))
    best = {row.shape: max(r.best_gflops for r in rows if r.shape == row.shape) for row in rows}
    shares = [(row.best_gflops / best[row.shape], row) for row in rows if row.default]
    found.append(_least("matmul, default choice / best rung, least", threads, shares, 0.95))
    return found


def _convolutions(ours: Sequence[Row], threads: int) -> list[Goal]:
    found = []
    for name, mean in (("conv2d", 1.2), ("conv2d_input_gradient", 1.0), ("conv2d_weight_gradient", 1.2)):
        rows = [row for row in ours if row.operation == name and row.shape in map(show, CONVOLUTIONS)]
        chosen = _ratios((row for row in rows if row.default), better_torch)
        whole = len(chosen) == len(CONVOLUTIONS)
        best = [max(_ratios(same, better_torch), key=lambda pair: pair[0])[0] for same in _by_shape(rows) if chosen]
        note = f"best rungs {_mean(best):.2f}" if whole else ""
        value = _mean([ratio for ratio, _ in chosen]) if whole else None
        found.append(Goal(f"{name}, geometric mean / torch", threads, value, mean, note))
        found.append(_least(f"{name}, least / torch", threads, chosen, 0.8))
        wino = _ratios((row for row in rows if row.rung == "winograd" and row.shape == WINOGRAD_SHAPE), better_torch)
        told = f"error {wino[0][1].error:.1e} of the greatest number" if wino else ""
        found.append(
            Goal(f"{name} {WINOGRAD_SHAPE}, winograd / torch", threads, wino[0][0] if wino else None, 1.5, told)
        )
    return found


def _fused(ours: Sequence[Row], threads: int) -> list[Goal]:
    found = []
    for name, shape, least in GOALS:
        same = _ratios(
            (r for r in ours if (r.operation, r.shape, r.default) == (name, show(shape), True)), better_torch
        )
        found.append(Goal(f"{name} {show(shape)} / torch", threads, same[0][0] if same else None, least))
    return found


def _least(name: str, threads: int, pairs: Sequence[tuple[float, Row]], least: float) -> Goal:
    if not pairs:
        return Goal(name, threads, None, least)
    value, row = min(pairs, key=lambda pair: pair[0])
    return Goal(name, threads, value, least, f"{row.rung} at {row.shape}")


def _by_shape(rows: Sequence[Row]) -> list[list[Row]]:
    return [[row for row in rows if row.shape == shape] for shape in dict.fromkeys(row.shape for row in rows)]


def _mean(ratios: Sequence[float]) -> float:
    return float(np.exp(np.mean(np.log(ratios)))) if ratios else float("nan")


def show_goals(found: Sequence[Goal], console: Any) -> None:
    """Print each goal with what was measured; what is missing is counted, not listed."""
    from rich.table import Table

    table = Table(title="goals", title_justify="left", title_style="bold", box=None, pad_edge=False)
    for name in ("", "threads", "measured", "to reach", "", ""):
        table.add_column(name, justify="right" if name else "left")
    known = [goal for goal in found if goal.measured is not None]
    for goal in known:
        verdict = "met" if goal.met else "[bold]missed[/bold]"
        table.add_row(goal.name, str(goal.threads), f"{goal.measured:.2f}", f"{goal.least:.2f}", verdict, goal.note)
    if known:
        console.print()
        console.print(table)
