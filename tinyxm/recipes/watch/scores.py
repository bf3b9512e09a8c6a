"""What is right of what was said, and what is answered without a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm.models.linear import Nearest, PrincipalComponents, Ridge
from tinyxm.recipes.watch.bouncing import BALLS, COLOURS, slots
from tinyxm.recipes.watch.writing import BACKWARDS

Pairs = dict[str, NDArray[np.int64]]
ABSENT = ("absent", "")


def judged_writing(texts: Sequence[str], right: Sequence[str]) -> Pairs:
    """Of each sentence, (n, 2), right of how much: "accuracy", the name; "order_accuracy", whether it was written
    backwards; "exact_match", both."""
    said, true = (np.array([text.removesuffix(BACKWARDS) for text in some]) for some in (texts, right))
    back, truly = (np.array([text.endswith(BACKWARDS) for text in some]) for some in (texts, right))
    name, order = said == true, back == truly
    found = {"accuracy": name, "order_accuracy": order, "exact_match": name & order}
    return {key: np.stack([value, np.ones(len(value))], axis=1).astype(np.int64) for key, value in found.items()}


def judged_balls(texts: Sequence[str], right: Sequence[str]) -> Pairs:
    """The slots of `bouncing.slots`; and "both_ways_accuracy" of films that are there twice, the second half being the
    first played backwards: both sentences without a mistake, of the films that have two."""
    n = len(right) // 2
    whole = np.array([a == b for a, b in zip(texts, right, strict=True)])
    both, two = whole[:n] & whole[n:], np.array([a != b for a, b in zip(right[:n], right[n:], strict=True)])
    pairs = np.zeros((2 * n, 2), np.int64)
    pairs[:n] = np.stack([both & two, two], axis=1)
    return {**slots(texts, right), "both_ways_accuracy": pairs}


def baselines(
    films: NDArray[np.float32], texts: Sequence[str], asked: NDArray[np.float32], sentence: Callable[..., list[str]]
) -> dict[str, list[str]]:
    """What is answered to `coarse` films (m, ...) without a network: the commonest training sentence; that of the
    nearest training film; a sentence whose parts ridge regression chooses, from all pixels, and from those of the mean
    frame.

    `sentence(ridge)` makes them, where `ridge(targets)` are the scores (m, columns) that a ridge gives to targets (n,
    columns) of the training films.
    """
    names, counts = np.unique(texts, return_counts=True)
    found = {"most_frequent": [str(names[counts.argmax()])] * len(asked)}
    for name, of, new_of in (("all", films, asked), ("mean", films.mean(axis=1), asked.mean(axis=1))):
        axes = PrincipalComponents(256, fewer=True).fit(of.reshape(len(of), -1))
        x, new = (axes.transform(some.reshape(len(some), -1)) for some in (of, new_of))
        if name == "all":
            known = Nearest().fit(x, np.arange(len(x)))
            nearest = [known.similarity(new[i : i + 256]).argmax(axis=1) for i in range(0, len(new), 256)]
            found["nearest_training_video"] = [texts[i] for i in np.concatenate(nearest)]

        def ridge(targets: NDArray[Any], x: Any = x, new: Any = new) -> NDArray[Any]:
            return Ridge(0.01).fit(x, targets.astype(np.float32)).predict(new)

        found["linear" if name == "all" else "linear_mean_frame"] = sentence(ridge)
    return found


def coarse(films: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Means of two frames, rows and columns each, from 0 to 1: an eighth of the numbers, which serves these better."""
    n, frames, rows, columns, channels = films.shape
    pairs = films.reshape(n, frames // 2, 2, rows // 2, 2, columns // 2, 2, channels)
    return pairs.mean(axis=(2, 4, 6), dtype=np.float32) / np.float32(255)


def writing_by_ridge(texts: Sequence[str]) -> Callable[..., list[str]]:
    """The training sentence that gets the highest score."""
    names, of = np.unique(texts, return_inverse=True)
    return lambda ridge: names[ridge(np.eye(len(names), dtype=np.float32)[of]).argmax(axis=1)].tolist()


def balls_by_ridge(told: Sequence[Mapping[str, tuple[str, str]]]) -> Callable[..., list[str]]:
    """The sentence of the two balls that seem most to be there, each with its likeliest deed: a template."""
    deeds = [ABSENT, *sorted({deed for film in told for deed in film.values()})]
    targets = np.array([[film.get(colour, ABSENT) == deed for colour in COLOURS for deed in deeds] for film in told])

    alone = [k for k, (deed, _) in enumerate(deeds) if deed in BALLS]

    def sentences(ridge: Callable[[NDArray[Any]], NDArray[Any]]) -> list[str]:
        found = []
        for film in ridge(targets).reshape(-1, len(COLOURS), len(deeds)):
            there = dict(zip(COLOURS, film, strict=True))
            a, b = sorted(sorted(COLOURS, key=lambda c: there[c][0])[:2], key=list(COLOURS).index)
            best = {c: max(alone, key=there[c].__getitem__) for c in (a, b)}
            options = {
                " and ".join(BALLS[deeds[k][0]].format(c, deeds[k][1]) for c, k in best.items()): sum(
                    there[c][k] for c, k in best.items()
                )
            }
            for x, y in ((a, b), (b, a)):
                if ("hits", y) in deeds and ("is hit", x) in deeds:
                    score = there[x][deeds.index(("hits", y))] + there[y][deeds.index(("is hit", x))]
                    options[f"a {x} ball hits a {y} ball"] = score
            found.append(max(options, key=options.__getitem__))
        return found

    return sentences
