"""Answers in CUDA C, run by the simulator: whether they are right, and whether they may do what they do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm.course.comparing import Difference, difference, nothing
from tinyxm.course.exercise import Trap, said_of
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

    def wrong(self, source: Any) -> Difference | None:
        """What is wrong with this source: that it can't be read, what it may not do and does, its result, a limit."""
        return self._run(source)[1]

    def judge(self, source: Any, traps: Sequence[Trap] = ()) -> Difference | None:
        """As `wrong`; an answer that is wrong in the way of a known one is told what is said of that."""
        way, found = self._run(source)
        if found is None:
            return None
        return replace(found, known=said_of(trap for trap in traps if self._run(trap.function())[0] == way))

    def _run(self, source: Any) -> tuple[Any, Difference | None]:
        """In which way it is wrong, the same wherever in the source that is; and what is said of it."""
        if not isinstance(source, str):
            found = Difference("", f"{type(source).__name__}", "a string: the source", nothing(source))
            return found, found
        given = [value.copy() if isinstance(value, np.ndarray) else value for value in self.arguments]
        try:
            run = Program(source).launch(self.kernel, self.grid, self.block, given)
        except (SubsetError, LaunchError, ValueError, TypeError) as error:
            found = Difference("", f"{error}", "a kernel that runs")
            return found, found
        if run.findings:
            first = min(run.findings, key=lambda finding: finding.kind != "out-of-bounds")
            line = source.splitlines()[first.line - 1].strip()
            times = f", {first.count} times" if first.count > 1 else ""
            found = Difference(f"line {first.line}, {line}", f"{first.kind}{times}", "none", first.message)
            return {_kind(finding) for finding in run.findings}, found
        if other := difference(given[self.result], self.expected, 1e-4):
            return other, other
        for counter, limit in self.most.items():
            if run.totals[counter] > limit:
                got = f"{run.totals[counter]} {counter.replace('_', ' ')}"
                found = Difference("", got, f"{limit} at most", TOO_MUCH.get(counter, ""))
                return found, found
        return None, None


def _kind(finding: Finding) -> tuple[str, str]:
    """Such as ("race", "reads")."""
    return finding.kind, next((does for does in ("reads", "writes") if f" {does} " in finding.message), "")
