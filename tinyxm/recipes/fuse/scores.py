"""Every way of fusing beside each modality alone and the baselines, and how they fare as modalities go missing."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from tinyxm.autograd import no_grad
from tinyxm.metrics import bootstrap
from tinyxm.models.fusion import Fusion, Gated, modality_dropout
from tinyxm.ops import softmax
from tinyxm.recipes.baselines import class_baselines, score_classes
from tinyxm.recipes.fuse.data import Task

RATES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
DRAWS = 3  # of what is missing, at each rate
Scores = dict[str, Any]
Labels = NDArray[np.int64]


def predicted(model: Fusion, inputs: list[NDArray[Any]], present: NDArray[np.bool_] | None = None) -> Labels:
    """The likeliest class of each sample, (n,)."""
    return probabilities(model, inputs, present).argmax(axis=1)


def probabilities(
    model: Fusion, inputs: list[NDArray[Any]], present: NDArray[np.bool_] | None = None
) -> NDArray[np.float32]:
    """How probable each class is for each sample, (n, classes); `present` (n, modalities), all by default."""
    model.eval()
    given = np.ones((len(inputs[0]), len(inputs)), bool) if present is None else present
    with no_grad():
        blocks = [slice(i, i + 512) for i in range(0, len(given), 512)]
        shares = [softmax(model([x[rows] for x in inputs], given[rows])).data for rows in blocks]
    return np.concatenate(shares)


def only(kept: int, shape: tuple[int, int]) -> NDArray[np.bool_]:
    """Nothing but one modality is present."""
    present = np.zeros(shape, bool)
    present[:, kept] = True
    return present


def score_task(models: dict[str, Fusion], task: Task, resamples: int) -> Scores:
    """{way: scores}; beside each, the baselines on all modalities, and each modality alone: as `late` hears it, which
    trained a network on it alone, and as a linear model does.

    A way that beats all of these has gained by fusing, and by more than a linear model does.
    """
    (x, known), (new, labels) = task.for_baselines(), task.of("test")
    flat, asked = (np.concatenate([one.reshape(len(one), -1) for one in some], axis=1) for some in (x, new))
    beside = class_baselines(flat, known, asked)
    if "late" in models:
        shape = len(labels), len(new)
        for m, name in enumerate(task.inputs):
            beside[f"{name}_alone"] = predicted(models["late"], new, only(m, shape))
            beside[f"{name}_linear"] = class_baselines(x[m], known, new[m])["linear"]
    told: dict[str, Any] = {"classes": len(task.classes), "resamples": resamples}
    return {way: score_classes(labels, predicted(model, new), beside, **told) for way, model in models.items()}


def score_missing(models: dict[str, Fusion], task: Task, resamples: int) -> Scores:
    """{"rates": [...], "ways": {way: [scores at each rate]}}: each modality of each sample absent at that rate.

    The same are absent for every way. Intervals are over samples, whose draws are resampled together. At 1 nothing is
    left, and the best answer is the commonest class.
    """
    inputs, labels = task.of("test")
    ways: dict[str, list[Scores]] = {way: [] for way in models}
    for rate in RATES:
        rng = np.random.default_rng(0)
        shape = len(labels), len(inputs)
        absences = [modality_dropout(np.ones(shape, bool), rate, rng) for _ in range(DRAWS)]
        for way, model in models.items():
            right = np.mean([predicted(model, inputs, given) == labels for given in absences], axis=0)
            low, high = bootstrap(np.mean, right, rng=np.random.default_rng(0), resamples=resamples)
            ways[way].append({"accuracy": float(right.mean()), "intervals": {"accuracy": [float(low), float(high)]}})
    return {"rates": list(RATES), "ways": ways}


def best_alone(scores: Scores) -> float:
    """The accuracy of the modality that does best alone, by its network or by a linear model."""
    alone = [told["accuracy"] for name, told in scores["baselines"].items() if name.endswith(("_alone", "_linear"))]
    return max(alone)


def listens(model: Fusion, task: Task) -> dict[str, float]:
    """The mean weight that a gated model gives to each modality."""
    inputs, _ = task.of("test")
    with no_grad():
        weights = cast(Gated, model.head).weights(*model.vectors(inputs)).data
    return {name: round(float(w), 3) for name, w in zip(task.inputs, weights.mean(axis=0), strict=True)}
