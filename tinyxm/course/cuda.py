"""Answers in CUDA C, run by the simulator: whether they are right, and whether they may do what they do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm.course.comparing import Difference, difference, nothing
from tinyxm_kernels.simt import Finding, LaunchError, Program, SubsetError

TOO_MUCH = {
    "shared_passes": "words of one bank wait for one another: which words does a warp ask for at once?",
    "sectors": "more is fetched or stored than need be: each number once, neighbouring threads neighbouring numbers",
}


@dataclass(frozen=True)
class Launch:
    """A launch of a kernel, and what must come of it.

    `arguments` are the kernel's, of which the one at `result` is the array that it fills; it must be `expected` after.
    `most` limits counters of the run (`run.totals`): {"sectors": 640} allows no more traffic than that.
    """

    kernel: str
    grid: tuple[int, ...]
    block: tuple[int, ...]
    arguments: tuple[Any, ...]
    result: int
    expected: NDArray[Any]
    most: Mapping[str, int] = field(default_factory=dict)

    def judge(self, source: Any) -> Difference | None:
        """What is wrong with this source: that it can't be read, what it may not do and does, its result, a limit.

        The way in which it is wrong is the same wherever in the source that is.
        """
        if not isinstance(source, str):
            return Difference("", f"{type(source).__name__}", "a string: the source", nothing(source))
        given = [value.copy() if isinstance(value, np.ndarray) else value for value in self.arguments]
        try:
            run = Program(source).launch(self.kernel, self.grid, self.block, given)
        except (SubsetError, LaunchError, ValueError, TypeError) as error:
            return Difference("", f"{error}", "a kernel that runs", way=f"{error}")
        if run.findings:
            first = min(run.findings, key=lambda finding: finding.kind != "out-of-bounds")
            line = source.splitlines()[first.line - 1].strip()
            times = f", {first.count} times" if first.count > 1 else ""
            ways = "; ".join(sorted({_kind(finding) for finding in run.findings}))
            return Difference(f"line {first.line}, {line}", f"{first.kind}{times}", "none", first.message, ways)
        if other := difference(given[self.result], self.expected, 1e-4):
            return replace(other, way=f"{other}")
        for counter, limit in self.most.items():
            if run.totals[counter] > limit:
                got = f"{run.totals[counter]} {counter.replace('_', ' ')}"
                return Difference("", got, f"{limit} at most", TOO_MUCH.get(counter, ""), got)
        return None


def _kind(finding: Finding) -> str:
    """Such as "race: reads"."""
    does = next((does for does in ("reads", "writes") if f" {does} " in finding.message), "")
    return f"{finding.kind}: {does}"
