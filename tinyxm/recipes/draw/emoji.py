"""The emoji part: Twemoji's drawings by name and keywords, and what is asked about concepts never drawn before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyxm.data import Samples, Split, TfIdf, composite, emoji, grouped_split, oriented_gradients
from tinyxm.models.linear import cosine_similarity
from tinyxm.recipes.baselines import score_retrieval
from tinyxm.recipes.draw.words import Text
from tinyxm.recipes.recipe import Progress

DRAWS = 8  # of each text: their mean features tell what the model is sure of
SEEN = 200  # of the texts trained on are asked for, too
SPLIT_SEED = 0  # the same for every run, so that seeds can be compared


@dataclass(frozen=True)
class Emoji:
    """Drawings on white, (n, 32, 32, 3) from 0 to 1, names and keywords, and the split between concepts."""

    samples: Samples
    pictures: np.ndarray
    texts: list[Text]
    split: Split

    @classmethod
    def load(cls, validation: bool, quick: bool, progress: Progress) -> Emoji:
        """A seventh of the concepts are the test, variants by gender, tone or direction together; or of the others."""
        samples = emoji(progress)
        split = grouped_split(samples.groups["variants"], {"train": 6 / 7, "test": 1 / 7}, SPLIT_SEED)
        if validation:
            rest = split["train"]
            inner = grouped_split(samples.groups["variants"][rest], {"train": 6 / 7, "test": 1 / 7}, SPLIT_SEED + 1)
            split = Split({name: rest[inner[name]] for name in ("train", "test")})
        if quick:
            split = fewer(split)
        texts = list(zip(samples["name"], samples["keywords"], strict=True))
        return cls(samples, composite(samples["twemoji"]), texts, split)


def fewer(split: Split) -> Split:
    """A quarter of each part, for a smoke run."""
    return Split({name: part[::4] for name, part in split.parts.items()})


Drawer = Callable[[list[Text]], np.ndarray]


def score_emoji(data: Emoji, drawers: dict[str, Drawer], model: str, quick: bool = False) -> dict[str, Any]:
    """Is the right drawing, among all of its part, the one most like what was drawn? By oriented gradients and colour.

    Each text is drawn `DRAWS` times by each of `drawers` (once in a smoke run); the likeness is the cosine of mean
    features, less the mean of the training drawings. Beside them answers the drawing of the training text nearest by
    tf-idf.
    """
    train, test = data.split["train"], data.split["test"]
    features = oriented_gradients(data.pictures)
    features = features.reshape(len(features), -1)
    centre = features[train].mean(axis=0)
    tfidf = TfIdf([data.texts[i] for i in train])(data.texts)
    results, draws = {}, 1 if quick else DRAWS
    seen = np.sort(np.random.default_rng(SPLIT_SEED).choice(train, min(SEEN, len(test), len(train)), replace=False))
    for part, asked in (("unseen_concepts", test), ("seen_concepts", seen)):
        drawn = {}
        for name, draw in drawers.items():
            made = draw([data.texts[i] for i in asked for _ in range(draws)])
            mean = oriented_gradients(made).reshape(len(asked), draws, -1).mean(axis=1)
            drawn[name] = cosine_similarity(mean - centre, features[asked] - centre)
        if part == "unseen_concepts":
            nearest = train[(tfidf[asked] @ tfidf[train].T).argmax(axis=1)]
            drawn["nearest_training_text"] = cosine_similarity(features[nearest] - centre, features[asked] - centre)
        scored = score_retrieval(
            drawn.pop(model),
            drawn,
            groups=data.samples.groups["variants"][asked],
            over="variants",
            resamples=100 if quick else 1000,
        )
        results[part] = scored
    return results
