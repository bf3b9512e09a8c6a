"""Scenes of shapes with captions from a grammar: generated, so that what a caption says is known to be true.

caption  := a noun | count nouns | noun relation noun          "a small red circle", "three squares",
noun     := [size] [colour] (shape | "shape")                  "a green cross left of a large shape"
relation := left of | right of | above | below

Of a scene many captions are true. `describe` draws one by chance, for telling true from false; `canonical` is a
function of the scene alone, for learning to write: there a random one could only be guessed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ..samples import Samples
from .registry import SOURCES, Modality, Source

COLOURS = {  # Okabe and Ito 2008, told apart by colour-blind eyes too
    "red": (213, 94, 0),
    "green": (0, 158, 115),
    "blue": (0, 114, 178),
    "yellow": (240, 228, 66),
    "pink": (204, 121, 167),
    "black": (0, 0, 0),
}
SIZES = {"small": 0.08, "large": 0.15}  # radius of the circle around a shape, in shares of the picture's side
SHAPES = ("circle", "square", "triangle", "cross")
RELATIONS = ("left of", "right of", "above", "below")
COUNTS = ("one", "two", "three", "four", "five", "six")
MARGIN = 0.1  # in shares of the side: centres closer than this stand in no relation along that axis
MOST = len(COUNTS)
SUPERSAMPLING = 4


@dataclass(frozen=True)
class Thing:
    """One object of a scene: its centre (x, y) in shares of the side, x to the right, y down."""

    shape: str
    colour: str
    size: str
    x: float
    y: float


@dataclass(frozen=True)
class Noun:
    """What a caption says of an object; what it leaves out is None."""

    shape: str | None = None
    colour: str | None = None
    size: str | None = None

    def fits(self, thing: Thing) -> bool:
        return all(
            said is None or said == is_so
            for said, is_so in ((self.shape, thing.shape), (self.colour, thing.colour), (self.size, thing.size))
        )

    def __str__(self) -> str:
        return " ".join(filter(None, (self.size, self.colour, self.shape or "shape")))


@dataclass(frozen=True)
class Caption:
    """What is said of a scene. Without `relation` and `count`: there is such an object. With `relation`: there are two
    objects, the first standing so to the second. With `count`: there are exactly so many."""

    noun: Noun
    relation: str | None = None
    other: Noun | None = None
    count: int | None = None

    @property
    def kind(self) -> str:
        return "relation" if self.relation else "count" if self.count else "object"

    def __str__(self) -> str:
        if self.count is not None:
            noun = str(self.noun)
            plural = "" if self.count == 1 else "es" if noun.endswith("s") else "s"
            return f"{COUNTS[self.count - 1]} {noun}{plural}"
        return f"a {self.noun}" + (f" {self.relation} a {self.other}" if self.relation else "")

    def holds(self, things: Sequence[Thing]) -> bool:
        """Whether it is true of a scene."""
        fitting = [thing for thing in things if self.noun.fits(thing)]
        if self.count is not None:
            return len(fitting) == self.count
        if self.relation is None or self.other is None:
            return bool(fitting)
        return any(a is not b and self.other.fits(b) and stands(a, self.relation, b) for a in fitting for b in things)


def stands(a: Thing, relation: str, b: Thing) -> bool:
    """Whether a is left of b (right of, above, below): their centres differ that way by more than MARGIN."""
    right, down = b.x - a.x, b.y - a.y
    return {"left of": right, "right of": -right, "above": down, "below": -down}[relation] > MARGIN


def scenes(n: int = 2000, size_pixels: int = 48, most: int = 5, rng: np.random.Generator | int = 0) -> Samples:
    """n scenes of 1 to `most` shapes on light gray that don't touch, each with a true caption and a false one.

    Modalities: "image", uint8 (n, size, size, 3); "text", a caption that is true of it; "foil", the same caption with
    one word (or relation) changed, so that it is false; "canonical", what `canonical` says of it; "objects", the things
    themselves, as lists of `Thing`. Groups: "caption" (scenes that share one are no negatives of one another) and
    "kind" (object, relation, count). Raises ValueError for numbers out of range.
    """
    if n < 1 or size_pixels < 16 or not 1 <= most <= MOST:
        raise ValueError(
            f"scenes: n {n}, size_pixels {size_pixels}, most {most}; expected n from 1, size_pixels from 16, most 1 to "
            f"{MOST}"
        )
    rng = np.random.default_rng(rng)
    images = np.empty((n, size_pixels, size_pixels, 3), np.uint8)
    objects, captions, foils = [], [], []
    for i in range(n):
        things = arrange(int(rng.integers(1, most + 1)), rng)
        true, false = describe(things, rng)
        images[i] = draw(things, size_pixels)
        objects.append(things)
        captions.append(true)
        foils.append(str(false))
    texts = [str(caption) for caption in captions]
    return Samples(
        {
            "image": images,
            "text": texts,
            "foil": foils,
            "canonical": [say(canonical(things)) for things in objects],
            "objects": objects,
        },
        ids=[f"scene-{i}" for i in range(n)],
        groups={"caption": texts, "kind": [caption.kind for caption in captions]},
    )


def arrange(count: int, rng: np.random.Generator) -> list[Thing]:
    """`count` things that neither touch one another nor the border, placed by rejection."""
    while True:
        things: list[Thing] = []
        for _ in range(count):
            shape, colour, size = (str(rng.choice(list(names))) for names in (SHAPES, COLOURS, SIZES))
            radius = SIZES[size]
            for _ in range(40):
                x, y = rng.uniform(radius + 0.02, 0.98 - radius, 2).round(4).tolist()
                apart = (np.hypot(x - t.x, y - t.y) > radius + SIZES[t.size] + 0.03 for t in things)
                if all(apart):
                    things.append(Thing(shape, colour, size, x, y))
                    break
        if len(things) == count:
            return things


def describe(things: Sequence[Thing], rng: np.random.Generator) -> tuple[Caption, Caption]:
    """A caption that is true of the things, and one that differs in one word or relation and is false."""
    while True:
        kind = rng.choice(["object", "relation", "count"])
        first = things[int(rng.integers(len(things)))]
        noun = _noun(first, rng)
        if kind == "count":
            true = Caption(noun, count=sum(map(noun.fits, things)))
        elif kind == "object":
            true = Caption(noun)
        else:
            found = [(b, r) for b in things for r in RELATIONS if b is not first and stands(first, r, b)]
            if not found:
                continue
            other, relation = found[rng.integers(len(found))]
            true = Caption(noun, relation, _noun(other, rng))
        false = [caption for caption in _changes(true) if not caption.holds(things)]
        if false:
            return true, false[rng.integers(len(false))]


def canonical(things: Sequence[Thing]) -> tuple[Caption, ...]:
    """The one way to tell of these things: how many there are, and how the first two stand to each other, in full

    "four shapes with a small red circle above a large blue square"; of one thing alone, "a small red circle". First are
    those whose words come first in SIZES, then COLOURS, then SHAPES, as they are spoken, so that each word follows from
    the picture and the words before it; of equal ones, the leftmost. The relation is along the axis on which they are
    further apart.
    """
    sizes, colours = list(SIZES), list(COLOURS)
    first, *rest = sorted(
        things, key=lambda t: (sizes.index(t.size), colours.index(t.colour), SHAPES.index(t.shape), t.x, t.y)
    )
    noun = Noun(first.shape, first.colour, first.size)
    if not rest:
        return (Caption(noun),)
    second = rest[0]
    right, down = second.x - first.x, second.y - first.y
    words = ("left of", "right of") if abs(right) > abs(down) else ("above", "below")
    relation = words[0] if (right if words[0] == "left of" else down) > 0 else words[1]
    other = Noun(second.shape, second.colour, second.size)
    return Caption(Noun(), count=len(things)), Caption(noun, relation, other)


def say(captions: Sequence[Caption]) -> str:
    """Captions as one text: joined by "with"."""
    return " with ".join(map(str, captions))


def parse(text: str) -> tuple[Caption, ...]:
    """The captions of a text, so that `holds` can judge them: what `say` makes of them is the text again.

    Raises ValueError for a text that isn't of the grammar.
    """
    captions = []
    for part in text.split(" with "):
        if found := re.fullmatch(rf"a {_NOUN}(?: ({'|'.join(RELATIONS)}) a {_NOUN})?", part):
            noun, relation, other = _read(found.groups()[:3]), found[4], _read(found.groups()[4:])
            captions.append(Caption(noun, relation, other if relation else None))
        elif found := re.fullmatch(rf"({'|'.join(COUNTS)}) {_NOUN}(?:e?s)?", part):
            captions.append(Caption(_read(found.groups()[1:]), count=COUNTS.index(found[1]) + 1))
    if not captions or say(captions) != text:  # a part that fits none, a wrong plural
        raise ValueError(f"parse: {text!r} is no caption of the grammar, such as {str(Caption(Noun('circle')))!r}")
    return tuple(captions)


_NOUN = rf"(?:({'|'.join(SIZES)}) )?(?:({'|'.join(COLOURS)}) )?({'|'.join(SHAPES)}|shape)"


def _read(words: Sequence[str | None]) -> Noun:
    size, colour, shape = words
    return Noun(None if shape == "shape" else shape, colour, size)


def draw(
    things: Sequence[Thing],
    size_pixels: int,
    ground: int = 235,
    colours: Mapping[str, tuple[int, int, int]] = COLOURS,
) -> NDArray[np.uint8]:
    """The picture of a scene, uint8 (size, size, 3), each pixel the mean of 4 × 4 points."""
    side = size_pixels * SUPERSAMPLING
    at = (np.arange(side) + 0.5) / side
    canvas = np.full((side, side, 3), ground, np.uint8)
    for thing in things:
        radius = SIZES[thing.size]
        columns, rows = (slice(*np.searchsorted(at, (c - radius, c + radius))) for c in (thing.x, thing.y))
        x, y = (at[columns] - thing.x) / radius, ((at[rows] - thing.y) / radius)[:, None]  # in the unit circle
        canvas[rows, columns][_inside(thing.shape, x, y)] = colours[thing.colour]
    total = np.zeros((size_pixels, size_pixels, 3), np.uint16)
    for row, column in np.ndindex(SUPERSAMPLING, SUPERSAMPLING):
        total += canvas[row::SUPERSAMPLING, column::SUPERSAMPLING]
    return (total / SUPERSAMPLING**2).round().astype(np.uint8)


def _inside(shape: str, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.bool_]:
    if shape == "circle":
        return x * x + y * y <= 1
    if shape == "square":
        return np.maximum(abs(x), abs(y)) <= 0.5**0.5
    if shape == "triangle":  # one corner above, the base at y = 1/2
        return (y <= 0.5) & (y >= 3**0.5 * abs(x) - 1)
    arm = 0.3
    return (np.maximum(abs(x), abs(y)) <= (1 - arm**2) ** 0.5) & (np.minimum(abs(x), abs(y)) <= arm)


def _noun(thing: Thing, rng: np.random.Generator) -> Noun:
    shape, colour, size = rng.random(3) < (0.85, 0.7, 0.4)
    if not (shape or colour or size):
        shape = True
    return Noun(thing.shape if shape else None, thing.colour if colour else None, thing.size if size else None)


def _changes(caption: Caption) -> Iterator[Caption]:
    """All captions that differ from this one in one word or relation."""
    for noun in _other_nouns(caption.noun):
        yield replace(caption, noun=noun)
    if caption.other is not None:
        for noun in _other_nouns(caption.other):
            yield replace(caption, other=noun)
    if caption.relation is not None:
        yield from (replace(caption, relation=word) for word in RELATIONS if word != caption.relation)
    if caption.count is not None:  # "one" takes a singular, so that would be two words
        yield from (replace(caption, count=k) for k in range(2, MOST + 1) if k != caption.count and caption.count > 1)


def _other_nouns(noun: Noun) -> Iterator[Noun]:
    if noun.shape is not None:
        yield from (replace(noun, shape=word) for word in SHAPES if word != noun.shape)
    if noun.colour is not None:
        yield from (replace(noun, colour=word) for word in COLOURS if word != noun.colour)
    if noun.size is not None:
        yield from (replace(noun, size=word) for word in SIZES if word != noun.size)


SOURCES.add(
    Source(
        name="scenes",
        what="coloured shapes in scenes, each with a caption that is true and one that is false",
        origin="generated",
        modalities={
            "image": Modality("image", "the scene, RGB, 48 × 48 pixels (size_pixels)"),
            "text": Modality("text", "a caption that is true: of an object, of a relation, or of a count"),
            "foil": Modality("text", "the same caption with one word or relation changed, false"),
            "canonical": Modality("text", "how many there are and how two stand, the same for the same scene"),
            "objects": Modality("objects", "shape, colour, size and centre of each thing"),
        },
        size="as many as you ask for; 2,000 by default",
        licence="made by tinyxm's code; no rights are claimed",
        citation="tinyxm.data.sources.scenes; the idea: Andreas et al. 2016, Neural Module Networks (SHAPES); "
        "Kuhnle & Copestake 2017, ShapeWorld",
        load=scenes,
        specimen=lambda: scenes(8, size_pixels=64),
        notes=(
            "`red` and the other colours are those of Okabe and Ito, so that colour-blind people tell them apart.",
            "Relations hold where centres differ by more than a tenth of the side; counts are exact.",
        ),
    )
)
