"""Scores of texts: BLEU, chrF, edit distance, word and character error, exact match.

The truth comes first: `bleu(references, hypotheses)`. A text is a string, or a sequence of tokens (words, numbers). A
string becomes words by its blanks, and nothing else: case and punctuation count, so make both sides alike beforehand
(`data.words` does). Where several references are right, give a list of texts in place of one.

    bleu(["the cat sat"], ["the cat sat down"])                      one reference each
    bleu([["the cat sat", "a cat was sitting"]], ["the cat sat"])    two for the one hypothesis

All are shares: BLEU, chrF and exact match from 0 to 1, more is better; an error from 0, less is better, and it passes 1
where more was inserted than was there.

Every function raises ValueError for no text, for as many references as there aren't hypotheses and for a hypothesis
without a reference, and TypeError for what is no text.
"""

import string
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from math import exp, log
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Text = str | Sequence[Hashable]
Smoothing = Literal["none", "floor", "add-1", "exp"]
Tokens = Sequence[Hashable]


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
    parts = bleu_parts(references, hypotheses, order, smoothing, effective_order)
    if not parts.precisions or min(parts.precisions) == 0:
        return 0.0
    return parts.brevity_penalty * exp(sum(map(log, parts.precisions)) / len(parts.precisions))


def sentence_bleu(
    references: Text | Sequence[Text],
    hypothesis: Text,
    order: int = 4,
    smoothing: Smoothing = "exp",
    effective_order: bool = True,
) -> float:
    """BLEU of one text, which needs smoothing: few texts have a right 4-gram. For a set of texts use `bleu`."""
    return bleu([references], [hypothesis], order, smoothing, effective_order)


def bleu_parts(
    references: Sequence[Text | Sequence[Text]],
    hypotheses: Sequence[Text],
    order: int = 4,
    smoothing: Smoothing = "none",
    effective_order: bool = False,
) -> BleuParts:
    """The precisions p_1 .. p_N of `bleu`, its brevity penalty and the two lengths. Arguments are those of `bleu`."""
    if order < 1 or smoothing not in ("none", "floor", "add-1", "exp"):
        raise ValueError(
            f'bleu: order={order}, smoothing={smoothing!r}; expected at least 1 and "none", "floor", "add-1" or "exp"'
        )
    matches, totals = np.zeros(order, np.int64), np.zeros(order, np.int64)
    made = right = 0
    for several, hypothesis in _pairs("bleu", references, hypotheses, str.split):
        made += len(hypothesis)
        right += min((abs(len(reference) - len(hypothesis)), len(reference)) for reference in several)[1]
        for n in range(1, order + 1):
            found = _ngrams(hypothesis, n)
            most: Counter[Tokens] = Counter()
            for reference in several:
                most |= _ngrams(reference, n)
            matches[n - 1] += (found & most).total()  # & is the smaller count, | the larger
            totals[n - 1] += found.total()
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
    if order < 1 or word_order < 0 or not beta > 0:
        raise ValueError(f"chrf: order={order}, word_order={word_order}, beta={beta}; expected ≥ 1, ≥ 0 and > 0")
    counts = np.zeros((order + word_order, 3), np.int64)  # of the hypothesis, of the reference, of both
    for several, hypothesis in _pairs("chrf", references, hypotheses, lambda text: [text]):
        found = _characters_and_words(hypothesis, order, word_order)
        each = [_matches(found, _characters_and_words(text, order, word_order)) for text in several]
        counts += max(each, key=lambda count: _f_score(count, beta))
    return _f_score(counts, beta)


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


@dataclass(frozen=True)
class Edits:
    """A cheapest way from a reference to a hypothesis: pairs (of the reference, of the hypothesis), None where missing.

    print(edits) shows them, one above the other.
    """

    pairs: tuple[tuple[Hashable | None, Hashable | None], ...]

    @property
    def substitutions(self) -> int:
        """Tokens that became others."""
        return sum(a != b and None not in (a, b) for a, b in self.pairs)

    @property
    def insertions(self) -> int:
        """Tokens that the reference hasn't."""
        return sum(a is None for a, _ in self.pairs)

    @property
    def deletions(self) -> int:
        """Tokens that only the reference has."""
        return sum(b is None for _, b in self.pairs)

    @property
    def distance(self) -> int:
        """All three together."""
        return sum(a != b for a, b in self.pairs)

    def __str__(self) -> str:
        rows = [["" if token is None else str(token) for token in side] for side in zip(*self.pairs, strict=True)]
        signs = ["I" if a is None else "D" if b is None else "" if a == b else "S" for a, b in self.pairs]
        widths = [max(1, *map(len, column)) for column in zip(*rows, signs, strict=True)]
        lines = (" ".join(t.ljust(w) for t, w in zip(row, widths, strict=True)).rstrip() for row in (*rows, signs))
        return "\n".join(lines)


def edits(reference: Text, hypothesis: Text) -> Edits:
    """The fewest substitutions, insertions and deletions that make the reference the hypothesis, one beside the other.

        D[i, j] = min(D[i−1, j−1] + [rᵢ ≠ hⱼ], D[i−1, j] + 1, D[i, j−1] + 1)

    followed back from the end; of equally cheap ways the one with the most substitutions. Of two strings the tokens are
    characters; for words give `text.split()`.

    Source: Levenshtein, "Binary codes capable of correcting deletions, insertions and reversals" (1966); Wagner and
    Fischer, "The string-to-string correction problem" (1974).
    """
    table = _table(reference, hypothesis)
    i, j, pairs = len(reference), len(hypothesis), list[tuple[Any, Any]]()
    while i or j:
        if i and j and table[i, j] == table[i - 1, j - 1] + (reference[i - 1] != hypothesis[j - 1]):
            i, j = i - 1, j - 1
            pairs.append((reference[i], hypothesis[j]))
        elif i and table[i, j] == table[i - 1, j] + 1:
            i -= 1
            pairs.append((reference[i], None))
        else:
            j -= 1
            pairs.append((None, hypothesis[j]))
    return Edits(tuple(reversed(pairs)))


def edit_distance(reference: Text, hypothesis: Text) -> int:
    """The least number of substitutions, insertions and deletions between two texts: `edits(...).distance`, sooner."""
    return int(_table(reference, hypothesis)[-1, -1])


def _table(reference: Text, hypothesis: Text) -> NDArray[np.int64]:
    numbers: dict[Hashable, int] = {}
    a, b = (np.array([numbers.setdefault(t, len(numbers)) for t in text], int) for text in (reference, hypothesis))
    places = np.arange(len(b) + 1)
    table = np.empty((len(a) + 1, len(b) + 1), np.int64)
    table[0] = places
    for i, token in enumerate(a, 1):
        table[i] = table[i - 1] + 1
        np.minimum(table[i, 1:], table[i - 1, :-1] + (b != token), out=table[i, 1:])
        table[i] = np.minimum.accumulate(table[i] - places) + places  # D[i, j−1] + 1, for all j at once
    return table


def character_error(references: Sequence[Text], hypotheses: Sequence[Text]) -> float:
    """Edits of characters per character of the references: (S + I + D) / N, both summed over all texts.

    From 0, less is better; above 1 where more was inserted than was there. Blanks count. Raises ValueError where all
    references are empty.
    """
    return _error("character_error", references, hypotheses, list)


def word_error(references: Sequence[Text], hypotheses: Sequence[Text]) -> float:
    """Edits of words per word of the references: (S + I + D) / N, both summed over all texts. As `character_error`."""
    return _error("word_error", references, hypotheses, str.split)


def _error(
    name: str, references: Sequence[Text], hypotheses: Sequence[Text], split: Callable[[str], list[str]]
) -> float:
    wrong = length = 0
    for several, hypothesis in _pairs(name, references, hypotheses, split):
        if len(several) > 1:
            raise ValueError(f"{name}: {len(several)} references for one hypothesis; expected one")
        wrong += edit_distance(several[0], hypothesis)
        length += len(several[0])
    if not length:
        raise ValueError(f"{name}: all references are empty; there is nothing to divide by")
    return wrong / length


def exact_match(references: Sequence[Text | Sequence[Text]], hypotheses: Sequence[Text]) -> float:
    """Share of hypotheses that equal a reference of theirs, character by character, from 0 to 1."""
    return float(np.mean([h in several for several, h in _pairs("exact_match", references, hypotheses, list)]))


def text_scores(references: Sequence[Text | Sequence[Text]], hypotheses: Sequence[str]) -> dict[str, float]:
    """What a written description is scored by: {"bleu_1": ..., "bleu_4": ..., "chrf": ..., "exact_match": ...}."""
    return {
        "bleu_1": bleu(references, hypotheses, 1),
        "bleu_4": bleu(references, hypotheses, 4),
        "chrf": chrf(references, hypotheses),
        "exact_match": exact_match(references, hypotheses),
    }


def recognition_scores(references: Sequence[Text], hypotheses: Sequence[Text]) -> dict[str, float]:
    """What recognised speech is scored by: {"character_error": ..., "word_error": ..., "exact_match": ...}."""
    return {
        "character_error": character_error(references, hypotheses),
        "word_error": word_error(references, hypotheses),
        "exact_match": exact_match(references, hypotheses),
    }


def _ngrams(tokens: Tokens, n: int) -> Counter[Tokens]:
    return Counter(tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1))


def _pairs(
    name: str,
    references: Sequence[Text | Sequence[Text]],
    hypotheses: Sequence[Text],
    split: Callable[[str], list[str]],
) -> list[tuple[list[Tokens], Tokens]]:
    """Each hypothesis as tokens, with the tokens of its references: of a string's if it is a string itself."""
    if isinstance(references, str) or isinstance(hypotheses, str):
        raise TypeError(f"{name}: a string in place of a list of texts; put it in a list")
    if len(references) != len(hypotheses) or not len(hypotheses):
        raise ValueError(f"{name}: {len(references)} references, {len(hypotheses)} hypotheses; expected one each")
    pairs = []
    for i, (reference, hypothesis) in enumerate(zip(references, hypotheses, strict=True)):
        plain = isinstance(hypothesis, str)
        one = isinstance(reference, str) if plain else not _holds_sequences(reference)
        several: list[Any] = [reference] if one else list(reference)
        if not several:
            raise ValueError(f"{name}: hypothesis {i} has no reference")
        for text in (hypothesis, *several):
            if isinstance(text, str) != plain or not isinstance(text, (str, Sequence, np.ndarray)):
                expected = "a string" if plain else "a sequence of tokens"
                raise TypeError(f"{name}: text {i} is {text!r}; expected {expected}, as its hypothesis is one")
        pairs.append(([_tokens(text, split) for text in several], _tokens(hypothesis, split)))
    return pairs


def _holds_sequences(reference: Any) -> bool:
    return not isinstance(reference, str) and any(isinstance(t, (list, tuple, np.ndarray)) for t in reference)


def _tokens(text: Text, split: Callable[[str], list[str]]) -> Tokens:
    return split(text) if isinstance(text, str) else list(text)
