"""The learning-rate range test: a short run whose rate grows exponentially shows which rates a model can be given."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from tinyxm.autograd import Tensor, generator, no_grad
from tinyxm.optim.optimizer import Optimizer

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


@dataclass(frozen=True)
class RangeTest:
    """What the test saw: `losses[i]`, before the update at the learning rate `rates[i]`; and what follows from it.

    `smoothed` is each loss averaged with those around it, weighed by a normal curve as wide as 1/30 of all steps.
    `suggestion` is the rate where it falls steepest over ln(rate), before its lowest point: well below the rate of
    that, which is nearly too large. It is None where the loss never fell. `diverged` is the rate at which the loss was
    no longer finite, or had risen by three times its size; None where that didn't happen.
    """

    rates: np.ndarray
    losses: np.ndarray
    smoothed: np.ndarray
    suggestion: float | None
    diverged: float | None

    def plot(self, axes: Axes | None = None) -> Figure:
        """Loss over learning rate, drawn on these axes or in a Figure of its own: plot().savefig("range.png")."""
        from matplotlib.figure import Figure

        figure: Any = Figure((7.0, 4.0), layout="constrained") if axes is None else axes.figure
        axes = axes or figure.add_subplot()
        axes.plot(self.rates, self.losses, color="#767676", linewidth=0.8, alpha=0.6, label="each batch")
        axes.plot(self.rates, self.smoothed, color="#0072B2", linewidth=2, label="smoothed")
        if self.suggestion is not None:
            at = float(np.interp(math.log(self.suggestion), np.log(self.rates), self.smoothed))
            axes.plot(self.suggestion, at, "o", color="#D55E00", label=f"steepest fall: {self.suggestion:.2g}")
            axes.axvline(self.suggestion, color="#D55E00", linewidth=0.8, linestyle=":")
        if self.diverged is not None:
            axes.axvline(self.diverged, color="#CC79A7", linestyle="--", label=f"diverged: {self.diverged:.2g}")
        low, high = self.smoothed.min(), max(self.smoothed[0], self.losses[: len(self.losses) // 2 + 1].max())
        margin = 0.15 * (high - low) or 0.1 * abs(high) or 0.1
        axes.set_ylim(min(self.losses.min(), low) - margin / 3, high + margin)
        axes.set(xscale="log", xlabel="learning rate (log scale)", ylabel="loss", title="Learning-rate range test")
        axes.grid(alpha=0.3)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False, loc="best")
        return figure


def lr_range_test(
    optimizer: Optimizer,
    loss: Callable[[Any], Tensor],
    batches: Iterable[Any],
    low: float = 1e-6,
    high: float = 1.0,
    steps: int = 100,
    keep: Iterable[Any] = (),
) -> RangeTest:
    """Train for `steps` steps at rates low·(high / low)^(i / (steps − 1)), see how the loss fares, and undo it all.

    `loss(batch)` gives the loss as one number that can be differentiated; `batches` are gone through again where there
    are fewer than steps. Groups keep the proportions of their rates; those in the result are the first group's. The
    test ends where the loss diverges. Afterwards, whatever happened, parameters, gradients, the optimizer and the
    default generator are as they were, and so is what has a `state_dict` in `keep`: give the model there if its layers
    keep statistics. A generator of your own isn't wound back.

    Raises ValueError for a range or a number of steps that can't be, no batches, or a first group whose lr is 0.
    Source: Smith, "Cyclical learning rates for training neural networks", WACV 2017, section 3.3.
    """
    if not 0 < low < high < math.inf or steps < 2:
        raise ValueError(f"lr_range_test: {low} to {high} in {steps} steps: expected 0 < low < high, 2 steps or more")
    shares = [group["lr"] / (optimizer.groups[0]["lr"] or math.nan) for group in optimizer.groups]
    if math.isnan(shares[0]):
        raise ValueError("lr_range_test: the first group's lr is 0, so groups have no proportions; give it another")
    rates, losses, diverged, lowest = np.geomspace(low, high, steps), [], None, math.inf
    with _undone(optimizer, keep), np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        for rate, batch in zip(rates, _again(batches), strict=False):
            optimizer.zero_grad()
            value = loss(batch)
            losses.append(value.item())
            lowest = min(lowest, losses[-1])
            if not losses[-1] - lowest <= 3 * max(abs(lowest), abs(losses[0])):  # not finite, too
                diverged = float(rate)
                losses.pop()
                break
            value.backward()
            for group, share in zip(optimizer.groups, shares, strict=True):
                group["lr"] = float(rate) * share
            optimizer.step()
    if not losses:
        raise ValueError("lr_range_test: the loss isn't finite before any update; see where from within tinyxm.debug()")
    rates, smoothed = rates[: len(losses)], _smoothed(np.array(losses), steps / 30)
    return RangeTest(rates, np.array(losses), smoothed, _steepest(rates, smoothed), diverged)


@contextmanager
def _undone(optimizer: Optimizer, keep: Iterable[Any]) -> Iterator[None]:
    """What is trained within this context is afterwards as it was."""
    others = [(thing, thing.state_dict()) for thing in keep]
    arrays = [(p, p.data.copy(), p.grad) for p in optimizer.parameters]
    state, random = optimizer.state_dict(), generator().bit_generator.state
    try:
        yield
    finally:
        with no_grad():
            for parameter, array, gradient in arrays:
                parameter[...] = array
                if parameter.requires_grad:
                    parameter.grad = gradient
        optimizer.load_state_dict(state)
        generator().bit_generator.state = random
        for thing, kept in others:
            thing.load_state_dict(kept)


def _again(batches: Iterable[Any]) -> Iterator[Any]:
    """The batches, over and over. Raises ValueError where they are used up for good."""
    while True:
        count = -1
        for count, batch in enumerate(batches):  # noqa: B007
            yield batch
        if count < 0:
            raise ValueError("lr_range_test: no batches, or too few that can't be gone through again; give a list")


def _smoothed(losses: np.ndarray, width: float) -> np.ndarray:
    away = np.subtract.outer(np.arange(len(losses)), np.arange(len(losses))) / width
    weights = np.exp(-0.5 * away**2)
    return weights @ losses / weights.sum(axis=1)


def _steepest(rates: np.ndarray, smoothed: np.ndarray) -> float | None:
    end = int(np.argmin(smoothed)) + 1
    if end < 2:
        return None
    return float(rates[np.argmin(np.gradient(smoothed[:end], np.log(rates[:end])))])
