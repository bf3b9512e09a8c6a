"""Asking the held-out style's model: the pictures for a text, the names for a picture."""

from __future__ import annotations

import numpy as np

from tinyxm.data import Samples, Vocabulary, content_square, resize
from tinyxm.data.emoji import SIZE
from tinyxm.models.two_towers import TwoTowers
from tinyxm.recipes.emoji.scores import embed_drawings, embed_texts, nearest_drawings
from tinyxm.recipes.emoji.views import texts_of
from tinyxm.recipes.recipe import Hit


def find_pictures(model: TwoTowers, vocabulary: Vocabulary, samples: Samples, text: str, top: int) -> list[Hit]:
    """The drawings, of all three styles, that agree best with a text; one for each concept.

    Raises ValueError for a text without any word or part of a word that the model knows.
    """
    if not len(vocabulary.bag([(text, [])])[0]):
        raise ValueError(f"find: {text!r} has no word, nor part of one, that the model has seen; try other words")
    return nearest_drawings(model, samples, embed_texts(model, vocabulary, [(text, [])]), top)[0]


def find_names(model: TwoTowers, vocabulary: Vocabulary, samples: Samples, picture: np.ndarray, top: int) -> list[Hit]:
    """The names that agree best with a picture (RGBA, any size), cropped to what is drawn where it's transparent.

    Raises ValueError for a picture that has nothing in it.
    """
    drawing = resize(content_square(picture), SIZE)
    scores = embed_texts(model, vocabulary, texts_of(samples)) @ embed_drawings(model, drawing[None])[0]
    best = np.argsort(-scores, kind="stable")[:top]
    return [Hit(samples["name"][i], float(scores[i]), samples["openmoji"][i], samples.ids[i]) for i in best]
