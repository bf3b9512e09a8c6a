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
from tinyxm.recipes.write.data import CHARACTERS, Data, Said, unit

Scores = dict[str, Any]
Films = NDArray[np.float32]
NEAR = 0.4  # how far a pixel may be from where it's looked for, in standard deviations of the writing


def inked(film: Films) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The pixels of a film that ever have ink, ½ at least: their places (pixels, 2), their ink (pixels, frames).

    Places are in standard deviations from the middle, so that large, narrow and shifted writings can be compared; ink
    is a share of the most that the pixel gets.
    """
    ink = np.asarray(film, np.float64)[..., 0]
    most = ink.max(axis=0)
    places = np.argwhere(most >= 0.5).astype(np.float64)
    if not len(places):
        return places, np.empty((0, len(ink)))
    spread = np.maximum(places.std(axis=0), 1.0)  # a line is thin, not spread out
    return (places - places.mean(axis=0)) / spread, (ink / np.maximum(most, 1e-9))[:, most >= 0.5].T


def stroke_order(true: Films, made: Films) -> float:
    """How well a film agrees with the true one about what is written before what: from −1, backwards, to 1

        S = mean of A(p, q) over all pairs of pixels of the true writing, of which p gets its ink at an earlier frame
        A(p, q) = Σ_t p_t−1·q_t − q_t−1·p_t,   p_t the ink of p at frame t of the made film, p_0 = q_0 = 0

    A is twice the signed area that the point (p_t, q_t) sweeps on its way in the unit square: 1 where p is written and
    then q, −1 the other way round, 0 where they come together, suddenly or little by little. Kendall's rank
    correlation, of areas in place of ranks. What is written several times is divided by how often.

    So a still picture has 0, however right, and so has mist that becomes clear everywhere alike. Frames in random order
    have 0 on average, exactly: a film and its reverse are as probable, and of opposite area.
    Where p is in the made film: the inked pixel nearest to its place within the writing (`inked`), at most NEAR off. A
    pixel that is missing adds 0 to each of its pairs. Films (frames, height, width, 1) from 0 to 1.
    """
    places, known = inked(true)
    others, ink = inked(made)
    if not len(places) or not len(others):
        return 0.0
    when = np.diff(known, axis=1, prepend=0.0).argmax(axis=1)
    apart = cdist(places, others)
    x = ink[apart.argmin(axis=1)] * (apart.min(axis=1) <= NEAR)[:, None]
    before = np.concatenate([np.zeros((len(x), 1)), x[:, :-1]], axis=1)
    times = np.maximum(x - before, 0).sum(axis=1).clip(1)
    area = (before @ x.T - x @ before.T) / np.maximum(times[:, None], times)
    pairs = when[:, None] < when[None, :]
    return float(area[pairs].sum() / max(pairs.sum(), 1))


def overlap(true: Films, made: Films) -> NDArray[np.float64]:
    """Σ min(true, made) / Σ max(true, made) over all pixels and frames of each film, (n,)."""
    axes = tuple(range(1, true.ndim))
    shared, all_ink = (f(true, made).sum(axes, dtype=float) for f in (np.minimum, np.maximum))
    return np.asarray(shared / all_ink, np.float64)


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
    """Films with the frames of `made` shuffled; with the last one alone, a still picture; and uncovered by a sweep.

    The sweep goes from the top left to the bottom right, as one reads: what places alone tell of the order.
    """
    count, side = made.shape[1], made.shape[2]
    shuffled = rng.permuted(np.tile(np.arange(count), (len(made), 1)), axis=1)
    down, across = np.indices((side, side))
    due = ((down + across) / (2 * side - 2) * count).clip(0, count - 1).astype(int)[..., None]
    swept = made[:, -1:] * (due <= np.arange(count)[:, None, None, None])
    return {
        "shuffled_frames": np.take_along_axis(made, shuffled[:, :, None, None, None], axis=1),
        "still": np.repeat(made[:, -1:], count, axis=1),
        "swept": swept.astype(np.float32),
    }
