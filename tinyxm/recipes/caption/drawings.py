"""Emoji and their names: seen as Twemoji and as Noto's outlines, to be named as OpenMoji draws them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from tinyxm.data import Samples, Vocabulary, augment, edges, words
from tinyxm.recipes.emoji.scores import Baselines
from tinyxm.recipes.emoji.views import Views, texts_of
from tinyxm.recipes.sentences import tokens_of

SIDE, CHANNELS = 16, 11  # of what the front end `data.edges` makes of a drawing


def names_of(samples: Samples) -> list[str]:
    """The names to be written: their words, lower-case, without punctuation."""
    return [" ".join(words(name)) for name in samples["name"]]


class DrawingBatches:
    """Batches of training drawings, a function of the step alone: each concept once an epoch, in two views, augmented,
    three quarters of them in two styles. `missing` are drawings withheld, as in `recipes.emoji.validation.withheld`.
    """

    def __init__(
        self,
        samples: Samples,
        vocabulary: Vocabulary,
        batch_size: int,
        seed: int,
        missing: dict[str, NDArray[np.intp]],
    ) -> None:
        self.views = Views(
            samples,
            np.arange(len(samples)),
            Vocabulary(texts_of(samples), ngrams=False),
            batch_size,
            seed,
            without_outline=missing.get("without_outline"),
            without_twemoji=missing.get("without_twemoji"),
        )
        self.tokens = tokens_of(vocabulary, names_of(samples))

    @property
    def steps_per_epoch(self) -> int:
        return self.views.steps_per_epoch

    def batch(self, step: int) -> tuple[NDArray[np.float32], NDArray[np.int64], NDArray[np.bool_] | None]:
        """All first views and then all second ones, (2n, 16, 16, 11); n names; and which can't be told apart."""
        chosen, views, rng = self.views.drawn(step)
        tokens = self.tokens[chosen]
        names = tokens[:, : (tokens > 0).sum(axis=1).max()]
        return edges(augment(views, rng)), names, self.views.alike(chosen)


def baselines(samples: Samples, drawings: NDArray[np.uint8], asked: NDArray[np.intp]) -> dict[str, list[str]]:
    """What is answered without a decoder for the drawings of the concepts `asked`: always the first name; the name of
    the nearest training drawing, by oriented gradients and colour; by ridge regression and by CCA onto the names' and
    keywords' tf-idf, the nearest name."""
    names, everything = names_of(samples), np.arange(len(samples))
    whole = np.broadcast_to(np.zeros_like(drawings[:1]), (len(samples), *drawings.shape[1:])).copy()
    whole[asked] = drawings
    found = Baselines(samples, everything).similarities(whole, everything)
    return {
        "most_frequent": [max(set(names), key=lambda name: (names.count(name), name))] * len(asked),
        **{name: [names[i] for i in found[name][asked].argmax(axis=1)] for name in found},
    }
