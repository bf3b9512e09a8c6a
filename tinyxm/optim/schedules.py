"""Schedules: how the learning rate changes as training proceeds.

A schedule is a function of the step, counted from 0, to the factor that multiplies each group's learning rate: plot it,
call it, write your own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from tinyxm.optim.optimizers import Optimizer

Factor = Callable[[int], float]


def constant(step: int) -> float:
    """1, at each step."""
    return 1.0


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
