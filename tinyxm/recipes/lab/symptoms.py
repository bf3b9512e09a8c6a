"""What a mistake does, in numbers: each measured on both twins, the one that tells most first."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from tinyxm.recipes.lab.mistakes import MISTAKES, Mistake
from tinyxm.training.diagnosis import Evidence, Finding, diagnose

Measure = Callable[[Evidence], float]


@dataclass(frozen=True)
class Twins:
    """The evidence that the right and the wrong twin of one mistake left, trained from one seed."""

    mistake: Mistake
    seed: int
    right: Evidence
    wrong: Evidence

    @property
    def symptoms(self) -> dict[str, tuple[float, float]]:
        """Each measure of the mistake: of the right twin, of the wrong one."""
        measures = SYMPTOMS[self.mistake.name]
        return {label: (measure(self.right), measure(self.wrong)) for label, measure in measures.items()}

    @property
    def diagnosis(self) -> tuple[list[Finding], list[Finding]]:
        """What the rules name in the right twin, which should be nothing, and in the wrong one."""
        return diagnose(self.right), diagnose(self.wrong)


def twins(name: str, seed: int = 0) -> Twins:
    """Train both twins of a mistake; ValueError, with the nearest names, for one that the lab doesn't have."""
    if name not in MISTAKES:
        near = difflib.get_close_matches(name, MISTAKES, 3, 0.5) or MISTAKES
        raise ValueError(f"lab: no mistake {name!r}; there is {', '.join(near)}")
    if seed < 0:
        raise ValueError(f"lab: seed {seed}; expected 0 or more")
    mistake = MISTAKES[name]
    return Twins(mistake, seed, mistake.train(wrong=False, seed=seed), mistake.train(wrong=True, seed=seed))


def lengths(e: Evidence) -> np.ndarray:
    """Those of the compared vectors, of all modalities."""
    return np.concatenate([np.linalg.norm(vectors, axis=1) for vectors in e.vectors.values()])


def false_negatives(e: Evidence) -> np.ndarray:
    """Which pairs (n, n) of a batch count as wrong answers though their captions are equal."""
    captions = np.array(e.captions)
    return (captions[:, None] == captions) & ~np.eye(len(captions), dtype=bool) & (not e.masked)


def nearest_training(e: Evidence) -> np.ndarray:
    """The distance from each test sample to the training sample nearest to it."""
    assert e.train is not None
    assert e.test is not None
    train, test = (part.reshape(len(part), -1).astype(np.float64) for part in (e.train, e.test))
    squares = (test**2).sum(axis=1)[:, None] + (train**2).sum(axis=1) - 2 * test @ train.T
    return np.sqrt(np.maximum(squares.min(axis=1), 0))


def off_centre(e: Evidence) -> np.ndarray:
    """How far the mean that was taken off lies from that of the training samples, input by input."""
    assert e.train is not None
    assert e.centre is not None
    return np.asarray(e.centre - e.train.mean(axis=0))


def first_loss(e: Evidence) -> float:
    return float(e.losses[0])


def highest_loss(e: Evidence) -> float:
    return float(np.max(e.losses))


def last_loss(e: Evidence) -> float:
    return float(np.median(e.losses[-len(e.losses) // 5 :]))


def dead_gradients(e: Evidence) -> float:
    weights = [gradient for gradient in e.gradients.values() if gradient.ndim == 2]
    return 100 * sum(int((gradient == 0).sum()) for gradient in weights) / sum(gradient.size for gradient in weights)


def leaked(e: Evidence) -> float:
    return 100 * float(np.mean(nearest_training(e) < 1e-6))


def score(name: str) -> Measure:
    return lambda e: 100 * e.scores[name]


SYMPTOMS: Mapping[str, Mapping[str, Measure]] = {
    "no_unit_length": {
        "longest vector, in lengths of the shortest": lambda e: float(lengths(e).max() / lengths(e).min()),
        "loss at the first step (ln 64 = 4.16 is a guess)": first_loss,
        "halves that find their other half, %": score("recall@1"),
    },
    "softmax_axis": {
        "sum of one picture's shares, where it's farthest from 1": lambda e: float(_farthest(_shares(e).sum(axis=1))),
        "loss at the end": last_loss,
        "accuracy, %": score("accuracy"),
    },
    "duplicate_captions": {
        "loss at the end": last_loss,
        "right answers that count as wrong, of a batch of 64": lambda e: float(false_negatives(e).sum()),
        "accuracy, %": score("accuracy"),
    },
    "zero_initialisation": {
        "loss at the end (ln 10 = 2.30 is a guess)": last_loss,
        "gradients of weights that are exactly 0, %": dead_gradients,
        "accuracy, %": score("accuracy"),
    },
    "no_warm_up": {
        "highest loss, in first losses": lambda e: highest_loss(e) / first_loss(e),
        "accuracy, %": score("accuracy"),
    },
    "learning_rate_too_high": {
        "highest loss": highest_loss,
        "loss at the end (ln 10 = 2.30 is a guess)": last_loss,
        "accuracy, %": score("accuracy"),
    },
    "leaking_split": {
        "test samples that are training samples, %": leaked,
        "accuracy, %": score("accuracy"),
    },
    "test_statistics": {
        "the mean taken off: farthest from the training set's": lambda e: float(np.abs(off_centre(e)).max()),
        "accuracy, %": score("accuracy"),
    },
    "teacher_forcing": {
        "BLEU that is told, %": lambda e: 100 * e.scores[e.reported],
        "BLEU of what the model writes by itself, %": score("free_running"),
    },
}


def _shares(e: Evidence) -> np.ndarray:
    assert e.shares is not None
    return e.shares


def _farthest(sums: np.ndarray) -> float:
    return float(sums[np.abs(sums - 1).argmax()])
