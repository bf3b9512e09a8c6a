"""What the towers are given: augmented drawings of each concept in two styles, and its text."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tinyxm.data import (
    Samples,
    Vocabulary,
    augment,
    composite,
    edges,
    enclosed,
    fill,
    mean_colour,
    order,
    premultiplied,
    words,
)
from tinyxm.models.two_towers import Bag

CROSS_STYLE = 0.75  # share of pairs whose two views differ in style; the others differ by augmentation alone
SECOND_DRAWING = 1  # of Noto's three weights, the regular one stands for the style where one drawing is asked for


@dataclass(frozen=True)
class Batch:
    views: np.ndarray  # (2n, 16, 16, 11): all first views, then all second ones
    bag: Bag  # n texts
    same: np.ndarray | None  # (n, n): concepts that can't be told apart, or None where all can


class Views:
    """Batches of a training set: a function of the step alone, so that a run can go on from any step.

    `concepts` are the indices to train on. `without_outline` and `without_twemoji` are concepts whose drawing in that
    style is withheld (for validation).
    """

    def __init__(
        self,
        samples: Samples,
        concepts: np.ndarray,
        vocabulary: Vocabulary,
        batch_size: int,
        seed: int,
        word_dropout: float = 0.3,
        without_outline: np.ndarray | None = None,
        without_twemoji: np.ndarray | None = None,
    ) -> None:
        self.concepts, self.vocabulary, self.seed, self.word_dropout = concepts, vocabulary, seed, word_dropout
        self.batch_size = min(batch_size, len(concepts))
        self.texts = texts_of(samples)
        self.twemoji = premultiplied(samples["twemoji"])
        self.outlines = premultiplied(samples["noto"])
        self.inside = enclosed(samples["noto"][:, SECOND_DRAWING, ..., 3])
        self.colours = mean_colour(self.twemoji)
        everywhere = np.zeros(len(samples), bool)
        self.only_twemoji = everywhere if without_outline is None else marked(len(samples), without_outline)
        self.only_outline = everywhere if without_twemoji is None else marked(len(samples), without_twemoji)
        self.colours[self.only_outline] = 0.6  # the colour of a withheld drawing would give it away
        self.meaning = meanings(samples)

    @property
    def steps_per_epoch(self) -> int:
        return len(self.concepts) // self.batch_size

    def batch(self, step: int) -> Batch:
        """The batch of a step, all its chances drawn from (seed, step)."""
        chosen, drawings, rng = self.drawn(step)
        bag = self.vocabulary.bag([self.texts[i] for i in chosen], rng, word_dropout=self.word_dropout)
        return Batch(edges(augment(drawings, rng)), bag, self.alike(chosen))

    def drawn(self, step: int) -> tuple[np.ndarray, np.ndarray, np.random.Generator]:
        """The concepts of a step (n,), their drawings before augmentation (2n, 32, 32, 4), and what its further chances
        are drawn from."""
        epoch, place = divmod(step, self.steps_per_epoch)
        first = place * self.batch_size
        chosen = self.concepts[order(len(self.concepts), self.seed, epoch)[first : first + self.batch_size]]
        rng = np.random.default_rng([self.seed, 1, step])
        style = rng.integers(0, 2, len(chosen))
        other = np.where(rng.random(len(chosen)) < CROSS_STYLE, 1 - style, style)
        return chosen, np.concatenate([self.draw(chosen, styles, rng) for styles in (style, other)]), rng

    def alike(self, chosen: np.ndarray) -> np.ndarray | None:
        """(n, n): which of these concepts can't be told apart; None where all can."""
        meaning = self.meaning[chosen]
        return meaning[:, None] == meaning if len(np.unique(meaning)) < len(meaning) else None

    def draw(self, chosen: np.ndarray, styles: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """Each concept in its style: 0 Twemoji, 1 an outline of a random weight, half of them filled."""
        outlined = ((styles == 1) | self.only_outline[chosen]) & ~self.only_twemoji[chosen]
        drawings = self.twemoji[chosen]
        which = chosen[outlined]
        outlines = self.outlines[which, rng.integers(0, self.outlines.shape[1], len(which))]
        drawings[outlined] = fill(outlines, self.inside[which], self.colours[which], rng)
        return drawings


def meanings(samples: Samples) -> np.ndarray:
    """A number for each concept, shared by those of equal names and by those of one outline, which can't be told apart.

    An outline has no colour, so prince and princess, say, are one drawing: to call one wrong would be a false negative.
    """
    names = [" ".join(words(name)) for name in samples["name"]]
    outlines = [drawing.tobytes() for drawing in samples["noto"][:, SECOND_DRAWING]]
    number = np.arange(len(samples))
    for labels in (names, outlines, names):
        first: dict[str | bytes, int] = {}
        number = np.array([number[first.setdefault(label, i)] for i, label in enumerate(labels)])
    return number


def marked(n: int, indices: np.ndarray) -> np.ndarray:
    mask = np.zeros(n, bool)
    mask[indices] = True
    return mask


def texts_of(samples: Samples) -> list[tuple[str, list[str]]]:
    """(name, keywords) of each concept."""
    return list(zip(samples["name"], samples["keywords"], strict=True))


def features(drawings: np.ndarray) -> np.ndarray:
    """What the image tower is given at test time: RGBA drawings (n, 32, 32, 4) on white → (n, 16, 16, 11)."""
    return edges(composite(drawings))
