"""Averaged weights: the mean of where training has been is often a better model than where it stopped."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from tinyxm.autograd import Tensor, no_grad
from tinyxm.autograd.places import copy_into, to_host
from tinyxm.optim.optimizer import check_state, listed_once
from tinyxm_kernels.cuda import like


class AveragedWeights:
    """θ̄ ← θ̄ + w·(θ − θ̄), w = 1 / n, n counting updates from 1;  with a decay δ  w = (1 − δ) / (1 − δⁿ)

    Without decay every update counts the same (stochastic weight averaging: call `update` once an epoch, late, while
    the learning rate is held up). With one, each weighs δ times the next (exponential moving average: call `update`
    after each step; 1 / (1 − δ) steps are remembered); the denominator corrects the bias of a start at 0, as Adam's
    does, so that θ̄ after the first update is θ, and what θ was before it never takes part.

        averaged = AveragedWeights(model.parameters(), decay=0.999)
        ...                                       # after each optimizer.step():
        averaged.update()
        with averaged.applied():                  # to score or to save with; training goes on afterwards
            evaluate(model)

    Statistics that layers keep of their inputs, as batch normalisation does, belong to other weights: let some training
    batches pass within `applied` before they are used. Raises ValueError for a decay out of 0 … 1, no parameters or one
    that is given twice, TypeError for what isn't a list of Parameters. Sources: Polyak and Juditsky 1992; Izmailov et
    al., "Averaging weights leads to wider optima and better generalization", UAI 2018.
    """

    def __init__(self, params: Iterable[Tensor], decay: float | None = None) -> None:
        self.parameters = listed_once("AveragedWeights", params)
        if not self.parameters:
            raise ValueError("AveragedWeights: no parameters were given; give a list, such as model.parameters()")
        if decay is not None and not 0 <= decay < 1:
            raise ValueError(f"AveragedWeights: decay {decay}: expected None, or at least 0 and less than 1")
        self.decay, self.count = decay, 0
        self.average: list[Any] = [np.zeros_like(parameter.data) for parameter in self.parameters]

    def update(self) -> None:
        """Take the parameters as they are now into the average."""
        self.count += 1
        weight = 1 / self.count if self.decay is None else (1 - self.decay) / (1 - self.decay**self.count)
        self.average = [like(a, p.data) for a, p in zip(self.average, self.parameters, strict=True)]
        for average, parameter in zip(self.average, self.parameters, strict=True):
            average += weight * (parameter.data - average)

    @contextmanager
    def applied(self) -> Iterator[None]:
        """The parameters are the average within this context, and afterwards, whatever happens, what they were.

        Raises RuntimeError before the first update.
        """
        if not self.count:
            raise RuntimeError("AveragedWeights.applied: nothing is averaged yet; call update() first")
        kept = [parameter.data.copy() for parameter in self.parameters]
        try:
            self._write(self.average)
            yield
        finally:
            self._write(kept)

    def _write(self, arrays: list[Any]) -> None:
        with no_grad():
            for parameter, array in zip(self.parameters, arrays, strict=True):
                parameter[...] = like(array, parameter.data)

    def state_dict(self) -> dict[str, Any]:
        """The count, and copies of the averages: `average.3` is that of parameter 3."""
        return {"count": self.count, **{f"average.{i}": to_host(array) for i, array in enumerate(self.average)}}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from a saved state, bit for bit. Raises ValueError, and loads nothing, unless all of it fits."""
        check_state("AveragedWeights", self.state_dict(), state)
        self.count = int(state["count"])
        for i, array in enumerate(self.average):
            copy_into(array, state[f"average.{i}"])
