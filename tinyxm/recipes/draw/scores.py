"""Scores of drawn digits: are they right, are they like real ones, are they as various, are they copies?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from tinyxm.metrics import frechet_distance, generation_precision, generation_recall, within_class_spread
from tinyxm.recipes.draw.judge import Judge
from tinyxm.training.scores import score_of

BLOCKS = 20  # of the jackknife
Scores = dict[str, Any]


class Gallery:
    """Real digits that drawn ones are compared with, and those learned from, in the judge's eyes and in pixels.

    `real` and `learned` are pictures (n, height, width, 1), from 0 to 1, with their digits.
    """

    def __init__(self, judge: Judge, real: np.ndarray, digits: np.ndarray, learned: np.ndarray) -> None:
        self.judge, self.digits = judge, digits
        self.real, self.learned = flat(real), flat(learned)
        self.seen, self.taken_for = judge.look(real)
        self.apart = distances(self.real, self.learned).min(axis=1)

    def score(self, pictures: np.ndarray, asked: np.ndarray) -> Scores:
        """The scores of pictures (n, height, width, 1) drawn for the digits (n,), with 95 % jackknife intervals.

        judge_accuracy       share of those that the judge takes for the digit asked for
        frechet_distance     of the judge's features from those of real digits; less is better
        generation_precision share of the drawn that lie among the real, by the judge's features
        generation_recall    share of the real that lie among the drawn
        within_class_spread  of the judge's features, beside that of the real: 1 is as various
        pixel_within_class_spread  the same of pixels
        distance_to_training  mean distance to the nearest picture learned from, real digits' own being 1
        """
        return with_intervals(self._scores_of(pictures, asked), self.digits, asked)

    def score_real(self) -> Scores:
        """How often the judge is right about the real digits themselves."""
        right = self.taken_for == self.digits
        return with_intervals(lambda i: {"judge_accuracy": float(right[i].mean())}, self.digits)

    def measure(self, pictures: np.ndarray, asked: np.ndarray) -> dict[str, float]:
        """The same without intervals."""
        return self._scores_of(pictures, asked)(np.arange(len(self.digits)), np.arange(len(asked)))

    def _scores_of(self, pictures: np.ndarray, asked: np.ndarray) -> Callable[..., dict[str, float]]:
        seen, taken_for = self.judge.look(pictures)
        pixels = flat(pictures)
        apart = distances(pixels, self.learned).min(axis=1)

        def scores(real: np.ndarray, made: np.ndarray) -> dict[str, float]:
            x, y, own, theirs = self.seen[real], seen[made], self.digits[real], asked[made]
            return {
                "judge_accuracy": float((taken_for[made] == theirs).mean()),
                "frechet_distance": frechet_distance(x, y),
                "generation_precision": generation_precision(x, y),
                "generation_recall": generation_recall(x, y),
                "within_class_spread": float(within_class_spread(x, own, y, theirs).mean()),
                "pixel_within_class_spread": float(
                    within_class_spread(self.real[real], own, pixels[made], theirs).mean()
                ),
                "distance_to_training": float(apart[made].mean() / self.apart[real].mean()),
            }

        return scores


def with_intervals(scores: Callable[..., dict[str, float]], *labels: np.ndarray) -> Scores:
    """scores(indices, ...) of all samples of each set, and intervals by the jackknife over blocks.

        θ ± 1.96·√((B − 1) / B·Σ (θ₋ᵦ − mean θ₋)²),   θ₋ᵦ without block b of each set, classes shared out evenly

    cut off at 0 and 1 where θ is a share.
    Not by bootstrap: samples drawn twice raise a Fréchet distance, and empty the balls of precision and recall.
    Source: Efron and Tibshirani, "An Introduction to the Bootstrap" (1993), chapter 11.
    """
    blocks = []
    for of in labels:
        block = np.empty(len(of), int)
        block[np.argsort(of, kind="stable")] = np.arange(len(of)) % BLOCKS
        blocks.append(block)
    whole = scores(*(np.arange(len(of)) for of in labels))
    parts = [scores(*(np.flatnonzero(block != b) for block in blocks)) for b in range(BLOCKS)]
    intervals = {}
    for name, value in whole.items():
        values = np.array([part[name] for part in parts])
        half = 1.96 * float(np.sqrt((BLOCKS - 1) / BLOCKS * np.sum((values - values.mean()) ** 2)))
        bounds = (0, 1) if score_of(name).share else (-np.inf, np.inf)
        intervals[name] = [float(np.clip(end, *bounds)) for end in (value - half, value + half)]
    return {**whole, "intervals": intervals, "intervals_over": "pictures, by the jackknife"}


def class_gaussian(x: np.ndarray, digits: np.ndarray, asked: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """For each digit asked for a draw from the normal distribution, of full covariance, that fits its rows of x.

        x = μ + z·(X − μ) / √(n − 1),   X the class's n rows, μ their mean, z ~ N(0, 1) of n numbers

    whose covariance is (X − μ)ᵀ(X − μ) / (n − 1), that of the rows.
    """
    drawn = np.empty((len(asked), x.shape[1]), np.float32)
    for digit in np.unique(asked):
        rows, wanted = x[digits == digit], np.flatnonzero(asked == digit)
        mean = rows.mean(axis=0)
        drawn[wanted] = mean + rng.standard_normal((len(wanted), len(rows))) @ (rows - mean) / np.sqrt(len(rows) - 1)
    return drawn


def simple_drawings(
    pictures: np.ndarray, digits: np.ndarray, asked: np.ndarray, rng: np.random.Generator
) -> Mapping[str, np.ndarray]:
    """What draws without a model: a Gaussian of each class's pixels, its mean, and pictures it was given, by chance."""
    gaussian = np.clip(class_gaussian(flat(pictures), digits, asked, rng), 0, 1).reshape(-1, *pictures.shape[1:])
    means = {digit: pictures[digits == digit].mean(axis=0) for digit in np.unique(asked)}
    given = np.empty(len(asked), int)
    for digit in np.unique(asked):
        wanted = asked == digit
        given[wanted] = rng.choice(np.flatnonzero(digits == digit), wanted.sum(), replace=False)
    return {
        "class_gaussian": gaussian,
        "class_mean": np.stack([means[digit] for digit in asked]),
        "training_images": pictures[given],
    }


def distances(x: np.ndarray, among: np.ndarray) -> np.ndarray:
    """Euclidean distances of each row of x (n, d) to each of the others (m, d): (n, m)."""
    squares = (x**2).sum(axis=1)[:, None] + (among**2).sum(axis=1) - 2 * x @ among.T
    return np.sqrt(np.maximum(squares, 0))


def flat(pictures: np.ndarray) -> np.ndarray:
    return pictures.reshape(len(pictures), -1)
