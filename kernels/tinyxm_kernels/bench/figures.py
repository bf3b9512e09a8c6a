"""From times to figures: speed, ratio, interval, and whether the run decides anything.

The ratio to a peer is its best time over ours: above 1 ours is faster. Its interval is that of the quartiles of the
ratios within each round, median over median, since what disturbs one round disturbs both. A row is *decided* unless

- a ratio's interval straddles the verdict: faster, slower, or even (within EVEN of 1, all of it);
- the machine was disturbed: a loop that only multiplies and adds, timed in each round, reached in the median less than
  STEADY of its best;
- the row's own median is below REPEATS of its best;
- there were fewer than ROUNDS rounds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from tinyxm_kernels.bench.peers import PEERS

EVEN, STEADY, REPEATS, ROUNDS = 0.05, 0.85, 0.6, 3
Times = Sequence[Sequence[float]]  # rounds of seconds a call


@dataclass(frozen=True)
class Row:
    """One rung or peer at one shape, dtype and number of threads; `peak_share` is of the measured peak, as a fraction.

    `beside_blas` is the median speed while products by BLAS run in between, over the median alone. `default` marks the
    rung that the chooser takes here. `error` is the greatest difference from the reference's result, over its greatest
    number (of some 1,000 numbers of each).
    """

    operation: str
    rung: str
    shape: str
    dtype: str
    threads: int
    best_gflops: float
    median_gflops: float
    peak_share: float
    ratios: dict[str, float]
    intervals: dict[str, tuple[float, float]]
    decided: bool
    undecided_because: str
    beside_blas: float | None
    default: bool
    best_us: float
    median_us: float
    flops: int
    bytes: int
    error: float

    @property
    def key(self) -> tuple[str, str, str, int]:
        return self.operation, self.shape, self.dtype, self.threads

    @property
    def is_peer(self) -> bool:
        return self.rung in PEERS

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def row_of(
    name: str,
    facts: Mapping[str, Any],
    times: Times,
    peers: Mapping[str, Times],
    spin: Sequence[float],
    beside: Times = (),
    default: bool = False,
    error: float = 0.0,
) -> Row:
    """The figures of one row; `facts` has operation, shape, dtype, threads, flops, bytes and the machine's peak."""
    best, median = best_of(times), median_of(times)
    ratios = {peer: best_of(theirs) / best for peer, theirs in peers.items()}
    intervals = {peer: interval(theirs, times) for peer, theirs in peers.items()}
    why = undecided(times, intervals, spin)
    speed = facts["flops"] / 1e9
    told = {key: facts[key] for key in ("operation", "shape", "dtype", "threads", "flops", "bytes")}
    return Row(
        **told,
        rung=name,
        best_gflops=speed / best,
        median_gflops=speed / median,
        peak_share=speed / best / facts["peak"],
        ratios=ratios,
        intervals=intervals,
        decided=not why,
        undecided_because=why,
        beside_blas=median / median_of(beside) if beside else None,
        default=default,
        best_us=best * 1e6,
        median_us=median * 1e6,
        error=error,
    )


def best_of(times: Times) -> float:
    return min(map(min, times))


def median_of(times: Times) -> float:
    return float(np.median([np.median(batch) for batch in times]))


def interval(theirs: Times, ours: Times) -> tuple[float, float]:
    """The quartiles of the ratios within each round."""
    pairs = [float(np.median(a)) / float(np.median(b)) for a, b in zip(theirs, ours, strict=False)]
    low, high = np.quantile(pairs, (0.25, 0.75))
    return float(low), float(high)


def verdict(low: float, high: float) -> str:
    """Faster, slower or even, or nothing where the interval straddles them."""
    if low >= 1 - EVEN and high <= 1 + EVEN:
        return "even"
    return "faster" if low > 1 else "slower" if high < 1 else ""


def undecided(times: Times, intervals: Mapping[str, tuple[float, float]], spin: Sequence[float]) -> str:
    """Why nothing can be said, or nothing."""
    if len(times) < ROUNDS:
        return f"{len(times)} round{'s' * (len(times) > 1)}, of {ROUNDS} at least"
    if spin and np.median(spin) < STEADY * max(spin):
        return f"the machine was disturbed: its plain loop reached {np.median(spin) / max(spin):.0%} of its best"
    if best_of(times) < REPEATS * median_of(times):
        return f"its median is {best_of(times) / median_of(times):.0%} of its best"
    open_to = [peer for peer, (low, high) in intervals.items() if not verdict(low, high)]
    return f"the interval straddles 1 against {', '.join(open_to)}" if open_to else ""
