"""What differs between two texts: edits, character and word error, exact match.

`_texts.py` says what a text is. An error goes from 0, less is better, and passes 1 where more was inserted than was
there. Every function of several texts raises ValueError and TypeError as `bleu` does.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from tinyxm.metrics._texts import Text, text_pairs
from tinyxm.metrics.text import bleu, chrf


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
    return error_of_counts(error_counts(references, hypotheses))


def word_error(references: Sequence[Text], hypotheses: Sequence[Text]) -> float:
    """Edits of words per word of the references: (S + I + D) / N, both summed over all texts. As `character_error`."""
    return error_of_counts(error_counts(references, hypotheses, "words"))


def error_counts(
    references: Sequence[Text], hypotheses: Sequence[Text], of: Literal["characters", "words"] = "characters"
) -> NDArray[np.int64]:
    """What `character_error` and `word_error` sum: each text's edits, and the length of its reference, (n, 2).

    For an interval: `bootstrap(error_of_counts, error_counts(references, hypotheses), rng=rng)`.
    """
    if of not in ("characters", "words"):
        raise ValueError(f'error_counts: of={of!r}; expected "characters" or "words"')
    name, rows = f"{of[:-1]}_error", []
    for several, hypothesis in text_pairs(name, references, hypotheses, list if of == "characters" else str.split):
        if len(several) > 1:
            raise ValueError(f"{name}: {len(several)} references for one hypothesis; expected one")
        rows.append([edit_distance(several[0], hypothesis), len(several[0])])
    counts = np.array(rows, np.int64)
    if not counts[:, 1].any():
        raise ValueError(f"{name}: all references are empty; there is nothing to divide by")
    return counts


def error_of_counts(counts: NDArray[np.int64]) -> float:
    """The error of the texts that these `error_counts` are of."""
    wrong, length = counts.sum(axis=0)
    return float(wrong / length)


def exact_match(references: Sequence[Text | Sequence[Text]], hypotheses: Sequence[Text]) -> float:
    """Share of hypotheses that equal a reference of theirs, character by character, from 0 to 1."""
    return float(np.mean([h in several for several, h in text_pairs("exact_match", references, hypotheses, list)]))


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
