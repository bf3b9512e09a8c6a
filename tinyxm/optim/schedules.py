"""Schedules: how the learning rate changes as training proceeds.

A schedule is a function of the step, counted from 0, to the factor that multiplies each group's learning rate: plot it,
call it, write your own. `Plateau` alone isn't one, as it goes by how training fares.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from tinyxm.optim.optimizer import Optimizer

Factor = Callable[[int], float]


def constant(step: int) -> float:
    """s(t) = 1, at each step t"""
    return 1.0


def step(size: int, factor: float = 0.1) -> Factor:
    """factor^⌊step / size⌋: held for `size` steps, then multiplied by factor.

    Raises ValueError unless size ≥ 1 and 0 ≤ factor ≤ 1.
    """
    if size < 1 or not 0 <= factor <= 1:
        raise ValueError(f"step: size {size}, factor {factor}: expected size from 1 up and factor from 0 to 1")
    return lambda step: factor ** (step // size)


def exponential(factor: float) -> Factor:
    """factor^step: falls by the same share at each step, to 1 / e after about 1 / (1 − factor).

    Raises ValueError unless 0 ≤ factor ≤ 1.
    """
    if not 0 <= factor <= 1:
        raise ValueError(f"exponential: factor {factor}: expected it from 0 to 1")
    return lambda step: factor**step


def cosine(total: int, floor: float = 0.0) -> Factor:
    """floor + (1 − floor)·(1 + cos(π·step / total)) / 2: from 1 down to `floor` in `total` steps, and there it stays.

    Raises ValueError unless total ≥ 1 and 0 ≤ floor ≤ 1. Source: Loshchilov and Hutter, "SGDR: stochastic gradient
    descent with warm restarts", ICLR 2017.
    """
    if total < 1 or not 0 <= floor <= 1:
        raise ValueError(f"cosine: total {total}, floor {floor}: expected total from 1 up and floor from 0 to 1")
    return lambda step: floor + (1 - floor) * (1 + math.cos(math.pi * min(step / total, 1.0))) / 2


def warm_up(steps: int, then: Factor = constant) -> Factor:
    """(step + 1) / steps while step < steps, from there then(step − steps): small steps while gradients are wild.

    Raises ValueError for negative steps. Source: Goyal et al., "Accurate, large minibatch SGD", 2017.
    """
    if steps < 0:
        raise ValueError(f"warm_up: steps {steps}: expected 0 or more")
    return lambda step: (step + 1) / steps if step < steps else then(step - steps)


def one_cycle(total: int, peak_at: float = 0.3, start: float = 0.04, end: float = 4e-6) -> Factor:
    """From `start` up to 1, the optimizer's lr, at step peak_at·total − 1, down to `end` at total − 1, along cosines.

    In the first part the rate explores, at the top it is large enough to regularise, and the fall settles; set lr to
    the largest that `lr_range_test` stands. (Smith lets the momentum fall as the rate rises; a schedule has the rate
    alone.) Raises ValueError unless total ≥ 1 and the others are from 0 to 1. Source: Smith and Topin,
    "Super-convergence: very fast training of neural networks using large learning rates", 2018.
    """
    if total < 1 or not all(0 <= x <= 1 for x in (peak_at, start, end)):
        raise ValueError(
            f"one_cycle: total {total}, peak_at {peak_at}, start {start}, end {end}: expected total from 1 up, and the "
            "others from 0 to 1"
        )
    peak, last = max(peak_at * total - 1, 0.0), total - 1

    def factor(step: int) -> float:
        step = min(step, last)
        first, length, before, after = (0.0, peak, start, 1.0) if step < peak else (peak, last - peak, 1.0, end)
        part = (step - first) / length if length > 0 else 0.0
        return after + (before - after) * (1 + math.cos(math.pi * part)) / 2

    return factor


class Schedule:
    """Sets each group's lr of an optimizer to its lr at the start, times factor(step).

    It is set for step 0 at once; call `step()` after each of the optimizer's. Raises ValueError where a factor is
    negative or not finite, TypeError where it isn't a function.
    """

    def __init__(self, optimizer: Optimizer, factor: Factor) -> None:
        if not callable(factor):
            raise TypeError(f"Schedule: factor is {factor!r}; give a function of the step, such as cosine(1800)")
        self.optimizer, self.factor, self.count = optimizer, factor, 0
        self.base: list[float] = [group["lr"] for group in optimizer.groups]
        self._set()

    def step(self) -> None:
        """Go on to the next step's learning rates."""
        self.count += 1
        self._set()

    def _set(self) -> None:
        factor = float(self.factor(self.count))
        if not 0 <= factor < math.inf:
            raise ValueError(f"Schedule: the factor at step {self.count} is {factor}: expected finite and at least 0")
        for group, lr in zip(self.optimizer.groups, self.base, strict=True):
            group["lr"] = lr * factor

    def state_dict(self) -> dict[str, Any]:
        """The step, and each group's lr at the start, as plain numbers."""
        return {"step": self.count, **{f"base.{i}": lr for i, lr in enumerate(self.base)}}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a saved state. Raises ValueError, and loads nothing, where its groups aren't these."""
        if state.keys() != self.state_dict().keys():
            raise ValueError(f"Schedule.load_state_dict: expected {[*self.state_dict()]}, got {[*state]}")
        self.count, self.base = int(state["step"]), [float(state[f"base.{i}"]) for i in range(len(self.base))]
        self._set()


class Plateau:
    """Multiplies each group's lr by `factor` where the metric hasn't improved for more than `patience` checks.

    Call `step(metric)` after each check, once an epoch, say; lower is better (give −accuracy). An improvement is one on
    the best so far by more than threshold·|best|. After a cut `cooldown` checks aren't counted. No lr falls below
    `floor` times what it was at the start. Don't use it beside a Schedule, which sets the lr anew at each step.

    Raises ValueError for a setting out of its range or a metric that isn't a number (NaN).
    """

    def __init__(
        self,
        optimizer: Optimizer,
        factor: float = 0.1,
        patience: int = 10,
        threshold: float = 1e-4,
        cooldown: int = 0,
        floor: float = 0.0,
    ) -> None:
        if not (0 <= factor < 1 and patience >= 0 and threshold >= 0 and cooldown >= 0 and 0 <= floor <= 1):
            raise ValueError(
                f"Plateau: factor {factor}, patience {patience}, threshold {threshold}, cooldown {cooldown}, floor "
                f"{floor}: expected factor below 1, floor at most 1, and none below 0"
            )
        self.optimizer, self.factor, self.patience, self.threshold = optimizer, factor, patience, threshold
        self.cooldown, self.floors = cooldown, [floor * group["lr"] for group in optimizer.groups]
        self.best, self.waited, self.cooling = math.inf, 0, 0

    def step(self, metric: float) -> bool:
        """Take one more metric into account; returns whether the learning rates were cut."""
        metric = float(metric)
        if math.isnan(metric):
            raise ValueError("Plateau: the metric is nan; run a step within tinyxm.debug() to see where it came from")
        better = metric < (self.best - self.threshold * abs(self.best) if math.isfinite(self.best) else self.best)
        self.best = metric if better else self.best
        self.waited = 0 if better or self.cooling else self.waited + 1
        self.cooling = max(0, self.cooling - 1)
        if self.waited <= self.patience:
            return False
        self.waited, self.cooling = 0, self.cooldown
        for group, floor in zip(self.optimizer.groups, self.floors, strict=True):
            group["lr"] = min(group["lr"], max(group["lr"] * self.factor, floor))
        return True

    def state_dict(self) -> dict[str, Any]:
        """Best metric, counters, and each group's floor, as plain numbers; the lr stands in the optimizer's."""
        counts = {"best": self.best, "waited": self.waited, "cooling": self.cooling}
        return counts | {f"floor.{i}": floor for i, floor in enumerate(self.floors)}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a saved state. Raises ValueError, and loads nothing, where its groups aren't these."""
        if state.keys() != self.state_dict().keys():
            raise ValueError(f"Plateau.load_state_dict: expected {[*self.state_dict()]}, got {[*state]}")
        self.best, self.waited, self.cooling = float(state["best"]), int(state["waited"]), int(state["cooling"])
        self.floors = [float(state[f"floor.{i}"]) for i in range(len(self.floors))]
