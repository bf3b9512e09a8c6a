"""Four tasks whose samples have several modalities and one label, split without leaks, and normalised by training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm.data import Samples, stratified_split
from tinyxm.data import load as load_source
from tinyxm.data.sources.handwriting import DIGITS
from tinyxm.recipes.digits import data as digits
from tinyxm.recipes.digits.answers import as_written
from tinyxm.recipes.digits.sounds import features, heard
from tinyxm.recipes.recipe import Progress

SPLIT_SEED = 0  # the same for every run, so that seeds can be compared
OCCLUDED = 0.5  # share of a picture's height that is covered
NOISE_DB = -8.0  # speech to noise in the normalised decibels: so loud that neither modality suffices
COPIES = 4  # of what is spoilt by chance, for baselines to learn from
BLOCK = 16  # windows a side of the areas that a split of land use keeps together
Whole = NDArray[np.int64]


@dataclass(frozen=True)
class Task:
    """n samples: `inputs` by modality, (n, ...) float32 each, `labels` (n,), what these are called, and the split.

    `parts` are "train" and "test"; `leak` says what crosses the split; `credits` whose the data are. `read` takes what
    a user gives of a modality to the model's input, where the task can be asked. `anew(rows, rng)` makes the inputs of
    training samples another time, where they are spoilt by chance: a network that meets the same noise in every epoch
    learns the noise by heart.
    """

    inputs: dict[str, NDArray[np.float32]]
    labels: Whole
    classes: tuple[str, ...]
    parts: dict[str, Whole]
    leak: str
    credits: tuple[str, ...]
    read: Mapping[str, Callable[[Any], NDArray[np.float32]]] = field(default_factory=dict)
    anew: Callable[[Whole, np.random.Generator], list[NDArray[np.float32]]] | None = None

    def of(self, part: str) -> tuple[list[NDArray[np.float32]], Whole]:
        """The inputs and labels of a part."""
        rows = self.parts[part]
        return [x[rows] for x in self.inputs.values()], self.labels[rows]

    def drawn(self, rows: Whole, rng: np.random.Generator) -> list[NDArray[np.float32]]:
        """The inputs of training samples as a step of training meets them."""
        return [x[rows] for x in self.inputs.values()] if self.anew is None else self.anew(rows, rng)

    def for_baselines(self) -> tuple[list[NDArray[np.float32]], Whole]:
        """The training part; where it's spoilt by chance, COPIES times, or the networks alone would see it anew."""
        rows = self.parts["train"]
        if self.anew is None:
            return self.of("train")
        every = [self.anew(rows, np.random.default_rng((SPLIT_SEED, copy))) for copy in range(COPIES)]
        return [np.concatenate(copies) for copies in zip(*every, strict=True)], np.tile(self.labels[rows], COPIES)


def load(tasks: tuple[str, ...], sounds: str, validation: bool, progress: Progress) -> dict[str, Task]:
    """The tasks of these names. With `validation` the test part is made of training samples: the test is never seen."""
    makers = {
        "digits": lambda: _digits(sounds, validation, progress),
        "tumours": lambda: _table("breast-cancer", "diagnosis", (), validation),
        "credit": lambda: _table("credit", "risk", ("person",), validation),
        "land_use": lambda: _land_use(validation),
    }
    return {name: makers[name]() for name in tasks}


def _digits(sounds: str, validation: bool, progress: Progress) -> Task:
    """Each utterance with a picture of its digit, of the same part; both spoilt, the test's always in the same way.

    A picture is covered over half of its height, from above or below; a word lies under noise 2.5 times as wide as what
    it says. So neither modality suffices. In training each word gets another picture, cover and noise every time.
    """
    data = digits.load(sounds, validation, progress)
    stage = "official_split" if sounds == "recorded" else "unseen_voice"
    rows = digits.utterances(stage, data.spoken, validation)
    rng = np.random.default_rng(SPLIT_SEED)
    pools = {part: [pool[data.digits[pool] == digit] for digit in range(10)] for part, pool in data.parts.items()}
    chosen = {
        part: np.array([rng.choice(pools[part][digit]) for digit in data.spoken.digits[rows[part]]])
        for part in ("train", "test")
    }
    clean = heard(data.spoken.features[np.concatenate([rows["train"], rows["test"]])])
    labels = np.concatenate([data.spoken.digits[rows["train"]], data.spoken.digits[rows["test"]]])
    pictures, noisy = _spoilt(data.pictures[np.concatenate([chosen["train"], chosen["test"]])], clean, rng)
    known = pictures[: len(rows["train"])]
    mean, deviation = known.mean(), known.std()

    def anew(some: Whole, rng: np.random.Generator) -> list[NDArray[np.float32]]:
        beside = np.array([rng.choice(pools["train"][digit]) for digit in labels[some]])
        covered, noisy = _spoilt(data.pictures[beside], clean[some], rng)
        return [(covered - mean) / deviation, noisy]

    return Task(
        {"image": (pictures - mean) / deviation, "audio": noisy},
        labels,
        DIGITS,
        {"train": np.arange(len(known)), "test": np.arange(len(known), len(labels))},
        "no utterance and no picture is in both parts; voices are, in the official split"
        if sounds == "recorded"
        else "no picture and no voice is in both parts",
        ("recorded-digits" if sounds == "recorded" else "speech", "handwritten-28"),
        {
            "image": lambda rgba: (as_written(rgba) - mean) / deviation,
            "audio": lambda sound: heard(features(*sound)[None])[0],
        },
        anew,
    )


def _spoilt(
    pictures: NDArray[np.float32], sounds: NDArray[np.float32], rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Pictures without their upper or lower half, and sounds under noise."""
    seen, covered = pictures.copy(), round(OCCLUDED * pictures.shape[1])
    above = rng.random(len(seen)) < 0.5
    seen[above, :covered] = 0
    seen[~above, -covered:] = 0
    noise = rng.normal(0, 1, sounds.shape).astype(np.float32) * np.float32(10 ** (-NOISE_DB / 20))
    return seen, sounds + noise


def _table(source: str, group: str, without: tuple[str, ...], validation: bool) -> Task:
    samples = load_source(source)
    classes, labels = np.unique(samples.groups[group], return_inverse=True)
    split = stratified_split(labels, {"train": 0.5, "validation": 0.2, "test": 0.3}, SPLIT_SEED)
    parts = _parts({name: split[name] for name in ("train", "validation", "test")}, validation)
    inputs = {name: samples[name] for name in samples.modalities if name not in without}
    return Task(
        _standardised(inputs, parts["train"]),
        labels.astype(np.int64),
        tuple(map(str, classes)),
        parts,
        "no sample is in both parts; whether two are of one person can't be told",
        (source,),
    )


def _land_use(validation: bool) -> Task:
    """Areas of 16 × 16 windows are on one side of the split, whole; windows that reach into another are left out."""
    samples: Samples = load_source("land-use")
    row, column = samples.groups["row"], samples.groups["column"]
    kept = np.flatnonzero((row >= 0) & (row % BLOCK < BLOCK - 2) & (column % BLOCK < BLOCK - 2))
    area = (row // BLOCK) * 100 + column // BLOCK
    areas = np.random.default_rng(SPLIT_SEED).permutation(np.unique(area[kept]))
    bounds = np.cumsum([round(0.5 * len(areas)), round(0.2 * len(areas))])
    named = dict(zip(("train", "validation", "test"), np.split(areas, bounds), strict=True))
    parts = _parts({name: kept[np.isin(area[kept], some)] for name, some in named.items()}, validation)
    classes, labels = np.unique(samples.groups["soil"], return_inverse=True)
    return Task(
        _standardised(dict(samples.modalities), parts["train"]),
        labels.astype(np.int64),
        tuple(map(str, classes)),
        parts,
        f"areas of {BLOCK} × {BLOCK} windows are whole, and no window shares a pixel with one of the other part",
        ("land-use",),
    )


def _parts(split: dict[str, Whole], validation: bool) -> dict[str, Whole]:
    if validation:
        return {"train": split["train"], "test": split["validation"]}
    return {"train": np.append(split["train"], split["validation"]), "test": split["test"]}


def _standardised(inputs: dict[str, Any], train: Whole) -> dict[str, NDArray[np.float32]]:
    """(x − mean) / deviation of each column, both of the training part alone."""
    found = {}
    for name, x in inputs.items():
        deviation = x[train].std(axis=0)
        found[name] = ((x - x[train].mean(axis=0)) / np.where(deviation > 0, deviation, 1)).astype(np.float32)
    return found
