"""Asking a trained run: the pictures for a text, the names for a picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from tinyxm.data import content_square, decode, emoji, resize
from tinyxm.data.emoji import SIZE
from tinyxm.recipes.emoji import job
from tinyxm.recipes.emoji.scores import Hit, embed_drawings, embed_texts, nearest_drawings
from tinyxm.recipes.emoji.views import texts_of
from tinyxm.training import RunFolder


def find_pictures(folder: RunFolder, text: str, top: int = 5) -> list[Hit]:
    """The drawings, of all three styles, that agree best with a text; one for each concept.

    Raises ValueError for a text without any word or part of a word that the model knows.
    """
    model, vocabulary, _ = job.restore(folder, "held_out_style")
    if not len(vocabulary.bag([(text, [])])[0]):
        raise ValueError(f"query: {text!r} has no word, nor part of one, that the model has seen; try other words")
    return nearest_drawings(model, emoji(), embed_texts(model, vocabulary, [(text, [])]), top)[0]


def find_names(folder: RunFolder, image: Path, top: int = 5) -> list[Hit]:
    """The names that agree best with a picture of any size, cropped to what is drawn where it's transparent.

    Raises ValueError for a file that isn't a picture, or has nothing in it.
    """
    model, vocabulary, _ = job.restore(folder, "held_out_style")
    drawing = resize(content_square(decode(image)), SIZE)
    samples = emoji()
    scores = embed_texts(model, vocabulary, texts_of(samples)) @ embed_drawings(model, drawing[None])[0]
    best = np.argsort(-scores, kind="stable")[:top]
    return [Hit(samples["name"][i], float(scores[i]), samples["openmoji"][i], samples.ids[i]) for i in best]
