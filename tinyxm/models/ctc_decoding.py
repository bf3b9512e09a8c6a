"""From what a CTC model says of each frame to labels: greedily, by prefix beam search, and when each was said.

log_p is (time, classes), log-probabilities. A path has one class a frame; it says the labels that are left once
repeats are merged and then blanks dropped. `tinyxm.ops.ctc` is the loss that such a model is trained by.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Labels = tuple[int, ...]
Language = Callable[
    [Labels], NDArray[np.floating]
]  # labels so far → ln P of each next one; at the blank's place, of none
NEVER = -np.inf


class Hypothesis(NamedTuple):
    """Labels, and the logarithm of what they were ranked by."""

    labels: Labels
    score: float


def collapse(path: Sequence[int], blank: int = 0) -> Labels:
    """What a path says: repeats merged, then blanks dropped; a blank between keeps two equal labels apart."""
    return tuple(b for a, b in pairwise([blank, *map(int, path)]) if b not in (a, blank))


def greedy(log_p: NDArray[np.floating], blank: int = 0) -> Labels:
    """collapse(argmax over classes of log_p_t): what the most probable path says.

    Not the most probable labels: those of many paths can together be more probable than the one best path's.
    """
    return collapse(_checked("greedy", log_p, blank).argmax(axis=1).tolist(), blank)


def prefix_beam(
    log_p: NDArray[np.floating],
    width: int = 16,
    blank: int = 0,
    language: Language | None = None,
    weight: float = 0.5,
    bonus: float = 0.0,
    least: float = 1e-4,
) -> list[Hypothesis]:
    """The labels y of the greatest ln P(y | x) + weight·ln P(y) + bonus·|y|, best first, at most `width` of them

    P(y | x) sums over all paths that say y, found step by step: a prefix's paths that end in a blank and those that
    don't are summed apart, for only after a blank does its last label begin anew. Of each step's prefixes the best
    `width` are kept, and classes less probable than `least` passed over: with a width that keeps all and `least` 0 the
    sums are exact. `language` gives P(y) label by label; a language model favours short texts, which `bonus` per label
    makes up for. Raises ValueError for a width below 1 and what isn't (time, classes).
    Sources: Graves et al. 2006, section 3.2; Hannun et al. 2014, First-pass large vocabulary continuous speech
    recognition using bi-directional recurrent DNNs.
    """
    steps = _checked("prefix_beam", log_p, blank).astype(np.float64)
    if width < 1:
        raise ValueError(f"prefix_beam: width {width}; expected 1 or more")
    beam: dict[Labels, tuple[float, float]] = {(): (0.0, NEVER)}  # of each prefix: paths that end in blank, or don't
    prior: dict[Labels, float] = {(): 0.0}

    def extended(prefix: Labels, label: int) -> Labels:
        longer = (*prefix, label)
        if longer not in prior:
            said = weight * float(language(prefix)[label]) if language else 0.0
            prior[longer] = prior[prefix] + said + bonus
        return longer

    with np.errstate(divide="ignore"):
        lowest = np.log(least)
    for step in steps:
        found: dict[Labels, list[float]] = defaultdict(lambda: [NEVER, NEVER])
        probable = [c for c in np.flatnonzero(step >= lowest).tolist() if c != blank]
        for prefix, (blanks, others) in beam.items():
            total = np.logaddexp(blanks, others)
            found[prefix][0] = np.logaddexp(found[prefix][0], total + step[blank])
            if prefix:
                found[prefix][1] = np.logaddexp(found[prefix][1], others + step[prefix[-1]])
            for label in probable:
                before = blanks if prefix and label == prefix[-1] else total
                longer = extended(prefix, label)
                if before > NEVER and prior[longer] > NEVER:
                    way = found[longer]
                    way[1] = np.logaddexp(way[1], before + step[label])
        ranked = sorted(found.items(), key=lambda item: (-_both(item[1]) - prior[item[0]], item[0]))
        beam = {prefix: (ways[0], ways[1]) for prefix, ways in ranked[:width]}
    ended = [
        Hypothesis(y, _both(ways) + prior[y] + (weight * float(language(y)[blank]) if language else 0))
        for y, ways in beam.items()
    ]
    return sorted((h for h in ended if h.score > NEVER), key=lambda h: (-h.score, h.labels))


def align(log_p: NDArray[np.floating], labels: Sequence[int], blank: int = 0) -> NDArray[np.int64]:
    """(labels, 2): from which frame to which (exclusive) each label is said, on the most probable path that says them.

    Viterbi's recursion over the labels with blanks between: v_t(s) = log_p_t(s) + max of v_{t−1} at s, s − 1 and, where
    two different labels have but a blank between them, s − 2. Raises ValueError where the labels don't fit in the time.
    """
    steps = _checked("align", log_p, blank)
    states = np.full(2 * len(labels) + 1, blank)
    states[1::2] = labels
    leap = np.zeros(len(states), bool)
    leap[3::2] = states[3::2] != states[1:-2:2]
    best = np.full(len(states), NEVER)
    best[:2] = steps[0, states[:2]]
    came = np.zeros((len(steps), len(states)), np.int64)  # how many states each came from below
    for t in range(1, len(steps)):
        ways = np.full((3, len(states)), NEVER)
        ways[0], ways[1, 1:], ways[2, 2:] = best, best[:-1], np.where(leap[2:], best[:-2], NEVER)
        came[t] = ways.argmax(axis=0)
        best = steps[t, states] + ways.max(axis=0)
    state = len(states) - 1 if len(states) == 1 or best[-1] >= best[-2] else len(states) - 2
    if best[state] == NEVER:
        raise ValueError(f"align: {len(labels)} labels don't fit in {len(steps)} frames; a repeated one needs a blank")
    spans = np.zeros((len(labels), 2), np.int64)
    spans[:, 0] = len(steps)
    for t in range(len(steps) - 1, -1, -1):
        if state % 2:
            span = spans[state // 2]
            span[:] = t, max(span[1], t + 1)
        state -= came[t, state]
    return spans


class WordList:
    """P(next label | labels so far) of a text that is one of a list, each equally likely: nothing else can be said

    P(c | y) = how many texts begin with y c / how many begin with y; for the blank, how many are y. Called as `NGrams`.
    """

    def __init__(self, texts: Sequence[Sequence[int]], classes: int, blank: int = 0) -> None:
        if not texts:
            raise ValueError("WordList: no texts; expected at least 1")
        counts: dict[Labels, NDArray[np.float64]] = defaultdict(lambda: np.zeros(classes))
        for text in {tuple(map(int, text)) for text in texts}:
            for end, label in enumerate((*text, blank)):
                counts[text[:end]][label] += 1
        self._nothing = np.full(classes, NEVER)
        with np.errstate(divide="ignore"):
            self._known = {y: np.log(count / count.sum()) for y, count in counts.items()}

    def __call__(self, labels: Labels) -> NDArray[np.float64]:
        return self._known.get(tuple(labels), self._nothing)


class NGrams:
    """P(next label | the last n − 1 labels), counted: a language model of spelling, by Witten and Bell's rule

        P(c | h) = (N(h c) + T(h)·P(c | h′)) / (N(h) + T(h)),   h′ = h without its first label

    N counts in the texts, T(h) is how many different labels followed h: the more varied what followed, the more is left
    to the shorter context; below the shortest all are equally likely. Texts end with the blank. Called with the labels
    so far, `(classes,)` log-probabilities. Source: Witten & Bell 1991, The zero-frequency problem, method C.
    """

    def __init__(self, texts: Sequence[Sequence[int]], classes: int, order: int = 4, blank: int = 0) -> None:
        if order < 1 or not texts:
            raise ValueError(f"NGrams: order {order}, {len(texts)} texts; expected at least 1 of each")
        self.classes, self.order, self.blank = classes, order, blank
        self.counts: dict[Labels, NDArray[np.float64]] = defaultdict(lambda: np.zeros(classes))
        for text in texts:
            said = [blank] * (order - 1) + [int(label) for label in text] + [blank]
            for end in range(order - 1, len(said)):
                for n in range(order):
                    self.counts[tuple(said[end - n : end])][said[end]] += 1
        self._known: dict[Labels, NDArray[np.float64]] = {}

    def __call__(self, labels: Labels) -> NDArray[np.float64]:
        before = ((self.blank,) * (self.order - 1) + tuple(labels))[len(labels) :]
        if before not in self._known:
            p = np.full(self.classes, 1 / self.classes)
            for n in range(self.order):
                counts = self.counts.get(before[len(before) - n :])
                if counts is not None:
                    followed = np.count_nonzero(counts)
                    p = (counts + followed * p) / (counts.sum() + followed)
            self._known[before] = np.log(p)
        return self._known[before]


def _both(ways: Sequence[float]) -> float:
    return float(np.logaddexp(ways[0], ways[1]))


def _checked(operation: str, log_p: NDArray[np.floating], blank: int) -> NDArray[np.floating]:
    if not isinstance(log_p, np.ndarray) or log_p.ndim != 2 or not log_p.size or log_p.dtype.kind != "f":
        given = getattr(log_p, "shape", type(log_p).__name__)
        raise ValueError(f"{operation}: {given}; expected floating-point log-probabilities (time, classes)")
    if not 0 <= blank < log_p.shape[1]:
        raise ValueError(f"{operation}: blank {blank} is none of the classes 0 ... {log_p.shape[1] - 1}")
    return log_p
