"""Asking a trained run: what a picture shows, and what in it made the model write each word."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tinyxm.autograd import Array
from tinyxm.data import Vocabulary, content_square, resize
from tinyxm.data.emoji import SIZE
from tinyxm.models.captioner import END, Captioner, ConvolutionEncoder
from tinyxm.models.interpretation import occlusion
from tinyxm.models.interpretation.draw import Maps
from tinyxm.models.interpretation.overview import each_word, picture_maps
from tinyxm.recipes.caption import scenes as shapes
from tinyxm.recipes.emoji.views import features
from tinyxm.recipes.run import Run
from tinyxm.recipes.sentences import mirrored, text_of

ACROSS = 7  # words in a row


class Seen(NamedTuple):
    """A picture as a model is given it `(1, side, side, channels)`, as a reader sees it, and how nothing looks."""

    x: NDArray[np.float32]
    shown: NDArray[Any]
    nothing: NDArray[np.float32]


def as_scene(rgba: NDArray[np.uint8]) -> Seen:
    """A scene; nothing is its ground, the colour of its border."""
    x = shapes.picture_of(rgba)
    border = np.concatenate([x[0, 0], x[0, -1], x[0, :, 0], x[0, :, -1]])
    return Seen(x, 1 - x[0], np.median(border, axis=0))


def as_emoji(rgba: NDArray[np.uint8]) -> Seen:
    """A drawing, cropped to its content where it's transparent; nothing is the blank page."""
    drawing = resize(content_square(rgba), SIZE)
    x, blank = features(np.stack([drawing, np.zeros_like(drawing)]))
    return Seen(x[None], drawing, blank)


# how each model's answer begins, and how it is shown a picture
KNOWN: dict[str, tuple[str, Callable[[NDArray[np.uint8]], Seen]]] = {
    "scenes": ("as a scene", as_scene),
    "emoji": ("as an emoji", as_emoji),
}


def called_mirrored(run: Run, stage: str) -> NDArray[np.int64] | None:
    """What each word is called in the mirror, for a second look at scenes; None for emoji, which have one side only."""
    if stage != "scenes" or not run.settings.second_look:
        return None
    return mirrored(Vocabulary.of(run.facts(stage)["vocabulary"]))


def texts_of(run: Run, picture: NDArray[np.uint8], count: int) -> list[str]:
    """What a picture (RGBA, any size) shows, as a scene and as an emoji; the `count` likeliest of each."""
    found = []
    for stage, (said, seen) in KNOWN.items():
        if stage in run.stages:
            vocabulary, width = Vocabulary.of(run.facts(stage)["vocabulary"]), max(count, run.settings.beam)
            called = called_mirrored(run, stage)
            (texts,) = run.model(stage).alternatives(seen(picture).x, width, run.settings.length_power, called)
            found.append([f"{said}: {text_of(vocabulary, text)}" for text in texts[:count]])
    return ["; ".join(each) for each in zip(*found, strict=True)]


def why(run: Run, picture: NDArray[np.uint8]) -> list[Maps]:
    """What in a picture (RGBA, any size) made each model write its text, and each word of it."""
    rows = []
    for stage, (said, seen) in KNOWN.items():
        if stage in run.stages:
            model, vocabulary = run.model(stage), Vocabulary.of(run.facts(stage)["vocabulary"])
            called = called_mirrored(run, stage)
            (text,) = model.write(seen(picture).x, run.settings.beam, run.settings.length_power, called)
            words = [*text_of(vocabulary, text).split(), "(end)"][: model.longest]
            rows += explained(model, [*text.tokens, END][: model.longest], words, seen(picture), said)
    return rows


def explained(model: Captioner, tokens: list[int], words: list[str], seen: Seen, said: str) -> list[Maps]:
    """Maps of a text as a whole, and of each word two: where the decoder looked as it wrote it, and what it takes to
    make the word less probable, the words before it given.

    The first is read off the model; the second asks it, and is the one to believe where they differ.
    """
    x, shown, nothing = seen
    window = (x.shape[1] // 6,) * 2

    def of_text(x: Array) -> Array:
        return np.sum(model.log_odds(x, tokens), axis=1)

    def looked_at() -> NDArray[Any]:
        return model.attention(x, tokens[:-1] if tokens[-1] == END else tokens)[: len(tokens)]

    def taken_away() -> NDArray[Any]:
        return covered(model, x, tokens, window, nothing)

    title = f"{said}: log-odds of all words of “{' '.join(word for word in words if word != '(end)')}”"
    layer = model.encoder.layers if isinstance(model.encoder, ConvolutionEncoder) else None
    return [
        picture_maps(title, of_text, model, x, shown, nothing, window, layer),
        *each_word(f"{said}: where it looked as it wrote", looked_at, model, words, shown, ACROSS),
        *each_word(f"{said}: what each word loses when a place is covered", taken_away, model, words, shown, ACROSS),
    ]


def covered(
    model: Captioner, x: NDArray[Any], tokens: list[int], window: tuple[int, int], nothing: NDArray[Any]
) -> NDArray[Any]:
    """Occlusion for each token, (tokens, side, side): what its log-odds lose when a place of the one picture is
    covered, the tokens before it given."""
    each = np.arange(len(tokens))

    def of_each(x: Array) -> Array:
        return model.log_odds(x, tokens)[each, each]

    return occlusion(of_each, np.repeat(x, len(tokens), axis=0), window, max(1, window[0] // 2), nothing)
