"""Writing token by token: greedily, by beam search, or by chance; for any model that says what may come next.

A model takes part as a function `step(state, tokens) → (scores, state)`: the tokens `(n,)` that were written last, one
for each of n texts under way, and the state that led there; back come unnormalised scores (logits) of the next token,
`(n, vocabulary)`, and the state after. A state is None, an array or Tensor whose first axis is the n texts, or a tuple,
list or dictionary of such: texts that end leave it, and beams trade places in it. One without a state of its own keeps
what is written so far in it:

    def step(state, tokens):
        memory, written = state
        written = np.concatenate([written, tokens[:, None]], axis=1)
        return model.scores(memory, written)[:, -1], (memory, written)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tinyxm.autograd import Tensor, generator, no_grad

State = Any
Step = Callable[[State, NDArray[np.int64]], tuple[Any, State]]
Choose = Callable[[NDArray[np.float64]], NDArray[np.int64]]


@dataclass(frozen=True)
class Hypothesis:
    """A text that was written: its tokens, without the first that was given and without the end; Σ ln p of them, the
    end's included; and whether it ended of itself, and not where `longest` cut it off."""

    tokens: tuple[int, ...]
    log_probability: float
    ended: bool

    def score(self, length_power: float) -> float:
        """ln p / length^length_power, by which beams are compared; the length counts the end."""
        return self.log_probability / max(1, len(self.tokens) + self.ended) ** length_power


def greedy(
    step: Step, state: State, begin: ArrayLike, end: int, longest: int, never: Sequence[int] = ()
) -> list[Hypothesis]:
    """The most probable token each time, until it is `end` or `longest` tokens are written: a text for each of `begin`

    `begin` `(n,)` holds the first tokens, which aren't part of what is written. What is in `never` (padding, say) isn't
    written. Raises ValueError for scores that don't fit, FloatingPointError for scores that aren't numbers.
    """
    return _write("greedy", lambda log_p: log_p.argmax(axis=1), step, state, begin, end, longest, never)


def sample(
    step: Step,
    state: State,
    begin: ArrayLike,
    end: int,
    longest: int,
    never: Sequence[int] = (),
    temperature: float = 1.0,
    top_k: int | None = None,
    rng: np.random.Generator | None = None,
) -> list[Hypothesis]:
    """Each token drawn by chance: p ∝ exp(scores / temperature) over the `top_k` most probable (all by default)

    Below 1 a temperature makes the probable more so; towards 0 this is `greedy`, as it is with `top_k=1`. The
    log-probabilities told are the model's own, those at temperature 1. All else as in `greedy`. Raises ValueError for a
    temperature or top_k that isn't positive. Source of top-k: Fan, Lewis & Dauphin, "Hierarchical neural story
    generation", ACL 2018.
    """
    rng = generator(rng)
    if not temperature > 0 or (top_k is not None and top_k < 1):
        raise ValueError(f"sample: temperature {temperature}, top_k {top_k}: expected positive numbers")

    def choose(log_p: NDArray[np.float64]) -> NDArray[np.int64]:
        if top_k is not None and top_k < log_p.shape[1]:
            ranks = np.argsort(np.argsort(-log_p, axis=1, kind="stable"), axis=1)
            log_p = np.where(ranks < top_k, log_p, -np.inf)
        # The largest of ln p + Gumbel noise is a draw from p, and -inf stays where it is
        return (log_p / temperature + rng.gumbel(size=log_p.shape)).argmax(axis=1)

    return _write("sample", choose, step, state, begin, end, longest, never)


def beam(
    step: Step,
    state: State,
    begin: ArrayLike,
    end: int,
    longest: int,
    never: Sequence[int] = (),
    width: int = 4,
    length_power: float = 1.0,
) -> list[list[Hypothesis]]:
    """For each of `begin`, up to `width` texts, best first: of all continuations of all texts under way, the most
    probable are kept, each time as many as there are places; a text that ends keeps its place

    Places are fought for by Σ ln p; the texts that came about are ranked by Σ ln p / length^length_power, those that
    were cut off behind those that ended. At `length_power` 0 short texts win, as each token costs probability; at 1 it
    is the mean ln p. `width` 1 is `greedy`. A wider beam usually finds a more probable text, which is no promise: the
    greedy one may be crowded out. All else as in `greedy`; raises ValueError for a width below 1. Source: Graves,
    "Sequence transduction with recurrent neural networks", 2012; the length: Wu et al., "Google's neural machine
    translation system", 2016, section 7.
    """
    begin = _checked("beam", begin, longest)
    if width < 1:
        raise ValueError(f"beam: width {width}: expected at least 1")
    done: list[list[Hypothesis]] = [[] for _ in begin]
    rows, tokens = np.arange(len(begin)), begin  # to which of begin a text under way belongs, and its last token
    written, totals = np.empty((len(begin), 0), np.int64), np.zeros(len(begin))
    with no_grad():
        for _ in range(longest):
            log_p, state = _next("beam", step, state, tokens, never)
            places = [width - len(found) for found in done]
            of, tokens, totals = _best(totals[:, None] + log_p, rows, places)
            written = np.concatenate([written[of], tokens[:, None]], axis=1)
            rows, ended = rows[of], tokens == end
            for i in np.flatnonzero(ended):
                done[rows[i]].append(Hypothesis(tuple(written[i, :-1].tolist()), float(totals[i]), True))
            going = np.flatnonzero(~ended)
            rows, tokens, totals, written = rows[going], tokens[going], totals[going], written[going]
            if not len(rows):
                break
            state = _rows(state, of[going])
    for row, text, total in zip(rows, written, totals, strict=True):
        done[row].append(Hypothesis(tuple(text.tolist()), float(total), False))
    return [ranked(found, length_power) for found in done]


def ranked(texts: Sequence[Hypothesis], length_power: float) -> list[Hypothesis]:
    """Best first by Σ ln p / length^length_power, those that were cut off behind those that ended."""
    return sorted(texts, key=lambda text: (not text.ended, -text.score(length_power)))


def _best(
    totals: NDArray[np.float64], rows: NDArray[np.int64], places: Sequence[int]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]:
    """The best continuations for each of `begin`: which text they continue, by which token, and their Σ ln p."""
    of, tokens = [], []
    for row in np.unique(rows):
        mine = np.flatnonzero(rows == row)
        flat = totals[mine].ravel()
        room = min(places[row], len(flat))
        best = np.flatnonzero((flat >= np.partition(flat, -room)[-room]) & np.isfinite(flat))  # few are left to sort
        best = best[np.argsort(-flat[best], kind="stable")][:room]
        of.append(mine[best // totals.shape[1]])
        tokens.append(best % totals.shape[1])
    chosen, by = np.concatenate(of), np.concatenate(tokens)
    return chosen, by, totals[chosen, by]


def _write(
    name: str, choose: Choose, step: Step, state: State, begin: ArrayLike, end: int, longest: int, never: Sequence[int]
) -> list[Hypothesis]:
    """One text for each of `begin`, each token as `choose` says from log-probabilities (n, vocabulary)."""
    tokens = _checked(name, begin, longest)
    rows, totals = np.arange(len(tokens)), np.zeros(len(tokens))
    written: list[list[int]] = [[] for _ in tokens]
    with no_grad():
        for _ in range(longest):
            log_p, state = _next(name, step, state, tokens, never)
            tokens = choose(log_p)
            totals[rows] += log_p[np.arange(len(rows)), tokens]
            going = np.flatnonzero(tokens != end)
            if len(going) < len(rows):
                state, rows, tokens = _rows(state, going), rows[going], tokens[going]
            for row, token in zip(rows, tokens.tolist(), strict=True):
                written[row].append(token)
            if not len(rows):
                break
    unfinished = set(rows.tolist())
    return [Hypothesis(tuple(text), float(totals[i]), i not in unfinished) for i, text in enumerate(written)]


def _next(
    name: str, step: Step, state: State, tokens: NDArray[np.int64], never: Sequence[int]
) -> tuple[NDArray[np.float64], State]:
    """ln p of the next token (n, vocabulary), in float64 as sums over a text are compared; and the state after."""
    scores, state = step(state, tokens)
    a = np.array(scores.data if isinstance(scores, Tensor) else scores, np.float64)
    if a.ndim != 2 or len(a) != len(tokens):
        raise ValueError(f"{name}: step gave scores {a.shape}: expected ({len(tokens)}, vocabulary)")
    largest = a.max(axis=1, keepdims=True)
    if not np.isfinite(largest).all():
        raise FloatingPointError(
            f"{name}: step gave scores of which the largest is {largest[~np.isfinite(largest)][0]}"
        )
    a -= largest
    a -= np.log(np.exp(a).sum(axis=1, keepdims=True))
    a[:, list(never)] = -np.inf
    return a, state


def _rows(state: State, rows: NDArray[np.int64]) -> State:
    """The state of these texts alone, in this order."""
    if isinstance(state, dict):
        return {key: _rows(part, rows) for key, part in state.items()}
    if isinstance(state, tuple | list):
        return type(state)(_rows(part, rows) for part in state)
    return None if state is None else state[rows]


def _checked(name: str, begin: ArrayLike, longest: int) -> NDArray[np.int64]:
    begin = np.asarray(begin)
    if begin.ndim != 1 or not len(begin) or begin.dtype.kind not in "iu":
        raise ValueError(f"{name}: begin {begin.shape} of {begin.dtype}: expected one token, an integer, for each text")
    if longest < 1:
        raise ValueError(f"{name}: longest {longest}: expected at least one token")
    return begin.astype(np.int64)
