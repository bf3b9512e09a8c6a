"""Asking a trained fusion: what a picture, a sound or both say, and which modality and what in it said so."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm.autograd import Array, Tensor
from tinyxm.models.fusion import Fusion
from tinyxm.models.interpretation import integrated_gradients
from tinyxm.models.interpretation.draw import Maps, Words
from tinyxm.models.interpretation.overview import picture_maps
from tinyxm.models.interpretation.scores import Score, values
from tinyxm.ops import logsumexp
from tinyxm.recipes.fuse.data import Task
from tinyxm.recipes.fuse.scores import probabilities
from tinyxm.recipes.recipe import Hit

Inputs = list[NDArray[np.float32]]
Present = NDArray[np.bool_]


def find_classes(model: Fusion, task: Task, given: Mapping[str, Any], top: int) -> list[Hit]:
    """The classes that what is given says, each with its probability; what isn't given is missing."""
    shares = probabilities(model, *asked(task, given))[0]
    best = np.argsort(-shares, kind="stable")[:top]
    return [Hit(task.classes[i], float(shares[i])) for i in best]


def asked(task: Task, given: Mapping[str, Any]) -> tuple[Inputs, Present]:
    """A batch of one: each modality, zeros where it isn't given, and which are present (1, M)."""
    inputs = [task.read[name](given[name]) if name in given else np.zeros_like(x[0]) for name, x in task.inputs.items()]
    return [x[None] for x in inputs], np.array([[name in given for name in task.inputs]])


def why(model: Fusion, task: Task, given: Mapping[str, Any]) -> list[Maps | Words]:
    """How much each modality did for the likeliest class, and then where: maps of each that is given.

    Nothing is, of a picture, its darkest value, and of a sound 0, the mean over time of each band.
    """
    inputs, present = asked(task, given)
    answer = int(probabilities(model, inputs, present)[0].argmax())
    names, told = list(task.inputs), f"log-odds of “{task.classes[answer]}”"
    nothing = [float(x.min()) if name == "image" else 0.0 for name, x in task.inputs.items()]
    rows: list[Maps | Words] = [by_modality(told, model, inputs, present, answer, names, nothing)]
    for m in np.flatnonzero(present[0]).tolist():
        x, sound = inputs[m], names[m] == "audio"
        score = of_modality(model, inputs, present, answer, m)
        shown = x[0] if sound else (x[0] - nothing[m]) / max(float(np.ptp(x)), 1e-9)
        rows.append(picture_maps(f"{told}, by the {names[m]}", score, model, x, shown, nothing[m], spectrogram=sound))
    return rows


def by_modality(
    title: str,
    model: Fusion,
    inputs: Inputs,
    present: Present,
    answer: int,
    names: Sequence[str],
    nothing: Sequence[float],
) -> Words:
    """What each modality of one sample, (1, ...) each, does for the log-odds of an answer, in three ways

    Left out: s(all) − s(all but it), little where another says the same. Shapley's value shares s(given) − s(none)
    out. Integrated gradients of all from `nothing`, summed over each: a picture is there, but blank.
    """

    there = present[0]

    def asked_with(kept: Present) -> float:
        return float(values(lambda x: log_odds(model([x, *inputs[1:]], kept[None]), answer), inputs[0])[0])

    nothing_of = [np.full_like(x, blank) for x, blank in zip(inputs, nothing, strict=True)]
    whole = integrated_gradients(of_all(model, inputs, present, answer), side_by_side(inputs), side_by_side(nothing_of))
    return Words(
        f"{title}: {asked_with(there):.2f}, and without any modality {asked_with(np.zeros_like(there)):.2f}",
        names,
        {
            "left out": [
                asked_with(there) - asked_with(there & (np.arange(len(there)) != m)) for m in range(len(there))
            ],
            "Shapley's value": shapley(asked_with, there),
            "integrated gradients": [part.sum() for part in apart(whole, inputs)],
        },
    )


def shapley(value: Callable[[Present], float], present: Present) -> list[float]:
    """φₘ = the mean, over all orders in which the present ones come in, of what m adds as it comes; Σ φ = v(all) − v(∅)

    `value(kept)` is asked with every subset, kept (M,) of booleans; 0 for what isn't present. Source: Shapley 1953, A
    value for n-person games; for predictions Lundberg & Lee 2017, A unified approach to interpreting model predictions.
    """
    there = [int(m) for m in np.flatnonzero(present)]
    worth = {
        kept: value(np.isin(np.arange(len(present)), kept))
        for size in range(len(there) + 1)
        for kept in combinations(there, size)
    }
    found = [0.0] * len(present)
    for kept in worth:
        for m in set(there) - set(kept):
            orders = len(there) * comb(len(there) - 1, len(kept))
            found[m] += (worth[tuple(sorted((*kept, m)))] - worth[kept]) / orders
    return found


def of_modality(model: Fusion, inputs: Inputs, present: Present, answer: int, m: int) -> Score:
    """The log-odds of an answer as a function of modality m, (n, ...), the others of the one sample given."""

    def score(x: Array) -> Tensor:
        every = [x if k == m else np.repeat(other, len(x), axis=0) for k, other in enumerate(inputs)]
        return log_odds(model(every, np.repeat(present, len(x), axis=0)), answer)

    return score


def of_all(model: Fusion, inputs: Inputs, present: Present, answer: int) -> Score:
    """The log-odds of an answer as a function of all modalities at once, `side_by_side`."""
    return lambda x: log_odds(model(apart(x, inputs), np.repeat(present, len(x), axis=0)), answer)


def side_by_side(inputs: Inputs) -> NDArray[np.float32]:
    """All modalities of n samples as one array, (n, columns)."""
    return np.concatenate([x.reshape(len(x), -1) for x in inputs], axis=1)


def apart(x: Any, inputs: Inputs) -> list[Any]:
    """What `side_by_side` put together, in the shapes of inputs."""
    ends = np.cumsum([one[0].size for one in inputs])
    return [
        np.reshape(x[:, end - one[0].size : end], (len(x), *one.shape[1:]))
        for one, end in zip(inputs, ends, strict=True)
    ]


def log_odds(scores: Tensor, answer: int) -> Tensor:
    """ln p / (1 − p) of a class, (n,), of scores (n, classes): what they all have in common falls out."""
    others = [k for k in range(scores.shape[1]) if k != answer]
    return scores[:, answer] - logsumexp(scores[:, others], axis=1)
