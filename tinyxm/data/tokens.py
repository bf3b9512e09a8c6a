"""From texts to arrays: characters as a reader counts them, padded sequences with masks, bags of words, hashed bags."""

from __future__ import annotations

import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import drawing
from .collate import pad
from .step import step
from .text import Vocabulary, _tokens

if TYPE_CHECKING:
    from matplotlib.axes import Axes

JOINER = "\u200d"
PaddedTokens = tuple[NDArray[np.int64], NDArray[np.bool_]]


@step(before=drawing.text)
def characters(text: str) -> list[str]:
    """The characters of a text as a reader counts them; joined together they are the text.

    A code point is often less than a character: "é" may be e and an accent, 👍🏽 is a thumb and a tone, 👩‍🚀 a woman, a
    joiner and a rocket, 🇳🇴 two letters. Here marks, variation selectors, tones and tags stay with what they follow, a
    joiner binds what follows it, regional letters go in pairs, and so do \\r\\n. Written as `list(text)` they would be
    torn apart. Two scripts are finer than this: Hangul of separate letters (compose it first, by NFC) and Indic
    conjuncts. Raises TypeError for what isn't a text. Source: Unicode Standard Annex 29, section 3, in short.
    """
    if not isinstance(text, str):
        raise TypeError(f"characters: expected a text, got a {type(text).__name__}")
    if text.isascii() and "\r" not in text:
        return list(text)
    found: list[str] = []
    flags = 0  # regional letters at the end of what was found
    for c in text:
        regional = "\U0001f1e6" <= c <= "\U0001f1ff"
        if found and (
            (c != "\n" and found[-1][-1] not in "\r\n" and _follows(c))
            or (found[-1][-1] == JOINER and ord(c) > 0x2000)
            or (c == "\n" and found[-1] == "\r")
            or (regional and flags % 2)
        ):
            found[-1] += c
        else:
            found.append(c)
        flags = flags + 1 if regional else 0
    return found


def _follows(c: str) -> bool:
    return c > "\x7f" and (
        c in (JOINER, "\u200c")
        or "\U0001f3fb" <= c <= "\U0001f3ff"
        or "\U000e0020" <= c <= "\U000e007f"
        or unicodedata.category(c)[0] == "M"
    )


def _draw_sequences(axes: Axes, value: Any, settings: Mapping[str, Any]) -> None:
    lengths = [np.size(row) for row in value]
    axes.barh(range(len(lengths)), lengths, color=drawing.BLUE)
    axes.invert_yaxis()
    axes.set(xlabel=f"tokens; {len(lengths)} sequences", ylabel="sequence")
    axes.locator_params(integer=True)


def _draw_padded(axes: Axes, value: Any, settings: Mapping[str, Any]) -> None:
    array, mask = value
    axes.set_facecolor("#DDDDDD")
    axes.set(xlabel=f"{array.shape[0]} × {array.shape[1]}; grey is padding", ylabel="sequence")
    if not array.size:
        return
    pale = {"vmax": 2 * array.max() + 1} if array.size <= 200 else {}  # so that the numbers can be read
    axes.imshow(np.ma.masked_array(array, ~mask), aspect="auto", cmap="Blues", interpolation="nearest", **pale)
    axes.locator_params(integer=True)
    for row, column in np.ndindex(array.shape) if pale else ():
        axes.text(column, row, str(array[row, column]), ha="center", va="center", fontsize=8)


@step(before=_draw_sequences, after=_draw_padded)
def padded(
    sequences: Sequence[ArrayLike], *, length_tokens: int | None = None, padding: int = 0, cut: str = "end"
) -> PaddedTokens:
    """Sequences of several lengths in one array, filled up behind, and a mask that is True where a token is real.

        array (n, length), int64;   mask (n, length), bool;   mask.sum(1) are the lengths

    `length_tokens` is the longest sequence's unless given; longer ones lose their "end" or their "start", as `cut`
    says. A model must look at the mask, or padding becomes a word of the language. Raises TypeError for what isn't
    integers, ValueError for a sequence that isn't 1-D, a negative length, or another `cut`.
    """
    if cut not in ("end", "start"):
        raise ValueError(f"padded: cut {cut!r}; expected 'end' or 'start'")
    rows = [np.asarray(row) for row in sequences]
    for i, row in enumerate(rows):
        if row.ndim != 1:
            raise ValueError(f"padded: sequence {i} has shape {row.shape}; expected (tokens,)")
        if row.size and row.dtype.kind not in "iu":
            raise TypeError(
                f"padded: sequence {i} holds {row.dtype}; expected integers, as Vocabulary.encode gives them"
            )
    length = max((len(row) for row in rows), default=0) if length_tokens is None else length_tokens
    if length < 0:
        raise ValueError(f"padded: length_tokens {length}; expected 0 or more")
    array, mask = pad([row.astype(np.int64) for row in rows], length=length, value=padding, cut=cut)
    return array.astype(np.int64, copy=False), mask


def _draw_texts(axes: Axes, value: Any, settings: Mapping[str, Any]) -> None:
    drawing.text(axes, [token for tokens in value for token in tokens], settings)
    axes.set_title(f"{len(value)} texts, {sum(map(len, value))} tokens", fontsize=8)


def _draw_counts(axes: Axes, value: Any, settings: Mapping[str, Any]) -> None:
    vocabulary = settings.get("vocabulary")
    if vocabulary is not None:
        counts = zip(vocabulary.index, value.sum(0).tolist(), strict=True)
        drawing.bars(axes, {token: count for token, count in counts if count}, settings)
        axes.set_xlabel(f"count in {len(value)} texts; {value.shape[1]} columns, the largest")
        return
    limit = np.abs(value).max(initial=1e-9)
    axes.imshow(value, aspect="auto", cmap="RdBu_r", vmin=-limit, vmax=limit, interpolation="nearest")
    axes.set(xlabel=f"{value.shape[1]} columns; blue is negative", ylabel="text")
    axes.locator_params(integer=True)


@step(before=_draw_texts, after=_draw_counts)
def bag_of_words(
    texts: Sequence[Sequence[str]], vocabulary: Vocabulary, *, binary: bool = False
) -> NDArray[np.float32]:
    """How often each token of the vocabulary occurs in each text: x[t, i] = #(token i in text t), (texts, tokens).

    The order is lost: "dog bites man" and "man bites dog" are one bag. `texts` are tokens, such as
    `[words(text) for text in texts]`. What isn't known counts in the column of "<unk>", or nowhere without one. With
    `binary` 1 for present. The array is dense, 4 bytes per text and token: beyond some 10⁸ use `hashed_bag`.
    Raises TypeError for a text in place of tokens. Source: Harris 1954, "Distributional structure".
    """
    bags = np.zeros((len(texts), len(vocabulary)), np.float32)
    for t, tokens in enumerate(texts):
        np.add.at(bags[t], vocabulary.encode(_tokens("bag_of_words", tokens)), 1)
    return np.minimum(bags, 1) if binary else bags


@step(before=_draw_texts, after=_draw_counts)
def hashed_bag(
    texts: Sequence[Sequence[str]], *, columns: int = 1024, seed: int = 0, signed: bool = True
) -> NDArray[np.float32]:
    """A bag of words without a vocabulary: a hash function says which column a token counts in, and with which sign.

        x[t, j] = Σ ξ(w)·#(w in text t) over the tokens w with h(w) = j;   h(w) in 0 ... columns − 1, ξ(w) = ±1

    No token is unknown, nothing is learned or kept, and the width is what one chooses. The price: tokens that share a
    column can't be told apart. With signs they cancel as often as they add up, so that over seeds ⟨x_s, x_t⟩ has the
    mean ⟨bag_s, bag_t⟩, and a variance of order 1 / columns; without, it is biased upwards. h and ξ are bits of
    BLAKE2b keyed by the seed, equal on every machine (Python's own `hash` differs from run to run).
    Raises ValueError for fewer than one column, TypeError for a text in place of tokens.
    Source: Weinberger, Dasgupta, Langford, Smola and Attenberg, "Feature hashing for large scale multitask learning",
    ICML 2009, section 2.
    """
    if columns < 1:
        raise ValueError(f"hashed_bag: columns {columns}; expected at least 1")
    bags = np.zeros((len(texts), columns), np.float32)
    places: dict[str, tuple[int, float]] = {}
    key = str(seed).encode()
    for t, tokens in enumerate(texts):
        for token, count in Counter(_tokens("hashed_bag", tokens)).items():
            if token not in places:
                digest = blake2b(token.encode("utf-8", "surrogatepass"), digest_size=9, key=key).digest()
                sign = -1.0 if signed and digest[8] & 1 else 1.0
                places[token] = int.from_bytes(digest[:8], "little") % columns, sign
            column, sign = places[token]
            bags[t, column] += sign * count
    return bags
