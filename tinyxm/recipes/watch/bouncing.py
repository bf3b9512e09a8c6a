"""Two balls on a table seen from above, simulated, and the sentence of what happens: what only motion can tell.

Nothing slows the balls, and no energy is lost: played backwards, a film is as true as forwards, and another sentence.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm.data import Vocabulary, order
from tinyxm.data.sources import cached
from tinyxm.data.sources.balls import COLOURS, SIDE, Motion, film, simulate
from tinyxm.recipes.sentences import tokens_of

FRAMES, PIXELS, SECONDS = 12, 24, 1.0
WALLS = ("left", "right", "bottom", "top")  # −1 … −4 of the simulation
DIRECTIONS = ("left", "right", "up", "down")
RADII = (0.09, 0.13)  # metres
BALLS = {"rests": "a {} ball rests", "moves": "a {} ball moves {}", "bounces": "a {} ball bounces off the {} wall"}
SCHEMA = 1
Progress = Callable[[str, int, int | None], None]
Float = NDArray[np.float64]
Deed = tuple[str, str]  # what a ball does, and where, or whom it hits: ("moves", "left"), ("hits", "blue")


@dataclass(frozen=True)
class Clips:
    """Films, uint8 (n, 12, 24, 24, 3), with their sentences, and those that are right when they're played backwards."""

    films: NDArray[np.uint8]
    texts: list[str]
    backwards: list[str]

    def __len__(self) -> int:
        return len(self.texts)

    def __getitem__(self, rows: slice) -> Clips:
        return Clips(self.films[rows], self.texts[rows], self.backwards[rows])

    def reversed(self) -> Clips:
        """The same films, played backwards."""
        return Clips(self.films[:, ::-1], self.backwards, self.texts)


def clips(n: int, seed: int, progress: Progress | None = None) -> Clips:
    """n clips; clip i depends on (seed, i) alone. Kept in the cache folder."""

    def build() -> dict[str, NDArray[Any]]:
        films, texts, backwards = np.empty((n, FRAMES, PIXELS, PIXELS, 3), np.uint8), [], []
        for i in range(n):
            films[i], text, back = _clip(np.random.default_rng([seed, i]))
            texts.append(text)
            backwards.append(back)
            if progress and i % 50 == 49:
                progress("simulating balls", i + 1, n)
        return {"films": films, "texts": np.array(texts), "backwards": np.array(backwards)}

    def read(arrays: dict[str, NDArray[Any]]) -> Clips:
        return Clips(arrays["films"], arrays["texts"].tolist(), arrays["backwards"].tolist())

    return cached("watched-balls", {"schema": SCHEMA, "n": n, "seed": seed}, build, read)


def _clip(rng: np.random.Generator) -> tuple[NDArray[np.uint8], str, str]:
    """A film of which both sentences are beyond doubt: motions are drawn until one is.

    What is to happen is drawn first, in a third of the films a collision, and the beginning is computed from it: what
    a random beginning leads to is mostly too little or too much to be told.
    """
    collide = rng.random() < 1 / 3
    while True:
        names = sorted(rng.choice(list(COLOURS), 2, replace=False), key=list(COLOURS).index)
        radii = rng.uniform(*RADII, 2)
        if collide:
            x, v = _to_collide(radii, rng)
        else:
            x, v = (np.stack(each) for each in zip(*(_alone(r, rng) for r in radii), strict=True))
        try:
            motion = simulate(x, v, radii, SECONDS, gravity=0.0, restitution=1.0)
        except ValueError:  # they would overlap, or lie outside
            continue
        text, back = sentence(motion, names), sentence(motion, names, backwards=True)
        if text and back and collide == ("hits" in text):
            colours = np.array([COLOURS[name] for name in names], np.float64)
            return film(motion, colours, FRAMES, (FRAMES - 1) / SECONDS, PIXELS), text, back


def _to_collide(radii: Float, rng: np.random.Generator) -> tuple[Float, Float]:
    """Where two balls begin, and how fast, (2, 2) each, if they touch in the middle of the film."""
    when, angle, turn = rng.uniform(0.3, 0.7), rng.uniform(0, 2 * np.pi), rng.uniform(-0.8, 0.8)
    towards, heading = (np.array([np.cos(a), np.sin(a)]) for a in (angle, angle + turn))
    fast = rng.uniform(0.4, 0.9) * heading
    slow = rng.uniform(-0.5, 0.5) * rng.integers(0, 2) * np.linalg.norm(fast) * towards
    touch = rng.uniform(0.25, 0.75, 2)
    v = np.stack([fast, slow])
    x = np.stack([touch - radii[0] * towards, touch + radii[1] * towards])
    order = rng.permutation(2)
    return (x - v * when)[order], v[order]


def _alone(radius: float, rng: np.random.Generator) -> tuple[Float, Float]:
    """Where a ball begins, and how fast, (2,) each: it rests, goes along an axis, or meets a wall half-way."""
    deed, axis, sign = rng.choice(3, p=(0.1, 0.45, 0.45)), int(rng.integers(2)), rng.choice([-1, 1])
    v = np.zeros(2)
    if deed:
        v[axis] = sign * rng.uniform(0.35, 0.65)
        v[1 - axis] = v[axis] * rng.uniform(-0.45, 0.45) * deed
    x = rng.uniform(radius - np.minimum(v, 0), SIDE - radius - np.maximum(v, 0))  # it stays within the box
    if deed == 2:
        x[axis] = (radius if sign < 0 else SIDE - radius) - v[axis] * rng.uniform(0.3, 0.7)
    return x, v


def sentence(motion: Motion, names: Sequence[str], backwards: bool = False) -> str:
    """What two balls of these colours do, or backwards would do; empty where that isn't clear enough to be told.

    "a red ball hits a blue ball": they touch, and the first approached the other at least twice as fast as that one
    came towards it. Otherwise each ball rests, moves to where most of its way goes (twice as far as across), or bounces
    off one wall. Clear is what happens once, in the middle half of the film.
    """
    sign = -1.0 if backwards else 1.0
    before = sign * motion.velocities[-1 if backwards else 0]
    if any(abs(when / SECONDS - 0.5) > 0.25 for when, *_ in motion.impacts):
        return ""
    hit = [int(ball) for _, ball, other, _ in motion.impacts for ball in (ball, other) if ball >= 0]
    if len(hit) != len(set(hit)):
        return ""
    if len(motion.impacts) == 1 and motion.impacts[0, 2] >= 0:
        x = motion.positions[1]
        towards = (x[1] - x[0]) / np.linalg.norm(x[1] - x[0])
        fast = np.array([before[0] @ towards, -before[1] @ towards])
        first = int(fast.argmax())
        clear = fast[first] > 0.3 and fast[first] > 2 * abs(fast[1 - first])
        return f"a {names[first]} ball hits a {names[1 - first]} ball" if clear else ""
    told = []
    for ball, name in enumerate(names):
        wall = [int(other) for _, which, other, _ in motion.impacts if which == ball]
        if wall:
            told.append(BALLS["bounces"].format(name, WALLS[-1 - wall[0]]))
        elif not before[ball].any():
            told.append(BALLS["rests"].format(name))
        else:
            along = int(np.abs(before[ball]).argmax())
            if abs(before[ball, along]) < 2 * abs(before[ball, 1 - along]):
                return ""
            where = (("left", "right"), ("down", "up"))[along][int(before[ball, along] > 0)]
            told.append(BALLS["moves"].format(name, where))
    return " and ".join(told)


_BALL = rf"a ({'|'.join(COLOURS)}) ball"
_HITS = re.compile(rf"{_BALL} hits {_BALL}")
_DOES = re.compile(rf"{_BALL} (?:(rests)|(moves) ({'|'.join(DIRECTIONS)})|(bounces) off the ({'|'.join(WALLS)}) wall)")


def parse(text: str) -> dict[str, Deed]:
    """What each ball does, by its colour, in a sentence; nothing where it isn't one.

    parse("a red ball hits a blue ball") == {"red": ("hits", "blue"), "blue": ("is hit", "red")}
    """
    if found := _HITS.fullmatch(text):
        return {found[1]: ("hits", found[2]), found[2]: ("is hit", found[1])}
    parts = [_DOES.fullmatch(part) for part in text.split(" and ")]
    if None in parts:
        return {}
    rows = [part.groups() for part in parts if part]
    return {
        colour: (rests or moves or bounces, where or wall or "") for colour, rests, moves, where, bounces, wall in rows
    }


SLOTS = {"direction_accuracy": ("moves",), "wall_accuracy": ("bounces",), "hit_accuracy": ("hits", "is hit")}


def slots(texts: Sequence[str], right: Sequence[str]) -> dict[str, NDArray[np.int64]]:
    """What of each sentence is right, (n, 2) of each slot: how much, of how much there is to tell.

    "colour_accuracy": the balls there are; "deed_accuracy": whether each rests, moves, bounces, hits or is hit;
    "direction_accuracy": where those go that move; "wall_accuracy": off which wall those bounce that do;
    "hit_accuracy": in collisions, which ball hits which.
    """
    found: dict[str, list[tuple[int, int]]] = {name: [] for name in ("colour_accuracy", "deed_accuracy", *SLOTS)}
    for text, truth in zip(texts, right, strict=True):
        said, true = parse(text), parse(truth)
        found["colour_accuracy"].append((len(said.keys() & true.keys()), len(true)))
        found["deed_accuracy"].append((sum(said.get(c, ("",))[0] == deed for c, (deed, _) in true.items()), len(true)))
        for name, deeds in SLOTS.items():
            due = {colour: told for colour, told in true.items() if told[0] in deeds}
            found[name].append((sum(said.get(colour) == told for colour, told in due.items()), len(due)))
    return {name: np.array(pairs) for name, pairs in found.items()}


def seen(films: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the model is given: 0 for the white table, so that what a convolution pads with is table."""
    return 1 - films.astype(np.float32) / np.float32(255)


class ClipBatches:
    """Batches of training films, a function of the step alone: half of them played backwards, half mirrored left and
    right, half up and down, each with the sentence that is then true."""

    def __init__(self, data: Clips, vocabulary: Vocabulary, batch_size: int, seed: int) -> None:
        self.data, self.batch_size, self.seed = data, min(batch_size, len(data)), seed
        self.tokens = tokens_of(vocabulary, [*data.texts, *data.backwards]).reshape(2, len(data), -1)
        self.mirrored = [_exchanged(vocabulary, *pairs) for pairs in (("left right",), ("up down", "top bottom"))]

    @property
    def steps_per_epoch(self) -> int:
        return len(self.data) // self.batch_size

    def batch(self, step: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        epoch, place = divmod(step, self.steps_per_epoch)
        first = place * self.batch_size
        chosen = order(len(self.data), self.seed, epoch)[first : first + self.batch_size]
        back, across, over = np.random.default_rng([self.seed, 4, step]).random((3, len(chosen))) < 0.5
        films, tokens = seen(self.data.films[chosen]), self.tokens[back.astype(int), chosen]
        films[back] = films[back, ::-1]
        films[across], tokens[across] = films[across, :, :, ::-1], self.mirrored[0][tokens[across]]
        films[over], tokens[over] = films[over, :, ::-1], self.mirrored[1][tokens[over]]
        return films, tokens


def _exchanged(vocabulary: Vocabulary, *pairs: str) -> NDArray[np.int64]:
    """Every token's own number, but for the two of each pair, which have each other's."""
    tokens = np.arange(len(vocabulary))
    for a, b in (pair.split() for pair in pairs):
        if a in vocabulary and b in vocabulary:
            tokens[vocabulary.index[a]], tokens[vocabulary.index[b]] = vocabulary.index[b], vocabulary.index[a]
    return tokens
