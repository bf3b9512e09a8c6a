"""Scores of films of writing: is the last frame right, are the strokes in order, is the hand followed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from tinyxm.metrics import bootstrap
from tinyxm.models.linear import Nearest, PrincipalComponents, Ridge
from tinyxm.recipes.digits.scores import coarse
from tinyxm.recipes.draw.judge import Judge
from tinyxm.recipes.write.data import CHARACTERS, Data, Said

Scores = dict[str, Any]
Films = NDArray[np.float32]
NEAR = 0.4  # how far a pixel may be from where it's looked for, in standard deviations of the writing


def appearances(film: Films) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """When each pixel that is inked in the last frame got its ink: places (pixels, 2), chances (pixels, frames).

        chance_t(p) ∝ max(0, ink_t(p) − ink_t−1(p)),   ink_0 = 0

    so 1 at one frame where the film is sharp, spread out where it's vague, and split where the ink came and went.
    Places are in standard deviations from the middle, so that large, narrow and shifted writings can be compared.
    """
    ink = np.asarray(film, np.float64)[..., 0]
    inked = ink[-1] >= 0.5
    if not inked.any():
        return np.empty((0, 2)), np.empty((0, len(ink)))
    rises = np.maximum(np.diff(ink, axis=0, prepend=0.0), 0)[:, inked].T
    places = np.argwhere(inked).astype(np.float64)
    places = (places - places.mean(axis=0)) / np.maximum(places.std(axis=0), 1.0)  # a line is thin, not spread out
    return places, rises / rises.sum(axis=1, keepdims=True)


def stroke_order(true: Films, made: Films) -> float:
    """How well a film agrees with the true one about what is written before what: from −1, backwards, to 1

        S = Σ_(p, q) P(made p before q) − P(made q before p)  /  their number

    over all pairs of pixels of the true writing of which p got its ink at an earlier frame than q. Where p is in the
    made film: the inked pixel nearest to its place within the writing (`appearances`), at most NEAR off. A pixel that
    is missing adds 0 to each of its pairs. Kendall's rank correlation, of chances in place of ranks.
    What is there at once, or comes up everywhere alike, has no before: 0. So a still picture gets nothing, however
    right. Frames in a random order get about 0, for in a film of which ink comes and goes at random any pixel may rise
    at any frame. Films (frames, height, width, 1) of equally many frames, from 0 to 1.
    """
    places, known = appearances(true)
    others, chances = appearances(made)
    if not len(places) or not len(others):
        return 0.0
    when = known.argmax(axis=1)
    apart = cdist(places, others)
    found = apart.min(axis=1) <= NEAR
    told = chances[apart.argmin(axis=1)] * found[:, None]
    later = np.cumsum(told[:, ::-1], axis=1)[:, ::-1] - told  # P(it comes after t)
    before = told @ later.T
    pairs = when[:, None] < when[None, :]
    return float((before - before.T)[pairs].sum() / max(pairs.sum(), 1))


def overlap(true: Films, made: Films) -> NDArray[np.float64]:
    """Σ min(true, made) / Σ max(true, made) over all pixels and frames of each film, (n,)."""
    axes = tuple(range(1, true.ndim))
    return np.minimum(true, made).sum(axes, dtype=float) / np.maximum(true, made).sum(axes, dtype=float)


def measure(judge: Judge, true: Films, made: Films, labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """judge_accuracy, stroke_order and overlap of each film, (n, 3)."""
    right = judge.look(np.ascontiguousarray(made[:, -1]))[1] == labels
    order = [stroke_order(t, m) for t, m in zip(true, made, strict=True)]
    return np.stack([right, order, overlap(true, made)], axis=1).astype(np.float64)


def score_films(
    judge: Judge,
    true: Films,
    ways: Mapping[str, Films],
    labels: NDArray[np.int64],
    voices: NDArray[Any],
    resamples: int,
) -> Scores:
    """Scores of "model" with those of the other ways as baselines; intervals over voices, each drawn whole."""
    names = ("judge_accuracy", "stroke_order", "overlap")
    groups = np.array([str(voice).rpartition("+")[2] for voice in voices])  # one variant speaks several languages
    over = groups if len(np.unique(groups)) > 4 else None

    def scored(made: Films) -> Scores:
        each = measure(judge, true, made, labels)
        low, high = bootstrap(
            lambda x: x.mean(axis=0), each, rng=np.random.default_rng(0), groups=over, resamples=resamples
        )
        told = {name: float(value) for name, value in zip(names, each.mean(axis=0), strict=True)}
        return {**told, "intervals": {n: [float(a), float(b)] for n, a, b in zip(names, low, high, strict=True)}}

    scores = {way: scored(made) for way, made in ways.items()}
    told = "utterances" if over is None else "voices"
    return {**scores.pop("model"), "intervals_over": told, "baselines": scores}


def simple_films(data: Data, asked: Said, rng: np.random.Generator, components: int = 128) -> dict[str, Films]:
    """What is written without a network: by the nearest training sound, the nearest mean sound, ridge, or at random."""
    train, written = data.said["train"], data.films["train"]
    hands = rng.integers(written.shape[1], size=len(asked))
    means = (written.mean(axis=1, dtype=np.float32) / 255).astype(np.float32)
    x, new = coarse(train.features), coarse(asked.features)
    nearest = train.labels[Nearest().fit(x, np.arange(len(x))).similarity(new).argmax(axis=1)]
    middles = np.stack([x[train.labels == label].mean(axis=0) for label in range(len(CHARACTERS))])
    likeliest = cdist(new, middles).argmin(axis=1)
    axes = PrincipalComponents(components, fewer=True).fit(x)
    flat = means.reshape(len(means), -1)
    ridge = Ridge(0.1).fit(axes.transform(x), flat[train.labels]).predict(axes.transform(new))
    return {
        "nearest_training_sound": unit(written[nearest, hands]),
        "class_mean": means[likeliest],
        "ridge": np.clip(ridge, 0, 1).astype(np.float32).reshape(-1, *means.shape[1:]),
        "chance": unit(written[rng.integers(len(CHARACTERS), size=len(asked)), hands]),
        "true_other_hand": unit(written[asked.labels, hands]),
    }


def reordered(made: Films, rng: np.random.Generator) -> dict[str, Films]:
    """Films with the last frame of `made` whose order is another: shuffled frames, a still picture, a sweep.

    The sweep uncovers the writing from the top left to the bottom right, as one reads: what can be known of the order
    from places alone.
    """
    frames, side = made.shape[1], made.shape[2]
    shuffled = np.stack([np.append(rng.permutation(frames - 1), frames - 1) for _ in made])
    down, across = np.indices((side, side))
    due = ((down + across) / (2 * side - 2) * frames).clip(0, frames - 1).astype(int)[..., None]
    swept = made[:, -1:] * (due <= np.arange(frames)[:, None, None, None])
    return {
        "shuffled_frames": np.take_along_axis(made, shuffled[:, :, None, None, None], axis=1),
        "still": np.repeat(made[:, -1:], frames, axis=1),
        "swept": swept.astype(np.float32),
    }


def unit(films: NDArray[np.uint8]) -> Films:
    return films.astype(np.float32) / 255
