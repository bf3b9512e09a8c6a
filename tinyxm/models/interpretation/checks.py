"""Is a map worth anything? Two questions that any map, of any model, can be asked.

A map that survives random weights tells of the picture, not of the model. A map whose best places can be deleted
without harm names the wrong places.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import rankdata

from tinyxm import nn
from tinyxm.autograd import Parameter, generator
from tinyxm.models.interpretation.scores import Floats, Score, values


@dataclass(frozen=True)
class Randomisation:
    """Rank correlation of maps before and after, as more and more layers are random, from the output down.

    `layers` are the paths in the order in which they were randomised; `signed` and `absolute` `(layers, n)` the
    correlations of the maps and of their magnitudes, for each input.
    """

    layers: list[str]
    signed: Floats
    absolute: Floats

    @property
    def left(self) -> float:
        """The mean correlation of magnitudes once all is random: what of the map the model had no part in."""
        return float(self.absolute[-1].mean())

    def __str__(self) -> str:
        rows = zip(self.layers, self.signed.mean(1), self.absolute.mean(1), strict=True)
        lines = [f"{path:30} {signed:6.2f} {absolute:10.2f}" for path, signed, absolute in rows]
        return "\n".join([f"{'random down to':30} {'signed':>6} {'magnitudes':>10}", *lines])


def randomisation_test(
    model: nn.Module, explain: Callable[[], ArrayLike], rng: np.random.Generator | None = None, cascade: bool = True
) -> Randomisation:
    """Shuffle the weights layer by layer, from the last to the first, and see whether the map notices

    `explain()` makes the maps `(n, ...)` with the model as it is then: `lambda: gradient(logit(model, 3), x)`. Each
    layer's parameters are shuffled within themselves, which keeps their sizes and destroys what was learned; layers
    randomised before stay random ("cascading"); without `cascade` all are shuffled at once, for one map. The model is
    afterwards as it was. Order is that of `named_modules`, turned round, which is the model's own where its layers are
    assigned in the order they run in.
    Raises ValueError for a model without parameters, or maps that aren't `(n, ...)`. Source: Adebayo et al., "Sanity
    checks for saliency maps", 2018; the correlation is Spearman's.
    """
    rng = generator(rng)
    layers: dict[str, list[Parameter]] = {}
    for name, parameter in model.named_parameters():
        layers.setdefault(name.rpartition(".")[0], []).append(parameter)
    if not layers:
        raise ValueError(f"randomisation_test: this {type(model).__name__} has no parameters to randomise")
    before, learned = _flat(explain()), model.state_dict()
    signed, absolute = [], []
    try:
        for path, own in reversed(layers.items()):
            for parameter in own:
                parameter.data = rng.permutation(parameter.data.ravel()).reshape(parameter.shape)
            if not cascade and path != next(iter(layers)):
                continue
            after = _flat(explain())
            signed.append(rank_correlation(before, after))
            absolute.append(rank_correlation(np.abs(before), np.abs(after)))
    finally:
        model.load_state_dict(learned)
    named = [path or "(model)" for path in reversed(layers)] if cascade else ["all"]
    return Randomisation(named, np.array(signed), np.array(absolute))


def rank_correlation(a: ArrayLike, b: ArrayLike) -> Floats:
    """Spearman's ρ of each row of a and b `(n, ...)`: Pearson's of the ranks, equal numbers sharing theirs; `(n,)`

    0 where one of the two is constant, and has no order.
    """
    ranks = [rankdata(_flat(x), axis=1) for x in (a, b)]
    p, q = (r - r.mean(axis=1, keepdims=True) for r in ranks)
    scale = np.sqrt(np.sum(p * p, axis=1) * np.sum(q * q, axis=1))
    return np.asarray(np.sum(p * q, axis=1) / np.where(scale > 0, scale, np.inf))


@dataclass(frozen=True)
class Curve:
    """A score as places are deleted, or inserted: `fractions` `(steps + 1,)` from 0 to 1, `scores` `(n, steps + 1)`."""

    fractions: Floats
    scores: Floats

    @property
    def area(self) -> Floats:
        """Under the curve of each input, `(n,)`: low is good for deletion, high for insertion."""
        return np.asarray(np.trapezoid(self.scores, self.fractions, axis=1))


def deletion_curve(score: Score, x: ArrayLike, maps: ArrayLike, fill: ArrayLike = 0, steps: int = 20) -> Curve:
    """The score as the places with the highest map are covered first; a good map makes it fall at once

    x `(n, *places, ...)`, maps `(n, *places)`; a place that is covered holds `fill`, which broadcasts to x. Raises
    ValueError where the shapes disagree. Source: Petsiuk, Das & Saenko, "RISE", 2018.
    """
    given, nothing, maps = _arrays("deletion_curve", x, fill, maps)
    return _curve(score, given, nothing, maps, steps)


def insertion_curve(score: Score, x: ArrayLike, maps: ArrayLike, fill: ArrayLike = 0, steps: int = 20) -> Curve:
    """The score as the places with the highest map are put into an empty input first; as `deletion_curve` otherwise."""
    given, nothing, maps = _arrays("insertion_curve", x, fill, maps)
    return _curve(score, nothing, given, maps, steps)


def _curve(score: Score, begin: NDArray[Any], end: NDArray[Any], maps: Floats, steps: int) -> Curve:
    order = np.argsort(-maps.reshape(len(maps), -1), axis=1, kind="stable")
    cells = order.shape[1]
    rank = np.argsort(order, axis=1).reshape(maps.shape)
    counts = np.unique(np.round(np.linspace(0, cells, min(steps, cells) + 1)).astype(int))
    wide = (..., *[None] * (begin.ndim - maps.ndim))
    scores = [values(score, np.where((rank < count)[wide], end, begin)) for count in counts]
    return Curve(counts / cells, np.stack(scores, axis=1))


@dataclass(frozen=True)
class Faithfulness:
    """Deletion and insertion by a map, beside those by random orders (the mean of them).

    `deletion_wins` and `insertion_wins` `(n,)` are the shares of random orders that the map beats: 0.5 where it's as
    good as chance.
    """

    deletion: Curve
    insertion: Curve
    random_deletion: Curve
    random_insertion: Curve
    deletion_wins: Floats
    insertion_wins: Floats

    def __str__(self) -> str:
        rows = (
            ("deletion", self.deletion, self.random_deletion, self.deletion_wins),
            ("insertion", self.insertion, self.random_insertion, self.insertion_wins),
        )
        return "\n".join(
            f"{name:9} area {curve.area.mean():6.3f}, random {chance.area.mean():6.3f}; beats {wins.mean():.0%} of them"
            for name, curve, chance, wins in rows
        )


def faithfulness(
    score: Score,
    x: ArrayLike,
    maps: ArrayLike,
    fill: ArrayLike = 0,
    steps: int = 20,
    orders: int = 10,
    grain: int = 1,
    rng: np.random.Generator | None = None,
) -> Faithfulness:
    """Deletion and insertion curves of maps `(n, *places)`, beside `orders` random ones of the same places

    Random single pixels, strewn, spoil a picture faster than any part of it does: compare a smooth map with random
    orders of `grain` × `grain` places. Raises as `deletion_curve`.
    """
    given, nothing, maps = _arrays("faithfulness", x, fill, maps)
    rng = generator(rng)
    strewn = [_random_maps(maps.shape, grain, rng) for _ in range(orders)]
    found = []
    for begin, end, sign in ((given, nothing, 1), (nothing, given, -1)):
        curve = _curve(score, begin, end, maps, steps)
        chance = [_curve(score, begin, end, random, steps) for random in strewn]
        below = [sign * (other.area - curve.area) for other in chance]
        wins = np.mean([(d > 0) + 0.5 * (d == 0) for d in below], axis=0)
        found.append((curve, Curve(curve.fractions, np.mean([other.scores for other in chance], axis=0)), wins))
    (deletion, random_deletion, first), (insertion, random_insertion, second) = found
    return Faithfulness(deletion, insertion, random_deletion, random_insertion, first, second)


def _random_maps(shape: tuple[int, ...], grain: int, rng: np.random.Generator) -> Floats:
    coarse = rng.random((shape[0], *(-(-side // grain) for side in shape[1:])))
    for axis, side in enumerate(shape[1:], start=1):
        coarse = np.repeat(coarse, grain, axis=axis).take(range(side), axis=axis)
    return coarse


def _arrays(
    operation: str, x: ArrayLike, fill: ArrayLike, maps: ArrayLike
) -> tuple[NDArray[Any], NDArray[Any], Floats]:
    given, m = np.asarray(x), np.asarray(maps)
    if m.ndim < 2 or m.shape != given.shape[: m.ndim]:
        raise ValueError(
            f"{operation}: maps {m.shape} of x {given.shape}: expected (n, *places), as x begins; see over_channels"
        )
    return given, np.broadcast_to(np.asarray(fill, given.dtype), given.shape), m


def _flat(maps: ArrayLike) -> Floats:
    m = np.asarray(maps)
    if m.ndim < 2:
        raise ValueError(f"rank_correlation: maps {m.shape}: expected (n, ...), one map for each input")
    return m.reshape(len(m), -1)
