"""Texts: words, character n-grams, a vocabulary, weighted bags for an embedding, and tf-idf for linear baselines.

Bytes become texts, and texts comparable, in unicode.py; tokens of other kinds are in tokens.py and byte_pairs.py.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import drawing
from .step import step

WORD = re.compile(r"[^\W_]+")
Text = tuple[str, Sequence[str]]  # a name and its keywords
PADDING, UNKNOWN = "<pad>", "<unk>"


@step(before=drawing.text)
def words(text: str) -> list[str]:
    """The words of a text: compatibility forms made equal (Unicode NFKC), lower-case, runs of letters and digits.

    Marks that belong to a letter, as the vowel signs of Devanagari, stay with it. Punctuation is left out; a script
    without spaces (Chinese, Thai) gives whole phrases: use `characters` or `BytePairs` there.
    """
    if not isinstance(text, str):
        raise TypeError(f"words: expected a text, got a {type(text).__name__}")
    plain = unicodedata.normalize("NFKC", text).lower()
    marks = () if plain.isascii() else [c for c in sorted(set(plain)) if unicodedata.category(c) in ("Mn", "Mc")]
    marks = [c for c in marks if not "\ufe00" <= c <= "\ufe0f"]  # they choose an emoji's look, and belong to no word
    return (re.compile(f"[^\\W_](?:[^\\W_]|[{''.join(marks)}])*") if marks else WORD).findall(plain)


def character_ngrams(word: str, shortest: int = 3, longest: int = 4) -> list[str]:
    """Character n-grams of a word with its boundaries marked: "cat" → <ca cat at> <cat cat>.

    Source: Bojanowski et al. 2017, Enriching Word Vectors with Subword Information.
    """
    marked = f"<{word}>"
    return [marked[i : i + k] for k in range(shortest, longest + 1) for i in range(len(marked) + 1 - k)]


class Vocabulary:
    """Words and character 3- and 4-grams learned from training texts, each with an index from 0.

    A text is a name and its keywords. A word stands for itself and its n-grams, so that an unknown word is still known
    by its parts; a word none of whose parts was seen is left out. Learned from names and keywords alike.
    With `min_count`, words and n-grams of fewer texts are left out: what one text alone has can be learned by heart,
    but tells nothing of another. Raises ValueError where nothing is left.

    For sequences (words in their order, characters) `Vocabulary.of_tokens` learns one with entries for padding, index
    0, and for whatever is unknown, 1; `encode` and `decode` go from tokens to indices and back. `padding` and `unknown`
    are these two indices, None in a vocabulary without.
    """

    def __init__(self, texts: Sequence[Text], ngrams: bool = True, min_count: int = 1) -> None:
        self.ngrams = ngrams
        self._known: dict[str, list[int]] = {}
        counts: Counter[str] = Counter()
        for name, keywords in texts:
            spoken = words(name) + [word for keyword in keywords for word in words(keyword)]
            counts.update(dict.fromkeys((feature for word in spoken for feature in self._features(word)), 1))
        kept = (feature for feature, count in counts.items() if count >= min_count)
        self.index = {feature: i for i, feature in enumerate(kept)}
        if not self.index:
            raise ValueError(f"Vocabulary: {len(texts)} texts without a single word; there is nothing to learn")

    @classmethod
    def of(cls, features: Sequence[str]) -> Vocabulary:
        """The vocabulary whose `index` lists these features in order, as a checkpoint keeps it: `of(list(v.index))`."""
        vocabulary = cls.__new__(cls)
        vocabulary.index = {feature: i for i, feature in enumerate(features)}
        vocabulary.ngrams, vocabulary._known = PADDING not in vocabulary.index, {}
        return vocabulary

    @classmethod
    def of_tokens(cls, sequences: Iterable[Sequence[str]], min_count: int = 1, most: int | None = None) -> Vocabulary:
        """The tokens that occur at least `min_count` times in the sequences, the most frequent first (equal counts in
        the order of the alphabet), at most `most` of them, behind "<pad>" and "<unk>".

        Learn it from training texts alone: what only a test text has must be unknown. A token that is itself written
        "<pad>" or "<unk>" counts as unknown. Raises ValueError where nothing is left, TypeError for a text in place of
        a sequence: it would be taken apart into characters unasked.
        """
        counts: Counter[str] = Counter()
        for tokens in sequences:
            counts.update(_tokens("Vocabulary.of_tokens", tokens))
        known = sorted((token for token, count in counts.items() if count >= min_count), key=lambda t: (-counts[t], t))
        known = [token for token in islice(known, most) if token not in (PADDING, UNKNOWN)]
        if not known:
            raise ValueError(
                f"Vocabulary.of_tokens: no token of {len(counts)} occurs {min_count} times; there is nothing to learn"
            )
        return cls.of([PADDING, UNKNOWN, *known])

    @property
    def padding(self) -> int | None:
        """The index that fills a sequence up, 0, or None."""
        return self.index.get(PADDING)

    @property
    def unknown(self) -> int | None:
        """The index of every token that isn't known, 1, or None."""
        return self.index.get(UNKNOWN)

    def encode(self, tokens: Sequence[str]) -> NDArray[np.int64]:
        """The tokens' indices, (tokens,). A token that isn't known becomes `unknown`, or is left out without one."""
        known = {**self.index, PADDING: self.unknown}
        found = [known.get(token, self.unknown) for token in _tokens("Vocabulary.encode", tokens)]
        return np.array([i for i in found if i is not None], np.int64)

    def decode(self, indices: ArrayLike) -> list[str]:
        """The tokens of these indices, padding left out. Raises ValueError for an index that isn't one."""
        numbers = np.asarray(indices)
        if numbers.size and (numbers.dtype.kind not in "iu" or numbers.min() < 0 or numbers.max() >= len(self)):
            raise ValueError(f"Vocabulary.decode: expected integers from 0 to {len(self) - 1}, got {numbers.tolist()}")
        tokens = list(self.index)
        return [tokens[i] for i in numbers.ravel().tolist() if i != self.padding]

    def __len__(self) -> int:
        return len(self.index)

    def __contains__(self, word: str) -> bool:
        return word in self.index

    def __repr__(self) -> str:
        if self.padding is not None:
            return f"Vocabulary: {len(self) - 2} tokens, padding and unknown"
        grams = sum(feature.startswith("#") for feature in self.index)
        return f"Vocabulary: {len(self) - grams} words, {grams} character n-grams"

    def indices(self, word: str) -> list[int]:
        """The indices of a word and of its n-grams, those that are known."""
        if word not in self._known:
            self._known[word] = [self.index[f] for f in self._features(word) if f in self.index]
        return self._known[word]

    def bag(
        self,
        texts: Sequence[Text],
        rng: np.random.Generator | None = None,
        name_weight: float = 2.0,
        keyword_weight: float = 1.0,
        word_dropout: float = 0.3,
        keyword_dropout: float = 0.3,
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]:
        """Texts as weighted bags for an embedding bag: (indices, offsets, weights).

        Text t owns indices[offsets[t]:offsets[t + 1]], the last one all that follows (as in PyTorch's EmbeddingBag);
        Σ weights·embedding[indices] is its mean word, a word's weight (2 in the name, 1 in a keyword, each keyword word
        once) shared by its parts; weights of one text sum to 1. A text without a known word has an empty bag.
        With `rng`, as in training, a text loses all its keywords with probability `keyword_dropout`, then each word
        with `word_dropout`, but never its last one. Without, nothing is dropped.
        """
        indices: list[int] = []
        weights: list[float] = []
        offsets = np.empty(len(texts), np.int64)
        for t, (name, keywords) in enumerate(texts):
            offsets[t] = len(indices)
            bag = [(parts, name_weight) for word in words(name) if (parts := self.indices(word))]
            if rng is None or rng.random() >= keyword_dropout:
                unique = dict.fromkeys(word for keyword in keywords for word in words(keyword))
                bag += [(parts, keyword_weight) for word in unique if (parts := self.indices(word))]
            if rng is not None and len(bag) > 1:
                kept = rng.random(len(bag)) >= word_dropout
                bag = [entry for entry, keep in zip(bag, kept, strict=True) if keep] or [bag[rng.integers(len(bag))]]
            total = sum(weight for _, weight in bag)
            for parts, weight in bag:
                indices += parts
                weights += [weight / total / len(parts)] * len(parts)
        return np.array(indices, np.int64), offsets, np.array(weights, np.float32)

    def _features(self, word: str) -> list[str]:
        # "#" can't occur in a word, so an n-gram is never mistaken for one
        return [word, *("#" + gram for gram in character_ngrams(word))] if self.ngrams else [word]


def _tokens(operation: str, tokens: Sequence[str]) -> Sequence[str]:
    if isinstance(tokens, str):
        raise TypeError(f"{operation}: got the text {tokens[:40]!r}; expected tokens, such as words(text)")
    return tokens


class TfIdf:
    """Term frequency × inverse document frequency: the text features of the linear baselines.

    tf: of a plain text 1 per word; of a name with keywords 2 per word of the name, 1 per word of a keyword, 0.5 per
    character 3- and 4-gram of the name. idf = ln((1 + n) / (1 + df)) + 1, over the n texts given here, of which df have
    the term; rows get unit length; unknown terms are left out. The definition is scikit-learn's.
    Source: Salton & Buckley 1988, Term-weighting approaches in automatic text retrieval.
    """

    def __init__(self, texts: Sequence[Text | str]) -> None:
        frequency = Counter(term for text in texts for term in {term for term, _ in _terms(text)})
        if not frequency:
            raise ValueError(f"TfIdf: {len(texts)} texts without a single word; there is nothing to learn")
        self.index = {term: i for i, term in enumerate(sorted(frequency))}
        counts = np.array([frequency[term] for term in self.index])
        self.idf = (np.log((1 + len(texts)) / (1 + counts)) + 1).astype(np.float32)

    def __len__(self) -> int:
        return len(self.index)

    def __call__(self, texts: Sequence[Text | str]) -> NDArray[np.float32]:
        """Features (n, terms), rows of unit length, all zero for a text without a known term."""
        features = np.zeros((len(texts), len(self.index)), np.float32)
        for row, text in enumerate(texts):
            for term, weight in _terms(text):
                if (column := self.index.get(term)) is not None:
                    features[row, column] += weight
        features *= self.idf
        return features / (np.linalg.norm(features, axis=1, keepdims=True) + np.float32(1e-9))


def _terms(text: Text | str) -> list[tuple[str, float]]:
    if isinstance(text, str):
        return [(word, 1.0) for word in words(text)]
    name, keywords = words(text[0]), [word for keyword in text[1] for word in words(keyword)]
    grams = [("#" + gram, 0.5) for word in name for gram in character_ngrams(word)]
    return [*((word, 2.0) for word in name), *((word, 1.0) for word in keywords), *grams]
