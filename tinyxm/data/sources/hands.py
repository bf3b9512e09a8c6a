"""Characters in many hands: KanjiVG's strokes, bent as other people might write them. The hands are simulated.

What differs between hands: slant, proportions, size, a smooth bend, the pen's width, how much longer a long
stroke takes, pauses between strokes, and a tremor that is new with each character. What doesn't: which strokes there
are, their order and their direction; but for what is, on purpose, written backwards, from the last stroke's end on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..strokes import Stroke, reversed_strokes, stroke_frames
from . import Arrays, cached, require
from .characters import SIDE, _chosen, written

SCHEMA = 2
SPEED = 100.0  # units a second, of a stroke as long as a side
Report = Callable[[str, int, int], None]


class Hand(NamedTuple):
    """How somebody writes: x → `matrix`·x + Σₖ `bend`ₖ·sin(`waves`ₖ·x), in units of 1/109 of a side, then centred.

    `width` of the pen and `tremor` in the same units, `pause` in seconds; a stroke of length l takes
    SIDE / SPEED·(l / SIDE)^`pace` seconds: below 1, short strokes are written more slowly.
    """

    matrix: NDArray[np.float64]
    bend: NDArray[np.float64]
    waves: NDArray[np.float64]
    width: float
    pace: float
    pause: float
    tremor: float

    def write(self, strokes: Sequence[Stroke], rng: np.random.Generator) -> list[Stroke]:
        """The strokes in this hand, in their order, with times of their own; `rng` makes them tremble."""
        now, done = 0.0, []
        for stroke in strokes:
            x = np.asarray(stroke.points, np.float64)
            start, end = self.tremor * rng.normal(size=(2, 2))  # an end lands here or there, the rest goes along
            along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(x, axis=0), axis=1))])
            share = along[:, None] / max(along[-1], 1e-9)
            bent = np.sin((x / SIDE) @ self.waves.T) @ self.bend
            seconds = SIDE / SPEED * (max(along[-1], 1.0) / SIDE) ** self.pace
            points = x @ self.matrix.T + bent + (1 - share) * start + share * end
            done.append(Stroke(points, now + share[:, 0] * seconds))
            now = float(done[-1].seconds[-1]) + self.pause
        every = np.concatenate([stroke.points for stroke in done])
        shift = SIDE / 2 - (every.min(axis=0) + every.max(axis=0)) / 2
        return [Stroke(points + shift, seconds) for points, seconds in done]


def hand(seed: int, unusual: bool = False) -> Hand:
    """A simulated hand; the same seed is the same hand.

    An unusual one leans as much as 3 usual ones in 1,000, is as narrow as 5 in 1,000, and no usual one has such a pen.
    """
    rng = np.random.default_rng([7, seed, 1] if unusual else [7, seed])
    slant, turn = rng.normal(0, 0.16), rng.normal(0, 0.07)
    across, down = np.exp(rng.normal(0, 0.1, 2) + rng.normal(-0.08, 0.06))
    bend, waves = rng.normal(0, 1.2, (3, 2)), rng.normal(0, 5, (3, 2))
    width = rng.uniform(5, 9)
    pace, pause, tremor = rng.uniform(0.5, 1), rng.uniform(0, 0.25), rng.uniform(0.5, 2)
    if unusual:
        slant, across = rng.choice([-1, 1]) * rng.uniform(0.46, 0.62), down * rng.uniform(0.56, 0.7)
        width = rng.choice([rng.uniform(3, 4.5), rng.uniform(10, 12)])
    rotation = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    matrix = rotation @ np.array([[across, -slant * down], [0, down]])
    return Hand(matrix, bend, waves, *map(float, (width, pace, pause, tremor)))


def films(
    which: str,
    seeds: Sequence[int],
    size_pixels: int = 28,
    frames: int = 12,
    report: Report | None = None,
    *,
    unusual: bool = False,
    backwards: bool = False,
) -> NDArray[np.uint8]:
    """Each character in each hand, being written: (characters, hands, frames, size, size, 1), light on dark.

    `which` as in `characters`; hands by their seeds, as in `hand`. Frame k shows what is written after the share
    (k + 1) / frames of the time; `backwards`, what is written in the last such share: it ends alike. Kept in the cache
    folder. Raises as `characters` does.
    """
    versions = require("hands", "data", ["kanjivg"])
    if size_pixels < 8 or frames < 1:
        raise ValueError(f"hands: size_pixels {size_pixels}, frames {frames}; expected from 8 and from 1")
    chosen = _chosen(which)

    def build() -> Arrays:
        found = np.empty((len(chosen), len(seeds), frames, size_pixels, size_pixels, 1), np.uint8)
        known = [written(character) for character in chosen]
        for j, seed in enumerate(seeds):
            own = hand(seed, unusual)
            for i, strokes in enumerate(known):
                told = own.write(strokes, np.random.default_rng([8, seed, ord(chosen[i])]))
                told = reversed_strokes(told) if backwards else told
                rate = frames / told[-1].seconds[-1]
                film = stroke_frames(
                    told, rate_hz=rate, size=size_pixels, view_box=(0, 0, SIDE, SIDE), width=own.width, hold_seconds=0
                )
                found[i, j] = np.round(film.frames[1 : frames + 1] * 255)
            if report:
                report("writing", j + 1, len(seeds))
        return {"films": found}

    key = {**versions, "schema": SCHEMA, "which": "".join(chosen), "hands": tuple(seeds), "size": size_pixels}
    key |= {"frames": frames, "unusual": unusual, "backwards": backwards}
    return cached("hands", key, build, lambda arrays: arrays["films"])
