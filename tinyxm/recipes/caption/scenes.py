"""Scenes of shapes and what is said of them: drawn for training in many colours, judged by the grammar."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm.data import Vocabulary, composite, order, resize
from tinyxm.data.sources.scenes import (
    COLOURS,
    COUNTS,
    RELATIONS,
    SHAPES,
    SIZES,
    Thing,
    arrange,
    canonical,
    draw,
    parse,
    say,
)
from tinyxm.models.linear import Nearest, PrincipalComponents, Ridge
from tinyxm.recipes.sentences import mirrored, tokens_of

SIDE = 48  # pixels
MOST = 5  # things in a scene
HELD_OUT = (("red", "cross"), ("green", "circle"), ("blue", "triangle"), ("yellow", "square"))
CRAYONS = {  # what people take for these colours, beside those of Okabe and Ito
    "red": (230, 0, 0),
    "green": (0, 190, 0),
    "blue": (0, 0, 240),
    "yellow": (255, 225, 0),
    "pink": (255, 120, 200),
    "black": (60, 60, 60),
}
Progress = Callable[[str, int, int | None], None]


@dataclass(frozen=True)
class Scenes:
    """Pictures, uint8 (n, 48, 48, 3), their canonical captions, and the things that are in them."""

    images: NDArray[np.uint8]
    texts: list[str]
    things: list[list[Thing]]

    def __len__(self) -> int:
        return len(self.texts)


def training_scenes(n: int, progress: Progress | None = None) -> Scenes:
    """n scenes without the combinations that are held out, drawn on grounds and in colours that differ a little, so
    that a picture of one's own is nothing strange."""
    rng = np.random.default_rng(0)

    def drawn(things: list[Thing]) -> NDArray[np.uint8]:
        crayon = rng.uniform(0, 1, (len(COLOURS), 1))
        mixed = (1 - crayon) * np.array(list(COLOURS.values())) + crayon * np.array([CRAYONS[c] for c in COLOURS])
        colours = dict(zip(COLOURS, map(tuple, mixed.round().astype(int).tolist()), strict=True))
        return draw(things, SIDE, int(rng.integers(215, 256)), colours)

    return _scenes(n, rng, lambda things: not _held_out(things), drawn, progress)


def unseen_scenes(n: int, seed: int = 1) -> Scenes:
    """n other scenes without those combinations, as `data.load("scenes")` draws them."""
    return _scenes(n, np.random.default_rng(seed), lambda things: not _held_out(things), _plain)


def unseen_combinations(n: int, seed: int = 2) -> Scenes:
    """n scenes whose canonical caption names a shape in a colour that no training scene has shown it in."""

    def named(things: list[Thing]) -> bool:
        said = canonical(things)[-1]
        return any((noun.colour, noun.shape) in HELD_OUT for noun in (said.noun, said.other) if noun is not None)

    return _scenes(n, np.random.default_rng(seed), named, _plain)


def withheld(scenes: Scenes, share: float = 0.1) -> tuple[Scenes, Scenes]:
    """Training scenes, and others withheld from them and drawn plainly: to choose settings by."""
    first = round(len(scenes) * (1 - share))
    kept = Scenes(scenes.images[:first], scenes.texts[:first], scenes.things[:first])
    things = scenes.things[first:]
    return kept, Scenes(np.stack([_plain(one) for one in things]), scenes.texts[first:], things)


def _scenes(
    n: int,
    rng: np.random.Generator,
    wanted: Callable[[list[Thing]], bool],
    drawn: Callable[[list[Thing]], NDArray[np.uint8]],
    progress: Progress | None = None,
) -> Scenes:
    images = np.empty((n, SIDE, SIDE, 3), np.uint8)
    texts: list[str] = []
    found: list[list[Thing]] = []
    for _ in count():
        things = arrange(int(rng.integers(1, MOST + 1)), rng)
        if wanted(things):
            images[len(found)] = drawn(things)
            texts.append(say(canonical(things)))
            found.append(things)
            if progress:
                progress("drawing scenes", len(found), n)
            if len(found) == n:
                break
    return Scenes(images, texts, found)


def _plain(things: list[Thing]) -> NDArray[np.uint8]:
    return draw(things, SIDE)


def _held_out(things: list[Thing]) -> bool:
    return any((thing.colour, thing.shape) in HELD_OUT for thing in things)


def seen(images: NDArray[Any]) -> NDArray[np.float32]:
    """What the model is given: 0 for white, 1 for black, so that what a convolution pads with is white."""
    return 1 - images.astype(np.float32) / np.float32(255)


def picture_of(rgba: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the model is given of a picture of any size, RGBA: laid on white, made square with the colour of its
    border, resized."""
    rgb = composite(rgba)
    height, width = rgb.shape[:2]
    side = max(height, width)
    border = np.concatenate([rgb[0], rgb[-1], rgb[:, 0], rgb[:, -1]])
    square = np.broadcast_to(np.median(border, axis=0), (side, side, 3)).astype(np.float32)
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = rgb
    return seen(resize((square * 255).round().astype(np.uint8), SIDE)[None])


class SceneBatches:
    """Batches of training scenes, a function of the step alone: half of them mirrored, left and right with them.

    Not where two things are alike: of these the leftmost is told of, and mirrored it would be the other.
    """

    def __init__(self, scenes: Scenes, vocabulary: Vocabulary, batch_size: int, seed: int) -> None:
        self.scenes, self.seed, self.batch_size = scenes, seed, min(batch_size, len(scenes))
        self.tokens = tokens_of(vocabulary, scenes.texts)
        looks = [[(thing.size, thing.colour, thing.shape) for thing in things] for things in scenes.things]
        self.turnable = np.array([len(set(look)) == len(look) for look in looks])
        self.mirrored = mirrored(vocabulary)

    @property
    def steps_per_epoch(self) -> int:
        return len(self.scenes) // self.batch_size

    def batch(self, step: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        epoch, place = divmod(step, self.steps_per_epoch)
        first = place * self.batch_size
        chosen = order(len(self.scenes), self.seed, epoch)[first : first + self.batch_size]
        images, tokens = seen(self.scenes.images[chosen]), self.tokens[chosen]
        turned = np.random.default_rng([self.seed, 2, step]).random(len(chosen)) < 0.5
        turned &= self.turnable[chosen]
        images[turned], tokens[turned] = images[turned, :, ::-1], self.mirrored[tokens[turned]]
        return images, tokens


def judged(texts: Sequence[str], things: Sequence[Sequence[Thing]]) -> dict[str, NDArray[np.int64]]:
    """What is true of what is said, (n, 2) of each: how much of it is, of how much.

    "truth": whole captions of which every statement holds; "count_truth" and "relation_truth": true statements of that
    kind, of the scenes with more than one thing, where one is due; "noun_truth": nouns that fit something in the scene,
    of all nouns said. What isn't of the grammar says nothing, and counts as one false noun. Another true caption than
    the canonical one counts as true.
    """
    found: dict[str, list[tuple[int, int]]] = {"truth": [], "count_truth": [], "relation_truth": [], "noun_truth": []}
    for text, scene in zip(texts, things, strict=True):
        try:
            said = parse(text)
        except ValueError:
            said = ()
        several = int(len(scene) > 1)
        nouns = [noun for caption in said if not caption.count for noun in (caption.noun, caption.other) if noun]
        true = [caption.kind for caption in said if caption.holds(scene)]
        found["truth"].append((int(0 < len(said) == len(true)), 1))
        for kind in ("count", "relation"):
            found[f"{kind}_truth"].append((int(kind in true and several), several))
        found["noun_truth"].append((sum(any(map(noun.fits, scene)) for noun in nouns), max(1, len(nouns))))
    return {name: np.array(pairs) for name, pairs in found.items()}


def baselines(train: Scenes, test: Scenes) -> dict[str, list[str]]:
    """What is written without a decoder: the most frequent caption; that of the nearest training picture; the template
    of the grammar filled by ridge regression, slot by slot."""
    names, counts = np.unique(train.texts, return_counts=True)
    axes = PrincipalComponents(256, fewer=True).fit(_features(train.images))
    x, new = axes.transform(_features(train.images)), axes.transform(_features(test.images))
    nearest = Nearest().fit(x, np.arange(len(x))).similarity(new).argmax(axis=1)
    return {
        "most_frequent": [str(names[counts.argmax()])] * len(test),
        "nearest_training_image": [train.texts[i] for i in nearest],
        "linear_template": _by_template(x, train.things, new),
    }


def _features(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """24 × 24 pixels and the three colours' amounts of edges in 6 × 6 cells: place, colour, and a little of shape."""
    small = seen(images).reshape(len(images), 24, 2, 24, 2, 3).mean((2, 4))
    edges = np.abs(np.diff(small, axis=1))[:, :, :-1] + np.abs(np.diff(small, axis=2))[:, :-1]
    cells = np.stack(
        [part.mean((1, 2)) for row in np.array_split(edges, 6, 1) for part in np.array_split(row, 6, 2)], 1
    )
    return np.concatenate([small.reshape(len(images), -1), 4 * cells.reshape(len(images), -1)], axis=1)


SLOTS: Mapping[str, tuple[str, ...]] = {
    "count": COUNTS[:MOST],
    **{
        f"{part}_{which}": tuple(words)
        for which in ("first", "second")
        for part, words in (("size", SIZES), ("colour", COLOURS), ("shape", SHAPES))
    },
    "relation": RELATIONS,
}


def _by_template(x: NDArray[Any], things: Sequence[list[Thing]], new: NDArray[Any]) -> list[str]:
    filled = [_slots(scene) for scene in things]
    ends = np.cumsum([len(words) for words in SLOTS.values()])
    targets = np.array(
        [[float(row[slot] == word) for slot, words in SLOTS.items() for word in words] for row in filled]
    )
    scores = np.split(Ridge(0.1).fit(x, targets).predict(new), ends[:-1], axis=1)
    best = {slot: part.argmax(axis=1) for (slot, _), part in zip(SLOTS.items(), scores, strict=True)}
    return [_said({slot: SLOTS[slot][best[slot][i]] for slot in SLOTS}) for i in range(len(new))]


def _slots(things: list[Thing]) -> dict[str, str]:
    *_, last = canonical(things)
    nouns = {"first": last.noun, "second": last.other or last.noun}
    said = {
        f"{part}_{which}": getattr(noun, part) for which, noun in nouns.items() for part in ("size", "colour", "shape")
    }
    return {"count": COUNTS[len(things) - 1], "relation": last.relation or RELATIONS[0], **said}


def _said(slots: Mapping[str, str]) -> str:
    first, second = (
        "a " + " ".join(slots[f"{part}_{which}"] for part in ("size", "colour", "shape"))
        for which in ("first", "second")
    )
    if slots["count"] == "one":
        return first
    return f"{slots['count']} shapes with {first} {slots['relation']} {second}"
