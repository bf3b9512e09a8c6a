"""How well words are recognised, beside baselines that know no letters."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from tinyxm.metrics import bootstrap, character_error, edit_distance
from tinyxm.models.ctc_decoding import NGrams, WordList, greedy, prefix_beam
from tinyxm.models.linear import Nearest, PrincipalComponents, Ridge
from tinyxm.models.recogniser import Recogniser
from tinyxm.recipes.listen.words import LETTERS, Spoken, collate, decode, encode

Scores = dict[str, Any]
ORDER, WEIGHT, BONUS = 7, 1.0, 1.6  # chosen on known words in voices withheld for validation


def listen(model: Recogniser, spoken: Spoken, block: int = 64) -> list[NDArray[np.float32]]:
    """What the model says of each utterance: log-probabilities (frames, letters)."""
    found: list[NDArray[np.float32]] = []
    for first in range(0, len(spoken), block):
        features, frames, *_ = collate(spoken[range(first, min(first + block, len(spoken)))])
        found += model.log_probabilities(features, frames)
    return found


def spelling(words: Sequence[str]) -> NGrams:
    """A language model of these words' spelling."""
    return NGrams([encode(word) for word in words], len(LETTERS), ORDER)


def among(words: Sequence[str]) -> WordList:
    """A language model that knows these words, and nothing else."""
    return WordList([encode(word) for word in words], len(LETTERS))


def written_greedily(log_p: Sequence[NDArray[np.float32]]) -> list[str]:
    return [decode(greedy(row)) for row in log_p]


def written_by_beam(
    log_p: Sequence[NDArray[np.float32]], language: NGrams, weight: float = WEIGHT, bonus: float = BONUS
) -> list[str]:
    return [decode(prefix_beam(row, language=language, weight=weight, bonus=bonus)[0].labels) for row in log_p]


def written_from_list(log_p: Sequence[NDArray[np.float32]], words: WordList) -> list[str]:
    """By the beam, among words of a list; nothing where the beam loses them all."""
    found = (prefix_beam(row, 24, language=words, weight=1.0, least=1e-7) for row in log_p)
    return [decode(hypotheses[0].labels) if hypotheses else "" for hypotheses in found]


def score_texts(
    texts: Sequence[str],
    written: Sequence[str],
    others: Mapping[str, Sequence[str]],
    groups: Sequence[str] | None = None,
    over: str = "utterances",
    resamples: int = 1000,
) -> Scores:
    """Character error, and accuracy of whole words, with 95 % bootstrap intervals; the `others` under "baselines".

    `groups` are what the bootstrap draws whole, such as voices, and `over` what to call them.
    """
    lengths = np.array([len(text) for text in texts])

    def statistics(edits: NDArray[Any], lengths: NDArray[Any]) -> list[float]:
        return [edits.sum() / lengths.sum(), np.mean(edits == 0)]

    def scored(hypotheses: Sequence[str]) -> Scores:
        edits = np.array([edit_distance(list(a), list(b)) for a, b in zip(texts, hypotheses, strict=True)])
        low, high = bootstrap(
            statistics, edits, lengths, rng=np.random.default_rng(0), groups=groups, resamples=resamples
        )
        names = ("character_error", "word_accuracy")
        found = dict(zip(names, map(float, statistics(edits, lengths)), strict=True))
        return {**found, "intervals": {n: [float(a), float(b)] for n, a, b in zip(names, low, high, strict=True)}}

    beside = {name: scored(hypotheses) for name, hypotheses in others.items()}
    return {**scored(written), "intervals_over": over, "baselines": beside}


def error_by_voice(spoken: Spoken, written: Sequence[str]) -> dict[str, float]:
    """The character error of each speaker, whatever the accent: of a few voices one can spoil the mean."""
    said: dict[str, list[tuple[str, str]]] = {}
    for voice, text, guess in zip(spoken.voices, spoken.texts, written, strict=True):
        said.setdefault(voice.rpartition("+")[2], []).append((text, guess))
    return {voice: character_error(*zip(*pairs, strict=True)) for voice, pairs in sorted(said.items())}


class WordBaselines:
    """Answers of training words: the commonest, by a linear map, the nearest utterance, the nearest word's mean.

    A word's sound as `moments` equal stretches of time, each the mean of its frames, flattened.
    """

    def __init__(self, train: Spoken, moments: int = 12, components: int = 200) -> None:
        self.moments = moments
        x = self._pooled(train)
        self.axes = PrincipalComponents(components, fewer=True).fit(x)
        x = self.axes.transform(x)
        self.words, of = np.unique(train.texts, return_inverse=True)
        self.commonest = str(self.words[np.bincount(of).argmax()])
        self.nearest = Nearest().fit(x, of)
        self.means = np.stack([x[of == word].mean(axis=0) for word in range(len(self.words))])
        self.ridge = Ridge(0.01).fit(x, np.eye(len(self.words), dtype=np.float32)[of])

    def __call__(self, spoken: Spoken) -> dict[str, list[str]]:
        """{method: what it answers for each}."""
        x = self.axes.transform(self._pooled(spoken))
        distances = np.sum(self.means**2, axis=1) - 2 * x @ self.means.T
        return {
            "nearest_training_example": self.words[self.nearest.similarity(x).argmax(axis=1)].tolist(),
            "ridge": self.words[self.ridge.predict(x).argmax(axis=1)].tolist(),
            "class_mean": self.words[distances.argmin(axis=1)].tolist(),
            "majority": [self.commonest] * len(spoken),
        }

    def _pooled(self, spoken: Spoken) -> NDArray[np.float32]:
        parts = [
            np.add.reduceat(x, starts := np.linspace(0, len(x), self.moments, endpoint=False).astype(int))
            / np.diff([*starts, len(x)])[:, None]
            for x in (np.repeat(row, max(1, -(-self.moments // len(row))), axis=0) for row in spoken.features)
        ]
        return np.stack(parts).reshape(len(parts), -1).astype(np.float32)
