"""What ails a training: rules that read what was recorded, and name the mistake, its signs, and its mend.

Each rule looks at numbers that any training has, not at its code; where those it needs weren't recorded, or are as they
should be, it's silent.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True)
class Evidence:
    """What a training leaves to judge it by; whatever isn't known stays empty.

    `losses` and `gradient_norms` (before clipping) of each step; `unlearned`, the loss of a model that knows nothing;
    `gradients` by parameter, of a step early on; `vectors` `(n, dimensions)` by modality, as they're compared by dot
    products; `shares` `(queries, choices)`, what a softmax made; `captions` of one batch, and whether equal ones are
    `masked`; `train` and `test`, the inputs `(n, ...)` as they were before normalisation; `centre`, the mean that was
    taken off them; `scores` under the names of what decoded: "teacher_forced", "free_running"; `reported`, the name of
    the one that is told.
    """

    losses: Sequence[float] = ()
    gradient_norms: Sequence[float] = ()
    unlearned: float | None = None
    gradients: Mapping[str, Array] = field(default_factory=dict)
    vectors: Mapping[str, Array] = field(default_factory=dict)
    shares: Array | None = None
    captions: Sequence[Hashable] = ()
    masked: bool = False
    train: Array | None = None
    test: Array | None = None
    centre: Array | None = None
    scores: Mapping[str, float] = field(default_factory=dict)
    reported: str = ""


@dataclass(frozen=True)
class Finding:
    """A mistake by its name, the numbers that gave it away, and what mends it."""

    name: str
    sign: str
    mend: str

    def __str__(self) -> str:
        return f"{self.name.replace('_', ' ')}: {self.sign}. {self.mend}."


def diagnose(evidence: Evidence) -> list[Finding]:
    """All that the rules find, in their order; nothing where all is as it should be."""
    return [Finding(name, sign, mend) for name, (rule, mend) in RULES.items() if (sign := rule(evidence))]


def no_unit_length(e: Evidence) -> str:
    """Cosines need vectors of length 1: lengths that spread by more than 1 % aren't."""
    for modality, vectors in e.vectors.items():
        lengths = np.linalg.norm(vectors, axis=1)
        if np.std(lengths) > 0.01 * np.mean(lengths):
            return f"the {modality} vectors have lengths from {lengths.min():.2g} to {lengths.max():.2g}"
    return ""


def softmax_axis(e: Evidence) -> str:
    """Shares sum to 1 over the choices of each query; where they do over the queries instead, the axis was wrong."""
    if e.shares is None:
        return ""
    over_choices, over_queries = e.shares.sum(axis=-1), e.shares.sum(axis=0)
    if np.allclose(over_choices, 1, atol=1e-3) or not np.allclose(over_queries, 1, atol=1e-3):
        return ""
    return (
        f"the shares of one query sum to {over_choices.min():.2f} to {over_choices.max():.2f}, those of a choice to 1"
    )


def duplicate_captions(e: Evidence) -> str:
    """Pairs of a batch with one caption are counted as mistakes unless they're masked."""
    repeated = len(e.captions) - len(set(e.captions))
    if e.masked or not repeated:
        return ""
    return f"{repeated} of {len(e.captions)} captions of a batch repeat another, and count as wrong answers to it"


def zero_initialisation(e: Evidence) -> str:
    """Units that get one gradient stay alike for ever; and a gradient that is all 0 teaches nothing."""
    for name, g in e.gradients.items():
        if g.ndim == 2 and g.shape[1] > 1 and np.ptp(g, axis=1).max() <= 1e-6 * max(float(np.abs(g).max()), 1e-30):
            what = "all 0" if not g.any() else "the same for all units"
            return f"the gradient of {name}, {g.shape[1]} units, is {what}"
    return ""


def learning_rate_too_high(e: Evidence) -> str:
    """The loss overflows, or rises at once and ends no better than that of a model that knows nothing."""
    losses = np.asarray(e.losses, float)
    if len(losses) < 20:
        return ""
    if not np.isfinite(losses).all():
        return f"the loss stopped being a number at step {int(np.argmin(np.isfinite(losses)))}"
    if _leapt(losses) and not _learned(e):
        return f"the loss began at {losses[0]:.2f}, rose to {losses.max():.3g}, and ends at {_end(losses):.2f}"
    return ""


def no_warm_up(e: Evidence) -> str:
    """The loss leaps up within the first tenth of the steps, and comes down later: the first steps were too long."""
    losses = np.asarray(e.losses, float)
    if len(losses) < 20 or not np.isfinite(losses).all():
        return ""
    if _leapt(losses) and _learned(e):
        return f"the loss began at {losses[0]:.2f} and leapt to {losses.max():.2f} at step {int(losses.argmax())}"
    return ""


def _leapt(losses: NDArray[np.float64]) -> bool:
    """Whether the loss was a quarter above its beginning within the first tenth of the steps."""
    return bool(losses[: max(3, len(losses) // 10)].max() > 1.25 * losses[0])


def _learned(e: Evidence) -> bool:
    """Whether the last fifth of the losses is lower than that of a model that knows nothing, or than the first."""
    losses = np.asarray(e.losses, float)
    return bool(_end(losses) < 0.9 * (losses[0] if e.unlearned is None else e.unlearned))


def _end(losses: NDArray[np.float64]) -> float:
    return float(np.median(losses[-len(losses) // 5 :]))


def leaking_split(e: Evidence) -> str:
    """A test sample that is also a training sample asks for memory."""
    if e.train is None or e.test is None:
        return ""
    known = {row.tobytes() for row in e.train}
    leaked = sum(row.tobytes() in known for row in e.test)
    return f"{leaked} of {len(e.test)} test samples are in the training set, number for number" if leaked else ""


def test_statistics(e: Evidence) -> str:
    """What is taken off must be the mean of the training samples alone."""
    if e.train is None or e.test is None or e.centre is None:
        return ""
    samples = np.concatenate([e.train, e.test])
    own, both = e.train.mean(axis=0), samples.mean(axis=0)
    spread = samples.std(axis=0) + 1e-12  # of all, for an input may be constant in few training samples
    off, nearer = np.abs(e.centre - own) / spread, np.abs(e.centre - both) / spread
    if off.max() < 1e-4 or nearer.max() > 0.1 * off.max():
        return ""
    return f"the mean taken off is up to {off.max():.2g} deviations from the training set's, and is that of all samples"


def teacher_forcing(e: Evidence) -> str:
    """A score of words that were each predicted after the right ones isn't one of sentences."""
    forced, free = e.scores.get("teacher_forced"), e.scores.get("free_running")
    if e.reported != "teacher_forced" or forced is None:
        return ""
    beside = "" if free is None else f"; left to itself the model reaches {free:.2f}"
    return f"the score told, {forced:.2f}, is of words predicted after the right ones{beside}"


RULES: Mapping[str, tuple[Callable[[Evidence], str], str]] = {
    "no_unit_length": (no_unit_length, "Divide each vector by its length before comparing"),
    "softmax_axis": (softmax_axis, "Take the softmax over the choices, axis=-1"),
    "duplicate_captions": (duplicate_captions, "Mask pairs whose captions are equal"),
    "zero_initialisation": (zero_initialisation, "Draw the weights at random, so that units differ"),
    "learning_rate_too_high": (learning_rate_too_high, "Divide the learning rate by ten, or find one by a range test"),
    "no_warm_up": (no_warm_up, "Let the learning rate rise over the first steps, or lower it"),
    "leaking_split": (leaking_split, "Remove duplicates, and keep what is derived from one sample on one side"),
    "test_statistics": (test_statistics, "Measure mean and deviation on the training samples alone"),
    "teacher_forcing": (teacher_forcing, "Score what the model writes when each word follows its own"),
}
