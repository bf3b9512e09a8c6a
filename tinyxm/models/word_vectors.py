"""Word vectors from texts alone: what a word stands beside says what it means (Firth 1957).

Two ways to the same end: `skip_gram` trains a vector for each word to tell its true neighbours from random ones;
`pmi_svd` counts neighbours, takes the logarithm of how much more often than by chance, and keeps the largest singular
vectors. The first, trained to its end, factorises the matrix of the second (Levy and Goldberg 2014):

    u_w · v_c  =  PMI(w, c) − ln k  =  ln(#(w, c) · D / (#(w) · #(c))) − ln k

#(w, c) are the times that c stands within the window about w, #(w) and #(c) its sums, D the sum of all, and k the
number of negative samples for each true pair.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from tinyxm import nn, optim
from tinyxm.autograd import Array, Tensor, generator
from tinyxm.data import Vocabulary
from tinyxm.data.sources import beside
from tinyxm.models.linear import PrincipalComponents, cosine_similarity
from tinyxm.ops import softplus

if TYPE_CHECKING:
    from matplotlib.figure import Figure

MOST_PAIRS = 10**8
Tokens = Sequence[str]
Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]


class WordVectors:
    """Words and a vector for each: `words` (n,), `vectors` (n, dimensions), float32.

    `vectors[word]` is one vector, `word in vectors` whether there is one. Raises ValueError where their numbers differ,
    a word repeats or a number isn't finite, KeyError for an unknown word.
    """

    def __init__(self, words: Sequence[str], vectors: NDArray[Any]) -> None:
        self.words, self.vectors = list(words), np.asarray(vectors, np.float32)
        self.index = {word: i for i, word in enumerate(self.words)}
        if self.vectors.ndim != 2 or not len(self.words) == len(self.vectors) == len(self.index):
            raise ValueError(
                f"WordVectors: {len(self.words)} words, {len(self.index)} distinct, vectors {self.vectors.shape}; "
                f"expected distinct words and (words, dimensions)"
            )
        if not np.isfinite(self.vectors).all():
            raise ValueError("WordVectors: vectors hold NaN or infinity; expected finite numbers")

    def __len__(self) -> int:
        return len(self.words)

    def __contains__(self, word: str) -> bool:
        return word in self.index

    def __getitem__(self, word: str) -> NDArray[np.float32]:
        if word not in self.index:
            raise KeyError(f"WordVectors: no vector for {word!r}; there are {len(self)}, for {self.words[:3]} ...")
        return self.vectors[self.index[word]]

    def __repr__(self) -> str:
        return f"WordVectors: {len(self)} words, {self.vectors.shape[1]} dimensions"

    def nearest(
        self, query: str | NDArray[Any], count: int = 10, exclude: Sequence[str] = ()
    ) -> list[tuple[str, float]]:
        """The words whose vectors have the largest cosine with a word's (itself left out) or with a vector,
        (dimensions,): [(word, cosine)], the nearest first.

        For an analogy, as man to woman so king to what: `nearest(v["king"] - v["man"] + v["woman"], exclude=["king",
        "man", "woman"])`.
        """
        vector = self[query] if isinstance(query, str) else np.asarray(query, np.float32)
        cosines = cosine_similarity(vector[None], self.vectors)[0]
        left_out = {*exclude, query} if isinstance(query, str) else {*exclude}
        best = (i for i in np.argsort(-cosines, kind="stable").tolist() if self.words[i] not in left_out)
        return [(self.words[i], float(cosines[i])) for i, _ in zip(best, range(count), strict=False)]

    def map(self, words: Sequence[str] | None = None) -> NDArray[np.float32]:
        """The words (all by default) on a plane, (words, 2): the two principal components of their vectors, which are
        brought to unit length first, as the cosine sees them. Far apart here is far apart there; near here needn't
        be near there: two of many dimensions are shown."""
        chosen = self.vectors if words is None else np.stack([self[word] for word in words])
        length = np.linalg.norm(chosen, axis=1, keepdims=True)
        return PrincipalComponents(2).fit(unit := chosen / np.where(length > 0, length, 1)).transform(unit)

    def plot(self, words: Sequence[str] | None = None) -> Figure:
        """The map, with each word written at its place."""
        from matplotlib.figure import Figure

        places, figure = self.map(words), Figure(figsize=(8, 6), layout="constrained")
        axes = figure.subplots()
        axes.scatter(places[:, 0], places[:, 1], s=4, color="#0072B2")
        for word, place in zip(self.words if words is None else words, places, strict=True):
            axes.annotate(word, place, (2, 2), textcoords="offset points", fontsize=8, parse_math=False)
        axes.set(xlabel="first principal component", ylabel="second", xticks=[], yticks=[])
        return figure

    def save(self, path: str | PathLike[str]) -> None:
        """Write words and vectors as a safetensors file, beside and renamed."""
        from safetensors.numpy import save_file

        with beside(Path(path)) as part:
            save_file({"vectors": np.ascontiguousarray(self.vectors)}, part, {"words": json.dumps(self.words)})

    @classmethod
    def load(cls, path: str | PathLike[str]) -> WordVectors:
        """Read what `save` wrote. Raises ValueError, with the path, for any other file."""
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(path, "numpy") as file:
                return cls(json.loads((file.metadata() or {})["words"]), file.get_tensor("vectors"))
        except (SafetensorError, ValueError, KeyError, TypeError) as error:
            raise ValueError(f"WordVectors.load: {path} isn't a file of WordVectors.save: {error}") from error


class Corpus:
    """Texts as numbers, one after another: `numbers` (tokens,), the `text` of each (tokens,), and `words`.

    Words of the vocabulary alone: what is unknown is left out, as if it hadn't been there. Raises ValueError for texts
    without two known words in one.
    """

    def __init__(self, texts: Sequence[Tokens], vocabulary: Vocabulary) -> None:
        special = (vocabulary.padding, vocabulary.unknown)
        self.words = [word for word, i in vocabulary.index.items() if i not in special]
        index = {word: i for i, word in enumerate(self.words)}
        rows = []
        for tokens in texts:
            if isinstance(tokens, str):
                raise TypeError(f"Corpus: got the text {tokens[:40]!r}; expected tokens, such as words(text)")
            rows.append(np.array([index[token] for token in tokens if token in index], np.int64))
        self.longest = max(map(len, rows), default=0)
        if self.longest < 2:
            raise ValueError(f"Corpus: no two known words in any of {len(rows)} texts; there are no neighbours")
        self.squares = sum(len(row) ** 2 for row in rows)
        self.numbers = np.concatenate(rows)
        self.text = np.repeat(np.arange(len(rows)), [len(row) for row in rows])
        self.counts = np.bincount(self.numbers, minlength=len(self.words))

    def pairs(
        self, window: int | None, rng: np.random.Generator | None = None, keep: NDArray[Any] | None = None
    ) -> Iterator[Pairs]:
        """All (centre, context) within `window` words of each other, both ways round, one distance after another.

        Without a window, within one text: for bags, which have no order. With `rng`, each centre's window is drawn from
        1 to `window`, so that near words count more (word2vec), and each word is first left out unless drawn with the
        probability keep[word].
        """
        if window is not None and window < 1:
            raise ValueError(f"Corpus: window {window}; expected at least 1, or None for the whole text")
        if window is None and self.squares > MOST_PAIRS:
            raise ValueError(
                f"Corpus: without a window the texts have {self.squares:.1e} pairs, their lengths squared (the longest "
                f"is of {self.longest:,} words); give a window, such as 5, or cut long texts"
            )
        numbers, text = self.numbers, self.text
        if rng is not None and keep is not None:
            kept = rng.random(len(numbers)) < keep[numbers]
            numbers, text = numbers[kept], text[kept]
        widest = self.longest - 1 if window is None else min(window, self.longest - 1)
        reach = None if rng is None or window is None else rng.integers(1, window + 1, len(numbers))
        for distance in range(1, widest + 1):
            first = np.flatnonzero(text[:-distance] == text[distance:])
            for centre, context in ((first, first + distance), (first + distance, first)):
                chosen = slice(None) if reach is None else reach[centre] >= distance
                yield numbers[centre[chosen]], numbers[context[chosen]]


def cooccurrences(texts: Sequence[Tokens], vocabulary: Vocabulary, window: int | None = 5) -> sparse.csr_array:
    """How often word c stands within `window` words of word w: (words, words), symmetric, sparse, float64.

    Words in the order of the vocabulary, padding and unknown left out; without a window, within one text.
    """
    corpus = Corpus(texts, vocabulary)
    size = len(corpus.words)
    total = sparse.csr_array((size, size), dtype=np.float64)
    for centre, context in corpus.pairs(window):
        total = total + sparse.coo_array((np.ones(len(centre)), (centre, context)), (size, size)).tocsr()
    return total


def positive_pmi(counts: sparse.csr_array, shift: float = 1.0, smoothing: float = 0.75) -> sparse.csr_array:
    """Positive pointwise mutual information of co-occurrences, (words, contexts), sparse:

        max(0, ln( #(w, c) / (#(w) · P(c)) ) − ln shift),   P(c) = #(c)^smoothing / Σ #(c')^smoothing

    How many times more often than by chance, in nats. Pairs never seen (−∞) and rarer than by chance count as 0.
    `shift` is k, the negative samples, to match skip-gram; `smoothing` below 1 takes from rare contexts, whose PMI is
    otherwise the largest. Raises ValueError for a shift or smoothing of 0 or less.
    Sources: Church and Hanks 1990; Levy and Goldberg 2014, section 3; smoothing: Levy, Goldberg and Dagan, "Improving
    distributional similarity with lessons learned from word embeddings", TACL 2015, section 3.
    """
    if not (shift > 0 and smoothing > 0):
        raise ValueError(f"positive_pmi: shift {shift}, smoothing {smoothing}; expected both above 0")
    found = sparse.coo_array(counts)
    rows, columns = found.coords
    of_word, of_context = np.asarray(found.sum(1)).ravel(), np.asarray(found.sum(0)).ravel() ** smoothing
    chance = of_word[rows] * of_context[columns] / of_context.sum()
    information = np.maximum(np.log(found.data / chance) - np.log(shift), 0)
    result = sparse.csr_array((information, (rows, columns)), found.shape)
    result.eliminate_zeros()
    return result


def pmi_svd(
    texts: Sequence[Tokens],
    vocabulary: Vocabulary,
    dimensions: int = 50,
    *,
    window: int | None = 5,
    shift: float = 1.0,
    smoothing: float = 0.75,
    power: float = 0.5,
) -> WordVectors:
    """Vectors by counting: PMI⁺ ≈ U_d Σ_d V_d', the best of rank d, and a word's vector is its row of U_d Σ_d^power.

    See `cooccurrences` and `positive_pmi` for the settings. The same texts give the same vectors, signs included.
    Raises ValueError unless there are more words than dimensions. Source: Levy and Goldberg, "Neural word embedding as
    implicit matrix factorization", NIPS 2014, section 4 (power 0.5: their symmetric factors).
    """
    counts = cooccurrences(texts, vocabulary, window)
    words = Corpus(texts, vocabulary).words
    if not 0 < dimensions < len(words):
        raise ValueError(f"pmi_svd: {dimensions} dimensions for {len(words)} words; expected fewer, and at least 1")
    matrix = positive_pmi(counts, shift, smoothing)
    left, values, _ = sparse.linalg.svds(matrix, dimensions, v0=np.ones(len(words)))
    order = np.argsort(-values)
    left, values = left[:, order], values[order]
    left = left * np.sign(left[np.abs(left).argmax(0), np.arange(dimensions)])  # a singular vector's sign is arbitrary
    return WordVectors(words, left * values**power)


class SkipGram(nn.Module):
    """From a word, its neighbours: the loss of pairs that were seen against pairs that weren't.

        L = mean over pairs of  −ln σ(u_w · v_c) − Σ_{i ≤ k} ln σ(−u_w · v_{n_i})

    u is `centre`, v is `context`, both `nn.Embedding` (words, dimensions); w and c are (pairs,), n is (pairs, k). u
    starts uniformly within ±½ / dimensions and v at 0, as in word2vec's code. Source: Mikolov, Sutskever, Chen, Corrado
    and Dean, "Distributed representations of words and phrases and their compositionality", NIPS 2013, equation 4.
    """

    def __init__(self, words: int, dimensions: int, rng: np.random.Generator | None = None) -> None:
        self.centre = nn.Embedding(words, dimensions, rng=rng)
        self.context = nn.Embedding(words, dimensions, rng=rng)
        start = generator(rng).uniform(-0.5, 0.5, (words, dimensions)) / dimensions
        self.centre.weight.data[...] = start
        self.context.weight.data[...] = 0

    def forward(self, words: NDArray[Any], contexts: NDArray[Any], negatives: NDArray[Any]) -> Array:
        u = self.centre(words)[..., None]
        v = self.context(np.concatenate([np.asarray(contexts)[:, None], negatives], axis=1))
        scores = (v @ u)[..., 0]  # (pairs, 1 + k)
        sign = np.ones(scores.shape[1], scores.dtype)
        sign[0] = -1  # −ln σ(s) = softplus(−s)
        return np.sum(softplus(scores * sign)) * (1 / len(scores))


def skip_gram(
    texts: Sequence[Tokens],
    vocabulary: Vocabulary,
    dimensions: int = 50,
    *,
    window: int | None = 5,
    negatives: int = 5,
    epochs: int = 5,
    batch_pairs: int = 1024,
    lr: float = 0.01,
    subsample: float = 1e-3,
    noise_power: float = 0.75,
    rng: np.random.Generator | int = 0,
    report: Callable[[int, float], None] | None = None,
) -> WordVectors:
    """Vectors by learning: `SkipGram` on every pair of neighbours, with negative samples, by Adam.

    Each epoch draws anew: a word of share f of all is kept with the probability √(subsample / f), at most 1, so that
    "the" doesn't outweigh everything; a centre's window is 1 to `window` words, or without one the whole text; each
    pair gets `negatives` words drawn with a probability in proportion to count^noise_power. The learning rate falls
    linearly to 0. All randomness comes from `rng`. `report(epoch, loss)` hears of each epoch; the loss begins at
    (1 + negatives)·ln 2. A word's vector is its u. Raises ValueError for settings out of range.
    Source: Mikolov et al. 2013, sections 2.2 and 2.3.
    """
    if min(dimensions, negatives, epochs, batch_pairs) < 1 or not subsample > 0:
        raise ValueError(
            f"skip_gram: dimensions {dimensions}, negatives {negatives}, epochs {epochs}, batch_pairs {batch_pairs}, "
            f"subsample {subsample}; expected at least 1, and subsample above 0 (1 keeps every word)"
        )
    rng = np.random.default_rng(rng)
    corpus = Corpus(texts, vocabulary)
    share = corpus.counts / corpus.counts.sum()
    keep = np.sqrt(subsample / np.maximum(share, 1e-12))
    noise = np.cumsum(corpus.counts**noise_power)
    noise /= noise[-1]
    model = SkipGram(len(corpus.words), dimensions, rng)
    optimizer = optim.Adam(model.parameters(), lr=lr)
    for epoch in range(epochs):
        drawn = [*corpus.pairs(window, rng, keep)]
        words, contexts = (np.concatenate(side) for side in zip(*drawn, strict=True))
        order = rng.permutation(len(words))
        total = 0.0
        for begin in range(0, len(order), batch_pairs):
            rows = order[begin : begin + batch_pairs]
            others = np.searchsorted(noise, rng.random((len(rows), negatives)), side="right")
            optimizer.groups[0]["lr"] = lr * (1 - (epoch + begin / len(order)) / epochs)
            optimizer.zero_grad()
            loss: Tensor = model(words[rows], contexts[rows], others)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        if report:
            report(epoch, total / max(len(order), 1))
    return WordVectors(corpus.words, model.centre.weight.data)
