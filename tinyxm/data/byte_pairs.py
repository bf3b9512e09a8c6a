"""Byte-pair encoding, learned from scratch: a vocabulary between characters and words, in which nothing is unknown."""

from __future__ import annotations

import heapq
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import drawing
from .sources import beside
from .step import step

if TYPE_CHECKING:
    from matplotlib.figure import Figure

# A word takes the space before it along, so that joining gives the text back. No piece is longer than 64 characters:
# the time to encode is in proportion to the text, also where a line is one word.
PIECE = re.compile(r" ?[^\W\d_]{1,64}| ?\d{1,64}| ?(?:[^\w\s]|_){1,64}|\s{1,64}(?!\S)|\s{1,64}")
LONGEST = 65 * 4  # bytes
FORMAT = "tinyxm.BytePairs 1"
Pair = tuple[int, int]


class Merge(NamedTuple):
    """One merge: what stood side by side so many `times` in the training texts, and the token that it became."""

    left: bytes
    right: bytes
    token: bytes
    times: int

    def __str__(self) -> str:
        return f"{shown(self.left)} + {shown(self.right)} → {shown(self.token)}  ({self.times:,})"


def shown(token: bytes) -> str:
    """A token to look at: its text with "␣" for a space, or in brackets the bytes that are no whole character."""
    try:
        text = token.decode("utf-8")
    except UnicodeDecodeError:
        return "".join(chr(b) if 0x20 < b < 0x7F else f"⟨{b:02X}⟩" for b in token)
    return "".join("␣" if c == " " else c if c.isprintable() else f"⟨{ord(c):02X}⟩" for c in text)


class BytePairs:
    """A text as frequent pieces: bytes, and what merging them pair by pair has made of them.

        learn:   tokens = the 256 bytes;  again and again the pair that is most often side by side becomes a token
        encode:  the text's bytes, merged in the order in which the merges were learned
        decode:  the tokens' bytes one after another

    Frequent words become one token, rare ones a few, and a word, script or emoji never seen falls back to bytes: so
    there is no unknown token, and `decode(encode(text)) == text` for every text. Merges stay within a word (with the
    space before it), a number, or a run of signs or spaces. Indices 0 to 255 are the bytes, then come the merges in
    their order, then `special` tokens such as "<pad>", which no text encodes to: `special["<pad>"]` is its index.

    `merges` lists the pairs of indices, `counts` how often each was seen when it was learned, `tokens` each index's
    bytes; `merged()` shows them. Made by `BytePairs.learn`, or from merges that are known.
    Sources: Gage 1994, "A new algorithm for data compression"; Sennrich, Haddow and Birch, "Neural machine translation
    of rare words with subword units", ACL 2016, section 3.2; bytes: Radford et al., "Language models are unsupervised
    multitask learners", 2019, section 2.2.
    """

    def __init__(
        self, merges: Sequence[Pair], counts: Sequence[int] | None = None, special: Sequence[str] = ()
    ) -> None:
        """Raises ValueError for a merge of a token that isn't there yet, for one that is given twice, and for special
        tokens that repeat."""
        self.merges = [(int(left), int(right)) for left, right in merges]
        self.counts = [0] * len(self.merges) if counts is None else [int(count) for count in counts]
        self.tokens = [bytes([b]) for b in range(256)]
        for i, (left, right) in enumerate(self.merges):
            there = len(self.tokens)
            if not (0 <= left < there and 0 <= right < there):
                raise ValueError(f"BytePairs: merge {i} is ({left}, {right}); by then there are {there} tokens")
            token = self.tokens[left] + self.tokens[right]
            if len(token) > LONGEST:  # else merges that double would fill the memory from a file of a few lines
                raise ValueError(f"BytePairs: merge {i} makes a token of {len(token)} bytes; the most is {LONGEST}")
            self.tokens.append(token)
        self._rank = {pair: 256 + i for i, pair in enumerate(self.merges)}
        if len(self._rank) < len(self.merges) or len(self.counts) != len(self.merges):
            raise ValueError(
                f"BytePairs: {len(self.merges)} merges, {len(self._rank)} of them distinct, {len(self.counts)} counts; "
                f"expected as many of each"
            )
        self.special = {name: len(self.tokens) + i for i, name in enumerate(special)}
        if len(self.special) < len(special):
            raise ValueError(f"BytePairs: special tokens repeat: {list(special)}")
        self._known: dict[str, list[int]] = {}

    @classmethod
    def learn(
        cls, texts: Iterable[str], size: int = 2000, *, min_count: int = 2, special: Sequence[str] = ()
    ) -> BytePairs:
        """Learn merges from texts until there are `size` tokens (special ones not counted), or no pair occurs
        `min_count` times.

        Of pairs equally frequent the one with the smaller indices comes first, so that the same texts give the same
        merges. Each distinct word is looked at once, with its count; a merge changes only the counts of the pairs
        beside it, and a heap knows the most frequent: seconds for a million words. Raises ValueError for a size below
        256 or min_count below 1, TypeError for one text in place of several.
        """
        if size < 256 or min_count < 1:
            raise ValueError(f"BytePairs.learn: size {size}, min_count {min_count}; expected at least 256 and 1")
        if isinstance(texts, str):
            raise TypeError("BytePairs.learn: got one text; expected a list of texts")
        pieces: Counter[str] = Counter()
        for text in texts:
            pieces.update(_pieces("BytePairs.learn", text))
        words = [list(_bytes(piece)) for piece in pieces]
        counts = list(pieces.values())

        pairs: Counter[Pair] = Counter()
        where: defaultdict[Pair, set[int]] = defaultdict(set)  # the words that have, or had, the pair
        for i, word in enumerate(words):
            for pair in pairwise(word):
                pairs[pair] += counts[i]
                where[pair].add(i)
        heap = [(-count, pair) for pair, count in pairs.items()]
        heapq.heapify(heap)
        merges: list[Pair] = []
        seen: list[int] = []
        while heap and 256 + len(merges) < size:
            negative, best = heapq.heappop(heap)
            if pairs[best] != -negative:  # an older count of it; each change has put a newer one on the heap
                continue
            if -negative < min_count:  # also 0, of a pair that is no more
                break
            token = 256 + len(merges)
            merges.append(best)
            seen.append(-negative)
            change: Counter[Pair] = Counter()
            for i in where.pop(best):
                old, new, count = words[i], _merged(words[i], best, token), counts[i]
                if len(new) == len(old):
                    continue
                words[i] = new
                for pair in pairwise(old):
                    change[pair] -= count
                for pair in pairwise(new):
                    change[pair] += count
                    where[pair].add(i)
            for pair, difference in change.items():
                if difference:
                    pairs[pair] += difference
                    heapq.heappush(heap, (-pairs[pair], pair))
        return cls(merges, seen, special)

    def __len__(self) -> int:
        return len(self.tokens) + len(self.special)

    def __repr__(self) -> str:
        special = f", special {', '.join(self.special)}" if self.special else ""
        return f"BytePairs: {len(self)} tokens: 256 bytes, {len(self.merges)} merges{special}"

    def merged(self, first: int = 0, last: int | None = None) -> list[Merge]:
        """The merges from number `first` up to `last`, in the order in which they were learned and are applied."""
        return [
            Merge(self.tokens[left], self.tokens[right], self.tokens[left] + self.tokens[right], count)
            for (left, right), count in zip(self.merges[first:last], self.counts[first:last], strict=True)
        ]

    def encode(self, text: str) -> NDArray[np.int64]:
        """The indices of the text's tokens, (tokens,). Raises TypeError for what isn't a text."""
        indices: list[int] = []
        for piece in _pieces("BytePairs.encode", text):
            if (found := self._known.get(piece)) is None:
                if len(self._known) >= 100_000:
                    self._known.clear()
                found = self._known[piece] = self._encode(piece)
            indices += found
        return np.array(indices, np.int64)

    def decode(self, indices: ArrayLike) -> str:
        """The text of these indices; special tokens have none. Indices that `encode` didn't make may not be UTF-8: what
        is broken becomes "\ufffd". Raises ValueError for an index that isn't one."""
        numbers = np.asarray(indices)
        if numbers.size and (numbers.dtype.kind not in "iu" or numbers.min() < 0 or numbers.max() >= len(self)):
            raise ValueError(f"BytePairs.decode: expected integers from 0 to {len(self) - 1}, got {numbers.tolist()}")
        plain = len(self.tokens)
        joined = b"".join(self.tokens[i] for i in numbers.ravel().tolist() if i < plain)
        try:
            return joined.decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return joined.decode("utf-8", "replace")

    def split(self, text: str) -> list[str]:
        """The text's tokens to look at, spaces as "␣", bytes that are no whole character in brackets."""
        return [shown(self.tokens[i]) for i in self.encode(text)]

    def plot(self, text: str) -> Figure:
        """The text, and its tokens."""

        def byte_pairs(text: str) -> list[str]:
            return self.split(text)

        return step(before=drawing.text)(byte_pairs).plot(text)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the merges, their counts and the special tokens as JSON, beside and renamed."""
        path = Path(path)
        told = {"format": FORMAT, "merges": self.merges, "counts": self.counts, "special": list(self.special)}
        with beside(path) as part:
            part.write_text(json.dumps(told), "utf-8")

    @classmethod
    def load(cls, path: str | PathLike[str]) -> BytePairs:
        """Read what `save` wrote. Raises ValueError, with the path, for any other file; runs nothing from it."""
        try:
            told: Any = json.loads(Path(path).read_text("utf-8"))
            if not isinstance(told, dict) or told.get("format") != FORMAT:
                raise ValueError(f'its "format" isn\'t {FORMAT!r}')
            merges, counts, special = told["merges"], told["counts"], told["special"]
            if not all(type(n) is int for pair in [*merges, counts] for n in pair):
                raise ValueError("merges and counts must be integers")
            if not all(isinstance(name, str) for name in special):
                raise ValueError("special tokens must be texts")
            return cls(merges, counts, special)
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise ValueError(f"BytePairs.load: {path} isn't a file of BytePairs.save: {error}") from error

    def _encode(self, piece: str) -> list[int]:
        word = list(_bytes(piece))
        while len(word) > 1:
            ranks = [self._rank.get(pair, len(self)) for pair in pairwise(word)]
            token = min(ranks)
            if token == len(self):
                break
            word = _merged(word, self.merges[token - 256], token)
        return word


def _pieces(operation: str, text: str) -> list[str]:
    if not isinstance(text, str):
        raise TypeError(f"{operation}: expected a text, got a {type(text).__name__}")
    return PIECE.findall(text)


def _bytes(piece: str) -> bytes:
    return piece.encode("utf-8", "surrogatepass")  # a lone surrogate is no character, but mustn't be lost


def _merged(word: list[int], pair: Pair, token: int) -> list[int]:
    """The word with the token in place of each occurrence of the pair, from the left."""
    left, right = pair
    result, i, last = [], 0, len(word) - 1
    while i <= last:
        if i < last and word[i] == left and word[i + 1] == right:
            result.append(token)
            i += 2
        else:
            result.append(word[i])
            i += 1
    return result
