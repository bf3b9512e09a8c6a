"""Asking a trained run: the pictures for a text, the names for a picture."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rich.console import Console

from tinyxm.data import Samples, content_square, decode, resize
from tinyxm.recipes.emoji import job
from tinyxm.recipes.emoji.scores import embed_drawings, embed_texts
from tinyxm.recipes.emoji.views import texts_of
from tinyxm.training import RunFolder

SIZE = 32  # pixels: what the towers were trained on


@dataclass(frozen=True)
class Hit:
    """One answer: a concept's name and id, its drawing (uint8 RGBA, 32×32), and the cosine that found it."""

    name: str
    score: float
    picture: np.ndarray
    id: str


def find_pictures(folder: RunFolder, text: str, top: int = 5) -> list[Hit]:
    """The drawings, in the style that the model never saw, that agree best with a text.

    Raises ValueError for a text without any word or part of a word that the model knows.
    """
    model, vocabulary, _ = job.restore(folder, "held_out_style")
    if not len(vocabulary.bag([(text, [])])[0]):
        raise ValueError(f"query: {text!r} has no word, nor part of one, that the model has seen; try other words")
    samples = job.load(Console(quiet=True))
    return best(
        samples, embed_drawings(model, samples["openmoji"]) @ embed_texts(model, vocabulary, [(text, [])])[0], top
    )


def find_names(folder: RunFolder, image: Path, top: int = 5) -> list[Hit]:
    """The names that agree best with a picture of any size, cropped to what is drawn where it's transparent.

    Raises ValueError for a file that isn't a picture, or has nothing in it.
    """
    model, vocabulary, _ = job.restore(folder, "held_out_style")
    drawing = resize(content_square(decode(image)), SIZE)
    samples = job.load(Console(quiet=True))
    return best(
        samples, embed_texts(model, vocabulary, texts_of(samples)) @ embed_drawings(model, drawing[None])[0], top
    )


def best(samples: Samples, scores: np.ndarray, top: int) -> list[Hit]:
    order = np.argsort(-scores, kind="stable")[:top]
    return [Hit(samples["name"][i], float(scores[i]), samples["openmoji"][i], samples.ids[i]) for i in order]
