"""The usual maps of one input, all methods side by side, each with what is left of it when the weights are random."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tinyxm import nn
from tinyxm.data import Vocabulary
from tinyxm.models.interpretation.checks import randomisation_test
from tinyxm.models.interpretation.draw import Maps, Words
from tinyxm.models.interpretation.grad_cam import grad_cam
from tinyxm.models.interpretation.gradients import integrated_gradients, over_channels, smooth_grad
from tinyxm.models.interpretation.occlusion import occlusion
from tinyxm.models.interpretation.scores import Score, of_embedding, values
from tinyxm.models.interpretation.words import Text, bag_contributions, of_presence, word_spans

NOTE = "≈ {:.2f} with random weights"  # the rank correlation of magnitudes, see randomisation_test


def picture_maps(
    title: str,
    score: Score,
    model: nn.Module,
    x: NDArray[Any],
    shown: NDArray[Any],
    fill: ArrayLike = 0,
    window: Sequence[int] = (4, 4),
    layer: nn.Module | None = None,
    spectrogram: bool = False,
    seed: int = 0,
) -> Maps:
    """SmoothGrad, integrated gradients, occlusion and, with a `layer`, Grad-CAM of one picture or spectrogram

    x `(1, height, width, channels)` is what `score` is asked of, `shown` what a reader is to see; `fill` is what x
    holds where there is nothing: integrated gradients begin there, and a `window` is covered by it. Below each name
    stands how like itself the map stays when `model`'s weights are shuffled: near 1, it tells of the picture alone.
    """
    methods: dict[str, Callable[[], NDArray[Any]]] = {
        "SmoothGrad": lambda: over_channels(smooth_grad(score, x, rng=np.random.default_rng(seed))),
        "integrated gradients": lambda: over_channels(integrated_gradients(score, x, fill)),
        "occlusion": lambda: occlusion(score, x, window, [max(1, w // 2) for w in window], fill),
    }
    if layer is not None:
        methods["Grad-CAM"] = lambda: grad_cam(score, layer, x)
    return Maps(
        f"{title}: {values(score, x)[0]:.2f}",
        shown,
        {f"{name}\n{_left(model, explain, seed)}": explain()[0] for name, explain in methods.items()},
        spectrogram,
    )


def each_word(
    title: str,
    explain: Callable[[], NDArray[Any]],
    model: nn.Module,
    words: Sequence[str],
    shown: NDArray[Any],
    across: int,
    seed: int = 0,
) -> list[Maps]:
    """Of a text that a model wrote of a picture, a map for each word, `across` words to a row

    `explain()` makes them all, `(words, rows, columns)`. In the title stands what random weights leave of them.
    """
    told = f"{title} ({_left(model, explain, seed)})"
    named = {f"{place}: {word}": drawn for place, (word, drawn) in enumerate(zip(words, explain(), strict=True), 1)}
    rows = [list(named)[first : first + across] for first in range(0, len(named), across)]
    return [Maps(told, shown, {name: named[name] for name in row}) for row in rows]


def bag_words(
    title: str,
    score: Score,
    model: nn.Module,
    embedding: nn.EmbeddingBag,
    vocabulary: Vocabulary,
    text: Text,
    baseline: ArrayLike,
    seed: int = 0,
) -> Words:
    """What each word of a text contributes to the score of its bag: left out, and by integrated gradients

    `baseline` `(dimensions,)` is the embedding where nothing is known: see `bag_contributions`; a word's is the sum
    over its n-grams. Raises ValueError for a text without a known word.
    """
    spans = word_spans(vocabulary, text)
    if not spans:
        raise ValueError(f"inside: {text[0]!r} has no word, nor part of one, that the model has seen; try other words")
    bag = vocabulary.bag([text])

    def left_out() -> NDArray[Any]:
        present, of = of_presence(score, bag, [span for _, span in spans])
        return occlusion(of, present, (1,))

    def integrated() -> NDArray[Any]:
        entries = bag_contributions(score, embedding, bag, baseline)
        return np.array([[entries[span].sum() for _, span in spans]])

    return _words(
        f"{title}: {values(score, bag)[0]:.2f}", [word for word, _ in spans], model, left_out, integrated, seed
    )


def token_words(
    title: str,
    score: Score,
    model: nn.Module,
    embedding: nn.Module,
    tokens: NDArray[np.integer],
    words: Sequence[str],
    fill: int = 0,
    seed: int = 0,
) -> Words:
    """What each token contributes, tokens `(1, time)`, of which the first are called `words`: as `bag_words` otherwise

    Left out means `fill` in its place, the index of padding or of the unknown word; integrated gradients begin at that
    token's vectors.
    """
    n = len(words)

    def left_out() -> NDArray[Any]:
        return occlusion(score, tokens, (1,), fill=fill)[:, :n]

    def integrated() -> NDArray[Any]:
        e, of = of_embedding(score, embedding, tokens)
        nothing, _ = of_embedding(score, embedding, np.full_like(tokens, fill))
        return integrated_gradients(of, e, nothing).sum(axis=-1)[:, :n]

    return _words(f"{title}: {values(score, tokens)[0]:.2f}", words, model, left_out, integrated, seed)


def _words(title: str, words: Sequence[str], model: nn.Module, left_out: Any, integrated: Any, seed: int) -> Words:
    methods = {"left out": left_out, "integrated gradients": integrated}
    return Words(title, words, {f"{name}\n{_left(model, f, seed)}": f()[0] for name, f in methods.items()})


def _left(model: nn.Module, explain: Callable[[], ArrayLike], seed: int) -> str:
    """How alike the map is to itself with all weights shuffled, over a few shuffles."""
    shuffles = [randomisation_test(model, explain, np.random.default_rng([seed, k]), False).left for k in range(3)]
    return NOTE.format(np.mean(shuffles))
