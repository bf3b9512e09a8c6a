"""BLEU and chrF: how many n-grams a text shares with the right ones.

`_texts.py` says what a text is. Both are shares, from 0 to 1, more is better. Every function raises ValueError for no
text, for as many references as there aren't hypotheses and for a hypothesis without a reference, and TypeError for what
is no text.
"""

import string
from collections import Counter
from collections.abc import Sequence
from math import exp, log
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from tinyxm.metrics._texts import Text, Tokens, text_pairs

Smoothing = Literal["none", "floor", "add-1", "exp"]


class BleuParts(NamedTuple):
    """What a BLEU is made of: the smoothed precision of each order, and the brevity penalty with its two lengths."""

    precisions: tuple[float, ...]
    brevity_penalty: float
    hypothesis_length: int
    reference_length: int


def bleu(
    references: Sequence[Text | Sequence[Text]],
    hypotheses: Sequence[Text],
    order: int = 4,
    smoothing: Smoothing = "none",
    effective_order: bool = False,
) -> float:
    """BLEU of a whole set of texts, from 0 to 1: the geometric mean of n-gram precisions, if not too short.

        BLEU = BP · exp(1/N Σ_{n ≤ N} ln p_n),    BP = min(1, exp(1 − r / c))
        p_n = Σ_texts Σ_g min(count of g in the hypothesis, most in any reference) / Σ_texts Σ_g count of g

    with g the n-grams of a hypothesis, c the hypotheses' length and r that of the references, of several the nearest in
    length. Counts are summed over all texts, then divided: the mean of the texts' own BLEUs is another number.

    order: N; BLEU-1 to BLEU-4. One order without a match makes it 0. smoothing mends that: "floor" counts 0.1 match;
    "add-1" adds 1 to both counts of n > 1; "exp" takes 1/2, 1/4 ... of a match for each such order in turn.
    effective_order: leave out the orders that no hypothesis is long enough for. A perfect text of two words has a
    BLEU-4 of 0, and of 1 with it.

    Raises ValueError for an order below 1 and a smoothing that isn't known.

    Sources: Papineni et al., "BLEU: a method for automatic evaluation of machine translation" (2002); smoothing: Chen
    and Cherry, "A systematic comparison of smoothing techniques for sentence-level BLEU" (2014), methods 1, 2 and 3.
    """
    return bleu_of_counts(bleu_counts(references, hypotheses, order), smoothing, effective_order)


def sentence_bleu(
    references: Text | Sequence[Text],
    hypothesis: Text,
    order: int = 4,
    smoothing: Smoothing = "exp",
    effective_order: bool = True,
) -> float:
    """BLEU of one text, which needs smoothing: few texts have a right 4-gram. For a set of texts use `bleu`."""
    return bleu([references], [hypothesis], order, smoothing, effective_order)


def bleu_counts(
    references: Sequence[Text | Sequence[Text]], hypotheses: Sequence[Text], order: int = 4
) -> NDArray[np.int64]:
    """What `bleu` sums, for each text: its length, the references', and the matches and n-grams of each order.

    (n, 2 + 2 · order), for `bleu_of_counts`. An interval needs them once and not for every resample:
    `bootstrap(bleu_of_counts, bleu_counts(references, hypotheses), rng=rng)`.
    """
    if order < 1:
        raise ValueError(f"bleu: order={order}; expected at least 1")
    rows = []
    for several, hypothesis in text_pairs("bleu", references, hypotheses, str.split):
        nearest = min((abs(len(reference) - len(hypothesis)), len(reference)) for reference in several)[1]
        matches, totals = [], []
        for n in range(1, order + 1):
            found = _ngrams(hypothesis, n)
            most: Counter[Tokens] = Counter()
            for reference in several:
                most |= _ngrams(reference, n)
            matches.append((found & most).total())  # & is the smaller count, | the larger
            totals.append(found.total())
        rows.append([len(hypothesis), nearest, *matches, *totals])
    return np.array(rows, np.int64)


def bleu_of_counts(counts: NDArray[np.int64], smoothing: Smoothing = "none", effective_order: bool = False) -> float:
    """The BLEU of the texts that these `bleu_counts` are of."""
    parts = _parts_of(counts, smoothing, effective_order)
    if not parts.precisions or min(parts.precisions) == 0:
        return 0.0
    return parts.brevity_penalty * exp(sum(map(log, parts.precisions)) / len(parts.precisions))


def bleu_parts(
    references: Sequence[Text | Sequence[Text]],
    hypotheses: Sequence[Text],
    order: int = 4,
    smoothing: Smoothing = "none",
    effective_order: bool = False,
) -> BleuParts:
    """The precisions p_1 .. p_N of `bleu`, its brevity penalty and the two lengths. Arguments are those of `bleu`."""
    return _parts_of(bleu_counts(references, hypotheses, order), smoothing, effective_order)


def _parts_of(counts: NDArray[np.int64], smoothing: Smoothing, effective_order: bool) -> BleuParts:
    if smoothing not in ("none", "floor", "add-1", "exp"):
        raise ValueError(f'bleu: smoothing={smoothing!r}; expected "none", "floor", "add-1" or "exp"')
    made, right, *rest = counts.sum(axis=0).tolist()
    matches, totals = np.split(np.array(rest, np.int64), 2)
    penalty = 0.0 if not made else min(1.0, exp(1 - right / made))
    return BleuParts(_precisions(matches, totals, smoothing, effective_order), penalty, made, right)


def _precisions(
    matches: NDArray[np.int64], totals: NDArray[np.int64], smoothing: Smoothing, effective_order: bool
) -> tuple[float, ...]:
    if not matches.any():
        return (0.0,) * len(matches)
    precisions, halves = [0.0] * len(matches), 1
    reached = 0
    for n, (match, total) in enumerate(zip(matches.tolist(), totals.tolist(), strict=True)):
        if smoothing == "add-1" and n:
            match, total = match + 1, total + 1
        if not total:
            break
        reached = n + 1
        if not match and smoothing == "exp":
            halves *= 2
            match = 1 / halves
        precisions[n] = (match or (0.1 if smoothing == "floor" else 0)) / total
    return tuple(precisions[:reached] if effective_order else precisions)


def chrf(
    references: Sequence[Text | Sequence[Text]],
    hypotheses: Sequence[str],
    order: int = 6,
    word_order: int = 0,
    beta: float = 2.0,
) -> float:
    """chrF of a whole set of strings, from 0 to 1: the F-score of their character n-grams, blanks left out.

        chrF_β = (1 + β²) P R / (β² P + R)

    with P and R the precision and recall of n-grams, each the mean over n = 1 .. order of counts summed over all texts;
    an order that either side is too short for is left out. β = 2: recall counts twice as much as precision. Of several
    references the one that gives a text the best score counts. word_order=2 adds words and pairs of words, with
    punctuation as words of its own: chrF++.

    Sources: Popović, "chrF: character n-gram F-score for automatic MT evaluation" (2015) and "chrF++: words helping
    character n-grams" (2017).
    """
    return chrf_of_counts(chrf_counts(references, hypotheses, order, word_order, beta), beta)


def chrf_counts(
    references: Sequence[Text | Sequence[Text]],
    hypotheses: Sequence[str],
    order: int = 6,
    word_order: int = 0,
    beta: float = 2.0,
) -> NDArray[np.int64]:
    """What `chrf` sums, for each text and order: n-grams of the hypothesis, of its best reference, and of both.

    (n, order + word_order, 3), for `chrf_of_counts`, as `bleu_counts`.
    """
    if order < 1 or word_order < 0 or not beta > 0:
        raise ValueError(f"chrf: order={order}, word_order={word_order}, beta={beta}; expected ≥ 1, ≥ 0 and > 0")
    rows = []
    for several, hypothesis in text_pairs("chrf", references, hypotheses, lambda text: [text]):
        found = _characters_and_words(hypothesis, order, word_order)
        each = [_matches(found, _characters_and_words(text, order, word_order)) for text in several]
        rows.append(max(each, key=lambda count: _f_score(count, beta)))
    return np.array(rows)


def chrf_of_counts(counts: NDArray[np.int64], beta: float = 2.0) -> float:
    """The chrF of the texts that these `chrf_counts` are of."""
    return _f_score(counts.sum(axis=0), beta)


def _characters_and_words(text: Tokens, order: int, word_order: int) -> list[Counter[Tokens]]:
    written = str(text[0])
    characters, words = "".join(written.split()), [part for word in written.split() for part in _parts(word)]
    return [_ngrams(characters, n + 1) for n in range(order)] + [_ngrams(words, n + 1) for n in range(word_order)]


def _parts(word: str) -> list[str]:
    """The word, and a mark of punctuation at its end, or else at its beginning, apart."""
    if len(word) > 1 and word[-1] in string.punctuation:
        return [word[:-1], word[-1]]
    if len(word) > 1 and word[0] in string.punctuation:
        return [word[0], word[1:]]
    return [word]


def _matches(found: list[Counter[Tokens]], right: list[Counter[Tokens]]) -> NDArray[np.int64]:
    return np.array(
        [(f.total() if r else 0, r.total(), (f & r).total()) for f, r in zip(found, right, strict=True)], np.int64
    )


def _f_score(counts: NDArray[np.int64], beta: float) -> float:
    reached = counts[(counts[:, 0] > 0) & (counts[:, 1] > 0)]
    if not reached[:, 2].any():
        return 0.0
    precision, recall = np.mean(reached[:, 2] / reached[:, 0]), np.mean(reached[:, 2] / reached[:, 1])
    return float((1 + beta**2) * precision * recall / (beta**2 * precision + recall))


def _ngrams(tokens: Tokens, n: int) -> Counter[Tokens]:
    return Counter(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))
