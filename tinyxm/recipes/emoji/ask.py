"""Asking the held-out style's model: the pictures for a text, the names for a picture, and why."""

from __future__ import annotations

from string import ascii_lowercase

import numpy as np

from tinyxm.autograd import no_grad
from tinyxm.data import Samples, Vocabulary, content_square, resize, words
from tinyxm.data.emoji import SIZE
from tinyxm.models.interpretation import similarity
from tinyxm.models.interpretation.draw import Maps, Words
from tinyxm.models.interpretation.overview import bag_words, picture_maps
from tinyxm.models.two_towers import TwoTowers
from tinyxm.recipes.doubts import told_of_words
from tinyxm.recipes.emoji.scores import embed_drawings, embed_texts, nearest_drawings
from tinyxm.recipes.emoji.views import features, texts_of
from tinyxm.recipes.recipe import Hit


def find_pictures(model: TwoTowers, vocabulary: Vocabulary, samples: Samples, text: str, top: int) -> list[Hit]:
    """The drawings, of all three styles, that agree best with a text; one for each concept.

    Raises ValueError for a text without any word or part of a word that the model knows.
    """
    if not len(vocabulary.bag([(text, [])])[0]):
        raise ValueError(f"find: {text!r} has no word, nor part of one, that the model has seen; try other words")
    return nearest_drawings(model, samples, embed_texts(model, vocabulary, [(text, [])]), top)[0]


def doubts(model: TwoTowers, vocabulary: Vocabulary, samples: Samples, text: str) -> list[str]:
    """Of a text with words that the model doesn't know: these, and how well drawings agree with random letters."""
    told = told_of_words(text, vocabulary)
    if not told:
        return []
    low, middle, high = np.quantile(by_chance(model, vocabulary, samples, text), [0.05, 0.5, 0.95])
    return [
        f"{told}. Then the order below means little.",
        f"Texts of random letters, as long, find a drawing that agrees by {middle:.2f} ({low:.2f} to {high:.2f}): the "
        "figure beside a name is no sign that the model knows what was asked for.",
    ]


def by_chance(model: TwoTowers, vocabulary: Vocabulary, samples: Samples, text: str, n: int = 100) -> np.ndarray:
    """The best agreement of each of n texts that mean nothing, of as many and as long words as `text`."""
    rng, sizes = np.random.default_rng(0), [max(3, len(word)) for word in words(text)]
    letters = np.array(list(ascii_lowercase))
    texts: list[tuple[str, list[str]]] = []
    while len(texts) < n:
        drawn: tuple[str, list[str]] = (" ".join("".join(rng.choice(letters, size)) for size in sizes), [])
        if len(vocabulary.bag([drawn])[0]):  # it has a part that the model knows
            texts.append(drawn)
    found = nearest_drawings(model, samples, embed_texts(model, vocabulary, texts), 1)
    return np.array([best.score for (best,) in found])


def find_names(model: TwoTowers, vocabulary: Vocabulary, samples: Samples, picture: np.ndarray, top: int) -> list[Hit]:
    """The names that agree best with a picture (RGBA, any size), cropped to what is drawn where it's transparent.

    Raises ValueError for a picture that has nothing in it.
    """
    drawing = resize(content_square(picture), SIZE)
    scores = embed_texts(model, vocabulary, texts_of(samples)) @ embed_drawings(model, drawing[None])[0]
    best = np.argsort(-scores, kind="stable")[:top]
    return [Hit(samples["name"][i], float(scores[i]), samples["openmoji"][i], samples.ids[i]) for i in best]


def why(
    model: TwoTowers, vocabulary: Vocabulary, samples: Samples, text: str | None, picture: np.ndarray | None
) -> list[Maps | Words]:
    """Which part of a picture agrees with a text, and which of its words with the picture.

    Where one of the two isn't given, it's the one that agrees best with the other. Maps are of the 16 × 16 features
    that the picture's tower is given. Raises as `find_pictures` and `find_names`.
    """
    if text is None:
        assert picture is not None
        text = find_names(model, vocabulary, samples, picture, 1)[0].name
    if picture is None:
        picture = find_pictures(model, vocabulary, samples, text, 1)[0].picture
        assert picture is not None
    drawing = resize(content_square(picture), SIZE)
    x, blank = features(np.stack([drawing, np.zeros_like(drawing)]))
    drawn, said = embed_drawings(model, drawing[None])[0], embed_texts(model, vocabulary, [(text, [])])[0]
    with no_grad():
        usual = model.text.embedding(*vocabulary.bag(texts_of(samples))).data.mean(axis=0)
    of_picture, of_text = similarity(model.image, said), similarity(model.text, drawn)
    title = f"agreement of the picture with “{text}”"
    return [
        picture_maps(title, of_picture, model.image, x[None], drawing, blank, layer=model.image.layers[5]),
        bag_words(title, of_text, model.text, model.text.embedding, vocabulary, (text, []), usual),
    ]
