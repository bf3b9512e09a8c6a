"""Characters as many hands write them, stroke by stroke, forwards and backwards, and their names: KanjiVG's strokes in
the simulated hands of `data.sources.hands`."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm.data import Vocabulary, order, slant
from tinyxm.data.sources.hands import films
from tinyxm.recipes.sentences import tokens_of

FRAMES, PIXELS = 12, 24
BACKWARDS = " written backwards"
Progress = Callable[[str, int, int | None], None]
CHARACTERS = (
    "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    "あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわをん"
    "アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲン"
)


@dataclass(frozen=True)
class Writings:
    """Films of the writing, uint8 (n, 12, 24, 24, 1), light on dark; whose hand wrote it; its sentence.

    Frame k shows the share (k + 1) / 12 of the writing, by time.
    """

    films: NDArray[np.uint8]
    texts: list[str]
    hands: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.texts)


def name_of(character: str, backwards: bool = False) -> str:
    """What is said of it: "digit seven", "hiragana letter ka", "katakana letter n written backwards"."""
    return unicodedata.name(character).lower() + BACKWARDS * backwards


def writings(
    hands: Sequence[int], characters: str = CHARACTERS, unusual: bool = False, progress: Progress | None = None
) -> Writings:
    """All characters by each of these hands, first forwards, then backwards, to the same last frame."""
    ways = [films(characters, hands, PIXELS, FRAMES, progress, unusual=unusual, backwards=b) for b in (False, True)]
    every = np.stack([way.swapaxes(0, 1) for way in ways])  # way, hand, character, ...
    texts = [name_of(character, back) for back in (False, True) for _ in hands for character in characters]
    whose = np.tile(np.repeat(np.array(hands, np.int64), len(characters)), 2)
    return Writings(every.reshape(-1, *every.shape[3:]), texts, whose)


def seen(films: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the model is given: 1 is ink."""
    return films.astype(np.float32) / np.float32(255)


def so_far(films: NDArray[Any], frames: int | NDArray[np.intp]) -> NDArray[Any]:
    """The films (n, frames, ...) as they are when so many frames are seen: then the pen stays where it is."""
    shown = np.minimum(np.arange(films.shape[1]), np.reshape(frames, (-1, 1)) - 1)
    return films[np.arange(len(films))[:, None], shown]


def varied(films: NDArray[np.float32], rng: np.random.Generator) -> NDArray[np.float32]:
    """The films (n, frames, side, side, 1) as still other hands might write them: each slanted, stretched and moved,
    all its frames alike; then a third of them with a broader pen, a third with a paler one."""
    written = slant(np.ascontiguousarray(np.moveaxis(films[..., 0], 1, 3)), rng, amount=0.45)
    films = np.ascontiguousarray(np.moveaxis(written, 3, 1))[..., None]
    pen = rng.integers(0, 3, len(films))
    for axis in (2, 3):
        films[pen == 1] = np.maximum(films[pen == 1], np.roll(films[pen == 1], 1, axis))
    films[pen == 2] *= rng.uniform(0.4, 1, (np.sum(pen == 2), 1, 1, 1, 1)).astype(np.float32)
    return films


def with_varied(data: Writings, rng: np.random.Generator, at_once: int = 512) -> tuple[NDArray[np.uint8], list[str]]:
    """The films, and as many again, each `varied`, with their sentences: what those learn from who see no batches."""
    films = np.concatenate([data.films, data.films])
    for first in range(0, len(data), at_once):
        more = data.films[first : first + at_once]
        films[len(data) + first : len(data) + first + len(more)] = np.round(varied(seen(more), rng) * 255)
    return films, [*data.texts, *data.texts]


class WritingBatches:
    """Batches of training films, a function of the step alone: `varied`, and four in ten stopped after some frame, so
    that a name is asked for before all is written."""

    def __init__(self, data: Writings, vocabulary: Vocabulary, batch_size: int, seed: int) -> None:
        self.data, self.batch_size, self.seed = data, min(batch_size, len(data)), seed
        self.tokens = tokens_of(vocabulary, data.texts)

    @property
    def steps_per_epoch(self) -> int:
        return len(self.data) // self.batch_size

    def batch(self, step: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        epoch, place = divmod(step, self.steps_per_epoch)
        first = place * self.batch_size
        chosen = order(len(self.data), self.seed, epoch)[first : first + self.batch_size]
        rng = np.random.default_rng([self.seed, 3, step])
        until = np.where(rng.random(len(chosen)) < 0.6, FRAMES, rng.integers(1, FRAMES + 1, len(chosen)))
        return varied(so_far(seen(self.data.films[chosen]), until), rng), self.tokens[chosen]
