"""Characters as many hands write them, stroke by stroke, and their names: KanjiVG's strokes, simulated hands.

KanjiVG has one hand. A simulated one leans, stretches, presses and trembles in a way of its own, and no two of its
letters are quite the same; it keeps to the taught order of strokes, or, on purpose, writes all of it backwards.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm.data import Vocabulary, order
from tinyxm.data.sources import cached, require
from tinyxm.data.sources.characters import SIDE, WIDTH, written
from tinyxm.data.strokes import Points, stroke_frames, timed_strokes
from tinyxm.recipes.sentences import tokens_of

FRAMES, PIXELS = 12, 24
BACKWARDS = " written backwards"
SCHEMA = 1
Progress = Callable[[str, int, int | None], None]
CHARACTERS = (
    *"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    *"あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわをん",
    *"アイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワヲン",
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

    def __getitem__(self, rows: NDArray[np.intp]) -> Writings:
        return Writings(self.films[rows], [self.texts[i] for i in rows], self.hands[rows])


@dataclass(frozen=True)
class Hand:
    """How someone writes: `lean` (tangent of the slant), `turn` (radians), `stretch` (width beside height), `size`,
    `pen` (units of 1/109 of the side), `pause` between strokes in seconds; `bend`, a field that bends what is written,
    (waves, 6); `tremor`, how much two of its letters differ."""

    lean: float
    turn: float
    stretch: float
    size: float
    pen: float
    pause: float
    bend: NDArray[np.float64]
    tremor: float


def hand(number: int, unusual: bool = False) -> Hand:
    """A hand, by its number; an unusual one leans, presses or stretches as no usual one does."""
    rng = np.random.default_rng([7, number, int(unusual)])
    lean, pen, stretch = rng.uniform(-0.3, 0.3), rng.uniform(0.8, 1.3), rng.uniform(0.75, 1.15)
    if unusual:
        lean = rng.choice([-1, 1]) * rng.uniform(0.4, 0.6)
        pen, stretch = rng.choice([rng.uniform(0.5, 0.7), rng.uniform(1.5, 1.9)]), rng.uniform(0.6, 0.75)
    return Hand(
        lean=lean,
        turn=rng.uniform(-0.15, 0.15),
        stretch=stretch,
        size=rng.uniform(0.75, 0.95),
        pen=pen * WIDTH,
        pause=rng.uniform(0, 0.4),
        bend=_field(rng, 3.0),
        tremor=rng.uniform(0.5, 1.5),
    )


def _field(rng: np.random.Generator, units: float, waves: int = 3) -> NDArray[np.float64]:
    """A smooth field of displacements, (waves, 6): of each wave its cycles over the side across and down, its phases,
    and its amplitudes across and down, together of so many units."""
    cycles, phases = rng.normal(0, 1, (waves, 2)), rng.uniform(0, 2 * np.pi, (waves, 2))
    return np.column_stack([cycles, phases, rng.normal(0, units * (2 / waves) ** 0.5, (waves, 2))])


def _bent(points: Points, field: NDArray[np.float64]) -> Points:
    """Each point x moved by what the field has there: Σ a·sin(2π·k·x/side + φ), over its waves, across and down."""
    along = 2 * np.pi / SIDE * points @ field[:, :2].T
    moved = [(np.sin(along + field[:, 2 + axis]) * field[:, 4 + axis]).sum(axis=1) for axis in (0, 1)]
    return points + np.stack(moved, axis=1)


@cache
def _strokes(character: str) -> list[Points]:
    return [stroke.points for stroke in written(character)]


def write(character: str, by: Hand, rng: np.random.Generator, backwards: bool = False) -> NDArray[np.uint8]:
    """A film of the character by this hand, (12, 24, 24, 1); backwards the last stroke comes first, from its end on."""
    amount, slip = by.tremor, _field(rng, 2.5 * by.tremor)
    lines = []
    for points in _strokes(character):
        line = _bent(_bent(points, by.bend), slip)
        centre = line.mean(axis=0)
        lines.append(centre + (line - centre) * (1 + 0.06 * amount * rng.normal()) + 1.5 * amount * rng.normal(size=2))
    angle = by.turn + 0.05 * amount * rng.normal()
    turned = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    shape = by.size * turned @ np.array([[by.stretch, -by.lean], [0, 1]])
    place = SIDE / 2 + rng.normal(0, 2.0, 2)
    lines = [(line - SIDE / 2) @ shape.T + place for line in lines]
    if backwards:
        lines = [line[::-1] for line in lines[::-1]]
    strokes = timed_strokes(lines, pause_seconds=by.pause)
    end = float(strokes[-1].seconds[-1])
    video = stroke_frames(
        strokes, rate_hz=FRAMES / end, size=PIXELS, view_box=(0, 0, SIDE, SIDE), width=by.pen, hold_seconds=0
    )
    return np.round(video.frames[1 : FRAMES + 1] * 255).astype(np.uint8)


def name_of(character: str, backwards: bool = False) -> str:
    """What is said of it: "digit seven", "hiragana letter ka", "katakana letter n written backwards"."""
    return unicodedata.name(character).lower() + BACKWARDS * backwards


def writings(
    hands: Sequence[int],
    characters: Sequence[str] = CHARACTERS,
    unusual: bool = False,
    progress: Progress | None = None,
) -> Writings:
    """All characters by each of these hands, half of them backwards. Kept in the cache folder."""
    turned = {number: np.random.default_rng([8, number]).permutation(len(characters)) % 2 == 1 for number in hands}

    def build() -> dict[str, NDArray[Any]]:
        films = np.empty((len(hands) * len(characters), FRAMES, PIXELS, PIXELS, 1), np.uint8)
        for i, number in enumerate(hands):
            by = hand(number, unusual)
            for k, character in enumerate(characters):
                rng = np.random.default_rng([9, number, ord(character)])
                films[i * len(characters) + k] = write(character, by, rng, bool(turned[number][k]))
            if progress:
                progress("writing", (i + 1) * len(characters), len(films))
        return {"films": films}

    key = {
        **require("watch", "data", ["kanjivg"]),
        **{"schema": SCHEMA, "hands": tuple(hands), "characters": "".join(characters), "unusual": unusual},
    }
    texts = [name_of(c, bool(back)) for number in hands for c, back in zip(characters, turned[number], strict=True)]
    whose = np.repeat(np.array(hands, np.int64), len(characters))
    return cached("watched-writing", key, build, lambda arrays: Writings(arrays["films"], texts, whose))


def seen(films: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the model is given: 1 is ink."""
    return films.astype(np.float32) / np.float32(255)


def so_far(films: NDArray[Any], frames: int | NDArray[np.intp]) -> NDArray[Any]:
    """The films (n, frames, ...) as they are when so many frames are seen: then the pen stays where it is."""
    shown = np.minimum(np.arange(films.shape[1]), np.reshape(frames, (-1, 1)) - 1)
    return films[np.arange(len(films))[:, None], shown]


class WritingBatches:
    """Batches of training films, a function of the step alone: moved by up to two pixels, and half of them stopped
    after some frame, so that a name is asked for before all is written."""

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
        until = np.where(rng.random(len(chosen)) < 0.5, FRAMES, rng.integers(1, FRAMES + 1, len(chosen)))
        films = np.roll(so_far(seen(self.data.films[chosen]), until), rng.integers(-2, 3, 2), (2, 3))
        return films, self.tokens[chosen]
